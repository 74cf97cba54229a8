from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers.actions import alert_answers
from helpers.foundation.results import Estimate, Level, Status, estimate_table, no_estimate
from helpers.reporting import kpi_history
from helpers.reporting.forecast_tracking import all_gates
from helpers.reporting.text import leadership_coverage as leadership_coverage_text
from helpers.reporting.text import leadership_decisions as leadership_decisions_text
from helpers.reporting.text import leadership_finance as leadership_finance_text
from helpers.reporting.text import leadership_findings as leadership_findings_text
from helpers.reporting.text import leadership_outlook as leadership_outlook_text
from helpers.reporting.text import leadership_questions as leadership_questions_text
from helpers.reporting.text import leadership_retention as leadership_retention_text
from helpers.reporting.text.leadership_questions import QuestionInputs
from helpers.value import retention_mix
from tests.reporting import leading
from tests.reporting.text.test_leadership_text import grade, grades, key, row
from tests.reporting.text.test_next_quarter_text import ahead


def known(results, kpis=None, gates=None, due=None, redefined="Nothing was redefined."):
    return QuestionInputs(results, all_gates(results) if gates is None else gates, key() if kpis is None else kpis,
                    grades() if due is None else due, redefined)


def answer_of(question, evidence):
    """Return the paragraphs of an answer as one text."""
    return leading.told(question(evidence))


def audit(*estimates):
    return estimate_table(estimates)


def kept(**more):
    return key(row("share", quantity="retention_by_count", **more))


NOTHING = known(leading.results(), key().assign(quantity=pd.Series(dtype="str")))


def test_there_are_ten_questions_and_every_one_is_answered():
    for evidence in (NOTHING, known(leading.everything(), kept())):
        said = leadership_questions_text.question_answers(evidence)
        assert len(said) == 10
        assert all(leading.told(text).endswith(".") for _, text in said)


@pytest.mark.parametrize("evidence", [0, 1, 2])
def test_every_answer_begins_with_a_verdict_of_at_most_forty_five_words(evidence):
    more = leading.everything(customer_base=year_apart(), experiment_effects=leading.lists(), sales_forecast=ahead())
    found = (NOTHING, known(leading.everything(), kept()), known(more, kept()))[evidence]
    for question, answer in leadership_questions_text.question_answers(found):
        verdict = answer if isinstance(answer, str) else answer[0]
        words = [word for word in verdict.split() if any(map(str.isalpha, word))]
        assert len(words) <= 45, (question, verdict)


def test_without_any_table_eight_questions_say_why_they_cannot_be_answered():
    said = {question: [text] if isinstance(text, str) else list(text)
            for question, text in leadership_questions_text.question_answers(NOTHING)}
    assert sum(text[0].startswith("Cannot say, because") for text in said.values()) == 8
    assert said[leadership_questions_text.QUESTIONS[5][0]] == ["None: there is no list of customers to act on."]


@pytest.mark.parametrize(("kpis", "end"), [
    (kept(change=0.1, low=0.05, high=0.15), "up 10 percentage points, statistically significant since 31 March 2026."),
    (kept(comparison="no earlier run", previous_run=""),
     "what changed since the previous report cannot be said (no earlier comparable run)."),
    (kept(change=0.0, low=-0.1, high=0.1), "unchanged since 31 March 2026."),
    (kept(change=0.01, low=-0.1, high=0.1), "no statistically significant change since 31 March 2026.")])
def test_the_rate_of_the_card_has_its_base_and_is_told_from_noise(kpis, end):
    verdict, rates, said = leadership_retention_text.retention_answer(leading.everything(), kpis, NOTHING.history)
    assert verdict == (
        "50.0 % [40.0 %, 60.0 %] of customers bought again in the last 12 months, 70.0 % [60.0 %, 80.0 %] by money. "
        "Whether that is more than a year before, or season, cannot be said: that year is not on record.")
    assert rates["latest"].tolist() == ["50.0 % [40.0 %, 60.0 %]", "70.0 % [60.0 %, 80.0 %]"]
    assert said == (f"In the last 12 months: of the 40 customers of the period before; {end} Mix is not told apart "
                    "here.")


def compared(days, lag, change=(0.05, 0.01, 0.09)):
    parts = {"retention_change": change, "retention_change_by_mix": (0.02, 0.01, 0.03),
             "retention_change_within": (0.03, -0.01, 0.07), "retention_rate_before": (0.45, 0.4, 0.5),
             "retention_rate_after": (0.5, 0.45, 0.55)}
    split = estimate_table([*(Estimate(q, *e, "share", 90) for q, e in parts.items()),
                            Estimate("retention_change_period", days, unit="days", n=90),
                            Estimate("retention_change_lag", lag, unit="days", n=90)])
    return leading.everything(customer_base=pd.concat([leading.base(), split], ignore_index=True))


@pytest.mark.parametrize(("ends", "verdict"), [
    ((0.05, 0.01, 0.09), "We keep more customers than a year before"),
    ((0.05, -0.01, 0.09), "Whether we keep more customers than a year before is open"),
    ((-0.05, -0.09, -0.01), "We keep fewer customers than a year before")])
def test_the_answer_begins_with_its_verdict_on_the_same_season_of_the_year_before(ends, verdict):
    said, rates, counted, card = leadership_retention_text.retention_answer(
        compared(182, 365, ends), kept(), NOTHING.history)
    moved = f"({'−' if ends[0] < 0 else ''}5 percentage points"
    assert said.startswith(f"{verdict}, 50.0 % against 45.0 % {moved} [")
    assert said.endswith(" It is not seasonal; 2 percentage points are mix; the rest may be chance.") == (
        not ends[1] < 0 < ends[2])
    assert rates.iloc[0].tolist()[:3] == ["by count, 182 days", "50.0 % [45.0 %, 55.0 %]", "45.0 % [40.0 %, 50.0 %]"]
    assert rates.iloc[0].tolist()[4:] == ["2 [1, 3]", "3 [−1, 7]"]
    assert counted == ("In 182 days: of 90 customers of the 182 days before, 90 a year before. Mix is other kinds of "
                       "customers by number of orders and time as a customer.")
    assert card.startswith("In the last 12 months: of the 40 customers")
    assert card.endswith("would take records of three years.")


@pytest.mark.parametrize(("count", "money", "rest"), [
    ((0.03, 0.01, 0.05), (0.1, 0.03, 0.17), "the rest is shown by count and by money."),
    ((0.03, 0.01, 0.05), (0.1, -0.03, 0.17), "the rest is shown by count alone."),
    ((0.03, -0.01, 0.05), (0.1, 0.03, 0.17), "the rest is shown by money alone."),
    ((0.03, -0.01, 0.05), (0.1, -0.03, 0.17), "the rest may be chance.")])
def test_the_verdict_says_by_which_count_what_is_neither_season_nor_mix_is_shown(count, money, rest):
    base = year_apart()
    for quantity, ends in (("retention_change_within", count), ("retention_change_within_by_money", money)):
        is_it = base["quantity"].eq(quantity) & base["segment"].eq("all")
        base.loc[is_it, ["value", "low", "high"]] = ends
    said = leadership_retention_text.retention_answer(
        leading.everything(customer_base=base), kept(), NOTHING.history)[0]
    assert "; by money more, 72.0 % against 60.0 %. It is not seasonal; 5 percentage points are mix; " in said
    assert said.endswith(rest)


@pytest.mark.parametrize(("ends", "said"), [((0.12, -0.05, 0.19), "; by money it is open, 72.0 % against 60.0 %"),
                                            ((-0.12, -0.19, -0.05), "; by money less, 72.0 % against 60.0 %")])
def test_the_verdict_by_money_is_told_from_chance_by_itself(ends, said):
    base = year_apart()
    base.loc[base["quantity"].eq("retention_change_by_money"), ["value", "low", "high"]] = ends
    assert said in leadership_retention_text.retention_answer(
        leading.everything(customer_base=base), kept(), NOTHING.history)[0]


