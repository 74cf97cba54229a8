"""Crossovers: units in two arms of one experiment, units served another arm than their own, repeated records."""

from collections.abc import Mapping
from typing import NamedTuple

import ibis
import ibis.expr.types as ir

from helpers.experiments.aggregates import COVARIATE_PREFIX, METRIC_PREFIX, metric_columns
from helpers.experiments.config import ExperimentsConfig
from helpers.experiments.design import ExperimentDesign
from helpers.foundation.engine import Engine
from helpers.foundation.results import Gate, Level

UNIT = ["experiment", "unit_id"]

FIRST_EXPOSURE, BLOCK = "first exposure", "block"

ARM_OF_UNIT = [*UNIT, "variant", "period"]

OBSERVATION = "observation"

SUM, MEAN, ANY = "sum", "mean", "any"

AGGREGATED_AS = {SUM: "summed", MEAN: "as their mean", ANY: "yes where any is"}


class UnitCounts(NamedTuple):
    """Units of one experiment.

    Parameters
    ----------
    n_units : int
        Units, each once.
    n_crossed : int
        Of them in more than one arm.
    n_served_other : int
        Of them with a served arm on record that is not the assigned one.
    n_records : int
        Records.
    n_repeats : int
        Of them of a unit that is recorded before in the same arm and period.
    n_copies : int
        Records that equal an earlier one in every column.
    """

    n_units: int
    n_crossed: int
    n_served_other: int
    n_records: int = 0
    n_repeats: int = 0
    n_copies: int = 0


def count_units(engine: Engine, assignments: ir.Table) -> dict[str, UnitCounts]:
    """Return the units of every experiment, how many are in two arms or served another arm, and repeated records.

    Parameters
    ----------
    engine : Engine
        The engine that counts.
    assignments : Table
        ``canonical/assignments``, grain experiment × unit × arm × observation.
    """
    t = assignments
    is_other = (t["served"] != t["variant"]).fill_null(False)
    found = engine.frame(t.group_by("experiment").aggregate(
        n_rows=t.count(), n_units=t["unit_id"].nunique(), n_other=t["unit_id"].nunique(where=is_other)))
    if found["n_rows"].eq(found["n_units"]).all():
        crossed, arms, distinct = {}, {}, {}
    else:
        crossed, arms, distinct = (
            engine.frame(part.group_by("experiment").aggregate(n=lambda p: p.count())).set_index("experiment")["n"]
            for part in (_crossed(t), t.select(*ARM_OF_UNIT).distinct(), t.drop(OBSERVATION).distinct()))
    return {str(e): UnitCounts(int(n), int(crossed.get(e, 0)), int(other), int(rows),
                               int(rows - arms.get(e, rows)), int(rows - distinct.get(e, rows)))
            for e, rows, n, other in found.itertuples(index=False)}


def _crossed(t: ir.Table) -> ir.Table:
    of_unit = t.group_by(*UNIT).aggregate(n_arms=t["variant"].nunique())
    return of_unit.filter(of_unit["n_arms"] > 1).select(*UNIT)


def units_in_time(engine: Engine, assignments: ir.Table) -> ir.Table:
    """Return assignments in which a unit of a switchback, given the arms in turn, is one unit in every period.

    A switchback has a period in every row, one arm in every period, and units in more than one arm.

    Parameters
    ----------
    engine : Engine
        The engine that counts.
    assignments : Table
        ``canonical/assignments``.
    """
    t = assignments
    known = engine.first_row(t.aggregate(n=t["period"].count()))["n"]
    if not known:
        return assignments
    periods = t.group_by("experiment", "period").aggregate(n_arms=t["variant"].nunique())
    found = engine.frame(periods.group_by("experiment").aggregate(
        most=periods["n_arms"].max(), n_unknown=periods["period"].isnull().cast("int64").sum(),
        n_periods=periods["period"].nunique()))
    several = engine.frame(_crossed(t).select("experiment").distinct())["experiment"]
    in_turn = found.loc[found["most"].eq(1) & found["n_unknown"].eq(0) & found["n_periods"].gt(2)
                        & found["experiment"].isin(several), "experiment"]
    named = t["unit_id"].concat(" in ", t["period"])
    return t.mutate(unit_id=ibis.ifelse(t["experiment"].isin(list(in_turn)), named, t["unit_id"])) if len(
        in_turn) else assignments


