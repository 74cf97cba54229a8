"""Experiment data: aggregates, units in memory, cluster totals and a seed for each comparison."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.experiments import (
    aggregates,
    blocked,
    cluster_robust,
    crossovers,
    design,
    missing_covariates,
    preconditions,
    summary_statistics,
)
from helpers.experiments.aggregates import ArmAggregates
from helpers.experiments.config import ExperimentsConfig
from helpers.experiments.crossovers import UnitCounts
from helpers.experiments.design import ExperimentDesign
from helpers.experiments.preconditions import ValueDistribution
from helpers.experiments.summary_statistics import NO_SUMMARIES, ExperimentSummaries
from helpers.foundation.engine import Engine

MAX_UNITS = 200_000

MAX_SUMMARY_ROWS = 2_000_000

SAMPLING_MODULUS = 1_000_000


@dataclass(frozen=True, slots=True)
class UnitSample:
    """Units of all experiments, or a random part of them that the unit's id alone decides.

    Parameters
    ----------
    frame : DataFrame
        experiment, unit_id, variant, stratum, cluster_id, ``metric_…``, ``covariate_…``; sorted.
    share : float
        Share of all units that are here; 1 where all are.
    """

    frame: pd.DataFrame
    share: float = 1.0

    @property
    def is_whole(self) -> bool:
        """Whether every unit is here."""
        return self.share >= 1

    def has(self, experiment: str) -> bool:
        """Return whether there are units of an experiment, not summaries of its arms alone."""
        return bool((self.frame["experiment"] == experiment).any())

    def values(self, experiment: str, metric: str, arms: tuple[str, str]) -> tuple[np.ndarray, np.ndarray]:
        """Return the known values of a metric in two arms."""
        a, b = (v[~np.isnan(v)] for v in self.with_missing(experiment, metric, arms))
        return a, b

    def with_missing(self, experiment: str, metric: str, arms: tuple[str, str]) -> tuple[np.ndarray, np.ndarray]:
        """Return the values of a metric in two arms, NaN where a unit has none."""
        own = self.frame[self.frame["experiment"] == experiment]
        column = aggregates.METRIC_PREFIX + metric
        if column not in own:
            return np.array([]), np.array([])
        a, b = (own.loc[own["variant"] == arm, column].to_numpy("float64") for arm in arms)
        return a, b

    def facts(self, values: np.ndarray) -> ValueDistribution:
        """Return what an arm's values look like, scaled from this part of the units to all."""
        seen = preconditions.describe_values(values)
        return ValueDistribution(round(seen.n / self.share), round(seen.buyers / self.share), seen.variance, seen.third,
                     seen.weight * self.share)


def sample_units(engine: Engine, assignments: ir.Table, most: int = MAX_UNITS) -> UnitSample:
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
    metrics, covariates, _ = aggregates.metric_columns(assignments)
    n = engine.first_row(assignments.aggregate(n=assignments.count()))["n"]
    share = min(1.0, most / max(n, 1))
    part = assignments
    if share < 1:
        place = assignments["unit_id"].hash() % SAMPLING_MODULUS
        part = assignments.filter(
            ibis.ifelse(place < 0, place + SAMPLING_MODULUS, place) < int(share * SAMPLING_MODULUS * 0.98)
        )
        share *= 0.98
    found = engine.frame(part.select("experiment", "unit_id", "variant", "stratum", "cluster_id", **{
        c: part[c].cast("float64") for c in (*metrics, *covariates)}), limit=2 * most)
    return UnitSample(found.sort_values(["experiment", "unit_id"], ignore_index=True), share)


def covariate_matrix(units: UnitSample, experiment: str) -> pd.DataFrame:
    """Return the covariates of an experiment that vary, columns by name; rows as in the frame, means for unknowns."""
    own = units.frame[units.frame["experiment"] == experiment]
    x = own[[c for c in own if c.startswith(aggregates.COVARIATE_PREFIX)]]
    x = x.loc[:, x.std().fillna(0) > 0]
    return x.fillna(x.mean())


