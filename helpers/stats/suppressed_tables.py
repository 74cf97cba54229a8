"""Suppressed tables: rows of frames and result tables that describe small groups, or would give them away.

The rules for single counts and for cells that add up are those of `helpers.stats.disclosure_control`; here they are
found in frames, long or wide, by their columns.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from helpers.foundation.results import Status
from helpers.foundation.schema import Cells, Table
from helpers.stats.disclosure_control import (
    LEAST_PEOPLE,
    are_hidden,
    are_small_and_untold,
    people_text,
    suppress_cells,
)

PEOPLE = ("n_customers", "customers", "n_people", "people", "n_respondents", "respondents", "n_members", "members")

COUNTS = (*PEOPLE, "n")

NESTED = ("n_new", "n_held_out", "n_treated", "n_first", "n_returned", "n_active")  # parts of a row

EVERYBODY = ("all", "everybody", "total", "")

OTHER_UNITS = frozenset({  # of values whose n counts no people
    "records", "files", "rows", "answers", "alarms", "days", "orders", "lots", "weeks", "months", "waves", "items",
    "standard deviations of the waves"})

ARROW, PART = " → ", ": "

MARK = "is_withheld"  # column of a frame whose maker knows of totals that the frame does not show

KINDS_OF_GROUP = frozenset({"tier", "stage", "wave"})  # first words of segments that are parts of one division

SHARE = "share"

HIDDEN, KEPT_BACK, FLAG = f"under {LEAST_PEOPLE}", "withheld", " (few)"

WITHHELD = f"withheld: fewer than {LEAST_PEOPLE} people, or a cell that would give such a one away"

WHOLE = 1e-6


def suppressed_rows(frame: pd.DataFrame) -> pd.Series:
    """Return which rows of a frame are withheld, shape (n_rows,): they describe few people, or would give them away.

    Parameters
    ----------
    frame : DataFrame
        Long, with ``quantity``, ``segment``, ``value``, ``unit`` and ``n``; or wide, with columns that count people
        (see `COUNTS`) behind those that say who they are. The row that speaks for everybody is never withheld. Where
        the column ``is_withheld`` is filled its maker has looked after what adds up; one to nine people are withheld
        all the same.
    """
    if {"segment", "value", "unit"} <= set(frame.columns):
        return _long(frame)
    hidden = _marked(frame)
    for column in (c for c in COUNTS if c in frame.columns):
        n = _people(frame, column)
        by = [c for c in frame.columns[:frame.columns.get_loc(column)] if c not in COUNTS]
        hidden |= suppress_cells(n, [] if MARK in frame.columns else list(_lines(frame, by, n)))
    return pd.Series(hidden, index=frame.index)


def suppressed_parts(frame: pd.DataFrame) -> dict[str, pd.Series]:
    """Return which parts of rows are withheld, by their column (see `NESTED`): small ones, and what gives them away.

    The sum of a column is taken as known, and that of its rows that share a value of a grouping column; the row that
    speaks for everybody is never withheld.

    Examples
    --------
    >>> rows = pd.DataFrame({"action": ["call", "letter", "mail"], "n_held_out": [6, 11, 30]})
    >>> suppressed_parts(rows)["n_held_out"].tolist()
    [True, True, False]
    """
    by, found = [c for c in frame.columns if not pd.api.types.is_numeric_dtype(frame[c])], {}
    for column in (c for c in NESTED if c in frame.columns and pd.api.types.is_numeric_dtype(frame[c])):
        n = _people(frame, column)
        lines = [] if MARK in frame.columns else [np.flatnonzero(n > 0), *_lines(frame, by, n)]
        found[column] = pd.Series(suppress_cells(n, lines), index=frame.index)
    return found


def _marked(frame: pd.DataFrame) -> np.ndarray:
    return frame[MARK].eq(True).to_numpy(copy=True) if MARK in frame.columns else np.zeros(len(frame), dtype=bool)


def suppressed_mark(frame: pd.DataFrame, hidden: pd.Series, column: str = "") -> str:
    """Return what stands for a withheld count in a frame: that it is small, where that gives nothing away.

    Of the first column that counts people, unless one is named.

    Beside a cell of ten people or more that is withheld for the others' sake none says that it is small; nor where a
    total and the number of small cells would tell them.
    """
    columns = [column] if column else [c for c in COUNTS if c in frame.columns]
    n = _numbers(frame[columns[0]])[hidden.to_numpy()] if columns else np.zeros(0)
    return HIDDEN if are_small_and_untold(n) else KEPT_BACK


def counts_in_words(counts: pd.Series) -> list[str]:
    """Return counts of people in words; a small one, and what would tell it beside a known sum of all, are withheld.

    Examples
    --------
    >>> counts_in_words(pd.Series([7.0, 12.0, 130.0, None])), counts_in_words(pd.Series([12.0, 130.0]))
    (['withheld', 'withheld', '130', '–'], ['12', '130'])
    """
    n = counts.to_numpy("float64")
    hidden = suppress_cells(n, [np.flatnonzero(n > 0)])
    kept = KEPT_BACK if not are_small_and_untold(n[hidden]) else ""
    return [(is_hidden and kept) or (people_text(one) if np.isfinite(one) else "–")
            for one, is_hidden in zip(n, hidden, strict=True)]


def suppress_small_cells(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Return a result table as it is published: what describes a withheld cell is empty, and says so where it can.

    Parameters
    ----------
    frame : DataFrame
        The whole table, its totals already worked out.
    table : Table
        Its declaration, whose ``cells`` say what counts people and which values go with them; without them the frame
        comes back as it is. Where such a column must be filled, withheld rows are left out instead.
    """
    if table.cells is None:
        return frame
    plain = frame.drop(columns=MARK, errors="ignore")
    if plain.empty:
        return plain
    hidden = (suppressed_rows(frame) if table.cells.by is None else _declared(frame, table.cells)).to_numpy()
    told_by = [c for c in (*table.cells.counts, *table.cells.values) if c in frame.columns]
    if any(table.column(c).required for c in told_by):
        return plain[~hidden]
    found = plain.copy()
    for column in told_by:
        is_whole = pd.api.types.is_integer_dtype(found[column])
        found[column] = (found[column].astype("Int64") if is_whole else found[column]).mask(hidden)
    if "status" in found.columns:
        is_ok = hidden & (found["status"] == Status.OK).to_numpy()
        found["status"] = found["status"].mask(is_ok, Status.INSUFFICIENT.value)
        found["reason"] = found["reason"].mask(is_ok, WITHHELD)
    return found


