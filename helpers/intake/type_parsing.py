"""Text to typed values: numbers, flags, dates, times with a zone offset; unreadable text is reported.

Engines know time zones of different editions, or none without an extension: the days on which clocks change are taken
from Python's, and written into the expression.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache, reduce
from operator import or_
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.types as ir

from helpers.foundation.errors import InputError
from helpers.foundation.money import MONEY
from helpers.foundation.schema import COLUMN_TYPES
from helpers.intake.expression_rules import NUMBER, ExpressionScope, parse_flag, parse_number
from helpers.intake.profile_schema import ColumnRule

FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2060, 1, 1, tzinfo=UTC)

STEP = timedelta(7)  # no zone changes its clocks twice within it

OFFSET = r"\d{2}(?:[.]\d+)?( ?(?:Z|z|[+-]\d{2}(?::?\d{2})?))$"


@lru_cache
def zone_changes(zone: str) -> tuple[tuple[datetime, int], ...]:
    """Return when a zone's clocks change and what they are ahead of UTC from then on; first what they are in 1970.

    Returns
    -------
    tuple of (datetime, int)
        Naive UTC, and the offset from then on [seconds].

    Examples
    --------
    >>> [(str(at), ahead) for at, ahead in zone_changes("Europe/Berlin")[-2:]]
    [('2059-03-30 01:00:00', 7200), ('2059-10-26 01:00:00', 3600)]
    """
    told, before = ZoneInfo(zone), FIRST
    found = [(FIRST.replace(tzinfo=None), _ahead(told, FIRST))]
    while before < LAST:
        after = before + STEP
        if _ahead(told, after) != found[-1][1]:
            found.append((_first_after(told, before, after).replace(tzinfo=None), _ahead(told, after)))
        before = after
    return tuple(found)


def _ahead(zone: ZoneInfo, at: datetime) -> int:
    return int((at.astimezone(zone).utcoffset() or timedelta(0)).total_seconds())


def _first_after(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """Return the second between two times from which the later one's offset holds."""
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        before, after = (middle, after) if _ahead(zone, middle) != _ahead(zone, after) else (before, middle)
    return after


def may_have_offset(text: ir.StringValue) -> ir.BooleanValue:
    """Return whether a text may be a time with an offset, told by signs that cost little to look for."""
    return (text.contains("+") | text.endswith("Z") | text.endswith("z") | (text.length() > 19)
            | (text.substr(16, 1) == "-")).fill_null(False)


def local_time(text: ir.StringValue, zone: str) -> ir.TimestampValue:
    """Return the time that an ISO text tells, in a zone; as it is written where it has no offset, empty if unreadable.

    Parameters
    ----------
    text : engine text
        Such as ``2025-03-01 10:00``, ``2025-03-01T10:00:00.5+02:00``, ``2025-03-01T08:00:00Z``.
    zone : str
        Name of a time zone, such as ``Europe/Berlin``; empty where no text has an offset.
    """
    if not zone:
        return text.try_cast(COLUMN_TYPES["time"])
    offset = text.re_extract(OFFSET, 1)
    told = text.left(text.length() - offset.length()).try_cast(COLUMN_TYPES["time"])
    utc = told - ibis.interval(seconds=1) * _seconds(offset)
    moved = (offset == "").ifelse(told, utc + ibis.interval(seconds=1) * _local(utc, zone_changes(zone)))
    return may_have_offset(text).ifelse(moved, text.try_cast(COLUMN_TYPES["time"]))


def _seconds(offset: ir.StringValue) -> ir.IntegerValue:
    """Return an offset as seconds; Z has none."""
    digits = offset.replace(":", "").replace(" ", "")
    hours, minutes = (digits.substr(start, 2).nullif("").try_cast("int64").fill_null(0) for start in (1, 3))
    return (digits.left(1) == "-").ifelse(-1, 1).cast("int64") * (hours * 3600 + minutes * 60)


