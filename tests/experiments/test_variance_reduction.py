import numpy as np
import pytest

from helpers.experiments import aggregates, variance_reduction
from helpers.foundation.engine import Engine

ENGINE = Engine()


def arms(frame, metric="spend", other="covariate_spend_before"):
    counted = aggregates.aggregate_arms(ENGINE, frame)
    return [
        variance_reduction.bivariate_moments(counted, ("welcome", arm, metric), other) for arm in ("control", "offer")
    ]


@pytest.fixture
def foretold(trial):
    rng = np.random.default_rng(3)
    before = rng.normal(20, 5, len(trial))
    return trial.assign(covariate_spend_before=before, metric_spend=trial["metric_spend"] + 2 * before)


def test_pairs_hold_the_moments_of_both_columns_and_their_covariance(foretold, lazily):
    found = arms(lazily(foretold))[0]
    own = foretold.query("variant == 'control'")
    expected = np.cov(own["metric_spend"], own["covariate_spend_before"])
    assert found.covariance == pytest.approx(expected[0, 1], rel=1e-10)
    assert found.other_variance == pytest.approx(expected[1, 1], rel=1e-10)


def test_an_unknown_covariate_keeps_the_unit(foretold, lazily):
    foretold.loc[:49, "covariate_spend_before"] = np.nan
    assert arms(lazily(foretold))[0].n == 400


def test_values_far_from_zero_keep_their_variance(trial, lazily):
    far = trial.assign(metric_spend=trial["metric_spend"] + 1e9, covariate_spend_before=trial["metric_spend"] + 1e9)
    found = arms(lazily(far))[0]
    own = trial.query("variant == 'control'")["metric_spend"]
    assert found.variance == pytest.approx(own.var(), rel=1e-6)
    assert found.covariance == pytest.approx(own.var(), rel=1e-6)


def test_cuped_is_the_slope_within_arms_taken_away(foretold, lazily):
    """Equal to a regression of the outcome, centred within arms, on the centred covariate (Deng et al. 2013)."""
    done = variance_reduction.cuped_difference(*arms(lazily(foretold)))
    y, x = foretold["metric_spend"], foretold["covariate_spend_before"]
    within = [v - v.groupby(foretold["variant"]).transform("mean") for v in (y, x)]
    slope = (within[0] * within[1]).sum() / (within[1] ** 2).sum()
    rest = (y - slope * x).groupby(foretold["variant"]).mean()
    assert done.difference.value == pytest.approx(rest["offer"] - rest["control"], rel=1e-10)
    assert done.reduction == pytest.approx(done.correlation**2, abs=0.02)
    assert done.reduction > 0.7


def test_a_covariate_that_foretells_nothing_changes_nothing(trial, lazily):
    plain = trial.assign(covariate_spend_before=np.random.default_rng(5).normal(size=len(trial)))
    done = variance_reduction.cuped_difference(*arms(lazily(plain)))
    assert abs(done.reduction) < 0.02


def test_a_constant_covariate_is_not_used(trial, lazily):
    counted = aggregates.aggregate_arms(ENGINE, lazily(trial.assign(covariate_spend_before=1.0)))
    assert variance_reduction.best_cuped(counted, "welcome", "spend", ("control", "offer")) is None


def test_the_covariate_that_foretells_most_is_taken(foretold, lazily):
    table = foretold.rename(columns={"covariate_spend_before": "covariate_past"})
    table["covariate_age"] = 1.0 * table.index
    counted = aggregates.aggregate_arms(ENGINE, lazily(table))
    assert (
        variance_reduction.best_cuped(counted, "welcome", "spend", ("control", "offer")).covariate == "covariate_past"
    )


def test_a_ratio_of_sums_has_the_error_of_its_linearised_units():
    rng = np.random.default_rng(9)
    visits = rng.poisson(3, 5000) + 1.0
    spend = visits * rng.gamma(2, 5, 5000)
    c = np.cov(spend, visits)
    found = variance_reduction.linearised_ratio(
        variance_reduction.BivariateMoments(5000, spend.mean(), c[0, 0], visits.mean(), c[1, 1], c[0, 1])
    )
    r = spend.sum() / visits.sum()
    assert found.mean == pytest.approx(r)
    assert found.variance == pytest.approx(((spend - r * visits) / visits.mean()).var(ddof=1), rel=1e-9)


def test_a_ratio_to_what_may_be_nothing_has_no_number():
    assert np.isnan(
        variance_reduction.linearised_ratio(variance_reduction.BivariateMoments(100, 5.0, 1.0, 0.1, 4.0, 0.0)).mean
    )


def test_ratios_are_counted_when_asked_for(trial, lazily):
    table = lazily(trial.assign(metric_visits=2.0))
    counted = aggregates.aggregate_arms(ENGINE, table, [("spend", "visits"), ("spend", "nothing")])
    assert set(counted.pairs["other"]) == {"metric_visits"}


def test_winsorising_cuts_one_value_to_the_limit_of_the_rest():
    values = np.append(np.arange(1000.0), 1e6)
    cut = variance_reduction.winsorised_difference(np.arange(1000.0), values, 0.01)
    assert cut.cap < 1000
    assert cut.n_winsorised == 19
    assert abs(cut.difference.value) < 2


def test_winsorising_mostly_zeros_cuts_the_tail_of_the_rest():
    values = np.concatenate([np.zeros(9900), np.arange(100.0)])
    assert 90 < variance_reduction.winsorised_difference(values, values).cap < 99


def test_trimmed_bounds_hold_what_equal_response_would_have_shown():
    """Lee (2009): the arm that answers more is trimmed by its surplus from either end."""
    control = np.append(np.arange(80.0), [np.nan] * 20)
    variant = np.arange(100.0)
    low, high = variance_reduction.trimmed_bounds(control, variant)
    assert low == pytest.approx(0.0)
    assert high == pytest.approx(20.0)
    assert variance_reduction.trimmed_bounds(variant, control) == pytest.approx((-20.0, 0.0))
    assert np.isnan(variance_reduction.trimmed_bounds(np.array([np.nan]), variant)).all()
