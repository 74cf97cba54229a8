from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from helpers.actions import control_group, eligibility, plan_summary, planner, schema
from helpers.actions.config import ActionsConfig
from helpers.churn.alerts import raise_alerts
from helpers.churn.config import AlertRule, ChurnConfig
from helpers.churn.schema import CHURN_ALERTS
from helpers.customers import random_assignment
from helpers.customers.random_assignment import REGISTRY_COLUMNS, Draw
from helpers.experiments import action_outcomes
from helpers.foundation.engine import Engine
from helpers.foundation.study_config import Economics
from helpers.reporting import display
from helpers.reporting.text import actions as text
from helpers.reporting.text import campaign_plan as campaign_text

AS_OF = date(2026, 6, 30)
NO_DRAW = pd.DataFrame(columns=REGISTRY_COLUMNS)
NO_ALERTS = pd.DataFrame(columns=list(CHURN_ALERTS.names))
A_TENTH = ActionsConfig(capacity=90, hold_out_share=0.1)


def plan_of(customers):
    return planner.plan_actions(customers, A_TENTH, Economics(), Draw("action plan of 2026-06-30", 1, NO_DRAW))


@pytest.fixture
def actions(value, scores, nobody):
    everybody = eligibility.contact_candidates(value, scores, nobody)
    return plan_of(everybody)


def test_the_stake_is_the_sum_with_the_range_of_chance():
    rows = pd.DataFrame({"churn_probability": [0.5] * 400, "value_if_kept": [10.0] * 400, "value_if_kept_sd": 0.0,
                         "no_order_if_kept": 0.0, "margin_at_risk": [5.0] * 400})
    found = plan_summary.list_margin_at_risk(rows, "all")
    assert (found.value, found.n) == (2000.0, 400)
    assert found.high - found.value == pytest.approx(1.96 * np.sqrt(400 * 100 * 0.25), rel=1e-4)


def test_the_range_of_the_stake_holds_what_happens_nineteen_times_in_twenty():
    rng = np.random.default_rng(3)
    p, kept = rng.uniform(0.1, 0.9, 300), rng.gamma(2, 30, 300)
    scored = pd.DataFrame({"churn_probability": p, "value_if_kept": kept, "value_if_kept_sd": np.sqrt(10 * kept),
                           "no_order_if_kept": 0.0, "margin_at_risk": p * kept})
    found = plan_summary.list_margin_at_risk(scored, "all")
    lost = ((rng.random((4000, 300)) < p) * 10 * rng.poisson(kept / 10, (4000, 300))).sum(axis=1)
    assert ((found.low <= lost) & (lost <= found.high)).mean() == pytest.approx(0.95, abs=0.015)


def test_a_range_of_money_that_can_only_be_lost_does_not_fall_below_nothing():
    rows = pd.DataFrame({"churn_probability": [0.1], "value_if_kept": [10.0], "value_if_kept_sd": [0.0],
                         "no_order_if_kept": [0.0], "margin_at_risk": [1.0]})
    assert plan_summary.list_margin_at_risk(rows, "all").low == 0.0


def test_no_known_stake_is_insufficient_for_its_own_reason(actions):
    unknown = actions.assign(margin_at_risk=np.nan, priority=np.nan)
    assert plan_summary.list_margin_at_risk(unknown, "all").status == "insufficient"
    assert "both a risk and a value" in plan_summary.list_margin_at_risk(unknown, "all").reason
    untold = actions.assign(margin_at_risk=np.nan)
    assert "no date" in plan_summary.list_margin_at_risk(untold.assign(value_if_kept=np.nan), "all").reason
    assert "level of churn" in plan_summary.list_margin_at_risk(untold, "all").reason


def test_risks_without_a_date_give_a_list_and_a_decision_but_no_break_even(value, scores, nobody):
    undated = eligibility.contact_candidates(value, scores.assign(due_on=pd.NaT, monthly_fee=50.0), nobody)
    actions = plan_of(undated)
    assert (actions["variant"] == "treated").sum() == 90
    assert actions["break_even_reduction"].isna().all()
    assert plan_summary.summary_by_action(actions)["break_even_reduction"].isna().all()
    decision = plan_summary.proposed_decisions(actions, ActionsConfig(), AS_OF, 90).iloc[0]
    assert decision["gain"] == "not yet measured; what would pay is not known; over 90 days"
    assert decision["confidence"].startswith("none yet: the response has never been measured; a difference of ")
    assert decision["confidence"].endswith(" points or more in who stays would show with 80 % power")
    keeps(schema.ACTION_LIST, actions)


