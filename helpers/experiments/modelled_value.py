"""Modelled value: what a treatment does, after its window, to the value that a purchase model expects of customers."""

from collections.abc import Iterable
from itertools import product

import ibis.expr.types as ir
import pandas as pd

from helpers.experiments import mean_difference
from helpers.experiments.design import ExperimentDesign
from helpers.experiments.experiment_data import UnitSample
from helpers.experiments.variance_reduction import moments_of_values
from helpers.foundation.engine import Engine

LEAST_MODELLED = 100  # units an arm whose value is modelled

QUANTITIES = {"p_alive": "probability of still being a customer", "expected_value": "expected margin"}

MODELLED = ["experiment", "variant", "quantity", "n_control", "n_variant", "mean_control", "mean_variant", "value",
            "low", "high"]


def modelled_value_effects(
    engine: Engine, designs: Iterable[ExperimentDesign], units: UnitSample, values: ir.Table
) -> pd.DataFrame:
    """Return what was drawn does to the value that a purchase model expects of the same customers from now on.

    The arms were drawn, so their difference is an effect; what is compared is no outcome but the expectation of a
    model that knows purchases alone. It is told apart from what was measured.

    Parameters
    ----------
    engine : Engine
        The engine session.
    designs : iterable of ExperimentDesign
        How each experiment is read; those of clusters or blocks are left out.
    units : UnitSample
        Units in memory; compared are those that are customers with a modelled value.
    values : Table
        ``results/customer_value``.

    Returns
    -------
    DataFrame
        `MODELLED`: ``p_alive`` [share] and ``expected_value`` [money] by arm, their difference with a 95 % interval
        (Welch); arms with `LEAST_MODELLED` such customers.
    """
    known = engine.frame(values.select(unit_id="customer_id", p_alive=values["p_alive"].cast("float64"),
                                       expected_value=values["expected_value"].cast("float64")))
    rows = []
    for design in designs:
        if design.by or design.block:
            continue
        own = units.frame[units.frame["experiment"] == design.experiment].merge(known, on="unit_id")
        for variant, (column, name) in product(design.variants, QUANTITIES.items()):
            a, b = (own.loc[own["variant"] == arm, column].dropna().to_numpy() for arm in (design.control, variant))
            if min(len(a), len(b)) < LEAST_MODELLED:
                continue
            control, treated = moments_of_values(a), moments_of_values(b)
            found = mean_difference.welch_difference(control, treated)
            rows.append((design.experiment, variant, name, len(a), len(b), control.mean, treated.mean, found.value,
                         found.low, found.high))
    return pd.DataFrame(rows, columns=MODELLED)
