from dataclasses import replace

import pandas as pd
import pytest

from helpers.foundation.results import Estimate, Gate, Level, estimate_table
from helpers.reporting import kpi_history
from helpers.reporting.forecast_tracking import all_gates
from helpers.reporting.text import leadership_questions as leadership_questions_text
from helpers.reporting.text.leadership_questions import QuestionInputs
from tests.reporting import leading
from tests.reporting.text.test_leadership_text import grade, grades, key, row
from tests.reporting.text.test_next_quarter_text import ahead


def known(results, kpis=None, gates=None, due=None, redefined="Nothing was redefined."):
    return QuestionInputs(results, all_gates(results) if gates is None else gates, key() if kpis is None else kpis,
                    grades() if due is None else due, redefined)


def audit(*estimates):
    return estimate_table(estimates)


def kept(**more):
    return key(row("share", quantity="retention_by_count", **more))


NOTHING = known(leading.results(), key().assign(quantity=pd.Series(dtype="str")))


def test_there_are_ten_questions_and_every_one_is_answered():
    for evidence in (NOTHING, known(leading.everything(), kept())):
        said = leadership_questions_text.question_answers(evidence)
        assert len(said) == 10
        assert all(text.endswith(".") for _, text in said)


def test_without_any_table_eight_questions_say_why_they_cannot_be_answered():
    said = dict(leadership_questions_text.question_answers(NOTHING))
    assert sum(text.startswith("Cannot say, because") for text in said.values()) == 8
    assert said[leadership_questions_text.QUESTIONS[5][0]] == "None: there is no list of customers to act on."


@pytest.mark.parametrize(("kpis", "end"), [
    (kept(change=0.1, low=0.05, high=0.15), "by count up 10 points, statistically significant since 31 March 2026."),
    (kept(comparison="no earlier run", previous_run=""),
     "whether that is a change cannot be said (no earlier comparable run)."),
    (kept(change=0.0, low=-0.1, high=0.1), "by count no statistically significant change since 31 March 2026.")])
def test_keeping_customers_is_told_from_noise(kpis, end):
    assert leadership_questions_text.customer_retention(known(leading.everything(), kpis)) == (
        f"Customer retention rate 50.0 % [40.0 %, 60.0 %], weighted by net sales 70.0 % [60.0 %, 80.0 %]; {end} Mix is "
        "not told apart here.")


@pytest.mark.parametrize(("days", "season"), [
    (305, "no whole years, so that season may be part of it"), (365, "whole years, in which seasons weigh alike")])
def test_mix_and_season_are_told_apart_where_three_periods_are_on_record(days, season):
    parts = {"retention_change": (0.05, 0.01, 0.09), "retention_change_by_mix": (0.02, 0.01, 0.03),
             "retention_change_within": (0.03, -0.01, 0.07), "retention_rate_before": (0.45, 0.4, 0.5),
             "retention_rate_after": (0.5, 0.45, 0.55)}
    split = estimate_table([*(Estimate(q, *e, "share", 90) for q, e in parts.items()),
                            Estimate("retention_change_period", days, unit="days", n=90)])
    base = pd.concat([leading.base(), split], ignore_index=True)
    said = leadership_questions_text.customer_retention(
        known(leading.everything(customer_base=base), kept(change=0.0, low=-0.1, high=0.1)))
    assert said.endswith(f"Over the last two periods of {days} days ({season}) the rate went from 45.0 % [40.0 %, "
                         "50.0 %] to 50.0 % [45.0 %, 55.0 %], by 5 points [1, 9]: 2 points [1, 3] by mix, 3 points "
                         "[−1, 7] among customers with as many orders.")


def test_the_latest_quarter_stands_beside_the_same_season_a_year_before():
    days = pd.to_datetime(["2024-12-31", "2025-12-31"])
    history = pd.DataFrame({"basis": "records", "figure": kpi_history.AGAIN, "on": days, "value": [0.5, 0.6],
                            "low": [0.45, 0.55], "high": [0.55, 0.65], "unit": "share", "n": 400})
    asked = replace(known(leading.everything(), kept(change=0.0, low=-0.1, high=0.1)), history=history)
    assert leadership_questions_text.customer_retention(asked).endswith(
        "In the same season: 60.0 % [55.0 %, 65.0 %] of the customers of the quarter before bought again in that to "
        "31 December 2025, 50.0 % [45.0 %, 55.0 %] a year earlier (up 10 points, statistically significant, difference "
        "[2.9, 17.1]).")


