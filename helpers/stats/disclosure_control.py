"""Disclosure control: small groups of people are suppressed, shares of few are not shown.

Primary suppression withholds every cell of one to nine people. Complementary suppression withholds the next smallest
cells beside them until no line that adds up to a known total gives a withheld cell away. Tables, figures, sentences and
published result tables all ask here.

References
----------
Hundepool et al. (2012), *Statistical Disclosure Control*, chapter 4.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.linalg import null_space

from helpers.foundation.results import Estimate, Status, no_estimate
from helpers.foundation.schema import Cells, Table
from helpers.stats.confidence_intervals import Interval

LEAST_PEOPLE = 10

FEW_PEOPLE = 30

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

SOME = "some"

WITHHELD = f"withheld: fewer than {LEAST_PEOPLE} people, or a cell that would give such a one away"

NOTHING, WHOLE = 1e-9, 1e-6


# --- one count ---------------------------------------------------------------------------------------------------


def estimate_if_enough(quantity: str, interval: Interval, n: int, *, unit: str, segment: str = "all") -> Estimate:
    """Return a value with its interval, or *insufficient* where fewer than ten people stand behind it.

    Parameters
    ----------
    quantity, unit, segment : str
        As in `Estimate`.
    interval : Interval
        In the unit.
    n : int
        People that the value describes.
    """
    if n < LEAST_PEOPLE:
        return no_estimate(quantity, Status.INSUFFICIENT, too_few(n), unit=unit, n=n, segment=segment)
    return Estimate(quantity, interval.value, interval.low, interval.high, unit, n, segment)


def too_few(n: int) -> str:
    """Return why nothing is said of n people.

    Examples
    --------
    >>> too_few(0), too_few(1), too_few(7)
    ('nobody to speak of', 'fewer than 10 people', 'fewer than 10 people')
    """
    return f"fewer than {LEAST_PEOPLE} people" if n else "nobody to speak of"


def is_hidden(n: float) -> bool:
    """Return whether a part is of one to nine people: it is neither shown nor named.

    Examples
    --------
    >>> [is_hidden(n) for n in (0, 1, 9, 10, float("nan"))]
    [False, True, True, False, False]
    """
    return bool(np.isfinite(n)) and 0 < round(n) < LEAST_PEOPLE


def people_text(n: float, one: str = "", many: str = "", *, of: float = 0) -> str:
    """Return a count of people for a sentence, with their name where it is given; one that is withheld as *some*.

    So is a part of few people of a whole that is named and is itself of fewer than ten.

    Examples
    --------
    >>> people_text(0), people_text(7), people_text(1234), people_text(float("nan"))
    ('0', 'fewer than 10', '1,234', 'some')
    >>> people_text(0, "customer", "customers"), people_text(1, "customer", "customers")
    ('no customers', 'fewer than 10 customers')
    >>> people_text(12, "customer", "customers")
    '12 customers'
    >>> people_text(2, of=8), people_text(2, of=80)
    ('some', 'fewer than 10')
    """
    if not np.isfinite(n) or (is_hidden(n) and is_hidden(of)):
        return f"{SOME} {many}".strip()
    if is_hidden(n):
        return f"fewer than {LEAST_PEOPLE} {many}".strip()
    return f"{round(n):,} {many}" if many and round(n) else f"no {many}" if many else f"{round(n):,}"


def value_text_if_enough(text: str, *n: float) -> str:
    """Return words on a value for a sentence, nothing where it describes one to nine people or a withheld number.

    Examples
    --------
    >>> value_text_if_enough(", worth $340", 12), value_text_if_enough(", worth $340", 7)
    (', worth $340', '')
    >>> value_text_if_enough(", worth $340", 7, 12)
    ''
    """
    return "" if any(is_hidden(k) or not np.isfinite(k) for k in n) else text


def share_text_if_enough(text: str, value: float, n: float) -> str:
    """Return words on a share of n people for a sentence; where it counts one to nine of them only how few they are.

    Examples
    --------
    >>> share_text_if_enough("50 %", 0.5, 40), share_text_if_enough("10 %", 0.1, 40)
    ('50 %', 'fewer than 10')
    >>> share_text_if_enough("50 %", 0.5, 8)
    'some'
    """
    if not is_hidden(value * n) and np.isfinite(value * n):
        return text
    return people_text(value * n, of=n)


def parts_text_if_enough(texts: Sequence[str], counts: Sequence[float]) -> list[str]:
    """Return words on the parts of one whole for a sentence, so that no part of one to nine people follows from others.

    Examples
    --------
    >>> parts_text_if_enough(["80 %", "17 %", "3 %"], [240, 51, 9]), parts_text_if_enough(["76 %", "24 %"], [38, 12])
    (['80 %', 'some', 'some'], ['76 %', '24 %'])
    """
    hidden = suppress_cells(counts, [range(len(counts))])
    few = f"fewer than {LEAST_PEOPLE}" if _are_told(np.asarray(counts, dtype="float64")[hidden]) else SOME
    return [few if is_hidden_here else text for text, is_hidden_here in zip(texts, hidden, strict=True)]


def _are_told(n: np.ndarray) -> bool:
    """Return whether withheld cells may be called small: all are, and their number does not tell them all."""
    return bool(_few(n).all()) and n.sum() != (LEAST_PEOPLE - 1) * max(len(n), 2)


def is_few(n: object) -> bool:
    """Return whether people are enough to be spoken of and too few to be relied on.

    Examples
    --------
    >>> [is_few(n) for n in (9, 10, 29, 30)]
    [False, True, True, False]
    """
    return pd.api.types.is_number(n) and LEAST_PEOPLE <= n < FEW_PEOPLE


# --- cells of a table --------------------------------------------------------------------------------------------


def suppress_cells(counts: Sequence[float], lines: Sequence[Sequence[int]]) -> np.ndarray:
    """Return which cells are withheld, shape (n_cells,): the small ones and as many more as keep them from being told.

    Parameters
    ----------
    counts : sequence of float
        People in each cell; empty cells (0 or NaN) are told.
    lines : sequence of sequence of int
        Places of cells that add up to a total which is known or may be.

    Notes
    -----
    In every line with a withheld cell at least two are withheld, which hold ten people or more between them and are
    not all of one or all of nine; and no withheld cell follows from all lines together, as a null space tells. The
    next cell withheld is the smallest of the line, of those that stand in the fewest other lines. Where
    a line has no further cell nothing more can be withheld: its total itself is that of a few people, and stands for
    them.

    Examples
    --------
    >>> suppress_cells([8, 22, 120], [[0, 1, 2]]).tolist()
    [True, True, False]
    """
    n = np.nan_to_num(np.asarray(counts, dtype="float64"))
    hidden = (n > 0) & (n < LEAST_PEOPLE)
    places = [np.asarray(line, dtype=int) for line in lines if len(line) > 1]
    while (more := _next(n, hidden, places)) is not None:
        hidden[more] = True
    return hidden


def suppress_two_way(counts: pd.DataFrame) -> pd.DataFrame:
    """Return which cells of a two-way table of people are withheld, its row and column totals being known.

    Examples
    --------
    >>> suppress_two_way(pd.DataFrame([[4, 30, 40], [25, 20, 50], [60, 70, 80]])).to_numpy().tolist()
    [[True, True, False], [True, True, False], [False, False, False]]
    """
    height, width = counts.shape
    at = np.arange(height * width).reshape(height, width)
    hidden = suppress_cells(counts.to_numpy(dtype="float64").ravel(), [*at, *at.T])
    return pd.DataFrame(hidden.reshape(height, width), counts.index, counts.columns)


def row_shares_suppressed(counts: pd.DataFrame) -> pd.DataFrame:
    """Return counts of people as shares of their row, withheld cells left empty.

    Examples
    --------
    >>> row_shares_suppressed(pd.DataFrame({"stayed": [12, 20], "left": [12, 20]})).to_numpy().tolist()
    [[0.5, 0.5], [0.5, 0.5]]
    """
    return counts.mask(suppress_two_way(counts)).div(counts.sum(axis=1), axis=0)


def _next(n: np.ndarray, hidden: np.ndarray, lines: Sequence[np.ndarray]) -> int | None:
    """Return the cell to withhold next: the smallest beside cells that would be given away; None where none is."""
    for line in [*(line for line in lines if _is_open(n[line], hidden[line])), *_telling(hidden, lines)]:
        rest = line[~hidden[line] & (n[line] > 0)]
        if len(rest):
            return int(min(rest, key=lambda cell: (sum(cell in other for other in lines), n[cell])))
    return None


def _is_open(n: np.ndarray, hidden: np.ndarray) -> bool:
    """Return whether a line's total gives away one of its withheld cells."""
    k, total = int(hidden.sum()), n[hidden].sum()
    if not k:
        return False
    is_extreme = total in (k, (LEAST_PEOPLE - 1) * k) and n[hidden].max() < LEAST_PEOPLE
    return k < 2 or total < LEAST_PEOPLE or bool(is_extreme)


