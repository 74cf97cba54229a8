import numpy as np
import pytest

from helpers.value.btyd import gamma_gamma


@pytest.fixture(scope="module")
def published(cdnow):
    return gamma_gamma.fit_gamma_gamma(cdnow["x"].to_numpy(), cdnow["spend"].to_numpy())


@pytest.mark.real_data
def test_gamma_gamma_matches_fader_hardie_2013(published):
    # p 6.25, q 3.74, γ 15.44, log-likelihood −4055.918 for 946 repeat buyers: Fader & Hardie (2013); CLVTools
    assert published.values.round(2).tolist() == [6.25, 3.74, 15.44]
    assert (published.n, round(published.log_likelihood, 3)) == (946, -4055.918)


@pytest.mark.real_data
def test_expected_spend_of_the_first_ten_customers_matches_the_published_one(published, cdnow):
    first = cdnow.head(10)
    found = published.expected(first["x"].to_numpy("float64"), first["spend"].to_numpy())
    assert found.round(2).tolist() == [24.65, 18.91, 35.17, 35.17, 35.17, 71.46, 18.91, 35.17, 27.28, 35.17]


@pytest.mark.real_data
def test_frequency_and_spend_of_cdnow_are_nearly_independent(cdnow):
    found = gamma_gamma.spend_frequency_correlation(cdnow["x"].to_numpy(), cdnow["spend"].to_numpy())
    assert 0 < found.low < found.value < gamma_gamma.MAX_SPEND_FREQUENCY_CORRELATION


def simulated(q, n=4000, seed=2):
    rng = np.random.default_rng(seed)
    x = rng.integers(1, 6, n)
    return x, rng.gamma(5.0 * x) / rng.gamma(q, 1 / 20.0, n)


def test_planted_parameters_are_found_again():
    found = gamma_gamma.fit_gamma_gamma(*simulated(3.0))
    assert found.values == pytest.approx([5, 3, 20], rel=0.15)
    table = found.table().set_index("quantity")
    assert table.loc["mean_spend", "low"] < 50 < table.loc["mean_spend", "high"]


def test_a_fit_without_a_finite_mean_is_refused():
    found = gamma_gamma.fit_gamma_gamma(*simulated(0.7))
    assert found.reason.startswith("the fitted q is 0.")
    assert set(found.table()["status"]) == {"insufficient"}
    assert found.table()["value"].isna().all()


@pytest.mark.parametrize(("x", "money", "reason"), [
    ([], [], "fewer than 3"), ([1], [5], "fewer than 3"), ([0, 0, 0], [0, 0, 0], "fewer than 3"),
    ([1, 2, 3], [0, 0, 0], "fewer than 3"), ([1, 2, 4], [5, 10, 20], "every customer spends the same")])
def test_spend_that_tells_nothing_is_refused_with_its_reason(x, money, reason):
    found = gamma_gamma.fit_gamma_gamma(np.array(x, "float64"), np.array(money, "float64"))
    assert found.reason.startswith(reason)


def test_the_slopes_are_those_of_expected_spend():
    fit = gamma_gamma.GammaGammaFit(np.array([5.0, 3.0, 20.0]), np.eye(3), 0.0, 10)
    x, money = np.array([0.0, 2, 7]), np.array([0.0, 50, 900])
    for i, h in enumerate(1e-6 * np.eye(3)):
        up, down = (
            gamma_gamma.GammaGammaFit(fit.values * np.exp(s * h), np.eye(3), 0.0, 10).expected(x, money)
            for s in (1, -1)
        )
        assert fit.slopes(x, money)[:, i] == pytest.approx((np.log(up) - np.log(down)) / 2e-6, abs=1e-7)


def test_drawn_spend_has_the_expected_mean_and_nothing_without_orders():
    fit = gamma_gamma.GammaGammaFit(np.array([5.0, 6.0, 20.0]), np.eye(3), 0.0, 10)
    orders = np.full((2, 40_000), 3.0)
    orders[1] = 0
    values = np.broadcast_to(fit.values[:, None], (3, 40_000))
    drawn = fit.drawn(np.random.default_rng(4), values, np.array([2.0, 0]), np.array([60.0, 0]), orders)
    assert drawn[0].mean() == pytest.approx(3 * fit.expected(np.array([2.0]), np.array([60.0]))[0], rel=0.02)
    assert not drawn[1].any()


def test_frequency_that_moves_with_spend_is_seen():
    x, money = simulated(3.0)
    assert abs(gamma_gamma.spend_frequency_correlation(x, money).value) < 0.1
    assert gamma_gamma.spend_frequency_correlation(x, money * x**2).value > gamma_gamma.MAX_SPEND_FREQUENCY_CORRELATION
    assert gamma_gamma.spend_frequency_correlation(np.ones(5), np.ones(5)).status == "insufficient"


@pytest.mark.parametrize("unit", [1e-4, 300_000.0])
def test_shapes_and_likelihood_of_spend_do_not_depend_on_the_unit_of_money(unit):
    x, spend = simulated(3.0)
    found, other = gamma_gamma.fit_gamma_gamma(x, spend), gamma_gamma.fit_gamma_gamma(x, unit * spend)
    assert other.values / [1, 1, unit] == pytest.approx(found.values, rel=1e-6)
    assert other.covariance == pytest.approx(found.covariance, rel=1e-4)
    assert other.log_likelihood + found.n * np.log(unit) == pytest.approx(found.log_likelihood)
