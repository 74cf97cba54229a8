"""Textbook claims on customer value (80/20, 5 % more old customers, acquisition cost), tested on own data."""

from dataclasses import replace

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.engine import Engine
from helpers.foundation.results import Claim, Estimate, Status, claim_verdict, no_estimate
from helpers.stats import confidence_intervals
from helpers.value import tiers
from helpers.value.retention_economics import CLAIMED_YEARS, RetentionEconomics

CLAIM_TOP_20_PERCENT = "The top 20 % of customers hold 80 % of sales"

CLAIM_OLD_CUSTOMERS = "5 % more old customers raise profit by 25 to 85 %"

CLAIM_ACQUISITION_COST = "High retention lowers the cost of acquiring customers by 20 to 30 %"

PARETO = "the Pareto rule; reviewed by McCarthy and Winer (2019), Marketing Letters 30"

ZERO_DEFECTIONS = "Reichheld and Sasser (1990), Zero defections, Harvard Business Review 68"

MORE_OLD_CUSTOMERS = 0.05

TOP_QUINTILE_SHARE, MIN_CLAIM_CUSTOMERS = 0.2, 30


def top_quintile_share(engine: Engine, customers: ir.Table) -> Estimate:
    """Return the share of net sales to date that the best fifth by net sales hold.

    Parameters
    ----------
    engine : Engine
        Ranks and sums.
    customers : ir.Table
        Grain customer: ``customer_id``, ``net_sales``; without the column nothing can be said.
    """
    if "net_sales" not in customers.columns:
        return no_estimate("share_held", Status.INSUFFICIENT, "no purchases are recorded", unit="share")
    bought = customers.filter(customers.net_sales.notnull()).select("customer_id", "net_sales")
    ranked = engine.kept(
        tiers.assign_tiers(bought, "net_sales", {"best": TOP_QUINTILE_SHARE, "rest": 1 - TOP_QUINTILE_SHARE})
    )
    return tiers.shares_by_position(engine, ranked, "net_sales", {"best 20 %": (0.0, TOP_QUINTILE_SHARE)})[0]


def acquisition_cost_saving(engine: Engine, customers: ir.Table) -> Estimate:
    """Return by how much referrals by customers lower the mean acquisition cost of all customers.

    Parameters
    ----------
    engine : Engine
        Computes the sums.
    customers : ir.Table
        ``canonical/customers``: ``acquisition_cost``, ``referred_by``.

    Notes
    -----
    1 − M / m, M the mean cost of all customers with a cost, m that of those whom nobody referred: customers who stay
    save what the ones that they bring would have cost. Standard error by linearisation of the ratio.
    """
    costed = customers.filter(customers.acquisition_cost.notnull())
    costed = costed.select(is_referred=costed.referred_by.notnull(), cost=costed.acquisition_cost.cast("float64"))
    rows = engine.frame(costed.group_by("is_referred").aggregate(
        n=costed.count(), mean=costed.cost.mean(), var=costed.cost.var(how="pop")), "costs of winning customers")
    by_group = rows.set_index("is_referred")
    n = int(by_group["n"].min()) if len(by_group) == 2 else 0
    if n < MIN_CLAIM_CUSTOMERS or not by_group.loc[False, "mean"]:
        reason = ("no customer acquisition cost is recorded" if rows.empty or not rows["mean"].max() else
                  "fewer than 30 customers with a recorded acquisition cost were referred by another, or were not")
        return no_estimate("acquisition_saving", Status.INSUFFICIENT, reason, unit="share", n=n)
    return _saving_by_referral(by_group.loc[True], by_group.loc[False])


def _saving_by_referral(referred: pd.Series, others: pd.Series) -> Estimate:
    n, part = referred["n"] + others["n"], others["n"] / (referred["n"] + others["n"])
    whole = part * others["mean"] + (1 - part) * referred["mean"]
    ratio = whole / others["mean"]
    spread = (1 - part) * (referred["var"] + (referred["mean"] - whole) ** 2) + part * (
        others["var"] * (1 - ratio / part) ** 2 + (others["mean"] - whole) ** 2)
    half = confidence_intervals.normal_quantile(0.95) * float(np.sqrt(spread / n) / others["mean"])
    return Estimate("acquisition_saving", float(1 - ratio), float(1 - ratio) - half, float(1 - ratio) + half,
                    unit="share", n=int(n))


def value_claims(top: Estimate, gain: Estimate, saves: Estimate, said: tuple[str, str, str]) -> tuple[Claim, ...]:
    """Return the claims of this wing with a verdict each.

    Parameters
    ----------
    top, gain, saves : Estimate
        From `top_quintile_share`, `gain_of_old_customers` and `acquisition_cost_saving`.
    said : tuple of str
        A sentence for each, for people.
    """
    return (Claim(CLAIM_TOP_20_PERCENT, top, claim_verdict(top, 0.8), said[0],
                  "share of net sales to date of the best fifth of the customers; holds from 80 %", PARETO),
            Claim(CLAIM_OLD_CUSTOMERS, gain, claim_verdict(gain, 0.25, 0.85), said[1],
                  f"change of the discounted margin of {CLAIMED_YEARS} years if 5 % more of the customers of a period "
                  "were kept in the next, before the cost of keeping them; holds from 25 to 85 %", ZERO_DEFECTIONS),
            Claim(CLAIM_ACQUISITION_COST, saves, claim_verdict(saves, 0.2), said[2],
                  "mean acquisition cost of all customers against that of the ones whom no customer referred; holds "
                  "from 20 % less"))


def gain_of_old_customers(economics: RetentionEconomics) -> Estimate:
    """Return what 5 % more retained customers add to the margin of five years, before the cost of keeping them."""
    return replace(economics, step=MORE_OLD_CUSTOMERS * economics.base.value).gain(CLAIMED_YEARS)
