"""Control charts of weekly or monthly figures: alarms for spikes and shifts, and their onset.

A chart learns from its first periods, the *baseline*: level, season (two harmonics of the year), how far one period
follows from the one before (order one) and spread, without periods far beyond their limits. What is left, in standard
deviations, is watched for single *spikes* (Shewhart) and for lasting *shifts* (CUSUM or EWMA). One cause gives one
alarm: further ones count only after the sum of deviations has been back at zero. After a shift the chart begins a new
baseline at its onset, and is silent until that has 24 periods. Limits come from
`helpers.stats.control_charts.control_limits`.

References
----------
Montgomery (2019), *Introduction to Statistical Quality Control*, 8th ed., chapters 6–10; Hawkins & Olwell (1998),
*Cumulative Sum Charts*, Springer; Jensen et al. (2006), Effects of parameter estimation on control chart properties,
*Journal of Quality Technology* 38, 349–364.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from helpers.stats.control_charts import control_limits
from helpers.stats.control_charts.baseline_outliers import without_outliers
from helpers.stats.control_charts.control_limits import (
    ALARM_KINDS,
    MIN_BASELINE_PERIODS,
    SHIFT_ALARM,
    SPIKE_ALARM,
    ControlLimits,
)
from helpers.stats.control_charts.time_series import TimeSeries

POINT_COLUMNS = [
    "on",
    "value",
    "centre",
    "low",
    "high",
    "deviation",
    "shift_statistic",
    "is_baseline",
    "is_live",
    "alarm",
]

ALARM_COLUMNS = ["chart", "kind", "direction", "began_on", "on", "delay_periods", "value", "centre"]


@dataclass(frozen=True, slots=True, eq=False)
class ControlChart:
    """A figure watched along time.

    Parameters
    ----------
    points : DataFrame
        Grain period: ``on``, ``value``, ``centre`` with ``low`` and ``high``, ``deviation`` [standard deviations],
        ``shift_statistic``, ``is_baseline``, ``is_live``, ``alarm`` (``spike``, ``shift`` or empty).
    alarms : DataFrame
        Grain alarm: ``kind``, ``direction``, ``began_on`` (estimated onset), ``on``, ``delay_periods``, ``value``,
        ``centre``.
    false_alarms_a_year : float
        Expected while nothing happens and the chart is live; NaN where it never was.
    reason : str
        Why it raises no alarm at present; empty where it does.
    """

    course: TimeSeries
    points: pd.DataFrame
    alarms: pd.DataFrame
    false_alarms_a_year: float
    reason: str = ""

    @property
    def left_out_of_baseline(self) -> pd.DataFrame:
        """Points far beyond the limits that the baseline was learnt without."""
        return self.points[self.points["centre"].notna() & ~self.points["is_baseline"] & ~self.points["is_live"]]


@dataclass(frozen=True, slots=True)
class ChartScheme:
    """How a board of charts is watched.

    Parameters
    ----------
    periods_a_year : int
        52 for weeks, 12 for months.
    false_alarms_a_year : float
        Expected for the whole board while nothing happens.
    detector : str
        ``cusum`` or ``ewma``, beside the Shewhart limits.
    seed : int
        Of the simulation behind the limits.
    draws : int
        Quiet series simulated for each design.
    """

    periods_a_year: int = 52
    false_alarms_a_year: float = 1.0
    detector: str = control_limits.CUSUM_CHART
    seed: int = 0
    draws: int = 2000


@dataclass(frozen=True, slots=True, eq=False)
class ChartSet:
    """Several charts watched together."""

    charts: tuple[ControlChart, ...]
    scheme: ChartScheme = field(default_factory=ChartScheme)

    @property
    def false_alarms_a_year(self) -> float:
        """Expected false alarms a year of the whole board, of the charts that are live."""
        return float(np.nansum([chart.false_alarms_a_year for chart in self.charts]))

    @property
    def alarms(self) -> pd.DataFrame:
        """Alarms of all charts, oldest first."""
        parts = [chart.alarms for chart in self.charts if len(chart.alarms)]
        known = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=ALARM_COLUMNS)
        return known.sort_values(["on", "chart"], ignore_index=True)

    def table(self) -> pd.DataFrame:
        """Return the points of all charts with ``chart`` and ``unit``."""
        parts = [c.points.assign(chart=c.course.name, unit=c.course.unit) for c in self.charts]
        columns = ["chart", "unit", *POINT_COLUMNS]
        return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def chart_set(courses: Sequence[TimeSeries], scheme: ChartScheme) -> ChartSet:
    """Return charts that share the board's false alarms evenly; those too short to be live take no share."""
    live = [c for c in courses if np.isfinite(c.figures()).sum() > MIN_BASELINE_PERIODS]
    share = scheme.false_alarms_a_year / max(len(live), 1)
    return ChartSet(tuple(control_chart(c, scheme, share) for c in courses), scheme)


