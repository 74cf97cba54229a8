import numpy as np
import pandas as pd
import pytest
from scipy import stats

from helpers.simulation import customer_traits, questionnaire, survey_waves
from tests.simulation.simulated import WORLD, logistic, orders, table, within


def test_measured_satisfaction_goes_with_ordering_again(default):
    scores = table(default, "responses")
    scores = scores[scores["item"].isin(["satisfied_expected", "satisfied_ideal"])]
    asked = table(default, "respondents").set_index("response_id")
    asked["satisfaction"] = scores.groupby("response_id")["score"].mean()
    pairs = asked.reset_index().merge(orders(default), on="customer_id")
    soon = pairs["at"].between(pairs["responded_at"], pairs["responded_at"] + pd.Timedelta(days=90))
    again = pairs[soon]["response_id"].unique()
    asked["again"] = asked.index.isin(again)
    answered = asked.dropna(subset="satisfaction")
    assert stats.pearsonr(answered["satisfaction"], answered["again"]).pvalue < 0.01


def test_constructs_are_standard_normal_with_the_planted_paths(large):
    felt = large.truth.customers[list(customer_traits.CONSTRUCTS)]
    assert np.allclose(felt.mean(), 0, atol=0.03)
    assert np.allclose(felt.std(), 1, atol=0.03)
    drivers = list(customer_traits.PATHS["satisfaction"])
    weights = np.linalg.lstsq(felt[drivers].to_numpy(), felt["satisfaction"].to_numpy(), rcond=None)[0]
    assert weights == pytest.approx(list(customer_traits.PATHS["satisfaction"].values()), abs=0.03)


def test_items_keep_their_scales_and_the_reversed_one_turns(large):
    scores = table(large, "responses").pivot(index="response_id", columns="item", values="score")
    items = table(large, "items").set_index("item").loc[scores.columns]
    assert (scores.min() >= items["scale_low"]).all()
    assert (scores.max() <= items["scale_high"]).all()
    together = scores.corr()
    assert together.loc["satisfied_expected", "satisfied_ideal"] > 0.6
    assert together.loc["commitment", "satisfied_ideal"] < -0.2
    assert set(items.index[items["is_reversed"]]) == {"commitment", "company_fault"}
    assert together.loc["company_fault", "service_delivery"] < -0.2


def test_last_wave_falls_by_the_planted_shift(large):
    scores = table(large, "responses").query("item == 'satisfied_ideal'").set_index("response_id")["score"]
    waves = scores.groupby(table(large, "respondents").set_index("response_id")["wave"]).mean()
    step = 9 * 0.2 * WORLD.loading * (WORLD.wave_shift[-1] - WORLD.wave_shift[-2])
    assert waves.index.tolist() == [wave[:7] for wave in survey_waves.WAVES]
    assert waves.iloc[-1] - waves.iloc[-2] == pytest.approx(step, abs=0.12)


def test_careless_respondents_tick_straight_down(large):
    careless = large.truth.responses.set_index("response_id")["is_careless"]
    assert careless.mean() == pytest.approx(WORLD.share_careless, abs=0.01)
    tens = table(large, "items").query("scale_high == 10 and scale_low == 1")["item"]
    answers = table(large, "responses")
    scores = answers[answers["item"].isin(tens)].groupby("response_id")["score"]
    assert (scores.nunique()[careless] <= 1).all()
    assert (scores.nunique()[~careless] <= 1).mean() < 0.05


def test_cells_are_missing_as_planted_or_because_they_do_not_apply(large):
    empty = table(large, "responses").groupby("item")["score"].apply(lambda s: s.isna().mean())
    for item in questionnaire.ITEMS:
        does_not_apply, skipped = item.share_not_applicable, WORLD.share_missing * (not item.is_required)
        expected = skipped + does_not_apply * (1 - skipped) * (1 - WORLD.share_careless)
        assert empty[item.item] == pytest.approx(expected, abs=0.015), item.item