def _local(utc: ir.TimestampValue, told: tuple[tuple[datetime, int], ...]) -> ir.IntegerValue:
    """Return what clocks are ahead of UTC: the offset of the last change that has come."""
    if len(told) == 1:
        return ibis.literal(told[0][1], "int64")
    second = utc.epoch_seconds()
    later = ibis.array([int(at.replace(tzinfo=UTC).timestamp()) for at, _ in told[1:]])
    ahead = ibis.array([seconds for _, seconds in told])
    return ahead[later.filter(lambda at: at <= second).length()]


ISO = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S.%f")

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

DIRECTIVES = {
    "Y": r"\d{4}", "y": r"\d{2}", "m": r"\d{1,2}", "d": r"\d{1,2}", "H": r"\d{1,2}", "I": r"\d{1,2}", "M": r"\d{1,2}",
    "S": r"\d{1,2}", "b": r"[A-Za-z]{3}", "B": r"[A-Za-z]+", "p": r"[AaPp][Mm]", "z": r"[Zz]|[+-]\d{2}(?::?\d{2})?",
}


@dataclass(frozen=True, slots=True)
class ParsedColumn:
    """A typed engine value.

    Parameters
    ----------
    value : engine value
        Empty where nothing was recorded or the text could not be read.
    is_unread : engine flag or None
        Whether there was a text that could not be read; None where that cannot happen.
    """

    value: ir.Value
    is_unread: ir.BooleanValue | None


def number_type(kind: str) -> str:
    """Return the engine type in which an expression for a column of this type reads numbers."""
    return MONEY if kind in ("money", "integer") else NUMBER


def parse_column(found: ir.Value, kind: str, rule: ColumnRule, scope: ExpressionScope) -> ParsedColumn:
    """Return a column's value in its declared type.

    Parameters
    ----------
    found : engine value
        Of the column's expression.
    kind : str
        The declared type.
    rule : ColumnRule
        Missing codes, map of values, date formats.
    scope : ExpressionScope
        The scope that the expression was compiled in; it knows which texts could not be read as numbers.

    Raises
    ------
    InputError
        For a date format with an unknown part.
    """
    is_unread = [] if not scope.unread else [reduce(or_, scope.unread) & found.isnull()]
    if rule.missing:
        found = found.cast("string")
        found = found.isin(rule.missing).ifelse(ibis.null("string"), found)
    if rule.values:
        mapped = found.cast("string").cases(*rule.values.items())
        is_unread.append(found.notnull() & mapped.isnull())
        found = mapped
    read, failed = READINGS[kind](found, rule, scope)
    return ParsedColumn(read, reduce(or_, [*is_unread, *([] if failed is None else [failed])]) if is_unread or
                 failed is not None else None)


Reading = tuple[ir.Value, ir.BooleanValue | None]

Reader = Callable[[ir.Value, ColumnRule, ExpressionScope], Reading]


def _text(found: ir.Value, rule: ColumnRule, scope: ExpressionScope) -> Reading:
    return found.cast("string").nullif(""), None


def _number(kind: str) -> Reader:
    def reading(found: ir.Value, rule: ColumnRule, scope: ExpressionScope) -> Reading:
        own = ExpressionScope({}, kind, signs=scope.signs)
        read = parse_number(found, own).cast(kind)
        if kind == NUMBER:
            read = (read.isnan() | read.isinf()).ifelse(ibis.null(NUMBER), read)
        return read, found.notnull() & read.isnull() if own.unread else None
    return reading


def _integer(found: ir.Value, rule: ColumnRule, scope: ExpressionScope) -> Reading:
    if found.type().is_integer():
        return found.cast("int64"), None
    exact = parse_number(found, ExpressionScope({}, MONEY, signs=scope.signs))
    whole = (exact == exact.round()).ifelse(exact, ibis.null()).cast("int64")
    return whole, found.notnull() & whole.isnull()


