"""The forecast of the next quarter: recomputed by hand, tried on planted companies, graded when due."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from helpers.customers.windows import TimeWindow
from helpers.foundation.errors import InputError
from helpers.foundation.study_config import Economics, validate_model
from helpers.reporting.text import next_quarter
from helpers.value import sales_forecast, seasonality, weekly_sales
from helpers.value.btyd.fitting import BtydFit
from helpers.value.btyd.frequency_recency import FrequencyRecency
from helpers.value.btyd.pareto_nbd import PARETO_NBD
from helpers.value.config import PlanConfig
from helpers.value.schema import SALES_FORECAST, VALUE_FORECASTS

END = date(2025, 12, 31)
EVEN = np.ones(52)  # no season
TRUTH = np.array([0.8, 8.0, 0.6, 15.0])


def weeks(orders, new=None, price=10.0):
    """Return a history of weeks up to the end, a third of whose money is margin."""
    orders = np.asarray(orders, "float64")
    on = pd.Timestamp(END) - pd.to_timedelta(7 * np.arange(len(orders))[::-1], "D")
    return pd.DataFrame({"week_on": on, "orders": orders, "new_customers": orders / 2 if new is None else new,
                         "net_sales": price * orders, "margin": price * orders / 3})


def nobody(_):
    return FrequencyRecency(np.zeros(1), np.zeros(1), np.ones(1), np.array([40.0]))


def forecast(history):
    return sales_forecast.forecast_from_weeks(history, nobody, None, END)


def test_weeks_end_on_the_last_day_and_add_up_to_what_was_sold(session_engine, transactions):
    rows = [("ann", "2025-12-31", 10.0), ("ann", "2025-12-24", 20.0), ("bob", "2025-12-25", 5.0),
            ("bob", "2025-12-12", 7.0), ("cid", "2025-12-10", 100.0)]
    table = transactions([dict(zip(("customer_id", "ordered_at", "amount"), row, strict=True)) for row in rows])
    found = weekly_sales.weekly_sales(session_engine, table, END, 0.5)
    assert found["week_on"].dt.strftime("%m-%d").tolist() == ["12-17", "12-24", "12-31"]
    assert found["orders"].tolist() == [1, 1, 2]  # the oldest week, which is not whole, is left out
    assert found["new_customers"].tolist() == [1, 1, 0]  # bob, ann
    assert found["net_sales"].tolist() == [7, 20, 15]
    assert found["margin"].tolist() == [3.5, 10, 7.5]


def test_a_season_is_found_where_one_is_planted_and_only_there():
    time, rng = np.arange(156), np.random.default_rng(3)
    planted = 1 + 0.4 * np.cos(2 * np.pi * time / 52)
    found = seasonality.seasonal_index(rng.poisson(200 * planted * 1.003**time).astype(float))
    assert found == pytest.approx(planted[:52], abs=0.05)
    assert (seasonality.seasonal_index(rng.poisson(200 * np.ones(156)).astype(float)) == 1).all()
    assert (seasonality.seasonal_index(planted[:103]) == 1).all()  # less than two years


def test_in_seasonal_time_a_quiet_half_year_passes_more_slowly():
    season = np.repeat([1.5, 0.5], 26)
    counts = FrequencyRecency(np.array([2.0, 0.0]), np.array([20.0, 0.0]), np.array([30.0, 78.0]), np.ones(2))
    found = seasonality.counts_in_seasonal_time(counts, season, 104)  # the last 26 weeks are quiet ones
    assert found.T.tolist() == [26 * 0.5 + 4 * 1.5, 52 + 26 * 0.5]
    assert found.t_x.tolist() == [4 * 1.5 + 16 * 0.5, 0.0]
    even = seasonality.counts_in_seasonal_time(counts, EVEN, 104)
    assert (even.T.tolist(), even.t_x.tolist()) == (counts.T.tolist(), counts.t_x.tolist())


def test_who_is_silent_in_a_quiet_season_is_not_taken_as_lost():
    fit = BtydFit(PARETO_NBD, TRUTH, np.eye(4), 0.0, 1)
    silent = FrequencyRecency(np.array([8.0]), np.array([40.0]), np.array([60.0]), np.array([100.0]))
    quiet = np.concatenate([np.full(39, 1.2), np.full(13, 0.4)])  # the end of a year; the next one begins busy
    by_season, by_weeks = (
        weekly_sales.expected_weeks(weeks([50.0] * 104, new=0.0), counts, fit, quiet)["today"].sum()
        for counts in (seasonality.counts_in_seasonal_time(silent, quiet, 104), silent))
    assert by_season > 1.05 * by_weeks


def test_the_rest_of_a_year_follows_the_season():
    planted = 100 * (1 + 0.4 * np.cos(2 * np.pi * np.arange(156) / 52))
    ahead = weekly_sales.expected_weeks(weeks(planted), nobody(0), None, seasonality.seasonal_index(planted))
    assert ahead["orders"].to_numpy() == pytest.approx(planted[:13], rel=0.01)
    assert ahead["net_sales"].to_numpy() == pytest.approx(10 * planted[:13], rel=0.01)


def test_orders_of_today_and_of_new_customers_are_those_of_the_model_recomputed_by_simulation():
    fit = BtydFit(PARETO_NBD, TRUTH, np.eye(4), 0.0, 1)
    counts = FrequencyRecency(np.array([3.0, 0.0]), np.array([20.0, 0.0]), np.array([30.0, 30.0]),
                              np.array([200.0, 300.0]))
    ahead = weekly_sales.expected_weeks(weeks([50.0] * 60, new=8.0), counts, fit, EVEN)
    rng = np.random.default_rng(5)
    alive = PARETO_NBD.p_alive(counts, TRUTH)
    drawn = PARETO_NBD.drawn(rng, counts, TRUTH, 13.0, rng.random((2, 20_000)) < alive[:, None])
    assert ahead["today"].sum() == pytest.approx(counts.n @ drawn.mean(axis=1), rel=0.03)
    came = np.repeat(np.arange(13), 8 * 400)
    left = np.minimum(13 - came - 0.5, rng.exponential(1 / rng.gamma(TRUTH[2], 1 / TRUTH[3], len(came))))
    repeats = rng.poisson(rng.gamma(TRUTH[0], 1 / TRUTH[1], len(came)) * left).sum() / 400
    assert ahead["new"].sum() == pytest.approx(13 * 8 + repeats, rel=0.03)


def test_who_adds_no_customers_any_more_is_expected_none():
    ahead = weekly_sales.expected_weeks(weeks([30.0] * 60, new=0.0), nobody(0), None, EVEN)
    assert ahead["new"].sum() == 0
    assert ahead["today"].sum() == pytest.approx(13 * 30)


def test_the_range_is_that_of_the_errors_in_past_quarters():
    history = weeks(np.repeat([100.0, 110.0, 98.0, 105.0], 13))
    found = forecast(history)
    assert found.n_quarters == 2
    errors = [105 / 98 - 1, 98 / 110 - 1]
    assert found.spread("orders") == pytest.approx(np.sqrt(np.mean(np.square(errors))))
    assert found.expected("orders") == pytest.approx(13 * 105)
    low, high = found.quantiles("orders", 13 * 105.0)[[0, -1]]
    half = stats.t.ppf(0.975, 2) * np.sqrt(planted_variance())
    assert (low, high) == (pytest.approx(13 * 105 * (1 - half)), pytest.approx(13 * 105 * (1 + half)))


def test_a_range_that_would_begin_at_nothing_is_not_told_and_nothing_is_forecast():
    found = forecast(weeks(np.repeat([100.0, 160.0, 70.0, 180.0], 13)))
    assert found.reason == sales_forecast.TOO_WIDE
    assert found.table().empty
    assert found.forecasts(pd.DataFrame(columns=list(VALUE_FORECASTS.names))).empty
    said = next_quarter.sales_forecast_sentences(found, {"orders": 100.0})
    assert said == ("What comes if nothing is done cannot be stated: past quarters, forecast in the same way, were off "
                    "by so much that the range would begin at nothing.",)
    told = found.errors().set_index("quantity")
    assert told.loc["quarters_tried", "value"] == 2
    assert told.loc["quarter_by_rule"].set_index("segment")["value"]["net_sales by last-quarter rule"] == 13 * 1800
    assert (told.loc["quarter_error", "status"] == "ok").sum() == 6
    assert told.loc["quarter_error"].set_index("segment")["reason"]["all"] == sales_forecast.TOO_WIDE


def planted_variance():
    """Return the variance of four quarters with 100, 110, 98 and 105 orders a week, of which two are tried [share²]."""
    squares, made = np.array([105 / 98 - 1, 98 / 110 - 1]) ** 2, 13 * np.array([98.0, 110.0])
    by_chance = 2 / made  # of the orders themselves, and of as many in the quarter before, which they are expected by
    assert (squares / by_chance).mean() > 4
    return 4 * 2 / (13 * 105) + (squares - 4 * by_chance).mean()


@pytest.mark.parametrize("scale", [1.0, 100.0])
def test_errors_that_chance_explains_shrink_with_the_orders_and_others_stay_a_share_of_them(scale):
    errors = np.array([0.06, -0.04, 0.05, -0.06])
    made, unknown = scale * np.array([900.0, 800.0, 700.0, 600.0]), np.array([0.001, 0.001, 0.002, 0.004])
    past = pd.concat([pd.DataFrame({"quarter": q, "week": np.arange(13), "measure": "orders", "forecast": made[q] / 13,
                                    "seasonal_naive": 1.0, "last_quarter": 1.0, "estimate_error": unknown[q] / scale,
                                    "actual": made[q] * (1 + errors[q]) / 13}) for q in range(4)])
    ahead = pd.DataFrame({"today": scale * 1_000 / 13, "new": 0.0, "orders": np.full(13, scale * 1_000 / 13)})
    found = sales_forecast.SalesForecast(END, "model", 40, weeks([10.0] * 104), ahead, past, 0.001 / scale)
    half = found.quantiles("orders", 1_000 * scale)[-1] / (1_000 * scale) - 1
    dispersion = np.mean(errors**2 / (1 / made + unknown / scale))
    if scale == 1:
        assert half == pytest.approx(stats.t.ppf(0.975, 4) * np.sqrt(dispersion * (0.001 + 0.001)))
        assert half < stats.t.ppf(0.975, 4) * np.sqrt(np.mean(errors**2))  # more is known than before those quarters
    else:
        assert half == pytest.approx(stats.t.ppf(0.975, 4) * np.sqrt(np.mean(errors**2)), rel=0.02)


def test_errors_in_past_quarters_count_the_customers_they_rest_on_so_that_few_quarters_are_not_taken_for_few_people():
    assert set(forecast(weeks(np.repeat([100.0, 110.0, 98.0, 105.0], 13))).errors()["n"]) == {40}


def test_a_known_season_is_tested_on_quarters_that_knew_it():
    planted = 100 * (1 + 0.4 * np.cos(2 * np.pi * np.arange(143) / 52))
    found = forecast(weeks(planted))
    assert (found.has_season, found.n_quarters) == (True, 3)
    assert found.spread("orders") < 0.05
    young = forecast(weeks(planted[:117]))  # one such quarter is no test
    assert (young.has_season, young.n_quarters) == (True, 7)


def test_the_range_is_never_narrower_than_chance():
    found = forecast(weeks([4.0] * 78))
    assert found.spread("orders") == 0
    assert found.quantiles("orders", 52.0)[-1] == pytest.approx(52 * (1 + stats.norm.ppf(0.975) / np.sqrt(52)))


def test_a_history_that_bears_no_test_bears_no_forecast():
    found = forecast(weeks([10.0] * 51))
    assert "51 whole weeks; with fewer than 52" in found.reason
    assert found.table().empty
    assert found.errors()["status"].tolist() == ["insufficient"]
    assert found.forecasts(pd.DataFrame(columns=list(VALUE_FORECASTS.names))).empty


def test_the_table_holds_weeks_and_quarter_beside_rule_and_plan():
    found = forecast(weeks(100 + np.arange(104.0)))
    table = found.table({"net_sales": 5_000.0})
    assert list(table.columns) == [name for name in SALES_FORECAST.names if name in table.columns]
    assert not table.duplicated(list(SALES_FORECAST.key)).any()
    whole = table[(table["period"] == "quarter") & (table["quantile"] == 0.5)].set_index("measure")
    by_week = table[(table["period"] == "week") & (table["quantile"] == 0.5)].groupby("measure")["value"].sum()
    assert whole["value"].to_dict() == pytest.approx(by_week.to_dict())
    said = whole.loc["orders", ["rule", "rule_value", "other_rule_value"]].tolist()  # of a company that grows
    assert said == ["last-quarter rule", sum(range(191, 204)), sum(range(152, 165))]
    assert whole["plan_value"].to_dict() == {"orders": pytest.approx(np.nan, nan_ok=True), "net_sales": 5_000.0,
                                             "margin": pytest.approx(np.nan, nan_ok=True)}
    assert whole["due_on"].unique().tolist() == [pd.Timestamp("2026-04-01")]


def test_orders_without_money_are_counted_and_no_money_is_told():
    found = forecast(weeks(100 + np.arange(104.0), price=0.0))
    assert set(found.table()["measure"]) == {"orders"}
    made = found.forecasts(pd.DataFrame(columns=list(VALUE_FORECASTS.names)))
    assert made["quantity"].tolist() == ["quarter_orders", "quarter_orders_by_rule", "quarter_orders_by_other_rule"]
    assert made[["value", "low", "high"]].notna().all(axis=None)
    said = next_quarter.sales_forecast_sentences(found, {"net_sales": 5.0})
    assert "orders from customers known by an id" in said[0]
    assert said[-1].count("Orders of 6 past quarters") == 1


def test_a_quarter_is_graded_by_everybodys_sales_the_rule_beside_the_forecast(session_engine, transactions):
    due = forecast(weeks([10.0] * 78)).forecasts(pd.DataFrame(columns=list(VALUE_FORECASTS.names)))
    rows = [{"customer_id": who, "ordered_at": day, "amount": 30.0} for who, day in
            (("ann", "2025-12-31"), ("ann", "2026-01-01"), ("new", "2026-04-01"), ("ann", "2026-04-02"))]
    found = weekly_sales.realised_sales(session_engine, transactions(rows), due, Economics(margin_rate=0.4))
    came = {"quarter_orders": 2, "quarter_net_sales": 60, "quarter_margin": 24}
    assert dict(zip(due["quantity"], found, strict=True)) == {
        f"{quantity}{suffix}": actual for quantity, actual in came.items()
        for suffix in ("", "_by_rule", "_by_other_rule")}


def test_a_plan_by_calendar_quarter_is_shared_out_by_days():
    plan = validate_model(PlanConfig, {"quarters": {"2026-Q1": {"net_sales": 9_000.0, "orders": 900.0},
                                                    "2026-Q2": {"net_sales": 9_100.0}}}, "study [plan]")
    planned = plan.planned(TimeWindow(date(2026, 3, 31), date(2026, 4, 2)))
    assert planned["net_sales"] == pytest.approx(9_000 / 90 + 2 * 9_100 / 91)
    assert np.isnan(planned["orders"])
    with pytest.raises(InputError, match="'2026q1' is no quarter; quarters are named such as 2026-q3"):
        validate_model(PlanConfig, {"quarters": {"2026Q1": {}}}, "study [plan]")


def test_the_chance_to_reach_a_plan_is_one_half_at_what_is_expected():
    found = forecast(weeks(np.repeat([100.0, 110.0, 98.0, 105.0], 13)))
    assert found.share_of_chance("orders", found.expected("orders")) == pytest.approx(0.5)
    assert found.share_of_chance("orders", found.quantiles("orders", found.expected("orders"))[-1]) == pytest.approx(
        0.025)


def test_the_chance_to_reach_the_plan_is_read_off_the_distribution_whose_quantiles_are_told():
    found = forecast(weeks(np.repeat([100.0, 110.0, 98.0, 105.0], 13)))
    whole = found.table({"orders": 1_400.0}).query("period == 'quarter' and measure == 'orders'")
    by_level = whole.set_index("quantile")["value"]
    assert by_level[0.5] < 1_400 < by_level[0.75]
    reached = (1_400 / (13 * 105) - 1) / np.sqrt(planted_variance())
    assert whole["plan_chance"].iloc[0] == pytest.approx(stats.t.sf(reached, 2), abs=1e-4)


def test_the_rule_beside_a_forecast_is_the_one_that_was_nearer_in_past_quarters():
    rng = np.random.default_rng(8)
    orders = rng.poisson(100 * 1.01 ** np.arange(130))
    grown = forecast(weeks(orders))
    assert grown.rules("orders") == ("last_quarter", "seasonal_naive")
    planted = 100 * (1 + 0.6 * np.cos(2 * np.pi * np.arange(156) / 52))
    seasonal = forecast(weeks(rng.poisson(planted)))
    assert seasonal.rules("orders")[0] == "seasonal_naive"
    assert forecast(weeks([10.0] * 60)).rules("orders") == ("last_quarter",)  # no past quarter has tried the other
    made = grown.forecasts(pd.DataFrame(columns=list(VALUE_FORECASTS.names))).set_index("quantity")
    assert made.loc["quarter_orders_by_rule", "model"] == "last-quarter rule"
    assert made.loc["quarter_orders_by_rule", "value"] == orders[117:].sum()
    assert made.loc["quarter_orders_by_other_rule", "value"] == orders[78:91].sum()


def test_sales_without_a_customer_in_the_last_quarter_are_told_apart(session_engine, transactions):
    rows = [{"customer_id": f"{i}", "ordered_at": f"{END - timedelta(7 * i)}", "amount": 10.0} for i in range(70)]
    rows += [{"customer_id": None, "ordered_at": f"{END - timedelta(days)}", "amount": 7.0} for days in (3, 90, 91)]
    found = sales_forecast.forecast_sales(session_engine, transactions(rows), END, Economics(margin_rate=0.4), None)
    assert found.anonymous == pytest.approx(14.0)
    table = found.table().query("period == 'quarter'").set_index("measure")["anonymous_value"]
    assert table.loc["net_sales"].tolist() == pytest.approx([14.0] * 7)
    assert table["orders"].isna().all()


def test_a_fit_takes_every_kth_customer_of_many():
    counts = FrequencyRecency(np.arange(4.0), np.zeros(4), np.ones(4), np.array([100.0, 10.0, 1.0, 89.0]))
    found = weekly_sales.thinned(counts, 20)
    assert found.n_customers == 20
    assert found.x.tolist() == [0, 1, 3]


def test_a_closed_cohort_is_forecast_by_its_falling_orders(session_engine, cdnow_master):
    """Recomputed by hand: CDNOW's last quarter, forecast from the weeks before, was off by no more than it says."""
    at = date(1998, 6, 30)
    history = weekly_sales.weekly_sales(session_engine, cdnow_master, at, 0.3)
    assert history["orders"].sum() == 67_511  # days with money spent: 67,591 days, 80 of them without
    fit = BtydFit(PARETO_NBD, TRUTH, np.eye(4), 0.0, 1)
    found = sales_forecast.forecast_sales(session_engine, cdnow_master, at, Economics(margin_rate=0.3), fit)
    latest = found.quarters().query("quarter == 0 and measure == 'orders'").iloc[0]
    assert latest["low"] < latest["actual"] < latest["high"]
    assert latest["forecast"] == pytest.approx(6_409, rel=0.02)
    assert found.ahead["new"].sum() == 0
    assert found.n_nearer("orders") == 3


