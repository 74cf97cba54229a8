"""Each arm against its control by the method that may be believed here; outside every method's region no difference."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from helpers.experiments import (
    adjusted,
    beliefs,
    clusters,
    effects,
    quantiles,
    randomisation,
    sequential,
    shares,
    validity,
)
from helpers.experiments.assumptions import Assumptions
from helpers.experiments.effects import Difference
from helpers.experiments.evidence import Evidence
from helpers.experiments.moments import COVARIATE, Moments
from helpers.experiments.plans import Design
from helpers.foundation.estimates import Status

WELCH, SCORE, DELTA, CUPED = "Welch", "score test", "delta method", "CUPED on"
AGAIN, CLUSTERS_AGAIN, ALWAYS = "arms drawn again", "randomisation of clusters", ", always valid"


@dataclass(frozen=True, slots=True)
class Found:
    """A difference, how it was found, and why there is none.

    Parameters
    ----------
    difference : Difference, optional
        None where no method may be believed.
    method : str
        In words.
    reason : str
        Why there is none, or why the usual method was left.
    """

    difference: Difference | None
    method: str = ""
    reason: str = ""


def outcomes_of(design: Design, evidence: Evidence) -> list[str]:
    """Return what is compared: the metrics, then planned ratios and quantiles by name."""
    planned = design.plan.quantiles if design.plan else {}
    return [*design.metrics, *design.ratios, *(quantile_name(m, q) for m, q in planned.items() if m in design.metrics)]


def quantile_name(metric: str, q: float) -> str:
    """Return the name of a quantile of a metric.

    Examples
    --------
    >>> quantile_name("spend", 0.5), quantile_name("spend", 0.9)
    ('median of spend', '90 % quantile of spend')
    """
    return f"{'median' if q == 0.5 else f'{100 * q:g} % quantile'} of {metric}"


def compared(
    design: Design, outcome: str, variant: str, evidence: Evidence, assumptions: Assumptions
) -> dict[str, object]:
    """Return one row of ``results/experiment_effects`` but for what is adjusted over the family, and the verdict.

    Parameters
    ----------
    design : Design
        How the experiment is read.
    outcome, variant : str
        A metric, ratio or quantile, and the arm.
    evidence : Evidence
        What there is to compare.
    assumptions : Assumptions
        Smallest sizes.
    """
    metric = _metric_of(design, outcome)
    every = evidence.counted.outcomes
    rows = every[(every["experiment"] == design.experiment) & (every["metric"] == metric)].set_index("variant")
    row = {
        "experiment": design.experiment, "metric": outcome, "variant": variant, "control": design.control,
        "level": 0.95, "is_primary": design.is_primary(outcome),
        "is_exploratory": design.is_exploratory, "plan": design.plan.fingerprint if design.plan else "",
        **EMPTY, "method": "", "verdict": None, **_arms(rows, design, variant, outcome),
    }
    too_few = _too_few(rows, (design.control, variant), assumptions)
    found = Found(None, reason=too_few) if too_few else _found(design, outcome, variant, evidence, rows)
    if found.difference is None:
        return {**row, "status": Status.INSUFFICIENT.value, "reason": found.reason}
    d = found.difference
    ratio = outcome in design.ratios
    means = _ratio_arms(design, outcome, variant, evidence) if ratio else tuple(
        effects.moments(rows.loc[arm]) for arm in (design.control, variant))
    relative = _relative(found, means, outcome in design.metrics or ratio)
    is_few = found.method.startswith(SCORE) and bool(validity.answers({a: shares.rarer(m) for a, m in zip(
        (design.control, variant), means, strict=True)}))
    return {
        **row, "value": d.value, "low": d.low, "high": d.high, "p": d.p, "error": d.error, "relative": relative.value,
        "relative_low": relative.low, "relative_high": relative.high, "method": found.method,
        "status": Status.OK.value, "reason": "", "note": found.reason,
        "p_exact": shares.exact_p(*means) if is_few else math.nan,
        **({"mean_control": means[0].mean, "mean_variant": means[1].mean} if ratio else {}),
        **_beside(design, outcome, variant, evidence), **({} if is_few else _belief(found, means, design)),
    }


EMPTY = dict.fromkeys((
    "value", "low", "high", "relative", "relative_low", "relative_high", "p", "p_adjusted", "p_exact", "error",
    "cuped_value", "cuped_low", "cuped_high", "cuped_reduction", "winsor_value", "winsor_low", "winsor_high",
    "chance_better", "loss_shipping", "loss_stopping"), math.nan) | {"note": "", "covariate": ""}


def _metric_of(design: Design, outcome: str) -> str:
    if outcome in design.ratios:
        return design.ratios[outcome][0]
    planned = design.plan.quantiles if design.plan else {}
    return next((m for m, q in planned.items() if outcome == quantile_name(m, q)), outcome)


def _found(design: Design, outcome: str, variant: str, evidence: Evidence, rows: pd.DataFrame) -> Found:
    arms = (design.control, variant)
    if design.by:
        found = _of_clusters(design, outcome, arms, evidence)
    elif outcome in design.ratios:
        found = _of_ratio(design, outcome, arms, evidence)
    elif outcome not in design.metrics:
        return _of_quantile(design, outcome, arms, evidence)
    else:
        found = _of_means(design, outcome, arms, evidence, rows)
    return _sequential(found, design, rows.loc[list(arms), "n"].tolist())


def _of_means(
    design: Design, metric: str, arms: tuple[str, str], evidence: Evidence, rows: pd.DataFrame
) -> Found:
    a, b = (effects.moments(rows.loc[arm]) for arm in arms)
    is_share = bool(rows["is_share"].all())
    few = validity.answers({arm: shares.rarer(m) for arm, m in zip(arms, (a, b), strict=True)}) if is_share else ""
    if few:
        return Found(shares.difference(a, b), SCORE, few)
    if not is_share:
        values = evidence.units.values(design.experiment, metric, arms)
        outside = validity.means(*(evidence.units.facts(v) for v in values))
        if outside:
            return _again(values, evidence, outside, (design.experiment, metric, arms[1]))
    done, why = _cuped(design, metric, arms, evidence) if design.is_primary(metric) else (None, "")
    if done is not None:
        return Found(done, f"{CUPED} {design.plan.covariate}")
    return Found(shares.difference(a, b), SCORE, why) if is_share else Found(effects.welch(a, b), WELCH, why)


def _cuped(
    design: Design, metric: str, arms: tuple[str, str], evidence: Evidence
) -> tuple[Difference | None, str]:
    """Return the difference adjusted as planned, or why it is not; neither where no adjustment was planned."""
    planned = design.plan.covariate if design.plan else ""
    if not planned:
        return None, ""
    name = planned.removeprefix(COVARIATE)
    if planned in evidence.unequal.get(design.experiment, ()):
        return None, f"not adjusted by {name}, which the arms lack unequally"
    pairs = [adjusted.pair(evidence.counted, (design.experiment, arm, metric), planned) for arm in arms]
    if any(p is None or not p.other_variance > 0 for p in pairs):
        return None, f"not adjusted by {name}, which is not recorded or does not vary in each arm"
    return adjusted.cuped(*pairs).difference, ""


def _again(values: tuple[np.ndarray, np.ndarray], evidence: Evidence, why: str, names: tuple[str, ...]) -> Found:
    """Return the difference by drawing the arms again, or refuse where not every unit is in memory."""
    if not evidence.units.is_whole:
        return Found(None, reason=f"{why}; too many units to draw their arms again")
    return Found(randomisation.difference(*values, evidence.rng(*names)), AGAIN, why)


def _of_clusters(design: Design, outcome: str, arms: tuple[str, str], evidence: Evidence) -> Found:
    t = evidence.clusters
    own = t[(t["experiment"] == design.experiment) & (t["metric"] == outcome)]
    sides = [own[own["variant"] == arm] for arm in arms]
    if min(map(len, sides)) < 2 or outcome not in design.metrics:
        return Found(None, reason="two clusters an arm are asked for, and a metric that adds up")
    found = clusters.difference(*((s["n"].to_numpy("float64"), s["total"].to_numpy("float64")) for s in sides),
                                evidence.rng(design.experiment, outcome, arms[1]))
    if math.isinf(found.difference.high):
        return Found(None, reason=f"with {found.n_control} and {found.n_variant} clusters no difference could be "
                                  "beyond chance")
    what = "CR2 over periods" if design.by == "period" else found.method
    return Found(found.difference, what if found.method == "CR2" else found.method)


def _of_ratio(design: Design, outcome: str, arms: tuple[str, str], evidence: Evidence) -> Found:
    a, b = _ratio_arms(design, outcome, arms[1], evidence)
    if math.isnan(a.mean) or math.isnan(b.mean):
        return Found(None, reason="the denominator may be nothing")
    values = evidence.units.values(design.experiment, design.ratios[outcome][0], arms)
    outside = validity.means(*(evidence.units.facts(v) for v in values))
    return Found(None, reason=outside) if outside else Found(effects.welch(a, b), DELTA)


def _ratio_arms(design: Design, outcome: str, variant: str, evidence: Evidence) -> tuple[Moments, Moments]:
    top, bottom = design.ratios[outcome]
    pairs = [adjusted.pair(evidence.counted, (design.experiment, arm, top), f"metric_{bottom}")
             for arm in (design.control, variant)]
    return tuple(adjusted.ratio(p) if p else Moments(0, math.nan, math.nan) for p in pairs)


def _of_quantile(design: Design, outcome: str, arms: tuple[str, str], evidence: Evidence) -> Found:
    metric = _metric_of(design, outcome)
    q = design.plan.quantiles[metric]
    values = evidence.units.values(design.experiment, metric, arms)
    why = quantiles.refusal(*values, q)
    part = "" if evidence.units.is_whole else f", of {len(values[0]) + len(values[1]):,} units drawn"
    return Found(None, reason=why) if why else Found(quantiles.difference(*values, q), f"order statistics{part}")


def _sequential(found: Found, design: Design, n: list[float]) -> Found:
    if found.difference is None or not design.plan or design.plan.stop_rule != "always valid":
        return found
    if min(n) < sequential.BURN_IN:
        return Found(None, reason=f"{min(n):.0f} values in the smaller arm, {sequential.BURN_IN} are asked for before "
                                  "the first look")
    return Found(sequential.always_valid(found.difference, sum(n), design.plan.tuned_for),
                 f"{found.method}{ALWAYS}", found.reason)


def _relative(found: Found, means: tuple[Moments, Moments], has_base: bool) -> Difference:
    """Return the relative difference by the method of the difference, so that both are clear of zero or neither is."""
    if found.method in {WELCH, DELTA}:
        return effects.fieller(*means)
    return shares.ratio(*means) if found.method == SCORE else _of_error(
        found.difference, means[0].mean if has_base else math.nan)


def _of_error(d: Difference, base: float) -> Difference:
    """Return a difference as a share of the control's, which is taken as known."""
    if not base > 0:
        return Difference(math.nan, math.nan, math.nan, math.nan, math.nan)
    return Difference(d.value / base, d.low / base, d.high / base, d.error / base, d.p)


