from datetime import date

import pandas as pd

from helpers.actions import account_calls, sales_pipeline
from helpers.actions.config import ActionRule, ActionsConfig, Campaign
from helpers.customers.random_assignment import SERVICE_RECOVERY, TRUST_REPAIR

SETTLED = {"case_id": "K1", "customer_id": "a", "kind": "complaint", "cause": "website", "team": "", "state": "settled",
           "opened_on": pd.Timestamp("2025-10-07"), "closed_on": pd.Timestamp("2025-10-08"),
           "told_on": pd.Timestamp("2025-10-09")}


def people(**columns):
    known = {"customer_id": list("abc"), "warned_of": ["complaint and risk", "risk", None], "service_case": None,
             "not_to_contact": None, "no_consent_by": ""}
    return pd.DataFrame(known | columns).astype({"warned_of": "object"})


def test_a_warning_of_a_complaint_tells_which_it_was_though_nothing_of_it_is_due():
    older = SETTLED | {"case_id": "K0", "cause": "delivery", "opened_on": pd.Timestamp("2025-07-01")}
    other = SETTLED | {"case_id": "K2", "customer_id": "b"}
    found = account_calls.with_complaints(people(), pd.DataFrame([older, SETTLED, other]))["warned_of"].tolist()
    assert found[:2] == ["complaint and risk (K1: complaint about website, closed on 2025-10-08, customer told on "
                         "2025-10-09)", "risk"]
    due = people(service_case=["K1: open", None, None])  # the case stands there already
    assert account_calls.with_complaints(due, pd.DataFrame([SETTLED]))["warned_of"][0] == "complaint and risk"
    none = pd.DataFrame([SETTLED]).head(0)
    assert account_calls.with_complaints(people(), none)["warned_of"][0] == "complaint and risk"
    assert account_calls.with_complaints(people().head(0), none).empty


def test_a_call_begins_in_the_words_of_the_study_by_what_is_known_of_the_person():
    assumptions = ActionsConfig(
        rules=(ActionRule(action="mail", channel="e-mail", script="Dear"), ActionRule(action="visit", channel="visit"),
               ActionRule(action="call", channel="phone", script="How are you?")),
        campaigns=(Campaign(kind=SERVICE_RECOVERY, script="Sorry."), Campaign(kind=TRUST_REPAIR, script="We changed.")))
    told = people(service_case=[None, "K3: inquiry, open since 2025-10-08", None])
    found = account_calls.with_first_lines(told, assumptions)
    assert found["first_line"].tolist() == ["We changed.", "Sorry.", "How are you?"]
    states = people(service_case=["K3: complaint, closed on 2025-10-08 without being resolved",
                                  "K4: inquiry, closed on 2025-10-08, customer told nothing yet", None])
    assert account_calls.with_first_lines(states, assumptions)["first_line"].tolist() == [
        "Sorry.", "tell first what came of the case", "How are you?"]
    barred = account_calls.with_first_lines(told.assign(not_to_contact=["has opted out", None, None],
                                                        no_consent_by=["any", "any", "phone"]), assumptions)
    assert barred["not_to_contact"].fillna("").tolist() == ["has opted out", "no consent by any channel", ""]
    assert barred["first_line"].fillna("").tolist() == ["", "", "How are you?"]
    wordless = account_calls.with_first_lines(told, ActionsConfig(rules=(), campaigns=()))
    assert wordless["first_line"].isna().all()


def test_a_call_says_why_it_is_made_and_what_to_offer_and_offers_nothing_to_who_complained():
    deals = pd.DataFrame({
        "opportunity_id": [f"o{i}" for i in range(24)], "account_id": ["l"] * 12 + ["k"] * 12,
        "product": ["toys"] * 12 + ["gifts"] * 12, "owner": "Di", "stage": "offer", "value": 5.0,
        "is_won": [True, False, False] * 8,
        "opened_on": pd.Timestamp("2026-01-01"), "closed_on": pd.Timestamp("2026-02-01")})
    outcomes = sales_pipeline.with_outcome(deals, date(2026, 6, 30))
    told = people(account_id="k", service_case=[None, None, None])
    more = told.iloc[[1]].assign(
        customer_id="d", service_case="K3: inquiry about delivery, open since 2025-10-08, due by 2026-07-02")
    told = pd.DataFrame([*told.to_dict("records"), *more.to_dict("records")])
    actions = pd.DataFrame({"customer_id": list("abcd"), "risk": "high"})
    scores = pd.DataFrame({"customer_id": list("abcd"), "reason": "recency", "recency_days": 40.0,
                           "is_one_time": False})
    found = account_calls.with_reasons(told, actions, scores, outcomes).set_index("customer_id")
    assert found["why"].fillna("").tolist() == [
        *["high risk of churn, most of it by recency; last purchase 40 days ago"] * 2, "",
        "high risk of churn, most of it by recency; last purchase 40 days ago; inquiry about delivery"]
    assert found["offer"].fillna("").tolist() == [
        "none: listen first", "if asked: toys, not bought yet; 33 % of offers won", "", "none: listen first"]
    barred = account_calls.with_reasons(told.assign(not_to_contact="has opted out"), actions, scores, outcomes)
    assert barred[["why", "offer"]].isna().all(axis=None)
    nothing = account_calls.with_reasons(told, actions, scores, outcomes.head(0))
    assert nothing["offer"].dropna().unique().tolist() == ["none: listen first"]
    assert account_calls.with_reasons(told.head(0), actions, scores, outcomes).empty
