"""Where cases come from: purchases, contracts with dates, contracts seen at one moment only."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from helpers.churn import guard, labels, origins, silence, traces
from helpers.churn.assumptions import Assumptions
from helpers.churn.cases import CONTRACTS, DATED, PURCHASES, Basis, Cases
from helpers.churn.learners import MOST_LEVELS, is_number
from helpers.churn.traces import Records
from helpers.customers import features, windows
from helpers.customers.windows import Snapshot, Window
from helpers.foundation.engine import Engine

LEAST_DATED = 0.95  # share of ended contracts whose end has a date
NO_CASES = pd.DataFrame({"customer_id": pd.Series(dtype="str"), "on": pd.Series(dtype="datetime64[us]")})


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """What cases are made by.

    Parameters
    ----------
    engine : Engine
        Computes the features.
    assumptions : Assumptions
        Section ``[churn]``.
    margin_rate : float
        Share of net sales that is margin where no unit cost is recorded.
    known_from : mapping
        Since when attributes of contracts are known, as the source profile declares it.
    treated : DataFrame
        Whom earlier alerts had acted on: ``customer_id`` and ``on``.
    """

    engine: Engine
    assumptions: Assumptions
    margin_rate: float
    known_from: Mapping[str, str] = field(default_factory=dict)
    treated: pd.DataFrame = field(default_factory=NO_CASES.copy)


def basis(records: Records, snapshot: Snapshot, setting: Setting) -> Basis:
    """Return what the forecast rests on: purchases if there are any, contracts otherwise.

    Parameters
    ----------
    records : Records
        Canonical tables.
    snapshot : Snapshot
        The run's date and the outcome window that follows it.
    setting : Setting
        Engine, assumptions, declarations.
    """
    history = features.history(setting.engine, records.transactions, snapshot.cutoff_on)
    if history is not None:
        return _of_purchases(records, history, snapshot, setting)
    known = setting.engine.frame(records.subscriptions, "canonical/subscriptions")
    ended = known["has_ended"].astype(bool)
    if len(known) and known["started_on"].notna().all() and (
            known.loc[ended, "ended_on"].notna().mean() if ended.any() else 0) >= LEAST_DATED:
        return _of_dated(records, known, snapshot, setting)
    return _of_undated(known, setting)


# --- purchases -----------------------------------------------------------------------------------------------------


def _of_purchases(records: Records, history: Window, snapshot: Snapshot, setting: Setting) -> Basis:
    horizon = snapshot.outcome.n_days
    planned = origins.schedule(history, horizon)
    days = sorted({day for dates in planned for day in dates.all}, reverse=True)
    seen = {day: _customers(records, windows.snapshot(day, horizon), setting, is_known=True) for day in days}
    scoring = _customers(records, snapshot, setting, is_known=False)
    length = f"{history.n_days} day{'' if history.n_days == 1 else 's'}"
    short = f"the history has {length}, and {2 * horizon} are needed: a horizon to look back and one to look ahead"
    reason = seen[days[0]].shortage() if days else short
    return Basis(PURCHASES, seen, planned, scoring, horizon, snapshot.outcome.last_on, reason)


def _customers(records: Records, snapshot: Snapshot, setting: Setting, *, is_known: bool) -> Cases:
    horizon = snapshot.outcome.n_days
    knobs = {"eligible_days": setting.assumptions.eligible_days, "margin_rate": setting.margin_rate}
    who = (labels.labelled(records.transactions, snapshot, **knobs) if is_known else
           labels.eligible(records.transactions, snapshot.cutoff_on, recent_days=horizon, **knobs))
    traced = traces.of_customers(records, setting.engine.kept(who), snapshot.cutoff_on, horizon)
    known = setting.engine.frame(traced, "churn cases").sort_values("customer_id", ignore_index=True)
    return customer_cases(known, snapshot, setting.treated)


def customer_cases(known: pd.DataFrame, snapshot: Snapshot, treated: pd.DataFrame = NO_CASES) -> Cases:
    """Return customers as cases from what `traces.of_customers` gives; exact logs and rhythms are added here."""
    recency, n = known["recency_days"].to_numpy("float64"), known["n_occasions"].to_numpy("float64")
    age, once = known["age_days"].to_numpy("float64"), known["is_one_time"].to_numpy("float64")
    gap = (age - recency) / np.maximum(n - 1, 1)
    rule = pd.DataFrame({"log_recency_days": np.log1p(recency)})
    rhythm = silence.rhythm(n - 1, age - recency)
    quiet = rhythm.survival(n - 1, age - recency, recency) if rhythm else np.full(len(known), np.nan)
    recent = np.log1p(known["n_recent_occasions"].to_numpy("float64"))
    own = rule.assign(
        log_age_days=np.log1p(age), log_occasions=np.log(np.maximum(n, 1)), log_recent_occasions=recent,
        log_mean_spend=np.log1p(np.maximum(known["mean_spend"].to_numpy("float64"), 0)), is_one_time=once,
        log_recency_if_one_time=once * np.log1p(recency),
        log_silence_by_own_gap=(1 - once) * np.log1p(recency / np.maximum(gap, 1)),
        silence=-np.log(np.maximum(quiet, 1e-12)),
        change_of_pace=recent - known["log_before_occasions"].to_numpy("float64"))
    traced = known[[c for c in known if c in traces.LEVER_OF and c not in own]].astype("float64")
    outcome = known["is_lost"].to_numpy("float64") if "is_lost" in known else np.full(len(known), np.nan)
    about = known[["customer_id", "is_one_time", "recency_days", "age_days", "n_occasions", "margin"]].assign(
        silence=quiet, is_treated=_is_treated(known["customer_id"], treated, snapshot))
    return Cases(about, rule, _varying(pd.concat([own, _zeroed(traced)], axis=1)), outcome, snapshot.cutoff_on)


def _zeroed(traced: pd.DataFrame) -> pd.DataFrame:
    """Return counts without gaps: whoever left no trace in a table that has some left none."""
    counts = [c for c in traced if c.startswith(("n_", "points_", "has_")) and traced[c].notna().any()]
    return traced.assign(**{c: traced[c].fillna(0.0) for c in counts})


def _varying(features: pd.DataFrame) -> pd.DataFrame:
    """Return features without those of which nothing at all is known."""
    return features.loc[:, features.notna().any()] if len(features) else features


def _is_treated(customers: pd.Series, treated: pd.DataFrame, snapshot: Snapshot) -> np.ndarray:
    first, last = pd.Timestamp(snapshot.cutoff_on), pd.Timestamp(snapshot.outcome.last_on)
    within = treated[(treated["on"] >= first) & (treated["on"] <= last)]
    return customers.isin(within["customer_id"]).to_numpy()


# --- contracts -----------------------------------------------------------------------------------------------------


def _of_dated(records: Records, known: pd.DataFrame, snapshot: Snapshot, setting: Setting) -> Basis:
    horizon, used = snapshot.outcome.n_days, _attributes(known, setting)
    history = Window(known["started_on"].min().date(), snapshot.cutoff_on)
    planned = origins.schedule(history, horizon)
    days = sorted({day for dates in planned for day in dates.all}, reverse=True)
    seen = {d: _contracts_at(records, known, windows.snapshot(d, horizon), setting, used) for d in days}
    scoring = _contracts_at(records, known, snapshot, setting, used, is_known=False)
    short = f"the history has {history.n_days} days, and {2 * horizon} are needed"
    reason = seen[days[0]].shortage() if days else short
    return Basis(DATED, seen, planned, scoring, horizon, snapshot.outcome.last_on, reason, used[0], used[1])


def _contracts_at(records: Records, known: pd.DataFrame, snapshot: Snapshot, setting: Setting,
                  used: tuple[guard.Judged, tuple[str, ...]], is_known: bool = True) -> Cases:
    cutoff, last = pd.Timestamp(snapshot.cutoff_on), pd.Timestamp(snapshot.outcome.last_on)
    ended_on = known["ended_on"].astype("datetime64[us]")
    is_running = (known["started_on"] <= cutoff) & ~(ended_on <= cutoff)
    rows = known[is_running].sort_values("subscription_id", ignore_index=True)
    ended = rows["ended_on"].astype("datetime64[us]")
    ids = setting.engine.lazy(rows[["subscription_id", "customer_id"]].astype("str"))
    traced = setting.engine.frame(
        traces.of_contracts(records, ids, snapshot.cutoff_on, snapshot.outcome.n_days), "churn cases")
    left = traced.sort_values("subscription_id", ignore_index=True).drop(columns=["subscription_id", "customer_id"])
    tenure = (cutoff - rows["started_on"]).dt.days.to_numpy("float64") / 30.4375
    attributes = _known_by(rows, used, setting.known_from, cutoff)
    seen = pd.concat([pd.DataFrame({"tenure_months": tenure, "log_tenure_months": np.log1p(tenure)}),
                      _zeroed(left.astype("float64")), attributes], axis=1)
    quiet = seen.get("log_days_since_event", pd.Series(np.nan, seen.index)).to_numpy("float64")
    never = np.log1p(tenure * 30.4375) if np.isfinite(quiet).any() else -np.log1p(tenure)
    rule = pd.DataFrame({"log_days_since_event": np.where(np.isnan(quiet), never, quiet)})
    about = rows[["customer_id", "subscription_id", "monthly_fee"]].assign(
        is_one_time=False, tenure_months=tenure, is_treated=_is_treated(rows["customer_id"], setting.treated, snapshot),
        margin_a_month=rows["monthly_fee"].astype("float64") * setting.margin_rate)
    outcome = (ended <= last).to_numpy("float64") if is_known else np.full(len(rows), np.nan)
    return Cases(about, rule, _varying(seen), outcome, snapshot.cutoff_on)


def _attributes(known: pd.DataFrame, setting: Setting) -> tuple[guard.Judged, tuple[str, ...]]:
    """Return what became of each attribute, and those left out for having too many different texts."""
    names = [c for c in known if c.startswith("attribute_") and known[c].notna().any()]
    judged = guard.judged(names, setting.known_from, setting.assumptions.vouched)
    many = tuple(c for c in judged.used if not is_number(known[c]) and known[c].nunique() > MOST_LEVELS)
    return judged, many


def _known_by(rows: pd.DataFrame, used: tuple[guard.Judged, tuple[str, ...]], known_from: Mapping[str, str],
              cutoff: pd.Timestamp | None = None) -> pd.DataFrame:
    """Return plan, fee and the attributes that may be used, each empty where it was not known by the cut-off."""
    columns = ["plan", "monthly_fee", *(c for c in used[0].used if c not in used[1])]
    found = rows[[c for c in columns if rows[c].notna().any()]].copy()
    dated = [c for c in found if known_from.get(c, guard.STATIC) != guard.STATIC and cutoff is not None]
    late = {c: found[c].mask(~(rows[known_from[c]].astype("datetime64[us]") <= cutoff)) for c in dated}
    numbers = {c: found[c].astype("float64") for c in found if is_number(found[c]) and c not in late}
    return found.assign(**late, **numbers)


def _of_undated(known: pd.DataFrame, setting: Setting) -> Basis:
    """Return contracts with their tenure, fee, plan and the attributes that may be used; those that run are scored.

    Notes
    -----
    Never used: ``ended_on``, ``end_kind``, ``end_reason``, ``term_ends_on``, which are known after the fact.
    """
    known = known.sort_values("subscription_id", ignore_index=True)
    tenure, used = _tenure_months(known), _attributes(known, setting)
    rule = pd.DataFrame({"log_tenure_months": np.log1p(tenure)})
    seen = pd.concat([rule.assign(tenure_months=tenure), _known_by(known, used, setting.known_from)], axis=1)
    about = known[["customer_id", "subscription_id", "monthly_fee"]].assign(
        is_one_time=False, tenure_months=tenure, has_ended=known["has_ended"].astype(bool))
    cases = Cases(about, rule, seen, known["has_ended"].to_numpy("float64"))
    reason = "there are no transactions and no contracts" if known.empty else cases.shortage()
    running = cases.rows(~about["has_ended"].to_numpy())
    scoring = Cases(running.about, running.rule, running.features, np.full(len(running.is_lost), np.nan))
    return Basis(CONTRACTS, {None: cases}, (), scoring, reason=reason, judged=used[0], left_out=used[1])


def _tenure_months(known: pd.DataFrame) -> np.ndarray:
    """Return the age of contracts: as stated, else from their dates up to their end or the newest date [months]."""
    dates = known[["started_on", "ended_on"]].astype("datetime64[us]")
    until = dates["ended_on"].fillna(dates.max(axis=None))
    dated = (until - dates["started_on"]).dt.days / 30.4375
    tenure = known["tenure_months"].astype("float64").fillna(dated).clip(lower=0)
    return tenure.fillna(tenure.median()).fillna(0).to_numpy()
