"""Sections [actions] and [partners] of a study: rules, strategies, campaigns, capacity, control groups; alliances."""

from typing import Annotated, Literal, TypeVar

import pandas as pd
from pydantic import Field, model_validator

from helpers.customers.random_assignment import (
    CUSTOMER_CLUB,
    SERVICE_RECOVERY,
    TRUST_REPAIR,
    WIN_BACK,
    CampaignKind,
)
from helpers.foundation.errors import InputError, spelling_hint
from helpers.foundation.study_config import Section

NO_ACTION, NOT_NAMED = "leave alone", "not named"

EVERY_TIER = 99


class ActionRule(Section):
    """One rule ``[[actions.rules]]``: the first that fits a customer decides what is planned."""

    action: str = Field(min_length=1, description="what is done")
    risks: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        default=("high",), description="bands of risk that it is for: low, medium, high")
    lowest_tier: int = Field(
        default=EVERY_TIER, ge=1, description="rank of the lowest tier that it is for, 1 the top [rank]")
    has_offer: bool = Field(default=False, description="whether an offer is made")
    channel: str = Field(
        default="", description="by which it is done, and needs consent; empty for consent by any channel")
    contact_cost: float | None = Field(
        default=None, ge=0, description="cost of one contact; empty for that of [economics] [money]")
    offer: str = Field(
        default="", description="offer of canonical/offers that is made, by its id: its cost and capacity hold")
    offer_cost: float | None = Field(
        default=None, ge=0, description="cost of the offer when taken up; empty for that of [economics] [money]")
    capacity: int | None = Field(
        default=None, ge=0, description="customers who can be contacted so in this round; empty for no limit of its own"
        " [customers]")
    assumed_reduction: float | None = Field(
        default=None, gt=0, le=1, description="relative cut in churn that is assumed until it has been measured; with "
        "it every rule that fits competes for the customer, without it the first one decides [share]")
    owner: str = Field(default="", description="who carries it out; empty for the owner of the plan")
    is_by_account_owner: bool = Field(
        default=False, description="whether it is carried out by who looks after the customer, where somebody does")
    script: str = Field(default="", description="what is said or written first")
    due_days: int = Field(default=14, ge=1, description="days within which it is to be done [days]")

    @property
    def makes_offer(self) -> bool:
        """Whether an offer is made, of the study or of the records."""
        return self.has_offer or bool(self.offer)


class OfferTerms(Section):
    """Terms of an offer ``[[actions.offers]]``: what a list tells of it, and who may have it."""

    offer: str = Field(min_length=1, description="the offer of canonical/offers, by its id")
    value: str = Field(default="", description="what the customer gets, as it is told")
    code: str = Field(default="", description="code by which it is taken up")
    valid_days: int = Field(default=30, ge=1, description="days after the last contact day for which it holds [days]")
    terms: str = Field(default="", description="what else holds, such as a least order")
    order_channels: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        default=(), description="it is for customers whose latest order came by one of these channels; empty for all")


DEFAULT_ACTION_RULES = (
    ActionRule(action="personal contact", risks=("high", "medium"), lowest_tier=2, channel="phone", contact_cost=10.0,
               due_days=7, script="Ask how the last order went and what we could do better; offer nothing unasked."),
    ActionRule(action="offer by e-mail", risks=("high",), has_offer=True, channel="e-mail",
               script="Thank you for your orders: here is something for your next one."),
    ActionRule(action="reminder by e-mail", risks=("medium",), lowest_tier=3, channel="e-mail",
               script="What is new since your last order, and how to reach us."),
)


class Campaign(Section):
    """One campaign ``[[actions.campaigns]]``: a list with a control group of its own, before the plan's."""

    kind: CampaignKind = Field(description="what for")
    capacity: int = Field(default=50, ge=0, description="customers who can be contacted in this round [customers]")
    hold_out_share: float = Field(
        default=0.5, gt=0, lt=1, description="share of the list that is the random control group [share]")
    channel: str = Field(
        default="", description="by which contact is made, and needs consent; empty for consent by any channel")
    contact_cost: float | None = Field(
        default=None, ge=0, description="cost of one contact; empty for that of [economics] [money]")
    offer_cost: float | None = Field(
        default=0.0, ge=0, description="cost of what is offered when taken up; empty for that of [economics] [money]")
    offer: str = Field(
        default="", description="offer of canonical/offers that is made, by its id: its cost and capacity hold")
    owner: str = Field(default="", description="who carries it out; empty for the owner of the plan")
    script: str = Field(default="", description="what is said or written first")
    due_days: int = Field(default=14, ge=1, description="days within which it is to be done [days]")


