"""Structural model of loyalty (PLS) and moderators of the satisfaction–loyalty link."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy import stats

from helpers.foundation.results import PERCENTAGE_POINTS, Estimate, Status, no_estimate, strike
from helpers.loyalty.monotone_logistic import effective_weights
from helpers.stats import bootstrap, logistic_regression, multiple_testing, survey_scales
from helpers.stats.confidence_intervals import Interval
from helpers.stats.disclosure_control import people_text
from helpers.stats.logistic_regression import LogisticFit
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

PATH_TO_LOYALTY, TOTAL_EFFECT_ON_LOYALTY, EXPLAINED_VARIANCE = (
    "path to loyalty",
    "total association with loyalty",
    "explained variance of loyalty",
)

MIN_PEOPLE_FOR_MODEL = 100


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
    return with_cautions(found, model.validity, (LOYALTY_CONSTRUCT,))


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
    settled = fit.is_converged.copy()
    settled[0] = False  # the first replicate is the sample itself
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


COMPETITION_MODERATOR, SWITCHING_MODERATOR, PROGRAMME_MODERATOR, QUALITY_MODERATOR = LINK_MODERATORS = (
    "competition", "switching cost", "programme", "sensitivity to quality")

MODERATOR_COLUMNS: Mapping[str, str] = {
    COMPETITION_MODERATOR: "alternatives",
    SWITCHING_MODERATOR: "switching_cost",
    PROGRAMME_MODERATOR: "is_member",
    QUALITY_MODERATOR: "quality",
}

INTERACTION = "interaction with satisfaction"

MODERATOR_EFFECT, EFFECT_AT_LOW, EFFECT_AT_HIGH, EFFECT_CHANGE = (
    "association of the moderator itself",
    "association of ten points of satisfaction, moderator low",
    "association of ten points of satisfaction, moderator high",
    "difference of the two associations",
)

NO_REPURCHASE = "no repurchase of those who answered is recorded"

ADJUSTED_P = "p of the difference, adjusted"

MIN_PEOPLE_PER_MODERATOR, MIN_EVENTS_PER_MODERATOR = 200, 40

SATISFACTION_STEP = 10.0

SATISFACTION_PIVOT = 60.0


def moderator_estimates(came: pd.DataFrame, said: pd.DataFrame, struck: str = "") -> list[Estimate]:
    """Return, for each moderator, its interaction with satisfaction and what it changes, as average marginal effects.

    Parameters
    ----------
    came : DataFrame
        From `helpers.loyalty.satisfaction_loyalty_link.repurchase_after_answer`.
    said : DataFrame
        Grain customer: ``customer_id, alternatives, switching_cost, quality`` [0–100]``, is_member``; NaN where not
        known.
    struck : str
        Why the satisfaction score itself is not reported; empty where it stands.

    Returns
    -------
    list of Estimate
        Segment: the moderator. ``interaction``: change of the logit's slope for ten points of satisfaction between a
        moderator at 0 and at 100 (not a member and a member) — γ for switching cost. Effects are differences in the
        share who come back, in points: of satisfaction ten points higher, at the moderator's lower and upper quartile,
        and their difference, with its p-value adjusted over the moderators (Holm); of the moderator itself between its
        quartiles. All are associations.

    Notes
    -----
    Logistic regression on satisfaction (to the third power, so that a bend is not taken for an interaction), moderator
    and their product, one moderator at a time; delta method.
    """
    table = came.merge(said, on="customer_id", how="left")
    rows = [row for name in LINK_MODERATORS for row in _moderator_estimates(table, name)]
    rows += _adjusted_p_values([row for row in rows if row.quantity == EFFECT_CHANGE and row.status is Status.OK])
    return strike(rows, dict.fromkeys(LINK_MODERATORS, struck) if struck else {})


def _moderator_estimates(table: pd.DataFrame, name: str) -> list[Estimate]:
    known = table[table[MODERATOR_COLUMNS[name]].notna()]
    score, moderator = known["satisfaction"].to_numpy(float), known[MODERATOR_COLUMNS[name]].to_numpy(float)
    y = known["returned"].to_numpy(float)
    scaled = moderator if name == PROGRAMME_MODERATOR else moderator / 100
    quarters = (
        (0.0, 1.0)
        if name == PROGRAMME_MODERATOR
        else tuple(np.quantile(scaled, [0.25, 0.75]))
        if len(scaled)
        else (0, 0)
    )
    reason = _why_not_moderated(len(table), y, scaled, quarters)
    weights = effective_weights(known["weight"].to_numpy(float))
    fit = None if reason else logistic_regression.fit_logistic_regression(
        _interaction_design(score, scaled), y, weights)
    if fit is None:
        reason = reason or "the outcome is told entirely"
        units = {
            INTERACTION: "logits",
            **dict.fromkeys((MODERATOR_EFFECT, EFFECT_AT_LOW, EFFECT_AT_HIGH, EFFECT_CHANGE), PERCENTAGE_POINTS),
        }
        return [no_estimate(q, Status.INSUFFICIENT, reason, unit=unit, n=len(y), segment=name)
                for q, unit in units.items()]
    found = {q: i.times(100) for q, i in _marginal_effects(fit, score, scaled, quarters, weights).items()}
    gamma = fit.interval(5).times(SATISFACTION_STEP)
    rows = [Estimate(INTERACTION, gamma.value, gamma.low, gamma.high, "logits", len(y), name)]
    return rows + [Estimate(q, i.value, i.low, i.high, PERCENTAGE_POINTS, len(y), name) for q, i in found.items()]


def _adjusted_p_values(differences: Sequence[Estimate]) -> list[Estimate]:
    """Return the p-values of normal differences, adjusted by Holm."""
    spread = np.array([row.high - row.low for row in differences]) / (2 * stats.norm.ppf(0.975))
    p = 2 * stats.norm.sf(np.abs([row.value for row in differences]) / spread)
    return [Estimate(ADJUSTED_P, float(q), unit="p", n=row.n, segment=row.segment)
            for row, q in zip(differences, multiple_testing.holm(p), strict=True)]


def _why_not_moderated(n_followed: int, y: np.ndarray, scaled: np.ndarray, quarters: tuple[float, float]) -> str:
    if not n_followed:
        return NO_REPURCHASE
    if not len(y):
        return "it was not asked, or is not recorded"
    if len(y) < MIN_PEOPLE_PER_MODERATOR:
        return f"{people_text(len(y))} people; {MIN_PEOPLE_PER_MODERATOR} are needed"
    if min(y.sum(), len(y) - y.sum()) < MIN_EVENTS_PER_MODERATOR:
        return f"fewer than {MIN_EVENTS_PER_MODERATOR} people came back, or stayed away"
    return "it is the same for nearly all" if quarters[0] == quarters[1] or np.ptp(scaled) == 0 else ""


def _interaction_design(score: np.ndarray, scaled: np.ndarray) -> np.ndarray:
    s = (score - SATISFACTION_PIVOT) / 25
    return np.column_stack([np.ones(len(s)), s, s**2, s**3, scaled, scaled * (score - SATISFACTION_PIVOT)])


def _marginal_effects(fit: LogisticFit, score: np.ndarray, scaled: np.ndarray, quarters: tuple[float, float],
                      weights: np.ndarray) -> dict[str, Interval]:
    more = np.minimum(score + SATISFACTION_STEP, 100)
    less = more - SATISFACTION_STEP
    low, high = (np.full(len(score), q) for q in quarters)
    at = {
        (s, q): _interaction_design(v, m)
        for s, v in (("less", less), ("more", more))
        for q, m in (("low", low), ("high", high))
    }
    ends = [(-1.0, _interaction_design(score, low)), (1.0, _interaction_design(score, high))]
    pairs = {q: [(-1.0, at["less", q]), (1.0, at["more", q])] for q in ("low", "high")}
    return {
        MODERATOR_EFFECT: fit.margins(ends, weights),
        EFFECT_AT_LOW: fit.margins(pairs["low"], weights),
        EFFECT_AT_HIGH: fit.margins(pairs["high"], weights),
        EFFECT_CHANGE: fit.margins([*((-w, d) for w, d in pairs["low"]), *pairs["high"]], weights),
    }
