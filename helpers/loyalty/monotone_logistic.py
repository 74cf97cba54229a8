"""Monotone logistic regression on counts by score: straight and broken lines, rising slopes.

People with equal scores are counted together, so that a fit costs the number of distinct scores, whoever answers, and
many fits (places of knots, bootstrap replicates) are made at once.

Own: statsmodels' GLM has no bounds on its slopes and makes one fit at a time (``bench/own_methods.py``); scikit-learn's
isotonic regression rises, but in steps, without slopes or breakpoints.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np
from scipy import special

from helpers.stats.confidence_intervals import effective_n

N_SCORE_BINS = 101

MAX_CURVE_STEPS = 30

CURVE_TOLERANCE = 1e-8

POINTS_PER_SLOPE = 10.0  # slopes are changes of the logit for ten points of satisfaction

SLOPE_RIDGE = 1e-3  # penalty on squared slopes: nothing beside any data, but separated outcomes end in a finite curve

MAX_STEP_LENGTH = 4.0


@dataclass(frozen=True, slots=True)
class ScoreCounts:
    """People counted by score.

    Parameters
    ----------
    score : ndarray, shape (J,)
        Distinct scores, rising [0–100].
    n, k : ndarray, shape (J,)
        People, and those of them who bought again.
    """

    score: np.ndarray
    n: np.ndarray
    k: np.ndarray

    @property
    def share(self) -> np.ndarray:
        """Share who bought again at each score, shape (J,)."""
        return self.k / self.n


@dataclass(frozen=True, slots=True)
class LogisticCurves:
    """Logistic curves with rising slopes, one a design.

    Parameters
    ----------
    coefficients : ndarray, shape (P, d)
        Intercept, then slopes, each at least zero [logits; logits for ten points].
    log_likelihood : ndarray, shape (P,)
        Of the counts, without the binomial coefficients.
    """

    coefficients: np.ndarray
    log_likelihood: np.ndarray


def count_by_score(
    score: np.ndarray, is_loyal: np.ndarray, bins: int = N_SCORE_BINS, weights: np.ndarray | None = None
) -> ScoreCounts:
    """Return people counted by score, scores rounded to one of `bins` from 0 to 100.

    Parameters
    ----------
    score : ndarray, shape (n,)
        Satisfaction [0–100].
    is_loyal : ndarray, shape (n,)
        Whether each bought again.
    bins : int
        Places from 0 to 100.
    weights : ndarray, shape (n,), optional
        Survey weights; counts add up to the effective number of people then.
    """
    own = np.ones(len(score)) if weights is None else effective_weights(weights)
    place = np.rint(round_scores(score, bins) / 100 * (bins - 1)).astype(int)
    n, k = (np.bincount(place, w, minlength=bins) for w in (own, own * np.asarray(is_loyal, float)))
    at = np.flatnonzero(n)
    return ScoreCounts(at * 100 / (bins - 1), n[at], k[at])


def effective_weights(weights: np.ndarray) -> np.ndarray:
    """Return survey weights that add up to the effective number of people (Kish), so that intervals hold them.

    Examples
    --------
    >>> round(float(effective_weights(np.array([1.0, 1.0, 2.0])).sum()), 3)
    2.667
    """
    total = weights.sum()
    return weights * (effective_n(weights) / total) if total else weights


def round_scores(score: np.ndarray, bins: int = N_SCORE_BINS) -> np.ndarray:
    """Return scores rounded to one of `bins` places from 0 to 100."""
    return np.rint(np.asarray(score, float) / 100 * (bins - 1)) * 100 / (bins - 1)


def straight_design(score: np.ndarray) -> np.ndarray:
    """Return the design of a straight line on the logit, shape (J, 2)."""
    return np.column_stack([np.ones(len(score)), score / POINTS_PER_SLOPE])


def broken_designs(score: np.ndarray, knots: np.ndarray) -> np.ndarray:
    """Return the designs of lines broken at two knots, shape (P, J, 4): one, then the way gone in each of three parts.

    Parameters
    ----------
    score : ndarray, shape (J,)
        Scores [0–100].
    knots : ndarray, shape (P, 2)
        Lower and upper knot [0–100].
    """
    low, high = knots[:, :1], knots[:, 1:]
    parts = [np.minimum(score, low), np.clip(score, low, high) - low, np.maximum(score - high, 0.0)]
    return np.stack([np.ones_like(parts[0]), *(p / POINTS_PER_SLOPE for p in parts)], axis=-1)


def fit_curves(design: np.ndarray, n: np.ndarray, k: np.ndarray, held: np.ndarray | None = None) -> LogisticCurves:
    """Return the curves of greatest likelihood with slopes of zero or more, all designs at once.

    Parameters
    ----------
    design : ndarray, shape (P, J, d)
        First column one; the others' coefficients may not be negative.
    n, k : ndarray, shape (J,) or (P, J)
        People and those who bought again, by score.
    held : ndarray, shape (P, J), optional
        Known part of the logit, such as that of a slope held at a value.

    Notes
    -----
    Newton's method; each step solves its bounded quadratic problem exactly, over the subsets of slopes held at zero.
    """
    design, n, k = design if design.ndim == 3 else design[None], np.atleast_2d(n), np.atleast_2d(k)
    n, k, held = (np.broadcast_to(a, design.shape[:2]) for a in (n, k, 0.0 if held is None else held))
    beta = np.zeros((len(design), design.shape[2]))
    mean = special.logit(np.clip(k.sum(axis=1) / n.sum(axis=1), 1e-4, 1 - 1e-4))
    beta[:, 0] = mean - (n * held).sum(axis=1) / n.sum(axis=1)
    alive = np.arange(len(design))
    for _ in range(MAX_CURVE_STEPS):
        x = design[alive]
        own = np.einsum("pjd,pd->pj", x, beta[alive])
        p = special.expit(own + held[alive])
        weight = np.maximum(n[alive] * p * (1 - p), 1e-10)
        step = nonnegative_maximum(*_normal_equations(x, weight, weight * own + k[alive] - n[alive] * p)) - beta[alive]
        beta[alive] += step / np.maximum(np.abs(step).max(axis=1, keepdims=True) / MAX_STEP_LENGTH, 1.0)
        alive = alive[np.abs(step).max(axis=1) > CURVE_TOLERANCE]
        if not len(alive):
            break
    eta = np.einsum("pjd,pd->pj", design, beta) + held
    return LogisticCurves(beta, (k * eta - n * np.logaddexp(0, eta)).sum(axis=1))


def nonnegative_maximum(gram: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return the coefficients that maximise b'r − ½ b'Gb with every one but the first at least zero, shape (P, d).

    Parameters
    ----------
    gram : ndarray, shape (P, d, d)
        Positive definite.
    right : ndarray, shape (P, d)
        Linear part.
    """
    best = np.linalg.solve(gram, right[:, :, None])[:, :, 0]
    bad = np.flatnonzero((best[:, 1:] < 0).any(axis=1))
    if len(bad):
        best[bad] = _best_feasible(np.linalg.inv(restricted_matrices(gram[bad])), right[bad])
    return best


