"""The engine behind every table: DuckDB through Ibis, lazy tables in and out.

Everything that is particular to an engine stands in its class; functions elsewhere take and return Ibis tables and
give the same values on both.
"""

import os
import tempfile
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pandas as pd
import psutil
import pyarrow as pa
import sqlglot.expressions as sge
from ibis.backends.sql.datatypes import DuckDBType
from sqlglot.generators.duckdb import DuckDBGenerator

from helpers.foundation import parquet_files, plain_numbers
from helpers.foundation.errors import InputError
from helpers.foundation.schema import sql_identifier

THREADS_VARIABLE = "LOYALTY_THREADS"

MEMORY_VARIABLE = "LOYALTY_MEMORY_MIB"

MAX_FRAME_ROWS = 5_000_000

MAX_THREADS = 256  # more than one process can use, and few enough to be started

MIN_MEMORY_MIB = 8  # with less, no engine opens

ibis.options.sql.fuse_selects = False  # engines flatten queries themselves; doing it in Python as well took longer

_type_in_full = DuckDBGenerator.TRANSFORMS[sge.DataType]

_WRITTEN_IN_FULL = {sge.DType.ARRAY, sge.DType.TIME, sge.DType.TIMETZ, sge.DType.TIMESTAMPTZ, sge.DType.USERDEFINED}


def type_text(generator: DuckDBGenerator, kind: sge.DataType) -> str:
    """Return a type in DuckDB's SQL as sqlglot writes it, which reads the word "array" anew for each of them."""
    return _type_in_full(generator, kind) if kind.this in _WRITTEN_IN_FULL else generator.datatype_sql(kind)


DuckDBGenerator.TRANSFORMS[sge.DataType] = type_text


def thread_count() -> int:
    """Return the number of threads this process may use: ``LOYALTY_THREADS``, else every core.

    Raises
    ------
    InputError
        If the variable is no number that an engine can start with.
    """
    return environment_number(THREADS_VARIABLE, 1, MAX_THREADS) or os.cpu_count() or 1


def memory_mib() -> int:
    """Return the memory this process may use [MiB]: ``LOYALTY_MEMORY_MIB``, else 60 % of the machine's.

    Raises
    ------
    InputError
        If the variable is no number, too little to start with, or more than the machine has.
    """
    machine = psutil.virtual_memory().total // 2**20
    return environment_number(MEMORY_VARIABLE, MIN_MEMORY_MIB, machine) or machine * 6 // 10


def require_limits() -> None:
    """Refuse threads and memory that the environment gives wrongly, before anything starts.

    Raises
    ------
    InputError
        Naming the variable and what it may be.
    """
    thread_count()
    memory_mib()


def environment_number(variable: str, low: int, high: int, otherwise: int = 0) -> int:
    """Return the whole number in an environment variable, another where it is not set.

    Raises
    ------
    InputError
        If it is no number within the bounds.
    """
    text = os.environ.get(variable, "").strip()
    if not text:
        return otherwise
    try:
        number = plain_numbers.integer(text)
    except ValueError:
        number = low - 1
    if not low <= number <= high:
        raise InputError(variable, f"'{text}' cannot be used", f"a whole number from {low:,} to {high:,}")
    return number


