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


def test_coefficients_and_errors_are_those_of_statsmodels(data):
    found, peer = logistic_regression.fit_logistic_regression(*data), Logit(data[1], data[0]).fit(disp=0)
    assert found.coefficients == pytest.approx(peer.params, abs=1e-7)
    assert np.sqrt(np.diag(found.covariance)) == pytest.approx(peer.bse, abs=1e-7)
    assert (found.interval(1).low, found.interval(1).high) == pytest.approx(peer.conf_int()[1], abs=1e-6)


def test_counted_people_are_the_same_as_people_in_rows():
    x, y = np.repeat([0.0, 1, 2], 40), np.tile([0, 1, 1, 0, 0, 0, 1, 1], 15) * 1.0
    one = logistic_regression.fit_logistic_regression(np.column_stack([np.ones(120), x]), y)
    shares = np.array([y[x == v].mean() for v in (0, 1, 2)])
    other = logistic_regression.fit_logistic_regression(
        np.column_stack([np.ones(3), [0.0, 1, 2]]), shares, np.full(3, 40.0)
    )
    assert one.coefficients == pytest.approx(other.coefficients, abs=1e-8)
    assert other.n == 120


def test_the_average_marginal_effect_is_that_of_statsmodels(data):
    design, y = data
    moved = design.copy()
    moved[:, 1] += 1e-5
    found = logistic_regression.fit_logistic_regression(design, y).contrast(design, moved)
    peer = Logit(y, design).fit(disp=0).get_margeff()
    assert found.value / 1e-5 == pytest.approx(peer.margeff[0], rel=1e-3)
    assert (found.high - found.value) / 1e-5 / 1.959964 == pytest.approx(peer.margeff_se[0], rel=1e-3)


def test_separation_idle_columns_and_a_single_outcome_have_no_fit():
    x = np.column_stack([np.ones(20), np.arange(20.0)])
    assert logistic_regression.fit_logistic_regression(x, (np.arange(20) > 9) * 1.0) is None
    assert logistic_regression.fit_logistic_regression(np.column_stack([x, x[:, 1]]), np.tile([0, 1.0], 10)) is None
    assert logistic_regression.fit_logistic_regression(x, np.ones(20)) is None
    assert logistic_regression.fit_logistic_regression(x, (np.arange(20) > 9) * 1.0, ridge=1.0) is not None
