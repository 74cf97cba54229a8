from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers.actions import communication_loops, contact_lists
from helpers.actions.communication_loops import InsideSources
from helpers.actions.config import ActionsConfig
from helpers.foundation import spreadsheets
from helpers.foundation.canonical_schema import CASES, CONTACTS
from helpers.foundation.engine import Engine
from helpers.foundation.results import Status
from helpers.reporting.text import contact_loops as text

AS_OF = date(2026, 6, 30)


def sent(n=3000, fatigue=0.2, seed=1):
    """Return monthly contacts drawn at random, answered the less the more came within the 90 days before."""
    rng = np.random.default_rng(seed)
    months = pd.date_range("2025-01-01", "2026-06-01", freq="MS")
    is_sent = rng.random((len(months), n)) < 0.4
    recent = np.array([is_sent[max(i - 2, 0):i].sum(0) for i in range(len(months))])
    month, who = np.nonzero(is_sent)
    channel = rng.integers(2, size=len(who))
    p = np.array([0.4, 0.15])[channel] * np.exp(-fatigue * recent[month, who])
    at = months[month]
    answered = pd.Series(at).where(rng.random(len(who)) < p)
    return pd.DataFrame({"contact_id": [f"m{i}" for i in range(len(who))], "customer_id": [f"c{w}" for w in who],
                         "sent_at": at, "channel": np.array(["e-mail", "sms"])[channel], "campaign": "x",
                         "clicked_at": answered})


def fatigue_of(frame, days=75):
    engine = Engine()
    return communication_loops.contact_fatigue(engine, CONTACTS.conformed(engine.lazy(frame)), AS_OF, days)


def test_planted_fatigue_is_recovered_within_its_interval():
    found = fatigue_of(sent())
    assert found.change.low <= np.expm1(-0.2) <= found.change.high
    assert found.change.high < 0
    assert found.rates["recent_contacts"].tolist() == [0, 1, 2]
    assert found.rates["rate"].is_monotonic_decreasing


def test_contacts_of_the_same_day_and_older_ones_are_not_recent():
    frame = pd.DataFrame({"contact_id": list("abcd"), "customer_id": "c", "channel": "e-mail", "campaign": "x",
                          "sent_at": pd.to_datetime(["2026-01-01", "2026-05-01", "2026-05-01", "2026-05-02"]),
                          "clicked_at": pd.Timestamp("2026-06-01")})
    rates = fatigue_of(frame, 30).rates.set_index("recent_contacts")["n_contacts"]
    assert rates.to_dict() == {0: 3, 2: 1}


def test_without_answers_fatigue_is_insufficient_and_said_so():
    found = fatigue_of(sent(20).assign(clicked_at=pd.NaT))
    assert found.change.status is Status.INSUFFICIENT
    assert text.fatigue_sentence(found, 90).startswith("Contact fatigue cannot be told")


def test_fatigue_is_told_as_no_experiment():
    said = text.fatigue_sentence(fatigue_of(sent()), 75)
    assert "fewer answers" in said
    assert said.endswith("Not an experiment: who is contacted more often may differ.")


def lines():
    n = 12
    return pd.DataFrame({
        "customer_id": [f"c{i}" for i in range(n)], "rank": range(1, n + 1), "tier": "top", "action": "call",
        "owner": np.resize(["Ada", "Bo"], n), "channel": "phone",
        "variant": np.repeat(["treated", "held out"], [10, 2]),
        "script": "How are you?", "do_by_on": pd.Timestamp("2026-07-07"), "offer": None,
        "contact_on": pd.to_datetime([*pd.date_range("2026-07-01", periods=10), None, None]), "reason": "", "check": "",
        "churn_probability": 0.5, "margin_at_risk": 3.0, "value_of_asking": np.nan, "done_on": "", "outcome": "",
        "draw": "d"})


def test_everybody_inside_hears_what_by_when_and_nothing_of_control_groups():
    lists = contact_lists.contact_lists({"plan": lines()}, date(2026, 9, 28))
    cases = pd.DataFrame({"team": ["service", ""], "n_open": [12, 0], "n_not_told": [0, 3]})
    alerts = pd.DataFrame({"owner": "Cy", "response": "call", "customer_id": ["a", "b"],
                           "respond_by_on": pd.to_datetime(["2026-07-03", "2026-07-02"])})
    people = pd.DataFrame({"account_id": ["k", "l"], "our_owner": ["Di", "Di"]})
    accounts = pd.DataFrame({"account_id": ["k", "l"], "is_single_threaded": [True, False]})
    waiting = pd.DataFrame({"owner": ["Ed", "Ed", "Ed"], "next_step": ["follow up", "decide or close", "follow up"],
                            "to_record": [None, "its account", None]})
    found = communication_loops.inside_loop(InsideSources(lists, cases, alerts, people, accounts, waiting),
                                            ActionsConfig(owner="Head"), AS_OF)
    assert found["by_on"].is_monotonic_increasing
    by = found.set_index("who")
    assert by.loc["Ed", "must_know"] == "open opportunities: decide or close (1), follow up (2), record its account (1)"
    n = by["n_customers"].drop("Ed").to_dict()
    assert n == {"Ada": 5, "Bo": 5, "team service": 12, "Head": 3, "Cy": 2, "Di": 1}
    assert by.loc["Ada", "where"] == "contact-ada-phone.xlsx"
    assert by.loc["Cy", "by_on"] == pd.Timestamp("2026-07-02")
    assert by.loc["Cy", "where"] == "alerts-cy.xlsx"
    assert by.loc["team service", "by_on"] == pd.Timestamp("2026-07-02")


