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
