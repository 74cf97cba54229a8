from math import sqrt

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from helpers.stats import confidence_intervals


def exact_coverage(n, shares, limits):
    """Sum the probability of every sample of n whose interval holds the true net share."""
    truth, covered = shares[0] - shares[2], 0.0
    for top in range(n + 1):
        for bottom in range(n + 1 - top):
            low, high = limits(top / n, bottom / n, n)
            if low <= truth <= high:
                covered += stats.multinomial.pmf([top, n - top - bottom, bottom], n, shares)
    return covered


def adjusted(top, bottom, n):
    found = confidence_intervals.net_share_interval(top, bottom, n)
    return found.low, found.high


def plain(top, bottom, n):
    half = 1.959963984540054 * sqrt(max(top + bottom - (top - bottom) ** 2, 0) / n)
    return top - bottom - half, top - bottom + half


@pytest.mark.parametrize(("n", "shares", "wald", "adjusted_wald"), [
    (5, (0.5, 0.35, 0.15), 0.815, 0.956), (10, (0.5, 0.35, 0.15), 0.894, 0.958),
    (30, (0.5, 0.35, 0.15), 0.936, 0.949), (10, (0.8, 0.15, 0.05), 0.884, 0.944),
    (50, (0.8, 0.15, 0.05), 0.931, 0.956)])
def test_net_share_has_the_exact_coverage_of_the_adjusted_wald_interval_and_not_that_of_the_plain_one(
        n, shares, wald, adjusted_wald):
    assert exact_coverage(n, shares, adjusted) == pytest.approx(adjusted_wald, abs=0.0005)
    assert exact_coverage(n, shares, plain) == pytest.approx(wald, abs=0.0005)


def test_net_share_keeps_the_observed_value_and_stays_on_its_scale():
    everybody = confidence_intervals.net_share_interval(1.0, 0.0, 10)
    assert everybody.value == 1.0
    assert everybody.high == 1.0
    assert everybody.low == pytest.approx(0.475, abs=1e-3)


def test_share_of_nobody_out_of_twenty_has_an_interval_that_is_not_a_point():
    nobody = confidence_intervals.share_interval(0.0, 20)
    assert (nobody.value, nobody.low) == (0.0, 0.0)
    assert nobody.high == pytest.approx(0.1898, abs=1e-4)


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
@pytest.mark.parametrize(("p", "n"), [(0.0, 1), (0.001, 45_678), (0.5, 2), (0.77, 88.1), (1.0, 30)])
def test_share_matches_statsmodels(p, n, level):
    found = confidence_intervals.share_interval(p, n, level)
    assert (found.low, found.high) == pytest.approx(proportion_confint(p * n, n, 1 - level, "agresti_coull"), rel=1e-12)


def test_share_matches_agresti_and_coull_with_two_successes_and_two_failures_added():
    found = confidence_intervals.share_interval(0.3, 10, level=float(2 * stats.norm.cdf(2) - 1))
    centre = 5 / 14
    assert found.low == pytest.approx(centre - 2 * sqrt(centre * (1 - centre) / 14))
    assert found.high == pytest.approx(centre + 2 * sqrt(centre * (1 - centre) / 14))


def test_mean_without_weights_is_students_interval():
    values = np.array([3.0, 4.0, 8.0, 9.0])
    expected = stats.t.interval(0.95, 3, values.mean(), stats.sem(values))
    found = confidence_intervals.mean_interval(values)
    assert (found.low, found.high) == pytest.approx(expected)


def test_mean_with_equal_weights_is_the_mean_without_and_unequal_ones_move_it():
    values = np.array([3.0, 4.0, 8.0, 9.0])
    assert confidence_intervals.mean_interval(values, np.full(4, 7.0)).low == pytest.approx(
        confidence_intervals.mean_interval(values).low
    )
    assert confidence_intervals.mean_interval(values, np.array([1.0, 1, 1, 5])).value == pytest.approx(
        (3 + 4 + 8 + 45) / 8
    )


