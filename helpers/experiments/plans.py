"""What each experiment set out to show: from the study's plan where there is one, else read off the assignments."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import pandas as pd

from helpers.experiments.assumptions import Assumptions, Plan
from helpers.experiments.moments import Counted


@dataclass(frozen=True, slots=True)
class Design:
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
        Planned share of each arm, in the order of ``arms``; they add up to 1 unless the records contradict that.
    shares_from : str
        Where they come from, in words: the plan, the records, or nothing, which makes them equal.
    metrics : tuple of str
        Outcomes seen, the primary one first.
    plan : Plan, optional
        The plan; None makes everything exploratory.
    """

    experiment: str
    control: str
    arms: tuple[str, ...]
    shares: tuple[float, ...]
    shares_from: str
    metrics: tuple[str, ...]
    plan: Plan | None = None

    @property
    def is_exploratory(self) -> bool:
        """Whether nothing was decided beforehand."""
        return self.plan is None

    @property
    def variants(self) -> tuple[str, ...]:
        """Arms compared with the control."""
        return self.arms[1:]

    def is_primary(self, metric: str) -> bool:
        """Return whether a metric decides; without a plan every one is looked at alike."""
        return self.plan is None or metric == self.plan.primary_metric


def designs(counted: Counted, assumptions: Assumptions) -> tuple[Design, ...]:
    """Return the design of every experiment that has units, by name.

    Parameters
    ----------
    counted : Counted
        Arms and outcomes as the engine counted them.
    assumptions : Assumptions
        Section ``[experiments]`` of the study, with its plans.
    """
    return tuple(_design(str(name), arms, counted, assumptions) for name, arms in counted.arms.groupby("experiment"))


def table(designs: Iterable[Design], counted: Counted) -> pd.DataFrame:
    """Return every arm of every experiment, the control first: units, planned share, first and last assignment.

    Parameters
    ----------
    designs : iterable of Design
        How each experiment is read.
    counted : Counted
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


def _design(name: str, arms: pd.DataFrame, counted: Counted, assumptions: Assumptions) -> Design:
    plan = assumptions.plans.get(name)
    seen = sorted(arms["variant"])
    control = plan.control if plan else _control(seen, assumptions)
    everyone = (control, *sorted({*seen, *(plan.shares if plan else ())} - {control}))
    shares, shares_from = _shares(everyone, arms.set_index("variant"), plan)
    of_this = counted.outcomes[counted.outcomes["experiment"] == name]
    primary = plan.primary_metric if plan else ""
    metrics = sorted(set(of_this["metric"]), key=lambda metric: (metric != primary, metric))
    return Design(name, control, everyone, shares, shares_from, tuple(metrics), plan)


def _control(arms: list[str], assumptions: Assumptions) -> str:
    def rank(arm: str) -> tuple[int, str]:
        word = arm.strip().lower().replace("_", " ")
        names = assumptions.control_names
        is_named = word in names or word.startswith("no ")
        return (names.index(word) if word in names else len(names) if is_named else len(names) + 1, arm)

    return min(arms, key=rank)


def _shares(arms: tuple[str, ...], seen: pd.DataFrame, plan: Plan | None) -> tuple[tuple[float, ...], str]:
    if plan and plan.shares:
        return tuple(plan.shares.get(arm, 0.0) for arm in arms), "the planned shares"
    if set(arms) <= set(seen.index) and seen["n_planned"].eq(seen["n_units"]).all():
        return tuple(float(seen.loc[arm, "probability_low"]) for arm in arms), "the recorded probabilities"
    return (1 / len(arms),) * len(arms), "equal shares (none are recorded)"
