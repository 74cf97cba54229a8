"""Customer lifetime value (CLV): discounted expected margin, with confidence and prediction intervals.

The first interval holds what the data leave open about the parameters; the second adds the chance of each customer's
own purchases and spend. Both are computed for rows of `frequency_recency.FrequencyRecency` and joined to customers in
the engine.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy import special

from helpers.foundation.engine import Engine
from helpers.foundation.results import Estimate
from helpers.stats import confidence_intervals
from helpers.value.btyd.fitting import BtydFit
from helpers.value.btyd.frequency_recency import DAYS_PER_WEEK, FREQUENCY_RECENCY_KEY, CountedBuyers, FrequencyRecency
from helpers.value.btyd.gamma_gamma import GammaGammaFit

DAYS_PER_YEAR = 365.25

DISCOUNT_STEP_DAYS = 91.3125

DERIVATIVE_STEP = 1e-4

N_PARAMETER_DRAWS = 400

MAX_SIMULATED = 100_000  # customers whose own future is drawn; sums of more are scaled up from so many

BLOCK_DRAWS = 4_000_000  # draws held at once


@dataclass(frozen=True, slots=True, eq=False)
class ClvForecast:
    """What is expected of each row of counted buyers within the horizon.

    Parameters
    ----------
    base : CountedBuyers
        The rows.
    fit, spend : BtydFit, GammaGammaFit
        The models.
    margin_share : float
        Margin of one unit of money spent [share].
    horizon_days : int
        How far it reaches [days].
    p_alive, orders, present : ndarray, shape (n_rows,)
        Probability of still being a customer; orders within the horizon, and discounted to today.
    alive_slopes, slopes : ndarray, shape (n_rows, 4)
        Derivatives of the logit of `p_alive`, and of the log of `present`, by the logs of the parameters.
    rate_fit : BtydFit, optional
        The model that the rate while a customer comes from; by default `fit`.
    """

    base: CountedBuyers
    fit: BtydFit
    spend: GammaGammaFit
    margin_share: float
    horizon_days: int
    p_alive: np.ndarray
    orders: np.ndarray
    present: np.ndarray
    p_alive_gradient: np.ndarray
    slopes: np.ndarray
    rate_fit: BtydFit | None = None

    @property
    def weeks(self) -> float:
        """Length of the horizon [weeks]."""
        return self.horizon_days / DAYS_PER_WEEK

    def frame(self) -> pd.DataFrame:
        """Return the rows for the join: `KEY`, ``p_alive``, ``expected_orders``, ``present``, ``log_variance``.

        ``rate`` and ``rate_variance``, mean and variance of the rate while a customer [purchases a week].
        """
        of = self.rate_fit or self.fit
        rate, rate_variance = of.model.rate_moments(self.base.counts, of.values)
        # who stays buys no less than is expected of one who may have left
        rate = np.maximum(rate, self.orders / self.weeks)
        spread = np.einsum("ri,ij,rj->r", self.slopes, self.fit.covariance, self.slopes)
        return pd.DataFrame(dict(zip(FREQUENCY_RECENCY_KEY, self.base.days.T, strict=True)) | {
            "p_alive": self.p_alive, "expected_orders": self.orders, "present": self.present, "log_variance": spread,
            "rate": rate, "rate_variance": rate_variance})


def forecast_clv(base: CountedBuyers, fit: BtydFit, spend: GammaGammaFit, *, margin_share: float, horizon_days: int,
            discount_rate: float) -> ClvForecast:
    """Return what is expected of counted buyers.

    Parameters
    ----------
    base : CountedBuyers
        Buyers counted by what they did.
    fit, spend : BtydFit, GammaGammaFit
        Identified models.
    margin_share : float
        Margin of one unit of money spent [share].
    horizon_days : int
        How far to look [days].
    discount_rate : float
        By the year; orders are discounted from the middle of each quarter [share a year].
    """
    def all_of(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return _expected_orders(fit, base.counts, values, horizon_days, discount_rate)

    p, orders, present = all_of(fit.values)
    steps = [tuple(all_of(fit.values * np.exp(s * h)) for s in (1, -1)) for h in DERIVATIVE_STEP * np.eye(4)]
    alive_slopes = np.column_stack([(_logit(up[0]) - _logit(down[0])) / (2 * DERIVATIVE_STEP) for up, down in steps])
    slopes = np.column_stack([(np.log(up[2]) - np.log(down[2])) / (2 * DERIVATIVE_STEP) for up, down in steps])
    return ClvForecast(base, fit, spend, margin_share, horizon_days, p, orders, present, alive_slopes, slopes)


def _expected_orders(fit: BtydFit, counts: FrequencyRecency, values: np.ndarray, horizon_days: int,
            rate: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    ends = np.append(np.arange(DISCOUNT_STEP_DAYS, horizon_days, DISCOUNT_STEP_DAYS), horizon_days)
    starts = np.insert(ends[:-1], 0, 0)
    discounts = (1 + rate) ** (-(starts + ends) / 2 / DAYS_PER_YEAR)
    reduced, place = unique_frequency_age(counts, with_last_purchase=fit.model.depends_on_last_purchase)
    made = np.array([fit.model.expected_if_alive(reduced, values, end / DAYS_PER_WEEK) for end in ends])
    p = np.maximum(fit.model.p_alive(counts, values), 1e-300)
    present = discounts @ np.diff(made, axis=0, prepend=0)
    return p, p * made[-1][place], p * present[place]


def unique_frequency_age(
    counts: FrequencyRecency, *, with_last_purchase: bool = False
) -> tuple[FrequencyRecency, np.ndarray]:
    """Return the distinct pairs of x and T, on which forecasts of the living rest, and each row's place among them.

    Parameters
    ----------
    counts : FrequencyRecency
        Customers counted by what they did.
    with_last_purchase : bool
        Whether forecasts rest on t_x too, so that nothing is taken together.
    """
    if with_last_purchase:
        return counts, np.arange(len(counts.x))
    pairs = counts.x * 1e7 + np.rint(counts.T * DAYS_PER_WEEK)
    _, first, place = np.unique(pairs, return_index=True, return_inverse=True)
    return FrequencyRecency(*(column[first] for column in (counts.x, counts.t_x, counts.T, counts.n))), place


def _logit(p: np.ndarray) -> np.ndarray:
    return special.logit(np.clip(p, 1e-15, 1 - 1e-15))


def clv_by_customer(engine: Engine, buyers: ir.Table, view: ClvForecast) -> ir.Table:
    """Return buyers with what is expected of them, computed in the engine.

    Parameters
    ----------
    engine : Engine
        Takes the rows.
    buyers : ir.Table
        As `frequency_recency.buyer_history` gives them.
    view : ClvForecast
        What is expected of each row.

    Returns
    -------
    ir.Table
        Grain customer: ``customer_id``, ``p_alive``, ``expected_orders``; ``expected_value`` with
        ``expected_value_low`` and ``expected_value_high``, the interval of what is expected [money]; of a year in
        which the customer stays ``yearly_orders_if_kept`` [orders], ``yearly_value_if_kept`` and
        ``yearly_value_if_kept_sd`` [money], neither discounted nor weighed by ``p_alive``.
    """
    p, q, gamma = (float(v) for v in view.spend.values)
    c = view.spend.covariance
    joined = buyers.inner_join(engine.lazy(view.frame()), list(FREQUENCY_RECENCY_KEY))
    x, money = joined.n_repeats.cast("float64"), joined.repeat_spend.cast("float64")
    below = p * x + q - 1
    margin = view.margin_share * p * (gamma + money) / below
    value = joined.present * margin
    weeks = DAYS_PER_YEAR / DAYS_PER_WEEK
    orders = joined.rate * weeks
    a, b, g = 1 - p * x / below, -q / below, gamma / (gamma + money)
    spread = (float(c[0, 0]) * a * a + float(c[1, 1]) * b * b + float(c[2, 2]) * g * g
              + 2 * (float(c[0, 1]) * a * b + float(c[0, 2]) * a * g + float(c[1, 2]) * b * g))
    half = confidence_intervals.normal_quantile(0.95) * (joined.log_variance + spread).sqrt()
    return joined.select("customer_id", "p_alive", "expected_orders", expected_value=value,
                         expected_value_low=value * (-half).exp(), expected_value_high=value * half.exp(),
                         yearly_orders_if_kept=orders, yearly_value_if_kept=orders * margin,
                         yearly_value_if_kept_sd=margin * (orders + joined.rate_variance * weeks**2).sqrt())


@dataclass(frozen=True, slots=True, eq=False)
class ClvTotals:
    """All customers together.

    Parameters
    ----------
    equity : Estimate
        Margin expected from today's buyers, with the interval of what is expected [money].
    realised : Estimate
        The same value with the interval of what will come, the model being right [money].
    orders : Estimate
        Orders within the horizon with the interval of what will come [orders].
    limits : DataFrame
        Grain customer, of those whose future was drawn: ``customer_id``, ``realised_low``, ``realised_high`` [money].
    """

    equity: Estimate
    realised: Estimate
    orders: Estimate
    limits: pd.DataFrame


def clv_totals(engine: Engine, buyers: ir.Table, view: ClvForecast, rng: np.random.Generator) -> ClvTotals:
    """Return sums over all customers by joint draws, and each customer's predictive interval.

    Parameters
    ----------
    engine : Engine
        Hands over the buyers.
    buyers : ir.Table
        As `frequency_recency.buyer_history` gives them.
    view : ClvForecast
        What is expected.
    rng : Generator
        Draws parameters, once for all customers, and each customer's purchases and spend.
    """
    moved, spend = _parameters(view, rng)
    means = _sums(view, moved, spend)
    n = view.base.counts.n_customers
    chosen = _chosen(engine, buyers, n)
    limits, noise, n_orders = [], np.zeros((2, N_PARAMETER_DRAWS)), np.zeros(N_PARAMETER_DRAWS)
    for part, margin, expected, orders in simulate_totals(view, chosen, moved, spend, rng):
        low, high = np.quantile(margin, [0.025, 0.975], axis=1)
        limits.append(pd.DataFrame({"customer_id": part["customer_id"], "realised_low": low, "realised_high": high}))
        noise += margin.sum(axis=0), expected.sum(axis=0)
        n_orders += orders.sum(axis=0)
    scale = n / len(chosen)
    realised = means + np.sqrt(scale) * (noise[0] - noise[1])
    total = float(_value(view).sum())
    of_orders = float(view.base.counts.n @ view.orders)
    made = _percentile_interval(
        "orders_ahead", of_orders, of_orders + scale * (n_orders - n_orders.mean()), n, "orders"
    )
    whole = pd.concat(limits, ignore_index=True) if n <= MAX_SIMULATED else limits[0].iloc[:0]
    expected, ahead = (
        _percentile_interval("customer_equity", total, means, n),
        _percentile_interval("margin_ahead", total, realised, n),
    )
    return ClvTotals(expected, ahead, made, whole)


def customer_equity(view: ClvForecast, rng: np.random.Generator) -> Estimate:
    """Return the margin expected from all counted buyers with the interval of what is expected [money]."""
    draws = _sums(view, *_parameters(view, rng))
    return _percentile_interval("customer_equity", float(_value(view).sum()), draws, view.base.counts.n_customers)


def _chosen(engine: Engine, buyers: ir.Table, n: int) -> pd.DataFrame:
    """Return the buyers whose future is drawn, in order of their ids: all of them, or evenly spaced ones of many."""
    some = buyers.select("customer_id", *FREQUENCY_RECENCY_KEY, s=buyers.repeat_spend.cast("float64"))
    if n > MAX_SIMULATED:
        place = ibis.row_number().over(order_by=some.customer_id)
        some = some.mutate(place=place).filter(lambda t: t.place % -(-n // MAX_SIMULATED) == 0).drop("place")
    return engine.arrow(some.order_by("customer_id")).to_pandas()


def _parameters(view: ClvForecast, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return draws of the log parameters of purchases less their values, ``(4, n)``, and of those of spend, ``(3, n)``.

    The draws come in pairs mirrored about the estimate, so that their mean is the estimate itself.
    """
    half = np.log(view.fit.draws(rng, N_PARAMETER_DRAWS // 2) / view.fit.values).T
    return np.hstack([half, -half]), view.spend.draws(rng, N_PARAMETER_DRAWS).T


def _value(view: ClvForecast) -> np.ndarray:
    """Return the expected value of all customers in a row together, shape ``(n_rows,)`` [money]."""
    p, q, gamma = view.spend.values
    counts = view.base.counts
    spend = p * (counts.n * gamma + view.base.repeat_spend) / (p * counts.x + q - 1)
    return view.margin_share * view.present * spend


def _sums(view: ClvForecast, moved: np.ndarray, spend: np.ndarray) -> np.ndarray:
    """Return the expected value of all customers under each draw of the parameters, shape ``(n_draws,)``."""
    counts, money, total = view.base.counts, view.base.repeat_spend, np.zeros(moved.shape[1])
    p, q, gamma = spend
    for start in range(0, len(counts.x), step := max(BLOCK_DRAWS // moved.shape[1], 1)):
        rows = slice(start, start + step)
        x, n, s = (column[rows, None] for column in (counts.x, counts.n, money))
        each = view.present[rows, None] * np.exp(view.slopes[rows] @ moved)
        total += (each * p * (n * gamma + s) / (p * x + q - 1)).sum(axis=0)
    return view.margin_share * total


def simulate_totals(view: ClvForecast, who: pd.DataFrame, moved: np.ndarray, spend: np.ndarray,
          rng: np.random.Generator) -> Iterator[tuple[pd.DataFrame, np.ndarray, np.ndarray, np.ndarray]]:
    """Yield customers with draws of their margin, of its expectation and of their orders, a block at a time.

    Parameters
    ----------
    view : ClvForecast
        What is expected.
    who : DataFrame
        Grain customer: `KEY` and ``s``, spend in repeat occasions.
    moved : ndarray, shape (4, n_draws)
        Log parameters of purchases, less their values.
    spend : ndarray, shape (3, n_draws)
        Parameters of spend.
    rng : Generator
        Draws.
    """
    rows = pd.MultiIndex.from_arrays(view.base.days.T).get_indexer(
        pd.MultiIndex.from_frame(who[list(FREQUENCY_RECENCY_KEY)])
    )
    values, counts = view.fit.values[:, None] * np.exp(moved), view.base.counts
    later = view.present / view.orders
    p, q, gamma = spend
    for start in range(0, len(who), step := max(BLOCK_DRAWS // 4 // moved.shape[1], 1)):
        row, part = rows[start:start + step], who.iloc[start:start + step]
        each = FrequencyRecency(counts.x[row], counts.t_x[row], counts.T[row], np.ones(len(row)))
        alive = special.expit(_logit(view.p_alive[row])[:, None] + view.p_alive_gradient[row] @ moved)
        orders = view.fit.model.drawn(rng, each, values, view.weeks, rng.random(alive.shape) < alive)
        money = part["s"].to_numpy()
        spent = view.spend.drawn(rng, spend, each.x, money, orders)
        expected = (view.present[row, None] * np.exp(view.slopes[row] @ moved)
                    * p * (gamma + money[:, None]) / (p * each.x[:, None] + q - 1))
        yield part, view.margin_share * later[row, None] * spent, view.margin_share * expected, orders


def widened(e: Estimate, off: float) -> Estimate:
    """Return an estimate of what will come whose interval holds a relative error of the model too, `off` [share]."""
    half = confidence_intervals.normal_quantile(0.95) * off * e.value
    return replace(e, low=max(e.value - float(np.hypot(e.value - e.low, half)), 0.0),
                   high=e.value + float(np.hypot(e.high - e.value, half)))


def _percentile_interval(quantity: str, value: float, draws: np.ndarray, n: int, unit: str = "money") -> Estimate:
    low, high = np.quantile(draws, [0.025, 0.975])
    return Estimate(quantity, value, float(low), float(high), unit=unit, n=n)
