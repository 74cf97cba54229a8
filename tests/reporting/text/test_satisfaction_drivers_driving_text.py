from dataclasses import replace

import numpy as np
import pandas as pd

from helpers.foundation.results import Estimate, Status, estimate_table, no_estimate
from helpers.reporting.text import satisfaction_drivers as satisfaction_drivers_text
from helpers.satisfaction.driver_linearity import NonlinearDriver
from helpers.satisfaction.drivers import SatisfactionDrivers, driver_rank_table
from helpers.satisfaction.ecsi_model import LEFT_OUT_PART, OTHERS_LEFT_OUT, NoPathModel
from helpers.stats.confidence_intervals import Interval
from helpers.stats.linearity import Step
from helpers.stats.pls_sem.measurement_model import MeasurementValidity

NOBODY = NoPathModel("2 of 2 people answered every question, fewer than 30", 2)


def drivers(leads=(1.0, 0.0), struck=(), probe=(0.005, 0.005), johnson=(0.6, 0.4)):
    names = ("Product", "Service")
    share = {n: Interval(v, v - 0.1, v + 0.1) for n, v in zip(names, (0.6, 0.4), strict=True) if n not in struck}
    joint = {" + ".join(struck): Interval(sum({"Product": 0.6, "Service": 0.4}[n] for n in struck), 0.5, 1.0)}
    by = lambda values: dict(zip(names, values, strict=True))  # noqa: E731
    return SatisfactionDrivers(
        names,
        Interval(0.5, 0.4, 0.6),
        share,
        joint if struck else {},
        dict.fromkeys(struck, "why"),
        by(leads),
        by(probe),
        by([Interval(70.0, 68, 72)] * 2),
        {n: Interval(30 * i.value, 1, 20) for n, i in share.items()},
        by(leads),
        by(johnson),
        np.array([[0.9, 0.1], [0.1, 0.9]]),
        200,
        240,
    )


def valid(ratio, loading=0.8):
    return MeasurementValidity({}, {}, (), {("A", "B"): ratio}, {"b1": Interval(loading, loading - 0.1, loading + 0.1)},
                    {"a1": "A", "b1": "B"}, 200)


def paths(*struck):
    return estimate_table([no_estimate("path", Status.STRUCK, "why", segment=a) if a in struck else
                    Estimate("path", 0.3, 0.2, 0.4, segment=a) for a in ("A → B", "A → C")])


def test_the_driver_to_improve_first_is_named_with_its_share_and_place():
    assert satisfaction_drivers_text.first_driver(drivers()) == (
        "Look first at Product: it accounts for 60.0 % [50.0 %, 70.0 %] of the explained differences in satisfaction "
        "and stands at 70 points of 100. All drivers together explain 50.0 % of the differences.")


def test_two_drivers_within_noise_are_both_named_each_with_its_chance():
    assert satisfaction_drivers_text.first_driver(drivers(leads=(0.8, 0.2))).startswith(
        "Look first at Product (highest priority with a probability of 80.0 %) or Service (20.0 %): Product accounts "
        "for 60.0 % [50.0 %, 70.0 %]")


def test_a_driver_that_no_line_fits_is_told_by_its_step():
    step = Step(100.0, 98.0, 12.0, 1500, 160)
    bent = replace(drivers(), nonlinear={"Product": NonlinearDriver(0.001, step, (), is_binary=True)})
    assert "rise: 98.0 % of 1,500 people are satisfied at 100 of 100, 12.0 % of 160 people below." in (
        satisfaction_drivers_text.first_driver(bent))
    assert satisfaction_drivers_text.caption_of_lines("Paths", bent) == (
        "Paths (caution: no straight line fits Product)")
    assert satisfaction_drivers_text.caption_of_lines("Paths", drivers()) == "Paths"
    few = replace(bent.nonlinear["Product"], step=replace(step, n_above=40))
    assert "rise: 98.0 % are satisfied at 100 of 100, 12.0 % of 160 people below." in (
        satisfaction_drivers_text.first_driver(replace(bent, nonlinear={"Product": few}))), "one is not satisfied"
    scaled = NonlinearDriver(0.001, replace(step, start=75.0), ())
    assert satisfaction_drivers_text.step_sentence(replace(bent, nonlinear={"Product": scaled}), "Product") == (
        "It is no even rise: satisfaction is 98 points from 75 of 100 on, 12 points below.")
    assert satisfaction_drivers_text.step_sentence(bent, "Service") == ""
    assert satisfaction_drivers_text.johnson_disagreement(bent) == "", "Johnson's weights are of straight lines"


