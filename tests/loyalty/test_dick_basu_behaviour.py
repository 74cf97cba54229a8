from datetime import date

import pandas as pd
import pytest

from helpers.customers import purchases
from helpers.foundation import canonical_schema
from helpers.foundation.results import Status
from helpers.loyalty import dick_basu
from helpers.loyalty.config import LoyaltyConfig

AS_OF = date(2026, 1, 1)
MONTHLY = LoyaltyConfig(period_days=30)


@pytest.fixture
def bought(session_engine):
    def make(rows, as_of=AS_OF, assumed=MONTHLY):
        frame = pd.DataFrame(rows, columns=["customer_id", "ordered_at", "amount"])
        frame = frame.assign(ordered_at=pd.to_datetime(frame["ordered_at"]), kind="sale", line=1,
                             order_id=[f"o{i}" for i in range(len(frame))])
        lines = canonical_schema.TRANSACTIONS.conformed(session_engine.lazy(frame))
        return dick_basu.repeat_purchase(purchases.purchase_occasions(lines, as_of), as_of, assumed).set_index(
            "customer_id"
        )
    return make


def on(offset, first="2025-06-01"):
    return (pd.Timestamp(first) + pd.Timedelta(days=offset)).isoformat()


def test_share_active_counts_whole_periods_since_the_first_purchase_without_its_day(bought):
    as_of = date.fromisoformat(on(100)[:10])
    found = bought([("c", on(d), 5.0) for d in (0, 1, 30, 61, 95)], as_of).loc["c"]
    assert (found["n_orders"], found["n_periods"], found["n_active_periods"]) == (5, 3, 2)
    assert found["share_active"] == pytest.approx(2 / 3)
    assert found["first_on"] == pd.Timestamp(on(0))


@pytest.mark.parametrize(("day", "active"), [(0, 0), (1, 1), (30, 1), (60, 1), (61, 0)])
def test_the_edges_of_the_periods_lie_where_they_are_said_to(bought, day, active):
    as_of = date.fromisoformat(on(61)[:10])
    assert bought([("c", on(0), 5.0), ("c", on(day), 5.0)], as_of).loc["c", "n_active_periods"] == active


def test_a_newcomer_is_not_judged_and_an_old_one_time_buyer_is(bought):
    found = bought([("new", "2025-12-01", 5.0), ("old", "2025-01-01", 5.0)])
    assert pd.isna(found.loc["new", "share_active"])
    assert found.loc["old", "share_active"] == 0.0


def test_equal_pace_gives_equal_behaviour_whatever_the_age(bought):
    rows = [("long", on(30 * k, "2025-01-01"), 5.0) for k in range(13)]
    rows += [("short", on(30 * k, "2025-09-01"), 5.0) for k in range(5)]
    assert bought(rows)["share_active"].to_list() == [1.0, 1.0]


def test_a_day_that_was_refunded_is_no_purchase(bought):
    found = bought([("c", "2025-01-01", 5.0), ("c", "2025-03-01", 5.0), ("c", "2025-03-01", -5.0),
                    ("d", "2025-01-01", -1.0)])
    assert found["n_orders"].to_dict() == {"c": 1}


def test_nothing_bought_is_an_empty_table(bought):
    assert bought([]).empty


@pytest.fixture
def signed(session_engine):
    def make(rows):
        frame = pd.DataFrame(rows)
        frame = frame.assign(subscription_id=[f"s{i}" for i in range(len(frame))])
        table = canonical_schema.SUBSCRIPTIONS.conformed(session_engine.lazy(frame))
        return dick_basu.running_contracts(table, AS_OF, LoyaltyConfig()).set_index("customer_id")
    return make


def test_a_running_contract_repeats_an_ended_one_does_not_and_a_young_one_is_too_early(signed):
    found = signed([
        {"customer_id": "runs", "started_on": date(2024, 1, 1), "has_ended": False, "tenure_months": None},
        {"customer_id": "ended", "started_on": date(2024, 1, 1), "has_ended": True, "tenure_months": None},
        {"customer_id": "young", "started_on": date(2025, 12, 1), "has_ended": False, "tenure_months": None},
        {"customer_id": "aged", "started_on": None, "has_ended": False, "tenure_months": 7.0},
        {"customer_id": "unknown", "started_on": None, "has_ended": False, "tenure_months": None},
        {"customer_id": "unknown", "started_on": None, "has_ended": True, "tenure_months": None}])
    assert found.index[~found["has_contract"]].to_list() == ["ended"]
    assert found.index[found["is_too_early"]].to_list() == ["young"]


def test_a_contract_that_ends_after_the_date_of_the_run_still_runs(signed):
    rows = [{"customer_id": "c", "started_on": date(2024, 1, 1), "has_ended": True, "ended_on": date(2026, 2, 1)}]
    assert signed(rows)["has_contract"].to_list() == [True]


def test_who_came_back_is_counted_by_orders_and_by_days(session_engine, bought):
    def shares(n, n_again):
        placed = session_engine.lazy(pd.DataFrame({"customer_id": [f"c{i:02}" for i in range(n)],
                                                   "n_orders": [2] * n_again + [1] * (n - n_again)}))
        return placed, {e.quantity: e for e in dick_basu.repeat_shares(session_engine, placed, days)}

    days = bought([(f"c{i:02}", on(d), 5.0) for i in range(16) for d in ((0, 40) if i < 10 else (0,))]).reset_index()
    placed, found = shares(40, 22)
    by_orders, by_days = found[dick_basu.SECOND_ORDER_SHARE], found[dick_basu.SECOND_DAY_SHARE]
    assert (by_orders.value, by_orders.n) == (22 / 40, 40)
    assert (by_days.value, by_days.n) == (10 / 16, 16)
    near = shares(40, 12)[1]  # two of them ordered twice within a day
    assert near[dick_basu.SECOND_ORDER_SHARE].status is Status.STRUCK
    assert near[dick_basu.SECOND_DAY_SHARE].status is Status.OK
    nobody = dick_basu.repeat_shares(session_engine, placed.limit(0), days.head(0))
    assert [e.status for e in nobody] == [Status.INSUFFICIENT] * 2


def test_behaviour_is_told_by_what_is_recorded_of_it(session_engine, subscriptions):
    bought = pd.DataFrame({"customer_id": ["a"]})
    held = subscriptions([{"customer_id": "a", "started_on": date(2024, 1, 1)}])
    member = pd.DataFrame({"customer_id": ["a"], "tier": "x", "valid_from": [date(2024, 1, 1)]})
    memberships, none = (canonical_schema.MEMBERSHIPS.conformed(session_engine.lazy(frame))
                         for frame in (member, member.head(0)))

    def told(orders, contracts, members):
        return dick_basu.behaviour_records(session_engine, orders, contracts, members)
    assert told(bought, held, none) == "order or contract"
    assert told(bought.head(0), held, none) == "contract"
    assert told(bought.head(0), held, memberships) == "membership"
    assert told(bought, subscriptions(), memberships) == "order"
