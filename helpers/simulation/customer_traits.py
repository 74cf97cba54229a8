"""Simulated customers: what they feel, how often they buy, what ties them, when they churn."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from scipy.special import digamma, expit, gammaincinv, ndtr, ndtri, polygamma

from helpers.simulation import arrow_columns
from helpers.simulation.planted_truth import N_DAYS, World

KINDS = ("monopoly", "inertia", "price", "incentive", "trust", "none")

AGES = ("18-29", "30-44", "45-59", "60+")

TIES = ("alternatives", "switching_cost", "price_tolerance", "category_share")

# what each kind adds to each tie, in standard deviations: the evidence by which it can be told
EVIDENCE = {
    "monopoly": (-2.6, 0.4, 0.2, 0.8),
    "inertia": (0.2, 2.0, 0.2, 0.3),
    "price": (0.4, -0.5, -2.2, -0.5),
    "incentive": (0.3, -0.4, -0.2, -0.2),
    "trust": (0.2, 0.0, 0.6, 0.6),
    "none": (0.5, -0.6, 0.0, -0.8),
}

PARTNERS = ("Atlas", "Borealis", "Cedar", "Dune")

OWN = 0.8

ATTACHED = ("trust", "commitment")

ATTACHMENT = 0.7


@dataclass(frozen=True, slots=True)
class CustomerTraits:
    """One entry a customer.

    Parameters
    ----------
    kind : ndarray of int
        Code of the kind of loyalty, in the order of `KINDS`.
    ties : ndarray of shape (n_customers, 4)
        What stands behind the answers on `TIES`.
    trouble, price : ndarray
        Trouble with the service and sensitivity to price, standard normal and apart from what is felt.
    age : ndarray of int
        Code of the age class.
    is_asked, is_tracked, is_courted : ndarray of bool
        Whether the customer is asked in every wave of the survey; may be followed on the web; is called every
        quarter, whatever the purchases.
    novelty : ndarray
        Love of the new, standard normal.
    partners : ndarray of int
        Partners that serve the customer beside ourselves, one bit each.
    """

    kind: np.ndarray
    ties: np.ndarray
    trouble: np.ndarray
    price: np.ndarray
    age: np.ndarray
    is_asked: np.ndarray
    is_tracked: np.ndarray
    is_courted: np.ndarray
    novelty: np.ndarray
    partners: np.ndarray


def simulate_traits(
    world: World, rng: np.random.Generator, attitude: np.ndarray, satisfaction: np.ndarray
) -> CustomerTraits:
    """Return the character of as many customers as there are attitudes, standard normal like satisfaction."""
    n = len(attitude)
    price, trouble, spread = rng.standard_normal((3, n))
    kind = _kinds(world, rng, attitude, price)
    ties = np.array(list(EVIDENCE.values()))[kind] + OWN * rng.standard_normal((n, len(TIES)))
    rho = world.age_satisfaction
    age = np.searchsorted(ndtri([0.25, 0.5, 0.75]), rho * satisfaction + np.sqrt(1 - rho**2) * spread)
    is_asked, is_tracked, is_courted = rng.random((3, n)) < [[world.share_invited], [world.share_tracked],
                                                             [world.share_courted]]
    one, two = rng.integers(len(PARTNERS), size=(2, n))
    number = np.searchsorted(np.cumsum(world.partners), rng.random(n))
    partners = np.where(number > 0, 1 << one, 0) | np.where(number > 1, 1 << two, 0)
    return CustomerTraits(kind, ties, trouble, price, age, is_asked, is_tracked, is_courted, rng.standard_normal(n),
                     partners)


def _kinds(world: World, rng: np.random.Generator, attitude: np.ndarray, price: np.ndarray) -> np.ndarray:
    monopoly, bargain, incentive, attached, inert = world.kinds
    u, v = rng.random((2, len(attitude)))
    # the most sensitive to price buy for the price, whatever else they feel
    is_price = price > ndtri(1 - bargain)
    named = np.where(attitude > ndtri(1 - attached), "trust", np.where(v < inert, "inertia", "none"))
    named = np.where(u < monopoly + incentive, np.where(u < monopoly, "monopoly", "incentive"), named)
    return _trait_codes(np.where(is_price, "price", named))


def _trait_codes(names: np.ndarray) -> np.ndarray:
    by_name = np.argsort(KINDS)
    return by_name[np.searchsorted(np.array(KINDS)[by_name], names)]


CONSTRUCTS = (
    "image", "expectation", "quality", "product", "service", "value", "satisfaction", "trust", "intention",
    "commitment",
)

PATHS = {
    "expectation": {"image": 0.4},
    "quality": {"image": 0.25, "expectation": 0.35},
    "product": {"quality": 0.75},
    "service": {"quality": 0.75},
    "value": {"product": 0.5, "service": 0.2},
    # what was expected counts against what was got: satisfaction confirms or disappoints
    "satisfaction": {"image": 0.15, "expectation": -0.2, "product": 0.45, "service": 0.35, "value": 0.2},
    "trust": {"image": 0.2, "satisfaction": 0.6},
    "intention": {"satisfaction": 0.55, "trust": 0.25},
    "commitment": {"satisfaction": 0.4, "trust": 0.4},
}

SOURCES = ("search", "advertising", "friends", "shop")

SOURCE_SHARES = (0.4, 0.25, 0.2, 0.15)

SOURCE_CENTS = (900, 1800, 500, 300)

CAMPAIGNS = ("launch film", "autumn catalogue")

CHANNELS = ("online", "app", "shop")

CHANNEL_SHARES = (0.5, 0.2, 0.3)

REGIONS = ("north", "east", "south", "west")

KINDS_OF_CUSTOMER = ("consumer", "intermediary")

FIFTHS = ("very low", "low", "middling", "high", "very high")

STYLES = ("classic", "country", "modern")

ATTITUDE = ("satisfaction", "trust", "intention", "commitment")


@dataclass(frozen=True, slots=True)
class CustomerBlock:
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
        Whether the customer ever buys; whether he enrols in the points programme, on joining or when asked later.
    source, channel, region : ndarray of int
        Codes of how the customer was won, where he mostly buys, where he lives.
    character : CustomerTraits
        Kind of loyalty and what else sets a customer apart.
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
    character: CustomerTraits

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
        return arrow_columns.customer_ids(self.first + np.arange(len(self)))


def simulate_customers(world: World, rng: np.random.Generator, block: int, first: int, n: int) -> CustomerBlock:
    """Return one block of `n` customers."""
    latent = latent_constructs(rng, n)
    joined = np.sort(_joined(rng, n))
    satisfaction = latent[:, CONSTRUCTS.index("satisfaction")]
    apart = simulate_traits(world, rng.spawn(1)[0], _attitude(latent), satisfaction)
    is_buyer, is_keen = rng.random((2, n)) < [[world.share_buyers], [world.share_members]]
    source = rng.choice(len(SOURCES), n, p=SOURCE_SHARES)
    weekly_loss = _weekly_loss(world, rng, satisfaction, apart) * np.exp(np.array(world.channel_loss)[source])
    life_weeks = rng.exponential(1 / weekly_loss)
    return CustomerBlock(
        block, first, latent, joined,
        weekly_orders=rng.gamma(world.r, 1 / world.alpha, n) * np.exp(np.array(world.channel_rate)[source]),
        weekly_loss=weekly_loss,
        life_weeks=life_weeks,
        active_weeks=np.minimum(life_weeks, (N_DAYS - joined) / 7),
        order_rate=rng.gamma(world.q, 1 / world.gamma, n),
        is_buyer=is_buyer,
        is_member=is_buyer & (is_keen | (apart.kind == KINDS.index("incentive"))),
        source=source,
        channel=rng.choice(len(CHANNELS), n, p=CHANNEL_SHARES),
        region=rng.integers(len(REGIONS), size=n),
        character=apart,
    )


def latent_constructs(rng: np.random.Generator, n: int) -> np.ndarray:
    """Return what n people feel, standard normal by construct and tied by `PATHS`."""
    latent = rng.standard_normal((n, len(CONSTRUCTS)))
    for i in range(len(CONSTRUCTS)):
        latent[:, i] = latent[:, :i] @ _WEIGHTS[i, :i] + _OWN[i] * latent[:, i]
    return latent


def customer_rows(
    world: World, rng: np.random.Generator, block: CustomerBlock, business: dict[str, pa.Array]
) -> pa.Table:
    """Return ``canonical/customers``, one row a customer.

    Parameters
    ----------
    world, rng, block : World, Generator, CustomerBlock
        As elsewhere.
    business : dict of str to pa.Array
        What buying centres add, from `buying_centres.buying_centre_columns`.
    """
    n, apart = len(block), block.character
    referrer = block.first + (rng.random(n) * np.arange(n)).astype("int64")
    is_referred = (block.source == SOURCES.index("friends")) & (np.arange(n) > 0)
    return pa.table(
        {
            "customer_id": block.ids,
            "kind": arrow_columns.label_column(
                KINDS_OF_CUSTOMER, business["account_id"].is_valid().to_numpy(False).astype("int64")
            ),
            "joined_on": arrow_columns.day_column(block.joined),
            "acquired_channel": arrow_columns.label_column(SOURCES, block.source),
            "acquired_campaign": _campaigns(world, rng.spawn(1)[0], block),
            "acquisition_cost": arrow_columns.money_column(np.array(SOURCE_CENTS)[block.source]),
            "referred_by": arrow_columns.customer_ids(referrer, is_referred),
            **business,
            "demographic_age": arrow_columns.label_column(AGES, apart.age),
            "demographic_region": arrow_columns.label_column(REGIONS, block.region),
            "psychographic_price_focus": arrow_columns.label_column(FIFTHS, _fifth(apart.price)),
            "psychographic_love_of_new": arrow_columns.label_column(FIFTHS, _fifth(apart.novelty)),
            "psychographic_style": arrow_columns.label_column(STYLES, rng.integers(len(STYLES), size=n)),
        }
    )


def customer_truth(world: World, block: CustomerBlock) -> pd.DataFrame:
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
        "loyalty_kind": np.array(KINDS)[np.where(block.is_buyer, block.character.kind, KINDS.index("none"))],
        "trouble": block.character.trouble,
        "price_sensitivity": block.character.price,
        "is_courted": block.character.is_courted,
        "partners": block.character.partners,
        **{name: block.character.ties[:, i] for i, name in enumerate(TIES)},
        **{name: block.latent[:, i] for i, name in enumerate(CONSTRUCTS)},
    })


def _campaigns(world: World, rng: np.random.Generator, block: CustomerBlock) -> pa.Array:
    """Return the campaign that won each customer, if any: who buys often came more likely by the catalogue."""
    log_rate = np.log(np.maximum(block.weekly_orders, 1e-300)) - np.array(world.channel_rate)[block.source]
    often = (log_rate - digamma(world.r) + np.log(world.alpha)) / np.sqrt(polygamma(1, world.r))
    is_won, is_catalogue = rng.random((2, len(block))) < [np.full(len(block), world.share_campaign),
                                                          expit(world.campaign_pull * often)]
    return arrow_columns.label_column(CAMPAIGNS, is_catalogue.astype("int64"), is_won)


def _fifth(normal: np.ndarray) -> np.ndarray:
    return np.searchsorted(ndtri([0.2, 0.4, 0.6, 0.8]), normal)


def _joined(rng: np.random.Generator, n: int) -> np.ndarray:
    # a fifth of the customers joined by a rising density: the company grows
    early, late = rng.random((2, n))
    return N_DAYS * np.where(rng.random(n) < 0.2, np.maximum(early, late), early)


def _attitude(latent: np.ndarray) -> np.ndarray:
    total = latent[:, [CONSTRUCTS.index(name) for name in ATTITUDE]].sum(axis=1)
    return total / np.sqrt(_CORRELATION[np.ix_(*[[CONSTRUCTS.index(name) for name in ATTITUDE]] * 2)].sum())


def _weekly_loss(
    world: World, rng: np.random.Generator, satisfaction: np.ndarray, apart: CustomerTraits
) -> np.ndarray:
    by = world.drivers
    known = by.satisfaction**2 + by.trouble**2 + by.price**2
    mixed = by.satisfaction * satisfaction + by.trouble * apart.trouble + by.price * apart.price
    mixed += np.sqrt(1 - known) * rng.standard_normal(len(satisfaction))
    return np.maximum(gammaincinv(world.s, ndtr(mixed)) / world.beta, 1e-9)


def _weights() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return each construct's weights on the earlier ones, its own share, and how all go together."""
    k = len(CONSTRUCTS)
    weights, own, correlation = np.zeros((k, k)), np.ones(k), np.eye(k)
    for i, name in enumerate(CONSTRUCTS):
        weights[i] = [PATHS.get(name, {}).get(other, 0.0) for other in CONSTRUCTS]
        with_others = correlation @ weights[i]
        own[i] = np.sqrt(1 - weights[i] @ with_others)
        correlation[i, :i] = correlation[:i, i] = with_others[:i]
    return weights, own, correlation


_WEIGHTS, _OWN, _CORRELATION = _weights()
