"""BTYD models by acquisition channel and by cohort, used only where they forecast better."""

from dataclasses import dataclass, replace

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.engine import Engine
from helpers.foundation.results import Estimate, estimate_table
from helpers.value.btyd import covariates, frequency_recency, validation
from helpers.value.btyd.covariates import CovariateFit
from helpers.value.btyd.fitting import BtydFit, fit_btyd
from helpers.value.btyd.frequency_recency import DAYS_PER_WEEK, FrequencyRecency
from helpers.value.btyd.validation import Backtest

ONE_MODEL, COHORT_MODELS, CHANNEL_RATES = "one model for all", "a model for each cohort", "rates by channel"

MIN_REPEAT_BUYERS_PER_COHORT = (
    100  # repeat buyers of a cohort, a smaller one is taken together with the next younger one
)

MIN_COHORT_WEEKS = 8.0  # weeks that a cohort has been seen at least

UNKNOWN_CHANNEL = "not known"

ENROLMENTS = ("before the hold-out", "within it", "never")


@dataclass(frozen=True, slots=True, eq=False)
class ChannelCohortModels:
    """Finer models beside the one behind the values.

    Parameters
    ----------
    by_channel : CovariateFit or None
        How rates go with the channel that won the customer, fitted to everything; None without channels.
    trial : Backtest or None
        The hold-out of `ONE_MODEL`, `COHORT_MODELS` and `CHANNEL_RATES`; None where the history bears none.
    n_cohorts : int
        Cohorts with a model of their own in the hold-out.
    """

    by_channel: CovariateFit | None
    trial: Backtest | None
    n_cohorts: int = 0

    def tested_models(self) -> tuple[str, ...]:
        """Return the finer models that were tried in the hold-out."""
        return tuple(name for name in (COHORT_MODELS, CHANNEL_RATES) if self.trial and name in self.trial.forecasts)

    def verdicts(self) -> dict[str, str]:
        """Return whether each finer model forecasts ``better``, ``worse`` or as well (``tie``) out of sample."""
        trial = self.trial
        return {name: trial.verdict(name, ONE_MODEL) for name in self.tested_models()} if trial else {}

    def estimates(self) -> tuple[Estimate, ...]:
        """Return ratios of rates by channel, and the paired differences in the hold-out."""
        of_channel, trial = self.by_channel.estimates() if self.by_channel else (), self.trial
        tried = [trial.difference(name, ONE_MODEL) for name in self.tested_models()] if trial else []
        return (*of_channel, *tried)

    def table(self) -> pd.DataFrame:
        """Return the finer models as a long summary table."""
        return estimate_table(self.estimates())

    def reading(self) -> pd.DataFrame:
        """Return the models in the hold-out as a table for reading: orders forecast, error, squared error, verdict."""
        verdicts = {ONE_MODEL: ""} | self.verdicts() if self.tested_models() else {}
        t = self.trial
        rows = [] if t is None else [{"model": name, "orders": t.total(name).value, "error": t.error(name),
                              "squared_error": float(np.average((t.orders - t.forecasts[name]) ** 2,
                                                                weights=t.counts.n)), "against_one_model": verdict}
                             for name, verdict in verdicts.items()]
        return pd.DataFrame(rows, columns=["model", "orders", "error", "squared_error", "against_one_model"])


def compare_channel_cohort_models(engine: Engine, transactions: ir.Table, customers: ir.Table, fit: BtydFit | None,
                trial: Backtest | None) -> ChannelCohortModels:
    """Return finer models beside the one behind the values.

    Parameters
    ----------
    engine : Engine
        Counts.
    transactions : ir.Table
        ``canonical/transactions``.
    customers : ir.Table
        ``canonical/customers``: ``acquired_channel``.
    fit : BtydFit or None
        The model behind the values, fitted to everything; None where there is none.
    trial : Backtest or None
        Its hold-out.
    """
    if fit is None or not fit.is_identified or trial is None:
        return ChannelCohortModels(None, None)
    channels = customers.select("customer_id", channel=customers.acquired_channel)
    buyers = frequency_recency.cached_buyer_history(engine, transactions, trial.hold_out.last_on)
    parts = _parts(engine, buyers.left_join(channels, "customer_id").mutate(orders=0))
    by_channel = covariates.fit_by_group(fit.model, parts.counts_by_channel(), fit) if parts.has_channels else None
    past = next(f for f in trial.fits if f.model.name == fit.model.name)
    if not past.is_identified:
        return ChannelCohortModels(by_channel, None)
    known = _seen(engine, transactions, channels, trial)
    weeks = trial.hold_out.n_days / DAYS_PER_WEEK
    plain = validation.forecast_orders(past, known.counts, weeks)
    of_cohorts, n_cohorts = _by_cohort(past, known, plain, weeks)
    forecasts = (
        {ONE_MODEL: plain} | ({COHORT_MODELS: of_cohorts} if n_cohorts > 1 else {}) | _by_channel(past, known, weeks)
    )
    return ChannelCohortModels(by_channel, replace(trial, counts=known.counts, orders=known.orders, forecasts=forecasts,
                                           spread={}), n_cohorts)


