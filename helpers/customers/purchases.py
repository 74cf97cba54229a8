"""Purchase occasions: days with net sales above zero; counts by customer and by month.

Beside them the orders placed, whatever became of them.
"""

from collections.abc import Sequence
from datetime import date

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.customers import features, windows
from helpers.foundation.engine import Engine


def cached_customer_days(engine: Engine, transactions: ir.Table, cutoff_on: date) -> ir.Table:
    """Return `features.days`, computed once a session: what the audit, cohorts, ledgers and stages all begin with."""
    return engine.once(features.customer_days, transactions, cutoff_on)


def cached_customer_summary(engine: Engine, transactions: ir.Table, cutoff_on: date, margin_rate: float) -> ir.Table:
    """Return `features.customer_summary`, computed once a session."""
    return engine.once(
        features.summary_from_days, cached_customer_days(engine, transactions, cutoff_on), cutoff_on, margin_rate
    )


def purchase_occasions(transactions: ir.Table, cutoff_on: date) -> ir.Table:
    """Return each customer's purchase occasions up to the end of the cut-off day.

    Parameters
    ----------
    transactions : ir.Table
        ``canonical/transactions``.
    cutoff_on : date
        Last day that is seen, refunds included.

    Returns
    -------
    ir.Table
        Grain customer × day: ``customer_id``, ``on``, ``amount``, net of the refunds tied to the day's orders [money].
    """
    return occasions_from_days(features.customer_days(transactions, cutoff_on))


def occasions_from_days(days: ir.Table) -> ir.Table:
    """Return the purchase occasions among customers' days, as `features.days` gives them."""
    return days.filter(features.is_occasion(days)).select("customer_id", "on", amount=days.occasion_sales)


def count_occasions_after(days: ir.Table, cutoff_on: date) -> ir.Table:
    """Return how many purchase occasions each customer has after the cut-off day, among days as `spent` gives them.

    Returns
    -------
    ir.Table
        Grain customer with at least one of them: ``customer_id``, ``orders``.
    """
    bought = occasions_from_days(days)
    return bought.filter(bought.on > cutoff_on).group_by("customer_id").aggregate(orders=ibis._.count())


def count_orders(transactions: ir.Table, events: ir.Table, order_kinds: Sequence[str], cutoff_on: date) -> ir.Table:
    """Return how many orders each customer placed up to the end of the cut-off day, whatever became of them.

    Parameters
    ----------
    transactions, events : ir.Table
        Canonical tables.
    order_kinds : sequence of str
        Kinds of event that stand for an order, whose ``object_id`` is the order: they show orders without a sale,
        such as cancelled ones.
    cutoff_on : date
        Last day that is seen.

    Returns
    -------
    ir.Table
        Grain customer with an order: ``customer_id``, ``n_orders``.
    """
    sold = transactions.filter(transactions.kind == "sale", transactions.customer_id.notnull(),
                               transactions.ordered_at.date() <= cutoff_on)
    told = events.filter(events.kind.isin(list(order_kinds)), events.object_id.notnull(),
                         events.occurred_at.date() <= cutoff_on)
    orders = sold.select("customer_id", "order_id").union(
        told.select("customer_id", order_id=told.object_id), distinct=True)
    return orders.group_by("customer_id").aggregate(n_orders=orders.count())


def monthly_buyers(engine: Engine, transactions: ir.Table, as_of_on: date) -> pd.DataFrame:
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
    occasions = purchase_occasions(transactions, as_of_on)
    months = occasions.group_by(month_on=occasions.on.truncate("month").cast("date")).aggregate(
        n_customers=occasions.customer_id.nunique().cast("int64"), first_on=occasions.on.min())
    found = engine.arrow(months.order_by("month_on")).to_pandas()
    if found.empty:
        return pd.DataFrame({"month_on": pd.Series(dtype="datetime64[us]"), "n_customers": pd.Series(dtype="int64")})
    counts = pd.Series(found["n_customers"].to_numpy(), pd.PeriodIndex(pd.to_datetime(found["month_on"]), freq="M"))
    whole = counts.reindex(windows.whole_periods(found["first_on"].iloc[0], as_of_on, "M"), fill_value=0)
    return pd.DataFrame({"month_on": whole.index.to_timestamp(), "n_customers": whole.to_numpy("int64")})


def quarterly_figures(engine: Engine, transactions: ir.Table, as_of_on: date) -> pd.DataFrame:
    """Return net sales, customers, and who of the quarter before bought again, in each whole quarter, oldest first.

    Parameters
    ----------
    engine : Engine
        Counts.
    transactions : ir.Table
        ``canonical/transactions``.
    as_of_on : date
        Last day that is seen; a quarter counts once its last day has come, the first one only from its first day on.

    Returns
    -------
    DataFrame
        Grain quarter: ``ends_on`` (its last day), ``net_sales`` [money], ``n_customers``, ``n_again``: of the customers
        of the quarter before, who bought in this one too; missing in the first quarter.
    """
    seen = transactions.filter(transactions.ordered_at.date() <= as_of_on)
    sold = seen.filter(seen.kind.isin(["sale", "refund"]))
    sales = sold.group_by(quarter=_quarter(sold.ordered_at.date())).aggregate(
        net_sales=sold.amount.sum().cast("float64"), first_on=sold.ordered_at.date().min())
    occasions = purchase_occasions(transactions, as_of_on)
    active = occasions.select("customer_id", quarter=_quarter(occasions.on)).distinct()
    earlier = active.select("customer_id", quarter=active.quarter + 1)
    again = active.semi_join(earlier, ["customer_id", "quarter"])
    counts, kept = (table.group_by("quarter").aggregate(n=table.count()) for table in (active, again))
    found, n_customers, n_again = (engine.arrow(table.order_by("quarter")).to_pandas().set_index("quarter")
                                   for table in (sales, counts, kept))
    if found.empty:
        return pd.DataFrame({"ends_on": pd.Series(dtype="datetime64[us]"), "net_sales": pd.Series(dtype="float64"),
                             "n_customers": pd.Series(dtype="int64"), "n_again": pd.Series(dtype="float64")})
    quarters = windows.whole_periods(found["first_on"].iloc[0], as_of_on, "Q")
    whole = pd.Index(4 * quarters.year + quarters.quarter - 1, dtype="int64")
    again = n_again["n"].reindex(whole, fill_value=0).astype("float64").to_numpy()
    return pd.DataFrame({"ends_on": quarters.end_time.normalize().as_unit("us"),
                         "net_sales": found["net_sales"].reindex(whole, fill_value=0.0).to_numpy(),
                         "n_customers": n_customers["n"].reindex(whole, fill_value=0).to_numpy("int64"),
                         "n_again": np.where(np.arange(len(whole)) > 0, again, np.nan)})


def _quarter(on: ir.DateValue) -> ir.IntegerValue:
    """Return quarters in a row: four times the year and the number of the quarter, 0 to 3."""
    return 4 * on.year() + on.quarter() - 1
