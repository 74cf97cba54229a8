"""K-means segments of customers, with silhouette, bootstrap Jaccard and adjusted Rand index.

Centres are found on a sample of customers in memory; everybody is assigned to the nearest one in the engine.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import add, or_

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.engine import Engine

SEGMENT_BASES = ("behavioural", "demographic", "psychographic", "relationship")

MAX_LEVELS = 8  # values of a text column that become features, the commonest first

MAX_SAMPLED = 1_000

LEAST_TOLD = 10

MIN_CUSTOMERS_TO_SEGMENT = 100

SEGMENT_COUNTS = (2, 3, 4, 5)

MIN_JACCARD = 0.75  # Jaccard similarity from which a segment is called stable (Hennig 2007)

N_KMEANS_STARTS, N_BOOTSTRAP_SAMPLES, MAX_LLOYD_STEPS = 3, 15, 30

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
    tried = [_division_into(scaled, k, seed) for k in SEGMENT_COUNTS if k <= n_distinct]
    stable = [t for t in tried if t[3] >= 0.8]
    centres, jaccard, _, rand = max(stable, key=lambda t: t[2]) if stable else max(tried, key=lambda t: t[3])
    names = tuple(name for name, use in zip(features, kept, strict=True) if use)
    size = np.bincount(_nearest_centre(scaled, centres), minlength=len(centres))
    order = np.argsort(-size, kind="stable")
    flags = {name for name, column in zip(names, x[:, kept].T, strict=True) if set(np.unique(column)) <= {0.0, 1.0}}
    said = tuple(f"{i}: {describe_segment(centre, names, flags)}" for i, centre in enumerate(centres[order], 1))
    return Segmentation(base, names, said, size[order], jaccard[order], rand, centres[order], mean[kept], spread[kept])


def describe_segment(centre: np.ndarray, names: Sequence[str], flags: Collection[str] = (), most: int = 2) -> str:
    """Return what marks a segment: its features farthest from the mean, if they are clear; of flags only those set.

    Examples
    --------
    >>> describe_segment(np.array([1.2, -0.1, -0.9]), ["orders", "age", "recency"])
    'high orders, low recency'
    >>> describe_segment(np.array([1.2, -0.9]), ["region east", "region west"], flags={"region east", "region west"})
    'region east'
    """
    clear = [i for i in np.argsort(-np.abs(centre), kind="stable")
             if abs(centre[i]) >= MIN_DISTANCE_TO_DESCRIBE and (names[i] not in flags or centre[i] > 0)]
    said = [names[i] if names[i] in flags else f"{'high' if centre[i] > 0 else 'low'} {names[i]}" for i in clear[:most]]
    return ", ".join(said) or "near the mean"


def adjusted_rand_index(one: np.ndarray, other: np.ndarray) -> float:
    """Return the adjusted Rand index of two divisions of the same customers.

    Examples
    --------
    >>> adjusted_rand_index(np.array([0, 0, 1, 1]), np.array([1, 1, 0, 0]))
    1.0
    """
    table = np.zeros((one.max() + 1, other.max() + 1))
    np.add.at(table, (one, other), 1)
    pairs = [float((a * (a - 1) / 2).sum()) for a in (table, table.sum(axis=1), table.sum(axis=0))]
    expected, most = pairs[1] * pairs[2] / (len(one) * (len(one) - 1) / 2), (pairs[1] + pairs[2]) / 2
    return 1.0 if most == expected else (pairs[0] - expected) / (most - expected)


def _customer_sample(engine: Engine, table: ir.Table, features: Mapping[str, ir.Value]) -> np.ndarray:
    given = table.select("customer_id", **{f"f{i}": c for i, c in enumerate(features.values())})
    known = given.filter(reduce(or_, (given[f"f{i}"].notnull() for i in range(len(features)))))
    n = engine.first_row(known.aggregate(n=known.count()))["n"]
    if n > MAX_SAMPLED:
        place = ibis.row_number().over(order_by=known.customer_id)
        known = known.mutate(place=place).filter(lambda t: t.place % -(-n // MAX_SAMPLED) == 0).drop("place")
    frame = engine.arrow(known.order_by("customer_id").drop("customer_id")).to_pandas()
    return frame.to_numpy("float64")


def _division_into(x: np.ndarray, k: int, seed: int) -> tuple[np.ndarray, np.ndarray, float, float]:
    """Return centres, Jaccard similarity of each, mean silhouette and adjusted Rand index of a division into k."""
    rng = np.random.default_rng([seed, k])
    centres = _best_centres(x, k, rng)
    own = _nearest_centre(x, centres)
    similar, rand = np.zeros(k), 0.0
    for _ in range(N_BOOTSTRAP_SAMPLES):
        drawn = np.unique(rng.integers(0, len(x), len(x)))
        again = _nearest_centre(x[drawn], _best_centres(x[drawn], k, rng, repeats=2))
        similar += _jaccard_similarity(own[drawn], again, k) / N_BOOTSTRAP_SAMPLES
        rand += adjusted_rand_index(own[drawn], again) / N_BOOTSTRAP_SAMPLES
    return centres, similar, _mean_silhouette(x, own, rng), rand


def _jaccard_similarity(own: np.ndarray, again: np.ndarray, k: int) -> np.ndarray:
    table = np.zeros((k, k))
    np.add.at(table, (own, again), 1)
    union = table.sum(axis=1)[:, None] + table.sum(axis=0)[None, :] - table
    return (table / np.maximum(union, 1)).max(axis=1)


def _mean_silhouette(x: np.ndarray, own: np.ndarray, rng: np.random.Generator, most: int = 600) -> float:
    some = np.sort(rng.permutation(len(x))[:most])
    squares = (x[some] ** 2).sum(axis=1)
    far = np.sqrt(np.maximum(squares[:, None] + squares - 2 * x[some] @ x[some].T, 0.0))
    k, mine = own.max() + 1, own[some]
    sizes = np.bincount(mine, minlength=k)
    sums = np.stack([far[:, mine == c].sum(axis=1) for c in range(k)], axis=1)
    inner = sums[np.arange(len(some)), mine] / np.maximum(sizes[mine] - 1, 1)
    means = np.where(sizes > 0, sums / np.maximum(sizes, 1), np.inf)
    means[np.arange(len(some)), mine] = np.inf
    outer = means.min(axis=1)
    return float(np.mean((outer - inner) / np.maximum(np.maximum(outer, inner), 1e-12)))


def _best_centres(x: np.ndarray, k: int, rng: np.random.Generator, repeats: int = N_KMEANS_STARTS) -> np.ndarray:
    """Return the centres of the best of some runs of Lloyd's algorithm from k-means++ starts."""
    found = []
    for centres in [_kmeans_plus_plus(x, k, rng) for _ in range(repeats)]:
        for _ in range(MAX_LLOYD_STEPS):
            own = _nearest_centre(x, centres)
            size = np.bincount(own, minlength=k)
            moved = np.stack([np.bincount(own, column, k) for column in x.T], axis=1) / np.maximum(size, 1)[:, None]
            moved = np.where(size[:, None] > 0, moved, centres)
            if np.abs(moved - centres).max() < 1e-4:
                break
            centres = moved
        found.append((float(((x - centres[_nearest_centre(x, centres)]) ** 2).sum()), centres))
    return min(found, key=lambda pair: pair[0])[1]


