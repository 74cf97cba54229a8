import warnings

import numpy as np
import pytest
from scipy import special
from statsmodels.discrete.discrete_model import Logit

from helpers.stats import logistic_regression


@pytest.fixture
def data():
    rng = np.random.default_rng(2)
    design = np.column_stack([np.ones(500), rng.standard_normal((500, 2))])
    return design, (rng.random(500) < special.expit(design @ [-0.5, 0.8, -0.3])) * 1.0


def test_coefficients_solve_the_score_equations_and_their_covariance_is_the_inverse_of_the_information(data):
    design, y = data
    weights = np.arange(500) % 4 + 0.5
    found = logistic_regression.fit_logistic_regression(design, y, weights)
    p = special.expit(design @ found.coefficients)
    assert design.T @ (weights * (y - p)) == pytest.approx([0, 0, 0], abs=1e-8)
    information = (design * (weights * p * (1 - p))[:, None]).T @ design
    assert found.covariance @ information == pytest.approx(np.eye(3), abs=1e-8)
    half = 1.959963984540054 * np.sqrt(found.covariance[1, 1])
    limits = (found.interval(1).low, found.interval(1).high)
    assert limits == pytest.approx((found.coefficients[1] - half, found.coefficients[1] + half), abs=1e-12)


def test_counted_people_are_the_same_as_people_in_rows():
    x, y = np.repeat([0.0, 1, 2], 40), np.tile([0, 1, 1, 0, 0, 0, 1, 1], 15) * 1.0
    one = logistic_regression.fit_logistic_regression(np.column_stack([np.ones(120), x]), y)
    shares = np.array([y[x == v].mean() for v in (0, 1, 2)])
    other = logistic_regression.fit_logistic_regression(
        np.column_stack([np.ones(3), [0.0, 1, 2]]), shares, np.full(3, 40.0)
    )
    assert one.coefficients == pytest.approx(other.coefficients, abs=1e-8)
    assert one.covariance == pytest.approx(other.covariance, abs=1e-8)
    assert other.n == 120


def test_a_small_change_is_the_average_marginal_effect_of_statsmodels(data):
    design, y = data
    moved = design.copy()
    moved[:, 1] += 1e-3
    found = logistic_regression.fit_logistic_regression(design, y).margins([(-1.0, design), (1.0, moved)])
    peer = Logit(y, design).fit(disp=0).get_margeff()
    assert found.value / 1e-3 == pytest.approx(peer.margeff[0], rel=1e-3)
    assert (found.high - found.value) / 1e-3 / 1.959964 == pytest.approx(peer.margeff_se[0], rel=1e-3)


def test_margins_of_designs_of_unequal_length_are_the_weighted_sum_of_their_mean_probabilities(data):
    fit = logistic_regression.fit_logistic_regression(*data)
    parts = [(2.0, data[0][:100]), (-0.5, data[0][100:])]
    p = [special.expit(design @ fit.coefficients) for _, design in parts]
    slope = sum(w * ((q * (1 - q))[:, None] * x).mean(axis=0) for q, (w, x) in zip(p, parts, strict=True))
    value = 2 * p[0].mean() - 0.5 * p[1].mean()
    half = 1.959963984540054 * np.sqrt(slope @ fit.covariance @ slope)
    found = fit.margins(parts)
    assert (found.value, found.low, found.high) == pytest.approx((value, value - half, value + half), abs=1e-9)


def test_separation_idle_columns_and_a_single_outcome_have_no_fit_and_no_warning():
    x = np.column_stack([np.ones(20), np.arange(20.0)])
    quasi = np.column_stack([np.ones(40), np.repeat([0.0, 1.0], 20)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert logistic_regression.fit_logistic_regression(x, (np.arange(20) > 9) * 1.0) is None
        assert logistic_regression.fit_logistic_regression(quasi, np.append(np.ones(20), np.tile([0, 1.0], 10))) is None
        both = np.column_stack([x, x[:, 1]])
        assert logistic_regression.fit_logistic_regression(both, np.tile([0, 1.0], 10)) is None
        assert logistic_regression.fit_logistic_regression(x, np.ones(20)) is None
        assert logistic_regression.fit_logistic_regression(x, np.zeros(20)) is None


def test_survey_weights_decide_whose_probabilities_the_margins_average():
    rng = np.random.default_rng(6)
    x = rng.normal(size=400)
    design = np.column_stack([np.ones(400), x])
    fit = logistic_regression.fit_logistic_regression(design, (rng.random(400) < 1 / (1 + np.exp(-x))).astype(float))
    is_high = x > 0
    some = fit.margins([(1.0, design[is_high])])
    weighted = fit.margins([(1.0, design)], np.where(is_high, 1.0, 0.0))
    assert weighted.value == pytest.approx(some.value)
