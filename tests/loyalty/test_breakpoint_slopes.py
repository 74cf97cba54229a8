import numpy as np
import pytest
from scipy import special, stats

from helpers.loyalty import breakpoint_slopes, breakpoints, monotone_logistic

TURNS, TRUTH = np.array([[45.0, 75.0]]), np.array([-1.5, 0.1, 0.9, 0.05])


@pytest.fixture(scope="module")
def counts():
    rng = np.random.default_rng(1)
    score = np.clip(np.rint((60 + 18 * rng.standard_normal(2000)) / 5) * 5, 0, 100)
    return monotone_logistic.count_by_score(
        score, rng.random(2000) < special.expit(monotone_logistic.broken_designs(score, TURNS)[0] @ TRUTH)
    )


@pytest.fixture(scope="module")
def found(counts):
    return breakpoint_slopes.slope_intervals(counts, breakpoints.locate_breakpoints(counts))


def test_planted_slopes_lie_within_their_intervals(found):
    assert all(one.low <= truth <= one.high for one, truth in zip(found, TRUTH[1:], strict=True))
    assert all(one.low <= one.value <= one.high for one in found)


def test_a_slope_that_may_be_zero_has_an_interval_from_zero_and_a_steep_one_has_not(found):
    assert found[0].low == 0
    assert found[1].low > 0.4


def test_the_interval_is_wider_than_at_known_knots(counts, found):
    design = monotone_logistic.broken_designs(counts.score, TURNS)[0]
    p = special.expit(design @ monotone_logistic.fit_curves(design, counts.n, counts.k).coefficients[0])
    error = np.sqrt(np.linalg.inv((design * (counts.n * p * (1 - p))[:, None]).T @ design)[2, 2])
    assert found[1].high - found[1].low > 2 * 1.96 * error


def test_a_higher_level_gives_a_wider_interval(counts, found):
    where = breakpoints.locate_breakpoints(counts)
    narrow = breakpoint_slopes.slope_intervals(counts, where, 0.5)
    assert narrow[1].high - narrow[1].low < found[1].high - found[1].low


@pytest.mark.parametrize("ratio", [0.0, 0.5, 1.0, 2.0, 4.0])
def test_the_cut_holds_its_level_beside_the_limit(ratio):
    x = ratio + stats.norm.ppf((np.arange(200_000) + 0.5) / 200_000)
    loss = (x - ratio) ** 2 - np.minimum(x, 0) ** 2
    assert (loss <= breakpoint_slopes.likelihood_ratio_quantile(np.array([ratio]))[0]).mean() == pytest.approx(
        0.95, abs=0.001
    )


def test_people_who_all_come_back_from_one_score_on_still_give_limits():
    score = np.repeat(np.arange(0, 101, 20.0), 20)
    people = monotone_logistic.count_by_score(score, score > 50)
    found = breakpoint_slopes.slope_intervals(people, breakpoints.locate_breakpoints(people, breakpoints.COARSE_STEP))
    assert all(np.isfinite([one.low, one.high]).all() for one in found)
