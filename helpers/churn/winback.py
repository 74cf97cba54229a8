"""Win-back: churned customers by the expected value of contacting them again."""

from dataclasses import dataclass
from datetime import date, timedelta

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.churn.config import ChurnConfig
from helpers.churn.dataset import PURCHASE_MODEL_COLUMNS
from helpers.churn.profit_curve import CampaignCosts, campaign_costs_with_uptake
from helpers.churn.purchase_rate import value_by_purchase_model, value_by_repeat_purchases
from helpers.customers import contract_status, features, purchases
from helpers.foundation.engine import Engine
from helpers.foundation.results import Estimate, Status, no_estimate
from helpers.foundation.study_config import Economics
from helpers.stats import confidence_intervals, logistic_regression
from helpers.stats.logistic_regression import LogisticFit

WINBACK_COLUMNS = ["customer_id", "last_on", "away_days", "chance_unasked", "value_if_back", "break_even_uptake",
                   "value_of_asking"]

DAYS_PER_MONTH = 365.25 / 12

MIN_GONE, MIN_EVENTS = 10, 20  # gone a horizon ago; of them returned, and not, for chances by customer


def churned_customers(engine: Engine, transactions: ir.Table, as_of_on: date, *, eligible_days: int, win_back_days: int,
         margin_rate: float) -> pd.DataFrame:
    """Return customers who count as gone, but not for longer than may be asked back.

    Returns
    -------
    DataFrame
        Grain customer: ``customer_id``, ``last_on``, ``away_days``, ``age_days`` since the first purchase,
        ``n_occasions`` and ``margin`` so far [money].
    """
    known = features.customer_summary(transactions, as_of_on, margin_rate=margin_rate)
    away = known.filter(known.recency_days >= eligible_days, known.recency_days < win_back_days)
    found = engine.frame(away.select("customer_id", "last_on", "recency_days", "age_days", "n_occasions", "margin"),
                         "gone")
    found = found.sort_values("customer_id", ignore_index=True)
    return found.rename(columns={"recency_days": "away_days"})


@dataclass(frozen=True, slots=True)
class UnaskedReturns:
    """Who comes back without having been asked, by those who were gone a horizon ago.

    Parameters
    ----------
    share : Estimate
        Share of them that bought again within the horizon.
    fit : LogisticFit or None
        Chance to return by the logarithms of what `by` names; None where it cannot be told apart.
    by : tuple of str
        Columns of those gone: days away, and purchase occasions where they differ.
    """

    share: Estimate
    fit: LogisticFit | None = None
    by: tuple[str, ...] = ("away_days",)

    def chances(self, gone: pd.DataFrame) -> np.ndarray:
        """Return the chance of each customer to return unasked, shape (n,); NaN where too few were gone before."""
        if self.fit is None:
            return np.full(len(gone), self.share.value)
        return self.fit.results.predict(_return_design(gone, self.by))


def unasked_returns(
    engine: Engine, transactions: ir.Table, as_of_on: date, horizon_days: int, *, eligible_days: int, win_back_days: int
) -> UnaskedReturns:
    """Return who of those gone a horizon ago came back within it.

    Notes
    -----
    Some of them may have been contacted all the same: the share is of no particular effort, not of none.
    """
    then = as_of_on - timedelta(horizon_days)
    before = churned_customers(
        engine, transactions, then, eligible_days=eligible_days, win_back_days=win_back_days, margin_rate=1.0
    )
    if len(before) < MIN_GONE:
        return UnaskedReturns(no_estimate("share_returned", Status.INSUFFICIENT,
                                          f"{len(before)} were gone a horizon ago", unit="share", n=len(before)))
    bought = purchases.purchase_occasions(transactions, as_of_on)
    since = engine.frame(bought.filter(bought.on > then).select("customer_id").distinct(), "returned")
    is_back = before["customer_id"].isin(since["customer_id"]).to_numpy("float64")
    share = confidence_intervals.share_interval(float(is_back.mean()), len(before))
    enough = min(is_back.sum(), len(is_back) - is_back.sum()) >= MIN_EVENTS
    by = tuple(c for c in ("away_days", "n_occasions") if before[c].nunique() > 1)
    fit = logistic_regression.fit_logistic_regression(_return_design(before, by), is_back) if enough else None
    return UnaskedReturns(Estimate("share_returned", share.value, share.low, share.high, "share", len(before)), fit, by)


