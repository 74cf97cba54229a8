import numpy as np
import pandas as pd
import pytest

from helpers.foundation.results import Level, Status
from helpers.pipeline.steps import STEPS
from helpers.reporting import run_results, translation
from tests.reporting import leading


def test_pages_are_those_of_the_steps():
    assert list(run_results.PAGES.items()) == [(step.name, f"{step.stem}.html") for step in STEPS[:-1]]


def test_a_row_that_is_not_there_does_not_apply():
    found = leading.everything()
    for table, quantity, segment in (("results/customer_base", "x", "all"), ("results/nothing", "x", "all"),
                                     ("results/customer_base", "net_sales_change", "reactivated")):
        assert found.estimate(table, quantity, segment).status is Status.NOT_APPLICABLE


def test_a_row_reads_back_as_the_estimate_it_was():
    found = leading.everything().estimate("results/customer_base", "retention_by_count")
    assert (found.value, found.low, found.high, found.unit, found.n) == (0.5, 0.4, 0.6, "share", 40)


def test_of_rows_alike_the_first_is_meant_and_a_table_that_was_changed_is_looked_through_anew():
    row = {"quantity": "x", "segment": "all", "value": 1.0, "low": 0.0, "high": 2.0, "level": 0.95, "unit": "share",
           "n": 3, "status": "ok", "reason": ""}
    found = run_results.RunResults({"results/a": pd.DataFrame([row | {"segment": "b"}, row, row | {"value": 9.0}])})
    assert found.estimate("results/a", "x").value == 1.0
    found.tables["results/a"] = pd.DataFrame([row | {"value": 4.0}])
    assert found.estimate("results/a", "x").value == 4.0


def test_what_is_found_once_is_found_anew_in_another_language():
    found, asked = leading.everything(), []

    def told(results):
        asked.append(results)
        return translation.message("{n} customers", n=len(asked))

    assert found.once(told) == found.once(told)
    with translation.in_language("zh_CN"):
        found.once(told)
    assert asked == [found, found]


def test_missing_texts_and_counts_read_as_empty_and_zero():
    row = {"quantity": "x", "segment": "all", "value": np.nan, "low": np.nan, "high": np.nan, "level": np.nan,
           "unit": None, "n": pd.NA, "status": "insufficient", "reason": None}
    found = run_results.as_estimate(row)
    assert (found.unit, found.n, found.reason) == ("", 0, "")


@pytest.mark.parametrize(("level", "is_crossed", "caveat", "struck"), [
    (Level.QUALIFY, True, " (caution: season was found)", ""), (Level.QUALIFY, False, "", ""),
    (Level.STRIKE, True, "", "season was found"), (Level.BLOCK, True, "", "season was found"),
    (Level.NOTE, True, "", ""),
])
def test_gates_touch_the_claims_that_they_name(level, is_crossed, caveat, struck):
    held = leading.gates("04", leading.gate("season", "change in revenue, retention", level, is_crossed))
    found = leading.results(value_gates=held)
    assert found.caveat("results/value_gates", "retention") == caveat
    assert found.struck("results/value_gates", "retention") == struck
    assert found.caveat("results/value_gates", "margin") == found.struck("results/value_gates", "margin") == ""
    assert found.caveat("results/churn_gates", "retention") == ""


def test_gates_of_the_intake_qualify_what_later_wings_count():
    held = leading.gates("01", leading.gate("each person is one customer", run_results.COUNTS[0]))
    found = leading.everything(intake_gates=held)
    assert found.caveat("results/value_gates", "retention", *run_results.COUNTS) == (
        " (caution: each person is one customer was found)")
    assert (
        found.caveat(run_results.INTAKE_GATES, *run_results.COUNTS)
        == " (caution: each person is one customer was found)"
    )
    assert found.caveat("results/satisfaction_gates", "satisfaction index") == ""


def test_caveats_are_first_clauses_and_at_most_three():
    names = ("Season; it is short", "a", "b", "c", "d")
    held = leading.gates("04", *(leading.gate(name, "retention") for name in names))
    assert leading.results(value_gates=held).caveat("results/value_gates", "retention") == (
        " (caution: season, a was found, b was found and 2 more)")
