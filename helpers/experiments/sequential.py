"""Sequential testing: always-valid confidence sequences and p-values."""

import math

from helpers.experiments.mean_difference import Difference

MIN_UNITS_PER_ARM = 100

TUNED_FOR = 5_000


def confidence_sequence_half_width(error: float, n: float, tuned_for: float = TUNED_FOR, alpha: float = 0.05) -> float:
    """Return the half-width of the asymptotic confidence sequence after n units of both arms together.

    Parameters
    ----------
    error : float
        Standard error of the difference.
    n : float
        Units so far.
    tuned_for : float
        Number of units at which it is narrowest [units].
    alpha : float
        Chance that it ever excludes the truth.

    References
    ----------
    Waudby-Smith, I. et al. (2021). Time-uniform central limit theory, arXiv:2103.06476, eq. 9, as in GrowthBook:
    se √N √(2 (Nρ² + 1) / (N²ρ²) log(√(Nρ² + 1) / α)), ρ = √((−2 ln α + ln(−2 ln α + 1)) / N*).
    """
    grown = n * _rho(tuned_for, alpha) ** 2
    return error * math.sqrt(n) * math.sqrt(2 * (grown + 1) / (n * grown) * math.log(math.sqrt(grown + 1) / alpha))


def always_valid_difference(
    fixed: Difference, n: float, tuned_for: float = TUNED_FOR, alpha: float = 0.05
) -> Difference:
    """Return a difference with the interval and the p that hold at every look.

    Parameters
    ----------
    fixed : Difference
        The difference with its standard error.
    n : float
        Units of both arms so far.
    tuned_for, alpha : float
        As in `half_width`.
    """
    half = confidence_sequence_half_width(fixed.error, n, tuned_for, alpha)
    grown = n * _rho(tuned_for, alpha) ** 2
    z = fixed.value / fixed.error if fixed.error else (math.inf if fixed.value else 0.0)
    p = min(math.sqrt(grown + 1) * math.exp(-z * z * grown / (2 * (grown + 1))), 1.0)
    return Difference(fixed.value, fixed.value - half, fixed.value + half, fixed.error, p)


def _rho(tuned_for: float, alpha: float) -> float:
    return math.sqrt((-2 * math.log(alpha) + math.log(-2 * math.log(alpha) + 1)) / tuned_for)
