from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import ibis
import numpy as np
import pandas as pd
import pytest

from helpers.foundation.study_config import Economics
from helpers.reporting.text import customer_value
from helpers.value import clv_valuation, historical_value
from helpers.value import subscriptions as subscriptions_module
from helpers.value.config import ValueConfig
from helpers.value.schema import CUSTOMER_VALUE, VALUE_FORECASTS

END = date(2025, 12, 31)


def bought(n_customers, seed=8):
    """Return lines of customers by the assumptions of MBG/NBD and gamma-gamma."""
    rng = np.random.default_rng(seed)
    for i in range(n_customers):
        rate, leaves, unit = rng.gamma(0.9, 1 / 60), rng.beta(1.0, 4.0), rng.gamma(4.0, 1 / 12)
        day = rng.integers(0, 300)
        while day <= 730:
            yield {"customer_id": f"c{i:04d}", "ordered_at": str(np.datetime64("2024-01-01") + int(day)),
                   "amount": round(rng.gamma(5.0) / unit, 2) + 0.01}
            day += max(1, round(rng.exponential(1 / rate)))
            if rng.random() < leaves:
                break


def bought_regularly(n_customers, seed=5):
    """Return lines of customers whose waits are gamma with the shape 3, who leave after a purchase (MBG/CNBD-3)."""
    rng = np.random.default_rng(seed)
    for i in range(n_customers):
        rate, leaves, unit = rng.gamma(1.5, 1 / 45), rng.beta(1.0, 9.0), rng.gamma(4.0, 1 / 12)
        day = rng.integers(0, 200)
        while day <= 730:
            yield {"customer_id": f"c{i:04d}", "ordered_at": str(np.datetime64("2024-01-01") + int(day)),
                   "amount": round(rng.gamma(5.0) / unit, 2) + 0.01}
            day += max(1, round(rng.gamma(3.0) / (3.0 * rate)))
            if rng.random() < leaves:
                break


@pytest.fixture
def worth(session_engine, transactions, subscriptions):
    def make(rows, end=END, contracts=(), *, has_money=True):
        table, held = transactions(rows), subscriptions(contracts)
        table = table if has_money else table.mutate(amount=ibis.null("decimal(18, 4)"))
        ranked = historical_value.historical_customer_value(
            session_engine, table, held, end, margin_rate=0.3, assumptions=ValueConfig()
        )
        lasting = subscriptions_module.survival_by_plan(
            session_engine, held, end, horizon_days=365, margin_rate=0.3, discount_rate=0.1, seed=1
        )
        found = clv_valuation.value_customers(session_engine, table, held, end, seed=1, discount_rate=0.1,
                                    margin_share=clv_valuation.margin_per_unit_spend(session_engine, ranked, 0.3),
                                    assumptions=ValueConfig())
        return found, clv_valuation.with_clv(session_engine, ranked, table, found, lasting)
    return make


def test_regular_buyers_are_valued_by_the_model_that_held_in_the_hold_out(worth):
    found, _ = worth(list(bought_regularly(1200)))
    trial = found.trial
    assert found.chosen == "MBG/CNBD-3"
    assert abs(trial.error("MBG/CNBD-3")) < 0.06
    assert min(trial.error("MBG/NBD"), trial.error("Pareto/NBD")) > 0.07  # a pause tells more than they allow
    assert trial.verdict("MBG/NBD", "MBG/CNBD-3") == "worse"
    assert found.view.fit.model.name == found.view.rate_fit.model.name == "MBG/CNBD-3"


def test_without_money_the_same_purchases_are_expected_and_nobody_is_ranked_or_valued(session_engine, worth):
    rows = list(bought(400))
    (priced, valued), (found, counted) = worth(rows), worth(rows, has_money=False)
    one, two = (session_engine.frame(t).sort_values("customer_id", ignore_index=True) for t in (valued, counted))
    for column in ("p_alive", "expected_orders", "yearly_orders_if_kept"):
        np.testing.assert_allclose(one[column], two[column])
    assert two[["net_sales", "margin", "money_score", "position", "tier", "tier_rank"]].isna().all(axis=None)
    assert "expected_value" not in two
    assert found.orders.value == pytest.approx(priced.totals.orders.value)
    assert found.orders.low == pytest.approx(priced.totals.orders.low, rel=0.05)
    assert found.orders.high == pytest.approx(priced.totals.orders.high, rel=0.05)
    assert found.forecasts()["quantity"].tolist() == ["orders_ahead"]
    assert [e.reason for e in found.estimates()] == ["No money is recorded with the orders."] * 2 + [""]
    said = customer_value.clv_answer(found, SimpleNamespace(n_running=0))[0]
    assert "buyers about" in said
    assert said.endswith("No money is recorded with the orders.")


