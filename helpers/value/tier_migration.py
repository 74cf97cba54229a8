"""Tier migration: transition matrix between two periods' tiers, regression to the mean of the best."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import ibis
import ibis.expr.types as ir
import pandas as pd

from helpers.customers.windows import PeriodComparison
from helpers.foundation.engine import Engine
from helpers.foundation.results import Estimate, Status, estimate_table, no_estimate
from helpers.stats import confidence_intervals, disclosure_control
from helpers.value import retained_customers
from helpers.value import tiers as tiers_module

NO_PURCHASE = "bought nothing"

MIN_TIER_CUSTOMERS, MAX_GROWTH = 10, 0.15  # customers of a tier; change of all customers from period to period [share]

TOO_FEW_REASON = f"fewer than {MIN_TIER_CUSTOMERS} customers"


@dataclass(frozen=True, slots=True, eq=False)
class TierMigration:
    """Customers of the first period by tier in it and in the second.

    Parameters
    ----------
    tiers : tuple of str
        From the top down.
    counts : DataFrame
        Tier before × tier after, with `GONE` behind: customers. Empty without two periods.
    money : DataFrame
        Tier before: ``n``, ``before``, ``after`` — margin of the same customers in both periods [money]; and of the
        customers ranked by the second period alone, by tier in it, ``n_backward``, ``backward``, their margin in the
        first as a share of that in the second [share].
    reason : str
        Why there is nothing to follow; empty where there is.
    """

    tiers: tuple[str, ...]
    counts: pd.DataFrame
    money: pd.DataFrame
    reason: str = ""

    def shares(self) -> pd.DataFrame:
        """Return the share of each tier's customers by where they went, for the figure; tiers under ten left out."""
        if self.counts.empty:
            return self.counts.rename_axis(index="tier before", columns="tier after")
        some = disclosure_control.row_shares_suppressed(self.counts)[self.counts.sum(axis=1) >= MIN_TIER_CUSTOMERS]
        return some.rename_axis(index="tier before", columns="tier after")

    def share_in_same_tier(self, tier: str) -> Estimate:
        """Return the share of a tier's customers who are in it again."""
        n = int(self.counts.loc[tier].sum()) if tier in self.counts.index else 0
        if n < MIN_TIER_CUSTOMERS:
            reason = self.reason or TOO_FEW_REASON
            return no_estimate("share_moved", Status.INSUFFICIENT, reason, unit="share", n=n,
                                 segment=f"{tier} → {tier}")
        return _share(tier, tier, int(self.counts.loc[tier, tier]), n)

    def best(self) -> Estimate:
        """Return the share of the best tier who are in it again, of those of whom it may be said."""
        found = [self.share_in_same_tier(tier) for tier in self.tiers]
        hidden, small = self.hidden(), self._too_small()
        told = (e for tier, e in zip(self.tiers, found, strict=True)
                if e.status is Status.OK and not hidden.loc[tier, tier] and tier not in small)
        return next(told, replace(found[0], status=Status.INSUFFICIENT, reason=found[0].reason or TOO_FEW_REASON))

    def table(self) -> pd.DataFrame:
        """Return ``results/tier_migration``: shares by tier before and after, mean margin before and after."""
        if self.counts.empty:
            return self.share_in_same_tier(self.tiers[0]).table()
        moved = [_share(before, after, int(k), int(row.sum())) for before, row in self.counts.iterrows()
                 if row.sum() >= MIN_TIER_CUSTOMERS for after, k in row.items()]
        means = [Estimate(f"mean_margin_{when}", float(row[when]) / float(row["n"]), unit="money", n=int(row["n"]),
                          segment=str(tier)) for tier, row in self.money.iterrows() for when in ("before", "after")]
        hidden, small = self.hidden(), self._too_small()
        marks = [hidden.loc[before, after] for before, row in self.counts.iterrows() if row.sum() >= MIN_TIER_CUSTOMERS
                 for after in row.index]
        return estimate_table([*moved, *means]).assign(is_withheld=[*marks, *(e.segment in small for e in means)])

    def _too_small(self) -> set[str]:
        """Return the tiers that are withheld, their sizes adding up to everybody's."""
        n = self.counts.sum(axis=1)
        return set(n.index[disclosure_control.suppress_cells(n, [range(len(n))])])

    def hidden(self) -> pd.DataFrame:
        """Return which moves are withheld, the tiers' sizes before and after being known."""
        return disclosure_control.suppress_two_way(self.counts)

    def regression_to_mean(self) -> pd.DataFrame:
        """Return mean margin by tier before and after, and their ratio, as a table for reading [money].

        Notes
        -----
        ``expected_ratio`` is what ranking on one period alone leaves where nothing changes in customers and as many
        come as go: periods are then alike whichever comes first, so that the best of the second period, looked back at
        from there, stand for the best of the first. NaN for fewer than ten customers, and where the customers of one
        period are more than `MAX_GROWTH` more or fewer than those of the other.
        """
        columns = ["tier", "n_customers", "before", "after", "ratio", "expected_ratio"]
        if self.money.empty:
            return pd.DataFrame(columns=columns)
        means, grown = self.money[["before", "after"]].div(self.money["n"], axis=0), self.money["n_backward"].sum()
        is_steady = abs(grown / self.money["n"].sum() - 1) <= MAX_GROWTH
        return pd.DataFrame({"tier": self.money.index, "n_customers": self.money["n"].to_numpy(),
                             "before": means["before"].to_numpy(), "after": means["after"].to_numpy(),
                             "ratio": (means["after"] / means["before"].where(means["before"] > 0)).to_numpy(),
                             "expected_ratio": self.money["backward"].where(
                                 is_steady & (self.money["n_backward"] >= MIN_TIER_CUSTOMERS)).to_numpy()})[columns]


