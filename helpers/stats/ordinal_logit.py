"""Ordinal logit (proportional odds): odds ratios of a higher answer, test of proportional odds.

Fitted here: the OrderedModel of statsmodels takes weights and does not use them, and has no errors from replicates.
Without weights both agree; ``bench/own_methods.py`` has the times.

References
----------
McCullagh (1980), Regression models for ordinal data, *Journal of the Royal Statistical Society* B 42, 109–142; Brant
(1990), Assessing proportionality in the proportional odds model, *Biometrics* 46, 1171–1178; Binder (1983), On the
variances of asymptotically normal estimators from complex surveys, *International Statistical Review* 51, 279–292.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats
from scipy.special import expit

from helpers.stats.confidence_intervals import Interval, normal_quantile

MAX_ORDINAL_STEPS, SCORE_TOLERANCE = 100, 1e-8


@dataclass(frozen=True, slots=True)
class OrdinalFit:
    """Proportional odds: P(answer ≤ c) = Λ(θ_c − xβ).

    Parameters
    ----------
    coefficients, errors : ndarray, shape (k,)
        Log odds of a higher answer for one unit of each driver, and standard errors.
    thresholds : ndarray, shape (C − 1,)
        θ, rising.
    log_likelihood, empty : float
        Of the model, and of one without drivers.
    is_settled : bool
        Whether the maximum was found; not where a driver parts the answers perfectly.
    n : int
        People.
    """

    coefficients: np.ndarray
    errors: np.ndarray
    thresholds: np.ndarray
    log_likelihood: float
    empty: float
    is_settled: bool
    n: int

    def odds_ratio(self, driver: int, level: float = 0.95) -> Interval:
        """Return how many times the odds of a higher answer are for one more unit of a driver."""
        b, half = self.coefficients[driver], normal_quantile(level) * self.errors[driver]
        return Interval(*(float(np.exp(x)) for x in (b, b - half, b + half)))


def fit_ordinal_logit(
    drivers: np.ndarray, answers: np.ndarray, weights: np.ndarray | None = None, replicas: np.ndarray | None = None
) -> OrdinalFit:
    """Return an ordinal logit of answers on drivers.

    Parameters
    ----------
    drivers : ndarray, shape (n, k)
        No missing values; each varies.
    answers : ndarray, shape (n,)
        Two different ones or more; their order counts, not their distance.
    weights : ndarray, shape (n,), optional
        Survey weights; standard errors are the robust ones then.
    replicas : ndarray, shape (B, n), optional
        Replicates of the weights; standard errors are the spread of one Newton step from the maximum to each then
        (Binder 1983; Rao, Wu & Yue 1992).
    """
    levels, code = np.unique(answers, return_inverse=True)
    n, cuts = len(code), len(levels) - 1
    given = np.ones(n) if weights is None else weights / weights.mean()
    shares = np.cumsum(np.bincount(code, given) / given.sum())[:-1]
    start = np.log(shares / (1 - shares))
    upper, lower = _end_derivatives(drivers, code, cuts)
    made, value, is_settled = _maximise(
        np.concatenate([start, np.zeros(drivers.shape[1])]), (upper, lower), code, given
    )
    empty = float(given @ np.log(np.diff(np.concatenate([[0.0], shares, [1.0]]))[code]))
    _, score, hessian = _derivatives(made, (upper, lower), code, given)
    inverse = np.linalg.pinv(-hessian)
    if replicas is not None:
        inverse = np.cov(_replicate_scores(replicas, score, given) @ inverse, rowvar=False)
    elif weights is not None and np.ptp(weights) > 0:
        inverse = inverse @ (score.T @ score) @ inverse
    return OrdinalFit(made[cuts:], np.sqrt(np.diag(inverse)[cuts:]), made[:cuts], value, empty, is_settled, n)


def _replicate_scores(replicas: np.ndarray, score: np.ndarray, given: np.ndarray) -> np.ndarray:
    """Return the summed score under each replicate of the weights, shape (B, p)."""
    scaled = replicas * (replicas.shape[1] / replicas.sum(axis=1, keepdims=True))
    return (scaled * np.divide(1.0, given, out=np.zeros(len(given)), where=given > 0)) @ score


def _end_derivatives(drivers: np.ndarray, code: np.ndarray, cuts: int) -> tuple[np.ndarray, np.ndarray]:
    """Return derivatives of the upper and the lower end of each answer's stretch by (θ, β), shape (n, C − 1 + k)."""
    places = np.arange(cuts)
    ends = [np.concatenate([(code[:, None] - shift == places).astype(float), -drivers], axis=1) for shift in (0, 1)]
    ends[0][code == cuts], ends[1][code == 0] = 0.0, 0.0
    return ends[0], ends[1]


