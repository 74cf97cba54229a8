from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from helpers.churn import backtest, classifiers, dataset, model_selection, purchase_rate, realised_churn, scoring
from helpers.churn.config import ChurnConfig
from helpers.churn.schema import CHURN_FORECASTS, CHURN_SCORES
from helpers.foundation.results import Status
from helpers.reporting.text import churn_alerts as churn_alerts_text

END = date(2026, 3, 31)


@pytest.fixture
def scored(basis):
    def make(**given):
        found = basis(**given)
        trial = backtest.backtest_classifiers(found, 1)
        return scoring.churn_scores(found, trial, model_selection.select_model(trial).chosen, ChurnConfig()), trial
    return make


def written(engine, declaration, frame):
    """Return what a table's declaration finds wrong with it."""
    table = declaration.conformed(engine.lazy(frame))
    return declaration.problems(engine.row(declaration.counts(engine.view(table))))


def test_scores_and_forecasts_keep_to_their_declarations(session_engine, scored, shop, contracts):
    for given in ({"bought": shop()}, {"signed": contracts()}, {}):
        scores, trial = scored(**given)
        made = scoring.churn_forecasts(scores, trial, END, 365)
        assert written(session_engine, CHURN_SCORES, scores) == []
        assert written(session_engine, CHURN_FORECASTS, made) == []


def test_margin_at_risk_is_the_probability_of_having_left_times_the_margin_of_who_stays(scored, shop):
    scores, _ = scored(bought=shop())
    p, pause, kept = (scores[c] for c in ("churn_probability", "no_order_if_kept", "value_if_kept"))
    left = (p - pause) / (1 - pause)
    assert scores["margin_at_risk"].to_numpy() == pytest.approx((left * kept).to_numpy())
    assert scores["margin_at_risk"].between(0, p * kept + 1e-9).all()
    assert scores["margin_at_risk"].sum() < 0.99 * (p * kept).sum()
    total = scoring.margin_at_risk_interval(scores)
    assert total.value == pytest.approx(scores["margin_at_risk"].sum())
    assert (scores["value_if_kept_sd"] > 0).all()
    weight = kept / (1 - pause)
    spread = np.sqrt((p * (1 - p) * weight**2 + left * scores["value_if_kept_sd"] ** 2).sum())
    assert total.high - total.value == pytest.approx(1.959964 * spread, rel=1e-5)


def test_refunds_beyond_what_was_bought_leave_nothing_to_lose_and_not_less(basis, shop):
    found = basis(bought=shop())
    about = found.scoring.about.assign(margin=lambda t: t["margin"].where(t.index >= 20, -5_000.0))
    refunded = replace(found, scoring=replace(found.scoring, about=about))
    value = purchase_rate.retained_value(refunded)
    assert (value.value[:20] == 0).all()
    assert value.value[20:].tolist() == pytest.approx(purchase_rate.retained_value(found).value[20:].tolist())
    assert purchase_rate.n_refunded_beyond_sales(refunded) == 20
    assert purchase_rate.n_refunded_beyond_sales(found) == 0
    trial = backtest.backtest_classifiers(found, 1)
    scores = scoring.churn_scores(refunded, trial, classifiers.LOGISTIC, ChurnConfig(value_if_lost=1.0))
    assert (scores["margin_at_risk"] >= 0).all()
    assert scoring.margin_at_risk_interval(scores, 3.0).low == 0
    stake = scoring.margin_at_risk_interval(scores)
    said = churn_alerts_text.refunded_beyond_sales_sentence(refunded, stake)
    assert said.startswith("Of 20 customers refunds exceed what is on record as bought")
    untold = scoring.margin_at_risk_interval(scores.assign(margin_at_risk=np.nan))
    assert churn_alerts_text.refunded_beyond_sales_sentence(refunded, untold) == ""


