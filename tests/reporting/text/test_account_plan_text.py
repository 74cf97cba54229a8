from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers.actions.sales_pipeline import OPEN, WON, PipelineForecast
from helpers.foundation import spreadsheets
from helpers.foundation.results import Estimate, Status, no_estimate
from helpers.reporting import key_account_sections
from helpers.reporting.html import Exhibit
from helpers.reporting.text import account_plan as text

TOTALS = {"n_opportunities": 8800, "n_accounts": 85, "n_won": 4238, "n_lost": 2473, "n_open": 2089,
          "n_open_without_account": 1425, "n_without_account": 1425, "value_won": 10_005_534.0, "win_rate": 4238 / 6711}


def forecast(n_beyond=0, n_undated=0, won=None):
    found = won or Estimate("opportunities won", 72.0, 58.6, 85.1, "opportunities", 288)
    money = Estimate("value won", 168_000.0, 121_000.0, 216_000.0, "money", 288)
    return PipelineForecast(pd.DataFrame(), found, money, n_undated, n_beyond)


def test_the_pipeline_is_told_to_the_digit():
    said = text.pipeline_sentence(TOTALS, "USD")
    assert said.startswith("8,800 opportunities, 7,375 of them at 85 accounts: 4,238 won, worth USD 10,005,534, a win "
                           "rate of 63.2")
    assert said.endswith("of those decided; 2,089 are open, 1,425 of them with no account on record.")
    placed = text.pipeline_sentence(TOTALS | {"n_open_without_account": 0, "n_without_account": 0})
    assert placed.startswith("85 accounts with 8,800 opportunities: 4,238 won")
    assert placed.endswith("2,089 are open.")


@pytest.mark.parametrize(("n_beyond", "n_undated", "end"), [
    (0, 0, "]."), (1301, 500, " 1,301 have been open for as long as any decision ever took (138 days) or longer: "
     "decide or close them. 500 have no opening day and are not forecast.")])
def test_closings_are_told_with_what_is_not_forecast(n_beyond, n_undated, end):
    said = text.closings_sentence(forecast(n_beyond, n_undated), 138, 90, "USD")
    assert said.startswith("Of 288 open opportunities of an age at which decisions still came, 72 [59, 85] are "
                           "expected to be won within 90 days, worth ")
    assert said.endswith(end)


def test_what_is_expected_without_an_account_is_told_since_no_table_of_accounts_holds_it():
    rows = pd.DataFrame({"account_id": [None, "Acme", None], "expected": [400.0, 900.0, 200.0]})
    said = text.closings_sentence(replace(forecast(0, 0), by_opportunity=rows), 138, 90, "USD")
    assert said.endswith("Of that, $600 is expected of 2 opportunities without an account on record: record it before "
                         "they are followed up.")


def test_what_cannot_be_forecast_says_why():
    none = no_estimate("closings", Status.INSUFFICIENT, "none is decided")
    assert text.closings_sentence(forecast(won=none), np.inf, 90) == "What is open cannot be forecast: none is decided."


@pytest.mark.parametrize(("known", "said"), [
    ([None, None], "Neither coverage nor single-thread risk can be told until records hold the people who decide"),
    ([3, 4], "1 of 2 accounts whose people are known hangs on one person or none")])
def test_coverage_is_told_only_where_people_are_known(known, said):
    accounts = pd.DataFrame({"n_people": known, "is_single_threaded": [True, False]})
    assert text.coverage_sentence(accounts).startswith(said)


def test_next_steps_name_the_uncovered_the_opposed_and_the_stale():
    people = pd.DataFrame({"customer_id": ["a", "b", "c"], "role": ["decider", "user", "buyer"],
                           "decision_weight": [0.6, 0.3, 0.1], "attitude": [0.2, -0.4, -0.9],
                           "is_covered": [False, True, False], "not_to_contact": [None, None, "has opted out"]})
    outcomes = pd.DataFrame({"outcome": [OPEN, OPEN, OPEN, OPEN, WON], "days": [200.0, 138.0, 20.0, np.nan, 10.0],
                             "opportunity_id": list("vwxyz"), "product": [None, None, "toys", None, None],
                             "stage": "offer"})
    steps = text.next_steps(pd.Series({"n_open": 4}), people, outcomes, 138)
    assert [step.split()[0] for step in steps] == ["Get", "Find", "Decide", "Record", "Follow"]
    assert steps[2].startswith("Decide or close 2 opportunities")
    assert steps[4] == "Follow up x (toys, offer)."
    assert "a (decider, 60" in steps[0]
    assert not any("c (buyer" in step for step in steps)
    assert text.next_steps(pd.Series({"n_open": 0}), people.head(0), outcomes.head(0), 138) == (
        "Nothing is open and nobody is uncovered: look for a new need.",)


