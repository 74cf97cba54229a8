"""How steep the curve is below, between and above its knots: profile likelihood over every place of the knots.

References
----------
Self & Liang (1987), *Journal of the American Statistical Association* 82, 605–610 (likelihood ratios where a parameter
may not pass a limit); Feldman & Cousins (1998), *Physical Review D* 57, 3873–3889 (intervals that hold their level
beside the limit: the ratio is compared with its own quantile at each value, not with that of χ²).
"""

import numpy as np
from scipy import special, stats

from helpers.loyalty import curve, knots
from helpers.loyalty.curve import Counts, Fits
from helpers.loyalty.knots import Located
from helpers.methods.intervals import Interval

STEPS = (1.0, 2.0, 5.0)
MOST_PLACES = 400
WIDER = np.array([1.05, 1.2, 1.05])  # plain limits cover 92 to 95 of 100 in bench/coverage_loyalty.py: see knots.WIDER
ROUNDS = 7
WIDEST = 40.0  # slopes beyond four logits a point are not sought: outcomes are then separated


def intervals(counts: Counts, found: Located, level: float = 0.95) -> list[Interval]:
    """Return the three slopes with their intervals [logits for ten points].

    Parameters
    ----------
    counts : Counts
        People by score.
    found : Located
        From `helpers.loyalty.knots.located`.
    level : float
        Level of the intervals.

    Notes
    -----
    At each value of a slope the likelihood is maximised over the other slopes, zero or more, and over the places of the
    knots; places that cannot come near the best likelihood whatever the slope are left out beforehand.
    """
    limit = float(WIDER.max() * stats.chi2.ppf(level, 1))
    designs, fits = _near(counts, found, limit)
    best, top = int(fits.log_likelihood.argmax()), float(fits.log_likelihood.max())
    value, error = fits.coefficients[best, 1:], _errors(designs[best], counts, fits.coefficients[best])

    def excess(at: np.ndarray) -> np.ndarray:
        return _losses(designs, counts, at, top) - WIDER * cut(at / error, level)

    high = _ends(excess, value, _outside(excess, value, error))
    low = np.where(excess(np.zeros(3)) <= 0, 0.0, _ends(excess, value, np.zeros(3)))
    shown = found.coefficients[1:]
    return [Interval(float(v), float(min(a, v)), float(max(b, v))) for v, a, b in zip(shown, low, high, strict=True)]


def _near(counts: Counts, found: Located, limit: float) -> tuple[np.ndarray, Fits]:
    """Return the designs whose likelihood comes near the best one, on the finest grid that leaves few enough."""
    for step in STEPS:
        tried = knots.places(counts, step)
        tried = tried if len(tried) else np.array([[found.lower.value, found.upper.value]])
        designs = curve.broken(counts.score, tried)
        fits = curve.fitted(designs, counts.n, counts.k)
        near = 2 * (fits.log_likelihood.max() - fits.log_likelihood) <= limit
        if near.sum() <= MOST_PLACES:
            break
    return designs[near], Fits(fits.coefficients[near], fits.log_likelihood[near])


def cut(ratio: np.ndarray, level: float = 0.95) -> np.ndarray:
    """Return the quantile of the likelihood ratio of a value that may not be negative, in units of its error.

    Parameters
    ----------
    ratio : ndarray
        True value over its standard error, zero or more.
    level : float
        Of the quantile: that of χ² with one degree of freedom far from the limit, of its one-sided half at it.

    Examples
    --------
    >>> cut(np.array([0.0, 1.0, 9.0])).round(2).tolist()
    [2.71, 3.28, 3.84]
    """
    low, high = (np.full(np.shape(ratio), stats.chi2.ppf(p, 1)) for p in (2 * level - 1, level))
    for _ in range(30):
        middle = (low + high) / 2
        root, safe = np.sqrt(middle), np.maximum(ratio, 1e-9)
        left = np.where(root <= ratio, root, (middle + safe**2) / (2 * safe))
        is_short = special.ndtr(root) - special.ndtr(-left) < level
        low, high = np.where(is_short, middle, low), np.where(is_short, high, middle)
    return (low + high) / 2


def _errors(design: np.ndarray, counts: Counts, beta: np.ndarray) -> np.ndarray:
    """Return the standard errors of the three slopes at fixed knots."""
    p = special.expit(design @ beta)
    gram = (design * np.maximum(counts.n * p * (1 - p), 1e-9)[:, None]).T @ design
    return np.sqrt(np.diag(np.linalg.pinv(gram))[1:])


def _losses(designs: np.ndarray, counts: Counts, at: np.ndarray, top: float) -> np.ndarray:
    """Return twice the loss of log-likelihood with each slope in turn held at a value, shape (3,)."""
    rest = np.concatenate([np.delete(designs, j, axis=2) for j in (1, 2, 3)])
    held = np.concatenate([designs[:, :, j] * at[j - 1] for j in (1, 2, 3)])
    fits = curve.fitted(rest, counts.n, counts.k, held)
    return 2 * (top - fits.log_likelihood.reshape(3, len(designs)).max(axis=1))


def _outside(excess: object, value: np.ndarray, error: np.ndarray) -> np.ndarray:
    """Return values above the interval's end, found by doubling the step."""
    step = 3 * error
    while ((excess(value + step) < 0) & (step < WIDEST)).any():
        step = np.minimum(2 * step, WIDEST)
    return value + step


def _ends(excess: object, inside: np.ndarray, outside: np.ndarray) -> np.ndarray:
    """Return where the excess of the ratio over its quantile turns, by halving between inside and outside."""
    for _ in range(ROUNDS):
        middle = (inside + outside) / 2
        is_in = excess(middle) <= 0
        inside, outside = np.where(is_in, middle, inside), np.where(is_in, outside, middle)
    return (inside + outside) / 2
