"""Penalty–reward contrasts: what low and high scores of a driver go with, against the scores between them.

References
----------
Brandt (1987), A procedure for identifying value-enhancing service components using customer satisfaction survey data,
in *Add Value to Your Service*, 61–65; Mikulić & Prebežac (2008), *Managing Service Quality* 18, 559–576 (one dummy for
the lowest ratings, one for the highest); Newey & McFadden (1994), Large sample estimation and hypothesis testing, in
*Handbook of Econometrics* 4, section 6 (two-step estimators).
"""

from dataclasses import dataclass

import numpy as np

from helpers.stats.disclosure_control import FEW_PEOPLE
from helpers.stats.survey_weights import WeightedSample

TERTILES = (1 / 3, 2 / 3)

MIDDLE = 50.0  # of scores from 0 to 100

MAX_RATINGS, LEAST_SHARE = 11, 0.1  # values of a rating scale; share of the weight that an end of it has at least

SCORE_DECIMALS = 6  # means of the same answers in another order differ beyond: they are equal

SHARE_STEP = 0.05  # shares that a cut is moved by to learn what its error does


@dataclass(frozen=True, slots=True)
class ScoreEnds:
    """Where the low and the high scores of drivers lie, and which of these ends have people enough.

    Parameters
    ----------
    cuts : ndarray, shape (2, k)
        Scores below the first are low, above the second high.
    are_ratings : ndarray, shape (k,)
        Whether the ends are the lowest and the highest ratings of a scale, else thirds.
    held : ndarray, shape (2 k,)
        Whether an end is reported, low ones first: it, and the scores between the ends, have people enough.
    """

    cuts: np.ndarray
    are_ratings: np.ndarray
    held: np.ndarray

    def of(self, j: int) -> "ScoreEnds":
        """Return the ends of one driver."""
        k = len(self.are_ratings)
        return ScoreEnds(self.cuts[:, [j]], self.are_ratings[[j]], self.held[[j, k + j]])


def score_ends(columns: np.ndarray, weights: np.ndarray, middle: float = MIDDLE) -> ScoreEnds:
    """Return which scores of each driver are low and which high.

    Parameters
    ----------
    columns : ndarray, shape (n, k)
        No missing values.
    weights : ndarray, shape (n,)
        Survey weights.
    middle : float
        Of the scale: no rating above it is low, none below it high.

    Notes
    -----
    Scores of at most `MAX_RATINGS` values are ratings: the lowest one is low, with as many of the next ones as it takes
    for `LEAST_SHARE` of the weight and `FEW_PEOPLE` people; so at the upper end. Where those short of the middle of the
    scale do not suffice, the end is not held. Of other scores the ends are thirds.
    """
    k = columns.shape[1]
    known, cuts = np.round(columns, SCORE_DECIMALS), tertile_cuts(columns, weights)
    are_ratings = np.array([len(np.unique(column)) <= MAX_RATINGS for column in known.T], dtype=bool)
    for j in np.flatnonzero(are_ratings):
        cuts[:, j] = [side * _rating_cut(side * known[:, j], weights, side * middle) for side in (1, -1)]
    marked = end_indicators(columns, cuts)
    people, share = marked.sum(axis=0), weights @ marked / weights.sum()
    between = len(columns) - people[:k] - people[k:]
    is_enough = (people >= FEW_PEOPLE) & (~np.tile(are_ratings, 2) | (share >= LEAST_SHARE - 1e-9))
    return ScoreEnds(cuts, are_ratings, is_enough & np.tile(between >= FEW_PEOPLE, 2))


