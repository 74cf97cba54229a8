"""Dirty records: copies of records, each spoilt in one way that intake must reject."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from helpers.simulation import arrow_columns

REPEATED = "repeated exactly"

# share of the records by file and reason
SHARES = {
    "orders": {"no order number": 0.003, "test order": 0.002, "amount not readable": 0.002,
               "date not readable": 0.001, REPEATED: 0.004},
    "contracts.csv": {REPEATED: 0.01},
    "cases.csv": {"moment not readable": 0.004, "kind not known": 0.004},
    "visits.csv": {"nobody named": 0.003},
    "points.csv": {"points not readable": 0.002, REPEATED: 0.003},
    "members.csv": {"day not readable": 0.004},
}


def _of(column: str, spoil: Callable[[pa.ChunkedArray], pa.Array]) -> Callable[[pa.Table], pa.Table]:
    return lambda table: table.set_column(table.schema.get_field_index(column), column, spoil(table[column]))


def _empty(values: pa.ChunkedArray) -> pa.Array:
    return pa.nulls(len(values), pa.string())


def _constant(text: str) -> Callable[[pa.ChunkedArray], pa.Array]:
    return lambda values: arrow_columns.constant_column(text, len(values))


WAYS = {
    "no order number": _of("Order", _empty),
    "test order": _of("Customer", _constant("TEST")),
    "amount not readable": _of("Amount", lambda values: pc.binary_join_element_wise("EUR ", values, "")),
    "date not readable": _of("Date", lambda values: pc.replace_substring_regex(values, "^.....", "30/02")),
    "moment not readable": _of("Opened", lambda values: pc.replace_substring_regex(values, "^(....).{6}", r"\1-13-32")),
    "kind not known": _of("Kind", _constant("unknown")),
    "nobody named": _of("Customer", _empty),
    "points not readable": _of("Points", _constant("n/a")),
    "day not readable": _of("From", lambda values: pc.replace_substring_regex(values, "...$", "-31x")),
    REPEATED: lambda table: table,
}


def rows_to_spoil(rng: np.random.Generator, file: str, among: np.ndarray) -> dict[str, np.ndarray]:
    """Return the rows of which spoilt copies are made, by reason; no row for two reasons.

    Parameters
    ----------
    rng : Generator
        Draws.
    file : str
        Which of `SHARES`.
    among : ndarray of int
        Rows that may be copied.
    """
    counts = {reason: round(share * len(among)) for reason, share in SHARES[file].items()}
    rows = rng.choice(among, sum(counts.values()), replace=False)
    return dict(zip(counts, np.split(rows, np.cumsum(list(counts.values()))[:-1]), strict=True))


def spoilt_copies(table: pa.Table, rows: dict[str, np.ndarray]) -> list[pa.Table]:
    """Return the spoilt copies, a table for each reason."""
    return [WAYS[reason](table.take(found)) for reason, found in rows.items()]


def with_dirty_records(rng: np.random.Generator, file: str, table: pa.Table) -> tuple[pa.Table, dict[str, int]]:
    """Return a file with spoilt copies behind its records, and their number by file and reason."""
    if file not in SHARES:
        return table, {}
    rows = rows_to_spoil(rng, file, np.arange(len(table)))
    text = [c for c in ("Points",) if c in table.column_names]
    for name in text:  # a column with texts in it is written as text
        table = _of(name, lambda values: pc.cast(values, pa.string()))(table)
    return pa.concat_tables([table, *spoilt_copies(table, rows)]), {
        f"{file}: {reason}": len(found) for reason, found in rows.items()}
