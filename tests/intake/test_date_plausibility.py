"""The day that a delivery speaks for, rows of other times, and tables that end long before it."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from helpers.foundation.results import ORDERS_REACH, Level, estimate_table
from helpers.intake import audit_report, date_plausibility
from helpers.intake import delivery as delivery_module

HEADER = "id,customer,day,amount\n"
FIRST, LAST = date(2024, 12, 1), date(2024, 12, 30)
DAILY = tuple((FIRST + timedelta(i), 2) for i in range(30))
SURVEY = {"respondents": {"from": "answers", "columns": {"response_id": "no", "customer_id": "who",
                                                         "responded_at": "day"}},
          "responses": {"from": "answers", "columns": {"response_id": "no", "item": "'nps'", "score": "nps"}}}
ORDERS = {"transactions": {"from": "orders", "columns": {
    "order_id": "id", "customer_id": "customer", "ordered_at": "day", "kind": "'sale'", "amount": "amount"}}}


def orders(small, *more):
    """Write an order a day for thirty days, and further ones."""
    days = [FIRST + timedelta(i) for i in range(30)] + list(more)
    small.file("orders.csv", HEADER + "".join(f"{i},c{i % 7},{day},1\n" for i, day in enumerate(days)))


def gate(small, delivery, name):
    return next(g for g in audit_report.intake_gates(delivery, small.engine) if g.gate == name)


def counted(small, delivery):
    found = estimate_table(audit_report.audit_table(delivery, small.engine)).set_index(["quantity", "segment"])["value"]
    return [int(found[quantity, "all"]) for quantity in ("records", "accepted", "rejected", "not yet")]


@pytest.mark.parametrize(
    ("day", "reason"),
    [
        ("2205-11-30", date_plausibility.FUTURE),
        ("9999-12-31", date_plausibility.FUTURE),
        ("2025-12-01", date_plausibility.ISOLATED),
        ("1900-01-01", date_plausibility.ISOLATED),
        ("0001-01-01", date_plausibility.ISOLATED),
    ],
)
def test_one_order_line_of_another_time_does_not_move_the_runs_date_nor_the_history(small, day, reason):
    orders(small, day)
    delivery = small.delivery()
    assert delivery.as_of_on == LAST
    assert delivery.spans["transactions"] == (FIRST, LAST)
    assert small.rejected(delivery) == [("orders.csv", 31, reason)]
    found = gate(small, delivery, "dates are those of the run")
    assert (found.statistic, found.is_crossed) == (1, True)
    assert f"transactions: 1 row {reason} ({day})" in found.sentence


def test_the_runs_day_is_the_limit_and_can_be_given(small):
    orders(small)
    delivery = delivery_module.read_delivery(small.profile(), small.engine, str(small.folder), today=date(2024, 12, 20))
    assert delivery.as_of_on == date(2024, 12, 20)
    assert counted(small, delivery) == [30, 20, 10, 0]
    assert "10 rows dated after the run's day" in gate(small, delivery, "dates are those of the run").sentence


def test_a_record_of_each_fate_is_counted_once(small):
    orders(small, "2205-11-30", "soon")
    delivery = small.delivery("2024-12-20")
    assert counted(small, delivery) == [32, 20, 2, 10]
    assert "2 of 22 records are rejected" in gate(small, delivery, "few records are rejected").sentence
    assert small.rejected(delivery) == [("orders.csv", 31, date_plausibility.FUTURE),
                                        ("orders.csv", 32, "ordered_at is not readable as a time")]


def test_declared_totals_count_the_rows_that_are_not_yet(small):
    orders(small, "2205-11-30")
    control = {"name": "sales", "table": "transactions", "expression": "amount", "expected": Decimal(31)}
    assert small.delivery("2024-12-20", control=[control]).controls[0].is_met


def test_the_date_is_that_of_what_happened_and_what_came_later_is_not_yet(small):
    orders(small)
    small.file("people.csv", "no,day\nc1,2024-12-05\nc2,2025-03-01\n")
    joined = {"customers": {"from": "people", "columns": {"customer_id": "no", "joined_on": "day"}}}
    delivery = small.delivery(files={n: {"path": f"{n}.csv"} for n in ("orders", "people")}, tables=ORDERS | joined)
    assert delivery.as_of_on == LAST
    assert small.rejected(delivery) == []
    assert counted(small, delivery) == [32, 31, 0, 1]


def test_answers_are_not_yet_where_their_respondents_are_not(small):
    small.file("answers.csv", "no,who,day,nps\n1,a,2024-12-01,9\n2,b,2024-12-25,3\n")
    delivery = small.delivery("2024-12-20", files={"answers": {"path": "answers.csv"}}, tables=SURVEY)
    assert small.rows(delivery.tables["canonical/responses"], "response_id") == [{"response_id": "1"}]
    assert counted(small, delivery) == [2, 1, 0, 1]


def test_a_company_with_one_transaction_or_two_far_apart_has_no_rhythm_and_keeps_them(small):
    for days in (["2024-05-01"], ["2004-05-01", "2024-05-01"]):
        small.file("orders.csv", HEADER + "".join(f"{i},a,{day},1\n" for i, day in enumerate(days)))
        delivery = small.delivery()
        assert (delivery.as_of_on, small.rejected(delivery)) == (date(2024, 5, 1), [])


def test_a_slow_start_and_a_season_are_not_isolated():
    start = ((date(2023, 6, 1), 1), *DAILY)
    assert date_plausibility.plausible_bounds(start) == (None, None)
    winters = tuple((date(year, 1, 1) + timedelta(i), 5) for year in (2022, 2023, 2024) for i in range(60))
    assert date_plausibility.plausible_bounds((*winters, (date(2025, 1, 1), 5))) == (None, None)


def test_many_rows_are_not_isolated_however_far_they_lie():
    assert date_plausibility.plausible_bounds((*DAILY, (date(2026, 1, 1), 20))) == (None, None)


@pytest.mark.parametrize(
    ("days", "limit"),
    [
        (DAILY, 14),
        (DAILY[::7], date_plausibility.YEAR_DAYS),
        (tuple((FIRST + timedelta(30 * i), 9) for i in range(12)), 60),
    ],
)
def test_the_longest_pause_of_the_last_year_makes_the_limit(days, limit):
    assert date_plausibility.rhythm_limit(days) == limit


def test_old_orders_are_struck_where_a_date_is_asked_for_and_the_run_does_not_stop(small):
    orders(small)
    fresh, old = gate(small, small.delivery("2025-01-13"), ORDERS_REACH), small.delivery("2026-11-29")
    assert not fresh.is_crossed
    found = gate(small, old, ORDERS_REACH)
    assert (found.is_crossed, found.level, found.statistic) == (True, Level.STRIKE, 699)
    assert found.sentence.startswith(
        "the newest order that counts is of 30 December 2024, 699 days before the as-of date")
    audit_report.stop_if_blocked(audit_report.intake_gates(old, small.engine))


def test_an_age_that_the_profile_allows_is_not_too_old(small):
    orders(small)
    assert not gate(small, small.delivery("2025-02-28", max_age_days=60), ORDERS_REACH).is_crossed
    assert gate(small, small.delivery("2025-02-28"), ORDERS_REACH).is_crossed


def test_orders_that_end_before_the_answers_do_are_qualified_and_read_as_of_their_own_day(small, shop):
    from helpers.pipeline import registry

    orders(small)
    small.file("answers.csv", "no,who,day,nps\n1,a,2024-12-01,9\n2,b,2025-02-15,3\n")
    delivery = small.delivery(files={n: {"path": f"{n}.csv"} for n in ("orders", "answers")}, tables=ORDERS | SURVEY)
    assert delivery.as_of_on == date(2025, 2, 15)
    assert gate(small, delivery, ORDERS_REACH).level is Level.QUALIFY
    workspace = registry.open_workspace("shop").cleared()
    workspace.engine = small.engine
    delivery.write(workspace)
    again = registry.open_workspace("shop")
    assert (again.as_of_on, again.covered_on("transactions")) == (date(2025, 2, 15), LAST)
    assert again.covered_on("respondents") == again.covered_on() == date(2025, 2, 15)


CONTRACTS = {"subscriptions": {"from": "contracts", "columns": {
    "subscription_id": "id", "customer_id": "id", "started_on": "start", "has_ended": '"end" is not null',
    "ended_on": '"end"'}}}


@pytest.mark.parametrize(("declared", "asked", "as_of"), [
    ("2024-06-30", "", "2024-06-30"), ("", "", "2024-04-01"), ("2024-06-30", "2024-05-31", "2024-05-31")])
def test_a_declared_day_counts_where_only_starts_are_dated(small, declared, asked, as_of):
    small.file("contracts.csv", "id,start,end\na,2023-01-01,\nb,2024-04-01,2024-12-31\n")
    told = small.profile(as_of=declared, files={"contracts": {"path": "contracts.csv"}}, tables=CONTRACTS)
    assert str(delivery_module.read_delivery(told, small.engine, str(small.folder), asked).as_of_on) == as_of


def test_a_declared_day_does_not_hold_back_what_happened_later(small):
    small.file("orders.csv", "id,customer,day,amount\n1,a,2025-03-01,5\n")
    told = small.profile(as_of="2025-01-31")
    assert str(delivery_module.read_delivery(told, small.engine, str(small.folder)).as_of_on) == "2025-03-01"
