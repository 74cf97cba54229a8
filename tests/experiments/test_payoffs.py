import numpy as np
import pandas as pd
import pytest

from helpers.experiments import payoffs

ROW = {"experiment": "e", "metric": "margin", "variant": "on", "value": 1.0, "low": 0.2, "high": 1.8, "status": "ok",
       "n_control": 500, "n_variant": 500, "treatment_cost": 0.1, "started_on": pd.Timestamp("2026-01-01"),
       "stop_on": pd.Timestamp("2026-01-31")}


def payoff(days, **changed):
    row = ROW | changed
    return payoffs.arm_payoff(pd.DataFrame([row]), row, days)


def test_as_long_as_the_test_everybody_who_took_part_is_treated():
    found = payoff(0)
    assert found.gain == pytest.approx((1000, 200, 1800))
    assert (found.cost, found.share_kept, found.days) == (pytest.approx(100), 0.0, 0)
    assert payoff(90, started_on=pd.NaT) == found


def test_to_a_later_day_more_are_treated_at_the_pace_of_the_test_less_a_control_group():
    found = payoff(90)
    treated = 3000 * (1 - found.share_kept)
    assert found.gain == pytest.approx((treated, 0.2 * treated, 1.8 * treated))
    assert found.cost == pytest.approx(0.1 * treated)
    assert found.forgone + found.net[0] == pytest.approx(3000 * 0.9)
    assert payoffs.times_as_many(found) == pytest.approx(payoffs.times_as_many(payoff(0)))


def test_a_fixed_cost_is_paid_once_whatever_the_number_treated():
    free, built = payoff(90), payoff(90, fixed_cost=300.0)
    assert built.cost == pytest.approx(free.cost + 300)
    assert built.net == pytest.approx(tuple(x - 300 for x in free.net))
    assert (built.gain, built.share_kept, built.forgone) == (free.gain, free.share_kept, free.forgone)
    assert (free.pays, payoff(90, fixed_cost=free.net[1] + 1).pays) == (True, False)
    assert built.worst == pytest.approx(-built.cost)


@pytest.mark.parametrize(("costs", "is_open"), [
    ({"treatment_cost": 0.0}, True), ({"treatment_cost": np.nan}, True), ({"treatment_cost": 0.1}, False),
    ({"treatment_cost": 0.0, "fixed_cost": 0.0}, False)])
def test_a_cost_is_open_where_a_unit_costs_nothing_and_no_plan_says_what_building_costs(costs, is_open):
    found = payoff(90, **costs)
    assert found.is_cost_open == is_open
    if is_open:
        assert found.net == found.gain


def test_a_customer_is_counted_once_to_whatever_day():
    found = payoff(90, assigned="customer")
    treated = 1000 * (1 - found.share_kept)
    assert found.is_once
    assert found.gain == pytest.approx((treated, 0.2 * treated, 1.8 * treated))
    assert found.cost == pytest.approx(0.1 * treated)
    assert found.forgone + found.net[0] == pytest.approx(1000 * 0.9)
    assert not payoff(90, assigned="visit").is_once


def test_the_control_group_kept_back_shows_the_net_gain_with_the_stated_power():
    rng, sd, gain, n = np.random.default_rng(1), 6.0, 0.5, 6000
    half = 1.959964 * sd * np.sqrt(2 / 500)
    row = {"value": gain, "low": gain - half, "high": gain + half, "treatment_cost": 0.0}
    share = payoff(180, **row).share_kept
    assert payoffs.LEAST_KEPT < share < payoffs.MOST_KEPT
    held, others = round(share * n), n - round(share * n)
    difference = gain + sd * np.sqrt(1 / held + 1 / others) * rng.standard_normal(20_000)
    shown = difference > 1.959964 * sd * np.sqrt(1 / held + 1 / others)
    assert shown.mean() == pytest.approx(0.8, abs=0.015)
    assert payoff(90, low=0.9, high=1.1).share_kept == payoffs.LEAST_KEPT  # a tenth shows more
    assert payoff(30, value=0.05, low=-0.75, high=0.85).share_kept == payoffs.MOST_KEPT  # nothing is gained net
