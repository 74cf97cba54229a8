"""The ledger's figures, as a study declares them, held against the records."""

from datetime import date
from decimal import Decimal

import ibis.expr.types as ir
import pandas as pd
from pydantic import Field, model_validator

from helpers.customers import purchases
from helpers.foundation.engine import Engine
from helpers.foundation.study_config import Section
from helpers.value import revenue_bridge

NET_SALES, CUSTOMERS = "net sales", "customers with purchases"


class FinanceConfig(Section):
    """Section ``[finance]``: what the ledger says of a period, to be held against the records."""

    first_on: date | None = Field(None, description="first day of the ledger's period [date]")
    last_on: date | None = Field(None, description="its last day [date]")
    net_sales: float | None = Field(None, description="sales less refunds by the ledger, within the period [money]")
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
        if self.net_sales is None and self.customers is None:
            return self
        if self.first_on is None or self.last_on is None:
            raise ValueError("a figure of the ledger needs first_on and last_on")
        if self.last_on < self.first_on:
            raise ValueError("last_on is before first_on")
        return self


def ledger_comparison(engine: Engine, transactions: ir.Table, ledger: FinanceConfig, covered_on: date) -> pd.DataFrame:
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

    Returns
    -------
    DataFrame
        Grain figure: quantity, first_on, last_on, ledger, records, difference (records less ledger), tolerance,
        is_reconciled, is_covered (whether the records reach the period's end). Empty where no figure is declared.
    """
    first_on, last_on = ledger.first_on, ledger.last_on
    rows = []
    if first_on and last_on:
        if ledger.net_sales is not None:
            found = revenue_bridge.net_sales_between(engine, transactions, first_on, last_on)
            rows.append((NET_SALES, Decimal(str(ledger.net_sales)), found))
        if ledger.customers is not None:
            found = Decimal(_n_buyers(engine, transactions, first_on, last_on))
            rows.append((CUSTOMERS, Decimal(ledger.customers), found))
    made = [{"quantity": quantity, "first_on": first_on, "last_on": last_on, "ledger": float(told),
             "records": float(found), "difference": float(found - told), "tolerance": ledger.tolerance,
             "is_reconciled": abs(found - told) <= Decimal(str(ledger.tolerance)) * abs(told),
             "is_covered": bool(last_on and last_on <= covered_on)} for quantity, told, found in rows]
    return pd.DataFrame(made, columns=["quantity", "first_on", "last_on", "ledger", "records", "difference",
                                       "tolerance", "is_reconciled", "is_covered"])


def _n_buyers(engine: Engine, transactions: ir.Table, first_on: date, last_on: date) -> int:
    bought = purchases.purchase_occasions(transactions, last_on)
    within = bought.filter(bought.on >= first_on)
    return engine.first_row(within.aggregate(n=within.customer_id.nunique()))["n"]
