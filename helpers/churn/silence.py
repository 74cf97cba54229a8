"""Own-pattern silence: how unusual a customer's silence is against an own rhythm that is shrunk to the cohort's."""

from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

LEAST_GAPS = 20


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How rates of buying spread over a cohort: Gamma(shape, rate); gaps of one customer are exponential [days].

    References
    ----------
    Lomax (1954); the gamma–exponential mixture as in Fader, Hardie & Lee (2005), *Marketing Science* 24, 275–284.
    """

    shape: float
    rate: float

    def survival(self, n_gaps: np.ndarray, gap_days: np.ndarray, silent_days: np.ndarray) -> np.ndarray:
        """Return the posterior predictive chance that a gap lasts longer than the present silence, shape (n,).

        Parameters
        ----------
        n_gaps, gap_days : ndarray, shape (n,)
            Gaps between purchase occasions so far, and how long they lasted together [gaps, days].
        silent_days : ndarray, shape (n,)
            Days since the last occasion.

        Notes
        -----
        ((β + t) / (β + t + s)) ^ (α + x), the Lomax tail of the posterior Gamma(α + x, β + t).
        """
        scale = self.rate + gap_days
        return (scale / (scale + silent_days)) ** (self.shape + n_gaps)

    def limit(self, n_gaps: np.ndarray, gap_days: np.ndarray, q: float) -> np.ndarray:
        """Return the q-quantile of the next gap, beyond which a silence stands out [days], shape (n,)."""
        return (self.rate + gap_days) * ((1 - q) ** (-1 / (self.shape + n_gaps)) - 1)


def rhythm(n_gaps: np.ndarray, gap_days: np.ndarray) -> Rhythm | None:
    """Return the cohort's rhythm by maximum likelihood; None with fewer than 20 customers who have a gap.

    Parameters
    ----------
    n_gaps, gap_days : ndarray, shape (n,)
        Gaps between occasions by customer and their sum [gaps, days]; those without a gap teach nothing.

    Notes
    -----
    log L = Σ log Γ(α + x) − log Γ(α) + α log β − (α + x) log(β + t). Gaps still open at the cut-off are left out, so
    that customers who have gone do not slow the rhythm of those who stay.
    """
    has_gap = n_gaps > 0
    x, t = n_gaps[has_gap], np.maximum(gap_days[has_gap], 1.0)
    if len(x) < LEAST_GAPS:
        return None

    def loss(logs: np.ndarray) -> float:
        a, b = np.exp(logs)
        return -float(np.mean(special.gammaln(a + x) - special.gammaln(a) + a * np.log(b) - (a + x) * np.log(b + t)))

    start = np.log([2.0, 2.0 * t.sum() / x.sum()])
    found = optimize.minimize(loss, start, method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-12})
    shape, rate = np.exp(np.clip(found.x, -10, 15))
    return Rhythm(float(shape), float(rate))
