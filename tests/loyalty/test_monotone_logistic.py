import numpy as np
import pytest
from scipy import optimize, special
from statsmodels.genmod.families import Binomial
from statsmodels.genmod.generalized_linear_model import GLM

from helpers.loyalty import monotone_logistic

KNOTS = np.array([[45.0, 75.0]])


@pytest.fixture
def counts():
    rng = np.random.default_rng(3)
    score = np.clip(np.rint((60 + 20 * rng.standard_normal(3000)) / 5) * 5, 0, 100)
    chance = special.expit(monotone_logistic.broken_designs(score, KNOTS)[0] @ [-1.5, 0.1, 0.8, 0.2])
    return monotone_logistic.count_by_score(score, rng.random(3000) < chance)


def test_people_with_equal_scores_are_counted_together():
    found = monotone_logistic.count_by_score(np.array([50.0, 50.2, 100, 0]), np.array([1, 0, 1, 0]))
    assert found.score.tolist() == [0, 50, 100]
    assert found.n.tolist() == [1, 2, 1]
    assert found.k.tolist() == [0, 1, 1]
    assert found.share.tolist() == [0, 0.5, 1]


def test_the_way_gone_in_three_parts_adds_up_to_the_score():
    score = np.array([0.0, 30, 45, 60, 75, 100])
    design = monotone_logistic.broken_designs(score, KNOTS)[0]
    assert design[:, 1:].sum(axis=1) * monotone_logistic.POINTS_PER_SLOPE == pytest.approx(score)
    assert design[3].tolist() == [1, 4.5, 1.5, 0]


def likelihood(design, counts, bounds):
    def loss(beta):
        eta = design @ beta
        return -(counts.k * eta - counts.n * np.logaddexp(0, eta)).sum()
    return -optimize.minimize(loss, np.full(design.shape[1], 0.1), bounds=bounds, options={"ftol": 1e-14}).fun


@pytest.mark.parametrize("truth", [[-1.5, 0.1, 0.8, 0.2], [0.5, 0.0, 0.0, 0.4], [0.2, -0.3, 0.2, -0.5]])
def test_the_fit_is_the_bounded_maximum_of_the_likelihood(counts, truth):
    p = special.expit(monotone_logistic.broken_designs(counts.score, KNOTS)[0] @ truth)
    drawn = monotone_logistic.ScoreCounts(
        counts.score, counts.n, np.random.default_rng(1).binomial(counts.n.astype(int), p) * 1.0
    )
    design = monotone_logistic.broken_designs(counts.score, KNOTS)
    found = monotone_logistic.fit_curves(design, drawn.n, drawn.k)
    assert (found.coefficients[0, 1:] >= 0).all()
    assert found.log_likelihood[0] == pytest.approx(
        likelihood(design[0], drawn, [(None, None), *[(0, None)] * 3]), abs=1e-4)


def test_many_fits_at_once_are_each_fit_alone(counts):
    pairs = np.array([[30.0, 60.0], [45.0, 75.0], [40.0, 85.0]])
    designs = monotone_logistic.broken_designs(counts.score, pairs)
    together = monotone_logistic.fit_curves(designs, counts.n, counts.k)
    alone = [monotone_logistic.fit_curves(d, counts.n, counts.k).log_likelihood[0] for d in designs]
    assert together.log_likelihood == pytest.approx(np.array(alone), abs=1e-9)


def test_separated_outcomes_end_in_a_finite_curve():
    counts = monotone_logistic.count_by_score(np.repeat([20.0, 80.0], 50), np.repeat([0, 1], 50))
    found = monotone_logistic.fit_curves(monotone_logistic.straight_design(counts.score), counts.n, counts.k)
    assert np.isfinite(found.coefficients).all()
    assert found.log_likelihood[0] > -0.1


def test_where_every_slope_rises_the_fit_is_that_of_statsmodels(counts):
    design = monotone_logistic.broken_designs(counts.score, KNOTS)[0]
    found = monotone_logistic.fit_curves(design, counts.n, counts.k)
    peer = GLM(counts.share, design, family=Binomial(), freq_weights=counts.n).fit()
    assert (peer.params[1:] > 0).all()
    assert found.coefficients[0] == pytest.approx(peer.params, abs=1e-3)
