"""The life of a run: locked, running, finished or failed; never overwritten."""

import glob
import os
import shutil
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import Timeout

from helpers.foundation import atomic_files, folders, manifest
from helpers.foundation.errors import BusyError, InputError

UNDATED = "undated"

AT_WORK, LOCK, REMOVED = ".at-work", ".lock", "removed.json"

TABLES = ("canonical", "results", "rejected")

SETTLED = ("finished", "not_applicable", "taken", "left_out")


@dataclass(slots=True)
class Run:
    """One run's folder with its manifest, which is replaced at every change.

    Parameters
    ----------
    folder : Path
        ``data/runs/<source>/<as_of>-<n>/``; ``undated-<n>`` until the intake has settled the date.
    record : dict
        The manifest.
    """

    folder: Path
    record: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    @property
    def source(self) -> str:
        """The source profile's name."""
        return self.folder.parent.name

    @property
    def steps(self) -> dict[str, dict[str, Any]]:
        """What is known of each step, by its name."""
        return self.record.setdefault("steps", {})

    def saved(self, **changes: Any) -> "Run":
        """Change the manifest, atomically."""
        self.record.update(changes)
        atomic_files.write_json(self.folder / manifest.FILE, self.record)
        return self

    def step_saved(self, name: str, **changes: Any) -> None:
        """Change what is known of one step."""
        self.steps.setdefault(name, {}).update(changes)
        self.saved()

    def rows(self, table: str) -> int:
        """Return the number of rows of a table of this run, 0 where it has none."""
        from helpers.foundation import parquet_files  # its library takes longer than all that a list of runs needs

        return parquet_files.n_rows(self.folder / f"{table}.parquet")

    def dated(self, as_of: str) -> None:
        """Settle the run's date, and give it its name by it."""
        if as_of and self.name.startswith(UNDATED):
            self.folder = move_to_date(self.folder, as_of)
            self.saved(run=self.name, as_of=as_of)

    def stopped(self, reason: str) -> None:
        """Mark the steps that were at work when the run ended from outside."""
        for told in self.steps.values():
            if told["state"] == "running":
                told.update(state="skipped", reason=reason)

    def closed(self, state: str, reason: str = "") -> None:
        """End the run; a finished one becomes read-only, for its owner alone."""
        self.saved(state=state, reason=reason, finished_at=now())
        if state == "finished":
            for path in self.folder.rglob("*"):
                if path.is_file():
                    path.chmod(stat.S_IREAD)


def require_home() -> None:
    """Refuse a home that can hold no folders, before anything starts.

    Raises
    ------
    InputError
        Naming the place that is no folder.
    """
    home = folders.home_folder().absolute()
    above = next(place for place in home.parents if os.path.lexists(place))
    for place in (above, home, home / "data", home / "data" / "runs", folders.reports_folder()):
        try:
            is_other = (place.exists() or place.is_symlink()) and not place.is_dir()
        except (OSError, ValueError) as error:
            raise InputError(folders.HOME_VARIABLE, f"'{home}' cannot be used ({error})", "a folder") from None
        if is_other:
            raise InputError(folders.HOME_VARIABLE, f"'{place}' is no folder", "a folder, or room for one")


def require_places(source: str) -> None:
    """Refuse files, folders and links that stand where a run of the source has to write, before anything starts.

    Raises
    ------
    InputError
        Naming the place and what has to be there.
    """
    own, reports = folders.runs_folder(source), folders.reports_folder()
    for place in (own, own / AT_WORK, own / atomic_files.PARKED, reports / source, reports / "latest"):
        if place.is_symlink() or (place.exists() and not place.is_dir()):
            raise InputError(str(place), f"it is a {'link' if place.is_symlink() else 'file'}", "a folder, or nothing")
    for place in (lock_path(source), own / REMOVED, reports / LOCK, reports / "index.html"):
        if os.path.lexists(place) and not place.is_file():
            kind = "folder" if place.is_dir() else "broken link"
            raise InputError(str(place), f"it is a {kind}", "a file, or nothing")


def sweep_partials(source: str) -> None:
    """Remove what writers that were killed have left half written; the source is held by the caller."""
    own = folders.runs_folder(source)
    for path in own.glob("*"):
        if path.is_dir() and path.name != folders.SCRATCH and open_run(path).record["state"] != "finished":
            atomic_files.remove_partials(path.rglob("*"))
    atomic_files.remove_partials(own.glob("*"))


def now() -> str:
    """Return the present time, UTC, to the microsecond."""
    return datetime.now(UTC).isoformat()


