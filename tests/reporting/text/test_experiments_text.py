from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers.foundation.results import Gate, gate_table
from helpers.reporting.text import experiment_decisions as experiment_decisions_text
from helpers.reporting.text import experiments as experiments_text

ROW = {
    "experiment": "gift", "metric": "spend", "variant": "letter", "control": "none", "unit": "money",
    "is_primary": True, "is_exploratory": False, "n_control": 500, "n_variant": 510, "n_missing": 0,
    "mean_control": 20.0, "mean_variant": 22.0, "value": 2.0, "low": 0.5, "high": 3.5, "level": 0.95,
    "lift": 0.1, "lift_low": 0.02, "lift_high": 0.18, "p": 0.009, "p_adjusted": 0.009,
    "verdict": "ship", "status": "ok", "reason": "the whole interval is an improvement",
}
GATES = pd.DataFrame(columns=["step", "gate", "statistic", "threshold", "is_crossed", "level", "claims", "sentence"])


def effects(*changes):
    return pd.DataFrame([{**ROW, **change} for change in changes or ({},)])


def gates(**more):
    return pd.DataFrame([{"step": "06", "gate": "gift: largest value of spend", "statistic": 2.0, "threshold": 1.0,
                          "is_crossed": True, "level": "qualify", "claims": "the difference in spend",
                          "sentence": "one unit decides", **more}])


KEEP = {"verdict": "keep running", "low": -1.0, "reason": "the interval includes no difference", "p_adjusted": 0.3,
        "lift_low": -0.05}
BLOCKED = {"verdict": "invalid", "status": "blocked", "reason": "the draw did not go as planned", "value": np.nan,
           "low": np.nan, "high": np.nan, "lift": np.nan, "lift_low": np.nan, "lift_high": np.nan,
           "p": np.nan, "p_adjusted": np.nan}


def test_a_clear_rise_ships_with_its_number():
    assert experiments_text.experiments_answer(effects(), GATES, "GBP") == (
        "gift: ship letter, because it raised spend by £2.00 [£0.50, £3.50] against none.",)


def test_an_arm_that_does_good_is_stopped_for_a_better_one_in_spite_of_it_not_because_of_it():
    beaten = {"verdict": "stop", "reason": "call is better than it by 4 [2, 6.5]"}
    assert experiments_text.experiments_answer(effects(beaten), GATES, "GBP") == (
        "gift: stop letter, although it raised spend by £2.00 [£0.50, £3.50] against none, since call is better than "
        "it by £4.00 [£2.00, £6.50].",)


def test_what_no_plan_drew_is_given_no_causal_verb():
    sentence = experiments_text.experiments_answer(effects({"is_exploratory": True}), GATES, "GBP")[0]
    assert "spend was higher by £2.00 [£0.50, £3.50] against none" in sentence
    assert "raised" not in sentence


def test_a_clear_fall_stops_and_is_said_without_a_minus():
    fall = {"verdict": "stop", "unit": "share", "value": -0.0082, "low": -0.01328, "high": -0.00312,
            "reason": "the whole interval is a change for the worse"}
    sentence = experiments_text.experiments_answer(effects(fall), GATES)[0]
    assert sentence.startswith("gift: stop letter, because it lowered spend by 0.82 percentage points [0.3, 1.3")
    assert sentence.endswith("] against none.")


def test_an_unclear_difference_keeps_running_without_a_causal_verb():
    sentence = experiments_text.experiments_answer(effects(KEEP), GATES, "GBP")[0]
    assert sentence == ("gift: keep running, because the difference in spend is £2.00 [−£1.00, £3.50] for letter "
                        "against none, and the interval includes no difference.")
    assert "raised" not in sentence


def test_a_rise_that_chance_among_many_may_explain_is_not_called_one():
    chance = {"verdict": "keep running", "reason": "not beyond chance once all the comparisons are counted"}
    assert "the difference in spend is £2.00" in experiments_text.experiments_answer(effects(chance), GATES, "GBP")[0]


