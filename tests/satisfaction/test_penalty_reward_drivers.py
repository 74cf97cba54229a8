from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from helpers.foundation.errors import InputError
from helpers.foundation.results import Status
from helpers.reporting.text import satisfaction_context
from helpers.satisfaction import multigroup, penalty_reward_drivers
from helpers.satisfaction.config import SatisfactionConfig
from helpers.satisfaction.ecsi_model import CompleteAnswers, NoPathModel
from helpers.stats import penalty_reward
from helpers.stats.pls_sem.path_model import PathModel
from helpers.stats.survey_weights import WeightedSample

FEW = SatisfactionConfig(resamples=200)
NAMES = {"Basic": 2, "Lift": 2, "Both": 2, "Satisfaction": 2}
ARROWS = [("Basic", "Satisfaction"), ("Lift", "Satisfaction"), ("Both", "Satisfaction")]
ABSENT = NoPathModel("2 of 2 people answered every question, fewer than 30", 2)


def panel(n=600, seed=1, flip=None):
    """Return a panel where a low *Basic* hurts, a high *Lift* pleases, and *Both* does both; `flip` turns an item."""
    rng = np.random.default_rng(seed)
    basic, lift, both = rng.normal(size=(3, n))
    felt = np.minimum(basic, -0.2) + np.maximum(lift, 0.2) + 0.6 * both + 0.4 * rng.normal(size=n)
    columns = np.column_stack([x + 0.3 * rng.normal(size=n) for x in (basic, lift, both, felt) for _ in range(2)])
    if flip is not None:
        columns[flip, 0] = rng.normal(size=int(flip.sum()))
    model = PathModel({b: [f"{b.lower()}{i}" for i in range(k)] for b, k in NAMES.items()}, ARROWS)
    columns = np.clip(np.rint((50 + 12 * columns) / 10) * 10, 0, 100)
    rows = WeightedSample(np.array([f"p{i:03}" for i in range(n)]), np.ones(n))
    return CompleteAnswers(model, columns, rows, rows.moments(columns, 200, 1), n)


def test_what_hurts_and_what_pleases_are_told_apart():
    found = {c.driver: c for c in penalty_reward_drivers.penalty_reward_contrasts(panel(), 300, 1)}
    assert {name: c.kind for name, c in found.items()} == {
        "Basic": penalty_reward_drivers.BASIC_FACTOR,
        "Lift": penalty_reward_drivers.EXCITEMENT_FACTOR,
        "Both": penalty_reward_drivers.PERFORMANCE_FACTOR,
    }
    assert found["Basic"].penalty.high < 0 < found["Lift"].reward.low


def test_a_bent_form_that_shows_only_with_the_other_drivers_held_equal_is_unsettled():
    rng = np.random.default_rng(3)
    both = rng.integers(-1, 2, 900)
    lift = np.where(rng.random(900) < 0.6, both, rng.integers(-1, 2, 900))
    felt = both - 0.4 * lift + 0.2 * rng.normal(size=900)  # more lift, more felt; less where both is equal
    columns = np.column_stack([rng.normal(size=(900, 2)), lift, lift, both, both, felt, felt])
    found = {c.driver: c for c in penalty_reward_drivers.penalty_reward_contrasts(
        replace(panel(900), columns=np.clip(np.rint((50 + 12 * columns) / 10) * 10, 0, 100)), 200, 1)}
    assert found["Lift"].penalty.value > 0 > found["Lift"].reward.value
    assert found["Lift"].kind == penalty_reward_drivers.UNSETTLED_FORM
    text = satisfaction_context.penalty_reward_sentence(list(found.values()))
    assert "No one form is shown of Lift (reversed only with the other drivers equal)." in text


def test_people_with_the_same_answers_stand_in_the_same_third():
    answers = 100 * (np.random.default_rng(5).integers(1, 8, (300, 3)) - 1) / 6
    means = np.column_stack([answers.mean(axis=1), answers[:, ::-1].mean(axis=1)])
    assert (means[:, 0] != means[:, 1]).any(), "summed in another order they differ in the last digit"
    marked = penalty_reward.end_indicators(means, penalty_reward.tertile_cuts(means, np.ones(300)))
    totals = np.rint(6 * answers.sum(axis=1) / 100).astype(int)
    for total in np.unique(totals):
        assert np.ptp(marked[totals == total].astype(int), axis=0).max() == 0
    np.testing.assert_array_equal(marked[:, [0, 2]], marked[:, [1, 3]])


