from datetime import date

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from helpers.actions import satisfaction_to_money
from helpers.actions.satisfaction_to_money import BEFORE, BOUGHT, EVERYBODY, MARGIN
from helpers.foundation.canonical_schema import TRANSACTIONS
from helpers.foundation.engine import Engine
from helpers.foundation.results import Status
from helpers.simulation import company, order_lines

AS_OF = date(2026, 6, 30)


def answers(n, seed=1, effect=3.0, confounded=0.8):
    """Return answers of people whose purchases before drive both satisfaction and margin after."""
    rng = np.random.default_rng(seed)
    before = rng.poisson(3, n).astype(float)
    satisfaction = np.clip(60 + 10 * confounded * (before - 3) / 1.7 + 12 * rng.standard_normal(n), 0, 100)
    margin = 20 + effect * satisfaction / 10 + 8 * before + 15 * rng.standard_normal(n)
    bought = rng.random(n) < np.clip(0.1 + 0.02 * satisfaction / 10 + 0.05 * before, 0, 1)
    return pd.DataFrame({
        "customer_id": [f"c{i:05d}" for i in range(n)], "wave": np.resize(["1", "2"], n), "satisfaction": satisfaction,
        "margin_after": margin, "bought_after": bought.astype(float), "margin_before": 20 * before, "n_before": before,
        "days_since": rng.integers(0, 365, n).astype(float)})


def effect_of(rows, outcome, segment=EVERYBODY):
    return next(e for e in satisfaction_to_money.satisfaction_effects(rows)
                if e.outcome == outcome and e.adjusted.segment == segment)


def test_the_planted_worth_of_ten_points_is_found_once_purchases_before_are_equal():
    found = effect_of(answers(6000), MARGIN)
    assert found.adjusted.low <= 3.0 <= found.adjusted.high
    assert found.adjusted.high - found.adjusted.low < 1.0
    assert found.crude.value > found.adjusted.high + 1.0  # what purchases before add to it


def test_the_interval_holds_the_planted_worth_nineteen_times_in_twenty():
    found = (satisfaction_to_money._effect(answers(300, seed), MARGIN, EVERYBODY).adjusted for seed in range(120))
    hits = [one.low <= 3.0 <= one.high for one in found]
    assert np.mean(hits) == pytest.approx(0.95, abs=0.05)


def test_where_satisfaction_does_nothing_no_common_cause_is_needed_to_null_it():
    found = effect_of(answers(3000, 2, effect=0.0), MARGIN)
    assert found.adjusted.low <= 0 <= found.adjusted.high
    assert found.robustness_value_limit == 0.0
    assert found.robustness_value < 0.05


def test_a_common_cause_of_the_strength_of_the_robustness_value_brings_the_estimate_to_nothing():
    found = effect_of(answers(4000, 3), MARGIN)
    r2 = found.robustness_value
    bias = np.sqrt(r2 * r2 / (1 - r2))  # in units of standard error × root of degrees of freedom
    error = (found.adjusted.high - found.adjusted.low) / (2 * 1.96)
    assert found.adjusted.value == pytest.approx(bias * error * np.sqrt(4000), rel=0.02)


def test_the_risk_ratio_of_buying_again_has_its_e_value_and_money_has_none():
    rows = answers(4000, 4)
    bought = effect_of(rows, BOUGHT)
    ratio = 1 + bought.adjusted.value / rows["bought_after"].mean()
    assert bought.e_value == pytest.approx(ratio + np.sqrt(ratio * (ratio - 1)))
    assert np.isnan(effect_of(rows, MARGIN).e_value)


def test_segments_are_by_purchases_before_and_small_ones_are_insufficient():
    rows = answers(400, 5)
    assert effect_of(rows, MARGIN, BEFORE["many"]).adjusted.n == (rows["n_before"] >= 3).sum()
    assert effect_of(rows, MARGIN, BEFORE["first"]).adjusted.status is Status.INSUFFICIENT


def test_outcomes_lie_after_the_answer_and_adjustments_before_it():
    lines = pd.DataFrame({
        "order_id": list("abcdef"), "line": 1, "customer_id": ["x"] * 5 + ["y"],
        "ordered_at": pd.to_datetime(
            ["2025-01-01", "2025-12-31", "2026-01-01", "2026-01-02", "2026-04-30", "2026-01-05"]),
        "kind": "sale", "amount": [1.0, 10.0, 100.0, 1000.0, 5000.0, 7.0]})
    engine = Engine()
    transactions = TRANSACTIONS.conformed(engine.lazy(lines))
    scores = pd.DataFrame({
        "response_id": ["r1", "r2", "r3"], "customer_id": ["x", None, "y"], "wave": "1", "satisfaction": 50.0,
        "responded_at": pd.to_datetime(["2026-01-01 12:00", "2026-01-01 00:00", "2026-06-01 00:00"])})
    found = satisfaction_to_money.answers_with_outcomes(engine, scores, transactions, 0.5, AS_OF, 90)
    assert found[["customer_id", "margin_after", "bought_after", "margin_before", "n_before", "days_since"]].to_numpy(
        ).tolist() == [["x", 500.0, 1.0, 55.0, 2.0, 0.0]]


def mean_answer(tables, role):
    """Return the mean answer of each survey to the questions of a role, from 0 to 100."""
    items = tables["canonical/items"]
    rows = tables["canonical/responses"].merge(items[items["role"] == role], on="item").dropna(subset="score")
    level = 100 * (rows["score"] - rows["scale_low"]) / (rows["scale_high"] - rows["scale_low"])
    return level.mask(rows["is_reversed"].fillna(False).astype(bool), 100 - level).groupby(rows["response_id"]).mean()


def test_what_satisfaction_is_planted_to_go_with_in_the_simulated_company_is_recovered():
    engine, inside, as_of, days = Engine(), [], date(2025, 12, 31), 180
    for seed in range(1, 6):
        made = company.simulate_company(customers=1500, seed=seed)
        careful = made.truth.responses.set_index("response_id")["is_careless"].eq(False)
        rows = made.tables["canonical/respondents"]
        rows = rows.assign(satisfaction=rows["response_id"].map(mean_answer(made.tables, "satisfaction")),
                           switching=rows["response_id"].map(mean_answer(made.tables, "switching_cost")).fillna(50))
        is_known = rows["response_id"].map(careful).fillna(False).astype(bool) & rows["satisfaction"].notna()
        is_past = rows["responded_at"].dt.normalize() + pd.Timedelta(days=days) <= pd.Timestamp(as_of)
        scores = rows[is_known & is_past]
        lines = TRANSACTIONS.conformed(engine.lazy(made.tables["canonical/transactions"]))
        found = satisfaction_to_money.answers_with_outcomes(engine, scores, lines, 0.4, as_of, days)
        logits = order_lines.repurchase_logit(
            made.truth.world.curve, scores["satisfaction"].to_numpy(), scores["switching"].to_numpy())
        chance = expit(logits + order_lines.logit_constant(logits, found["bought_after"].mean()))
        planted = 10 * np.polyfit(scores["satisfaction"], chance, 1)[0]
        crude = effect_of(found, BOUGHT).crude
        inside.append(crude.low <= planted <= crude.high)
    assert sum(inside) >= 4
