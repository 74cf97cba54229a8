from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers.churn.backtest import Backtest
from helpers.churn.classifiers import BOOSTING, LOGISTIC
from helpers.churn.dataset import Dataset, DatasetSnapshot
from helpers.churn.model_selection import ModelSelection, PairedComparison
from helpers.churn.model_selection import model_measures as all_measures
from helpers.foundation.results import Estimate, Gate, Level, Status, estimate_table, no_estimate
from helpers.reporting.text import churn as churn_text

EMPTY = DatasetSnapshot(pd.DataFrame(), pd.DataFrame(), pd.DataFrame(), np.empty(0))
SHOP = Dataset("purchases", {}, (), EMPTY, 90, date(2026, 3, 31))
CONTRACTS = Dataset("contracts", {}, (), EMPTY)
SHORT = Dataset("purchases", {}, (), EMPTY, 90, date(2026, 3, 31), reason="the history has 1 day")


def duel(auc, brier, model=LOGISTIC, other="recency rule", **money):
    return PairedComparison(
        model, other, Estimate("auc_difference", *auc), Estimate("brier_difference", *brier), **money
    )


def verdict(chosen=LOGISTIC, auc=(0.02, 0.01, 0.03), brier=(-0.01, -0.02, -0.005), *more):
    return ModelSelection(chosen, (duel(auc, brier), *more))


def without(reason):
    none = no_estimate("auc_difference", Status.INSUFFICIENT, reason)
    return ModelSelection("recency rule", (PairedComparison(LOGISTIC, "recency rule", none, none),))


def measures(found, seed):
    return all_measures(found, verdict(), None, seed)


def trial(design="later period", n=400, shift=0.0, power=1.0, once=0.5, rule="recency rule", origins=1):
    rng = np.random.default_rng(1)
    z = rng.normal(size=n)
    is_lost = (rng.random(n) < 1 / (1 + np.exp(-z))).astype(float)
    p = 1 / (1 + np.exp(-(power * z + shift)))
    days = np.array(["2025-10-02", "2025-07-04"])[np.arange(n) % origins]
    return Backtest(design, rule, is_lost, dict.fromkeys((rule, LOGISTIC, BOOSTING), p), np.arange(n).astype(str), days,
                 np.arange(n) < once * n, ("2025-07-04",), origins > 1, 0, "" if n else "the history has 1 day")


def forecasts(*rows):
    frame = pd.DataFrame(rows, columns=["segment", "value", "low", "high", "n"])
    return frame.assign(quantity="customers_lost", due_on=pd.Timestamp(2026, 3, 31),
                        made_as_of_on=pd.Timestamp(2025, 12, 31))


MADE = forecasts(("all", 836.2, 792.6, 879.8, 1282), ("one-time buyers", 302.6, 285.0, 319.0, 381))


def scores(n=3, money=True, risk="high"):
    kept = [100.0] * n if money else [np.nan] * n
    return pd.DataFrame({"churn_probability": [0.7] * n, "value_if_kept": kept, "value_if_kept_sd": 0.0,
                         "no_order_if_kept": 0.0, "margin_at_risk": [0.7 * k for k in kept],
                         "risk": [risk] * n, "monthly_fee": [np.nan if money else 20.0] * n})


def crossed(gate, statistic=0.08):
    return (Gate(gate, statistic, 1, True, Level.QUALIFY, "", "What was found."),)


def test_the_answer_tells_how_many_by_when_and_what_is_at_stake():
    exact = MADE.assign(low=836.2 - 1.959964 * 0.63**0.5, high=836.2 + 1.959964 * 0.63**0.5)
    assert churn_text.churn_answer(SHOP, verdict(), scores(), exact, (), "EUR")[1:2] == (
        "Margin at risk until then is €210 [€54.43, €300]: the probability of having left for good times the margin "
        "that would come by then if the customer stayed, summed over customers.",)
    assert churn_text.churn_answer(SHOP, verdict(), scores(), MADE, (), "EUR")[::2] == (
        "Expected churn, next 90 days (to 31 March 2026): 836 [793, 880] of 1,282 eligible customers, 65.2 %.",
        "The logistic regression does better than the baseline out of sample (AUC +0.020 "
        "[0.010, 0.030], Brier score −0.010 [−0.020, −0.005]).")


