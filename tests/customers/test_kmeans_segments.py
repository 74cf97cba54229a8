import ibis
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from helpers.customers import kmeans_segments


@pytest.fixture
def divided(session_engine):
    def make(columns, n):
        frame = pd.DataFrame({"customer_id": [f"{i:05d}" for i in range(n)], **columns})
        table = session_engine.kept(session_engine.lazy(frame))
        features = kmeans_segments.numeric_features(table, session_engine, list(columns))
        found = kmeans_segments.kmeans_segmentation(session_engine, table, "behavioural", features, seed=1)
        return found, session_engine.frame(found.assigned(table, features).order_by("customer_id"))["behavioural"]
    return make


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(kmeans_segments, "N_BOOTSTRAP_SAMPLES", 6)
    monkeypatch.setattr(kmeans_segments, "SEGMENT_COUNTS", (2, 3, 4))


def test_planted_groups_are_found_again_named_and_stable(quick, divided):
    rng, group = np.random.default_rng(1), np.repeat([0, 1, 2], [200, 120, 80])
    centres = np.array([[0.0, 0], [6, 0], [0, 6]])
    x = centres[group] + rng.standard_normal((400, 2))
    found, named = divided({"orders": x[:, 0], "silence": x[:, 1]}, 400)
    assert (len(found.names), found.is_stable) == (3, True)
    assert found.rand > 0.95
    assert adjusted_rand_score(group, pd.factorize(named)[0]) > 0.95
    assert found.sizes.tolist() == sorted(found.sizes.tolist(), reverse=True)
    assert "high orders" in " ".join(found.names)


def test_noise_is_divided_but_not_called_stable(quick, divided):
    x = np.random.default_rng(2).standard_normal((400, 8))
    found, _ = divided({f"f{i}": x[:, i] for i in range(8)}, 400)
    assert not found.is_stable


def test_texts_become_flags_and_missing_values_the_mean(quick, divided):
    rng = np.random.default_rng(3)
    town, age = rng.choice(["north", "south"], 300), rng.choice([20.0, 60.0], 300)
    found, named = divided({"demographic_region": np.where(np.arange(300) < 3, None, town),
                            "demographic_age": np.where(np.arange(300) < 3, np.nan, age)}, 300)
    assert set(found.features) <= {"region north", "region south", "demographic_age"}
    assert named.isna().sum() <= 3


@pytest.mark.parametrize(("columns", "n", "reason"), [
    ({}, 200, "nothing is recorded on this base"), ({"a": np.arange(20.0)}, 20, "20 customers are described on this "
                                                    "base, 100 are needed"),
    ({"a": np.ones(150)}, 150, "all customers are alike on this base")], ids=["nothing", "few", "alike"])
def test_data_that_cannot_be_divided_say_why(divided, columns, n, reason):
    found, named = divided(columns, n)
    assert found.reason == reason
    assert named.isna().all()


def test_equal_seeds_give_equal_segments_and_large_bases_are_sampled(quick, divided):
    x = np.random.default_rng(5).standard_normal((5000, 2))
    (first, a), (again, b) = (divided({"u": x[:, 0], "v": x[:, 1]}, 5000) for _ in range(2))
    assert (first.centres == again.centres).all()
    assert a.tolist() == b.tolist()
    assert first.sizes.sum() <= kmeans_segments.MAX_SAMPLED
    assert a.notna().all()


def test_a_column_of_numbers_stays_one_feature(session_engine):
    table = ibis.memtable(pd.DataFrame({"customer_id": ["a"], "n": [1], "flag": [True], "t": ["x"]}))
    assert list(kmeans_segments.numeric_features(table, session_engine, ["n", "flag", "t"])) == ["n", "flag", "t x"]
