"""Text to typed values: numbers, flags, dates, times with a zone offset; unreadable text is reported.

Engines know time zones of different editions, or none without an extension: the days on which clocks change are taken
from Python's, and written into the expression.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache, reduce
from operator import or_
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.types as ir

from helpers.foundation.engine import Engine
from helpers.foundation.errors import InputError
from helpers.foundation.money import MONEY
from helpers.foundation.schema import COLUMN_TYPES
from helpers.intake import date_formats
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
    moved = (offset == "").ifelse(told, in_zone(utc, zone))
    return may_have_offset(text).ifelse(moved, text.try_cast(COLUMN_TYPES["time"]))


def in_zone(utc: ir.TimestampValue, zone: str) -> ir.TimestampValue:
    """Return what clocks of a zone show at a time of UTC."""
    return utc + ibis.interval(seconds=1) * _local(utc, zone_changes(zone))


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


@dataclass(frozen=True, slots=True)
class ParsedColumn:
    """A typed engine value.

    Parameters
    ----------
    value : engine value
        Empty where nothing was recorded or the text could not be read.
    is_unread : engine flag or None
        Whether there was a text that could not be read; None where that cannot happen.
    is_ambiguous : engine flag, optional
        Whether two of the declared forms read a date's text as different days; None where that cannot happen.
    """

    value: ir.Value
    is_unread: ir.BooleanValue | None
    is_ambiguous: ir.BooleanValue | None = None


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
    is_ambiguous = _ambiguous(found, rule, scope) if kind in ("date", "time") else None
    read, failed = READINGS[kind](found, rule, scope)
    return ParsedColumn(read, reduce(or_, [*is_unread, *([] if failed is None else [failed])]) if is_unread or
                 failed is not None else None, is_ambiguous)


def refuse_ambiguous(
    found: ParsedColumn, formats: Sequence[str], table: ir.Table, engine: Engine, where: str
) -> None:
    """Refuse dates in forms that differ in their order only, where a text means another day in each.

    Raises
    ------
    InputError
        With the number of such dates.
    """
    if found.is_ambiguous is None:
        return
    n = engine.first_row(table.aggregate(
        n=found.is_ambiguous.ifelse(1, 0).sum().fill_null(0), given=found.value.count()))
    if n["n"]:
        raise InputError(where, f"{n['n']:,} of {n['given']:,} dates fit several of the forms {', '.join(formats)} and "
                         "mean another day in each", "one order of day and month, or a column that tells which")


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
        read = ibis.coalesce(*(_time(text, form, scope.zone) for form in rule.formats or date_formats.ISO[:1]))
        return read.cast(COLUMN_TYPES[kind]), text.notnull() & read.isnull()
    return reading


def _time(text: ir.StringValue, form: str, zone: str) -> ir.TimestampValue:
    """Return the time that a text tells in one form, empty where it does not have it."""
    if form in date_formats.COUNTED:
        counted = date_formats.counted_time(text, form)
        return in_zone(counted, zone) if form in date_formats.SINCE_1970 and zone else counted
    iso = date_formats.iso_text(text, form)
    if form in date_formats.ISO:
        return local_time(iso, zone)
    told = iso.try_cast(COLUMN_TYPES["time"])
    if "%z" not in form:
        return told
    utc = told - ibis.interval(seconds=1) * date_formats.offset_seconds(text, form)
    return in_zone(utc, zone) if zone else utc


def _ambiguous(found: ir.Value, rule: ColumnRule, scope: ExpressionScope) -> ir.BooleanValue | None:
    if len(rule.formats) < 2 or found.type().is_temporal():
        return None
    text = found.cast("string")
    return date_formats.may_differ({form: _time(text, form, scope.zone) for form in rule.formats})


READINGS = {
    "text": _text, "number": _number(NUMBER), "money": _number(MONEY), "integer": _integer, "flag": _flag,
    "date": _moment("date"), "time": _moment("time"),
}
