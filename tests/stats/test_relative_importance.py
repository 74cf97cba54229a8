import time
from itertools import combinations, permutations

import numpy as np
import pandas as pd
import pytest

from helpers.foundation.errors import InputError
from helpers.stats import bootstrap, relative_importance
from helpers.stats.relative_importance import shapley_values


def planted(n=300, k=4, seed=3):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, k)) + 0.7 * rng.normal(size=(n, 1))
    return np.column_stack([x, x @ np.linspace(1, 0, k) + rng.normal(size=n)])


def r_squared(correlation, subset):
    rows = list(subset)
    right = correlation[rows, -1]
    return right @ np.linalg.solve(correlation[np.ix_(rows, rows)], right) if rows else 0.0


def test_shapley_values_match_the_printed_game():
    """Worth of A 88, B 92, C 70, AB 100, AC 119, BC 112, ABC 120 gives 41.5, 40, 38.5."""
    worth = np.array([[0, 88, 92, 100, 70, 119, 112, 120.0]])
    assert shapley_values(worth)[0].tolist() == pytest.approx([41.5, 40, 38.5], abs=1e-12)


def test_subsets_are_fitted_as_by_regression():
    known = bootstrap.replicate_moments(planted()).correlation
    found = relative_importance.subset_r2(known)[0]
    for size in range(5):
        for subset in combinations(range(4), size):
            assert found[sum(2**j for j in subset)] == pytest.approx(r_squared(known[0], subset), abs=1e-10)


def test_shares_are_the_average_over_all_orders_of_entry():
    known = bootstrap.replicate_moments(planted()).correlation
    gains = np.zeros(4)
    for order in permutations(range(4)):
        for i, j in enumerate(order):
            gains[j] += r_squared(known[0], order[:i + 1]) - r_squared(known[0], order[:i])
    np.testing.assert_allclose(relative_importance.lmg_shares(known)[0], gains / 24, atol=1e-10)


@pytest.mark.real_data
def test_shares_and_johnson_weights_match_the_reference_figures(real_data):
    mobi = pd.read_csv(real_data / "ecsi_mobi" / "mobi.csv")
    blocks = [mobi.filter(like=name).mean(axis=1) for name in ("PERQ", "IMAG", "PERV", "CUEX", "CUSA")]
    known = bootstrap.replicate_moments(np.column_stack(blocks)).correlation
    assert relative_importance.lmg_shares(known)[0].round(4).tolist() == [0.2954, 0.1648, 0.1323, 0.0769]
    assert relative_importance.lmg_shares(known).sum() == pytest.approx(0.66944, abs=5e-6)
    assert relative_importance.johnson_weights(known)[0].round(4).tolist() == [0.2815, 0.1656, 0.1408, 0.0815]


def test_a_driver_that_stands_twice_shares_and_adds_nothing_in_all():
    columns = planted()
    double = np.column_stack([columns[:, :1], columns])
    once, twice = (
        relative_importance.lmg_shares(bootstrap.replicate_moments(c).correlation)[0] for c in (columns, double)
    )
    assert twice.sum() == pytest.approx(once.sum())
    assert twice[0] == pytest.approx(twice[1])


def test_fourteen_drivers_of_a_hundred_thousand_people_take_no_time():
    columns = np.random.default_rng(1).normal(size=(100_000, 15))
    relative_importance.lmg_shares(bootstrap.replicate_moments(columns).correlation)  # the table of shares is made once
    began = time.process_time()
    shares = relative_importance.lmg_shares(bootstrap.replicate_moments(columns).correlation)
    assert time.process_time() - began < 0.5
    assert shares.shape == (1, 14)


def test_seventeen_drivers_are_refused():
    with pytest.raises(InputError, match="17 are too many"):
        relative_importance.lmg_shares(np.eye(18)[None])


def test_chance_of_ranks_sum_to_one_by_driver_and_by_rank():
    drawn = bootstrap.replicate_moments(planted(), bootstrap.bootstrap_counts(300, 50, 1)).correlation
    ranks = relative_importance.rank_probabilities(relative_importance.lmg_shares(drawn))
    np.testing.assert_allclose(ranks.sum(axis=0), 1)
    np.testing.assert_allclose(ranks.sum(axis=1), 1)
    assert ranks[0, 0] == 1


def test_the_probe_is_beaten_by_a_driver_and_not_by_noise():
    columns = planted()
    columns[:, 2] = np.random.default_rng(9).normal(size=300)
    p = relative_importance.random_probe_p_values(columns, seed=1)
    assert p[0] <= relative_importance.RELEVANCE_LEVEL < p[2]


def test_bootstrap_moments_in_parts_agree_with_those_at_once():
    columns = planted(n=5000)
    parts, whole = bootstrap.bootstrap_moments(columns, 400, 1), bootstrap.replicate_moments(
        columns, bootstrap.bootstrap_counts(5000, 400, 2))
    spread = [m.mean[:, 0].std() for m in (parts, whole)]
    assert spread[0] == pytest.approx(spread[1], rel=0.2)
    assert spread[0] == pytest.approx(columns[:, 0].std() / 5000**0.5, rel=0.15)
    np.testing.assert_allclose(parts.covariance.mean(axis=0), np.cov(columns.T), atol=0.02)


def test_whole_people_are_drawn_together():
    people = np.array(["a", "a", "b", "c", "c"])
    counts = bootstrap.bootstrap_counts(5, 20, 1, people)
    assert (counts[:, 0] == counts[:, 1]).all()
    assert (counts[:, [0, 2, 3]].sum(axis=1) == 3).all()


def test_weighted_moments_are_those_of_repeated_rows():
    columns, weights = planted(20), np.random.default_rng(1).integers(0, 4, 20)
    repeated = np.repeat(columns, weights, axis=0)
    found = bootstrap.replicate_moments(columns, weights[None].astype(float))
    np.testing.assert_allclose(found.mean[0], repeated.mean(axis=0))
    np.testing.assert_allclose(found.correlation[0], np.corrcoef(repeated.T))


def test_too_many_replicates_without_a_value_leave_no_limits():
    assert np.isnan(bootstrap.percentile_interval(1.0, np.array([1.0, np.nan])).low)
    assert bootstrap.percentile_interval(1.0, np.arange(101.0)).high == pytest.approx(97.5)


def test_probes_drawn_in_blocks_are_the_probes_of_one_draw(monkeypatch):
    rng = np.random.default_rng(4)
    columns, weights = rng.normal(size=(500, 4)), rng.uniform(0.5, 2, 500)
    columns[:, 3] += 0.12 * columns[:, 0]
    whole = relative_importance.random_probe_p_values(columns, 1, weights=weights)
    monkeypatch.setattr(relative_importance, "PROBE_ROWS", 64)
    assert relative_importance.random_probe_p_values(columns, 1, weights=weights) == pytest.approx(whole)
    root = np.sqrt(weights / weights.sum())[:, None]
    known = (columns - np.average(columns, axis=0, weights=weights)) * root
    probes = np.random.default_rng(1).standard_normal((500, 199))
    probes = (probes - np.average(probes, axis=0, weights=weights)) * root
    made = np.array([np.column_stack([known[:, :3], probe, known[:, 3]]) for probe in probes.T])
    shares = relative_importance.lmg_shares(made.swapaxes(1, 2) @ made)
    assert whole == pytest.approx((1 + (shares[:, -1:] >= shares[:, :-1]).sum(axis=0)) / 200)
