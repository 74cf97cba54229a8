"""Purchase occasions: each customer's days with sales above the refunds tied to them, the unit of all counting.

Beside them the orders placed, whatever became of them.
"""

from collections.abc import Sequence
from datetime import date

import ibis
import ibis.expr.types as ir

from helpers.customers import features
from helpers.foundation.engine import Engine


def spent(engine: Engine, transactions: ir.Table, cutoff_on: date) -> ir.Table:
    """Return `features.days`, computed once a session: what the audit, cohorts, ledgers and stages all begin with."""
    return engine.once(features.days, transactions, cutoff_on)


def summary(engine: Engine, transactions: ir.Table, cutoff_on: date, margin_rate: float) -> ir.Table:
    """Return `features.summary`, computed once a session."""
    return engine.once(features.of_days, spent(engine, transactions, cutoff_on), cutoff_on, margin_rate)


def occasions(transactions: ir.Table, cutoff_on: date) -> ir.Table:
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
    return of_days(features.days(transactions, cutoff_on))


def of_days(days: ir.Table) -> ir.Table:
    """Return the purchase occasions among customers' days, as `features.days` gives them."""
    return days.filter(days.occasion_sales > 0).select("customer_id", "on", amount=days.occasion_sales)


def counted_after(days: ir.Table, cutoff_on: date) -> ir.Table:
    """Return how many purchase occasions each customer has after the cut-off day, among days as `spent` gives them.

    Returns
    -------
    ir.Table
        Grain customer with at least one of them: ``customer_id``, ``orders``.
    """
    bought = of_days(days)
    return bought.filter(bought.on > cutoff_on).group_by("customer_id").aggregate(orders=ibis._.count())


def placed(transactions: ir.Table, events: ir.Table, order_kinds: Sequence[str], cutoff_on: date) -> ir.Table:
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
