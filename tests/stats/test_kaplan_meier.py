import numpy as np
import pytest
from scipy import stats
from statsmodels.duration.survfunc import SurvfuncRight

from helpers.stats import kaplan_meier


@pytest.mark.parametrize("n", [1, 40, 300])
def test_curve_and_limits_are_the_product_of_hazards_and_greenwoods(n):
    rng = np.random.default_rng(n)
    life, seen = rng.exponential(10, n).round(), rng.uniform(0, 20, n).round()
    time, ended = np.minimum(life, seen), life <= seen
    found = kaplan_meier.kaplan_meier_curve(time, ended).iloc[1:]
    at = np.unique(time[ended])
    at_risk, deaths = ((time >= at[:, None]).sum(axis=1), ((time == at[:, None]) & ended).sum(axis=1))
    left = np.cumprod(1 - deaths / at_risk)
    inner = left > 0
    spread = 1.959963984540054 * np.sqrt(np.cumsum((deaths / at_risk)[inner] / (at_risk - deaths)[inner]))
    spread /= np.abs(np.log(left[inner]))
    assert found["time"].tolist() == at.tolist()
    assert found["n_at_risk"].tolist() == at_risk.tolist()
    assert found["n_ended"].tolist() == deaths.tolist()
    assert found["hazard"].tolist() == pytest.approx((deaths / at_risk).tolist(), abs=1e-12)
    assert found["share_left"].tolist() == pytest.approx(left.tolist(), abs=1e-12)
    assert found["low"].to_numpy()[inner] == pytest.approx(left[inner] ** np.exp(spread), abs=1e-12)
    assert found["high"].to_numpy()[inner] == pytest.approx(left[inner] ** np.exp(-spread), abs=1e-12)


def test_where_all_ended_none_is_left_and_where_none_ended_all_are():
    gone = kaplan_meier.kaplan_meier_curve(np.ones(5), np.ones(5, bool)).iloc[-1]
    assert (gone["share_left"], gone["low"], gone["high"]) == (0.0, 0.0, 0.0)
    kept = kaplan_meier.kaplan_meier_curve(np.ones(5), np.zeros(5, bool))
    assert kept["share_left"].tolist() == [1.0]
    assert kaplan_meier.kaplan_meier_curve(np.empty(0), np.empty(0, bool)).empty


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


@pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning:statsmodels")
def test_the_times_at_which_the_limits_hold_one_half_are_statsmodels_limits_of_the_median():
    rng = np.random.default_rng(8)
    time, ended = rng.exponential(10, 300).round() + 1, rng.random(300) < 0.6
    found = kaplan_meier.kaplan_meier_curve(time, ended)
    within = found.loc[(found["low"] <= 0.5) & (found["high"] >= 0.5), "time"]
    after = found.loc[found["time"] > within.max(), "time"]
    assert (within.min(), after.min()) == SurvfuncRight(time, ended.astype(int)).quantile_ci(0.5, method="cloglog")


def test_where_nobody_has_ended_the_lower_limit_is_that_of_as_many_as_were_at_risk():
    curve = kaplan_meier.kaplan_meier_curve(np.array([2.0] * 60 + [9.0] * 40), np.array([False] * 60 + [True] * 40))
    row = kaplan_meier.survival_at(curve, 5.0)
    assert (row["share_left"], row["high"]) == (1.0, 1.0)
    assert row["low"] == pytest.approx(stats.beta.ppf(0.025, 40, 1))
    never = kaplan_meier.survival_at(kaplan_meier.kaplan_meier_curve(np.full(30, 9.0), np.full(30, False)), 5.0)
    assert never["low"] == pytest.approx(stats.beta.ppf(0.025, 30, 1))