def test_no_chance_rests_on_shares_of_drivers_that_cannot_be_told_apart():
    twins = dict.fromkeys(("Product", "Service"), "Product and Service are not shown to be distinct")
    both = replace(drivers(struck=("Product", "Service"), leads=(0.6, 0.1)), struck=twins)
    assert satisfaction_drivers_text.first_driver(both) == (
        "What to improve first is not known: Product and Service are not shown to be distinct.")
    weak = replace(drivers(struck=("Product",), leads=(0.7, 0.3)), struck={"Product": "ω of Product is 0.500"})
    assert satisfaction_drivers_text.first_driver(weak) == (
        "What to improve first is not known: ω of Product is 0.500.")
    assert satisfaction_drivers_text.first_driver(drivers(struck=("Product",), leads=(0.01, 0.99))).startswith(
        "Look first at Service:"), "the other leads beyond doubt"


def test_nothing_is_told_of_what_explains_satisfaction_where_a_driver_is_not_distinct_from_it():
    same = replace(drivers(), share={}, circular="Product is not shown to be distinct from Satisfaction")
    assert satisfaction_drivers_text.first_driver(same) == (
        "What to improve first is not known: Product is not shown to be distinct from Satisfaction itself.")
    assert satisfaction_drivers_text.driver_shares_title(same) == (
        "What satisfaction is associated with is not reported (failed check): Product is not shown to be distinct "
        "from Satisfaction")
    assert satisfaction_drivers_text.driver_sample(same) == ""


def test_a_leader_that_is_noise_is_not_recommended():
    said = satisfaction_drivers_text.first_driver(drivers(probe=(0.4, 0.6)))
    assert said.startswith("What to improve first is not known: no driver")
    assert (
        satisfaction_drivers_text.drivers_without_effect(drivers(probe=(0.4, 0.6)))
        == "Product and Service do no better than a random column."
    )
    assert (
        satisfaction_drivers_text.drivers_without_effect(drivers(probe=(0.005, 0.6)))
        == "Service does no better than a random column."
    )
    assert (
        satisfaction_drivers_text.drivers_without_effect(drivers())
        == satisfaction_drivers_text.drivers_without_effect(NOBODY)
        == ""
    )


def test_without_people_it_says_how_many_are_missing():
    assert satisfaction_drivers_text.first_driver(NOBODY) == (
        "What to improve first is not known: insufficient data, 2 of 2 people answered every question, fewer than 30."
    )
    assert satisfaction_drivers_text.driver_shares_title(NOBODY).startswith(
        "What satisfaction is associated with: insufficient data"
    )
    assert satisfaction_drivers_text.johnson_disagreement(NOBODY) == ""


def test_titles_name_ties_and_what_was_struck():
    assert (
        satisfaction_drivers_text.driver_shares_title(drivers())
        == "Satisfaction is most strongly associated with Product: 60.0 % of what is explained"
    )
    assert satisfaction_drivers_text.driver_shares_title(drivers(leads=(0.7, 0.3))) == (
        "Satisfaction is most strongly associated with Product or Service, with no significant difference")
    assert satisfaction_drivers_text.driver_shares_title(drivers(struck=("Product",))) == (
        "Product accounts for 60.0 % of what is explained, Service for 40.0 %")


def test_drivers_with_a_share_only_together_are_told_beside_the_table_of_the_others():
    assert satisfaction_drivers_text.drivers_together(drivers()) == ""
    assert satisfaction_drivers_text.drivers_together(drivers(struck=("Product",))) == (
        "Not in the table: Product, 60.0 %.")
    both = satisfaction_drivers_text.drivers_together(drivers(struck=("Product", "Service")))
    assert both == "Not in the table: Product and Service, 100 % together."


def test_a_table_in_which_no_driver_goes_with_satisfaction_by_itself_says_so():
    def direct(*limits):
        return estimate_table([Estimate("path", (a + b) / 2, a, b, segment=f"D{i} → Satisfaction")
                               for i, (a, b) in enumerate(limits)])
    said = satisfaction_drivers_text.no_effect_of_its_own(direct((-0.1, 0.2), (-0.3, 0.1)))
    assert said == (
        "By the path model no driver that is reported is shown to have an association of its own, the others equal.")
    assert satisfaction_drivers_text.no_effect_of_its_own(direct((-0.1, 0.2), (0.01, 0.1))) == ""
    assert satisfaction_drivers_text.no_effect_of_its_own(paths()) == ""


def test_johnsons_weights_agree_or_disagree():
    assert satisfaction_drivers_text.johnson_disagreement(drivers()) == "Johnson's weights agree: Product comes first."
    assert satisfaction_drivers_text.johnson_disagreement(drivers(johnson=(0.4, 0.6))) == (
        "Johnson's weights disagree: they put Service first, not Product.")
    assert (
        satisfaction_drivers_text.johnson_disagreement(drivers(struck=("Product",))) == ""
    )


def test_a_failing_questionnaire_says_how_many_effects_are_struck_and_why():
    said = satisfaction_drivers_text.unreported_effects(paths("A → B"), valid(Interval(0.95, 0.9, 1.05), loading=0.2))
    assert said == ("1 of 2 separate effects are not reported (failed check): A and B are not shown to be distinct "
                    "(1 pair).")
    assert satisfaction_drivers_text.unreported_effects(paths(), valid(Interval(0.5, 0.4, 0.6))) == ""
    assert satisfaction_drivers_text.unreported_effects(paths("A → B"), None) == ""


