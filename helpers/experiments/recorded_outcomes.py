"""Recorded outcomes of experiments on customers, held against the transactions of the same customers."""

from collections.abc import Iterable, Mapping
from datetime import date

import ibis
import ibis.expr.types as ir
import pandas as pd

from helpers.experiments import action_outcomes
from helpers.experiments.action_outcomes import OutcomeTables
from helpers.experiments.aggregates import METRIC_PREFIX, metric_columns
from helpers.experiments.design import ExperimentDesign
from helpers.foundation.engine import Engine
from helpers.foundation.results import Gate, Level

COMPARED = ("repurchased", "net_sales", "margin")

LEAST_KNOWN = 0.5  # share of the units that have to be customers with transactions

MOST_DIFFERENT = 0.05

EQUAL_WITHIN = 0.01  # of the value by transactions, and half a cent

COLUMNS = ["experiment", "metric", "variant", "n", "n_known", "recorded", "measured", "n_different"]


def compare_with_transactions(
    engine: Engine, recorded: ir.Table, records: OutcomeTables, window_days: int, as_of: date
) -> pd.DataFrame:
    """Return what experiments record of customers beside what the transactions of these say, by arm.

    Parameters
    ----------
    engine : Engine
        The engine session.
    recorded : Table
        ``canonical/assignments``. Compared are `COMPARED` outcomes of units with a day of assignment whose window has
        passed.
    records, window_days, as_of : OutcomeTables, int, date
        As in `action_outcomes.measure_outcomes`.

    Returns
    -------
    DataFrame
        `COLUMNS`, one row an experiment, metric and arm: n units compared, n_known of them with transactions at any
        time, the two means, and n_different units of whom the two differ.
    """
    names = [m for m in COMPARED if METRIC_PREFIX + m in metric_columns(recorded)[0]]
    key = ["experiment", "unit_id"]
    rows = recorded.filter(recorded["assigned_at"].notnull()).select(
        *key, "variant", "probability", "stratum", "assigned_at",
        **{m: recorded[METRIC_PREFIX + m].cast("float64") for m in names})
    if not names:
        return pd.DataFrame(columns=COLUMNS)
    due = action_outcomes.outcomes_of_units(rows.drop(*names), records, window_days, as_of)
    buyers = records.transactions.select(unit_id="customer_id").distinct().mutate(is_known=True)
    both = rows.inner_join(due.select(*key, *(METRIC_PREFIX + m for m in names)), key).left_join(buyers, "unit_id")
    parts = [engine.frame(_compared(both, m)).assign(metric=m) for m in names]
    found = pd.concat(parts, ignore_index=True)
    return found[found["n"] > 0].sort_values(COLUMNS[:3], ignore_index=True)[COLUMNS]


def _compared(both: ir.Table, metric: str) -> ir.Table:
    own, other = both[metric], both[METRIC_PREFIX + metric]
    known = both.filter(own.notnull() & other.notnull())
    gap = (known[metric] - known[METRIC_PREFIX + metric]).abs()
    is_different = gap > EQUAL_WITHIN * known[METRIC_PREFIX + metric].abs() + 0.005
    return known.group_by("experiment", "variant").aggregate(
        n=known.count(), n_known=known["is_known"].count(), recorded=known[metric].mean(),
        measured=known[METRIC_PREFIX + metric].mean(), n_different=ibis.ifelse(is_different, 1, 0).sum())


def with_recorded_outcome_gates(
    checked: Mapping[str, tuple[Gate, ...]], designs: Iterable[ExperimentDesign], compared: pd.DataFrame
) -> dict[str, tuple[Gate, ...]]:
    """Return the gates by experiment together with those of the outcomes compared.

    Parameters
    ----------
    checked : mapping of str to tuple of Gate
        As `quality_gates.gates_by_experiment` gives them.
    designs : iterable of ExperimentDesign
        How each experiment is read.
    compared : DataFrame
        As `compare_with_transactions` gives it.
    """
    return {d.experiment: (*checked[d.experiment], *(
        gate for metric, rows in compared[compared["experiment"] == d.experiment].groupby("metric")
        for gate in recorded_outcome_gates(d, str(metric), rows))) for d in designs}


def recorded_outcome_gates(design: ExperimentDesign, metric: str, arms: pd.DataFrame) -> tuple[Gate, ...]:
    """Return whether an outcome as recorded is the one that transactions give; none where units are other than buyers.

    Parameters
    ----------
    design : ExperimentDesign
        How the experiment is read.
    metric : str
        The outcome.
    arms : DataFrame
        Its rows of `compare_with_transactions`.
    """
    n, n_different = int(arms["n"].sum()), int(arms["n_different"].sum())
    if arms["n_known"].sum() < LEAST_KNOWN * n:
        return ()
    label, share = design.metric_label(metric), n_different / n
    means = ", ".join(f"{row.recorded:,.3g} recorded and {row.measured:,.3g} by transactions in {row.variant}"
                      for row in arms.itertuples())
    is_crossed = share > MOST_DIFFERENT
    return (Gate(f"{design.label}: {label} by transactions", share, MOST_DIFFERENT, is_crossed, Level.QUALIFY,
                 f"the difference in {label}",
                 f"{label} differs from the transactions for {n_different:,} of {n:,} customers: {means}"),)
