"""What has become of forecasts once their last day has passed."""

from datetime import datetime

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.churn import labels
from helpers.foundation.engine import Engine
from helpers.methods import grading

WINDOW = ["made_as_of_on", "due_on", "eligible_days"]


def happened(engine: Engine, transactions: ir.Table, due: pd.DataFrame) -> pd.Series:
    """Return what has happened since each forecast was made, by the index of `due` [customers].

    Parameters
    ----------
    engine : Engine
        Counts.
    transactions : ir.Table
        Today's ``canonical/transactions``, which must reach to every ``due_on``.
    due : DataFrame
        Grain forecast: the columns of ``results/forecasts``.

    Returns
    -------
    Series of float
        Customers lost where the forecast is of them; NaN where nobody was eligible, and for any other quantity.
    """
    of_contracts = due["basis"].eq("contracts") if "basis" in due else pd.Series(False, due.index)
    is_known = (due["quantity"] == "customers_lost") & ~of_contracts

    def counted(made_on: datetime, due_on: datetime, eligible_days: int) -> dict[str, float]:
        lost = labels.lost_count(engine, transactions, made_on.date(), due_on.date(), eligible_days=int(eligible_days))
        return {row.segment: row.n_lost if row.n_eligible else np.nan for row in lost.itertuples(index=False)}

    return grading.happened(due, is_known, WINDOW, "segment", counted)
