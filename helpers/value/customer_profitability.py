"""Customer profitability: cost to serve and profit by customer, by tier and life-cycle stage.

The transactional ledger nets to money. The service and the emotional ledger do not: they are never added to it, nor to
each other.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import pandas as pd

from helpers.customers import features, purchases
from helpers.customers.windows import TimeWindow
from helpers.foundation.engine import Engine
from helpers.foundation.results import Estimate, Status, estimate_table, no_estimate
from helpers.foundation.study_config import Economics
from helpers.stats import confidence_intervals
from helpers.value import ledgers
from helpers.value.config import ValueConfig


@dataclass(frozen=True, slots=True)
class UnitCosts:
    """What things cost where no cost is recorded.

    Parameters
    ----------
    margin_rate : float
        Share of net sales that is margin [share].
    contact : float
        One contact [money].
    case : float
        One service case [money].
    contact_minutes, case_minutes : float
        People's time for a contact by a person, and for a service case [minutes].
    personal_channels : tuple of str
        Channels of contacts that a person makes.
    """

    margin_rate: float
    contact: float
    case: float
    contact_minutes: float = 10.0
    case_minutes: float = 20.0
    personal_channels: tuple[str, ...] = ("phone", "visit")

    @classmethod
    def assumed(cls, economics: Economics, assumptions: ValueConfig) -> "UnitCosts":
        """Return what a study assumes."""
        return cls(economics.margin_rate, economics.contact_cost, assumptions.case_cost, assumptions.contact_minutes,
                   assumptions.case_minutes, tuple(assumptions.personal_channels))


@dataclass(frozen=True, slots=True)
class CostToServeTables:
    """The canonical tables that tell what is put in, each of which may be empty."""

    transactions: ir.Table
    cases: ir.Table
    contacts: ir.Table
    points: ir.Table

    @classmethod
    def of(cls, tables: Mapping[str, ir.Table]) -> "CostToServeTables":
        """Return them from tables by name."""
        return cls(*(tables[f"canonical/{name}"] for name in ("transactions", "cases", "contacts", "points")))


def cost_to_serve(engine: Engine, sources: CostToServeTables, window: TimeWindow, prices: UnitCosts) -> ir.Table:
    """Return what was put into each customer within a window, and what came back, kept in the engine.

    Parameters
    ----------
    engine : Engine
        Keeps what has been spent.
    sources : CostToServeTables
        Canonical tables.
    window : TimeWindow
        Days that count.
    prices : UnitCosts
        Costs where none is recorded.

    Returns
    -------
    ir.Table
        Grain customer with any record in the window. Money: ``net_sales``, ``margin``, ``discounts`` (already off
        both), ``contact_cost``, ``case_cost``, ``reward_cost`` (points redeemed), ``cost_to_serve`` (contacts, cases,
        rewards), ``profit`` (margin less that). ``people_hours``, people's time by contacts of personal channels and
        by cases [hours]. Counts: ``n_occasions``, ``n_contacts``, of these ``n_personal`` by a person, ``n_replies``,
        ``n_cases``, ``n_complaints``, ``n_resolved``, ``n_fed_back``, ``handled_days`` (sum), ``n_handled``,
        ``n_promised``, ``n_late``, ``points_redeemed`` and of these ``points_without_cost``, whose unit cost is
        unknown: they have no part in ``reward_cost``.
    """
    spent = purchases.cached_customer_days(engine, sources.transactions, window.last_on)
    parts = [_bought(spent, window, prices.margin_rate), _reduced(sources.transactions, window),
             _contacted(sources.contacts, window, prices), _cases(sources.cases, window, prices.case),
             _rewarded(sources.points, window)]
    everybody = parts[0].select("customer_id")
    for part in parts[1:]:
        everybody = everybody.union(part.select("customer_id"))
    whole = everybody.distinct()
    for part in parts:
        whole = whole.left_join(part, "customer_id").drop("customer_id_right")
    whole = whole.mutate(**{c: whole[c].cast("float64").fill_null(0.0) for c in whole.columns if c != "customer_id"})
    cost = whole.contact_cost + whole.case_cost + whole.reward_cost
    minutes = whole.n_personal * prices.contact_minutes + whole.n_cases * prices.case_minutes
    return engine.kept(whole.mutate(cost_to_serve=cost, profit=whole.margin - cost, people_hours=minutes / 60))


def _bought(spent: ir.Table, window: TimeWindow, margin_rate: float) -> ir.Table:
    within = spent.filter(window.holds(spent.on))
    margin = within.costed_margin.cast("float64") + within.uncosted_sales.cast("float64") * margin_rate
    return within.group_by("customer_id").aggregate(
        n_occasions=features.is_occasion(within).ifelse(1, 0).sum(), net_sales=within.net_sales.sum(),
        margin=margin.sum())


def _reduced(transactions: ir.Table, window: TimeWindow) -> ir.Table:
    lines = features.lines_until(transactions, window.last_on).filter(lambda t: t.customer_id.notnull(), lambda t: (
        window.holds(t.ordered_at.date()) & (t.kind == "sale")))
    units, paid = lines.quantity.cast("float64"), lines.amount.cast("float64")
    off = ibis.coalesce(lines.discount.cast("float64"), lines.list_price.cast("float64") * units - paid, 0.0)
    is_known = lines.promised_on.notnull() & lines.delivered_on.notnull()
    return lines.group_by("customer_id").aggregate(
        discounts=ibis.greatest(off, 0.0).round(4).sum(), n_promised=is_known.ifelse(1, 0).sum(),
        n_late=(is_known & (lines.delivered_on > lines.promised_on)).ifelse(1, 0).sum())


def _contacted(contacts: ir.Table, window: TimeWindow, prices: UnitCosts) -> ir.Table:
    within = contacts.filter(window.holds(contacts.sent_at.date()))
    is_personal = within.channel.isin(list(prices.personal_channels)).fill_null(False)
    return within.group_by("customer_id").aggregate(
        n_contacts=within.count(), n_replies=within.replied_at.count(), n_personal=is_personal.ifelse(1, 0).sum(),
        contact_cost=within.cost.cast("float64").fill_null(prices.contact).sum())


def _cases(cases: ir.Table, window: TimeWindow, price: float) -> ir.Table:
    within = cases.filter(window.holds(cases.opened_at.date()), cases.customer_id.notnull())
    done = ibis.coalesce(within.closed_at, within.handled_at)
    return within.group_by("customer_id").aggregate(
        n_cases=within.count(), n_complaints=(within.kind == "complaint").ifelse(1, 0).sum(),
        n_resolved=within.is_resolved.fill_null(False).ifelse(1, 0).sum(), n_fed_back=within.fed_back_at.count(),
        n_handled=done.count(), handled_days=done.date().delta(within.opened_at.date(), unit="day").sum(),
        case_cost=within.cost.cast("float64").fill_null(price).sum())


def _rewarded(points: ir.Table, window: TimeWindow) -> ir.Table:
    within = points.filter(window.holds(points.entered_at.date()), points.kind == "redeem")
    points, unit_cost = within.points.abs().cast("float64"), within.unit_cost.cast("float64")
    return within.group_by("customer_id").aggregate(
        reward_cost=(points * unit_cost).sum(), points_redeemed=points.sum(),
        points_without_cost=unit_cost.isnull().ifelse(points, 0.0).sum())


MIN_LEDGER_CUSTOMERS = 10

OVERSERVED_QUANTILE = 0.95  # share of a normal residual's distribution above which a cost is far above the fitted one


@dataclass(frozen=True, slots=True, eq=False)
class CustomerProfitability:
    """The ledgers, and who is served beyond what others at equal expected margin are.

    Parameters
    ----------
    entries : DataFrame
        As `ledgers.ledger_entries` gives them, by tier and by stage.
    over : DataFrame
        Grain tier: ``tier``, ``n_customers``, ``n_over`` far above the fitted cost, ``money_over`` above it by those,
        ``cost_to_serve`` in all [money].
    reason : str
        Why nobody is called over-served; empty where it could be fitted.
    points_redeemed, points_without_cost : float
        Points redeemed, and of these the ones that have no part in any cost, since their unit cost is unknown.
    """

    entries: pd.DataFrame
    over: pd.DataFrame
    reason: str = ""
    points_redeemed: float = 0.0
    points_without_cost: float = 0.0

    def ledger(self, ledger: str, by: str = "tier") -> pd.DataFrame:
        """Return one ledger as a table for reading: side, item, unit, a column a segment."""
        part = self.entries[(self.entries["ledger"] == ledger) & (self.entries["by"] == by)]
        if part.empty:
            return pd.DataFrame()
        wide = part.pivot(index=["side", "item", "unit"], columns="segment", values="value")
        order = [(side, item, unit) for of, side, item, unit, *_ in ledgers.LEDGER_ITEMS if of == ledger]
        return wide.reindex([key for key in order if key in wide.index])[
            list(dict.fromkeys(part["segment"]))].reset_index()

    def over_served(self) -> Estimate:
        """Return how many customers cost far more to serve than others of their tier at equal expected margin."""
        if self.reason:
            return no_estimate("over_served", Status.INSUFFICIENT, self.reason, unit="customers")
        return Estimate("over_served", float(self.over["n_over"].sum()), unit="customers",
                        n=int(self.over["n_customers"].sum()))

    def table(self) -> pd.DataFrame:
        """Return ``results/value_balance``: every entry, and the over-served by tier."""
        rows = [Estimate(f"{e['ledger']}, {e['side']}: {e['item']}", e["value"], e["low"], e["high"], e["unit"],
                         int(e["n"]), f"{e['by']} {e['segment']}") for e in self.entries.to_dict("records")]
        over = [Estimate(q, float(r[c]), unit=u, n=int(r[of]), segment=f"tier {r['tier']}")
                for r in self.over.to_dict("records")
                for q, c, u, of in (("over_served", "n_over", "customers", "n_customers"),
                                    ("over_served_cost", "money_over", "money", "n_over"))]
        uncosted = [Estimate("points_without_cost", self.points_without_cost, unit="points")]
        return estimate_table([*rows, *ledgers.best_against_lowest(self.entries), self.over_served(), *over,
                               *(uncosted if self.points_without_cost else [])])


def measure_profitability(engine: Engine, served: ir.Table, profile: ir.Table) -> CustomerProfitability:
    """Return the ledgers by tier and stage.

    Parameters
    ----------
    engine : Engine
        Computes the sums.
    served : ir.Table
        As `cost_to_serve` gives it.
    profile : ir.Table
        Grain customer: ``customer_id``, ``tier``, ``tier_rank``, ``stage``, ``expected_value``, ``attitude`` [0–100],
        ``n_brought``, ``age_days``; empty where something is not known. Who has neither tier nor stage does not count.
    """
    known = profile.filter(profile.tier.notnull() | profile.stage.notnull())
    known = known.drop([c for c in known.columns if c in served.columns and c != "customer_id"])
    both = known.left_join(served, "customer_id").drop("customer_id_right")
    zeros = {c: both[c].fill_null(0.0) for c in served.columns if c != "customer_id"}
    whole = engine.kept(both.mutate(**zeros).mutate(
        list_sales=lambda t: t.net_sales + t.discounts, goods=lambda t: t.net_sales - t.margin,
        n_attitude=lambda t: t.attitude.notnull().ifelse(1.0, 0.0), n_brought=lambda t: t.n_brought.fill_null(0),
        tenure_years=lambda t: t.age_days / 365.25, n_tenure=lambda t: t.age_days.notnull().ifelse(1.0, 0.0),
        ))
    entries = [ledgers.ledger_entries(engine, whole, "tier", "tier_rank"),
               ledgers.ledger_entries(engine, whole, "stage", None)]
    over, reason = _overserved(engine, whole)
    points = {c: whole[c].sum().fill_null(0.0) for c in ("points_redeemed", "points_without_cost")}
    return CustomerProfitability(pd.concat(entries, ignore_index=True), over, reason,
                                 **engine.first_row(whole.aggregate(**points)))


def _overserved(engine: Engine, whole: ir.Table) -> tuple[pd.DataFrame, str]:
    columns = ["tier", "n_customers", "n_over", "money_over", "cost_to_serve"]
    known = whole.filter(whole.expected_value.notnull(), whole.tier.notnull())
    row = engine.first_row(known.aggregate(n=known.count(), cost=known.cost_to_serve.sum().fill_null(0.0)))
    if row["n"] < MIN_LEDGER_CUSTOMERS or not row["cost"] > 0:
        reason = ("no cost of contacts, cases or rewards is recorded" if row["n"] >= MIN_LEDGER_CUSTOMERS else
                  "customer lifetime value is not known, so that none can be compared with others of equal value")
        return pd.DataFrame(columns=columns), reason
    x, y = known.expected_value.cast("float64"), known.cost_to_serve
    of = ibis.window(group_by="tier")
    slope = x.cov(y, how="pop").over(of) / x.var(how="pop").over(of).nullif(0.0)
    fitted = known.mutate(far=y - y.mean().over(of) - slope.fill_null(0.0) * (x - x.mean().over(of)),
                          n_tier=known.count().over(of))
    limit = confidence_intervals.normal_quantile(2 * OVERSERVED_QUANTILE - 1) * fitted.far.std(how="sample").over(of)
    is_over = (fitted.far > limit) & (fitted.far > 1e-9) & (fitted.n_tier >= MIN_LEDGER_CUSTOMERS)
    rows = engine.arrow(fitted.mutate(is_over=is_over).group_by("tier_rank", "tier").aggregate(
        n_customers=ibis._.count(), n_over=ibis._.is_over.fill_null(False).ifelse(1, 0).sum(),
        money_over=ibis._.is_over.fill_null(False).ifelse(ibis._.far, 0.0).sum(),
        cost_to_serve=ibis._.cost_to_serve.sum()).order_by("tier_rank")).to_pandas()
    return rows[columns], ""