def rated(shares, n=3000, few=()):
    """Return three drivers of one question from 1 to 5: what must be, what counts throughout, what attracts."""
    rng = np.random.default_rng(11)
    must, more, attracts = ratings = rng.choice(5, (3, n), p=shares)
    for j in few:
        ratings[j] = np.maximum(ratings[j], 2)
    felt = 60 - 20 * (must == 0) + 8.0 * (more - 2) + 20 * (attracts == 4) + rng.normal(0, 8, n)
    model = PathModel({"Must": ["m"], "More": ["o"], "Attracts": ["a"], "Satisfaction": ["s"]},
                      [(name, "Satisfaction") for name in ("Must", "More", "Attracts")])
    columns = np.column_stack([25.0 * ratings.T, felt])
    rows = WeightedSample(np.array([f"p{i:04}" for i in range(n)]), np.ones(n))
    return CompleteAnswers(model, columns, rows, rows.moments(columns, 200, 1), n)


def test_what_must_be_counts_throughout_and_attracts_is_found_by_the_ends_of_the_rating_scale():
    found = {c.driver: c for c in penalty_reward_drivers.penalty_reward_contrasts(
        rated([0.13, 0.2, 0.34, 0.2, 0.13]), 200, 1)}
    assert {name: c.kind for name, c in found.items()} == {
        "Must": penalty_reward_drivers.BASIC_FACTOR, "More": penalty_reward_drivers.PERFORMANCE_FACTOR,
        "Attracts": penalty_reward_drivers.EXCITEMENT_FACTOR}
    assert found["Must"].penalty.value == pytest.approx(-20, abs=1.5), "by thirds it would be diluted to −8"
    assert found["Attracts"].reward.value == pytest.approx(20, abs=1.5)
    assert (found["More"].penalty.value, found["More"].reward.value) == pytest.approx((-16, 16), abs=1.5)
    assert (found["Must"].penalty.reason, found["Must"].reward.reason) == ("ratings of 0", "ratings of 100")


def test_an_end_that_too_few_people_rate_is_insufficient_and_the_other_one_stands():
    known = rated([0.13, 0.2, 0.34, 0.2, 0.13], few=[2])
    found = {c.driver: c for c in penalty_reward_drivers.penalty_reward_contrasts(known, 200, 1)}
    attracts = found["Attracts"]
    assert (attracts.penalty.status, attracts.penalty.reason) == (
        Status.INSUFFICIENT, "no such rating: people are too few there or between the ends")
    assert attracts.reward.value == pytest.approx(20, abs=1.5)
    assert attracts.kind == penalty_reward_drivers.FEW_AT_AN_END
    assert satisfaction_context.penalty_reward_sentence(list(found.values())).endswith(
        "Low or high scores of Attracts are too few.")
    rare = rated([0.03, 0.12, 0.5, 0.32, 0.03])
    assert [e.reason for c in penalty_reward_drivers.penalty_reward_contrasts(rare, 200, 1)[:1]
            for e in (c.penalty, c.reward)] == ["ratings from 0 to 25", "ratings from 75 to 100"]


def test_a_driver_that_everybody_scores_alike_has_no_contrast_and_where_none_has_the_reason_is_said():
    known = panel()
    known.columns[:, :2] = 50.0
    basic, *rest = penalty_reward_drivers.penalty_reward_contrasts(known, 200, 1)
    assert {basic.penalty.status, basic.reward.status} == {Status.INSUFFICIENT}
    assert {e.status for c in rest for e in (c.penalty, c.reward)} == {Status.OK}
    few = panel(n=60)
    assert penalty_reward_drivers.penalty_reward_contrasts(few, 200, 1) == NoPathModel(
        "of no driver have low or high scores, and those between, people enough", 60
    )


def test_the_odds_of_a_higher_answer_follow_the_drivers():
    found = {e.segment: e for e in penalty_reward_drivers.driver_odds_ratios(panel())}
    assert set(found) == {"Basic", "Lift", "Both"}
    assert all(e.low > 1 for e in found.values())