def _telling(hidden: np.ndarray, lines: Sequence[np.ndarray]) -> Iterator[np.ndarray]:
    """Yield the lines of withheld cells that follow from all lines together, which is more than each by itself."""
    at = np.flatnonzero(hidden)
    if len(at) < 3 or len(lines) < 2:
        return
    sums = np.array([np.isin(at, line) for line in lines], dtype="float64")
    free = null_space(sums)
    for cell in at[np.abs(free).max(axis=1, initial=0) < NOTHING]:
        yield from (line for line in lines if cell in line)


# --- frames ------------------------------------------------------------------------------------------------------


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


def _marked(frame: pd.DataFrame) -> np.ndarray:
    return frame[MARK].eq(True).to_numpy(copy=True) if MARK in frame.columns else np.zeros(len(frame), dtype=bool)


def suppressed_mark(frame: pd.DataFrame, hidden: pd.Series) -> str:
    """Return what stands for a withheld count in a frame: that it is small, where that gives nothing away.

    Beside a cell of ten people or more that is withheld for the others' sake none says that it is small; nor where a
    total and the number of small cells would tell them.
    """
    columns = [c for c in COUNTS if c in frame.columns]
    n = _numbers(frame[columns[0]])[hidden.to_numpy()] if columns else np.zeros(0)
    return HIDDEN if _are_told(n) else KEPT_BACK


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
            hidden |= _few(_people(plain, cells.within) - n)
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
    hidden = _marked(frame) | ~rows.is_other & ((~rows.is_everybody & (_few(rows.counts) | _few(rows.n))) | (
        rows.is_part & _few(rows.counts)))
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


def _few(n: np.ndarray) -> np.ndarray:
    return (n > 0) & (n < LEAST_PEOPLE)


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
