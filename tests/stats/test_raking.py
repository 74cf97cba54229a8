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
