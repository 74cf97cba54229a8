"""Spark behind Ibis, with DuckDB's answers to casts, divisions, dates and empty texts.

Numbers and dates are read from the same texts, money and whole numbers are rounded alike, a division by zero is no
error, an empty text is no missing one, and a frame that is lent to the engine keeps its types.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa
import sqlglot
import sqlglot.expressions as sge
from ibis.backends.pyspark import Backend
from ibis.backends.sql.compilers.base import NULL, SQLGlotCompiler
from ibis.backends.sql.compilers.pyspark import PySparkCompiler
from ibis.backends.sql.datatypes import PySparkType
from pyspark.sql import DataFrame, SparkSession

from helpers.foundation import parquet_files
from helpers.foundation.engine import Engine, memory_mib, thread_count

NUMBER_PATTERN = (
    r"^(?!.*(?:_(?![0-9])|(?<![0-9])_))\s*[-+.0-9eE_]+\s*$"  # Spark also reads 5d, 5f and digits of other scripts
)

NUMBER_OR_INFINITY_PATTERN = rf"{NUMBER_PATTERN}|^\s*[-+]?(?i:inf|infinity|nan)\s*$"

DATE_PATTERN = r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"

TIME_PATTERN = r"[0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}(\.[0-9]*)?)?(Z|[+-][0-9]{2}(:[0-9]{2})?| UTC)?"

TIMESTAMP_PATTERN = rf"^\s*{DATE_PATTERN}( *[ T] *{TIME_PATTERN})?$"

MIDNIGHT_24_PATTERN = rf"^\s*{DATE_PATTERN} *[ T] *24:00(:00(\.0*)?)?$"

DATE_TIME_SEPARATOR = rf"^({DATE_PATTERN}) *[ T] *"


class DuckDbLikeCompiler(PySparkCompiler):
    """Ibis' compiler for Spark, with DuckDB's answers."""

    __slots__ = ()

    def visit_TryCast(self, op: ops.TryCast, *, arg: sge.Expression, to: dt.DataType) -> sge.Expression:  # noqa: N802
        """Return a cast that gives nothing where the value does not fit."""
        return self._read(op.arg.dtype, arg, to, self._tried)

    def visit_Cast(self, op: ops.Cast, *, arg: sge.Expression, to: dt.DataType) -> sge.Expression:  # noqa: N802
        """Return a cast that stops the run where the value does not fit."""
        return self._read(op.arg.dtype, arg, to, self.cast)

    def visit_Divide(self, op: ops.Divide, *, left: sge.Expression, right: sge.Expression) -> sge.Expression:  # noqa: N802
        """Return a quotient of floats; what is divided by zero is endless, and no error."""
        left, right = (side if value.dtype.is_float64() else self.cast(side, dt.float64)
                       for side, value in ((left, op.left), (right, op.right)))
        left, right = sge.paren(left), sge.paren(right)
        endless = left * self.cast("Infinity", dt.float64)
        return self.if_(right.eq(0), endless, sge.Div(this=left.copy(), expression=right.copy()))

    def visit_GroupConcat(self, op: ops.GroupConcat, *, arg: sge.Expression, sep: sge.Expression,  # noqa: N802
                          where: sge.Expression | None, order_by: Any) -> sge.Expression:
        """Return texts joined in the order of the texts themselves."""
        if where is not None:
            arg = self.if_(where, arg, NULL)
        found = self.f.sort_array(self.f.collect_list(arg)) if order_by else self.f.collect_list(arg)
        return self.f.array_join(self.if_(self.f.size(found).eq(0), NULL, found), sep)

    def visit_Strip(self, op: ops.Strip, *, arg: sge.Expression) -> sge.Expression:  # noqa: N802
        """Return a text without white space around it; ibis names it by signs that Spark takes for letters."""
        return self.f.regexp_replace(arg, sge.convert(r"^\s+|\s+$"), sge.convert(""))

    def visit_StringSplit(self, op: ops.StringSplit, *, arg: sge.Expression,  # noqa: N802
                          delimiter: sge.Expression) -> sge.Expression:
        """Return the parts between a sign, which is no pattern."""
        quoted = self.f.concat(sge.convert(r"\Q"), delimiter, sge.convert(r"\E"))
        return self.f.anon.split(arg, quoted)

    def visit_ArrayIndex(self, op: ops.ArrayIndex, *, arg: sge.Expression,  # noqa: N802
                         index: sge.Expression) -> sge.Expression:
        """Return one part, nothing where there are fewer."""
        return self.f.anon.try_element_at(arg, index + 1)

    def visit_IsNan(self, op: ops.IsNan, *, arg: sge.Expression) -> sge.Expression:  # noqa: N802
        """Return whether a value is no number, which cannot be told of one that is missing."""
        return self.if_(arg.is_(NULL), NULL, self.f.isnan(arg))

    def visit_IsInf(self, op: ops.IsInf, *, arg: sge.Expression) -> sge.Expression:  # noqa: N802
        """Return whether a number is endless."""
        return self.f.abs(arg).eq(self.cast("Infinity", dt.float64))

    def visit_WindowFunction(self, op: ops.WindowFunction, **parts: Any) -> sge.Expression:  # noqa: N802
        """Return a value over a window; a rank in the type that Ibis takes it to have."""
        found = super().visit_WindowFunction(op, **parts)
        return self.cast(found, op.dtype) if isinstance(op.func, ops.RankBase) else found

    def visit_Select(self, op: ops.Node, *, qualified: Sequence[sge.Expression], **parts: Any) -> sge.Expression:  # noqa: N802
        """Return a selection; a filter by a window is moved outside it, where its columns have another table."""
        moved = [condition.copy() for condition in qualified]
        for column in (c for condition in moved for c in condition.find_all(sge.Column)):
            if column.find_ancestor(sge.Window) is None:
                column.set("table", None)
        return super().visit_Select(op, qualified=moved, **parts)

    visit_IsNull = SQLGlotCompiler.visit_IsNull  # noqa: N815 — a number that is none is not empty
    visit_NotNull = SQLGlotCompiler.visit_NotNull  # noqa: N815

    def _tried(self, arg: sge.Expression, to: dt.DataType) -> sge.Expression:
        return sge.TryCast(this=arg, to=self.type_mapper.from_ibis(to), safe=True)

    def _read(self, kind: dt.DataType, arg: sge.Expression, to: dt.DataType, cast: Any) -> sge.Expression:
        if kind.is_string() and to.is_numeric():
            return self._number(arg, to, cast)
        if kind.is_string() and to.is_timestamp():
            return self._moment(arg, to, cast)
        if kind.is_floating() and to.is_decimal():
            scaled = self.f.round(sge.paren(arg) * sge.Literal.number(f"1E{to.scale}"))
            return cast(self._tried(scaled, dt.int64) * self._unit(to.scale), to)
        if kind.is_floating() and to.is_integer():
            return cast(self.f.rint(arg), to)
        return cast(self.f.round(arg) if kind.is_decimal() and to.is_integer() else arg, to)

    def _unit(self, scale: int) -> sge.Expression:
        return self.cast(f"{10 ** -scale:.{scale}f}", dt.Decimal(max(scale, 1), scale))

    def _number(self, arg: sge.Expression, to: dt.DataType, cast: Any) -> sge.Expression:
        is_number = self.f.rlike(arg, sge.convert(NUMBER_OR_INFINITY_PATTERN if to.is_floating() else NUMBER_PATTERN))
        bare = self.f.replace(arg, sge.convert("_"), sge.convert(""))
        if to.is_integer():
            bare = self.f.round(self._tried(bare, dt.Decimal(38, 10)))
        return cast(self.if_(is_number, bare, NULL), to)

    def _moment(self, arg: sge.Expression, to: dt.DataType, cast: Any) -> sge.Expression:
        tight = self.f.regexp_replace(self.f.ltrim(arg), sge.convert(DATE_TIME_SEPARATOR), sge.convert("$1 "))
        next_day = cast(self.f.substring_index(tight, sge.convert(" "), 1), to) + sge.Interval(
            this=sge.convert("1"), unit=sge.Var(this="DAY"))
        return sge.Case(ifs=[self.if_(self.f.rlike(arg, sge.convert(MIDNIGHT_24_PATTERN)), next_day),
                             self.if_(self.f.rlike(arg, sge.convert(TIMESTAMP_PATTERN)), cast(tight, to))])


class FrameReadingBackend(Backend):
    """Ibis' backend for Spark, which takes frames and Arrow tables as they are."""

    compiler = DuckDbLikeCompiler()

    def to_pyarrow(self, expr: ir.Expr, /, *, params: Mapping[ir.Scalar, Any] | None = None,
                   limit: int | str | None = None, **_: Any) -> Any:
        """Return what an expression gives as Arrow, in its own types."""
        self._run_pre_execute_hooks(expr)
        table = expr.as_table()
        found = self.planned(self.compile(table, params=params, limit=limit)).toArrow()
        return expr.__pyarrow_result__(found.cast(table.schema().to_pyarrow()))

    def planned(self, statement: str) -> DataFrame:
        """Return the frame of a statement in SQL; the parser's memory of statements is kept within bounds."""
        frame = self._session.sql(statement)
        limit_parser_cache(self._session)
        return frame

    def execute(self, expr: ir.Expr, /, **told: Any) -> Any:
        """Return what an expression gives as a frame, or as a plain value."""
        return expr.__pandas_result__(self.to_pyarrow(expr.as_table(), **told).to_pandas())

    def _register_in_memory_table(self, op: ops.InMemoryTable) -> None:
        lent = op.data.to_pyarrow(op.schema)
        flat = pa.table({str(i): column for i, column in enumerate(lent.columns)})
        frame = self._session.createDataFrame(flat).toDF(*lent.column_names)
        types = [f"`{name}`" if kind.is_null() else f"CAST(`{name}` AS {PySparkType.to_string(kind)}) AS `{name}`"
                 for name, kind in op.schema.items()]
        frame.selectExpr(*types).createOrReplaceTempView(op.name)


