"""Section [satisfaction] of a study: level cuts, constructs, path model, raking, topics."""

from typing import Literal

from pydantic import Field

from helpers.foundation.study_config import Section


class SatisfactionConfig(Section):
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
    constructs: dict[str, list[str]] = Field(
        {}, description="constructs of the path model and their questions; none: ECSI by the roles of questions")
    arrows: list[str] = Field(
        [], description="which construct points to which, as 'Image > Satisfaction'; none: the ECSI model's arrows")
    formative: list[str] = Field(
        [], description="constructs that their questions make up rather than reflect (mode B); none: all reflect")
    scheme: Literal["path", "centroid", "factorial"] = Field(
        "path", description="inner weights of the path model: path weighting, centroid or factorial")
    resamples: int = Field(
        1000, ge=200, le=10_000, description="bootstrap resamples behind intervals of paths and drivers [resamples]")
    rake_on: list[str] = Field(
        [], description="columns of customers by which answers are weighted to match everybody; none: no weights")
    moderations: list[str] = Field(
        [], description="what bends which arrow, as 'Image * Satisfaction > Loyalty'; none: nothing is tested")
    compare_by: str = Field(
        "", description="column of respondents or customers whose two largest groups' paths are compared; none: none")
    drivers_by: str = Field(
        "", description="column of respondents or customers whose groups get drivers of their own; none: of those "
        "where effects differ, the one whose groups' shares (by lines) lie farthest from their mean (people's mean "
        "absolute difference)")
    topics: dict[str, list[str]] = Field(
        {}, description="topics of comments and the beginnings of words that speak of them; none: found by the words")
    expectation_before_use: bool = Field(
        False, description="whether each wave asks for expectations before that period's use, not in hindsight")
    expectation_is_norm: bool = Field(
        False, description="whether expectations were asked as what ought to be, not as what will be")

    @property
    def cuts(self) -> tuple[float, float, float]:
        """The default cut points, rising [0–100]."""
        low, middle, high = sorted((self.dissatisfied_up_to, self.neutral_up_to, self.fairly_up_to))
        return low, middle, high
