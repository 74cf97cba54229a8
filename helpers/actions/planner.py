"""Action planner: the action of each customer, priority ranking, capacity, random control group, costs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from helpers.actions.action_options import ActionOptions
from helpers.actions.config import NO_ACTION, ActionsConfig
from helpers.actions.control_group import RankedCandidates, control_group_share
from helpers.actions.eligibility import IN_GLOBAL_CONTROL, NOT_SCORED, ContactConsent, contact_barriers
from helpers.actions.measured_response import UNMEASURED, ActionResponse
from helpers.actions.next_best_action import SharedLimit, best_assignment
from helpers.actions.schema import ACTION_LIST
from helpers.customers.random_assignment import TREATMENT, Draw
from helpers.foundation.study_config import Economics

BEYOND_CAPACITY = "beyond the capacity of this round"

NO_RULE, COSTS_TOO_MUCH = "no rule is for this tier and risk", "a contact costs more than it could keep"

UNSETTLED = "a complaint is unsettled: it comes first"

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

    Who may not be contacted is left alone: opted out, contacted too often lately, without consent by the channel. Each
    of the others gets the rule that decides, or, where the study assumes cuts in churn, the one by which the whole plan
    is worth most within capacities and budget. The list is ranked by priority, equal ones by id, and cut so that with
    the control group taken off the capacity is filled; then the control group is drawn from the list, in proportion
    to action and tier. Whoever is in a draw that is open keeps that arm.

    Limits hold at most, not on average, since people and money cannot be exceeded. So that nobody's own arm decides
    whether he is listed, whoever is in an open draw is chosen as if all of them were contacted; what the held out among
    them leave over goes to customers without an arm, who are drawn afterwards.

    Parameters
    ----------
    customers : DataFrame
        As `eligibility.contact_candidates` gives it.
    assumptions : ActionsConfig
        Rules, capacities, budget, share of the control group; offers resolved.
    economics : Economics
        Costs and assumed uptake.
    draw : Draw
        Of the control group.
    permitted : ContactConsent
        Who consents to the purpose, by which channel.
    response : ActionResponse
        What contact did in earlier rounds, for the size of the control group and the cuts in churn.
    """
    options = ActionOptions(customers, assumptions, economics, permitted, response)
    reason = _reason_for_no_action(options)
    values = options.values(reason == "")
    arms = draw.kept_arms(customers["customer_id"])
    alone = _best_rule(options, values)
    share = control_group_share(_candidates(options, alone, arms, _ranking(options, alone)), assumptions, response)
    rule = _chosen(options, values, share, arms)
    late = np.where(alone == len(options.rules), "", np.where(
        values.max(axis=1, initial=-np.inf) > 0, BEYOND_CAPACITY, "no action is expected to pay for itself"))
    reason = np.where((reason == "") & (rule == len(options.rules)), late, reason)
    order = _ranking(options, np.where(reason == "", rule, len(options.rules)))
    candidates = _candidates(options, rule, arms, order)
    return _with_list(_planned(options, rule, reason), options, candidates, order, share, draw)[list(ACTION_LIST.names)]


def _best_rule(options: ActionOptions, values: np.ndarray) -> np.ndarray:
    """Return the rule of most worth for each customer without any limit, the number of rules for none."""
    best = values.argmax(axis=1) if values.shape[1] else options.first
    return np.where(values.max(axis=1, initial=-np.inf) > -np.inf, best, len(options.rules))


def _chosen(options: ActionOptions, values: np.ndarray, share: float, arms: np.ndarray) -> np.ndarray:
    """Return the rule by which each customer may be listed, the number of rules for none, shape (n_customers,)."""
    has_arm, none = arms != "", len(options.rules)
    limits = options.limits(share, has_arm)
    if not limits and not options.assumptions.rules_compete:
        rule = _best_rule(options, values)
        order = _ranking(options, rule)
        is_listed = _candidates(options, rule, arms, order).listed(options.assumptions.capacity, share)
        rule[order[has_arm[order] & ~is_listed]] = none
        return rule
    counts, capacity = np.where(has_arm, 1.0, 1 - share)[:, None], float(options.assumptions.capacity)
    limits = [SharedLimit("capacity", counts, np.ones((1, values.shape[1])), capacity), *limits]
    worth = values * counts  # of who is contacted
    taken = best_assignment(worth, limits).action if has_arm.any() else np.full(len(values), -1)
    kept = np.where(has_arm, taken, -1)
    left = _left_by_treated(limits, kept, arms)
    left[0] = replace(left[0], limit=left[0].limit + 1.0)  # what rounding leaves over, the list is cut to the capacity
    kept[~has_arm] = best_assignment(worth[~has_arm], left).action
    return np.where(kept < 0, none, kept)


def _left_by_treated(limits: Sequence[SharedLimit], kept: np.ndarray, arms: np.ndarray) -> list[SharedLimit]:
    """Return what customers of open draws leave of limits to those without an arm: the treated of them use it."""
    treated = np.where(arms == TREATMENT, kept, -1)
    return [replace(one, weights=one.weights[arms == ""], limit=one.left_after(treated)) for one in limits]


