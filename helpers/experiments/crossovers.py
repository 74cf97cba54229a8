"""Crossovers: units in two arms of one experiment, units served another arm than their own, repeated records."""

from collections.abc import Mapping
from typing import NamedTuple

import ibis
import ibis.expr.types as ir

from helpers.experiments.config import ExperimentsConfig
from helpers.experiments.design import ExperimentDesign
from helpers.foundation.engine import Engine
from helpers.foundation.results import Gate, Level

UNIT = ["experiment", "unit_id"]

FIRST_EXPOSURE, BLOCK = "first exposure", "block"


class UnitCounts(NamedTuple):
    """Units of one experiment.

    Parameters
    ----------
    n_units : int
        Units, each once.
    n_crossed : int
        Of them in more than one arm.
    n_served_other : int
        Records whose served arm is known and is not the assigned one.
    """

    n_units: int
    n_crossed: int
    n_served_other: int


def count_units(engine: Engine, assignments: ir.Table) -> dict[str, UnitCounts]:
    """Return the units of every experiment, how many are in two arms, and how many were served another arm.

    Parameters
    ----------
    engine : Engine
        The engine that counts.
    assignments : Table
        ``canonical/assignments``, grain experiment × unit × arm.
    """
    t = assignments
    is_other = (t["served"] != t["variant"]).fill_null(False)
    found = engine.frame(t.group_by("experiment").aggregate(
        n_rows=t.count(), n_units=t["unit_id"].nunique(), n_other=is_other.cast("int64").sum()))
    whole = found["n_rows"].eq(found["n_units"]).all()
    crossed = {} if whole else engine.frame(
        _crossed(t).group_by("experiment").aggregate(n=lambda c: c.count())).set_index("experiment")["n"].to_dict()
    return {str(r["experiment"]): UnitCounts(int(r["n_units"]), int(crossed.get(r["experiment"], 0)), int(r["n_other"]))
            for r in found.to_dict("records")}


def _crossed(t: ir.Table) -> ir.Table:
    of_unit = t.group_by(*UNIT).aggregate(n_arms=t["variant"].nunique())
    return of_unit.filter(of_unit["n_arms"] > 1).select(*UNIT)


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
    crossed = _crossed(assignments)
    kept = assignments.anti_join(crossed, UNIT)
    first = [name for name, plan in assumptions.plans.items() if plan.crossovers == FIRST_EXPOSURE and name in counts]
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


def crossover_gates(
    design: ExperimentDesign, counts: UnitCounts | None, assumptions: ExperimentsConfig
) -> tuple[Gate, ...]:
    """Return a gate on units in two arms and one on units served another arm; none where there are neither.

    Parameters
    ----------
    design : ExperimentDesign
        How the experiment is read.
    counts : UnitCounts, optional
        Its units.
    assumptions : ExperimentsConfig
        Share of units in two arms from which there is no verdict, unless the plan declares how they are read.
    """
    claims, found = f"every verdict on {design.label}", []
    if counts and counts.n_crossed:
        share, how = counts.n_crossed / counts.n_units, design.plan.crossovers if design.plan else BLOCK
        is_blocked = how == BLOCK and share > assumptions.crossover_share
        fate = ("they stand in the arm that they were exposed to first" if how == FIRST_EXPOSURE else
                "they are left out" + (f", and more than {100 * assumptions.crossover_share:g} % are too many: declare "
                                       "in the plan how they are read (crossovers = …)" if is_blocked else ""))
        found.append(Gate(f"{design.label}: one arm a unit", share, assumptions.crossover_share, True,
                          Level.BLOCK if is_blocked else Level.QUALIFY, claims,
                          f"{counts.n_crossed:,} of {counts.n_units:,} units are in more than one arm; {fate}"))
    if counts and counts.n_served_other:
        found.append(Gate(f"{design.label}: arm served", counts.n_served_other / counts.n_units, 0.0, True,
                          Level.QUALIFY, claims,
                          f"{counts.n_served_other:,} of {counts.n_units:,} units were served another arm than they "
                          "were assigned to; they stand in the arm assigned"))
    return tuple(found)
