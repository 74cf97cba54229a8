"""CLV valuation from preconditions by hold-out and refit to customer equity; CLV columns by customer."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.customers import features, purchases
from helpers.foundation.engine import Engine
from helpers.foundation.results import Estimate, Gate, Level, Status, estimate_table, no_estimate
from helpers.foundation.study_config import Economics
from helpers.value import clv, purchase_forecast, subscriptions
from helpers.value.btyd import btyd_preconditions, fitting, frequency_recency, gamma_gamma, validation
from helpers.value.btyd.bg_nbd import BG_NBD, MBG_NBD
from helpers.value.btyd.btyd_preconditions import BtydPreconditions
from helpers.value.btyd.condensed_nbd import condensed_nbd
from helpers.value.btyd.fitting import BtydFit, BtydModel, fit_btyd
from helpers.value.btyd.frequency_recency import DAYS_PER_WEEK
from helpers.value.btyd.gamma_gamma import GammaGammaFit
from helpers.value.btyd.pareto_nbd import PARETO_NBD
from helpers.value.btyd.validation import Backtest
from helpers.value.clv import ClvForecast, ClvTotals
from helpers.value.config import ValueConfig
from helpers.value.schema import CUSTOMER_VALUE, VALUE_FORECASTS
from helpers.value.subscriptions import SubscriptionSurvival

BTYD_MODELS: tuple[BtydModel, ...] = (BG_NBD, MBG_NBD, PARETO_NBD)

MODELS_WITH_DROPOUT = ("MBG/NBD", "Pareto/NBD")

GATES_OF_MONEY = ("finite mean spend", "spend apart from frequency", "positive margin")

WITHOUT_MONEY = "No money is recorded with the orders."

CLV_QUANTITIES = ("customer_equity", "margin_ahead", "orders_ahead")


@dataclass(frozen=True, slots=True, eq=False)
class ClvValuation:
    """Values of customers who buy without a contract.

    Parameters
    ----------
    as_of_on : date
        Last day that was seen.
    horizon_days : int
        How far values reach [days].
    checks : BtydPreconditions
        Whether models of purchases apply.
    gates : tuple of Gate
        The checks, and what the fitted models must meet.
    reason : str
        Why there is no value by customer, a sentence; empty where there is one.
    trial : Backtest or None
        The hold-out; None where the history does not bear one.
    fits : tuple of BtydFit
        Models fitted to everything.
    chosen : str
        The model behind the values.
    spend : GammaGammaFit or None
        Spend an occasion.
    independence : Estimate or None
        Rank correlation of frequency and spend.
    view : ClvForecast or None
        What is expected of counted buyers.
    totals : ClvTotals or None
        Sums over all customers.
    purchases : ClvForecast or None
        What is expected of counted buyers where no money is recorded: orders, and who is still a customer.
    orders : Estimate or None
        Their orders together.
    """

    as_of_on: date
    horizon_days: int
    checks: BtydPreconditions
    gates: tuple[Gate, ...] = ()
    reason: str = ""
    trial: Backtest | None = None
    fits: tuple[BtydFit, ...] = ()
    chosen: str = ""
    spend: GammaGammaFit | None = None
    independence: Estimate | None = None
    view: ClvForecast | None = None
    totals: ClvTotals | None = None
    purchases: ClvForecast | None = None
    orders: Estimate | None = None

    @property
    def fit(self) -> BtydFit | None:
        """The model behind the values, or the purchases; None where there are none."""
        view = self.view or self.purchases
        return view.fit if view else None

    @property
    def status(self) -> Status:
        """What values are where there are none: not applicable without purchases, else insufficient."""
        return Status.INSUFFICIENT if self.checks.n_buyers else Status.NOT_APPLICABLE

    def estimates(self) -> tuple[Estimate, ...]:
        """Return totals and what a new customer brings, or why there are none."""
        if self.totals is None:
            units = ("money", "money", "orders")
            none = [no_estimate(q, self.status, self.reason, unit=u, n=self.checks.n_buyers)
                    for q, u in zip(CLV_QUANTITIES, units, strict=True)]
            return (*none[:2], self.orders or none[2])
        new = _new_customer(self.view, self.horizon_days) if self.view else ()
        return (self.totals.equity, self.totals.realised, self.totals.orders, *new)

    def table(self) -> pd.DataFrame:
        """Return ``results/value_models``: totals, then every model's parameters."""
        models = [e for f in self.fits for e in f.estimates()]
        of_spend = [*self.spend.estimates(), self.independence] if self.spend else []
        return estimate_table([*self.estimates(), *models, *of_spend])

    def holdout_table(self) -> pd.DataFrame:
        """Return ``results/value_holdout``; without a hold-out the reason for it."""
        if self.trial:
            return self.trial.table()
        reason = self.reason or "the history does not bear a hold-out"
        return no_estimate("orders_forecast", self.status, reason, unit="orders").table()

    def ahead(self) -> pd.DataFrame:
        """Return repeat orders by week of the hold-out, forecast and happened; empty without a model."""
        if self.trial and any(f.is_identified for f in self.trial.fits):
            return self.trial.ahead
        return pd.DataFrame(columns=["week_on", "series", "orders"])

    def tracking(self) -> pd.DataFrame:
        """Return repeat orders by week of the whole history, for the figure; empty without a hold-out."""
        return self.trial.tracking if self.trial else pd.DataFrame(columns=["week_on", "series", "weekly"])

    def rivals(self) -> pd.DataFrame:
        """Return models and rules in the hold-out as a table for reading; empty without one."""
        return self.trial.reading() if self.trial else pd.DataFrame()

    def classes(self, by: str) -> pd.DataFrame:
        """Return mean orders in the hold-out by ``frequency`` or ``decile``; empty without one."""
        if not self.trial:
            return pd.DataFrame()
        return self.trial.by_frequency() if by == "frequency" else self.trial.by_decile()

    def forecasts(self) -> pd.DataFrame:
        """Return what can be graded once the horizon has passed: orders and margin of today's buyers."""
        told = (self.totals.orders, self.totals.realised) if self.totals else (self.orders,) if self.orders else ()
        if not told:
            return pd.DataFrame(columns=list(VALUE_FORECASTS.names))
        due = pd.Timestamp(self.as_of_on + timedelta(self.horizon_days))
        rows = [{"quantity": e.quantity, "segment": e.segment, "made_as_of_on": pd.Timestamp(self.as_of_on),
                 "due_on": due, "value": e.value, "low": e.low, "high": e.high, "level": e.level, "model": self.chosen,
                 "unit": e.unit, "n": e.n} for e in told]
        return pd.DataFrame(rows)


