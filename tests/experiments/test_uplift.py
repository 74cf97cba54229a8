import numpy as np
import pandas as pd
import pytest

from helpers.experiments import aa_test, experiment_data, schema, uplift
from helpers.experiments.config import ExperimentPlan, ExperimentsConfig
from helpers.foundation.engine import Engine

ENGINE = Engine()


@pytest.fixture
def uneven():
    """An offer that works on the quiet only."""
    rng = np.random.default_rng(8)
    n = 4000
    quiet = rng.integers(2, size=n)
    arm = rng.integers(2, size=n)
    return pd.DataFrame({
        "experiment": "welcome", "unit_id": [f"u{i:05d}" for i in range(n)],
        "variant": np.where(arm, "offer", "control"), "covariate_quiet": quiet.astype(float),
        "covariate_noise": rng.normal(size=n), "metric_spend": rng.normal(10, 2, n) + 1.5 * arm * quiet})


ARMS = ("control", "offer")


def estimated(table):
    units = experiment_data.sample_units(ENGINE, table)
    return uplift.estimate_uplift(*uplift.comparison_data(units, "welcome", "spend", ARMS), np.random.default_rng(1))


def test_the_one_line_rule_finds_for_whom_it_works(uneven, lazily):
    found = estimated(lazily(uneven))
    assert found.rule == "quiet is 1"
    assert found.pays
    assert not found.is_beaten
    qini = found.qini.set_index("rule")
    # treating the quiet half first gains 0.75 at share ½ where chance gains 0.375: a triangle of base 1
    assert qini.loc["one-line rule", "value"] == pytest.approx(0.375 / 2, abs=0.05)
    assert qini.loc["random", "value"] == 0
    assert found.curve.groupby("rule")["gain"].last().nunique() == 1


def test_where_nothing_differs_choosing_does_not_pay(uneven, lazily):
    rng = np.random.default_rng(2)
    even = uneven.assign(metric_spend=rng.normal(10, 2, len(uneven)))
    assert not estimated(lazily(even)).pays


def test_without_anything_known_beforehand_nobody_is_chosen(trial, lazily):
    assert estimated(lazily(trial)) is None
    assert uplift.targeting_table({}).empty


def test_halves_show_the_effect_on_either_side(uneven, lazily):
    found = uplift.effects_by_covariate_half(
        experiment_data.sample_units(ENGINE, lazily(uneven)), "welcome", "spend", ARMS
    ).set_index("covariate")
    assert found.loc["quiet", "effect_above"] == pytest.approx(1.5, abs=0.3)
    assert found.loc["quiet", "p_adjusted"] < 0.001
    assert found.loc["noise", "p_adjusted"] > 0.05


def test_the_curve_is_the_declared_table(uneven, lazily, judged):
    _, found, _, effects = judged(lazily(uneven))
    curve = uplift.targeting_table(uplift.uplift_results(effects, found, {}))
    table = schema.TARGETING_CURVE.conformed(ENGINE.lazy(curve))
    assert schema.TARGETING_CURVE.problems(ENGINE.row(schema.TARGETING_CURVE.counts(ENGINE.view(table)))) == []
    assert len(curve) == 3 * 21


def test_where_a_fall_is_the_improvement_targeting_is_the_mirror_image_of_where_a_rise_is(uneven, lazily, judged):
    plan = {"hypothesis": "h", "control": "control", "primary_metric": "spend", "shares": {"control": .5, "offer": .5}}
    rise, fall = (ExperimentsConfig(plans={"welcome": ExperimentPlan(**plan, lower_is_better=lower)})
                  for lower in (False, True))
    mirrored = uneven.assign(metric_spend=-uneven["metric_spend"])
    one, other = (next(iter(uplift.uplift_results(effects, found, given.plans).values()))
                  for given, table in ((rise, uneven), (fall, mirrored))
                  for _, found, _, effects in [judged(lazily(table), given)])
    assert other.pays
    assert other.rule == one.rule == "quiet is 1"
    pd.testing.assert_frame_equal(one.curve, other.curve)
    pd.testing.assert_frame_equal(one.qini, other.qini)


def test_above_a_number_of_units_the_ids_decide_who_comes_into_memory(uneven, lazily):
    some = experiment_data.sample_units(ENGINE, lazily(uneven), most=1000)
    again = experiment_data.sample_units(ENGINE, lazily(uneven.sample(frac=1, random_state=3)), most=1000)
    assert some.frame["unit_id"].tolist() == again.frame["unit_id"].tolist()
    assert len(some.frame) == pytest.approx(980, abs=120)
    assert not some.is_whole
    facts = some.facts(some.values("welcome", "spend", ARMS)[0])
    assert facts.n == pytest.approx(2000, rel=0.15)


def test_own_metrics_split_at_random_differ_as_often_as_they_should():
    rng = np.random.default_rng(7)
    assert 0.02 < aa_test.aa_splits(rng.gamma(2, 10, 1500), rng) < 0.08


def test_one_value_that_rules_a_metric_is_seen_in_its_splits():
    rng = np.random.default_rng(7)
    assert aa_test.aa_splits(np.append(np.ones(500), 1e6), rng) < 0.02


def test_own_metrics_are_tabled_by_experiment(trial, lazily, judged):
    designs, found, *_ = judged(lazily(trial))
    table = aa_test.aa_table(designs, found.units, np.random.default_rng(1))
    assert set(table["metric"]) == {"spend", "returned"}
    assert table["is_inside"].all()
