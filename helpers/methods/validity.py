"""Whether scales measure something, and something of their own, in every replicate at once: α, ω, AVE, HTMT.

References
----------
Cronbach (1951), *Psychometrika* 16, 297–334; McDonald (1999), *Test Theory*; Henseler, Ringle & Sarstedt (2015), A new
criterion for assessing discriminant validity, *Journal of the Academy of Marketing Science* 43, 115–135.
"""

from dataclasses import dataclass

import numpy as np

MOST_ROUNDS = 200
TOLERANCE = 1e-8


@dataclass(frozen=True, slots=True)
class Factor:
    """One common factor of a scale's items in each of B replicates.

    Parameters
    ----------
    loadings : ndarray, shape (B, k)
        Standardised; kept below one where an item would have no variance of its own.
    is_heywood : ndarray of bool, shape (B,)
        Whether an item's communality reached one: the factor model does not fit these items.
    """

    loadings: np.ndarray
    is_heywood: np.ndarray

    @property
    def omega(self) -> np.ndarray:
        """McDonald's ω of the sum of the standardised items, shape (B,); NaN in a Heywood case."""
        common = self.loadings.sum(axis=1) ** 2
        own = (1 - self.loadings**2).sum(axis=1)
        return np.where(self.is_heywood, np.nan, common / (common + own))

    @property
    def average_variance(self) -> np.ndarray:
        """Average variance extracted, shape (B,)."""
        return (self.loadings**2).mean(axis=1)


def alpha(matrix: np.ndarray) -> np.ndarray:
    """Return Cronbach's alpha of covariances (raw) or correlations (standardised), shape (B, k, k), one a replicate."""
    k = matrix.shape[1]
    if k < 2:
        return np.full(len(matrix), np.nan)
    return k / (k - 1) * (1 - np.einsum("bii->b", matrix) / matrix.sum(axis=(1, 2)))


def factor(correlation: np.ndarray) -> Factor:
    """Return one common factor of two items or more by iterated principal axes (unweighted least squares).

    Parameters
    ----------
    correlation : ndarray, shape (B, k, k)
        Two items share their loading: √r.
    """
    n, k = correlation.shape[:2]
    if k == 2:
        shared = correlation[:, 0, 1]
        loading = np.sqrt(np.clip(shared, 0, 1))
        return Factor(np.repeat(loading[:, None], 2, axis=1), shared >= 1)
    usable = np.isfinite(correlation).all(axis=(1, 2))
    reduced = np.where(usable[:, None, None], correlation, np.eye(k)).copy()
    communality = np.full((n, k), 0.5)
    for _ in range(MOST_ROUNDS):
        reduced[:, np.arange(k), np.arange(k)] = communality
        values, vectors = np.linalg.eigh(reduced)
        new = np.minimum(np.maximum(values[:, -1:], 0) * vectors[:, :, -1] ** 2, 1.0)
        moved, communality = np.abs(new - communality).max(), new
        if moved < TOLERANCE:
            break
    loadings = np.sqrt(communality) * np.sign(vectors[:, :, -1] * vectors[:, :, -1].sum(axis=1, keepdims=True))
    return Factor(np.where(usable[:, None], loadings, np.nan), communality.max(axis=1) >= 1 - 1e-6)


def htmt(correlation: np.ndarray, first: slice, second: slice) -> np.ndarray:
    """Return the heterotrait–monotrait ratio of two blocks of items, shape (B,).

    Parameters
    ----------
    correlation : ndarray, shape (B, p, p)
        Among all items.
    first, second : slice
        The blocks; the items of a block of one correlate with themselves by one.

    Returns
    -------
    ndarray, shape (B,)
        Mean correlation between the blocks over the geometric mean of those within; 1 means one thing measured twice.
    """
    between = np.abs(correlation[:, first, second]).mean(axis=(1, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        return between / np.sqrt(_within(correlation[:, first, first]) * _within(correlation[:, second, second]))


def _within(block: np.ndarray) -> np.ndarray:
    k = block.shape[1]
    if k < 2:
        return np.ones(len(block))
    left, right = np.triu_indices(k, 1)
    return np.abs(block[:, left, right]).mean(axis=1)


def difference_reliability(
    spread: tuple[np.ndarray, np.ndarray], alphas: tuple[np.ndarray, np.ndarray], correlation: np.ndarray
) -> np.ndarray:
    """Return the reliability of a difference of two scores, shape (B,).

    Parameters
    ----------
    spread, alphas : pair of ndarray, shape (B,)
        Standard deviations and reliabilities of the two.
    correlation : ndarray, shape (B,)
        Between them.

    References
    ----------
    Peter, Churchill & Brown (1993), *Journal of Consumer Research* 19, 655–662.
    """
    (a, b), (alpha_a, alpha_b) = spread, alphas
    shared = 2 * correlation * a * b
    return (alpha_a * a**2 + alpha_b * b**2 - shared) / (a**2 + b**2 - shared)
