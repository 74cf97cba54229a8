"""CDNOW's sample as the literature prepares it: same-day orders together, time in weeks, seen until 1997-09-30."""

import pandas as pd
import pytest

from helpers.foundation import canonical_schema
from helpers.value.btyd import frequency_recency

CUTOFF = pd.Timestamp("1997-09-30")


@pytest.fixture(scope="session")
def cdnow(real_data):
    """Return x, t_x, T and what was spent in repeat occasions, one row a customer."""
    lines = pd.read_fwf(real_data / "cdnow" / "CDNOW_sample.txt", widths=[6, 5, 9, 3, 8], header=None,
                        names=["customer", "number", "on", "cds", "dollars"], dtype={"on": "str"})
    lines = lines.assign(on=pd.to_datetime(lines["on"], format="%Y%m%d"))
    days = lines.groupby(["number", "on"], as_index=False)["dollars"].sum()
    known = days[days["on"] <= CUTOFF]
    by = known.groupby("number").agg(n=("on", "size"), first=("on", "min"), last=("on", "max"),
                                       dollars=("dollars", "sum"), first_dollars=("dollars", "first"))
    return pd.DataFrame({"x": by["n"] - 1, "t_x": (by["last"] - by["first"]).dt.days / 7,
                         "T": (CUTOFF - by["first"]).dt.days / 7, "spend": by["dollars"] - by["first_dollars"]})


@pytest.fixture(scope="session")
def counts(cdnow):
    return frequency_recency.collapse_equal_customers(
        cdnow["x"].to_numpy(), cdnow["t_x"].to_numpy(), cdnow["T"].to_numpy()
    )


@pytest.fixture(scope="session")
def cdnow_sample(real_data, session_engine):
    """Return ``canonical/transactions`` of the sample."""
    names = ["customer_id", "number", "on", "cds", "amount"]
    lines = pd.read_fwf(real_data / "cdnow" / "CDNOW_sample.txt", widths=[6, 5, 9, 3, 8], header=None, names=names,
                        dtype={"on": "str", "customer_id": "str"})
    table = lines.assign(order_id=lines.index.astype("str"), line=1, kind="sale",
                         ordered_at=pd.to_datetime(lines["on"], format="%Y%m%d")).drop(columns=["number", "on", "cds"])
    return session_engine.kept(canonical_schema.TRANSACTIONS.conformed(session_engine.lazy(table)))
