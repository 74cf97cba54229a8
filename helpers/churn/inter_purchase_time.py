"""Inter-purchase time model (gamma-exponential), survival of gaps by spend and of contracts by plan."""

from dataclasses import dataclass
from datetime import date, timedelta

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy import optimize, special

from helpers.customers import purchases
from helpers.foundation.engine import Engine
from helpers.stats import kaplan_meier

MIN_CUSTOMERS_WITH_GAP = 20


@dataclass(frozen=True, slots=True)
class InterPurchaseModel:
    """How rates of buying spread over a cohort: Gamma(shape, rate); gaps of one customer are exponential [days].

    References
    ----------
    Lomax (1954); the gamma–exponential mixture as in Fader, Hardie & Lee (2005), *Marketing Science* 24, 275–284.
    """

    shape: float
    rate: float

    def survival(self, n_gaps: np.ndarray, gap_days: np.ndarray, silent_days: np.ndarray) -> np.ndarray:
        """Return the posterior predictive chance that a gap lasts longer than the present silence, shape (n,).

        Parameters
        ----------
        n_gaps, gap_days : ndarray, shape (n,)
            Gaps between purchase occasions so far, and how long they lasted together [gaps, days].
        silent_days : ndarray, shape (n,)
            Days since the last occasion.

        Notes
        -----
        ((β + t) / (β + t + s)) ^ (α + x), the Lomax tail of the posterior Gamma(α + x, β + t).
        """
        scale = self.rate + gap_days
        return (scale / (scale + silent_days)) ** (self.shape + n_gaps)

    def limit(self, n_gaps: np.ndarray, gap_days: np.ndarray, q: float) -> np.ndarray:
        """Return the q-quantile of the next gap, beyond which a silence stands out [days], shape (n,)."""
        return (self.rate + gap_days) * ((1 - q) ** (-1 / (self.shape + n_gaps)) - 1)


def fit_inter_purchase_model(n_gaps: np.ndarray, gap_days: np.ndarray) -> InterPurchaseModel | None:
    """Return the cohort's rhythm by maximum likelihood; None with fewer than 20 customers who have a gap.

    Parameters
    ----------
    n_gaps, gap_days : ndarray, shape (n,)
        Gaps between occasions by customer and their sum [gaps, days]; those without a gap teach nothing.

    Notes
    -----
    log L = Σ log Γ(α + x) − log Γ(α) + α log β − (α + x) log(β + t). Gaps still open at the cut-off are left out, so
    that customers who have gone do not slow the rhythm of those who stay.
    """
    has_gap = n_gaps > 0
    x, t = n_gaps[has_gap], np.maximum(gap_days[has_gap], 1.0)
    if len(x) < MIN_CUSTOMERS_WITH_GAP:
        return None

    def loss(logs: np.ndarray) -> float:
        a, b = np.exp(logs)
        return -float(np.mean(special.gammaln(a + x) - special.gammaln(a) + a * np.log(b) - (a + x) * np.log(b + t)))

    start = np.log([2.0, 2.0 * t.sum() / x.sum()])
    found = optimize.minimize(loss, start, method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-12})
    shape, rate = np.exp(np.clip(found.x, -10, 15))
    return InterPurchaseModel(float(shape), float(rate))


OBSERVATION_DAYS = 365

SPEND_GROUPS = ("top quintile by spend", "middle quintiles by spend", "bottom quintile by spend")


