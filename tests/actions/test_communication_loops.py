from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers.actions import account_calls, case_management, communication_loops, contact_lists, key_accounts
from helpers.actions.communication_loops import InsideSources
from helpers.actions.config import ActionsConfig
from helpers.actions.working_days import WorkingDays
from helpers.foundation import spreadsheets
from helpers.foundation.canonical_schema import CASES, CONTACTS
from helpers.foundation.engine import Engine
from helpers.foundation.results import Status
from helpers.reporting import display
from helpers.reporting.text import contact_loops as text

AS_OF = date(2026, 6, 30)
NOBODY_APART = pd.DataFrame()


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


CASES_DUE = pd.DataFrame({
    "case_id": [f"k{i}" for i in range(16)], "customer_id": [f"c{i % 13}" for i in range(13)] + ["u0", "u1", "u2"],
    "kind": "complaint", "cause": "delivery", "team": ["service"] * 13 + [""] * 3, "told_on": pd.NaT,
    "opened_on": pd.Timestamp("2026-06-01"), "closed_on": [pd.NaT] * 13 + [pd.Timestamp("2026-06-20")] * 3,
    "state": ["open"] * 13 + ["not told"] * 3})


NO_DEALS = pd.DataFrame({name: pd.Series(dtype="object") for name in ("account_id", "owner", "outcome", "value")})


def dated(*spoken_with):
    return case_management.with_due_days(CASES_DUE, spoken_with, ActionsConfig(), WorkingDays(AS_OF))


def test_everybody_inside_hears_what_by_when_and_nothing_of_control_groups():
    lists = contact_lists.contact_lists({"plan": lines()}, NOBODY_APART, ActionsConfig())
    people = pd.DataFrame({"account_id": ["k", "k", "l"], "our_owner": ["Di", None, "Di"],
                           "decision_weight": [0.5, 0.4, 1.0], "not_to_contact": None})
    people = pd.concat([people, people.head(1).assign(not_to_contact="has opted out")])
    accounts = pd.DataFrame({"account_id": ["k", "l"], "is_single_threaded": [True, False]})
    waiting = pd.DataFrame({"owner": ["Ed", "Ed", "Ed"], "next_step": ["follow up", "decide or close", "follow up"],
                            "to_record": [None, "its account", None]})
    found = communication_loops.inside_loop(InsideSources(lists, dated(), people, accounts, {"k": "Di"}, waiting),
                                            ActionsConfig(owner="Head"), WorkingDays(AS_OF))
    assert found["starts_on"].is_monotonic_increasing
    by = found.set_index("who")
    assert by.loc["Ed", "must_know"] == "open opportunities: decide or close (1), follow up (2), record its account (1)"
    n = by["n_customers"].drop("Ed").to_dict()
    assert n == {"Ada": 5, "Bo": 5, "team service": 13, "Head": 3, "Di": 2}
    assert by.loc["Ada", "where"] == "contact-ada-phone.xlsx"
    assert by.loc["Di", "must_know"] == "k: one contact or none: meet another person"
    assert by.loc[["team service", "Head"], "where"].tolist() == ["service-cases.xlsx"] * 2
    assert by.loc["team service", ["first_due_on", "last_due_on"]].tolist() == [
        pd.Timestamp("2026-07-02"), pd.Timestamp("2026-07-03")]  # ten cases a day, the first due in two days
    assert by["starts_on"].drop("Bo").unique().tolist() == [pd.Timestamp("2026-07-01")]  # the day after the plan
    assert by.loc["Bo", ["starts_on", "first_due_on"]].map(lambda on: on.day).tolist() == [2, 7]
    assert found["who"].iloc[-1] == "Bo"  # his list begins last
    assert by["n_first_day"].dropna().to_dict() == {"Ada": 1, "Bo": 0, "team service": 0, "Head": 0}
    assert "starts_on" in text.inside_rows(found)
    assert "starts_on" not in text.inside_rows(found[found["who"].ne("Bo")])
    assert text.inside_title(found).endswith("the first by 2 July 2026")


