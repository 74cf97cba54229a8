"""Customer segmentation on four bases, and how much of future value each base explains."""

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.customers import kmeans_segments
from helpers.customers.customer_kinds import CUSTOMER_KINDS
from helpers.customers.kmeans_segments import SEGMENT_BASES, Segmentation
from helpers.foundation.engine import Engine
from helpers.foundation.results import Estimate, Status, estimate_table, no_estimate
from helpers.stats import confidence_intervals, disclosure_control

BEHAVIOURAL_BASE = SEGMENT_BASES[0]

ATTITUDE_FEATURES = ("satisfaction", "attitude", "recommend")

COST_TO_SERVE_FEATURES = ("n_contacts", "n_cases", "reward_cost")


@dataclass(frozen=True, slots=True, eq=False)
class CustomerSegments:
    """Segments on the four bases.

    Parameters
    ----------
    found : tuple of Segmentation
        One a base.
    assigned : ir.Table
        Grain customer: ``customer_id`` and a column a base, kept in the engine.
    worth : DataFrame
        Grain base × segment: ``base``, ``segment``, ``n_customers``, ``value`` (mean), ``sd`` [money].
    """

    found: tuple[Segmentation, ...]
    assigned: ir.Table
    worth: pd.DataFrame

    @property
    def bases(self) -> tuple[str, ...]:
        """The bases, the behavioural one first."""
        return tuple(s.base for s in self.found)

    def on(self, base: str) -> Segmentation:
        """Return the segments on one base."""
        return next(s for s in self.found if s.base == base)

    def told(self, base: str) -> Estimate:
        """Return the share of the variance of what customers bring that a base's segments tell, with its interval.

        Notes
        -----
        η² with the interval of the correlation ratio as of a multiple correlation, by Fisher's z of its root.
        """
        part = self.worth[self.worth["base"] == base]
        n, total = int(part["n_customers"].sum()), float((part["n_customers"] * part["value"]).sum())
        if len(part) < 2 or n < kmeans_segments.MIN_CUSTOMERS_TO_SEGMENT:
            reason = self.on(base).reason or "customer value is not known"
            return no_estimate("variance_told", Status.INSUFFICIENT, reason, unit="share", n=n, segment=base)
        between = float((part["n_customers"] * (part["value"] - total / n) ** 2).sum())
        within = float(((part["n_customers"] - 1) * part["sd"].fillna(0) ** 2).sum())
        eta = between / (between + within) if between + within > 0 else float("nan")
        if not np.isfinite(eta) or not 0 < eta < 1:
            return no_estimate("variance_told", Status.INSUFFICIENT, "customer value does not vary",
                                 unit="share", n=n, segment=base)
        root = confidence_intervals.pearson_interval(float(np.sqrt(eta)), n)
        return Estimate("variance_told", eta, max(root.low, 0.0) ** 2, root.high**2, unit="share", n=n, segment=base)

    def reading(self, base: str) -> pd.DataFrame:
        """Return a base's segments as a table for reading: customers, share, mean value, stability."""
        part = self.worth[self.worth["base"] == base].sort_values("segment", ignore_index=True)
        if part.empty:
            return pd.DataFrame()
        by_name = dict(zip(self.on(base).names, self.on(base).jaccard.tolist(), strict=True))
        return pd.DataFrame({
            "segment": part["segment"], "n_customers": part["n_customers"],
            "share": part["n_customers"] / part["n_customers"].sum(), "mean_value": part["value"],
            "stability": part["segment"].map(by_name)})

    def table(self) -> pd.DataFrame:
        """Return ``results/segment_summary``: size, value and stability by base and segment, what each base tells."""
        rows = []
        for s in self.found:
            if s.reason:
                rows.append(no_estimate("stability", Status.INSUFFICIENT, s.reason, unit="adjusted Rand index",
                                          segment=s.base))
                continue
            n = int(s.sizes.sum())
            rows.append(Estimate("stability", s.rand, unit="adjusted Rand index", n=n, segment=s.base))
            rows += [Estimate("stability_of_segment", float(j), unit="Jaccard", n=n, segment=f"{s.base}: {name}")
                     for name, j in zip(s.names, s.jaccard, strict=True)]
        for r in self.worth.to_dict("records"):
            segment, n = f"{r['base']}: {r['segment']}", int(r["n_customers"])
            rows.append(Estimate("customers", float(n), unit="customers", n=n, segment=segment))
            half = confidence_intervals.normal_quantile(0.95) * (r["sd"] or 0.0) / np.sqrt(n)
            found = confidence_intervals.Interval(r["value"], r["value"] - half, r["value"] + half)
            if np.isfinite(r["value"]):
                rows.append(
                    disclosure_control.estimate_if_enough("mean_value", found, n, unit="money", segment=segment)
                )
        return estimate_table([*rows, *(self.told(base) for base in SEGMENT_BASES)])