@lru_cache
def free_subsets(d: int) -> np.ndarray:
    """Return which coefficients are free in each subset, shape (2 ** (d − 1), d); the first one always is."""
    return np.array([(1, *free) for free in product((0, 1), repeat=d - 1)], dtype=float)


def restricted_matrices(gram: np.ndarray) -> np.ndarray:
    """Return the matrices with some coefficients held at zero, shape (2 ** (d − 1), P, d, d)."""
    d = gram.shape[-1]
    free = free_subsets(d)[:, None]
    return gram * free[..., None] * free[..., None, :] + np.eye(d) * (1 - free)[..., None]


def _best_feasible(inverse: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return the best feasible solution over the subsets."""
    free = free_subsets(right.shape[-1])[:, None]
    solved = np.einsum("spij,spj->spi", inverse, right * free) * free
    worth = np.where((solved[..., 1:] >= -1e-12).all(axis=-1), (solved * right).sum(axis=-1), -np.inf)
    return solved[worth.argmax(axis=0), np.arange(right.shape[0])]


def _normal_equations(x: np.ndarray, weight: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    gram = np.einsum("pji,pj,pjk->pik", x, weight, x, optimize=True)
    return gram + SLOPE_RIDGE * np.diag([1e-6, *np.ones(x.shape[-1] - 1)]), np.einsum("pji,pj->pi", x, right)
