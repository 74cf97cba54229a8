import numpy as np
import pandas as pd
import pytest

from helpers.actions import eligibility, planner
from helpers.actions.config import ActionRule, ActionsConfig
from helpers.foundation.study_config import Economics

MONEY = Economics(contact_cost=1.0, offer_cost=10.0, offer_uptake=0.3)


def planned(value, scores, unwilling, seed=1, **assumed):
    everybody = eligibility.contact_candidates(value, scores, unwilling)
    return planner.plan_actions(everybody, ActionsConfig(**assumed), MONEY, np.random.default_rng(seed))


def test_the_first_rule_that_fits_decides(value, scores, nobody):
    actions = planned(value, scores, nobody).set_index("customer_id")
    assert actions.loc["c0000", "action"] == "personal contact"  # top, high
    assert actions.loc["c0006", "action"] == "offer by e-mail"  # base, high
    assert actions.loc["c0010", "action"] == "reminder by e-mail"  # middle, medium
    assert actions.loc["c0002", ["action", "reason"]].tolist() == [
        "leave alone", "no rule is for this tier and risk"]  # low risk


def test_the_break_even_is_the_expected_cost_over_the_value_at_stake(value, scores, nobody):
    actions = planned(value, scores, nobody).set_index("customer_id")
    row = actions.loc["c0006"]
    assert row["cost_expected"] == pytest.approx(1.0 + 0.3 * 10.0)
    assert row["cost_worst"] == pytest.approx(11.0)
    assert row["break_even_reduction"] == pytest.approx(4.0 / (0.9 * 26.0))


def test_a_contact_that_costs_more_than_it_could_keep_is_not_planned(value, scores, nobody):
    scores["value_if_kept"] = 1.0
    actions = planned(value, scores, nobody, rules=(ActionRule(action="call", contact_cost=5.0),))
    assert actions["variant"].isna().all()
    assert set(actions.loc[actions["risk"] == "high", "reason"]) == {"a contact costs more than it could keep"}


def test_a_customer_who_costs_money_is_left_alone(value, scores, nobody):
    scores["value_if_kept"] = -5.0
    assert planned(value, scores, nobody)["variant"].isna().all()


def test_opted_out_unscored_unpriced_and_small_customers_are_left_alone_with_their_reason(value, scores):
    scores.loc[9, "value_if_kept"] = np.nan
    actions = planned(value, scores.drop(index=0), pd.DataFrame({"customer_id": ["c0003"]}), minimum_value=27.0)
    reasons = actions.set_index("customer_id")["reason"]
    assert reasons[["c0000", "c0003", "c0006", "c0009"]].tolist() == [
        "no risk is known", "has opted out", "worth less than the minimum", "no value is known"]


@pytest.mark.parametrize("capacity", [1, 2, 7, 10, 50, 99])
def test_the_treated_fill_the_capacity_and_no_more(value, scores, nobody, capacity):
    actions = planned(value, scores, nobody, capacity=capacity)
    assert (actions["variant"] == "treated").sum() == capacity
    assert (actions["variant"] == "held out").sum() >= 1


def test_the_list_is_ranked_by_value_at_stake_and_the_rest_is_beyond_capacity(value, scores, nobody):
    actions = planned(value, scores, nobody, capacity=20)
    listed = actions[actions["variant"].notna()].sort_values("rank")
    assert listed["margin_at_risk"].is_monotonic_decreasing
    assert listed["rank"].tolist() == list(range(1, len(listed) + 1))
    beyond = actions[actions["reason"] == "beyond the capacity of this round"]
    assert beyond["margin_at_risk"].max() <= listed["margin_at_risk"].min()


def test_equal_seeds_give_equal_plans_whatever_the_order_of_the_rows(value, scores, nobody):
    first = planned(value, scores, nobody)
    again = planned(value.sample(frac=1, random_state=3), scores.sample(frac=1, random_state=4), nobody)
    pd.testing.assert_frame_equal(first, again)
    other = planned(value, scores, nobody, seed=2)
    assert not first["variant"].equals(other["variant"])


def test_the_draw_holds_out_the_share_and_states_the_chance_that_this_makes():
    split = planner.assign_at_random([f"u{i:03d}" for i in range(144)], 0.1, np.random.default_rng(5))
    held = split[split["variant"] == "held out"]
    assert len(held) == 14
    assert set(held["probability"]) == {14 / 144}
    assert split.groupby("variant")["probability"].first().sum() == pytest.approx(1)


def test_every_customer_is_held_out_equally_often():
    ids = [f"u{i}" for i in range(20)]
    times = sum((planner.assign_at_random(ids, 0.25, np.random.default_rng(seed))["variant"] == "held out").to_numpy()
                for seed in range(2000))
    assert abs(times / 2000 - 0.25).max() < 0.04


def test_a_list_of_one_is_treated_and_of_none_is_empty():
    assert planner.assign_at_random(["u"], 0.1, np.random.default_rng(1))["variant"].tolist() == ["treated"]
    assert planner.assign_at_random([], 0.1, np.random.default_rng(1)).empty


def test_without_rules_nobody_is_contacted(value, scores, nobody):
    assert planned(value, scores, nobody, rules=())["variant"].isna().all()


def test_nobody_gives_the_empty_declared_table(value, scores, nobody):
    actions = planned(value.head(0), scores.head(0), nobody)
    assert actions.empty
    assert planner.plan_costs(actions) == planner.PlanCosts(0.0, 0.0)


def test_only_the_treated_cost_money(value, scores, nobody):
    actions = planned(value, scores, nobody, capacity=50)
    treated = actions[actions["variant"] == "treated"]
    assert planner.plan_costs(actions).expected == pytest.approx(treated["cost_expected"].sum())
    assert planner.plan_costs(actions).worst_case >= planner.plan_costs(actions).expected
