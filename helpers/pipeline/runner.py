"""Runs the workbook: checks what is asked for, starts what can start, watches it, and closes the run."""

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from helpers.foundation import workspace
from helpers.foundation.errors import InputError, nearest
from helpers.pipeline import crew, parameters, provenance, publishing, runs
from helpers.pipeline.crew import Crew, Hand
from helpers.pipeline.progress import Progress, duration, printed
from helpers.pipeline.runs import Run
from helpers.pipeline.steps import WORKBOOK, Step, Workbook, waiting_for
from helpers.pipeline.worker import Order, Outcome, imported

GOOD, STEP_FAILED, BAD_INPUT, GATE = 0, 1, 2, 3
CELL_SHARE = 0.75
TICK = 1.0


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
        ``duckdb``.
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


@dataclass(slots=True)
class Course:
    """One run on its way: which steps are at work, with which worker, since when."""

    request: Request
    workbook: Workbook
    wanted: tuple[Step, ...]
    known: Mapping[str, Mapping[str, parameters.Parameter]]
    run: Run
    crew: Crew
    folder: Path
    progress: Progress
    working: dict[str, Hand] = field(default_factory=dict)
    since: dict[str, float] = field(default_factory=dict)
    prepared: set[str] = field(default_factory=set)

    @property
    def settled(self) -> set[str]:
        """Names of the steps that are through, however it went."""
        return {name for name, told in self.run.steps.items() if told["state"] not in ("waiting", "running")}

    @property
    def unsettled(self) -> list[Step]:
        """Steps that are not through, in order."""
        return [step for step in self.workbook.steps if step.name not in self.settled]


