from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers.actions import response_curves
from helpers.actions.effort_allocation import ResourceLimit, best_spending, proportional_split
from helpers.foundation.canonical_schema import TRANSACTIONS
from helpers.foundation.engine import Engine

TOPS, SCALE = {"top": 40.0, "upper": 20.0, "base": 6.0}, 4.0


def planted_points(seed, error=1.0, spends=(1.0, 4.0, 10.0), tops=TOPS):
    rng = np.random.default_rng(seed)
    rows = [{"experiment": f"round {s}", "tier": tier, "action": f"at {s}", "spend": s, "n_treated": 200,
             "n_control": 200, "gain": top * (1 - np.exp(-s / SCALE)) + rng.normal(0, error), "error": error}
            for tier, top in tops.items() for s in spends]
    return pd.DataFrame(rows, columns=response_curves.POINTS)


def test_planted_curves_are_recovered_within_their_intervals_over_seeds():
    inside = []
    for seed in range(200):
        curves = response_curves.fit_response(planted_points(seed))
        for tier, top in TOPS.items():
            found = curves.gain(tier, 6.0)
            inside.append(found.low <= top * (1 - np.exp(-6 / SCALE)) <= found.high)
    assert 0.92 <= np.mean(inside) <= 0.98


def test_one_level_of_spending_tells_no_curve():
    curves = response_curves.fit_response(planted_points(1, spends=(4.0,)))
    assert (curves.is_measured, curves.reason) == (False, response_curves.NO_SPENDING)


def test_noise_that_hides_the_shape_tells_no_curve():
    assert not response_curves.fit_response(planted_points(1, error=60.0)).is_measured


def test_a_response_of_which_only_the_level_is_told_makes_no_curve_that_is_certain_of_its_shape():
    found = [response_curves.fit_response(planted_points(seed, error=6.0, spends=(8.0, 10.0))) for seed in range(60)]
    errors = [np.sqrt(curves.covariance[-1, -1]) for curves in found if curves.is_measured]
    assert len(errors) < len(found)
    assert all(error > 0.05 for error in errors)


def drawn_list(n, top=10.0, margin_sd=12.0):
    """Return a list of n customers of a tier and action each, half held out, with the gains of a concave curve."""
    rows = [(tier, k, spend, top * (1 - np.exp(-spend / SCALE)) - spend) for k, tier in enumerate(("upper", "base"), 1)
            for spend in (1.0, 4.0, 10.0) for _ in range(n)]
    found = pd.DataFrame(rows, columns=["tier", "tier_rank", "cost_expected", "assumed_gain"])
    return found.assign(action="at " + found["cost_expected"].astype("str"), draw="own", value_if_kept=60.0,
                        value_if_kept_sd=margin_sd, margin_at_risk=0.0,
                        variant=np.resize(["treated", "held out"], len(found)))


def test_the_needed_customers_find_a_gain_as_high_as_the_cost_with_four_fifths_power():
    power = response_curves.power_by_tier(drawn_list(60), "own").set_index("tier").loc["base"]
    n, rng, spend = int(power["needed_in_each_arm"]), np.random.default_rng(3), 5.0
    assert (power["spend"], power["margin_sd"], power["n_treated"]) == (spend, pytest.approx(12.0), 90)
    assert power["rounds"] == np.ceil(n / 90)
    error = 12.0 * np.sqrt(2 / n)
    found = rng.normal(spend, error, 4000) / error > 1.959964
    assert abs(found.mean() - 0.8) < 4 * np.sqrt(0.16 / 4000) + 0.01  # rounding up of the number of customers


def test_customers_differ_in_what_they_are_expected_to_buy_and_some_have_left():
    listed = drawn_list(60, margin_sd=3.0).assign(value_if_kept=lambda d: np.resize([20.0, 80.0], len(d)),
                                                  margin_at_risk=lambda d: 0.25 * d["value_if_kept"])
    margin = np.random.default_rng(1).permutation(np.resize([20.0, 80.0], 200_000)) * (
        np.random.default_rng(2).random(200_000) < 0.75) + np.random.default_rng(3).normal(0, 3.0 * 0.75**0.5, 200_000)
    assert response_curves.power_by_tier(listed, "own")["margin_sd"].tolist() == pytest.approx(
        [margin.std()] * 2, rel=0.01)


def test_arms_of_another_draw_do_not_count_and_arms_of_fewer_than_ten_stay_empty():
    listed = drawn_list(60)
    assert response_curves.power_by_tier(listed, "another")[["n_treated", "rounds"]].isna().all(axis=None)
    assert response_curves.power_by_tier(listed, "another")["needed_in_each_arm"].gt(0).all()
    assert response_curves.power_by_tier(drawn_list(6), "own")["n_held_out"].isna().all()
    assert response_curves.power_by_tier(drawn_list(2), "own").empty


def test_four_times_as_many_lists_as_needed_at_least_measure_curves_and_fewer_seldom_do():
    listed = drawn_list(60, margin_sd=40.0)
    needed = int(response_curves.rounds_until_measured(listed, "own"))
    assert needed > 8

    def share_measured(n_rounds):
        error = 40.0 * np.sqrt(2 / 30 / n_rounds)
        return np.mean([response_curves.fit_response(planted_points(
            seed, error, tops={"upper": 10.0, "base": 10.0})).is_measured for seed in range(40)])

    assert share_measured(needed / 4) < 0.3
    assert share_measured(4 * needed) > 0.7
    assert np.isnan(response_curves.rounds_until_measured(listed.assign(assumed_gain=np.nan), "own"))


