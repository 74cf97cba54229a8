from decimal import Decimal

import pandas as pd
import pytest

from helpers.foundation.errors import GateError, InputError
from helpers.foundation.results import (
    NOBODYS_SALES,
    Gate,
    Level,
    estimate_table,
    gate_table,
    in_place,
    taken_over,
)
from helpers.intake import audit_report, reconciliation
from helpers.intake import delivery as delivery_module
from helpers.pipeline import registry
from helpers.reporting.text import intake as intake_text

HEADER = "id,customer,day,amount\n"
COLUMNS = {"order_id": "id", "customer_id": "customer", "ordered_at": "day", "amount": "amount",
           "kind": "case when amount < 0 then 'refund' else 'sale' end"}
ORDERS = {"from": "orders", "columns": COLUMNS}
ROWS = HEADER + "1,a,2025-01-01,5.10\n2,b,2025-01-02,6\n3,a,2025-01-03,-1\n4,,2025-01-03,2\n5,c,x,7\n"


def quantities(small, delivery):
    frame = estimate_table(audit_report.audit_table(delivery, small.engine))
    return frame.set_index(["quantity", "segment"])["value"]


def gate(small, delivery, name):
    return next(g for g in audit_report.intake_gates(delivery, small.engine) if g.gate == name)


@pytest.fixture
def delivery(small):
    small.file("orders.csv", ROWS)
    return small.delivery(tables={"transactions": ORDERS})


def test_records_are_accepted_or_rejected_with_their_money(small, delivery):
    found = quantities(small, delivery)
    assert list(found[["records", "accepted", "rejected"]].xs("all", level="segment")) == [5, 4, 1]
    assert found["accepted money", "all"] == pytest.approx(12.10)
    assert found["rejected money because", "ordered_at is not readable as a time"] == 7


def test_the_finance_line_adds_up(small, delivery):
    found = quantities(small, delivery)
    assert found["net sales", "all"] == pytest.approx(found["sales", "all"] + found["refunds", "all"])
    assert (found["orders", "all"], found["customers with orders", "all"]) == (4, 2)


def test_anonymous_sales_are_counted_with_their_money(small, delivery):
    found = quantities(small, delivery)
    assert (found["anonymous order lines", "accepted"], found["anonymous money", "accepted"]) == (1, 2)


def test_money_that_is_rejected_for_want_of_a_customer_is_no_money_of_customers(small, delivery):
    assert NOBODYS_SALES not in {g.gate for g in audit_report.intake_gates(delivery, small.engine)}  # others see them
    reject = [{"where": "customer is null", "reason": "no customer id"}]
    left_out = small.delivery(tables={"transactions": {**ORDERS, "reject": reject}})
    found = gate(small, left_out, NOBODYS_SALES)
    assert (found.is_crossed, found.level, found.statistic) == (True, Level.QUALIFY, pytest.approx(2 / 14.10))
    assert found.sentence == "14.2 % of the money in sales and refunds has no customer; up to 5 % is tolerated"
    own = Gate(NOBODYS_SALES, 0.0, 0.05, False, Level.QUALIFY, "every number by customer", "")
    assert in_place([own], taken_over(gate_table("01", [found]), NOBODYS_SALES))[0].is_crossed
    assert in_place([own], ()) == (own,)


def test_anonymous_sales_that_a_profile_rejects_are_still_counted(small):
    small.file("orders.csv", ROWS)
    reject = [{"where": "customer is null", "reason": "no customer id"}]
    found = quantities(small, small.delivery(tables={"transactions": {**ORDERS, "reject": reject}}))
    assert (found["anonymous order lines", "rejected"], found["anonymous money", "rejected"]) == (1, 2)
    assert (found["anonymous order lines", "accepted"], found["anonymous money", "accepted"]) == (0, 0)


def test_coverage_is_the_share_of_all_known_customers(small):
    small.file("orders.csv", ROWS)
    small.file("people.csv", "no\na\nd\n")
    found = quantities(small, small.delivery(
        files={"orders": {"path": "orders.csv"}, "people": {"path": "people.csv"}},
        tables={"transactions": ORDERS, "customers": {"from": "people", "columns": {"customer_id": "no"}}}))
    assert found["customers", "all"] == 3
    assert found["share of customers", "with orders"] == pytest.approx(2 / 3)


def test_history_and_age_are_in_days(small):
    small.file("orders.csv", ROWS)
    found = quantities(small, small.delivery(as_of="2025-01-10", tables={"transactions": ORDERS}))
    assert found["history", "transactions"] == 3
    assert found["age of the newest row", "transactions"] == 7


def test_a_source_without_sales_says_so_instead_of_zero(small):
    small.file("orders.csv", "no\na\n")
    frame = estimate_table(audit_report.audit_table(small.delivery(tables={"customers": {
        "from": "orders", "columns": {"customer_id": "no"}}}), small.engine))
    row = frame[frame["quantity"] == "net sales"].iloc[0]
    assert (row["status"], row["reason"]) == ("not_applicable", "no transactions were delivered")


