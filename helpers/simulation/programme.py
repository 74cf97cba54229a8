"""Simulated points programme: who enrols when and buys more, lots that are redeemed or expire, tiers by sales."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from helpers.simulation import arrow_columns
from helpers.simulation.customer_traits import KINDS, CustomerBlock
from helpers.simulation.order_lines import Orders, order_ids, orders_at
from helpers.simulation.planted_truth import DAY, END, World, day_offset

TIERS = ("basic", "silver", "gold")

REVIEWS = ("2024-01-01", "2024-07-01", "2025-01-01", "2025-07-01")


@dataclass(frozen=True, slots=True)
class PointLots:
    """Lots of points of one block, in order of member and time; every array has one entry a lot.

    Parameters
    ----------
    order, user : ndarray of int
        Position of the order that issued the lot, and of the one that used it; −1 where none did.
    points, issued, left : ndarray
        Points; seconds of issue; seconds at which the lot went, before or after the end of the history.
    is_redeemed : ndarray of bool
        Whether it is redeemed in the end; otherwise it expires.
    """

    order: np.ndarray
    user: np.ndarray
    points: np.ndarray
    issued: np.ndarray
    left: np.ndarray
    is_redeemed: np.ndarray


def simulate_enrolment(world: World, rng: np.random.Generator, block: CustomerBlock, made: Orders) -> np.ndarray:
    """Return when each customer enrols [seconds]; the end of the history for those who never do.

    Most members enrol on joining. The others are asked with every order after their first, from a day on, and enrol
    with one of them: before that they are customers like any other, and who buys often enrols soon.
    """
    given = world.programme
    first_day = block.joined.astype("int64")
    is_keen = block.character.kind == KINDS.index("incentive")
    is_later = block.is_member & ~is_keen & (rng.random(len(block)) < given.share_later)
    enrolled = np.where(block.is_member & ~is_later, first_day * DAY, END)
    is_asked = (made.who >= 0) & is_later[made.who] & (made.at >= day_offset(given.asked_from) * DAY)
    is_asked &= made.at // DAY > first_day[made.who]
    agreed = np.flatnonzero(is_asked & (rng.random(len(made.who)) < given.enrols))
    np.minimum.at(enrolled, made.who[agreed], made.at[agreed])
    return enrolled


def orders_by_enrolment(
    world: World, rng: np.random.Generator, block: CustomerBlock, made: Orders, enrolled: np.ndarray
) -> Orders:
    """Return the orders that enrolment by an order brings, numbered after the others: while the customer is active."""
    given = world.programme
    stops = np.minimum(DAY * (block.joined + 7 * block.active_weeks), enrolled + given.lift_days * DAY)
    is_later = enrolled > block.joined.astype("int64") * DAY
    lasts = np.maximum(stops - enrolled, 0) * is_later  # [seconds]
    who = np.repeat(np.arange(len(block)), rng.poisson(given.lift * block.weekly_orders * lasts / (7 * DAY)))
    at = np.minimum(enrolled[who] + 1 + (lasts[who] * rng.random(len(who))).astype("int64"), END - 1)
    by_time = np.lexsort((who, at))
    return orders_at(world, rng, block, who[by_time], at[by_time], len(made.who))


def enrolment_truth(block: CustomerBlock, more: Orders) -> pd.DataFrame:
    """Return the orders that would not have been made without enrolment."""
    return pd.DataFrame({
        "order_id": order_ids(block, more, np.arange(len(more.who))).to_pandas(),
        "customer_id": arrow_columns.customer_ids(block.first + more.who).to_pandas(),
        "ordered_at": arrow_columns.time_column(more.at).to_pandas(),
    })


def simulate_lots(
    world: World, rng: np.random.Generator, block: CustomerBlock, made: Orders, enrolled: np.ndarray
) -> PointLots:
    """Return the lots of one block: an order's worth in points from enrolment on, each with a fate of its own."""
    given = world.programme
    order = np.flatnonzero((made.who >= 0) & (made.at >= enrolled[made.who]) & (made.value >= 1))
    order = order[np.lexsort((made.at[order], made.who[order]))]
    who, issued, n = made.who[order], made.at[order], len(order)
    is_keen = block.character.kind[who] == KINDS.index("incentive")
    is_redeemed = rng.random(n) < np.where(is_keen, given.redeemed_incentive, given.redeemed)
    at_order = rng.random(n) < np.where(is_keen, given.at_order_incentive, given.at_order)
    following = _next_orders(rng, block, who, issued)
    expires = issued + given.life_days * DAY
    by_order = at_order & (following < expires)
    delay = np.maximum((given.life_days * DAY * rng.beta(*given.delay, n)).astype("int64"), 1)
    left = np.where(is_redeemed, np.where(by_order, following, issued + delay), expires)
    user = np.where(is_redeemed & by_order & (following < END), np.append(order, -1)[1:], -1)
    return PointLots(order, user, np.floor(made.value[order]), issued, left, is_redeemed)


