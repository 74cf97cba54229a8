"""What comparisons are made from: counts of the engine, units in memory, totals of clusters, and a seed."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.experiments import clusters, missing, moments, plans
from helpers.experiments.assumptions import Assumptions
from helpers.experiments.moments import Counted
from helpers.experiments.plans import Design
from helpers.experiments.units import Units, units
from helpers.foundation.engine import Engine


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the comparisons are made from.

    Parameters
    ----------
    counted : Counted
        Arms and outcomes as the engine counted them.
    units : Units
        Units in memory.
    clusters : DataFrame
        `clusters.totals` of the clustered experiments.
    seed : int
        Of splits that are drawn again.
    unequal : dict of str to tuple of str
        Covariates that arms lack unequally, by experiment: nothing is adjusted or chosen by them.
    """

    counted: Counted
    units: Units
    clusters: pd.DataFrame
    seed: int
    unequal: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def rng(self, *names: str) -> np.random.Generator:
        """Return a generator of its own for each comparison, so that one does not move another."""
        return np.random.default_rng([self.seed, *(b for name in names for b in name.encode())])


def designs(
    engine: Engine, assignments: ir.Table, assumptions: Assumptions, seed: int
) -> tuple[tuple[Design, ...], Evidence]:
    """Return how every experiment is read, and what its comparisons are made from.

    Parameters
    ----------
    engine : Engine
        The engine that counts.
    assignments : Table
        ``canonical/assignments``, with the lists that earlier runs drew.
    assumptions : Assumptions
        Section ``[experiments]`` of the study, with its plans.
    seed : int
        Of splits that are drawn again.
    """
    ratios = {pair for plan in assumptions.plans.values() for pair in plan.ratios.values()}
    counted = moments.counted(engine, assignments, sorted(ratios))
    read = plans.designs(counted, assumptions)
    unequal = missing.unequal(counted, [d.experiment for d in read], assumptions.response_p)
    return read, Evidence(counted, units(engine, assignments), _totals(engine, assignments, read), seed, unequal)


def _totals(engine: Engine, assignments: ir.Table, read: Iterable[Design]) -> pd.DataFrame:
    parts = [clusters.totals(engine, assignments.filter(assignments["experiment"] == d.experiment), list(d.metrics),
                             d.by) for d in read if d.by]
    found = [p for p in parts if len(p)]
    return pd.concat(found, ignore_index=True) if found else clusters.totals(engine, assignments, [])
