"""Forecast evaluation: what happened within the window of each earlier forecast."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd


def outcomes_since_forecast(due: pd.DataFrame, is_known: pd.Series, window: Sequence[str], key: str,
             counted: Callable[..., Mapping[str, float]]) -> pd.Series:
    """Return what has happened since each forecast was made, by the index of `due`.

    Parameters
    ----------
    due : DataFrame
        Grain forecast.
    is_known : Series of bool
        Which of them are of a kind that can be counted.
    window : sequence of str
        Columns that say from when to when, and of whom, was counted.
    key : str
        Column that tells forecasts of one window apart.
    counted : callable
        Gives for one window what happened, by key.

    Returns
    -------
    Series of float
        NaN where nothing is counted under the key.

    Examples
    --------
    >>> due = pd.DataFrame({"day": [1, 1, 2], "of": ["a", "b", "a"]})
    >>> outcomes_since_forecast(due, due["of"] == "a", ["day"], "of", lambda day: {"a": 10.0 * day}).tolist()
    [10.0, nan, 20.0]
    """
    rows = due.loc[is_known, [*window, key]]
    found = {w: counted(*w) for w in rows[list(window)].drop_duplicates().itertuples(index=False, name=None)}
    values = [found[row[:-1]].get(row[-1], np.nan) for row in rows.itertuples(index=False, name=None)]
    return pd.Series(values, index=rows.index, dtype="float64").reindex(due.index)
