"""Warnings: rules of the study turned into alerts with owner, due date and response; some are left alone on purpose."""

from collections.abc import Mapping
from datetime import date, timedelta

import numpy as np
import pandas as pd

from helpers.churn.assumptions import Assumptions, Rule
from helpers.churn.cases import Basis
from helpers.churn.tables import ALERTS

SIGNALS = ("p_lost", "silence", "complaints", "value_at_stake", "satisfaction")


def signals(basis: Basis, scores: pd.DataFrame) -> pd.DataFrame:
    """Return what rules look at, a row a customer who is scored; NaN where it is not known.

    Returns
    -------
    DataFrame
        ``customer_id``, and by signal: ``p_lost``, ``silence`` (share of own gaps shorter than the present silence),
        ``complaints`` within a horizon, ``value_at_stake`` [money], ``satisfaction`` (100 less the latest answer, so
        that high is bad).
    """
    if scores.empty:
        return pd.DataFrame(columns=["customer_id", *SIGNALS])
    seen = basis.scoring.features.assign(customer_id=basis.scoring.about["customer_id"].to_numpy())
    seen = seen.drop_duplicates("customer_id").set_index("customer_id").reindex(scores["customer_id"])
    known = {name: seen[name].astype("float64").to_numpy() if name in seen else np.full(len(scores), np.nan)
             for name in ("n_recent_complaints", "satisfaction")}
    return pd.DataFrame({
        "customer_id": scores["customer_id"].to_numpy(), "p_lost": scores["p_lost"].to_numpy("float64"),
        "silence": 1 - scores["silence"].to_numpy("float64"), "complaints": known["n_recent_complaints"],
        "value_at_stake": scores["value_at_stake"].to_numpy("float64"), "satisfaction": 100 - known["satisfaction"]})


def alerts(scores: pd.DataFrame, signals: pd.DataFrame, before: pd.DataFrame, assumed: Assumptions, as_of_on: date,
           seed: int) -> pd.DataFrame:
    """Return today's alerts, as ``results/alerts`` is declared.

    Parameters
    ----------
    scores, signals : DataFrame
        From `outlook.scores` and `signals`.
    before : DataFrame
        Alerts of the last comparable run: one that is open stays until its signal is below the rule's lower limit, and
        whoever was held out stays so. Empty where there is none.
    assumed : Assumptions
        Section ``[churn]``: rules, hold-out, capacity.
    as_of_on : date
        Day of the run.
    seed : int
        Of the draw of the hold-out, over customers sorted by id.

    Notes
    -----
    One alert per customer and cause: of rules with the same cause the first in the study counts. The hold-out is drawn
    over customers, so that nobody is treated for one cause and left alone for another.
    """
    parts = [_raised(name, rule, scores, signals, before, as_of_on) for name, rule in assumed.rules.items()]
    known = [part for part in parts if len(part)]
    if not known:
        return pd.DataFrame(columns=list(ALERTS.names))
    found = pd.concat(known, ignore_index=True).drop_duplicates(["customer_id", "cause"])
    held = _held_out(found["customer_id"], before, assumed.hold_out_share, seed)
    found = found.assign(is_held_out=found["customer_id"].isin(held))
    return _within(found, assumed.capacity)[list(ALERTS.names)].sort_values(["customer_id", "cause"], ignore_index=True)


def _raised(name: str, rule: Rule, scores: pd.DataFrame, signals: pd.DataFrame, before: pd.DataFrame,
            as_of_on: date) -> pd.DataFrame:
    signal, cause = signals[rule.signal].to_numpy("float64"), rule.cause or name
    open_ones = before[before["cause"] == cause] if len(before) else before
    was_open = scores["customer_id"].isin(open_ones["customer_id"] if len(open_ones) else []).to_numpy()
    with np.errstate(invalid="ignore"):
        is_raised = (signal >= rule.raised_from) | (was_open & (signal >= rule.cleared_below))
    value = scores["value_if_kept"].to_numpy("float64")
    is_raised &= ~(value < rule.least_value)
    chosen = scores[is_raised]
    since = dict(zip(open_ones["customer_id"], open_ones["raised_on"], strict=True)) if len(open_ones) else {}
    today = pd.Timestamp(as_of_on)
    return pd.DataFrame({
        "customer_id": chosen["customer_id"].to_numpy(), "cause": cause, "rule": name, "signal": rule.signal,
        "signal_value": signal[is_raised], "is_new": ~was_open[is_raised],
        "raised_on": [since.get(c, today) for c in chosen["customer_id"]], "made_as_of_on": today,
        "respond_by_on": today + timedelta(rule.due_days), "outcome_due_on": chosen["due_on"].to_numpy(),
        "owner": rule.owner, "response": rule.response, "p_lost": chosen["p_lost"].to_numpy("float64"),
        "value_at_stake": chosen["value_at_stake"].to_numpy("float64")})


def _held_out(customers: pd.Series, before: pd.DataFrame, share: float, seed: int) -> set[str]:
    """Return customers whom nobody acts on: those of before, and a seeded share of the new ones in order of id."""
    then = set(before.loc[before["is_held_out"].astype(bool), "customer_id"]) if len(before) else set()
    known = set(before["customer_id"]) if len(before) else set()
    fresh = np.array(sorted(set(customers) - known), dtype="str")
    drawn = np.random.default_rng(seed).permutation(len(fresh))[:round(share * len(fresh))]
    return (then & set(customers)) | set(fresh[drawn].tolist())


def _within(found: pd.DataFrame, capacity: int) -> pd.DataFrame:
    """Return alerts with ``is_within_capacity``: those with most at stake first; the held out take no capacity."""
    at_stake = found["value_at_stake"].fillna(0).where(~found["is_held_out"], -np.inf)
    order = at_stake.rank(method="first", ascending=False)
    is_within = ~found["is_held_out"] & ((order <= capacity) | (capacity == 0))
    return found.assign(is_within_capacity=is_within)


def list_of(alerts: pd.DataFrame, rules: Mapping[str, Rule]) -> pd.DataFrame:
    """Return alerts by rule: how many, how many new, held out, and what is at stake.

    Returns
    -------
    DataFrame
        Grain rule in the order of the study: ``rule``, ``n_customers``, ``n_new``, ``n_held_out``, ``value_at_stake``
        [money], ``owner``, ``respond_by_on``, ``response``.
    """
    rows = []
    for name, rule in rules.items():
        own = alerts[alerts["rule"] == name]
        due = own["respond_by_on"].min() if len(own) else pd.NaT
        rows.append((name, len(own), int(own["is_new"].sum()), int(own["is_held_out"].sum()),
                     own["value_at_stake"].sum(min_count=1), rule.owner, due, rule.response))
    return pd.DataFrame(rows, columns=["rule", "n_customers", "n_new", "n_held_out", "value_at_stake", "owner",
                                       "respond_by_on", "response"])
