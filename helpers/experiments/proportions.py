"""Proportions of two arms: Miettinen-Nurminen score interval and test, Fisher's exact test."""

import math
from collections.abc import Callable

from scipy import optimize, stats

from helpers.experiments.aggregates import ArmMoments
from helpers.experiments.mean_difference import Difference

FAR = 1e6  # standard errors; a statistic without variance stands there

TINY = 1e-12

MOST_RATIO = 1e12


def successes(arm: ArmMoments) -> int:
    """Return how many units of an arm have the property."""
    return round(arm.n * arm.mean)


def n_rarer_answers(arm: ArmMoments) -> int:
    """Return how many units of an arm gave the rarer of the two answers.

    Examples
    --------
    >>> n_rarer_answers(ArmMoments.of_successes(28, 30))
    2
    """
    return min(successes(arm), arm.n - successes(arm))


def proportion_difference(control: ArmMoments, variant: ArmMoments, level: float = 0.95) -> Difference:
    """Return the difference of two shares; the limits are the differences that the score test does not reject.

    The interval is without zero exactly where p is under 1 − level. ``error`` is the unpooled standard error.

    References
    ----------
    Miettinen, O. and Nurminen, M. (1985). Comparative analysis of two rates. Statistics in Medicine 4, 213–226.

    Notes
    -----
    p is that of statsmodels' ``test_proportions_2indep(method="score", correction=True)``. Its limits (0.15) are not
    the published ones: its shares under a difference other than 0 are not the likeliest ones, and its search for
    limits fails where arms are of very unequal size or one of them has no success.

    Examples
    --------
    >>> d = proportion_difference(ArmMoments.of_successes(5, 464), ArmMoments.of_successes(293, 11298))
    >>> round(100 * d.low, 2), round(100 * d.high, 2), round(d.p, 3)
    (0.08, 2.22, 0.042)
    """
    def z(apart: float) -> float:
        return _statistic(value - apart, _with_difference(control, variant, apart), 1.0, control, variant)

    value = variant.mean - control.mean
    error = math.sqrt(control.error_squared + variant.error_squared)
    limit = float(stats.norm.isf((1 - level) / 2))
    low, high = _root(z, limit, -1.0, value), _root(z, -limit, 1.0, value)
    return Difference(value, low, high, error, _p(z(0.0)))


def proportion_ratio(control: ArmMoments, variant: ArmMoments, level: float = 0.95) -> Difference:
    """Return the difference as a share of the control's, by the score test of the ratio of two shares.

    At a ratio of 1 it is the test of `proportion_difference`, so that both intervals are clear of no difference or
    neither is.
    Without a number (all NaN) where no unit of the control has the property.

    References
    ----------
    Miettinen, O. and Nurminen, M. (1985). Comparative analysis of two rates. Statistics in Medicine 4, 213–226.
    """
    def z(times: float) -> float:
        return _statistic(variant.mean - times * control.mean, _with_ratio(control, variant, times), times, control,
                          variant)

    if not successes(control):
        return Difference(math.nan, math.nan, math.nan, math.nan, math.nan)
    value, limit = variant.mean / control.mean, float(stats.norm.isf((1 - level) / 2))
    far = max(2 * value, 2.0)
    while z(far) > -limit and far < MOST_RATIO:
        far *= 2
    low, high = _root(z, limit, 0.0, value) if value else 0.0, _root(z, -limit, far, value)
    error = math.sqrt(variant.error_squared + value**2 * control.error_squared) / control.mean
    return Difference(value - 1, low - 1, high - 1, error, _p(z(1.0)))


def fisher_exact_p(control: ArmMoments, variant: ArmMoments) -> float:
    """Return the two-sided p of Fisher's exact test.

    Examples
    --------
    >>> round(fisher_exact_p(ArmMoments.of_successes(5, 464), ArmMoments.of_successes(293, 11298)), 3)
    0.048
    """
    cells = [[successes(arm), arm.n - successes(arm)] for arm in (control, variant)]
    return float(stats.fisher_exact(cells).pvalue)


def _statistic(
    apart: float, shares: tuple[float, float], times: float, control: ArmMoments, variant: ArmMoments
) -> float:
    """Return the score statistic, its variance from the shares that the hypothesis allows."""
    p, q = shares
    n = control.n + variant.n
    variance = (q * (1 - q) / variant.n + times**2 * p * (1 - p) / control.n) * n / (n - 1)
    if variance <= 0:
        return math.copysign(FAR, apart) if abs(apart) > TINY else 0.0
    return max(min(apart / math.sqrt(variance), FAR), -FAR)


def _with_difference(control: ArmMoments, variant: ArmMoments, apart: float) -> tuple[float, float]:
    """Return the likeliest shares of control and variant among those that lie so far apart."""
    x, y = successes(control), successes(variant)

    def slope(p: float) -> float:
        q = p + apart
        return q * (1 - q) * (x - control.n * p) + p * (1 - p) * (y - variant.n * q)

    least, most = max(0.0, -apart), min(1.0, 1 - apart)
    inner = TINY * (most - least)
    if slope(least + inner) <= 0:
        p = least
    elif slope(most - inner) >= 0:
        p = most
    else:
        p = float(optimize.brentq(slope, least + inner, most - inner, xtol=1e-15))
    return p, min(max(p + apart, 0.0), 1.0)


def _with_ratio(control: ArmMoments, variant: ArmMoments, times: float) -> tuple[float, float]:
    """Return the likeliest shares of control and variant among those of this ratio."""
    x, y, n = successes(control), successes(variant), control.n + variant.n
    b = variant.n * times + y + control.n + x * times
    p = 2 * (x + y) / (b + math.sqrt(max(b * b - 4 * n * times * (x + y), 0.0)))
    return min(p, 1.0), min(times * p, 1.0)


def _root(z: Callable[[float], float], wanted: float, end: float, value: float) -> float:
    """Return where the statistic takes a value, between the estimate and the end of what is possible."""
    if abs(end - value) < TINY or (z(end) - wanted) * (z(value) - wanted) >= 0:
        return end
    return float(optimize.brentq(lambda at: z(at) - wanted, *sorted((end, value)), xtol=1e-13))


def _p(z: float) -> float:
    return 2 * float(stats.norm.sf(abs(z)))
