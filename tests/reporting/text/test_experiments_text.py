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
    beaten = {"verdict": "stop", "reason": "call is better than it by 4 [2, 6]"}
    assert experiments_text.experiments_answer(effects(beaten), GATES, "GBP") == (
        "gift: stop letter, although it raised spend by £2.00 [£0.50, £3.50] against none, since call is better than "
        "it by 4 [2, 6].",)


def test_what_no_plan_drew_is_given_no_causal_verb():
    sentence = experiments_text.experiments_answer(effects({"is_exploratory": True}), GATES, "GBP")[0]
    assert "spend was higher by £2.00 [£0.50, £3.50] against none" in sentence
    assert "raised" not in sentence


def test_a_clear_fall_stops_and_is_said_without_a_minus():
    fall = {"verdict": "stop", "unit": "share", "value": -0.0082, "low": -0.01328, "high": -0.00312,
            "reason": "the whole interval is a change for the worse"}
    sentence = experiments_text.experiments_answer(effects(fall), GATES)[0]
    assert sentence.startswith("gift: stop letter, because it lowered spend by 0.82 points [0.3, 1.3")
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


def test_a_decision_names_what_to_ship_and_what_to_stop():
    stop = {"experiment": "banner", "verdict": "stop", "low": -1.0}
    asked = experiment_decisions_text.experiment_decision(
        effects({}, stop, {"is_primary": False, "verdict": None}), GATES, "GBP"
    )
    assert asked["decision"] == "Ship gift; stop banner"
    assert asked["expected_gain"] == ("gift raised spend by £2.00 [£0.50, £3.50]; "
                                      "banner £2.00 [−£1.00, £3.50]")
    assert asked["confidence"] == "assigned at random, no check failed"
    assert asked["worst_case"] == "gift £0.50 (worse ends of the intervals)"
    assert (asked["cost"], asked["owner"]) == ("not recorded", "not recorded")


def test_a_decision_on_experiments_tells_money_beside_what_decides_and_who_acts():
    shares = {"unit": "share", "value": 0.05, "low": 0.01, "high": 0.09, "metric": "ordered", "owner": "head of shop"}
    margin = {"metric": "margin", "is_primary": False, "verdict": None, "value": 1.0, "low": -0.5, "high": 2.5}
    asked = experiment_decisions_text.experiment_decision(effects(shares, margin), GATES, "GBP")
    assert asked["expected_gain"] == (
        "£1,010 [−£505, £2,520] for as many units as took part, 1,010, in as long a time: gift raised ordered "
        "by 5 points [1, 9], margin "
        "by £1.00 [−£0.50, £2.50]")
    assert asked["decision"] == "Test further, since the cost may exceed the gain, gift"
    assert asked["worst_case"] == "−£505: the lower ends of all ranges at once"
    assert asked["owner"] == "head of shop"


@pytest.mark.parametrize(("ends", "told"), [
    ({"value": 0.05, "low": 0.01, "high": 0.09},
     "raised ordered by 5 points [1, 9], worth £2.00 [£0.40, £3.60] a unit"),
    ({"value": -0.05, "low": -0.09, "high": -0.01},
     "lowered ordered by 5 points [1, 9], worth £2.00 [£0.40, £3.60] a unit")])
def test_a_decision_tells_what_an_improvement_is_worth_and_costs_where_the_plan_declares_both(ends, told):
    planned = {"unit": "share", "metric": "ordered", "unit_value": 40.0, "treatment_cost": 0.5}
    asked = experiment_decisions_text.experiment_decision(effects(planned | ends), GATES, "GBP")
    assert asked["expected_gain"] == (
        f"£2,020 [£404, £3,640] for as many units as took part, 1,010, in as long a time: gift {told}")
    assert (asked["cost"], asked["net"]) == ("£505", "£1,520 [−£101, £3,130]")


@pytest.mark.parametrize(("days", "told"), [
    ((None, None), "not recorded"), (("2026-03-31", "2026-03-31"), "31 March 2026"),
    (("2026-03-31", None), "gift 31 March 2026"),
    (("2026-03-31", "2026-04-30"), "call 30 April 2026 and gift 31 March 2026")])
