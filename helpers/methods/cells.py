"""When a group of people is large enough to speak of."""

import pandas as pd

from helpers.foundation.estimates import Estimate, Status, without_value
from helpers.methods.intervals import Interval

LEAST_PEOPLE = 10
FEW_PEOPLE = 30


def published(quantity: str, interval: Interval, n: int, *, unit: str, segment: str = "all") -> Estimate:
    """Return a value with its interval, or *insufficient* where fewer than ten people stand behind it.

    Parameters
    ----------
    quantity, unit, segment : str
        As in `Estimate`.
    interval : Interval
        In the unit.
    n : int
        People that the value describes.
    """
    if n < LEAST_PEOPLE:
        return without_value(quantity, Status.INSUFFICIENT, too_few(n), unit=unit, n=n, segment=segment)
    return Estimate(quantity, interval.value, interval.low, interval.high, unit, n, segment)


def shown(counts: pd.DataFrame) -> pd.DataFrame:
    """Return counts of people as shares of their row, cells of one to nine people left empty.

    Examples
    --------
    >>> shown(pd.DataFrame({"stayed": [12, 20], "left": [3, 20]})).to_numpy().tolist()
    [[0.8, nan], [0.5, 0.5]]
    """
    return counts.where((counts == 0) | (counts >= LEAST_PEOPLE)).div(counts.sum(axis=1), axis=0)


def too_few(n: int) -> str:
    """Return why nothing is said of n people.

    Examples
    --------
    >>> too_few(0), too_few(1), too_few(7)
    ('nobody to speak of', 'fewer than 10 people', 'fewer than 10 people')
    """
    return f"fewer than {LEAST_PEOPLE} people" if n else "nobody to speak of"


def is_hidden(n: float) -> bool:
    """Return whether a part is of one to nine people: it is neither shown nor named.

    Examples
    --------
    >>> [is_hidden(n) for n in (0, 1, 9, 10)]
    [False, True, True, False]
    """
    return 0 < round(n) < LEAST_PEOPLE


def told(n: float) -> str:
    """Return a count of people for a sentence.

    Examples
    --------
    >>> told(0), told(7), told(1234)
    ('0', 'fewer than 10', '1,234')
    """
    return f"fewer than {LEAST_PEOPLE}" if is_hidden(n) else f"{round(n):,}"