def test_keeping_of_contracts_and_of_short_histories_is_said():
    first = known(leading.results("USD", customer_base=leading.contracts()), kept(comparison="no earlier run"))
    assert leadership_questions_text.customer_retention(first) == (
        "Of 400 contracts 25.0 % [20.0 %, 30.0 %] have ended, with 30.0 % [25.0 %, 35.0 %] of monthly fees; contracts "
        "worth $15,000 a month run; whether that is a change cannot be said (no earlier comparable run), and season "
        "and mix are not told apart.")
    moved = known(first.results, key(row("share", quantity="share_ended", change=0.1, low=0.05, high=0.15)))
    assert (
        "run; by count up 10 points, statistically significant since 31 March 2026, and"
        in leadership_questions_text.customer_retention(moved)
    )
    assert leadership_questions_text.customer_retention(known(leading.results(customer_base=leading.short_base()))) == (
        "Cannot say, because the history has 1 day.")
    assert (
        leadership_questions_text.customer_retention(NOTHING)
        == "Cannot say, because no orders and no contracts are recorded."
    )


def test_a_struck_retention_is_not_an_answer():
    struck = leading.gates("04", leading.gate("history", "change in revenue, retention", Level.STRIKE))
    found = leading.everything(value_gates=struck)
    assert (
        leadership_questions_text.customer_retention(known(found, kept())) == "Cannot say, because history was found."
    )
    assert leadership_questions_text.revenue_movement(known(found)) == "Cannot say, because history was found."


def test_margin_at_risk_has_its_date_and_no_claim_of_saving():
    said = leadership_questions_text.margin_at_risk(known(leading.everything()))
    assert said.startswith("€60")
    assert said.endswith("of margin is at risk by 28 September 2026; how much of it can be saved cannot be said until "
                         "an action is tried on customers drawn at random.")


def test_gates_of_churn_qualify_and_strike_what_is_ahead():
    weak = leading.everything(churn_gates=leading.gates("05", leading.gate("trial", "every forecast of churn")))
    assert "30.0 % (caution: trial was found)." in leadership_questions_text.next_quarter(known(weak))
    assert "2026 (caution: trial was found); how much" in leadership_questions_text.margin_at_risk(known(weak))
    struck = leading.gates("05", leading.gate("trial", "every forecast of churn", Level.STRIKE))
    for answer in (leadership_questions_text.next_quarter, leadership_questions_text.margin_at_risk):
        assert answer(known(leading.everything(churn_gates=struck))) == "Cannot say, because trial was found."


def test_actions_are_judged_only_against_people_left_alone():
    assert leadership_questions_text.action_earnings(known(leading.everything())).startswith(
        "Cannot say, because no action list"
    )
    tried = leading.effects({"experiment": "action plan of 2026-03-31", "variant": "treated", "control": "held out"})
    assert leadership_questions_text.action_earnings(known(leading.everything(experiment_effects=tried))).startswith(
        "action plan of 31 March 2026: ship treatment")


def test_the_decision_is_asked_with_cost_worst_case_owner_and_date():
    one = known(leading.results(decisions=pd.DataFrame([leading.decision()])))
    assert leadership_questions_text.decision_today(one) == (
        "Contact 200 customers, leave 22 alone, as a test. Cost €768; expected gain: not yet measured; net: not "
        "known; worst case: −€1,470; confidence: none yet; owner not named; stop date: 28 September 2026.")
    three = pd.DataFrame([leading.decision(decision=name) for name in "abc"])
    said = leadership_questions_text.decision_today(known(leading.results(decisions=three)))
    terms = ("Cost €768", "worst case: −€1,470", "stop date: 28 September 2026.")
    assert [said.count(term) for term in terms] == [3, 3, 3]