def test_churn_reads_what_value_states_of_those_who_stay(session_engine, transactions, subscriptions, worth):
    rows = list(bought(400))
    _, valued = worth(rows)
    expected = clv_valuation.expected_purchases(
        session_engine, transactions(rows), subscriptions(()), END, assumptions=ValueConfig(),
        economics=Economics(margin_rate=0.3, discount_rate=0.1))
    columns = ["customer_id", "yearly_orders_if_kept", "yearly_value_if_kept", "yearly_value_if_kept_sd"]
    stated = session_engine.frame(valued)[columns]
    pd.testing.assert_frame_equal(*(frame[columns].sort_values("customer_id", ignore_index=True)
                                    for frame in (expected, stated)))
    few = clv_valuation.expected_purchases(
        session_engine, transactions(rows[:5]), subscriptions(()), END, assumptions=ValueConfig(),
        economics=Economics(margin_rate=0.3, discount_rate=0.1))
    assert few.empty
    assert set(columns) <= set(few.columns)


def test_values_reach_every_buyer_and_add_up_to_the_equity(session_engine, worth):
    found, valued = worth(list(bought(400)))
    assert found.reason == ""
    frame = session_engine.frame(valued)
    assert frame["expected_value"].sum() == pytest.approx(found.totals.equity.value)
    assert frame[["p_alive", "realised_low", "realised_high"]].notna().all(axis=None)
    assert set(frame.columns) - {"position"} <= set(CUSTOMER_VALUE.names)
    assert list(found.forecasts().columns) == list(VALUE_FORECASTS.names)
    assert found.forecasts()["due_on"].tolist() == [pd.Timestamp("2026-12-31")] * 2
    for table in (found.table(), found.holdout_table()):
        assert not table.duplicated(["quantity", "segment"]).any()


def test_intervals_of_what_will_come_hold_the_error_of_the_hold_out(worth):
    totals = worth(list(bought(400)))[0].totals
    trial = SimpleNamespace(model_error=lambda name: 0.2)
    wide = clv_valuation._with_model_error(totals, trial, "Pareto/NBD")
    half = 1.959964 * 0.2 * totals.realised.value
    assert wide.realised.high - wide.realised.value == pytest.approx(
        np.hypot(totals.realised.high - totals.realised.value, half), rel=1e-6)
    assert wide.equity == totals.equity
    alone = clv_valuation._with_model_error(totals, None, "Pareto/NBD")
    assert (alone.realised, alone.orders) == (totals.realised, totals.orders)


def test_the_rate_while_a_customer_is_that_of_a_model_in_which_one_may_leave_at_any_time(worth):
    found = worth(list(bought(400)))[0]
    by_name = {f.model.name: f for f in found.fits}
    assert found.view.rate_fit is by_name["Pareto/NBD"]
    loose = replace(by_name["Pareto/NBD"], reason="these data do not determine s")
    assert clv_valuation._rate_fit((by_name["MBG/NBD"], loose), by_name["MBG/NBD"]) is by_name["MBG/NBD"]


def test_equal_seeds_give_equal_values(worth):
    first, again = (worth(list(bought(250)))[0] for _ in range(2))
    pd.testing.assert_frame_equal(first.table(), again.table(), rtol=1e-12)
    pd.testing.assert_frame_equal(first.totals.limits, again.totals.limits)


@pytest.mark.parametrize(("rows", "said"), [
    ([], "No purchases are recorded."),
    ([{"customer_id": "ann", "ordered_at": "2025-05-01", "amount": 12.5}],
     "0 of 1 customer bought on more than one day"),
    ([{"customer_id": f"c{i}", "ordered_at": "2024-05-01", "amount": 9} for i in range(200)],
     "0 of 200 customers bought on more than one day"),
    ([{"customer_id": "a", "ordered_at": "2025-01-01", "amount": 0.0}], "No purchases are recorded."),
    ([{"customer_id": "a", "ordered_at": "2025-01-01", "amount": 9.0, "order_id": "y"},
      {"customer_id": "a", "ordered_at": "2025-01-09", "amount": -9.0, "kind": "refund", "refunds_order_id": "y"}],
     "No purchases are recorded."),
], ids=["nothing", "one customer", "no repeat buyer", "zero spend", "all refunded"])
def test_data_that_bear_no_value_say_why(session_engine, worth, rows, said):
    found, valued = worth(rows)
    assert found.reason.startswith(said)
    assert "expected_value" not in valued.columns
    assert found.forecasts().empty
    assert set(found.table()["status"]) <= {"insufficient", "not_applicable"}
    assert set(found.holdout_table()["status"]) <= {"insufficient", "not_applicable"}


