"""What the satisfaction wing assumes unless the study says otherwise."""

from pydantic import Field

from helpers.foundation.study import Section


class Assumptions(Section):
    """Section ``[satisfaction]``."""

    dissatisfied_up_to: float = Field(
        25.0, ge=0, le=100,
        description="score up to which people are dissatisfied, where the survey names no cut points [0–100]")
    neutral_up_to: float = Field(
        50.0, ge=0, le=100, description="score up to which they are neutral, likewise [0–100]")
    fairly_up_to: float = Field(
        75.0, ge=0, le=100,
        description="score up to which they are fairly satisfied, highly above it, likewise [0–100]")
    share_answered: float = Field(
        0.5, gt=0, le=1,
        description="least share of the applicable satisfaction questions to be answered for a score [share]")

    @property
    def cuts(self) -> tuple[float, float, float]:
        """The default cut points, rising [0–100]."""
        low, middle, high = sorted((self.dissatisfied_up_to, self.neutral_up_to, self.fairly_up_to))
        return low, middle, high