def _new_customer(view: ClvForecast, horizon_days: int) -> tuple[Estimate, ...]:
    """Return orders and margin of a customer won today within the horizon, first purchase included."""
    fit, weeks = view.fit, np.array([horizon_days / DAYS_PER_WEEK])
    rng = np.random.default_rng(0)
    orders = 1 + np.array([fit.model.expected_new(v, weeks)[0] for v in fit.draws(rng, 200)])
    p, q, gamma = view.spend.draws(rng, 200).T
    worth = orders * view.margin_share * p * gamma / (q - 1)
    made = 1 + float(fit.model.expected_new(fit.values, weeks)[0])
    value = made * view.margin_share * view.spend.mean
    return (_drawn("orders_of_a_new_customer", made, orders, "orders", fit.n),
            _drawn("value_of_a_new_customer", value, worth, "money", fit.n))


def _drawn(quantity: str, value: float, draws: np.ndarray, unit: str, n: int) -> Estimate:
    low, high = np.quantile(draws, [0.025, 0.975])
    return Estimate(quantity, value, float(low), float(high), unit=unit, n=n)


def value_customers(engine: Engine, transactions: ir.Table, subscriptions: ir.Table, as_of_on: date, *,
              margin_share: float, discount_rate: float, assumptions: ValueConfig, seed: int) -> ClvValuation:
    """Return what customers will be worth.

    Parameters
    ----------
    engine : Engine
        Counts and keeps.
    transactions, subscriptions : ir.Table
        Canonical tables.
    as_of_on : date
        Last day that is seen.
    margin_share : float
        Margin of one unit of money spent [share].
    discount_rate : float
        By the year [share a year].
    assumptions : ValueConfig
        Section ``[value]``: the horizon.
    seed : int
        Of the draws.
    """
    rng = np.random.default_rng(seed)
    found = _fit_and_check(engine, transactions, subscriptions, as_of_on, margin_share=margin_share,
                           discount_rate=discount_rate, horizon_days=assumptions.horizon_days, rng=rng)
    if found.purchases:
        orders = purchase_forecast.expected_orders_total(found.purchases, rng)
        off = found.trial.model_error(found.chosen) if found.trial else 0.0
        return replace(found, orders=clv.widened(orders, off))
    if found.view is None:
        return found
    buyers = frequency_recency.cached_buyer_history(engine, transactions, as_of_on)
    sums = _with_model_error(clv.clv_totals(engine, buyers, found.view, rng), found.trial, found.chosen)
    return replace(found, totals=sums)


