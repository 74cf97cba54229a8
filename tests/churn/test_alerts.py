from datetime import date
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from helpers.churn import alerts as alerts_module
from helpers.churn.config import AlertRule, ChurnConfig
from helpers.churn.schema import CHURN_ALERTS
from helpers.customers.random_assignment import REGISTRY_COLUMNS, Draw
from helpers.foundation.errors import InputError
from helpers.foundation.results import Status
from helpers.foundation.study_config import validate_model

TODAY = date(2026, 3, 31)
NONE = pd.DataFrame(columns=list(CHURN_ALERTS.names))
NO_DRAW = pd.DataFrame(columns=REGISTRY_COLUMNS)
RISK = ChurnConfig(rules={"risk": AlertRule(alert_threshold=0.6, clear_threshold=0.4, cause="risk", due_days=7)})


def scored(p, value=100.0):
    n = len(p)
    return pd.DataFrame({"customer_id": [f"c{i:03d}" for i in range(n)], "churn_probability": p,
                         "inactivity_percentile": 0.5,
                         "value_if_kept": value, "margin_at_risk": np.asarray(p) * value,
                         "due_on": pd.Timestamp("2026-06-29")})


def raised(p, before=NONE, assumed=RISK, seed=1, complaints=0.0, assigned=NO_DRAW):
    scores = scored(p)
    features = pd.DataFrame({"n_recent_complaints": [complaints] * len(p)})
    seen = SimpleNamespace(scoring=SimpleNamespace(features=features, about=scores[["customer_id"]]))
    draw = Draw("churn alerts of 2026-03-31", seed, assigned)
    return alerts_module.raise_alerts(scores, alerts_module.alert_signals(seen, scores), before, assumed, TODAY, draw)


def test_an_alert_has_an_owner_a_date_and_a_response(session_engine):
    found = raised(np.array([0.7, 0.3]))
    assert found[["customer_id", "respond_by_on", "owner", "is_new"]].values.tolist() == [
        ["c000", pd.Timestamp("2026-04-07"), "nobody yet", True]]
    table = CHURN_ALERTS.conformed(session_engine.lazy(raised(np.linspace(0, 1, 60))))
    assert CHURN_ALERTS.problems(session_engine.row(CHURN_ALERTS.counts(session_engine.view(table)))) == []


def test_hysteresis_keeps_an_open_alert_until_its_signal_is_low():
    before = raised(np.array([0.7, 0.7, 0.3])).assign(raised_on=pd.Timestamp("2026-01-01"))
    found = raised(np.array([0.5, 0.3, 0.5]), before)
    assert found[["customer_id", "is_new", "raised_on"]].values.tolist() == [
        ["c000", False, pd.Timestamp("2026-01-01")]]


def test_three_complaints_within_fourteen_days_alarm_and_older_ones_do_not_count(session_engine):
    rule = AlertRule(signal="complaints", window_days=14, alert_threshold=3, clear_threshold=3, cause="complaint")
    opened = {"c000": ["2026-03-18", "2026-03-24", "2026-03-31"], "c001": ["2026-03-17", "2026-03-24", "2026-03-31"],
              "c002": ["2026-03-30", "2026-03-31", "2026-04-01"]}
    cases = session_engine.lazy(pd.DataFrame(
        [{"customer_id": who, "kind": "complaint", "opened_at": pd.Timestamp(day)}
         for who, days in opened.items() for day in days]))
    scores = scored(np.zeros(3))
    bare = pd.DataFrame({"customer_id": scores["customer_id"]})
    found = alerts_module.with_complaint_windows(session_engine, bare, cases, [rule], TODAY)
    assert found[rule.signal_column].tolist() == [3, 2, 2]
    assumed = ChurnConfig(rules={"three in fourteen days": rule})
    draw = Draw("churn alerts of 2026-03-31", 1, NO_DRAW)
    assert alerts_module.raise_alerts(scores, found, NONE, assumed, TODAY, draw)["customer_id"].tolist() == ["c000"]
    unknown = alerts_module.with_complaint_windows(session_engine, bare, None, [rule], TODAY)
    assert alerts_module.raise_alerts(scores, unknown, NONE, assumed, TODAY, draw).empty


