from datetime import date

import pandas as pd
import pytest

from helpers.foundation import canonical_schema
from helpers.foundation.results import Status
from helpers.loyalty import points_ledger

AS_OF = date(2026, 6, 30)


@pytest.fixture
def booked(session_engine):
    def make(rows, joined=()):
        names = ["customer_id", "entered_at", "kind", "points", "lot_id", "expires_at", "unit_cost"]
        frame = pd.DataFrame(list(rows), columns=names[:len(rows[0])] if rows else names)
        frame = frame.assign(entered_at=pd.to_datetime(frame["entered_at"]))
        table = canonical_schema.POINTS.conformed(session_engine.lazy(frame)) if len(frame) else (
            session_engine.lazy(canonical_schema.POINTS.empty()))
        people = pd.DataFrame(list(joined), columns=["customer_id", "joined_on"])
        people = people.assign(joined_on=pd.to_datetime(people["joined_on"]))
        known = canonical_schema.CUSTOMERS.conformed(session_engine.lazy(people.astype({"customer_id": "str"})))
        nothing = [
            session_engine.lazy(t.empty()) for t in (canonical_schema.MEMBERSHIPS, canonical_schema.SUBSCRIPTIONS)
        ]
        return points_ledger.summarise_ledger(
            session_engine, table, points_ledger.first_joining_days(known, *nothing), AS_OF
        )
    return make


def by_name(found):
    return {e.quantity: e for e in points_ledger.ledger_estimates(found)}


def crossed(found):
    return {g.gate for g in points_ledger.ledger_gates(found) if g.is_crossed}


FULL = [("a", "2026-01-01", "opening", 100), ("a", "2026-02-02", "earn", 50), ("a", "2026-03-01", "adjust", -5),
        ("a", "2026-04-01", "redeem", -60), ("a", "2026-05-01", "expire", -15)]


def test_opening_and_earned_and_adjusted_are_redeemed_and_expired_and_closing(booked):
    table = by_name(booked(FULL))
    left = sum(table[f"points {k}"].value for k in ("opening balance", "earned", "adjusted"))
    right = -table["points redeemed"].value - table["points expired"].value + table[points_ledger.CLOSING_BALANCE].value
    assert left == right == 145
    assert table[points_ledger.NET_CHANGE].value == -30
    assert crossed(booked(FULL)) == set()


def test_a_ledger_by_the_month_says_that_its_newest_month_is_whole(booked):
    monthly = booked([("a", "2026-01-01", "opening", 100), ("a", "2026-02-01", "earn", 50)])
    assert crossed(monthly) == {"days of entries"}
    gate = next(g for g in points_ledger.ledger_gates(monthly) if g.gate == "days of entries")
    assert gate.sentence.endswith("points of the whole month 2026-02 are counted.")
    assert not booked([("a", "2026-02-01", "earn", 50)]).is_monthly, "one day tells nothing"


def test_members_from_before_the_ledger_leave_the_net_change_only(booked):
    found = booked([("a", "2026-02-01", "earn", 50), ("b", "2026-02-01", "earn", 50)], [("a", "2025-01-01")])
    table = by_name(found)
    assert table[points_ledger.NET_CHANGE].value == 100
    assert (table[points_ledger.CLOSING_BALANCE].status, found.n_early) == (Status.NOT_APPLICABLE, 1)
    reason = table[points_ledger.CLOSING_BALANCE].reason
    assert "liability not identifiable, net change only: some of 2 members joined before" in reason
    assert crossed(found) == {"opening balances"}
    assert booked(FULL, [("a", "2025-01-01")]).n_early == 0


def test_an_opening_balance_that_is_not_in_the_ledger_is_not_zero(booked):
    missing = by_name(booked([("a", "2026-02-01", "earn", 50)], [("a", "2025-01-01")]))["points opening balance"]
    assert (missing.status, missing.reason) == (Status.INSUFFICIENT, "no opening balance is in the ledger")
    whole = by_name(booked([("a", "2026-02-01", "earn", 50)], [("a", "2026-02-01")]))["points opening balance"]
    assert (whole.status, whole.value) == (Status.OK, 0)


