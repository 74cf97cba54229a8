"""K-means segments of customers, with silhouette, bootstrap Jaccard and adjusted Rand index.

Centres are found on a sample of customers in memory, by scikit-learn, whose silhouette and Rand index are used too;
everybody is assigned to the nearest one in the engine. The Jaccard similarity of single segments is own: none has it.
"""

import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import add, or_
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import numpy as np
from threadpoolctl import threadpool_limits

from helpers.foundation.engine import Engine

if TYPE_CHECKING:
    from sklearn.cluster import KMeans

SEGMENT_BASES = ("behavioural", "demographic", "psychographic", "relationship")

MAX_LEVELS = 8  # values of a text column that become features, the commonest first

MAX_SAMPLED = 1_000

LEAST_TOLD = 10

MIN_CUSTOMERS_TO_SEGMENT = 100

SEGMENT_COUNTS = (2, 3, 4, 5)

MIN_RAND = 0.8  # adjusted Rand index over bootstrap samples from which a number of segments is stable

MIN_JACCARD = 0.75  # Jaccard similarity from which a segment is called stable (Hennig 2007)

N_KMEANS_STARTS, N_BOOTSTRAP_SAMPLES, N_BOOTSTRAP_STARTS = 5, 15, 2

MAX_SILHOUETTE_CUSTOMERS = 600

MIN_DISTANCE_TO_DESCRIBE = 0.4  # standard deviations from everybody's mean from which a feature describes a segment


@dataclass(frozen=True, slots=True, eq=False)
class Segmentation:
    """Segments on one base.

    Parameters
    ----------
    base : str
        The base.
    features : tuple of str
        What the customers are told apart by.
    names : tuple of str
        Segments, the largest first: a number and what is high or low in it.
    sizes : ndarray of int, shape (k,)
        Sampled customers in each.
    jaccard : ndarray, shape (k,)
        Mean similarity of each segment with its likeness in bootstrap samples: 1 found again each time.
    rand : float
        Mean adjusted Rand index of the whole division with those of bootstrap samples: 1 the same, 0 as by chance.
    centres, mean, spread : ndarray
        Centres in standardised features, shape (k, p), and what standardised them, shape (p,).
    reason : str
        Why there are no segments; empty where there are.
    """

    base: str
    features: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    sizes: np.ndarray = field(default_factory=lambda: np.empty(0, "int64"))
    jaccard: np.ndarray = field(default_factory=lambda: np.empty(0))
    rand: float = float("nan")
    centres: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))
    mean: np.ndarray = field(default_factory=lambda: np.empty(0))
    spread: np.ndarray = field(default_factory=lambda: np.empty(0))
    reason: str = ""

    @property
    def is_stable(self) -> bool:
        """Whether every segment is found again in bootstrap samples."""
        return bool(len(self.jaccard)) and bool(self.jaccard.min() >= MIN_JACCARD)

    def assigned(self, table: ir.Table, features: Mapping[str, ir.Value]) -> ir.Table:
        """Return the table with the name of each one's nearest centre, in a column named for the base.

        Who has no feature at all has none.

        Notes
        -----
        The squared distance less what it shares for all centres, |c|² − 2 Σ c z, is linear in the features.
        """
        if self.reason:
            return table.mutate(**{self.base: ibis.null("string")})
        known = table.mutate(**{f"x{i}": features[name].cast("float64") for i, name in enumerate(self.features)})
        slopes = -2 * self.centres / self.spread
        starts = (self.centres**2).sum(axis=1) - slopes @ self.mean
        filled = [known[f"x{i}"].fill_null(float(m)) for i, m in enumerate(self.mean)]
        far = {f"d{j}": reduce(add, (x * float(w) for x, w in zip(filled, slopes[j], strict=True))) + float(start)
               for j, start in enumerate(starts)}
        is_known = reduce(or_, (known[f"x{i}"].notnull() for i in range(len(self.features))))
        apart = known.mutate(**far, is_known=is_known)
        least = ibis.least(*(apart[name] for name in far))
        nearest = ibis.cases(*((apart[name] == least, said) for name, said in zip(far, self.names, strict=True)))
        found = apart.mutate(**{self.base: apart.is_known.ifelse(nearest, None).cast("string")})
        return found.select(*table.columns, self.base)


