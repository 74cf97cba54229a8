import numpy as np
import pandas as pd
import pytest
from statsmodels.multivariate.factor import Factor

from helpers.stats import bootstrap, scale_reliability

BLOCKS = {"IMAG": 5, "CUEX": 3, "PERQ": 7, "PERV": 2, "CUSA": 3, "CUSL": 3}


@pytest.fixture(scope="module")
def mobi(real_data):
    frame = pd.read_csv(real_data / "ecsi_mobi" / "mobi.csv")
    return frame[[f"{name}{i + 1}" for name, k in BLOCKS.items() for i in range(k)]]


def parts():
    ends = np.cumsum([0, *BLOCKS.values()])
    return {name: slice(a, b) for name, a, b in zip(BLOCKS, ends[:-1], ends[1:], strict=True)}


@pytest.mark.real_data
def test_standardised_alphas_match_the_reference_results(mobi):
    known = bootstrap.replicate_moments(mobi.to_numpy(float)).correlation
    found = {
        name: round(float(scale_reliability.cronbach_alpha(known[:, part, part])[0]), 3)
        for name, part in parts().items()
    }
    assert found == {"IMAG": 0.723, "CUEX": 0.452, "PERQ": 0.877, "PERV": 0.824, "CUSA": 0.779, "CUSL": 0.472}


@pytest.mark.real_data
def test_ratios_of_discriminant_validity_match_the_reference_results(mobi):
    known, part = bootstrap.replicate_moments(mobi.to_numpy(float)).correlation, parts()
    assert scale_reliability.htmt_ratio(known, part["CUSA"], part["CUSL"])[0] == pytest.approx(0.957, abs=5e-4)
    assert scale_reliability.htmt_ratio(known, part["PERQ"], part["CUSA"])[0] == pytest.approx(0.954, abs=5e-4)


@pytest.mark.real_data
def test_the_reliability_of_the_difference_matches_the_reference_figure(mobi):
    a, b = mobi.filter(like="CUEX"), mobi.filter(like="PERQ")
    alphas = [scale_reliability.cronbach_alpha(np.cov(x.T)[None]) for x in (a, b)]
    assert [round(float(x[0]), 3) for x in alphas] == [0.433, 0.872]
    means = a.mean(axis=1), b.mean(axis=1)
    spread = tuple(np.array([m.std()]) for m in means)
    found = scale_reliability.difference_score_reliability(spread, tuple(alphas), np.array([np.corrcoef(*means)[0, 1]]))
    assert found[0] == pytest.approx(0.234, abs=5e-4)


def test_one_factor_recovers_planted_loadings_and_omega_is_their_reliability():
    loadings = np.array([0.9, 0.7, 0.5, 0.6])
    known = np.outer(loadings, loadings) + np.diag(1 - loadings**2)
    found = scale_reliability.fit_common_factor(known[None])
    np.testing.assert_allclose(found.loadings[0], loadings, atol=1e-4)
    total = loadings.sum() ** 2
    assert found.omega[0] == pytest.approx(total / (total + (1 - loadings**2).sum()), abs=1e-4)
    assert found.average_variance[0] == pytest.approx((loadings**2).mean(), abs=1e-4)


def test_two_items_share_their_loading_and_omega_is_alpha():
    known = np.array([[[1, 0.5], [0.5, 1]]])
    assert scale_reliability.fit_common_factor(known).omega[0] == pytest.approx(
        scale_reliability.cronbach_alpha(known)[0]
    )


def test_a_heywood_case_is_told_and_has_no_omega():
    known = np.array([[[1, 0.9, 0.9], [0.9, 1, 0.5], [0.9, 0.5, 1]]])
    found = scale_reliability.fit_common_factor(known)
    assert found.is_heywood[0]
    assert np.isnan(found.omega[0])
    assert np.isnan(found.average_variance[0])


def test_the_factor_of_three_items_is_that_of_statsmodels_and_none_where_it_would_leave_nothing_to_an_item(mobi):
    loadings = np.array([0.9, -0.7, 0.5])
    known = np.outer(loadings, loadings) + np.diag(1 - loadings**2)
    found = scale_reliability.fit_common_factor(known[None])
    peer = Factor(corr=known, n_factor=1, method="pa", smc=False).fit(maxiter=2000, tol=1e-12).loadings[:, 0]
    np.testing.assert_allclose(found.loadings[0], peer * np.sign(peer.sum()), atol=1e-6)
    loyalty = np.corrcoef(mobi.filter(like="CUSL").T)[None]
    assert loyalty[0, 0, 2] * loyalty[0, 0, 1] > 0
    case = scale_reliability.fit_common_factor(loyalty)  # communality of CUSL3 1.18
    assert case.is_heywood[0]
    assert np.isnan(case.average_variance[0])
    one_negative = np.array([[[1, 0.5, 0.5], [0.5, 1, -0.2], [0.5, -0.2, 1.0]]])
    assert scale_reliability.fit_common_factor(one_negative).is_heywood[0], "no loadings give these signs"


def test_replicates_that_end_early_are_the_same_as_alone():
    rng = np.random.default_rng(8)
    answers = rng.normal(size=(60, 1)) + rng.normal(size=(60, 4)) * [1, 1, 3, 0.2]
    drawn = bootstrap.bootstrap_moments(answers, 30, 2).correlation
    together = scale_reliability.fit_common_factor(drawn)
    for i, matrix in enumerate(drawn):
        alone = scale_reliability.fit_common_factor(matrix[None])
        np.testing.assert_array_equal(alone.loadings[0], together.loadings[i])
    assert 0 < together.is_heywood.sum() < len(drawn)


def test_two_blocks_of_one_factor_are_one_thing_measured_twice():
    loadings = np.full(5, 0.7)
    known = np.outer(loadings, loadings) + np.diag(1 - loadings**2)
    assert scale_reliability.htmt_ratio(known[None], slice(0, 2), slice(2, 5))[0] == pytest.approx(1)


def test_a_block_of_one_has_no_alpha():
    assert np.isnan(scale_reliability.cronbach_alpha(np.ones((1, 1, 1)))[0])


def test_one_factor_of_many_replicates_is_that_of_statsmodels_one_by_one():
    rng = np.random.default_rng(6)
    answers = rng.normal(size=(400, 1)) + rng.normal(size=(400, 5))
    drawn = bootstrap.bootstrap_moments(answers, 8, 1).correlation
    peers = [Factor(corr=m, n_factor=1, method="pa", smc=False).fit(maxiter=500, tol=1e-12).loadings[:, 0]
             for m in drawn]
    theirs = np.array([loadings * np.sign(loadings.sum()) for loadings in peers])
    np.testing.assert_allclose(scale_reliability.fit_common_factor(drawn).loadings, theirs, atol=1e-6)