def expected_purchases(engine: Engine, transactions: ir.Table, subscriptions: ir.Table, as_of_on: date, *,
                       economics: Economics, assumptions: ValueConfig) -> pd.DataFrame:
    """Return what the purchase model behind `value_customers` expects of each buyer; empty without a model.

    Parameters
    ----------
    engine, transactions, subscriptions, as_of_on, assumptions
        As for `value_customers`.
    economics : Economics
        Margin and discount rates [share, share a year].

    Returns
    -------
    DataFrame
        Grain customer: the columns of `clv.clv_by_customer`, equal to these of ``results/customer_value``.
    """
    spent = purchases.cached_customer_summary(engine, transactions, as_of_on, economics.margin_rate)
    found = _fit_and_check(engine, transactions, subscriptions, as_of_on,
                           margin_share=margin_per_unit_spend(engine, spent, economics.margin_rate),
                           discount_rate=economics.discount_rate, horizon_days=assumptions.horizon_days, rng=None)
    if found.view is None:
        return pd.DataFrame(columns=list(CUSTOMER_VALUE.names))
    buyers = frequency_recency.cached_buyer_history(engine, transactions, as_of_on)
    return engine.frame(clv.clv_by_customer(engine, buyers, found.view))


def _fit_and_check(engine: Engine, transactions: ir.Table, subscriptions: ir.Table, as_of_on: date, *,
                   margin_share: float, discount_rate: float, horizon_days: int,
                   rng: np.random.Generator | None) -> ClvValuation:
    """Return the purchase model and what it expects, without totals; without a view where it does not apply."""
    history = features.recorded_window(engine, transactions, as_of_on)
    buyers = frequency_recency.cached_buyer_history(engine, transactions, as_of_on)
    checks = btyd_preconditions.check_btyd_preconditions(engine, buyers, transactions, subscriptions, history)
    if checks.reason:
        return ClvValuation(as_of_on, horizon_days, checks, checks.gates(), checks.reason)
    models = (*BTYD_MODELS, condensed_nbd(checks.erlang_shape)) if checks.erlang_shape else BTYD_MODELS
    trial = (
        validation.backtest_btyd(engine, transactions, history, models, rng)
        if history and validation.calibration_cutoff(history)
        else None
    )
    base = frequency_recency.count_buyers(engine, buyers)
    fits = tuple(fitting.with_profile_limits(fit_btyd(model, base.counts), base.counts) for model in models)
    fit = _selected_fit(fits, trial)
    money = frequency_recency.repeat_spend(engine, buyers)
    of_spend, dependence = gamma_gamma.fit_gamma_gamma(*money), gamma_gamma.spend_frequency_correlation(*money)
    error = trial.error(fit.model.name) if trial and fit.model.name in trial.forecasts else float("nan")
    gates = (*checks.gates(), *btyd_preconditions.fitted_model_gates(fit, of_spend, error, dependence.value),
             btyd_preconditions.margin_gate(margin_share))
    has_money = np.isfinite(money[1]).any() or not len(money[1])
    known = {"trial": trial, "fits": fits, "chosen": fit.model.name, "spend": of_spend if has_money else None,
             "independence": dependence}
    gates = gates if has_money else tuple(g for g in gates if g.gate not in GATES_OF_MONEY)
    failed = [g.sentence for g in gates if g.is_crossed and g.level is Level.STRIKE]
    if failed:
        return ClvValuation(as_of_on, horizon_days, checks, gates, failed[0], **known)
    view = clv.forecast_clv(base, fit, of_spend, margin_share=margin_share, horizon_days=horizon_days,
                            discount_rate=discount_rate)
    view = replace(view, rate_fit=_rate_fit(fits, fit))
    if not has_money:
        return ClvValuation(as_of_on, horizon_days, checks, gates, WITHOUT_MONEY, purchases=view, **known)
    return ClvValuation(as_of_on, horizon_days, checks, gates, view=view, **known)


