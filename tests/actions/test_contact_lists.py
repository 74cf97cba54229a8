import io
import zipfile
from datetime import date

import pandas as pd
import pytest

from helpers.actions import case_management, contact_lists, eligibility, mailing_files, offer_terms, planner
from helpers.actions.config import ActionRule, ActionsConfig, OfferTerms
from helpers.actions.working_days import WorkingDays
from helpers.customers.random_assignment import REGISTRY_COLUMNS, Draw
from helpers.foundation import spreadsheets
from helpers.foundation.study_config import Economics

AS_OF = date(2026, 6, 30)
OFFERS = pd.DataFrame({"offer_id": ["voucher"], "cost": [8.0], "margin": [20.0], "capacity": [None],
                       "eligibility": ["gold members"]})
RULES = (ActionRule(action="call", channel="phone", lowest_tier=2, is_by_account_owner=True, due_days=7, script="=1+1"),
         ActionRule(action="voucher by mail", channel="post", offer="voucher", owner="Bo/Müller",
                    script="Here is a voucher."))
APART = pd.DataFrame({"customer_id": ["held", "out"], "reason": ["in a random control group", "has opted out"],
                      "not_by": "any", "no_contact_until": pd.NaT})


@pytest.fixture
def lines(value, scores, nobody):
    known = pd.DataFrame({"customer_id": value["customer_id"], "our_owner": "Ada", "n_recent_contacts": 0})
    people = eligibility.contact_candidates(value, scores, nobody, known=known)
    assumed = ActionsConfig(rules=RULES, owner="team", hold_out_share=0.2).with_offers(OFFERS)
    draw = Draw("plan", 1, pd.DataFrame(columns=REGISTRY_COLUMNS))
    actions = planner.plan_actions(people, assumed, Economics(), draw)
    facts = scores.assign(reason="orders", recency_days=120, is_one_time=False)
    return contact_lists.contact_lines(actions, facts, assumed, OFFERS, WorkingDays(AS_OF))


def read(contents, name, tmp_path):
    (tmp_path / name).write_bytes(contents[name])
    if name.endswith(".xlsx"):
        return spreadsheets.read_sheets(tmp_path / name)[0].rows
    return pd.read_csv(tmp_path / name)


def test_each_person_and_channel_has_a_list_and_the_control_group_is_in_none_of_them(lines, tmp_path):
    checked = lines.assign(check=lines["check"].str.replace("offer is for: gold members", ""))
    made = contact_lists.contact_lists({"action plan of 2026-06-30": checked}, APART, ActionsConfig())
    assert set(made.contents) == {
        "contact-ada-phone.xlsx", "contact-ada-phone.csv", "contact-bo-müller-post.xlsx", "contact-bo-müller-post.csv",
        "do-not-contact.xlsx", "do-not-contact.csv", "mailing-post.csv",
        "do-not-contact-by-e-mail.csv", "do-not-contact-by-phone.csv"}  # the channels that the plan has
    assert read(made.contents, "do-not-contact.xlsx", tmp_path)["customer id"].tolist() == APART["customer_id"].tolist()
    treated = set(lines.loc[lines["variant"].eq("treated"), "customer_id"])
    for ending, column in ((".xlsx", "customer id"), (".csv", "customer_id")):
        by_file = [set(read(made.contents, f"contact-{who}{ending}", tmp_path)[column])
                   for who in ("ada-phone", "bo-müller-post")]
        assert by_file[0] | by_file[1] == treated
        assert not by_file[0] & by_file[1]
    written = checked["variant"].eq("treated") & checked["channel"].eq("post") & checked["check"].eq("")
    mailed = read(made.contents, "mailing-post.csv", tmp_path)
    assert set(mailed["customer_id"]) == set(lines.loc[written, "customer_id"])


def test_a_line_says_why_what_to_check_what_to_say_and_by_when(lines):
    row = lines.set_index("customer_id").loc["c0000"]
    assert row["reason"] == ("high risk of churn, most of it by orders; last purchase 120 days ago")
    assert row["do_by_on"] == pd.Timestamp("2026-07-07")
    by_mail = lines[lines["action"].eq("voucher by mail")]
    assert set(by_mail["check"]) == {"offer is for: gold members"}
    assert lines["rank"].tolist() == list(range(1, len(lines) + 1))


def test_what_tools_read_names_the_draw_so_that_contacts_can_be_told_apart(lines, tmp_path):
    made = contact_lists.contact_lists({"action plan of 2026-06-30": lines.assign(check="")}, APART, ActionsConfig())
    rows = read(made.contents, "mailing-post.csv", tmp_path)
    assert list(rows.columns) == mailing_files.FOR_TOOLS
    assert set(rows["campaign"]) == {"action plan of 2026-06-30"}


