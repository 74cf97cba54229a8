"""Weekly monitoring by control charts; bursts of complaints and how trust was repaired."""

from collections.abc import Sequence
from datetime import date, timedelta

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy import stats

from helpers.churn.churn_features import ChurnTables
from helpers.customers import features, purchases
from helpers.foundation.engine import Engine
from helpers.foundation.errors import InputError
from helpers.stats.control_charts import spc_charts
from helpers.stats.control_charts.control_limits import MIN_BASELINE_PERIODS
from helpers.stats.control_charts.time_series import MEAN_SERIES, RATE_SERIES, SHARE_SERIES, TimeSeries

ACTIVE_BUYERS, SPEND_PER_OCCASION = "active customers who buy", "spend an occasion"

REFUND_RATE, LATE_DELIVERY_RATE, COMPLAINT_RATE = (
    "refunds an order line",
    "late deliveries",
    "complaints a thousand active customers",
)

ACTIVE_WEEKS = 26  # active is who has bought within so many weeks; figures begin once so many have been seen


def weekly_series(engine: Engine, records: ChurnTables, as_of_on: date) -> tuple[TimeSeries, ...]:
    """Return what is watched, a value for each whole week from Monday to Sunday; figures without records are left out.

    Parameters
    ----------
    engine : Engine
        Counts.
    records : ChurnTables
        Canonical tables.
    as_of_on : date
        Last day that is seen.
    """
    found = engine.frame(_weekly(records, as_of_on), "weeks")
    weeks = _whole_weeks(found, as_of_on)
    if not len(weeks):
        return ()
    occasions = weeks["n_occasions"]
    spend = (weeks["spend"] / occasions.where(occasions > 0)).to_numpy("float64")
    made = [_series(ACTIVE_BUYERS, weeks, weeks["n_buyers"], weeks["n_active"], SHARE_SERIES, "share"),
            _series(SPEND_PER_OCCASION, weeks, np.log(spend), unit="log of money"),
            _series(REFUND_RATE, weeks, weeks["n_refunds"], weeks["n_lines"], RATE_SERIES, "refunds a line"),
            _series(LATE_DELIVERY_RATE, weeks, weeks["n_late"], weeks["n_due"], SHARE_SERIES, "share"),
            _series(COMPLAINT_RATE, weeks, weeks["n_complaints"], weeks["n_active"] / 1000, RATE_SERIES, "complaints")]
    return tuple(c for c in made if np.nansum(np.abs(c.figures())) > 0)


def control_chart_set(courses: tuple[TimeSeries, ...], false_alarms_a_year: float, seed: int) -> spc_charts.ChartSet:
    """Return the charts of all figures, with false alarms stated for the whole board."""
    return spc_charts.chart_set(courses, spc_charts.ChartScheme(52, false_alarms_a_year, seed=seed))


def latest_alarm_points(board: spc_charts.ChartSet) -> pd.DataFrame:
    """Return the points of the chart that has alarmed last, else of the first one; empty without charts."""
    if not board.charts:
        return pd.DataFrame(columns=["on", "value", "low", "high"])
    alarms = board.alarms
    name = alarms["chart"].iloc[-1] if len(alarms) else board.charts[0].course.name
    return next(c.points for c in board.charts if c.course.name == name)


def control_chart_table(board: spc_charts.ChartSet) -> pd.DataFrame:
    """Return ``results/churn_charts``: every week of every chart."""
    return board.table().drop(columns=["deviation", "shift_statistic"])


def _series(name: str, weeks: pd.DataFrame, value: np.ndarray | pd.Series, size: pd.Series | None = None,
            kind: str = MEAN_SERIES, unit: str = "") -> TimeSeries:
    known = None if size is None else size.to_numpy("float64")
    events = np.asarray(value, dtype="float64")
    return TimeSeries(name, weeks["on"].to_numpy("datetime64[us]"), events, known, kind, unit)


