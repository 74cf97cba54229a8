"""Forecast tracking: forecasts and alerts of earlier runs that are due, gates and claims of all steps."""

from collections.abc import Iterable
from datetime import date
from functools import partial

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.churn import realised_churn
from helpers.churn.schema import CHURN_FORECASTS
from helpers.customers import random_assignment
from helpers.foundation.results import Status, claim_table, gate_table
from helpers.foundation.workspace import Workspace
from helpers.reporting import change_since_last_run, formatting
from helpers.reporting.headings import quantity_label
from helpers.reporting.run_results import RunResults
from helpers.reporting.schema import CLAIMS, FORECAST_KEY, FORECASTS, GATES, GRADES, LIST
from helpers.reporting.text import stale_records as stale_records_text
from helpers.value import historical_value, recurring_revenue, weekly_sales

ALERTS, SCORES = "results/alerts", "results/churn_scores"

PLAN, CAMPAIGNS = "results/actions", "results/campaigns"  # lists whose costs are planned


def all_gates(results: RunResults) -> pd.DataFrame:
    """Return ``results/gates``: the gates of all wings in one table; one that a wing took over stands once."""
    found = _united(results, GATES, gate_table("", [])).sort_values(["step", "gate"], kind="stable")
    return found.drop_duplicates(["gate", "sentence"], ignore_index=True)


def all_claims(results: RunResults) -> pd.DataFrame:
    """Return ``results/claims``: textbook claims held against own data by any wing, in one table."""
    return _united(results, CLAIMS, claim_table("", [])).sort_values(["step", "claim"], ignore_index=True)


def claims_reading_table(claims: pd.DataFrame) -> pd.DataFrame:
    """Return textbook claims for reading: what is said, by whom, the verdict here, the own figure, how and where."""
    shown = claims.rename(columns={"sentence": "own_data", "operationalisation": "measured_by", "step": "page",
                                    "source": "said_by"})
    return shown[["claim", "said_by", "verdict", "own_data", "measured_by", "page"]]


def _united(results: RunResults, names: Iterable[str], none: pd.DataFrame) -> pd.DataFrame:
    parts = [frame for name in names if not (frame := results.frame(name)).empty]
    return pd.concat(parts, ignore_index=True) if parts else none


def due_forecasts(ws: Workspace) -> pd.DataFrame:
    """Return the forecasts that earlier runs made and whose last day has passed.

    Returns
    -------
    DataFrame
        Grain forecast, each once, as its latest run made it: the columns of every table of `FORECASTS` with ``run``
        and ``obstacle``: what stands between that run's definitions and today's, empty where nothing does; and
        ``has_action_list``: whether that run drew a list to act on.
    """
    now, covered_on = change_since_last_run.current_identity(ws), ws.covered_on("transactions")
    parts = []
    for run in change_since_last_run.earlier_runs(ws):
        for name, section in FORECASTS.items():
            made = ws.frame_of(run.run, name)
            passed = made[made["due_on"] <= pd.Timestamp(now.as_of)]
            obstacle = "; ".join(change_since_last_run.comparability_obstacles(now, run, section))
            has_list = len(passed) > 0 and not ws.frame_of(run.run, LIST).empty
            parts.append(passed.assign(run=run.run, obstacle=_obstacles(passed, obstacle, covered_on),
                                       has_action_list=has_list))
    known = [part for part in parts if len(part)]
    if not known:
        names = dict.fromkeys(c for name in FORECASTS for c in ws.declarations[name].names)
        return pd.DataFrame(columns=["run", *names, "obstacle", "has_action_list"])
    return pd.concat(known).drop_duplicates(FORECAST_KEY, keep="last").sort_values(FORECAST_KEY, ignore_index=True)


def _obstacles(made: pd.DataFrame, obstacle: str, covered_on: date) -> np.ndarray:
    """Return what stands between forecasts and their grades: definitions, or orders that end before the last day."""
    is_open = made["due_on"] > pd.Timestamp(covered_on)
    if "basis" in made:
        is_open &= made["basis"].ne("contracts")
    return np.where(is_open & (obstacle == ""), stale_records_text.ungraded_reason(covered_on), obstacle)


def outcomes(ws: Workspace, transactions: ir.Table, due: pd.DataFrame) -> pd.Series:
    """Return what has happened since each forecast was made, by the index of `due`; NaN where it cannot be counted."""
    every = dict.fromkeys([*due.columns, *CHURN_FORECASTS.names])  # runs of long ago have fewer columns
    made = due.reindex(columns=list(every))
    lost = realised_churn.realised_churn(ws.engine, transactions, made)
    money = realised_churn.realised_margin_lost(ws.engine, transactions, made, partial(ws.frame_of, name=SCORES))
    later = historical_value.realised_orders_and_margin(ws.engine, transactions, due, ws.study.economics)
    sales = weekly_sales.realised_sales(ws.engine, transactions, due, ws.study.economics)
    fees = recurring_revenue.realised_recurring_revenue(ws.engine, ws.table("canonical/subscriptions"), due)
    return lost.fillna(money).fillna(later).fillna(sales).fillna(fees)