def test_a_list_prints_what_an_agent_needs_in_nine_columns_at_most(lines, tmp_path):
    made = contact_lists.contact_lists({"plan": lines}, APART, ActionsConfig())
    (tmp_path / "list.xlsx").write_bytes(made.contents["contact-ada-phone.xlsx"])
    sheet = spreadsheets.read_sheets(tmp_path / "list.xlsx")[0]
    assert sheet.printed == ("contact on", "customer id", "why this customer", "first line", "outcome")
    assert {"rank", "margin at risk", "campaign"} <= set(sheet.rows.columns)
    assert len(contact_lists.PRINTED) == 9


def test_a_list_about_cases_prints_what_each_is_about_and_how_it_stands(lines, tmp_path):
    due = pd.DataFrame([case("K1", "c0000", "open", "2026-07-06")])
    made = contact_lists.contact_lists({"plan": lines.assign(action="service recovery")}, APART, ActionsConfig(), due)
    (tmp_path / "list.xlsx").write_bytes(made.contents["contact-ada-phone.xlsx"])
    sheet = spreadsheets.read_sheets(tmp_path / "list.xlsx")[0]
    assert sheet.printed[-4:] == ("service case", "case is about", "state of the case", "outcome")
    assert len(contact_lists.PRINTED_OF_CASES) == 9


def test_the_page_has_whom_a_draw_contacts_on_the_days_of_the_files(lines, tmp_path):
    case = pd.DataFrame({name: [None] for name in contact_lists.OF_CASE}).assign(
        case_id="K1", customer_id="c0000", kind="complaint", cause="", team="", state="open",
        opened_on=pd.Timestamp("2026-06-01"), do_by=pd.Timestamp("2026-07-20"),
        contact_from=pd.Timestamp("2026-07-21"), contact_by=pd.Timestamp("2026-07-22"))
    made = contact_lists.contact_lists({"plan": lines}, APART, ActionsConfig(), case)
    shown = made.of_draw("plan").set_index("customer_id")
    assert set(shown.index) == set(lines.loc[lines["variant"].eq("treated"), "customer_id"])
    assert shown["rank"].is_monotonic_increasing
    file = read(made.contents, shown.loc["c0000", "file"], tmp_path).set_index("customer id")
    assert shown.loc["c0000", "contact_on"] == pd.Timestamp("2026-07-21")
    assert pd.Timestamp(file.loc["c0000", "contact on"]) == shown.loc["c0000", "contact_on"]
    assert pd.Timestamp(file.loc["c0000", "do by"]) == shown.loc["c0000", "do_by_on"]
    assert made.of_draw("none of these").empty


def test_a_script_that_looks_like_a_formula_stays_text(lines, tmp_path):
    made = contact_lists.contact_lists({"plan": lines}, APART, ActionsConfig())
    assert set(read(made.contents, "contact-ada-phone.xlsx", tmp_path)["first line"]) == {"=1+1"}
    assert set(read(made.contents, "contact-ada-phone.csv", tmp_path)["first line"]) == {"'=1+1"}


def test_owners_of_like_names_have_files_of_their_own(lines):
    twins = lines.assign(owner=["A b" if i % 2 else "A-b" for i in range(len(lines))], channel="post")
    made = contact_lists.contact_lists({"plan": twins}, APART, ActionsConfig())
    assert {"contact-a-b-post.xlsx", "contact-a-b-post-2.xlsx"} <= set(made.contents)
    assert made.files["file"].is_unique


def test_each_list_stands_once_with_both_its_files(lines):
    made = contact_lists.contact_lists({"plan": lines.assign(check="")}, APART, ActionsConfig())
    files = made.files.set_index("file")["csv"]
    assert files["contact-ada-phone.xlsx"] == "contact-ada-phone.csv"
    assert files["mailing-post.csv"] == ""
    assert len(files) == 6


def test_without_a_list_there_is_no_file(lines):
    made = contact_lists.contact_lists({"plan": lines.head(0)}, APART.head(0), ActionsConfig())
    assert made.contents == {}
    assert made.files.empty