def _weekly(records: ChurnTables, as_of_on: date) -> ir.Table:
    t = features.lines_until(records.transactions, as_of_on)
    lines = t.mutate(on=t.ordered_at.date().truncate("week"))
    is_sale = lines.kind == "sale"
    arrived = ibis.coalesce(lines.delivered_on, ibis.literal(as_of_on))
    has_promise = is_sale & (lines.promised_on <= as_of_on)
    by_week = lines.group_by("on").aggregate(
        n_lines=_n(is_sale), n_refunds=_n(~is_sale), n_due=_n(has_promise), n_late=_n(has_promise & (
            arrived > lines.promised_on)))
    bought = purchases.purchase_occasions(records.transactions, as_of_on)
    occasions = bought.mutate(week=bought.on.truncate("week"))
    by_occasion = occasions.group_by(on="week").aggregate(
        n_occasions=occasions.count().cast("float64"), n_buyers=occasions.customer_id.nunique().cast("float64"),
        spend=occasions.amount.cast("float64").sum())
    joined = by_week
    for part in (by_occasion, _flows(occasions)):
        joined = joined.outer_join(part, "on")
        joined = joined.mutate(on=ibis.coalesce(joined.on, joined.on_right)).drop("on_right")
    complained = _complaints(records.cases, as_of_on) if records.cases is not None else None
    if complained is None:
        return joined.mutate(n_complaints=ibis.literal(0.0))
    return joined.left_join(complained, "on").drop("on_right")


def _flows(occasions: ir.Table) -> ir.Table:
    """Return how many customers became active in a week, less those who ceased to be."""
    weeks = occasions.select("customer_id", on="week").distinct()
    following = weeks.on.lead().over(ibis.window(group_by="customer_id", order_by="on"))
    until = weeks.on + ibis.interval(days=7 * ACTIVE_WEEKS)
    ends = weeks.select(on=ibis.least(ibis.coalesce(following, until), until).cast("date"), by=ibis.literal(-1.0))
    flows = weeks.select(on=weeks.on.cast("date"), by=ibis.literal(1.0)).union(ends)
    return flows.group_by("on").aggregate(flow=flows.by.sum())


def _complaints(cases: ir.Table, as_of_on: date) -> ir.Table:
    c = cases.filter(cases.kind == "complaint", cases.opened_at.date() <= as_of_on)
    weeks = c.mutate(on=c.opened_at.date().truncate("week"))
    return weeks.group_by("on").aggregate(n_complaints=weeks.count().cast("float64"))


def _n(flag: ir.BooleanValue) -> ir.FloatingValue:
    return flag.fill_null(False).ifelse(1.0, 0.0).sum()


def _whole_weeks(found: pd.DataFrame, as_of_on: date) -> pd.DataFrame:
    """Return weeks that were seen from Monday to Sunday, each once; a week without anything counts zero."""
    if found.empty:
        return found
    on = pd.to_datetime(found["on"])
    last = pd.Timestamp(as_of_on) - timedelta(days=(as_of_on.weekday() + 1) % 7 + 6)
    known = found.assign(on=on).set_index("on").sort_index()
    every = pd.date_range(on.min(), max(last, on.min()), freq="7D")
    weeks = known.reindex(every).fillna(0.0).rename_axis("on").reset_index()
    weeks = weeks.assign(n_active=weeks["flow"].cumsum())
    return weeks[weeks["on"] <= last].iloc[ACTIVE_WEEKS:].reset_index(drop=True)


N_BASELINE_WEEKS = 52

BURST_COLUMNS = ["began_on", "last_on", "told_on", "n_complaints", "expected", "p_value", "law", "rebuild_weeks"]

POISSON, NEGATIVE_BINOMIAL = "Poisson", "negative binomial"


def complaint_bursts(course: TimeSeries, false_alarms_a_year: float) -> pd.DataFrame:
    """Return bursts of complaints, each told once, in the week in which it began.

    Parameters
    ----------
    course : TimeSeries
        Complaints a week and their exposure, in order.
    false_alarms_a_year : float
        Expected while nothing happens; the limit for one week's p-value is a 52nd of it.

    Returns
    -------
    DataFrame
        Grain burst: ``began_on`` and ``last_on`` (Mondays), ``told_on`` (the Sunday on which its first week was over),
        ``n_complaints`` in its first week, ``expected`` there, ``p_value``, ``law``, and ``rebuild_weeks`` until a week
        was back within its limit (NaN: not yet).

    Raises
    ------
    InputError
        If the series has no exposure.

    Notes
    -----
    Each week is held against the up to 52 weeks before it, at least 24, a burst among them counted as the most that
    would have been none. With a gamma prior of Jeffreys a Poisson count is predicted by a negative binomial of size
    Σx + ½; where the weeks before spread more than Poisson, by Pearson's χ² at 10 %, the count is negative binomial
    with the variance that the method of moments gives.
    """
    if course.size is None:
        raise InputError(course.name, "the series has no exposure", "complaints a week with their exposure")
    events, size, p_limit = course.value, course.size, false_alarms_a_year / 52
    tamed = np.array(events, dtype="float64")  # a burst is remembered as the most that would have been no burst
    rows, is_on = [], False
    for t in range(len(events)):
        known = slice(max(t - N_BASELINE_WEEKS, 0), t)
        if t < MIN_BASELINE_PERIODS or not size[t] > 0:
            continue
        expected, law_name, law = _predictive_distribution(tamed[known], size[known], size[t])
        p = float(law.sf(events[t] - 1))
        tamed[t] = min(events[t], law.isf(p_limit))
        if p >= p_limit:
            if is_on:
                rows[-1]["rebuild_weeks"] = float(t - rows[-1].pop("at"))
            is_on = False
        elif is_on:
            rows[-1]["last_on"] = course.on[t]
        else:
            is_on = True
            rows.append({"began_on": course.on[t], "last_on": course.on[t], "n_complaints": int(events[t]),
                         "told_on": pd.Timestamp(course.on[t]) + timedelta(days=6), "expected": expected, "p_value": p,
                         "law": law_name, "rebuild_weeks": np.nan, "at": t})
    return pd.DataFrame(rows, columns=BURST_COLUMNS)


