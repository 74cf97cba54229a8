"""Section [churn] of a study: eligibility, risk bands, alert rules, win-back, control group."""

from typing import Literal

from pydantic import Field, model_validator

from helpers.foundation.study_config import Section


class AlertRule(Section):
    """One rule of warning, ``[churn.rules.<name>]``: whom it alarms for, who answers for it, and what is to be done."""

    signal: Literal[
        "churn_probability", "inactivity_percentile", "complaints", "margin_at_risk", "satisfaction"] = Field(
        default="churn_probability", description="what it looks at")
    alert_threshold: float = Field(default=0.67, description="the alert is raised from this value of the signal on")
    clear_threshold: float = Field(
        default=0.5, description="an alert of the last run stays until the signal is below this")
    window_days: int | None = Field(
        default=None, ge=1, description="days up to the as-of date in which complaints are counted; empty: the horizon "
                                        "[days]")
    min_value: float = Field(
        default=0.0, ge=0, description="value if retained from which a customer is warned of [money]")
    cause: str = Field(default="", description="cause in words; of rules with one cause a customer gets one alert")
    owner: str = Field(default="nobody yet", description="who answers for the response")
    due_days: int = Field(default=14, ge=1, description="days within which the response is due [days]")
    response: str = Field(default="call or write, and ask what is wrong", description="what is to be done")
    channel: str = Field(
        default="", description="by which who is on no list is contacted, and needs consent; empty for any")
    contact_cost: float | None = Field(
        default=None, ge=0, description="cost of that contact; empty for that of [economics] [money]")
    script: str = Field(default="", description="what is said or written first; empty for the response")

    @model_validator(mode="after")
    def _order(self) -> "AlertRule":
        if self.clear_threshold > self.alert_threshold:
            raise ValueError("clear_threshold must not be above alert_threshold")
        if self.window_days and self.signal != "complaints":
            raise ValueError("window_days belongs to the signal complaints")
        return self

    @property
    def signal_column(self) -> str:
        """Column of `helpers.churn.alerts.alert_signals` that it looks at."""
        return f"{self.signal} within {self.window_days} days" if self.window_days else self.signal


DEFAULT_ALERT_RULES = {
    "high risk": AlertRule(cause="risk", alert_threshold=0.67, clear_threshold=0.5),
    "out of rhythm": AlertRule(signal="inactivity_percentile", alert_threshold=0.95, clear_threshold=0.8,
                               cause="inactivity", response="remind them of us, and ask whether anything was wrong"),
    "complained lately": AlertRule(signal="complaints", alert_threshold=1, clear_threshold=1, cause="complaint",
                                   due_days=3, response="settle the complaint and tell the customer"),
}


class ChurnConfig(Section):
    """Section ``[churn]``: who is eligible to churn, what is called a high risk, and when somebody is warned."""

    eligible_days: int = Field(
        365,
        ge=1,
        description="customers whose last purchase is longer ago count as churned and are not forecast [days]",
    )
    medium_risk_from: float = Field(
        0.33, gt=0, lt=1, description="probability from which a risk is called medium [share]")
    high_risk_from: float = Field(
        0.67, gt=0, lt=1, description="probability from which a risk is called high [share]")
    value_if_lost: float = Field(0.0, description="value of a churned customer within the horizon [money]")
    vouched: list[str] = Field(
        [], description="attributes of contracts that are known before the end, though the source does not say so")
    rules: dict[str, AlertRule] = Field(DEFAULT_ALERT_RULES, description="rules of warning, by name")
    hold_out_share: float = Field(
        0.1, ge=0, lt=1, description="share of alerts that nobody acts on, so that the next run can grade them [share]")
    capacity: int = Field(0, ge=0, description="alerts that can be answered in a round, 0: all [alerts]")
    false_alarms_a_year: float = Field(
        1.0, gt=0, description="false alarms of all control charts together that are accepted [alarms a year]")
    false_bursts_a_year: float = Field(
        0.05, gt=0, description="false bursts of complaints that are accepted [bursts a year]")
    win_back_days: int = Field(
        730, ge=1, description="customers churned longer ago get no win-back offer [days]")
    win_back_cost: float = Field(0.0, ge=0, description="cost of an offer to come back; 0: the offer cost [money]")

    @model_validator(mode="after")
    def _order(self) -> "ChurnConfig":
        if self.medium_risk_from >= self.high_risk_from:
            raise ValueError("medium_risk_from must be below high_risk_from")
        return self
