"""Frequency, recency and age (x, t_x, T) of buyers: equal customers are counted in the engine."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import ibis
import ibis.expr.types as ir
import numpy as np

from helpers.customers import purchases
from helpers.foundation.engine import Engine
from helpers.foundation.money import MONEY

DAYS_PER_WEEK = 7.0


@dataclass(frozen=True, eq=False)
class FrequencyRecency:
    """Customers counted by what they did.

    Parameters
    ----------
    x : ndarray of float, shape (n_rows,)
        Repeat purchase occasions.
    t_x, T : ndarray of float, shape (n_rows,)
        Time of the last of them (0 where there is none) and time seen [weeks].
    n : ndarray of float, shape (n_rows,)
        Customers in the row.
    """

    x: np.ndarray
    t_x: np.ndarray
    T: np.ndarray
    n: np.ndarray

    @property
    def n_customers(self) -> int:
        """All customers."""
        return int(self.n.sum())

    @property
    def n_repeat_buyers(self) -> int:
        """Customers with a repeat purchase."""
        return int(self.n[self.x > 0].sum())

    @property
    def n_repeats(self) -> int:
        """All repeat purchase occasions."""
        return int((self.n * self.x).sum())

    @cached_property
    def levels(self) -> "UniqueValues":
        """The distinct values of x, and how many customers have each."""
        return unique_values(self.x, self.n)

    @cached_property
    def age_values(self) -> "UniqueValues":
        """The distinct times seen."""
        return unique_values(self.T, self.n)

    @cached_property
    def last_purchase_values(self) -> "UniqueValues":
        """The distinct times of the last purchase."""
        return unique_values(self.t_x, self.n)


@dataclass(frozen=True, slots=True, eq=False)
class UniqueValues:
    """Distinct values, the row's place among them, and customers by value."""

    values: np.ndarray
    place: np.ndarray
    n: np.ndarray


def unique_values(values: np.ndarray, n: np.ndarray) -> UniqueValues:
    """Return distinct values of an array, so that slow functions of it are computed once for each."""
    distinct, place = np.unique(values, return_inverse=True)
    return UniqueValues(distinct, place, np.bincount(place, n, len(distinct)))