def test_leads_of_key_accounts_hear_who_of_their_people_is_warned_of_and_by_when_they_speak_with_them():
    lists = contact_lists.contact_lists({"plan": lines().head(0)}, NOBODY_APART, ActionsConfig())
    people = pd.DataFrame({"account_id": ["k", "k", "l", "l", "k"], "customer_id": list("abcde"),
                           "not_to_contact": [None, None, None, "has opted out", None]})
    answers = pd.DataFrame({"customer_id": list("abcd"), "answer": "account owner", "cause": "risk",
                            "respond_by_on": pd.to_datetime(["2026-07-02", "2026-07-04"] * 2)})
    warned = account_calls.with_warnings(people, answers, WorkingDays(AS_OF))
    assert warned["warned_of"].isna().tolist() == [False] * 4 + [True]
    for nobody in (people.head(0), people):  # no alert at all
        assert account_calls.with_warnings(nobody, answers.head(0), WorkingDays(AS_OF))["speak_by_on"].isna().all()
    sources = InsideSources(lists, CASES_DUE.head(0), warned, pd.DataFrame(), {"k": "Di", "l": "Ed"}, pd.DataFrame())
    found = communication_loops.inside_loop(sources, ActionsConfig(), WorkingDays(AS_OF)).set_index("who")
    assert found["n_customers"].to_dict() == {"Di": 2, "Ed": 1}
    assert found.loc["Di", ["first_due_on", "last_due_on"]].tolist() == [
        pd.Timestamp("2026-07-02"), pd.Timestamp("2026-07-06")]  # nobody works on the fourth
    assert set(found["where"]) == {"key-accounts.xlsx"}


def test_an_account_of_several_owners_is_led_by_one_of_them():
    lists = contact_lists.contact_lists({"plan": lines().head(0)}, NOBODY_APART, ActionsConfig())
    people = pd.DataFrame({"account_id": "k", "our_owner": ["Di", "Cy"], "decision_weight": [0.6, 0.3],
                           "not_to_contact": None})
    accounts = pd.DataFrame({"account_id": ["k"], "is_single_threaded": [True]})
    none = pd.DataFrame()
    leads = key_accounts.account_leads(people, NO_DEALS, "Head")
    found = communication_loops.inside_loop(InsideSources(lists, CASES_DUE.head(0), people, accounts, leads, none),
                                            ActionsConfig(), WorkingDays(AS_OF))
    assert found["who"].tolist() == ["Di"]
    served = pd.DataFrame({"balance": ["costs more than it brings"] * 12})
    sources = InsideSources(lists, CASES_DUE.head(0), people.head(0), accounts, leads, none, served)
    row = communication_loops.inside_loop(sources, ActionsConfig(owner="Head"), WorkingDays(AS_OF)).iloc[0]
    assert row[["who", "must_know", "n_customers", "where"]].tolist() == [
        "Head", "costs more than it brings: set how they are served", 12, "balance-of-service.xlsx"]
    assert row["first_due_on"] == pd.Timestamp("2026-07-14")
    many = accounts.assign(account_id=[None]).reindex([0] * 7).assign(account_id=[f"a{i}" for i in range(7)])
    sources = InsideSources(lists, CASES_DUE.head(0), people, many, dict.fromkeys(many["account_id"], "Di"), none)
    told = communication_loops.inside_loop(sources, ActionsConfig(), WorkingDays(AS_OF))["must_know"]
    assert told.tolist() == ["a0, a1, a2, a3, a4 and 2 more: one contact or none: meet another person"]


def test_cases_stand_in_a_file_by_team_with_their_age_and_what_else_is_known_of_the_customer(tmp_path):
    made = case_management.cases_file(dated("c7"), {"c0": "in a random control group"}, ActionsConfig(owner="Head"),
                                    WorkingDays(AS_OF))
    (tmp_path / "cases.xlsx").write_bytes(made["service-cases.xlsx"])
    sheets = {one.name: one.rows for one in spreadsheets.read_sheets(tmp_path / "cases.xlsx")}
    assert {name: len(rows) for name, rows in sheets.items()} == {"open": 13, "not told": 3}
    row = sheets["open"].set_index("case id").loc["k0"]
    assert (row["customer id"], row["team"], row["days old"], row["note"]) == (
        "c0", "service", 29, "in a random control group")
    assert set(sheets["not told"]["team"]) == {"Head"}
    assert sheets["open"]["do by"].value_counts().sort_index().tolist() == [10, 3]
    assert sheets["open"]["case id"].iloc[0] == "k7"  # whom a list contacts
    assert set(sheets["open"]["campaign"]) == {"service cases of 2026-06-30"}
    assert case_management.cases_file(dated().head(0), {}, ActionsConfig(), WorkingDays(AS_OF)) == {}


def test_of_a_closed_case_whoever_is_held_out_is_told_what_came_of_it_and_nothing_beyond(tmp_path):
    notes = case_management.case_notes(dict.fromkeys(["c0", "u0"], "in a random control group"), {})
    made = case_management.cases_file(dated(), notes, ActionsConfig(owner="Head"), WorkingDays(AS_OF))
    (tmp_path / "cases.xlsx").write_bytes(made["service-cases.xlsx"])
    sheets = {one.name: one.rows["note"].dropna().unique().tolist() for one in spreadsheets.read_sheets(
        tmp_path / "cases.xlsx")}
    assert sheets == {"open": ["in a random control group: settle it, no extra contact"],
                      "not told": ["in a random control group: tell what came of it, no extra contact"]}


