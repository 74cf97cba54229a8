"""Aggregates by arm in the engine: counts, means, variances, covariances of metrics."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.engine import Engine

METRIC_PREFIX, COVARIATE_PREFIX = "metric_", "covariate_"

ARM_KEYS = ["experiment", "variant"]
ORIGIN_SHIFT_THRESHOLD = 10.0  # standard deviations from 0 beyond which sums are taken about another origin


@dataclass(frozen=True, slots=True)
class ArmMoments:
    """What a comparison needs to know of one arm.

    Parameters
    ----------
    n : int
        Values.
    mean : float
        Their mean.
    variance : float
        Their variance: with n − 1 for amounts, p (1 − p) for shares.

    Examples
    --------
    >>> ArmMoments.of_successes(14, 28)
    ArmMoments(n=28, mean=0.5, variance=0.25)
    """

    n: int
    mean: float
    variance: float

    @classmethod
    def of_sums(cls, n: int, total: float, squares: float) -> "ArmMoments":
        """Return the moments of ``n`` values from their sum and their sum of squares."""
        return cls(n, total / n, (squares - total * total / n) / (n - 1))

    @classmethod
    def of_successes(cls, successes: int, n: int) -> "ArmMoments":
        """Return the moments of a share."""
        p = successes / n
        return cls(n, p, p * (1 - p))

    @property
    def error_squared(self) -> float:
        """Squared standard error of the mean."""
        return self.variance / self.n

    def without(self, value: float) -> "ArmMoments":
        """Return the moments once one value is taken away."""
        n = self.n - 1
        squares = (self.n - 1) * self.variance - (value - self.mean) ** 2 * self.n / n
        return ArmMoments(n, (self.n * self.mean - value) / n, max(squares, 0.0) / (n - 1))


@dataclass(frozen=True, slots=True)
class ArmAggregates:
    """What the engine counted.

    Parameters
    ----------
    arms : DataFrame
        One row per experiment and variant: ``n_units``, ``n_clustered`` units that carry a cluster, ``n_clusters``,
        ``probability_low`` and ``probability_high`` (of the planned share recorded with the units), ``n_planned``
        units that record one, ``first_at`` and ``last_at``, ``n_periods`` of a switchback, ``n_early`` units exposed
        before they were assigned.
    outcomes : DataFrame
        One row per experiment, variant and metric that has any value in the experiment: ``n``, ``n_missing``,
        ``mean``, ``variance``, ``low``, ``high``, ``is_share`` (only 0 and 1 occur), ``is_money``.
    unreadable : tuple of str
        Metrics that hold text and are left out.
    pairs : DataFrame
        One row per experiment, variant, metric and other column taken with it (a covariate, or the denominator of a
        ratio): ``n``, ``mean``, ``variance``, ``other_mean``, ``other_variance``, ``covariance``. With a covariate over
        units that have the metric; one that is unknown stands at its mean over all arms of the experiment. With a
        denominator over units that have both.
    covariates : DataFrame
        One row per experiment, variant and covariate: ``n_units``, ``n_missing`` of them without it.
    """

    arms: pd.DataFrame
    outcomes: pd.DataFrame
    unreadable: tuple[str, ...] = ()
    pairs: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=_PAIR))
    covariates: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=_LACKING))


def aggregate_arms(engine: Engine, assignments: ir.Table, ratios: Iterable[tuple[str, str]] = ()) -> ArmAggregates:
    """Return counts and moments of every arm: one pass for what is there, one for sums, one for the extremes.

    Parameters
    ----------
    engine : Engine
        The engine that counts.
    assignments : Table
        ``canonical/assignments``: experiment × unit, outcomes in the columns ``metric_…``.
    ratios : iterable of (str, str)
        Numerators and denominators, metrics without their prefix, whose covariance is wanted too.
    """
    metrics, covariates, unreadable = metric_columns(assignments)
    arms = _arms(engine, assignments)
    wanted = [*metric_covariate_pairs(metrics, covariates), *((METRIC_PREFIX + a, METRIC_PREFIX + b) for a, b in ratios
                                               if {METRIC_PREFIX + a, METRIC_PREFIX + b} <= set(metrics))]
    sums = sums_by_arm(engine, assignments, metrics, wanted)
    extremes = _grouped(engine, assignments, {
        f"{m}|{end}": getattr(assignments[m].cast("float64"), end)() for m in metrics for end in ("min", "max")} | {
        f"{c}|known": assignments[c].count() for c in covariates})
    money = {m for m in metrics if assignments.schema()[m].is_decimal()}
    outcomes = _outcomes(arms, sums, extremes, metrics, money)
    return ArmAggregates(arms, outcomes, unreadable, _pairs(sums, wanted), _lacking(arms, extremes, covariates))


def metric_columns(assignments: ir.Table) -> tuple[list[str], list[str], tuple[str, ...]]:
    """Return the metrics, the covariates that are numbers, and the names of metrics that hold text."""
    schema = assignments.schema()
    known = {c for c in assignments.columns if schema[c].is_numeric() or schema[c].is_boolean()}
    named = [c for c in assignments.columns if c.startswith(METRIC_PREFIX)]
    covariates = [c for c in assignments.columns if c.startswith(COVARIATE_PREFIX) and c in known]
    unreadable = sorted(c.removeprefix(METRIC_PREFIX) for c in named if c not in known)
    return [c for c in named if c in known], covariates, tuple(unreadable)


def metric_covariate_pairs(metrics: Iterable[str], covariates: list[str]) -> list[tuple[str, str]]:
    """Return each metric with the covariates that may foretell it: its own past by name, else every one.

    Examples
    --------
    >>> metric_covariate_pairs(["metric_a", "metric_b"], ["covariate_a_before", "covariate_age"])
    [('metric_a', 'covariate_a_before'), ('metric_b', 'covariate_a_before'), ('metric_b', 'covariate_age')]
    """
    names = {f"metric_{c.removeprefix(COVARIATE_PREFIX).removesuffix('_before')}": c for c in covariates}
    return [(m, c) for m in metrics for c in ([names[m]] if m in names else covariates)]


def sums_by_arm(
    engine: Engine, assignments: ir.Table, metrics: list[str], pairs: Iterable[tuple[str, str]] = ()
) -> pd.DataFrame:
    """Return sums, squares and products of every arm, by one pass, about an origin near the values.

    One row per experiment and variant; of column a ``a|n``, ``a|mean`` and ``a|variance``, of a pair (a, b) ``a|b|n``,
    ``…|mean``, ``…|variance``, ``…|other_mean``, ``…|other_variance``, ``…|covariance``.

    Parameters
    ----------
    engine : Engine
        The engine that counts.
    assignments : Table
        ``canonical/assignments``.
    metrics : list of str
        Columns.
    pairs : iterable of (str, str)
        Columns to be taken together.
    """
    pairs = list(pairs)
    used = sorted({*metrics, *(b for _, b in pairs)})
    if not used:
        return pd.DataFrame(columns=ARM_KEYS)
    # counts alone: a file's statistics answer them without a scan
    facts = engine.first_row(assignments.aggregate(n_rows=assignments.count(),
                                                   **{c: assignments[c].count() for c in used}))
    plan = _Plan(metrics, pairs, {c for c in used if facts[c] < facts["n_rows"]})
    found = _pass(engine, assignments, plan, dict.fromkeys(used, 0.0))
    far = {c: at for c in used if (at := _origin(found, c, pairs))}
    if far:  # sums about 0 would lose the spread of values that lie far from it
        found = _pass(engine, assignments, plan, dict.fromkeys(used, 0.0) | far)
    return found


@dataclass(frozen=True, slots=True)
class _Plan:
    metrics: list[str]
    pairs: list[tuple[str, str]]
    lacking: set[str]


def _pass(engine: Engine, t: ir.Table, plan: _Plan, origin: Mapping[str, float]) -> pd.DataFrame:
    value = {c: t[c].cast("float64") - at if at else t[c].cast("float64") for c, at in origin.items()}
    of_one = {name: e for m in plan.metrics for name, e in _sums(value[m], m, m in plan.lacking).items()}
    of_two = {name: e for a, b in plan.pairs for name, e in _products(value, a, b, plan.lacking).items()}
    wanted = {"n_rows": t.count(), **of_one, **of_two}
    return _moved(_grouped(engine, t, wanted), plan, origin)


def _origin(found: pd.DataFrame, column: str, pairs: list[tuple[str, str]]) -> float:
    """Return where sums of a column have to be taken from, 0 where 0 is near enough for its spread."""
    at = next((f"{a}|{b}|other_" for a, b in pairs if b == column), f"{column}|")
    at = f"{column}|" if f"{column}|mean" in found else at
    mean, spread = found[f"{at}mean"].abs().max(), found[f"{at}variance"].max() ** 0.5
    return float(f"{found[f'{at}mean'].mean():.3g}") if mean > ORIGIN_SHIFT_THRESHOLD * spread else 0.0


def _grouped(engine: Engine, t: ir.Table, wanted: Mapping[str, ibis.Value]) -> pd.DataFrame:
    """Return aggregates by arm."""
    if not wanted:
        return pd.DataFrame(columns=ARM_KEYS)
    return engine.frame(t.group_by(*ARM_KEYS).aggregate(**wanted)).sort_values(ARM_KEYS, ignore_index=True)


def _arms(engine: Engine, t: ir.Table) -> pd.DataFrame:
    cluster = t["cluster_id"]
    has = engine.first_row(t.aggregate(clusters=cluster.count(), periods=t["period"].count()))
    is_early = t["first_exposed_at"] < t["assigned_at"]
    return _grouped(engine, t, {
        "n_units": t.count(), "n_clustered": cluster.count(),
        "n_clusters": cluster.nunique() if has["clusters"] else cluster.count(),
        "n_periods": t["period"].nunique() if has["periods"] else t["period"].count(),
        "n_early": is_early.fill_null(False).cast("int64").sum(),
        "n_planned": t["probability"].count(), "probability_low": t["probability"].min(),
        "probability_high": t["probability"].max(), "first_at": t["assigned_at"].min(),
        "last_at": t["assigned_at"].max(),
    })[[*ARM_KEYS, *_ARM]]


_ARM = ("n_units", "n_clustered", "n_clusters", "n_periods", "n_early", "n_planned", "probability_low",
        "probability_high", "first_at", "last_at")

_PAIRED = ("n", "mean", "variance", "other_mean", "other_variance", "covariance")
_PAIR = [*ARM_KEYS, "metric", "other", *_PAIRED]

_LACKING = [*ARM_KEYS, "covariate", "n_units", "n_missing"]


def _sums(value: ir.NumericColumn, name: str, is_lacking: bool) -> dict[str, ibis.Value]:
    n = {f"{name}|n": value.count()} if is_lacking else {}  # else every row has it
    return {**n, f"{name}|sum": value.sum(), f"{name}|squares": (value * value).sum()}


def _products(
    value: Mapping[str, ir.NumericColumn], a: str, b: str, lacking: set[str]
) -> dict[str, ibis.Value]:
    x, y, more = value[a], value[b], {}
    if {a, b} & lacking:  # over units that have both
        has = x.notnull() & y.notnull()
        x, y = (ibis.ifelse(has, v, ibis.null("float64")) for v in (x, y))
        more = {f"{a}|{b}|both": y.count(), f"{a}|{b}|own": x.sum(), f"{a}|{b}|own_squares": (x * x).sum()}
    return {f"{a}|{b}|sum": y.sum(), f"{a}|{b}|squares": (y * y).sum(), f"{a}|{b}|products": (x * y).sum(), **more}


def _moved(sums: pd.DataFrame, plan: _Plan, origin: Mapping[str, float]) -> pd.DataFrame:
    known = {c: sums[c].to_numpy("float64") for c in sums.columns if c not in ARM_KEYS}
    n_of = {m: known.get(f"{m}|n", known["n_rows"]) for m in plan.metrics}
    found: dict[str, Any] = {c: sums[c] for c in ARM_KEYS}
    with np.errstate(divide="ignore", invalid="ignore"):
        for m in plan.metrics:
            n, mean = n_of[m], known[f"{m}|sum"] / n_of[m]
            found |= {f"{m}|n": n.astype("int64"), f"{m}|mean": mean + origin[m],
                      f"{m}|variance": _spread(known[f"{m}|squares"], mean, n)}
        for a, b in plan.pairs:
            s = _together(known, a, b, n_of[a], sums["experiment"])
            n, mean, other, at = s["n"], s["own"] / s["n"], s["sum"] / s["n"], f"{a}|{b}"
            found |= {f"{at}|n": n.astype("int64"), f"{at}|mean": mean + origin[a],
                      f"{at}|variance": _spread(s["own_squares"], mean, n), f"{at}|other_mean": other + origin[b],
                      f"{at}|other_variance": _spread(s["squares"], other, n),
                      f"{at}|covariance": np.where(n > 1, (s["products"] - n * mean * other) / (n - 1), np.nan)}
    return pd.DataFrame(found)


def _together(
    known: Mapping[str, np.ndarray], a: str, b: str, n: np.ndarray, experiment: pd.Series
) -> dict[str, np.ndarray]:
    """Return the sums of two columns by arm: n, own, own_squares, sum, squares, products.

    A covariate that units lack stands at its mean over all arms of the experiment; a denominator that units lack takes
    them out.
    """
    names = ("sum", "squares", "products")
    s = {name: known[f"{a}|{b}|{name}"] for name in names}
    if f"{a}|{b}|both" not in known:
        return {"n": n, "own": known[f"{a}|sum"], "own_squares": known[f"{a}|squares"], **s}
    both, own, own_squares = (known[f"{a}|{b}|{name}"] for name in ("both", "own", "own_squares"))
    s = {name: np.where(both > 0, values, 0.0) for name, values in s.items()}
    own, own_squares = np.where(both > 0, own, 0.0), np.where(both > 0, own_squares, 0.0)
    if not b.startswith(COVARIATE_PREFIX):
        return {"n": both, "own": own, "own_squares": own_squares, **s}
    whole = {c: pd.Series(v).groupby(experiment.to_numpy()).transform("sum").to_numpy()
             for c, v in (("sum", s["sum"]), ("n", both))}
    middle, lacking = np.divide(whole["sum"], whole["n"], out=np.zeros_like(both), where=whole["n"] > 0), n - both
    total = np.where(n > 0, known[f"{a}|sum"], 0.0)
    return {"n": n, "own": total, "own_squares": known[f"{a}|squares"], "sum": s["sum"] + lacking * middle,
            "squares": s["squares"] + lacking * middle**2, "products": s["products"] + middle * (total - own)}


def _spread(squares: np.ndarray, mean: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Return the variance; what is below the rounding of its sum is none."""
    rest = squares - n * mean * mean
    return np.where(n > 1, np.where(rest > 1e-12 * squares, rest, 0.0) / (n - 1), np.nan)