def test_where_three_years_are_on_record_the_rate_of_the_card_stands_beside_that_of_the_year_before():
    said = leadership_retention_text.retention_answer(compared(365, 365), kept(), NOTHING.history)
    assert said[1].iloc[0].tolist()[:2] == ["by count, 365 days", "50.0 % [45.0 %, 55.0 %]"]
    assert "three years" not in said[-1]
    assert leadership_retention_text.year_before_words(compared(365, 365)) == "year before: 45.0 %"
    assert leadership_retention_text.year_before_words(compared(182, 365)) == "182 days: 50.0 %, year before 45.0 %"
    assert leadership_retention_text.year_before_words(leading.everything()) == ""


def test_where_seasons_differ_no_verdict_is_given_and_the_season_is_named():
    found = compared(100, 100)
    verdict, rates, said = leadership_retention_text.retention_answer(found, kept(), NOTHING.history)
    assert verdict.endswith("or season, cannot be said: that year is not on record.")
    assert said.endswith("The last three periods that the records hold have 100 days each: the table compares these, "
                         "season included. Mix is other kinds of customers by number of orders and time as a customer.")
    assert rates.columns[2] == "period before"
    assert rates.iloc[0].tolist() == ["by count, 100 days", "50.0 % [45.0 %, 55.0 %]", "45.0 % [40.0 %, 50.0 %]",
                                      "5 [1, 9]", "2 [1, 3]", "3 [−1, 7]"]
    base = found.frame("results/customer_base")
    money = base[base["quantity"].str.startswith(("retention_change", "retention_rate"))].assign(
        quantity=lambda x: x["quantity"] + "_by_money")
    both = leading.everything(customer_base=pd.concat([base, money], ignore_index=True))
    assert "by money, 100 days" in leading.told(leadership_retention_text.retention_answer(
        both, kept(), NOTHING.history)[1])


def test_the_latest_quarter_stands_beside_the_same_season_where_no_longer_period_does():
    days = pd.to_datetime(["2024-12-31", "2025-12-31"])
    history = pd.DataFrame({"basis": "records", "figure": kpi_history.AGAIN, "on": days, "value": [0.5, 0.6],
                            "low": [0.45, 0.55], "high": [0.55, 0.65], "unit": "share", "n": 400})
    said = leadership_retention_text.retention_answer(leading.everything(), kept(), history)
    assert ("In the same season: 60.0 % [55.0 %, 65.0 %] of the customers of the quarter before bought again in that "
            "to 31 December 2025, 50.0 % [45.0 %, 55.0 %] a year earlier (up 10 percentage points, statistically "
            "significant, "
            "difference [2.9, 17.1]).") in said[-1]


def test_keeping_of_contracts_and_of_short_histories_is_said():
    first = known(leading.results("USD", customer_base=leading.contracts()), kept(comparison="no earlier run"))
    assert answer_of(leadership_questions_text.customer_retention, first) == (
        "Of 400 contracts 25.0 % [20.0 %, 30.0 %] have ended, with 30.0 % [25.0 %, 35.0 %] of monthly fees; contracts "
        "worth $15,000 a month run; what changed since the previous report cannot be said (no earlier comparable run), "
        "and season and mix are not told apart.")
    moved = known(first.results, key(row("share", quantity="share_ended", change=0.1, low=0.05, high=0.15)))
    assert (
        "run; up 10 percentage points, statistically significant since 31 March 2026, and"
        in answer_of(leadership_questions_text.customer_retention, moved)
    )
    short = known(leading.results(customer_base=leading.short_base()))
    assert answer_of(leadership_questions_text.customer_retention, short) == (
        "Cannot say, because the history has 1 day.")
    assert (
        answer_of(leadership_questions_text.customer_retention, NOTHING)
        == "Cannot say, because no orders and no contracts are recorded."
    )


def test_a_struck_retention_is_not_an_answer():
    struck = leading.gates("04", leading.gate("history", "change in revenue, retention", Level.STRIKE))
    found = leading.everything(value_gates=struck)
    assert (
        answer_of(leadership_questions_text.customer_retention, known(found, kept()))
        == "Cannot say, because history was found."
    )
    assert leadership_questions_text.revenue_movement(known(found)) == ("Cannot say, because history was found.",)


def test_margin_at_risk_has_its_date_and_no_claim_of_saving():
    verdict, what = leadership_questions_text.margin_at_risk(known(leading.everything()))
    assert verdict.startswith("€60")
    assert verdict.endswith("of margin is at risk by 28 September 2026. How much of it can be saved cannot be said "
                            "until an action is tried on customers drawn at random.")
    assert what == ("At risk is the chance of each customer to be gone for good times the margin that would else come "
                    "until then.")
    both = known(leading.everything(sales_forecast=ahead()))
    assert ("The margin of question 4 is already without it."
            in leadership_questions_text.margin_at_risk(both)[1]) == ("margin" in set(ahead()["measure"]))


def test_gates_of_churn_qualify_and_strike_what_is_ahead():
    weak = leading.everything(churn_gates=leading.gates("05", leading.gate("trial", "every forecast of churn")))
    assert "30.0 % (caution: trial was found)." in answer_of(leadership_questions_text.next_quarter, known(weak))
    assert "(caution: trial was found). How much" in leadership_questions_text.margin_at_risk(known(weak))[0]
    struck = leading.gates("05", leading.gate("trial", "every forecast of churn", Level.STRIKE))
    for answer in (leadership_questions_text.next_quarter, leadership_questions_text.margin_at_risk):
        assert answer_of(answer, known(leading.everything(churn_gates=struck))) == (
            "Cannot say, because trial was found.")


def test_the_decision_is_asked_with_its_cost_and_worst_case():
    one = known(leading.results(decisions=pd.DataFrame([leading.decision()])))
    where = "Cost, expected gain, worst case, owner and stop date of each stand under “Decisions asked for, in full”."
    assert leadership_questions_text.decision_today(one) == (
        "1 decision is asked for: it is expected to cost €768 and loses €1,470 at worst. What it gains is not known "
        "yet.", f"With a gain that is not known yet: Test: contact 200 customers, leave 22 alone. {where}")
    three = pd.DataFrame([leading.decision(decision=name) for name in "abc"])
    verdict, said = leadership_questions_text.decision_today(known(leading.results(decisions=three)))
    assert verdict.startswith("3 decisions are asked for: together they are expected to cost €2,304 and lose €4,410 ")
    assert "not known yet: Test: a, Test: b and Test: c." in said


@pytest.mark.parametrize(("low", "value", "high", "verdict", "verb"), [
    (0.1, 0.2, 0.3, "It moves with it between customers", "moves with their attitude, what they say of us, weakly"),
    (-0.7, -0.6, -0.5, "It moves against it between customers",
     "moves against their attitude, what they say of us, strongly"),
    (-0.1, 0.05, 0.2, "It does not clearly move with it",
     "does not clearly move with their attitude, what they say of us, very weakly")])
def test_moving_together_is_never_called_causing(low, value, high, verdict, verb):
    matrix = estimate_table(
        [Estimate("rank correlation of attitude and behaviour", value, low, high, "correlation", 90)]
    )
    said = answer_of(leadership_questions_text.satisfaction_causality, known(leading.everything(loyalty_matrix=matrix)))
    assert said.startswith(f"{verdict}; that it causes it cannot be said, because nobody was made more satisfied at "
                           f"random. How much customers buy {verb} (")


def test_how_many_of_the_least_and_most_satisfied_returned_stands_beside_the_correlation():
    claims = pd.DataFrame({
        "claim": ["The least satisfied 15 % leave", "The most satisfied 15 % are loyal", "Loyal customers recommend"],
        "verdict": ["cannot say", "holds", "holds"],
        "sentence": ["13.6 % of them repurchased.", "75.3 % of them repurchased.", "They do."]})
    said = answer_of(leadership_questions_text.satisfaction_causality, known(leading.everything(
        loyalty_claims=claims)))
    assert "at random. 13.6 % of them repurchased. 75.3 % of them repurchased. How much customers buy" in said
    assert "two things. What would show it" in said
    few = claims.assign(sentence="0 customers are the least satisfied 15 %; 30 are asked for.")
    assert "asked for" not in answer_of(leadership_questions_text.satisfaction_causality, known(leading.everything(
        loyalty_claims=few)))


def test_a_survey_that_joins_nobody_says_so():
    alone = leading.results(satisfaction_index=leading.survey())
    assert leadership_questions_text.satisfaction_causality(known(alone)) == (
        "Cannot say, because no answers can be joined with orders of the same customers.")


