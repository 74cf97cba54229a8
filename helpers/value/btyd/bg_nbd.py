"""BG/NBD and MBG/NBD models: likelihood, P(alive), expected purchases, simulation."""

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np
from scipy import linalg, special

from helpers.value.btyd.frequency_recency import FrequencyRecency, UniqueValues

NODE_STEP = 8  # numbers of nodes are multiples of it, so that neighbouring weeks share theirs

MIN_NODES, MAX_NODES, NODE_GAIN = 8, 256, 24.0  # of the quadrature over the chance to leave; logarithm of what it gains


@dataclass(frozen=True, slots=True)
class BetaGeometric:
    """A beta-geometric model of purchases.

    Parameters
    ----------
    name : str
        For people.
    chances : int
        Chances to leave besides the repeat purchases: 0 in BG/NBD; 1 in MBG/NBD, where one may leave right after the
        first purchase too.

    Notes
    -----
    Rates are gamma(r, α) among customers [purchases a week], the chance to leave is beta(a, b).

    References
    ----------
    Fader, Hardie & Lee (2005), *Marketing Science* 24, 275–284, equations 6–10. Batislam, Denizel & Filiztekin
    (2007), *International Journal of Research in Marketing* 24, 201–209.
    """

    name: str
    chances: int
    names: tuple[str, str, str, str] = ("r", "α", "a", "b")
    depends_on_last_purchase: ClassVar[bool] = False

    def likelihood(self, counts: FrequencyRecency, values: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the log-likelihood of all customers and its gradient, shape ``(4,)``."""
        r, alpha, a, b = values
        x, level = counts.x, counts.levels
        by_x, stays = level.values, b + level.values + self.chances  # of the beta once x chances were survived
        (seen, per_seen), (last, per_last) = (
            _logs(alpha, times) for times in (counts.age_values, counts.last_purchase_values)
        )
        waited = seen - last
        odds = self._log_odds(level.values, a, b)[level.place] + (r + x) * waited
        small = np.exp(-np.abs(odds))  # one exponential for the softplus and the share that has gone
        of_x = (special.gammaln(r + by_x) - special.gammaln(r) + special.gammaln(stays) - special.gammaln(b)
                + special.gammaln(a + b) - special.gammaln(a + stays))
        value = (level.n @ of_x + counts.n_customers * r * np.log(alpha)
                 + counts.n @ (np.maximum(odds, 0) + np.log1p(small) - (r + x) * seen))
        gone = counts.n * np.where(odds >= 0, 1.0, small) / (1 + small)
        gone_by_x = np.bincount(level.place, gone, len(by_x))
        n = float(counts.n.sum())
        apart = special.digamma(a + b) - special.digamma(a + stays)
        return float(value), np.array([
            level.n @ (special.digamma(r + by_x) - special.digamma(r)) + n * np.log(alpha) - counts.n @ seen
            + gone @ waited,
            n * r / alpha - ((counts.n - gone) * (r + x)) @ per_seen - (gone * (r + x)) @ per_last,
            level.n @ apart + gone_by_x.sum() / a,
            level.n @ (apart + special.digamma(stays) - special.digamma(b))
            - gone_by_x @ np.where(gone_by_x > 0, 1 / np.maximum(stays - 1, 1e-300), 0),
        ])

    def p_alive(self, counts: FrequencyRecency, values: np.ndarray) -> np.ndarray:
        """Return the probability of still being a customer at T, shape ``(n_rows,)``."""
        r, alpha, a, b = values
        waited = np.log((alpha + counts.T) / (alpha + counts.t_x))
        return special.expit(-self._log_odds(counts.x, a, b) - (r + counts.x) * waited)

    def expected_if_alive(self, counts: FrequencyRecency, values: np.ndarray, weeks: float) -> np.ndarray:
        """Return purchases expected in the weeks after T from one who is alive at T, shape ``(n_rows,)``."""
        r, alpha, a, b = values
        return _expected_purchases(r + counts.x, alpha + counts.T, a, b + counts.x + self.chances, weeks)

    def rate_moments(self, counts: FrequencyRecency, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and variance of the purchase rate while a customer, given what is seen, ``(n_rows,)`` each.

        Notes
        -----
        Who is still a customer has been seen for T weeks, who has left for t_x: the posterior mixes gamma(r + x, α + T)
        and gamma(r + x, α + t_x) by P(alive) [purchases a week].
        """
        r, alpha = values[:2]
        shape, stays = r + counts.x, self.p_alive(counts, values)
        seen, last = 1 / (alpha + counts.T), 1 / (alpha + counts.t_x)
        mean = shape * (stays * seen + (1 - stays) * last)
        return mean, shape * (shape + 1) * (stays * seen**2 + (1 - stays) * last**2) - mean**2

    def expected_new(self, values: np.ndarray, weeks: np.ndarray) -> np.ndarray:
        """Return repeat purchases expected in the weeks after a customer's first, shape of `weeks`."""
        r, alpha, a, b = values
        stays = b / (a + b) if self.chances else 1.0
        return stays * _expected_purchases(r, alpha, a, b + self.chances, np.asarray(weeks, "float64"))

    def drawn(self, rng: np.random.Generator, counts: FrequencyRecency, values: np.ndarray, weeks: float,
              is_alive: np.ndarray) -> np.ndarray:
        """Return purchases in the weeks after T drawn for each row, shape of `is_alive`, ``(n_rows, n_draws)``."""
        r, alpha, a, b = values
        x, age = counts.x[:, None], counts.T[:, None]
        rate = rng.gamma(r + x, 1 / (alpha + age), is_alive.shape)
        leaves = np.maximum(rng.beta(a, b + x + self.chances, is_alive.shape), 1e-12)
        return np.where(is_alive, np.minimum(rng.poisson(rate * weeks), rng.geometric(leaves)), 0)

    def _log_odds(self, x: np.ndarray, a: float, b: float) -> np.ndarray:
        """Return the log odds, at the last purchase, of having left rather than stayed."""
        stays = b + x + self.chances - 1
        can_leave = x + self.chances > 0
        return np.where(can_leave, np.log(a / np.where(can_leave, stays, 1.0)), -np.inf)


def _logs(alpha: float, times: UniqueValues) -> tuple[np.ndarray, np.ndarray]:
    """Return log(α + t) and 1 / (α + t) of every row, each computed once for a distinct time."""
    total = alpha + times.values
    return np.log(total)[times.place], (1 / total)[times.place]


def _expected_purchases(shape: np.ndarray | float, rate: np.ndarray | float, a: float, b: np.ndarray | float,
              weeks: np.ndarray | float) -> np.ndarray:
    """Return E[(1 − exp(−λpt)) / p], λ gamma(shape, rate) and p beta(a, b): purchases of one who is alive at 0.

    Notes
    -----
    Equation 10 of Fader, Hardie & Lee (2005), there with a hypergeometric function. Given p the expectation over λ is
    (1 − (1 + pt / rate)^−shape) / p; that over p is taken by Gauss–Jacobi quadrature, since SciPy's hypergeometric
    function is far off for some parameters. The nearer the singularity at p = −rate / t lies, the more nodes are taken;
    where `MOST_NODES` are not enough (rate far below a hundredth of t), fewer digits are right.
    """
    shape, reach, b = np.broadcast_arrays(shape, np.asarray(weeks, "float64") / rate, b)
    distinct, place = np.unique(b, return_inverse=True)
    near = 1 / max(reach.max(initial=0), 1e-9)
    needed = MIN_NODES + NODE_GAIN / np.log1p(2 * near + 2 * np.sqrt(near + near**2))
    n_nodes = min(NODE_STEP * int(np.ceil(needed / NODE_STEP)), MAX_NODES)
    found = np.zeros(shape.shape)
    for p, weight in zip(*_beta_nodes(float(a), distinct.tobytes(), n_nodes), strict=True):
        found -= weight[place] * np.expm1(-shape * np.log1p(p[place] * reach)) / p[place]
    return found


@lru_cache(maxsize=32)
def _beta_nodes(a: float, of: bytes, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return n places in (0, 1) and weights whose sum stands for an expectation over beta(a, b), each ``(n, n_b)``.

    Every b stands in `of` as a float64, one after the other, since an array cannot be looked up.

    Notes
    -----
    Golub & Welsch (1969), *Mathematics of Computation* 23, 221–230, with the recurrence of the Jacobi polynomials.
    """
    b, k = np.frombuffer(of)[:, None], np.arange(1, n)
    total = 2 * k + a + b - 2
    middle = np.hstack([a / (a + b), (1 + (a - b) * (a + b - 2) / (total * (total + 2))) / 2])
    last = np.where(k == 1, 1.0, (k + a + b - 2) / np.where(k == 1, 1.0, total - 1))
    beside = np.sqrt(k * (k + a - 1) * (k + b - 1) * last / (total**2 * (total + 1)))
    found = [linalg.eigh_tridiagonal(*bands) for bands in zip(middle, beside, strict=True)]
    return np.transpose([nodes for nodes, _ in found]), np.transpose([vectors[0] ** 2 for _, vectors in found])


BG_NBD = BetaGeometric("BG/NBD", 0)

MBG_NBD = BetaGeometric("MBG/NBD", 1)
