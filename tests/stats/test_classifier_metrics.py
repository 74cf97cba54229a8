import numpy as np
import pytest
from scipy import special, stats
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from helpers.foundation.results import Status
from helpers.stats import classifier_metrics

OUTCOME = np.array([0, 1, 0, 1, 0, 1, 0, 1.0])
SCORE = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.8, 0.9])


def drawn(n=400, seed=1, slope=1.0, shift=0.0):
    """Return outcome, the probability that is stated, and a noisier one."""
    rng = np.random.default_rng(seed)
    z = rng.normal(-0.3, 1.2, n)
    outcome = (rng.random(n) < special.expit(z)).astype(float)
    return outcome, special.expit(slope * z + shift), special.expit(z + rng.normal(0, 0.5, n))


def delong(outcome, *scores):
    """Return AUCs and their covariance from the definition: every pair of units, one after the other."""
    events, others = np.flatnonzero(outcome == 1), np.flatnonzero(outcome == 0)
    kernels = [np.array([[1.0 * (s[i] > s[j]) + 0.5 * (s[i] == s[j]) for j in others] for i in events]) for s in scores]
    v10, v01 = (np.array([k.mean(axis=axis) for k in kernels]) for axis in (1, 0))
    return (np.array([k.mean() for k in kernels]),
            np.atleast_2d(np.cov(v10)) / len(events) + np.atleast_2d(np.cov(v01)) / len(others))


def test_auc_equals_the_rank_sum_statistic():
    outcome, p, _ = drawn()
    u = stats.mannwhitneyu(p[outcome == 1], p[outcome == 0]).statistic
    assert classifier_metrics.roc_auc(outcome, p).value == pytest.approx(
        u / (outcome.sum() * (1 - outcome).sum()), abs=1e-12
    )


def test_auc_counts_ties_one_half():
    assert classifier_metrics.roc_auc(OUTCOME, np.full(8, 0.3)).value == 0.5


@pytest.mark.parametrize("is_tied", [False, True])
def test_auc_and_paired_difference_match_delong_by_definition(is_tied):
    outcome, p, q = drawn(60)
    p, q = (np.round(p, 1), np.round(q, 1)) if is_tied else (p, q)
    areas, cov = delong(outcome, p, q)
    found = classifier_metrics.roc_auc_difference(outcome, p, q)
    half = 1.959964 * np.sqrt(cov[0, 0] + cov[1, 1] - 2 * cov[0, 1])
    assert found.value == pytest.approx(areas[0] - areas[1], abs=1e-12)
    assert (found.low, found.high) == pytest.approx((found.value - half, found.value + half), abs=1e-6)
    single = classifier_metrics.roc_auc(outcome, p)
    half = 1.959964 * np.sqrt(cov[0, 0]) / (areas[0] * (1 - areas[0]))
    limits = special.logit(areas[0]) + np.array([-half, half])
    assert special.logit([single.low, single.high]) == pytest.approx(limits, abs=1e-5)


def test_the_same_probabilities_tie_exactly():
    outcome, p, _ = drawn()
    for found in (
        classifier_metrics.roc_auc_difference(outcome, p, p),
        classifier_metrics.brier_score_difference(outcome, p, p),
    ):
        assert (found.value, found.low, found.high) == (0, 0, 0)


def test_paired_intervals_cover_the_true_difference():
    rng = np.random.default_rng(7)
    truth, hits = None, 0
    for _ in range(200):
        z = rng.normal(size=(300, 2))
        outcome = (rng.random(300) < special.expit(z.sum(axis=1))).astype(float)
        found = classifier_metrics.roc_auc_difference(outcome, special.expit(z[:, 0]), special.expit(z[:, 1]))
        truth = 0.0
        hits += found.low <= truth <= found.high
    assert 0.91 <= hits / 200 <= 0.985


def test_a_perfect_order_has_auc_one():
    found = classifier_metrics.roc_auc(np.array([0, 0, 1, 1.0]), np.array([0.1, 0.2, 0.8, 0.9]))
    assert (found.value, found.low, found.high) == (1, 1, 1)


