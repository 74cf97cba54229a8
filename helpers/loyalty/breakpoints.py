"""Breakpoints of satisfaction and loyalty: test of two, their place; curve shapes by cross-validation."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import interpolate, special, stats

from helpers.loyalty import monotone_logistic
from helpers.loyalty.monotone_logistic import LogisticCurves, ScoreCounts
from helpers.stats.confidence_intervals import Interval, mean_interval_from_counts

MIN_SHARE_PER_PART = 0.05

MIN_BREAKPOINT_DISTANCE = 10.0

MAX_INTERVAL_WIDTH = 25.0

COARSE_STEP = 5.0

LIMIT_FACTOR = (
    1.1  # the plain limit covers 93 to 95 of 100 in bench/coverage_loyalty.py: likelihoods have corners at scores
)

N_SCREENED, NEARBY_FACTOR = 3, 3.0


@dataclass(frozen=True, slots=True)
class BreakpointTest:
    """Test of two knots against a straight line on the logit.

    Parameters
    ----------
    statistic : float
        Twice the difference of the log-likelihoods, at the best knots.
    p_value : float
        Share of parametric bootstrap samples from the straight line that do at least as well.
    draws : int
        Bootstrap samples.
    """

    statistic: float
    p_value: float
    draws: int


@dataclass(frozen=True, slots=True)
class Breakpoint:
    """One knot with its interval by profile likelihood [0–100]."""

    value: float
    low: float
    high: float

    @property
    def is_located(self) -> bool:
        """Whether the interval is at most 25 points wide."""
        return self.high - self.low <= MAX_INTERVAL_WIDTH


@dataclass(frozen=True, slots=True)
class BreakpointEstimate:
    """The best pair of knots.

    Parameters
    ----------
    lower, upper : Breakpoint
        The knots.
    coefficients : ndarray, shape (4,)
        Intercept and the slopes below, between and above the knots [logits for ten points].
    log_likelihood : float
        At the best knots.
    """

    lower: Breakpoint
    upper: Breakpoint
    coefficients: np.ndarray
    log_likelihood: float


def candidate_breakpoints(counts: ScoreCounts, step: float = 1.0) -> np.ndarray:
    """Return the pairs of knots that are tried, shape (P, 2), on a grid of `step` points.

    At least a twentieth of the people lies below the lower knot, between the knots and above the upper one, and the
    knots are at least ten points apart: nearer knots are one bend that no sample of this size tells apart.
    """
    grid = np.arange(step, 100, step)
    below = np.concatenate([[0.0], np.cumsum(counts.n)])[np.searchsorted(counts.score, grid, side="right")]
    share = below / counts.n.sum()
    low, high = np.triu_indices(len(grid), 1)
    enough = (share[low] >= MIN_SHARE_PER_PART) & (1 - share[high] >= MIN_SHARE_PER_PART)
    enough &= (share[high] - share[low] >= MIN_SHARE_PER_PART) & (grid[high] - grid[low] >= MIN_BREAKPOINT_DISTANCE)
    return np.column_stack([grid[low], grid[high]])[enough]


def breakpoint_test(counts: ScoreCounts, draws: int, rng: np.random.Generator) -> BreakpointTest | None:
    """Return the sup-likelihood-ratio test of two knots against a straight line; None where no knots can be tried.

    Parameters
    ----------
    counts : ScoreCounts
        People by score.
    draws : int
        Bootstrap samples from the fitted straight line.
    rng : Generator
        Draws them.

    Notes
    -----
    Sample and bootstrap samples are treated alike: the pairs of knots are screened by the quadratic approximation of
    the likelihood at the fitted line, and the likelihood itself is maximised at the best few. The asymptotic law of
    the supremum is not χ², since the knots exist only under the alternative (Davies 1987, *Biometrika* 74, 33–43).
    """
    knots = candidate_breakpoints(counts, COARSE_STEP)
    if not len(knots) or len(counts.score) < 4 or not 0 < counts.k.sum() < counts.n.sum():
        return None
    null = monotone_logistic.straight_design(counts.score)
    beta = monotone_logistic.fit_curves(null, counts.n, counts.k).coefficients[0]
    p = special.expit(null @ beta)
    people = np.maximum(np.rint(counts.n), 1).astype(int)  # weighted counts are not whole
    drawn = rng.binomial(people, p, size=(draws, len(p))) * (counts.n / people)
    samples = np.concatenate([counts.k[None], drawn])
    designs = monotone_logistic.broken_designs(counts.score, knots)
    best = _screen_designs(designs, counts.n * p * (1 - p), null @ beta, samples - counts.n * p)
    found = _likelihood_ratios(designs, null, counts.n, samples, best)
    return BreakpointTest(float(found[0]), float((1 + (found[1:] >= found[0] - 1e-9).sum()) / (1 + draws)), draws)


def locate_breakpoints(counts: ScoreCounts, step: float = 1.0, level: float = 0.95) -> BreakpointEstimate | None:
    """Return the best pair of knots, each with its profile-likelihood interval; None where no knots can be tried.

    Parameters
    ----------
    counts : ScoreCounts
        People by score.
    step : float
        Grid on which knots are tried [points].
    level : float
        Level of the intervals: places of a knot where twice the loss of log-likelihood stays under χ² with one degree
        of freedom, made a tenth wider, and half a step on either side.
    """
    if not len(candidate_breakpoints(counts, step)) or not 0 < counts.k.sum() < counts.n.sum():
        return None
    knots = promising_candidates(counts, step, LIMIT_FACTOR * stats.chi2.ppf(level, 1))
    found = monotone_logistic.fit_curves(monotone_logistic.broken_designs(counts.score, knots), counts.n, counts.k)
    best = int(found.log_likelihood.argmax())
    lower, upper = (_profile_interval(knots[:, side], found, best, step, level) for side in (0, 1))
    return BreakpointEstimate(lower, upper, found.coefficients[best], float(found.log_likelihood[best]))


def promising_candidates(counts: ScoreCounts, step: float, limit: float) -> np.ndarray:
    """Return the places on a fine grid near those on the coarse grid that do not do much worse than its best one.

    Parameters
    ----------
    counts : ScoreCounts
        People by score.
    step : float
        Of the fine grid [points].
    limit : float
        Twice the loss of log-likelihood that is of interest; thrice as much is let pass on the coarse grid.

    Returns
    -------
    ndarray, shape (P, 2)
        All of the fine grid where it is none, or the coarse grid has no places.
    """
    fine, coarse = candidate_breakpoints(counts, step), candidate_breakpoints(counts, COARSE_STEP)
    if step >= COARSE_STEP or not len(coarse):
        return fine
    found = monotone_logistic.fit_curves(
        monotone_logistic.broken_designs(counts.score, coarse), counts.n, counts.k
    ).log_likelihood
    kept = coarse[2 * (found.max() - found) <= NEARBY_FACTOR * limit]
    apart = np.abs(fine[:, None] - kept).max(axis=2).min(axis=1)
    return fine[apart < COARSE_STEP]


def _profile_interval(at: np.ndarray, found: LogisticCurves, best: int, step: float, level: float) -> Breakpoint:
    loss = 2 * (found.log_likelihood[best] - found.log_likelihood)
    kept = at[loss <= LIMIT_FACTOR * stats.chi2.ppf(level, 1)]
    return Breakpoint(float(at[best]), float(max(kept.min() - step / 2, 0)), float(min(kept.max() + step / 2, 100)))


def _screen_designs(designs: np.ndarray, weight: np.ndarray, eta: np.ndarray, residuals: np.ndarray) -> np.ndarray:
    """Return the best few designs for every sample by one bounded least-squares step, shape (B, KEPT)."""
    gram = np.einsum("pji,j,pjk->pik", designs, weight, designs, optimize=True)
    gram += 1e-9 * np.einsum("pii->p", gram)[:, None, None] * np.eye(4)
    inverse, free = np.linalg.inv(monotone_logistic.restricted_matrices(gram)), monotone_logistic.free_subsets(4)
    right = np.einsum("bj,pjd->pdb", weight * eta + residuals, designs, optimize=True)
    worth = np.full((len(designs), len(residuals)), -np.inf)
    for solver, mask in zip(inverse, free, strict=True):
        solved = (solver * mask[:, None] * mask) @ right
        gained = (solved * right).sum(axis=1)
        worth = np.maximum(worth, np.where((solved[:, 1:] >= -1e-12).all(axis=1), gained, -np.inf))
    kept = min(N_SCREENED, len(designs))
    return np.argpartition(-worth, kept - 1, axis=0)[:kept].T


def _likelihood_ratios(
    designs: np.ndarray, null: np.ndarray, n: np.ndarray, samples: np.ndarray, best: np.ndarray
) -> np.ndarray:
    repeated = np.repeat(samples, best.shape[1], axis=0)
    free = (
        monotone_logistic.fit_curves(designs[best.ravel()], n, repeated).log_likelihood.reshape(best.shape).max(axis=1)
    )
    lines = monotone_logistic.fit_curves(np.broadcast_to(null, (len(samples), *null.shape)), n, samples).log_likelihood
    return 2 * np.maximum(free - lines, 0)


STRAIGHT_LINE, BROKEN_LINE, SMOOTH_CURVE = "straight line", "line with two breakpoints", "smooth curve"

CURVE_SHAPES = (STRAIGHT_LINE, BROKEN_LINE, SMOOTH_CURVE)

N_SHAPE_FOLDS = 10

SPLINE_DEGREE = 3


def spline_design(score: np.ndarray) -> np.ndarray:
    """Return the design of a smooth rising curve, shape (J, 6): one, and I-splines with knots at each third.

    References
    ----------
    Ramsay (1988), Monotone regression splines in action, *Statistical Science* 3, 425–441.
    """
    inner = np.array([100 / 3, 200 / 3])
    at = np.concatenate([np.zeros(SPLINE_DEGREE + 1), inner, np.full(SPLINE_DEGREE + 1, 100.0)])
    basis = interpolate.BSpline.design_matrix(score, at, SPLINE_DEGREE).toarray()
    return np.column_stack([np.ones(len(score)), np.cumsum(basis[:, ::-1], axis=1)[:, ::-1][:, 1:]])


def shape_design(shape: str, score: np.ndarray, counts: ScoreCounts) -> np.ndarray | None:
    """Return the design of a shape at some scores, its knots placed by what the counts say; None where none can be."""
    if shape == BROKEN_LINE:
        found = locate_breakpoints(counts, COARSE_STEP)
        return (
            None
            if found is None
            else monotone_logistic.broken_designs(score, np.array([[found.lower.value, found.upper.value]]))[0]
        )
    return monotone_logistic.straight_design(score) if shape == STRAIGHT_LINE else spline_design(score)


def expected_shares(shape: str, score: np.ndarray, counts: ScoreCounts) -> np.ndarray:
    """Return the share that the shape expects at some scores, fitted to the counts, shape (len(score),)."""
    own = shape_design(shape, counts.score, counts)
    if own is None:
        return np.full(len(score), np.nan)
    beta = monotone_logistic.fit_curves(own, counts.n, counts.k).coefficients[0]
    return special.expit(shape_design(shape, score, counts) @ beta)


def compare_shapes(
    score: np.ndarray, is_loyal: np.ndarray, rng: np.random.Generator, weights: np.ndarray | None = None
) -> pd.DataFrame:
    """Return how well each shape foresees people in folds that it was not fitted on.

    Parameters
    ----------
    score, is_loyal : ndarray, shape (n,)
        Satisfaction and whether each bought again, in the order of ids.
    rng : Generator
        Draws the ten folds.
    weights : ndarray, shape (n,), optional
        Survey weights.

    Returns
    -------
    DataFrame
        Grain shape: ``shape, log_loss`` a person, ``gain`` (log loss of the straight line less its own, above zero is
        better) with ``low`` and ``high``, ``n``. Empty where a fold would hold only one outcome.
    """
    fold = rng.permutation(np.arange(len(score)) % N_SHAPE_FOLDS)
    own = np.ones(len(score)) if weights is None else monotone_logistic.effective_weights(weights)
    whole = monotone_logistic.count_by_score(score, is_loyal, weights=weights)
    at = np.searchsorted(whole.score, monotone_logistic.round_scores(score) - 1e-9)
    shape = (N_SHAPE_FOLDS, len(whole.score))
    n, k = (np.bincount(fold * shape[1] + at, w, minlength=shape[0] * shape[1]).reshape(shape)
            for w in (own, own * np.asarray(is_loyal, float)))
    if min(k.sum(axis=1).min(), (n - k).sum(axis=1).min()) < 1:
        return no_comparison()
    losses = {name: _log_losses(name, whole, n, k) for name in CURVE_SHAPES}
    line = losses[STRAIGHT_LINE]
    if line is None:
        return no_comparison()
    rows = [
        {
            "shape": name,
            "log_loss": _mean_loss(loss, n, k).value,
            **_log_loss_gain(line, loss, n, k),
            "n": len(score),
        }
        for name, loss in losses.items()
        if loss is not None
    ]
    return pd.DataFrame(rows)


def no_comparison() -> pd.DataFrame:
    """Return a comparison without rows."""
    return pd.DataFrame(columns=["shape", "log_loss", "gain", "low", "high", "n"])


def _log_losses(name: str, whole: ScoreCounts, n: np.ndarray, k: np.ndarray) -> np.ndarray | None:
    """Return the log loss of either outcome at each score and fold, shape (FOLDS, J, 2); None where no knots can be."""
    stated = []
    for held in range(N_SHAPE_FOLDS):
        rest = n.sum(axis=0) - n[held]
        seen = rest > 0
        known = ScoreCounts(whole.score[seen], rest[seen], (k.sum(axis=0) - k[held])[seen])
        stated.append(expected_shares(name, whole.score, known))
    p = np.clip(np.array(stated), 1e-9, 1 - 1e-9)
    return None if np.isnan(p).any() else np.stack([-np.log1p(-p), -np.log(p)], axis=-1)


def _mean_loss(loss: np.ndarray, n: np.ndarray, k: np.ndarray) -> Interval:
    weights = np.stack([n - k, k], axis=-1).ravel()
    return mean_interval_from_counts(loss.ravel(), int(n.sum()), weights, weights)


def _log_loss_gain(line: np.ndarray, loss: np.ndarray, n: np.ndarray, k: np.ndarray) -> dict[str, float]:
    found = _mean_loss(line - loss, n, k)
    return {"gain": found.value, "low": found.low, "high": found.high}
