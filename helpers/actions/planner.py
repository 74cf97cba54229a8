"""Action planner: first matching rule, priority ranking, capacity, random control group, costs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from helpers.actions.config import NO_ACTION, ActionRule, ActionsConfig
from helpers.actions.control_group import RankedCandidates, control_group_share
from helpers.actions.eligibility import NOT_SCORED, ContactConsent
from helpers.actions.measured_response import UNMEASURED, ActionResponse
from helpers.actions.schema import ACTION_LIST
from helpers.customers.random_assignment import TREATMENT, Draw, first_drawn
from helpers.foundation.study_config import Economics

NO_CONSENT = "no consent to"

UNKNOWN_CONSENT = ContactConsent(
    "", (), pd.DataFrame({"customer_id": pd.Series(dtype="str"), "channel": pd.Series(dtype="str")})
)


@dataclass(frozen=True, slots=True)
class PlanCosts:
    """What a plan costs [money].

    Parameters
    ----------
    expected : float
        All contacts, and offers at the assumed uptake.
    worst : float
        All contacts, and every offer taken up.
    """

    expected: float
    worst_case: float


def plan_actions(
    customers: pd.DataFrame, assumptions: ActionsConfig, economics: Economics, draw: Draw,
    permitted: ContactConsent = UNKNOWN_CONSENT, response: ActionResponse = UNMEASURED,
) -> pd.DataFrame:
    """Return ``results/actions``: for every customer what is planned, or why nothing is.

    Who does not consent to the purpose of the contacts by the channel of their rule is left alone. The others whom a
    rule contacts are ranked by priority, equal ones by id; the list is cut so that with the control group taken off
    the capacity is filled; then the control group is drawn from the list, in proportion to action and tier. Whoever is
    in a draw that is open keeps that arm.

    Parameters
    ----------
    customers : DataFrame
        As `candidates.candidates` gives it.
    assumptions : ActionsConfig
        Rules, capacity, share of the control group.
    economics : Economics
        Costs and assumed uptake.
    draw : Draw
        Of the control group.
    permitted : ContactConsent
        Who consents to the purpose, by which channel.
    response : ActionResponse
        What contact did in earlier rounds, for the size of the control group.
    """
    rule = _rule_of(customers, assumptions.rules)
    contact, offer = _costs(rule, assumptions.rules, economics)
    expected = contact + economics.offer_uptake * offer
    needed = _break_even_reduction(expected, customers["margin_at_risk"])
    reason = _reason_for_no_action(customers, rule, needed, assumptions)
    reason = np.where(reason == "", _not_permitted(customers, rule, assumptions, permitted), reason)
    actions = np.array([r.action for r in assumptions.rules] + [NO_ACTION], dtype=object)
    planned = customers.drop(columns=["is_unwilling", "is_global_control"]).assign(
        action=actions[rule], reason=reason, cost_expected=expected, cost_worst=contact + offer,
        break_even_reduction=needed)
    return _with_list(planned, assumptions, draw, response)[list(ACTION_LIST.names)]


def _with_list(
    planned: pd.DataFrame, assumptions: ActionsConfig, draw: Draw, response: ActionResponse
) -> pd.DataFrame:
    """Return the plan with the list cut to the capacity, its ranks and its arms."""
    ordered = planned[planned["reason"] == ""].sort_values(["priority", "customer_id"], ascending=[False, True])
    arms = first_drawn(draw.assigned).set_index("unit_id")["variant"].reindex(ordered["customer_id"])
    risk, stake, cost = (ordered[c].to_numpy("float64") for c in (
        "churn_probability", "margin_at_risk", "cost_expected"))
    candidates = RankedCandidates(risk, stake, cost, arms.astype("object").fillna("").to_numpy())
    share = control_group_share(candidates, assumptions, response)
    listed = ordered.head(candidates.length(assumptions.capacity, share))
    strata = (listed["action"] + ", " + listed["tier"]).set_axis(listed["customer_id"])
    drawn = draw.assign(strata, share).set_index("unit_id").rename(columns={"experiment": "draw"})
    is_listed = planned.index.isin(listed.index)
    ranks = pd.Series(np.arange(1, len(listed) + 1), index=listed.index).reindex(planned.index).astype("Int64")
    names = ["variant", "probability", "stratum", "draw"]
    found = planned.assign(rank=ranks, action=planned["action"].where(is_listed, NO_ACTION), reason=planned[
        "reason"].mask(~is_listed & (planned["reason"] == ""), "beyond the capacity of this round"))
    costs = ["cost_expected", "cost_worst", "break_even_reduction"]
    found[costs] = found[costs].where(pd.Series(is_listed, index=found.index), np.nan)
    return found.join(drawn[names].astype({name: "object" for name in names if name != "probability"}),
                      on="customer_id").pipe(_none_for_missing, ["variant", "stratum", "draw"])


def _none_for_missing(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    return frame.assign(**{c: frame[c].astype("object").where(frame[c].notna(), None) for c in columns})


def plan_costs(actions: pd.DataFrame) -> PlanCosts:
    """Return what the treated cost; who is held out costs nothing."""
    treated = actions[actions["variant"] == TREATMENT]
    return PlanCosts(float(treated["cost_expected"].sum()), float(treated["cost_worst"].sum()))


def _rule_of(customers: pd.DataFrame, rules: Sequence[ActionRule]) -> np.ndarray:
    """Return the place of the first rule that fits, the number of rules where none does, shape (n_customers,)."""
    fits = [customers["risk"].isin(rule.risks) & (customers["tier_rank"] <= rule.lowest_tier) for rule in rules]
    return np.select(fits, range(len(rules)), len(rules)) if rules else np.zeros(len(customers), dtype=int)


def _costs(rule: np.ndarray, rules: Sequence[ActionRule], economics: Economics) -> tuple[np.ndarray, np.ndarray]:
    contact = [economics.contact_cost if r.contact_cost is None else r.contact_cost for r in rules]
    offer = [economics.offer_cost if r.has_offer else 0.0 for r in rules]
    return np.array([*contact, 0.0])[rule], np.array([*offer, 0.0])[rule]


def _break_even_reduction(expected: np.ndarray, at_stake: pd.Series) -> np.ndarray:
    """Return the share of the risk that pays, infinite where nothing can pay, NaN where the stake is not known."""
    needed = expected / at_stake.where(at_stake > 0)
    return needed.mask(at_stake <= 0, np.inf).to_numpy("float64")


def _reason_for_no_action(
    customers: pd.DataFrame, rule: np.ndarray, needed: np.ndarray, assumptions: ActionsConfig
) -> np.ndarray:
    """Return why nothing is planned, empty where something is, shape (n_customers,)."""
    return np.select(
        [
            customers["is_global_control"],
            customers["risk"] == NOT_SCORED, rule == len(assumptions.rules), customers["is_unwilling"],
            customers["priority"].isna(), customers["value_if_kept"] < assumptions.minimum_value,
            needed > assumptions.most_reduction,
        ],
        [
            "in the global control group",
            "no risk is known", "no rule is for this tier and risk", "has opted out", "no value is known",
            "worth less than the minimum", "a contact costs more than it could keep",
        ],
        "",
    ).astype(object)


def _not_permitted(
    customers: pd.DataFrame, rule: np.ndarray, assumptions: ActionsConfig, permitted: ContactConsent
) -> np.ndarray:
    """Return what consent is missing, empty where none is, shape (n_customers,)."""
    missing = np.full(len(customers), "", dtype=object)
    for i, one in enumerate(assumptions.rules):
        by = f" by {one.channel}" if one.channel else ""
        is_refused = (rule == i) & ~permitted.allows(customers["customer_id"], one.channel)
        missing[is_refused] = f"{NO_CONSENT} {permitted.purpose}{by}"
    return missing
