import numpy as np
import pandas as pd
import pytest
from statsmodels.discrete.discrete_model import NegativeBinomial

from helpers.churn import purchase_rate


@pytest.fixture
def planted():
    """Return repeat purchases and ages of customers whose rates are Gamma(0.8, 200), and what they buy in 90 days."""
    rng = np.random.default_rng(3)
    age, rates = rng.integers(30, 700, 20_000), rng.gamma(0.8, 1 / 200, 20_000)
    return rng.poisson(rates * age), age, rng.poisson(rates * 90)


def test_the_planted_spread_of_rates_is_found_and_what_is_expected_happens(planted):
    n_repeats, age, later = planted
    fitted = purchase_rate.fit_purchase_rate(n_repeats, age)
    assert (fitted.shape, fitted.rate) == (pytest.approx(0.8, rel=0.05), pytest.approx(200, rel=0.07))
    expected = fitted.expected_occasions(n_repeats, age, 90)
    assert expected.sum() == pytest.approx(later.sum(), rel=0.03)
    by_count = pd.DataFrame({"expected": expected, "later": later}).groupby(np.minimum(n_repeats, 5)).mean()
    assert by_count["expected"].to_numpy() == pytest.approx(by_count["later"].to_numpy(), rel=0.08)


def test_the_fit_is_that_of_statsmodels_negative_binomial_with_an_exposure(planted):
    n_repeats, age, _ = (column[:3000] for column in planted)
    fitted = purchase_rate.fit_purchase_rate(n_repeats, age)
    peer = NegativeBinomial(n_repeats, np.ones(3000), exposure=age).fit(disp=0)
    log_mean, dispersion = peer.params
    assert fitted.shape == pytest.approx(1 / dispersion, rel=1e-3)
    assert fitted.shape / fitted.rate == pytest.approx(np.exp(log_mean), rel=1e-3)


def test_without_repeat_purchases_there_is_no_rate():
    assert purchase_rate.fit_purchase_rate(np.zeros(50), np.full(50, 100)) is None
