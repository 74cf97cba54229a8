from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from helpers.foundation.errors import InputError
from helpers.foundation.results import Status
from helpers.reporting.text import satisfaction_drivers, satisfaction_segments
from helpers.satisfaction import driver_linearity, drivers, drivers_by_segment, ecsi_model
from helpers.satisfaction.config import SatisfactionConfig
from helpers.satisfaction.ecsi_model import NoPathModel
from helpers.stats.survey_weights import WeightedSample

ROLES = {"food": "performance", "seat": "performance", "s": "satisfaction"}


@pytest.fixture(autouse=True)
def few_permutations(monkeypatch):
    monkeypatch.setattr(drivers_by_segment, "N_PERMUTATIONS", 399)


def passengers(catalogued, slopes, n=400, seed=1):
    """Return the sample, its scores and their segments; ``slopes`` of food and seat by journey, gender at random."""
    rng = np.random.default_rng(seed)
    journeys = np.repeat(list(slopes), n)
    food, seat = rng.normal(size=(2, len(journeys)))
    weights = np.array([slopes[j] for j in journeys])
    y = weights[:, 0] * food + weights[:, 1] * seat + 0.6 * rng.normal(size=len(journeys))
    columns = np.clip(50 + 12 * np.column_stack([food, seat, y]), 0, 100)
    known = catalogued(*({"item": item, "role": role, "construct": item, "scale_high": 100.0}
                         for item, role in ROLES.items()))
    model = ecsi_model.satisfaction_path_model(known, SatisfactionConfig())
    people = np.array([f"p{i:04}" for i in range(len(journeys))])
    rows = WeightedSample(people, np.ones(len(people)))
    sample = ecsi_model.CompleteAnswers(model, columns, rows, rows.moments(columns, 200, 1), len(people))
    scores = pd.DataFrame({"response_id": people, "person": people, "responded_at": pd.NaT, "weight": 1.0,
                           "satisfaction": columns[:, 2]})
    of = pd.DataFrame({"response_id": people, "demographic_journey": journeys,
                       "demographic_gender": rng.choice(["f", "m"], len(people))})
    return sample, scores, of


def found(catalogued, slopes, **assumed):
    sample, scores, of = passengers(catalogued, slopes)
    return drivers_by_segment.drivers_by_segment(
        sample, None, scores, of, SatisfactionConfig(resamples=200, **assumed), 1)


def test_what_people_expect_has_a_share_and_no_room(catalogued):
    sample = replace(passengers(catalogued, {"work": (1.0, 0.2)})[0], expectations=("Food",))
    made = drivers.driver_importance(sample, None, 1)
    assert made.share["Food"].value > 0.85
    assert (made.priority["Food"].high, made.leads["Food"], made.leads["Seat"]) == (0, 0, 1)
    assert satisfaction_drivers.first_driver(made).startswith("Look first at Seat")


def test_a_driver_that_goes_with_less_satisfaction_has_no_room(catalogued):
    made = drivers.driver_importance(passengers(catalogued, {"work": (-1.0, 0.4)})[0], None, 1)
    assert made.negative == ("Food",)
    assert made.share["Food"].value > 0.7
    assert (made.priority["Food"].high, made.leads["Seat"]) == (0, 1)


def test_groups_with_other_drivers_are_found_and_lead_the_page(catalogued):
    made = found(catalogued, {"work": (1.0, 0.2), "leisure": (0.2, 1.0)})
    assert made.label == "journey"
    assert made.leaders_differ
    shares = drivers_by_segment.segment_driver_table(made)
    assert shares.loc["Food", "work"] > 0.85
    assert shares.loc["Seat", "leisure"] > 0.85
    said = satisfaction_segments.first_driver_by_segment(made)
    assert said.startswith(
        "Of those who answered every question of the path model, what goes most with satisfaction differs by journey "
        "(p = .005)")
    assert "work (400 people, satisfaction " in said
    assert "leisure (400 people, satisfaction " in said
    assert said.count(" of its variance explained): ") == 2
    assert satisfaction_segments.segment_drivers_sentence(made) == "By journey the drivers differ (p = .005)."
    rows = drivers_by_segment.segment_driver_estimates(made)
    assert [e.segment for e in rows[1:3]] == ["journey work", "journey leisure"]  # of each, who is left out
    assert {e.segment for e in rows[3:]} == {f"journey {j}: {d}" for j in ("work", "leisure") for d in ("Food", "Seat")}


