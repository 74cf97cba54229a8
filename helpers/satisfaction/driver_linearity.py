"""Drivers of which no straight line tells how satisfaction goes with them: satisfaction by their answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy import stats

from helpers.foundation.results import Estimate
from helpers.satisfaction.ecsi_model import SATISFACTION_CONSTRUCT, CompleteAnswers
from helpers.stats import linearity
from helpers.stats.bootstrap import ReplicateMoments
from helpers.stats.linearity import Linearity, Step

OWN_LEVEL = 0.05

LINEARITY_P, SATISFACTION_BY_ANSWER = "test of a straight line, adjusted p", "satisfaction by answer"


@dataclass(frozen=True, slots=True)
class NonlinearDriver:
    """A driver that no straight line fits, the others equal.

    Parameters
    ----------
    p_value : float
        Of the test of a line, adjusted over the drivers.
    step : Step
        Where mean satisfaction differs most between higher and lower answers; the other drivers are not held equal.
    by_answer : tuple of tuples
        Mean answer of each category [0–100], its people, their mean satisfaction [0–100].
    is_binary : bool
        Whether satisfaction has two answers only, so that its mean is the percentage of the satisfied.
    """

    p_value: float
    step: Step
    by_answer: tuple[tuple[float, int, float], ...]
    is_binary: bool = False


@dataclass(frozen=True)
class DriverColumns:
    """What satisfaction is regressed on.

    Parameters
    ----------
    names : tuple of str
        Drivers, in the order of the path model.
    means : ndarray, shape (n, k)
        Of each driver's questions [0–100].
    outcome : ndarray, shape (n,)
        Satisfaction [0–100].
    fails : ndarray, shape (k,)
        Whether no line fits a driver, the others equal.
    bends : ndarray, shape (k,)
        Whether none fits it there or where others are left out: its share of R² counts its answers as categories.
    """

    names: tuple[str, ...]
    means: np.ndarray
    outcome: np.ndarray
    fails: np.ndarray
    bends: np.ndarray

    @property
    def is_binary(self) -> bool:
        """Whether satisfaction has two answers only."""
        return bool(np.isin(self.outcome, (0.0, 100.0)).all())

    @cached_property
    def of_shares(self) -> list[np.ndarray]:
        """Columns of each driver in the regressions over which shares of R² average: a line, and marks of answers."""
        return [np.column_stack([mean, linearity.category_marks(mean)]) if bends else mean[:, None]
                for mean, bends in zip(self.means.T, self.bends, strict=True)]

    @property
    def sizes(self) -> list[int]:
        """How many columns each driver has there."""
        return [block.shape[1] for block in self.of_shares]


def driver_means(known: CompleteAnswers) -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
    """Return the drivers' names and means, shape (n, k), and satisfaction, shape (n,)."""
    member = known.model.block_of[:, None] == np.arange(len(known.model.names))
    means = known.columns @ (member / member.sum(axis=0))
    names = tuple(start for start, end in known.model.arrows if end == SATISFACTION_CONSTRUCT)
    place = [known.model.names.index(name) for name in names]
    return names, means[:, place], means[:, known.model.names.index(SATISFACTION_CONSTRUCT)]


def driver_columns(known: CompleteAnswers) -> tuple[DriverColumns, Linearity]:
    """Return the drivers' columns and the test of their lines."""
    names, means, outcome = driver_means(known)
    tested = linearity.linearity_test(means, outcome, known.rows.weights)
    bends = linearity.bent_in_parts(means, outcome, known.rows.weights, tested.fails)
    return DriverColumns(names, means, outcome, tested.fails, bends), tested


def driver_moments(known: CompleteAnswers, columns: DriverColumns, seed: int) -> ReplicateMoments:
    """Return the moments of the drivers' blocks and satisfaction; of their means where lines fit them all."""
    if columns.bends.any():
        together = np.column_stack([*columns.of_shares, columns.outcome])
        return known.rows.moments(together, len(known.moments.mean) - 1, seed)
    means = known.means()
    place = [known.model.names.index(name) for name in (*columns.names, SATISFACTION_CONSTRUCT)]
    return ReplicateMoments(means.mean[:, place], means.covariance[:, np.array(place)[:, None], place])


