from datetime import date

import pandas as pd
import pytest

from helpers.customers import purchases
from helpers.foundation.canonical_schema import TRANSACTIONS
from helpers.foundation.engine import Engine


def monthly(as_of_on, *bought):
    engine = Engine()
    frame = pd.DataFrame(bought, columns=["customer_id", "ordered_at"], dtype="str")
    frame = frame.assign(order_id=frame.index.astype(str), line=1, kind="sale", amount=10.0,
                         ordered_at=pd.to_datetime(frame["ordered_at"]))
    table = TRANSACTIONS.conformed(engine.lazy(frame if len(frame) else TRANSACTIONS.empty()))
    found = purchases.monthly_buyers(engine, table, date.fromisoformat(as_of_on))
    return dict(zip(found["month_on"].dt.strftime("%Y-%m"), found["n_customers"], strict=True))


def test_each_customer_counts_once_a_month_and_empty_months_count_nobody():
    bought = ("a", "2026-01-01"), ("a", "2026-01-20"), ("b", "2026-01-31"), ("a", "2026-03-05")
    assert monthly("2026-04-30", *bought) == {"2026-01": 2, "2026-02": 0, "2026-03": 1, "2026-04": 0}


def test_broken_months_at_both_ends_are_left_out():
    assert monthly("2026-04-29", ("a", "2026-01-15"), ("a", "2026-02-05"), ("b", "2026-04-20")) == {
        "2026-02": 1, "2026-03": 0}


@pytest.mark.parametrize("bought", [(), (("a", "2026-04-20"),)])
def test_without_a_whole_month_there_is_no_course(bought):
    assert monthly("2026-04-29", *bought) == {}
