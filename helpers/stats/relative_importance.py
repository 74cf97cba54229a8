"""Relative importance of drivers: Shapley values, LMG shares of R², Johnson's relative weights.

References
----------
Lindeman, Merenda & Gold (1980); Grömping (2007), Estimators of relative importance in linear regression, *American
Statistician* 61, 139–147; Johnson (2000), *Multivariate Behavioral Research* 35, 1–19; Tonidandel & LeBreton (2011),
Relative importance analysis, *Journal of Business and Psychology* 26, 1–9.
"""

from collections.abc import Sequence
from functools import lru_cache
from math import comb

import numpy as np

from helpers.foundation.errors import InputError


def shapley_values(worth: np.ndarray) -> np.ndarray:
    """Return the exact Shapley value of each of k members.

    Parameters
    ----------
    worth : ndarray, shape (B, 2 ** k)
        Worth of every coalition in each of B games; member j is in coalition s where bit j of s is set.

    Returns
    -------
    ndarray, shape (B, k)
        The members' values; they sum to the worth of all less that of nobody.

    References
    ----------
    Shapley (1953), A value for n-person games.

    Examples
    --------
    >>> shapley_values(np.array([[0.0, 1.0, 2.0, 5.0]]))
    array([[2., 3.]])
    """
    return worth @ _coalition_weights(int(worth.shape[1]).bit_length() - 1)


@lru_cache(maxsize=4)
def _coalition_weights(k: int) -> np.ndarray:
    """Return what each coalition's worth adds to or takes from each member's value, shape (2 ** k, k)."""
    coalition = np.arange(2**k)
    size = np.bitwise_count(coalition).astype(int)
    joined = np.array([1 / (k * comb(k - 1, max(s - 1, 0))) if s else 0.0 for s in range(k + 1)])[size]
    left = np.array([1 / (k * comb(k - 1, s)) if s < k else 0.0 for s in range(k + 1)])[size]
    is_in = (coalition[:, None] >> np.arange(k)) & 1 == 1
    return np.where(is_in, joined[:, None], -left[:, None])


MAX_DRIVERS = 16

CHUNK_CELLS = 2**17  # of the matrices held at once: they stay in the processor's cache

RELEVANCE_LEVEL = 0.05

PROBE_ROWS = 4096  # of random columns held at once


def subset_r2(correlation: np.ndarray, sizes: Sequence[int] | None = None) -> np.ndarray:
    """Return R² of the outcome on every subset of the drivers.

    Parameters
    ----------
    correlation : ndarray, shape (B, p + 1, p + 1)
        Drivers, then the outcome; covariances serve as well.
    sizes : sequence of int, optional
        Columns of each of the k drivers, in order, such as the marks of its categories; none: one each.

    Returns
    -------
    ndarray, shape (B, 2 ** k)
        Driver j is in subset s where bit j of s is set. A driver that the others determine adds nothing.

    Raises
    ------
    InputError
        Above 16 drivers.
    """
    widths: Sequence[int] = [1] * (correlation.shape[1] - 1) if sizes is None else sizes
    if len(widths) > MAX_DRIVERS:
        raise InputError("drivers", f"{len(widths)} are too many for exact shares", f"at most {MAX_DRIVERS}")
    left = np.ascontiguousarray(np.moveaxis(correlation, 0, -1))[:, :, None]  # matrices first: long inner loops
    scale, done = np.einsum("bii->ib", correlation), 0
    for size in widths:
        rest, swept = left[size:, size:], left
        for j in range(done, done + size):
            pivot, row, others = swept[:1, :1], swept[:1, 1:], swept[1:, 1:]
            is_free = pivot > 1e-10 * scale[j]
            swept = others - np.where(is_free, row / np.where(is_free, pivot, 1.0), 0.0) * row.swapaxes(0, 1)
        left, done = np.concatenate([rest, swept], axis=2), done + size
    return (1 - left[0, 0] / scale[-1]).T