def known_curves(tops=(40.0, 20.0, 6.0), most=10.0):
    return response_curves.ResponseCurves(tuple(TOPS), np.array(tops), SCALE, np.eye(4), most)


N = pd.Series([20.0, 100.0, 800.0], list(TOPS))


def net(spend, tops=(40.0, 20.0, 6.0)):
    return float((N.to_numpy() * (np.array(tops) * (1 - np.exp(-spend / SCALE)) - spend)).sum())


def test_the_allocation_is_the_best_of_a_fine_grid():
    budget = 600.0
    found = best_spending(known_curves(), N, [ResourceLimit("money", np.ones(3), budget)]).to_numpy()
    assert found @ N.to_numpy() <= budget * (1 + 1e-9)
    a, b = np.meshgrid(np.linspace(0, 10, 201), np.linspace(0, 10, 201))
    c = np.clip((budget - N.iloc[0] * a - N.iloc[1] * b) / N.iloc[2], 0, 10)
    grid = np.stack([a, b, c], -1)[(N.iloc[0] * a + N.iloc[1] * b) <= budget]
    assert net(found) >= max(net(g) for g in grid) - 1e-6


def test_a_further_unit_brings_the_same_wherever_something_but_not_the_most_is_spent():
    spend = best_spending(known_curves(), N, [ResourceLimit("money", np.ones(3), 700.0)]).to_numpy()
    marginal = np.array([40.0, 20.0, 6.0]) / SCALE * np.exp(-spend / SCALE)
    inner = (spend > 1e-4) & (spend < 10 - 1e-4)
    assert inner.sum() >= 2
    assert np.ptp(marginal[inner]) < 1e-3 * marginal[inner].mean()
    assert (marginal[spend <= 1e-4] <= marginal[inner].mean() + 1e-6).all()


def test_money_that_no_tier_turns_into_more_margin_is_not_spent():
    spend = best_spending(known_curves((2.0, 2.0, 2.0)), N, [ResourceLimit("money", np.ones(3), 1e6)])
    assert spend.tolist() == [0.0, 0.0, 0.0]


def test_people_limit_spending_where_money_would_not():
    use = np.array([0.1, 0.1, 0.0])  # contacts by people that a unit of money buys; the base is served by tools
    limits = [ResourceLimit("money", np.ones(3), 5000.0), ResourceLimit("people", use, 20.0)]
    spend = best_spending(known_curves(), N, limits).to_numpy()
    assert (use * N.to_numpy()) @ spend == pytest.approx(20.0, rel=1e-4)
    assert spend[2] == pytest.approx(SCALE * np.log(6.0 / SCALE), abs=1e-3)


def test_a_split_by_stake_gives_everything_and_nothing_above_a_limit():
    rng = np.random.default_rng(4)
    for _ in range(50):
        stake, most = rng.lognormal(0, 2, 5), rng.lognormal(1, 1, 5)
        total = rng.uniform(0, most.sum())
        found = proportional_split(total, stake, most)
        assert found.sum() == pytest.approx(total, rel=1e-6)
        assert (found <= most * (1 + 1e-9)).all()
        free = found < most * (1 - 1e-9)
        assert np.ptp((found / stake)[free]) <= 1e-6 * (found / stake).max() if free.any() else True


def test_points_are_the_margin_of_the_treated_less_that_of_the_held_out():
    rng = np.random.default_rng(1)
    drawn = pd.Timestamp("2026-01-31")
    ids = [f"c{i}" for i in range(60)]
    arm = np.where(np.arange(60) < 30, "treated", "held out")
    plan = pd.DataFrame({"customer_id": ids, "tier": "top", "action": "call", "variant": arm, "cost_expected": 6.0,
                         "draw": "action plan of 2026-01-31"})
    draws = pd.DataFrame({"experiment": "action plan of 2026-01-31", "unit_id": ids, "assigned_on": drawn})
    spent = pd.DataFrame({
        "order_id": [f"o{i}" for i in range(61)], "line": 1, "customer_id": [*ids, "c0"],
        "ordered_at": pd.to_datetime([*["2026-02-10"] * 60, "2026-06-30"]), "kind": "sale",
        "amount": [*(20 + 10 * (arm == "treated") + rng.normal(0, 1, 60)).round(2), 1000.0]})
    as_of = date(2026, 7, 1)
    lists = response_curves.past_lists([plan], [draws], as_of, 90)
    engine = Engine()
    lines = TRANSACTIONS.conformed(engine.lazy(spent))
    point = response_curves.response_points(engine, lines, lists, (as_of, 90), 0.5).iloc[0]
    want = 0.5 * (spent["amount"].iloc[:30].mean() - spent["amount"].iloc[30:60].mean())
    assert (point["tier"], point["spend"], point["n_treated"], point["n_control"]) == ("top", 6.0, 30, 30)
    assert point["gain"] == pytest.approx(want)
    assert response_curves.past_lists([plan], [draws], date(2026, 3, 1), 90).empty  # its window has not passed
