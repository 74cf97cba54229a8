"""Analysis of each arm against control by the applicable method; adjustment over a family of tests."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from helpers.experiments import (
    bayesian,
    compliance,
    mean_difference,
    preconditions,
    proportions,
    variance_reduction,
)
from helpers.experiments.aggregates import ArmMoments
from helpers.experiments.config import ExperimentsConfig
from helpers.experiments.design import ExperimentDesign
from helpers.experiments.experiment_data import ExperimentData
from helpers.experiments.mean_difference import Difference
from helpers.experiments.method_selection import (
    AGAIN,
    ALWAYS,
    CLUSTERS_AGAIN,
    DELTA,
    SCORE,
    WELCH,
    AnalysisResult,
    analyse_outcome,
    metric_of_outcome,
    quantile_name,
    ratio_moments,
)
from helpers.foundation.results import Status
from helpers.stats import multiple_testing


def analysed_outcomes(design: ExperimentDesign, evidence: ExperimentData) -> list[str]:
    """Return what is compared: the metrics, then planned ratios and quantiles by name."""
    planned = design.quantiles.items()
    return [*design.metrics, *design.ratios, *(quantile_name(m, q) for m, q in planned if m in design.metrics)]


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
    metric = metric_of_outcome(design, outcome)
    every = evidence.counted.outcomes
    rows = every[(every["experiment"] == design.experiment) & (every["metric"] == metric)].set_index("variant")
    row = {**_unmeasured(design, outcome, variant), **_arms(rows, design, variant, outcome),
           "started_on": _first_day(evidence.counted.arms, design.experiment)}
    too_few = _too_few(rows, (design.control, variant), assumptions)
    found = (
        AnalysisResult(None, reason=too_few) if too_few else analyse_outcome(design, outcome, variant, evidence, rows)
    )
    if found.difference is None:
        return {**row, "status": Status.INSUFFICIENT.value, "reason": found.reason}
    means = _compared_means(design, outcome, variant, evidence, found)
    return {
        **row,
        **_figures(found, found.difference, means, has_base=outcome in design.metrics or outcome in design.ratios),
        **({"mean_control": means[0].mean, "mean_variant": means[1].mean}
           if outcome in design.ratios or found.means else {}),
        **_adjusted_differences(design, outcome, variant, evidence),
        **compliance.compliance_columns(design, outcome, variant, evidence.counted, found.difference),
        **_small_or_posterior(found, found.difference, means, design),
    }


def _first_day(arms: pd.DataFrame, experiment: str) -> pd.Timestamp:
    """Return the first day on which a unit of an experiment was assigned; NaT where none is recorded."""
    first = pd.to_datetime(arms.loc[arms["experiment"] == experiment, "first_at"]).min()
    return pd.NaT if pd.isna(first) else first.normalize()


def _unmeasured(design: ExperimentDesign, outcome: str, variant: str) -> dict[str, Any]:
    """Return the columns that say what is compared, and those of every figure without a number."""
    return {
        "experiment": design.experiment, "metric": outcome, "variant": variant, "control": design.control,
        "randomisation": design.randomisation,
        "experiment_label": design.label, "metric_label": design.metric_label(outcome), "owner": design.owner,
        "stop_on": design.stop_on, "assigned": design.assigned,
        **{name: design.declared_money(name) for name in ("treatment_cost", "fixed_cost")},
        "unit_value": design.declared_money("unit_value") if design.is_primary(outcome) else math.nan,
        "level": 0.95, "is_primary": design.is_primary(outcome),
        "is_exploratory": design.is_exploratory, "plan": design.plan.fingerprint if design.plan else "",
        **EMPTY_EFFECT, "method": "", "verdict": None,
    }


def _compared_means(
    design: ExperimentDesign, outcome: str, variant: str, evidence: ExperimentData, found: AnalysisResult
) -> tuple[ArmMoments, ArmMoments]:
    """Return the moments of control and variant, with the means that the method compares."""
    if outcome in design.ratios:
        means = ratio_moments(design, outcome, variant, evidence)
    else:
        every, metric = evidence.counted.outcomes, metric_of_outcome(design, outcome)
        own = every[(every["experiment"] == design.experiment) & (every["metric"] == metric)].set_index("variant")
        means = (mean_difference.moments_from_row(own.loc[design.control]),
                 mean_difference.moments_from_row(own.loc[variant]))
    if found.means:
        means = (replace(means[0], mean=found.means[0]), replace(means[1], mean=found.means[1]))
    return means


def _figures(
    found: AnalysisResult, d: Difference, means: tuple[ArmMoments, ArmMoments], *, has_base: bool
) -> dict[str, Any]:
    """Return the difference, absolute and relative, with its method."""
    relative = _relative(d, found.method, means, has_base)
    return {
        "value": d.value, "low": d.low, "high": d.high, "p": d.p, "error": d.error,
        "lift": relative.value, "lift_low": relative.low, "lift_high": relative.high,
        "method": found.method, "status": Status.OK.value, "reason": "", "note": found.reason,
    }


def _small_or_posterior(
    found: AnalysisResult, d: Difference, means: tuple[ArmMoments, ArmMoments], design: ExperimentDesign
) -> dict[str, float]:
    """Return the exact p where an arm has few of the rarer answer, else the Bayesian reading."""
    seen = {place: proportions.n_rarer_answers(m) for place, m in zip(("control", "variant"), means, strict=True)}
    if found.method.startswith(SCORE) and preconditions.answers(seen):
        return {"p_exact": proportions.fisher_exact_p(*means)}
    return _posterior(d, found.method, means, design)


EMPTY_EFFECT = dict.fromkeys((
    "value", "low", "high", "lift", "lift_low", "lift_high", "p", "p_adjusted", "p_exact", "error",
    "cuped_value", "cuped_low", "cuped_high", "cuped_reduction", "winsor_value", "winsor_low", "winsor_high",
    "chance_to_win", "expected_loss_if_shipped", "expected_loss_if_stopped"), math.nan) | {
    "note": "", "covariate": ""} | compliance.NO_COMPLIANCE


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
    if outcome not in design.metrics or design.by or design.block:
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