@pytest.mark.parametrize(("n_others", "level"), [(2, Level.QUALIFY), (99, Level.NOTE)])
def test_people_known_under_two_ids_are_counted_and_qualify_where_they_are_many(small, monkeypatch, n_others, level):
    monkeypatch.setenv("LOYALTY_HASH_KEY", "k")
    others = "".join(f"{i},{i}@y.z\n" for i in range(n_others))
    small.file("orders.csv", f"no,mail\na,x@y.z\nb,X@y.z\nc,q@y.z\n{others}")
    delivery = small.delivery(
        files={"orders": {"path": "orders.csv", "mask": {"person_key": ["mail"]}}},
        tables={"customers": {"from": "orders", "columns": {
            "customer_id": "no", "person_key": {"from": "person_key", "type": "text"}}}})
    assert quantities(small, delivery)["customers known twice", "all"] == 1
    found = gate(small, delivery, "each person is one customer")
    assert (found.is_crossed, found.level) == (True, level)


def test_consent_is_counted_by_purpose_and_channel(small):
    small.file("orders.csv", "c,p,h,a,b\n1,news,mail,2024-01-01,\n2,news,mail,2024-01-01,2024-05-01\n")
    found = quantities(small, small.delivery(tables={"consents": {"from": "orders", "columns": {
        "customer_id": "c", "purpose": "p", "channel": "h", "from_on": "a", "to_on": "b"}}}, as_of="2025-01-01"))
    assert found["share with consent", "news by mail"] == .5


def test_unreadable_values_are_counted_apart(small, delivery):
    found = gate(small, delivery, "values are readable")
    assert (found.statistic, found.is_crossed, found.level) == (1, True, Level.NOTE)


def test_many_rejected_records_qualify_totals(small, delivery):
    assert gate(small, delivery, "few records are rejected").is_crossed
    assert "1 of 5 records are rejected" in gate(small, delivery, "few records are rejected").sentence


CONTROL = {"name": "net sales", "table": "transactions", "expression": "amount"}


def test_a_control_is_met_exactly_or_the_run_stops(small):
    small.file("orders.csv", ROWS)
    met = small.delivery(tables={"transactions": ORDERS}, control=[{**CONTROL, "expected": Decimal("12.1")}])
    audit_report.stop_if_blocked(audit_report.intake_gates(met, small.engine))
    missed = small.delivery(tables={"transactions": ORDERS}, control=[{**CONTROL, "expected": Decimal("12.11")}])
    with pytest.raises(GateError, match=r"'net sales' is not met: found 12.1, declared 12.11"):
        audit_report.stop_if_blocked(audit_report.intake_gates(missed, small.engine))


def test_a_control_may_have_conditions_and_aggregates(small):
    small.file("orders.csv", ROWS)
    delivery = small.delivery(tables={"transactions": ORDERS}, control=[
        {"name": "ids", "file": "orders", "expression": "count(distinct customer)", "expected": 3},
        {"name": "refunds", "table": "transactions", "expression": "amount", "where": "kind = 'refund'",
         "expected": -1}])
    assert [c.is_met for c in delivery.controls] == [True, True]


def test_a_control_over_nothing_is_zero(small):
    small.file("orders.csv", ROWS)
    delivery = small.delivery(tables={"transactions": ORDERS}, control=[
        {**CONTROL, "where": "kind = 'fee'", "expected": 0}])
    assert delivery.controls[0].is_met


def test_old_data_stop_the_run_only_above_the_declared_limit(small):
    small.file("orders.csv", ROWS)
    for limit, as_of, is_crossed in ((7, "2025-01-10", False), (6, "2025-01-10", True), (0, "", False)):
        delivery = small.delivery(as_of, tables={"transactions": ORDERS}, max_age_days=limit)
        assert gate(small, delivery, "data are fresh").is_crossed == is_crossed
    old = small.delivery("2025-01-10", tables={"transactions": ORDERS}, max_age_days=6)
    with pytest.raises(GateError, match="the newest row is of 2025-01-03, 7 days before 2025-01-10; the limit is 6"):
        audit_report.stop_if_blocked(audit_report.intake_gates(old, small.engine))


def test_nothing_readable_stops_the_run_even_where_no_date_is_known(small):
    small.file("orders.csv", HEADER + "1,a,x,y\n")
    undated = small.profile(tables={"transactions": ORDERS}, max_age_days=3).model_copy(update={"as_of": ""})
    delivery = delivery_module.read_delivery(undated, small.engine, str(small.folder))
    assert delivery.as_of_on is None
    with pytest.raises(GateError, match="0 of 1 records are accepted"):
        audit_report.stop_if_blocked(audit_report.intake_gates(delivery, small.engine))


