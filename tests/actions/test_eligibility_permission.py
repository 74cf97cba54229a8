from datetime import date

import pandas as pd
import pytest

from helpers.actions import action_options, do_not_contact, eligibility, plan_summary, planner, quality_gates
from helpers.actions.config import ActionRule, ActionsConfig, OfferTerms
from helpers.actions.eligibility import consents_in_force
from helpers.customers.random_assignment import Draw, open_assignments
from helpers.foundation import canonical_schema
from helpers.foundation.study_config import Economics
from helpers.reporting.text import actions as actions_text

AS_OF = date(2026, 6, 30)
NO_GATES = pd.DataFrame(columns=["gate", "is_crossed", "level", "sentence"])
RULES = (ActionRule(action="offer by e-mail", channel="e-mail", contact_cost=0.1),)


def asked(engine, rows, purpose="marketing"):
    columns = ["customer_id", "purpose", "channel", "from_on", "to_on"]
    frame = pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(columns[:3], "str"))
    frame = frame.assign(**{c: pd.to_datetime(frame[c]) for c in columns[3:]})
    return consents_in_force(engine, canonical_schema.CONSENTS.conformed(engine.lazy(frame)), purpose, AS_OF)


def planned(value, scores, nobody, permitted, **assumed):
    everybody = eligibility.contact_candidates(value, scores, nobody)
    assumptions = ActionsConfig(**{"rules": RULES, **assumed})
    draw = Draw("plan", 1, open_assignments([], AS_OF))
    actions = planner.plan_actions(everybody, assumptions, Economics(), draw, permitted)
    checked = quality_gates.action_gates(actions, scores, NO_GATES, (AS_OF, 90), permitted)
    return actions.set_index("customer_id"), {g.gate: g for g in checked}


@pytest.mark.parametrize(("row", "is_allowed"), [
    (("c", "marketing", "e-mail", "2026-06-30", None), True),
    (("c", "Marketing", "E-Mail", "2025-01-01", "2026-06-30"), True),
    (("c", "marketing", "e_mail", "2025-01-01", "2026-12-31"), True),
    (("c", "marketing", "e-mail", "2025-01-01", "2026-06-29"), False),
    (("c", "marketing", "e-mail", "2026-07-01", None), False),
    (("c", "marketing", "phone", "2025-01-01", None), False),
    (("c", "research", "e-mail", "2025-01-01", None), False),
    (("another", "marketing", "e-mail", "2025-01-01", None), False),
])
def test_consent_holds_for_a_purpose_by_a_channel_from_its_first_day_to_its_last(session_engine, row, is_allowed):
    assert asked(session_engine, [row]).allows(pd.Series(["c"]), "e-mail").tolist() == [is_allowed]


def test_a_consent_that_was_renewed_holds_and_a_rule_without_a_channel_takes_any(session_engine):
    rows = [("c", "marketing", "post", "2025-01-01", "2025-02-01"), ("c", "marketing", "post", "2026-01-01", None)]
    permitted = asked(session_engine, rows)
    assert permitted.allows(pd.Series(["c", "d"]), "").tolist() == [True, False]
    assert permitted.allows(pd.Series(["c", "d"]), "e-mail").tolist() == [False, False]


def test_nobody_without_consent_gets_an_action_and_they_are_counted(session_engine, value, scores, nobody):
    rows = [(f"c{i:04d}", "marketing", "e-mail", "2025-01-01", None) for i in range(0, 240, 2)]
    actions, found = planned(value, scores, nobody, asked(session_engine, rows))
    listed = actions[actions["variant"].notna()]
    assert len(listed) > 10
    assert all(int(c[1:]) % 2 == 0 for c in listed.index)
    n = int((actions["reason"] == "no consent to marketing by e-mail").sum())
    assert n == sum(int(c[1:]) % 2 for c in actions.index[actions["risk"] == "high"])
    gate = found["consent"]
    assert (gate.statistic, gate.is_crossed, gate.level) == (n, True, "note")
    assert gate.sentence == (f"{n} of 80 whom the plan would otherwise contact do not consent to marketing by its "
                             "channel and are not contacted")


