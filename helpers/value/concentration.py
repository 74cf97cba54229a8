"""Concentration of sales and profit: Lorenz curve, Gini coefficient, whale curve with loss-makers."""

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.engine import Engine
from helpers.foundation.results import Estimate, Status, estimate_table, no_estimate
from helpers.stats import confidence_intervals

MIN_CONCENTRATION_CUSTOMERS = 10

N_CURVE_STEPS = 100


@dataclass(frozen=True, slots=True, eq=False)
class Concentration:
    """How the money of customers is spread.

    Parameters
    ----------
    of : str
        Which money, in words.
    lorenz : DataFrame
        ``percent_of_customers`` and ``share_held``, the poorest first, in steps of one per cent, or of ten people
        where that is more.
    whale : DataFrame
        ``percent_of_customers`` and ``share_of_profit``, the most profitable first: above 1 until the loss-makers come.
    gini : Estimate
        0 where all are equal, towards 1 where one holds everything.
    peak, at_a_loss : Estimate
        Highest point of the whale curve, and the share of customers behind it, who bring a loss.
    """

    of: str
    lorenz: pd.DataFrame
    whale: pd.DataFrame
    gini: Estimate
    peak: Estimate
    share_unprofitable: Estimate

    def table(self) -> pd.DataFrame:
        """Return the measures as a long summary table."""
        return estimate_table([self.gini, self.peak, self.share_unprofitable])


def measure_concentration(engine: Engine, customers: ir.Table, column: str, of: str) -> Concentration:
    """Return how the money of customers is spread.

    Parameters
    ----------
    engine : Engine
        Ranks and sums.
    customers : ir.Table
        Grain customer, with `column`; customers without a value are left out.
    column : str
        The money.
    of : str
        What it is, in words; the segment of the estimates.

    Notes
    -----
    G = Σ (2i − 1 − n) x_(i) / (n² x̄), i the rank from the poorest. Its standard error is that of the mean of the
    linearised values −(G + 1) x + 2 [x F(x) − E(y; y ≤ x)] + x̄, over x̄: customers are seen as independent draws.
    Negative values are allowed; the Gini may then pass 1. No library in use has a Gini coefficient of amounts.

    References
    ----------
    Davidson (2009), Reliable inference for the Gini index, *Journal of Econometrics* 150, 30–40, equation 20.
    """
    value = customers[column].cast("float64")
    known = engine.kept(customers.filter(value.notnull()).select("customer_id", money=value))
    row = engine.first_row(known.aggregate(n=known.count(), total=known.money.sum()))
    n, total = int(row["n"]), float(row["total"] or 0.0)
    if n < MIN_CONCENTRATION_CUSTOMERS or total <= 0:
        reason = (
            f"fewer than {MIN_CONCENTRATION_CUSTOMERS} customers"
            if n < MIN_CONCENTRATION_CUSTOMERS
            else "nothing is held in total"
        )
        nothing = [no_estimate(q, Status.INSUFFICIENT, reason, unit="share", n=n, segment=of)
                   for q in ("gini", "whale_peak", "share_at_a_loss")]
        return Concentration(of, *_curves(), *nothing)
    ranked = engine.kept(known.mutate(
        place=ibis.row_number().over(order_by=[known.money, known.customer_id]) + 1,
        so_far=known.money.sum().over(ibis.window(order_by=[known.money, known.customer_id], rows=(None, 0)))))
    n_steps = min(N_CURVE_STEPS, n // MIN_CONCENTRATION_CUSTOMERS)
    found = engine.arrow(ranked.group_by(step=(n_steps * ranked.place / n).ceil() * N_CURVE_STEPS / n_steps).aggregate(
        held=ranked.money.sum()).order_by("step")).to_pandas()
    lorenz, whale = _curves(found, total)
    return Concentration(of, lorenz, whale, _gini_estimate(engine, ranked, n, total, of),
                         *_losses(engine, known, n, total, of))


def _gini_estimate(engine: Engine, ranked: ir.Table, n: int, total: float, of: str) -> Estimate:
    mean, x = total / n, ranked.money
    weighted = engine.first_row(ranked.aggregate(s=((2 * ranked.place - 1) / n * x).sum()))["s"]
    gini = weighted / total - 1
    below = (2 * ranked.place - 1) / (2 * n)
    # influence of one customer on the Gini: −(G + 1) x + 2 [x F(x) − E(x; x ≤ own)] + mean, over the mean
    each = -(gini + 1) * x + 2 * (x * below - (ranked.so_far - x / 2) / n) + mean
    sd = engine.first_row(ranked.select(z=each).aggregate(sd=ibis._.z.std(how="sample")))["sd"]
    half = confidence_intervals.normal_quantile(0.95) * sd / mean / np.sqrt(n)
    return Estimate("gini", gini, gini - half, gini + half, unit="share", n=n, segment=of)


def _losses(engine: Engine, known: ir.Table, n: int, total: float, of: str) -> tuple[Estimate, Estimate]:
    x = known.money
    row = engine.first_row(known.aggregate(
        losers=(x < 0).ifelse(1, 0).sum(), gained=(x > 0).ifelse(x, 0.0).sum(),
        gg=((x > 0).ifelse(x, 0.0) ** 2).sum(), xx=(x * x).sum(), gx=((x > 0).ifelse(x, 0.0) * x).sum()))
    share, peak = confidence_intervals.share_interval(row["losers"] / n, n), row["gained"] / total
    squares = max(row["gg"] - 2 * peak * row["gx"] + peak**2 * row["xx"], 0.0)
    half = confidence_intervals.normal_quantile(0.95) * float(np.sqrt(squares * n / (n - 1))) / total
    return (Estimate("whale_peak", peak, peak - half, peak + half, unit="share", n=n, segment=of),
            Estimate("share_at_a_loss", share.value, share.low, share.high, unit="share", n=n, segment=of))


def _curves(steps: pd.DataFrame | None = None, total: float = 1.0) -> tuple[pd.DataFrame, pd.DataFrame]:
    if steps is None:
        return (pd.DataFrame(columns=["percent_of_customers", "share_held"]),
                pd.DataFrame(columns=["percent_of_customers", "share_of_profit"]))
    at = np.concatenate([[0.0], steps["step"].to_numpy("float64")])
    held = np.concatenate([[0.0], np.cumsum(steps["held"].to_numpy("float64"))]) / total
    return (
        pd.DataFrame({"percent_of_customers": at, "share_held": held}),
        pd.DataFrame({"percent_of_customers": (N_CURVE_STEPS - at)[::-1], "share_of_profit": (held[-1] - held)[::-1]}),
    )