def test_without_a_panel_every_contrast_gives_the_reason():
    made = [
        *penalty_reward_drivers.penalty_reward_estimates(
            penalty_reward_drivers.penalty_reward_contrasts(ABSENT, 200, 1)
        ),
        *penalty_reward_drivers.driver_odds_ratios(ABSENT),
        *penalty_reward_drivers.moderated_paths(ABSENT, FEW, 1),
        *multigroup.multigroup_estimates(ABSENT, None, None, FEW, 1),
    ]
    assert {(e.status, e.reason) for e in made} == {(Status.INSUFFICIENT, ABSENT.reason)}


def test_a_moderation_is_read_from_the_study_and_a_slip_is_told():
    declared = SatisfactionConfig(resamples=200, moderations=["Lift * Both > Satisfaction"])
    made = penalty_reward_drivers.moderated_paths(panel(), declared, 1)
    assert [e.segment for e in made] == ["Both → Satisfaction"] * 3
    assert made[0].low < 0 < made[0].high
    assert penalty_reward_drivers.moderated_paths(panel(), FEW, 1)[0].reason == "the study declares no moderation"
    with pytest.raises(InputError, match="'Lift > Satisfaction' cannot be read"):
        penalty_reward_drivers.moderated_paths(panel(), SatisfactionConfig(moderations=["Lift > Satisfaction"]), 1)


def members(n=600):
    half = np.where(np.arange(n) % 2, "app", "post")
    rows = pd.DataFrame({"response_id": [f"r{i:03}" for i in range(n)], "person": [f"p{i:03}" for i in range(n)],
                         "responded_at": pd.Timestamp("2026-01-01")})
    return rows, rows[["response_id"]].assign(channel=half)


def test_groups_that_are_composed_alike_are_compared_arrow_by_arrow():
    made = multigroup.multigroup_estimates(
        panel(), *members(), SatisfactionConfig(resamples=200, compare_by="channel"), 1
    )
    apart = [e for e in made if e.quantity == multigroup.PATH_DIFFERENCE]
    assert [e.segment for e in apart] == ["Basic → Satisfaction", "Lift → Satisfaction", "Both → Satisfaction"]
    assert all(e.status is Status.OK and "app against post" in e.reason for e in apart)


def test_groups_that_are_not_composed_alike_are_not_compared():
    known = panel(flip=np.arange(600) % 2 == 1)
    made = multigroup.multigroup_estimates(
        known, *members(), SatisfactionConfig(resamples=200, compare_by="channel"), 1
    )
    (blocked,) = [e for e in made if e.quantity == multigroup.PATH_DIFFERENCE]
    assert (blocked.status, blocked.reason) == (
        Status.BLOCKED, "shown not to be composed alike: Basic (app against post)")


def test_a_column_that_makes_no_groups_is_told_and_none_is_not_applicable():
    assert multigroup.multigroup_estimates(panel(), *members(), FEW, 1)[0].status is Status.NOT_APPLICABLE
    with pytest.raises(InputError, match="no column 'chanel' makes segments"):
        multigroup.multigroup_estimates(panel(), *members(), SatisfactionConfig(compare_by="chanel"), 1)
    rows, of = members()
    made = multigroup.multigroup_estimates(
        panel(), rows, of.assign(channel=["app"] * 590 + ["post"] * 10), SatisfactionConfig(compare_by="channel"), 1
    )
    assert made[0].reason == "fewer than two groups of 30 people by channel"


def test_a_middle_that_lies_under_both_ends_is_u_shaped_and_one_above_them_inverted():
    known = panel()
    basic = known.columns[:, :2].mean(axis=1)
    middle = (basic > np.quantile(basic, 1 / 3)) & (basic < np.quantile(basic, 2 / 3))
    for sign, kind in ((-1, penalty_reward_drivers.U_SHAPED), (1, penalty_reward_drivers.INVERTED_U)):
        columns = known.columns.copy()
        columns[:, -2:] = 50 + sign * 20 * middle[:, None] + np.random.default_rng(4).normal(0, 3, (len(columns), 2))
        found = penalty_reward_drivers.penalty_reward_contrasts(replace(known, columns=columns), 200, 1)
        assert found[0].kind == kind