@pytest.mark.parametrize("content", [HEADER, HEADER + "broken\n", HEADER + "1,a,x,y\n"])
def test_nothing_readable_stops_the_run(small, content):
    small.file("orders.csv", content)
    delivery = small.delivery(tables={"transactions": ORDERS})
    with pytest.raises(GateError, match=r"0 of \d records are accepted; at least 1 is needed"):
        audit_report.stop_if_blocked(audit_report.intake_gates(delivery, small.engine))


def test_conservation_is_proved_and_fails_loudly(small, delivery):
    made, = delivery.made
    lost = type(made)(made.name, made.accepted.limit(1), made.refused, 1, {}, {}, made.from_)
    with pytest.raises(InputError, match="of 5 rows are accounted for"):
        reconciliation.reconcile(delivery.landed, [lost], small.engine)


def test_everything_is_written_and_the_date_is_settled(small, delivery, shop):
    workspace = registry.open_workspace("shop").cleared()
    workspace.engine = small.engine
    said = delivery.write(workspace)
    assert said[0].startswith("canonical/transactions: 4 ×")
    assert workspace.as_of_on.isoformat() == "2025-01-03"
    rejected = workspace.frame("rejected/records")
    assert isinstance(rejected, pd.DataFrame)
    assert rejected.loc[0, "reasons"] == "ordered_at is not readable as a time"


def test_all_tables_are_equal_whatever_the_threads(small, monkeypatch):
    from helpers.foundation.engine import Engine
    small.file("orders.csv", HEADER + "".join(f"{i % 50},{i % 7},2025-01-0{i % 9 + 1},{i / 7:.3f}\n"
                                              for i in range(3000)))
    found = []
    for threads in ("1", "2"):
        monkeypatch.setenv("LOYALTY_THREADS", threads)
        small.engine = Engine()
        table = small.delivery(tables={"transactions": ORDERS}).tables["canonical/transactions"]
        found.append(small.rows(table.order_by(["order_id", "line"])))
    assert found[0] == found[1]


def test_entries_of_a_ledger_are_no_survey_answers(small):
    small.file("points.csv", "id,day,earned,redeemed\na,2025-01-01,5,0\n")
    delivery = small.delivery(files={"points": {"path": "points.csv"}}, tables={"points": {
        "from": "points", "unpivot": {"columns": ["earned", "redeemed"]}, "where": "answer > 0",
        "columns": {"customer_id": "id", "entered_at": "day", "kind": "'earn'", "points": "answer"}}})
    assert delivery.counts == {"points": 1}
    assert "survey answers" not in {e.quantity for e in audit_report.audit_table(delivery, small.engine)}


def test_a_page_says_which_key_is_a_time_and_which_table_loses_many_rows(small):
    small.file("orders.csv", "id,customer,day,amount\n" + "".join(
        f"{i},c{i},2025-01-0{1 + i // 2},5\n" for i in range(8)))
    found = small.delivery(tables={
        "transactions": ORDERS, "respondents": {"from": "orders", "columns": {"response_id": "day"}}})
    crossed = {g.gate: g for g in audit_report.intake_gates(found, small.engine) if g.is_crossed}
    assert {name: (str(g.level), g.sentence) for name, g in crossed.items()} == {
        "few rows of respondents are rejected": (
            "qualify", "4 of 8 rows of respondents are rejected; above 5 % figures from them carry that caveat"),
        "respondents.response_id identifies": (
            "qualify", "respondents.response_id is a time, so different records of the same moment are rejected as "
            "repeats, as 4 of 8 rows are")}
    assert crossed["few rows of respondents are rejected"].claims == "every measure"


def test_orders_without_money_are_counted_and_no_net_sales_are_told(small):
    small.file("orders.csv", "id,customer,day\n1,a,2025-01-01\n2,b,2025-01-02\n3,,2025-01-02\n")
    delivery = small.delivery(tables={"transactions": {**ORDERS, "columns": {
        name: "'sale'" if name == "kind" else told for name, told in COLUMNS.items() if name != "amount"}}})
    found = estimate_table(audit_report.audit_table(delivery, small.engine))
    values = found.set_index(["quantity", "segment"])["value"]
    assert (values["orders", "all"], values["customers with orders", "all"]) == (3, 2)
    assert values["anonymous order lines", "accepted"] == 1
    assert not found["unit"].eq("money").any() or found.loc[found["unit"] == "money", "value"].isna().all()
    assert intake_text.finance_line(found) == "3 orders of 2 customers; no money is recorded with them."
    assert intake_text.anonymous_sales(found) == "Sales without a known customer: 1 order line in the tables."
    assert intake_text.profile_definitions(delivery.profile)[0].startswith("No money is recorded with an order line")