PARSER_STATE_BYTES = 9_000  # of the heap, for one state of the parser's automaton; measured

PARSER_HEAP_SHARE = 0.2  # of the heap that the parser may remember statements in


def limit_parser_cache(session: SparkSession) -> None:
    """Empty the cache of the driver's SQL parser once it has outgrown its share of the heap.

    Notes
    -----
    The parser remembers every way through its grammar. Spark before 4.1 never forgets one (SPARK-47404), and long
    statements of many kinds fill the heap until nothing but garbage is collected. Behind Spark Connect the parser is
    the server's.
    """
    jvm = getattr(session, "_jvm", None)
    if jvm is None:
        return
    heap = jvm.java.lang.Runtime.getRuntime().maxMemory()
    if parser_cache_states(session) * PARSER_STATE_BYTES > PARSER_HEAP_SHARE * heap:
        jvm.org.apache.spark.sql.catalyst.parser.SqlBaseParser(None).getInterpreter().clearDFA()


def parser_cache_states(session: SparkSession) -> int:
    """Return how many states of its automaton the driver's SQL parser remembers."""
    jvm: Any = session._jvm
    parser = jvm.org.apache.spark.sql.catalyst.parser.SqlBaseParser(None)
    atn = jvm.org.antlr.v4.runtime.atn
    return int(atn.ParseInfo(atn.ProfilingATNSimulator(parser)).getDFASize())


