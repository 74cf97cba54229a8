"""Progress lines of a run, with an estimate of the time left."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

RUN, STEP, NOTE, ERROR = "run", "step", "note", "error"  # kinds of events


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened in a run.

    Parameters
    ----------
    kind : str
        ``run`` (it began or ended), ``step`` (one began or ended), ``note`` or ``error``.
    sentence : str
        For people.
    seconds : float
        Since the start of the run.
    facts : mapping
        For machines: names of run and step, states, reasons, exit code.
    """

    kind: str
    sentence: str
    seconds: float = 0.0
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return the line for people: with the time since the start, unless it is an error."""
        return self.sentence if self.kind == ERROR else f"[{clock(self.seconds)}] {self.sentence}"

    def json(self) -> str:
        """Return the line for machines: one JSON object, with the time in UTC."""
        told = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "seconds": round(self.seconds, 3),
                "event": self.kind, "message": self.sentence}
        return json.dumps(told | dict(self.facts), default=str)


@dataclass(slots=True)
class Progress:
    """The lines of one run.

    Parameters
    ----------
    expected : mapping of str to float
        Seconds that each step took in the last run; empty where there was none.
    wall : float
        Seconds that the whole last run took.
    tell : callable
        Takes each event.
    """

    expected: Mapping[str, float]
    wall: float
    tell: Callable[[Event], None]
    began: float = field(default_factory=time.monotonic)

    def say(self, sentence: str, kind: str = NOTE, **facts: Any) -> None:
        """Tell one event, with the time since the start."""
        self.tell(Event(kind, sentence, time.monotonic() - self.began, facts))

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return round(time.monotonic() - self.began, 3)

    def left(self, unsettled: Mapping[str, float]) -> str:
        """Return the time that is left, in words; empty where nothing is known.

        Parameters
        ----------
        unsettled : mapping of str to float
            Seconds that each step that is not settled has run for so far.
        """
        total = sum(self.expected.values())
        if not total or not unsettled.keys() <= self.expected.keys():
            return ""
        steps = sum(max(self.expected[name] - seconds, 0) for name, seconds in unsettled.items())
        return f"; about {duration(steps * self.wall / total)} left" if unsettled else ""


def clock(seconds: float) -> str:
    """Return a time as minutes and seconds.

    Examples
    --------
    >>> clock(75.2)
    '01:15'
    """
    return f"{int(seconds) // 60:02}:{int(seconds) % 60:02}"


def duration(seconds: float) -> str:
    """Return a time in words.

    Examples
    --------
    >>> duration(4.21), duration(80)
    ('4.2 s', '1 min 20 s')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    return f"{whole // 60} min" + (f" {whole % 60} s" if whole % 60 else "")
