"""Goldens: Newcombe (1998), Statistics in Medicine 17, 873–890, table II, method 6 (Miettinen and Nurminen)."""

import math
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats
from statsmodels.stats import proportion

from helpers.experiments import proportions
from helpers.experiments.aggregates import ArmMoments
from helpers.experiments.config import ExperimentPlan, ExperimentsConfig
from helpers.reporting.text import experiment_decisions as experiment_decisions_text
from helpers.reporting.text import experiments as experiments_text

EDGES = [(0, 50, 0, 50), (50, 50, 50, 50), (0, 50, 50, 50), (50, 50, 0, 50), (0, 464, 293, 11298), (1, 10, 9, 10),
         (0, 50, 5, 50), (45, 50, 50, 50), (3, 5_000_000, 12, 5_000_000), (299_000, 1_000_000, 300_000, 1_000_000)]


def arms(x, n, y, m):
    return ArmMoments.of_successes(x, n), ArmMoments.of_successes(y, m)


@pytest.mark.parametrize(("counts", "limits"), [
    ((48, 80, 56, 70), (0.0528, 0.3382)), ((3, 10, 9, 10), (0.1700, 0.8406)), ((2, 7, 6, 7), (0.0342, 0.8534)),
    ((0, 29, 5, 56), (-0.0326, 0.1933)), ((0, 20, 0, 10), (-0.1658, 0.2844)), ((0, 10, 10, 10), (0.6636, 1.0)),
])
def test_the_interval_is_the_published_one(counts, limits):
    found = proportions.proportion_difference(*arms(*counts))
    assert (found.low, found.high) == pytest.approx(limits, abs=5e-5)


def test_few_successes_against_many_units_have_the_score_interval_and_its_own_p():
    found, ratio = (
        proportions.proportion_difference(*arms(5, 464, 293, 11298)),
        proportions.proportion_ratio(*arms(5, 464, 293, 11298)),
    )
    assert [round(100 * x, 2) for x in (found.low, found.high)] == [0.08, 2.22]
    assert ratio.low > 0
    assert found.p == ratio.p == pytest.approx(0.0417, abs=5e-5)
    assert proportions.fisher_exact_p(*arms(5, 464, 293, 11298)) == pytest.approx(0.0477, abs=5e-5)


def test_p_and_the_limits_of_the_ratio_are_those_of_statsmodels():
    rng = np.random.default_rng(3)
    for _ in range(40):
        n, m = (int(k) for k in rng.integers(80, 3000, 2))
        x, y = int(rng.binomial(n, 0.2)), int(rng.binomial(m, 0.25))
        p = proportion.test_proportions_2indep(y, m, x, n, method="score", compare="diff").pvalue
        low, high = proportion.confint_proportions_2indep(y, m, x, n, method="score", compare="ratio")
        found = proportions.proportion_ratio(*arms(x, n, y, m))
        assert (found.p, found.low + 1, found.high + 1) == pytest.approx((p, low, high), abs=1e-8)
        assert proportions.proportion_difference(*arms(x, n, y, m)).p == pytest.approx(p, abs=1e-12)


def test_the_shares_under_a_difference_are_the_likeliest_ones():
    control, variant = arms(7, 300, 40, 900)

    def loss(p, apart):
        return -stats.binom.logpmf(7, 300, p) - stats.binom.logpmf(40, 900, p + apart)

    for apart in (-0.02, 0.001, 0.01, 0.05):
        best = optimize.minimize_scalar(loss, bounds=(max(0, -apart), min(1, 1 - apart)), args=(apart,),
                                        method="bounded", options={"xatol": 1e-12})
        assert proportions._with_difference(control, variant, apart)[0] == pytest.approx(best.x, abs=1e-7)


@pytest.mark.parametrize("counts", EDGES)
def test_no_success_all_successes_and_millions_of_units_have_an_interval(counts):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found, ratio = proportions.proportion_difference(*arms(*counts)), proportions.proportion_ratio(*arms(*counts))
    assert -1 <= found.low <= found.value <= found.high <= 1
    assert (found.low > 0 or found.high < 0) == (found.p < 0.05)
    assert math.isnan(ratio.value) if counts[0] == 0 else ratio.low <= ratio.value <= ratio.high


def test_swapping_arms_or_answers_turns_the_interval_round():
    found, arms_swapped = (
        proportions.proportion_difference(*arms(5, 50, 9, 80)),
        proportions.proportion_difference(*arms(9, 80, 5, 50)),
    )
    answers_swapped = proportions.proportion_difference(*arms(45, 50, 71, 80))
    assert (arms_swapped.low, arms_swapped.high) == pytest.approx((-found.high, -found.low), abs=1e-10)
    assert (answers_swapped.low, answers_swapped.high) == pytest.approx((-found.high, -found.low), abs=1e-10)


