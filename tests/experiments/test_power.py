import math

import numpy as np
import pytest
from statsmodels.stats.power import NormalIndPower

from helpers.experiments import power, preconditions


def test_power_is_cohens():
    """Cohen (1988), table 2.3.5: d = .5, n = 64 an arm, two-sided .05: power .80."""
    assert power.achieved_power(0.5, 1.0, (64, 64)) == pytest.approx(0.80, abs=0.005)
    assert power.achieved_power(0.2, 1.0, (393, 393)) == pytest.approx(0.80, abs=0.005)


@pytest.mark.parametrize("units", [(2, 2), (50, 80), (150_000, 150_000), (5e8, 5e8)])
def test_power_keeps_its_near_tail_where_the_far_one_is_lost(units):
    from scipy import stats

    freedom, error = sum(units) - 2, math.sqrt(1 / units[0] + 1 / units[1])
    shifts = np.concatenate([np.arange(0.0, 40.0, 0.25), [60.0, 100.0]])
    found = np.array([power.achieved_power(shift * error, 1.0, units) for shift in shifts])
    limit = stats.t.isf(0.025, freedom)
    far = np.nan_to_num(stats.nct.cdf(-limit, freedom, shifts))
    assert found == pytest.approx(stats.nct.sf(limit, freedom, shifts) + far, abs=1e-9)
    assert found[1:] == pytest.approx([power.achieved_power(-shift * error, 1.0, units) for shift in shifts[1:]])


def test_power_of_many_standard_errors_is_one():
    assert power.achieved_power(0.02, 0.5, (150_000, 150_000)) == pytest.approx(1.0, abs=1e-12)
    n = (150_000, 150_000)
    far = [power.achieved_power(shift * math.sqrt(2 / n[0]), 1.0, n) for shift in np.linspace(8, 30, 89)]
    assert far == pytest.approx([1.0] * 89, abs=1e-9)
    assert math.isnan(power.achieved_power(1.0, 1.0, (0, 50)))


def test_the_smallest_effect_has_the_wanted_power():
    effect = power.minimum_detectable_effect(2.0, (500, 800))
    assert power.achieved_power(effect, 2.0, (500, 800)) == pytest.approx(0.80, abs=0.003)


def test_units_needed_and_smallest_effect_are_each_others_inverse():
    n = power.required_sample_size(0.3, 2.0, 0.4)
    assert power.minimum_detectable_effect(2.0, (0.6 * n, 0.4 * n)) == pytest.approx(0.3)
    assert math.isnan(power.required_sample_size(0.0, 1.0))
    assert power.achieved_power(1000.0, 1.0, (50, 50)) == 1.0
    assert math.isnan(power.achieved_power(1.0, 0.0, (50, 50)))


def test_power_is_tabled_with_the_days_it_takes(trial, lazily, judged):
    import pandas as pd

    from helpers.experiments.config import ExperimentPlan, ExperimentsConfig

    days = pd.to_datetime("2026-01-01") + pd.to_timedelta(np.arange(len(trial)) % 10, "D")
    plan = ExperimentPlan(hypothesis="h", control="control", primary_metric="spend", minimum_effect=1.0)
    assumptions = ExperimentsConfig(plans={"welcome": plan})
    designs, found, _, effects = judged(lazily(trial.assign(assigned_at=days)), assumptions)
    row = power.power_table(designs, found.counted, effects).iloc[0]
    of_metric = effects[effects["metric"].eq("spend")].iloc[0]
    error = (of_metric["high"] - of_metric["low"]) / (2 * 1.959964)
    assert row["smallest_effect"] == pytest.approx(2.801585 * error, rel=1e-5)
    sd = trial.query("variant == 'control'")["metric_spend"].std()
    unseen = power.power_table(designs, found.counted, effects.head(0)).iloc[0]
    assert unseen["smallest_effect"] == pytest.approx(power.minimum_detectable_effect(sd, (400, 400)))
    sd = error / math.sqrt(2 / 400)
    assert row["power"] == pytest.approx(power.achieved_power(1.0, sd, (400, 400)))
    assert row["days_needed"] == pytest.approx(row["units_needed"] * 9 / 800)
    at_once, counted, _, effects = judged(lazily(trial.assign(assigned_at=days[0])), assumptions)
    assert math.isnan(power.power_table(at_once, counted.counted, effects)["days_needed"].item())


def test_even_arms_are_trusted_and_a_skewed_small_arm_is_not():
    rng = np.random.default_rng(1)
    sales = np.where(rng.random(4000) < 0.1, rng.lognormal(3, 0.8, 4000), 0)
    assert (
        preconditions.welch_violation(
            preconditions.describe_values(sales[:2000]), preconditions.describe_values(sales[2000:])
        )
        == ""
    )
    assert "skewness" in preconditions.welch_violation(
        preconditions.describe_values(sales[:400]), preconditions.describe_values(sales[400:])
    )


def test_one_unit_with_most_of_the_variance_is_not_trusted():
    values = np.append(np.arange(500.0), 1e5)
    assert "one unit has" in preconditions.welch_violation(
        preconditions.describe_values(values), preconditions.describe_values(values)
    )


def test_few_of_the_rarer_answer_are_not_trusted():
    assert "only 5 units in control gave the rarer answer" in preconditions.answers({"control": 5, "new": 293})
    assert preconditions.answers({"control": 10, "new": 293}) == ""


@pytest.mark.parametrize("units", [(50, 50), (500, 800), (90_000, 10_000)])
def test_the_smallest_effect_is_the_one_that_statsmodels_finds_by_search(units):
    theirs = NormalIndPower().solve_power(
        nobs1=units[0], alpha=0.025, power=0.8, ratio=units[1] / units[0], alternative="larger")
    assert power.minimum_detectable_effect(2.0, units) == pytest.approx(2 * theirs, rel=1e-4)
