"""What a model learns from and speaks about: customers by their purchases, else contracts by their attributes."""

from dataclasses import dataclass, replace
from datetime import date
from itertools import islice

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.churn import labels
from helpers.churn.assumptions import Assumptions
from helpers.customers import features, windows
from helpers.customers.windows import Snapshot
from helpers.foundation.engine import Engine

PURCHASES, CONTRACTS = "purchases", "contracts"
RULES = {PURCHASES: "recency rule", CONTRACTS: "tenure rule"}
FEWEST, FEWEST_OF_EACH = 20, 5
MOST_LEVELS = 50


@dataclass(frozen=True, slots=True)
class Cases:
    """Customers or contracts at one point in time.

    Parameters
    ----------
    about : DataFrame
        Who they are, sorted by id: ``customer_id``, ``is_one_time``, and what the scores table carries on.
    rule : DataFrame, shape (n, 1)
        What the simple rule looks at.
    features : DataFrame, shape (n, n_features)
        What the logistic regression looks at; all of it known at the time.
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
        who = "contract" if self.seen_on is None else "eligible customer"
        if n < FEWEST:
            return f"{n} {who}{'' if n == 1 else 's'} with a known outcome, of at least {FEWEST} needed"
        if min(n_lost, n - n_lost) < FEWEST_OF_EACH:
            return f"{n_lost} of {n} {who}s were lost, and at least {FEWEST_OF_EACH} of either outcome are needed"
        return ""


@dataclass(frozen=True, slots=True)
class Basis:
    """Everything a forecast of churn rests on.

    Parameters
    ----------
    kind : str
        ``purchases`` or ``contracts``.
    training : tuple of Cases
        With known outcome, newest first: two where the history bears it, else one; none where it bears none.
    scoring : Cases
        Those whose outcome is not known yet.
    horizon_days : int
        Length of the outcome window [days]; 0 for contracts without dates.
    due_on : date, optional
        Last day of the outcome of those to be scored.
    reason : str
        Why nothing can be learnt; empty where it can.
    left_out : tuple of str
        Attributes that were not used.
    """

    kind: str
    training: tuple[Cases, ...]
    scoring: Cases
    horizon_days: int = 0
    due_on: date | None = None
    reason: str = ""
    left_out: tuple[str, ...] = ()

    @property
    def rule(self) -> str:
        """Name of the simple rule."""
        return RULES[self.kind]


def basis(engine: Engine, transactions: ir.Table, subscriptions: ir.Table, snapshot: Snapshot, *,
          assumptions: Assumptions, margin_rate: float) -> Basis:
    """Return what the forecast rests on: purchases if there are any, contracts otherwise.

    Parameters
    ----------
    engine : Engine
        Computes the features.
    transactions, subscriptions : ir.Table
        Canonical tables.
    snapshot : Snapshot
        The run's date and the outcome window that follows it.
    assumptions : Assumptions
        Section ``[churn]``.
    margin_rate : float
        Share of net sales that is margin where no unit cost is recorded.

    Notes
    -----
    The newest training snapshot ends its outcome on the run's date, the one before it a horizon earlier. Where the
    older one cannot be used the newest is tested by cross-validation.
    """
    history = features.history(engine, transactions, snapshot.cutoff_on)
    if history is None:
        return by_contracts(engine, subscriptions)
    horizon_days = snapshot.outcome.n_days
    knobs = {"eligible_days": assumptions.eligible_days, "margin_rate": margin_rate}
    training = []
    for known in islice(windows.known_snapshots(history, horizon_days), 2):
        frame = engine.frame(labels.labelled(transactions, known, **knobs), "churn training")
        training.append(_of_purchases(frame, known.cutoff_on))
    now = labels.eligible(transactions, snapshot.cutoff_on, recent_days=horizon_days, **knobs)
    scoring = _of_purchases(engine.frame(now, "churn scoring"), snapshot.cutoff_on)
    days = f"{history.n_days} day{'' if history.n_days == 1 else 's'}"
    short = f"the history has {days}, and {2 * horizon_days} are needed: a horizon to look back and one to look ahead"
    reason = training[0].shortage() if training else short
    usable = () if reason else tuple(c for c in training if not c.shortage())
    return Basis(PURCHASES, usable, scoring, horizon_days, snapshot.outcome.last_on, reason)


def _of_purchases(frame: pd.DataFrame, seen_on: date) -> Cases:
    known = frame.sort_values("customer_id", ignore_index=True)
    once = known["is_one_time"].to_numpy(dtype="float64")
    recency, n = known["recency_days"].to_numpy("float64"), known["n_occasions"].to_numpy("float64")
    gap = (known["age_days"].to_numpy("float64") - recency) / np.maximum(n - 1, 1)
    rule = pd.DataFrame({"log_recency_days": np.log1p(recency)})
    seen = rule.assign(
        log_age_days=np.log1p(known["age_days"].to_numpy("float64")), log_occasions=np.log(np.maximum(n, 1)),
        log_recent_occasions=np.log1p(known["n_recent_occasions"].to_numpy("float64")),
        log_mean_spend=np.log1p(known["mean_spend"].to_numpy("float64")), is_one_time=once,
        log_recency_if_one_time=once * np.log1p(recency),
        log_silence_by_own_gap=(1 - once) * np.log1p(recency / np.maximum(gap, 1)))
    outcome = (known["is_lost"].to_numpy("float64") if "is_lost" in known else np.full(len(known), np.nan))
    about = known[["customer_id", "is_one_time", "recency_days", "age_days", "margin"]]
    return Cases(about, rule, seen, outcome, seen_on)


def by_contracts(engine: Engine, subscriptions: ir.Table) -> Basis:
    """Return contracts with their tenure, fee, plan and static attributes; those that run are scored.

    Notes
    -----
    Never used: ``ended_on``, ``end_kind``, ``end_reason``, ``term_ends_on``, which are known after the fact.
    """
    known = engine.frame(subscriptions, "canonical/subscriptions").sort_values("subscription_id", ignore_index=True)
    tenure = _tenure_months(known)
    rule = pd.DataFrame({"log_tenure_months": np.log1p(tenure)})
    attributes = known[["plan", "monthly_fee", *(c for c in known if c.startswith("attribute_"))]]
    left_out = tuple(c for c in attributes if not _is_number(attributes[c]) and attributes[c].nunique() > MOST_LEVELS)
    seen = pd.concat([rule.assign(tenure_months=tenure), _as_numbers(attributes.drop(columns=list(left_out)))], axis=1)
    about = known[["customer_id", "monthly_fee"]].assign(is_one_time=False, has_ended=known["has_ended"].astype(bool))
    cases = Cases(about, rule, seen, known["has_ended"].to_numpy("float64"))
    reason = "there are no transactions and no contracts" if known.empty else cases.shortage()
    runs = ~about["has_ended"].to_numpy()
    scoring = replace(cases, about=about[runs], rule=rule[runs], features=seen[runs],
                      is_lost=np.full(int(runs.sum()), np.nan))
    return Basis(CONTRACTS, () if reason else (cases,), scoring, reason=reason, left_out=left_out)


def _tenure_months(known: pd.DataFrame) -> np.ndarray:
    """Return the age of contracts: as stated, else from their dates up to their end or the newest date [months]."""
    dates = known[["started_on", "ended_on"]].astype("datetime64[us]")
    until = dates["ended_on"].fillna(dates.max(axis=None))
    dated = (until - dates["started_on"]).dt.days / 30.4375
    tenure = known["tenure_months"].astype("float64").fillna(dated).clip(lower=0)
    return tenure.fillna(tenure.median()).fillna(0).to_numpy()


def _is_number(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)


def _as_numbers(attributes: pd.DataFrame) -> pd.DataFrame:
    """Return attributes as numbers: medians where missing and a flag for it; a column for each level of a text."""
    numbers = attributes[[c for c in attributes if _is_number(attributes[c])]].astype("float64")
    texts = attributes.drop(columns=list(numbers)).astype("str")
    gaps = numbers.isna().astype("float64").add_suffix("_is_missing")
    levels = pd.get_dummies(texts, dtype="float64") if len(texts.columns) else pd.DataFrame(index=attributes.index)
    return pd.concat([numbers.fillna(numbers.median()).fillna(0), gaps.loc[:, gaps.any()], levels], axis=1)
