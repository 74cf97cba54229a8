from datetime import date
from decimal import Decimal

import ibis
import numpy as np
import pandas as pd
import pytest

from helpers.customers import features

END = date(2026, 3, 31)


@pytest.fixture
def summary(session_engine):
    def make(table, cutoff_on=END, **knobs):
        found = session_engine.arrow(features.customer_summary(table, cutoff_on, **{"margin_rate": 0.3, **knobs}))
        return {row["customer_id"]: row for row in found.to_pylist()}
    return make


def sale(customer, when, amount, **more):
    return {"customer_id": customer, "ordered_at": when, "amount": amount, **more}


def refund(customer, when, amount, order=None, **more):
    return sale(customer, when, -amount, kind="refund", refunds_order_id=order, **more)


def test_a_purchase_occasion_is_a_customers_day_with_net_sales(transactions, summary):
    found = summary(transactions([
        sale("a", "2026-01-05 09:00", 10), sale("a", "2026-01-05 18:00", 20), sale("a", "2026-01-06", 30),
        sale("b", "2026-01-07", 0)]))
    assert (found["a"]["n_occasions"], found["a"]["mean_spend"]) == (2, 30)
    assert found["b"]["n_occasions"] == 0


def test_a_refund_takes_back_the_occasion_of_its_order_whenever_it_came(transactions, summary):
    table = transactions([sale("a", "2026-01-05", 10, order_id="x"), sale("a", "2026-02-01", 5),
                          refund("a", "2026-02-20", 10, "x")])
    found = summary(table)["a"]
    assert (found["n_occasions"], found["first_on"], found["net_sales"]) == (1, date(2026, 2, 1), Decimal(5))


def test_without_amounts_a_day_with_a_sale_is_an_occasion_and_nothing_is_told_of_money(transactions, summary):
    rows = [sale("a", "2026-01-05", 10), sale("a", "2026-01-05", 20), sale("a", "2026-02-06", 30),
            sale("b", "2026-01-07", 5), refund("b", "2026-03-01", 5), refund("c", "2026-03-01", 5)]
    found = summary(transactions(rows).mutate(amount=ibis.null("decimal(18, 4)")))
    assert {who: row["n_occasions"] for who, row in found.items()} == {"a": 2, "b": 1}
    assert {row[name] for row in found.values() for name in ("net_sales", "margin", "mean_spend")} == {None}


def test_a_refund_in_part_leaves_the_occasion(transactions, summary):
    found = summary(transactions([sale("a", "2026-01-05", 10, order_id="x"), refund("a", "2026-02-20", 4, "x")]))["a"]
    assert (found["n_occasions"], found["mean_spend"], found["net_sales"]) == (1, 6, Decimal(6))


def test_a_refund_that_names_no_order_is_money_but_takes_no_occasion_back(transactions, summary):
    found = summary(transactions([sale("a", "2026-01-05", 10), refund("a", "2026-01-05", 10)]))["a"]
    assert (found["n_occasions"], found["net_sales"]) == (1, Decimal(0))


def test_nothing_after_the_cut_off_is_seen_and_scrambling_the_future_changes_nothing(transactions, summary):
    past = [sale("a", "2026-01-05", 10, order_id="x"), sale("b", "2026-03-31 23:59", 7)]
    future = [refund("a", "2026-04-01", 10, "x"), sale("c", "2026-04-02", 99), sale("b", "2027-01-01", 5)]
    scrambled = [refund("b", "2026-05-01", 1), sale("a", "2026-04-01 00:00", 1e6)]
    assert summary(transactions(past)) == summary(transactions(past + future))
    assert summary(transactions(past)) == summary(transactions(past + scrambled))


def test_days_since_first_and_last_are_counted_to_the_cut_off(transactions, summary):
    found = summary(transactions([sale("a", "2026-01-01", 1), sale("a", "2026-03-31", 1)]))["a"]
    assert (found["age_days"], found["recency_days"]) == (89, 0)
    assert summary(transactions([sale("a", "2026-01-01", 1)]), recent_days=90)["a"]["n_recent_occasions"] == 1
    assert summary(transactions([sale("a", "2026-01-01", 1)]), recent_days=89)["a"]["n_recent_occasions"] == 0