def test_who_works_the_lists_of_several_campaigns_hears_of_every_file_by_its_own_day():
    both = contact_lists.contact_lists(
        {"plan": lines(), "win-back of 2026-07-01": lines().assign(
            customer_id="w" + lines()["customer_id"], do_by_on=pd.Timestamp("2026-07-03"))}, NOBODY_APART,
        ActionsConfig())
    sources = InsideSources(both, *[pd.DataFrame()] * 3, {}, pd.DataFrame())
    found = communication_loops.inside_loop(sources, ActionsConfig(), WorkingDays(AS_OF))
    own = found[found["who"].eq("Ada")]
    assert own["where"].tolist() == ["win-back-ada-phone.xlsx", "contact-ada-phone.xlsx"]
    assert own["last_due_on"].tolist() == [pd.Timestamp("2026-07-03"), pd.Timestamp("2026-07-07")]


def test_outside_only_the_treated_are_told():
    row = communication_loops.outside_loop(lines()).iloc[0]
    assert (row["told"], row["channel"], row["n_customers"]) == ("How are you?", "phone", 10)
    assert (row["first_on"], row["last_on"]) == (pd.Timestamp("2026-07-01"), pd.Timestamp("2026-07-10"))


def test_both_loops_stand_in_a_file_to_tick_off(tmp_path):
    outside = communication_loops.outside_loop(lines())
    inside = pd.DataFrame([("Ada", "call", 5, 3, AS_OF, AS_OF, AS_OF, "a.xlsx")], columns=communication_loops.INSIDE)
    (tmp_path / "loops.xlsx").write_bytes(communication_loops.loops_file(inside, outside)["communication-loops.xlsx"])
    sheets = {one.name: one.rows for one in spreadsheets.read_sheets(tmp_path / "loops.xlsx")}
    assert list(sheets["inside"].columns) == [
        "who", "must know", "customers", "first day", "starts on", "first due on", "last due on", "where", "done on"]
    assert sheets["outside"]["customers"].tolist() == [10]
    assert communication_loops.loops_file(inside.head(0), outside.head(0)) == {}


def test_what_the_cap_keeps_back_is_told():
    actions = pd.DataFrame({"reason": ["contacted 3 times or more within 30 days"] * 12 + [None]})
    outside = communication_loops.outside_loop(lines())
    assert text.outside_sentence(outside, actions, ActionsConfig(max_contacts=3)).endswith(
        "12 had 3 contacts or more within 30 days and are left out.")
    assert text.outside_sentence(outside, actions, ActionsConfig()) == (
        "10 customers are told something by the lists of this round, once each; the study sets no cap on contacts.")


def test_alerts_are_told_by_who_answers_them():
    answers = pd.DataFrame({"answer": ["contact list"] * 20 + ["service case"] * 11 + ["no contact"] * 30})
    said = text.alerts_sentence(answers)
    assert said == ("Of 61 customers warned of who are in no control group, 20 by a list of this round and 11 by their "
                    "service case are answered; no alert asks for a contact of its own; the others are not contacted: "
                    "why not, their file says.")
    own = pd.concat([answers, pd.DataFrame({"answer": ["contact of its own"] * 12})])
    assert "12 customers are contacted for the alert alone, once each" in text.alerts_sentence(own)
    assert text.alerts_sentence(answers.head(0)) == ""


def test_open_cases_those_closed_without_being_resolved_and_those_closed_without_a_word_are_due():
    rows = pd.DataFrame({
        "case_id": list("abcdefgh"), "customer_id": ["x", "x", "y", "z", "v", "w", "r", "s"], "kind": "complaint",
        "team": ["service", "service", "service", None, "service", "service", "service", "service"],
        "opened_at": pd.to_datetime(["2026-06-01"] * 5 + ["2026-06-30", "2026-06-01", "2025-06-01"]),
        "closed_at": pd.to_datetime([None, None, "2026-06-20", "2026-06-21", "2026-06-22", None, "2026-06-22",
                                     "2025-07-01"]),
        "is_resolved": [None, None, True, None, True, None, False, False],
        "fed_back_at": pd.to_datetime([None, None, None, None, "2026-06-23", None, "2026-06-23", None])})
    engine = Engine()
    found = case_management.due_cases(engine, CASES.conformed(engine.lazy(rows)), AS_OF, 90)
    assert found[["case_id", "team", "state"]].to_numpy().tolist() == [
        ["a", "service", "open"], ["b", "service", "open"], ["f", "service", "open"],
        ["g", "service", "closed, not resolved"], ["c", "service", "not told"], ["d", "", "not told"]]


