"""Text on market dynamics: every branch is read."""

import numpy as np
import pandas as pd
import pytest

from helpers.foundation.results import Estimate
from helpers.reporting.text import market_dynamics
from helpers.value.value_predictors import EFFECT_UNITS, ValuePredictors


def effect(name, value=2.0):
    return Estimate("margin_ratio", value, value - 0.1, value + 0.1, EFFECT_UNITS[name.split(":")[0]], 900, name)


def gained(name, low, quantity="gain"):
    return Estimate(quantity, low + 0.02, low, low + 0.04, "share", 400, name)


def found(orders=0.08, channel=-0.03, whole=0.3, over_rule=0.05):
    return ValuePredictors(
        (effect("orders"), effect("channel: shop", 0.9)),
        (gained("all predictors", whole, "share_foretold"), gained("simple rule", 0.2, "share_foretold"),
         gained("all predictors", over_rule), gained("orders", orders), gained("channel", channel)), 900, 400, 365)


@pytest.mark.parametrize(("given", "said"), [
    (found(),
     "What a customer does in the first 90 days foretells the margin of the 365 days after them: twice as many orders "
     "with 2 [1.9, 2.1] times the margin (associated, each at equal others). No gain is shown for channel. Tried on "
     "customers who came later, all together foretell 32.0 % [30.0 %, 34.0 %] of the deviance among 400 later "
     "customers, 7 percentage points [5, 9] more than the net sales of these days alone."),
    (found(channel=0.01, over_rule=-0.02),
     "What a customer does in the first 90 days foretells the margin of the 365 days after them: twice as many orders "
     "with 2 [1.9, 2.1] times the margin and one sales channel of the first day with more than another (associated, "
     "each at equal others). Tried on customers who came later, all together foretell 32.0 % [30.0 %, 34.0 %] of the "
     "deviance among 400 later customers; the net sales of these days alone do as well, 22.0 %: rank new customers by "
     "them."),
    (found(orders=-0.03, whole=-0.01),
     "No single thing that customers do in their first 90 days is shown to make a forecast of later margin better. "
     "Tried on customers who came later, nothing shows: 1.0 % [−1.0 %, 3.0 %] of the deviance among 400 later "
     "customers."),
    (ValuePredictors(reason="records are shorter than 270 days"),
     "What the first 90 days foretell of later margin cannot be said: records are shorter than 270 days."),
])
def test_what_early_behaviour_foretells_is_said(given, said):
    assert market_dynamics.early_behaviour_sentence(given) == said


def test_a_rule_that_does_better_is_recommended():
    said = market_dynamics.early_behaviour_sentence(found(over_rule=-0.09))
    assert "the net sales of these days alone foretell more than all together" in said


def test_the_title_is_the_finding_or_what_is_drawn():
    assert market_dynamics.early_behaviour_title(found()) == (
        "Twice as many orders in the first 90 days: 2 times the later margin")
    assert market_dynamics.early_behaviour_title(found(orders=-1)) == (
        "Margin after the first 90 days, by what customers do in them")


def of_tenure(low):
    return ValuePredictors((effect("orders"), effect("tenure", 1.1)), (gained("tenure", low),), 900, 400, 200)


@pytest.mark.parametrize(("given", "end"), [
    (of_tenure(-0.03), "and makes no forecast better: tenure by itself is no reason for a privilege."),
    (of_tenure(0.01), "and makes the forecast of other customers better by 3 percentage points [1, 5]."),
    (ValuePredictors(reason="records are shorter than 180 days"),
     "What tenure foretells cannot be said: records are shorter than 180 days.")])
def test_tenure_is_said_with_what_it_adds(given, end):
    assert market_dynamics.tenure_sentence(given).endswith(end)


def cohorts(reason="", early=(30.0, 10.0), by="campaign"):
    rows = [{"by": by, "cohort": name, "n_customers": 50, "cost": 9.0, "early_margin": value, "early_low": value - 2,
             "early_high": value + 2, "payback_month": np.nan if reason else 2.0, "payback_low": 1.0,
             "payback_high": 3.0, "months_seen": 11, "reason": reason}
            for name, value in zip(("film", "catalogue"), early, strict=True)]
    return pd.DataFrame(rows)


@pytest.mark.parametrize(("given", "said"), [
    (cohorts(),
     "Margin a customer in the first 6 months by campaign: film £30.00 [£28.00, £32.00] and catalogue £10.00 [£8.00, "
     "£12.00]; the difference between the first two is statistically significant, of who came, not of what a campaign "
     "did to anybody."),
    (cohorts(early=(10.0, 11.0)),
     "Margin a customer in the first 6 months by campaign: catalogue £11.00 [£9.00, £13.00] and film £10.00 [£8.00, "
     "£12.00]; no statistically significant difference."),
    (cohorts(by="channel and half-year"), "Of 2 cohorts by channel and half-year with a known cost, all have paid it "
                                          "back."),
    (cohorts("not yet", by="channel and half-year"), "Of 2 cohorts by channel and half-year with a known cost, 2 have "
                                                     "not paid it back: film and catalogue."),
    (cohorts("no cost", by="channel and half-year").assign(cost=np.nan),
     "No acquisition cost is recorded by channel and half-year: payback is not reported (insufficient data)."),
    (cohorts().iloc[:0], "")])
def test_cohorts_are_said_with_their_campaign_and_payback(given, said):
    assert market_dynamics.acquisition_cohorts_sentence(given, "GBP") == said


def test_a_cohort_without_a_cost_reads_insufficient_data():
    table = market_dynamics.acquisition_cohort_reading(cohorts("no cost").assign(cost=np.nan), "GBP")
    assert table[["cost", "payback_month", "reason"]].to_numpy().tolist() == [
        ["insufficient data", "insufficient data", "no cost"]] * 2


def test_predictors_are_listed_with_ratio_and_gain():
    table = market_dynamics.value_predictor_table(found())
    assert table["ratio"].tolist() == ["2 [1.9, 2.1]", "0.9 [0.8, 1.0]"]
    assert market_dynamics.predictor_intervals(found())["predictor"].tolist() == ["twice as many orders",
                                                                                  "channel: shop"]
