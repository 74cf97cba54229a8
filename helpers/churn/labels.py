"""Who could be lost, and who was: eligibility and outcome, both from transactions and dates alone."""

from datetime import date, timedelta

import ibis.expr.types as ir
import pandas as pd

from helpers.customers import features, purchases
from helpers.customers.windows import Snapshot, Window
from helpers.foundation.engine import Engine

ALL, ONE_TIME, REPEAT = "all", "one-time buyers", "repeat buyers"


def eligible(transactions: ir.Table, cutoff_on: date, *, eligible_days: int, margin_rate: float = 1.0,
             recent_days: int = 90) -> ir.Table:
    """Return the customers who can still be lost at a cut-off: those with a purchase occasion not long before.

    Parameters
    ----------
    transactions : ir.Table
        ``canonical/transactions``; nothing after the cut-off is seen.
    cutoff_on : date
        Last day that is seen.
    eligible_days : int
        The last purchase occasion lies within so many days, the cut-off day counted [days].
    margin_rate, recent_days : float, int
        As `features.summary` takes them.

    Returns
    -------
    ir.Table
        Grain customer: the columns of `features.summary` and ``is_one_time``.
    """
    known = features.summary(transactions, cutoff_on, margin_rate=margin_rate, recent_days=recent_days)
    return known.filter(known.recency_days < eligible_days).mutate(is_one_time=known.n_occasions == 1)


def labelled(transactions: ir.Table, snapshot: Snapshot, *, eligible_days: int, margin_rate: float = 1.0) -> ir.Table:
    """Return the eligible customers of a snapshot with ``is_lost``: no purchase occasion within its outcome window.

    Notes
    -----
    Features see nothing after the cut-off; the outcome sees nothing after its last day, so that a label once known
    never changes with later refunds.
    """
    known = eligible(transactions, snapshot.cutoff_on, eligible_days=eligible_days, margin_rate=margin_rate,
                     recent_days=snapshot.outcome.n_days)
    later = purchases.occasions(transactions, snapshot.outcome.last_on)
    returned = later.filter(snapshot.outcome.holds(later.on))
    came = returned.select(came_id="customer_id").distinct().mutate(came_back=True)
    joined = known.left_join(came, known.customer_id == came.came_id)
    return joined.mutate(is_lost=joined.came_back.isnull()).drop("came_back", "came_id")


def lost_count(engine: Engine, transactions: ir.Table, made_as_of_on: date, due_on: date, *,
               eligible_days: int) -> pd.DataFrame:
    """Return how many were lost in fact since a forecast was made: what grades it.

    Parameters
    ----------
    engine : Engine
        Counts.
    transactions : ir.Table
        Today's ``canonical/transactions``; they must reach to `due_on`.
    made_as_of_on, due_on, eligible_days : date, date, int
        As they stand in ``results/forecasts``.

    Returns
    -------
    DataFrame
        Grain segment (all, one-time buyers, repeat buyers): ``segment``, ``n_eligible``, ``n_lost`` [customers].
    """
    snapshot = Snapshot(made_as_of_on, Window(made_as_of_on + timedelta(1), due_on))
    customers = labelled(transactions, snapshot, eligible_days=eligible_days)
    lost = customers.is_lost.ifelse(1, 0)
    found = engine.arrow(customers.group_by("is_one_time").aggregate(n_eligible=lost.count(), n_lost=lost.sum()))
    counts = {ONE_TIME: (0, 0), REPEAT: (0, 0)}
    counts |= {ONE_TIME if row["is_one_time"] else REPEAT: (row["n_eligible"], row["n_lost"])
               for row in found.to_pylist()}
    rows = {ALL: tuple(map(sum, zip(*counts.values(), strict=True))), **counts}
    return pd.DataFrame([(s, *n) for s, n in rows.items()], columns=["segment", "n_eligible", "n_lost"])
