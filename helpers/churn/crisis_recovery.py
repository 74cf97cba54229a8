"""Crisis recovery: whether customers hit by a burst of complaints came back, against customers not hit."""

from dataclasses import dataclass
from datetime import date, timedelta

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.customers import purchases
from helpers.customers.windows import TimeWindow
from helpers.foundation.engine import Engine
from helpers.foundation.results import Estimate, Status, estimate_table, no_estimate
from helpers.stats import confidence_intervals
from helpers.stats.confidence_intervals import Interval
from helpers.stats.disclosure_control import people_text

HIT, NOT_HIT = "complained in the crisis", "ordered in these weeks without a complaint"

MAX_WINDOW_DAYS, MIN_WINDOW_DAYS = 180, 56

GAP_DAYS = 28  # left out before the crisis: the orders complained of

MIN_GROUP = 30  # customers of each group

ORDER_COLUMNS = ["customer_id", "group", "early", "late", "after"]


@dataclass(frozen=True, slots=True)
class CrisisRecovery:
    """One crisis and what came after it.

    Parameters
    ----------
    began_on : date
        Monday of the first week.
    before, after : TimeWindow or None
        The days that are compared; None where too few have passed.
    estimates : tuple of Estimate
        ``share_back`` by group and ``difference_back``: who ordered after the crisis [share]; ``order_ratio`` of orders
        after to before by group, ``ratio_of_ratios`` and, of the second half before the crisis to its first,
        ``ratio_before`` of those hit to the others'.
    reason : str
        Why nothing can be said; empty where it can.
    """

    began_on: date
    before: TimeWindow | None = None
    after: TimeWindow | None = None
    estimates: tuple[Estimate, ...] = ()
    reason: str = ""

    def of(self, quantity: str, segment: str = "all") -> Estimate:
        """Return one estimate; without one the reason."""
        known = (e for e in self.estimates if (e.quantity, e.segment) == (quantity, segment))
        return next(known, no_estimate(quantity, Status.INSUFFICIENT, self.reason, segment=segment))

    @property
    def has_parallel_past(self) -> bool:
        """Whether both groups moved alike before the crisis, as far as the data show."""
        past = self.of("ratio_before")
        return past.status is Status.OK and past.low <= 1 <= past.high

    def table(self) -> pd.DataFrame:
        """Return the crisis as a long summary table, its first day in the segment."""
        rows = self.estimates or (self.of("ratio_of_ratios"),)
        table = estimate_table(rows)
        return table.assign(segment=f"{self.began_on}: " + table["segment"])


def crisis_recoveries(
    engine: Engine, transactions: ir.Table, cases: ir.Table, bursts: pd.DataFrame, as_of_on: date
) -> tuple[CrisisRecovery, ...]:
    """Return of each burst of complaints whether those hit ordered again as the others did.

    Parameters
    ----------
    engine : Engine
        Counts.
    transactions, cases : ir.Table
        Canonical tables.
    bursts : DataFrame
        ``began_on`` and ``last_on``, Mondays, as `monitoring.complaint_bursts` gives them.
    as_of_on : date
        Last day that is seen.

    Notes
    -----
    Hit is who complained in the weeks of the burst; the others ordered in them and did not complain, so that both were
    customers then. Groups that buy at different rates are compared by the ratio of orders after to before: the ratio of
    these ratios is 1 where both move alike (difference in differences of logarithms). Four weeks before the burst are
    left out. Standard errors are linearised over customers. Who complains has not been drawn: the comparison is no
    experiment, and the ratio before the crisis says only whether the groups moved apart already.

    References
    ----------
    Roth, Sant'Anna, Bilinski & Poe (2023), What's trending in difference-in-differences?, *Journal of Econometrics*
    235, 2218–2244.
    """
    return tuple(_recovery(engine, transactions, cases, TimeWindow(
        pd.Timestamp(b.began_on).date(), pd.Timestamp(b.last_on).date() + timedelta(6)), as_of_on)
                 for b in bursts.itertuples())


def crisis_recovery_table(crises: tuple[CrisisRecovery, ...]) -> pd.DataFrame:
    """Return ``results/crisis_recovery``: all crises as one long summary table."""
    return pd.concat([crisis.table() for crisis in crises], ignore_index=True) if crises else estimate_table([])