def test_the_rule_beside_the_forecast_is_the_churn_rate_of_the_period_before_once_more(basis, shop):
    found = basis(bought=shop())
    trial = backtest.backtest_classifiers(found, 1)
    scores = scoring.churn_scores(found, trial, classifiers.LOGISTIC, ChurnConfig())
    made = scoring.churn_forecasts_by_rule(scores, found, END, 365)
    rows = made.set_index(["quantity", "segment"])
    before, n = next(iter(found.snapshots.values())), len(scores)
    assert rows.loc[("customers_lost_by_rule", "all"), "value"] == pytest.approx(before.is_lost.mean() * n)
    once = before.about["is_one_time"].to_numpy(bool)
    assert rows.loc[("customers_lost_by_rule", "one-time buyers"), "value"] == pytest.approx(
        before.is_lost[once].mean() * scores["is_one_time"].sum())
    money = rows.loc[("margin_at_risk_by_rule", "all")]
    then = purchase_rate.value_by_repeat_purchases(before.about, 90)
    share = (then.value * (before.is_lost - then.no_order) / (1 - then.no_order)).sum() / then.value.sum()
    assert 0 < share < before.is_lost.mean()
    assert money["value"] == pytest.approx(share * scores["value_if_kept"].sum())
    assert (made["low"] <= made["value"]).all()
    assert (made["value"] <= made["high"]).all()
    assert made["model"].unique().tolist() == ["churn rate of the period before"]
    both = pd.concat([scoring.churn_forecasts(scores, trial, END, 365), made])
    assert len(scoring.forecasts_of_lost(both)) == 1
    assert "once more, says" in churn_alerts_text.churn_by_rule_sentence(both, "EUR")
    assert churn_alerts_text.churn_by_rule_sentence(both.head(0)) == ""


def test_contracts_without_dates_have_no_period_before_and_no_rule(scored, basis, contracts):
    found = basis(signed=contracts())
    scores, _ = scored(signed=contracts())
    assert scoring.churn_forecasts_by_rule(scores, found, END, 365).empty


def kept(n_occasions, age_days, margin):
    about = pd.DataFrame({"n_occasions": n_occasions, "age_days": age_days, "margin": margin})
    return purchase_rate.value_by_repeat_purchases(about, 90).value


def test_where_nobody_has_bought_again_no_margin_is_expected_of_who_stays():
    assert kept([1, 1, 1], [0, 40, 300], [30.0, 90.0, 30.0]).tolist() == [0, 0, 0]


def test_the_first_order_of_a_customer_is_no_rate():
    n, age = np.array([1] * 990 + [2] * 10), np.full(1000, 100)
    money = kept(n, age, np.where(n > 1, 40.0, 20.0))
    assert money.sum() == pytest.approx(20 * 10 * 90 / 100, rel=0.02)  # ten repeat purchases in a hundred days
    assert money.max() < 1


def yearly(customers, value=200.0):
    return pd.DataFrame({"customer_id": customers, "yearly_orders_if_kept": 10.0, "yearly_value_if_kept": value,
                         "yearly_value_if_kept_sd": 80.0})


def test_value_if_kept_is_the_purchase_models_share_of_a_year(basis, shop):
    found = basis(shop())
    who = found.scoring.about["customer_id"]
    valued = found.with_purchase_model(yearly(who.sample(frac=1, random_state=1)))
    kept_for = purchase_rate.retained_value(valued)
    part = 90 / 365.25
    assert kept_for.value == pytest.approx(np.full(len(who), 200 * part))
    rate_variance = (80 / 20) ** 2 - 10  # of orders a year, each with a margin of 20
    assert kept_for.sd == pytest.approx(np.full(len(who), 20 * np.sqrt(10 * part + rate_variance * part**2)))
    assert valued.scoring.about["customer_id"].tolist() == who.tolist()


def test_a_purchase_model_that_does_not_speak_of_everybody_is_not_used(basis, shop):
    found = basis(shop())
    who = found.scoring.about["customer_id"]
    for some in (yearly(who.iloc[1:]), yearly(who, np.nan), yearly(who.iloc[:0])):
        assert not found.with_purchase_model(some).has_purchase_model


def test_contracts_without_dates_have_risk_but_no_horizon(scored, contracts):
    table = contracts().assign(customer_id=[f"c{i // 2}" for i in range(400)])
    scores, trial = scored(signed=table)
    runs = table[~table["has_ended"]]
    assert len(scores) == runs["customer_id"].nunique()
    assert scores["monthly_fee"].sum() == runs["monthly_fee"].sum()
    assert scoring.margin_at_risk_interval(scores).status is Status.NOT_APPLICABLE
    assert scoring.churn_forecasts(scores, trial, END, 365).empty
    assert "expected_lost" not in scoring.risk_band_summary(scores)