@dataclass(frozen=True, slots=True)
class ExperimentData:
    """What the comparisons are made from.

    Parameters
    ----------
    counted : ArmAggregates
        Arms and outcomes as the engine counted them.
    units : UnitSample
        Units in memory.
    clusters : DataFrame
        `clusters.totals` of the clustered experiments.
    seed : int
        Of splits that are drawn again.
    unequal : dict of str to tuple of str
        Covariates that arms lack unequally, by experiment: nothing is adjusted or chosen by them.
    blocks : DataFrame
        `blocked.block_moments` of the blocked experiments.
    unit_counts : dict of str to UnitCounts
        Units by experiment, those in two arms among them.
    aggregation : dict of str to dict of str to str
        How several records of a unit became one, by experiment with such units and metric.
    assignments : Table, optional
        What is compared: one row a unit, each in one arm.
    summaries : ExperimentSummaries
        Of the experiments whose units are not recorded one by one.
    """

    counted: ArmAggregates
    units: UnitSample
    clusters: pd.DataFrame
    seed: int
    unequal: dict[str, tuple[str, ...]] = field(default_factory=dict)
    blocks: pd.DataFrame = field(default_factory=pd.DataFrame)
    unit_counts: dict[str, UnitCounts] = field(default_factory=dict)
    aggregation: dict[str, dict[str, str]] = field(default_factory=dict)
    assignments: ir.Table | None = None
    summaries: ExperimentSummaries = NO_SUMMARIES

    def rng(self, *names: str) -> np.random.Generator:
        """Return a generator of its own for each comparison, so that one does not move another."""
        return np.random.default_rng([self.seed, *(b for name in names for b in name.encode())])


def load_experiments(
    engine: Engine,
    assignments: ir.Table,
    assumptions: ExperimentsConfig,
    seed: int,
    aggregates_recorded: ir.Table | None = None,
) -> tuple[tuple[ExperimentDesign, ...], ExperimentData]:
    """Return how every experiment is read, and what its comparisons are made from.

    Parameters
    ----------
    engine : Engine
        The engine that counts.
    assignments : Table
        ``canonical/assignments``, with the lists that earlier runs drew.
    assumptions : ExperimentsConfig
        Section ``[experiments]`` of the study, with its plans.
    seed : int
        Of splits that are drawn again.
    aggregates_recorded : Table, optional
        ``canonical/experiment_aggregates``; an experiment that has units too is read by its units.
    """
    assignments = crossovers.units_in_time(engine, assignments)
    unit_counts = crossovers.count_units(engine, assignments)
    rules = crossovers.aggregation_rules(engine, assignments, unit_counts, assumptions)
    if rules:
        assignments = engine.kept(crossovers.one_record_a_unit(assignments, rules))
    assignments = crossovers.without_crossovers(assignments, unit_counts, assumptions)
    plans = assumptions.plans.values()
    ratios = {pair for plan in plans for pair in plan.ratios.values()}
    ratios |= {(plan.primary_metric, plan.received) for plan in plans if plan.received}
    counted = aggregates.aggregate_arms(engine, assignments, sorted(ratios))
    summaries = NO_SUMMARIES if aggregates_recorded is None else summary_statistics.read_summaries(
        engine.frame(aggregates_recorded, limit=MAX_SUMMARY_ROWS), frozenset(counted.arms["experiment"]))
    counted = summary_statistics.with_summaries(counted, summaries)
    chances = blocked.block_chances(engine, assignments, blocked.block_column(engine, assignments))
    read = design.experiment_designs(counted, assumptions, chances)
    unequal = missing_covariates.unequal_missingness(counted, [d.experiment for d in read], assumptions.response_p)
    return read, ExperimentData(
        counted, sample_units(engine, assignments), _cluster_totals(engine, assignments, read), seed, unequal,
        _block_moments(engine, assignments, read), unit_counts, rules, assignments, summaries,
    )


def _block_moments(engine: Engine, assignments: ir.Table, read: Iterable[ExperimentDesign]) -> pd.DataFrame:
    parts = [
        blocked.block_moments(
            engine, assignments.filter(assignments["experiment"] == d.experiment), list(d.metrics), d.block
        )
        for d in read
        if d.block
    ]
    return pd.concat(parts, ignore_index=True) if parts else blocked.block_moments(engine, assignments, [], "")


def _cluster_totals(engine: Engine, assignments: ir.Table, read: Iterable[ExperimentDesign]) -> pd.DataFrame:
    parts = [
        cluster_robust.cluster_totals(
            engine, assignments.filter(assignments["experiment"] == d.experiment), list(d.metrics), d.by
        )
        for d in read
        if d.by
    ]
    found = [p for p in parts if len(p)]
    return pd.concat(found, ignore_index=True) if found else cluster_robust.cluster_totals(engine, assignments, [])
