"""Kinds of customer: no score of what a kind may not be asked, and answers that it gave all the same."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers.foundation.canonical_schema import ITEM_ROLES
from helpers.foundation.results import Status
from helpers.reporting.text.satisfaction_segments import customer_kind_table
from helpers.satisfaction import customer_kinds


@pytest.fixture
def kinds(table, session_engine):
    """Forty consumers and forty colleagues."""
    rows = [{"customer_id": f"c{i:02}", "kind": "consumer" if i < 40 else "internal"} for i in range(80)]
    return customer_kinds.kinds_of_customers(session_engine, table("customers", rows))


def test_a_kind_has_no_score_of_questions_that_it_may_not_be_asked(kinds):
    people = pd.DataFrame({"customer_id": kinds["customer_id"], "person": kinds["customer_id"], "weight": 1.0,
                           "responded_at": pd.Timestamp("2026-01-01"), "kind": "true",
                           "attitude": np.where(kinds["kind"] == "consumer", 70.0, 50.0)})
    made = {e.segment: e for e in customer_kinds.estimates_by_kind(people, kinds, "attitude", "attitude",
                                                                   ("intention", "trust"))}
    assert (made["consumers"].value, made["consumers"].n) == (70, 40)
    assert made["internal customers"].status is Status.NOT_APPLICABLE
    assert "not free to leave" in made["internal customers"].reason
    shown = customer_kind_table(kinds, list(made.values())).set_index("kind of customer")
    assert shown.loc["internal customers", "attitude"].startswith("not applicable: not asked")
    trusted = customer_kinds.estimates_by_kind(people, kinds, "trust", "attitude", ("trust",))
    assert [e.value for e in trusted] == [70, 50]


def test_of_several_answers_of_a_person_the_latest_counts(kinds):
    twice = pd.DataFrame({"customer_id": "c00", "person": "c00", "weight": 1.0, "satisfaction": [90.0, 10.0] * 12,
                          "responded_at": pd.Timestamp("2026-01-01") - pd.to_timedelta(np.arange(24), "D"),
                          "response_id": [f"r{i}" for i in range(24)]})
    many = pd.concat([twice, twice.assign(customer_id="c01", person="c01")])
    consumers = customer_kinds.estimates_by_kind(many, kinds, "satisfaction", "satisfaction", ("satisfaction",))[0]
    assert (consumers.status, consumers.n) == (Status.INSUFFICIENT, 2)


def test_answers_to_questions_that_a_kind_may_not_be_asked_are_found_by_a_check(
    kinds, catalogued, surveyed, session_engine
):
    known = catalogued({"item": "i", "role": "intention"}, {"item": "t", "role": "trust"})
    people = [{"response_id": f"r{i:02}", "customer_id": f"c{i:02}", "responded_at": "2026-01-01"} for i in range(80)]

    def gate(asked):
        given = [(f"r{i:02}", item, 3.0) for i in range(80) for item in asked(i)]
        (found,) = customer_kinds.kind_questions_gate(session_engine, surveyed(known, given, people), kinds)
        return found

    wrong = gate(lambda i: ("i", "t") if i < 52 else ("t",))
    assert (wrong.is_crossed, wrong.statistic) == (True, 12)
    assert "12 people who are internal customers answered" in wrong.sentence
    assert not gate(lambda i: ("i",) if i < 40 else ("t",)).is_crossed
    assert customer_kinds.kind_questions_gate(session_engine, surveyed(known, []), kinds.head(0)) == []


def test_what_kinds_may_not_be_asked_are_roles_that_questions_have():
    excluded = {role for known in customer_kinds.CUSTOMER_KINDS.values() for role in known.excluded_roles}
    assert excluded <= set(ITEM_ROLES)
    assert not customer_kinds.CUSTOMER_KINDS["consumer"].excluded_roles


def test_customers_of_one_kind_make_no_view(table, session_engine):
    one = table("customers", [{"customer_id": f"c{i}", "kind": "consumer", "joined_on": date(2025, 1, 1)}
                              for i in range(40)])
    assert customer_kinds.kinds_of_customers(session_engine, one).empty
