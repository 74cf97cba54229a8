"""Step scheduler: which steps may start, their time-outs, and how they ended."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from helpers.foundation import atomic_files, engine_choice, folders, parquet_files
from helpers.pipeline import provenance, publishing, runs, system_errors
from helpers.pipeline.parameters import Parameter
from helpers.pipeline.progress import STEP, Progress, duration
from helpers.pipeline.runs import Run
from helpers.pipeline.steps import Step, Workbook, waiting_for
from helpers.pipeline.worker import StepOrder, StepOutcome, imported_modules
from helpers.pipeline.worker_pool import Worker, WorkerPool, engine_limits

CELL_SHARE = 0.75

TICK = 1.0


@dataclass(slots=True)
class StepScheduler:
    """One run on its way.

    Parameters
    ----------
    run : Run
        The run.
    workbook : Workbook
        Its steps and notebooks.
    known : mapping
        Parameters of each notebook.
    crew : WorkerPool
        Its workers.
    folder : Path
        Where steps write before they are part of the run.
    progress : Progress
        What a person sees.
    jobs : int
        Steps side by side.
    minutes : float
        Longest time for one step [minutes]; 0 is each step's own.
    """

    run: Run
    workbook: Workbook
    known: Mapping[str, Mapping[str, Parameter]]
    crew: WorkerPool
    folder: Path
    progress: Progress
    jobs: int = 2
    minutes: float = 0.0
    working: dict[str, Worker] = field(default_factory=dict)
    since: dict[str, float] = field(default_factory=dict)
    prepared: set[str] = field(default_factory=set)
    rendered: set[str] = field(default_factory=set)
    early: set[str] = field(default_factory=set)  # tables in the run whose step still works
    told: dict[str, StepOutcome] = field(default_factory=dict)  # of steps that wait for the end of one they rest on
    until: dict[str, float] = field(default_factory=dict)

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps, in order."""
        return self.workbook.steps

    @property
    def settled(self) -> set[str]:
        """Names of the steps that are through, however it went."""
        return {name for name, told in self.run.steps.items() if told["state"] not in ("waiting", "running")}

    @property
    def ready(self) -> list[Step]:
        """Steps that wait for no other any more, in the order to begin them."""
        settled = self.settled
        known = settled | self.working.keys() | self.told.keys()
        return self.workbook.in_order(step for step in self.steps if step.name not in known
                                      and not waiting_for(step, self.steps, settled, self.early))

    def execute(self) -> bool:
        """Bring every step to its end; return whether all went well."""
        try:
            while len(self.settled) < len(self.steps):
                self._decide()
                self._start()
                self._prepare()
                if self.working:
                    self.crew.news(self.working.values(), 0.0 if self._render_ahead() else TICK)
                    self._harvest()
            is_good = not self.failed
            self._close("finished" if is_good else "failed", self.reasons)
            return is_good
        finally:
            self.crew.dismissed(self.working.values())

    @property
    def failed(self) -> dict[str, dict[str, Any]]:
        """What is known of the steps that failed."""
        return {name: told for name, told in self.run.steps.items() if told["state"] == "failed"}

    @property
    def reasons(self) -> str:
        """Why the run failed, in one sentence; empty where it did not."""
        return "; ".join(f"{name} {told['title']}: {told['reason']}" for name, told in self.failed.items())

    def interrupt(self, reason: str = "the run was interrupted") -> None:
        """Close a run that a person, a scheduler or the machine has stopped."""
        self.working.clear()
        for step in self.steps:
            if self.run.steps[step.name]["state"] == "running":
                self._withdraw_early(step)
        self.run.stopped(reason)
        self._close("failed", reason)

    # --- what may start ----------------------------------------------------------------------------------------

    def _decide(self) -> None:
        """Settle the steps that need no kernel: those behind one that failed, and those without their tables."""
        decided = [(step, *without_kernel) for step in self.ready if (without_kernel := self._without_kernel(step))]
        for step, state, reason in decided:
            self._settle(step, state, reason)
        if decided:  # others may rest on these
            self._decide()

    def _without_kernel(self, step: Step) -> tuple[str, str] | None:
        if reason := self._broken(step):
            return "skipped", reason
        if step.reads and not (any(self.run.rows(table) for table in step.reads)
                               or any(self._rows_of_earlier(folder, table) for table in step.reads_of_earlier
                                      for folder in folders.run_folders(self.run.source))):
            names = " and no ".join(table.split("/")[1].replace("_", " ") for table in step.reads)
            return "not_applicable", f"there are no {names}"
        return None

    def _broken(self, step: Step) -> str:
        """Return in words that a step rests on others that did not end well, empty where it does not."""
        broken = [name for name in step.after(self.steps) if self.run.steps[name]["state"] in ("failed", "skipped")]
        return f"it depends on {', '.join(broken)}, which did not end well" if broken else ""

    def _rows_of_earlier(self, folder: Path, table: str) -> int:
        """Return the rows of a table of an earlier run; a damaged one is named and passed over."""
        try:
            return Run(folder).rows(table)
        except parquet_files.DamagedTableError as error:
            self.progress.say(f"{error}; passed over")
            return 0

    def _start(self) -> None:
        for step in self.ready[:max(0, self.jobs - len(self.working))]:
            if self.run.steps[step.name]["state"] == "waiting":
                self._start_step(step)

    def _start_step(self, step: Step) -> None:
        notebook, place = self.workbook.path(step), self.folder / step.name
        place.mkdir()
        self._withdraw_early(step)  # of a run that was killed and is continued
        hand = self.crew.taken(step.name, imported_modules(notebook), self.settled)
        kind = engine_choice.engine_of_size(self.run.record["engine"], self._bytes_to_read(step))
        limits = engine_limits(1) if self.workbook.is_alone(step) else {}
        environment = {folders.STEP_FOLDER_VARIABLE: str(place), engine_choice.ENGINE_VARIABLE: kind, **limits}
        hand.start(StepOrder(str(notebook), str(place / step.notebook), self._parameters(step), environment,
                             max(1, int(self._seconds(step) * CELL_SHARE))), self._seconds(step))
        self.working[step.name], self.since[step.name] = hand, time.monotonic()
        self.run.step_saved(step.name, state="running", engine=kind, started_at=runs.now())
        self.progress.say(f"{step.name} {step.title} …", STEP, step=step.name, state="running")

    def _bytes_to_read(self, step: Step) -> int:
        """Return the size of the raw files for the first step, of the canonical tables for the others [bytes]."""
        if step == self.steps[0]:
            raw = str(self.run.record["raw_folder"]) or folders.raw_folder(self.run.source)
            files = provenance.raw_file_paths(self.run.source, Path(raw))
        else:
            files = sorted((self.run.folder / "canonical").rglob("*.parquet"))
        return sum(path.stat().st_size for path in files if path.is_file())

    def _seconds(self, step: Step) -> float:
        return 60 * (self.minutes or step.minutes)

    def _parameters(self, step: Step) -> dict[str, Any]:
        record = self.run.record
        values = {**record["parameters"], "source": self.run.source, "run": self.run.name,
                  "as_of": record["as_of"], "raw": record["raw_folder"]}
        return {name: values[name] for name in self.known[step.notebook]}

    def _prepare(self) -> None:
        """Start the next kernels while the present steps still work, but do not hold these up."""
        if not all(hand.is_ready for hand in self.working.values()):
            return
        known = self.settled | self.working.keys() | self.prepared
        coming = [s for s in dict.fromkeys((*self.ready, *self.steps)) if s.name not in known]
        for step in coming[:max(0, self.jobs - len(self.crew.waiting))]:
            self.prepared.add(step.name)
            self.crew.hire(step.name, imported_modules(self.workbook.path(step)))

    # --- what has ended ----------------------------------------------------------------------------------------

    def _harvest(self) -> None:
        for step in [s for s in self.steps if s.name in self.working]:
            hand = self.working[step.name]
            is_late, has_died = time.monotonic() >= hand.until, hand.has_died()
            self._adopt_early(step)
            if hand.outcome is not None:
                self.crew.left(self.working.pop(step.name))
                self.told[step.name], self.until[step.name] = hand.outcome, time.monotonic()
            elif reason := self._broken(step):
                self.working.pop(step.name).ended()
                self._settle(step, "skipped", reason)
            elif is_late or has_died:
                self.working.pop(step.name).ended()
                self._keep_log(step, hand.log)
                late = f"it did not end within {duration(self._seconds(step))}"
                self._settle(step, "failed", late if is_late else "its process ended without a result",
                             kind="time" if is_late else "death")
        for step in [s for s in self.steps if s.name in self.told]:
            if not waiting_for(step, self.steps, self.settled):
                self._ended(step, self.told.pop(step.name))

    def _adopt_early(self, step: Step) -> None:
        """Take over the tables on which others may begin while the step that has written them still works."""
        awaited = {*step.writes_early} - self.early
        if written := awaited and awaited & self._seen(step)["writes"].keys():
            runs.adopt_tables(self.folder / step.name, self.run, written)
            self.early |= written

    def _withdraw_early(self, step: Step) -> None:
        """Remove what was taken over of a step that did not end well: of such a step a run holds no tables."""
        for table in step.writes_early:
            atomic_files.remove_table(self.run.folder / f"{table}.parquet")
        self.early -= {*step.writes_early}

    def _seen(self, step: Step) -> dict[str, Any]:
        """Return which tables a step has read and written so far."""
        told = self.folder / step.name / "seen.json"
        return json.loads(told.read_text(encoding="utf-8")) if told.is_file() else {"reads": [], "writes": {}}

    def _ended(self, step: Step, outcome: StepOutcome) -> None:
        place = self.folder / step.name
        if reason := self._broken(step):
            self._settle(step, "skipped", reason)
            return
        self._keep_notebook(step, place / step.notebook)
        facts = {"cell_seconds": outcome.cell_seconds, "import_seconds": outcome.import_seconds,
                 "peak_mib": outcome.peak_mib}
        if outcome.kind != "good":
            fault = system_errors.fault_kind(outcome.error, outcome.sentence)
            self._settle(
                step, "failed", failure_reason(outcome), kind=fault or outcome.kind, error=outcome.error, **facts
            )
            return
        seen = self._seen(step)
        runs.adopt_tables(place, self.run)
        self.run.record["gates"] += runs.run_gates(self.run, seen["writes"])
        self._dated(step, str(self.run.record["as_of"] or seen.get("as_of", "")))
        if step == self.steps[0]:  # what it read: a simulated source makes its files only now
            raw = provenance.raw_checksums(self.run.source, str(self.run.record["raw_folder"]))
            self.run.record.update(raw=raw, data=provenance.data_checksum(raw), ended=seen.get("ended", {}))
        self._settle(step, "finished", "", rows=seen["writes"], reads=seen["reads"], **facts)

    def _dated(self, step: Step, as_of: str) -> None:
        """Give the run its name once its date is settled; the first notebook was told a name that was to change."""
        before = self.run.name
        self.run.dated(as_of)
        path = self.run.folder / "notebooks" / step.notebook
        if self.run.name != before and path.is_file():
            path.write_text(path.read_text(encoding="utf-8").replace(before, self.run.name), encoding="utf-8")

    def _keep_notebook(self, step: Step, executed: Path) -> None:
        if executed.is_file():
            (self.run.folder / "notebooks").mkdir(exist_ok=True)
            executed.replace(self.run.folder / "notebooks" / step.notebook)

    def _keep_log(self, step: Step, log: Path) -> None:
        if log.is_file() and log.stat().st_size:
            (self.run.folder / "notebooks").mkdir(exist_ok=True)
            log.replace(self.run.folder / "notebooks" / f"{step.stem}.log")

    def _settle(self, step: Step, state: str, reason: str, **facts: Any) -> None:
        if state == "failed":
            self._withdraw_early(step)
        until = self.until.get(step.name, time.monotonic())
        seconds = round(until - self.since.get(step.name, until), 3)
        self.run.step_saved(step.name, state=state, reason=reason, seconds=seconds, finished_at=runs.now(), **facts)
        now = time.monotonic()
        left = {s.name: now - self.since.get(s.name, now) for s in self.steps if s.name not in self.settled}
        how = f"finished in {duration(seconds)}" if state == "finished" else f"{state.replace('_', ' ')}: {reason}"
        self.progress.say(f"{step.name} {step.title} {how}{self.progress.left(left)}", STEP, step=step.name,
                          state=state, reason=reason, took_seconds=seconds)

    def _render_ahead(self) -> bool:
        """Render the page of one finished step while fewer steps work than may; return whether there was one."""
        if len(self.working) >= self.jobs or self.failed:
            return False
        done = [s for s in self.steps if self.run.steps[s.name]["state"] == "finished" and s.name not in self.rendered]
        for step in done[:1]:
            publishing.render_ahead(self.run, step, self.workbook)
            self.rendered.add(step.name)
        return bool(done)

    def _close(self, state: str, reason: str) -> None:
        self.run.record.update(state=state, reason=reason, seconds=self.progress.seconds)
        publishing.render(self.run, self.workbook, self.rendered if state == "finished" else ())
        self.run.closed(state, reason)


def failure_reason(outcome: StepOutcome) -> str:
    """Return why a step failed; bad input and faults of the machine speak for themselves, others with their name."""
    if fault := system_errors.fault_kind(outcome.error, outcome.sentence):
        return system_errors.fault_sentence(fault)
    speaks_for_itself = outcome.kind != "error" or outcome.error in ("InputError", "GateError")
    first = next(iter(outcome.sentence.strip().splitlines()), "")  # the executed notebook holds all of them
    return outcome.sentence if speaks_for_itself else f"{outcome.error}: {first or 'nothing more was said'}"