DEFAULT_CAMPAIGNS = (  # where being left alone costs goodwill, fewer are held out than where nothing is lost by waiting
    Campaign(kind=SERVICE_RECOVERY, hold_out_share=0.2, channel="phone", contact_cost=10.0, due_days=3,
             script="Say sorry, say what went wrong and by when it is settled; ask what would make it good."),
    Campaign(kind=TRUST_REPAIR, hold_out_share=0.2, channel="phone", contact_cost=10.0, due_days=7,
             script="Name what we failed at and what has changed since; ask what we still owe; promise only what is "
                    "sure."),
    Campaign(kind=WIN_BACK, offer_cost=None, channel="e-mail",
             script="We would like to know why you left us: tell us, and here is an offer for coming back."),
    Campaign(kind=CUSTOMER_CLUB, channel="e-mail", due_days=30,
             script="Thank you for your years with us: you are invited to our customer club, first to see what is new, "
                    "heard on what comes next."),
)


Stage = Literal["new", "growing", "mature", "declining", "dormant", "lapsed", "not known"]

LEAVING: tuple[Stage, ...] = ("declining", "dormant", "lapsed")


class TierStrategy(Section):
    """One strategy ``[[actions.strategies]]``: the first that fits a customer's tier and stage is the customer's."""

    name: str = Field(min_length=1, description="what it is called")
    lowest_tier: int = Field(
        default=EVERY_TIER, ge=1, description="rank of the lowest tier that it is for, 1 the top [rank]")
    stages: Annotated[tuple[Stage, ...], Field(strict=False)] = Field(
        default=(), description="stages of the life cycle that it is for; empty for all")
    product: str = Field(default="", description="what is offered")
    service: str = Field(default="", description="how the customer is served")
    marketing: str = Field(default="", description="what is said, by which way")


DEFAULT_STRATEGIES = (
    TierStrategy(
        name="win back in person", lowest_tier=2, stages=LEAVING, product="what is missed, asked before it is offered",
        service="a named person calls before the next order is overdue",
        marketing="no price cut unasked; an offer as a test against a control group"),
    TierStrategy(
        name="build up in person", lowest_tier=2, stages=("new", "growing"), product="first choice of what is new",
        service="a named person; answers within a working day", marketing="thanks and advice, no price cut"),
    TierStrategy(
        name="keep in person", lowest_tier=2, product="terms fitted to what they use",
        service="a named person; a review every year", marketing="recognition; asked for advice"),
    TierStrategy(
        name="welcome", stages=("new",), product="a range to begin with",
        service="self-service, with help on the first order", marketing="a welcome that leads to a second order"),
    TierStrategy(
        name="extend", stages=("growing",), product="the next category", service="self-service; open cases first",
        marketing="suggestions by e-mail, as a test"),
    TierStrategy(
        name="bring back at low cost", stages=LEAVING, product="the standard range", service="self-service",
        marketing="a reminder or an offer in writing, as a test against a control group"),
    TierStrategy(
        name="serve at low cost", product="the standard range", service="self-service",
        marketing="what is sent to everybody, within the cap"),
)


