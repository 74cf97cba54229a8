"""Forms in which dates and times are written: directives, names of months, clocks, epochs, serial days of sheets.

A form is written with the directives of ``strftime``, or is one of `COUNTED`: seconds, milliseconds, microseconds or
nanoseconds since 1970 in UTC, and the days since 1899-12-30 or 1904-01-01 that Excel counts. Names of months (``%b``,
``%B``) are read in the languages of `LANGUAGES` [1]_, whole or short; names of weekdays (``%a``, ``%A``) are passed
over. An offset (``%z``) may be ``+0100``, ``GMT+1``, ``Z`` or one of `ZONES` [2]_.

References
----------
.. [1] Unicode CLDR, months of the Gregorian calendar, through babel.
.. [2] Resnick, P. (2001). Internet message format. RFC 2822, section 4.3 (zones).
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import lru_cache, reduce
from itertools import combinations
from operator import or_

import ibis
import ibis.expr.types as ir

from helpers.foundation.errors import InputError

ISO = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S.%f")

LANGUAGES = ("en", "zh", "hi", "es", "fr", "ar", "bn", "pt", "ru", "ur", "id", "de", "ja", "it", "nl", "pl", "tr", "ko",
             "sv", "da", "nb", "fi", "cs", "en_GB")

OTHER_MONTHS = {"sept": 9, "mrz": 3}  # as spreadsheets shorten them

SINCE_1970 = {"epoch seconds": 1, "epoch milliseconds": 10**3, "epoch microseconds": 10**6, "epoch nanoseconds": 10**9}

SERIAL_ZERO = {"excel serial": datetime(1899, 12, 30), "excel serial 1904": datetime(1904, 1, 1)}

COUNTED = (*SINCE_1970, *SERIAL_ZERO)

DAY = 86_400  # seconds

LAST_SERIAL, LAST_SECOND = 2_958_465, 253_402_300_799  # of the year 9999

WORD = r"[^\s\d.,:/\-]+[.]?"

MORNINGS, AFTERNOONS = ("上午", "오전", "午前"), ("下午", "오후", "午後")

ZONES = {  # abbreviations with one meaning; those of North America as RFC 2822 lists them
    "EST": "-05:00", "EDT": "-04:00", "CST": "-06:00", "CDT": "-05:00", "MST": "-07:00", "MDT": "-06:00",
    "PST": "-08:00", "PDT": "-07:00", "WET": "+00:00", "WEST": "+01:00", "BST": "+01:00", "CET": "+01:00",
    "CEST": "+02:00", "MEZ": "+01:00", "MESZ": "+02:00", "EET": "+02:00", "EEST": "+03:00", "MSK": "+03:00",
    "JST": "+09:00", "KST": "+09:00", "AEST": "+10:00", "AEDT": "+11:00", "NZST": "+12:00", "NZDT": "+13:00"}

DIRECTIVES = {
    "Y": r"\d{4}", "y": r"\d{2}", "m": r"\d{1,2}", "d": r"\d{1,2}", "H": r"\d{1,2}", "I": r"\d{1,2}", "M": r"\d{1,2}",
    "S": r"\d{1,2}", "f": r"\d{1,9}", "b": WORD, "B": WORD, "a": WORD, "A": WORD,
    "p": rf"[AaPp][.]?\s?[Mm][.]?|{'|'.join((*MORNINGS, *AFTERNOONS))}",
    "z": rf"[Zz]|(?:GMT|UTC)(?:[+-]\d{{1,2}}(?::?\d{{2}})?)?|[+-]\d{{1,2}}(?::?\d{{2}})?|{'|'.join(ZONES)}",
}

OFFSET = r"^(?:GMT|UTC)?([+-])(\d{1,2})(?::?(\d{2}))?$"

ALLOWED = "a year (%Y, %y), a month (%m, %b, %B), a day (%d), and %H %I %M %S %f %p %z %a %A; or " + ", ".join(COUNTED)


@lru_cache
def month_numbers() -> dict[str, int]:
    """Return the number of each month by its name, whole or short, in lower case and without a point behind.

    Examples
    --------
    >>> [month_numbers()[name] for name in ("march", "märz", "févr", "июня")]
    [3, 3, 2, 6]
    """
    from babel.dates import get_month_names  # it reads the data of each language

    found = dict(OTHER_MONTHS)
    for language in LANGUAGES:
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                named = get_month_names(width, context, language)
                found |= {plain_word(name): number for number, name in named.items()}
    return found


def plain_word(word: str) -> str:
    """Return a word in lower case, without a point behind."""
    return word.lower().rstrip(".")


@lru_cache(1_000)
def form_pattern(form: str) -> tuple[tuple[str, ...], str]:
    """Return the directives of a form, and the regular expression with a group for each.

    Raises
    ------
    InputError
        For a form with an unknown directive, or without a year, a month or a day.
    """
    parts = tuple(re.findall(r"%(.)", form))
    unknown = [p for p in parts if p not in DIRECTIVES]
    if unknown or not {"d"} < {*parts} or not {"Y", "y"} & {*parts} or not {"m", "b", "B"} & {*parts}:
        raise InputError("formats", f"'{form}' cannot be used" + (f": %{unknown[0]} is unknown" if unknown else ""),
                         ALLOWED)
    tight = re.search(r"%[YymdHIMS]%[YymdHIMS]", form) is not None
    known = {k: v.replace("{1,2}", "{2}") if k in "mdHIMS" else v for k, v in DIRECTIVES.items()} if tight \
        else DIRECTIVES
    pieces = re.split(r"%(.)", form)
    return parts, "^" + "".join(f"({known[p]})" if i % 2 else re.escape(p) for i, p in enumerate(pieces)) + "$"


def has_zone(forms: Sequence[str]) -> bool:
    """Return whether a form tells a moment on earth rather than what a clock showed."""
    return any("%z" in form or form in SINCE_1970 for form in forms)


# --- in the engine -----------------------------------------------------------------------------------------------


def iso_text(text: ir.StringValue, form: str) -> ir.StringValue:
    """Return a date's text in ISO form, without its offset, empty where it does not have the given form."""
    if form in ISO:  # engines also read other texts, such as 25-01-01 and infinity
        return text.like("____-%-%").ifelse(text, ibis.null("string"))
    parts, pattern = form_pattern(form)
    piece = {p: text.re_extract(pattern, i) for i, p in enumerate(parts, start=1)}
    day = _year(piece) + "-" + _month(piece) + "-" + piece["d"].lpad(2, "0")
    clock = _hour(piece) + ":" + _padded(piece, "M") + ":" + _padded(piece, "S")
    clock = clock + "." + piece["f"].left(6) if "f" in piece else clock
    return text.re_search(pattern).ifelse(day + " " + clock, ibis.null("string"))


