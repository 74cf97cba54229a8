from datetime import date

import pandas as pd
import pytest

from helpers.customers import purchases
from helpers.loyalty.satisfaction_loyalty_link import repurchase_after_answer

AS_OF = date(2026, 6, 30)


@pytest.fixture
def came(catalogued, surveyed, transactions, subscriptions):
    def make(said, bought, held=(), horizon=90):
        known = catalogued({"item": "happy"}, {"item": "again", "role": "intention"})
        who = [{"response_id": f"r{i}", "customer_id": c, "responded_at": at} for i, (c, at, _) in enumerate(said)]
        rows = [(f"r{i}", item, score) for i, (_, _, scores) in enumerate(said) for item, score in scores.items()]
        lines = [{"customer_id": c, "ordered_at": at, "amount": 10.0} for c, at in bought]
        days = purchases.purchase_occasions(transactions(
            lines or pd.DataFrame(columns=["customer_id", "ordered_at", "amount"])), AS_OF)
        answers = surveyed(known, rows, who)
        return repurchase_after_answer(answers, days, subscriptions(held), AS_OF, horizon).set_index("customer_id")
    return make


def test_only_purchases_after_the_answer_and_within_the_horizon_count(came):
    found = came([("a", "2026-01-01", {"happy": 5}), ("b", "2026-01-01", {"happy": 1}),
                  ("c", "2026-01-01", {"happy": 3})],
                 [("a", "2025-12-01"), ("a", "2026-01-01"), ("a", "2026-03-31"), ("b", "2025-12-01"),
                  ("b", "2026-04-02"), ("c", "2025-11-01")])
    assert found["returned"].to_dict() == {"a": True, "b": False, "c": False}
    assert found["n_before"].to_dict() == {"a": 2, "b": 1, "c": 1}
    assert found["satisfaction"].to_dict() == {"a": 100, "b": 0, "c": 50}


def test_an_answer_whose_horizon_is_still_open_gives_way_to_an_earlier_one(came):
    found = came([("a", "2026-01-01", {"happy": 2}), ("a", "2026-06-01", {"happy": 5})], [("a", "2025-12-01")])
    assert found["satisfaction"].to_dict() == {"a": 25}
    closed = came([("a", "2026-04-01", {"happy": 2})], [("a", "2025-12-01")])
    assert closed["returned"].to_dict() == {"a": False}
    assert came([("a", "2026-04-02", {"happy": 2})], [("a", "2025-12-01")]).empty


def test_who_has_neither_orders_nor_a_contract_is_left_out_and_other_roles_do_not_count(came):
    found = came([("a", "2026-01-01", {"happy": 2}), ("b", "2026-01-01", {"again": 5})], [("b", "2025-12-01")])
    assert found.empty


def test_who_bought_only_after_the_answer_cannot_buy_again(came):
    found = came([("a", "2026-01-01", {"happy": 2}), ("b", "2026-01-01", {"happy": 2})],
                 [("a", "2026-01-20"), ("b", "2026-01-01"), ("b", "2026-01-20")])
    assert found["n_after"].to_dict() == {"b": 1}


def test_a_contract_that_runs_on_counts_as_coming_back(came):
    held = [{"customer_id": "a", "started_on": "2025-01-01", "has_ended": False},
            {"customer_id": "b", "started_on": "2025-01-01", "has_ended": True, "ended_on": "2026-02-01"},
            {"customer_id": "c", "started_on": "2026-02-01", "has_ended": False}]
    held = pd.DataFrame(held).assign(started_on=lambda f: pd.to_datetime(f["started_on"]),
                                     ended_on=lambda f: pd.to_datetime(f["ended_on"]))
    found = came([(c, "2026-01-01", {"happy": 4}) for c in "abc"], [], held)
    assert found["returned"].to_dict() == {"a": True, "b": False}
