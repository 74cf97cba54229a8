import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from helpers.stats import multiple_testing


def test_holm_steps_down_and_never_falls():
    assert multiple_testing.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_benjamini_hochberg_steps_up_and_never_rises():
    assert multiple_testing.benjamini_hochberg([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.02, 0.04, 0.04, 0.02])


def test_the_lowest_is_told_by_tests_of_differences_where_intervals_overlap():
    # 84.7 less 73.7 is 11 ± 7.8 (z = 2.76), though 79.6 is below 79.9; adjusted for four differences p is .023
    values, low, high = [73.7, 84.7, 76, 78, 75], [67.6, 79.6, 70, 72, 69], [79.9, 89.8, 82, 84, 81]
    assert multiple_testing.may_be_lowest(values, low, high) == [True, False, True, True, True]
    assert multiple_testing.may_be_lowest([5.0], [4.0], [6.0]) == [True]
    assert multiple_testing.may_be_lowest([1.0, 1.0, 2.0], [1.0, 1.0, 2.0], [1.0, 1.0, 2.0]) == [True, True, False]
    alone = multiple_testing.may_be_lowest([0, 2.2], [-1.5, 0.7], [1.5, 3.7])
    among = multiple_testing.may_be_lowest([0, 2.2, 0.1], [-1.5, 0.7, -1.4], [1.5, 3.7, 1.6])
    assert (alone, among) == ([True, False], [True, True, True]), "more tests, more chance"


@pytest.mark.parametrize(("adjust", "expected"), [
    (multiple_testing.holm, [0.02, np.nan, 0.04]), (multiple_testing.benjamini_hochberg, [0.02, np.nan, 0.04])])
def test_a_missing_p_is_not_counted_and_stays_missing(adjust, expected):
    assert adjust([0.01, np.nan, 0.04]) == pytest.approx(expected, nan_ok=True)
    assert np.isnan(adjust([np.nan, np.nan])).all()
    assert len(adjust([])) == 0


@pytest.mark.parametrize("n", [1, 2, 7, 200])
def test_both_are_those_of_statsmodels(n):
    p = np.random.default_rng(n).uniform(0, 0.3, n).round(2)
    assert multiple_testing.holm(p) == pytest.approx(multipletests(p, method="holm")[1], abs=1e-12)
    assert multiple_testing.benjamini_hochberg(p) == pytest.approx(multipletests(p, method="fdr_bh")[1], abs=1e-12)
