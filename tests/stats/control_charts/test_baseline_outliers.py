import numpy as np
import pytest

from helpers.stats.control_charts import control_limits, spc_charts
from helpers.stats.control_charts.baseline_outliers import without_outliers
from helpers.stats.control_charts.time_series import RATE_SERIES, TimeSeries

MONTHS = np.datetime64("2023-07-01", "M") + np.arange(30)

DESIGN = np.column_stack([np.ones(30), control_limits.seasonal_harmonics(np.arange(30), 12)])


def complaints(**planted):
    share = np.random.default_rng(5).poisson(20, 30).astype(float)
    for place, count in planted.items():
        share[int(place.removeprefix("month_"))] = count
    return TimeSeries("complaint rate", MONTHS.astype("datetime64[us]"), share, np.full(30, 3.0), RATE_SERIES)


def chart(**planted):
    return spc_charts.control_chart(complaints(**planted), spc_charts.ChartScheme(12, 0.2, seed=1, draws=500))


def test_a_month_far_beyond_the_limits_is_left_out_and_the_limits_are_those_without_it():
    found, quiet = chart(month_23=69), chart()
    assert list(found.left_out_of_baseline["on"]) == [MONTHS[23].astype("datetime64[us]")]
    assert quiet.left_out_of_baseline.empty
    live = found.points["is_live"].to_numpy()
    assert live.sum() == 6
    assert found.points["high"].notna().all()
    assert found.points["high"].to_numpy()[live] == pytest.approx(quiet.points["high"].to_numpy()[live], rel=0.2)
    assert found.points["value"].iloc[23] > found.points["high"].iloc[23]


def test_a_limit_is_finite_however_far_it_lies():
    assert complaints().figures_at(np.array([9.0, -9.0]), np.array([0, 1]), 7.0) == pytest.approx([21.0, 0.3], abs=3.0)


def test_what_the_outlier_would_have_hidden_alarms():
    assert "spike" in chart(month_23=69, month_27=60).alarms["kind"].tolist()


def test_least_squares_on_what_is_filled_in_is_least_squares_on_the_periods_kept():
    series = np.random.default_rng(1).normal(0, 1, (1, 30))
    series[0, [4, 11]] += 12
    filled, is_out = without_outliers(series, DESIGN, 24)
    assert np.flatnonzero(is_out[0]).tolist() == [4, 11]
    kept = ~is_out[0, :24]
    alone = np.linalg.lstsq(DESIGN[:24][kept], series[0, :24][kept], rcond=None)[0]
    assert np.linalg.lstsq(DESIGN[:24], filled[0, :24], rcond=None)[0] == pytest.approx(alone)
    assert filled[0, 24:] == pytest.approx(series[0, 24:])


def test_a_quiet_baseline_loses_a_period_once_in_a_hundred():
    series = np.random.default_rng(2).normal(0, 1, (20_000, 30))
    _, is_out = without_outliers(series, DESIGN, 24)
    assert is_out.any(axis=1).mean() == pytest.approx(0.01, abs=0.003)
    assert is_out.sum(axis=1).max() <= 2
