"""Slopes below, between and above the breakpoints, with profile-likelihood intervals.

References
----------
Self & Liang (1987), *Journal of the American Statistical Association* 82, 605–610 (likelihood ratios where a parameter
may not pass a limit); Feldman & Cousins (1998), *Physical Review D* 57, 3873–3889 (intervals that hold their level
beside the limit: the ratio is compared with its own quantile at each value, not with that of χ²).
"""

from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from helpers.loyalty import breakpoints, monotone_logistic
from helpers.loyalty.breakpoints import BreakpointEstimate
from helpers.loyalty.monotone_logistic import LogisticCurves, ScoreCounts
from helpers.stats.confidence_intervals import Interval

FINE_STEP, MAX_CANDIDATES, N_HALVINGS = 1.0, 400, 7

LIMIT_FACTORS = np.array(
    [1.05, 1.2, 1.05]
)  # plain limits cover 92 to 95 of 100 in bench/coverage_loyalty.py: see breakpoints.LIMIT_FACTOR

MAX_SLOPE_STEP = 40.0  # slopes beyond four logits a point are not sought: outcomes are then separated


@dataclass(frozen=True, slots=True)
class SlopeProfile:
    """The likelihood of each of three slopes, whatever the other slopes and the knots.

    Parameters
    ----------
    counts : ScoreCounts
        People by score.
    designs : ndarray, shape (P, J, 4)
        Lines broken at the places of the knots that come near the best likelihood.
    top : float
        The best log-likelihood.
    value, error : ndarray, shape (3,)
        Slopes at the best likelihood, and their standard errors at its knots [logits for ten points].
    level : float
        Of the intervals.
    """

    counts: ScoreCounts
    designs: np.ndarray
    top: float
    value: np.ndarray
    error: np.ndarray
    level: float

    def excess(self, at: np.ndarray) -> np.ndarray:
        """Return by how much the likelihood ratio at each slope's value exceeds its limit, shape (3,)."""
        rest = np.concatenate([np.delete(self.designs, j, axis=2) for j in (1, 2, 3)])
        held = np.concatenate([self.designs[:, :, j] * at[j - 1] for j in (1, 2, 3)])
        likelihood = monotone_logistic.fit_curves(rest, self.counts.n, self.counts.k, held).log_likelihood
        ratio = 2 * (self.top - likelihood.reshape(3, len(self.designs)).max(axis=1))
        return ratio - LIMIT_FACTORS * likelihood_ratio_quantile(at / self.error, self.level)


def profile_slopes(counts: ScoreCounts, found: BreakpointEstimate, level: float = 0.95) -> SlopeProfile:
    """Return the likelihood of each slope.

    Parameters
    ----------
    counts : ScoreCounts
        People by score.
    found : BreakpointEstimate
        From `helpers.loyalty.breakpoints.locate_breakpoints`.
    level : float
        Level of the intervals.

    Notes
    -----
    At each value of a slope the likelihood is maximised over the other slopes, zero or more, and over the places of the
    knots; places that cannot come near the best likelihood whatever the slope are left out beforehand.
    """
    limit = float(LIMIT_FACTORS.max() * stats.chi2.ppf(level, 1))
    designs, fits = _near_designs(counts, found, limit)
    best = int(fits.log_likelihood.argmax())
    value, error = fits.coefficients[best, 1:], _slope_errors(designs[best], counts, fits.coefficients[best])
    return SlopeProfile(counts, designs, float(fits.log_likelihood[best]), value, error, level)


def slope_intervals(counts: ScoreCounts, found: BreakpointEstimate, level: float = 0.95) -> list[Interval]:
    """Return the three slopes with their intervals [logits for ten points].

    Parameters
    ----------
    counts, found, level : ScoreCounts, BreakpointEstimate, float
        As for `profile`.
    """
    made = profile_slopes(counts, found, level)
    high = _interval_ends(made, made.value, _outside_interval(made))
    low = np.where(made.excess(np.zeros(3)) <= 0, 0.0, _interval_ends(made, made.value, np.zeros(3)))
    shown = found.coefficients[1:]
    return [Interval(float(v), float(min(a, v)), float(max(b, v))) for v, a, b in zip(shown, low, high, strict=True)]