def driver_associations(columns: DriverColumns, weights: np.ndarray) -> tuple[tuple[str, ...], frozenset[str]]:
    """Return the drivers that leave no room for more satisfaction, and those that have an association of their own.

    Least squares, all the others as they enter equal, robust errors (HC3): of the equation whose R² the shares divide,
    so that a share and its sign agree. There is no room where, beyond chance, satisfaction falls with the ratings on
    the whole (their trend), and everybody at the highest, instead of as rated, is not shown to go with more: with a
    line, where it falls. An association of its own is one that the F-test of the driver's columns shows.
    """
    blocks, n = columns.of_shares, len(columns.outcome)
    at = 1 + np.cumsum([0, *columns.sizes])
    fit = linearity.robust_fit(np.column_stack([np.ones(n), *blocks]), columns.outcome, weights)
    if fit is None:
        return (), frozenset()
    falling = []
    for name, block, mean, (start, end) in zip(columns.names, blocks, columns.means.T, pairwise(at), strict=True):
        away = mean - np.average(mean, weights=weights)
        rise = block[np.argmax(mean)] - np.average(block, axis=0, weights=weights)
        moves = np.array([(weights * away) @ block, rise])
        errors = np.sqrt(np.einsum("ij,jk,ik->i", moves, fit[1][start:end, start:end], moves))
        trend, gain = moves @ fit[0][start:end]
        reach = stats.t.ppf(0.975, n - at[-1]) * errors
        falling += [name] * bool(trend + reach[0] < 0 and gain - reach[1] <= 0)
    p = [linearity.wald_p_value(*fit, slice(start, end), n) for start, end in pairwise(at)]
    return tuple(falling), frozenset(name for name, value in zip(columns.names, p, strict=True) if value < OWN_LEVEL)


def nonlinear_drivers(columns: DriverColumns, tested: Linearity, weights: np.ndarray) -> dict[str, NonlinearDriver]:
    """Return the drivers that no line fits, the largest gain of R² first."""
    order = sorted(np.flatnonzero(columns.fails), key=lambda j: -tested.gains[j])
    return {columns.names[j]: NonlinearDriver(
        float(tested.p_values[j]),
        linearity.largest_step(columns.means[:, j], columns.outcome, weights),
        _by_answer(columns.means[:, j], columns.outcome, weights), columns.is_binary) for j in order}


def _by_answer(mean: np.ndarray, outcome: np.ndarray, weights: np.ndarray) -> tuple[tuple[float, int, float], ...]:
    category = linearity.column_categories(mean)
    parts = [category == i for i in range(int(category.max()) + 1)]
    return tuple((float(np.average(mean[part], weights=weights[part])), int(part.sum()),
                  float(np.average(outcome[part], weights=weights[part]))) for part in parts)


def nonlinear_driver_estimates(found: Mapping[str, NonlinearDriver], n: int) -> list[Estimate]:
    """Return tests and mean satisfaction by answer as rows of a long table."""
    made = []
    for name, of in found.items():
        made.append(Estimate(LINEARITY_P, of.p_value, unit="p", n=n, segment=name))
        made += [Estimate(SATISFACTION_BY_ANSWER, mean, unit="points", n=people, segment=f"{name} {answer:.0f}")
                 for answer, people, mean in of.by_answer]
    return made


def satisfaction_by_answer(found: Mapping[str, NonlinearDriver]) -> pd.DataFrame:
    """Return mean satisfaction by answer, one row a driver, columns by the answer on the scale from 0 to 100."""
    rows = {name: {f"{answer:.0f}": mean for answer, _, mean in of.by_answer} for name, of in found.items()}
    frame = pd.DataFrame.from_dict(rows, orient="index").rename_axis("driver").rename_axis("answer", axis=1)
    return frame[sorted(frame.columns, key=float)]
