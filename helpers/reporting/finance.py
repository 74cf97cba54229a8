"""The ledger's figures, as a study declares them, held against the records."""

from datetime import date, timedelta
from decimal import Decimal

import ibis.expr.types as ir
import pandas as pd
from pydantic import Field, model_validator

from helpers.customers import features, purchases
from helpers.foundation.engine import Engine
from helpers.foundation.money import MONEY
from helpers.foundation.study_config import Section
from helpers.value import revenue_bridge

NET_SALES, MARGIN, CUSTOMERS = "net sales", "margin", "customers with purchases"


class FinanceConfig(Section):
    """Section ``[finance]``: what the ledger says of a period, to be held against the records."""

    first_on: date | None = Field(None, description="first day of the ledger's period [date]")
    last_on: date | None = Field(None, description="its last day [date]")
    net_sales: float | None = Field(None, description="sales less refunds by the ledger, within the period [money]")
    margin: float | None = Field(None, description="margin by the ledger, within the period [money]")
    customers: int | None = Field(None, ge=0, description="customers who bought within the period [customers]")
    tolerance: float = Field(
        0.005, ge=0, lt=1, description="largest difference that counts as reconciled, of the ledger's figure [share]")

    @model_validator(mode="after")
    def _is_whole(self) -> "FinanceConfig":
        """Ask for both ends of the period, in order, where a figure is given.

        Raises
        ------
        ValueError
            If one is missing, or the last day is before the first.
        """
        if self.net_sales is None and self.margin is None and self.customers is None:
            return self
        if self.first_on is None or self.last_on is None:
            raise ValueError("a figure of the ledger needs first_on and last_on")
        if self.last_on < self.first_on:
            raise ValueError("last_on is before first_on")
        return self


def ledger_comparison(
    engine: Engine, transactions: ir.Table, ledger: FinanceConfig, covered_on: date, margin_rate: float
) -> pd.DataFrame:
    """Return the ledger's figures beside those of the records.

    Parameters
    ----------
    engine : Engine
        Sums.
    transactions : ir.Table
        ``canonical/transactions``.
    ledger : FinanceConfig
        What the ledger says.
    covered_on : date
        Last day that the records cover.
    margin_rate : float
        Share of net sales that is margin where no unit cost is known.

    Returns
    -------
    DataFrame
        Grain figure: quantity, first_on, last_on, ledger, records, difference (records less ledger), tolerance,
        is_reconciled, is_covered (whether the records reach the period's end), is_day_later_nearer (whether net sales
        booked a day later than ordered come nearer). Empty where no figure is declared.
    """
    first_on, last_on = ledger.first_on, ledger.last_on
    rows: list[tuple[str, Decimal, Decimal, bool]] = []
    if first_on and last_on:
        if ledger.net_sales is not None:
            told = Decimal(str(ledger.net_sales))
            found, later = (revenue_bridge.net_sales_between(
                engine, transactions, first_on - timedelta(days), last_on - timedelta(days)) for days in (0, 1))
            rows.append((NET_SALES, told, found, abs(later - told) < abs(found - told)))
        if ledger.margin is not None:
            rows.append((MARGIN, Decimal(str(ledger.margin)),
                         margin_between(engine, transactions, first_on, last_on, margin_rate), False))
        if ledger.customers is not None:
            rows.append((CUSTOMERS, Decimal(ledger.customers),
                         Decimal(_n_buyers(engine, transactions, first_on, last_on)), False))
    made = [{"quantity": quantity, "first_on": first_on, "last_on": last_on, "ledger": float(told),
             "records": float(found), "difference": float(found - told), "tolerance": ledger.tolerance,
             "is_reconciled": abs(found - told) <= Decimal(str(ledger.tolerance)) * abs(told),
             "is_covered": bool(last_on and last_on <= covered_on), "is_day_later_nearer": is_nearer}
            for quantity, told, found, is_nearer in rows]
    return pd.DataFrame(made, columns=["quantity", "first_on", "last_on", "ledger", "records", "difference",
                                       "tolerance", "is_reconciled", "is_covered", "is_day_later_nearer"])


def margin_between(
    engine: Engine, transactions: ir.Table, first_on: date, last_on: date, margin_rate: float
) -> Decimal:
    """Return the margin of all lines from the first to the last day, by unit cost or else by the rate [money]."""
    lines = features.lines_until(transactions, last_on).filter(lambda t: t.ordered_at.date() >= first_on)
    parts = lines.select(**features.margin_columns(lines))
    sums = parts.aggregate(**{c: parts[c].sum().cast(MONEY) for c in parts.columns})
    total = engine.first_row(sums.select(total=features.margin_with_assumed_rate(sums, margin_rate)))["total"]
    return total or Decimal(0)


def left_out_money(rejected: pd.DataFrame, first_on: date | None, last_on: date | None) -> tuple[pd.Series, bool]:
    """Return the money of records that the intake rejected, by reason, the largest first; and whether of the period.

    Parameters
    ----------
    rejected : DataFrame
        ``rejected/records``: file, reasons, amount.
    first_on, last_on : date, optional
        The ledger's period.

    Returns
    -------
    Series, bool
        Amount by reason [money]. A rejected record need not have a day that can be read, so that its file tells the
        period: files named by the year where the period is one and there are such, else all of them.
    """
    known = rejected[rejected["amount"].notna()]
    is_year = bool(first_on and last_on and first_on.year == last_on.year)
    of_year = known["file"].str.contains(str(first_on.year)) if first_on and is_year else pd.Series(False, known.index)
    rows = known[of_year] if of_year.any() else known
    sums = rows["amount"].astype("float64").groupby(rows["reasons"]).sum()
    return sums[sums != 0].sort_values(ascending=False, key=abs), bool(of_year.any())


def _n_buyers(engine: Engine, transactions: ir.Table, first_on: date, last_on: date) -> int:
    bought = purchases.purchase_occasions(transactions, last_on)
    within = bought.filter(bought.on >= first_on)
    return engine.first_row(within.aggregate(n=within.customer_id.nunique()))["n"]
