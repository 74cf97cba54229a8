import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from helpers.foundation import folders
from helpers.foundation.results import (
    TEXTBOOKS,
    Claim,
    Estimate,
    Gate,
    Level,
    Status,
    claim_table,
    gate_table,
    no_estimate,
)
from helpers.foundation.schema import Column, Table, schemas_by_name
from helpers.foundation.study_config import Economics
from helpers.foundation.workspace import Workspace
from helpers.reporting import forecast_tracking, schema
from helpers.reporting.run_results import RunResults
from helpers.value.schema import VALUE_FORECASTS

FORECASTS = Table("results/forecasts", "forecast", ("quantity", "segment", "model"), (
    Column("quantity", "text", ""), Column("segment", "text", ""), Column("made_as_of_on", "date", ""),
    Column("due_on", "date", ""), Column("value", "number", ""), Column("low", "number", ""),
    Column("high", "number", ""), Column("model", "text", ""), Column("unit", "text", "")))
DRAWN = Table("results/assignments_drawn", "unit", ("unit_id",), (Column("unit_id", "text", ""),))
PLAN, CAMPAIGNS = (Table(name, "customer", ("customer_id",), (
    Column("customer_id", "text", ""), Column("variant", "text", ""), Column("cost_expected", "number", ""),
    Column("cost_worst", "number", ""), *more))
    for name, more in (("results/actions", ()), ("results/campaigns", (Column("campaign", "text", ""),))))
DECLARED = schemas_by_name([FORECASTS, VALUE_FORECASTS, DRAWN, *schema.TABLES])


def forecast(value=100.0, low=90.0, high=110.0, due_on="2026-09-28", quantity="customers lost", model="logistic"):
    return {"quantity": quantity, "segment": "all", "made_as_of_on": pd.Timestamp("2026-06-30"),
            "due_on": pd.Timestamp(due_on), "value": value, "low": low, "high": high, "model": model,
            "unit": "customers"}


def made(run, as_of, *forecasts, currency="", table="forecasts"):
    folder = folders.runs_folder("shop") / run / "results"
    folder.mkdir(parents=True)
    pd.DataFrame(forecasts).to_parquet(folder / f"{table}.parquet")
    known = {"state": "finished", "started_at": run, "as_of": as_of, "currency": currency}
    (folder.parent / "manifest.json").write_text(json.dumps(known))


def shop():
    return Workspace("shop", DECLARED, as_of="2026-09-30")


def gate(name, is_crossed):
    return Gate(name, 1.0, 2.0, is_crossed, Level.NOTE, "all", "as found")


def test_gates_of_all_wings_stand_in_one_table():
    parts = {"results/churn_gates": gate_table("05", [gate("b", True), gate("a", False)]),
             "results/intake_gates": gate_table("01", [gate("c", False)]),
             "results/value_gates": gate_table("04", [])}
    found = forecast_tracking.all_gates(RunResults(parts))
    assert found[["step", "gate"]].to_numpy().tolist() == [["01", "c"], ["05", "a"], ["05", "b"]]


def test_a_gate_that_wings_took_over_from_the_intake_stands_once():
    parts = {f"results/{wing}_gates": gate_table(step, [gate("orders reach the as-of date", True)])
             for step, wing in (("05", "churn"), ("01", "intake"), ("04", "value"))}
    assert forecast_tracking.all_gates(RunResults(parts))["step"].tolist() == ["01"]


def test_a_forecast_is_not_graded_where_orders_end_before_its_last_day(home):
    made("a", "2026-06-30", forecast(due_on="2026-08-10"), forecast(due_on="2026-09-28"))
    ws = shop().cleared()
    ws.settle(ws.as_of_on, {"transactions": pd.Timestamp("2026-08-15").date()})
    found = forecast_tracking.due_forecasts(ws)
    assert found["obstacle"].tolist() == ["", "orders end on 15 August 2026, before its last day"]
    grades = forecast_tracking.grade_forecasts(found, pd.Series(95.0, found.index))
    assert grades["status"].tolist() == ["ok", "not_applicable"]


def test_without_gates_the_table_is_empty_and_keeps_its_columns():
    assert list(forecast_tracking.all_gates(RunResults({})).columns) == list(DECLARED["results/gates"].names)


def test_textbook_claims_of_all_wings_stand_in_one_table():
    none = no_estimate("share", Status.INSUFFICIENT, "no orders")
    held = [claim_table(step, [Claim("the top 20 % hold 80 % of sales", none, "cannot say", "No orders.")])
            for step in ("04", "03")]
    found = forecast_tracking.all_claims(RunResults(dict(zip(schema.CLAIMS, held, strict=False))))
    assert found[["step", "verdict"]].to_numpy().tolist() == [["03", "cannot say"], ["04", "cannot say"]]
    assert list(forecast_tracking.all_claims(RunResults({})).columns) == list(DECLARED["results/claims"].names)


