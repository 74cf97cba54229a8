"""Goldens: GrowthBook's gbstats (tests/frequentist), and textbook cases."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from helpers.experiments import mean_difference
from helpers.experiments.aggregates import ArmMoments
from helpers.experiments.design import ExperimentDesign

A = ArmMoments.of_sums(3407, 1396.87, 52377.9767)
B = ArmMoments.of_sums(3461, 2422.7, 134698.29)


def test_welch_absolute_difference_matches_gbstats():
    d = mean_difference.welch_difference(A, B)
    assert (d.value, d.low, d.high, d.p) == pytest.approx((0.29, 0.04538, 0.53462, 0.02016), abs=5e-6)


def test_relative_difference_by_the_delta_method_matches_gbstats():
    d = mean_difference.relative_difference(A, B)
    assert (d.value, d.low, d.high, d.p) == pytest.approx((0.70732, -0.03526, 1.44989, 0.06191), abs=5e-6)


def test_relative_difference_of_shares_matches_gbstats():
    d = mean_difference.relative_difference(ArmMoments.of_successes(14, 28), ArmMoments.of_successes(16, 30))
    assert (d.value, d.low, d.high) == pytest.approx((0.06667, -0.47767, 0.61101), abs=5e-6)


def test_a_control_that_may_be_zero_gives_no_relative_difference():
    assert math.isnan(mean_difference.relative_difference(ArmMoments(100, 0.1, 4.0), ArmMoments(100, 1.0, 4.0)).value)
    assert math.isnan(mean_difference.relative_difference(ArmMoments(100, -5.0, 4.0), ArmMoments(100, 1.0, 4.0)).value)


def test_two_constant_arms_that_differ_are_beyond_chance_and_equal_ones_are_not():
    assert mean_difference.welch_difference(ArmMoments(50, 1.0, 0.0), ArmMoments(50, 2.0, 0.0)).p == 0.0
    assert mean_difference.welch_difference(ArmMoments(50, 1.0, 0.0), ArmMoments(50, 1.0, 0.0)).p == 1.0


def test_fiellers_interval_is_clear_of_zero_exactly_where_welchs_is():
    found = mean_difference.fieller(A, B)
    assert (found.value, found.p) == pytest.approx((0.70732, 0.02016), abs=5e-6)
    assert (
        found.low > 0 > mean_difference.relative_difference(A, B).low
    )  # the delta method contradicts the test of the difference here
    rng = np.random.default_rng(5)
    for _ in range(300):
        a, b = (
            ArmMoments(int(rng.integers(20, 200)), float(rng.normal(10, 1)), float(rng.gamma(5, 5))) for _ in range(2)
        )
        one, two = mean_difference.welch_difference(a, b), mean_difference.fieller(a, b)
        assert (one.low > 0, one.high < 0) == (two.low > 0, two.high < 0)


def test_fiellers_limits_are_the_ratios_that_welchs_statistic_does_not_reject():
    a, b = ArmMoments(40, 10.0, 16.0), ArmMoments(60, 12.0, 30.0)
    found = mean_difference.fieller(a, b)
    t = stats.t.ppf(0.975, mean_difference._freedom(a, b))
    for ratio in (1 + found.low, 1 + found.high):
        error = math.sqrt(b.error_squared + ratio**2 * a.error_squared)
        assert abs(b.mean - ratio * a.mean) / error == pytest.approx(t)


def test_fieller_gives_nothing_where_the_control_may_be_zero():
    assert math.isnan(mean_difference.fieller(ArmMoments(100, 0.1, 4.0), ArmMoments(100, 1.0, 4.0)).value)
    assert math.isnan(mean_difference.fieller(ArmMoments(100, -5.0, 4.0), ArmMoments(100, 1.0, 4.0)).value)


def outcomes(low, high, n=100):
    return pd.DataFrame({
        "metric": "spend", "variant": ["a", "b"], "n": n, "mean": [10.0, 11.0], "variance": [4.0, 4.0],
        "low": [low, 6.0], "high": [high, 16.0]})


DESIGN = ExperimentDesign("gift", "a", ("a", "b"), (0.5, 0.5), "the plan", ("spend",))


def test_one_extreme_unit_is_found_at_either_end():
    assert mean_difference.leave_one_out(DESIGN, "spend", "b", outcomes(5.0, 80.0)).extreme == 80.0
    assert mean_difference.leave_one_out(DESIGN, "spend", "b", outcomes(-70.0, 15.0)).extreme == -70.0


def test_an_ordinary_unit_does_not_move_the_difference():
    found = mean_difference.leave_one_out(DESIGN, "spend", "b", outcomes(4.0, 15.5))
    assert found.extreme == 4.0
    assert found.without_unit == pytest.approx(11 - (1000 - 4) / 99)
    assert found.shift < 0.3


def test_three_values_are_too_few_to_take_one_away():
    assert mean_difference.leave_one_out(DESIGN, "spend", "b", outcomes(5.0, 80.0, n=3)) is None


def test_welch_from_moments_is_that_of_scipy_from_values():
    rng = np.random.default_rng(9)
    a, b = rng.gamma(2, 10, 80), rng.gamma(2, 12, 300)
    arms = [ArmMoments.of_sums(len(v), v.sum(), (v**2).sum()) for v in (a, b)]
    peer = stats.ttest_ind(b, a, equal_var=False)
    limits = peer.confidence_interval(0.95)
    found = mean_difference.welch_difference(*arms)
    assert (found.p, found.low, found.high) == pytest.approx((peer.pvalue, limits.low, limits.high), rel=1e-9)
