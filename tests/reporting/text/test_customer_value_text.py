from dataclasses import replace
from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from helpers.customers.windows import TimeWindow
from helpers.foundation.results import Estimate, Gate, Level, Status, no_estimate
from helpers.reporting.text import customer_value as customer_value_text
from helpers.value.btyd import channel_cohort_models
from helpers.value.btyd.bg_nbd import BG_NBD, MBG_NBD
from helpers.value.btyd.btyd_preconditions import BtydPreconditions
from helpers.value.btyd.fitting import BtydFit
from helpers.value.btyd.frequency_recency import FrequencyRecency
from helpers.value.btyd.validation import Backtest
from helpers.value.clv import ClvTotals
from helpers.value.clv_valuation import ClvValuation
from helpers.value.retained_customers import RetainedCustomers
from helpers.value.subscriptions import SubscriptionSurvival
from helpers.value.tier_migration import TierMigration

CHECKS = BtydPreconditions(400, 150, 500, 0.0, 1.0)
COUNTS = FrequencyRecency(np.array([0.0, 2.0]), np.array([0.0, 9.0]), np.array([20.0, 20.0]), np.array([300.0, 100.0]))
NO_CONTRACTS = SubscriptionSurvival(12, pd.DataFrame(columns=["plan", "age_months", "share_running"]), pd.DataFrame(),
                        no_estimate("contract_equity", Status.INSUFFICIENT, "no contract runs"),
                        no_estimate("contracts_kept", Status.INSUFFICIENT, "no contract runs"), 0, "no contract runs")


def fit(model, reason=""):
    return BtydFit(model, np.array([0.5, 8, 0.7, 2]), 0.01 * np.eye(4), -500.0, 400, reason)


def trial(forecasts=None, happened=(0.5, 2.0), spread=10.0, fits=None):
    window = TimeWindow(date(2025, 1, 1), date(2025, 6, 30))
    forecasts = forecasts or {"MBG/NBD": [0.4, 2.0], "past rate": [0.0, 5.0], "overall mean": [0.4, 2.0]}
    fits = (fit(MBG_NBD),) if fits is None else fits
    return Backtest(window, window, COUNTS, np.array(happened), fits, {k: np.array(v) for k, v in forecasts.items()},
                 {"MBG/NBD": spread}, pd.DataFrame(), pd.DataFrame())


def valuation(n=400, gates=(), **changes):
    spend = SimpleNamespace(mean=50.0, draws=lambda rng, k: np.tile([5.0, 4.0, 30.0], (k, 1)), estimates=lambda: ())
    view = SimpleNamespace(base=SimpleNamespace(counts=COUNTS), p_alive=np.array([0.2, 0.9]), fit=fit(MBG_NBD),
                           margin_share=0.4, spend=spend)
    money = Estimate("customer_equity", 12345.0, 11000, 13900, unit="money", n=n)
    sums = ClvTotals(money, replace(money, quantity="margin_ahead", low=9000, high=16000), money, pd.DataFrame())
    return ClvValuation(date(2025, 6, 30), 365, CHECKS, gates, trial=trial(), fits=(fit(MBG_NBD),), chosen="MBG/NBD",
                     spend=spend, view=view, totals=sums, **changes)


def test_a_hold_out_beyond_chance_says_whether_older_or_newer_customers_or_members_were_forecast_worse():
    counts = FrequencyRecency(np.zeros(2), np.zeros(2), np.array([40.0, 10.0]), np.array([300.0, 100.0]))
    missed = replace(trial({"MBG/NBD": [0.4, 1.0]}), counts=counts)
    found = replace(valuation(), trial=missed)
    by_enrolment = pd.DataFrame({"n_customers": [50, 40, 310], "forecast": [60.0, 20.0, 140.0],
                                 "happened": [70, 150, 130]}, index=channel_cohort_models.ENROLMENTS)
    said = customer_value_text.missed_orders_sentence(found, by_enrolment)
    assert said.startswith("Of the half who first bought up to 23 September 2024 the forecast was 20 % too few, of the "
                           "newer half 50 % too few. 40 customers who entered the programme")
    assert "150 (20 forecast) orders, earlier members 70 (60 forecast) and the others 130 (140 forecast)" in said
    few = by_enrolment.assign(n_customers=[50, 9, 341])
    for untold in (few, by_enrolment.iloc[:2], by_enrolment.iloc[:0]):
        assert customer_value_text.missed_orders_sentence(found, untold).endswith("50 % too few.")
    within = replace(valuation(), trial=trial(spread=100.0))
    assert customer_value_text.missed_orders_sentence(within, by_enrolment) == ""
    assert customer_value_text.missed_orders_sentence(replace(valuation(), trial=None), by_enrolment) == ""


