"""Satisfaction beside behaviour: signs that stand next to the index and never enter it; and what expectations bring."""

from datetime import date

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.estimates import Estimate, Status, without_value
from helpers.methods.cells import FEW_PEOPLE, published
from helpers.methods.intervals import mean, rank_correlation, share

AFTER_DAYS = 180
SIGNS = {"orders": "repeat purchases after answering", "spend": "spend after answering",
         "promoted": "share of lines bought under a promotion", "complaints": "complaints after answering",
         "choosing_hours": "hours from first view to purchase"}
POLICY = ("promised little", "promised something", "promised much")


def behaviour(scored: pd.DataFrame, transactions: ir.Table, cases: ir.Table, as_of: date) -> pd.DataFrame:
    """Return what customers did in the half year after answering; one row a customer, by the latest such answer.

    Parameters
    ----------
    scored : DataFrame
        From `helpers.satisfaction.scores.scores`.
    transactions, cases : Table
        Canonical tables.
    as_of : date
        Answers less than half a year old are left out: what follows is not known yet.

    Returns
    -------
    DataFrame
        ``customer_id, satisfaction, responded_at, orders, spend, promoted, complaints``.
    """
    until = pd.Timestamp(as_of) - pd.Timedelta(days=AFTER_DAYS)
    old = scored[scored["customer_id"].notna() & (scored["responded_at"] <= until)]
    old = old.sort_values(["responded_at", "response_id"]).drop_duplicates("customer_id", keep="last")
    asked = old[["customer_id", "satisfaction", "responded_at"]].sort_values("customer_id", ignore_index=True)
    if asked.empty:
        return asked.assign(orders=0.0, spend=0.0, promoted=0.0, complaints=0.0)
    lent = ibis.memtable(asked)
    made = asked.merge(_bought(lent, transactions), on="customer_id", how="left")
    made = made.merge(_complained(lent, cases), on="customer_id", how="left")
    kept = {"orders": transactions, "spend": transactions, "complaints": cases}
    nothing = {c: 0.0 if _has_rows(table) else np.nan for c, table in kept.items()}  # no records are not no orders
    return made.assign(**{c: made[c].astype("float64").fillna(value) for c, value in nothing.items()})


def _has_rows(table: ir.Table) -> bool:
    return table.limit(1).to_pyarrow().num_rows > 0


def _within(lent: ir.Table, table: ir.Table, at: str) -> ir.Table:
    """Return rows of the half year after each customer's answer."""
    joined = table.inner_join(lent, "customer_id")
    end = joined.responded_at + ibis.interval(days=AFTER_DAYS)
    return joined.filter((joined[at] > joined.responded_at) & (joined[at] <= end))


def _bought(lent: ir.Table, transactions: ir.Table) -> pd.DataFrame:
    sold = _within(lent, transactions.filter(transactions.kind == "sale"), "ordered_at")
    rows = sold.group_by("customer_id").aggregate(
        orders=sold.order_id.nunique().cast("float64"), spend=sold.amount.sum().cast("float64"),
        promoted=sold.is_promotion.cast("int64").mean())
    return rows.to_pyarrow().to_pandas()


def _complained(lent: ir.Table, cases: ir.Table) -> pd.DataFrame:
    told = _within(lent, cases.filter(cases.kind == "complaint"), "opened_at")
    return told.group_by("customer_id").aggregate(
        complaints=told.count().cast("float64")).to_pyarrow().to_pandas()


