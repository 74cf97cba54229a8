"""Drivers of which no straight line tells how satisfaction goes with them: satisfaction by their answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy import stats

from helpers.foundation.results import Estimate, Gate, Level
from helpers.satisfaction.ecsi_model import SATISFACTION_CONSTRUCT, CompleteAnswers
from helpers.stats import linearity
from helpers.stats.bootstrap import ReplicateMoments
from helpers.stats.confidence_intervals import Interval
from helpers.stats.linearity import Linearity, Step

OWN_LEVEL = 0.05

LINEARITY_P, SATISFACTION_BY_ANSWER = "test of a straight line, adjusted p", "satisfaction by answer"


@dataclass(frozen=True, slots=True)
class NonlinearDriver:
    """A driver whose answers count as categories, since no straight line fits.

    Parameters
    ----------
    p_value, gain : float
        Of the test of a line, adjusted over the drivers; by how much its categories raise R².
    step : Step
        Where mean satisfaction differs most between higher and lower answers; the other drivers are not held equal.
    by_answer : tuple of tuples
        Mean answer of each category [0–100], its people, their mean satisfaction [0–100].
    is_binary : bool
        Whether satisfaction has two answers only, so that its mean is the percentage of the satisfied.
    """

    p_value: float
    gain: float
    step: Step
    by_answer: tuple[tuple[float, int, float], ...]
    is_binary: bool = False


@dataclass(frozen=True, slots=True)
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
        Whether no line fits a driver.
    """

    names: tuple[str, ...]
    means: np.ndarray
    outcome: np.ndarray
    fails: np.ndarray

    @property
    def is_binary(self) -> bool:
        """Whether satisfaction has two answers only."""
        return bool(np.isin(self.outcome, (0.0, 100.0)).all())

    @property
    def blocks(self) -> list[np.ndarray]:
        """Columns of each driver: its line, and marks of its categories where no line fits."""
        return [np.column_stack([mean, linearity.category_marks(mean)]) if fails else mean[:, None]
                for mean, fails in zip(self.means.T, self.fails, strict=True)]


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
    return DriverColumns(names, means, outcome, tested.fails), tested


def driver_moments(known: CompleteAnswers, columns: DriverColumns, seed: int) -> ReplicateMoments:
    """Return the moments of the drivers' blocks and satisfaction; of their means where lines fit them all."""
    if columns.fails.any():
        together = np.column_stack([*columns.blocks, columns.outcome])
        return known.rows.moments(together, len(known.moments.mean) - 1, seed)
    means = known.means()
    place = [known.model.names.index(name) for name in (*columns.names, SATISFACTION_CONSTRUCT)]
    return ReplicateMoments(means.mean[:, place], means.covariance[:, np.array(place)[:, None], place])


def driver_associations(columns: DriverColumns, weights: np.ndarray) -> tuple[dict[str, Interval], frozenset[str]]:
    """Return how satisfaction moves with each driver that a line fits, and who has an association of its own.

    Least squares, all the others as they enter equal, robust errors (HC3): of the equation whose R² the shares divide,
    so that a share and its sign agree. An association of its own is one that the F-test of the driver's columns shows.
    """
    blocks, n = columns.blocks, len(columns.outcome)
    at = 1 + np.cumsum([0, *(block.shape[1] for block in blocks)])
    fit = linearity.robust_fit(np.column_stack([np.ones(n), *blocks]), columns.outcome, weights)
    if fit is None:
        return {}, frozenset()
    half = stats.t.ppf(0.975, n - at[-1]) * np.sqrt(np.diag(fit[1]))
    slopes = {name: Interval(float(fit[0][j]), float(fit[0][j] - half[j]), float(fit[0][j] + half[j]))
              for name, j, fails in zip(columns.names, at[:-1], columns.fails, strict=True) if not fails}
    p = [linearity.wald_p_value(*fit, slice(start, end), n) for start, end in pairwise(at)]
    return slopes, frozenset(name for name, value in zip(columns.names, p, strict=True) if value < OWN_LEVEL)


def nonlinear_drivers(columns: DriverColumns, tested: Linearity, weights: np.ndarray) -> dict[str, NonlinearDriver]:
    """Return the drivers that no line fits, the largest gain of R² first."""
    order = sorted(np.flatnonzero(columns.fails), key=lambda j: -tested.gains[j])
    return {columns.names[j]: NonlinearDriver(
        float(tested.p_values[j]), float(tested.gains[j]),
        linearity.largest_step(columns.means[:, j], columns.outcome, weights),
        _by_answer(columns.means[:, j], columns.outcome, weights), columns.is_binary) for j in order}


def _by_answer(mean: np.ndarray, outcome: np.ndarray, weights: np.ndarray) -> tuple[tuple[float, int, float], ...]:
    category = linearity.column_categories(mean)
    parts = [category == i for i in range(int(category.max()) + 1)]
    return tuple((float(np.average(mean[part], weights=weights[part])), int(part.sum()),
                  float(np.average(outcome[part], weights=weights[part]))) for part in parts)


def linearity_gate(found: Mapping[str, NonlinearDriver] | None) -> list[Gate]:
    """Return the check on straight lines: where no line fits a driver, what rests on lines carries a caution.

    Parameters
    ----------
    found : mapping of str to NonlinearDriver, or None
        From `nonlinear_drivers`; None where no drivers are known.
    """
    if found is None:
        return []
    names = ", ".join(found)
    sentence = (f"No straight line fits {names}: as categories their answers raise R² by "
                f"{100 * max(d.gain for d in found.values()):.1f} points at most; shares count them so, paths, "
                "slopes and odds of all drivers do not." if found else
                "No driver's categories raise R² significantly and by a point or more.")
    return [Gate("straight lines of the drivers", max((d.gain for d in found.values()), default=0.0),
                 linearity.LEAST_GAIN, bool(found), Level.QUALIFY, "paths, slopes and odds of all drivers", sentence)]


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
