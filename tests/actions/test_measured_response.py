from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers.actions import eligibility, measured_response, plan_summary, planner, quality_gates
from helpers.actions.config import ActionsConfig
from helpers.actions.measured_response import UNMEASURED
from helpers.customers.random_assignment import Draw, open_assignments
from helpers.foundation.study_config import Economics

AS_OF = date(2026, 6, 30)
NO_GATES = pd.DataFrame(columns=["gate", "is_crossed", "level", "sentence"])
ROW = {"experiment": "action plan of 2026-01-01", "metric": "repurchased", "variant": "treated", "control": "held out",
       "unit": "share", "is_primary": True, "n_control": 100, "n_variant": 200, "mean_control": 0.45,
       "mean_variant": 0.56, "value": 0.11, "low": -0.01, "high": 0.23, "level": 0.95, "status": "ok",
       "verdict": "keep running", "reason": "the interval includes no difference"}
LATER = {"experiment": "action plan of 2026-03-31", "n_control": 100, "n_variant": 400, "mean_control": 0.5,
         "mean_variant": 0.65, "value": 0.15, "low": 0.04, "high": 0.26}
WORSE = {"mean_control": 0.6, "mean_variant": 0.4, "value": -0.2, "low": -0.3, "high": -0.1}


def effects(*rows):
    return pd.DataFrame([ROW | row for row in rows or ({},)])


def actions(value, scores, nobody):
    everybody = eligibility.contact_candidates(value, scores, nobody)
    draw = Draw("plan", 1, open_assignments([], AS_OF))
    return planner.plan_actions(everybody, ActionsConfig(capacity=90), Economics(), draw)


@pytest.mark.parametrize("rows", [
    [{"status": "blocked"}], [{"status": "insufficient"}], [{"experiment": "checkout"}], [{"is_primary": False}],
    [{"variant": "call"}], [{"reason": "the planned look is on 2026-09-28"}]])
def test_what_is_no_list_has_no_difference_or_is_not_due_measures_nothing(rows):
    assert measured_response.pooled_response(effects(*rows)) == UNMEASURED


def test_nothing_is_measured_without_experiments():
    assert measured_response.pooled_response(pd.DataFrame()) == UNMEASURED
    assert measured_response.pooled_response(effects().head(0)) == UNMEASURED
    assert measured_response.response_sentence(UNMEASURED) == ""


def test_one_round_is_read_as_it_was_measured_and_as_the_risk_that_it_took_away():
    found = measured_response.pooled_response(effects())
    assert (found.metric, found.n_rounds, found.n_treated, found.n_held_out) == ("repurchased", 1, 200, 100)
    assert (found.difference.value, found.difference.low, found.difference.high) == (0.11, -0.01, 0.23)
    assert found.reduction.value == pytest.approx(1 - 0.44 / 0.55)
    spread = np.sqrt((1 - 0.44) / 88 + (1 - 0.55) / 55)  # of the logarithm of the ratio of both risks (Katz 1978)
    assert found.reduction.low == pytest.approx(1 - 0.8 * np.exp(1.96 * spread), rel=1e-3)
    assert found.reduction.high == pytest.approx(1 - 0.8 * np.exp(-1.96 * spread), rel=1e-4)


def test_rounds_are_added_up_by_their_inverse_variance():
    one, two, both = (measured_response.pooled_response(effects(*rows)) for rows in ([{}], [LATER], [{}, LATER]))
    assert (both.n_rounds, both.n_treated, both.n_held_out) == (2, 600, 200)
    weights = [(r.difference.high - r.difference.low) ** -2 for r in (one, two)]
    assert both.difference.value == pytest.approx(np.average([0.11, 0.15], weights=weights))
    width = both.difference.high - both.difference.low
    assert width == pytest.approx(sum(weights) ** -0.5, rel=1e-4)
    assert one.reduction.value < both.reduction.value < two.reduction.value


