"""Disclosure control: small groups of people are suppressed, shares of few are not shown.

Primary suppression withholds every cell of one to nine people. Complementary suppression withholds the next smallest
cells beside them until no line that adds up to a known total gives a withheld cell away. Tables, figures, sentences and
published result tables all ask here.

References
----------
Hundepool et al. (2012), *Statistical Disclosure Control*, chapter 4.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from helpers.foundation.results import Estimate, Status, no_estimate

if TYPE_CHECKING:
    from helpers.stats.confidence_intervals import Interval

LEAST_PEOPLE = 10

FEW_PEOPLE = 30


SOME = "some"


NOTHING = 1e-9


# --- one count ---------------------------------------------------------------------------------------------------


def estimate_if_enough(quantity: str, interval: "Interval", n: int, *, unit: str, segment: str = "all") -> Estimate:
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
        return no_estimate(quantity, Status.INSUFFICIENT, too_few(n), unit=unit, n=n, segment=segment)
    return Estimate(quantity, interval.value, interval.low, interval.high, unit, n, segment)


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
    >>> [is_hidden(n) for n in (0, 1, 9, 10, float("nan"))]
    [False, True, True, False, False]
    """
    return bool(np.isfinite(n)) and 0 < round(n) < LEAST_PEOPLE


def are_hidden(n: np.ndarray) -> np.ndarray:
    """Return which counts are of one to nine people, of n's shape."""
    return (n > 0) & (n < LEAST_PEOPLE)


def people_text(n: float, one: str = "", many: str = "", *, of: float = 0) -> str:
    """Return a count of people for a sentence, with their name where it is given; one that is withheld as *some*.

    So is a part of few people of a whole that is named and is itself of fewer than ten.

    Examples
    --------
    >>> people_text(0), people_text(7), people_text(1234), people_text(float("nan"))
    ('0', 'fewer than 10', '1,234', 'some')
    >>> people_text(0, "customer", "customers"), people_text(1, "customer", "customers")
    ('no customers', 'fewer than 10 customers')
    >>> people_text(12, "customer", "customers")
    '12 customers'
    >>> people_text(2, of=8), people_text(2, of=80)
    ('some', 'fewer than 10')
    """
    if not np.isfinite(n) or (is_hidden(n) and is_hidden(of)):
        return f"{SOME} {many}".strip()
    if is_hidden(n):
        return f"fewer than {LEAST_PEOPLE} {many}".strip()
    return f"{round(n):,} {many}" if many and round(n) else f"no {many}" if many else f"{round(n):,}"


def value_text_if_enough(text: str, *n: float) -> str:
    """Return words on a value for a sentence, nothing where it describes one to nine people or a withheld number.

    Examples
    --------
    >>> value_text_if_enough(", worth $340", 12), value_text_if_enough(", worth $340", 7)
    (', worth $340', '')
    >>> value_text_if_enough(", worth $340", 7, 12)
    ''
    """
    return "" if any(is_hidden(k) or not np.isfinite(k) for k in n) else text


def share_text_if_enough(text: str, value: float, n: float) -> str:
    """Return words on a share of n people for a sentence; where it counts one to nine of them only how few they are.

    Examples
    --------
    >>> share_text_if_enough("50 %", 0.5, 40), share_text_if_enough("10 %", 0.1, 40)
    ('50 %', 'fewer than 10')
    >>> share_text_if_enough("50 %", 0.5, 8)
    'some'
    """
    if not is_hidden(value * n) and np.isfinite(value * n):
        return text
    return people_text(value * n, of=n)


def parts_text_if_enough(texts: Sequence[str], counts: Sequence[float]) -> list[str]:
    """Return words on the parts of one whole for a sentence, so that no part of one to nine people follows from others.

    Examples
    --------
    >>> parts_text_if_enough(["80 %", "17 %", "3 %"], [240, 51, 9]), parts_text_if_enough(["76 %", "24 %"], [38, 12])
    (['80 %', 'some', 'some'], ['76 %', '24 %'])
    """
    hidden = suppress_cells(counts, [range(len(counts))])
    few = f"fewer than {LEAST_PEOPLE}" if are_small_and_untold(np.asarray(counts, dtype="float64")[hidden]) else SOME
    return [few if is_hidden_here else text for text, is_hidden_here in zip(texts, hidden, strict=True)]


def are_small_and_untold(n: np.ndarray) -> bool:
    """Return whether withheld cells may be called small: all are, and their number does not tell them all."""
    return bool(are_hidden(n).all()) and n.sum() != (LEAST_PEOPLE - 1) * max(len(n), 2)


