import numpy as np
import pandas as pd
import pytest

from helpers.foundation.errors import InputError
from helpers.stats import bootstrap
from helpers.stats.pls_sem import path_model, pls_evaluation

BLOCKS = {
    "Image": [f"IMAG{i}" for i in range(1, 6)], "Expectation": [f"CUEX{i}" for i in range(1, 4)],
    "Quality": [f"PERQ{i}" for i in range(1, 8)], "Value": ["PERV1", "PERV2"],
    "Satisfaction": [f"CUSA{i}" for i in range(1, 4)], "Complaints": ["CUSCO"], "Loyalty": ["CUSL1", "CUSL2", "CUSL3"],
}
# SmartPLS 2.0 reference results for the mobi data, mode A, standardised: centroid, path weighting
PUBLISHED = {
    ("Image", "Expectation"): (0.504706, 0.504914), ("Expectation", "Quality"): (0.557248, 0.556749),
    ("Expectation", "Value"): (0.050788, 0.049988), ("Quality", "Value"): (0.557217, 0.558304),
    ("Image", "Satisfaction"): (0.178833, 0.178740), ("Expectation", "Satisfaction"): (0.064425, 0.062523),
    ("Quality", "Satisfaction"): (0.512545, 0.512024), ("Value", "Satisfaction"): (0.191816, 0.194765),
    ("Satisfaction", "Complaints"): (0.526097, 0.528066), ("Image", "Loyalty"): (0.195360, 0.195755),
    ("Satisfaction", "Loyalty"): (0.483475, 0.485478), ("Complaints", "Loyalty"): (0.071232, 0.066926),
}
ECSI = path_model.PathModel(BLOCKS, list(PUBLISHED))
REDUCED = path_model.PathModel({k: BLOCKS[k] for k in ("Image", "Expectation", "Value", "Satisfaction")},
                          [(k, "Satisfaction") for k in ("Image", "Expectation", "Value")])
SMALL = path_model.PathModel({"a": ["a1", "a2"], "b": ["b1", "b2", "b3"], "c": ["c1", "c2"]},
                        [("a", "b"), ("a", "c"), ("b", "c")])


@pytest.fixture(scope="module")
def mobi(real_data):
    return pd.read_csv(real_data / "ecsi_mobi" / "mobi.csv").astype(float)


@pytest.fixture(scope="module")
def made():
    rng = np.random.default_rng(4)
    a = rng.normal(size=400)
    b = 0.6 * a + 0.8 * rng.normal(size=400)
    c = 0.3 * a + 0.5 * b + 0.7 * rng.normal(size=400)
    return np.column_stack([0.8 * f + 0.6 * rng.normal(size=400) for f in (a, a, b, b, b, c, c)])


def of(mobi, model):
    return bootstrap.replicate_moments(mobi[list(model.items)].to_numpy())


@pytest.mark.real_data
@pytest.mark.parametrize("scheme", ["centroid", "path"])
def test_paths_match_the_reference_results_of_smartpls(mobi, scheme):
    found = path_model.fit_path_model(ECSI, of(mobi, ECSI).correlation, scheme)
    for (start, end), both in PUBLISHED.items():
        path = found.paths[0, ECSI.names.index(start), ECSI.names.index(end)]
        assert path == pytest.approx(both[scheme == "path"], abs=5.1e-7), (start, end)


@pytest.mark.real_data
def test_r_squared_loading_and_index_match_the_reference_results(mobi):
    known = of(mobi, ECSI)
    found = path_model.fit_path_model(ECSI, known.correlation, "centroid")
    assert found.explained[0, 1:].round(4).tolist() == [0.2547, 0.3105, 0.3446, 0.6803, 0.2768, 0.4573]
    assert found.loadings[0, ECSI.items.index("CUSL2")] == pytest.approx(0.219, abs=5e-4)
    index = pls_evaluation.construct_index(found, known.mean, known.covariance, "Satisfaction")
    assert 100 * (index[0] - 1) / 9 == pytest.approx(72.54, abs=5e-3)


@pytest.mark.real_data
def test_the_bootstrap_of_the_index_has_the_published_standard_error(mobi):
    columns = mobi[list(ECSI.items)].to_numpy()
    drawn = bootstrap.replicate_moments(columns, bootstrap.bootstrap_counts(len(columns), 1000, 1))
    found = path_model.fit_path_model(ECSI, drawn.correlation, "centroid")
    index = 100 / 9 * pls_evaluation.construct_index(found, drawn.mean, drawn.covariance, "Satisfaction")
    assert found.is_converged.all()
    assert index.std() == pytest.approx(0.87, abs=0.05)


@pytest.mark.real_data
def test_the_reduced_model_matches_seminr(mobi):
    """Its PLS figures are by path weighting, its consistent ones and ρA by factorial weighting."""
    known = of(mobi, REDUCED).correlation
    plain = path_model.fit_path_model(REDUCED, known, "path")
    assert plain.paths[0, :3, 3].round(6).tolist() == [0.447004, 0.171830, 0.316425]
    assert plain.explained[0, 3] == pytest.approx(0.590603, abs=5e-7)
    factorial = path_model.fit_path_model(REDUCED, known, "factorial")
    assert factorial.rho[0].round(6).tolist() == [0.745259, 0.461549, 0.857579, 0.782559]
    consistent = factorial.consistent()
    assert consistent.paths[0, :3, 3].round(6).tolist() == [0.537705, 0.240968, 0.258280]
    assert consistent.explained[0, 3] == pytest.approx(0.885707, abs=5e-7)