def lmg_shares(correlation: np.ndarray, sizes: Sequence[int] | None = None) -> np.ndarray:
    """Return each driver's share of R², averaged over all orders of entry, shape (B, k); the shares sum to R².

    Parameters
    ----------
    correlation : ndarray, shape (B, p + 1, p + 1)
        Drivers, then the outcome.
    sizes : sequence of int, optional
        As for `subset_r2`; the columns of a driver enter together.
    """
    left = np.cumsum([1, *(sizes or [1] * (correlation.shape[1] - 1))[::-1]])[::-1]
    most = max(2**j * int(n) ** 2 for j, n in enumerate(left))
    each = max(1, CHUNK_CELLS // most)
    parts = [shapley_values(subset_r2(correlation[s:s + each], sizes)) for s in range(0, len(correlation), each)]
    return np.concatenate(parts)


def johnson_weights(correlation: np.ndarray) -> np.ndarray:
    """Return Johnson's relative weights, shape (B, k); they sum to R².

    Parameters
    ----------
    correlation : ndarray, shape (B, k + 1, k + 1)
        Correlations of the drivers, then the outcome.
    """
    values, vectors = np.linalg.eigh(correlation[:, :-1, :-1])
    root = np.sqrt(np.maximum(values, 1e-12))
    turned = np.einsum("bij,bi->bj", vectors, correlation[:, :-1, -1])
    scores = np.einsum("bij,bj->bi", vectors, turned / root)
    to_scores = np.einsum("bij,bj,bkj->bik", vectors, root, vectors)
    return np.einsum("bij,bj->bi", to_scores**2, scores**2)


def rank_probabilities(shares: np.ndarray) -> np.ndarray:
    """Return how often each driver has each rank over the replicates, shape (k, k): driver × rank, highest first."""
    order = np.argsort(-shares, axis=1, kind="stable")
    k = shares.shape[1]
    return np.array([(order == j).mean(axis=0) for j in range(k)])


def random_probe_p_values(
    columns: np.ndarray, seed: int, draws: int = 199, weights: np.ndarray | None = None,
    sizes: Sequence[int] | None = None,
) -> np.ndarray:
    """Return how often an added column of pure chance accounts for at least as much as each driver.

    Parameters
    ----------
    columns : ndarray, shape (n, p + 1)
        Drivers, then the outcome; no missing values.
    seed, draws : int
        Each of the draws adds one random column to the drivers and shares R² anew.
    weights : ndarray, shape (n,), optional
        Survey weights.
    sizes : sequence of int, optional
        As for `subset_r2`.

    Returns
    -------
    ndarray, shape (k,)
        (1 + probes that do as well) / (1 + draws): a test of the driver against nothing, exact where the driver is
        itself chance. `RELEVANCE_LEVEL` is the level.
    """
    n, k = columns.shape[0], columns.shape[1] - 1
    weights = np.ones(n) if weights is None else weights
    share = weights / weights.sum()
    known = (columns - share @ columns) * share[:, None]
    cross, mean, square, rng = np.zeros((k + 1, draws)), np.zeros(draws), np.zeros(draws), np.random.default_rng(seed)
    for s in range(0, n, PROBE_ROWS):
        probes, of = rng.standard_normal((min(PROBE_ROWS, n - s), draws)), share[s:s + PROBE_ROWS]
        cross, mean, square = cross + known[s:s + PROBE_ROWS].T @ probes, mean + of @ probes, square + of @ probes**2
    products = known.T @ (columns - share @ columns)
    place = [*range(k), k + 1]
    made = np.empty((draws, k + 2, k + 2))
    made[:, np.array(place)[:, None], place] = products
    made[:, k, place] = made[:, place, k] = cross.T
    made[:, k, k] = square - mean**2
    shares = lmg_shares(made, [*(sizes or [1] * k), 1])
    return (1 + (shares[:, -1:] >= shares[:, :-1]).sum(axis=0)) / (1 + draws)
