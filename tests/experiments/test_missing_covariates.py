"""Covariates that units lack: nothing is made of a gap, and arms that lack them unequally are told."""

import numpy as np
import pandas as pd
import pytest

from helpers.experiments import aggregates, missing_covariates, uplift, variance_reduction
from helpers.experiments.config import ExperimentPlan, ExperimentsConfig
from helpers.foundation.engine import Engine
from helpers.reporting.text import experiments as experiments_text

ENGINE = Engine()
BEFORE = "covariate_spend_before"
PLANNED = ExperimentsConfig(plans={"banner": ExperimentPlan(hypothesis="h", control="control", primary_metric="spend",
                                            covariate=BEFORE, minimum_effect=1.0)})


def trial_without_effect(n=400, lift=0.0):
    """A trial in which spend follows what was spent before, and nothing else."""
    rng = np.random.default_rng(12)
    before = rng.normal(50, 10, 2 * n)
    variant = np.repeat(["control", "new"], n)
    return pd.DataFrame({
        "experiment": "banner", "unit_id": [f"u{i}" for i in range(2 * n)], "variant": variant,
        "metric_spend": 0.8 * before + rng.normal(0, 4, 2 * n) + lift * (variant == "new"), BEFORE: before})


def lacking(frame, n_control, n_new):
    """Return the trial with the covariate unknown for so many units of each arm."""
    gaps = frame.groupby("variant").cumcount()
    is_gap = gaps < frame["variant"].map({"control": n_control, "new": n_new})
    return frame.assign(**{BEFORE: frame[BEFORE].mask(is_gap)})


def test_a_covariate_that_one_arm_lacks_makes_no_effect(lazily, judged):
    *_, effects = judged(lazily(lacking(trial_without_effect(), 0, 240)), PLANNED)
    row = effects.iloc[0]
    own = trial_without_effect().groupby("variant")["metric_spend"].mean()
    assert row["value"] == pytest.approx(own["new"] - own["control"])
    assert row["low"] < 0 < row["high"]
    assert row["verdict"] != "ship"
    assert row["method"] == "Welch"
    assert row["note"] == "not adjusted by spend before, which the arms lack unequally"


def test_the_page_says_how_many_units_of_each_arm_lack_the_covariate(lazily, judged):
    from helpers.experiments import quality_gates

    *_, checked, effects = judged(lazily(lacking(trial_without_effect(), 0, 240)), PLANNED)
    sentence = experiments_text.experiments_answer(effects, quality_gates.gates_table(checked))[0]
    assert "240 of 800 units lack spend before (0 of 400 in control and 240 of 400 in new)" in sentence
    assert "the arms lack it unequally, so the difference is not adjusted by it" in sentence


def test_a_covariate_that_both_arms_lack_alike_still_adjusts_and_is_not_taken_for_zero(lazily, judged):
    *_, checked, effects = judged(lazily(lacking(trial_without_effect(lift=3.0), 120, 120)), PLANNED)
    row = effects.iloc[0]
    assert row["method"] == f"CUPED on {BEFORE}"
    assert row["low"] < 3.0 < row["high"]
    assert row["cuped_reduction"] > 0.4
    gate = next(g for g in checked["banner"] if g.gate == "banner: spend before known")
    assert not gate.is_crossed
    assert gate.sentence.endswith("the arms lack it alike")


def test_an_unknown_covariate_stands_at_the_mean_over_all_arms(lazily):
    frame = lacking(trial_without_effect(), 30, 70)
    counted = aggregates.aggregate_arms(ENGINE, lazily(frame))
    filled = frame.assign(**{BEFORE: frame[BEFORE].fillna(frame[BEFORE].mean())})
    for arm, own in filled.groupby("variant"):
        found, expected = (
            variance_reduction.bivariate_moments(counted, ("banner", arm, "spend"), BEFORE),
            own[["metric_spend", BEFORE]].cov(),
        )
        assert (found.n, found.other_mean, found.other_variance, found.covariance) == pytest.approx(
            (400, own[BEFORE].mean(), expected.loc[BEFORE, BEFORE], expected.loc["metric_spend", BEFORE]))
    assert counted.covariates["n_missing"].tolist() == [30, 70]


def test_far_from_zero_an_unknown_covariate_stands_at_the_mean_too(lazily):
    frame = lacking(trial_without_effect(), 30, 70).assign(**{BEFORE: lambda t: t[BEFORE] + 1e8})
    found = variance_reduction.bivariate_moments(
        aggregates.aggregate_arms(ENGINE, lazily(frame)), ("banner", "new", "spend"), BEFORE
    )
    own = frame[BEFORE].fillna(frame[BEFORE].mean())[frame["variant"] == "new"]
    assert found.other_variance == pytest.approx(own.var(), rel=1e-6)


def test_a_ratio_is_of_units_that_have_its_denominator(lazily):
    frame = trial_without_effect().rename(columns={BEFORE: "metric_visits"})
    frame.loc[:99, "metric_visits"] = np.nan
    counted = aggregates.aggregate_arms(ENGINE, lazily(frame), [("spend", "visits")])
    found = variance_reduction.bivariate_moments(counted, ("banner", "control", "spend"), "metric_visits")
    own = frame[frame["variant"] == "control"].dropna()
    assert found.n == 300
    assert variance_reduction.linearised_ratio(found).mean == pytest.approx(
        own["metric_spend"].sum() / own["metric_visits"].sum()
    )


def test_another_experiments_covariate_is_not_missing_here(lazily):
    other = trial_without_effect().assign(experiment="other").drop(columns=BEFORE)
    counted = aggregates.aggregate_arms(ENGINE, lazily(pd.concat([trial_without_effect(), other], ignore_index=True)))
    assert (
        missing_covariates.covariate_missingness(counted, "other")
        == missing_covariates.covariate_missingness(counted, "banner")
        == ()
    )


def test_too_few_gaps_are_told_and_not_tested(lazily):
    found = missing_covariates.covariate_missingness(
        aggregates.aggregate_arms(ENGINE, lazily(lacking(trial_without_effect(), 0, 4))), "banner"
    )[0]
    assert found.by_arm == {"control": (0, 400), "new": (4, 400)}
    assert np.isnan(found.p)


def test_nobody_is_chosen_by_a_covariate_that_arms_lack_unequally(lazily, judged):
    _, found, _, effects = judged(lazily(lacking(trial_without_effect(600), 0, 300)), PLANNED)
    assert found.unequal == {"banner": (BEFORE,)}
    assert uplift.uplift_results(effects, found, {}) == {}
    assert uplift.subgroup_effects(effects, found).empty


def test_units_without_the_covariate_are_in_neither_half(lazily, judged):
    frame = lacking(trial_without_effect(600, lift=2.0), 150, 150)
    _, found, _, effects = judged(lazily(frame), PLANNED)
    half = uplift.subgroup_effects(effects, found).iloc[0]
    own = frame.dropna()
    above = own[BEFORE] > own[BEFORE].median()
    means = own.groupby([above, "variant"])["metric_spend"].mean()
    assert half["cut"] == pytest.approx(own[BEFORE].median())
    assert half["effect_above"] == pytest.approx(means[True, "new"] - means[True, "control"])
