"""Formatting of numbers for people: significant digits, money, shares, dates, intervals in brackets.

Every function takes a plain number and returns text that is *not yet* escaped; `exhibits` escapes what it shows.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any

from helpers.foundation.money import SIGNS, currency_text
from helpers.foundation.results import PERCENTAGE_POINTS, Estimate, Status
from helpers.reporting.decimal_places import (
    MANY,
    count_decimals,
    fixed_notation,
    is_missing,
    matching_limits,
    pad_decimals,
    parts_that_sum,
    power_notation,
    with_minus_sign,
)

Form = Callable[[float], str]

MISSING = "insufficient data"
WITHOUT_CENTS = frozenset({"JPY", "KRW"})

SAID = {
    Status.INSUFFICIENT: MISSING,
    Status.NOT_APPLICABLE: "not applicable",
    Status.STRUCK: "not reported (failed check)",
    Status.BLOCKED: "no verdict",
}

MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
          "November", "December")


def number(x: float, digits: int = 3) -> str:
    """Return a number to three significant digits; whole numbers of type int in full.

    Examples
    --------
    >>> number(-12345.6), number(0.01234), number(2), number(2341)
    ('−12,300', '0.0123', '2', '2,341')
    """
    if is_missing(x):
        return MISSING
    if math.isinf(x):
        return with_minus_sign(x, "∞")
    if not isinstance(x, float) and int(x) == x:
        return whole(x)
    rounded = float(f"{x:.{digits}g}")
    if rounded and abs(rounded) < 1e-4:
        return with_minus_sign(x, power_notation(rounded, digits))
    return with_minus_sign(rounded, fixed_notation(rounded, digits))


def whole(x: float) -> str:
    """Return a number rounded to a whole one, with thousands.

    Examples
    --------
    >>> whole(2340.6), whole(-7)
    ('2,341', '−7')
    """
    return MISSING if is_missing(x) else number(x) if math.isinf(x) else with_minus_sign(round(x), f"{abs(round(x)):,}")


def money(x: float | Decimal, currency: str = "") -> str:
    """Return an amount with its sign or code: three significant digits, pennies from half a penny to 100.

    Examples
    --------
    >>> money(-9747747.934, "GBP"), money(35.171, "USD"), money(1234, "SEK"), money(0.0421, "EUR")
    ('−£9,750,000', '$35.17', 'SEK 1,230', '€0.04')
    """
    if is_missing(x):
        return MISSING
    amount, places = abs(float(x)), 0 if currency in WITHOUT_CENTS else 2
    text = f"{amount:.{places}f}" if 0.5 * 10**-places <= amount < 99.995 else number(amount)
    return with_minus_sign(float(x), currency_text(text, currency)) if text != "0" else currency_text("0", currency)


def money_of_parts(parts: Sequence[float], currency: str = "") -> tuple[str, list[str]]:
    """Return a sum and its parts as amounts that add up as they are shown, the sum first.

    Examples
    --------
    >>> money_of_parts([1136592.0, 1145464.0, -386222.0, -3079.0], "GBP")
    ('£1,893,000', ['£1,137,000', '£1,145,000', '−£386,000', '−£3,000'])
    """
    is_whole = currency in WITHOUT_CENTS or max(map(abs, parts), default=0.0) >= 100
    *units, power = parts_that_sum(parts, 0 if is_whole else -2)
    places = 0 if is_whole else 2
    texts = [with_minus_sign(n, currency_text(f"{abs(n) * 10.0**power:,.{places}f}", currency))
             for n in (sum(units), *units)]
    return texts[0], texts[1:]


def exact_money(x: float, currency: str = "") -> str:
    """Return an amount to the penny, for what is reconciled with the ledger.

    Examples
    --------
    >>> exact_money(9747747.934, "GBP")
    '£9,747,747.93'
    """
    if is_missing(x):
        return MISSING
    rounded = round(float(x), 0 if currency in WITHOUT_CENTS else 2)
    text = f"{abs(rounded):,.0f}" if currency in WITHOUT_CENTS else f"{abs(rounded):,.2f}"
    return with_minus_sign(rounded, currency_text(text, currency))


def share(x: float) -> str:
    """Return a share in [0, 1] as per cent with one decimal; below one per cent with two digits.

    Examples
    --------
    >>> share(0.2654), share(0.0032), share(0), share(1)
    ('26.5 %', '0.32 %', '0 %', '100 %')
    """
    return MISSING if is_missing(x) else f"{_hundredths(100 * float(x))} %"


def points(x: float) -> str:
    """Return a number of points of an index or score.

    Examples
    --------
    >>> points(-0.8201), points(1), points(72.54)
    ('−0.82 points', '1 point', '72.5 points')
    """
    if is_missing(x):
        return MISSING
    text = _hundredths(float(x)).removesuffix(".0")
    return f"{text} {'point' if text in {'1', '−1'} else 'points'}"


def percentage_points(x: float) -> str:
    """Return a difference of shares already times 100, told from points of a score: ``12.2 percentage points``."""
    return points(x).replace(" point", " percentage point")


def interval(low: float, high: float, form: Form = number) -> str:
    """Return a range in brackets; empty where there is none.

    Examples
    --------
    >>> interval(1.2, 3.4), interval(0.000614, 0.372), interval(-0.05, float("inf"), share)
    ('[1.2, 3.4]', '[0.001, 0.372]', '[−5.0 %, ∞]')
    """
    if is_missing(low) and is_missing(high):
        return ""
    kept = {number: MANY, _measured: MANY, points: 1, percentage_points: 1, share: 3}.get(form)
    limits = [_limit(x, form) for x in ((low, high) if kept is None else matching_limits(low, high, kept))]
    most = {points: 1, percentage_points: 1, number: 3, _measured: 3}.get(form, 0)  # places that rounding left certain
    places = min(max(count_decimals(limit) for limit in limits), most)
    return f"[{', '.join(pad_decimals(limit, places) for limit in limits)}]"


def count_text(n: float, one: str, many: str) -> str:
    """Return how many there are, in words where there are none.

    Examples
    --------
    >>> count_text(0, "customer", "customers"), count_text(1, "customer", "customers")
    ('no customers', '1 customer')
    >>> count_text(2341, "customer", "customers")
    '2,341 customers'
    """
    if is_missing(n):
        return MISSING
    text = whole(n)
    return f"no {many}" if text == "0" else f"{text} {one if text in {'1', '−1'} else many}"


def join_words(parts: Sequence[Any], none: str = "none") -> str:
    """Return a list in words.

    Examples
    --------
    >>> join_words(["a", "b", "c"]), join_words(["a"]), join_words([])
    ('a, b and c', 'a', 'none')
    """
    texts = [str(part) for part in parts]
    return ", ".join(texts[:-1]) + " and " + texts[-1] if len(texts) > 1 else texts[0] if texts else none


def p_value(p: float) -> str:
    """Return a p-value as papers print it: without the leading zero.

    Examples
    --------
    >>> p_value(0.0619), p_value(0.0000004), p_value(0.9999)
    ('.062', '< .001', '> .999')
    """
    if is_missing(p):
        return MISSING
    if p < 0.001:
        return "< .001"
    return "> .999" if p > 0.999 else f"{p:.3f}".removeprefix("0")


def p_value_sentence(p: float) -> str:
    """Return a p-value for a sentence.

    Examples
    --------
    >>> p_value_sentence(0.0619), p_value_sentence(0.0000004)
    ('p = .062', 'p < .001')
    """
    text = p_value(p)
    return text if is_missing(p) else f"p {text}" if text[0] in "<>" else f"p = {text}"


def unit_format(unit: str, currency: str = "") -> Form:
    """Return the function that words a value of a unit: share (of anything), money or a currency's code, points.

    Any other unit's values are written as numbers, whole ones in full.
    """
    currency = unit if unit in SIGNS else currency
    forms: Mapping[str, Form] = {"share": share, "money": partial(money, currency=currency), "points": points,
                                 PERCENTAGE_POINTS: percentage_points}
    kind = "share" if unit.startswith("share ") else "money" if unit in SIGNS else unit
    return forms.get(kind, _measured)


def estimate_text(e: Estimate | Mapping[str, Any], form: Form | None = None, currency: str = "") -> str:
    """Return an estimate in words: ``value [low, high]``, or why there is none.

    Parameters
    ----------
    e : Estimate or mapping
        An estimate, or a row of a long summary table.
    form : callable, optional
        Words a value; by default chosen by the unit.
    currency : str
        Of a value whose unit is money.

    Examples
    --------
    >>> estimate_text(Estimate("retention", 0.265, 0.25, 0.28, unit="share"))
    '26.5 % [25.0 %, 28.0 %]'
    """
    get = getattr(e, "get", None) or partial(getattr, e)
    status = Status(get("status", Status.OK))
    if status is not Status.OK:
        reason = get("reason", "")
        return SAID[status] if is_missing(reason) or not reason else f"{SAID[status]}: {reason}"
    form = form or unit_format(str(get("unit", "")), currency)
    range_ = interval(get("low", math.nan), get("high", math.nan), form)
    return f"{form(get('value', math.nan))} {range_}".strip()


def share_change_text(e: Estimate | Mapping[str, Any]) -> str:
    """Return a change of a share with its interval: ``3.84 percentage points [−1.64, 9.42]``."""
    get = getattr(e, "get", None) or partial(getattr, e)
    return estimate_text({name: 100 * get(name) for name in ("value", "low", "high")}, percentage_points)


def change_text(difference: float, low: float, high: float, form: Form = number) -> str:
    """Return a change with its direction, and whether it is statistically significant.

    Parameters
    ----------
    difference, low, high : float
        The change and its interval, in the unit of `form`; NaN limits where its uncertainty is not known.

    Examples
    --------
    >>> change_text(1.2, 0.4, 2.0, points), change_text(-1.2, -3.0, 0.6, points)
    ('up 1.2 points, statistically significant', 'no statistically significant change')
    """
    if is_missing(difference):
        return "no earlier run to compare with"
    moved = f"{'up' if difference > 0 else 'down'} {form(abs(difference))}"
    if is_missing(low) or is_missing(high):
        return f"{moved}, significance not known" if difference else "unchanged"
    return "no statistically significant change" if low <= 0 <= high else f"{moved}, statistically significant"


def date_text(when: date | datetime | str | None) -> str:
    """Return a date in words.

    Examples
    --------
    >>> date_text("2011-12-09")
    '9 December 2011'
    """
    if is_missing(when) or not when:
        return "no date"
    on = datetime.fromisoformat(when) if isinstance(when, str) else when
    return f"{on.day} {MONTHS[on.month - 1]} {on.year}"


def duration_text(seconds: float) -> str:
    """Return how long something took.

    Examples
    --------
    >>> duration_text(0.234), duration_text(42.4), duration_text(125), duration_text(7320)
    ('0.2 s', '42 s', '2 min 5 s', '2 h 2 min')
    """
    if is_missing(seconds):
        return "not known"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def sentence_case(text: str) -> str:
    """Return a text with its first letter raised, the rest untouched."""
    return text[:1].upper() + text[1:]


def _hundredths(x: float) -> str:
    """Return a number of per cent or points: one decimal, two digits below one, none at 0 and 100."""
    if math.isinf(x) or abs(x) == 100:
        return number(x)
    return with_minus_sign(x, f"{abs(x):,.1f}") if abs(x) >= 0.995 else number(x, 2)


def _limit(x: float, form: Form) -> str:
    if is_missing(x) or math.isinf(x):
        return "–" if is_missing(x) else number(x)
    return form(x).removesuffix("s").removesuffix(" point").removesuffix(" percentage")  # said before


def _measured(x: float) -> str:
    return whole(x) if not is_missing(x) and not math.isinf(x) and float(x) == int(x) else number(x)


def within_sentence(text: str) -> str:
    """Return a sentence as it goes on within another one: its first letter lowered, but for abbreviations.

    Examples
    --------
    >>> within_sentence("Nothing can be learnt"), within_sentence("BG/NBD does not apply")
    ('nothing can be learnt', 'BG/NBD does not apply')
    """
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]
