import numpy as np
import pandas as pd
import pytest

from helpers.actions import eligibility, planner
from helpers.actions.config import ActionRule, ActionsConfig
from helpers.actions.control_group import RankedCandidates, control_group_share
from helpers.actions.measured_response import ActionResponse
from helpers.customers.random_assignment import REGISTRY_COLUMNS, Draw
from helpers.foundation.results import Estimate
from helpers.foundation.study_config import Economics

MONEY = Economics(contact_cost=1.0, offer_cost=10.0, offer_uptake=0.3)


NO_DRAW = pd.DataFrame(columns=REGISTRY_COLUMNS)


def planned(value, scores, unwilling, seed=1, assigned=NO_DRAW, **assumed):
    everybody = eligibility.contact_candidates(value, scores, unwilling)
    return planner.plan_actions(everybody, ActionsConfig(**assumed), MONEY, Draw("plan", seed, assigned))


def open_draw(customers, variant, experiment="churn alerts of 2026-06-30"):
    return pd.DataFrame({"experiment": experiment, "purpose": "alert", "unit_id": customers, "variant": variant,
                         "probability": np.where(np.asarray(variant) == "held out", 0.1, 0.9), "stratum": "all",
                         "assigned_on": pd.Timestamp("2026-06-30"), "ends_on": pd.Timestamp("2026-09-28")})


def candidates(n, risk, stake, cost):
    return RankedCandidates(np.full(n, risk), np.full(n, stake), np.full(n, cost), np.full(n, ""))


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
    scores = scores.assign(value_if_kept=1.0, margin_at_risk=scores["churn_probability"])
    actions = planned(value, scores, nobody, rules=(ActionRule(action="call", contact_cost=5.0),))
    assert actions["variant"].isna().all()
    assert set(actions.loc[actions["risk"] == "high", "reason"]) == {"a contact costs more than it could keep"}


def test_a_customer_who_costs_money_is_left_alone(value, scores, nobody):
    scores = scores.assign(value_if_kept=-5.0, margin_at_risk=-5.0 * scores["churn_probability"])
    assert planned(value, scores, nobody)["variant"].isna().all()


def test_opted_out_unscored_unpriced_and_small_customers_are_left_alone_with_their_reason(value, scores):
    scores.loc[9, ["value_if_kept", "margin_at_risk"]] = np.nan
    actions = planned(value, scores.drop(index=0), pd.DataFrame({"customer_id": ["c0003"]}), minimum_value=27.0)
    reasons = actions.set_index("customer_id")["reason"]
    assert reasons[["c0000", "c0003", "c0006", "c0009"]].tolist() == [
        "no risk is known", "has opted out", "worth less than the minimum", "no value is known"]


@pytest.mark.parametrize("capacity", [1, 2, 7, 10, 50, 99])
def test_the_treated_fill_the_capacity_and_no_more(value, scores, nobody, capacity):
    actions = planned(value, scores, nobody, capacity=capacity, hold_out_share=0.1)
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


def test_who_is_in_an_open_draw_keeps_that_arm_and_the_treated_still_fill_the_capacity(value, scores, nobody):
    first = planned(value, scores, nobody, capacity=40)
    listed = first.loc[first["variant"].notna(), "customer_id"].sort_values()
    arms = np.where(np.arange(len(listed)) % 3 == 0, "held out", "treated")
    again = planned(value, scores, nobody, seed=9, assigned=open_draw(listed, arms), capacity=40)
    kept = again.set_index("customer_id").loc[listed]
    is_listed = kept["variant"].notna()
    assert kept.loc[is_listed, "variant"].tolist() == arms[is_listed].tolist()
    assert set(kept.loc[is_listed, "draw"]) == {"churn alerts of 2026-06-30"}
    assert (again["variant"] == "treated").sum() == 40
    assert set(again.loc[again["draw"].eq("plan"), "probability"].dropna()) <= {0.5}


def test_the_own_arm_of_an_open_draw_does_not_decide_who_is_listed(value, scores, nobody):
    warned = scores.loc[scores["risk"].eq("high"), "customer_id"]
    listed = []
    for seed in range(6):
        arms = np.where(np.random.default_rng(seed).random(len(warned)) < seed / 5, "held out", "treated")
        actions = planned(value, scores, nobody, assigned=open_draw(warned, arms), capacity=30, hold_out_share=0.2)
        assert (actions["variant"] == "treated").sum() == 30
        listed.append(set(actions.loc[actions["variant"].notna() & actions["customer_id"].isin(warned), "customer_id"]))
    assert 10 < len(listed[0]) < len(warned)
    assert all(one == listed[0] for one in listed)


