"""Decision rules: ship, stop, keep running or invalid, for every experiment."""

import math
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import pandas as pd

from helpers.experiments import analysis, quality_gates, rival_arms, uplift
from helpers.experiments.aggregates import COVARIATE_PREFIX
from helpers.experiments.config import ExperimentsConfig
from helpers.experiments.design import ExperimentDesign
from helpers.experiments.experiment_data import ExperimentData
from helpers.experiments.health_checks import p_value_text
from helpers.experiments.method_selection import BLOCKS
from helpers.experiments.schema import EXPERIMENT_EFFECTS
from helpers.foundation.labels import readable_id
from helpers.foundation.results import Gate, Status

SHIP, STOP, KEEP_RUNNING, INVALID = "ship", "stop", "keep running", "invalid"

MILD_SRM_P = 0.001

DECISION_RULES = pd.DataFrame(
    [
        (INVALID, "a check that blocks has failed: its reason stands in place of the verdict"),
        (KEEP_RUNNING, "there are too few values, or no method may be believed"),
        (STOP, "a guardrail got worse, beyond chance"),
        (KEEP_RUNNING, "the planned day of the look has not come, and the plan has no always-valid intervals"),
        (STOP, "the interval rules out the smallest relevant improvement of the plan"),
        (KEEP_RUNNING, "an arm has few of the rarer answer, and Fisher's exact test is not beyond chance after the same"
               " adjustment"),
        (STOP, "the whole interval is a change for the worse, beyond chance after Holm's adjustment"),
        (STOP, "another arm that may be shipped is better, beyond chance over all pairs of such arms (Holm)"),
        (SHIP, "the whole interval is an improvement, beyond chance after Holm's adjustment"),
        (KEEP_RUNNING, "in every other case"),
    ],
    columns=["verdict", "if"],
)


def decide_experiments(
    designs: Iterable[ExperimentDesign],
    evidence: ExperimentData,
    checked: Mapping[str, Iterable[Gate]],
    assumptions: ExperimentsConfig,
    as_of: date,
) -> pd.DataFrame:
    """Return ``results/experiment_effects``: every arm against its control on every outcome.

    Parameters
    ----------
    designs : iterable of ExperimentDesign
        How each experiment is read.
    evidence : Evidence
        What the comparisons are made from.
    checked : mapping of str to iterable of Gate
        Gates by experiment; one that blocks takes every difference of its experiment away.
    assumptions : ExperimentsConfig
        Error rate and smallest sizes.
    as_of : date
        The day of this look.
    """
    rows = [
        row
        for d in designs
        for row in _effects_of_experiment(
            d, evidence, quality_gates.blocking_reasons(checked[d.experiment]), assumptions, as_of
        )
    ]
    return pd.DataFrame(rows, columns=list(EXPERIMENT_EFFECTS.names))


def decisions_under_mild_srm(
    designs: Iterable[ExperimentDesign],
    evidence: ExperimentData,
    earlier: Mapping[str, str],
    assumptions: ExperimentsConfig,
    as_of: date,
) -> pd.DataFrame:
    """Return what would follow if the sample ratio blocked at `MILD` only, of experiments that this would free.

    Parameters
    ----------
    designs : iterable of ExperimentDesign
        How each experiment is read.
    evidence : Evidence
        What the comparisons are made from.
    earlier : mapping of str to str
        Fingerprints of plans, as the gates take them.
    assumptions : ExperimentsConfig
        Section ``[experiments]``.
    as_of : date
        The day of this look.
    """
    mild = assumptions.model_copy(update={"sample_ratio_p": min(MILD_SRM_P, assumptions.sample_ratio_p)})
    read = tuple(designs)
    strict, freed = (
        quality_gates.gates_by_experiment(read, evidence, a, earlier) for a in (assumptions, mild)
    )
    which = [
        d
        for d in read
        if quality_gates.blocking_reasons(strict[d.experiment])
        and not quality_gates.blocking_reasons(freed[d.experiment])
    ]
    return decide_experiments(which, evidence, freed, mild, as_of)


def _effects_of_experiment(
    design: ExperimentDesign, evidence: ExperimentData, blocked: str, assumptions: ExperimentsConfig, as_of: date
) -> list[dict[str, Any]]:
    outcomes = analysis.analysed_outcomes(design, evidence) or [
        design.primary_metric or "outcome"
    ]
    rows = [analysis.analyse(design, outcome, variant, evidence, assumptions) for outcome in outcomes
            for variant in design.variants or ("no other arm",)]
    if blocked:
        return [{**row, **analysis.EMPTY_EFFECT, "method": "", "status": Status.BLOCKED.value, "reason": blocked,
                 "verdict": INVALID if row["is_primary"] else None} for row in rows]
    adjusted = zip(analysis.holm_family(rows, design), analysis.exact_family(rows, design), strict=True)
    rows = [{**row, "p_adjusted": p, "exact_adjusted": exact} for row, (p, exact) in zip(rows, adjusted, strict=True)]
    harmed = {str(row["variant"]): str(row["metric_label"]) for row in rows
              if _is_guardrail_harmed(row, design, assumptions)}
    judged = [{**row, **_verdict(row, design, assumptions, as_of, harmed)} if row["is_primary"] else row
              for row in rows]
    return [_with_unlike_effect(row, evidence, assumptions) for row in
            _with_rivals(judged, design, evidence, assumptions)]


