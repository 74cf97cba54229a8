"""Worker pool: worker processes started ahead of time, watched, and ended for certain."""

import contextlib
import multiprocessing
import os
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the server of forks is no name where there are no forks
    from multiprocessing.context import ForkServerContext, SpawnContext

from helpers.pipeline import forked_kernel
from helpers.pipeline.first_worker import FirstWorker, uninterrupted
from helpers.pipeline.worker import LEAVE_SECONDS, START_SECONDS, StepOrder, StepOutcome, kill_session, serve_worker

PATIENCE = 2 * LEAVE_SECONDS


@dataclass(slots=True, eq=False)
class Worker:
    """One worker, with its kernel.

    Parameters
    ----------
    hint : str
        Step whose imports its kernel has made ahead of time.
    process : BaseProcess
        The worker, leader of a session of its own.
    line, lifeline : Connection
        To talk, and to let it know that the runner lives.
    log : Path
        What worker and kernel said outside the notebook.
    kernel : int
        Process of the kernel, leader of a session of its own; 0 until it is known.
    is_ready, is_closed : bool
        Whether its kernel is warm; whether it has nothing to say any more.
    seconds : float
        Longest time for its step, once it has one.
    until : float
        The worker is ended at this time [s on the monotonic clock].
    outcome : StepOutcome, optional
        How its step ended, once told.
    """

    hint: str
    process: BaseProcess
    line: Connection
    lifeline: Connection
    log: Path
    kernel: int = 0
    is_ready: bool = False
    is_closed: bool = False
    seconds: float = float("inf")
    until: float = float("inf")
    outcome: StepOutcome | None = None

    def start(self, order: StepOrder, seconds: float) -> None:
        """Give the worker its step, and the time after which it is ended; a kernel that still starts gets more."""
        self.seconds = seconds
        self.until = time.monotonic() + seconds + (0 if self.is_ready else START_SECONDS)
        with contextlib.suppress(BrokenPipeError):  # it died while it waited; the next look finds that out
            self.line.send(order)

    def leave(self) -> None:
        """Give the worker the time it needs to close its kernel."""
        self.until = time.monotonic() + PATIENCE

    def listened(self) -> None:
        """Take in what the worker has told."""
        try:
            while self.line.poll():
                told = self.line.recv()
                if told[0] == "kernel":
                    self.kernel = told[1]
                elif told[0] == "ready":
                    self.is_ready, self.until = True, time.monotonic() + self.seconds
                elif told[0] == "done":
                    self.outcome = told[1]
        except (EOFError, ConnectionResetError):
            self.is_closed = True

    def has_died(self) -> bool:
        """Return whether the worker is gone and has not told how its step ended."""
        is_gone = not self.process.is_alive()
        self.listened()  # it may have told, and left, since the last look
        return is_gone and self.outcome is None

    def ended(self) -> None:
        """End worker and kernel at once, whatever they are doing."""
        for pid in (self.process.pid, self.kernel):
            kill_session(pid)
        self.process.kill()  # it may not lead its session yet
        self.process.join(LEAVE_SECONDS)
        self.line.close()
        self.lifeline.close()


