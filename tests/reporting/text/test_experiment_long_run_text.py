"""The experiments page says what looks, novelty, later value and rules of whom to treat tell."""

import pandas as pd

from helpers.reporting.text import experiment_long_run as text

LOOKS = pd.DataFrame({
    "experiment": "one_page_checkout", "metric": "ordered", "variant": "treatment", "look": [1, 2, 3],
    "period": ["day 1", "day 2", "day 3"], "n_control": 100, "n_variant": 100, "value": 0.1, "low": [-0.1, 0.01, 0.02],
    "high": 0.3})

TREND = {"experiment": "one_page_checkout", "metric": "ordered", "variant": "treatment", "n_periods": 8, "first": 0.1,
         "last": 0.0, "change": -0.1, "low": -0.15, "high": -0.05, "p": 0.01}


def test_looks_are_told_from_the_first_that_was_clear():
    assert ("was clear of no difference first at the end of day 2 and at 2 of 3 looks"
            in text.looks_sentence(LOOKS))
    assert "at none of 3 looks" in text.looks_sentence(LOOKS.assign(low=-0.1))
    assert "No experiment was looked at more than once" in text.looks_sentence(LOOKS.iloc[:0])


def test_novelty_is_told_where_it_is_beyond_chance_over_all_comparisons():
    assert "not to be carried forward" in text.novelty_sentence(pd.DataFrame([TREND | {"p_adjusted": 0.01}]))
    calm = text.novelty_sentence(pd.DataFrame([TREND | {"p_adjusted": 0.2}]))
    assert calm.startswith("No effect changed beyond chance")
    assert "not tested" in text.novelty_sentence(pd.DataFrame())


def test_interactions_are_told_where_effects_differ_by_the_arm_of_another_experiment():
    row = {"experiment": "offer", "metric": "spend", "variant": "treatment", "other": "letter",
           "other_variant": "treatment", "n_shared": 400, "effect_without": 1.0, "effect_with": 3.0, "difference": 2.0,
           "low": 1.0, "high": 3.0, "p_adjusted": 0.001}
    assert "the effect of offer (spend, treatment) is 1 in the control of letter and 3" in text.interaction_sentence(
        pd.DataFrame([row]))
    assert "no sign of interaction" in text.interaction_sentence(pd.DataFrame([row | {"p_adjusted": 0.5}]))
    assert "No two experiments share" in text.interaction_sentence(pd.DataFrame())


def test_value_after_the_window_is_labelled_as_modelled():
    row = {"experiment": "offer", "variant": "treatment", "quantity": "expected margin", "n_control": 200,
           "n_variant": 200, "mean_control": 30.0, "mean_variant": 38.0, "value": 8.0, "low": 5.0, "high": 11.0}
    told = text.modelled_value_sentence(pd.DataFrame([row]), "EUR")
    assert told.startswith("After the window, by the purchase model and not measured")
    assert "expected margin" in told
    assert "no experiment has enough customers" in text.modelled_value_sentence(pd.DataFrame())
