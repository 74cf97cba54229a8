import numpy as np
import pytest

from helpers.stats import kaplan_meier


def test_curve_and_hazards_match_statsmodels():
    from statsmodels.duration.survfunc import SurvfuncRight

    rng = np.random.default_rng(1)
    life, seen = rng.exponential(10, 300).round(), rng.uniform(0, 20, 300).round()
    time, ended = np.minimum(life, seen), life <= seen
    found, other = kaplan_meier.kaplan_meier_curve(time, ended), SurvfuncRight(time, ended.astype(int))
    assert found["time"].tolist()[-len(other.surv_times):] == other.surv_times.tolist()
    assert found["share_left"].tolist()[-len(other.surv_times):] == pytest.approx(other.surv_prob.tolist())
    assert kaplan_meier.median_survival(found) == other.quantile(0.5)


def test_pointwise_intervals_cover_the_truth():
    rng, hits = np.random.default_rng(3), []
    for _ in range(400):
        life, seen = rng.exponential(10, 80), rng.uniform(0, 25, 80)
        row = kaplan_meier.survival_at(kaplan_meier.kaplan_meier_curve(np.minimum(life, seen), life <= seen), 8.0)
        hits.append(row["low"] <= np.exp(-0.8) <= row["high"])
    assert 0.92 <= np.mean(hits) <= 0.98


def test_groups_too_small_are_left_out_and_nothing_gives_nothing():
    groups = np.array(["a"] * 40 + ["b"] * 5)
    found = kaplan_meier.kaplan_meier_curves(np.ones(45), np.ones(45, bool), groups)
    assert found["group"].unique().tolist() == ["a"]
    assert kaplan_meier.kaplan_meier_curves(np.empty(0), np.empty(0, bool), np.empty(0, str)).empty
    assert np.isnan(
        kaplan_meier.median_survival(kaplan_meier.kaplan_meier_curve(np.array([1.0, 2.0]), np.array([False, False])))
    )
