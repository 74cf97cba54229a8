"""Formats whose records know their fields: JSON lines, Excel sheets, Parquet, database rows, as batches of text.

What a field holds becomes the text that a person would write: whole numbers without a point, dates in ISO form,
``true`` and ``false``. A field inside a field is named ``outer.inner``; a list stays together, as JSON.
"""

import codecs
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from helpers.foundation.errors import InputError
from helpers.intake import archives, file_layout
from helpers.intake.csv_stream import RecordNumbers
from helpers.intake.profile_schema import FileRule

BATCH = 50_000

LONGEST_LINE = 64 << 20

ONE_OBJECT = "the line is no JSON object"

SURROGATE = "\\ud"  # begins an escape that may be half of a character


class RepeatedFieldError(ValueError):
    """An object that names a field twice."""


# --- JSON lines --------------------------------------------------------------------------------------------------


def json_names(path: Path, file: FileRule, label: str) -> list[str]:
    """Return every field that any object has, in the order of their first appearance."""
    names: dict[str, None] = {}
    for _, _, found in _objects(path, file, label):
        names.update(dict.fromkeys(found if isinstance(found, dict) else ()))
    return list(names)


def json_batches(path: Path, names: list[str], file: FileRule, rows: RecordNumbers) -> Iterator[pa.RecordBatch]:
    """Yield batches of JSON lines; a line that is no object goes to the broken records."""
    waiting: list[list[str | None]] = []
    numbers: list[tuple[int, int]] = []
    n = 0
    for line, text, found in _objects(path, file, rows.label):
        n += 1
        rows.count(n)
        if isinstance(found, str):
            rows.found.append((n, line, found, text))
            continue
        waiting.append([found.get(name) for name in names])
        numbers.append((n, line))
        if len(waiting) == BATCH:
            yield _batch(waiting, numbers, names, file, rows)
            waiting, numbers = [], []
    if waiting:
        yield _batch(waiting, numbers, names, file, rows)


def _objects(path: Path, file: FileRule, label: str) -> Iterator[tuple[int, str, dict[str, str | None] | str]]:
    """Yield line number, text and fields of each line that is not blank; a reason in place of unreadable fields."""
    encoding = "utf-8-sig" if codecs.lookup(file.encoding).name == "utf-8" else file.encoding
    with path.open(encoding=encoding, newline="\n") as stream:
        for number, text in enumerate(iter(lambda: stream.readline(LONGEST_LINE), ""), start=1):
            if len(text) == LONGEST_LINE:
                raise InputError(label, f"line {number:,} is longer than {LONGEST_LINE:,} characters",
                                 "JSON lines: one object a line")
            text = text.strip()
            if text:
                yield number, text, _fields(text)


def _fields(text: str) -> dict[str, str | None] | str:
    try:
        found = json.loads(text, parse_float=str, parse_int=str, object_pairs_hook=_once)
        if SURROGATE in text.lower():
            json.dumps(found, ensure_ascii=False).encode()
        return _once(list(_flat(found))) if isinstance(found, dict) else ONE_OBJECT
    except RepeatedFieldError as error:
        return f"the line gives the field '{error}' twice"
    except UnicodeEncodeError:
        return "the line has half of a character (a lone surrogate)"
    except (json.JSONDecodeError, RecursionError):
        return ONE_OBJECT


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise RepeatedFieldError(next(name for name in names if names.count(name) > 1))
    return found


def _flat(found: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str | None]]:
    for name, value in found.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", text_of(value)


def text_of(value: Any) -> str | None:
    """Return a value as the text that a person would write.

    Examples
    --------
    >>> [text_of(v) for v in (3.0, True, None, [1, 2], 0.25)]
    ['3', 'true', None, '[1, 2]', '0.25']
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        return value.isoformat(" ") if value.time() != time() else value.date().isoformat()
    if isinstance(value, date | time | timedelta):
        return str(value)
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


# --- sheets ------------------------------------------------------------------------------------------------------


def sheet_rows(path: Path, file: FileRule, label: str) -> Iterator[tuple[int, list[str | None]]]:
    """Yield number and texts of each row of the sheet that has anything in it, below those that are skipped.

    Raises
    ------
    InputError
        If it is no workbook, or has no such sheet.
    """
    import python_calamine as excel  # only where a source has sheets

    archives.refuse_growth(path, label)
    try:
        with excel.CalamineWorkbook.from_path(str(path)) as book:
            known = book.sheet_names
            if file.sheet and file.sheet not in known:
                raise InputError(label, f"there is no sheet '{file.sheet}'", ", ".join(known))
            sheet = book.get_sheet_by_name(file.sheet or known[0])
            for number, row in enumerate(sheet.iter_rows(), start=1):
                texts = [text_of(v) or None for v in row]
                if number > file.skip and any(texts):
                    yield number, texts
    except (excel.CalamineError, OSError) as error:
        raise InputError(label, f"it cannot be opened as a workbook ({error})", "an Excel file") from None


def all_sheets(path: Path, label: str) -> list[str]:
    """Return the names of a workbook's sheets.

    Raises
    ------
    InputError
        If it is no workbook.
    """
    import python_calamine as excel

    archives.refuse_growth(path, label)
    try:
        with excel.CalamineWorkbook.from_path(str(path)) as book:
            return list(book.sheet_names)
    except (excel.CalamineError, OSError) as error:
        raise InputError(label, f"it cannot be opened as a workbook ({error})", "an Excel file") from None


def sheet_names(path: Path, file: FileRule, label: str) -> list[str]:
    """Return the names of a sheet's columns: those of its header rows, without empty ones behind."""
    if file.columns:
        return list(file.columns)
    rows = [texts for _, texts in islice(sheet_rows(path, file, label), file.header_rows)]
    names = file_layout.header_names(rows)
    while names and not names[-1]:
        names.pop()
    return names


