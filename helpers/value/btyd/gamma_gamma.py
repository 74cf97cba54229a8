"""Gamma-gamma model of spend per purchase: maximum likelihood, expected mean spend, independence check."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from helpers.foundation.results import Estimate, Status, estimate_table, no_estimate
from helpers.stats import confidence_intervals
from helpers.value.btyd.fitting import identification_problem, maximise_likelihood
from helpers.value.btyd.frequency_recency import unique_values

GAMMA_GAMMA_PARAMETERS = ("p", "q", "γ")

MIN_SPENDERS = 3

MAX_SPEND_FREQUENCY_CORRELATION = (
    0.3  # rank correlation of frequency and mean spend from which independence is questioned
)


@dataclass(frozen=True, slots=True, eq=False)
class GammaGammaFit:
    """The gamma-gamma model by maximum likelihood.

    Parameters
    ----------
    values : ndarray, shape (3,)
        p, q, γ; NaN where the model is refused.
    covariance : ndarray, shape (3, 3)
        Of their logarithms.
    log_likelihood : float
        At the maximum.
    n : int
        Customers with a repeat purchase.
    reason : str
        Why there is no model; empty where there is one.
    """

    values: np.ndarray
    covariance: np.ndarray
    log_likelihood: float
    n: int
    reason: str = ""

    @property
    def mean(self) -> float:
        """Mean spend of a customer of whom nothing is known, pγ / (q − 1) [money]."""
        p, q, gamma = self.values
        return float(p * gamma / (q - 1))

    def expected(self, x: np.ndarray, spend: np.ndarray) -> np.ndarray:
        """Return expected spend an occasion given `x` repeat occasions with `spend` altogether, shape ``(n,)``.

        References
        ----------
        Fader & Hardie (2013), *The gamma-gamma model of monetary value*, equation 5.
        """
        p, q, gamma = self.values
        return p * (gamma + spend) / (p * x + q - 1)

    def slopes(self, x: np.ndarray, spend: np.ndarray) -> np.ndarray:
        """Return the derivatives of log `expected` by the logarithms of p, q and γ, shape ``(n, 3)``."""
        p, q, gamma = self.values
        below = p * x + q - 1
        return np.column_stack([1 - p * x / below, -q / below, gamma / (gamma + spend)])

    def drawn(self, rng: np.random.Generator, values: np.ndarray, x: np.ndarray, spend: np.ndarray,
              orders: np.ndarray) -> np.ndarray:
        """Return money spent in `orders` occasions, drawn for each row, shape ``(n, n_draws)``.

        Parameters
        ----------
        rng : Generator
            Draws.
        values : ndarray, shape (3, n_draws)
            Parameters of each draw.
        x, spend : ndarray, shape (n,)
            Repeat occasions seen and what was spent in them.
        orders : ndarray, shape (n, n_draws)
            Occasions ahead.
        """
        p, q, gamma = values
        rate = rng.gamma(q + p * x[:, None], 1 / (gamma + spend[:, None]))
        return rng.gamma(np.maximum(p * orders, 1e-300)) / np.maximum(rate, 1e-300) * (orders > 0)

    def estimates(self) -> tuple[Estimate, ...]:
        """Return parameters, mean spend and log-likelihood, or why there are none."""
        said = (*GAMMA_GAMMA_PARAMETERS, "mean_spend", "log_likelihood")
        if self.reason:
            return tuple(no_estimate(q, Status.INSUFFICIENT, self.reason, n=self.n, segment="gamma-gamma")
                         for q in said)
        z = confidence_intervals.normal_quantile(0.95)
        slope = self.slopes(np.zeros(1), np.zeros(1))[0]
        spread = [*np.sqrt(np.diag(self.covariance)), np.sqrt(slope @ self.covariance @ slope)]
        rows = zip(said, [*self.values.tolist(), self.mean], spread, ("shape", "shape", "money", "money"), strict=False)
        found = [Estimate(q, v, v * np.exp(-z * e), v * np.exp(z * e), unit=u, n=self.n, segment="gamma-gamma")
                 for q, v, e, u in rows]
        return (*found, Estimate("log_likelihood", self.log_likelihood, n=self.n, segment="gamma-gamma",
                                 unit="log units"))

    def table(self) -> pd.DataFrame:
        """Return the fit as a long summary table."""
        return estimate_table(self.estimates())

    def draws(self, rng: np.random.Generator, n_draws: int) -> np.ndarray:
        """Return parameters drawn from their sampling distribution, normal on the log scale, ``(n_draws, 3)``.

        Draws with q ≤ 1, where no mean exists, are taken back to just above it.
        """
        spread = np.linalg.cholesky(self.covariance)
        drawn = self.values * np.exp(rng.standard_normal((n_draws, 3)) @ spread.T)
        return np.column_stack([drawn[:, 0], np.maximum(drawn[:, 1], 1.001), drawn[:, 2]])


def fit_gamma_gamma(x: np.ndarray, spend: np.ndarray) -> GammaGammaFit:
    """Return the gamma-gamma fit.

    Parameters
    ----------
    x : ndarray, shape (n_customers,)
        Repeat occasions; customers without one tell nothing and are left out.
    spend : ndarray, shape (n_customers,)
        What was spent in them altogether [money].

    Notes
    -----
    A fit with q ≤ 1 has no finite mean spend and is refused.

    References
    ----------
    Fader & Hardie (2013), *The gamma-gamma model of monetary value*, equation 1a.
    """
    known = (x > 0) & (spend > 0)
    x, spend = np.asarray(x, "float64")[known], np.asarray(spend, "float64")[known]
    nothing = np.full(3, np.nan), np.full((3, 3), np.nan), np.nan, len(x)
    if len(x) < MIN_SPENDERS:
        return GammaGammaFit(*nothing, f"fewer than {MIN_SPENDERS} customers bought again")
    mean = spend / x
    if np.ptp(mean) <= 1e-9 * mean.max():
        return GammaGammaFit(*nothing, "every customer spends the same an occasion: there is nothing to tell apart")
    unit = float(np.median(mean))  # so that neither steps nor limits depend on the currency
    at, value, hessian = maximise_likelihood(_negative(x, spend / unit), np.log([2.0, 3.0, 1.0]), len(x))
    if reason := identification_problem(at, hessian, GAMMA_GAMMA_PARAMETERS):
        return GammaGammaFit(*nothing, reason)
    if np.exp(at[1]) <= 1:
        return GammaGammaFit(
            *nothing, f"the fitted q is {np.exp(at[1]):.2f}; at 1 or below mean spend has no finite value"
        )
    likelihood = value - len(x) * float(np.log(unit))
    return GammaGammaFit(np.exp(at) * [1, 1, unit], np.linalg.inv(hessian), likelihood, len(x))


def _negative(x: np.ndarray, spend: np.ndarray) -> Any:
    level = unique_values(x, np.ones(len(x)))
    log_spend, by_x = np.log(spend), level.values
    fixed = float((log_spend - np.log(x)).sum())

    def negative(logs: np.ndarray) -> tuple[float, np.ndarray]:
        p, q, gamma = np.exp(logs)
        log_all = np.log(gamma + spend)
        value = (level.n @ (special.gammaln(p * by_x + q) - special.gammaln(p * by_x) - special.gammaln(q))
                 + len(x) * q * np.log(gamma) + p * (x @ log_spend) - (p * x + q) @ log_all - fixed)
        together = special.digamma(p * by_x + q)
        slopes = np.array([
            level.n @ (by_x * (together - special.digamma(p * by_x))) + x @ (log_spend - log_all),
            level.n @ (together - special.digamma(q)) + len(x) * np.log(gamma) - log_all.sum(),
            len(x) * q / gamma - ((p * x + q) / (gamma + spend)).sum()])
        return -float(value), -slopes * np.exp(logs)

    return negative


def spend_frequency_correlation(x: np.ndarray, spend: np.ndarray) -> Estimate:
    """Return the rank correlation of repeat occasions and mean spend of repeat buyers, which the model takes as 0."""
    known = (x > 0) & (spend > 0)
    found = confidence_intervals.spearman_interval(x[known], spend[known] / x[known])
    n = int(known.sum())
    if np.isnan(found.value):
        return no_estimate("frequency_by_spend", Status.INSUFFICIENT, "frequency or spend does not vary",
                             unit="rank correlation", n=n, segment="gamma-gamma")
    return Estimate("frequency_by_spend", found.value, found.low, found.high, unit="rank correlation", n=n,
                    segment="gamma-gamma")
