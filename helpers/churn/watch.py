"""The board of figures that are watched week by week: is anything out of the ordinary, and since when."""

from datetime import date, timedelta

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.churn.traces import Records
from helpers.customers import features, purchases
from helpers.foundation.engine import Engine
from helpers.methods import charts
from helpers.methods.courses import MEAN, RATE, SHARE, Course

BUYERS, SPEND = "active customers who buy", "spend an occasion"
REFUNDS, LATE, COMPLAINTS = "refunds an order line", "late deliveries", "complaints a thousand active customers"
ACTIVE_WEEKS = 26  # active is who has bought within so many weeks; figures begin once so many have been seen


def courses(engine: Engine, records: Records, as_of_on: date) -> tuple[Course, ...]:
    """Return what is watched, a value for each whole week from Monday to Sunday; figures without records are left out.

    Parameters
    ----------
    engine : Engine
        Counts.
    records : Records
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
    made = [_course(BUYERS, weeks, weeks["n_buyers"], weeks["n_active"], SHARE, "share"),
            _course(SPEND, weeks, np.log(spend), unit="log of money"),
            _course(REFUNDS, weeks, weeks["n_refunds"], weeks["n_lines"], RATE, "refunds a line"),
            _course(LATE, weeks, weeks["n_late"], weeks["n_due"], SHARE, "share"),
            _course(COMPLAINTS, weeks, weeks["n_complaints"], weeks["n_active"] / 1000, RATE, "complaints")]
    return tuple(c for c in made if np.nansum(np.abs(c.figures())) > 0)


def board(courses: tuple[Course, ...], false_alarms_a_year: float, seed: int) -> charts.Board:
    """Return the charts of all figures, with false alarms stated for the whole board."""
    return charts.board(courses, charts.Scheme(52, false_alarms_a_year, seed=seed))


def shown(board: charts.Board) -> pd.DataFrame:
    """Return the points of the chart that has alarmed last, else of the first one; empty without charts."""
    if not board.charts:
        return pd.DataFrame(columns=["on", "value", "low", "high"])
    alarms = board.alarms
    name = alarms["chart"].iloc[-1] if len(alarms) else board.charts[0].course.name
    return next(c.points for c in board.charts if c.course.name == name)


def table(board: charts.Board) -> pd.DataFrame:
    """Return ``results/churn_charts``: every week of every chart."""
    return board.table().drop(columns=["deviation", "shift_statistic"])


def _course(name: str, weeks: pd.DataFrame, value: np.ndarray | pd.Series, size: pd.Series | None = None,
            kind: str = MEAN, unit: str = "") -> Course:
    known = None if size is None else size.to_numpy("float64")
    events = np.asarray(value, dtype="float64")
    return Course(name, weeks["on"].to_numpy("datetime64[us]"), events, known, kind, unit)


def _weekly(records: Records, as_of_on: date) -> ir.Table:
    t = features.seen(records.transactions, as_of_on)
    lines = t.mutate(on=t.ordered_at.date().truncate("week"))
    is_sale = lines.kind == "sale"
    arrived = ibis.coalesce(lines.delivered_on, ibis.literal(as_of_on))
    has_promise = is_sale & (lines.promised_on <= as_of_on)
    by_week = lines.group_by("on").aggregate(
        n_lines=_n(is_sale), n_refunds=_n(~is_sale), n_due=_n(has_promise), n_late=_n(has_promise & (
            arrived > lines.promised_on)))
    bought = purchases.occasions(records.transactions, as_of_on)
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
