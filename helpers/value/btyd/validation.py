"""Hold-out validation of BTYD models: calibration and hold-out periods, forecast error, tracking plot."""

from dataclasses import dataclass
from datetime import date, timedelta

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.customers import purchases
from helpers.customers.windows import TimeWindow
from helpers.foundation.engine import Engine
from helpers.foundation.errors import InputError
from helpers.foundation.results import Estimate, Status, estimate_table, no_estimate
from helpers.stats import confidence_intervals
from helpers.value import clv
from helpers.value.btyd import baselines, frequency_recency
from helpers.value.btyd.fitting import BtydFit, fit_btyd
from helpers.value.btyd.frequency_recency import DAYS_PER_WEEK, FrequencyRecency

MAX_HOLD_OUT_DAYS, MIN_HOLD_OUT_DAYS = 365, 28

MAX_FREQUENCY_CLASS = 7

HOLDOUT_ERROR = "holdout_error"


@dataclass(frozen=True, slots=True, eq=False)
class Backtest:
    """Forecasts of repeat orders for customers known at the cut-off, and what came.

    Parameters
    ----------
    calibration, hold_out : TimeWindow
        The days that were seen, and those held out.
    counts : FrequencyRecency
        Customers counted by what they did up to the cut-off and after it.
    orders : ndarray, shape (n_rows,)
        Orders of each of the row's customers in the hold-out.
    fits : tuple of BtydFit
        Models fitted to the calibration period.
    forecasts : dict of str to ndarray, shape (n_rows,)
        Orders forecast for a customer of the row, by model or rule.
    spread : dict of str to float
        Standard error of the forecast of all orders together, by model.
    tracking : DataFrame
        Grain week × series: ``week_on``, ``series``, ``orders`` (cumulative from the first day on, by what is expected
        of new customers), ``weekly``.
    ahead : DataFrame
        Grain week of the hold-out × series: ``week_on``, ``series``, ``orders``, cumulative from the cut-off on, by
        what is expected of customers as they were known then.
    """

    calibration: TimeWindow
    hold_out: TimeWindow
    counts: FrequencyRecency
    orders: np.ndarray
    fits: tuple[BtydFit, ...]
    forecasts: dict[str, np.ndarray]
    spread: dict[str, float]
    tracking: pd.DataFrame
    ahead: pd.DataFrame

    @property
    def happened(self) -> int:
        """Orders that came in the hold-out."""
        return int(self.counts.n @ self.orders)

    def total(self, name: str) -> Estimate:
        """Return all orders forecast by a model, with the interval of what may come."""
        value = float(self.counts.n @ self.forecasts[name])
        half = confidence_intervals.normal_quantile(0.95) * self.spread.get(name, np.nan)
        return Estimate("orders_forecast", value, value - half, value + half, unit="orders",
                        n=self.counts.n_customers, segment=name)

    def error(self, name: str) -> float:
        """Return how far the forecast of all orders was off what came; below zero: too few [share]."""
        return float(self.counts.n @ self.forecasts[name]) / self.happened - 1 if self.happened else float("nan")

    def errors_by_age(self, name: str) -> tuple[float, float, float]:
        """Return the age that halves the customers [weeks], and the errors of the older and the newer half [share]."""
        by_age = np.argsort(self.counts.T)
        middle = self.counts.T[by_age][np.searchsorted(np.cumsum(self.counts.n[by_age]), self.counts.n_customers / 2)]
        is_older = middle <= self.counts.T
        halves = [self.counts.n * is_half for is_half in (is_older, ~is_older)]
        older, newer = (float(n @ self.forecasts[name]) / came - 1 if (came := float(n @ self.orders)) else float("nan")
                        for n in halves)
        return float(middle), older, newer

    def model_error(self, name: str) -> float:
        """Return how far a total may be off beyond what its own interval holds, by the hold-out [share]; 0: not at all.

        Notes
        -----
        √(e² − s²), e the error of the total and s its standard error, both of what came: parameters and chance explain
        s, the rest is the model's, and may come again.
        """
        if not self.happened or name not in self.spread:
            return 0.0
        return float(np.sqrt(max(self.error(name) ** 2 - (self.spread[name] / self.happened) ** 2, 0.0)))

    def difference(self, name: str, other: str) -> Estimate:
        """Return a model's mean squared error less another's on the same customers, with the paired interval."""
        apart = (self.orders - self.forecasts[name]) ** 2 - (self.orders - self.forecasts[other]) ** 2
        n = self.counts.n_customers
        segment = f"{name} less {other}"
        if n < 2:
            return no_estimate("squared_error_difference", Status.INSUFFICIENT, "fewer than two customers",
                                 unit="squared orders", n=n, segment=segment)
        mean = float(np.average(apart, weights=self.counts.n))
        sd = np.sqrt(float(np.average((apart - mean) ** 2, weights=self.counts.n)) / (n - 1))
        half = confidence_intervals.normal_quantile(0.95) * float(sd)
        return Estimate("squared_error_difference", mean, mean - half, mean + half, unit="squared orders", n=n,
                        segment=segment)

    def verdict(self, name: str, other: str) -> str:
        """Return ``better``, ``worse`` or ``tie``: a tie where the paired interval holds zero."""
        found = self.difference(name, other)
        return "better" if found.high < 0 else "worse" if found.low > 0 else "tie"

    def selected_model(self) -> str:
        """Return the model behind what is shown of people, empty if there is none.

        Pareto/NBD, in which a customer may leave at any time, unless it is not identified or MBG/NBD, in which one
        leaves at a purchase only, has the lower squared error by the paired interval; whose total came nearer is one
        draw of chance. BG/NBD gives everybody who bought once a probability of 1 to be alive, and is left out. Where
        customers buy so regularly that MBG/CNBD-k is tried too, it is taken unless that one has a lower squared error.
        """
        known = [f.model.name for f in self.fits if f.is_identified]
        pareto, modified = (name in known for name in ("Pareto/NBD", "MBG/NBD"))
        random = "Pareto/NBD" if pareto else "MBG/NBD" if modified else ""
        if pareto and modified and self.verdict("MBG/NBD", "Pareto/NBD") == "better":
            random = "MBG/NBD"
        regular = next((f.model.name for f in self.fits if f.is_identified and f.model.depends_on_last_purchase), "")
        return regular if regular and not (random and self.verdict(random, regular) == "better") else random

    def table(self) -> pd.DataFrame:
        """Return ``results/value_holdout``: happened, forecast, error, ranking, calibration, differences.

        `HOLDOUT_ERROR` is that of the model behind what is shown: forecast / happened − 1.
        """
        rows = [Estimate("orders_happened", self.happened, unit="orders", n=self.counts.n_customers),
                Estimate("calibration_days", self.calibration.n_days, unit="days", n=self.counts.n_customers),
                Estimate("hold_out_days", self.hold_out.n_days, unit="days", n=self.counts.n_customers)]
        if chosen := self.selected_model():
            rows.append(Estimate(HOLDOUT_ERROR, self.error(chosen), unit="share", n=self.counts.n_customers))
        names = list(self.forecasts)
        rows += [e for name in names for e in (self.total(name), *self._scores(name))]
        models = [f.model.name for f in self.fits if f.is_identified]
        rows += [self.difference(m, other) for m in models for other in names if other not in models]
        for kind, frame in (("by_frequency", self.by_frequency()), ("by_decile", self.by_decile())):
            rows += [Estimate(f"orders_a_customer_{kind}", v, unit="orders", n=int(r["n_customers"]),
                              segment=f"{r[frame.columns[0]]}: {c}")
                     for r in frame.to_dict("records") for c, v in list(r.items())[2:]]
        return estimate_table(rows)

    def _scores(self, name: str) -> list[Estimate]:
        n, forecast, segment = self.counts.n_customers, self.forecasts[name], name
        found = [
            ("total_error", self.error(name), "share"),
            (
                "rank_correlation",
                baselines.spearman_correlation(forecast, self.orders, self.counts.n),
                "rank correlation",
            ),
            ("gini", baselines.normalised_gini(forecast, self.orders, self.counts.n), "share of a perfect ranking's"),
        ]
        return [Estimate(q, v, unit=u, n=n, segment=segment) if np.isfinite(v) else
                no_estimate(q, Status.INSUFFICIENT, "nothing varies", unit=u, n=n, segment=segment)
                for q, v, u in found]

    def reading(self) -> pd.DataFrame:
        """Return models and rules as a table for reading: forecast, error, ranking, squared error."""
        rows = [{"model": name, "orders": self.total(name).value, "low": self.total(name).low,
                 "high": self.total(name).high, "error": self.error(name),
                 "rank_correlation": baselines.spearman_correlation(self.forecasts[name], self.orders, self.counts.n),
                 "gini": baselines.normalised_gini(self.forecasts[name], self.orders, self.counts.n),
                 "squared_error": float(np.average((self.orders - self.forecasts[name]) ** 2, weights=self.counts.n))}
                for name in self.forecasts]
        return pd.DataFrame(rows)

    def by_frequency(self) -> pd.DataFrame:
        """Return mean orders by repeat orders before, seven and more together: happened, and by model."""
        return self._means("repeat_orders", np.minimum(self.counts.x, MAX_FREQUENCY_CLASS).astype(int))

    def by_decile(self) -> pd.DataFrame:
        """Return mean orders by tenth of customers in the order of the chosen model's forecast, 1 the lowest."""
        if not (name := self.selected_model()):
            return pd.DataFrame(columns=["decile", "n_customers", "happened"])
        forecast = self.forecasts[name]
        return self._means("decile", np.ceil(10 * baselines.rank_positions(forecast, self.counts.n)).astype(int))

    def _means(self, by: str, group: np.ndarray) -> pd.DataFrame:
        columns = {"happened": self.orders, **{f.model.name: self.forecasts[f.model.name] for f in self.fits
                                               if f.is_identified}}
        weighted = pd.DataFrame({c: v * self.counts.n for c, v in columns.items()} | {"n_customers": self.counts.n})
        sums = weighted.groupby(group).sum()
        means = sums[list(columns)].div(sums["n_customers"], axis=0)
        return pd.concat([sums["n_customers"].astype("int64"), means], axis=1).rename_axis(by).reset_index()


