"""Queries as records: databases by their ADBC drivers, DuckDB and SQLite files; in batches, one ordered select.

Credentials come from the environment. PostgreSQL and files are opened to read only; what a user of another database may
do is that user's rights.
"""

import hashlib
import importlib
import json
import os
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import ModuleType

import duckdb
import pyarrow as pa
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from helpers.foundation.errors import InputError
from helpers.intake import archives
from helpers.intake.profile_schema import SERVERS, FileRule

REFUSALS = (  # what the driver says, and what we say
    ("password authentication failed", "the user or the password is wrong"),
    ("no password supplied", "it asks for a password"),
    ("does not exist", "there is no such user or database"),
    ("could not translate host name", "the host is not known"),
    ("connection refused", "no server listens there"),
    ("no such file", "no server listens there"),
    ("timeout", "it did not answer in time"),
    ("invalid", "the address cannot be read"),
)

DIALECTS = {"postgresql": "postgres", "flightsql": ""}  # the others are called alike

BATCH = 50_000  # records of a file's answer that are held at once

READ_ONLY = "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"


class AnswerChecksum:
    """Size and checksum of what a database answered, taken while it is read."""

    def __init__(self) -> None:
        self.n_bytes, self._digest = 0, hashlib.sha256()

    def taken(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield the batches on."""
        for batch in batches:
            whole = batch.serialize()
            self.n_bytes += whole.size
            self._digest.update(whole)
            yield batch

    @property
    def sha256(self) -> str:
        """Checksum of all that was read."""
        return self._digest.hexdigest()


def refuse_unordered(query: str, where: str, dialect: str = "postgres") -> None:
    """Refuse what is no single ordered question: without an order records would change their numbers.

    Raises
    ------
    InputError
        If it is none.
    """
    try:
        found = sqlglot.parse(query, dialect=dialect)
    except SqlglotError as error:
        raise InputError(where, f"the query is not readable as SQL ({str(error).splitlines()[0]})") from None
    if len(found) != 1 or not isinstance(found[0], exp.Query):
        raise InputError(where, "the query does not only read", "one select")
    if not found[0].args.get("order"):
        raise InputError(where, "the query has no order, so that its records would change their numbers", "order by")


@contextmanager
def query_batches(file: FileRule, where: str, folder: Path) -> Iterator[pa.RecordBatchReader]:
    """Give the answer to a query, to be read in batches.

    Parameters
    ----------
    file : FileRule
        The query, and the database.
    where : str
        For error sentences.
    folder : Path
        The source's folder, in which a database that is a file stands.

    Raises
    ------
    InputError
        If the environment names no database, there is no such file, or the database refuses.
    """
    refuse_unordered(file.query, where, DIALECTS.get(file.format, file.format))
    if file.format in SERVERS:
        with SERVER_ANSWERS.get(file.format, _driver_answer)(file, where) as answer:
            yield answer
        return
    path, *others = archives.matching_files(folder, file, where)
    if others:
        raise InputError(where, f"'{file.path}' fits {len(others) + 1} files", "one database")
    with archives.watch_files(folder, file, where), FILE_ANSWERS[file.format](path, file.query, where) as answer:
        yield answer


@contextmanager
def _duckdb_answer(path: Path, query: str, where: str) -> Iterator[pa.RecordBatchReader]:
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            connection.execute("SET enable_external_access = false")  # the query reads this file and no other
            yield connection.execute(query).to_arrow_reader(BATCH)
    except duckdb.Error as error:
        raise _refused(where, error) from None


@contextmanager
def _sqlite_answer(path: Path, query: str, where: str) -> Iterator[pa.RecordBatchReader]:
    """Give the answer of an SQLite file as text: a column of it has no type that its values would have to keep."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            cursor = connection.execute(query)
            schema = pa.schema([(name, pa.string()) for name, *_ in cursor.description])
            yield pa.RecordBatchReader.from_batches(schema, _text_batches(cursor, schema))
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise _refused(where, error) from None


def _text_batches(cursor: sqlite3.Cursor, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    while rows := cursor.fetchmany(BATCH):
        columns = [pa.array([_text(value) for value in column], pa.string()) for column in zip(*rows, strict=True)]
        yield pa.record_batch(columns, schema=schema)


def _text(value: object) -> str | None:
    return None if value is None else value.hex() if isinstance(value, bytes) else str(value)


def table_queries(path: Path, format_: str, where: str) -> dict[str, str]:
    """Return an ordered query for each table and view of a database file, by its name.

    Parameters
    ----------
    path : Path
        The file.
    format_ : str
        ``duckdb`` or ``sqlite``.
    where : str
        For error sentences.

    Raises
    ------
    InputError
        If the file cannot be read as such a database.
    """
    with FILE_ANSWERS[format_](path, CATALOGUES[format_], where) as answer:
        found = answer.read_all().to_pylist()
    columns: dict[str, int] = Counter(row["t"] for row in found)
    return {name: f"select * from {exp.to_identifier(name, quoted=True).sql()} order by "
                  + ", ".join(str(i + 1) for i in range(n)) for name, n in columns.items()}


def queried_table(file: FileRule) -> str:
    """Return the first table that a query names."""
    found = sqlglot.parse_one(file.query, dialect=DIALECTS.get(file.format, file.format)).find(exp.Table)
    return found.name if found else ""


CATALOGUES = {
    "duckdb": "select table_name t, column_name c from information_schema.columns order by 1, ordinal_position",
    "sqlite": "select m.name t, p.name c from sqlite_master m join pragma_table_info(m.name) p "
              "where m.type in ('table', 'view') and m.name not like 'sqlite_%' order by 1, p.cid",
}

FILE_ANSWERS = {"duckdb": _duckdb_answer, "sqlite": _sqlite_answer}


def _refused(where: str, error: Exception) -> InputError:
    said = " ".join(str(error).split())
    return InputError(where, f"the database refused ({said})", "a database file and a query that it answers")


@contextmanager
def _server_answer(file: FileRule, where: str) -> Iterator[pa.RecordBatchReader]:
    address = _connection(file, where, "the address of the database, postgresql://user:password@host/name")
    dbapi = _driver(file.format, where)
    from adbc_driver_manager import Error  # only where a source has a database

    try:
        opened = dbapi.connect(address, autocommit=True)
    except Error as error:
        raise InputError(where, f"the database refused ({_why(error)})", f"an address that works, in "
                         f"{file.connection}; signs such as @ and / in a password are written %40 and %2F") from None
    try:
        with opened as connection, connection.cursor() as cursor:
            cursor.execute(READ_ONLY)
            cursor.execute(file.query)
            yield _readable(cursor.fetch_record_batch(), where)
    except (Error, pa.ArrowException) as error:
        said = " ".join(str(error).replace(address, "the database").split())
        raise InputError(where, f"the database refused ({said})", "a query that it answers") from None


SERVER_ANSWERS = {"postgresql": _server_answer}


@contextmanager
def _driver_answer(file: FileRule, where: str) -> Iterator[pa.RecordBatchReader]:
    """Give the answer of a database whose ADBC driver is installed, by its address or its options as JSON."""
    told = _connection(file, where, "the address of the database, or its driver's options as a JSON object")
    dbapi = _driver(file.format, where)
    from adbc_driver_manager import Error

    try:
        options = {"db_kwargs": json.loads(told)} if told.startswith("{") else {"uri": told}
        with dbapi.connect(**options) as connection, connection.cursor() as cursor:
            cursor.execute(file.query)
            yield cursor.fetch_record_batch()
    except (Error, pa.ArrowException, ValueError, TypeError) as error:
        said = " ".join(str(error).replace(told, "the database").split())
        raise InputError(where, f"the database refused ({said})", "a connection and a query that it answers") from None


def _driver(system: str, where: str) -> ModuleType:
    try:
        return importlib.import_module(f"adbc_driver_{system}.dbapi")
    except ModuleNotFoundError:
        raise InputError(where, f"the driver of {system} is not installed",
                         f"pip install adbc-driver-{system}") from None


def _connection(file: FileRule, where: str, allowed: str) -> str:
    if told := os.environ.get(file.connection, ""):
        return told
    raise InputError(where, f"the environment variable {file.connection} is not set", allowed)


def _readable(answer: pa.RecordBatchReader, where: str) -> pa.RecordBatchReader:
    """Return an answer with its uuids as text.

    Raises
    ------
    InputError
        If a column arrives in a form that would be misread: money as a number of cents, others as bytes.
    """
    for field in answer.schema:
        kind = (field.metadata or {}).get(b"POSTGRESQL:type", b"").decode() or str(field.type)
        stored = field.type.storage_type if isinstance(field.type, pa.OpaqueType) else field.type
        if kind == "money" or pa.types.is_binary(stored):
            raise InputError(f"{where}.{field.name}", f"values of type {kind} cannot be read as they arrive",
                             f"a cast in the query: {field.name}::{'numeric' if kind == 'money' else 'text'}")
    if not any(isinstance(field.type, pa.UuidType) for field in answer.schema):
        return answer
    schema = pa.schema([pa.field(f.name, pa.string() if isinstance(f.type, pa.UuidType) else f.type)
                        for f in answer.schema])
    return pa.RecordBatchReader.from_batches(schema, (_with_uuids(batch, schema) for batch in answer))


def _with_uuids(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    columns = [pa.array([None if v is None else str(v) for v in column.to_pylist()], pa.string())
               if isinstance(column.type, pa.UuidType) else column for column in batch.columns]
    return pa.record_batch(columns, schema=schema)


def _why(error: Exception) -> str:
    """Return why no connection came about, in our own words: the driver's repeat parts of the address."""
    return next((said for sign, said in REFUSALS if sign in str(error).lower()), "no connection came about")
