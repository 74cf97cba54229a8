"""Confidence intervals of means, shares, net shares, differences and correlations, weighted too.

Every notebook loads this module, the first one before anything else: quantiles are those of `scipy.special`, from which
`scipy.stats` takes them too, and which loads in a tenth of the time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special


@dataclass(frozen=True, slots=True)
class Interval:
    """A value between its limits, in the value's own unit; NaN limits where there is no interval."""

    value: float
    low: float
    high: float

    def times(self, factor: float) -> "Interval":
        """Return the interval in another unit."""
        return Interval(self.value * factor, self.low * factor, self.high * factor)

    def less(self, other: "Interval") -> "Interval":
        """Return this less another, independent value, from the limits of both (Newcombe 1998, method 10)."""
        gap, down = self.value - other.value, float(np.hypot(self.value - self.low, other.high - other.value))
        return Interval(gap, gap - down, gap + float(np.hypot(self.high - self.value, other.value - other.low)))


def normal_quantile(level: float) -> float:
    """Return the two-sided normal quantile of a level.

    Examples
    --------
    >>> round(normal_quantile(0.95), 4)
    1.96
    """
    return float(special.ndtri((1 + level) / 2))


def effective_n(weights: np.ndarray) -> float:
    """Return Kish's effective number of people behind weights, shape ``(n_people,)``.

    References
    ----------
    Kish (1965), *Survey Sampling*, section 11.7: (Σw)² / Σw².
    """
    total = float(np.sum(weights**2))
    return float(np.sum(weights)) ** 2 / total if total else 0.0


def mean_interval(values: np.ndarray, weights: np.ndarray | None = None, level: float = 0.95) -> Interval:
    """Return the (weighted) mean with Student's interval, n − 1 degrees of freedom.

    Own, for the weights: those of statsmodels' ``DescrStatsW`` count people, survey weights do not.

    Parameters
    ----------
    values : ndarray, shape (n,)
        One value a person.
    weights : ndarray, shape (n,), optional
        Survey weights. The standard error is the linearised one of a ratio; with equal weights it is s / √n.
    level : float
        Level of the interval.

    Notes
    -----
    Fewer than two values have no interval.
    """
    weights = np.ones(len(values)) if weights is None else weights
    n, total = int(np.count_nonzero(weights)), float(np.sum(weights))
    if not n:
        return Interval(np.nan, np.nan, np.nan)
    centre = float(np.sum(weights * values) / total)
    return _student_limits(centre, float(np.sum((weights * (values - centre) / total) ** 2)), n, level)


def mean_interval_from_counts(
    values: np.ndarray, n: int, weights: np.ndarray, squares: np.ndarray, level: float = 0.95
) -> Interval:
    """Return what `mean` gives, from a table of values instead of people.

    Parameters
    ----------
    values, weights, squares : ndarray, shape (n_values,)
        Distinct values, and the sums of the weights and of the squared weights of the people who have them.
    n : int
        People.
    level : float
        Level of the interval.
    """
    total = float(np.sum(weights))
    if not n or not total:
        return Interval(np.nan, np.nan, np.nan)
    centre = float(np.sum(weights * values) / total)
    return _student_limits(centre, float(np.sum(squares * (values - centre) ** 2)) / total**2, n, level)


def difference_interval(values: tuple[np.ndarray, np.ndarray], weights: tuple[np.ndarray, np.ndarray],
               people: tuple[np.ndarray, np.ndarray], level: float = 0.95) -> Interval:
    """Return the mean of the second group less that of the first, people in both groups counted as the same people.

    Parameters
    ----------
    values, weights, people : pair of ndarray
        Values, survey weights and person ids of the two groups; a person at most once in each.
    level : float
        Level of the interval.

    Notes
    -----
    Linearised variance with the person as cluster: where the groups share nobody it is Welch's standard error,
    where they share everybody the paired one, up to the factor n / (n − 1).
    """
    if min(len(v) for v in values) < 2:
        return Interval(np.nan, np.nan, np.nan)
    centres = [float(np.average(v, weights=w)) for v, w in zip(values, weights, strict=True)]
    scores = [sign * w * (v - c) / np.sum(w)
              for sign, v, w, c in zip((-1, 1), values, weights, centres, strict=True)]
    ids, place = np.unique(np.concatenate(people), return_inverse=True)
    variance = float(np.sum(np.bincount(place, np.concatenate(scores)) ** 2))
    return _student_limits(centres[1] - centres[0], variance, len(ids), level)


def _student_limits(centre: float, variance: float, n: int, level: float) -> Interval:
    """Return Student's interval; the variance is the sum of the people's squared shares in the deviation."""
    if n < 2:
        return Interval(centre, np.nan, np.nan)
    half = float(special.stdtrit(n - 1, (1 + level) / 2) * np.sqrt(variance * n / (n - 1)))
    return Interval(centre, centre - half, centre + half)