def test_the_table_of_claims_says_who_says_each_how_it_is_measured_and_on_which_page():
    held = claim_table("04", [Claim("c", Estimate("share", 0.66, 0.63, 0.69), "holds", "0.66", "of sales", "Koch"),
                              Claim("d", Estimate("share", 0.66, 0.63, 0.69), "holds", "0.66")])
    shown = forecast_tracking.claims_reading_table(held)
    assert shown[["said_by", "measured_by", "page"]].to_numpy().tolist() == [
        ["Koch", "of sales", "04"], [TEXTBOOKS, "", "04"]]


def test_only_forecasts_whose_last_day_has_passed_are_due(home):
    made("2026-06-30-1", "2026-06-30", forecast(), forecast(due_on="2026-10-15", quantity="margin lost"))
    assert forecast_tracking.due_forecasts(shop())["quantity"].tolist() == ["customers lost"]


def test_a_forecast_of_value_is_due_and_held_against_what_its_buyers_did(
        home, session_engine, transactions, subscriptions):
    ahead = forecast(value=3.0, low=1.0, high=4.0, quantity="orders_ahead", model="MBG/NBD") | {"unit": "orders"}
    margin = forecast(value=30.0, low=20.0, high=40.0, quantity="margin_ahead", model="MBG/NBD") | {"unit": "money"}
    more = {"level": 0.95, "n": 1}
    made("2026-06-30-1", "2026-06-30", ahead | more, margin | more, table="value_forecasts")
    due = forecast_tracking.due_forecasts(shop())
    rows = [{"customer_id": "ann", "ordered_at": day, "amount": 100.0} for day in ("2026-05-01", "2026-07-01",
                                                                                   "2026-08-01", "2026-09-30")]
    rows.append({"customer_id": "new", "ordered_at": "2026-08-01", "amount": 100.0})
    study = SimpleNamespace(economics=Economics(margin_rate=0.3, discount_rate=0.0))
    ws = SimpleNamespace(engine=session_engine, study=study, frame_of=shop().frame_of,
                         table=lambda name: subscriptions([]))
    grades = forecast_tracking.grade_forecasts(due, forecast_tracking.outcomes(ws, transactions(rows), due))
    found = grades.set_index("quantity")
    assert found["actual"].to_dict() == {"margin_ahead": pytest.approx(60.0), "orders_ahead": 2.0}
    assert found["is_inside"].to_dict() == {"margin_ahead": False, "orders_ahead": True}
    assert found["status"].unique().tolist() == ["ok"]
    assert shop().write("results/forecast_grades", grades) == "results/forecast_grades: 2 × 16"


def test_a_forecast_of_value_under_another_horizon_is_not_graded(home, monkeypatch):
    made("2026-06-30-1", "2026-06-30", forecast(quantity="orders_ahead") | {"level": 0.95, "n": 1},
         table="value_forecasts")
    path = folders.runs_folder("shop") / "2026-06-30-1" / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"study": {"value": {"horizon_days": 90}}}))
    assert forecast_tracking.due_forecasts(shop())["obstacle"].tolist() == ["section [value] of the study has changed"]


def test_a_forecast_made_twice_is_graded_once_as_made_last(home):
    made("2026-06-30-1", "2026-06-30", forecast(value=1.0))
    made("2026-06-30-2", "2026-06-30", forecast(value=2.0))
    assert forecast_tracking.due_forecasts(shop())[["run", "value"]].to_numpy().tolist() == [["2026-06-30-2", 2.0]]


def test_without_earlier_runs_nothing_is_due(home):
    due = forecast_tracking.due_forecasts(shop())
    assert due.empty
    assert list(forecast_tracking.grade_forecasts(due, pd.Series(dtype=float)).columns) == list(
        DECLARED["results/forecast_grades"].names
    )


@pytest.mark.parametrize(("actual", "is_inside"), [(90.0, True), (110.0, True), (89.9, False), (110.1, False)])
def test_a_forecast_is_inside_when_its_interval_holds_what_happened(home, actual, is_inside):
    made("2026-06-30-1", "2026-06-30", forecast())
    found = forecast_tracking.grade_forecasts(forecast_tracking.due_forecasts(shop()), pd.Series([actual])).iloc[0]
    assert (found["is_inside"], found["status"], found["reason"]) == (is_inside, "ok", "")
    assert found["error"] == pytest.approx(actual - 100)


def test_a_forecast_without_an_interval_has_an_error_but_no_inside(home):
    made("2026-06-30-1", "2026-06-30", forecast(low=np.nan, high=np.nan))
    found = forecast_tracking.grade_forecasts(forecast_tracking.due_forecasts(shop()), pd.Series([90.0])).iloc[0]
    assert found["error"] == -10
    assert found["is_inside"] is pd.NA


def test_what_cannot_be_counted_is_not_graded(home):
    made("2026-06-30-1", "2026-06-30", forecast())
    found = forecast_tracking.grade_forecasts(forecast_tracking.due_forecasts(shop()), pd.Series([np.nan])).iloc[0]
    assert (found["status"], np.isnan(found["actual"]), found["is_inside"]) == ("insufficient", True, pd.NA)


