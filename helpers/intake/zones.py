"""Times with an offset, such as 2025-03-01T10:00:00+02:00, in the study's time zone; the same on every engine.

Engines know time zones of different editions, or none without an extension: the days on which clocks change are taken
from Python's, and written into the expression.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.types as ir

from helpers.foundation.tables import TYPES

FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2060, 1, 1, tzinfo=UTC)
STEP = timedelta(7)  # no zone changes its clocks twice within it
OFFSET = r"\d{2}(?:[.]\d+)?( ?(?:Z|z|[+-]\d{2}(?::?\d{2})?))$"


@lru_cache
def changes(zone: str) -> tuple[tuple[datetime, int], ...]:
    """Return when a zone's clocks change and what they are ahead of UTC from then on; first what they are in 1970.

    Returns
    -------
    tuple of (datetime, int)
        Naive UTC, and the offset from then on [seconds].

    Examples
    --------
    >>> [(str(at), ahead) for at, ahead in changes("Europe/Berlin")[-2:]]
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
    return int(at.astimezone(zone).utcoffset().total_seconds())


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


def read(text: ir.StringValue, zone: str) -> ir.TimestampValue:
    """Return the time that an ISO text tells, in a zone; as it is written where it has no offset, empty if unreadable.

    Parameters
    ----------
    text : engine text
        Such as ``2025-03-01 10:00``, ``2025-03-01T10:00:00.5+02:00``, ``2025-03-01T08:00:00Z``.
    zone : str
        Name of a time zone, such as ``Europe/Berlin``; empty where no text has an offset.
    """
    if not zone:
        return text.try_cast(TYPES["time"])
    offset = text.re_extract(OFFSET, 1)
    told = text.left(text.length() - offset.length()).try_cast(TYPES["time"])
    utc = told - ibis.interval(seconds=1) * _seconds(offset)
    moved = (offset == "").ifelse(told, utc + ibis.interval(seconds=1) * _local(utc, changes(zone)))
    return may_have_offset(text).ifelse(moved, text.try_cast(TYPES["time"]))


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
