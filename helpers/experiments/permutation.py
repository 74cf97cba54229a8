"""Permutation test of a difference in means, with its confidence interval.

Own: ``scipy.stats.permutation_test`` moves every value about, those too that are alike, and takes many times as long
where most units bought nothing (``bench/own_methods.py``).
"""

import math

import numpy as np

from helpers.experiments.mean_difference import Difference

N_PERMUTATIONS = 2_000

BLOCK_VALUES = 4_000_000


def permutation_difference(
    control: np.ndarray, variant: np.ndarray, rng: np.random.Generator, draws: int = N_PERMUTATIONS, level: float = 0.95
) -> Difference:
    """Return the difference of means with p and limits from random splits of the same units.

    The statistic is Welch's t, which keeps its level also where arms differ in spread. p is twice the smaller tail and
    the limits come from the same tails, so that the interval is clear of zero exactly where p is at most 1 − level.
    Only values other than the commonest are moved about, so that a million who bought nothing cost nothing.

    Parameters
    ----------
    control, variant : ndarray, shape (n,)
        Values without missing ones.
    rng : Generator
        Draws the splits.
    draws : int
        Number of splits.

    References
    ----------
    Janssen, A. (1997). Studentized permutation tests for non-i.i.d. hypotheses. Statistics & Probability Letters 36,
    9–21. Phipson, B. and Smyth, G. K. (2010). Permutation p-values should never be zero.
    """
    both = np.concatenate([control, variant]).astype(float)
    n, m = len(control), len(variant)
    common = _commonest(both)
    moved = both[both != common] - common
    seen = _t(np.array([(variant - common).sum()]), np.array([((variant - common) ** 2).sum()]), moved, n, m)
    drawn = np.concatenate([_permuted_t(moved, n, m, size, rng) for size in _sizes(len(moved), draws)])
    t, error, value = float(seen[0][0]), float(seen[1][0]), float(variant.mean() - control.mean())
    if not error:
        return Difference(value, value, value, 0.0, 1.0 if value == 0 else math.nan)
    near = 1e-9 * abs(t)  # equal splits, summed in another order
    beyond = min(int((drawn >= t - near).sum()), int((drawn <= t + near).sum()))
    p = min(2 * (1 + beyond) / (draws + 1), 1.0)
    ordered, k = np.sort(drawn), max(int((1 - level) / 2 * (draws + 1)), 1)
    return Difference(value, value - float(ordered[-k]) * error, value - float(ordered[k - 1]) * error, error, p)


def _commonest(values: np.ndarray) -> float:
    found, counts = np.unique(values, return_counts=True)
    return float(found[np.argmax(counts)]) if counts.max() > len(values) // 10 else 0.0


def _sizes(n_moved: int, draws: int) -> list[int]:
    most = max(BLOCK_VALUES // max(n_moved, 1), 1)
    return [min(most, draws - start) for start in range(0, draws, most)]


def _permuted_t(moved: np.ndarray, n: int, m: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Return Welch's t of random splits, shape (draws,)."""
    k = len(moved)
    n_in = rng.hypergeometric(k, n + m - k, m, size=draws)
    at = rng.random((draws, k))
    limits = np.concatenate([np.full((draws, 1), -1.0), np.sort(at, axis=1)], axis=1)
    is_in = at <= limits[np.arange(draws), n_in][:, None]
    return _t(is_in @ moved, is_in @ moved**2, moved, n, m)[0]


def _t(total: np.ndarray, squares: np.ndarray, moved: np.ndarray, n: int, m: int) -> tuple[np.ndarray, np.ndarray]:
    rest, rest_squares = moved.sum() - total, (moved**2).sum() - squares
    a, b = rest / n, total / m
    spread = (np.maximum(rest_squares - n * a**2, 0) / (n - 1) / n + np.maximum(squares - m * b**2, 0) / (m - 1) / m)
    error = np.sqrt(spread)
    return np.divide(b - a, error, out=np.zeros_like(error), where=error > 0), error