def test_brier_score_is_the_mean_squared_distance():
    assert classifier_metrics.brier_score(OUTCOME, SCORE).value == pytest.approx(np.mean((OUTCOME - SCORE) ** 2))
    found = classifier_metrics.brier_score_difference(OUTCOME, SCORE, 1 - SCORE)
    assert found.value == pytest.approx(np.mean((OUTCOME - SCORE) ** 2 - (OUTCOME - 1 + SCORE) ** 2))
    assert found.low < found.value < found.high


@pytest.mark.parametrize("outcome", [np.zeros(30), np.ones(30), np.empty(0), np.eye(1, 30)[0]])
def test_one_outcome_only_is_insufficient_with_its_reason(outcome):
    p = np.linspace(0.1, 0.9, len(outcome))
    for found in (
        classifier_metrics.roc_auc(outcome, p),
        classifier_metrics.roc_auc_difference(outcome, p, 1 - p),
        classifier_metrics.calibration_slope(outcome, p),
        classifier_metrics.calibration_intercept(outcome, p),
    ):
        assert found.status is Status.INSUFFICIENT
        assert found.reason
        assert np.isnan(found.value)


def test_calibration_of_true_probabilities_is_right():
    outcome, p, _ = drawn(20_000)
    slope, intercept = (
        classifier_metrics.calibration_slope(outcome, p),
        classifier_metrics.calibration_intercept(outcome, p),
    )
    assert slope.low <= 1 <= slope.high
    assert intercept.low <= 0 <= intercept.high


@pytest.mark.parametrize(("slope", "shift"), [(2.0, 0.0), (0.5, 0.0), (1.0, -0.8)])
def test_calibration_finds_bold_timid_and_low_probabilities(slope, shift):
    outcome, p, _ = drawn(20_000, slope=slope, shift=shift)
    assert classifier_metrics.calibration_slope(outcome, p).value == pytest.approx(1 / slope, rel=0.06)
    if slope == 1:
        assert classifier_metrics.calibration_intercept(outcome, p).value == pytest.approx(-shift, abs=0.06)


def test_calibration_matches_statsmodels():
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_linear_model import GLM

    outcome, p, _ = drawn(slope=1.5, shift=0.3)
    z = special.logit(p)
    joint = GLM(outcome, np.column_stack([np.ones(len(z)), z]), family=Binomial()).fit()
    large = GLM(outcome, np.ones(len(z)), family=Binomial(), offset=z).fit()
    found = classifier_metrics.calibration_slope(outcome, p), classifier_metrics.calibration_intercept(outcome, p)
    assert [f.value for f in found] == pytest.approx([joint.params[1], large.params[0]], rel=1e-8)
    assert [(f.high - f.low) / 2 / 1.959964 for f in found] == pytest.approx([joint.bse[1], large.bse[0]], rel=1e-5)


def test_calibration_in_the_large_is_found_where_logits_are_spread_widely():
    rng = np.random.default_rng(3)
    z = rng.normal(0, 12, 400)
    outcome = (rng.random(400) < special.expit(z + 9)).astype(float)
    found = classifier_metrics.calibration_intercept(outcome, special.expit(z))
    assert found.low < found.value < found.high
    stated = special.expit(special.logit(np.clip(special.expit(z), 1e-9, 1 - 1e-9)) + found.value)
    assert stated.sum() == pytest.approx(outcome.sum(), rel=1e-9)


def test_brier_score_equals_that_of_scikit_learn():
    outcome, p, _ = drawn()
    assert classifier_metrics.brier_score(outcome, p).value == pytest.approx(brier_score_loss(outcome, p), rel=1e-14)


def test_bins_of_equal_mass_equal_the_calibration_curve_of_scikit_learn():
    outcome, p, _ = drawn(1000)
    bins = classifier_metrics.calibration_bins(outcome, p)
    observed, stated = calibration_curve(outcome, p, n_bins=10, strategy="quantile")
    np.testing.assert_allclose(bins["share_observed"], observed, rtol=1e-12)
    np.testing.assert_allclose(bins["share_stated"], stated, rtol=1e-12)