def signs(found: pd.DataFrame) -> list[Estimate]:
    """Return the rank correlation of satisfaction with each sign of behaviour after it.

    Parameters
    ----------
    found : DataFrame
        From `behaviour`.
    """
    made = []
    for column, name in SIGNS.items():
        quantity = f"satisfaction with {name}"
        known = found.dropna(subset=[column]) if column in found else found.head(0)
        if len(known) < FEW_PEOPLE or known[column].nunique() < 2:
            reason = (f"{len(known)} customers with both, fewer than {FEW_PEOPLE}" if len(known) < FEW_PEOPLE
                      else "nobody differs")
            made.append(without_value(quantity, Status.INSUFFICIENT, reason, unit="rank correlation", n=len(known)))
            continue
        i = rank_correlation(known["satisfaction"].to_numpy(), known[column].to_numpy(float))
        made.append(Estimate(quantity, i.value, i.low, i.high, "rank correlation", len(known)))
    return made


def choosing(found: pd.DataFrame, events: ir.Table, transactions: ir.Table) -> pd.DataFrame:
    """Return the table of behaviour with the hours from a first view to the purchase that followed it in a week.

    Parameters
    ----------
    found : DataFrame
        From `behaviour`.
    events, transactions : Table
        Canonical tables; views are events whose kind begins with ``view``.
    """
    viewed = events.filter(events.kind.startswith("view")).select("customer_id", "occurred_at")
    sold = transactions.filter((transactions.kind == "sale") & transactions.customer_id.notnull())
    joined = sold.select("customer_id", "order_id", "ordered_at").distinct().inner_join(viewed, "customer_id")
    near = joined.filter((joined.occurred_at <= joined.ordered_at) & (
        joined.occurred_at > joined.ordered_at - ibis.interval(days=7)))
    first = near.group_by("customer_id", "order_id", "ordered_at").aggregate(first_at=near.occurred_at.min())
    hours = (first.ordered_at.epoch_seconds() - first.first_at.epoch_seconds()) / 3600
    rows = first.mutate(hours=hours).group_by("customer_id").aggregate(choosing_hours=lambda t: t.hours.median())
    return found.merge(rows.to_pyarrow().to_pandas(), on="customer_id", how="left")


def expectation_policy(
    expected: pd.DataFrame, found: pd.DataFrame, seed: int = 0
) -> list[Estimate]:
    """Return satisfaction, spend and repeat purchase by thirds of the expectation raised.

    Parameters
    ----------
    expected : DataFrame
        ``customer_id, expectation`` [0–100].
    found : DataFrame
        From `behaviour`.
    seed : int
        Breaks ties at the edges of the thirds.
    """
    rows = found.merge(expected, on="customer_id").dropna(subset=["expectation", "orders"])
    if len(rows) < 3 * FEW_PEOPLE:
        reason = f"{len(rows)} customers with expectation and behaviour, fewer than {3 * FEW_PEOPLE}"
        return [without_value("expectation policy", Status.INSUFFICIENT, reason, n=len(rows))]
    order = np.lexsort((np.random.default_rng(seed).random(len(rows)), rows["expectation"]))
    third = np.empty(len(rows), dtype=int)
    third[order] = np.arange(len(rows)) * 3 // len(rows)
    made = []
    for name, (_, group) in zip(POLICY, rows.groupby(third), strict=True):
        n = len(group)
        made += [published("satisfaction", mean(group["satisfaction"].to_numpy()), n, unit="points", segment=name),
                 published("spend after answering", mean(group["spend"].to_numpy()), n, unit="money", segment=name),
                 published("share who bought again", share(float((group["orders"] > 0).mean()), n), n, unit="share",
                           segment=name)]
    return made


def expected_of(answers: ir.Table) -> pd.DataFrame:
    """Return each customer's mean expectation by the first answer [0–100]: ``customer_id, expectation``."""
    asked = answers.filter((answers.role == "expectation") & answers.percent.notnull() & answers.customer_id.notnull())
    rows = asked.group_by("customer_id", "response_id", "responded_at").aggregate(expectation=asked.percent.mean())
    frame = rows.to_pyarrow().to_pandas().sort_values(["responded_at", "response_id"], na_position="last")
    return frame.drop_duplicates("customer_id").sort_values("customer_id", ignore_index=True)[
        ["customer_id", "expectation"]]
