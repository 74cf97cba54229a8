from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers.actions import eligibility, planner, quality_gates
from helpers.actions.config import ActionsConfig
from helpers.customers.random_assignment import Draw, open_assignments
from helpers.foundation.study_config import Economics

WINDOW = (date(2026, 6, 30), 90)
NO_GATES = pd.DataFrame(columns=["gate", "is_crossed", "level", "sentence"])


def checked(value, scores, unwilling, churn_gates=NO_GATES, **assumed):
    everybody = eligibility.contact_candidates(value, scores, unwilling)
    draw = Draw("plan", 1, open_assignments([], WINDOW[0]))
    actions = planner.plan_actions(everybody, ActionsConfig(**assumed), Economics(), draw)
    return {
        g.gate: g for g in quality_gates.action_gates(actions, scores, churn_gates, WINDOW)
    }


def churn(level, is_crossed=True):
    return pd.DataFrame([{"gate": "g", "is_crossed": is_crossed, "level": level, "sentence": "Too little history."}])


def test_with_tiers_and_risks_only_what_is_not_recorded_or_measured_and_the_small_hold_out_are_crossed(
        value, scores, nobody):
    found = checked(value, scores, nobody)
    assert [name for name, g in found.items() if g.is_crossed] == [
        "consent", "response is measured", "power of the control group"]


def test_a_plan_that_pays_only_if_most_of_the_risk_is_taken_away_says_so(value, scores, nobody):
    plausible = checked(value, scores, nobody)["break-even is plausible"]
    assert not plausible.is_crossed
    costs = {"contact_cost": 25.0, "makes_offer": False}
    rules = tuple(rule.model_copy(update=costs) for rule in ActionsConfig().rules)
    dear = checked(value, scores, nobody, rules=rules)["break-even is plausible"]
    assert dear.is_crossed
    assert dear.statistic > 0.5
    assert "most of those who would leave have to stay because of it" in dear.sentence


def test_no_risk_blocks_the_list(value, scores, nobody):
    found = checked(value, scores.head(0), nobody)
    assert found["risk is known"].is_crossed
    assert found["risk is known"].level == "block"
    assert "dated risk" not in found


def test_no_tiers_qualify_the_rules(value, scores, nobody):
    assert checked(value.head(0), scores, nobody)["tiers are known"].is_crossed


@pytest.mark.parametrize(("level", "expected", "crossed"), [
    ("qualify", "qualify", True), ("strike", "strike", True), ("block", "strike", True), ("note", "qualify", False)])
def test_a_crossed_gate_of_the_forecast_is_carried_on(value, scores, nobody, level, expected, crossed):
    gate = checked(value, scores, nobody, churn(level))["forecast of churn"]
    assert (gate.level, gate.is_crossed) == (expected, crossed)
    assert ("Too little history" in gate.sentence) is crossed


def test_struck_scores_are_not_used(scores):
    assert quality_gates.trusted_scores(scores, churn("strike")).empty
    assert quality_gates.trusted_scores(scores, churn("block")).empty
    assert len(quality_gates.trusted_scores(scores, churn("qualify"))) == len(scores)
    assert len(quality_gates.trusted_scores(scores, churn("strike", is_crossed=False))) == len(scores)
    assert len(quality_gates.trusted_scores(scores, NO_GATES)) == len(scores)


def test_a_risk_of_another_horizon_qualifies_the_ranking(value, scores, nobody):
    assert not checked(value, scores, nobody)["one horizon"].is_crossed
    gate = checked(value, scores.assign(due_on=pd.Timestamp("2026-09-18")), nobody)["one horizon"]
    assert gate.is_crossed
    assert "10 days off the 90 days" in gate.sentence


def test_risks_without_a_date_strike_the_sums_and_leave_the_list(value, scores, nobody):
    found = checked(value, scores.assign(due_on=pd.NaT, monthly_fee=50.0), nobody)
    assert found["dated risk"].is_crossed
    assert found["dated risk"].level == "strike"
    said = found["power of the control group"].sentence
    assert said.startswith("a difference of ")
    assert said.endswith("from which cut the plan pays is not known, because the risks have no date, so no sum falls "
                         "within the horizon")
    unsure = checked(value, scores.assign(margin_at_risk=np.nan), nobody)["power of the control group"].sentence
    assert unsure.endswith("is not known, because the level of churn is not known well enough")
    assert "one horizon" not in found  # no date looks ahead


def test_who_opted_out_is_counted(value, scores):
    gate = checked(value, scores, pd.DataFrame({"customer_id": ["c0000"]}))["opted out"]
    assert (gate.statistic, gate.is_crossed, gate.level) == (1, True, "note")


def test_a_hold_out_large_enough_passes(value, scores, nobody):
    scores["churn_probability"] = 0.9
    scores = scores.assign(value_if_kept=25.0, margin_at_risk=0.9 * 25.0)
    assert not checked(value, scores, nobody, hold_out_share=0.5, rules=ActionsConfig().rules[:1])[
        "power of the control group"].is_crossed


def test_a_control_group_too_small_says_what_size_would_tell(value, scores, nobody):
    gate = checked(value, scores, nobody)["power of the control group"]
    assert gate.is_crossed
    assert "customers would show, half of them in the control group" in gate.sentence


def test_a_customer_in_both_arms_is_counted(value, scores, nobody):
    actions = planner.plan_actions(eligibility.contact_candidates(value, scores, nobody), ActionsConfig(), Economics(),
                                   Draw("plan", 1, open_assignments([], WINDOW[0])))
    treated = actions.loc[actions["variant"].eq("treated"), "customer_id"]
    other = pd.DataFrame({"unit_id": treated, "variant": ["held out"] * 25 + ["treated"] * (len(treated) - 25)})
    assert quality_gates.one_arm_gate([actions], other).is_crossed
    assert quality_gates.one_arm_gate([actions], other).statistic == 25
    assert not quality_gates.one_arm_gate([actions], other.tail(30)).is_crossed


def test_a_list_of_one_has_nobody_to_compare_with(value, scores, nobody):
    gate = checked(value.head(1), scores.head(1), nobody)["power of the control group"]
    assert gate.is_crossed
    assert "no control group" in gate.sentence


def test_an_empty_company_gives_gates_too(value, scores, nobody):
    found = checked(value.head(0), scores.head(0), nobody)
    assert found["tiers are known"].sentence == "there are no customers"
    assert not found["power of the control group"].is_crossed