def test_what_qualifies_every_verdict_stands_once_and_the_missing_plan_in_the_first_words_alone():
    plan = gates(gate="gift: plan", claims="every verdict on gift", sentence="no plan, so every verdict is exploratory")
    units = gates(gate="gift: one arm a unit", claims="every verdict on gift", sentence="3 units are in two arms")
    both = effects({"is_exploratory": True}, {"is_exploratory": True, "variant": "call"})
    sentence = experiments_text.experiments_answer(both, pd.concat([plan, units]), "GBP")[0]
    assert sentence.count("xploratory") == 1
    assert sentence.count("3 units are in two arms") == 1


def test_a_difference_too_small_to_be_worth_having_says_so():
    small = {"verdict": "stop", "reason": "the interval rules out the smallest relevant improvement, 5"}
    assert experiments_text.experiments_answer(effects(small), GATES, "GBP")[0].endswith(
        "against none, and the interval rules out the smallest relevant improvement, 5.")


def test_a_blocked_verdict_is_its_reason():
    assert experiments_text.experiments_answer(effects(BLOCKED), GATES) == (
        "No verdict on gift — the draw did not go as planned.",
    )


def test_without_a_plan_the_sentence_says_exploratory():
    assert experiments_text.experiments_answer(effects({"is_exploratory": True}), GATES)[0].startswith(
        "gift: Exploratory, for want of a plan: ship letter")


def test_a_caveat_stands_in_the_same_sentence():
    assert "against none (one unit decides)." in experiments_text.experiments_answer(effects(), gates())[0]
    assert "decides" not in experiments_text.experiments_answer(effects(), gates(is_crossed=False))[0]
    assert "decides" not in experiments_text.experiments_answer(effects(), gates(gate="gifts: x"))[0]
    assert "decides" not in experiments_text.experiments_answer(effects(), gates(claims="the difference in visits"))[0]


def test_too_few_values_say_what_is_lacking():
    few = {"verdict": "keep running", "status": "insufficient", "reason": "no outcome is recorded yet"}
    assert experiments_text.experiments_answer(effects(few), GATES) == (
        "gift: keep running, spend of letter cannot be judged yet (no outcome is recorded yet).",)


def test_no_experiment_says_what_is_missing_and_what_it_would_enable():
    sentence = experiments_text.experiments_answer(effects().head(0), GATES)[0]
    assert "No experiment is recorded" in sentence
    assert "would let this page say" in sentence


def test_several_experiments_are_counted_and_the_blocked_one_comes_first():
    many = effects({}, {"experiment": "a", **KEEP}, {"experiment": "b", **BLOCKED}, {"experiment": "c", **KEEP})
    sentences = experiments_text.experiments_answer(many, GATES)
    assert sentences[0] == "4 experiments: 1 to ship, 2 to keep running and 1 invalid."
    assert sentences[1].startswith("No verdict on b")
    assert sentences[2].startswith("gift: ship letter")
    assert len(sentences) == 3


def test_of_many_comparisons_the_clear_ones_are_named_and_the_rest_counted():
    many = effects({**KEEP, "metric": "visits"}, {}, {"variant": "mail"}, {"variant": "phone"})
    sentence = experiments_text.experiments_answer(many, GATES)[0]
    assert sentence.count("ship") == 2
    assert "visits" not in sentence
    assert sentence.endswith("— 2 other comparisons in the table.")


@pytest.mark.parametrize(("rows", "title"), [
    (({},), "The one difference is statistically significant"),
    (({}, {}), "All 2 differences are statistically significant"),
    (({}, KEEP), "1 of 2 differences is statistically significant"),
    (({}, {}, KEEP), "2 of 3 differences are statistically significant"),
    ((KEEP,), "The one difference is not statistically significant"),
    ((KEEP, KEEP), "None of 2 differences is statistically significant"),
    ((BLOCKED,), "No difference can be drawn relative to its control"),
])
def test_the_title_of_the_figure_is_its_finding(rows, title):
    assert experiments_text.effects_title(effects(*rows)) == title