def _pairs(sums: pd.DataFrame, pairs: list[tuple[str, str]]) -> pd.DataFrame:
    parts = [
        sums[ARM_KEYS].assign(
            metric=a.removeprefix(METRIC_PREFIX), other=b, **{c: sums[f"{a}|{b}|{c}"] for c in _PAIRED}
        )
        for a, b in pairs
    ]
    every = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=_PAIR)
    return every[every["n"] > 0].reset_index(drop=True)


def _lacking(arms: pd.DataFrame, extremes: pd.DataFrame, covariates: list[str]) -> pd.DataFrame:
    parts = [arms[[*ARM_KEYS, "n_units"]].assign(covariate=c, n_missing=arms["n_units"] - extremes[f"{c}|known"])
             for c in covariates]
    return pd.concat(parts, ignore_index=True)[_LACKING] if parts else pd.DataFrame(columns=_LACKING)


def _outcomes(
    arms: pd.DataFrame, sums: pd.DataFrame, extremes: pd.DataFrame, metrics: list[str], money: set[str]
) -> pd.DataFrame:
    order = [*ARM_KEYS, "metric", "n", "n_missing", "mean", "variance", "low", "high", "is_share", "is_money"]
    parts = []
    for m in metrics:
        part = arms[[*ARM_KEYS, "n_units"]].assign(
            metric=m.removeprefix(METRIC_PREFIX),
            low=extremes[f"{m}|min"],
            high=extremes[f"{m}|max"],
            is_money=m in money,
            **{c: sums[f"{m}|{c}"] for c in ("n", "mean", "variance")},
        )
        parts.append(part[part.groupby("experiment")["n"].transform("sum") > 0])
    if not parts:
        return pd.DataFrame(columns=order)
    every = pd.concat(parts, ignore_index=True)
    every["n_missing"] = every["n_units"] - every["n"]
    # within [0, 1] a variance reaches p (1 − p) only where every value is 0 or 1
    most = every["mean"] * (1 - every["mean"])
    is_most = (every["variance"] * (every["n"] - 1) / every["n"] - most).abs() <= 1e-9 * (most + 1e-9)
    binary = every["n"].eq(0) | (every["low"].ge(0) & every["high"].le(1)
                                 & (is_most | (every["n"].eq(1) & every["mean"].isin([0, 1]))))
    every["is_share"] = binary.groupby([every["experiment"], every["metric"]]).transform("all") & ~every["is_money"]
    every["variance"] = every["variance"].where(~every["is_share"], most)
    return every.sort_values(["experiment", "metric", "variant"], ignore_index=True)[order]
