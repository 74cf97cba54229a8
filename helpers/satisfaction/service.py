"""How cases are handled: from reported to fed back, how fast, how satisfied, and the rates of bad service over time."""

from collections.abc import Sequence
from datetime import date, timedelta

import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy import stats

from helpers.foundation.estimates import Estimate, Status, without_value
from helpers.methods import charts
from helpers.methods.courses import RATE, SHARE, Course
from helpers.methods.disclosure_control import LEAST_PEOPLE, published, too_few
from helpers.methods.intervals import Interval, share

FUNNEL = ("handled", "reviewed", "fed back")
COLUMNS = ("kind", "opened_at", "handled_at", "reviewed_at", "closed_at", "fed_back_at", "is_resolved", "score")
COMPLAINTS, DISSATISFIED, OMITTED = "complaint rate", "dissatisfaction rate", "omission rate"
UNITS = {COMPLAINTS: "complaints per 100 buyers", OMITTED: "share of cases", DISSATISFIED: "share of cases"}
ALARMS, FALSE_ALARMS = "alarms of the control chart", 1.0  # a year, of all the charts together


def service(cases: ir.Table, as_of: date, customers: int) -> list[Estimate]:
    """Return the funnel of cases, days to close, resolution, and the three rates of bad service.

    Parameters
    ----------
    cases : Table
        ``canonical/cases``.
    as_of : date
        Later cases are left out.
    customers : int
        Customers known, 0 where they are not.

    Returns
    -------
    list of Estimate
        Shares are of all cases reported more than 30 days before `as_of`, so that each had time to be handled.
        Omission: cases that nobody took up. Dissatisfaction: score of the handling in its lower half.
    """
    opened = cases.filter(cases.opened_at < as_of + timedelta(days=1)).select(*COLUMNS)
    rows = opened.to_pyarrow().to_pandas()
    if rows.empty:
        return [without_value("cases reported", Status.NOT_APPLICABLE, "no service cases are recorded")]
    ripe = rows[rows["opened_at"] < pd.Timestamp(as_of) - pd.Timedelta(days=30)]
    made = [Estimate("cases reported", float(len(rows)), unit="cases", n=len(rows))]
    made += [_part(f"share {stage}", ripe[f"{stage.replace(' ', '_')}_at"].notna()) for stage in FUNNEL]
    made += [_part("share resolved", ripe.loc[ripe["is_resolved"].notna(), "is_resolved"].astype(bool)),
             _part(OMITTED, ripe["handled_at"].isna())]
    scores = rows["score"].dropna()
    middle = (scores.min() + scores.max()) / 2 if len(scores) else np.nan
    made += [_part(DISSATISFIED, scores < middle), _days(ripe), _rate(rows, customers, as_of)]
    return made


def _part(quantity: str, is_so: pd.Series) -> Estimate:
    n = len(is_so)
    return published(quantity, share(float(is_so.mean()) if n else np.nan, n), n, unit="share")


def _days(ripe: pd.DataFrame) -> Estimate:
    taken = ((ripe["closed_at"] - ripe["opened_at"]).dt.total_seconds() / 86_400).dropna().sort_values().to_numpy()
    n = len(taken)
    if n < LEAST_PEOPLE:
        return without_value("median days to close", Status.INSUFFICIENT, too_few(n), unit="days", n=n)
    low, high = stats.binom.ppf([0.025, 0.975], n, 0.5).astype(int)
    return Estimate("median days to close", float(np.median(taken)), float(taken[max(low - 1, 0)]),
                    float(taken[min(high, n - 1)]), "days", n)


def _rate(rows: pd.DataFrame, customers: int, as_of: date) -> Estimate:
    year = rows["opened_at"] >= pd.Timestamp(as_of) - pd.Timedelta(days=365)
    count = int((year & (rows["kind"] == "complaint")).sum())
    if not customers:
        return without_value(COMPLAINTS, Status.NOT_APPLICABLE, "customers are not known", n=count)
    i = _poisson(count).times(100 / customers)
    return Estimate(COMPLAINTS, i.value, i.low, i.high, "complaints a year per 100 customers", count)


