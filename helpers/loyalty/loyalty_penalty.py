"""Loyalty penalty: prices and discounts of old customers against new ones, within product and month.

References
----------
Cameron, Gelbach & Miller (2011), Robust inference with multiway clustering, *Journal of Business & Economic Statistics*
29, 238–249: customers differ in what they are let off, and products in what is let off on them, so that neither the
lines of one customer nor those of one product are independent.
"""

from datetime import date

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy import stats

from helpers.foundation.engine import Engine
from helpers.foundation.results import PERCENTAGE_POINTS, Estimate, Status, no_estimate
from helpers.stats.bootstrap import to_twelve_digits
from helpers.stats.confidence_intervals import Interval
from helpers.stats.disclosure_control import LEAST_PEOPLE

OLD_TO_NEW_PRICE, OLD_LESS_NEW_DISCOUNT = (
    "price paid by old customers over new ones",
    "share discounted to old customers less new ones",
)

MIN_OLD_CUSTOMER_DAYS, MAX_NEW_CUSTOMER_DAYS = 365, 90

MIN_PRODUCT_MONTHS = 10

MAX_LIST_PRICE_SPREAD = 0.2  # coefficient of variation of the list price of a product within a month

PRICE_TOLERANCE = 1e-9  # of a price: what is left by dividing


CLUSTERS = {"customer": ["customer_id"], "product": ["product_id"], "both": ["customer_id", "product_id"]}


def product_lines(transactions: ir.Table, as_of_on: date) -> ir.Table:
    """Return the sales of a product with quantity and amount above zero.

    Parameters
    ----------
    transactions : Table
        ``canonical/transactions``.
    as_of_on : date
        Last day that is seen.

    Returns
    -------
    Table
        Grain line: ``customer_id, product_id, month, is_new, is_old`` (in the customer's first 90 days, after a year;
        null where no customer is known)``, price`` (logarithm of what a unit cost)``, discount`` (share of the list
        price that was taken off; null where none is recorded)``, listed`` (list price)``.
    """
    lines = transactions.filter(
        transactions.kind == "sale", transactions.product_id.notnull(), transactions.quantity > 0,
        transactions.amount > 0).mutate(on=lambda t: t.ordered_at.date())
    lines = lines.filter(lines.on <= as_of_on)
    firsts = lines.group_by("customer_id").aggregate(first_on=lines.on.min())
    table = lines.left_join(firsts, "customer_id")
    age = table.on.delta(table.first_on, unit="day").cast("int64")
    unit, listed = table.amount.cast("float64") / table.quantity, table.list_price.cast("float64").nullif(0)
    return table.select(
        "customer_id", "product_id", month=table.on.truncate("month"), is_new=age < MAX_NEW_CUSTOMER_DAYS,
        is_old=age >= MIN_OLD_CUSTOMER_DAYS, price=unit.ln(), discount=1 - unit / listed, listed=listed)


def loyalty_penalty_estimates(engine: Engine, transactions: ir.Table, as_of_on: date) -> list[Estimate]:
    """Return how much more old customers pay, and how much more discount they get, within product and month.

    Parameters
    ----------
    engine : Engine
        Sums.
    transactions, as_of_on
        As in `product_lines`.

    Notes
    -----
    Least squares with an effect for each product and month; errors clustered by customer and by product, Student's t
    with one degree of freedom less than there are of the fewer. Lines are summed in the engine: statsmodels would need
    every one. Prices are struck where the list price varies by more than `MAX_LIST_PRICE_SPREAD` within product and
    month, at the median of all with two list prices or more.
    """
    lines, rows = product_lines(transactions, as_of_on), []
    spread, n_repeated = _list_price_spread(engine, lines)
    for quantity, column in ((OLD_TO_NEW_PRICE, "price"), (OLD_LESS_NEW_DISCOUNT, "discount")):
        unit = "share" if column == "price" else PERCENTAGE_POINTS
        known, sums = _within_product_month(engine, lines, column)
        if column == "price" and known["n_cells"] and spread > MAX_LIST_PRICE_SPREAD:
            reason = (f"the list price of a product varies within its month, at the median of {n_repeated:,} "
                      f"products and months with two sales or more by {100 * spread:.0f} % of its mean (standard "
                      f"deviation): it is hardly one product")
            rows.append(no_estimate(quantity, Status.STRUCK, reason, unit=unit, n=known["n_cells"]))
            continue
        if reason := _why_no_penalty(known, column):
            rows.append(no_estimate(quantity, Status.INSUFFICIENT, reason, unit=unit, n=known["n_cells"]))
            continue
        found = clustered_gap(sums)
        value, low, high = (float(np.expm1(v) if column == "price" else 100 * v)
                            for v in (found.value, found.low, found.high))
        rows.append(Estimate(quantity, value, low, high, unit, known["n_lines"]))
    return rows


