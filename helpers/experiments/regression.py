"""Regression: the units of the first comparison that decides, for the linear model that every analyst knows."""

from collections.abc import Iterable
from typing import Any

import pandas as pd

from helpers.experiments.aggregates import METRIC_PREFIX
from helpers.experiments.design import ExperimentDesign
from helpers.experiments.experiment_data import UnitSample

FIRST = {"ship": 0, "stop": 1}

COLUMNS = ["experiment", "metric", "arm", "outcome"]


def units_of_first_comparison(
    effects: pd.DataFrame, designs: Iterable[ExperimentDesign], units: UnitSample
) -> pd.DataFrame:
    """Return the units of the first comparison that decides, for a regression on the arm.

    One that is to be shipped comes before one that is to be stopped, and either before those without a decision.

    Parameters
    ----------
    effects : DataFrame
        ``results/experiment_effects``.
    designs : iterable of ExperimentDesign
        How each experiment is read; one whose clusters were assigned is left out, since its units are not independent,
        and so is one of blocks, since its arms are not compared as they are.
    units : UnitSample
        Units in memory.

    Returns
    -------
    DataFrame
        Grain unit: experiment, metric, arm (categorical, the control first), outcome; empty where no such comparison
        is of a metric of units, or all units are alike.
    """
    alone = {d.experiment for d in designs if not d.by and not d.block}
    known = effects[effects["is_primary"] & effects["status"].eq("ok") & effects["experiment"].isin(alone)]
    known = known.sort_values("verdict", key=lambda v: v.map(FIRST).fillna(len(FIRST)), kind="stable")
    found = (_units(row, units.frame) for row in known.to_dict("records"))
    return next((frame for frame in found if frame["outcome"].nunique() > 1), pd.DataFrame(columns=COLUMNS))


def _units(row: dict[str, Any], frame: pd.DataFrame) -> pd.DataFrame:
    """Return the units of one comparison with a known outcome; none where the outcome is no metric of units."""
    own = frame[frame["experiment"] == row["experiment"]]
    outcome = own.reindex(columns=[f"{METRIC_PREFIX}{row['metric']}"]).iloc[:, 0]
    arm = pd.Categorical(own["variant"], [row["control"], row["variant"]])
    found = own.assign(metric=row["metric"], arm=arm, outcome=outcome)[COLUMNS]
    return found.dropna(ignore_index=True)
