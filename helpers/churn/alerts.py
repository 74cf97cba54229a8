"""Churn alerts with owner, due date and control group; precision and effect of earlier alerts."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.churn import dataset
from helpers.churn.config import AlertRule, ChurnConfig
from helpers.churn.dataset import Dataset
from helpers.churn.schema import CHURN_ALERTS
from helpers.customers import random_assignment
from helpers.customers.random_assignment import CONTROL_GROUP, Draw
from helpers.customers.windows import Snapshot, TimeWindow
from helpers.foundation.engine import Engine
from helpers.foundation.results import Estimate, Status, no_estimate
from helpers.stats import confidence_intervals

ALERT_SIGNALS = ("churn_probability", "inactivity_percentile", "complaints", "margin_at_risk", "satisfaction")


RANKED_SIGNALS = ["churn_probability", "margin_at_risk"]


def alert_signals(basis: Dataset, scores: pd.DataFrame, is_ranked: bool = True) -> pd.DataFrame:
    """Return what rules look at, a row a customer who is scored; NaN where it is not known.

    Parameters
    ----------
    basis : Dataset
        Those to be scored.
    scores : DataFrame
        ``results/churn_scores``.
    is_ranked : bool
        Whether the churn probability tells customers apart; else no rule may look at it.

    Returns
    -------
    DataFrame
        ``customer_id``, and by signal: ``churn_probability``, ``inactivity_percentile`` (share of own gaps that are
        shorter than the present one; who has bought once has none), ``complaints`` within a horizon, ``margin_at_risk``
        [money], ``satisfaction`` (100 less the latest answer, so that high is bad).
    """
    if scores.empty:
        return pd.DataFrame(columns=["customer_id", *ALERT_SIGNALS])
    seen = basis.scoring.features.assign(customer_id=basis.scoring.about["customer_id"].to_numpy())
    seen = seen.drop_duplicates("customer_id").set_index("customer_id").reindex(scores["customer_id"])
    known = {name: seen[name].astype("float64").to_numpy() if name in seen else np.full(len(scores), np.nan)
             for name in ("n_recent_complaints", "satisfaction")}
    flags = scores["is_one_time"] if "is_one_time" in scores else pd.Series(False, scores.index)
    once = flags.eq(True).astype(bool)
    found = pd.DataFrame({
        "customer_id": scores["customer_id"].to_numpy(),
        "churn_probability": scores["churn_probability"].to_numpy("float64"),
        "inactivity_percentile": scores["inactivity_percentile"].astype("float64").mask(once).to_numpy(),
        "complaints": known["n_recent_complaints"],
        "margin_at_risk": scores["margin_at_risk"].to_numpy("float64"), "satisfaction": 100 - known["satisfaction"]})
    return found if is_ranked else found.assign(**dict.fromkeys(RANKED_SIGNALS, np.nan))


def with_complaint_windows(
    engine: Engine, signals: pd.DataFrame, cases: ir.Table | None, rules: Iterable[AlertRule], as_of_on: date
) -> pd.DataFrame:
    """Return signals with the complaints of every rule that counts them within days of its own.

    Parameters
    ----------
    engine : Engine
        Counts.
    signals : DataFrame
        From `alert_signals`.
    cases : Table or None
        ``canonical/cases``; None where none are recorded, and the count is not known.
    rules : iterable of AlertRule
        Of the study.
    as_of_on : date
        Last day that counts.
    """
    for rule in rules:
        if not rule.window_days:
            continue
        if cases is None:
            signals = signals.assign(**{rule.signal_column: np.nan})
            continue
        window = TimeWindow(as_of_on - timedelta(rule.window_days - 1), as_of_on)
        seen = cases.filter(cases.kind == "complaint", window.holds(cases.opened_at.date()))
        counts = engine.frame(seen.group_by("customer_id").aggregate(n=seen.count())).set_index("customer_id")["n"]
        found = counts.reindex(signals["customer_id"]).fillna(0).to_numpy("float64")
        signals = signals.assign(**{rule.signal_column: found})
    return signals


def raise_alerts(
    scores: pd.DataFrame, signals: pd.DataFrame, before: pd.DataFrame, assumed: ChurnConfig, as_of_on: date, draw: Draw
) -> pd.DataFrame:
    """Return today's alerts, as ``results/alerts`` is declared.

    Parameters
    ----------
    scores, signals : DataFrame
        From `helpers.churn.scoring.churn_scores` and `alert_signals`.
    before : DataFrame
        Alerts of the last comparable run: one that is open stays until its signal is below the rule's lower limit, and
        keeps its arm until the outcome window of its draw has passed. Empty where there is none.
    assumed : ChurnConfig
        Section ``[churn]``: rules, hold-out, capacity.
    as_of_on : date
        Day of the run.
    draw : Draw
        Of the control group. Whoever is in a draw that is open keeps the arm.

    Notes
    -----
    One alert per customer and cause: of rules with the same cause the first in the study counts. The control group is
    drawn over customers, so that nobody is treated for one cause and left alone for another, in proportion to the
    rules.
    """
    parts = [_alerts_of_rule(name, rule, scores, signals, before, as_of_on) for name, rule in assumed.rules.items()]
    known = [part for part in parts if len(part)]
    if not known:
        return pd.DataFrame(columns=list(CHURN_ALERTS.names))
    found = pd.concat(known, ignore_index=True).drop_duplicates(["customer_id", "cause"])
    found = found.merge(_arms(found, before, draw, assumed.hold_out_share, as_of_on), on="customer_id")
    return _with_capacity(found, assumed.capacity)[list(CHURN_ALERTS.names)].sort_values(
        ["customer_id", "cause"], ignore_index=True
    )


def _alerts_of_rule(name: str, rule: AlertRule, scores: pd.DataFrame, signals: pd.DataFrame, before: pd.DataFrame,
            as_of_on: date) -> pd.DataFrame:
    signal, cause = signals[rule.signal_column].to_numpy("float64"), rule.cause or name
    open_ones = before[before["cause"] == cause] if len(before) else before
    was_open = scores["customer_id"].isin(open_ones["customer_id"] if len(open_ones) else []).to_numpy()
    with np.errstate(invalid="ignore"):
        is_raised = (signal >= rule.alert_threshold) | (was_open & (signal >= rule.clear_threshold))
    value = scores["value_if_kept"].to_numpy("float64")
    is_raised &= ~(value < rule.min_value)
    chosen = scores[is_raised]
    since = dict(zip(open_ones["customer_id"], open_ones["raised_on"], strict=True)) if len(open_ones) else {}
    today = pd.Timestamp(as_of_on)
    return pd.DataFrame({
        "customer_id": chosen["customer_id"].to_numpy(), "cause": cause, "rule": name, "signal": rule.signal,
        "signal_value": signal[is_raised], "is_new": ~was_open[is_raised],
        "raised_on": [since.get(c, today) for c in chosen["customer_id"]], "made_as_of_on": today,
        "respond_by_on": today + timedelta(rule.due_days), "outcome_due_on": chosen["due_on"].to_numpy(),
        "owner": rule.owner, "response": rule.response,
        "churn_probability": chosen["churn_probability"].to_numpy("float64"),
        "margin_at_risk": chosen["margin_at_risk"].to_numpy("float64")})


def _arms(found: pd.DataFrame, before: pd.DataFrame, draw: Draw, share: float, as_of_on: date) -> pd.DataFrame:
    """Return the arm of each customer: customer_id, is_control, draw, probability."""
    assigned = random_assignment.with_alerts(draw.assigned, before, as_of_on)
    strata = found.drop_duplicates("customer_id").set_index("customer_id")["rule"]
    arms = Draw(draw.experiment, draw.seed, assigned).assign(strata, share)
    return pd.DataFrame({"customer_id": arms["unit_id"], "is_control": arms["variant"].eq(CONTROL_GROUP),
                         "draw": arms["experiment"], "probability": arms["probability"]})


def _with_capacity(found: pd.DataFrame, capacity: int) -> pd.DataFrame:
    """Return alerts with ``is_within_capacity``: those with most at stake first; the held out take no capacity."""
    at_stake = found["margin_at_risk"].fillna(0).where(~found["is_control"], -np.inf)
    order = at_stake.rank(method="first", ascending=False)
    is_within = ~found["is_control"] & ((order <= capacity) | (capacity == 0))
    return found.assign(is_within_capacity=is_within)


def alerts_by_rule(alerts: pd.DataFrame, rules: Mapping[str, AlertRule]) -> pd.DataFrame:
    """Return alerts by rule: how many, how many new, held out, and what is at stake.

    Returns
    -------
    DataFrame
        Grain rule in the order of the study: ``rule``, ``n_customers``, ``n_new``, ``n_held_out``, ``margin_at_risk``
        [money], ``owner``, ``respond_by_on``, ``response``.
    """
    rows = []
    for name, rule in rules.items():
        own = alerts[alerts["rule"] == name]
        due = own["respond_by_on"].min() if len(own) else pd.NaT
        rows.append((name, len(own), int(own["is_new"].sum()), int(own["is_control"].sum()),
                     own["margin_at_risk"].sum(min_count=1), rule.owner, due, rule.response))
    return pd.DataFrame(rows, columns=["rule", "n_customers", "n_new", "n_held_out", "margin_at_risk", "owner",
                                       "respond_by_on", "response"])


NO_CONTROL_GROUP = "contaminated by action: there was no random control group"

MIN_GRADED_CUSTOMERS = 10


def eligible_and_churned(
    engine: Engine, transactions: ir.Table, made_as_of_on: date, due_on: date, eligible_days: int
) -> pd.DataFrame:
    """Return who was eligible on a day and was lost by another.

    Returns
    -------
    DataFrame
        Grain customer: ``customer_id``, ``is_lost``.
    """
    snapshot = Snapshot(made_as_of_on, TimeWindow((pd.Timestamp(made_as_of_on) + pd.Timedelta(days=1)).date(), due_on))
    table = dataset.churn_labels(transactions, snapshot, eligible_days=eligible_days)
    found = engine.frame(table.select("customer_id", "is_lost"), "lost")
    return found.sort_values("customer_id", ignore_index=True)


def grade_earlier_runs(engine: Engine, transactions: ir.Table, alerts: pd.DataFrame, as_of_on: date,
            eligible_days: int) -> list[Estimate]:
    """Return the grades of all earlier alerts whose outcome is complete by now.

    Parameters
    ----------
    engine : Engine
        Counts.
    transactions : ir.Table
        Today's ``canonical/transactions``.
    alerts : DataFrame
        Alerts of earlier runs, with ``run`` and ``obstacle``: what stands between that run's definitions and today's.
    as_of_on : date
        Last day that is seen.
    eligible_days : int
        The rule of eligibility [days].
    """
    due = alerts[alerts["outcome_due_on"] <= pd.Timestamp(as_of_on)]
    found = []
    for (run, obstacle), own in due.groupby(["run", "obstacle"], sort=True):
        if obstacle:
            found.append(no_estimate("alert_precision", Status.NOT_APPLICABLE, str(obstacle), unit="share",
                                       n=len(own), segment=f"{run}: all rules"))
            continue
        made_on, due_on = (own[c].iloc[0].date() for c in ("made_as_of_on", "outcome_due_on"))
        found += grade_alerts(own, eligible_and_churned(engine, transactions, made_on, due_on, eligible_days), str(run))
    return found


def grade_alerts(alerts: pd.DataFrame, lost: pd.DataFrame, run: str) -> list[Estimate]:
    """Return the grades of one run's alerts.

    Parameters
    ----------
    alerts : DataFrame
        ``results/alerts`` of an earlier run whose outcome is known by now.
    lost : DataFrame
        What happened to all who were eligible then, as `lost` gives it.
    run : str
        Name of the run, which becomes part of the segments.

    Returns
    -------
    list of Estimate
        By rule: on the hold-out ``alert_precision`` (share lost), ``alert_stated`` (mean probability that was stated)
        and ``alert_calibration`` (share lost less stated); ``alert_recall``, of all who were lost the share warned of,
        each held out counting for as many as the hold-out stands for; ``alert_effect``, share lost of those drawn
        (answered or not) less that of the held out. Without a hold-out each is struck: *contaminated by action*.
    """
    known = alerts.merge(lost, on="customer_id")
    found = []
    for rule, own in known.groupby("rule", sort=True):
        segment = f"{run}: {rule}"
        drawn = own[_is_drawn_by_alerts(own)]
        held, acted = (drawn[drawn[flag].astype(bool)] for flag in ("is_control", "is_within_capacity"))
        if held.empty:
            found += [no_estimate(q, Status.STRUCK, NO_CONTROL_GROUP, unit="share", n=len(own), segment=segment)
                      for q in ("alert_precision", "alert_calibration", "alert_recall", "alert_effect")]
        elif len(held) < MIN_GRADED_CUSTOMERS:
            reason = f"{len(held)} held out, at least {MIN_GRADED_CUSTOMERS} are needed"
            found += [no_estimate(q, Status.INSUFFICIENT, reason, unit="share", n=len(held), segment=segment)
                      for q in ("alert_precision", "alert_calibration", "alert_recall", "alert_effect")]
        else:
            found += _grades_on_control(held, acted, lost, known, segment)
    return found


def _is_drawn_by_alerts(alerts: pd.DataFrame) -> pd.Series:
    """Return whose arm was drawn for alerts; one that a plan drew had another chance, and is not compared with them."""
    prefix = random_assignment.EXPERIMENT_PREFIXES[random_assignment.ALERT]
    return alerts["draw"].fillna(prefix).astype("str").str.startswith(prefix)


def _grades_on_control(held: pd.DataFrame, acted: pd.DataFrame, lost: pd.DataFrame, warned: pd.DataFrame,
                 segment: str) -> list[Estimate]:
    n_warned = int((warned["rule"] == held["rule"].iloc[0]).sum())
    n, share = len(held), float(held["is_lost"].mean())
    precision, stated = confidence_intervals.share_interval(share, n), float(held["churn_probability"].mean())
    calibration = confidence_intervals.share_interval(share, n)
    found = [Estimate("alert_precision", share, precision.low, precision.high, "share", n, segment),
             Estimate("alert_stated", stated, unit="share", n=n, segment=segment),
             Estimate("alert_calibration", share - stated, calibration.low - stated, calibration.high - stated, "share",
                      n, segment)]
    weight = n_warned / len(held)
    unwarned = lost[~lost["customer_id"].isin(warned["customer_id"])]["is_lost"].sum()
    caught = weight * held["is_lost"].sum()
    every = caught + unwarned + weight * (warned[warned["is_control"].astype(bool) & ~warned["customer_id"].isin(
        held["customer_id"])].drop_duplicates("customer_id")["is_lost"].sum())
    if every:
        found.append(Estimate("alert_recall", float(caught / every), unit="share", n=len(lost), segment=segment))
    return [*found, _effect(held, acted, segment)]


def _effect(held: pd.DataFrame, acted: pd.DataFrame, segment: str) -> Estimate:
    """Return the share lost of those drawn less that of the held out, with Newcombe's interval (1998, method 10)."""
    if acted.empty:
        return no_estimate("alert_effect", Status.INSUFFICIENT, "nobody was drawn beside the control group",
                           unit="share", n=len(held), segment=segment)
    a, b = (confidence_intervals.share_interval(float(part["is_lost"].mean()), len(part)) for part in (acted, held))
    gap = a.less(b)
    return Estimate("alert_effect", gap.value, gap.low, gap.high, "share", len(held) + len(acted), segment)