def test_the_actions_add_up_to_the_list(actions):
    by_action = plan_summary.summary_by_action(actions)
    assert by_action["n_treated"].sum() == 90
    assert by_action["n_held_out"].sum() == (actions["variant"] == "held out").sum()
    assert by_action["cost_expected"].sum() == pytest.approx(planner.plan_costs(actions).expected)
    row = by_action.iloc[0]
    assert row["break_even_reduction"] == pytest.approx(row["cost_expected"] / row["margin_at_risk"])


def test_the_control_group_is_told_by_who_is_drawn_now_and_who_keeps_an_earlier_arm():
    actions = pd.DataFrame({
        "action": ["call"] * 4 + ["letter"] * 3 + ["leave alone"], "draw": [*["plan"] * 2, *["alerts"] * 5, None],
        "variant": ["treated", "held out", "treated", "treated", "held out", "treated", "treated", None]})
    said = campaign_text.control_group_sentence(actions, "plan")
    assert said == ("Who is not yet in an open draw is drawn now, in proportion to action and tier; the others "
                    "have the arm that the alerts or an earlier list drew. So shares differ by action, and arms are "
                    "compared among customers of one chance only.")
    assert campaign_text.control_group_sentence(actions, "another").startswith("All have the arm that the alerts")
    assert campaign_text.control_group_sentence(actions.head(2), "plan") == (
        "The control group is drawn now, in proportion to action and tier.")
    assert campaign_text.control_group_sentence(actions.tail(1), "plan") == ""


def test_parts_of_actions_do_not_follow_from_their_sum():
    held = pd.DataFrame({"action": ["voucher", "call", "letter", "delivery"], "n_treated": [138, 18, 18, 23],
                         "n_held_out": [14, 6, 11, 16]})
    shown = display.data_table(held).text
    assert "withheld" in shown
    assert "11" not in shown.split()  # 47 - 14 - 11 - 16 would be told
    assert {"14", "16"} <= set(shown.split())
    assert "under 10" not in display.data_table(held.assign(n_held_out=[14, 16, 11, 12])).text


def test_shares_contacted_do_not_tell_of_few_by_themselves_or_beside_the_others():
    tiers = {"top": (18, 1), "upper": (72, 6), "middle": (269, 28), "base": (1434, 162)}
    people = pd.DataFrame([{"customer_id": f"{tier}{i}", "tier": tier, "offer": None,
                            "variant": "treated" if i < k else None}
                           for tier, (n, k) in tiers.items() for i in range(n)])
    rates = plan_summary.contact_rates(people, people[["customer_id"]]).set_index("group")
    assert rates["n_customers"].notna().all()
    assert rates["share_contacted"].notna().tolist() == [True, False, False, False]  # 197 in all: 35 are three tiers'
    assert "base" in text.contact_rates_title(rates.reset_index())
    none = rates.assign(share_contacted=np.nan).reset_index()
    assert text.contact_rates_title(none) == "No share of those contacted can be told by group"


def test_the_measurable_reduction_is_that_of_two_shares():
    actions = pd.DataFrame({"variant": ["treated"] * 900 + ["held out"] * 100 + [None] * 5, "churn_probability": 0.5,
                            "margin_at_risk": 1.0, "cost_expected": 0.1, "cost_worst": 0.2, "draw": "plan"})
    expected = 2.8016 * np.sqrt(0.25 * (1 / 900 + 1 / 100)) / 0.5
    assert control_group.minimum_detectable_reduction(actions) == pytest.approx(expected, rel=1e-4)
    assert plan_summary.break_even_reduction(actions) == pytest.approx(0.1)
    assert np.isnan(control_group.minimum_detectable_reduction(actions.head(900)))


def test_arms_of_two_draws_are_compared_within_each():
    two = pd.DataFrame({"variant": ["held out"] * 50 + ["treated"] * 50 + ["held out"] * 90 + ["treated"] * 810,
                        "draw": ["plan"] * 100 + ["alerts"] * 900, "churn_probability": 0.5})
    squared = 0.1**2 * (1 / 50 + 1 / 50) + 0.9**2 * (1 / 90 + 1 / 810)
    expected = 2.8016 * np.sqrt(0.25 * squared) / 0.5
    assert control_group.minimum_detectable_reduction(two) == pytest.approx(expected, rel=1e-4)


def test_the_size_that_would_tell_shows_the_reduction_with_four_fifths_power():
    actions = pd.DataFrame({"variant": ["treated"] * 20, "churn_probability": 0.7})
    n = control_group.customers_needed(actions, 0.06)
    assert control_group.detectable_reduction([(round(n / 2), round(n / 2))], 0.7) == pytest.approx(0.06, rel=2e-3)


