"""Whether each customer is among others, as pandas tells it."""

import numpy as np
import pandas as pd
import pytest

from helpers.customers.membership import is_among


@pytest.mark.parametrize("kind", ["str", "object"])
@pytest.mark.parametrize("others", [["C3", "C9"], {"C1"}, {"C1": 0}.keys(), [], np.array(["C2"], dtype=object),
                                    pd.Series(["C3", "C3"]), pd.Index(["C1", "C2"])])
def test_it_is_what_pandas_tells(kind, others):
    ids = pd.Series(["C1", "C2", "C3"], index=[5, 6, 7], dtype=kind)
    assert is_among(ids, others).tolist() == ids.isin(list(others)).tolist()
    assert is_among(pd.Index(ids), others).tolist() == ids.isin(list(others)).tolist()


def test_a_missing_id_is_among_none():
    assert is_among(pd.Series([None, "C1"], dtype="object"), [None, "C1"]).tolist() == [False, True]
    assert is_among(pd.Series([], dtype="object"), ["C1"]).tolist() == []
