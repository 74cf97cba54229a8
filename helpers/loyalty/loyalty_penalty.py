"""Loyalty penalty: prices and discounts of old customers against new ones."""

from datetime import date

import ibis.expr.types as ir
import numpy as np
import pandas as pd
from statsmodels.regression.linear_model import WLS

from helpers.foundation.engine import Engine
from helpers.foundation.results import PERCENTAGE_POINTS, Estimate, Status, no_estimate
from helpers.stats.confidence_intervals import Interval

OLD_TO_NEW_PRICE, OLD_LESS_NEW_DISCOUNT = (
    "price paid by old customers over new ones",
    "share discounted to old customers less new ones",
)

MIN_OLD_CUSTOMER_DAYS, MAX_NEW_CUSTOMER_DAYS = 365, 90

MIN_PRODUCT_MONTHS = 10

MAX_LIST_PRICE_SPREAD = 0.2  # coefficient of variation of the list price of a product within a month

PRICE_TOLERANCE = 1e-9  # of a price: what is left by dividing


def product_months(engine: Engine, transactions: ir.Table, as_of_on: date) -> pd.DataFrame:
    """Return products and months in which both old and new customers bought, or that have two list prices or more.

    Parameters
    ----------
    engine : Engine
        Counts.
    transactions : Table
        ``canonical/transactions``; sales of a product with quantity and amount above zero.
    as_of_on : date
        Last day that is seen.

    Returns
    -------
    DataFrame
        Grain product × month: ``n_new, n_old`` lines (of customers in their first 90 days, and after a year)``,
        price_new, price_old`` (mean log price of a unit)``, discount_new, discount_old`` (mean share of the list price
        that was taken off; NaN where no list price is recorded)``, n_listed, list_spread`` (list prices of all lines
        of the month, whoever bought, and their coefficient of variation; NaN of a single one).
    """
    lines = transactions.filter(
        transactions.kind == "sale", transactions.product_id.notnull(), transactions.quantity > 0,
        transactions.amount > 0).mutate(on=lambda t: t.ordered_at.date())
    lines = lines.filter(lines.on <= as_of_on)
    firsts = lines.group_by("customer_id").aggregate(first_on=lines.on.min())
    table = lines.left_join(firsts, "customer_id")
    age = table.on.delta(table.first_on, unit="day").cast("int64")
    unit = table.amount.cast("float64") / table.quantity
    off = 1 - unit / table.list_price.cast("float64").nullif(0)
    table = table.select(
        "product_id",
        month=table.on.truncate("month"),
        is_new=age < MAX_NEW_CUSTOMER_DAYS,
        is_old=age >= MIN_OLD_CUSTOMER_DAYS,
        price=unit.ln(),
        discount=off,
        listed=table.list_price.cast("float64").nullif(0),
    )
    means = {f"{c}_{who}": table[c].mean(where=table[f"is_{who}"]) for c in ("price", "discount")
             for who in ("new", "old")}
    counts = {f"n_{who}": table[f"is_{who}"].ifelse(1, 0).sum() for who in ("new", "old")}
    found = table.group_by("product_id", "month").aggregate(
        **counts, **means, n_listed=table.listed.count(), list_spread=table.listed.std() / table.listed.mean())
    used = found.filter(((found.n_new > 0) & (found.n_old > 0)) | (found.n_listed > 1))
    return engine.arrow(used).to_pandas().sort_values(["product_id", "month"], ignore_index=True)


def loyalty_penalty_estimates(made: pd.DataFrame) -> list[Estimate]:
    """Return how much more old customers pay, and how much more discount they get, within product and month.

    Parameters
    ----------
    made : DataFrame
        From `product_months`.

    Notes
    -----
    Cells weigh n·m / (n + m), as in a regression with an effect for each product and month; the variance is that of
    the cells' differences around their mean, clustered by product. Prices are struck where the list price varies by
    more than `MAX_LIST_PRICE_SPREAD` within product and month, at the median of all with two list prices or more.
    """
    rows, repeated = [], made[made["n_listed"] > 1]
    spread = repeated["list_spread"].median()
    for quantity, column in ((OLD_TO_NEW_PRICE, "price"), (OLD_LESS_NEW_DISCOUNT, "discount")):
        unit = "share" if column == "price" else PERCENTAGE_POINTS
        known = made[made[f"{column}_old"].notna() & made[f"{column}_new"].notna()]
        if column == "price" and len(known) and spread > MAX_LIST_PRICE_SPREAD:
            reason = (f"the list price of a product varies within its month, at the median of {len(repeated):,} "
                      f"products and months with two sales or more by {100 * spread:.0f} % of its mean (standard "
                      f"deviation): it is hardly one product")
            rows.append(no_estimate(quantity, Status.STRUCK, reason, unit=unit, n=len(known)))
            continue
        if reason := _why_no_penalty(known, column):
            rows.append(no_estimate(quantity, Status.INSUFFICIENT, reason, unit=unit, n=len(known)))
            continue
        found = _within_product_month(known, column)
        values = (found.value, found.low, found.high)
        value, low, high = (float(np.expm1(v) if column == "price" else 100 * v) for v in values)
        n = int(known[["n_new", "n_old"]].to_numpy().sum())
        rows.append(Estimate(quantity, value, low, high, unit, n))
    return rows


def _why_no_penalty(known: pd.DataFrame, column: str) -> str:
    if known.empty:
        return (f"no product is on record that customers of {MIN_OLD_CUSTOMER_DAYS} days or more and of fewer than "
                f"{MAX_NEW_CUSTOMER_DAYS} bought in the same month" if column == "price" else
                "no list price is recorded of what both old and new customers bought")
    if len(known) < MIN_PRODUCT_MONTHS:
        return (f"{len(known):,} products and months in which both old and new customers bought, fewer than "
                f"{MIN_PRODUCT_MONTHS}")
    is_off = (known[["discount_new", "discount_old"]].abs() > PRICE_TOLERANCE).any(axis=None)
    return "" if column == "price" or is_off else "nothing is sold below its list price"


def _within_product_month(known: pd.DataFrame, column: str) -> Interval:
    n, m = known["n_new"].to_numpy(float), known["n_old"].to_numpy(float)
    weight = n * m / (n + m)
    gap = (known[f"{column}_old"] - known[f"{column}_new"]).to_numpy(float)
    product = np.unique(known["product_id"].to_numpy(str), return_inverse=True)[1]
    found = WLS(gap, np.ones(len(gap)), weights=weight).fit(
        cov_type="cluster", cov_kwds={"groups": product, "use_correction": False}
    )
    return Interval(float(found.params[0]), *map(float, found.conf_int()[0]))
