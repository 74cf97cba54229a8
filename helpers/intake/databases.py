"""PostgreSQL queries as records: read only, in batches; credentials come from the environment."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from helpers.foundation.errors import InputError
from helpers.intake.profile_schema import FileRule

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


def refuse_unordered(query: str, where: str) -> None:
    """Refuse what is no single ordered question: without an order records would change their numbers.

    Raises
    ------
    InputError
        If it is none.
    """
    try:
        found = sqlglot.parse(query, dialect="postgres")
    except SqlglotError as error:
        raise InputError(where, f"the query is not readable as SQL ({str(error).splitlines()[0]})") from None
    if len(found) != 1 or not isinstance(found[0], exp.Query):
        raise InputError(where, "the query does not only read", "one select")
    if not found[0].args.get("order"):
        raise InputError(where, "the query has no order, so that its records would change their numbers", "order by")


@contextmanager
def query_batches(file: FileRule, where: str) -> Iterator[pa.RecordBatchReader]:
    """Give the answer to a file's query, to be read in batches.

    Raises
    ------
    InputError
        If the environment names no database, or the database refuses.
    """
    refuse_unordered(file.query, where)
    address = os.environ.get(file.connection, "")
    if not address:
        raise InputError(where, f"the environment variable {file.connection} is not set",
                         "the address of the database, postgresql://user:password@host/name")
    from adbc_driver_manager import Error  # only where a source has a database
    from adbc_driver_postgresql import dbapi

    try:
        opened = dbapi.connect(address, autocommit=True)
    except Error as error:
        raise InputError(where, f"the database refused ({_why(error)})", f"an address that works, in "
                         f"{file.connection}; signs such as @ and / in a password are written %40 and %2F") from None
    try:
        with opened as connection, connection.cursor() as cursor:
            cursor.execute(READ_ONLY)
            cursor.execute(file.query)
            yield cursor.fetch_record_batch()
    except (Error, pa.ArrowException) as error:
        said = " ".join(str(error).replace(address, "the database").split())
        raise InputError(where, f"the database refused ({said})", "a query that it answers") from None


def _why(error: Exception) -> str:
    """Return why no connection came about, in our own words: the driver's repeat parts of the address."""
    return next((said for sign, said in REFUSALS if sign in str(error).lower()), "no connection came about")