def test_points_entered_before_their_member_joined_are_counted(booked):
    rows = [("a", "2026-02-01", "earn", 50), ("a", "2026-02-10", "earn", 50), ("a", "2026-02-11", "redeem", -5),
            ("a", "2026-02-12", "earn", 0), ("b", "2026-01-01", "opening", 9), ("b", "2026-03-01", "earn", 5)]
    found = booked(rows, [("a", "2026-02-20"), ("b", "2026-03-01")])
    assert found.n_before_joining == 3, "an opening balance is booked ahead, and no points are none"
    assert "entries before joining" in crossed(found)
    gate = next(g for g in points_ledger.ledger_gates(found) if g.gate == "entries before joining")
    assert gate.sentence.startswith("3 entries of points are dated before their member joined")


def test_a_customer_of_old_who_enrolled_later_has_no_balance_before_that(session_engine):
    def dated(schema, column, *rows):
        frame = pd.DataFrame(list(rows), columns=["customer_id", column]).astype({"customer_id": "str"})
        return schema.conformed(session_engine.lazy(frame.assign(**{column: pd.to_datetime(frame[column])})))
    joined = session_engine.arrow(points_ledger.first_joining_days(
        dated(canonical_schema.CUSTOMERS, "joined_on", ("a", "2025-01-01"), ("b", "2025-02-01")),
        dated(canonical_schema.MEMBERSHIPS, "valid_from", ("a", "2026-03-01"), ("a", "2026-01-05")),
        dated(canonical_schema.SUBSCRIPTIONS, "started_on", ("a", "2024-01-01"), ("b", "2025-01-15")))).to_pandas()
    found = joined.set_index("customer_id")["joined_on"].astype(str).to_dict()
    assert found == {"a": "2026-01-05", "b": "2025-01-15"}


def test_a_balance_that_would_fall_below_zero_says_that_an_opening_is_missing(booked):
    found = booked([("a", "2026-02-01", "earn", 50), ("a", "2026-03-01", "redeem", -60),
                    ("a", "2026-04-01", "earn", 50)])
    assert (found.n_below_zero, found.closing) == (1, 40)
    assert "fewer than 10 balances fall below zero" in found.unidentified
    assert "no opening balance explains the others" in found.unidentified, "he is not known to have joined before"


def test_points_used_without_earnings_are_counted(booked):
    found = booked([("a", "2026-02-01", "redeem", -5), ("b", "2026-02-01", "earn", 5)])
    assert found.n_unearned == 1
    assert {"points used without earnings", "opening balances"} <= crossed(found)
    gate = next(g for g in points_ledger.ledger_gates(found) if g.gate == "points used without earnings")
    assert gate.sentence == "1 member used points and never earned any in the ledger."


def test_lots_that_expire_before_they_were_issued_are_counted(booked):
    rows = [("a", "2026-02-01", "earn", 5, "x", pd.Timestamp("2026-01-01"), 0.01),
            ("a", "2026-02-01", "earn", 5, "y", pd.Timestamp("2027-01-01"), 0.01)]
    found = booked(rows)
    assert (found.n_lots, found.n_expired_early, found.share_of_lots) == (2, 1, 1.0)
    assert found.unit_cost == pytest.approx(0.01)
    gate = next(g for g in points_ledger.ledger_gates(found) if g.gate == "expiry before issue")
    assert (gate.is_crossed, gate.sentence) == (
        True, "1 lot expires before it was issued, and is taken as booked.")


def test_wrong_signs_are_counted_and_entries_after_the_day_are_not_seen(booked):
    found = booked([("a", "2026-02-01", "earn", -5), ("a", "2026-07-01", "earn", 5), ("a", "2026-01-01", "earn", 9)])
    assert (found.n_wrong_sign, found.closing, found.n_entries) == (1, 4, 2)
    assert "entries of the wrong sign" in crossed(found)


def test_no_programme_is_not_applicable_and_has_no_gates(booked):
    found = booked([])
    assert {e.status for e in points_ledger.ledger_estimates(found)} == {Status.NOT_APPLICABLE}
    assert points_ledger.ledger_gates(found) == []
    assert found.first_on is None