def _rating_cut(ratings: np.ndarray, weights: np.ndarray, middle: float) -> float:
    """Return the lowest rating that is not low, at most the middle of the scale."""
    values, member = np.unique(ratings, return_inverse=True)
    people, share = np.bincount(member).cumsum(), np.bincount(member, weights).cumsum() / weights.sum()
    enough = np.flatnonzero((people >= FEW_PEOPLE) & (share >= LEAST_SHARE - 1e-9))
    last = int(enough[0]) if len(enough) else len(values)
    return min(float(values[last + 1]) if last + 1 < len(values) else np.inf, middle)


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
        The smallest value that has so large a share at or below it; where that is the minimum, the first cut is the
        next value, so that the minimum is low.
    """
    made = np.empty((2, columns.shape[1]))
    for j, column in enumerate(np.round(columns, SCORE_DECIMALS).T):
        order = np.argsort(column, kind="stable")
        held = np.cumsum(weights[order]) / weights.sum()
        made[:, j] = column[order][np.minimum(np.searchsorted(held, np.array(shares) - 1e-9), len(column) - 1)]
        above = column[column > column.min()]
        made[0, j] = max(made[0, j], above.min() if len(above) else np.inf)
    return made


def end_indicators(columns: np.ndarray, cuts: np.ndarray) -> np.ndarray:
    """Return who stands low and who high, shape (n, 2 k): below the first cut, above the second.

    Parameters
    ----------
    columns : ndarray, shape (n, k)
        As in `score_ends`.
    cuts : ndarray, shape (2, k)
        Its cuts.
    """
    known = np.round(columns, SCORE_DECIMALS)
    return np.concatenate([known < cuts[0], known > cuts[1]], axis=1)


def end_contrasts(
    columns: np.ndarray, outcome: np.ndarray, rows: WeightedSample, ends: ScoreEnds, draws: int, seed: int
) -> np.ndarray:
    """Return coefficients of an outcome on the marks of every column, of the sample and its replicates, (1 + B, 2 k).

    Parameters
    ----------
    columns : ndarray, shape (n, k)
        Scores of the drivers.
    outcome : ndarray, shape (n,)
        In its own unit.
    rows : WeightedSample
        The people with their weights.
    ends : ScoreEnds
        From `score_ends`. An end that is not held has a mark all the same, so that its people do not count as those
        between the ends; its coefficient is NaN.
    draws, seed : int
        Of the bootstrap, where the weights have no replicates of their own.

    Notes
    -----
    A replicate has other thirds than the sample. What that does is linear in the weight that it has below the sample's
    cuts; how the coefficients move with a cut is learnt by moving it by 5 % of the weight to either side. Ratings are
    the same ones in every replicate.
    """
    marked = end_indicators(columns, ends.cuts).astype(float)
    known = rows.moments(np.column_stack([marked, outcome]), draws, seed)
    left, right = known.covariance[:, :-1, :-1], known.covariance[:, :-1, -1:]
    finite = np.isfinite(left).all(axis=(1, 2))
    beta = np.full(known.mean[:, :-1].shape, np.nan)
    beta[finite] = (_inverse(left[finite]) @ right[finite])[:, :, 0]
    k, share = columns.shape[1], known.mean[:, :-1]
    between = np.tile(share[:, :k] + share[:, k:] < 1 - 1e-9, 2)
    is_whole = ((share > 1e-9) & between)[:, ends.held].all(axis=1, keepdims=True)
    below = (share - share[0]) * np.repeat([1.0, -1.0], k)
    moved = beta - below @ _coefficient_slopes(columns, outcome, rows.weights, ends)
    return np.where(is_whole & ends.held, moved, np.nan)


def _coefficient_slopes(columns: np.ndarray, outcome: np.ndarray, weights: np.ndarray, of: ScoreEnds) -> np.ndarray:
    """Return how every coefficient (column) moves with the share at or below every cut (row), shape (2 k, 2 k)."""
    k = columns.shape[1]
    made = np.zeros((2 * k, 2 * k))
    ends = [tertile_cuts(columns, weights, (TERTILES[0] + h, TERTILES[1] + h)) for h in (-SHARE_STEP, SHARE_STEP)]
    for i, j in np.ndindex(2, k):
        if of.are_ratings[j] or ends[0][i, j] == ends[1][i, j]:
            continue  # the ratings are given, or so many answers lie at the cut that no resample moves it
        found = []
        for end in ends:
            moved = of.cuts.copy()
            moved[i, j] = end[i, j]
            found.append(_weighted_regression(end_indicators(columns, moved).astype(float), outcome, weights))
        made[i * k + j] = (found[1] - found[0]) / (2 * SHARE_STEP)
    return made


def _weighted_regression(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the slopes of a weighted regression with a constant, shape (2 k,).

    Those of statsmodels' WLS, from products of matrices: every driver asks for four (``bench/own_methods.py``).
    """
    x = x - weights @ x / weights.sum()
    weighed = x.T * weights
    return _inverse(weighed @ x) @ (weighed @ y)


def _inverse(products: np.ndarray) -> np.ndarray:
    """Return the pseudo-inverse: marks of an empty end, or of two with nobody between, take nothing from others."""
    return np.linalg.pinv(products, rcond=1e-9, hermitian=True)
