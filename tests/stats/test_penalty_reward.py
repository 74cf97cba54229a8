import numpy as np
import pytest
from statsmodels.regression.linear_model import WLS

from helpers.stats import penalty_reward
from helpers.stats.survey_weights import WeightedSample

THIRD = 1.0908  # mean of the upper third of a normal less that of the middle one: φ(Φ⁻¹(1/3)) / (1/3)


def alike(n):
    return WeightedSample(np.arange(n), np.ones(n))


def test_thirds_are_thirds_of_the_weight():
    values, weights = np.arange(90.0)[:, None], np.r_[np.ones(30), np.full(60, 2.0)]
    low, high = penalty_reward.tertile_cuts(values, weights)[:, 0]
    assert (weights[values[:, 0] <= low].sum(), weights[values[:, 0] <= high].sum()) == (50, 100)


def test_equal_scores_stay_in_one_third_and_the_minimum_is_low():
    scores = np.r_[np.zeros(50), np.full(30, 50.0), np.full(20, 100.0)][:, None]
    assert penalty_reward.tertile_indicators(scores, penalty_reward.tertile_cuts(scores, np.ones(100))).sum(
        axis=0
    ).tolist() == [50, 20]


def test_planted_penalties_and_rewards_are_found():
    rng = np.random.default_rng(1)
    x, other = rng.normal(size=(2, 20_000))
    found = penalty_reward.tertile_contrasts(np.column_stack([x, other]), x + 0.5 * other, alike(20_000), 20, 1)[0]
    assert found == pytest.approx([-THIRD, -THIRD / 2, THIRD, THIRD / 2], abs=0.03)


def test_the_error_of_a_contrast_is_that_of_samples_drawn_anew_and_not_that_of_cuts_held_fixed():
    rng, values, errors = np.random.default_rng(2), [], []
    for seed in range(300):
        x = rng.normal(size=(200, 1))
        drawn = penalty_reward.tertile_contrasts(x, x[:, 0], alike(200), 200, seed)[:, 1]
        values.append(drawn[0])
        errors.append(drawn[1:].std())
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.15)


def test_answers_that_no_resample_cuts_elsewhere_have_no_slope():
    steps = np.r_[np.zeros(400), np.full(400, 1.0), np.full(200, 2.0)][:, None]
    at = penalty_reward.tertile_cuts(steps, np.ones(1000))
    assert not penalty_reward._coefficient_slopes(steps, np.arange(1000.0), np.ones(1000), at).any()
    rough = np.random.default_rng(3).normal(size=(1000, 1))
    assert penalty_reward._coefficient_slopes(
        rough, rough[:, 0], np.ones(1000), penalty_reward.tertile_cuts(rough, np.ones(1000))
    ).any()


def test_a_replicate_with_an_empty_third_has_no_value():
    x = np.r_[np.zeros(2), np.ones(2), np.full(2, 2.0)][:, None]
    drawn = penalty_reward.tertile_contrasts(x, np.arange(6.0), alike(6), 200, 1)
    assert np.isfinite(drawn[0]).all()
    assert np.isnan(drawn).any()


def test_the_weighted_regression_is_that_of_statsmodels():
    rng = np.random.default_rng(3)
    x, y, weights = (rng.random((500, 6)) < 1 / 3) * 1.0, rng.normal(size=500), rng.gamma(4, 0.25, 500)
    theirs = WLS(y, np.column_stack([x, np.ones(500)]), weights=weights).fit().params[:-1]
    np.testing.assert_allclose(penalty_reward._weighted_regression(x, y, weights), theirs, atol=1e-10)
