"""Simulated subscriptions: who holds one, for how long, and why it ended."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from scipy.special import expit

from helpers.simulation import arrow_columns
from helpers.simulation.customer_traits import CustomerBlock
from helpers.simulation.planted_truth import N_DAYS, World

MONTH_DAYS = 30.4375

PLANS = ("monthly", "yearly")

FEES = (1490, 1990, 2490, 2990, 3490)

USUAL_FEE = 25.0

PAYMENTS = ("card", "direct debit", "invoice")

PAYMENT_SHARES = (0.4, 0.4, 0.2)

BOXES = ("small", "large")

ENDS = ("voluntary", "payment", "other")

REASONS = ("too expensive", "trouble with the service", "not satisfied with the products", "no longer needed",
           "card refused", "moved away")


@dataclass(frozen=True, slots=True)
class ContractsHeld:
    """The contracts of one block, one entry a contract.

    Parameters
    ----------
    who : ndarray of int
        Row of the customer.
    months : ndarray
        Months from start to end, whether or not the end lies within the history [months].
    end : ndarray of int
        Code of the kind of end.
    reason, plan, fee, payment, box : ndarray of int
        Codes; the fee in cents a month.
    notice : ndarray
        Chance a month of giving notice.
    """

    who: np.ndarray
    months: np.ndarray
    end: np.ndarray
    reason: np.ndarray
    plan: np.ndarray
    fee: np.ndarray
    payment: np.ndarray
    box: np.ndarray
    notice: np.ndarray

    def last_days(self, block: CustomerBlock) -> np.ndarray:
        """Return the last day of each contract, from the first day of the history."""
        return (block.joined[self.who] + MONTH_DAYS * self.months).astype("int64")


def simulate_contracts(world: World, rng: np.random.Generator, block: CustomerBlock) -> ContractsHeld:
    """Return the contracts of one block: of customers who do not buy in the shop."""
    given = world.contracts
    who = np.flatnonzero(~block.is_buyer & (rng.random(len(block)) < given.share))
    n = len(who)
    plan = (rng.random(n) < given.share_yearly).astype("int64")
    fee, payment = rng.choice(FEES, n), rng.choice(len(PAYMENTS), n, p=PAYMENT_SHARES)
    pushes = np.column_stack([
        given.fee * (fee / 100 - USUAL_FEE), given.trouble * block.character.trouble[who],
        given.satisfaction * block.satisfaction[who]])
    notice = expit(given.base + pushes.sum(axis=1) + given.invoice * (payment == PAYMENTS.index("invoice")))
    leaving = _months(rng, notice)
    leaving = np.where(plan == PLANS.index("yearly"), 12 * np.ceil(leaving / 12), leaving)
    failing = np.where(payment == PAYMENTS.index("card"), _months(rng, np.full(n, given.payment_failure)), np.inf)
    ends = np.column_stack([leaving, failing, _months(rng, np.full(n, given.other))])
    end = ends.argmin(axis=1) if n else np.empty(0, "int64")
    # of those who give notice, what pushed most is named most often
    named = np.exp(2 * np.column_stack([pushes, np.full(n, -0.5)]))
    named = (rng.random((n, 1)) > np.cumsum(named / named.sum(axis=1, keepdims=True), axis=1)).sum(axis=1)
    reason = np.where(end == 0, np.minimum(named, 3), end + 3)
    return ContractsHeld(
        who, ends.min(axis=1, initial=np.inf), end, reason, plan, fee, payment, rng.integers(2, size=n), notice
    )


def subscriptions(block: CustomerBlock, made: ContractsHeld) -> pa.Table:
    """Return ``canonical/subscriptions``, one row a contract."""
    last = made.last_days(block)
    has_ended = last < N_DAYS
    start, term = block.joined[made.who], np.where(made.plan == PLANS.index("yearly"), 12, 1)
    lived = np.minimum(made.months, (N_DAYS - start) / MONTH_DAYS)
    due = np.where(has_ended, last, start + MONTH_DAYS * term * (np.floor(lived / term) + 1)).astype("int64")
    return pa.table({
        "subscription_id": arrow_columns.id_column("A", block.block, np.arange(len(made.who)) + 1),
        "customer_id": arrow_columns.customer_ids(block.first + made.who),
        "started_on": arrow_columns.day_column(start),
        "has_ended": pa.array(has_ended),
        "ended_on": arrow_columns.day_column(np.where(has_ended, last, 0), has_ended),
        "end_kind": arrow_columns.label_column(ENDS, made.end, has_ended),
        "end_reason": arrow_columns.label_column(REASONS, made.reason, has_ended),
        "term_ends_on": arrow_columns.day_column(due),
        "plan": arrow_columns.label_column(PLANS, made.plan),
        "monthly_fee": arrow_columns.money_column(made.fee),
        "attribute_payment": arrow_columns.label_column(PAYMENTS, made.payment),
        "attribute_box": arrow_columns.label_column(BOXES, made.box),
    })


def contract_truth(block: CustomerBlock, made: ContractsHeld) -> pd.DataFrame:
    """Return what is true of each contract and stands in no delivered file."""
    return pd.DataFrame({
        "subscription_id": arrow_columns.id_column("A", block.block, np.arange(len(made.who)) + 1).to_pandas(),
        "monthly_notice": made.notice,
        "life_months": made.months,
        "trouble": block.character.trouble[made.who],
        "satisfaction": block.satisfaction[made.who],
    })


def _months(rng: np.random.Generator, chance: np.ndarray) -> np.ndarray:
    return rng.geometric(chance).astype("float64")