def test_the_figure_draws_only_what_may_be_relied_on():
    assert experiments_text.effect_figure_rows(effects({}, BLOCKED))["comparison"].tolist() == ["gift · Spend"]
    assert experiments_text.effect_figure_rows(effects({}, {"variant": "call"}))["comparison"].tolist() == [
        "gift · Spend · letter", "gift · Spend · call"]


def test_the_table_words_every_number_in_its_own_unit():
    visits = {**BLOCKED, "metric": "visits", "unit": "share", "mean_control": 0.3, "mean_variant": np.nan,
              "is_exploratory": True}
    found = experiments_text.effects_as_text(effects({}, visits), "GBP").replace("\u00a0", " ", regex=True)
    assert found.loc[0, ["control_mean", "difference", "lift", "p", "verdict"]].tolist() == [
        "£20.00", "£2.00 [£0.50, £3.50]", "10.0 % [2.0 %, 18.0 %]", ".009", "ship"]
    assert found.loc[1, ["control_mean", "arm_mean", "difference", "p", "verdict", "why"]].tolist() == [
        "30.0 %", "–", "–", "–", "invalid (exploratory)", "blocked: see its check"]


def test_a_secondary_metric_shows_its_raw_p_and_no_verdict():
    found = experiments_text.effects_as_text(
        effects({"is_primary": False, "verdict": None, "p_adjusted": np.nan, "unit": "units", "reason": ""})
    ).replace("\u00a0", " ", regex=True)
    assert found.loc[0, ["p", "verdict", "difference", "why"]].tolist() == [
        ".009", "–", "2 [0.5, 3.5]", "does not decide"]


def test_doubts_say_what_would_have_been_overlooked():
    # standard error 4.5 / 3.92, caught at 2.8 of them
    last = experiments_text.experiment_caveats(effects(KEEP), "GBP")[-1]
    assert "With 80 % power these numbers of units find differences of £3.22 in spend (gift, letter) or more" in last
    assert len(experiments_text.experiment_caveats(effects())) == 3
    assert experiments_text.experiment_caveats(effects().head(0)) == ("There is nothing to doubt yet.",)


def test_the_headline_of_the_hand_off_has_two_digits():
    assert (
        experiments_text.experiments_headline(effects()) == "1 experiment: 1 to ship; gift, Spend, letter: 2 [0.5, 3.5]"
    )
    assert experiments_text.experiments_headline(effects(BLOCKED)) == "1 experiment: 1 invalid"
    assert experiments_text.experiments_headline(effects().head(0)) == "experiments: 0"


def asked(*changes, gates=GATES, currency="GBP", **days):
    return experiment_decisions_text.experiment_decisions(effects(*changes), gates, currency, **days)


def in_brief(*changes):
    return [experiment_decisions_text.brief_terms(call, "GBP")
            for call in experiment_decisions_text.experiment_calls(effects(*changes))]


def test_every_experiment_with_a_verdict_is_a_decision_of_its_own():
    stop = {"experiment": "banner", "verdict": "stop", "low": -1.0}
    ship, end = asked({}, stop, {"is_primary": False, "verdict": None})
    assert (ship["decision"], end["decision"]) == ("Ship gift", "Stop banner")
    assert ship["expected_gain"] == "it raised spend by £2.00 [£0.50, £3.50]"
    assert ship["confidence"] == "assigned at random, no check failed"
    assert (ship["cost"], ship["owner"]) == ("not recorded", "not recorded")
    assert end["expected_gain"] == "none: spend £2.00 [−£1.00, £3.50]"
    assert (end["cost"], end["net"]) == ("none", "none")