@pytest.mark.parametrize(("low", "value", "high", "verb"), [
    (0.1, 0.2, 0.3, "moves with"), (-0.3, -0.2, -0.1, "moves against"), (-0.1, 0.1, 0.3, "does not clearly move with")])
def test_moving_together_is_never_called_causing(low, value, high, verb):
    matrix = estimate_table(
        [Estimate("rank correlation of attitude and behaviour", value, low, high, "correlation", 90)]
    )
    said = leadership_questions_text.satisfaction_causality(known(leading.everything(loyalty_matrix=matrix)))
    assert said.startswith(f"What customers say {verb} what they buy")
    assert said.endswith("cannot be said, because nobody was made more satisfied at random.")


def test_a_survey_that_joins_nobody_says_so():
    alone = leading.results(satisfaction_index=leading.survey())
    assert leadership_questions_text.satisfaction_causality(known(alone)) == (
        "Cannot say, because no answers can be joined with orders of the same customers.")


@pytest.mark.parametrize(("money", "could"), [(500.0, "could reverse"), (300.0, "could not reverse")])
def test_anonymous_sales_are_held_against_the_change_in_revenue(money, could):
    counted = audit(Estimate("anonymous order lines", 7, segment="accepted", unit="records"),
                    Estimate("anonymous money", money, segment="accepted", unit="money"))
    said = leadership_questions_text.missing_customers(
        known(leading.results(customer_base=leading.base(), intake_audit=counted))
    )
    assert said == (f"Sales without a customer: 7 order lines, €{money:.0f}; by their size they {could} the change in "
                    "revenue.")


def test_sales_that_all_have_a_customer_and_silent_customers_are_said():
    counted = audit(Estimate("anonymous order lines", 0, segment="accepted", unit="records"),
                    Estimate("share of customers", 0.4, n=500, segment="with surveys", unit="share"))
    said = leadership_questions_text.missing_customers(known(leading.everything(intake_audit=counted)))
    assert said.startswith("Every order line belongs to a known customer.")
    assert "if the others averaged" in said


def test_anonymous_sales_without_a_change_in_revenue_are_only_counted():
    counted = audit(Estimate("anonymous order lines", 1, segment="rejected", unit="records"),
                    Estimate("anonymous money", 9.5, segment="rejected", unit="money"))
    assert leadership_questions_text.missing_customers(known(leading.results(intake_audit=counted))) == (
        "Sales without a customer: 1 order line, €9.50.")


def models(**better):
    """Return differences of three models sorted as they are stored: boosting against the regression stands first."""
    apart = {"gradient boosting less logistic regression": 0.0, "gradient boosting less recency rule": 0.02,
             "logistic regression less recency rule": 0.03} | better
    return estimate_table([Estimate(quantity, sign * value, sign * value - 0.01, sign * value + 0.01, segment=segment)
                    for quantity, sign in (("auc_difference", 1), ("brier_difference", -1))
                    for segment, value in apart.items()])


def test_the_model_in_use_is_held_against_the_simple_rule_and_not_against_the_other_model():
    found = leading.results(churn_models=models(), churn_scores=leading.scores())
    assert leadership_questions_text.forecast_accuracy(known(found, due=grades(grade()))).endswith(
        "inside the interval [9, 15]. The logistic regression does better than the baseline out of sample "
        "(AUC +0.030 [0.020, 0.040], Brier score −0.030 [−0.040, −0.020]).")
    boosted = leading.results(churn_models=models(), churn_scores=leading.scores(model="gradient boosting"))
    assert "The gradient boosting does better than the baseline" in leadership_questions_text.forecast_accuracy(
        known(boosted)
    )


def test_a_simple_rule_in_use_is_said_to_tie():
    same = models(**{"logistic regression less recency rule": 0.0})
    found = leading.results(churn_models=same, churn_scores=leading.scores(model="recency rule"))
    assert "The logistic regression is no better than the baseline" in leadership_questions_text.forecast_accuracy(
        known(found, due=grades(grade()))
    )


def test_before_a_forecast_is_due_the_simple_rule_is_judged_all_the_same():
    found = leading.results(churn_models=models(), churn_scores=leading.scores())
    assert leadership_questions_text.forecast_accuracy(known(found)).startswith(
        "Cannot say, because no forecast of an earlier run is due yet. The logistic regression does better")


