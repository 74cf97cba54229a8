"""What ties a simulated customer to the company, and what sets one apart: kind of loyalty, price, trouble, age."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from helpers.intake.simulation.world import World

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
class Character:
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


def character(world: World, rng: np.random.Generator, attitude: np.ndarray, satisfaction: np.ndarray) -> Character:
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
    return Character(kind, ties, trouble, price, age, is_asked, is_tracked, is_courted, rng.standard_normal(n),
                     partners)


def _kinds(world: World, rng: np.random.Generator, attitude: np.ndarray, price: np.ndarray) -> np.ndarray:
    monopoly, bargain, incentive, attached, inert = world.kinds
    u, v = rng.random((2, len(attitude)))
    # the most sensitive to price buy for the price, whatever else they feel
    is_price = price > ndtri(1 - bargain)
    named = np.where(attitude > ndtri(1 - attached), "trust", np.where(v < inert, "inertia", "none"))
    named = np.where(u < monopoly + incentive, np.where(u < monopoly, "monopoly", "incentive"), named)
    return _codes(np.where(is_price, "price", named))


def _codes(names: np.ndarray) -> np.ndarray:
    by_name = np.argsort(KINDS)
    return by_name[np.searchsorted(np.array(KINDS)[by_name], names)]
