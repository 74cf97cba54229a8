"""Undercoverage: whom no invitation reached, and what weights do not meet."""

from dataclasses import replace
from datetime import date

import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pytest

from helpers.foundation import canonical_schema
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


def test_whoever_ordered_first_after_the_last_answer_was_no_customer_then_where_no_day_of_joining_is_known(
    records, table,
):
    nobody_knows = table("customers", [{"customer_id": c, "joined_on": None, "acquired_channel": "shop"} for c in IDS])
    later = table("transactions", [{"order_id": f"n{i}", "line": 1, "customer_id": IDS[i], "kind": "sale",
                                    "amount": 5.0, "ordered_at": pd.Timestamp("2025-12-01")} for i in range(90, 130)])
    known = replace(records, customers=nobody_knows, transactions=records.transactions.union(later))
    assert undercoverage.trait_shares(answers(), known, [], "w")[1] == N - 30, "ten of forty had ordered before"
    assert undercoverage.trait_shares(answers(), replace(known, customers=records.customers), [], "w")[1] == N


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
        "People of wave w, weighted, when asked, against the 200 known customers, as of its last answer: bought in "
        "the 365 days before 100.0 % against 30.0 %; with a running contract 0.0 % against 20.0 %. No weight meets "
        "these shares; the limit is 5 percentage points.")
    near = undercoverage.TraitShares(BOUGHT, 0.32, 0.3, 32, 100)
    (gate,) = undercoverage.trait_gates(([near], 200))
    assert not gate.is_crossed
    assert gate.sentence.startswith("People of the survey, weighted, when asked, against")
    (gate,) = undercoverage.trait_gates(([near], 200), is_weighted=False)
    assert gate.sentence.startswith(
        "People of the survey when asked, against the 200 known customers, as of its last answer")


def test_shares_of_few_respondents_are_bounds():
    few, many = (undercoverage.TraitShares(BOUGHT, k / 100, 0.5, k, 100) for k in (3, 97))
    assert few.text.endswith("under 10.0 % against 50.0 %")
    assert many.text.endswith("more than 90.0 % against 50.0 %")
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


@pytest.fixture
def simulated(default, session_engine):
    """The customers of the simulated company as records and as frames, and the answers of its last wave."""
    whole = {name: default.tables[f"canonical/{name}"].copy() for name in (
        "customers", "transactions", "subscriptions", "invitations", "respondents")}
    records = CustomerRecords(*(declared.conformed(session_engine.lazy(whole[name])) for name, declared in (
        ("customers", canonical_schema.CUSTOMERS), ("transactions", canonical_schema.TRANSACTIONS),
        ("subscriptions", canonical_schema.SUBSCRIPTIONS), ("invitations", canonical_schema.INVITATIONS))))
    for name, column in (("customers", "joined_on"), ("transactions", "ordered_at"), ("subscriptions", "started_on"),
                         ("subscriptions", "ended_on"), ("invitations", "sent_at"), ("respondents", "responded_at")):
        whole[name][column] = pd.to_datetime(whole[name][column])
    who = whole["respondents"].dropna(subset=["customer_id", "responded_at", "wave"])
    scores = who[who["wave"] == who["wave"].max()][["response_id", "customer_id", "responded_at", "wave"]]
    weight = np.random.default_rng(1).uniform(0.5, 2, len(scores))
    return records, whole, scores.assign(person=scores["customer_id"], weight=weight)


def with_traits(people, whole):
    """Return the traits of people, each as of a time, by loops over rows of the frames."""
    sold, held = whole["transactions"], whole["subscriptions"]
    sold = sold[(sold["kind"] == "sale") & sold["customer_id"].isin(people["customer_id"])]
    sold = {c: rows["ordered_at"].to_numpy() for c, rows in sold.groupby("customer_id")}
    runs = dict(iter(held[held["customer_id"].isin(people["customer_id"])].groupby("customer_id")))
    year = pd.Timedelta(days=undercoverage.BOUGHT_DAYS)
    marks = []
    for one in people.itertuples():
        days, day = sold.get(one.customer_id, np.array([], "M8[us]")), one.at.normalize()
        mine = runs.get(one.customer_id, held.head(0))
        is_held = (mine["started_on"].isna() | (mine["started_on"] <= day)) & (
            ~mine["has_ended"].astype("bool") | (mine["ended_on"] >= day))
        marks.append((bool(((days <= one.at) & (days > one.at - year)).any()), bool(is_held.any())))
    channel = whole["customers"].set_index("customer_id")["acquired_channel"].reindex(people["customer_id"])
    return people.assign(channel=channel.to_numpy()).assign(
        **{name: [mark[i] for mark in marks] for i, name in enumerate((BOUGHT, CONTRACT))})


def test_the_simulated_companys_traits_are_those_that_loops_over_its_frames_find(simulated):
    records, whole, scores = simulated
    found, n = undercoverage.trait_shares(scores, records, [], scores["wave"].iloc[0])
    last, customers, sent = scores["responded_at"].max(), whole["customers"], whole["invitations"]
    then = customers[customers["joined_on"].isna() | (customers["joined_on"] <= last.normalize())]
    there = with_traits(then[["customer_id"]].assign(at=last), whole)
    rows = scores.sort_values(["responded_at", "response_id"]).drop_duplicates("person", keep="last")
    rows = rows[rows["customer_id"].isin(then["customer_id"])]
    at = rows["response_id"].map(sent.groupby("response_id")["sent_at"].min()).fillna(rows["responded_at"])
    here = with_traits(rows[["customer_id", "weight"]].assign(at=at), whole)
    told = {trait.trait: trait for trait in found}
    assert n == len(there)
    assert {BOUGHT, CONTRACT} < told.keys()
    for name, trait in told.items():
        mine, theirs = (frame[name] if name in frame else frame["channel"].eq(name.removeprefix("won through "))
                        for frame in (here, there))
        assert (trait.n_with, trait.n_respondents) == (mine.sum(), len(here)), name
        assert trait.respondents == pytest.approx(np.average(mine, weights=here["weight"]), rel=1e-12), name
        assert trait.customers == pytest.approx(theirs.mean(), rel=1e-12), name


def test_the_simulated_companys_never_invited_are_those_that_its_frames_count(simulated):
    records, whole, _ = simulated
    people = with_traits(whole["customers"][["customer_id"]].assign(at=AS_OF), whole)
    never = ~people["customer_id"].isin(whole["invitations"]["customer_id"])
    groups = {"all": never | True, CONTRACT: people[CONTRACT],
              WITHOUT_ORDER: ~people["customer_id"].isin(whole["transactions"]["customer_id"])}
    found = {e.segment: e for e in undercoverage.never_invited(records, AS_OF) if e.quantity == NEVER_INVITED}
    assert found.keys() == groups.keys()
    for name, is_in in groups.items():
        assert (found[name].value, found[name].n) == ((never & is_in).sum(), is_in.sum()), name


def test_no_more_rows_are_fetched_than_people_answered(simulated, monkeypatch):
    records, _, scores = simulated
    fetch, fetched = ir.Table.to_pyarrow, []

    def counted(table, *args, **kwargs):
        fetched.append((rows := fetch(table, *args, **kwargs)).num_rows)
        return rows

    monkeypatch.setattr(ir.Table, "to_pyarrow", counted)
    undercoverage.trait_shares(scores, records, [], scores["wave"].iloc[0])
    undercoverage.never_invited(records, AS_OF)
    assert max(fetched) <= len(scores) < records.customers.count().to_pyarrow().as_py() / 2