def _rate_fit(fits: tuple[BtydFit, ...], chosen: BtydFit) -> BtydFit:
    """Return the fit that tells how often one buys while a customer: Pareto/NBD where it is identified.

    Unless waits are regular, of which the chosen model alone knows. In MBG/NBD one leaves at a purchase only: whoever
    has left did so at the last one, and rates come out too high.
    """
    is_random = not chosen.model.depends_on_last_purchase
    return next((f for f in fits if f.model is PARETO_NBD and f.is_identified and is_random), chosen)


def _with_model_error(totals: ClvTotals, trial: Backtest | None, name: str) -> ClvTotals:
    """Return totals whose intervals of what will come hold the error that the model made in the hold-out too."""
    off = trial.model_error(name) if trial else 0.0
    return replace(totals, realised=clv.widened(totals.realised, off), orders=clv.widened(totals.orders, off))


def _selected_fit(fits: tuple[BtydFit, ...], trial: Backtest | None) -> BtydFit:
    """Return the fit behind the values: the model chosen in the hold-out, else the likelier one that is identified."""
    shown = [f for f in fits if f.model.name in MODELS_WITH_DROPOUT or f.model.depends_on_last_purchase]
    known = [f for f in shown if f.is_identified]
    name = trial.selected_model() if trial else ""
    regular = [f for f in known if f.model.depends_on_last_purchase]  # its likelihood leaves the waits out
    likely = max(regular or known, key=lambda f: f.log_likelihood, default=shown[0])
    return next((f for f in known if f.model.name == name), likely)


def with_clv(
    engine: Engine, customers: ir.Table, transactions: ir.Table, found: ClvValuation, signed: SubscriptionSurvival
) -> ir.Table:
    """Return customers with what is expected of them, by purchases or else by contracts; without either, unchanged.

    Parameters
    ----------
    engine : Engine
        Joins.
    customers : ir.Table
        Grain customer.
    transactions : ir.Table
        ``canonical/transactions``.
    found : ClvValuation
        Values by purchases.
    signed : SubscriptionSurvival
        Values by contracts, taken where no purchases are recorded.
    """
    if found.purchases:
        buyers = frequency_recency.cached_buyer_history(engine, transactions, found.as_of_on)
        return _with(engine, customers, purchase_forecast.purchases_by_customer(engine, buyers, found.purchases))
    if found.view is None or found.totals is None:
        is_signed = not found.checks.n_buyers and not signed.reason
        return (
            _with(engine, customers, subscriptions.contract_value_by_customer(engine, signed))
            if is_signed
            else customers
        )
    expected = clv.clv_by_customer(
        engine, frequency_recency.cached_buyer_history(engine, transactions, found.as_of_on), found.view
    )
    return _with(engine, _with(engine, customers, expected), engine.lazy(found.totals.limits))


def _with(engine: Engine, customers: ir.Table, more: ir.Table) -> ir.Table:
    return engine.kept(customers.left_join(more, "customer_id").drop("customer_id_right"))


def margin_per_unit_spend(engine: Engine, customers: ir.Table, margin_rate: float) -> float:
    """Return the margin of one unit of money spent in purchase occasions; the study's rate without purchases.

    Refunds that name no order lower it, since they take back margin and no occasion.
    """
    if "mean_spend" not in customers.columns:
        return margin_rate
    row = engine.first_row(customers.aggregate(
        margin=customers.margin.sum().cast("float64"), spent=(customers.mean_spend * customers.n_occasions).sum()))
    return row["margin"] / row["spent"] if row["spent"] else margin_rate