def test_of_many_open_opportunities_the_newest_are_named_and_the_others_counted():
    outcomes = pd.DataFrame({"outcome": OPEN, "days": [5.0, 3.0, 9.0], "opportunity_id": ["x", "y", "z"],
                             "product": ["toys", None, None], "stage": None})
    nobody = pd.DataFrame(columns=["decision_weight", "attitude", "is_covered", "not_to_contact"]).astype(
        {"is_covered": "bool"})
    assert text.next_steps(pd.Series({"n_open": 3}), nobody, outcomes, 138) == ("Follow up y, x (toys) and 1 other.",)


@pytest.mark.parametrize(("n_won", "said"), [
    ([60, 62], "Win rates by owner do not differ beyond chance"),
    ([20, 90], "Win rates by owner differ beyond chance: highest Bo, 90"),
    ([20, None], "Win rate by owner: too few decided to compare")])
def test_win_rates_are_said_to_differ_only_beyond_chance(n_won, said):
    won = pd.Series(n_won, dtype="float64")
    rates = pd.DataFrame({"owner": ["Ada", "Bo"], "n_decided": 100, "n_won": won, "win_rate": won / 100})
    assert text.win_rate_title(rates, "owner").startswith(said)


def test_each_account_of_the_file_has_who_looks_after_it_and_what_is_next():
    accounts = pd.DataFrame({"account_id": ["n", "m"], "n_people": [1, np.nan], "n_open": [1, 0]})
    people = pd.DataFrame({"account_id": ["n"], "customer_id": ["a"], "role": ["decider"], "decision_weight": [1.0],
                           "attitude": [0.5], "is_covered": [False], "not_to_contact": [None], "our_owner": ["Bo"]})
    outcomes = pd.DataFrame({"account_id": ["n", "n"], "owner": ["Ada", "Cy"], "outcome": [OPEN, WON],
                             "days": [3.0, 10.0], "value": [np.nan, 5.0], "opportunity_id": ["x", "y"]})
    found = key_account_sections.account_rows(accounts, people, outcomes, {"n": "Bo", "m": "Head"}).set_index(
        "account_id")
    assert found["looked_after_by"].fillna("").to_dict() == {"n": "Ada, Bo", "m": ""}
    assert found["lead"].to_dict() == {"n": "Bo", "m": "Head"}
    assert found["to_record"].fillna("").tolist() == ["", text.PEOPLE_TO_RECORD]
    assert found.loc["n", "next_steps"].startswith("Get in touch with a (decider")
    assert found.loc["n", "next_steps"].endswith("Follow up x.")
    assert found.loc["m", "next_steps"] == "Nothing is open and nobody is uncovered: look for a new need."


def test_owners_who_have_no_opening_day_of_anything_open_are_told_to_be_left_out_of_the_forecast():
    outcomes = pd.DataFrame({"owner": ["Ada", "Ada", "Bo", "Bo", "Cy"], "outcome": [OPEN, OPEN, OPEN, WON, WON],
                             "days": [np.nan, np.nan, 3.0, 10.0, 5.0]})
    assert text.undated_owners_sentence(outcomes) == (
        "Nothing of 1 owner is forecast, who have 2 of the 2 without an opening day: what is expected is that of the "
        "other 1.")
    assert text.undated_owners_sentence(outcomes.assign(days=3.0)) == ""


def test_without_accounts_there_is_no_section_and_no_file():
    empty = pd.DataFrame()
    assert key_account_sections.accounts_overview(empty, empty, forecast(), {}, "", 90) == Exhibit("", "")
    assert key_account_sections.account_file(empty, empty, empty, forecast(), {}, "", date(2026, 7, 14)) == {}
    assert key_account_sections.account_plan("", empty, empty, empty, forecast(), "") == Exhibit("", "")


