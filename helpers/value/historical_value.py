"""Historical value by customer: sales, margin, occasions to date; realised orders and margin."""

from datetime import date, datetime

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.customers import features, purchases
from helpers.foundation import money
from helpers.foundation.engine import Engine
from helpers.foundation.money import MONEY
from helpers.foundation.study_config import Economics
from helpers.stats import forecast_evaluation
from helpers.value import rfm, tiers
from helpers.value.clv import DAYS_PER_YEAR
from helpers.value.config import ValueConfig


def historical_customer_value(engine: Engine, transactions: ir.Table, subscriptions: ir.Table, as_of_on: date, *,
                   margin_rate: float, assumptions: ValueConfig) -> ir.Table:
    """Return the value of every customer, kept in the engine.

    Parameters
    ----------
    engine : Engine
        Keeps the result, which is used several times.
    transactions, subscriptions : ir.Table
        Canonical tables. Purchases decide if there are any, contracts otherwise.
    as_of_on : date
        Last day that is seen.
    margin_rate : float
        Share of net sales that is margin where no unit cost is recorded.
    assumptions : ValueConfig
        Section ``[value]``: the cuts of the pyramid.

    Returns
    -------
    ir.Table
        As ``results/customer_value`` is declared, and ``position`` in the pyramid, 1 the top.
    """
    if features.recorded_window(engine, transactions, as_of_on):
        valued = rfm.rfm_scores(purchases.cached_customer_summary(engine, transactions, as_of_on, margin_rate))
        tiered = tiers.assign_tiers(valued.mutate(basis=ibis.literal("margin")), "margin", assumptions.tiers)
        return engine.kept(tiered.drop("n_recent_occasions"))
    held = customers_by_contracts(subscriptions, as_of_on)
    # nobody is ranked by money that is not recorded
    is_ranked = (held.is_active & (held.monthly_fee > 0)).fill_null(False)
    tiered = tiers.assign_tiers(held.filter(is_ranked), "monthly_fee", assumptions.tiers)
    ended = held.filter(~is_ranked)
    absent = {c: ibis.null(tiered[c].type()) for c in ("position", "tier", "tier_rank")}
    both = tiered.union(ended.mutate(**absent).select(*tiered.columns))
    return engine.kept(both.mutate(basis=ibis.literal("monthly fee")).drop("is_active"))


def assign_tiers_by_expected_value(engine: Engine, valued: ir.Table, assumptions: ValueConfig) -> ir.Table:
    """Return customers ranked and cut into tiers by the margin expected of them; unchanged where none is.

    Parameters
    ----------
    engine : Engine
        Keeps the result.
    valued : ir.Table
        Customers as `customer_value` gives them, with ``expected_value`` where models apply. Who has no tier (all
        contracts have ended) gets none; a customer with a tier and nothing expected is ranked last.
    assumptions : ValueConfig
        Section ``[value]``: the cuts of the pyramid.
    """
    if "expected_value" not in valued.columns:
        return valued
    ranks = ("position", "tier", "tier_rank")
    held = valued.filter(valued.tier.notnull()).drop(*ranks).mutate(
        basis=ibis.literal("expected margin"), expected_value=ibis._.expected_value.fill_null(0.0))
    rest = valued.filter(valued.tier.isnull()).mutate(basis=ibis.literal("expected margin"))
    return engine.kept(
        tiers.assign_tiers(held, "expected_value", assumptions.tiers).select(*valued.columns).union(rest)
    )


def ranking_column(customers: ir.Table) -> str:
    """Return the money by which customers are ranked: expected value, else margin to date, else the monthly fee."""
    return next(c for c in ("expected_value", "margin", "monthly_fee") if c in customers.columns)


def customers_by_contracts(subscriptions: ir.Table, as_of_on: date) -> ir.Table:
    """Return customers by their contracts: monthly fee of those that run, first start, last end [money a month].

    Of contracts that run, those whose fee is unknown are left out; the fee is empty where none of them has one.
    """
    runs = ~subscriptions.has_ended
    held = subscriptions.group_by("customer_id").aggregate(
        is_active=runs.any(), first_on=subscriptions.started_on.min(), ended_on=subscriptions.ended_on.max(),
        monthly_fee=runs.ifelse(subscriptions.monthly_fee, None).sum().cast(MONEY))
    return held.mutate(
        monthly_fee=held.is_active.ifelse(held.monthly_fee, money.zero_money()),
        last_on=held.is_active.ifelse(None, held.ended_on),
        age_days=ibis.literal(as_of_on).delta(held.first_on, unit="day").cast("int64")).drop("ended_on")


ORDERS_AHEAD, MARGIN_AHEAD = "orders_ahead", "margin_ahead"

VALUE_FORECAST_WINDOW = ["made_as_of_on", "due_on"]


def realised_orders_and_margin(
    engine: Engine, transactions: ir.Table, due: pd.DataFrame, economics: Economics
) -> pd.Series:
    """Return what the buyers of the day of each forecast have done since, by the index of `due`.

    Parameters
    ----------
    engine : Engine
        Counts.
    transactions : ir.Table
        Today's ``canonical/transactions``, which must reach to every ``due_on``.
    due : DataFrame
        Grain forecast: the columns of ``results/value_forecasts``.
    economics : Economics
        Margin where no cost is known, and the rate at which the forecast was discounted; a forecast is graded only
        where they are what they were.

    Returns
    -------
    Series of float
        Purchase occasions [orders], and margin discounted to the day of the forecast [money], of everybody who had
        bought by then; NaN where nobody had, and for any other quantity.
    """
    is_known = due["quantity"].isin([ORDERS_AHEAD, MARGIN_AHEAD]) & due["segment"].eq("all")

    def counted(made_on: datetime, due_on: datetime) -> dict[str, float]:
        return _orders_and_margin_since(engine, transactions, made_on.date(), due_on.date(), economics)

    return forecast_evaluation.outcomes_since_forecast(due, is_known, VALUE_FORECAST_WINDOW, "quantity", counted)


def _orders_and_margin_since(engine: Engine, transactions: ir.Table, made_on: date, due_on: date,
           economics: Economics) -> dict[str, float]:
    """Return orders and discounted margin after one day up to another, of those who had bought by the first."""
    spent = features.customer_days(transactions, due_on)
    buyers = purchases.purchase_occasions(transactions, made_on).select("customer_id").distinct()
    later = spent.filter(spent.on > made_on).semi_join(buyers, "customer_id")
    days = later.on.delta(ibis.literal(made_on), unit="day").cast("float64")
    margin = later.costed_margin.cast("float64") + later.uncosted_sales.cast("float64") * economics.margin_rate
    worth = margin * ((-days / DAYS_PER_YEAR) * float(np.log1p(economics.discount_rate))).exp()
    row = engine.first_row(later.mutate(worth=worth).aggregate(
        orders=features.is_occasion(ibis._).ifelse(1, 0).sum().fill_null(0), margin=ibis._.worth.sum().fill_null(0.0)))
    n = engine.first_row(buyers.aggregate(n=ibis._.count()))["n"]
    return (
        {ORDERS_AHEAD: float(row["orders"]), MARGIN_AHEAD: float(row["margin"])}
        if n
        else {ORDERS_AHEAD: np.nan, MARGIN_AHEAD: np.nan}
    )


def with_margin_column(valued: ir.Table) -> ir.Table:
    """Return a table with a column ``margin``, empty where it has none."""
    return valued if "margin" in valued.columns else valued.mutate(margin=ibis.null("float64"))
