"""Experiment design: control, arms, planned shares and metrics, from the plan or the assignments."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

import pandas as pd

from helpers.experiments.aggregates import ArmAggregates
from helpers.experiments.config import ExperimentPlan, ExperimentsConfig
from helpers.experiments.schema import BLOCKED, CLUSTER, SIMPLE, SWITCHBACK
from helpers.foundation.labels import readable_id

PLANNED, RECORDED = "the planned shares", "the recorded probabilities"

LEAST_APART = 1e-9  # between recorded chances that differ


@dataclass(frozen=True, slots=True)
class ExperimentDesign:
    """How one experiment is read.

    Parameters
    ----------
    experiment : str
        Its name.
    control : str
        Arm that the others are compared with.
    arms : tuple of str
        Every arm, seen or planned: the control, then the others by name.
    shares : tuple of float
        Planned share of each arm, in the order of ``arms``; they add up to 1 unless the records contradict that. NaN
        where none is declared or recorded.
    shares_from : str
        Where they come from, in words: the plan or the records; empty where there are none.
    metrics : tuple of str
        Outcomes seen, the primary one first.
    plan : ExperimentPlan, optional
        The plan; without one, or with one that leaves out what decides, everything is exploratory.
    by : str
        Column of the clusters that were assigned, ``period`` for a switchback; empty where units were, one by one.
    block : str
        Column of the blocks within which units were assigned; empty where there are none.
    n_blocks : int
        Blocks.
    uneven_arms : tuple of str
        Arms whose units, of one block where there are blocks, have unlike recorded chances.
    is_control_known : bool
        Whether the plan or its name tells the control; else it is asked for.
    """

    experiment: str
    control: str
    arms: tuple[str, ...]
    shares: tuple[float, ...]
    shares_from: str
    metrics: tuple[str, ...]
    plan: ExperimentPlan | None = None
    by: str = ""
    block: str = ""
    n_blocks: int = 0
    uneven_arms: tuple[str, ...] = ()
    is_control_known: bool = True

    @property
    def is_exploratory(self) -> bool:
        """Whether something that decides was not declared: hypothesis, primary metric or shares."""
        return self.plan is None or not (self.plan.hypothesis and self.plan.primary_metric and self.shares_from)

    @property
    def randomisation(self) -> str:
        """What was assigned: units, units within blocks, clusters, or periods; one of `schema.RANDOMISATIONS`."""
        if self.block:
            return BLOCKED
        return {"": SIMPLE, "period": SWITCHBACK}.get(self.by, CLUSTER)

    @property
    def variants(self) -> tuple[str, ...]:
        """Arms compared with the control."""
        return self.arms[1:]

    @property
    def ratios(self) -> dict[str, tuple[str, str]]:
        """Outcomes that are one metric over another, of those whose metrics were recorded."""
        planned = self.plan.ratios if self.plan else {}
        return {name: pair for name, pair in planned.items() if set(pair) <= set(self.metrics)}

    @property
    def quantiles(self) -> dict[str, float]:
        """Metrics of which a quantile is compared too, with its share; none without a plan."""
        return self.plan.quantiles if self.plan else {}

    @property
    def primary_metric(self) -> str:
        """The outcome that decides; empty without a plan."""
        return self.plan.primary_metric if self.plan else ""

    @property
    def received_metric(self) -> str:
        """The outcome that says who received the treatment; empty where the plan names none."""
        return self.plan.received if self.plan else ""

    @property
    def label(self) -> str:
        """What people call the experiment: the plan's label, else its name without underscores."""
        return (self.plan.label if self.plan else "") or readable_id(self.experiment)

    @property
    def owner(self) -> str:
        """Who acts on the verdict; empty where the plan names nobody."""
        return self.plan.owner if self.plan and "owner" in self.plan.model_fields_set else ""

    @property
    def stop_on(self) -> pd.Timestamp:
        """Day of the planned look, on which the experiment stops; NaT where the plan names none."""
        return pd.Timestamp(self.plan.ends_on) if self.plan and self.plan.ends_on else pd.NaT

    @property
    def assigned(self) -> str:
        """What is assigned, as the plan says; empty where it does not say."""
        return self.plan.assigned if self.plan and "assigned" in self.plan.model_fields_set else ""

    def declared_money(self, name: str) -> float:
        """Return an amount that the plan declares, NaN where it declares none."""
        declared = getattr(self.plan, name) if self.plan and name in self.plan.model_fields_set else None
        return math.nan if declared is None else float(declared)

    def metric_label(self, metric: str) -> str:
        """Return what people call a metric: the plan's label, as it stands in a sentence, else without underscores.

        A quantile is called by the label of its metric.
        """
        labels = self.plan.metric_labels if self.plan else {}
        head, of, name = metric.rpartition(" of ")
        return f"{head}{of}{label_in_sentence(labels[name])}" if name in labels else readable_id(metric)

    def is_primary(self, metric: str) -> bool:
        """Return whether a metric decides; where none was named every one is looked at alike."""
        return not self.primary_metric or metric == self.primary_metric