def share_interval(p: float, n: float, level: float = 0.95) -> Interval:
    """Return a share with Agresti and Coull's adjusted Wald interval, cut at 0 and 1.

    Parameters
    ----------
    p : float
        Observed share.
    n : float
        People behind it, or the effective number of them.
    level : float
        Level of the interval.

    Notes
    -----
    z² people are added, half of them to those who have the property; the value stays the observed share. Own:
    statsmodels' takes twenty times as long.

    References
    ----------
    Agresti & Coull (1998), *American Statistician* 52, 119–126.

    Examples
    --------
    >>> share_interval(0.0, 20)
    Interval(value=0.0, low=0.0, high=0.1898...)
    """
    if not n:
        return Interval(np.nan, np.nan, np.nan)
    z = -float(special.ndtri((1 - level) / 2))
    people = n + z**2
    centre = (p * n + z**2 / 2) / people
    half = z * float(np.sqrt(centre * (1 - centre) / people))
    return Interval(p, float(max(centre - half, 0.0)), float(min(centre + half, 1.0)))


def clustered_share(is_so: pd.Series, person: pd.Series, level: float = 0.95) -> Interval:
    """Return a share of rows of which a person may have several, with an interval for people who go together.

    Parameters
    ----------
    is_so : Series of bool
        One a row.
    person : Series
        Whose row it is.
    level : float
        Level of the interval.

    Notes
    -----
    Adjusted Wald interval for the effective number of rows, by the linearised variance of a ratio with people as
    clusters (Korn & Graubard 1998, *Survey Methodology* 24, 193–201).

    Examples
    --------
    >>> alone = clustered_share(pd.Series([True, False] * 50), pd.Series(range(100)))
    >>> four = clustered_share(pd.Series(([True] * 4 + [False] * 4) * 25), pd.Series(range(200)) // 4)
    >>> round(alone.low, 3), round(four.low, 3)
    (0.403, 0.365)
    """
    if not len(is_so):
        return share_interval(np.nan, 0)
    by_person = is_so.astype(float).groupby(person.to_numpy()).agg(["sum", "size"])
    n, people = len(is_so), len(by_person)
    p = float(is_so.mean())
    residuals = (by_person["sum"] - p * by_person["size"]).to_numpy()
    variance = people / max(people - 1, 1) * float(residuals @ residuals) / n**2
    return share_interval(p, min(p * (1 - p) / variance, n) if variance > 0 else people, level)


def net_share_interval(top: float, bottom: float, n: float, level: float = 0.95) -> Interval:
    """Return a share less another of the same people, with the adjusted Wald interval, cut at −1 and 1.

    Parameters
    ----------
    top, bottom : float
        Observed shares; nobody is in both.
    n : float
        People behind them, or the effective number of them.
    level : float
        Level of the interval.

    Notes
    -----
    Three people are added: ¾ to the top, ¾ to the bottom, the rest between. The value stays the observed one. No
    library has it: statsmodels' intervals of several shares are of each, not of a difference.

    References
    ----------
    Rocks (2016), Interval estimation for the Net Promoter Score, *American Statistician* 70, 365–372.

    Examples
    --------
    >>> net_share_interval(0.5, 0.15, 30)
    Interval(value=0.35, low=0.0685..., high=0.5677...)
    """
    if not n:
        return Interval(np.nan, np.nan, np.nan)
    people = n + 3
    top_, bottom_ = (top * n + 0.75) / people, (bottom * n + 0.75) / people
    centre = top_ - bottom_
    half = normal_quantile(level) * float(np.sqrt((top_ + bottom_ - centre**2) / people))
    return Interval(top - bottom, max(centre - half, -1.0), min(centre + half, 1.0))


def ties_with_largest(top: float, others: Sequence[float], n: float, level: float = 0.95) -> list[bool]:
    """Return which shares of the same people the largest share does not exceed beyond noise.

    Parameters
    ----------
    top : float
        The largest share.
    others : sequence of float
        The shares to hold against it.
    n : float
        People behind them.

    Examples
    --------
    >>> ties_with_largest(0.40, [0.37, 0.20], 100)
    [True, False]
    """
    return [net_share_interval(top, other, n, level).low <= 0 for other in others]


def pearson_interval(r: float, n: int, level: float = 0.95) -> Interval:
    """Return Pearson's correlation with the interval of Fisher's z; no interval under four pairs.

    Examples
    --------
    >>> pearson_interval(0.5, 50)
    Interval(value=0.5, low=0.257..., high=0.683...)
    """
    return _fisher_z_interval(r, n, 1.0, level)


def spearman_interval(x: np.ndarray, y: np.ndarray, level: float = 0.95) -> Interval:
    """Return Spearman's rank correlation of two arrays of shape ``(n,)`` with its interval.

    Notes
    -----
    NaN where one of them is constant; no interval under four pairs.

    References
    ----------
    Bonett & Wright (2000), *Psychometrika* 65, 23–28: Fisher's z with variance (1 + r²/2) / (n − 3).
    """
    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return Interval(np.nan, np.nan, np.nan)
    from scipy import stats

    r = float(stats.spearmanr(x, y).statistic)
    return _fisher_z_interval(r, len(x), 1 + r**2 / 2, level)


def _fisher_z_interval(r: float, n: int, variance: float, level: float) -> Interval:
    if n < 4 or not abs(r) < 1 - 1e-12:
        return Interval(r, np.nan, np.nan)
    half = normal_quantile(level) * np.sqrt(variance / (n - 3))
    return Interval(r, float(np.tanh(np.arctanh(r) - half)), float(np.tanh(np.arctanh(r) + half)))
