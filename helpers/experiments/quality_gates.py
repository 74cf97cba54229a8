"""Quality gates of an experiment: plan, arms, planned shares, independence, primary metric."""

from collections.abc import Iterable, Mapping

import pandas as pd

from helpers.experiments import (
    compliance,
    crossovers,
    health_checks,
    mean_difference,
    preconditions,
    proportions,
    summary_statistics,
)
from helpers.experiments.cluster_robust import MIN_CLUSTERS
from helpers.experiments.config import ExperimentsConfig
from helpers.experiments.design import ExperimentDesign
from helpers.experiments.experiment_data import ExperimentData
from helpers.experiments.health_checks import list_text, p_value_text
from helpers.foundation.labels import readable_id
from helpers.foundation.results import Gate, Level, gate_table

EXPERIMENTS_STEP = "06"


def gates_by_experiment(
    designs: Iterable[ExperimentDesign],
    evidence: ExperimentData,
    assumptions: ExperimentsConfig,
    earlier: Mapping[str, str] | None = None,
) -> dict[str, tuple[Gate, ...]]:
    """Return the gates of every experiment, by experiment.

    Parameters
    ----------
    designs : iterable of ExperimentDesign
        How each experiment is read.
    evidence : ExperimentData
        What the comparisons are made from.
    assumptions : ExperimentsConfig
        The thresholds.
    earlier : mapping of str to str, optional
        Fingerprint of the plan by experiment, in the last run before this one.
    """
    return {d.experiment: (*_gates_of_experiment(d, evidence, assumptions, earlier or {}),
                           *crossovers.unit_gates(d, evidence.unit_counts.get(d.experiment),
                                                  evidence.aggregation.get(d.experiment, {}), assumptions),
                           *summary_statistics.summary_gates(d, evidence.summaries))
            for d in designs}


def gates_table(by_experiment: Mapping[str, Iterable[Gate]]) -> pd.DataFrame:
    """Return all gates as ``results/experiment_gates``."""
    return gate_table(EXPERIMENTS_STEP, (gate for gates_ in by_experiment.values() for gate in gates_))


def blocking_reasons(of_one: Iterable[Gate]) -> str:
    """Return the sentences of the gates that block, empty where none does."""
    return "; ".join(g.sentence for g in of_one if g.is_crossed and g.level is Level.BLOCK)


def _gates_of_experiment(
    design: ExperimentDesign,
    evidence: ExperimentData,
    assumptions: ExperimentsConfig,
    earlier: Mapping[str, str],
) -> tuple[Gate, ...]:
    counted, units = evidence.counted, evidence.units
    arms = counted.arms[counted.arms["experiment"] == design.experiment].set_index("variant")
    outcomes = counted.outcomes[counted.outcomes["experiment"] == design.experiment]
    return (
        plan_gate(design),
        *control_gates(design),
        arms_gate(design, arms),
        planned_shares_gate(design, arms),
        health_checks.sample_ratio_mismatch_gate(design, arms, assumptions.sample_ratio_p),
        independent_units_gate(design, arms),
        *health_checks.early_exposure_gate(design, arms),
        *compliance.compliance_gates(design, counted),
        *health_checks.changed_plan_gate(design, earlier),
        *health_checks.covariate_balance_gate(design, units, assumptions.imbalance_p),
        *health_checks.differential_attrition_gates(design, units, outcomes, assumptions.response_p),
        *([primary_metric_gate(design)] if design.primary_metric and design.metrics else []),
        *health_checks.missing_value_gates(design, outcomes),
        *health_checks.covariate_gates(design, counted, assumptions.response_p),
        *(
            answers_gate(design, str(metric), of_metric)
            for metric, of_metric in outcomes.groupby("metric")
            if of_metric["is_share"].all() and not design.by and not (design.plan and metric == design.plan.received)
        ),
        *(
            health_checks.leave_one_out_gate(design, metric, of_metric, evidence.blocks)
            for metric, of_metric in outcomes.groupby("metric")
            if not of_metric["is_share"].all()
        ),
    )


def plan_gate(design: ExperimentDesign) -> Gate:
    """Return whether the study holds a plan; without one every verdict is exploratory."""
    missing = [] if design.plan is None else [
        what for what, value in (("hypothesis", design.plan.hypothesis), ("primary metric", design.primary_metric),
                                 ("shares", design.shares_from)) if not value]
    if design.plan is None:
        found = f"the study holds no plan, so every verdict is exploratory; {design.control} is read as the control"
    elif missing:
        found = f"the plan declares no {list_text(missing)}, so every verdict is exploratory"
    else:
        found = (f"planned: {design.metric_label(design.primary_metric)} decides against {design.control}, plan "
                 f"{design.plan.fingerprint}")
    return Gate(f"{design.label}: plan", float(not design.is_exploratory), 1.0, design.is_exploratory,
                Level.QUALIFY, f"every verdict on {design.label}", found)


