"""Layout of text files and sheets: header rows, lines below the last record, fields given on a first line only."""

import codecs
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from helpers.intake.profile_schema import FillDown

TAIL = 1 << 16

BETWEEN = " - "


def header_names(rows: Sequence[Sequence[str | None]]) -> list[str]:
    """Return the names of columns that several header rows give.

    Where the first row names every column and no two alike, its names stand, as in surveys that put the wording below.
    Else the texts of the rows are joined; an empty cell of the first row takes the text to its left, as merged cells
    mean it, if the rows below say something there.

    Parameters
    ----------
    rows : sequence of sequence of str or None
        The header rows, from top to bottom.

    Examples
    --------
    >>> header_names([["Id", "Rate us", ""], ["", "Price", "Staff"]])
    ['Id', 'Rate us - Price', 'Rate us - Staff']
    """
    if not rows:
        return []
    first, *others = _padded(rows)
    if not others or _are_names(first):
        return [text or "" for text in rows[0]]
    names, group = [], ""
    for i, text in enumerate(first):
        below = [row[i] for row in others if row[i]]
        group = text or group
        names.append(BETWEEN.join([*([group] if text or below else []), *below]))
    return names


def column_wordings(rows: Sequence[Sequence[str | None]]) -> list[str]:
    """Return what the second of several header rows says of each column, where the names of the first one stand.

    Parameters
    ----------
    rows : sequence of sequence of str or None
        The header rows, from top to bottom.

    Examples
    --------
    >>> column_wordings([["Q1", "Q2"], ["How was it?", "Why?"]]), column_wordings([["Id", ""], ["", "Price"]])
    (['How was it?', 'Why?'], [])
    """
    padded = _padded(rows)
    return padded[1] if len(padded) > 1 and _are_names(padded[0]) else []


def _padded(rows: Sequence[Sequence[str | None]]) -> list[list[str]]:
    width = max(map(len, rows))
    return [[(text or "").strip() for text in row] + [""] * (width - len(row)) for row in rows]


def _are_names(row: Sequence[str]) -> bool:
    return all(row) and len({*row}) == len(row)


def records_end(path: Path, n_lines: int, encoding: str) -> int:
    """Return where the last lines of a text file begin, blank ones among them not counted [bytes]."""
    name = codecs.lookup(encoding).name
    name = f"{name}-le" if name in ("utf-16", "utf-32") else name  # else a byte order mark comes first
    line_break = "\n".encode(name.removesuffix("-sig"))
    blank = line_break + b"\r\n \t"
    size = path.stat().st_size
    start = max(0, size - TAIL)
    with path.open("rb") as stream:
        stream.seek(start)
        tail = stream.read()
    end, found = len(tail), 0
    while found < n_lines and end:
        at = tail.rfind(line_break, 0, end - len(line_break))
        start_of_line = at + len(line_break) if at >= 0 else 0
        found += bool(tail[start_of_line:end].strip(blank))
        end = start_of_line
    return start + end


class FieldFiller:
    """Fills fields that are given on the first line of several records only; one for each file.

    Parameters
    ----------
    rule : FillDown
        Which fields, and the column within whose equal values they stay.
    """

    def __init__(self, rule: FillDown) -> None:
        self.rule = rule
        self.last: dict[str, str | None] = {}

    def filled(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return the next batch with its empty fields filled from the records before them."""
        if not batch.num_rows:
            return batch
        first_of_group = self._first_of_group(batch)
        arrays = dict(zip(batch.schema.names, batch.columns, strict=True))
        for name in self.rule.columns:
            arrays[name] = self._carried(name, arrays[name], first_of_group)
        self.last |= {name: arrays[name][-1].as_py() for name in (*self.rule.columns, self.rule.within) if name}
        return pa.record_batch(list(arrays.values()), list(arrays))

    def _first_of_group(self, batch: pa.RecordBatch) -> np.ndarray:
        """Return the row at which each row's group begins; -1 where it began in an earlier batch."""
        if not self.rule.within:
            return np.full(batch.num_rows, -1)
        keys = batch.column(self.rule.within)
        last = pa.array([self.last.get(self.rule.within)], pa.string())
        before = pa.concat_arrays([last, keys.slice(0, len(keys) - 1)])
        is_same = pc.equal(keys, before).fill_null(False).to_numpy(zero_copy_only=False)
        return np.maximum.accumulate(np.where(is_same, -1, np.arange(len(keys))))

    def _carried(self, name: str, texts: pa.Array, first_of_group: np.ndarray) -> pa.Array:
        rows = np.arange(len(texts))
        given = np.maximum.accumulate(np.where(texts.is_valid().to_numpy(zero_copy_only=False), rows, -1))
        is_here = (given >= first_of_group) & (given >= 0)
        is_before = (given < 0) & (first_of_group < 0)
        taken = texts.take(pa.array(np.where(is_here, given, 0)))
        last, nothing = (pa.scalar(text, pa.string()) for text in (self.last.get(name), None))
        return pc.if_else(pa.array(is_here), taken, pc.if_else(pa.array(is_before), last, nothing))
