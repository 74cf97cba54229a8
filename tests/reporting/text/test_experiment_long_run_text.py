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
    assert ("was clear of no difference first at day 2 and at 2 of 3 looks"
            in text.looks_sentence(LOOKS))
    assert "at none of 3 looks" in text.looks_sentence(LOOKS.assign(low=-0.1))
    assert "No experiment was looked at more than once" in text.looks_sentence(LOOKS.iloc[:0])


def test_novelty_is_told_where_it_is_beyond_chance_over_all_comparisons():
    assert "not to be carried forward" in text.novelty_sentence(pd.DataFrame([TREND | {"p_adjusted": 0.01}]))
    calm = text.novelty_sentence(pd.DataFrame([TREND | {"p_adjusted": 0.2}]))
    assert calm.startswith("No effect changed beyond chance")
    assert "not tested" in text.novelty_sentence(pd.DataFrame())
