"""Service quality: case funnel, days to close, complaint and omission rates, control charts."""

from collections.abc import Sequence
from datetime import date, timedelta

import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.rates import confint_poisson

from helpers.foundation.results import Estimate, Status, no_estimate
from helpers.stats.confidence_intervals import Interval, share_interval
from helpers.stats.control_charts import spc_charts
from helpers.stats.control_charts.time_series import RATE_SERIES, SHARE_SERIES, TimeSeries
from helpers.stats.disclosure_control import LEAST_PEOPLE, estimate_if_enough, too_few

CASE_FUNNEL = {"handled": "handled_at", "reviewed": "reviewed_at", "corrective action": "corrective_action_at"}

CUSTOMER_INFORMED = "customer informed"

DAYS_TO_BE_HANDLED = 30  # younger cases have had no time to pass through the funnel

CASE_COLUMNS = ("kind", "opened_at", *CASE_FUNNEL.values(), "closed_at", "fed_back_at", "corrective_action_by",
                "is_resolved", "score")

COMPLAINTS_PER_BUYER, DISSATISFACTION_RATE, OMISSION_RATE = "complaint rate", "dissatisfaction rate", "omission rate"

SHARE_OF_CASES, COMPLAINTS_UNIT = "share of cases", "complaints per 100 buyers"

CHART_ALARMS, FALSE_ALARMS_PER_YEAR = "alarms of the control chart", 1.0  # a year, of all the charts together


def service_estimates(cases: ir.Table, as_of: date, buyers: int) -> list[Estimate]:
    """Return the nested funnel of cases, days to close, resolution, and the rates of bad service.

    Parameters
    ----------
    cases : Table
        ``canonical/cases``.
    as_of : date
        Later cases are left out.
    buyers : int
        From `buyers_of_year`, of the same date.

    Returns
    -------
    list of Estimate
        Of all cases reported more than 30 days before `as_of`, so that each had time to be handled. The funnel is
        nested: of the cases reported those handled, of these those reviewed, of these those handed to design,
        production or operations as a corrective action; ``share …`` is of all reported, the omission rate of those at
        the stage before. A stage that no record has is not known, not omitted. Dissatisfaction: score of the handling
        in its lower half.
    """
    opened = cases.filter(cases.opened_at < as_of + timedelta(days=1)).select(*CASE_COLUMNS)
    rows = opened.to_pyarrow().to_pandas()
    if rows.empty:
        return [no_estimate("cases reported", Status.NOT_APPLICABLE, "no service cases are recorded")]
    ripe = rows[rows["opened_at"] < pd.Timestamp(as_of) - pd.Timedelta(days=DAYS_TO_BE_HANDLED)]
    made = [Estimate("cases reported", float(len(rows)), unit="cases", n=len(rows))]
    made += _funnel_estimates(ripe)
    made += [_share_of_cases("share resolved", ripe.loc[ripe["is_resolved"].notna(), "is_resolved"].astype(bool))]
    scores = rows["score"].dropna()
    middle = (scores.min() + scores.max()) / 2 if len(scores) else np.nan
    made += [
        _share_of_cases(DISSATISFACTION_RATE, scores < middle),
        _days_to_close(ripe),
        _complaints_per_buyer(rows, buyers, as_of),
    ]
    return made


def omitted_cases(cases: pd.DataFrame) -> dict[str, pd.Series]:
    """Return, for each stage of the nested funnel, whether each case of the stage before it was left there.

    Parameters
    ----------
    cases : DataFrame
        `CASE_COLUMNS`, one row a case; stages that no case has are left out, and so are those behind them.
    """
    made, before = {}, cases
    for stage, column in CASE_FUNNEL.items():
        if not before[column].notna().any():
            break
        made[stage] = before[column].isna()
        before = before[before[column].notna()]
    handled = cases[cases["handled_at"].notna()]
    if handled["fed_back_at"].notna().any():
        made[CUSTOMER_INFORMED] = handled["fed_back_at"].isna()
    return made