def _maximise(
    at: np.ndarray, ends: tuple[np.ndarray, np.ndarray], code: np.ndarray, given: np.ndarray
) -> tuple[np.ndarray, float, bool]:
    value, score, hessian = _derivatives(at, ends, code, given)
    for _ in range(MAX_ORDINAL_STEPS):
        step = np.linalg.lstsq(-hessian, score.sum(axis=0), rcond=None)[0]
        while True:
            new, *others = _derivatives(at + step, ends, code, given)
            if new >= value - 1e-12 * abs(value) or np.abs(step).max() < SCORE_TOLERANCE:
                break
            step = step / 2
        at, gained, value, (score, hessian) = at + step, new - value, new, others
        if abs(gained) < SCORE_TOLERANCE * abs(value) and np.abs(step).max() < 1e-4:
            return at, float(value), bool(np.abs(at).max() < 50)
    return at, float(value), False


def _derivatives(
    at: np.ndarray, ends: tuple[np.ndarray, np.ndarray], code: np.ndarray, given: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """Return the log-likelihood, each person's score, shape (n, p), and the matrix of second derivatives."""
    upper, lower = ends
    above, below = expit(upper @ at), expit(lower @ at)
    is_last, is_first = code == code.max(), code == 0
    above, below = np.where(is_last, 1.0, above), np.where(is_first, 0.0, below)
    p = above - below
    if (p <= 0).any():
        return -np.inf, np.zeros_like(upper), np.eye(len(at))
    up, down = above * (1 - above), below * (1 - below)
    score = given[:, None] * ((up / p)[:, None] * upper - (down / p)[:, None] * lower)
    both = given * (up * (1 - 2 * above) / p - (up / p) ** 2), given * (-down * (1 - 2 * below) / p - (down / p) ** 2)
    mixed = given * up * down / p**2
    cross = upper.T @ (lower * mixed[:, None])
    hessian = upper.T @ (upper * both[0][:, None]) + lower.T @ (lower * both[1][:, None]) + cross + cross.T
    return float(given @ np.log(p)), score, hessian


def proportional_odds_p_value(
    drivers: np.ndarray, answers: np.ndarray, weights: np.ndarray | None = None, replicas: np.ndarray | None = None
) -> float:
    """Return the p-value of equal coefficients at every cut between answers: small ones speak against the model.

    Parameters
    ----------
    drivers, answers, weights, replicas
        As in `fit`.

    Notes
    -----
    Of separate logits above and below each cut (Brant 1990), weighted by their inverse variances, as if the cuts were
    independent: a screening, not an exact test; NaN for two answers.
    """
    levels = np.unique(answers)
    fits = [f for cut in levels[:-1] if (f := fit_ordinal_logit(drivers, answers > cut, weights, replicas)).is_settled]
    if len(fits) < 2:
        return float("nan")
    beta, precision = np.array([f.coefficients for f in fits]), np.array([f.errors for f in fits]) ** -2.0
    centre = (beta * precision).sum(axis=0) / precision.sum(axis=0)
    spread = float(((beta - centre) ** 2 * precision).sum())
    return float(stats.chi2.sf(spread, (len(fits) - 1) * beta.shape[1]))
