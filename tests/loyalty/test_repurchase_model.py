from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from helpers.customers import features
from helpers.customers.purchases import purchase_occasions
from helpers.customers.windows import snapshot_at
from helpers.foundation.results import Status
from helpers.loyalty import repurchase_backtest, repurchase_model

AS_OF = date(2025, 12, 31)
START = date(2024, 1, 1)


def bought(n=900, seed=1):
    """Customers who buy at rates of their own and may leave for good."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        rate, life = rng.gamma(1.0, 1 / 60), rng.exponential(300)
        at = rng.integers(0, 500)
        end = at + life
        while at <= min(end, 730):
            rows.append({"customer_id": f"c{i:04}", "ordered_at": pd.Timestamp(START) + pd.Timedelta(days=int(at)),
                         "amount": 10.0})
            at += 1 + rng.exponential(1 / rate)
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def orders():
    return bought()


@pytest.fixture
def made(session_engine, transactions, orders):
    lines = transactions(orders)
    return lines, repurchase_model.repurchase_snapshots(
        session_engine, lines, features.recorded_window(session_engine, lines, AS_OF), 90
    )


def test_the_score_sorts_better_than_the_baseline_and_is_calibrated(made):
    tried = repurchase_backtest.backtest_origins(made[1], 1)
    table = {(e.quantity, e.segment): e for e in repurchase_backtest.loyalty_score_metrics(tried, "", 1)}
    assert table["auc_difference", "all"].value > 0
    assert table["auc", repurchase_model.LOYALTY_SCORE].value > 0.75
    every = [e.value for (q, s), e in table.items() if q == "auc" and s.startswith(repurchase_model.LOYALTY_SCORE)]
    assert len(every) == len(tried) > 1
    assert table["auc", repurchase_backtest.MEAN_OF_ORIGINS].value == pytest.approx(np.mean(every))
    assert table["auc", repurchase_backtest.WORST_ORIGIN].value == min(every)
    slope = table["calibration_slope", repurchase_model.LOYALTY_SCORE]
    assert slope.low < 1 < slope.high
    assert [o.cutoff_on for o in tried] == sorted((o.cutoff_on for o in tried), reverse=True)
    line = repurchase_backtest.loyalty_score_calibration(tried)
    assert set(line["series"]) == {"score", "baseline", "perfect"}


def test_cells_count_every_customer_once_and_only_outcomes_in_the_window(session_engine, transactions):
    rows = [("a", "2025-01-01"), ("a", "2025-03-01"), ("b", "2025-01-10"), ("b", "2025-06-01"), ("c", "2025-04-01")]
    lines = transactions([{"customer_id": c, "ordered_at": at, "amount": 5.0} for c, at in rows])
    one = snapshot_at(date(2025, 2, 1), 90)
    found = repurchase_model.count_cells(
        session_engine, *(purchase_occasions(lines, day) for day in (one.cutoff_on, one.outcome.last_on)), one
    )
    assert (found.n.sum(), found.k.sum()) == (2, 1)


def test_what_comes_after_the_cut_off_leaves_what_is_known_as_it_was(session_engine, transactions, orders):
    cutoff = date(2025, 6, 30)
    later = orders["ordered_at"] > pd.Timestamp(cutoff)
    rng = np.random.default_rng(2)
    mixed = rng.permutation(orders["customer_id"])
    scrambled = orders.assign(customer_id=np.where(later, mixed, orders["customer_id"]))
    seen = (
        repurchase_model.history_at_cutoff(purchase_occasions(transactions(frame), cutoff), cutoff)
        for frame in (orders, scrambled)
    )
    first, second = (session_engine.arrow(one.order_by("customer_id")) for one in seen)
    assert first.equals(second)


def test_everybody_gets_a_score_between_0_and_100_and_who_bought_just_now_a_high_one(session_engine, made):
    lines, cells = made
    found = repurchase_model.current_loyalty_scores(session_engine, lines, cells, AS_OF)
    assert found["loyalty_score"].between(0, 100).all()
    assert found["customer_id"].is_monotonic_increasing
    assert len(found) == 900
    recent = (
        features.customer_days(lines, AS_OF).filter(lambda t: t.on > AS_OF - timedelta(20)).execute()["customer_id"]
    )
    assert found.set_index("customer_id").loc[list(set(recent)), "loyalty_score"].mean() > found["loyalty_score"].mean()


def test_a_model_is_fitted_before_the_origin_that_it_is_tried_on(made):
    cells = made[1]
    one = repurchase_model.fit_repurchase_model(cells[2], cells[1])
    assert one.fitted_on < one.calibrated_on < cells[0].snapshot.cutoff_on
    assert repurchase_model.fit_repurchase_model(cells[2], None).calibrated_on is None


def test_many_customers_are_drawn_at_random_and_equally_for_equal_seeds(made, monkeypatch):
    monkeypatch.setattr(repurchase_backtest, "MAX_PEOPLE_FITTED", 100)
    first, second = (repurchase_backtest.backtest_origins(made[1], 5)[0] for _ in range(2))
    assert len(first.outcome) == 100
    assert (first.stated == second.stated).all()


def test_too_short_a_history_has_a_reason_instead_of_a_score(session_engine, transactions):
    lines = transactions([{"customer_id": "a", "ordered_at": "2025-12-01", "amount": 5.0}])
    history = features.recorded_window(session_engine, lines, AS_OF)
    cells = repurchase_model.repurchase_snapshots(session_engine, lines, history, 90)
    reason = repurchase_model.why_no_score(cells, history, 90)
    table = repurchase_backtest.loyalty_score_metrics(repurchase_backtest.backtest_origins(cells, 1), reason, 1)
    assert {e.status for e in table} == {Status.INSUFFICIENT}
    assert "31 days holds fewer than two cut-offs" in table[0].reason
    assert repurchase_model.current_loyalty_scores(session_engine, lines, cells, AS_OF).empty
    assert repurchase_model.why_no_score([], None, 90) == repurchase_model.NO_PURCHASES
    assert repurchase_backtest.loyalty_score_calibration([]).empty


@pytest.mark.parametrize(("n", "k", "reason"), [
    (300, 300, "of 300 customers 0 did not; at least 20"), (300, 19, "of 300 customers 19 bought again"),
    (300, 7, "of 300 customers fewer than 10 bought again"),
    (5, 1, "fewer than 10 customers; 200 are needed"), (300, 100, "")])
def test_a_snapshot_needs_people_and_both_outcomes(n, k, reason):
    seen = pd.DataFrame({"n_occasions": [1.0], "recency_days": [1.0], "age_days": [1.0]})
    one = repurchase_model.SnapshotCells(snapshot_at(START, 90), seen, np.array([n * 1.0]), np.array([k * 1.0]))
    assert repurchase_model.why_snapshot_unusable(one).startswith(reason)
    assert bool(repurchase_model.why_snapshot_unusable(one)) == bool(reason)
