"""The contract base: what runs and what has ended, by count and by monthly fee."""

from dataclasses import dataclass

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.engine import Engine
from helpers.foundation.estimates import Estimate, Status, summary, without_value
from helpers.methods import intervals
from helpers.value.audit import BaseChange


@dataclass(frozen=True, slots=True)
class ContractBase:
    """Contracts that run and that have ended.

    Parameters
    ----------
    n_active, n_ended : int
        Contracts.
    fee_active, fee_ended : float
        Their monthly fees; NaN where no contract has one [money a month].
    squares_active, squares_ended : float
        Sums of squared fees, for the interval.
    """

    n_active: int
    n_ended: int
    fee_active: float
    fee_ended: float
    squares_active: float
    squares_ended: float

    @property
    def n_contracts(self) -> int:
        """All contracts."""
        return self.n_active + self.n_ended

    def ended(self) -> tuple[Estimate, Estimate]:
        """Return the share of contracts that have ended, by count and by monthly fee, each with its interval."""
        n, fees = self.n_contracts, self.fee_active + self.fee_ended
        counted = intervals.share(self.n_ended / max(n, 1), n)
        by_count = Estimate("share_ended", counted.value, counted.low, counted.high, unit="share", n=n)
        if n < 2 or not fees > 0:
            reason = "no contracts" if not n else "no monthly fees are recorded" if n > 1 else "one contract only"
            by_fee = without_value("share_ended_by_fee", Status.INSUFFICIENT, reason, unit="share", n=n)
            return (by_count if n else without_value("share_ended", Status.INSUFFICIENT, reason, unit="share")), by_fee
        r = self.fee_ended / fees
        half = intervals.normal_quantile(0.95) * float(np.sqrt(
            ((1 - r) ** 2 * self.squares_ended + r**2 * self.squares_active) * n / (n - 1))) / fees
        return by_count, Estimate("share_ended_by_fee", r, max(r - half, 0.0), min(r + half, 1.0), unit="share", n=n)

    def table(self) -> pd.DataFrame:
        """Return the base as a long summary table; empty where there are no contracts."""
        if not self.n_contracts:
            return summary([])
        rows = [("active", self.n_active, self.fee_active), ("ended", self.n_ended, self.fee_ended)]
        counts = [Estimate("contracts", n, unit="contracts", n=n, segment=s) for s, n, _ in rows]
        fees = [Estimate("monthly_fee", fee, unit="money", n=n, segment=s) for s, n, fee in rows if not np.isnan(fee)]
        return summary([*counts, *fees, *self.ended()])

    def split(self) -> pd.DataFrame:
        """Return what runs and what has ended as a table for reading [contracts, money a month]."""
        rows = [("active", self.n_active, self.fee_active), ("ended", self.n_ended, self.fee_ended)]
        return pd.DataFrame(rows if self.n_contracts else [], columns=["state", "n_contracts", "monthly_fee"])


def contract_base(engine: Engine, subscriptions: ir.Table) -> ContractBase:
    """Return the contract base of ``canonical/subscriptions``."""
    fee = subscriptions.monthly_fee
    sums = {}
    for name, chosen in (("active", ~subscriptions.has_ended), ("ended", subscriptions.has_ended)):
        sums |= {f"n_{name}": chosen.ifelse(1, 0).sum().fill_null(0),
                 f"fee_{name}": chosen.ifelse(fee, None).sum().cast("float64"),
                 f"squares_{name}": chosen.ifelse(fee.cast("float64") ** 2, None).sum()}
    row = engine.first_row(subscriptions.aggregate(**sums, has_fees=fee.count() > 0))
    nothing = 0.0 if row.pop("has_fees") else float("nan")
    return ContractBase(**{k: nothing if v is None else v for k, v in row.items()})


def base_table(base: BaseChange, contracts: ContractBase, *more: pd.DataFrame) -> pd.DataFrame:
    """Return ``results/customer_base``: the audit of purchases, contracts where there are any, and what is added."""
    parts = [base.table(), contracts.table(), *more]
    found = pd.concat([p for p in parts if len(p)], ignore_index=True)
    if "kept" in base.withheld():
        found.loc[found["quantity"].str.startswith("kept_"), "is_withheld"] = True
    return found
