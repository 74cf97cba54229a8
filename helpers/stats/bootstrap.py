"""Bootstrap counts, moments of all replicates in one product of matrices, percentile intervals."""

from dataclasses import dataclass

import numpy as np

from helpers.stats.confidence_intervals import Interval, normal_quantile

BOOTSTRAP_BLOCK_CELLS = 2**20  # of counts that are made at a time
BOOTSTRAP_BLOCK_ROWS = 2048  # rows at a time: their products and counts stay in the processor's cache


@dataclass(frozen=True, slots=True)
class ReplicateMoments:
    """Weighted means and covariances of the same columns in each of B replicates.

    Parameters
    ----------
    mean : ndarray, shape (B, p)
        In the columns' units.
    covariance : ndarray, shape (B, p, p)
        With the divisor n − 1, where n is the sum of the weights scaled to the number of rows.
    """

    mean: np.ndarray
    covariance: np.ndarray

    @property
    def correlation(self) -> np.ndarray:
        """Correlations, shape (B, p, p); NaN for a column that does not vary."""
        spread = np.sqrt(np.einsum("bii->bi", self.covariance))
        with np.errstate(divide="ignore", invalid="ignore"):
            made = self.covariance / spread[:, :, None]
            made /= spread[:, None, :]
        return made


def bootstrap_counts(n: int, draws: int, seed: int, groups: np.ndarray | None = None) -> np.ndarray:
    """Return bootstrap counts, one row a replicate: how often each row was drawn.

    Parameters
    ----------
    n : int
        Rows of the sample.
    draws : int
        Replicates B.
    seed : int
        Equal seeds give equal replicates.
    groups : ndarray of shape (n,), optional
        Labels of the people that rows belong to; whole people are drawn then.

    Returns
    -------
    ndarray, shape (B, n)
    """
    if groups is not None:
        names, member = np.unique(groups, return_inverse=True)
        return bootstrap_counts(len(names), draws, seed)[:, member]
    rng, counts = np.random.default_rng(seed), np.empty((draws, n))
    rows = max(1, BOOTSTRAP_BLOCK_CELLS // n) if n else draws
    for start in range(0, draws, rows):  # a part of the replicates at a time, so that little is held beside the counts
        block = counts[start: start + rows]
        drawn = rng.integers(0, n, block.shape, dtype=np.int32) + np.arange(len(block))[:, None] * n
        block[:] = np.bincount(drawn.ravel(), minlength=block.size).reshape(block.shape)
    return counts


def replicate_moments(columns: np.ndarray, weights: np.ndarray | None = None) -> ReplicateMoments:
    """Return means and covariances in each replicate, by one product of matrices.

    Parameters
    ----------
    columns : ndarray, shape (n, p)
        No missing values.
    weights : ndarray, shape (B, n), optional
        Replicate weights; none: one replicate in which everybody counts once.
    """
    if weights is None:
        return _one_replicate(columns)
    centre = columns.mean(axis=0)
    if len(weights) == 1:
        return _one_replicate(columns, weights[0])
    return _moments_from_sums(_column_products(columns - centre).T @ weights.T, centre, len(columns))


def bootstrap_moments(
    columns: np.ndarray, draws: int, seed: int, weights: np.ndarray | None = None
) -> ReplicateMoments:
    """Return bootstrap moments without ever holding all counts; for samples too large for `replicates`.

    Parameters
    ----------
    columns : ndarray, shape (n, p)
        No missing values.
    draws, seed : int
        As in `replicates`.
    weights : ndarray, shape (n,), optional
        Survey weights.

    Notes
    -----
    How often a part of the rows is drawn is multinomial, and within the part every row is as likely as another.
    """
    n, centre = len(columns), columns.mean(axis=0)
    rng, parts = (
        np.random.default_rng(seed),
        [slice(s, min(s + BOOTSTRAP_BLOCK_ROWS, n)) for s in range(0, n, BOOTSTRAP_BLOCK_ROWS)],
    )
    taken = rng.multinomial(n, [(part.stop - part.start) / n for part in parts], size=draws)
    sums = np.zeros(1)
    for i, part in enumerate(parts):
        drawn = _draw_counts(rng, taken[:, i], part.stop - part.start)
        sums = (
            sums + _column_products(columns[part] - centre).T @ (drawn if weights is None else drawn * weights[part]).T
        )
    return _moments_from_sums(sums, centre, n)


def _draw_counts(rng: np.random.Generator, taken: np.ndarray, n: int) -> np.ndarray:
    """Return how often each of n rows is drawn when each replicate draws so many, shape (B, n)."""
    at = rng.integers(0, n, int(taken.sum()), dtype=np.int32)
    at += np.repeat(np.arange(len(taken), dtype=np.int32) * n, taken)
    return np.bincount(at, minlength=len(taken) * n).reshape(len(taken), n).astype(np.float64)


def _column_products(moved: np.ndarray) -> np.ndarray:
    """Return one, the columns and the products of every two of them, shape (n, 1 + p + p (p + 1) / 2)."""
    n, p = moved.shape
    made = np.ones((1 + p + p * (p + 1) // 2, n))
    made[1:p + 1], at = moved.T, p + 1
    for j in range(1, p + 1):  # column by column: to gather all pairs first took several times as long
        np.multiply(made[j:p + 1], made[j], out=made[at:at + p + 1 - j])
        at += p + 1 - j
    return made.T


def _one_replicate(columns: np.ndarray, weights: np.ndarray | None = None) -> ReplicateMoments:
    centre = np.average(columns, axis=0, weights=weights)
    moved = columns - centre
    share = 1 / len(columns) if weights is None else (weights / weights.sum())[:, None]
    n = len(columns)
    return ReplicateMoments(centre[None], ((moved * share).T @ moved * (n / max(n - 1, 1)))[None])


def _moments_from_sums(sums: np.ndarray, centre: np.ndarray, n: int) -> ReplicateMoments:
    """Return moments from the weighted sums of `_column_products`, shape (1 + p + p (p + 1) / 2, B).

    Replicates lie next to each other in memory, where sums over all of them are fastest.
    """
    p = len(centre)
    left, right = np.triu_indices(p)
    with np.errstate(divide="ignore", invalid="ignore"):  # a replicate may have drawn none of these rows
        shares = sums[1:] / sums[0]
    mean, covariance = shares[:p], np.empty((p, p, sums.shape[1]))
    half = (shares[p:] - mean[left] * mean[right]) * (n / max(n - 1, 1))
    covariance[left, right] = covariance[right, left] = half
    return ReplicateMoments(mean.T + centre, np.moveaxis(covariance, -1, 0))


def percentile_interval(value: float, draws: np.ndarray, level: float = 0.95) -> Interval:
    """Return a value with the percentile interval of its replicates; no limits where under nine tenths are finite.

    Parameters
    ----------
    value : float
        Of the sample itself.
    draws : ndarray, shape (B,)
        Of the replicates.
    level : float
        Level of the interval.
    """
    finite = draws[np.isfinite(draws)]
    if len(finite) < 0.9 * len(draws) or not len(finite):
        return Interval(float(value), np.nan, np.nan)
    low, high = np.quantile(finite, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(value), float(low), float(high))


def upper_limit_bound(draws: np.ndarray, level: float = 0.95) -> float:
    """Return how high the upper limit of `percentile_interval` may lie with any number of replicates.

    The upper 95 % limit of that percentile by order statistics; NaN where no replicate is finite.

    Parameters
    ----------
    draws : ndarray, shape (B,)
        Of the replicates.
    level : float
        Level of the interval.

    Examples
    --------
    >>> upper_limit_bound(np.arange(1000.0)) - np.quantile(np.arange(1000.0), 0.975)
    np.float64(10.975...)
    """
    finite, share = np.sort(draws[np.isfinite(draws)]), (1 + level) / 2
    if not len(finite):
        return np.nan
    place = share * len(finite) + normal_quantile(level) * np.sqrt(len(finite) * share * (1 - share))
    return float(finite[min(int(np.ceil(place)), len(finite) - 1)])


def to_twelve_digits(sums: np.ndarray) -> np.ndarray:
    """Return sums to twelve digits: threads add up in other orders, and a draw may turn on the last digit.

    Examples
    --------
    >>> to_twelve_digits(np.array([0.1 + 0.2, 0.0, -123456789012.3]))
    array([ 3.00000000e-01,  0.00000000e+00, -1.23456789e+11])
    """
    scale = 10.0 ** (11 - np.floor(np.log10(np.where(sums == 0, 1.0, np.abs(sums)))))
    return np.round(sums * scale) / scale