def _beside(design: Design, outcome: str, variant: str, evidence: Evidence) -> dict[str, object]:
    """Return what adjusting and cutting the tail would make of it, for outcomes of units one by one."""
    arms = (design.control, variant)
    if outcome not in design.metrics or design.by:
        return {}
    best = adjusted.strongest(evidence.counted, design.experiment, outcome, arms,
                              evidence.unequal.get(design.experiment, ()))
    found = {} if best is None else {
        "cuped_value": best.difference.value, "cuped_low": best.difference.low, "cuped_high": best.difference.high,
        "cuped_reduction": best.reduction, "covariate": best.covariate}
    values = evidence.units.values(design.experiment, outcome, arms)
    if min(map(len, values)) > 1 and len(np.unique(values[0])) > 2:
        cut = adjusted.winsorised(*values).difference
        found |= {"winsor_value": cut.value, "winsor_low": cut.low, "winsor_high": cut.high}
    return found


def _belief(found: Found, means: tuple[Moments, Moments], design: Design) -> dict[str, float]:
    """Return the Bayesian reading; none where arms or clusters had to be drawn again because no normal one holds."""
    if found.method.startswith((AGAIN, CLUSTERS_AGAIN)):
        return {}
    sign = -1 if design.plan and design.plan.lower_is_better else 1
    prior = design.plan.prior_effect if design.plan and design.plan.prior_effect else math.inf
    d = found.difference
    if found.method.startswith(SCORE):
        known = beliefs.of_shares(*means, sign, prior)
    elif found.method.endswith(ALWAYS):
        known = beliefs.belief(sign * d.value, d.error, prior)
    else:
        known = beliefs.of_interval(d, sign, prior)
    return {"chance_better": known.chance_better, "loss_shipping": known.loss_shipping,
            "loss_stopping": known.loss_stopping}


