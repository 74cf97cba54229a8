"""Runs the workbook: checks the request, starts or resumes a run, returns the exit code."""

import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

from helpers.foundation import atomic_files, folders, manifest
from helpers.foundation.errors import BusyError, GateError, InputError
from helpers.foundation.results import Level
from helpers.pipeline import (
    console,
    parameters,
    provenance,
    publishing,
    registry,
    report_files,
    resume,
    run_retention,
    runs,
    system_errors,
    worker_pool,
)
from helpers.pipeline.first_worker import FirstWorker
from helpers.pipeline.parameters import Parameter
from helpers.pipeline.progress import ERROR, RUN, Event, Progress, duration
from helpers.pipeline.run_request import Request, checked_request, require_source
from helpers.pipeline.runs import Run
from helpers.pipeline.scheduler import StepScheduler
from helpers.pipeline.steps import INTAKE, WORKBOOK, Step, Workbook

GOOD, STEP_FAILED, BAD_INPUT, GATE = 0, system_errors.STEP_FAILED, InputError.exit_code, GateError.exit_code


def run(request: Request, workbook: Workbook = WORKBOOK, tell: Callable[[Event], None] = console.print_event,
        first_worker: FirstWorker | None = None) -> int:
    """Run the workbook; return the exit code.

    Parameters
    ----------
    request : Request
        What is asked for.
    workbook : Workbook
        The steps and their notebooks.
    tell : callable
        Takes the events of progress.
    first_worker : FirstWorker, optional
        Was started before this module was loaded.

    Returns
    -------
    int
        0 good, 1 a step failed, 2 bad input found by a step, 3 an intake gate.

    Raises
    ------
    InputError
        If something asked for is wrong, or the source is busy; nothing has started then.
    """
    request = checked_request(request)
    wanted = workbook.selected(request.first, request.only)
    known = {step.notebook: parameters.notebook_parameters(workbook.path(step)) for step in workbook.steps}
    values = parameters.parameter_values(request.settings, known, lambda: provenance.edited(workbook.folder))
    with runs.source_lock(request.source), runs.working_folder(request.source) as folder:
        prepare_source(request.source, workbook)
        if (request.is_resumed or request.is_retry) and (finished := publishing.unpublished(request.source)):
            return publish_run(finished, workbook, tell)
        progress = _progress(request.source, tell)
        if request.is_retry:
            request = _retried(request, workbook, values)
        this = begin_run(request, workbook, wanted, known, _record(request, workbook, values))
        jobs = min(request.jobs or min(2, usable_cores()), len(workbook.steps))
        hands = worker_pool.WorkerPool(
            worker_pool.worker_environment(jobs, folder, folders.CHECKOUT_FOLDER, request.engine), folder,
            is_preloaded=workbook is WORKBOOK and len(wanted) > 1, first=first_worker,
        )
        return _conducted(StepScheduler(this, workbook, known, hands, folder, progress, jobs, request.minutes))


def prepare_source(source: str, workbook: Workbook) -> None:
    """Bring a source into order after whatever ended the command before; the source is held by the caller."""
    atomic_files.recover_parked(folders.runs_folder(source))
    runs.sweep_partials(source)
    _mark_killed(source, workbook)


def publish_run(run: Run, workbook: Workbook = WORKBOOK, tell: Callable[[Event], None] = console.print_event) -> int:
    """Publish a finished run's pages, again or for the first time; return the exit code.

    Parameters
    ----------
    run : Run
        The run; its source is held by the caller.
    workbook : Workbook
        Its steps.
    tell : callable
        Takes the event.
    """
    publishing.publish(run, workbook)
    publishing.list_runs(workbook)
    page = publishing.published_folder(run) / "index.html"
    tell(Event(RUN, f"run {run.name} is published: {page}", facts={**_facts(run, "finished"), "page": page,
                                                                        "exit_code": GOOD}))
    return GOOD


def publish(source: str, name: str = "", workbook: Workbook = WORKBOOK) -> int:
    """Publish a finished run of a source, by default the newest one; return the exit code.

    Parameters
    ----------
    source : str
        Name of the source profile.
    name : str
        The run; ``""`` is the newest finished one.
    workbook : Workbook
        Its steps.

    Raises
    ------
    InputError
        If there is no such run, it has not finished, or the source is busy.
    """
    require_source(source)
    runs.require_places(source)
    with runs.source_lock(source):
        prepare_source(source, workbook)
        return publish_run(report_files.finished_run(source, name), workbook)


def _retried(request: Request, workbook: Workbook, values: Mapping[str, Any]) -> Request:
    """Return a request to try again as one to resume where the newest run can be, else as one for a new run."""
    resumed = replace(request, is_resumed=True, is_retry=False)
    newest = publishing.newest_run(request.source)
    with suppress(InputError):
        if newest and resume.resumable_run(request.source, _record(resumed, workbook, values)).name == newest.name:
            return resumed
    return replace(request, is_retry=False)


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