SPARK_VARIABLE, IN_PROCESS = "LOYALTY_SPARK", "local"  # how the address of a Spark inside this process begins

HEAP_SHARE = 0.7  # the rest of the memory is Python's

SPARK_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",  # times are naive, in the study's time zone
    "spark.sql.caseSensitive": "true",
    "spark.sql.ansi.enabled": "true",  # what does not fit stops the run, as in DuckDB
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
}

LARGE_BYTES = 2**26  # of a stored table; with smaller ones a query takes longer to compile than to run

SMALL_TABLES = {"spark.sql.codegen.wholeStage": "false", "spark.sql.codegen.factoryMode": "NO_CODEGEN",
                "spark.sql.shuffle.partitions": "1"}

LARGE_TABLES = {"spark.sql.codegen.wholeStage": "true", "spark.sql.codegen.factoryMode": "FALLBACK"}


def spark_address() -> str:
    """Return where Spark is: ``LOYALTY_SPARK`` (a master, or ``sc://host:port``), else this machine's cores."""
    return os.environ.get(SPARK_VARIABLE) or f"local[{thread_count()}]"


def spark_session() -> SparkSession:
    """Return the session of this process, begun at first use."""
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    place = spark_address()
    if place.startswith("sc://"):
        begun = SparkSession.builder.remote(place).getOrCreate()
    else:
        begun = _session_builder(place).getOrCreate()
    for name, value in SPARK_SETTINGS.items():
        begun.conf.set(name, value)
    return begun


