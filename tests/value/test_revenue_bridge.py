from datetime import date
from decimal import Decimal

import ibis
import numpy as np
import pandas as pd
import pytest

from helpers.foundation.results import Status
from helpers.simulation.company import simulate_company
from helpers.stats.suppressed_tables import suppressed_rows
from helpers.value import revenue_bridge

END = date(2025, 12, 31)
ONE_EACH = [("new", "2025-05-01", 30), ("retained", "2024-03-01", 10), ("retained", "2025-03-01", 15),
            ("reactivated", "2023-02-01", 7), ("reactivated", "2025-02-01", 8), ("churned", "2024-06-01", 20)]


def bought(*rows):
    return [{"customer_id": c, "ordered_at": day, "amount": amount} for c, day, amount in rows]


def sums(base):
    return {p.segment: (p.n_customers, p.before, p.after) for p in base.parts}


def check(engine, table, base):
    """The parts add up exactly to the change in revenue, counted apart."""
    windows = (base.periods.before, base.periods.after)
    before, after = (revenue_bridge.net_sales_between(engine, table, w.first_on, w.last_on) for w in windows)
    assert base.change == after - before
    assert sum(p.before for p in base.parts) == before


def test_each_customer_falls_into_the_class_of_his_purchases(session_engine, transactions):
    base = revenue_bridge.build_revenue_bridge(session_engine, transactions(bought(*ONE_EACH)), END)
    assert sums(base) == {"new": (1, 0, 30), "retained": (1, 10, 15), "reactivated": (1, 0, 8), "churned": (1, 20, 0)}
    assert base.n_earlier_days == (base.periods.before.first_on - date(2023, 2, 1)).days
    assert base.change == Decimal(23)
    check(session_engine, transactions(bought(*ONE_EACH)), base)


def test_without_earlier_history_the_regained_are_counted_as_new(session_engine, transactions):
    rows = [*(r for r in ONE_EACH if r[1] >= "2024-01-02"), ("retained", "2024-01-02", 1)]
    base = revenue_bridge.build_revenue_bridge(session_engine, transactions(bought(*rows)), END)
    assert base.part("reactivated").n_customers == 0
    assert base.part("new").n_customers == 2
    assert base.n_earlier_days == 0


def test_refunds_and_sales_without_a_customer_stand_apart_and_the_sum_is_exact(session_engine, transactions):
    rows = [*bought(*ONE_EACH), {"customer_id": None, "ordered_at": "2025-01-05", "amount": 3.35},
            {"customer_id": "back", "ordered_at": "2024-12-30", "amount": 50.1, "order_id": "x"},
            {"customer_id": "back", "ordered_at": "2025-01-03", "amount": -50.1, "kind": "refund",
             "refunds_order_id": "x"},
            {"customer_id": "churned", "ordered_at": "2025-01-03", "amount": -0.2, "kind": "refund"},
            {"customer_id": "new", "ordered_at": "2025-05-01", "amount": 4, "kind": "fee"}]
    table = transactions(rows)
    base = revenue_bridge.build_revenue_bridge(session_engine, table, END)
    found = sums(base)
    assert found["refunded only"] == (1, Decimal("50.1"), Decimal("-50.1"))
    assert found["without a customer"] == (0, 0, Decimal("3.35"))
    assert found["churned"] == (1, 20, Decimal("-0.2"))
    check(session_engine, table, base)


def test_a_split_that_does_not_add_up_is_told_from_one_that_does(session_engine, transactions):
    table = transactions(bought(*ONE_EACH))
    base = revenue_bridge.build_revenue_bridge(session_engine, table, END)
    broken = revenue_bridge.RevenueBridge(base.periods, base.parts[1:], base.n_earlier_days)
    with pytest.raises(AssertionError):
        check(session_engine, table, broken)


def test_retention_counts_customers_and_money_of_the_first_period(session_engine, transactions):
    rows = [("a", "2024-01-02", 30), ("a", "2025-03-01", 1), ("b", "2024-03-01", 10), ("c", "2025-03-01", 99)]
    by_count, by_money = revenue_bridge.build_revenue_bridge(
        session_engine, transactions(bought(*rows)), END
    ).retention()
    assert (by_count.value, by_count.n, by_money.value) == (0.5, 2, 0.75)
    assert by_count.low < 0.5 < by_count.high
    assert by_money.low < 0.75 < by_money.high


