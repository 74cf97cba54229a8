"""A/A tests on own metrics: random splits of the control and their false-positive rate."""

import numpy as np
import pandas as pd
from scipy import stats

from helpers.experiments.design import ExperimentDesign
from helpers.experiments.experiment_data import UnitSample

N_AA_SPLITS, MAX_AA_UNITS = 1_000, 20_000


def aa_splits(values: np.ndarray, rng: np.random.Generator, n_splits: int = N_AA_SPLITS) -> float:
    """Return the share of random halves of the same values that Welch's test calls different at the 5 % level.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Values of units that were all treated alike; at most 20,000 are used.
    rng : Generator
        Draws the halves.
    """
    v = rng.choice(values, MAX_AA_UNITS, replace=False) if len(values) > MAX_AA_UNITS else values
    n = len(v)
    found, at_once = 0, max(4_000_000 // n, 1)
    for start in range(0, n_splits, at_once):
        k = min(at_once, n_splits - start)
        is_in = rng.random((k, n), dtype="float32") < 0.5
        m = is_in.sum(1)
        total, squares = is_in @ v, is_in @ v**2
        found += int((_p(total, squares, m, v.sum() - total, (v**2).sum() - squares, n - m) < 0.05).sum())
    return found / n_splits


def _p(s1: np.ndarray, q1: np.ndarray, n1: np.ndarray, s0: np.ndarray, q0: np.ndarray, n0: np.ndarray) -> np.ndarray:
    a, b = ((q - s * s / n) / (n - 1) / n for s, q, n in ((s1, q1, n1), (s0, q0, n0)))
    error = np.sqrt(np.maximum(a + b, 0))
    t = np.divide(np.abs(s1 / n1 - s0 / n0), error, out=np.zeros_like(error), where=error > 0)
    freedom = (a + b) ** 2 / np.maximum(a**2 / (n1 - 1) + b**2 / (n0 - 1), 1e-300)
    return 2 * stats.t.sf(t, np.maximum(freedom, 1))


def aa_table(designs: tuple[ExperimentDesign, ...], units: UnitSample, rng: np.random.Generator) -> pd.DataFrame:
    """Return the share called different by metric, with the range that chance allows at 99.9 %.

    Returns
    -------
    DataFrame
        experiment, metric, n_units, share_different, low, high, is_inside; metrics with 100 values and more.
    """
    rows = []
    low, high = (float(x) / N_AA_SPLITS for x in stats.binom.interval(0.999, N_AA_SPLITS, 0.05))
    for design in designs:
        for metric in design.metrics:
            values = units.values(design.experiment, metric, (design.control, design.control))[0] if (
                design.variants) else np.array([])
            if len(values) >= 100 and np.ptp(values) > 0:
                share = aa_splits(values, rng)
                rows.append((design.experiment, metric, len(values), share, low, high, low <= share <= high))
    return pd.DataFrame(rows, columns=["experiment", "metric", "n_units", "share_different", "low", "high",
                                       "is_inside"])
