"""Weekly sales: orders, new customers, net sales and margin by week; the weeks to come, past quarters.

Weeks end on the weekday of the last day that is seen, so that the newest one is whole.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy import stats

from helpers.customers import features, purchases
from helpers.foundation.engine import Engine
from helpers.foundation.results import Estimate
from helpers.foundation.study_config import Economics
from helpers.stats import forecast_evaluation
from helpers.value.btyd import fitting, frequency_recency
from helpers.value.btyd.fitting import BtydFit, BtydModel
from helpers.value.btyd.frequency_recency import FrequencyRecency
from helpers.value.historical_value import VALUE_FORECAST_WINDOW
from helpers.value.seasonality import (
    MIN_SEASON_WEEKS,
    QUARTER_WEEKS,
    YEAR_WEEKS,
    counts_in_seasonal_time,
    seasonal_index,
)

RECENT_WEEKS = QUARTER_WEEKS  # new customers, sales and margin an order go on as in the last quarter

MIN_HISTORY_WEEKS = 26  # of a forecast

MIN_QUARTERS, MAX_QUARTERS = 2, 8  # past quarters that are forecast to see how far the recipe is off

QUARTERS_NEEDED, MOST_QUARTERS = "quarters_needed", 40  # of which a range is made; beyond ten years nobody waits

MAX_FITTED_CUSTOMERS = 5_000  # a past quarter's model is fitted to so many customers at most

MEASURES = {"orders": "orders", "net_sales": "money", "margin": "money"}  # measure, its unit

SEASONAL_NAIVE, LAST_QUARTER = "seasonal_naive", "last_quarter"  # columns of what a simple rule had said

RULES = {SEASONAL_NAIVE: "seasonal-naive rule", LAST_QUARTER: "last-quarter rule"}

BY_RULE, BY_OTHER_RULE = "_by_rule", "_by_other_rule"  # end a quantity by the rule that was nearer, by the other

NO_PAST_QUARTERS = pd.DataFrame(columns=["quarter", "week", "measure", "forecast", *RULES, "actual", "estimate_error"])

CountsAt = Callable[[int], FrequencyRecency]


def weekly_sales(engine: Engine, transactions: ir.Table, as_of_on: date, margin_rate: float) -> pd.DataFrame:
    """Return whole weeks from the first purchase or refund of a known customer to the as-of day, oldest first.

    Parameters
    ----------
    engine : Engine
        Counts.
    transactions : ir.Table
        ``canonical/transactions``.
    as_of_on : date
        Last day that is seen.
    margin_rate : float
        Share of net sales that is margin where a line has no unit cost.

    Returns
    -------
    DataFrame
        Grain week: ``week_on`` (its last day), ``orders`` (purchase occasions), ``new_customers`` (first ones),
        ``net_sales``, ``margin`` [money].
    """
    days = purchases.cached_customer_days(engine, transactions, as_of_on)
    by_day = days.group_by("on").aggregate(
        orders=features.is_occasion(days).ifelse(1, 0).sum().cast("float64"),
        net_sales=days.net_sales.sum().cast("float64"),
        margin=features.margin_with_assumed_rate(days, margin_rate).sum().cast("float64"))
    buyers = frequency_recency.cached_buyer_history(engine, transactions, as_of_on)
    first = buyers.group_by(on=buyers.first_on).aggregate(new_customers=ibis._.count().cast("float64"))
    known = engine.arrow(by_day.left_join(first, "on").drop("on_right")).to_pandas()
    columns = ["orders", "new_customers", "net_sales", "margin"]
    if known.empty:
        return pd.DataFrame(columns=["week_on", *columns])
    back = (pd.Timestamp(as_of_on) - pd.to_datetime(known["on"])).dt.days
    n_weeks = (int(back.max()) + 1) // 7
    sums = known[columns].fillna(0.0).groupby(back // 7).sum().reindex(range(n_weeks), fill_value=0.0)
    week_on = pd.Timestamp(as_of_on) - pd.to_timedelta(7 * np.arange(n_weeks), "D")
    return sums.assign(week_on=week_on).loc[::-1, ["week_on", *columns]].reset_index(drop=True)


def seasonal_naive(weekly: np.ndarray) -> np.ndarray:
    """Return the 13 weeks ahead by the seasonal-naive rule: those of a year before, else the last quarter again.

    Examples
    --------
    >>> seasonal_naive(np.arange(60))[:3].tolist(), seasonal_naive(np.arange(26))[:3].tolist()
    ([8, 9, 10], [13, 14, 15])
    """
    back = YEAR_WEEKS if len(weekly) >= YEAR_WEEKS else QUARTER_WEEKS
    return weekly[len(weekly) - back:][:QUARTER_WEEKS]


def by_simple_rule(rule: str, weekly: np.ndarray) -> np.ndarray:
    """Return the 13 weeks ahead by one of `RULES`: those of a year before, or the last quarter again."""
    return seasonal_naive(weekly) if rule == SEASONAL_NAIVE else weekly[-QUARTER_WEEKS:]


def expected_weeks(
    history: pd.DataFrame, counts: FrequencyRecency, fit: BtydFit | None, season: np.ndarray
) -> pd.DataFrame:
    """Return what the next 13 weeks bring if all goes on as in the last quarter.

    Parameters
    ----------
    history : DataFrame
        Weeks that are known, from `weekly_sales`.
    counts : FrequencyRecency
        Customers counted by what they did in these weeks, in seasonal time.
    fit : BtydFit or None
        Model of purchases fitted to them; without one repeat orders go on as in the last quarter.
    season : ndarray, shape (52,)
        From `seasonal_index`.

    Returns
    -------
    DataFrame
        Grain week ahead: ``today`` and ``new``, orders of today's customers, and first and repeat orders of new ones;
        ``orders``, their sum; ``net_sales``, ``margin`` [money].
    """
    recent, (past, ahead) = history.tail(RECENT_WEEKS), _recent_and_next_season(len(history), season)
    first = recent["new_customers"].sum() / past.sum() * ahead
    repeats = (recent["orders"] - recent["new_customers"]).sum() / past.sum()
    today = repeats * ahead if fit is None else _repeat_orders(counts, fit, ahead)
    again = np.zeros(QUARTER_WEEKS) if fit is None else _repeats_of_new_customers(first, fit, ahead)
    found = pd.DataFrame({"today": today, "new": first + again})
    orders = found["today"] + found["new"]
    per_order = recent[["net_sales", "margin"]].sum() / max(recent["orders"].sum(), 1.0)
    return found.assign(orders=orders, net_sales=orders * per_order["net_sales"], margin=orders * per_order["margin"])


def _recent_and_next_season(n_weeks: int, season: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the season of the recent weeks of so many, and of the 13 weeks ahead."""
    n_recent = min(n_weeks, RECENT_WEEKS)
    return (season[np.arange(n_weeks - n_recent, n_weeks) % YEAR_WEEKS],
            season[np.arange(n_weeks, n_weeks + QUARTER_WEEKS) % YEAR_WEEKS])