def test_a_run_that_is_repeated_on_the_day_lists_the_same_customers_in_the_same_arms(value, scores, nobody):
    everybody = eligibility.contact_candidates(value, scores, nobody)
    warned = open_draw(scores.loc[::5, "customer_id"], np.resize(["held out", "treated", "treated"], 48))
    draw = Draw("action plan of 2026-06-30", 1, warned)
    first = planner.plan_actions(everybody, ActionsConfig(capacity=30), MONEY, draw)
    own = first.loc[first["variant"].notna(), ["customer_id", "variant", "probability", "stratum"]].rename(
        columns={"customer_id": "unit_id"}).assign(
            experiment=draw.experiment, purpose="action plan", assigned_on=pd.Timestamp("2026-06-30"),
            ends_on=pd.Timestamp("2026-09-28"))
    again = planner.plan_actions(everybody, ActionsConfig(capacity=30), MONEY, Draw(
        draw.experiment, 1, pd.concat([warned, own])))
    pd.testing.assert_frame_equal(again.drop(columns="draw"), first.drop(columns="draw"))


def test_where_everybody_is_in_an_open_draw_the_treated_stay_below_the_capacity_by_the_held_out(value, scores, nobody):
    everybody = scores["customer_id"]
    arms = np.where(np.arange(len(everybody)) % 6 < 2, "held out", "treated")
    actions = planned(value, scores, nobody, assigned=open_draw(everybody, arms), capacity=30)
    assert actions["variant"].notna().sum() == 30
    assert (actions["variant"] == "treated").sum() < 30


def test_the_control_group_is_the_smallest_share_that_shows_the_break_even():
    share = control_group_share(candidates(20_000, 0.5, 50.0, 5.0), ActionsConfig(capacity=2000))
    assert 0.10 < share < 0.50
    n = candidates(20_000, 0.5, 50.0, 5.0).listed(2000, share).sum()
    error = 2.8016 * np.sqrt(0.25 * (1 / round(share * n) + 1 / 2000)) / 0.5
    smaller = candidates(20_000, 0.5, 50.0, 5.0).listed(2000, share - 0.01).sum()
    too_large = 2.8016 * np.sqrt(0.25 * (1 / round((share - 0.01) * smaller) + 1 / 2000)) / 0.5
    assert error <= 0.1 < too_large


def test_half_is_held_out_where_no_share_shows_the_break_even():
    assert control_group_share(candidates(20_000, 0.5, 50.0, 5.0), ActionsConfig(capacity=200)) == 0.5


def test_a_tenth_is_enough_once_the_measured_response_pays():
    pays = Estimate("reduction of the risk", 0.3, 0.2, 0.4, "share", 900)
    measured = ActionResponse(Estimate("kept", 0.15, 0.1, 0.2, "share", 900), pays, 1, 450, 450)
    listed = candidates(20_000, 0.5, 50.0, 5.0)
    assert control_group_share(listed, ActionsConfig(capacity=200), measured) == 0.1
    dearer = candidates(20_000, 0.5, 50.0, 12.5)
    assert control_group_share(dearer, ActionsConfig(capacity=200), measured) == 0.5


def test_the_share_that_the_study_names_is_kept():
    assert control_group_share(candidates(900, 0.5, 50.0, 5.0), ActionsConfig(hold_out_share=0.2)) == 0.2


def test_the_draw_is_in_proportion_to_action_and_tier(value, scores, nobody):
    actions = planned(value, scores, nobody, hold_out_share=0.25)
    listed = actions[actions["variant"].notna()]
    assert set(listed["stratum"]) == set(listed["action"] + ", " + listed["tier"])
    held = listed["variant"].eq("held out").groupby(listed["stratum"]).agg(["sum", "size"])
    assert (held["sum"] - 0.25 * held["size"]).abs().max() < 1.01


def test_the_global_control_group_is_left_alone(value, scores, nobody):
    everybody = eligibility.contact_candidates(value, scores, nobody, global_share=0.3)
    actions = planner.plan_actions(everybody, ActionsConfig(), MONEY, Draw("plan", 1, NO_DRAW))
    alone = actions[everybody["is_global_control"].to_numpy()]
    assert 0.2 < everybody["is_global_control"].mean() < 0.4
    assert alone["variant"].isna().all()
    assert set(alone["reason"]) == {"in the global control group"}


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