def numeric_features(table: ir.Table, engine: Engine, columns: Sequence[str]) -> dict[str, ir.Value]:
    """Return numeric features of columns: numbers as they are, each of the commonest values of a text as 0 or 1."""
    found: dict[str, ir.Value] = {}
    for name in columns:
        column = table[name]
        if column.type().is_numeric() or column.type().is_boolean():
            found[name] = column.cast("float64")
            continue
        known = table.filter(column.notnull()).group_by(level=column.cast("string")).aggregate(n=ibis._.count())
        rows = engine.arrow(known.order_by(ibis.desc("n"), "level").limit(MAX_LEVELS))["level"].to_pylist()
        shown = name.split("_", 1)[-1].replace("_", " ")
        found |= {f"{shown} {level}": (column.cast("string") == level).ifelse(1, 0).cast("float64") for level in rows}
    return found


def kmeans_segmentation(engine: Engine, table: ir.Table, base: str, features: Mapping[str, ir.Value],
                 seed: int) -> Segmentation:
    """Return the segments on one base.

    Parameters
    ----------
    engine : Engine
        Hands over the sample.
    table : ir.Table
        Grain customer, with ``customer_id``.
    base : str
        Name of the base.
    features : mapping of str to column
        Numeric features by name; missing values count as the mean.
    seed : int
        Of starts and bootstrap samples.

    Notes
    -----
    k-means on standardised features, k from 2 to 5: of the divisions with an adjusted Rand index of .8 or more over
    bootstrap samples the one with the largest mean silhouette, else the most stable one. Stability: Hennig (2007),
    *Computational Statistics & Data Analysis* 52, 258–271; Hubert & Arabie (1985), *Journal of Classification* 2,
    193–218. Above 1,000 customers so many evenly spaced ones, by customer id, are sampled.
    """
    if not features:
        return Segmentation(base, reason="nothing is recorded on this base")
    x = _customer_sample(engine, table, features)
    if len(x) < MIN_CUSTOMERS_TO_SEGMENT:
        how_many = f"fewer than {LEAST_TOLD}" if 0 < len(x) < LEAST_TOLD else len(x)
        return Segmentation(
            base, reason=f"{how_many} customers are described on this base, {MIN_CUSTOMERS_TO_SEGMENT} are needed"
        )
    mean = np.nan_to_num(np.nanmean(x, axis=0))
    x = np.where(np.isnan(x), mean, x)
    spread = x.std(axis=0)
    kept = spread > 1e-9
    if not kept.any():
        return Segmentation(base, reason="all customers are alike on this base")
    scaled = (x[:, kept] - mean[kept]) / spread[kept]
    n_distinct = len(np.unique(scaled, axis=0))
    with threadpool_limits(1, "openmp"):  # samples are small, and threads only wait
        tried = [_division_into(scaled, k, seed) for k in SEGMENT_COUNTS if k <= n_distinct]
    stable = [t for t in tried if t.rand >= MIN_RAND]
    best = max(stable, key=lambda t: t.silhouette) if stable else max(tried, key=lambda t: t.rand)
    names = tuple(name for name, use in zip(features, kept, strict=True) if use)
    order = np.argsort(-best.sizes, kind="stable")
    centres = best.centres[order]
    flags = {name for name, column in zip(names, x[:, kept].T, strict=True) if set(np.unique(column)) <= {0.0, 1.0}}
    said = tuple(f"{i}: {describe_segment(centre, names, flags)}" for i, centre in enumerate(centres, 1))
    return Segmentation(base, names, said, best.sizes[order], best.jaccard[order], best.rand, centres, mean[kept],
                        spread[kept])