def _near_designs(counts: ScoreCounts, found: BreakpointEstimate, limit: float) -> tuple[np.ndarray, LogisticCurves]:
    """Return the designs whose likelihood comes near the best one: on a fine grid unless too many do."""
    own = np.array([[found.lower.value, found.upper.value]])
    near, designs, fits = _designs_within_limit(
        counts, np.concatenate([own, breakpoints.promising_candidates(counts, FINE_STEP, limit)]), limit
    )
    coarse = breakpoints.candidate_breakpoints(counts, breakpoints.COARSE_STEP)
    if near.sum() > MAX_CANDIDATES and len(coarse):
        near, designs, fits = _designs_within_limit(counts, coarse, limit)
    return designs[near], LogisticCurves(fits.coefficients[near], fits.log_likelihood[near])


def _designs_within_limit(
    counts: ScoreCounts, places: np.ndarray, limit: float
) -> tuple[np.ndarray, np.ndarray, LogisticCurves]:
    """Return which places of the knots lose no more than the limit, with all designs and fits."""
    designs = monotone_logistic.broken_designs(counts.score, places)
    fits = monotone_logistic.fit_curves(designs, counts.n, counts.k)
    return 2 * (fits.log_likelihood.max() - fits.log_likelihood) <= limit, designs, fits


def likelihood_ratio_quantile(ratio: np.ndarray, level: float = 0.95) -> np.ndarray:
    """Return the quantile of the likelihood ratio of a value that may not be negative, in units of its error.

    Parameters
    ----------
    ratio : ndarray
        True value over its standard error, zero or more.
    level : float
        Of the quantile: that of χ² with one degree of freedom far from the limit, of its one-sided half at it.

    Examples
    --------
    >>> likelihood_ratio_quantile(np.array([0.0, 1.0, 9.0])).round(2).tolist()
    [2.71, 3.31, 3.84]
    """
    low, high = (np.full(np.shape(ratio), stats.chi2.ppf(p, 1)) for p in (2 * level - 1, level))
    for _ in range(30):
        middle = (low + high) / 2
        root, safe = np.sqrt(middle), np.maximum(ratio, 1e-9)
        left = np.where(root <= ratio, root, (middle + safe**2) / (2 * safe))
        is_short = special.ndtr(root) - special.ndtr(-left) < level
        low, high = np.where(is_short, middle, low), np.where(is_short, high, middle)
    return (low + high) / 2


def _slope_errors(design: np.ndarray, counts: ScoreCounts, beta: np.ndarray) -> np.ndarray:
    """Return the standard errors of the three slopes at fixed knots."""
    p = special.expit(design @ beta)
    gram = (design * np.maximum(counts.n * p * (1 - p), 1e-9)[:, None]).T @ design
    return np.sqrt(np.diag(np.linalg.pinv(gram))[1:])


def _outside_interval(made: SlopeProfile) -> np.ndarray:
    """Return values above the interval's end, found by doubling the step."""
    step = 3 * made.error
    while ((made.excess(made.value + step) < 0) & (step < MAX_SLOPE_STEP)).any():
        step = np.minimum(2 * step, MAX_SLOPE_STEP)
    return made.value + step


def _interval_ends(made: SlopeProfile, inside: np.ndarray, outside: np.ndarray) -> np.ndarray:
    """Return where the excess of the ratio over its limit turns, by halving between inside and outside."""
    for _ in range(N_HALVINGS):
        middle = (inside + outside) / 2
        is_in = made.excess(middle) <= 0
        inside, outside = np.where(is_in, middle, inside), np.where(is_in, outside, middle)
    return (inside + outside) / 2
