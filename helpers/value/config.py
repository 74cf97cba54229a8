"""Sections [value] and [plan] of a study: period lengths, tiers, CLV horizon, case costs; planned quarters."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd
from pydantic import Field, field_validator

from helpers.customers.windows import TimeWindow
from helpers.foundation.study_config import Economics, Section


class ValueConfig(Section):
    """Section ``[value]``: periods that are compared, and how the pyramid is cut."""

    period_days: int = Field(
        365, ge=28, description="length of the periods compared, where the history bears two [days]")
    tiers: dict[str, float] = Field(
        {"top": 0.01, "upper": 0.04, "middle": 0.15, "base": 0.80},
        description="the pyramid from its top down: tier and share of customers [share]")
    horizon_days: int = Field(
        365, ge=28, le=1825, description="how far ahead a customer's value reaches [days]")
    window_days: int = Field(
        180, ge=28, le=730, description="days by which growth is judged and stages of the life cycle move [days]")
    case_cost: float = Field(
        5.0, ge=0, description="cost of handling a service case where none is recorded [money]")
    contact_minutes: float = Field(
        10.0, ge=0, description="people's time for a contact that a person makes [minutes]")
    case_minutes: float = Field(20.0, ge=0, description="people's time for a service case [minutes]")
    personal_channels: list[str] = Field(
        ["phone", "visit"], description="channels of contacts that a person makes [channels]")
    retention_step: float = Field(
        0.05, gt=0, lt=1, description="rise in retention whose value is computed [share]")
    top_share: float = Field(0.20, gt=0, lt=1, description="best customers whose part of the total is reported [share]")

    @field_validator("tiers")
    @classmethod
    def _fill_the_pyramid(cls, tiers: dict[str, float]) -> dict[str, float]:
        if min(tiers.values(), default=0) <= 0 or abs(sum(tiers.values()) - 1) > 1e-9:
            raise ValueError("the shares of the tiers must be above 0 and add up to 1")
        return tiers


QUARTER_NAME = r"[0-9]{4}-Q[1-4]"


class PlannedQuarter(Section):
    """What the company plans for one calendar quarter."""

    orders: float | None = Field(default=None, gt=0, description="purchase occasions planned [orders]")
    net_sales: float | None = Field(default=None, gt=0, description="net sales planned [money]")
    margin: float | None = Field(default=None, description="margin planned [money]")
    recurring_revenue: float | None = Field(default=None, gt=0, description="fees of contracts planned [money]")


class PlanConfig(Section):
    """Section ``[plan]``: what the company plans, to stand beside the forecast."""

    quarters: dict[str, PlannedQuarter] = Field(
        {}, description="plan by calendar quarter, named such as 2026-Q3; only customers known by an id are forecast")

    @field_validator("quarters")
    @classmethod
    def _are_quarters(cls, quarters: dict[str, PlannedQuarter]) -> dict[str, PlannedQuarter]:
        if wrong := [name for name in quarters if not re.fullmatch(QUARTER_NAME, name)]:
            raise ValueError(f"{wrong[0]!r} is no quarter; quarters are named such as 2026-Q3")
        return quarters

    def planned(self, days: TimeWindow) -> dict[str, float]:
        """Return what is planned for a window by measure, each calendar quarter by its share of days.

        NaN where one of the quarters has no plan for the measure.
        """
        total = dict.fromkeys(PlannedQuarter.model_fields, 0.0)
        for quarter in pd.period_range(str(days.first_on), str(days.last_on), freq="Q"):
            plan = self.quarters.get(f"{quarter.year}-Q{quarter.quarter}", PlannedQuarter())
            first, last = max(quarter.start_time.date(), days.first_on), min(quarter.end_time.date(), days.last_on)
            part = ((last - first).days + 1) / ((quarter.end_time - quarter.start_time).days + 1)
            for measure in total:
                value = getattr(plan, measure)
                total[measure] += float("nan") if value is None else value * part
        return total


@dataclass(frozen=True, slots=True)
class ValueScope:
    """What is looked at, and under which assumptions.

    Parameters
    ----------
    as_of_on : date
        Last day that is seen.
    assumed : ValueConfig
        Section ``[value]``.
    economics : Economics
        Section ``[economics]``.
    seed : int
        Of every draw.
    """

    as_of_on: date
    assumed: ValueConfig
    economics: Economics
    seed: int

    @property
    def window(self) -> TimeWindow:
        """The days that ledgers look at."""
        return TimeWindow(self.as_of_on - timedelta(self.assumed.period_days - 1), self.as_of_on)
