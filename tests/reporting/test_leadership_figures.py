import numpy as np
import pandas as pd

from helpers.foundation.results import Level
from helpers.reporting import leadership_figures
from tests.reporting import leading

MONTHS = pd.DataFrame({"month_on": pd.date_range("2024-01-01", periods=24, freq="MS"), "n_customers": range(40, 64)})


def titles(found, monthly=MONTHS):
    return [exhibit.text for exhibit in leadership_figures.first_screen_figures(found, monthly)]


def test_the_first_screen_shows_revenue_buyers_and_experiments():
    assert titles(leading.everything()) == [
        "Net sales fell by €400", "63 customers bought in December 2025, 51 in the same month a year before",
        "Experiments: the one difference is statistically significant"]


def test_figures_without_data_are_left_out():
    assert titles(leading.results(), MONTHS.head(12)) == []


def test_a_struck_change_in_revenue_and_an_invalid_experiment_are_not_drawn():
    struck = leading.gates("04", leading.gate("History", "change in revenue", Level.STRIKE))
    found = leading.everything(value_gates=struck, experiment_effects=leading.effects(
        {"verdict": "invalid"}, {"experiment": "b", "lift": np.nan}, {"experiment": "c", "is_primary": False}))
    assert titles(found, MONTHS.head(12)) == []


def test_each_bar_of_the_revenue_bridge_is_a_part_of_the_change():
    shown = leadership_figures.first_screen_figures(leading.results(customer_base=leading.base()), MONTHS.head(12))
    assert [text in shown[0].html for text in ("new", "€100", "churned", "−€500")] == [True] * 4


def test_arms_are_named_where_an_experiment_has_several_and_lists_by_their_day():
    arms = leading.effects({"variant": "new"}, {"variant": "other", "lift": -0.1, "lift_low": -0.2, "lift_high": 0.0},
                           {"experiment": "action plan of 2025-09-30"})
    html = leadership_figures.first_screen_figures(leading.results(experiment_effects=arms), MONTHS.head(2))[0].html
    assert "checkout" in html
    assert "30 September" in html
    assert "2025-09-30" not in html