def control_gates(design: ExperimentDesign) -> tuple[Gate, ...]:
    """Return a gate where no arm is known to be the control: it is asked for, not guessed."""
    if design.is_control_known:
        return ()
    return (Gate(f"{design.label}: control", 0.0, 1.0, True, Level.BLOCK, f"every verdict on {design.label}",
                 f"which of the arms {list_text(sorted(design.arms))} is the control is not known: name it in the "
                 f"study ([experiments.\"{design.experiment}\"] control = …)"),)


def arms_gate(design: ExperimentDesign, arms: pd.DataFrame) -> Gate:
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
    return Gate(f"{design.label}: arms", n_seen, threshold, n_seen < threshold, Level.BLOCK,
                f"every verdict on {design.label}", sentence)


def planned_shares_gate(design: ExperimentDesign, arms: pd.DataFrame) -> Gate:
    """Return whether the planned shares are one share an arm and add up to 1."""
    total = sum(design.shares)
    if not (design.shares_from or design.uneven_arms):
        return Gate(f"{design.label}: planned shares", total, 1.0, False, Level.QUALIFY,
                    f"every verdict on {design.label}", "no shares are declared or recorded")
    unplanned = [a for a, share in zip(design.arms, design.shares, strict=True) if share <= 0]
    if design.uneven_arms:
        where = " in one block" if design.block else ""
        sentence = (f"the recorded probability differs within {list_text(design.uneven_arms)}{where}: "
                    "units with unlike chances cannot be compared arm by arm")
    elif unplanned:
        sentence = f"units are in {list_text(unplanned)}, for which no share was planned"
    else:
        sentence = f"{design.shares_from} add up to {total:.3g}"
    is_crossed = bool(design.uneven_arms or unplanned or abs(total - 1) > 0.01)
    return Gate(f"{design.label}: planned shares", total, 1.0, is_crossed, Level.BLOCK,
                f"every verdict on {design.label}", sentence)


def independent_units_gate(design: ExperimentDesign, arms: pd.DataFrame) -> Gate:
    """Return whether units were assigned one by one; units that share a cluster are not independent."""
    name, claims = f"{design.label}: independent units", f"every verdict on {design.label}"
    if design.block:
        return Gate(name, design.n_blocks, 2, False, Level.NOTE, claims,
                    f"units were assigned within {design.n_blocks:,} blocks ({readable_id(design.block)}), so arms are "
                    "compared within each")
    if not design.by:
        return Gate(name, 0.0, 0.0, False, Level.NOTE, claims, "units were assigned one by one")
    what, column = ("periods", "n_periods") if design.by == "period" else ("clusters", "n_clusters")
    n_units = int(arms["n_clustered" if design.by == "cluster_id" else "n_units"].sum())
    fewest = int(arms[column].min())
    few = fewest < MIN_CLUSTERS
    how = "they are drawn again" if few else "errors are those of clusters (CR2)"
    sentence = (f"{n_units:,} units share {int(arms[column].sum()):,} {what}, {fewest} in the smaller arm: {how}"
                + (f", for want of {MIN_CLUSTERS} an arm" if few else "")
                + ("; what a period leaves to the next one stands in the difference" if what == "periods" else ""))
    return Gate(name, fewest, MIN_CLUSTERS, few, Level.QUALIFY, claims, sentence)


def primary_metric_gate(design: ExperimentDesign) -> Gate:
    """Return whether the planned primary metric was recorded while others were."""
    is_there = design.primary_metric in {*design.metrics, *design.ratios}
    sentence = (f"{design.metric_label(design.primary_metric)} is recorded" if is_there else
                f"the planned metric {design.metric_label(design.primary_metric)} is not recorded; there are "
                f"{list_text([design.metric_label(m) for m in design.metrics])}")
    return Gate(f"{design.label}: primary metric", float(is_there), 1.0, not is_there, Level.BLOCK,
                f"the verdict on {design.label}", sentence)


def answers_gate(design: ExperimentDesign, metric: str, outcomes: pd.DataFrame) -> Gate:
    """Return whether each arm was seen to give either answer often enough; else Fisher's exact test has to agree."""
    arms = {
        str(row["variant"]): mean_difference.moments_from_row(row) for _, row in outcomes.iterrows() if row["n"] > 0
    }
    seen = {arm: proportions.n_rarer_answers(m) for arm, m in arms.items()}
    fewest = min(seen.values(), default=0)
    few = preconditions.answers(seen)
    others = [v for v in design.variants if v in arms and design.control in arms
              and preconditions.answers({a: seen[a] for a in (design.control, v)})]
    of = (lambda v: f" for {v}") if len(design.variants) > 1 else lambda v: ""
    exact = list_text([p_value_text(proportions.fisher_exact_p(arms[design.control], arms[v])) + of(v) for v in others])
    sentence = (f"{few}: by Fisher's exact test p is {exact}, and no chance to win is given" if others else
                few or f"every arm has {preconditions.LEAST_ANSWERS} or more of either answer, {fewest:,} at least")
    return Gate(
        f"{design.label}: answers to {design.metric_label(metric)}",
        fewest,
        preconditions.LEAST_ANSWERS,
        bool(few),
        Level.QUALIFY,
        f"the difference in {design.metric_label(metric)}",
        sentence,
    )
