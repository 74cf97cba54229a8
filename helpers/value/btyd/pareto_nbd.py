"""Pareto/NBD model: likelihood, P(alive), expected purchases, simulation."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import special

from helpers.value.btyd.frequency_recency import FrequencyRecency

LEGENDRE_NODES, LEGENDRE_WEIGHTS = np.polynomial.legendre.leggauss(32)

MAX_LOG_DEPTH = 40.0  # the integrand is cut off where it has fallen by exp(−40)

BLOCK_ROWS = 400  # rows at a time: arrays of a row and node each are small enough that their memory is used again


@dataclass(frozen=True, slots=True)
class ParetoNBD:
    """The Pareto/NBD model of purchases.

    Notes
    -----
    Rates of buying are gamma(r, α), rates of leaving gamma(s, β) among customers [a week]. The chance to have left in
    (t_x, T), ∫ s (α + τ)^−(r+x) (β + τ)^−(s+1) dτ, usually written with two hypergeometric functions, is integrated by
    32-point Gauss–Legendre quadrature in log(min(α, β) + τ), where it is smooth for any parameters; its derivatives
    come from the same nodes.

    References
    ----------
    Schmittlein, Morrison & Colombo (1987), *Management Science* 33, 1–24; Fader & Hardie (2005), *A note on deriving
    the Pareto/NBD model*, equations 22, 38 and 41.
    """

    name: str = "Pareto/NBD"
    names: tuple[str, str, str, str] = ("r", "α", "s", "β")
    depends_on_last_purchase: ClassVar[bool] = False

    def likelihood(self, counts: FrequencyRecency, values: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the log-likelihood of all customers and its gradient, shape ``(4,)``."""
        r, alpha, s, beta = values
        level, n = counts.levels, counts.n
        left, slopes = _log_dropout_integral(counts, values)
        to_alpha, to_beta = alpha + counts.T, beta + counts.T
        stayed = -(r + counts.x) * np.log(to_alpha) - s * np.log(to_beta)
        total = np.logaddexp(stayed, left)
        gone = np.exp(left - total)
        n_all = float(n.sum())
        value = (level.n @ (special.gammaln(r + level.values) - special.gammaln(r))
                 + n_all * (r * np.log(alpha) + s * np.log(beta)) + n @ total)
        rest = np.array([-np.log(to_alpha), -(r + counts.x) / to_alpha, -np.log(to_beta), -s / to_beta])
        of_terms = ((1 - gone) * rest + gone * slopes) @ n
        of_x = level.n @ (special.digamma(r + level.values) - special.digamma(r))
        of_all = np.array([of_x + n_all * np.log(alpha), n_all * r / alpha, n_all * np.log(beta), n_all * s / beta])
        return float(value), of_terms + of_all

    def p_alive(self, counts: FrequencyRecency, values: np.ndarray) -> np.ndarray:
        """Return the probability of still being a customer at T, shape ``(n_rows,)``."""
        r, alpha, s, beta = values
        left, _ = _log_dropout_integral(counts, values, slopes=False)
        stayed = -(r + counts.x) * np.log(alpha + counts.T) - s * np.log(beta + counts.T)
        return special.expit(stayed - left)

    def expected_if_alive(self, counts: FrequencyRecency, values: np.ndarray, weeks: float) -> np.ndarray:
        """Return purchases expected in the weeks after T from one who is alive at T, shape ``(n_rows,)``."""
        r, alpha, s, beta = values
        return (r + counts.x) / (alpha + counts.T) * _expected_active_weeks(s, beta + counts.T, weeks)

    def rate_moments(self, counts: FrequencyRecency, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and variance of the purchase rate while a customer, given what is seen, ``(n_rows,)`` each.

        Notes
        -----
        E[λ^k | x, t_x, T] is (r + x)_k times the likelihood with r + k in the exponent of the rate over that with r:
        the time after a customer left does not count [purchases a week].
        """
        shape = values[0] + counts.x
        whole, once, twice = (_log_likelihood_rows(counts, values + k * np.eye(4)[0]) for k in range(3))
        mean = shape * np.exp(once - whole)
        return mean, shape * (shape + 1) * np.exp(twice - whole) - mean**2

    def expected_new(self, values: np.ndarray, weeks: np.ndarray) -> np.ndarray:
        """Return repeat purchases expected in the weeks after a customer's first, shape of `weeks`."""
        r, alpha, s, beta = values
        return r / alpha * _expected_active_weeks(s, beta, np.asarray(weeks, "float64"))

    def drawn(self, rng: np.random.Generator, counts: FrequencyRecency, values: np.ndarray, weeks: float,
              is_alive: np.ndarray) -> np.ndarray:
        """Return purchases in the weeks after T drawn for each row, shape of `is_alive`, ``(n_rows, n_draws)``."""
        r, alpha, s, beta = values
        age = counts.T[:, None]
        rate = rng.gamma(r + counts.x[:, None], 1 / (alpha + age), is_alive.shape)
        leaving = np.maximum(rng.gamma(s, 1 / (beta + age), is_alive.shape), 1e-300)
        active = np.minimum(rng.standard_exponential(is_alive.shape) / leaving, weeks)
        return np.where(is_alive, rng.poisson(rate * active), 0)


def _log_likelihood_rows(counts: FrequencyRecency, values: np.ndarray) -> np.ndarray:
    """Return each row's log-likelihood without the factors that only the parameters and x decide, ``(n_rows,)``."""
    r, alpha, s, beta = values
    left, _ = _log_dropout_integral(counts, values, slopes=False)
    return np.logaddexp(-(r + counts.x) * np.log(alpha + counts.T) - s * np.log(beta + counts.T), left)


def _expected_active_weeks(s: float, beta: np.ndarray | float, weeks: np.ndarray | float) -> np.ndarray:
    """Return the weeks, of those ahead, that one who is alive now is expected to stay."""
    grown = np.log1p(weeks / beta)
    return beta * np.where(abs(s - 1) < 1e-9, grown, -np.expm1((1 - s) * grown) / (s - 1 if s != 1 else 1.0))


def _log_dropout_integral(
    counts: FrequencyRecency, values: np.ndarray, slopes: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Return the log of the integral over the time of leaving, ``(n_rows,)``, and its gradient, ``(4, n_rows)``."""
    logs, gradients = np.empty(len(counts.x)), np.empty((4, len(counts.x) if slopes else 0))
    for start in range(0, len(counts.x), BLOCK_ROWS):
        rows = slice(start, start + BLOCK_ROWS)
        log, gradient = _integral(counts.x[rows], counts.t_x[rows], counts.T[rows], values, slopes)
        logs[rows] = log
        if slopes:
            gradients[:, rows] = gradient
    return logs, gradients


def _integral(x: np.ndarray, t_x: np.ndarray, age: np.ndarray, values: np.ndarray,
              slopes: bool) -> tuple[np.ndarray, np.ndarray | None]:
    r, alpha, s, beta = values
    low = min(alpha, beta)
    falls = (r + x) * (low + t_x) / (alpha + t_x) + (s + 1) * (low + t_x) / (beta + t_x) - 1
    reach = np.minimum(np.log((low + age) / (low + t_x)), MAX_LOG_DEPTH / np.maximum(falls, 1e-9))
    move = np.log(low + t_x) + np.multiply.outer((LEGENDRE_NODES + 1) / 2, reach)  # (n_nodes, n_rows)
    tau = np.exp(move)
    to_alpha, to_beta = tau + (alpha - low), tau + (beta - low)
    log_alpha, log_beta = (move if least == low else np.log(to) for least, to in ((alpha, to_alpha), (beta, to_beta)))
    power = move - (r + x) * log_alpha - (s + 1) * log_beta
    peak = power.max(axis=0)
    mass = np.exp(power - peak) * (LEGENDRE_WEIGHTS / 2)[:, None]
    total = mass.sum(axis=0)
    with np.errstate(divide="ignore"):  # nothing to integrate where the last purchase is on the last day seen
        log = np.log(s) + peak + np.log(total * reach)
    if not slopes:
        return log, None
    mass /= total
    parts = [(-mass * log_alpha).sum(axis=0), -(r + x) * (mass / to_alpha).sum(axis=0),
             1 / s - (mass * log_beta).sum(axis=0), -(s + 1) * (mass / to_beta).sum(axis=0)]
    return log, np.array(parts)


PARETO_NBD = ParetoNBD()
