from datetime import date

import numpy as np
import pandas as pd

from helpers.customers import purchases
from helpers.loyalty import loyalty_by_tenure
from helpers.loyalty.config import LoyaltyConfig

AS_OF, MONTHLY = date(2026, 6, 30), LoyaltyConfig(period_days=30)


def days(transactions, offsets, n=12):
    first = pd.Timestamp("2026-01-01")
    rows = [{"customer_id": f"c{i:02}", "ordered_at": first + pd.Timedelta(days=d), "amount": 5.0}
            for i in range(n) for d in offsets(i)]
    return purchases.purchase_occasions(transactions(rows), AS_OF)


def test_shares_by_period_are_of_those_for_whom_it_has_passed(session_engine, transactions):
    spent = days(transactions, lambda i: (0, 10, 40) if i < 12 else (0, 100), 24)
    table = loyalty_by_tenure.purchases_by_period(session_engine, spent, AS_OF, MONTHLY).set_index("period")
    assert table["n"].to_list() == [24] * 6
    assert table["share_active"].to_list() == [0.5, 0.5, 0, 0.5, 0, 0]
    assert table.loc[1, ["n_before", "share_again"]].isna().all(), "what precedes it is the first purchase, no period"
    assert table.loc[2, ["n_before", "share_again"]].to_list() == [12, 1]
    assert np.isnan(table.loc[4, "share_again"])  # nobody bought in the third


def test_shares_of_one_to_nine_customers_are_empty(session_engine, transactions):
    spent = days(transactions, lambda i: (0, 10) if i < 9 else (0, 40), 24)
    table = loyalty_by_tenure.purchases_by_period(session_engine, spent, AS_OF, MONTHLY).set_index("period")
    assert table[["share_active", "low", "share_again"]].loc[1].isna().all()
    assert table.loc[2, "share_active"] == 15 / 24


def test_periods_of_few_customers_are_left_out(session_engine, transactions):
    assert loyalty_by_tenure.purchases_by_period(
        session_engine, days(transactions, lambda i: (0,), 9), AS_OF, MONTHLY
    ).empty


def test_attitude_and_kinds_by_tenure_leave_small_classes_out():
    people = pd.DataFrame({"n_periods": [2.0] * 15 + [9.0] * 12 + [5.0] * 3, "attitude": [50.0] * 15 + [80.0] * 15,
                           "kind": ["none"] * 15 + ["true"] * 15})
    table = loyalty_by_tenure.attitude_by_tenure(people).set_index("periods")
    assert table.index.to_list() == ["2 to 3", "8 and more"]
    assert table.loc["2 to 3", "true"] == 0
    assert np.isnan(table.loc["8 and more", "true"]), "with everybody's number it would tell the three left out"
    assert table["attitude"].to_list() == [50, 80]


def test_a_kind_by_tenure_that_would_tell_a_kind_of_few_people_is_empty():
    said = [(2, "true")] * 11 + [(2, "spurious")] + [(2, "latent")] * 60 + [(5, "latent")] * 40 + [(2, "none")] * 50
    people = pd.DataFrame(said, columns=["n_periods", "kind"]).assign(attitude=50.0)
    table = loyalty_by_tenure.attitude_by_tenure(people).set_index("periods")
    assert table.loc["2 to 3", ["true", "spurious"]].isna().all(), "eleven would give away the one"
    assert table.loc["4 to 7", "latent"] == 1
