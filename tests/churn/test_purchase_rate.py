import numpy as np
import pandas as pd
import pytest
from statsmodels.discrete.discrete_model import NegativeBinomial

from helpers.churn import purchase_rate
from helpers.stats import forecast_evaluation
from helpers.value.btyd.frequency_recency import FrequencyRecency
from helpers.value.btyd.pareto_nbd import PARETO_NBD


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


def test_who_stays_buys_nothing_as_often_as_stated(planted):
    n_repeats, age, later = planted
    none = purchase_rate.fit_purchase_rate(n_repeats, age).no_order_probability(n_repeats, age, 90)
    by_count = pd.DataFrame({"stated": none, "seen": later == 0}).groupby(np.minimum(n_repeats, 5)).mean()
    assert by_count["stated"].to_numpy() == pytest.approx(by_count["seen"].to_numpy(), abs=0.02)


@pytest.fixture(scope="module")
def leavers():
    """Return the value if kept of customers who leave for good (Pareto/NBD), and draws of their orders in 90 days."""
    rng, n, true, weeks = np.random.default_rng(5), 2000, np.array([0.7, 9.0, 0.8, 12.0]), 90 / 7
    age = rng.integers(20 * 7, 78 * 7, n) / 7
    rate, stays = rng.gamma(0.7, 1 / 9, n), np.minimum(rng.exponential(1 / rng.gamma(0.8, 1 / 12, n)), age)
    x = rng.poisson(rate * stays) * 1.0
    counts = FrequencyRecency(x, np.where(x > 0, stays * rng.beta(np.maximum(x, 1), 1), 0), age, np.ones(n))
    is_alive = rng.random((n, 400)) < PARETO_NBD.p_alive(counts, true)[:, None]
    orders = PARETO_NBD.drawn(rng, counts, true, weeks, is_alive)
    a_week, variance = PARETO_NBD.rate_moments(counts, true)
    year = purchase_rate.DAYS_PER_YEAR / 7
    a_week = np.maximum(a_week, orders.mean(axis=1) / weeks)
    yearly = pd.DataFrame({"yearly_orders_if_kept": a_week * year, "yearly_value_if_kept": 20 * a_week * year,
                           "yearly_value_if_kept_sd": 20 * np.sqrt(a_week * year + variance * year**2)})
    kept = purchase_rate.value_by_purchase_model(yearly.assign(customer_id="c")[purchase_rate.PURCHASE_MODEL_COLUMNS],
                                                 90)
    return kept, orders


def test_margin_at_risk_is_what_is_missing_between_the_value_if_kept_and_the_margin_expected(leavers):
    kept, orders = leavers
    p = (orders == 0).mean(axis=1)
    left = purchase_rate.dropout_probability(p, np.minimum(kept.no_order, p))
    at_risk, missing = (left * kept.value).sum(), kept.value.sum() - 20 * orders.mean(axis=1).sum()
    assert at_risk == pytest.approx(missing, rel=0.04)
    assert (p * kept.value).sum() > 1.06 * missing  # a pause of a customer who stays is no loss
    assert ((left >= 0) & (left <= 1)).all()


def test_a_forecast_of_margin_at_risk_holds_what_its_grade_finds(leavers):
    kept, orders = leavers
    p = (orders == 0).mean(axis=1)
    pause = np.minimum(kept.no_order, p)
    stated = purchase_rate.dropout_probability(p, pause) * kept.value
    losses = forecast_evaluation.ExpectedLosses(p, pause, kept.value, np.zeros(len(p)), stated)
    graded, found = np.array([losses.realised(none) for none in (orders == 0).T]), losses.interval()
    assert graded.mean() == pytest.approx(found.value, rel=0.002)
    assert 0.92 <= ((found.low <= graded) & (graded <= found.high)).mean() <= 0.98


def test_the_fit_is_that_of_statsmodels_negative_binomial_with_an_exposure(planted):
    n_repeats, age, _ = (column[:3000] for column in planted)
    fitted = purchase_rate.fit_purchase_rate(n_repeats, age)
    peer = NegativeBinomial(n_repeats, np.ones(3000), exposure=age).fit(disp=0)
    log_mean, dispersion = peer.params
    assert fitted.shape == pytest.approx(1 / dispersion, rel=1e-3)
    assert fitted.shape / fitted.rate == pytest.approx(np.exp(log_mean), rel=1e-3)


def test_without_repeat_purchases_there_is_no_rate():
    assert purchase_rate.fit_purchase_rate(np.zeros(50), np.full(50, 100)) is None
