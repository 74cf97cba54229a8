import numpy as np
import pandas as pd

from helpers.experiments import rival_arms
from helpers.experiments.config import ExperimentPlan, ExperimentsConfig

ARMS = ("control", "mens", "womens")


def three_arms(rng, n, rates):
    return pd.DataFrame({"experiment": "e-mail", "unit_id": [f"u{i}" for i in range(3 * n)],
                         "variant": np.repeat(ARMS, n),
                         "metric_visit": (rng.random(3 * n) < np.repeat(rates, n)).astype(float)})


def verdicts(judged, table):
    plan = ExperimentPlan(hypothesis="h", control="control", primary_metric="visit",
                          shares=dict.fromkeys(ARMS, 1 / 3))
    found = judged(table, ExperimentsConfig(plans={"e-mail": plan}))[3]
    return found.set_index("variant")[["verdict", "reason"]]


def test_of_two_arms_that_beat_the_control_the_one_that_is_better_beyond_chance_is_shipped(lazily, judged):
    found = verdicts(judged, lazily(three_arms(np.random.default_rng(1), 8000, (0.10, 0.18, 0.15))))
    assert found.loc["mens"].tolist() == ["ship", "it is the best arm, beyond chance"]
    assert found.loc["womens", "verdict"] == "stop"
    assert found.loc["womens", "reason"].startswith("mens is better than it by ")
    assert found.loc["womens", "reason"].endswith(" percentage points")


def test_of_two_arms_that_are_not_told_apart_either_may_be_shipped(lazily, judged):
    found = verdicts(judged, lazily(three_arms(np.random.default_rng(2), 4000, (0.10, 0.16, 0.16))))
    assert set(found["verdict"]) == {"ship"}
    assert found["reason"].str.startswith("it is not told apart from").all()


def test_an_arm_without_a_rival_is_judged_against_the_control_alone(lazily, judged):
    found = verdicts(judged, lazily(three_arms(np.random.default_rng(3), 4000, (0.10, 0.16, 0.10))))
    assert found.loc["mens"].tolist() == ["ship", "the whole interval is an improvement"]
    assert found.loc["womens", "verdict"] == "keep running"


def test_a_fall_is_better_where_lower_is_better():
    rows = [{"variant": "a", "value": -0.2, "unit": "units"}, {"variant": "b", "value": -0.1, "unit": "units"}]
    apart = rival_arms.Difference(-0.1, -0.15, -0.05, 0.02, 0.001)
    found = rival_arms.judge_rivals(rows, {("a", "b"): apart}, 0.05, is_lower_better=True)
    assert found["b"][0]
    assert found["a"] == (False, "it is the best arm, beyond chance")


def test_of_arms_that_are_alike_one_in_twenty_sets_at_most_has_a_best_one(lazily, judged):
    rng = np.random.default_rng(4)
    frames = [three_arms(rng, 3000, (0.10, 0.17, 0.17)).assign(experiment=f"e{i}") for i in range(60)]
    plan = ExperimentPlan(hypothesis="h", control="control", primary_metric="visit", shares=dict.fromkeys(ARMS, 1 / 3))
    plans = {f"e{i}": plan for i in range(60)}
    found = judged(lazily(pd.concat(frames, ignore_index=True)), ExperimentsConfig(plans=plans))[3]
    beaten = found.groupby("experiment")["verdict"].agg(lambda v: v.eq("stop").any()).sum()
    assert beaten <= 9
