"""Profit curve of a retention campaign, EMPC (expected maximum profit), best share to contact.

A customer who would be lost takes an offer with probability γ: the value kept less the offer's cost. Whoever would have
stayed takes it too, at its cost. Everybody contacted costs a contact. γ is an assumption until an experiment has
measured it: *risk is not effect*.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special
from scipy.optimize import isotonic_regression

from helpers.foundation.results import Estimate, Status, no_estimate
from helpers.stats import confidence_intervals

UPTAKE_CONCENTRATION = 20.0  # α + β of the beta distribution around the assumed uptake, as in Verbraken et al.


@dataclass(frozen=True, slots=True)
class CampaignCosts:
    """What a campaign costs and may bring.

    Parameters
    ----------
    value : float
        Value of a customer who is kept [money].
    offer_cost, contact_cost : float
        Cost of an offer taken up and of a contact [money].
    alpha, beta : float
        Of the beta distribution of γ, the share of those who would be lost that an offer keeps.
    """

    value: float = 200.0
    offer_cost: float = 10.0
    contact_cost: float = 1.0
    alpha: float = 6.0
    beta: float = 14.0

    @property
    def uptake(self) -> float:
        """Expected γ [share]."""
        return self.alpha / (self.alpha + self.beta)


@dataclass(frozen=True, slots=True)
class MaximumProfit:
    """The expected maximum profit: a customer scored, and the expected best share to contact."""

    profit_per_customer: float
    share_contacted: float


def campaign_costs_with_uptake(value: float, offer_cost: float, contact_cost: float, uptake: float) -> CampaignCosts:
    """Return the terms of an own campaign with the assumed uptake [share] as the mean of γ."""
    return CampaignCosts(
        value, offer_cost, contact_cost, UPTAKE_CONCENTRATION * uptake, UPTAKE_CONCENTRATION * (1 - uptake)
    )


def expected_maximum_profit(
    outcome: np.ndarray, score: np.ndarray, terms: CampaignCosts = CampaignCosts()
) -> MaximumProfit:
    """Return the expected maximum profit measure for customer churn.

    Parameters
    ----------
    outcome : ndarray, shape (n,)
        1 where lost.
    score : ndarray, shape (n,)
        The higher the likelier; scores that differ in their last binary digit only count as tied.
    terms : CampaignCosts
        Value and costs [money].

    Returns
    -------
    MaximumProfit
        Money a customer, and the share contacted at the optimum, both averaged over γ.

    Notes
    -----
    On a segment of the ROC's convex hull with shares ΔF₀ of the lost and ΔF₁ of the others it pays to go on once
    γ ≥ ((δ + φ) π₁ ΔF₁ / (π₀ ΔF₀) + φ) / (1 − δ); between two such values the profit is linear in γ, so that the
    integral over the beta density is a sum of regularised incomplete beta functions. The hull's segments are the
    blocks of an isotonic regression of outcome on score.

    References
    ----------
    Verbraken, Verbeke & Baesens (2013), A novel profit maximizing metric for measuring classification performance of
    customer churn prediction models, *IEEE Transactions on Knowledge and Data Engineering* 25, 961–973, eq. 14–18.
    """
    lost, kept = _hull(outcome, score)
    n = len(outcome)
    delta, phi = terms.offer_cost / terms.value, terms.contact_cost / terms.value
    if delta >= 1:
        return MaximumProfit(0.0, 0.0)
    with np.errstate(divide="ignore"):
        starts = ((delta + phi) * kept / lost + phi) / (1 - delta)
    edges = np.concatenate([[0.0], np.clip(starts, 0, 1), [1.0]])  # γ at which each further segment begins to pay
    reached = np.concatenate([[0.0], np.cumsum(lost)]) / n, np.concatenate([[0.0], np.cumsum(kept)]) / n
    mass = np.diff(special.betainc(terms.alpha, terms.beta, edges))
    first = terms.uptake * np.diff(special.betainc(terms.alpha + 1, terms.beta, edges))
    money = (first * (1 - delta) - mass * phi) * reached[0] - mass * (delta + phi) * reached[1]
    return MaximumProfit(float(terms.value * money.sum()), float((mass * (reached[0] + reached[1])).sum()))


def _hull(outcome: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how many of the lost and of the others lie on each segment of the hull, the best first."""
    bits = np.ascontiguousarray(score, dtype="float64").view("int64")
    keys = np.where(bits < 0, bits ^ np.int64(2**63 - 1), bits) & ~np.int64(1) | (np.asarray(outcome) > 0)
    keys.sort()  # the label rides in the last digit of its score, so that nothing has to be looked up
    is_lost = (keys & 1).astype("float64")
    keys >>= 1
    first = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    n = np.diff(np.append(first, len(keys))).astype("float64")
    lost = np.add.reduceat(is_lost, first)
    blocks = isotonic_regression(lost / n, weights=n).blocks[:-1].astype("int64")
    by_block, sizes = np.add.reduceat(lost, blocks)[::-1], np.add.reduceat(n, blocks)[::-1]
    return by_block, sizes - by_block


