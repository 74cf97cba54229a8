import numpy as np
import pytest

from helpers.experiments import bayesian, cluster_robust, mean_difference
from helpers.experiments.aggregates import ArmMoments


def test_expected_losses_are_the_means_of_what_is_lost():
    drawn = np.random.default_rng(1).normal(0.5, 1.0, 400_000)
    found = bayesian.posterior_of_difference(0.5, 1.0)
    assert found.expected_loss_if_shipped == pytest.approx(np.maximum(-drawn, 0).mean(), abs=0.004)
    assert found.expected_loss_if_stopped == pytest.approx(np.maximum(drawn, 0).mean(), abs=0.004)
    assert found.chance_to_win == pytest.approx((drawn > 0).mean(), abs=0.004)


def test_the_two_losses_differ_by_the_expected_difference():
    found = bayesian.posterior_of_difference(0.3, 0.7, prior=1.0)
    assert found.expected_loss_if_stopped - found.expected_loss_if_shipped == pytest.approx(found.value)


def test_a_narrow_prior_pulls_the_difference_towards_nothing():
    assert bayesian.posterior_of_difference(1.0, 1.0, prior=1.0).value == pytest.approx(0.5)
    assert bayesian.posterior_of_difference(1.0, 1.0, prior=0.0).chance_to_win == 0.5
    assert bayesian.posterior_of_difference(1.0, 1.0).value == 1.0


def test_a_difference_without_error_is_known():
    assert bayesian.posterior_of_difference(2.0, 0.0).expected_loss_if_shipped == 0.0
    assert bayesian.posterior_of_difference(-2.0, 0.0).expected_loss_if_shipped == 2.0
    assert bayesian.posterior_of_difference(0.0, 0.0).chance_to_win == 0.5


@pytest.mark.parametrize("prior", [np.inf, 0.02])
def test_the_reading_of_shares_is_that_of_their_beta_posteriors(prior):
    rng = np.random.default_rng(2)
    found = bayesian.of_shares(ArmMoments.of_successes(12, 150), ArmMoments.of_successes(25, 180), prior=prior)
    apart = rng.beta(25.5, 155.5, 1_000_000) - rng.beta(12.5, 138.5, 1_000_000)
    weight = np.exp(-apart**2 / (2 * prior**2))
    mean = np.average(apart, weights=weight)
    assert found.value == pytest.approx(mean, abs=2e-4)
    assert found.error == pytest.approx(np.sqrt(np.average((apart - mean) ** 2, weights=weight)), rel=0.01)
    assert found.chance_to_win == pytest.approx(np.average(apart > 0, weights=weight), abs=0.002)
    assert found.expected_loss_if_shipped == pytest.approx(np.average(np.maximum(-apart, 0), weights=weight), abs=1e-4)
    assert found.expected_loss_if_stopped == pytest.approx(np.average(np.maximum(apart, 0), weights=weight), abs=2e-4)


def test_where_lower_is_better_the_reading_of_shares_turns_round():
    arms = ArmMoments.of_successes(60, 400), ArmMoments.of_successes(40, 400)
    one, two = bayesian.of_shares(*arms), bayesian.of_shares(*arms, sign=-1)
    assert one.chance_to_win + two.chance_to_win == pytest.approx(1)
    assert (one.expected_loss_if_shipped, one.expected_loss_if_stopped) == (
        two.expected_loss_if_stopped, two.expected_loss_if_shipped)


def test_an_interval_of_few_clusters_that_touches_zero_has_a_chance_to_be_better_of_one_side_of_it():
    rng = np.random.default_rng(6)
    totals = [(np.full(6, 30.0), 30 * rng.normal(0, 1, 6)) for _ in range(2)]
    found, _ = cluster_robust.cr2_difference(*totals)
    moved = mean_difference.Difference(found.value - found.low, 0.0, found.high - found.low, found.error, 0.05)
    assert bayesian.of_interval(moved).chance_to_win == pytest.approx(0.975)
    assert (
        bayesian.posterior_of_difference(moved.value, moved.error).chance_to_win > 0.98
    )  # by a normal one, whose tails are too thin
