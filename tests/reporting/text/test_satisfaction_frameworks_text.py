"""Sentences on frames, antecedents and delivered value: each branch read."""

from dataclasses import replace

from helpers.foundation.results import Estimate, Status, no_estimate
from helpers.reporting.text import satisfaction_frameworks as text
from helpers.satisfaction.item_frameworks import DELIVERED_VALUE_WEIGHT


def scored(frame, tag, value, half=2.0):
    return Estimate(f"score by {frame}", value, value - half, value + half, "points", 90, tag)


def correlated(frame, tag, value, half=0.05):
    return Estimate(f"correlation with satisfaction by {frame}", value, value - half, value + half, "correlation", 90,
                    tag)


def weight(part, value, half=0.05):
    return Estimate(DELIVERED_VALUE_WEIGHT, value, value - half, value + half, "points per point", 90, part)


def test_every_frame_is_said_by_the_difference_of_those_who_answered_both_ends():
    rows = [scored("phase", "before", 50), scored("phase", "after", 70),
            Estimate("difference of scores by phase", -19, -22, -16, "points", 80, "before less after"),
            scored("level", "social", 60), scored("level", "material", 62),
            Estimate("difference of scores by level", -2, -5, 1, "points", 80, "social less material"),
            scored("horizontal", "product", 62)]
    assert text.frame_sentence(rows, "level") == (
        "Material, social, spiritual: the scores of social and material show no statistically significant difference.")
    assert text.frame_sentence(rows, "phase") == (
        "Around the purchase: after stands 19 points [16, 22] above before for those who answered both.")
    for during, order in ((68, "before is lowest"), (50.5, "after is highest"),
                          (60, "before is lowest and after is highest")):
        said = text.frame_sentence([*rows, scored("phase", "during", during)], "phase")
        assert said.endswith(f"for those who answered both; {order}.")
    close = [scored("value", "social", 64), scored("value", "emotional", 67), scored("value", "functional", 65.5),
             Estimate("difference of scores by value", -2.3, -4.5, -0.1, "points", 80, "social less emotional")]
    assert text.frame_sentence(close, "value") == (
        "Kinds of value: emotional stands 2.3 points [0.1, 4.5] (adjusted for all pairs) above social for those who "
        "answered both; no other order is shown.")
    assert text.frame_sentence(rows, "horizontal") == "", "a single tag has nothing to differ from"
    table = text.frame_table([replace(rows[0], reason="questions: easy_to_find, parcel"), *rows[1:]], "phase")
    assert table["tag"].tolist() == ["before", "after"]
    assert table["questions"].tolist()[0] == "easy to find, parcel"
    assert "why" not in table
    with_satisfaction = [*rows, replace(correlated("phase", "after", 0.4), n=44)]
    assert text.frame_table(with_satisfaction, "phase")["people_of_both"].fillna(0).tolist() == [0, 44], (
        "a score and its correlation have people of their own")
    weak = no_estimate(rows[0].quantity, Status.STRUCK, "Cronbach's α 0.540 is under 0.60", unit="points", n=80,
                       segment="design")
    table = text.frame_table([replace(rows[0], reason="questions: 3; caution: α"), weak], "phase").set_index("tag")
    assert table.loc["design", ["score", "why"]].tolist() == ["not reported (failed check)",
                                                              "Cronbach's α 0.540 is under 0.60"]
    assert table.loc["before", ["questions", "why"]].tolist() == ["3", "caution: α"]


def test_what_satisfaction_goes_with_is_said_where_tags_can_be_told_apart():
    scores = [scored("level", tag, 60) for tag in ("social", "material", "spiritual")]
    apart = [correlated("level", "social", 0.3), correlated("level", "material", 0.6),
             correlated("level", "spiritual", 0.58)]
    assert text.frame_sentence([*scores, *apart], "level").endswith(
        "Most closely correlated with satisfaction: material (0.6 [0.55, 0.65]) and spiritual (0.58 [0.53, 0.63]).")
    alike = [correlated("level", tag, 0.6) for tag in ("social", "material")]
    assert "orrelat" not in text.frame_sentence([*scores, *alike], "level"), "nor are they shown to be alike"
    assert "orrelat" not in text.frame_sentence([*scores, *apart], "level", "travel"), "groups go with other sides"


def test_antecedents_are_said_as_associations_and_not_where_none_was_asked_for():
    rows = [correlated("antecedent", "fairness", 0.5), correlated("antecedent", "emotion", 0.7)]
    assert text.antecedent_sentence(rows) == (
        "Correlation of satisfaction with emotion 0.7 [0.65, 0.75] and fairness 0.5 [0.45, 0.55]; emotion comes first: "
        "associations only.")
    assert "the intervals of emotion and fairness overlap" in text.antecedent_sentence(
        [rows[1], correlated("antecedent", "fairness", 0.68)])
    assert text.antecedent_sentence([scored("level", "social", 60)]) == ""


def test_delivered_value_names_what_weighs_what_does_not_and_how_many_parts_were_asked_for():
    rows = [weight("gain: product", 0.3), weight("gain: image", 0.02), weight("sacrifice: time", 0.1)]
    assert text.delivered_value_sentence(rows) == (
        "Weights in the value delivered, points for a point more of each, from 90 people whose newest answer has all "
        "its parts: product 0.3 [0.25, 0.35] and time 0.1 [0.05, 0.15]. Not statistically significant: image. Asked "
        "were 3 of its 8 parts.")
    assert text.delivered_value_title(rows) == "Of the value delivered, product weighs most"
    assert text.delivered_value_title(rows[1:2]) == "No part of the value delivered can be told to weigh most"
    assert text.delivered_value_sentence([]) == ""
    assert text.delivered_value_parts(rows)["part"].tolist() == ["product", "time", "image"]