def calibration_cutoff(history: TimeWindow) -> date | None:
    """Return the last day of calibration: half of the history is held out, a year at most; None if under four weeks.

    Examples
    --------
    >>> calibration_cutoff(TimeWindow(date(1997, 1, 1), date(1998, 6, 30)))
    datetime.date(1997, 9, 30)
    """
    n_days = min(MAX_HOLD_OUT_DAYS, history.n_days // 2)
    return history.last_on - timedelta(n_days) if n_days >= MIN_HOLD_OUT_DAYS else None


def split_calibration_holdout(engine: Engine, transactions: ir.Table, history: TimeWindow,
                      cutoff_on: date) -> tuple[FrequencyRecency, np.ndarray, pd.DataFrame]:
    """Return customers counted by both periods, their orders in the hold-out, and repeat orders by day.

    Parameters
    ----------
    engine : Engine
        Counts.
    transactions : ir.Table
        ``canonical/transactions``.
    history : TimeWindow
        All days.
    cutoff_on : date
        Last day of calibration.
    """
    both = frequency_recency.buyers_with_outcome(engine, transactions, cutoff_on, history.last_on)
    bought = purchases.occasions_from_days(purchases.cached_customer_days(engine, transactions, history.last_on))
    repeats = bought.inner_join(both.select("customer_id", "first_on"), "customer_id").filter(
        lambda t: t.on > t.first_on)
    by_day = engine.arrow(repeats.group_by("on").aggregate(orders=ibis._.count()).order_by("on")).to_pandas()
    return *frequency_recency.count_buyers_with_outcome(engine, both), by_day


def backtest_btyd(
    engine: Engine, transactions: ir.Table, history: TimeWindow, models: tuple, rng: np.random.Generator | None
) -> Backtest:
    """Return the trial of models on the latest half of the history, a year at most.

    Parameters
    ----------
    engine : Engine
        Counts.
    transactions : ir.Table
        ``canonical/transactions``.
    history : TimeWindow
        All days; at least eight weeks.
    models : tuple of Model
        Models of purchases.
    rng : Generator, optional
        Draws futures, for the interval of the forecast of all orders; without one models are compared with each other
        alone, and there are no rules, intervals and weeks.

    Raises
    ------
    InputError
        If the history is too short to hold anything out.
    """
    cutoff_on = calibration_cutoff(history)
    if cutoff_on is None:
        raise InputError("history", f"{history.n_days} days bear no hold-out", f"at least {2 * MIN_HOLD_OUT_DAYS} days")
    hold_out = TimeWindow(cutoff_on + timedelta(1), history.last_on)
    counts, orders, by_day = split_calibration_holdout(engine, transactions, history, cutoff_on)
    fits = tuple(fit_btyd(model, counts) for model in models)
    weeks = hold_out.n_days / DAYS_PER_WEEK
    forecasts = {f.model.name: forecast_orders(f, counts, weeks) for f in fits if f.is_identified}
    calibration = TimeWindow(history.first_on, cutoff_on)
    if rng is None:
        return Backtest(calibration, hold_out, counts, orders, fits, forecasts, {}, pd.DataFrame(), pd.DataFrame())
    spread = {f.model.name: _spread(f, counts, weeks, rng) for f in fits if f.is_identified}
    rules = baselines.naive_baselines(counts, weeks) | baselines.gbm_baseline(
        engine, transactions, calibration, counts, weeks
    )
    return Backtest(calibration, hold_out, counts, orders, fits, forecasts | rules, spread,
                 _tracking(by_day, fits, counts, history, cutoff_on), _ahead(by_day, fits, counts, hold_out))


def forecast_orders(
    fit: BtydFit, counts: FrequencyRecency, weeks: float, values: np.ndarray | None = None
) -> np.ndarray:
    """Return orders expected of each row's customers in the weeks after T, shape ``(n_rows,)``."""
    values = fit.values if values is None else values
    return fit.model.p_alive(counts, values) * fit.model.expected_if_alive(counts, values, weeks)


def _ahead(
    by_day: pd.DataFrame, fits: tuple[BtydFit, ...], counts: FrequencyRecency, hold_out: TimeWindow
) -> pd.DataFrame:
    ends = np.append(np.arange(7, hold_out.n_days, 7), hold_out.n_days)
    since = (pd.to_datetime(by_day["on"]) - pd.Timestamp(hold_out.first_on)).dt.days.to_numpy() + 1
    orders = by_day["orders"].to_numpy()
    series = {"happened": np.array([orders[(since > 0) & (since <= end)].sum() for end in ends], "float64")}
    for f in (f for f in fits if f.is_identified):
        reduced, place = clv.unique_frequency_age(counts, with_last_purchase=f.model.depends_on_last_purchase)
        alive = np.bincount(place, counts.n * f.model.p_alive(counts, f.values), len(reduced.x))
        series[f.model.name] = np.array([alive @ f.model.expected_if_alive(reduced, f.values, end / DAYS_PER_WEEK)
                                         for end in ends])
    dates = pd.Timestamp(hold_out.first_on) + pd.to_timedelta(ends - 1, "D")
    return pd.concat([pd.DataFrame({"week_on": dates, "series": name, "orders": values})
                      for name, values in series.items()], ignore_index=True)


def _spread(
    fit: BtydFit, counts: FrequencyRecency, weeks: float, rng: np.random.Generator, n_draws: int = 200
) -> float:
    """Return the standard error of all orders forecast: of the parameters, and of what customers do."""
    step = 1e-4
    slopes = np.array([counts.n @ (forecast_orders(fit, counts, weeks, fit.values * np.exp(h))
                                   - forecast_orders(fit, counts, weeks, fit.values * np.exp(-h))) / (2 * step)
                       for h in step * np.eye(4)])
    alive, chance = fit.model.p_alive(counts, fit.values)[:, None], 0.0
    for start in range(0, len(counts.x), 20_000):
        rows = slice(start, start + 20_000)
        part = FrequencyRecency(counts.x[rows], counts.t_x[rows], counts.T[rows], counts.n[rows])
        made = fit.model.drawn(rng, part, fit.values, weeks, rng.random((len(part.x), n_draws)) < alive[rows])
        chance += float(part.n @ made.var(axis=1, ddof=1))
    return float(np.sqrt(slopes @ fit.covariance @ slopes + chance))


def _tracking(by_day: pd.DataFrame, fits: tuple[BtydFit, ...], counts: FrequencyRecency, history: TimeWindow,
              cutoff_on: date) -> pd.DataFrame:
    n_weeks = history.n_days // 7
    ends = history.n_days - 1 - 7 * np.arange(n_weeks)[::-1]  # days after the first one, the last day the last end
    on = (pd.to_datetime(by_day["on"]) - pd.Timestamp(history.first_on)).dt.days.to_numpy()
    totals = np.cumsum(np.bincount(on, by_day["orders"], history.n_days) if len(on) else np.zeros(history.n_days))
    dates = pd.Timestamp(history.first_on) + pd.to_timedelta(ends, "D")
    series = {"happened": totals[ends]}
    age = np.rint(counts.T * DAYS_PER_WEEK).astype(int)
    n_by_age = np.bincount(age, counts.n)
    ages = np.flatnonzero(n_by_age)
    since = ends[:, None] - ((cutoff_on - history.first_on).days - ages)[None, :]
    for f in fits:
        if f.is_identified:
            steps, place = np.unique(np.maximum(since, 0), return_inverse=True)
            expected = f.model.expected_new(f.values, steps / DAYS_PER_WEEK)
            series[f.model.name] = expected[place].reshape(since.shape) @ n_by_age[ages]
    return pd.concat([pd.DataFrame({"week_on": dates, "series": name, "orders": values,
                                    "weekly": np.diff(values, prepend=0)}) for name, values in series.items()],
                     ignore_index=True)
