import math

import pytest

from helpers.experiments import sequential
from helpers.experiments.mean_difference import Difference


def test_the_half_width_is_the_published_formula():
    """Waudby-Smith et al. 2021, eq. 9, as GrowthBook prints it, written out for N = 5,000 = N*, α = .05."""
    rho2 = (-2 * math.log(0.05) + math.log(-2 * math.log(0.05) + 1)) / 5000
    n, se = 5000, 0.02
    expected = se * math.sqrt(n) * math.sqrt(
        2 * (n * rho2 + 1) / (n**2 * rho2) * math.log(math.sqrt(n * rho2 + 1) / 0.05))
    assert sequential.confidence_sequence_half_width(se, n) == pytest.approx(expected, rel=1e-12)
    assert expected / se == pytest.approx(3.0, abs=0.05)


def test_it_is_wider_than_the_interval_of_one_look_at_every_number_of_units():
    assert all(sequential.confidence_sequence_half_width(1.0, n) > 1.96 for n in (100, 1000, 5000, 100_000, 10_000_000))


def test_it_is_narrowest_in_standard_errors_near_the_number_it_is_tuned_for():
    tuned = sequential.confidence_sequence_half_width(1.0, 2000, tuned_for=2000)
    assert tuned <= min(sequential.confidence_sequence_half_width(1.0, 2000, tuned_for=t) for t in (200, 20_000)) + 1e-9


def test_p_is_below_alpha_exactly_where_the_interval_excludes_zero():
    edge = sequential.confidence_sequence_half_width(1.0, 3000)
    for value, is_beyond in ((edge * 1.001, True), (edge * 0.999, False)):
        found = sequential.always_valid_difference(Difference(value, 0, 0, 1.0, 0), 3000)
        assert (found.p < 0.05) == is_beyond
        assert (found.low > 0) == is_beyond


def test_no_difference_has_p_one():
    assert sequential.always_valid_difference(Difference(0.0, 0, 0, 1.0, 1), 3000).p == 1.0
