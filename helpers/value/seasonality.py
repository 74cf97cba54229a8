"""Seasonality: a factor for each week of the year, and customers' times counted by it."""

from dataclasses import replace

import numpy as np

from helpers.value.btyd.frequency_recency import FrequencyRecency

QUARTER_WEEKS, YEAR_WEEKS = 13, 52

MIN_SEASON_WEEKS = 2 * YEAR_WEEKS  # one year cannot tell a season from a trend

SEASON_HARMONICS, MAX_SEASON_P = 3, 0.001  # weeks depend on each other, which makes a p-value too small


def seasonal_index(orders: np.ndarray) -> np.ndarray:
    """Return the season of weekly orders: a factor for each of 52 weeks, mean 1; all 1 where none is seen.

    Parameters
    ----------
    orders : ndarray, shape (n_weeks,)
        By week, oldest first; week i of the history has the factor i modulo 52.

    Notes
    -----
    Quasi-Poisson regression of orders on a quadratic trend, the logarithm of time and three harmonics of the year,
    taken where the harmonics are significant together (Hyndman & Athanasopoulos 2021, *Forecasting: Principles and
    Practice*, section 7.4). The logarithm takes up how fast a company grows at first, which else bends the season.
    """
    if len(orders) < MIN_SEASON_WEEKS or orders.sum() == 0:
        return np.ones(YEAR_WEEKS)
    import statsmodels.api as sm

    time = np.arange(len(orders))
    scaled = time / len(orders)
    waves = _harmonics(time)
    trend = np.column_stack([np.ones(len(orders)), scaled, scaled**2, np.log1p(time / QUARTER_WEEKS)])
    n = trend.shape[1]
    fit = sm.GLM(orders, np.hstack([trend, waves]), family=sm.families.Poisson()).fit(scale="X2")
    if fit.wald_test(np.eye(n + waves.shape[1])[n:], use_f=True, scalar=True).pvalue > MAX_SEASON_P:
        return np.ones(YEAR_WEEKS)
    factor = np.exp(_harmonics(np.arange(YEAR_WEEKS)) @ fit.params[n:])
    return factor / factor.mean()


def _harmonics(week: np.ndarray) -> np.ndarray:
    angle = 2 * np.pi * np.multiply.outer(week, np.arange(1, SEASON_HARMONICS + 1)) / YEAR_WEEKS
    return np.hstack([np.cos(angle), np.sin(angle)])


def seasonal_time(week: np.ndarray, season: np.ndarray) -> np.ndarray:
    """Return how much of the season has passed up to a moment, which is in weeks since the history began.

    Examples
    --------
    >>> seasonal_time(np.array([0.5, 52.0, 53.0]), np.repeat([1.5, 0.5], 26)).tolist()
    [0.75, 52.0, 53.5]
    """
    years, rest = np.divmod(week, YEAR_WEEKS)
    return years * season.sum() + np.interp(rest, np.arange(YEAR_WEEKS + 1), np.append(0.0, np.cumsum(season)))


def counts_in_seasonal_time(counts: FrequencyRecency, season: np.ndarray, n_weeks: int) -> FrequencyRecency:
    """Return customers with times counted by the season: who is silent in a quiet month is not taken as lost.

    Purchases whose rate follows the season come at an even rate in this time (Daley & Vere-Jones 2003, *An Introduction
    to the Theory of Point Processes*, theorem 7.4.I), as models of purchases assume.

    Parameters
    ----------
    counts : FrequencyRecency
        Customers counted by what they did up to the end of the history.
    season : ndarray, shape (52,)
        From `seasonal_index`.
    n_weeks : int
        Weeks of the history.
    """
    begun = n_weeks - counts.T
    first, last, end = (seasonal_time(at, season) for at in (begun, begun + counts.t_x, np.array(float(n_weeks))))
    return replace(counts, t_x=last - first, T=end - first)
