import numpy as np
import pandas as pd
import pytest

from helpers.foundation.results import Estimate, Level, estimate_table
from helpers.reporting import kpi_history, leadership_figures
from helpers.reporting.schema import HISTORY
from tests.reporting import leading

MONTHS = pd.DataFrame({"month_on": pd.date_range("2024-01-01", periods=24, freq="MS"), "n_customers": range(40, 64)})


NO_HISTORY = pd.DataFrame(columns=list(HISTORY.names))


NO_WEEKS = pd.DataFrame(columns=["week_on", "net_sales"])


def drawn(found, monthly=MONTHS, history=NO_HISTORY, weekly=NO_WEEKS):
    return leadership_figures.leadership_figures(found, monthly, history, weekly, pd.DataFrame())


def weeks(*sums):
    """Return 13 weeks of each sum, oldest first, up to the end of 2025."""
    days = pd.date_range(end="2025-12-31", periods=13 * len(sums), freq="7D")
    return pd.DataFrame({"week_on": days, "net_sales": np.repeat(np.array(sums) / 13, 13)})


def ahead():
    values = {0.025: 80, 0.1: 85, 0.25: 95, 0.5: 100, 0.75: 105, 0.9: 115, 0.975: 120}
    return pd.DataFrame([{"measure": "net_sales", "period": "quarter", "due_on": pd.Timestamp("2026-04-01"),
                          "quantile": quantile, "value": value} for quantile, value in values.items()])


def test_the_fan_opens_from_the_last_thirteen_weeks_into_the_forecast_of_the_table():
    happened = leadership_figures.sales_by_13_weeks(weeks(50.0, 70.0, 90.0).tail(30))
    assert happened["value"].round(9).tolist() == [70.0, 90.0]  # four weeks are no whole quarter
    fan = leadership_figures.fan_ahead(ahead(), happened)
    assert fan[fan["on"] == pd.Timestamp("2025-12-31")]["value"].round(9).unique().tolist() == [90.0]
    due = fan[fan["on"] == pd.Timestamp("2026-04-01")].set_index("quantile")["value"]
    assert due.to_dict() == ahead().set_index("quantile")["value"].to_dict()
    shown = drawn(leading.results(sales_forecast=ahead()), MONTHS.head(1), weekly=weeks(70.0, 90.0))
    assert [exhibit.text for exhibit in shown] == ["Next 13 weeks: €100 [€80.00, €120]"]
    assert drawn(leading.results(sales_forecast=ahead()), MONTHS.head(1), weekly=weeks(70.0)) == ()


def test_what_earlier_reports_forecast_is_a_line_from_the_day_it_was_made_to_its_last_day():
    happened = leadership_figures.sales_by_13_weeks(weeks(50.0, 70.0, 90.0))
    made = pd.DataFrame([{"run": "a", "quantity": quantity, "segment": "all", "value": 95.0,
                          "made_as_of_on": happened["on"].iloc[1], "due_on": pd.Timestamp("2025-12-30")}
                         for quantity in ("quarter_net_sales", "quarter_net_sales_by_rule", "customers_lost")])
    lines = leadership_figures.earlier_forecasts(made, happened)
    assert lines["value"].round(9).tolist() == [70.0, 95.0]
    assert lines["on"].tolist() == [happened["on"].iloc[1], pd.Timestamp("2025-12-30")]
    assert leadership_figures.earlier_forecasts(pd.DataFrame(), happened).empty


def test_who_bought_again_is_drawn_beside_the_year_before_and_the_target():
    days = pd.date_range("2024-12-31", periods=5, freq="QE")
    again = pd.DataFrame({"on": days, "value": [0.5, 0.51, 0.52, 0.53, 0.6], "low": 0.4, "high": 0.7})
    both = kpi_history.retention_by_year(again, 0.65)
    assert both.groupby("series")["value"].apply(list).to_dict() == {
        "last 4 quarters": [0.51, 0.52, 0.53, 0.6], "year before": [0.5], "target 65.0 %": [0.65] * 4}
    assert both.loc[both["series"] == "year before", "on"].tolist() == [days[-1]]
    assert len(set(kpi_history.retention_by_year(again)["series"])) == 2


