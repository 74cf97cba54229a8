"""When customers are lost: how long contracts last by plan, how long buyers stay away by tier."""

from datetime import date, timedelta

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.customers import purchases
from helpers.foundation.engine import Engine
from helpers.methods import survival

SEEN_DAYS = 365
GROUPS = ("best fifth by spend", "middle by spend", "lowest fifth by spend")


def gaps(engine: Engine, transactions: ir.Table, as_of_on: date, seen_days: int = SEEN_DAYS) -> pd.DataFrame:
    """Return how long each customer stayed away after the first purchase occasion of the last year.

    Parameters
    ----------
    engine : Engine
        Computes the gaps.
    transactions : ir.Table
        ``canonical/transactions``.
    as_of_on : date
        Last day that is seen: gaps still open then are censored.
    seen_days : int
        Gaps begin within so many days [days].

    Returns
    -------
    DataFrame
        Grain customer: ``customer_id``, ``days``, ``has_ended`` (came back), ``spent`` before the gap [money].
    """
    bought = purchases.occasions(transactions, as_of_on)
    by_customer = ibis.window(group_by="customer_id", order_by="on")
    rows = bought.mutate(next_on=bought.on.lead().over(by_customer),
                         spent=bought.amount.cast("float64").sum().over(
                             ibis.window(group_by="customer_id", order_by="on", preceding=(None, 0))))
    recent = rows.filter(rows.on > as_of_on - timedelta(seen_days))
    first = recent.filter(recent.on == recent.on.min().over(ibis.window(group_by="customer_id")))
    until = ibis.coalesce(first.next_on, ibis.literal(as_of_on))
    found = engine.frame(first.select("customer_id", "spent", days=until.delta(first.on, unit="day").cast("float64"),
                                      has_ended=first.next_on.notnull()), "gaps")
    return found.sort_values("customer_id", ignore_index=True)


def curves(gaps: pd.DataFrame, contracts: pd.DataFrame) -> pd.DataFrame:
    """Return survival curves: of silence after a purchase by spend so far [days], else of contracts by plan [months].

    Parameters
    ----------
    gaps, contracts : DataFrame
        From `gaps` and `of_contracts`.

    Returns
    -------
    DataFrame
        As `helpers.methods.survival.curves` gives it; empty where nothing has a length.
    """
    if gaps.empty:
        return survival.curves(*(contracts[c].to_numpy() for c in ("months", "has_ended", "plan")))
    place = gaps["spent"].rank(pct=True, method="average").to_numpy()
    tier = np.select([place > 0.8, place <= 0.2], [GROUPS[0], GROUPS[2]], GROUPS[1])
    return survival.curves(gaps["days"].to_numpy(), gaps["has_ended"].to_numpy(bool), tier)


def of_contracts(subscriptions: pd.DataFrame, as_of_on: date) -> pd.DataFrame:
    """Return how long contracts have lasted, ended or not.

    Parameters
    ----------
    subscriptions : DataFrame
        ``canonical/subscriptions``; age is ``tenure_months``, else from the start to the end or to `as_of_on`.
    as_of_on : date
        Last day that is seen.

    Returns
    -------
    DataFrame
        Grain contract whose age is known: ``months``, ``has_ended``, ``plan``.
    """
    if subscriptions.empty:
        return pd.DataFrame({"months": [], "has_ended": [], "plan": []})
    until = subscriptions["ended_on"].astype("datetime64[us]").fillna(pd.Timestamp(as_of_on))
    dated = (until - subscriptions["started_on"].astype("datetime64[us]")).dt.days / 30.4375
    months = subscriptions["tenure_months"].astype("float64").fillna(dated).clip(lower=0)
    found = pd.DataFrame({"months": months, "has_ended": subscriptions["has_ended"].astype(bool),
                          "plan": subscriptions["plan"].astype("object").fillna("all").astype("str")})
    return found[months.notna()].reset_index(drop=True)


def summary(curves: pd.DataFrame, at: float) -> pd.DataFrame:
    """Return by group how much is left at a time, with its interval, and when half is left.

    Returns
    -------
    DataFrame
        Grain group: ``group``, ``n_customers``, ``share_left`` with ``low`` and ``high``, ``hazard`` of the last step
        and ``half_left_at`` (NaN: not within what was seen).
    """
    rows = []
    for name, part in curves.groupby("group", sort=True):
        row = survival.share_left(part, at)
        rows.append((name, int(part["n_at_risk"].max()), row["share_left"], row["low"], row["high"], row["hazard"],
                     survival.median(part)))
    return pd.DataFrame(rows, columns=["group", "n_customers", "share_left", "low", "high", "hazard", "half_left_at"])