def test_who_works_the_lists_of_several_campaigns_hears_of_every_file_by_its_own_day():
    both = contact_lists.contact_lists(
        {"plan": lines(), "win-back of 2026-07-01": lines().assign(
            customer_id="w" + lines()["customer_id"], do_by_on=pd.Timestamp("2026-07-03"))}, date(2026, 9, 28))
    found = communication_loops.inside_loop(InsideSources(both, *[pd.DataFrame()] * 5), ActionsConfig(), AS_OF)
    own = found[found["who"].eq("Ada")]
    assert own["where"].tolist() == ["win-back-ada-phone.xlsx", "contact-ada-phone.xlsx"]
    assert own["by_on"].tolist() == [pd.Timestamp("2026-07-03"), pd.Timestamp("2026-07-07")]


def test_outside_only_the_treated_are_told():
    row = communication_loops.outside_loop(lines()).iloc[0]
    assert (row["told"], row["channel"], row["n_customers"]) == ("How are you?", "phone", 10)
    assert (row["first_on"], row["last_on"]) == (pd.Timestamp("2026-07-01"), pd.Timestamp("2026-07-10"))


def test_both_loops_stand_in_a_file_to_tick_off(tmp_path):
    outside = communication_loops.outside_loop(lines())
    inside = pd.DataFrame([("Ada", "call", 5, AS_OF, "a.xlsx")], columns=communication_loops.INSIDE)
    (tmp_path / "loops.xlsx").write_bytes(communication_loops.loops_file(inside, outside)["communication-loops.xlsx"])
    sheets = {one.name: one.rows for one in spreadsheets.read_sheets(tmp_path / "loops.xlsx")}
    assert list(sheets["inside"].columns) == ["who", "must know", "customers", "by on", "where", "done on"]
    assert sheets["outside"]["customers"].tolist() == [10]
    assert communication_loops.loops_file(inside.head(0), outside.head(0)) == {}


def test_what_the_cap_keeps_back_is_told():
    actions = pd.DataFrame({"reason": ["contacted 3 times or more within 30 days"] * 12 + [None]})
    outside = communication_loops.outside_loop(lines())
    alerts = pd.DataFrame({"customer_id": [f"a{i // 2}" for i in range(30)],
                           "on_contact_list": [None] * 28 + ["Ada"] * 2})
    assert text.outside_sentence(outside, actions, ActionsConfig(max_contacts=3), alerts).endswith(
        "12 had 3 contacts or more within 30 days and are left out.")
    said = text.outside_sentence(outside, actions, ActionsConfig(), alerts)
    assert said == ("10 customers are told something by the lists of this round, once each; alerts ask to contact 14 "
                    "customers more; the study sets no cap on contacts.")
    assert "alerts" not in text.outside_sentence(outside, actions, ActionsConfig(), alerts.head(0))


def test_cases_closed_without_a_word_and_open_ones_are_counted_by_team():
    rows = pd.DataFrame({
        "case_id": list("abcde"), "customer_id": ["x", "x", "y", "z", "v"], "kind": "complaint",
        "team": ["service", "service", "service", None, "service"],
        "opened_at": pd.to_datetime(["2026-06-01"] * 5),
        "closed_at": pd.to_datetime([None, None, "2026-06-20", "2026-06-21", "2026-06-22"]),
        "fed_back_at": pd.to_datetime([None, None, None, None, "2026-06-23"])})
    engine = Engine()
    found = communication_loops.cases_by_team(engine, CASES.conformed(engine.lazy(rows)), AS_OF, 90)
    assert found.to_numpy().tolist() == [["", 0, 1], ["service", 1, 1]]


@pytest.mark.parametrize("n", [1, 3, 40])
def test_contacts_of_a_person_are_spread_over_working_days_up_to_the_last(n):
    listed = pd.DataFrame({"variant": "treated", "channel": "phone", "owner": "Ada"}, index=range(n))
    due = pd.Series(pd.Timestamp("2026-07-14"), listed.index)
    on = contact_lists.spread_over_days(listed, due, AS_OF)
    assert on.dt.day_of_week.max() < 5
    assert on.is_monotonic_increasing
    assert on.between("2026-07-01", "2026-07-14").all()
    assert on.value_counts().max() - on.value_counts().min() <= 1 or n < 10
