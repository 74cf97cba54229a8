import numpy as np
import pytest
from scipy import special

from helpers.loyalty import breakpoints, monotone_logistic


def drawn(beta, n=6000, seed=1):
    rng = np.random.default_rng(seed)
    score = np.clip(np.rint((60 + 18 * rng.standard_normal(n)) / 5) * 5, 0, 100)
    chance = special.expit(monotone_logistic.broken_designs(score, np.array([[45.0, 75.0]]))[0] @ beta)
    return score, (rng.random(n) < chance) * 1.0


def test_the_smooth_curve_only_rises_and_its_parts_reach_from_zero_to_one():
    basis = breakpoints.spline_design(np.linspace(0, 100, 50))
    assert (np.diff(basis[:, 1:], axis=0) >= -1e-12).all()
    assert basis[0, 1:] == pytest.approx(np.zeros(5))
    assert basis[-1, 1:] == pytest.approx(np.ones(5))


def test_out_of_sample_the_bent_line_wins_where_there_is_a_bend():
    table = breakpoints.compare_shapes(*drawn([-1.6, 0.0, 1.2, 0.0]), np.random.default_rng(2)).set_index("shape")
    assert table.loc[breakpoints.BROKEN_LINE, "low"] > 0
    assert table.loc[breakpoints.STRAIGHT_LINE, "gain"] == 0


def test_out_of_sample_no_shape_beats_the_line_where_it_is_straight():
    table = breakpoints.compare_shapes(*drawn([-1.6, 0.3, 0.3, 0.3]), np.random.default_rng(2)).set_index("shape")
    assert (table.loc[[breakpoints.BROKEN_LINE, breakpoints.SMOOTH_CURVE], "low"] < 0).all()


def test_folds_with_one_outcome_only_are_not_compared():
    score = np.linspace(0, 100, 60)
    assert breakpoints.compare_shapes(score, (np.arange(60) < 3) * 1.0, np.random.default_rng(1)).empty