def earlier_alerts(ws: Workspace) -> pd.DataFrame:
    """Return the alerts of every earlier run, oldest first.

    Returns
    -------
    DataFrame
        Grain run × customer × cause: the columns of ``results/alerts`` with ``run`` and ``obstacle``, as in `due`.
    """
    now, parts = change_since_last_run.current_identity(ws), []
    for run in change_since_last_run.earlier_runs(ws):
        if run.as_of and run.as_of < now.as_of:
            made = ws.frame_of(run.run, ALERTS)
            parts.append(
                made.assign(
                    run=run.run, obstacle="; ".join(change_since_last_run.comparability_obstacles(now, run, "churn"))
                )
            )
    known = [part for part in parts if len(part)]
    columns = [*ws.declarations[ALERTS].names, "run", "obstacle"]
    return pd.concat(known, ignore_index=True)[columns] if known else pd.DataFrame(columns=columns)


def open_alerts(earlier: pd.DataFrame) -> pd.DataFrame:
    """Return the alerts of the last comparable run, which are open until their signal is low again."""
    fitting = earlier[earlier["obstacle"].eq("")]
    return fitting[fitting["run"] == fitting["run"].iloc[-1]] if len(fitting) else fitting


def list_costs(ws: Workspace) -> dict[str, tuple[float, float]]:
    """Return what the action list and each campaign of earlier runs were to cost, by name [money].

    As expected when they were drawn, and if every offer is taken up.
    """
    costs: dict[str, tuple[float, float]] = {}
    for run in change_since_last_run.earlier_runs(ws):
        planned = ws.frame_of(run.run, PLAN).assign(campaign=random_assignment.ACTION_PLAN)
        both = pd.concat([planned, ws.frame_of(run.run, CAMPAIGNS)])
        treated = both[both["variant"].eq(random_assignment.TREATMENT)]
        names = treated["campaign"].map(random_assignment.EXPERIMENT_PREFIXES) + run.as_of
        sums = treated[["cost_expected", "cost_worst"]].astype("float64").groupby(names).sum()
        costs |= {str(name): (row.cost_expected, row.cost_worst) for name, row in zip(
            sums.index, sums.itertuples(index=False), strict=True)}
    return costs


def treated_customers(alerts: pd.DataFrame, lists: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Return whom lists of earlier runs had acted on and their control groups, with what each counts for in training.

    Parameters
    ----------
    alerts : DataFrame
        As `earlier_alerts` gives them; those beyond capacity were not acted on.
    lists : iterable of DataFrame
        ``results/assignments_drawn`` of earlier runs, oldest first: alerts, action plans and campaigns.

    Returns
    -------
    DataFrame
        Grain customer × draw: ``customer_id``, ``on`` and ``ends_on`` of the draw, ``weight``: 0 who was acted on, of
        the control group itself and its share of those, 1 where there was no control group.
    """
    acted = alerts[alerts["is_within_capacity"].eq(True) | alerts["is_control"].eq(True)]
    by_run = [random_assignment.alert_assignments(own) for _, own in acted.groupby("run", sort=False)]
    arms = random_assignment.recorded_assignments([*by_run, *lists])
    is_control = arms["variant"].eq(random_assignment.CONTROL_GROUP)
    n_control = is_control.groupby(arms["experiment"]).transform("sum")
    n = arms.groupby("experiment")["unit_id"].transform("size")
    weight = (n / n_control.clip(lower=1)).where(is_control, 0.0).where(n_control > 0, 1.0)
    named = arms.rename(columns={"unit_id": "customer_id", "assigned_on": "on"}).assign(weight=weight)
    return named[["customer_id", "on", "ends_on", "weight"]].astype(
        {"customer_id": "str", "on": "datetime64[us]", "ends_on": "datetime64[us]", "weight": "float64"})


def grade_forecasts(due: pd.DataFrame, actual: pd.Series) -> pd.DataFrame:
    """Return ``results/forecast_grades``: what was forecast against what has happened.

    Parameters
    ----------
    due : DataFrame
        From `due`.
    actual : Series of float
        What has happened, by the index of `due`; NaN where it cannot be counted.
    """
    if due.empty:
        return pd.DataFrame(columns=list(GRADES.names))
    happened = actual.reindex(due.index).astype("float64")
    is_known = due["obstacle"].eq("") & happened.notna() & due["value"].notna()
    has_interval = is_known & due["low"].notna() & due["high"].notna()
    is_inside = (due["low"] <= happened) & (happened <= due["high"])
    reason = due["obstacle"].where(due["obstacle"].ne(""), "what has happened cannot be counted from these tables")
    frame = due.assign(
        actual=happened.where(is_known), error=(happened - due["value"]).where(is_known),
        is_inside=is_inside.astype("boolean").where(has_interval, pd.NA), reason=reason.where(~is_known, ""),
        status=np.where(is_known, Status.OK, np.where(due["obstacle"].eq(""), Status.INSUFFICIENT,
                                                      Status.NOT_APPLICABLE)))
    return frame[list(GRADES.names)]


def grades_reading_table(grades: pd.DataFrame, currency: str = "") -> pd.DataFrame:
    """Return grades as a table for reading, the latest due first; money in its currency."""
    latest_first = grades.sort_values(["due_on", "quantity", "segment"], ascending=[False, True, True])
    words_of = {True: "inside", False: "outside"}
    rows = [
        {
            "forecast": quantity_label(row["quantity"]),
            "for": row["segment"],
            "due_on": formatting.date_text(row["due_on"]),
            "forecast_value": formatting.estimate_text(row, currency=currency),
            "happened": formatting.unit_format(row["unit"], currency)(row["actual"]),
            "grade": row["reason"] or words_of.get(row["is_inside"], "no interval"),
        }
        for row in latest_first.to_dict("records")
    ]
    return pd.DataFrame(rows, columns=["forecast", "for", "due_on", "forecast_value", "happened", "grade"])
