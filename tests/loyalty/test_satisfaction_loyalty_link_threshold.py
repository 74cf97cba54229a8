from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import special

from helpers.foundation.results import Status, estimate_table
from helpers.loyalty import breakpoints, monotone_logistic, repurchase_moderators, satisfaction_loyalty_link
from helpers.reporting.text import repurchase as repurchase_text
from helpers.stats.confidence_intervals import share_interval


def came(n, beta, seed=1, scores=41):
    rng = np.random.default_rng(seed)
    score = np.clip(np.rint((60 + 18 * rng.standard_normal(n)) / 100 * (scores - 1)) * 100 / (scores - 1), 0, 100)
    chance = special.expit(monotone_logistic.broken_designs(score, np.array([[45.0, 75.0]]))[0] @ beta)
    return pd.DataFrame({"satisfaction": score, "returned": rng.random(n) < chance, "weight": 1.0})


def found(frame, draws=199):
    made = satisfaction_loyalty_link.estimate_threshold(frame, 7, draws)
    return made, {(e.quantity, e.segment): e for e in satisfaction_loyalty_link.threshold_estimates(made)}


def test_a_planted_threshold_is_believed_and_located():
    made, table = found(came(4000, [-1.5, 0.1, 0.9, 0.05]))
    assert made.is_believed
    lower, upper = (table[q, "all"] for q in satisfaction_loyalty_link.BREAKPOINT_LABELS)
    assert lower.low <= 45 <= lower.high
    assert upper.low <= 75 <= upper.high
    assert table["slope between the breakpoints", "all"].low > table["slope below the breakpoints", "all"].value
    assert table[satisfaction_loyalty_link.LOG_LOSS_GAIN, "line with two breakpoints"].value > 0


def test_without_a_bend_the_threshold_is_struck_with_its_p_value():
    made, table = found(came(2000, [-1.6, 0.3, 0.3, 0.3]))
    assert not made.is_believed
    assert {
        table[q, "all"].status
        for q in (*satisfaction_loyalty_link.BREAKPOINT_LABELS, *satisfaction_loyalty_link.SLOPE_LABELS)
    } == {Status.STRUCK}
    assert "not shown to fit better than a straight line (p = " in table["lower breakpoint", "all"].reason
    assert table[satisfaction_loyalty_link.REPURCHASE_ODDS, "all"].low > 1


def test_breakpoints_that_fit_better_but_predict_no_better_are_no_threshold():
    made, _ = found(came(4000, [-1.5, 0.1, 0.9, 0.05]))
    tie = made.compared.assign(low=-0.001)
    unsure = replace(made, compared=tie)
    assert (made.existence.p_value <= 0.05, unsure.is_believed) == (True, False)
    table = {e.quantity: e for e in satisfaction_loyalty_link.threshold_estimates(unsure)}
    assert {table[q].status for q in (*satisfaction_loyalty_link.BREAKPOINT_LABELS,
                                      *satisfaction_loyalty_link.SLOPE_LABELS)} == {Status.STRUCK}
    assert table["lower breakpoint"].reason.endswith("but are not shown to predict others better")
    curve = estimate_table(table.values())
    said = f"{repurchase_text.repurchase_answer(curve, 180)} {repurchase_text.repurchase_curve_title(curve)}"
    assert said.count("no threshold is shown") + said.count("No threshold is shown") == 2
    assert "has a breakpoint" not in said


def test_a_wide_interval_is_not_located():
    made, _ = found(came(4000, [-1.5, 0.1, 0.9, 0.05]))
    wide = breakpoints.BreakpointEstimate(
        breakpoints.Breakpoint(45, 20, 46), made.located.upper, made.located.coefficients, 0.0
    )
    table = {
        e.quantity: e
        for e in satisfaction_loyalty_link.threshold_estimates(
            satisfaction_loyalty_link.LoyaltyThreshold(
                made.counts, made.people, made.existence, wide, made.slopes, made.compared)
        )
    }
    assert table["lower breakpoint"].status is Status.INSUFFICIENT
    assert "not located: it may lie anywhere from 20 to 46" in table["lower breakpoint"].reason
    assert table["upper breakpoint"].status is Status.OK


@pytest.mark.parametrize(("n", "share", "reason"), [
    (0, 0.5, "nobody both said"), (99, 0.5, "99 people answered"),
    (500, 0.01, "of 500 people fewer than 10 came back; at least 20"), (500, 0.99, "stayed away")])
