import numpy as np
import pytest

from helpers.stats.control_charts import control_limits, spc_charts
from helpers.stats.control_charts.time_series import RATE_SERIES, SHARE_SERIES, TimeSeries

N = 130
SCHEME = spc_charts.ChartScheme(false_alarms_a_year=0.25, seed=1, draws=1000)


def weeks(n):
    return (np.datetime64("2023-07-03") + 7 * np.arange(n)).astype("datetime64[us]")


def orders(seed=1, n=N, **planted):
    rng = np.random.default_rng(seed)
    value = 100 + 10 * np.sin(2 * np.pi * np.arange(n) / 52) + rng.normal(0, 5, n)
    for place, more in planted.items():
        kind, at = place.split("_")
        value[int(at):int(at) + 1 if kind == "spike" else None] += more
    return TimeSeries("orders", weeks(n), value)


def test_a_crisis_week_alarms_once_and_at_once():
    found = spc_charts.control_chart(orders(spike_100=40), SCHEME)
    assert found.alarms[["kind", "direction", "delay_periods"]].values.tolist() == [["spike", "above", 0]]
    assert found.points["alarm"].to_numpy()[100] == "spike"
    assert found.reason == ""


def test_a_level_shift_alarms_once_with_its_onset_and_a_new_baseline():
    found = spc_charts.control_chart(orders(shift_90=-15), SCHEME)
    alarm, = found.alarms.to_dict("records")
    assert (alarm["kind"], alarm["direction"]) == ("shift", "below")
    assert abs((alarm["began_on"] - np.datetime64(weeks(N)[90])).days) <= 14
    told = int(np.flatnonzero(found.points["alarm"] == "shift")[0])
    assert alarm["delay_periods"] <= 6
    assert found.points["is_baseline"].to_numpy()[told + 5:told + 20].all()
    assert not found.points["is_live"].to_numpy()[told + 5:told + 20].any()


def test_a_chart_just_after_a_shift_says_that_it_is_silent():
    found = spc_charts.control_chart(orders(shift_115=25), SCHEME)
    assert len(found.alarms) == 1
    assert "since the level shifted, more than 24 are needed" in found.reason
    assert np.isnan(found.false_alarms_a_year)


@pytest.mark.parametrize("n", [1, 23, 24])
def test_no_more_than_24_periods_raise_no_alarm(n):
    found = spc_charts.control_chart(orders(n=n), SCHEME)
    assert found.alarms.empty
    periods = "1 period" if n == 1 else f"{n} periods"
    assert found.reason == f"{periods} with a figure, more than 24 are needed: the baseline and one to watch"
    assert len(found.points) == n


def test_a_board_shares_its_false_alarms_and_leaves_out_who_is_too_short():
    found = spc_charts.chart_set([orders(1), orders(2), orders(3, n=20)], SCHEME)
    assert found.false_alarms_a_year == pytest.approx(SCHEME.false_alarms_a_year, rel=0.1)
    assert found.charts[0].false_alarms_a_year == pytest.approx(SCHEME.false_alarms_a_year / 2, rel=0.1)
    assert len(found.table()) == 2 * N + 20
    assert spc_charts.chart_set([], SCHEME).alarms.empty


@pytest.mark.parametrize("kind", [SHARE_SERIES, RATE_SERIES])
def test_shares_and_rates_are_watched_by_their_size(kind):
    rng, size = np.random.default_rng(3), np.full(N, 300.0)
    events = rng.binomial(300, 0.02, N).astype(float)
    size[100], events[100] = 3000.0, 60.0  # ten times the size: as many events as it should have
    calm = spc_charts.control_chart(TimeSeries("complaints", weeks(N), events, size, kind), SCHEME)
    assert "spike" not in calm.alarms["kind"].tolist()
    size[100] = 300.0
    assert spc_charts.control_chart(TimeSeries("complaints", weeks(N), events, size, kind), SCHEME).alarms[
        "kind"
    ].tolist() == ["spike"]


def test_a_period_without_a_figure_is_passed_over():
    course = orders(spike_100=40)
    value = course.value.copy()
    value[50] = np.nan
    found = spc_charts.control_chart(TimeSeries("orders", course.on, value), SCHEME)
    assert np.isnan(found.points["value"].to_numpy()[50])
    assert found.alarms["kind"].tolist() == ["spike"]


def test_limits_are_wider_the_shorter_the_baseline():
    short, long = (
        control_limits.simulate_limits(control_limits.LimitDesign(n, 52, 52), 0.005, 1000, 1) for n in (24, 100)
    )
    assert short.shift > long.shift > 4
    assert short.shewhart > long.shewhart


def quiet(rng, kind, n):
    if kind == RATE_SERIES:
        size = rng.integers(100, 300, n).astype(float)
        return TimeSeries(kind, weeks(n), rng.poisson(size * 0.03).astype(float), size, kind)
    noise, follows = rng.normal(0, 1, n), rng.choice([0.0, 0.2, 0.5])
    for t in range(1, n):
        noise[t] += follows * noise[t - 1]
    return TimeSeries(kind, weeks(n), 50 + 3 * np.sin(2 * np.pi * np.arange(n) / 52 + rng.random()) + noise)


def test_quiet_boards_alarm_as_often_as_they_say():
    # the bench repeats this with 2,000 and more series
    rng, scheme, n_alarms, n_years = np.random.default_rng(11), spc_charts.ChartScheme(false_alarms_a_year=1.0), 0, 0.0
    for _ in range(60):
        found = spc_charts.chart_set([quiet(rng, kind, 104) for kind in ("mean", "mean", RATE_SERIES, "mean")], scheme)
        n_alarms += len(found.alarms)
        n_years += sum(c.points["is_live"].sum() for c in found.charts) / 4 / 52
    assert n_alarms / n_years == pytest.approx(1.0, rel=0.3)