def test_the_interval_of_retention_by_money_is_that_of_a_bootstrap(session_engine, transactions):
    rng = np.random.default_rng(3)
    money, kept = rng.lognormal(3, 1, 600).round(2), rng.random(600) < 0.6
    rows = [(f"{i:04d}", "2024-05-01", m) for i, m in enumerate(money)]
    rows += [(f"{i:04d}", "2025-05-01", 5) for i in np.flatnonzero(kept)]
    by_money = revenue_bridge.build_revenue_bridge(session_engine, transactions(bought(*rows)), END).retention()[1]
    draws = rng.integers(0, 600, (4000, 600))
    again = (money * kept)[draws].sum(axis=1) / money[draws].sum(axis=1)
    assert by_money.value == pytest.approx((money * kept).sum() / money.sum())
    assert (by_money.low, by_money.high) == pytest.approx(np.quantile(again, [0.025, 0.975]), abs=0.006)


def test_nobody_in_the_first_period_leaves_retention_unknown(session_engine, transactions):
    rows = [("a", "2023-03-01", 1), ("b", "2025-03-01", 10), ("c", "2024-03-01", 10)]
    for found in revenue_bridge.build_revenue_bridge(session_engine, transactions(bought(*rows)), END).retention():
        assert found.status is Status.INSUFFICIENT
        assert "fewer than two" in found.reason


@pytest.mark.parametrize(("rows", "status", "reason"), [
    ([], Status.NOT_APPLICABLE, "no transactions"),
    ([("a", "2025-12-31", 10)], Status.INSUFFICIENT, "the history has 1 day,"),
    ([("a", "2025-11-10", 10)], Status.INSUFFICIENT, "the history has 52 days,")])
def test_a_history_too_short_says_so_in_every_row(session_engine, transactions, rows, status, reason):
    base = revenue_bridge.build_revenue_bridge(session_engine, transactions(bought(*rows)), END)
    table = base.table()
    assert set(table["status"]) == {status}
    assert table["reason"].str.startswith(reason).all()
    assert base.split().empty
    assert base.change == 0


def test_the_long_table_holds_counts_money_retention_and_the_length_of_the_period(session_engine, transactions):
    table = revenue_bridge.build_revenue_bridge(session_engine, transactions(bought(*ONE_EACH)), END).table()
    values = table.set_index(["quantity", "segment"])["value"]
    assert not table.duplicated(["quantity", "segment"]).any()
    assert values["customers", "retained"] == 1
    assert (values["customers_before", "all"], values["customers_after", "all"]) == (2, 3)
    assert values["net_sales_change", "all"] == 23
    assert values["period_length", "all"] == 365


def test_the_simulated_company_adds_up_to_the_cent(session_engine, transactions):
    table = transactions(simulate_company(customers=300).tables["canonical/transactions"])
    base = revenue_bridge.build_revenue_bridge(session_engine, table, END)
    check(session_engine, table, base)
    assert base.change != 0


@pytest.mark.real_data
def test_online_retail_adds_up_to_the_cent(session_engine, online_retail):
    base = revenue_bridge.build_revenue_bridge(session_engine, online_retail, date(2011, 12, 9))
    check(session_engine, online_retail, base)
    assert base.periods.after.n_days == 187
    assert base.part("without a customer").after > 0
    whole = revenue_bridge.net_sales_between(session_engine, online_retail, date(2010, 12, 1), date(2011, 12, 9))
    assert whole == Decimal("9747747.9340")


def test_split_is_a_table_for_reading(session_engine, transactions):
    many = [(f"{c}{i}", day, amount) for c, day, amount in ONE_EACH for i in range(12)]
    split = revenue_bridge.build_revenue_bridge(session_engine, transactions(bought(*many)), END).split()
    assert split["class"].tolist() == ["new", "retained", "reactivated", "churned"]
    assert split["change"].sum() == 12 * 23
    assert isinstance(split, pd.DataFrame)