@pytest.mark.parametrize(("money", "verdict", "could"), [
    (500.0, "could reverse", "yes: by their size they could"),
    (300.0, "cannot reverse", "no: were all of them of one of the two periods, it would be at most 75.0 % smaller")])
def test_anonymous_sales_are_held_against_the_change_in_revenue(money, verdict, could):
    counted = audit(Estimate("anonymous order lines", 7, segment="accepted", unit="records"),
                    Estimate("anonymous money", money, segment="accepted", unit="money"))
    said, gaps, _ = leadership_questions_text.missing_customers(
        known(leading.results(customer_base=leading.base(), intake_audit=counted)))
    assert said == f"Buyers without a customer number {verdict} the change in net sales."
    assert gaps.iloc[0].tolist() == [
        "Change in net sales", f"7 order lines without a customer, €{money:.0f} over the whole history", could]
    assert gaps.iloc[1].tolist() == [
        "Retention rate, 12 months", "who of 20 counted as churned bought without a number",
        "it may be up to 67.5 % instead of 50.0 %"]


def test_sales_without_a_customer_that_both_periods_count_reverse_nothing():
    counted = audit(Estimate("anonymous order lines", 7, segment="accepted", unit="records"),
                    Estimate("anonymous money", 900.0, segment="accepted", unit="money"))
    said, gaps, _ = leadership_questions_text.missing_customers(known(leading.everything(
        customer_base=retention_of_two_years(50.0), intake_audit=counted)))
    assert said.startswith("Buyers without a customer number cannot reverse the change in net sales")
    assert gaps.iloc[0, 2] == "no: they are counted, €50.00 in the latest period, €50.00 in the one before"


@pytest.mark.parametrize(("target", "could", "is_open"), [
    (80.0, "cannot be excluded: all reach 80 if the others average 86.7, 16.7 points from the 70 of those heard over "
     "all waves", True),
    (99.0, "no: whatever the others would say, all together stay on the same side of 99", False)])
def test_the_silent_are_held_against_the_target_and_others_without_figures_are_counted(target, could, is_open):
    counted = audit(Estimate("share of customers", 0.4, n=500, segment="with surveys", unit="share"),
                    Estimate("share of invitations", 0.5, n=900, segment="answered", unit="share"),
                    Estimate("customers", 500, unit="customers"), Estimate("customers with orders", 480),
                    Estimate("rejected", 30, unit="records"))
    said, gaps, others = leadership_coverage_text.missing_customers(leading.everything(intake_audit=counted), target)
    assert gaps.iloc[0].tolist() == [
        "Satisfaction", "60.0 % of 500 known customers have no score; 50.0 % of 900 invitations were answered", could]
    assert said == ("That all customers reach a satisfaction of 80 cannot be excluded." if is_open else
                    "Whether those who are missing could reverse what is said is not known.")
    assert others == ("What would tell: ask a random part of those without a score. "
                      "Of 500 known customers 20 have no order and stand in no figure of purchases. 30 records were "
                      "rejected and stand in no figure; page 01 has the reasons.")


def test_where_anonymous_purchases_are_many_all_churned_customers_could_be_among_them():
    counted = audit(Estimate("anonymous order lines", 700, segment="rejected", unit="records"))
    said = answer_of(leadership_questions_text.missing_customers, known(leading.everything(intake_audit=counted)))
    assert "who of 20 counted as churned bought without a number | it may be up to 100 % instead of 50.0 %" in said


def test_who_left_earlier_may_be_missing_where_contracts_have_no_days():
    undated = leading.results(customer_base=leading.contracts(), value_gates=leading.gates(
        "04", leading.gate("dated ends", "contracts, churn rate")))
    said = answer_of(leadership_questions_text.missing_customers, known(undated))
    assert said.startswith("Every contract belongs to a known customer. Whether those who left earlier are in the "
                           "records is not known, and it would reverse what is said.")
    assert said.endswith("Were all that ended those of one month, 25.0 % would leave a month. Of the contracts that "
                         "run as few as 3.2 % would then run after 12 months instead of 80.0 %, more where some "
                         "leave less often than others.")
    asked = leadership_finance_text.ledger_sentence(pd.DataFrame(), replace(undated, as_of=date(2026, 6, 30)))
    assert asked.endswith("Ask finance for the fees billed in the month to 30 June 2026, to be held against $15,000.50 "
                          "of the contracts that run.") == (undated.currency == "USD")
    assert leadership_questions_text.revenue_movement(known(undated))[0].startswith(
        "Cannot say, because contracts are seen at one moment")


def test_the_savable_range_holds_the_uncertainty_of_the_stake_and_of_the_response():
    cut, stake = Estimate("cut", 0.2, 0.1, 0.3), Estimate("stake", 100.0, 60.0, 140.0)
    value, low, high = leadership_outlook_text.product_interval(cut, stake)
    assert (value, value - low) == (20.0, pytest.approx((10**2 + 8**2) ** 0.5))
    assert high - value == pytest.approx(value - low)


def test_past_quarters_tell_by_how_much_the_method_and_the_simple_rule_missed():
    errors = pd.DataFrame([{"quantity": "quarter_error", "segment": f"net_sales by {name}", "value": value,
                            "status": "ok"} for name, value in (("MBG/NBD", 0.1), ("seasonal-naive rule", 0.4))]
                          + [{"quantity": "quarters_tried", "segment": "all", "value": 3, "status": "ok"}])
    said = answer_of(leadership_questions_text.forecast_accuracy, known(leading.results(value_holdout=errors)))
    assert "were missed by 10.0 % of what was forecast (root mean square), by simple rules: the same quarter a year " \
           "before (40.0 %)." in said
    assert "root mean square" not in answer_of(
        leadership_questions_text.forecast_accuracy, known(leading.results(value_holdout=errors.drop(1))))


def test_sales_that_all_have_a_customer_and_silent_customers_are_said():
    counted = audit(Estimate("anonymous order lines", 0, segment="accepted", unit="records"),
                    Estimate("share of customers", 0.4, n=500, segment="with surveys", unit="share"))
    said = answer_of(leadership_questions_text.missing_customers, known(leading.everything(intake_audit=counted)))
    assert "60.0 % of 500 known customers have no score | cannot be excluded: all reach 50 if the others av" in said
    nobody = audit(Estimate("anonymous order lines", 0, segment="accepted", unit="records"))
    assert answer_of(leadership_questions_text.missing_customers, known(leading.results(intake_audit=nobody))) == (
        "Every order line belongs to a known customer.")


def test_anonymous_sales_without_a_change_in_revenue_are_only_counted():
    counted = audit(Estimate("anonymous order lines", 1, segment="rejected", unit="records"),
                    Estimate("anonymous money", 9.5, segment="rejected", unit="money"))
    assert answer_of(leadership_questions_text.missing_customers, known(leading.results(intake_audit=counted))) == (
        "Whether those who are missing could reverse what is said is not known. Sales | 1 order line without a "
        "customer, €9.50 over the whole history | not known: no change in net sales is told What would tell: match "
        "sales without a number by address or e-mail.")


def models(**better):
    """Return differences of three models sorted as they are stored: boosting against the regression stands first."""
    apart = {"gradient boosting less logistic regression": 0.0, "gradient boosting less recency rule": 0.02,
             "logistic regression less recency rule": 0.03} | better
    return estimate_table([
        *(Estimate(quantity, sign * value, sign * value - 0.01, sign * value + 0.01, segment=segment)
          for quantity, sign in (("auc_difference", 1), ("brier_difference", -1)) for segment, value in apart.items()),
        *(Estimate("auc", value, segment=name) for name, value in (
            ("logistic regression", 0.8), ("gradient boosting", 0.79), ("recency rule", 0.77)))])


def test_the_model_in_use_is_held_against_the_simple_rule_and_not_against_the_other_model():
    found = leading.results(churn_models=models(), churn_scores=leading.scores())
    assert answer_of(leadership_questions_text.forecast_accuracy, known(found, due=grades(grade()))).endswith(
        "inside the interval [9, 15]. The churn model "
        "tells who leaves better than days since the last purchase alone: of 100 pairs of one who left and "
        "one who stayed it puts 80 in the right order, the rule 77, a difference of 3 [2, 4], on "
        "customers that it had not seen.")
    boosted = leading.results(churn_models=models(), churn_scores=leading.scores(model="gradient boosting"))
    assert "it puts 80 in the right order, the rule 77" in answer_of(
        leadership_questions_text.forecast_accuracy, known(boosted))


