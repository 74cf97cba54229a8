"""Customer acquisition cost (CAC) and payback period, by acquisition channel, by campaign and by cohort."""

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

DAYS_PER_MONTH, JUNE = 30.4375, 6

N_JACKKNIFE_GROUPS = 100  # random groups of customers, one of which is left out in turn

MIN_CUSTOMERS_PER_MONTH = 30  # customers seen in a month of their life, with fewer the curve ends

ALL_CHANNELS, CHANNEL_NOT_KNOWN, NO_CAMPAIGN = "all", "not known", "no campaign"

EARLY_MONTHS = 6  # months of life over which cohorts are compared

COHORTS_BY = {"campaign": ("campaign",), "channel and half-year": ("channel", "half_year"),
              "campaign and half-year": ("campaign", "half_year")}

COHORT_COLUMNS = ["by", "cohort", "n_customers", "cost", "early_margin", "early_low", "early_high", "payback_month",
                  "payback_low", "payback_high", "months_seen", "reason"]


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
    won = _won(engine, transactions, customers, as_of_on)
    costed = won.filter(won.cost.notnull())
    lives = _lives(engine, costed, "channel")
    if lives["n"].sum() < MIN_CUSTOMERS_PER_MONTH or not lives["cost"].sum() > 0:
        return AcquisitionPayback(pd.DataFrame(columns=["channel", "month", "n_customers", "net", "low", "high"]),
                                  pd.DataFrame(columns=["channel", "n_customers", "cost"]), _no_cost_reason(lives))
    spent = purchases.cached_customer_days(engine, transactions, as_of_on)
    margins = _margins(engine, spent, costed, margin_rate, "channel")
    found = [_curve(*_of(lives, margins, "channel", channel), channel) for channel in _named(lives)]
    return AcquisitionPayback(pd.concat([curve for curve, _ in found], ignore_index=True),
                              pd.DataFrame([cost for _, cost in found]))


def acquisition_cohorts(
    engine: Engine, transactions: ir.Table, customers: ir.Table, as_of_on: date, margin_rate: float
) -> pd.DataFrame:
    """Return what customers of each campaign, and of each channel and campaign by half-year won, cost and bring.

    Parameters
    ----------
    engine, transactions, customers, as_of_on, margin_rate
        As of `acquisition_payback`.

    Returns
    -------
    DataFrame
        Grain cohort of at least 30 customers: ``by`` (a key of `COHORTS_BY`), ``cohort``, ``n_customers``, ``cost`` of
        winning one, ``early_margin`` of the first six months of life with ``early_low`` and ``early_high`` [money a
        customer], ``payback_month`` with ``payback_low`` and ``payback_high``, ``months_seen`` [months], ``reason`` why
        there is no payback, empty where there is. Where fewer than 30 have a cost, all are in and nothing is paid back.
    """
    won = _won(engine, transactions, customers, as_of_on)
    spent = purchases.cached_customer_days(engine, transactions, as_of_on)
    rows: list[dict[str, Any]] = []
    for name, by in COHORTS_BY.items():
        known = won.filter(won.campaign != NO_CAMPAIGN) if by[0] == "campaign" else won
        labelled = known.mutate(cohort=ibis.literal(", ").join([known[c] for c in by]))
        lives = _lives(engine, labelled, "cohort", "is_costed")
        margins = _margins(engine, spent, labelled, margin_rate, "cohort", "is_costed")
        sizes = lives.groupby("cohort")["n"].sum()
        rows += [{"by": name} | _cohort(*_of(lives, margins, "cohort", cohort), str(cohort))
                 for cohort in sizes.index[sizes >= MIN_CUSTOMERS_PER_MONTH]]
    return pd.DataFrame(rows, columns=COHORT_COLUMNS)


def acquisition_cohort_table(cohorts: pd.DataFrame) -> pd.DataFrame:
    """Return cohorts, as `acquisition_cohorts` gives them, as a long summary table."""
    rows = []
    for row in cohorts.to_dict("records"):
        segment, n = f"{row['by']}: {row['cohort']}", int(row["n_customers"])
        cost = Estimate("cohort_acquisition_cost", row["cost"], unit="money", n=n, segment=segment) if np.isfinite(
            row["cost"]) else no_estimate("cohort_acquisition_cost", Status.INSUFFICIENT, row["reason"], unit="money",
                                          n=n, segment=segment)
        early = (Estimate("cohort_early_margin", row["early_margin"], row["early_low"], row["early_high"], "money", n,
                          segment) if np.isfinite(row["early_margin"]) else
                 no_estimate("cohort_early_margin", Status.INSUFFICIENT,
                             f"fewer than {MIN_CUSTOMERS_PER_MONTH} customers were seen for {EARLY_MONTHS} months",
                             unit="money", n=n, segment=segment))
        month = (no_estimate("cohort_payback_month", Status.INSUFFICIENT, row["reason"], unit="months", n=n,
                             segment=segment) if row["reason"] else
                 Estimate("cohort_payback_month", row["payback_month"], row["payback_low"], row["payback_high"],
                          "months", n, segment))
        rows += [cost, early, month]
    return estimate_table(rows)


