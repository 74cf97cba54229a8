import math

import numpy as np
import pytest
from statsmodels.regression.linear_model import OLS

from helpers.experiments import cluster_robust
from helpers.foundation.engine import Engine


def brute(groups, treated):
    """CR2 and Satterthwaite's degrees of freedom by matrices (Pustejovsky & Tipton 2018, eqs. 6 and 10)."""
    y = np.concatenate(groups)
    g = np.repeat(np.arange(len(groups)), [len(v) for v in groups])
    x = np.column_stack([np.ones(len(y)), np.repeat(treated, [len(v) for v in groups])])
    bread = np.linalg.inv(x.T @ x)
    hat = x @ bread @ x.T
    e, c = y - hat @ y, np.array([0.0, 1.0])
    variance, p = 0.0, []
    for i in range(len(groups)):
        own = g == i
        values, vectors = np.linalg.eigh(np.eye(own.sum()) - hat[np.ix_(own, own)])
        root = vectors @ np.diag(np.where(values > 1e-9, values, np.inf) ** -0.5) @ vectors.T
        weight = root @ x[own] @ bread @ c
        variance += (weight @ e[own]) ** 2
        p.append((np.eye(len(y)) - hat)[:, own] @ weight)
    q = np.array([[a @ b for b in p] for a in p])
    return math.sqrt(variance), np.trace(q) ** 2 / np.trace(q @ q)


@pytest.fixture
def groups():
    rng = np.random.default_rng(4)
    return [rng.normal(rng.normal(), 1, rng.integers(3, 15)) for _ in range(15)]


def sums(groups):
    return np.array([len(v) for v in groups], dtype=float), np.array([v.sum() for v in groups])


def test_cr2_and_its_degrees_of_freedom_are_those_of_the_matrices(groups):
    found, freedom = cluster_robust.cr2_difference(sums(groups[:7]), sums(groups[7:]))
    error, expected = brute(groups, np.repeat([0.0, 1.0], [7, 8]))
    assert found.error == pytest.approx(error, rel=1e-9)
    assert freedom == pytest.approx(expected, rel=1e-9)


def test_equal_clusters_have_two_degrees_fewer_than_clusters():
    n = np.full(10, 20.0)
    total = np.arange(10.0)
    assert cluster_robust.cr2_difference((n, total), (n, total + 1))[1] == pytest.approx(18.0)


def test_fewer_than_six_clusters_an_arm_are_randomised_again(groups):
    rng = np.random.default_rng(1)
    found = cluster_robust.cluster_difference(sums(groups[:5]), sums(groups[5:15]), rng)
    assert found.method == "randomisation of clusters"
    assert cluster_robust.cluster_difference(sums(groups[:6]), sums(groups[6:15]), rng).method == "CR2"


def test_five_against_five_clusters_try_every_split():
    n, base = np.full(5, 10.0), np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    found = cluster_robust.cluster_permutation_difference((n, base), (n, base + 100), np.random.default_rng(1))
    assert found.p == pytest.approx(2 / 252)  # C(10, 5) splits, of which two are as extreme
    assert found.low < 10 < found.high
    assert found.low > 9


def test_three_against_three_clusters_can_never_be_beyond_chance():
    n, base = np.full(3, 10.0), np.array([1.0, 2.0, 3.0])
    found = cluster_robust.cluster_permutation_difference((n, base), (n, base + 100), np.random.default_rng(1))
    assert found.p == pytest.approx(0.1)
    assert (found.low, found.high) == (-math.inf, math.inf)


def test_totals_are_added_up_by_cluster(trial, lazily):
    table = lazily(trial.assign(cluster_id=[f"shop {i // 40:02d}" for i in range(800)]))
    found = cluster_robust.cluster_totals(Engine(), table, ["spend"])
    assert len(found) == 20
    assert found["n"].eq(40).all()
    assert found["total"].sum() == pytest.approx(trial["metric_spend"].sum())
    assert cluster_robust.cluster_totals(Engine(), table, []).empty


def test_with_equal_clusters_cr2_is_the_clustered_error_of_statsmodels_times_its_inflation():
    rng = np.random.default_rng(5)
    groups = [rng.normal(rng.normal(), 1, 12) for _ in range(16)]
    treated = np.repeat([0.0, 1.0], 8 * 12)
    design = np.column_stack([np.ones(len(treated)), treated])
    peer = OLS(np.concatenate(groups), design).fit(
        cov_type="cluster", cov_kwds={"groups": np.repeat(np.arange(16), 12), "use_correction": False})
    found, _ = cluster_robust.cr2_difference(sums(groups[:8]), sums(groups[8:]))
    assert found.value == pytest.approx(peer.params[1])
    assert found.error == pytest.approx(peer.bse[1] * math.sqrt(8 / 7), rel=1e-9)
