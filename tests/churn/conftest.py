from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers.churn import churn_features, dataset_sources
from helpers.churn.config import ChurnConfig
from helpers.customers import windows

END = date(2026, 3, 31)


BUILT: dict[tuple, object] = {}  # tables and bases that many tests look at, none of which changes them


@pytest.fixture
def shop(transactions):
    """Customers who buy at their own rate until each leaves on a day of his own."""
    def make(n=600, n_days=540, seed=1):
        if (n, n_days, seed) not in BUILT:
            BUILT[n, n_days, seed] = drawn(n, n_days, seed)
        return BUILT[n, n_days, seed]

    def drawn(n, n_days, seed):
        rng = np.random.default_rng(seed)
        start = rng.integers(-n_days, n_days - 30, n)
        stop = start + rng.exponential(300, n)
        gaps = rng.exponential(rng.gamma(2, 20, n)[:, None], (n, 300)).cumsum(axis=1)
        days = np.concatenate([start[:, None], start[:, None] + gaps], axis=1)
        who, which = np.nonzero((days <= stop[:, None]) & (days < n_days) & (days >= 0))
        first = pd.Timestamp(END) - pd.Timedelta(days=n_days - 1)
        return transactions(pd.DataFrame({
            "customer_id": [f"c{i:04d}" for i in who], "amount": rng.integers(500, 5000, len(who)) / 100,
            "ordered_at": first + pd.to_timedelta(days[who, which].astype(int), "D")}))
    return make


@pytest.fixture
def telco(real_data):
    """The classic Telco file as contracts: tenure, fee, plan, and its other columns as attributes."""
    frame = pd.read_csv(real_data / "telco" / "WA_Fn-UseC_-Telco-Customer-Churn.csv")
    plain = frame.drop(columns=["customerID", "tenure", "Churn", "MonthlyCharges", "Contract", "TotalCharges"])
    table = plain.astype("str").rename(columns=lambda c: f"attribute_{c.lower()}")
    return table.assign(
        customer_id=frame["customerID"], tenure_months=frame["tenure"].astype("float64"), plan=frame["Contract"],
        has_ended=frame["Churn"] == "Yes", monthly_fee=frame["MonthlyCharges"],
        attribute_total=pd.to_numeric(frame["TotalCharges"], errors="coerce"))


@pytest.fixture
def basis(session_engine, transactions, subscriptions):
    def make(bought=None, signed=(), horizon_days=90, end=END, known_from=None, vouched=(), **tables):
        if bought is None or tables:
            return built(bought, signed, horizon_days, end, known_from, vouched, **tables)
        key = (bought.op().name, horizon_days, end)
        if key not in BUILT:
            BUILT[key] = built(bought, signed, horizon_days, end, known_from, vouched)
        return BUILT[key]

    def built(bought, signed, horizon_days, end, known_from, vouched, **tables):
        table = subscriptions(signed)
        static = {c: "static" for c in table.columns if c.startswith("attribute_")}
        setting = dataset_sources.DatasetSettings(session_engine, ChurnConfig(vouched=list(vouched)), 0.5,
                                static if known_from is None else known_from)
        records = churn_features.ChurnTables(transactions([]) if bought is None else bought, table, **tables)
        return dataset_sources.build_dataset(records, windows.snapshot_at(end, horizon_days), setting)
    return make


@pytest.fixture
def contracts():
    """Return contracts of which the young and dear end oftener; attributes of every type."""
    def make(n=400, seed=3):
        rng = np.random.default_rng(seed)
        tenure, fee = rng.integers(0, 60, n).astype("float64"), rng.integers(20, 120, n).astype("float64")
        ended = rng.random(n) < 1 / (1 + np.exp(1.5 + 0.06 * tenure - 0.03 * fee))
        return pd.DataFrame({
            "tenure_months": tenure, "monthly_fee": fee, "has_ended": ended, "plan": rng.choice(["month", "year"], n),
            "attribute_fibre": rng.choice(["yes", "no"], n), "attribute_calls": np.where(tenure == 0, np.nan, fee * 2),
            "attribute_note": [f"note {i}" for i in range(n)], "end_reason": np.where(ended, "price", None)})
    return make
