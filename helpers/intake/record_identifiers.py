"""Record identifiers: which keys are a time or a record number, and what that loses."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from helpers.foundation.engine import Engine
from helpers.foundation.errors import count_of_total
from helpers.intake import expressions
from helpers.intake.canonical_tables import CanonicalTables
from helpers.intake.profile_schema import TableRule
from helpers.intake.profiles import CANONICAL, Profile
from helpers.intake.readers import LandedFiles

TIME, RECORD = "time", "record"

LIKE_TIME = r"^\s*(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})([T ,]+\d{1,2}[:.]\d{2}.*)?$"

REPEATS = "repeats the key"


@dataclass(frozen=True, slots=True)
class WeakIdentifier:
    """A column that records are told apart by although it identifies none of them.

    Parameters
    ----------
    place : str
        ``TABLE.column``.
    kind : str
        ``time`` or ``record``.
    n, n_repeats : int
        Records that the table is made from, and those of them that are rejected because they repeat its key.
    """

    place: str
    kind: str
    n: int
    n_repeats: int

    @property
    def sentence(self) -> str:
        """What that means for what is counted."""
        if self.kind == RECORD:
            return (f"{self.place} is made of the number of the record, so a record that arrives twice counts twice, "
                    "who has several records counts as several, and nothing joins it to other files")
        found = f", as {count_of_total(self.n_repeats, self.n)} are" if self.n_repeats else ""
        return f"{self.place} is a time, so different records of the same moment are rejected as repeats{found}"


def weak_identifiers(profile: Profile, made: Sequence[CanonicalTables], engine: Engine) -> Iterator[WeakIdentifier]:
    """Yield the text columns of keys that are a time or made of the number of the record, each expression once.

    Parameters
    ----------
    profile : Profile
        What the files are and become.
    made : sequence of CanonicalTables
        Tables made from files.
    engine : Engine
        Where they were computed.
    """
    named: set[tuple[str, str]] = set()
    for one in made:
        for rule, column in product(profile.tables[one.name].rules, _of_key(one)):
            text = rule.columns[column].from_
            kind = RECORD if expressions.uses_record(text, f"tables.{one.name}.{column}") else \
                TIME if _is_time(one, rule, column, engine) else ""
            if kind and (rule.from_, text) not in named:
                named.add((rule.from_, text))
                yield WeakIdentifier(f"{one.name}.{column}", kind, *_repeats(one, engine))


def record_number_lookups(landed: LandedFiles) -> Iterator[str]:
    """Yield the lookups that join by the number of the record although it starts again in each of several files."""
    for name, rule in ((name, rule) for name, table in landed.profile.tables.items() for rule in table.rules):
        n = sum(f.name == rule.from_ for f in landed.files)
        for alias, lookup in rule.lookup.items():
            where = f"tables.{name}.lookup.{alias}"
            if n > 1 and any(expressions.uses_record(text, where) for text in lookup.on.values()):
                yield f"{where} joins by the number of the record, which starts again in each of {n:,} files"


def _of_key(made: CanonicalTables) -> list[str]:
    declared = CANONICAL[made.name]
    return [c for c in declared.key if c in made.accepted.columns and declared.column(c).type == "text"
            and c != "period"]  # which is a time by its meaning, beside what else tells the records apart


def _is_time(made: CanonicalTables, rule: TableRule, column: str, engine: Engine) -> bool:
    """Return whether a column is what a time of the same table is read from, or looks like one in every row."""
    declared = CANONICAL[made.name]
    times = {r.from_ for c, r in rule.columns.items()
             if c in declared.names and declared.column(c).type in ("date", "time")}
    if rule.columns[column].from_ in times:
        return True
    known = made.accepted[column]
    row = engine.first_row(made.accepted.aggregate(n=known.count(), k=known.re_search(LIKE_TIME).ifelse(1, 0).sum()))
    return bool(row["n"]) and row["k"] == row["n"]


def _repeats(made: CanonicalTables, engine: Engine) -> tuple[int, int]:
    kept = engine.first_row(made.accepted.aggregate(n=made.accepted.count()))["n"]
    refused = made.refused.filter(made.refused["is_spoken"])
    row = engine.first_row(refused.aggregate(
        n=refused.count(), k=refused["reasons"].startswith(REPEATS).ifelse(1, 0).sum().fill_null(0)))
    return int(kept + row["n"]), int(row["k"])
