"""Membership: whether each customer is among others, at once for a million."""

from collections.abc import Collection

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc


def is_among(ids: pd.Series | pd.Index, others: pd.Series | pd.Index | Collection[str]) -> np.ndarray:
    """Return whether each id is among others, shape (n_ids,); a missing id is among none.

    ``Series.isin`` turns each of the others into a Python value, which takes most of a plan's time at a million.

    Parameters
    ----------
    ids : Series or Index of str
        Ids.
    others : Series, Index or collection of str
        Among which they may be.

    Examples
    --------
    >>> is_among(pd.Series(["C1", "C2", None]), ["C2", None]).tolist()
    [False, True, False]
    """
    is_found = pc.is_in(_texts(ids), value_set=_texts(others), skip_nulls=True)
    return np.asarray(is_found.to_numpy(zero_copy_only=False), dtype=bool)


def _texts(values: pd.Series | pd.Index | Collection[str]) -> pa.Array:
    made = pa.array(values if isinstance(values, (pd.Series, pd.Index)) else list(values), pa.large_string(),
                    from_pandas=True)
    return made.combine_chunks() if isinstance(made, pa.ChunkedArray) else made