def bursts_of_series(courses: Sequence[TimeSeries], name: str, false_alarms_a_year: float) -> pd.DataFrame:
    """Return the bursts of the figure of that name among those watched; none where it is not watched."""
    found = next((c for c in courses if c.name == name), None)
    return pd.DataFrame(columns=BURST_COLUMNS) if found is None else complaint_bursts(found, false_alarms_a_year)


def _predictive_distribution(
    before: np.ndarray, exposure: np.ndarray, size: float
) -> tuple[float, str, stats.rv_discrete]:
    """Return what is to be expected of a week, the law's name, and the law."""
    total, lived = float(before.sum()), float(exposure.sum())
    rate, freedom = (total + 0.5) / lived, len(before) - 1
    expected, held = rate * size, exposure > 0
    ratio = float(((before - rate * exposure) ** 2)[held].sum() / (rate * exposure[held]).sum()) * len(before) / freedom
    if ratio <= stats.chi2.ppf(0.9, freedom) / freedom:
        return expected, POISSON, stats.nbinom(total + 0.5, lived / (lived + size))
    more = expected * (ratio - 1) + expected**2 * ratio / (total + 0.5)  # variance beyond Poisson, that of the rate too
    return expected, NEGATIVE_BINOMIAL, stats.nbinom(expected**2 / more, expected / (expected + more))


def trust_repair_times(bursts: pd.DataFrame, cases: pd.DataFrame) -> pd.DataFrame:
    """Return, for each burst, how trust was repaired, each phase with its time.

    Parameters
    ----------
    bursts : DataFrame
        From `bursts`.
    cases : DataFrame
        Complaints: ``opened_at``, ``handled_at``, ``closed_at``, ``cause``.

    Returns
    -------
    DataFrame
        Grain burst: ``began_on``, ``n_complaints``, ``main_cause`` and its share, ``detect_days`` until it was told,
        ``respond_hours`` and ``usual_hours``, medians until a complaint was taken up in the burst and in other weeks,
        ``share_closed`` of its complaints, ``rebuild_weeks`` until complaints were back at their usual level.
    """
    columns = ["began_on", "n_complaints", "main_cause", "share_main_cause", "detect_days", "respond_hours",
               "usual_hours", "share_closed", "rebuild_weeks"]
    if bursts.empty or cases.empty:
        return pd.DataFrame(columns=columns)
    opened = cases["opened_at"].astype("datetime64[us]")
    hours = (cases["handled_at"].astype("datetime64[us]") - opened).dt.total_seconds() / 3600
    rows = []
    for burst in bursts.itertuples():
        began = pd.Timestamp(burst.began_on)
        within = (opened >= began) & (opened < pd.Timestamp(burst.last_on) + timedelta(days=7))
        causes = cases.loc[within, "cause"].dropna().value_counts()
        rows.append((began, burst.n_complaints, causes.index[0] if len(causes) else "not recorded",
                     causes.iloc[0] / causes.sum() if len(causes) else np.nan, (burst.told_on - began).days + 1,
                     hours[within].median(), hours[~within].median(), cases.loc[within, "closed_at"].notna().mean(),
                     burst.rebuild_weeks))
    return pd.DataFrame(rows, columns=columns)
