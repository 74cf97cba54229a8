"""Purchase occasions: each customer's days with sales above the refunds tied to them, the unit of all counting."""

from datetime import date

import ibis
import ibis.expr.types as ir

from helpers.customers import features


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
    spent = features.days(transactions, cutoff_on)
    return spent.filter(spent.occasion_sales > 0).select("customer_id", "on", amount=spent.occasion_sales)


def counted_after(transactions: ir.Table, cutoff_on: date, last_on: date) -> ir.Table:
    """Return how many purchase occasions each customer has after the cut-off day, up to the last day.

    Returns
    -------
    ir.Table
        Grain customer with at least one of them: ``customer_id``, ``orders``.
    """
    bought = occasions(transactions, last_on)
    return bought.filter(bought.on > cutoff_on).group_by("customer_id").aggregate(orders=ibis._.count())