def test_a_decision_tells_money_beside_what_decides_who_acts_and_for_how_long_the_test_ran():
    shares = {"unit": "share", "value": 0.05, "low": 0.01, "high": 0.09, "metric": "ordered", "owner": "head of shop",
              "started_on": pd.Timestamp("2026-03-03"), "stop_on": pd.Timestamp("2026-03-31")}
    margin = {"metric": "margin", "is_primary": False, "verdict": None, "value": 1.0, "low": 0.5, "high": 1.5}
    told = asked(shares, margin)[0]
    assert told["decision"] == "Ship gift"
    assert told["expected_gain"] == (
        "£1,010 [£505, £1,520] in 28 days, as long as the test, from as many as took part, 1,010: it raised ordered "
        "by 5 percentage points [1, 9], margin by £1.00 [£0.50, £1.50]")
    assert told["cost"] == "not declared; it pays unless building and running it cost more than £1,010 [£505, £1,520]"
    assert told["net"] == "£1,010 [£505, £1,520], before the cost that is not declared"
    assert (told["worst_case"], told["owner"]) == (
        "what building and running it cost, which is not declared: nothing comes of it", "head of shop")
    assert in_brief(shares, margin) == [{
        "decision": "Ship gift", "stop_on": "31 March 2026",
        "expected_gain": "£1,010 [£505, £1,520] in 28 days", "cost": "not declared",
        "net": "£1,010 [£505, £1,520] less it", "worst_case": "its cost"}]


def test_gain_and_cost_go_to_the_day_of_the_review_less_a_control_group_that_is_told_with_its_price():
    planned = {"metric": "margin", "value": 1.0, "low": 0.8, "high": 1.2, "treatment_cost": 0.2,
               "started_on": pd.Timestamp("2026-03-03"), "stop_on": pd.Timestamp("2026-03-31")}
    days = {"as_of": date(2026, 3, 31), "review_on": date(2026, 5, 26)}  # twice as long as the test
    told = asked(planned, **days)[0]
    treated = 0.9 * 2 * 1010
    assert told["cost"] == f"£{treated * 0.2:,.0f}"
    assert told["expected_gain"].startswith(
        "£1,820 [£1,450, £2,180] up to 26 May 2026, at the pace of the test, 1,010 in 28 days, with a random 10.0 % "
        "kept back as control group, which forgoes £162 net: it raised ")
    assert told["net"] == "£1,450 [£1,090, £1,820]"
    assert told["worst_case"] == "−£364: the cost, and nothing comes of it"
    call, = experiment_decisions_text.experiment_calls(effects(planned), 56)
    brief = experiment_decisions_text.brief_terms(call, "GBP", *days.values())
    assert brief["expected_gain"] == "£1,820 [£1,450, £2,180] up to 26 May 2026"
    once = asked(planned | {"assigned": "customer"}, **days)[0]
    assert once["expected_gain"].startswith(
        "£909 [£727, £1,090] up to 26 May 2026, each of 1,010 customers counted once, with a random 10.0 % kept back")
    free = asked(planned | {"treatment_cost": 0.0}, **days)[0]  # building it may cost something
    assert free["cost"].endswith("; it pays unless building and running it cost more than £1,820 [£1,450, £2,180]")
    assert free["worst_case"] == "what building and running it cost, which is not declared: nothing comes of it"
    held = asked(planned | {"low": 0.1, "high": 1.9}, **days)[0]  # what is not shipped has no review
    assert held["expected_gain"].startswith("if shipped, £1,010 [£101, £1,920] in 28 days, as long as the test")
    assert experiment_decisions_text.days_until(None, date(2026, 5, 26)) == 0


def test_what_building_and_running_an_arm_cost_is_part_of_cost_net_and_worst_case():
    planned = {"metric": "margin", "value": 1.0, "low": 0.8, "high": 1.2, "treatment_cost": 0.2, "fixed_cost": 1000.0,
               "started_on": pd.Timestamp("2026-03-03"), "stop_on": pd.Timestamp("2026-03-31")}
    days = {"as_of": date(2026, 3, 31), "review_on": date(2026, 5, 26)}
    told = asked(planned, **days)[0]
    assert (told["decision"], told["cost"]) == ("Ship gift", "£1,360, building and running it included")
    assert told["net"] == "£454 [£90.80, £818]"
    assert told["worst_case"] == "−£1,360: the cost, and nothing comes of it"
    call, = experiment_decisions_text.experiment_calls(effects(planned), 56)
    assert call.amounts == pytest.approx((1363.6, 1363.6))
    brief = experiment_decisions_text.brief_terms(call, "GBP", *days.values())
    assert (brief["cost"], brief["net"], brief["worst_case"]) == ("£1,360", "£454 [£90.80, £818]", "−£1,360")
    held = asked(planned | {"fixed_cost": 1200.0}, **days)[0]  # told up to the review, as that cost is declared
    assert held["decision"].startswith("Do not ship gift")
    assert held["net"] == "if shipped, £254 [−£109, £618]"
    uncounted = asked({"fixed_cost": 1000.0, "treatment_cost": 0.2})[0]
    assert uncounted["cost"] == "£0.20 a unit treated and £1,000 to build and run it"


