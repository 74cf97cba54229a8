"""Control limits by simulation with an estimated baseline, season and autocorrelation.

With 24 or 60 periods to learn level, season, dependence and spread from, textbook limits alarm far too often. Here
quiet series of the very length go through the very procedure, and limits are set so that false alarms come at the
stated rate. Shewhart and CUSUM (or EWMA) limits move together: alone, with parameters known, each would run equally
long.

References
----------
Jones, Champ & Rigdon (2001), *Technometrics* 43, 156–167.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import stats

from helpers.stats.control_charts import average_run_length
from helpers.stats.control_charts.baseline_outliers import without_outliers

MIN_BASELINE_PERIODS, CUSUM_ALLOWANCE, EWMA_WEIGHT = 24, 0.5, 0.2  # periods; CUSUM's k; EWMA's λ

MAX_DEVIATION_PER_PERIOD = (
    2.5  # one period adds at most so many standard deviations to a sum, so that a single spike is no shift
)

MAX_AUTOCORRELATION = 0.9

CUSUM_CHART, EWMA_CHART = "cusum", "ewma"

SPIKE_ALARM, SHIFT_ALARM = 1, 2

ALARM_KINDS = ("", "spike", "shift")

LIMIT_BRACKETS = {CUSUM_CHART: (1.0, 14.0), EWMA_CHART: (1.2, 6.0)}


@dataclass(frozen=True, slots=True)
class LimitDesign:
    """What limits depend on.

    Parameters
    ----------
    n_baseline, n_ahead, periods_a_year : int
        Periods learnt from, periods after them, and periods a season.
    follows : float
        Autocorrelation of order one, as it was found.
    has_season : bool
        Whether a season is learnt from this very baseline.
    season_learnt_from : int
        Periods of an earlier baseline that the season is taken from; 0: none is.
    detector : str
        ``cusum`` or ``ewma``.
    """

    n_baseline: int
    n_ahead: int
    periods_a_year: int
    follows: float = 0.0
    has_season: bool = False
    season_learnt_from: int = 0
    detector: str = CUSUM_CHART


@dataclass(frozen=True, slots=True)
class ControlLimits:
    """Limits in standard deviations, and the false alarms a live period that they gave in simulation."""

    shewhart: float
    shift: float
    detector: str
    false_alarms_a_period: float


@dataclass(frozen=True, slots=True, eq=False)
class BaselineFit:
    """What baselines taught."""

    coefficients: np.ndarray  # (B, p)
    centre: np.ndarray  # (B, T)
    follows: np.ndarray  # (B,)
    spread: np.ndarray  # (B,)


@dataclass(frozen=True, slots=True, eq=False)
class Surveillance:
    """What was seen after the baselines, one series a row, shape (B, T).

    Parameters
    ----------
    alarm : ndarray of int
        Place in `KINDS`; a spike that turns out to be the first sign of a shift is called a shift.
    onset : ndarray of int
        Where the excursion that an alarm belongs to began.
    deviation, statistic : ndarray
        Distance from what was expected, and the shift statistic [standard deviations].
    expected : ndarray
        What the period before lets expect beyond the centre.
    is_live : ndarray of bool
        Watched: behind the baseline, and up to the first shift.
    """

    alarm: np.ndarray
    onset: np.ndarray
    deviation: np.ndarray
    statistic: np.ndarray
    expected: np.ndarray
    is_live: np.ndarray


def seasonal_harmonics(at: np.ndarray, season: int) -> np.ndarray:
    """Return two pairs of sine and cosine of the season at periods `at`, shape (n, 4)."""
    turns = 2 * np.pi * np.asarray(at, dtype="float64")[:, None] * np.array([1, 2]) / max(season, 1)
    return np.hstack([np.sin(turns), np.cos(turns)])


def fit_baseline(series: np.ndarray, design: np.ndarray, n_baseline: int, follows: float | None = None,
                 n_left_out: np.ndarray | int = 0) -> BaselineFit:
    """Return what the first periods teach: least squares on the design, then dependence and spread of what is left.

    Parameters
    ----------
    series : ndarray, shape (B, T)
        No gaps.
    design : ndarray, shape (T, p)
        A constant first.
    n_baseline : int
        Periods learnt from.
    follows : float, optional
        Dependence, where it is given rather than learnt. What is learnt is corrected for the bias towards zero that
        short baselines and seasons bring.
    n_left_out : ndarray or int
        Baseline periods that hold only what the others predict, from
        `helpers.stats.control_charts.baseline_outliers.without_outliers`.
    """
    coefficients = series[:, :n_baseline] @ np.linalg.pinv(design[:n_baseline]).T
    centre = coefficients @ design.T
    left = (series - centre)[:, :n_baseline]
    known = (np.interp(_autocorrelation(left), *_autocorrelation_bias(n_baseline, design.shape[1])) if follows is None
             else np.full(len(series), follows))
    shocks = left[:, 1:] - known[:, None] * left[:, :-1]
    freedom = np.maximum(n_baseline - 2 - (design.shape[1] - 1) - n_left_out, 1)
    spread = np.sqrt((shocks**2).sum(axis=1) / freedom)
    return BaselineFit(coefficients, centre, known, np.maximum(spread, 1e-12 * (1 + np.abs(centre).max(axis=1))))


def _autocorrelation(left: np.ndarray) -> np.ndarray:
    return (left[:, 1:] * left[:, :-1]).sum(axis=1) / np.maximum((left**2).sum(axis=1), 1e-300)


@lru_cache(maxsize=256)
def _autocorrelation_bias(n_baseline: int, n_columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what autocorrelation is found on average, and the true one that it stands for, from simulation."""
    true = np.linspace(0, MAX_AUTOCORRELATION, 10)
    waves = seasonal_harmonics(np.arange(n_baseline), n_baseline)[:, :n_columns - 1]
    design = np.column_stack([np.ones(n_baseline), waves])
    left_over = np.eye(n_baseline) - design @ np.linalg.pinv(design)
    shocks = np.random.default_rng(0).standard_normal((1000, n_baseline))
    found = [float(_autocorrelation(_autoregressive(shocks, np.full(1000, f)) @ left_over).mean()) for f in true]
    return np.maximum.accumulate(found), true