def offset_seconds(text: ir.StringValue, form: str) -> ir.IntegerValue:
    """Return how far clocks were ahead of UTC where a text of a form with ``%z`` was written [s].

    Notes
    -----
    The offset is a number from here on: behind a text in ISO form it would be looked for again, and the expression that
    has found it repeated in each of a thousand places.
    """
    parts, pattern = form_pattern(form)
    zone = text.re_extract(pattern, parts.index("z") + 1)
    hours, minutes = (zone.re_extract(OFFSET, i).nullif("").try_cast("int64").fill_null(0) for i in (2, 3))
    told = (zone.re_extract(OFFSET, 1) == "-").ifelse(-1, 1) * (hours * 3600 + minutes * 60)
    named = {name: _named_seconds(offset) for name, offset in ZONES.items()}
    return ibis.map(list(named), list(named.values())).get(zone).coalesce(told)


def counted_time(text: ir.StringValue, form: str) -> ir.TimestampValue:
    """Return the time that a count of seconds since 1970, in UTC, or of days in a sheet stands for, to the second."""
    count = text.re_search(r"^\d{1,19}([.]\d*)?$").ifelse(text, ibis.null("string")).try_cast("float64")
    if form in SINCE_1970:
        return _after(datetime(1970, 1, 1), _up_to(LAST_SECOND, count / SINCE_1970[form]).floor())
    return _after(SERIAL_ZERO[form], (_up_to(LAST_SERIAL, count) * DAY).round())


def may_differ(times: Mapping[str, ir.TimestampValue]) -> ir.BooleanValue | None:
    """Return whether two forms read a text as different times; None where no two of them differ by their order only."""
    found = [(times[a] != times[b]).fill_null(False) for a, b in combinations(times, 2) if _order_free(a) ==
             _order_free(b)]
    return reduce(or_, found) if found else None


