"""Purchases to come where no money is recorded: who is still a customer, and how many orders are expected."""

import ibis.expr.types as ir
import numpy as np
from scipy import special

from helpers.foundation.engine import Engine
from helpers.foundation.results import Estimate
from helpers.value.btyd.frequency_recency import DAYS_PER_WEEK, FREQUENCY_RECENCY_KEY, FrequencyRecency
from helpers.value.clv import BLOCK_DRAWS, DAYS_PER_YEAR, MAX_SIMULATED, N_PARAMETER_DRAWS, ClvForecast


def purchases_by_customer(engine: Engine, buyers: ir.Table, view: ClvForecast) -> ir.Table:
    """Return buyers with the purchases that are expected of them.

    Parameters
    ----------
    engine : Engine
        Takes the rows.
    buyers : ir.Table
        As `frequency_recency.cached_buyer_history` gives them.
    view : ClvForecast
        What is expected of each row; its model of spend is not used.

    Returns
    -------
    ir.Table
        Grain customer: ``customer_id``, ``p_alive``, ``expected_orders`` within the horizon, ``yearly_orders_if_kept``
        [orders].
    """
    joined = buyers.inner_join(engine.lazy(view.frame()), list(FREQUENCY_RECENCY_KEY))
    return joined.select("customer_id", "p_alive", "expected_orders",
                         yearly_orders_if_kept=joined.rate * (DAYS_PER_YEAR / DAYS_PER_WEEK))


def expected_orders_total(view: ClvForecast, rng: np.random.Generator) -> Estimate:
    """Return the orders of all buyers within the horizon, with the interval of what will come, the model being right.

    Parameters
    ----------
    view : ClvForecast
        What is expected of each row.
    rng : Generator
        Draws parameters, once for all customers, and each customer's purchases; of more than `MAX_SIMULATED` those of
        evenly spaced ones, which leaves the interval somewhat too wide.
    """
    half = np.log(view.fit.draws(rng, N_PARAMETER_DRAWS // 2) / view.fit.values).T
    moved = np.hstack([half, -half])
    values, counts = view.fit.values[:, None] * np.exp(moved), view.base.counts
    row = np.repeat(np.arange(len(counts.x)), counts.n.astype("int64"))
    row = row[::-(-len(row) // MAX_SIMULATED)]
    total = np.zeros(moved.shape[1])
    for start in range(0, len(row), step := max(BLOCK_DRAWS // 4 // moved.shape[1], 1)):
        some = row[start:start + step]
        each = FrequencyRecency(counts.x[some], counts.t_x[some], counts.T[some], np.ones(len(some)))
        logits = special.logit(np.clip(view.p_alive[some], 1e-15, 1 - 1e-15))
        alive = special.expit(logits[:, None] + view.p_alive_gradient[some] @ moved)
        total += view.fit.model.drawn(rng, each, values, view.weeks, rng.random(alive.shape) < alive).sum(axis=0)
    expected, scale = float(counts.n @ view.orders), counts.n_customers / len(row)
    low, high = np.quantile(expected + scale * (total - total.mean()), [0.025, 0.975])
    return Estimate("orders_ahead", expected, max(float(low), 0.0), float(high), unit="orders", n=counts.n_customers)
