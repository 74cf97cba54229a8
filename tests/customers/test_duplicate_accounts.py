"""Duplicate accounts: a person with two customer numbers counts once."""

import ibis.expr.operations as ops
import pandas as pd
import pytest

from helpers.customers.duplicate_accounts import PersonAccounts, person_accounts

JOINED = pd.to_datetime(["2024-03-01", "2024-01-01", "2024-02-01", None, "2024-05-01", "2024-06-01"])


@pytest.fixture
def known(session_engine):
    return session_engine.lazy(pd.DataFrame({
        "customer_id": ["a", "b", "c", "d", "e", "f"], "person_key": ["k", "k", "k", "m", "m", None],
        "joined_on": JOINED.date, "referred_by": [None, "c", None, None, "a", "e"]}))


def test_accounts_of_a_person_stand_under_the_one_that_joined_first(session_engine, known):
    found = person_accounts(session_engine, known)
    first = session_engine.frame(found.first).set_index("account_id")["first_id"].to_dict()
    assert first == {"a": "b", "c": "b", "d": "e"}, "an account without a day of joining comes last"
    assert (found.n_duplicates, found.n_accounts) == (3, 5)


def test_records_of_all_accounts_count_for_the_person_and_customers_once(session_engine, known):
    orders = session_engine.lazy(pd.DataFrame({"order_id": list("1234"), "customer_id": ["a", "b", None, "f"]}))
    items = session_engine.lazy(pd.DataFrame({"item": ["x"]}))
    made = person_accounts(session_engine, known).merged({"customers": known, "orders": orders, "items": items})
    people, bought, asked = (session_engine.frame(table) for table in made.values())
    assert sorted(people["customer_id"]) == ["b", "e", "f"]
    assert people.set_index("customer_id")["referred_by"].dropna().to_dict() == {"b": "b", "e": "b", "f": "e"}
    assert bought.set_index("order_id")["customer_id"].sort_index().fillna("").tolist() == ["b", "b", "", "f"]
    assert [list(table.columns) for table in made.values()] == [
        list(known.columns), ["order_id", "customer_id"], ["item"]]
    assert asked["item"].tolist() == ["x"]
    assert all(isinstance(table.op(), ops.DatabaseTable) for table in made.values()), "compiled once"


def test_the_check_says_how_many_accounts_are_merged(session_engine, known):
    (gate,) = person_accounts(session_engine, known).gates()
    assert not gate.is_crossed
    assert gate.sentence == ("3 of 5 customers are duplicate accounts; their records count under the "
                             "person's first account.")
    [of_points] = person_accounts(session_engine, known).gates("points")
    assert of_points.sentence.endswith("first account, points by account.")


def test_without_person_keys_or_second_accounts_nothing_is_merged(session_engine, known):
    for table in (known.drop("person_key"), known.filter(known.customer_id == "a")):
        found = person_accounts(session_engine, table)
        assert found.first is None
        assert found.gates() == []
        assert found.merged({"customers": table})["customers"] is table
    assert PersonAccounts().gates() == []
