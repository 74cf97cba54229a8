"""What customers do, relative to the opportunity they had: periods with a purchase among the periods elapsed."""

from datetime import date

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.engine import Engine
from helpers.foundation.estimates import Estimate
from helpers.loyalty.assumptions import Assumptions
from helpers.methods.disclosure_control import published
from helpers.methods.intervals import share

DAYS_A_MONTH = 365.25 / 12
ORDERED_AGAIN, BOUGHT_AGAIN = "customers who placed a second order", "customers who bought on a second day"


def purchases(occasions: ir.Table, as_of_on: date, assumed: Assumptions) -> pd.DataFrame:
    """Return repeat purchase by customer, sorted.

    Parameters
    ----------
    occasions : Table
        From `helpers.customers.purchases.occasions`.
    as_of_on : date
        Last day that is seen.
    assumed : Assumptions
        Length of a period, and how many must have elapsed.

    Returns
    -------
    DataFrame
        ``customer_id, first_on, n_orders`` (purchase occasions)``, n_periods, n_active_periods, share_active`` (NaN
        where too few periods have elapsed). Period k of a customer is the days from (k − 1) · length + 1 to
        k · length after the first purchase; the day of the first purchase and the unfinished period do not count, so
        a newcomer is not held against an old customer.
    """
    occasions = occasions.select("customer_id", "on")
    firsts = occasions.group_by("customer_id").aggregate(first_on=occasions.on.min(), n_orders=occasions.count())
    elapsed = ibis.literal(as_of_on).delta(firsts.first_on, unit="day").cast("int64")
    firsts = firsts.mutate(n_periods=(elapsed / assumed.period_days).floor().cast("int64"))
    table = occasions.inner_join(firsts, "customer_id")
    offset = table.on.delta(table.first_on, unit="day").cast("int64")
    period = (offset / assumed.period_days).ceil().cast("int64")
    table = table.mutate(period=period)
    is_counted = (table.period >= 1) & (table.period <= table.n_periods)
    found = table.group_by("customer_id", "first_on", "n_orders", "n_periods").aggregate(
        n_active_periods=table.period.nunique(where=is_counted))
    frame = found.to_pyarrow().to_pandas().sort_values("customer_id", ignore_index=True)
    is_judged = frame["n_periods"] >= assumed.least_periods
    share = (frame["n_active_periods"] / frame["n_periods"].where(is_judged)).astype("float64")
    return frame.assign(first_on=pd.to_datetime(frame["first_on"]), share_active=share)


def contracts(subscriptions: ir.Table, as_of_on: date, assumed: Assumptions) -> pd.DataFrame:
    """Return whether a customer's contract runs, sorted by customer.

    Returns
    -------
    DataFrame
        ``customer_id, has_contract, is_too_early`` (it runs, but has not yet lasted as long as repeat purchase is
        given to show; a contract of unknown age is taken as old enough).
    """
    started = ibis.literal(as_of_on).delta(subscriptions.started_on, unit="day").cast("float64")
    age = ibis.coalesce(started, subscriptions.tenure_months * DAYS_A_MONTH)
    runs = ~subscriptions.has_ended | (subscriptions.ended_on > ibis.literal(as_of_on))
    found = subscriptions.group_by("customer_id").aggregate(
        has_contract=runs.fill_null(False).any(), age_days=age.max(), is_dated=age.notnull().any())
    frame = found.to_pyarrow().to_pandas().sort_values("customer_id", ignore_index=True)
    least = assumed.least_periods * assumed.period_days
    is_early = frame["has_contract"].astype(bool) & (frame["age_days"] < least)
    return frame.assign(is_too_early=is_early)[["customer_id", "has_contract", "is_too_early"]]


def repeated(engine: Engine, placed: ir.Table, bought: pd.DataFrame) -> list[Estimate]:
    """Return who came back at all: the share who placed a second order, and the share who bought on a second day.

    Parameters
    ----------
    engine : Engine
        Counts.
    placed : Table
        From `helpers.customers.purchases.placed`: orders of a day count singly, and so do cancelled ones.
    bought : DataFrame
        From `purchases`.
    """
    by_orders = engine.first_row(placed.aggregate(n=placed.count(), k=(placed.n_orders > 1).ifelse(1, 0).sum()))
    counts = {ORDERED_AGAIN: (int(by_orders["n"]), int(by_orders["k"] or 0)),
              BOUGHT_AGAIN: (len(bought), int((bought["n_orders"] > 1).sum()))}
    return [published(q, share(k / n if n else np.nan, n), n, unit="share") for q, (n, k) in counts.items()]