def test_every_sheet_to_work_from_has_the_lead_of_the_account_the_campaign_and_outcomes_to_choose_from(tmp_path):
    accounts = pd.DataFrame({"account_id": ["n"], "n_people": [1], "n_open": [1]})
    people = pd.DataFrame({"account_id": ["n"], "customer_id": ["a"], "role": ["decider"], "decision_weight": [1.0],
                           "attitude": [0.5], "is_covered": [False], "not_to_contact": [None], "our_owner": ["Bo"]})
    outcomes = pd.DataFrame({"opportunity_id": ["q"], "account_id": ["n"], "owner": ["Ada"], "outcome": [OPEN],
                             "days": [3.0], "value": [8.0], "stage": ["offer"], "product": ["p"],
                             "opened_on": [pd.Timestamp("2026-06-01")]})
    people = people.assign(warned_of="risk", speak_by_on=pd.Timestamp("2026-07-02"), service_case="K1: open")
    rows = pd.DataFrame({"opportunity_id": ["q"], "chance": [0.5], "expected": [4.0]})
    made = key_account_sections.account_file(accounts, people, outcomes, replace(forecast(), by_opportunity=rows),
                                             {"n": "Di"}, "key accounts of 2026-06-30", date(2026, 7, 14))
    (tmp_path / "k.xlsx").write_bytes(made["key-accounts.xlsx"])
    sheets = {sheet.name: sheet for sheet in spreadsheets.read_sheets(tmp_path / "k.xlsx")}
    assert list(sheets) == ["steps", "accounts", "people", "open opportunities"]
    steps = sheets.pop("steps").rows
    assert steps["step"].str.split().str[:2].str.join(" ").tolist() == ["Speak with", "Follow up"]
    assert pd.to_datetime(steps["do by"]).tolist() == [pd.Timestamp("2026-07-02"), pd.Timestamp("2026-07-14")]
    assert steps[["lead", "account id", "campaign"]].drop_duplicates().to_numpy().tolist() == [
        ["Di", "n", "key accounts of 2026-06-30"]]
    for sheet in sheets.values():
        assert sheet.rows[["lead", "campaign"]].to_numpy().tolist() == [["Di", "key accounts of 2026-06-30"]]
        assert {"campaign", "done on", "outcome"} <= set(sheet.rows)
        assert len(sheet.printed) <= 9
    assert {name: sheet.choices["outcome"][0] for name, sheet in sheets.items()} == {
        "accounts": "done", "people": "reached", "open opportunities": "won"}
    days = {name: pd.to_datetime(sheet.rows["do by"]).tolist() for name, sheet in sheets.items() if name != "people"}
    assert days == {"accounts": [pd.Timestamp("2026-07-02")],  # the first of its steps
                    "open opportunities": [pd.Timestamp("2026-07-14")]}
    assert sheets["people"].rows[["warned of", "service case"]].to_numpy().tolist() == [["risk", "K1: open"]]
    assert sheets["accounts"].rows.loc[0, "next steps"].startswith(
        "Speak with a (decider, 100 % of the decision, service case first, see people) by 2 July 2026: warned of risk.")


def test_next_steps_name_the_channels_without_consent_and_nobody_who_consents_to_none():
    people = pd.DataFrame({"customer_id": ["a", "b"], "role": "buyer", "decision_weight": [0.5, 0.5], "attitude": 0.1,
                           "is_covered": False, "not_to_contact": None, "no_consent_by": ["phone", "any"]})
    steps = text.next_steps(pd.Series({"n_open": 0}), people, pd.DataFrame({"outcome": [], "days": []}), 138)
    assert steps == ("Get in touch with a (buyer, 50.0 % of the decision, not by phone), "
                     "whom nobody contacted lately.",)


def test_the_pipeline_is_told_once_by_the_answer_or_by_its_section():
    accounts = pd.DataFrame({"account_id": ["a"], "n_people": [np.nan], "n_open": [1]})
    outcomes = pd.DataFrame({"opportunity_id": ["q"], "account_id": ["a"], "outcome": [OPEN], "days": [3.0],
                             "value": [np.nan], "stage": ["offer"], "product": ["p"], "owner": ["Ada"]})
    told = key_account_sections.pipeline_sentences(outcomes, forecast(), "", 90)
    assert told[0].startswith("1 account with 1 opportunity")
    assert key_account_sections.pipeline_sentences(outcomes.head(0), forecast(), "", 90) == ()
    shown = key_account_sections.accounts_overview(accounts, outcomes, forecast(), {}, "", 90)
    again = key_account_sections.accounts_overview(accounts, outcomes, forecast(), {}, "", 90, True)
    assert told[0] in shown.text
    assert "steps, accounts, what is open" in shown.html
    assert told[0] not in again.text


def test_each_open_opportunity_has_its_next_step():
    outcomes = pd.DataFrame({
        "opportunity_id": list("abcde"), "account_id": [None, "n", "n", "n", "n"], "product": "p", "owner": "Ada",
        "stage": "offer", "opened_on": pd.NaT, "days": [5.0, np.nan, 200.0, 20.0, 100.0],
        "outcome": [OPEN, OPEN, OPEN, OPEN, WON], "value": 1.0})
    found = PipelineForecast(pd.DataFrame({"opportunity_id": ["d"], "chance": [0.5], "expected": [0.5]}),
                             *(no_estimate("none", Status.INSUFFICIENT, "none") for _ in range(2)), 0, 0)
    rows = key_account_sections.open_opportunities(outcomes, found).set_index("opportunity_id")
    assert rows["next_step"].to_dict() == {"a": "follow up", "b": "record when it was opened, or close it",
                                           "c": "decide or close", "d": "follow up"}
    assert rows["to_record"].dropna().to_dict() == {"a": "its account"}
