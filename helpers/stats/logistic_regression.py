"""Logistic regression (statsmodels' GLM) with Wald intervals and average marginal effects.

Statsmodels fits, and says how sure it is. Own are two refusals: it gives coefficients without bounds where the outcomes
are separated, and one of many equal solutions where a column is idle.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from helpers.stats.confidence_intervals import Interval

if TYPE_CHECKING:
    from statsmodels.genmod.generalized_linear_model import GLMResults

MAX_FIT_STEPS, COEFFICIENT_TOLERANCE = 50, 1e-9

MAX_CONDITION_NUMBER = 1e12


@dataclass(frozen=True, slots=True)
class LogisticFit:
    """A fitted logistic regression.

    Parameters
    ----------
    results : GLMResults
        Of statsmodels, d coefficients; ``results.summary()`` prints them.
    n : int
        People it was fitted to.
    """

    results: "GLMResults"
    n: int

    @property
    def coefficients(self) -> np.ndarray:
        """Coefficients, shape (d,) [logits]."""
        return self.results.params

    @property
    def covariance(self) -> np.ndarray:
        """Covariance of the coefficients, the inverse of the information, shape (d, d)."""
        return self.results.cov_params()

    def interval(self, at: int, level: float = 0.95) -> Interval:
        """Return one coefficient with its Wald interval."""
        return Interval(float(self.coefficients[at]), *map(float, self.results.conf_int(1 - level)[at]))

    def margins(
        self, designs: Sequence[tuple[float, np.ndarray]], people: np.ndarray | None = None, level: float = 0.95
    ) -> Interval:
        """Return a weighted sum of mean probabilities, such as a difference of two average marginal effects.

        Parameters
        ----------
        designs : sequence of pairs
            Weight, and design of shape (n, d): the same people with something changed.
        people : ndarray, shape (n,), optional
            Survey weights of these people; none: everybody counts as one.
        level : float
            Level of the interval, by the delta method.

        References
        ----------
        Ai & Norton (2003), Interaction terms in logit and probit models, *Economics Letters* 80, 123–129.
        """
        rows = np.concatenate([design for _, design in designs])
        own = 1.0 if people is None else people / people.mean()
        weights = np.concatenate([np.full(len(design), w * len(rows) / len(design)) * own for w, design in designs])
        found = self.results.get_prediction(rows, which="mean", average=True, agg_weights=weights)
        return Interval(*(float(np.squeeze(x)) for x in (found.predicted, *found.conf_int(alpha=1 - level).T)))


def fit_logistic_regression(
    design: np.ndarray, outcome: np.ndarray, weights: np.ndarray | None = None
) -> LogisticFit | None:
    """Return a logistic regression; None where the outcome is the same for all, or separated, or a column idle.

    Parameters
    ----------
    design : ndarray, shape (n, d)
        First column one.
    outcome : ndarray, shape (n,)
        0 or 1, or a share of `weights`.
    weights : ndarray, shape (n,), optional
        People in each row.
    """
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_linear_model import GLM

    people = np.ones(len(design)) if weights is None else weights
    mean = people @ outcome / people.sum()
    if not 0 < mean < 1:
        return None
    # from a start of its own it takes coefficients of zero for settled, and errors from the weights of that start
    start = np.append(np.log(mean / (1 - mean)), np.zeros(design.shape[1] - 1))
    model = GLM(outcome, design, family=Binomial(), freq_weights=people)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what it warns of, separation, ends in None below
        found = model.fit(start, maxiter=MAX_FIT_STEPS, tol_criterion="params", atol=COEFFICIENT_TOLERANCE)
    information = (design * (people * found.mu * (1 - found.mu))[:, None]).T @ design
    is_found = found.converged and np.isfinite(information).all()
    if not is_found or np.linalg.cond(information) > MAX_CONDITION_NUMBER:
        return None
    return LogisticFit(found, round(float(people.sum())))