def estimate_error(
    history: pd.DataFrame, counts: FrequencyRecency, fit: BtydFit | None, season: np.ndarray
) -> float:
    """Return the variance of the quarter's expected orders by what they are estimated from, as a share of their square.

    Parameters
    ----------
    history, counts, fit, season
        As `expected_weeks` takes them.

    Notes
    -----
    By the delta method from the covariance of the model's parameters; of what goes on as lately, by its count.
    """
    recent, (past, ahead) = history.tail(RECENT_WEEKS), _recent_and_next_season(len(history), season)
    n_new, n_orders = (max(float(recent[c].sum()), 1.0) for c in ("new_customers", "orders"))
    if fit is None:
        return 1 / n_orders
    first, some = n_new / past.sum() * ahead, thinned(counts, MAX_FITTED_CUSTOMERS)

    def orders(values: np.ndarray) -> np.ndarray:
        """Return orders of today's customers and of new ones, shape ``(2,)``."""
        each = fit.model.p_alive(some, values) * fit.model.expected_if_alive(some, values, float(ahead.sum()))
        again = _repeats_of_new_customers(first, replace(fit, values=values), ahead).sum()
        return np.array([counts.n_customers / some.n_customers * float(some.n @ each), first.sum() + again])

    step = 0.01
    moved = [[np.log(orders(fit.values * np.exp(s * step * one)).sum()) for s in (1, -1)] for one in np.eye(4)]
    slopes, expected = np.diff(moved, axis=1)[:, 0] / (-2 * step), orders(fit.values)
    return float(slopes @ fit.covariance @ slopes + (expected[1] / expected.sum()) ** 2 / n_new)


