"""Plain numbers: digits 0 to 9 only, no underscores, no other scripts."""

import re

WHOLE = re.compile(r"\s*[+-]?[0-9]+\s*", re.ASCII)

DECIMAL = re.compile(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?\s*", re.ASCII)


def integer(text: str) -> int:
    """Return a text as a whole number.

    Raises
    ------
    ValueError
        If it is none.

    Examples
    --------
    >>> integer("-90")
    -90
    """
    if not WHOLE.fullmatch(text):
        raise ValueError(f"'{text}' is no whole number")
    return int(text)


def number(text: str) -> float:
    """Return a text as a number.

    Raises
    ------
    ValueError
        If it is none.

    Examples
    --------
    >>> number("1.5"), number("2e3")
    (1.5, 2000.0)
    """
    if not DECIMAL.fullmatch(text):
        raise ValueError(f"'{text}' is no number")
    return float(text)
