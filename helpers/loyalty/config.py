"""Section [loyalty] of a study: cuts of attitude and behaviour, horizon, programme terms."""

from pydantic import Field

from helpers.foundation.canonical_schema import ItemRole
from helpers.foundation.study_config import Section

ATTACHMENT_ROLES = ("intention", "recommend", "commitment", "trust")


class LoyaltyConfig(Section):
    """Section ``[loyalty]``."""

    attitude_roles: list[ItemRole] = Field(
        list(ATTACHMENT_ROLES), min_length=1,
        description="roles of the questions that make up the attitude")
    attitude_cut: float = Field(
        70.0, ge=0, le=100, description="attitude from which it counts as strong [0–100]")
    period_days: int = Field(
        90, ge=1, description="length of a period, counted from each customer's first purchase [days]")
    least_periods: int = Field(
        2, ge=1, description="elapsed periods before repeat purchase is judged [periods]")
    share_active_cut: float = Field(
        0.5, gt=0, le=1, description="share of elapsed periods with a purchase from which a customer repeats [share]")
    order_kinds: list[str] = Field(
        ["order"], description="kinds of event that stand for an order, with its id as object: cancelled ones show too")
    is_order_sample: bool = Field(
        False, description="whether the records are a sample of orders, not of customers: other orders of the same "
        "people are missing")
    satisfaction_roles: list[ItemRole] = Field(
        ["satisfaction"], min_length=1, description="roles of the questions averaged to the satisfaction of the curve")
    returning_attribute: str = Field(
        "", description="attribute of those who answered that tells who had bought before; empty for none")
    horizon_days: int = Field(
        180, ge=1, description="days after an answer, or after a cut-off, in which coming back counts [days]")
    dislike_cut: float = Field(
        40.0, ge=0, le=100, description="attitude below which a customer who stays is a hostage [0–100]")
    answer_high: float = Field(
        65.0, ge=0, le=100, description="answer from which a question on leaving counts as a yes [0–100]")
    answer_low: float = Field(
        35.0, ge=0, le=100, description="answer below which a question on alternatives or price counts as a no [0–100]")
    share_promotion_cut: float = Field(
        0.5, gt=0, le=1, description="share of orders under a promotion that speaks for loyalty to the price [share]")
    share_rewarded_cut: float = Field(
        0.5, gt=0, le=1, description="share of orders that use points or follow a contact, as for an incentive [share]")
    contact_days: int = Field(14, ge=1, description="days after a contact in which an order follows it [days]")
    visit_kinds: list[str] = Field(
        ["visit", "view", "page view", "session"], min_length=1, description="kinds of event that are a visit online")
    cohort_days: int = Field(
        91, ge=1, description="length of a cohort of issued points, and of a step of their age [days]")
    expected_redemption: float | None = Field(
        None, gt=0, le=1, description="share of issued points ever redeemed; none: as the cohorts show [share]")
    point_cost: float | None = Field(
        None, gt=0, description="cost of a redeemed point; none: as the profile sets it or the ledger records [money]")
    tiers: dict[str, float] = Field(
        {}, description="points of a year from which a member belongs to each tier; none: imputed from the sizes of "
        "the tiers [points]")
    pool_shares: list[float] = Field(
        [0.01, 0.02, 0.05], min_length=1, description="what-ifs: shares of margin paid out to members [share]")
    threshold_changes: list[float] = Field(
        [-0.2, 0.2], min_length=1, description="what-ifs: by how much tier thresholds move [share]")

    @property
    def asks_attachment(self) -> bool:
        """Whether the attitude is made of any question on attachment, not of satisfaction alone."""
        return not set(self.attitude_roles).isdisjoint(ATTACHMENT_ROLES)