def test_bands_of_risk_follow_the_study(scored, shop):
    scores, _ = scored(bought=shop())
    limits = scores.groupby("risk")["churn_probability"].agg(["min", "max"])
    assert limits.loc["high", "min"] >= 0.67 > limits.loc["medium", "max"]
    assert scoring.risk_band_summary(scores)["n_customers"].sum() == len(scores)


def test_the_predictive_interval_covers_independent_losses():
    rng = np.random.default_rng(1)
    p = rng.beta(2, 3, 200)
    found = scoring.expected_churn(p)
    drawn = (rng.random((4000, 200)) < p).sum(axis=1)
    assert found.value == pytest.approx(p.sum())
    assert 0.93 <= np.mean((drawn >= found.low) & (drawn <= found.high)) <= 0.975


def test_an_error_in_level_widens_the_forecast_and_limits_stay_within_the_customers():
    p = np.full(50, 0.5)
    plain, wide = scoring.expected_churn(p), scoring.expected_churn(p, level_error=0.5)
    assert wide.high - wide.low > plain.high - plain.low
    assert wide.high - wide.value == pytest.approx(1.959964 * np.sqrt(12.5 + 6.25**2), rel=1e-5)
    sure = scoring.expected_churn(np.full(3, 0.9), level_error=5)
    assert (sure.low >= 0, sure.high) == (True, 3)
    assert scoring.expected_churn(np.empty(0)).value == 0


def test_value_at_stake_allows_for_the_same_error_in_level_as_the_number_lost(basis, shop):
    found = basis(shop())
    trial = backtest.backtest_classifiers(found, 1)
    scores = scoring.churn_scores(found, trial, classifiers.LOGISTIC, ChurnConfig())
    made = scoring.churn_forecasts(scores, trial, END, 365)
    off = scoring.forecast_error_logits(scores, made)
    assert off == pytest.approx(abs(backtest.calibration_error_logits(trial, classifiers.LOGISTIC)), rel=1e-6)
    assert scoring.margin_at_risk_interval(scores, off).high > scoring.margin_at_risk_interval(scores).high
    assert scoring.forecast_error_logits(scores, made.head(0)) == 0


def test_the_level_error_is_that_of_the_trial_and_none_without_a_later_period(basis, shop, contracts):
    trial = backtest.backtest_classifiers(basis(shop()), 1)
    assert backtest.calibration_error_logits(trial, classifiers.LOGISTIC) != 0
    assert (
        backtest.calibration_error_logits(
            backtest.backtest_classifiers(basis(signed=contracts()), 1), classifiers.LOGISTIC
        )
        == 0
    )


def test_a_forecast_can_be_graded_from_later_tables(session_engine, basis, shop):
    table = shop(n=1500, n_days=720)
    made_on = date(2025, 12, 31)
    found = basis(table, end=made_on)
    trial = backtest.backtest_classifiers(found, 1)
    scores = scoring.churn_scores(found, trial, model_selection.select_model(trial).chosen, ChurnConfig())
    made = scoring.churn_forecasts(scores, trial, made_on, 365)
    actual = dataset.count_churned(session_engine, table, made_on, END, eligible_days=365).set_index("segment")
    of_lost = made[made["quantity"] == scoring.CUSTOMERS_LOST].set_index("segment")
    assert of_lost["n"].to_dict() == actual["n_eligible"].to_dict()
    assert of_lost.loc["all", "low"] <= actual.loc["all", "n_lost"] <= of_lost.loc["all", "high"]
    due = made[made["quantity"] == scoring.MARGIN_AT_RISK].assign(run="then")
    lost = realised_churn.realised_margin_lost(session_engine, table, due, {"then": scores}.get).iloc[0]
    assert due["low"].iloc[0] <= lost <= due["high"].iloc[0]


def test_nobody_to_score_gives_an_empty_table_and_an_insufficient_stake(scored):
    scores, _ = scored()
    assert scores.empty
    assert scoring.margin_at_risk_interval(scores).status is Status.INSUFFICIENT
    assert scoring.risk_band_summary(scores).empty


