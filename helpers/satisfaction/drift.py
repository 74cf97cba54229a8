"""Whether what satisfies changes over the waves: gradually, or at once, and then between which waves.

References
----------
Cochran (1954), The combination of estimates from different experiments, *Biometrics* 10, 101–129; Bai & Perron (1998),
Estimating and testing linear models with multiple structural changes, *Econometrica* 66, 47–78.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from helpers.methods.weighing import holm

LEAST_WAVES = 8
STEADY, GRADUAL, ABRUPT = "steady", "gradual", "abrupt"


@dataclass(frozen=True, slots=True)
class Drift:
    """How one dimension's weight moves over the waves.

    Parameters
    ----------
    dimension : str
        Which.
    kind : str
        ``steady``, ``gradual`` (a straight line) or ``abrupt`` (one step), by Bayes' information criterion.
    p_value : float
        Of equal weights in every wave, adjusted over the dimensions (Holm).
    moved : float
        Last less first value of the fitted course.
    since : tuple of str
        Waves that may be the first after the step (95 % set); empty unless abrupt.
    """

    dimension: str
    kind: str
    p_value: float
    moved: float
    since: tuple[str, ...] = ()


def drifts(
    dimensions: Sequence[str], waves: Sequence[str], weight: np.ndarray, error: np.ndarray
) -> tuple[Drift, ...]:
    """Return the drift of each dimension's weight.

    Parameters
    ----------
    dimensions, waves : sequence of str
        Columns and rows of the weights; eight waves or more.
    weight, error : ndarray, shape (n_waves, n_dimensions)
        Estimates and their standard errors.
    """
    precision = 1 / error**2
    centre = (weight * precision).sum(axis=0) / precision.sum(axis=0)
    spread = ((weight - centre) ** 2 * precision).sum(axis=0)
    p = holm(stats.chi2.sf(spread, len(waves) - 1))
    return tuple(_drift(name, waves, weight[:, j], precision[:, j], float(p[j])) for j, name in enumerate(dimensions))


def _drift(name: str, waves: Sequence[str], weight: np.ndarray, precision: np.ndarray, p: float) -> Drift:
    n = len(waves)
    step = np.arange(n) >= np.arange(1, n)[:, None]
    courses = np.array([np.arange(n, dtype=float), *step.astype(float)])
    losses, slopes = _lines(weight, precision, courses)
    best = int(np.argmin(losses[1:])) + 1
    if p >= 0.05:
        return Drift(name, STEADY, p, 0.0)
    is_abrupt = losses[best] + np.log(n) < losses[0]  # a break's place is one parameter more than a line has
    if not is_abrupt:
        return Drift(name, GRADUAL, p, float(slopes[0] * (n - 1)))
    near = losses[1:] <= losses[best] + stats.chi2.ppf(0.95, 1)
    return Drift(name, ABRUPT, p, float(slopes[best]), tuple(w for w, is_near in zip(waves[1:], near, strict=True)
                                                             if is_near))


def _lines(y: np.ndarray, precision: np.ndarray, courses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the weighted squared error and the slope of y on each course, with an intercept."""
    total = precision.sum()
    x = courses - (courses @ precision / total)[:, None]
    z = y - y @ precision / total
    slope = (x * z) @ precision / (x**2 @ precision)
    return ((z - slope[:, None] * x) ** 2) @ precision, slope