def test_differences_of_different_units_stand_in_panels_of_their_own():
    tried = leading.effects({}, {"experiment": "gift", "metric": "margin", "unit": "units", "value": 6.5, "low": 5.0,
                                 "high": 8.0}, {"experiment": "calls", "metric": "calls", "unit": "units"})
    panels = dict(leadership_figures.effect_panels(tried))
    assert list(panels) == ["percentage points", "money", "units"]
    assert panels["percentage points"].to_dict("records") == [
        {"label": "checkout", "heading": "Ordered", "value": 5.0, "low": 1.0, "high": 9.0}]
    assert panels["money"]["value"].tolist() == [6.5]
    html = drawn(leading.results(experiment_effects=tried), MONTHS.head(1))[0].html
    assert "€6.50" in html


def titles(*given):
    return [exhibit.text for exhibit in drawn(*given)]


def test_the_first_screen_shows_revenue_the_forecast_and_experiments():
    found = leading.everything(sales_forecast=ahead())
    assert titles(found, MONTHS, NO_HISTORY, weeks(70.0, 90.0)) == [
        "Net sales −€400", "Next 13 weeks: €100 [€80.00, €120]",
        "Experiments: the one difference is statistically significant",
        "63 customers bought in December 2025, 51 a year earlier"]


def test_figures_without_data_are_left_out():
    assert titles(leading.results(), MONTHS.head(1)) == []


def test_a_struck_change_in_revenue_and_an_invalid_experiment_are_not_drawn():
    struck = leading.gates("04", leading.gate("History", "change in revenue", Level.STRIKE))
    found = leading.everything(value_gates=struck, experiment_effects=leading.effects(
        {"verdict": "invalid"}, {"experiment": "b", "value": np.nan}, {"experiment": "c", "is_primary": False}))
    assert titles(found, MONTHS.head(1)) == []


def test_each_bar_of_the_revenue_bridge_is_a_part_of_the_change():
    shown = drawn(leading.results(customer_base=leading.base()), MONTHS.head(1))
    assert [text in shown[0].html for text in ("new", "€100", "churned", "−€500")] == [True] * 4


def test_arms_are_named_where_an_experiment_has_several_and_lists_by_their_day():
    plan = {"experiment": "action plan of 2025-09-30"}
    arms = leading.effects({"variant": "new"}, {"variant": "other", "value": -0.1, "low": -0.2, "high": 0.0}, plan)
    html = drawn(leading.results(experiment_effects=arms), MONTHS.head(1))[0].html
    assert [name in html for name in ("checkout", "other", "30 September")] == [True, True, False]
    html = drawn(leading.results(experiment_effects=leading.effects(plan)), MONTHS.head(1))[0].html
    assert "30 September" in html
    assert "2025-09-30" not in html


def test_experiments_beyond_the_first_three_are_counted_in_the_title_of_the_figure():
    tried = leading.effects(*({"experiment": name} for name in "abcde"))
    assert titles(leading.results(experiment_effects=tried), MONTHS.head(1)) == ["Experiments: ship all 3"]
    weak = tried.assign(verdict=["keep running", *["ship"] * 4])
    assert titles(leading.results(experiment_effects=weak.tail(4)), MONTHS.head(1)) == ["Experiments: ship all 3"]
    halved = tried.assign(verdict=["ship", "ship", *["keep running"] * 3])
    assert titles(leading.results(experiment_effects=halved), MONTHS.head(1)) == ["Experiments: ship 2, not 1"]
    open_ = tried.assign(verdict="keep running")
    assert titles(leading.results(experiment_effects=open_), MONTHS.head(1)) == ["Experiments: ship none of 3"]


def test_an_experiment_whose_cost_may_exceed_its_gain_is_marked_in_the_figure():
    tried = leading.effects({}, {"experiment": "gift"})
    panels = dict(leadership_figures.effect_panels(tried, {"gift": "hold", "checkout": "ship"}))
    labels = panels["percentage points"]["label"]
    assert labels.tolist() == ["checkout", "gift: may not pay"]


