import pandas as pd
import pytest

from helpers.foundation.engine import Engine
from helpers.loyalty.config import LoyaltyConfig
from helpers.loyalty.dick_basu import classify_loyalty, loyalty_customers_table
from helpers.loyalty.schema import LOYALTY_CUSTOMERS


def by_customer(frame, column="kind"):
    return dict(zip(frame["person"], frame[column], strict=True))


def test_the_four_kinds_are_attitude_by_behaviour(said, bought, signed):
    attitudes, behaved = said({"a": 90, "b": 90, "c": 40, "d": 40}), bought({"a": 0.8, "b": 0.1, "c": 0.8, "d": 0.1})
    found = classify_loyalty(attitudes, behaved, signed(), LoyaltyConfig())
    assert by_customer(found) == {"a": "true", "b": "latent", "c": "spurious", "d": "none"}


def test_on_the_cut_counts_as_strong_and_as_repeating(said, bought, signed):
    assert by_customer(classify_loyalty(said({"a": 70}), bought({"a": 0.5}), signed(), LoyaltyConfig())) == {
        "a": "true"
    }


def test_those_of_whom_only_one_side_is_known_are_no_kind(said, bought, signed):
    found = classify_loyalty(
        said({"a": 90, "n": 90}), bought({"b": 0.8, "n": None, "t": None}), signed(), LoyaltyConfig()
    )
    assert by_customer(found) == {"a": "attitude only", "b": "behaviour only", "n": "answered, too early",
                                  "t": "too early"}


@pytest.mark.parametrize(("runs", "is_early", "kind"), [(True, False, "true"), (False, False, "latent"),
                                                        (True, True, "answered, too early")])
def test_a_running_contract_counts_as_repeating_once_it_is_old_enough(said, bought, signed, runs, is_early, kind):
    found = classify_loyalty(said({"a": 90}), bought({}), signed({"a": (runs, is_early)}), LoyaltyConfig())
    assert by_customer(found) == {"a": kind}


def test_either_orders_or_a_contract_will_do(said, bought, signed):
    found = classify_loyalty(said({"a": 90, "b": 90}), bought({"a": 0.0, "b": None}),
                  signed({"a": (True, False), "b": (True, False)}), LoyaltyConfig())
    assert by_customer(found) == {"a": "true", "b": "true"}


def test_an_attitude_within_one_standard_error_of_measurement_is_near_the_cut(said, bought, signed):
    attitudes = said({"near": 0.0, "far": 0.0, "silent": 0.0})
    error = attitudes.reliability.measurement_error
    attitudes = said({"near": 70 + 0.9 * error, "far": 70 - 1.1 * error})
    found = classify_loyalty(attitudes, bought({"near": 1, "far": 1, "other": 1}), signed(), LoyaltyConfig())
    assert by_customer(found, "is_near_cut") == {"near": True, "far": False, "other": pd.NA}


def test_a_single_question_leaves_nearness_unknown(said, bought, signed):
    found = classify_loyalty(said({"a": 70}, n_items=1), bought({"a": 1}), signed(), LoyaltyConfig())
    assert found["is_near_cut"].isna().all()


def test_struck_attitudes_are_not_told_apart_and_the_others_keep_their_kind(said, bought, signed):
    found = classify_loyalty(
        said({"a": 90, "s": 90}), bought({"a": 0.8, "b": 0.1}), signed(), LoyaltyConfig(), "alpha is low"
    )
    assert by_customer(found) == {"a": "not told apart", "s": "attitude only", "b": "behaviour only"}


def test_anonymous_respondents_are_counted_and_have_no_customer_id(said, bought, signed):
    attitudes = said({"response r1": 90})
    attitudes = type(attitudes)(attitudes.people.assign(customer_id=pd.NA), attitudes.items, attitudes.reliability)
    found = classify_loyalty(attitudes, bought({"c": 0.5}), signed(), LoyaltyConfig())
    assert by_customer(found) == {"response r1": "attitude only", "c": "behaviour only"}
    assert found["customer_id"].dropna().to_list() == ["c"]


def test_the_table_fits_its_declaration_also_when_it_is_empty(said, bought, signed):
    engine = Engine()
    for found in (
        classify_loyalty(said({"a": 90}), bought({"a": 0.5, "b": None}), signed({"a": (True, False)}), LoyaltyConfig()),
        classify_loyalty(said({}), bought({}), signed(), LoyaltyConfig()),
    ):
        table = LOYALTY_CUSTOMERS.conformed(engine.lazy(loyalty_customers_table(found)))
        assert engine.row(LOYALTY_CUSTOMERS.counts(engine.view(table)))["n_rows"] == len(found)
