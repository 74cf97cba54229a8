"""Parquet files are read by what is in them: no columns from folder names, no glob patterns in paths."""

import glob
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from helpers.foundation.errors import InputError

# Unless told not to, engines take a folder ``amount=7`` above a file for a column, which replaces the file's own.
DUCKDB = {"hive_partitioning": False, "union_by_name": False, "filename": False}

SPARK = {"recursiveFileLookup": "true", "mergeSchema": "false"}  # the first leaves folders' names out

HADOOP_PATTERN = str.maketrans({sign: f"\\{sign}" for sign in "\\[]{}*?"})


def table_parts(path: Path) -> list[Path]:
    """Return the files of a table in order: the one that it is, or the parts in its folder; none where it is absent."""
    return sorted(path.glob("*.parquet")) if path.is_dir() else [path] if path.is_file() else []


def duckdb_paths(path: Path) -> list[str]:
    """Return the files of a table as DuckDB is told them: signs of a pattern stand for themselves.

    Examples
    --------
    >>> duckdb_paths(Path("/nowhere/sales[1].parquet"))
    ['/nowhere/sales[[]1].parquet']
    """
    return [glob.escape(str(part)) for part in table_parts(path) or [path]]


def spark_path(path: Path) -> str:
    r"""Return the path of a table as Spark is told it: signs of a pattern stand for themselves.

    Examples
    --------
    >>> print(spark_path(Path("/nowhere/sales{1}.parquet")))
    /nowhere/sales\{1\}.parquet
    """
    return str(path).translate(HADOOP_PATTERN)


class DamagedTableError(InputError):
    """A stored table that was cut short or overwritten; whoever reads earlier runs passes it over."""


def load_table(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Return a table in memory: all of its columns, or those that are named.

    Raises
    ------
    DamagedTableError
        If it is no whole table.
    """
    with _whole(path):
        return pq.read_table(path, columns=None if columns is None else list(columns), partitioning=None)


def n_rows(path: Path) -> int:
    """Return the number of rows of a table, 0 where it is absent.

    Raises
    ------
    DamagedTableError
        If it is no whole table.
    """
    with _whole(path):
        return sum(pq.read_metadata(part).num_rows for part in table_parts(path))


def damage(path: Path) -> str:
    """Return what is wrong with a table of which anything cannot be read, empty where all of it can or it is absent."""
    try:
        with _whole(path):
            for part in table_parts(path):
                with pq.ParquetFile(part) as file:
                    for _ in file.iter_batches():
                        pass
    except DamagedTableError as error:
        return str(error)
    return ""


@contextmanager
def _whole(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowInvalid, OSError) as error:
        if getattr(error, "errno", None) is not None:  # a fault of the system, not of what the file holds
            raise
        run, name = path.parents[1].name, f"{path.parent.name}/{path.stem}"
        raise DamagedTableError(f"run {run}: {name}", "it is no whole table", "a run made anew") from None
