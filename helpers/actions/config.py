"""Section [actions] of a study: rules, capacity, share of the control group, purpose, owner."""

from typing import Annotated

import pandas as pd
from pydantic import Field

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


DEFAULT_ACTION_RULES = (
    ActionRule(action="personal contact", risks=("high", "medium"), lowest_tier=2, channel="phone", contact_cost=10.0),
    ActionRule(action="offer by e-mail", risks=("high",), has_offer=True, channel="e-mail"),
    ActionRule(action="reminder by e-mail", risks=("medium",), lowest_tier=3, channel="e-mail"),
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
    rules: Annotated[tuple[ActionRule, ...], Field(strict=False)] = Field(
        DEFAULT_ACTION_RULES, description="what is done for which tier and risk; the first that fits decides")

    def table(self) -> pd.DataFrame:
        """Return the assumptions, with a row for every rule."""
        rows = Section.table(self)
        own, by = rows[rows["assumption"] != "rules"], rows.loc[rows["assumption"] == "rules", "set_by"].iloc[0]
        rules = pd.DataFrame([{"assumption": f"rule {i}", "value": rule.action, "meaning": _meaning(rule), "set_by": by}
                              for i, rule in enumerate(self.rules, 1)], columns=rows.columns)
        return pd.concat([own, rules], ignore_index=True)


def _meaning(rule: ActionRule) -> str:
    tiers = "every tier" if rule.lowest_tier >= 99 else f"tiers 1 to {rule.lowest_tier}"
    cost = "a contact at the cost of [economics]" if rule.contact_cost is None else f"{rule.contact_cost:g} a contact"
    offer = "with an offer" if rule.has_offer else "no offer"
    by = f", by {rule.channel}" if rule.channel else ""
    return f"for {' and '.join(rule.risks)} risk in {tiers}{by}; {cost}, {offer} [money]"
