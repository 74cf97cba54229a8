import pandas as pd
import pytest

from helpers.foundation.estimates import Estimate, Status, summary, without_value
from helpers.methods.intervals import Interval
from helpers.reporting.sentences import driving
from helpers.reporting.sentences.satisfaction import rate_title
from helpers.satisfaction.confirmation import ALONE, BY_GAP, BY_RATIO, RATIO
from helpers.satisfaction.effects import Drivers
from helpers.satisfaction.service import COMPLAINTS
from helpers.satisfaction.structure import Absent
from helpers.satisfaction.validity import Validity

NOBODY = Absent("2 of 2 people answered every question, fewer than 30", 2)


def drivers(leads=(1.0, 0.0), struck=(), probe=(0.005, 0.005), johnson=(0.6, 0.4)):
    names = ("Product", "Service")
    share = {n: Interval(v, v - 0.1, v + 0.1) for n, v in zip(names, (0.6, 0.4), strict=True) if n not in struck}
    joint = {" + ".join(struck): Interval(sum({"Product": 0.6, "Service": 0.4}[n] for n in struck), 0.5, 1.0)}
    by = lambda values: dict(zip(names, values, strict=True))  # noqa: E731
    return Drivers(names, Interval(0.5, 0.4, 0.6), share, joint if struck else {}, dict.fromkeys(struck, "why"),
                   by(leads), by(probe), by([Interval(70.0, 68, 72)] * 2),
                   {n: Interval(30 * i.value, 1, 20) for n, i in share.items()}, by(leads), by(johnson), 200)


def valid(ratio, loading=0.8):
    return Validity({}, {}, (), {("A", "B"): ratio}, {"b1": Interval(loading, loading - 0.1, loading + 0.1)},
                    {"a1": "A", "b1": "B"}, 200)


def paths(*struck):
    return summary([without_value("path", Status.STRUCK, "why", segment=a) if a in struck else
                    Estimate("path", 0.3, 0.2, 0.4, segment=a) for a in ("A → B", "A → C")])


def test_the_driver_to_improve_first_is_named_with_its_share_and_place():
    assert driving.first(drivers()) == (
        "Product should be improved first: 60.0 % [50.0 %, 70.0 %] of the explained differences in satisfaction go "
        "with it, and it stands at 70 points of 100, with the most room where it matters.")


def test_two_drivers_within_noise_are_both_named():
    assert driving.first(drivers(leads=(0.8, 0.2))).startswith(
        "Product or Service should be improved first: which of them is within noise; of Product, 60.0 %")


def test_drivers_that_cannot_be_told_apart_are_given_together():
    assert driving.first(drivers(struck=("Product", "Service"))) == (
        "Which of Product and Service to improve first cannot be said; together they account for 100 % [50.0 %, 100 %] "
        "of the explained differences.")
    assert "its share cannot be told apart" in driving.first(drivers(struck=("Product",)))


def test_a_leader_that_is_noise_is_not_recommended():
    said = driving.first(drivers(probe=(0.4, 0.6)))
    assert said.startswith("What to improve first cannot be said: no driver")
    assert driving.noise(drivers(probe=(0.4, 0.6))) == "Product and Service do no better than a random column."
    assert driving.noise(drivers(probe=(0.005, 0.6))) == "Service does no better than a random column."
    assert driving.noise(drivers()) == driving.noise(NOBODY) == ""


def test_without_people_it_says_how_many_are_missing():
    assert driving.first(NOBODY) == ("What to improve first cannot be said: insufficient data, 2 of 2 people answered "
                                     "every question, fewer than 30.")
    assert driving.shares_title(NOBODY).startswith("What satisfaction goes with: insufficient data")
    assert driving.disagreement(NOBODY) == ""


def test_titles_name_ties_and_what_was_struck():
    assert driving.shares_title(drivers()) == "Satisfaction goes most with Product: 60.0 % of what is explained"
    assert driving.shares_title(drivers(leads=(0.7, 0.3))) == (
        "Satisfaction goes most with Product or Service: which of them is within noise")
    assert driving.shares_title(drivers(struck=("Product",))) == (
        "Of the drivers that can be told apart, Service accounts for 40.0 %")
    assert driving.shares_title(drivers(struck=("Product", "Service"))).startswith("No driver can be told apart")