def test_two_rules_with_one_cause_give_one_alert():
    both = ChurnConfig(rules={"first": AlertRule(alert_threshold=0.6, clear_threshold=0.4, cause="risk"),
                              "second": AlertRule(signal="complaints", alert_threshold=1, clear_threshold=1,
                                                   cause="risk"),
                              "third": AlertRule(signal="complaints", alert_threshold=1, clear_threshold=1,
                                                  cause="trouble")})
    found = raised(np.array([0.7]), assumed=both, complaints=2.0)
    assert found["rule"].tolist() == ["first", "third"]


def test_the_hold_out_is_drawn_over_sorted_customers_and_stays():
    p = np.full(200, 0.9)
    first = raised(p)
    assert first["is_control"].sum() == 20
    pd.testing.assert_series_equal(first["is_control"], raised(p)["is_control"])
    assert set(first.loc[first["is_control"], "customer_id"]) != set(
        raised(p, seed=2).loc[raised(p, seed=2)["is_control"], "customer_id"])
    again = raised(p, first, seed=9)
    assert again["is_control"].tolist() == first["is_control"].tolist()
    none = raised(p, assumed=RISK.model_copy(update={"hold_out_share": 0.0}))
    assert not none["is_control"].any()


def test_an_alert_that_outlasts_the_window_of_its_draw_is_drawn_again_among_all_who_are_alerted():
    first = raised(np.full(200, 0.9))
    first = first.assign(draw="churn alerts of 2025-12-01", made_as_of_on=pd.Timestamp("2025-12-01"),
                         outcome_due_on=pd.Timestamp("2026-03-01"))
    held = first["is_control"].to_numpy()
    stayed = first[held | (np.arange(len(first)) % 2 == 0)]  # half of the treated came back, none of the held out
    again = raised(np.where(first["customer_id"].isin(stayed["customer_id"]), 0.9, 0.1), stayed)
    assert len(again) == len(stayed)
    assert again["is_control"].mean() == pytest.approx(0.1, abs=0.01)
    assert set(again["draw"]) == {"churn alerts of 2026-03-31"}
    within = stayed.assign(made_as_of_on=pd.Timestamp("2026-03-01"), draw="churn alerts of 2026-03-01",
                           outcome_due_on=pd.Timestamp("2026-05-30"))
    kept = raised(np.where(first["customer_id"].isin(stayed["customer_id"]), 0.9, 0.1), within)
    assert kept["is_control"].tolist() == stayed["is_control"].tolist()


def test_a_customer_whom_an_open_draw_assigned_keeps_that_arm_and_is_not_graded_with_the_alerts():
    open_draw = pd.DataFrame({
        "experiment": "action plan of 2026-02-28", "purpose": "action plan",
        "unit_id": [f"c{i:03d}" for i in range(80)],
        "variant": ["held out", "treated"] * 40, "probability": 0.5, "stratum": "all",
        "assigned_on": pd.Timestamp("2026-02-28"), "ends_on": pd.Timestamp("2026-05-29")})
    found = raised(np.full(200, 0.9), assigned=open_draw)
    of_plan, own = found.head(80), found.tail(120)
    assert of_plan["is_control"].tolist() == [True, False] * 40
    assert set(of_plan["draw"]) == {"action plan of 2026-02-28"}
    assert own["is_control"].sum() == 12
    assert set(own.loc[own["is_control"], "probability"]) == {0.1}
    grades = {e.quantity: e for e in alerts_module.grade_alerts(found, happened(found, 0.8), "run")}
    assert grades["alert_precision"].n == 12


def test_capacity_goes_to_those_with_most_at_stake_and_not_to_the_held_out():
    found = raised(np.linspace(0.6, 1, 100), assumed=RISK.model_copy(update={"capacity": 30}))
    within = found[found["is_within_capacity"]]
    assert len(within) == 30
    assert not within["is_control"].any()
    left = found[~found["is_within_capacity"] & ~found["is_control"]]
    assert within["margin_at_risk"].min() > left["margin_at_risk"].max()


