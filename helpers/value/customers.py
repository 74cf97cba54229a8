"""One row a customer: what each has been worth so far, by purchases where they are recorded, else by contracts."""

from datetime import date

import ibis
import ibis.expr.types as ir

from helpers.customers import features, purchases
from helpers.foundation import money
from helpers.foundation.engine import Engine
from helpers.foundation.money import MONEY
from helpers.value import pyramid, rfm
from helpers.value.assumptions import Assumptions


def customer_value(engine: Engine, transactions: ir.Table, subscriptions: ir.Table, as_of_on: date, *,
                   margin_rate: float, assumptions: Assumptions) -> ir.Table:
    """Return the value of every customer, kept in the engine.

    Parameters
    ----------
    engine : Engine
        Keeps the result, which is used several times.
    transactions, subscriptions : ir.Table
        Canonical tables. Purchases decide if there are any, contracts otherwise.
    as_of_on : date
        Last day that is seen.
    margin_rate : float
        Share of net sales that is margin where no unit cost is recorded.
    assumptions : Assumptions
        Section ``[value]``: the cuts of the pyramid.

    Returns
    -------
    ir.Table
        As ``results/customer_value`` is declared, and ``position`` in the pyramid, 1 the top.
    """
    if features.history(engine, transactions, as_of_on):
        valued = rfm.scored(purchases.summary(engine, transactions, as_of_on, margin_rate))
        tiered = pyramid.tiered(valued.mutate(basis=ibis.literal("margin")), "margin", assumptions.tiers)
        return engine.kept(tiered.drop("n_recent_occasions"))
    held = by_contracts(subscriptions, as_of_on)
    is_ranked = held.is_active & (held.monthly_fee > 0)  # nobody is ranked by money that is not recorded
    tiered = pyramid.tiered(held.filter(is_ranked), "monthly_fee", assumptions.tiers)
    ended = held.filter(~is_ranked)
    absent = {c: ibis.null(tiered[c].type()) for c in ("position", "tier", "tier_rank")}
    both = tiered.union(ended.mutate(**absent).select(*tiered.columns))
    return engine.kept(both.mutate(basis=ibis.literal("monthly fee")).drop("is_active"))


def by_expectation(engine: Engine, valued: ir.Table, assumptions: Assumptions) -> ir.Table:
    """Return customers ranked and cut into tiers by the margin expected of them; unchanged where none is.

    Parameters
    ----------
    engine : Engine
        Keeps the result.
    valued : ir.Table
        Customers as `customer_value` gives them, with ``expected_value`` where models apply. Who has no tier (all
        contracts have ended) gets none; a customer with a tier and nothing expected is ranked last.
    assumptions : Assumptions
        Section ``[value]``: the cuts of the pyramid.
    """
    if "expected_value" not in valued.columns:
        return valued
    ranks = ("position", "tier", "tier_rank")
    held = valued.filter(valued.tier.notnull()).drop(*ranks).mutate(
        basis=ibis.literal("expected margin"), expected_value=ibis._.expected_value.fill_null(0.0))
    rest = valued.filter(valued.tier.isnull()).mutate(basis=ibis.literal("expected margin"))
    return engine.kept(pyramid.tiered(held, "expected_value", assumptions.tiers).select(*valued.columns).union(rest))


def ranks_by(customers: ir.Table) -> str:
    """Return the money by which customers are ranked: expected value, else margin to date, else the monthly fee."""
    return next(c for c in ("expected_value", "margin", "monthly_fee") if c in customers.columns)


def by_contracts(subscriptions: ir.Table, as_of_on: date) -> ir.Table:
    """Return customers by their contracts: monthly fee of those that run, first start, last end [money a month]."""
    runs = ~subscriptions.has_ended
    zero = money.zero()
    held = subscriptions.group_by("customer_id").aggregate(
        is_active=runs.any(), first_on=subscriptions.started_on.min(), ended_on=subscriptions.ended_on.max(),
        monthly_fee=runs.ifelse(subscriptions.monthly_fee.fill_null(zero), zero).sum().cast(MONEY))
    return held.mutate(
        last_on=held.is_active.ifelse(None, held.ended_on),
        age_days=ibis.literal(as_of_on).delta(held.first_on, unit="day").cast("int64")).drop("ended_on")
