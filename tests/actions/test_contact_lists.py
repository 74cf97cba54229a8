from datetime import date

import pandas as pd
import pytest

from helpers.actions import contact_lists, eligibility, planner
from helpers.actions.config import ActionRule, ActionsConfig
from helpers.customers.random_assignment import REGISTRY_COLUMNS, Draw
from helpers.foundation import spreadsheets
from helpers.foundation.engine import Engine
from helpers.foundation.study_config import Economics

AS_OF, ENDS_ON = date(2026, 6, 30), date(2026, 9, 28)
OFFERS = pd.DataFrame({"offer_id": ["voucher"], "cost": [8.0], "margin": [20.0], "capacity": [None],
                       "eligibility": ["gold members"]})
RULES = (ActionRule(action="call", channel="phone", lowest_tier=2, is_by_account_owner=True, due_days=7, script="=1+1"),
         ActionRule(action="voucher by mail", channel="post", offer="voucher", owner="Bo/Müller"))
CASES = pd.DataFrame({"customer_id": ["c0000"], "kind": ["complaint"], "opened_on": [pd.Timestamp("2026-06-20")]})


@pytest.fixture
def lines(value, scores, nobody):
    known = pd.DataFrame({"customer_id": value["customer_id"], "our_owner": "Ada", "n_recent_contacts": 0})
    people = eligibility.contact_candidates(value, scores, nobody, known=known)
    assumed = ActionsConfig(rules=RULES, owner="team", hold_out_share=0.2).with_offers(OFFERS)
    draw = Draw("plan", 1, pd.DataFrame(columns=REGISTRY_COLUMNS))
    actions = planner.plan_actions(people, assumed, Economics(), draw)
    facts = scores.assign(reason="orders", recency_days=120, is_one_time=False)
    return contact_lists.contact_lines(actions, facts, CASES, assumed, OFFERS, AS_OF)


def read(contents, name, tmp_path):
    (tmp_path / name).write_bytes(contents[name])
    if name.endswith(".xlsx"):
        return spreadsheets.read_sheets(tmp_path / name)[0].rows
    return pd.read_csv(tmp_path / name)


def test_each_person_and_channel_has_a_list_and_the_control_group_is_in_none_of_them(lines, tmp_path):
    made = contact_lists.contact_lists({"action plan of 2026-06-30": lines}, ENDS_ON)
    assert set(made.contents) == {
        "contact-ada-phone.xlsx", "contact-ada-phone.csv", "contact-bo-müller-post.xlsx", "contact-bo-müller-post.csv",
        "control-group-do-not-contact.xlsx", "control-group-do-not-contact.csv", "mailing.csv"}
    held = set(read(made.contents, "control-group-do-not-contact.xlsx", tmp_path)["customer id"])
    assert held == set(lines.loc[lines["variant"].eq("held out"), "customer_id"])
    treated = set(lines.loc[lines["variant"].eq("treated"), "customer_id"])
    for ending, column in ((".xlsx", "customer id"), (".csv", "customer_id")):
        by_file = [set(read(made.contents, f"contact-{who}{ending}", tmp_path)[column])
                   for who in ("ada-phone", "bo-müller-post")]
        assert by_file[0] | by_file[1] == treated
        assert not by_file[0] & by_file[1]
    assert set(read(made.contents, "mailing.csv", tmp_path)["customer_id"]) == treated - {"c0000"}  # has an open case


def test_whom_an_open_draw_holds_out_stands_with_the_control_groups_though_on_no_list(lines, tmp_path):
    listed = lines.loc[lines["variant"].eq("held out"), "customer_id"].iloc[0]
    assigned = pd.DataFrame({
        "experiment": "churn alerts of 2026-06-01", "purpose": "alert", "unit_id": ["elsewhere", "warned", listed],
        "variant": ["held out", "treated", "held out"], "assigned_on": pd.Timestamp("2026-06-01"),
        "ends_on": pd.Timestamp("2026-08-30")})
    made = contact_lists.contact_lists({"plan": lines}, ENDS_ON, assigned)
    rows = read(made.contents, "control-group-do-not-contact.csv", tmp_path).set_index("customer_id")
    assert set(rows.index) == {"elsewhere", *lines.loc[lines["variant"].eq("held out"), "customer_id"]}
    assert rows.loc[["elsewhere", listed], "no contact until"].tolist() == ["2026-08-30", "2026-09-28"]
    only = contact_lists.contact_lists({"plan": lines.head(0)}, ENDS_ON, assigned)
    assert set(only.contents) == {"control-group-do-not-contact.xlsx", "control-group-do-not-contact.csv"}


