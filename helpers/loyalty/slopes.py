"""How steep the curve is below, between and above its knots: profile likelihood over every place of the knots.

References
----------
Self & Liang (1987), *Journal of the American Statistical Association* 82, 605–610 (likelihood ratios where a parameter
may not pass a limit); Feldman & Cousins (1998), *Physical Review D* 57, 3873–3889 (intervals that hold their level
beside the limit: the ratio is compared with its own quantile at each value, not with that of χ²).
"""

from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from helpers.loyalty import curve, knots
from helpers.loyalty.curve import Counts, Fits
from helpers.loyalty.knots import Located
from helpers.methods.intervals import Interval

FINE, MOST_PLACES, ROUNDS = 1.0, 400, 7
WIDER = np.array([1.05, 1.2, 1.05])  # plain limits cover 92 to 95 of 100 in bench/coverage_loyalty.py: see knots.WIDER
WIDEST = 40.0  # slopes beyond four logits a point are not sought: outcomes are then separated


@dataclass(frozen=True, slots=True)
class Profile:
    """The likelihood of each of three slopes, whatever the other slopes and the knots.

    Parameters
    ----------
    counts : Counts
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

    counts: Counts
    designs: np.ndarray
    top: float
    value: np.ndarray
    error: np.ndarray
    level: float

    def excess(self, at: np.ndarray) -> np.ndarray:
        """Return by how much the likelihood ratio at each slope's value exceeds its limit, shape (3,)."""
        rest = np.concatenate([np.delete(self.designs, j, axis=2) for j in (1, 2, 3)])
        held = np.concatenate([self.designs[:, :, j] * at[j - 1] for j in (1, 2, 3)])
        likelihood = curve.fitted(rest, self.counts.n, self.counts.k, held).log_likelihood
        ratio = 2 * (self.top - likelihood.reshape(3, len(self.designs)).max(axis=1))
        return ratio - WIDER * cut(at / self.error, self.level)


def profile(counts: Counts, found: Located, level: float = 0.95) -> Profile:
    """Return the likelihood of each slope.

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
    best = int(fits.log_likelihood.argmax())
    value, error = fits.coefficients[best, 1:], _errors(designs[best], counts, fits.coefficients[best])
    return Profile(counts, designs, float(fits.log_likelihood[best]), value, error, level)


def intervals(counts: Counts, found: Located, level: float = 0.95) -> list[Interval]:
    """Return the three slopes with their intervals [logits for ten points].

    Parameters
    ----------
    counts, found, level : Counts, Located, float
        As for `profile`.
    """
    made = profile(counts, found, level)
    high = _ends(made, made.value, _outside(made))
    low = np.where(made.excess(np.zeros(3)) <= 0, 0.0, _ends(made, made.value, np.zeros(3)))
    shown = found.coefficients[1:]
    return [Interval(float(v), float(min(a, v)), float(max(b, v))) for v, a, b in zip(shown, low, high, strict=True)]


def _near(counts: Counts, found: Located, limit: float) -> tuple[np.ndarray, Fits]:
    """Return the designs whose likelihood comes near the best one: on a fine grid unless too many do."""
    own = np.array([[found.lower.value, found.upper.value]])
    near, designs, fits = _kept(counts, np.concatenate([own, knots.nearby(counts, FINE, limit)]), limit)
    coarse = knots.places(counts, knots.COARSE)
    if near.sum() > MOST_PLACES and len(coarse):
        near, designs, fits = _kept(counts, coarse, limit)
    return designs[near], Fits(fits.coefficients[near], fits.log_likelihood[near])


def _kept(counts: Counts, places: np.ndarray, limit: float) -> tuple[np.ndarray, np.ndarray, Fits]:
    """Return which places of the knots lose no more than the limit, with all designs and fits."""
    designs = curve.broken(counts.score, places)
    fits = curve.fitted(designs, counts.n, counts.k)
    return 2 * (fits.log_likelihood.max() - fits.log_likelihood) <= limit, designs, fits


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


def _errors(design: np.ndarray, counts: Counts, beta: np.ndarray) -> np.ndarray:
    """Return the standard errors of the three slopes at fixed knots."""
    p = special.expit(design @ beta)
    gram = (design * np.maximum(counts.n * p * (1 - p), 1e-9)[:, None]).T @ design
    return np.sqrt(np.diag(np.linalg.pinv(gram))[1:])


def _outside(made: Profile) -> np.ndarray:
    """Return values above the interval's end, found by doubling the step."""
    step = 3 * made.error
    while ((made.excess(made.value + step) < 0) & (step < WIDEST)).any():
        step = np.minimum(2 * step, WIDEST)
    return made.value + step


def _ends(made: Profile, inside: np.ndarray, outside: np.ndarray) -> np.ndarray:
    """Return where the excess of the ratio over its limit turns, by halving between inside and outside."""
    for _ in range(ROUNDS):
        middle = (inside + outside) / 2
        is_in = made.excess(middle) <= 0
        inside, outside = np.where(is_in, middle, inside), np.where(is_in, outside, middle)
    return (inside + outside) / 2
