import numpy as np
import pandas as pd
import pytest

from helpers.foundation.errors import InputError
from helpers.stats import bootstrap, confidence_intervals, survey_weights
from helpers.stats.survey_weights import ReplicateWeights, WeightedSample

N = 400


@pytest.fixture(scope="module")
def drawn():
    """Equal weights whose replicates are a bootstrap: what they give must be what linearisation gives."""
    names = pd.Index([f"p{i:03}" for i in range(N)])
    return ReplicateWeights(names, np.concatenate([np.ones((1, N)), bootstrap.bootstrap_counts(N, 3000, 1)]))


def rows(replicas, part=slice(None)):
    people = replicas.people.to_numpy()[part]
    return WeightedSample(people, np.ones(len(people)), replicas)


def test_replicates_of_equal_weights_give_the_usual_intervals(drawn):
    values = np.random.default_rng(2).normal(50, 10, N)
    by_replicates, usual = rows(drawn).mean(values), confidence_intervals.mean_interval(values)
    assert by_replicates.value == pytest.approx(usual.value)
    assert by_replicates.high - by_replicates.low == pytest.approx(usual.high - usual.low, rel=0.05)
    is_so = values > 55
    found, plain = rows(drawn).share(is_so), confidence_intervals.share_interval(float(is_so.mean()), N)
    assert (found.low, found.high) == pytest.approx((plain.low, plain.high), abs=0.004)


def test_raked_replicates_are_narrower_where_the_margin_explains_the_values(drawn):
    half = np.arange(N) % 2 == 0
    values = np.where(half, 80.0, 20.0) + np.random.default_rng(3).normal(0, 5, N)
    counts = drawn.weights
    held = (counts * half).sum(axis=1, keepdims=True) / counts.sum(axis=1, keepdims=True)
    met = ReplicateWeights(drawn.people, counts * np.where(half, 0.5 / held, 0.5 / (1 - held)))
    raked, plain = rows(met).mean(values), rows(drawn).mean(values)
    assert raked.value == pytest.approx(plain.value)
    assert raked.high - raked.low < 0.25 * (plain.high - plain.low)


def test_a_share_of_nobody_or_everybody_keeps_its_interval(drawn):
    assert rows(drawn).share(np.zeros(N, dtype=bool)).high == pytest.approx(
        confidence_intervals.share_interval(0.0, N).high
    )
    assert np.isnan(rows(drawn, slice(0, 0)).share(np.zeros(0, dtype=bool)).value)


def test_a_difference_counts_somebody_in_both_groups_as_one_person(drawn):
    rng = np.random.default_rng(4)
    before = rng.normal(50, 15, N)
    after = before + 2 + rng.normal(0, 1, N)
    made, p = survey_weights.weighted_difference((before, after), (rows(drawn), rows(drawn)))
    assert made.value == pytest.approx((after - before).mean())
    assert made.high - made.low < 0.3
    assert p < 1e-6
    first, second = slice(0, 200), slice(200, None)
    apart, p_apart = survey_weights.weighted_difference(
        (before[first], after[second]), (rows(drawn, first), rows(drawn, second))
    )
    assert apart.high - apart.low > 4
    plain, p_plain = survey_weights.weighted_difference(
        (before[first], after[second]),
        (WeightedSample(np.arange(200), np.ones(200)), WeightedSample(np.arange(200, N), np.ones(200))),
    )
    assert (apart.low, apart.high) == pytest.approx((plain.low, plain.high), abs=0.4)
    assert p_apart == pytest.approx(p_plain, abs=0.1)


def test_moments_begin_with_the_sample_whatever_the_replicates_come_from(drawn):
    columns = np.random.default_rng(5).normal(size=(N, 2))
    for known in (rows(drawn), WeightedSample(np.arange(N), np.ones(N))):
        assert known.moments(columns, 200, 1).mean[0] == pytest.approx(columns.mean(axis=0))


def test_a_sample_without_replicates_has_no_replicate_weights():
    with pytest.raises(InputError, match="the sample has no replicates"):
        WeightedSample(np.arange(3), np.ones(3)).draws()


def test_groups_of_a_quantile_never_part_equal_values_and_hold_equal_weight_where_none_tie():
    rng = np.random.default_rng(8)
    values, weights = rng.integers(0, 9, N).astype(float), rng.uniform(0.5, 2, N)
    group = survey_weights.weighted_quantile_groups(values, weights, 3)
    assert pd.Series(group).groupby(values).nunique().eq(1).all()
    assert (np.diff(group[np.argsort(values, kind="stable")]) >= 0).all()
    fine = survey_weights.weighted_quantile_groups(rng.permutation(N).astype(float), weights, 3)
    held = np.bincount(fine, weights) / weights.sum()
    assert held == pytest.approx([1 / 3] * 3, abs=2 / N)
    assert set(survey_weights.weighted_quantile_groups(np.full(5, 2.0), np.ones(5), 3)) == {1}, "all are in the middle"
