"""Console: what commands print, as lines for people or as JSON, and the log file of a run.

A reader who leaves, such as ``head``, ends no run: what nobody reads is dropped. Signs that a terminal cannot show are
escaped.
"""

import json
import logging
import os
import sys
import time
from collections.abc import Iterable
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from typing import Any, TextIO

from helpers.foundation.errors import InputError, one_line
from helpers.pipeline.progress import ERROR, Event

STDOUT = "standard output"

LOG_BYTES, LOG_FILES = 2_000_000, 5  # of one log file, and how many older ones are kept beside it


def prepare_streams() -> None:
    """Let standard output and error escape what their encoding lacks, rather than fail."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def print_lines(lines: Iterable[str]) -> None:
    """Print what a command has found.

    Raises
    ------
    OSError
        If standard output cannot take it, for another reason than that nobody reads any more.
    """
    try:
        print("\n".join(lines), flush=True)
    except BrokenPipeError:
        _silence(sys.stdout)
    except OSError as error:
        _silence(sys.stdout)
        raise OSError(error.errno, error.strerror, STDOUT) from None


def print_json(content: Any) -> None:
    """Print what a command has found as one JSON value; dates and paths are texts, what is no number is null."""
    print_lines([json.dumps(content, indent=1, default=str)])


def print_error(sentence: str) -> None:
    """Print one sentence to where errors go, on one line."""
    try:
        print(one_line(sentence), file=sys.stderr, flush=True)
    except OSError:  # nobody to tell is left
        _silence(sys.stderr)


def print_event(event: Event) -> None:
    """Print what happened in a run for people, at once: errors to where errors go."""
    if event.kind == ERROR:
        print_error(str(event))
    else:
        _print_line(one_line(str(event)))


def flush_streams() -> None:
    """Hand over what is still buffered; what nobody reads any more is dropped."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            _silence(stream)


class LogFile(RotatingFileHandler):
    """A log file that is rotated by its size; one that cannot be written stops no run.

    Parameters
    ----------
    path : str
        The file; its folder is there.

    Raises
    ------
    InputError
        If it cannot be opened.
    """

    def __init__(self, path: str) -> None:
        try:
            super().__init__(path, maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8",
                             errors="backslashreplace")
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise InputError("--log", f"'{path}' cannot be written ({reason})",
                             "a file in a folder that is there") from None
        formatter = logging.Formatter("%(asctime)sZ %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S")
        formatter.converter = time.gmtime
        self.setFormatter(formatter)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name that logging calls
        """Drop a line that cannot be written."""

    def take(self, event: Event) -> None:
        """Write down one event."""
        level = logging.ERROR if event.kind == ERROR else logging.INFO
        self.handle(logging.LogRecord("loyalty", level, "", 0, one_line(str(event)), None, None))


class RunOutput:
    """Where the events of a run go: standard output and error, and a log file.

    Parameters
    ----------
    is_json : bool
        Whether each event is printed as one line of JSON.
    is_quiet : bool
        Whether only errors are printed.
    log : str
        Log file; ``""`` is none.
    """

    def __init__(self, *, is_json: bool = False, is_quiet: bool = False, log: str = "") -> None:
        self.is_json, self.is_quiet = is_json, is_quiet
        self.log = LogFile(log) if log else None
        self.errors: list[str] = []
        self.run = ""

    def __call__(self, event: Event) -> None:
        """Pass on one event; remember the run and what was complained of."""
        self.run = str(event.facts.get("run", self.run))
        self.errors += [event.sentence] if event.kind == ERROR else []
        if self.log:
            self.log.take(event)
        if self.is_json:
            _print_line(event.json())
        if event.kind == ERROR or not (self.is_json or self.is_quiet):
            print_event(event)

    def close(self) -> None:
        """Close the log file."""
        if self.log:
            self.log.close()


def _print_line(line: str) -> None:
    """Print one line of a run, which goes on although nobody follows it."""
    try:
        print(line, flush=True)
    except OSError:
        _silence(sys.stdout)


def _silence(stream: TextIO | None) -> None:
    """Send what a stream is still given nowhere, also what Python writes when it leaves."""
    if not isinstance(stream, TextIOWrapper):
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
