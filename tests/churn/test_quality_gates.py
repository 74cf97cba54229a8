from dataclasses import replace

import numpy as np
import pytest

from helpers.churn import alerts, backtest, model_selection, quality_gates, scoring
from helpers.churn.config import ChurnConfig
from helpers.foundation.results import estimate_table


@pytest.fixture
def found(basis):
    def make(change=lambda trial: trial, **given):
        rests = basis(**given)
        trial = change(backtest.backtest_classifiers(rests, 1))
        verdict = model_selection.select_model(trial)
        measures = estimate_table(model_selection.model_measures(trial, verdict, None, 1))
        return {g.gate: g for g in quality_gates.churn_gates(rests, trial, verdict, measures)}
    return make


def test_a_fair_trial_on_a_later_period_passes(found, shop):
    assert [g.sentence for g in found(bought=shop(n=4000, n_days=720)).values() if g.is_crossed] == []


def test_too_little_to_learn_from_strikes_every_forecast(found):
    only, = found().values()
    assert (only.gate, only.is_crossed, only.level) == ("enough training cases", True, "strike")


def test_a_history_for_one_snapshot_only_qualifies(found, shop):
    assert found(bought=shop(n_days=200))["out-of-time test"].is_crossed


def test_contracts_are_qualified_and_their_attributes_named(found, contracts):
    gates = found(signed=contracts())
    assert gates["out-of-time test"].is_crossed
    assert "attribute_note" in gates["attributes vouched for"].sentence


def leaking(trial):
    return replace(trial, stated=dict.fromkeys(trial.stated, np.clip(trial.is_lost, 0.01, 0.99)))


def boastful(trial):
    return replace(trial, stated={name: np.clip(p + 0.15, 0, 1) for name, p in trial.stated.items()})


def test_an_auc_too_good_to_be_true_raises_a_question(found, shop):
    crossed = found(leaking, bought=shop())["no leakage by the AUC"]
    assert (crossed.is_crossed, crossed.level) == (True, "note")
    assert "ask when each was recorded" in crossed.sentence


def test_probabilities_off_by_more_than_five_points_are_qualified(found, shop):
    assert found(boastful, bought=shop())["calibrated"].is_crossed


def guessing(trial):
    rng = np.random.default_rng(1)
    return replace(trial, stated={name: rng.permutation(p) for name, p in trial.stated.items()})


def test_a_ranking_no_better_than_chance_is_struck_and_no_alert_rests_on_it(found, basis, shop):
    gates = found(guessing, bought=shop())
    ranking = gates[quality_gates.RANKING]
    assert (ranking.is_crossed, ranking.level) == (True, "strike")
    assert "no better than chance (AUC 0." in ranking.sentence
    assert not quality_gates.can_rank(tuple(gates.values()))
    assert quality_gates.can_rank(tuple(found(bought=shop()).values()))


def test_signals_of_a_struck_ranking_are_not_known(basis, shop):
    rests = basis(shop())
    trial = backtest.backtest_classifiers(rests, 1)
    scores = scoring.churn_scores(rests, trial, trial.rule, ChurnConfig())
    signals = alerts.alert_signals(rests, scores, is_ranked=False)
    assert signals[alerts.RANKED_SIGNALS].isna().all(axis=None)
    assert signals["inactivity_percentile"].notna().any()


def test_who_has_bought_once_has_no_rhythm_to_be_out_of(basis, shop):
    rests = basis(shop())
    trial = backtest.backtest_classifiers(rests, 1)
    scores = scoring.churn_scores(rests, trial, trial.rule, ChurnConfig())
    silent = alerts.alert_signals(rests, scores)["inactivity_percentile"].isna()
    assert silent.tolist() == scores["is_one_time"].tolist()
    assert 0 < silent.sum() < len(scores)
