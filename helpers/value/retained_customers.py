"""Retained customers: volume-price-margin split, gross and net revenue retention."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import permutations

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.customers import features, purchases
from helpers.customers.windows import PeriodComparison
from helpers.foundation import money
from helpers.foundation.engine import Engine
from helpers.foundation.money import MONEY
from helpers.foundation.results import Estimate, Status, estimate_table, no_estimate
from helpers.stats import confidence_intervals, disclosure_control

SPLIT_FACTORS = ("frequency", "value per order", "margin rate")

MONEY_QUANTUM = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class RetainedCustomers:
    """Customers who bought in both periods, and what is left of everybody who bought in the first.

    Parameters
    ----------
    n : int
        Kept customers.
    orders, sales, margin : pair
        Their purchase occasions, net sales and margin in both periods [occasions, money].
    n_before : int
        Customers of the first period.
    sums : dict of str to float
        Sums over them of net sales before (b), after (a), the smaller of both (m), and of their squares and products.
    reason : str
        Why there is nothing to split; empty where there is.
    """

    n: int
    orders: tuple[int, int]
    sales: tuple[Decimal, Decimal]
    margin: tuple[Decimal, Decimal]
    n_before: int
    sums: dict[str, float]
    reason: str = ""

    def of_sales(self) -> tuple[Decimal, ...]:
        """Return what frequency and value per order add to the change in the net sales of the kept, exactly [money]."""
        return volume_price_margin_split((self.orders, self.sales))

    def of_margin(self) -> tuple[Decimal, ...]:
        """Return what frequency, value per order and margin rate add to the change in their margin, exactly [money]."""
        return volume_price_margin_split((self.orders, self.sales, self.margin))

    def retention(self) -> tuple[Estimate, Estimate]:
        """Return gross and net revenue retention: of the first period's money, what the same customers still bring.

        Notes
        -----
        Gross leaves out what customers spend more than before, net takes it in. Linearised ratios of independent draws.
        """
        gross, net, n = "gross_revenue_retention", "net_revenue_retention", self.n_before
        if n < 2 or self.sums.get("b", 0) <= 0:
            reason = self.reason or "fewer than two customers bought in the first period"
            return (no_estimate(gross, Status.INSUFFICIENT, reason, unit="share", n=n),
                    no_estimate(net, Status.INSUFFICIENT, reason, unit="share", n=n))
        return _ratio(gross, self.sums, "m", n), _ratio(net, self.sums, "a", n)

    def table(self) -> pd.DataFrame:
        """Return the split and the retention of revenue as a long summary table."""
        parts = [("kept_sales_change", self.of_sales()), ("kept_margin_change", self.of_margin())]
        rows = [Estimate(q, float(v), unit="money", n=self.n, segment=f) for q, of in parts
                for f, v in zip(SPLIT_FACTORS, of, strict=False)]
        return estimate_table([*rows, *self.retention()] if self.n_before else [])

    def reading(self) -> pd.DataFrame:
        """Return the split as a table for reading: factor, before, after, change in sales and in margin."""
        rows = []
        for i, factor in enumerate(SPLIT_FACTORS):
            levels = [_level(i, self.orders[t], self.sales[t], self.margin[t], self.n) for t in (0, 1)]
            rows.append({"factor": factor, "before": levels[0], "after": levels[1],
                         "change_in_sales": float(self.of_sales()[i]) if i < 2 else None,
                         "change_in_margin": float(self.of_margin()[i])})
        columns = ["factor", "before", "after", "change_in_sales", "change_in_margin"]
        return pd.DataFrame([] if self.n < disclosure_control.LEAST_PEOPLE else rows, columns=columns)


def _level(factor: int, orders: int, sales: Decimal, margin: Decimal, n: int) -> float:
    top, below = ((orders, n), (sales, orders), (margin, sales))[factor]
    return float(top) / float(below) if below else float("nan")


def _ratio(quantity: str, sums: dict[str, float], key: str, n: int) -> Estimate:
    r = sums[key] / sums["b"]
    squares = max(sums[key + key] - 2 * r * sums[key + "b"] + r**2 * sums["bb"], 0.0)
    half = confidence_intervals.normal_quantile(0.95) * float(np.sqrt(squares * n / (n - 1))) / sums["b"]
    return Estimate(quantity, r, r - half, r + half, unit="share", n=n)


def volume_price_margin_split(totals: tuple[tuple[int | Decimal, int | Decimal], ...]) -> tuple[Decimal, ...]:
    """Return what each factor of a product adds to its change; the parts add up to it exactly.

    Parameters
    ----------
    totals : tuple of pair
        Running products before and after: orders; orders × value per order; … × margin rate. Equal customers in both.

    Notes
    -----
    Shapley's split: a factor's effect, averaged over all orders in which the factors could have changed. Fractions are
    exact; what rounding to a hundredth of a cent leaves goes to the last factor.

    Examples
    --------
    >>> volume_price_margin_split(((10, 20), (Decimal(100), Decimal(240))))
    (Decimal('110.0000'), Decimal('30.0000'))
    """
    levels = [[Fraction(t[i]) / (Fraction(b[i]) or 1) for i in (0, 1)]
              for b, t in zip(((1, 1), *totals), totals, strict=False)]
    effects = [Fraction(0)] * len(levels)
    orders = list(permutations(range(len(levels))))
    for order in orders:
        at = [level[0] for level in levels]
        for factor in order:
            before = _product(at)
            at[factor] = levels[factor][1]
            effects[factor] += (_product(at) - before) / len(orders)
    rounded = [(Decimal(e.numerator) / Decimal(e.denominator)).quantize(MONEY_QUANTUM) for e in effects[:-1]]
    change = Decimal(totals[-1][1]) - Decimal(totals[-1][0])
    return (*rounded, change - sum(rounded, Decimal(0)))


def _product(levels: list[Fraction]) -> Fraction:
    product = Fraction(1)
    for level in levels:
        product *= level
    return product


def compare_retained_customers(
    engine: Engine, transactions: ir.Table, periods: PeriodComparison | None, margin_rate: float, reason: str = ""
) -> RetainedCustomers:
    """Return the kept customers of two periods.

    Parameters
    ----------
    engine : Engine
        Computes the sums, in decimal.
    transactions : ir.Table
        ``canonical/transactions``.
    periods : PeriodComparison or None
        The periods compared; None where the history is too short.
    margin_rate : float
        Share of net sales that is margin where no unit cost is recorded.
    reason : str
        Why there are no periods.
    """
    zero = Decimal(0)
    if periods is None:
        return RetainedCustomers(0, (0, 0), (zero, zero), (zero, zero), 0, {}, reason)
    row = engine.first_row(_sums(orders_and_margin_by_customer(engine, transactions, periods, margin_rate)))
    pairs = {q: (row[f"{q}_before"], row[f"{q}_after"]) for q in ("orders", "sales", "margin")}
    sums = {k: row[f"sum_{k}"] for k in ("b", "a", "m", "bb", "aa", "mm", "ab", "mb")}
    return RetainedCustomers(row["n"], pairs["orders"], pairs["sales"], pairs["margin"], row["n_before"], sums)


def orders_and_margin_by_customer(
    engine: Engine, transactions: ir.Table, periods: PeriodComparison, margin_rate: float
) -> ir.Table:
    """Return orders, net sales and margin of both periods by customer, kept in the engine [occasions, money]."""
    return engine.once(
        _by_customer, purchases.cached_customer_days(engine, transactions, periods.after.last_on), periods, margin_rate
    )


def _by_customer(spent: ir.Table, periods: PeriodComparison, margin_rate: float) -> ir.Table:
    zero = money.zero_money()
    columns = {}
    for when, window in (("before", periods.before), ("after", periods.after)):
        holds = window.holds(spent.on)
        columns |= {f"orders_{when}": (holds & features.is_occasion(spent)).ifelse(1, 0).sum(),
                    f"sales_{when}": holds.ifelse(spent.net_sales, zero).sum().cast(MONEY),
                    f"costed_{when}": holds.ifelse(spent.costed_margin, zero).sum().cast(MONEY),
                    f"uncosted_{when}": holds.ifelse(spent.uncosted_sales, zero).sum().cast(MONEY)}
    by = spent.group_by("customer_id").aggregate(**columns)
    assumed = {when: money.money_share(by[f"uncosted_{when}"], margin_rate) for when in ("before", "after")}
    return by.mutate(**{f"margin_{when}": (by[f"costed_{when}"] + part).cast(MONEY) for when, part in assumed.items()})


def _sums(by: ir.Table) -> ir.Table:
    zero = money.zero_money()
    was = by.orders_before > 0
    both = was & (by.orders_after > 0)
    of_kept = {f"{q}_{when}": both.ifelse(by[f"{q}_{when}"], 0 if q == "orders" else zero).sum()
               for q in ("orders", "sales", "margin") for when in ("before", "after")}
    of_kept |= {name: value.cast("int64").fill_null(0) if name.startswith("orders") else
                value.cast(MONEY).fill_null(zero) for name, value in of_kept.items()}
    b, a = by.sales_before.cast("float64"), by.sales_after.cast("float64")
    m = ibis.greatest(ibis.least(a, b), 0.0)
    terms = {"b": b, "a": a, "m": m, "bb": b * b, "aa": a * a, "mm": m * m, "ab": a * b, "mb": m * b}
    return by.aggregate(n=both.ifelse(1, 0).sum().fill_null(0), n_before=was.ifelse(1, 0).sum().fill_null(0), **of_kept,
                        **{f"sum_{k}": was.ifelse(v, 0.0).sum().fill_null(0.0) for k, v in terms.items()})