def test_the_draw_is_an_experiment_named_by_its_day_that_keeps_its_declaration(actions):
    drawn = plan_summary.assignments_to_record(actions, NO_DRAW, (AS_OF, 90), 20261121)
    assert set(drawn["experiment"]) == {"action plan of 2026-06-30"}
    assert drawn.groupby("variant")["probability"].nunique().eq(1).all()
    assert drawn.groupby("variant")["probability"].first().sum() == pytest.approx(1)
    assert len(drawn) == actions["variant"].notna().sum()
    keeps(schema.ASSIGNMENTS_DRAWN, drawn)


def test_who_keeps_the_arm_of_an_earlier_day_is_recorded_as_such_and_who_was_warned_of_on_the_day_is_not(actions):
    listed = actions.loc[actions["variant"].notna(), ["customer_id", "variant"]].reset_index(drop=True)
    assigned = pd.DataFrame({
        "experiment": ["churn alerts of 2026-05-31"] * 30 + ["churn alerts of 2026-06-30"] * 20, "purpose": "alert",
        "unit_id": listed["customer_id"].head(50), "variant": listed["variant"].head(50), "probability": 0.9,
        "stratum": "all", "assigned_on": [pd.Timestamp("2026-05-31")] * 30 + [pd.Timestamp(AS_OF)] * 20,
        "ends_on": pd.NaT})
    kept = actions.assign(draw=actions["customer_id"].map(assigned.set_index("unit_id")["experiment"]).fillna("plan"))
    drawn = plan_summary.assignments_to_record(kept, assigned, (AS_OF, 90), 1)
    own = drawn[drawn["experiment"].eq("action plan of 2026-06-30")]
    assert set(own.loc[own["kept_from"].notna(), "unit_id"]) == set(listed["customer_id"].head(30))
    assert set(own["kept_from"].dropna()) == {"churn alerts of 2026-05-31"}
    keeps(schema.ASSIGNMENTS_DRAWN, drawn)


def test_who_is_in_a_plan_that_is_still_open_is_not_counted_again_and_alerts_of_the_day_are_recorded(actions):
    listed = actions.loc[actions["variant"].notna(), ["customer_id", "variant"]].reset_index(drop=True)
    assigned = pd.DataFrame({
        "experiment": ["action plan of 2026-05-31"] * 30 + ["churn alerts of 2026-06-30"] * 20,
        "purpose": ["action plan"] * 30 + ["alert"] * 20, "unit_id": listed["customer_id"].head(50),
        "variant": listed["variant"].head(50), "probability": 0.9, "stratum": "all",
        "assigned_on": pd.Timestamp(AS_OF), "ends_on": pd.NaT})
    drawn = plan_summary.assignments_to_record(actions, assigned, (AS_OF, 90), 1)
    assert drawn["experiment"].value_counts().to_dict() == {
        "action plan of 2026-06-30": len(listed) - 30, "churn alerts of 2026-06-30": 20}
    assert set(drawn["ends_on"]) == {pd.Timestamp("2026-09-28")}
    keeps(schema.ASSIGNMENTS_DRAWN, drawn)


def test_a_global_control_group_is_recorded_against_everybody_else(actions):
    drawn = plan_summary.assignments_to_record(actions, NO_DRAW, (AS_OF, 90), 1, 0.2)
    of_all = drawn[drawn["experiment"].eq("global control group of 2026-06-30")]
    assert len(of_all) == len(actions)
    assert 0.1 < of_all["variant"].eq("held out").mean() < 0.3
    keeps(schema.ASSIGNMENTS_DRAWN, drawn)


def test_the_decision_claims_no_gain_and_ends_with_the_horizon(actions):
    decisions = plan_summary.proposed_decisions(actions, ActionsConfig(owner="head of sales"), AS_OF, 90)
    row = decisions.iloc[0]
    assert row["decision"].startswith("Contact 90 customers, keep 10 as a random control group")
    assert row["gain"].startswith("not yet measured; breaks even at a relative cut in churn of")
    assert row["worst_case"] == pytest.approx(planner.plan_costs(actions).worst_case)
    least = control_group.minimum_detectable_reduction(actions)
    assert row["confidence"].endswith(f"only a relative cut in churn of {100 * least:.2g} % or more would show with "
                                      f"80 % power")
    few = actions.assign(churn_probability=0.01)
    assert plan_summary.proposed_decisions(few, ActionsConfig(), AS_OF, 90)["confidence"].item().endswith(
        "; in this round alone no cut in churn at all would show with 80 % power")
    assert row["owner"] == "head of sales"
    assert row["stop_on"] == pd.Timestamp("2026-09-28")
    keeps(schema.DECISIONS, decisions)


