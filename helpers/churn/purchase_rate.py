"""Value if kept: margin within a horizon of who stays, by the purchase model of customer value, else by an NBD."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import optimize, special

from helpers.churn.dataset import PURCHASE_MODEL_COLUMNS, Dataset

LOG_SHAPE = (-10.0, 10.0)  # beyond, rates are as good as equal, or as good as nobody's

DAYS_PER_YEAR, DAYS_PER_MONTH = 365.25, 30.4375

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


def retained_value(basis: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Return the margin within the horizon of those scored, if they stay, and its standard deviation [money].

    Parameters
    ----------
    basis : Dataset
        Those to be scored.

    Returns
    -------
    value, sd : ndarray, shape (n,)
        NaN where it is not known.

    Notes
    -----
    Of buyers what the purchase model behind customer lifetime value expects of who stays, or where none applies the
    repeat purchases expected by what each has bought. Of contracts with dates their fee, which does not vary; contracts
    without dates have no horizon.
    """
    about, days = basis.scoring.about, basis.horizon_days
    if basis.has_purchase_model:
        return value_by_purchase_model(about, days)
    if "margin" in about:
        return value_by_repeat_purchases(about, days)
    if "margin_a_month" in about and days:
        return about["margin_a_month"].to_numpy("float64") * days / DAYS_PER_MONTH, np.zeros(len(about))
    return np.full(len(about), np.nan), np.full(len(about), np.nan)


def value_by_purchase_model(yearly: pd.DataFrame, horizon_days: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the margin within the horizon of who stays and its standard deviation, both of shape (n,) [money].

    Parameters
    ----------
    yearly : DataFrame
        Grain customer: `PURCHASE_MODEL_COLUMNS`, of a year in which the customer stays.
    horizon_days : int
        How far to look [days].

    Notes
    -----
    Orders of a share f of the year have mean f μ and variance f μ + f² τ², τ² that of the customer's rate; with the
    margin m of an order sd² = f² S² + f (1 − f) m² μ, S the standard deviation of the year. Linear in the horizon, so
    that no shorter time is worth more than a longer one.
    """
    orders, value, sd = (yearly[c].to_numpy("float64") for c in PURCHASE_MODEL_COLUMNS[1:])
    part = horizon_days / DAYS_PER_YEAR
    by_chance = part * max(1 - part, 0.0) * value**2 / np.maximum(orders, 1e-12)
    return part * value, np.sqrt(part**2 * sd**2 + by_chance)


def value_by_repeat_purchases(bought: pd.DataFrame, horizon_days: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the same from each customer's repeat purchases alone, for companies to which no purchase model applies.

    Parameters
    ----------
    bought : DataFrame
        Grain customer: ``n_occasions``, ``age_days``, ``margin`` to date.
    horizon_days : int
        How far to look [days].

    Notes
    -----
    One order is no rate, and where nobody has ever bought again nothing is expected. The time after a customer left
    counts as time in which nothing was bought, so that the value is on the low side.
    """
    n, age = bought["n_occasions"].to_numpy("float64"), bought["age_days"].to_numpy("float64")
    each = bought["margin"].to_numpy("float64") / np.maximum(n, 1)
    fitted = fit_purchase_rate(n - 1, age)
    if fitted is None:
        return np.zeros(len(n)), np.zeros(len(n))
    return (each * fitted.expected_occasions(n - 1, age, horizon_days),
            np.abs(each) * fitted.occasions_sd(n - 1, age, horizon_days))


def _counted(n_repeats: np.ndarray, age_days: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the distinct pairs of repeats and age, and how many customers have each."""
    packed, n = np.unique(np.rint(n_repeats) * AGE_BASE + np.rint(age_days), return_counts=True)
    return packed // AGE_BASE, packed % AGE_BASE, n
