"""The structural model: what loyalty as said owes to satisfaction, quality, value, switching cost and relations."""

from collections.abc import Mapping

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.estimates import Estimate, Status, without_value
from helpers.methods import paths, resampling, scales
from helpers.methods.disclosure_control import told
from helpers.methods.paths import PathModel

LOYALTY = "loyalty"
BLOCKS: Mapping[str, tuple[str, ...]] = {
    "quality": ("performance",), "value": ("value",), "satisfaction": ("satisfaction",),
    "switching cost": ("switching_cost",), "relational benefits": ("trust", "commitment"),
    LOYALTY: ("intention", "recommend"),
}
ARROWS = (("quality", "value"), ("quality", "satisfaction"), ("value", "satisfaction"),
          ("satisfaction", "relational benefits"), ("quality", LOYALTY), ("value", LOYALTY), ("satisfaction", LOYALTY),
          ("switching cost", LOYALTY), ("relational benefits", LOYALTY))
DIRECT, TOTAL, EXPLAINED = "path to loyalty", "total effect on loyalty", "explained variance of loyalty"
LEAST_PEOPLE, DRAWS = 100, 300


def estimates(answers: ir.Table, known: pd.DataFrame, seed: int, draws: int = DRAWS) -> list[Estimate]:
    """Return direct and total effects on loyalty, as said, with percentile intervals; and R².

    Parameters
    ----------
    answers : Table
        From `helpers.methods.scales.answers`.
    known : DataFrame
        From `helpers.methods.scales.catalogue`.
    seed, draws : int
        Bootstrap.

    Notes
    -----
    Partial least squares, path weighting; the constructs whose roles were asked, and people who answered all of their
    questions in their latest response. Attitude only: behaviour stands in the curve. Associations, not effects.
    """
    model = modelled(known)
    if model is None:
        reason = "loyalty as said, or everything that it may owe to, was not asked"
        return [without_value(q, Status.NOT_APPLICABLE, reason, unit="coefficient") for q in (TOTAL, EXPLAINED)]
    wide = scales.latest_of(scales.wide(answers, model.items), model.items)
    columns = wide.dropna().to_numpy(float)
    if len(columns) < LEAST_PEOPLE:
        reason = f"{told(len(columns))} people answered every question of the model; {LEAST_PEOPLE} are needed"
        return [without_value(q, Status.INSUFFICIENT, reason, unit="coefficient", n=len(columns))
                for q in (TOTAL, EXPLAINED)]
    one = paths.fit(model, resampling.moments(columns).correlation)
    many = paths.fit(model, resampling.resampled_moments(columns, draws, seed).correlation)
    if not one.is_converged[0]:
        return [without_value(q, Status.INSUFFICIENT, "the model does not settle", unit="coefficient", n=len(columns))
                for q in (TOTAL, EXPLAINED)]
    return _rows(model, one, many, len(columns))


def modelled(known: pd.DataFrame) -> PathModel | None:
    """Return the model of what was asked; None where loyalty was not, or nothing that points to it."""
    items = {name: tuple(known.loc[known["role"].isin(roles), "item"]) for name, roles in BLOCKS.items()}
    blocks = {name: found for name, found in items.items() if found}
    arrows = [(a, b) for a, b in ARROWS if a in blocks and b in blocks]
    linked = {end for arrow in arrows for end in arrow}
    if LOYALTY not in linked:
        return None
    return PathModel({name: found for name, found in blocks.items() if name in linked}, arrows)


def _rows(model: PathModel, one: paths.PathFit, many: paths.PathFit, n: int) -> list[Estimate]:
    end, rows = model.names.index(LOYALTY), []
    for quantity, values, draws in ((DIRECT, one.paths, many.paths), (TOTAL, one.total_effects, many.total_effects)):
        for i, name in enumerate(model.names):
            if name != LOYALTY and (quantity == TOTAL or (name, LOYALTY) in model.arrows):
                found = resampling.percentiles(values[0, i, end], draws[many.is_converged, i, end])
                rows.append(Estimate(quantity, found.value, found.low, found.high, "coefficient", n, name))
    found = resampling.percentiles(one.explained[0, end], many.explained[many.is_converged, end])
    return [*rows, Estimate(EXPLAINED, found.value, found.low, found.high, "R²", n)]


def strongest(rows: list[Estimate]) -> list[Estimate]:
    """Return the total effects, strongest first."""
    kept = [e for e in rows if e.quantity == TOTAL and e.status is Status.OK]
    return sorted(kept, key=lambda e: (-abs(e.value), e.segment))


def drawn(rows: list[Estimate]) -> pd.DataFrame:
    """Return the total effects to draw: ``construct, value, low, high``, strongest first."""
    return pd.DataFrame([{"construct": e.segment, "value": e.value, "low": e.low, "high": e.high}
                         for e in strongest(rows)], columns=["construct", "value", "low", "high"]).astype(
        dict.fromkeys(("value", "low", "high"), np.float64))
