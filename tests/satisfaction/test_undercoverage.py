"""Undercoverage: whom no invitation reached, and what weights do not meet."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers.foundation.results import Estimate, Level, Status
from helpers.reporting.text import survey_checks
from helpers.satisfaction import undercoverage
from helpers.satisfaction.undercoverage import BOUGHT, CONTRACT, NEVER_INVITED, WITHOUT_ORDER, CustomerRecords
from helpers.stats.survey_weights import ReplicateWeights

N, AS_OF = 200, pd.Timestamp("2025-12-31")
IDS = [f"c{i:03}" for i in range(N)]
INVITED = range(60)


@pytest.fixture
def records(table):
    """Two hundred customers: the first 100 buy, those from 60 on too long before; from 150 on they have contracts."""
    sold = [{"order_id": f"o{i}", "line": 1, "customer_id": IDS[i], "kind": "sale", "amount": 5.0,
             "ordered_at": pd.Timestamp("2025-03-01" if i < 60 else "2023-03-01")} for i in range(100)]
    held = [{"subscription_id": f"s{i}", "customer_id": IDS[i], "started_on": date(2024, 1, 1), "has_ended": i >= 190,
             "ended_on": date(2024, 6, 1) if i >= 190 else None} for i in range(150, 200)]
    sent = [{"invitation_id": f"i{i}", "customer_id": IDS[i], "survey": "x", "sent_at": pd.Timestamp("2025-06-01"),
             "response_id": f"r{i}" if i < 40 else None} for i in INVITED]
    who = [{"customer_id": c, "joined_on": date(2023, 1, 1), "acquired_channel": "shop" if i % 2 else "search"}
           for i, c in enumerate(IDS)]
    return CustomerRecords(*(table(name, rows) for name, rows in (
        ("customers", who), ("transactions", sold), ("subscriptions", held), ("invitations", sent))))


def answers(on="2025-06-10"):
    return pd.DataFrame({"response_id": [f"r{i}" for i in range(40)], "customer_id": IDS[:40], "person": IDS[:40],
                         "responded_at": pd.Timestamp(on), "wave": "w", "weight": 1.0})


def test_respondents_are_compared_with_the_customers_of_their_time_in_what_is_not_raked(records):
    found, n = undercoverage.trait_shares(answers(), records, ["demographic_age"], "w")
    shares = {t.trait: (t.respondents, t.customers) for t in found}
    assert n == N
    assert shares == {BOUGHT: (1.0, 0.3), CONTRACT: (0.0, 0.2), "won through search": (0.5, 0.5),
                      "won through shop": (0.5, 0.5)}
    raked, _ = undercoverage.trait_shares(answers(), records, ["acquired_channel"], "w")
    assert [t.trait for t in raked] == [BOUGHT, CONTRACT]


def test_a_respondent_is_looked_at_when_invited_and_else_when_answering(records, table):
    later = table("transactions", [
        {"order_id": f"n{i}", "line": 1, "customer_id": IDS[i], "kind": "sale", "amount": 5.0,
         "ordered_at": pd.Timestamp("2025-12-01")} for i in range(60, 100)])
    known = replace(records, transactions=records.transactions.union(later))
    late = answers("2026-03-20")
    for of, share in ((known, 1.0), (replace(known, invitations=known.invitations.limit(0)), 0.0)):
        bought = undercoverage.trait_shares(late, of, [], "w")[0][0]
        assert (bought.trait, bought.respondents, bought.customers) == (BOUGHT, share, 0.2)


def test_the_weights_of_the_wave_count(records):
    own = ReplicateWeights(pd.Index(IDS[:40]), np.array([[2.0, 1.0] * 20]))
    found, _ = undercoverage.trait_shares(answers(), records, [], "w", replace(own, waves={"w": own}))
    assert {t.trait: t.respondents for t in found}["won through search"] == pytest.approx(2 / 3)


def test_few_respondents_or_no_customers_are_not_compared(records, table):
    assert undercoverage.trait_shares(answers().head(29), records, [], "w") == ([], 0)
    assert undercoverage.trait_gates(([], 0)) == []
    nobody = replace(records, customers=table("customers"))
    assert undercoverage.trait_shares(answers(), nobody, [], "w")[0] == []
    assert undercoverage.never_invited(nobody, AS_OF) == []


def test_the_check_notes_the_largest_gaps_and_passes_without(records):
    (gate,) = undercoverage.trait_gates(undercoverage.trait_shares(answers(), records, [], "w"), "w")
    assert (gate.is_crossed, gate.level, round(gate.statistic, 2)) == (True, Level.NOTE, 0.7)
    assert gate.sentence == (
        "People of wave w, weighted, when asked, against the 200 customers at its end: bought in the 365 days before "
        "100.0 % against 30.0 %; with a running contract 0.0 % against 20.0 %. No weight meets these shares; the limit "
        "is 5 percentage points.")
    near = undercoverage.TraitShares(BOUGHT, 0.32, 0.3, 32, 100)
    (gate,) = undercoverage.trait_gates(([near], 200))
    assert not gate.is_crossed
    assert gate.sentence.startswith("People of the survey, weighted, when asked, against")
    (gate,) = undercoverage.trait_gates(([near], 200), is_weighted=False)
    assert gate.sentence.startswith("People of the survey when asked, against the 200 customers at its end")


def test_shares_of_few_respondents_are_bounds():
    few, many = (undercoverage.TraitShares(BOUGHT, k / 100, 0.5, k, 100) for k in (3, 97))
    assert few.text.endswith("under 10.0 % against 50.0 %")
    assert many.text.endswith("over 90.0 % against 50.0 %")
    assert few.gap == many.gap == pytest.approx(0.4)


def test_who_was_never_invited_is_counted_in_all_and_in_groups(records):
    found = undercoverage.never_invited(records, AS_OF)
    assert {(e.quantity, e.segment): (e.value, e.n) for e in found} == {
        (NEVER_INVITED, "all"): (140, 200), (NEVER_INVITED, CONTRACT): (40, 40), (NEVER_INVITED, WITHOUT_ORDER): (
            100, 100), (undercoverage.INVITED_BUYERS, "all"): (1.0, 60)}
    assert survey_checks.never_invited_sentence(found) == (
        "140 of 200 known customers were never invited, among them all 40 with a running contract and all 100 without "
        "an order; every invitation went to somebody who had bought in the 365 days before.")


def test_the_sentence_says_no_more_than_is_known(records):
    found = undercoverage.never_invited(records, AS_OF)
    assert survey_checks.never_invited_sentence([]) == ""
    assert survey_checks.never_invited_sentence([replace(found[0], value=0.0)]) == ""
    assert survey_checks.never_invited_sentence([replace(found[0], status=Status.INSUFFICIENT)]) == ""
    some = [found[0], replace(found[1], value=30.0), replace(found[-1], value=0.9)]
    assert survey_checks.never_invited_sentence(some) == "140 of 200 known customers were never invited."
    unasked = replace(records, invitations=records.invitations.limit(0))
    assert undercoverage.never_invited(unasked, AS_OF) == []
    lone = replace(records, transactions=records.transactions.limit(0))
    assert [e.segment for e in undercoverage.never_invited(lone, AS_OF)] == ["all", CONTRACT]


def test_groups_of_which_few_were_invited_are_told_as_nearly_all(table, records):
    sent = records.invitations.union(table("invitations", [
        {"invitation_id": "x", "customer_id": IDS[160], "survey": "x", "sent_at": pd.Timestamp("2025-06-01"),
         "response_id": None}]))
    found = undercoverage.never_invited(replace(records, invitations=sent), AS_OF)
    hidden = next(e for e in found if e.segment == CONTRACT)
    assert isinstance(hidden, Estimate)
    assert np.isnan(hidden.value)
    assert "among them all but fewer than 10 of the 40 with a running contract and" in (
        survey_checks.never_invited_sentence(found))
    assert [e.quantity for e in found if e.quantity == undercoverage.INVITED_BUYERS] == [], "one in sixty is hidden"
