from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers.reporting.fan_plot import fan_plot
from helpers.reporting.text import next_quarter as text
from helpers.value import sales_forecast
from helpers.value.btyd.frequency_recency import FrequencyRecency
from tests.reporting import leading


def forecast(orders):
    back = pd.to_timedelta(7 * np.arange(len(orders))[::-1], "D")
    weeks = pd.DataFrame({"week_on": pd.Timestamp("2025-12-31") - back, "orders": orders,
                          "new_customers": 0.25 * orders, "net_sales": 10 * orders, "margin": 4 * orders})
    counts = FrequencyRecency(np.zeros(1), np.zeros(1), np.ones(1), np.array([40.0]))
    return sales_forecast.forecast_from_weeks(weeks, lambda _: counts, None, date(2025, 12, 31))


STEADY = forecast(np.repeat([100.0, 110.0, 100.0, 110.0, 100.0], 13))


def test_the_finding_tells_the_quarter_its_range_and_how_past_ones_were_forecast():
    first, tested = text.sales_forecast_sentences(STEADY, {}, "GBP")
    assert first.startswith("If all goes on as in the last quarter, the 13 weeks up to 1 April 2026 bring 1,300 [")
    assert "£13,000 [" in first
    assert "25.0 % of these orders are expected from customers who are still to come" in first
    assert "Net sales of 3 past quarters, forecast from what was known before each, were off by 9.4 %" in tested
    assert tested.endswith("So few quarters leave the range wide.")
    seasonal = text.sales_forecast_sentences(replace(STEADY, has_season=True), {}, "GBP")[1]
    assert seasonal.endswith("wide. The season was known less well before them, which widens it further.")
    assert text.sales_forecast_title(STEADY, "GBP").startswith("Next 13 weeks if nothing is done: £13,000 [")


def test_a_plan_stands_beside_what_comes_anyway():
    said = text.sales_forecast_sentences(STEADY, {"net_sales": 14_000.0, "orders": float("nan")}, "GBP")
    assert said[1].startswith("Planned are £14,000 of net sales: without action £1,000 less than planned is expected")
    assert len(said) == 3
    table = text.sales_forecast_table(STEADY, {"net_sales": 14_000.0}).set_index("measure")
    assert table.loc["net sales", ["expected", "seasonal_naive", "last_quarter", "plan"]].tolist() == [
        13_000.0, 14_300.0, 13_000.0, 14_000.0]
    assert "plan" not in text.sales_forecast_table(STEADY, {})


def test_a_history_too_short_is_told_and_not_drawn():
    short = forecast(np.repeat(10.0, 30))
    assert text.sales_forecast_sentences(short, {})[0].startswith(
        "What comes if nothing is done cannot be stated: purchases are on record for 30 whole weeks")
    assert text.sales_forecast_table(short, {}).empty
    assert "There is no forecast to draw." in repr(fan_plot(*short.weeks("net_sales"), short.fan("net_sales"),
                                                            text.sales_forecast_title(short), "money"))


def test_the_fan_follows_a_year_of_weeks_and_what_was_forecast_in_it():
    happened, earlier = STEADY.weeks("net_sales")
    assert (len(happened), earlier["part"].nunique()) == (52, 3)
    assert earlier["on"].max() == pd.Timestamp("2025-12-31")
    drawn = repr(fan_plot(happened, earlier, STEADY.fan("net_sales"), "What comes", "£ a week"))
    assert drawn.startswith("What comes")


def test_past_quarters_stand_beside_what_happened_the_latest_first():
    table = text.past_quarters_table(STEADY)
    assert table["due_on"].tolist() == ["31 December 2025", "1 October 2025", "2 July 2025"]
    assert table[["forecast", "seasonal_naive", "last_quarter", "actual"]].iloc[0].tolist() == [
        14_300.0, 13_000.0, 14_300.0, 13_000.0]


