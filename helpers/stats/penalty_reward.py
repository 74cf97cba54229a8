"""Penalty–reward contrasts: what the lowest and the highest third go with, against the middle.

References
----------
Brandt (1987), A procedure for identifying value-enhancing service components using customer satisfaction survey data,
in *Add Value to Your Service*, 61–65; Newey & McFadden (1994), Large sample estimation and hypothesis testing, in
*Handbook of Econometrics* 4, section 6 (two-step estimators).
"""

import numpy as np

from helpers.stats.survey_weights import WeightedSample

TERTILES = (1 / 3, 2 / 3)

SCORE_DECIMALS = 6  # means of the same answers in another order differ beyond: they are equal

SHARE_STEP = 0.05  # shares that a cut is moved by to learn what its error does


def tertile_cuts(columns: np.ndarray, weights: np.ndarray, shares: tuple[float, float] = TERTILES) -> np.ndarray:
    """Return where the lower third ends and the upper one begins, shape (2, k).

    Parameters
    ----------
    columns : ndarray, shape (n, k)
        No missing values.
    weights : ndarray, shape (n,)
        Survey weights.
    shares : pair of float
        Of the weight, at or below the cuts.

    Returns
    -------
    ndarray, shape (2, k)
        The smallest value that has so large a share at or below it.
    """
    made = np.empty((2, columns.shape[1]))
    for j, column in enumerate(np.round(columns, SCORE_DECIMALS).T):
        order = np.argsort(column, kind="stable")
        held = np.cumsum(weights[order]) / weights.sum()
        made[:, j] = column[order][np.minimum(np.searchsorted(held, np.array(shares) - 1e-9), len(column) - 1)]
    return made


def tertile_indicators(columns: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return who stands low and who high, shape (n, 2 k): below the first cut, or at the minimum; above the second.

    Parameters
    ----------
    columns : ndarray, shape (n, k)
        As in `tertile_cuts`.
    at : ndarray, shape (2, k)
        From `tertile_cuts`.
    """
    known = np.round(columns, SCORE_DECIMALS)
    low = known < np.maximum(at[0], known.min(axis=0) + 10.0**-SCORE_DECIMALS)
    return np.concatenate([low, known > at[1]], axis=1)


def tertile_contrasts(
    columns: np.ndarray, outcome: np.ndarray, rows: WeightedSample, draws: int, seed: int
) -> np.ndarray:
    """Return coefficients of an outcome on the marks of every column, of the sample and its replicates, (1 + B, 2 k).

    Parameters
    ----------
    columns : ndarray, shape (n, k)
        Each with people in all three thirds.
    outcome : ndarray, shape (n,)
        In its own unit.
    rows : WeightedSample
        The people with their weights.
    draws, seed : int
        Of the bootstrap, where the weights have no replicates of their own.

    Notes
    -----
    A replicate has other thirds than the sample. What that does is linear in the weight that it has below the sample's
    cuts; how the coefficients move with a cut is learnt by moving it by 5 % of the weight to either side.
    """
    at = tertile_cuts(columns, rows.weights)
    marked = tertile_indicators(columns, at).astype(float)
    known = rows.moments(np.column_stack([marked, outcome]), draws, seed)
    left, right = known.covariance[:, :-1, :-1], known.covariance[:, :-1, -1:]
    finite = np.isfinite(left).all(axis=(1, 2))
    beta = np.full(known.mean[:, :-1].shape, np.nan)
    beta[finite] = (np.linalg.pinv(left[finite]) @ right[finite])[:, :, 0]
    k, held = columns.shape[1], known.mean[:, :-1]
    is_whole = np.all(held > 1e-9, axis=1, keepdims=True) & np.all(
        held[:, :k] + held[:, k:] < 1 - 1e-9, axis=1, keepdims=True)
    below = (held - held[0]) * np.repeat([1.0, -1.0], k)
    return np.where(is_whole, beta - below @ _coefficient_slopes(columns, outcome, rows.weights, at), np.nan)


def _coefficient_slopes(columns: np.ndarray, outcome: np.ndarray, weights: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return how every coefficient (column) moves with the share at or below every cut (row), shape (2 k, 2 k)."""
    k = columns.shape[1]
    made = np.zeros((2 * k, 2 * k))
    ends = [tertile_cuts(columns, weights, (TERTILES[0] + h, TERTILES[1] + h)) for h in (-SHARE_STEP, SHARE_STEP)]
    for i, j in np.ndindex(2, k):
        if ends[0][i, j] == ends[1][i, j]:
            continue  # so many answers lie at the cut that no resample moves it
        found = []
        for end in ends:
            moved = at.copy()
            moved[i, j] = end[i, j]
            found.append(_weighted_regression(tertile_indicators(columns, moved).astype(float), outcome, weights))
        made[i * k + j] = (found[1] - found[0]) / (2 * SHARE_STEP)
    return made


def _weighted_regression(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the slopes of a weighted regression with a constant, shape (2 k,).

    Those of statsmodels' WLS, from products of matrices: every driver asks for four (``bench/own_methods.py``).
    """
    x = x - weights @ x / weights.sum()
    weighed = x.T * weights
    return np.linalg.pinv(weighed @ x) @ (weighed @ y)
