"""Scale reliability and validity: Cronbach's alpha, omega, AVE, HTMT, gates on alpha.

References
----------
Cronbach (1951), *Psychometrika* 16, 297–334; McDonald (1999), *Test Theory*; Henseler, Ringle & Sarstedt (2015), A new
criterion for assessing discriminant validity, *Journal of the Academy of Marketing Science* 43, 115–135.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from helpers.foundation.results import Estimate, Gate, Level, Status, no_estimate
from helpers.stats.bootstrap import percentile_interval, replicate_moments
from helpers.stats.confidence_intervals import Interval
from helpers.stats.confidence_intervals import pearson_interval as correlated
from helpers.stats.disclosure_control import LEAST_PEOPLE, too_few
from helpers.stats.survey_weights import WeightedSample

MAX_FACTOR_STEPS = 2000

FACTOR_TOLERANCE = 1e-8


@dataclass(frozen=True, slots=True)
class CommonFactor:
    """One common factor of a scale's items in each of B replicates.

    Parameters
    ----------
    loadings : ndarray, shape (B, k)
        Standardised; kept below one where an item would have no variance of its own.
    is_heywood : ndarray of bool, shape (B,)
        Whether an item's communality reached one, or no loadings give these correlations: one factor does not fit.
    """

    loadings: np.ndarray
    is_heywood: np.ndarray

    @property
    def omega(self) -> np.ndarray:
        """McDonald's ω of the sum of the standardised items, shape (B,); NaN in a Heywood case."""
        common = self.loadings.sum(axis=1) ** 2
        own = (1 - self.loadings**2).sum(axis=1)
        return np.where(self.is_heywood, np.nan, common / (common + own))

    @property
    def average_variance(self) -> np.ndarray:
        """Average variance extracted, shape (B,); NaN in a Heywood case."""
        return np.where(self.is_heywood, np.nan, (self.loadings**2).mean(axis=1))


def cronbach_alpha(matrix: np.ndarray) -> np.ndarray:
    """Return Cronbach's alpha of covariances (raw) or correlations (standardised), shape (B, k, k), one a replicate.

    Own: neither SciPy nor statsmodels has it.
    """
    k = matrix.shape[1]
    if k < 2:
        return np.full(len(matrix), np.nan)
    return k / (k - 1) * (1 - np.einsum("bii->b", matrix) / matrix.sum(axis=(1, 2)))


def fit_common_factor(correlation: np.ndarray) -> CommonFactor:
    """Return one common factor of two items or more by iterated principal axes (unweighted least squares).

    Of all replicates at once: ``statsmodels.multivariate.factor.Factor(method="pa")`` finds the same one by one, many
    times slower (``bench/own_methods.py``).

    Parameters
    ----------
    correlation : ndarray, shape (B, k, k)
        Two items share their loading: √r. Three determine their loadings: in closed form, which no stop falls short of.
    """
    k = correlation.shape[1]
    if k == 2:
        shared = correlation[:, 0, 1]
        loading = np.sqrt(np.clip(shared, 0, 1))
        return CommonFactor(np.repeat(loading[:, None], 2, axis=1), shared >= 1)
    if k == 3:
        return _factor_of_three(correlation)
    usable: np.ndarray = np.asarray(np.isfinite(correlation).all(axis=(1, 2)))
    reduced = np.where(usable[:, None, None], correlation, np.eye(k)).copy()
    communality, vectors, left = np.full(reduced.shape[:2], 0.5), np.zeros_like(reduced), np.arange(len(reduced))
    for _ in range(MAX_FACTOR_STEPS):
        reduced[left[:, None], np.arange(k), np.arange(k)] = communality[left]
        values, vectors[left] = np.linalg.eigh(reduced[left])
        new = np.minimum(np.maximum(values[:, -1:], 0) * vectors[left][:, :, -1] ** 2, 1.0)
        moved, communality[left] = np.abs(new - communality[left]).max(axis=1), new
        left = left[moved >= FACTOR_TOLERANCE]
        if not len(left):
            break
    loadings = np.sqrt(communality) * np.sign(vectors[:, :, -1] * vectors[:, :, -1].sum(axis=1, keepdims=True))
    return CommonFactor(np.where(usable[:, None], loadings, np.nan), communality.max(axis=1) >= 1 - 1e-6)