def test_the_answer_has_what_is_expected_and_what_will_come():
    assert customer_value_text.clv_answer(valuation(), NO_CONTRACTS, "EUR") == (
        "Customer lifetime value of 400 buyers, next 365 days: €12,300 [€11,000, €13,900] of expected margin, "
        "discounted to today; the margin that is realised is expected within [€9,000, €16,000].",)
    assert customer_value_text.clv_answer(valuation(1), NO_CONTRACTS, "EUR")[0].startswith(
        "Customer lifetime value of 1 buyer, next"
    )


def test_a_caveat_stands_in_the_same_sentence():
    gate = Gate("hold-out total", -0.12, 0.1, True, Level.QUALIFY, "", "")
    assert customer_value_text.clv_answer(valuation(gates=(gate,)), NO_CONTRACTS)[0].endswith(
        "(the models were 12.0 % off in the hold-out).")
    passed = replace(gate, is_crossed=False)
    assert "(" not in customer_value_text.clv_answer(valuation(gates=(passed,)), NO_CONTRACTS)[0]


@pytest.mark.parametrize(("reason", "said"), [
    ("93 of 14,904 customers bought more than once.", "cannot be stated: 93 of 14,904"),
    ("Purchases are on record for 3 days.", "cannot be stated: purchases are on record"),
    ("MBG/NBD: these data do not determine a.", "cannot be stated: MBG/NBD: these data"),
])
def test_what_cannot_be_valued_says_why(reason, said):
    found = ClvValuation(date(2025, 6, 30), 365, CHECKS, reason=reason)
    only, = customer_value_text.clv_answer(found, NO_CONTRACTS)
    assert said in only
    assert customer_value_text.clv_sentence(found, NO_CONTRACTS) == only
    assert customer_value_text.clv_headline(found) == ()


def test_without_anybody_to_value_nothing_is_said():
    nobody = BtydPreconditions(0, 0, 0, 0.0, float("nan"))
    empty = ClvValuation(date(2025, 6, 30), 365, nobody, reason="No purchases are recorded.")
    assert customer_value_text.clv_answer(empty, NO_CONTRACTS) == ()
    signed = replace(NO_CONTRACTS, n_running=3, reason="")
    assert customer_value_text.clv_sentence(empty, signed).endswith("contracts are valued below.")
    assert customer_value_text.clv_sentence(empty, replace(signed, reason="no fees")).endswith(
        "cannot be stated: no purchases are recorded."
    )


def test_the_finding_says_who_is_alive_and_what_a_new_customer_brings():
    said = customer_value_text.clv_sentence(valuation(), NO_CONTRACTS, "EUR")
    assert said.startswith("Of 400 buyers about 150 (37.5 %) are still customers by MBG/NBD. Customer lifetime")
    assert customer_value_text.clv_headline(valuation())[0].startswith(
        "MBG/NBD: customer equity 1.2e+04, off in the hold-out by "
    )


def test_the_hold_out_says_forecast_happened_and_every_verdict():
    said = customer_value_text.holdout_sentence(valuation())
    assert said.startswith("350 repeat orders came in the 181 days held out. MBG/NBD, fitted to the days before alone, "
                           "had forecast 320 [300, 340]: 9 % too few. What came lies outside the interval")
    assert said.endswith("customer by customer it beats past rate and is no better than overall mean.")
    worse = trial({"MBG/NBD": [5.0, 9.0], "past rate": [0.5, 2.1]})
    assert customer_value_text.holdout_sentence(replace(valuation(), trial=worse)).endswith(
        "it is beaten by past rate."
    )