def control_chart(course: TimeSeries, scheme: ChartScheme, false_alarms_a_year: float | None = None) -> ControlChart:
    """Return one chart.

    Parameters
    ----------
    course : TimeSeries
        The figure along time.
    scheme : ChartScheme
        How it is watched.
    false_alarms_a_year : float, optional
        Expected of this chart alone; by default the whole scheme's.

    Notes
    -----
    Shares and rates are charted as normal scores of their mid-p values at the pooled baseline share or rate, so that
    small and uneven sizes are allowed for; a spread beyond chance widens their limits, as in Laney's p′ and u′ charts.
    """
    target = scheme.false_alarms_a_year if false_alarms_a_year is None else false_alarms_a_year
    known, n = np.flatnonzero(np.isfinite(course.figures())), len(course.on)
    start, season, parts, alarms, rate = 0, None, [], [], float("nan")
    while len(left := known[known >= start]) > MIN_BASELINE_PERIODS:
        regime = _Regime.learnt(course, left, scheme, season)
        limits = regime.limits(scheme, target / scheme.periods_a_year)
        watched = regime.watched(limits)
        stop = n if watched.told is None else watched.told + 1
        parts.append(_point_frame(regime, watched, (start, stop), limits))
        alarms += _alarm_frame(regime, watched)
        start, season, rate = stop, regime.season, limits.false_alarms_a_period * scheme.periods_a_year
    parts.append(_points_frame(course, pd.DataFrame(index=np.arange(start, n))))
    told = pd.DataFrame(alarms, columns=ALARM_COLUMNS)
    points = pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)
    marks = dict(zip(told["on"], told["kind"], strict=True))
    points = points.assign(alarm=pd.Series([marks.get(on, "") for on in points["on"]], dtype="str"))[POINT_COLUMNS]
    reason = _why_no_alarms(len(left), bool(alarms)) if start < n or not n else ""
    return ControlChart(course, points, told, float("nan") if reason else rate, reason)


@dataclass(frozen=True, slots=True)
class _Season:
    """Two harmonics of the year, and the periods that they were learnt from; none: no coefficients."""

    coefficients: np.ndarray
    n_periods: int


