"""Customers as they looked at a cut-off, counted by likeness in the engine, and whether they then bought again.

A model is fitted to some thousand kinds of customers however many customers there are.
"""

from dataclasses import dataclass
from datetime import date
from itertools import islice

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.customers.purchases import occasions
from helpers.customers.windows import Snapshot, Window, known_snapshots
from helpers.foundation.engine import Engine
from helpers.methods.disclosure_control import told

MOST_ORIGINS = 6
LEAST_PEOPLE, LEAST_EVENTS = 200, 20


@dataclass(frozen=True, slots=True)
class Cells:
    """Customers who looked alike at a cut-off, counted.

    Parameters
    ----------
    snapshot : Snapshot
        The cut-off and the window of the outcome.
    seen : DataFrame
        Grain cell: ``n_occasions, recency_days, age_days`` (means of those in it).
    n, k : ndarray, shape (n_cells,)
        Customers, and those of them who bought within the window.
    """

    snapshot: Snapshot
    seen: pd.DataFrame
    n: np.ndarray
    k: np.ndarray


def known(bought: ir.Table, cutoff_on: date) -> ir.Table:
    """Return what is known of each customer at the end of the cut-off day.

    Parameters
    ----------
    bought : Table
        From `helpers.customers.purchases.occasions` at the cut-off: nothing after it.
    cutoff_on : date
        Last day that is seen.

    Returns
    -------
    Table
        Grain customer with a purchase occasion: ``customer_id, n_occasions, recency_days, age_days``.
    """
    each = bought.group_by("customer_id").aggregate(
        n_occasions=bought.count(), first_on=bought.on.min(), last_on=bought.on.max())
    cutoff = ibis.literal(cutoff_on)
    return each.select("customer_id", "n_occasions",
                       recency_days=cutoff.delta(each.last_on, unit="day").cast("int64"),
                       age_days=cutoff.delta(each.first_on, unit="day").cast("int64"))


def cells(engine: Engine, bought: ir.Table, later: ir.Table, snapshot: Snapshot) -> Cells:
    """Return the customers of a snapshot by cell, with their outcome.

    Parameters
    ----------
    engine : Engine
        Counts.
    bought, later : Table
        Purchase occasions as seen at the cut-off, and at the end of the outcome.
    snapshot : Snapshot
        The cut-off and the window of the outcome.
    """
    came = later.filter(snapshot.outcome.holds(later.on)).select("customer_id").distinct().mutate(came=1)
    each = known(bought, snapshot.cutoff_on).left_join(came, "customer_id")
    often, ago, old = each.n_occasions, each.recency_days, each.age_days
    each = each.select("n_occasions", "recency_days", "age_days", came=each.came.fill_null(0),
                       often=ibis.least(often, 12), ago=((ago + 1).ln() * 4).floor(), old=((old + 1).ln() * 3).floor())
    values = {c: each[c].cast("float64").mean() for c in ("n_occasions", "recency_days", "age_days")}
    frame = engine.arrow(each.group_by("often", "ago", "old").aggregate(
        **values, n=each.count(), k=each.came.sum())).to_pandas()
    frame = frame.sort_values(["often", "ago", "old"], ignore_index=True)
    return Cells(snapshot, frame[["n_occasions", "recency_days", "age_days"]], frame["n"].to_numpy(float),
                 frame["k"].to_numpy(float))


def snapshots(engine: Engine, transactions: ir.Table, history: Window | None, horizon_days: int) -> list[Cells]:
    """Return the snapshots whose outcome is complete, newest first, at most six, as far back as anybody was there."""
    if history is None:
        return []
    made, later = [], engine.kept(occasions(transactions, history.last_on))
    for one in islice(known_snapshots(history, horizon_days), MOST_ORIGINS):
        bought = engine.kept(occasions(transactions, one.cutoff_on))  # the end of the outcome of the next one back
        made.append(cells(engine, bought, later, one))
        engine.forget(later)
        later = bought
    engine.forget(later)
    return [one for one in made if not lacks(one)]


def lacks(one: Cells) -> str:
    """Return why nothing can be learnt from a snapshot; empty where it can."""
    n, k = int(one.n.sum()), int(one.k.sum())
    if n < LEAST_PEOPLE:
        return f"{told(n)} customers; {LEAST_PEOPLE} are needed"
    if min(k, n - k) < LEAST_EVENTS:
        word, few = ("bought again", k) if k <= n - k else ("did not", n - k)
        return f"of {n:,} customers {told(few)} {word}; at least {LEAST_EVENTS} are asked for"
    return ""
