"""Perceptual map: brand positioning by correspondence analysis of brand attributes."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.engine import Engine
from helpers.foundation.results import Estimate, Status, estimate_table, no_estimate
from helpers.stats import confidence_intervals, correspondence_analysis
from helpers.stats.confidence_intervals import Interval
from helpers.stats.correspondence_analysis import CorrespondenceMap
from helpers.stats.disclosure_control import estimate_if_enough, people_text

BRAND_ATTRIBUTE_ROLE, OWN_BRAND, VALUE_TAG = "brand_attribute", "us", "frame_value"

MIN_RESPONDENTS = 30

MAX_RESPONDENTS = 20_000

N_MAP_BOOTSTRAP = 300


@dataclass(frozen=True, slots=True, eq=False)
class PerceptualMap:
    """What customers say of us and others.

    Parameters
    ----------
    said : DataFrame
        Attribute × brand: share of those asked who say that it fits; `US` first.
    asked : DataFrame
        The same shape: how many were asked.
    map : CorrespondenceMap or None
        Attributes (rows) and brands (columns); None where there are not three of each.
    n : int
        Respondents.
    reason : str
        Why there is no map; empty where there is.
    values : dict of str to str
        Kind of value (``frame_value`` of the item) by attribute, of those that are tagged.
    targets : tuple of Estimate
        By tier, the top first: mean share of what was asked that fits us in the eyes of its customers.
    """

    said: pd.DataFrame
    asked: pd.DataFrame
    map: CorrespondenceMap | None
    n: int
    reason: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    targets: tuple[Estimate, ...] = ()

    def points(self) -> pd.DataFrame:
        """Return the points of the map: ``label``, ``kind`` (brand, attribute), ``x``, ``y``, ``xx``, ``xy``, ``yy``.

        The last three are the covariance over bootstrap samples.
        """
        columns = ["label", "kind", "x", "y", "xx", "xy", "yy"]
        if self.map is None:
            return pd.DataFrame(columns=columns)
        parts = [("brand", self.said.columns, self.map.columns, self.map.column_spread),
                 ("attribute", self.said.index, self.map.rows, self.map.row_spread)]
        return pd.DataFrame([(str(name), kind, *at, s[0, 0], s[0, 1], s[1, 1]) for kind, names, points, spreads in parts
                             for name, at, s in zip(names, points, spreads, strict=True)], columns=columns)

    def rivals(self) -> tuple[tuple[str, bool], ...]:
        """Return the other brands, the nearest to us on the map first, and whether each lies apart beyond noise."""
        if self.map is None or OWN_BRAND not in self.said.columns:
            return ()
        at, spread = self.map.columns, self.map.column_spread
        own = list(self.said.columns).index(OWN_BRAND)
        far = [(float(np.hypot(*(at[j] - at[own]))), str(name), correspondence_analysis.points_differ(
            at[own], at[j], (spread[own], spread[j]))) for j, name in enumerate(self.said.columns) if j != own]
        return tuple((name, is_apart) for _, name, is_apart in sorted(far))

    def strengths(self, rival: str = "") -> list[tuple[str, Estimate]]:
        """Return by how much more often each attribute is said of us than of the others together, the largest first.

        Parameters
        ----------
        rival : str
            One brand to be held against; empty: all others together.

        Notes
        -----
        Difference of two shares with the interval of Newcombe (1998), *Statistics in Medicine* 17, method 10; the same
        people are asked of several brands, so that it is on the wide side.
        """
        if OWN_BRAND not in self.said.columns or self.said.shape[1] < 2:
            return []
        found = []
        others = [rival] if rival else [c for c in self.said.columns if c != OWN_BRAND]
        quantity = f"said_of_us_less_{rival}" if rival else "said_of_us_less_others"
        for attribute in self.said.index:
            n = self.asked.loc[attribute, others]
            p = float((self.said.loc[attribute, others] * n).sum() / n.sum()) if n.sum() else float("nan")
            own = confidence_intervals.share_interval(
                float(self.said.loc[attribute, OWN_BRAND]), float(self.asked.loc[attribute, OWN_BRAND])
            )
            other = confidence_intervals.share_interval(p, float(n.sum()))
            gap = own.less(other)
            found.append((str(attribute), Estimate(quantity, gap.value, gap.low, gap.high, unit="share", n=int(
                self.asked.loc[attribute, OWN_BRAND]), segment=str(attribute))))
        return sorted(found, key=lambda pair: -pair[1].value)

    def against_nearest(self) -> tuple[Estimate, ...]:
        """Return by how much more often each attribute is said of us than of the brand nearest to us on the map."""
        return tuple(e for _, e in self.strengths(self.rivals()[0][0])) if self.rivals() else ()

    def by_value(self) -> tuple[Estimate, ...]:
        """Return by how much more often than of others each kind of value is said of us, attributes weighing alike."""
        kinds: dict[str, list[Estimate]] = {}
        for attribute, gap in self.strengths():
            if attribute in self.values:
                kinds.setdefault(self.values[attribute], []).append(gap)
        found = []
        for kind, gaps in kinds.items():
            mean, n = float(np.mean([g.value for g in gaps])), min(g.n for g in gaps)
            half = float(np.sqrt(sum(((g.high - g.low) / 2) ** 2 for g in gaps))) / len(gaps)
            found.append(Estimate("said_of_us_less_others", mean, mean - half, mean + half, unit="share", n=n,
                                  segment=f"value: {kind}"))
        return tuple(sorted(found, key=lambda e: -e.value))

    def table(self) -> pd.DataFrame:
        """Return ``results/positioning``: shares said, gaps to the others, who says so, coordinates of the map."""
        if self.said.empty:
            return no_estimate("said", Status.NOT_APPLICABLE if not self.n else Status.INSUFFICIENT, self.reason,
                                 unit="share", n=self.n).table()
        said = [
            estimate_if_enough(
                "said",
                confidence_intervals.share_interval(float(self.said.loc[a, b]), float(self.asked.loc[a, b])),
                int(self.asked.loc[a, b]),
                unit="share",
                segment=f"{b}: {a}",
            )
            for a in self.said.index
            for b in self.said.columns
        ]
        z = confidence_intervals.normal_quantile(0.95)
        points = [Estimate(f"axis_{k}", row[x], row[x] - z * np.sqrt(row[v]), row[x] + z * np.sqrt(row[v]),
                           unit="coordinate", n=self.n, segment=f"{row['kind']} {row['label']}")
                  for row in self.points().to_dict("records") for k, x, v in ((1, "x", "xx"), (2, "y", "yy"))]
        shares = [Estimate("inertia", float(s), unit="share", n=self.n, segment=f"axis {i}")
                  for i, s in enumerate(self.map.shares[:2], 1)] if self.map else []
        return estimate_table(
            [*said, *(e for _, e in self.strengths()), *self.against_nearest(), *self.by_value(), *self.targets,
             *points, *shares]
        )


def map_positioning(engine: Engine, responses: ir.Table, items: ir.Table, seed: int,
                people: ir.Table | None = None) -> PerceptualMap:
    """Return what customers say of us and of others.

    Parameters
    ----------
    engine : Engine
        Hands over the answers.
    responses, items : ir.Table
        Canonical tables; items of role ``brand_attribute``, ``construct`` names the attribute, ``subject`` the brand,
        empty for us. An answer in the upper half of its scale says that the attribute fits.
    seed : int
        Of the bootstrap samples.
    people : ir.Table, optional
        Grain response: ``response_id``, ``tier`` and ``tier_rank`` of who answered.
    """
    asked = items.filter(items.role == BRAND_ATTRIBUTE_ROLE)
    high, low = asked.scale_high, asked.scale_low
    named = asked.select("item", attribute=ibis.coalesce(asked.construct.nullif(""), asked.text, asked.item), low=low,
                         high=high, brand=ibis.coalesce(asked.subject.nullif(""), ibis.literal(OWN_BRAND)),
                         is_reversed=asked.is_reversed.fill_null(False))
    given = responses.filter(responses.score.notnull()).inner_join(named, "item")
    within = given.filter((given.score >= given.low) & (given.score <= given.high))
    part = (within.score - within.low) / (within.high - within.low)
    named_by = within.select(
        "response_id", "attribute", "brand", fits=(within.is_reversed.ifelse(1 - part, part) > 0.5).ifelse(1, 0))
    rows = engine.arrow(named_by.order_by("response_id", "brand", "attribute").limit(MAX_RESPONDENTS * 100)).to_pandas()
    if rows.empty:
        nothing = pd.DataFrame()
        return PerceptualMap(nothing, nothing, None, 0, "no questions on what fits which brand were answered")
    return replace(_of(rows, seed), values=_values(engine, asked), targets=_targets(engine, named_by, people))


def _values(engine: Engine, asked: ir.Table) -> dict[str, str]:
    if VALUE_TAG not in asked.columns:
        return {}
    tagged = asked.filter(asked[VALUE_TAG].nullif("").notnull()).select(
        attribute=ibis.coalesce(asked.construct.nullif(""), asked.text, asked.item), value=asked[VALUE_TAG]).distinct()
    return {row["attribute"]: row["value"] for row in engine.arrow(tagged.order_by("attribute", "value")).to_pylist()}


def _targets(engine: Engine, said: ir.Table, people: ir.Table | None) -> tuple[Estimate, ...]:
    """Return, by tier of those who answered, the mean share of what was asked that fits us."""
    if people is None:
        return ()
    each = said.filter(said.brand == OWN_BRAND).group_by("response_id").aggregate(fits=ibis._.fits.mean())
    by = each.inner_join(people.filter(people.tier.notnull()), "response_id").group_by("tier_rank", "tier")
    rows = engine.arrow(by.aggregate(n=ibis._.count(), mean=ibis._.fits.mean(), sd=ibis._.fits.std(how="sample"))
                        .order_by("tier_rank")).to_pylist()
    z = confidence_intervals.normal_quantile(0.95)
    half = [z * (r["sd"] or 0.0) / np.sqrt(r["n"]) for r in rows]
    return tuple(estimate_if_enough("fits_us", Interval(r["mean"], r["mean"] - h, r["mean"] + h), r["n"], unit="share",
                                 segment=f"tier {r['tier']}") for r, h in zip(rows, half, strict=True))


def _of(rows: pd.DataFrame, seed: int) -> PerceptualMap:
    brands = sorted(rows["brand"].unique(), key=lambda b: (b != OWN_BRAND, b))
    sums = rows.groupby(["attribute", "brand"])["fits"].agg(["mean", "size"])
    said, asked = (sums[c].unstack().reindex(columns=brands) for c in ("mean", "size"))
    n = rows["response_id"].nunique()
    asked = asked.fillna(0).astype("int64")
    if n < MIN_RESPONDENTS:
        return PerceptualMap(
            said, asked, None, n, f"{people_text(n)} people answered, {MIN_RESPONDENTS} are needed for a map"
        )
    people, place = np.unique(rows["response_id"].to_numpy(dtype=object), return_inverse=True)
    answers = np.zeros((len(people), *said.shape))
    np.add.at(answers, (place, said.index.get_indexer(rows["attribute"]), said.columns.get_indexer(rows["brand"])),
              rows["fits"])
    found = correspondence_analysis.bootstrap_map(answers[:MAX_RESPONDENTS], N_MAP_BOOTSTRAP, seed)
    reason = "" if found else "a map needs three brands and three attributes that somebody named"
    return PerceptualMap(said, asked, found, n, reason)
