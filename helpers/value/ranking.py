"""How well forecasts rank customers, where equal customers are counted: correlation of ranks, Gini."""

import numpy as np


def places(values: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Return each row's middle place among all customers, in (0, 1]; equal values share theirs."""
    distinct, place = np.unique(values, return_inverse=True)
    size = np.bincount(place, n, len(distinct))
    return ((np.cumsum(size) - size / 2) / size.sum())[place]


def correlation(forecast: np.ndarray, happened: np.ndarray, n: np.ndarray) -> float:
    """Return Spearman's correlation over counted customers; NaN where one of them does not vary."""
    a, b = (places(v, n) for v in (forecast, happened))
    spread = [np.average((v - np.average(v, weights=n)) ** 2, weights=n) for v in (a, b)]
    if min(spread) <= 1e-15:
        return float("nan")
    both = np.average((a - np.average(a, weights=n)) * (b - np.average(b, weights=n)), weights=n)
    return float(both / np.sqrt(spread[0] * spread[1]))


def gini(forecast: np.ndarray, happened: np.ndarray, n: np.ndarray) -> float:
    """Return how well a forecast ranks: its Gini coefficient as a share of that of a perfect ranking."""
    def area(order: np.ndarray) -> float:
        place = places(order, n)
        return float(np.average(happened * place, weights=n) / np.average(happened, weights=n) - 0.5)

    if not (n @ happened) or np.ptp(happened) == 0:
        return float("nan")
    return area(forecast) / area(happened)


def quantile(values: np.ndarray, n: np.ndarray, share: float) -> float:
    """Return the value that a share of counted customers do not exceed."""
    order = np.argsort(values, kind="stable")
    return float(values[order][np.searchsorted(np.cumsum(n[order]), share * n.sum())])