def test_a_share_that_a_driver_has_in_common_with_another_is_told_as_none_of_its_own(catalogued):
    made = found(catalogued, {"work": (1.0, 0.0), "leisure": (0.2, 1.0)})
    own = {name: of.own for name, of in made.groups}
    assert (own["work"], own["leisure"]) == ({"Food"}, {"Food", "Seat"})
    table = drivers_by_segment.segment_driver_table(made)
    assert np.isnan(table.loc["Seat", "work"])
    assert table.loc["Seat", "leisure"] > 0.5
    assert satisfaction_segments.empty_shares_note(made).endswith(
        "or less satisfaction where rated higher, and not shown to be more if everybody rated it highest.")
    lent = replace(made, groups=tuple((name, replace(of, own=frozenset({"Food"}))) for name, of in made.groups))
    seat = 100 * dict(made.groups)["leisure"].share["Seat"].value
    assert satisfaction_segments.empty_shares_note(lent).endswith(f"; to such drivers falls {seat:.1f} % in leisure.")


def test_a_driver_that_goes_with_less_satisfaction_in_a_group_is_empty_there(catalogued):
    made = found(catalogued, {"work": (1.0, -0.5), "leisure": (0.2, 1.0)})
    table = drivers_by_segment.segment_driver_table(made)
    assert "Seat" in dict(made.groups)["work"].own
    assert np.isnan(table.loc["Seat", "work"])
    assert table.loc["Seat", "leisure"] > 0.5


def test_whether_more_goes_with_less_is_judged_in_the_equation_of_the_shares():
    """Wi-fi counts as a step; with a line for it, the gate that goes with it seems to raise satisfaction."""
    rng = np.random.default_rng(3)
    wifi = rng.integers(1, 6, 4000) * 25.0 - 25
    gate = 0.002 * wifi**2 + rng.normal(size=4000)
    y = 60.0 * (wifi == 100) - 0.5 * gate + rng.normal(size=4000)
    means = np.column_stack([wifi, gate])
    made = {fails: driver_linearity.driver_associations(
        driver_linearity.DriverColumns(("Wi-fi", "Gate"), means, y, *2 * [np.array([fails, False])]), np.ones(4000))[0]
        for fails in (True, False)}
    assert {fails: "Gate" in falling for fails, falling in made.items()} == {True: True, False: False}


def test_a_driver_counted_by_its_answers_leaves_no_room_where_satisfaction_falls_and_is_no_higher_at_the_top():
    rng = np.random.default_rng(3)
    rated = rng.integers(0, 5, (4000, 5))
    effects = np.array([[0.0, 0.5, 1.3, -17.0, -27.0], [2.0, 3.0, -6.0, -2.0, 0.0], [0.0, 9.0, 18.0, 26.0, 5.0],
                        [0.0, -7.5, -15.0, -22.5, -30.0], [3.0, 1.0, -1.0, -3.0, 0.0]])
    y = effects[np.arange(5), rated].sum(axis=1) + rng.normal(size=4000)
    by_answer, names = np.ones(5, bool), ("Times", "Gate", "Films", "Seat", "Bar")
    columns = driver_linearity.DriverColumns(names, 25.0 * rated, y, by_answer, by_answer)
    falling, own = driver_linearity.driver_associations(columns, np.ones(4000))
    assert falling == ("Times", "Seat", "Bar"), (
        "the gate ends above its mean, and films rise on the whole; a bar rated highest is worth what it is now")
    assert own == set(names)


