"""The points ledger of the simulated company: each order earns a lot, which is redeemed whole, expires or stays."""

import numpy as np
import pyarrow as pa

from helpers.intake.simulation import columns
from helpers.intake.simulation.people import People
from helpers.intake.simulation.purchases import Orders
from helpers.intake.simulation.world import DAY, END, World

LIFE_DAYS = 365
POINT_CENTS = 1


def points(world: World, rng: np.random.Generator, block: People, made: Orders) -> pa.Table:
    """Return ``canonical/points``, one row an entry: earned, redeemed and expired lots.

    At an order that redeems, all of the customer's unexpired lots go; a lot that no order takes in time expires.
    """
    lot = np.flatnonzero((made.who >= 0) & block.is_member[made.who] & (made.value >= 1))
    lot = lot[np.lexsort((made.at[lot], made.who[lot]))]
    at, expires = made.at[lot], made.at[lot] + LIFE_DAYS * DAY
    user = _redeeming(made.who[lot], rng.random(len(lot)) < world.redeem_share)
    is_redeemed = (user >= 0) & (at[user] < expires)
    is_expired = ~is_redeemed & (expires < END)
    number = np.floor(made.value[lot])
    earned = _entries(block, made, "earn", lot, at, number)
    redeemed = _entries(block, made, "redeem", lot[is_redeemed], at[user[is_redeemed]], -number[is_redeemed])
    expired = _entries(block, made, "expire", lot[is_expired], expires[is_expired], -number[is_expired])
    return pa.concat_tables([
        _with_order(block, earned, lot), _with_order(block, redeemed, lot[user[is_redeemed]]), expired,
    ], promote_options="default")


def _redeeming(who: np.ndarray, redeems: np.ndarray) -> np.ndarray:
    """Return, for each lot, the position of the customer's next order that redeems; −1 where there is none."""
    n = len(who)
    if n == 0:
        return np.empty(0, "int64")
    later = np.append(np.where(redeems, np.arange(n), n)[1:], n)
    following = np.minimum.accumulate(later[::-1])[::-1]
    same = who[np.minimum(following, n - 1)] == who
    return np.where((following < n) & same, following, -1)


def _entries(
    block: People, made: Orders, kind: str, lot: np.ndarray, at: np.ndarray, number: np.ndarray
) -> pa.Table:
    return pa.table({
        "customer_id": columns.customer_ids(block.first + made.who[lot]),
        "entered_at": columns.times(at),
        "kind": columns.constant(kind, len(lot)),
        "points": pa.array(number),
        "lot_id": columns.ids("L", block.block, lot + 1),
        "expires_at": columns.times(made.at[lot] + LIFE_DAYS * DAY),
        "unit_cost": columns.money(np.full(len(lot), POINT_CENTS)),
    })


def _with_order(block: People, entries: pa.Table, order: np.ndarray) -> pa.Table:
    return entries.append_column("order_id", columns.ids("O", block.block, order + 1))
