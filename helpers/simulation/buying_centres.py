"""Simulated business accounts: buying centres, influence, opportunities."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from scipy.special import expit

from helpers.simulation import arrow_columns
from helpers.simulation.customer_traits import CustomerBlock
from helpers.simulation.order_lines import CATEGORIES
from helpers.simulation.planted_truth import N_DAYS, World

ROLES = ("decider", "influencer", "buyer", "user", "gatekeeper")

WEIGHTS = (0.4, 0.25, 0.2, 0.1, 0.05)

SIZE = len(ROLES)

OWNERS = ("Ahrens", "Berger", "Conrad", "Dietz")

STAGES = ("lead", "qualified", "offer", "negotiation", "won", "lost")


@dataclass(frozen=True, slots=True)
class BuyingCentres:
    """The buying centres of one block, one entry a person.

    Parameters
    ----------
    who, account, role : ndarray of int
        Row of the customer; number of the account in the block; code of the role.
    weight, attitude : ndarray
        Weight in the decision, one in sum over an account [share]; attitude towards us [−1 to 1].
    owner : ndarray of int
        Code of who looks after the person; −1 for nobody.
    contacted : ndarray
        Day of our last contact, from the first day of the history.
    """

    who: np.ndarray
    account: np.ndarray
    role: np.ndarray
    weight: np.ndarray
    attitude: np.ndarray
    owner: np.ndarray
    contacted: np.ndarray

    @property
    def support(self) -> np.ndarray:
        """Weighted attitude of each account."""
        return np.bincount(self.account, self.weight * self.attitude)


def simulate_buying_centres(world: World, rng: np.random.Generator, block: CustomerBlock) -> BuyingCentres:
    """Return the buying centres of one block: accounts of five, the last one of fewer."""
    who = np.flatnonzero(rng.random(len(block)) < world.centres.share)
    n = len(who)
    account, role = np.divmod(np.arange(n), SIZE)
    weight = np.array(WEIGHTS)[role] * rng.uniform(0.7, 1.3, n)
    weight = np.round(weight / np.bincount(account, weight)[account], 4) if n else weight
    shared = rng.standard_normal(account[-1] + 1 if n else 0)[account]
    attitude = np.round(np.tanh(0.5 * block.satisfaction[who] + 0.6 * shared + 0.3 * rng.standard_normal(n)), 2)
    owner = np.where(rng.random(n) < world.centres.looked_after, (account + role // 3) % len(OWNERS), -1)
    since = block.joined[who].astype("int64")
    return BuyingCentres(
        who, account, role, weight, attitude, owner, since + (rng.random(n) * (N_DAYS - since)).astype(int)
    )


def buying_centre_columns(block: CustomerBlock, found: BuyingCentres) -> dict[str, pa.Array]:
    """Return the columns that buying centres add to ``canonical/customers``."""
    row = np.full(len(block), -1)
    row[found.who] = np.arange(len(found.who))
    is_in = row >= 0
    n_in = len(found.who)

    def of(values: np.ndarray) -> np.ndarray:
        return values[row] if n_in else np.zeros(len(block), values.dtype)

    is_owned = is_in & (of(found.owner) >= 0)
    return {
        "account_id": arrow_columns.id_column("N", block.block, of(found.account) + 1, is_in),
        "role": arrow_columns.label_column(ROLES, of(found.role), is_in),
        "decision_weight": pa.array(of(found.weight), mask=~is_in),
        "attitude": pa.array(of(found.attitude), mask=~is_in),
        "our_owner": arrow_columns.label_column(OWNERS, np.maximum(of(found.owner), 0), is_owned),
        "last_contact_on": arrow_columns.day_column(of(found.contacted), is_owned),
    }


def influence_ties(world: World, rng: np.random.Generator, block: CustomerBlock, found: BuyingCentres) -> pa.Table:
    """Return ``canonical/ties``: who influences whom within an account, deciders being listened to most."""
    n = len(found.who)
    one, step = np.repeat(np.arange(n), SIZE - 1), np.tile(np.arange(1, SIZE), n)
    other = found.account[one] * SIZE + (found.role[one] + step) % SIZE
    is_tied = (other < n) & (rng.random(len(one)) < world.centres.tied)
    one, other = one[is_tied], other[is_tied]
    strength = np.round(rng.uniform(0.2, 1, len(one)) * (0.4 + 1.5 * np.array(WEIGHTS)[found.role[one]]), 3)
    return pa.table({
        "from_customer": arrow_columns.customer_ids(block.first + found.who[one]),
        "to_customer": arrow_columns.customer_ids(block.first + found.who[other]),
        "strength": pa.array(strength),
    })


def simulate_opportunities(
    world: World, rng: np.random.Generator, block: CustomerBlock, found: BuyingCentres
) -> pa.Table:
    """Return ``canonical/opportunities``: the more the centre is for us, by weight, the more of them are won."""
    given, support = world.centres, found.support
    account = np.repeat(np.arange(len(support)), rng.poisson(given.opportunities, len(support)))
    n = len(account)
    opened = rng.integers(N_DAYS - 30, size=n)
    closed = opened + 7 + rng.exponential(given.days, n).astype("int64")
    is_closed = closed < N_DAYS
    is_won = rng.random(n) < expit(given.base + given.support * support[account])
    stage = np.where(is_closed, np.where(is_won, 4, 5), np.minimum((N_DAYS - opened) // 40, 3))
    value = np.rint(100 * rng.lognormal(np.log(given.value), 0.6, n))
    return pa.table({
        "opportunity_id": arrow_columns.id_column("Q", block.block, np.arange(n) + 1),
        "account_id": arrow_columns.id_column("N", block.block, account + 1),
        "stage": arrow_columns.label_column(STAGES, stage),
        "opened_on": arrow_columns.day_column(opened),
        "closed_on": arrow_columns.day_column(np.where(is_closed, closed, 0), is_closed),
        "value": arrow_columns.money_column(value),
        "is_won": pa.array(is_won, mask=~is_closed),
        "product": arrow_columns.label_column(CATEGORIES, rng.integers(len(CATEGORIES), size=n)),
        "owner": arrow_columns.label_column(OWNERS, account % len(OWNERS)),
    })


def buying_centre_truth(block: CustomerBlock, found: BuyingCentres) -> pd.DataFrame:
    """Return the weighted attitude of each account."""
    n = len(found.support)
    return pd.DataFrame(
        {
            "account_id": arrow_columns.id_column("N", block.block, np.arange(n) + 1).to_pandas(),
            "support": found.support,
        }
    )
