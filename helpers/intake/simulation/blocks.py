"""The simulated company, block by block or whole: canonical tables, and beside them the truth."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa

from helpers.foundation.errors import InputError
from helpers.intake.simulation import (
    brands,
    centres,
    consents,
    contracts,
    people,
    programme,
    purchases,
    questionnaire,
    service,
    survey,
    trials,
    visits,
)
from helpers.intake.simulation.world import World

CUSTOMERS = 2000
SEED = 20261121
BLOCK = 50_000
ROOMS = ("people", "customers", "orders", "lines", "survey", "cases", "contacts", "points", "trials", "dirt",
         "contracts", "centres", "visits", "consents")


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
        (chance of notice, life), ``accounts`` (weighted attitude).
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
class Part:
    """One block of customers with everything that is theirs: tables as Arrow but for the answers, and the truth."""

    block: people.People
    tables: dict[str, pa.Table]
    answers: survey.Survey
    rng: np.random.Generator
    truth: Truth = field(repr=False)


def company(*, customers: int = CUSTOMERS, seed: int = SEED) -> Company:
    """Return the simulated company: equal size and seed give equal tables.

    Parameters
    ----------
    customers : int
        Registered customers; everything else grows with them.
    seed : int
        Seed of every draw; global random state is neither read nor changed.

    Raises
    ------
    InputError
        If there is not at least one customer.
    """
    made = list(parts(customers, seed))
    tables = {name: pa.concat_tables([part.tables[name] for part in made]) for name in made[0].tables}
    tables["canonical/responses"] = pa.concat_tables([part.answers.responses() for part in made])
    frames = {name: _frame(table) for name, table in tables.items()} | {
        "canonical/items": _frame(pa.concat_tables([questionnaire.items(), brands.items()], promote_options="default")),
        "canonical/offers": _frame(consents.offers(made[0].truth.world))}
    return Company(frames, Truth(made[0].truth.world, {
        name: pd.concat([part.truth[name] for part in made], ignore_index=True) for name in made[0].truth.tables}))


def parts(customers: int, seed: int, world: World | None = None) -> Iterator[Part]:
    """Yield the company in blocks of customers, so that memory does not grow with its size."""
    if customers < 1:
        raise InputError("customers", f"{customers} is too few to simulate", "1 or more")
    for number, first in enumerate(range(0, customers, BLOCK)):
        yield _part(world or World(), seed, number, first, min(BLOCK, customers - first))


def _part(world: World, seed: int, number: int, first: int, n: int) -> Part:
    # a stream of its own for every room: a change in the survey leaves the purchases as they are
    streams = {room: np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number, i)))
               for i, room in enumerate(ROOMS)}
    block = people.people(world, streams["people"], number, first, n)
    made = purchases.orders(world, streams["orders"], block)
    answers = survey.survey(world, streams["survey"], block, made)
    lots = programme.lots(world, streams["points"], block, made)
    held = contracts.held(world, streams["contracts"], block)
    centre = centres.centres(world, streams["centres"], block)
    sent, consent = consents.contacts(
        streams["contacts"], block, consents.consent(streams["consents"], block))
    tables = {
        "customers": people.customers(streams["customers"], block, centres.described(block, centre)),
        "transactions": purchases.transactions(world, streams["lines"], block, made),
        "subscriptions": contracts.subscriptions(block, held),
        "invitations": answers.invitations,
        "respondents": answers.respondents,
        "cases": service.cases(world, streams["cases"], block),
        "events": visits.events(world, streams["visits"], block, made),
        "contacts": sent,
        "consents": consents.consents(block, consent),
        "points": programme.points(world, block, made, lots),
        "memberships": programme.memberships(world, block, made),
        "assignments": trials.assignments(world, streams["trials"], block),
        "opportunities": centres.opportunities(world, streams["centres"], block, centre),
        "ties": centres.ties(world, streams["centres"], block, centre),
    }
    truth = {"customers": people.truth(world, block), "responses": answers.truth, "lots": programme.truth(block, lots),
             "contracts": contracts.truth(block, held), "accounts": centres.truth(block, centre)}
    return Part(block, {f"canonical/{name}": table for name, table in tables.items()}, answers, streams["dirt"],
                Truth(world, truth))


def _frame(table: pa.Table) -> pd.DataFrame:
    dates = [f.name for f in table.schema if pa.types.is_date(f.type)]
    for name in dates:
        at = table.schema.get_field_index(name)
        table = table.set_column(at, name, table[name].cast(pa.timestamp("us")))
    return table.to_pandas()
