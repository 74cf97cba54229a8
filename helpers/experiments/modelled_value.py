"""Modelled value: what a treatment does, after its window, to the value that a purchase model expects of customers."""

import ibis.expr.types as ir
import pandas as pd

from helpers.experiments import mean_difference
from helpers.experiments.aggregates import ArmMoments
from helpers.experiments.schema import SIMPLE
from helpers.foundation.engine import Engine

LEAST_MODELLED = 100  # units an arm whose value is modelled

QUANTITIES = {"p_alive": "probability of still being a customer", "expected_value": "expected margin"}

MODELLED = ["experiment", "variant", "quantity", "n_control", "n_variant", "mean_control", "mean_variant", "value",
            "low", "high"]


def modelled_value_effects(
    engine: Engine, effects: pd.DataFrame, assignments: ir.Table, values: ir.Table
) -> pd.DataFrame:
    """Return what was drawn does to the value that a purchase model expects of the same customers from now on.

    The arms were drawn, so their difference is an effect; what is compared is no outcome but the expectation of a
    model that knows purchases alone. It is told apart from what was measured.

    Parameters
    ----------
    engine : Engine
        The engine session.
    effects : DataFrame
        ``results/experiment_effects``: which arms are compared; those of clusters, periods or blocks are left out.
    assignments : Table
        ``canonical/assignments``: compared are units that were in one arm only and are customers with a modelled
        value.
    values : Table
        ``results/customer_value``.

    Returns
    -------
    DataFrame
        `MODELLED`: ``p_alive`` [share] and ``expected_value`` [money] by arm, their difference with a 95 % interval
        (Welch); arms with `LEAST_MODELLED` such customers.
    """
    moments = _moments_by_arm(engine, assignments, values)
    pairs = effects.loc[effects["randomisation"] == SIMPLE, ["experiment", "variant", "control"]]
    rows = []
    for experiment, variant, control in pairs.drop_duplicates().itertuples(index=False):
        for column, name in QUANTITIES.items():
            one, other = (moments.get((experiment, arm, column)) for arm in (control, variant))
            if one is None or other is None or min(one.n, other.n) < LEAST_MODELLED:
                continue
            found = mean_difference.welch_difference(one, other)
            rows.append((experiment, variant, name, one.n, other.n, one.mean, other.mean, found.value, found.low,
                         found.high))
    return pd.DataFrame(rows, columns=MODELLED).sort_values(["experiment", "variant"], kind="stable", ignore_index=True)


def _moments_by_arm(engine: Engine, assignments: ir.Table, values: ir.Table) -> dict[tuple[str, str, str], ArmMoments]:
    """Return size, mean and variance of each modelled quantity, by experiment, arm and column."""
    arm = assignments["variant"]
    units = assignments.group_by("experiment", "unit_id").agg(variant=arm.min(), n_arms=arm.nunique())
    known = values.select(unit_id="customer_id", **{name: values[name].cast("float64") for name in QUANTITIES})
    own = units.filter(units["n_arms"] == 1).join(known, "unit_id")
    of_each = {f"{part}_{name}": figure for name in QUANTITIES for part, figure in (
        ("n", own[name].count()), ("mean", own[name].mean()), ("variance", own[name].var(how="sample")))}
    rows = engine.frame(own.group_by("experiment", "variant").agg(**of_each)).to_dict("records")
    return {(row["experiment"], row["variant"], name): ArmMoments(
        int(row[f"n_{name}"]), row[f"mean_{name}"], row[f"variance_{name}"]) for row in rows for name in QUANTITIES}
