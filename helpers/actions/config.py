"""Section [actions] of a study: rules, capacity, share of the control group, purpose, owner."""

from typing import Annotated

import pandas as pd
from pydantic import Field, model_validator

from helpers.foundation.errors import InputError, spelling_hint
from helpers.foundation.study_config import Section

NO_ACTION = "leave alone"


class ActionRule(Section):
    """One rule ``[[actions.rules]]``: the first that fits a customer decides what is planned."""

    action: str = Field(min_length=1, description="what is done")
    risks: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        default=("high",), description="bands of risk that it is for: low, medium, high")
    lowest_tier: int = Field(default=99, ge=1, description="rank of the lowest tier that it is for, 1 the top [rank]")
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


DEFAULT_ACTION_RULES = (
    ActionRule(action="personal contact", risks=("high", "medium"), lowest_tier=2, channel="phone", contact_cost=10.0,
               due_days=7, script="Ask how the last order went and what we could do better; offer nothing unasked."),
    ActionRule(action="offer by e-mail", risks=("high",), has_offer=True, channel="e-mail",
               script="We have not seen you for a while: here is something for your next order."),
    ActionRule(action="reminder by e-mail", risks=("medium",), lowest_tier=3, channel="e-mail",
               script="What is new since your last order, and how to reach us."),
)


class ActionsConfig(Section):
    """What the action plan assumes; costs of contacts and offers stand in ``[economics]``."""

    capacity: int = Field(500, ge=1, description="customers who can be contacted in this round [customers]")
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
    owner: str = Field("not named", description="who carries the plan out and answers for it")
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
    compare_by: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        (), description="columns of canonical/customers by which contact and offer rates are compared, beside the "
        "tier; none that describes a person unless it is named here")
    rules: Annotated[tuple[ActionRule, ...], Field(strict=False)] = Field(
        DEFAULT_ACTION_RULES, description="what is done for which tier and risk; the first that fits decides")

    @model_validator(mode="after")
    def _all_or_none_assumed(self) -> "ActionsConfig":
        if 0 < sum(rule.assumed_reduction is not None for rule in self.rules) < len(self.rules):
            raise ValueError("assumed_reduction must be given for every rule or for none, so that they compare")
        return self

    @property
    def rules_compete(self) -> bool:
        """Whether every rule that fits is weighed, rather than the first one taken."""
        return any(rule.assumed_reduction is not None for rule in self.rules)

    def with_offers(self, offers: pd.DataFrame) -> "ActionsConfig":
        """Return the assumptions with cost and capacity of the offers that rules name.

        Parameters
        ----------
        offers : DataFrame
            ``canonical/offers``.

        Raises
        ------
        InputError
            If a rule names an offer that the records do not hold.
        """
        known = offers.set_index("offer_id")
        return self.model_copy(update={"rules": tuple(_with_offer(rule, known) for rule in self.rules)})

    def table(self) -> pd.DataFrame:
        """Return the assumptions, with a row for every rule."""
        rows = Section.table(self)
        own, by = rows[rows["assumption"] != "rules"], rows.loc[rows["assumption"] == "rules", "set_by"].iloc[0]
        rules = pd.DataFrame([{"assumption": f"rule {i}", "value": rule.action, "meaning": _meaning(rule), "set_by": by}
                              for i, rule in enumerate(self.rules, 1)], columns=rows.columns)
        return pd.concat([own, rules], ignore_index=True)


def _with_offer(rule: ActionRule, offers: pd.DataFrame) -> ActionRule:
    if not rule.offer:
        return rule
    if rule.offer not in offers.index:
        raise InputError("[[actions.rules]] offer", f"the records hold no offer '{rule.offer}'",
                         spelling_hint(rule.offer, sorted(offers.index)))
    row = offers.loc[rule.offer]
    limits = [n for n in (rule.capacity, row["capacity"]) if n is not None and not pd.isna(n)]
    return rule.model_copy(update={"offer_cost": float(row["cost"]), "capacity": int(min(limits)) if limits else None})


def _meaning(rule: ActionRule) -> str:
    tiers = "every tier" if rule.lowest_tier >= 99 else f"tiers 1 to {rule.lowest_tier}"
    cost = "a contact at the cost of [economics]" if rule.contact_cost is None else f"{rule.contact_cost:g} a contact"
    offer = f"with the offer {rule.offer}" if rule.offer else "with an offer" if rule.has_offer else "no offer"
    by = f", by {rule.channel}" if rule.channel else ""
    assumed = "" if rule.assumed_reduction is None else f", assumed to cut churn by {100 * rule.assumed_reduction:g} %"
    return f"for {' and '.join(rule.risks)} risk in {tiers}{by}; {cost}, {offer}{assumed} [money]"