def _list_price_spread(engine: Engine, lines: ir.Table) -> tuple[float, int]:
    """Return the median coefficient of variation of list prices within product and month, and of how many it is."""
    cells = lines.group_by("product_id", "month").aggregate(
        n=lines.listed.count(), spread=lines.listed.std() / lines.listed.mean())
    repeated = cells.filter(cells.n > 1)
    told = engine.first_row(repeated.aggregate(n=repeated.count(), spread=repeated.spread.median()))
    return float(told["spread"]) if told["n"] else float("nan"), int(told["n"])


def _within_product_month(engine: Engine, lines: ir.Table, column: str) -> tuple[dict[str, int], pd.DataFrame]:
    """Return counts of what both old and new customers bought in one month, and the sums for `clustered_gap`."""
    sides = lines.filter(lines.is_new | lines.is_old, lines[column].notnull())
    cell = ibis.window(group_by=["product_id", "month"])
    sides = sides.mutate(side=sides.is_old.cast("float64"))
    sides = sides.mutate(x=sides.side - sides.side.mean().over(cell),
                         y=sides[column] - sides[column].mean().over(cell))
    sides = engine.kept(sides.filter(sides.x != 0).select(
        "customer_id", "product_id", "month", "is_old", "x", "y", is_off=sides[column].abs() > PRICE_TOLERANCE))
    counts = engine.first_row(sides.aggregate(
        n_lines=sides.count(), n_off=sides.is_off.sum(), n_old=sides.customer_id.nunique(where=sides.is_old),
        n_new=sides.customer_id.nunique(where=~sides.is_old)))
    cells = sides.select("product_id", "month").distinct()
    counts["n_cells"] = engine.first_row(cells.aggregate(n=cells.count()))["n"]
    made = []
    for name, keys in CLUSTERS.items():
        of = sides.group_by(keys).aggregate(xy=(sides.x * sides.y).sum(), xx=(sides.x * sides.x).sum())
        made.append(of.aggregate(
            cluster=ibis.literal(name), n=of.count(), xy=of.xy.sum(), xx=of.xx.sum(), xy_xy=(of.xy * of.xy).sum(),
            xy_xx=(of.xy * of.xx).sum(), xx_xx=(of.xx * of.xx).sum()))
    sums = engine.arrow(ibis.union(*made)).to_pandas().set_index("cluster").astype("float64").fillna(0.0)
    engine.forget(sides)
    return {name: int(n or 0) for name, n in counts.items()}, sums.apply(lambda of: to_twelve_digits(of.to_numpy()))


def clustered_gap(sums: pd.DataFrame) -> Interval:
    """Return a coefficient with an interval from sums by cluster, clustered by customer and by product.

    Parameters
    ----------
    sums : DataFrame
        One row each ``customer, product, both``: ``n`` clusters, ``xy, xx`` summed over all, and the sums of squares
        and products ``xy_xy, xy_xx, xx_xx`` of each cluster's own ``xy, xx``.
    """
    total, n = sums.loc["both"], sums["n"]
    value = float(total["xy"] / total["xx"])
    spread = sums["xy_xy"] - 2 * value * sums["xy_xx"] + value**2 * sums["xx_xx"]
    spread = spread * n / (n - 1)
    both_ways = spread["customer"] + spread["product"] - spread["both"]
    one_way = max(spread["customer"], spread["product"])
    error = float(np.sqrt(both_ways if both_ways > 0 else one_way) / total["xx"])
    half = float(stats.t.ppf(0.975, n[["customer", "product"]].min() - 1)) * error
    return Interval(value, value - half, value + half)


def _why_no_penalty(known: dict[str, int], column: str) -> str:
    if not known["n_cells"]:
        return (f"no product is on record that customers of {MIN_OLD_CUSTOMER_DAYS} days or more and of fewer than "
                f"{MAX_NEW_CUSTOMER_DAYS} bought in the same month" if column == "price" else
                "no list price is recorded of what both old and new customers bought")
    if known["n_cells"] < MIN_PRODUCT_MONTHS:
        return (f"{known['n_cells']:,} products and months in which both old and new customers bought, fewer than "
                f"{MIN_PRODUCT_MONTHS}")
    if min(known["n_old"], known["n_new"]) < LEAST_PEOPLE:
        return f"fewer than {LEAST_PEOPLE} old or new customers bought the same in the same month"
    return "" if column == "price" or known["n_off"] else "nothing is sold below its list price"