def test_a_team_deals_with_ten_cases_a_day_of_all_states_together():
    states = ["not told"] * 12 + ["closed, not resolved"] * 9 + ["open"] * 13
    due = case_management.with_due_days(pd.concat([CASES_DUE.head(1)] * 34).assign(
        case_id=[f"k{i:02}" for i in range(34)], state=states), (), ActionsConfig(), WorkingDays(AS_OF))
    assert due["do_by"].value_counts().max() == 10
    by = due.groupby("state", sort=False)["do_by"].agg(["min", "max"])
    assert by.index.tolist() == ["open", "closed, not resolved", "not told"]
    assert by["min"].dt.strftime("%m-%d").tolist() == ["07-02", "07-03", "07-06"]  # told within five days
    assert by["max"].dt.strftime("%m-%d").tolist() == ["07-03", "07-06", "07-07"]


@pytest.mark.parametrize("n", [1, 3, 40])
def test_contacts_of_a_person_are_spread_over_working_days_up_to_the_last(n):
    listed = pd.DataFrame({"variant": "treated", "channel": "phone", "owner": "Ada"}, index=range(n))
    due = pd.Series(pd.Timestamp("2026-07-14"), listed.index)
    on = WorkingDays(AS_OF).spread(listed, due, ("phone",))
    assert on.dt.day_of_week.max() < 5
    assert on.is_monotonic_increasing
    assert on.between("2026-07-01", "2026-07-14").all()
    assert on.value_counts().max() - on.value_counts().min() <= 1 or n < 10


def test_who_speaks_with_people_of_key_accounts_knows_of_their_cases_and_the_team_of_who_speaks_with_them():
    told = account_calls.case_texts(dated())
    assert told["c12"] == ("k12: complaint about delivery, open since 2026-06-01, customer told nothing yet, team "
                           f"service, due by {dated().set_index('customer_id').loc['c12', 'do_by']:%Y-%m-%d}")
    assert account_calls.case_texts(dated().head(0)) == {}
    notes = case_management.case_notes({"a": "has opted out"}, {}, {"a": "N1: speak with Di", "b": "N1: speak with Di",
                                                                    "c": ""})
    assert notes == {"a": "has opted out: settle it, no extra contact",
                     "b": "key account N1: speak with Di; let them know"}


def test_nobody_of_a_key_account_is_spoken_with_before_the_last_of_his_cases_is_due():
    people = pd.DataFrame({"customer_id": ["a", "b", "c"], "speak_by_on": pd.to_datetime(
        ["2026-01-05", "2026-01-14", None])})
    due = pd.DataFrame({"case_id": ["K1", "K2", "K3", "K4"], "customer_id": ["a", "a", "b", "c"], "kind": "complaint",
                        "cause": "", "team": "", "state": case_management.OPEN_CASE,
                        "opened_on": pd.Timestamp("2025-12-01"), "closed_on": pd.NaT, "told_on": pd.NaT,
                        "do_by": pd.to_datetime(["2026-01-06", "2026-01-09", "2026-01-06", "2026-01-06"])})
    due = due.assign(contact_by=due["do_by"] + pd.offsets.BDay(2))
    found = account_calls.with_case_texts(people, due)["speak_by_on"]
    assert found.tolist()[:2] == [pd.Timestamp("2026-01-13"), pd.Timestamp("2026-01-14")]
    assert pd.isna(found[2])  # nobody is warned of him
    assert account_calls.with_case_texts(people, due.head(0))["speak_by_on"].equals(people["speak_by_on"])


def test_written_contacts_that_wait_are_counted_and_calls_are_not():
    some = lines().assign(check="settle the open case first")
    said = text.waiting_sentence(some.assign(channel=["e-mail"] * 2 + ["phone"] * 10), ("phone",))
    assert said.startswith("Fewer than 10 written contacts wait for what the column 'check before' asks, in "
                           "a file a channel. Nobody is contacted before an open")
    assert text.waiting_sentence(some, ("phone",)).startswith("Nobody is contacted before an open")
    assert text.waiting_sentence(some.head(0), ("phone",)) == ""


def test_every_customer_on_record_is_counted_once():
    counted = pd.DataFrame({"group": ["contacted by a list", "not to be contacted", "not to be contacted"],
                            "why": ["", "has opted out", "in a random control group"], "n_customers": [30, 20, 4]})
    assert text.accounted_title(counted) == (
        "54 customers on record, each counted once: 30 contacted by a list and 24 not to be contacted")
    shown = display.data_table(counted.assign(margin_at_risk=[3.5, 4.5, 5.5])).text  # 24 - 20 would tell
    assert "30" in shown
    assert not {"20", "4", "4.5", "5.5"} & set(shown.split())
    few = counted.assign(n_customers=[5, 2000, 40])
    assert text.accounted_title(few).startswith("Customers on record, each counted once: fewer than 10 contacted")
