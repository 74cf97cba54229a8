from datetime import date

import pandas as pd

from helpers.customers import purchases
from helpers.foundation import canonical_schema

ROWS = [{"customer_id": "a", "ordered_at": "2026-01-01 09:00", "amount": 10.0, "order_id": "1"},
        {"customer_id": "a", "ordered_at": "2026-01-01 18:00", "amount": 5.0, "order_id": "2"},
        {"customer_id": "a", "ordered_at": "2026-01-09", "amount": 7.0, "order_id": "3"},
        {"customer_id": "b", "ordered_at": "2026-01-02", "amount": 4.0, "order_id": "4"},
        {"customer_id": "b", "ordered_at": "2026-01-05", "amount": -4.0, "kind": "refund", "refunds_order_id": "4"},
        {"customer_id": "c", "ordered_at": "2026-01-03", "amount": 0.0, "order_id": "5"},
        {"customer_id": None, "ordered_at": "2026-01-03", "amount": 9.0, "order_id": "6"}]


def rows(engine, table, *order):
    return [tuple(r.values()) for r in engine.arrow(table.order_by(*order)).to_pylist()]


def test_orders_of_a_day_are_one_occasion_and_what_is_refunded_in_full_or_free_is_none(session_engine, transactions):
    found = rows(
        session_engine, purchases.purchase_occasions(transactions(ROWS), date(2026, 1, 31)), "customer_id", "on"
    )
    assert [(c, on.day, float(amount)) for c, on, amount in found] == [("a", 1, 15.0), ("a", 9, 7.0)]


def test_a_refund_after_the_cut_off_is_not_seen(session_engine, transactions):
    found = rows(
        session_engine, purchases.purchase_occasions(transactions(ROWS), date(2026, 1, 4)), "customer_id", "on"
    )
    assert [c for c, *_ in found] == ["a", "b"]


def test_occasions_after_the_cut_off_are_counted(session_engine, transactions):
    table = transactions(ROWS)
    spent = purchases.cached_customer_days(session_engine, table, date(2026, 1, 31))
    assert rows(session_engine, purchases.count_occasions_after(spent, date(2026, 1, 5)), "customer_id") == [("a", 1)]
    assert purchases.cached_customer_days(session_engine, table, date(2026, 1, 31)) is spent


def test_orders_placed_are_counted_singly_and_cancelled_ones_show_by_their_events(session_engine, transactions):
    events = canonical_schema.EVENTS.conformed(session_engine.lazy(pd.DataFrame(
        [("a", "1", "payment"), ("b", "7", "payment"), ("d", "8", "payment"), ("d", "9", "visit"),
         ("c", None, "payment")],
        columns=["customer_id", "object_id", "kind"]).assign(occurred_at=pd.Timestamp("2026-01-04"))))
    lines, on = transactions(ROWS), date(2026, 1, 31)
    assert rows(session_engine, purchases.count_orders(lines, events, ["payment"], on), "customer_id") == [
        ("a", 3), ("b", 2), ("c", 1), ("d", 1)]
    assert rows(session_engine, purchases.count_orders(lines, events, [], on), "customer_id") == [
        ("a", 3), ("b", 1), ("c", 1)]
    assert rows(
        session_engine, purchases.count_orders(lines, events, ["payment"], date(2026, 1, 2)), "customer_id"
    ) == [("a", 2), ("b", 1)]
