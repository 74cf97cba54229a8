"""Forecast evaluation: what happened within the window of each earlier forecast; expected losses and realised ones."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from helpers.stats.confidence_intervals import Interval, normal_quantile


def outcomes_since_forecast(due: pd.DataFrame, is_known: pd.Series, window: Sequence[str], key: str,
             counted: Callable[..., Mapping[str, float]]) -> pd.Series:
    """Return what has happened since each forecast was made, by the index of `due`.

    Parameters
    ----------
    due : DataFrame
        Grain forecast.
    is_known : Series of bool
        Which of them are of a kind that can be counted.
    window : sequence of str
        Columns that say from when to when, and of whom, was counted.
    key : str
        Column that tells forecasts of one window apart.
    counted : callable
        Gives for one window what happened, by key.

    Returns
    -------
    Series of float
        NaN where nothing is counted under the key.

    Examples
    --------
    >>> due = pd.DataFrame({"day": [1, 1, 2], "of": ["a", "b", "a"]})
    >>> outcomes_since_forecast(due, due["of"] == "a", ["day"], "of", lambda day: {"a": 10.0 * day}).tolist()
    [10.0, nan, 20.0]
    """
    rows = due.loc[is_known, [*window, key]]
    found = {w: counted(*w) for w in rows[list(window)].drop_duplicates().itertuples(index=False, name=None)}
    values = [found[row[:-1]].get(row[-1], np.nan) for row in rows.itertuples(index=False, name=None)]
    return pd.Series(values, index=rows.index, dtype="float64").reindex(due.index)


@dataclass(frozen=True, slots=True, eq=False)
class ExpectedLosses:
    """Losses that a later event tells of, though it may also happen without one; all of shape (n,).

    Parameters
    ----------
    p : ndarray
        Probability of each event; events are independent.
    p_without_loss : ndarray
        Chance that the event happens though nothing is lost; 0 where the event is the loss.
    value, value_sd : ndarray
        What is lost at most: mean and standard deviation.
    expected : ndarray
        Expected loss, in the unit of `value`.
    """

    p: np.ndarray
    p_without_loss: np.ndarray
    value: np.ndarray
    value_sd: np.ndarray
    expected: np.ndarray

    @property
    def weight(self) -> np.ndarray:
        """By how much more a loss counts if its event happens than if not: v / (1 − q), q the chance without a loss."""
        return self.value / np.maximum(1 - self.p_without_loss, 1e-12)

    def realised(self, has_happened: np.ndarray) -> float:
        """Return what was lost by the events that have happened, in the unit of `value`.

        Notes
        -----
        Σ e + w (y − p), y the event: where p = d + (1 − d) q and e = d v its expectation is Σ d v whatever q, so that
        it grades the forecast. Not below 0 where no value is.
        """
        total = float(np.sum(self.expected + self.weight * (has_happened - self.p)))
        return total if (self.value < 0).any() else max(total, 0.0)

    def is_within_level_error(self, level_error: float, level: float = 0.95) -> bool:
        """Return whether the error in level alone may make as much as all that is expected.

        Parameters
        ----------
        level_error, level
            As `interval` takes them.
        """
        moved = level_error * float(np.sum(self.p * (1 - self.p) * self.weight))
        return normal_quantile(level) * abs(moved) > abs(float(self.expected.sum()))

    def interval(self, level_error: float = 0.0, level: float = 0.95) -> Interval:
        """Return the expected sum with the interval in which the loss falls, in the unit of `value`.

        Parameters
        ----------
        level_error : float
            By how many logits all probabilities may be off in level.
        level : float
            Level of the interval.

        Notes
        -----
        sd² = Σ p (1 − p) w² + Σ e / v s² + (δ Σ p (1 − p) w)²: each event happens or not, each loss is as large as it
        turns out, and all probabilities move together. Normal limits; where no value is below 0 no loss is, nor above
        all that could be lost.
        """
        share = np.divide(self.expected, self.value, out=np.zeros(len(self.p)), where=self.value != 0)
        spread = self.p * (1 - self.p) * self.weight
        variance = np.sum(spread * self.weight + share * self.value_sd**2) + (level_error * np.sum(spread)) ** 2
        z, total, sd = normal_quantile(level), float(self.expected.sum()), float(np.sqrt(variance))
        if (self.value < 0).any():
            return Interval(total, total - z * sd, total + z * sd)
        most = float(self.value.sum()) + z * float(np.sqrt(np.sum(self.value_sd**2)))
        return Interval(total, max(total - z * sd, 0.0), min(total + z * sd, most))
