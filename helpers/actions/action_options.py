"""Action options: for each customer the rules that may be followed, what each would be worth, and what limits them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.actions.config import ActionRule, ActionsConfig
from helpers.actions.eligibility import ContactConsent
from helpers.actions.measured_response import ActionResponse
from helpers.actions.next_best_action import SharedLimit
from helpers.foundation.engine import Engine
from helpers.foundation.study_config import Economics

ROUNDED = 1.5  # customers more than its share that a draw in proportion may leave treated in one group of its order


@dataclass(frozen=True)
class ActionOptions:
    """Customers × rules, as a study declares them.

    Parameters
    ----------
    customers : DataFrame
        As `eligibility.contact_candidates` gives it.
    assumptions : ActionsConfig
        Rules, limits; offers resolved.
    economics : Economics
        Costs and assumed uptake.
    permitted : ContactConsent
        Who consents to the purpose, by which channel.
    response : ActionResponse
        What contact did in earlier rounds.
    """

    customers: pd.DataFrame
    assumptions: ActionsConfig
    economics: Economics
    permitted: ContactConsent
    response: ActionResponse

    @property
    def rules(self) -> tuple[ActionRule, ...]:
        """The rules, in their order."""
        return self.assumptions.rules

    @cached_property
    def fits(self) -> np.ndarray:
        """Whether each rule fits each customer's risk and tier, and its offer his orders, (n_customers, n_rules)."""
        columns = [self.customers["risk"].isin(rule.risks) & (self.customers["tier_rank"] <= rule.lowest_tier)
                   & self.assumptions.may_get(rule.offer, self.customers["last_channel"]) for rule in self.rules]
        return np.column_stack(columns) if columns else np.zeros((len(self.customers), 0), dtype=bool)

    @cached_property
    def first(self) -> np.ndarray:
        """Place of the first rule that fits, the number of rules where none does, shape (n_customers,)."""
        has_none = np.ones((len(self.customers), 1), dtype=bool)
        return np.column_stack([self.fits, has_none]).argmax(axis=1)

    @cached_property
    def consents(self) -> np.ndarray:
        """Whether each customer consents to the channel of each rule, shape (n_customers, n_rules)."""
        columns = [self.permitted.allows(self.customers["customer_id"], rule.channel) for rule in self.rules]
        return np.column_stack(columns) if columns else np.zeros((len(self.customers), 0), dtype=bool)

    @cached_property
    def costs(self) -> tuple[np.ndarray, np.ndarray]:
        """Expected and highest cost of each rule, a last one for none, shapes (n_rules + 1,) [money]."""
        contact = [self.economics.contact_cost if r.contact_cost is None else r.contact_cost for r in self.rules]
        offer = [(self.economics.offer_cost if r.offer_cost is None else r.offer_cost) * r.makes_offer
                 for r in self.rules]
        highest = np.array([*contact, 0.0]) + np.array([*offer, 0.0])
        return np.array([*contact, 0.0]) + self.economics.offer_uptake * np.array([*offer, 0.0]), highest

    @cached_property
    def break_even(self) -> np.ndarray:
        """Relative cut in churn at which each rule pays, infinite where nothing can pay, NaN where nothing is known.

        Shape (n_customers, n_rules + 1).
        """
        stake = self.customers["margin_at_risk"].to_numpy("float64")[:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            needed = self.costs[0] / np.where(stake > 0, stake, np.nan)
        return np.where(stake <= 0, np.inf, needed)

    @property
    def is_allowed(self) -> np.ndarray:
        """Whether each rule may be followed for each customer, shape (n_customers, n_rules)."""
        is_weighed = self.assumptions.rules_compete | (np.arange(len(self.rules)) == self.first[:, None])
        return self.fits & self.consents & is_weighed & ~(self.break_even[:, :-1] > self.assumptions.most_reduction)

    @property
    def reductions(self) -> np.ndarray:
        """Relative cut in churn by each rule, shape (n_rules,), as `cuts_in_churn` gives them."""
        return cuts_in_churn(self.rules, self.response)

    @cached_property
    def gains(self) -> np.ndarray:
        """Cut in churn × margin at risk less expected cost and the price of fatigue, (n_customers, n_rules) [money].

        NaN where no cut is assumed. Where a risk has no date, the priority stands for the margin at risk.
        """
        stake = self.customers["priority"].to_numpy("float64")[:, None]
        fatigue = self.assumptions.fatigue_cost * self.customers["n_recent_contacts"].to_numpy("float64")[:, None]
        return stake * self.reductions - self.costs[0][:-1] - fatigue

    def values(self, is_candidate: np.ndarray) -> np.ndarray:
        """Return what each option is worth in the assignment, shape (n_customers, n_rules); −inf where it may not be.

        The gain where cuts are assumed; else the priority, since customers are then ranked for testing.

        Parameters
        ----------
        is_candidate : ndarray of bool of shape (n_customers,)
            Who may be contacted at all.
        """
        priority = self.customers["priority"].to_numpy("float64")[:, None]
        worth = self.gains if self.assumptions.rules_compete else np.broadcast_to(priority, self.fits.shape)
        return np.where(self.is_allowed & is_candidate[:, None] & ~np.isnan(worth), worth, -np.inf)

    def owners(self, rule: np.ndarray) -> np.ndarray:
        """Return who carries out the rule of each customer, shape (n_customers,)."""
        named = np.array([r.owner or self.assumptions.owner for r in self.rules] + [""], dtype=object)
        by_account = np.array([r.is_by_account_owner for r in self.rules] + [False])
        own = self.customers["our_owner"].to_numpy(dtype=object)
        return np.where(by_account[rule] & (own != ""), own, named[rule])

    def limits(self, share: float, has_arm: np.ndarray) -> list[SharedLimit]:
        """Return what the study limits, for lists of which a share is held out.

        Limits hold for who is contacted. Of those without an arm a share will be held out; the draw is in proportion,
        so that a limit may be planned for by that share, less what rounding can leave over; where a limit is small, so
        that this gives less than it, as many are listed as the limit. Whoever has an arm counts as contacted.

        Parameters
        ----------
        share : float
            Share of the control group.
        has_arm : ndarray of bool of shape (n_customers,)
            Who keeps the arm of an open draw.
        """
        m, own = len(self.rules), self.customers["our_owner"].to_numpy(dtype=object)
        alone, n_groups = np.ones((len(own), 1)), m * max(self.customers["tier"].nunique(), 1)
        found = [(f"capacity of {name}", alone, which[None, :], float(most), 1) for name, which, most in
                 self._capacities()]
        by_account = np.array([r.is_by_account_owner for r in self.rules])
        named = np.array([r.owner or self.assumptions.owner for r in self.rules], dtype=object)
        for name, most in self.assumptions.owner_capacity.items():
            whose = np.column_stack([own == name, own == "", np.ones(len(own))]).astype("float64")
            uses = np.stack([by_account, by_account & (named == name), ~by_account & (named == name)])
            found.append((f"capacity of {name}", whose, uses.astype("float64"), float(most), n_groups))
        if self.assumptions.budget is not None:
            found.append(("budget", alone, self.costs[0][None, :-1], self.assumptions.budget, n_groups))
        return [_limit_of_treated(SharedLimit(name, weights, use, most), n, share, has_arm)
                for name, weights, use, most, n in found]

    def _capacities(self) -> list[tuple[str, np.ndarray, int]]:
        """Return what is limited by rule or by offer: name, rules that count towards it, limit [customers]."""
        names = np.array([r.offer or r.action for r in self.rules], dtype=object)
        most = {r.offer or r.action: r.capacity for r in self.rules if r.capacity is not None}
        return [(name, (names == name).astype("float64"), limit) for name, limit in most.items()]


def with_last_channel(
    engine: Engine, customers: pd.DataFrame, transactions: ir.Table, as_of: date
) -> pd.DataFrame:
    """Return candidates with the channel of their latest order up to a day, by which offers ask who may have them.

    Parameters
    ----------
    engine : Engine
        Where the orders are.
    customers : DataFrame
        As `eligibility.contact_candidates` gives it.
    transactions : Table
        ``canonical/transactions``.
    as_of : date
        The day of the plan.
    """
    sales = transactions.filter(transactions["kind"] == "sale", transactions["customer_id"].notnull(),
                                transactions["ordered_at"].date() <= ibis.literal(as_of))
    last = engine.frame(sales.group_by("customer_id").aggregate(
        last_channel=sales["channel"].argmax(sales["ordered_at"])), "canonical/transactions")
    channel = customers["customer_id"].map(last.set_index("customer_id")["last_channel"])
    return customers.assign(last_channel=channel.astype("object").fillna(""))


def cuts_in_churn(rules: Sequence[ActionRule], response: ActionResponse) -> np.ndarray:
    """Return the relative cut in churn by each rule: as assumed, in sum as measured where that is clear; (n_rules,).

    NaN where none is assumed.
    """
    assumed = np.array([np.nan if r.assumed_reduction is None else r.assumed_reduction for r in rules])
    if not response.cuts_churn or not len(assumed):
        return assumed
    return np.minimum(assumed * response.reduction.value / assumed.mean(), 1.0)


def largest_cut(assumptions: ActionsConfig, response: ActionResponse) -> float:
    """Return the largest relative cut in churn that any contact is believed to bring [share].

    The study's bound where none is assumed.
    """
    cuts = cuts_in_churn(assumptions.rules, response)
    return float(min(np.nanmax(cuts), assumptions.most_reduction)) if np.isfinite(cuts).any() else (
        assumptions.most_reduction)


def _limit_of_treated(one: SharedLimit, n_groups: int, share: float, has_arm: np.ndarray) -> SharedLimit:
    """Return a limit of who is contacted as one of who is listed."""
    left_over = ROUNDED * n_groups * float(one.use.max(initial=0.0))
    is_by_share = (one.limit - left_over) / (1 - share) > one.limit
    counts = np.where(has_arm | (not is_by_share), 1.0, 1 - share)
    return SharedLimit(one.name, one.weights * counts[:, None], one.use, one.limit - left_over * is_by_share)