def _with_unlike_effect(
    row: dict[str, Any], evidence: ExperimentData, assumptions: ExperimentsConfig
) -> dict[str, Any]:
    """Return a row; of an arm to be shipped with what its effect differs by, beyond chance: then it is not for all."""
    if row["verdict"] != SHIP or row["method"].startswith(BLOCKS):
        return row
    found = uplift.effects_by_covariate_half(
        evidence.units, row["experiment"], row["metric"], (row["control"], row["variant"]),
        evidence.unequal.get(row["experiment"], ()))
    clear = found[found["p_adjusted"] < assumptions.error_rate].sort_values("p_adjusted") if len(found) else found
    if clear.empty:
        return row
    first, (scale, unit) = clear.iloc[0], (100.0, " percentage points") if row["unit"] == "share" else (1.0, "")
    below, above = (f"{scale * first[c]:.3g}".replace("-", "−") for c in ("effect_below", "effect_above"))
    name = readable_id(str(first["covariate"]).removeprefix(COVARIATE_PREFIX))
    return {**row, "reason": f"{row['reason']}, but not the same for all: by {name} the effect is {below}{unit} up to "
                             f"{first['cut']:.3g} and {above}{unit} above"}


def _with_rivals(
    rows: list[dict[str, Any]], design: ExperimentDesign, evidence: ExperimentData, assumptions: ExperimentsConfig
) -> list[dict[str, Any]]:
    """Return the rows, those of arms that may each be shipped held against the best of them: one can be shipped."""
    for outcome in {row["metric"] for row in rows if row["verdict"] == SHIP}:
        ship = [row for row in rows if row["verdict"] == SHIP and row["metric"] == outcome]
        if len(ship) < 2:
            continue
        compared = rival_arms.compare_rivals(design, outcome, [row["variant"] for row in ship], evidence)
        judged = rival_arms.judge_rivals(ship, compared, assumptions.error_rate,
                                         is_lower_better=bool(design.plan and design.plan.lower_is_better))
        for row in ship:
            is_beaten, row["reason"] = judged.get(row["variant"], (False, row["reason"]))
            row["verdict"] = STOP if is_beaten else SHIP
    return rows


def _is_guardrail_harmed(row: Mapping[str, Any], design: ExperimentDesign, assumptions: ExperimentsConfig) -> bool:
    """Return whether a guardrail got worse beyond chance."""
    if not design.plan or row["status"] != Status.OK or row["p"] >= assumptions.error_rate:
        return False
    has_fallen = row["metric"] in design.plan.guardrails and row["high"] < 0
    return has_fallen or (row["metric"] in design.plan.guardrails_not_to_rise and row["low"] > 0)


def _verdict(
    row: Mapping[str, Any],
    design: ExperimentDesign,
    assumptions: ExperimentsConfig,
    as_of: date,
    harmed: Mapping[str, str],
) -> dict[str, Any]:
    if row["status"] != Status.OK:
        return {"verdict": KEEP_RUNNING}
    if str(row["variant"]) in harmed:
        return {"verdict": STOP, "reason": f"the guardrail {harmed[str(row['variant'])]} got worse, beyond chance"}
    plan = design.plan
    if plan and plan.ends_on and as_of < plan.ends_on and plan.stop_rule == "one look":
        return {"verdict": KEEP_RUNNING, "reason": f"the planned look is on {plan.ends_on.isoformat()}"}
    is_lower = bool(design.plan and design.plan.lower_is_better)
    low, high = (-row["high"], -row["low"]) if is_lower else (row["low"], row["high"])
    worth = design.plan.minimum_effect if design.plan else 0.0
    if high < worth and worth > 0:
        least = f"{100 * worth:g} percentage points" if row["unit"] == "share" else f"{worth:g}"
        return {"verdict": STOP, "reason": f"the interval rules out the smallest relevant improvement, {least}"}
    is_beyond_chance, exact = row["p_adjusted"] < assumptions.error_rate, row["exact_adjusted"]
    if is_beyond_chance and exact >= assumptions.error_rate:
        return {
            "verdict": KEEP_RUNNING,
            "reason": "an arm has few of the rarer answer, and Fisher's exact test does not agree "
            f"(p {p_value_text(exact)}, all the comparisons counted)",
        }
    made = _decision_by_interval(low, high, is_beyond_chance)
    if made["verdict"] == KEEP_RUNNING or math.isnan(exact):
        return made
    return {**made, "reason": f"{made['reason']}, on few of the rarer answer; Fisher's exact test agrees"}


def _decision_by_interval(low: float, high: float, is_beyond_chance: bool) -> dict[str, Any]:
    if high < 0 and is_beyond_chance:
        return {"verdict": STOP, "reason": "the whole interval is a change for the worse"}
    if low > 0 and is_beyond_chance:
        return {"verdict": SHIP, "reason": "the whole interval is an improvement"}
    if low > 0 or high < 0:
        return {"verdict": KEEP_RUNNING, "reason": "not beyond chance once all the comparisons are counted"}
    return {"verdict": KEEP_RUNNING, "reason": "the interval includes no difference"}