def _planned(options: ActionOptions, rule: np.ndarray, reason: np.ndarray) -> pd.DataFrame:
    """Return customers with the action of a rule each, what it costs and what it is assumed to bring."""
    everyone, rules = np.arange(len(rule)), options.rules
    of_rule = {name: np.array([*values, None], dtype=object)[rule] for name, values in {
        "action": [r.action for r in rules], "channel": [r.channel or None for r in rules],
        "offer": [r.offer or ("offer" if r.has_offer else None) for r in rules]}.items()}
    gains = np.column_stack([options.gains, np.full(len(rule), np.nan)])
    expected, worst = options.costs
    return options.customers.assign(
        **of_rule, owner=options.owners(rule), reason=reason, cost_expected=expected[rule], cost_worst=worst[rule],
        assumed_gain=gains[everyone, rule], break_even_reduction=options.break_even[everyone, rule])


def _ranking(options: ActionOptions, rule: np.ndarray) -> np.ndarray:
    """Return the places of the customers whom a rule contacts, the first ranked first."""
    people = options.customers
    return people.assign(at=np.arange(len(people)))[rule < len(options.rules)].sort_values(
        ["priority", "customer_id"], ascending=[False, True])["at"].to_numpy(dtype="int64")


def _candidates(options: ActionOptions, rule: np.ndarray, arms: np.ndarray, order: np.ndarray) -> RankedCandidates:
    """Return customers whom a rule contacts in their order."""
    risk, stake = (options.customers[c].to_numpy("float64")[order] for c in ("churn_probability", "margin_at_risk"))
    return RankedCandidates(risk, stake, options.costs[0][rule[order]], arms[order])


def _with_list(
    planned: pd.DataFrame, options: ActionOptions, candidates: RankedCandidates, order: np.ndarray, share: float,
    draw: Draw,
) -> pd.DataFrame:
    """Return the plan with the list cut to the capacity, its ranks and its arms."""
    has_arm = candidates.kept_arm != ""
    listed = planned.iloc[order[candidates.completed(has_arm, options.assumptions.capacity, share)]]
    strata = (listed["action"] + ", " + listed["tier"]).set_axis(listed["customer_id"])
    drawn = draw.assign(strata, share).set_index("unit_id").rename(columns={"experiment": "draw"})
    is_listed = pd.Series(planned.index.isin(listed.index), index=planned.index)
    ranks = pd.Series(np.arange(1, len(listed) + 1), index=listed.index).reindex(planned.index).astype("Int64")
    names = ["variant", "probability", "stratum", "draw"]
    found = planned.assign(rank=ranks, action=planned["action"].where(is_listed, NO_ACTION), reason=planned[
        "reason"].mask(~is_listed & (planned["reason"] == ""), BEYOND_CAPACITY))
    numbers, texts = ["cost_expected", "cost_worst", "break_even_reduction", "assumed_gain"], ["channel", "offer",
                                                                                               "owner"]
    found[[*numbers, *texts]] = found[[*numbers, *texts]].where(is_listed)
    return found.join(drawn[names].astype({name: "object" for name in names if name != "probability"}),
                      on="customer_id").pipe(_none_for_missing, ["variant", "stratum", "draw", *texts])


def _none_for_missing(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    return frame.assign(**{c: frame[c].astype("object").where(frame[c].notna(), None) for c in columns})


def plan_costs(actions: pd.DataFrame) -> PlanCosts:
    """Return what the treated cost; who is held out costs nothing."""
    treated = actions[actions["variant"] == TREATMENT]
    return PlanCosts(float(treated["cost_expected"].sum()), float(treated["cost_worst"].sum()))


def _reason_for_no_action(options: ActionOptions) -> np.ndarray:
    """Return why nothing may be planned, empty where something may, shape (n_customers,)."""
    customers, assumptions, everyone = options.customers, options.assumptions, np.arange(len(options.customers))
    barrier = contact_barriers(customers, assumptions.max_contacts, assumptions.contact_days)
    needed = options.break_even[everyone, options.first]
    reason = np.select(
        [
            barrier == IN_GLOBAL_CONTROL, customers["key_account"] != "", customers["campaign"] != "",
            customers["is_unsettled"],
            customers["risk"] == NOT_SCORED, options.first == len(options.rules), barrier != "",
            customers["priority"].isna(), customers["value_if_kept"] < assumptions.minimum_value,
            ~options.is_allowed.any(axis=1) & (needed > assumptions.most_reduction),
        ],
        [
            IN_GLOBAL_CONTROL, barrier, "on the list of " + customers["campaign"], UNSETTLED,
            "no risk is known", NO_RULE, barrier, "no value is known",
            "worth less than the minimum", COSTS_TOO_MUCH,
        ],
        "",
    ).astype(object)
    return np.where((reason == "") & ~options.is_allowed.any(axis=1), _missing_consent(options), reason)


def _missing_consent(options: ActionOptions) -> np.ndarray:
    """Return what consent is missing for the first rule that fits, shape (n_customers,)."""
    channels = [*(rule.channel for rule in options.rules), ""]
    return np.array([options.permitted.missing(channel) for channel in channels], dtype=object)[options.first]