def test_a_replicate_estimated_with_others_equals_it_estimated_alone(made):
    drawn = bootstrap.replicate_moments(made, bootstrap.bootstrap_counts(400, 5, 2)).correlation
    for scheme in path_model.WEIGHTING_SCHEMES:
        together = path_model.fit_path_model(SMALL, drawn, scheme)
        alone = path_model.fit_path_model(SMALL, drawn[3:4], scheme)
        np.testing.assert_allclose(together.paths[3], alone.paths[0], atol=1e-6)


def test_total_effects_add_the_way_round(made):
    found = path_model.fit_path_model(SMALL, bootstrap.replicate_moments(made).correlation)
    path = found.paths[0]
    assert found.total_effects[0, 0, 2] == pytest.approx(path[0, 2] + path[0, 1] * path[1, 2])


def test_consistent_paths_recover_the_planted_ones_that_plain_ones_understate():
    rng = np.random.default_rng(5)
    a = rng.normal(size=20_000)
    c = 0.6 * a + 0.8 * rng.normal(size=20_000)
    columns = np.column_stack([0.7 * f + 0.714 * rng.normal(size=20_000) for f in (a, a, a, c, c, c)])
    model = path_model.PathModel({"a": ["1", "2", "3"], "c": ["4", "5", "6"]}, [("a", "c")])
    found = path_model.fit_path_model(model, bootstrap.replicate_moments(columns).correlation)
    assert found.paths[0, 0, 1] < 0.5
    assert found.consistent().paths[0, 0, 1] == pytest.approx(0.6, abs=0.03)


def test_formative_weights_are_those_of_a_regression_on_the_other_score(made):
    model = path_model.PathModel({"a": ["a1", "a2"], "b": ["b1", "b2", "b3"]}, [("a", "b")], ("a",))
    known = bootstrap.replicate_moments(made[:, :5]).correlation
    found = path_model.fit_path_model(model, known)
    score = known[0, :2, 2:] @ found.weights[0, 2:]
    beta = np.linalg.solve(known[0, :2, :2], score)
    np.testing.assert_allclose(found.weights[0, :2] / found.weights[0, 0], beta / beta[0], rtol=1e-5)


def test_an_item_that_does_not_vary_leaves_its_replicate_without_a_value(made):
    columns = made.copy()
    columns[:, 2] = 1.0
    found = path_model.fit_path_model(SMALL, bootstrap.replicate_moments(columns).correlation)
    assert np.isnan(found.paths).all()
    assert not found.is_converged.any()


def test_constructs_that_are_one_have_no_paths_of_their_own():
    one = np.array([[[1.0, 1.0, 0.5], [1.0, 1.0, 0.5], [0.5, 0.5, 1.0]]])
    into_last = np.array([[0, 0, 1], [0, 0, 1], [0, 0, 0]])
    found, explained = path_model.structural_coefficients(one, into_last)
    assert np.isnan(found[0, :2, 2]).all()
    assert np.isnan(explained[0]).all()


def test_many_replicates_are_estimated_part_by_part_as_each_alone(made):
    drawn = bootstrap.replicate_moments(made, bootstrap.bootstrap_counts(400, 600, 2)).correlation
    together = path_model.fit_path_model(SMALL, drawn)
    for b in (0, 255, 256, 599):
        np.testing.assert_allclose(
            together.paths[b], path_model.fit_path_model(SMALL, drawn[b : b + 1]).paths[0], atol=1e-12
        )
    assert together.is_converged.all()


def test_predictive_relevance_is_positive_for_a_planted_path_and_not_for_noise(made):
    assert pls_evaluation.q2_predictive_relevance(SMALL, made, "c", seed=1) > 0.2
    noise = np.random.default_rng(1).normal(size=made.shape)
    assert pls_evaluation.q2_predictive_relevance(SMALL, noise, "c", seed=1) < 0.02


def test_two_halves_of_one_group_are_composed_alike_and_two_different_groups_are_told_apart(made):
    half = np.arange(400) % 2 == 0
    same = pls_evaluation.micom_invariance(SMALL, made, half, draws=199)
    assert same.holds
    assert same.p_value[0, 1] > 0.05
    other = made.copy()
    other[half, 2:5] = np.random.default_rng(3).normal(size=(200, 3))
    assert pls_evaluation.micom_invariance(SMALL, other, half, draws=199).p_value[0, 1] < 0.05


@pytest.mark.parametrize(("model", "words"), [
    (({"a": ["x"], "b": []}, []), "'b' has no item"), (({"a": ["x"], "b": ["x"]}, []), "'x' stands in two"),
    (({"a": ["x"]}, [("a", "z")]), "no construct 'z'"),
    (({"a": ["x"], "b": ["y"]}, [("a", "b"), ("b", "a")]), "circle"),
])
def test_a_model_that_cannot_be_is_refused_with_its_fault(model, words):
    with pytest.raises(InputError, match=words):
        path_model.PathModel(*model)


def test_an_unknown_scheme_is_refused(made):
    with pytest.raises(InputError, match="no scheme"):
        path_model.fit_path_model(SMALL, bootstrap.replicate_moments(made).correlation, "other")