def test_rounds_that_differ_by_more_than_chance_widen_the_interval():
    alike, apart = (measured_response.pooled_response(effects({}, LATER | later)) for later in ({}, WORSE))
    assert (apart.difference.high - apart.difference.low) > 2 * (alike.difference.high - alike.difference.low)


def test_rounds_judged_by_another_outcome_than_the_newest_are_not_mixed_with_it():
    money = {"metric": "margin", "unit": "units", "value": 2.0, "low": 1.0, "high": 3.0}
    found = measured_response.pooled_response(effects(money, LATER))
    assert (found.metric, found.n_rounds) == ("repurchased", 1)


def test_a_round_judged_by_money_takes_no_share_of_the_risk_away():
    found = measured_response.pooled_response(
        effects({"metric": "margin", "unit": "units", "value": 2.0, "low": 1.0, "high": 3.0})
    )
    assert found.reduction.status == "not_applicable"
    assert measured_response.response_sentence(found) == "changed margin by +2 [+1, +3] in 1 round"


def test_margin_is_told_in_the_currency_of_the_run_with_three_digits_and_thousands():
    alone = {"metric": "margin", "unit": "units", "value": 2340.0, "low": -1.25, "high": 5432.1}
    told = measured_response.response_sentence(measured_response.pooled_response(effects(alone), "GBP"))
    assert told == "changed margin by +£2,340 [−£1.25, +£5,430] in 1 round"
    beside = [{}, alone | {"is_primary": False}]
    told = measured_response.response_sentence(measured_response.pooled_response(effects(*beside), "SEK"))
    assert told.endswith(" and changed margin by +SEK 2,340 [−SEK 1.25, +SEK 5,430] a customer")
    both = measured_response.response_sentence(measured_response.pooled_response(effects({}, LATER, beside[1])))
    assert both.endswith("] a customer (in 1 of them)")


def test_a_round_in_which_nobody_was_lost_says_so_and_one_arm_without_a_loss_is_corrected():
    every = measured_response.pooled_response(effects({"mean_control": 1.0, "mean_variant": 1.0}))
    assert every.reduction.reason == "nobody churned in earlier rounds"
    none = measured_response.pooled_response(effects({"mean_variant": 1.0}))
    assert 0.9 < none.reduction.value < 1


def test_a_round_that_was_not_carried_out_measures_nothing_and_is_counted():
    idle = {"compliance_control": 0.4, "compliance_variant": 0.41, "complier_value": np.nan}
    done = {"compliance_control": 0.0, "compliance_variant": 0.9, "complier_value": 0.2}
    found = measured_response.pooled_response(effects(idle, LATER | done))
    assert (found.n_rounds, found.n_not_carried_out) == (1, 1)
    none = measured_response.pooled_response(effects(idle))
    assert (none.n_rounds, none.n_not_carried_out, none.is_measured) == (0, 1, False)


def test_rounds_are_pooled_in_money_too_where_margin_was_measured():
    money = {"metric": "margin", "unit": "money", "is_primary": False, "value": 2.0, "low": 1.0, "high": 3.0}
    later = money | {"experiment": LATER["experiment"], "value": 4.0, "low": 3.0, "high": 5.0}
    found = measured_response.pooled_response(effects({}, money, LATER, later))
    assert found.margin.value == pytest.approx(3.0)
    assert found.margin.low < 2.0
    assert measured_response.pooled_response(effects()).margin.status == "insufficient"


def test_a_list_that_does_not_tell_its_response_says_why_and_what_it_did_to_margin():
    name = "win-back of 2026-03-31"
    primary = {"experiment": name, "status": "insufficient", "reason": "2 of the rarer answer in one arm"}
    money = {"experiment": name, "metric": "margin", "unit": "money", "is_primary": False, "value": 2.0, "low": -1.0,
             "high": 5.0}
    told = measured_response.unmeasured_list_sentence(effects(primary, money), "EUR", "win-back")
    assert told == ("not told by the list of 2026-03-31, which changed margin by +€2 [−€1, +€5] a customer: too "
                    "few customers to tell")
    assert measured_response.unmeasured_list_sentence(effects(primary), "EUR", "win-back") == (
        "not told by the list of 2026-03-31: too few customers to tell")
    assert measured_response.unmeasured_list_sentence(effects(primary), "EUR", "customer club") == ""


