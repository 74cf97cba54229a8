"""Gates on dates: whether rows reach the as-of date, and whether each has a day on which it can have happened."""

from collections.abc import Iterator

from helpers.foundation.estimates import ORDERS_REACH, Gate, Level
from helpers.intake import dates
from helpers.intake.dates import Ending
from helpers.intake.deliveries import Delivery

REACH = {"transactions": (ORDERS_REACH, "order"), "respondents": ("answers reach the as-of date", "answered survey"),
         "cases": ("cases reach the as-of date", "service case"), "events": ("events reach the as-of date", "event")}
TOUCHED = {"transactions": "change in revenue, retention, kinds of loyalty, every number by customer, "
                           "totals of money and customers, every forecast of churn, value at stake",
           "respondents": "satisfaction index, every measure", "cases": "what is told of cases",
           "events": "what is told of events"}
MOST_DATES = 5


def gates(delivery: Delivery) -> tuple[Gate, ...]:
    """Return the gates on the dates of a delivery; none of them stops the run."""
    return (*reaching(delivery), *dated(delivery))


def reaching(delivery: Delivery) -> Iterator[Gate]:
    """Yield whether the rows of each table reach the as-of date, as their own rhythm would have it."""
    for name, ending in delivery.endings.items():
        gate, row = REACH[name]
        is_struck = name == "transactions" and delivery.is_asked
        level = Level.STRIKE if is_struck else Level.QUALIFY if name in ("transactions", "respondents") else Level.NOTE
        yield Gate(gate, float(ending.age_days), float(ending.limit_days), ending.is_early, level, TOUCHED[name],
                   _reached(ending, row, is_struck=is_struck))


def _reached(ending: Ending, row: str, *, is_struck: bool) -> str:
    newest, age = dates.said(ending.newest_on), ending.age_days
    found = f"the newest {row} is of {newest}, {age:,} {'day' if age == 1 else 'days'} before the as-of date"
    let_pass = f"of which {ending.limit_days:,} are let pass"
    if not ending.is_early:
        return f"{found}, {let_pass}"
    follows = ("figures of the time since are struck" if is_struck else
               "what is counted from such rows is as of that day")
    return f"{found}, {let_pass}; {follows}"


def dated(delivery: Delivery) -> Iterator[Gate]:
    """Yield whether every row that tells of a day has one on which it can have happened."""
    happened = {name: d for name, d in delivery.datings.items() if name in dates.HAPPENED}
    if not happened:
        return
    found = {(name, reason): days for name, dating in happened.items() for reason in (dates.FUTURE, dates.ISOLATED)
             if (days := dating.aside(reason))}
    n = sum(count for days in found.values() for _, count in days)
    said = [f"{name}: {rows(days)} {reason} ({named(days)})" for (name, reason), days in found.items()]
    yield Gate("dates are those of the run", float(n), 0.0, n > 0, Level.NOTE, "the run's date, the history",
               f"rejected by date: {'; '.join(said)}" if n else
               f"no row is {dates.FUTURE} or {dates.ISOLATED}; none should be")


def rows(days: dates.Days) -> str:
    """Return how many rows have these days, in words."""
    n = sum(count for _, count in days)
    return f"{n:,} {'row' if n == 1 else 'rows'}"


def named(days: dates.Days) -> str:
    """Return the first of these days, and how many more there are."""
    more = len(days) - MOST_DATES
    return ", ".join([*(on.isoformat() for on, _ in days[:MOST_DATES]), *([f"{more:,} days more"] if more > 0 else [])])
