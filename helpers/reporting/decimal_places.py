"""Decimal places: how many a number gets, and two that stand beside each other."""

import math
import re
from collections.abc import Sequence
from typing import Any

MANY = 99

BARE = r"−?[\d,]+\.?(\d*)"  # a number without a unit

SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def is_missing(x: Any) -> bool:
    """Return whether a value is absent: None, NaN, NaT or the missing sign of pandas."""
    return x is None or str(x) in {"<NA>", "NaT"} or (isinstance(x, float) and math.isnan(x))


def with_minus_sign(x: float, text: str) -> str:
    """Return the text of an amount with a real minus sign where the number is below zero."""
    return f"−{text}" if x < 0 else text


def fixed_notation(rounded: float, digits: int) -> str:
    """Return a rounded number in fixed notation without trailing zeros."""
    if not rounded:
        return "0"
    places = max(digits - 1 - math.floor(math.log10(abs(rounded))), 0)
    text = f"{abs(rounded):,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def power_notation(rounded: float, digits: int) -> str:
    """Return a rounded number's size as a power of ten."""
    mantissa, exponent = f"{abs(rounded):.{digits - 1}e}".split("e")
    return f"{mantissa} × 10{str(int(exponent)).translate(SUPERSCRIPT)}"


def matching_limits(low: float, high: float, most: int) -> tuple[float, float]:
    """Return limits rounded to the places that three digits of the larger have, unless that would make one zero.

    There are `most` places at most; where the larger shows fewer than two digits in them, both stay as they are. Limits
    that differ have as many places as tell them apart.

    Examples
    --------
    >>> matching_limits(0.9977, 1.0, 3), matching_limits(0.92, 1.0, 3)
    ((0.998, 1.0), (0.92, 1.0))
    """
    known = [x for x in (low, high) if not is_missing(x) and not math.isinf(x)]
    larger = max(map(abs, known), default=0.0)
    if not larger or larger < 10.0 ** (1 - most):
        return low, high
    places = min(max(2 - math.floor(math.log10(larger)), 0), most)
    while places < most and len(set(known)) > 1 and len({round(x, places) for x in known}) == 1:
        places += 1
    low, high = (x if is_missing(x) or math.isinf(x) else round(x, places) or x for x in (low, high))
    return low, high


def parts_that_sum(parts: Sequence[float], least_power: int = 0) -> list[int]:
    """Return parts of a whole as multiples of one unit that sum to the rounded whole, and the unit's power of ten last.

    The unit shows four digits of the largest part. Each is rounded down and those with the largest remainders up, until
    they sum (largest remainder method).

    Parameters
    ----------
    parts : sequence of float
        What sums to the whole.
    least_power : int
        Power of ten of the smallest unit that is written.

    Examples
    --------
    >>> parts_that_sum([1136592.0, 1145464.0, -386222.0, -3079.0])
    [1137, 1145, -386, -3, 3]
    """
    largest = max(map(abs, parts), default=0.0)
    power = max(math.floor(math.log10(largest)) - 3, least_power) if largest else least_power
    scaled = [part / 10.0**power for part in parts]
    lower = [math.floor(part) for part in scaled]
    short = round(sum(scaled)) - sum(lower)
    upwards = sorted(range(len(parts)), key=lambda i: lower[i] - scaled[i])[:short]
    return [part + (i in upwards) for i, part in enumerate(lower)] + [power]


def count_decimals(text: str) -> int:
    """Return the digits behind the point of a bare number, 0 for anything else."""
    found = re.fullmatch(BARE, text)
    return len(found[1]) if found else 0


def pad_decimals(text: str, places: int) -> str:
    """Return a bare number with as many places as its neighbour, but never more than three significant digits."""
    digits = len(re.sub(r"\D", "", text).lstrip("0"))
    more = min(places - count_decimals(text), 3 - digits)
    if more < 1 or not re.fullmatch(BARE, text) or text == "0":
        return text
    return f"{text}{'' if '.' in text else '.'}{'0' * more}"
