"""Forecast origins aligned on one day, so that one query computes the features of them all.

Building and compiling a query of features takes longer than the engine takes over a small company's records, and every
origin would need a query of its own. Moved in time until its own last day is the common one, a copy of the records
for each origin gives the same query the same answer.
"""

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from datetime import date

import ibis.expr.types as ir
import pandas as pd

from helpers.churn.churn_features import ChurnTables
from helpers.foundation.engine import Engine

MAX_LINES = 3_000_000  # of all copies in one query: beyond, the engine's time outweighs that of building queries


def origin_blocks(origins: Sequence[date], n_lines: int) -> Iterator[Sequence[date]]:
    """Yield the origins in blocks that one query each can bear.

    Examples
    --------
    >>> days = [date(2026, 3, 31), date(2025, 12, 31), date(2025, 9, 30)]
    >>> [len(block) for block in origin_blocks(days, 1_400_000)], [len(block) for block in origin_blocks(days, 900)]
    ([2, 1], [3])
    """
    size = max(MAX_LINES // max(n_lines, 1), 1)
    for start in range(0, len(origins), size):
        yield origins[start:start + size]


def align_tables(engine: Engine, records: ChurnTables, origins: Sequence[date]) -> ChurnTables:
    """Return the tables once for each origin, moved by whole days until the origin falls on the first of them.

    Parameters
    ----------
    engine : Engine
        Holds the table of origins.
    records : ChurnTables
        Canonical tables.
    origins : sequence of date
        Last days that are seen.

    Returns
    -------
    ChurnTables
        Every column of days and times moved; every id begins with the position of its origin and a colon, so that
        copies of one customer, order or contract stay apart.
    """
    known = engine.kept(engine.lazy(pd.DataFrame({
        "origin": [f"{i}:" for i in range(len(origins))], "moved_days": [(origins[0] - day).days for day in origins]})))
    tables = {f.name: getattr(records, f.name) for f in fields(records)}
    return replace(records, **{name: _aligned(table, known) for name, table in tables.items() if table is not None})


def split_origins(frame: pd.DataFrame, n_origins: int, ids: Sequence[str]) -> list[pd.DataFrame]:
    """Return the rows of each origin, with the ids as they were.

    Parameters
    ----------
    frame : DataFrame
        What a query gave of aligned tables.
    n_origins : int
        How many origins were aligned.
    ids : sequence of str
        Columns of ids, of which the first tells the origin.
    """
    parts = {column: frame[column].str.partition(":") for column in ids}
    plain = frame.assign(**{column: part[2] for column, part in parts.items()})
    position = parts[ids[0]][0]
    return [plain[position == str(i)].reset_index(drop=True) for i in range(n_origins)]


def _aligned(table: ir.Table, origins: ir.Table) -> ir.Table:
    crossed = table.cross_join(origins)
    return crossed.mutate(**{name: _moved(crossed, name) for name, kind in table.schema().items()
                             if kind.is_temporal() or _is_id(name)}).drop(*origins.columns)


def _is_id(name: str) -> bool:
    return name.endswith("_id")


def _moved(crossed: ir.Table, name: str) -> ir.Value:
    value = crossed[name]
    if _is_id(name):
        return crossed.origin + value.cast("string")
    later = value.cast("timestamp") + crossed.moved_days.as_interval("D")
    return later.cast(value.type())