class ActionsConfig(Section):
    """What the action plan assumes; costs of contacts and offers stand in ``[economics]``."""

    capacity: int = Field(
        500, ge=1, description="customers who can be contacted in this round, at most and not on average: who is in an "
        "open draw is chosen as if contacted, and places of the held out go to others [customers]")
    hold_out_share: float | None = Field(
        None, gt=0, lt=1, description="share of the list that is the random control group; empty to size it from a "
        "tenth to a half by the power to show the break-even [share]")
    minimum_value: float = Field(
        0.0, ge=0, description="value if retained below which nobody is contacted [money]")
    most_reduction: float = Field(
        1.0, gt=0, le=1,
        description="a contact that breaks even only at a larger relative cut in churn than this is not planned "
                    "[share]")
    purpose: str = Field(
        "marketing", min_length=1, description="purpose of the contacts; where consents are recorded, only who "
        "consents to it on the day, by the channel of the rule, is contacted")
    owner: str = Field(NOT_NAMED, description="who carries the plan out and answers for it")
    budget: float | None = Field(
        None, ge=0, description="expected cost of the plan at most; empty for no limit [money]")
    owner_capacity: dict[str, int] = Field(
        {}, description="contacts that one person can make in this round, by name; others have no limit of their own "
        "[customers]")
    max_contacts: int | None = Field(
        None, ge=1, description="who has had so many contacts within contact_days is not contacted again; empty for no "
        "cap [contacts]")
    contact_days: int = Field(30, ge=1, description="days for which contacts count as recent [days]")
    fatigue_cost: float = Field(
        0.0, ge=0, description="what one more contact is taken to cost in goodwill for each recent one [money]")
    fatigue_days: int = Field(
        90, ge=1, description="days before a contact in which others count when answers are held against them [days]")
    case_days: int = Field(2, ge=1, description="days within which who has an open case is to be dealt with [days]")
    cases_a_day: int = Field(
        10, ge=1, description="cases that a team can deal with in a working day, by which the days when they are due "
        "are spread [cases]")
    feedback_days: int = Field(
        5, ge=1, description="days within which customers are told what came of a closed case [days]")
    account_days: int = Field(
        14, ge=1, description="days within which a second person of a key account is to be met, and how customers are "
        "served is set [days]")
    compare_by: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        (), description="columns of canonical/customers by which contact and offer rates are compared, beside the "
        "tier; none that describes a person unless it is named here")
    rules: Annotated[tuple[ActionRule, ...], Field(strict=False)] = Field(
        DEFAULT_ACTION_RULES, description="what is done for which tier and risk; the first that fits decides")
    campaigns: Annotated[tuple[Campaign, ...], Field(strict=False)] = Field(
        DEFAULT_CAMPAIGNS, description="lists with a control group of their own, at most one of a kind")
    campaign_days: int = Field(
        180, ge=1, description="complaints of so many days call for service recovery or trust repair [days]")
    satisfaction_fall: float = Field(
        20.0, gt=0, le=100, description="fall of satisfaction from one answer to the next, to below the middle, that "
        "calls for trust repair [points of 100]")
    offers: Annotated[tuple[OfferTerms, ...], Field(strict=False)] = Field(
        (), description="terms of the offers that rules and campaigns make; of others nothing is told")
    strategies: Annotated[tuple[TierStrategy, ...], Field(strict=False)] = Field(
        DEFAULT_STRATEGIES, description="what each tier and stage of the life cycle gets; the first that fits decides")
    personal_channels: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        ("phone", "visit", "branch"), description="channels of contacts that people make; the others are tools'")

    @model_validator(mode="after")
    def _all_or_none_assumed(self) -> "ActionsConfig":
        if 0 < sum(rule.assumed_reduction is not None for rule in self.rules) < len(self.rules):
            raise ValueError("assumed_reduction must be given for every rule or for none, so that they compare")
        return self

    @model_validator(mode="after")
    def _one_of_a_kind(self) -> "ActionsConfig":
        kinds = [campaign.kind for campaign in self.campaigns]
        if len(kinds) > len(set(kinds)):
            raise ValueError("campaigns must be of different kinds")
        return self

    @property
    def rules_compete(self) -> bool:
        """Whether every rule that fits is weighed, rather than the first one taken."""
        return any(rule.assumed_reduction is not None for rule in self.rules)

    @property
    def channels(self) -> tuple[str, ...]:
        """Channels by which the lists contact, in order."""
        return tuple(sorted({one.channel for one in (*self.rules, *self.campaigns) if one.channel}))

    def may_get(self, offer: str, last_channels: pd.Series) -> pd.Series:
        """Return of customers with the channel of their latest order whether an offer is for them."""
        asked = next((one.order_channels for one in self.offers if offer and one.offer == offer), ())
        return last_channels.isin(asked) if asked else pd.Series(True, last_channels.index)

    def with_offers(self, offers: pd.DataFrame) -> "ActionsConfig":
        """Return the assumptions with cost and capacity of the offers that rules and campaigns name.

        Parameters
        ----------
        offers : DataFrame
            ``canonical/offers``.

        Raises
        ------
        InputError
            If a rule or a campaign names an offer that the records do not hold.
        """
        known = offers.set_index("offer_id")
        return self.model_copy(update={
            "rules": tuple(_with_offer(rule, known, "rules") for rule in self.rules),
            "campaigns": tuple(_with_offer(campaign, known, "campaigns") for campaign in self.campaigns)})

    def table(self) -> pd.DataFrame:
        """Return the assumptions, with a row for every rule, strategy, campaign and offer."""
        rows = Section.table(self).set_index("assumption", drop=False)
        own = rows.drop(index=["rules", "strategies", "campaigns", "offers"])
        lists = [*((f"rule {i}", one.action, _meaning(one), "rules") for i, one in enumerate(self.rules, 1)),
                 *((f"strategy {i}", one.name, _strategy_meaning(one), "strategies")
                   for i, one in enumerate(self.strategies, 1)),
                 *((f"campaign {i}", one.kind, _campaign_meaning(one), "campaigns")
                   for i, one in enumerate(self.campaigns, 1)),
                 *((f"offer {i}", one.offer, _offer_meaning(one), "offers") for i, one in enumerate(self.offers, 1))]
        parts = [{"assumption": name, "value": value, "meaning": meaning, "set_by": rows.loc[field, "set_by"]}
                 for name, value, meaning, field in lists]
        return pd.concat([own, pd.DataFrame(parts, columns=rows.columns)], ignore_index=True)