def test_an_offer_stands_in_the_list_and_for_the_tool_with_what_it_is_worth_its_code_and_until_when(lines, tmp_path):
    terms = (OfferTerms(offer="voucher", value="8 euros off", code="BACK8", valid_days=20, terms="from 30 euros on"),)
    made = contact_lists.contact_lists({"action plan of 2026-06-30": lines.assign(check="")}, APART,
                                       ActionsConfig(offers=terms))
    row = read(made.contents, "mailing-post.csv", tmp_path).query("offer_id == 'voucher'").iloc[0]
    assert (row["offer_value"], row["offer_code"], row["offer_terms"]) == (
        "8 euros off", "BACK8-AP260630", "from 30 euros on")
    assert pd.Timestamp(row["valid_until"]) - pd.Timestamp(row["send_by_on"]) == pd.Timedelta(days=20)
    assert row["first_line"] == "Here is a voucher."
    by_post = read(made.contents, "contact-bo-müller-post.csv", tmp_path)
    assert set(by_post["code"]) == {"BACK8-AP260630"}
    assert "code" not in read(made.contents, "contact-ada-phone.csv", tmp_path)


def case(case_id, customer, state, do_by=None, cause="delivery", team="service", closed=None, told=None):
    on = [pd.Timestamp(day) if day else pd.NaT for day in ("2026-06-20", closed, told, do_by)]
    days = [on[3] + pd.offsets.BDay(n) for n in range(3)]
    return dict(zip([*case_management.OF_CASE, *case_management.DAYS_OF_CASE],
                    [case_id, customer, "complaint", cause, team, *on[:3], state, *days], strict=True))


def test_whoever_has_a_case_waits_for_it_and_the_line_says_which_it_is_how_it_stands_and_by_when_it_is_due():
    due = pd.DataFrame([case("K1", "a", "open", "2026-07-06"), case("K2", "b", "not told", "2026-07-02", "", "",
                                                                    closed="2026-06-25")])
    complained = pd.DataFrame([case("K1", "a", "open"), case("K3", "c", "closed, not resolved", closed="2026-06-26",
                                                            told="2026-06-27")]).drop(
        columns=list(case_management.DAYS_OF_CASE))
    listed = pd.DataFrame({"customer_id": list("abcd"), "check": ["", "offer is for: gold members", "", ""],
                           "contact_on": pd.Timestamp("2026-07-03"), "do_by_on": pd.Timestamp("2026-07-04")})
    found = case_management.with_cases(listed.assign(action="win-back"), due, complained).set_index("customer_id")
    assert found["check"].tolist() == [
        "settle the open case first", "tell first what came of the case; offer is for: gold members", "", ""]
    assert found["contact_on"].dt.day.tolist() == [7, 3, 3, 3]  # not on the last day of the case, and with a day more
    assert found["do_by_on"].dt.day.tolist() == [8, 6, 4, 4]
    assert found.loc["a", list(case_management.OF_LINE)].tolist() == [
        "K1", "complaint about delivery", "open since 2026-06-20, customer told nothing yet", "service",
        pd.Timestamp("2026-07-06")]
    assert found.loc["b", "case_about"] == "complaint"
    assert found.loc["c", "case"] is None or pd.isna(found.loc["c", "case"])  # this list does not speak of it
    about = case_management.with_cases(listed.assign(action="service recovery", check=""), due, complained)
    about = about.set_index("customer_id")
    assert about["check"].tolist() == ["ask team service what came of the case", "ask the team what came of the case",
                                       "", ""]
    assert about.loc["c", "case_state"] == ("closed on 2026-06-26 without being resolved, customer told on 2026-06-27")
    assert about["contact_on"].dt.day.tolist() == [7, 3, 3, 3]  # that of b can tell what came of the case


def test_a_call_about_a_case_closed_without_being_resolved_names_it_its_team_and_by_when_it_is_settled():
    due = pd.DataFrame([case("K1", "a", "closed, not resolved", "2026-07-06", closed="2026-06-25")])
    listed = pd.DataFrame({"customer_id": ["a"], "check": "", "action": "service recovery", "contact_on": pd.Timestamp(
        "2026-07-02"), "do_by_on": pd.Timestamp("2026-07-04")})
    row = case_management.with_cases(listed, due, due.head(0)).iloc[0]
    assert row[["case", "case_team", "check"]].tolist() == ["K1", "service", "ask team service what came of the case"]
    assert row[["case_due_on", "contact_on"]].tolist() == [pd.Timestamp("2026-07-06"), pd.Timestamp("2026-07-07")]
    other = case_management.with_cases(listed.assign(action="win-back"), due, due.head(0)).iloc[0]
    assert other["check"] == "settle first the case that was closed without being resolved"