@dataclass(slots=True)
class Engine:
    """One engine session: tables in, tables out. This one is DuckDB's; Spark's is derived from it."""

    name: str = "duckdb"
    _connection: ibis.BaseBackend | None = None
    _shared: dict[tuple[Hashable, ...], ir.Table] = field(default_factory=dict)
    _viewed: list[ir.Table] = field(default_factory=list)

    @property
    def connection(self) -> ibis.BaseBackend:
        """The Ibis backend, connected at first use."""
        if self._connection is None:
            spill = Path(tempfile.gettempdir()) / f"loyalty-{uuid4().hex}"  # made when memory runs short, then removed
            self._connection = ibis.duckdb.connect(
                threads=thread_count(), memory_limit=f"{memory_mib()}MiB", temp_directory=str(spill))
            with suppress(duckdb.InvalidInputException):  # a kernel that cannot show a bar has it off for good
                self._execute("SET enable_progress_bar = false")  # elsewhere DuckDB would print it into the page
        return self._connection

    def stored(self, path: Path) -> ir.Table:
        """Return the lazy table of a Parquet file, or of a folder of them."""
        name = ibis.util.gen_name("stored")
        self._execute(f"CREATE TEMP VIEW {name} AS SELECT * FROM {parquet_files.duckdb_scan(path)}")
        described = self.connection.con.execute(f"DESCRIBE {name}").fetchall()
        return self._named(name, ibis.schema({column: _column_type(kind) for column, kind, *_ in described}))

    def in_order(self, table: ir.Table, order: Sequence[str]) -> ir.Table:
        """Return a stored table in the order in which it was written, by the columns that it was sorted by."""
        return table

    def lazy(self, table: ir.Table | pd.DataFrame | pa.Table) -> ir.Table:
        """Return any table as a lazy one; frames and Arrow tables are lent to the engine without a copy."""
        return table if isinstance(table, ir.Table) else ibis.memtable(table)

    def sql(self, query: str) -> ir.Table:
        """Return the lazy result of a query written in DuckDB's dialect."""
        return self.connection.sql(query, dialect="duckdb")

    def kept(self, table: ir.Table) -> ir.Table:
        """Return the table computed once and kept in the engine, for expressions that are used several times."""
        name, schema = ibis.util.gen_name("kept"), table.schema()
        types = {c: self.connection.compiler.type_mapper.to_string(kind) for c, kind in schema.items()}
        columns = ", ".join(f"CAST({sql_identifier(c)} AS {kind}) AS {sql_identifier(c)}" for c, kind in types.items())
        self._execute(f"CREATE TEMP TABLE {name} AS SELECT {columns} FROM ({self.query_text(table)})")
        return self._named(name, schema)

    def view(self, table: ir.Table) -> ir.Table:
        """Return the table under a name of its own: compiled once, and computed anew with whatever is asked of it."""
        name = ibis.util.gen_name("view")
        self._execute(f"CREATE TEMP VIEW {name} AS {self.query_text(table)}")
        self._viewed.append(table)  # what it lends from memory stays as long as the view
        return self._named(name, table.schema())

    def query_text(self, table: ir.Table) -> str:
        """Return the query of a table in the engine's SQL; what it takes from memory is lent to the engine."""
        self.connection._run_pre_execute_hooks(table)
        return self.connection.compile(table)

    def _execute(self, statement: str) -> None:
        self.connection.con.execute(statement)

    def _named(self, name: str, schema: ibis.Schema) -> ir.Table:
        """Return a table of the session by its name; asking the engine for the types takes as long as many a query."""
        return ops.DatabaseTable(name, schema=schema, source=self.connection).to_expr()

    def once(self, function: Callable[..., ir.Table], table: ir.Table, *given: Hashable,
             **named: Hashable) -> ir.Table:
        """Return what a function gives of a table, kept in the engine: computed at the first call, whoever asks again.

        For what many functions begin with, over tables that do not change while the session lasts.
        """
        key = (function, table.op(), given, tuple(named.items()))
        if key not in self._shared:
            self._shared[key] = self.kept(function(table, *given, **named))
        return self._shared[key]

    def forget(self, table: ir.Table) -> None:
        """Give back the memory of a table that was kept and is needed no more."""
        self.connection.drop_table(table.op().name)

    def first_row(self, table: ir.Table) -> dict[str, Any]:
        """Return the first row as plain values by column."""
        op = table.op()
        is_one_row = isinstance(op, ops.Aggregate) and not op.groups
        return self.arrow(table if is_one_row else table.limit(1)).to_pylist()[0]

    def row(self, query: str) -> dict[str, Any]:
        """Return the one row of a query written in DuckDB's dialect, as plain values by column."""
        found = self.connection.con.execute(query)
        return dict(zip([column for column, *_ in found.description], found.fetchone(), strict=True))

    def arrow(self, table: ir.Table) -> pa.Table:
        """Return the table in memory as Arrow."""
        return self.connection.to_pyarrow(table)

    def frame(self, table: ir.Table, name: str = "table", limit: int = MAX_FRAME_ROWS) -> pd.DataFrame:
        """Return the table in memory as a frame: money as float64, dates as datetime64.

        Raises
        ------
        InputError
            If it has more rows than the limit.
        """
        schema = table.schema()
        casts = {c: "float64" for c, t in schema.items() if t.is_decimal()}
        casts |= {c: "timestamp(6)" for c, t in schema.items() if t.is_date()}
        arrow = self.arrow((table.cast(casts) if casts else table).limit(limit + 1))
        if arrow.num_rows > limit:
            raise InputError(name, f"more than {limit:,} rows", "aggregate in the engine first, or raise the limit")
        return arrow.to_pandas()

    def write(self, table: ir.Table, path: Path, order: Sequence[str]) -> None:
        """Write the table to one Parquet file, sorted by the given columns, empty values first."""
        self.connection.to_parquet(self.sorted(table, order), str(path), compression="zstd")

    def sorted(self, table: ir.Table, order: Sequence[str]) -> ir.Table:
        """Return the table sorted by the given columns, empty values first."""
        return table.order_by([ibis.asc(c, nulls_first=True) for c in order]) if order else table


@cache
def _column_type(name: str) -> dt.DataType:
    """Return the type that DuckDB calls by a name."""
    return DuckDBType.from_string(name)
