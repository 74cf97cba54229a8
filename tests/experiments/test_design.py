from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers.experiments import design
from helpers.experiments.aggregates import aggregate_arms
from helpers.experiments.config import ExperimentPlan, ExperimentsConfig
from helpers.foundation.engine import Engine

ENGINE = Engine()

PLAN = ExperimentPlan(hypothesis="a gift brings people back", control="offer", primary_metric="spend")


def one(table, assumptions=None):
    return design.experiment_designs(aggregate_arms(ENGINE, table), assumptions or ExperimentsConfig())[0]


@pytest.mark.parametrize(("arms", "control"), [
    (("control", "offer"), "control"), (("Mens E-Mail", "No E-Mail", "Womens E-Mail"), "No E-Mail"),
    (("gate_30", "gate_40"), "gate_30"), (("treated", "held out"), "held out"), (("B", "A"), "A"),
    (("bold", "held_out"), "held_out"), (("None", "email"), "None"),
])
def test_without_a_plan_the_control_is_known_by_its_name_else_the_first(arms, control, lazily):
    frame = pd.DataFrame({"experiment": "e", "unit_id": [str(i) for i in range(len(arms))], "variant": arms})
    design = one(lazily(frame))
    assert design.control == control
    assert design.arms[0] == control
    assert design.is_exploratory


def test_a_plan_names_the_control_and_the_metric_that_decides(trial, lazily):
    design = one(lazily(trial), ExperimentsConfig(plans={"welcome": PLAN}))
    assert design.arms == ("offer", "control")
    assert design.metrics == ("spend", "returned")
    assert design.is_primary("spend")
    assert not design.is_primary("returned")
    assert design.is_exploratory  # it declares no shares
    whole = PLAN.model_copy(update={"shares": {"offer": 0.5, "control": 0.5}})
    assert not one(lazily(trial), ExperimentsConfig(plans={"welcome": whole})).is_exploratory


def test_without_a_plan_every_metric_is_looked_at_alike(trial, lazily):
    design = one(lazily(trial))
    assert all(design.is_primary(m) for m in design.metrics)


def test_shares_come_from_the_plan_then_the_records_and_are_not_invented(trial, lazily):
    assert np.isnan(one(lazily(trial)).shares).all()
    assert one(lazily(trial)).shares_from == ""
    recorded = lazily(trial.assign(probability=trial["variant"].map({"control": 0.1, "offer": 0.9})))
    assert one(recorded).shares == (0.1, 0.9)
    planned = PLAN.model_copy(update={"shares": {"offer": 0.7, "control": 0.3}})
    assert one(recorded, ExperimentsConfig(plans={"welcome": planned})).shares == (0.7, 0.3)


def test_an_arm_planned_but_never_seen_is_part_of_the_design(trial, lazily):
    planned = PLAN.model_copy(update={"shares": {"offer": 0.5, "control": 0.25, "letter": 0.25}})
    assert one(lazily(trial), ExperimentsConfig(plans={"welcome": planned})).arms == ("offer", "control", "letter")


def test_the_table_of_arms_shows_planned_arms_without_units_too(trial, lazily):
    planned = PLAN.model_copy(update={"shares": {"offer": 0.5, "control": 0.25, "letter": 0.25}})
    found = aggregate_arms(ENGINE, lazily(trial))
    arms = design.arms_table(design.experiment_designs(found, ExperimentsConfig(plans={"welcome": planned})), found)
    assert arms["arm"].tolist() == ["offer", "control", "letter"]
    assert arms["n_units"].tolist() == [400, 400, 0]
    assert arms["role"].tolist() == ["control", "compared", "compared"]
    assert design.arms_table((), found).empty


def test_a_look_after_the_planned_day_says_how_long_after(trial, lazily):
    plan = PLAN.model_copy(update={"ends_on": date(2026, 6, 1)})
    found = aggregate_arms(ENGINE, lazily(trial))
    designs = design.experiment_designs(found, ExperimentsConfig(plans={"welcome": plan}))
    look = design.plan_against_analysis(designs, found, date(2026, 6, 11)).set_index("item").loc["look"]
    assert (look["analysed"], look["is_as_planned"]) == ("2026-06-11, 10 days after", True)
    early = design.plan_against_analysis(designs, found, date(2026, 5, 31)).set_index("item").loc["look"]
    assert (early["analysed"], early["is_as_planned"]) == ("2026-05-31", False)
