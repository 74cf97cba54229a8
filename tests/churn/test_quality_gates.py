from dataclasses import replace

import numpy as np
import pytest

from helpers.churn import backtest, model_selection, quality_gates
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