def _poisson(count: int, level: float = 0.95) -> Interval:
    """Return the exact interval of a Poisson count (Garwood 1936)."""
    low = stats.chi2.ppf((1 - level) / 2, 2 * count) / 2 if count else 0.0
    return Interval(float(count), float(low), float(stats.chi2.ppf((1 + level) / 2, 2 * count + 2) / 2))


def rates(cases: ir.Table, transactions: ir.Table, as_of: date) -> tuple[Course, ...]:
    """Return the three rates of bad service by full month, for control charts.

    Parameters
    ----------
    cases, transactions : Table
        Canonical tables.
    as_of : date
        Last day counted; cases of its last 30 days are too young to be called omitted, and months with any of them out.

    Returns
    -------
    tuple of Course
        Complaints per 100 customers who bought in the month (a rate), cases that nobody took up and cases whose
        handling was scored in the lower half of the scores (shares); none where there are no such records.
    """
    rows = cases.select("kind", "opened_at", "handled_at", "score").to_pyarrow().to_pandas()
    rows = rows.assign(month=rows["opened_at"].dt.to_period("M").dt.start_time)
    ripe = rows[rows["opened_at"] < _month_of(as_of - timedelta(days=29))]
    scored = ripe[ripe["score"].notna()]
    middle = (scored["score"].min() + scored["score"].max()) / 2
    made = (_complaints(rows, transactions, _month_of(as_of + timedelta(days=1))),
            _course(OMITTED, ripe["handled_at"].isna().groupby(ripe["month"]).agg(["sum", "size"]), SHARE),
            _course(DISSATISFIED, (scored["score"] < middle).groupby(scored["month"]).agg(["sum", "size"]), SHARE))
    return tuple(course for course in made if len(course.on))


def _month_of(day: date) -> pd.Timestamp:
    return pd.Timestamp(day).to_period("M").start_time


def _complaints(rows: pd.DataFrame, transactions: ir.Table, before: pd.Timestamp) -> Course:
    sold = transactions.filter((transactions.kind == "sale") & transactions.customer_id.notnull()
                               & (transactions.ordered_at < before))
    buyers = sold.group_by(month=sold.ordered_at.truncate("M")).aggregate(size=sold.customer_id.nunique() / 100)
    known = buyers.to_pyarrow().to_pandas().set_index("month").sort_index()
    told = rows.loc[(rows["kind"] == "complaint") & (rows["opened_at"] < before), "month"].value_counts()
    return _course(COMPLAINTS, known.assign(sum=told.reindex(known.index).fillna(0)), RATE)


def _course(name: str, by: pd.DataFrame, kind: str) -> Course:
    months = pd.date_range(by.index.min(), by.index.max(), freq="MS") if len(by) else by.index
    full = by.reindex(months).fillna(0).astype("float64")
    return Course(name, full.index.to_numpy("datetime64[us]"), full["sum"].to_numpy(), full["size"].to_numpy(), kind,
                  UNITS[name])


def board(courses: Sequence[Course], seed: int) -> charts.Board:
    """Return the rates' control charts: together one false alarm a year is expected while nothing happens."""
    return charts.board(courses, charts.Scheme(12, FALSE_ALARMS, seed=seed))


def alarms(found: charts.Board) -> list[Estimate]:
    """Return how many alarms each rate has raised and when, or why it cannot raise any.

    Parameters
    ----------
    found : Board
        From `board`.
    """
    if not found.charts:
        return [without_value(ALARMS, Status.INSUFFICIENT, "no cases are recorded", unit="alarms")]
    return [_alarms(chart) for chart in found.charts]


def _alarms(chart: charts.Chart) -> Estimate:
    name, n = chart.course.name, int(chart.points["is_live"].sum())
    if not n:
        return without_value(ALARMS, Status.INSUFFICIENT, chart.reason, unit="alarms", segment=name)
    told = ", ".join(f"{r.kind} {r.direction} in {r.on:%Y-%m}" for r in chart.alarms.itertuples())
    return Estimate(ALARMS, float(len(chart.alarms)), unit="alarms", n=n, segment=name, reason=told)