def test_where_the_gain_may_be_a_loss_the_worst_case_names_it_beside_the_cost_that_is_not_declared():
    money = {"metric": "margin", "value": 1.0, "low": -0.5, "high": 2.5}
    held = asked(money)[0]
    assert held["worst_case"] == (
        "if shipped, −£505, the lower end of the range, and what building and running it cost, which is not declared")


@pytest.mark.parametrize(("ends", "told"), [
    ({"value": 0.05, "low": 0.01, "high": 0.09},
     "it raised ordered by 5 percentage points [1, 9], worth £2.00 [£0.40, £3.60] a unit"),
    ({"value": -0.05, "low": -0.09, "high": -0.01},
     "it lowered ordered by 5 percentage points [1, 9], worth £2.00 [£0.40, £3.60] a unit")])
def test_what_may_cost_more_than_it_gains_is_not_shipped_and_tells_the_size_that_would_show_it(ends, told):
    planned = {"unit": "share", "metric": "ordered", "unit_value": 40.0, "treatment_cost": 0.5}
    terms = asked(planned | ends)[0]
    assert terms["decision"] == "Do not ship gift yet: the cost may exceed the gain"
    assert terms["expected_gain"] == (
        f"if shipped, £2,020 [£404, £3,640] from as many as took part, 1,010, in as long a time: {told}")
    assert (terms["cost"], terms["net"]) == ("if shipped, £505", "if shipped, £1,520 [−£101, £3,130]")
    assert terms["worst_case"] == "not shipped, up to £3,130 net is forgone"
    half, net, n = 1616, 1515, 1010  # below the net gain, the net gain, units
    assert terms["confidence"].endswith(
        f"about {round(n * (half / net) ** 2, -2):,.0f} would have to take part in a test to show whether it pays")


def test_what_is_better_by_its_plan_and_costs_more_than_it_gains_names_no_size_that_would_show_it():
    loss = {"unit": "share", "metric": "ordered", "value": 0.05, "low": 0.01, "high": 0.09, "unit_value": 1.0,
            "treatment_cost": 0.5}
    assert asked(loss)[0]["confidence"] == "assigned at random, no check failed"


@pytest.mark.parametrize(("change", "as_of", "told"), [
    ({"stop_on": None}, None, "not recorded"),
    ({"stop_on": "2026-03-31"}, None, "31 March 2026"),
    ({"stop_on": "2026-03-31"}, date(2026, 3, 30), "31 March 2026"),
    ({"stop_on": "2026-03-31"}, date(2026, 3, 31),
     "31 July 2026: withdrawn then, unless the control group kept back shows the gain again"),
    ({"stop_on": "2026-03-31", "verdict": "stop"}, date(2026, 3, 31), "now: the test ended by 31 March 2026")])
def test_a_test_that_has_ended_is_decided_now_and_what_is_shipped_has_a_day_and_a_rule_to_stop_on(change, as_of, told):
    row = change | {"stop_on": pd.Timestamp(change["stop_on"])}
    assert asked(row, as_of=as_of, review_on=date(2026, 7, 31))[0]["stop_on"] == told
    call, = experiment_decisions_text.experiment_calls(effects(row))
    brief = experiment_decisions_text.brief_terms(call, "GBP", as_of, date(2026, 7, 31))["stop_on"]
    assert brief == told.partition(":")[0]