def inter_purchase_gaps(
    engine: Engine, transactions: ir.Table, as_of_on: date, seen_days: int = OBSERVATION_DAYS
) -> pd.DataFrame:
    """Return how long each customer stayed away after the first purchase occasion of the last year.

    Parameters
    ----------
    engine : Engine
        Computes the gaps.
    transactions : ir.Table
        ``canonical/transactions``.
    as_of_on : date
        Last day that is seen: gaps still open then are censored.
    seen_days : int
        Gaps begin within so many days [days].

    Returns
    -------
    DataFrame
        Grain customer: ``customer_id``, ``days``, ``has_ended`` (came back), ``spent`` before the gap [money].
    """
    bought = purchases.purchase_occasions(transactions, as_of_on)
    by_customer = ibis.window(group_by="customer_id", order_by="on")
    rows = bought.mutate(next_on=bought.on.lead().over(by_customer),
                         spent=bought.amount.cast("float64").sum().over(
                             ibis.window(group_by="customer_id", order_by="on", preceding=(None, 0))))
    recent = rows.filter(rows.on > as_of_on - timedelta(seen_days))
    first = recent.filter(recent.on == recent.on.min().over(ibis.window(group_by="customer_id")))
    until = ibis.coalesce(first.next_on, ibis.literal(as_of_on))
    found = engine.frame(first.select("customer_id", "spent", days=until.delta(first.on, unit="day").cast("float64"),
                                      has_ended=first.next_on.notnull()), "gaps")
    return found.sort_values("customer_id", ignore_index=True)


def survival_curves(gaps: pd.DataFrame, contracts: pd.DataFrame) -> pd.DataFrame:
    """Return survival curves: of silence after a purchase by spend so far [days], else of contracts by plan [months].

    Parameters
    ----------
    gaps, contracts : DataFrame
        From `gaps` and `of_contracts`.

    Returns
    -------
    DataFrame
        As `helpers.stats.kaplan_meier.kaplan_meier_curves` gives it; empty where nothing has a length.
    """
    if gaps.empty:
        return kaplan_meier.kaplan_meier_curves(*(contracts[c].to_numpy() for c in ("months", "has_ended", "plan")))
    place = gaps["spent"].rank(pct=True, method="average").to_numpy()
    tier = np.select([place > 0.8, place <= 0.2], [SPEND_GROUPS[0], SPEND_GROUPS[2]], SPEND_GROUPS[1])
    return kaplan_meier.kaplan_meier_curves(gaps["days"].to_numpy(), gaps["has_ended"].to_numpy(bool), tier)


def contract_durations(subscriptions: pd.DataFrame, as_of_on: date) -> pd.DataFrame:
    """Return how long contracts have lasted, ended or not.

    Parameters
    ----------
    subscriptions : DataFrame
        ``canonical/subscriptions``; age is ``tenure_months``, else from the start to the end or to `as_of_on`.
    as_of_on : date
        Last day that is seen.

    Returns
    -------
    DataFrame
        Grain contract whose age is known: ``months``, ``has_ended``, ``plan``.
    """
    if subscriptions.empty:
        return pd.DataFrame({"months": [], "has_ended": [], "plan": []})
    until = subscriptions["ended_on"].astype("datetime64[us]").fillna(pd.Timestamp(as_of_on))
    dated = (until - subscriptions["started_on"].astype("datetime64[us]")).dt.days / 30.4375
    months = subscriptions["tenure_months"].astype("float64").fillna(dated).clip(lower=0)
    found = pd.DataFrame({"months": months, "has_ended": subscriptions["has_ended"].astype(bool),
                          "plan": subscriptions["plan"].astype("object").fillna("all").astype("str")})
    return found[months.notna()].reset_index(drop=True)


def longest_seen(durations: np.ndarray, at: float) -> float:
    """Return how far curves may be read: up to a time, or to the longest that was seen where that is shorter."""
    return float(min(at, np.floor(durations.max()))) if len(durations) else at


def survival_summary(curves: pd.DataFrame, at: float) -> pd.DataFrame:
    """Return by group how much is left at a time, with its interval, and when half is left.

    Returns
    -------
    DataFrame
        Grain group: ``group``, ``n_customers``, ``share_left`` with ``low`` and ``high``, ``hazard`` of the last step
        and ``half_left_at`` (NaN: not within what was seen).
    """
    rows = []
    for name, part in curves.groupby("group", sort=True):
        row = kaplan_meier.survival_at(part, at)
        assert row is not None  # a group's curve begins at time 0
        rows.append((name, int(part["n_at_risk"].max()), row["share_left"], row["low"], row["high"], row["hazard"],
                     kaplan_meier.median_survival(part)))
    return pd.DataFrame(rows, columns=["group", "n_customers", "share_left", "low", "high", "hazard", "half_left_at"])
