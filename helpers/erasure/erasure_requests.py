"""Erasure requests: people who were erased stay out of later runs, counted and not kept.

Who was erased stands in ``data/erasures/<source>.json``, as keyed hashes: the list says of an id whether it was
erased, to whoever holds the secret, and names nobody.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any

import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc

from helpers.foundation import folders, hash_key
from helpers.foundation.engine import Engine
from helpers.foundation.errors import InputError

ERASED = "erased at request"

BETWEEN = r"[=|,;:\t\"'\s]+"

PERSON = {"ties": ("from_customer", "to_customer"), "assignments": ("unit_id",)}

NAMED = {"customers": ("referred_by",)}

ANSWERED = ("respondents", "invitations")

CHUNK = 100_000


@dataclass(frozen=True, slots=True)
class ErasedPeople:
    """The people of a source who stay out.

    Parameters
    ----------
    source : str
        Name of the source profile.
    people : frozenset of str
        Their keyed hashes.
    key : str
        The secret.
    """

    source: str
    people: frozenset[str] = frozenset()
    key: str = field(default="", repr=False)

    def __bool__(self) -> bool:
        """Whether anybody stays out."""
        return bool(self.people)

    def among(self, ids: Iterable[str | None]) -> list[str]:
        """Return the ids of those who stay out, in the given order."""
        return [i for i in ids if i is not None and person_hash(self.source, i, self.key) in self.people]


def erasures_path(source: str) -> Path:
    """Return the file that remembers who of a source was erased."""
    return folders.home_folder() / "data" / "erasures" / f"{source}.json"


def erasures_record(source: str) -> dict[str, Any]:
    """Return what is remembered of a source: ``key`` (a sign of the secret), ``erased`` (one entry a request)."""
    file = erasures_path(source)
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {"key": "", "erased": []}


def person_hash(source: str, customer: str, key: str) -> str:
    """Return the keyed hash by which a customer of a source is remembered."""
    return hash_key.keyed_hash(f"{source}\x1f{customer}", key)


def key_sign(key: str) -> str:
    """Return what tells a secret from another one and nothing about it."""
    return hash_key.keyed_hash("a sign of the secret", key)[:16]


def erased_people(source: str) -> ErasedPeople:
    """Return the people of a source who stay out.

    Raises
    ------
    InputError
        If they were erased under another secret, so that nobody could be recognised any more.
    """
    told = erasures_record(source)
    people = frozenset(p for entry in told["erased"] for p in entry["people"])
    if not people:
        return ErasedPeople(source)
    key = hash_key.hash_secret()
    if told["key"] != key_sign(key):
        raise InputError(f"data/erasures/{source}.json", "people were erased under another secret and would return",
                         f"the {hash_key.HASH_KEY} or data/{hash_key.FILE} of then")
    return ErasedPeople(source, people, key)


def without_erased(
    gone: ErasedPeople, name: str, values: Mapping[str, ir.Value], table: ir.Table, engine: Engine,
    answered: Iterable[tuple[Mapping[str, ir.Value], ir.Table]],
) -> tuple[dict[str, ir.Value], ir.BooleanValue | None]:
    """Return a table's values without the names of people who stay out, and which records are theirs; None: none are.

    Parameters
    ----------
    gone : ErasedPeople
        Who stays out.
    name : str
        The canonical table, without its folder.
    values : mapping of str to engine value
        Its typed columns.
    table : lazy table
        The records.
    engine : Engine
        Where it is computed.
    answered : iterable of (mapping, lazy table)
        The same of the tables that know who answered which survey; looked at for the answers alone.
    """
    if not gone:
        return dict(values), None
    own = [(column, _gone(gone, values[column], table, engine))
           for column in PERSON.get(name, ("customer_id",)) if column in values]
    if name == "responses" and "response_id" in values:
        own.append(("response_id", sorted({i for known in answered for i in _answers(gone, *known, engine)})))
    theirs = [values[column].isin(ids).fill_null(False) for column, ids in own if ids]
    emptied = {column: values[column].isin(ids).ifelse(None, values[column])
               for column in NAMED.get(name, ()) if column in values
               and (ids := _gone(gone, values[column], table, engine))}
    return {**values, **emptied}, reduce(or_, theirs) if theirs else None


def _answers(gone: ErasedPeople, values: Mapping[str, ir.Value], table: ir.Table, engine: Engine) -> list[str]:
    """Return the surveys that were answered by those who stay out."""
    if not {"customer_id", "response_id"} <= set(values):
        return []
    ids = _gone(gone, values["customer_id"], table, engine)
    theirs = table.filter(values["customer_id"].isin(ids)).select(id=values["response_id"]).distinct()
    return [i for i in engine.arrow(theirs)["id"].to_pylist() if i is not None] if ids else []


def rejects_without_erased(rejected: ir.Table, gone: ErasedPeople, engine: Engine) -> ir.Table:
    """Return rejected records without those of people who stay out, and without texts that name them.

    Parameters
    ----------
    rejected : lazy table
        With ``reasons``, and ``text`` where the text of records is kept.
    gone : ErasedPeople
        Who stays out.
    engine : Engine
        Where it is computed.
    """
    if not gone:
        return rejected
    others = rejected.filter(~rejected["reasons"].contains(ERASED))
    if "text" not in others.columns:
        return others
    found = engine.arrow(others)
    texts = found["text"].combine_chunks()
    words = pc.unique(pc.list_flatten(pc.split_pattern_regex(texts, BETWEEN)))
    for word in gone.among(word for words_ in _chunks(words) for word in words_):
        texts = pc.if_else(pc.match_substring(texts, word).fill_null(False), pa.scalar(None, pa.string()), texts)
    return engine.lazy(found.set_column(found.schema.get_field_index("text"), "text", texts))


def _gone(gone: ErasedPeople, value: ir.Value, table: ir.Table, engine: Engine) -> list[str]:
    """Return the values of a column that are ids of those who stay out; the column's distinct values pass by once."""
    distinct = engine.arrow(table.select(id=value.cast("string")).distinct())["id"]
    return sorted(gone.among(i for chunk in distinct.chunks for ids in _chunks(chunk) for i in ids))


def _chunks(values: pa.Array) -> Iterator[list[str | None]]:
    for start in range(0, len(values), CHUNK):
        yield values.slice(start, CHUNK).to_pylist()