def is_few(n: Any) -> bool:
    """Return whether people are enough to be spoken of and too few to be relied on.

    Examples
    --------
    >>> [is_few(n) for n in (9, 10, 29, 30)]
    [False, True, True, False]
    """
    return pd.api.types.is_number(n) and LEAST_PEOPLE <= n < FEW_PEOPLE


# --- cells of a table --------------------------------------------------------------------------------------------


def suppress_cells(counts: Sequence[float] | np.ndarray, lines: Sequence[Sequence[int] | np.ndarray]) -> np.ndarray:
    """Return which cells are withheld, shape (n_cells,): the small ones and as many more as keep them from being told.

    Parameters
    ----------
    counts : sequence of float
        People in each cell; empty cells (0 or NaN) are told.
    lines : sequence of sequence of int
        Places of cells that add up to a total which is known or may be.

    Notes
    -----
    In every line with a withheld cell at least two are withheld, which hold ten people or more between them and are
    not all of one or all of nine; and no withheld cell follows from all lines together, as a null space tells. The
    next cell withheld is the smallest of the line, of those that stand in the fewest other lines. Where
    a line has no further cell nothing more can be withheld: its total itself is that of a few people, and stands for
    them.

    Examples
    --------
    >>> suppress_cells([8, 22, 120], [[0, 1, 2]]).tolist()
    [True, True, False]
    """
    n = np.nan_to_num(np.asarray(counts, dtype="float64"))
    hidden = (n > 0) & (n < LEAST_PEOPLE)
    places = [np.asarray(line, dtype=int) for line in lines if len(line) > 1]
    while (more := _next(n, hidden, places)) is not None:
        hidden[more] = True
    return hidden


def suppress_two_way(counts: pd.DataFrame) -> pd.DataFrame:
    """Return which cells of a two-way table of people are withheld, its row and column totals being known.

    Examples
    --------
    >>> suppress_two_way(pd.DataFrame([[4, 30, 40], [25, 20, 50], [60, 70, 80]])).to_numpy().tolist()
    [[True, True, False], [True, True, False], [False, False, False]]
    """
    height, width = counts.shape
    at = np.arange(height * width).reshape(height, width)
    hidden = suppress_cells(counts.to_numpy(dtype="float64").ravel(), [*at, *at.T])
    return pd.DataFrame(hidden.reshape(height, width), counts.index, counts.columns)


def row_shares_suppressed(counts: pd.DataFrame) -> pd.DataFrame:
    """Return counts of people as shares of their row, withheld cells left empty.

    Examples
    --------
    >>> row_shares_suppressed(pd.DataFrame({"stayed": [12, 20], "left": [12, 20]})).to_numpy().tolist()
    [[0.5, 0.5], [0.5, 0.5]]
    """
    return counts.mask(suppress_two_way(counts)).div(counts.sum(axis=1), axis=0)


def _next(n: np.ndarray, hidden: np.ndarray, lines: Sequence[np.ndarray]) -> int | None:
    """Return the cell to withhold next: the smallest beside cells that would be given away; None where none is."""
    for line in [*(line for line in lines if _is_open(n[line], hidden[line])), *_telling(hidden, lines)]:
        rest = line[~hidden[line] & (n[line] > 0)]
        if len(rest):
            return int(min(rest, key=lambda cell: (sum(cell in other for other in lines), n[cell])))
    return None


def _is_open(n: np.ndarray, hidden: np.ndarray) -> bool:
    """Return whether a line's total gives away one of its withheld cells."""
    k, total = int(hidden.sum()), n[hidden].sum()
    if not k:
        return False
    is_extreme = total in (k, (LEAST_PEOPLE - 1) * k) and n[hidden].max() < LEAST_PEOPLE
    return k < 2 or total < LEAST_PEOPLE or bool(is_extreme)


def _telling(hidden: np.ndarray, lines: Sequence[np.ndarray]) -> Iterator[np.ndarray]:
    """Yield the lines of withheld cells that follow from all lines together, which is more than each by itself."""
    at = np.flatnonzero(hidden)
    if len(at) < 3 or len(lines) < 2:
        return
    from scipy.linalg import null_space  # seldom needed, and every page that shows a table asks this module

    sums = np.array([np.isin(at, line) for line in lines], dtype="float64")
    free = null_space(sums)
    for cell in at[np.abs(free).max(axis=1, initial=0) < NOTHING]:
        yield from (line for line in lines if cell in line)
