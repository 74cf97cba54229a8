import numpy as np
import pytest

from helpers.stats import ordinal_logit


@pytest.fixture(scope="module")
def planted():
    rng = np.random.default_rng(1)
    drivers = rng.normal(size=(1500, 3))
    felt = drivers @ [1.0, 0.5, 0.0] + rng.logistic(size=1500)
    return drivers, np.digitize(felt, [-2.0, -0.5, 0.8, 2.0])


def test_the_fit_is_that_of_statsmodels(planted):
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    theirs = OrderedModel(planted[1], planted[0], distr="logit").fit(method="bfgs", disp=False, gtol=1e-8)
    ours = ordinal_logit.fit_ordinal_logit(*planted)
    np.testing.assert_allclose(ours.coefficients, theirs.params[:3], atol=1e-5)
    np.testing.assert_allclose(ours.errors, theirs.bse[:3], rtol=1e-4)
    assert (ours.log_likelihood, ours.empty) == (pytest.approx(theirs.llf), pytest.approx(theirs.llnull))


def test_statsmodels_does_not_use_weights(planted):
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    drivers, answers, weights = planted[0][:300], planted[1][:300], np.arange(300) % 3 + 1.0
    plain, weighted = (
        OrderedModel(answers, drivers, distr="logit", **given).fit(method="bfgs", disp=False).params
        for given in ({}, {"freq_weights": weights}))
    ours = ordinal_logit.fit_ordinal_logit(drivers, answers, weights).coefficients
    np.testing.assert_array_equal(plain, weighted)
    assert np.abs(ours - plain[:3]).max() > 0.01


def test_the_planted_odds_are_found_and_a_driver_without_effect_has_an_interval_around_one(planted):
    found = ordinal_logit.fit_ordinal_logit(*planted)
    assert found.is_settled
    assert found.odds_ratio(0).low < np.e < found.odds_ratio(0).high
    assert found.odds_ratio(2).low < 1 < found.odds_ratio(2).high


def test_two_answers_are_a_plain_logit_and_doubled_people_a_weight_of_two(planted):
    drivers, answers = planted[0][:200], planted[1][:200] > 2
    weights = np.where(np.arange(200) < 50, 2.0, 1.0)
    double = np.concatenate([np.arange(200), np.arange(50)])
    weighted, doubled = (
        ordinal_logit.fit_ordinal_logit(drivers, answers, weights),
        ordinal_logit.fit_ordinal_logit(drivers[double], answers[double]),
    )
    np.testing.assert_allclose(weighted.coefficients, doubled.coefficients, rtol=1e-6)


def test_answers_that_a_driver_parts_perfectly_are_not_settled(planted):
    assert not ordinal_logit.fit_ordinal_logit(planted[0], planted[0][:, 0] > 0).is_settled


def test_odds_that_change_between_the_cuts_are_noticed(planted):
    assert ordinal_logit.proportional_odds_p_value(*planted) > 0.01
    rng = np.random.default_rng(2)
    x = rng.normal(size=(2000, 1))
    answers = np.where(x[:, 0] + rng.logistic(size=2000) > 0, 1 + (rng.random(2000) > 0.5), 0)
    assert ordinal_logit.proportional_odds_p_value(x, answers) < 0.001
    assert np.isnan(ordinal_logit.proportional_odds_p_value(x, answers > 0))
