"""Multiple testing: Holm and Benjamini–Hochberg adjustment of p-values."""

from collections.abc import Sequence

import numpy as np


def benjamini_hochberg(p: Sequence[float]) -> np.ndarray:
    """Return p-values adjusted so that of all that are called different at most the error rate is so by chance.

    Parameters
    ----------
    p : sequence of float, shape (n,)
        Unadjusted; NaN stays NaN and is not counted.

    References
    ----------
    Benjamini, Y. and Hochberg, Y. (1995). Controlling the false discovery rate. JRSS B 57, 289–300.

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, 0.03]).round(2).tolist()
    [0.03, 0.04, 0.04]
    """
    raw = np.asarray(p, dtype=float)
    adjusted = np.full(raw.shape, np.nan)
    order = [int(i) for i in np.argsort(-raw, kind="stable") if not np.isnan(raw[i])]
    steps = [len(order) / (len(order) - rank) * raw[i] for rank, i in enumerate(order)]
    adjusted[order] = np.minimum(np.minimum.accumulate(steps), 1.0) if steps else []
    return adjusted


def holm(p: np.ndarray) -> np.ndarray:
    """Return p-values adjusted for their number (Holm 1979); NaN stays NaN and does not count.

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, 0.03]))
    array([0.03, 0.06, 0.06])
    """
    made, known = np.full(len(p), np.nan), np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    raised = np.maximum.accumulate(p[order] * (len(order) - np.arange(len(order))))
    made[order] = np.minimum(raised, 1.0)
    return made
