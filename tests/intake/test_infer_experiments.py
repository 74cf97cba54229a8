"""Drafted experiments: arms by many names, units, outcomes, and a plan that takes nothing from what came out."""

import tomllib

import pytest

from helpers import __main__
from helpers.experiments.config import ExperimentsConfig
from helpers.intake import infer_profile

ARMS = ["psa", "ad"]


def table(head, row, n=60):
    return head + "\n" + "".join(row(i) + "\n" for i in range(n))


def drafted(small, content, name="trial.csv"):
    small.file(name, content)
    profile, study = infer_profile.draft_source([small.folder / name])
    return tomllib.loads(profile), tomllib.loads(study) if study else {}


@pytest.mark.parametrize(("arm", "values", "control"), [
    ("group", ["psa", "ad"], "psa"), ("test group", ["placebo", "dose"], "placebo"), ("arm", ["A", "B"], "A"),
    ("variant", ["baseline", "new", "newer"], "baseline"), ("Condition", ["Control", "Loss frame"], "Control"),
    ("treatment", ["0", "1"], "control"), ("segment", ["Mail", "No Mail"], "No Mail"), ("Gruppe", ["Kontrolle", "Neu"],
    "Kontrolle"), ("is_treated", ["True", "False"], "control"), ("ab_group", ["a", "b"], "a")])
def test_a_column_of_arms_beside_an_outcome_is_an_experiment_with_its_control(small, arm, values, control):
    told, study = drafted(small, table(f"user id,{arm},converted", lambda i: f"{1000 + i},{values[i % len(values)]},"
                                                                             f"{i % 7 == 0}"))
    made = told["tables"]["assignments"]["columns"]
    assert list(told["tables"]) == ["assignments"]
    assert made["unit_id"] == '"user id"'
    assert made["metric_converted"] == {"from": '"converted"', "type": "flag"}
    plan = ExperimentsConfig.model_validate(study["experiments"]).plans["trial"]
    assert (plan.control, plan.primary_metric, plan.shares) == (control, "converted", {})


def test_the_number_of_a_row_is_neither_outcome_nor_known_before(small):
    told, _ = drafted(small, table(",user id,test group,converted",
                                   lambda i: f"{i},{1000 + i},{ARMS[i % 2]},{i % 7 == 0}"))
    made = told["tables"]["assignments"]["columns"]
    assert [name for name in made if name.startswith(("metric_", "covariate_"))] == ["metric_converted"]


def test_arms_of_yes_and_no_are_called_treatment_and_control(small):
    told, _ = drafted(small, table("id,treated,visits", lambda i: f"u{i},{i % 2},{i % 30}"))
    assert told["tables"]["assignments"]["columns"]["variant"]["values"] == {"0": "control", "1": "treatment"}
    variants = small.rows(small.delivery(**told, as_of="2025-01-31").tables["canonical/assignments"], "variant")
    assert sorted({r["variant"] for r in variants}) == ["control", "treatment"]


def test_a_control_that_nothing_tells_is_asked_for(small):
    _, study = drafted(small, table("user_id,variant,clicked", lambda i: f"{i},{['red', 'blue'][i % 2]},{i % 3 == 0}"))
    assert study["experiments"]["trial"]["control"] == ""


def test_planned_shares_are_never_taken_from_the_arms_that_came_out(small):
    _, study = drafted(small, table("id,group,converted", lambda i: f"{i},{'psa' if i % 20 == 0 else 'ad'},{i % 3}"))
    assert "shares" not in study["experiments"]["trial"]


def test_what_was_known_before_is_a_covariate_and_text_outcomes_become_numbers(small):
    told, study = drafted(small, table(
        "unit,arm,spend,spend_before,outcome",
        lambda i: f"U{i},{ARMS[i % 2]},{i * 1.5},{i * 1.25},{'bought' if i % 4 else 'not bought'}"))
    made = told["tables"]["assignments"]["columns"]
    assert {"metric_spend", "covariate_spend_before", "metric_outcome"} < set(made)
    found = small.rows(small.delivery(**told, as_of="2025-01-31").tables["canonical/assignments"], "metric_outcome")
    assert sum(r["metric_outcome"] for r in found) == 45
    assert study["experiments"]["trial"]["primary_metric"] == "spend"