def test_what_has_no_room_is_named_beside_the_table_and_why():
    found = replace(drivers(), expectations=("Product",), negative=("Service",))
    assert satisfaction_drivers_text.drivers_together(found) == (
        "Not in the table: Product, 60.0 % (what people expect is nothing to be improved); Service, 40.0 % "
        "(over everybody, by the regression of the shares, less satisfaction where it is rated higher, and not shown "
        "to be more if everybody rated it highest).")


def test_the_map_is_shown_with_interval_and_word():
    table = pd.DataFrame([{"driver": "Product", "importance": 0.6, "low": 0.5, "high": 0.7, "performance": 70.0,
                           "priority": 18.0, "leads": 1.0, "relevant": True, "johnson": 0.6}])
    assert satisfaction_drivers_text.importance_performance_rows(table)[["interval", "relevant"]].iloc[0].tolist() == [
        "[50.0 %, 70.0 %]",
        "yes",
    ]


def test_shares_of_drivers_that_cannot_be_told_apart_stand_together_beside_the_others():
    lone = drivers(struck=("Service",))
    assert satisfaction_drivers_text.driver_shares(lone)["driver"].tolist() == ["Product", "Service"]
    assert (
        satisfaction_drivers_text.driver_shares_title(lone)
        == "Service accounts for 40.0 % of what is explained, Product for 60.0 %"
    )
    both = satisfaction_drivers_text.driver_shares_title(drivers(struck=("Product", "Service")))
    assert both == "Product and Service together account for 100 % of what is explained"
    assert satisfaction_drivers_text.driver_shares(NOBODY).empty


def test_of_many_drivers_the_largest_shares_are_named_and_how_large_the_others_are_at_most():
    made = drivers(struck=("Product", "Service"))
    many = replace(made, share={name: Interval(v, v - 0.01, v + 0.01) for name, v in (
        ("Design", 0.05), ("Price", 0.1), ("Staff", 0.2), ("Place", 0.07), ("Time", 0.02))})
    said = "Staff for 20.0 %, Price for 10.0 % and each of 3 others for 2.0 % to 7.0 %"
    assert satisfaction_drivers_text.driver_shares_title(many).endswith(f"of what is explained, {said}")


SAMPLE = "From 200 people who answered every question of the path model, of 240 who answered any."


def test_whose_answers_the_shares_rest_on_is_said():
    assert satisfaction_drivers_text.driver_sample(drivers()) == SAMPLE
    assert satisfaction_drivers_text.driver_sample(NOBODY) == ""
    assert satisfaction_drivers_text.driver_sample(replace(drivers(), n=240)) == (
        "All 240 people to whom the questions of the path model apply answered every one.")
    lacks = replace(drivers(), unanswered={"gate": 12, "wifi": 36})
    assert satisfaction_drivers_text.driver_sample(lacks) == (
        "From 200 people who answered every question of the path model, of 240 who answered any; in their newest "
        "answers most often without one is wifi (15.0 %).")
    assert satisfaction_drivers_text.driver_sample(replace(drivers(), unanswered={"gate": 9})) == SAMPLE


def test_shares_say_when_the_people_left_out_are_satisfied_otherwise():
    name = "left out less included"
    gaps = [Estimate(name, 5.0, 3.0, 7.0, "points", 40), Estimate(name, -21.0, -24.0, -18.0, "points", 35, "travel x"),
            Estimate(name, 1.0, -3.0, 5.0, "points", 40, "travel y")]
    assert satisfaction_drivers_text.driver_sample(drivers(), gaps) == (
        f"{SAMPLE} Those left out are more satisfied by 5 points [3, 7].")
    assert satisfaction_drivers_text.driver_sample(drivers(), gaps[2:]) == SAMPLE
    parts = [Estimate(LEFT_OUT_PART, 99.7, unit="points", n=36, segment="wifi"),
             Estimate(LEFT_OUT_PART, 23.3, unit="points", n=64, segment=OTHERS_LEFT_OUT)]
    assert satisfaction_drivers_text.driver_sample(drivers(), [gaps[0], *parts]) == (
        f"{SAMPLE} Those left out are more satisfied by 5 points [3, 7]; they are of two kinds: without an answer to "
        "wifi (36 people) the mean is 99.7 points, of the others left out 23.3 points.")


def test_chances_of_ranks_are_shown_unless_a_driver_is_struck():
    table, forms, caption = satisfaction_drivers_text.rank_table(driver_rank_table(drivers()))
    assert table.to_numpy().tolist() == [["Product", 0.9, 0.1], ["Service", 0.1, 0.9]]
    assert forms["1"](0.9) == "90.0 %"
    assert "rank" in caption
    assert driver_rank_table(drivers(struck=("Product",))).empty