def _declared(frame: pd.DataFrame, cells: Cells) -> pd.Series:
    """Return which rows of a wide table are withheld, by its declared grouping columns."""
    hidden, plain = np.zeros(len(frame), dtype=bool), frame.reset_index(drop=True)
    for column in (c for c in cells.counts if c in frame.columns):
        n = _people(plain, column)
        hidden |= suppress_cells(n, list(_lines(plain, list(cells.by), n)) if cells.by else [])
        if cells.within:
            hidden |= are_hidden(_people(plain, cells.within) - n)
    return pd.Series(hidden, index=frame.index)


def _people(frame: pd.DataFrame, column: str) -> np.ndarray:
    """Return people by row as a column counts them: 0 where it does not, and for everybody together."""
    n = _numbers(frame[column])
    is_other = frame["unit"].isin(OTHER_UNITS).to_numpy() if "unit" in frame.columns else False
    return np.where(_is_everybody(frame) | is_other, 0.0, n)


def _numbers(column: pd.Series) -> np.ndarray:
    return pd.to_numeric(column, errors="coerce").astype("float64").fillna(0).to_numpy()


def _is_everybody(frame: pd.DataFrame) -> np.ndarray:
    """Return which rows speak for everybody: by ``segment``, else by the text of the first column."""
    column = "segment" if "segment" in frame.columns else frame.columns[0]
    return frame[column].astype("str").str.lower().isin(EVERYBODY if column == "segment" else EVERYBODY[:-1]).to_numpy()


