"""How many customers bought in each month: the course behind a single figure."""

from datetime import date, timedelta

import ibis.expr.types as ir
import pandas as pd

from helpers.customers import purchases
from helpers.foundation.engine import Engine


def monthly(engine: Engine, transactions: ir.Table, as_of_on: date) -> pd.DataFrame:
    """Return customers with a purchase occasion in each whole month, oldest first.

    Parameters
    ----------
    engine : Engine
        Counts.
    transactions : ir.Table
        ``canonical/transactions``.
    as_of_on : date
        Last day that is seen; a month counts once its last day has come, the first one only from its first day on.

    Returns
    -------
    DataFrame
        Grain month: ``month_on`` (its first day), ``n_customers``; months without a purchase have none.
    """
    occasions = purchases.occasions(transactions, as_of_on)
    months = occasions.group_by(month_on=occasions.on.truncate("month").cast("date")).aggregate(
        n_customers=occasions.customer_id.nunique().cast("int64"), first_on=occasions.on.min())
    found = engine.arrow(months.order_by("month_on")).to_pandas()
    if found.empty:
        return pd.DataFrame({"month_on": pd.Series(dtype="datetime64[us]"), "n_customers": pd.Series(dtype="int64")})
    counts = pd.Series(found["n_customers"].to_numpy(), pd.PeriodIndex(pd.to_datetime(found["month_on"]), freq="M"))
    last = pd.Period(as_of_on + timedelta(1), "M") - 1
    first = counts.index[0] + int(pd.Timestamp(found["first_on"].iloc[0]).day > 1)
    whole = counts.reindex(pd.period_range(first, last, freq="M"), fill_value=0)
    return pd.DataFrame({"month_on": whole.index.to_timestamp(), "n_customers": whole.to_numpy("int64")})