def ahead(rule=900.0, plan=float("nan"), chance=float("nan"), anonymous=float("nan")):
    due_on = pd.Timestamp("2026-09-28")
    rows = [{"measure": measure, "period": period, "due_on": due_on, "quantile": quantile, "value": factor * value,
             "rule_value": factor * rule, "rule": "last-quarter rule", "other_rule_value": factor * rule / 2,
             "plan_value": plan, "plan_chance": chance, "anonymous_value": anonymous, "unit": "money", "n": 100}
            for measure, factor in (("net_sales", 10.0), ("margin", 1.0)) for period in ("week", "quarter")
            for quantile, value in ((0.025, 80.0), (0.25, 95.0), (0.5, 100.0), (0.75, 105.0), (0.975, 120.0))]
    return pd.DataFrame(rows)


def said_ahead(table, by_contact=None):
    found = leading.results(sales_forecast=table)
    return " ".join(filter(None, (text.quarter_verdict(found, by_contact),
                                  text.beside_the_forecast(found, by_contact))))


def test_what_comes_if_nothing_is_done_stands_beside_both_simple_rules_the_nearer_first():
    assert said_ahead(ahead()) == (
        "Going on as now brings €1,000 [€800, €1,200] of net sales and €100 [€80.00, €120] of margin in the 13 weeks "
        "to 28 September 2026. Half of such forecasts bring [€950, €1,050] of net sales. The simple rule that was "
        "nearer in past quarters, the last quarter again, says €9,000. The other, the same quarter a year before, says "
        "€4,500.")
    assert said_ahead(ahead(float("nan"))).endswith("of net sales.")
    sales = ahead()
    assert "of margin" not in said_ahead(sales[sales["measure"] == "net_sales"], (10.0, 5.0, 15.0))
    assert said_ahead(pd.DataFrame()) == ""


def test_without_contact_the_margin_that_it_brings_is_missing_and_both_ranges_count():
    said = said_ahead(ahead(), (40.0, 25.0, 55.0))
    # 100 - 40 = 60, and the root of 20² + 15² on both sides
    assert "; without any contact €60.00 [€35.00, €85.00] of margin." in said
    assert "Without contact: if it does as much as the last list that question 5 measures." in said
    assert "contact" not in said_ahead(ahead())


def test_which_of_the_decisions_of_today_are_in_the_forecast_is_told():
    def told(by_contact=None, **tables):
        return text.beside_the_forecast(leading.results(sales_forecast=ahead(), **tables), by_contact)
    asked = {"decisions": pd.DataFrame([leading.decision()])}
    assert told(**asked).startswith("None of today's decisions is in it.")
    assert told((40.0, 25.0, 55.0), **asked).startswith(
        "Contact goes on in it as in the last quarter; the other decisions of today are not in it.")
    assert "decisions" not in told()


def test_sales_that_finance_counts_beyond_the_forecast_are_named_beside_it():
    assert said_ahead(ahead(anonymous=44.0)).endswith(
        "Customers won during the quarter are counted in it and in the plan; sales without a customer number, €44.00 "
        "in the last 13 weeks, in neither.")
    assert "number" not in said_ahead(ahead(anonymous=0.0))
    known = replace(STEADY, anonymous=440.0)
    assert "part of none of these figures nor of the plan: £440" in " ".join(
        text.sales_forecast_sentences(known, {}, "GBP"))


def test_a_range_of_sales_that_is_wider_than_what_is_expected_is_explained():
    wide = ahead().assign(value=lambda rows: rows["value"].where(rows["quantile"] < 0.9, 10 * rows["value"]))
    assert "past quarters forecast in the same way were off by as much" in said_ahead(wide)
    assert "off by as much" not in said_ahead(ahead())


@pytest.mark.parametrize(("plan", "chance", "place"), [
    (1_300.0, 0.247, "the plan of €1,300 lies above that range"), (700.0, 0.247, "the plan of €700 lies below that "
     "range"), (1_000.0, 0.247, "the plan of €1,000 has a chance of 24.7 %"),
    (1_000.0, np.nan, "the plan of €1,000 lies within that range")])
def test_the_plan_of_the_quarter_is_placed_in_the_range_of_the_forecast(plan, chance, place):
    assert f"to 28 September 2026; {place}." in said_ahead(ahead(plan=plan, chance=chance))
