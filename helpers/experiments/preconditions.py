"""Preconditions of each test: skewness, number of buyers, weight of one unit; else another method."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

MIN_BUYERS = 30

LEAST_ANSWERS = 10

MAX_SKEWNESS = 0.25

MAX_UNIT_WEIGHT = 0.25

METHOD_PRECONDITIONS = pd.DataFrame(
    [
        ("means (Welch), CUPED, ratios",
         f"{MIN_BUYERS} or more values an arm that are not the commonest one (buyers); skewness of the difference "
         f"at most {MAX_SKEWNESS:g}; no one unit with more than {100 * MAX_UNIT_WEIGHT:g} % of its arm's variance",
         "the same units are split at random 2,000 times (studentised)"),
        ("shares (score test and the interval that it makes)", f"{LEAST_ANSWERS} or more of either answer in each arm",
         "qualified; Fisher's exact test has to agree before there is a verdict, and there is no Bayesian reading"),
        ("clusters (CR2, Satterthwaite)", "6 or more clusters an arm, and 4 or more degrees of freedom",
         "clusters are split again in every way; no interval where that cannot tell"),
        ("quantiles (order statistics)", "10 or more values beyond it in each arm; at most 2 % of the values equal it",
         "refused"),
        ("always-valid sequences", "100 or more units an arm at the first look", "refused until then"),
        ("Bayesian reading", "shares: beta posteriors; else a normal one with the error that the interval implies",
         "refused, as where arms or clusters are drawn again"),
    ],
    columns=["method", "is believed with", "otherwise"],
)


@dataclass(frozen=True, slots=True)
class ValueDistribution:
    """What an arm's values look like.

    Parameters
    ----------
    n : int
        Values.
    buyers : int
        Values other than the commonest.
    variance : float
        Their variance.
    third : float
        Third central moment.
    weight : float
        Share of the variance that one unit has, the most extreme one.
    """

    n: int
    buyers: int
    variance: float
    third: float
    weight: float


def describe_values(values: np.ndarray) -> ValueDistribution:
    """Return what an arm's values look like; values without missing ones, shape (n,)."""
    n = len(values)
    if n < 2:
        return ValueDistribution(n, n, math.nan, math.nan, math.nan)
    centred = values - values.mean()
    squares = centred**2
    total = float(squares.sum())
    return ValueDistribution(n, n - most_common_value(values)[1], total / (n - 1), float((centred * squares).mean()),
                 float(squares.max()) / total if total else 0.0)


def most_common_value(values: np.ndarray) -> tuple[float, int]:
    """Return the commonest value and how often it occurs; 0 times where none is common.

    One in ten must have it: continuous values have none.
    """
    found, counts = np.unique(values, return_counts=True)
    at = int(np.argmax(counts))
    return (float(found[at]), int(counts[at])) if counts[at] > max(len(values) // 10, 1) else (0.0, 0)


def skewness_of_difference(control: ValueDistribution, variant: ValueDistribution) -> float:
    """Return the skewness of the difference of two means; arms of equal size have none, however skewed.

    Third moments are pooled: were there no difference, both arms would have one.

    References
    ----------
    Hall, P. (1992). The Bootstrap and Edgeworth Expansion, section 2.6: the first term of the error of a normal
    interval is proportional to it.
    """
    n, m = control.n, variant.n
    variance, third = ((n * getattr(control, c) + m * getattr(variant, c)) / (n + m) for c in ("variance", "third"))
    return third * (1 / m**2 - 1 / n**2) / (variance * (1 / n + 1 / m)) ** 1.5 if variance > 0 else 0.0


def welch_violation(control: ValueDistribution, variant: ValueDistribution) -> str:
    """Return why Welch's interval is not to be believed here, empty where it is."""
    buyers = min(control.buyers, variant.buyers)
    if buyers < MIN_BUYERS:
        return f"{buyers} values other than the commonest in the smaller arm, {MIN_BUYERS} are asked for"
    skew = abs(skewness_of_difference(control, variant))
    if skew > MAX_SKEWNESS:
        return f"the difference has a skewness of {skew:.2g}, at most {MAX_SKEWNESS:g} is allowed"
    weight = max(control.weight, variant.weight)
    if weight > MAX_UNIT_WEIGHT:
        return (
            f"one unit has {100 * weight:.2g} % of its arm's variance, at most {100 * MAX_UNIT_WEIGHT:g} % is allowed"
        )
    return ""


def answers(arms: Mapping[str, int]) -> str:
    """Return which arms have few of the rarer answer, empty where none has: the score test is not trusted alone.

    Parameters
    ----------
    arms : mapping of str to int
        Units of each arm that gave the answer that is the rarer one there.

    Examples
    --------
    >>> answers({"control": 5, "offer": 293})
    'only 5 units in control gave the rarer answer, 10 are asked for'
    """
    few = [f"{n:,} unit{'' if n == 1 else 's'} in {arm}" for arm, n in arms.items() if n < LEAST_ANSWERS]
    return f"only {' and '.join(few)} gave the rarer answer, {LEAST_ANSWERS} are asked for" if few else ""
