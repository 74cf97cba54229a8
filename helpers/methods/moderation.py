"""Whether a third construct bends an arrow of a path model: the product of scores, in every replicate at once.

References
----------
Henseler & Fassott (2010), Testing moderating effects in PLS path models, in *Handbook of Partial Least Squares*,
713–735 (two-stage approach); Aiken & West (1991), *Multiple Regression*, chapter 2 (simple slopes).
"""

from dataclasses import dataclass

import numpy as np

from helpers.methods.paths import PathModel, fit
from helpers.methods.resampling import moments, replicates

MOST_CELLS, LEAST_DRAWS, CHUNK = 2 * 10**7, 200, 2 * 10**6


@dataclass(frozen=True, slots=True)
class Moderation:
    """Coefficients in standard deviations, shape (1 + B,) each: of the sample, then of its replicates.

    Parameters
    ----------
    product : ndarray
        How much the path changes with one standard deviation of the moderator.
    where_low, where_high : ndarray
        The path one standard deviation of the moderator below and above its mean.
    """

    product: np.ndarray
    where_low: np.ndarray
    where_high: np.ndarray


def interaction(
    model: PathModel, columns: np.ndarray, names: tuple[str, str, str], draws: int, seed: int,
    weights: np.ndarray | None = None,
) -> Moderation:
    """Return how a moderator bends the arrow from one construct to another.

    Parameters
    ----------
    model : PathModel
        The model; whatever points to the end is held equal.
    columns : ndarray, shape (n, p)
        Answers in the order of `PathModel.items`.
    names : tuple of str
        Moderator, start and end of the arrow.
    draws, seed : int
        Of the bootstrap; so many fewer as memory asks for, 200 at least.
    weights : ndarray, shape (1 + B, n), optional
        Survey weights and their replicates, in place of the bootstrap.

    Notes
    -----
    Scores are those of the model without the product; each replicate estimates them anew.
    """
    n = len(columns)
    if weights is None:
        kept = min(draws, max(LEAST_DRAWS, MOST_CELLS // n))
        weights = np.concatenate([np.ones((1, n)), replicates(n, kept, seed)])
    each = max(1, CHUNK // n)
    parts = [_coefficients(model, columns, names, weights[s:s + each]) for s in range(0, len(weights), each)]
    slope, product = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Moderation(product, slope - product, slope + product)


def _coefficients(
    model: PathModel, columns: np.ndarray, names: tuple[str, str, str], weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the slope at the moderator's mean and the product's coefficient in each replicate."""
    moderator, start, end = (model.names.index(name) for name in names)
    known = moments(columns, weights)
    found = fit(model, known.correlation)
    spread = np.sqrt(np.einsum("bii->bi", known.covariance))
    into = list(dict.fromkeys([start, moderator, *np.flatnonzero(model.adjacency[:, end])]))
    scores = {j: _scores(columns, known.mean, found.weights / spread, model.items_of(j)) for j in (*into, end)}
    x = np.stack([scores[start] * scores[moderator], *(scores[j] for j in into)], axis=2)
    share = weights / weights.sum(axis=1, keepdims=True)
    x = x - np.einsum("bn,bnk->bk", share, x)[:, None, :]
    y = scores[end] - np.einsum("bn,bn->b", share, scores[end])[:, None]
    weighed = x * share[:, :, None]
    beta = np.linalg.solve(weighed.swapaxes(1, 2) @ x, (weighed.swapaxes(1, 2) @ y[:, :, None]))[:, :, 0]
    return beta[:, 1], beta[:, 0]


def _scores(columns: np.ndarray, mean: np.ndarray, weights: np.ndarray, part: slice) -> np.ndarray:
    """Return a construct's scores, shape (B, n), mean 0 and variance one in each replicate."""
    return weights[:, part] @ columns[:, part].T - (weights[:, part] * mean[:, part]).sum(axis=1)[:, None]
