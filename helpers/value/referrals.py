"""Referrals: who referred customers, and the margin of referred customers against others."""

from dataclasses import dataclass
from datetime import date

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.customers import purchases
from helpers.foundation.engine import Engine
from helpers.foundation.results import Estimate, Status, estimate_table, no_estimate
from helpers.stats import confidence_intervals

MIN_REFERRAL_CUSTOMERS = 10

REFERRAL_GROUPS = ("referrers", "referred", "others")


@dataclass(frozen=True, slots=True, eq=False)
class ReferralValue:
    """Referrers, the referred, and everybody else.

    Parameters
    ----------
    groups : DataFrame
        Grain group (somebody may be in the first two): ``group``, ``n_customers``, ``n_active`` with a purchase in the
        last year, ``margin`` to date and ``margin_squares``, ``cost`` of winning and ``n_costed`` [customers, money].
    n_customers : int
        Everybody on record.
    n_unknown : int
        Referred by somebody who is not on record.
    brought : float
        Margin to date of the referred whose referrer is on record [money].
    """

    groups: pd.DataFrame
    n_customers: int
    n_unknown: int
    brought: float

    @property
    def n_referrers(self) -> int:
        """Customers on record who brought at least one other."""
        return self._n("referrers")

    @property
    def n_referred(self) -> int:
        """Customers who were brought by another."""
        return self._n("referred")

    def _n(self, group: str) -> int:
        return int(self.groups.set_index("group")["n_customers"].get(group, 0))

    def mean(self, group: str) -> Estimate:
        """Return mean margin to date of a group's customers [money]."""
        row = self.groups.set_index("group").loc[group]
        n = int(row["n_customers"])
        if n < MIN_REFERRAL_CUSTOMERS:
            return no_estimate(
                "mean_margin",
                Status.INSUFFICIENT,
                f"fewer than {MIN_REFERRAL_CUSTOMERS} customers",
                unit="money",
                n=n,
                segment=group,
            )
        mean = row["margin"] / n
        half = confidence_intervals.normal_quantile(0.95) * np.sqrt(
            max(row["margin_squares"] / n - mean**2, 0) / (n - 1)
        )
        return Estimate("mean_margin", mean, mean - half, mean + half, unit="money", n=n, segment=group)

    def estimates(self) -> tuple[Estimate, ...]:
        """Return referrals by count and money; empty where nobody was referred."""
        if not self.n_referred:
            return ()
        share = confidence_intervals.share_interval(self.n_referred / self.n_customers, self.n_customers)
        a_head = self.brought / self.n_referrers if self.n_referrers else np.nan
        return (Estimate("share_referred", share.value, share.low, share.high, unit="share", n=self.n_customers),
                Estimate("customers", self.n_referrers, unit="customers", n=self.n_referrers, segment="referrers"),
                Estimate("margin_brought", self.brought, unit="money", n=self.n_referrers, segment="referrers"),
                Estimate("margin_brought_a_head", a_head, unit="money", n=self.n_referrers, segment="referrers"),
                *(self.mean(group) for group in REFERRAL_GROUPS))

    def table(self) -> pd.DataFrame:
        """Return referrals as a long summary table."""
        return estimate_table(self.estimates())

    def reading(self) -> pd.DataFrame:
        """Return the groups as a table for reading: customers, active, mean margin, cost of winning one."""
        g = self.groups if self.n_referred else self.groups.iloc[:0]
        n = g["n_customers"].where(g["n_customers"] > 0)
        return pd.DataFrame({"group": g["group"], "n_customers": g["n_customers"], "share_active": g["n_active"] / n,
                             "mean_margin": g["margin"] / n, "cost_of_winning": g["cost"] / g["n_costed"].where(
                                 g["n_costed"] > 0)})


def referral_value(engine: Engine, transactions: ir.Table, customers: ir.Table, as_of_on: date,
              margin_rate: float) -> ReferralValue:
    """Return who recommended us, and what the customers whom they brought are worth.

    Parameters
    ----------
    engine : Engine
        Computes the sums.
    transactions, customers : ir.Table
        Canonical tables; ``referred_by`` names the referrer.
    as_of_on : date
        Last day that is seen.
    margin_rate : float
        Share of net sales that is margin where no unit cost is recorded.
    """
    known = purchases.cached_customer_summary(engine, transactions, as_of_on, margin_rate)
    worth = known.select("customer_id", "margin", "recency_days")
    by = customers.group_by(customer_id=customers.referred_by).aggregate(n_brought=customers.count())
    named = by.filter(by.customer_id.notnull())
    known = customers.select("customer_id", "referred_by", "acquisition_cost")
    whole = known.left_join(worth, "customer_id").drop("customer_id_right").left_join(named, "customer_id").drop(
        "customer_id_right")
    on_record = known.select(referred_by="customer_id", is_on_record=ibis.literal(True))
    whole = engine.kept(whole.left_join(on_record, "referred_by").drop("referred_by_right").mutate(
        margin=lambda t: t.margin.cast("float64").fill_null(0.0), n_brought=lambda t: t.n_brought.fill_null(0)))
    is_in = {"referrers": whole.n_brought > 0, "referred": whole.referred_by.notnull(),
             "others": (whole.n_brought == 0) & whole.referred_by.isnull()}
    rows = [engine.first_row(whole.filter(which).aggregate(**_sums(whole))) | {"group": group}
            for group, which in is_in.items()]
    lost = whole.referred_by.notnull() & whole.is_on_record.isnull()
    row = engine.first_row(whole.aggregate(
        n=whole.count(), unknown=lost.ifelse(1, 0).sum().fill_null(0),
        brought=(whole.referred_by.notnull() & ~lost).ifelse(whole.margin, 0.0).sum().fill_null(0.0)))
    return ReferralValue(pd.DataFrame(rows), int(row["n"]), int(row["unknown"]), float(row["brought"]))


def _sums(whole: ir.Table) -> dict[str, ir.Scalar]:
    cost = ibis._.acquisition_cost.cast("float64")
    return {"n_customers": ibis._.count(), "n_active": (ibis._.recency_days < 365).ifelse(1, 0).sum().fill_null(0),
            "margin": ibis._.margin.sum().fill_null(0.0), "margin_squares": (ibis._.margin ** 2).sum().fill_null(0.0),
            "cost": cost.sum().fill_null(0.0), "n_costed": cost.count()}