def test_the_hold_out_without_orders_or_models_is_said():
    quiet = replace(valuation(), trial=trial(happened=(0.0, 0.0)))
    assert customer_value_text.holdout_sentence(quiet).startswith("No repeat orders came")
    assert customer_value_text.holdout_title(quiet.trial) == "No repeat order came in the 181 days held out"
    blind = replace(valuation(), trial=trial(fits=(fit(BG_NBD, "flat"),)))
    assert customer_value_text.holdout_sentence(blind) == "No model was tried: none is identified before the hold-out."
    assert (
        customer_value_text.holdout_sentence(replace(valuation(), trial=None))
        == "No model was tried: the history bears no hold-out."
    )
    assert customer_value_text.holdout_sentence(replace(valuation(), trial=None, reason="MBG/NBD: flat.")).endswith(
        "tried: MBG/NBD: flat."
    )
    assert customer_value_text.holdout_title(None) == "Repeat orders forecast and happened"


def test_titles_say_by_how_much_each_model_was_off():
    assert customer_value_text.holdout_title(trial()) == (
        "Repeat orders forecast for the 181 days held out: MBG/NBD 9 % too few")
    right = trial({"MBG/NBD": [0.5, 2.0], "past rate": [1.0, 1.0]})
    assert customer_value_text.holdout_title(right).endswith("MBG/NBD as many as came")
    assert customer_value_text.weekly_orders_title(trial()) == "Repeat orders a week; held out from 1 January 2025 on"
    assert customer_value_text.weekly_orders_title(None) == "Repeat orders a week, expected and happened"
    assert customer_value_text.naive_baselines_caption(None) == "Models and rules in the hold-out"
    assert customer_value_text.naive_baselines_caption(trial()).endswith(
        "from 1 January 2025 to 30 June 2025: 350 came"
    )


def stayed(n=12, b=100.0):
    sums = {"b": b, "a": 90.0, "m": 80.0, "bb": 5200.0, "aa": 4200.0, "mm": 3400.0, "ab": 4500.0, "mb": 4300.0}
    return RetainedCustomers(n, (10, 12), (Decimal(100), Decimal(90)), (Decimal(40), Decimal(30)), 3, sums)


def test_kept_customers_are_split_by_frequency_value_and_margin_rate():
    said = customer_value_text.retained_customers_sentence(stayed(), "EUR")
    assert said.startswith("Retained customers changed net sales by ")
    assert "through frequency and" in said
    assert " Revenue retention: gross 80.0 % [" in said
    assert ", net 90.0 % [" in said
    assert (
        customer_value_text.retained_customers_sentence(stayed(2))
        == "Fewer than ten customers were retained, too few to say what moved their money."
    )
    assert "gross" not in customer_value_text.retained_customers_sentence(stayed(b=0.0))
    nobody = RetainedCustomers(0, (0, 0), (Decimal(0),) * 2, (Decimal(0),) * 2, 0, {}, "the history has 1 day")
    assert (
        customer_value_text.retained_customers_sentence(nobody)
        == "No retained customers can be compared: the history has 1 day."
    )