def test_a_decision_on_experiments_has_the_days_on_which_they_stop(days, told):
    rows = [{"experiment": name, "stop_on": pd.Timestamp(day)}
            for name, day in zip(("gift", "call"), days, strict=True)]
    asked = experiment_decisions_text.experiment_decision(effects(*rows), GATES, "GBP")
    assert asked["stop_on"] == told
    assert experiment_decisions_text.brief_terms(effects(rows[0]))["stop_on"] == (
        "31 March 2026" if days[0] else "not recorded")


def test_a_test_that_has_ended_is_to_be_decided_now_and_has_no_day_left_to_stop_on():
    rows = [{"experiment": name, "stop_on": pd.Timestamp(day)} for name, day in (("gift", "2026-03-31"),
                                                                                 ("call", "2026-04-30"))]
    told = [experiment_decisions_text.experiment_decision(effects(*rows), GATES, "GBP", as_of)["stop_on"]
            for as_of in (date(2026, 4, 30), date(2026, 4, 1))]
    assert told == ["now: tests ended by 30 April 2026", "call 30 April 2026 and gift 31 March 2026"]
    day, review = date(2026, 4, 30), date(2026, 7, 31)
    assert experiment_decisions_text.experiment_decision(effects(*rows), GATES, "GBP", day, review)["stop_on"] == (
        "now: tests ended by 30 April 2026; review on 31 July 2026")
    assert experiment_decisions_text.brief_terms(effects(*rows), "GBP", day)["stop_on"] == "now"


def test_the_finding_counts_what_the_decision_asks_for_and_weaker_arms_are_no_experiments_to_stop():
    arms = effects({}, {"variant": "call", "verdict": "stop"}, {"experiment": "banner", "verdict": "stop"},
                   {"experiment": "old", "treatment_cost": 9.0, "unit_value": 0.1})
    asked = experiment_decisions_text.experiment_decision(arms, GATES, "GBP")
    assert asked["decision"] == ("Ship letter of gift; test further, since the cost may exceed the gain, old; stop "
                                 "banner; leave out the weaker call of gift")
    assert experiment_decisions_text.decision_counts(arms) == (
        "3 experiments: 1 to ship, 1 to test further, as the cost may exceed the gain and 1 to stop.")


def test_where_a_fall_is_the_improvement_its_worst_case_is_the_end_nearest_to_none():
    fall = {"value": -2.0, "low": -3.5, "high": -0.5, "lift": -0.1, "lift_low": -0.2, "lift_high": -0.01}
    asked = experiment_decisions_text.experiment_decision(effects(fall), GATES, "GBP")
    assert asked["worst_case"] == "gift −£0.50 (worse ends of the intervals)"


def test_a_decision_without_a_plan_or_without_a_gain_says_so():
    alone = experiment_decisions_text.experiment_decision(
        effects({"verdict": "stop", "is_exploratory": True, "low": -1.0}), GATES
    )
    assert alone["expected_gain"] == ("none: no arm is better by its plan; "
                                      "gift 2.00 [−1.00, 3.50]")
    assert alone["confidence"].endswith("; not all were planned")


def test_many_experiments_are_named_up_to_three_with_their_arms_where_they_have_several():
    asked = experiment_decisions_text.experiment_decision(effects(*({"experiment": name} for name in "abcde")), GATES)[
        "decision"
    ]
    assert asked == "Ship a, b, c and 2 more"
    two = experiment_decisions_text.experiment_decision(effects({}, {"variant": "call"}), GATES, "GBP")
    assert two["decision"] == "Ship call of gift and letter of gift"
    assert two["expected_gain"] == ("call of gift raised spend by £2.00 [£0.50, £3.50] and letter of gift raised spend "
                                    "by £2.00 [£0.50, £3.50]")


def test_a_decision_counts_the_gates_that_its_experiments_crossed():
    held = [Gate(f"{name}: plan", 0, 1, is_crossed, level, f"every verdict on {name}", "no plan") for
            name, is_crossed, level in (("gift", True, "qualify"), ("gift", True, "note"), ("other", True, "qualify"),
                                        ("gift", False, "block"))]
    asked = experiment_decisions_text.experiment_decision(effects(), gate_table("06", held))
    assert asked["confidence"] == "assigned at random, 1 check failed (gift: plan)"


@pytest.mark.parametrize("frame", [effects().head(0), effects(KEEP), effects(BLOCKED),
                                   effects({"experiment": "action plan of 2026-06-30"})])  # the action plan's to decide
def test_no_decision_is_asked_for_where_no_verdict_is_due(frame):
    assert experiment_decisions_text.experiment_decision(frame, GATES) == {}