def test_nothing_learnt_says_why():
    assert churn_text.churn_answer(SHORT, verdict(), scores(0), forecasts()) == (
        "Who is leaving cannot be said: the history has 1 day.",)


def test_nobody_eligible_is_said():
    assert churn_text.churn_answer(SHOP, verdict(), scores(0), forecasts())[0] == (
        "Nobody has bought recently enough to churn by 31 March 2026.")


def test_caveats_stand_in_the_sentence_that_they_touch():
    late = churn_text.churn_answer(SHOP, verdict(), scores(), MADE, crossed("out-of-time test"))
    assert late[0].endswith("65.2 % (not yet tested out of time).")
    off = churn_text.churn_answer(SHOP, verdict(), scores(), MADE, crossed("calibrated"))
    assert off[1].endswith("(probabilities were off by 8.0 % on average in the backtest).")


@pytest.mark.parametrize(("n", "risk", "expected"), [
    (20, "high", "Of 20 customers with a contract that runs 20 strongly resemble those who left, "
     "with $400 of monthly fees."),
    (1, "high", "Of 1 customer with a contract that runs some strongly resemble those who left."),
    (3, "low", "Of 3 customers with a contract that runs none strongly resembles those who left."),
    (0, "low", "No contract runs any more, so there is nobody to score.")])
def test_contracts_are_told_by_resemblance_not_by_date(n, risk, expected):
    found = churn_text.churn_answer(CONTRACTS, verdict(), scores(n, money=False, risk=risk), forecasts(), (), "USD")
    assert found[0] == expected
    assert n == 0 or "By when they might leave cannot be said" in found[1]


def test_seven_customers_who_resemble_those_who_left_are_told_neither_by_number_nor_by_their_fees():
    seven = pd.concat([scores(7, money=False, risk="high"), scores(40, money=False, risk="low")])
    found = churn_text.churn_answer(CONTRACTS, verdict(), seven, forecasts(), (), "USD")
    assert found[0] == (
        "Of 47 customers with a contract that runs fewer than 10 strongly resemble those who left.")


def test_a_tie_is_called_a_tie():
    tie = verdict("recency rule", (0.001, -0.01, 0.012), (-0.0001, -0.001, 0.0008))
    assert churn_text.model_comparison(tie) == (
        "The logistic regression is no better than the baseline, the recency rule (AUC +0.001 [−0.010, 0.012], "
        "Brier score 0.000 [−0.001, 0.001]), so the baseline is used.")


def test_a_mixed_result_and_a_missing_one_are_said():
    mixed = verdict("recency rule", (0.02, 0.01, 0.03), (0.01, 0.005, 0.02))
    assert churn_text.model_comparison(mixed).endswith("so the recency rule is used.")
    assert "does not do better on every count" in churn_text.model_comparison(mixed)
    assert churn_text.model_comparison(without("no observations")) == (
        "Whether a model beats the baseline cannot be said: no observations.")


def test_a_model_that_does_worse_leaves_the_rule_unbeaten():
    worse = verdict("recency rule", (-0.02, -0.03, -0.01), (0.01, 0.005, 0.02))
    assert churn_text.model_comparison(worse).startswith(
        "The recency rule is not beaten: the logistic regression does worse"
    )


@pytest.mark.parametrize(("auc", "brier", "money", "expected"), [
    ((0.001, -0.01, 0.012), (0.0, -0.01, 0.01), 0.0, "is no better than logistic regression (AUC"),
    ((0.02, 0.01, 0.03), (-0.01, -0.02, -0.005), 80.0, "by €80.00 only, below the materiality of €500, so the simpler"),
    ((0.02, 0.01, 0.03), (-0.01, -0.02, -0.005), 900.0, "Gradient boosting does better than logistic regression"),
    ((0.02, 0.01, 0.03), (0.01, 0.005, 0.02), 900.0, "not do better than logistic regression on every count")])
