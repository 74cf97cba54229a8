"""Correspondence analysis of a table of counts, with bootstrap confidence ellipses.

Own: neither statsmodels nor scikit-learn has it.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

N_AXES = 2


@dataclass(frozen=True, slots=True, eq=False)
class CorrespondenceMap:
    """Rows and columns of a table of counts in principal coordinates.

    Parameters
    ----------
    rows : ndarray, shape (n_rows, 2)
        Coordinates of the rows.
    columns : ndarray, shape (n_columns, 2)
        Coordinates of the columns.
    inertia : ndarray, shape (n_axes,)
        Of every axis; their sum is χ² / n.
    row_spread, column_spread : ndarray, shape (…, 2, 2)
        Covariances of the coordinates over bootstrap samples; NaN without one.
    """

    rows: np.ndarray
    columns: np.ndarray
    inertia: np.ndarray
    row_spread: np.ndarray
    column_spread: np.ndarray

    @property
    def shares(self) -> np.ndarray:
        """Share of the inertia on every axis."""
        return self.inertia / self.inertia.sum()


def principal_coordinates(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return principal coordinates of rows and columns, standard coordinates of rows, and the inertias.

    Parameters
    ----------
    counts : ndarray, shape (n_rows, n_columns)
        Not negative; every row and column has something in it.

    Notes
    -----
    Singular values of D_r^−½ (P − r cᵀ) D_c^−½. The sign of an axis is that in which its largest column coordinate is
    positive, so that equal tables give equal maps.

    References
    ----------
    Greenacre (2017), *Correspondence Analysis in Practice*, 3rd edition, appendix A.
    """
    p = counts / counts.sum()
    r, c = p.sum(axis=1), p.sum(axis=0)
    apart = (p - np.outer(r, c)) / np.sqrt(np.outer(r, c))
    u, singular, v = np.linalg.svd(apart, full_matrices=False)
    sign = np.sign(v[np.arange(len(v)), np.abs(v).argmax(axis=1)])
    u, v = u * sign, v.T * sign
    n_axes = min(counts.shape) - 1
    rows, columns = u / np.sqrt(r)[:, None], v / np.sqrt(c)[:, None]
    return ((rows * singular)[:, :n_axes], (columns * singular)[:, :n_axes], rows[:, :n_axes], singular[:n_axes] ** 2)


def bootstrap_map(answers: np.ndarray, draws: int = 300, seed: int = 0) -> CorrespondenceMap | None:
    """Return the map of a table that is the sum over respondents, with ellipses by drawing respondents anew.

    Parameters
    ----------
    answers : ndarray, shape (n_respondents, n_rows, n_columns)
        What each respondent ticked; not negative.
    draws, seed : int
        Bootstrap samples.

    Returns
    -------
    Map or None
        None with fewer than three rows or columns (a map needs two axes), or where one of them is empty.

    Notes
    -----
    Partial bootstrap: the rows and columns of each sample are projected into the map of all respondents as
    supplementary points.

    References
    ----------
    Lebart (2007), Which bootstrap for principal axes methods?, in *Selected Contributions in Data Analysis and
    Classification*, 581–588; Greenacre (2017), chapters 12 and 29.
    """
    n, n_rows, n_columns = answers.shape
    counts = answers.sum(axis=0)
    if min(n_rows, n_columns) < N_AXES + 1 or (counts.sum(axis=0) <= 0).any() or (counts.sum(axis=1) <= 0).any():
        return None
    rows, columns, standard, inertia = principal_coordinates(counts)
    with np.errstate(divide="ignore", invalid="ignore"):
        of_columns = columns / np.sqrt(inertia)
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(n, np.full(n, 1 / n), size=draws)
    drawn = np.tensordot(weights, answers, axes=1)  # (draws, n_rows, n_columns)
    profiles = drawn / np.maximum(drawn.sum(axis=2, keepdims=True), 1e-300)
    by_row = np.einsum("bij,jk->bik", profiles, of_columns[:, :N_AXES])
    shares = drawn / np.maximum(drawn.sum(axis=1, keepdims=True), 1e-300)
    by_column = np.einsum("bij,ik->bjk", shares, standard[:, :N_AXES])
    return CorrespondenceMap(
        rows[:, :N_AXES], columns[:, :N_AXES], inertia, _point_covariances(by_row), _point_covariances(by_column)
    )


def _point_covariances(points: np.ndarray) -> np.ndarray:
    """Return the covariance of each point over the samples, shape (n_points, 2, 2)."""
    moved = points - points.mean(axis=0)
    return np.einsum("bik,bil->ikl", moved, moved) / max(len(points) - 1, 1)


def confidence_ellipse(centre: np.ndarray, spread: np.ndarray, level: float = 0.95, points: int = 60) -> np.ndarray:
    """Return the outline of the region that holds a point at a level, shape (points, 2)."""
    values, axes = np.linalg.eigh(spread)
    reach = np.sqrt(np.maximum(values, 0) * stats.chi2.ppf(level, 2))
    angle = np.linspace(0, 2 * np.pi, points)
    return centre + (np.column_stack([np.cos(angle), np.sin(angle)]) * reach) @ axes.T


def points_differ(
    one: np.ndarray, other: np.ndarray, spreads: tuple[np.ndarray, np.ndarray], level: float = 0.95
) -> bool:
    """Return whether two points lie farther apart than their spreads together let expect."""
    gap, spread = one - other, spreads[0] + spreads[1]
    if np.linalg.matrix_rank(spread) < N_AXES:
        return bool(np.abs(gap).max() > 1e-9)
    return bool(gap @ np.linalg.solve(spread, gap) > stats.chi2.ppf(level, N_AXES))