def _lines(frame: pd.DataFrame, by: Sequence[str], n: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the rows that add up: those that share a value of a grouping column; all of them where none do."""
    groups = [g for c in by if len(g := list(frame.groupby(c, sort=True, dropna=False).indices.values())) < len(frame)
              and (not pd.api.types.is_float_dtype(frame[c]) or len({len(rows) for rows in g}) == 1)]
    yield from (rows for found in groups for rows in found)
    if not groups:
        yield np.flatnonzero(n > 0)


def _long(given: pd.DataFrame) -> pd.Series:
    """Return which rows of a long summary table are withheld: each by its own count, then beside each other."""
    frame = given.assign(quantity=given.get("quantity", ""), n=given.get("n", 0)).reset_index(drop=True)
    rows = _Rows.of(frame)
    is_small = are_hidden(rows.counts)
    is_small_group = ~rows.is_everybody & (is_small | are_hidden(rows.n))
    hidden = _marked(frame) | ~rows.is_other & (is_small_group | (rows.is_part & is_small))
    totals = {round(n) for n in rows.n[rows.is_everybody]}
    for at in _divisions(frame, rows):
        if rows.is_move[at].all() and frame["segment"].iloc[at].astype("str").str.contains(ARROW).all():
            hidden[at] |= _moves(frame["segment"].iloc[at], rows.counts[at])
        elif rows.is_people[at].all() or rows.is_move[at].all() or round(rows.counts[at].sum()) in totals:
            more = at[suppress_cells(rows.counts[at], [np.arange(len(at))])]
            hidden[more] = True
            hidden |= _going_with(frame, rows, more)
    return pd.Series(hidden, index=given.index)


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """What each row of a long table counts, all of shape (n_rows,).

    ``counts`` are its people; ``is_part`` marks counts of everybody's parts, named in the quantity; ``is_move`` shares
    of a group that went to another, or shares that add up to their whole.
    """

    n: np.ndarray
    value: np.ndarray
    counts: np.ndarray
    is_everybody: np.ndarray
    is_other: np.ndarray
    is_people: np.ndarray
    is_part: np.ndarray
    is_move: np.ndarray
    is_share: np.ndarray

    @classmethod
    def of(cls, frame: pd.DataFrame) -> "_Rows":
        """Return them from a long table."""
        unit, n, value = frame["unit"], _numbers(frame["n"]), _numbers(frame["value"])
        is_people, is_share = unit.isin(PEOPLE).to_numpy(), (unit == SHARE).to_numpy()
        is_everybody = _is_everybody(frame)
        is_part = is_people & is_everybody & frame["quantity"].astype("str").str.contains(PART).to_numpy()
        is_move = is_share & ~is_everybody & (frame["segment"].astype("str").str.contains(ARROW) | _divide(frame)
                                              ).to_numpy()
        counts = np.select([is_people, is_move], [value, np.round(value * n)], n)
        return cls(n, value, counts, is_everybody, unit.isin(OTHER_UNITS).to_numpy(), is_people, is_part, is_move,
                   is_share)


def _divide(frame: pd.DataFrame) -> pd.Series:
    """Return which rows are shares of one whole that add up to it, each a whole number of its people."""
    k = pd.Series(_numbers(frame["value"]) * _numbers(frame["n"]), index=frame.index)
    by = [frame["quantity"], frame["segment"].astype("str").map(_family), frame["n"]]
    is_whole = (k - k.round()).abs().lt(WHOLE).groupby(by).transform("all")
    return is_whole & k.gt(0) & k.groupby(by).transform("sum").sub(_numbers(frame["n"])).abs().lt(WHOLE)


def _going_with(frame: pd.DataFrame, rows: _Rows, withheld_rows: np.ndarray) -> np.ndarray:
    """Return which further rows go with withheld cells: every value of such a group, and its share of a whole."""
    found = np.zeros(len(frame), dtype=bool)
    segments, last = frame["segment"].astype("str"), frame["quantity"].astype("str").str.split(" ").str[-1]
    for row in withheld_rows:
        is_same = (last == last[row]).to_numpy() if rows.is_part[row] else (segments == segments[row]).to_numpy()
        is_whole = rows.n[row] == rows.counts[row]
        is_share = rows.is_share & (np.abs(rows.value * rows.n - rows.counts[row]) < WHOLE)
        found |= is_same & ~rows.is_other & (is_share | (is_whole & ~rows.is_everybody))
    return found


def _divisions(frame: pd.DataFrame, rows: _Rows) -> Iterator[np.ndarray]:
    """Yield the rows of each quantity that divide people among the same kind of group."""
    is_open = frame[MARK].isna().to_numpy() if MARK in frame.columns else True
    parts = frame[(~rows.is_everybody | rows.is_part) & ~rows.is_other & is_open]
    quantity = parts["quantity"].astype("str")
    named = quantity.where(~rows.is_part[parts.index], quantity.map(_family))
    for at in parts.groupby([named, parts["segment"].astype("str").map(_family)], sort=True).indices.values():
        yield parts.index.to_numpy()[at]


def _family(segment: str) -> str:
    """Return what a segment is a part of.

    Examples
    --------
    >>> _family("behavioural: 2, buys often"), _family("tier top"), _family("kept"), _family("2017 Q1 + 3")
    ('behavioural', 'tier', '', '+ 3')
    """
    if ARROW in segment:
        return ARROW
    if PART in segment:
        return segment.split(PART)[0]
    first, last = segment.split(" ")[0], re.search(r"\+ \d+$", segment)
    return first if first in KINDS_OF_GROUP else last.group() if last else ""


def _moves(segments: pd.Series, counts: np.ndarray) -> np.ndarray:
    """Return which moves from one group to another are withheld, both groups' sizes being known."""
    before, after = (segments.astype("str").str.split(ARROW).str[i].to_numpy() for i in (0, -1))
    sides = [np.flatnonzero(names == name) for names in (before, after) for name in dict.fromkeys(names)]
    return suppress_cells(counts, sides)
