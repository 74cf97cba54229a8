"""Simulated response to lists that runs drew: who is contacted of the treated, and the orders that this brings.

Nothing before the day of a draw changes, so that the run that drew the list would draw it again; and what one list
brings does not depend on later ones.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from helpers.customers.random_assignment import ACTION_PLAN, ALERT, CAMPAIGNS, EXPERIMENT_PREFIXES, TREATMENT
from helpers.simulation import arrow_columns
from helpers.simulation.contacts_and_visits import MEANS, MEANS_CENTS, Consent
from helpers.simulation.customer_traits import CustomerBlock
from helpers.simulation.order_lines import Orders, order_channels, order_values, transaction_rows
from helpers.simulation.planted_truth import DAY, END, FIRST_DAY, World
from helpers.simulation.service_cases import HOUR

WRITTEN = ("e-mail", "sms", "post")

SENT_WITHIN, ORDERED_WITHIN = 10, 60  # days after the draw, and after the contact

LIST_COLUMNS = ["experiment", "unit_id", "variant", "assigned_on", "stratum"]

EFFORTS = {"personal call": 6.0, "voucher by e-mail": 1.65, "free delivery by e-mail": 1.03, "letter": 0.9}  # money

MOST_RESPONSE = {"top": 0.45, "upper": 0.35, "middle": 0.3, "base": 0.25}  # share who order however much is spent

EFFORT_SCALE = 1.0  # money at which 63 % of it is reached


@dataclass(frozen=True, slots=True)
class ListResponse:
    """What was done with drawn lists and what it brought, for one block of customers.

    Parameters
    ----------
    contacts, transactions : tuple of Table
        Rows of the canonical tables, a table for each day of a draw.
    """

    contacts: tuple[pa.Table, ...]
    transactions: tuple[pa.Table, ...]


NO_RESPONSE = ListResponse((), ())


def carried_out(lists: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of drawn lists by which somebody is contacted: treated by alerts, plans and campaigns, sorted.

    Parameters
    ----------
    lists : DataFrame
        `LIST_COLUMNS`, one row a draw and customer; without a stratum the response is the same for everybody.
    """
    named = tuple(EXPERIMENT_PREFIXES[purpose] for purpose in (ALERT, ACTION_PLAN, *CAMPAIGNS))
    meant = lists[lists["variant"].eq(TREATMENT) & lists["experiment"].str.startswith(named)].reindex(
        columns=LIST_COLUMNS)
    return meant.sort_values(LIST_COLUMNS, ignore_index=True)


def response_chance(world: World, strata: pd.Series) -> np.ndarray:
    """Return the chance that a contact brings an order, shape (n_rows,).

    By tier and by what the action costs: ``most × (1 − exp(−effort / scale))``; the company's own where the stratum
    names no action or tier that it knows.

    Parameters
    ----------
    world : World
        The chance of others.
    strata : Series of str
        "action, tier", as the action plan draws.
    """
    parts = strata.astype("str").str.rsplit(", ", n=1, expand=True).reindex(columns=[0, 1])
    chance = parts[1].map(MOST_RESPONSE) * -np.expm1(-parts[0].map(EFFORTS) / EFFORT_SCALE)
    return chance.astype("float64").fillna(world.list_response).to_numpy()


def simulate_list_response(
    world: World, seed: int, block: CustomerBlock, given: Consent, n_before: tuple[int, int], lists: pd.DataFrame
) -> ListResponse:
    """Return contacts and orders that drawn lists bring.

    A customer on several lists of one day has a contact by each, and responds once. An order on such a contact is an
    ordinary one but that it earns no points.

    Parameters
    ----------
    world : World
        Chances that a list is carried out and that a contact brings an order.
    seed : int
        Seed of the company; each day of a draw has its own stream.
    block : CustomerBlock
        The customers; those of the lists who are not among them are passed over.
    given : Consent
        Who may be written to, and until when.
    n_before : (int, int)
        Contacts and orders of the block that are numbered before these.
    lists : DataFrame
        As `carried_out` gives them.
    """
    n_contacts, n_orders = n_before
    row = pd.to_numeric(lists["unit_id"].str.removeprefix("C"), errors="coerce").fillna(0).astype("int64") - 1
    own = lists.assign(who=row - block.first)[(row >= block.first) & (row < block.first + len(block))]
    sent_rows, sold_rows = [], []
    for on, rows in own.groupby("assigned_on"):
        day = int((np.datetime64(on, "D") - FIRST_DAY).astype("int64"))
        rng = np.random.default_rng([seed, block.block, day])
        sent = _sent(world, rng, block, given, day)
        contacts = _contact_rows(block, rows, sent, n_contacts)
        made = _orders(world, rng, block, rows, sent, n_orders)
        sent_rows.append(contacts)
        sold_rows.append(transaction_rows(world, rng, block, made))
        n_contacts, n_orders = n_contacts + len(contacts), n_orders + len(made.who)
    return ListResponse(tuple(sent_rows), tuple(sold_rows))


@dataclass(frozen=True, slots=True)
class _Sent:
    """When and how each customer of a block would be contacted; shape (n_customers,)."""

    at: np.ndarray
    means: np.ndarray
    is_sent: np.ndarray


def _sent(world: World, rng: np.random.Generator, block: CustomerBlock, given: Consent, day: int) -> _Sent:
    n = len(block)
    on = day + 1 + rng.integers(SENT_WITHIN, size=n)
    at = on * DAY + 9 * HOUR + rng.integers(3 * HOUR, size=n)
    written = [MEANS.index(name) for name in WRITTEN]
    may = given.is_given[:, written] & (on[:, None] < given.until[:, written])
    is_sent = may.any(axis=1) & (rng.random(n) < world.list_carried_out) & (at < END)
    return _Sent(at, np.array(written)[may.argmax(axis=1)], is_sent)


def _contact_rows(block: CustomerBlock, rows: pd.DataFrame, sent: _Sent, n_before: int) -> pa.Table:
    done = rows[sent.is_sent[rows["who"]]]
    who, never = done["who"].to_numpy(), np.zeros(len(done), bool)
    moment = arrow_columns.time_column(sent.at[who], never)
    return pa.table({
        "contact_id": arrow_columns.id_column("M", block.block, n_before + np.arange(len(who)) + 1),
        "customer_id": arrow_columns.customer_ids(block.first + who),
        "sent_at": arrow_columns.time_column(sent.at[who]),
        "channel": arrow_columns.label_column(MEANS, sent.means[who]),
        "campaign": pa.array(done["experiment"], pa.string()),
        "offer_id": pa.nulls(len(who), pa.string()),
        "cost": arrow_columns.money_column(np.array(MEANS_CENTS)[sent.means[who]]),
        "opened_at": moment, "clicked_at": moment, "opted_out_at": moment,
    })


def _orders(
    world: World, rng: np.random.Generator, block: CustomerBlock, rows: pd.DataFrame, sent: _Sent, n_before: int
) -> Orders:
    n = len(block)
    chance = np.zeros(n)  # of who is on several lists the highest
    np.maximum.at(chance, rows["who"].to_numpy(), response_chance(world, rows["stratum"]))
    at = sent.at + DAY * (1 + rng.integers(ORDERED_WITHIN, size=n))
    responds = sent.is_sent & (rng.random(n) < chance) & (at < END)
    every = np.arange(n)
    value, channel = order_values(world, rng, block, every), order_channels(rng, block, every)
    who = np.flatnonzero(responds)
    return Orders(who, at[who], value[who], np.zeros(len(who), bool), channel[who], n_before)