def test_the_finding_counts_what_the_decisions_ask_for_and_weaker_arms_are_no_experiments_to_stop():
    rows = ({}, {"variant": "call", "verdict": "stop"}, {"experiment": "banner", "verdict": "stop"},
            {"experiment": "old", "treatment_cost": 9.0, "unit_value": 0.1})
    assert [terms["decision"] for terms in asked(*rows)] == [
        "Ship gift: letter, rather than the weaker call", "Do not ship old: the cost may exceed the gain",
        "Stop banner"]
    assert in_brief(*rows)[0]["decision"] == "Ship gift"
    assert experiment_decisions_text.decision_counts(effects(*rows)) == (
        "3 experiments: 1 to ship, 1 not to ship, as the cost may exceed the gain and 1 to stop.")


def test_the_finding_counts_the_gain_for_the_days_of_the_decisions():
    """A cost that one test does not bring in may be brought in until the review."""
    found = effects({"metric": "margin", "fixed_cost": 500.0, "value": 1.0, "low": 0.2, "high": 1.8,
                     "started_on": "2025-11-01", "stop_on": "2025-11-29"})
    counted = [experiment_decisions_text.decision_counts(found, days) for days in (0, 10_000)]
    kinds = [experiment_decisions_text.experiment_calls(found, days)[0].kind for days in (0, 10_000)]
    assert kinds == ["hold", "ship"]
    assert ["1 not to ship" in counted[0], "1 to ship" in counted[1]] == [True, True]


def test_those_to_ship_stand_by_their_net_gain_the_largest_first():
    rows = [{"experiment": name, "metric": "margin", "value": value, "low": value - 0.5, "high": value + 0.5}
            for name, value in (("a", 1.0), ("b", 3.0), ("c", 2.0))]
    assert [terms["decision"] for terms in asked(*rows)] == ["Ship b", "Ship c", "Ship a"]


def test_a_decision_without_a_plan_says_so():
    assert asked({"verdict": "stop", "is_exploratory": True, "low": -1.0})[0]["confidence"].endswith(
        "; not all were planned")


def test_two_arms_that_may_both_be_shipped_are_named_with_what_each_did():
    told = asked({}, {"variant": "call", "value": 3.0})[0]
    assert told["decision"] == "Ship gift: letter and call"
    assert told["expected_gain"] == (
        "letter: it raised spend by £2.00 [£0.50, £3.50] and call: it raised spend by £3.00 [£0.50, £3.50]")


def test_a_decision_counts_the_gates_that_its_experiment_crossed():
    held = [Gate(f"{name}: plan", 0, 1, is_crossed, level, f"every verdict on {name}", "no plan") for
            name, is_crossed, level in (("gift", True, "qualify"), ("gift", True, "note"), ("other", True, "qualify"),
                                        ("gift", False, "block"))]
    assert asked(gates=gate_table("06", held))[0]["confidence"] == "assigned at random, 1 check failed (gift: plan)"


@pytest.mark.parametrize("frame", [effects().head(0), effects(KEEP), effects(BLOCKED),
                                   effects({"experiment": "action plan of 2026-06-30"})])  # the action plan's to decide
def test_no_decision_is_asked_for_where_no_verdict_is_due(frame):
    assert experiment_decisions_text.experiment_decisions(frame, GATES) == []


def test_what_no_feasible_test_could_show_is_not_held_for_one():
    far = {"unit": "share", "metric": "ordered", "unit_value": 40.0, "treatment_cost": 1.9, "value": 0.05, "low": 0.01,
           "high": 0.09, "stop_on": pd.Timestamp("2026-03-31")}
    terms = asked(far, as_of=date(2026, 3, 31), review_on=date(2026, 7, 31))[0]
    assert terms["decision"] == "Do not ship gift: the cost may exceed the gain"
    assert terms["confidence"].endswith(", too many to ask for")
    assert terms["stop_on"] == "now: the test ended by 31 March 2026"
    near = asked(far | {"treatment_cost": 0.5}, as_of=date(2026, 3, 31), review_on=date(2026, 7, 31))[0]
    assert near["stop_on"] == "31 July 2026: dropped then, unless a larger test has been planned"