def _repeat_orders(counts: FrequencyRecency, fit: BtydFit, ahead: np.ndarray) -> np.ndarray:
    """Return orders of customers who are known, by week ahead, whose season is given, shape ``(13,)``."""
    alive = counts.n * fit.model.p_alive(counts, fit.values)
    made = [float(alive @ fit.model.expected_if_alive(counts, fit.values, float(at))) for at in np.cumsum(ahead)]
    return np.diff(made, prepend=0.0)


def _repeats_of_new_customers(new: np.ndarray, fit: BtydFit, ahead: np.ndarray) -> np.ndarray:
    """Return repeat orders by week ahead of customers who come in the middle of each week, shape ``(13,)``."""
    ends = np.append(0.0, np.cumsum(ahead))
    ages = np.maximum(ends[:, None] - (ends[1:] - ahead / 2), 0.0)  # grain end of week × week in which they came
    return np.diff(fit.model.expected_new(fit.values, ages.ravel()).reshape(ages.shape), axis=0) @ new


def past_quarters(history: pd.DataFrame, counts_at: CountsAt, model: BtydModel | None) -> pd.DataFrame:
    """Return past quarters, each forecast from what was known at its begin.

    Parameters
    ----------
    history : DataFrame
        From `weekly_sales`.
    counts_at : callable
        Gives customers counted by what they did until so many weeks back.
    model : BtydModel or None
        Model of purchases, fitted anew for each quarter; a quarter whose records do not identify it is left out. None:
        repeat orders as in the quarter before.

    Returns
    -------
    DataFrame
        Grain past quarter × week × measure: ``quarter`` (0 the latest), ``week``, ``measure``, ``forecast``, what each
        of `RULES` had said, ``actual``, ``estimate_error`` as `estimate_error` gives it.
    """
    n_quarters = min((len(history) - MIN_HISTORY_WEEKS) // QUARTER_WEEKS, MAX_QUARTERS)
    found = [_past_quarter(history, counts_at((back + 1) * QUARTER_WEEKS), model, back) for back in range(n_quarters)]
    known = [part for part in found if len(part)]
    return pd.concat(known, ignore_index=True) if known else NO_PAST_QUARTERS


def _past_quarter(history: pd.DataFrame, counts: FrequencyRecency, model: BtydModel | None, back: int) -> pd.DataFrame:
    known = len(history) - (back + 1) * QUARTER_WEEKS
    before, actual = history.iloc[:known], history.iloc[known:known + QUARTER_WEEKS]
    season = seasonal_index(before["orders"].to_numpy())
    timed = counts_in_seasonal_time(counts, season, known)
    fit = fit_to_some(model, timed) if model else None
    if fit and not fit.is_identified:
        return NO_PAST_QUARTERS
    made, error = expected_weeks(before, timed, fit, season), estimate_error(before, timed, fit, season)
    return pd.concat([pd.DataFrame({
        "quarter": back, "week": np.arange(QUARTER_WEEKS), "measure": measure, "forecast": made[measure].to_numpy(),
        **{rule: by_simple_rule(rule, before[measure].to_numpy()) for rule in RULES},
        "actual": actual[measure].to_numpy(), "estimate_error": error}) for measure in MEASURES])


def quarters_with_season(past: pd.DataFrame, n_weeks: int) -> pd.DataFrame:
    """Return past quarters before which a season could be told, of so many weeks; all where these are too few to test.

    The others were forecast without the season that is known today.
    """
    known_weeks = n_weeks - (past["quarter"] + 1) * QUARTER_WEEKS
    seasoned = past[known_weeks >= MIN_SEASON_WEEKS].reset_index(drop=True)
    return seasoned if seasoned["quarter"].nunique() >= MIN_QUARTERS else past


def fit_to_some(model: BtydModel, counts: FrequencyRecency) -> BtydFit:
    """Return a model fitted to `MAX_FITTED_CUSTOMERS` of the customers at most."""
    return fitting.fit_btyd(model, thinned(counts, MAX_FITTED_CUSTOMERS))


def thinned(counts: FrequencyRecency, n_most: int) -> FrequencyRecency:
    """Return every k-th customer in the order of the rows, so that no more than `n_most` are left.

    Examples
    --------
    >>> thinned(FrequencyRecency(np.zeros(2), np.zeros(2), np.ones(2), np.array([5.0, 2.0])), 3).n.tolist()
    [1.0, 1.0]
    """
    every = max(int(np.ceil(counts.n_customers / n_most)), 1)
    n = np.diff(np.floor(np.cumsum(counts.n) / every), prepend=0.0)
    rows = n > 0
    return FrequencyRecency(counts.x[rows], counts.t_x[rows], counts.T[rows], n[rows])


def quarters_needed(furthest: float, n_quarters: int) -> list[Estimate]:
    """Return how many past quarters, off by as much, would let a range begin above 0; nothing where no number would.

    Parameters
    ----------
    furthest : float
        How far off the end of the 95 % interval is, from that many quarters [share].
    n_quarters : int
        Past quarters that were tried.

    Examples
    --------
    >>> [e.value for e in quarters_needed(2.0, 2)], quarters_needed(20.0, 2)
    ([14.0], [])
    """
    n, tail = np.arange(1, MOST_QUARTERS + 1), 0.975
    enough = n[furthest / stats.t.ppf(tail, n_quarters) * stats.t.ppf(tail, n) < 1]
    return [Estimate(QUARTERS_NEEDED, float(enough[0]), unit="quarters", n=n_quarters)] if len(enough) else []


def too_short(history: pd.DataFrame) -> str:
    """Return why weekly sales bear no forecast of a quarter, a sentence; empty where they do."""
    if history["orders"].sum() == 0:
        return "No purchases are recorded."
    needed = MIN_HISTORY_WEEKS + MIN_QUARTERS * QUARTER_WEEKS
    return "" if len(history) >= needed else (
        f"Purchases are on record for {len(history)} whole weeks; with fewer than {needed} a forecast of the next "
        "quarter cannot be tested on past ones, and no range can be stated.")


def realised_sales(engine: Engine, transactions: ir.Table, due: pd.DataFrame, economics: Economics) -> pd.Series:
    """Return the sales of the quarter of each forecast, of old and new customers, by the index of `due`.

    Parameters
    ----------
    engine : Engine
        Counts.
    transactions : ir.Table
        Today's ``canonical/transactions``, which must reach to every ``due_on``.
    due : DataFrame
        Grain forecast: the columns of ``results/value_forecasts``.
    economics : Economics
        Margin where no cost is known.

    Returns
    -------
    Series of float
        NaN for any other quantity.
    """
    measure_of = {f"quarter_{m}{suffix}": m for m in MEASURES for suffix in ("", BY_RULE, BY_OTHER_RULE)}

    def counted(made_on: datetime, due_on: datetime) -> dict[str, float]:
        days = features.customer_days(transactions, due_on.date()).filter(ibis._.on > made_on.date())
        sums = engine.first_row(days.aggregate(
            orders=features.is_occasion(days).ifelse(1, 0).sum().fill_null(0).cast("float64"),
            net_sales=days.net_sales.sum().cast("float64").fill_null(0.0),
            margin=features.margin_with_assumed_rate(days, economics.margin_rate).sum().cast("float64").fill_null(0.0)))
        return {name: sums[measure] for name, measure in measure_of.items()}

    return forecast_evaluation.outcomes_since_forecast(due, due["quantity"].isin(list(measure_of)),
                                                       VALUE_FORECAST_WINDOW, "quantity", counted)
