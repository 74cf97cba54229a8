"""What the loyalty wing assumes unless the study says otherwise."""

from typing import Literal

from pydantic import Field

from helpers.foundation.canonical import ROLES
from helpers.foundation.study import Section


class Assumptions(Section):
    """Section ``[loyalty]``."""

    attitude_roles: list[Literal[ROLES]] = Field(
        ["intention", "recommend", "commitment", "trust"], min_length=1,
        description="roles of the questions that make up the attitude")
    attitude_cut: float = Field(
        70.0, ge=0, le=100, description="attitude from which it counts as strong [0–100]")
    period_days: int = Field(
        90, ge=1, description="length of a period, counted from each customer's first purchase [days]")
    least_periods: int = Field(
        2, ge=1, description="elapsed periods before repeat purchase is judged [periods]")
    share_active_cut: float = Field(
        0.5, gt=0, le=1, description="share of elapsed periods with a purchase from which a customer repeats [share]")
