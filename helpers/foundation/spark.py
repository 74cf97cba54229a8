"""The engine on a cluster: Spark behind Ibis, with DuckDB's answers; on this machine where no cluster is named."""

import os
import shutil
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import ibis
import ibis.expr.types as ir
from pyspark.sql import DataFrame, SparkSession

from helpers.foundation import parquet
from helpers.foundation.dialect import Lending
from helpers.foundation.engine import Engine, memory_mib, thread_count

ADDRESS = "LOYALTY_SPARK"
HEAP = 0.7  # the rest of the memory is Python's
SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",  # times are naive, in the study's time zone
    "spark.sql.caseSensitive": "true",
    "spark.sql.ansi.enabled": "true",  # what does not fit stops the run, as in DuckDB
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
}


def address() -> str:
    """Return where Spark is: ``LOYALTY_SPARK`` (a master, or ``sc://host:port``), else this machine's cores."""
    return os.environ.get(ADDRESS) or f"local[{thread_count()}]"


def session() -> SparkSession:
    """Return the session of this process, begun at first use."""
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    place = address()
    if place.startswith("sc://"):
        begun = SparkSession.builder.remote(place).getOrCreate()
    else:
        begun = _builder(place).getOrCreate()
    for name, value in SETTINGS.items():
        begun.conf.set(name, value)
    return begun


def _builder(master: str) -> SparkSession.Builder:
    builder = SparkSession.builder.master(master).appName("loyalty-workbook")
    told = {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.log.level": "ERROR",
            "spark.driver.memory": f"{int(memory_mib() * HEAP)}m"}
    if master.startswith("local"):
        told |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1",
                 "spark.local.dir": tempfile.gettempdir(), "spark.sql.warehouse.dir": tempfile.gettempdir(),
                 "spark.sql.shuffle.partitions": str(4 * thread_count())}
    for name, value in told.items():
        builder = builder.config(name, value)
    return builder


@dataclass(slots=True)
class Spark(Engine):
    """One session of Spark: the same tables in, the same tables out."""

    name: str = "spark"
    _kept: dict[str, DataFrame] = field(default_factory=dict)

    @property
    def connection(self) -> ibis.BaseBackend:
        """The Ibis backend, connected at first use."""
        if self._connection is None:
            self._connection = Lending()
            self._connection.register_options()
            self._connection.do_connect(session())
        return self._connection

    def stored(self, path: Path) -> ir.Table:
        """Return the lazy table of a Parquet file, or of a folder of them; every node of a cluster has to see it."""
        return self.connection.read_parquet(parquet.spark_path(path), **parquet.SPARK)

    def in_order(self, table: ir.Table, order: list[str]) -> ir.Table:
        """Return a stored table in the order in which it was written: parts are read in any."""
        return self.sorted(table, order)

    def kept(self, table: ir.Table) -> ir.Table:
        """Return the table computed once and kept in the cluster, for expressions that are used several times."""
        name = ibis.util.gen_name("kept")
        frame = self._computed(table).persist()
        frame.createOrReplaceTempView(name)
        self._kept[name] = frame
        return self.connection.table(name)

    def forget(self, table: ir.Table) -> None:
        """Give back the memory of a table that was kept and is needed no more."""
        name = table.op().name
        self._kept.pop(name).unpersist()
        self.connection.drop_view(name, force=True)

    def write(self, table: ir.Table, path: Path, order: list[str]) -> None:
        """Write the table, sorted, to one Parquet file; a large one to a folder of them, in order."""
        self._computed(self.sorted(table, order)).write.parquet(str(path), compression="zstd")
        parts = parquet.parts(path)
        if len(parts) == 1:
            lone = parts[0].replace(path.with_name(f"{path.name}.lone"))
            shutil.rmtree(path)
            lone.replace(path)

    def _computed(self, table: ir.Table) -> DataFrame:
        self.connection._run_pre_execute_hooks(table)
        return self.connection._session.sql(self.connection.compile(table))
