import numpy as np
import pytest
from scipy import special

from helpers.loyalty import breakpoints, monotone_logistic

TURNS = np.array([[45.0, 75.0]])


def company(n, beta, seed=1, bent=True):
    rng = np.random.default_rng(seed)
    score = np.clip(np.rint((60 + 18 * rng.standard_normal(n)) / 2.5) * 2.5, 0, 100)
    design = monotone_logistic.broken_designs(score, TURNS)[0] if bent else monotone_logistic.straight_design(score)
    return monotone_logistic.count_by_score(score, rng.random(n) < special.expit(design @ beta))


def test_two_planted_knots_are_found_within_their_intervals():
    counts = company(4000, [-1.5, 0.1, 0.9, 0.05])
    found, where = (
        breakpoints.breakpoint_test(counts, 199, np.random.default_rng(2)),
        breakpoints.locate_breakpoints(counts),
    )
    assert found.p_value == pytest.approx(1 / 200)
    assert where.lower.low <= 45 <= where.lower.high
    assert where.upper.low <= 75 <= where.upper.high
    assert where.lower.is_located
    assert where.upper.is_located


def test_a_straight_line_is_not_taken_for_a_threshold():
    claimed = [
        breakpoints.breakpoint_test(
            company(1500, [-1.8, 0.35], seed, bent=False), 99, np.random.default_rng(seed)
        ).p_value
        for seed in range(40)
    ]
    assert np.mean(np.array(claimed) <= 0.05) <= 0.15


def test_a_faint_bend_in_a_small_sample_is_not_located():
    where = breakpoints.locate_breakpoints(company(300, [-1.5, 0.2, 0.5, 0.2]))
    assert not (where.lower.is_located and where.upper.is_located)


def test_knots_leave_people_on_every_side_and_lie_apart():
    counts = company(500, [0.0, 0.1, 0.1, 0.1])
    tried = breakpoints.candidate_breakpoints(counts)
    assert (tried[:, 1] - tried[:, 0]).min() >= breakpoints.MIN_BREAKPOINT_DISTANCE
    for low, high in tried[::50]:
        parts = [counts.n[counts.score <= low].sum(), counts.n[counts.score > high].sum(),
                 counts.n[(counts.score > low) & (counts.score <= high)].sum()]
        assert min(parts) / counts.n.sum() >= breakpoints.MIN_SHARE_PER_PART


@pytest.mark.parametrize(("n", "beta"), [(300, [-1.5, 0.2, 0.5, 0.2]), (1500, [-1.5, 0.1, 0.9, 0.05]),
                                         (9000, [-1.5, 0.1, 0.9, 0.05])])
def test_the_coarse_grid_leaves_out_no_place_that_matters(n, beta, monkeypatch):
    counts = company(n, beta)
    near = breakpoints.locate_breakpoints(counts)
    monkeypatch.setattr(
        breakpoints, "promising_candidates", lambda counts, step, limit: breakpoints.candidate_breakpoints(counts, step)
    )
    every = breakpoints.locate_breakpoints(counts)
    assert (near.lower, near.upper) == (every.lower, every.upper)
    assert near.log_likelihood == pytest.approx(every.log_likelihood)


def test_no_knots_are_tried_where_nobody_or_everybody_comes_back_or_scores_are_alike():
    rng = np.random.default_rng(1)
    alike = monotone_logistic.count_by_score(np.full(200, 80.0), rng.random(200) < 0.5)
    everybody = monotone_logistic.count_by_score(rng.integers(0, 21, 200) * 5.0, np.ones(200))
    assert breakpoints.breakpoint_test(alike, 99, rng) is None
    assert breakpoints.locate_breakpoints(alike) is None
    assert breakpoints.breakpoint_test(everybody, 99, rng) is None
    assert breakpoints.locate_breakpoints(everybody) is None


def test_equal_seeds_give_equal_tests():
    counts = company(800, [-1.5, 0.1, 0.4, 0.05])
    first, second = (breakpoints.breakpoint_test(counts, 99, np.random.default_rng(9)) for _ in range(2))
    assert first == second