def test_a_line_says_why_what_to_check_what_to_say_and_by_when(lines):
    row = lines.set_index("customer_id").loc["c0000"]
    assert row["reason"] == ("high risk of churn, most of it by orders; last purchase 120 days ago; "
                             "open complaint since 2026-06-20")
    assert row["check"] == "settle the open case first"
    assert row["do_by_on"] == pd.Timestamp("2026-07-07")
    by_mail = lines[lines["action"].eq("voucher by mail")]
    assert set(by_mail["check"]) == {"offer is for: gold members"}
    assert lines["rank"].tolist() == list(range(1, len(lines) + 1))


def test_what_tools_read_names_the_draw_so_that_contacts_can_be_told_apart(lines, tmp_path):
    made = contact_lists.contact_lists({"action plan of 2026-06-30": lines}, ENDS_ON)
    rows = read(made.contents, "mailing.csv", tmp_path)
    assert list(rows.columns) == contact_lists.FOR_TOOLS
    assert set(rows["campaign"]) == {"action plan of 2026-06-30"}


def test_a_script_that_looks_like_a_formula_stays_text(lines, tmp_path):
    made = contact_lists.contact_lists({"plan": lines}, ENDS_ON)
    assert set(read(made.contents, "contact-ada-phone.xlsx", tmp_path)["first line"]) == {"=1+1"}
    assert set(read(made.contents, "contact-ada-phone.csv", tmp_path)["first line"]) == {"'=1+1"}


def test_owners_of_like_names_have_files_of_their_own(lines):
    twins = lines.assign(owner=["A b" if i % 2 else "A-b" for i in range(len(lines))], channel="post")
    made = contact_lists.contact_lists({"plan": twins}, ENDS_ON)
    assert {"contact-a-b-post.xlsx", "contact-a-b-post-2.xlsx"} <= set(made.contents)
    assert made.files["file"].is_unique


def test_alerts_have_a_file_an_owner_without_control_groups_and_tell_who_is_on_a_list_or_must_not_be_contacted(
    lines, tmp_path
):
    called = lines.loc[lines["variant"].eq("treated") & lines["channel"].eq("phone"), "customer_id"].iloc[0]
    alerts = pd.DataFrame({
        "customer_id": [called, "out", "held", "kept", "late", "free"], "owner": ["Cy", "Cy", "Cy", "Cy", "Cy", "Di"],
        "cause": "risk", "response": "=call", "respond_by_on": pd.Timestamp("2026-07-02"), "churn_probability": 0.7,
        "margin_at_risk": [3.0, 2.0, 1.0, 1.0, 1.0, 1.0],
        "is_control": [False, False, True, False, False, False],
        "is_within_capacity": [True, True, True, True, False, True]})
    found = contact_lists.alert_lines(alerts, lines, {"out": "has opted out"}, {"held", "kept"})
    assert found["customer_id"].tolist() == [called, "free", "out"]
    files = contact_lists.alert_files(found)
    assert set(files) == {"alerts-cy.xlsx", "alerts-di.xlsx"}
    rows = read(files, "alerts-cy.xlsx", tmp_path).set_index("customer id")
    assert rows.loc[called, "on contact list"] == "Ada by phone"
    assert rows.loc["out", "check before"] == "has opted out"
    assert rows.loc["out", "response"] == "=call"
    assert contact_lists.alert_files(found.head(0)) == {}


def test_each_list_stands_once_with_both_its_files(lines):
    files = contact_lists.contact_lists({"plan": lines}, ENDS_ON).files.set_index("file")["csv"]
    assert files["contact-ada-phone.xlsx"] == "contact-ada-phone.csv"
    assert files["mailing.csv"] == ""
    assert len(files) == 4


def test_without_a_list_there_is_no_file(lines):
    made = contact_lists.contact_lists({"plan": lines.head(0)}, ENDS_ON)
    assert made.contents == {}
    assert made.files.empty


def test_the_oldest_case_that_is_open_on_the_day_is_told():
    engine = Engine()
    cases = engine.lazy(pd.DataFrame({
        "customer_id": ["a", "a", "b", "c"], "kind": ["inquiry", "complaint", "complaint", "repair"],
        "opened_at": pd.to_datetime(["2026-06-02", "2026-06-01", "2026-06-01", "2026-07-01"]),
        "closed_at": pd.to_datetime([None, None, "2026-06-30", None])}))
    found = contact_lists.open_cases(engine, cases, AS_OF)
    assert found.to_numpy().tolist() == [["a", "complaint", pd.Timestamp("2026-06-01")]]
