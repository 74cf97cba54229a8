"""Canonical tables made from files, with what was left out of each; the parts of one as one."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import ibis
import ibis.expr.types as ir

from helpers.foundation.engine import Engine
from helpers.foundation.errors import InputError, count_of_total
from helpers.intake import rejects
from helpers.intake.profiles import CANONICAL, Profile
from helpers.intake.rejects import OBSERVATION
from helpers.intake.source_records import FILE, ITEM, RECORD


@dataclass(frozen=True, slots=True)
class CanonicalTables:
    """One canonical table and what was left out of it.

    Parameters
    ----------
    name : str
        Without its folder.
    accepted : lazy table
        A view: the typed columns behind the origin of each row: ``_file``, ``_record``, ``_item``.
    refused : lazy table
        Rows left out: ``table, file, record, line, item, is_spoken, is_anonymous, amount, reasons``.
    n_cells : int
        Rows a record: 1, or the number of unpivoted columns.
    cells : dict of str to int
        Survey answers by what became of them; empty where the table does not unpivot.
    unmatched : dict of str to int
        Records without a match, by lookup.
    from_ : str
        The profile's name for the files; empty where they are of several forms.
    aside : lazy table, optional
        Rows that are left out only by their date, or because their people were erased at request; declared totals
        count them.
    """

    name: str
    accepted: ir.Table
    refused: ir.Table
    n_cells: int
    cells: dict[str, int]
    unmatched: dict[str, int]
    from_: str = ""
    aside: ir.Table | None = None

    @property
    def table(self) -> ir.Table:
        """The canonical table."""
        return self.accepted.drop(FILE, RECORD, ITEM)

    @property
    def delivered(self) -> ir.Table:
        """The table as it was delivered: with rows of other times, and of people who were erased since."""
        if self.aside is None:
            return self.table
        columns = [c for c in self.table.columns if c in self.aside.columns]
        return self.table.select(columns).union(self.aside.select(columns))


def merged(profile: Profile, parts: Sequence[CanonicalTables], engine: Engine) -> CanonicalTables:
    """Return the parts of one canonical table as one.

    Parameters
    ----------
    profile : Profile
        What the files become.
    parts : sequence of CanonicalTables
        Of the same table, each from other files.
    engine : Engine
        Where they were computed.

    Raises
    ------
    InputError
        If a part repeats keys of another.
    """
    if len(parts) == 1:
        return parts[0]
    name = parts[0].name
    accepted = engine.view(_union(profile, name, [p.accepted for p in parts]))
    if OBSERVATION in CANONICAL[name].key and not any(OBSERVATION in r.columns for r in profile.tables[name].rules):
        accepted = rejects.number_observations(name, accepted, engine)
    key = [c for c in CANONICAL[name].key if c in accepted.columns]
    n, k = rejects.count_keys(accepted, key, engine)
    if k < n:
        said = f"{count_of_total(n - k, n)} repeat the key {', '.join(key)} of another part"
        allowed = "keys that differ between parts, such as '2024-' || id"
        raise InputError(f"{profile.where}: tables.{name}", said, allowed)
    refused = engine.view(reduce(lambda a, b: a.union(b), [p.refused for p in parts]))
    asides = [p.aside for p in parts if p.aside is not None]
    return CanonicalTables(
        name, accepted, refused, max(p.n_cells for p in parts),
        _sums([p.cells for p in parts]), _sums([p.unmatched for p in parts]), "",
        _union(profile, name, asides) if asides else None)


def _sums(counts: Sequence[dict[str, int]]) -> dict[str, int]:
    return {name: sum(c.get(name, 0) for c in counts) for name in dict.fromkeys(n for c in counts for n in c)}


def _union(profile: Profile, name: str, tables: Sequence[ir.Table]) -> ir.Table:
    """Return the rows of several tables, with nothing in the columns that one of them lacks."""
    columns = list(dict.fromkeys(c for table in tables for c in table.columns))
    kinds = {c: next(table[c].type() for table in tables if c in table.columns) for c in columns}
    return reduce(lambda a, b: a.union(b), [
        table.select(**{c: table[c].cast(kind) if c in table.columns else ibis.null(kind) for c, kind in kinds.items()})
        for table in tables])