def test_boosting_is_compared_with_the_regression_and_money_can_make_a_tie(auc, brier, money, expected):
    apart = duel(auc, brier, BOOSTING, LOGISTIC, money=money, materiality=500.0)
    assert expected in churn_text.boosting_comparison(
        verdict(LOGISTIC, (0.02, 0.01, 0.03), (-0.01, -0.02, -0.005), apart), "EUR"
    )
    assert "could not be compared" in churn_text.boosting_comparison(without("x"))


def test_contracts_with_dates_cancel_rather_than_buy_nothing():
    row = MADE.assign(basis="contracts")
    assert churn_text.expected_churn(row) == (
        "Expected churn, next 90 days (to 31 March 2026): 836 [793, 880] of 1,282 customers with a contract, 65.2 %"
    )


def test_the_design_of_the_trial_is_said():
    assert churn_text.backtest_caption(trial()).startswith(
        "All models were fitted on an earlier snapshot and tried on 400 customers as known on 2 October 2025"
    )
    assert "calibrated on a snapshot in between, and tried on 400 judgements of customers as known at 2 origins from " \
           "4 July 2025 to 2 October 2025" in churn_text.backtest_caption(trial(origins=2))
    assert churn_text.backtest_caption(replace(trial(), n_treated=30)).endswith(
        "30 customers whom lists or alerts of earlier runs had drawn are left out of training, where their control "
        "groups stand for them.")
    folded = trial("cross-validated", rule="tenure rule")
    assert churn_text.backtest_caption(folded).startswith("All models were tried on 400 contracts")
    assert churn_text.backtest_caption(trial("none", n=0)) == "No model was tried: the history has 1 day."


@pytest.mark.parametrize(("given", "spread", "height"), [
    ({}, "neither too extreme nor too cautious", "right in level"), ({"power": 3.0}, "too extreme", "right in level"),
    ({"power": 0.3}, "not extreme enough", "right in level"), ({"shift": -1.5}, "neither too extreme", "too low"),
    ({"shift": 1.5}, "neither too extreme", "too high")])
def test_calibration_is_worded_by_its_intervals(given, spread, height):
    found = churn_text.calibration_sentence(trial(**given), LOGISTIC)
    assert f"are {spread}" in found
    assert height in found


def test_calibration_without_a_trial_says_why():
    assert (
        churn_text.calibration_sentence(trial("none", n=0), LOGISTIC)
        == "Calibration is not known: the history has 1 day."
    )
    assert churn_text.calibration_title(trial("none", n=0), LOGISTIC) == (
        "Predicted and observed churn probability (calibration)")


def test_the_title_of_the_calibration_figure_is_its_finding():
    assert churn_text.calibration_title(trial(), LOGISTIC) == (
        "Churn predicted by the logistic regression matches observed churn")
    for shift, more in ((-1.5, "More"), (1.5, "Fewer")):
        assert churn_text.calibration_title(trial(shift=shift), LOGISTIC) == (
            f"{more} customers churn than the logistic regression predicts")


def test_one_time_buyers_stand_apart():
    found = churn_text.one_time_buyers(trial(), MADE)
    assert found.startswith("Of customers who had bought once ")
    assert "of repeat buyers" in found
    assert found.endswith("Of today's 381 one-time buyers 303 are expected to buy nothing.")
    many = MADE.assign(n=MADE["n"] * 30, value=MADE["value"] * 30 - 5)
    assert "11,430 one-time buyers 9,073 are" in churn_text.one_time_buyers(trial(), many)  # people in whole numbers
    assert churn_text.one_time_buyers(trial(once=0.0), MADE) == "Nobody among those tried had bought once only."
    assert "of repeat buyers" not in churn_text.one_time_buyers(trial(once=1.0), forecasts())
    assert churn_text.one_time_buyers(trial(rule="tenure rule"), MADE) == ""
    assert churn_text.one_time_buyers(trial(rule="tenure rule"), MADE.head(0)) == (
        "No number can be given: contracts are seen at one moment only.")
    assert churn_text.one_time_buyers(trial("none", n=0), MADE).endswith("the history has 1 day.")


