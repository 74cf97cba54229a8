"""Health checks: sample ratio mismatch (SRM), covariate balance, missing values, outliers, late exposure."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import stats

from helpers.experiments import blocked, mean_difference
from helpers.experiments.aggregates import ArmAggregates
from helpers.experiments.design import PLANNED, ExperimentDesign
from helpers.experiments.experiment_data import UnitSample, covariate_matrix
from helpers.experiments.missing_covariates import CovariateMissingness, covariate_missingness
from helpers.experiments.variance_reduction import trimmed_bounds
from helpers.foundation.labels import readable_id
from helpers.foundation.results import Gate, Level


def early_exposure_gate(design: ExperimentDesign, arms: pd.DataFrame) -> tuple[Gate, ...]:
    """Return a gate where units were exposed before they were assigned; none where that is so for no unit."""
    n, total = int(arms["n_early"].sum()), int(arms["n_units"].sum())
    if not n:
        return ()
    return (Gate(f"{design.label}: time stamps", n / total, 0.0, True, Level.QUALIFY,
                 f"every verdict on {design.label}",
                 f"{n:,} of {total:,} units were exposed before they were assigned"),)


def plan_fingerprints(effects: Iterable[pd.DataFrame]) -> dict[str, str]:
    """Return the plan's fingerprint by experiment as the last run that had the experiment read it.

    Parameters
    ----------
    effects : iterable of DataFrame
        ``results/experiment_effects`` of earlier runs, oldest first.
    """
    known = [one[["experiment", "plan"]].dropna().drop_duplicates("experiment") for one in effects]
    return {str(e): str(p) for one in known for e, p in one.itertuples(index=False)}


def changed_plan_gate(design: ExperimentDesign, earlier: Mapping[str, str]) -> tuple[Gate, ...]:
    """Return a gate where an earlier run read the experiment by another plan.

    Parameters
    ----------
    design : ExperimentDesign
        How the experiment is read.
    earlier : mapping of str to str
        Fingerprint of the plan by experiment, in the last run before this one.
    """
    before = earlier.get(design.experiment, "")
    now = design.plan.fingerprint if design.plan else ""
    if not before or before == now:
        return ()
    sentence = (f"the plan was {before} in the run before and is {now or 'gone'}: it was changed after units were "
                "assigned")
    return (Gate(f"{design.label}: plan unchanged", 0.0, 1.0, True, Level.QUALIFY,
                 f"every verdict on {design.label}", sentence),)


def covariate_balance_gate(design: ExperimentDesign, units: UnitSample, threshold: float) -> tuple[Gate, ...]:
    """Return the omnibus test that arms were alike in all that was known before; none where nothing was.

    Where there are blocks, arms are compared within each.

    Parameters
    ----------
    design : ExperimentDesign
        How the experiment is read.
    units : UnitSample
        Units in memory.
    threshold : float
        p below which the draw is taken to be broken.

    References
    ----------
    Hansen, B. B. and Bowers, J. (2008). Covariate balance in simple, stratified and clustered comparative studies.
    Statistical Science 23, 219–236: one χ² over all covariates.
    """
    x = covariate_matrix(units, design.experiment)
    arm = units.frame.loc[x.index, "variant"]
    if not x.shape[1] or design.by or len(x) < 20 * x.shape[1] or arm.nunique() < 2:
        return ()
    blocks = units.frame.loc[x.index, design.block].to_numpy() if design.block else np.zeros(len(x))
    z = (x - x.groupby(blocks).transform("mean")).to_numpy("float64")
    inverse = np.linalg.pinv(z.T @ z / (len(z) - len(np.unique(blocks))))
    chi2 = sum(float(n.sum() * m @ inverse @ m) for n in [(arm == a).to_numpy() for a in sorted(arm.unique())]
               for m in [z[n].mean(0)])
    freedom = int(np.linalg.matrix_rank(inverse)) * (arm.nunique() - 1)
    p = float(stats.chi2.sf(chi2, freedom))
    what = f"{x.shape[1]} column{'s' if x.shape[1] > 1 else ''} known beforehand"
    fate = "the arms are not balanced" if p < threshold else "the arms are balanced"
    return (Gate(f"{design.label}: covariate balance", p, threshold, p < threshold, Level.BLOCK,
                 f"every verdict on {design.label}",
                 f"{what}: χ² {chi2:.1f} on {freedom}, p {p_value_text(p)}, threshold {threshold:g}: {fate}"),)


def differential_attrition_gates(
    design: ExperimentDesign, units: UnitSample, outcomes: pd.DataFrame, threshold: float
) -> tuple[Gate, ...]:
    """Return a gate for each metric that arms answered or recorded unequally often, with what that leaves possible."""
    found = []
    for metric, rows in outcomes.groupby("metric"):
        cells = rows[["n", "n_missing"]].to_numpy("float64")
        if cells[:, 1].sum() == 0 or len(cells) < 2 or (cells.sum(0) * cells.sum(1).min() / cells.sum()).min() < 5:
            continue
        p = float(stats.chi2_contingency(cells, correction=False).pvalue)
        if p < threshold:
            bounds = [trimmed_bounds(*units.with_missing(design.experiment, str(metric), (design.control, v)))
                      for v in design.variants]
            widest = list_text(
                [
                    f"{v} minus {design.control} between {signed_text(low, '.3g')} and {signed_text(high, '.3g')}"
                    for v, (low, high) in zip(design.variants, bounds, strict=True)
                ]
            )
            found.append(
                Gate(
                    f"{design.label}: response to {design.metric_label(metric)}",
                    p,
                    threshold,
                    True,
                    Level.QUALIFY,
                    f"the difference in {design.metric_label(metric)}",
                    f"arms have a value of {design.metric_label(metric)} unequally often, p {p_value_text(p)}; that "
                    f"leaves {widest} "
                    "possible",
                )
            )
    return tuple(found)


def covariate_gates(design: ExperimentDesign, counted: ArmAggregates, threshold: float) -> tuple[Gate, ...]:
    """Return a gate for each column known beforehand that some units lack: whether the arms lack it alike.

    Parameters
    ----------
    design : ExperimentDesign
        How the experiment is read.
    counted : ArmAggregates
        What the engine counted.
    threshold : float
        p below which arms lack it unequally.
    """
    return () if design.by else tuple(_covariate_gate(design, m, threshold)
                                      for m in covariate_missingness(counted, design.experiment))


def _covariate_gate(design: ExperimentDesign, lacking: CovariateMissingness, threshold: float) -> Gate:
    is_planned = bool(design.plan) and design.plan.covariate == lacking.covariate
    n, total = (sum(counts[i] for counts in lacking.by_arm.values()) for i in (0, 1))
    by_arm = list_text([f"{m:,} of {k:,} in {arm}" for arm, (m, k) in lacking.by_arm.items()])
    is_unequal = lacking.p < threshold
    unadjusted = "the difference is not adjusted by it" if is_planned else "nothing is adjusted or chosen by it"
    fate = ("too few to test whether the arms lack it alike" if np.isnan(lacking.p) else
            f"p {p_value_text(lacking.p)}, threshold {threshold:g}: "
            + (f"the arms lack it unequally, so {unadjusted}" if is_unequal else "the arms lack it alike"))
    return Gate(f"{design.label}: {readable_id(lacking.name)} known", lacking.p, threshold, is_unequal, Level.QUALIFY,
                f"the difference in {design.metric_label(design.primary_metric)}" if is_planned else
                f"every verdict on {design.label}",
                f"{n:,} of {total:,} units lack {readable_id(lacking.name)} ({by_arm}), {fate}")


def p_value_text(p: float) -> str:
    """Return a p for the sentence of a gate."""
    return "under .0001" if p < 0.0001 else f"{p:.4f}".lstrip("0")


def signed_text(x: float, form: str) -> str:
    """Return a number in a form, with a real minus sign."""
    return format(x, form).replace("-", "−")


def list_text(parts: Sequence[str]) -> str:
    """Return words as a list that is read aloud."""
    return ", ".join(parts[:-1]) + " and " + parts[-1] if len(parts) > 1 else "".join(parts)


def sample_ratio_mismatch_gate(design: ExperimentDesign, arms: pd.DataFrame, threshold: float) -> Gate:
    """Return the test that the arms are as large as planned (Pearson's χ² against the planned shares).

    Too few units for the test (an expected count under 5) leave it untested, never crossed. Where clusters were
    assigned it is clusters that are counted.
    """
    column = {"period": "n_periods", "cluster_id": "n_clusters"}.get(design.by, "n_units")
    seen = np.array([arms[column].get(arm, 0) for arm in design.arms], dtype=float)
    expected = seen.sum() * np.array(design.shares) / max(sum(design.shares), 1e-12)
    name, claims = f"{design.label}: sample ratio", f"every verdict on {design.label}"
    if not design.shares_from:
        return Gate(name, np.nan, threshold, True, Level.QUALIFY, claims, "sample ratio not testable: "
                    f"{' against '.join(f'{n:,.0f}' for n in seen)}, and no shares are declared")
    if len(design.arms) < 2 or expected.min() < 5:
        return Gate(name, np.nan, threshold, False, Level.BLOCK, claims, "too few units to test the sample ratio")
    p = float(stats.chisquare(seen, expected).pvalue)
    return Gate(name, p, threshold, p < threshold, Level.BLOCK, claims,
                sample_ratio_sentence(seen, expected, p, design.shares_from, is_mismatch=p < threshold))


def sample_ratio_sentence(
    seen: Sequence[float] | np.ndarray, expected: Sequence[float] | np.ndarray, p: float, shares_from: str, *,
    is_mismatch: bool,
) -> str:
    """Return what a sample ratio test found: units by arm, the ratio that was expected, and p.

    Parameters
    ----------
    seen, expected : sequence of float
        Units by arm, as counted and as the shares would have them.
    p : float
        p of the χ² test.
    shares_from : str
        Where the shares come from, as `ExperimentDesign` says it.
    is_mismatch : bool
        Whether p is below the threshold.

    Examples
    --------
    >>> sample_ratio_sentence((1003, 694), (848.5, 848.5), 6.4e-14, "the planned shares", is_mismatch=True)
    'sample ratio mismatch: 1,003 against 694 where 50 : 50 was planned (p < .0001); the result is invalid'
    >>> sample_ratio_sentence((100, 104), (102, 102), 0.7794, "the recorded probabilities", is_mismatch=False)
    'sample ratio as expected: 100 against 104 where 50 : 50 was recorded (p = .7794)'
    """
    counts = " against ".join(f"{n:,.0f}" for n in seen)
    ratio = " : ".join(f"{100 * n / max(sum(expected), 1e-12):.3g}" for n in expected)
    source = "was planned" if shares_from == PLANNED else "was recorded"
    found = f"{counts} where {ratio} {source} (p {'< .0001' if p < 0.0001 else f'= {p_value_text(p)}'})"
    if is_mismatch:
        return f"sample ratio mismatch: {found}; the result is invalid"
    return f"sample ratio as expected: {found}"


def missing_value_gates(design: ExperimentDesign, outcomes: pd.DataFrame) -> tuple[Gate, ...]:
    """Return one gate for each metric that some units have no value of, or one that says that none lacks any."""
    lacking = [_missing_value_gate(design, str(metric), of_metric) for metric, of_metric in outcomes.groupby("metric")
               if of_metric["n_missing"].sum()]
    if lacking or outcomes.empty:
        return tuple(lacking)
    return (Gate(f"{design.label}: missing values", 0.0, 0.0, False, Level.QUALIFY,
                 f"every difference in {design.label}",
                 f"every unit has a value of {list_text([design.metric_label(m) for m in design.metrics])}"),)


def _missing_value_gate(design: ExperimentDesign, metric: str, outcomes: pd.DataFrame) -> Gate:
    n_missing, n_units = int(outcomes["n_missing"].sum()), int((outcomes["n"] + outcomes["n_missing"]).sum())
    by_arm = list_text([f"{m:,} in {arm}" for arm, m in zip(outcomes["variant"], outcomes["n_missing"], strict=True)])
    name = design.metric_label(metric)
    sentence = f"{n_missing:,} of {n_units:,} units have no value of {name} and are left out ({by_arm})"
    return Gate(f"{design.label}: missing values of {name}", n_missing / n_units, 0.0, True, Level.QUALIFY,
                f"the difference in {name}", sentence)


def leave_one_out_gate(
    design: ExperimentDesign, metric: str, outcomes: pd.DataFrame, blocks: pd.DataFrame
) -> Gate:
    """Return what the one most extreme unit does to the difference, in standard errors without it.

    Where units were drawn within blocks, the difference is that within them, as it is told; that between whole arms
    would take in what sets the blocks apart.

    Parameters
    ----------
    design : ExperimentDesign
        Names the arms and, where units were drawn within blocks, says so.
    metric : str
        The outcome.
    outcomes : DataFrame
        ``ArmAggregates.outcomes`` of the experiment and metric.
    blocks : DataFrame
        ``ExperimentData.blocks``.
    """
    label = design.metric_label(metric)
    name, claims = f"{design.label}: largest value of {label}", f"the difference in {label}"
    if design.block:
        own = blocks[(blocks["experiment"] == design.experiment) & (blocks["metric"] == metric)]
        told = [blocked.leave_one_out(own, (design.control, v)) for v in design.variants]
    else:
        told = [mean_difference.leave_one_out(design, metric, v, outcomes) for v in design.variants]
    found = [i for i in told if i is not None]
    if not found:
        return Gate(name, np.nan, 1.0, False, Level.QUALIFY, claims, "too few values to tell")
    worst = max(found, key=lambda i: i.shift)
    within = " within blocks" if design.block else ""
    sentence = (f"{worst.variant} minus {design.control}{within} is {signed_text(worst.with_unit, '.4g')} with and "
                f"{signed_text(worst.without_unit, '.4g')} without the one most extreme unit "
                f"({signed_text(worst.extreme, ',.6g')})")
    return Gate(name, worst.shift, 1.0, worst.shift > 1.0, Level.QUALIFY, claims, sentence)