def create_run(source: str, as_of: str, record: Mapping[str, Any]) -> Run:
    """Return a new run in a folder of its own, at work; its number is one more than that of any other."""
    others = [manifest.read_manifest(path.parent) for path in folders.runs_folder(source).glob(f"*/{manifest.FILE}")]
    run = Run(_next(folders.runs_folder(source), as_of or UNDATED), dict(record))
    number = max((told.get("number", 0) for told in others), default=0) + 1
    return run.saved(run=run.name, state="running", number=number, started_at=now())


def move_to_date(folder: Path, as_of: str) -> Path:
    """Move a run's folder to the next free name for a date; return it."""
    target = _next(folder.parent, as_of)
    folder.rename(target)  # an empty folder gives way
    return target


def open_run(folder: Path) -> Run:
    """Return a run as its manifest describes it; of one that is damaged nothing is known but that it is."""
    return Run(folder, manifest.whole_manifest(folder))


def known_runs(source: str, state: str) -> list[Run]:
    """Return a source's runs in a state, oldest first."""
    return [open_run(folder) for folder in folders.run_folders(source, state)]


def all_runs(source: str = "") -> list[Run]:
    """Return every run of a source, or of all, in the order of their start; damaged ones too."""
    manifests = folders.runs_folder("any").parent.glob(f"{glob.escape(source) or '*'}/*/{manifest.FILE}")
    found = [open_run(path.parent) for path in manifests if path.parent.name != folders.SCRATCH]
    return sorted(found, key=lambda run: (str(run.record["started_at"]), run.record["number"], run.name))


def lock_path(source: str) -> Path:
    """Return the file whose lock is held by the one run of a source that is at work."""
    return folders.runs_folder(source) / LOCK


@contextmanager
def source_lock(source: str) -> Iterator[None]:
    """Hold a source for one run; the lock goes with the process that holds it, however that ends.

    Raises
    ------
    BusyError
        If another run of the source is at work.
    """
    with held_lock(lock_path(source), source, "another run is at work", "one run of a source at a time"):
        yield


@contextmanager
def held_lock(path: Path, where: str, found: str, allowed: str, *, seconds: float = 0) -> Iterator[None]:
    """Hold the lock on a file, in which stands who holds it.

    Parameters
    ----------
    path : Path
        The file; its folder is made where it is not there.
    where, found, allowed : str
        What is said where somebody else holds it; who that is stands behind `found`.
    seconds : float
        How long to wait for the lock [seconds].

    Raises
    ------
    BusyError
        If somebody else holds it longer than that.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        lock = atomic_files.file_lock(path, seconds=seconds).acquire()
    except Timeout:
        holder = path.read_text(encoding="utf-8").strip() or "just started"
        raise BusyError(where, f"{found} ({holder})", allowed) from None
    with lock:
        path.write_text(f"process {os.getpid()} since {now()[:19]} UTC", encoding="utf-8")
        yield


def is_locked(source: str) -> bool:
    """Return whether a run of the source is at work."""
    path = lock_path(source)
    if not path.is_file():
        return False
    try:
        with atomic_files.file_lock(path, seconds=0):
            return False
    except Timeout:
        return True


@contextmanager
def working_folder(source: str) -> Iterator[Path]:
    """Give the folder for what is not yet part of a run; it is emptied before and after."""
    folder = folders.runs_folder(source) / AT_WORK
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def run_gates(run: Run, tables: Iterable[str]) -> list[dict[str, Any]]:
    """Return the gates in a run's gate tables."""
    from helpers.foundation import parquet_files  # as above

    files = [run.folder / f"{table}.parquet" for table in tables if table.endswith("_gates")]
    keep = ("step", "gate", "level", "is_crossed", "sentence")
    return [{k: row.get(k) for k in keep} for path in files if path.exists()
            for row in parquet_files.load_table(path).to_pylist()]


def adopt_tables(step_folder: Path, run: Run, only: Collection[str] = ()) -> None:
    """Move a step's tables and lists into its run, or only some tables, each by one rename."""
    for kind in (*TABLES, folders.EXPORTS):
        for path in sorted((step_folder / kind).glob("*.parquet" if kind in TABLES else "*")):
            if not only or f"{kind}/{path.stem}" in only:
                (run.folder / kind).mkdir(exist_ok=True)
                path.replace(run.folder / kind / path.name)


def _next(folder: Path, stem: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    taken = [int(n) for path in folder.glob(f"{stem}-*") if (n := path.name.removeprefix(f"{stem}-")).isdigit()]
    path = folder / f"{stem}-{max(taken, default=0) + 1}"
    path.mkdir()
    return path
