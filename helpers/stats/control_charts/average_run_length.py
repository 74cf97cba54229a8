"""Average run length (ARL) of CUSUM and EWMA charts, parameters known.

Observations are independent and normal with standard deviation one; ``shift`` is their mean [standard deviations].
"""

from functools import lru_cache

import numpy as np
from scipy import stats

QUADRATURE_NODES = 80


def cusum_arl(allowance: float, limit: float, shift: float = 0.0) -> float:
    """Return the average run length of a two-sided CUSUM that starts at zero [periods].

    Parameters
    ----------
    allowance : float
        Reference value k [standard deviations].
    limit : float
        Decision interval h [standard deviations].
    shift : float
        Mean of the observations [standard deviations].

    Notes
    -----
    One side solves L(u) = 1 + L(0) Φ(k − u − δ) + ∫₀ʰ L(y) φ(y + k − u − δ) dy, by Gauss–Legendre quadrature; the two
    sides combine as 1 / L = 1 / L⁺ + 1 / L⁻.

    References
    ----------
    Page (1954), *Biometrika* 41, 100–115; Brook & Evans (1972), *Biometrika* 59, 539–549; Lucas & Crosier (1982),
    *Technometrics* 24, 199–205.

    Examples
    --------
    >>> round(cusum_arl(0.5, 4.0), 1), round(cusum_arl(0.5, 5.0), 1)
    (167.7, 465.4)
    """
    return 1 / sum(1 / _one_sided_cusum_arl(allowance, limit, sign * shift) for sign in (1, -1))


def ewma_arl(weight: float, limit: float, shift: float = 0.0) -> float:
    """Return the average run length of an EWMA with steady limits that starts at its centre [periods].

    Parameters
    ----------
    weight : float
        λ, the weight of the newest observation.
    limit : float
        L, in standard deviations of the steady EWMA, √(λ / (2 − λ)).
    shift : float
        Mean of the observations [standard deviations].

    References
    ----------
    Crowder (1987), *Technometrics* 29, 401–407; Lucas & Saccucci (1990), *Technometrics* 32, 1–12.

    Examples
    --------
    >>> round(ewma_arl(0.2, 2.962), -1)
    500.0
    """
    edge = limit * np.sqrt(weight / (2 - weight))
    nodes, weights = _gauss_legendre(QUADRATURE_NODES + 1)
    at, mass = edge * nodes, edge * weights
    kernel = stats.norm.pdf((at[None, :] - (1 - weight) * at[:, None]) / weight - shift) / weight * mass[None, :]
    lengths = np.linalg.solve(np.eye(len(at)) - kernel, np.ones(len(at)))
    return float(lengths[QUADRATURE_NODES // 2])  # the middle node is zero, where the chart starts


def _one_sided_cusum_arl(allowance: float, limit: float, shift: float) -> float:
    nodes, weights = _gauss_legendre(QUADRATURE_NODES)
    at, mass = limit * (nodes + 1) / 2, limit * weights / 2
    start = np.concatenate([[0.0], at])  # the chart rests at zero with positive probability
    kernel = stats.norm.pdf(at[None, :] + allowance - start[:, None] - shift) * mass[None, :]
    whole = np.column_stack([stats.norm.cdf(allowance - start - shift), kernel])
    return float(np.linalg.solve(np.eye(len(start)) - whole, np.ones(len(start)))[0])


@lru_cache(maxsize=2)
def _gauss_legendre(n: int) -> tuple[np.ndarray, np.ndarray]:
    return np.polynomial.legendre.leggauss(n)
