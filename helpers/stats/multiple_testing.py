"""Multiple testing: Holm and Benjamini–Hochberg adjustment of p-values (statsmodels), missing ones left out."""

from collections.abc import Sequence

import numpy as np
from statsmodels.stats.multitest import multipletests


def benjamini_hochberg(p: Sequence[float] | np.ndarray) -> np.ndarray:
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
    return _adjusted(p, "fdr_bh")


def holm(p: Sequence[float] | np.ndarray) -> np.ndarray:
    """Return p-values adjusted by Holm's step-down, so that any true null is rejected with at most the error rate.

    Parameters
    ----------
    p : sequence of float, shape (n,)
        Unadjusted; NaN stays NaN and is not counted.

    References
    ----------
    Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scand. J. Statistics 6, 65–70.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).round(2).tolist()
    [0.03, 0.06, 0.06]
    """
    return _adjusted(p, "holm")


def _adjusted(p: Sequence[float] | np.ndarray, method: str) -> np.ndarray:
    """Return known p-values adjusted for their number by statsmodels, which would count or spread a NaN."""
    raw = np.asarray(p, dtype=float)
    adjusted, known = np.full(raw.shape, np.nan), ~np.isnan(raw)
    if known.any():
        adjusted[known] = multipletests(raw[known], method=method)[1]
    return adjusted