def test_interval_of_difference_and_ratio_are_clear_of_nothing_exactly_where_p_is_small():
    rng = np.random.default_rng(4)
    for _ in range(300):
        n, m = (int(k) for k in rng.integers(10, 3000, 2))
        rate = rng.choice([0.01, 0.05, 0.5, 0.95])
        counts = int(rng.binomial(n, rate)), n, int(rng.binomial(m, min(rate * rng.choice([1, 1.3]), 1))), m
        found, ratio = proportions.proportion_difference(*arms(*counts)), proportions.proportion_ratio(*arms(*counts))
        assert (found.low > 0 or found.high < 0) == (found.p < 0.05)
        if counts[0]:
            assert (ratio.low > 0, ratio.high < 0) == (found.low > 0, found.high < 0)


def enumerated(n, m, p, q):
    """Return every outcome of two binomial arms that is not negligible, with its probability."""
    x, y = (np.arange(int(stats.binom.ppf(1e-7, k, r)), int(stats.binom.ppf(1 - 1e-7, k, r)) + 1)
            for k, r in ((n, p), (m, q)))
    for a, b in ((a, b) for a in x for b in y):
        yield int(a), int(b), float(stats.binom.pmf(a, n, p) * stats.binom.pmf(b, m, q))


@pytest.mark.parametrize(("n", "m", "p", "q"), [(60, 240, 0.03, 0.03), (60, 240, 0.03, 0.08), (40, 40, 0.1, 0.2)])
def test_the_interval_of_rare_answers_covers_the_truth(n, m, p, q):
    covered = sum(w for x, y, w in enumerated(n, m, p, q)
                  if (d := proportions.proportion_difference(*arms(x, n, y, m))).low <= q - p <= d.high)
    assert 0.94 <= covered <= 0.975


# --- on the page -----------------------------------------------------------------------------------------------------


def trial_of(x, n, y, m):
    return pd.DataFrame({
        "experiment": "offer", "unit_id": [f"u{i}" for i in range(n + m)], "variant": ["control"] * n + ["new"] * m,
        "metric_bought": [i < x for i in range(n)] + [i < y for i in range(m)]})


def planned(n, m, **more):
    plan = ExperimentPlan(hypothesis="h", control="control", primary_metric="bought",
                shares={"control": n / (n + m), "new": m / (n + m)}, **more)
    return ExperimentsConfig(plans={"offer": plan})


def read(lazily, judged, counts, **more):
    *_, checked, effects = judged(lazily(trial_of(*counts)), planned(counts[1], counts[3], **more))
    return checked["offer"], effects


def test_a_verdict_on_few_answers_is_qualified_and_has_no_chance_to_be_better(lazily, judged):
    from helpers.experiments import quality_gates

    checked, effects = read(lazily, judged, (5, 464, 293, 11298))
    row = effects.iloc[0]
    assert [round(100 * x, 2) for x in (row["low"], row["high"])] == [0.08, 2.22]
    assert row["lift_low"] > 0
    assert np.isnan(row[["chance_to_win", "expected_loss_if_shipped", "expected_loss_if_stopped"]].astype(float)).all()
    table = quality_gates.gates_table({"offer": checked})
    sentence = experiments_text.experiments_answer(effects, table)[0]
    assert "1.5 percentage points [0.1, 2.2]" in sentence
    assert "only 5 units in control gave the rarer answer, 10 are asked for" in sentence
    assert "by Fisher's exact test p is .0477, and no chance to win is given" in sentence
    assert row["reason"].endswith("on few of the rarer answer; Fisher's exact test agrees")
    assert (
        experiment_decisions_text.experiment_decisions(effects, gates=table)[0]["confidence"]
        == "assigned at random, 1 check failed (offer: answers to bought)"
    )


def test_few_answers_keep_running_where_fishers_test_does_not_agree(lazily, judged):
    _, effects = read(lazily, judged, (5, 500, 14, 500))
    row = effects.iloc[0]
    assert row["low"] > 0
    assert row["p"] < 0.05 < row["p_exact"]
    assert row["verdict"] == "keep running"
    assert "Fisher's exact test does not agree" in row["reason"]


def test_many_answers_are_read_by_the_score_test_alone_and_have_a_chance_to_be_better(lazily, judged):
    checked, effects = read(lazily, judged, (60, 400, 100, 400))
    row = effects.iloc[0]
    assert row["verdict"] == "ship"
    assert np.isnan(row["p_exact"])
    assert row["chance_to_win"] == pytest.approx(1 - row["p"] / 2, abs=2e-4)
    assert not next(g for g in checked if "answers to" in g.gate).is_crossed
