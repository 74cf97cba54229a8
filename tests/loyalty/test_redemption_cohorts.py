from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers.foundation import canonical_schema
from helpers.loyalty import redemption_cohorts

AS_OF = date(2026, 6, 30)


def used(engine, rows, how, days=30):
    table = canonical_schema.POINTS.conformed(engine.lazy(pd.DataFrame(rows)))
    return redemption_cohorts.redemption_by_cohort(engine, table, AS_OF, days, how)


def back(periods, days=30):
    return pd.Timestamp(AS_OF) - pd.Timedelta(days=periods * days)


def entry(customer, periods, kind, points, lot=None, hour=0):
    return {"customer_id": customer, "entered_at": back(periods) + pd.Timedelta(hours=hour), "kind": kind,
            "points": float(points), "lot_id": lot}


TWO = [entry("a", 5, "earn", 100, "x"), entry("a", 3, "earn", 50, "y"), entry("a", 2, "redeem", -60, "y"),
       entry("b", 4, "earn", 10, "z"), entry("b", 1, "expire", -10, "z")]


def loop(rows, newest_first):
    """Match points one by one, as a clerk would."""
    made = {}
    for who in sorted({r["customer_id"] for r in rows}):
        stack = []
        for r in sorted((r for r in rows if r["customer_id"] == who), key=lambda r: (r["entered_at"], r["points"] < 0)):
            period = (pd.Timestamp(AS_OF) - r["entered_at"].normalize()).days // 30
            if r["points"] > 0:
                stack += [period] * int(r["points"])
                continue
            for _ in range(int(-r["points"])):
                if stack:
                    cohort = stack.pop(-1 if newest_first else 0)
                    made[cohort, cohort - period] = made.get((cohort, cohort - period), 0) + 1
    return made


def drawn(seed=3, members=30):
    rng = np.random.default_rng(seed)
    rows = []
    for who in range(members):
        balance = 0
        for at in np.sort(rng.choice(300, 12, replace=False))[::-1]:
            is_use = rng.random() < 0.4 and balance > 0
            points = -int(rng.integers(1, balance + 1)) if is_use else int(rng.integers(1, 20))
            balance += points
            rows.append({"customer_id": f"m{who:02}", "entered_at": pd.Timestamp(AS_OF) - pd.Timedelta(days=int(at)),
                         "kind": "redeem" if is_use else "earn", "points": float(points), "lot_id": None})
    return rows


@pytest.mark.parametrize("how", [redemption_cohorts.FIFO_LOTS, redemption_cohorts.LIFO_LOTS])
def test_stretches_laid_end_to_end_match_as_a_clerk_would(session_engine, how):
    rows = drawn()
    found = used(session_engine, rows, how)
    spent = found[(found["age"] >= 0) & (found["redeemed"] > 0)]
    expected = loop(rows, how == redemption_cohorts.LIFO_LOTS)
    assert dict(zip(zip(spent["cohort"], spent["age"], strict=True), spent["redeemed"], strict=True)) == pytest.approx(
        expected)
    assert found["issued"].sum() == sum(r["points"] for r in rows if r["points"] > 0)


def test_named_lots_are_used_as_named_even_beyond_what_they_hold(session_engine):
    found = used(session_engine, TWO, redemption_cohorts.LEDGER_LOTS).set_index(["cohort", "age"])
    assert found.loc[(3, 1), "redeemed"] == 60
    assert found.loc[(4, 3), "expired"] == 10
    assert found.loc[(5, -1), "issued"] == 100


def test_first_in_first_out_takes_the_oldest_points(session_engine):
    found = used(session_engine, TWO, redemption_cohorts.FIFO_LOTS).set_index(["cohort", "age"])
    assert found.loc[(5, 3), "redeemed"] == 60
    last = used(session_engine, TWO, redemption_cohorts.LIFO_LOTS).set_index(["cohort", "age"])
    assert (last.loc[(3, 1), "redeemed"] + last.loc[(3, 1), "expired"]) == 50
    assert (last.loc[(5, 3), "redeemed"] + last.loc[(5, 3), "expired"]) == 10


def test_points_used_without_any_earned_have_no_lot(session_engine):
    assert used(session_engine, [entry("a", 2, "redeem", -5)], redemption_cohorts.FIFO_LOTS).empty


def test_the_triangle_is_cumulative_and_empty_where_the_future_lies(session_engine):
    made, issued = redemption_cohorts.redemption_triangle(used(session_engine, TWO, redemption_cohorts.LEDGER_LOTS))
    assert made.shape == (6, 6)
    assert issued.tolist() == [100, 10, 50, 0, 0, 0]
    assert made[2].tolist()[:4] == [0, 60, 60, 60]
    assert np.isnan(made[1:, -1]).all()
    assert redemption_cohorts.redemption_triangle(
        used(session_engine, [entry("a", 2, "redeem", -5)], redemption_cohorts.FIFO_LOTS)
    )[0].shape == (0, 0)


def test_periods_grow_so_that_there_are_at_most_twelve_cohorts():
    assert redemption_cohorts.cohort_period_days(date(2025, 6, 30), AS_OF, 91) == 91
    assert redemption_cohorts.cohort_period_days(date(2016, 6, 30), AS_OF, 91) == 305
    assert redemption_cohorts.cohort_period_days(None, AS_OF, 91) == 91
