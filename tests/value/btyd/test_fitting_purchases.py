from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate, special

from helpers.value.btyd import fitting
from helpers.value.btyd.bg_nbd import BG_NBD, MBG_NBD
from helpers.value.btyd.condensed_nbd import condensed_nbd
from helpers.value.btyd.fitting import fit_btyd
from helpers.value.btyd.frequency_recency import FrequencyRecency, collapse_equal_customers
from helpers.value.btyd.pareto_nbd import PARETO_NBD

MODELS = pytest.mark.parametrize("model", [BG_NBD, MBG_NBD, PARETO_NBD], ids=lambda m: m.name)
WITH_REGULAR = pytest.mark.parametrize("model", [BG_NBD, MBG_NBD, PARETO_NBD, condensed_nbd(2)], ids=lambda m: m.name)
PUBLISHED = {BG_NBD: (0.2426, 4.4136, 0.7929, 2.4259), MBG_NBD: (0.525, 6.183, 0.891, 1.614),
             PARETO_NBD: (0.5532, 10.5763, 0.6063, 11.6715)}


def one(x, t_x, age):
    return FrequencyRecency(*(np.array([v], "float64") for v in (x, t_x, age, 1)))


@pytest.fixture(scope="module")
def fits(counts):
    return {model: fit_btyd(model, counts) for model in (BG_NBD, MBG_NBD, PARETO_NBD, condensed_nbd(1))}


# --- published figures: CDNOW 1/10 sample, 2,357 customers, calibrated to 1997-09-30 ---------------------------------


@pytest.mark.real_data
def test_the_sample_has_the_published_customers_and_orders(cdnow, counts):
    assert (counts.n_customers, counts.n_repeat_buyers, counts.n_repeats) == (2357, 946, 2457)
    assert len(counts.x) < len(cdnow) / 2


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("model", "log_likelihood"),
    [(BG_NBD, -9582.429), (MBG_NBD, -9582.136), (PARETO_NBD, -9594.976), (condensed_nbd(1), -9582.136)],
    ids=lambda v: getattr(v, "name", ""),
)
def test_log_likelihood_matches_the_published_one_to_the_digit(fits, model, log_likelihood):
    # BG/NBD: Fader, Hardie & Lee (2005) and CLVTools; MBG/NBD: lifetimes; Pareto/NBD: CLVTools
    assert round(fits[model].log_likelihood, 3) == log_likelihood
    assert fits[model].is_identified


@pytest.mark.real_data
def test_bgnbd_matches_fader_hardie_lee_2005(fits):
    assert fits[BG_NBD].values.round(4).tolist() == list(PUBLISHED[BG_NBD])


@pytest.mark.real_data
def test_mbgnbd_matches_lifetimes_and_batislam_2007(fits):
    assert fits[MBG_NBD].values.round(3).tolist() == list(PUBLISHED[MBG_NBD])


@pytest.mark.real_data
def test_pareto_nbd_is_at_a_maximum_that_the_published_parameters_miss_in_the_last_digit(fits, counts):
    # CLVTools: r .5532 α 10.5763 s .6063 β 11.6715; SE .0476 .8427 .1873 6.2105. At these the gradient is not zero.
    value, gradient = PARETO_NBD.likelihood(counts, np.array(PUBLISHED[PARETO_NBD]))
    assert round(value, 3) == -9594.976
    assert value < fits[PARETO_NBD].log_likelihood < value + 1e-5
    assert np.abs(gradient).max() > 1e-3
    assert np.abs(PARETO_NBD.likelihood(counts, fits[PARETO_NBD].values)[1]).max() < 1e-6
    assert fits[PARETO_NBD].values == pytest.approx(PUBLISHED[PARETO_NBD], rel=3e-4)
    assert fits[PARETO_NBD].errors[:3].round(4).tolist() == [0.0476, 0.8427, 0.1873]
    assert fits[PARETO_NBD].errors[3] == pytest.approx(6.2105, abs=1e-3)


def test_bgnbd_forecast_of_one_customer_matches_fader_hardie_lee_2005():
    values, who = np.array(PUBLISHED[BG_NBD]), one(2, 30.43, 38.86)
    assert (BG_NBD.p_alive(who, values) * BG_NBD.expected_if_alive(who, values, 39))[0].round(3) == 1.226


@pytest.mark.real_data
def test_bgnbd_expected_repeat_orders_match_fader_hardie_lee_2005(fits):
    weeks = np.array([1 / 7, 1, 3, 31 + 6 / 7, 32, 78])
    found = BG_NBD.expected_new(fits[BG_NBD].values, weeks)
    assert found[:5].round(4).tolist() == [0.0078, 0.0532, 0.1506, 1.0405, 1.0437]
    assert found[5].round(4) == 1.858