def run(request: Request, workbook: Workbook = WORKBOOK, tell: Callable[[str], None] = printed) -> int:
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
        If something asked for is wrong; nothing has started then.
    """
    jobs = _checked(request)
    wanted = workbook.selected(request.first, request.only)
    known = {step.notebook: parameters.declared(workbook.path(step)) for step in workbook.steps}
    values = parameters.values(request.settings, known)
    with runs.locked(request.source), runs.at_work(request.source) as folder:
        record = _record(request, workbook, values)
        environment = crew.environment(jobs, folder, workspace.SHIPPED)
        with _interrupted_by_signal():
            this, wanted = _begun(request, workbook, wanted, known, record)
            course = Course(request, workbook, wanted, known, this, Crew(environment, folder), folder,
                            _progress(request.source, tell))
            return _conducted(course, jobs)


def _checked(request: Request) -> int:
    names = workspace.declared_names("sources")
    if request.source not in names:
        raise InputError(request.source, "there is no such source profile", nearest(request.source, names))
    if request.engine != "duckdb":
        raise InputError("--engine", f"there is no engine '{request.engine}'", "duckdb")
    if request.is_resumed and (request.first or request.only):
        raise InputError("--resume", "a resumed run keeps its own steps", "no --from, no --only")
    if request.raw and not Path(request.raw).is_dir():
        raise InputError("--raw", f"there is no folder '{request.raw}'", "the folder with the source's files")
    parameters.iso_date(request.as_of)
    if request.jobs < 0 or request.minutes < 0:
        raise InputError("--jobs, --minutes", "below zero", "0 for the usual")
    return request.jobs or min(2, len(os.sched_getaffinity(0)))


def _record(request: Request, workbook: Workbook, values: Mapping[str, object]) -> dict[str, object]:
    source = request.source
    raw = Path(request.raw).resolve() if request.raw else workspace.raw_folder(source)
    return {
        "run": "", "source": source, "state": "running", "reason": "", "as_of": request.as_of,
        "parameters": {"as_of": request.as_of, **values},
        "currency": provenance.currency(source), "profile": provenance.declared_checksum("sources", source),
        "study": provenance.study_sections(source), "revision": provenance.revision(workbook.folder),
        "raw_folder": str(raw) if request.raw else "", "raw": provenance.raw_checksums(source, raw),
        "versions": provenance.versions(), "engine": request.engine, "jobs": request.jobs,
        "steps": {step.name: {"title": step.title, "state": "waiting"} for step in workbook.steps}, "gates": [],
    }


def _begun(request: Request, workbook: Workbook, wanted: tuple[Step, ...], known: Mapping[str, Mapping],
           record: Mapping[str, object]) -> tuple[Run, tuple[Step, ...]]:
    if request.is_resumed:
        this = runs.resumable(request.source, record)
        again = [s for s in workbook.steps if this.steps[s.name]["state"] not in runs.SETTLED]
        for step in again:
            this.steps[step.name] = {"title": step.title, "state": "waiting"}
        return this.saved(state="running", reason="", resumed_at=runs.now()), tuple(again)
    kept = [step for step in workbook.steps if step not in wanted]
    if not kept:
        return runs.created(request.source, request.as_of, record), wanted
    names = {"as_of", *(name for step in kept for name in known[step.notebook])}
    needed = {**record, "parameters": {k: v for k, v in record["parameters"].items() if k in names}}
    earlier = runs.base(request.source, needed, [step.name for step in kept])
    this = runs.created(request.source, str(earlier.record["as_of"]), record)
    runs.take(this, earlier, {step.name: step.stem for step in kept})
    return this, wanted


def _conducted(course: Course, jobs: int) -> int:
    course.progress.say(_opening(course, jobs))
    try:
        while course.unsettled:
            _decide(course)
            _start(course, jobs)
            _prepare(course, jobs)
            if course.working:
                course.crew.news(course.working.values(), TICK)
                _harvest(course)
        return _closed(course)
    except KeyboardInterrupt:
        return _interrupted(course)
    finally:
        course.crew.dismissed(course.working.values())


# --- what may start --------------------------------------------------------------------------------------------


def _decide(course: Course) -> None:
    """Settle the steps that need no kernel: those behind a failed one, and those without their tables."""
    for step in course.unsettled:
        if step.name in course.working or waiting_for(step, course.workbook.steps, course.settled):
            continue
        broken = [name for name in step.after(course.workbook.steps)
                  if course.run.steps[name]["state"] in ("failed", "skipped")]
        if broken:
            _settle(course, step, "skipped", f"it rests on {', '.join(broken)}, which did not end well")
        elif step.reads and not any(course.run.rows(table) for table in step.reads):
            missing = " or ".join(table.split("/")[1].replace("_", " ") for table in step.reads)
            _settle(course, step, "not applicable", f"there is no row of {missing}")


def _start(course: Course, jobs: int) -> None:
    for step in course.unsettled:
        if len(course.working) >= jobs:
            return
        if step.name in course.working or waiting_for(step, course.workbook.steps, course.settled):
            continue
        _start_step(course, step)


def _start_step(course: Course, step: Step) -> None:
    seconds = 60 * (course.request.minutes or step.minutes)
    place = course.folder / step.name
    place.mkdir(exist_ok=True)
    hand = course.crew.taken(step.name, imported(course.workbook.path(step)))
    order = Order(str(course.workbook.path(step)), str(place / step.notebook), _parameters(course, step),
                  {workspace.STEP: str(place)}, max(1, int(seconds * CELL_SHARE)))
    hand.start(order, seconds)
    course.working[step.name], course.since[step.name] = hand, time.monotonic()
    course.run.step_saved(step.name, state="running", started_at=runs.now())
    course.progress.say(f"{step.name} {step.title} …")


def _parameters(course: Course, step: Step) -> dict[str, object]:
    record, known = course.run.record, course.known[step.notebook]
    values = {**record["parameters"], "source": course.run.source, "run": course.run.name,
              "as_of": record["as_of"], "raw": record["raw_folder"]}
    return {name: values[name] for name in known}


def _prepare(course: Course, jobs: int) -> None:
    """Start the next kernels while the present ones still work."""
    for step in course.unsettled:
        if len(course.crew.waiting) >= jobs:
            return
        if step.name not in course.working and step.name not in course.prepared:
            course.prepared.add(step.name)
            course.crew.hire(step.name, imported(course.workbook.path(step)))


# --- what has ended --------------------------------------------------------------------------------------------


def _harvest(course: Course) -> None:
    for step in [s for s in course.workbook.steps if s.name in course.working]:
        hand = course.working[step.name]
        is_late, is_gone = time.monotonic() >= hand.until, not hand.process.is_alive()
        if hand.outcome is None and not is_late and not is_gone:
            continue
        del course.working[step.name]
        if hand.outcome is None:
            hand.ended()
            _settle(course, step, "failed", _lost(course, step, is_late))
        else:
            course.crew.left(hand)
            _ended(course, step, hand.outcome)


def _lost(course: Course, step: Step, is_late: bool) -> str:
    if is_late:
        return f"it did not end within {duration(60 * (course.request.minutes or step.minutes))} and was stopped"
    return "its worker process was killed"


def _ended(course: Course, step: Step, outcome: Outcome) -> None:
    place = course.folder / step.name
    _keep_notebook(course, step, place / step.notebook)
    facts = {"cell_seconds": outcome.cell_seconds, "import_seconds": outcome.import_seconds,
             "peak_mib": outcome.peak_mib}
    if outcome.kind != "good":
        _settle(course, step, "failed", outcome.sentence, error=outcome.error, **facts)
        return
    seen = json.loads(seen_file.read_text()) if (seen_file := place / "seen.json").is_file() else {}
    runs.adopt(place, course.run)
    if seen.get("as_of") and not course.run.record["as_of"]:
        course.run.saved(as_of=seen["as_of"])
    course.run.dated(course.run.record["as_of"])
    course.run.record["gates"] += runs.gates(course.run, seen.get("writes", {}))
    _settle(course, step, "finished", "", rows=seen.get("writes", {}), reads=seen.get("reads", []), **facts)


def _keep_notebook(course: Course, step: Step, executed: Path) -> None:
    if executed.is_file():
        (course.run.folder / "notebooks").mkdir(exist_ok=True)
        executed.replace(course.run.folder / "notebooks" / step.notebook)


def _settle(course: Course, step: Step, state: str, reason: str, **facts: object) -> None:
    began = course.since.get(step.name, time.monotonic())
    seconds = round(time.monotonic() - began, 3)
    course.run.step_saved(step.name, state=state, reason=reason, seconds=seconds, finished_at=runs.now(), **facts)
    page = publishing.step_page if state == "finished" else publishing.notice_page
    page(course.run, step, course.workbook)
    left = {s.name: time.monotonic() - course.since.get(s.name, time.monotonic()) for s in course.unsettled}
    how = f"finished in {duration(seconds)}" if state == "finished" else f"{state}: {reason}"
    course.progress.say(f"{step.name} {step.title} {how}{course.progress.left(left)}")


# --- the end ---------------------------------------------------------------------------------------------------


def _closed(course: Course) -> int:
    failed = {name: told for name, told in course.run.steps.items() if told["state"] == "failed"}
    if failed:
        reasons = "; ".join(f"{name} {told['title']}: {told['reason']}" for name, told in failed.items())
        course.run.closed("failed", reasons)
        publishing.index()
        course.progress.say(f"run {course.run.name} failed: {reasons}; --resume continues it")
        return _code([str(told.get("error", "")) for told in failed.values()])
    course.run.closed("finished")
    page = publishing.published(course.run, course.workbook)
    publishing.index()
    course.progress.say(f"run {course.run.name} finished: {page}")
    return GOOD


def _code(errors: list[str]) -> int:
    if "GateError" in errors:
        return GATE
    return BAD_INPUT if set(errors) == {"InputError"} else STEP_FAILED


def _interrupted(course: Course) -> int:
    course.crew.dismissed(course.working.values())
    course.working.clear()
    course.run.closed("failed", "the run was interrupted")
    publishing.index()
    course.progress.say(f"run {course.run.name} was interrupted; --resume continues it")
    return STEP_FAILED


@contextmanager
def _interrupted_by_signal() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    yield
    signal.signal(signal.SIGTERM, before)


def _progress(source: str, tell: Callable[[str], None]) -> Progress:
    finished = runs.known(source, "finished")
    told = finished[-1].record if finished else {"steps": {}}
    expected = {name: float(step.get("seconds", 0)) for name, step in told["steps"].items()}
    return Progress(expected, float(told.get("seconds", 0)), tell)


def _opening(course: Course, jobs: int) -> str:
    names = ", ".join(step.name for step in course.wanted)
    last = f"; the last one took {duration(course.progress.wall)}" if course.progress.wall else ""
    return f"{course.run.source}: run {course.run.name}, steps {names}, {jobs} at a time{last}"