def sheet_batches(path: Path, names: list[str], file: FileRule, rows: RecordNumbers) -> Iterator[pa.RecordBatch]:
    """Yield batches of a sheet; a row with more cells than there are columns goes to the broken records."""
    waiting: list[list[str | None]] = []
    numbers: list[tuple[int, int]] = []
    found = list(sheet_rows(path, file, rows.label))
    found = found[:len(found) - file.footer]
    for n, (line, texts) in enumerate(found, start=1 - (file.header_rows if file.header else 0)):
        if n < 1:
            continue
        rows.count(n)
        if any(texts[len(names):]):
            rows.found.append((n, line, f"{len(texts)} cells instead of {len(names)}",
                               " | ".join(t or "" for t in texts)))
            continue
        waiting.append((texts + [None] * len(names))[:len(names)])
        numbers.append((n, line))
    for start in range(0, len(waiting), BATCH):
        yield _batch(waiting[start:start + BATCH], numbers[start:start + BATCH], names, file, rows)


# --- Parquet and other typed batches -----------------------------------------------------------------------------


def parquet_names(path: Path, file: FileRule, label: str) -> list[str]:
    """Return the names of a Parquet file's columns, those inside a column as ``outer.inner``.

    Raises
    ------
    InputError
        If it is no Parquet file.
    """
    try:
        return flatten_columns([], pq.read_schema(path)).column_names
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(label, f"it cannot be opened as Parquet ({error})", "a Parquet file") from None


def parquet_batches(path: Path, names: list[str], file: FileRule, rows: RecordNumbers) -> Iterator[pa.RecordBatch]:
    """Return batches of a Parquet file."""
    with pq.ParquetFile(path) as opened:
        yield from typed_batches(opened.iter_batches(BATCH), names, file, rows)


def typed_batches(
    batches: Iterable[pa.RecordBatch], names: list[str], file: FileRule, rows: RecordNumbers
) -> Iterator[pa.RecordBatch]:
    """Yield batches of any types as text."""
    n = 0
    for batch in batches:
        whole = flatten_columns([batch], batch.schema)
        texts = [_texts(c, rows.label, name) for c, name in zip(whole.columns, whole.column_names, strict=True)]
        numbers = range(n + 1, n + 1 + batch.num_rows)
        n += batch.num_rows
        rows.count(n)
        yield _labelled(texts, pa.array(numbers, pa.int64()), pa.nulls(batch.num_rows, pa.int64()), names, file, rows)


def flatten_columns(batches: list[pa.RecordBatch], schema: pa.Schema) -> pa.Table:
    """Return a table whose columns have no columns inside them."""
    table = pa.Table.from_batches(batches, schema)
    while any(pa.types.is_struct(f.type) for f in table.schema):
        table = table.flatten()
    return table


def _texts(column: pa.ChunkedArray, label: str, name: str) -> pa.Array:
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return pa.concat_arrays(column.cast(pa.string()).chunks or [pa.array([], pa.string())])
    if pa.types.is_timestamp(kind) and kind.tz:  # the same moment in UTC, said so
        moments = pc.local_timestamp(column.cast(pa.timestamp(kind.unit, "UTC"))).to_pylist()
        return pa.array([None if m is None else f"{m.isoformat(sep=' ')}Z" for m in moments], pa.string())
    if pa.types.is_floating(kind) or pa.types.is_timestamp(kind) or pa.types.is_nested(kind):
        return pa.array([text_of(v) for v in column.to_pylist()], pa.string())
    try:
        return pa.concat_arrays(column.cast(pa.string()).chunks or [pa.array([], pa.string())])
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise InputError(f"{label}.{name}", f"values of type {kind} cannot be written as text", "texts, numbers, "
                         "dates, flags") from None


# --- common ------------------------------------------------------------------------------------------------------


def _batch(
    found: list[list[str | None]], numbers: list[tuple[int, int]], names: list[str], file: FileRule, rows: RecordNumbers
) -> pa.RecordBatch:
    columns = [pa.array(c, pa.string()) for c in zip(*found, strict=True)]
    record, line = (pa.array(n, pa.int64()) for n in zip(*numbers, strict=True))
    return _labelled(columns, record, line, names, file, rows)


def _labelled(
    columns: list[pa.Array], record: pa.Array, line: pa.Array, names: list[str], file: FileRule, rows: RecordNumbers
) -> pa.RecordBatch:
    """Return a batch with file, record and line, missing codes empty."""
    missing = pa.array(file.missing, pa.string())
    kept = [pc.if_else(pc.is_in(c, missing), pa.scalar(None, pa.string()), c) for c in columns]
    label = pa.repeat(pa.scalar(rows.label), len(record))
    return pa.record_batch([*kept, label, record, line], [*names, "file", "record", "line"])