def watch_deviations(
    left: np.ndarray, n_baseline: int, follows: np.ndarray, spread: np.ndarray, limits: ControlLimits
) -> Surveillance:
    """Watch what the baselines leave, period by period, until the first shift of each series.

    Parameters
    ----------
    left : ndarray, shape (B, T)
        Series less centre.
    n_baseline : int
        Periods that are not watched.
    follows, spread : ndarray, shape (B,)
        As `learnt` gives them.
    limits : ControlLimits
        In standard deviations.
    """
    n, n_periods = left.shape
    state = _DetectorState.at_rest(n, limits)
    seen = {name: np.zeros(left.shape) for name in ("deviation", "statistic", "expected")}
    alarm, onset = np.zeros(left.shape, dtype="int8"), np.zeros(left.shape, dtype="int32")
    is_live, before = np.zeros(left.shape, dtype=bool), left[:, n_baseline - 1]
    for t in range(n_baseline, n_periods):
        expected = follows * before
        z = (left[:, t] - expected) / spread
        is_live[:, t] = state.is_alive
        spikes, shifts, firsts = state.step(z, t)
        seen["deviation"][:, t], seen["statistic"][:, t], seen["expected"][:, t] = z, state.statistic(), expected
        for rows, kind in ((spikes, SPIKE_ALARM), (shifts, SHIFT_ALARM)):
            if rows.size:
                alarm[rows, firsts[rows]] = kind
                onset[rows, firsts[rows]] = state.began()[rows]
        before = expected + spread * np.clip(z, -MAX_DEVIATION_PER_PERIOD, MAX_DEVIATION_PER_PERIOD)
    return Surveillance(alarm, onset, **seen, is_live=is_live)


