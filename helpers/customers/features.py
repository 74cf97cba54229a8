"""Customer features at a cut-off: recency, frequency, sales, refunds and margin, as lazy tables."""

from datetime import date, datetime, time, timedelta

import ibis
import ibis.expr.types as ir

from helpers.customers.windows import TimeWindow
from helpers.foundation import money
from helpers.foundation.engine import Engine
from helpers.foundation.money import MONEY


def recorded_window(engine: Engine, transactions: ir.Table, as_of_on: date) -> TimeWindow | None:
    """Return the days from the first sale or refund to `as_of_on`; None where there is none."""
    lines = lines_until(transactions, as_of_on)
    first_at = engine.first_row(lines.aggregate(first_at=lines.ordered_at.min()))["first_at"]
    return None if first_at is None else TimeWindow(first_at.date(), as_of_on)


def lines_until(transactions: ir.Table, cutoff_on: date) -> ir.Table:
    """Return the sale and refund lines up to the end of the cut-off day, those without a customer too."""
    end = datetime.combine(cutoff_on + timedelta(1), time())
    return transactions.filter(transactions.kind.isin(["sale", "refund"]), transactions.ordered_at < end)


def customer_days(transactions: ir.Table, cutoff_on: date) -> ir.Table:
    """Return each customer's days with sales or refunds, up to the end of the cut-off day.

    Parameters
    ----------
    transactions : ir.Table
        ``canonical/transactions``; lines without a customer, fees and adjustments are left out.
    cutoff_on : date
        Nothing after this day is seen, a later refund of an earlier order neither.

    Returns
    -------
    ir.Table
        Grain customer × day: ``customer_id``, ``on``; ``occasion_sales``, sales of the day less the refunds tied
        to them whenever those came, so that a day above zero is a *purchase occasion*, as is one without amounts,
        where it is empty; ``net_sales``, sales and refunds booked on the day; of these ``costed_margin``, where the
        line has a unit cost, and ``uncosted_sales``, where it has none [money].
    """
    lines = lines_until(transactions, cutoff_on).filter(lambda t: t.customer_id.notnull(), _is_counted)
    zero = money.zero_money()
    booked = lines.select(
        "customer_id", on=lines.ordered_at.date(),
        occasion_sales=(lines.kind == "sale").ifelse(lines.amount, zero), net_sales=lines.amount.fill_null(zero),
        **margin_columns(lines))
    taken_back = _tied_refunds(lines).mutate(net_sales=zero, costed_margin=zero, uncosted_sales=zero)
    sums = booked.columns[2:]
    return (booked.union(taken_back.select(*booked.columns)).group_by("customer_id", "on")
            .aggregate(**{c: ibis._[c].sum().cast(MONEY) for c in sums}))


def margin_columns(lines: ir.Table) -> dict[str, ir.Value]:
    """Return ``costed_margin`` of lines with a unit cost and ``uncosted_sales`` of those without one [money]."""
    zero = money.zero_money()
    has_cost = lines.unit_cost.notnull() & lines.quantity.notnull()
    units = (lines.kind == "sale").ifelse(lines.quantity, -lines.quantity.abs()).cast(MONEY)
    return {"costed_margin": has_cost.ifelse(
                lines.amount - money.money_product(units, lines.unit_cost), zero).fill_null(zero),
            "uncosted_sales": has_cost.ifelse(zero, lines.amount.fill_null(zero))}


def _is_counted(lines: ir.Table) -> ir.BooleanValue:
    """Return whether a line tells anything: a sale does without its amount, a refund does not."""
    return (lines.kind == "sale") | lines.amount.notnull()


def is_occasion(days: ir.Table) -> ir.BooleanValue:
    """Return of customers' days, as `customer_days` gives them, whether each is a purchase occasion."""
    return (days.occasion_sales > 0) | days.occasion_sales.isnull()


def customer_summary(transactions: ir.Table, cutoff_on: date, *, margin_rate: float, recent_days: int = 90) -> ir.Table:
    """Return what is known of each customer at the end of the cut-off day.

    Parameters
    ----------
    transactions : ir.Table
        ``canonical/transactions``.
    cutoff_on : date
        Last day that is seen.
    margin_rate : float
        Share of net sales that is margin where a line has no unit cost.
    recent_days : int
        Length of the recent past, which ends at the cut-off [days].

    Returns
    -------
    ir.Table
        Grain customer with at least one sale or refund: ``n_occasions`` (purchase occasions), ``first_on``,
        ``last_on`` (of them; empty for refunds only), ``recency_days`` since the last and ``age_days`` since the
        first, ``mean_spend`` an occasion, ``n_recent_occasions``, ``net_sales``, ``margin`` [money]; no money where no
        amount is recorded.
    """
    return summary_from_days(customer_days(transactions, cutoff_on), cutoff_on, margin_rate, recent_days)


def summary_from_days(spent: ir.Table, cutoff_on: date, margin_rate: float, recent_days: int = 90) -> ir.Table:
    """Return `summary` from customers' days, as `days` gives them."""
    occasion = is_occasion(spent)
    recent = spent.on > cutoff_on - timedelta(recent_days)
    by_customer = spent.group_by("customer_id").aggregate(
        n_occasions=occasion.ifelse(1, 0).sum().cast("int64"),
        first_on=occasion.ifelse(spent.on, None).min(),
        last_on=occasion.ifelse(spent.on, None).max(),
        n_recent_occasions=(occasion & recent).ifelse(1, 0).sum().cast("int64"),
        spend=occasion.ifelse(spent.occasion_sales, None).sum().cast("float64"),
        net_sales=spent.net_sales.sum().cast(MONEY), is_priced=spent.occasion_sales.notnull().any(),
        costed_margin=spent.costed_margin.sum().cast(MONEY),
        uncosted_sales=spent.uncosted_sales.sum().cast(MONEY))
    margin = margin_with_assumed_rate(by_customer, margin_rate)
    return by_customer.mutate(
        mean_spend=by_customer.spend / by_customer.n_occasions.nullif(0),
        net_sales=by_customer.is_priced.ifelse(by_customer.net_sales, None),
        recency_days=_days_between(by_customer.last_on, cutoff_on),
        age_days=_days_between(by_customer.first_on, cutoff_on),
        margin=by_customer.is_priced.ifelse(margin, None),
    ).drop("costed_margin", "uncosted_sales", "spend", "is_priced")


def margin_with_assumed_rate(days: ir.Table, margin_rate: float) -> ir.DecimalValue:
    """Return the margin in ``costed_margin`` and ``uncosted_sales``, of the latter the assumed share [money]."""
    return (days.costed_margin + money.money_share(days.uncosted_sales, margin_rate)).cast(MONEY)


def _tied_refunds(lines: ir.Table) -> ir.Table:
    """Return refunds that name an order, on the customer and first day of that order."""
    refunds = lines.filter(lines.kind == "refund", lines.refunds_order_id.notnull())
    refunded = refunds.group_by(order_id=refunds.refunds_order_id).aggregate(
        occasion_sales=refunds.amount.sum().cast(MONEY))
    sales = lines.filter(lines.kind == "sale").semi_join(refunded, "order_id")
    orders = sales.group_by("order_id").aggregate(
        customer_id=sales.customer_id.min(), on=sales.ordered_at.date().min())
    return orders.inner_join(refunded, "order_id").select("customer_id", "on", "occasion_sales")


def _days_between(first: ir.DateValue, last: date) -> ir.IntegerValue:
    return ibis.literal(last).delta(first, unit="day").cast("int64")
