"""Duplicate accounts: several customer numbers of one person, by person key; records counted once a person."""

from collections.abc import Mapping
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from helpers.foundation.engine import Engine
from helpers.foundation.results import Gate, Level

ACCOUNT_COLUMNS = ("customer_id", "referred_by")


@dataclass(frozen=True, slots=True)
class PersonAccounts:
    """Which accounts are further ones of a person, and which is the person's first.

    Parameters
    ----------
    first : ir.Table or None
        Grain duplicate account: ``account_id``, ``first_id``; None where nobody has two accounts.
    n_duplicates, n_accounts : int
        Duplicate accounts, and accounts whose person is known.
    engine : Engine, optional
        In which merged tables are views, so that queries of them are compiled without the joins; None as `first`.
    """

    first: ir.Table | None = None
    n_duplicates: int = 0
    n_accounts: int = 0
    engine: Engine | None = None

    def merged(self, tables: Mapping[str, ir.Table]) -> dict[str, ir.Table]:
        """Return canonical tables, by name without folder, as if each person had the first account alone.

        Of ``customers`` the row of the first account stands for the person.
        """
        if self.first is None or self.engine is None:
            return dict(tables)
        own = {name: self._without_duplicates(t) if name == "customers" else t for name, t in tables.items()}
        return {name: self.engine.view(self._renamed(table)) for name, table in own.items()}

    def _without_duplicates(self, customers: ir.Table) -> ir.Table:
        return customers.anti_join(self.first, [("customer_id", "account_id")])

    def _renamed(self, table: ir.Table) -> ir.Table:
        names = table.columns
        for column in ACCOUNT_COLUMNS:
            if column in names:
                joined = table.left_join(self.first, [(column, "account_id")])
                table = joined.mutate(**{column: ibis.coalesce(joined.first_id, joined[column])}).select(*names)
        return table

    def gates(self, by_account: str = "") -> list[Gate]:
        """Return the check of a page that counts people; none where nobody has two accounts.

        What belongs to an account, such as points, is named: it counts by account on that page too.
        """
        if self.first is None:
            return []
        return [Gate("each person is counted once", float(self.n_duplicates), 0.0, False, Level.NOTE,
                     "counts of people", f"{self.n_duplicates:,} of {self.n_accounts:,} customers are "
                     "duplicate accounts; their records count under the person's first account"
                     f"{f', {by_account} by account' if by_account else ''}.")]


def person_accounts(engine: Engine, customers: ir.Table) -> PersonAccounts:
    """Return the duplicate accounts among customers: those of a person key beyond the one that joined first.

    Parameters
    ----------
    engine : Engine
        Counts.
    customers : ir.Table
        ``canonical/customers``; without a ``person_key`` no person is known by two accounts.
    """
    if "person_key" not in customers.columns:
        return PersonAccounts()
    known = customers.filter(customers.person_key.notnull())
    shared = known.group_by("person_key").having(known.count() > 1).aggregate(n_own=known.count())
    own = known.semi_join(shared, "person_key")
    window = ibis.window(group_by=own.person_key, order_by=[own.joined_on.asc(nulls_first=False), own.customer_id])
    ranked = own.select(account_id=own.customer_id, first_id=own.customer_id.first().over(window))
    first = engine.kept(ranked.filter(ranked.account_id != ranked.first_id))
    counts = engine.first_row(first.aggregate(n=first.count()))
    n_accounts = engine.first_row(known.aggregate(n=known.count()))["n"]
    return PersonAccounts(first if counts["n"] else None, int(counts["n"]), int(n_accounts), engine)
