"""Shapley values: what each member adds to a coalition, averaged over every order of joining."""

from functools import lru_cache
from math import comb

import numpy as np


def shapley(worth: np.ndarray) -> np.ndarray:
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
    >>> shapley(np.array([[0.0, 1.0, 2.0, 5.0]]))
    array([[2., 3.]])
    """
    return worth @ _shares(int(worth.shape[1]).bit_length() - 1)


@lru_cache(maxsize=4)
def _shares(k: int) -> np.ndarray:
    """Return what each coalition's worth adds to or takes from each member's value, shape (2 ** k, k)."""
    coalition = np.arange(2**k)
    size = np.bitwise_count(coalition).astype(int)
    joined = np.array([1 / (k * comb(k - 1, max(s - 1, 0))) if s else 0.0 for s in range(k + 1)])[size]
    left = np.array([1 / (k * comb(k - 1, s)) if s < k else 0.0 for s in range(k + 1)])[size]
    is_in = (coalition[:, None] >> np.arange(k)) & 1 == 1
    return np.where(is_in, joined[:, None], -left[:, None])
