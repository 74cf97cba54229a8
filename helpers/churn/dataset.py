"""Churn dataset: eligibility, churn labels, rolling origins, labelled snapshots of features."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.churn.leakage import LeakageReport
from helpers.customers import features, purchases
from helpers.customers.windows import Snapshot, TimeWindow
from helpers.foundation.engine import Engine
from helpers.stats.disclosure_control import people_text

ALL_CUSTOMERS, ONE_TIME_BUYERS, REPEAT_BUYERS = "all", "one-time buyers", "repeat buyers"

PURCHASE_MODEL_COLUMNS = ["customer_id", "yearly_orders_if_kept", "yearly_value_if_kept", "yearly_value_if_kept_sd"]


def eligible_customers(transactions: ir.Table, cutoff_on: date, *, eligible_days: int, margin_rate: float = 1.0,
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
        As `features.customer_summary` takes them.

    Returns
    -------
    ir.Table
        Grain customer: the columns of `features.customer_summary` and ``is_one_time``.
    """
    known = features.customer_summary(transactions, cutoff_on, margin_rate=margin_rate, recent_days=recent_days)
    return known.filter(known.recency_days < eligible_days).mutate(is_one_time=known.n_occasions == 1)


def churn_labels(
    transactions: ir.Table, snapshot: Snapshot, *, eligible_days: int, margin_rate: float = 1.0
) -> ir.Table:
    """Return the eligible customers of a snapshot with ``is_lost``: no purchase occasion within its outcome window.

    Notes
    -----
    Features see nothing after the cut-off; the outcome sees nothing after its last day, so that a label once known
    never changes with later refunds.
    """
    known = eligible_customers(transactions, snapshot.cutoff_on, eligible_days=eligible_days, margin_rate=margin_rate,
                     recent_days=snapshot.outcome.n_days)
    later = purchases.purchase_occasions(transactions, snapshot.outcome.last_on)
    returned = later.filter(snapshot.outcome.holds(later.on))
    came = returned.select(came_id="customer_id").distinct().mutate(repurchased=True)
    joined = known.left_join(came, known.customer_id == came.came_id)
    return joined.mutate(is_lost=joined.repurchased.isnull()).drop("repurchased", "came_id")