def test_a_simple_rule_in_use_is_said_to_tie():
    same = models(**{"logistic regression less recency rule": 0.0})
    found = leading.results(churn_models=same, churn_scores=leading.scores(model="recency rule"))
    assert "The churn model tells who leaves no better than" in answer_of(
        leadership_questions_text.forecast_accuracy, known(found, due=grades(grade()))
    )


def test_before_a_forecast_is_due_the_simple_rule_is_judged_all_the_same():
    found = leading.results(churn_models=models(), churn_scores=leading.scores())
    later = leading.results(forecasts=leading.forecasts())
    assert answer_of(leadership_questions_text.forecast_accuracy, known(later)) == (
        "Cannot say, because no earlier report has made a forecast that is due. The first, of this report, is due on "
        "28 September 2026.")
    assert answer_of(leadership_questions_text.forecast_accuracy, known(found)).startswith(
        "Cannot say, because no earlier report has made a forecast that is due. The churn model tells who leaves "
        "better than")


def test_without_a_trial_the_simple_rule_is_not_judged():
    alone = known(leading.results(), due=grades(grade()))
    assert answer_of(leadership_questions_text.forecast_accuracy, alone).endswith(
        "Whether a simple rule would have done as well cannot be said.")


def test_finance_and_definitions_stand_together():
    assert answer_of(leadership_questions_text.finance_reconciliation, NOTHING) == (
        "Nothing was redefined. No revenue and no customers are recorded.")
    tied = replace(NOTHING, ledger=("Yes.", pd.DataFrame({"Figure": ["net sales"]}), "Why."), moved="One moved.")
    verdict, table, *others = leadership_questions_text.finance_reconciliation(tied)
    assert (verdict, others[0], others[-1]) == ("Yes. Nothing was redefined.", "Why.", "One moved.")
    assert table["Figure"].tolist() == ["net sales"]


def test_a_company_of_contracts_hears_what_its_other_pages_know_of_contracts():
    signed = known(leading.results("USD", customer_base=leading.contracts(), churn_scores=leading.undated(),
                                   intake_gates=leading.gates("01", leading.gate("control: fees", "all",
                                                                                 is_crossed=False))))
    assert leadership_questions_text.revenue_movement(signed) == (
        "Cannot say, because no orders are recorded.",
        "Of contracts, those that have ended paid $6,400 a month and those that run pay $15,000; who was reactivated "
        "is not on record.")
    assert leadership_questions_text.margin_at_risk(signed) == (
        "Cannot say, because contracts without dates give no horizon.",
        "How much of it can be saved cannot be said until an action is tried on customers drawn at random. Of 2 "
        "customers with a contract that runs some strongly resemble those who left.")
    assert answer_of(leadership_questions_text.next_quarter, signed) == (
        "300 contracts that "
        "run are expected to bring $40,000 [$39,000, $41,000] of margin within 12 months, discounted to today; 80.0 % "
        "[78.0 %, 82.0 %] of them are expected to run still then.")
    assert answer_of(leadership_questions_text.missing_customers, signed) == (
        "Every contract belongs to a known customer.")
    assert answer_of(leadership_questions_text.finance_reconciliation, signed).startswith(
        "Nothing was redefined. As counted: 300 contracts that run with $15,000.50 of fees a month and 100 "
        "that have ended. 1 of 1 control total declared for the files is met (page 01).")


def test_money_in_the_files_is_followed_to_net_sales_and_accounts_of_one_person_are_named():
    counted = audit(Estimate("accepted money", 120.0, unit="money"), Estimate("rejected money", 30.0, unit="money"),
                    Estimate("net sales", 100.0, unit="money"), Estimate("customers known twice", 15, n=200),
                    Estimate("anonymous money", 25.0, segment="rejected", unit="money"))
    found = known(leading.results("EUR", intake_audit=counted))
    said = answer_of(leadership_questions_text.finance_reconciliation, found)
    assert "Of €150.00 in the files: €100.00 net sales, €20.00 fees and adjustments and €30.00 rejected (of it " \
           "€25.00 without a customer, 16.7 % of all)." in said
    assert "15 of 200 accounts are duplicates of a person" in said


def test_the_fees_of_contracts_stand_beside_the_orders_of_a_company_with_both():
    counted = audit(Estimate("net sales", 2000.0, unit="money"))
    base = pd.concat([leading.base(), leading.contracts().query("quantity in ['contracts', 'monthly_fee']")])
    said = answer_of(
        leadership_questions_text.finance_reconciliation,
        known(leading.results("EUR", intake_audit=counted, customer_base=base))
    )
    assert "Contract fees are not in net sales, and no figure of the ledger is declared for them: 300 contracts " \
           "that run with €15,000.50 of fees a month" in said


def test_a_verdict_that_asks_for_a_decision_is_never_answered_by_none():
    tried = known(leading.results(experiment_effects=leading.effects()))
    assert leadership_questions_text.decision_today(tried)[0].endswith(
        "Most is expected of Ship checkout (net ordered 5 percentage points [1, 9]).")
    both = leading.results(experiment_effects=leading.effects(), decisions=pd.DataFrame([leading.decision()]))
    said = leading.told(leadership_questions_text.decision_today(known(both)))
    assert "Ship checkout (net" in said
    assert "Test: contact 200 customers, leave 22 alone" in said
    ended = leading.results(experiment_effects=leading.effects({"verdict": "stop"}))
    assert "To be ended, at no cost: Stop checkout." in leadership_questions_text.decision_today(known(ended))[1]
    open_still = leading.effects({"verdict": "keep running"})
    assert leadership_questions_text.decision_today(known(leading.results(experiment_effects=open_still))) == (
        "None: there is no list of customers to act on, and no verdict on an experiment asks for one.",)


def test_what_contact_took_away_says_how_much_of_the_stake_is_savable():
    verdict, *others = leadership_questions_text.margin_at_risk(known(leading.everything(
        experiment_effects=leading.lists())))
    assert verdict.endswith("of it before cost.")
    assert "Contacting everybody would save €12.00 [" in verdict
    assert any(said.startswith("Contact cut churn by 20.0 % [") and (
        "in 1 round (200 drawn to contact, 100 in the control group). That is churn of who bought nothing after a "
        "list; who is gone for good is taken to be cut by as much.") in said for said in others)


def test_caveats_of_a_finding_stand_in_the_answer_too():
    doubted = leading.gates("01", leading.gate("each person is one customer", "counts and values of customers"))
    found = known(leading.everything(intake_gates=doubted), kept(comparison="no earlier run"))
    for answer in (
        leadership_questions_text.customer_retention,
        leadership_questions_text.margin_at_risk,
        leadership_questions_text.next_quarter,
    ):
        assert "(caution: each person is one customer was found)" in answer_of(answer, found)


def test_a_reason_goes_on_within_the_sentence():
    assert leadership_questions_text.cannot("Nothing can be learnt") == "Cannot say, because nothing can be learnt."
    assert leadership_questions_text.cannot("BG/NBD does not apply") == "Cannot say, because BG/NBD does not apply."


def fees_ahead():
    values = {"quarter_recurring_revenue": 2000, "quarter_recurring_revenue_by_rule": 2100}
    return pd.DataFrame([{"quantity": name, "segment": "all", "value": value, "low": value - 100, "high": value + 100,
                          "made_as_of_on": pd.Timestamp("2026-06-30"),
                          "due_on": pd.Timestamp("2026-09-28")} for name, value in values.items()])


def test_recurring_revenue_of_contracts_stands_in_what_comes_if_nothing_is_done():
    fees = ("Contract fees, which are not net sales: €2,000 [€1,900, €2,100] in the quarter to 28 September 2026; the "
            "simple rule, the 13 weeks to 30 June 2026 again, says €2,100.")
    said = answer_of(leadership_questions_text.next_quarter, known(leading.everything(value_forecasts=fees_ahead())))
    assert said.startswith(f"{fees} Expected churn")
    alone = answer_of(leadership_questions_text.next_quarter, known(leading.results(value_forecasts=fees_ahead())))
    assert alone == fees


