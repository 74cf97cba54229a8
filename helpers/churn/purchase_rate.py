"""Value if kept: margin within a horizon of who stays, by the purchase model of customer value, else by an NBD."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import optimize, special

from helpers.churn.dataset import PURCHASE_MODEL_COLUMNS, Dataset, DatasetSnapshot

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

    def no_order_probability(self, n_repeats: np.ndarray, age_days: np.ndarray, horizon_days: int) -> np.ndarray:
        """Return the chance that one who stays buys nothing within the horizon, shape (n,): the NBD's at zero."""
        return (1 + horizon_days / (self.rate + age_days)) ** -(self.shape + n_repeats)

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


@dataclass(frozen=True, slots=True, eq=False)
class RetainedValue:
    """What customers bring within the horizon if they stay; all of shape (n,).

    Parameters
    ----------
    value, sd : ndarray
        Margin, and its standard deviation [money]; NaN where it is not known.
    no_order : ndarray
        Chance of no order within the horizon though the customer stays; 0 for contracts, which pay as they run [share].
    """

    value: np.ndarray
    sd: np.ndarray
    no_order: np.ndarray


def dropout_probability(churn_probability: np.ndarray, no_order_if_kept: np.ndarray) -> np.ndarray:
    """Return the probability of having left for good, of shape (n,).

    Parameters
    ----------
    churn_probability, no_order_if_kept : ndarray, shape (n,)
        Probability p of no order within the horizon, and its chance q for one who stays, not above p [share].

    Notes
    -----
    (p − q) / (1 − q): who has left buys nothing, who stays buys nothing with the chance q. Times the value if kept it
    is never more than that value; the rest is the margin that is expected, but for what is lost by those who leave
    within the horizon after an order in it.
    """
    return (churn_probability - no_order_if_kept) / np.maximum(1 - no_order_if_kept, 1e-12)


def retained_value(basis: Dataset) -> RetainedValue:
    """Return what those to be scored bring within the horizon if they stay.

    Parameters
    ----------
    basis : Dataset
        Those to be scored.

    Notes
    -----
    Of buyers what the purchase model behind customer lifetime value expects of who stays, or where none applies the
    repeat purchases expected by what each has bought. Of contracts with dates their fee, which does not vary; contracts
    without dates have no horizon. At least nothing: refunds beyond what is on record as bought, of orders before the
    records began, are no margin that an order to come would lose, and only positive margin can be at risk.
    """
    found = _value_by_history(basis)
    return RetainedValue(np.maximum(found.value, 0.0), np.where(found.value < 0, 0.0, found.sd), found.no_order)


def margin_lost_share(snapshot: DatasetSnapshot, horizon_days: int) -> tuple[float, float]:
    """Return which share of the value if kept went with those who left for good, and its standard error; NaN unknown.

    Parameters
    ----------
    snapshot : DatasetSnapshot
        Cases whose outcome is known.
    horizon_days : int
        Length of the outcome window [days].

    Notes
    -----
    Σ v (y − q) / (1 − q) over Σ v: y is 1 without an order, which who stays may have too, with the chance q.
    """
    if "margin" not in snapshot.about:
        return float("nan"), float("nan")
    kept = value_by_repeat_purchases(snapshot.about, horizon_days)
    value = np.maximum(kept.value, 0.0)
    weight, total = value / np.maximum(1 - kept.no_order, 1e-12), float(value.sum())
    if not total > 0:
        return float("nan"), float("nan")
    rate = float(snapshot.is_lost.mean())
    lost = float((weight * (snapshot.is_lost - kept.no_order)).sum())
    return max(lost / total, 0.0), float(np.sqrt((weight**2).sum() * rate * (1 - rate))) / total


def n_refunded_beyond_sales(basis: Dataset) -> int:
    """Return of how many of those to be scored the margin to date is below nothing, so that they have none to lose."""
    about = basis.scoring.about
    return int((about["margin"] < 0).sum()) if "margin" in about and not basis.has_purchase_model else 0


def _value_by_history(basis: Dataset) -> RetainedValue:
    """Return the same by the model that applies, below nothing where refunds exceed what is on record as bought."""
    about, days = basis.scoring.about, basis.horizon_days
    if basis.has_purchase_model:
        return value_by_purchase_model(about, days)
    if "margin" in about:
        return value_by_repeat_purchases(about, days)
    nothing, unknown = np.zeros(len(about)), np.full(len(about), np.nan)
    if "margin_a_month" in about and days:
        return RetainedValue(about["margin_a_month"].to_numpy("float64") * days / DAYS_PER_MONTH, nothing, nothing)
    return RetainedValue(unknown, unknown, nothing)


def value_by_purchase_model(yearly: pd.DataFrame, horizon_days: int) -> RetainedValue:
    """Return what each who stays brings within the horizon by the purchase model behind customer lifetime value.

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
    that no shorter time is worth more than a longer one. The chance of no order is that of the negative binomial
    distribution with this mean and variance, (1 + f τ² / μ)^(−μ² / τ²).
    """
    orders, value, sd = (yearly[c].to_numpy("float64") for c in PURCHASE_MODEL_COLUMNS[1:])
    part, known = horizon_days / DAYS_PER_YEAR, np.maximum(orders, 1e-12)
    by_chance = part * max(1 - part, 0.0) * value**2 / known
    rate_variance = np.maximum((sd * known / np.maximum(np.abs(value), 1e-300)) ** 2 - known, 1e-9 * known**2)
    no_order = np.exp(-(known**2) / rate_variance * np.log1p(part * rate_variance / known))
    return RetainedValue(part * value, np.sqrt(part**2 * sd**2 + by_chance), no_order)


def value_by_repeat_purchases(bought: pd.DataFrame, horizon_days: int) -> RetainedValue:
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
        return RetainedValue(np.zeros(len(n)), np.zeros(len(n)), np.ones(len(n)))
    return RetainedValue(each * fitted.expected_occasions(n - 1, age, horizon_days),
                         np.abs(each) * fitted.occasions_sd(n - 1, age, horizon_days),
                         fitted.no_order_probability(n - 1, age, horizon_days))


def _counted(n_repeats: np.ndarray, age_days: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the distinct pairs of repeats and age, and how many customers have each."""
    packed, n = np.unique(np.rint(n_repeats) * AGE_BASE + np.rint(age_days), return_counts=True)
    return packed // AGE_BASE, packed % AGE_BASE, n