def test_a_customer_of_several_cases_is_contacted_after_the_last_and_all_stand_in_the_line():
    due = pd.DataFrame([case("K1", "a", "open", "2026-07-06"), case("K2", "a", "open", "2026-07-08", "invoice")])
    listed = pd.DataFrame({"customer_id": ["a"], "check": "", "action": "call", "contact_on": pd.Timestamp(AS_OF),
                           "do_by_on": pd.Timestamp("2026-07-10")})
    row = case_management.with_cases(listed, due, due.head(0)).iloc[0]
    assert (row["case"], row["case_about"]) == ("K1; K2", "complaint about delivery; complaint about invoice")
    assert (row["contact_on"], row["do_by_on"]) == (pd.Timestamp("2026-07-09"), pd.Timestamp("2026-07-10"))
    none = case_management.with_cases(listed, due.head(0), due.head(0)).iloc[0]
    assert none["contact_on"] == pd.Timestamp(AS_OF)
    assert none["case"] is None


def test_every_list_tells_its_campaign_and_offers_the_outcomes_to_choose_from(lines):
    made = contact_lists.contact_lists({"action plan of 2026-06-30": lines.assign(check="")}, APART, ActionsConfig())
    for name, outcomes in (("contact-ada-phone", "reached,agreed,refused,not reached,wants no contact,not done"),
                           ("contact-bo-müller-post", "sent,came back,wants no contact,not done")):
        header, first, *_ = made.contents[name + ".csv"].decode("utf-8-sig").splitlines()
        assert header.endswith("campaign,agent,done on,outcome" if "phone" in name else "campaign,done on,outcome")
        assert first.endswith("action plan of 2026-06-30,,," if "phone" in name else "action plan of 2026-06-30,,")
        with zipfile.ZipFile(io.BytesIO(made.contents[name + ".xlsx"])) as book:
            page = book.read("xl/worksheets/sheet1.xml").decode()
        assert '<dataValidation type="list"' in page
        assert f'"{outcomes}"' in page


def test_codes_differ_by_campaign_and_hold_for_all_of_it_from_its_last_day_on():
    terms = (OfferTerms(offer="voucher", code="BACK8", valid_days=20),)
    rows = pd.DataFrame({"customer_id": list("abc"), "offer": ["voucher", "voucher", None], "campaign": [
        "action plan of 2026-06-30"] * 2 + ["win-back of 2026-06-30"], "do_by_on": pd.to_datetime(
        ["2026-07-07", "2026-07-09", "2026-07-09"])})
    twice = pd.concat([rows, rows.assign(campaign="win-back of 2026-06-30")])
    found = offer_terms.with_offer_terms(twice, terms)
    assert set(found.loc[found["offer"].eq("voucher"), "valid_until"]) == {pd.Timestamp("2026-07-29")}
    assert found["offer_code"].fillna("").tolist() == ["BACK8-AP260630"] * 2 + [""] + ["BACK8-WB260630"] * 2 + [""]
    made = offer_terms.offers_made(found, OFFERS)
    assert made[["campaign", "code", "n_customers", "cost"]].to_numpy().tolist() == [
        ["action plan of 2026-06-30", "BACK8-AP260630", 2, 8.0], ["win-back of 2026-06-30", "BACK8-WB260630", 2, 8.0]]


def test_tools_get_neither_calls_nor_an_offer_whose_eligibility_nobody_has_checked(lines, tmp_path):
    assert set(lines.loc[lines["check"].eq(""), "action"]) == {"call"}
    made = contact_lists.contact_lists({"plan": lines}, APART, ActionsConfig())
    assert "mailing-post.csv" not in made.contents
    later = read(made.contents, "mailing-later-post.csv", tmp_path)
    waits = lines["variant"].eq("treated") & lines["check"].ne("")
    assert set(later["customer_id"]) == set(lines.loc[waits, "customer_id"])
    assert set(later["check_before"]) == {"offer is for: gold members"}
    counts = made.files.set_index("file")["n_customers"]  # of a part of a list none is told on the page
    assert pd.isna(counts["mailing-later-post.csv"])


def test_whom_not_to_contact_stands_in_csv_alone_where_no_sheet_could_be_worked_with(lines, monkeypatch):
    monkeypatch.setattr(contact_lists, "MOST_IN_EXCEL", len(APART) - 1)
    files = contact_lists.contact_lists({"plan": lines.head(0)}, APART, ActionsConfig())
    by_channel = ["do-not-contact-by-e-mail.csv", "do-not-contact-by-phone.csv"]
    assert set(files.contents) == {"do-not-contact.csv", *by_channel}
    assert files.files["file"].tolist() == ["do-not-contact.csv", *by_channel]
