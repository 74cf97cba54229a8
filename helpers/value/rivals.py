"""What models of purchases must beat: plain rules, and gradient boosting taught on an earlier cut-off."""

from datetime import timedelta

import ibis.expr.types as ir
import numpy as np

from helpers.customers.windows import Window
from helpers.foundation.engine import Engine
from helpers.value import ranking, summaries
from helpers.value.purchases import DAYS_A_WEEK, Counts

PAST_RATE, MEAN, RECENT, LEARNER = "past rate", "everybody's mean", "recent buyers' past rate", "gradient boosting"
LEAST_CUSTOMERS = 200
LEAST_DAYS = 28


def rules(counts: Counts, weeks: float) -> dict[str, np.ndarray]:
    """Return what plain rules forecast, shape ``(n_rows,)`` each.

    Notes
    -----
    Past rate: repeat orders go on at the customer's own rate since the first purchase. Everybody's mean: one rate for
    all. Recent buyers' past rate: the own rate for those whose last purchase is not older than the wait that nine in
    ten repeat buyers have been through by now, nothing for others.
    """
    age = np.maximum(counts.T, 1 / DAYS_A_WEEK)
    own = counts.x / age * weeks
    everybody = np.full(len(age), weeks * (counts.n @ counts.x) / (counts.n @ age))
    silent = counts.T - counts.t_x
    again = counts.x > 0
    limit = ranking.quantile(counts.t_x[again] / counts.x[again], counts.n[again], 0.9) if again.any() else 0.0
    return {PAST_RATE: own, MEAN: everybody, RECENT: np.where(silent <= limit, own, 0.0)}


def learned(engine: Engine, transactions: ir.Table, calibration: Window, counts: Counts,
            weeks: float) -> dict[str, np.ndarray]:
    """Return the learner's forecast by its name; empty where the calibration bears no lesson.

    Parameters
    ----------
    engine : Engine
        Counts.
    transactions : ir.Table
        ``canonical/transactions``.
    calibration : Window
        Days that may be seen. The last of them, as many as are to be forecast but half of them at most, are the
        lesson's outcome.
    counts : Counts
        Customers to forecast for.
    weeks : float
        Length of the forecast; where the lesson's outcome is shorter its forecast is stretched in proportion.
    """
    n_days = min(round(weeks * DAYS_A_WEEK), calibration.n_days // 2)
    lesson_on = calibration.last_on - timedelta(n_days)
    if n_days < LEAST_DAYS:
        return {}
    past, orders = summaries.counted_outcome(
        engine, summaries.with_outcome(engine, transactions, lesson_on, calibration.last_on))
    if past.n_customers < LEAST_CUSTOMERS or not orders.any():
        return {}
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits  # scikit-learn's own: counted rows are few, and threads only wait

    model = HistGradientBoostingRegressor(loss="poisson", max_iter=80, learning_rate=0.08, max_leaf_nodes=8,
                                          min_samples_leaf=20, random_state=0)
    with threadpool_limits(1, "openmp"):
        model.fit(_seen(past), orders, sample_weight=past.n)
        return {LEARNER: model.predict(_seen(counts)) * weeks * DAYS_A_WEEK / n_days}


def _seen(counts: Counts) -> np.ndarray:
    x, t_x, age = counts.x, counts.t_x, counts.T
    return np.column_stack([x, t_x, age, age - t_x, x / np.maximum(age, 1 / DAYS_A_WEEK)])
