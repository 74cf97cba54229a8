"""Small cells: what describes fewer than ten people is not shown, under thirty it is flagged; on every page alike.

Every table and figure passes through here. A row is a cell of people where it counts them (a column such as
``n_customers``, or ``n`` of a segment); the row that speaks for everybody is none.
"""

import pandas as pd

from helpers.methods.cells import FEW_PEOPLE, LEAST_PEOPLE

PEOPLE = ("n_customers", "customers", "n_people", "people", "n_respondents", "respondents", "n_members", "members")
EVERYBODY = ("all", "everybody", "total", "")
OTHER_UNITS = frozenset({  # of values whose n counts no people
    "records", "files", "rows", "answers", "alarms", "days", "orders", "lots", "weeks", "months", "waves", "items",
    "standard deviations of the waves"})
HIDDEN, FLAG = f"under {LEAST_PEOPLE}", " (few)"


def small(frame: pd.DataFrame, counts: tuple[str, ...] = (*PEOPLE, "n")) -> pd.Series:
    """Return which rows describe one to nine people, shape (n_rows,).

    Parameters
    ----------
    frame : DataFrame
        A table with columns that count people, any; a long one with ``segment``, ``unit`` and ``n``.
    counts : tuple of str
        Columns that count people.
    """
    is_small = pd.Series(False, index=frame.index)
    for column in (c for c in counts if c in frame.columns):
        n = pd.to_numeric(frame[column], errors="coerce").astype("float64")
        is_small |= (n > 0) & (n < LEAST_PEOPLE)
    if {"unit", "value"} <= set(frame.columns):
        is_small |= frame["unit"].isin(PEOPLE) & (frame["value"] > 0) & (frame["value"] < LEAST_PEOPLE)
    if "segment" in frame.columns:
        is_everybody = frame["segment"].astype("str").str.lower().isin(EVERYBODY)
        is_part = frame["quantity"].astype("str").str.contains(": ") if "quantity" in frame.columns else False
        is_small &= ~is_everybody | is_part
    if "unit" in frame.columns:
        is_small &= ~frame["unit"].isin(OTHER_UNITS)
    return is_small


def texts(frame: pd.DataFrame, cells: dict[str, list[str]], names: dict[str, str]) -> dict[str, list[str]]:
    """Return the texts of a table's columns, without numbers about one to nine people, flagged under thirty.

    Parameters
    ----------
    frame : DataFrame
        The rows shown.
    cells : dict of str to list of str
        Texts by heading.
    names : dict of str to str
        Heading by column.
    """
    is_small = small(frame).tolist()
    kept = {}
    for column, name in names.items():
        is_count, is_number = column in (*PEOPLE, "n"), pd.api.types.is_numeric_dtype(frame[column])
        kept[name] = [
            (HIDDEN if is_count else "–" if is_number else text) if hidden
            else f"{text}{FLAG}" if is_count and is_few(value) else text
            for text, hidden, value in zip(cells[name], is_small, frame[column], strict=True)]
    return kept


def is_few(n: object) -> bool:
    """Return whether people are enough to be spoken of and too few to be relied on.

    Examples
    --------
    >>> [is_few(n) for n in (9, 10, 29, 30)]
    [False, True, True, False]
    """
    return pd.api.types.is_number(n) and LEAST_PEOPLE <= n < FEW_PEOPLE