def test_sales_that_are_expected_are_said_where_churn_cannot_be_foretold():
    chance = leading.gates("05", leading.gate("ranking", "every forecast of churn", Level.STRIKE))
    said = answer_of(
        leadership_questions_text.next_quarter, known(leading.everything(sales_forecast=ahead(), churn_gates=chance)))
    assert said.startswith("Going on as now brings €1,000")
    assert "How many customers leave cannot be said, because ranking was found." in said


@pytest.mark.parametrize(("cost", "net", "verdict"), [
    (2.0, "€8.00 [−€9.55, €28.64]", "whether it pays is open"), (30.0, "−€48.00", "it costs more than it saves")])
def test_what_all_contact_would_save_is_told_after_its_cost_at_that_of_the_list(cost, net, verdict):
    listed = pd.DataFrame({"variant": ["treated"] * 20, "margin_at_risk": 3.0, "cost_expected": cost})
    found = leading.everything(experiment_effects=leading.lists(), actions=listed.assign(cost_worst=3.0))
    said, *others = leadership_questions_text.margin_at_risk(known(found))
    assert f"of it, {net}" in said
    assert said.endswith(f"after cost: {verdict}.")
    assert (f"Contacting all 2, as if all might be and responded alike, costs €{cost:.2f} a customer, "
            f"€{2 * cost:.2f}." in leading.told(others))


def retention_of_two_years(anonymous_before, change=0.15):
    """Return a base of 100 customers a year before, of whom half came back, and their anonymous sales."""
    lower, upper = 0.5, 0.5 + change
    return pd.concat([leading.base(), estimate_table([
        Estimate("retention_change", change, change - 0.05, change + 0.05, "share", 300),
        Estimate("retention_rate_before", lower, 0.45, 0.55, "share", 100),
        Estimate("retention_rate_after", upper, upper - 0.05, upper + 0.05, "share", 200),
        Estimate("retention_change_period", 182, unit="days", n=200),
        Estimate("retention_change_lag", 365, unit="days", n=200),
        *(Estimate(f"net_sales_{side}", 7300.0, unit="money", n=20, segment="retained") for side in (
            "before", "after")),
        *(Estimate(f"net_sales_{side}", anonymous_before, unit="money", n=0, segment="without a customer") for side in (
            "before", "after"))])], ignore_index=True)


@pytest.mark.parametrize(("anonymous", "change", "could", "is_doubted"), [
    (2000.0, 0.15, "in part: at most 5.5 of 15 percentage points can be buyers not recognised; the rest is more than "
     "chance would make", False),
    (3800.0, 0.15, "yes: at most 10.4 of 15 percentage points can be buyers not recognised; the rest is within "
     "chance", True),
    (6000.0, 0.15, "yes: undoing it takes €2,730 of anonymous sales in 182 days, and there were €2,990", True),
    (2000.0, -0.15, "in part: at most 2.7 of 15 percentage points can be", False)])
def test_whether_anonymous_sales_could_undo_the_change_in_retention_is_bounded_by_their_size(
    anonymous, change, could, is_doubted
):
    counted = audit(Estimate("anonymous order lines", 700, segment="accepted", unit="records"),
                    Estimate("anonymous money", anonymous, segment="accepted", unit="money"))
    found = leading.everything(customer_base=retention_of_two_years(anonymous, change), intake_audit=counted)
    verdict, gaps, _ = leadership_coverage_text.missing_customers(found, None)
    assert f"Its change on the year before, 182 days | buyers not recognised in one of the two years | {could}" in (
        leading.told(gaps))
    doubt = "they could account for so much of the change in retention that the rest is within chance"
    assert (doubt in verdict) == is_doubted


@pytest.mark.parametrize(("anonymous", "same", "is_doubted"), [
    (2000.0, (0.1, 0.06, 0.14), ""), (2000.0, (0.1, 0.05, 0.15), "rest"), (3800.0, (0.2, 0.15, 0.25), "all")])
def test_the_verdict_on_retention_is_doubted_where_buyers_not_recognised_may_make_it(anonymous, same, is_doubted):
    base = year_apart()
    base.loc[base["segment"].eq("without a customer"), "value"] = anonymous
    is_same = base["quantity"].eq("retention_change_within") & base["segment"].eq("all")
    base.loc[is_same, ["value", "low", "high"]] = same
    said = leadership_questions_text.customer_retention(known(leading.everything(customer_base=base)))[0]
    assert said.endswith("chance (question 8).") == (is_doubted == "all")
    assert said.endswith("If buyers without a customer number returned, this rest may be theirs (question 8).") == (
        is_doubted == "rest")


def test_a_change_in_retention_within_chance_needs_no_undoing():
    found = leading.everything(customer_base=retention_of_two_years(2000.0, 0.04))
    assert "can be buyers" not in leading.told(leadership_coverage_text.missing_customers(found, None))
    assert "question 8" not in leadership_questions_text.customer_retention(known(found))[0]


@pytest.mark.parametrize(("anonymous", "could", "verdict"), [
    (1460.0, "hardly: between 50.0 % and 60.0 % instead of 50.0 %, within its range", ""),
    (2200.0, "yes: it may be between 50.0 % and 65.1 % instead of 50.0 %",
     "retention may be between 50.0 % and 65.1 %")])
def test_anonymous_sales_are_told_by_how_many_customers_they_would_feed(anonymous, could, verdict):
    counted = audit(Estimate("anonymous order lines", 700, segment="accepted", unit="records"),
                    Estimate("anonymous money", 9.0, segment="accepted", unit="money"))
    found = leading.everything(intake_audit=counted, customer_base=retention_of_two_years(anonymous))
    said = leadership_coverage_text.missing_customers(found, None)
    assert could in leading.told(said[1])
    assert verdict in said[0]
    between = leadership_coverage_text.retention_between(found)
    assert between == (f"By sales without a customer {verdict} (question 8)." if verdict else "")


@pytest.mark.parametrize(("anonymous", "could"), [
    (730.0, "hardly: what is bought so is worth 2 customers, within its range"),
    (2190.0, "yes: what is bought so is worth 6 customers")])
def test_expected_churn_is_held_against_what_is_bought_without_a_customer(anonymous, could):
    counted = audit(Estimate("anonymous order lines", 700, segment="accepted", unit="records"))
    found = leading.everything(intake_audit=counted, customer_base=retention_of_two_years(anonymous))
    assert f"Expected churn, next 90 days | who of 12 will buy without a number | {could}" in leading.told(
        leadership_coverage_text.missing_customers(found, None))


def year_apart(**more):
    """Return retention of half-years a year apart by customers, by money and by quarters."""
    share = {"retention_change_by_money": (0.12, 0.05, 0.19), "retention_change_by_mix_by_money": (0.02, 0.0, 0.04),
             "retention_change_within_by_money": (0.1, 0.03, 0.17), "retention_rate_before_by_money": (0.6, 0.5, 0.7),
             "retention_rate_after_by_money": (0.72, 0.65, 0.8), "retention_rate_of_paused_before": (0.2, 0.15, 0.25),
             "retention_rate_of_paused_after": (0.35, 0.3, 0.4), "retention_change_by_mix": (0.05, 0.03, 0.07),
             "retention_change_within": (0.1, 0.05, 0.15)}
    quarters = {"retention_change": (0.05, -0.01, 0.11), "retention_change_within": (0.03, -0.02, 0.08),
                "retention_rate_before": (0.5, 0.45, 0.55), "retention_rate_after": (0.55, 0.5, 0.6)} | more
    return pd.concat([retention_of_two_years(2000.0), estimate_table([
        *(Estimate(q, *ends, "share", 300) for q, ends in share.items()),
        *(Estimate(q, *ends, "share", 300, "quarters") for q, ends in quarters.items()),
        Estimate("retention_change_period", 91, unit="days", n=200, segment="quarters")])], ignore_index=True)


