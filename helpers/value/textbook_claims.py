"""Textbook claims on customer value (80/20, five points of retention), tested on own data."""

from dataclasses import replace

import ibis.expr.types as ir
import numpy as np

from helpers.foundation.engine import Engine
from helpers.foundation.results import Claim, Estimate, Status, claim_verdict, no_estimate
from helpers.stats import confidence_intervals
from helpers.value import tiers
from helpers.value.retention_economics import CLAIMED_YEARS, RetentionEconomics

CLAIM_TOP_20_PERCENT = "The top 20 % of customers hold 80 % of sales"

CLAIM_FIVE_POINTS_RETENTION = "Five points more retention raise profit by 25 to 85 %"

CLAIM_RETENTION_CHEAPER = "Keeping a customer costs 20 to 30 % less than winning one, or better"

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


def retention_cost_saving(engine: Engine, customers: ir.Table, served: ir.Table, profile: ir.Table) -> Estimate:
    """Return by how much less it costs to keep a customer for a period than to win one.

    Parameters
    ----------
    engine : Engine
        Computes the sums.
    customers : ir.Table
        ``canonical/customers``: ``acquisition_cost``.
    served : ir.Table
        As `serving.served` gives it: ``cost_to_serve`` in the period; who bought in it was kept.
    profile : ir.Table
        Grain customer: who counts.

    Notes
    -----
    1 − k / a, k the mean cost of contacts, cases and rewards of those who bought in the period, a the mean cost of
    winning a customer; standard error of the ratio of two independent means by linearisation.
    """
    won = customers.filter(customers.acquisition_cost > 0).select(cost=customers.acquisition_cost.cast("float64"))
    kept = served.filter(served.n_occasions > 0).semi_join(profile, "customer_id").select(cost="cost_to_serve")
    rows = [engine.first_row(t.aggregate(n=t.count(), mean=t.cost.mean(), var=t.cost.var(how="sample")))
            for t in (won, kept)]
    n = min(r["n"] for r in rows)
    if n < MIN_CLAIM_CUSTOMERS or not rows[1]["mean"]:
        reason = ("no customer acquisition cost is recorded" if rows[0]["n"] < MIN_CLAIM_CUSTOMERS else
                  "no cost of contacts, cases or rewards is recorded")
        return no_estimate("keeping_saves", Status.INSUFFICIENT, reason, unit="share", n=n)
    (a, k), ratio = (r["mean"] for r in rows), rows[1]["mean"] / rows[0]["mean"]
    se = ratio * np.sqrt(rows[0]["var"] / rows[0]["n"] / a**2 + rows[1]["var"] / rows[1]["n"] / k**2)
    half = confidence_intervals.normal_quantile(0.95) * float(se)
    return Estimate("keeping_saves", 1 - ratio, 1 - ratio - half, 1 - ratio + half, unit="share", n=n)


def value_claims(top: Estimate, gain: Estimate, saves: Estimate, said: tuple[str, str, str]) -> tuple[Claim, ...]:
    """Return the claims of this wing with a verdict each.

    Parameters
    ----------
    top, gain, saves : Estimate
        From `top_share`, `five_points` and `keeping_saves`.
    said : tuple of str
        A sentence for each, for people.
    """
    return (Claim(CLAIM_TOP_20_PERCENT, top, claim_verdict(top, 0.8), said[0]),
            Claim(CLAIM_FIVE_POINTS_RETENTION, gain, claim_verdict(gain, 0.25, 0.85), said[1]),
            Claim(CLAIM_RETENTION_CHEAPER, saves, claim_verdict(saves, 0.2), said[2]))


def gain_of_five_points_retention(economics: RetentionEconomics) -> Estimate:
    """Return what five points more retention add to the margin of five years, before the cost of achieving it."""
    return replace(economics, step=0.05).gain(CLAIMED_YEARS)