def describe_segment(centre: np.ndarray, names: Sequence[str], flags: Collection[str] = (), most: int = 2) -> str:
    """Return what marks a segment: its features farthest from the mean, if they are clear; of flags only those set.

    Examples
    --------
    >>> describe_segment(np.array([1.2, -0.1, -0.9]), ["orders", "age", "recency"])
    'high orders, low recency'
    >>> describe_segment(np.array([1.2, -0.9]), ["region east", "region west"], flags={"region east", "region west"})
    'region east'
    """
    clear = [i for i in map(int, np.argsort(-np.abs(centre), kind="stable"))
             if abs(centre[i]) >= MIN_DISTANCE_TO_DESCRIBE and (names[i] not in flags or centre[i] > 0)]
    said = [names[i] if names[i] in flags else f"{'high' if centre[i] > 0 else 'low'} {names[i]}" for i in clear[:most]]
    return ", ".join(said) or "near the mean"


def _customer_sample(engine: Engine, table: ir.Table, features: Mapping[str, ir.Value]) -> np.ndarray:
    given = table.select("customer_id", **{f"f{i}": c for i, c in enumerate(features.values())})
    known = given.filter(reduce(or_, (given[f"f{i}"].notnull() for i in range(len(features)))))
    n = engine.first_row(known.aggregate(n=known.count()))["n"]
    if n > MAX_SAMPLED:
        place = ibis.row_number().over(order_by=known.customer_id)
        known = known.mutate(place=place).filter(lambda t: t.place % -(-n // MAX_SAMPLED) == 0).drop("place")
    frame = engine.arrow(known.order_by("customer_id").drop("customer_id")).to_pandas()
    return frame.to_numpy("float64")


@dataclass(frozen=True, slots=True, eq=False)
class _Division:
    """A division into k: centres, sizes and Jaccard similarity of each, mean silhouette and adjusted Rand index."""

    centres: np.ndarray
    sizes: np.ndarray
    jaccard: np.ndarray
    silhouette: float
    rand: float


def _division_into(x: np.ndarray, k: int, seed: int) -> _Division:
    from sklearn.metrics import adjusted_rand_score

    rng = np.random.default_rng([seed, k])
    found = _fit(x, k, N_KMEANS_STARTS, rng)
    own, similar, rand = found.labels_, np.zeros(k), 0.0
    for _ in range(N_BOOTSTRAP_SAMPLES):
        drawn = np.unique(rng.integers(0, len(x), len(x)))
        again = _fit(x[drawn], k, N_BOOTSTRAP_STARTS, rng).labels_
        similar += _jaccard_similarity(own[drawn], again, k) / N_BOOTSTRAP_SAMPLES
        rand += adjusted_rand_score(own[drawn], again) / N_BOOTSTRAP_SAMPLES
    return _Division(found.cluster_centers_, np.bincount(own, minlength=k), similar, _mean_silhouette(x, own, rng),
                     float(rand))


def _fit(x: np.ndarray, k: int, n_starts: int, rng: np.random.Generator) -> "KMeans":
    from sklearn.cluster import KMeans  # where it is used: the runner imports this module and divides nobody
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a sample may hold fewer different customers than k
        return KMeans(k, n_init=n_starts, random_state=int(rng.integers(2**31))).fit(x)


def _jaccard_similarity(own: np.ndarray, again: np.ndarray, k: int) -> np.ndarray:
    table = np.zeros((k, k))
    np.add.at(table, (own, again), 1)
    union = table.sum(axis=1)[:, None] + table.sum(axis=0)[None, :] - table
    return (table / np.maximum(union, 1)).max(axis=1)


def _mean_silhouette(x: np.ndarray, own: np.ndarray, rng: np.random.Generator) -> float:
    from sklearn.metrics import silhouette_score

    some = np.sort(rng.permutation(len(x))[:MAX_SILHOUETTE_CUSTOMERS])
    n_segments = len(np.unique(own[some]))
    return float(silhouette_score(x[some], own[some])) if 1 < n_segments < len(some) else 0.0
