"""Rows that a figure draws, and a sentence about the others: without a value, of too few people, one too many."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from helpers.reporting import formatting
from helpers.stats import suppressed_tables

MOST_ROWS = 20

NO_ROWS = "There is nothing to draw: the table has no rows."


def rows_with_value(frame: pd.DataFrame, label: str, value: str) -> tuple[pd.DataFrame, str]:
    """Return the rows with a value that describe enough people, at most 20, and a sentence about the others."""
    if frame.empty:
        return frame, NO_ROWS
    hidden = suppressed_tables.suppressed_rows(frame)
    is_small = hidden.to_numpy()
    is_known = np.isfinite(frame[value].astype("float64").to_numpy()) & ~is_small
    notes = [
        _left_out("Without a value, for lack of data", frame[label][~is_known & ~is_small]),
        _left_out(_withheld(frame, hidden), frame[label][is_small]),
        f"The first {MOST_ROWS} of {formatting.whole(is_known.sum())} rows." if is_known.sum() > MOST_ROWS else "",
    ]
    return frame[is_known].head(MOST_ROWS), " ".join(filter(None, notes))


def rows_of_enough_people(frame: pd.DataFrame, by: str | Sequence[str] = ()) -> tuple[pd.DataFrame, str]:
    """Return the rows that describe ten people or more and give no smaller group away, and a sentence about the others.

    Parameters
    ----------
    frame : pandas.DataFrame
        With columns that count people (see `helpers.stats.suppressed_tables.COUNTS`), or one row for each person.
    by : str or sequence of str
        Columns that divide a frame of people into groups; empty where the frame counts them itself.
    """
    if frame.empty:
        return frame, NO_ROWS
    names = [by] if isinstance(by, str) else list(by)
    groups = frame.groupby(names, observed=True, dropna=False).size().reset_index(name="n_people") if names else frame
    hidden = suppressed_tables.suppressed_rows(groups)
    note = _left_out(_withheld(groups, hidden), _group_names(groups, names)[hidden])
    if not names:
        return frame[~hidden], note
    kept = pd.MultiIndex.from_frame(groups.loc[~hidden, names])
    return frame[pd.MultiIndex.from_frame(frame[names]).isin(kept)], note


def _group_names(frame: pd.DataFrame, names: Sequence[str]) -> pd.Series:
    """Return how each group is called: by its columns, else by its segment or by the columns of text."""
    text = ["segment"] if "segment" in frame.columns else frame.select_dtypes(exclude=["number", "bool"]).columns
    columns = list(names) or list(text) or [frame.columns[0]]
    return frame[columns].astype("str").agg(" · ".join, axis=1)


def _withheld(frame: pd.DataFrame, hidden: pd.Series) -> str:
    """Return why rows are withheld: that they are small only where that gives nothing away."""
    return {suppressed_tables.HIDDEN: "Of fewer than ten people, and not shown"}.get(
        suppressed_tables.suppressed_mark(frame, hidden), "Of fewer than ten people or beside such, and not shown"
    )


def _left_out(why: str, labels: pd.Series) -> str:
    names = [str(name) for name in labels]
    more = f" (and {len(names) - 5} more)" if len(names) > 5 else ""
    return f"{why}: {formatting.join_words(names[:5])}{more}." if names else ""
