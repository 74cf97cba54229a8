"""Variance reduction: CUPED, ratio metrics (delta method), winsorised means, trimming bounds."""

import math
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from helpers.experiments.aggregates import ArmAggregates, ArmMoments
from helpers.experiments.mean_difference import Difference, welch_difference


@dataclass(frozen=True, slots=True)
class BivariateMoments:
    """What an arm's metric and another column of the same units have in common.

    Parameters
    ----------
    n : int
        Units.
    mean, variance : float
        Of the metric.
    other_mean, other_variance : float
        Of the other column.
    covariance : float
        Of the two.
    """

    n: int
    mean: float
    variance: float
    other_mean: float
    other_variance: float
    covariance: float


@dataclass(frozen=True, slots=True)
class CupedDifference:
    """A difference after CUPED.

    Parameters
    ----------
    difference : Difference
        In the unit of the metric.
    covariate : str
        Column that was used.
    correlation : float
        With the metric, within arms.
    reduction : float
        Share of the squared standard error that went away; below zero it grew.
    """

    difference: Difference
    covariate: str
    correlation: float
    reduction: float


def bivariate_moments(counted: ArmAggregates, key: tuple[str, str, str], other: str) -> BivariateMoments | None:
    """Return a metric of one arm with another column, None where they were not counted together.

    Parameters
    ----------
    counted : ArmAggregates
        What the engine counted.
    key : (str, str, str)
        Experiment, variant, metric.
    other : str
        The other column, with its prefix.
    """
    p = counted.pairs
    row = p[(p["experiment"] == key[0]) & (p["variant"] == key[1]) & (p["metric"] == key[2]) & (p["other"] == other)]
    if row.empty:
        return None
    r = row.iloc[0]
    return BivariateMoments(int(r["n"]), *(float(r[c]) for c in ("mean", "variance", "other_mean", "other_variance",
                                                     "covariance")))


def usable_covariates(counted: ArmAggregates, experiment: str, metric: str) -> list[str]:
    """Return the covariates that vary in an experiment and were counted with a metric, by name."""
    p = counted.pairs
    rows = p[(p["experiment"] == experiment) & (p["metric"] == metric) & p["other"].str.startswith("covariate_")]
    return sorted(rows.loc[rows["other_variance"] > 0, "other"].unique())


def cuped_difference(
    control: BivariateMoments, variant: BivariateMoments, covariate: str = "", level: float = 0.95
) -> CupedDifference:
    """Return the difference of two means less what a column known beforehand foretells of it.

    One slope for both arms, from within them. The shares of a planned draw do not matter, and the estimate stays
    unbiased whatever the slope, as long as the covariate was fixed before the draw.

    References
    ----------
    Deng, A., Xu, Y., Kohavi, R. and Walker, T. (2013). Improving the sensitivity of online controlled experiments by
    utilizing pre-experiment data. WSDM, section 3.2: θ = cov(Y, X) / var(X).
    """
    arms = (control, variant)
    weight = [p.n - 1 for p in arms]
    shared, spread, own = (sum(w * getattr(p, c) for w, p in zip(weight, arms, strict=True))
                           for c in ("covariance", "other_variance", "variance"))
    slope = shared / spread if spread else 0.0
    a, b = (ArmMoments(p.n, p.mean - slope * (p.other_mean - control.other_mean),
                    max(p.variance - 2 * slope * p.covariance + slope**2 * p.other_variance, 0.0)) for p in arms)
    plain = sum(p.variance / p.n for p in arms)
    rest = a.error_squared + b.error_squared
    correlation = shared / math.sqrt(spread * own) if spread * own > 0 else 0.0
    return CupedDifference(welch_difference(a, b, level), covariate, correlation, 1 - rest / plain if plain else 0.0)


