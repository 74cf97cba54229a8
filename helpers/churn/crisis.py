"""Crisis watch: weeks with far more complaints than usual, and how trust was repaired: detect, respond, rebuild."""

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import pandas as pd
from scipy import stats

from helpers.methods.calibrated import LEAST_BASELINE
from helpers.methods.courses import Course

REMEMBERED = 52
BURSTS = ["began_on", "last_on", "told_on", "n_complaints", "expected", "p_value", "law", "rebuild_weeks"]
POISSON, NEGATIVE_BINOMIAL = "Poisson", "negative binomial"


def bursts(course: Course, false_alarms_a_year: float) -> pd.DataFrame:
    """Return bursts of complaints, each told once, in the week in which it began.

    Parameters
    ----------
    course : Course
        Complaints a week and their exposure, in order.
    false_alarms_a_year : float
        Expected while nothing happens; the limit for one week's p-value is a 52nd of it.

    Returns
    -------
    DataFrame
        Grain burst: ``began_on`` and ``last_on`` (Mondays), ``told_on`` (the Sunday on which its first week was over),
        ``n_complaints`` in its first week, ``expected`` there, ``p_value``, ``law``, and ``rebuild_weeks`` until a week
        was back within its limit (NaN: not yet).

    Notes
    -----
    Each week is held against the up to 52 weeks before it, at least 24, a burst among them counted as the most that
    would have been none. With a gamma prior of Jeffreys a Poisson count is predicted by a negative binomial of size
    Σx + ½; where the weeks before spread more than Poisson, by Pearson's χ² at 10 %, the count is negative binomial
    with the variance that the method of moments gives.
    """
    events, size, p_limit = course.value, course.size, false_alarms_a_year / 52
    tamed = np.array(events, dtype="float64")  # a burst is remembered as the most that would have been no burst
    rows, is_on = [], False
    for t in range(len(events)):
        known = slice(max(t - REMEMBERED, 0), t)
        if t < LEAST_BASELINE or not size[t] > 0:
            continue
        expected, law_name, law = _predicted(tamed[known], size[known], size[t])
        p = float(law.sf(events[t] - 1))
        tamed[t] = min(events[t], law.isf(p_limit))
        if p >= p_limit:
            if is_on:
                rows[-1]["rebuild_weeks"] = float(t - rows[-1].pop("at"))
            is_on = False
        elif is_on:
            rows[-1]["last_on"] = course.on[t]
        else:
            is_on = True
            rows.append({"began_on": course.on[t], "last_on": course.on[t], "n_complaints": int(events[t]),
                         "told_on": pd.Timestamp(course.on[t]) + timedelta(days=6), "expected": expected, "p_value": p,
                         "law": law_name, "rebuild_weeks": np.nan, "at": t})
    return pd.DataFrame(rows, columns=BURSTS)


def of_board(courses: Sequence[Course], name: str, false_alarms_a_year: float) -> pd.DataFrame:
    """Return the bursts of the figure of that name among those watched; none where it is not watched."""
    found = next((c for c in courses if c.name == name), None)
    return pd.DataFrame(columns=BURSTS) if found is None else bursts(found, false_alarms_a_year)


def _predicted(before: np.ndarray, exposure: np.ndarray, size: float) -> tuple[float, str, stats.rv_discrete]:
    """Return what is to be expected of a week, the law's name, and the law."""
    total, lived = float(before.sum()), float(exposure.sum())
    rate, freedom = (total + 0.5) / lived, len(before) - 1
    expected, held = rate * size, exposure > 0
    ratio = float(((before - rate * exposure) ** 2)[held].sum() / (rate * exposure[held]).sum()) * len(before) / freedom
    if ratio <= stats.chi2.ppf(0.9, freedom) / freedom:
        return expected, POISSON, stats.nbinom(total + 0.5, lived / (lived + size))
    more = expected * (ratio - 1) + expected**2 * ratio / (total + 0.5)  # variance beyond Poisson, that of the rate too
    return expected, NEGATIVE_BINOMIAL, stats.nbinom(expected**2 / more, expected / (expected + more))


def repair(bursts: pd.DataFrame, cases: pd.DataFrame) -> pd.DataFrame:
    """Return, for each burst, how trust was repaired, each phase with its time.

    Parameters
    ----------
    bursts : DataFrame
        From `bursts`.
    cases : DataFrame
        Complaints: ``opened_at``, ``handled_at``, ``closed_at``, ``cause``.

    Returns
    -------
    DataFrame
        Grain burst: ``began_on``, ``n_complaints``, ``main_cause`` and its share, ``detect_days`` until it was told,
        ``respond_hours`` and ``usual_hours``, medians until a complaint was taken up in the burst and in other weeks,
        ``share_closed`` of its complaints, ``rebuild_weeks`` until complaints were back at their usual level.
    """
    columns = ["began_on", "n_complaints", "main_cause", "share_main_cause", "detect_days", "respond_hours",
               "usual_hours", "share_closed", "rebuild_weeks"]
    if bursts.empty or cases.empty:
        return pd.DataFrame(columns=columns)
    opened = cases["opened_at"].astype("datetime64[us]")
    hours = (cases["handled_at"].astype("datetime64[us]") - opened).dt.total_seconds() / 3600
    rows = []
    for burst in bursts.itertuples():
        began = pd.Timestamp(burst.began_on)
        within = (opened >= began) & (opened < pd.Timestamp(burst.last_on) + timedelta(days=7))
        causes = cases.loc[within, "cause"].dropna().value_counts()
        rows.append((began, burst.n_complaints, causes.index[0] if len(causes) else "not recorded",
                     causes.iloc[0] / causes.sum() if len(causes) else np.nan, (burst.told_on - began).days + 1,
                     hours[within].median(), hours[~within].median(), cases.loc[within, "closed_at"].notna().mean(),
                     burst.rebuild_weeks))
    return pd.DataFrame(rows, columns=columns)