@pytest.mark.real_data
def test_the_published_orders_by_week_78_come_from_a_series_cut_off_after_150_terms(fits):
    # Fader, Hardie & Lee's spreadsheet prints 1.8576: the hypergeometric series, which converges slowly there
    r, alpha, a, b = fits[BG_NBD].values
    j, z = np.arange(1, 150), 78 / (alpha + 78)
    cut_off = 1 + np.cumprod((r + j - 1) * (b + j - 1) / ((a + b + j - 2) * j) * z).sum()
    printed = (a + b - 1) / (a - 1) * (1 - (alpha / (alpha + 78)) ** r * cut_off)
    assert printed.round(4) == 1.8576
    assert BG_NBD.expected_new(fits[BG_NBD].values, np.array([78.0]))[0] - printed == pytest.approx(3.5e-4, abs=2e-5)


def test_pareto_forecast_of_a_frequent_customer_matches_the_published_one():
    values, who = np.array(PUBLISHED[PARETO_NBD]), one(26, 30.86, 31)
    assert PARETO_NBD.p_alive(who, values)[0].round(4) == 0.9979
    assert (PARETO_NBD.p_alive(who, values) * PARETO_NBD.expected_if_alive(who, values, 52))[0].round(2) == 25.46


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("model", "cumulative", "conditional"),
    [(BG_NBD, 4160.6, 1653.4), (PARETO_NBD, 4270.1, 1665.5)],
    ids=lambda v: getattr(v, "name", ""),
)
def test_forecasts_of_the_hold_out_match_the_published_ones(fits, counts, model, cumulative, conditional):
    values = fits[BG_NBD].values if model is BG_NBD else np.array(PUBLISHED[PARETO_NBD])
    assert round(float(counts.n @ model.expected_new(values, counts.T + 39)), 1) == cumulative
    forecast = counts.n @ (model.p_alive(counts, values) * model.expected_if_alive(counts, values, 39))
    assert round(float(forecast), 1) == conditional


# --- laws ------------------------------------------------------------------------------------------------------------


def simulated(n, seed=3):
    """Return repeat purchases and the time of the last within 50 weeks, by the assumptions of Pareto/NBD."""
    rng = np.random.default_rng(seed)
    rate = rng.gamma(0.8, 1 / 6, n)
    stays = np.minimum(rng.exponential(1 / rng.gamma(1.2, 1 / 12, n)), 50)
    x = rng.poisson(rate * stays)
    return x * 1.0, np.where(x > 0, np.rint(stays * rng.beta(np.maximum(x, 1), 1) * 7) / 7, 0)


COUNTS = FrequencyRecency(
    np.array([0.0, 0, 1, 4, 60]),
    np.array([0, 0, 3.0, 20, 38.5]),
    np.array([0.0, 30, 30, 39, 39]),
    np.array([2.0, 5, 3, 1, 1]),
)
PLACES = ((0.5, 8.0, 0.7, 2.0), (0.2, 1.0, 3.0, 0.4), (2.0, 0.5, 0.9, 40.0), (1.0, 5.0, 1.0, 5.0))


