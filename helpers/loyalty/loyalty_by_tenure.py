"""Loyalty by tenure: purchases by period since the first, attitude by time as a customer."""

from datetime import date

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.engine import Engine
from helpers.loyalty.config import LoyaltyConfig
from helpers.loyalty.schema import LOYALTY_KINDS
from helpers.stats.confidence_intervals import Interval, mean_interval, share_interval
from helpers.stats.disclosure_control import LEAST_PEOPLE, is_hidden, suppress_two_way

MAX_PERIODS = 12

TENURE_CLASSES = ((0, 1, "under 2"), (2, 3, "2 to 3"), (4, 7, "4 to 7"), (8, 10**6, "8 and more"))


def purchases_by_period(engine: Engine, occasions: ir.Table, as_of_on: date, assumed: LoyaltyConfig) -> pd.DataFrame:
    """Return the share of customers who buy in each period after the first purchase.

    Parameters
    ----------
    engine : Engine
        Counts.
    occasions : Table
        From `helpers.customers.purchases.purchase_occasions`.
    as_of_on : date
        Last day that is seen.
    assumed : LoyaltyConfig
        Length of a period.

    Returns
    -------
    DataFrame
        Grain period, up to twelve: ``period, n`` (customers for whom it has passed)``, share_active, low, high`` and
        ``n_before, share_again, again_low, again_high``: those who bought in the period before, and the share of them
        who bought in this one; empty in the first, which no period precedes. Periods that fewer than ten customers have
        passed are left out, shares of one to nine are empty.
    """
    occasions = occasions.select("customer_id", "on")
    firsts = occasions.group_by("customer_id").aggregate(first_on=occasions.on.min())
    elapsed = ibis.literal(as_of_on).delta(firsts.first_on, unit="day").cast("int64")
    firsts = firsts.mutate(n_periods=(elapsed / assumed.period_days).floor().cast("int64"))
    table = occasions.inner_join(firsts, "customer_id")
    offset = table.on.delta(table.first_on, unit="day").cast("int64")
    period = (offset / assumed.period_days).ceil().cast("int64")
    table = table.mutate(period=period).filter(lambda t: (t.period <= t.n_periods) & (t.period <= MAX_PERIODS))
    active = table.select("customer_id", "period", "n_periods").distinct()
    last = ibis.window(group_by="customer_id", order_by="period")
    active = active.mutate(before=active.period.lag().over(last), after=active.period.lead().over(last))
    counts = engine.arrow(active.group_by("period").aggregate(
        n_active=active.count(), n_again=(active.before == active.period - 1).fill_null(False).ifelse(1, 0).sum(),
        n_could=(active.n_periods > active.period).ifelse(1, 0).sum())).to_pandas().set_index("period")
    passed = engine.arrow(firsts.group_by("n_periods").aggregate(n=firsts.count())).to_pandas()
    rows = [_period_row(k, counts, int(passed.loc[passed["n_periods"] >= k, "n"].sum()))
            for k in range(1, MAX_PERIODS + 1)]
    names = ["period", "n", "share_active", "low", "high", "n_before", "share_again", "again_low", "again_high"]
    return pd.DataFrame([r for r in rows if r["n"] >= LEAST_PEOPLE], columns=names).astype({"n_before": "Int64"})


def _period_row(k: int, counts: pd.DataFrame, n: int) -> dict[str, float]:
    def count(column: str, at: int) -> int:
        return int(counts[column].get(at, 0))

    def part(some: int, whole: int) -> Interval:
        is_told = whole >= LEAST_PEOPLE and not is_hidden(some)
        return share_interval(some / whole, whole) if is_told else Interval(np.nan, np.nan, np.nan)

    before = count("n_could", k - 1) if k > 1 else 0
    active, again = part(count("n_active", k), n), part(count("n_again", k), before)
    return {"period": k, "n": n, "share_active": active.value, "low": active.low, "high": active.high,
            "n_before": np.nan if k == 1 or is_hidden(before) else before,
            "share_again": again.value, "again_low": again.low, "again_high": again.high}


def attitude_by_tenure(people: pd.DataFrame) -> pd.DataFrame:
    """Return attitude and kinds by time as a customer; classes with fewer than ten people are left out.

    Parameters
    ----------
    people : DataFrame
        From `helpers.loyalty.dick_basu.classify_loyalty`.

    Returns
    -------
    DataFrame
        Grain class of whole periods since the first purchase: ``periods, n_answered, attitude, attitude_low,
        attitude_high, n_kinds`` and a share for each of the four kinds, empty where it is of one to nine people or
        would, with the other classes and the kinds of everybody, tell such a one. Different customers stand in
        different classes: who has left does not answer, so that a rise is not by itself a customer's own.
    """
    rows, kinds = [], _kinds_by_tenure(people)
    for low, high, name in TENURE_CLASSES:
        part = people[people["n_periods"].between(low, high)]
        attitude = part["attitude"].dropna().to_numpy(float)
        n_kinds = int(part["kind"].isin(LOYALTY_KINDS).sum())
        if len(attitude) >= LEAST_PEOPLE:
            found = mean_interval(attitude)
            shares = kinds.loc[name] if n_kinds >= LEAST_PEOPLE else dict.fromkeys(LOYALTY_KINDS, np.nan)
            rows.append({"periods": name, "n_answered": len(attitude), "attitude": found.value,
                         "attitude_low": found.low, "attitude_high": found.high, "n_kinds": n_kinds, **shares})
    return pd.DataFrame(rows, columns=["periods", "n_answered", "attitude", "attitude_low", "attitude_high", "n_kinds",
                                       *LOYALTY_KINDS])


def _kinds_by_tenure(people: pd.DataFrame) -> pd.DataFrame:
    """Return the share of each kind (columns) in each class (rows), withheld cells left empty."""
    told, everybody = people[people["kind"].isin(LOYALTY_KINDS)], "everybody"
    counts = pd.DataFrame({name: told.loc[told["n_periods"].between(low, high), "kind"].value_counts()
                           for low, high, name in TENURE_CLASSES}
                          | {everybody: told["kind"].value_counts()}).T.reindex(columns=LOYALTY_KINDS).fillna(0)
    shares = counts.mask(suppress_two_way(counts)).div(counts.sum(axis=1).replace(0, np.nan), axis=0)
    return shares.drop(index=everybody)
