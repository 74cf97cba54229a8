"""Units in memory, for what no sum can tell: tails, quantiles, splits drawn again. Never more than a stated number."""

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.experiments import moments, validity
from helpers.experiments.validity import Facts
from helpers.foundation.engine import Engine

MOST = 200_000
MODULUS = 1_000_000


@dataclass(frozen=True, slots=True)
class Units:
    """Units of all experiments, or a random part of them that the unit's id alone decides.

    Parameters
    ----------
    frame : DataFrame
        experiment, unit_id, variant, ``metric_…``, ``covariate_…``; sorted.
    share : float
        Share of all units that are here; 1 where all are.
    """

    frame: pd.DataFrame
    share: float = 1.0

    @property
    def is_whole(self) -> bool:
        """Whether every unit is here."""
        return self.share >= 1

    def values(self, experiment: str, metric: str, arms: tuple[str, str]) -> tuple[np.ndarray, np.ndarray]:
        """Return the known values of a metric in two arms."""
        return tuple(v[~np.isnan(v)] for v in self.with_missing(experiment, metric, arms))

    def with_missing(self, experiment: str, metric: str, arms: tuple[str, str]) -> tuple[np.ndarray, np.ndarray]:
        """Return the values of a metric in two arms, NaN where a unit has none."""
        own = self.frame[self.frame["experiment"] == experiment]
        column = moments.PREFIX + metric
        if column not in own:
            return np.array([]), np.array([])
        return tuple(own.loc[own["variant"] == arm, column].to_numpy("float64") for arm in arms)

    def facts(self, values: np.ndarray) -> Facts:
        """Return what an arm's values look like, scaled from this part of the units to all."""
        seen = validity.facts(values)
        return Facts(round(seen.n / self.share), round(seen.buyers / self.share), seen.variance, seen.third,
                     seen.weight * self.share)


def units(engine: Engine, assignments: ir.Table, most: int = MOST) -> Units:
    """Return the units in memory; above a number of them, a part that their ids decide.

    Parameters
    ----------
    engine : Engine
        The engine session.
    assignments : Table
        ``canonical/assignments``.
    most : int
        Units that may come into memory.
    """
    metrics, covariates, _ = moments.columns(assignments)
    n = engine.first_row(assignments.aggregate(n=assignments.count()))["n"]
    share = min(1.0, most / max(n, 1))
    part = assignments
    if share < 1:
        place = assignments["unit_id"].hash() % MODULUS
        part = assignments.filter(ibis.ifelse(place < 0, place + MODULUS, place) < int(share * MODULUS * 0.98))
        share *= 0.98
    found = engine.frame(part.select("experiment", "unit_id", "variant", **{
        c: part[c].cast("float64") for c in (*metrics, *covariates)}), limit=2 * most)
    return Units(found.sort_values(["experiment", "unit_id"], ignore_index=True), share)


def covariates_of(units: Units, experiment: str) -> pd.DataFrame:
    """Return the covariates of an experiment that vary, columns by name; rows as in the frame, means for unknowns."""
    own = units.frame[units.frame["experiment"] == experiment]
    x = own[[c for c in own if c.startswith(moments.COVARIATE)]]
    x = x.loc[:, x.std().fillna(0) > 0]
    return x.fillna(x.mean())
