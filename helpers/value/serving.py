"""What is put into a customer within a window, and what comes back: one row a customer, from every table there is."""

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from helpers.customers import features, purchases
from helpers.customers.windows import Window
from helpers.foundation.engine import Engine

MONEY_OUT = ("discounts", "contact_cost", "case_cost", "reward_cost")


@dataclass(frozen=True, slots=True)
class Prices:
    """What things cost where no cost is recorded.

    Parameters
    ----------
    margin_rate : float
        Share of net sales that is margin [share].
    contact : float
        One contact [money].
    case : float
        One service case [money].
    """

    margin_rate: float
    contact: float
    case: float


@dataclass(frozen=True, slots=True)
class Sources:
    """The canonical tables that tell what is put in, each of which may be empty."""

    transactions: ir.Table
    cases: ir.Table
    contacts: ir.Table
    points: ir.Table


def served(engine: Engine, sources: Sources, window: Window, prices: Prices) -> ir.Table:
    """Return what was put into each customer within a window, and what came back.

    Parameters
    ----------
    engine : Engine
        Keeps what has been spent.
    sources : Sources
        Canonical tables.
    window : Window
        Days that count.
    prices : Prices
        Costs where none is recorded.

    Returns
    -------
    ir.Table
        Grain customer with any record in the window. Money: ``net_sales``, ``margin``, ``discounts`` (already off
        both), ``contact_cost``, ``case_cost``, ``reward_cost`` (points redeemed), ``cost_to_serve`` (contacts, cases,
        rewards), ``profit`` (margin less that). Counts: ``n_occasions``, ``n_contacts``, ``n_replies``, ``n_cases``,
        ``n_complaints``, ``n_resolved``, ``n_fed_back``, ``handled_days`` (sum), ``n_handled``, ``n_promised``,
        ``n_late``.
    """
    spent = purchases.spent(engine, sources.transactions, window.last_on)
    parts = [_bought(spent, window, prices.margin_rate), _reduced(sources.transactions, window),
             _contacted(sources.contacts, window, prices.contact), _cases(sources.cases, window, prices.case),
             _rewarded(sources.points, window)]
    everybody = parts[0].select("customer_id")
    for part in parts[1:]:
        everybody = everybody.union(part.select("customer_id"))
    whole = everybody.distinct()
    for part in parts:
        whole = whole.left_join(part, "customer_id").drop("customer_id_right")
    whole = whole.mutate(**{c: whole[c].cast("float64").fill_null(0.0) for c in whole.columns if c != "customer_id"})
    cost = whole.contact_cost + whole.case_cost + whole.reward_cost
    return whole.mutate(cost_to_serve=cost, profit=whole.margin - cost)


def _bought(spent: ir.Table, window: Window, margin_rate: float) -> ir.Table:
    within = spent.filter(window.holds(spent.on))
    margin = within.costed_margin.cast("float64") + within.uncosted_sales.cast("float64") * margin_rate
    return within.group_by("customer_id").aggregate(
        n_occasions=(within.occasion_sales > 0).ifelse(1, 0).sum(), net_sales=within.net_sales.sum(),
        margin=margin.sum())


def _reduced(transactions: ir.Table, window: Window) -> ir.Table:
    lines = features.seen(transactions, window.last_on).filter(lambda t: t.customer_id.notnull(), lambda t: (
        window.holds(t.ordered_at.date()) & (t.kind == "sale")))
    units, paid = lines.quantity.cast("float64"), lines.amount.cast("float64")
    off = ibis.coalesce(lines.discount.cast("float64"), lines.list_price.cast("float64") * units - paid, 0.0)
    is_known = lines.promised_on.notnull() & lines.delivered_on.notnull()
    return lines.group_by("customer_id").aggregate(
        discounts=ibis.greatest(off, 0.0).round(4).sum(), n_promised=is_known.ifelse(1, 0).sum(),
        n_late=(is_known & (lines.delivered_on > lines.promised_on)).ifelse(1, 0).sum())


def _contacted(contacts: ir.Table, window: Window, price: float) -> ir.Table:
    within = contacts.filter(window.holds(contacts.sent_at.date()))
    return within.group_by("customer_id").aggregate(
        n_contacts=within.count(), n_replies=within.replied_at.count(),
        contact_cost=within.cost.cast("float64").fill_null(price).sum())


def _cases(cases: ir.Table, window: Window, price: float) -> ir.Table:
    within = cases.filter(window.holds(cases.opened_at.date()), cases.customer_id.notnull())
    done = ibis.coalesce(within.closed_at, within.handled_at)
    return within.group_by("customer_id").aggregate(
        n_cases=within.count(), n_complaints=(within.kind == "complaint").ifelse(1, 0).sum(),
        n_resolved=within.is_resolved.fill_null(False).ifelse(1, 0).sum(), n_fed_back=within.fed_back_at.count(),
        n_handled=done.count(), handled_days=done.date().delta(within.opened_at.date(), unit="day").sum(),
        case_cost=within.cost.cast("float64").fill_null(price).sum())


def _rewarded(points: ir.Table, window: Window) -> ir.Table:
    within = points.filter(window.holds(points.entered_at.date()), points.kind == "redeem")
    return within.group_by("customer_id").aggregate(
        reward_cost=(within.points.abs() * within.unit_cost.cast("float64").fill_null(0.0)).sum())