def _arms(rows: pd.DataFrame, design: Design, variant: str, outcome: str) -> dict[str, object]:
    def seen(arm: str, column: str, otherwise: float) -> float:
        return rows.loc[arm, column] if arm in rows.index else otherwise

    first = rows.iloc[0] if len(rows) else {"is_share": False, "is_money": False}
    is_own = outcome in design.metrics or not design.metrics
    return {
        "unit": "share" if first["is_share"] and is_own else "money" if first["is_money"] and is_own else "units",
        "n_control": int(seen(design.control, "n", 0)), "n_variant": int(seen(variant, "n", 0)),
        "n_missing": int(seen(design.control, "n_missing", 0) + seen(variant, "n_missing", 0)),
        "mean_control": seen(design.control, "mean", math.nan) if is_own else math.nan,
        "mean_variant": seen(variant, "mean", math.nan) if is_own else math.nan,
    }


def _too_few(rows: pd.DataFrame, arms: tuple[str, str], assumptions: Assumptions) -> str:
    seen = rows.reindex(list(arms))
    if not len(rows):
        return "no outcome is recorded yet"
    fewest = int(seen["n"].fillna(0).min())
    if fewest < assumptions.minimum_units:
        return f"{fewest} values in the smaller arm, {assumptions.minimum_units} are asked for"
    if rows["is_share"].all():
        events = int((seen["n"] * seen["mean"].where(seen["mean"] <= 0.5, 1 - seen["mean"])).round().min())
        if events < assumptions.minimum_events:
            return f"{events} of the rarer answer in one arm, {assumptions.minimum_events} are asked for"
    return "every value is the same" if not seen["variance"].sum() else ""


def family(rows: list[Mapping[str, object]], design: Design) -> np.ndarray:
    """Return the adjusted p of every row: the deciding ones by the plan's family, the others by Benjamini–Hochberg."""
    decides = np.array([bool(row["is_primary"]) for row in rows], dtype=bool)
    p = np.array([row["p"] for row in rows], dtype=float)
    first = effects.benjamini_hochberg if design.plan and design.plan.family == "benjamini-hochberg" else effects.holm
    return np.where(decides, first(np.where(decides, p, np.nan)),
                    effects.benjamini_hochberg(np.where(decides, np.nan, p)))


def exact_family(rows: list[Mapping[str, object]], design: Design) -> np.ndarray:
    """Return the adjusted p of every row were those with few of the rarer answer read by Fisher's test; NaN elsewhere.

    Of the two tests the larger p is taken.
    """
    larger = [{**row, "p": np.fmax(row["p"], row["p_exact"])} for row in rows]
    is_exact = ~np.isnan(np.array([row["p_exact"] for row in rows], dtype=float))
    return np.where(is_exact, family(larger, design), math.nan)
