"""Redemption by issue cohort: matched to lots, FIFO or LIFO; cumulative triangle."""

from datetime import date

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.engine import Engine
from helpers.loyalty.points_ledger import ledger_entries

LEDGER_LOTS, FIFO_LOTS, LIFO_LOTS = "lots of the ledger", "first in, first out", "last in, first out"

MIN_SHARE_OF_LOTS = 0.99

MAX_ISSUE_COHORTS = 12

OPENING_COHORT = -1


def redemption_by_cohort(engine: Engine, points: ir.Table, as_of_on: date, period_days: int, how: str) -> pd.DataFrame:
    """Return points issued and used by cohort of issue and age; empty without any.

    Parameters
    ----------
    engine : Engine
        Matches and adds up.
    points : Table
        ``canonical/points``.
    as_of_on : date
        Last day that is seen.
    period_days : int
        Length of a cohort, and of a step of age [days]; periods are counted back from the last day, so that the last
        is whole.
    how : str
        ``lots of the ledger``: an entry uses the lot that it names. ``first in, first out``: the oldest points go
        first, whoever redeems. ``last in, first out``: the newest go first.

    Returns
    -------
    DataFrame
        Grain cohort × age: ``cohort`` (periods back from the last day)``, age`` (periods between issue and use; −1 for
        the row of issue itself)``, issued, redeemed, expired`` [points]. Points of an opening balance are of unknown
        age: they form a cohort of their own, numbered −1.

    Notes
    -----
    Under FIFO the earned points of a member are laid end to end, and so are the used ones: where two stretches overlap,
    these used those. Used points beyond all that was ever earned have no lot. Under LIFO a lot still holds what the
    balance has never fallen below since: the running minimum of later balances; its uses are not told apart, and count
    as redeemed in the ledger's own share of redeemed points among the used ones.
    """
    known = engine.kept(_with_periods(ledger_entries(points, as_of_on), as_of_on, period_days))
    made = (
        {LEDGER_LOTS: _use_by_ledger_lots, FIFO_LOTS: _use_first_in_first_out}[how](known)
        if how != LIFO_LOTS
        else _use_last_in_first_out(engine, known)
    )
    frame = made if isinstance(made, pd.DataFrame) else engine.arrow(made).to_pandas()
    engine.forget(known)
    return frame.fillna(0.0).astype({"cohort": "int64", "age": "int64", "issued": "float64", "redeemed": "float64",
                                     "expired": "float64"}).sort_values(["cohort", "age"], ignore_index=True)


def cohort_period_days(first_on: date | None, as_of_on: date, wished: int) -> int:
    """Return the length of a period: as wished, or so long that there are at most twelve cohorts."""
    span = (as_of_on - first_on).days + 1 if first_on else wished
    return max(wished, int(np.ceil(span / MAX_ISSUE_COHORTS)))


def opening_points_left(used: pd.DataFrame) -> float:
    """Return the points of opening balances that are neither redeemed nor expired."""
    part = used[used["cohort"] == OPENING_COHORT]
    return max(float(part["issued"].sum() - part["redeemed"].sum() - part["expired"].sum()), 0.0)


def redemption_triangle(used: pd.DataFrame, column: str = "redeemed") -> tuple[np.ndarray, np.ndarray]:
    """Return the cumulative triangle of used points, oldest cohort first, and the points issued by cohort.

    Parameters
    ----------
    used : DataFrame
        From `redemption_by_cohort`.
    column : str
        ``redeemed`` or ``expired``.

    Returns
    -------
    tuple of ndarray, shapes (m, m) and (m,)
        NaN where the future lies.
    """
    used = used[used["cohort"] > OPENING_COHORT]
    m = int(used["cohort"].max()) + 1 if len(used) else 0
    cells, issued = np.zeros((m, m)), np.zeros(m)
    spent = used[used["age"] >= 0]
    np.add.at(cells, (m - 1 - spent["cohort"].to_numpy(), spent["age"].to_numpy()), spent[column].to_numpy())
    np.add.at(issued, m - 1 - used["cohort"].to_numpy(), used["issued"].to_numpy())
    future = np.add.outer(np.arange(m), np.arange(m)) >= m
    return np.where(future, np.nan, np.cumsum(cells, axis=1)), issued


def _with_periods(known: ir.Table, as_of_on: date, period_days: int) -> ir.Table:
    back = ibis.literal(as_of_on).delta(known.entered_at.date(), unit="day").cast("int64")
    return known.select("customer_id", "entered_at", "kind", "lot_id", "points",
                        period=(back / period_days).floor().cast("int64"), is_opening=known.kind == "opening")


def _use_by_ledger_lots(known: ir.Table) -> ir.Table:
    """Return usage by the lots that entries name; a use before its lot was issued counts at issue."""
    named = known.filter(known.lot_id.notnull())
    issues = named.filter(named.points > 0).group_by("customer_id", "lot_id").aggregate(
        cohort=lambda t: t.is_opening.any().ifelse(OPENING_COHORT, t.period.max()), issued=lambda t: t.points.sum())
    uses = named.filter(named.points < 0).select("customer_id", "lot_id", "kind", "period", points=-named.points)
    used = uses.inner_join(issues.drop("issued"), ["customer_id", "lot_id"])
    return _issues_and_uses(issues.select("cohort", "issued"), used.select("cohort", "period", "kind", "points"))


