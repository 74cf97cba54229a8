"""What pages say where orders end long before the as-of date: of which day the page tells, and what is not graded."""

from collections.abc import Iterable
from datetime import date

from helpers.foundation.estimates import Gate, Level
from helpers.reporting import words


def opening(gates: Iterable[Gate], covered_on: date) -> tuple[str, ...]:
    """Return the first sentence of a page that counts orders which end early; nothing where none do.

    Parameters
    ----------
    gates : iterable of Gate
        Those that the intake found crossed for orders.
    covered_on : date
        Last day of which orders tell.
    """
    return tuple(f"{words.sentence_case(gate.sentence.split(', of which')[0])}: {_said(gate, covered_on)}."
                 for gate in gates)


def _said(gate: Gate, covered_on: date) -> str:
    tells = f"this page tells of {words.day(covered_on)}"
    return (f"figures of the time since are struck and {tells}; a run as of {covered_on} needs no such strike"
            if gate.level is Level.STRIKE else tells)


def ungraded(covered_on: date) -> str:
    """Return why a forecast is not graded whose last day no order has reached."""
    return f"orders end on {words.day(covered_on)}, before its last day"