def test_retention_is_held_against_the_year_before_by_customers_by_quarters_and_by_money():
    said, rates, counted, _ = leadership_retention_text.retention_answer(
        leading.everything(customer_base=year_apart()), NOTHING.kpis, NOTHING.history)
    assert said.startswith("We keep more customers than a year before, 65.0 % against 50.0 % (15 percentage points")
    assert rates.iloc[1].tolist() == ["by money, 182 days", "72.0 % [65.0 %, 80.0 %]", "60.0 % [50.0 %, 70.0 %]",
                                      "12 [5, 19]", "2 [0, 4]", "10 [3, 17]"]
    assert counted.endswith("A quarter leaves out who comes back after a pause, as 35.0 % [30.0 %, 40.0 %] of those "
                            "did who had paused, 20.0 % [15.0 %, 25.0 %] a year before.")


def test_a_quarter_stands_in_the_table_with_the_parts_of_its_change():
    base = pd.concat([year_apart(), estimate_table([
        Estimate("retention_change_by_mix", 0.02, 0.01, 0.03, "share", 300, "quarters")])], ignore_index=True)
    rates = leadership_retention_text.retention_answer(
        leading.everything(customer_base=base), NOTHING.kpis, NOTHING.history)[1]
    assert rates.iloc[2].tolist() == ["by count, a quarter", "55.0 % [50.0 %, 60.0 %]", "50.0 % [45.0 %, 55.0 %]",
                                      "5 [−1, 11]", "2 [1, 3]", "3 [−2, 8]"]


def test_without_money_the_year_before_is_told_by_count_alone():
    said, rates, *_ = leadership_retention_text.retention_answer(
        leading.everything(customer_base=retention_of_two_years(2000.0)), NOTHING.kpis, NOTHING.history)
    assert "by money" not in said
    assert not rates.iloc[:, 0].eq("by money, 182 days").any()


def test_contracts_whose_ends_have_no_date_cannot_tell_whether_customers_are_kept():
    undated = leading.gates("04", leading.gate("dated ends", "contracts, churn rate"))
    said = leadership_retention_text.retention_answer(
        leading.results(customer_base=leading.contracts(), value_gates=undated), NOTHING.kpis, NOTHING.history)[0]
    assert said.startswith("Whether customers are kept cannot be said, because the ends of contracts have no date; nor "
                           "can season and mix. Of 400 contracts 25.0 %")


def test_expected_churn_is_told_by_part_of_the_customers_and_beside_the_simple_rule():
    made = leading.everything().frame("results/forecasts")
    row = made[made["quantity"].eq("customers_lost")].iloc[0]
    parts = pd.DataFrame([row.to_dict() | more for more in (
        {}, {"segment": "repeat buyers", "value": 20.0, "low": 15.0, "high": 25.0, "n": 60},
        {"segment": "one-time buyers", "value": 3.0, "low": 2.0, "high": 5.0, "n": 9},
        {"quantity": "customers_lost_by_rule", "value": 33.0, "low": 30.0, "high": 36.0},
        {"quantity": "margin_at_risk_by_rule", "value": 50.0, "low": 40.0, "high": 60.0, "unit": "money"})])
    found = known(leading.everything(forecasts=parts))
    said = answer_of(leadership_questions_text.next_quarter, found)
    assert "The simple rule, the churn rate of the period before again, says 33 [30, 36]." in said
    assert "Of these: 20 [15, 25] expected of 60 repeat buyers." in said
    assert ("The simple rule, the churn rate of the period before again, says €50.00 [€40.00, €60.00] at risk."
            in leading.told(leadership_questions_text.margin_at_risk(found)))


def test_where_sales_cannot_be_forecast_it_says_why_and_what_quarters_brought():
    days = pd.to_datetime(["2025-09-30", "2025-12-31"])
    history = pd.DataFrame({"basis": "records", "figure": kpi_history.SALES, "on": days, "value": [900.0, 1200.0]})
    found = QuestionInputs(leading.everything(), NOTHING.gates, key(), grades(), history=history)
    verdict, reason, *_ = leadership_questions_text.next_quarter(found)
    assert verdict.startswith("Expected churn, next 90 days")
    assert verdict.endswith("Net sales of the quarter cannot be forecast.")
    assert reason.startswith("Net sales of the next quarter cannot be forecast: ")
    assert "quarters on record brought €900 to €1,200, the latest, to 31 December 2025, €1,200; season is in them." in (
        answer_of(leadership_questions_text.next_quarter, found))


def test_where_past_quarters_were_tried_a_simple_rule_and_what_a_range_would_take_stand_beside_the_reason():
    days = pd.to_datetime(["2025-09-30", "2026-03-31"])
    history = pd.DataFrame({"basis": "records", "figure": kpi_history.SALES, "on": days, "value": [700.0, 900.0]})
    wide = no_estimate("quarter_error", Status.INSUFFICIENT, "Past quarters were off.", unit="share")

    def told(rule, *more):
        holdout = estimate_table([wide, *more,
                                  Estimate("quarter_by_rule", 1300.0, unit="money", segment=f"net_sales by {rule}")])
        results = replace(leading.everything(value_holdout=holdout), as_of=date(2026, 6, 30))
        return answer_of(leadership_questions_text.next_quarter,
                         QuestionInputs(results, NOTHING.gates, key(), grades(), history=history))
    said = told("last-quarter rule", Estimate("quarters_needed", 6, unit="quarters"))
    assert "past quarters were off. With errors as large it would take 6 past quarters. The simple rule, the " in said
    assert "13 weeks to 30 June 2026 again, says €1,300 for the 13 weeks to 29 September 2026, season " \
           "not counted; how" in said
    assert "The simple rule, the same quarter a year before, says €1,300" in told("seasonal-naive rule")
    assert "With errors as large no number of past quarters would do. The" in told("seasonal-naive rule")
    assert "The quarter of a year before, to 30 September 2025, brought €700." in said


def test_a_margin_that_is_not_told_has_an_upper_end_and_what_would_tell_it():
    wide = pd.concat([leading.forecasts().assign(low=2.0, high=22.0)])
    untold = leading.everything(forecasts=wide, churn_scores=leading.scores(margin_at_risk=np.nan),
                                value_gates=leading.gates("04", leading.gate("unit costs", "margin")))
    verdict, said = leadership_questions_text.margin_at_risk(known(untold))
    assert verdict == ("Between nothing and €150 of margin is at risk by 28 September 2026: past periods, forecast in "
                       "the same way, were off by 12.7 % of the customers.")
    assert "unit costs was found" in said.lower()
    assert "Between nothing" not in leadership_questions_text.margin_at_risk(known(leading.everything()))[0]


def test_how_far_past_churn_rates_were_missed_stands_beside_the_simple_rule():
    by_rule = leading.forecasts().assign(quantity="customers_lost_by_rule", low=10.0, high=14.0)
    both = pd.concat([leading.forecasts().assign(low=2.0, high=22.0), by_rule])
    for n, told in ((1, "The churn rate of the one past period that was tried was missed by 12.7 % of the "),
                    (4, "The churn rates of 4 past periods that were tried were missed by 12.7 % of the ")):
        tried = estimate_table([Estimate("periods_tried", n, unit="periods")])
        assert told in answer_of(leadership_questions_text.forecast_accuracy,
                                 known(leading.everything(forecasts=both, churn_models=tried)))
    alone = leading.everything(forecasts=both.head(1), churn_models=tried)
    assert "(root mean square)." in answer_of(leadership_questions_text.forecast_accuracy, known(alone))
    without = leading.everything(forecasts=both)
    assert "churn rate" not in answer_of(leadership_questions_text.forecast_accuracy, known(without)).lower()


def test_contacts_of_which_nothing_will_tell_what_they_did_are_no_decision():
    untold = leading.decision(decision="Contact 90 customers for an alert alone", cost=90.0,
                              confidence=alert_answers.UNTOLD)
    found = leading.results(decisions=pd.DataFrame([leading.decision(), untold]))
    assert len(leadership_decisions_text.decision_rows(found)) == 1
    assert len(leadership_decisions_text.brief_decision_rows(found)) == 1
    said = leading.told(leadership_questions_text.decision_today(known(found)))
    assert said.startswith("1 decision is asked for: it is expected to cost €768")
    assert ("Not asked for, since nothing would tell what it did: contact 90 customers for an alert alone (€90.00)."
            in said)


