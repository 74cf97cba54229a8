import numpy as np
import pandas as pd
import pytest

from helpers.loyalty.dick_basu import Attitudes
from helpers.stats.scale_reliability import measure_reliability


@pytest.fixture
def said():
    """Return attitudes by person; the reliability is that of four items with the given loading."""
    def make(values, loading=1.5, n_items=4):
        rng = np.random.default_rng(5)
        noise = rng.normal(size=(400, n_items)) + loading * rng.normal(size=(400, 1))
        people = pd.DataFrame({"person": list(values), "customer_id": list(values), "attitude": list(values.values())})
        people = people.astype({"person": "str", "customer_id": "str", "attitude": "float64"})
        people = people.assign(n_items=n_items, weight=1.0, responded_at=pd.Timestamp(2026, 1, 1))
        people = people.sort_values("person", ignore_index=True)
        return Attitudes(people, tuple(f"i{i}" for i in range(n_items)), measure_reliability(10 * noise + 70))
    return make


@pytest.fixture
def bought():
    """Return behaviour by customer from shares of active periods; None is too early."""
    def make(shares):
        known = [s is not None for s in shares.values()]
        return pd.DataFrame({"customer_id": pd.Series(list(shares), dtype="str"), "first_on": pd.Timestamp(2025, 1, 1),
                             "n_orders": 3, "n_periods": [4 if k else 0 for k in known], "n_active_periods": 0,
                             "share_active": pd.Series(list(shares.values()), dtype="float64")})
    return make


@pytest.fixture
def signed():
    """Return contracts by customer: (runs, too early)."""
    def make(contracts=None):
        rows = [(c, *state) for c, state in (contracts or {}).items()]
        frame = pd.DataFrame(rows, columns=["customer_id", "has_contract", "is_too_early"])
        return frame.astype({"customer_id": "str", "has_contract": "bool", "is_too_early": "bool"})
    return make