def test_consent_by_another_channel_is_none_for_this_one(session_engine, value, scores, nobody):
    rows = [(f"c{i:04d}", "marketing", "phone", "2025-01-01", None) for i in range(240)]
    actions, _ = planned(value, scores, nobody, asked(session_engine, rows))
    assert actions["variant"].isna().all()


def test_where_everybody_consents_the_gate_passes(session_engine, value, scores, nobody):
    rows = [(f"c{i:04d}", "marketing", "e-mail", "2025-01-01", None) for i in range(240)]
    _, found = planned(value, scores, nobody, asked(session_engine, rows))
    assert not found["consent"].is_crossed
    assert "everybody whom a rule would contact consents" in found["consent"].sentence


def test_consents_to_other_purposes_alone_block_the_list_and_are_named(session_engine, value, scores, nobody):
    rows = [("c0000", f"purpose {i}", "e-mail", "2025-01-01", None) for i in range(7)]
    actions, found = planned(value, scores, nobody, asked(session_engine, rows))
    assert actions["variant"].isna().all()
    assert found["consent"].level == "block"
    assert found["consent"].sentence == ("nobody's consent to 'marketing' is in force; recorded are consents to "
                                         "purpose 0, purpose 1, purpose 2, purpose 3, purpose 4 and 2 more")


def test_without_recorded_consents_the_list_stands_and_the_page_says_so(session_engine, value, scores, nobody):
    actions, found = planned(value, scores, nobody, asked(session_engine, []))
    assert actions["variant"].notna().sum() > 10
    gate = found["consent"]
    assert (gate.is_crossed, gate.level) == (True, "qualify")
    table = pd.DataFrame([{"is_crossed": True, "level": "qualify", "claims": gate.claims, "sentence": gate.sentence}])
    decision = plan_summary.proposed_decisions(actions.reset_index(), ActionsConfig(), AS_OF, 90).iloc[0].to_dict()
    first, _ = actions_text.plan_proposal(decision, actions, table, "EUR")
    assert "(caution: no consents are recorded, so who may be contacted has to be checked" in first


def test_where_nobody_is_asked_nothing_is_crossed(session_engine, value, scores, nobody):
    _, found = planned(value.head(0), scores.head(0), nobody, asked(session_engine, []))
    assert not found["consent"].is_crossed