def _funnel_estimates(ripe: pd.DataFrame) -> list[Estimate]:
    omitted, n, made = omitted_cases(ripe), len(ripe), []
    for stage in (*CASE_FUNNEL, CUSTOMER_INFORMED):
        if stage not in omitted:
            made.append(no_estimate(OMISSION_RATE, Status.NOT_APPLICABLE, "no case is recorded at this stage",
                                    unit="share", segment=stage))
            continue
        reached = int((~omitted[stage]).sum())
        made += [estimate_if_enough(f"share {stage}", share_interval(reached / n, n), n, unit="share"),
                 _share_of_cases(OMISSION_RATE, omitted[stage], stage)]
    departments = ripe["corrective_action_by"].dropna()
    return made + [_share_of_cases("share of corrective actions", departments == name, str(name))
                   for name in sorted(departments.unique())]


def _share_of_cases(quantity: str, is_so: pd.Series, segment: str = "all") -> Estimate:
    n = len(is_so)
    found = share_interval(float(is_so.mean()) if n else np.nan, n)
    return estimate_if_enough(quantity, found, n, unit="share", segment=segment)


def _days_to_close(ripe: pd.DataFrame) -> Estimate:
    taken = ((ripe["closed_at"] - ripe["opened_at"]).dt.total_seconds() / 86_400).dropna().to_numpy()
    n = len(taken)
    if n < LEAST_PEOPLE:
        return no_estimate("median days to close", Status.INSUFFICIENT, too_few(n), unit="days", n=n)
    limits = stats.quantile_test(taken, p=0.5).confidence_interval(0.95)
    return Estimate("median days to close", float(np.median(taken)), float(limits.low), float(limits.high), "days", n)


def buyers_of_year(transactions: ir.Table, as_of: date) -> int:
    """Return the number of customers who bought in the year up to a date, the year whose complaints are counted."""
    at = transactions.ordered_at
    bought = transactions.filter((transactions.kind == "sale") & (at >= _year_before(as_of))
                                 & (at < as_of + timedelta(days=1)))
    return int(bought.aggregate(n=bought.customer_id.nunique()).to_pyarrow()["n"][0].as_py())


def _year_before(as_of: date) -> pd.Timestamp:
    return pd.Timestamp(as_of) - pd.Timedelta(days=364)  # the day itself is the last of the 365


def _complaints_per_buyer(rows: pd.DataFrame, buyers: int, as_of: date) -> Estimate:
    count = int(((rows["opened_at"] >= _year_before(as_of)) & (rows["kind"] == "complaint")).sum())
    if not (rows["kind"] == "complaint").any():
        return no_estimate(COMPLAINTS_PER_BUYER, Status.NOT_APPLICABLE, "no complaints are recorded")
    if not buyers:
        return no_estimate(COMPLAINTS_PER_BUYER, Status.NOT_APPLICABLE, "nobody bought in the year", n=count)
    i = _poisson_interval(count).times(100 / buyers)
    return Estimate(COMPLAINTS_PER_BUYER, i.value, i.low, i.high, "complaints of a year per 100 of its buyers", count)


def _poisson_interval(count: int, level: float = 0.95) -> Interval:
    """Return the exact interval of a Poisson count (Garwood 1936)."""
    return Interval(float(count), *map(float, confint_poisson(count, 1.0, method="exact-c", alpha=1 - level)))


