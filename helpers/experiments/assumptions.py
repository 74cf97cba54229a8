"""Section ``[experiments]``: the limits of the gates, and one plan ``[experiments.<name>]`` an experiment."""

from datetime import date
from typing import Annotated, Self

import pandas as pd
from pydantic import Field, model_validator

from helpers.foundation.study import Section


class Plan(Section):
    """What was decided before an experiment began: ``[experiments.<name>]``."""

    hypothesis: str = Field(min_length=1, description="what is expected to happen, and why")
    control: str = Field(min_length=1, description="arm that the others are compared with")
    primary_metric: str = Field(min_length=1, description="the one outcome that decides, without its metric_ prefix")
    shares: dict[str, float] = Field({}, description="planned share of units by arm; empty for equal shares [share]")
    minimum_effect: float = Field(
        0.0, ge=0, description="smallest difference worth having, in the unit of the metric [unit of the metric]")
    lower_is_better: bool = Field(False, description="whether a fall of the metric is the improvement")
    ends_on: date | None = Field(
        None, description="day of the one planned look; before it every verdict is to keep running")
    owner: str = Field("not named", description="who acts on the verdict")

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if self.shares and (min(self.shares.values()) <= 0 or abs(sum(self.shares.values()) - 1) > 1e-6):
            raise ValueError("shares must be above 0 and add up to 1")
        if self.shares and self.control not in self.shares:
            raise ValueError(f"shares name no arm '{self.control}', the control")
        return self


class Assumptions(Section):
    """What the experiments page assumes; any table inside the section is the plan of the experiment of that name."""

    sample_ratio_p: float = Field(
        0.01, gt=0, lt=1, description="arms as uneven as this or more by chance block every verdict [probability]")
    error_rate: float = Field(
        0.05, gt=0, lt=1, description="share of true nulls called different, over all primary comparisons [share]")
    minimum_units: int = Field(30, ge=2, description="values an arm below which no difference is given [units]")
    minimum_events: int = Field(
        5, ge=1, description="yes and no answers an arm below which no share is compared [units]")
    control_names: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        ("control", "held out", "holdout", "hold-out", "baseline", "none", "placebo", "a"),
        description="arms taken as the control where no plan names one, as is any that begins with 'no '")
    plans: dict[str, Plan] = Field({}, description="plans by experiment")

    @model_validator(mode="before")
    @classmethod
    def _with_plans(cls, values: object) -> object:
        if not isinstance(values, dict):
            return values
        plans = {k: v for k, v in values.items() if k != "plans" and isinstance(v, dict | Plan)}
        rest = {k: v for k, v in values.items() if k not in plans}
        return {**rest, "plans": {**rest.get("plans", {}), **plans}} if plans else rest

    def table(self) -> pd.DataFrame:
        """Return the assumptions, with a row for every entry of every plan."""
        own = Section.table(self).query("assumption != 'plans'")
        own.loc[own["assumption"] == "control_names", "value"] = ", ".join(self.control_names)
        of_plans = [_named(plan, name) for name, plan in sorted(self.plans.items())]
        return pd.concat([own, *of_plans], ignore_index=True)


def _named(plan: Plan, experiment: str) -> pd.DataFrame:
    rows = Section.table(plan)
    shares = ", ".join(f"{arm} {share:g}" for arm, share in plan.shares.items())
    rows.loc[rows["assumption"] == "shares", "value"] = shares or "equal"
    return rows.assign(assumption=f"{experiment}: " + rows["assumption"])
