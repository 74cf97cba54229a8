"""Time series for control charts: means, shares (p chart) and rates (u chart) by period.

References
----------
Laney (2002), Improved control charts for attributes, *Quality Engineering* 14, 531–537; Quesenberry (1991), *Journal of
Quality Technology* 23, 207–213 (normal scores of counts).
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

MEAN_SERIES, SHARE_SERIES, RATE_SERIES = "mean", "share", "rate"

SURE_CHANCES = 1e-12, 1 - 1e-12  # beyond them a count has no finite score, and a score no finite count


@dataclass(frozen=True, slots=True, eq=False)
class TimeSeries:
    """One figure along time, a row a period in order.

    Parameters
    ----------
    name : str
        In words.
    on : ndarray of datetime64, shape (n,)
        First day of each period.
    value : ndarray, shape (n,)
        The figure; for ``share`` and ``rate`` the number of events; NaN where it is not known.
    size : ndarray of shape (n,), optional
        Units that events are counted among (``share``, a p chart) or exposure (``rate``, a u chart).
    kind : str
        ``mean``, ``share`` or ``rate``.
    unit : str
        Of the figure that is charted.
    """

    name: str
    on: np.ndarray
    value: np.ndarray
    size: np.ndarray | None = None
    kind: str = MEAN_SERIES
    unit: str = ""

    def figures(self) -> np.ndarray:
        """Return what is charted: the value, or events by size; NaN where there is no size."""
        if self.size is None:
            return np.asarray(self.value, dtype="float64")
        size = np.where(self.size > 0, self.size, np.nan)
        return np.asarray(self.value, dtype="float64") / size

    def pooled(self, rows: np.ndarray) -> float:
        """Return events by size over some periods; NaN for means."""
        return float("nan") if self.size is None else float(self.value[rows].sum() / self.size[rows].sum())

    def scores(self, rows: np.ndarray, pooled: float) -> np.ndarray:
        """Return figures as they are, or events as normal scores of their mid-p value at the pooled share or rate."""
        if self.size is None:
            return np.asarray(self.value, dtype="float64")[rows]
        law, events = self._law(self.size[rows], pooled), self.value[rows]
        middle = law.cdf(events) - law.pmf(events) / 2
        return stats.norm.ppf(np.clip(middle, *SURE_CHANCES))

    def figures_at(self, scores: np.ndarray, rows: np.ndarray, pooled: float) -> np.ndarray:
        """Return scores as figures again."""
        if self.size is None:
            return scores
        size = self.size[rows]
        return self._law(size, pooled).ppf(np.clip(stats.norm.cdf(scores), *SURE_CHANCES)) / size

    def _law(self, size: np.ndarray, pooled: float) -> stats.rv_discrete:
        return stats.binom(size, pooled) if self.kind == SHARE_SERIES else stats.poisson(size * pooled)