def monthly_service_rates(cases: ir.Table, transactions: ir.Table, as_of: date) -> tuple[TimeSeries, ...]:
    """Return the rates of bad service by full month, for control charts.

    Parameters
    ----------
    cases, transactions : Table
        Canonical tables.
    as_of : date
        Last day counted; cases of its last 30 days are too young to be called omitted, and months with any of them out.

    Returns
    -------
    tuple of Course
        Complaints per 100 customers who bought in the month (a rate; from the first recorded complaint on), the
        omission rate of each stage of the nested funnel and cases whose handling was scored in the lower half of the
        scores (shares); none where there are no such records.
    """
    rows = cases.select(*CASE_COLUMNS).to_pyarrow().to_pandas()
    rows = rows.assign(month=rows["opened_at"].dt.to_period("M").dt.start_time)
    ripe = rows[rows["opened_at"] < _month_of(as_of - timedelta(days=29))]
    scored = ripe[ripe["score"].notna()]
    middle = (scored["score"].min() + scored["score"].max()) / 2
    made = (
        _monthly_complaints(rows, transactions, _month_of(as_of + timedelta(days=1))),
        *(_monthly_share(f"{OMISSION_RATE}: {stage}", is_omitted, ripe["month"])
          for stage, is_omitted in omitted_cases(ripe).items()),
        _monthly_share(DISSATISFACTION_RATE, scored["score"] < middle, scored["month"]),
    )
    return tuple(course for course in made if len(course.on))


def _month_of(day: date) -> pd.Timestamp:
    return pd.Timestamp(day).to_period("M").start_time


def _monthly_complaints(rows: pd.DataFrame, transactions: ir.Table, before: pd.Timestamp) -> TimeSeries:
    sold = transactions.filter((transactions.kind == "sale") & transactions.customer_id.notnull()
                               & (transactions.ordered_at < before))
    buyers = sold.group_by(month=sold.ordered_at.truncate("M")).aggregate(size=sold.customer_id.nunique() / 100)
    known = buyers.to_pyarrow().to_pandas().set_index("month").sort_index()
    told = rows.loc[(rows["kind"] == "complaint") & (rows["opened_at"] < before), "month"].value_counts()
    known = known[known.index >= told.index.min()] if len(told) else known.head(0)  # before it nothing was recorded
    counts = known.assign(sum=told.reindex(known.index).fillna(0))
    return _monthly_series(COMPLAINTS_PER_BUYER, counts, RATE_SERIES, COMPLAINTS_UNIT)


def _monthly_share(name: str, is_so: pd.Series, month: pd.Series) -> TimeSeries:
    return _monthly_series(name, is_so.groupby(month).agg(["sum", "size"]), SHARE_SERIES, SHARE_OF_CASES)


def _monthly_series(name: str, by: pd.DataFrame, kind: str, unit: str) -> TimeSeries:
    months = pd.date_range(by.index.min(), by.index.max(), freq="MS") if len(by) else by.index
    full = by.reindex(months).fillna(0).astype("float64")
    return TimeSeries(
        name,
        full.index.to_numpy("datetime64[us]"),
        full["sum"].to_numpy(),
        full["size"].to_numpy(),
        kind,
        unit,
    )


def service_charts(courses: Sequence[TimeSeries], seed: int) -> spc_charts.ChartSet:
    """Return the rates' control charts: together one false alarm a year is expected while nothing happens."""
    return spc_charts.chart_set(courses, spc_charts.ChartScheme(12, FALSE_ALARMS_PER_YEAR, seed=seed))


def service_alarms(found: spc_charts.ChartSet) -> list[Estimate]:
    """Return how many alarms each rate has raised and when, or why it cannot raise any.

    Parameters
    ----------
    found : ChartSet
        From `service_charts`.
    """
    if not found.charts:
        return [no_estimate(CHART_ALARMS, Status.INSUFFICIENT, "no cases are recorded", unit="alarms")]
    return [_chart_alarms(chart) for chart in found.charts]


def _chart_alarms(chart: spc_charts.ControlChart) -> Estimate:
    name, n = chart.course.name, int(chart.points["is_live"].sum())
    if not n:
        return no_estimate(CHART_ALARMS, Status.INSUFFICIENT, chart.reason, unit="alarms", segment=name)
    told = ", ".join(f"{r.kind} {r.direction} in {r.on:%Y-%m}" for r in chart.alarms.itertuples())
    return Estimate(CHART_ALARMS, float(len(chart.alarms)), unit="alarms", n=n, segment=name, reason=told)
