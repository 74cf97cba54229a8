import numpy as np
import pytest
from statsmodels.regression.linear_model import WLS

from helpers.stats import penalty_reward
from helpers.stats.survey_weights import WeightedSample

THIRD = 1.0908  # mean of the upper third of a normal less that of the middle one: φ(Φ⁻¹(1/3)) / (1/3)


def alike(n):
    return WeightedSample(np.arange(n), np.ones(n))


def test_thirds_are_thirds_of_the_weight():
    values, weights = np.arange(90.0)[:, None], np.r_[np.ones(30), np.full(60, 2.0)]
    low, high = penalty_reward.tertile_cuts(values, weights)[:, 0]
    assert (weights[values[:, 0] <= low].sum(), weights[values[:, 0] <= high].sum()) == (50, 100)


def test_equal_scores_stay_in_one_third_and_the_minimum_is_low():
    scores = np.r_[np.zeros(50), np.full(30, 50.0), np.full(20, 100.0)][:, None]
    assert penalty_reward.end_indicators(scores, penalty_reward.tertile_cuts(scores, np.ones(100))).sum(
        axis=0
    ).tolist() == [50, 20]


@pytest.mark.parametrize(("counts", "held", "people"), [
    ((60, 90, 150, 150, 50), (True, True), (60, 50)),  # the lowest and the highest rating alone
    ((20, 25, 255, 150, 50), (False, True), (45, 50)),  # below the middle are nine of a hundred
    ((20, 50, 230, 180, 20), (True, True), (70, 200)),  # two ratings of each end
    ((300, 30, 0, 20, 150), (True, True), (300, 150)),
    ((250, 0, 0, 0, 250), (False, False), (250, 250)),  # nobody between
    ((0, 0, 300, 150, 50), (False, True), (0, 50)),  # nobody rates it low
])
def test_the_ends_of_a_rating_scale_are_as_many_ratings_as_a_tenth_of_the_answers_needs(counts, held, people):
    ratings = np.repeat(np.arange(0.0, 101, 25), counts)[:, None]
    ends = penalty_reward.score_ends(ratings, np.ones(len(ratings)))
    assert ends.are_ratings.all()
    assert tuple(ends.held) == held
    assert tuple(penalty_reward.end_indicators(ratings, ends.cuts).sum(axis=0)) == people


def test_the_ends_of_few_answers_have_thirty_people_and_those_of_many_values_are_thirds():
    few = np.repeat(np.arange(0.0, 101, 25), (20, 15, 30, 20, 15))[:, None]
    assert penalty_reward.end_indicators(few, penalty_reward.score_ends(few, np.ones(100)).cuts).sum(
        axis=0).tolist() == [35, 35], "a tenth would be ten people"
    light = np.tile(np.where(few[:, 0] == 0, 0.3, 1.0), 5)
    assert penalty_reward.score_ends(np.tile(few, (5, 1)), light).cuts[0] == 50, "of the weight it is no tenth"
    means = np.linspace(0, 100, 120)[:, None]
    ends = penalty_reward.score_ends(means, np.ones(120))
    assert not ends.are_ratings.any()
    assert penalty_reward.end_indicators(means, ends.cuts).sum(axis=0).tolist() == [39, 40]


def test_the_contrasts_of_ratings_are_the_dummies_of_least_squares():
    rng = np.random.default_rng(8)
    ratings = 25.0 * rng.choice(5, (3_000, 3), p=[0.05, 0.1, 0.4, 0.33, 0.12])
    felt = 60 - 20 * (ratings[:, 0] <= 25) + 15 * (ratings[:, 1] == 100) + rng.normal(0, 8, 3_000)
    marks = np.column_stack([ratings <= 25, ratings == 100]).astype(float)
    theirs = WLS(felt, np.column_stack([marks, np.ones(3_000)])).fit()
    ends = penalty_reward.score_ends(ratings, np.ones(3_000))
    drawn = penalty_reward.end_contrasts(ratings, felt, alike(3_000), ends, 300, 1)
    np.testing.assert_allclose(drawn[0], theirs.params[:-1], atol=1e-9)
    np.testing.assert_allclose(drawn[1:].std(axis=0), theirs.HC3_se[:-1], rtol=0.2)


def test_an_end_that_is_not_held_has_no_value_and_its_people_are_not_in_the_middle():
    ratings = np.repeat(np.arange(0.0, 101, 25), (10, 15, 275, 150, 50))[:, None]
    felt = np.where(ratings[:, 0] < 50, 0.0, np.where(ratings[:, 0] == 100, 80.0, 60.0))
    ends = penalty_reward.score_ends(ratings, np.ones(500))
    low, high = penalty_reward.end_contrasts(ratings, felt, alike(500), ends, 50, 1).T
    assert np.isnan(low).all()
    assert high == pytest.approx(20.0), "against 57 where the low ones were taken for the middle"


def test_planted_penalties_and_rewards_are_found():
    rng = np.random.default_rng(1)
    x, other = rng.normal(size=(2, 20_000))
    columns = np.column_stack([x, other])
    ends = penalty_reward.score_ends(columns, np.ones(20_000))
    found = penalty_reward.end_contrasts(columns, x + 0.5 * other, alike(20_000), ends, 20, 1)[0]
    assert found == pytest.approx([-THIRD, -THIRD / 2, THIRD, THIRD / 2], abs=0.03)


def test_the_error_of_a_contrast_is_that_of_samples_drawn_anew_and_not_that_of_cuts_held_fixed():
    rng, values, errors = np.random.default_rng(2), [], []
    for seed in range(300):
        x = rng.normal(size=(200, 1))
        ends = penalty_reward.score_ends(x, np.ones(200))
        drawn = penalty_reward.end_contrasts(x, x[:, 0], alike(200), ends, 200, seed)[:, 1]
        values.append(drawn[0])
        errors.append(drawn[1:].std())
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.15)


def test_ratings_and_cuts_that_no_resample_moves_have_no_slope():
    def slopes(column, are_ratings=False):
        ends = penalty_reward.score_ends(column, np.ones(1000))
        assert ends.are_ratings.all() == are_ratings
        return penalty_reward._coefficient_slopes(column, column[:, 0] ** 2, np.ones(1000), ends)

    values = np.r_[np.zeros(400), np.full(388, 1.0), np.full(200, 2.0), np.arange(3.0, 15)][:, None]
    assert not slopes(values).any(), "so many answers lie at the cut"
    assert not slopes(np.minimum(values, 8), are_ratings=True).any()
    assert slopes(np.random.default_rng(3).normal(size=(1000, 1))).any()


def test_a_replicate_with_an_empty_end_has_no_value():
    x = np.r_[np.zeros(2), np.ones(2), np.full(2, 2.0)][:, None]
    ends = penalty_reward.ScoreEnds(np.array([[1.0], [1.0]]), np.array([True]), np.array([True, True]))
    drawn = penalty_reward.end_contrasts(x, np.arange(6.0), alike(6), ends, 200, 1)
    assert np.isfinite(drawn[0]).all()
    assert np.isnan(drawn).any()


def test_the_weighted_regression_is_that_of_statsmodels():
    rng = np.random.default_rng(3)
    x, y, weights = (rng.random((500, 6)) < 1 / 3) * 1.0, rng.normal(size=500), rng.gamma(4, 0.25, 500)
    theirs = WLS(y, np.column_stack([x, np.ones(500)]), weights=weights).fit().params[:-1]
    np.testing.assert_allclose(penalty_reward._weighted_regression(x, y, weights), theirs, atol=1e-10)