def _kmeans_plus_plus(x: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """Return k starts, each drawn with a chance that grows with its squared distance to those before."""
    chosen = [x[int(rng.integers(len(x)))]]
    for _ in range(k - 1):
        far = np.min([((x - c) ** 2).sum(axis=1) for c in chosen], axis=0)
        total = float(far.sum())
        chosen.append(x[int(rng.choice(len(x), p=far / total)) if total > 0 else int(rng.integers(len(x)))])
    return np.array(chosen)


def _nearest_centre(x: np.ndarray, centres: np.ndarray) -> np.ndarray:
    return np.argmin((centres**2).sum(axis=1) - 2 * (x @ centres.T), axis=1)


def segmentation_table(found: Sequence[Segmentation]) -> pd.DataFrame:
    """Return segments as a table for reading: base, segment, share of customers, stability; or why there are none."""
    rows = [{"base": s.base, "segment": name, "share": n / max(s.sizes.sum(), 1), "jaccard": j, "rand": s.rand,
             "why_none": ""} for s in found for name, n, j in zip(s.names, s.sizes, s.jaccard, strict=True)]
    rows += [{"base": s.base, "segment": "–", "share": np.nan, "jaccard": np.nan, "rand": np.nan, "why_none": s.reason}
             for s in found if s.reason]
    return pd.DataFrame(rows, columns=["base", "segment", "share", "jaccard", "rand", "why_none"])
