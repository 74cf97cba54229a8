import json
from dataclasses import replace

import pandas as pd
import pytest

from helpers.foundation import folders
from helpers.foundation.workspace import Workspace
from helpers.reporting import definitions_log, kpi_history
from helpers.reporting.change_since_last_run import RunIdentity
from helpers.reporting.definitions_log import Report
from helpers.reporting.schema import DEFINITIONS, HISTORY, KPIS

BEFORE = RunIdentity("2025-09-30-1", "2025-09-30", "EUR", {"horizon_days": 90}, {"value": {"period_days": 365}})

AFTER = RunIdentity("2025-12-31-1", "2025-12-31", "EUR", {"horizon_days": 60}, {"value": {"period_days": 180}})


def sales(*values):
    days = pd.to_datetime(["2025-06-30", "2025-09-30"])
    return pd.DataFrame({"figure": kpi_history.SALES, "on": days[:len(values)], "unit": "money", "value": values})


def log(before, after, later=AFTER):
    rows = definitions_log.redefinition_rows(Report(replace(BEFORE, revision="a"), before), Report(later, after))
    return pd.DataFrame(rows, columns=list(DEFINITIONS.names))


def test_figures_of_the_same_day_that_differ_are_what_a_redefinition_moved():
    rows = log(sales(1000.0, 2000.0), sales(1000.0, 2500.0))
    assert rows[["n_compared", "n_moved", "value_before", "value_after"]].to_numpy().tolist() == [[2, 1, 2000, 2500]]
    assert rows["redefined"].tolist() == ["section [value] of the study has changed; horizon_days was 90 and is 60"]
    assert definitions_log.moved_figures(rows, "EUR") == (
        "1 of 2 figures that both reports give for the same day differ, by at most 25.0 %: net sales of the quarter "
        "(30 September 2025): €2,000 in the earlier report, €2,500 in the later one. What was redefined may have moved "
        "them, and so may records that were changed or came late.")


@pytest.mark.parametrize(("revision", "told"), [
    ("", "As neither a definition nor the program was changed, records that were changed or came late moved them."),
    ("b", "As no definition was changed, records that were changed or came late moved them, or the program, which was "
          "changed; these two cannot be told apart.")])
def test_what_moved_though_no_definition_was_changed_names_what_may_have_moved_it(revision, told):
    rows = log(sales(1000.0), sales(1001.0), replace(BEFORE, run="later", as_of="2025-12-31", revision=revision))
    assert definitions_log.moved_figures(rows, "EUR").endswith(told)
    assert definitions_log.moved_figures(rows, "EUR", is_brief=True).endswith(("below names it.", "below names them."))


def test_the_figures_that_moved_most_are_named_and_the_others_counted():
    quarters = pd.date_range("2025-03-31", periods=3, freq="QE")
    before, after = (pd.DataFrame({"figure": kpi_history.SALES, "on": quarters, "unit": "money", "value": values})
                     for values in ([100.0, 100.0, 100.0], [110.0, 150.0, 120.0]))
    said = definitions_log.moved_figures(log(before, after), "EUR")
    assert said.index("€150") < said.index("€120")
    assert "and 1 more" in said


def test_figures_that_did_not_move_are_counted():
    rows = log(sales(1000.0, 2000.0), sales(1000.0, 2000.0))
    assert definitions_log.moved_figures(rows) == (
        "The 2 figures that both reports give for the same day are the same in both.")


def test_reports_without_a_day_in_common_say_nothing_of_what_moved():
    rows = log(sales(1000.0), sales(1000.0, 2000.0).tail(1))
    assert definitions_log.moved_figures(rows) == ""
    assert definitions_log.definitions_reading_table(rows)["moved"].tolist() == [
        "No figure is given for the same day by both reports."]


def test_the_log_reads_from_the_latest_report_back_and_says_where_nothing_was_redefined():
    later = replace(BEFORE, run="2025-10-31-1", as_of="2025-10-31")
    again = log(sales(1.0), sales(1.0), replace(BEFORE, run="2025-09-30-2"))  # says the same of the same day
    rows = pd.concat([again, log(sales(1.0), sales(1.0), later), log(sales(1.0), sales(2.0))])
    table = definitions_log.definitions_reading_table(rows, "EUR")
    assert table["redefined"].tolist() == ["Section [value] of the study has changed; horizon_days was 90 and is 60",
                                           "No definition was changed."]
    assert definitions_log.definitions_title(rows) == "From 1 of 2 reports to the next a definition was changed"
    assert definitions_log.definitions_title(again) == "No earlier run to compare definitions with."
    assert definitions_log.definitions_title(log(sales(1.0), sales(1.0), later)) == (
        "No definition was changed from one report to the next.")
    assert definitions_log.definitions_title(rows.head(0)) == "No earlier run to compare definitions with."


def earlier_run(identity, value):
    folder = folders.runs_folder("shop") / identity.run
    (folder / "results").mkdir(parents=True)
    history(value).to_parquet(folder / "results" / "kpi_history.parquet")
    (folder / "manifest.json").write_text(json.dumps({
        "state": "finished", "started_at": identity.run, "as_of": identity.as_of, "currency": "",
        "parameters": dict(identity.parameters), "study": {}}))


def history(value):
    rows = sales(value).assign(basis=kpi_history.RECORDS, low=None, high=None, n=None)[list(HISTORY.names)]
    return rows.astype({"low": "float64", "high": "float64", "n": "Int64", "figure": "str", "unit": "str",
                        "basis": "str", "on": "datetime64[us]"})


@pytest.fixture
def shop(home):
    earlier_run(BEFORE, 1000.0)
    return Workspace("shop", {table.name: table for table in (KPIS, HISTORY, DEFINITIONS)}, as_of="2025-12-31")


def test_a_run_is_logged_beside_the_one_before_it_and_the_log_is_what_its_table_declares(shop):
    kpis = pd.DataFrame(columns=list(KPIS.names))
    found = definitions_log.definitions_log(shop, kpis, history(1100.0))
    assert found[["previous_run", "n_compared", "n_moved"]].to_numpy().tolist() == [[BEFORE.run, 1, 1]]
    assert shop.write("results/definitions_log", found) == "results/definitions_log: 1 × 13"


def test_without_an_earlier_run_the_log_is_empty(home):
    first = Workspace("shop", {table.name: table for table in (KPIS, HISTORY, DEFINITIONS)}, as_of="2025-12-31")
    assert definitions_log.definitions_log(first, pd.DataFrame(columns=list(KPIS.names)), history(1.0)).empty
