"""Realised churn: what has happened since earlier forecasts of customers lost and of the margin at risk."""

from collections.abc import Callable
from datetime import datetime

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.churn import dataset
from helpers.churn.scoring import BY_RULE, CUSTOMERS_LOST, MARGIN_AT_RISK, expected_losses
from helpers.customers import purchases
from helpers.foundation.engine import Engine
from helpers.stats import forecast_evaluation

CHURN_FORECAST_WINDOW = ["made_as_of_on", "due_on", "eligible_days"]


def realised_churn(engine: Engine, transactions: ir.Table, due: pd.DataFrame) -> pd.Series:
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
        Customers lost where they are forecast; NaN where nobody was eligible, and for any other quantity.
    """
    of_contracts = due["basis"].eq("contracts") if "basis" in due else pd.Series(False, due.index)
    is_known = due["quantity"].isin([CUSTOMERS_LOST, f"{CUSTOMERS_LOST}{BY_RULE}"]) & ~of_contracts

    def counted(made_on: datetime, due_on: datetime, eligible_days: int) -> dict[str, float]:
        lost = dataset.count_churned(
            engine, transactions, made_on.date(), due_on.date(), eligible_days=int(eligible_days)
        )
        return {row.segment: row.n_lost if row.n_eligible else np.nan for row in lost.itertuples(index=False)}

    return forecast_evaluation.outcomes_since_forecast(due, is_known, CHURN_FORECAST_WINDOW, "segment", counted)


def realised_margin_lost(
    engine: Engine, transactions: ir.Table, due: pd.DataFrame, scores_of_run: Callable[[str], pd.DataFrame]
) -> pd.Series:
    """Return the margin lost by who has bought since each forecast of the margin at risk, by the index of `due`.

    Parameters
    ----------
    engine, transactions : Engine, ir.Table
        As `realised_churn` takes them.
    due : DataFrame
        Grain forecast: the columns of ``results/forecasts`` and ``run``, the run that made it.
    scores_of_run : callable
        Gives the ``results/churn_scores`` of a run, with the value of each customer as it was stated then.

    Returns
    -------
    Series of float
        What `helpers.stats.forecast_evaluation.ExpectedLosses.realised` gives for who bought nothing [money]; NaN for
        any other quantity.
    """
    names = (MARGIN_AT_RISK, f"{MARGIN_AT_RISK}{BY_RULE}")
    is_known = due["quantity"].isin(names) & due["basis"].ne("contracts")

    def lost(run: str, made_on: datetime, due_on: datetime) -> dict[str, float]:
        scores = scores_of_run(run).dropna(subset=["margin_at_risk"])
        if scores.empty:
            return {}
        later = purchases.purchase_occasions(transactions, due_on.date())
        came = engine.frame(later.filter(later.on > made_on.date()).select("customer_id").distinct(), "returned")
        has_none = ~scores["customer_id"].isin(came["customer_id"]).to_numpy()
        return dict.fromkeys(names, expected_losses(scores).realised(has_none))

    window = ["run", "made_as_of_on", "due_on"]
    return forecast_evaluation.outcomes_since_forecast(due, is_known, window, "quantity", lost)
