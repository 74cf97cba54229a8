"""RFM: recency, frequency and monetary quintile scores."""

import ibis
import ibis.expr.types as ir
import pandas as pd

from helpers.foundation.engine import Engine
from helpers.stats import disclosure_control

N_QUINTILES = 5


def rfm_scores(customers: ir.Table) -> ir.Table:
    """Return customers with their three scores from 1 to 5, 5 best.

    Parameters
    ----------
    customers : ir.Table
        As `features.customer_summary` gives them.

    Notes
    -----
    score = ⌈5 × middle rank / n⌉ among customers with a purchase occasion. Equal values have the same middle rank
    and so the same score, whatever the order of rows: where most people bought once, one score holds them all and
    others may stay empty. Customers without an occasion have no score, and none has one of money without amounts.
    """
    bought = customers.n_occasions > 0
    scores = {"recency_score": -customers.recency_days, "frequency_score": customers.n_occasions,
              "money_score": customers.net_sales}
    return customers.mutate(**{name: bought.ifelse(_quintile(value, bought), None) for name, value in scores.items()})


def _quintile(value: ir.NumericValue, bought: ir.BooleanValue) -> ir.IntegerValue:
    n_below = ibis.rank().over(ibis.window(group_by=bought, order_by=value))
    n_ties = value.count().over(ibis.window(group_by=[bought, value]))
    n = value.count().over(ibis.window(group_by=bought))
    return (N_QUINTILES * (n_below + (n_ties + 1) / 2) / n.nullif(0)).ceil().cast("int64")


def recency_frequency_grid(engine: Engine, customers: ir.Table) -> pd.DataFrame:
    """Return the share of all net sales by recency score (rows, 5 on top) and frequency score (columns).

    Cells of one to nine customers are left empty, and those beside them that would tell them.
    """
    if "recency_score" not in customers.columns:
        return pd.DataFrame()
    known = customers.filter(customers.recency_score.notnull())
    cells = engine.arrow(known.group_by("recency_score", "frequency_score").aggregate(
        net_sales=known.net_sales.sum().cast("float64"), n=known.count())).to_pandas()
    if cells.empty or cells["net_sales"].sum() <= 0:
        return pd.DataFrame()
    shares = cells.assign(net_sales=cells["net_sales"] / cells["net_sales"].sum())
    wide, n = (shares.pivot(index="recency_score", columns="frequency_score", values=v) for v in ("net_sales", "n"))
    wide, every = wide.mask(disclosure_control.suppress_two_way(n.fillna(0))), list(range(1, N_QUINTILES + 1))
    return wide.reindex(index=every[::-1], columns=every).rename_axis(
        index="recency score", columns="frequency score")


def count_one_time_buyers(engine: Engine, customers: ir.Table) -> tuple[int, int]:
    """Return how many customers have a purchase occasion, and how many of them exactly one."""
    if "n_occasions" not in customers.columns:
        return 0, 0
    n = customers.n_occasions
    row = engine.first_row(customers.aggregate(bought=(n > 0).ifelse(1, 0).sum().fill_null(0),
                                               once=(n == 1).ifelse(1, 0).sum().fill_null(0)))
    return row["bought"], row["once"]
