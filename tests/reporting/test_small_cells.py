import pandas as pd
import pytest

from helpers.foundation.results import Estimate, estimate_table
from helpers.reporting import display, plots
from helpers.stats.suppressed_tables import suppressed_rows


@pytest.mark.parametrize(("n", "is_small"), [(0, False), (1, True), (9, True), (10, False), (None, False)])
def test_one_to_nine_people_are_a_small_cell(n, is_small):
    frame = pd.DataFrame({"segment": ["north"], "n_customers": [n], "value": [1.0]})
    assert suppressed_rows(frame).tolist() == [is_small]


def test_the_row_of_everybody_and_rows_that_count_other_things_are_none():
    frame = pd.DataFrame({"segment": ["all", "no date", "north"], "unit": ["share", "records", "share"], "n": [3] * 3})
    assert suppressed_rows(frame).tolist() == [False, False, True]
    assert not suppressed_rows(pd.DataFrame({"orders": [3], "value": [1.0]})).any()


def test_a_count_of_one_to_nine_people_of_many_is_a_small_cell_too():
    frame = pd.DataFrame({"segment": ["lost", "kept", "all"], "unit": "customers", "value": [3.0, 30.0, 33.0], "n": 33})
    assert suppressed_rows(frame).tolist() == [True, True, False]
    part = pd.DataFrame({"quantity": ["people: too early"], "segment": "all", "unit": "people", "value": 2.0, "n": 50})
    assert suppressed_rows(part).tolist() == [True]


def test_a_long_table_shows_no_value_of_a_small_cell():
    shown = display.estimates_table(estimate_table([
        Estimate("satisfaction", 71.3, 60, 80, "points of 100", 9, "north"),
        Estimate("satisfaction", 64.2, 60, 70, "points of 100", 200, "south")]))
    assert "71.3" not in shown.html
    assert "71.3" not in shown.text
    assert "under 10" in shown.html
    assert "64.2" in shown.html


def test_a_wide_table_keeps_the_name_of_a_small_cell_and_nothing_else_and_flags_the_next():
    frame = pd.DataFrame({"region": ["north", "west", "south", "east"], "n_customers": [7, 8, 17, 300],
                          "spend": [12.5, 12.5, 13.5, 14.5]})
    shown = display.data_table(frame)
    assert "north | under 10 | –" in shown.text
    assert "south | 17 (few) | 13.5" in shown.text
    assert "east | 300 | 14.5" in shown.text
    assert "12.5" not in shown.html


def test_the_only_small_row_of_a_table_is_not_told_by_the_total_less_the_others():
    frame = pd.DataFrame({"tier": ["top", "middle", "base"], "n_customers": [8, 22, 120], "share": [0.149, 0.25, 0.6]})
    shown = display.data_table(frame)
    assert shown.text.splitlines()[1:4] == ["top | withheld | –", "middle | withheld | –", "base | 120 | 0.6"]
    assert "one to nine people" in shown.text
    drawn = plots.bar_plot(frame, "tier", "share", "Share", "share")
    assert "and not shown: top and middle" in drawn.html


def test_figures_leave_small_cells_out_and_name_them():
    frame = pd.DataFrame({"region": ["north", "west", "south"], "n_customers": [7, 8, 17], "spend": [12.5, 12.5, 13.5]})
    shown = plots.bar_plot(frame, "region", "spend", "Spend by region", "money")
    assert "12.5" not in shown.html
    assert "Of fewer than ten people, and not shown: north and west" in shown.html
    assert "no rows" not in plots.bar_plot(frame.head(1), "region", "spend", "Spend", "money").html


def test_a_part_of_one_to_nine_people_within_a_row_is_not_shown_though_the_row_is_and_what_gives_it_away_neither():
    frame = pd.DataFrame({"rule": ["risk", "asked", "complained"], "n_customers": [528, 90, 65],
                          "n_held_out": [50, 20, 6]})
    assert display.data_table(frame).text.splitlines()[1:4] == [
        "risk | 528 | 50", "asked | 90 | withheld", "complained | 65 | withheld"]