@dataclass(slots=True, eq=False)
class _DetectorState:
    """Both one-sided statistics of every series, the excursions that they are on, and whether they have alarmed."""

    limits: ControlLimits
    sums: np.ndarray  # (2, B): above, below
    start: np.ndarray  # (2, B): period in which the excursion began
    first: np.ndarray  # (2, B): period of its first alarm, -1 where none
    is_alive: np.ndarray

    @classmethod
    def at_rest(cls, n: int, limits: ControlLimits) -> "_DetectorState":
        return cls(limits, np.zeros((2, n)), np.zeros((2, n), "int64"), np.full((2, n), -1), np.ones(n, bool))

    def step(self, z: np.ndarray, t: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Take one period; return rows with a new spike, rows with a shift, and the period of their first alarm."""
        was_zero = self.sums == 0
        self.sums = self._moved(np.clip(z, -MAX_DEVIATION_PER_PERIOD, MAX_DEVIATION_PER_PERIOD))
        self.start = np.where(was_zero, t, self.start)
        self.first = np.where(self.sums == 0, -1, self.first)
        beyond = np.stack([z > self.limits.shewhart, z < -self.limits.shewhart]) & self.is_alive
        crossed = (self.sums > self._edge()) & self.is_alive
        is_new = (beyond | crossed) & (self.first < 0)
        self.first = np.where(is_new, t, self.first)
        shifts, spikes = crossed.any(axis=0), (is_new & ~crossed).any(axis=0) & ~crossed.any(axis=0)
        side = np.where(shifts, crossed.argmax(axis=0), beyond.argmax(axis=0))
        firsts = np.take_along_axis(self.first, side[None, :], axis=0)[0]
        self.is_alive = self.is_alive & ~shifts
        return np.flatnonzero(spikes), np.flatnonzero(shifts), firsts

    def statistic(self) -> np.ndarray:
        """Return the larger of both sides, negative where it is the one below."""
        return np.where(self.sums[0] >= self.sums[1], self.sums[0], -self.sums[1])

    def began(self) -> np.ndarray:
        """Return its excursion's first period."""
        return np.where(self.sums[0] >= self.sums[1], self.start[0], self.start[1])

    def _moved(self, z: np.ndarray) -> np.ndarray:
        both = np.stack([z, -z])
        if self.limits.detector == CUSUM_CHART:
            return np.maximum(self.sums + both - CUSUM_ALLOWANCE, 0)
        mean = (1 - EWMA_WEIGHT) * (self.sums[0] - self.sums[1]) + EWMA_WEIGHT * z
        return np.stack([np.maximum(mean, 0), np.maximum(-mean, 0)])

    def _edge(self) -> float:
        return self.limits.shift * (
            1 if self.limits.detector == CUSUM_CHART else np.sqrt(EWMA_WEIGHT / (2 - EWMA_WEIGHT))
        )


@lru_cache(maxsize=512)
def simulate_limits(design: LimitDesign, alarms_a_period: float, draws: int, seed: int) -> ControlLimits:
    """Return limits whose false alarms come at the stated rate while quiet series are watched.

    Parameters
    ----------
    design : LimitDesign
        Baseline, periods ahead, season, dependence.
    alarms_a_period : float
        False alarms wanted a live period.
    draws, seed : int
        Quiet series; equal seeds, equal limits.

    Notes
    -----
    The dependence is the one that was found; the true one of each quiet series is drawn from what that leaves
    possible, by the standard error √((1 − φ²) / m) of a baseline of m periods, with odds of two to one for none at all.
    """
    quiet = _simulated_deviations(design, draws, seed)
    waves = seasonal_harmonics(np.arange(quiet.shape[1]), design.periods_a_year)
    columns = np.hstack([np.ones((quiet.shape[1], 1)), *([waves] if design.has_season else [])])
    quiet, is_out = without_outliers(quiet, columns, design.n_baseline)
    found = fit_baseline(quiet, columns, design.n_baseline, design.follows, is_out.sum(axis=1))
    left, (low, high) = quiet - found.centre, LIMIT_BRACKETS[design.detector]
    pair, rate = _matching_shift_limit(design.detector, high), 0.0
    for _ in range(9):
        middle = (low + high) / 2
        pair = _matching_shift_limit(design.detector, middle)
        rate = _false_alarm_rate(left, found, pair, design.n_baseline)
        low, high = (middle, high) if rate > alarms_a_period else (low, middle)
    return ControlLimits(pair.shewhart, pair.shift, design.detector, rate)


def _simulated_deviations(design: LimitDesign, draws: int, seed: int) -> np.ndarray:
    rng, n_periods = np.random.default_rng(seed), design.n_baseline + design.n_ahead
    true = _true_autocorrelation(rng, min(design.follows, MAX_AUTOCORRELATION), design.n_baseline, draws)
    series = _autoregressive(rng.standard_normal((draws, n_periods)), true)
    if not design.season_learnt_from:
        return series
    error = rng.standard_normal((draws, 4)) * np.sqrt(2 / design.season_learnt_from) / (1 - true[:, None])
    return series + error @ seasonal_harmonics(np.arange(n_periods), design.periods_a_year).T


def _true_autocorrelation(rng: np.random.Generator, found: float, n_baseline: int, draws: int) -> np.ndarray:
    """Return draws of the true dependence given the one that was found: two to one for none, else anything to .9."""
    error = np.sqrt((1 - found**2) / n_baseline)
    reach = stats.norm.cdf([-found / error, (MAX_AUTOCORRELATION - found) / error])
    some = found + error * stats.norm.ppf(rng.uniform(reach[0], reach[1], draws))
    odds = 2 * stats.norm.pdf(found, 0, 1 / np.sqrt(n_baseline)), (reach[1] - reach[0]) / MAX_AUTOCORRELATION
    return np.where(rng.random(draws) < odds[0] / sum(odds), 0.0, np.clip(some, 0, MAX_AUTOCORRELATION))


def _autoregressive(shocks: np.ndarray, follows: np.ndarray) -> np.ndarray:
    """Return series of order one from their shocks, shape (B, T); they start in their steady state."""
    series = shocks.copy()
    series[:, 0] /= np.sqrt(1 - follows**2)
    for t in range(1, series.shape[1]):
        series[:, t] += follows * series[:, t - 1]
    return series


def _matching_shift_limit(detector: str, shift: float) -> ControlLimits:
    """Return the shift limit with the Shewhart limit that would run as long with known parameters."""
    length = (
        average_run_length.cusum_arl(CUSUM_ALLOWANCE, shift)
        if detector == CUSUM_CHART
        else average_run_length.ewma_arl(EWMA_WEIGHT, shift)
    )
    return ControlLimits(float(stats.norm.isf(0.5 / max(length, 1.0001))), shift, detector, float("nan"))


def _false_alarm_rate(left: np.ndarray, found: BaselineFit, pair: ControlLimits, n_baseline: int) -> float:
    seen = watch_deviations(left, n_baseline, found.follows, found.spread, pair)
    return float(np.count_nonzero(seen.alarm) / max(seen.is_live.sum(), 1))