def _flag(found: ir.Value, rule: ColumnRule, scope: ExpressionScope) -> Reading:
    read = parse_flag(found)
    return read, None if found.type().is_boolean() else found.notnull() & read.isnull()


def _moment(kind: str) -> Reader:
    def reading(found: ir.Value, rule: ColumnRule, scope: ExpressionScope) -> Reading:
        if found.type().is_temporal():
            return found.cast(COLUMN_TYPES[kind]), None
        text = found.cast("string")
        forms = [(_reshaped(text, form), form) for form in rule.formats or ISO[:1]]
        read = ibis.coalesce(
            *(
                local_time(f, scope.zone) if form in ISO or "%z" in form else f.try_cast(COLUMN_TYPES["time"])
                for f, form in forms
            )
        )
        return read.cast(COLUMN_TYPES[kind]), text.notnull() & read.isnull()
    return reading


READINGS = {
    "text": _text, "number": _number(NUMBER), "money": _number(MONEY), "integer": _integer, "flag": _flag,
    "date": _moment("date"), "time": _moment("time"),
}


# --- dates written otherwise than in ISO -------------------------------------------------------------------------


def _reshaped(text: ir.StringValue, form: str) -> ir.StringValue:
    """Return a date's text in ISO form, empty where it does not have the given form."""
    if form in ISO:  # engines also read other texts, such as 25-01-01 and infinity
        return text.like("____-%-%").ifelse(text, ibis.null("string"))
    parts, pattern = _pattern(form)
    piece = {p: text.re_extract(pattern, i) for i, p in enumerate(parts, start=1)}
    day = _year(piece) + "-" + _month(piece) + "-" + piece["d"].lpad(2, "0")
    clock = _hour(piece) + ":" + _padded(piece, "M") + ":" + _padded(piece, "S")
    whole = day + " " + clock + piece["z"] if "z" in piece else day + " " + clock
    return text.re_search(pattern).ifelse(whole, ibis.null("string"))


def _pattern(form: str) -> tuple[Sequence[str], str]:
    parts = re.findall(r"%(.)", form)
    unknown = [p for p in parts if p not in DIRECTIVES]
    if unknown or not {"d"} < {*parts} or not {"Y", "y"} & {*parts} or not {"m", "b", "B"} & {*parts}:
        raise InputError("formats", f"'{form}' cannot be used" + (f": %{unknown[0]} is unknown" if unknown else ""),
                         "a year (%Y, %y), a month (%m, %b, %B), a day (%d), and %H %I %M %S %p %z")
    tight = re.search(r"%\w%(?!z)", form) is not None
    known = {k: v.replace("{1,2}", "{2}") for k, v in DIRECTIVES.items()} if tight else DIRECTIVES
    pieces = re.split(r"%(.)", form)
    return parts, "^" + "".join(f"({known[p]})" if i % 2 else re.escape(p) for i, p in enumerate(pieces)) + "$"


def _year(piece: dict[str, ir.StringValue]) -> ir.StringValue:
    if "Y" in piece:
        return piece["Y"]
    return ibis.ifelse(piece["y"] < "69", "20", "19") + piece["y"]


def _month(piece: dict[str, ir.StringValue]) -> ir.StringValue:
    if "m" in piece:
        return piece["m"].lpad(2, "0")
    name = piece["b" if "b" in piece else "B"].lower().left(3)
    return name.cases(*((m, f"{i:02d}") for i, m in enumerate(MONTHS, start=1)))


def _hour(piece: dict[str, ir.StringValue]) -> ir.StringValue:
    if "I" not in piece or "p" not in piece:
        return _padded(piece, "I" if "I" in piece else "H")
    hour = piece["I"].try_cast("int64") % 12 + (piece["p"].lower() == "pm").ifelse(12, 0)
    return hour.cast("string").lpad(2, "0")


def _padded(piece: dict[str, ir.StringValue], part: str) -> ir.StringValue:
    return piece[part].lpad(2, "0") if part in piece else ibis.literal("00")