def test_mean_of_a_table_of_values_is_the_mean_of_the_people_behind_it():
    values, weights = np.array([1.0, 1, 2, 5, 5, 5]), np.array([1.0, 2, 1, 1, 0.5, 2])
    distinct = np.unique(values)
    sums = [np.array([w[values == v].sum() for v in distinct]) for w in (weights, weights**2)]
    counted, direct = (
        confidence_intervals.mean_interval_from_counts(distinct, 6, *sums),
        confidence_intervals.mean_interval(values, weights),
    )
    assert (counted.value, counted.low, counted.high) == pytest.approx((direct.value, direct.low, direct.high))


def test_one_value_has_a_mean_and_no_interval_and_none_has_nothing():
    one, none = confidence_intervals.mean_interval(np.array([4.0])), confidence_intervals.mean_interval(np.array([]))
    assert one.value == 4.0
    assert np.isnan([one.low, one.high, none.value, none.low]).all()
    assert np.isnan(confidence_intervals.mean_interval_from_counts(np.array([]), 0, np.array([]), np.array([])).value)
    assert np.isnan(confidence_intervals.share_interval(0.5, 0).value)
    assert np.isnan(confidence_intervals.net_share_interval(0.5, 0.5, 0).value)
    assert confidence_intervals.effective_n(np.array([])) == 0


def test_difference_of_strangers_is_the_welch_interval_and_of_the_same_people_the_paired_one():
    rng = np.random.default_rng(3)
    before, after = rng.normal(50, 10, 400), rng.normal(52, 10, 400)
    after = 0.8 * before + 0.2 * after
    ones, ids = np.ones(400), np.arange(400)
    apart = confidence_intervals.difference_interval((before, after), (ones, ones), (ids, ids + 400))
    paired = confidence_intervals.difference_interval((before, after), (ones, ones), (ids, ids))
    welch = sqrt(before.var() / 400 + after.var() / 400)
    assert apart.value == paired.value == pytest.approx(after.mean() - before.mean())
    assert (apart.high - apart.low) / 2 == pytest.approx(1.96 * welch, rel=0.01)
    assert (paired.high - paired.low) / 2 == pytest.approx(stats.t.ppf(0.975, 399) * stats.sem(after - before))


def test_difference_needs_two_people_on_each_side():
    one = np.array([1.0])
    assert np.isnan(confidence_intervals.difference_interval((one, one), (one, one), (one, one)).value)


def test_rank_correlation_has_bonett_and_wrights_interval():
    rng = np.random.default_rng(5)
    x = rng.normal(size=60)
    y = x + rng.normal(size=60)
    found = confidence_intervals.spearman_interval(x, y)
    half = 1.959964 * sqrt((1 + found.value**2 / 2) / 57)
    assert found.value == pytest.approx(stats.spearmanr(x, y).statistic)
    assert found.low == pytest.approx(np.tanh(np.arctanh(found.value) - half), abs=1e-6)


def test_rank_correlation_of_a_constant_is_missing_and_of_few_or_perfect_pairs_has_no_interval():
    assert np.isnan(confidence_intervals.spearman_interval(np.ones(5), np.arange(5.0)).value)
    assert np.isnan(confidence_intervals.spearman_interval(np.arange(3.0), np.array([1.0, 3, 2])).low)
    assert np.isnan(confidence_intervals.spearman_interval(np.arange(5.0), np.arange(5.0)).low)


def test_correlation_has_the_interval_of_scipy():
    x, y = np.random.default_rng(2).normal(size=(2, 40))
    peer = stats.pearsonr(x, x + y)
    limits = peer.confidence_interval(0.95)
    found = confidence_intervals.pearson_interval(float(peer.statistic), 40)
    assert (found.low, found.high) == pytest.approx((limits.low, limits.high), abs=1e-12)
