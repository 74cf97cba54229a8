from itertools import combinations, permutations

import numpy as np
import pytest

from helpers.stats.coalition_game import CoalitionGame


def game(worth, variances=None):
    """Return a game whose worths are its parts."""
    n = len(worth)
    names = tuple("abcdef"[:n.bit_length() - 1])
    return CoalitionGame(names, np.eye(n), np.asarray(worth, "float64"),
                         np.zeros(n) if variances is None else variances, True, 100)


def by_permutations(worth, k):
    """Return Shapley values by going through every order in which the players can join."""
    values, orders = np.zeros(k), list(permutations(range(k)))
    for order in orders:
        s = 0
        for j in order:
            values[j] += worth[s | 1 << j] - worth[s]
            s |= 1 << j
    return values / len(orders)


@pytest.mark.parametrize("k", [1, 2, 3, 4, 5, 6])
def test_shapley_values_are_those_of_all_orders_of_joining(k):
    worth = np.r_[0.0, np.random.default_rng(k).normal(size=2**k - 1)]
    assert [e.value for e in game(worth).shares()] == pytest.approx(by_permutations(worth, k))


def test_the_synergy_of_a_pair_is_the_sum_of_its_dividends():
    k, rng = 4, np.random.default_rng(8)
    dividends = np.r_[0.0, rng.normal(size=2**k - 1)]
    worth = [sum(d for t, d in enumerate(dividends) if t & ~s == 0) for s in range(2**k)]
    expected = [sum(d / (int(t).bit_count() - 1) for t, d in enumerate(dividends) if t >> i & 1 and t >> j & 1)
                for i, j in combinations(range(k), 2)]
    assert [e.value for e in game(worth).synergies()] == pytest.approx(expected)


def test_of_two_players_the_synergy_is_what_both_bring_beyond_what_each_brings():
    found = game([0.0, 2.0, 3.0, 7.5])
    assert [e.value for e in found.synergies()] == [2.5]
    assert [e.value for e in found.shares()] == [3.25, 4.25]


def test_the_core_of_a_majority_game_is_empty_by_a_third_and_that_of_a_convex_game_is_not():
    majority = game([0, 0, 0, 1, 0, 1, 1, 1])
    assert majority.least_excess() == pytest.approx(1 / 3)
    assert majority.excesses()[0].value == pytest.approx(1 / 3)
    convex = game([0, 1, 1, 3, 1, 3, 3, 6])
    assert convex.least_excess() < 0
    assert convex.excesses()[0].value < 0


def test_a_division_outside_the_core_names_the_coalition_that_does_better_alone():
    worst = game([0, 0, 0, 6, 0, 6, 0, 6]).excesses()[0]
    assert worst.segment in {"a + b", "a + c"}
    assert worst.value == pytest.approx(6 - 4 - 1)


def test_intervals_cover_the_true_division_nineteen_times_in_twenty():
    k, rng, n = 3, np.random.default_rng(2), 2000
    worth = np.r_[0.0, rng.uniform(1, 5, 2**k - 1)]
    variances = np.r_[0.0, rng.uniform(0.1, 2, 2**k - 1)]
    true = [e.value for e in (*game(worth).shares(), *game(worth).synergies())]
    inside = np.zeros(len(true))
    for _ in range(n):
        seen = game(worth + np.sqrt(variances) * rng.standard_normal(2**k), variances)
        inside += [e.low <= t <= e.high for e, t in zip((*seen.shares(), *seen.synergies()), true, strict=True)]
    assert inside / n == pytest.approx(0.95, abs=4 * np.sqrt(0.05 * 0.95 / n))
