"""What the churn wing assumes: section ``[churn]`` of a study."""

from pydantic import Field, model_validator

from helpers.foundation.study import Section


class Assumptions(Section):
    """Section ``[churn]``: who can be lost at all, and what is called a high risk."""

    eligible_days: int = Field(
        365, ge=1, description="customers whose last purchase is longer ago count as gone and are not forecast [days]")
    medium_risk_from: float = Field(
        0.33, gt=0, lt=1, description="probability from which a risk is called medium [share]")
    high_risk_from: float = Field(
        0.67, gt=0, lt=1, description="probability from which a risk is called high [share]")

    @model_validator(mode="after")
    def _order(self) -> "Assumptions":
        if self.medium_risk_from >= self.high_risk_from:
            raise ValueError("medium_risk_from must be below high_risk_from")
        return self
