"""Analysis of each arm against control by the applicable method; adjustment over a family of tests."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from helpers.experiments import (
    bayesian,
    cluster_robust,
    mean_difference,
    permutation,
    preconditions,
    proportions,
    quantile_effects,
    sequential,
    variance_reduction,
)
from helpers.experiments.aggregates import COVARIATE_PREFIX, ArmMoments
from helpers.experiments.config import ExperimentsConfig
from helpers.experiments.design import ExperimentDesign
from helpers.experiments.experiment_data import ExperimentData
from helpers.experiments.mean_difference import Difference
from helpers.foundation.labels import readable_id
from helpers.foundation.results import Status
from helpers.stats import multiple_testing

WELCH, SCORE, DELTA, CUPED = "Welch", "score test", "delta method", "CUPED on"

AGAIN, CLUSTERS_AGAIN, ALWAYS = "arms drawn again", "randomisation of clusters", ", always valid"


@dataclass(frozen=True, slots=True)
class AnalysisResult:
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


def analysed_outcomes(design: ExperimentDesign, evidence: ExperimentData) -> list[str]:
    """Return what is compared: the metrics, then planned ratios and quantiles by name."""
    planned = design.quantiles.items()
    return [*design.metrics, *design.ratios, *(quantile_name(m, q) for m, q in planned if m in design.metrics)]


def quantile_name(metric: str, q: float) -> str:
    """Return the name of a quantile of a metric.

    Examples
    --------
    >>> quantile_name("spend", 0.5), quantile_name("spend", 0.9)
    ('median of spend', '90 % quantile of spend')
    """
    return f"{'median' if q == 0.5 else f'{100 * q:g} % quantile'} of {metric}"


def analyse(
    design: ExperimentDesign, outcome: str, variant: str, evidence: ExperimentData, assumptions: ExperimentsConfig
) -> dict[str, Any]:
    """Return one row of ``results/experiment_effects`` but for what is adjusted over the family, and the verdict.

    Parameters
    ----------
    design : ExperimentDesign
        How the experiment is read.
    outcome, variant : str
        A metric, ratio or quantile, and the arm.
    evidence : ExperimentData
        What there is to compare.
    assumptions : ExperimentsConfig
        Smallest sizes.
    """
    metric = _metric_of(design, outcome)
    every = evidence.counted.outcomes
    rows = every[(every["experiment"] == design.experiment) & (every["metric"] == metric)].set_index("variant")
    row = {
        "experiment": design.experiment, "metric": outcome, "variant": variant, "control": design.control,
        "experiment_label": design.label, "metric_label": design.metric_label(outcome),
        "level": 0.95, "is_primary": design.is_primary(outcome),
        "is_exploratory": design.is_exploratory, "plan": design.plan.fingerprint if design.plan else "",
        **EMPTY_EFFECT, "method": "", "verdict": None, **_arms(rows, design, variant, outcome),
    }
    too_few = _too_few(rows, (design.control, variant), assumptions)
    found = (
        AnalysisResult(None, reason=too_few) if too_few else _analyse_outcome(design, outcome, variant, evidence, rows)
    )
    if found.difference is None:
        return {**row, "status": Status.INSUFFICIENT.value, "reason": found.reason}
    d = found.difference
    ratio = outcome in design.ratios
    means = _ratio_arms(design, outcome, variant, evidence) if ratio else (
        mean_difference.moments_from_row(rows.loc[design.control]), mean_difference.moments_from_row(rows.loc[variant]))
    relative = _relative(d, found.method, means, outcome in design.metrics or ratio)
    is_few = found.method.startswith(SCORE) and bool(
        preconditions.answers(
            {a: proportions.n_rarer_answers(m) for a, m in zip((design.control, variant), means, strict=True)}
        )
    )
    return {
        **row,
        "value": d.value,
        "low": d.low,
        "high": d.high,
        "p": d.p,
        "error": d.error,
        "lift": relative.value,
        "lift_low": relative.low,
        "lift_high": relative.high,
        "method": found.method,
        "status": Status.OK.value,
        "reason": "",
        "note": found.reason,
        "p_exact": proportions.fisher_exact_p(*means) if is_few else math.nan,
        **({"mean_control": means[0].mean, "mean_variant": means[1].mean} if ratio else {}),
        **_adjusted_differences(design, outcome, variant, evidence),
        **({} if is_few else _posterior(d, found.method, means, design)),
    }


EMPTY_EFFECT = dict.fromkeys((
    "value", "low", "high", "lift", "lift_low", "lift_high", "p", "p_adjusted", "p_exact", "error",
    "cuped_value", "cuped_low", "cuped_high", "cuped_reduction", "winsor_value", "winsor_low", "winsor_high",
    "chance_to_win", "expected_loss_if_shipped", "expected_loss_if_stopped"), math.nan) | {"note": "", "covariate": ""}


def _metric_of(design: ExperimentDesign, outcome: str) -> str:
    if outcome in design.ratios:
        return design.ratios[outcome][0]
    return next((m for m, q in design.quantiles.items() if outcome == quantile_name(m, q)), outcome)


def _analyse_outcome(
    design: ExperimentDesign, outcome: str, variant: str, evidence: ExperimentData, rows: pd.DataFrame
) -> AnalysisResult:
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
    design: ExperimentDesign, metric: str, arms: tuple[str, str], evidence: ExperimentData, rows: pd.DataFrame
) -> AnalysisResult:
    a, b = (mean_difference.moments_from_row(rows.loc[arm]) for arm in arms)
    is_share = bool(rows["is_share"].all())
    few = (
        preconditions.answers({arm: proportions.n_rarer_answers(m) for arm, m in zip(arms, (a, b), strict=True)})
        if is_share
        else ""
    )
    if few:
        return AnalysisResult(proportions.proportion_difference(a, b), SCORE, few)
    if not is_share:
        values = evidence.units.values(design.experiment, metric, arms)
        outside = preconditions.welch_violation(*(evidence.units.facts(v) for v in values))
        if outside:
            return _by_permutation(values, evidence, outside, (design.experiment, metric, arms[1]))
    done, why = _cuped(design, metric, arms, evidence) if design.is_primary(metric) else (None, "")
    if done is not None:
        return AnalysisResult(done.difference, f"{CUPED} {done.covariate}")
    return (
        AnalysisResult(proportions.proportion_difference(a, b), SCORE, why)
        if is_share
        else AnalysisResult(mean_difference.welch_difference(a, b), WELCH, why)
    )


def _cuped(
    design: ExperimentDesign, metric: str, arms: tuple[str, str], evidence: ExperimentData
) -> tuple[variance_reduction.CupedDifference | None, str]:
    """Return the difference adjusted as planned, or why it is not; neither where no adjustment was planned."""
    planned = design.plan.covariate if design.plan else ""
    if not planned:
        return None, ""
    name = readable_id(planned.removeprefix(COVARIATE_PREFIX))
    if planned in evidence.unequal.get(design.experiment, ()):
        return None, f"not adjusted by {name}, which the arms lack unequally"
    a, b = (
        variance_reduction.bivariate_moments(evidence.counted, (design.experiment, arm, metric), planned)
        for arm in arms
    )
    if a is None or b is None or not (a.other_variance > 0 and b.other_variance > 0):
        return None, f"not adjusted by {name}, which is not recorded or does not vary in each arm"
    return variance_reduction.cuped_difference(a, b, planned), ""


def _by_permutation(
    values: tuple[np.ndarray, np.ndarray], evidence: ExperimentData, why: str, names: tuple[str, ...]
) -> AnalysisResult:
    """Return the difference by drawing the arms again, or refuse where not every unit is in memory."""
    if not evidence.units.is_whole:
        return AnalysisResult(None, reason=f"{why}; too many units to draw their arms again")
    return AnalysisResult(permutation.permutation_difference(*values, evidence.rng(*names)), AGAIN, why)


def _of_clusters(
    design: ExperimentDesign, outcome: str, arms: tuple[str, str], evidence: ExperimentData
) -> AnalysisResult:
    t = evidence.clusters
    own = t[(t["experiment"] == design.experiment) & (t["metric"] == outcome)]
    sides = [own[own["variant"] == arm] for arm in arms]
    if min(map(len, sides)) < 2 or outcome not in design.metrics:
        return AnalysisResult(None, reason="two clusters an arm are asked for, and a metric that adds up")
    a, b = ((s["n"].to_numpy("float64"), s["total"].to_numpy("float64")) for s in sides)
    found = cluster_robust.cluster_difference(a, b, evidence.rng(design.experiment, outcome, arms[1]))
    if math.isinf(found.difference.high):
        return AnalysisResult(
            None, reason=f"with {found.n_control} and {found.n_variant} clusters no difference could be beyond chance"
        )
    what = "CR2 over periods" if design.by == "period" else found.method
    return AnalysisResult(found.difference, what if found.method == "CR2" else found.method)


def _of_ratio(
    design: ExperimentDesign, outcome: str, arms: tuple[str, str], evidence: ExperimentData
) -> AnalysisResult:
    a, b = _ratio_arms(design, outcome, arms[1], evidence)
    if math.isnan(a.mean) or math.isnan(b.mean):
        return AnalysisResult(None, reason="the denominator may be nothing")
    values = evidence.units.values(design.experiment, design.ratios[outcome][0], arms)
    outside = preconditions.welch_violation(*(evidence.units.facts(v) for v in values))
    return (
        AnalysisResult(None, reason=outside)
        if outside
        else AnalysisResult(mean_difference.welch_difference(a, b), DELTA)
    )


def _ratio_arms(
    design: ExperimentDesign, outcome: str, variant: str, evidence: ExperimentData
) -> tuple[ArmMoments, ArmMoments]:
    top, bottom = design.ratios[outcome]
    pairs = [variance_reduction.bivariate_moments(evidence.counted, (design.experiment, arm, top), f"metric_{bottom}")
             for arm in (design.control, variant)]
    a, b = (variance_reduction.linearised_ratio(p) if p else ArmMoments(0, math.nan, math.nan) for p in pairs)
    return a, b


def _of_quantile(
    design: ExperimentDesign, outcome: str, arms: tuple[str, str], evidence: ExperimentData
) -> AnalysisResult:
    metric = _metric_of(design, outcome)
    q = design.quantiles[metric]
    values = evidence.units.values(design.experiment, metric, arms)
    why = quantile_effects.quantile_refusal(*values, q)
    part = "" if evidence.units.is_whole else f", of {len(values[0]) + len(values[1]):,} units drawn"
    return (
        AnalysisResult(None, reason=why)
        if why
        else AnalysisResult(quantile_effects.quantile_difference(*values, q), f"order statistics{part}")
    )


def _sequential(found: AnalysisResult, design: ExperimentDesign, n: list[float]) -> AnalysisResult:
    if found.difference is None or not design.plan or design.plan.stop_rule != "always valid":
        return found
    if min(n) < sequential.MIN_UNITS_PER_ARM:
        return AnalysisResult(
            None,
            reason=f"{min(n):.0f} values in the smaller arm, {sequential.MIN_UNITS_PER_ARM} are asked for before "
            "the first look",
        )
    return AnalysisResult(sequential.always_valid_difference(found.difference, sum(n), design.plan.tuned_for),
                 f"{found.method}{ALWAYS}", found.reason)


def _relative(d: Difference, method: str, means: tuple[ArmMoments, ArmMoments], has_base: bool) -> Difference:
    """Return the relative difference by the method of the difference, so that both are clear of zero or neither is."""
    if method in {WELCH, DELTA}:
        return mean_difference.fieller(*means)
    return proportions.proportion_ratio(*means) if method == SCORE else _relative_to_control(
        d, means[0].mean if has_base else math.nan)


def _relative_to_control(d: Difference, base: float) -> Difference:
    """Return a difference as a share of the control's, which is taken as known."""
    if not base > 0:
        return Difference(math.nan, math.nan, math.nan, math.nan, math.nan)
    return Difference(d.value / base, d.low / base, d.high / base, d.error / base, d.p)


