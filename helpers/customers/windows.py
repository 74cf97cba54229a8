"""Time windows: cut-off, gap and outcome window of a snapshot; two periods to compare."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import ibis.expr.types as ir
import pandas as pd

from helpers.foundation.errors import InputError


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """Days from the first to the last, both within the window.

    Examples
    --------
    >>> print(TimeWindow(date(2026, 1, 1), date(2026, 1, 31)))
    2026-01-01 to 2026-01-31
    >>> TimeWindow(date(2026, 1, 1), date(2026, 1, 31)).n_days
    31
    """

    first_on: date
    last_on: date

    def __post_init__(self) -> None:
        """Refuse a window that ends before it begins."""
        if self.last_on < self.first_on:
            raise InputError("window", f"it ends on {self.last_on}, before it begins on {self.first_on}")

    def __str__(self) -> str:
        """Return the window in words."""
        return f"{self.first_on} to {self.last_on}"

    @property
    def n_days(self) -> int:
        """Length, both ends counted [days]."""
        return (self.last_on - self.first_on).days + 1

    def holds(self, day: ir.DateValue) -> ir.BooleanValue:
        """Return whether a column of dates lies within the window."""
        return (day >= self.first_on) & (day <= self.last_on)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is known at the end of a day, and the later days in which the outcome falls.

    Parameters
    ----------
    cutoff_on : date
        Last day that is seen; nothing after it is.
    outcome : TimeWindow
        The days that decide the outcome; they follow the cut-off and the gap.
    """

    cutoff_on: date
    outcome: TimeWindow

    def __post_init__(self) -> None:
        """Refuse an outcome that is already in sight."""
        if self.outcome.first_on <= self.cutoff_on:
            raise InputError("snapshot", f"the outcome begins on {self.outcome.first_on}", f"after {self.cutoff_on}")

    @property
    def gap_days(self) -> int:
        """Days between the cut-off and the outcome that belong to neither [days]."""
        return (self.outcome.first_on - self.cutoff_on).days - 1


@dataclass(frozen=True, slots=True)
class PeriodComparison:
    """Two periods of equal length, one right after the other."""

    before: TimeWindow
    after: TimeWindow

    def __post_init__(self) -> None:
        """Refuse periods that differ in length or do not touch."""
        if self.before.n_days != self.after.n_days or self.after.first_on != self.before.last_on + timedelta(1):
            raise InputError("periods", f"{self.before} and {self.after}", "two of equal length, back to back")


def whole_periods(first_on: date, as_of_on: date, frequency: str) -> pd.PeriodIndex:
    """Return the calendar periods that were seen from their first day to their last, in order; maybe none.

    Parameters
    ----------
    first_on, as_of_on : date
        First and last day on record.
    frequency : str
        Of pandas: ``M`` months, ``Q`` quarters.

    Examples
    --------
    >>> [str(p) for p in whole_periods(date(2025, 1, 2), date(2025, 4, 30), "M")]
    ['2025-02', '2025-03', '2025-04']
    >>> len(whole_periods(date(2025, 1, 1), date(2025, 3, 30), "Q"))
    0
    """
    first = pd.Period(first_on, frequency)
    seen_from = first + int(pd.Timestamp(first_on) > first.start_time)
    return pd.period_range(seen_from, last_whole_period(as_of_on, frequency), freq=frequency)


def last_whole_period(as_of_on: date, frequency: str) -> pd.Period:
    """Return the last calendar period whose last day has come.

    Examples
    --------
    >>> str(last_whole_period(date(2025, 3, 31), "Q")), str(last_whole_period(date(2025, 3, 30), "Q"))
    ('2025Q1', '2024Q4')
    """
    return pd.Period(as_of_on + timedelta(1), frequency) - 1


def snapshot_at(cutoff_on: date, horizon_days: int, *, gap_days: int = 0) -> Snapshot:
    """Return the snapshot of a day with an outcome of `horizon_days` after a gap.

    Raises
    ------
    InputError
        If the horizon is shorter than a day or the gap is negative.

    Examples
    --------
    >>> print(snapshot_at(date(2026, 3, 31), 30).outcome)
    2026-04-01 to 2026-04-30
    """
    if horizon_days < 1 or gap_days < 0:
        raise InputError("horizon_days", f"{horizon_days} days after a gap of {gap_days}", "1 or more, 0 or more")
    first_on = cutoff_on + timedelta(gap_days + 1)
    return Snapshot(cutoff_on, TimeWindow(first_on, first_on + timedelta(horizon_days - 1)))


def completed_snapshots(history: TimeWindow, horizon_days: int, *, gap_days: int = 0) -> Iterator[Snapshot]:
    """Yield the snapshots whose outcome is complete, newest first, a horizon apart.

    The newest ends its outcome on the last day of the history; each has at least a horizon of history to look
    at, so that a customer who has gone silent can be seen to be silent.
    """
    step = horizon_days + gap_days
    cutoff_on = history.last_on - timedelta(step)
    while (cutoff_on - history.first_on).days + 1 >= horizon_days:
        yield snapshot_at(cutoff_on, horizon_days, gap_days=gap_days)
        cutoff_on -= timedelta(step)


def latest_comparison(history: TimeWindow, period_days: int = 365, *, least_days: int = 28) -> PeriodComparison | None:
    """Return the last `period_days` against those before, or the longest equal halves that the history bears.

    Returns
    -------
    Comparison or None
        None if the halves would be shorter than `least_days`.

    Examples
    --------
    >>> latest_comparison(TimeWindow(date(2026, 1, 1), date(2026, 3, 2)), least_days=28).before.n_days
    30
    """
    n_days = min(period_days, history.n_days // 2)
    if n_days < least_days:
        return None
    middle = history.last_on - timedelta(n_days)
    return PeriodComparison(
        TimeWindow(middle - timedelta(n_days - 1), middle), TimeWindow(middle + timedelta(1), history.last_on)
    )
