"""Structural model of loyalty (PLS)."""

from collections.abc import Mapping
from dataclasses import dataclass

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.results import Estimate, Status, no_estimate, strike
from helpers.stats import bootstrap, survey_scales
from helpers.stats.disclosure_control import people_text
from helpers.stats.pls_sem import path_model
from helpers.stats.pls_sem.measurement_model import (
    MeasurementValidity,
    circular_equations,
    measurement_validity,
    unreliable_constructs,
    unreportable_effects,
    with_cautions,
)
from helpers.stats.pls_sem.path_model import PathModel
from helpers.stats.survey_weights import ReplicateWeights

LOYALTY_CONSTRUCT = "loyalty"

STRUCTURAL_BLOCKS: Mapping[str, tuple[str, ...]] = {
    "quality": ("performance",), "value": ("value",), "satisfaction": ("satisfaction",),
    "switching cost": ("switching_cost",), "relational benefits": ("trust", "commitment"),
    LOYALTY_CONSTRUCT: ("intention", "recommend"),
}

STRUCTURAL_ARROWS = (
    ("quality", "value"),
    ("quality", "satisfaction"),
    ("value", "satisfaction"),
    ("satisfaction", "relational benefits"),
    ("quality", LOYALTY_CONSTRUCT),
    ("value", LOYALTY_CONSTRUCT),
    ("satisfaction", LOYALTY_CONSTRUCT),
    ("switching cost", LOYALTY_CONSTRUCT),
    ("relational benefits", LOYALTY_CONSTRUCT),
)

PATH_TO_LOYALTY, TOTAL_EFFECT_ON_LOYALTY, STRENGTH_DIFFERENCE, EXPLAINED_VARIANCE = (
    "path to loyalty",
    "total association with loyalty",
    "strongest total less another",
    "explained variance of loyalty",
)

MIN_PEOPLE_FOR_MODEL = 100

ADJUSTED = "interval adjusted for all of these differences"


@dataclass(frozen=True, slots=True)
class StructuralModel:
    """The path model of stated loyalty, as far as it can be fitted.

    Parameters
    ----------
    fit : PathFit or None
        Fit in the sample (first replicate) and its resamples; None where there is none.
    validity : MeasurementValidity or None
        What is known about the measurement of its constructs.
    n : int
        People who answered every question of the model.
    status : Status
        *Not applicable* where something was never asked, *insufficient* where too few answered.
    reason : str
        Why there is no fit; empty where there is.
    """

    fit: path_model.PathFit | None
    validity: MeasurementValidity | None
    n: int
    status: Status = Status.OK
    reason: str = ""

    @property
    def loyalty_items(self) -> tuple[str, ...]:
        """The questions that stated loyalty is made of; none without a fit."""
        return () if self.fit is None else tuple(self.fit.model.blocks[LOYALTY_CONSTRUCT])


def fit_structural_model(
    answers: ir.Table, known: pd.DataFrame, seed: int, draws: int,
    replicas: ReplicateWeights | None = None,
) -> StructuralModel:
    """Return the path model of stated loyalty, on those who answered all of its questions in their latest response.

    Parameters
    ----------
    answers : Table
        From `helpers.stats.survey_scales.scaled_answers`.
    known : DataFrame
        From `helpers.stats.survey_scales.item_catalogue`.
    seed, draws : int
        Of the bootstrap, those of page 02: what both pages tell of the same answers has one interval.
    replicas : ReplicateWeights, optional
        Of the survey weights; they are the bootstrap then.

    Notes
    -----
    Partial least squares, path weighting, of the constructs whose roles were asked. Attitude only: behaviour stands in
    the curve. Associations, not effects.
    """
    model = loyalty_path_model(known)
    if model is None:
        is_asked = known["role"].isin(STRUCTURAL_BLOCKS[LOYALTY_CONSTRUCT]).any()
        reason = "nothing that points to loyalty was asked" if is_asked else "loyalty was not asked"
        return StructuralModel(None, None, 0, Status.NOT_APPLICABLE, reason)
    wide = survey_scales.latest_by_person(survey_scales.answers_wide(answers, model.items), model.items).dropna()
    n = len(wide)
    if n < MIN_PEOPLE_FOR_MODEL:
        reason = f"{people_text(n)} people answered every question of the model; {MIN_PEOPLE_FOR_MODEL} are needed"
        return StructuralModel(None, None, n, Status.INSUFFICIENT, reason)
    sample = survey_scales.weighted_sample(wide, replicas)
    moments = sample.moments(wide.to_numpy(float), draws, seed)
    fit = path_model.fit_path_model(model, moments.correlation)
    if not fit.is_converged[0]:
        return StructuralModel(None, None, n, Status.INSUFFICIENT, "the model does not settle")
    return StructuralModel(fit, measurement_validity(fit, moments, n), n)


def structural_values(model: StructuralModel) -> list[Estimate]:
    """Return paths to loyalty, total effects on it and its R², no check applied yet; or why there is no model.

    Parameters
    ----------
    model : StructuralModel
        From `fit_structural_model`.
    """
    if model.fit is None:
        return [no_estimate(q, model.status, model.reason, unit="coefficient", n=model.n)
                for q in (TOTAL_EFFECT_ON_LOYALTY, EXPLAINED_VARIANCE)]
    return _effect_estimates(model.fit, model.n)


