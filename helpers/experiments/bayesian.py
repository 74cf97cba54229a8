"""Bayesian A/B test: posterior, chance to win, expected loss of shipping or stopping."""

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from helpers.experiments.aggregates import ArmMoments
from helpers.experiments.mean_difference import Difference
from helpers.experiments.proportions import successes

NODES = 80


@dataclass(frozen=True, slots=True)
class Posterior:
    """What to believe of a difference.

    Parameters
    ----------
    value, error : float
        Mean and standard deviation of the posterior, in the unit of the metric.
    chance_to_win : float
        Probability that the true difference is above zero.
    expected_loss_if_shipped, expected_loss_if_stopped : float
        Expected loss a unit of shipping, and of not shipping: what is lost where the truth goes the other way, times
        how likely it is.
    """

    value: float
    error: float
    chance_to_win: float
    expected_loss_if_shipped: float
    expected_loss_if_stopped: float


def posterior_of_difference(value: float, error: float, prior: float = math.inf) -> Posterior:
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
    >>> b = posterior_of_difference(0.0, 1.0)
    >>> b.chance_to_win, round(b.expected_loss_if_shipped, 4)
    (0.5, 0.3989)
    """
    if error <= 0:
        return Posterior(
            value, 0.0, 1.0 if value > 0 else 0.5 if value == 0 else 0.0, max(-value, 0.0), max(value, 0.0)
        )
    shrunk = 1.0 if math.isinf(prior) else prior**2 / (prior**2 + error**2)
    mean, sd = value * shrunk, error * math.sqrt(shrunk)
    if sd == 0:
        return Posterior(0.0, 0.0, 0.5, 0.0, 0.0)
    z = mean / sd
    density = sd * float(stats.norm.pdf(z))
    return Posterior(mean, sd, float(stats.norm.cdf(z)), density - mean * float(stats.norm.sf(z)),
                  density + mean * float(stats.norm.cdf(z)))


def of_interval(found: Difference, sign: int = 1, prior: float = math.inf, level: float = 0.95) -> Posterior:
    """Return the posterior of a difference whose error is read off its own interval.

    Where the interval just touches zero the chance to be better is that of one side of it, whatever the distribution
    (Student's with few degrees of freedom) that the interval came from.

    Parameters
    ----------
    found : Difference
        With its interval.
    sign : int
        −1 where lower is better.
    prior : float
        As in `belief`.
    level : float
        Level of the interval.
    """
    return posterior_of_difference(
        sign * found.value, (found.high - found.low) / (2 * float(stats.norm.isf((1 - level) / 2))), prior
    )


def of_shares(control: ArmMoments, variant: ArmMoments, sign: int = 1, prior: float = math.inf) -> Posterior:
    """Return the posterior of a difference of shares: each share has a beta one, from Jeffreys' prior.

    Parameters
    ----------
    control, variant : ArmMoments
        Of 0 and 1.
    sign : int
        −1 where lower is better.
    prior : float
        Standard deviation of true differences beforehand; infinite: nothing is known.

    Notes
    -----
    Gauss–Legendre over the control's share, and on either side of it over the variant's: sums on one side have no part
    of the other, so that small chances keep their digits.

    References
    ----------
    Stucchio, C. (2015). Bayesian A/B testing at VWO, sections 3 and 4. Brown, Cai & DasGupta (2001), Interval
    estimation for a binomial proportion, Statistical Science 16, 101–133: Jeffreys' prior, beta(½, ½).

    Examples
    --------
    >>> b = of_shares(ArmMoments.of_successes(100, 1000), ArmMoments.of_successes(130, 1000))
    >>> round(b.chance_to_win, 3), round(b.value, 4)
    (0.982, 0.03)
    """
    known = [stats.beta(successes(arm) + 0.5, arm.n - successes(arm) + 0.5) for arm in (control, variant)]
    at, weight = np.polynomial.legendre.leggauss(NODES)
    at, weight = (at + 1) / 2, weight / 2
    p = known[0].ppf(at)[:, None]
    sides = [(known[1].cdf(p), known[1].ppf), (known[1].sf(p), known[1].isf)]  # the variant's share below and above
    apart = [of(whole * at) - p for whole, of in sides]
    share = [weight[:, None] * weight * whole for whole, _ in sides]
    if not math.isinf(prior):
        least = min(float((d**2).min()) for d in apart)
        share = [s * np.exp(-(d**2 - least) / (2 * max(prior, 1e-9) ** 2)) for s, d in zip(share, apart, strict=True)]
    total = sum(float(s.sum()) for s in share)
    below, above = (float(s.sum()) / total for s in share)
    lost, won = (abs(float((s * d).sum())) / total for s, d in zip(share, apart, strict=True))
    spread = sum(float((s * d**2).sum()) for s, d in zip(share, apart, strict=True)) / total - (won - lost) ** 2
    chance, loss, gain = (above, lost, won) if sign > 0 else (below, won, lost)
    return Posterior(gain - loss, math.sqrt(max(spread, 0.0)), chance, loss, gain)