def test_below_the_classes_the_whole_tells_no_small_one_less_the_others(session_engine, transactions):
    many = [(f"{c}{i}", day, amount) for c, day, amount in ONE_EACH for i in range(12)]
    whole = revenue_bridge.build_revenue_bridge(session_engine, transactions(bought(*many)), END)
    last = whole.table_of_parts().iloc[-1]
    assert (last["class"], last["n_customers"], last["change"]) == ("all", 48, float(whole.change))
    without = [r for r in many if r[0] not in {"new0", "new1", "new2"}]
    few = revenue_bridge.build_revenue_bridge(session_engine, transactions(bought(*without)), END)
    table = few.table_of_parts()
    assert table["class"].iloc[-1] == "all"
    assert not suppressed_rows(table).any()
    assert pd.isna(table["n_customers"].iloc[-1])
    together = table[table["class"].str.endswith(" together")]
    assert together["n_customers"].tolist() == [9 + 12]  # the new, of whom there are nine, are told with others only
    assert "new" not in set(table["class"])
    assert table["change"].iloc[:-1].sum() == pytest.approx(float(few.change))


def test_few_reactivated_are_bounded_beside_the_many_new(session_engine, transactions):
    many = [(f"{c}{i}", day, amount) for c, day, amount in ONE_EACH for i in range(40)]
    few = [r for r in many if not r[0].startswith("reactivated") or r[0] < "reactivated12"]
    told = revenue_bridge.build_revenue_bridge(session_engine, transactions(bought(*few)), END).table()
    bound = told.set_index("quantity").loc["reactivated_below"]
    assert (bound["value"], bound["n"]) == (10, 44)
    assert "new" in set(told.loc[told["is_withheld"].astype("bool"), "segment"])
    enough = revenue_bridge.build_revenue_bridge(session_engine, transactions(bought(*many)), END).table()
    assert "reactivated_below" not in set(enough["quantity"])


def test_a_handful_of_new_customers_costs_the_total_of_the_period_and_not_the_retention_rate(
    session_engine, transactions
):
    many = [(f"{c}{i}", day, amount) for c, day, amount in ONE_EACH for i in range(40) if c in ("retained", "churned")]
    others = ("new", "2025-05-01", 3), ("gone before", "2023-02-01", 1)
    base = revenue_bridge.build_revenue_bridge(session_engine, transactions(bought(*many, *others)), END)
    assert base.withheld() == {"new"}
    table = base.table().set_index(["quantity", "segment"])
    told = table[~table["is_withheld"].astype("bool")]
    assert told.loc[("retention_by_count", "all"), "value"] == 0.5
    assert told.loc[("customers_before", "all"), "value"] == 80
    assert ("customers_after", "all") not in told.index
    assert 41 not in set(told["n"])
    assert pd.isna(base.table_of_parts()["n_customers"].iloc[-1])


def test_without_amounts_customers_are_counted_and_no_net_sales_are_told(session_engine, transactions):
    many = [(f"{who}{i}", day, amount) for who, day, amount in ONE_EACH for i in range(20)]
    rows = transactions(bought(*many))
    base, priced = (revenue_bridge.build_revenue_bridge(session_engine, table, END) for table in (
        rows.mutate(amount=ibis.null("decimal(18, 4)")), rows))
    assert [p.n_customers for p in base.parts] == [p.n_customers for p in priced.parts]
    assert base.retention()[0] == priced.retention()[0]
    assert base.retention()[1].reason == revenue_bridge.NO_MONEY
    told = base.table().set_index("quantity")["value"]
    assert told[told.index.str.startswith("net_sales")].isna().all()
    assert base.split()[["before", "after", "change"]].isna().all(axis=None)
    assert base.split()["n_customers"].tolist() == [20, 20, 20, 20]


def test_who_paused_for_a_whole_period_is_reactivated_in_thirds_and_no_other_customer(session_engine, transactions):
    rows = [(f"back {i}", day, 5) for i in range(12) for day in ("2025-03-10", "2025-11-10")]
    rows += [(f"stayed {i}", day, 5) for i in range(15) for day in ("2025-03-10", "2025-08-01", "2025-11-10")]
    rows += [(f"new {i}", "2025-12-01", 5) for i in range(20)] + [(f"gone {i}", "2025-03-10", 5) for i in range(11)]
    table = transactions(bought(*rows))
    back = revenue_bridge.reactivated_within(session_engine, table, END, 100)
    assert (back.value, back.n, back.segment) == (12, 47, "latest 100 days")
    few = transactions(bought(*[row for row in rows if row[0] not in ("back 1", "back 2", "back 3")]))
    assert revenue_bridge.reactivated_within(session_engine, few, END, 100) is None
