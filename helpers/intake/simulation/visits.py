"""What some customers do on the web before they order, or without ordering: views and visits."""

import numpy as np
import pyarrow as pa

from helpers.intake.simulation import columns
from helpers.intake.simulation.people import CHANNELS, People
from helpers.intake.simulation.purchases import CATEGORIES, Orders
from helpers.intake.simulation.world import DAY, World

WEB = tuple(CHANNELS.index(name) for name in ("online", "app"))
HOUR = 3600


def events(world: World, rng: np.random.Generator, block: People, made: Orders) -> pa.Table:
    """Return ``canonical/events``: views from the first one to the order, and visits that end without one.

    Only customers who let themselves be followed are seen. The satisfied choose faster.
    """
    given = world.visits
    order = np.flatnonzero((made.who >= 0) & block.character.is_tracked[made.who] & np.isin(made.channel, WEB))
    buyer = made.who[order]
    log_hours = np.log(given.hours) + given.satisfaction * block.satisfaction[buyer] + given.spread * (
        rng.standard_normal(len(order)))
    seconds = np.maximum(HOUR * np.exp(log_hours), 60).astype("int64")
    first = np.maximum(made.at[order] - seconds, 0)
    again = np.repeat(np.arange(len(order)), rng.poisson(given.views, len(order)))
    between = first[again] + ((made.at[order] - first)[again] * rng.random(len(again))).astype("int64")
    idle = np.repeat(np.arange(len(block)), rng.poisson(
        given.idle * block.active_weeks * (block.is_buyer & block.character.is_tracked)))
    visited = (DAY * (block.joined[idle] + 7 * block.active_weeks[idle] * rng.random(len(idle)))).astype("int64")
    who = np.concatenate([buyer, buyer[again], idle])
    n, is_visit = len(who), np.arange(len(who)) >= len(buyer) + len(again)
    channel = np.concatenate([made.channel[order], made.channel[order][again], np.full(len(idle), WEB[0])])
    return pa.table({
        "customer_id": columns.customer_ids(block.first + who),
        "occurred_at": columns.times(np.concatenate([first, between, visited])),
        "kind": columns.labels(("view", "visit"), is_visit.astype("int64")),
        "channel": columns.labels(CHANNELS, channel),
        "object_id": columns.labels(CATEGORIES, rng.integers(len(CATEGORIES), size=n), ~is_visit),
    })