def test_without_a_trial_the_simple_rule_is_not_judged():
    assert leadership_questions_text.forecast_accuracy(known(leading.results(), due=grades(grade()))).endswith(
        "Whether a simple rule would have done as well cannot be said.")


def test_finance_and_definitions_stand_together():
    assert (
        leadership_questions_text.finance_reconciliation(NOTHING)
        == "No revenue and no customers are recorded. Nothing was redefined."
    )


def test_a_company_of_contracts_hears_what_its_other_pages_know_of_contracts():
    signed = known(leading.results("USD", customer_base=leading.contracts(), churn_scores=leading.undated(),
                                   intake_gates=leading.gates("01", leading.gate("control: fees", "all",
                                                                                 is_crossed=False))))
    assert leadership_questions_text.revenue_movement(signed) == (
        "Cannot say, because no orders are recorded. Of contracts, those that have ended paid $6,400 a month and those "
        "that run pay $15,000; which of them are new or reactivated is not told apart.")
    assert leadership_questions_text.margin_at_risk(signed) == (
        "Cannot say, because contracts without dates give no horizon. Of 2 customers with a contract that runs "
        "some strongly resemble those who left. How much of it can be saved cannot be said until an action "
        "is tried on customers drawn at random.")
    assert leadership_questions_text.next_quarter(signed) == (
        "By the end of a quarter it cannot be said, since contracts without dates give no horizon. 300 contracts that "
        "run are expected to bring $40,000 [$39,000, $41,000] of margin within 12 months, discounted to today; 80.0 % "
        "[78.0 %, 82.0 %] of them are expected to run still then.")
    assert leadership_questions_text.missing_customers(signed) == "Every contract belongs to a known customer."
    assert leadership_questions_text.finance_reconciliation(signed).startswith(
        "As counted: 300 contracts that run with $15,000.50 of fees a month and 100 "
        "that have ended. 1 of 1 control total of the profile is met.")


def test_the_fees_of_contracts_stand_beside_the_orders_of_a_company_with_both():
    counted = audit(Estimate("net sales", 2000.0, unit="money"))
    base = pd.concat([leading.base(), leading.contracts().query("quantity in ['contracts', 'monthly_fee']")])
    said = leadership_questions_text.finance_reconciliation(
        known(leading.results("EUR", intake_audit=counted, customer_base=base))
    )
    assert "net sales €2,000.00. Beside them 300 contracts that run with €15,000.50 of fees a month" in said


def test_a_verdict_that_asks_for_a_decision_is_never_answered_by_none():
    tried = known(leading.results(experiment_effects=leading.effects()))
    assert leadership_questions_text.decision_today(tried) == (
        "Ship checkout. Cost not recorded; expected gain: checkout raised ordered by 5 points [1, 9]; net: not known; "
        "worst case: checkout 1 point (worse ends of the intervals); confidence: assigned at random, no check failed; "
        "owner not recorded; stop date: not recorded.")
    both = leading.results(experiment_effects=leading.effects(), decisions=pd.DataFrame([leading.decision()]))
    assert "stop date: 28 September 2026. Ship checkout." in leadership_questions_text.decision_today(known(both))
    open_still = leading.effects({"verdict": "keep running"})
    assert leadership_questions_text.decision_today(known(leading.results(experiment_effects=open_still))) == (
        "None: there is no list of customers to act on, and no verdict on an experiment asks for one.")


def test_what_was_tried_otherwise_is_said_where_no_list_has_come_back():
    said = leadership_questions_text.action_earnings(known(leading.results(experiment_effects=leading.effects())))
    assert said.startswith("Cannot say, because no action list")
    assert "Tried otherwise, with units assigned at random: checkout: ship new" in said


