"""Whether several items measure one thing: Cronbach's alpha, raw and standardised, with its interval."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from helpers.foundation.estimates import Estimate, Gate, Level, Status, without_value
from helpers.methods.disclosure_control import LEAST_PEOPLE, too_few
from helpers.methods.intervals import Interval
from helpers.methods.intervals import correlation as correlated

STRIKE, QUALIFY = 0.60, 0.70

@dataclass(frozen=True, slots=True)
class Reliability:
    """Reliability of the mean of k items, from people who answered all of them.

    Parameters
    ----------
    raw : Interval
        Alpha of the items as they are (from covariances) with Feldt's interval.
    standardised : Interval
        Alpha of the standardised items (from correlations), same interval as an approximation.
    n, n_items : int
        People who answered every item, and items; both alphas are NaN under 3 people, 2 items, or where an item does
        not vary.
    measurement_error : float
        Standard error of measurement of the mean of the items, in the items' unit: SD √(1 − raw alpha).
    item_rest : tuple of Interval
        Correlation of each item with the sum of the others, in the items' order, with Fisher's interval.
    """

    raw: Interval
    standardised: Interval
    n: int
    n_items: int
    measurement_error: float = float("nan")
    item_rest: tuple[Interval, ...] = ()


def reliability(scores: np.ndarray, level: float = 0.95) -> Reliability:
    """Return the reliability of items.

    Parameters
    ----------
    scores : ndarray, shape (n_people, n_items)
        Answers in one direction and one unit; rows with a NaN are left out.
    level : float
        Level of the intervals.

    References
    ----------
    Cronbach (1951), *Psychometrika* 16, 297–334; Feldt (1965), *Psychometrika* 30, 357–370.
    """
    complete = scores[~np.isnan(scores).any(axis=1)]
    n, k = complete.shape
    if n < 3 or k < 2 or np.any(np.ptp(complete, axis=0) == 0):
        nothing = Interval(np.nan, np.nan, np.nan)
        return Reliability(nothing, nothing, n, k)
    covariance, correlation = np.cov(complete, rowvar=False), np.corrcoef(complete, rowvar=False)
    raw = _alpha(covariance)
    spread = float(np.std(complete.mean(axis=1), ddof=1))
    return Reliability(
        Interval(raw, *feldt_interval(raw, n, k, level)),
        Interval(standardised := _alpha(correlation), *feldt_interval(standardised, n, k, level)),
        n, k, spread * float(np.sqrt(1 - raw)) if raw <= 1 else np.nan,
        tuple(correlated(float(r), n) for r in item_rest(covariance[None])[0]))


def feldt_interval(alpha: float, n: int, n_items: int, level: float = 0.95) -> tuple[float, float]:
    """Return the limits of Cronbach's alpha.

    Parameters
    ----------
    alpha : float
        Sample alpha; (1 − true) / (1 − sample) is F with n − 1 and (n − 1)(k − 1) degrees of freedom.
    n, n_items : int
        People and items.
    level : float
        Level of the interval.

    References
    ----------
    Feldt (1965), *Psychometrika* 30, 357–370.

    Examples
    --------
    >>> [round(limit, 3) for limit in feldt_interval(0.8, 50, 5)]
    [0.697, 0.876]
    """
    freedom = n - 1, (n - 1) * (n_items - 1)
    upper, lower = stats.f.ppf([(1 + level) / 2, (1 - level) / 2], *freedom)
    return float(1 - (1 - alpha) * upper), float(1 - (1 - alpha) * lower)


def _alpha(matrix: np.ndarray) -> float:
    """Return k / (k − 1) · (1 − trace / sum) of a covariance or correlation matrix."""
    k, total = len(matrix), float(matrix.sum())
    return k / (k - 1) * (1 - float(np.trace(matrix)) / total) if total > 0 else np.nan


def item_rest(covariance: np.ndarray) -> np.ndarray:
    """Return the correlation of each item with the sum of the others, shape (B, k), of covariances (B, k, k)."""
    variance, rows = np.einsum("bii->bi", covariance), covariance.sum(axis=2)
    rest = covariance.sum(axis=(1, 2))[:, None] - 2 * rows + variance
    with np.errstate(divide="ignore", invalid="ignore"):
        return (rows - variance) / np.sqrt(variance * rest)


def alpha_value(quantity: str, scale: str, found: Reliability, alpha: Interval) -> Estimate:
    """Return an alpha as an estimate: not applicable to one item, insufficient under ten people."""
    if not found.n_items:
        return without_value(quantity, Status.INSUFFICIENT, "no such question was asked", segment=scale)
    if found.n_items < 2:
        return without_value(quantity, Status.NOT_APPLICABLE, "a single question", n=found.n, segment=scale)
    if found.n < LEAST_PEOPLE:
        return without_value(quantity, Status.INSUFFICIENT, too_few(found.n), n=found.n, segment=scale)
    if np.isnan(alpha.value):
        return without_value(quantity, Status.INSUFFICIENT, "a question that everybody answers alike", n=found.n,
                             segment=scale)
    return Estimate(quantity, alpha.value, alpha.low, alpha.high, "alpha", found.n, scale)


def alpha_gate(scale: str, found: Reliability, claims: str) -> Gate:
    """Return the gate on a scale: raw alpha under .60 strikes its claims, under .70 qualifies them.

    A scale of one question, or one whose alpha cannot be computed, is noted: nothing speaks for it, nothing against.
    """
    alpha = alpha_value("alpha", scale, found, found.raw)
    name = f"alpha of {scale}"
    if alpha.status is not Status.OK:
        sentence = f"Reliability of {scale} is not known: {alpha.reason}."
        return Gate(name, np.nan, QUALIFY, True, Level.NOTE, claims, sentence)
    is_struck = alpha.value < STRIKE
    limit, level = (STRIKE, Level.STRIKE) if is_struck else (QUALIFY, Level.QUALIFY)
    sentence = (f"Cronbach's α of {scale} is {_said(alpha.value)} [{_said(alpha.low)}, {_said(alpha.high)}] "
                f"over {found.n_items} questions; {limit:.2f} is asked for.")
    return Gate(name, alpha.value, limit, alpha.value < limit, level, claims, sentence)


def _said(x: float) -> str:
    return f"{x:.3f}".replace("-", "−")