def test_customers_who_are_all_alike_have_no_value_and_the_model_is_named(worth):
    rows = [{"customer_id": f"c{i:03d}", "ordered_at": day, "amount": 10}
            for i in range(150) for day in ("2024-02-01", "2024-05-01", "2025-03-01")]
    found, _ = worth(rows)
    assert found.reason
    assert any(name in found.reason for name in ("NBD", "Gamma-gamma"))


def test_a_loss_on_every_sale_is_said_and_valued_at_nothing(worth):
    rows = [{**row, "quantity": 1.0, "unit_cost": row["amount"] + 1} for row in bought(250)]
    found, _ = worth(rows)
    assert found.reason.endswith("no customer has a value to be ranked by.")


def test_one_order_two_hundred_years_ago_qualifies_the_values(worth):
    old = {"customer_id": "old", "ordered_at": "1825-01-01", "amount": 9.0}
    found, _ = worth([old, *bought(400)])
    assert next(g.gate for g in found.gates if g.is_crossed and g.level == "qualify") == "believable dates"
    assert found.totals is None or np.isfinite(found.totals.equity.value)


def test_contracts_are_valued_by_survival_where_nobody_buys(session_engine, worth):
    contracts = [{"tenure_months": float(i % 30), "has_ended": i % 3 == 0, "monthly_fee": 20.0} for i in range(300)]
    found, valued = worth([], contracts=contracts)
    frame = session_engine.frame(valued)
    assert found.status == "not_applicable"
    assert frame["expected_value"].notna().sum() == 200


@pytest.mark.real_data
def test_olist_has_too_few_people_who_came_back_to_tell_what_anybody_is_worth(worth, real_data):
    orders, people, payments = (pd.read_csv(real_data / "olist" / f"olist_{name}_dataset.csv")
                                for name in ("orders", "customers", "order_payments"))
    sums = payments.groupby("order_id", as_index=False)["payment_value"].sum()
    paid = orders.merge(people, on="customer_id").merge(sums, on="order_id")
    frame = pd.DataFrame({"customer_id": paid["customer_unique_id"], "ordered_at": paid["order_purchase_timestamp"],
                          "amount": paid["payment_value"].round(2), "order_id": paid["order_id"]})
    found, _ = worth(frame, date(2018, 10, 17))
    assert found.checks.n_repeat_buyers < 100 < found.checks.n_buyers
    assert "the parameters of BG/NBD, MBG/NBD and Pareto/NBD are not identified" in found.reason
    assert [g.gate for g in found.gates if g.is_crossed] == ["enough repeat buyers", "random purchases"]


def test_tiers_rank_by_what_is_expected_and_keep_who_has_none(session_engine, worth):
    _, valued = worth([*bought(400), {"customer_id": "zz", "ordered_at": "2025-02-01", "amount": -5.0,
                                          "kind": "refund"}])
    ranked = session_engine.frame(
        historical_value.assign_tiers_by_expected_value(session_engine, valued, ValueConfig())
    )
    before = session_engine.frame(valued)
    assert sorted(ranked["customer_id"]) == sorted(before["customer_id"])
    assert set(ranked["basis"]) == {"expected margin"}
    by = ranked.sort_values("position")
    assert by["expected_value"].is_monotonic_decreasing
    assert by["customer_id"].iloc[-1] == "zz"
    assert by["tier"].value_counts().to_dict() == {"top": 5, "upper": 16, "middle": 60, "base": 320}
    assert (
        historical_value.ranking_column(
            historical_value.assign_tiers_by_expected_value(session_engine, valued, ValueConfig())
        )
        == "expected_value"
    )


def test_without_a_model_tiers_stay_those_of_margin_to_date(session_engine, worth):
    _, valued = worth([{"customer_id": "ann", "ordered_at": "2025-05-01", "amount": 12.5}])
    assert historical_value.assign_tiers_by_expected_value(session_engine, valued, ValueConfig()) is valued
    assert historical_value.ranking_column(valued) == "margin"


def test_nobody_is_ranked_by_fees_that_are_not_recorded(session_engine, worth):
    contracts = [{"tenure_months": float(i % 30), "has_ended": i % 3 == 0} for i in range(60)]
    _, valued = worth([], contracts=contracts)
    frame = session_engine.frame(valued)
    assert len(frame) == 60
    assert frame["tier"].isna().all()
