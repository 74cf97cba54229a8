"""Multiple testing: Holm and Benjamini–Hochberg (SciPy) adjustment of p-values, missing ones left out.

statsmodels' `multipletests` collects garbage at every call: tenths of a second in a process that holds much.
"""

from collections.abc import Callable, Sequence

import numpy as np
from scipy import stats


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
    return _adjusted(p, stats.false_discovery_control)


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
    return _adjusted(p, _step_down)


def may_be_lowest(values: Sequence[float], low: Sequence[float], high: Sequence[float]) -> list[bool]:
    """Return which of several estimates may be the lowest: those whose difference from the lowest may be chance.

    Parameters
    ----------
    values, low, high : sequence of float, shape (n,)
        Estimates with 95 % intervals.

    Notes
    -----
    The differences from the lowest are tested by the half widths that face each other, and the tests adjusted by Holm.
    The estimates are taken as independent: of the same people, whose answers go together, more may be lowest than are.
    Intervals that overlap do not decide: two estimates can differ significantly where they do (Schenker & Gentleman
    2001, *The American Statistician* 55, 182–186).

    Examples
    --------
    >>> may_be_lowest([74, 85, 76], [68, 80, 70], [80, 90, 82])
    [True, False, True]
    """
    at, lows, highs = (np.asarray(x, float) for x in (values, low, high))
    first = int(at.argmin())
    spread = np.hypot(highs[first] - at[first], at - lows) / stats.norm.ppf(0.975)
    gap = at - at[first]
    z = np.divide(gap, spread, out=np.where(gap > 0, np.inf, 0.0), where=spread > 0)
    p = 2 * stats.norm.sf(z)
    p[first] = np.nan
    return [k == first or bool(q >= 0.05) for k, q in enumerate(holm(p))]


def _step_down(p: np.ndarray) -> np.ndarray:
    """Return the smallest p-value times their number, the next times one less, and so on, never falling, at most 1."""
    order = np.argsort(p)
    steps = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(steps, 1.0)
    return adjusted


def _adjusted(p: Sequence[float] | np.ndarray, adjust: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Return known p-values adjusted for their number; a NaN is left out."""
    raw = np.asarray(p, dtype=float)
    adjusted, known = np.full(raw.shape, np.nan), ~np.isnan(raw)
    if known.any():
        adjusted[known] = adjust(raw[known])
    return adjusted
