from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers.actions import alert_answers, contact_lists, eligibility, planner
from helpers.actions.alert_answers import AnswerSources
from helpers.actions.config import ActionsConfig
from helpers.actions.schema import DECISIONS
from helpers.actions.working_days import WorkingDays
from helpers.churn.config import AlertRule
from helpers.foundation import spreadsheets
from helpers.foundation.study_config import Economics

DAYS = WorkingDays(date(2025, 12, 31))
DRAW = "churn alerts of 2025-12-31"
RULES = {"high risk": AlertRule(owner="Cy", channel="phone", contact_cost=2.0, script="How are you?"),
         "complained": AlertRule(signal="complaints", owner="Cy", due_days=3)}
PEOPLE = ["listed", "account", "case", "out", "refused", "silent", "dear", "poor", "free"]


LISTED = pd.DataFrame({"customer_id": ["listed", "held"], "variant": ["treated", "held out"],
                       "campaign": "action plan of 2025-12-31", "file": ["contact-ada-e-mail.xlsx", ""],
                       "do_by_on": pd.to_datetime(["2026-01-02", None])})

UNDATED = (pd.DataFrame({"customer_id": pd.Series(dtype="str"), "do_by": pd.Series(dtype="datetime64[us]")}),
           pd.DataFrame({"customer_id": pd.Series(dtype="str"), "speak_by_on": pd.Series(dtype="datetime64[us]")}))


def warned(*customers, rule="high risk", **columns):
    signal = RULES[rule].signal
    return pd.DataFrame({
        "customer_id": list(customers), "rule": rule, "cause": "risk" if signal == "churn_probability" else "complaint",
        "signal": signal, "owner": "Cy", "response": "call", "respond_by_on": pd.Timestamp("2026-01-01"),
        "is_control": False, "is_within_capacity": True, "draw": DRAW, "churn_probability": 0.8,
        "margin_at_risk": 20.0} | columns)


def sources(**changed):
    value = pd.DataFrame({"customer_id": PEOPLE, "tier": "base", "tier_rank": 4})
    scores = pd.DataFrame({
        "customer_id": PEOPLE, "risk": "low", "churn_probability": 0.8, "due_on": pd.Timestamp("2026-03-31"),
        "value_if_kept": 25.0, "value_if_kept_sd": 1.0, "no_order_if_kept": 0.1, "margin_at_risk": 20.0,
        "monthly_fee": np.nan})
    customers = eligibility.contact_candidates(value, scores, pd.DataFrame({"customer_id": ["out"]}))
    customers.loc[customers["customer_id"].eq("account"), "key_account"] = "N1: speak with Di"
    nobody = pd.DataFrame({"customer_id": ["refused"], "variant": None, "owner": None, "channel": None,
                           "cost_expected": np.nan, "cost_worst": np.nan,
                           "reason": "no action is expected to pay for itself"})
    listed = pd.DataFrame({"customer_id": ["listed"], "variant": "treated", "owner": "Ada", "channel": "e-mail",
                           "cost_expected": 1.5, "cost_worst": 8.0, "reason": ""})
    free = nobody.assign(customer_id="free", reason="no rule is for this tier and risk")
    cases = pd.DataFrame({"case_id": ["K7"], "customer_id": ["case"], "team": ["service"], "state": ["open"]})
    consent = eligibility.ContactConsent("marketing", ("marketing",), pd.DataFrame(
        {"customer_id": [p for p in PEOPLE if p != "silent"], "channel": "phone"}))
    given = {"customers": customers, "actions": pd.concat([listed, nobody, free], ignore_index=True),
             "campaigns": nobody.head(0), "cases": cases, "permitted": consent, "held_out": {"held"}}
    return AnswerSources(**(given | changed))


def answered(alerts, known=None, assumptions=None, most=0.5):
    found = alert_answers.answer_alerts(alerts, RULES, known or sources(), assumptions or ActionsConfig(), Economics(),
                                        most)
    return found.set_index("customer_id")


def test_each_customer_warned_of_has_one_answer_and_nobody_is_contacted_whom_the_plan_refuses():
    alerts = pd.concat([warned(*PEOPLE), warned("listed", "case", "free", rule="complained"), warned("held"),
                        warned("left alone", is_control=True), warned("beyond", is_within_capacity=False)])
    alerts.loc[alerts["customer_id"].eq("poor"), "margin_at_risk"] = 3.0
    found = answered(alerts)
    assert found["answer"].to_dict() == {
        "listed": "contact list", "account": "account owner", "case": "service case", "out": "no contact",
        "refused": "no contact", "silent": "no contact", "poor": "no contact", "dear": "contact of its own",
        "free": "contact of its own"}
    assert found["told"].fillna("").to_dict() == {
        "listed": "Ada by e-mail", "account": "key account N1: speak with Di", "case": "case K7 of team service",
        "out": "has opted out", "refused": "no action is expected to pay for itself",
        "silent": "no consent to marketing by phone", "poor": "a contact costs more than it could keep", "dear": "",
        "free": ""}
    assert found.loc["free", "cause"] == "complaint and risk"
    assert found.loc[["free", "listed"], "owner"].fillna("").tolist() == ["Cy", ""]


def test_an_alert_costs_what_the_contact_that_answers_it_costs():
    found = answered(warned("listed", "free", "refused", "account"))
    assert found["cost_expected"].to_dict() == {"listed": 1.5, "free": 2.0, "refused": 0.0, "account": 0.0}
    assert found["cost_worst"].to_dict() == {"listed": 8.0, "free": 2.0, "refused": 0.0, "account": 0.0}


