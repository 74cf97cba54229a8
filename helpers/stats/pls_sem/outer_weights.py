"""Outer weights of PLS path models by the centroid, factorial and path schemes.

Replicates stand along the last axis, so that each step is a few sums over long, contiguous rows; they are taken in
parts that stay in the processor's cache.

References
----------
Wold (1982), Soft modelling; Tenenhaus et al. (2005), PLS path modeling, *Computational Statistics & Data Analysis* 48,
159–205.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

WEIGHT_TOLERANCE = 1e-7

MAX_PLS_STEPS = 300

REPLICATES_PER_PART = 256  # replicates at a time


@dataclass(frozen=True, slots=True)
class ItemBlocks:
    """How items and constructs hang together.

    Parameters
    ----------
    parts : sequence of slice
        Where each construct's items stand, one after another.
    adjacency : ndarray, shape (J, J)
        1 where the row's construct points to the column's.
    formative : sequence of int
        Constructs with regression weights (mode B); the others have correlation weights (mode A).
    scheme : str
        Inner weights: ``path``, ``centroid`` or ``factorial``.
    """

    parts: Sequence[slice]
    adjacency: np.ndarray
    formative: Sequence[int]
    scheme: str

    def neighbours(self, construct: int) -> np.ndarray:
        """Return the constructs that an arrow joins to one."""
        return np.flatnonzero(self.adjacency[construct] + self.adjacency[:, construct])


def estimate_outer_weights(blocks: ItemBlocks, correlation: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return weights, the items' correlations with the scores, and which replicates have settled.

    Parameters
    ----------
    blocks : ItemBlocks
        Of J constructs and p items.
    correlation : ndarray, shape (p, p, B)
        Correlations of the items, all finite.

    Returns
    -------
    ndarray, shape (p, B)
        Weights of standardised items; scores have variance one and point the way that most items do.
    ndarray, shape (p, J, B)
        Correlation of each item with each score.
    ndarray of bool, shape (B,)
    """
    n = correlation.shape[-1]
    weights, settled = np.ones(correlation.shape[1:]), np.zeros(n, dtype=bool)
    products = np.empty((len(correlation), len(blocks.parts), n))
    for start in range(0, n, REPLICATES_PER_PART):
        part = slice(start, start + REPLICATES_PER_PART)
        weights[:, part], products[:, :, part], settled[part] = _iterate(blocks, correlation[:, :, part])
    return weights, products, settled


def _iterate(blocks: ItemBlocks, correlation: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    inverse = {j: _inverse(correlation[blocks.parts[j], blocks.parts[j]]) for j in blocks.formative}
    weights, products = _unit_variance(blocks, correlation, np.ones(correlation.shape[1:]))
    made, settled, alive = (weights.copy(), products.copy()), np.zeros(weights.shape[1], bool), None
    for _ in range(MAX_PLS_STEPS):
        old = weights
        weights, products = _unit_variance(blocks, correlation, _inner_proxies(blocks, old, products, inverse))
        moved = np.abs(weights - old).max(axis=0)
        is_moving = moved > WEIGHT_TOLERANCE  # what has no value neither moves nor settles
        place = slice(None) if alive is None else alive
        made[0][:, place], made[1][:, :, place], settled[place] = weights, products, moved <= WEIGHT_TOLERANCE
        if not is_moving.any():
            break
        if is_moving.mean() < 0.7:
            alive = np.flatnonzero(is_moving) if alive is None else alive[is_moving]
            correlation, weights, products = (x[..., is_moving] for x in (correlation, weights, products))
            inverse = {j: matrix[..., is_moving] for j, matrix in inverse.items()}
    return *made, settled


def _inverse(matrix: np.ndarray) -> np.ndarray:
    return np.moveaxis(np.linalg.pinv(np.moveaxis(matrix, -1, 0)), 0, -1)


def _inner_proxies(
    blocks: ItemBlocks, weights: np.ndarray, products: np.ndarray, inverse: dict[int, np.ndarray]
) -> np.ndarray:
    """Return new weights, not yet scaled: the items' correlations with the inner proxies."""
    among, new = score_correlations(blocks, weights, products), np.zeros_like(weights)
    inner = _inner_weights(blocks, among)
    for j, part in enumerate(blocks.parts):
        near = blocks.neighbours(j)
        new[part] = np.einsum("ikb,kb->ib", products[part][:, near], inner[near, j])
        if j in inverse:
            new[part] = np.einsum("ikb,kb->ib", inverse[j], new[part])
    return new


def score_correlations(blocks: ItemBlocks, weights: np.ndarray, products: np.ndarray) -> np.ndarray:
    """Return correlations among the scores, shape (J, J, B), from weights and the items' correlations with them."""
    return np.stack([np.einsum("ib,ikb->kb", weights[part], products[part]) for part in blocks.parts])


def _unit_variance(blocks: ItemBlocks, correlation: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return weights that give scores of variance one, pointing the way that most items do; and their products."""
    weights, products = weights.copy(), np.empty((len(weights), len(blocks.parts), weights.shape[1]))
    for j, part in enumerate(blocks.parts):
        with_score = np.einsum("ikb,kb->ib", correlation[:, part], weights[part])
        own = with_score[part]
        with np.errstate(divide="ignore", invalid="ignore"):
            scale = np.where(own.sum(axis=0) < 0, -1.0, 1.0) / np.sqrt((weights[part] * own).sum(axis=0))
        weights[part] *= scale
        np.multiply(with_score, scale, out=products[:, j])
    return weights, products


def _inner_weights(blocks: ItemBlocks, among: np.ndarray) -> np.ndarray:
    near = (blocks.adjacency + blocks.adjacency.T)[:, :, None]
    if blocks.scheme == "centroid":
        return np.sign(among) * near
    if blocks.scheme == "factorial":
        return among * near
    return replicate_regressions(among, blocks.adjacency)[0] + among * blocks.adjacency.T[:, :, None]


def replicate_regressions(among: np.ndarray, adjacency: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return regression coefficients, shape (J, J, B), and R², shape (J, B), of each construct on what points to it."""
    paths, explained = np.zeros(among.shape), np.full(among.shape[1:], np.nan)
    for end in np.flatnonzero(adjacency.any(axis=0)):
        starts = np.flatnonzero(adjacency[:, end])
        right = among[starts, end]
        beta = _solve(among[starts[:, None], starts], right)
        paths[starts, end] = beta
        explained[end] = (beta * right).sum(axis=0)
    return paths, explained


def _solve(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return the solution of k symmetric equations, shape (k, B), by elimination in all replicates at once."""
    left, right, k = left.copy(), right.copy(), len(right)
    with np.errstate(divide="ignore", invalid="ignore"):
        for j in range(k - 1):
            factor = left[j + 1:, j] / left[j, j]
            left[j + 1:, j + 1:] -= factor[:, None] * left[j, j + 1:]
            right[j + 1:] -= factor * right[j]
        for j in reversed(range(k)):
            right[j] = (right[j] - (left[j, j + 1:] * right[j + 1:]).sum(axis=0)) / left[j, j]
    return right