@WITH_REGULAR
@pytest.mark.parametrize("values", PLACES)
def test_gradient_is_the_slope_of_the_likelihood(model, values):
    values = np.array(values)
    slopes = [(model.likelihood(COUNTS, values + h)[0] - model.likelihood(COUNTS, values - h)[0]) / 2e-6
              for h in 1e-6 * np.eye(4)]
    assert model.likelihood(COUNTS, values)[1] == pytest.approx(slopes, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("values", [*PLACES, (0.55, 10.6, 0.61, 11.7), (0.3, 30.0, 0.5, 2.0)])
def test_the_integral_of_pareto_nbd_equals_adaptive_quadrature(values):
    from helpers.value.btyd.pareto_nbd import _log_dropout_integral

    r, alpha, s, beta = values
    logs, _ = _log_dropout_integral(COUNTS, np.array(values))
    for row in range(1, len(COUNTS.x)):
        x, t_x, age = COUNTS.x[row], COUNTS.t_x[row], COUNTS.T[row]
        scale = (r + x) * np.log(alpha + t_x)
        exact = integrate.quad(lambda t: s * np.exp(scale - (r + x) * np.log(alpha + t)) * (beta + t) ** -(s + 1),  # noqa: B023
                               t_x, age, epsabs=0, epsrel=1e-12)[0]
        assert logs[row] == pytest.approx(np.log(exact) - scale, abs=1e-9)


@WITH_REGULAR
def test_expected_purchases_are_continuous_where_a_formula_divides_by_zero(model):
    near = [model.expected_if_alive(COUNTS, np.array([0.5, 8.0, 1 + d, 2.0]), 20.0) for d in (-1e-5, 0.0, 1e-5)]
    assert near[1] == pytest.approx((near[0] + near[2]) / 2, rel=1e-6)


@pytest.mark.parametrize(("r", "alpha", "a", "b"), [
    (1.1788, 10.0768, 4.3489, 33.7091), (0.05, 0.3, 0.2, 0.5), (12.0, 20.0, 1.0, 3.0), (0.5, 4.0, 0.9, 2e4)])
def test_expected_purchases_are_the_expectation_over_rates_and_chances_to_leave(r, alpha, a, b):
    x, age, weeks = np.array([0.0, 1.0, 8.0, 60.0]), np.array([0.5, 4.0, 12.143, 90.0]), 52.0
    found = MBG_NBD.expected_if_alive(FrequencyRecency(x, age, age, np.ones(4)), np.array([r, alpha, a, b]), weeks)
    for value, shape, rate, stays in zip(found, r + x, alpha + age, b + x + 1, strict=True):
        def over(log_p, shape=shape, rate=rate, stays=stays):
            bought = -np.expm1(-shape * np.log1p(np.exp(log_p) * weeks / rate))
            return bought * np.exp((a - 1) * log_p + (stays - 1) * np.log(-np.expm1(log_p)) - special.betaln(a, stays))
        parts = [-200.0, -40.0, -15.0, -10.0, -6.0, -3.0, -1.0, -1e-12]
        exact = sum(integrate.quad(over, low, high, epsabs=0, epsrel=1e-10)[0] for low, high in pairwise(parts))
        assert value == pytest.approx(exact, rel=1e-6)


def test_parameters_at_their_limits_are_no_burden():
    nobody = FrequencyRecency(*(np.array(v, "float64") for v in ([0, 3], [0, 0.1], [0, 0.2], [1, 1])))
    found = BG_NBD.expected_if_alive(nobody, np.exp([-12.0, -12.0, 12.0, -12.0]), 1040.0)
    assert ((found >= 0) & (found < 1.001)).all()  # who leaves after every purchase makes one at most
    assert BG_NBD.expected_new(np.exp([12.0, -12.0, -12.0, 12.0]), np.array([0.0, 520.0]))[0] == 0


@MODELS
@pytest.mark.parametrize("values", PLACES)
def test_the_mean_rate_follows_from_the_slope_of_the_likelihood(model, values):
    values, step = np.array(values), np.array([0, 1e-6, 0, 0])
    mean, variance = model.rate_moments(COUNTS, values)
    for row in range(1, len(COUNTS.x)):  # d log L / dα = r / α − E[rate | seen], as for any gamma mixture
        one = FrequencyRecency(*(c[row:row + 1] for c in (COUNTS.x, COUNTS.t_x, COUNTS.T)), np.ones(1))
        slope = (model.likelihood(one, values + step)[0] - model.likelihood(one, values - step)[0]) / 2e-6
        assert mean[row] == pytest.approx(values[0] / values[1] - slope, rel=1e-5)
    assert (variance > 0).all()


def test_the_time_after_a_customer_left_does_not_lower_the_rate():
    rng, n = np.random.default_rng(4), 40_000
    rate, leaves = rng.gamma(0.9, 1 / 9, n), rng.gamma(0.6, 1 / 30, n)
    life, age = rng.exponential(1 / leaves), rng.integers(10, 120, n).astype("float64")
    x = rng.poisson(rate * np.minimum(life, age)).astype("float64")
    last = np.where(x > 0, np.minimum(life, age) * rng.beta(np.maximum(x, 1), 1), 0)
    found, _ = PARETO_NBD.rate_moments(FrequencyRecency(x, last, age, np.ones(n)), np.array([0.9, 9.0, 0.6, 30.0]))
    gone = life < age
    assert found.sum() == pytest.approx(rate.sum(), rel=0.02)
    assert found[x > 4].sum() == pytest.approx(rate[x > 4].sum(), rel=0.02)
    assert (x / age)[gone].sum() < 0.6 * rate[gone].sum()  # purchases by the time seen are far below the rate


@WITH_REGULAR
def test_draws_have_the_expected_mean(model):
    rng, values = np.random.default_rng(1), np.array([0.5, 8.0, 1.7, 4.0])
    drawn = model.drawn(rng, COUNTS, values, 30.0, np.ones((len(COUNTS.x), 40_000), bool))
    error = drawn.std(axis=1) / 200
    assert np.abs(drawn.mean(axis=1) - model.expected_if_alive(COUNTS, values, 30.0)).max() < 4 * error.max()


def test_planted_regular_buyers_are_found_again_and_their_orders_forecast():
    rng, n, planted = np.random.default_rng(1), 6000, (0.85, 1.45, 0.79, 2.42)  # as in the examples of BTYDplus
    rate, leaves, age = rng.gamma(0.85, 1 / 1.45, n), rng.beta(0.79, 2.42, n), rng.integers(24 * 7, 32 * 7, n) / 7
    times = rng.gamma(3, 1 / rate[:, None], (n, 150)).cumsum(axis=1)
    stays = np.arange(150) < (rng.geometric(np.maximum(leaves, 1e-9)) - 1)[:, None]
    x, later = (((low <= times) & (times < high) & stays).sum(axis=1) for low, high in (
        (0, age[:, None]), (age[:, None], age[:, None] + 32)))
    last = np.where(x > 0, np.take_along_axis(times, np.maximum(x - 1, 0)[:, None], axis=1)[:, 0], 0)
    counts, model = FrequencyRecency(x * 1.0, last, age, np.ones(n)), condensed_nbd(3)
    fit = fit_btyd(model, counts)
    assert np.abs(np.log(fit.values / planted)) == pytest.approx(0, abs=0.35)
    assert (np.abs(np.log(fit.values / planted)) < 3 * fit.errors / fit.values).all()
    made = model.p_alive(counts, fit.values) * model.expected_if_alive(counts, fit.values, 32)
    assert made.sum() == pytest.approx(later.sum(), rel=0.03)
    rates, _ = model.rate_moments(counts, fit.values)
    assert rates.sum() == pytest.approx(rate.sum() / 3, rel=0.03)


def test_counting_collapses_equal_customers_and_keeps_everybody():
    found = collapse_equal_customers(np.array([1, 0, 1, 0]), np.array([2 / 7, 0, 2 / 7, 0]), np.array([5, 3, 5, 4.0]))
    assert found.n.tolist() == [1, 1, 2]
    assert (found.x.tolist(), found.T.tolist()) == ([0, 0, 1], [3, 4, 5])


@WITH_REGULAR
def test_a_counted_fit_equals_the_fit_of_one_row_a_customer(model):
    x, t_x = simulated(500)
    whole = fit_btyd(model, FrequencyRecency(x, t_x, np.full(500, 50.0), np.ones(500)))
    found = fit_btyd(model, collapse_equal_customers(x, t_x, np.full(500, 50.0)))
    assert found.log_likelihood == pytest.approx(whole.log_likelihood, rel=1e-9)
    assert found.values == pytest.approx(whole.values, rel=1e-4)


# --- edges -----------------------------------------------------------------------------------------------------------


@MODELS
@pytest.mark.parametrize(("x", "reason"), [([0], "no repeat buyers"), ([0, 0, 0], "no repeat buyers"),
                                           ([0, 0, 2], "1 repeat buyer")])
def test_too_few_repeat_buyers_have_no_parameters(model, x, reason):
    x = np.array(x, "float64")
    found = fit_btyd(model, FrequencyRecency(x, x, np.full(len(x), 30.0), np.ones(len(x))))
    assert (found.reason, found.is_identified) == (reason, False)
    assert set(found.table()["status"]) == {"insufficient"}


@MODELS
def test_customers_who_are_all_alike_do_not_determine_the_parameters(model):
    same = FrequencyRecency(np.array([3.0]), np.array([20.0]), np.array([30.0]), np.array([500.0]))
    assert "determine" in fit_btyd(model, same).reason


@MODELS
def test_a_base_that_nobody_leaves_is_said_to_be_one(model):
    rng = np.random.default_rng(6)
    x = rng.poisson(rng.gamma(0.8, 1 / 10, 3000) * 50)
    last = np.where(x > 0, np.rint(50 * rng.beta(np.maximum(x, 1), 1) * 7) / 7, 0)
    reason = fit_btyd(model, collapse_equal_customers(x, last, np.full(3000, 50.0))).reason
    assert reason == f"nobody can be seen to leave, and these data do not determine {' and '.join(model.names[2:])}"


@MODELS
def test_one_day_of_history_does_not_determine_the_parameters(model):
    found = fit_btyd(model, FrequencyRecency(np.array([0.0]), np.array([0.0]), np.array([0.0]), np.array([500.0])))
    assert found.reason == "no repeat buyers"


@MODELS
def test_a_customer_of_two_hundred_years_has_finite_forecasts(model):
    old = one(1, 0.5, 200 * 52.0)
    values = np.array([0.5, 8.0, 0.7, 2.0])
    assert np.isfinite(model.likelihood(old, values)[1]).all()
    assert 0 <= model.p_alive(old, values)[0] < 0.05
    assert 0 < model.expected_if_alive(old, values, 52)[0] < 1


@MODELS
def test_the_intervals_of_parameters_hold_the_values(model):
    found = fit_btyd(model, collapse_equal_customers(*simulated(2000), np.full(2000, 50.0)))
    table = found.table()[:4]
    assert ((table["low"] < table["value"]) & (table["value"] < table["high"])).all()
    assert found.draws(np.random.default_rng(1), 7).shape == (7, 4)
    assert fitting.identification_problem(np.log(found.values), np.linalg.inv(found.covariance), model.names) == ""
