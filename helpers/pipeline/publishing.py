"""Pages of a run: rendered step by step, published as a whole, and listed with those of every other run."""

import fcntl
import importlib.util
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from helpers.foundation import workspace
from helpers.pipeline.runs import Run
from helpers.pipeline.steps import Step, Workbook

HAS_PAGES = importlib.util.find_spec("helpers.reporting.pages") is not None


def step_page(run: Run, step: Step, workbook: Workbook) -> None:
    """Write the page of a step that went well."""
    _write(run, step, f"<h1>{step.title}</h1>")


def notice_page(run: Run, step: Step, workbook: Workbook) -> None:
    """Write the page of a step that did not run, or did not end well: what happened, in plain words."""
    told = run.steps[step.name]
    _write(run, step, f"<h1>{step.title}</h1><p>{told['state']}: {told.get('reason', '')}</p>")


def published(run: Run, workbook: Workbook) -> Path:
    """Publish a finished run's pages as ``reports/<source>/<run>/`` and as ``reports/latest/``; return the first page.

    Each folder is filled beside its place and renamed into it, so a reader finds the old pages or the new ones. The
    latest is a folder, not a link: it opens from disk, from a share and from an archive on any system.
    """
    reports = workspace.reports_folder()
    own, latest = reports / run.source / run.name, reports / "latest"
    with _locked(reports):
        _swapped(_filled(run, workbook, own.with_name(f".{own.name}"), "../.."), own)
        _swapped(_filled(run, workbook, reports / ".latest", ".."), latest)
    return latest / "index.html"


def index() -> Path:
    """Write ``reports/index.html``, the list of every run of every source; return it."""
    path = workspace.reports_folder() / "index.html"
    with _locked(path.parent), workspace.replacing(path) as partial:
        partial.write_text("", encoding="utf-8")
    return path


def _write(run: Run, step: Step, html: str) -> None:
    path = run.folder / "pages" / f"{step.stem}.html"
    path.parent.mkdir(exist_ok=True)
    with workspace.replacing(path) as partial:
        partial.write_text(html, encoding="utf-8")


def _filled(run: Run, workbook: Workbook, folder: Path, up: str) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "notebooks").mkdir(parents=True)
    for step in workbook.steps:
        page, notebook = run.folder / "pages" / f"{step.stem}.html", run.folder / "notebooks" / step.notebook
        name = "index" if step is workbook.steps[-1] else step.stem
        if page.is_file():
            (folder / f"{name}.html").write_text(page.read_text(encoding="utf-8"), encoding="utf-8")
        if notebook.is_file():
            shutil.copyfile(notebook, folder / "notebooks" / step.notebook)
    return folder


def _swapped(fresh: Path, place: Path) -> None:
    old = place.with_name(f".old-{place.name}")
    shutil.rmtree(old, ignore_errors=True)
    if place.exists():
        place.rename(old)
    fresh.rename(place)
    shutil.rmtree(old, ignore_errors=True)


@contextmanager
def _locked(reports: Path) -> Iterator[None]:
    reports.mkdir(parents=True, exist_ok=True)
    with (reports / ".lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
