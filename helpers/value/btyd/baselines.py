"""Baselines that BTYD models must beat (naive rules, gradient boosting); Spearman and Gini of a ranking."""

from datetime import timedelta

import ibis.expr.types as ir
import numpy as np

from helpers.customers.windows import TimeWindow
from helpers.foundation.engine import Engine
from helpers.value.btyd import frequency_recency
from helpers.value.btyd.frequency_recency import DAYS_PER_WEEK, FrequencyRecency


def rank_positions(values: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Return each row's middle place among all customers, in (0, 1]; equal values share theirs."""
    distinct, place = np.unique(values, return_inverse=True)
    size = np.bincount(place, n, len(distinct))
    return ((np.cumsum(size) - size / 2) / size.sum())[place]


def spearman_correlation(forecast: np.ndarray, happened: np.ndarray, n: np.ndarray) -> float:
    """Return Spearman's correlation over counted customers; NaN where one of them does not vary.

    `scipy.stats.spearmanr` takes a row for each customer, and knows no counts.
    """
    covariance = np.cov(rank_positions(forecast, n), rank_positions(happened, n), aweights=n, ddof=0)
    spread = np.diag(covariance)
    return float(covariance[0, 1] / np.sqrt(spread.prod())) if spread.min() > 1e-15 else float("nan")


def normalised_gini(forecast: np.ndarray, happened: np.ndarray, n: np.ndarray) -> float:
    """Return how well a forecast ranks: its Gini coefficient as a share of that of a perfect ranking."""
    def area(order: np.ndarray) -> float:
        place = rank_positions(order, n)
        return float(np.average(happened * place, weights=n) / np.average(happened, weights=n) - 0.5)

    if not (n @ happened) or np.ptp(happened) == 0:
        return float("nan")
    return area(forecast) / area(happened)


PAST_RATE_RULE, OVERALL_MEAN_RULE, RECENT_BUYERS_RULE, GBM_BASELINE = (
    "past rate",
    "overall mean",
    "recent buyers' past rate",
    "gradient boosting",
)

MIN_GBM_CUSTOMERS = 200

MIN_GBM_DAYS = 28


def naive_baselines(counts: FrequencyRecency, weeks: float) -> dict[str, np.ndarray]:
    """Return what plain rules forecast, shape ``(n_rows,)`` each.

    Notes
    -----
    Past rate: repeat orders go on at the customer's own rate since the first purchase. Everybody's mean: one rate for
    all. Recent buyers' past rate: the own rate for those whose last purchase is not older than the wait that nine in
    ten repeat buyers have been through by now, nothing for others.
    """
    age = np.maximum(counts.T, 1 / DAYS_PER_WEEK)
    own = counts.x / age * weeks
    everybody = np.full(len(age), weeks * (counts.n @ counts.x) / (counts.n @ age))
    silent = counts.T - counts.t_x
    again = counts.x > 0
    gaps = counts.t_x[again] / counts.x[again]
    limit = np.quantile(gaps, 0.9, weights=counts.n[again], method="inverted_cdf") if again.any() else 0.0
    return {PAST_RATE_RULE: own, OVERALL_MEAN_RULE: everybody, RECENT_BUYERS_RULE: np.where(silent <= limit, own, 0.0)}


def gbm_baseline(engine: Engine, transactions: ir.Table, calibration: TimeWindow, counts: FrequencyRecency,
            weeks: float) -> dict[str, np.ndarray]:
    """Return the learner's forecast by its name; empty where the calibration bears no lesson.

    Parameters
    ----------
    engine : Engine
        Counts.
    transactions : ir.Table
        ``canonical/transactions``.
    calibration : TimeWindow
        Days that may be seen. The last of them, as many as are to be forecast but half of them at most, are the
        lesson's outcome.
    counts : FrequencyRecency
        Customers to forecast for.
    weeks : float
        Length of the forecast; where the lesson's outcome is shorter its forecast is stretched in proportion.
    """
    n_days = min(round(weeks * DAYS_PER_WEEK), calibration.n_days // 2)
    lesson_on = calibration.last_on - timedelta(n_days)
    if n_days < MIN_GBM_DAYS:
        return {}
    past, orders = frequency_recency.count_buyers_with_outcome(
        engine, frequency_recency.buyers_with_outcome(engine, transactions, lesson_on, calibration.last_on))
    if past.n_customers < MIN_GBM_CUSTOMERS or not orders.any():
        return {}
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits  # scikit-learn's own: counted rows are few, and threads only wait

    model = HistGradientBoostingRegressor(loss="poisson", max_iter=80, learning_rate=0.08, max_leaf_nodes=8,
                                          min_samples_leaf=20, random_state=0)
    with threadpool_limits(1, "openmp"):
        model.fit(_seen(past), orders, sample_weight=past.n)
        return {GBM_BASELINE: model.predict(_seen(counts)) * weeks * DAYS_PER_WEEK / n_days}


def _seen(counts: FrequencyRecency) -> np.ndarray:
    x, t_x, age = counts.x, counts.t_x, counts.T
    return np.column_stack([x, t_x, age, age - t_x, x / np.maximum(age, 1 / DAYS_PER_WEEK)])