def test_the_answer_of_an_action_is_its_margin_in_money():
    margin = {"metric": "margin", "is_primary": False, "unit": "units", "value": 11.65, "low": -8.17, "high": 21.18,
              "verdict": None, "reason": ""}
    found = leading.results(experiment_effects=leading.lists({}, margin))
    assert leadership_questions_text.action_earnings(known(found)).startswith(
        "The 200 drawn for contact by the action plan of 1 January 2026 brought €2,330 [−€1,630, €4,240] of margin "
        "beside the control group, €11.65 [−€8.17, €21.18] each, an interval that includes no difference, before the "
        "cost of contact. action plan of 1 January 2026: keep running")
    less = leading.results(experiment_effects=leading.lists({}, margin | {"value": -2.0, "low": -3.0, "high": -1.0}))
    assert "brought −€400 [−€600, −€200] of margin" in leadership_questions_text.action_earnings(known(less))


def test_a_list_that_was_not_carried_out_says_so_beside_what_it_brought():
    margin = {"metric": "margin", "is_primary": False, "unit": "units", "value": 2.0, "low": -8.0, "high": 12.0,
              "verdict": None, "reason": ""}
    name = "action plan of 1 January 2026"
    idle = leading.gates("06", Gate(f"{name}: carried out", 0.0, 0.9, True, Level.QUALIFY, f"every verdict on {name}",
                                    "both arms were contacted alike"))
    found = leading.results(experiment_effects=leading.lists({}, margin), experiment_gates=idle)
    assert "(caution: both arms were contacted alike)" in leadership_questions_text.action_earnings(known(found))


def test_a_list_that_cannot_be_judged_says_why():
    early = leading.lists({"status": "insufficient", "reason": "3 of the rarer answer in one arm, 5 are asked for"})
    assert leadership_questions_text.action_earnings(known(leading.results(experiment_effects=early))) == (
        "Cannot say, because the action plan of 1 January 2026 has no outcome that can be judged: 3 of the rarer "
        "answer in one arm, 5 are asked for.")


def test_what_contact_took_away_says_how_much_of_the_stake_is_savable():
    said = leadership_questions_text.margin_at_risk(known(leading.everything(experiment_effects=leading.lists())))
    assert "cannot be said until" not in said
    assert "; contact cut churn by 20.0 % [" in said
    assert "in 1 round (200 contacted, 100 in the control group); were everybody at risk contacted and did they " \
           "respond alike, €12.00 [" in said


def test_caveats_of_a_finding_stand_in_the_answer_too():
    doubted = leading.gates("01", leading.gate("each person is one customer", "counts and values of customers"))
    found = known(leading.everything(intake_gates=doubted), kept(comparison="no earlier run"))
    for answer in (
        leadership_questions_text.customer_retention,
        leadership_questions_text.margin_at_risk,
        leadership_questions_text.next_quarter,
    ):
        assert "(caution: each person is one customer was found)" in answer(found)


def test_a_reason_goes_on_within_the_sentence():
    assert leadership_questions_text.cannot("Nothing can be learnt") == "Cannot say, because nothing can be learnt."
    assert leadership_questions_text.cannot("BG/NBD does not apply") == "Cannot say, because BG/NBD does not apply."


def fees_ahead():
    values = {"quarter_recurring_revenue": 2000, "quarter_recurring_revenue_by_rule": 2100}
    return pd.DataFrame([{"quantity": name, "segment": "all", "value": value, "low": value - 100, "high": value + 100,
                          "due_on": pd.Timestamp("2026-09-28")} for name, value in values.items()])


def test_recurring_revenue_of_contracts_stands_in_what_comes_if_nothing_is_done():
    fees = ("If nothing is done, contracts bring €2,000 [€1,900, €2,100] of recurring revenue in the quarter to "
            "28 September 2026; the simple rule says €2,100.")
    said = leadership_questions_text.next_quarter(known(leading.everything(value_forecasts=fees_ahead())))
    assert said.startswith(f"{fees} Expected churn")
    alone = leadership_questions_text.next_quarter(known(leading.results(value_forecasts=fees_ahead())))
    assert alone == fees


def test_sales_that_are_expected_are_said_where_churn_cannot_be_foretold():
    chance = leading.gates("05", leading.gate("ranking", "every forecast of churn", Level.STRIKE))
    said = leadership_questions_text.next_quarter(
        known(leading.everything(sales_forecast=ahead(), churn_gates=chance)))
    assert said.startswith("If nothing is done, the 13 weeks to 28 September 2026 bring €1,000")
    assert "How many customers leave cannot be said, because ranking was found." in said