def test_too_little_gives_its_reason_and_no_points(n, share, reason):
    rng = np.random.default_rng(4)
    frame = pd.DataFrame({"satisfaction": rng.integers(0, 11, n) * 10.0, "returned": rng.random(n) < share,
                          "weight": 1.0})
    made, table = found(frame)
    assert {e.status for e in table.values()} == {Status.INSUFFICIENT}
    assert reason in table[satisfaction_loyalty_link.REPURCHASE_SHARE, "all"].reason
    assert satisfaction_loyalty_link.curve_points(made).empty


@pytest.mark.parametrize(("satisfied", "behaved", "said"), [
    (250, 0, "neither orders nor contracts"), (0, 99, "nobody was asked"), (9, 9, "")])
def test_a_side_that_was_never_recorded_makes_the_curve_not_applicable(satisfied, behaved, said):
    lacks = satisfaction_loyalty_link.unrecorded_side(satisfied, behaved)
    assert lacks.startswith(said)
    made = satisfaction_loyalty_link.estimate_threshold(came(0, [0, 0, 0, 0]), 1, 99, lacks)
    assert made.status is (Status.NOT_APPLICABLE if said else Status.INSUFFICIENT)
    assert {e.status for e in satisfaction_loyalty_link.threshold_estimates(made)} == {made.status}


def test_everybody_equally_satisfied_is_a_reason():
    frame = pd.DataFrame({"satisfaction": np.full(200, 75.0), "returned": np.arange(200) % 2 == 0, "weight": 1.0})
    assert found(frame)[1][satisfaction_loyalty_link.REPURCHASE_SHARE, "all"].reason == "everybody is equally satisfied"


def test_five_stars_are_too_few_scores_to_see_a_bend():
    made, table = found(came(1000, [-1.5, 0.1, 0.9, 0.05], scores=5))
    assert made.existence is None
    assert table[satisfaction_loyalty_link.THRESHOLD_TEST, "all"].status is Status.NOT_APPLICABLE
    assert table[satisfaction_loyalty_link.REPURCHASE_ODDS, "all"].status is Status.OK
    assert satisfaction_loyalty_link.curve_points(made)["breakpoints"].isna().all()


def test_points_hold_everybody_once_but_classes_of_few_and_the_curves_rise():
    made, _ = found(came(2000, [-1.5, 0.1, 0.9, 0.05]), 99)
    table = satisfaction_loyalty_link.curve_points(made)
    assert table["n"].min() >= 10
    assert 1960 <= table["n"].sum() <= 2000
    assert (table["low"] <= table["share_returned"]).all()
    assert (table[["line", "breakpoints", "smooth"]].diff().dropna() >= -1e-9).all(axis=None)


def test_survey_weights_reach_the_curve_and_leave_as_many_people_as_they_are_worth():
    frame = came(2000, [-1.6, 0.3, 0.3, 0.3])
    heavy = frame.assign(weight=np.where(frame["returned"], 3.0, 1.0))
    _, even_rows = found(frame)
    made, rows = found(heavy)
    share = satisfaction_loyalty_link.REPURCHASE_SHARE, "all"
    p = even_rows[share].value
    assert rows[share].value == pytest.approx(3 * p / (3 * p + 1 - p))
    assert rows[share].n == even_rows[share].n == 2000, "people are people"
    alone = share_interval(rows[share].value, 2000)
    assert rows[share].high - rows[share].low > 1.1 * (alone.high - alone.low), "weights cost precision"
    assert made.counts.n.sum() == pytest.approx(heavy["weight"].sum() ** 2 / (heavy["weight"] ** 2).sum())
    points = satisfaction_loyalty_link.curve_points(made)
    assert (points["share_returned"] >= points["n_returned"] / points["n"] - 1e-12).all()


def test_a_satisfaction_score_that_failed_its_check_has_no_curve_and_no_moderators():
    frame = came(2000, [-1.6, 0.3, 0.3, 0.3]).assign(customer_id=[f"c{i}" for i in range(2000)])
    made = satisfaction_loyalty_link.estimate_threshold(frame, 7, 199, struck="α is too low")
    assert {e.status for e in satisfaction_loyalty_link.threshold_estimates(made)} == {Status.STRUCK}
    said = pd.DataFrame({"customer_id": frame["customer_id"], "quality": np.linspace(0, 100, 2000), "is_member": np.nan,
                         "alternatives": np.nan, "switching_cost": np.nan})
    rows = {(e.quantity, e.segment): e for e in repurchase_moderators.moderator_estimates(frame, said, "α is too low")}
    assert rows[repurchase_moderators.INTERACTION, repurchase_moderators.QUALITY_MODERATOR].status is Status.STRUCK
    free = {(e.quantity, e.segment): e for e in repurchase_moderators.moderator_estimates(frame, said)}
    assert free[repurchase_moderators.INTERACTION, repurchase_moderators.QUALITY_MODERATOR].status is Status.OK
