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


def test_figures_of_whole_quarters_count_sales_less_refunds_customers_and_who_bought_again(
    session_engine, transactions
):
    lines = [("a", "2025-01-01", 10.0, "sale"), ("b", "2025-03-31", 20.0, "sale"), ("a", "2025-04-02", 5.0, "sale"),
             ("c", "2025-05-05", 7.0, "sale"), ("b", "2025-05-06", -4.0, "refund"), (None, "2025-06-01", 3.0, "sale"),
             ("c", "2025-12-01", 8.0, "sale"), ("a", "2025-12-02", 1.0, "fee"), ("c", "2026-01-01", 9.0, "sale")]
    table = transactions([{"customer_id": who, "ordered_at": on, "amount": amount, "kind": kind, "order_id": str(i)}
                          for i, (who, on, amount, kind) in enumerate(lines)])
    found = purchases.quarterly_figures(session_engine, table, date(2026, 2, 1))
    assert found["ends_on"].dt.strftime("%m-%d").tolist() == ["03-31", "06-30", "09-30", "12-31"]
    assert found["net_sales"].tolist() == [30.0, 11.0, 0.0, 8.0]
    assert found["n_customers"].tolist() == [2, 2, 0, 1]
    assert found["n_again"].tolist()[1:] == [1.0, 0.0, 0.0]
    assert pd.isna(found["n_again"].iloc[0])


def test_a_quarter_that_the_records_begin_or_end_in_is_none_and_without_records_there_is_none(
    session_engine, transactions
):
    rows_of = [{"customer_id": "a", "ordered_at": on, "amount": 1.0, "order_id": on} for on in (
        "2025-01-02", "2025-04-01", "2025-07-01")]
    found = purchases.quarterly_figures(session_engine, transactions(rows_of), date(2025, 9, 29))
    assert found["ends_on"].dt.strftime("%Y-%m-%d").tolist() == ["2025-06-30"]
    assert purchases.quarterly_figures(session_engine, transactions(rows_of), date(2020, 1, 1)).empty
