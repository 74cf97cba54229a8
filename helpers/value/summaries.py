"""What models of purchases are fitted to: a row a buyer, and buyers with equal rows counted in the engine."""

from dataclasses import dataclass
from datetime import date

import ibis
import ibis.expr.types as ir
import numpy as np

from helpers.customers import purchases
from helpers.foundation.engine import Engine
from helpers.foundation.money import MONEY
from helpers.value.purchases import DAYS_A_WEEK, Counts

KEY = ("n_repeats", "last_days", "age_days")


def buyers(transactions: ir.Table, cutoff_on: date) -> ir.Table:
    """Return each buyer's purchases up to the end of the cut-off day.

    Parameters
    ----------
    transactions : ir.Table
        ``canonical/transactions``.
    cutoff_on : date
        Last day that is seen.

    Returns
    -------
    ir.Table
        Grain customer with a purchase occasion: ``customer_id``, ``first_on``; ``n_repeats`` occasions after the
        first; ``last_days`` and ``age_days`` from the first to the last and to the cut-off; ``spend`` in all
        occasions and ``repeat_spend`` in those after the first [money].
    """
    return _of(purchases.occasions(transactions, cutoff_on), cutoff_on)


def known(engine: Engine, transactions: ir.Table, cutoff_on: date) -> ir.Table:
    """Return `buyers`, kept once a session."""
    return engine.once(_of_days, purchases.spent(engine, transactions, cutoff_on), cutoff_on)


def _of_days(days: ir.Table, cutoff_on: date) -> ir.Table:
    return _of(purchases.of_days(days), cutoff_on)


def _of(bought: ir.Table, cutoff_on: date) -> ir.Table:
    by = bought.group_by("customer_id").aggregate(
        n_repeats=bought.count() - 1, first_on=bought.on.min(), last_on=bought.on.max(),
        spend=bought.amount.sum().cast(MONEY),
        first_spend=bought.amount.argmin(bought.on).cast(MONEY))
    return by.select(
        "customer_id", "first_on", "n_repeats", last_days=by.last_on.delta(by.first_on, unit="day").cast("int64"),
        age_days=ibis.literal(cutoff_on).delta(by.first_on, unit="day").cast("int64"), spend=by.spend,
        repeat_spend=(by.spend - by.first_spend).cast(MONEY))


def with_outcome(engine: Engine, transactions: ir.Table, cutoff_on: date, last_on: date) -> ir.Table:
    """Return the buyers of a cut-off with ``orders``: their purchase occasions after it, up to the last day."""
    later = purchases.counted_after(purchases.spent(engine, transactions, last_on), cutoff_on)
    both = known(engine, transactions, cutoff_on).left_join(later, "customer_id")
    return both.mutate(orders=both.orders.fill_null(0)).drop("customer_id_right")


def counted_outcome(engine: Engine, both: ir.Table) -> tuple[Counts, np.ndarray]:
    """Return buyers with an outcome counted by `KEY` and orders, in this order, and the orders of each row."""
    by = [*KEY, "orders"]
    rows = engine.arrow(both.group_by(*by).aggregate(n=ibis._.count()).order_by(*by))
    x, last, age, orders, n = (np.asarray(rows[c].to_numpy(), "float64") for c in rows.column_names)
    return Counts(x, last / DAYS_A_WEEK, age / DAYS_A_WEEK, n), orders


@dataclass(frozen=True, eq=False)
class Base:
    """Buyers, counted and one by one.

    Parameters
    ----------
    counts : Counts
        Buyers counted by what they did.
    days : ndarray of int, shape (n_rows, 3)
        The rows of `counts` in whole numbers: repeat occasions, days to the last purchase, days seen.
    repeat_spend : ndarray, shape (n_rows,)
        What the row's buyers spent in repeat occasions altogether [money].
    """

    counts: Counts
    days: np.ndarray
    repeat_spend: np.ndarray


def base(engine: Engine, buyers: ir.Table) -> Base:
    """Return buyers counted by what they did, in order of `KEY`."""
    grouped = buyers.group_by(*KEY).aggregate(n=buyers.count(), spend=buyers.repeat_spend.sum().cast(MONEY))
    rows = engine.arrow(grouped.cast({"spend": "float64"}).order_by(*KEY))
    x, last, age, n, spend = (np.asarray(rows[c].to_numpy(), "float64") for c in rows.column_names)
    return Base(Counts(x, last / DAYS_A_WEEK, age / DAYS_A_WEEK, n),
                np.column_stack([x, last, age]).astype("int64"), spend)


def spenders(engine: Engine, buyers: ir.Table) -> tuple[np.ndarray, np.ndarray]:
    """Return repeat occasions and what was spent in them, one entry a repeat buyer, in order of both."""
    again = buyers.filter(buyers.n_repeats > 0)
    rows = engine.arrow(again.select("n_repeats", s=again.repeat_spend.cast("float64")).order_by("n_repeats", "s"))
    return rows["n_repeats"].to_numpy().astype("float64"), rows["s"].to_numpy()
