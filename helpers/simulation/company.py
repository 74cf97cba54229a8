"""The simulated company, block by block or whole: canonical tables, and beside them the truth."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from helpers.foundation.errors import InputError
from helpers.simulation import (
    buying_centres,
    contacts_and_visits,
    contracts,
    customer_traits,
    list_response,
    order_lines,
    planted_experiments,
    programme,
    questionnaire,
    service_cases,
    survey_waves,
)
from helpers.simulation.planted_truth import World

CUSTOMERS = 2000

SEED = 20261121

BLOCK = 50_000

ROOMS = ("people", "customers", "orders", "lines", "survey", "cases", "contacts", "points", "trials", "dirt",
         "contracts", "centres", "visits", "consents", "enrolment")


@dataclass(frozen=True, slots=True)
class Truth:
    """What is true and stands in no table: only tests read it.

    Parameters
    ----------
    world : World
        The planted parameters.
    tables : dict of str to pd.DataFrame
        ``customers`` (rates, life, whether alive at the end, kind of loyalty, what is felt), ``responses`` (whether
        filled in carelessly, whether bought again), ``lots`` (what becomes of each lot of points), ``contracts``
        (chance of notice, life), ``accounts`` (weighted attitude), ``enrolment_orders`` (orders that would not have
        been made without enrolment in the programme).
    """

    world: World
    tables: dict[str, pd.DataFrame]

    def __getitem__(self, name: str) -> pd.DataFrame:
        """Return one of the tables."""
        return self.tables[name]

    @property
    def customers(self) -> pd.DataFrame:
        """One row a customer."""
        return self.tables["customers"]

    @property
    def responses(self) -> pd.DataFrame:
        """One row a completed survey."""
        return self.tables["responses"]


@dataclass(frozen=True, slots=True)
class Company:
    """A simulated company.

    Parameters
    ----------
    tables : dict of str to pd.DataFrame
        Canonical tables by name; money as float64 in whole cents.
    truth : Truth
        What the tables were drawn from.
    """

    tables: dict[str, pd.DataFrame]
    truth: Truth


@dataclass(frozen=True, slots=True)
class Block:
    """One block of customers with everything that is theirs: tables as Arrow but for the answers, and the truth.

    What drawn lists brought stands apart: the other tables are the same with it and without.
    """

    block: customer_traits.CustomerBlock
    tables: dict[str, pa.Table]
    answers: survey_waves.Survey
    rng: np.random.Generator
    truth: Truth = field(repr=False)
    response: list_response.ListResponse = list_response.NO_RESPONSE

    @property
    def whole(self) -> dict[str, pa.Table]:
        """The tables together with what drawn lists brought."""
        more = {"canonical/contacts": self.response.contacts, "canonical/transactions": self.response.transactions}
        return self.tables | {name: pa.concat_tables([self.tables[name], *parts], promote_options="default")
                              for name, parts in more.items() if parts}


def simulate_company(
    *, customers: int = CUSTOMERS, seed: int = SEED, lists: pd.DataFrame | None = None
) -> Company:
    """Return the simulated company: equal size and seed give equal tables.

    Parameters
    ----------
    customers : int
        Registered customers; everything else grows with them.
    seed : int
        Seed of every draw; global random state is neither read nor changed.
    lists : DataFrame, optional
        Lists that runs drew and that the company carries out: experiment, unit_id, variant, assigned_on.

    Raises
    ------
    InputError
        If there is not at least one customer.
    """
    made = list(blocks(customers, seed, lists=lists))
    whole = [part.whole for part in made]
    tables = {name: pa.concat_tables([one[name] for one in whole]) for name in whole[0]}
    tables["canonical/responses"] = pa.concat_tables([part.answers.responses() for part in made])
    frames = {name: _frame(table) for name, table in tables.items()} | {
        "canonical/items": _frame(
            pa.concat_tables([questionnaire.item_rows(), questionnaire.brand_items()], promote_options="default")
        ),
        "canonical/offers": _frame(contacts_and_visits.offer_rows(made[0].truth.world)),
    }
    return Company(frames, Truth(made[0].truth.world, {
        name: pd.concat([part.truth[name] for part in made], ignore_index=True) for name in made[0].truth.tables}))


def blocks(
    customers: int, seed: int, world: World | None = None, lists: pd.DataFrame | None = None
) -> Iterator[Block]:
    """Yield the company in blocks of customers, so that memory does not grow with its size."""
    if customers < 1:
        raise InputError("customers", f"{customers} is too few to simulate", "1 or more")
    for number, first in enumerate(range(0, customers, BLOCK)):
        made, given = _part(world or World(), seed, number, first, min(BLOCK, customers - first))
        yield made if lists is None else replace(made, response=list_response.simulate_list_response(
            made.truth.world, seed, made.block, given, _numbered(made), list_response.carried_out(lists)))


def _numbered(made: Block) -> tuple[int, int]:
    """Return how many contacts and orders of a block have a number."""
    lines = made.tables["canonical/transactions"]
    is_order = pc.equal(lines["kind"], "sale")
    return len(made.tables["canonical/contacts"]), pc.count_distinct(lines["order_id"].filter(is_order)).as_py()


def _part(world: World, seed: int, number: int, first: int, n: int) -> tuple[Block, contacts_and_visits.Consent]:
    """Return a block, and who in it may be contacted."""
    # a stream of its own for every room: a change in the survey leaves the purchases as they are
    streams = {room: np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number, i)))
               for i, room in enumerate(ROOMS)}
    block = customer_traits.simulate_customers(world, streams["people"], number, first, n)
    usual = order_lines.simulate_orders(world, streams["orders"], block)
    enrolled = programme.simulate_enrolment(world, streams["enrolment"], block, usual)
    more = programme.orders_by_enrolment(world, streams["enrolment"], block, usual, enrolled)
    made = usual.followed_by(more)
    answers = survey_waves.simulate_survey(world, streams["survey"], block, made)
    sold = pa.concat_tables([order_lines.transaction_rows(world, streams["lines"], block, usual),
                             order_lines.transaction_rows(world, streams["enrolment"], block, more)])
    lots = programme.simulate_lots(world, streams["points"], block, made, enrolled)
    held = contracts.simulate_contracts(world, streams["contracts"], block)
    centre = buying_centres.simulate_buying_centres(world, streams["centres"], block)
    sent, consent = contacts_and_visits.simulate_contacts(
        streams["contacts"], block, contacts_and_visits.simulate_consent(streams["consents"], block))
    tables = {
        "customers": customer_traits.customer_rows(
            world, streams["customers"], block, buying_centres.buying_centre_columns(block, centre)
        ),
        "transactions": sold,
        "subscriptions": contracts.subscriptions(block, held),
        "invitations": answers.invitations,
        "respondents": answers.respondents,
        "cases": service_cases.simulate_cases(world, streams["cases"], block),
        "events": contacts_and_visits.simulate_events(world, streams["visits"], block, made),
        "contacts": sent,
        "consents": contacts_and_visits.consent_rows(block, consent),
        "points": programme.with_partners(programme.points_rows(world, block, made, lots), sold),
        "memberships": programme.membership_rows(world, block, made, enrolled),
        "assignments": planted_experiments.simulate_assignments(world, streams["trials"], block, made),
        "opportunities": buying_centres.simulate_opportunities(world, streams["centres"], block, centre),
        "ties": buying_centres.influence_ties(world, streams["centres"], block, centre),
    }
    truth = {
        "customers": customer_traits.customer_truth(world, block),
        "responses": answers.truth,
        "lots": programme.lot_truth(block, lots),
        "contracts": contracts.contract_truth(block, held),
        "accounts": buying_centres.buying_centre_truth(block, centre),
        "enrolment_orders": programme.enrolment_truth(block, more),
    }
    named = {f"canonical/{name}": table for name, table in tables.items()}
    return Block(block, named, answers, streams["dirt"], Truth(world, truth)), consent


def _frame(table: pa.Table) -> pd.DataFrame:
    dates = [f.name for f in table.schema if pa.types.is_date(f.type)]
    for name in dates:
        at = table.schema.get_field_index(name)
        table = table.set_column(at, name, table[name].cast(pa.timestamp("us")))
    return table.to_pandas()
