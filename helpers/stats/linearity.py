"""Test of linearity: rating scales of a regression as categories against their straight lines.

References
----------
Cox & Wermuth (1994), Tests of linearity, multivariate normality and the adequacy of linear scores, *Applied Statistics*
43, 347–355; MacKinnon & White (1985), *Journal of Econometrics* 29, 305–325 (HC3).
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats
from scipy.linalg import lapack

from helpers.stats.disclosure_control import FEW_PEOPLE

MAX_LEVELS, MAX_GROUPS = 11, 5

LINEARITY_LEVEL, LEAST_GAIN = 0.01, 0.01


@dataclass(frozen=True, slots=True)
class Linearity:
    """Of which columns of a regression straight lines do not fit.

    Parameters
    ----------
    gains : ndarray, shape (k,)
        By how much a column's categories raise R², beside the lines of all and the categories of those chosen before.
    p_values : ndarray, shape (k,)
        Of the test of these categories, times the number of columns (Bonferroni); NaN where the gain is under
        `LEAST_GAIN`, so that nothing was tested.
    """

    gains: np.ndarray
    p_values: np.ndarray

    @property
    def fails(self) -> np.ndarray:
        """Whether a line fails: significantly, and by a point of R² or more; shape (k,)."""
        return self.p_values < LINEARITY_LEVEL


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
    >>> int(column_categories(np.repeat([0.0, 50.0, 100.0], [40, 5, 40])).max())
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
    """Return of which columns no line fits: forward selection of categories beside the lines of all, F-tests (HC3).

    A column that bends only because it goes with another that does is a line once that one has its categories.

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
    k, marks = columns.shape[1], [category_marks(column) for column in columns.T]
    products = _weighted_products(np.column_stack([columns, *marks, outcome]), weights)
    ends = k + np.cumsum([0, *(of.shape[1] for of in marks)])
    place = [[*range(ends[j], ends[j + 1])] for j in range(k)]
    gains, p, there, left = np.zeros(k), np.full(k, np.nan), [*range(k)], {j for j in range(k) if place[j]}
    while left:
        known = _r2(products, there)
        for j in left:
            gains[j] = _r2(products, [*there, *place[j]]) - known
        best = max(left, key=lambda j: gains[j])
        if gains[best] < LEAST_GAIN:
            break
        chosen = [marks[i] for i in np.flatnonzero(p < LINEARITY_LEVEL)]
        lines = np.column_stack([np.ones(len(columns)), columns, *chosen])
        p[best] = min(1.0, k * robust_f_test(lines, marks[best], outcome, weights))
        there = [*there, *place[best]] if p[best] < LINEARITY_LEVEL else there
        left = left - {best}
    return Linearity(gains, p)


def bent_in_parts(columns: np.ndarray, outcome: np.ndarray, weights: np.ndarray, fails: np.ndarray) -> np.ndarray:
    """Return of which columns lines fail in some regression on fewer of them, shape (k,); none where none `fails`.

    Shares of R² average over regressions on every part of the columns. A column that a line fits beside the others may
    bend where they are left out: those found are set aside and each of the rest is tested in the regression on the rest
    (F-test of its categories), until nothing more is found.

    Parameters
    ----------
    columns, outcome, weights : ndarray, shape (n, k), (n,) and (n,)
        As for `linearity_test`.
    fails : ndarray, shape (k,)
        From `linearity_test` of all columns.
    """
    n, k = columns.shape
    marks = [category_marks(column) for column in columns.T]
    products = _weighted_products(np.column_stack([columns, *marks, outcome]), weights)
    ends = k + np.cumsum([0, *(of.shape[1] for of in marks)])
    found, new = fails.copy(), fails
    while new.any() and not found.all():
        rest, new = np.flatnonzero(~found).tolist(), np.zeros(k, dtype=bool)
        lines = _r2(products, rest)
        for j in (j for j in rest if marks[j].shape[1]):
            bent, q = _r2(products, [*rest, *range(ends[j], ends[j + 1])]), marks[j].shape[1]
            freedom = n - 1 - len(rest) - q
            statistic = (bent - lines) / q / ((1 - bent) / freedom)
            new[j] = k * stats.f.sf(statistic, q, freedom) < LINEARITY_LEVEL
        found |= new
    return found


def r_squared(columns: np.ndarray, outcome: np.ndarray, weights: np.ndarray) -> float:
    """Return R² of the weighted regression of an outcome on columns, shapes (n,) and (n, p)."""
    return _r2(_weighted_products(np.column_stack([columns, outcome]), weights), [*range(columns.shape[1])])


def _weighted_products(columns: np.ndarray, weights: np.ndarray) -> np.ndarray:
    centred = (columns - np.average(columns, axis=0, weights=weights)) * np.sqrt(weights)[:, None]
    return centred.T @ centred


def _r2(products: np.ndarray, place: list[int]) -> float:
    """Return R² of the last column on some of the others, from their centred products."""
    right = products[place, -1]
    return float(right @ np.linalg.lstsq(products[np.ix_(place, place)], right)[0] / products[-1, -1])


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
    back = lapack.dtrtrs(triangle, np.eye(len(triangle)))[0]  # the wrapper takes ten times as long for a small fit
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
    return wald_p_value(*found, slice(lines.shape[1], lines.shape[1] + q), n)


def wald_p_value(beta: np.ndarray, covariance: np.ndarray, place: slice, n: int) -> float:
    """Return the p-value of the F-test that some of n people's coefficients are all zero.

    Parameters
    ----------
    beta, covariance : ndarray, shape (p,) and (p, p)
        From `robust_fit`.
    place : slice
        Of the coefficients.
    n : int
        People.
    """
    b, among = beta[place], covariance[place, place]
    if np.linalg.matrix_rank(among, hermitian=True) < len(b):
        return np.nan
    return float(stats.f.sf(b @ np.linalg.solve(among, b) / len(b), len(b), n - len(beta)))


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