def test_a_complaint_that_is_settled_asks_for_no_contact():
    found = answered(warned("free", "case", rule="complained"))
    assert found["told"].to_dict() == {"free": "its complaint is closed", "case": "case K7 of team service"}


@pytest.mark.parametrize("limit", [{"capacity": 2}, {"budget": 4.0}])
def test_contacts_for_alerts_stay_within_what_the_plan_leaves_of_capacity_and_budget(limit):
    alerts = warned("free", "dear", margin_at_risk=[20.0, 30.0])
    found = answered(alerts, assumptions=ActionsConfig(**limit))  # the plan has taken one place, and 1.5
    assert found["answer"].to_dict() == {"free": "no contact", "dear": "contact of its own"}
    assert found.loc["free", "told"] == "beyond the capacity of this round"


def test_a_contact_for_an_alert_is_a_line_of_a_list_with_channel_first_line_and_a_working_day():
    found = answered(warned("free", "dear", margin_at_risk=[20.0, 30.0])).reset_index()
    lines = alert_answers.alert_lines(found, sources().customers, ActionsConfig(), DAYS)
    assert lines["customer_id"].tolist() == ["dear", "free"]
    assert set(lines["do_by_on"]) == {pd.Timestamp("2026-01-02")}  # the first of January is a holiday
    assert lines[["owner", "channel", "script", "variant"]].drop_duplicates().to_numpy().tolist() == [
        ["Cy", "phone", "How are you?", "treated"]]
    made = contact_lists.contact_lists({DRAW: lines}, pd.DataFrame(), ActionsConfig())
    assert set(made.contents) == {"alert-cy-phone.xlsx", "alert-cy-phone.csv"}


def test_contacts_for_alerts_are_a_decision_with_cost_and_owner_of_which_no_gain_is_measured():
    none = pd.DataFrame(columns=list(DECISIONS.names))
    everybody = sources(permitted=planner.UNKNOWN_CONSENT)
    found = answered(warned(*[f"p{i}" for i in range(12)]), everybody).reset_index()
    row = alert_answers.with_alert_decision(none, found, DAYS.as_of, 90).iloc[0]
    assert row["decision"] == "Contact 12 customers for an alert alone"
    assert (row["cost"], row["worst_case"], row["owner"]) == (24.0, 24.0, "Cy")
    assert row["gain"].startswith("not measured over the 90 days; no control group")
    nobody = answered(warned("refused")).reset_index()
    assert alert_answers.with_alert_decision(none, nobody, DAYS.as_of, 90) is none


def test_every_answer_has_its_day_its_campaign_and_its_file_and_the_earliest_stands_first(tmp_path):
    found = answered(warned("account", "case", "listed", "refused")).reset_index()
    cases = pd.DataFrame({"customer_id": ["case"] * 2, "do_by": pd.to_datetime(["2026-01-05", "2026-01-07"])})
    people = pd.DataFrame({"customer_id": ["account"], "speak_by_on": pd.to_datetime(["2026-01-06"])})
    made = alert_answers.answers_file(found, LISTED, cases, people, DAYS.as_of)["alerts-answered.xlsx"]
    (tmp_path / "a.xlsx").write_bytes(made)
    rows = spreadsheets.read_sheets(tmp_path / "a.xlsx")[0].rows
    assert rows[["customer id", "campaign", "file"]].fillna("").to_numpy().tolist() == [
        ["listed", "action plan of 2025-12-31", "contact-ada-e-mail.xlsx"],
        ["account", "key accounts of 2025-12-31", "key-accounts.xlsx"],
        ["case", "service cases of 2025-12-31", "service-cases.xlsx"], ["refused", "", ""]]
    assert pd.to_datetime(rows["answer by"]).dt.day.tolist()[:3] == [2, 6, 7]


def test_the_file_of_answers_leaves_out_who_must_not_be_contacted(tmp_path):
    found = answered(warned("listed", "out", "silent", "refused")).reset_index()
    made = alert_answers.answers_file(found, LISTED, *UNDATED, DAYS.as_of)["alerts-answered.xlsx"]
    (tmp_path / "a.xlsx").write_bytes(made)
    rows = spreadsheets.read_sheets(tmp_path / "a.xlsx")[0].rows
    assert rows["customer id"].tolist() == ["listed", "refused"]
    assert rows["by whom, or why nobody"].tolist() == ["Ada by e-mail", "no action is expected to pay for itself"]
    assert rows[["campaign", "file"]].fillna("").to_numpy().tolist() == [
        ["action plan of 2025-12-31", "contact-ada-e-mail.xlsx"], ["", ""]]
    assert list(rows.columns)[-3:] == ["done on", "outcome", "campaign"]  # what is not printed stands last
    assert alert_answers.contacted_customers(found, [LISTED]) == {"listed"}


def test_only_alerts_with_a_contact_of_their_own_are_carried_out_beside_the_lists():
    drawn = pd.DataFrame({"experiment": [DRAW, DRAW, "action plan of 2025-12-31", "churn alerts of 2025-09-30"],
                          "unit_id": ["listed", "free", "listed", "listed"]})
    found = alert_answers.carried_out(drawn, [answered(warned("listed", "free")).reset_index()])
    assert found["experiment"].tolist() == [DRAW, "action plan of 2025-12-31", "churn alerts of 2025-09-30"]
    assert found["unit_id"].iloc[0] == "free"
    assert alert_answers.carried_out(drawn, [pd.DataFrame()]) is drawn


def test_without_an_alert_nothing_is_answered():
    assert answered(warned("free").head(0)).empty
    assert alert_answers.answers_file(answered(warned("free").head(0)).reset_index(), LISTED, *UNDATED,
                                      DAYS.as_of) == {}
