"""Test of linearity: rating scales of a regression as categories against their straight lines.

References
----------
Cox & Wermuth (1994), Tests of linearity, multivariate normality and the adequacy of linear scores, *Applied Statistics*
43, 347–355; MacKinnon & White (1985), *Journal of Econometrics* 29, 305–325 (HC3).
"""

from dataclasses import dataclass

import numpy as np
from scipy import linalg, stats

from helpers.stats.disclosure_control import FEW_PEOPLE
from helpers.stats.multiple_testing import holm

MAX_LEVELS, MAX_GROUPS = 11, 5

LINEARITY_LEVEL, LEAST_GAIN = 0.01, 0.01


@dataclass(frozen=True, slots=True)
class Linearity:
    """Whether straight lines fit the columns of a regression.

    Parameters
    ----------
    p_values : ndarray, shape (k,)
        Of each column's categories beside the lines of all, adjusted over the columns (Holm); NaN where it has too few
        categories to be tested.
    gains : ndarray, shape (k,)
        By how much these categories raise R²; 0 where the line is not rejected.
    """

    p_values: np.ndarray
    gains: np.ndarray

    @property
    def fails(self) -> np.ndarray:
        """Whether a line fails: significantly, and by a point of R² or more; shape (k,)."""
        return (self.p_values < LINEARITY_LEVEL) & (self.gains >= LEAST_GAIN)


@dataclass(frozen=True, slots=True)
class Step:
    """Where the outcome's mean differs most along a column.

    Parameters
    ----------
    start : float
        Lowest value of the upper part.
    above, below : float
        Mean outcome of the two parts.
    n_above, n_below : int
        People in them.
    """

    start: float
    above: float
    below: float
    n_above: int
    n_below: int


def column_categories(column: np.ndarray) -> np.ndarray:
    """Return the category of each value, shape (n,), numbered from the lowest: its values where they are few.

    Values of fewer people than `FEW_PEOPLE` join the next higher one (the last the one below); more than `MAX_LEVELS`
    values make groups of about equal size.

    Examples
    --------
    >>> column_categories(np.repeat([0.0, 50.0, 100.0], [40, 5, 40])).max()
    1
    """
    values, member, counts = np.unique(column, return_inverse=True, return_counts=True)
    least = FEW_PEOPLE if len(values) <= MAX_LEVELS else max(FEW_PEOPLE, -(-len(column) // MAX_GROUPS))
    group, n, made = 0, 0, np.zeros(len(values), dtype=int)
    for i, count in enumerate(counts):
        if n >= least:
            group, n = group + 1, 0
        made[i] = group
        n += count
    if n < least and group:
        made[made == group] = group - 1
    return made[member]


def category_marks(column: np.ndarray) -> np.ndarray:
    """Return marks of all categories but the lowest and the highest, shape (n, q): a line reaches these two itself."""
    category = column_categories(column)
    return (category[:, None] == np.arange(1, category.max())).astype(float)


def linearity_test(columns: np.ndarray, outcome: np.ndarray, weights: np.ndarray) -> Linearity:
    """Return whether a line fits each column: F-test of its categories beside the lines of all (HC3).

    Parameters
    ----------
    columns, outcome, weights : ndarray, shape (n, k), (n,) and (n,)
        Without missing values; weights are survey weights.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> x = rng.choice([0.0, 25.0, 50.0, 75.0, 100.0], (2000, 2))
    >>> y = 50.0 * (x[:, 0] == 100) + 0.2 * x[:, 1] + rng.normal(0, 5, 2000)
    >>> linearity_test(x, y, np.ones(2000)).fails.tolist()
    [True, False]
    """
    lines, marks = np.column_stack([np.ones(len(columns)), columns]), [category_marks(column) for column in columns.T]
    p = holm([robust_f_test(lines, of, outcome, weights) for of in marks])
    known, gains = _r2(lines, outcome, weights), np.zeros(len(p))
    for j in np.flatnonzero(p < LINEARITY_LEVEL):
        gains[j] = _r2(np.column_stack([lines, marks[j]]), outcome, weights) - known
    return Linearity(p, gains)


def robust_fit(design: np.ndarray, outcome: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Return coefficients of weighted least squares and their robust covariance (HC3).

    Own: statsmodels takes a singular value decomposition of all rows for each of many fits.

    Parameters
    ----------
    design, outcome, weights : ndarray, shape (n, p), (n,) and (n,)
        With the intercept; survey weights.

    Returns
    -------
    tuple of ndarray or None
        Shapes (p,) and (p, p); None where columns determine each other, or one person a coefficient.
    """
    root = np.sqrt(weights)
    basis, triangle = np.linalg.qr(design * root[:, None])
    diagonal, leverage = np.abs(np.diag(triangle)), (basis**2).sum(axis=1)
    if diagonal.min() <= 1e-9 * diagonal.max() or leverage.max() > 1 - 1e-9:
        return None
    weight = basis.T @ (outcome * root)
    moved = basis * ((outcome * root - basis @ weight) / (1 - leverage))[:, None]
    back = linalg.solve_triangular(triangle, np.eye(len(triangle)))
    return back @ weight, back @ (moved.T @ moved) @ back.T


def robust_f_test(lines: np.ndarray, added: np.ndarray, outcome: np.ndarray, weights: np.ndarray) -> float:
    """Return the p-value of the F-test of added columns beside those that are there, by `robust_fit`.

    Parameters
    ----------
    lines, added : ndarray, shape (n, p) and (n, q)
        Columns that are there, with the intercept, and those that are tested.
    outcome, weights : ndarray, shape (n,)
        Survey weights.

    Returns
    -------
    float
        NaN where nothing is added or the fit fails.
    """
    found = robust_fit(np.column_stack([lines, added]), outcome, weights) if added.shape[1] else None
    if found is None:
        return np.nan
    n, q = added.shape
    beta, covariance = found[0][-q:], found[1][-q:, -q:]
    if np.linalg.matrix_rank(covariance, hermitian=True) < q:
        return np.nan
    return float(stats.f.sf(beta @ np.linalg.solve(covariance, beta) / q, q, n - lines.shape[1] - q))


def _r2(design: np.ndarray, outcome: np.ndarray, weights: np.ndarray) -> float:
    root = np.sqrt(weights)
    rest = outcome * root - design * root[:, None] @ np.linalg.lstsq(design * root[:, None], outcome * root)[0]
    return float(1 - rest @ rest / (weights @ (outcome - np.average(outcome, weights=weights)) ** 2))


def largest_step(column: np.ndarray, outcome: np.ndarray, weights: np.ndarray) -> Step:
    """Return the cut of a column's categories that sets the outcome's means furthest apart (between-group variance).

    Parameters
    ----------
    column, outcome, weights : ndarray, shape (n,)
        As for `linearity_test`, one column.

    Examples
    --------
    >>> x = np.repeat([0.0, 50.0, 100.0], 40)
    >>> largest_step(x, 80.0 * (x == 100), np.ones(120))
    Step(start=100.0, above=80.0, below=0.0, n_above=40, n_below=80)
    """
    category = column_categories(column)
    total, cuts = np.average(outcome, weights=weights), range(1, int(category.max()) + 1)

    def between(cut: int) -> float:
        upper = category >= cut
        share = weights[upper].sum() / weights.sum()
        return float((np.average(outcome[upper], weights=weights[upper]) - total) ** 2 * share / (1 - share))

    upper = category >= max(cuts, key=between)
    above, below = (float(np.average(outcome[part], weights=weights[part])) for part in (upper, ~upper))
    return Step(float(column[upper].min()), above, below, int(upper.sum()), int((~upper).sum()))