def test_margin_takes_unit_costs_where_known_and_the_rate_elsewhere(transactions, summary):
    found = summary(transactions([
        sale("a", "2026-01-05", 10, quantity=2.0, unit_cost=3.0),
        refund("a", "2026-01-09", 5, quantity=1.0, unit_cost=3.0),
        sale("a", "2026-01-10", 100), sale("b", "2026-01-05", 10, unit_cost=3.0)]))
    assert found["a"]["margin"] == Decimal("32.0000")
    assert found["b"]["margin"] == Decimal("3.0000"), "a cost without a quantity is no cost"


def test_refunds_with_a_positive_or_negative_quantity_give_the_cost_back(transactions, summary):
    costs = [summary(transactions([refund("a", "2026-01-09", 5, quantity=q, unit_cost=3.0)]))["a"]["margin"]
             for q in (1.0, -1.0)]
    assert costs == [Decimal(-2), Decimal(-2)]


def test_fees_adjustments_and_lines_without_a_customer_are_left_out(transactions, summary):
    found = summary(transactions([sale("a", "2026-01-05", 10), sale("a", "2026-01-05", 3, kind="fee"),
                                  sale("a", "2026-01-05", 3, kind="adjustment"), sale(None, "2026-01-05", 50)]))
    assert list(found) == ["a"]
    assert found["a"]["net_sales"] == Decimal(10)


def test_customers_with_refunds_only_are_known_but_have_no_occasion(transactions, summary):
    found = summary(transactions([refund("a", "2026-01-09", 5, "before the records")]))["a"]
    assert (found["n_occasions"], found["first_on"], found["recency_days"], found["net_sales"]) == (
        0, None, None, Decimal(-5))


def test_money_adds_up_exactly_where_floats_would_not(transactions, summary):
    found = summary(transactions([sale("a", "2026-01-05", 0.1) for _ in range(10)]))["a"]
    assert found["net_sales"] == Decimal("1.0000")


def test_an_empty_table_has_no_customers_and_no_history(transactions, summary, session_engine):
    table = transactions([])
    assert summary(table) == {}
    assert features.recorded_window(session_engine, table, END) is None


def test_the_history_begins_with_the_first_sale_seen(transactions, session_engine):
    table = transactions([sale("a", "2026-01-05", 1), sale("a", "2027-01-05", 1)])
    found = features.recorded_window(session_engine, table, END)
    assert (found.first_on, found.last_on) == (date(2026, 1, 5), END)
    assert features.recorded_window(session_engine, table, date(2025, 1, 1)) is None


def test_the_summary_equals_pandas_on_a_thousand_random_lines(transactions, summary):
    rng = np.random.default_rng(4)
    frame = pd.DataFrame({"customer_id": rng.integers(0, 60, 1000).astype(str),
                          "amount": rng.integers(0, 900, 1000) / 100,
                          "ordered_at": pd.Timestamp(2025, 1, 1) + pd.to_timedelta(rng.integers(0, 500, 1000), "D")})
    seen = frame[frame["ordered_at"] <= pd.Timestamp(END)]
    days = seen.groupby(["customer_id", "ordered_at"], as_index=False)["amount"].sum().query("amount > 0")
    expected = days.groupby("customer_id").agg(
        n=("amount", "size"), mean=("amount", "mean"), last=("ordered_at", "max"))
    found = summary(transactions(frame))
    assert {c: r["n_occasions"] for c, r in found.items()} == expected["n"].to_dict()
    assert all(found[c]["mean_spend"] == pytest.approx(m) for c, m in expected["mean"].items())
    assert all(found[c]["recency_days"] == (pd.Timestamp(END) - d).days for c, d in expected["last"].items())


@pytest.mark.real_data
def test_cdnow_master_has_its_customers_and_money(cdnow_master, session_engine):
    found = session_engine.arrow(
        features.customer_summary(cdnow_master, date(1998, 6, 30), margin_rate=1.0)
    ).to_pandas()
    assert len(found) == 23_570
    assert found["net_sales"].sum() == Decimal("2500315.63") == found["margin"].sum()


def test_sums_in_a_currency_of_small_units_do_not_stop_the_run(transactions, summary):
    found = summary(transactions([
        sale("a", "2026-01-05", 5_000_000_000),
        sale("b", "2026-01-05", 20_000_000_000, unit_cost=50_000.0, quantity=300_000),
        sale("c", "2026-01-05", 10, unit_cost=1.0001, quantity=0.5)]))
    assert found["a"]["margin"] == Decimal(1_500_000_000)
    assert found["b"]["margin"] == Decimal(5_000_000_000)
    assert found["c"]["margin"] == Decimal("9.4999")  # the cost of a line is rounded, half up
