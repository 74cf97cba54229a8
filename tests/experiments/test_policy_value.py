"""Rules of whom to treat are valued in money on units that they were not made from."""

import numpy as np
import pandas as pd
import pytest

from helpers.experiments import experiment_data, policy_value
from helpers.experiments.aggregates import ARM_KEYS, ArmAggregates
from helpers.experiments.config import ExperimentPlan
from helpers.experiments.policy_value import DR_LEARNER, EVERYBODY, NOBODY, ONE_LINE_RULE, T_LEARNER, Terms

N = 6000


def evidence(effect, seed=3):
    """Units whose treatment works by a covariate as given, beside one that tells nothing."""
    rng = np.random.default_rng(seed)
    x, t = rng.uniform(-1, 1, (N, 2)), rng.permutation(N) % 2
    frame = pd.DataFrame({
        "experiment": "letter", "unit_id": range(N), "variant": np.where(t, "treatment", "control"),
        "metric_margin": rng.normal(10, 4, N) + 2 * x[:, 1] + t * effect(x), "covariate_recency": x[:, 0],
        "covariate_age": x[:, 1]})
    counted = ArmAggregates(pd.DataFrame(columns=ARM_KEYS), pd.DataFrame(columns=ARM_KEYS))
    return experiment_data.ExperimentData(counted, experiment_data.UnitSample(frame), pd.DataFrame(), 1)


def half(x):
    return 4.0 * (x[:, 0] > 0)


def fitted(effect=half, seed=3):
    return policy_value.cross_fit(evidence(effect, seed), "letter", "margin", ("control", "treatment"))


def gain(found, terms, policy, against):
    rows = policy_value.policy_gains(found, terms).set_index(["policy", "against"])
    return rows.loc[(policy, against)] if (policy, against) in rows.index else None


def test_a_rule_earns_what_was_planted_more_than_treating_nobody_or_everybody():
    found, terms = fitted(), Terms(unit_value=1.0, treatment_cost=1.0)
    assert found.rule.startswith("recency above")
    for policy, against, planted in ((ONE_LINE_RULE, NOBODY, 1.5), (ONE_LINE_RULE, EVERYBODY, 0.5),
                                     (EVERYBODY, NOBODY, 1.0)):
        row = gain(found, terms, policy, against)
        assert row["low"] < planted < row["high"], policy
        assert row["low"] > 0
    assert gain(found, terms, ONE_LINE_RULE, NOBODY)["share_treated"] == pytest.approx(0.5, abs=0.03)


def test_a_learner_is_told_only_where_it_beats_the_rule():
    terms = Terms(unit_value=1.0, treatment_cost=1.0)
    told = policy_value.policy_gains(fitted(), terms)["policy"]
    assert not set(told) & {T_LEARNER, DR_LEARNER}
    middle = fitted(lambda x: 8.0 * (np.abs(x[:, 0]) < 0.5) - 4)  # no one cut finds it
    assert gain(middle, terms, DR_LEARNER, ONE_LINE_RULE)["low"] > 0


def test_capacity_limits_who_is_treated_and_the_most_promising_come_first():
    predicted = np.array([3.0, 1.0, 2.0, 2.0, -1.0])
    assert policy_value.treated_by(predicted, Terms(1.0)).tolist() == [1, 1, 1, 1, 0]
    assert policy_value.treated_by(predicted, Terms(1.0, capacity=0.4)).tolist() == [1, 0, 0.5, 0.5, 0]
    assert policy_value.treated_by(predicted, Terms(1.0, treatment_cost=2.5)).tolist() == [1, 0, 0, 0, 0]


def test_where_a_fall_is_the_improvement_those_who_fall_most_are_treated_first():
    plan = ExperimentPlan(control="control", unit_value=2.0, treatment_cost=1.0, capacity=0.4, lower_is_better=True)
    terms = policy_value.terms_of(plan, False)
    assert terms == Terms(-2.0, 1.0, 0.4)
    assert policy_value.treated_by(np.array([3.0, -1.0, -2.0, -0.1, -3.0]), terms).tolist() == [0, 0, 1, 0, 1]
    made = evidence(lambda x: -half(x))
    found = policy_value.cross_fit(made, "letter", "margin", ("control", "treatment"), is_fall_better=True)
    assert found.rule.startswith("recency above")
    assert gain(found, terms, ONE_LINE_RULE, NOBODY)["low"] > 0


def test_predicted_uplift_is_held_against_the_effect_in_each_bin():
    table = policy_value.uplift_calibration(fitted(lambda x: 4 + 4 * x[:, 0])).query("policy == @T_LEARNER")
    assert table["n"].sum() == N
    assert table["predicted"].is_monotonic_increasing
    assert (table["low"].le(table["predicted"]) & table["high"].ge(table["predicted"])).sum() >= 4


def test_an_outcome_that_is_not_money_is_valued_only_where_the_plan_says_what_it_is_worth():
    plan = ExperimentPlan(control="control")
    assert policy_value.terms_of(plan, False) is None
    assert policy_value.terms_of(None, True) == Terms(1.0)
    told = plan.model_copy(update={"unit_value": 20.0, "treatment_cost": 2.0, "capacity": 0.3})
    assert policy_value.terms_of(told, False) == Terms(20.0, 2.0, 0.3)
    assert told.fingerprint == plan.fingerprint


def test_nothing_known_beforehand_gives_no_rule():
    made = evidence(half)
    bare = experiment_data.ExperimentData(made.counted, experiment_data.UnitSample(
        made.units.frame.drop(columns=["covariate_recency", "covariate_age"])), pd.DataFrame(), 1)
    assert policy_value.cross_fit(bare, "letter", "margin", ("control", "treatment")) is None
