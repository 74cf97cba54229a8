"""MBG/CNBD-k model for regular buyers: likelihood, P(alive), expected purchases, simulation."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import special

from helpers.value.btyd.frequency_recency import FrequencyRecency

LEAST_PURCHASES, MOST_PURCHASES, LEAST_CHANCE = 8, 2_000, 1e-9  # purchases ahead that are summed, until none is likely


@dataclass(frozen=True, slots=True)
class CondensedBetaGeometric:
    """The MBG/CNBD-k model of purchases: waits between purchases are Erlang with shape k, more regular than random.

    Parameters
    ----------
    name : str
        For people.
    k : int
        Shape of the waits: every k-th event of a Poisson process is a purchase; 1 is MBG/NBD.

    Notes
    -----
    Rates λ of the process are gamma(r, α) among customers [events a week], the chance p to leave after a purchase, the
    first included, is beta(a, b). Of a customer with x repeat purchases, the last at t_x,

    L = E[p (1 − p)^x] E[λ^kx exp(−λ t_x)] + E[(1 − p)^(x + 1)] Σ_j (T − t_x)^j / j! E[λ^(kx + j) exp(−λ T)],

    j = 0 … k − 1 the events since the last purchase. The product of the waits, which no parameter decides, is left out:
    log-likelihoods of different k are not to be compared. Purchases ahead are summed over j and over the next purchases
    one by one, exactly.

    References
    ----------
    Platzer & Reutterer (2016), *Marketing Science* 35, 779–799; Reutterer, Platzer & Schröder (2021), *Journal of
    Business Research* 122, 1–10.
    """

    name: str
    k: int
    names: tuple[str, str, str, str] = ("r", "α", "a", "b")
    depends_on_last_purchase: ClassVar[bool] = True

    def likelihood(self, counts: FrequencyRecency, values: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the log-likelihood of all customers, but for the waits, and its gradient, shape ``(4,)``."""
        _, _, a, b = values
        left, stayed = self._log_terms(counts, values)
        total = np.logaddexp(left, special.logsumexp(stayed, axis=0))
        gone, by_phase = np.exp(left - total), np.exp(stayed - total)
        slopes = gone * self._rate_slopes(counts, values, 0, counts.t_x)
        for j in range(self.k):
            slopes += by_phase[j] * self._rate_slopes(counts, values, j, counts.T)
        after, whole = counts.x + 1, special.digamma(a + b)
        for_all = whole - special.digamma(a + b + after)
        slope_a = for_all + gone / a
        slope_b = (for_all - special.digamma(b) + gone * special.digamma(b + counts.x)
                   + (1 - gone) * special.digamma(b + after))
        return float(counts.n @ total), np.array([*(slopes @ counts.n), counts.n @ slope_a, counts.n @ slope_b])

    def p_alive(self, counts: FrequencyRecency, values: np.ndarray) -> np.ndarray:
        """Return the probability of still being a customer at T, shape ``(n_rows,)``."""
        left, stayed = self._log_terms(counts, values)
        return special.expit(special.logsumexp(stayed, axis=0) - left)

    def expected_if_alive(self, counts: FrequencyRecency, values: np.ndarray, weeks: float) -> np.ndarray:
        """Return purchases expected in the weeks after T from one who is alive at T, shape ``(n_rows,)``."""
        r, alpha, a, b = values
        phases = special.softmax(self._log_terms(counts, values)[1], axis=0)
        shape, rate, stays = r + self.k * counts.x, alpha + counts.T, b + counts.x + 1
        by_phase = [self._expected(shape + j, rate, a, stays, weeks, j) for j in range(self.k)]
        return np.sum(phases * by_phase, axis=0)

    def rate_moments(self, counts: FrequencyRecency, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and variance of the purchase rate while a customer, given what is seen, ``(n_rows,)`` each."""
        r, alpha = values[:2]
        left, stayed = self._log_terms(counts, values)
        weights = special.softmax(np.vstack([left, stayed]), axis=0)
        shapes = r + self.k * counts.x + np.array([0, *range(self.k)])[:, None]
        scale = 1 / np.vstack([alpha + counts.t_x, *[alpha + counts.T] * self.k])
        mean = np.sum(weights * shapes * scale, axis=0)
        square = np.sum(weights * shapes * (shapes + 1) * scale**2, axis=0)
        return mean / self.k, (square - mean**2) / self.k**2

    def expected_new(self, values: np.ndarray, weeks: np.ndarray) -> np.ndarray:
        """Return repeat purchases expected in the weeks after a customer's first, shape of `weeks`."""
        r, alpha, a, b = values
        return b / (a + b) * self._expected(r, alpha, a, b + 1, np.asarray(weeks, "float64"), 0)

    def drawn(self, rng: np.random.Generator, counts: FrequencyRecency, values: np.ndarray, weeks: float,
              is_alive: np.ndarray) -> np.ndarray:
        """Return purchases in the weeks after T drawn for each row, shape of `is_alive`, ``(n_rows, n_draws)``."""
        r, alpha, a, b = values
        point = values if np.ndim(r) == 0 else np.median(values, axis=1)  # of the chance of each phase alone
        up_to = np.cumsum(special.softmax(self._log_terms(counts, point)[1], axis=0), axis=0)
        phase = (rng.random(is_alive.shape)[None] > up_to[:-1, :, None]).sum(axis=0)
        x, age = counts.x[:, None], counts.T[:, None]
        rate = rng.gamma(r + self.k * x + phase, 1 / (alpha + age), is_alive.shape)
        leaves = np.maximum(rng.beta(a, b + x + 1, is_alive.shape), 1e-12)
        reached = (phase + rng.poisson(rate * weeks)) // self.k
        return np.where(is_alive, np.minimum(reached, rng.geometric(leaves)), 0)

    def _log_terms(self, counts: FrequencyRecency, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return logs of the likelihood of having left, ``(n_rows,)``, and of staying, by events, ``(k, n_rows)``."""
        r, alpha, a, b = values
        shape = r + self.k * counts.x
        fixed = r * np.log(alpha) - special.gammaln(r) - special.betaln(a, b)
        gone = special.betaln(a + 1, b + counts.x)
        left = fixed + gone + special.gammaln(shape) - shape * np.log(alpha + counts.t_x)
        stays, waited = special.betaln(a, b + counts.x + 1), counts.T - counts.t_x
        return left, np.array([fixed + stays + special.xlogy(j, waited) - special.gammaln(j + 1)
                               + special.gammaln(shape + j) - (shape + j) * np.log(alpha + counts.T)
                               for j in range(self.k)])

    def _rate_slopes(self, counts: FrequencyRecency, values: np.ndarray, j: int, time: np.ndarray) -> np.ndarray:
        """Return slopes by r and α of a term's logarithm, ``(2, n_rows)``."""
        r, alpha = values[:2]
        shape = r + self.k * counts.x + j
        return np.array([special.digamma(shape) - special.digamma(r) + np.log(alpha / (alpha + time)),
                         r / alpha - shape / (alpha + time)])

    def _expected(self, shape: np.ndarray | float, rate: np.ndarray | float, a: float, b: np.ndarray | float,
                  weeks: np.ndarray | float, j: int) -> np.ndarray:
        """Return Σ_i P(N ≥ ki − j) E[(1 − p)^(i − 1)] of who is alive, N negative binomial and p beta(a, b)."""
        shape, odds, b = np.broadcast_arrays(shape, np.asarray(weeks, "float64") / rate, b)
        found, chance, survived = np.zeros(shape.shape), np.ones(shape.shape), np.ones(shape.shape)
        for i in range(1, MOST_PURCHASES + 1):
            chance = special.betainc(self.k * i - j, shape, odds / (1 + odds))
            found += chance * survived
            survived = survived * (b + i - 1) / (a + b + i - 1)
            if i >= LEAST_PURCHASES and not (chance * survived > LEAST_CHANCE).any():
                break
        return found


def condensed_nbd(k: int) -> CondensedBetaGeometric:
    """Return the model of waits with the shape k."""
    return CondensedBetaGeometric(f"MBG/CNBD-{k}", k)
