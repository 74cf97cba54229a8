"""Chain ladder (Mack), Bornhuetter–Ferguson, Benktander and Cape Cod for triangles of cohorts.

References
----------
Mack (1993), Distribution-free calculation of the standard error of chain ladder reserve estimates, *ASTIN Bulletin* 23,
213–225; Bornhuetter & Ferguson (1972), The actuary and IBNR, *Proceedings of the CAS* 59, 181–195; Mack (2000),
Credible claims reserves: the Benktander method, *ASTIN Bulletin* 30, 333–347; Satterthwaite (1946), An approximate
distribution of estimates of variance components, *Biometrics Bulletin* 2, 110–114.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True, slots=True)
class ChainLadder:
    """A triangle carried to its end.

    Parameters
    ----------
    factors : ndarray, shape (m − 1,)
        Development from each age to the next.
    developed : ndarray, shape (m,)
        Share of the ultimate that each cohort has reached by now, oldest cohort first.
    current, ultimate : ndarray, shape (m,)
        What each cohort shows by now, and in the end by the chain ladder.
    error : float
        Mack's standard error of the sum of what is still to come; NaN under three cohorts.
    degrees : float
        Satterthwaite's degrees of freedom of that error, which is made of variances estimated from few cohorts each.
    """

    factors: np.ndarray
    developed: np.ndarray
    current: np.ndarray
    ultimate: np.ndarray
    error: float
    degrees: float

    def half_width(self, level: float = 0.95) -> float:
        """Return half the interval of the sum of what is still to come, by Student's t; NaN under three cohorts."""
        return float(stats.t.ppf((1 + level) / 2, self.degrees)) * self.error if self.error > 0 else self.error

    @property
    def reserve(self) -> np.ndarray:
        """What is still to come of each cohort, shape (m,)."""
        return self.ultimate - self.current


def fit_chain_ladder(triangle: np.ndarray) -> ChainLadder:
    """Return the chain ladder of a triangle.

    Parameters
    ----------
    triangle : ndarray, shape (m, m)
        Cumulative amounts, cohort × age, oldest cohort first; NaN where the future lies. No development is assumed
        beyond the last age, and none from an age at which every cohort is at zero.
    """
    m = len(triangle)
    ages = np.arange(m)
    factors = np.array([_development_factor(triangle, j) for j in range(m - 1)])
    left = np.append(np.cumprod(factors[::-1])[::-1], 1.0)
    last = m - 1 - ages
    current = triangle[ages, last]
    return ChainLadder(
        factors, 1 / left[last], current, current * left[last], *_total_error(_mack_parts(triangle, factors, left))
    )


def bornhuetter_ferguson_ultimate(current: np.ndarray, developed: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """Return ultimates that expect of the rest what was expected beforehand: C + (1 − p) · U₀, shape (m,).

    Parameters
    ----------
    current, developed, prior : ndarray, shape (m,)
        What each cohort shows by now, the share of its end that this should be, and its end as expected beforehand.
    """
    return current + (1 - developed) * prior


def benktander_ultimate(current: np.ndarray, developed: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """Return Bornhuetter–Ferguson ultimates with those of a first round as what is expected beforehand, shape (m,)."""
    return bornhuetter_ferguson_ultimate(current, developed, bornhuetter_ferguson_ultimate(current, developed, prior))


def cape_cod_rate(current: np.ndarray, developed: np.ndarray, exposure: np.ndarray) -> float:
    """Return the rate to expect beforehand that fits all cohorts: Σ C / Σ p · exposure; NaN without any exposure."""
    used = float((developed * exposure).sum())
    return float(current.sum()) / used if used > 0 else float("nan")


def _development_factor(triangle: np.ndarray, j: int) -> float:
    rows = len(triangle) - 1 - j
    before = triangle[:rows, j].sum()
    return float(triangle[:rows, j + 1].sum() / before) if before > 0 else 1.0


def _total_error(parts: np.ndarray) -> tuple[float, float]:
    """Return √MSEP of the sum of the reserves from the part of each age, and Satterthwaite's degrees of freedom."""
    if len(parts) < 2:
        return float("nan"), float("nan")
    cohorts_less_one = np.maximum(np.arange(len(parts), 0, -1) - 1, 1)
    spread = float((parts**2 / cohorts_less_one).sum())
    return float(np.sqrt(parts.sum())), float(parts.sum() ** 2 / spread) if spread > 0 else float("nan")


def _mack_parts(triangle: np.ndarray, factors: np.ndarray, left: np.ndarray) -> np.ndarray:
    """Return the MSEP of the sum of the reserves by the age that it stems from (Mack 1993, theorem 3 and corollary)."""
    m = len(triangle)
    if m < 3:
        return np.empty(0)
    sigma, last = _sigma(triangle, factors), m - 1 - np.arange(m)
    ultimate = triangle[np.arange(m), last] * left[last]
    parts = np.zeros(m - 1)
    for i in range(1, m):
        for j in range(last[i], m - 1):
            above, at = triangle[:m - 1 - j, j].sum(), triangle[i, last[i]] * left[last[i]] / left[j]
            if above > 0 and at > 0:
                inner, cross = 1 / at + 1 / above, 2 / above
                parts[j] += sigma[j] / factors[j] ** 2 * ultimate[i] * (
                    ultimate[i] * inner + ultimate[i + 1:].sum() * cross)
    return parts


def _sigma(triangle: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Return Mack's σ² of each age; that of the last, which one cohort alone has reached, by his rule."""
    m = len(triangle)
    sigma = np.zeros(m - 1)
    for j in range(m - 2):
        before, after = triangle[:m - 1 - j, j], triangle[:m - 1 - j, j + 1]
        known = before > 0
        ratios = after[known] / before[known]
        sigma[j] = (before[known] * (ratios - factors[j]) ** 2).sum() / max(known.sum() - 1, 1)
    first, second = (sigma[m - 4], sigma[m - 3]) if m > 3 else (sigma[0], sigma[0])
    sigma[m - 2] = min(second**2 / first if first > 0 else second, first, second)
    return sigma
