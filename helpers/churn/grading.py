"""What has become of forecasts once their last day has passed."""

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.churn import labels
from helpers.foundation.engine import Engine

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
    known = due[(due["quantity"] == "customers_lost") & ~of_contracts]
    counts = {(*window, row.segment): row.n_lost if row.n_eligible else np.nan
              for window in known[WINDOW].drop_duplicates().itertuples(index=False, name=None)
              for row in labels.lost_count(engine, transactions, window[0].date(), window[1].date(),
                                           eligible_days=int(window[2])).itertuples(index=False)}
    keys = known[[*WINDOW, "segment"]].itertuples(index=False, name=None)
    found = pd.Series([counts.get(key, np.nan) for key in keys], index=known.index, dtype="float64")
    return found.reindex(due.index)
