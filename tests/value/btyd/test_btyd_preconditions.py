from datetime import date

import numpy as np
import pytest

from helpers.customers import features
from helpers.value.btyd import btyd_preconditions, fitting, frequency_recency
from helpers.value.btyd.btyd_preconditions import BtydPreconditions
from helpers.value.btyd.gamma_gamma import GammaGammaFit
from helpers.value.btyd.pareto_nbd import PARETO_NBD

END = date(2025, 12, 31)


def crossed(checks):
    return [g.gate for g in checks.gates() if g.is_crossed]


@pytest.fixture
def checked(session_engine, transactions, subscriptions):
    def make(rows, contracts=(), end=END):
        table = transactions(rows)
        history = features.recorded_window(session_engine, table, end)
        return btyd_preconditions.check_btyd_preconditions(
            session_engine, frequency_recency.buyer_history(table, end), table, subscriptions(contracts), history
        )
    return make


def bought(n_customers, wait, n=6, seed=1):
    rng = np.random.default_rng(seed)
    for i in range(n_customers):
        day = np.datetime64("2024-01-01") + rng.integers(0, 60)
        for _ in range(n):
            yield {"customer_id": f"c{i:03d}", "ordered_at": str(day), "amount": 10.0}
            day += max(1, round(wait(rng)))


def random(rng):
    return rng.exponential(60)


def by_the_calendar(rng):
    return 30 + rng.normal(0, 3)


def test_random_purchases_of_enough_people_pass_every_check(checked):
    found = checked(list(bought(150, random)))
    assert crossed(found) == []
    assert found.reason == ""
    assert found.regularity == pytest.approx(1, abs=0.35)


def test_how_regular_waits_are_is_not_said_where_too_few_customers_bought_three_times(checked):
    few = checked(list(bought(20, random)))
    assert np.isnan(few.regularity)
    sentences = [g.sentence for g in few.gates() if g.gate in ("irregular purchases", "random purchases")]
    assert len(sentences) == 2
    assert all("is not known" in one for one in sentences)
    assert not any("as good as random" in one for one in sentences)


def test_purchases_by_the_calendar_name_the_models_that_do_not_apply(checked):
    found = checked(list(bought(150, by_the_calendar)))
    assert crossed(found) == ["irregular purchases"]
    assert "BG/NBD, MBG/NBD and Pareto/NBD do not apply" in found.reason


def regularly(rng):
    return rng.gamma(1.6, 30 / 1.6)


def test_somewhat_regular_purchases_are_qualified_and_still_valued(checked):
    found = checked(list(bought(600, regularly)))
    assert 1.25 < found.regularity < 2
    assert crossed(found) == ["random purchases"]
    assert found.reason == ""
    assert "expect too many orders" in next(g.sentence for g in found.gates() if g.is_crossed)


def test_regular_purchases_are_valued_by_the_model_that_allows_for_them(checked):
    found = checked(list(bought(600, lambda rng: rng.gamma(3.0, 30 / 3.0))))
    assert found.erlang_shape == 3
    gate = next(g for g in found.gates() if g.is_crossed)
    assert (gate.gate, gate.level, found.reason) == ("random purchases", "note", "")
    assert gate.sentence.endswith("too many orders; MBG/CNBD-3, which allows for it, is tried beside them.")


def test_people_who_hold_contracts_are_not_valued_by_purchases(checked):
    contracts = [{"customer_id": f"c{i:03d}", "has_ended": i >= 100} for i in range(150)]
    found = checked(list(bought(150, random)), contracts)
    assert crossed(found) == ["not contractual"]
    assert found.share_contractual == pytest.approx(100 / 150)


@pytest.mark.parametrize(("rows", "gates"), [
    ([{"customer_id": "ann", "ordered_at": "2025-12-31", "amount": 12.5}], ["enough repeat buyers", "enough history"]),
    ([{"customer_id": f"c{i}", "ordered_at": "2024-12-31", "amount": 9} for i in range(300)], ["enough repeat buyers"]),
    ([{"customer_id": f"c{i}", "ordered_at": "2025-12-31", "amount": 9} for i in range(300)],
     ["enough repeat buyers", "enough history"]),
    ([{"customer_id": "old", "ordered_at": "1825-01-01", "amount": 9}], ["enough repeat buyers", "believable dates"]),
], ids=["one customer", "no repeat buyer", "one day of history", "a 200-year-old order"])
def test_what_the_data_cannot_bear_is_said(checked, rows, gates):
    found = checked(rows)
    assert crossed(found) == [*gates, "random purchases"]  # noted: what could not be tested has not passed
    assert "1 customers" not in found.reason
    assert found.reason


def test_zero_spend_and_full_refunds_leave_nobody_to_value(checked):
    zero = [{"customer_id": "a", "ordered_at": "2025-01-01", "amount": 0.0, "order_id": "x"}]
    back = [{"customer_id": "b", "ordered_at": "2025-01-01", "amount": 9.0, "order_id": "y"},
            {"customer_id": "b", "ordered_at": "2025-01-09", "amount": -9.0, "kind": "refund",
             "refunds_order_id": "y"}]
    found = checked([*zero, *back])
    assert (found.n_buyers, found.reason, found.gates()) == (0, "No purchases are recorded.", ())


def test_what_could_not_be_tested_is_noted_and_has_not_passed():
    spend = GammaGammaFit(np.array([6.25, 3.74, 15.44]), 0.01 * np.eye(3), 0.0, 100)
    fit = fitting.BtydFit(PARETO_NBD, np.ones(4), np.eye(4), 0.0, 100)
    for error, dependence in ((np.nan, np.nan), (0.05, 0.1), (-0.2, 0.5)):
        gates = {g.gate: g for g in btyd_preconditions.fitted_model_gates(fit, spend, error, dependence)}
        total, apart = gates["hold-out total"], gates["spend apart from frequency"]
        is_untested = np.isnan(error)
        assert total.is_crossed == apart.is_crossed == (is_untested or error < -0.1)
        assert {total.level, apart.level} == {"note" if is_untested else "qualify"}
        assert (total.sentence == "No forecast could be tried in a hold-out.") == is_untested


def test_a_loss_on_every_sale_leaves_no_value():
    assert btyd_preconditions.margin_gate(-0.1).is_crossed
    assert not btyd_preconditions.margin_gate(0.3).is_crossed


def test_without_transactions_nothing_is_checked():
    assert BtydPreconditions(0, 0, 0, 0.0, float("nan")).gates() == ()