def _adjusted_differences(
    design: ExperimentDesign, outcome: str, variant: str, evidence: ExperimentData
) -> dict[str, Any]:
    """Return what adjusting and cutting the tail would make of it, for outcomes of units one by one."""
    arms = (design.control, variant)
    if outcome not in design.metrics or design.by:
        return {}
    best = variance_reduction.best_cuped(evidence.counted, design.experiment, outcome, arms,
                              evidence.unequal.get(design.experiment, ()))
    found = {} if best is None else {
        "cuped_value": best.difference.value, "cuped_low": best.difference.low, "cuped_high": best.difference.high,
        "cuped_reduction": best.reduction, "covariate": best.covariate}
    values = evidence.units.values(design.experiment, outcome, arms)
    if min(map(len, values)) > 1 and len(np.unique(values[0])) > 2:
        cut = variance_reduction.winsorised_difference(*values).difference
        found |= {"winsor_value": cut.value, "winsor_low": cut.low, "winsor_high": cut.high}
    return found


def _posterior(
    d: Difference, method: str, means: tuple[ArmMoments, ArmMoments], design: ExperimentDesign
) -> dict[str, float]:
    """Return the Bayesian reading; none where arms or clusters had to be drawn again because no normal one holds."""
    if method.startswith((AGAIN, CLUSTERS_AGAIN)):
        return {}
    sign = -1 if design.plan and design.plan.lower_is_better else 1
    prior = design.plan.prior_effect if design.plan and design.plan.prior_effect else math.inf
    if method.startswith(SCORE):
        known = bayesian.of_shares(*means, sign, prior)
    elif method.endswith(ALWAYS):
        known = bayesian.posterior_of_difference(sign * d.value, d.error, prior)
    else:
        known = bayesian.of_interval(d, sign, prior)
    return {"chance_to_win": known.chance_to_win, "expected_loss_if_shipped": known.expected_loss_if_shipped,
            "expected_loss_if_stopped": known.expected_loss_if_stopped}


