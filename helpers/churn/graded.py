"""What became of earlier alerts: graded on those left alone, the effect from those acted on."""

from datetime import date

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.churn import labels
from helpers.customers.windows import Snapshot, Window
from helpers.foundation.engine import Engine
from helpers.foundation.estimates import Estimate, Status, without_value
from helpers.methods import intervals

CONTAMINATED = "contaminated by action: nobody was left alone"
LEAST = 10


def lost(engine: Engine, transactions: ir.Table, made_as_of_on: date, due_on: date, eligible_days: int) -> pd.DataFrame:
    """Return who was eligible on a day and was lost by another.

    Returns
    -------
    DataFrame
        Grain customer: ``customer_id``, ``is_lost``.
    """
    snapshot = Snapshot(made_as_of_on, Window((pd.Timestamp(made_as_of_on) + pd.Timedelta(days=1)).date(), due_on))
    table = labels.labelled(transactions, snapshot, eligible_days=eligible_days)
    found = engine.frame(table.select("customer_id", "is_lost"), "lost")
    return found.sort_values("customer_id", ignore_index=True)


def of_runs(engine: Engine, transactions: ir.Table, alerts: pd.DataFrame, as_of_on: date,
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
            found.append(without_value("alert_precision", Status.NOT_APPLICABLE, str(obstacle), unit="share",
                                       n=len(own), segment=f"{run}: all rules"))
            continue
        made_on, due_on = (own[c].iloc[0].date() for c in ("made_as_of_on", "outcome_due_on"))
        found += grades(own, lost(engine, transactions, made_on, due_on, eligible_days), str(run))
    return found


def grades(alerts: pd.DataFrame, lost: pd.DataFrame, run: str) -> list[Estimate]:
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
        each held out counting for as many as the hold-out stands for; ``alert_effect``, share lost of those acted on
        less that of the held out. Without a hold-out each is struck: *contaminated by action*.
    """
    known = alerts.merge(lost, on="customer_id")
    found = []
    for rule, own in known.groupby("rule", sort=True):
        segment = f"{run}: {rule}"
        held, acted = (own[own[flag].astype(bool)] for flag in ("is_held_out", "is_within_capacity"))
        if held.empty:
            found += [without_value(q, Status.STRUCK, CONTAMINATED, unit="share", n=len(own), segment=segment)
                      for q in ("alert_precision", "alert_calibration", "alert_recall", "alert_effect")]
        elif len(held) < LEAST:
            reason = f"{len(held)} held out, at least {LEAST} are needed"
            found += [without_value(q, Status.INSUFFICIENT, reason, unit="share", n=len(held), segment=segment)
                      for q in ("alert_precision", "alert_calibration", "alert_recall", "alert_effect")]
        else:
            found += _on_hold_out(held, acted, lost, known, segment)
    return found


def _on_hold_out(held: pd.DataFrame, acted: pd.DataFrame, lost: pd.DataFrame, warned: pd.DataFrame,
                 segment: str) -> list[Estimate]:
    n_warned = int((warned["rule"] == held["rule"].iloc[0]).sum())
    n, share = len(held), float(held["is_lost"].mean())
    precision, stated = intervals.share(share, n), float(held["p_lost"].mean())
    calibration = intervals.share(share, n)
    found = [Estimate("alert_precision", share, precision.low, precision.high, "share", n, segment),
             Estimate("alert_stated", stated, unit="share", n=n, segment=segment),
             Estimate("alert_calibration", share - stated, calibration.low - stated, calibration.high - stated, "share",
                      n, segment)]
    weight = n_warned / len(held)
    unwarned = lost[~lost["customer_id"].isin(warned["customer_id"])]["is_lost"].sum()
    caught = weight * held["is_lost"].sum()
    every = caught + unwarned + weight * (warned[warned["is_held_out"].astype(bool) & ~warned["customer_id"].isin(
        held["customer_id"])].drop_duplicates("customer_id")["is_lost"].sum())
    if every:
        found.append(Estimate("alert_recall", float(caught / every), unit="share", n=len(lost), segment=segment))
    return [*found, _effect(held, acted, segment)]


def _effect(held: pd.DataFrame, acted: pd.DataFrame, segment: str) -> Estimate:
    """Return the share lost of those acted on less that of the held out, with Newcombe's interval (1998, method 10)."""
    if acted.empty:
        return without_value("alert_effect", Status.INSUFFICIENT, "nobody was acted on", unit="share", n=len(held),
                             segment=segment)
    a, b = (intervals.share(float(part["is_lost"].mean()), len(part)) for part in (acted, held))
    value = a.value - b.value
    low = value - float(np.hypot(a.value - a.low, b.high - b.value))
    high = value + float(np.hypot(a.high - a.value, b.value - b.low))
    return Estimate("alert_effect", value, low, high, "share", len(held) + len(acted), segment)
