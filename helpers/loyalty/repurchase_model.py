"""Repurchase model (loyalty score): snapshots, logistic fit, calibration, current scores.

A model is fitted to some thousand kinds of customers however many customers there are.

The model is fitted to customers counted by likeness; every customer is then scored by his own values.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy import special
from sklearn.linear_model import LogisticRegression

from helpers.customers.purchases import purchase_occasions
from helpers.customers.windows import Snapshot, TimeWindow, completed_snapshots
from helpers.foundation.engine import Engine
from helpers.stats import logistic_regression
from helpers.stats.disclosure_control import people_text

MAX_SNAPSHOTS = 6

MIN_PEOPLE_PER_SNAPSHOT, MIN_EVENTS_PER_SNAPSHOT = 200, 20

NO_PURCHASES = "no purchases by the day are recorded"


@dataclass(frozen=True, slots=True)
class SnapshotCells:
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


def history_at_cutoff(bought: ir.Table, cutoff_on: date) -> ir.Table:
    """Return what is known of each customer at the end of the cut-off day.

    Parameters
    ----------
    bought : Table
        From `helpers.customers.purchases.purchase_occasions` at the cut-off: nothing after it.
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


def count_cells(engine: Engine, bought: ir.Table, later: ir.Table, snapshot: Snapshot) -> SnapshotCells:
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
    each = history_at_cutoff(bought, snapshot.cutoff_on).left_join(came, "customer_id")
    often, ago, old = each.n_occasions, each.recency_days, each.age_days
    each = each.select("n_occasions", "recency_days", "age_days", came=each.came.fill_null(0),
                       often=ibis.least(often, 12), ago=((ago + 1).ln() * 4).floor(), old=((old + 1).ln() * 3).floor())
    values = {c: each[c].cast("float64").mean() for c in ("n_occasions", "recency_days", "age_days")}
    frame = engine.arrow(each.group_by("often", "ago", "old").aggregate(
        **values, n=each.count(), k=each.came.sum())).to_pandas()
    frame = frame.sort_values(["often", "ago", "old"], ignore_index=True)
    return SnapshotCells(snapshot, frame[["n_occasions", "recency_days", "age_days"]], frame["n"].to_numpy(float),
                 frame["k"].to_numpy(float))


def repurchase_snapshots(
    engine: Engine, transactions: ir.Table, history: TimeWindow | None, horizon_days: int
) -> list[SnapshotCells]:
    """Return the snapshots whose outcome is complete, newest first, at most six, as far back as anybody was there."""
    if history is None:
        return []
    made, later = [], engine.kept(purchase_occasions(transactions, history.last_on))
    for one in islice(completed_snapshots(history, horizon_days), MAX_SNAPSHOTS):
        bought = engine.kept(
            purchase_occasions(transactions, one.cutoff_on)
        )  # the end of the outcome of the next one back
        made.append(count_cells(engine, bought, later, one))
        engine.forget(later)
        later = bought
    engine.forget(later)
    return [one for one in made if not why_snapshot_unusable(one)]


def why_snapshot_unusable(one: SnapshotCells) -> str:
    """Return why nothing can be learnt from a snapshot; empty where it can."""
    n, k = int(one.n.sum()), int(one.k.sum())
    if n < MIN_PEOPLE_PER_SNAPSHOT:
        return f"{people_text(n)} customers; {MIN_PEOPLE_PER_SNAPSHOT} are needed"
    if min(k, n - k) < MIN_EVENTS_PER_SNAPSHOT:
        word, few = ("bought again", k) if k <= n - k else ("did not", n - k)
        return f"of {n:,} customers {people_text(few)} {word}; at least {MIN_EVENTS_PER_SNAPSHOT} are asked for"
    return ""


LOYALTY_SCORE, RECENCY_BASELINE = "loyalty score", "baseline: share by recency"

SCORE_RIDGE, FIT_TOLERANCE = 1e-2, 1e-10
RECENCY_CLASSES = 10


@dataclass(frozen=True, slots=True)
class RepurchaseModel:
    """A model of buying again, recalibrated on a later snapshot than it was fitted to.

    Parameters
    ----------
    fit : LogisticRegression
        Of scikit-learn, on the columns of `repurchase_design`.
    calibration : ndarray, shape (2,)
        Intercept and slope on the logit of the fit; (0, 1) where there was no later snapshot to calibrate on.
    edges, shares : ndarray
        The baseline: classes of recency, and the share of each that bought again.
    fitted_on, calibrated_on : date or None
        Cut-offs.
    """

    fit: LogisticRegression
    calibration: np.ndarray
    edges: np.ndarray
    shares: np.ndarray
    fitted_on: date
    calibrated_on: date | None

    def stated(self, seen: pd.DataFrame) -> np.ndarray:
        """Return the probability of buying within the horizon, shape (n,)."""
        return special.expit(
            self.calibration[0] + self.calibration[1] * self.fit.decision_function(repurchase_design(seen))
        )

    def baseline(self, seen: pd.DataFrame) -> np.ndarray:
        """Return the share of customers of equal recency who bought again before, shape (n,)."""
        return self.shares[np.searchsorted(self.edges, seen["recency_days"].to_numpy(float), side="right")]


