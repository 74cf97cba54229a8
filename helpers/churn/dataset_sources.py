"""Churn datasets built from purchases, from dated contracts or from undated contracts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date, timedelta

import numpy as np
import pandas as pd

from helpers.churn import aligned_origins, churn_features, dataset, inter_purchase_time, leakage
from helpers.churn.churn_features import ChurnTables
from helpers.churn.classifiers import MAX_CATEGORIES, is_numeric
from helpers.churn.config import ChurnConfig
from helpers.churn.dataset import (
    DATED_CONTRACTS,
    PURCHASE_DATASET,
    TRAINING_WEIGHT,
    TREATED,
    UNDATED_CONTRACTS,
    Dataset,
    DatasetSnapshot,
)
from helpers.customers import features, windows
from helpers.customers.windows import Snapshot, TimeWindow
from helpers.foundation.canonical_schema import STATIC_WITH_ALL
from helpers.foundation.engine import Engine

MIN_DATED_SHARE = 0.95  # share of ended contracts whose end has a date

MAX_PAST_CUSTOMERS = 200_000  # of more, as many are drawn at random, from whose past models learn

MIN_OVERLAP = 1 / 3  # of an outcome window that the window of a list fills, from which on it counts as treated

EMPTY_CASES = pd.DataFrame({"customer_id": pd.Series(dtype="str"), "on": pd.Series(dtype="datetime64[us]"),
                            "ends_on": pd.Series(dtype="datetime64[us]"),
                            "weight": pd.Series(dtype="float64")})


@dataclass(frozen=True, slots=True, eq=False)
class DatasetSettings:
    """What cases are made by.

    Parameters
    ----------
    engine : Engine
        Computes the features.
    assumptions : ChurnConfig
        Section ``[churn]``.
    margin_rate : float
        Share of net sales that is margin where no unit cost is recorded.
    known_from : mapping
        Since when attributes of contracts are known, as the source profile declares it.
    treated : DataFrame
        Whom lists of earlier runs had acted on, and their control groups: ``customer_id``, ``on`` and ``ends_on`` of
        the list, ``weight``, how many cases of training each stands for, 0 who was acted on.
    seed : int
        Of the draw of customers from whose past models learn, where there are very many.
    """

    engine: Engine
    assumptions: ChurnConfig
    margin_rate: float
    known_from: Mapping[str, str] = field(default_factory=dict)
    treated: pd.DataFrame = field(default_factory=EMPTY_CASES.copy)
    seed: int = 0


def build_dataset(records: ChurnTables, snapshot: Snapshot, setting: DatasetSettings) -> Dataset:
    """Return what the forecast rests on: purchases if there are any, contracts otherwise.

    Parameters
    ----------
    records : ChurnTables
        Canonical tables.
    snapshot : Snapshot
        The run's date and the outcome window that follows it.
    setting : DatasetSettings
        Engine, assumptions, declarations.
    """
    history = features.recorded_window(setting.engine, records.transactions, snapshot.cutoff_on)
    if history is not None:
        return _purchase_dataset(records, history, snapshot, setting)
    known = setting.engine.frame(records.subscriptions, "canonical/subscriptions")
    ended = known["has_ended"].astype(bool)
    if len(known) and known["started_on"].notna().all() and (
            known.loc[ended, "ended_on"].notna().mean() if ended.any() else 0) >= MIN_DATED_SHARE:
        return _dated_contract_dataset(records, known, snapshot, setting)
    return _undated_contract_dataset(known, setting)


# --- purchases -----------------------------------------------------------------------------------------------------


def _purchase_dataset(
    records: ChurnTables, history: TimeWindow, snapshot: Snapshot, setting: DatasetSettings
) -> Dataset:
    horizon = snapshot.outcome.n_days
    planned = dataset.rolling_origins(history, horizon)
    days = sorted({day for dates in planned for day in dates.all}, reverse=True)
    starts = churn_features.features_by_record_start(setting.engine, records)
    past, drawn = draw_customers(records, setting)
    seen: dict[date | None, DatasetSnapshot] = {
        day: _recorded(found, starts, horizon)
        for day, found in zip(days, _customers(past, days, setting, horizon), strict=True)}
    scoring = _customers(records, [snapshot.cutoff_on], setting, horizon, is_known=False)[0]
    length = f"{history.n_days} day{'' if history.n_days == 1 else 's'}"
    short = f"the history has {length}, and {2 * horizon} are needed: a horizon to look back and one to look ahead"
    reason = seen[days[0]].shortage() if days else short
    return Dataset(PURCHASE_DATASET, seen, planned, scoring, horizon, snapshot.outcome.last_on, reason, drawn=drawn)


def draw_customers(records: ChurnTables, setting: DatasetSettings) -> tuple[ChurnTables, tuple[int, int]]:
    """Return the tables of at most `MAX_PAST_CUSTOMERS` buyers drawn at random, and how many of how many they are.

    Notes
    -----
    Where there are no more everybody is taken, and the counts are 0. A model learns no more from further hundreds of
    thousands: time and memory go with the customers times the days looked back on. Who is scored is never drawn.
    """
    bought = records.transactions.filter(records.transactions.customer_id.notnull()).select("customer_id").distinct()
    n = int(setting.engine.first_row(bought.count().name("n").as_table())["n"])
    if n <= MAX_PAST_CUSTOMERS:
        return records, (0, 0)
    known = np.sort(setting.engine.frame(bought, "customers who bought")["customer_id"].to_numpy("str"))
    chosen = np.random.default_rng(setting.seed).choice(n, MAX_PAST_CUSTOMERS, replace=False)
    drawn = setting.engine.kept(setting.engine.lazy(pd.DataFrame({"customer_id": known[np.sort(chosen)]})))
    tables = {f.name: getattr(records, f.name) for f in fields(records)}
    return replace(records, **{name: table.semi_join(drawn, "customer_id") for name, table in tables.items()
                               if table is not None}), (MAX_PAST_CUSTOMERS, n)


def _customers(records: ChurnTables, days: Sequence[date], setting: DatasetSettings, horizon: int, *,
               is_known: bool = True) -> list[DatasetSnapshot]:
    """Return the customers who could be lost at each of some days, in as few queries as their lines allow."""
    n_lines = setting.engine.first_row(records.transactions.count().name("n").as_table())["n"]
    return [found for block in aligned_origins.origin_blocks(days, n_lines)
            for found in _customers_at(records, block, setting, horizon, is_known=is_known)]


def _customers_at(records: ChurnTables, days: Sequence[date], setting: DatasetSettings, horizon: int, *,
                  is_known: bool) -> list[DatasetSnapshot]:
    tables = aligned_origins.align_tables(setting.engine, records, days)
    common = windows.snapshot_at(days[0], horizon)
    knobs = {"eligible_days": setting.assumptions.eligible_days, "margin_rate": setting.margin_rate}
    who = (dataset.churn_labels(tables.transactions, common, **knobs) if is_known else
           dataset.eligible_customers(tables.transactions, common.cutoff_on, recent_days=horizon, **knobs))
    traced = churn_features.customer_features(tables, setting.engine.kept(who), common.cutoff_on, horizon)
    known = setting.engine.frame(traced, "churn cases").sort_values("customer_id", ignore_index=True)
    return [customer_snapshot(cases, windows.snapshot_at(day, horizon), setting.treated)
            for day, cases in zip(days, aligned_origins.split_origins(known, len(days), ["customer_id"]), strict=True)]


def customer_snapshot(known: pd.DataFrame, snapshot: Snapshot, treated: pd.DataFrame = EMPTY_CASES) -> DatasetSnapshot:
    """Return customers as cases from `churn_features.customer_features`; exact logs and rhythms are added here."""
    recency, n = known["recency_days"].to_numpy("float64"), known["n_occasions"].to_numpy("float64")
    age, once = known["age_days"].to_numpy("float64"), known["is_one_time"].to_numpy("float64")
    gap = (age - recency) / np.maximum(n - 1, 1)
    rule = pd.DataFrame({"log_recency_days": np.log1p(recency)})
    rhythm = inter_purchase_time.fit_inter_purchase_model(n - 1, age - recency)
    quiet = rhythm.survival(n - 1, age - recency, recency) if rhythm else np.full(len(known), np.nan)
    recent = np.log1p(known["n_recent_occasions"].to_numpy("float64"))
    own = rule.assign(
        log_age_days=np.log1p(age), log_occasions=np.log(np.maximum(n, 1)), log_recent_occasions=recent,
        log_mean_spend=np.log1p(np.maximum(known["mean_spend"].to_numpy("float64"), 0)), is_one_time=once,
        log_recency_if_one_time=once * np.log1p(recency),
        log_inactivity_by_own_gap=(1 - once) * np.log1p(recency / np.maximum(gap, 1)),
        gap_improbability=-np.log(np.maximum(quiet, 1e-12)),
        change_of_pace=recent - known["log_before_occasions"].to_numpy("float64"))
    traced = known[[c for c in known if c in churn_features.GROUP_OF_FEATURE and c not in own]].astype("float64")
    outcome = known["is_lost"].to_numpy("float64") if "is_lost" in known else np.full(len(known), np.nan)
    about = known[["customer_id", "is_one_time", "recency_days", "age_days", "n_occasions", "margin"]].assign(
        inactivity_percentile=1 - quiet, **_treatment(known["customer_id"], treated, snapshot))
    return DatasetSnapshot(
        about,
        rule,
        _without_empty_features(pd.concat([own, _zero_filled(traced)], axis=1)),
        outcome,
        snapshot.cutoff_on,
    )


def _recorded(
    snapshot: DatasetSnapshot, starts: Sequence[tuple[date, tuple[str, ...]]], recent_days: int
) -> DatasetSnapshot:
    """Return cases without features of a time before the records began: what was not recorded is not nothing.

    Parameters
    ----------
    snapshot : DatasetSnapshot
        Cases at a cut-off.
    starts : sequence of (date, tuple of str)
        From `churn_features.features_by_record_start`.
    recent_days : int
        Length of the recent past, and of the time before it [days].
    """
    begin = pd.Timestamp(snapshot.seen_on) - pd.Timedelta(2 * recent_days - 1, "D")
    unknown = [name for first_on, names in starts if pd.Timestamp(first_on) > begin for name in names]
    return replace(snapshot, features=snapshot.features.drop(columns=unknown, errors="ignore"))


def _zero_filled(traced: pd.DataFrame) -> pd.DataFrame:
    """Return counts without gaps: whoever left no trace in a table that has some left none."""
    counts = [c for c in traced if c.startswith(("n_", "points_", "has_")) and traced[c].notna().any()]
    return traced.assign(**{c: traced[c].fillna(0.0) for c in counts})


def _without_empty_features(features: pd.DataFrame) -> pd.DataFrame:
    """Return features without those of which nothing at all is known."""
    return features.loc[:, features.notna().any()] if len(features) else features


def _treatment(customers: pd.Series, treated: pd.DataFrame, snapshot: Snapshot) -> dict[str, np.ndarray]:
    """Return whether a list had acted on customers in the outcome window of a snapshot, and the weights of training.

    A list acts from the day after it was drawn until its window ends; what reaches into less than `MIN_OVERLAP` of the
    outcome window is left to the window that holds the rest.
    """
    first, last = pd.Timestamp(snapshot.outcome.first_on), pd.Timestamp(snapshot.outcome.last_on)
    begins, ends = treated["on"].clip(lower=first - timedelta(1)), treated["ends_on"].clip(upper=last)
    within = treated[(ends - begins).dt.days >= MIN_OVERLAP * snapshot.outcome.n_days]
    weight = customers.astype("str").map(within.groupby("customer_id")["weight"].min()).fillna(1.0).to_numpy("float64")
    return {TREATED: weight == 0, TRAINING_WEIGHT: weight}


# --- contracts -----------------------------------------------------------------------------------------------------


def _dated_contract_dataset(
    records: ChurnTables, known: pd.DataFrame, snapshot: Snapshot, setting: DatasetSettings
) -> Dataset:
    horizon, used = snapshot.outcome.n_days, _attributes(known, setting)
    history = TimeWindow(known["started_on"].min().date(), snapshot.cutoff_on)
    planned = dataset.rolling_origins(history, horizon)
    days = sorted({day for dates in planned for day in dates.all}, reverse=True)
    starts = churn_features.features_by_record_start(setting.engine, records)
    seen: dict[date | None, DatasetSnapshot] = {
        d: _recorded(_contracts_at(records, known, windows.snapshot_at(d, horizon), setting, used), starts, horizon)
        for d in days}
    scoring = _contracts_at(records, known, snapshot, setting, used, is_known=False)
    short = f"the history has {history.n_days} days, and {2 * horizon} are needed"
    reason = seen[days[0]].shortage() if days else short
    return Dataset(DATED_CONTRACTS, seen, planned, scoring, horizon, snapshot.outcome.last_on, reason, used[0], used[1])


def _contracts_at(records: ChurnTables, known: pd.DataFrame, snapshot: Snapshot, setting: DatasetSettings,
                  used: tuple[leakage.LeakageReport, tuple[str, ...]], is_known: bool = True) -> DatasetSnapshot:
    cutoff, last = pd.Timestamp(snapshot.cutoff_on), pd.Timestamp(snapshot.outcome.last_on)
    ended_on = known["ended_on"].astype("datetime64[us]")
    is_running = (known["started_on"] <= cutoff) & ~(ended_on <= cutoff)
    rows = known[is_running].sort_values("subscription_id", ignore_index=True)
    ended = rows["ended_on"].astype("datetime64[us]")
    ids = setting.engine.lazy(rows[["subscription_id", "customer_id"]].astype("str"))
    traced = setting.engine.frame(
        churn_features.contract_features(records, ids, snapshot.cutoff_on, snapshot.outcome.n_days), "churn cases")
    left = traced.sort_values("subscription_id", ignore_index=True).drop(columns=["subscription_id", "customer_id"])
    tenure = (cutoff - rows["started_on"]).dt.days.to_numpy("float64") / 30.4375
    attributes = _known_by(rows, used, setting.known_from, cutoff)
    seen = pd.concat([pd.DataFrame({"tenure_months": tenure, "log_tenure_months": np.log1p(tenure)}),
                      _zero_filled(left.astype("float64")), attributes], axis=1)
    quiet = seen.get("log_days_since_event", pd.Series(np.nan, seen.index)).to_numpy("float64")
    never = np.log1p(tenure * 30.4375) if np.isfinite(quiet).any() else -np.log1p(tenure)
    rule = pd.DataFrame({"log_days_since_event": np.where(np.isnan(quiet), never, quiet)})
    about = rows[["customer_id", "subscription_id", "monthly_fee"]].assign(
        is_one_time=False, tenure_months=tenure,
        **_treatment(rows["customer_id"], setting.treated, snapshot),
        margin_a_month=rows["monthly_fee"].astype("float64") * setting.margin_rate)
    outcome = (ended <= last).to_numpy("float64") if is_known else np.full(len(rows), np.nan)
    return DatasetSnapshot(about, rule, _without_empty_features(seen), outcome, snapshot.cutoff_on)


def _attributes(known: pd.DataFrame, setting: DatasetSettings) -> tuple[leakage.LeakageReport, tuple[str, ...]]:
    """Return what became of each attribute, and those left out for having too many different texts."""
    names = [c for c in known if c.startswith("attribute_") and known[c].notna().any()]
    judged = leakage.check_leakage(names, setting.known_from, setting.assumptions.vouched)
    many = tuple(c for c in judged.used if not is_numeric(known[c]) and known[c].nunique() > MAX_CATEGORIES)
    return judged, many


def _known_by(rows: pd.DataFrame, used: tuple[leakage.LeakageReport, tuple[str, ...]], known_from: Mapping[str, str],
              cutoff: pd.Timestamp | None = None) -> pd.DataFrame:
    """Return plan, fee and the attributes that may be used, each empty where it was not known by the cut-off."""
    columns = ["plan", "monthly_fee", *(c for c in used[0].used if c not in used[1])]
    found = rows[[c for c in columns if rows[c].notna().any()]].copy()
    always = (leakage.STATIC_ATTRIBUTE, STATIC_WITH_ALL)
    dated = [c for c in found if known_from.get(c, always[0]) not in always and cutoff is not None]
    late = {c: found[c].mask(~(rows[known_from[c]].astype("datetime64[us]") <= cutoff)) for c in dated}
    numbers = {c: found[c].astype("float64") for c in found if is_numeric(found[c]) and c not in late}
    return found.assign(**late, **numbers)


def _undated_contract_dataset(known: pd.DataFrame, setting: DatasetSettings) -> Dataset:
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
    cases = DatasetSnapshot(about, rule, seen, known["has_ended"].to_numpy("float64"))
    reason = "there are no transactions and no contracts" if known.empty else cases.shortage()
    running = cases.rows(~about["has_ended"].to_numpy())
    scoring = DatasetSnapshot(running.about, running.rule, running.features, np.full(len(running.is_lost), np.nan))
    return Dataset(UNDATED_CONTRACTS, {None: cases}, (), scoring, reason=reason, judged=used[0], left_out=used[1])


def _tenure_months(known: pd.DataFrame) -> np.ndarray:
    """Return the age of contracts: as stated, else from their dates up to their end or the newest date [months]."""
    dates = known[["started_on", "ended_on"]].astype("datetime64[us]")
    until = dates["ended_on"].fillna(dates.max(axis=None))
    dated = (until - dates["started_on"]).dt.days / 30.4375
    tenure = known["tenure_months"].astype("float64").fillna(dated).clip(lower=0)
    return tenure.fillna(tenure.median()).fillna(0).to_numpy()
