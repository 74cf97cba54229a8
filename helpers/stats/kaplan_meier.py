"""Kaplan–Meier survival curves and hazards by group, median, share left, with intervals.

Curve and Greenwood's error are statsmodels'. The limits stay own: it has those of log(−log S) for the time at which a
share is left (`SurvfuncRight.quantile_ci`), and a band around the whole curve, but none for the share left at a time.

References
----------
Kaplan & Meier (1958), *JASA* 53, 457–481; Greenwood (1926); limits on the scale log(−log S), Kalbfleisch & Prentice
(2002), *The Statistical Analysis of Failure Time Data*, 2nd ed., eq. 1.14.
"""

import numpy as np
import pandas as pd
from statsmodels.duration.survfunc import SurvfuncRight

from helpers.stats import confidence_intervals

ALPHA = 0.05  # of the limit of a share of which nothing has ended

SURVIVAL_COLUMNS = ["group", "time", "n_at_risk", "n_ended", "hazard", "share_left", "low", "high"]


def kaplan_meier_curve(
    time: np.ndarray, has_ended: np.ndarray, group: str = "all", level: float = 0.95
) -> pd.DataFrame:
    """Return the Kaplan–Meier curve of one group.

    Parameters
    ----------
    time : ndarray, shape (n,)
        How long each was seen, from its start; 0 or more.
    has_ended : ndarray of bool, shape (n,)
        Whether it ended then; else it was still running.
    group : str
        Name of the group.
    level : float
        Level of the pointwise intervals.

    Returns
    -------
    DataFrame
        Grain time at which any ended, from 0 on: ``n_at_risk``, ``n_ended``, ``hazard`` (ended of those at risk),
        ``share_left`` with ``low`` and ``high``.

    Examples
    --------
    >>> kaplan_meier_curve(np.array([1, 2, 2, 3]), np.array([True, True, False, True]))["share_left"].round(3).tolist()
    [1.0, 0.75, 0.5, 0.0]
    """
    time, ended = np.asarray(time, dtype="float64"), np.asarray(has_ended, dtype=bool)
    first = pd.DataFrame({"time": [0.0], "n_at_risk": [len(time)], "n_ended": [0], "hazard": [0.0], "share_left": [1.0],
                          "low": [1.0], "high": [1.0]})
    if not len(time):
        return first.iloc[:0].assign(group=group)[SURVIVAL_COLUMNS]
    found = SurvfuncRight(time, ended.astype(int))
    at, at_risk, left = found.surv_times, found.n_risk.astype("int64"), found.surv_prob
    deaths = found.n_events.astype("int64")
    with np.errstate(divide="ignore", invalid="ignore"):
        relative_error = found.surv_prob_se / left
        spread = confidence_intervals.normal_quantile(level) * relative_error / np.abs(np.log(left))
        low, high = left ** np.exp(spread), left ** np.exp(-spread)
    inside = (left > 0) & (left < 1)
    low, high = np.where(inside, low, left), np.where(inside, high, left)
    rest = pd.DataFrame({"time": at, "n_at_risk": at_risk, "n_ended": deaths, "hazard": deaths / at_risk,
                         "share_left": left, "low": low, "high": high})
    return pd.concat([first, rest], ignore_index=True).assign(group=group)[SURVIVAL_COLUMNS]


def kaplan_meier_curves(time: np.ndarray, has_ended: np.ndarray, groups: np.ndarray, least: int = 30) -> pd.DataFrame:
    """Return the curves of all groups with at least so many members, one below the other, groups in order of name."""
    names = [g for g in np.unique(groups) if (groups == g).sum() >= least]
    parts = [kaplan_meier_curve(time[groups == g], has_ended[groups == g], str(g)) for g in names]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=SURVIVAL_COLUMNS)


def median_survival(curve: pd.DataFrame) -> float:
    """Return the time at which half is left; NaN where more than half is left to the end."""
    below = curve.loc[curve["share_left"] <= 0.5, "time"]
    return float(below.iloc[0]) if len(below) else float("nan")


def survival_at(curve: pd.DataFrame, at: float) -> pd.Series | None:
    """Return the last row of one group's curve up to a time, None for an empty curve.

    Where nobody had ended by then the lower limit is Clopper and Pearson's, of as many as were at risk at the next end,
    else at the start: all of a few, or of many who were seen for a short time, are not all of everybody.
    """
    before, after = curve[curve["time"] <= at], curve[curve["time"] > at]
    if before.empty:
        return None
    row = before.iloc[-1]
    if row["share_left"] < 1:
        return row
    n = int((after if len(after) else before)["n_at_risk"].iloc[0])
    return pd.Series({**row, "low": (ALPHA / 2) ** (1 / n)})
