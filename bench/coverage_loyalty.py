"""Whether the loyalty wing's tests and intervals hold what they say: ``python bench/coverage_loyalty.py 2000``.

People are drawn with a satisfaction and a chance of buying again that is known: once straight on the logit, once
turning at two knots, once moderated by the cost of leaving; and lots of points are redeemed or not. Counted are knots
and moderators that were claimed where there are none, and intervals that hold the truth.
"""

import argparse
import time

import numpy as np
import pandas as pd
from scipy import special, stats

from helpers.loyalty import breakpoint_slopes, breakpoints, monotone_logistic, repurchase_moderators
from helpers.stats import chain_ladder

REGION = 0.999
LEVEL, HELD = 0.05, 0.95
TURNS, AROUND = np.array([45.0, 75.0]), 5.0  # knots lie anywhere within so many points of these, on no grid
BENT, STRAIGHT = np.array([-1.6, 0.1, 0.9, 0.05]), np.array([-1.8, 0.35])


def scores(rng, n):
    """Return satisfaction as the mean of four five-point answers, shape (n,)."""
    felt = rng.standard_normal((n, 1)) + 0.7 * rng.standard_normal((n, 4))
    return np.clip(np.rint(2.4 + 0.95 * felt), 0, 4).mean(axis=1) * 25


def company(rng, n, design, beta):
    score = scores(rng, n)
    return monotone_logistic.count_by_score(score, rng.random(n) < special.expit(design(score) @ beta))


def turned(rng, n):
    """Return a company whose curve turns at two knots, and the knots."""
    knots_ = TURNS + rng.uniform(-AROUND, AROUND, 2)
    return company(rng, n, lambda score: monotone_logistic.broken_designs(score, knots_[None])[0], BENT), knots_


def bent(score):
    return monotone_logistic.broken_designs(score, TURNS[None])[0]


def line(name, nominal, k, n, note=""):
    low, high = stats.binom.ppf([(1 - REGION) / 2, (1 + REGION) / 2], n, nominal) / n
    print(f"{name:<56}{nominal:>8.3f}{k / n:>10.4f}   [{low:.4f}, {high:.4f}]   "
          f"{'inside' if low <= k / n <= high else 'OUTSIDE'}{note}", flush=True)


def of_existence(rng, replications, n, draws):
    claimed = located = power = 0
    for _ in range(replications):
        counts = company(rng, n, monotone_logistic.straight_design, STRAIGHT)
        if (found := breakpoints.breakpoint_test(counts, draws, rng)) and found.p_value <= LEVEL:
            claimed += 1
            where = breakpoints.locate_breakpoints(counts, breakpoints.COARSE_STEP)
            located += where.lower.is_located and where.upper.is_located
        found = breakpoints.breakpoint_test(turned(rng, n)[0], draws, rng)
        power += found is not None and found.p_value <= LEVEL
    line(f"existence of knots, type I error, {n:,} people", LEVEL, claimed, replications)
    print(f"    both knots claimed and located where there are none: {located / replications:.4f}; "
          f"existence found where there are knots: {power / replications:.4f}", flush=True)


def of_places(rng, replications, n, step):
    drawn = [turned(rng, n) for _ in range(replications)]
    found = [(where, truth) for counts, truth in drawn if (where := breakpoints.locate_breakpoints(counts, step))]
    for i, name in enumerate(("lower", "upper")):
        made = [(getattr(where, name), truth[i]) for where, truth in found]
        width = [knot.high - knot.low for knot, _ in made]
        held = sum(knot.low <= truth <= knot.high for knot, truth in made)
        line(f"{name} knot, interval, {n:,} people", HELD, held, len(made),
             f"   median width {np.median(width):.1f} points, "
             f"not located {np.mean([not k.is_located for k, _ in made]):.3f}")


def of_slopes(rng, replications, n, step):
    held = np.zeros(3)
    for _ in range(replications):
        counts, _ = turned(rng, n)
        held += (
            breakpoint_slopes.profile_slopes(counts, breakpoints.locate_breakpoints(counts, step)).excess(BENT[1:]) <= 0
        )
    for name, k in zip(("below", "between", "above"), held, strict=True):
        line(f"slope {name} the knots, interval, {n:,} people", HELD, k, replications)


def of_gamma(rng, replications, n):
    gamma, score = -0.03, scores(rng, n)
    held = claimed = 0
    for _ in range(replications):
        locked = rng.integers(0, 7, n) * 100 / 6
        logit = bent(score) @ BENT + 0.8 * (locked / 100 - 0.5) + gamma * (locked / 100 - 0.5) * (score - 60)
        came = pd.DataFrame({"customer_id": np.arange(n).astype(str), "satisfaction": score,
                             "weight": 1.0, "returned": rng.random(n) < special.expit(logit)})
        said = pd.DataFrame({"customer_id": came["customer_id"], "switching_cost": locked, "alternatives": np.nan,
                             "quality": rng.uniform(0, 100, n), "is_member": np.nan})
        found = {(e.quantity, e.segment): e for e in repurchase_moderators.moderator_estimates(came, said)}
        of_leaving = found[repurchase_moderators.INTERACTION, repurchase_moderators.SWITCHING_MODERATOR]
        held += of_leaving.low <= 10 * gamma <= of_leaving.high
        idle = found[repurchase_moderators.EFFECT_CHANGE, repurchase_moderators.QUALITY_MODERATOR]
        claimed += not idle.low <= 0 <= idle.high
    line(f"γ of switching cost, interval, {n:,} people", HELD, held, replications)
    line(f"moderator that does nothing, type I error, {n:,} people", LEVEL, claimed, replications)


def of_redemption(rng, replications, lots_a_cohort, m=8):
    """Lots go as they do in life: each in the end or not, at an age drawn from one pattern."""
    pattern = np.array([0.25, 0.35, 0.2, 0.15, 0.05, 0, 0, 0])
    held = 0
    for _ in range(replications):
        size = rng.poisson(lots_a_cohort, m)
        cells = np.array([rng.multinomial(rng.binomial(k, 0.68), pattern) for k in size]).astype(float)
        future = np.add.outer(np.arange(m), np.arange(m)) >= m
        found = chain_ladder.fit_chain_ladder(np.where(future, np.nan, np.cumsum(cells, axis=1)))
        held += abs(found.reserve.sum() - (cells * future).sum()) <= found.half_width(HELD)
    line(f"points still to be redeemed, Mack, {lots_a_cohort:,} lots a cohort", HELD, held, replications)


PARTS = {"existence": of_existence, "places": of_places, "slopes": of_slopes, "gamma": of_gamma,
         "redemption": of_redemption}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("replications", type=int, nargs="?", default=2000)
    parser.add_argument("--people", type=int, nargs="+", default=[1000, 4000])
    parser.add_argument("--draws", type=int, default=199)
    parser.add_argument("--step", type=float, default=1.0)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--seed", type=int, default=20261121)
    given = parser.parse_args()
    start = time.perf_counter()
    print(f"{given.replications} replications")
    print(f"{'estimator':<56}{'nominal':>8}{'measured':>10}   99.9 % binomial region")
    more = {"existence": (given.draws,), "places": (given.step,), "slopes": (breakpoints.COARSE_STEP,)}
    for n in given.people:
        for name in given.only:
            PARTS[name](np.random.default_rng([given.seed, n, list(PARTS).index(name)]), given.replications, n,
                        *more.get(name, ()))
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
