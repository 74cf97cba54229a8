"""Latent class analysis of yes-or-no indicators by EM; number of classes by BIC.

Own: the mixtures of scikit-learn are of normal distributions, and statsmodels has none.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

MAX_EM_STEPS = 300

EM_TOLERANCE = 1e-7

N_EM_STARTS = 5

MIN_PROBABILITY = 1e-4


@dataclass(frozen=True, slots=True)
class LatentClasses:
    """A latent-class model.

    Parameters
    ----------
    shares : ndarray, shape (c,)
        Size of each class, largest first.
    chances : ndarray, shape (c, k)
        Chance of each sign in each class.
    log_likelihood : float
        Of all people.
    bic : float
        −2 · log-likelihood + parameters · log(people); lower is better.
    """

    shares: np.ndarray
    chances: np.ndarray
    log_likelihood: float
    bic: float

    def memberships(self, signs: np.ndarray) -> np.ndarray:
        """Return the probability of each class for people, shape (n, c); NaN signs say nothing."""
        joint = _joint_log_probability(signs, np.log(self.shares), self.chances)
        return np.exp(joint - logsumexp(joint, axis=1, keepdims=True))


def fit_latent_classes(signs: np.ndarray, n_classes: int, rng: np.random.Generator) -> LatentClasses:
    """Return the best of a few latent-class fits from random starts.

    Parameters
    ----------
    signs : ndarray, shape (n, k)
        1 where a sign holds, 0 where not, NaN where it is not known (missing at random).
    n_classes : int
        Classes.
    rng : Generator
        Draws the starts.

    References
    ----------
    Goodman (1974), *Biometrika* 61, 215–231; Dempster, Laird & Rubin (1977), *JRSS B* 39, 1–38.
    """
    patterns, counts = np.unique(np.where(np.isnan(signs), -1, signs), axis=0, return_counts=True)
    patterns = np.where(patterns < 0, np.nan, patterns)
    made = [_em(patterns, counts, n_classes, rng) for _ in range(N_EM_STARTS if n_classes > 1 else 1)]
    value, shares, chances = max(made, key=lambda one: one[0])
    order = np.argsort(-shares, kind="stable")
    parameters = n_classes - 1 + chances.size
    return LatentClasses(shares[order], chances[order], value, -2 * value + parameters * float(np.log(counts.sum())))


def fit_up_to(signs: np.ndarray, most: int, rng: np.random.Generator) -> list[LatentClasses]:
    """Return the fits with one class, two, and so on, in order; the one with the least BIC is to be preferred."""
    return [fit_latent_classes(signs, n, rng) for n in range(1, most + 1)]


def _joint_log_probability(patterns: np.ndarray, log_shares: np.ndarray, chances: np.ndarray) -> np.ndarray:
    yes, no = np.nan_to_num(patterns), np.nan_to_num(1 - patterns)
    return log_shares + yes @ np.log(chances).T + no @ np.log1p(-chances).T


def _em(patterns: np.ndarray, counts: np.ndarray, c: int,
             rng: np.random.Generator) -> tuple[float, np.ndarray, np.ndarray]:
    yes, known = np.nan_to_num(patterns), ~np.isnan(patterns)
    shares, chances = np.full(c, 1 / c), rng.uniform(0.2, 0.8, (c, patterns.shape[1]))
    value = before = -np.inf
    for _ in range(MAX_EM_STEPS):
        joint = _joint_log_probability(patterns, np.log(shares), chances)
        total = logsumexp(joint, axis=1, keepdims=True)
        value = float(counts @ total[:, 0])
        weight = np.exp(joint - total) * counts[:, None]
        shares = np.maximum(weight.sum(axis=0) / counts.sum(), MIN_PROBABILITY)
        chances = np.clip((weight.T @ yes) / np.maximum(weight.T @ known, 1e-12), MIN_PROBABILITY, 1 - MIN_PROBABILITY)
        if value - before < EM_TOLERANCE * abs(value):
            break
        before = value
    return value, shares / shares.sum(), chances