def test_groups_with_one_curve_and_other_answers_have_the_same_drivers(catalogued):
    """A step at the best answer, which leisure gives more often: lines would differ, the step does not."""
    sample, scores, of = passengers(catalogued, {"work": (0.0, 0.0), "leisure": (0.0, 0.0)}, n=1500)
    rng = np.random.default_rng(5)
    often = np.where(of["demographic_journey"] == "work", 0.05, 0.5)
    food = np.where(rng.random(len(of)) < often, 100.0, rng.choice([0.0, 25.0, 50.0, 75.0], len(of)))
    y = np.clip(20 + 60 * (food == 100) + 0.1 * sample.columns[:, 1] + rng.normal(0, 5, len(of)), 0, 100)
    columns = np.column_stack([food, sample.columns[:, 1], y])
    stepped = replace(sample, columns=columns, moments=sample.rows.moments(columns, 200, 1))
    made = drivers_by_segment.drivers_by_segment(
        stepped, None, scores, of, SatisfactionConfig(resamples=200, drivers_by="demographic_journey"), 1)
    assert isinstance(made, NoPathModel)
    lines = replace(driver_linearity.driver_columns(stepped)[0], bends=np.array([False, False]))
    parts = {j: (of["demographic_journey"] == j).to_numpy() for j in ("work", "leisure")}
    assert drivers_by_segment._heterogeneity_p_value(lines, np.ones(len(of)), parts, 1) < 0.01, "lines alone do"
    whole = drivers.driver_importance(stepped, None, 1)
    assert whole.nonlinear["Food"].step.start == 100
    [gate] = drivers_by_segment.linearity_gate(whole, made)
    assert gate.is_crossed
    assert gate.statistic == pytest.approx(whole.explained.value - whole.of_lines)
    assert f"No straight line fits Food (everybody; R² of all drivers {100 * whole.of_lines:.1f} % by lines" in (
        gate.sentence)
    assert drivers_by_segment.linearity_gate(made, made) == []
    straight = replace(whole, nonlinear={})
    groups = drivers_by_segment.SegmentDrivers("journey", (("work", whole), ("leisure", straight)), (), 0.001)
    [of_groups] = drivers_by_segment.linearity_gate(straight, groups)
    assert "No straight line fits Food (work; R²" in of_groups.sentence
    assert not drivers_by_segment.linearity_gate(straight, made)[0].is_crossed
    assert satisfaction_drivers.first_driver(whole).count("It is no even rise: satisfaction is ") == 1


def test_equal_drivers_are_told_for_everybody_at_once(catalogued):
    made = found(catalogued, {"work": (0.8, 0.4), "leisure": (0.8, 0.4)})
    assert isinstance(made, NoPathModel)
    assert made.reason == "effects of the drivers do not differ significantly by journey, gender"
    assert satisfaction_segments.first_driver_by_segment(made) == ""
    assert drivers_by_segment.segment_driver_estimates(made)[0].status is Status.NOT_APPLICABLE
    assert drivers_by_segment.segment_driver_table(made).empty


def test_effects_of_other_size_with_the_same_leader_do_not_lead_the_page(catalogued):
    made = found(catalogued, {"work": (1.0, 0.2), "leisure": (0.6, 0.3)})
    assert not made.leaders_differ
    assert satisfaction_segments.first_driver_by_segment(made) == ""
    assert satisfaction_segments.segment_drivers_sentence(made).startswith("By journey the drivers differ")


def test_a_declared_column_alone_is_tried_and_a_slip_in_it_is_told(catalogued):
    slopes = {"work": (1.0, 0.2), "leisure": (0.2, 1.0)}
    assert isinstance(found(catalogued, slopes, drivers_by="demographic_gender"), NoPathModel)
    with pytest.raises(InputError, match="no column 'demographic_jorney' makes segments"):
        found(catalogued, slopes, drivers_by="demographic_jorney")


def test_the_test_of_equal_effects_keeps_its_level(catalogued):
    n_found = 0
    for seed in range(30):
        sample, scores, of = passengers(catalogued, {"all": (0.8, 0.4)}, n=600, seed=seed)
        of = of[["response_id", "demographic_gender"]]
        made = drivers_by_segment.drivers_by_segment(sample, None, scores, of, SatisfactionConfig(resamples=200), 1)
        n_found += not isinstance(made, NoPathModel)
    assert n_found <= 2
