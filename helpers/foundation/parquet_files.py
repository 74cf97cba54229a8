"""Parquet files are read by what is in them: no columns from folder names, no glob patterns in paths."""

import glob
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from helpers.foundation.errors import InputError
from helpers.foundation.schema import sql_text

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


def duckdb_scan(path: Path) -> str:
    """Return how a table is read in a query of DuckDB.

    Examples
    --------
    >>> duckdb_scan(Path("/nowhere/o'clock.parquet")).partition("], ")[0]
    "read_parquet(['/nowhere/o''clock.parquet'"
    """
    files = ", ".join(sql_text(file) for file in duckdb_paths(path))
    return f"read_parquet([{files}], {', '.join(f'{name} = {value}' for name, value in DUCKDB.items())})"


def spark_path(path: Path) -> str:
    r"""Return the path of a table as Spark is told it: signs of a pattern stand for themselves.

    Examples
    --------
    >>> print(spark_path(Path("/nowhere/sales{1}.parquet")))
    /nowhere/sales\{1\}.parquet
    """
    return str(path).translate(HADOOP_PATTERN)


class DamagedTableError(InputError):
    """A stored table that was cut short, overwritten or of another form; whoever reads earlier runs passes it over."""


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


def load_columns(path: Path, wanted: pa.Schema) -> pa.Table:
    """Return columns of a table in memory.

    Raises
    ------
    DamagedTableError
        If it is no whole table, lacks one of them, or holds something else in it.
    """
    require_columns(path, wanted, wanted.names)
    return load_table(path, wanted.names)


def load_frame(path: Path, wanted: pa.Schema, needed: Sequence[str]) -> pd.DataFrame:
    """Return a small table in memory as `Engine.frame` would, at a tenth of the time; without rows where it is absent.

    Parameters
    ----------
    path : Path
        The table.
    wanted, needed : Schema, sequence of str
        What is read from it, see `require_columns`; columns beyond that are left out, absent ones are empty.

    Raises
    ------
    DamagedTableError
        If it is no whole table, or holds something else than what is read from it.
    """
    require_columns(path, wanted, needed)
    table = load_table(path) if table_parts(path) else wanted.empty_table()
    return as_frame(table).reindex(columns=wanted.names)


def as_frame(table: pa.Table) -> pd.DataFrame:
    """Return a table as frames have it: money as float64, dates as timestamps."""
    return table.cast(pa.schema([_in_frame(field) for field in table.schema])).to_pandas()


def _in_frame(field: pa.Field) -> pa.Field:
    if pa.types.is_decimal(field.type):
        return field.with_type(pa.float64())
    is_time = pa.types.is_date(field.type) or pa.types.is_timestamp(field.type)
    return field.with_type(pa.timestamp("us")) if is_time else field


def damage(path: Path, wanted: pa.Schema | None = None, needed: Sequence[str] = ()) -> str:
    """Return what is wrong with a table of which anything cannot be read, empty where all of it can or it is absent.

    Parameters
    ----------
    path : Path
        The table.
    wanted, needed : Schema, sequence of str
        What is read from it, see `require_columns`.
    """
    try:
        require_columns(path, wanted or pa.schema([]), needed)
        with _whole(path):
            for part in table_parts(path):
                with pq.ParquetFile(part) as file:
                    for _ in file.iter_batches():
                        pass
    except DamagedTableError as error:
        return str(error)
    return ""


def require_columns(path: Path, wanted: pa.Schema, needed: Sequence[str]) -> None:
    """Refuse a table that holds something else than what is read from it; an absent one is refused nothing.

    Parameters
    ----------
    path : Path
        The table.
    wanted : Schema
        Columns that are read where they are there. A whole number is a number; what is empty throughout is anything.
    needed : sequence of str
        Columns that have to be there.

    Raises
    ------
    DamagedTableError
        If it is no whole table, lacks one of them, or holds something else in it.
    """
    for part in table_parts(path):
        with _whole(path):
            known = pq.read_schema(part)
        for name in needed:
            if name not in known.names:
                raise _damaged(path, f"it has no column '{name}'")
        for column in (column for column in wanted if column.name in known.names):
            found, meant = _kind(known.field(column.name).type), _kind(column.type)
            if found not in (meant, ""):
                raise _damaged(path, f"its column '{column.name}' holds {found}, not {meant}")


def _kind(held: pa.DataType) -> str:
    """Return in words what a column holds, empty where it is empty throughout."""
    kinds = {"text": (pa.types.is_string, pa.types.is_large_string, pa.types.is_dictionary),
             "numbers": (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal),
             "dates": (pa.types.is_date, pa.types.is_timestamp), "flags": (pa.types.is_boolean,),
             "": (pa.types.is_null,)}
    return next((word for word, tests in kinds.items() if any(test(held) for test in tests)), str(held))


@contextmanager
def _whole(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowInvalid, OSError) as error:
        if getattr(error, "errno", None) is not None:  # a fault of the system, not of what the file holds
            raise
        raise _damaged(path, "it is no whole table") from None


def _damaged(path: Path, found: str) -> DamagedTableError:
    return DamagedTableError(f"run {path.parents[1].name}: {path.parent.name}/{path.stem}", found, "a run made anew")
