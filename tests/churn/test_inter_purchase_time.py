import numpy as np
import pytest

from helpers.churn import inter_purchase_time


def test_the_rhythm_of_a_cohort_is_found_again():
    rng = np.random.default_rng(1)
    rate = rng.gamma(2.0, 1 / 60.0, 20_000)
    n = rng.integers(1, 8, 20_000)
    found = inter_purchase_time.fit_inter_purchase_model(n, rng.gamma(n, 1 / rate))
    assert (found.shape, found.rate) == (pytest.approx(2.0, rel=0.05), pytest.approx(60.0, rel=0.06))


def test_a_silence_is_judged_by_the_own_rhythm():
    found = inter_purchase_time.InterPurchaseModel(2.0, 60.0)
    often, seldom = found.survival(np.array([20, 2]), np.array([200.0, 200.0]), np.array([60.0, 60.0]))
    assert often < 0.02 < 0.3 < seldom


def test_the_predictive_gap_covers_as_stated():
    rng = np.random.default_rng(2)
    rate = rng.gamma(2.0, 1 / 60.0, 20_000)
    n = rng.integers(1, 8, 20_000)
    days, next_gap = rng.gamma(n, 1 / rate), rng.exponential(1 / rate)
    found = inter_purchase_time.fit_inter_purchase_model(n, days)
    assert np.mean(next_gap > found.limit(n, days, 0.95)) == pytest.approx(0.05, abs=0.006)


def test_few_customers_with_a_gap_have_no_rhythm():
    assert inter_purchase_time.fit_inter_purchase_model(np.array([0] * 50 + [1] * 19), np.full(69, 30.0)) is None