def test_a_forecast_under_other_definitions_is_not_graded_and_says_why(home):
    made("2026-06-30-1", "2026-06-30", forecast(), currency="USD")
    found = forecast_tracking.grade_forecasts(forecast_tracking.due_forecasts(shop()), pd.Series([100.0])).iloc[0]
    assert found["status"] == "not_applicable"
    assert found["reason"] == "the currency was USD and is not stated"


def test_a_run_that_drew_a_list_to_act_on_is_marked(home):
    made("2026-03-31-1", "2026-03-31", forecast(due_on="2026-06-29"))
    made("2026-06-30-1", "2026-06-30", forecast())
    pd.DataFrame({"unit_id": ["a"]}).to_parquet(
        folders.runs_folder("shop") / "2026-06-30-1" / "results" / "assignments_drawn.parquet")
    found = forecast_tracking.grade_forecasts(forecast_tracking.due_forecasts(shop()), pd.Series([95.0, 95.0]))
    assert dict(zip(found["run"], found["has_action_list"], strict=True)) == {
        "2026-03-31-1": False, "2026-06-30-1": True}


def test_grades_are_read_latest_first_with_the_reason_in_place_of_a_grade(home):
    made("2026-03-31-1", "2026-03-31", forecast(due_on="2026-06-29"), forecast(quantity="x", due_on="2026-06-29"))
    made("2026-06-30-1", "2026-06-30", forecast(low=np.nan, high=np.nan))
    found = forecast_tracking.grades_reading_table(
        forecast_tracking.grade_forecasts(forecast_tracking.due_forecasts(shop()), pd.Series([95.0, 80.0, np.nan]))
    )
    assert found["due_on"].tolist() == ["28 September 2026", "29 June 2026", "29 June 2026"]
    assert found["grade"].tolist()[1:] == ["inside", "what has happened cannot be counted from these tables"]
    assert forecast_tracking.grades_reading_table(
        forecast_tracking.grade_forecasts(forecast_tracking.due_forecasts(shop()).head(0), pd.Series(dtype=float))
    ).empty


def test_grades_keep_their_declaration(home):
    made("2026-06-30-1", "2026-06-30", forecast(), forecast(model="recency"), forecast(quantity="x", low=np.nan))
    ws = shop()
    assert ws.write(
        "results/forecast_grades",
        forecast_tracking.grade_forecasts(forecast_tracking.due_forecasts(ws), pd.Series([95.0, 120.0, np.nan])),
    ) == ("results/forecast_grades: 3 × 16")


def test_the_control_groups_of_lists_count_in_training_for_those_who_were_acted_on():
    first, second = pd.Timestamp("2026-03-31"), pd.Timestamp("2026-06-30")
    rows = [("a", first, True, False), ("b", first, True, False), ("b", first, True, False), ("c", first, False, True),
            ("d", first, False, False), ("e", second, True, False)]
    alerts = pd.DataFrame(rows, columns=["customer_id", "raised_on", "is_within_capacity", "is_control"]).assign(
        run=lambda x: x["raised_on"].astype("str"), draw=None, probability=0.5, rule="risk",
        made_as_of_on=lambda x: x["raised_on"],
        outcome_due_on=lambda x: x["raised_on"] + pd.Timedelta(days=90))
    plan = pd.DataFrame({"experiment": "action plan of 2026-03-31", "purpose": "action plan",
                         "unit_id": ["f", "g", "h", "i"], "variant": ["treated", "treated", "held out", "held out"],
                         "assigned_on": first, "ends_on": first + pd.Timedelta(days=90)})
    found = forecast_tracking.treated_customers(alerts, [plan]).set_index("customer_id")
    assert found["weight"].to_dict() == {"a": 0.0, "b": 0.0, "c": 3.0, "e": 1.0, "f": 0.0, "g": 0.0, "h": 2.0, "i": 2.0}
    assert (found["ends_on"] - found["on"]).dt.days.eq(90).all()
    assert forecast_tracking.treated_customers(alerts.head(0), []).empty


def test_what_was_planned_for_a_list_is_known_by_the_name_of_the_list_and_controls_cost_nothing(home):
    rows = [{"customer_id": name, "variant": variant, "cost_expected": cost,
             "cost_worst": None if cost is None else 2 * cost} for name, variant, cost in (
        ("a", "treated", 2.0), ("b", "treated", 3.0), ("c", "held out", 9.0), ("d", None, None))]
    made("a", "2026-06-30", *rows, table="actions")
    campaigns = pd.DataFrame([row | {"campaign": "win-back"} for row in rows[:1]])
    campaigns.to_parquet(folders.runs_folder("shop") / "a" / "results" / "campaigns.parquet")
    ws = Workspace("shop", {**DECLARED, **schemas_by_name([PLAN, CAMPAIGNS])}, as_of="2026-09-30")
    assert forecast_tracking.list_costs(ws) == {
        "action plan of 2026-06-30": (5.0, 10.0), "win-back of 2026-06-30": (2.0, 4.0)}
