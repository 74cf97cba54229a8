"""Action planner: first matching rule, priority ranking, capacity, random control group, costs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from helpers.actions.config import NO_ACTION, ActionRule, ActionsConfig
from helpers.actions.eligibility import NOT_SCORED, ContactConsent
from helpers.actions.schema import ACTION_LIST
from helpers.foundation.study_config import Economics

TREATMENT, CONTROL_GROUP = "treated", "held out"

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
    customers: pd.DataFrame, assumptions: ActionsConfig, economics: Economics, rng: np.random.Generator,
    permitted: ContactConsent = UNKNOWN_CONSENT,
) -> pd.DataFrame:
    """Return ``results/actions``: for every customer what is planned, or why nothing is.

    Who does not consent to the purpose of the contacts by the channel of their rule is left alone. The others whom a
    rule contacts are ranked by priority, equal ones by id; the list is cut so that with the hold-out taken off the
    capacity is filled; then the hold-out is drawn from the list over sorted ids.

    Parameters
    ----------
    customers : DataFrame
        As `candidates.candidates` gives it.
    assumptions : ActionsConfig
        Rules, capacity, hold-out.
    economics : Economics
        Costs and assumed uptake.
    rng : Generator
        Draws the hold-out.
    permitted : ContactConsent
        Who consents to the purpose, by which channel.
    """
    rule = _rule_of(customers, assumptions.rules)
    contact, offer = _costs(rule, assumptions.rules, economics)
    expected = contact + economics.offer_uptake * offer
    needed = _break_even_reduction(expected, customers["margin_at_risk"])
    reason = _reason_for_no_action(customers, rule, needed, assumptions)
    reason = np.where(reason == "", _not_permitted(customers, rule, assumptions, permitted), reason)
    rank = _ranks(customers, reason == "", _list_length(assumptions))
    reason = np.where((reason == "") & (rank == 0), "beyond the capacity of this round", reason)
    is_listed = rank > 0
    actions = np.array([r.action for r in assumptions.rules] + [NO_ACTION], dtype=object)
    planned = customers.drop(columns="is_unwilling").assign(
        action=np.where(is_listed, actions[rule], NO_ACTION), reason=reason,
        rank=pd.array(np.where(is_listed, rank, 0), dtype="Int64"),
        cost_expected=np.where(is_listed, expected, np.nan), cost_worst=np.where(is_listed, contact + offer, np.nan),
        break_even_reduction=np.where(is_listed, needed, np.nan))
    planned["rank"] = planned["rank"].mask(~is_listed)
    held = assign_at_random(planned.loc[is_listed, "customer_id"], assumptions.hold_out_share, rng)
    variant = planned["customer_id"].map(held.set_index("unit_id")["variant"])
    return planned.assign(variant=variant.astype("object").where(variant.notna(), None))[list(ACTION_LIST.names)]


def assign_at_random(ids: Sequence[str], share: float, rng: np.random.Generator) -> pd.DataFrame:
    """Return a random split of a list: unit_id, variant, probability; one row each, sorted by id.

    The number held out is the share of the list, rounded, and at least one of two or more; the probability is the
    one that this number makes true. The order of the ids does not matter.

    Examples
    --------
    >>> assign_at_random(["b", "a"], 0.1, np.random.default_rng(1))["variant"].value_counts().to_dict()
    {'held out': 1, 'treated': 1}
    """
    units = np.sort(np.asarray(ids, dtype=object).astype(str))
    n_held = max(round(share * len(units)), 1) if len(units) > 1 else 0
    is_held = np.zeros(len(units), dtype=bool)
    is_held[rng.choice(len(units), n_held, replace=False) if n_held else []] = True
    chance = n_held / max(len(units), 1)
    return pd.DataFrame({"unit_id": units, "variant": np.where(is_held, CONTROL_GROUP, TREATMENT),
                         "probability": np.where(is_held, chance, 1 - chance)})


def plan_costs(actions: pd.DataFrame) -> PlanCosts:
    """Return what the treated cost; who is held out costs nothing."""
    treated = actions[actions["variant"] == TREATMENT]
    return PlanCosts(float(treated["cost_expected"].sum()), float(treated["cost_worst"].sum()))


def _list_length(assumptions: ActionsConfig) -> int:
    """Return how long the list may be so that the treated fill the capacity and no more."""
    length = int(assumptions.capacity / (1 - assumptions.hold_out_share)) + 1
    while length - max(round(assumptions.hold_out_share * length), 1) > assumptions.capacity:
        length -= 1
    return max(length, 1)


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
            customers["risk"] == NOT_SCORED, rule == len(assumptions.rules), customers["is_unwilling"],
            customers["priority"].isna(), customers["value_if_kept"] < assumptions.minimum_value,
            needed > assumptions.most_reduction,
        ],
        [
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


def _ranks(customers: pd.DataFrame, is_candidate: np.ndarray, length: int) -> np.ndarray:
    """Return the rank on the list, 0 for who is not on it, shape (n_customers,)."""
    order = customers[is_candidate].sort_values(["priority", "customer_id"], ascending=[False, True])
    ranks = pd.Series(0, index=customers.index)
    ranks.loc[order.index[:length]] = np.arange(1, min(len(order), length) + 1)
    return ranks.to_numpy()