def collapse_equal_customers(
    x: np.ndarray,
    t_x: np.ndarray,
    T: np.ndarray,  # noqa: N803
    n: np.ndarray | None = None,
) -> FrequencyRecency:
    """Return arrays of one row a customer with equal rows collapsed, in order of x, t_x, T.

    Parameters
    ----------
    x, t_x, T : ndarray, shape (n_customers,)
        As in `Counts`; times a whole number of days.
    n : ndarray, shape (n_customers,), optional
        Customers behind each row, by default one.
    """
    days = [np.rint(np.asarray(t, "float64") * DAYS_PER_WEEK).astype("int64") for t in (t_x, T)]
    x = np.asarray(x).astype("int64")
    width = int(max((d.max(initial=0) for d in days), default=0)) + 1
    packed = (x * width + days[0]) * width + days[1]
    if n is None:  # sorting alone, a third of what the place of each row takes
        key, weights = np.unique(packed, return_counts=True)
    else:
        key, place = np.unique(packed, return_inverse=True)
        weights = np.bincount(place, n, len(key))
    return FrequencyRecency((key // width**2).astype("float64"), key // width % width / DAYS_PER_WEEK,
                  key % width / DAYS_PER_WEEK, weights.astype("float64"))


FREQUENCY_RECENCY_KEY = ("n_repeats", "last_days", "age_days")


def buyer_history(transactions: ir.Table, cutoff_on: date) -> ir.Table:
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
    return _of(purchases.purchase_occasions(transactions, cutoff_on), cutoff_on)


def cached_buyer_history(engine: Engine, transactions: ir.Table, cutoff_on: date) -> ir.Table:
    """Return `buyers`, kept once a session."""
    days = purchases.cached_customer_days(engine, transactions, cutoff_on)
    return engine.once(buyer_history_from_days, days, cutoff_on)


def buyer_history_from_days(days: ir.Table, cutoff_on: date) -> ir.Table:
    """Return `buyer_history` from customers' days up to the cut-off, as `features.customer_days` gives them."""
    return _of(purchases.occasions_from_days(days), cutoff_on)


def _of(bought: ir.Table, cutoff_on: date) -> ir.Table:
    by = bought.group_by("customer_id").aggregate(
        n_repeats=bought.count() - 1, first_on=bought.on.min(), last_on=bought.on.max(),
        spend=bought.amount.sum().cast(MONEY),
        first_spend=bought.amount.argmin(bought.on).cast(MONEY))
    return by.select(
        "customer_id", "first_on", "n_repeats", last_days=by.last_on.delta(by.first_on, unit="day").cast("int64"),
        age_days=ibis.literal(cutoff_on).delta(by.first_on, unit="day").cast("int64"), spend=by.spend,
        repeat_spend=(by.spend - by.first_spend).cast(MONEY))


def buyers_with_outcome(engine: Engine, transactions: ir.Table, cutoff_on: date, last_on: date) -> ir.Table:
    """Return the buyers of a cut-off with ``orders``: their purchase occasions after it, up to the last day."""
    later = purchases.count_occasions_after(purchases.cached_customer_days(engine, transactions, last_on), cutoff_on)
    both = cached_buyer_history(engine, transactions, cutoff_on).left_join(later, "customer_id")
    return both.mutate(orders=both.orders.fill_null(0)).drop("customer_id_right")


def count_buyers_with_outcome(engine: Engine, both: ir.Table) -> tuple[FrequencyRecency, np.ndarray]:
    """Return buyers with an outcome counted by `FREQUENCY_RECENCY_KEY` and orders, sorted, and each row's orders."""
    by = [*FREQUENCY_RECENCY_KEY, "orders"]
    rows = engine.arrow(both.group_by(*by).aggregate(n=ibis._.count()).order_by(*by))
    x, last, age, orders, n = (np.asarray(rows[c].to_numpy(), "float64") for c in rows.column_names)
    return FrequencyRecency(x, last / DAYS_PER_WEEK, age / DAYS_PER_WEEK, n), orders


@dataclass(frozen=True, eq=False)
class CountedBuyers:
    """Buyers, counted and one by one.

    Parameters
    ----------
    counts : FrequencyRecency
        Buyers counted by what they did.
    days : ndarray of int, shape (n_rows, 3)
        The rows of `counts` in whole numbers: repeat occasions, days to the last purchase, days seen.
    repeat_spend : ndarray, shape (n_rows,)
        What the row's buyers spent in repeat occasions altogether [money].
    """

    counts: FrequencyRecency
    days: np.ndarray
    repeat_spend: np.ndarray


def count_buyers(engine: Engine, buyers: ir.Table) -> CountedBuyers:
    """Return buyers counted by what they did, in order of `FREQUENCY_RECENCY_KEY`."""
    grouped = buyers.group_by(*FREQUENCY_RECENCY_KEY).aggregate(
        n=buyers.count(), spend=buyers.repeat_spend.sum().cast(MONEY)
    )
    rows = engine.arrow(grouped.cast({"spend": "float64"}).order_by(*FREQUENCY_RECENCY_KEY))
    x, last, age, n, spend = (np.asarray(rows[c].to_numpy(), "float64") for c in rows.column_names)
    return CountedBuyers(FrequencyRecency(x, last / DAYS_PER_WEEK, age / DAYS_PER_WEEK, n),
                np.column_stack([x, last, age]).astype("int64"), spend)


def repeat_spend(engine: Engine, buyers: ir.Table) -> tuple[np.ndarray, np.ndarray]:
    """Return repeat occasions and what was spent in them, one entry a repeat buyer, in order of both."""
    again = buyers.filter(buyers.n_repeats > 0)
    rows = engine.arrow(again.select("n_repeats", s=again.repeat_spend.cast("float64")).order_by("n_repeats", "s"))
    return rows["n_repeats"].to_numpy().astype("float64"), rows["s"].to_numpy()