def aggregation_rules(
    engine: Engine, assignments: ir.Table, counts: Mapping[str, UnitCounts], assumptions: ExperimentsConfig
) -> dict[str, dict[str, str]]:
    """Return how several records of a unit become one, by experiment with such units and metric.

    As the plan declares; else money is summed, yes or no is yes where any record is, other numbers are averaged.

    Parameters
    ----------
    assignments : Table
        ``canonical/assignments``.
    counts : mapping of str to UnitCounts
        As `count_units` gives them.
    assumptions : ExperimentsConfig
        Section ``[experiments]`` with the plans.
    """
    again, metrics = _repeated(counts), metric_columns(assignments)[0]
    if not again or not metrics:
        return {e: {} for e in again}
    values = {m: assignments[m].cast("float64") for m in metrics}
    found = engine.frame(assignments.filter(assignments["experiment"].isin(again)).group_by("experiment").aggregate(
        **{f"{m}|n": values[m].count() for m in metrics},
        **{m: values[m].notin((0.0, 1.0)).fill_null(False).cast("int64").sum() for m in metrics}))
    schema, rules = assignments.schema(), {}
    for row in found.to_dict("records"):
        plan = assumptions.plans.get(str(row["experiment"]))
        made = {m.removeprefix(METRIC_PREFIX): SUM if schema[m].is_decimal() else MEAN if row[m] else ANY
                for m in metrics if row[f"{m}|n"]}
        rules[str(row["experiment"])] = made | {m: how for m, how in (plan.aggregation if plan else {}).items()
                                               if m in made}
    return rules


def _repeated(counts: Mapping[str, UnitCounts]) -> list[str]:
    return sorted(e for e, c in counts.items() if c.n_repeats)


def one_record_a_unit(assignments: ir.Table, rules: Mapping[str, Mapping[str, str]]) -> ir.Table:
    """Return one row a unit, arm and period: several records of a unit as one, by the rule of each metric.

    What is known of the unit beforehand stands at its mean, times at the earliest.

    Parameters
    ----------
    assignments : Table
        ``canonical/assignments``.
    rules : mapping of str to mapping of str to str
        As `aggregation_rules` gives them.
    """
    metrics, covariates, _ = metric_columns(assignments)
    numbers = [c for c in (*metrics, *covariates) if not assignments.schema()[c].is_decimal()]
    t = assignments.mutate(**{c: assignments[c].cast("float64") for c in numbers})
    is_repeated = t["experiment"].isin(sorted(rules))
    some = t.filter(is_repeated)
    how = {m: {rule: [e for e, of in rules.items() if of.get(m.removeprefix(METRIC_PREFIX)) == rule]
               for rule in AGGREGATED_AS} for m in metrics}
    made = {c: _aggregated(some, c, how.get(c)) for c in some.columns if c not in ARM_OF_UNIT}
    whole = some.group_by(*ARM_OF_UNIT).aggregate(**made)
    return t.filter(~is_repeated).union(whole.select(**{c: whole[c].cast(t.schema()[c]) for c in t.columns}))


def _aggregated(t: ir.Table, column: str, how: Mapping[str, list[str]] | None) -> ir.Value:
    """Return a column of several records as one value."""
    value = t[column]
    if how is not None:
        experiment = t["experiment"].min()
        mean = ibis.ifelse(experiment.isin(how[MEAN]), value.mean().cast("float64"), value.max().cast("float64"))
        return ibis.ifelse(experiment.isin(how[SUM]), value.sum().cast("float64"), mean)
    if column.startswith(COVARIATE_PREFIX) and value.type().is_numeric():
        return value.mean()
    other = value.max(where=value != t["variant"]) if column == "served" else None
    return value.min() if other is None else ibis.coalesce(other, value.min())