@pytest.mark.parametrize(("cost", "told"), [
    (None, "not declared: asked of its owner"),
    (0.5, "€0.50 a unit treated, as its plan declares; mending it is not counted")])
def test_that_an_invalid_experiment_is_repeated_is_a_decision_with_its_terms(cost, told):
    wrong = leading.effects({}, {"experiment": "app_banner", "verdict": "invalid", "owner": "head of the app",
                                 "treatment_cost": cost})
    found = leading.results(experiment_effects=wrong)
    row = leadership_decisions_text.decision_rows(found).iloc[-1]
    assert row[["decision", "cost", "net", "owner"]].tolist() == [
        "Repeat app banner with a mended assignment, once its cost is declared", told, "not known", "head of the app"]
    assert "With a gain that is not known yet: Repeat app banner." in leadership_questions_text.decision_today(
        known(found))[1]
    assert "Not in it, as not declared: what Repeat app banner costs." in leadership_questions_text.decision_today(
        known(found))[0]
    unnamed = leading.effects({"experiment": "app_banner", "verdict": "invalid"})
    assert leadership_decisions_text.decision_rows(leading.results(experiment_effects=unnamed))["owner"].tolist() == [
        "nobody is named yet: name one today"]


def test_where_many_are_asked_small_tests_and_what_ends_are_one_decision_each_and_the_sums_stay():
    plan = pd.DataFrame([leading.decision(decision=f"Try {x}", owner=x, cost=10.5, worst_case=100.25) for x in "ab"])
    tried = leading.effects({}, *({"experiment": name, "verdict": "stop", "owner": "c"} for name in ("d", "e")))
    found = leading.results(decisions=plan, experiment_effects=tried)
    rows = leadership_decisions_text.decision_rows(found)
    assert rows["decision"].tolist() == [
        "Ship checkout", "Small tests and duties: (a) Try a, as a test; (b) Try b, as a test",
        "End what does not pay: (a) Stop d; (b) Stop e"]
    _, small, ended = rows.to_dict("records")
    assert small["cost"].startswith("€21.00 in all: (a) €10.50; (b) €10.50")
    assert small["worst_case"].startswith("−€200 in all: (a) −€100")
    assert (small["net"], small["owner"], ended["owner"]) == ("not known", "(a) a; (b) b", "c")
    assert (ended["cost"], ended["net"]) == ("(a) none; (b) none", "none")
    verdict, said = leadership_questions_text.decision_today(known(found))
    assert verdict.startswith("3 decisions are asked for: together they are expected to cost €21.00 and lose €200 at ")
    assert "To be ended, at no cost: Stop d and Stop e." in said
    fewer = leadership_decisions_text.decision_rows(leading.results(decisions=plan))
    assert fewer["decision"].tolist() == ["Try a, as a test", "Try b, as a test"]


def test_net_sales_without_those_of_no_customer_are_called_those_of_known_customers():
    counted = audit(Estimate("anonymous money", 25.0, segment="rejected", unit="money"))
    opening = leadership_findings_text.opening_sentence(leading.everything(intake_audit=counted), 0)
    assert opening.startswith("Net sales of known customers fell ")
    some = pd.concat([counted, audit(Estimate("anonymous money", 9.0, segment="accepted", unit="money"))])
    for others in (leading.everything(), leading.everything(intake_audit=some)):
        assert leadership_findings_text.opening_sentence(others, 0).startswith("Net sales fell ")
    rising = leading.everything(intake_audit=counted, customer_base=leading.base(change=400.0, lost=300.0))
    assert leadership_findings_text.opening_sentence(rising, 0).startswith("Net sales of known customers rose ")


def test_finance_is_asked_for_a_figure_by_name_and_two_shares_without_a_customer_are_explained():
    counted = audit(Estimate("accepted money", 120.0, unit="money"), Estimate("rejected money", 30.0, unit="money"),
                    Estimate("net sales", 120.0, unit="money"), Estimate("history", 30, segment="transactions"),
                    Estimate("anonymous money", 30.0, segment="rejected", unit="money"))
    gates = leading.gates("04", leading.gate("sales without a customer", "every number by customer", statistic=0.25))
    found = replace(leading.results("EUR", intake_audit=counted, value_gates=gates), as_of=date(2026, 6, 30))
    assert ("(of it €30.00 without a customer, 20.0 % of all; the check on them says 25.0 %, since it adds refunds "
            "to sales)" in leadership_finance_text.files_to_figures(found))
    alike = replace(found, tables=found.tables | {"results/value_gates": gates.assign(statistic=0.2)})
    passed = replace(found, tables=found.tables | {"results/value_gates": gates.assign(is_crossed=False)})
    for other in (alike, passed):
        assert "(of it €30.00 without a customer, 20.0 % of all)" in leadership_finance_text.files_to_figures(other)
    assert leadership_finance_text.ledger_sentence(pd.DataFrame(), found).endswith(
        "Ask finance for net sales from 1 June 2026 to 30 June 2026, to be held against €150.00 in the files.")


def test_what_retained_customers_added_is_split_into_orders_and_money_an_order():
    split = estimate_table([Estimate("kept_sales_change", value, unit="money", n=50, segment=name) for name, value in (
        ("frequency", 1200.0), ("value per order", -300.0))])
    found = leading.everything(customer_base=pd.concat([leading.base(), split], ignore_index=True))
    assert ("Of the change of those retained +€1,200 are by orders a customer, −€300 by money an order."
            in answer_of(leadership_questions_text.revenue_movement, known(found)))


def test_anonymous_sales_that_no_period_has_are_bounded_by_all_on_record():
    counted = audit(Estimate("anonymous order lines", 700, segment="rejected", unit="records"),
                    Estimate("anonymous money", 730.0, segment="rejected", unit="money"))
    base = retention_of_two_years(1460.0)
    unknown = base[~base["segment"].eq("without a customer")]
    said = leading.told(leadership_coverage_text.missing_customers(leading.everything(
        intake_audit=counted, customer_base=unknown), None))
    assert "hardly: between 50.0 % and 55.0 % instead of 50.0 %, within its range" in said


def test_who_is_gone_for_good_is_told_from_who_pauses():
    paused = leading.scores(margin_at_risk=[20.0, 5.0])
    assert ("Of the 1 who are expected to buy nothing until then about 0 would be gone for good; the others pause."
            in leadership_questions_text.margin_at_risk(known(leading.everything(churn_scores=paused)))[1])
    assert "pause" not in leading.told(leadership_questions_text.margin_at_risk(known(leading.everything())))
    assert "others pause" not in leading.told(leadership_questions_text.margin_at_risk(known(leading.everything(
        churn_scores=leading.undated()))))


@pytest.mark.parametrize(("off", "said"), [
    (-0.19, "What each would bring is of the model that forecast 19 % too few orders (question 9): by that the figure "
     "is too low."),
    (0.15, "forecast 15 % too many orders (question 9): by that the figure is too high."), (-0.19, "")])
def test_a_model_of_purchases_that_missed_its_check_moves_the_margin_at_risk_one_way(off, said):
    gate = leading.gates("04", leading.gate("hold-out total", "customer lifetime value",
                                            Level.QUALIFY if said else Level.STRIKE))
    found = leading.everything(value_gates=gate, value_holdout=estimate_table([
        Estimate("holdout_error", off, unit="share")]), forecasts=leading.forecasts().assign(basis="purchases"))
    told = leading.told(leadership_questions_text.margin_at_risk(known(found)))
    assert said in told if said else "orders (question 9)" not in told
    contracts = replace(found, tables=dict(found.tables) | {
        "results/forecasts": leading.forecasts().assign(basis="contracts")})
    assert "orders (question 9)" not in leading.told(leadership_questions_text.margin_at_risk(known(contracts)))


def test_what_came_of_a_margin_at_risk_is_told_with_what_it_counts():
    came = grades(grade(quantity="margin_at_risk", unit="money", value=30.0, low=20.0, high=40.0, actual=25.0))
    paused = leading.everything(churn_scores=leading.scores(margin_at_risk=[20.0, 5.0]))
    said = "What came is the margin of those who bought nothing by then, less a part for those who pause."
    assert said in leading.told(leadership_questions_text.margin_at_risk(replace(known(paused), grades=came)))
    assert said not in leading.told(leadership_questions_text.margin_at_risk(known(paused)))