@pytest.mark.parametrize(("counts", "said"), [
    ([], "No whole month is recorded"), ([120], "120 customers bought in May 2024"),
    ([4], "Fewer than 10 customers bought in May 2024"),
    ([80, *[90] * 11, 120], "120 customers bought in May 2025, 80 a year earlier"),
    ([3, *[90] * 11, 120], "120 customers bought in May 2025"),
    ([80, *[90] * 11, 3], "Fewer than 10 customers bought in May 2025")])
def test_customers_of_the_last_month_are_held_against_the_same_month_a_year_before(counts, said):
    months = pd.date_range("2024-05-01", periods=len(counts), freq="MS")
    frame = pd.DataFrame({"month_on": months, "n_customers": counts})
    assert leadership_figures.monthly_buyers_title(frame) == said


def test_buyers_stand_beside_those_of_the_same_month_a_year_before_and_few_are_left_out():
    counts = [20, 3, *[30] * 11, 40]
    months = pd.DataFrame({"month_on": pd.date_range("2024-01-01", periods=14, freq="MS"), "n_customers": counts})
    both = leadership_figures.buyers_by_year(months)
    before = both[both["series"] == "year before"]
    assert before[["month_on", "n_customers"]].values.tolist() == [[pd.Timestamp("2025-01-01"), 20]]
    assert both[both["series"] == "last 12 months"]["n_customers"].tolist() == [*[30] * 11, 40]
    assert leadership_figures.buyers_by_year(months.head(1)).empty


def test_buyers_without_a_year_before_stand_in_one_series_without_a_name():
    days = pd.date_range("2024-01-01", periods=13, freq="MS")
    months = pd.DataFrame({"month_on": days, "n_customers": [3, *[30] * 12]})
    found = leadership_figures.buyers_by_year(months)
    assert (len(found), set(found["series"])) == (12, {""})


def test_cohorts_are_shown_with_the_share_of_each_that_was_active_in_every_quarter_after():
    ages = [("2025 Q1", 0, 1.0), ("2025 Q1", 1, 0.6), ("2025 Q1", 2, 0.5), ("2025 Q2", 0, 1.0), ("2025 Q2", 1, 0.4)]
    base = estimate_table([Estimate("cohort_active", share, share, share, "share", 90, f"{cohort} + {age}")
                           for cohort, age, share in ages])
    shares = leadership_figures.cohort_retention(base)
    assert shares.fillna(0).to_numpy().tolist() == [[0.6, 0.5], [0.4, 0.0]]
    assert titles(leading.results(customer_base=base), MONTHS.head(1)) == [
        "Of customers won in 2025 Q1 50.0 % were active 2 quarters later"]


def test_contracts_without_orders_are_shown_by_the_attributes_by_which_most_have_ended():
    rates = {"plan: monthly": 0.4, "plan: two years": 0.1, "paper: yes": 0.3, "paper: no": 0.25,
             "age: not recorded": 0.9}
    table = estimate_table([Estimate("churn_rate", rate, rate - 0.01, rate + 0.01, "share", 500, of)
                            for of, rate in rates.items()])
    base = leading.contracts()
    base.loc[base["quantity"] == "net_sales_change", "status"] = "not_applicable"
    assert titles(leading.results(customer_base=base, churn_by_attribute=table), MONTHS.head(1)) == [
        "Contracts ended by plan: 40.0 % of monthly, 10.0 % of two years",
        "Contracts ended by paper: 30.0 % of with paper, 25.0 % of no paper"]
    assert titles(leading.results(customer_base=leading.contracts(), churn_by_attribute=table), MONTHS.head(1)) == []


def test_who_bought_again_stands_beside_the_same_quarter_of_the_year_before():
    days = pd.date_range("2024-12-31", periods=5, freq="QE")
    again = pd.DataFrame({"figure": kpi_history.AGAIN, "on": days, "value": [0.5, 0.5, 0.5, 0.5, 0.6]})
    assert leadership_figures.bought_again_title(again) == (
        "60.0 % of the customers of the quarter before bought again in that to 31 December 2025, 50.0 % a year earlier")
    assert leadership_figures.bought_again_title(again.head(1)).endswith("31 December 2024")
