"""Quantile treatment effects with distribution-free confidence intervals."""

import math

import numpy as np
from scipy import stats

from helpers.experiments.mean_difference import Difference

MAX_TIED_SHARE = 0.02


def quantile_difference(control: np.ndarray, variant: np.ndarray, q: float = 0.5, level: float = 0.95) -> Difference:
    """Return the difference of one quantile of two arms.

    Each arm's limits are order statistics by the binomial; the two are combined as limits of a difference. p is of
    the normal with the error that these limits imply.

    Parameters
    ----------
    control, variant : ndarray, shape (n,)
        Values without missing ones.
    q : float
        Which quantile, in (0, 1).

    References
    ----------
    Conover, W. J. (1999). Practical Nonparametric Statistics, 3rd ed., section 3.2. Zou, G. Y. and Donner, A. (2008).
    Construction of confidence limits about effect measures. Statistics in Medicine 27, 1693–1702.
    """
    (a, a_low, a_high), (b, b_low, b_high) = (quantile_interval(v, q, level) for v in (control, variant))
    value = b - a
    down, up = math.hypot(b - b_low, a_high - a), math.hypot(b_high - b, a - a_low)
    error = (down + up) / (2 * float(stats.norm.isf((1 - level) / 2)))
    side = down if value > 0 else up
    z = abs(value) / side * float(stats.norm.isf((1 - level) / 2)) if side else math.inf if value else 0.0
    return Difference(value, value - down, value + up, error, 2 * float(stats.norm.sf(z)))


def quantile_interval(values: np.ndarray, q: float, level: float = 0.95) -> tuple[float, float, float]:
    """Return a quantile and its limits, which are values that were seen (interpolated between neighbours).

    ``scipy.stats.quantile_test`` has limits that are not interpolated, so wider, for one sample alone.
    """
    half = float(stats.norm.isf((1 - level) / 2)) * math.sqrt(q * (1 - q) / len(values))
    value, low, high = np.quantile(values, np.clip([q, q - half, q + half], 0, 1), method="hazen")
    return float(value), float(low), float(high)


def quantile_refusal(control: np.ndarray, variant: np.ndarray, q: float = 0.5) -> str:
    """Return why a quantile cannot be compared, empty where it can: too few values beyond it, or many alike there."""
    beyond = min(min(q, 1 - q) * len(v) for v in (control, variant)) if min(len(control), len(variant)) else 0
    if beyond < 10:
        return f"{beyond:.0f} values beyond the quantile in the smaller arm, 10 are asked for"
    tied = max(float(np.mean(v == np.quantile(v, q, method="inverted_cdf"))) for v in (control, variant))
    return f"{100 * tied:.0f} % of the values are the quantile itself" if tied > MAX_TIED_SHARE else ""