def _return_design(gone: pd.DataFrame, by: tuple[str, ...]) -> np.ndarray:
    return np.column_stack([np.ones(len(gone)), *(np.log1p(gone[c].to_numpy("float64")) for c in by)])


def winback_list(
    gone: pd.DataFrame, terms: CampaignCosts | None, offer_cost: float, horizon_days: int,
    returns: UnaskedReturns | None = None, yearly: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return those gone with the expected value of asking, the best first.

    Parameters
    ----------
    gone : DataFrame
        From `churned_customers`.
    terms : CampaignCosts, optional
        Assumed uptake and cost of a contact.
    offer_cost : float
        Cost of an offer to come back [money].
    horizon_days : int
        How long a customer who is back is counted for [days].
    returns : UnaskedReturns, optional
        Who comes back unasked; none: nobody is taken to.
    yearly : DataFrame, optional
        Grain customer: `PURCHASE_MODEL_COLUMNS` of the purchase model; none, or for those who are not in it: repeat
        purchases to date.

    Returns
    -------
    DataFrame
        `WINBACK_COLUMNS`: ``chance_unasked`` of a return [share], ``value_if_back`` and ``value_of_asking`` [money],
        ``break_even_uptake`` from which asking pays [share], NaN where no uptake makes it pay.

    Notes
    -----
    Value of asking = (1 − p) γ (value if back − offer) − p offer − contact: p, the chance to return unasked, costs the
    offer and brings nothing. γ, the share of the others whom the offer brings back, is assumed until an experiment has
    measured it: the list is an order in which to test, beside a random control group.
    """
    if terms is None or gone.empty:
        return pd.DataFrame(columns=WINBACK_COLUMNS)
    back = _value_if_back(gone, yearly, horizon_days)
    unasked = np.nan_to_num(returns.chances(gone)) if returns else np.zeros(len(gone))
    lost = unasked * offer_cost + terms.contact_cost
    won = (1 - unasked) * (back - offer_cost)
    break_even = np.where(won > lost, lost / np.where(won > 0, won, 1.0), np.nan)
    found = gone.assign(chance_unasked=unasked, value_if_back=back, break_even_uptake=break_even,
                        value_of_asking=terms.uptake * won - lost)
    return found.sort_values(["value_of_asking", "customer_id"], ascending=[False, True], ignore_index=True)[
        WINBACK_COLUMNS
    ]


def _value_if_back(gone: pd.DataFrame, yearly: pd.DataFrame | None, horizon_days: int) -> np.ndarray:
    """Return the margin within the horizon of who is a customer again, shape (n,) [money]; one order is no rate."""
    by_repeats = value_by_repeat_purchases(gone, horizon_days).value
    if yearly is None or yearly.empty:
        return by_repeats
    known = gone[["customer_id"]].merge(yearly[PURCHASE_MODEL_COLUMNS], on="customer_id", how="left")
    by_model = value_by_purchase_model(known, horizon_days).value
    return np.where(np.isfinite(by_model), by_model, by_repeats)


@dataclass(frozen=True, slots=True)
class WinbackTerms:
    """What a study assumes of win-back.

    Parameters
    ----------
    assumptions : ChurnConfig
        Who counts as gone, for how long they may be asked back, cost of the offer.
    economics : Economics
        Margin rate, costs and uptake.
    horizon_days : int
        How long a customer who is back is counted for [days].
    """

    assumptions: ChurnConfig
    economics: Economics
    horizon_days: int


def winback_candidates(
    engine: Engine, transactions: ir.Table, subscriptions: ir.Table, as_of_on: date, terms: WinbackTerms,
    yearly: pd.DataFrame,
) -> pd.DataFrame:
    """Return `winback_list` of those who are gone, by purchases or by contract, by what a study assumes.

    Who is gone by both stands there once, with what is worth more.

    Parameters
    ----------
    engine : Engine
        Where the records are.
    transactions, subscriptions : Table
        ``canonical/transactions`` and ``canonical/subscriptions``.
    as_of_on : date
        Last day that is seen.
    terms : WinbackTerms
        What is assumed.
    yearly : DataFrame
        ``results/customer_value``, for what a year as a customer brings; may be empty.
    """
    assumed, costs = terms.assumptions, terms.economics
    limits = {"eligible_days": assumed.eligible_days, "win_back_days": assumed.win_back_days}
    gone = churned_customers(engine, transactions, as_of_on, margin_rate=costs.margin_rate, **limits)
    returns = unasked_returns(engine, transactions, as_of_on, terms.horizon_days, **limits)
    offer = assumed.win_back_cost or costs.offer_cost
    campaign = campaign_costs_with_uptake(0.0, offer, costs.contact_cost, costs.offer_uptake)
    bought = winback_list(gone, campaign, offer, terms.horizon_days, returns, yearly)
    contracts = contract_status.contracts_as_of(engine, subscriptions, as_of_on).contracts
    both = [part for part in (bought, terminated_customers(engine, contracts, as_of_on, terms)) if len(part)]
    if not both:
        return bought
    ordered = pd.concat(both).sort_values(["value_of_asking", "customer_id"], ascending=[False, True])
    return ordered.drop_duplicates("customer_id", ignore_index=True)


def terminated_customers(
    engine: Engine, contracts: ir.Table, as_of_on: date, terms: WinbackTerms
) -> pd.DataFrame:
    """Return who ended the last contract by choice, lately enough to be asked back: `WINBACK_COLUMNS`.

    Value if back is the fee of the last contract over the horizon at the margin rate; nobody is taken to sign again
    unasked. Ends for want of payment or another reason, and ends without a day, are left out.

    Parameters
    ----------
    engine : Engine
        Where the contracts are.
    contracts : Table
        As `contract_status.contracts_as_of` gives them.
    as_of_on : date
        Last day that is seen.
    terms : WinbackTerms
        What is assumed.
    """
    running = contracts.filter(~contracts["has_ended"]).select("customer_id")
    is_choice = contracts["end_kind"].isnull() | (contracts["end_kind"] == "voluntary")
    ended = contracts.filter(contracts["has_ended"], is_choice, contracts["monthly_fee"].notnull(),
                             contracts["ended_on"] > as_of_on - timedelta(terms.assumptions.win_back_days))
    left = ended.anti_join(running, "customer_id").select("customer_id", "monthly_fee", last_on=ended["ended_on"])
    found = engine.frame(left, "terminated contracts").sort_values(["customer_id", "last_on"]).drop_duplicates(
        "customer_id", keep="last", ignore_index=True)
    costs = terms.economics
    margin = found["monthly_fee"].astype("float64") * costs.margin_rate * terms.horizon_days / DAYS_PER_MONTH
    won = margin - (terms.assumptions.win_back_cost or costs.offer_cost)
    pays = (costs.contact_cost / won.where(won > 0)).where(lambda share: share < 1)
    away = (pd.Timestamp(as_of_on) - pd.to_datetime(found["last_on"])).dt.days
    return found.assign(away_days=away, chance_unasked=0.0, value_if_back=margin, break_even_uptake=pays,
                        value_of_asking=costs.offer_uptake * won - costs.contact_cost)[WINBACK_COLUMNS]
