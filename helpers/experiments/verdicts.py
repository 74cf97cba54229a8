"""From differences to verdicts: ship, stop, keep running or invalid, by rules that stand on the page."""

import math
from collections.abc import Iterable, Mapping
from datetime import date

import pandas as pd

from helpers.experiments import comparisons, gates
from helpers.experiments.assumptions import Assumptions
from helpers.experiments.checks import p_said
from helpers.experiments.comparisons import Evidence
from helpers.experiments.plans import Design
from helpers.experiments.tables import EFFECTS
from helpers.foundation.estimates import Gate, Status

SHIP, STOP, KEEP, INVALID = "ship", "stop", "keep running", "invalid"
MILD = 0.001
RULES = pd.DataFrame(
    [
        (INVALID, "a gate that blocks is crossed: its reason stands in place of the verdict"),
        (KEEP, "there are too few values, or no method may be believed"),
        (STOP, "a guardrail got worse, beyond chance"),
        (KEEP, "the planned day of the look has not come, and the plan has no always-valid intervals"),
        (STOP, "the interval rules out the smallest improvement that the plan calls worth having"),
        (KEEP, "an arm has few of the rarer answer, and Fisher's exact test is not beyond chance after the same"
               " adjustment"),
        (STOP, "the whole interval is a change for the worse, beyond chance after Holm's adjustment"),
        (SHIP, "the whole interval is an improvement, beyond chance after Holm's adjustment"),
        (KEEP, "in every other case"),
    ],
    columns=["verdict", "if"],
)


def effects_table(
    designs: Iterable[Design], evidence: Evidence, checked: Mapping[str, Iterable[Gate]], assumptions: Assumptions,
    as_of: date,
) -> pd.DataFrame:
    """Return ``results/experiment_effects``: every arm against its control on every outcome.

    Parameters
    ----------
    designs : iterable of Design
        How each experiment is read.
    evidence : Evidence
        What the comparisons are made from.
    checked : mapping of str to iterable of Gate
        Gates by experiment; one that blocks takes every difference of its experiment away.
    assumptions : Assumptions
        Error rate and smallest sizes.
    as_of : date
        The day of this look.
    """
    rows = [row for d in designs
            for row in _of_one(d, evidence, gates.blocking(checked[d.experiment]), assumptions, as_of)]
    return pd.DataFrame(rows, columns=list(EFFECTS.names))


def milder(
    designs: Iterable[Design], evidence: Evidence, earlier: Mapping[str, str], assumptions: Assumptions, as_of: date,
) -> pd.DataFrame:
    """Return what would follow if the sample ratio blocked at `MILD` only, of experiments that this would free.

    Parameters
    ----------
    designs : iterable of Design
        How each experiment is read.
    evidence : Evidence
        What the comparisons are made from.
    earlier : mapping of str to str
        Fingerprints of plans, as the gates take them.
    assumptions : Assumptions
        Section ``[experiments]``.
    as_of : date
        The day of this look.
    """
    mild = assumptions.model_copy(update={"sample_ratio_p": min(MILD, assumptions.sample_ratio_p)})
    read = tuple(designs)
    strict, freed = (gates.gates(read, evidence.counted, a, evidence.units, earlier) for a in (assumptions, mild))
    which = [d for d in read if gates.blocking(strict[d.experiment]) and not gates.blocking(freed[d.experiment])]
    return effects_table(which, evidence, freed, mild, as_of)


def _of_one(
    design: Design, evidence: Evidence, blocked: str, assumptions: Assumptions, as_of: date
) -> list[dict[str, object]]:
    outcomes = comparisons.outcomes_of(design, evidence) or [design.plan.primary_metric if design.plan else "outcome"]
    rows = [comparisons.compared(design, outcome, variant, evidence, assumptions) for outcome in outcomes
            for variant in design.variants or ("no other arm",)]
    if blocked:
        return [{**row, **comparisons.EMPTY, "method": "", "status": Status.BLOCKED.value, "reason": blocked,
                 "verdict": INVALID if row["is_primary"] else None} for row in rows]
    adjusted = zip(comparisons.family(rows, design), comparisons.exact_family(rows, design), strict=True)
    rows = [{**row, "p_adjusted": p, "exact_adjusted": exact} for row, (p, exact) in zip(rows, adjusted, strict=True)]
    harmed = {str(row["variant"]): str(row["metric"]) for row in rows if _harms(row, design, assumptions)}
    return [{**row, **_verdict(row, design, assumptions, as_of, harmed)} if row["is_primary"] else row for row in rows]


def _harms(row: Mapping[str, object], design: Design, assumptions: Assumptions) -> bool:
    """Return whether a guardrail got worse beyond chance."""
    is_guard = bool(design.plan) and row["metric"] in design.plan.guardrails
    return is_guard and row["status"] == Status.OK and row["high"] < 0 and row["p"] < assumptions.error_rate


def _verdict(
    row: Mapping[str, object], design: Design, assumptions: Assumptions, as_of: date, harmed: Mapping[str, str]
) -> dict[str, object]:
    if row["status"] != Status.OK:
        return {"verdict": KEEP}
    if str(row["variant"]) in harmed:
        return {"verdict": STOP, "reason": f"the guardrail {harmed[str(row['variant'])]} got worse, beyond chance"}
    ends_on = design.plan.ends_on if design.plan else None
    if ends_on and as_of < ends_on and design.plan.stop_rule == "one look":
        return {"verdict": KEEP, "reason": f"the planned look is on {ends_on.isoformat()}"}
    is_lower = bool(design.plan and design.plan.lower_is_better)
    low, high = (-row["high"], -row["low"]) if is_lower else (row["low"], row["high"])
    worth = design.plan.minimum_effect if design.plan else 0.0
    if high < worth and worth > 0:
        least = f"{100 * worth:g} points" if row["unit"] == "share" else f"{worth:g}"
        return {"verdict": STOP, "reason": f"the interval rules out the smallest improvement worth having, {least}"}
    is_beyond_chance, exact = row["p_adjusted"] < assumptions.error_rate, row["exact_adjusted"]
    if is_beyond_chance and exact >= assumptions.error_rate:
        return {"verdict": KEEP, "reason": "an arm has few of the rarer answer, and Fisher's exact test does not agree "
                                           f"(p {p_said(exact)}, all the comparisons counted)"}
    made = _decided(low, high, is_beyond_chance)
    if made["verdict"] == KEEP or math.isnan(exact):
        return made
    return {**made, "reason": f"{made['reason']}, on few of the rarer answer; Fisher's exact test agrees"}


def _decided(low: float, high: float, is_beyond_chance: bool) -> dict[str, object]:
    if high < 0 and is_beyond_chance:
        return {"verdict": STOP, "reason": "the whole interval is a change for the worse"}
    if low > 0 and is_beyond_chance:
        return {"verdict": SHIP, "reason": "the whole interval is an improvement"}
    if low > 0 or high < 0:
        return {"verdict": KEEP, "reason": "not beyond chance once all the comparisons are counted"}
    return {"verdict": KEEP, "reason": "the interval includes no difference"}
