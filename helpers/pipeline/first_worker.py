"""First worker: forked at the door, it loads what the first step needs while the runner itself still loads.

Nothing is imported here that takes time: it is the first thing that a run does.
"""

import contextlib
import gc
import multiprocessing
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess


class FirstWorker:
    """A worker that loads libraries before anybody knows whether the run will begin.

    Parameters
    ----------
    step : str
        Step whose libraries it loads; those of the first where there is no such step.
    """

    def __init__(self, step: str = "") -> None:
        self.line, theirs = multiprocessing.Pipe()
        their_lifeline, self.lifeline = multiprocessing.Pipe(duplex=False)
        self.is_taken = False
        self.process: BaseProcess = multiprocessing.get_context("fork").Process(
            target=_load_and_wait, args=(step, (theirs, their_lifeline), (self.line, self.lifeline)), daemon=False)
        with uninterrupted():  # a Ctrl-C that is meant for the run is not to end it with a traceback
            self.process.start()
        theirs.close()
        their_lifeline.close()

    def take(self, modules: tuple[str, ...], environment: Mapping[str, str], log: str) -> None:
        """Let it start its kernel, with what `worker.serve_worker` needs to know; the caller ends it from now on."""
        self.is_taken = True
        with contextlib.suppress(BrokenPipeError):  # it died while it waited; the next look finds that out
            self.line.send((modules, environment, log))

    def dismiss(self) -> None:
        """End it at once unless a run has taken it."""
        if not self.is_taken:
            self.process.kill()
            self.process.join()
            self.line.close()
            self.lifeline.close()


@contextlib.contextmanager
def started_first(step: str = "") -> Iterator[FirstWorker | None]:
    """Give a first worker where one gains something: not once the runner is loaded, whose threads a fork would lose."""
    is_loaded = "helpers.pipeline.runner" in sys.modules or threading.active_count() > 1
    first = FirstWorker(step) if sys.platform == "linux" and not is_loaded else None  # as kernels are forked there
    try:
        yield first
    finally:
        if first:
            first.dismiss()


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Let libraries load without a search for garbage in between, of which they leave none: a tenth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Let processes that are started here ignore Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _load_and_wait(step: str, own: tuple[Connection, Connection], others: tuple[Connection, Connection]) -> None:
    for end in others:  # else it would not see the runner go
        end.close()
    try:
        with uncollected():
            from helpers.pipeline import worker
            from helpers.pipeline.steps import WORKBOOK

        worker.preload([WORKBOOK.path(next((s for s in WORKBOOK.steps if s.name == step), WORKBOOK.steps[0]))])
        line, lifeline = own
        told = line.recv()
    except Exception:  # nobody has begun a run, or the runner, which loads the same, says why
        return
    worker.serve_worker(line, lifeline, *told)