def test_a_unit_that_repeats_is_the_unit_still_and_its_number_no_outcome(small):
    content = table("user_id,timestamp,variant,landing_page,converted", lambda i: (
        f"{1000 + i % 54},2017-01-{i % 28 + 1:02d} 10:00:00,{['control', 'treatment'][i % 2]},{'ab'[i % 2]},{i % 2}"))
    told, _ = drafted(small, content)
    made = told["tables"]["assignments"]["columns"]
    assert made["unit_id"] == '"user_id"'
    assert [c for c in made if c.startswith("metric_")] == ["metric_converted"]
    assert "assigned_at" in made
    delivery = small.delivery(**told)
    assert small.rejected(delivery) == []
    found = small.rows(delivery.tables["canonical/assignments"], "observation")
    assert sum(r["observation"] == 2 for r in found) == 6  # of those in the same arm again


def test_a_plan_asks_how_records_become_one_where_a_unit_repeats_and_not_where_none_does(small):
    small.file("trial.csv", table("user_id,variant,converted", lambda i: f"{1000 + i % 54},{ARMS[i % 2]},{i % 2}"))
    study = infer_profile.draft_source([small.folder / "trial.csv"])[1]
    asked = next(line for line in study.splitlines() if line.startswith("# aggregation = "))
    plan = tomllib.loads(study + asked.removeprefix("# "))["experiments"]["trial"]
    assert ExperimentsConfig.model_validate({"trial": plan}).plans["trial"].aggregation == {"converted": "sum"}
    small.file("trial.csv", table("user_id,variant,converted", lambda i: f"{1000 + i},{ARMS[i % 2]},{i % 2}"))
    assert "aggregation" not in infer_profile.draft_source([small.folder / "trial.csv"])[1]


def test_a_conversion_is_an_outcome_and_no_version(small):
    told, study = drafted(small, table("recency,newbie,segment,visit,conversion,spend", lambda i: (
        f"{i % 12},{i % 2},{['Men', 'Women', 'No mail'][i % 3]},{i % 4 == 0},{i % 9 == 0},{i % 7}.5")))
    made = told["tables"]["assignments"]["columns"]
    assert made["variant"] == '"segment"'
    assert {"metric_visit", "metric_conversion", "metric_spend", "covariate_recency", "covariate_newbie"} <= set(made)
    assert study["experiments"]["trial"]["control"] == "No mail"


def test_an_experiment_with_money_and_days_is_no_table_of_orders(small):
    told, _ = drafted(small, table("customer_id,date,group,revenue", lambda i: (
        f"c{i},2025-01-{i % 28 + 1:02d},{['control', 'offer'][i % 2]},{i * 1.5}")))
    assert list(told["tables"]) == ["assignments"]


@pytest.mark.parametrize(("head", "row", "tables"), [
    ("customer_id,segment,spend", lambda i: f"c{i},{'ABC'[i % 3]},{i * 2.5}", ["customers"]),
    ("id,q1,q2,q3,group", lambda i: f"r{i},{i % 5 + 1},{(i + 1) % 5 + 1},{(i + 2) % 5 + 1},{'xy'[i % 2]}",
     ["respondents", "items", "responses"]),
    ("order_id,customer_id,date,amount,version", lambda i: f"{i},c{i % 9},2025-01-{i % 28 + 1:02d},{i}.5,{'xy'[i % 2]}",
     ["transactions"])])
def test_customers_surveys_and_orders_with_groups_are_no_experiments(small, head, row, tables):
    told, study = drafted(small, table(head, row))
    assert (list(told["tables"]), study) == (tables, {})


def test_the_door_prints_the_study_that_goes_with_a_draft(small, capsys):
    small.file("trial.csv", table("user id,group,converted", lambda i: f"{i},{ARMS[i % 2]},{i % 5 == 0}"))
    assert __main__.main(["check", "--new", str(small.folder / "trial.csv"), "--study"]) == 0
    assert tomllib.loads(capsys.readouterr().out)["experiments"]["trial"]["control"] == "psa"


def test_what_stands_before_the_arm_is_known_before_where_outcomes_stand_behind_it(small):
    told, _ = drafted(small, table("months,lately,segment,visit,spend",
                                   lambda i: f"{i % 13},{i % 2},{['Mail', 'No Mail'][i % 2]},{i % 3 == 0},{i / 4}"))
    made = told["tables"]["assignments"]["columns"]
    assert {c for c in made if c.startswith(("metric_", "covariate_"))} == {
        "covariate_months", "covariate_lately", "metric_visit", "metric_spend"}
