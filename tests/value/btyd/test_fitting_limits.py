import numpy as np
import pytest
from scipy import optimize

from helpers.value.btyd import fitting
from helpers.value.btyd.bg_nbd import MBG_NBD
from helpers.value.btyd.fitting import fit_btyd
from helpers.value.btyd.frequency_recency import FrequencyRecency


@pytest.fixture(scope="module")
def small():
    """Customers by MBG/NBD: few enough for limits by likelihood."""
    rng, n = np.random.default_rng(4), 600
    age = rng.integers(140, 500, n) / 7
    rate, stays = rng.gamma(0.9, 1 / 8, n), rng.geometric(rng.beta(0.9, 2.5, n)) - 1
    tried = rng.poisson(rate * age)
    x = np.minimum(tried, stays)
    last = np.where(x > 0, age * rng.beta(np.maximum(x, 1), np.maximum(tried - x, 0) + 1), 0)
    return FrequencyRecency(x * 1.0, last, age, np.ones(n))


def highest(counts, place, at):
    """Return the highest log-likelihood with one log parameter held, by another route."""
    negative, start = fitting.negative_log_likelihood(MBG_NBD, counts), np.log([0.9, 8, 0.9, 2.5])
    held = lambda rest: negative(np.insert(rest, place, at))[0]  # noqa: E731
    return -optimize.minimize(held, np.delete(start, place), method="Nelder-Mead",
                              options={"maxiter": 4000, "xatol": 1e-6, "fatol": 1e-7}).fun


@pytest.mark.parametrize("place", range(4))
def test_at_a_limit_the_likelihood_has_fallen_by_half_the_squared_quantile(small, place):
    fit = fitting.with_profile_limits(fit_btyd(MBG_NBD, small), small)
    low, high = fit.limits[place]
    assert low < fit.values[place] < high
    for limit in (low, high):
        fall = fit.log_likelihood - highest(small, place, np.log(limit))
        assert np.sqrt(2 * fall) == pytest.approx(1.96, abs=0.02)


def test_limits_are_told_and_reach_farther_up_than_those_by_standard_errors(small):
    plain = fit_btyd(MBG_NBD, small)
    told, by_errors = fitting.with_profile_limits(plain, small).estimates(), plain.estimates()
    assert [e.high > other.high for e, other in zip(told[:4], by_errors, strict=False)] == [True] * 4
    assert [e.value for e in told[:5]] == [e.value for e in by_errors[:5]]


def test_many_repeat_buyers_and_unidentified_models_keep_what_they_have(small, monkeypatch):
    fit = fit_btyd(MBG_NBD, small)
    monkeypatch.setattr(fitting, "MAX_REPEAT_BUYERS_FOR_PROFILE", 10)
    assert fitting.with_profile_limits(fit, small) is fit
    nobody = FrequencyRecency(np.zeros(5), np.zeros(5), np.full(5, 30.0), np.ones(5))
    nothing = fit_btyd(MBG_NBD, nobody)
    assert fitting.with_profile_limits(nothing, nobody) is nothing