def structural_estimates(values: list[Estimate], model: StructuralModel) -> list[Estimate]:
    """Return what the structural model may report: struck by a failed check on its measurement, or with its caution.

    Parameters
    ----------
    values : list of Estimate
        From `structural_values`.
    model : StructuralModel
        From `fit_structural_model`.
    """
    if model.fit is None:
        return values
    struck = unreportable_effects(model.validity, model.fit.model.arrows)
    names, reach = model.fit.model.names, model.fit.model.reachable()
    own = {start: reason for (start, end), reason in struck.items() if end == LOYALTY_CONSTRUCT}
    on_way = {name: f"on its way, {s} → {e} is not reported" for s, e in struck for name in names
              if name != LOYALTY_CONSTRUCT and reach[names.index(name), names.index(s)]
              and reach[names.index(e), names.index(LOYALTY_CONSTRUCT)]}
    weak = circular_equations(model.validity, model.fit.model.arrows) | unreliable_constructs(model.validity)
    reasons = {PATH_TO_LOYALTY: own, TOTAL_EFFECT_ON_LOYALTY: on_way,
               EXPLAINED_VARIANCE: {"all": weak[LOYALTY_CONSTRUCT]} if LOYALTY_CONSTRUCT in weak else {}}
    found = [strike([e], reasons.get(e.quantity, {}))[0] for e in values]
    into = [(start, "all") for start, end in model.fit.model.arrows if end == LOYALTY_CONSTRUCT]
    return with_cautions(found, model.validity, (LOYALTY_CONSTRUCT,), into)


def strength_differences(reported: list[Estimate], model: StructuralModel) -> list[Estimate]:
    """Return how much stronger the strongest total that is reported is than each other, whatever their signs.

    Parameters
    ----------
    reported : list of Estimate
        From `structural_estimates`.
    model : StructuralModel
        From `fit_structural_model`; its draws hold that the totals are of the same people.

    Returns
    -------
    list of Estimate
        The intervals are adjusted for all differences (Bonferroni).
    """
    ranked, fit, made = strongest_effects(reported), model.fit, []
    if fit is None or len(ranked) < 2:
        return []
    end, level = fit.model.names.index(LOYALTY_CONSTRUCT), 1 - 0.05 / (len(ranked) - 1)
    for other in ranked[1:]:
        a, b = (np.abs(fit.total_effects[:, fit.model.names.index(e.segment), end]) for e in (ranked[0], other))
        i = bootstrap.percentile_interval(float(a[0] - b[0]), (a - b)[_settled_draws(fit)], level)
        made.append(Estimate(STRENGTH_DIFFERENCE, i.value, i.low, i.high, "coefficient", other.n,
                             f"{ranked[0].segment} less {other.segment}", level, reason=ADJUSTED))
    return made


def _settled_draws(fit: path_model.PathFit) -> np.ndarray:
    """Return which replicates converged; the first one is the sample itself."""
    return np.flatnonzero(fit.is_converged[1:]) + 1


def loyalty_path_model(known: pd.DataFrame) -> PathModel | None:
    """Return the model of what was asked; None where loyalty was not, or nothing that points to it."""
    items = {name: tuple(known.loc[known["role"].isin(roles), "item"]) for name, roles in STRUCTURAL_BLOCKS.items()}
    blocks = {name: found for name, found in items.items() if found}
    arrows = [(a, b) for a, b in STRUCTURAL_ARROWS if a in blocks and b in blocks]
    linked = {end for arrow in arrows for end in arrow}
    if LOYALTY_CONSTRUCT not in linked:
        return None
    return PathModel({name: found for name, found in blocks.items() if name in linked}, arrows)


def _effect_estimates(fit: path_model.PathFit, n: int) -> list[Estimate]:
    names, end, rows = fit.model.names, fit.model.names.index(LOYALTY_CONSTRUCT), []
    settled = _settled_draws(fit)
    for quantity, values in ((PATH_TO_LOYALTY, fit.paths), (TOTAL_EFFECT_ON_LOYALTY, fit.total_effects)):
        for i, name in enumerate(names):
            if name != LOYALTY_CONSTRUCT and (
                quantity == TOTAL_EFFECT_ON_LOYALTY or (name, LOYALTY_CONSTRUCT) in fit.model.arrows
            ):
                found = bootstrap.percentile_interval(float(values[0, i, end]), values[settled, i, end])
                rows.append(Estimate(quantity, found.value, found.low, found.high, "coefficient", n, name))
    found = bootstrap.percentile_interval(float(fit.explained[0, end]), fit.explained[settled, end])
    return [*rows, Estimate(EXPLAINED_VARIANCE, found.value, found.low, found.high, "R²", n)]


def strongest_effects(rows: list[Estimate]) -> list[Estimate]:
    """Return the total effects, strongest first."""
    kept = [e for e in rows if e.quantity == TOTAL_EFFECT_ON_LOYALTY and e.status is Status.OK]
    return sorted(kept, key=lambda e: (-abs(e.value), e.segment))


def total_effects_frame(rows: list[Estimate]) -> pd.DataFrame:
    """Return the total effects to draw: ``construct, value, low, high``, strongest first."""
    return pd.DataFrame([{"construct": e.segment, "value": e.value, "low": e.low, "high": e.high}
                         for e in strongest_effects(rows)], columns=["construct", "value", "low", "high"]).astype(
        dict.fromkeys(("value", "low", "high"), np.float64))
