import numpy as np
import pytest
from scipy import stats

from helpers.experiments import mean_difference, permutation
from helpers.experiments.variance_reduction import moments_of_values


def test_ordinary_values_get_the_p_and_the_limits_of_welch():
    rng = np.random.default_rng(8)
    a, b = rng.normal(0, 1, 200), rng.normal(0.25, 1, 200)
    found = permutation.permutation_difference(a, b, np.random.default_rng(1), draws=4000)
    expected = mean_difference.welch_difference(moments_of_values(a), moments_of_values(b))
    assert found.p == pytest.approx(expected.p, abs=0.015)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.03)


def test_zeros_and_ones_get_the_p_of_the_hypergeometric():
    a, b = np.repeat([0.0, 1.0], [995, 5]), np.repeat([0.0, 1.0], [985, 15])
    found = permutation.permutation_difference(a, b, np.random.default_rng(1), draws=20_000)
    exact = stats.fisher_exact([[15, 985], [5, 995]]).pvalue
    assert found.p == pytest.approx(exact, abs=0.006)


def test_the_draws_repeat_with_their_seed_and_p_is_never_zero():
    a, b = np.arange(50.0), np.arange(50.0) + 1000
    one, two = (permutation.permutation_difference(a, b, np.random.default_rng(3), draws=500) for _ in range(2))
    assert one == two
    assert one.p == pytest.approx(2 / 501)


def test_the_interval_is_clear_of_zero_exactly_where_p_is_under_the_error_rate():
    rng, clear = np.random.default_rng(8), 0
    for i in range(60):
        a, b = ((rng.random(n) < 0.1) * rng.lognormal(2, 1.2, n) for n in (60, 500))
        found = permutation.permutation_difference(a, b + 0.02 * i * (b > 0), np.random.default_rng(i), draws=399)
        assert (found.low > 0 or found.high < 0) == (found.p < 0.05)
        clear += found.p < 0.05
    assert clear > 3


def test_constant_values_have_no_error():
    assert permutation.permutation_difference(np.ones(5), np.ones(5), np.random.default_rng(1)).p == 1.0


def test_the_splits_and_their_p_are_those_of_scipy_where_it_tries_them_all():
    a, b = np.array([0.0, 0, 0, 3, 7, 0]), np.array([0.0, 12, 0, 4, 9, 20])

    def welch(x, y, axis):
        return stats.ttest_ind(x, y, equal_var=False, axis=axis).statistic

    peer = stats.permutation_test((b, a), welch, vectorized=True, n_resamples=np.inf)
    found = permutation.permutation_difference(a, b, np.random.default_rng(1), draws=20_000)
    assert found.p == pytest.approx(peer.pvalue, abs=0.01)
    drawn = permutation._permuted_t(np.array([3.0, 7, 12, 4, 9, 20]), 6, 6, 20_000, np.random.default_rng(1))
    assert set(drawn.round(9)) == set(peer.null_distribution.round(9))
