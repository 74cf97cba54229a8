import pandas as pd
import pytest

from helpers.reporting import kpi_history
from helpers.reporting.schema import HISTORY


def quarters(customers, again=None, sales=None):
    ends = pd.date_range("2024-03-31", periods=len(customers), freq="QE")
    return pd.DataFrame({"ends_on": ends, "net_sales": sales or [100.0 * n for n in customers],
                         "n_customers": customers, "n_again": again or [float("nan"), *customers[:-1]]})


def test_shares_of_who_bought_again_stand_with_their_interval_over_the_customers_before():
    found = kpi_history.quarterly_history(quarters([40, 50], [float("nan"), 20.0]))
    row = found[found["figure"] == kpi_history.AGAIN].iloc[0]
    assert (row["value"], row["n"]) == (0.5, 40)
    assert row["low"] == pytest.approx(0.352, abs=0.001)  # Wilson
    assert row["high"] == pytest.approx(0.648, abs=0.001)


def test_quarters_of_fewer_than_ten_people_are_left_out():
    found = kpi_history.quarterly_history(quarters([9, 30, 40], [float("nan"), 5.0, 9.0]))
    assert found["on"].dt.month.unique().tolist() == [6, 9]
    assert kpi_history.AGAIN not in set(found["figure"])


def test_sales_of_a_year_are_the_sums_of_four_quarters_in_a_row():
    history = kpi_history.quarterly_history(quarters([10, 20, 30, 40, 50]))
    sums = kpi_history.yearly_sales(history)
    assert sums.tolist() == [10_000.0, 14_000.0]
    assert sums.index[-1] == history["on"].max()
    assert kpi_history.yearly_sales(history[history["on"] < "2025"]).empty


def test_who_bought_again_is_held_against_the_same_quarter_a_year_before_with_the_interval_of_the_change():
    history = kpi_history.quarterly_history(quarters([100] * 6, [float("nan"), 40.0, 50.0, 50.0, 50.0, 60.0]))
    last, before, (change, low, high) = kpi_history.bought_again_change(history)
    assert (last["value"], before["value"]) == (0.6, 0.4)
    assert change == pytest.approx(0.2)
    assert 0.05 < low < change < high < 0.35
    assert kpi_history.bought_again_change(history[history["on"] > before["on"]]) is None
    assert kpi_history.bought_again_change(history.head(0)) is None


def test_the_latest_quarter_is_held_against_the_same_one_a_year_before():
    history = kpi_history.quarterly_history(quarters([10, 20, 30, 40, 50]))
    assert kpi_history.trend_sentence(history, "EUR") == (
        "5 whole quarters are on record; net sales of the one to 31 March 2025: €5,000, in the same quarter a year "
        "before €1,000")
    assert "too few whole quarters" in kpi_history.trend_sentence(history[history["on"] < "2025"])


def test_tables_for_reading_hold_a_row_a_quarter_and_a_row_a_figure_of_reports():
    records = kpi_history.quarterly_history(quarters([40, 50], [float("nan"), 20.0]))
    days = pd.to_datetime(["2024-03-31", "2024-06-30"])
    runs = pd.DataFrame({"basis": "runs", "figure": "Margin at risk", "on": days,
                         "value": [1000.0, 2000.0], "low": None, "high": None, "unit": "money", "n": None})
    history = pd.concat([records, runs])[list(HISTORY.names)]
    assert kpi_history.quarters_reading_table(history, "EUR").to_dict("list") == {
        "quarter_to": ["31 March 2024", "30 June 2024"], kpi_history.SALES: ["€4,000", "€5,000"],
        kpi_history.CUSTOMERS: ["40", "50"], kpi_history.AGAIN: [None, "50.0 % [35.2 %, 64.8 %]"]}
    assert kpi_history.reports_reading_table(history, "EUR").to_dict("list") == {
        "key_figure": ["Margin at risk"], "31 March 2024": ["€1,000"], "30 June 2024": ["€2,000"]}
    none = history.head(0)
    assert kpi_history.quarters_reading_table(none).empty
    assert kpi_history.reports_reading_table(none).empty


def test_growth_of_the_quarter_stands_beside_that_of_the_quarter_before():
    days = pd.date_range("2024-03-31", periods=8, freq="QE")
    values = [50.0, 60.0, 70.0, 100.0, 100.0, 110.0, 140.0, 150.0]
    sales = pd.DataFrame({"basis": "records", "figure": kpi_history.SALES, "on": days, "value": values})
    assert kpi_history.quarter_growth_sentence(sales, "EUR") == (
        "Net sales of the calendar quarter to 31 December 2025: €150, +7.1 % on the quarter before, +50.0 % on the "
        "same quarter of the year before, after +100 % a quarter ago.")
    assert kpi_history.quarter_growth_sentence(sales.head(5), "EUR").endswith("0 % on the quarter before, +100 % on "
                                                                             "the same quarter of the year before.")
    assert kpi_history.quarter_growth_sentence(sales.head(2), "EUR").endswith("+20.0 % on the quarter before.")
    assert kpi_history.quarter_growth_sentence(sales.head(1)) == ""
    assert kpi_history.growth_in_brief(sales) == "last quarter +50.0 % year on year, after +100 %"
    assert kpi_history.growth_in_brief(sales.head(5)) == ""