@dataclass(slots=True)
class WorkerPool:
    """The workers of one run.

    Parameters
    ----------
    environment : mapping of str to str
        The whole environment of workers and kernels.
    folder : Path
        Takes the logs.
    is_preloaded : bool
        Whether workers are forked with the libraries of the workbook's notebooks loaded, which pays for all of them
        alone.
    first : FirstWorker, optional
        Was started before the runner was loaded; takes the first step.
    """

    environment: Mapping[str, str]
    folder: Path
    is_preloaded: bool = False
    first: FirstWorker | None = None
    waiting: list[Worker] = field(default_factory=list)
    leaving: list[Worker] = field(default_factory=list)
    _hired: int = 0
    _context: "ForkServerContext | SpawnContext" = field(init=False)

    def __post_init__(self) -> None:
        """Start what workers are forked from."""
        self._context = process_context(is_preloaded=self.is_preloaded)

    def hire(self, hint: str, modules: tuple[str, ...]) -> None:
        """Start a worker that prepares for a step and waits; the first one has been started already, if there is one.

        It works while the server still loads what all the others share.
        """
        self._hired += 1
        log = self.folder / f"worker-{self._hired}.log"
        first, self.first = self.first, None
        if first:
            first.take(modules, dict(self.environment), str(log))
            self.waiting.append(Worker(hint, first.process, first.line, first.lifeline, log))
            return
        line, their_line = self._context.Pipe()
        their_lifeline, lifeline = self._context.Pipe(duplex=False)
        process = self._context.Process(
            target=serve_worker,
            args=(their_line, their_lifeline, modules, dict(self.environment), str(log)),
            daemon=False,
        )
        process.start()
        their_line.close()
        their_lifeline.close()
        self.waiting.append(Worker(hint, process, line, lifeline, log))

    def taken(self, hint: str, modules: tuple[str, ...], settled: Collection[str]) -> Worker:
        """Return a worker for a step: one that has prepared for it, else for one that needs none any more, else new.

        Parameters
        ----------
        hint : str
            Name of the step.
        modules : tuple of str
            What a new worker's kernel imports.
        settled : collection of str
            Names of the steps that are through.
        """
        fitting = [hand for hand in self.waiting if hand.hint == hint] + [
            hand for hand in self.waiting if hand.hint in settled]
        if not fitting:
            self.hire(hint, modules)
        hand = next(iter(fitting), self.waiting[-1])
        self.waiting.remove(hand)
        return hand

    def left(self, hand: Worker) -> None:
        """Let a worker whose step is done go; it is ended if it does not go by itself."""
        hand.leave()
        self.leaving.append(hand)

    def news(self, working: Iterable[Worker], seconds: float) -> None:
        """Wait until a worker tells something, dies or is overdue; take in what all have told."""
        hands = [*working, *self.waiting, *self.leaving]
        overdue = min((hand.until for hand in hands), default=float("inf")) - time.monotonic()
        sources = [hand.process.sentinel for hand in hands] + [hand.line for hand in hands if not hand.is_closed]
        wait(sources, max(0.0, min(seconds, overdue)))
        for hand in hands:
            hand.listened()
        for hand in [h for h in self.leaving if not h.process.is_alive() or time.monotonic() >= h.until]:
            hand.ended()
            self.leaving.remove(hand)
        for hand in [h for h in self.waiting if not h.process.is_alive()]:
            hand.ended()
            self.waiting.remove(hand)

    def dismissed(self, working: Iterable[Worker] = ()) -> None:
        """End every worker: those that work at once, those that leave in their own time but not for ever."""
        for hand in (*working, *self.waiting):
            hand.ended()
        self.waiting.clear()
        while self.leaving:
            self.news((), PATIENCE)


def process_context(*, is_preloaded: bool) -> "ForkServerContext | SpawnContext":
    """Return how workers are started: from a server that has papermill, or all libraries, loaded where there is one."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    from multiprocessing import forkserver

    server = multiprocessing.get_context("forkserver")
    loaded = "preloaded_libraries" if is_preloaded and forked_kernel.IS_SUPPORTED else "worker"
    server.set_forkserver_preload([f"helpers.pipeline.{loaded}"])
    with uninterrupted():  # what it imports first is not to die of a Ctrl-C that is meant for the run
        forkserver.ensure_running()
    return server


def worker_environment(jobs: int, folder: Path, root: Path, kind: str = "duckdb") -> dict[str, str]:
    """Return the environment of a worker: its share of threads and memory, and temporary folders of its own.

    Parameters
    ----------
    jobs : int
        Steps that run side by side.
    folder : Path
        Takes temporary files and connection files.
    root : Path
        The checkout; kernels start there and find the helpers there.
    kind : str
        The engine.
    """
    from helpers.foundation import engine, engine_choice, folders

    limits = engine_limits(jobs)
    paths = [str(root), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        **os.environ,
        **forked_kernel.ONE_ALGEBRA_THREAD,
        "OMP_NUM_THREADS": limits[engine.THREADS_VARIABLE],
        **limits,
        engine_choice.ENGINE_VARIABLE: kind,
        **({folders.HOME_VARIABLE: str(folders.home_folder().absolute())} if folders.HOME_VARIABLE in os.environ
           else {}),  # a kernel starts elsewhere
        "TMPDIR": str(folder),
        "PWD": str(root),
        "JUPYTER_RUNTIME_DIR": str(folder),
        "PYTHONPATH": os.pathsep.join(paths),
    }


def engine_limits(jobs: int) -> dict[str, str]:
    """Return the environment that bounds the engine of one of so many steps side by side: its share of everything."""
    from helpers.foundation import engine

    return {engine.THREADS_VARIABLE: str(max(1, engine.thread_count() // jobs)),
            engine.MEMORY_VARIABLE: str(max(engine.memory_mib() // jobs, engine.MIN_MEMORY_MIB))}
