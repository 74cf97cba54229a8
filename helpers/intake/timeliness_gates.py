"""Timeliness gates: are dates plausible, and are the records fresh by their own rhythm."""

from collections.abc import Iterator

from helpers.foundation.results import ORDERS_REACH, Gate, Level
from helpers.intake import date_plausibility
from helpers.intake.date_plausibility import NewestDay
from helpers.intake.delivery import Delivery

REACH = {"transactions": (ORDERS_REACH, "order that counts"),  # cancelled ones are rejected
         "respondents": ("answers reach the as-of date", "answered survey"),
         "cases": ("cases reach the as-of date", "service case"), "events": ("events reach the as-of date", "event")}

TOUCHED = {"transactions": "change in revenue, retention, types of loyalty, every number by customer, "
                           "totals of money and customers, every forecast of churn, margin at risk",
           "respondents": "satisfaction index, every measure", "cases": "what is told of cases",
           "events": "what is told of events"}

MOST_DATES = 5


def date_gates(delivery: Delivery) -> tuple[Gate, ...]:
    """Return the gates on the dates of a delivery; none of them stops the run."""
    return (*freshness_gates(delivery), *plausible_date_gates(delivery))


def freshness_gates(delivery: Delivery) -> Iterator[Gate]:
    """Yield whether the rows of each table reach the as-of date, as their own rhythm would have it."""
    for name, ending in delivery.endings.items():
        gate, row = REACH[name]
        is_struck = name == "transactions" and delivery.is_asked
        level = Level.STRIKE if is_struck else Level.QUALIFY if name in ("transactions", "respondents") else Level.NOTE
        yield Gate(gate, float(ending.age_days), float(ending.limit_days), ending.is_early, level, TOUCHED[name],
                   _reached(ending, row, is_struck=is_struck))


def _reached(ending: NewestDay, row: str, *, is_struck: bool) -> str:
    newest, age = date_plausibility.date_words(ending.newest_on), ending.age_days
    found = f"the newest {row} is of {newest}, {age:,} {'day' if age == 1 else 'days'} before the as-of date"
    let_pass = f"of which {ending.limit_days:,} are tolerated"
    if not ending.is_early:
        return f"{found}, {let_pass}"
    follows = ("figures of the time since are not reported" if is_struck else
               "what is counted from such rows is as of that day")
    return f"{found}, {let_pass}; {follows}"


def plausible_date_gates(delivery: Delivery) -> Iterator[Gate]:
    """Yield whether every row that tells of a day has one on which it can have happened."""
    happened = {name: d for name, d in delivery.datings.items() if name in date_plausibility.HAPPENED}
    if not happened:
        return
    found = {
        (name, reason): days
        for name, dating in happened.items()
        for reason in (date_plausibility.FUTURE, date_plausibility.ISOLATED)
        if (days := dating.aside(reason))
    }
    n = sum(count for days in found.values() for _, count in days)
    said = [f"{name}: {rows_text(days)} {reason} ({dates_text(days)})" for (name, reason), days in found.items()]
    yield Gate("dates are those of the run", float(n), 0.0, n > 0, Level.NOTE, "the run's date, the history",
               f"rejected by date: {'; '.join(said)}" if n else
               f"no row is {date_plausibility.FUTURE} or {date_plausibility.ISOLATED}; none should be")


def rows_text(days: date_plausibility.Days) -> str:
    """Return how many rows have these days, in words."""
    n = sum(count for _, count in days)
    return f"{n:,} {'row' if n == 1 else 'rows'}"


def dates_text(days: date_plausibility.Days) -> str:
    """Return the first of these days, and how many more there are."""
    more = len(days) - MOST_DATES
    return ", ".join([*(on.isoformat() for on, _ in days[:MOST_DATES]), *([f"{more:,} days more"] if more > 0 else [])])