def label_in_sentence(label: str) -> str:
    """Return a label as it stands within a sentence: with its article, and lowered unless it is an abbreviation.

    Examples
    --------
    >>> label_in_sentence("Order rate"), label_in_sentence("NPS")
    ('the order rate', 'the NPS')
    """
    return f"the {label if label[1:2].isupper() else label[:1].lower() + label[1:]}"


def experiment_designs(
    counted: ArmAggregates, assumptions: ExperimentsConfig, chances: pd.DataFrame | None = None
) -> tuple[ExperimentDesign, ...]:
    """Return the design of every experiment that has units, by name.

    Parameters
    ----------
    counted : ArmAggregates
        Arms and outcomes as the engine counted them.
    assumptions : ExperimentsConfig
        Section ``[experiments]`` of the study, with its plans.
    chances : DataFrame, optional
        `blocked.block_chances` of the experiments that have blocks.
    """
    return tuple(_with_blocks(_design(str(name), arms, counted, assumptions), arms, chances)
                 for name, arms in counted.arms.groupby("experiment"))


def arms_table(designs: Iterable[ExperimentDesign], counted: ArmAggregates) -> pd.DataFrame:
    """Return every arm of every experiment, the control first: units, planned share, first and last assignment.

    Parameters
    ----------
    designs : iterable of ExperimentDesign
        How each experiment is read.
    counted : ArmAggregates
        Arms and outcomes as the engine counted them.
    """
    arms = counted.arms.set_index(["experiment", "variant"])
    rows = []
    for design in designs:
        for arm, share in zip(design.arms, design.shares, strict=True):
            seen = arms.loc[(design.experiment, arm)] if (design.experiment, arm) in arms.index else None
            rows.append({
                "experiment": design.experiment, "arm": arm,
                "role": "control" if arm == design.control else "compared",
                "n_units": 0 if seen is None else int(seen["n_units"]), "share_planned": share,
                "first_on": _day(seen, "first_at"), "last_on": _day(seen, "last_at"),
            })
    return pd.DataFrame(rows, columns=["experiment", "arm", "role", "n_units", "share_planned", "first_on", "last_on"])


def _day(seen: pd.Series | None, column: str) -> date | None:
    return None if seen is None or pd.isna(seen[column]) else seen[column].date()


def _design(name: str, arms: pd.DataFrame, counted: ArmAggregates, assumptions: ExperimentsConfig) -> ExperimentDesign:
    plan = assumptions.plans.get(name)
    seen = sorted(arms["variant"])
    control, is_known = (plan.control, True) if plan else _control(seen, assumptions)
    everyone = (control, *sorted({*seen, *(plan.shares if plan else ())} - {control}))
    shares, shares_from = _shares(everyone, arms.set_index("variant"), plan)
    of_this = counted.outcomes[counted.outcomes["experiment"] == name]
    primary = plan.primary_metric if plan else ""
    metrics = sorted(set(of_this["metric"]), key=lambda metric: (metric != primary, metric))
    return ExperimentDesign(name, control, everyone, shares, shares_from, tuple(metrics), plan, _by(arms),
                            is_control_known=is_known)


def _with_blocks(design: ExperimentDesign, arms: pd.DataFrame, chances: pd.DataFrame | None) -> ExperimentDesign:
    """Return the design with its blocks; chances that differ between blocks give the shares that are expected."""
    own = chances[chances["experiment"] == design.experiment] if chances is not None else pd.DataFrame()
    cells = own if len(own) else arms
    is_uneven = cells["probability_high"] - cells["probability_low"] > LEAST_APART
    uneven = tuple(sorted(set(cells.loc[is_uneven, "variant"].astype(str))))
    if own.empty or design.by not in ("", own["column"].iloc[0]):  # what was assigned within strata stays a cluster
        return replace(design, uneven_arms=uneven)
    shares = design.shares
    if own["probability_low"].notna().all() and not (design.plan and design.plan.shares):
        shares = _expected_shares(own, design.arms)
    return replace(design, by="", block=str(own["column"].iloc[0]), n_blocks=own["block"].nunique(), shares=shares,
                   shares_from=RECORDED if shares is not design.shares else design.shares_from,
                   uneven_arms=uneven)