def repurchase_design(seen: pd.DataFrame) -> np.ndarray:
    """Return the columns of the model: how often, how long ago, how long a customer, and how these go together.

    Parameters
    ----------
    seen : DataFrame
        Grain customer or cell: ``n_occasions, recency_days, age_days``.

    Returns
    -------
    ndarray, shape (n, 9)
        Without a constant: the model has one of its own.
    """
    n, recency, age = (seen[c].to_numpy(float) for c in ("n_occasions", "recency_days", "age_days"))
    often, ago, old = np.log(n), np.log1p(recency) - 4, np.log1p(age) - 5.5
    gap = np.where(n > 1, np.log1p((age - recency) / np.maximum(n - 1, 1)) - 4, 0.0)
    once = (n <= 1) * 1.0
    return np.column_stack([often, ago, old, gap, once, often * ago, ago**2, once * ago, gap * ago])


def fit_repurchase_model(training: SnapshotCells, later: SnapshotCells | None) -> RepurchaseModel | None:
    """Return a model fitted on one snapshot and recalibrated on a later one; None where it cannot be fitted."""
    if not 0 < training.k.sum() < training.n.sum():
        return None
    fit = _ridge_logistic(repurchase_design(training.seen), training)
    edges, shares = _recency_baseline(training if later is None else later)
    plain = RepurchaseModel(fit, np.array([0.0, 1.0]), edges, shares, training.snapshot.cutoff_on, None)
    if later is None:
        return plain
    logit = special.logit(np.clip(plain.stated(later.seen), 1e-9, 1 - 1e-9))
    found = logistic_regression.fit_logistic_regression(
        np.column_stack([np.ones(len(logit)), logit]), later.k / later.n, later.n
    )
    scale = np.array([0.0, 1.0]) if found is None else found.coefficients
    return RepurchaseModel(fit, scale, edges, shares, training.snapshot.cutoff_on, later.snapshot.cutoff_on)


def _ridge_logistic(design: np.ndarray, training: SnapshotCells) -> LogisticRegression:
    """Return the fit to every cell twice: those who bought again, those who did not."""
    model = LogisticRegression(C=1 / SCORE_RIDGE, solver="newton-cholesky", tol=FIT_TOLERANCE)
    bought_again = np.repeat([True, False], len(design))
    return model.fit(np.concatenate([design, design]), bought_again,
                     sample_weight=np.concatenate([training.k, training.n - training.k]))


def _recency_baseline(training: SnapshotCells) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(training.seen["recency_days"].to_numpy(), kind="stable")
    recency = training.seen["recency_days"].to_numpy(float)[order]
    n, k = training.n[order], training.k[order]
    place = np.minimum((np.cumsum(n) - n / 2) / n.sum() * RECENCY_CLASSES, RECENCY_CLASSES - 1e-9).astype(int)
    starts = np.flatnonzero(np.diff(place, prepend=-1))
    shares = np.add.reduceat(k, starts) / np.add.reduceat(n, starts)
    return recency[starts[1:]], shares


def current_loyalty_scores(
    engine: Engine, transactions: ir.Table, made: Sequence[SnapshotCells], as_of_on: date
) -> pd.DataFrame:
    """Return every customer's score now, sorted; empty where no model could be tried.

    Returns
    -------
    DataFrame
        ``customer_id, loyalty_score`` [0–100]``, score_baseline`` [0–100].
    """
    names = ["customer_id", "loyalty_score", "score_baseline"]
    one = None if len(made) < 2 else fit_repurchase_model(made[1], made[0])
    if one is None:
        return pd.DataFrame(columns=names).astype({"customer_id": "str", **dict.fromkeys(names[1:], "float64")})
    frame = engine.arrow(history_at_cutoff(purchase_occasions(transactions, as_of_on), as_of_on)).to_pandas()
    frame = frame.sort_values("customer_id", ignore_index=True)
    return pd.DataFrame({"customer_id": frame["customer_id"], "loyalty_score": 100 * one.stated(frame),
                         "score_baseline": 100 * one.baseline(frame)})


def why_no_score(made: Sequence[SnapshotCells], history: TimeWindow | None, horizon_days: int) -> str:
    """Return why there is no score; empty where there is."""
    if history is None:
        return NO_PURCHASES
    if len(made) >= 2:
        return ""
    return (f"the history of {history.n_days:,} days holds fewer than two cut-offs with a complete outcome of "
            f"{horizon_days} days, {MIN_PEOPLE_PER_SNAPSHOT} customers and {MIN_EVENTS_PER_SNAPSHOT} of either outcome")