def without_crossovers(
    assignments: ir.Table, counts: Mapping[str, UnitCounts], assumptions: ExperimentsConfig
) -> ir.Table:
    """Return one row a unit: units in two arms are left out, or stand in the arm that they were exposed to first.

    Parameters
    ----------
    assignments : Table
        ``canonical/assignments``.
    counts : mapping of str to UnitCounts
        As `count_units` gives them.
    assumptions : ExperimentsConfig
        Section ``[experiments]``, whose plans say which of the two. Whose first exposure is not known is left out.
    """
    if not any(c.n_crossed for c in counts.values()):
        return assignments
    first = [name for name, plan in assumptions.plans.items() if plan.crossovers == FIRST_EXPOSURE and name in counts]
    whole = [name for name, c in counts.items() if c.n_crossed == c.n_units and name not in first]  # is blocked
    crossed = _crossed(assignments.filter(assignments["experiment"].notin(whole)) if whole else assignments)
    kept = assignments.anti_join(crossed, UNIT)
    if not first:
        return kept
    at = ibis.coalesce(assignments["first_exposed_at"], assignments["assigned_at"])
    timed = assignments.mutate(_at=at).filter(assignments["experiment"].isin(first) & at.notnull())
    timed = timed.semi_join(crossed, UNIT)
    start = timed.group_by(*UNIT).aggregate(_start=timed["_at"].min())
    earliest = timed.inner_join(start, UNIT).filter(lambda j: j["_at"] == j["_start"])
    alone = earliest.group_by(*UNIT).aggregate(_n=lambda e: e.count())
    chosen = earliest.semi_join(alone.filter(alone["_n"] == 1), UNIT)
    return kept.union(chosen.select(*kept.columns))


def unit_gates(
    design: ExperimentDesign, counts: UnitCounts | None, rules: Mapping[str, str], assumptions: ExperimentsConfig
) -> tuple[Gate, ...]:
    """Return gates on units in two arms, served another arm or recorded several times; none of what does not occur.

    Parameters
    ----------
    design : ExperimentDesign
        How the experiment is read.
    counts : UnitCounts, optional
        Its units.
    rules : mapping of str to str
        How several records became one, by metric.
    assumptions : ExperimentsConfig
        Share of units in two arms from which there is no verdict, unless the plan declares how they are read.
    """
    if counts is None:
        return ()
    limit, how = assumptions.crossover_share, design.plan.crossovers if design.plan else BLOCK
    crossed = counts.n_crossed / max(counts.n_units, 1)
    is_blocked = (how == BLOCK and crossed > limit) or (how != FIRST_EXPOSURE and crossed == 1)
    found = (
        (counts.n_crossed, "one arm a unit", crossed, limit, is_blocked, _crossed_text(counts, how, limit, is_blocked)),
        (counts.n_served_other, "arm served", counts.n_served_other / max(counts.n_units, 1), 0.0, False,
         f"{counts.n_served_other:,} of {counts.n_units:,} units were served another arm than they were assigned to; "
         "they stand in the arm assigned"),
        (counts.n_repeats, "one record a unit", counts.n_repeats / max(counts.n_records, 1), 0.0, False,
         _repeated_text(design, counts, rules)))
    return tuple(Gate(f"{design.label}: {name}", share, threshold, True, Level.BLOCK if blocks else Level.QUALIFY,
                      f"every verdict on {design.label}", sentence)
                 for n, name, share, threshold, blocks, sentence in found if n)


def _crossed_text(counts: UnitCounts, how: str, limit: float, is_blocked: bool) -> str:
    if how != FIRST_EXPOSURE and counts.n_crossed == counts.n_units:
        return (f"all {counts.n_units:,} units are in more than one arm; where everybody is given the arms in turn, "
                "record the period of each (period)")
    fate = ("they stand in the arm that they were exposed to first" if how == FIRST_EXPOSURE else
            "they are left out" + (f", and more than {100 * limit:g} % are too many: declare in the plan how they are "
                                   "read (crossovers = …)" if is_blocked else ""))
    return f"{counts.n_crossed:,} of {counts.n_units:,} units are in more than one arm; {fate}"


def _repeated_text(design: ExperimentDesign, counts: UnitCounts, rules: Mapping[str, str]) -> str:
    declared = design.plan.aggregation if design.plan else {}
    copies = f" ({counts.n_copies:,} equal an earlier one in every column)" if counts.n_copies else ""
    how = ", ".join(f"{design.metric_label(m)} {AGGREGATED_AS[rule]}" for m, rule in sorted(rules.items()))
    asked = "" if set(rules) <= set(declared) else (
        "; the plan does not declare how" + (" for all" if set(rules) & set(declared) else "") + " (aggregation = …)")
    return (f"{counts.n_repeats:,} of {counts.n_records:,} records are of units that are recorded before in the same "
            f"arm{copies}; they are made one record a unit: {how or 'no metric'}{asked}")
