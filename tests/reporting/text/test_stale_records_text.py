from datetime import date

import pandas as pd
import pytest

from helpers.foundation.results import ORDERS_REACH, Gate, Level, gate_table, taken_over
from helpers.reporting import kpis
from helpers.reporting.run_results import RunResults
from helpers.reporting.text import intake as intake_text
from helpers.reporting.text import leadership as leadership_text
from helpers.reporting.text import leadership_findings as leadership_findings_text
from helpers.reporting.text import stale_records as stale_records_text
from tests.reporting import leading

CLAIMS = "change in revenue, retention, types of loyalty, every number by customer, totals of money and customers"
FOUND = "the newest order is of 30 June 1998, 10,379 days before the as-of date"
NEWEST = date(1998, 6, 30)


def gate(level=Level.STRIKE, is_crossed=True):
    return Gate(ORDERS_REACH, 10_379, 14, is_crossed, level, CLAIMS,
                f"{FOUND}, of which 14 are tolerated; figures of the time since are not reported")


def ended(level=Level.STRIKE):
    told = {f"results/{wing}_gates": gate_table(step, [gate(level)])
            for step, wing in (("01", "intake"), ("03", "loyalty"), ("04", "value"))}
    charts = pd.DataFrame({"is_live": [True], "on": pd.to_datetime(["1998-06-22"]), "alarm": ["high"],
                           "chart": ["complaints"]})
    matrix = pd.DataFrame({"quantity": ["other"], "segment": ["all"]})
    return RunResults(told | {"results/customer_base": leading.base(), "results/loyalty_matrix": matrix,
                           "results/churn_charts": charts}, "USD")


@pytest.mark.parametrize(("level", "expected"), [
    (Level.STRIKE, "The newest order is of 30 June 1998, 10,379 days before the as-of date: figures of the time since "
                   "are not reported and this page tells of 30 June 1998; a run as of 1998-06-30 needs no such "
                   "strike."),
    (Level.QUALIFY, "The newest order is of 30 June 1998, 10,379 days before the as-of date: this page tells of 30 "
                    "June 1998.")])
def test_a_page_whose_orders_end_early_says_of_which_day_it_tells(level, expected):
    assert stale_records_text.stale_records_opening([gate(level)], NEWEST) == (expected,)
    assert stale_records_text.stale_records_opening([], NEWEST) == ()


def test_a_wing_takes_a_crossed_gate_over_as_it_is_and_one_that_holds_not_at_all():
    assert taken_over(gate_table("01", [gate()]), ORDERS_REACH) == (gate(),)
    assert taken_over(gate_table("01", [gate(is_crossed=False)]), ORDERS_REACH) == ()
    assert taken_over(gate_table("01", []), ORDERS_REACH) == ()


def test_period_figures_are_struck_on_the_cards_where_orders_end_long_before_the_date():
    found = kpis.available_kpis(ended()).set_index("quantity")
    assert set(found["status"]) == {"struck"}
    assert {"net_sales_after", "customers_after", "retention_by_count"} <= set(found.index)
    assert found["reason"].str.startswith(FOUND).all()


def test_findings_say_why_there_are_none_where_orders_end_long_before_the_date():
    assert leadership_findings_text.revenue_finding(ended()).startswith(
        f"What made revenue move cannot be said: {FOUND}"
    )
    assert leadership_findings_text.loyalty_finding(ended()).startswith(
        f"Who is loyal, and of which kind, cannot be said: {FOUND}"
    )


def test_a_caveat_that_two_wings_share_is_said_once():
    assert ended(Level.QUALIFY).caveat("results/value_gates", "retention").count("the newest order") == 1


def test_charts_of_a_quarter_long_past_raise_no_alarm_of_today():
    reaching = RunResults({**ended().tables, "results/intake_gates": gate_table("01", [])})
    for results, is_told in ((ended(), False), (reaching, True)):
        assert ("Control charts" in leadership_text.short_lines(results, state="")) == is_told


def test_the_intake_opens_with_what_it_strikes():
    audit = pd.DataFrame([("records", "all", 2.0, "ok"), ("files", "all", 1.0, "ok"), ("rejected", "all", 0.0, "ok")],
                         columns=["quantity", "segment", "value", "status"])
    assert intake_text.intake_answer(audit, gate_table("01", [gate()]))[0].startswith(f"Not reported (failed check): "
                f"{FOUND}")
