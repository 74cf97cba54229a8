"""Method selection: means, shares, ratios, quantiles or clusters of two arms by the method that applies."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from helpers.experiments import (
    blocked,
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
from helpers.experiments.design import ExperimentDesign
from helpers.experiments.experiment_data import ExperimentData
from helpers.experiments.mean_difference import Difference
from helpers.foundation.labels import readable_id

WELCH, SCORE, DELTA, CUPED = "Welch", "score test", "delta method", "CUPED on"


BLOCKS = "within blocks"

NO_UNITS = "how skewed values are is not known: only summaries of the arms are recorded"

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
    means : (float, float), optional
        Means of control and variant that the method compares, where they are not those of all units.
    """

    difference: Difference | None
    method: str = ""
    reason: str = ""
    means: tuple[float, float] | None = None


def quantile_name(metric: str, q: float) -> str:
    """Return the name of a quantile of a metric.

    Examples
    --------
    >>> quantile_name("spend", 0.5), quantile_name("spend", 0.9)
    ('median of spend', '90 % quantile of spend')
    """
    return f"{'median' if q == 0.5 else f'{100 * q:g} % quantile'} of {metric}"


def metric_of_outcome(design: ExperimentDesign, outcome: str) -> str:
    """Return the metric that a planned ratio or quantile is made of; a metric itself."""
    if outcome in design.ratios:
        return design.ratios[outcome][0]
    return next((m for m, q in design.quantiles.items() if outcome == quantile_name(m, q)), outcome)


def analyse_outcome(
    design: ExperimentDesign, outcome: str, variant: str, evidence: ExperimentData, rows: pd.DataFrame
) -> AnalysisResult:
    """Return the difference of two arms in one outcome by the method that applies, or why there is none."""
    arms = (design.control, variant)
    if design.by:
        found = _of_clusters(design, outcome, arms, evidence)
    elif design.block:
        found = _of_blocks(design, outcome, arms, evidence)
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
    if not (is_share or evidence.units.has(design.experiment)):
        return AnalysisResult(mean_difference.welch_difference(a, b), WELCH, NO_UNITS)
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


def _of_blocks(
    design: ExperimentDesign, outcome: str, arms: tuple[str, str], evidence: ExperimentData
) -> AnalysisResult:
    if outcome not in design.metrics:
        return AnalysisResult(None, reason="ratios and quantiles are not compared within blocks")
    t = evidence.blocks
    found = blocked.blocked_difference(t[(t["experiment"] == design.experiment) & (t["metric"] == outcome)], arms)
    if found.difference is None:
        return AnalysisResult(None, reason=f"{found.n_blocks} blocks have both arms, {blocked.MIN_BLOCKS} are asked "
                                           "for where they are too small to have a variance of their own")
    lacking = f"{found.n_dropped:,} blocks lack one of the two arms and are left out" if found.n_dropped else ""
    return AnalysisResult(found.difference, f"{BLOCKS} ({found.n_blocks:,})", lacking, found.means)


def _of_ratio(
    design: ExperimentDesign, outcome: str, arms: tuple[str, str], evidence: ExperimentData
) -> AnalysisResult:
    a, b = ratio_moments(design, outcome, arms[1], evidence)
    if math.isnan(a.mean) or math.isnan(b.mean):
        return AnalysisResult(None, reason="the denominator may be nothing")
    values = evidence.units.values(design.experiment, design.ratios[outcome][0], arms)
    outside = preconditions.welch_violation(*(evidence.units.facts(v) for v in values))
    return (
        AnalysisResult(None, reason=outside)
        if outside
        else AnalysisResult(mean_difference.welch_difference(a, b), DELTA)
    )


def ratio_moments(
    design: ExperimentDesign, outcome: str, variant: str, evidence: ExperimentData
) -> tuple[ArmMoments, ArmMoments]:
    """Return the moments of a planned ratio in control and variant, linearised (delta method); NaN where unknown."""
    top, bottom = design.ratios[outcome]
    pairs = [variance_reduction.bivariate_moments(evidence.counted, (design.experiment, arm, top), f"metric_{bottom}")
             for arm in (design.control, variant)]
    a, b = (variance_reduction.linearised_ratio(p) if p else ArmMoments(0, math.nan, math.nan) for p in pairs)
    return a, b


def _of_quantile(
    design: ExperimentDesign, outcome: str, arms: tuple[str, str], evidence: ExperimentData
) -> AnalysisResult:
    metric = metric_of_outcome(design, outcome)
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
