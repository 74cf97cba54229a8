import pandas as pd
import pytest

from helpers.experiments.config import ExperimentPlan, ExperimentsConfig


@pytest.fixture
def crossed(trial):
    """The clean trial with 40 units of the control met in the other arm too, half of them there first."""
    again = trial.head(40).assign(variant="offer", metric_spend=1000.0)
    return pd.concat([trial.assign(assigned_at=pd.Timestamp("2026-01-02")), again.assign(
        assigned_at=[pd.Timestamp("2026-01-01"), pd.Timestamp("2026-01-03")] * 20)], ignore_index=True)


def planned(how):
    return ExperimentsConfig(plans={"welcome": ExperimentPlan(
        hypothesis="h", control="control", primary_metric="spend", shares={"control": 0.5, "offer": 0.5},
        crossovers=how)})


def gate_of(checked, name="one arm a unit"):
    return next((g for g in checked["welcome"] if g.gate.endswith(name)), None)


def test_units_in_two_arms_are_counted_and_too_many_leave_no_verdict(crossed, lazily, judged):
    _, _, checked, effects = judged(lazily(crossed))
    gate = gate_of(checked)
    assert (gate.level, gate.is_crossed) == ("block", True)
    assert gate.sentence.startswith("40 of 800 units are in more than one arm; they are left out, and more than 1 %")
    assert set(effects["status"]) == {"blocked"}


def test_a_few_units_in_two_arms_are_left_out_and_told(crossed, lazily, judged):
    few = crossed.head(804)
    _, found, checked, effects = judged(lazily(few))
    assert gate_of(checked).level == "qualify"
    assert found.counted.arms["n_units"].tolist() == [396, 400]
    assert set(effects["status"]) == {"ok"}


def test_units_in_two_arms_are_left_out_as_declared(crossed, lazily, judged):
    _, found, checked, effects = judged(lazily(crossed), planned("leave out"))
    assert gate_of(checked).level == "qualify"
    assert found.counted.arms["n_units"].tolist() == [360, 400]
    assert effects.loc[effects["metric"].eq("spend"), "verdict"].item() == "ship"


def test_units_in_two_arms_stand_in_the_arm_of_their_first_exposure_as_declared(crossed, lazily, judged):
    _, found, checked, _ = judged(lazily(crossed), planned("first exposure"))
    assert found.counted.arms["n_units"].tolist() == [380, 420]
    assert "exposed to first" in gate_of(checked).sentence
    untimed = crossed.assign(assigned_at=pd.NaT)
    assert judged(lazily(untimed), planned("first exposure"))[1].counted.arms["n_units"].tolist() == [360, 400]


def test_an_arm_served_that_is_not_the_arm_assigned_is_counted(trial, lazily, judged):
    served = trial.assign(served=trial["variant"].where(trial.index >= 30, "offer"))
    gate = gate_of(judged(lazily(served))[2], "arm served")
    assert gate.level == "qualify"
    assert gate.sentence.startswith("30 of 800 units were served another arm")
    assert gate_of(judged(lazily(trial))[2], "arm served") is None
