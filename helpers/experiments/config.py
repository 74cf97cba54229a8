"""Section [experiments] of a study: thresholds of the checks and the plan of each experiment."""

import hashlib
import json
from datetime import date
from typing import Annotated, Any, Literal, Self

import pandas as pd
from pydantic import Field, model_validator

from helpers.foundation.study_config import Section

NOT_PLANNED = {"label", "metric_labels", "unit_value", "treatment_cost", "fixed_cost", "capacity"}  # words and money

NOT_IN_EARLIER_PLANS = {"aggregation", "guardrails_not_to_rise"}  # empty they change no plan's fingerprint


class ExperimentPlan(Section):
    """What was decided before an experiment began: ``[experiments.<name>]``."""

    hypothesis: str = Field(
        default="", description="what is expected to happen, and why; empty where none was written down, which leaves "
                                "every verdict exploratory")
    control: str = Field(min_length=1, description="arm that the others are compared with")
    primary_metric: str = Field(
        default="", description="the one outcome that decides, without its metric_ prefix; empty where none was named, "
                                "which leaves every verdict exploratory")
    shares: dict[str, float] = Field(
        default={}, description="planned share of units by arm; empty where none was declared, which leaves the sample "
                                "ratio not testable and every verdict exploratory [share]")
    minimum_effect: float = Field(
        default=0.0, ge=0,
        description="smallest relevant difference, in the unit of the metric [unit of the metric]")
    lower_is_better: bool = Field(default=False, description="whether a fall of the metric is the improvement")
    ends_on: date | None = Field(
        default=None, description="day of the one planned look; before it every verdict is to keep running")
    owner: str = Field(default="not named", description="who acts on the verdict")
    assigned: str = Field(default="unit", description="what is assigned: customer, visit, shop, day of a switchback")
    crossovers: Literal["block", "leave out", "first exposure"] = Field(
        default="block", description="how units in two arms are read: left out, and no verdict where they are many; "
                                     "left out; or in the arm that they were exposed to first")
    aggregation: dict[str, Literal["sum", "mean", "any"]] = Field(
        default={}, description="how several records of a unit in one arm become one, by metric without its prefix: "
                                "their sum, their mean, or yes where any is; undeclared: money summed, yes or no as "
                                "any, other numbers as their mean")
    guardrails: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        default=(), description="outcomes that must not fall, without their metric_ prefix")
    guardrails_not_to_rise: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        default=(), description="outcomes that must not rise, such as complaints, without their metric_ prefix")
    covariate: str = Field(
        default="",
        description="column known beforehand that the primary metric is adjusted by; empty for no adjustment")
    ratios: dict[str, Annotated[tuple[str, str], Field(strict=False)]] = Field(
        default={}, description="further outcomes that are one metric over another, by name")
    quantiles: dict[str, float] = Field(default={}, description="metrics of which a quantile is compared too [share]")
    received: str = Field(
        default="", description="yes-or-no outcome that says whether a unit received what it was drawn for, without "
                                "its metric_ prefix; empty where that is not recorded")
    stop_rule: Literal["one look", "always valid"] = Field(
        default="one look", description="one look on the planned day, or intervals that hold at every look")
    tuned_for: int = Field(
        default=5000, ge=200, description="units at which the always-valid interval is narrowest [units]")
    family: Literal["holm", "benjamini-hochberg"] = Field(
        default="holm", description="how the deciding comparisons are adjusted for their number")
    unit_value: float | None = Field(
        default=None, ge=0, description="what one unit of the primary metric is worth; empty where it is money, or "
                                        "where that is not known [money]")
    treatment_cost: float = Field(default=0.0, ge=0, description="cost of treating a unit [money]")
    fixed_cost: float | None = Field(
        default=None, ge=0, description="cost of building what is shipped and running it to its review, whatever the "
                                        "number treated; empty where that is not known: the decision then says up to "
                                        "which it pays [money]")
    capacity: float = Field(default=1.0, gt=0, le=1, description="share of units that may be treated [share]")
    prior_effect: float | None = Field(
        default=None, gt=0, description="standard deviation of true differences beforehand; empty for nothing known "
                                "[unit of the metric]")

    label: str = Field(default="", description="what people call the experiment; empty for its name")
    metric_labels: dict[str, str] = Field(
        default={}, description="what people call its outcomes, by name of the metric")

    @property
    def fingerprint(self) -> str:
        """Twelve digits of the checksum of what was planned: another plan has another one; labels and money do not."""
        undeclared = {name for name in NOT_IN_EARLIER_PLANS if not getattr(self, name)}
        planned = self.model_dump(mode="json", exclude=NOT_PLANNED | undeclared)
        text = json.dumps(planned, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if self.shares and (min(self.shares.values()) <= 0 or abs(sum(self.shares.values()) - 1) > 1e-6):
            raise ValueError("shares must be above 0 and add up to 1")
        if any(not 0 < q < 1 for q in self.quantiles.values()):
            raise ValueError("quantiles must lie between 0 and 1")
        if self.shares and self.control not in self.shares:
            raise ValueError(f"shares name no arm '{self.control}', the control")
        return self


class ExperimentsConfig(Section):
    """What the experiments page assumes; any table inside the section is the plan of the experiment of that name."""

    sample_ratio_p: float = Field(
        0.01, gt=0, lt=1, description="arms as uneven as this or more by chance block every verdict [probability]")
    error_rate: float = Field(
        0.05, gt=0, lt=1, description="share of true nulls called different, over all primary comparisons [share]")
    minimum_units: int = Field(10, ge=2, description="values an arm below which no difference is given [units]")
    imbalance_p: float = Field(
        0.001, gt=0, lt=1, description="arms as unlike before the experiment as this or more by chance block every "
                                       "verdict [probability]")
    response_p: float = Field(
        0.01, gt=0, lt=1, description="arms that answer, or lack a covariate, as differently as this or more by "
                                      "chance qualify what depends on it [probability]")
    crossover_share: float = Field(
        0.01, ge=0, lt=1, description="share of units in two arms above which there is no verdict, unless the plan "
                                      "says how they are read [share]")
    window_days: int = Field(
        90, ge=1, description="days after a list was drawn over which its outcome is counted [days]")
    minimum_events: int = Field(
        5, ge=1, description="yes and no answers an arm below which no share is compared [units]")
    control_names: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        ("control", "control group", "ctrl", "held out", "hold out", "holdout", "baseline", "placebo", "psa", "none",
         "untreated", "original", "a", "0", "false"),
        description="arms taken as the control where no plan names one, as is any that begins with 'no '; where none "
                    "fits, the control is asked for")
    plans: dict[str, ExperimentPlan] = Field({}, description="plans by experiment")

    @model_validator(mode="before")
    @classmethod
    def _with_plans(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        plans = {k: v for k, v in values.items() if k != "plans" and isinstance(v, dict | ExperimentPlan)}
        rest = {k: v for k, v in values.items() if k not in plans}
        return {**rest, "plans": {**rest.get("plans", {}), **plans}} if plans else rest

    def table(self) -> pd.DataFrame:
        """Return the assumptions, with a row for every entry of every plan."""
        own = Section.table(self).query("assumption != 'plans'")
        own.loc[own["assumption"] == "control_names", "value"] = ", ".join(self.control_names)
        of_plans = [_named(plan, name) for name, plan in sorted(self.plans.items())]
        return pd.concat([own, *of_plans], ignore_index=True)


def _named(plan: ExperimentPlan, experiment: str) -> pd.DataFrame:
    rows = Section.table(plan)
    shares = ", ".join(f"{arm} {share:g}" for arm, share in plan.shares.items())
    rows.loc[rows["assumption"] == "shares", "value"] = shares or "not declared"
    for name in ("guardrails", "guardrails_not_to_rise"):
        rows.loc[rows["assumption"] == name, "value"] = ", ".join(getattr(plan, name)) or "none"
    ratios = ", ".join(f"{name} = {a} / {b}" for name, (a, b) in plan.ratios.items())
    rows.loc[rows["assumption"] == "ratios", "value"] = ratios or "none"
    labels = ", ".join(f"{name}: {label}" for name, label in plan.metric_labels.items())
    rows.loc[rows["assumption"] == "metric_labels", "value"] = labels or "none"
    quantiles = ", ".join(f"{metric} at {q:g}" for metric, q in plan.quantiles.items())
    rows.loc[rows["assumption"] == "quantiles", "value"] = quantiles or "none"
    made_one = ", ".join(f"{metric}: {how}" for metric, how in plan.aggregation.items())
    rows.loc[rows["assumption"] == "aggregation", "value"] = made_one or "not declared"
    return rows.assign(assumption=f"{experiment}: " + rows["assumption"])