def _factor_of_three(correlation: np.ndarray) -> CommonFactor:
    """Return the factor whose loadings give the three correlations: an item's communality is r₁₂ r₁₃ / r₂₃."""
    of_rest = correlation[:, [1, 0, 0], [2, 2, 1]]  # between the two others of each item
    with np.errstate(divide="ignore", invalid="ignore"):
        communality = of_rest.prod(axis=1, keepdims=True) / of_rest**2
    is_improper = ~((communality > 0) & (communality < 1)).all(axis=1)
    sign = np.where(correlation[:, 0] < 0, -1.0, 1.0)
    loadings = np.sqrt(np.clip(communality, 0, 1)) * sign
    turned = loadings * np.where(loadings.sum(axis=1, keepdims=True) < 0, -1.0, 1.0)
    return CommonFactor(turned, is_improper & np.isfinite(correlation).all(axis=(1, 2)))


def htmt_ratio(correlation: np.ndarray, first: slice, second: slice) -> np.ndarray:
    """Return the heterotrait–monotrait ratio of two blocks of items, shape (B,).

    Parameters
    ----------
    correlation : ndarray, shape (B, p, p)
        Among all items.
    first, second : slice
        The blocks; the items of a block of one correlate with themselves by one.

    Returns
    -------
    ndarray, shape (B,)
        Mean correlation between the blocks over the geometric mean of those within; 1 means one thing measured twice.
    """
    between = np.abs(correlation[:, first, second]).mean(axis=(1, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        return between / np.sqrt(
            _mean_within_block(correlation[:, first, first]) * _mean_within_block(correlation[:, second, second])
        )


def _mean_within_block(block: np.ndarray) -> np.ndarray:
    k = block.shape[1]
    if k < 2:
        return np.ones(len(block))
    left, right = np.triu_indices(k, 1)
    return np.abs(block[:, left, right]).mean(axis=1)


def difference_score_reliability(
    spread: tuple[np.ndarray, np.ndarray], alphas: tuple[np.ndarray, np.ndarray], correlation: np.ndarray
) -> np.ndarray:
    """Return the reliability of a difference of two scores, shape (B,).

    Parameters
    ----------
    spread, alphas : pair of ndarray, shape (B,)
        Standard deviations and reliabilities of the two.
    correlation : ndarray, shape (B,)
        Between them.

    References
    ----------
    Peter, Churchill & Brown (1993), *Journal of Consumer Research* 19, 655–662.
    """
    (a, b), (alpha_a, alpha_b) = spread, alphas
    shared = 2 * correlation * a * b
    return (alpha_a * a**2 + alpha_b * b**2 - shared) / (a**2 + b**2 - shared)


RELIABILITY_STRIKE, RELIABILITY_QUALIFY = 0.60, 0.70

CAUTION = "caution"  # begins the reason of a value whose scale is measured just well enough


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


def measure_reliability(scores: np.ndarray, level: float = 0.95) -> Reliability:
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
    raw = _alpha_of_matrix(covariance)
    spread = float(np.std(complete.mean(axis=1), ddof=1))
    return Reliability(
        Interval(raw, *feldt_alpha_interval(raw, n, k, level)),
        Interval(standardised := _alpha_of_matrix(correlation), *feldt_alpha_interval(standardised, n, k, level)),
        n, k, spread * float(np.sqrt(1 - raw)) if raw <= 1 else np.nan,
        tuple(correlated(float(r), n) for r in item_rest_correlation(covariance[None])[0]))


def weighted_reliability(found: Reliability, scores: np.ndarray, rows: WeightedSample) -> Reliability:
    """Return the reliability with survey weights: the same coefficients over the replicates, percentile intervals.

    Parameters
    ----------
    found : Reliability
        From `measure_reliability`, of the same scores without weights.
    scores : ndarray, shape (n_people, n_items)
        Answers of people who answered every item.
    rows : WeightedSample
        The same people.
    """
    known = replicate_moments(scores, rows.draws())
    draws = [cronbach_alpha(matrix) for matrix in (known.covariance, known.correlation)]
    raw, standardised, *rest = (
        percentile_interval(float(d[0]), d[1:]) for d in (*draws, *item_rest_correlation(known.covariance).T)
    )
    return replace(found, raw=raw, standardised=standardised, item_rest=tuple(rest))


def feldt_alpha_interval(alpha: float, n: int, n_items: int, level: float = 0.95) -> tuple[float, float]:
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
    >>> [round(limit, 3) for limit in feldt_alpha_interval(0.8, 50, 5)]
    [0.697, 0.876]
    """
    freedom = n - 1, (n - 1) * (n_items - 1)
    upper, lower = stats.f.ppf([(1 + level) / 2, (1 - level) / 2], *freedom)
    return float(1 - (1 - alpha) * upper), float(1 - (1 - alpha) * lower)


def _alpha_of_matrix(matrix: np.ndarray) -> float:
    """Return k / (k − 1) · (1 − trace / sum) of a covariance or correlation matrix."""
    k, total = len(matrix), float(matrix.sum())
    return k / (k - 1) * (1 - float(np.trace(matrix)) / total) if total > 0 else np.nan


def item_rest_correlation(covariance: np.ndarray) -> np.ndarray:
    """Return the correlation of each item with the sum of the others, shape (B, k), of covariances (B, k, k)."""
    variance, rows = np.einsum("bii->bi", covariance), covariance.sum(axis=2)
    rest = covariance.sum(axis=(1, 2))[:, None] - 2 * rows + variance
    with np.errstate(divide="ignore", invalid="ignore"):
        return (rows - variance) / np.sqrt(variance * rest)


def alpha_estimate(quantity: str, scale: str, found: Reliability, alpha: Interval) -> Estimate:
    """Return an alpha as an estimate: not applicable to one item, insufficient under ten people."""
    if not found.n_items:
        return no_estimate(quantity, Status.INSUFFICIENT, "no such question was asked", segment=scale)
    if found.n_items < 2:
        return no_estimate(quantity, Status.NOT_APPLICABLE, "a single question", n=found.n, segment=scale)
    if found.n < LEAST_PEOPLE:
        return no_estimate(quantity, Status.INSUFFICIENT, too_few(found.n), n=found.n, segment=scale)
    if np.isnan(alpha.value):
        return no_estimate(quantity, Status.INSUFFICIENT, "a question that everybody answers alike", n=found.n,
                             segment=scale)
    return Estimate(quantity, alpha.value, alpha.low, alpha.high, "alpha", found.n, scale)


MOST_QUESTIONS_NAMED = 5


def questions_text(items: Sequence[str]) -> str:
    """Return how many questions a scale has and which: one name may stand for other questions on another page.

    Examples
    --------
    >>> questions_text(["CUSL1", "CUSL3"])
    '2 questions (CUSL1, CUSL3)'
    """
    named, rest = items[:MOST_QUESTIONS_NAMED], len(items) - MOST_QUESTIONS_NAMED
    more = f" and {rest} more" if rest > 0 else ""
    return f"{len(items)} question{'s' if len(items) != 1 else ''} ({', '.join(named)}{more})"


def reliability_reason(alpha: float) -> str:
    """Return why the score of a scale is struck or carries a caution; empty where raw alpha is enough or not known."""
    limit = RELIABILITY_STRIKE if alpha < RELIABILITY_STRIKE else RELIABILITY_QUALIFY
    said = f"Cronbach's α {alpha:.3f} is under {limit:.2f}"
    return "" if not alpha < limit else said if limit == RELIABILITY_STRIKE else f"{CAUTION}: {said}"


def alpha_quality_gate(scale: str, found: Reliability, claims: str, items: Sequence[str]) -> Gate:
    """Return the gate on a scale: raw alpha under .60 strikes its claims, under .70 qualifies them.

    A scale of one question, or one whose alpha cannot be computed, is noted: nothing speaks for it, nothing against.

    Parameters
    ----------
    scale, claims : str
        Its name, and the claims that rest on it.
    found : Reliability
        From `measure_reliability`.
    items : sequence of str
        Its questions.
    """
    alpha = alpha_estimate("alpha", scale, found, found.raw)
    name = f"alpha of {scale}"
    if alpha.status is not Status.OK:
        sentence = f"Reliability of {scale} is not known: {alpha.reason}."
        return Gate(name, np.nan, RELIABILITY_QUALIFY, True, Level.NOTE, claims, sentence)
    is_struck = alpha.value < RELIABILITY_STRIKE
    limit, level = (RELIABILITY_STRIKE, Level.STRIKE) if is_struck else (RELIABILITY_QUALIFY, Level.QUALIFY)
    sentence = (
        f"Cronbach's α of {scale} is {_two_places(alpha.value)} [{_two_places(alpha.low)}, {_two_places(alpha.high)}] "
        f"over {questions_text(items)}; {limit:.2f} is asked for."
    )
    return Gate(name, alpha.value, limit, alpha.value < limit, level, claims, sentence)


def _two_places(x: float) -> str:
    return f"{x:.3f}".replace("-", "−")
