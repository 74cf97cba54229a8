"""Retention economics: margin gained by a higher retention rate, and the most to spend on it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from helpers.foundation.results import Estimate, Status, estimate_table, no_estimate
from helpers.value import config, subscriptions
from helpers.value.revenue_bridge import RevenueBridge
from helpers.value.subscriptions import ContractBase, SubscriptionSurvival
from helpers.value.tier_migration import TierMigration

HORIZON_YEARS = (1, 3, 5, 10)

CLAIMED_YEARS = 5

DAYS_PER_YEAR = 365.25


@dataclass(frozen=True, slots=True)
class RetentionCosts:
    """What keeping costs, by the study's assumptions.

    Parameters
    ----------
    contact, offer : float
        One contact, and one offer that is taken up [money].
    uptake : float
        Share of the contacted who take up an offer [share].
    """

    contact: float
    offer: float
    uptake: float

    @property
    def cost_per_customer(self) -> float:
        """Cost of approaching one customer once in a period [money]."""
        return self.contact + self.uptake * self.offer


@dataclass(frozen=True, slots=True, eq=False)
class RetentionEconomics:
    """What a higher retention would bring.

    Parameters
    ----------
    base : Estimate
        Share of customers kept from one period to the next.
    margin : float
        Mean margin of an active customer in a period [money].
    period_days : int
        Length of a period [days].
    discount_rate : float
        By the year [share a year].
    step : float
        By how much retention would rise [share].
    costs : RetentionCosts
        What approaching every active customer costs in each period.
    reason : str
        Why nothing can be said; empty where it can.
    """

    base: Estimate
    margin: float
    period_days: int
    discount_rate: float
    step: float
    costs: RetentionCosts
    reason: str = ""

    def periods(self, years: float) -> int:
        """Return how many periods begin within some years, that of today among them."""
        return max(round(years * DAYS_PER_YEAR / self.period_days), 1)

    def value(self, retention: float, years: float, cost: float = 0.0) -> float:
        """Return what a customer active today brings within some years, discounted [money].

        Notes
        -----
        Σ (m − c) (r / (1 + d))^t over the periods t = 0, 1, …: the margin of the period that begins today is certain;
        retention is taken as constant, which makes long horizons a what-if.
        """
        discount = (1 + self.discount_rate) ** (-self.period_days / DAYS_PER_YEAR)
        return float((self.margin - cost) * ((retention * discount) ** np.arange(self.periods(years))).sum())

    def gain(self, years: float, cost: float = 0.0) -> Estimate:
        """Return the relative change in value if retention rises by the step, with the interval of the base retention.

        Parameters
        ----------
        years : float
            Horizon [years].
        cost : float
            Spent on every active customer in each period to achieve it [money].
        """
        segment = f"{years:g} years" + (", after cost" if cost else "")
        if self.reason:
            return no_estimate("gain_of_retention", Status.INSUFFICIENT, self.reason, unit="share", segment=segment)
        found = [self.value(min(r + self.step, 1.0), years, cost) / self.value(r, years) - 1
                 for r in (self.base.value, self.base.low, self.base.high)]
        return Estimate("gain_of_retention", found[0], min(found), max(found), unit="share", n=self.base.n,
                        segment=segment)

    def maximum_spend(self, years: float) -> Estimate:
        """Return what may be spent on every active customer in each period before the gain is gone [money]."""
        if self.reason:
            return no_estimate("most_to_spend", Status.INSUFFICIENT, self.reason, unit="money",
                                 segment=f"{years:g} years")
        found = [self.margin * (1 - self.value(r, years) / self.value(min(r + self.step, 1.0), years))
                 for r in (self.base.value, self.base.low, self.base.high)]
        return Estimate("most_to_spend", found[0], min(found), max(found), unit="money", n=self.base.n,
                        segment=f"{years:g} years")

    def estimates(self) -> tuple[Estimate, ...]:
        """Return base retention, gains with and without cost and what may be spent, by horizon."""
        by_horizon = [e for years in HORIZON_YEARS for e in (
            self.gain(years), self.gain(years, self.costs.cost_per_customer), self.maximum_spend(years))]
        margin = [] if self.reason else [Estimate("margin_a_period", self.margin, unit="money", n=self.base.n)]
        return (*margin, *by_horizon)

    def table(self) -> pd.DataFrame:
        """Return retention economics as a long summary table."""
        return estimate_table(self.estimates())

    def reading(self) -> pd.DataFrame:
        """Return horizons as a table for reading: value now, gain with its limits, gain after cost, most to spend."""
        if self.reason:
            return pd.DataFrame()
        rows = []
        for years in (y for y in HORIZON_YEARS if self.periods(y) > 1):  # within one period retention changes nothing
            gain, net, most = (
                self.gain(years),
                self.gain(years, self.costs.cost_per_customer),
                self.maximum_spend(years),
            )
            rows.append({"horizon_years": years, "value_now": self.value(self.base.value, years), "gain": gain.value,
                         "low": gain.low, "high": gain.high, "gain_after_cost": net.value, "most_to_spend": most.value})
        return pd.DataFrame(rows)


def retention_gain(base: Estimate, margin: float, period_days: int, *, discount_rate: float, step: float,
              costs: RetentionCosts) -> RetentionEconomics:
    """Return what a higher retention would bring, or why it cannot be said.

    Parameters
    ----------
    base : Estimate
        Share of customers kept from one period to the next.
    margin : float
        Mean margin of an active customer in a period; NaN where there is none [money].
    period_days : int
        Length of a period; 0 without periods [days].
    discount_rate : float
        By the year [share a year].
    step : float
        By how much retention would rise [share].
    costs : RetentionCosts
        What approaching costs.
    """
    reason = base.reason if base.status is not Status.OK else (
        "customers bring no margin" if not margin > 0 else "nobody was retained" if base.value <= 0 else
        f"it is below {100 * step:g} %, so that {100 * step:g} more are out of reach" if base.value < step else
        "everybody was retained" if base.value >= 1 else "")
    return RetentionEconomics(base, margin, max(period_days, 1), discount_rate, step, costs, reason)


def estimate_retention_economics(
    base: RevenueBridge,
    moves: TierMigration,
    signed: ContractBase,
    lasting: SubscriptionSurvival,
    scope: config.ValueScope,
) -> RetentionEconomics:
    """Return what a higher retention would bring.

    Parameters
    ----------
    base, moves : RevenueBridge, TierMigration
        The audit's retention by count, and the first period's mean margin.
    signed, lasting : ContractBase, SubscriptionSurvival
        Where nobody buys: the share of contracts expected to be left at the end of the horizon, and their
        fees.
    scope : ValueScope
        Assumptions on discounting and costs.
    """
    if base.status is Status.NOT_APPLICABLE and not lasting.reason:
        fee = signed.fee_active / max(signed.n_active - signed.unknown_active, 1)
        margin = lasting.months * scope.economics.margin_rate * fee
        return _with_assumed_costs(lasting.kept, margin, round(lasting.months * subscriptions.DAYS_PER_MONTH), scope)
    some, n_days = moves.money, base.periods.after.n_days if base.periods else 0
    margin = float(some["before"].sum()) / float(some["n"].sum()) if len(some) else float("nan")
    return _with_assumed_costs(base.retention()[0], margin, n_days, scope)


def value_economics_table(*parts: pd.DataFrame) -> pd.DataFrame:
    """Return ``results/value_economics``: acquisition, referrals, concentration, retention and what else is given."""
    return pd.concat([part for part in parts if len(part)], ignore_index=True)


def _with_assumed_costs(
    base: Estimate, margin: float, period_days: int, scope: config.ValueScope
) -> RetentionEconomics:
    costs = RetentionCosts(scope.economics.contact_cost, scope.economics.offer_cost, scope.economics.offer_uptake)
    return retention_gain(base, margin, period_days, discount_rate=scope.economics.discount_rate,
                               step=scope.assumed.retention_step, costs=costs)