def holdout_by_enrolment(engine: Engine, transactions: ir.Table, points: ir.Table, fit: BtydFit | None,
                         trial: Backtest | None) -> pd.DataFrame:
    """Return orders of the hold-out by whether customers had entered the programme, which the model does not know.

    Parameters
    ----------
    engine, transactions : Engine, ir.Table
        As `compare_channel_cohort_models` takes them.
    points : ir.Table
        ``canonical/points``: the first entry is the day of enrolment.
    fit, trial : BtydFit or None, Backtest or None
        The model behind the values, and its hold-out.

    Returns
    -------
    DataFrame
        Index `ENROLMENTS`, those that there are: ``n_customers``, ``forecast`` and ``happened`` [orders].
    """
    past = next((f for f in trial.fits if fit and f.model.name == fit.model.name and f.is_identified),
                None) if trial else None
    if trial is None or past is None:
        return pd.DataFrame(columns=["n_customers", "forecast", "happened"])
    first = points.group_by("customer_id").aggregate(on=points.entered_at.date().min())
    seen = first.filter(first.on <= trial.hold_out.last_on)
    known = _seen(engine, transactions, seen.select(
        "customer_id", channel=(seen.on <= trial.calibration.last_on).ifelse(*ENROLMENTS[:2])), trial)
    forecast = validation.forecast_orders(past, known.counts, trial.hold_out.n_days / DAYS_PER_WEEK)
    n = known.counts.n
    sums = pd.DataFrame({"n_customers": n, "forecast": n * forecast, "happened": n * known.orders})
    return sums.groupby(np.where(known.channel == UNKNOWN_CHANNEL, ENROLMENTS[2], known.channel)).sum()


@dataclass(frozen=True, slots=True, eq=False)
class _Parts:
    """Counted customers with the channel that won them, and their orders in the hold-out."""

    counts: FrequencyRecency
    orders: np.ndarray
    channel: np.ndarray

    @property
    def has_channels(self) -> bool:
        return len(set(self.channel) - {UNKNOWN_CHANNEL}) > 1

    def where(self, chosen: np.ndarray) -> FrequencyRecency:
        return FrequencyRecency(*(getattr(self.counts, name)[chosen] for name in ("x", "t_x", "T", "n")))

    def counts_by_channel(self) -> dict[str, FrequencyRecency]:
        return {str(c): self.where(self.channel == c) for c in np.unique(self.channel)}


def _parts(engine: Engine, buyers: ir.Table) -> _Parts:
    by = buyers.mutate(channel=buyers.channel.fill_null(UNKNOWN_CHANNEL)).group_by(
        *frequency_recency.FREQUENCY_RECENCY_KEY, "orders", "channel"
    )
    rows = engine.arrow(
        by.aggregate(n=ibis._.count()).order_by(*frequency_recency.FREQUENCY_RECENCY_KEY, "orders", "channel")
    ).to_pandas()
    x, last, age, orders, n = (
        rows[c].to_numpy("float64") for c in (*frequency_recency.FREQUENCY_RECENCY_KEY, "orders", "n")
    )
    return _Parts(
        FrequencyRecency(x, last / DAYS_PER_WEEK, age / DAYS_PER_WEEK, n),
        orders,
        rows["channel"].to_numpy(dtype=object),
    )


def _seen(engine: Engine, transactions: ir.Table, channels: ir.Table, trial: Backtest) -> _Parts:
    cutoff_on = trial.calibration.last_on
    both = frequency_recency.buyers_with_outcome(engine, transactions, cutoff_on, trial.hold_out.last_on)
    return _parts(engine, both.left_join(channels, "customer_id"))


def _by_channel(past: BtydFit, known: _Parts, weeks: float) -> dict[str, np.ndarray]:
    found = covariates.fit_by_group(past.model, known.counts_by_channel(), past) if known.has_channels else None
    if found is None or found.reason:
        return {}
    forecast = np.empty(len(known.orders))
    for channel in np.unique(known.channel):
        chosen = known.channel == channel
        values = found.values(str(channel))
        forecast[chosen] = validation.forecast_orders(past, known.where(chosen), weeks, values)
    return {CHANNEL_RATES: forecast}


def _by_cohort(past: BtydFit, known: _Parts, plain: np.ndarray, weeks: float) -> tuple[np.ndarray, int]:
    """Return the forecast by a model for each quarter of first purchase, and how many have one; others have `plain`."""
    forecast, n_cohorts = plain.copy(), 0
    for chosen in _cohorts(known.counts):
        own = fit_btyd(past.model, known.where(chosen))
        if own.is_identified:
            forecast[chosen] = validation.forecast_orders(own, known.where(chosen), weeks)
            n_cohorts += 1
    return forecast, n_cohorts


def _cohorts(counts: FrequencyRecency) -> list[np.ndarray]:
    """Return which rows belong to each cohort of thirteen weeks, the oldest first, small ones taken together."""
    quarter = (counts.T // 13).astype(int)
    found, waiting = [], np.zeros(len(quarter), bool)
    for q in np.unique(quarter)[::-1]:
        waiting = waiting | (quarter == q)
        if (
            counts.n[waiting & (counts.x > 0)].sum() >= MIN_REPEAT_BUYERS_PER_COHORT
            and counts.T[waiting].min() >= MIN_COHORT_WEEKS
        ):
            found.append(waiting)
            waiting = np.zeros(len(quarter), bool)
    return found
