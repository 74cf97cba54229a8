"""Inferred forms of dates and times: the fewest forms that read a column, their rivals, what stays ambiguous."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import combinations

from helpers.intake import date_formats

DAYS = ("%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d",
        "%d/%m/%y", "%m/%d/%y", "%d.%m.%y", "%d-%b-%Y", "%d-%b-%y", "%d/%b/%Y", "%d %b %Y", "%d. %b %Y", "%b %d, %Y",
        "%b %d %Y", "%Y-%b-%d", "%d de %b de %Y", "%a, %d %b %Y", "%a %d %b %Y", "%a, %b %d, %Y", "%Y年%m月%d日",
        "%Y년 %m월 %d일", "%Y. %m. %d.")

TIMES = ("%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p", "%I:%M:%S%p", "%I:%M%p", "%H:%M:%S.%f", "%H:%M:%S,%f",
         "%p %I:%M:%S", "%p %I:%M", "%H.%M")

CLOCKS = ("", *(join + time + zone for zone in ("", " %z", "%z") for time in TIMES for join in (" ", "T", ", ")))

LOOKED_AT, MOST_FORMS, FITTING, FEWEST = 2_000, 4, 0.95, 20

CALLED = (r"(date|datum|time|zeit|stamp|created|updated|modified|fecha|termin|日期|时间|날짜)|"
          r"(^|[\W_])(day|tag|when|jour|data|giorno|since|seit|on|at|ts)($|[\W_])")

FIRST_SERIAL, FIRST_EPOCH, LAST = datetime(1950, 1, 1), datetime(1990, 1, 1), datetime(2060, 1, 1)


@dataclass(frozen=True, slots=True)
class DateForms:
    """How a column's dates are written.

    Parameters
    ----------
    forms : tuple of str
        The fewest that read every date.
    rivals : tuple of str
        Forms that read every date as well, most of them as another day.
    unread : frozenset of str
        Values among those looked at that are no dates.
    n_ambiguous : int
        Values that two of the forms read as different days.
    """

    forms: tuple[str, ...]
    rivals: tuple[str, ...] = ()
    unread: frozenset[str] = frozenset()
    n_ambiguous: int = 0

    @property
    def has_clock(self) -> bool:
        """Whether any form tells the time of day."""
        return any("%M" in form or form in date_formats.SINCE_1970 for form in self.forms)


def infer_dates(name: str, values: Sequence[str]) -> DateForms | None:
    """Return how the values of a column are written where they are dates, or nearly all are; else None.

    Parameters
    ----------
    name : str
        Of the column: numbers are counts of days or seconds only where it speaks of time, or dates stand beside them.
    values : sequence of str
        Different values; the first are looked at.
    """
    is_called = re.search(CALLED, name.lower()) is not None or any(
        not value.isdigit() and value_forms(value, is_called=False) for value in values[:10])
    read = _fitting_forms(values[:LOOKED_AT], is_called=is_called)
    if read is None:
        return None
    unread = frozenset(values[:LOOKED_AT]) - read.keys()
    common = [f for f in next(iter(read.values())) if all(f in forms for forms in read.values())]
    if common:
        first, *others = sorted(common, key=_preference)
        return DateForms((first,), tuple(f for f in others if f not in date_formats.COUNTED), unread)
    forms = _fewest(read)
    return DateForms(forms, (), unread, sum(_is_ambiguous(v, forms) for v in read)) if forms else None


def _fitting_forms(values: Sequence[str], *, is_called: bool) -> dict[str, tuple[str, ...]] | None:
    """Return the forms that read each date; None as soon as too many values are none, mostly after the first few."""
    tolerated = (1 - FITTING) * len(values) if len(values) >= FEWEST else 0
    read, n_unread = {}, 0
    for value in values:
        forms = value_forms(value, is_called=is_called)
        n_unread += not forms
        if n_unread > tolerated:
            return None
        read |= {value: forms} if forms else {}
    return read


def value_forms(value: str, *, is_called: bool) -> tuple[str, ...]:
    """Return every form that reads a value as a date.

    Examples
    --------
    >>> value_forms("31.12.2024 10:05", is_called=False), value_forms("45300", is_called=True)
    (('%d.%m.%Y %H:%M',), ('excel serial',))
    """
    calendar = tuple(f for f in _candidates(re.sub(r"\d", "9", value)) if _reads(value, f))
    counted = date_formats.COUNTED[:-1] if is_called else ()  # what is counted from 1904, readers of sheets know
    return calendar + tuple(f for f in counted if _is_plausible(date_formats.read_time(value, f), f))


def with_order(found: DateForms, others: Iterable[DateForms]) -> DateForms:
    """Return forms in the order of day and month that other columns of the file settle, where their own values do not.

    Parameters
    ----------
    found : DateForms
        One column's.
    others : iterable of DateForms
        Those of the other columns.
    """
    orders = {_order(other.forms[0]) for other in others if not other.rivals}
    settled = [f for f in (*found.forms, *found.rivals) if _order(f) in orders]
    if not found.rivals or len({_order(f) for f in settled}) != 1:
        return found
    return DateForms((settled[0],), (), found.unread, found.n_ambiguous)


def _order(form: str) -> str:
    return "".join(re.findall("%([dmyY])", form)).lower()


def _preference(form: str) -> tuple[bool, int]:
    """Return a key that puts the month first where the clock has twelve hours, as in America."""
    american = "%p" in form and form.startswith("%m/")
    return not american, next((i for i, day in enumerate(DAYS) if form.startswith(day)), len(DAYS))


def _is_plausible(at: datetime | None, form: str) -> bool:
    first = FIRST_EPOCH if form in date_formats.SINCE_1970 else FIRST_SERIAL
    return at is not None and first <= at < LAST


def _reads(value: str, form: str) -> bool:
    at = date_formats.read_time(value, form)
    return at is not None and (not form.startswith("%Y%m%d") or _is_plausible(at, form))


def _fewest(read: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return few forms of which one at least reads each value; none where it takes too many."""
    left, chosen = dict(read), []
    while left and len(chosen) < MOST_FORMS:
        counts: dict[str, int] = {}
        for forms in left.values():
            for form in forms:
                counts[form] = counts.get(form, 0) + 1
        chosen.append(max(counts, key=lambda form: counts[form]))
        left = {v: forms for v, forms in left.items() if chosen[-1] not in forms}
    return () if left else tuple(chosen)


def _is_ambiguous(value: str, forms: Sequence[str]) -> bool:
    times = [at for form in forms if (at := date_formats.read_time(value, form))]
    return any(a != b for a, b in combinations(times, 2))


@lru_cache(10_000)
def _candidates(shape: str) -> tuple[str, ...]:
    """Return the forms that a text of this shape may have; each digit of a shape is a 9."""
    found = []
    for day in DAYS:
        start = _piece_pattern(day).match(shape)
        rest = shape[start.end():] if start else ""
        found += [day + clock for clock in CLOCKS if start and _piece_pattern(clock).fullmatch(rest)]
    return tuple(found)


@lru_cache(1_000)
def _piece_pattern(piece: str) -> re.Pattern:
    parts = re.split(r"%(.)", piece)
    known = {k: v.replace("{1,2}", "{2}") for k, v in date_formats.DIRECTIVES.items()} if piece == "%Y%m%d" \
        else date_formats.DIRECTIVES
    return re.compile("".join(f"(?:{known[p]})" if i % 2 else re.escape(p) for i, p in enumerate(parts)), re.ASCII)