def test_respondents_are_more_satisfied_than_those_who_do_not_answer(large):
    truth = large.truth.customers.set_index("customer_id")
    answered = truth.index.isin(table(large, "respondents")["customer_id"])
    assert truth["satisfaction"][answered].mean() > truth["satisfaction"][~answered].mean() + 0.1


def test_everybody_asked_is_there_and_the_satisfied_and_the_old_answer_more(large):
    asked = table(large, "invitations")
    answered = asked["response_id"].notna().to_numpy()
    assert set(asked["response_id"].dropna()) == set(table(large, "respondents")["response_id"])
    who = large.truth.customers.set_index("customer_id").loc[asked["customer_id"]]
    age = table(large, "customers").set_index("customer_id")["demographic_age"].loc[asked["customer_id"]]
    x = np.column_stack([np.ones(len(asked)), who["satisfaction"], age.map(customer_traits.AGES.index) - 1.5])
    beta, error, _ = logistic(x, answered.astype(float))
    assert within(beta, np.array(WORLD.response_logit), error).all()


def test_the_old_are_more_satisfied(large):
    age = table(large, "customers")["demographic_age"].map(customer_traits.AGES.index)
    ranked = stats.norm.ppf((age + 0.5) / 4)
    assert np.corrcoef(ranked, large.truth.customers["satisfaction"])[0, 1] == pytest.approx(
        0.94 * WORLD.age_satisfaction, abs=0.03)


def test_expectations_follow_experience_by_the_planted_step(large):
    scores = table(large, "responses").pivot(index="response_id", columns="item", values="score")
    asked = table(large, "respondents").set_index("response_id")
    careful = ~large.truth.responses.set_index("response_id")["is_careless"]
    scores = scores[careful[scores.index]].join(asked[["customer_id", "wave"]])
    scores["wave"] = scores["wave"].map([wave[:7] for wave in survey_waves.WAVES].index)
    later = scores.assign(wave=scores["wave"] - 1)
    steps = scores.merge(later, on=["customer_id", "wave"], suffixes=("", "_next"))
    items = ["expect_product", "expect_service", "product_quality", "service_staff", "expect_service_next"]
    whole = steps[items].dropna().to_numpy()
    # one item of each side instruments the other: errors of two items are not tied to each other
    gap, instrument, change = whole[:, 2] - whole[:, 0], whole[:, 3] - whole[:, 1], whole[:, 4] - whole[:, 0]
    found = np.cov(change, instrument)[0, 1] / np.cov(gap, instrument)[0, 1]
    assert found == pytest.approx(WORLD.updating, abs=0.05)


def test_expectation_counts_against_what_was_got(large):
    felt = large.truth.customers[list(customer_traits.CONSTRUCTS)]
    drivers = list(customer_traits.PATHS["satisfaction"])
    weights = np.linalg.lstsq(felt[drivers].to_numpy(), felt["satisfaction"].to_numpy(), rcond=None)[0]
    assert weights[drivers.index("expectation")] < -0.15
    scores = table(large, "responses").pivot(index="response_id", columns="item", values="score").dropna()
    performed = ["product_quality", "product_range", "service_staff", "service_delivery", "value_price",
                 "image_reputation"]
    x = scores[[*performed, "expect_product", "expect_service"]].to_numpy()
    x = np.column_stack([x[:, :6], x[:, 6:].mean(axis=1), np.ones(len(x))])
    assert np.linalg.lstsq(x, scores["satisfied_ideal"].to_numpy(), rcond=None)[0][6] < -0.02


def test_what_is_written_has_the_planted_topic(large):
    said = table(large, "responses").dropna(subset="comment").set_index("response_id")["comment"]
    topic = large.truth.responses.set_index("response_id")["topic"]
    assert (topic[said.index] != "").all()
    assert (topic != "").sum() == len(said)
    words = said.str.lower()
    assert words[topic[said.index] == "delivery"].str.contains("deliver|parcel").all()
    assert not words[topic[said.index] == "price"].str.contains("parcel").any()
