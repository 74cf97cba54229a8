from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers.customers import random_assignment
from helpers.customers.random_assignment import REGISTRY_COLUMNS, Draw, assign_at_random

TODAY = date(2026, 6, 30)
NO_DRAW = pd.DataFrame(columns=REGISTRY_COLUMNS)


def one_stratum(ids):
    return pd.Series("all", index=list(ids), dtype="str")


def recorded(draw, ends_on="2026-09-28", assigned_on="2026-06-30"):
    return draw.assign(purpose="action plan", assigned_on=pd.Timestamp(assigned_on), ends_on=pd.Timestamp(ends_on))


def test_the_draw_holds_out_the_share_and_states_the_chance_that_this_makes():
    split = assign_at_random(one_stratum(f"u{i:03d}" for i in range(144)), 0.1, np.random.default_rng(5))
    held = split[split["variant"] == "held out"]
    assert len(held) == 14
    assert set(held["probability"]) == {14 / 144}
    assert split.groupby("variant")["probability"].first().sum() == pytest.approx(1)


def test_every_customer_is_held_out_equally_often_in_every_stratum():
    strata = pd.Series(["a"] * 13 + ["b"] * 7, index=[f"u{i:02d}" for i in range(20)])
    times = sum((assign_at_random(strata, 0.25, np.random.default_rng(seed))["variant"] == "held out").to_numpy()
                for seed in range(1000))
    assert abs(times / 1000 - 0.25).max() < 0.055


def test_every_stratum_gives_its_share_to_less_than_one_customer():
    strata = pd.Series(np.resize(["a", "b", "b", "c", "c", "c", "c"], 333), index=[f"u{i:03d}" for i in range(333)])
    split = assign_at_random(strata, 0.3, np.random.default_rng(2))
    held = split["variant"].eq("held out").groupby(split["stratum"]).agg(["sum", "size"])
    assert (held["sum"] - held["size"] * 100 / 333).abs().max() < 1


def test_a_list_of_one_is_treated_and_of_none_is_empty():
    assert assign_at_random(one_stratum(["u"]), 0.1, np.random.default_rng(1))["variant"].tolist() == ["treated"]
    assert assign_at_random(one_stratum([]), 0.1, np.random.default_rng(1)).empty


def test_three_runs_in_a_row_never_give_a_customer_two_arms():
    rng, lists = np.random.default_rng(3), []
    for day in (date(2026, 6, 30), date(2026, 7, 31), date(2026, 8, 31)):
        assigned = random_assignment.open_assignments(lists, day)
        on = [f"u{i}" for i in rng.choice(400, 150, replace=False)]
        draw = Draw(f"action plan of {day}", 1, assigned).assign(one_stratum(on), 0.3)
        lists.append(recorded(draw, "2026-12-31", day))
    every = pd.concat(lists)
    assert random_assignment.conflicting_customers(every) == []
    assert every["unit_id"].duplicated().sum() > 50


def test_a_second_draw_on_the_same_day_is_the_first_one_again_whatever_its_seed():
    strata = one_stratum(f"u{i}" for i in range(50))
    first = Draw("plan", 1, NO_DRAW).assign(strata, 0.3)
    again = Draw("plan", 2, random_assignment.open_assignments([recorded(first)], TODAY)).assign(strata, 0.3)
    assert again["variant"].tolist() == first["variant"].tolist()
    assert Draw("plan", 2, NO_DRAW).assign(strata, 0.3)["variant"].tolist() != first["variant"].tolist()


def test_a_draw_is_open_until_the_last_day_of_its_window():
    drawn = recorded(Draw("plan", 1, NO_DRAW).assign(one_stratum(["a", "b"]), 0.5))
    n_open = [len(random_assignment.open_assignments([drawn], day)) for day in (
        date(2026, 6, 29), date(2026, 6, 30), date(2026, 9, 28), date(2026, 9, 29))]
    assert n_open == [0, 2, 2, 0]
    undated = drawn.assign(ends_on=pd.NaT, purpose=None)
    assert len(random_assignment.open_assignments([undated], date(2026, 9, 28))) == 2
    assert random_assignment.open_assignments([undated], date(2026, 9, 29)).empty


def test_the_global_control_group_is_the_same_share_of_customers_whatever_else_is_drawn():
    ids = pd.Series([f"c{i}" for i in range(5000)])
    held = random_assignment.is_global_control(ids, 0.05)
    assert 0.04 < held.mean() < 0.06
    assert random_assignment.is_global_control(ids[::-1], 0.05)[::-1].tolist() == held.tolist()
    assert held[random_assignment.is_global_control(ids, 0.02)].all()
    drawn = pd.DataFrame({"experiment": "global control group of 2026-06-30", "purpose": "global control group",
                          "unit_id": ids, "variant": np.where(held, "held out", "treated"), "probability": 0.5,
                          "stratum": "all", "assigned_on": pd.Timestamp(TODAY), "ends_on": pd.NaT})
    assert random_assignment.open_assignments([drawn], TODAY).empty


def test_the_window_of_an_alert_begins_with_its_draw_however_long_the_alert_stays_open():
    alerts = pd.DataFrame({
        "customer_id": ["ann", "bob"], "is_control": [True, False], "draw": ["churn alerts of 2026-03-31", None],
        "probability": 0.1, "rule": "all", "raised_on": pd.to_datetime(["2026-01-31", "2026-06-30"]),
        "made_as_of_on": pd.Timestamp("2026-06-30"), "outcome_due_on": pd.Timestamp("2026-09-28")})
    arms = random_assignment.alert_assignments(alerts).set_index("unit_id")
    assert arms.loc["ann", ["assigned_on", "ends_on"]].tolist() == list(pd.to_datetime(["2026-03-31", "2026-06-29"]))
    assert arms.loc["bob", ["assigned_on", "ends_on"]].tolist() == list(pd.to_datetime(["2026-06-30", "2026-09-28"]))
    assert random_assignment.with_alerts(NO_DRAW, alerts, TODAY)["unit_id"].tolist() == ["bob"]