def _won(engine: Engine, transactions: ir.Table, customers: ir.Table, as_of_on: date) -> ir.Table:
    """Return customers whose life has begun: start, cost, channel, campaign, half-year, group of the jackknife, age."""
    spent = purchases.cached_customer_days(engine, transactions, as_of_on)
    first = spent.group_by("customer_id").aggregate(first_on=spent.on.min())
    started = customers.left_join(first, "customer_id").mutate(start_on=lambda t: ibis.coalesce(
        t.joined_on, t.first_on)).filter(lambda t: t.start_on.notnull() & (t.start_on <= as_of_on))
    place = ibis.row_number().over(group_by=started.acquisition_cost.notnull(), order_by=started.customer_id)
    half = (started.start_on.month() > JUNE).ifelse(" H2", " H1")
    return engine.kept(started.select(
        "customer_id", "start_on", cost=started.acquisition_cost.cast("float64"),
        is_costed=started.acquisition_cost.notnull(), channel=started.acquired_channel.fill_null(CHANNEL_NOT_KNOWN),
        campaign=started.acquired_campaign.fill_null(NO_CAMPAIGN),
        half_year=started.start_on.year().cast("string") + half, part=(place % N_JACKKNIFE_GROUPS).cast("int64"),
        months=(ibis.literal(as_of_on).delta(started.start_on, unit="day") / DAYS_PER_MONTH).floor().cast("int64")))


def _lives(engine: Engine, won: ir.Table, *by: str) -> pd.DataFrame:
    """Return customers and their cost by group, part of the jackknife and whole months of life."""
    keys = (*by, "part", "months")
    return engine.arrow(won.group_by(*keys).aggregate(
        n=ibis._.count(), cost=ibis._.cost.sum().fill_null(0.0)).order_by(*keys)).to_pandas()


def _no_cost_reason(lives: pd.DataFrame) -> str:
    if lives.empty:
        return "no customer acquisition cost is recorded"
    if lives["n"].sum() < MIN_CUSTOMERS_PER_MONTH:
        return (f"{people_text(lives['n'].sum())} customers have an acquisition cost, {MIN_CUSTOMERS_PER_MONTH} are "
                "needed")
    return "nobody cost anything to win"


def _of(lives: pd.DataFrame, margins: pd.DataFrame, by: str, group: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows of one group, or all."""
    if group == ALL_CHANNELS:
        return lives, margins
    return lives[lives[by] == group], margins[margins[by] == group]


def _cohort(lives: pd.DataFrame, margins: pd.DataFrame, cohort: str) -> dict[str, Any]:
    """Return a row of `acquisition_cohorts`: of those with a cost where 30 have one, else of all."""
    has_cost = lives.loc[lives["is_costed"], "n"].sum() >= MIN_CUSTOMERS_PER_MONTH
    if has_cost:
        lives, margins = lives[lives["is_costed"]], margins[margins["is_costed"]]
    curve, cost = _curve(lives, margins, cohort)
    paid = AcquisitionPayback(curve, pd.DataFrame([cost])).month(cohort)
    early = curve[curve["month"] == EARLY_MONTHS]
    shift = cost["cost"] if has_cost else 0.0
    limits = [float(early[c].iloc[0]) + shift if len(early) else np.nan for c in ("net", "low", "high")]
    reason = paid.reason if has_cost else "no customer acquisition cost is recorded"
    return {"cohort": cohort, "n_customers": cost["n_customers"], "cost": cost["cost"] if has_cost else np.nan,
            **dict(zip(("early_margin", "early_low", "early_high"), limits, strict=True)),
            **({} if reason else {"payback_month": paid.value, "payback_low": paid.low, "payback_high": paid.high}),
            "months_seen": int(curve["month"].max()), "reason": reason}


def _named(lives: pd.DataFrame) -> list[str]:
    sizes = lives.groupby("channel")["n"].sum()
    large = sizes[sizes >= MIN_CUSTOMERS_PER_MONTH].sort_values(ascending=False, kind="stable").index
    return [ALL_CHANNELS, *(large if len(sizes) > 1 else ())]


def _margins(engine: Engine, spent: ir.Table, won: ir.Table, margin_rate: float, *by: str) -> pd.DataFrame:
    """Return the margin of whole months of life by group and part of the jackknife."""
    lines = spent.inner_join(won, "customer_id")
    since = (lines.on.delta(lines.start_on, unit="day") / DAYS_PER_MONTH).floor().cast("int64")
    lines = lines.mutate(since=ibis.greatest(since, 0), margin=features.margin_with_assumed_rate(lines, margin_rate))
    known, keys = lines.filter(lines.since < lines.months), (*by, "part", "since")
    return engine.arrow(known.group_by(*keys).aggregate(margin=known.margin.sum().cast("float64")).order_by(
        *keys)).to_pandas()


def _curve(lives: pd.DataFrame, margins: pd.DataFrame, channel: str) -> tuple[pd.DataFrame, dict[str, Any]]:
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
        return np.concatenate([np.zeros((*come.shape[:-1], 1)), come], axis=-1) - np.asarray(cost / people)[..., None]

    value = net(at_risk.sum(axis=0), money.sum(axis=0), costs.sum(), n.sum())
    used = n > 0
    others = [a.sum(axis=0) - a[used] for a in (at_risk, money, costs, n)]
    left = net(*others) if used.sum() > 1 else np.full((1, len(value)), np.nan)
    g = len(left)
    return value, np.sqrt((g - 1) / g * ((left - left.mean(axis=0)) ** 2).sum(axis=0))
