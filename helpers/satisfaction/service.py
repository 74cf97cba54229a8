"""How cases are handled: from reported to fed back, how fast, how satisfied, and the rates of bad service over time."""

from datetime import date, timedelta

import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy import stats

from helpers.foundation.estimates import Estimate, Status, without_value
from helpers.methods.cells import LEAST_PEOPLE, published, too_few
from helpers.methods.intervals import Interval, share

FUNNEL = ("handled", "reviewed", "fed back")
COLUMNS = ("kind", "opened_at", "handled_at", "reviewed_at", "closed_at", "fed_back_at", "is_resolved", "score")
LEAST_MONTHS = 24
COMPLAINTS, DISSATISFIED, OMITTED = "complaint rate", "dissatisfaction rate", "omission rate"
OUT = "months out of control"


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


def by_month(cases: ir.Table, transactions: ir.Table, as_of: date) -> pd.DataFrame:
    """Return complaints a month per 100 buying customers with the limits of a control chart, full months only.

    Parameters
    ----------
    cases, transactions : Table
        Canonical tables.
    as_of : date
        Last day counted.

    Returns
    -------
    DataFrame
        ``month, complaints, buyers, rate, low, high, is_alarm``: limits at 0.135 % and 99.865 % of what the 24 months
        before foretell, the error of their own rate included (negative binomial); none, and no alarm, before that.
    """
    before = pd.Timestamp(as_of).to_period("M").start_time if pd.Timestamp(as_of).is_month_end is False else (
        pd.Timestamp(as_of) + pd.Timedelta(days=1))
    told = cases.filter((cases.kind == "complaint") & (cases.opened_at < before))
    sold = transactions.filter((transactions.kind == "sale") & transactions.customer_id.notnull()
                               & (transactions.ordered_at < before))
    complaints = told.group_by(month=told.opened_at.truncate("M")).aggregate(complaints=told.count())
    buyers = sold.group_by(month=sold.ordered_at.truncate("M")).aggregate(buyers=sold.customer_id.nunique())
    rows = buyers.left_join(complaints, "month").drop("month_right").to_pyarrow().to_pandas()
    rows = rows.sort_values("month", ignore_index=True).fillna({"complaints": 0})
    return _charted(rows.astype({"complaints": "int64", "buyers": "int64"}))


def _charted(rows: pd.DataFrame) -> pd.DataFrame:
    past = rows[["complaints", "buyers"]].shift(1).rolling(LEAST_MONTHS).sum()
    shape, known = past["complaints"] + 0.5, past["buyers"].notna()
    chance = (past["buyers"] / (past["buyers"] + rows["buyers"])).where(known, 0.5)
    low, high = (np.where(known, stats.nbinom.ppf(p, shape.fillna(1.0), chance), np.nan) for p in (0.00135, 0.99865))
    scale = 100 / rows["buyers"]
    is_alarm = known & ((rows["complaints"] < low) | (rows["complaints"] > high))
    return rows.assign(rate=rows["complaints"] * scale, low=low * scale, high=high * scale, is_alarm=is_alarm)


def shares_by_month(cases: ir.Table, as_of: date) -> dict[str, pd.DataFrame]:
    """Return the omission and the dissatisfaction rate by month of opening with the limits of a control chart.

    Parameters
    ----------
    cases : Table
        ``canonical/cases``.
    as_of : date
        Last day counted; cases of its last 30 days are too young to be called omitted, and months with any of them out.

    Returns
    -------
    dict of str to DataFrame
        Rate to ``month, events, cases, rate, low, high, is_alarm``: limits at 0.135 % and 99.865 % of what the 24
        months before foretell, the error of their own rate included (beta-binomial).
    """
    end = (pd.Timestamp(as_of) - pd.Timedelta(days=29)).to_period("M").start_time
    rows = cases.filter(cases.opened_at < end).select("opened_at", "handled_at", "score").to_pyarrow().to_pandas()
    month = rows["opened_at"].dt.to_period("M").dt.start_time
    scored = rows["score"].notna()
    middle = (rows["score"].min() + rows["score"].max()) / 2
    return {OMITTED: _charted_share(month, rows["handled_at"].isna()),
            DISSATISFIED: _charted_share(month[scored], rows.loc[scored, "score"] < middle)}


def _charted_share(month: pd.Series, is_so: pd.Series) -> pd.DataFrame:
    by = is_so.astype("int64").groupby(month).agg(["sum", "size"])
    full = by.reindex(pd.date_range(by.index.min(), by.index.max(), freq="MS"), fill_value=0) if len(by) else by
    rows = full.rename_axis("month").reset_index().rename(columns={"sum": "events", "size": "cases"})
    past = rows[["events", "cases"]].shift(1).rolling(LEAST_MONTHS).sum()
    known = past["cases"].notna() & (rows["cases"] > 0)
    first, second = (past["events"] + 0.5).where(known, 1.0), (past["cases"] - past["events"] + 0.5).where(known, 1.0)
    size = rows["cases"].where(known, 1).astype("int64")
    low, high = (np.where(known, stats.betabinom.ppf(p, size, first, second), np.nan) for p in (0.00135, 0.99865))
    is_alarm = known & ((rows["events"] < low) | (rows["events"] > high))
    scale = (1 / rows["cases"].where(rows["cases"] > 0)).astype("float64")
    return rows.assign(rate=rows["events"] * scale, low=low * scale, high=high * scale, is_alarm=is_alarm)


def alarms(charted: pd.DataFrame, of: str = COMPLAINTS) -> list[Estimate]:
    """Return in how many charted months a rate left its limits, or why there is no chart.

    Parameters
    ----------
    charted : DataFrame
        From `by_month` or `shares_by_month`.
    of : str
        The rate.
    """
    known = charted[charted["high"].notna()]
    if known.empty:
        reason = f"{len(charted)} full months, {LEAST_MONTHS} are needed before the first that can be judged"
        return [without_value(OUT, Status.INSUFFICIENT, reason, unit="months", n=len(charted), segment=of)]
    out = known[known["is_alarm"]]
    return [Estimate(OUT, float(len(out)), unit="months", n=len(known), segment=of,
                     reason=", ".join(out["month"].dt.strftime("%Y-%m")))]
