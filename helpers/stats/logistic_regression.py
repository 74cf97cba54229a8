"""Logistic regression with covariance, contrasts and average marginal effects."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from helpers.stats.confidence_intervals import Interval, normal_quantile

MAX_NEWTON_STEPS = 50

MAX_CONDITION_NUMBER = 1e12


@dataclass(frozen=True, slots=True)
class LogisticFit:
    """A fitted logistic regression.

    Parameters
    ----------
    coefficients : ndarray, shape (d,)
        In logits.
    covariance : ndarray, shape (d, d)
        Inverse of the information, or the sandwich where asked for.
    n : int
        Rows it was fitted to.
    """

    coefficients: np.ndarray
    covariance: np.ndarray
    n: int

    def probability(self, design: np.ndarray) -> np.ndarray:
        """Return the stated probabilities of a design, shape (n,)."""
        return special.expit(design @ self.coefficients)

    def interval(self, at: int, level: float = 0.95) -> Interval:
        """Return one coefficient with its Wald interval."""
        return self.combined(np.eye(len(self.coefficients))[at], level)

    def combined(self, weights: np.ndarray, level: float = 0.95) -> Interval:
        """Return a linear combination of the coefficients with its Wald interval."""
        value = float(weights @ self.coefficients)
        half = normal_quantile(level) * float(np.sqrt(weights @ self.covariance @ weights))
        return Interval(value, value - half, value + half)

    def contrast(self, first: np.ndarray, second: np.ndarray, level: float = 0.95) -> Interval:
        """Return the mean probability under the second design less that under the first, by the delta method.

        Parameters
        ----------
        first, second : ndarray, shape (n, d)
            The same people with something changed; their mean difference is an average marginal effect.

        References
        ----------
        Ai & Norton (2003), Interaction terms in logit and probit models, *Economics Letters* 80, 123–129.
        """
        return self.margins(((-1.0, first), (1.0, second)), level)

    def margins(self, designs: Sequence[tuple[float, np.ndarray]], level: float = 0.95) -> Interval:
        """Return a weighted sum of mean probabilities, such as a difference of two average marginal effects.

        Parameters
        ----------
        designs : sequence of pairs
            Weight, and design of shape (n, d).
        level : float
            Level of the interval, by the delta method.
        """
        value, slope = 0.0, np.zeros(len(self.coefficients))
        for weight, design in designs:
            p = self.probability(design)
            value += weight * float(p.mean())
            slope += weight * ((p * (1 - p))[:, None] * design).mean(axis=0)
        half = normal_quantile(level) * float(np.sqrt(slope @ self.covariance @ slope))
        return Interval(value, value - half, value + half)


def fit_logistic_regression(design: np.ndarray, outcome: np.ndarray, weights: np.ndarray | None = None, *,
           ridge: float = 0.0) -> LogisticFit | None:
    """Return a logistic regression; None where the outcome is the same for all, or separated, or a column idle.

    Parameters
    ----------
    design : ndarray, shape (n, d)
        First column one.
    outcome : ndarray, shape (n,)
        0 or 1, or a share of `weights`.
    weights : ndarray, shape (n,), optional
        People in each row.
    ridge : float
        Penalty on the squared coefficients but the first, for predictions; 0 for inference.
    """
    weights = np.ones(len(design)) if weights is None else weights
    penalty = ridge * np.diag([0.0, *np.ones(design.shape[1] - 1)])
    beta = np.zeros(design.shape[1])
    for _ in range(MAX_NEWTON_STEPS):
        p = special.expit(design @ beta)
        information = (design * (weights * p * (1 - p))[:, None]).T @ design + penalty
        if not np.isfinite(information).all() or np.linalg.cond(information) > MAX_CONDITION_NUMBER:
            return None
        step = np.linalg.solve(information, design.T @ (weights * (outcome - p)) - penalty @ beta)
        beta = beta + step / max(1.0, float(np.abs(step).max()) / 5)
        if np.abs(step).max() < 1e-9:
            return LogisticFit(beta, np.linalg.inv(information), round(float(weights.sum())))
    return None