def test_forecasts_as_shares_leave_empty_segments_out():
    made = pd.DataFrame({"quantity": scoring.CUSTOMERS_LOST, "segment": ["all", "one-time buyers"], "n": [10, 0],
                         "value": [5.0, 0.0], "low": [2.0, 0.0],
                         "high": [8.0, 0.0]})
    assert scoring.churn_rate_forecasts(made)[["value", "low", "high"]].to_numpy().tolist() == [[0.5, 0.2, 0.8]]


def test_the_first_tenth_by_value_at_stake_holds_its_share_and_few_customers_none():
    stakes = pd.DataFrame({"margin_at_risk": [90.0] * 10 + [10.0] * 90})
    assert scoring.top_decile_share(stakes) == pytest.approx(0.5)
    assert np.isnan(scoring.top_decile_share(stakes.head(99)))
    assert np.isnan(scoring.top_decile_share(stakes * 0))


def test_no_margin_at_risk_is_told_where_the_error_in_level_makes_as_much_of_it(basis, shop, monkeypatch):
    found = basis(bought=shop())
    trial = backtest.backtest_classifiers(found, 1)
    told = scoring.churn_scores(found, trial, classifiers.LOGISTIC, ChurnConfig())
    monkeypatch.setattr(backtest, "calibration_error_logits", lambda *_: 3.0)
    untold = scoring.churn_scores(found, trial, classifiers.LOGISTIC, ChurnConfig())
    assert told["margin_at_risk"].notna().all()
    assert untold["margin_at_risk"].isna().all()
    assert untold["churn_probability"].tolist() == told["churn_probability"].tolist()
    stake = scoring.margin_at_risk_interval(untold)
    assert (stake.status, stake.reason) == (Status.INSUFFICIENT, scoring.TOO_WIDE)
    made = pd.concat([scoring.churn_forecasts(untold, trial, END, 365),
                      scoring.churn_forecasts_by_rule(untold, found, END, 365)])
    assert not made["quantity"].str.startswith(scoring.MARGIN_AT_RISK).any()
    assert "value_if_kept" in scoring.risk_band_summary(untold).dropna(axis=1, how="all")
    losses = scoring.expected_losses(told)
    assert scoring.most_margin_at_risk(untold, made) == pytest.approx(losses.interval(3.0).high, rel=0.02)
    assert np.isnan(scoring.most_margin_at_risk(untold.assign(value_if_kept=np.nan), made))


def test_the_range_of_the_rule_is_of_changes_from_one_period_to_the_next_and_not_of_days_within_one(basis, shop):
    found = basis(bought=shop())
    within = {day - timedelta(1): replace(s, is_lost=1 - s.is_lost) for day, s in found.snapshots.items() if day}
    trial = backtest.backtest_classifiers(found, 1)
    scores = scoring.churn_scores(found, trial, classifiers.LOGISTIC, ChurnConfig())
    alone = scoring.churn_forecasts_by_rule(scores, found, END, 365)
    mixed = replace(found, snapshots=dict(sorted({**found.snapshots, **within}.items(), reverse=True)))
    lost = [made.set_index("quantity").loc["customers_lost_by_rule", "high"].iloc[0] for made in (
        alone, scoring.churn_forecasts_by_rule(scores, mixed, END, 365))]
    assert len(found.snapshots) > 1
    assert lost[1] == pytest.approx(lost[0], rel=0.02)


def test_the_rule_has_a_range_though_an_earlier_period_had_no_margin_to_lose(basis, shop):
    found = basis(bought=shop())
    oldest = list(found.snapshots)[-1]
    nothing = replace(found.snapshots[oldest], about=found.snapshots[oldest].about.assign(n_occasions=1.0))
    without = replace(found, snapshots={**found.snapshots, oldest: nothing})
    trial = backtest.backtest_classifiers(found, 1)
    scores = scoring.churn_scores(found, trial, classifiers.LOGISTIC, ChurnConfig())
    assert np.isnan(purchase_rate.margin_lost_share(nothing, found.horizon_days)[0])
    made = scoring.churn_forecasts_by_rule(scores, without, END, 365).set_index("quantity")
    assert made.loc["margin_at_risk_by_rule", ["low", "high"]].notna().all()
