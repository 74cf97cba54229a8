"""Kinds of customer: no score of what a kind may not be asked, and answers that it gave all the same."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers.customers import customer_kinds
from helpers.foundation import canonical_schema
from helpers.foundation.canonical_schema import ITEM_ROLES
from helpers.foundation.results import Status
from helpers.reporting.text.satisfaction_segments import customer_kind_table
from helpers.satisfaction import satisfaction_by_segment
from helpers.value import segmentation


@pytest.fixture
def table(session_engine):
    """Return ``canonical/customers`` from rows of dicts."""
    return lambda rows: canonical_schema.CUSTOMERS.conformed(session_engine.lazy(pd.DataFrame(list(rows))))


@pytest.fixture
def kinds(table, session_engine):
    """Forty consumers and forty colleagues."""
    rows = [{"customer_id": f"c{i:02}", "kind": "consumer" if i < 40 else "internal"} for i in range(80)]
    return customer_kinds.kinds_of_customers(session_engine, table(rows))


def test_a_kind_has_no_score_of_questions_that_it_may_not_be_asked(kinds):
    people = pd.DataFrame({"customer_id": kinds["customer_id"], "person": kinds["customer_id"], "weight": 1.0,
                           "responded_at": pd.Timestamp("2026-01-01"), "kind": "true",
                           "attitude": np.where(kinds["kind"] == "consumer", 70.0, 50.0)})
    made = {e.segment: e for e in satisfaction_by_segment.estimates_by_kind(people, kinds, "attitude", "attitude",
                                                                   ("intention", "trust"))}
    assert (made["consumers"].value, made["consumers"].n) == (70, 40)
    assert made["internal customers"].status is Status.NOT_APPLICABLE
    assert "not free to leave" in made["internal customers"].reason
    shown = customer_kind_table(kinds, list(made.values())).set_index("kind of customer")
    assert shown.loc["internal customers", "attitude"].startswith("not applicable: not asked")
    trusted = satisfaction_by_segment.estimates_by_kind(people, kinds, "trust", "attitude", ("trust",))
    assert [e.value for e in trusted] == [70, 50]


def test_of_several_answers_of_a_person_the_latest_counts(kinds):
    twice = pd.DataFrame({"customer_id": "c00", "person": "c00", "weight": 1.0, "satisfaction": [90.0, 10.0] * 12,
                          "responded_at": pd.Timestamp("2026-01-01") - pd.to_timedelta(np.arange(24), "D"),
                          "response_id": [f"r{i}" for i in range(24)]})
    many = pd.concat([twice, twice.assign(customer_id="c01", person="c01")])
    consumers = satisfaction_by_segment.estimates_by_kind(
        many, kinds, "satisfaction", "satisfaction", ("satisfaction",))[0]
    assert (consumers.status, consumers.n) == (Status.INSUFFICIENT, 2)


def test_answers_to_questions_that_a_kind_may_not_be_asked_are_found_by_a_check(
    kinds, catalogued, surveyed, session_engine
):
    known = catalogued({"item": "i", "role": "intention"}, {"item": "t", "role": "trust"})
    people = [{"response_id": f"r{i:02}", "customer_id": f"c{i:02}", "responded_at": "2026-01-01"} for i in range(80)]

    def gate(asked):
        given = [(f"r{i:02}", item, 3.0) for i in range(80) for item in asked(i)]
        (found,) = satisfaction_by_segment.kind_questions_gate(session_engine, surveyed(known, given, people), kinds)
        return found

    wrong = gate(lambda i: ("i", "t") if i < 52 else ("t",))
    assert (wrong.is_crossed, wrong.statistic) == (True, 12)
    assert "12 people who are internal customers answered" in wrong.sentence
    assert not gate(lambda i: ("i",) if i < 40 else ("t",)).is_crossed
    assert satisfaction_by_segment.kind_questions_gate(session_engine, surveyed(known, []), kinds.head(0)) == []


def test_what_kinds_may_not_be_asked_are_roles_that_questions_have():
    excluded = {role for known in customer_kinds.CUSTOMER_KINDS.values() for role in known.excluded_roles}
    assert excluded <= set(ITEM_ROLES)
    assert not customer_kinds.CUSTOMER_KINDS["consumer"].excluded_roles


def test_customers_of_one_kind_make_no_view(table, session_engine):
    one = table([{"customer_id": f"c{i}", "kind": "consumer", "joined_on": date(2025, 1, 1)}
                 for i in range(40)])
    assert customer_kinds.kinds_of_customers(session_engine, one).empty


def test_margin_by_kind_stands_beside_what_the_kind_may_be_asked(table, kinds, session_engine):
    people = table(kinds.to_dict("records"))
    worth = pd.DataFrame({"customer_id": kinds["customer_id"],
                          "margin": np.where(kinds["kind"] == "consumer", 30.0, 10.0) + np.tile([-1.0, 1.0], 40)})
    made = segmentation.margin_by_kind(session_engine, session_engine.lazy(worth), people)
    assert [(e.segment, e.value, e.n) for e in made] == [("consumers", 30, 40), ("internal customers", 10, 40)]
    assert made[0].high - made[0].low == pytest.approx(2 * 1.96 * worth["margin"][:40].std() / 40**0.5, rel=1e-3)
    shown = customer_kind_table(kinds, made, "EUR").set_index("kind of customer")
    assert shown.loc["consumers", "margin to date a customer"].startswith("€30.00 [")
    assert "they are not free to leave" in shown.loc["internal customers", "may not be asked about"]
    one = session_engine.lazy(worth.head(40))
    assert segmentation.margin_by_kind(session_engine, one, people) == []
