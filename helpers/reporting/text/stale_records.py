"""Text on stale records: which day a page's figures speak for, and what is not reported after it."""

from collections.abc import Iterable
from datetime import date

from helpers.foundation.results import Gate, Level
from helpers.reporting import formatting


def stale_records_opening(gates: Iterable[Gate], covered_on: date) -> tuple[str, ...]:
    """Return the first sentence of a page that counts orders which end early; nothing where none do.

    Parameters
    ----------
    gates : iterable of Gate
        Those that the intake found crossed for orders.
    covered_on : date
        Last day of which orders tell.
    """
    return tuple(f"{formatting.sentence_case(gate.sentence.split(', of which')[0])}: {_said(gate, covered_on)}."
                 for gate in gates)


def _said(gate: Gate, covered_on: date) -> str:
    tells = f"this page tells of {formatting.date_text(covered_on)}"
    return (f"figures of the time since are not reported and {tells}; a run as of {covered_on} needs no such strike"
            if gate.level is Level.STRIKE else tells)


def ungraded_reason(covered_on: date) -> str:
    """Return why a forecast is not graded whose last day no order has reached."""
    return f"orders end on {formatting.date_text(covered_on)}, before its last day"