def test_everybody_whom_not_to_contact_stands_apart_with_the_reason_the_channel_and_until_when(
    session_engine, value, scores
):
    ids = value["customer_id"]
    rows = [(c, "marketing", channel, "2025-01-01", None) for c in ids[10:] for channel in ("e-mail", "phone")]
    permitted = asked(session_engine, [*rows, (ids[9], "marketing", "phone", "2025-01-01", None)])
    everybody = eligibility.contact_candidates(value, scores, pd.DataFrame({"customer_id": ids[12:13]}))
    everybody.loc[13, "key_account"] = "N1: speak with Di"
    until = pd.Series(pd.Timestamp("2026-09-28"), index=[ids[0], ids[11]])
    rules = (ActionRule(action="mail", channel="e-mail"), ActionRule(action="call", channel="phone"))
    found = do_not_contact.people_apart(everybody, pd.Series([ids[12], "unknown"]), until,
                                     ActionsConfig(rules=rules, campaigns=()), permitted, {ids[9], ids[11]})
    by = found.set_index("customer_id")
    assert found["customer_id"].is_unique
    assert by.loc[[ids[0], ids[11]], "reason"].tolist() == ["in a random control group"] * 2
    assert by["no_contact_until"].dropna().to_dict() == {ids[11]: pd.Timestamp("2026-09-28")}  # ids[0] consents to none
    assert by.loc[ids[11], "open_case"] == "settle it, no extra contact"
    assert by.loc[ids[9], "open_case"] == ""  # whom another channel may reach
    assert by.loc[[ids[12], "unknown"], "reason"].tolist() == ["has opted out"] * 2
    assert by.loc[ids[13], "reason"] == "key account N1: speak with Di"
    assert by.loc[ids[9], ["reason", "not_by"]].tolist() == ["no consent to marketing", "e-mail"]
    assert by.loc[ids[5], ["reason", "not_by"]].tolist() == ["no consent to marketing", "any"]
    assert by.loc[[ids[9], ids[5], ids[0]], "ban"].tolist() == ["the channels named", *["every channel"] * 2]
    assert by.loc[[ids[0], ids[9], ids[12]], "also"].tolist() == ["no consent to marketing", "", ""]  # still then
    assert len(found) == 14
    everybody.loc[[20, 21], "is_unsettled"] = True
    known = pd.DataFrame({"customer_id": ["new", ids[0]], "n_recent_contacts": [None, 2]})
    every = do_not_contact.all_customers(everybody, known, pd.DataFrame({"customer_id": ["unknown"]}), 0.0)
    assert every["customer_id"].tolist() == [*ids, "new"]
    apart = do_not_contact.people_apart(every, pd.Series(["unknown"]), until, ActionsConfig(rules=rules, campaigns=()),
                                        permitted, set(), {ids[21]})
    by = apart.set_index("customer_id")
    assert by.loc[ids[20], ["reason", "not_by"]].tolist() == ["a complaint is unsettled: it comes first", "any"]
    assert ids[21] not in by.index  # a list speaks with him of it
    assert by.loc["new", ["reason", "not_by"]].tolist() == ["no consent to marketing", "any"]
    reasons = pd.DataFrame({"customer_id": ids, "reason": "no rule is for this tier and risk", "margin_at_risk": 2.0})
    counted = do_not_contact.customers_accounted_for(every["customer_id"], {ids[21], ids[22]}, apart, reasons)
    assert counted["n_customers"].sum() == len(every)
    assert counted["margin_at_risk"].sum() == 2 * len(ids)
    sizes = counted.groupby("group")["n_customers"].sum().to_dict()
    assert sizes == {"contacted by a list": 2, "not to be contacted": apart.loc[
        apart["customer_id"].isin(every["customer_id"]), "not_by"].eq("any").sum(), "may be contacted, not chosen":
        len(every) - 2 - apart.loc[apart["customer_id"].isin(every["customer_id"]), "not_by"].eq("any").sum()}
    told = counted.set_index("why")["n_customers"]
    assert told["key account: its lead speaks with them"] == 1


def test_an_offer_for_orders_of_a_channel_is_made_to_nobody_else(session_engine, value, scores, nobody):
    ids = value["customer_id"]
    orders = pd.DataFrame({
        "order_id": [f"o{i}" for i in range(480)], "line": 1, "customer_id": [*ids, *ids], "kind": "sale",
        "ordered_at": [pd.Timestamp("2026-01-01")] * 240 + [pd.Timestamp("2026-02-01")] * 240,
        "channel": ["online"] * 240 + ["online", "shop"] * 120, "amount": 1.0})
    sales = canonical_schema.TRANSACTIONS.conformed(session_engine.lazy(orders))
    everybody = action_options.with_last_channel(
        session_engine, eligibility.contact_candidates(value, scores, nobody), sales, AS_OF)
    assert everybody["last_channel"].tolist() == ["online", "shop"] * 120
    rules = (ActionRule(action="free delivery", offer="free delivery"), ActionRule(action="letter"))
    terms = (OfferTerms(offer="free delivery", order_channels=("online",)),)
    actions = planner.plan_actions(everybody, ActionsConfig(rules=rules, offers=terms), Economics(),
                                   Draw("plan", 1, open_assignments([], AS_OF))).merge(
        everybody[["customer_id", "last_channel"]])
    listed = actions[actions["variant"].notna()]
    assert listed.groupby("last_channel")["action"].unique().map(list).to_dict() == {
        "online": ["free delivery"], "shop": ["letter"]}