def profit_curve_points(outcome: np.ndarray, p: np.ndarray, terms: CampaignCosts, n_points: int = 101) -> pd.DataFrame:
    """Return the profit of contacting the likeliest share, at the expected γ.

    Parameters
    ----------
    outcome, p : ndarray, shape (n,)
        What happened, and the stated probability that ranks.
    terms : CampaignCosts
        Value and costs [money].
    n_points : int
        Shares, from nobody to everybody.

    Returns
    -------
    DataFrame
        ``share_contacted``, ``n_contacted`` and ``profit`` with ``low`` and ``high`` [money] for as many customers as
        were tried; the limits are those of a binomial count of the lost among those contacted.
    """
    order = np.argsort(-p, kind="stable")
    lost = np.concatenate([[0.0], np.cumsum(outcome[order])])
    shares = np.linspace(0, 1, n_points)
    n = np.round(shares * len(p)).astype("int64")
    found = lost[n]
    each = terms.uptake * (terms.value - terms.offer_cost) + terms.offer_cost
    rate = found / np.maximum(n, 1)
    half = confidence_intervals.normal_quantile(0.95) * each * np.sqrt(n * rate * (1 - rate))
    profit = each * found - n * (terms.offer_cost + terms.contact_cost)
    return pd.DataFrame({"share_contacted": shares, "n_contacted": n, "profit": profit, "low": profit - half,
                         "high": profit + half})


def random_profit_curve(outcome: np.ndarray, terms: CampaignCosts, n_points: int = 101) -> pd.DataFrame:
    """Return the profit of contacting as many at random: the line that a ranking has to beat."""
    shares = np.linspace(0, 1, n_points)
    each = terms.uptake * (terms.value - terms.offer_cost) + terms.offer_cost
    profit = shares * (each * outcome.sum() - len(outcome) * (terms.offer_cost + terms.contact_cost))
    return pd.DataFrame({"share_contacted": shares, "n_contacted": np.round(shares * len(outcome)).astype("int64"),
                         "profit": profit, "low": profit, "high": profit})


def profit_curves(outcome: np.ndarray, stated: dict[str, np.ndarray], terms: CampaignCosts | None) -> pd.DataFrame:
    """Return the profit curves of models and of contacting at random, one below the other; empty without terms.

    Returns
    -------
    DataFrame
        As `curve` gives them with ``percent_contacted`` and ``series``, the model's name.
    """
    if terms is None or not len(outcome):
        return pd.DataFrame(columns=["share_contacted", "n_contacted", "profit", "low", "high", "percent_contacted",
                                     "series"])
    parts = [profit_curve_points(outcome, p, terms).assign(series=name) for name, p in stated.items()]
    whole = pd.concat([*parts, random_profit_curve(outcome, terms).assign(series="at random")], ignore_index=True)
    return whole.assign(percent_contacted=100 * whole["share_contacted"])


def best_share_to_contact(curve: pd.DataFrame, capacity: int | None = None) -> pd.Series | None:
    """Return the point of the curve with the most profit, within a capacity of contacts; None for an empty curve."""
    if curve.empty:
        return None
    within = curve if capacity is None else curve[curve["n_contacted"] <= capacity]
    return within.loc[within["profit"].idxmax()]


def profit_estimates(outcome: np.ndarray, stated: dict[str, np.ndarray], terms: CampaignCosts) -> tuple[Estimate, ...]:
    """Return EMPC and the best share to contact by model [money a customer, share]."""
    if not len(outcome) or not 0 < outcome.mean() < 1 or not terms.value > 0:
        reason = "no value is known" if len(outcome) else "nothing was tried"
        return tuple(no_estimate("empc", Status.INSUFFICIENT, reason, unit="money", segment=name) for name in stated)
    found = {name: expected_maximum_profit(outcome, p, terms) for name, p in stated.items()}
    return tuple(e for name, profit in found.items() for e in (
        Estimate("empc", profit.profit_per_customer, unit="money", n=len(outcome), segment=name),
        Estimate("empc_share_contacted", profit.share_contacted, unit="share", n=len(outcome), segment=name)))