def _expected_shares(own: pd.DataFrame, arms: tuple[str, ...]) -> tuple[float, ...]:
    """Return the share of units that the recorded chances of every block give each arm.

    The arm that a block lacks has the chance that the others leave, where there is one such arm.
    """
    chance = own.pivot(index="block", columns="variant", values="probability_low").reindex(columns=list(arms))
    rest, n_lacking = 1 - chance.sum(axis=1), chance.isna().sum(axis=1).clip(lower=1)
    chance = chance.apply(lambda column: column.fillna((rest / n_lacking).clip(lower=0)))
    n = own.groupby("block")["n_units"].sum().reindex(chance.index)
    return tuple(float(x) for x in chance.mul(n, axis=0).sum() / n.sum())


def _by(arms: pd.DataFrame) -> str:
    if arms["n_periods"].sum() and arms["n_periods"].sum() < arms["n_units"].sum():
        return "period"
    return "cluster_id" if arms["n_clustered"].sum() > arms["n_clusters"].sum() else ""


def plan_against_analysis(designs: Iterable[ExperimentDesign], counted: ArmAggregates, as_of: date) -> pd.DataFrame:
    """Return every plan beside what was analysed: experiment, item, planned, analysed, is_as_planned.

    Parameters
    ----------
    designs : iterable of ExperimentDesign
        How each experiment is read.
    counted : ArmAggregates
        Arms and outcomes as the engine counted them.
    as_of : date
        The day of this look.
    """
    rows = [(d.experiment, *row) for d in designs if d.plan for row in _against(d, d.plan, counted, as_of)]
    return pd.DataFrame(rows, columns=["experiment", "item", "planned", "analysed", "is_as_planned"])


def _against(
    design: ExperimentDesign, plan: ExperimentPlan, counted: ArmAggregates, as_of: date
) -> list[tuple[str, str, str, bool]]:
    seen = counted.arms[counted.arms["experiment"] == design.experiment]
    planned_arms = sorted({plan.control, *plan.shares}) if plan.shares else sorted(seen["variant"])
    first = _day(seen.sort_values("first_at").iloc[0], "first_at") if len(seen) else None
    early = plan.ends_on is not None and as_of < plan.ends_on
    look = plan.ends_on.isoformat() if plan.ends_on else "no day named"
    recorded = set(design.metrics) | set(design.ratios)
    wanted = [metric for metric in (plan.primary_metric, *plan.guardrails, *plan.guardrails_not_to_rise) if metric]
    lacking = [m for m in wanted if m not in recorded]
    is_valid_early = plan.stop_rule == "always valid"
    return [
        ("plan", plan.fingerprint, plan.fingerprint, True),
        ("first assignment", "–", first.isoformat() if first else "not recorded", True),
        ("arms", ", ".join(planned_arms), ", ".join(sorted(seen["variant"])), planned_arms == sorted(seen["variant"])),
        ("outcomes", ", ".join(wanted) or "none", ", ".join(m for m in wanted if m in recorded) or "none", not lacking),
        ("look", f"{plan.stop_rule}, {look}", _look(as_of, plan.ends_on), is_valid_early or not early),
        ("adjusted by", plan.covariate or "nothing", plan.covariate or "nothing", True),
        ("family", plan.family, plan.family, True),
    ]


def _look(as_of: date, planned_on: date | None) -> str:
    """Return the day of a look, and how long after the planned one it is."""
    late = (as_of - planned_on).days if planned_on else 0
    return f"{as_of.isoformat()}, {late:,} days after" if late > 0 else as_of.isoformat()


def _control(arms: list[str], assumptions: ExperimentsConfig) -> tuple[str, bool]:
    """Return the arm whose name is that of a control, else the first by name, and whether a name told it."""
    names = assumptions.control_names

    def rank(arm: str) -> tuple[int, str]:
        word = arm.strip().lower().replace("_", " ").replace("-", " ")
        return (names.index(word) if word in names else len(names) + (not word.startswith("no ")), arm)

    control = min(arms, key=rank)
    return control, rank(control)[0] <= len(names)


def _shares(arms: tuple[str, ...], seen: pd.DataFrame, plan: ExperimentPlan | None) -> tuple[tuple[float, ...], str]:
    if plan and plan.shares:
        return tuple(plan.shares.get(arm, 0.0) for arm in arms), PLANNED
    if set(arms) <= set(seen.index) and seen["n_planned"].eq(seen["n_units"]).all():
        return tuple(float(seen.loc[arm, "probability_low"]) for arm in arms), RECORDED
    return (math.nan,) * len(arms), ""
