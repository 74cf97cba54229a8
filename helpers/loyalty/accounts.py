"""Everything that the points programme's records say, in one go: books, lots, cohorts to their end, tiers."""

from dataclasses import dataclass
from datetime import date

import ibis.expr.types as ir
import pandas as pd

from helpers.foundation.engine import Engine
from helpers.foundation.estimates import Estimate, Gate
from helpers.loyalty import ledger, lots, programme, tiers
from helpers.loyalty.assumptions import Assumptions
from helpers.loyalty.ledger import Ledger
from helpers.loyalty.programme import Programme
from helpers.loyalty.tiers import Tiers


@dataclass(frozen=True, slots=True)
class Accounts:
    """What the programme's records say.

    Parameters
    ----------
    ledger : Ledger
        The books.
    programme : Programme
        Cohorts of issued points carried to their end.
    sensitivity : Programme or None
        The same with the newest points used first, where lots are an assumption.
    tiers : Tiers
        Who moved between tiers.
    standing : DataFrame
        Each member's tier now and the points of the last year.
    """

    ledger: Ledger
    programme: Programme
    sensitivity: Programme | None
    tiers: Tiers
    standing: pd.DataFrame

    @property
    def estimates(self) -> list[Estimate]:
        """The books, then what is still owed."""
        return [*ledger.estimates(self.ledger), *programme.estimates(self.programme, self.sensitivity)]

    @property
    def gates(self) -> list[Gate]:
        """Gates of the books, of the cohorts, and of the tiers."""
        return [*ledger.gates(self.ledger), *programme.gates(self.programme), *tiers.gates(self.tiers)]


def accounts(engine: Engine, points: ir.Table, memberships: ir.Table, joined: ir.Table, as_of_on: date,
             assumed: Assumptions) -> Accounts:
    """Return what the programme's records say.

    Parameters
    ----------
    engine : Engine
        Adds up.
    points, memberships : Table
        Canonical tables.
    joined : Table
        From `helpers.loyalty.ledger.joining`.
    as_of_on : date
        Last day that is seen.
    assumed : Assumptions
        Length of cohorts, expected redemption, cost of a point.
    """
    books = ledger.ledger(engine, points, joined, as_of_on)
    days = lots.period_days(books.first_on, as_of_on, assumed.cohort_days)
    how = programme.matching(books)
    is_known = bool(books.n_entries) and not books.unidentified
    seen = points if is_known else points.limit(0)
    main = programme.programme(books, lots.usage(engine, seen, as_of_on, days, how), how, days, assumed)
    other = None
    if is_known and how != lots.OWN:
        last = lots.usage(engine, points, as_of_on, days, lots.LIFO)
        other = programme.programme(books, last, lots.LIFO, days, assumed)
    return Accounts(books, main, other, tiers.tiers(engine, memberships, as_of_on),
                    tiers.standing(engine, memberships, points, as_of_on))
