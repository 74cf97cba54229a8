"""Blocked experiments: matched pairs and strata, compared within blocks and averaged over them.

Own: statsmodels' ``DescrStatsW`` and ``StratifiedTable`` take single units of one comparison; here units are summed by
block in the engine, and blocks of one unit an arm have a variance too.
"""

import math
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.experiments.aggregates import METRIC_PREFIX, ArmMoments
from helpers.experiments.mean_difference import Difference, LeaveOneOut, one_left_out, t_difference
from helpers.foundation.engine import Engine

STRATUM, CLUSTER = "stratum", "cluster_id"

MIN_BLOCKS = 6  # where blocks are too small to have a variance of their own

LEAST_SHARED = 0.5  # share of clusters in several arms from which they are blocks, not what was assigned

CHANCE_COLUMNS = ["experiment", "column", "variant", "block", "n_units", "probability_low", "probability_high"]


def block_column(engine: Engine, assignments: ir.Table) -> dict[str, str]:
    """Return the column of the blocks by experiment, of the experiments that have some.

    Strata are blocks where every unit has one and several stand in more than one arm; so are clusters, most of which
    stand in more than one arm: what was assigned stands in one.

    Parameters
    ----------
    engine : Engine
        The engine that counts.
    assignments : Table
        ``canonical/assignments``.
    """
    found: dict[str, str] = {}
    n_of = engine.frame(assignments.group_by("experiment").aggregate(
        n=assignments.count(), **{c: assignments[c].count() for c in (STRATUM, CLUSTER)})).set_index("experiment")
    for column, least in ((CLUSTER, LEAST_SHARED), (STRATUM, 0.0)):
        whole = n_of.index[n_of[column].eq(n_of["n"])]
        t = assignments.filter(assignments["experiment"].isin(list(whole)))
        if not len(whole):
            continue
        in_arms = t.group_by("experiment", column).aggregate(n_arms=t["variant"].nunique(), n=t.count())
        shared = engine.frame(in_arms.group_by("experiment").aggregate(
            n_blocks=in_arms.count(), n_shared=(in_arms["n_arms"] > 1).cast("int64").sum()))
        is_block = shared["n_blocks"].gt(1) & shared["n_shared"].gt(least * shared["n_blocks"])
        found |= dict.fromkeys(shared.loc[is_block, "experiment"].astype(str), column)
    return found


def block_chances(engine: Engine, assignments: ir.Table, blocks: dict[str, str]) -> pd.DataFrame:
    """Return units and their recorded chance by block and arm, one row each: `CHANCE_COLUMNS`.

    Parameters
    ----------
    engine : Engine
        The engine that counts.
    assignments : Table
        ``canonical/assignments``.
    blocks : dict of str to str
        Column of the blocks by experiment.
    """
    parts = []
    for name, column in sorted(blocks.items()):
        t = assignments.filter(assignments["experiment"] == name)
        cells = t.group_by("experiment", "variant", block=t[column]).aggregate(
            n_units=t.count(), probability_low=t["probability"].min(), probability_high=t["probability"].max())
        parts.append(engine.frame(cells).assign(column=column))
    return pd.concat(parts, ignore_index=True)[CHANCE_COLUMNS] if parts else pd.DataFrame(columns=CHANCE_COLUMNS)


def block_moments(engine: Engine, assignments: ir.Table, metrics: list[str], column: str) -> pd.DataFrame:
    """Return one row per experiment, metric, variant and block.

    ``n``, ``mean``, ``variance`` (NaN for one unit), and ``low`` and ``high``, the least and the largest value.

    Parameters
    ----------
    engine : Engine
        The engine that adds up.
    assignments : Table
        ``canonical/assignments`` of one experiment.
    metrics : list of str
        Without their prefix.
    column : str
        Of the blocks.
    """
    parts = []
    for metric in metrics:
        t = assignments.filter(assignments[METRIC_PREFIX + metric].notnull())
        value = t[METRIC_PREFIX + metric].cast("float64")
        parts.append(engine.frame(t.group_by("experiment", "variant", block=t[column]).aggregate(
            n=t.count(), mean=value.mean(), variance=ibis.ifelse(t.count() > 1, value.var(how="sample"), None),
            low=value.min(), high=value.max())).assign(metric=metric))
    order = ["experiment", "metric", "variant", "block"]
    empty = pd.DataFrame(columns=[*order, "n", "mean", "variance", "low", "high"])
    return pd.concat(parts, ignore_index=True).sort_values(order, ignore_index=True) if parts else empty