def points_rows(world: World, block: CustomerBlock, made: Orders, found: PointLots) -> pa.Table:
    """Return ``canonical/points``, one row an entry; what was earned before the ledger opened is opening balance."""
    opened = day_offset(world.programme.opened_on) * DAY
    kept, is_early, is_gone = found.left >= opened, found.issued < opened, found.left < END
    nobody = np.full(len(kept), -1)
    parts = [
        _Entries("opening", kept & is_early, np.full(len(kept), opened), nobody, 1),
        _Entries("earn", ~is_early, found.issued, found.order, 1),
        _Entries("redeem", kept & found.is_redeemed & is_gone, found.left, found.user, -1),
        _Entries("expire", kept & ~found.is_redeemed & is_gone, found.left, nobody, -1),
    ]
    return pa.concat_tables([_booked(world, block, made, found, part) for part in parts])


def with_partners(points: pa.Table, transactions: pa.Table) -> pa.Table:
    """Return entries with the partner who served a line of their order, the last by name; null for our own shop."""
    sold = transactions.filter(pc.equal(transactions["kind"], "sale"))
    orders = sold.group_by("order_id").aggregate([("partner_id", "max")])
    place = pc.index_in(points["order_id"], value_set=orders["order_id"].combine_chunks())
    return points.append_column("partner_id", orders["partner_id_max"].take(place))


@dataclass(frozen=True, slots=True)
class _Entries:
    """Entries of one kind: of which lots, when, by which order, adding or taking."""

    kind: str
    is_booked: np.ndarray
    at: np.ndarray
    order: np.ndarray
    sign: int


def lot_truth(block: CustomerBlock, found: PointLots) -> pd.DataFrame:
    """Return what becomes of each lot, also after the end of the history."""
    return pd.DataFrame({
        "lot_id": arrow_columns.id_column("L", block.block, found.order + 1).to_pandas(),
        "points": found.points,
        "issued_at": arrow_columns.time_column(found.issued).to_pandas(),
        "left_at": arrow_columns.time_column(found.left).to_pandas(),
        "is_redeemed": found.is_redeemed,
    })


def membership_rows(world: World, block: CustomerBlock, made: Orders, enrolled: np.ndarray) -> pa.Table:
    """Return ``canonical/memberships``: at every review the tier follows the sales of the year before."""
    member = np.flatnonzero(enrolled < END)
    starts = np.column_stack([enrolled[member] // DAY,
                              np.tile([day_offset(day) for day in REVIEWS], (len(member), 1))])
    tier = np.zeros(starts.shape, "int64")
    for k, day in enumerate(REVIEWS, start=1):
        review = day_offset(day) * DAY
        counts = (made.who >= 0) & (made.at < review) & (made.at >= review - 365 * DAY)
        sales = np.bincount(made.who[counts], made.value[counts], len(block))[member]
        is_member = starts[:, 0] < starts[:, k]
        tier[:, k] = np.where(is_member, np.searchsorted(world.programme.tier_from, sales, side="right"), 0)
    is_new = np.column_stack([np.ones(len(member), bool), tier[:, 1:] != tier[:, :-1]])
    row, k = np.nonzero(is_new)
    start, same = starts[row, k], np.append(row, -1)[1:] == row
    until = np.append(start, 0)[1:] - 1
    return pa.table({
        "customer_id": arrow_columns.customer_ids(block.first + member[row]),
        "tier": arrow_columns.label_column(TIERS, tier[row, k]),
        "valid_from": arrow_columns.day_column(start),
        "valid_to": arrow_columns.day_column(until, same),
    })


def _next_orders(rng: np.random.Generator, block: CustomerBlock, who: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return when each customer orders next, also after the history: there by the customer's own rate until lost."""
    n = len(who)
    wait = 7 * DAY * rng.exponential(1, n) / block.weekly_orders[who]
    later = END + np.minimum(wait, 1e12).astype("int64")
    lost = (DAY * np.minimum(block.joined[who] + 7 * block.life_weeks[who], 1e9)).astype("int64")
    later = np.where(later < lost, later, np.iinfo("int64").max)
    return np.where(np.append(who, -1)[1:] == who, np.append(at, 0)[1:], later)


def _booked(world: World, block: CustomerBlock, made: Orders, found: PointLots, entries: _Entries) -> pa.Table:
    rows = np.flatnonzero(entries.is_booked)
    issuer, order = found.order[rows], entries.order[rows]
    return pa.table({
        "customer_id": arrow_columns.customer_ids(block.first + made.who[issuer]),
        "entered_at": arrow_columns.time_column(entries.at[rows]),
        "kind": arrow_columns.constant_column(entries.kind, len(rows)),
        "points": pa.array(entries.sign * found.points[rows]),
        "lot_id": arrow_columns.id_column("L", block.block, issuer + 1),
        "expires_at": arrow_columns.time_column(found.issued[rows] + world.programme.life_days * DAY),
        "unit_cost": arrow_columns.money_column(np.full(len(rows), round(100 * world.programme.unit_cost))),
        "order_id": arrow_columns.id_column("O", block.block, order + 1, order >= 0),
    })