def test_an_empty_list_asks_for_no_decision(actions):
    nobody = actions.assign(variant=None)
    assert plan_summary.proposed_decisions(nobody, ActionsConfig(), AS_OF, 90).empty
    assert plan_summary.assignments_to_record(nobody, NO_DRAW, (AS_OF, 90), 1).empty
    assert plan_summary.summary_by_action(nobody).empty
    keeps(schema.DECISIONS, plan_summary.proposed_decisions(nobody, ActionsConfig(), AS_OF, 90))


def test_the_list_keeps_its_declaration(actions):
    keeps(schema.ACTION_LIST, actions)


def keeps(declaration, frame):
    engine = Engine()
    conformed = engine.view(declaration.conformed(engine.lazy(frame)))
    assert declaration.problems(engine.row(declaration.counts(conformed))) == []


def three_dates(days_between, n=4000):
    """Return the draws of three runs in a row, whose lists take most of the treated out of risk."""
    rng, day, alerts, recorded = np.random.default_rng(5), date(2025, 6, 30), NO_ALERTS, []
    own_risk, calmed = rng.beta(2, 2, n), np.zeros(n, bool)
    rules = ChurnConfig(rules={"risk": AlertRule(alert_threshold=0.6, clear_threshold=0.4, cause="risk", due_days=7)})
    for _ in range(3):
        p = np.clip(own_risk + rng.normal(0, 0.1, n) - 0.5 * calmed, 0.01, 0.99)
        scores = pd.DataFrame({
            "customer_id": [f"c{i:04d}" for i in range(n)], "churn_probability": p, "inactivity_percentile": 0.5,
            "value_if_kept": 100.0, "margin_at_risk": 100 * p, "due_on": pd.Timestamp(day) + pd.Timedelta(days=90)})
        signals = scores[["customer_id"]].assign(**{rules.rules["risk"].signal_column: p})
        registry = random_assignment.open_assignments(recorded, day)
        draw = random_assignment.Draw(random_assignment.experiment_name("alert", day), 1, registry)
        alerts = raise_alerts(scores, signals, alerts, rules, day, draw)
        assigned = random_assignment.with_alerts(registry, alerts, day)
        listed = pd.Series("base", index=scores.loc[(p > 0.5) & (rng.random(n) < 0.5), "customer_id"])
        plan = random_assignment.draws_by_purpose(day, 1, assigned)["action plan"].assign(listed, 0.1)
        actions = plan.rename(columns={"unit_id": "customer_id", "experiment": "draw"})
        recorded.append(plan_summary.assignments_to_record(actions, assigned, (day, 90), 1))
        treated = recorded[-1].loc[recorded[-1]["variant"].eq("treated"), "unit_id"]
        calmed = calmed | scores["customer_id"].isin(treated).to_numpy() & (rng.random(n) < 0.9)
        day += timedelta(days_between)
    return recorded, day


def chances(drawn):
    """Return by draw how likely as many held out are by chance alone."""
    held = drawn["variant"].eq("held out")
    chance = drawn["probability"].where(held, 1 - drawn["probability"]).groupby(drawn["experiment"]).mean()
    counts = held.groupby(drawn["experiment"]).agg(["sum", "size"])
    return [stats.binomtest(int(k), int(n), p).pvalue
            for k, n, p in zip(counts["sum"], counts["size"], chance, strict=True)]


@pytest.mark.parametrize("days_between", [30, 60, 92])
def test_over_three_dates_nobody_is_held_out_and_contacted_and_every_draw_is_a_fair_one(days_between):
    recorded, day = three_dates(days_between)
    for one in recorded:
        still_open = random_assignment.open_assignments(recorded, one["assigned_on"].max().date())
        assert random_assignment.conflicting_customers(still_open) == []
    measured, whole = (action_outcomes.past_action_lists(recorded, day, is_whole=each) for each in (False, True))
    is_alert = whole["experiment"].str.startswith("churn alerts")
    assert (measured["experiment"].nunique(), whole.loc[is_alert, "experiment"].nunique()) == (3, 3)
    assert min(chances(measured)) > 0.01
    assert min(chances(whole[is_alert])) > 0.01
    whole = whole[~is_alert]  # no experiment, though drawn
    arms_are_kept = days_between < 90
    assert (min(chances(whole)) < 0.001) == arms_are_kept, "who keeps an arm is what that arm has left on the list"
    assert (len(whole) > len(measured)) == arms_are_kept
