"""Customer acquisition cost (CAC) and payback period by acquisition channel."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.customers import features, purchases
from helpers.foundation.engine import Engine
from helpers.foundation.results import Estimate, Status, estimate_table, no_estimate
from helpers.stats import confidence_intervals
from helpers.stats.disclosure_control import people_text

DAYS_PER_MONTH = 30.4375

N_JACKKNIFE_GROUPS = 100  # random groups of customers, one of which is left out in turn

MIN_CUSTOMERS_PER_MONTH = 30  # customers seen in a month of their life, with fewer the curve ends

ALL_CHANNELS, CHANNEL_NOT_KNOWN = "all", "not known"


@dataclass(frozen=True, slots=True, eq=False)
class AcquisitionPayback:
    """Margin brought by the customers won, month by month of their life, against what they cost.

    Parameters
    ----------
    curves : DataFrame
        Grain channel × month of life, ``all`` first: ``channel``, ``month`` (0 the start, 1 the end of the first),
        ``n_customers`` seen through that month, ``net`` (margin so far less the cost of winning) with ``low`` and
        ``high`` [money a customer].
    costs : DataFrame
        Grain channel: ``channel``, ``n_customers``, ``cost`` of winning one [money].
    reason : str
        Why there is nothing to say; empty where there is.
    """

    curves: pd.DataFrame
    costs: pd.DataFrame
    reason: str = ""

    @property
    def channels(self) -> tuple[str, ...]:
        """All together, then the channels."""
        return tuple(self.costs["channel"])

    def curve(self, channel: str = ALL_CHANNELS) -> pd.DataFrame:
        """Return the curve of one channel."""
        return self.curves[self.curves["channel"] == channel]

    def month(self, channel: str = ALL_CHANNELS) -> Estimate:
        """Return the month of life in which margin has passed the cost; no upper limit where it may never have."""
        n = int(self.costs.set_index("channel")["n_customers"].get(channel, 0))
        if self.reason or len(self.curve(channel)) < 2:
            reason = self.reason or f"fewer than {MIN_CUSTOMERS_PER_MONTH} customers were seen through a month"
            return no_estimate("payback_month", Status.INSUFFICIENT, reason, unit="months", n=n, segment=channel)
        value, low, high = (_break_even_month(self.curve(channel), of) for of in ("net", "high", "low"))
        if not np.isfinite(value):
            last = int(self.curve(channel)["month"].max())
            reason = f"the cost has not come back within the {last} months seen"
            return no_estimate("payback_month", Status.INSUFFICIENT, reason, unit="months", n=n, segment=channel)
        return Estimate("payback_month", value, low, high, unit="months", n=n, segment=channel)

    def estimates(self) -> tuple[Estimate, ...]:
        """Return cost, first loss, payback and what is left at the end of what was seen, by channel."""
        if self.reason:
            return (self.month(),)
        rows = []
        for cost in self.costs.to_dict("records"):
            channel, n = cost["channel"], int(cost["n_customers"])
            rows += [Estimate("acquisition_cost", cost["cost"], unit="money", n=n, segment=channel),
                     self.month(channel)]
            curve = self.curve(channel)
            for quantity, row in (("net_first_month", curve.head(2)), ("net_at_last", curve)):
                rows += [Estimate(quantity, *row[["net", "low", "high"]].to_numpy()[-1].tolist(), unit="money",
                                  n=int(row["n_customers"].iloc[-1]), segment=channel)] if len(row) else []
        return tuple(rows)

    def table(self) -> pd.DataFrame:
        """Return payback as a long summary table."""
        return estimate_table(self.estimates())

    def reading(self) -> pd.DataFrame:
        """Return channels as a table for reading: customers, cost, net after the first month and at last, payback."""
        rows = []
        for cost in self.costs.to_dict("records"):
            curve, month = self.curve(cost["channel"]), self.month(cost["channel"])
            net = curve["net"].to_numpy()
            rows.append(cost | {"first_month": net[:2][-1], "payback_month": month.value, "low": month.low,
                                "high": month.high, "months_seen": len(net) - 1, "at_last": net[-1]})
        return pd.DataFrame(rows)


def _break_even_month(curve: pd.DataFrame, of: str) -> float:
    """Return the first month from which a curve stays at zero or above; infinite where it does not."""
    below = np.flatnonzero(curve[of].to_numpy() < 0)
    place = below[-1] + 1 if len(below) else 0
    return float(curve["month"].iloc[place]) if place < len(curve) else float("inf")


def acquisition_payback(
    engine: Engine, transactions: ir.Table, customers: ir.Table, as_of_on: date, margin_rate: float
) -> AcquisitionPayback:
    """Return when what customers cost to win has come back.

    Parameters
    ----------
    engine : Engine
        Computes the sums.
    transactions, customers : ir.Table
        Canonical tables. Everybody with an acquisition cost counts, who never bought too; life begins on
        ``joined_on``, else with the first sale or refund.
    as_of_on : date
        Last day that is seen.
    margin_rate : float
        Share of net sales that is margin where no unit cost is recorded.

    Notes
    -----
    The margin of a month of life is the mean over the customers who have been seen through it; months are added up, so
    that young customers tell of the months that they have lived (as the life table does). Standard errors by leaving
    out one of a hundred random groups of customers in turn (delete-a-group jackknife, Kott 2001, *Journal of Official
    Statistics* 17, 521–526); the interval of the payback month holds every month in which zero lies within the band.
    """
    spent = purchases.cached_customer_days(engine, transactions, as_of_on)
    first = spent.group_by("customer_id").aggregate(first_on=spent.on.min())
    paid = customers.filter(customers.acquisition_cost.notnull()).left_join(first, "customer_id")
    won = paid.mutate(start_on=ibis.coalesce(paid.joined_on, paid.first_on)).filter(
        lambda t: t.start_on.notnull() & (t.start_on <= as_of_on))
    place = ibis.row_number().over(order_by=won.customer_id)
    won = engine.kept(won.select(
        "customer_id", "start_on", cost=won.acquisition_cost.cast("float64"),
        channel=won.acquired_channel.fill_null(CHANNEL_NOT_KNOWN), part=(place % N_JACKKNIFE_GROUPS).cast("int64"),
        months=(ibis.literal(as_of_on).delta(won.start_on, unit="day") / DAYS_PER_MONTH).floor().cast("int64")))
    lives = engine.arrow(won.group_by("channel", "part", "months").aggregate(
        n=ibis._.count(), cost=ibis._.cost.sum()).order_by("channel", "part", "months")).to_pandas()
    if lives["n"].sum() < MIN_CUSTOMERS_PER_MONTH or not lives["cost"].sum() > 0:
        few = (
            f"{people_text(lives['n'].sum())} customers have an acquisition cost, {MIN_CUSTOMERS_PER_MONTH} are "
            "needed"
        )
        reason = (
            "no customer acquisition cost is recorded"
            if lives.empty
            else few
            if lives["n"].sum() < MIN_CUSTOMERS_PER_MONTH
            else "nobody cost anything to win"
        )
        return AcquisitionPayback(pd.DataFrame(columns=["channel", "month", "n_customers", "net", "low", "high"]),
                       pd.DataFrame(columns=["channel", "n_customers", "cost"]), reason)
    margins = engine.arrow(_margins(spent, won, margin_rate)).to_pandas()
    found = [_curve(lives, margins, channel) for channel in _named(lives)]
    return AcquisitionPayback(pd.concat([curve for curve, _ in found], ignore_index=True),
                   pd.DataFrame([cost for _, cost in found]))


def _named(lives: pd.DataFrame) -> list[str]:
    sizes = lives.groupby("channel")["n"].sum()
    large = sizes[sizes >= MIN_CUSTOMERS_PER_MONTH].sort_values(ascending=False, kind="stable").index
    return [ALL_CHANNELS, *(large if len(sizes) > 1 else ())]


def _margins(spent: ir.Table, won: ir.Table, margin_rate: float) -> ir.Table:
    """Return the margin of whole months of life by channel and group of customers."""
    lines = spent.inner_join(won, "customer_id")
    since = (lines.on.delta(lines.start_on, unit="day") / DAYS_PER_MONTH).floor().cast("int64")
    lines = lines.mutate(since=ibis.greatest(since, 0), margin=features.margin_with_assumed_rate(lines, margin_rate))
    known = lines.filter(lines.since < lines.months)
    return known.group_by("channel", "part", "since").aggregate(
        margin=known.margin.sum().cast("float64")).order_by("channel", "part", "since")


def _curve(lives: pd.DataFrame, margins: pd.DataFrame, channel: str) -> tuple[pd.DataFrame, dict[str, Any]]:
    if channel != ALL_CHANNELS:
        lives, margins = lives[lives["channel"] == channel], margins[margins["channel"] == channel]
    n_months = int(lives["months"].max()) + 1
    ended = np.zeros((N_JACKKNIFE_GROUPS, n_months + 1))
    np.add.at(ended, (lives["part"], lives["months"]), lives["n"])
    at_risk = ended[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:]  # seen through month k: lived more than k whole months
    money = np.zeros_like(at_risk)
    np.add.at(money, (margins["part"], margins["since"]), margins["margin"])
    costs, n = (np.bincount(lives["part"], lives[c], N_JACKKNIFE_GROUPS) for c in ("cost", "n"))
    whole = int(np.argmax(np.append(at_risk.sum(axis=0), 0) < MIN_CUSTOMERS_PER_MONTH))
    net, spread = _jackknifed(at_risk[:, :whole], money[:, :whole], costs, n)
    half = confidence_intervals.normal_quantile(0.95) * spread
    seen = np.insert(at_risk[:, :whole].sum(axis=0), 0, n.sum()).astype("int64")
    curve = pd.DataFrame({"channel": channel, "month": np.arange(whole + 1), "n_customers": seen, "net": net,
                          "low": net - half, "high": net + half})
    return curve, {"channel": channel, "n_customers": int(n.sum()), "cost": float(costs.sum() / n.sum())}


def _jackknifed(at_risk: np.ndarray, money: np.ndarray, costs: np.ndarray,
                n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return margin so far less cost by month, and its standard error."""
    def net(risk: np.ndarray, margin: np.ndarray, cost: np.ndarray, people: np.ndarray) -> np.ndarray:
        come = np.cumsum(margin / np.maximum(risk, 1), axis=-1)
        return np.concatenate([np.zeros_like(come[..., :1]), come], axis=-1) - np.asarray(cost / people)[..., None]

    value = net(at_risk.sum(axis=0), money.sum(axis=0), costs.sum(), n.sum())
    used = n > 0
    others = [a.sum(axis=0) - a[used] for a in (at_risk, money, costs, n)]
    left = net(*others) if used.sum() > 1 else np.full((1, len(value)), np.nan)
    g = len(left)
    return value, np.sqrt((g - 1) / g * ((left - left.mean(axis=0)) ** 2).sum(axis=0))
