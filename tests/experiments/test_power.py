import math

import numpy as np
import pytest

from helpers.experiments import power, validity


def test_power_is_cohens():
    """Cohen (1988), table 2.3.5: d = .5, n = 64 an arm, two-sided .05: power .80."""
    assert power.power(0.5, 1.0, (64, 64)) == pytest.approx(0.80, abs=0.005)
    assert power.power(0.2, 1.0, (393, 393)) == pytest.approx(0.80, abs=0.005)


def test_the_smallest_effect_has_the_wanted_power():
    effect = power.smallest_effect(2.0, (500, 800))
    assert power.power(effect, 2.0, (500, 800)) == pytest.approx(0.80, abs=0.003)


def test_units_needed_and_smallest_effect_are_each_others_inverse():
    n = power.units_needed(0.3, 2.0, 0.4)
    assert power.smallest_effect(2.0, (0.6 * n, 0.4 * n)) == pytest.approx(0.3)
    assert math.isnan(power.units_needed(0.0, 1.0))
    assert power.power(1000.0, 1.0, (50, 50)) == 1.0
    assert math.isnan(power.power(1.0, 0.0, (50, 50)))


def test_power_is_tabled_with_the_days_it_takes(trial, lazily, judged):
    import pandas as pd

    from helpers.experiments.assumptions import Assumptions, Plan

    days = pd.to_datetime("2026-01-01") + pd.to_timedelta(np.arange(len(trial)) % 10, "D")
    plan = Plan(hypothesis="h", control="control", primary_metric="spend", minimum_effect=1.0)
    designs, found, *_ = judged(lazily(trial.assign(assigned_at=days)), Assumptions(plans={"welcome": plan}))
    row = power.table(designs, found.counted).iloc[0]
    sd = trial.query("variant == 'control'")["metric_spend"].std()
    assert row["power"] == pytest.approx(power.power(1.0, sd, (400, 400)))
    assert row["days_needed"] == pytest.approx(row["units_needed"] * 9 / 800)


def test_even_arms_are_trusted_and_a_skewed_small_arm_is_not():
    rng = np.random.default_rng(1)
    sales = np.where(rng.random(4000) < 0.1, rng.lognormal(3, 0.8, 4000), 0)
    assert validity.means(validity.facts(sales[:2000]), validity.facts(sales[2000:])) == ""
    assert "skewness" in validity.means(validity.facts(sales[:400]), validity.facts(sales[400:]))


def test_one_unit_with_most_of_the_variance_is_not_trusted():
    values = np.append(np.arange(500.0), 1e5)
    assert "one unit has" in validity.means(validity.facts(values), validity.facts(values))


def test_few_of_the_rarer_answer_are_not_trusted():
    assert "only 5 units in control gave the rarer answer" in validity.answers({"control": 5, "new": 293})
    assert validity.answers({"control": 10, "new": 293}) == ""
