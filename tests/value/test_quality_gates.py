from datetime import date

import pytest

from helpers.value import quality_gates, revenue_bridge

END = date(2025, 12, 31)


@pytest.fixture
def found(session_engine, transactions):
    def make(rows, n_ranked=100):
        table = transactions(rows)
        base = revenue_bridge.build_revenue_bridge(session_engine, table, END)
        return {g.gate: g for g in quality_gates.value_gates(session_engine, table, END, base, n_ranked, 0.3)}
    return make


def sale(day, amount=10.0, customer="a", **more):
    return {"customer_id": customer, "ordered_at": day, "amount": amount, **more}


COSTED = {"quantity": 1.0, "unit_cost": 4.0}
LONG = [sale(day, **COSTED) for day in ("2022-12-01", "2024-05-01", "2025-05-01")]


def test_a_long_costed_history_crosses_nothing(found):
    assert not [g.gate for g in found(LONG).values() if g.is_crossed]


@pytest.mark.parametrize(("gate", "rows", "n_ranked"), [
    ("history for two periods", [sale("2025-12-31")], 1),
    ("whole year", [sale("2025-03-01"), sale("2025-12-01")], 100),
    ("earlier history", [*LONG[1:], sale("2023-12-01", **COSTED)], 100),
    ("sales without a customer", [*LONG, sale("2025-06-01", 2.0, None)], 100),
    ("unit costs", [*LONG, sale("2025-06-01", 31.0)], 100),
    ("customers ranked", LONG, 29)])
def test_each_gate_is_crossed_by_what_it_guards_against(found, gate, rows, n_ranked):
    crossed = found(rows, n_ranked)[gate]
    assert crossed.is_crossed
    assert crossed.sentence.endswith(".")
    assert gate != "unit costs" or "for the rest margin is 30 % of sales, as the study assumes." in crossed.sentence


def test_a_split_that_does_not_add_up_blocks_the_change(session_engine, transactions):
    table = transactions(LONG)
    base = revenue_bridge.build_revenue_bridge(session_engine, table, END)
    broken = revenue_bridge.RevenueBridge(base.periods, (), base.n_earlier_days)
    checked = quality_gates.value_gates(session_engine, table, END, broken, 100, 0.3)
    crossed = {g.gate: g for g in checked}["parts add up"]
    assert crossed.is_crossed == (base.change != 0)
    shifted = revenue_bridge.RevenueBridge(
        base.periods, (*base.parts, revenue_bridge.BridgePart("x", 1, base.change, base.change + 1)), 400
    )
    assert {g.gate: g for g in quality_gates.value_gates(session_engine, table, END, shifted, 100, 0.3)}[
        "parts add up"
    ].is_crossed


def test_without_customers_there_is_nothing_to_guard(found):
    assert found([], 0) == {}


def test_contracts_alone_have_no_gate_on_purchases(found):
    assert list(found([], 50)) == ["customers ranked"]


def test_a_cohort_that_nobody_joined_since_is_no_company_in_decline(found):
    cohort = [sale(f"2024-01-{i % 28 + 1:02d}", customer=f"c{i}") for i in range(40)]
    closed = found([*cohort, sale("2025-12-01", customer="c1")])["open to new customers"]
    assert closed.is_crossed
    assert closed.sentence.startswith("Nobody is new after 28 January 2024, so that the records follow one cohort")
    joined = found([*cohort, sale("2025-12-01", customer="c99")])["open to new customers"]
    assert not joined.is_crossed
