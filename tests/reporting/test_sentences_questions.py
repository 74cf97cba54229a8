import pandas as pd
import pytest

from helpers.foundation.estimates import Estimate, Level, summary
from helpers.reporting.ledger import gates as all_gates
from helpers.reporting.sentences import questions
from helpers.reporting.sentences.questions import Evidence
from tests.reporting import leading
from tests.reporting.test_sentences_leadership import grade, grades, key, row


def known(results, kpis=None, gates=None, due=None, redefined="Nothing was redefined."):
    return Evidence(results, all_gates(results) if gates is None else gates, key() if kpis is None else kpis,
                    grades() if due is None else due, redefined)


def audit(*estimates):
    return summary(estimates)


def kept(**more):
    return key(row("share", quantity="retention_by_count", **more))


NOTHING = known(leading.results(), key().assign(quantity=pd.Series(dtype="str")))


def test_there_are_ten_questions_and_every_one_is_answered():
    for evidence in (NOTHING, known(leading.everything(), kept())):
        said = questions.answers(evidence)
        assert len(said) == 10
        assert all(text.endswith(".") for _, text in said)


def test_without_any_table_eight_questions_say_why_they_cannot_be_answered():
    said = dict(questions.answers(NOTHING))
    assert sum(text.startswith("Cannot say, because") for text in said.values()) == 8
    assert said[questions.QUESTIONS[5][0]] == "None: there is no list of customers to act on."


@pytest.mark.parametrize(("kpis", "held", "end"), [
    (kept(change=0.1, low=0.05, high=0.15), None,
     "by count up 10 points, beyond noise since 31 March 2026, season is not told apart, and mix is not told apart "
     "here."),
    (kept(comparison="no earlier run", previous_run=""), False,
     "whether that is a change cannot be said (no earlier comparable run), season is even, since whole years are "
     "compared, and mix is not told apart here."),
    (kept(change=0.0, low=-0.1, high=0.1), True,
     "by count no change beyond noise since 31 March 2026, season may be part of it, since the periods are shorter "
     "than a year, and mix is not told apart here."),
])
def test_keeping_customers_is_told_from_season_and_noise(kpis, held, end):
    gates = leading.gates("04", *([] if held is None else [leading.gate("whole year", "retention", is_crossed=held)]))
    assert questions.kept(known(leading.everything(), kpis, gates)) == (
        f"50.0 % [40.0 %, 60.0 %] of customers were kept by count, 70.0 % [60.0 %, 80.0 %] by money; {end}")


def test_keeping_of_contracts_and_of_short_histories_is_said():
    assert questions.kept(known(leading.results(customer_base=leading.contracts()))).startswith(
        "25.0 % [20.0 %, 30.0 %] of contracts have ended")
    assert questions.kept(known(leading.results(customer_base=leading.short_base()))) == (
        "Cannot say, because the history has 1 day.")
    assert questions.kept(NOTHING) == "Cannot say, because no orders and no contracts are recorded."


def test_a_struck_retention_is_not_an_answer():
    struck = leading.gates("04", leading.gate("history", "change in revenue, retention", Level.STRIKE))
    found = leading.everything(value_gates=struck)
    assert questions.kept(known(found, kept())) == "Cannot say, because history was found."
    assert questions.moved(known(found)) == "Cannot say, because history was found."


def test_margin_at_risk_has_its_date_and_no_claim_of_saving():
    said = questions.at_risk(known(leading.everything()))
    assert said.startswith("€60")
    assert said.endswith("of margin is at stake by 28 September 2026; how much of it can be saved cannot be said until "
                         "an action is tried on customers drawn at random.")


def test_gates_of_churn_qualify_and_strike_what_is_ahead():
    weak = leading.everything(churn_gates=leading.gates("05", leading.gate("trial", "every forecast of churn")))
    assert questions.ahead(known(weak)).endswith("(with care: trial was found).")
    assert "2026 (with care: trial was found); how much" in questions.at_risk(known(weak))
    struck = leading.gates("05", leading.gate("trial", "every forecast of churn", Level.STRIKE))
    for answer in (questions.ahead, questions.at_risk):
        assert answer(known(leading.everything(churn_gates=struck))) == "Cannot say, because trial was found."


