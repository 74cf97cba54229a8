"""Counts and moments of every arm, aggregated in the engine: no unit comes into memory."""

from collections.abc import Iterable
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import pandas as pd

from helpers.foundation.engine import Engine

PREFIX = "metric_"


@dataclass(frozen=True, slots=True)
class Moments:
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
    >>> Moments.of_successes(14, 28)
    Moments(n=28, mean=0.5, variance=0.25)
    """

    n: int
    mean: float
    variance: float

    @classmethod
    def of_sums(cls, n: int, total: float, squares: float) -> "Moments":
        """Return the moments of ``n`` values from their sum and their sum of squares."""
        return cls(n, total / n, (squares - total * total / n) / (n - 1))

    @classmethod
    def of_successes(cls, successes: int, n: int) -> "Moments":
        """Return the moments of a share."""
        p = successes / n
        return cls(n, p, p * (1 - p))

    @property
    def error_squared(self) -> float:
        """Squared standard error of the mean."""
        return self.variance / self.n

    def without(self, value: float) -> "Moments":
        """Return the moments once one value is taken away."""
        n = self.n - 1
        squares = (self.n - 1) * self.variance - (value - self.mean) ** 2 * self.n / n
        return Moments(n, (self.n * self.mean - value) / n, max(squares, 0.0) / (n - 1))


@dataclass(frozen=True, slots=True)
class Counted:
    """What the engine counted.

    Parameters
    ----------
    arms : DataFrame
        One row per experiment and variant: ``n_units``, ``n_clustered`` units that carry a cluster, ``n_clusters``,
        ``probability_low`` and ``probability_high`` (of the planned share recorded with the units), ``n_planned``
        units that record one, ``first_at`` and ``last_at``.
    outcomes : DataFrame
        One row per experiment, variant and metric that has any value in the experiment: ``n``, ``n_missing``,
        ``mean``, ``variance``, ``low``, ``high``, ``is_share`` (only 0 and 1 occur), ``is_money``.
    unreadable : tuple of str
        Metrics that hold text and are left out.
    """

    arms: pd.DataFrame
    outcomes: pd.DataFrame
    unreadable: tuple[str, ...] = ()


def counted(engine: Engine, assignments: ir.Table) -> Counted:
    """Return counts and moments of every arm, by one pass of the engine.

    Parameters
    ----------
    engine : Engine
        The engine that counts.
    assignments : Table
        ``canonical/assignments``: experiment × unit, outcomes in the columns ``metric_…``.
    """
    schema = assignments.schema()
    named = [c for c in assignments.columns if c.startswith(PREFIX)]
    metrics = [c for c in named if schema[c].is_numeric() or schema[c].is_boolean()]
    money = {c.removeprefix(PREFIX) for c in metrics if schema[c].is_decimal()}
    wide = engine.frame(_aggregated(assignments, metrics)).sort_values(["experiment", "variant"], ignore_index=True)
    arms = wide[["experiment", "variant", *_ARM]]
    outcomes = _long(wide, [m.removeprefix(PREFIX) for m in metrics], money)
    return Counted(arms, outcomes, tuple(sorted(c.removeprefix(PREFIX) for c in set(named) - set(metrics))))


_ARM = ("n_units", "n_clustered", "n_clusters", "n_planned", "probability_low", "probability_high", "first_at",
        "last_at")
_OUTCOME = ("n", "mean", "variance", "low", "high", "between")


def _aggregated(t: ir.Table, metrics: Iterable[str]) -> ir.Table:
    per_arm = {
        "n_units": t.count(), "n_clustered": t["cluster_id"].count(), "n_clusters": t["cluster_id"].nunique(),
        "n_planned": t["probability"].count(), "probability_low": t["probability"].min(),
        "probability_high": t["probability"].max(), "first_at": t["assigned_at"].min(),
        "last_at": t["assigned_at"].max(),
    }
    for metric in metrics:
        per_arm |= _moments(t[metric].cast("float64"), metric.removeprefix(PREFIX))
    return t.group_by("experiment", "variant").aggregate(**per_arm)


def _moments(value: ir.NumericColumn, name: str) -> dict[str, ibis.Value]:
    return {
        f"{name}|n": value.count(), f"{name}|mean": value.mean(), f"{name}|variance": value.var(how="sample"),
        f"{name}|low": value.min(), f"{name}|high": value.max(),
        f"{name}|between": (value - value * value).sum(),
    }


def _long(wide: pd.DataFrame, metrics: Iterable[str], money: set[str]) -> pd.DataFrame:
    parts = []
    for metric in metrics:
        part = wide[["experiment", "variant", "n_units"]].assign(
            metric=metric, **{c: wide[f"{metric}|{c}"] for c in _OUTCOME})
        parts.append(part[part.groupby("experiment")["n"].transform("sum") > 0].assign(is_money=metric in money))
    order = ["experiment", "variant", "metric", "n", "n_missing", "mean", "variance", "low", "high", "is_share",
             "is_money"]
    if not parts:
        return pd.DataFrame(columns=order)
    every = pd.concat(parts, ignore_index=True)
    every["n_missing"] = every["n_units"] - every["n"]
    # Within [0, 1] no value is below its square, so their difference adds up to 0 only where all are 0 or 1.
    binary = every["n"].eq(0) | (every["low"].ge(0) & every["high"].le(1) & every["between"].eq(0))
    every["is_share"] = binary.groupby([every["experiment"], every["metric"]]).transform("all") & ~every["is_money"]
    every["variance"] = every["variance"].where(~every["is_share"], every["mean"] * (1 - every["mean"]))
    return every.sort_values(["experiment", "metric", "variant"], ignore_index=True)[order]
