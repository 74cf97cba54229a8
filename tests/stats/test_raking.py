import numpy as np
import pandas as pd
import pytest

from helpers.foundation.errors import InputError
from helpers.stats import raking


def sample():
    return pd.DataFrame({"region": ["n"] * 30 + ["s"] * 10, "age": (["old"] * 3 + ["young"]) * 10})


POPULATION = {"region": {"n": 0.5, "s": 0.5}, "age": {"old": 0.6, "young": 0.4}}


def test_raked_weights_meet_every_margin_and_have_mean_one():
    made = raking.rake_weights(np.ones((1, 40)), raking.population_margins(sample(), POPULATION))
    w, rows = made.weights[0], sample()
    assert w.mean() == pytest.approx(1)
    assert w[rows["region"] == "n"].sum() / 40 == pytest.approx(0.5, abs=1e-5)
    assert w[rows["age"] == "old"].sum() / 40 == pytest.approx(0.6, abs=1e-5)
    assert made.largest_gap < 1e-5
    assert made.effective_n == pytest.approx(40 / made.design_effect)
    assert made.design_effect > 1


def test_replicates_are_raked_each_for_itself():
    counts = np.random.default_rng(1).multinomial(40, np.full(40, 1 / 40), size=5).astype(float)
    wanted = raking.population_margins(sample(), POPULATION)
    made = raking.rake_weights(counts, wanted)
    share = (made.weights @ wanted[0].member) / made.weights.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(share, [[0.5, 0.5]] * 5, atol=1e-4)
    assert (made.weights[counts == 0] == 0).all()


def test_extreme_weights_are_trimmed_and_counted():
    rows = pd.DataFrame({"region": ["n"] * 99 + ["s"]})
    made = raking.rake_weights(np.ones((1, 100)), raking.population_margins(rows, {"region": {"n": 0.5, "s": 0.5}}))
    assert made.n_trimmed == 1
    assert made.weights[0].max() == pytest.approx(5)
    assert made.weights[0].mean() == pytest.approx(1)
    assert made.largest_gap > 0.3


def test_equal_margins_leave_equal_weights():
    made = raking.rake_weights(np.ones((1, 40)), raking.population_margins(sample(), sample()))
    np.testing.assert_allclose(made.weights, 1, atol=1e-6)


def test_a_category_without_a_share_is_told():
    with pytest.raises(InputError, match="the sample has 's'"):
        raking.population_margins(sample()[["region"]], {"region": {"n": 1.0}})


def test_a_category_that_nobody_belongs_to_is_missed_by_its_whole_share():
    here = pd.DataFrame({"region": ["n"] * 30 + ["s"] * 10})
    wanted = raking.population_margins(here, {"region": {"n": 0.4, "s": 0.3, "w": 0.3}})
    made = raking.rake_weights(np.ones((1, 40)), wanted)
    assert made.largest_gap == pytest.approx(0.3)
    assert dict(made.empty) == {"region w": pytest.approx(0.3)}
    alone = raking.population_margins(here.head(30), {"region": {"n": 0.4, "w": 0.6}})
    assert raking.rake_weights(np.ones((1, 30)), alone).largest_gap == pytest.approx(0.6)


def test_cells_of_people_get_the_weights_that_raking_person_by_person_gives():
    rng = np.random.default_rng(5)
    rows = pd.DataFrame({"region": rng.choice([*"nsew"], 600, p=[0.7, 0.2, 0.09, 0.01]),
                         "kind": rng.choice(["shop", "web", ""], 600), "age": rng.integers(18, 90, 600)})
    wanted = raking.population_margins(rows, pd.DataFrame({
        "region": rng.choice([*"nsew"], 4000), "kind": rng.choice(["shop", "web"], 4000),
        "age": rng.integers(18, 90, 4000)}))
    base = np.concatenate([np.ones((1, 600)), rng.multinomial(600, np.full(600, 1 / 600), size=20)])
    base *= rng.uniform(0.5, 2, 600)
    expected = base / base.mean(axis=1, keepdims=True)
    for _ in range(60):
        for margin in wanted:
            held = expected @ margin.member / expected.sum(axis=1, keepdims=True)
            expected *= (margin.share / held) @ margin.member.T
    expected *= 600 / expected.sum(axis=1, keepdims=True)
    untrimmed = raking.rake_weights(base, wanted, largest=np.inf)
    np.testing.assert_allclose(untrimmed.weights, expected, atol=1e-5)
    limit, is_cut = raking.MAX_WEIGHT * base.clip(min=1), np.zeros(base.shape, dtype=bool)
    for _ in range(raking.MAX_TRIMMING_STEPS):
        is_cut |= expected > limit
        rest = 600 - np.where(is_cut, limit, 0).sum(axis=1, keepdims=True)
        spread = rest / np.where(is_cut, 0, expected).sum(axis=1, keepdims=True)
        expected = np.where(is_cut, limit, expected * spread)
    made = raking.rake_weights(base, wanted)
    assert made.n_trimmed == is_cut[0].sum() > 0
    np.testing.assert_allclose(made.weights, expected, atol=1e-5)
