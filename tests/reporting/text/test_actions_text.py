import numpy as np
import pandas as pd
import pytest

from helpers.actions import measured_response
from helpers.foundation.results import Estimate, Status, no_estimate
from helpers.reporting.text import actions as actions_text
from tests.reporting import leading

ACTIONS = pd.DataFrame({
    "customer_id": ["a", "b", "c"], "tier": ["top", "base", "base"], "risk": ["high", "high", "not scored"],
    "margin_at_risk": [50.0, 40.0, np.nan], "variant": ["treated", "held out", None],
    "reason": ["", "", "no risk is known"]})
STAKES = {"all": Estimate("margin at risk", 900.0, 700.0, 1100.0, "money", 120),
          "list": Estimate("margin at risk", 90.0, 0.0, 120.0, "money", 20)}
DECISIONS = pd.DataFrame([{
    "decision": "Contact 1 customer, keep 1 as a random control group and measure whether contact keeps "
                "them", "cost": 4.0,
    "gain": "not yet measured; breaks even at a relative cut in churn of 8 %", "worst_case": 11.0,
    "confidence": "none yet", "owner": "not named", "stop_on": pd.Timestamp("2026-09-28"), "status": "asked for"}])


def gates(*rows):
    columns = ["gate", "is_crossed", "level", "claims", "sentence"]
    return pd.DataFrame(rows, columns=columns).astype({"is_crossed": "bool"})


def answer(actions=ACTIONS, stakes=STAKES, decisions=DECISIONS, found=None):
    return actions_text.plan_answer(actions, stakes, decisions, gates() if found is None else found, "GBP", 90)


def test_the_answer_says_what_is_at_stake_what_is_asked_for_and_what_is_not_known():
    assert answer() == (
        "Of 120 customers with a known risk, £900 [£700, £1,100] of margin is at risk within 90 days; "
        "£90.00 of it lies with the 20 on the list.",
        "Contact 1 customer, keep 1 as a random control group and measure whether contact keeps them: it costs £4.00 "
        "at the "
        "assumed uptake, at worst £11.00.",
        "No gain is claimed: what contact does to these customers has never been measured, so they are ranked for "
        "testing.")


def test_what_earlier_rounds_measured_takes_the_place_of_never():
    tried = measured_response.pooled_response(leading.lists())
    sentence = actions_text.plan_answer(ACTIONS, STAKES, DECISIONS, gates(), "GBP", 90, tried)[2]
    assert sentence.startswith("No gain is claimed: contact cut churn by 20.0 % [")
    assert sentence.endswith("in 1 round (200 drawn to contact, 100 in the control group), an interval that includes "
                             "no effect.")
    assert actions_text.gain(measured_response.pooled_response(leading.lists({"low": 0.01}))).startswith(
        "Measured against the random control group, contact cut churn by")
    assert actions_text.gain(
        measured_response.pooled_response(leading.lists({"low": -0.3, "value": -0.2, "high": -0.1}))
    ).endswith(", a change for the worse")


def test_the_gain_of_the_plan_is_assumed_until_rounds_have_measured_the_cut_in_churn_that_it_rests_on():
    treated = ACTIONS.assign(variant="treated", assumed_gain=2.0)
    assert actions_text.assignment_sentence(treated).endswith("an assumption until they are measured.")
    gone = Estimate("reduction of the risk", 0.2, 0.1, 0.3, "share", 900)
    clear = measured_response.ActionResponse(Estimate("kept", 0.1, 0.05, 0.15, "share", 900), gone, 2, 450, 450)
    said = actions_text.assignment_sentence(treated, "", clear)
    assert said.endswith("how the cut in churn that was measured divides between actions is assumed, and not told.")
    assert "6.00" not in said  # the one figure of what the plan brings stands with the decision


def test_a_list_without_dated_risks_is_said_to_be_ranked_by_what_ranks_it():
    treated = ACTIONS.assign(variant="treated", assumed_gain=np.nan)
    treated = treated.assign(value_if_kept=10.0)
    assert "ranked by margin at risk, for testing" in actions_text.assignment_sentence(treated)
    untold = treated.assign(margin_at_risk=np.nan)
    assert "by probability of churn times value if kept, for" in actions_text.assignment_sentence(untold)
    assert "ranked by probability of churn times the month's fee" in actions_text.assignment_sentence(
        untold.assign(value_if_kept=np.nan))


def test_equal_cost_and_worst_case_are_said_once():
    assert answer(decisions=DECISIONS.assign(worst_case=4.0))[1].endswith("keeps them: it costs £4.00.")


def test_a_list_of_one_says_that_nobody_is_left_to_compare_with():
    assert "(one customer alone leaves nobody to compare with)" in answer(ACTIONS.head(1))[1]


def test_nobody_says_what_would_be_needed():
    sentences = answer(ACTIONS.head(0))
    assert sentences[0] == "No customer has a tier or a risk: there is nobody to plan for."
    assert "would let the workbook say who is at risk" in sentences[1]


@pytest.mark.parametrize("level", ["block", "strike"])
def test_a_gate_that_takes_the_list_away_opens_the_page(level):
    found = gates(("risk is known", True, level, actions_text.RANKING, "nobody's risk is known."))
    assert answer(found=found)[0] == "No list can be drawn up: nobody's risk is known."


def test_a_caveat_stands_in_the_sentence_that_it_touches():
    found = gates(("one horizon", True, "qualify", "margin at risk and the ranking by it", "it ends too early"),
                  ("hold-out", True, "qualify", "the measurement of this round", "it is small"),
                  ("x", False, "qualify", "the measurement of this round", "not crossed"))
    sentences = answer(found=found)
    assert sentences[0].endswith("on the list (caution: it ends too early).")
    assert sentences[2].endswith("for testing (caution: it is small).")


