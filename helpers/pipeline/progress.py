"""Progress lines of a run, with an estimate of the time left."""

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


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
        Takes each line.
    """

    expected: Mapping[str, float]
    wall: float
    tell: Callable[[str], None]
    began: float = field(default_factory=time.monotonic)

    def say(self, sentence: str) -> None:
        """Tell one line, with the time since the start."""
        self.tell(f"[{clock(time.monotonic() - self.began)}] {sentence}")

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


def print_line(line: str) -> None:
    """Print a line at once, also into a file or pipe."""
    print(line, flush=True)


def print_error(sentence: str) -> None:
    """Print one sentence to where errors go."""
    print(sentence, file=sys.stderr, flush=True)