def test_of_fewer_than_ten_one_time_buyers_nothing_is_foretold():
    few = MADE.assign(n=[1282, 9])
    assert "one-time buyers" not in churn_text.one_time_buyers(trial(), few)


def bands(**money):
    frame = pd.DataFrame({"risk": ["high", "low"], "n_customers": [10, 90]})
    return frame.assign(**{c: money.get(c, [np.nan, np.nan]) for c in ("margin_at_risk", "monthly_fee")})


def test_the_most_money_is_named_with_its_risk():
    by_risk, first_tenth = churn_text.risk_bands(bands(margin_at_risk=[75.0, 25.0]), "EUR", 0.4)
    assert by_risk == ("The most, €75.00, lies with those at high risk: 10.0 % of customers hold 75.0 % of the margin "
                       "at risk.")
    assert first_tenth == "Sorted by margin at risk instead of by risk, the first tenth of customers hold 40.0 % of it."
    assert churn_text.risk_bands(bands(monthly_fee=[10.0, 30.0])) == (
        "The most, 30.00, lies with those at low risk: 90.0 % of customers hold 75.0 % of monthly fees.",)
    assert churn_text.risk_bands(bands()) == ("No margin at risk is told, so that none is laid out by risk.",)
    assert churn_text.risk_bands_title(bands()) == "90.0 % of those scored are at low risk"
    assert churn_text.risk_bands_title(bands().head(0)) == "Customers by risk"


def test_the_money_of_nine_customers_at_one_risk_is_not_told():
    few = bands(margin_at_risk=[75.0, 25.0]).assign(n_customers=[9, 41])
    assert churn_text.risk_bands(few, "EUR", 0.4) == ("No band of risk has customers enough for its money to be told.",)
    assert churn_text.risk_bands_title(few) == "Customers by risk"


def test_the_forecast_is_titled_by_its_share():
    assert churn_text.forecast_title(MADE) == (
        "65.2 % of eligible customers are expected to buy nothing up to 31 March 2026")
    assert churn_text.forecast_title(forecasts()) == "Expected churn rate of eligible customers"


def test_measures_are_compared_in_words_and_absent_ones_left_out():
    found = churn_text.model_table(estimate_table(measures(trial(), 1)), "recency rule")
    assert found.columns.tolist() == ["measure", "Recency rule", "Logistic regression", "Gradient boosting"]
    assert found["measure"].iloc[0] == "AUC"
    off = found.set_index("measure").loc["Calibration error in ten bins", "Logistic regression"]
    assert "percentage point" in off  # a difference of shares, as its gate tells it
    assert "%" not in off
    assert found["Recency rule"].iloc[0] == found["Logistic regression"].iloc[0]
    assert churn_text.model_table(estimate_table(measures(trial("none", n=0), 1)), "recency rule").empty


def test_doubt_tells_what_churned_means_and_that_risk_is_not_effect():
    stake = Estimate("margin_at_risk", 900.0, 700.0, 1_100.0, "money", 100)
    found = churn_text.churn_caveats(SHOP, stake)
    assert "within 90 days" in found[0]
    assert "argin at risk takes" in found[1]
    untold = no_estimate("margin_at_risk", Status.INSUFFICIENT, "the range would begin at nothing", unit="money")
    assert churn_text.churn_caveats(SHOP, untold) == (found[0], found[2])
    assert churn_text.churn_caveats(CONTRACTS, stake) == (
        "A risk is not an effect: who is likely to leave is not by that token easy to keep.",)


def test_headlines_have_two_digits_or_say_what_is_missing():
    assert churn_text.churn_headline(verdict(), MADE) == (
        "model logistic regression, AUC +0.02 against the baseline", "expected churn about 840")
    assert churn_text.churn_headline(without("x"), forecasts()) == (
        "model recency rule, AUC insufficient data against the baseline",
        "expected churn insufficient data")