def _arms(rows: pd.DataFrame, design: ExperimentDesign, variant: str, outcome: str) -> dict[str, Any]:
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


def _too_few(rows: pd.DataFrame, arms: tuple[str, str], assumptions: ExperimentsConfig) -> str:
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


def holm_family(rows: Sequence[Mapping[str, Any]], design: ExperimentDesign) -> np.ndarray:
    """Return the adjusted p of every row: the deciding ones by the plan's family, the others by Benjamini–Hochberg."""
    decides = np.array([bool(row["is_primary"]) for row in rows], dtype=bool)
    p = np.array([row["p"] for row in rows], dtype=float)
    first = (
        multiple_testing.benjamini_hochberg
        if design.plan and design.plan.family == "benjamini-hochberg"
        else multiple_testing.holm
    )
    return np.where(decides, first(np.where(decides, p, np.nan)),
                    multiple_testing.benjamini_hochberg(np.where(decides, np.nan, p)))


def exact_family(rows: Sequence[Mapping[str, Any]], design: ExperimentDesign) -> np.ndarray:
    """Return the adjusted p of every row were those with few of the rarer answer read by Fisher's test; NaN elsewhere.

    Of the two tests the larger p is taken.
    """
    larger = [{**row, "p": np.fmax(row["p"], row["p_exact"])} for row in rows]
    is_exact = ~np.isnan(np.array([row["p_exact"] for row in rows], dtype=float))
    return np.where(is_exact, holm_family(larger, design), math.nan)