def _session_builder(master: str) -> SparkSession.Builder:
    builder = SparkSession.builder.master(master).appName("loyalty-workbook")
    told = {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.log.level": "ERROR",
            "spark.driver.memory": f"{int(memory_mib() * HEAP_SHARE)}m"}
    if master.startswith(IN_PROCESS):
        told |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1",
                 "spark.local.dir": tempfile.gettempdir(), "spark.sql.warehouse.dir": tempfile.gettempdir()}
    for name, value in told.items():
        builder = builder.config(name, value)
    return builder


@dataclass(slots=True)
class SparkEngine(Engine):
    """One session of Spark: the same tables in, the same tables out.

    Notes
    -----
    Inside this process queries are interpreted, with one task a shuffle, until a large table is read; a cluster keeps
    the settings that it was given.
    """

    name: str = "spark"
    _is_large: bool = False
    _kept: dict[str, DataFrame] = field(default_factory=dict)

    @property
    def connection(self) -> ibis.BaseBackend:
        """The Ibis backend, connected at first use."""
        if self._connection is None:
            connection = FrameReadingBackend()
            connection.register_options()
            connection.do_connect(spark_session())
            self._connection = connection
            if spark_address().startswith(IN_PROCESS):
                self._set(SMALL_TABLES)
        return self._connection

    def stored(self, path: Path) -> ir.Table:
        """Return the lazy table of a Parquet file, or of a folder of them; every node of a cluster has to see it."""
        size = sum(part.stat().st_size for part in parquet_files.table_parts(path))
        if size >= LARGE_BYTES and spark_address().startswith(IN_PROCESS) and not self._is_large:
            self._is_large = True
            self._set({**LARGE_TABLES, "spark.sql.shuffle.partitions": str(4 * thread_count())})
        return self.connection.read_parquet(parquet_files.spark_path(path), **parquet_files.SPARK)

    def in_order(self, table: ir.Table, order: Sequence[str]) -> ir.Table:
        """Return a stored table in the order in which it was written: parts are read in any."""
        return self.sorted(table, order)

    def kept(self, table: ir.Table) -> ir.Table:
        """Return the table computed once and kept in the cluster, for expressions that are used several times.

        Notes
        -----
        Spark plans a table that is persisted anew, with all that it was made from, in every query; where tables are
        kept of kept tables that takes longer than to compute them. A local checkpoint leaves the rows alone to plan
        with, but cannot be made again where a machine of a cluster is lost: it is for Spark inside this process.
        """
        name = ibis.util.gen_name("kept")
        computed = self._computed(table)
        frame = computed.localCheckpoint() if spark_address().startswith(IN_PROCESS) else computed.persist()
        frame.createOrReplaceTempView(name)
        self._kept[name] = frame
        return self.connection.table(name)

    def forget(self, table: ir.Table) -> None:
        """Give back the memory of a table that was kept and is needed no more."""
        name = table.op().name
        self._kept.pop(name).unpersist()
        self.connection.drop_view(name, force=True)

    def view(self, table: ir.Table) -> ir.Table:
        """Return the table under a name of its own: planned once, and computed anew with whatever is asked of it."""
        name = ibis.util.gen_name("view")
        self._computed(table).createOrReplaceTempView(name)
        return self._named(name, table.schema())

    def row(self, query: str) -> dict[str, Any]:
        """Return the one row of a query written in DuckDB's dialect, as plain values by column."""
        statement = sqlglot.transpile(query, read="duckdb", write="spark")[0]
        return self.connection.planned(statement).collect()[0].asDict()

    def write(self, table: ir.Table, path: Path, order: Sequence[str]) -> None:
        """Write the table, sorted, to one Parquet file; a large one to a folder of them, in order."""
        self._computed(self.sorted(table, order)).write.parquet(str(path), compression="zstd")
        parts = parquet_files.table_parts(path)
        if len(parts) == 1:
            lone = parts[0].replace(path.with_name(f"{path.name}.lone"))
            shutil.rmtree(path)
            lone.replace(path)

    def _set(self, settings: Mapping[str, str]) -> None:
        for name, value in settings.items():
            self.connection._session.conf.set(name, value)

    def _computed(self, table: ir.Table) -> DataFrame:
        return self.connection.planned(self.query_text(table))
