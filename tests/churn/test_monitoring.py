from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers.churn import churn_features, drift, inter_purchase_time, monitoring
from helpers.foundation import canonical_schema
from helpers.foundation.errors import InputError
from helpers.stats.control_charts.time_series import TimeSeries

END = date(2026, 3, 31)


def weeks(n=100):
    return (np.datetime64("2024-01-01") + 7 * np.arange(n)).astype("datetime64[us]")


def complaints(n=100, rate=4.0, seed=1, **extra):
    events = np.random.default_rng(seed).poisson(rate, n).astype(float)
    for at, more in extra.items():
        events[int(at[1:])] += more
    return TimeSeries(monitoring.COMPLAINT_RATE, weeks(n), events, np.full(n, 1.0), "rate")


def test_a_crisis_week_is_told_once_with_its_delay_and_its_repair():
    found = monitoring.complaint_bursts(complaints(w80=30, w81=20), 0.05)
    burst, = found.to_dict("records")
    assert (burst["began_on"], burst["last_on"]) == (weeks()[80], weeks()[81])
    assert burst["told_on"] == pd.Timestamp(weeks()[80]) + pd.Timedelta(days=6)
    assert (burst["law"], burst["rebuild_weeks"]) == ("Poisson", 2.0)
    opened = pd.Timestamp(weeks()[80]) + pd.to_timedelta(np.arange(12), "h")
    cases = pd.DataFrame({"opened_at": opened, "handled_at": opened + pd.Timedelta(hours=5), "closed_at": pd.NaT,
                          "cause": ["delivery"] * 9 + ["invoice"] * 3})
    repaired, = monitoring.trust_repair_times(found, cases).to_dict("records")
    assert (repaired["main_cause"], repaired["share_main_cause"], repaired["detect_days"]) == ("delivery", 0.75, 7)
    assert repaired["respond_hours"] == 5


def test_bursts_are_as_rare_as_stated_whether_complaints_are_poisson_or_spread_wider():
    # the bench repeats this at length
    for draw in (lambda rng: rng.poisson(4.0, 300), lambda rng: rng.negative_binomial(4, 0.5, 300)):
        n = sum(
            len(
                monitoring.complaint_bursts(
                    TimeSeries("c", weeks(300), draw(np.random.default_rng(s)).astype(float), np.ones(300), "rate"), 1.0
                )
            )
            for s in range(6)
        )
        years = 6 * (300 - 24) / 52
        assert 0.4 <= n / years <= 2.0


@pytest.mark.parametrize("n", [1, 23, 24])
def test_no_burst_is_told_before_24_weeks_are_known(n):
    assert monitoring.complaint_bursts(complaints(n=n, **{f"w{n - 1}": 90}), 0.05).empty
    assert monitoring.bursts_of_series((), monitoring.COMPLAINT_RATE, 0.05).empty


def test_the_board_watches_whole_weeks_of_those_who_are_active(session_engine, shop, transactions, subscriptions):
    table = shop(n=400, n_days=720)
    records = churn_features.ChurnTables(table, subscriptions())
    courses = monitoring.weekly_series(session_engine, records, END)
    assert [c.name for c in courses] == [monitoring.ACTIVE_BUYERS, monitoring.SPEND_PER_OCCASION]
    buyers = courses[0]
    assert pd.Timestamp(buyers.on[-1]) == pd.Timestamp("2026-03-23")
    frame = session_engine.frame(table)
    last = frame[(frame["ordered_at"] >= "2026-03-23") & (frame["ordered_at"] < "2026-03-30")]["customer_id"].nunique()
    assert buyers.value[-1] == last
    half_year = frame[(frame["ordered_at"] >= "2025-09-29") & (frame["ordered_at"] < "2026-03-30")]
    assert buyers.size[-1] == half_year["customer_id"].nunique()
    assert (
        monitoring.weekly_series(session_engine, churn_features.ChurnTables(transactions([]), subscriptions()), END)
        == ()
    )
    one = transactions([{"customer_id": "a", "ordered_at": "2026-03-01", "amount": 5}])
    assert monitoring.weekly_series(session_engine, churn_features.ChurnTables(one, subscriptions()), END) == ()


def test_an_index_of_stability_is_near_zero_without_drift_and_large_with_it():
    rng = np.random.default_rng(1)
    x, same, moved = (pd.Series(rng.normal(shift, 1, 5000)) for shift in (0, 0, 1))
    assert drift.population_stability_index(x, same) < 0.01
    assert drift.population_stability_index(x, moved) > drift.LARGE_PSI
    assert drift.population_stability_index(pd.Series(["a"] * 50), pd.Series(["b"] * 50)) > drift.LARGE_PSI
    assert drift.population_stability_index(pd.Series([np.nan] * 9), pd.Series([np.nan] * 9)) == pytest.approx(0)


def test_gaps_after_a_purchase_are_open_or_closed(session_engine, transactions):
    table = transactions([
        {"customer_id": "a", "ordered_at": "2026-01-01", "amount": 5}, {"customer_id": "a", "ordered_at": "2026-01-11",
                                                                        "amount": 7},
        {"customer_id": "b", "ordered_at": "2024-01-01", "amount": 5}, {"customer_id": "b", "ordered_at": "2026-03-21",
                                                                        "amount": 5}])
    found = inter_purchase_time.inter_purchase_gaps(session_engine, table, END)
    assert found[["customer_id", "days", "has_ended", "spent"]].values.tolist() == [
        ["a", 10.0, True, 5.0], ["b", 10.0, False, 10.0]]


def test_contracts_last_by_plan_and_small_groups_are_left_out(contracts):
    table = canonical_schema.SUBSCRIPTIONS
    frame = contracts().reindex(columns=[*table.names[2:]])
    found = inter_purchase_time.contract_durations(frame, END)
    curves = inter_purchase_time.survival_curves(pd.DataFrame(), found)
    assert curves["group"].unique().tolist() == ["month", "year"]
    summary = inter_purchase_time.survival_summary(curves, 12)
    assert ((summary["low"] <= summary["share_left"]) & (summary["share_left"] <= summary["high"])).all()
    assert inter_purchase_time.survival_curves(pd.DataFrame(), found.head(20)).empty
    assert inter_purchase_time.contract_durations(frame.head(0), END).empty


def test_bursts_are_not_looked_for_in_a_series_without_exposure():
    with pytest.raises(InputError, match="the series has no exposure"):
        monitoring.complaint_bursts(TimeSeries("complaints", weeks(30), np.ones(30)), 0.05)