def test_johnsons_weights_agree_or_disagree():
    assert driving.disagreement(drivers()) == "Johnson's weights agree: Product comes first."
    assert driving.disagreement(drivers(johnson=(0.4, 0.6))) == (
        "Johnson's weights disagree: they put Service first, not Product.")
    assert driving.disagreement(drivers(struck=("Product",))) == "Johnson's weights cannot separate them either."


def test_a_failing_questionnaire_says_how_many_effects_are_struck_and_what_does_not_belong():
    said = driving.failure(valid(Interval(0.95, 0.9, 1.05), loading=0.2), paths("A → B"))
    assert said == ("Discriminant validity fails: the questions do not tell A and B apart (1 pair), so 1 of 2 separate "
                    "effects are struck. b1 does not belong to B (loading 0.2).")
    assert driving.failure(valid(Interval(0.5, 0.4, 0.6)), paths()) == ""
    assert driving.failure(None, paths()) == ""


def test_struck_and_standing_effects_are_listed():
    assert driving.struck(paths("A → B")) == "Struck: A → B. What stands: A → C."
    assert driving.struck(paths("A → B", "A → C")) == "Struck: A → B and A → C. None stands."
    assert driving.struck(paths()) == "Every effect stands: the constructs can be told apart."
    alone = Validity({}, {}, (), {}, {}, {}, 100)
    assert driving.struck(paths(), alone) == (
        "Every effect stands; whether single questions can be told apart is not known.")
    nothing = summary([without_value("path", Status.INSUFFICIENT, "no question on satisfaction")])
    assert driving.struck(nothing) == "There is no path model: no question on satisfaction."


@pytest.mark.parametrize(("low", "high", "word"), [(1.01, 1.1, "exceeded"), (0.8, 0.9, "missed"),
                                                   (0.9, 1.1, "met within noise")])
def test_confirmation_is_said_with_its_interval(low, high, word):
    table = summary([Estimate(RATIO, (low + high) / 2, low, high), Estimate(ALONE, 0.8), Estimate(BY_GAP, 0.3),
                     Estimate(BY_RATIO, 0.2)])
    said = driving.confirmed(table)
    assert f"Expectations are {word}" in said
    assert "Performance alone goes most with satisfaction (correlations: performance alone 0.8, the gap 0.3" in said


def test_confirmation_that_cannot_be_said_has_its_reason():
    table = summary([without_value(RATIO, Status.NOT_APPLICABLE, "no question asks for expectation"),
                     without_value(ALONE, Status.NOT_APPLICABLE, "no question asks for expectation")])
    assert driving.confirmed(table) == (
        "Whether expectations are confirmed cannot be said: no question asks for expectation.")
    assert "cannot be said" in driving.confirmed(pd.DataFrame(columns=table.columns))


def test_a_survey_with_different_scales_still_says_which_score_goes_most_with_satisfaction():
    table = summary([without_value(RATIO, Status.NOT_APPLICABLE, "scales differ"), Estimate(ALONE, 0.2),
                     Estimate(BY_GAP, 0.5)])
    assert driving.confirmed(table).startswith("The gap goes most with satisfaction")


def test_the_map_is_shown_with_interval_and_word():
    table = pd.DataFrame([{"driver": "Product", "importance": 0.6, "low": 0.5, "high": 0.7, "performance": 70.0,
                           "priority": 18.0, "leads": 1.0, "relevant": True, "johnson": 0.6}])
    assert driving.shown_map(table)[["interval", "relevant"]].iloc[0].tolist() == ["[50.0 %, 70.0 %]", "yes"]


def test_the_chart_of_complaints_says_which_months_leave_their_limits_or_that_there_are_too_few():
    charted = pd.DataFrame({"month": pd.to_datetime(["2026-01-01", "2026-02-01"]), "high": [5.0, 5.0],
                            "is_alarm": [False, True]})
    assert rate_title(charted, COMPLAINTS) == "Complaints per 100 buyers leave their limits in 2026-02"
    quiet = rate_title(charted.assign(is_alarm=False), COMPLAINTS)
    assert quiet == "Complaints per 100 buyers stay within their limits"
    assert "too few months" in rate_title(charted.assign(high=float("nan")), COMPLAINTS)
