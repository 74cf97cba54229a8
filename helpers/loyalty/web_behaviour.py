"""Web behaviour: visit frequency and depth, days to purchase, delivery promises kept, repurchase by channel."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Literal

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep

from helpers.foundation.engine import Engine
from helpers.foundation.results import PERCENTAGE_POINTS, Estimate, Status, no_estimate, strike_all
from helpers.stats.confidence_intervals import Interval, normal_quantile, share_interval
from helpers.stats.disclosure_control import FEW_PEOPLE, LEAST_PEOPLE, estimate_if_enough, too_few
from helpers.stats.multiple_testing import may_be_lowest

VISIT_FREQUENCY, VISIT_DEPTH = "days with a visit, a month", "events on a day with a visit"

DAYS_TO_PURCHASE, PROMISES_KEPT = "days from first look to purchase", "promises kept"

RETURN_AFTER_BROKEN_PROMISE, RETURN_AFTER_KEPT_PROMISE = (
    "customers who came back after their first promised order, promise broken",
    "customers who came back after their first promised order, promise kept",
)

RETURN_BY_CHANNEL = "customers who bought again, by the channel of their first purchase"

CHANNEL_TEST = "test that customers of all channels buy again alike"

RETURN_DIFFERENCE = "coming back after a first promise broken less after one kept"

PROMISES_BY_QUARTER, PROMISES_TEST, LOWEST_MONTH = (
    "promises kept, by quarter of the day promised",
    "test that all quarters keep their promises alike",
    "promises kept, lowest of the months of the day promised",
)

UNEQUAL_QUARTERS = "it differs from quarter to quarter"

DAYS_PER_MONTH = 30.4375

MAX_DAYS_TO_PURCHASE = 60

ALIKE_LEVEL = 0.05  # of the p-value that shares are all alike


def visit_estimates(engine: Engine, events: ir.Table, occasions: ir.Table, kinds: Sequence[str],
           as_of_on: date) -> list[Estimate]:
    """Return visit frequency, depth, and the time from first look to purchase.

    Parameters
    ----------
    engine : Engine
        Counts.
    events : Table
        ``canonical/events``.
    occasions : Table
        From `helpers.customers.purchases.purchase_occasions`.
    kinds : sequence of str
        Kinds of event that are visits.
    as_of_on : date
        Last day that is seen.

    Returns
    -------
    list of Estimate
        A customer with any visit counts once; frequency from his first visit on; the time to choose is the median over
        purchases of the days since the first look after the purchase before, at most sixty days back, with the
        interval of order statistics.
    """
    seen = events.filter(events.kind.isin(list(kinds))).mutate(on=lambda t: t.occurred_at.date())
    seen = seen.filter(seen.on <= as_of_on)
    daily = seen.group_by("customer_id", "on").aggregate(n=seen.count())
    each = daily.group_by("customer_id").aggregate(n_days=daily.count(), n=daily.n.sum(), first_on=daily.on.min())
    age = (ibis.literal(as_of_on).delta(each.first_on, unit="day").cast("float64") + 1) / DAYS_PER_MONTH
    each = each.mutate(frequency=each.n_days / ibis.greatest(age, 1.0), depth=each.n / each.n_days)
    found = engine.first_row(each.aggregate(
        n=each.count(), f=each.frequency.mean(), fs=each.frequency.std(), d=each.depth.mean(), ds=each.depth.std()))
    n = int(found["n"])
    if not n:
        reason = "no visits are recorded"
        return [no_estimate(q, Status.NOT_APPLICABLE, reason, unit=u)
                for q, u in ((VISIT_FREQUENCY, "days"), (VISIT_DEPTH, "events"), (DAYS_TO_PURCHASE, "days"))]
    rows = [estimate_if_enough(q, _mean_with_interval(found[m], found[s], n), n, unit=u)
            for q, m, s, u in ((VISIT_FREQUENCY, "f", "fs", "days"), (VISIT_DEPTH, "d", "ds", "events"))]
    return [*rows, _days_to_purchase(engine, daily, occasions)]


def _mean_with_interval(value: Any, spread: Any, n: int) -> Interval:
    half = normal_quantile(0.95) * float(spread or 0.0) / np.sqrt(n)
    return Interval(float(value), float(value) - half, float(value) + half)


def _days_to_purchase(engine: Engine, daily: ir.Table, occasions: ir.Table) -> Estimate:
    bought = occasions.select("customer_id", "on")
    order = ibis.window(group_by="customer_id", order_by="on")
    bought = bought.mutate(before=bought.on.lag().over(order))
    looks = daily.select("customer_id", look_on=daily.on).inner_join(bought, "customer_id")
    gap = looks.on.delta(looks.look_on, unit="day").cast("int64")
    near = looks.filter(
        (gap >= 0) & (gap <= MAX_DAYS_TO_PURCHASE), looks.before.isnull() | (looks.look_on > looks.before)
    )
    waits = near.group_by("customer_id", "on").aggregate(first=near.look_on.min())
    waits = waits.mutate(days=waits.on.delta(waits.first, unit="day").cast("int64"))
    counts = engine.arrow(waits.group_by("days").aggregate(n=waits.count())).to_pandas().sort_values("days")
    n = int(counts["n"].sum())
    if n < LEAST_PEOPLE:
        return no_estimate(
            DAYS_TO_PURCHASE,
            Status.INSUFFICIENT,
            f"{n} purchases after a look, fewer than {LEAST_PEOPLE}",
            unit="days",
            n=n,
        )
    upto, half = counts["n"].cumsum().to_numpy(), normal_quantile(0.95) * np.sqrt(n) / 2
    at = np.searchsorted(upto, np.clip([n / 2, n / 2 - half, n / 2 + half], 1, n))
    middle, low, high = map(float, counts["days"].to_numpy()[at])
    return Estimate(DAYS_TO_PURCHASE, middle, low, high, "days", n)


def promise_estimates(engine: Engine, transactions: ir.Table, occasions: ir.Table, as_of_on: date,
             horizon_days: int) -> list[Estimate]:
    """Return the share of orders delivered by the day promised, and who came back after either.

    Parameters
    ----------
    engine : Engine
        Counts.
    transactions : Table
        ``canonical/transactions``.
    occasions : Table
        From `helpers.customers.purchases.purchase_occasions`.
    as_of_on : date
        Last day that is seen.
    horizon_days : int
        Days after delivery, or after the promise where it came later, in which a purchase counts as coming back.

    Returns
    -------
    list of Estimate
        Kept promises are counted by order, over all the time on record and by quarter; where quarters differ (Pearson's
        χ²) the overall share is struck, and the months with thirty or more that may be the lowest are told. An order
        due and not delivered is a broken promise. Coming back is counted by customer, after the first promised order
        whose horizon is complete; the difference has Agresti & Caffo's interval. It is an association: late orders
        differ from others in more than being late.
    """
    lines = transactions.filter(transactions.kind == "sale", transactions.promised_on.notnull(),
                                transactions.promised_on <= as_of_on)
    orders = lines.group_by("order_id", "customer_id").aggregate(
        ordered_on=lines.ordered_at.min().date(), promised_on=lines.promised_on.max(),
        delivered_on=lines.delivered_on.max(), is_open=lines.delivered_on.isnull().any())
    orders = orders.mutate(is_kept=~orders.is_open & (orders.delivered_on <= orders.promised_on))
    quarters = _promises_by(engine, orders, "Q")
    if quarters.empty:
        reason = "no days of delivery are promised"
        return [
            no_estimate(q, Status.NOT_APPLICABLE, reason, unit=u)
            for q, u in (
                (PROMISES_KEPT, "share"),
                (RETURN_AFTER_KEPT_PROMISE, "share"),
                (RETURN_AFTER_BROKEN_PROMISE, "share"),
                (RETURN_DIFFERENCE, PERCENTAGE_POINTS),
            )
        ]
    n, k = int(quarters["n"].sum()), int(quarters["k"].sum())
    kept = estimate_if_enough(PROMISES_KEPT, share_interval(k / n, n), n, unit="share")
    alike = alike_test(PROMISES_TEST, quarters)
    is_apart = alike.status is Status.OK and alike.value < ALIKE_LEVEL
    each = [estimate_if_enough(PROMISES_BY_QUARTER, share_interval(r["k"] / r["n"], int(r["n"])), int(r["n"]),
                               unit="share", segment=r["since"]) for r in quarters.to_dict("records")]
    lowest = _lowest_months(_promises_by(engine, orders, "M")) if is_apart else []
    return [*strike_all([kept], UNEQUAL_QUARTERS if is_apart else ""), alike, *each, *lowest,
            *_customers_returned(engine, orders, occasions, as_of_on, horizon_days)]


def _promises_by(engine: Engine, orders: ir.Table, unit: Literal["Q", "M"]) -> pd.DataFrame:
    """Return orders due and those that came by the day, by quarter or month of the day promised: ``since, n, k``."""
    counts = engine.arrow(orders.group_by(since=orders.promised_on.truncate(unit)).aggregate(
        n=orders.count(), k=orders.is_kept.fill_null(False).ifelse(1, 0).sum())).to_pandas().sort_values("since")
    names = pd.PeriodIndex(pd.to_datetime(counts["since"]), freq=unit).astype("str").str.replace("Q", "-Q")
    return counts.assign(since=names)[["since", "n", "k"]].reset_index(drop=True)


def _lowest_months(months: pd.DataFrame) -> list[Estimate]:
    """Return the months with thirty promises or more that may have kept the smallest share of them, lowest first."""
    known = months[months["n"] >= FEW_PEOPLE]
    if len(known) < 2:
        return []
    shares = [(r["k"] / r["n"], share_interval(r["k"] / r["n"], int(r["n"])), r) for r in known.to_dict("records")]
    near = may_be_lowest(*zip(*((value, i.low, i.high) for value, i, _ in shares), strict=True))
    found = sorted((value, r["since"], int(r["n"]))
                   for (value, _, r), is_near in zip(shares, near, strict=True) if is_near)
    return [Estimate(LOWEST_MONTH, value, unit="share", n=n, segment=month) for value, month, n in found]


def _customers_returned(engine: Engine, orders: ir.Table, occasions: ir.Table, as_of_on: date,
               horizon_days: int) -> list[Estimate]:
    settled = ibis.greatest(ibis.coalesce(orders.delivered_on, orders.promised_on), orders.promised_on)
    known = orders.mutate(settled_on=settled).filter(
        lambda t: t.customer_id.notnull() & (t.settled_on <= as_of_on - timedelta(horizon_days)))
    rank = ibis.row_number().over(ibis.window(group_by="customer_id", order_by=[known.ordered_on, known.order_id]))
    first = known.mutate(rank=rank).filter(lambda t: t["rank"] == 0).select("customer_id", "settled_on", "is_kept")
    bought = occasions.select("customer_id", "on").inner_join(first, "customer_id")
    lag = bought.on.delta(bought.settled_on, unit="day").cast("int64")
    came = bought.filter((lag > 0) & (lag <= horizon_days)).select("customer_id").distinct()
    table = first.left_join(came.mutate(came=1), "customer_id")
    counted = engine.arrow(table.group_by("is_kept").aggregate(n=table.count(), k=table.came.sum())).to_pandas()
    counts = {bool(r["is_kept"]): (int(r["n"]), int(r["k"] or 0) if r["k"] == r["k"] else 0)
              for r in counted.to_dict("records")}
    (n, k), (m, j) = counts.get(True, (0, 0)), counts.get(False, (0, 0))
    rows = [_within(estimate_if_enough(q, share_interval(b / a if a else np.nan, a), a, unit="share"), horizon_days)
            for q, a, b in ((RETURN_AFTER_KEPT_PROMISE, n, k), (RETURN_AFTER_BROKEN_PROMISE, m, j))]
    if min(n, m) < LEAST_PEOPLE:
        return [*rows, no_estimate(RETURN_DIFFERENCE, Status.INSUFFICIENT, f"after one of the two {too_few(min(n, m))}",
                                   unit=PERCENTAGE_POINTS, n=min(n, m))]
    gap = share_difference_interval(n, k, m, j).times(100)
    found = Estimate(RETURN_DIFFERENCE, gap.value, gap.low, gap.high, PERCENTAGE_POINTS, n + m)
    return [*rows, _within(found, horizon_days)]


def _within(found: Estimate, horizon_days: int) -> Estimate:
    """Return an estimate that says within how many days a purchase counts."""
    return replace(found, reason=f"within {horizon_days} days") if found.status is Status.OK else found


def channel_estimates(
    engine: Engine, transactions: ir.Table, occasions: ir.Table, as_of_on: date, horizon_days: int
) -> list[Estimate]:
    """Return the share of customers who bought again within the horizon, by the channel of their first purchase.

    Parameters
    ----------
    engine : Engine
        Counts.
    transactions : Table
        ``canonical/transactions``.
    occasions : Table
        From `helpers.customers.purchases.purchase_occasions`: who sent everything back has not bought.
    as_of_on : date
        Last day that is seen; customers whose horizon is not over are left out.
    horizon_days : int
        Days after the first purchase in which another counts.

    Returns
    -------
    list of Estimate
        Empty with fewer than two channels; of a first day with several channels the first by name counts. With them
        stands the p-value of Pearson's χ² that all channels are alike.
    """
    sold = transactions.filter(transactions.kind == "sale", transactions.customer_id.notnull())
    channels = sold.group_by("customer_id", on=sold.ordered_at.date()).aggregate(channel=sold.channel.min())
    days = occasions.select("customer_id", "on").inner_join(channels, ["customer_id", "on"])
    order = ibis.window(group_by="customer_id", order_by="on")
    each = days.mutate(rank=ibis.row_number().over(order), following=days.on.lead().over(order))
    lag = each.following.delta(each.on, unit="day")
    first = each.mutate(came=(lag <= horizon_days).fill_null(False)).filter(
        each["rank"] == 0, each.channel.notnull(), each.on <= as_of_on - timedelta(horizon_days))
    table = engine.arrow(first.group_by("channel").aggregate(n=first.count(), k=first.came.sum())).to_pandas()
    if len(table) < 2:
        return []
    rows = table.sort_values("channel").to_dict("records")
    return [_within(alike_test(CHANNEL_TEST, table), horizon_days), *(
        _within(estimate_if_enough(RETURN_BY_CHANNEL, share_interval(r["k"] / r["n"], int(r["n"])), int(r["n"]),
                                   unit="share", segment=r["channel"]), horizon_days) for r in rows)]


def alike_test(quantity: str, table: pd.DataFrame) -> Estimate:
    """Return the p-value that the shares ``k`` of ``n`` are all alike, of rows with ten or more (Pearson's χ²)."""
    known = table[table["n"] >= LEAST_PEOPLE]
    counts = np.column_stack([known["k"], known["n"] - known["k"]]).astype(float)
    n = int(known["n"].sum())
    if len(known) < 2 or not counts.sum(axis=0).all():
        return no_estimate(quantity, Status.INSUFFICIENT, "all did the same", unit="p", n=n)
    return Estimate(quantity, float(stats.chi2_contingency(counts, correction=False).pvalue), unit="p", n=n)


def share_difference_interval(n: int, k: int, m: int, j: int) -> Interval:
    """Return the share j of m less the share k of n, with Agresti & Caffo's interval.

    References
    ----------
    Agresti & Caffo (2000), *American Statistician* 54, 280–288: one success and one failure added to each sample.

    Examples
    --------
    >>> share_difference_interval(100, 50, 100, 50).value
    0.0
    """
    limits = confint_proportions_2indep(j, m, k, n, method="agresti-caffo", compare="diff")
    return Interval(j / m - k / n, *map(float, limits))
