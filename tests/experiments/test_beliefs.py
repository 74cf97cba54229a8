import numpy as np
import pytest

from helpers.experiments import beliefs


def test_expected_losses_are_the_means_of_what_is_lost():
    drawn = np.random.default_rng(1).normal(0.5, 1.0, 400_000)
    found = beliefs.belief(0.5, 1.0)
    assert found.loss_shipping == pytest.approx(np.maximum(-drawn, 0).mean(), abs=0.004)
    assert found.loss_stopping == pytest.approx(np.maximum(drawn, 0).mean(), abs=0.004)
    assert found.chance_better == pytest.approx((drawn > 0).mean(), abs=0.004)


def test_the_two_losses_differ_by_the_expected_difference():
    found = beliefs.belief(0.3, 0.7, prior=1.0)
    assert found.loss_stopping - found.loss_shipping == pytest.approx(found.value)


def test_a_narrow_prior_pulls_the_difference_towards_nothing():
    assert beliefs.belief(1.0, 1.0, prior=1.0).value == pytest.approx(0.5)
    assert beliefs.belief(1.0, 1.0, prior=0.0).chance_better == 0.5
    assert beliefs.belief(1.0, 1.0).value == 1.0


def test_a_difference_without_error_is_known():
    assert beliefs.belief(2.0, 0.0).loss_shipping == 0.0
    assert beliefs.belief(-2.0, 0.0).loss_shipping == 2.0
    assert beliefs.belief(0.0, 0.0).chance_better == 0.5
