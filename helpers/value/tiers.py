"""Customer tiers (pyramid): customers ranked by value, cut into tiers, the share of money each tier holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.engine import Engine
from helpers.foundation.money import MONEY
from helpers.foundation.results import Estimate, Status, estimate_table, no_estimate
from helpers.stats import confidence_intervals

MIN_PYRAMID_CUSTOMERS = 10

PositionBand = tuple[float, float]


def assign_tiers(customers: ir.Table, by: str, tiers: Mapping[str, float]) -> ir.Table:
    """Return customers with ``position`` (1 the top), ``tier`` and ``tier_rank``.

    Parameters
    ----------
    customers : ir.Table
        Grain customer, with ``customer_id`` and the column `by`.
    by : str
        Money that ranks them; equal money is ranked by customer id, and who has none on record has no tier.
    tiers : mapping of str to float
        Tiers from the top down and the share of customers in each; a cut that falls within a customer takes them in.
    """
    order = [ibis.desc(customers[by]), ibis.asc(customers.customer_id)]
    place = (ibis.row_number().over(ibis.window(order_by=order)) + 1).cast("int64")
    is_known = customers[by].notnull()
    ranked = customers.mutate(position=is_known.ifelse(place, None),
                              n_ranked=customers[by].count().over(ibis.window()))
    ends = list(accumulate(tiers.values()))[:-1]
    within = [ranked.position <= _end(ranked.n_ranked, end) for end in ends]
    names = list(tiers)
    if not within:
        tier, rank = ibis.literal(names[0]), ibis.literal(1)
    else:
        tier = ibis.cases(*zip(within, names[:-1], strict=True), else_=names[-1])
        rank = ibis.cases(*((w, i) for i, w in enumerate(within, 1)), else_=len(names))
    is_ranked = ranked.position.notnull()
    return ranked.mutate(tier=is_ranked.ifelse(tier, None), tier_rank=is_ranked.ifelse(rank.cast("int64"), None)).drop(
        "n_ranked")


@dataclass(frozen=True, slots=True)
class TierShares:
    """What the tiers hold.

    Parameters
    ----------
    by : str
        Money that ranks: ``expected_value``, ``margin`` or ``monthly_fee``.
    n_customers : int
        Customers ranked.
    total : float
        Their money [money].
    tiers : DataFrame
        Grain tier, top first: ``tier``, ``n_customers``, ``money``, ``net_sales``.
    shares : tuple of Estimate
        Share of the total that each tier holds, then that of the best customers together.
    curve : DataFrame
        ``percent_of_customers`` and ``share_held``, best customers first, in steps of one per cent.
    """

    by: str
    n_customers: int
    total: float
    tiers: pd.DataFrame
    shares: tuple[Estimate, ...]
    curve: pd.DataFrame

    @property
    def top_share(self) -> Estimate:
        """Share of the total that the best customers hold."""
        return self.shares[-1]

    def table(self) -> pd.DataFrame:
        """Return the pyramid as a long summary table."""
        counted = [Estimate(quantity, float(value), unit=unit, n=int(row.n_customers), segment=row.tier)
                   for row in self.tiers.itertuples()
                   for quantity, value, unit in (("customers", row.n_customers, "customers"),
                                                 (self.by, row.money, "money"),
                                                 ("net_sales", row.net_sales, "money"))
                   if not np.isnan(value)]
        held = (Estimate(self.by, self.total, unit="money", n=self.n_customers) if self.n_customers else
                no_estimate(self.by, Status.INSUFFICIENT, "no customers", unit="money"))
        return estimate_table([*counted, held, *self.shares])

    def reading(self) -> pd.DataFrame:
        """Return the tiers as a table for reading: customers, money, share held with its limits, mean a customer."""
        held = pd.DataFrame([{"share_held": e.value, "low": e.low, "high": e.high} for e in self.shares[:-1]],
                            columns=["share_held", "low", "high"])
        return self.tiers[["tier", "n_customers", "money"]].join(held).assign(
            mean=self.tiers["money"] / self.tiers["n_customers"])


def tier_shares(engine: Engine, customers: ir.Table, top_share: float = 0.2, by: str = "") -> TierShares:
    """Return what the tiers and the best customers hold of the money that ranks them.

    Parameters
    ----------
    engine : Engine
        Computes the sums.
    customers : ir.Table
        Ranked customers, as `historical_value.historical_customer_value` or
        `historical_value.assign_tiers_by_expected_value` gives them; customers without a position are left out.
    top_share : float
        Share of customers called the best.
    by : str
        The money that ranked them; by default ``margin``, else ``monthly_fee``.
    """
    ranked = customers.filter(customers.position.notnull())
    by = by or ("margin" if "margin" in ranked.columns else "monthly_fee")
    no_sales = ibis.null(MONEY)
    ranked = ranked if "net_sales" in ranked.columns else ranked.mutate(net_sales=no_sales)
    tiers = engine.arrow(ranked.group_by("tier_rank", "tier").aggregate(
        n_customers=ranked.count(), money=ranked[by].sum().cast("float64"),
        net_sales=ranked.net_sales.sum().cast("float64")).order_by("tier_rank"))
    tiers = tiers.to_pandas().astype({"net_sales": "float64"})
    n, total = int(tiers["n_customers"].sum()), float(tiers["money"].sum())
    ends = (tiers["n_customers"].cumsum() / max(n, 1)).tolist()
    bands: dict[str, PositionBand] = dict(
        zip(tiers["tier"], zip([0.0, *ends][: len(ends)], ends, strict=True), strict=True)
    )
    shares = shares_by_position(engine, ranked, by, {**bands, f"best {100 * top_share:g} %": (0.0, top_share)})
    return TierShares(by, n, total, tiers, shares, _curve(engine, ranked, by, total))


def shares_by_position(
    engine: Engine, ranked: ir.Table, by: str, bands: Mapping[str, PositionBand]
) -> tuple[Estimate, ...]:
    """Return the share of all money held by customers whose place from the top lies within each band.

    Parameters
    ----------
    engine : Engine
        Computes the sums.
    ranked : ir.Table
        Grain customer, with ``position``.
    by : str
        The column that ranked them.
    bands : mapping of str to pair of float
        Segment, and from which to which share of customers, the best first.

    Notes
    -----
    With h = (x − q₂)₊ − (x − q₁)₊ − S x, q₁ and q₂ the money at the upper and lower end of the band and S its
    share, the standard error is sd(h) / (x̄ √n): the ends are estimated too. Customers are seen as independent draws.
    A band with fewer than ten customers has no interval and no value.

    References
    ----------
    Beach & Davidson (1983), *Review of Economic Studies* 50, 723–735.
    """
    money, n_ranked = ranked[by].cast("float64"), ranked.count()
    first = {f"{what}_{i}": found for i, band in enumerate(bands.values())
             for what, found in _sums(ranked, money, band, n_ranked).items()}
    row = engine.first_row(ranked.aggregate(n=n_ranked, total=money.sum(), **first))
    n, total = row["n"], row["total"] or 0.0
    if n < 2 or total <= 0:
        reason = "no customers" if not n else "one customer only" if n == 1 else "nothing is held in total"
        return tuple(no_estimate("share_held", Status.INSUFFICIENT, reason, unit="share", n=n, segment=s)
                     for s in bands)
    held = {s: row[f"held_{i}"] / total for i, s in enumerate(bands)}
    excess = {s: _over(money, row[f"lower_{i}"] if bands[s][1] < 1 else None)
              - (_over(money, row[f"upper_{i}"]) if bands[s][0] > 0 else 0.0) - held[s] * money
              for i, s in enumerate(bands)}
    spread = engine.first_row(ranked.aggregate(
        **{f"sd_{i}": h.std(how="sample") for i, h in enumerate(excess.values())}))
    half = confidence_intervals.normal_quantile(0.95) * float(np.sqrt(n)) / total
    return tuple(_held(s, row[f"n_{i}"], held[s], half * spread[f"sd_{i}"]) for i, s in enumerate(bands))


def _sums(ranked: ir.Table, money: ir.FloatingValue, band: PositionBand, n: ir.IntegerScalar) -> dict[str, ir.Scalar]:
    all_ranked = ranked.position.max()
    above = ranked.position <= _end(all_ranked.as_scalar(), band[0])
    within = (ranked.position <= _end(all_ranked.as_scalar(), band[1])) & ~above
    return {"n": within.ifelse(1, 0).sum(), "held": within.ifelse(money, 0.0).sum(),
            "lower": within.ifelse(money, None).min(), "upper": above.ifelse(money, None).min()}


def _over(money: ir.FloatingValue, limit: float | None) -> ir.FloatingValue:
    return money if limit is None else (money > limit).ifelse(money - limit, 0.0)


def _held(segment: str, n: int, share: float, half: float) -> Estimate:
    if n < MIN_PYRAMID_CUSTOMERS:
        return no_estimate(
            "share_held",
            Status.INSUFFICIENT,
            f"fewer than {MIN_PYRAMID_CUSTOMERS} customers",
            unit="share",
            n=n,
            segment=segment,
        )
    return Estimate("share_held", share, share - half, share + half, unit="share", n=n, segment=segment)


def _end(n: ir.IntegerValue, share: float) -> ir.IntegerValue:
    """Return the last position within a share of n, a started customer counted whole."""
    return (n * share - 1e-6).ceil()


def _curve(engine: Engine, ranked: ir.Table, by: str, total: float) -> pd.DataFrame:
    if total <= 0:
        return pd.DataFrame(columns=["percent_of_customers", "share_held"])
    last = ranked.position.max().as_scalar()
    n = engine.first_row(ranked.aggregate(n=ranked.count()))["n"]
    n_steps = min(100, max(n // MIN_PYRAMID_CUSTOMERS, 1))
    steps = engine.arrow(ranked.group_by(step=(n_steps * ranked.position / last).ceil()).aggregate(
        held=ranked[by].sum().cast("float64")).order_by("step")).to_pandas()
    start = pd.DataFrame({"percent_of_customers": [0.0], "share_held": [0.0]})
    points = pd.DataFrame({"percent_of_customers": 100 * steps["step"] / n_steps,
                           "share_held": steps["held"].cumsum() / total})
    return pd.concat([start, points], ignore_index=True)
