"""Purchase rate of customers who stay (NBD): repeat purchases expected within a horizon, by what each has bought."""

from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

LOG_SHAPE = (-10.0, 10.0)  # beyond, rates are as good as equal, or as good as nobody's

AGE_BASE = 1_000_000  # packs a count and an age into one number; ages in days stay below it


@dataclass(frozen=True, slots=True)
class PurchaseRateModel:
    """How rates of repeat purchase spread over customers: Gamma(shape, rate) [occasions a day].

    References
    ----------
    Ehrenberg (1959), *Applied Statistics* 8, 26–41: the negative binomial distribution (NBD) of purchases.
    """

    shape: float
    rate: float

    def expected_occasions(self, n_repeats: np.ndarray, age_days: np.ndarray, horizon_days: int) -> np.ndarray:
        """Return the occasions expected within the horizon of customers who stay, shape (n,).

        Parameters
        ----------
        n_repeats, age_days : ndarray, shape (n,)
            Purchase occasions after the first, and days since the first [occasions, days].
        horizon_days : int
            How far to look [days].

        Notes
        -----
        h (r + x) / (α + T), the mean of the posterior Gamma(r + x, α + T). The first purchase is no rate: who has
        bought once is expected to buy as often as others of the same age who have not yet bought again.
        """
        return horizon_days * (self.shape + n_repeats) / (self.rate + age_days)

    def occasions_sd(self, n_repeats: np.ndarray, age_days: np.ndarray, horizon_days: int) -> np.ndarray:
        """Return the standard deviation of these occasions, shape (n,): √(μ + μ² / (r + x)), the NBD's."""
        mean = self.expected_occasions(n_repeats, age_days, horizon_days)
        return np.sqrt(mean + mean**2 / (self.shape + n_repeats))


def fit_purchase_rate(n_repeats: np.ndarray, age_days: np.ndarray) -> PurchaseRateModel | None:
    """Return the spread of repeat purchase rates by maximum likelihood; None where nobody has bought again.

    Parameters
    ----------
    n_repeats, age_days : ndarray, shape (n,)
        Purchase occasions after the first, and days since the first [occasions, days].

    Notes
    -----
    log L = Σ log Γ(r + x) − log Γ(r) + r log(α / (α + T)) + x log(T / (α + T)), summed over distinct pairs of x and
    T: statsmodels' `NegativeBinomial` with an exposure has the same likelihood, but takes every customer by itself.
    """
    x, days, n = _counted(n_repeats, np.maximum(age_days, 1))
    if not x.sum():
        return None

    def parameters(logs: np.ndarray) -> tuple[float, float]:
        mean, shape = np.exp([logs[0], np.clip(logs[1], *LOG_SHAPE)])
        return float(shape), float(shape / mean)

    def loss(logs: np.ndarray) -> float:
        r, a = parameters(logs)
        each = special.gammaln(r + x) - special.gammaln(r) + r * np.log(a / (a + days)) + x * np.log(days / (a + days))
        return -float(n @ each / n.sum())

    start = np.array([np.log((n @ x) / (n @ days)), 0.0])
    found = optimize.minimize(loss, start, method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-12})
    return PurchaseRateModel(*parameters(found.x))


def _counted(n_repeats: np.ndarray, age_days: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the distinct pairs of repeats and age, and how many customers have each."""
    packed, n = np.unique(np.rint(n_repeats) * AGE_BASE + np.rint(age_days), return_counts=True)
    return packed // AGE_BASE, packed % AGE_BASE, n
