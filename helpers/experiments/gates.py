"""Whether an experiment may be believed: each gate with its threshold, before any difference is looked at."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from scipy import stats

from helpers.experiments import checks, effects, shares, validity
from helpers.experiments.assumptions import Assumptions
from helpers.experiments.checks import joined, p_said, signed
from helpers.experiments.clusters import FEWEST
from helpers.experiments.moments import Counted
from helpers.experiments.plans import Design
from helpers.experiments.units import Units
from helpers.foundation.estimates import Gate, Level, gate_table

STEP = "06"


def gates(
    designs: Iterable[Design], counted: Counted, assumptions: Assumptions, units: Units | None = None,
    earlier: Mapping[str, str] | None = None,
) -> dict[str, tuple[Gate, ...]]:
    """Return the gates of every experiment, by experiment.

    Parameters
    ----------
    designs : iterable of Design
        How each experiment is read.
    counted : Counted
        Arms and outcomes as the engine counted them.
    assumptions : Assumptions
        The thresholds.
    units : Units, optional
        Units in memory; without them what was known beforehand is not tested.
    earlier : mapping of str to str, optional
        Fingerprint of the plan by experiment, in the last run before this one.
    """
    return {d.experiment: _of_one(d, counted, assumptions, units, earlier or {}) for d in designs}


def table(by_experiment: Mapping[str, Iterable[Gate]]) -> pd.DataFrame:
    """Return all gates as ``results/experiment_gates``."""
    return gate_table(STEP, (gate for gates_ in by_experiment.values() for gate in gates_))


def blocking(of_one: Iterable[Gate]) -> str:
    """Return the sentences of the gates that block, empty where none does."""
    return "; ".join(g.sentence for g in of_one if g.is_crossed and g.level is Level.BLOCK)


def _of_one(
    design: Design, counted: Counted, assumptions: Assumptions, units: Units | None, earlier: Mapping[str, str]
) -> tuple[Gate, ...]:
    arms = counted.arms[counted.arms["experiment"] == design.experiment].set_index("variant")
    outcomes = counted.outcomes[counted.outcomes["experiment"] == design.experiment]
    return (
        plan_gate(design),
        arms_gate(design, arms),
        shares_gate(design, arms),
        sample_ratio_gate(design, arms, assumptions.sample_ratio_p),
        independence_gate(design, arms),
        *checks.time_gate(design, arms),
        *checks.changed_gate(design, earlier),
        *(checks.imbalance_gate(design, units, assumptions.imbalance_p) if units else ()),
        *(checks.response_gates(design, units, outcomes, assumptions.response_p) if units else ()),
        *([primary_gate(design)] if design.plan and design.metrics else []),
        *missing_gates(design, outcomes),
        *checks.covariate_gates(design, counted, assumptions.response_p),
        *(answers_gate(design, str(metric), of_metric) for metric, of_metric in outcomes.groupby("metric")
          if of_metric["is_share"].all() and not design.by),
        *(largest_gate(design, metric, of_metric) for metric, of_metric in outcomes.groupby("metric")
          if not of_metric["is_share"].all()),
    )


def plan_gate(design: Design) -> Gate:
    """Return whether the study holds a plan; without one every verdict is exploratory."""
    found = (f"planned: {design.plan.primary_metric} decides against {design.control}, plan {design.plan.fingerprint}"
             if design.plan
             else f"the study holds no plan, so every verdict is exploratory; {design.control} is read as the control")
    return Gate(f"{design.experiment}: plan", float(design.plan is not None), 1.0, design.plan is None,
                Level.QUALIFY, f"every verdict on {design.experiment}", found)


def arms_gate(design: Design, arms: pd.DataFrame) -> Gate:
    """Return whether every arm has units, and at least two have."""
    empty = [arm for arm in design.arms if arm not in arms.index]
    n_seen = len(design.arms) - len(empty)
    threshold = max(len(design.arms), 2)
    if empty:
        sentence = f"no unit is in {' or '.join(empty)}"
    elif n_seen < 2:
        sentence = f"every unit is in {design.control}: there is nothing to compare it with"
    else:
        sentence = f"all {n_seen} arms have units"
    return Gate(f"{design.experiment}: arms", n_seen, threshold, n_seen < threshold, Level.BLOCK,
                f"every verdict on {design.experiment}", sentence)


def shares_gate(design: Design, arms: pd.DataFrame) -> Gate:
    """Return whether the planned shares are one share an arm and add up to 1."""
    total = sum(design.shares)
    varies = [arm for arm in design.arms if arm in arms.index
              and arms.loc[arm, "probability_high"] - arms.loc[arm, "probability_low"] > 1e-9]
    unplanned = [a for a, share in zip(design.arms, design.shares, strict=True) if share <= 0]
    if varies:
        sentence = (f"the recorded probability differs within {joined(varies)}: "
                    "units with unlike chances cannot be compared arm by arm")
    elif unplanned:
        sentence = f"units are in {joined(unplanned)}, for which no share was planned"
    else:
        sentence = f"{design.shares_from} add up to {total:.3g}"
    is_crossed = bool(varies or unplanned or abs(total - 1) > 0.01)
    return Gate(f"{design.experiment}: planned shares", total, 1.0, is_crossed, Level.BLOCK,
                f"every verdict on {design.experiment}", sentence)


def sample_ratio_gate(design: Design, arms: pd.DataFrame, threshold: float) -> Gate:
    """Return the test that the arms are as large as planned (Pearson's χ² against the planned shares).

    Too few units for the test (an expected count under 5) leave it untested, never crossed. Where clusters were
    assigned it is clusters that are counted.
    """
    column = {"period": "n_periods", "cluster_id": "n_clusters"}.get(design.by, "n_units")
    seen = np.array([arms[column].get(arm, 0) for arm in design.arms], dtype=float)
    expected = seen.sum() * np.array(design.shares) / max(sum(design.shares), 1e-12)
    name, claims = f"{design.experiment}: sample ratio", f"every verdict on {design.experiment}"
    if len(design.arms) < 2 or expected.min() < 5:
        return Gate(name, np.nan, threshold, False, Level.BLOCK, claims, "too few units to test the sample ratio")
    chi2 = float(((seen - expected) ** 2 / expected).sum())
    p = float(stats.chi2.sf(chi2, len(seen) - 1))
    units = joined([f"{n:,.0f} in {arm}" for arm, n in zip(design.arms, seen, strict=True)])
    fate = "the draw did not go as planned, so its arms cannot be compared" if p < threshold else "drawn as planned"
    sentence = f"{fate} ({units} against {design.shares_from}, χ² {chi2:.3f}, p {p_said(p)}, threshold {threshold:g})"
    return Gate(name, p, threshold, p < threshold, Level.BLOCK, claims, sentence)


def independence_gate(design: Design, arms: pd.DataFrame) -> Gate:
    """Return whether units were assigned one by one; units that share a cluster are not independent."""
    name, claims = f"{design.experiment}: independent units", f"every verdict on {design.experiment}"
    if not design.by:
        return Gate(name, 0.0, 0.0, False, Level.NOTE, claims, "units were assigned one by one")
    what, column = ("periods", "n_periods") if design.by == "period" else ("clusters", "n_clusters")
    n_units = int(arms["n_clustered" if design.by == "cluster_id" else "n_units"].sum())
    fewest = int(arms[column].min())
    few = fewest < FEWEST
    how = "they are drawn again" if few else "errors are those of clusters (CR2)"
    sentence = (f"{n_units:,} units share {int(arms[column].sum()):,} {what}, {fewest} in the smaller arm: {how}"
                + (f", for want of {FEWEST} an arm" if few else ""))
    return Gate(name, fewest, FEWEST, few, Level.QUALIFY, claims, sentence)


def primary_gate(design: Design) -> Gate:
    """Return whether the planned primary metric was recorded while others were."""
    is_there = design.plan.primary_metric in {*design.metrics, *design.ratios}
    sentence = (f"{design.plan.primary_metric} is recorded" if is_there else
                f"the planned metric {design.plan.primary_metric} is not recorded; there are "
                f"{joined(design.metrics)}")
    return Gate(f"{design.experiment}: primary metric", float(is_there), 1.0, not is_there, Level.BLOCK,
                f"the verdict on {design.experiment}", sentence)


def missing_gates(design: Design, outcomes: pd.DataFrame) -> tuple[Gate, ...]:
    """Return one gate for each metric that some units have no value of, or one that says that none lacks any."""
    lacking = [_missing_gate(design, str(metric), of_metric) for metric, of_metric in outcomes.groupby("metric")
               if of_metric["n_missing"].sum()]
    if lacking or outcomes.empty:
        return tuple(lacking)
    return (Gate(f"{design.experiment}: missing values", 0.0, 0.0, False, Level.QUALIFY,
                 f"every difference in {design.experiment}",
                 f"every unit has a value of {joined(design.metrics)}"),)


def _missing_gate(design: Design, metric: str, outcomes: pd.DataFrame) -> Gate:
    n_missing, n_units = int(outcomes["n_missing"].sum()), int((outcomes["n"] + outcomes["n_missing"]).sum())
    by_arm = joined([f"{m:,} in {arm}" for arm, m in zip(outcomes["variant"], outcomes["n_missing"], strict=True)])
    sentence = f"{n_missing:,} of {n_units:,} units have no value of {metric} and are left out ({by_arm})"
    return Gate(f"{design.experiment}: missing values of {metric}", n_missing / n_units, 0.0, True, Level.QUALIFY,
                f"the difference in {metric}", sentence)


def answers_gate(design: Design, metric: str, outcomes: pd.DataFrame) -> Gate:
    """Return whether each arm was seen to give either answer often enough; else Fisher's exact test has to agree."""
    arms = {str(row["variant"]): effects.moments(row) for _, row in outcomes.iterrows() if row["n"] > 0}
    seen = {arm: shares.rarer(m) for arm, m in arms.items()}
    fewest = min(seen.values(), default=0)
    few = validity.answers(seen)
    others = [v for v in design.variants if v in arms and design.control in arms
              and validity.answers({a: seen[a] for a in (design.control, v)})]
    of = (lambda v: f" for {v}") if len(design.variants) > 1 else lambda v: ""
    exact = joined([p_said(shares.exact_p(arms[design.control], arms[v])) + of(v) for v in others])
    sentence = (f"{few}: by Fisher's exact test p is {exact}, and no chance to be better is given" if others else
                few or f"every arm has {validity.LEAST_ANSWERS} or more of either answer, {fewest:,} at least")
    return Gate(f"{design.experiment}: answers to {metric}", fewest, validity.LEAST_ANSWERS, bool(few), Level.QUALIFY,
                f"the difference in {metric}", sentence)


def largest_gate(design: Design, metric: str, outcomes: pd.DataFrame) -> Gate:
    """Return what the one most extreme unit does to the difference, in standard errors without it."""
    name, claims = f"{design.experiment}: largest value of {metric}", f"the difference in {metric}"
    found = [i for v in design.variants if (i := effects.influence(design, metric, v, outcomes)) is not None]
    if not found:
        return Gate(name, np.nan, 1.0, False, Level.QUALIFY, claims, "too few values to tell")
    worst = max(found, key=lambda i: i.shift)
    sentence = (f"{worst.variant} less {design.control} is {signed(worst.with_it, '.4g')} with and "
                f"{signed(worst.without_it, '.4g')} without the one most extreme unit "
                f"({signed(worst.extreme, ',.6g')})")
    return Gate(name, worst.shift, 1.0, worst.shift > 1.0, Level.QUALIFY, claims, sentence)
