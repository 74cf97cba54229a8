"""Phase I of a control chart: baseline periods far beyond the limits are left out.

References
----------
Montgomery (2019), *Introduction to Statistical Quality Control*, 8th ed., section 6.2: trial limits; Cook & Weisberg
(1982), *Residuals and Influence in Regression*, Chapman & Hall, section 2.2: deleted residuals.
"""

import numpy as np
from scipy import stats

OUTLIER_LEVEL, MAX_SHARE_LEFT_OUT = 0.01, 0.1  # chance that a quiet baseline loses a period; most that it may lose


def without_outliers(series: np.ndarray, design: np.ndarray, n_baseline: int) -> tuple[np.ndarray, np.ndarray]:
    """Return series whose outlying baseline periods hold what the others predict, and which periods these are.

    Parameters
    ----------
    series : ndarray, shape (B, T)
        No gaps.
    design : ndarray, shape (T, p)
        What the baseline is regressed on.
    n_baseline : int
        Periods learnt from.

    Returns
    -------
    ndarray, ndarray of bool, shape (B, T)
        Least squares on such a series gives the coefficients of the periods that are kept.

    Notes
    -----
    The farthest period by its deleted residual is left out while it is beyond chance (Bonferroni over the baseline),
    up to a tenth of the periods: more would be no outliers.
    """
    learnt_from = design[:n_baseline]
    hat = learnt_from @ np.linalg.pinv(learnt_from)
    filled, is_out = series.copy(), np.zeros(series.shape, dtype=bool)
    rows, freedom = np.arange(len(series)), n_baseline - design.shape[1] - 1
    for _ in range(int(n_baseline * MAX_SHARE_LEFT_OUT)):
        farthest, is_beyond = _farthest_period(filled[rows, :n_baseline], is_out[rows, :n_baseline], hat, freedom)
        rows, farthest = rows[is_beyond], farthest[is_beyond]
        if not len(rows):
            break
        is_out[rows, farthest] = True
        for row in rows:
            out = is_out[row, :n_baseline]
            left = series[row, :n_baseline] - hat @ series[row, :n_baseline]
            within = np.eye(out.sum()) - hat[np.ix_(out, out)]
            filled[row, :n_baseline][out] = series[row, :n_baseline][out] - np.linalg.solve(within, left[out])
        freedom -= 1
    return filled, is_out


def _farthest_period(
    baseline: np.ndarray, is_out: np.ndarray, hat: np.ndarray, freedom: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the place of each baseline's largest deleted residual, and whether it is beyond chance."""
    room = np.maximum(1 - np.diag(hat), 1e-9)
    left = baseline - baseline @ hat.T
    squares = np.where(is_out, 0.0, left**2 / room)
    spread = np.maximum((left**2).sum(axis=1, keepdims=True) - squares, 1e-300) / max(freedom, 1)
    farthest = (squares / spread).argmax(axis=1)
    size = np.sqrt((squares / spread)[np.arange(len(baseline)), farthest])
    return farthest, size > stats.t.isf(OUTLIER_LEVEL / (2 * baseline.shape[1]), max(freedom, 1))