def _recovery(
    engine: Engine, transactions: ir.Table, cases: ir.Table, crisis: TimeWindow, as_of_on: date
) -> CrisisRecovery:
    days = min((as_of_on - crisis.last_on).days, MAX_WINDOW_DAYS)
    if days < MIN_WINDOW_DAYS:
        return CrisisRecovery(crisis.first_on, reason=f"fewer than {MIN_WINDOW_DAYS} days have passed since")
    last_before = crisis.first_on - timedelta(GAP_DAYS + 1)
    before = TimeWindow(last_before - timedelta(days - 1), last_before)
    after = TimeWindow(crisis.last_on + timedelta(1), crisis.last_on + timedelta(days))
    orders = _orders(engine, transactions, cases, crisis, before, after)
    found, reason = compare_recovery(orders)
    return CrisisRecovery(crisis.first_on, before, after, found, reason)


def _orders(engine: Engine, transactions: ir.Table, cases: ir.Table, crisis: TimeWindow, before: TimeWindow,
            after: TimeWindow) -> pd.DataFrame:
    """Return orders before, by half, and after, of customers known since before both: `ORDER_COLUMNS`."""
    bought = purchases.purchase_occasions(transactions, after.last_on)
    middle = before.first_on + timedelta(before.n_days // 2)
    by = bought.group_by("customer_id").aggregate(
        early=(before.holds(bought.on) & (bought.on < middle)).ifelse(1, 0).sum(),
        late=(before.holds(bought.on) & (bought.on >= middle)).ifelse(1, 0).sum(),
        after=after.holds(bought.on).ifelse(1, 0).sum(),
        has_ordered=crisis.holds(bought.on).ifelse(1, 0).max(), first_on=bought.on.min())
    complained = cases.filter(cases.kind == "complaint", crisis.holds(cases.opened_at.date())).select(
        "customer_id").distinct().mutate(is_hit=ibis.literal(True))
    known = by.filter(by.first_on <= before.first_on).left_join(complained, "customer_id")
    is_hit = known.is_hit.fill_null(False)
    rows = known.filter(is_hit | (known.has_ordered > 0)).select(
        "customer_id", "early", "late", "after", group=is_hit.ifelse(HIT, NOT_HIT))
    return engine.arrow(rows.order_by("customer_id")).to_pandas()[ORDER_COLUMNS]


def compare_recovery(orders: pd.DataFrame) -> tuple[tuple[Estimate, ...], str]:
    """Return the comparison of both groups, or why there is none.

    Parameters
    ----------
    orders : DataFrame
        Grain customer: `ORDER_COLUMNS`; ``early`` and ``late`` are the halves before the crisis [orders].
    """
    hit, others = (orders[orders["group"] == name] for name in (HIT, NOT_HIT))
    if min(len(hit), len(others)) < MIN_GROUP:
        return (), (f"{people_text(len(hit))} of those hit and {people_text(len(others))} others were customers long "
                    f"enough before, {MIN_GROUP} of each are needed")
    counts = ("early", "late", "after")
    if any(part[c].sum() == 0 for part in (hit, others) for c in counts):
        return (), "one group has no orders in one of the windows"
    found = []
    backs = [confidence_intervals.share_interval(float((part["after"] > 0).mean()), len(part))
             for part in (hit, others)]
    ratios = [_log_ratio(part["after"], part["early"] + part["late"]) for part in (hit, others)]
    for name, part, back, (ratio, error) in zip((HIT, NOT_HIT), (hit, others), backs, ratios, strict=True):
        found += [_estimate("share_back", back, len(part), "share", name),
                  _estimate("order_ratio", _exponentiated(ratio, error), len(part), "ratio", name)]
    past = [_log_ratio(part["late"], part["early"]) for part in (hit, others)]
    found.append(_estimate("difference_back", backs[0].less(backs[1]), len(orders), "share"))
    found += [_estimate(name, _exponentiated(a - b, float(np.hypot(s, t))), len(orders), "ratio")
              for name, ((a, s), (b, t)) in (("ratio_of_ratios", ratios), ("ratio_before", past))]
    return tuple(found), ""


def _estimate(quantity: str, i: Interval, n: int, unit: str, segment: str = "all") -> Estimate:
    return Estimate(quantity, float(i.value), float(i.low), float(i.high), unit=unit, n=n, segment=segment)


def _log_ratio(top: pd.Series, below: pd.Series) -> tuple[float, float]:
    """Return the logarithm of a ratio of sums over customers, and its linearised standard error."""
    a, b, n = top.to_numpy("float64"), below.to_numpy("float64"), len(top)
    each = a / a.sum() - b / b.sum()
    return float(np.log(a.sum() / b.sum())), float(np.sqrt(n / (n - 1) * (each**2).sum()))


def _exponentiated(value: float, error: float) -> Interval:
    half = confidence_intervals.normal_quantile(0.95) * error
    return Interval(*(float(np.exp(v)) for v in (value, value - half, value + half)))
