"""Cohort analysis: retention and margin by quarter of first purchase."""

from datetime import date

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.customers import features, purchases, windows
from helpers.foundation.engine import Engine
from helpers.foundation.results import Estimate, Status, estimate_table, no_estimate
from helpers.stats import confidence_intervals

MAX_COHORTS = 12

MIN_COHORT_SIZE = 10


def cohort_triangle(engine: Engine, transactions: ir.Table, as_of_on: date, margin_rate: float) -> pd.DataFrame:
    """Return the cohort triangle, oldest cohort first.

    Parameters
    ----------
    engine : Engine
        Counts.
    transactions : ir.Table
        ``canonical/transactions``.
    as_of_on : date
        Last day that is seen; a quarter counts once its last day has come.
    margin_rate : float
        Share of net sales that is margin where no unit cost is recorded.

    Returns
    -------
    DataFrame
        Grain cohort × quarter since, of the last twelve cohorts: ``cohort`` (the quarter of the first purchase),
        ``quarters`` since it (0 its own), ``n_customers`` of the cohort, ``share_active`` with a purchase occasion in
        that quarter, ``margin`` a customer of the cohort [money], empty where none brings any. Cohorts under ten
        customers are left out.
    """
    columns = ["cohort", "quarters", "n_customers", "share_active", "margin"]
    spent = purchases.cached_customer_days(engine, transactions, as_of_on)
    first = purchases.occasions_from_days(spent).group_by("customer_id").aggregate(first_on=ibis._.on.min())
    lines = spent.inner_join(first, "customer_id").mutate(
        cohort=_quarter(ibis._.first_on), quarters=_quarter(ibis._.on) - _quarter(ibis._.first_on),
        margin=lambda t: features.margin_with_assumed_rate(t, margin_rate))
    active = (features.is_occasion(lines).ifelse(lines.customer_id, None)).nunique()
    found = engine.arrow(lines.filter(lines.quarters >= 0).group_by("cohort", "quarters").aggregate(
        active=active, margin=lines.margin.sum().cast("float64")).order_by("cohort", "quarters")).to_pandas()
    last = windows.last_whole_period(as_of_on, "Q")
    found = found[found["cohort"] + found["quarters"] <= 4 * last.year + last.quarter - 1]
    n = found[found["quarters"] == 0].set_index("cohort")["active"]
    known = found[found["cohort"].isin(n[n >= MIN_COHORT_SIZE].index[-MAX_COHORTS:])]
    size = known["cohort"].map(n)
    margin = known["margin"] / size if known["margin"].any() else np.nan
    return pd.DataFrame({"cohort": [f"{q // 4} Q{q % 4 + 1}" for q in known["cohort"]], "quarters": known["quarters"],
                         "n_customers": size, "share_active": known["active"] / size,
                         "margin": margin}, columns=columns).reset_index(drop=True)


def cohort_matrix(triangle: pd.DataFrame, of: str = "share_active") -> pd.DataFrame:
    """Return the triangle as cohorts × quarters since, for the figure."""
    wide = triangle.dropna(subset=[of]).pivot(index="cohort", columns="quarters", values=of)
    return wide.rename_axis(index="first purchase", columns="quarters since")


def cohort_table(triangle: pd.DataFrame) -> pd.DataFrame:
    """Return the triangle as a long summary table: share active and margin a customer, by cohort and quarter since."""
    rows = []
    for row in triangle.to_dict("records"):
        segment, n = f"{row['cohort']} + {row['quarters']}", int(row["n_customers"])
        found = confidence_intervals.share_interval(row["share_active"], n)
        rows += [Estimate("cohort_active", found.value, found.low, found.high, unit="share", n=n, segment=segment),
                 Estimate("cohort_margin", row["margin"], unit="money", n=n, segment=segment) if pd.notna(row["margin"])
                 else no_estimate("cohort_margin", Status.INSUFFICIENT, "no cohort brings a margin", unit="money", n=n,
                                  segment=segment)]
    return estimate_table(rows)


def _quarter(day: ir.DateValue) -> ir.IntegerValue:
    return (day.year() * 4 + day.quarter() - 1).cast("int64")