def _share(before: str, after: str, k: int, n: int) -> Estimate:
    found = confidence_intervals.share_interval(k / n, n)
    return Estimate("share_moved", found.value, found.low, found.high, unit="share", n=n, segment=f"{before} → {after}")


def migrate_tiers(engine: Engine, transactions: ir.Table, periods: PeriodComparison | None, tiers: Mapping[str, float],
              margin_rate: float, reason: str = "") -> TierMigration:
    """Return where the customers of the first period's tiers are in the second.

    Parameters
    ----------
    engine : Engine
        Ranks and counts.
    transactions : ir.Table
        ``canonical/transactions``.
    periods : PeriodComparison or None
        The periods compared; None where the history is too short.
    tiers : mapping of str to float
        Tiers from the top down and the share of customers in each.
    margin_rate : float
        Share of net sales that is margin where no unit cost is recorded.
    reason : str
        Why there are no periods.

    Notes
    -----
    Customers who bought in the first period are ranked by their margin in it, and again by their margin in the second;
    who bought nothing in the second is in no tier then. Everybody ranked on one period's luck falls back towards the
    mean in the next, so that the best lose and the rest gain though nothing has changed in them.
    """
    if periods is None:
        return TierMigration(tuple(tiers), pd.DataFrame(), pd.DataFrame(), reason)
    by = retained_customers.orders_and_margin_by_customer(engine, transactions, periods, margin_rate)
    was = engine.kept(by.filter(by.orders_before > 0).select("customer_id", "margin_before", "margin_after",
                                                              "orders_after"))
    before = tiers_module.assign_tiers(was, "margin_before", tiers).select("customer_id", "margin_before", "tier")
    after = tiers_module.assign_tiers(was, "margin_after", tiers).select(
        "customer_id", "margin_after", later=(ibis._.orders_after > 0).ifelse(ibis._.tier, NO_PURCHASE))
    rows = engine.arrow(before.inner_join(after, "customer_id").group_by("tier", "later").aggregate(
        n=ibis._.count(), before=ibis._.margin_before.sum().cast("float64"),
        after=ibis._.margin_after.sum().cast("float64"))).to_pandas()
    if rows.empty:
        return TierMigration(tuple(tiers), pd.DataFrame(), pd.DataFrame(), "nobody bought in the first period")
    known = [t for t in tiers if t in set(rows["tier"])]
    backward = _backward(engine, by, tiers).reindex(known)
    counts = rows.pivot(index="tier", columns="later", values="n").reindex(index=known, columns=[*tiers, NO_PURCHASE])
    return TierMigration(tuple(tiers), counts.fillna(0).astype("int64"),
                         rows.groupby("tier")[["n", "before", "after"]].sum().loc[known].join(backward))


def _backward(engine: Engine, by: ir.Table, tiers: Mapping[str, float]) -> pd.DataFrame:
    """Return customers ranked by the second period alone, by tier: how many, and first margin over second [share]."""
    came = engine.kept(by.filter(by.orders_after > 0).select("customer_id", "margin_before", "margin_after"))
    ranked = tiers_module.assign_tiers(came, "margin_after", tiers)
    rows = engine.arrow(ranked.group_by("tier").aggregate(
        n_backward=ibis._.count(), before=ibis._.margin_before.sum().cast("float64"),
        after=ibis._.margin_after.sum().cast("float64"))).to_pandas().set_index("tier")
    return pd.DataFrame({"n_backward": rows["n_backward"],
                         "backward": rows["before"] / rows["after"].where(rows["after"] > 0)})
