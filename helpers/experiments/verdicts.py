"""From differences to verdicts: ship, stop, keep running or invalid, by rules that stand on the page."""

import math
from collections.abc import Iterable, Mapping
from datetime import date

import pandas as pd

from helpers.experiments import effects, gates
from helpers.experiments.assumptions import Assumptions
from helpers.experiments.moments import Counted
from helpers.experiments.plans import Design
from helpers.experiments.tables import EFFECTS
from helpers.foundation.estimates import Gate, Status

SHIP, STOP, KEEP, INVALID = "ship", "stop", "keep running", "invalid"
RULES = pd.DataFrame(
    [
        (INVALID, "a gate that blocks is crossed: its reason stands in place of the verdict"),
        (KEEP, "the planned day of the look has not come, or there are too few values"),
        (STOP, "the interval rules out the smallest improvement that the plan calls worth having"),
        (STOP, "the whole interval is a change for the worse, beyond chance after Holm's adjustment"),
        (SHIP, "the whole interval is an improvement, beyond chance after Holm's adjustment"),
        (KEEP, "in every other case"),
    ],
    columns=["verdict", "if"],
)


def effects_table(
    designs: Iterable[Design], counted: Counted, checked: Mapping[str, Iterable[Gate]], assumptions: Assumptions,
    as_of: date,
) -> pd.DataFrame:
    """Return ``results/experiment_effects``: every arm against its control on every metric.

    Parameters
    ----------
    designs : iterable of Design
        How each experiment is read.
    counted : Counted
        Arms and outcomes as the engine counted them.
    checked : mapping of str to iterable of Gate
        Gates by experiment; one that blocks takes every difference of its experiment away.
    assumptions : Assumptions
        Error rate and smallest sizes.
    as_of : date
        The day of this look.
    """
    parts = [_of_one(d, counted.outcomes[counted.outcomes["experiment"] == d.experiment],
                     gates.blocking(checked[d.experiment]), assumptions, as_of) for d in designs]
    rows = [row for part in parts for row in part]
    return pd.DataFrame(rows, columns=list(EFFECTS.names))


def _of_one(
    design: Design, outcomes: pd.DataFrame, blocked: str, assumptions: Assumptions, as_of: date
) -> list[dict[str, object]]:
    metrics = design.metrics or ((design.plan.primary_metric,) if design.plan else ("outcome",))
    rows = [_compared(design, metric, variant, outcomes, assumptions) for metric in metrics
            for variant in design.variants or ("no other arm",)]
    if blocked:
        return [{**row, **_EMPTY, "status": Status.BLOCKED.value, "reason": blocked,
                 "verdict": INVALID if row["is_primary"] else None} for row in rows]
    adjusted = effects.holm([row["p"] if row["is_primary"] else math.nan for row in rows])
    rows = [{**row, "p_adjusted": p} for row, p in zip(rows, adjusted, strict=True)]
    return [{**row, **_verdict(row, design, assumptions, as_of)} if row["is_primary"] else row for row in rows]


_EMPTY = dict.fromkeys(("value", "low", "high", "relative", "relative_low", "relative_high", "p", "p_adjusted"),
                       math.nan)


def _compared(
    design: Design, metric: str, variant: str, outcomes: pd.DataFrame, assumptions: Assumptions
) -> dict[str, object]:
    of_metric = outcomes[outcomes["metric"] == metric].set_index("variant")
    row = {
        "experiment": design.experiment, "metric": metric, "variant": variant, "control": design.control,
        "unit": "", "level": 0.95, "is_primary": design.is_primary(metric), "is_exploratory": design.is_exploratory,
        **_EMPTY, "verdict": None, **_arms(of_metric, design.control, variant),
    }
    too_few = _too_few(of_metric, (design.control, variant), assumptions)
    if too_few:
        return {**row, "status": Status.INSUFFICIENT.value, "reason": too_few}
    a, b = (effects.moments(of_metric.loc[arm]) for arm in (design.control, variant))
    absolute = (effects.shares if row["unit"] == "share" else effects.welch)(a, b)
    relative = effects.relative(a, b)
    return {
        **row, "value": absolute.value, "low": absolute.low, "high": absolute.high, "p": absolute.p,
        "relative": relative.value, "relative_low": relative.low, "relative_high": relative.high,
        "status": Status.OK.value, "reason": "",
    }


def _arms(of_metric: pd.DataFrame, control: str, variant: str) -> dict[str, object]:
    def seen(arm: str, column: str, otherwise: float) -> float:
        return of_metric.loc[arm, column] if arm in of_metric.index else otherwise

    first = of_metric.iloc[0] if len(of_metric) else {"is_share": False, "is_money": False}
    return {
        "unit": "share" if first["is_share"] else "money" if first["is_money"] else "units",
        "n_control": int(seen(control, "n", 0)), "n_variant": int(seen(variant, "n", 0)),
        "n_missing": int(seen(control, "n_missing", 0) + seen(variant, "n_missing", 0)),
        "mean_control": seen(control, "mean", math.nan), "mean_variant": seen(variant, "mean", math.nan),
    }


def _too_few(of_metric: pd.DataFrame, arms: tuple[str, str], assumptions: Assumptions) -> str:
    seen = of_metric.reindex(list(arms))
    if not len(of_metric):
        return "no outcome is recorded yet"
    fewest = int(seen["n"].fillna(0).min())
    if fewest < assumptions.minimum_units:
        return f"{fewest} values in the smaller arm, {assumptions.minimum_units} are asked for"
    if of_metric["is_share"].all():
        events = int((seen["n"] * seen["mean"].where(seen["mean"] <= 0.5, 1 - seen["mean"])).round().min())
        if events < assumptions.minimum_events:
            return f"{events} of the rarer answer in one arm, {assumptions.minimum_events} are asked for"
    return "every value is the same" if not seen["variance"].sum() else ""


def _verdict(
    row: Mapping[str, object], design: Design, assumptions: Assumptions, as_of: date
) -> dict[str, object]:
    if row["status"] != Status.OK:
        return {"verdict": KEEP}
    ends_on = design.plan.ends_on if design.plan else None
    if ends_on and as_of < ends_on:
        return {"verdict": KEEP, "reason": f"the planned look is on {ends_on.isoformat()}"}
    is_lower = bool(design.plan and design.plan.lower_is_better)
    low, high = (-row["high"], -row["low"]) if is_lower else (row["low"], row["high"])
    worth = design.plan.minimum_effect if design.plan else 0.0
    if high < worth and worth > 0:
        least = f"{100 * worth:g} points" if row["unit"] == "share" else f"{worth:g}"
        return {"verdict": STOP, "reason": f"the interval rules out the smallest improvement worth having, {least}"}
    return _decided(low, high, row["p_adjusted"] < assumptions.error_rate)


def _decided(low: float, high: float, is_beyond_chance: bool) -> dict[str, object]:
    if high < 0 and is_beyond_chance:
        return {"verdict": STOP, "reason": "the whole interval is a change for the worse"}
    if low > 0 and is_beyond_chance:
        return {"verdict": SHIP, "reason": "the whole interval is an improvement"}
    if low > 0 or high < 0:
        return {"verdict": KEEP, "reason": "not beyond chance once all the comparisons are counted"}
    return {"verdict": KEEP, "reason": "the interval includes no difference"}
