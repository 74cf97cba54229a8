from datetime import date
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from helpers.churn import labels, learners, models, outlook, verdicts
from helpers.churn.assumptions import Assumptions
from helpers.churn.tables import CHURN_SCORES, FORECASTS
from helpers.foundation.estimates import Status

END = date(2026, 3, 31)


@pytest.fixture
def scored(basis):
    def make(**given):
        found = basis(**given)
        trial = models.trial(found, 1)
        return outlook.scores(found, trial, verdicts.verdict(trial).chosen, Assumptions()), trial
    return make


def written(engine, declaration, frame):
    """Return what a table's declaration finds wrong with it."""
    table = declaration.conformed(engine.lazy(frame))
    return declaration.problems(engine.first_row(declaration.counts(table)), table)


def test_scores_and_forecasts_keep_to_their_declarations(session_engine, scored, shop, contracts):
    for given in ({"bought": shop()}, {"signed": contracts()}, {}):
        scores, trial = scored(**given)
        made = outlook.forecasts(scores, trial, END, 365)
        assert written(session_engine, CHURN_SCORES, scores) == []
        assert written(session_engine, FORECASTS, made) == []


def test_value_at_stake_is_the_chance_times_margin_at_the_past_rate(scored, transactions, shop):
    scores, _ = scored(bought=shop())
    row = scores.iloc[0]
    assert row["value_at_stake"] == pytest.approx(row["p_lost"] * row["value_if_kept"])
    total = outlook.value_at_stake(scores)
    assert total.value == pytest.approx(scores["value_at_stake"].sum())
    spread = np.sqrt((scores["p_lost"] * (1 - scores["p_lost"]) * scores["value_if_kept"] ** 2).sum())
    assert total.high - total.value == pytest.approx(1.959964 * spread, rel=1e-5)


def test_a_young_customers_past_rate_is_taken_over_a_whole_horizon():
    about = pd.DataFrame({"age_days": [0, 89, 179], "margin": [30.0, 30.0, 30.0]})
    found = SimpleNamespace(scoring=SimpleNamespace(about=about), horizon_days=90)
    assert outlook.value_if_kept(found).tolist() == [30, 30, 15]


def test_contracts_without_dates_have_risk_but_no_horizon(scored, contracts):
    table = contracts().assign(customer_id=[f"c{i // 2}" for i in range(400)])
    scores, trial = scored(signed=table)
    runs = table[~table["has_ended"]]
    assert len(scores) == runs["customer_id"].nunique()
    assert scores["monthly_fee"].sum() == runs["monthly_fee"].sum()
    assert outlook.value_at_stake(scores).status is Status.NOT_APPLICABLE
    assert outlook.forecasts(scores, trial, END, 365).empty
    assert "expected_lost" not in outlook.by_risk(scores)


def test_bands_of_risk_follow_the_study(scored, shop):
    scores, _ = scored(bought=shop())
    limits = scores.groupby("risk")["p_lost"].agg(["min", "max"])
    assert limits.loc["high", "min"] >= 0.67 > limits.loc["medium", "max"]
    assert outlook.by_risk(scores)["n_customers"].sum() == len(scores)


def test_the_predictive_interval_covers_independent_losses():
    rng = np.random.default_rng(1)
    p = rng.beta(2, 3, 200)
    found = outlook.lost_forecast(p)
    drawn = (rng.random((4000, 200)) < p).sum(axis=1)
    assert found.value == pytest.approx(p.sum())
    assert 0.93 <= np.mean((drawn >= found.low) & (drawn <= found.high)) <= 0.975


def test_an_error_in_level_widens_the_forecast_and_limits_stay_within_the_customers():
    p = np.full(50, 0.5)
    plain, wide = outlook.lost_forecast(p), outlook.lost_forecast(p, level_error=0.5)
    assert wide.high - wide.low > plain.high - plain.low
    assert wide.high - wide.value == pytest.approx(1.959964 * np.sqrt(12.5 + 6.25**2), rel=1e-5)
    sure = outlook.lost_forecast(np.full(3, 0.9), level_error=5)
    assert (sure.low >= 0, sure.high) == (True, 3)
    assert outlook.lost_forecast(np.empty(0)).value == 0


def test_value_at_stake_allows_for_the_same_error_in_level_as_the_number_lost(basis, shop):
    found = basis(shop())
    trial = models.trial(found, 1)
    scores = outlook.scores(found, trial, learners.LOGISTIC, Assumptions())
    made = outlook.forecasts(scores, trial, END, 365)
    off = outlook.stated_error(scores, made)
    assert off == pytest.approx(abs(outlook.level_error(trial, learners.LOGISTIC)), rel=1e-6)
    assert outlook.value_at_stake(scores, off).high > outlook.value_at_stake(scores).high
    assert outlook.stated_error(scores, made.head(0)) == 0


def test_the_level_error_is_that_of_the_trial_and_none_without_a_later_period(basis, shop, contracts):
    trial = models.trial(basis(shop()), 1)
    assert outlook.level_error(trial, learners.LOGISTIC) != 0
    assert outlook.level_error(models.trial(basis(signed=contracts()), 1), learners.LOGISTIC) == 0


def test_a_forecast_can_be_graded_from_later_tables(session_engine, basis, shop):
    table = shop(n=1500, n_days=720)
    made_on = date(2025, 12, 31)
    found = basis(table, end=made_on)
    trial = models.trial(found, 1)
    scores = outlook.scores(found, trial, verdicts.verdict(trial).chosen, Assumptions())
    made = outlook.forecasts(scores, trial, made_on, 365).set_index("segment")
    actual = labels.lost_count(session_engine, table, made_on, END, eligible_days=365).set_index("segment")
    assert made["n"].to_dict() == actual["n_eligible"].to_dict()
    assert made.loc["all", "low"] <= actual.loc["all", "n_lost"] <= made.loc["all", "high"]


def test_nobody_to_score_gives_an_empty_table_and_an_insufficient_stake(scored):
    scores, _ = scored()
    assert scores.empty
    assert outlook.value_at_stake(scores).status is Status.INSUFFICIENT
    assert outlook.by_risk(scores).empty


def test_forecasts_as_shares_leave_empty_segments_out():
    made = pd.DataFrame({"segment": ["all", "one-time buyers"], "n": [10, 0], "value": [5.0, 0.0], "low": [2.0, 0.0],
                         "high": [8.0, 0.0]})
    assert outlook.shares(made)[["value", "low", "high"]].to_numpy().tolist() == [[0.5, 0.2, 0.8]]


def test_the_first_tenth_by_value_at_stake_holds_its_share_and_few_customers_none():
    stakes = pd.DataFrame({"value_at_stake": [90.0] * 10 + [10.0] * 90})
    assert outlook.share_of_first_tenth(stakes) == pytest.approx(0.5)
    assert np.isnan(outlook.share_of_first_tenth(stakes.head(99)))
    assert np.isnan(outlook.share_of_first_tenth(stakes * 0))
