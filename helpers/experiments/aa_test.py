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
        halves = (*_half_moments(total, squares, m), *_half_moments(v.sum() - total, (v**2).sum() - squares, n - m))
        found += int((stats.ttest_ind_from_stats(*halves, equal_var=False).pvalue < 0.05).sum())
    return found / n_splits


def _half_moments(total: np.ndarray, squares: np.ndarray, n: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return mean, standard deviation and size of one half in every split."""
    return total / n, np.sqrt(np.maximum(squares - total**2 / n, 0) / (n - 1)), n


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