def test_a_rate_of_a_year_below_that_of_half_a_year_is_explained():
    def told(rate):
        base = retention_of_two_years(0.0)
        base.loc[base["quantity"].eq("retention_by_count"), ["value", "low", "high"]] = rate, rate - 0.05, rate + 0.05
        return answer_of(leadership_questions_text.customer_retention, known(
            leading.everything(customer_base=base), kept()))
    said = "It is below the rate of 182 days, since its base also holds who bought only early in the period before."
    assert said in told(0.5)
    assert said not in told(0.7)


def test_expected_churn_is_of_no_list_where_lists_acted_and_two_end_dates_are_explained():
    models = estimate_table([Estimate("auc", 0.8, 0.7, 0.9, segment="rule, as of 2026-04-01, untreated")])
    made = leading.everything(churn_models=models, sales_forecast=ahead().assign(due_on=pd.Timestamp("2026-09-29")))
    said = answer_of(leadership_questions_text.next_quarter, known(made))
    assert "Expected churn is of what comes if no list acts." in said
    assert "Sales are forecast by 13 whole weeks, churn by 90 days: hence two dates." in said
    same = answer_of(leadership_questions_text.next_quarter, known(leading.everything(sales_forecast=ahead())))
    assert "if no list acts" not in same
    assert "two dates" not in same


def test_satisfaction_of_the_year_before_stands_beside_what_moves_with_it():
    change = pd.concat([leading.survey(), estimate_table([Estimate(
        "change of satisfaction in a year", -5.3, -9.0, -1.6, "points", 90, "wave 1")])])
    change.loc[change["quantity"].eq("change of satisfaction in a year"), "reason"] = "since wave 0; weighted"
    said = answer_of(leadership_questions_text.satisfaction_causality, known(leading.everything(
        satisfaction_index=change)))
    assert "Satisfaction itself changed by −5.3 points [−9.0, −1.6] since wave 0, a year before." in said


def of_the_year(satisfaction, retention, correlation=0.2):
    """Return the answer on satisfaction where it and retention changed so much in a year, with limits."""
    change = pd.concat([leading.survey(), estimate_table([Estimate(
        "change of satisfaction in a year", *satisfaction, "points", 90, "wave 1")])])
    change.loc[change["quantity"].eq("change of satisfaction in a year"), "reason"] = "since wave 0; weighted"
    base = pd.concat([leading.base(), estimate_table([
        Estimate(retention_mix.CHANGE, *retention, "share", 90), Estimate(retention_mix.RATE_BEFORE, 0.5, n=90),
        Estimate(retention_mix.RATE_AFTER, 0.6, n=90), Estimate(retention_mix.PERIOD, 180, unit="days", n=90),
        Estimate(retention_mix.LAG, 365, unit="days", n=90)])], ignore_index=True)
    matrix = estimate_table([Estimate("rank correlation of attitude and behaviour", correlation, correlation - 0.1,
                                      correlation + 0.1, "correlation", 90)])
    return answer_of(leadership_questions_text.satisfaction_causality, known(leading.everything(
        satisfaction_index=change, customer_base=base, loyalty_matrix=matrix)))


FELL, ROSE, EITHER = (-5.3, -9.0, -1.6), (5.3, 1.6, 9.0), (-1.0, -4.0, 2.0)


@pytest.mark.parametrize(("satisfaction", "retention", "verdict", "said"), [
    (FELL, (0.1, 0.05, 0.15), "Over the year they went apart, so satisfaction does not explain the rise in retention.",
     "Over the year satisfaction fell by 5.3 points [1.6, 9.0] since wave 0, retention rose by 10 percentage points "
     "[5, 15]."),
    (ROSE, (-0.1, -0.15, -0.05), "Over the year they went apart, so satisfaction does not explain the fall in "
     "retention.", "satisfaction rose by 5.3 points [1.6, 9.0] since wave 0, retention fell by 10 percentage points "
     "[5, 15]."),
    (ROSE, (0.1, 0.05, 0.15), "Over the year both went the same way, which shows no cause.", "since wave 0, retention "
     "rose by 10 percentage points [5, 15]."),
    (EITHER, (0.1, 0.05, 0.15), "", "Satisfaction itself changed by −1 point [−4, 2] since wave 0, a year before."),
    (FELL, (0.1, -0.05, 0.25), "", "Satisfaction itself changed by −5.3 points [−9.0, −1.6] since wave 0, a year "
     "before.")])
def test_that_satisfaction_and_retention_went_apart_in_a_year_is_said_where_both_changed(
    satisfaction, retention, verdict, said
):
    assert said in of_the_year(satisfaction, retention)
    assert f"at random. {verdict}".strip() in of_the_year(satisfaction, retention)
    assert "explain" not in of_the_year(satisfaction, retention, 0.0)


def test_the_trial_that_would_show_a_cause_is_of_as_many_as_show_a_small_difference():
    sized = answer_of(leadership_questions_text.satisfaction_causality, known(leading.everything()))
    # half of them return: 2 × (1.96 + 0.84)² × 2 × 0.25 / 0.1² = 785
    assert sized.endswith("What would show it: serve a random half of about 790 customers better, and compare how many "
                          "buy again within 365 days. So many show a difference of 10 percentage points with 80 % "
                          "power.")
    unsized = answer_of(leadership_questions_text.satisfaction_causality, known(leading.everything(
        customer_base=leading.short_base())))
    assert unsized.endswith("What would show it: serve customers drawn at random better, and compare how many of them "
                            "and of the others buy again.")


def test_buyers_without_a_customer_could_lower_the_rate_too():
    counted = audit(Estimate("anonymous order lines", 700, segment="rejected", unit="records"),
                    Estimate("anonymous money", 730.0, segment="rejected", unit="money"))
    base = pd.concat([leading.base(), estimate_table([
        Estimate("net_sales_before", 2400.0, unit="money", n=40), Estimate("customers_before", 40, n=40),
        Estimate("net_sales_after", 1460.0, unit="money", n=20, segment="retained")])], ignore_index=True)
    said = leadership_coverage_text.missing_customers(leading.everything(
        intake_audit=counted, customer_base=base), None)
    assert "it may be between 38.3 % and 75.0 % instead of 50.0 %" in leading.told(said)


def test_the_three_groups_of_satisfaction_stand_in_one_sentence_where_both_claims_tell_them():
    told = ["Within 180 days 14.8 % [8.8 %, 23.6 %] of the least satisfied 15 % repurchased, 48.1 % of the middle "
            "70 %.",
            "Within 180 days 75.3 % of the most satisfied 15 % repurchased, 48.1 % of the middle 70 %."]
    claims = pd.DataFrame({"claim": ["The least satisfied 15 % leave", "The most satisfied 15 % are loyal"],
                           "verdict": "holds", "sentence": told})
    said = answer_of(leadership_questions_text.satisfaction_causality, known(leading.everything(loyalty_claims=claims)))
    assert ("Within 180 days 14.8 % [8.8 %, 23.6 %] of the least satisfied 15 % repurchased, 48.1 % of the middle 70 % "
            "and 75.3 % of the most satisfied 15 %." in said)
    apart = claims.assign(sentence=[told[0], told[1].replace("180", "90")])
    assert told[0] in answer_of(leadership_questions_text.satisfaction_causality, known(leading.everything(
        loyalty_claims=apart)))


def test_others_whose_cost_is_not_declared_are_at_least_as_dear_as_what_is():
    tried = leading.effects(*({"experiment": name} for name in "pqr"), {"experiment": "s", "verdict": "invalid"})
    plan = pd.DataFrame([leading.decision(cost=10.0)])
    brief = leadership_decisions_text.brief_decision_rows(leading.results(decisions=plan, experiment_effects=tried))
    assert brief.iloc[-1][["decision", "cost"]].tolist() == ["2 others", "≥ €10.00"]


def test_what_a_failed_check_on_values_touches_is_named():
    failed = leading.gates("04", leading.gate("hold-out total", "customer lifetime value"))
    said = answer_of(leadership_questions_text.forecast_accuracy, known(
        leading.results(value_gates=failed), due=grades(grade())))
    assert said.endswith("found: hold-out total was found. It touches customer lifetime value.")
