"""Methods that are kept beside those of a library, with the times of both: ``python bench/own_methods.py``.

Each peer gets the same data and finds the same (tests hold them equal); where it works one by one it is given fewer and
its time is scaled up. The work is of the size that a run has.
"""

import statistics
import time
import warnings

import numpy as np
from scipy import stats
from statsmodels.genmod.families import Binomial
from statsmodels.genmod.generalized_linear_model import GLM
from statsmodels.miscmodels.ordinal_model import OrderedModel
from statsmodels.multivariate.factor import Factor
from statsmodels.regression.linear_model import WLS
from statsmodels.stats.multitest import multipletests

from helpers.experiments import permutation
from helpers.loyalty import breakpoints, monotone_logistic
from helpers.stats import bootstrap, multiple_testing, ordinal_logit, penalty_reward, scale_reliability

LEAST_RATIO = 3.0
ROW = "{work:52} {size:>18} {ours:10.4f} {peer:10.3f} {ratio:8.1f}  {verdict}"


def seconds(work, runs=5):
    def once():
        began = time.perf_counter()
        work()
        return time.perf_counter() - began

    once()
    return statistics.median(once() for _ in range(runs))


def permuted_amounts():
    """Return both times for amounts of two arms, of whose units one in fifty bought."""
    rng, n = np.random.default_rng(1), 5_000
    a, b = ((rng.random(n) < 0.02) * rng.lognormal(3, 1, n) for _ in range(2))

    def welch(x, y, axis):
        spread = x.var(axis=axis, ddof=1) / n + y.var(axis=axis, ddof=1) / n
        return (x.mean(axis=axis) - y.mean(axis=axis)) / np.sqrt(spread)

    ours = seconds(lambda: permutation.permutation_difference(a, b, np.random.default_rng(2)))
    peer = seconds(
        lambda: stats.permutation_test(
            (b, a), welch, vectorized=True, n_resamples=permutation.N_PERMUTATIONS, batch=400
        ),
        2,
    )
    return "permutation test (scipy.stats.permutation_test)", "2 × 5,000 units", ours, peer


def ordered_answers():
    """Return both times for answers on five levels to five drivers."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(2_000, 5))
    y = np.digitize(x @ [1, 0.5, 0, 0.3, 0.2] + rng.logistic(size=len(x)), [-2, -0.5, 0.8, 2])
    ours = seconds(lambda: ordinal_logit.fit_ordinal_logit(x, y))
    peer = seconds(lambda: OrderedModel(y, x, distr="logit").fit(method="bfgs", disp=False).bse, 3)
    return "ordinal logit (statsmodels OrderedModel)", "2,000 × 5", ours, peer


def replicated_factors():
    """Return both times for one factor of five items in a thousand bootstrap replicates."""
    rng = np.random.default_rng(1)
    drawn = bootstrap.bootstrap_moments(rng.normal(size=(400, 1)) + rng.normal(size=(400, 5)), 1_000, 1).correlation
    ours = seconds(lambda: scale_reliability.fit_common_factor(drawn))
    peer = seconds(
        lambda: [Factor(corr=m, n_factor=1, method="pa", smc=False).fit(maxiter=500, tol=1e-12) for m in drawn[:20]], 3
    )
    return "common factor (statsmodels Factor, from 20)", "1,000 replicates", ours, 50 * peer


def broken_lines():
    """Return both times for lines broken at every pair of breakpoints of the coarse grid."""
    rng = np.random.default_rng(1)
    score = np.clip(np.rint((60 + 20 * rng.standard_normal(3_000)) / 5) * 5, 0, 100)
    counts = monotone_logistic.count_by_score(score, rng.random(3_000) < score / 120)
    designs = monotone_logistic.broken_designs(
        counts.score, breakpoints.candidate_breakpoints(counts, breakpoints.COARSE_STEP)
    )
    ours = seconds(lambda: monotone_logistic.fit_curves(designs, counts.n, counts.k))
    peer = seconds(lambda: [GLM(counts.share, d, family=Binomial(), freq_weights=counts.n).fit() for d in designs], 3)
    return "broken lines on the logit (statsmodels GLM)", f"{len(designs)} designs", ours, peer


def weighted_thirds():
    """Return both times for a weighted regression on the lowest and the highest third of seven drivers."""
    rng = np.random.default_rng(1)
    x, y, weights = (rng.random((20_000, 14)) < 1 / 3) * 1.0, rng.normal(size=20_000), rng.gamma(4, 0.25, 20_000)
    design = np.column_stack([x, np.ones(len(x))])
    ours = seconds(lambda: penalty_reward._weighted_regression(x, y, weights))
    return (
        "weighted regression (statsmodels WLS)",
        "20,000 × 14",
        ours,
        seconds(lambda: WLS(y, design, weights=weights).fit().params),
    )


def adjusted_p_values():
    """Return both times for five p-values in a process that holds much, as a notebook's does."""
    held, p = [{"id": i} for i in range(500_000)], np.array([0.01, 0.04, 0.03, 0.005, 0.2])
    ours, peer = seconds(lambda: multiple_testing.holm(p)), seconds(lambda: multipletests(p, method="holm"))
    return "Holm's adjustment (statsmodels multipletests)", f"5 beside {len(held):,}", ours, peer


def main():
    warnings.simplefilter("ignore")
    print(f"{'work':52} {'size':>18} {'ours s':>10} {'peer s':>10} {'ratio':>8}")
    for measured in (permuted_amounts, ordered_answers, replicated_factors, broken_lines, weighted_thirds,
                     adjusted_p_values):
        work, size, ours, peer = measured()
        verdict = "" if peer / ours >= LEAST_RATIO else "under 3: the library's would do"
        print(ROW.format(work=work, size=size, ours=ours, peer=peer, ratio=peer / ours, verdict=verdict), flush=True)


if __name__ == "__main__":
    main()