def count_churned(engine: Engine, transactions: ir.Table, made_as_of_on: date, due_on: date, *,
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
    snapshot = Snapshot(made_as_of_on, TimeWindow(made_as_of_on + timedelta(1), due_on))
    customers = churn_labels(transactions, snapshot, eligible_days=eligible_days)
    lost = customers.is_lost.ifelse(1, 0)
    found = engine.arrow(customers.group_by("is_one_time").aggregate(n_eligible=lost.count(), n_lost=lost.sum()))
    counts = {ONE_TIME_BUYERS: (0, 0), REPEAT_BUYERS: (0, 0)}
    counts |= {ONE_TIME_BUYERS if row["is_one_time"] else REPEAT_BUYERS: (row["n_eligible"], row["n_lost"])
               for row in found.to_pylist()}
    rows = {ALL_CUSTOMERS: tuple(map(sum, zip(*counts.values(), strict=True))), **counts}
    return pd.DataFrame([(s, *n) for s, n in rows.items()], columns=["segment", "n_eligible", "n_lost"])


MAX_ORIGINS = 4


@dataclass(frozen=True, slots=True)
class OriginDates:
    """Cut-offs of one origin: tried on, calibrated on (None: not), fitted on (None: by folds of the one tried on)."""

    test_cutoff: date
    calibrated_on: date | None
    fitted_on: date | None

    @property
    def all(self) -> tuple[date, ...]:
        """The cut-offs that there are."""
        return tuple(d for d in (self.test_cutoff, self.calibrated_on, self.fitted_on) if d)


def rolling_origins(history: TimeWindow, horizon_days: int) -> tuple[OriginDates, ...]:
    """Return up to four origins, newest first; none where not even one outcome is complete.

    Parameters
    ----------
    history : TimeWindow
        Days that are seen.
    horizon_days : int
        Length of the outcome, and of the past that a snapshot needs at least [days].

    Notes
    -----
    Within an origin snapshots lie a horizon apart: the outcome that a model learns from is complete before the day on
    which it is tried. Origins lie a horizon apart where four fit, else half a horizon or a third; outcomes of
    neighbours overlap then, which intervals clustered by customer allow for. Where there is no room for it the later
    snapshot for calibration goes first.
    """
    steps = [step for step in (horizon_days, horizon_days // 2, horizon_days // 3) if step >= 1]
    for is_calibrated in (True, False):
        found = [_origins(history, horizon_days, step, is_calibrated) for step in steps]
        enough = next((origins for origins in found if len(origins) >= MAX_ORIGINS), None)
        if enough:
            return enough[:MAX_ORIGINS]
    for is_calibrated in (True, False):
        if found := _origins(history, horizon_days, steps[0], is_calibrated):
            return found
    newest = history.last_on - timedelta(horizon_days)
    return (OriginDates(newest, None, None),) if _is_outcome_complete(history, newest, horizon_days) else ()


def _origins(history: TimeWindow, horizon_days: int, step: int, is_calibrated: bool) -> tuple[OriginDates, ...]:
    horizon, found = timedelta(horizon_days), []
    tried_on = history.last_on - horizon
    while (
        _is_outcome_complete(history, tried_on - (1 + is_calibrated) * horizon, horizon_days)
        and len(found) < MAX_ORIGINS
    ):
        calibrated_on = tried_on - horizon if is_calibrated else None
        found.append(OriginDates(tried_on, calibrated_on, tried_on - (1 + is_calibrated) * horizon))
        tried_on -= timedelta(step)
    return tuple(found)


def _is_outcome_complete(history: TimeWindow, cutoff_on: date, horizon_days: int) -> bool:
    return (cutoff_on - history.first_on).days + 1 >= horizon_days


PURCHASE_DATASET, DATED_CONTRACTS, UNDATED_CONTRACTS = "purchases", "dated contracts", "contracts"

BASELINE_RULES = {PURCHASE_DATASET: "recency rule", DATED_CONTRACTS: "activity rule", UNDATED_CONTRACTS: "tenure rule"}

MIN_CASES, MIN_CASES_PER_CLASS = 20, 5

TREATED, TRAINING_WEIGHT = "is_treated", "training_weight"


@dataclass(frozen=True, slots=True, eq=False)
class DatasetSnapshot:
    """Customers or contracts at one point in time.

    Parameters
    ----------
    about : DataFrame
        Who they are, sorted by id: ``customer_id``, ``is_one_time``, and what the scores table carries on.
    rule : DataFrame, shape (n, 1)
        What the simple rule looks at.
    features : DataFrame, shape (n, n_features)
        What the models look at, all of it known at the time: numbers with gaps, texts.
    is_lost : ndarray, shape (n,)
        The outcome, 1 where lost; NaN where it is not known yet.
    seen_on : date, optional
        The cut-off; None for contracts without dates.
    """

    about: pd.DataFrame
    rule: pd.DataFrame
    features: pd.DataFrame
    is_lost: np.ndarray
    seen_on: date | None = None

    def shortage(self) -> str:
        """Return why nothing can be learnt from these cases; empty where it can."""
        n, n_lost = len(self.is_lost), int(np.nansum(self.is_lost))
        who = "contract" if "subscription_id" in self.about else "eligible customer"
        if n < MIN_CASES:
            return f"{people_text(n)} {who}s with a known outcome, of at least {MIN_CASES} needed"
        if min(n_lost, n - n_lost) < MIN_CASES_PER_CLASS:
            some = f"{people_text(n_lost, of=n)} of {n} {who}s"
            return f"{some} were lost, and at least {MIN_CASES_PER_CLASS} of either outcome are needed"
        return ""

    def rows(self, chosen: np.ndarray) -> "DatasetSnapshot":
        """Return some of the cases, by mask or by place."""
        about, rule, known = (frame.iloc[np.arange(len(self.is_lost))[chosen]].reset_index(drop=True)
                 for frame in (self.about, self.rule, self.features))
        return DatasetSnapshot(about, rule, known, self.is_lost[chosen], self.seen_on)

    @property
    def is_treated(self) -> np.ndarray:
        """Whether a list of an earlier run had acted on each case in the time of the outcome, shape (n,)."""
        return self.about[TREATED].to_numpy(bool) if TREATED in self.about else np.zeros(len(self.about), bool)

    @property
    def n_treated(self) -> int:
        """Cases that a list of an earlier run had acted on in the time of the outcome."""
        return int(self.is_treated.sum())

    @property
    def stands_for(self) -> np.ndarray:
        """As how many each case counts where no list acts: a treated one as 0, its control group for it too."""
        if TRAINING_WEIGHT not in self.about:
            return np.ones(len(self.about), int)
        return np.rint(self.about[TRAINING_WEIGHT].to_numpy("float64")).astype(int)

    def untreated(self) -> "DatasetSnapshot":
        """Return the cases that no list had acted on, the random control group as often as it stands for the others.

        Notes
        -----
        Lists go to those at high risk, and what they do is no part of what customers do: treated cases are not learnt
        from, and each of the control group counts for itself and its share of them (inverse probability weighting). All
        cases as they are where the others alone cannot be learnt from.
        """
        if not self.n_treated:
            return self
        others = self.rows(np.repeat(np.arange(len(self.about)), self.stands_for))
        return self if others.shortage() else others


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Everything a forecast of churn rests on.

    Parameters
    ----------
    kind : str
        ``purchases``, ``dated contracts`` or ``contracts``.
    snapshots : mapping of date to DatasetSnapshot
        With known outcome, newest first; undated contracts stand under None.
    origins : tuple of OriginDates
        How the models are tried, newest first.
    scoring : DatasetSnapshot
        Those whose outcome is not known yet.
    horizon_days : int
        Length of the outcome window [days]; 0 for contracts without dates.
    due_on : date, optional
        Last day of the outcome of those to be scored.
    reason : str
        Why nothing can be learnt; empty where it can.
    judged : LeakageReport, optional
        Attributes of contracts: which are used, and why others are not.
    left_out : tuple of str
        Attributes with too many different texts.
    drawn : tuple of int
        Customers drawn at random from whose past models learn, and all who bought; 0 twice where nobody was drawn.
    """

    kind: str
    snapshots: Mapping[date | None, DatasetSnapshot]
    origins: tuple[OriginDates, ...]
    scoring: DatasetSnapshot
    horizon_days: int = 0
    due_on: date | None = None
    reason: str = ""
    judged: LeakageReport | None = None
    left_out: tuple[str, ...] = field(default=())
    drawn: tuple[int, int] = (0, 0)

    def with_purchase_model(self, valued: pd.DataFrame) -> "Dataset":
        """Return the dataset with what the purchase model expects of those scored, where it speaks of all of them.

        Parameters
        ----------
        valued : DataFrame
            Grain customer: `PURCHASE_MODEL_COLUMNS`; where it is empty, as no purchase model applies, nothing changes.
        """
        about = self.scoring.about
        known = valued[PURCHASE_MODEL_COLUMNS].dropna()
        if self.kind != PURCHASE_DATASET or not len(about) or not about["customer_id"].isin(known["customer_id"]).all():
            return self
        told = about.merge(known, on="customer_id", how="left", validate="one_to_one")
        return replace(self, scoring=replace(self.scoring, about=told))

    @property
    def has_purchase_model(self) -> bool:
        """Whether a purchase model tells what those to be scored bring if they stay."""
        return "yearly_value_if_kept" in self.scoring.about

    @property
    def rule(self) -> str:
        """Name of the simple rule."""
        return BASELINE_RULES[self.kind]

    @property
    def training(self) -> tuple[DatasetSnapshot, ...]:
        """The snapshots that can be learnt from, newest first; none where nothing can."""
        return () if self.reason else tuple(c for c in self.snapshots.values() if not c.shortage())

    @property
    def newest(self) -> DatasetSnapshot:
        """The newest snapshot with a known outcome."""
        return self.training[0]

    def usable(self) -> tuple[OriginDates, ...]:
        """Return the origins all of whose snapshots can be learnt from; none: the newest one is tried by folds."""
        whole = [o for o in self.origins
                 if o.fitted_on and all(not self.snapshots[day].shortage() for day in o.all)]
        return tuple(whole)
