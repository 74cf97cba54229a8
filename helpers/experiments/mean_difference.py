"""Difference in means (Welch), in shares (score test), relative lift, leave-one-out."""

import math
from dataclasses import dataclass

import pandas as pd
from scipy import stats

from helpers.experiments.aggregates import ArmMoments
from helpers.experiments.design import ExperimentDesign


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference with its interval and the two-sided p of no difference.

    Parameters
    ----------
    value, low, high : float
        Variant less control, in the unit of the outcome, or as a share of the control's mean.
    error : float
        Standard error.
    p : float
        Two-sided p of no difference.
    """

    value: float
    low: float
    high: float
    error: float
    p: float


def welch_difference(control: ArmMoments, variant: ArmMoments, level: float = 0.95) -> Difference:
    """Return the difference of two means with unequal variances.

    References
    ----------
    Welch, B. L. (1947). The generalization of "Student's" problem when several different population variances are
    involved. Biometrika 34, 28–35.

    Examples
    --------
    >>> d = welch_difference(ArmMoments.of_sums(3407, 1396.87, 52377.9767), ArmMoments.of_sums(3461, 2422.7, 134698.29))
    >>> round(d.value, 2), round(d.p, 5)
    (0.29, 0.02016)
    """
    squared = control.error_squared + variant.error_squared
    return t_difference(variant.mean - control.mean, squared, _freedom(control, variant), level)


def fieller(control: ArmMoments, variant: ArmMoments, level: float = 0.95) -> Difference:
    """Return the difference as a share of the control's mean, with the ratios that Welch's test does not reject.

    p is Welch's, and the interval is clear of zero exactly where that of the difference is. Without a number (all NaN)
    where the control's mean is not clearly above zero: a ratio to a number that may be nothing says nothing.

    References
    ----------
    Fieller, E. C. (1954). Some problems in interval estimation. JRSS B 16, 175–185.
    """
    a, b, p = control.mean, variant.mean, welch_difference(control, variant, level).p
    t = float(stats.t.isf((1 - level) / 2, _freedom(control, variant))) if control.n > 1 else math.inf
    if not a > t * math.sqrt(control.error_squared):
        return Difference(math.nan, math.nan, math.nan, math.nan, math.nan)
    below = a**2 - t**2 * control.error_squared
    root = t * math.sqrt(max(b**2 * control.error_squared + variant.error_squared * below, 0.0))
    error = math.sqrt(variant.error_squared + control.error_squared * b**2 / a**2) / a
    return Difference((b - a) / a, (a * b - root) / below - 1, (a * b + root) / below - 1, error, p)


def relative_difference(control: ArmMoments, variant: ArmMoments, level: float = 0.95) -> Difference:
    """Return the difference as a share of the control's mean, its error by the delta method, as other tools have it.

    Its test is not that of the difference, so that one may be clear of zero and the other not: the page has `fieller`.
    Without a number (all NaN) where the control's own interval reaches zero.

    References
    ----------
    GrowthBook's gbstats, ``frequentist_variance`` with ``relative=True``: var_b / (n_b m_a²) + var_a m_b² / (n_a m_a⁴).
    """
    a, b = control.mean, variant.mean
    if control.n < 2 or a <= stats.t.isf((1 - level) / 2, control.n - 1) * math.sqrt(control.error_squared):
        return Difference(math.nan, math.nan, math.nan, math.nan, math.nan)
    squared = variant.error_squared / a**2 + control.error_squared * b**2 / a**4
    return t_difference((b - a) / a, squared, _freedom(control, variant), level)


def _freedom(control: ArmMoments, variant: ArmMoments) -> float:
    a, b = control.error_squared, variant.error_squared
    spread = a**2 / (control.n - 1) + b**2 / (variant.n - 1)
    return (a + b) ** 2 / spread if spread else math.inf


def t_difference(value: float, squared: float, freedom: float, level: float = 0.95) -> Difference:
    """Return a difference with the interval and p of Student's t from its squared error and degrees of freedom."""
    error = math.sqrt(squared)
    half = float(stats.t.isf((1 - level) / 2, freedom)) * error
    p = 2 * float(stats.t.sf(abs(value) / error, freedom)) if error else float(value == 0)
    return Difference(value, value - half, value + half, error, p)


@dataclass(frozen=True, slots=True)
class LeaveOneOut:
    """What one unit does to a difference.

    Parameters
    ----------
    variant : str
        Arm that is compared with the control.
    extreme : float
        The value farthest from the mean of its arm.
    with_unit, without_unit : float
        The difference with and without that unit.
    shift : float
        How far it moves the difference, in standard errors of the difference without it.
    """

    variant: str
    extreme: float
    with_unit: float
    without_unit: float
    shift: float


def leave_one_out(design: ExperimentDesign, metric: str, variant: str, outcomes: pd.DataFrame) -> LeaveOneOut | None:
    """Return what the most extreme unit of two arms does to their difference, None with under four values an arm.

    None too where single values are not known.

    Parameters
    ----------
    design : ExperimentDesign
        Names the control.
    metric, variant : str
        The outcome and the arm that is compared with the control.
    outcomes : DataFrame
        ``Counted.outcomes``.
    """
    rows = outcomes[outcomes["metric"] == metric].set_index("variant")
    seen = rows.reindex([design.control, variant])
    if not (seen["n"].ge(4) & seen["low"].notna()).all():
        return None
    arms = {arm: moments_from_row(rows.loc[arm]) for arm in (design.control, variant)}
    whose, extreme = max(((arm, float(rows.loc[arm, end])) for arm in arms for end in ("low", "high")),
                         key=lambda pair: abs(pair[1] - arms[pair[0]].mean))
    reduced = {arm: m.without(extreme) if arm == whose else m for arm, m in arms.items()}
    before, after = (welch_difference(of[design.control], of[variant]) for of in (arms, reduced))
    return one_left_out(variant, extreme, before, after)


def one_left_out(variant: str, extreme: float, before: Difference, after: Difference) -> LeaveOneOut:
    """Return what an extreme unit does, from the difference before and after it was left out."""
    moved = abs(before.value - after.value)
    shift = moved / after.error if after.error else math.inf if moved else 0.0
    return LeaveOneOut(variant, extreme, before.value, after.value, shift)


def moments_from_row(row: pd.Series) -> ArmMoments:
    """Return the moments in one row of ``Counted.outcomes``."""
    return ArmMoments(int(row["n"]), float(row["mean"]), float(row["variance"]))
