"""What has become of forecasts of orders and margin once their last day has passed."""

from datetime import date, datetime

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.customers import features
from helpers.foundation.engine import Engine
from helpers.foundation.study import Economics
from helpers.methods import grading
from helpers.value.lifetime import DAYS_A_YEAR

ORDERS, MARGIN = "orders_ahead", "margin_ahead"
WINDOW = ["made_as_of_on", "due_on"]


def happened(engine: Engine, transactions: ir.Table, due: pd.DataFrame, economics: Economics) -> pd.Series:
    """Return what the buyers of the day of each forecast have done since, by the index of `due`.

    Parameters
    ----------
    engine : Engine
        Counts.
    transactions : ir.Table
        Today's ``canonical/transactions``, which must reach to every ``due_on``.
    due : DataFrame
        Grain forecast: the columns of ``results/value_forecasts``.
    economics : Economics
        Margin where no cost is known, and the rate at which the forecast was discounted; a forecast is graded only
        where they are what they were.

    Returns
    -------
    Series of float
        Purchase occasions [orders], and margin discounted to the day of the forecast [money], of everybody who had
        bought by then; NaN where nobody had, and for any other quantity.
    """
    is_known = due["quantity"].isin([ORDERS, MARGIN]) & due["segment"].eq("all")

    def counted(made_on: datetime, due_on: datetime) -> dict[str, float]:
        return _since(engine, transactions, made_on.date(), due_on.date(), economics)

    return grading.happened(due, is_known, WINDOW, "quantity", counted)


def _since(engine: Engine, transactions: ir.Table, made_on: date, due_on: date,
           economics: Economics) -> dict[str, float]:
    """Return orders and discounted margin after one day up to another, of those who had bought by the first."""
    spent = features.days(transactions, due_on)
    early = features.days(transactions, made_on)
    buyers = early.filter(early.occasion_sales > 0).select("customer_id").distinct()
    later = spent.filter(spent.on > made_on).semi_join(buyers, "customer_id")
    days = later.on.delta(ibis.literal(made_on), unit="day").cast("float64")
    margin = later.costed_margin.cast("float64") + later.uncosted_sales.cast("float64") * economics.margin_rate
    worth = margin * ((-days / DAYS_A_YEAR) * float(np.log1p(economics.discount_rate))).exp()
    row = engine.first_row(later.mutate(worth=worth).aggregate(
        orders=(ibis._.occasion_sales > 0).ifelse(1, 0).sum().fill_null(0), margin=ibis._.worth.sum().fill_null(0.0)))
    n = engine.first_row(buyers.aggregate(n=ibis._.count()))["n"]
    return {ORDERS: float(row["orders"]), MARGIN: float(row["margin"])} if n else {ORDERS: np.nan, MARGIN: np.nan}