def usable_cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _conducted(course: StepScheduler) -> int:
    run, progress = course.run, course.progress
    names = ", ".join(sorted({step.name for step in course.steps} - course.settled))
    last = f"; the last run took {duration(progress.wall)}" if progress.wall else ""
    progress.say(f"{run.source}: run {run.name}, steps {names}, {course.jobs} at a time{last}", RUN,
                 **_facts(run, "running"))
    with _interruptible():
        try:
            is_good = course.execute()
            _publish(course)
        except KeyboardInterrupt:
            return _broken_off(course, "the run was interrupted", RUN)
        except BusyError as error:
            return _broken_off(course, str(error), ERROR, error.exit_code)
        except OSError as error:
            if not (sentence := system_errors.system_reason(error)):
                raise
            shutil.rmtree(course.folder, ignore_errors=True)  # gives room back
            return _broken_off(course, sentence, ERROR)
    return _finished(course) if is_good else _failed(course)


def _publish(course: StepScheduler) -> None:
    """Publish a run that is good, and list every run."""
    if course.run.record["state"] == "finished":
        publishing.publish(course.run, course.workbook)
    _list_runs(course)


def _list_runs(course: StepScheduler) -> None:
    """List every run; where somebody else holds the pages for too long, the next command does."""
    with suppress(BusyError):
        publishing.list_runs(course.workbook)


def _broken_off(course: StepScheduler, reason: str, kind: str, code: int = STEP_FAILED) -> int:
    """Close a run that a person, a scheduler or the machine has stopped; one that had finished stays finished."""
    run, progress = course.run, course.progress
    if manifest.read_manifest(run.folder).get("state") == "finished":
        progress.say(f"run {run.name} has finished, but its pages are not published: {reason}; "
                     f"publish {run.source} {run.name} publishes them", ERROR, exit_code=code)
        return code
    with suppress(OSError):  # what cannot be noted down now is at the next start
        course.interrupt(reason)
        _list_runs(course)
    progress.say(f"{reason}; --resume continues run {run.name}", kind, **_facts(run, "failed"),
                 exit_code=code)
    return code


def _finished(course: StepScheduler) -> int:
    run, progress = course.run, course.progress
    if run.record["stale"]:
        progress.say(f"not run again, though what they depend on was: {', '.join(run.record['stale'])}")
    _retire(course)
    for gate in run.record["gates"]:
        if gate["step"] == INTAKE.name and gate["level"] == Level.STRIKE and gate["is_crossed"]:
            progress.say(f"not reported: {gate['sentence']}", ERROR)
    page, values = publishing.published_folder(run) / "index.html", run.record["parameters"]
    for name, notebook in parameters.settings_of_one_notebook(values, course.known).items():
        progress.say(f"{name} = {values[name]}: {page.with_name(notebook).with_suffix('.html')}")
    progress.say(f"run {run.name} finished: {page}", RUN, **_facts(run, "finished"), page=page,
                 exit_code=GOOD)
    return GOOD


def _failed(course: StepScheduler) -> int:
    run, progress = course.run, course.progress
    progress.say(f"run {run.name} failed; {folders.reports_folder() / 'index.html'} leads to its pages", RUN,
                 **_facts(run, "failed"), reason=course.reasons)
    code = exit_code([str(told.get("error", "")) for told in course.failed.values()])
    progress.say(f"{course.reasons}; --resume continues run {run.name}", ERROR, exit_code=code)
    return code


def _facts(run: Run, state: str) -> dict[str, str]:
    """Return what a machine is told of a run in every event about it."""
    return {"source": run.source, "run": run.name, "state": state}


def _retire(course: StepScheduler) -> None:
    """Remove the runs whose time has come, now that a newer one has finished."""
    said = run_retention.apply_retention(course.run.source, course.folder)
    for sentence in said:
        course.progress.say(sentence)
    if said:
        _list_runs(course)


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
        "profile": provenance.declared_checksum("sources", source), "study": _recorded_study(source),
        "raw_folder": folder, "raw": raw, "data": provenance.data_checksum(raw),
        "revision": provenance.revision(workbook.folder), "versions": provenance.versions(),
        "engine": request.engine, "jobs": request.jobs, "gates": [], "stale": [],
        "steps": {step.name: {"title": step.title, "state": "waiting"} for step in workbook.steps},
    }


def _recorded_study(source: str) -> dict[str, Mapping[str, Any]]:
    """Return the sections of the study that a run is made under; whom it tells of its end moves no figure."""
    return {name: section for name, section in registry.read_study(source).sections.items() if name != "notify"}


def _mark_killed(source: str, workbook: Workbook) -> None:
    """Close the runs that say they are at work although nobody holds the source."""
    for killed in runs.known_runs(source, "running"):
        killed.stopped("the runner was killed")
        killed.closed("failed", "the runner was killed")
        publishing.render(killed, workbook)


def _progress(source: str, tell: Callable[[Event], None]) -> Progress:
    whole = [run.record for run in runs.known_runs(source, "finished")
             if not {"taken", "left_out"} & {told["state"] for told in run.steps.values()}]
    record: Mapping[str, Any] = whole[-1] if whole else {"steps": {}}
    expected = {name: float(told.get("seconds", 0)) for name, told in record["steps"].items()}
    return Progress(expected, float(record.get("seconds", 0)), tell)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C and a scheduler's SIGTERM end a run once; what closes it and leaves is not interrupted again."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    signals = (signal.SIGINT, signal.SIGTERM)

    def interrupt(number: int, frame: FrameType | None) -> None:
        for each in signals:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {each: signal.signal(each, interrupt) for each in signals}
    try:
        yield
    finally:
        for each, handler in before.items():
            if signal.getsignal(each) is interrupt:
                signal.signal(each, handler)