def test_contracts_say_what_they_bring_or_why_not():
    money = Estimate("contract_equity", 5000.0, 4800, 5200, unit="money", n=10)
    left = Estimate("contracts_kept", 0.8, 0.75, 0.85, unit="share", n=10)
    curves = pd.DataFrame({"plan": ["a", "b"], "age_months": [1, 1], "share_running": [0.5, 0.9]})
    runs = replace(NO_CONTRACTS, equity=money, kept=left, n_running=10, reason="", curves=curves)
    assert customer_value_text.subscription_value_sentence(runs, "USD") == (
        "10 contracts that run are expected to bring $5,000 [$4,800, $5,200] of margin within 12 months, discounted to "
        "today; 80.0 % [75.0 %, 85.0 %] of them are expected to run still then.")
    assumed = customer_value_text.subscription_value_sentence(replace(runs, margin_rate=0.25), "USD")
    assert ("discounted to today, if 25.0 % of fees are margin, as is assumed: a point more or less of it is $200, and "
            "the interval tells of how long contracts last alone; 80.0 %") in assumed
    soon = Estimate("contracts_kept_quarter", 0.95, 0.93, 0.97, unit="share", n=10)
    assert customer_value_text.subscription_value_sentence(replace(runs, kept_quarter=soon)).endswith(
        "are expected to run still then, 95.0 % [93.0 %, 97.0 %] in 3 months.")
    single = replace(runs, n_running=1, equity=replace(money, n=1))
    assert "1 contract that runs is" in customer_value_text.subscription_value_sentence(single)
    assert customer_value_text.subscription_value_sentence(replace(runs, n_running=40)).endswith(
        "run still then; monthly fee unknown for 30 of 40 contracts, left out of the money.")
    assert customer_value_text.contract_survival_title(runs) == "Contracts end soonest on the plan a"
    others = replace(runs, curves=curves.replace("a", "other plans"))
    assert customer_value_text.contract_survival_title(others) == "Contracts end soonest on other plans"
    assert customer_value_text.contract_survival_title(NO_CONTRACTS) == "Share of contracts that still run by age"
    assert (
        customer_value_text.subscription_value_sentence(NO_CONTRACTS) == "No contract runs, so that none has a value."
    )
    assert customer_value_text.subscription_value_sentence(replace(runs, reason="no fees are recorded")).endswith(
        "be stated: no fees are recorded; 80.0 % [75.0 %, 85.0 %] of them are expected to run still in 12 months.")


def test_migration_says_who_stayed_on_top_and_that_luck_fades():
    counts = pd.DataFrame({"top": [12, 15], "base": [18, 57], "bought nothing": [0, 28]}, index=["top", "base"])
    money = pd.DataFrame({"n": [30, 100], "before": [3000.0, 900.0], "after": [1500.0, 1000.0],
                          "n_backward": [27, 90], "backward": [0.7, 1.2]}, index=["top", "base"])
    moved = TierMigration(("top", "base"), counts, money)
    said = customer_value_text.tier_migration_sentence(moved, "EUR")
    assert said.startswith("Of 30 customers of the tier top 40.0 % [24.6 %, 57.7 %] are in it again in the next "
                           "period; their mean margin went from €100 to €50.00. Whoever is ranked")
    assert said.endswith("looking back, the tier top of the second period had brought 70.0 % of its margin in the "
                         "first, so that a fall to about €70.00 needs no other cause.")
    for unknown in (money.assign(n_backward=9), money.assign(backward=1.1), money.assign(n_backward=[40, 140])):
        assert customer_value_text.tier_migration_sentence(replace(moved, money=unknown)).endswith(
            "so that this alone says nothing about how the best were treated.")
    assert customer_value_text.tier_migration_title(moved) == "40.0 % of the tier top are in it again a period later"
    few = replace(moved, counts=counts.assign(top=[8, 2]))
    assert customer_value_text.tier_migration_title(few) == "Tier in the first period and in the second"
    grown = replace(moved, money=money.assign(after=[4000.0, 1000.0]))
    assert "luck" not in customer_value_text.tier_migration_sentence(grown)
    none = TierMigration(("top",), pd.DataFrame(), pd.DataFrame(), "the history has 1 day")
    assert (
        customer_value_text.tier_migration_sentence(none)
        == "Who stays in the top tier cannot be said: the history has 1 day."
    )
    assert customer_value_text.tier_migration_title(none) == "Tier in the first period and in the second"


def test_the_cohort_triangle_says_who_buys_again():
    triangle = pd.DataFrame({"cohort": ["a", "b", "a"], "quarters": [1, 1, 4], "n_customers": [10, 30, 10],
                             "share_active": [0.4, 0.2, 0.1], "margin": [1.0, 1, 1]})
    assert customer_value_text.cohort_retention_title(triangle) == (
        "Of a cohort 25.0 % one quarter and 10.0 % four quarters after the first purchase buy again")
    assert customer_value_text.cohort_retention_title(triangle.head(0)) == "Customers by first quarter"
