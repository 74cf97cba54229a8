import numpy as np
import pandas as pd
import pytest

TIERS = {1: "top", 2: "upper", 3: "middle", 4: "base"}


def value_frame(n):
    rank = np.resize([1, 2, 3, 3, 4, 4, 4, 4], n)
    return pd.DataFrame({"customer_id": [f"c{i:04d}" for i in range(n)], "tier": [TIERS[r] for r in rank],
                         "tier_rank": rank})


def scores_frame(n):
    p = np.resize([0.9, 0.5, 0.1], n)
    risk = np.resize(["high", "medium", "low"], n)
    kept = 20.0 + np.arange(n) % 50
    return pd.DataFrame({
        "customer_id": [f"c{i:04d}" for i in range(n)], "basis": "purchases", "risk": risk, "churn_probability": p,
        "value_if_kept": kept, "value_if_kept_sd": 0.0, "no_order_if_kept": 0.0,
        "margin_at_risk": p * kept, "monthly_fee": np.nan,
        "due_on": pd.Timestamp("2026-09-28")})


NOBODY = pd.DataFrame({"customer_id": pd.Series(dtype="str")})


@pytest.fixture
def value():
    return value_frame(240)


@pytest.fixture
def scores():
    return scores_frame(240)


@pytest.fixture
def nobody():
    return NOBODY
