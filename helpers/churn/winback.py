"""Win-back: churned customers by the expected value of contacting them again."""

from datetime import date, timedelta

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.churn.config import ChurnConfig
from helpers.churn.profit_curve import CampaignCosts, campaign_costs_with_uptake
from helpers.customers import features, purchases
from helpers.foundation.engine import Engine
from helpers.foundation.results import Estimate, Status, no_estimate
from helpers.foundation.study_config import Economics
from helpers.stats import confidence_intervals

WINBACK_COLUMNS = ["customer_id", "last_on", "away_days", "value_if_back", "value_of_asking"]

DAYS_PER_YEAR = 365.25


def churned_customers(engine: Engine, transactions: ir.Table, as_of_on: date, *, eligible_days: int, win_back_days: int,
         margin_rate: float) -> pd.DataFrame:
    """Return customers who count as gone, but not for longer than may be asked back.

    Returns
    -------
    DataFrame
        Grain customer: ``customer_id``, ``last_on``, ``away_days``, ``margin`` so far [money] and ``active_days``
        between first and last purchase.
    """
    known = features.customer_summary(transactions, as_of_on, margin_rate=margin_rate)
    away = known.filter(known.recency_days >= eligible_days, known.recency_days < win_back_days)
    found = engine.frame(away.select("customer_id", "last_on", "recency_days", "age_days", "margin"), "gone")
    found = found.sort_values("customer_id", ignore_index=True)
    return found.assign(away_days=found["recency_days"], active_days=found["age_days"] - found["recency_days"])


def spontaneous_return_rate(
    engine: Engine, transactions: ir.Table, as_of_on: date, horizon_days: int, *, eligible_days: int, win_back_days: int
) -> Estimate:
    """Return the share of those who were gone a horizon ago that came back unprompted within it."""
    then = as_of_on - timedelta(horizon_days)
    before = churned_customers(
        engine, transactions, then, eligible_days=eligible_days, win_back_days=win_back_days, margin_rate=1.0
    )
    if len(before) < 10:
        return no_estimate("share_returned", Status.INSUFFICIENT, f"{len(before)} were gone a horizon ago",
                             unit="share", n=len(before))
    bought = purchases.purchase_occasions(transactions, as_of_on)
    since = engine.frame(bought.filter(bought.on > then).select("customer_id").distinct(), "returned")
    share = confidence_intervals.share_interval(
        float(before["customer_id"].isin(since["customer_id"]).mean()), len(before)
    )
    return Estimate("share_returned", share.value, share.low, share.high, "share", len(before))


def winback_list(gone: pd.DataFrame, terms: CampaignCosts | None, offer_cost: float, horizon_days: int) -> pd.DataFrame:
    """Return those gone with the expected value of asking, the best first.

    Parameters
    ----------
    gone : DataFrame
        From `gone`.
    terms : CampaignCosts, optional
        Assumed uptake and cost of a contact.
    offer_cost : float
        Cost of an offer to come back [money].
    horizon_days : int
        How long a customer who is back is counted for [days].

    Notes
    -----
    Value if back = margin a day while active, at least over a year, times the horizon. Value of asking = γ (value if
    back − offer) − contact. γ is assumed until an experiment measures it; those who return by themselves would have
    done so unasked, so that only asking some and leaving others alone shows what it is worth.
    """
    if terms is None or gone.empty:
        return pd.DataFrame(columns=WINBACK_COLUMNS)
    back = gone["margin"].to_numpy("float64") * horizon_days / np.maximum(gone["active_days"] + 1, DAYS_PER_YEAR)
    asked = terms.uptake * (back - offer_cost) - terms.contact_cost
    found = gone.assign(value_if_back=back, value_of_asking=asked)
    return found.sort_values(["value_of_asking", "customer_id"], ascending=[False, True], ignore_index=True)[
        WINBACK_COLUMNS
    ]


def winback_candidates(
    engine: Engine, transactions: ir.Table, as_of_on: date, assumptions: ChurnConfig, economics: Economics,
    horizon_days: int,
) -> pd.DataFrame:
    """Return `winback_list` of those who are gone, by what a study assumes.

    Parameters
    ----------
    engine : Engine
        Where the transactions are.
    transactions : Table
        ``canonical/transactions``.
    as_of_on : date
        Last day that is seen.
    assumptions : ChurnConfig
        Who counts as gone, for how long they may be asked back, cost of the offer.
    economics : Economics
        Margin rate, costs and uptake.
    horizon_days : int
        How long a customer who is back is counted for [days].
    """
    gone = churned_customers(engine, transactions, as_of_on, eligible_days=assumptions.eligible_days,
                             win_back_days=assumptions.win_back_days, margin_rate=economics.margin_rate)
    offer = assumptions.win_back_cost or economics.offer_cost
    terms = campaign_costs_with_uptake(0.0, offer, economics.contact_cost, economics.offer_uptake)
    return winback_list(gone, terms, offer, horizon_days)
