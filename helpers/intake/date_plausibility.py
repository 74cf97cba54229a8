"""Plausible dates: the as-of date, rows in the future, rows isolated in time, rows after the as-of date.

Four tables record what happened on a day: order lines, answered surveys, service cases, behaviour events. The day that
a delivery speaks for is the newest one of theirs that has begun and is not isolated; where none of them has a row, the
newest day of any other dated table that has begun. Where only starts are dated, as of contracts and customers, the day
that the profile declares comes before the newest start, which only tells that the records reach so far at least. Rows
of these four that are dated after the run's day, or isolated in time, are rejected. Rows of any table after the as-of
date are not yet: they wait for a later run.

*Isolated* are rows at either end of a table, one in a hundred of its rows at most (one row at least), beyond a gap that
is ten times as long as the longest one among the days that hold the others, and half a year at least; before the
others five years at least, since a slow start is usual. Fewer than ten days with records have no rhythm to judge by.

A table has *ended early* when its newest row is older than twice the longest pause of its last year, but no sooner than
two weeks and no later than a year before the as-of date; with fewer than ten days, a year.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import ibis.expr.types as ir

from helpers.foundation.engine import Engine

HAPPENED = ("transactions", "respondents", "cases", "events")

STANDING = ("customers", "subscriptions", "memberships", "consents")  # told by their start, which may be long ago

FUTURE, ISOLATED, LATE = "dated after the run's day", "isolated in time", "after the as-of date"

REASONS = (FUTURE, ISOLATED, LATE)

FEW_SHARE, FEWEST_DAYS, TIMES_LONGER = 0.01, 10, 10

NEWEST_GAP_DAYS, OLDEST_GAP_DAYS = 182, 1826

PAUSES, SHORTEST_LIMIT_DAYS, YEAR_DAYS = 2, 14, 365

FIRST_ZONE = timedelta(hours=14)  # where on earth a day begins first

Days = tuple[tuple[date, int], ...]


@dataclass(frozen=True, slots=True)
class TableDates:
    """The dates of one table's rows.

    Parameters
    ----------
    days : tuple of (date, int)
        Each day with rows and their number, oldest first; rows that are left out for other reasons are not counted.
    today : date or None
        Newest day on which something can have happened; None: any day can be recorded, as in contracts or consents.
    first_on, last_on : date or None
        Rows before the first or after the last one are isolated; None: none are.
    as_of_on : date or None
        Rows after it are not yet; None where no day is settled.
    """

    days: Days
    today: date | None = None
    first_on: date | None = None
    last_on: date | None = None
    as_of_on: date | None = None

    @property
    def accepted(self) -> Days:
        """The days whose rows are taken."""
        return tuple((on, n) for on, n in self.days if not any(is_hit for is_hit, _ in self._asked(on)))

    @property
    def newest_on(self) -> date | None:
        """The newest day that has begun and is not isolated."""
        known = [on for on, _ in replace(self, as_of_on=None).accepted]
        return known[-1] if known else None

    @property
    def is_cut(self) -> bool:
        """Whether any row is left out by its date."""
        return len(self.accepted) < len(self.days)

    def reasons(self, day: ir.DateValue) -> list[tuple[ir.BooleanValue, str]]:
        """Return every reason to leave a row out by its day, with its condition."""
        return [(is_hit.fill_null(False), reason) for is_hit, reason in self._asked(day)]

    def aside(self, reason: str) -> Days:
        """Return the days whose rows are left out for a reason."""
        return tuple((on, n) for on, n in self.days
                     if any(is_hit and said == reason for is_hit, said in self._asked(on)))

    def _asked(self, day: Any) -> list[tuple[Any, str]]:
        """Return each reason with whether it holds for a day, or the condition on a column of days; one at most does.

        A date is answered by flags, a date of the engine by its conditions.
        """
        begun, last_on = self.today or date.max, self.last_on or date.max
        newest_on = min(begun, last_on)
        asked = [(day > begun, FUTURE)] if self.today else []
        asked += [((day > last_on) & (day <= begun), ISOLATED)] if self.last_on else []
        asked += [(day < self.first_on, ISOLATED)] if self.first_on else []
        return asked + ([((day > self.as_of_on) & (day <= newest_on), LATE)] if self.as_of_on else [])


@dataclass(frozen=True, slots=True)
class NewestDay:
    """How far the rows of a table reach.

    Parameters
    ----------
    newest_on, as_of_on : date
        Day of the newest row, and the one that the run speaks for.
    limit_days : int
        Longest age of the newest row that the table's own rhythm explains, or that the profile allows [days].
    """

    newest_on: date
    as_of_on: date
    limit_days: int

    @property
    def age_days(self) -> int:
        """Age of the newest row [days]."""
        return (self.as_of_on - self.newest_on).days

    @property
    def is_early(self) -> bool:
        """Whether the rows end too long before the as-of date for its figures to be told."""
        return self.age_days > self.limit_days


def newest_begun_day(at: datetime | None = None) -> date:
    """Return the newest day that has begun anywhere on earth, so that no zone's rows of today are refused.

    Examples
    --------
    >>> [str(newest_begun_day(datetime(2026, 11, 29, hour, tzinfo=UTC))) for hour in (9, 10)]
    ['2026-11-29', '2026-11-30']
    """
    return ((at or datetime.now(UTC)).astimezone(UTC) + FIRST_ZONE).date()


def date_words(on: date) -> str:
    """Return a day in words.

    Examples
    --------
    >>> date_words(date(1998, 6, 30))
    '30 June 1998'
    """
    return f"{on.day} {on:%B} {on.year}"


def days_with_records(table: ir.Table, day: ir.DateValue, engine: Engine) -> Days:
    """Return each day with rows and their number, oldest first."""
    counts = table.filter(day.notnull()).group_by(on=day).aggregate(n=lambda t: t.count())
    found = engine.arrow(counts.order_by("on")).to_pylist()
    return tuple((row["on"], int(row["n"])) for row in found)


def plausible_bounds(days: Days) -> tuple[date | None, date | None]:
    """Return the first and last day that are not isolated; None where nothing lies beyond.

    Examples
    --------
    >>> daily = tuple((date(1998, 6, 1) + timedelta(i), 10) for i in range(30))
    >>> plausible_bounds(daily), plausible_bounds((*daily, (date(2005, 1, 1), 1)))
    ((None, None), (None, datetime.date(1998, 6, 30)))
    """
    allowed = max(1, int(FEW_SHARE * sum(n for _, n in days)))
    start, stop = _kept(days, allowed), len(days) - _kept(days[::-1], allowed)
    if stop - start < FEWEST_DAYS:
        return None, None
    on = [day for day, _ in days]
    usual = TIMES_LONGER * max(day_gaps(on[start:stop]), default=0)
    first = next((on[i] for i in range(start, 0, -1) if _apart(on, i) >= max(usual, OLDEST_GAP_DAYS)), None)
    last = next((on[i - 1] for i in range(stop, len(on)) if _apart(on, i) >= max(usual, NEWEST_GAP_DAYS)), None)
    return first, last


def day_gaps(on: Sequence[date]) -> list[int]:
    """Return the days between neighbouring days with records [days]."""
    return [(after - before).days for before, after in pairwise(on)]


def rhythm_limit(days: Days) -> int:
    """Return the age of the newest row that a table's own rhythm explains [days].

    Examples
    --------
    >>> rhythm_limit(tuple((date(1998, 6, 1) + timedelta(i), 10) for i in range(30)))
    14
    >>> rhythm_limit(tuple((date(1998, 1, 1) + timedelta(30 * i), 10) for i in range(12)))
    60
    """
    if len(days) < FEWEST_DAYS:
        return YEAR_DAYS
    newest_on = days[-1][0]
    last_year = [on for on, _ in days if (newest_on - on).days <= YEAR_DAYS]
    longest = max(day_gaps(last_year), default=YEAR_DAYS)
    return min(YEAR_DAYS, max(SHORTEST_LIMIT_DAYS, PAUSES * longest))


def judge_dates(
    found: Mapping[str, Days], today: date, as_of_on: date | None = None, declared_on: date | None = None
) -> dict[str, TableDates]:
    """Return the datings of all tables, with the day that the delivery speaks for.

    Parameters
    ----------
    found : mapping of str to Days
        Days with rows, by table without its folder.
    today : date
        Newest day that has begun.
    as_of_on : date, optional
        The day, where one is asked for; else the newest row settles it.
    declared_on : date, optional
        The profile's own day, where only starts are dated (`STANDING`).
    """
    named = {name: TableDates(days, today, *plausible_bounds(tuple(d for d in days if d[0] <= today)))
             if name in HAPPENED else TableDates(days) for name, days in found.items()}
    if "responses" in found and "respondents" in named:  # answers have the day of those who gave them
        named["responses"] = replace(named["respondents"], days=found["responses"])
    known_on = declared_on if named.keys() <= set(STANDING) else None
    settled = as_of_on or _newest(named[n] for n in HAPPENED if n in named) or known_on or _newest(
        replace(d, today=today) for d in named.values())
    return {name: replace(dating, as_of_on=settled) for name, dating in named.items()}


def newest_days(found: Mapping[str, TableDates], allowed_days: int | None = None) -> dict[str, NewestDay]:
    """Return how far the rows of each table reach that records what happened on a day.

    Parameters
    ----------
    found : mapping of str to TableDates
        From `judge_dates`.
    allowed_days : int, optional
        The age that the profile declares as allowed; a rhythm does not make it stricter [days].
    """
    return {
        name: NewestDay(dating.accepted[-1][0], dating.as_of_on, max(rhythm_limit(dating.accepted), allowed_days or 0))
        for name, dating in found.items()
        if name in HAPPENED and dating.accepted and dating.as_of_on
    }


def _newest(found: Iterable[TableDates]) -> date | None:
    return max((d.newest_on for d in found if d.newest_on), default=None)


def _kept(days: Days, allowed: int) -> int:
    """Return how many of the first days hold no more rows than allowed."""
    total = 0
    for i, (_, n) in enumerate(days):
        total += n
        if total > allowed:
            return i
    return len(days)


def _apart(on: Sequence[date], i: int) -> int:
    return (on[i] - on[i - 1]).days
