from datetime import date

import pytest

from helpers.churn import dataset
from helpers.customers import windows

CUT = date(2026, 3, 31)


def bought(*rows):
    return [{"customer_id": c, "ordered_at": day, "amount": 10, "order_id": f"{c} {day}"} for c, day in rows]


BASE = bought(("once", "2026-03-01"), ("often", "2026-01-01"), ("often", "2026-03-20"), ("often", "2026-04-10"),
              ("gone", "2025-03-31"), ("late", "2026-04-05"))


def lost(engine, table, **knobs):
    snapshot = windows.snapshot_at(CUT, 90)
    found = engine.arrow(dataset.churn_labels(table, snapshot, eligible_days=365, **knobs)).to_pylist()
    return {row["customer_id"]: row["is_lost"] for row in found}


def test_lost_is_who_buys_nothing_within_the_horizon(session_engine, transactions):
    assert lost(session_engine, transactions(BASE)) == {"once": True, "often": False}


def test_eligible_is_who_bought_within_the_limit_and_nobody_who_came_later(session_engine, transactions):
    rows = [*BASE, *bought(("just", "2025-04-01"))]
    assert set(lost(session_engine, transactions(rows))) == {"once", "often", "just"}


@pytest.mark.parametrize(("day", "is_lost"), [("2026-03-31", True), ("2026-04-01", False), ("2026-06-29 23:00", False),
                                              ("2026-06-30", True)])
def test_the_outcome_begins_after_the_cut_off_and_ends_with_the_horizon(session_engine, transactions, day, is_lost):
    assert lost(session_engine, transactions([*BASE, *bought(("once", day))]))["once"] == is_lost


def test_a_purchase_that_is_refunded_within_the_window_is_no_return(session_engine, transactions):
    back = {"customer_id": "often", "amount": -10, "kind": "refund", "refunds_order_id": "often 2026-04-10"}
    assert lost(session_engine, transactions([*BASE, {**back, "ordered_at": "2026-05-01"}]))["often"]
    assert not lost(session_engine, transactions([*BASE, {**back, "ordered_at": "2026-08-01"}]))["often"]


def test_scrambling_the_future_changes_labels_but_no_feature(session_engine, transactions):
    def features(rows):
        found = session_engine.arrow(
            dataset.churn_labels(transactions(rows), windows.snapshot_at(CUT, 90), eligible_days=365)
        )
        return found.to_pandas().drop(columns="is_lost").sort_values("customer_id", ignore_index=True)

    future = bought(("once", "2026-04-02"), ("new", "2026-05-05"), ("often", "2027-01-01"))
    assert features(BASE).equals(features(BASE + future))


def test_the_actual_number_lost_is_counted_by_segment(session_engine, transactions):
    rows = [*BASE, *bought(("one more", "2026-02-01"), ("one more", "2026-06-01"))]
    found = dataset.count_churned(session_engine, transactions(rows), CUT, date(2026, 6, 29), eligible_days=365)
    assert found.set_index("segment").to_dict("index") == {
        "all": {"n_eligible": 3, "n_lost": 1}, "one-time buyers": {"n_eligible": 2, "n_lost": 1},
        "repeat buyers": {"n_eligible": 1, "n_lost": 0}}


def test_nobody_eligible_counts_nobody(session_engine, transactions):
    found = dataset.count_churned(session_engine, transactions([]), CUT, date(2026, 6, 29), eligible_days=365)
    assert found[["n_eligible", "n_lost"]].to_numpy().sum() == 0
