"""Interactions between experiments on the same units: whether the effect of one differs by the arm of another."""

from collections.abc import Iterable
from itertools import combinations, product

import numpy as np
import pandas as pd
from scipy import stats

from helpers.experiments.aggregates import METRIC_PREFIX, ArmMoments
from helpers.experiments.design import ExperimentDesign
from helpers.experiments.experiment_data import UnitSample
from helpers.experiments.variance_reduction import moments_of_values
from helpers.stats import multiple_testing

LEAST_IN_CELL = 30  # units in each of the four pairs of arms

Z = float(stats.norm.isf(0.025))

INTERACTIONS = ["experiment", "metric", "variant", "other", "other_variant", "n_shared", "effect_without",
                "effect_with", "difference", "low", "high", "p_adjusted"]


def interaction_table(designs: Iterable[ExperimentDesign], units: UnitSample) -> pd.DataFrame:
    """Return whether the effect of one experiment is another in the arms of a second one on the same units.

    Both draws are random, so the effect of one is the same in both arms of the other unless they interact, or the
    first carries over into the second.

    Parameters
    ----------
    designs : iterable of ExperimentDesign
        How each experiment is read; those of clusters or blocks, or without a deciding metric, are left out.
    units : UnitSample
        Units in memory, each experiment's by the same rule, so that they can be joined.

    Returns
    -------
    DataFrame
        `INTERACTIONS`: effect of a variant on its deciding metric where the other's control and where its variant was
        drawn, their difference with a 95 % interval, and its p after Holm's adjustment over all pairs of arms.
    """
    read = [d for d in designs if not (d.by or d.block) and d.primary_metric in d.metrics]
    rows = [row for pair in combinations(read, 2) for one, other in (pair, pair[::-1])
            for row in _interactions(one, other, units.frame)]
    found = pd.DataFrame(rows, columns=[*INTERACTIONS[:-1], "p"])
    return found.assign(p_adjusted=multiple_testing.holm(found["p"]))[INTERACTIONS]


def _interactions(one: ExperimentDesign, other: ExperimentDesign, frame: pd.DataFrame) -> list[tuple]:
    column = METRIC_PREFIX + one.primary_metric
    mine = frame.loc[frame["experiment"] == one.experiment, ["unit_id", "variant", column]].dropna()
    theirs = frame.loc[frame["experiment"] == other.experiment, ["unit_id", "variant"]]
    shared = mine.merge(theirs, on="unit_id", suffixes=("", "_other"))
    cells = {key: moments_of_values(rows.to_numpy("float64")) for key, rows in shared.groupby(
        ["variant", "variant_other"])[column] if len(rows) >= LEAST_IN_CELL}
    found = []
    for variant, other_variant in product(one.variants, other.variants):
        four = [cells.get((mine_arm, their_arm)) for their_arm in (other.control, other_variant)
                for mine_arm in (one.control, variant)]
        if any(cell is None for cell in four):
            continue
        known = [cell for cell in four if cell is not None]
        found.append((one.experiment, one.primary_metric, variant, other.experiment, other_variant,
                      sum(cell.n for cell in known), *difference_of_effects(known)))
    return found


def difference_of_effects(four: list[ArmMoments]) -> tuple[float, float, float, float, float, float]:
    """Return both effects, their difference with limits, and p; NaN where nothing varies.

    Parameters
    ----------
    four : list of ArmMoments
        Control and variant where the other experiment's control was drawn, then where its variant was.
    """
    without, within = four[1].mean - four[0].mean, four[3].mean - four[2].mean
    error, gap = float(np.sqrt(sum(cell.error_squared for cell in four))), within - without
    p = 2 * float(stats.norm.sf(abs(gap) / error)) if error else np.nan
    return without, within, gap, gap - Z * error, gap + Z * error, p
