"""Limits of a model's parameters by profile likelihood: in small samples those by standard errors are too short."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy import optimize

from helpers.methods import intervals
from helpers.value.purchases import FARTHEST, Counts, Fit, scaled

FEW_REPEAT_BUYERS = 1_500  # above it limits by standard errors hold what they say
STEPS, CLOSE, FLAT = 8, 0.01, 0.03  # on the scale of standard errors


def profiled(fit: Fit, counts: Counts) -> Fit:
    """Return the fit with limits of its parameters by profile likelihood, where repeat buyers are few.

    Parameters
    ----------
    fit : Fit
        By maximum likelihood; one that is not identified is returned as it is.
    counts : Counts
        What it was fitted to.

    Notes
    -----
    The limits of a parameter are where the log-likelihood, at its highest over the other parameters, has fallen by half
    the square of the normal quantile; found on the log scale by steps in proportion to the signed root of the fall.

    References
    ----------
    Venzon & Moolgavkar (1988), *Applied Statistics* 37, 87–94.
    """
    if not fit.is_identified or counts.n_repeat_buyers > FEW_REPEAT_BUYERS:
        return fit
    negative = scaled(fit.model, counts)
    found = [[_limit(negative, fit, place, side) for side in (-1, 1)] for place in range(len(fit.values))]
    return replace(fit, limits=np.exp(found))


def _limit(negative: Callable[[np.ndarray], tuple[float, np.ndarray]], fit: Fit, place: int, side: int) -> float:
    """Return the logarithm of one parameter's lower (−1) or upper (+1) limit."""
    z, centre = intervals.normal_quantile(0.95), float(np.log(fit.values[place]))
    step = side * z * float(np.sqrt(fit.covariance[place, place]))
    others = np.delete(np.arange(len(fit.values)), place)
    follow = fit.covariance[others, place] / fit.covariance[place, place]  # where the others move with this one
    at = np.log(fit.values)[others]
    root = np.linalg.cholesky(np.linalg.inv(np.linalg.inv(fit.covariance)[np.ix_(others, others)]))
    moved = np.zeros(len(others))

    def of_others(u: np.ndarray, step: float) -> tuple[float, np.ndarray]:
        value, slopes = negative(np.insert(at + follow * step + root @ u, place, centre + step))
        return value, root.T @ np.delete(slopes, place)

    for _ in range(STEPS):
        best = optimize.minimize(of_others, moved, (step,), jac=True, method="BFGS", options={"gtol": FLAT})
        moved = best.x
        fall = np.sqrt(max(2 * (best.fun + fit.log_likelihood), 1e-12))
        if abs(fall - z) < CLOSE:
            break
        step = float(np.clip(step * z / fall, -FARTHEST, FARTHEST))
    return centre + step
