"""Four indices of a customer, each from 0 to 100: satisfaction, loyalty, contribution, word of mouth."""

from dataclasses import dataclass
from itertools import combinations

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.engine import Engine
from helpers.foundation.estimates import Estimate, Status, summary
from helpers.methods import disclosure_control, intervals
from helpers.methods.intervals import Interval

INDICES = {"satisfaction": "satisfaction", "loyalty": "loyalty", "contribution": "contribution",
           "recommend": "word of mouth"}
BY = ("tier", "stage")
FEWEST = disclosure_control.LEAST_PEOPLE


@dataclass(frozen=True, slots=True, eq=False)
class Indices:
    """The indices by tier and stage, and how they go together.

    Parameters
    ----------
    estimates : tuple of Estimate
        Mean of each index for everybody, by tier and by stage.
    correlations : tuple of Estimate
        Pearson's correlation of every two indices over the customers who have both.
    order : tuple of str
        Segments in order.
    """

    estimates: tuple[Estimate, ...]
    correlations: tuple[Estimate, ...]
    order: tuple[str, ...]

    def table(self) -> pd.DataFrame:
        """Return ``results/value_indices``."""
        return summary([*self.estimates, *self.correlations])

    def of(self, index: str, segment: str = "all") -> Estimate | None:
        """Return one index of a segment; None where it is not known of anybody."""
        return next((e for e in self.estimates if (e.quantity, e.segment) == (index, segment)), None)

    def matrix(self) -> pd.DataFrame:
        """Return indices × segments for the figure, those without a value left empty."""
        rows = [{"index": e.quantity, "segment": e.segment, "value": e.value} for e in self.estimates]
        if not rows:
            return pd.DataFrame()
        wide = pd.DataFrame(rows).pivot(index="segment", columns="index", values="value")
        columns = [name for name in INDICES.values() if name in wide.columns and wide[name].notna().any()]
        return wide.reindex(index=[s for s in self.order if s in wide.index])[columns].rename_axis(
            index="", columns="index")


def indices(engine: Engine, profile: ir.Table) -> Indices:
    """Return the four indices.

    Parameters
    ----------
    engine : Engine
        Computes the sums.
    profile : ir.Table
        As `profile.profile` gives it.

    Notes
    -----
    Satisfaction and word of mouth are the latest answers, the latter to the question on recommendation; loyalty is what
    03 gives. Contribution is the middle rank of the expected margin, else of the margin to date, among all customers:
    50 is the middle, equal customers share their rank. Means have Student's interval; under ten people have none.
    """
    brought = ibis.coalesce(profile.expected_value, profile.margin)
    worth = brought.fill_null(0.0)
    n_below, n_all = ibis.rank().over(order_by=worth), profile.count().over(ibis.window())
    ties = worth.count().over(ibis.window(group_by=worth))
    is_recorded = brought.count().over(ibis.window()) > 0  # where nobody's worth is, nobody is in the middle
    known = engine.kept(profile.mutate(contribution=is_recorded.ifelse(100 * (n_below + ties / 2) / n_all, None)))
    everybody = _means(engine, known, ibis.literal("all"), "all", ibis.literal(0))
    by = [_means(engine, known.filter(known[name].notnull()), known[name], name,
                 known.tier_rank if name == "tier" else ibis.literal(0)) for name in BY]
    estimates = [e for part in (everybody, *by) for e in part]
    order = tuple(dict.fromkeys(e.segment for e in estimates))
    return Indices(tuple(estimates), _correlations(engine, known), order)


def _means(engine: Engine, known: ir.Table, segment: ir.Value, by: str, rank: ir.Value) -> list[Estimate]:
    from helpers.value.stages import STAGES

    sums = {}
    for column in INDICES:
        sums |= {f"n_{column}": known[column].count(), f"mean_{column}": known[column].mean(),
                 f"sd_{column}": known[column].std(how="sample")}
    rows = engine.arrow(known.mutate(segment=segment, place=rank).group_by("segment").aggregate(
        place=ibis._.place.min(), **sums)).to_pylist()
    stage = {s: i for i, s in enumerate(STAGES)}
    rows.sort(key=lambda r: (r["place"] or 0, stage.get(r["segment"], 0), r["segment"]))
    found = []
    for row in rows:
        name = row["segment"] if by == "all" else f"{by} {row['segment']}"
        found += [_mean(index, row[f"mean_{c}"], row[f"sd_{c}"], row[f"n_{c}"], name) for c, index in INDICES.items()
                  if row[f"n_{c}"]]
    return found


def _mean(index: str, mean: float, sd: float | None, n: int, segment: str) -> Estimate:
    from scipy import stats

    half = float(stats.t.ppf(0.975, n - 1) * (sd or 0.0) / np.sqrt(n)) if n > 1 else np.nan
    low, high = max(mean - half, 0.0), min(mean + half, 100.0)
    return disclosure_control.published(index, Interval(mean, low, high), n, unit="0 to 100", segment=segment)


def _correlations(engine: Engine, known: ir.Table) -> tuple[Estimate, ...]:
    found = []
    for one, other in combinations(INDICES, 2):
        both = known.filter(known[one].notnull(), known[other].notnull())
        row = engine.first_row(both.aggregate(n=both.count(), r=both[one].corr(both[other], how="pop")))
        r = float(row["r"]) if row["r"] is not None else float("nan")
        if row["n"] >= FEWEST and np.isfinite(r):
            i = intervals.correlation(r, row["n"])
            found.append(Estimate("correlation", i.value, i.low, i.high, unit="correlation", n=row["n"],
                                  segment=f"{INDICES[one]} with {INDICES[other]}", status=Status.OK))
    return tuple(found)
