"""A Bayesian reading of a difference: how likely it is an improvement, and what is lost if we are wrong."""

import math
from dataclasses import dataclass

from scipy import stats


@dataclass(frozen=True, slots=True)
class Belief:
    """What to believe of a difference.

    Parameters
    ----------
    value, error : float
        Mean and standard deviation of the posterior, in the unit of the metric.
    chance_better : float
        Probability that the true difference is above zero.
    loss_shipping, loss_stopping : float
        Expected loss a unit of shipping, and of not shipping: what is lost where the truth goes the other way, times
        how likely it is.
    """

    value: float
    error: float
    chance_better: float
    loss_shipping: float
    loss_stopping: float


def belief(value: float, error: float, prior: float = math.inf) -> Belief:
    """Return the posterior of a true difference whose estimate is normal, with a normal prior about zero.

    Parameters
    ----------
    value, error : float
        Estimate and standard error; higher is better.
    prior : float
        Standard deviation of true differences beforehand; infinite: nothing is known.

    References
    ----------
    Stucchio, C. (2015). Bayesian A/B testing at VWO, section 4: loss = E[max(−δ, 0)]; normal partial expectation.

    Examples
    --------
    >>> b = belief(0.0, 1.0)
    >>> b.chance_better, round(b.loss_shipping, 4)
    (0.5, 0.3989)
    """
    if error <= 0:
        return Belief(value, 0.0, 1.0 if value > 0 else 0.5 if value == 0 else 0.0, max(-value, 0.0), max(value, 0.0))
    shrunk = 1.0 if math.isinf(prior) else prior**2 / (prior**2 + error**2)
    mean, sd = value * shrunk, error * math.sqrt(shrunk)
    if sd == 0:
        return Belief(0.0, 0.0, 0.5, 0.0, 0.0)
    z = mean / sd
    density = sd * float(stats.norm.pdf(z))
    return Belief(mean, sd, float(stats.norm.cdf(z)), density - mean * float(stats.norm.sf(z)),
                  density + mean * float(stats.norm.cdf(z)))