def test_an_empty_list_says_why():
    alone = ACTIONS.assign(variant=None, reason=["has opted out", "no risk is known", "no risk is known"])
    stakes = {**STAKES, "list": no_estimate("margin at risk", Status.INSUFFICIENT, "x")}
    sentences = answer(alone, stakes, DECISIONS.head(0))
    assert sentences[0].endswith("at risk within 90 days.")
    assert sentences[1] == ("Nobody is to be contacted: no risk is known (fewer than 10 customers) and has opted out "
                            "(fewer than 10 customers).")
    many = answer(pd.concat([alone] * 12), stakes, DECISIONS.head(0))
    assert many[1] == "Nobody is to be contacted: no risk is known (24 customers) and has opted out (12 customers)."


def test_what_is_at_stake_on_a_list_of_nine_is_not_told():
    few = {**STAKES, "list": Estimate("margin at risk", 90.0, 0.0, 120.0, "money", 9)}
    assert "90.00" not in answer(stakes=few)[0]


def test_a_struck_sum_leaves_the_list():
    found = gates(("dated risk", True, "strike", "margin at risk and break-even", "no date"))
    assert answer(found=found)[1].startswith("Contact 1 customer")


def test_an_unknown_stake_gives_its_reason():
    stakes = {**STAKES, "all": no_estimate("margin at risk", Status.INSUFFICIENT, "no value is known")}
    assert answer(stakes=stakes)[0] == "Margin at risk is not known: no value is known."


def test_titles_of_the_two_tables_are_their_findings():
    many = pd.concat([ACTIONS] * 10)
    assert (
        actions_text.tier_risk_counts_title(many)
        == "20 of 20 scored customers are at high risk; cells under 10 are left blank"
    )
    few = pd.concat([ACTIONS.head(1)] * 7 + [ACTIONS.head(1).assign(risk="low")] * 20)
    assert actions_text.tier_risk_counts_title(few).startswith("Fewer than 10 of 27 scored customers are at high risk")
    assert actions_text.tier_risk_counts_title(ACTIONS.tail(1)).startswith("Nobody's risk is known")
    assert (
        actions_text.margin_at_risk_title(many, "GBP")
        == "The largest margin at risk is in tier top at high risk: £500, 55.6 % of all"
    )
    assert actions_text.margin_at_risk_title(ACTIONS).startswith("No cell of 10 customers")


def test_the_title_of_the_break_even_names_the_extremes():
    by_action = pd.DataFrame({"action": ["offer", "call", "mail"], "break_even_reduction": [0.1, 0.3, np.nan]})
    assert actions_text.break_even_title(by_action) == (
        "Offer breaks even at a relative cut in churn of 10.0 %, call 30.0 %")
    assert actions_text.break_even_title(by_action.head(1)) == "Offer breaks even at a relative cut in churn of 10.0 %"
    assert actions_text.break_even_title(by_action.tail(1)) == "No action has a break-even"


def test_doubts_compare_what_the_hold_out_shows_with_what_pays():
    assert "may go unnoticed in one round" in " ".join(actions_text.plan_caveats(ACTIONS, 0.3, 0.1))
    assert "one round is enough" in " ".join(actions_text.plan_caveats(ACTIONS, 0.05, 0.1))
    assert "this control group" not in " ".join(actions_text.plan_caveats(ACTIONS, np.nan, 0.1))
    assert "break-even" in " ".join(actions_text.plan_caveats(ACTIONS, np.nan, 0.1))
    assert "break-even" not in " ".join(actions_text.plan_caveats(ACTIONS, np.nan, np.nan))
    assert len(actions_text.plan_caveats(ACTIONS.assign(variant=None), np.nan, np.nan)) == 1
    assert len(actions_text.plan_caveats(ACTIONS.head(0), np.nan, np.nan)) == 1


def test_decisions_are_shown_in_the_currency_of_the_run():
    shown = actions_text.decision_rows(DECISIONS, "GBP")
    assert shown.loc[0, ["cost", "worst_case"]].tolist() == ["£4.00", "−£11.00"]
    assert actions_text.decision_rows(DECISIONS.head(0)).empty


def test_the_headline_of_the_hand_off_has_two_digits():
    assert actions_text.plan_headline(ACTIONS, STAKES) == (
        "3 customers: 1 treated, 1 in the control group; margin at risk 900")
    unknown = {"all": no_estimate("margin at risk", Status.INSUFFICIENT, "x")}
    assert actions_text.plan_headline(ACTIONS.head(0), unknown).endswith("margin at risk not known")


def test_no_sentence_claims_a_gain():
    text = " ".join(answer()).lower()
    assert not any(word in text for word in ("will save", "saves", "earns", "raised", "lowered"))


def tenths(n, *margins):
    return pd.DataFrame({"tenth": range(1, len(margins) + 1), "n_customers": n, "margin_at_risk": margins})


def test_the_start_of_the_list_is_weighed_against_the_whole():
    assert actions_text.list_concentration_title(tenths(20, 40.0, 20.0, 10.0, 5.0, 5.0, 4.0, 4.0, 4.0, 4.0, 4.0)) == (
        "The first tenth of the list holds 40.0 % of its margin at risk, the first half 80.0 %")


def test_a_short_or_an_empty_list_says_nothing_of_its_parts():
    assert "too short" in actions_text.list_concentration_title(tenths(9, 5.0, 4.0))
    assert "No margin at risk is known" in actions_text.list_concentration_title(tenths(20))
    assert "No margin at risk is known" in actions_text.list_concentration_title(tenths(20, 0.0, 0.0))
