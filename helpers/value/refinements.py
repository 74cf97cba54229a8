"""Finer models of purchases: by what won a customer and by cohort; kept only where they forecast better."""

from dataclasses import dataclass, replace

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.engine import Engine
from helpers.foundation.estimates import Estimate, summary
from helpers.value import covariates, holdout, summaries
from helpers.value.covariates import CovariateFit
from helpers.value.holdout import Trial
from helpers.value.purchases import DAYS_A_WEEK, Counts, Fit, fitted

PLAIN, COHORTS, CHANNEL = "one model for all", "a model for each cohort", "rates by channel"
LEAST_REPEAT = 100  # repeat buyers of a cohort, a smaller one is taken together with the next younger one
LEAST_WEEKS = 8.0  # weeks that a cohort has been seen at least
UNKNOWN = "not known"


@dataclass(frozen=True, slots=True, eq=False)
class Refinements:
    """Finer models beside the one behind the values.

    Parameters
    ----------
    by_channel : CovariateFit or None
        How rates go with the channel that won the customer, fitted to everything; None without channels.
    trial : Trial or None
        The hold-out of `PLAIN`, `COHORTS` and `CHANNEL`; None where the history bears none.
    n_cohorts : int
        Cohorts with a model of their own in the hold-out.
    """

    by_channel: CovariateFit | None
    trial: Trial | None
    n_cohorts: int = 0

    def tried(self) -> tuple[str, ...]:
        """Return the finer models that were tried in the hold-out."""
        return tuple(name for name in (COHORTS, CHANNEL) if self.trial and name in self.trial.forecasts)

    def verdicts(self) -> dict[str, str]:
        """Return whether each finer model forecasts ``better``, ``worse`` or as well (``tie``) out of sample."""
        return {name: self.trial.verdict(name, PLAIN) for name in self.tried()}

    def estimates(self) -> tuple[Estimate, ...]:
        """Return ratios of rates by channel, and the paired differences in the hold-out."""
        of_channel = self.by_channel.estimates() if self.by_channel else ()
        return (*of_channel, *(self.trial.difference(name, PLAIN) for name in self.tried()))

    def table(self) -> pd.DataFrame:
        """Return the finer models as a long summary table."""
        return summary(self.estimates())

    def reading(self) -> pd.DataFrame:
        """Return the models in the hold-out as a table for reading: orders forecast, error, squared error, verdict."""
        verdicts = {PLAIN: ""} | self.verdicts() if self.tried() else {}
        t = self.trial
        return pd.DataFrame([{"model": name, "orders": t.total(name).value, "error": t.error(name),
                              "squared_error": float(np.average((t.orders - t.forecasts[name]) ** 2,
                                                                weights=t.counts.n)), "against_one_model": verdict}
                             for name, verdict in verdicts.items()],
                            columns=["model", "orders", "error", "squared_error", "against_one_model"])


def refinements(engine: Engine, transactions: ir.Table, customers: ir.Table, fit: Fit | None,
                trial: Trial | None) -> Refinements:
    """Return finer models beside the one behind the values.

    Parameters
    ----------
    engine : Engine
        Counts.
    transactions : ir.Table
        ``canonical/transactions``.
    customers : ir.Table
        ``canonical/customers``: ``acquired_channel``.
    fit : Fit or None
        The model behind the values, fitted to everything; None where there is none.
    trial : Trial or None
        Its hold-out.
    """
    if fit is None or not fit.is_identified or trial is None:
        return Refinements(None, None)
    channels = customers.select("customer_id", channel=customers.acquired_channel)
    buyers = summaries.known(engine, transactions, trial.hold_out.last_on)
    parts = _parts(engine, buyers.left_join(channels, "customer_id").mutate(orders=0))
    by_channel = covariates.by_group(fit.model, parts.counts_by_channel(), fit) if parts.has_channels else None
    past = next(f for f in trial.fits if f.model.name == fit.model.name)
    if not past.is_identified:
        return Refinements(by_channel, None)
    known = _seen(engine, transactions, channels, trial)
    weeks = trial.hold_out.n_days / DAYS_A_WEEK
    plain = holdout.forecast(past, known.counts, weeks)
    of_cohorts, n_cohorts = _by_cohort(past, known, plain, weeks)
    forecasts = {PLAIN: plain} | ({COHORTS: of_cohorts} if n_cohorts > 1 else {}) | _by_channel(past, known, weeks)
    return Refinements(by_channel, replace(trial, counts=known.counts, orders=known.orders, forecasts=forecasts,
                                           spread={}), n_cohorts)