def _order_free(form: str) -> str:
    """Return a form without the order of day, month and year."""
    return re.sub("%[dmyY]", "%#", form)


def _up_to(last: int, count: ir.NumericValue) -> ir.NumericValue:
    return (count <= last).ifelse(count, ibis.null("float64"))


def _after(zero: datetime, seconds: ir.NumericValue) -> ir.TimestampValue:
    whole = seconds.try_cast("int64")
    days = (whole / DAY).floor().cast("int64")  # engines multiply an interval by 32 bits only
    return ibis.literal(zero, "timestamp") + ibis.interval(days=1) * days + ibis.interval(seconds=1) * (
        whole - days * DAY)


def _named_seconds(offset: str) -> int:
    hours, minutes = (int(part) for part in offset[1:].split(":"))
    return (-1 if offset.startswith("-") else 1) * (hours * 3600 + minutes * 60)


def _year(piece: dict[str, ir.StringValue]) -> ir.StringValue:
    if "Y" in piece:
        return piece["Y"]
    return ibis.ifelse(piece["y"] < "69", "20", "19") + piece["y"]


def _month(piece: dict[str, ir.StringValue]) -> ir.StringValue:
    if "m" in piece:
        return piece["m"].lpad(2, "0")
    name = piece["b" if "b" in piece else "B"].lower().replace(".", "")
    known = {word: f"{number:02d}" for word, number in month_numbers().items()}
    return ibis.map(list(known), list(known.values())).get(name)  # cases would look for the name once for each word


def _hour(piece: dict[str, ir.StringValue]) -> ir.StringValue:
    if "I" not in piece or "p" not in piece:
        return _padded(piece, "I" if "I" in piece else "H")
    is_late = piece["p"].lower().startswith("p") | piece["p"].isin(AFTERNOONS)
    hour = piece["I"].try_cast("int64") % 12 + is_late.ifelse(12, 0)
    return hour.cast("string").lpad(2, "0")


def _padded(piece: dict[str, ir.StringValue], part: str) -> ir.StringValue:
    return piece[part].lpad(2, "0") if part in piece else ibis.literal("00")


# --- in Python, for the few values that a draft looks at ---------------------------------------------------------


@lru_cache(1_000)
def _compiled(form: str) -> tuple[tuple[str, ...], re.Pattern]:
    parts, pattern = form_pattern(form)
    return parts, re.compile(pattern, re.ASCII)


def read_time(text: str, form: str) -> datetime | None:
    """Return the time that a text tells in a form, without its offset; None where it does not have the form.

    Examples
    --------
    >>> read_time("10. März 2024", "%d. %B %Y"), read_time("2024-03-10", "%d. %B %Y")
    (datetime.datetime(2024, 3, 10, 0, 0), None)
    """
    if form in COUNTED:
        return _counted(text, form)
    parts, pattern = _compiled(form)
    match = pattern.match(text)
    piece = dict(zip(parts, match.groups(), strict=True)) if match else {}
    month = piece.get("m") or month_numbers().get(plain_word(piece.get("b") or piece.get("B") or ""))
    if not month:
        return None
    hour = int(piece.get("H") or piece.get("I") or 0)
    if late := piece.get("p"):
        hour = hour % 12 + 12 * (late.lower().startswith("p") or late in AFTERNOONS)
    short = int(piece.get("y") or 0)
    year = int(piece.get("Y") or short + (2000 if short < 69 else 1900))
    with suppress(ValueError):
        return datetime(year, int(month), int(piece["d"]), hour, int(piece.get("M") or 0), int(piece.get("S") or 0))
    return None


def _counted(text: str, form: str) -> datetime | None:
    if not re.fullmatch(r"\d{1,19}([.]\d*)?", text, re.ASCII):
        return None
    count = float(text)
    if form in SINCE_1970:
        seconds = count // SINCE_1970[form]
        return datetime(1970, 1, 1) + timedelta(seconds=seconds) if seconds <= LAST_SECOND else None
    return SERIAL_ZERO[form] + timedelta(seconds=round(count * DAY)) if count <= LAST_SERIAL else None