def test_average_precision_is_the_mean_precision_at_each_event():
    # events stand at ranks 1, 3, 5 and 7 of eight: precisions 1, 2/3, 3/5 and 4/7
    assert classifier_metrics.average_precision(OUTCOME, SCORE) == pytest.approx((1 + 2 / 3 + 3 / 5 + 4 / 7) / 4)
    assert np.isnan(classifier_metrics.average_precision(np.zeros(3), SCORE[:3]))


def test_lift_counts_events_at_the_top_and_ties_share_theirs():
    outcome = np.repeat([1.0, 0.0, 1.0, 0.0], [8, 2, 2, 88])
    assert classifier_metrics.lift_at_top(outcome, np.repeat([0.9, 0.1], [10, 90])) == pytest.approx(8.0)
    assert classifier_metrics.lift_at_top(outcome, np.full(100, 0.3)) == pytest.approx(1.0)
    assert classifier_metrics.lift_at_top(np.ones(5), SCORE[:5]) == 1.0
    assert np.isnan(classifier_metrics.lift_at_top(np.zeros(5), SCORE[:5]))


def test_separated_outcomes_have_no_slope_and_constant_probabilities_neither():
    assert (
        "separate"
        in classifier_metrics.calibration_slope(np.array([0, 0, 1, 1.0]), np.array([0.1, 0.2, 0.8, 0.9])).reason
    )
    assert "same" in classifier_metrics.calibration_slope(OUTCOME, np.full(8, 0.5)).reason
    assert classifier_metrics.calibration_intercept(OUTCOME, np.full(8, 0.5)).value == pytest.approx(0, abs=1e-9)


def test_bins_have_equal_mass_and_do_not_depend_on_the_order_of_rows():
    outcome, p, _ = drawn(1000)
    bins = classifier_metrics.calibration_bins(outcome, p)
    assert bins["n"].tolist() == [100] * 10
    assert (bins["share_stated"].diff().dropna() > 0).all()
    order = np.random.default_rng(2).permutation(1000)
    np.testing.assert_allclose(classifier_metrics.calibration_bins(outcome[order], p[order]), bins, rtol=1e-12)


def test_equal_probabilities_stay_in_one_bin():
    bins = classifier_metrics.calibration_bins(OUTCOME, np.array([0.2] * 6 + [0.7, 0.9]))
    assert bins["n"].tolist() == [6, 1, 1]
    assert bins["share_observed"].iloc[0] == 0.5


def test_a_perfect_model_is_not_faulted_for_noise_and_a_wrong_one_is():
    rng = np.random.default_rng(5)
    outcome, p, _ = drawn(2000)
    right, chance = classifier_metrics.expected_calibration_error(classifier_metrics.calibration_bins(outcome, p), rng)
    assert right.low == 0
    assert 0 < chance.low < chance.value < chance.high
    outcome, p, _ = drawn(2000, shift=0.8)
    wrong, _ = classifier_metrics.expected_calibration_error(classifier_metrics.calibration_bins(outcome, p), rng)
    assert wrong.low > 0.1


def test_calibration_error_covers_the_true_error():
    hits = []
    for seed in range(1000, 1060):
        rng = np.random.default_rng(seed)
        z = rng.normal(-0.5, 1.2, 1000)
        true, stated = special.expit(z), special.expit(z + 0.5)
        outcome = (rng.random(1000) < true).astype(float)
        found, _ = classifier_metrics.expected_calibration_error(
            classifier_metrics.calibration_bins(outcome, stated), rng
        )
        hits.append(found.low <= np.mean(stated - true) <= found.high)
    assert np.mean(hits) >= 0.88


def test_calibration_error_without_observations_is_insufficient():
    for found in classifier_metrics.expected_calibration_error(
        classifier_metrics.calibration_bins(np.empty(0), np.empty(0)), np.random.default_rng(1)
    ):
        assert found.status is Status.INSUFFICIENT
