"""What the satisfaction page says of deliveries, Kano's pairs, contrasts, groups, comments and rates."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from helpers.foundation.results import Estimate, Status, estimate_table, no_estimate
from helpers.reporting.text import satisfaction_context as satisfaction_context_text
from helpers.reporting.text import satisfaction_frameworks as satisfaction_frameworks_text
from helpers.reporting.text import service_rates as service_rates_text
from helpers.satisfaction import kano, multigroup, penalty_reward_drivers, service_quality
from helpers.satisfaction.comment_words import CommentWords
from helpers.satisfaction.ecsi_model import NoPathModel
from helpers.satisfaction.late_delivery import (
    IN_TIME,
    LATE_DELIVERY,
    LATE_SHARE,
    LATENESS_GAP,
    OF_NAMED_ORDER,
    OVERDUE,
    SATISFACTION_BY_DELIVERY,
)
from helpers.satisfaction.text_comments import POLARITY_ACCURACY
from helpers.stats.control_charts.time_series import TimeSeries

HANDLED = f"{service_quality.OMISSION_RATE}: handled"

ABSENT = NoPathModel("nothing was asked but satisfaction")


def late(gap=-20.0, half=4.0):
    return [Estimate(LATE_SHARE, 0.08, 0.07, 0.09, "share", 900, reason=OF_NAMED_ORDER),
            Estimate(SATISFACTION_BY_DELIVERY, 80.0, 78.0, 82.0, "points", 800, IN_TIME),
            Estimate(LATENESS_GAP, gap, gap - half, gap + half, "points", 900)]


def test_lateness_goes_with_lower_satisfaction_and_nothing_is_called_a_cause():
    said = satisfaction_context_text.late_delivery_sentence(late())
    assert said == ("Of 900 people, by their newest answer that names a sale with a promised day (orders cancelled "
                    "or never available are none), 8.0 % [7.0 %, 9.0 %] had it late; their satisfaction is 20 points "
                    "lower [16, 24] than where it came in time: an association only.")
    assert not any(word in said for word in ("because", "cause", "due to", "effect"))
    assert (
        satisfaction_context_text.late_delivery_title(late())
        == "Satisfaction is lower where the delivery was late; by how late it came in the end, received or not when "
        "answering"
    )
    assert "higher" in satisfaction_context_text.late_delivery_sentence(late(20.0))
    parts = [Estimate(SATISFACTION_BY_DELIVERY, v, v - 2, v + 2, "points", 90, s)
             for s, v in ((LATE_DELIVERY, 58.0), (OVERDUE, 17.0))]
    assert satisfaction_context_text.late_delivery_sentence([*late(), *parts]).endswith(
        "had it late or overdue. Satisfaction is 80 points [78, 82] where it came in time, 58 points [56, 60] where it "
        "came late and 17 points [15, 19] where people still waited when answering: an association only."), "far apart"


def test_a_difference_within_noise_and_one_that_cannot_be_made_are_said():
    assert "no statistically significant difference" in satisfaction_context_text.late_delivery_sentence(late(1.0))
    assert "No statistically significant difference" in satisfaction_context_text.late_delivery_title(late(1.0))
    few = [*late()[:2], no_estimate(LATENESS_GAP, Status.INSUFFICIENT, "3 people got theirs late")]
    assert satisfaction_context_text.late_delivery_sentence(few).endswith(
        "cannot be compared: 3 people got theirs late."
    )
    assert satisfaction_context_text.late_delivery_title(few).endswith("is not known: 3 people got theirs late")
    none = [no_estimate(LATE_SHARE, Status.NOT_APPLICABLE, "no orders with a promised day are recorded")]
    assert satisfaction_context_text.late_delivery_sentence(none) == ""
    assert satisfaction_context_text.late_delivery_title(none).endswith(
        "is not known: no orders with a promised day are recorded")


def test_deliveries_stand_in_the_answer_only_where_no_driver_was_asked_about():
    assert satisfaction_context_text.late_delivery_without_drivers(late(), ABSENT).startswith("Of 900")
    assert satisfaction_context_text.late_delivery_without_drivers(late(1.0), ABSENT) == ""
    assert satisfaction_context_text.late_delivery_without_drivers(late(), object()) == ""


def properties(*categories):
    rows = [
        {
            "property": f"thing {i}",
            "n": 150,
            **dict.fromkeys(kano.KANO_CATEGORIES, 25),
            "category": c,
            "better": 0.4,
            "better_low": 0.3,
            "better_high": 0.5,
            "worse": -0.8,
            "worse_low": -0.9,
            "worse_high": -0.7,
        }
        for i, c in enumerate(categories)
    ]
    return pd.DataFrame(rows)


def test_kanos_categories_are_counted_in_words_with_their_ties():
    said = satisfaction_frameworks_text.kano_sentence(
        properties("must-be", "must-be (tied with attractive)", "attractive", "reverse")
    )
    assert said == ("Of 4 properties, 1 is clearly taken for granted (must-be), 1 is clearly a pleasant surprise "
                    "(attractive), 1 is clearly not wanted (reverse) and 1 is between two categories or more. "
                    "Clearly: seen so by more people than any other way, beyond chance, each property by itself "
                    "(McNemar). No single property is shown to be missed most where it lacks.")
    tied = properties("must-be (tied with attractive)")
    assert "Clearly" not in satisfaction_frameworks_text.kano_sentence(tied)
    apart = properties("must-be", "attractive").assign(
        worse=[-0.8, -0.3], worse_low=[-0.9, -0.4], worse_high=[-0.7, -0.2])
    assert satisfaction_frameworks_text.kano_sentence(apart).endswith(
        "What is missed most where it lacks: “thing 0” (−0.8).")
    sure = satisfaction_frameworks_text.kano_sentence(properties("one-dimensional", "indifferent"))
    assert "between" not in sure
    assert satisfaction_frameworks_text.kano_sentence(properties().reindex(columns=["category"])) == (
        "There are no Kano pairs that ten people or more answered.")
    few = satisfaction_frameworks_text.kano_table(properties("must-be").assign(better=0.04))
    assert few["better"].isna().tolist() == [True], "four people, whom the coefficient would tell"
    assert few["better interval"].tolist() == [""]
    table = satisfaction_frameworks_text.kano_table(properties("must-be"))
    assert not {*kano.KANO_CATEGORIES} & {*table.columns}, "with better and worse, small counts would follow"
    assert table["worse interval"].tolist() == ["[−0.9, −0.7]"]


def contrast(name, kind):
    e = Estimate("x", 1.0)
    return penalty_reward_drivers.PenaltyReward(name, e, e, kind)


def test_what_counts_on_one_side_only_is_named():
    few = [contrast("A", penalty_reward_drivers.FEW_AT_AN_END)]
    assert satisfaction_context_text.penalty_reward_sentence(few) == "Low or high scores of A are too few."
    assert satisfaction_context_text.penalty_reward_sentence(
        [*few, contrast("B", penalty_reward_drivers.NEITHER_FACTOR)]) == (
        "No driver with people enough at both ends shows a statistically significant contrast of its low or high "
        "scores with those between. Low or high scores of A are too few."), "one end of A may be significant"
    both = [contrast("A", penalty_reward_drivers.BASIC_FACTOR), contrast("B", penalty_reward_drivers.EXCITEMENT_FACTOR)]
    assert satisfaction_context_text.penalty_reward_sentence(both) == (
        "The other drivers equal, each interval alone: a low score of A is associated with less satisfaction, a high "
        "one with no more; a high score of B is associated with more satisfaction, a low one with no less."
    )
    assert satisfaction_context_text.penalty_reward_sentence(
        [contrast("C", penalty_reward_drivers.PERFORMANCE_FACTOR)]
    ) == "No driver is shown to count on one side only; C counts both where low and where high (each interval alone)."
    bent = [contrast("C", penalty_reward_drivers.PERFORMANCE_FACTOR),
            replace(contrast("E", penalty_reward_drivers.UNSETTLED_FORM), why=penalty_reward_drivers.ONE_END_ALONE)]
    assert satisfaction_context_text.penalty_reward_sentence(bent).endswith(
        "C counts both where low and where high (each interval alone). No one form is shown of E (one end is shown by "
        "its own interval, not that the other counts less).")
    withheld = [contrast("C", penalty_reward_drivers.PERFORMANCE_FACTOR), contrast("D", "")]
    assert satisfaction_context_text.penalty_reward_sentence(withheld) == (
        "No driver that is reported is shown to count on one side only; C counts both where low and where high (each "
        "interval alone). Not reported (failed check): D.")
    neither = [contrast(name, penalty_reward_drivers.NEITHER_FACTOR) for name in "AB"]
    assert satisfaction_context_text.penalty_reward_sentence(neither).startswith("No driver shows a statistically")
    assert satisfaction_context_text.penalty_reward_sentence(ABSENT).endswith("nothing was asked but satisfaction.")


class Driven:
    """Only what the sentence reads."""

    names = ("A", "B")
    share = {"A": Estimate("s", 0.6), "B": Estimate("s", 0.4)}  # noqa: RUF012
    first = {"A": 1.0, "B": 0.0}  # noqa: RUF012
    struck = {}  # noqa: RUF012
    nonlinear = {}  # noqa: RUF012


def test_the_ordinal_logit_agrees_or_not_and_says_where_odds_are_uneven():
    rows = [
        Estimate(penalty_reward_drivers.DRIVER_ODDS_RATIO, 2.0, segment="A"),
        Estimate(penalty_reward_drivers.DRIVER_ODDS_RATIO, 0.8, segment="B"),
    ]
    assert (
        satisfaction_context_text.ordinal_logit_sentence(rows, Driven()) == "The ordinal logit agrees: A comes first."
    )
    turned = [
        Estimate(penalty_reward_drivers.DRIVER_ODDS_RATIO, 1.1, segment="A"),
        Estimate(penalty_reward_drivers.DRIVER_ODDS_RATIO, 0.4, segment="B",
                 reason=f"of one question, q1; {penalty_reward_drivers.UNEVEN_ODDS} (p 0.001)"),
    ]
    assert satisfaction_context_text.ordinal_logit_sentence(turned, Driven()).startswith(
        "The ordinal logit (of one question, q1) disagrees: it puts B first, not A. Odds differ"
    )
    assert satisfaction_context_text.ordinal_logit_sentence(rows, ABSENT).endswith(
        "nothing was asked but satisfaction."
    )
    failed = [no_estimate(penalty_reward_drivers.DRIVER_ODDS_RATIO, Status.STRUCK, "A is not distinct", segment="A")]
    assert satisfaction_context_text.ordinal_logit_sentence(failed, Driven()) == (
        "The ordinal logit is not reported (failed check): A is not distinct.")
    tied = type("Tied", (Driven,), {"first": {"A": 0.6, "B": 0.4}})()
    assert satisfaction_context_text.ordinal_logit_sentence(turned, tied).startswith(
        "The ordinal logit (of one question, q1) agrees: A or B comes first."), "no order where none is shown"
    withheld = type("Withheld", (Driven,), {"struck": {"C": "not distinct"}})()
    clear = [replace(e, low=1.2, high=2.4) for e in rows]
    assert satisfaction_context_text.ordinal_logit_sentence(clear, withheld) == (
        "Ordinal logit and shares of variance cannot be compared: no effect of C is reported.")


@pytest.mark.parametrize(("rows", "said"), [
    ([no_estimate(multigroup.PATH_DIFFERENCE, Status.BLOCKED, "not composed alike: A (x against y)")],
     "Groups are not compared: not composed alike: A (x against y)."),
    ([Estimate(multigroup.PATH_DIFFERENCE, 0.3, segment="A → S", reason="adjusted p 0.012, x against y")],
     "Paths that differ (x against y): A → S."),
    ([Estimate(multigroup.PATH_DIFFERENCE, 0.1, segment="A → S", reason="adjusted p 0.6, x against y")],
     "No path that is compared shows a statistically significant difference (x against y)."),
    ([Estimate(multigroup.COMPOSITION_CORRELATION, 0.43, segment="B", reason="adjusted p 0.17, x against y"),
      Estimate(multigroup.PATH_DIFFERENCE, 0.1, segment="A → S", reason="adjusted p 0.6, x against y")],
     "No path that is compared shows a statistically significant difference (x against y). Not compared: paths of B, "
     "whose composition may differ with so few people."),
])
def test_groups_are_compared_only_where_they_may_be(rows, said):
    assert satisfaction_context_text.multigroup_sentence(rows) == said


@pytest.mark.parametrize(("kind", "said"), [
    ("U-shaped", "A: both a low and a high score go with more satisfaction than a middle one (U-shaped)."),
    ("inverted U", "A: both a low and a high score go with less satisfaction than a middle one (inverted U)."),
    ("reversed", "A: a higher score is associated with less satisfaction (reversed)."),
    ("low above", "A: a low score is associated with more satisfaction than a middle one, a high one with no more or "
     "less."),
    ("high below", "A: a high score is associated with less satisfaction than a middle one, a low one with no more or "
     "less."),
])
def test_a_bent_contrast_is_told_as_such(kind, said):
    sentence = satisfaction_context_text.penalty_reward_sentence([contrast("A", kind)])
    assert sentence == f"The other drivers equal, each interval alone: {said}"
    mixed = satisfaction_context_text.penalty_reward_sentence([contrast("A", kind)], "travel")
    assert mixed == (
        "Which drivers count on one side only is not told for everybody together: by travel the drivers differ.")


@pytest.mark.parametrize(("words", "said"), [
    (CommentWords((("a",),), ("pt",), 0), "Without the stop words of Portuguese."),
    (CommentWords((("a",),), ("en",), 12),
     "Without the stop words of English. 12 comments in a script without spaces (Chinese, Japanese, Thai) are not "
     "split into words, which needs the extra “comments”: only declared topics are found there."),
    (CommentWords((), (), 0), ""),
])
def test_whose_stop_words_are_left_out_and_what_could_not_be_split_is_said(words, said):
    assert satisfaction_context_text.comment_language_sentence(words) == said


def test_topics_and_their_audit_are_said():
    table = pd.DataFrame([{"topic": "late, parcel", "people": 40, "share": 0.4, "satisfaction": 20.0, "low": 15.0,
                           "high": 25.0, "blame": 0.9}])
    assert satisfaction_context_text.topic_sentence(table) == (
        "1 topic of comments; scores with “late, parcel”: 20 points [15, 25], 40.0 % of comments.")
    other = {"topic": "fine", "people": 40, "share": 0.4, "blame": 0.1}
    two = [pd.concat([table, pd.DataFrame([{**other, "satisfaction": mean, "low": mean - 5, "high": mean + 5}])])
           for mean in (24.0, 29.0)]
    assert [satisfaction_context_text.topic_sentence(t) for t in two] == [
        "2 topics of comments; which of “late, parcel” or “fine” goes with the lowest scores is not shown "
        "(tests of differences, Holm).",
        "2 topics of comments; lowest scores with “late, parcel”: 20 points [15, 25], 40.0 % of comments."]
    assert satisfaction_context_text.topic_sentence(table.head(0)) == "No topic of comments has ten people or more."
    assert satisfaction_context_text.comment_audit_sentence(
        [Estimate(POLARITY_ACCURACY, 0.9, 0.8, 0.95, "share", 50)]
    ) == ("Of 50 comments that people read, 90.0 % [80.0 %, 95.0 %] have the polarity of their score.")
    assert satisfaction_context_text.comment_audit_sentence([]).endswith("no comments.")


@pytest.fixture(scope="module")
def board():
    on = pd.date_range("2023-01-01", periods=30, freq="MS").to_numpy("datetime64[us]")
    omitted = np.r_[np.tile([2.0, 3.0, 1.0], 10)[:29], 25.0]
    return service_quality.service_charts(
        [
            TimeSeries(HANDLED, on, omitted, np.full(30, 40.0), "share", "share of cases"),
            TimeSeries(service_quality.DISSATISFACTION_RATE, on[:9], omitted[:9], np.full(9, 40.0), "share", "x"),
        ],
        1,
    )


def test_rates_that_leave_their_limits_are_named_with_the_false_alarms_to_expect(board):
    said = service_rates_text.service_rate_alarms(board)
    assert said.startswith("Omission rate: handled: shift above the limits, begun about 2025-05, signalled in 2025-06. "
                           "By chance alone the charts that watch now would give about 1 alarm a year.")
    few = service_quality.service_charts([board.charts[1].course], 1)
    assert (
        service_rates_text.service_rate_alarms(few)
        == "No rate of service has the months that a control chart needs: no alarm can be given."
    )
    calm = TimeSeries(
        HANDLED,
        board.charts[0].course.on[:29],
        board.charts[0].course.value[:29],
        np.full(29, 40.0),
        "share",
        "x",
    )
    assert service_rates_text.service_rate_alarms(service_quality.service_charts([calm], 1)).startswith(
        "No alarm from 1 charted rate in the months after the baseline. By chance alone the charts that watch now "
        "would give about 1 alarm a year.")
    assert service_rates_text.service_rate_title(service_quality.service_charts([calm], 1).charts[0]).startswith(
        "Cases not handled: no alarm in the months watched, 2025-")
    bad = replace(calm, value=np.r_[calm.value[:5], 36.0, calm.value[6:]])
    worst = service_quality.service_charts([bad], 1)
    assert service_rates_text.service_rate_title(worst.charts[0]).endswith(
        "; the limits are drawn without 2023-06, far beyond them")
    assert ("months after the baseline. Far beyond the limits in the baseline: cases not handled in 2023-06 (0.9)."
            in service_rates_text.service_rate_alarms(worst))


def test_the_chart_of_a_rate_says_its_last_alarm_or_that_there_are_too_few_months(board):
    assert service_rates_text.service_rate_title(board.charts[0]) == (
        "Cases not handled: shift above the limits, signalled in 2025-06")
    assert "too few months" in service_rates_text.service_rate_title(board.charts[1])


def test_a_part_without_a_value_has_nothing_to_show_and_is_named_with_its_reason():
    nothing = [no_estimate("Kano category", Status.NOT_APPLICABLE, "no pairs of questions")]
    struck = [no_estimate("path", Status.STRUCK, "cannot be told apart")]
    known = [Estimate("share", 0.4, 0.3, 0.5, "share", 90), *nothing]
    assert satisfaction_context_text.rows_with_values(estimate_table(nothing)).empty
    assert len(satisfaction_context_text.rows_with_values(estimate_table(known))) == 2
    assert len(satisfaction_context_text.rows_with_values(estimate_table(struck))) == 1
    assert list(satisfaction_context_text.rows_to_report(estimate_table([*known, *struck]))["quantity"]) == [
        "share", "Kano category"], "what failed a check stands in a table of its own"
    assert len(satisfaction_context_text.rows_to_report(estimate_table(struck))) == 1
    assert satisfaction_context_text.missing_satisfaction_parts(
        {"Kano's pairs": nothing, "deliveries": known, "paths": estimate_table(struck)}
    ) == ("Not shown: Kano's pairs (no pairs of questions).")
    assert satisfaction_context_text.missing_satisfaction_parts({"deliveries": known}) == ""


def test_the_funnel_says_how_many_cases_reach_each_stage():
    def shares(stage, reached, omitted):
        return [Estimate(f"share {stage}", reached, reached - 0.02, reached + 0.02, "share", 200),
                Estimate(service_quality.OMISSION_RATE, omitted, omitted - 0.05, omitted + 0.05, "share", 150, stage)]

    rows = [*shares("handled", 0.9, 0.1), *shares("reviewed", 0.3, 0.66),
            no_estimate(service_quality.OMISSION_RATE, Status.NOT_APPLICABLE, "no case", segment="corrective action")]
    assert service_rates_text.service_funnel_sentence(rows) == (
        "Of 200 cases reported more than 30 days ago, 90.0 % were handled and 30.0 % were also reviewed; not every "
        "case calls for every stage. Which were handed to design, production or operations as a "
        "corrective action is not recorded.")
    none = no_estimate("cases reported", Status.NOT_APPLICABLE, "no service cases are recorded")
    assert service_rates_text.service_funnel_sentence([none]) == ""