def linearised_ratio(arm: BivariateMoments) -> ArmMoments:
    """Return a ratio of sums as a mean of linearised units: metric over other column.

    Without a number (NaN) where the denominator's own interval reaches zero.

    References
    ----------
    Deng, A., Knoblich, U. and Lu, J. (2018). Applying the delta method in metric analytics. KDD, section 3.2.
    """
    if arm.other_mean <= 2 * math.sqrt(arm.other_variance / max(arm.n, 1)):
        return ArmMoments(arm.n, math.nan, math.nan)
    r = arm.mean / arm.other_mean
    spread = arm.variance - 2 * r * arm.covariance + r**2 * arm.other_variance
    return ArmMoments(arm.n, r, max(spread, 0.0) / arm.other_mean**2)


@dataclass(frozen=True, slots=True)
class WinsorisedDifference:
    """A difference once the far tail is cut to its limit.

    Parameters
    ----------
    difference : Difference
        In the unit of the metric, of cut values.
    cap : float
        Limit that larger values are cut to, one for all arms.
    n_cut : int
        Values that were cut.
    """

    difference: Difference
    cap: float
    n_winsorised: int


def winsorised_difference(
    control: np.ndarray, variant: np.ndarray, share: float = 0.01, level: float = 0.95
) -> WinsorisedDifference:
    """Return the difference of means with the upper tail of both arms cut to one limit.

    Parameters
    ----------
    control, variant : ndarray, shape (n,)
        Values.
    share : float
        Share of all values that is cut; where most values are 0, of those that are not [share].
    """
    both = np.concatenate([control, variant])
    some = both[both != 0] if np.mean(both == 0) > 0.5 and np.any(both) else both
    cap = float(np.quantile(some, 1 - share))
    a, b = (moments_of_values(np.minimum(v, cap)) for v in (control, variant))
    return WinsorisedDifference(welch_difference(a, b, level), cap, int((both > cap).sum()))


def moments_of_values(values: np.ndarray) -> ArmMoments:
    """Return the moments of values in memory, shape (n,)."""
    n = len(values)
    return ArmMoments(n, float(values.mean()) if n else math.nan, float(values.var(ddof=1)) if n > 1 else math.nan)


def trimmed_bounds(control: np.ndarray, variant: np.ndarray) -> tuple[float, float]:
    """Return the least and the greatest difference of means that unequal response leaves possible.

    The arm that answered more is trimmed from above and from below by its surplus: the truth, for those who would
    answer in either arm, lies between if being in an arm changes the answering of all in one direction.

    Parameters
    ----------
    control, variant : ndarray, shape (n_units,)
        Values of all units, NaN where there was no answer.

    References
    ----------
    Lee, D. S. (2009). Training, wages, and sample selection. Review of Economic Studies 76, 1071–1102.
    """
    rates = [float(np.mean(~np.isnan(v))) for v in (control, variant)]
    a, b = (np.sort(v[~np.isnan(v)]) for v in (control, variant))
    if not len(a) or not len(b):
        return math.nan, math.nan
    more = rates[1] > rates[0]
    longer, surplus = (b, 1 - rates[0] / rates[1]) if more else (a, 1 - rates[1] / rates[0])
    k = min(round(surplus * len(longer)), len(longer) - 1)
    ends = float(longer[:len(longer) - k].mean()), float(longer[k:].mean())
    ordered = [e - float(a.mean()) for e in ends] if more else [float(b.mean()) - e for e in ends[::-1]]
    return ordered[0], ordered[1]


def best_cuped(
    counted: ArmAggregates, experiment: str, metric: str, arms: tuple[str, str], without: Collection[str] = ()
) -> CupedDifference | None:
    """Return the difference after CUPED with the covariate that foretells most, None where there is none.

    The covariate is chosen by its correlation within arms, which does not look at the difference.

    Parameters
    ----------
    counted : ArmAggregates
        What the engine counted.
    experiment, metric : str
        Which.
    arms : (str, str)
        Control and variant.
    without : collection of str
        Covariates that are not to be used.
    """
    found = [
        cuped_difference(a, b, other)
        for other in usable_covariates(counted, experiment, metric)
        if other not in without
        and (a := bivariate_moments(counted, (experiment, arms[0], metric), other)) is not None
        and (b := bivariate_moments(counted, (experiment, arms[1], metric), other)) is not None
        and min(a.n, b.n) > 2
    ]
    return max(found, key=lambda one: abs(one.correlation), default=None)