def _use_first_in_first_out(known: ir.Table) -> ir.Table:
    issues = known.filter(known.points > 0).group_by("customer_id", "entered_at", "period", "is_opening").aggregate(
        points=lambda t: t.points.sum())
    issues = issues.mutate(cohort=issues.is_opening.ifelse(OPENING_COHORT, issues.period))
    uses = known.filter(known.points < 0).group_by("customer_id", "entered_at", "period", "kind").aggregate(
        points=lambda t: -t.points.sum())
    earned = _stretches_of_points(issues.mutate(is_late=~issues.is_opening), ["entered_at", "is_late"]).select(
        "customer_id", "begin", "end", "cohort")
    spent = _stretches_of_points(uses, ["entered_at", "kind"]).select(
        "customer_id", "kind", "period", use_begin=ibis._.begin, use_end=ibis._.end)
    both = spent.inner_join(earned, ["customer_id", spent.use_begin < earned.end, earned.begin < spent.use_end])
    overlap = ibis.least(both.end, both.use_end) - ibis.greatest(both.begin, both.use_begin)
    return _issues_and_uses(issues.select("cohort", issued=issues.points),
                   both.select("cohort", "period", "kind", points=overlap))


def _stretches_of_points(table: ir.Table, order: list[str]) -> ir.Table:
    """Return the rows of each member laid end to end: where each stretch of points begins and ends."""
    end = table.points.sum().over(ibis.cumulative_window(group_by="customer_id", order_by=order))
    return table.mutate(begin=end - table.points, end=end)


def _issues_and_uses(issues: ir.Table, used: ir.Table) -> ir.Table:
    age = (used.cohort == OPENING_COHORT).ifelse(0, ibis.greatest(used.cohort - used.period, 0))
    spent = used.group_by("cohort", age=age).aggregate(
        issued=ibis.literal(0.0), redeemed=used.points.sum(where=used.kind != "expire"),
        expired=used.points.sum(where=used.kind == "expire"))
    given = issues.group_by("cohort", age=ibis.literal(-1).cast("int64")).aggregate(
        issued=issues.issued.sum(), redeemed=ibis.literal(0.0), expired=ibis.literal(0.0))
    columns = dict.fromkeys(("issued", "redeemed", "expired"), "float64")
    return given.cast(columns).union(spent.cast(columns))


def _use_last_in_first_out(engine: Engine, known: ir.Table) -> pd.DataFrame:
    """Return usage by what each lot still holds at the end of each period."""
    used = known.kind.isin(["redeem", "expire"])
    share = engine.first_row(known.aggregate(r=known.points.sum(where=known.kind == "redeem"),
                                             u=known.points.sum(where=used)))
    redeemed = float(share["r"] or 0) / float(share["u"]) if share["u"] else 1.0
    m = int(engine.first_row(known.aggregate(m=known.period.max()))["m"] or 0) + 1
    held = [engine.arrow(_points_held(known, now)).to_pandas() for now in range(m)]
    issued = held[0].set_index("cohort")["issued"]
    cells = np.full((m + 1, m), np.nan)  # cohort × period at whose end it is looked at, both counted back
    for now, frame in enumerate(held):
        cells[frame["cohort"], now] = frame["issued"] - frame["left"]
    rows = [{"cohort": c, "age": -1, "issued": issued[c], "redeemed": 0.0, "expired": 0.0} for c in issued.index]
    for cohort in issued.index:
        end = cohort + 1 if cohort >= 0 else m
        gone = np.diff(np.concatenate([[0.0], cells[cohort, :end][::-1]]))
        rows += [{"cohort": cohort, "age": age, "issued": 0.0, "redeemed": redeemed * g, "expired": (1 - redeemed) * g}
                 for age, g in enumerate(np.maximum(gone, 0))]
    return pd.DataFrame(rows, columns=["cohort", "age", "issued", "redeemed", "expired"])


def _points_held(known: ir.Table, now: int) -> ir.Table:
    """Return by cohort what was issued, and what of it is left at the end of a period, the newest going first."""
    seen = known.filter(known.period >= now)
    cohort = seen.is_opening.ifelse(OPENING_COHORT, seen.period)
    moved = seen.group_by("customer_id", "entered_at", "is_opening", cohort=cohort, is_use=seen.points < 0).aggregate(
        points=lambda t: t.points.sum())
    order = ["entered_at", "is_use", moved.is_opening.desc()]
    running = ibis.cumulative_window(group_by="customer_id", order_by=order)
    moved = moved.mutate(balance=moved.points.sum().over(running))
    later = ibis.window(group_by="customer_id", order_by=order, rows=(1, None))
    moved = moved.mutate(least=moved.balance.min().over(later))
    lots = moved.filter(~moved.is_use)
    base = lots.balance - lots.points
    left = ibis.greatest(ibis.least(ibis.coalesce(lots.least, lots.balance), lots.balance) - base, 0.0)
    return lots.group_by("cohort").aggregate(issued=lots.points.sum(), left=left.sum())
