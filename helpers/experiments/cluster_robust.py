"""Cluster-robust differences: CR2 errors with Satterthwaite degrees of freedom, cluster permutation.

Own: the clustered errors of statsmodels are CR0 and CR1, too small with few clusters, and need every unit in memory;
here units are summed by cluster in the engine.
"""

import math
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.experiments.aggregates import METRIC_PREFIX
from helpers.experiments.mean_difference import Difference, t_difference
from helpers.foundation.engine import Engine

MIN_CLUSTERS = 6

MIN_DEGREES_OF_FREEDOM = 4.0

MAX_SPLITS = 20_000


@dataclass(frozen=True, slots=True)
class ClusterDifference:
    """A difference of clustered arms.

    Parameters
    ----------
    difference : Difference
        With the interval and p of the method.
    n_control, n_variant : int
        Clusters.
    freedom : float
        Satterthwaite's degrees of freedom; NaN where clusters were re-randomised.
    method : str
        ``"CR2"`` or ``"randomisation of clusters"``.
    """

    difference: Difference
    n_control: int
    n_variant: int
    degrees_of_freedom: float
    method: str


def cluster_totals(engine: Engine, assignments: ir.Table, metrics: list[str], by: str = "cluster_id") -> pd.DataFrame:
    """Return one row per experiment, variant, cluster and metric: ``n`` units with a value and their ``total``.

    Parameters
    ----------
    engine : Engine
        The engine that adds up.
    assignments : Table
        ``canonical/assignments``.
    metrics : list of str
        Without their prefix.
    by : str
        Column that names the cluster; for switchbacks ``period``.
    """
    t = assignments.filter(assignments[by].notnull())
    parts = [
        engine.frame(
            t.filter(t[METRIC_PREFIX + m].notnull())
            .group_by("experiment", "variant", cluster=t[by])
            .aggregate(n=t[METRIC_PREFIX + m].count(), total=t[METRIC_PREFIX + m].cast("float64").sum())
        ).assign(metric=m)
        for m in metrics
    ]
    order = ["experiment", "metric", "variant", "cluster"]
    empty = pd.DataFrame(columns=[*order, "n", "total"])
    return pd.concat(parts, ignore_index=True).sort_values(order, ignore_index=True) if parts else empty


def cluster_difference(
    control: tuple[np.ndarray, np.ndarray], variant: tuple[np.ndarray, np.ndarray], rng: np.random.Generator,
    level: float = 0.95,
) -> ClusterDifference:
    """Return the difference of means: CR2 with enough clusters in each arm, else by re-randomising clusters.

    Parameters
    ----------
    control, variant : pair of ndarray, shape (n_clusters,)
        Units and total of each cluster.
    rng : Generator
        Draws splits where there are too many to try them all.
    """
    if min(len(control[0]), len(variant[0])) >= MIN_CLUSTERS:
        found, freedom = cr2_difference(control, variant, level)
        if freedom >= MIN_DEGREES_OF_FREEDOM:
            return ClusterDifference(found, len(control[0]), len(variant[0]), freedom, "CR2")
    return ClusterDifference(
        cluster_permutation_difference(control, variant, rng, level),
        len(control[0]),
        len(variant[0]),
        math.nan,
        "randomisation of clusters",
    )


def cr2_difference(
    control: tuple[np.ndarray, np.ndarray], variant: tuple[np.ndarray, np.ndarray], level: float = 0.95
) -> tuple[Difference, float]:
    """Return the difference of means of clustered units with CR2 errors, and Satterthwaite's degrees of freedom.

    With clusters inside arms both have a closed form: (I − H_gg)^(−1/2) acts on a cluster's total residual as
    (1 − n_g / n)^(−1/2).

    Parameters
    ----------
    control, variant : pair of ndarray, shape (n_clusters,)
        Units and total of each cluster.

    References
    ----------
    Bell, R. M. and McCaffrey, D. F. (2002). Bias reduction in standard errors for linear regression with multi-stage
    samples. Survey Methodology 28, 169–181. Pustejovsky, J. E. and Tipton, E. (2018). Small-sample methods for
    cluster-robust variance estimation. JBES 36, 672–683.
    """
    means, squared, traces = [], 0.0, [0.0, 0.0]
    for n, total in (control, variant):
        units = float(n.sum())
        mean = float(total.sum()) / units
        inflated = 1 / (1 - n / units)
        means.append(mean)
        squared += float((inflated * (total - n * mean) ** 2).sum()) / units**2
        traces[0] += 1 / units
        cross = inflated * n**2
        traces[1] += float((n**2).sum()) / units**4 + float(cross.sum() ** 2 - (cross**2).sum()) / units**6
    freedom = traces[0] ** 2 / traces[1]
    return t_difference(means[1] - means[0], squared, freedom, level), freedom


def cluster_permutation_difference(
    control: tuple[np.ndarray, np.ndarray], variant: tuple[np.ndarray, np.ndarray], rng: np.random.Generator,
    level: float = 0.95,
) -> Difference:
    """Return the difference with the p of re-randomised clusters and the shifts that this p does not exclude.

    Every split of the clusters into arms of the same numbers is tried where there are at most 20,000, else as many
    are drawn. With so few clusters that no split could be beyond chance the interval has no ends.

    Parameters
    ----------
    control, variant : pair of ndarray, shape (n_clusters,)
        Units and total of each cluster.

    References
    ----------
    Fisher, R. A. (1935). The Design of Experiments. Edgington & Onghena (2007), Randomization Tests, 4th ed., ch. 3.
    """
    n, total = (np.concatenate([control[i], variant[i]]).astype(float) for i in (0, 1))
    k, g = len(variant[0]), len(n)
    splits = _splits(g, k, rng)
    seen = np.zeros(g, dtype=bool)
    seen[len(control[0]):] = True
    value = float(total[seen].sum() / n[seen].sum() - total[~seen].sum() / n[~seen].sum())

    def p(shift: float) -> float:
        moved = total - shift * n * seen
        means = splits @ moved / (splits @ n) - (~splits @ moved) / (~splits @ n)
        return float(np.mean(np.abs(means) >= abs(value - shift) * (1 - 1e-9)))

    error = float(np.std(splits @ total / (splits @ n) - (~splits @ total) / (~splits @ n)))
    if 2 / math.comb(g, k) > 1 - level or error == 0:
        return Difference(value, -math.inf, math.inf, error, p(0.0))
    low, high = (_end(p, value, sign * 8 * error, 1 - level) for sign in (-1, 1))
    return Difference(value, low, high, error, p(0.0))


def _splits(g: int, k: int, rng: np.random.Generator) -> np.ndarray:
    if math.comb(g, k) <= MAX_SPLITS:
        chosen = np.array(list(combinations(range(g), k)))
    else:
        chosen = np.argsort(rng.random((MAX_SPLITS, g)), axis=1)[:, :k]
    splits = np.zeros((len(chosen), g), dtype=bool)
    np.put_along_axis(splits, chosen, True, axis=1)
    return splits


def _end(p: Any, value: float, far: float, alpha: float) -> float:
    """Return where p falls to alpha, going from the value outwards."""
    inside, outside = value, value + far
    for _ in range(40):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if p(middle) > alpha else (inside, middle)
    return outside
