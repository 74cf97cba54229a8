import itertools

import numpy as np
import pandas as pd
import pytest

from helpers.actions import eligibility, next_best_action, planner
from helpers.actions.config import ActionRule, ActionsConfig, Campaign
from helpers.actions.next_best_action import SharedLimit, best_assignment
from helpers.customers.random_assignment import REGISTRY_COLUMNS, Draw
from helpers.foundation.errors import InputError
from helpers.foundation.study_config import Economics

OFFERS = pd.DataFrame({"offer_id": ["voucher", "call"], "cost": [8.0, 15.0], "margin": [20.0, 30.0],
                       "capacity": [12, None], "eligibility": ["everybody", "gold members"]})
RULES = (
    ActionRule(action="call", risks=("high", "medium"), lowest_tier=3, channel="phone", contact_cost=4.0,
               assumed_reduction=0.4, is_by_account_owner=True, owner="team"),
    ActionRule(action="voucher by e-mail", risks=("high", "medium"), channel="e-mail", offer="voucher",
               assumed_reduction=0.25),
    ActionRule(action="letter", risks=("high", "medium"), channel="post", assumed_reduction=0.1),
)


def problem(n, m, seed):
    rng = np.random.default_rng(seed)
    values = rng.uniform(-2, 10, (n, m))
    values[rng.random((n, m)) < 0.2] = -np.inf
    owner = rng.integers(2, size=n)
    alone = np.ones((n, 1))
    limits = [SharedLimit("all", alone, np.ones((1, m)), n // 2),
              SharedLimit("offer", alone, (np.arange(m) == 0)[None, :].astype(float), n // 6 + 1),
              SharedLimit("owner", 1.0 * (owner == 0)[:, None], 1.0 * (np.arange(m) < 2)[None, :], n // 5),
              SharedLimit("budget", alone, rng.uniform(0.5, 3, (1, m)), n * 0.6)]
    return values, limits


def taken(limit, action):
    who = np.flatnonzero(action >= 0)
    return sum(float(limit.weights[i] @ limit.use[:, action[i]]) for i in who)


def best_of_all(values, limits):
    n, m = values.shape
    worth = [0.0]
    for choice in itertools.product(range(-1, m), repeat=n):
        action = np.array(choice)
        total = sum(values[i, j] for i, j in enumerate(choice) if j >= 0)
        if np.isfinite(total) and all(taken(one, action) <= one.limit + 1e-9 for one in limits):
            worth.append(total)
    return max(worth)


@pytest.mark.parametrize("seed", range(12))
def test_the_assignment_is_the_best_of_all_that_keep_the_limits(seed):
    values, limits = problem(6, 3, seed)
    found = best_assignment(values, limits)
    assert found.value == pytest.approx(best_of_all(values, limits))
    assert found.gap == pytest.approx(0, abs=1e-9)
    assert all(taken(one, found.action) <= one.limit + 1e-9 for one in limits)


@pytest.mark.parametrize("seed", range(4))
def test_by_prices_the_assignment_is_as_good_as_solved_whole_and_the_bound_is_above_it(seed, monkeypatch):
    values, limits = problem(400, 4, seed)
    whole = best_assignment(values, limits)
    monkeypatch.setattr(next_best_action, "WHOLE_UP_TO", 0)
    monkeypatch.setattr(next_best_action, "CORES", (40, 80))
    priced = best_assignment(values, limits)
    assert priced.value <= whole.value + 1e-6 <= priced.bound + 2e-6
    assert priced.value >= whole.value * (1 - 2e-3)
    assert priced.gap < 2e-3
    assert all(taken(one, priced.action) <= one.limit + 1e-9 for one in limits)


def test_without_a_limit_that_binds_everybody_gets_what_is_best_and_nothing_that_is_worth_nothing():
    values = np.array([[1.0, 2.0], [-1.0, 0.0], [-np.inf, 3.0]])
    assert best_assignment(values, []).action.tolist() == [1, -1, 1]
    assert best_assignment(values[:0], []).action.tolist() == []


def test_equal_problems_give_equal_assignments():
    values, limits = problem(100, 4, 1)
    assert (best_assignment(values, limits).action == best_assignment(values, limits).action).all()


def people(value, scores, nobody):
    known = pd.DataFrame({"customer_id": value["customer_id"], "our_owner": np.resize(["Ada", "Bo", ""], len(value)),
                          "n_recent_contacts": np.resize([0, 1, 2, 3], len(value))})
    return eligibility.contact_candidates(value, scores, nobody, known=known)


@pytest.mark.parametrize("seed", range(8))
def test_no_plan_breaks_a_capacity_the_budget_the_cap_on_contacts_or_consent(value, scores, nobody, seed):
    assumed = ActionsConfig(rules=RULES, capacity=60, budget=120.0, owner_capacity={"Ada": 3, "team": 4},
                            max_contacts=3).with_offers(OFFERS)
    rng = np.random.default_rng(seed)
    pairs = [(c, channel) for c in value["customer_id"] for channel in ("phone", "email", "post") if rng.random() < 0.7]
    permitted = eligibility.ContactConsent("marketing", ("marketing",), pd.DataFrame(
        pairs, columns=["customer_id", "channel"]))
    everybody = people(value, scores, nobody)
    draw = Draw("plan", seed, pd.DataFrame(columns=REGISTRY_COLUMNS))
    actions = planner.plan_actions(everybody, assumed, Economics(), draw, permitted)
    treated = actions[actions["variant"].eq("treated")]
    assert 0 < len(treated) <= 60
    assert treated["cost_expected"].sum() <= 120.0
    assert treated["owner"].eq("Ada").sum() <= 3
    assert treated["owner"].eq("team").sum() <= 4
    assert treated["offer"].eq("voucher").sum() <= 12
    assert treated["n_recent_contacts"].max() < 3
    assert (actions["reason"].eq("contacted 3 times or more within 30 days")).any()
    for channel, rows in actions[actions["variant"].notna()].groupby("channel"):
        assert permitted.allows(rows["customer_id"], channel).all()


def test_whom_an_open_draw_holds_out_is_chosen_as_often_as_chance_has_it_and_no_limit_is_exceeded(
        value, scores, nobody):
    assumed = ActionsConfig(rules=RULES, capacity=60, budget=120.0, owner_capacity={"Ada": 3, "team": 4}).with_offers(
        OFFERS)
    everybody, warned = people(value, scores, nobody), scores.loc[scores["risk"].ne("low"), "customer_id"].iloc[::2]
    n_listed = n_held = 0
    for seed in range(20):
        arms = np.where(np.random.default_rng(seed).random(len(warned)) < 0.3, "held out", "treated")
        assigned = pd.DataFrame({"experiment": "alerts", "purpose": "alert", "unit_id": warned, "variant": arms,
                                 "probability": np.where(arms == "held out", 0.3, 0.7), "stratum": "all",
                                 "assigned_on": pd.Timestamp("2026-06-30"), "ends_on": pd.Timestamp("2026-09-28")})
        actions = planner.plan_actions(everybody, assumed, Economics(), Draw("plan", seed, assigned))
        treated, listed = actions[actions["variant"].eq("treated")], actions[actions["variant"].notna()]
        assert len(treated) <= 60
        assert treated["cost_expected"].sum() <= 120.0
        assert treated["owner"].eq("Ada").sum() <= 3
        assert treated["offer"].eq("voucher").sum() <= 12
        own = listed[listed["draw"].eq("alerts")]
        n_listed, n_held = n_listed + len(own), n_held + int(own["variant"].eq("held out").sum())
    assert n_listed > 200
    assert abs(n_held / n_listed - 0.3) < 3 * np.sqrt(0.3 * 0.7 / n_listed)


def test_of_several_actions_each_customer_gets_the_one_of_most_gain(value, scores, nobody):
    assumed = ActionsConfig(rules=RULES, capacity=500).with_offers(OFFERS.assign(capacity=None))
    draw = Draw("plan", 1, pd.DataFrame(columns=REGISTRY_COLUMNS))
    listed = planner.plan_actions(people(value, scores, nobody), assumed, Economics(), draw).dropna(subset=["variant"])
    economics = Economics()
    stake = listed["margin_at_risk"]
    gains = pd.DataFrame({
        "call": (0.4 * stake - 4.0).where(listed["tier_rank"] <= 3),
        "voucher by e-mail": 0.25 * stake - 1.0 - economics.offer_uptake * 8.0, "letter": 0.1 * stake - 1.0})
    assert (gains.idxmax(axis=1) == listed["action"]).all()
    assert listed["assumed_gain"].to_numpy() == pytest.approx(gains.max(axis=1).to_numpy())
    assert (listed["assumed_gain"] > 0).all()
    assert listed.loc[listed["action"].eq("call"), "owner"].isin(["Ada", "Bo", "team"]).all()


def test_fatigue_takes_from_the_gain_of_those_contacted_lately(value, scores, nobody):
    draw, gains = Draw("plan", 1, pd.DataFrame(columns=REGISTRY_COLUMNS)), []
    for price in (0.0, 1.5):
        assumed = ActionsConfig(rules=RULES, fatigue_cost=price).with_offers(OFFERS)
        plan = planner.plan_actions(people(value, scores, nobody), assumed, Economics(), draw).set_index("customer_id")
        gains.append(plan)
    both = gains[0]["variant"].notna() & gains[1]["variant"].notna() & (gains[0]["action"] == gains[1]["action"])
    less = (gains[0]["assumed_gain"] - gains[1]["assumed_gain"])[both]
    assert less.to_numpy() == pytest.approx(1.5 * gains[0].loc[both, "n_recent_contacts"].to_numpy())


def test_an_offer_that_the_records_do_not_hold_is_refused_with_the_nearest_one():
    with pytest.raises(InputError, match=r"no offer 'vouchr'.*did you mean 'voucher'"):
        ActionsConfig(rules=(ActionRule(action="mail", offer="vouchr"),)).with_offers(OFFERS)


def test_a_campaign_makes_an_offer_of_the_records_at_its_cost_and_within_its_capacity():
    named = ActionsConfig(campaigns=(Campaign(kind="win-back", offer="voucher"),)).with_offers(OFFERS)
    assert (named.campaigns[0].offer_cost, named.campaigns[0].capacity) == (8.0, 12)
    with pytest.raises(InputError, match=r"\[\[actions.campaigns\]\] offer.*did you mean 'voucher'"):
        ActionsConfig(campaigns=(Campaign(kind="win-back", offer="vouchr"),)).with_offers(OFFERS)


def test_cuts_in_churn_are_assumed_for_every_rule_or_for_none():
    with pytest.raises(ValueError, match="for every rule or for none"):
        ActionsConfig(rules=(ActionRule(action="mail", assumed_reduction=0.1), ActionRule(action="call")))