def margin_by_kind(engine: Engine, customers: ir.Table, people: ir.Table) -> list[Estimate]:
    """Return the mean margin to date by kind of customer; nothing without margin, or where all are of one kind.

    Parameters
    ----------
    engine : Engine
        Aggregates.
    customers : ir.Table
        ``customer_id, margin``, one row a customer.
    people : ir.Table
        ``canonical/customers``.
    """
    kinds = people.filter(people.kind.notnull()).select("customer_id", "kind")
    rows = customers.filter(customers.margin.notnull()).inner_join(kinds, "customer_id")
    found = engine.arrow(rows.group_by("kind").aggregate(
        n=rows.count(), mean=rows.margin.cast("float64").mean(), sd=rows.margin.cast("float64").std()
    ).order_by("kind")).to_pandas()
    half = confidence_intervals.normal_quantile(0.95) * found["sd"].fillna(0.0) / np.sqrt(found["n"])
    return [
        disclosure_control.estimate_if_enough(
            "margin to date a customer", confidence_intervals.Interval(r.mean, r.mean - h, r.mean + h), int(r.n),
            unit="money", segment=CUSTOMER_KINDS[r.kind].label)
        for r, h in zip(found.itertuples(), half, strict=True) if len(found) > 1
    ]


def segment_customers(
    engine: Engine, profile: ir.Table, customers: ir.Table, served: ir.Table, seed: int
) -> CustomerSegments:
    """Return customers' segments on the four bases.

    Parameters
    ----------
    engine : Engine
        Keeps the assignment.
    profile : ir.Table
        As `profile.profile` gives it.
    customers : ir.Table
        ``canonical/customers``: ``demographic_…``, ``psychographic_…``, ``acquired_channel``.
    served : ir.Table
        As `customer_profitability.cost_to_serve` gives it.
    seed : int
        Of starts and bootstrap samples.

    Notes
    -----
    Behavioural: logs of days since the last purchase, of occasions, of mean spend. Psychographic: the columns of that
    name, else the latest answers of a survey. Relationship: time as a customer, channel, referrals, contacts, cases,
    rewards.
    """
    named = [c for c in customers.columns if c.startswith(("demographic_", "psychographic_"))]
    known = customers.select("customer_id", "acquired_channel", *named)
    whole = profile.left_join(known, "customer_id").drop("customer_id_right").left_join(
        served.select("customer_id", *COST_TO_SERVE_FEATURES), "customer_id").drop("customer_id_right")
    whole = engine.kept(whole.mutate(worth=ibis.coalesce(whole.expected_value, whole.margin)))
    given = {base: _features(engine, whole, base, named) for base in SEGMENT_BASES}
    columns = {(base, name): f"{base}{i}" for base in SEGMENT_BASES for i, name in enumerate(given[base])}
    known = engine.kept(whole.select("customer_id", "worth", **{c: given[base][name].cast("float64")
                                                                for (base, name), c in columns.items()}))
    features = {base: {name: known[columns[base, name]] for name in given[base]} for base in SEGMENT_BASES}
    found = tuple(
        kmeans_segments.kmeans_segmentation(engine, known, base, features[base], seed) for base in SEGMENT_BASES
    )
    assigned = known
    for s in found:
        assigned = s.assigned(assigned, features[s.base])
    assigned = engine.kept(assigned.select("customer_id", "worth", *SEGMENT_BASES))
    worth = [_worth(engine, assigned, s.base) for s in found if not s.reason]
    columns = ["base", "segment", "n_customers", "value", "sd"]
    return CustomerSegments(found, assigned.drop("worth"),
                    pd.concat(worth, ignore_index=True)[columns] if worth else pd.DataFrame(columns=columns))


def _features(engine: Engine, whole: ir.Table, base: str, named: list[str]) -> dict[str, ir.Value]:
    own = [c for c in named if c.startswith(f"{base}_")]
    if base == BEHAVIOURAL_BASE:
        return _recorded(engine, whole, {
            "days since purchase": (whole.recency_days + 1).cast("float64").ln(),
            "occasions": whole.n_occasions.nullif(0).cast("float64").ln(),
            "spend an occasion": (whole.mean_spend > 0).ifelse(whole.mean_spend, None).ln()})
    if base == "relationship":
        plain = {"time as a customer": whole.age_days.cast("float64"),
                 "contacts": whole.n_contacts, "cases": whole.n_cases, "rewards": (whole.reward_cost + 1).ln(),
                 "referrals": whole.n_brought.fill_null(0).cast("float64")}
        return _recorded(engine, whole, plain) | kmeans_segments.numeric_features(whole, engine, ["acquired_channel"])
    if base == "psychographic" and not own:
        return _recorded(engine, whole, {name: whole[name] for name in ATTITUDE_FEATURES})
    return kmeans_segments.numeric_features(whole, engine, own)


def _recorded(engine: Engine, whole: ir.Table, features: dict[str, ir.Value]) -> dict[str, ir.Value]:
    """Return the features that are recorded of anybody."""
    counts = engine.first_row(whole.aggregate(**{f"n{i}": c.count() for i, c in enumerate(features.values())}))
    return {name: c for i, (name, c) in enumerate(features.items()) if counts[f"n{i}"]}


def _worth(engine: Engine, assigned: ir.Table, base: str) -> pd.DataFrame:
    part = assigned.filter(assigned[base].notnull())
    rows = engine.arrow(part.group_by(segment=part[base]).aggregate(
        n_customers=part.count(), value=part.worth.mean(), sd=part.worth.std(how="sample")).order_by("segment"))
    return rows.to_pandas().assign(base=base)
