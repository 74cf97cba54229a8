"""Who the simulated customers are: what they feel, how often they buy, when they are lost."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from scipy.special import gammaincinv, ndtr

from helpers.intake.simulation import columns
from helpers.intake.simulation.world import N_DAYS, World

CONSTRUCTS = (
    "image", "expectation", "product", "service", "value", "satisfaction", "trust", "intention", "commitment",
)
PATHS = {
    "expectation": {"image": 0.4},
    "product": {"image": 0.25, "expectation": 0.35},
    "service": {"image": 0.15, "expectation": 0.3},
    "value": {"product": 0.5, "service": 0.2},
    "satisfaction": {"image": 0.1, "product": 0.4, "service": 0.3, "value": 0.2},
    "trust": {"image": 0.2, "satisfaction": 0.6},
    "intention": {"satisfaction": 0.55, "trust": 0.25},
    "commitment": {"satisfaction": 0.4, "trust": 0.4},
}
SOURCES = ("search", "advertising", "friends", "shop")
SOURCE_SHARES = (0.4, 0.25, 0.2, 0.15)
SOURCE_CENTS = (900, 1800, 500, 300)
CHANNELS = ("online", "app", "shop")
CHANNEL_SHARES = (0.5, 0.2, 0.3)
REGIONS = ("north", "east", "south", "west")
AGES = ("18-29", "30-44", "45-59", "60+")


@dataclass(frozen=True, slots=True)
class People:
    """One block of customers, sorted by the day they joined; every array has one entry a customer.

    Parameters
    ----------
    block, first : int
        Number of the block, and of its first customer among all.
    latent : ndarray of shape (n_customers, n_constructs)
        What is felt, standard normal, in the order of `CONSTRUCTS`.
    joined : ndarray
        Days since the first day of the history, with a fraction.
    weekly_orders, weekly_loss : ndarray
        The customer's λ and μ [per week].
    life_weeks, active_weeks : ndarray
        Weeks until lost, and those of them inside the history.
    order_rate : ndarray
        The customer's ν: order values are Gamma(p, ν).
    is_buyer, is_member : ndarray of bool
        Whether the customer ever buys; whether in the points programme.
    source, channel, region, age : ndarray of int
        Codes of how the customer was won, where he mostly buys, where he lives, how old he is.
    """

    block: int
    first: int
    latent: np.ndarray
    joined: np.ndarray
    weekly_orders: np.ndarray
    weekly_loss: np.ndarray
    life_weeks: np.ndarray
    active_weeks: np.ndarray
    order_rate: np.ndarray
    is_buyer: np.ndarray
    is_member: np.ndarray
    source: np.ndarray
    channel: np.ndarray
    region: np.ndarray
    age: np.ndarray

    def __len__(self) -> int:
        """Return the number of customers."""
        return len(self.joined)

    @property
    def satisfaction(self) -> np.ndarray:
        """Standing satisfaction of each customer, standard normal."""
        return self.latent[:, CONSTRUCTS.index("satisfaction")]

    @property
    def ids(self) -> pa.Array:
        """Customer ids."""
        return columns.customer_ids(self.first + np.arange(len(self)))


def people(world: World, rng: np.random.Generator, block: int, first: int, n: int) -> People:
    """Return one block of `n` customers."""
    latent = felt(rng, n)
    joined = np.sort(_joined(rng, n))
    weekly_loss = _weekly_loss(world, rng, latent[:, CONSTRUCTS.index("satisfaction")])
    life_weeks = rng.exponential(1 / weekly_loss)
    is_buyer = rng.random(n) < world.share_buyers
    return People(
        block, first, latent, joined,
        weekly_orders=rng.gamma(world.r, 1 / world.alpha, n),
        weekly_loss=weekly_loss,
        life_weeks=life_weeks,
        active_weeks=np.minimum(life_weeks, (N_DAYS - joined) / 7),
        order_rate=rng.gamma(world.q, 1 / world.gamma, n),
        is_buyer=is_buyer,
        is_member=is_buyer & (rng.random(n) < world.share_members),
        source=rng.choice(len(SOURCES), n, p=SOURCE_SHARES),
        channel=rng.choice(len(CHANNELS), n, p=CHANNEL_SHARES),
        region=rng.integers(len(REGIONS), size=n),
        age=rng.integers(len(AGES), size=n),
    )


def felt(rng: np.random.Generator, n: int) -> np.ndarray:
    """Return what n people feel, standard normal by construct and tied by `PATHS`."""
    correlation = np.eye(len(CONSTRUCTS))
    latent = rng.standard_normal((n, len(CONSTRUCTS)))
    for i, name in enumerate(CONSTRUCTS):
        weights = np.array([PATHS.get(name, {}).get(other, 0.0) for other in CONSTRUCTS])
        with_others = correlation @ weights
        latent[:, i] = latent @ weights + latent[:, i] * np.sqrt(1 - weights @ with_others)
        correlation[i, :i] = correlation[:i, i] = with_others[:i]
    return latent


def customers(rng: np.random.Generator, block: People) -> pa.Table:
    """Return ``canonical/customers``, one row a customer."""
    n = len(block)
    referrer = block.first + (rng.random(n) * np.arange(n)).astype("int64")
    is_referred = (block.source == SOURCES.index("friends")) & (np.arange(n) > 0)
    return pa.table({
        "customer_id": block.ids,
        "kind": columns.constant("consumer", n),
        "joined_on": columns.days(block.joined),
        "acquired_channel": columns.labels(SOURCES, block.source),
        "acquisition_cost": columns.money(np.array(SOURCE_CENTS)[block.source]),
        "referred_by": columns.customer_ids(referrer, is_referred),
        "demographic_age": columns.labels(AGES, block.age),
        "demographic_region": columns.labels(REGIONS, block.region),
    })


def truth(world: World, block: People) -> pd.DataFrame:
    """Return what is true of each customer and stands in no delivered file."""
    return pd.DataFrame({
        "customer_id": block.ids.to_pandas(),
        "weekly_orders": block.weekly_orders,
        "weekly_loss": block.weekly_loss,
        "life_weeks": block.life_weeks,
        "is_alive": block.joined + 7 * block.life_weeks >= N_DAYS,
        "is_buyer": block.is_buyer,
        "is_member": block.is_member,
        "mean_order_value": world.p / block.order_rate,
        **{name: block.latent[:, i] for i, name in enumerate(CONSTRUCTS)},
    })


def _joined(rng: np.random.Generator, n: int) -> np.ndarray:
    # a fifth of the customers joined by a rising density: the company grows
    early, late = rng.random((2, n))
    return N_DAYS * np.where(rng.random(n) < 0.2, np.maximum(early, late), early)


def _weekly_loss(world: World, rng: np.random.Generator, satisfaction: np.ndarray) -> np.ndarray:
    rho = world.satisfaction_loss
    mixed = rho * satisfaction + np.sqrt(1 - rho**2) * rng.standard_normal(len(satisfaction))
    return np.maximum(gammaincinv(world.s, ndtr(mixed)) / world.beta, 1e-9)