def test_actions_are_judged_only_against_people_left_alone():
    assert questions.earned(known(leading.everything())).startswith("Cannot say, because no action list")
    tried = leading.effects({"experiment": "action plan of 2026-03-31", "variant": "treated", "control": "held out"})
    assert questions.earned(known(leading.everything(experiment_effects=tried))).startswith(
        "action plan of 2026-03-31: ship treated")


def test_the_decision_is_asked_with_cost_worst_case_owner_and_date():
    one = known(leading.results(decisions=pd.DataFrame([leading.decision()])))
    assert questions.asked(one) == (
        "Contact 200 customers, leave 22 alone. Expected cost €768, at worst €1,470 lost; expected gain: not yet "
        "measured; owner not named; it stops on 28 September 2026.")
    three = pd.DataFrame([leading.decision(decision=name) for name in "abc"])
    assert questions.asked(known(leading.results(decisions=three))).endswith("2026 (2 more are asked for).")


@pytest.mark.parametrize(("low", "value", "high", "verb"), [
    (0.1, 0.2, 0.3, "moves with"), (-0.3, -0.2, -0.1, "moves against"), (-0.1, 0.1, 0.3, "does not clearly move with")])
def test_moving_together_is_never_called_causing(low, value, high, verb):
    matrix = summary([Estimate("rank correlation of attitude and behaviour", value, low, high, "correlation", 90)])
    said = questions.causes(known(leading.everything(loyalty_matrix=matrix)))
    assert said.startswith(f"What customers say {verb} what they buy")
    assert said.endswith("cannot be said, because nobody was made more satisfied at random.")


def test_a_survey_that_joins_nobody_says_so():
    alone = leading.results(satisfaction_index=leading.survey())
    assert questions.causes(known(alone)) == (
        "Cannot say, because no answers can be joined with orders of the same customers.")


@pytest.mark.parametrize(("money", "could"), [(500.0, "could reverse"), (300.0, "could not reverse")])
def test_anonymous_sales_are_held_against_the_change_in_revenue(money, could):
    counted = audit(Estimate("anonymous order lines", 7, segment="accepted", unit="records"),
                    Estimate("anonymous money", money, segment="accepted", unit="money"))
    said = questions.unseen(known(leading.results(customer_base=leading.base(), intake_audit=counted)))
    assert said == (f"Sales without a customer: 7 order lines, €{money:.0f}; by their size they {could} the change in "
                    "revenue.")


def test_sales_that_all_have_a_customer_and_silent_customers_are_said():
    counted = audit(Estimate("anonymous order lines", 0, segment="accepted", unit="records"),
                    Estimate("share of customers", 0.4, n=500, segment="with surveys", unit="share"))
    said = questions.unseen(known(leading.everything(intake_audit=counted)))
    assert said.startswith("Every order line belongs to a known customer.")
    assert "if the others averaged" in said


def test_anonymous_sales_without_a_change_in_revenue_are_only_counted():
    counted = audit(Estimate("anonymous order lines", 1, segment="rejected", unit="records"),
                    Estimate("anonymous money", 9.5, segment="rejected", unit="money"))
    assert questions.unseen(known(leading.results(intake_audit=counted))) == (
        "Sales without a customer: 1 order line, €9.50.")


@pytest.mark.parametrize(("low", "value", "high", "verb"), [
    (-0.03, -0.02, -0.01, "better than"), (0.01, 0.02, 0.03, "worse than"), (-0.01, 0.0, 0.01, "as well as")])
def test_forecasts_are_held_against_a_simple_rule(low, value, high, verb):
    models = summary([Estimate("brier_difference", value, low, high, segment="logistic regression less recency rule")])
    said = questions.right(known(leading.results(churn_models=models), due=grades(grade())))
    assert said.startswith("1 of 1 forecast holds what happened.")
    assert f"the logistic regression did {verb} the recency rule" in said


def test_without_a_trial_the_simple_rule_is_not_judged():
    assert questions.right(known(leading.results(), due=grades(grade()))).endswith(
        "Whether a simple rule would have done as well cannot be said.")


def test_finance_and_definitions_stand_together():
    assert questions.ties(NOTHING) == "No revenue and no customers are recorded. Nothing was redefined."