@dataclass(frozen=True, slots=True)
class BlockedDifference:
    """A difference within blocks.

    Parameters
    ----------
    difference : Difference, optional
        Mean over blocks, each weighed by its units of both arms; None with too few blocks.
    means : (float, float)
        Means of control and variant, over the same blocks with the same weights.
    n_blocks, n_dropped : int
        Blocks that have both arms, and blocks that lack one and tell nothing.
    """

    difference: Difference | None
    means: tuple[float, float]
    n_blocks: int
    n_dropped: int


def blocked_difference(moments: pd.DataFrame, arms: tuple[str, str], level: float = 0.95) -> BlockedDifference:
    """Return the difference of two arms within blocks.

    Where each arm has two units or more in every block, the variance is that within blocks, with Satterthwaite's
    degrees of freedom. In finer blocks, as in matched pairs, it is that between the blocks' differences, which is not
    too small whatever the blocks have in common.

    Parameters
    ----------
    moments : DataFrame
        As `block_moments` gives them, of one experiment and metric.
    arms : (str, str)
        Control and variant.
    level : float
        Of the interval.

    References
    ----------
    Imbens, G. W. and Rubin, D. B. (2015). Causal Inference, chapters 9 (strata) and 10 (pairs). Fogarty, C. B. (2018).
    On mitigating the analytical limitations of finely stratified experiments. JRSS B 80, 1035–1056.
    """
    sides = [moments[moments["variant"] == arm].set_index("block") for arm in arms]
    both = sides[0].index.intersection(sides[1].index)
    n_dropped = len(sides[0].index.union(sides[1].index)) - len(both)
    if not len(both):
        return BlockedDifference(None, (math.nan, math.nan), 0, n_dropped)
    n, mean, variance = (np.stack([side.loc[both, c].to_numpy("float64") for side in sides])
                         for c in ("n", "mean", "variance"))
    weights = n.sum(0) / n.sum()
    means = (float(weights @ mean[0]), float(weights @ mean[1]))
    apart = mean[1] - mean[0]
    if n.min() >= 2:
        squared, freedom = _within(weights**2 * variance / n, n)
    elif len(both) >= MIN_BLOCKS:
        squared = len(both) / (len(both) - 1) * float((weights**2 * (apart - weights @ apart) ** 2).sum())
        freedom = len(both) - 1.0
    else:
        return BlockedDifference(None, means, len(both), n_dropped)
    return BlockedDifference(
        t_difference(float(weights @ apart), squared, freedom, level), means, len(both), n_dropped)


def leave_one_out(moments: pd.DataFrame, arms: tuple[str, str]) -> LeaveOneOut | None:
    """Return what the most extreme unit of two arms does to their difference within blocks, None where none is told.

    Most extreme is the value farthest from the mean of its own arm and block; a block that it leaves without one of
    the arms tells nothing without it.

    Parameters
    ----------
    moments : DataFrame
        As `block_moments` gives them, of one experiment and metric.
    arms : (str, str)
        Control and variant.
    """
    rows = moments[moments["variant"].isin(arms)].reset_index(drop=True)
    before = blocked_difference(rows, arms).difference if len(rows) else None
    if before is None:
        return None
    ends = rows[["low", "high"]].sub(rows["mean"], axis=0).abs().stack()
    place, end = ends.idxmax()
    extreme = float(rows.loc[place, end])
    after = blocked_difference(_without(rows, place, extreme), arms).difference
    return None if after is None else one_left_out(arms[1], extreme, before, after)


def _without(rows: pd.DataFrame, place: int, value: float) -> pd.DataFrame:
    """Return the moments of blocks without one unit of the row at a place."""
    n, mean, variance = (rows.loc[place, c] for c in ("n", "mean", "variance"))
    if n == 1:
        return rows.drop(index=place)
    left = ArmMoments(int(n), float(mean), float(variance)).without(value) if n > 2 else ArmMoments(
        1, float(n * mean - value), math.nan)
    found = rows.astype({"n": "float64", "mean": "float64", "variance": "float64"})
    found.loc[place, ["n", "mean", "variance"]] = [left.n, left.mean, left.variance]
    return found


def _within(parts: np.ndarray, n: np.ndarray) -> tuple[float, float]:
    """Return the squared error from the arms' parts of it in every block, and Satterthwaite's degrees of freedom."""
    squared = float(parts.sum())
    spread = float((parts**2 / (n - 1)).sum())
    return squared, squared**2 / spread if spread else math.inf
