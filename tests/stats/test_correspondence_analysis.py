import numpy as np
import pytest

from helpers.stats import correspondence_analysis

# Greenacre (2017), exhibit 9.1: smoking habits of five groups of staff; inertias and coordinates as printed by his
# package ca 0.71, data set smoke
SMOKE = np.array([[4, 2, 3, 2], [4, 3, 7, 4], [25, 10, 12, 4], [18, 24, 33, 13], [10, 6, 7, 2]], float)


def people(counts):
    """Return one respondent a tick."""
    cells = np.repeat(np.arange(counts.size), counts.ravel().astype(int))
    answers = np.zeros((len(cells), counts.size))
    answers[np.arange(len(cells)), cells] = 1
    return answers.reshape(-1, *counts.shape)


def test_inertias_match_greenacres_smoking_data():
    *_, inertia = correspondence_analysis.principal_coordinates(SMOKE)
    assert inertia.round(6).tolist() == [0.074759, 0.010017, 0.000414]
    assert (inertia / inertia.sum()).round(3).tolist() == [0.878, 0.118, 0.005]


def test_coordinates_match_greenacres_smoking_data_but_for_the_sign_of_an_axis():
    rows, columns, *_ = correspondence_analysis.principal_coordinates(SMOKE)
    assert np.abs(rows[:, 0]).round(3).tolist() == [0.066, 0.259, 0.381, 0.233, 0.201]
    assert np.abs(columns[:, 0]).round(3).tolist() == [0.393, 0.099, 0.196, 0.294]


def test_the_inertia_is_chi_square_over_n_and_profiles_average_to_zero():
    rows, columns, _, inertia = correspondence_analysis.principal_coordinates(SMOKE)
    expected = np.outer(SMOKE.sum(axis=1), SMOKE.sum(axis=0)) / SMOKE.sum()
    assert inertia.sum() == pytest.approx(((SMOKE - expected) ** 2 / expected).sum() / SMOKE.sum())
    assert SMOKE.sum(axis=1) @ rows == pytest.approx(np.zeros(3), abs=1e-12)
    assert SMOKE.sum(axis=0) @ columns == pytest.approx(np.zeros(3), abs=1e-12)


def test_ellipses_shrink_with_the_root_of_the_people_and_equal_seeds_give_equal_maps():
    small, large = (
        correspondence_analysis.bootstrap_map(people(SMOKE), seed=1),
        correspondence_analysis.bootstrap_map(people(16 * SMOKE), seed=1),
    )
    assert small.columns == pytest.approx(large.columns)
    ratio = np.sqrt(np.trace(small.column_spread, axis1=1, axis2=2) / np.trace(large.column_spread, axis1=1, axis2=2))
    assert ratio == pytest.approx(np.full(4, 4.0), rel=0.2)
    again = correspondence_analysis.bootstrap_map(people(SMOKE), seed=1)
    assert (again.row_spread == small.row_spread).all()


def test_points_far_apart_are_told_from_points_that_are_not():
    found = correspondence_analysis.bootstrap_map(people(16 * SMOKE), seed=1)
    at, spread = found.columns, found.column_spread
    assert correspondence_analysis.points_differ(at[0], at[3], (spread[0], spread[3]))
    assert not correspondence_analysis.points_differ(at[0], at[0] + 1e-3, (spread[0], spread[0]))
    outline = correspondence_analysis.confidence_ellipse(at[0], spread[0])
    assert outline.mean(axis=0) == pytest.approx(at[0], abs=0.01)


@pytest.mark.parametrize("counts", [SMOKE[:2], SMOKE[:, :2], SMOKE * [1, 1, 1, 0]],
                         ids=["two rows", "two columns", "an empty column"])
def test_a_table_that_bears_no_map_has_none(counts):
    assert correspondence_analysis.bootstrap_map(people(counts)) is None