@dataclass(frozen=True, slots=True, eq=False)
class _Regime:
    """What a baseline taught, and everything from its first period on."""

    course: TimeSeries
    rows: np.ndarray  # periods with a figure, from the first of the baseline on
    n_baseline: int
    season: _Season
    pooled: float
    scores: np.ndarray  # of the periods left out: what the others predict
    is_left_out: np.ndarray
    centre: np.ndarray
    follows: float
    spread: float
    is_first: bool

    @classmethod
    def learnt(cls, course: TimeSeries, rows: np.ndarray, scheme: ChartScheme, season: _Season | None) -> "_Regime":
        year, is_first = scheme.periods_a_year, season is None
        n = baseline_length(len(rows), year) if is_first else MIN_BASELINE_PERIODS
        waves = control_limits.seasonal_harmonics(rows, year)
        design = np.column_stack([np.ones(len(rows)), *([waves] if is_first and n >= year > 4 else [])])
        given = waves @ season.coefficients if season and season.n_periods else np.zeros(len(rows))
        pooled = course.pooled(rows[:n])
        _, (is_out,) = without_outliers((course.scores(rows, pooled) - given)[None, :], design, n)
        pooled = course.pooled(rows[:n][~is_out[:n]])  # the pooled rate, too, is that of the periods kept
        left, (is_out,) = without_outliers((course.scores(rows, pooled) - given)[None, :], design, n)
        fit = control_limits.fit_baseline(left, design, n, n_left_out=int(is_out.sum()))
        has_own = design.shape[1] > 1
        own = season or _Season(fit.coefficients[0, 1:], n if has_own else 0)
        return cls(course, rows, n, own, pooled, left[0] + given, is_out, fit.centre[0] + given,
                   float(fit.follows[0]), float(fit.spread[0]), is_first)

    def limits(self, scheme: ChartScheme, alarms_a_period: float) -> ControlLimits:
        half = max(scheme.periods_a_year // 2, 1)  # designs are shared between charts of about the same length
        ahead = max(-(-(len(self.rows) - self.n_baseline) // half), 2) * half
        n = self.season.n_periods
        design = control_limits.LimitDesign(
            self.n_baseline, ahead, scheme.periods_a_year, round(self.follows, 1), self.is_first and n > 0,
            0 if self.is_first else n, scheme.detector)
        return control_limits.simulate_limits(design, alarms_a_period, scheme.draws, scheme.seed)

    def watched(self, limits: ControlLimits) -> "_Watch":
        left = (self.scores - self.centre)[None, :]
        walk = control_limits.watch_deviations(
            left, self.n_baseline, np.array([self.follows]), np.array([self.spread]), limits
        )
        told = int(self.rows[np.flatnonzero(walk.is_live[0])[-1]]) if (walk.alarm[0] == SHIFT_ALARM).any() else None
        return _Watch(walk.alarm[0], walk.onset[0], walk.deviation[0], walk.statistic[0],
                        self.centre + walk.expected[0], told)


@dataclass(frozen=True, slots=True, eq=False)
class _Watch:
    kinds: np.ndarray
    onsets: np.ndarray
    deviation: np.ndarray
    statistic: np.ndarray
    expected: np.ndarray
    told: int | None  # the period in which a shift was told, which ends the regime


def baseline_length(n: int, periods_a_year: int) -> int:
    """Return how many of n periods are learnt from: half of them, a year where that leaves a quarter, 24 to two years.

    Examples
    --------
    >>> [baseline_length(n, 52) for n in (260, 130, 80, 49, 23)], baseline_length(36, 12)
    ([104, 65, 52, 24, 23], 24)
    """
    year = periods_a_year if n >= 1.25 * periods_a_year else 0
    return min(max(MIN_BASELINE_PERIODS, year, min(n // 2, 2 * periods_a_year)), n)


def _point_frame(regime: _Regime, watched: _Watch, span: tuple[int, int], limits: ControlLimits) -> pd.DataFrame:
    rows = regime.rows[regime.rows < span[1]]
    n, half = len(rows), limits.shewhart * regime.spread
    low, centre, high = (regime.course.figures_at(watched.expected[:n] + by, rows, regime.pooled)
                         for by in (-half, 0.0, half))
    is_learnt, is_left_out = np.arange(n) < regime.n_baseline, regime.is_left_out[:n]
    frame = pd.DataFrame({
        "centre": centre, "low": low, "high": high, "deviation": np.where(is_learnt, np.nan, watched.deviation[:n]),
        "shift_statistic": np.where(is_learnt, np.nan, watched.statistic[:n]),
        "is_baseline": is_learnt & ~is_left_out, "is_live": ~is_learnt}, index=rows)
    return _points_frame(regime.course, frame.reindex(np.arange(*span)))


def _points_frame(course: TimeSeries, frame: pd.DataFrame) -> pd.DataFrame:
    whole = frame.reindex(columns=[c for c in POINT_COLUMNS if c not in ("on", "value", "alarm")])
    flags = {c: whole[c].eq(True).to_numpy() for c in ("is_baseline", "is_live")}
    numbers = {c: whole[c].astype("float64") for c in ("centre", "low", "high", "deviation", "shift_statistic")}
    return whole.assign(**flags, **numbers, on=course.on[whole.index], value=course.figures()[whole.index])


def _alarm_frame(regime: _Regime, watched: _Watch) -> list[tuple]:
    found, course, figures = [], regime.course, regime.course.figures()
    for at in np.flatnonzero(watched.kinds):
        row, kind = regime.rows[at], ALARM_KINDS[watched.kinds[at]]
        began = row if watched.kinds[at] == SPIKE_ALARM else regime.rows[watched.onsets[at]]
        centre = course.figures_at(watched.expected[at:at + 1], regime.rows[at:at + 1], regime.pooled)[0]
        direction = "above" if watched.deviation[at] > 0 else "below"
        found.append((course.name, kind, direction, course.on[began], course.on[row], int(row - began),
                      float(figures[row]), float(centre)))
    return found


def _why_no_alarms(n: int, has_shifted: bool) -> str:
    periods = f"{n} period{'' if n == 1 else 's'}"
    if has_shifted:
        return f"{periods} since the level shifted, more than {MIN_BASELINE_PERIODS} are needed for a new baseline"
    return f"{periods} with a figure, more than {MIN_BASELINE_PERIODS} are needed: the baseline and one to watch"