@dataclass(frozen=True, slots=True, eq=False)
class _Parts:
    """Counted customers with the channel that won them, and their orders in the hold-out."""

    counts: Counts
    orders: np.ndarray
    channel: np.ndarray

    @property
    def has_channels(self) -> bool:
        return len(set(self.channel) - {UNKNOWN}) > 1

    def where(self, chosen: np.ndarray) -> Counts:
        return Counts(*(getattr(self.counts, name)[chosen] for name in ("x", "t_x", "T", "n")))

    def counts_by_channel(self) -> dict[str, Counts]:
        return {str(c): self.where(self.channel == c) for c in np.unique(self.channel)}


def _parts(engine: Engine, buyers: ir.Table) -> _Parts:
    by = buyers.mutate(channel=buyers.channel.fill_null(UNKNOWN)).group_by(*summaries.KEY, "orders", "channel")
    rows = engine.arrow(by.aggregate(n=ibis._.count()).order_by(*summaries.KEY, "orders", "channel")).to_pandas()
    x, last, age, orders, n = (rows[c].to_numpy("float64") for c in (*summaries.KEY, "orders", "n"))
    return _Parts(Counts(x, last / DAYS_A_WEEK, age / DAYS_A_WEEK, n), orders, rows["channel"].to_numpy(dtype=object))


def _seen(engine: Engine, transactions: ir.Table, channels: ir.Table, trial: Trial) -> _Parts:
    cutoff_on = trial.calibration.last_on
    both = summaries.with_outcome(engine, transactions, cutoff_on, trial.hold_out.last_on)
    return _parts(engine, both.left_join(channels, "customer_id"))


def _by_channel(past: Fit, known: _Parts, weeks: float) -> dict[str, np.ndarray]:
    found = covariates.by_group(past.model, known.counts_by_channel(), past) if known.has_channels else None
    if found is None or found.reason:
        return {}
    forecast = np.empty(len(known.orders))
    for channel in np.unique(known.channel):
        chosen = known.channel == channel
        values = found.values(str(channel))
        forecast[chosen] = holdout.forecast(past, known.where(chosen), weeks, values)
    return {CHANNEL: forecast}


def _by_cohort(past: Fit, known: _Parts, plain: np.ndarray, weeks: float) -> tuple[np.ndarray, int]:
    """Return the forecast by a model for each quarter of first purchase, and how many have one; others have `plain`."""
    forecast, n_cohorts = plain.copy(), 0
    for chosen in _cohorts(known.counts):
        own = fitted(past.model, known.where(chosen))
        if own.is_identified:
            forecast[chosen] = holdout.forecast(own, known.where(chosen), weeks)
            n_cohorts += 1
    return forecast, n_cohorts


def _cohorts(counts: Counts) -> list[np.ndarray]:
    """Return which rows belong to each cohort of thirteen weeks, the oldest first, small ones taken together."""
    quarter = (counts.T // 13).astype(int)
    found, waiting = [], np.zeros(len(quarter), bool)
    for q in np.unique(quarter)[::-1]:
        waiting = waiting | (quarter == q)
        if counts.n[waiting & (counts.x > 0)].sum() >= LEAST_REPEAT and counts.T[waiting].min() >= LEAST_WEEKS:
            found.append(waiting)
            waiting = np.zeros(len(quarter), bool)
    return found