class PartnersConfig(Section):
    """Section ``[partners]``: the experiment that measures a coalition, and the terms of a joint programme."""

    experiment: str = Field(
        "", description="experiment whose arms are coalitions, named 'one + other'; empty for none")
    control: str = Field("none", min_length=1, description="its arm without any partner")
    metric: str = Field("metric_margin", min_length=1, description="its metric, in money a customer")
    days: int = Field(365, ge=1, description="how long customers and margin in common are counted back [days]")
    price_issued: float = Field(
        0.01, ge=0, description="what who issues a point pays to the joint programme, an assumption [money a point]")
    price_redeemed: float = Field(
        0.01, ge=0, description="what the joint programme pays to who takes a point, an assumption [money a point]")
    running_cost: float = Field(
        0.0, ge=0, description="cost of running it for as long, shared by coalition value, an assumption [money]")


_Offering = TypeVar("_Offering", ActionRule, Campaign)


def _with_offer(one: _Offering, offers: pd.DataFrame, section: str) -> _Offering:
    if not one.offer:
        return one
    if one.offer not in offers.index:
        raise InputError(f"[[actions.{section}]] offer", f"the records hold no offer '{one.offer}'",
                         spelling_hint(one.offer, sorted(offers.index)))
    row = offers.loc[one.offer]
    limits = [n for n in (one.capacity, row["capacity"]) if n is not None and not pd.isna(n)]
    return one.model_copy(update={"offer_cost": float(row["cost"]), "capacity": int(min(limits)) if limits else None})


def _tiers_text(lowest: int) -> str:
    return "every tier" if lowest >= EVERY_TIER else f"tiers 1 to {lowest}"


def _strategy_meaning(one: TierStrategy) -> str:
    return f"for {_tiers_text(one.lowest_tier)}, {', '.join(one.stages) or 'every stage'}"


def _meaning(rule: ActionRule) -> str:
    tiers = _tiers_text(rule.lowest_tier)
    cost = "a contact at the cost of [economics]" if rule.contact_cost is None else f"{rule.contact_cost:g} a contact"
    offer = f"with the offer {rule.offer}" if rule.offer else "with an offer" if rule.has_offer else "no offer"
    by = f", by {rule.channel}" if rule.channel else ""
    assumed = "" if rule.assumed_reduction is None else f", assumed to cut churn by {100 * rule.assumed_reduction:g} %"
    return f"for {' and '.join(rule.risks)} risk in {tiers}{by}; {cost}, {offer}{assumed} [money]"


def _campaign_meaning(campaign: Campaign) -> str:
    by = f", by {campaign.channel}" if campaign.channel else ""
    cost = ("a contact at the cost of [economics]" if campaign.contact_cost is None else
            f"{campaign.contact_cost:g} a contact")
    offer = (f"the offer {campaign.offer}" if campaign.offer else
             "an offer at the cost of [economics]" if campaign.offer_cost is None else
             f"{campaign.offer_cost:g} an offer" if campaign.offer_cost else "no offer")
    return (f"at most {campaign.capacity:,} contacted{by}, {100 * campaign.hold_out_share:g} % of the list held out "
            f"if that can tell; {cost}, {offer} [money]")


def _offer_meaning(one: OfferTerms) -> str:
    told = ", ".join(filter(None, (one.value or "value not declared", one.code and f"code {one.code}", one.terms)))
    whom = f"last order by {' or '.join(one.order_channels)}" if one.order_channels else "everybody"
    return f"{told}; holds {one.valid_days:,} days after the last contact day; for {whom}"