def test_a_rule_that_clears_above_its_limit_is_refused():
    with pytest.raises(InputError, match="clear_threshold must not be above alert_threshold"):
        validate_model(ChurnConfig, {"rules": {"x": {"alert_threshold": 0.5, "clear_threshold": 0.6}}}, "study [churn]")


def test_nobody_scored_gives_no_alert_and_a_list_of_empty_rules():
    found = raised(np.empty(0))
    assert found.empty
    assert alerts_module.alerts_by_rule(found, RISK.rules)["n_customers"].tolist() == [0]


def happened(alerts, p, effect=0.0, n_more=200):
    rng = np.random.default_rng(4)
    acted = alerts["is_within_capacity"].to_numpy()
    lost = rng.random(len(alerts)) < np.where(acted, p + effect, p)
    more = pd.DataFrame({"customer_id": [f"m{i}" for i in range(n_more)], "is_lost": rng.random(n_more) < 0.2})
    return pd.concat([pd.DataFrame({"customer_id": alerts["customer_id"], "is_lost": lost}), more], ignore_index=True)


def test_alerts_are_graded_on_their_hold_out_and_the_effect_is_read_from_the_others():
    alerts = raised(np.full(4000, 0.8), seed=2)
    found = {e.quantity: e for e in alerts_module.grade_alerts(alerts, happened(alerts, 0.8, -0.2), "run")}
    assert found["alert_precision"].low <= 0.8 <= found["alert_precision"].high
    assert found["alert_precision"].n == 400
    assert found["alert_calibration"].low <= 0 <= found["alert_calibration"].high
    assert found["alert_effect"].high < 0
    assert found["alert_effect"].low <= -0.2 <= found["alert_effect"].high
    assert found["alert_recall"].value == pytest.approx(0.8 * 4000 / (0.8 * 4000 + 40), abs=0.02)


def test_without_a_hold_out_the_grade_is_contaminated_by_action():
    alerts = raised(np.full(100, 0.8)).assign(is_control=False)
    found = alerts_module.grade_alerts(alerts, happened(alerts, 0.8), "run")
    assert {e.status for e in found} == {Status.STRUCK}
    assert {e.reason for e in found} == {"contaminated by action: there was no random control group"}


def test_a_small_hold_out_says_so():
    alerts = raised(np.full(50, 0.8))
    assert (
        alerts_module.grade_alerts(alerts, happened(alerts, 0.8), "run")[0].reason
        == "5 held out, at least 10 are needed"
    )


def test_alerts_of_an_earlier_run_are_graded_from_todays_orders(session_engine, shop):
    table = shop(n=600)
    then, due = date(2025, 12, 31), date(2026, 3, 31)
    lost = alerts_module.eligible_and_churned(session_engine, table, then, due, 365)
    alerts = pd.DataFrame({"customer_id": lost["customer_id"], "rule": "risk", "churn_probability": 0.5, "run": "r1",
                           "obstacle": "", "draw": None, "is_control": np.arange(len(lost)) % 5 == 0,
                           "made_as_of_on": pd.Timestamp(then),
                           "is_within_capacity": np.arange(len(lost)) % 5 != 0,
                           "outcome_due_on": pd.Timestamp(due)})
    found = {e.quantity: e for e in alerts_module.grade_earlier_runs(session_engine, table, alerts, due, 365)}
    held = lost["is_lost"][alerts["is_control"]]
    assert found["alert_precision"].value == pytest.approx(held.mean())
    assert found["alert_effect"].low <= 0 <= found["alert_effect"].high
    barred = alerts_module.grade_earlier_runs(
        session_engine, table, alerts.assign(obstacle="the currency has changed"), due, 365
    )
    assert [e.status for e in barred] == [Status.NOT_APPLICABLE]
    assert alerts_module.grade_earlier_runs(session_engine, table, alerts, date(2026, 1, 31), 365) == []
