import numpy as np
import pytest

from helpers.experiments import quantile_effects


def test_the_limits_of_a_median_are_its_order_statistics():
    """Conover (1999), 3.2: of 100 values the 95 % limits of the median are near the 40th and the 61st."""
    value, low, high = quantile_effects.quantile_interval(np.arange(1.0, 101.0), 0.5)
    assert value == pytest.approx(50.5)
    assert (low, high) == pytest.approx((40.7, 60.3), abs=0.1)


def test_a_shift_of_all_values_shifts_every_quantile():
    rng = np.random.default_rng(5)
    a, b = rng.lognormal(0, 1, 4000), rng.lognormal(0, 1, 4000) + 1
    for q in (0.25, 0.5, 0.9):
        found = quantile_effects.quantile_difference(a, b, q)
        assert found.low < 1 < found.high
        assert (found.p < 0.05) == (found.low > 0)


def test_a_quantile_in_the_sparse_tail_is_refused():
    assert "beyond the quantile" in quantile_effects.quantile_refusal(np.arange(50.0), np.arange(50.0), 0.9)
    assert quantile_effects.quantile_refusal(np.arange(500.0), np.arange(500.0), 0.9) == ""
    assert "0 values" in quantile_effects.quantile_refusal(np.array([]), np.arange(5.0))


def test_a_quantile_that_many_share_is_refused():
    zeros = np.append(np.zeros(600), np.arange(400.0))
    assert quantile_effects.quantile_refusal(zeros, zeros) == "60 % of the values are the quantile itself"
