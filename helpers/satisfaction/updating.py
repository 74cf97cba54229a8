"""How expectations follow experience: a_t = a_{t−1} + λ (b_{t−1} − a_{t−1}), with errors in both measured scores.

References
----------
Boulding et al. (1993), A dynamic process model of service quality, *Journal of Marketing Research* 30, 7–27; Fuller
(1987), *Measurement Error Models*, section 1.2.
"""

from dataclasses import dataclass

import numpy as np

from helpers.foundation.estimates import Estimate, Status, without_value
from helpers.methods.disclosure_control import FEW_PEOPLE, told
from helpers.methods.resampling import percentiles
from helpers.methods.weighing import Replicas, Rows

LAMBDA, PLAIN = "expectation updating λ", "expectation updating, plain regression (biased upward)"
LEAST_WAVES = 3


@dataclass(frozen=True, slots=True)
class Steps:
    """Steps of people from one wave to the next.

    Parameters
    ----------
    person : ndarray, shape (n,)
        Whose step.
    expected, experienced : ndarray, shape (n, k), (n, m)
        Items of expectation and of performance in the earlier wave, in one unit.
    expected_next : ndarray, shape (n, k)
        Items of expectation in the later wave.
    weight : ndarray of shape (n,), optional
        Survey weights; none: everybody counts once.
    """

    person: np.ndarray
    expected: np.ndarray
    experienced: np.ndarray
    expected_next: np.ndarray
    weight: np.ndarray | None = None


def update(steps: Steps, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return λ corrected for measurement error, and by plain regression, in each replicate; each of shape (B,).

    Parameters
    ----------
    steps : Steps
        Two items or more on each side.
    counts : ndarray, shape (B, n)
        Replicate weights of the steps.

    Notes
    -----
    The change of expectation and the disappointment hold the same error of the earlier expectation with opposite
    signs, so that plain regression overstates λ. The errors' variances come from the items' disagreement.
    """
    a, b, after = (x.mean(axis=1) for x in (steps.expected, steps.experienced, steps.expected_next))
    error_a, error_b = (_error(x, counts) for x in (steps.expected, steps.experienced))
    gap, change = b - a, after - a
    covariance, variance = _shared(change, gap, counts), _shared(gap, gap, counts)
    with np.errstate(divide="ignore", invalid="ignore"):
        return (covariance - error_a) / (variance - error_a - error_b), covariance / variance


def _shared(x: np.ndarray, y: np.ndarray, counts: np.ndarray) -> np.ndarray:
    total = counts.sum(axis=1)
    x, y = x - x.mean(), y - y.mean()
    return (counts @ (x * y)) / total - (counts @ x) * (counts @ y) / total**2


def _error(items: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the error variance of the mean of k items: (mean variance − mean covariance) / k."""
    k = items.shape[1]
    own = sum(_shared(items[:, j], items[:, j], counts) for j in range(k)) / k
    total = _shared(items.sum(axis=1), items.sum(axis=1), counts)
    between = (total - k * own) / (k * (k - 1))
    return (own - between) / k


def expectation_updating(
    steps: Steps | None, reason: str, seed: int, draws: int = 1000, replicas: Replicas | None = None
) -> list[Estimate]:
    """Return λ with its interval by resampling people, the plain regression beside it; or why it is not identified.

    Parameters
    ----------
    steps : Steps or None
        None where the data do not identify λ.
    reason : str
        Why not.
    seed, draws : int
        Of the bootstrap of people.
    replicas : Replicas, optional
        Of the weights; they are the bootstrap then.
    """
    if steps is None:
        return [without_value(LAMBDA, Status.NOT_APPLICABLE, f"not identified: {reason}", unit="share of the gap")]
    people = len(np.unique(steps.person))
    if people < FEW_PEOPLE:
        reason = f"{told(people)} people with steps between waves, {FEW_PEOPLE} are needed"
        return [without_value(LAMBDA, Status.INSUFFICIENT, reason, unit="share of the gap", n=people)]
    weight = np.ones(len(steps.person)) if steps.weight is None else steps.weight
    counts = Rows(steps.person, weight, replicas).resampled(draws, seed)
    found = [percentiles(values[0], values[1:]) for values in update(steps, counts)]
    return [Estimate(name, i.value, i.low, i.high, "share of the gap", people)
            for name, i in zip((LAMBDA, PLAIN), found, strict=True)]