def test_what_was_estimated_from_little_is_known_less_well():
    fit = BtydFit(PARETO_NBD, np.array([0.7, 9.0, 0.8, 12.0]), 0.01 * np.eye(4), 0.0, 400)
    few = FrequencyRecency(np.array([0.0, 2.0]), np.array([0.0, 20.0]), np.array([30.0, 30.0]), np.array([40.0, 10.0]))
    error = weekly_sales.estimate_error(weeks([30.0] * 60), few, fit, EVEN)
    surer = BtydFit(PARETO_NBD, fit.values, 0.0025 * np.eye(4), 0.0, 1_600)
    of_model = error - weekly_sales.estimate_error(weeks([30.0] * 60), few, surer, EVEN)
    made = weekly_sales.expected_weeks(weeks([30.0] * 60), few, fit, EVEN)
    drawn = fit.draws(np.random.default_rng(5), 400)
    orders = [weekly_sales.expected_weeks(weeks([30.0] * 60), few, BtydFit(PARETO_NBD, v, fit.covariance, 0.0, 400),
                                          EVEN)["orders"].sum() for v in drawn]
    assert of_model == pytest.approx(0.75 * (np.std(orders) / made["orders"].sum()) ** 2, rel=0.15)
    assert weekly_sales.estimate_error(weeks([30.0] * 60), few, None, EVEN) == pytest.approx(1 / (13 * 30))


def test_a_forecast_that_is_the_last_quarter_again_is_nearer_than_it_in_no_quarter():
    found = forecast(weeks(np.repeat([100.1, 110.3, 98.7, 105.9], 13)))
    assert (found.model, found.has_season) == (sales_forecast.RECENT_AVERAGE, False)
    assert found.n_nearer("net_sales") == 0
    assert "without a model or a season the forecast is the last quarter again." in " ".join(
        next_quarter.sales_forecast_sentences(found, {}))
