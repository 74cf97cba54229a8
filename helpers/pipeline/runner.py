"""Runs the workbook: checks the request, starts or resumes a run, returns the exit code."""

import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.foundation import atomic_files, engine_choice, workspace
from helpers.foundation.errors import InputError, spelling_hint
from helpers.foundation.results import Level
from helpers.intake import date_plausibility
from helpers.pipeline import (
    parameters,
    provenance,
    publishing,
    registry,
    resume,
    run_retention,
    runs,
    system_errors,
    worker_pool,
)
from helpers.pipeline.parameters import Parameter
from helpers.pipeline.progress import Progress, duration, print_error, print_line
from helpers.pipeline.runs import Run
from helpers.pipeline.scheduler import StepScheduler
from helpers.pipeline.steps import INTAKE, WORKBOOK, Step, Workbook

GOOD, STEP_FAILED, BAD_INPUT, GATE = 0, 1, 2, 3


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a run.

    Parameters
    ----------
    source : str
        Name of the source profile.
    settings : tuple of str
        ``name=value`` for parameters of the notebooks.
    raw : str
        Folder with the source's files; ``""`` is the usual one.
    as_of : str
        ISO date that the run speaks for; ``""`` is the newest row.
    first, only : str
        Start from this step, or run only this one; the others are taken from the newest comparable run.
    jobs : int
        Steps side by side; 0 is two, or one on a machine with one core.
    engine : str
        ``duckdb`` or ``spark``.
    is_resumed : bool
        Continue the newest failed run.
    minutes : float
        Longest time for one step [minutes]; 0 is each step's own.
    """

    source: str
    settings: tuple[str, ...] = ()
    raw: str = ""
    as_of: str = ""
    first: str = ""
    only: str = ""
    jobs: int = 0
    engine: str = "duckdb"
    is_resumed: bool = False
    minutes: float = 0.0


def run(request: Request, workbook: Workbook = WORKBOOK, tell: Callable[[str], None] = print_line) -> int:
    """Run the workbook; return the exit code.

    Parameters
    ----------
    request : Request
        What is asked for.
    workbook : Workbook
        The steps and their notebooks.
    tell : callable
        Takes the lines of progress.

    Returns
    -------
    int
        0 good, 1 a step failed, 2 bad input found by a step, 3 an intake gate.

    Raises
    ------
    InputError
        If something asked for is wrong, or the source is busy; nothing has started then.
    """
    check_request(request)
    wanted = workbook.selected(request.first, request.only)
    known = {step.notebook: parameters.notebook_parameters(workbook.path(step)) for step in workbook.steps}
    values = parameters.parameter_values(request.settings, known, lambda: provenance.edited(workbook.folder))
    with runs.source_lock(request.source), runs.working_folder(request.source) as folder:
        atomic_files.recover_parked(workspace.runs_folder(request.source))
        _mark_killed(request.source, workbook)
        progress = _progress(request.source, tell)
        this = begin_run(request, workbook, wanted, known, _record(request, workbook, values))
        jobs = request.jobs or min(2, len(os.sched_getaffinity(0)))
        hands = worker_pool.WorkerPool(
            worker_pool.worker_environment(jobs, folder, workspace.CHECKOUT_FOLDER, request.engine), folder
        )
        return _conducted(StepScheduler(this, workbook, known, hands, folder, progress, jobs, request.minutes))


def check_request(request: Request) -> None:
    """Refuse what can be refused without looking into a notebook.

    Raises
    ------
    InputError
        Naming the option and what is allowed.
    """
    names = workspace.config_names("sources")
    if request.source not in names:
        raise InputError(request.source, "there is no such source profile", spelling_hint(request.source, names))
    engine_choice.require_engine(request.engine)
    if request.is_resumed and (request.first or request.only):
        raise InputError("--resume", "a resumed run keeps its own steps", "no --from, no --only")
    if request.raw and not Path(request.raw).is_dir():
        raise InputError("--raw", f"there is no folder '{request.raw}'", "the folder with the source's files")
    if request.jobs < 0 or request.minutes < 0:
        raise InputError("--jobs, --minutes", "below zero", "0 for the usual")
    today = date_plausibility.newest_begun_day()
    if parameters.iso_date(request.as_of) > today.isoformat():
        raise InputError("--as-of", f"{request.as_of} has not begun", f"a day up to {today}")


def begin_run(
    request: Request,
    workbook: Workbook,
    wanted: tuple[Step, ...],
    known: Mapping[str, Mapping[str, Parameter]],
    record: Mapping[str, Any],
) -> Run:
    """Return the run: a new one, with what it takes from an earlier one, or a failed one taken up again.

    Raises
    ------
    InputError
        If there is nothing to take from or to continue.
    """
    if request.is_resumed:
        this = resume.resumable_run(request.source, record)
        this.steps.update({step.name: dict(record["steps"][step.name]) for step in workbook.steps
                           if this.steps[step.name]["state"] not in runs.SETTLED})
        return this.saved(state="running", reason="", resumed_at=runs.now())
    kept = [step for step in workbook.steps if step not in wanted]
    if not kept:
        return runs.create_run(request.source, request.as_of, record)
    names = {"as_of", *(name for step in kept for name in known[step.notebook])}
    like = {**record, "parameters": {k: v for k, v in record["parameters"].items() if k in names}}
    found = resume.base_run(request.source, like, [step.name for step in workbook.before(wanted)])
    this = runs.create_run(request.source, str(found.record["as_of"]) if found else request.as_of, record)
    if found is None:
        for step in kept:
            this.steps[step.name].update(state="left_out", reason="it was not asked for")
        return this.saved()
    resume.take_steps(this, found, {step.name: step.stem for step in kept})
    stale = [step.name for step in kept if {s.name for s in workbook.before([step])} & {s.name for s in wanted}]
    return this.saved(stale=stale)


def exit_code(errors: list[str]) -> int:
    """Return the exit code for the errors that steps ended with.

    Examples
    --------
    >>> exit_code(["InputError"]), exit_code(["GateError"]), exit_code(["InputError", "KeyError"])
    (2, 3, 1)
    """
    if "GateError" in errors:
        return GATE
    return BAD_INPUT if set(errors) == {"InputError"} else STEP_FAILED


def _conducted(course: StepScheduler) -> int:
    run, progress = course.run, course.progress
    names = ", ".join(sorted({step.name for step in course.steps} - course.settled))
    last = f"; the last run took {duration(progress.wall)}" if progress.wall else ""
    progress.say(f"{run.source}: run {run.name}, steps {names}, {course.jobs} at a time{last}")
    try:
        with _interrupted_by_signal():
            is_good = course.execute()
    except KeyboardInterrupt:
        course.interrupt()
        progress.say(f"run {run.name} was interrupted; --resume continues it")
        return STEP_FAILED
    except OSError as error:
        return _broken_off(course, error)
    if is_good:
        if run.record["stale"]:
            progress.say(f"not run again, though what they depend on was: {', '.join(run.record['stale'])}")
        _retire(course)
        for gate in run.record["gates"]:
            if gate["step"] == INTAKE.name and gate["level"] == Level.STRIKE and gate["is_crossed"]:
                print_error(f"not reported: {gate['sentence']}")
        progress.say(f"run {run.name} finished: {publishing.published_folder(run) / 'index.html'}")
        return GOOD
    progress.say(f"run {run.name} failed; {workspace.reports_folder() / 'index.html'} leads to its pages")
    print_error(f"{course.reasons}; --resume continues run {run.name}")
    return exit_code([str(told.get("error", "")) for told in course.failed.values()])


def _retire(course: StepScheduler) -> None:
    """Remove the runs whose time has come, now that a newer one has finished."""
    said = run_retention.apply_retention(course.run.source, course.folder)
    for sentence in said:
        course.progress.say(sentence)
    if said:
        publishing.list_runs(course.workbook)


def _broken_off(course: StepScheduler, error: OSError) -> int:
    """Close a run that the system let write no more; a run that had finished stays finished, without new pages.

    Raises
    ------
    OSError
        If it is another error.
    """
    sentence = system_errors.system_reason(error)
    if not sentence:
        raise error
    shutil.rmtree(course.folder, ignore_errors=True)  # gives room back
    if workspace.read_manifest(course.run.folder).get("state") == "finished":
        print_error(f"run {course.run.name} has finished, but its pages are not published: {sentence}")
        return STEP_FAILED
    with suppress(OSError):  # what cannot be noted down now is at the next start
        course.interrupt(sentence)
    print_error(f"{sentence}; --resume continues run {course.run.name}")
    return STEP_FAILED


def _record(request: Request, workbook: Workbook, values: Mapping[str, Any]) -> dict[str, Any]:
    source = request.source
    folder = str(Path(request.raw).resolve()) if request.raw else ""
    raw: dict[str, Any] = {}
    if request.is_resumed:
        folder = folder or next((str(r.record["raw_folder"]) for r in reversed(runs.known_runs(source, "failed"))), "")
        raw = provenance.raw_checksums(source, folder)
    return {
        "run": "", "source": source, "state": "running", "reason": "", "as_of": request.as_of,
        "parameters": {"as_of": request.as_of, **values}, "currency": provenance.currency(source),
        "profile": provenance.declared_checksum("sources", source), "study": registry.read_study(source).sections,
        "raw_folder": folder, "raw": raw, "data": provenance.data_checksum(raw),
        "revision": provenance.revision(workbook.folder), "versions": provenance.versions(),
        "engine": request.engine, "jobs": request.jobs, "gates": [], "stale": [],
        "steps": {step.name: {"title": step.title, "state": "waiting"} for step in workbook.steps},
    }


def _mark_killed(source: str, workbook: Workbook) -> None:
    """Close the runs that say they are at work although nobody holds the source."""
    for killed in runs.known_runs(source, "running"):
        killed.stopped("the runner was killed")
        killed.closed("failed", "the runner was killed")
        publishing.render(killed, workbook)


def _progress(source: str, tell: Callable[[str], None]) -> Progress:
    whole = [run.record for run in runs.known_runs(source, "finished")
             if not {"taken", "left_out"} & {told["state"] for told in run.steps.values()}]
    record: Mapping[str, Any] = whole[-1] if whole else {"steps": {}}
    expected = {name: float(told.get("seconds", 0)) for name, told in record["steps"].items()}
    return Progress(expected, float(record.get("seconds", 0)), tell)


@contextmanager
def _interrupted_by_signal() -> Iterator[None]:
    """Let a scheduler's SIGTERM end a run as Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
