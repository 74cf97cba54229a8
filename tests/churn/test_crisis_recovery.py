"""Crisis recovery: a planted loss comes back, where nothing is planted nothing is found, and few are not judged."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers.churn import crisis_recovery
from helpers.foundation import canonical_schema
from helpers.simulation.planted_truth import LAST_DAY, Turns

BURST = pd.DataFrame({"began_on": [pd.Timestamp(Turns().crisis_on)], "last_on": [pd.Timestamp(Turns().crisis_on)]})
END = LAST_DAY.astype(object)


def planted(rng, n_hit=120, n_others=400, harm=1.0, trend=1.0):
    """Return orders of customers with rates of their own, who leave at random; those hit order less afterwards."""
    n = n_hit + n_others
    is_hit = np.arange(n) < n_hit
    rate = rng.gamma(1.5, 2.0, n) * np.where(is_hit, 1.0, 1.4)
    alive = np.minimum(rng.exponential(3.0, n), 1.0)
    return pd.DataFrame({
        "customer_id": np.arange(n).astype(str),
        "group": np.where(is_hit, crisis_recovery.HIT, crisis_recovery.NOT_HIT),
        "early": rng.poisson(rate / 2), "late": rng.poisson(rate / 2 * np.where(is_hit, trend, 1.0)),
        "after": rng.poisson(rate * alive * np.where(is_hit, harm, 1.0))})


def ratios(orders):
    found, reason = crisis_recovery.compare_recovery(orders)
    assert reason == ""
    return {e.quantity: e for e in found if e.segment == "all"}


@pytest.mark.parametrize("harm", [1.0, 0.6])
def test_intervals_hold_what_was_planted_as_often_as_they_say(harm):
    rng = np.random.default_rng(4)
    hits = [(e := ratios(planted(rng, harm=harm))["ratio_of_ratios"]).low <= harm <= e.high for _ in range(600)]
    assert 0.93 <= np.mean(hits) <= 0.975


def test_groups_that_moved_apart_before_the_crisis_are_seen():
    rng = np.random.default_rng(4)
    found, _ = crisis_recovery.compare_recovery(planted(rng, trend=2.5))
    assert not crisis_recovery.CrisisRecovery(date(2025, 6, 16), estimates=found).has_parallel_past
    found, _ = crisis_recovery.compare_recovery(planted(rng))
    assert crisis_recovery.CrisisRecovery(date(2025, 6, 16), estimates=found).has_parallel_past


def test_few_who_were_hit_are_not_judged():
    found = crisis_recovery.compare_recovery(planted(np.random.default_rng(1), n_hit=12))
    assert found == ((), "12 of those hit and 400 others were customers long enough before, 30 of each are needed")


@pytest.fixture(scope="module")
def company(large, session_engine):
    """Return transactions and cases of the simulated company."""
    return tuple(session_engine.kept(table.conformed(session_engine.lazy(large.tables[table.name])))
                 for table in (canonical_schema.TRANSACTIONS, canonical_schema.CASES))


def test_the_simulated_crisis_moves_nobody_and_none_is_found(session_engine, company):
    found, = crisis_recovery.crisis_recoveries(session_engine, *company, BURST, END)
    assert found.has_parallel_past
    assert found.of("ratio_of_ratios").low < 1 < found.of("ratio_of_ratios").high
    assert found.of("ratio_of_ratios").n > 300


def test_orders_that_those_hit_did_not_place_are_found(session_engine, company):
    transactions, cases = company
    hit = cases.filter(cases.kind == "complaint", cases.opened_at.date() >= date(2025, 6, 16),
                       cases.opened_at.date() <= date(2025, 6, 22)).select("customer_id").distinct()
    lost = transactions.filter(transactions.ordered_at.date() > date(2025, 6, 22),
                               transactions.order_id.hash() % 2 == 0).semi_join(hit, "customer_id")
    fewer = session_engine.kept(transactions.anti_join(lost, ["order_id", "line"]))
    found, = crisis_recovery.crisis_recoveries(session_engine, fewer, cases, BURST, END)
    assert found.of("ratio_of_ratios").high < 1
    assert found.of("ratio_of_ratios").value == pytest.approx(0.5, abs=0.15)
    assert found.of("difference_back").high < 0


def test_a_crisis_of_last_month_is_too_young(session_engine, company):
    found, = crisis_recovery.crisis_recoveries(session_engine, *company, BURST, date(2025, 7, 10))
    assert found.table()["reason"].tolist() == ["fewer than 56 days have passed since"]
