import numpy as np
import pandas as pd
import pytest

from helpers.experiments import crossovers
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


@pytest.fixture
def repeated(trial):
    """The clean trial as three records a unit: a third of the spend in each, a return in the first alone, a rating."""
    parts = [trial.assign(metric_spend=trial["metric_spend"] / 3, metric_rating=[1.0, 2.0, 6.0][k],
                          metric_returned=trial["metric_returned"] & (k == 0), observation=k + 1) for k in range(3)]
    return pd.concat(parts, ignore_index=True)


def declared(**how):
    return ExperimentsConfig(plans={"welcome": ExperimentPlan(
        hypothesis="h", control="control", primary_metric="spend", shares={"control": 0.5, "offer": 0.5},
        aggregation=how)})


def test_repeated_records_of_a_unit_give_the_effect_of_one_record_as_declared(trial, repeated, lazily, judged):
    *_, alone = judged(lazily(trial), declared(spend="sum"))
    _, found, checked, made = judged(lazily(repeated), declared(spend="sum"))
    assert found.counted.arms["n_units"].tolist() == [400, 400]
    columns = ["value", "low", "high", "p", "n_control"]
    for metric in ("spend", "returned"):
        one, other = (e.loc[e["metric"].eq(metric), columns].iloc[0] for e in (alone, made))
        assert other.tolist() == pytest.approx(one.tolist(), abs=1e-9)
    assert gate_of(checked, "one record a unit").sentence.startswith(
        "1,600 of 2,400 records are of units that are recorded before in the same arm; they are made one record a unit")


def test_undeclared_aggregation_is_asked_for_and_averages_what_is_neither_money_nor_yes_or_no(
        repeated, lazily, judged):
    _, found, checked, _ = judged(lazily(repeated))
    assert found.aggregation == {"welcome": {"spend": "mean", "returned": "any", "rating": "mean"}}
    assert found.units.frame["metric_rating"].unique().tolist() == [3.0]
    gate = gate_of(checked, "one record a unit")
    assert gate.level == "qualify"
    assert gate.sentence.endswith("the plan does not declare how (aggregation = …)")


def test_money_of_repeated_records_is_summed_and_stays_money(repeated, engine, lazily):
    table = lazily(repeated).mutate(metric_spend=lambda t: t["metric_spend"].cast("decimal(18, 4)"))
    counts = crossovers.count_units(engine, table)
    rules = crossovers.aggregation_rules(engine, table, counts, ExperimentsConfig())
    made = crossovers.one_record_a_unit(table, rules)
    assert made.schema()["metric_spend"].is_decimal()
    totals = [float(engine.first_row(t.aggregate(s=t["metric_spend"].sum()))["s"]) for t in (table, made)]
    assert totals[1] == pytest.approx(totals[0], abs=0.1)


def test_records_that_equal_an_earlier_one_are_counted(trial, lazily, judged):
    twice = pd.concat([trial.assign(observation=1), trial.head(10).assign(observation=2)], ignore_index=True)
    gate = gate_of(judged(lazily(twice))[2], "one record a unit")
    assert gate.sentence.startswith("10 of 810 records are of units that are recorded before in the same arm (10 equal")


def test_units_with_one_record_each_have_no_gate_on_it(trial, lazily, judged):
    assert gate_of(judged(lazily(trial))[2], "one record a unit") is None


def test_repeats_in_one_experiment_leave_another_as_it_is(trial, repeated, lazily, judged):
    both = pd.concat([repeated, trial.assign(experiment="other", observation=1)], ignore_index=True)
    *_, alone = judged(lazily(trial.assign(experiment="other")))
    *_, made = judged(lazily(both))
    columns = ["metric", "value", "low", "high", "n_control"]
    one, other = (e.loc[e["experiment"].eq("other"), columns].set_index("metric") for e in (alone, made))
    pd.testing.assert_frame_equal(one.sort_index(), other.loc[one.index].sort_index())


def in_turn(n_periods=40, effect=2.0):
    """Return 20 shops that are given the arms in turn: one arm in each period, drawn for it."""
    rng = np.random.default_rng(4)
    arms = rng.permutation(np.repeat(["control", "offer"], n_periods // 2))
    day = np.repeat(np.arange(n_periods), 20)
    return pd.DataFrame({
        "experiment": "welcome", "unit_id": np.tile([f"shop {i}" for i in range(20)], n_periods),
        "period": [f"day {i:02d}" for i in day], "variant": arms[day], "observation": day + 1,
        "metric_spend": rng.normal(10, 1, len(day)) + (rng.normal(0, 0.3, n_periods)
                                                       + effect * (arms == "offer"))[day]})


def test_units_that_are_given_the_arms_in_turn_are_read_by_period_and_not_as_crossovers(lazily, judged):
    _, _, checked, effects = judged(lazily(in_turn()), planned("block"))
    row = effects[effects["metric"] == "spend"].iloc[0]
    assert (row["method"], row["verdict"], row["n_control"]) == ("CR2 over periods", "ship", 400)
    assert row["low"] < 2.0 < row["high"]
    assert gate_of(checked) is None
    assert "800 units share 40 periods" in gate_of(checked, "independent units").sentence
    assert "what a period leaves to the next one" in gate_of(checked, "independent units").sentence


def test_where_everybody_is_in_both_arms_without_periods_the_period_is_asked_for_in_place_of_a_verdict(lazily, judged):
    for how in ("block", "leave out"):
        _, _, checked, effects = judged(lazily(in_turn().drop(columns="period")), planned(how))
        assert set(effects["status"]) == {"blocked"}
        assert gate_of(checked).sentence == ("all 20 units are in more than one arm; where everybody is given the arms "
                                             "in turn, record the period of each (period)")