@pytest.mark.parametrize(("rows", "text"), [
    ([{}], "cut churn by 20.0 % ["), ([WORSE], "raised churn by 50.0 % ["), ([{}, LATER], "] in 2 rounds")])
def test_what_contact_did_is_told(rows, text):
    assert text in measured_response.response_sentence(measured_response.pooled_response(effects(*rows)))


def test_fewer_than_ten_left_alone_are_not_counted_out():
    assert (
        measured_response.response_people(measured_response.pooled_response(effects({"n_control": 7})))
        == "200 drawn to contact, fewer than 10 in the control group"
    )


def test_the_gates_read_what_was_measured(value, scores, nobody):
    listed = actions(value, scores, nobody)

    def checked(*rows):
        found = measured_response.pooled_response(effects(*rows)) if rows else UNMEASURED
        return {g.gate: g for g in quality_gates.action_gates(listed, scores, NO_GATES, (AS_OF, 90),
                                               response=found)}

    assert checked()["response is measured"].is_crossed
    assert "never been measured here" in checked()["response is measured"].sentence
    assert "response is significant" not in checked()
    for rows, crossed, fate in (([{}], True, "the interval includes no effect, so no gain is claimed"),
                                ([LATER], False, "contact retained customers, statistically significant"),
                                ([WORSE], True, "contact drove customers away, beyond chance")):
        found = checked(*rows)
        assert not found["response is measured"].is_crossed
        assert "never" not in found["response is measured"].sentence
        assert (found["response is significant"].is_crossed, found["response is significant"].sentence) == (
            crossed,
            fate,
        )


@pytest.mark.parametrize(("rows", "verdict", "confidence"), [
    ([{}], "so it pays if contact does as well again, and does not at the low end of the interval",
     "200 drawn to contact, 100 in the control group: not statistically significant"),
    ([LATER | {"n_variant": 4000, "n_control": 1000}], "so it pays",
     "4,000 drawn to contact, 1,000 in the control group: statistically significant"),
    ([WORSE], "so it does not pay", "200 drawn to contact, 100 in the control group: a change for the worse")])
def test_the_decision_rests_on_what_earlier_rounds_measured(value, scores, nobody, rows, verdict, confidence):
    found = measured_response.pooled_response(effects(*rows))
    plan = actions(value, scores, nobody)
    row = plan_summary.proposed_decisions(plan, ActionsConfig(), AS_OF, 90, found).iloc[0]
    assert row["decision"].endswith("and measure again whether contact keeps them")
    assert row["gain"].startswith(f"contact {measured_response.response_sentence(found)}; the plan breaks even at ")
    assert f" %, {verdict}; as much again keeps " in row["gain"]
    at_stake = plan.loc[plan["variant"].eq("treated"), "margin_at_risk"].sum()
    kept, cost = found.reduction.value * at_stake, row["cost"]
    assert found.money_text(kept) in row["gain"]
    assert found.money_text(kept - cost) in row["gain"]
    held = plan[plan["variant"].eq("held out")]
    forgone = found.reduction.value * held["margin_at_risk"].sum() - held["cost_expected"].sum()
    told = f"; leaving the control group alone forgoes {found.money_text(forgone)[1:]} net"
    assert row["gain"].endswith(f"net of cost{told if forgone > 0 else ''}; over 90 days")
    assert row["confidence"].startswith(confidence)


def test_a_plan_without_dates_says_what_was_measured_and_not_whether_it_pays(value, scores, nobody):
    undated = actions(value, scores.assign(due_on=pd.NaT, monthly_fee=50.0), nobody)
    found = measured_response.pooled_response(effects())
    row = plan_summary.proposed_decisions(undated, ActionsConfig(), AS_OF, 90, found).iloc[0]
    assert row["gain"] == (
        f"contact {measured_response.response_sentence(found)}; what would pay is not known; over 90 days")
