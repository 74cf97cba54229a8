"""Whether loyalty turns at some satisfaction, and where: two knots on the logit, tested, located, or not."""

from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from helpers.loyalty import curve
from helpers.loyalty.curve import Counts, Fits

LEAST_SHARE = 0.05
LEAST_APART = 10.0
WIDEST = 25.0
COARSE = 5.0
WIDER = 1.1  # the plain limit covers 93 to 95 of 100 in bench/coverage_loyalty.py: likelihoods have corners at scores
KEPT, NEAR = 3, 3.0


@dataclass(frozen=True, slots=True)
class Existence:
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
class Knot:
    """One knot with its interval by profile likelihood [0–100]."""

    value: float
    low: float
    high: float

    @property
    def is_located(self) -> bool:
        """Whether the interval is at most 25 points wide."""
        return self.high - self.low <= WIDEST


@dataclass(frozen=True, slots=True)
class Located:
    """The best pair of knots.

    Parameters
    ----------
    lower, upper : Knot
        The knots.
    coefficients : ndarray, shape (4,)
        Intercept and the slopes below, between and above the knots [logits for ten points].
    log_likelihood : float
        At the best knots.
    """

    lower: Knot
    upper: Knot
    coefficients: np.ndarray
    log_likelihood: float


def places(counts: Counts, step: float = 1.0) -> np.ndarray:
    """Return the pairs of knots that are tried, shape (P, 2), on a grid of `step` points.

    At least a twentieth of the people lies below the lower knot, between the knots and above the upper one, and the
    knots are at least ten points apart: nearer knots are one bend that no sample of this size tells apart.
    """
    grid = np.arange(step, 100, step)
    below = np.concatenate([[0.0], np.cumsum(counts.n)])[np.searchsorted(counts.score, grid, side="right")]
    share = below / counts.n.sum()
    low, high = np.triu_indices(len(grid), 1)
    enough = (share[low] >= LEAST_SHARE) & (1 - share[high] >= LEAST_SHARE)
    enough &= (share[high] - share[low] >= LEAST_SHARE) & (grid[high] - grid[low] >= LEAST_APART)
    return np.column_stack([grid[low], grid[high]])[enough]


def existence(counts: Counts, draws: int, rng: np.random.Generator) -> Existence | None:
    """Return the sup-likelihood-ratio test of two knots against a straight line; None where no knots can be tried.

    Parameters
    ----------
    counts : Counts
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
    knots = places(counts, COARSE)
    if not len(knots) or len(counts.score) < 4 or not 0 < counts.k.sum() < counts.n.sum():
        return None
    null = curve.straight(counts.score)
    beta = curve.fitted(null, counts.n, counts.k).coefficients[0]
    p = special.expit(null @ beta)
    drawn = rng.binomial(counts.n.astype(int), p, size=(draws, len(p))).astype(float)
    samples = np.concatenate([counts.k[None], drawn])
    designs = curve.broken(counts.score, knots)
    best = _screened(designs, counts.n * p * (1 - p), null @ beta, samples - counts.n * p)
    found = _ratios(designs, null, counts.n, samples, best)
    return Existence(float(found[0]), float((1 + (found[1:] >= found[0] - 1e-9).sum()) / (1 + draws)), draws)


def located(counts: Counts, step: float = 1.0, level: float = 0.95) -> Located | None:
    """Return the best pair of knots, each with its profile-likelihood interval; None where no knots can be tried.

    Parameters
    ----------
    counts : Counts
        People by score.
    step : float
        Grid on which knots are tried [points].
    level : float
        Level of the intervals: places of a knot where twice the loss of log-likelihood stays under χ² with one degree
        of freedom, made a tenth wider, and half a step on either side.
    """
    if not len(places(counts, step)) or not 0 < counts.k.sum() < counts.n.sum():
        return None
    knots = nearby(counts, step, WIDER * stats.chi2.ppf(level, 1))
    found = curve.fitted(curve.broken(counts.score, knots), counts.n, counts.k)
    best = int(found.log_likelihood.argmax())
    lower, upper = (_profiled(knots[:, side], found, best, step, level) for side in (0, 1))
    return Located(lower, upper, found.coefficients[best], float(found.log_likelihood[best]))


def nearby(counts: Counts, step: float, limit: float) -> np.ndarray:
    """Return the places on a fine grid near those on the coarse grid that do not do much worse than its best one.

    Parameters
    ----------
    counts : Counts
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
    fine, coarse = places(counts, step), places(counts, COARSE)
    if step >= COARSE or not len(coarse):
        return fine
    found = curve.fitted(curve.broken(counts.score, coarse), counts.n, counts.k).log_likelihood
    kept = coarse[2 * (found.max() - found) <= NEAR * limit]
    apart = np.abs(fine[:, None] - kept).max(axis=2).min(axis=1)
    return fine[apart < COARSE]


def _profiled(at: np.ndarray, found: Fits, best: int, step: float, level: float) -> Knot:
    loss = 2 * (found.log_likelihood[best] - found.log_likelihood)
    kept = at[loss <= WIDER * stats.chi2.ppf(level, 1)]
    return Knot(float(at[best]), float(max(kept.min() - step / 2, 0)), float(min(kept.max() + step / 2, 100)))


def _screened(designs: np.ndarray, weight: np.ndarray, eta: np.ndarray, residuals: np.ndarray) -> np.ndarray:
    """Return the best few designs for every sample by one bounded least-squares step, shape (B, KEPT)."""
    gram = np.einsum("pji,j,pjk->pik", designs, weight, designs, optimize=True)
    gram += 1e-9 * np.einsum("pii->p", gram)[:, None, None] * np.eye(4)
    inverse, free = np.linalg.inv(curve.narrowed(gram)), curve.subsets(4)
    right = np.einsum("bj,pjd->pdb", weight * eta + residuals, designs, optimize=True)
    worth = np.full((len(designs), len(residuals)), -np.inf)
    for solver, mask in zip(inverse, free, strict=True):
        solved = (solver * mask[:, None] * mask) @ right
        gained = (solved * right).sum(axis=1)
        worth = np.maximum(worth, np.where((solved[:, 1:] >= -1e-12).all(axis=1), gained, -np.inf))
    kept = min(KEPT, len(designs))
    return np.argpartition(-worth, kept - 1, axis=0)[:kept].T


def _ratios(designs: np.ndarray, null: np.ndarray, n: np.ndarray, samples: np.ndarray, best: np.ndarray) -> np.ndarray:
    repeated = np.repeat(samples, best.shape[1], axis=0)
    free = curve.fitted(designs[best.ravel()], n, repeated).log_likelihood.reshape(best.shape).max(axis=1)
    lines = curve.fitted(np.broadcast_to(null, (len(samples), *null.shape)), n, samples).log_likelihood
    return 2 * np.maximum(free - lines, 0)
