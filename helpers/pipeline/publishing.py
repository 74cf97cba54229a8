"""Publishing: pages rendered once a run is closed, published as a whole if it is good."""

import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from helpers.foundation import atomic_files, folders, manifest
from helpers.pipeline import provenance, run_retention, runs
from helpers.pipeline.jupyter import nbformat
from helpers.pipeline.progress import duration
from helpers.pipeline.runs import Run
from helpers.pipeline.steps import Step, Workbook
from helpers.reporting import pages, translation

RUNS_FROM_RUN = "../../../../../reports/index.html"

RUNS_FROM_PUBLISHED, RUNS_FROM_LATEST = "../../index.html", "../index.html"

PRIVATE = 0o700

PATIENCE_SECONDS = 300.0  # with another command that publishes; one takes seconds

KINDS = {"failed": "failed", "not_applicable": "not applicable", "left_out": "left out", "finished": "damaged",
         "taken": "damaged"}

SPOKEN = {
    "time": "The step took too long and was stopped",
    "disk": "The step could not write its results",
    "memory": "The step needed more memory than it may use",
    "death": "The step lost its process; most often the machine had run out of memory",
}


def page_name(step: Step, workbook: Workbook) -> str:
    """Return the file name of a step's page; the last step's is the first to be read."""
    return "index.html" if step == workbook.steps[-1] else f"{step.stem}.html"


def render(run: Run, workbook: Workbook, ahead: Collection[str] = ()) -> None:
    """Write the pages of all steps of a closed run into its folder, but for those that were rendered ahead."""
    for step in workbook.steps:
        if step.name not in ahead:
            _write_page(run, step, workbook, str(run.record["state"]))


def render_ahead(run: Run, step: Step, workbook: Workbook) -> None:
    """Write the page of a finished step as it is once the run has finished too; `render` replaces it if it does not."""
    _write_page(run, step, workbook, "finished")


def _write_page(run: Run, step: Step, workbook: Workbook, state: str) -> None:
    path = run.folder / "pages" / page_name(step, workbook)
    path.parent.mkdir(exist_ok=True)
    with atomic_files.atomic_write(path) as partial:
        partial.write_text(_page(run, step, workbook, state), encoding="utf-8")


def notice_sentences(step: Step, told: Mapping[str, Any], source: str) -> tuple[str, ...]:
    """Return what the page of a step without a result says, in plain words."""
    reason = str(told.get("reason", ""))
    if told["state"] == "left_out":
        return ("This run was asked for other steps only.", f"python -m helpers run {source} runs them all.")
    if told["state"] == "not_applicable":
        return (f"This step needs something that {source} does not hold: {reason}.",
                f"With it, this page would show {step.enables}.")
    if told["state"] in ("finished", "taken"):
        return ("The executed notebook of this step is damaged or gone, so there is nothing to show.",
                "The tables that the step wrote are not touched by that; a new run makes the page anew.")
    resume = f"python -m helpers run {source} --resume continues here once the cause is gone."
    kept = "Steps that do not depend on this one stand, and the last good run is untouched."
    if told["state"] == "failed":
        return (f"{_spoken(told)}.", kept, resume)
    return (f"This step was not reached: {reason or 'the run ended before'}.", resume)


def publish(run: Run, workbook: Workbook) -> None:
    """Publish a finished run's pages as ``reports/<source>/<run>/``; if it is the newest, as ``reports/latest/`` too.

    Each folder is filled beside its place and changes places with the old one: a reader finds the old pages or the new
    ones, never none. It can be repeated, whatever ended it before. The latest is a folder, not a link, so that it
    opens from disk, from a share and from an archive on any system.
    """
    reports = folders.reports_folder()
    own = reports / run.source / run.name
    if not all((run.folder / "pages" / page_name(step, workbook)).is_file() for step in workbook.steps):
        render(run, workbook)
    with publishing_lock(reports):
        sweep(reports / run.source)
        _replace(_filled(run, workbook, own.with_name(f".{own.name}"), RUNS_FROM_PUBLISHED), own)
        _open_up(own, run.source)
        if is_whole(run) and run.name == _newest_whole(run.source):
            _replace(_filled(run, workbook, reports / ".latest", RUNS_FROM_LATEST), reports / "latest")
            _open_up(reports / "latest", run.source)


def _open_up(folder: Path, source: str) -> None:
    """Let those read published pages whom the source's study names; what other sources have opened stays open."""
    mode = int(run_retention.retention_limits(source).reports_mode, 8)
    if mode == PRIVATE:
        return
    lists = folder / folders.EXPORTS  # of people by name: for whoever runs the workbook, whoever may read its pages
    for path in (p for p in folder.rglob("*") if p != lists and lists not in p.parents):
        path.chmod(mode if path.is_dir() else mode & 0o666)
    for place in {folder, folder.parent, folders.reports_folder()}:
        place.chmod(place.stat().st_mode & 0o777 | mode)


def unpublished(source: str) -> Run | None:
    """Return the newest run of a source if it has finished and its pages are not all published, else None."""
    newest = newest_run(source)
    if newest is None or newest.record["state"] != "finished":
        return None
    return newest if not (folders.reports_folder() / source / newest.name).is_dir() or (
        is_whole(newest) and not (folders.reports_folder() / "latest").is_dir()) else None


def newest_run(source: str) -> Run | None:
    """Return the run of a source that was begun last, whatever its state; None where there is none."""
    return max(runs.all_runs(source), key=lambda run: manifest.run_order(run.record, run.folder), default=None)


def _newest_whole(source: str) -> str:
    """Return the name of the newest finished run whose pages speak of the same data, parameters and code."""
    whole = [run.name for run in runs.known_runs(source, "finished") if is_whole(run)]
    return whole[-1] if whole else ""


def is_whole(run: Run) -> bool:
    """Return whether every page of a run speaks of the same data, parameters and code."""
    return not run.record["stale"] and all(told["state"] != "left_out" for told in run.steps.values())


def published_folder(run: Run) -> Path:
    """Return the folder in which a finished run's pages are to be read."""
    reports = folders.reports_folder()
    return reports / "latest" if is_whole(run) else reports / run.source / run.name


def list_runs(workbook: Workbook) -> None:
    """Write ``reports/index.html``, the list of every run of every source."""
    path = folders.reports_folder() / "index.html"
    listed = [_listed(run, workbook) for run in runs.all_runs()]
    links = [pages.Link("Latest report", "latest/index.html")] if (path.parent / "latest").is_dir() else []
    with publishing_lock(path.parent), atomic_files.atomic_write(path) as partial:
        partial.write_text(pages.runs_index_page(listed, links), encoding="utf-8")
        partial.chmod(path.parent.stat().st_mode & 0o644)  # for those who may read the folder


def _page(run: Run, step: Step, workbook: Workbook, state: str) -> str:
    with translation.in_language(translation.study_language(run.record.get("study") or {})):
        return _page_in_language(run, step, workbook, state)


def _page_in_language(run: Run, step: Step, workbook: Workbook, state: str) -> str:
    told = run.steps.get(step.name, {"state": "waiting"})
    links = [pages.Link(f"{s.name} {translation.localised(s.title)}", page_name(s, workbook), s == step)
             for s in workbook.steps]
    links.append(pages.Link(translation.message("All runs"), RUNS_FROM_RUN))
    notebook = run.folder / "notebooks" / step.notebook
    executed = _executed(notebook) if told["state"] in ("finished", "taken") else None
    footing = _footing(run, told, notebook, state, executed)
    if executed is not None:
        return pages.notebook_page(executed, footing=footing, links=links, study=run.record.get("study") or {})
    return pages.notice_page(KINDS.get(str(told["state"]), "not reached"), f"{step.name} · {step.title}",
                        notice_sentences(step, told, run.source), footing=footing, links=links)


def _executed(path: Path) -> nbformat.NotebookNode | None:
    """Return an executed notebook; None where it is absent or damaged."""
    try:
        return nbformat.read(path, as_version=4) if path.is_file() else None
    except (ValueError, AttributeError, KeyError, TypeError, nbformat.ValidationError):  # no notebook any more
        return None


def _footing(
    run: Run, told: Mapping[str, Any], notebook: Path, state: str, executed: nbformat.NotebookNode | None
) -> pages.Footing:
    record = run.record
    taken = (executed or {}).get("metadata", {}).get("papermill", {}).get("parameters", record["parameters"])
    parameters = {name: value for name, value in record["parameters"].items() if name in taken}
    return pages.Footing(
        run.source, provenance.title(run.source), str(record["as_of"]), run.name, state,
        rows=sum(run.rows(table) for table in told.get("reads", [])), parameters=parameters,
        checksum=str(record["data"]), revision=str(record["revision"]), seconds=float(told.get("seconds", "nan")),
        is_declared_day=str(record["as_of"]) == provenance.declared_day(run.source),
        notebook=f"../notebooks/{notebook.name}" if notebook.is_file() else "")


def _spoken(told: Mapping[str, Any]) -> str:
    kind, error, reason = (str(told.get(key, "")) for key in ("kind", "error", "reason"))
    if kind in SPOKEN:
        return f"{SPOKEN[kind]} ({reason})"
    if kind == "error" and error not in ("InputError", "GateError"):
        return f"A cell of the notebook stopped with {reason.rstrip('.')}; the executed notebook shows where"
    return reason.rstrip(".")


def _filled(run: Run, workbook: Workbook, folder: Path, runs_index: str) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "notebooks").mkdir(parents=True)
    for step in workbook.steps:
        name = page_name(step, workbook)
        html = (run.folder / "pages" / name).read_text(encoding="utf-8")
        html = html.replace(f'href="{RUNS_FROM_RUN}"', f'href="{runs_index}"')
        for beside in ("notebooks", folders.EXPORTS):
            html = html.replace(f'href="../{beside}/', f'href="{beside}/')
        (folder / name).write_text(html, encoding="utf-8")
        notebook = run.folder / "notebooks" / step.notebook
        if notebook.is_file():
            shutil.copyfile(notebook, folder / "notebooks" / step.notebook)
    if (lists := run.folder / folders.EXPORTS).is_dir():
        shutil.copytree(lists, folder / folders.EXPORTS, copy_function=shutil.copyfile)
    return folder


def _replace(fresh: Path, place: Path) -> None:
    """Put a folder of pages in its place; the old one is gone only once the new one is there."""
    if place.exists():
        atomic_files.exchange_folders(fresh, place)
        shutil.rmtree(fresh)
    else:
        fresh.rename(place)


def sweep(own: Path) -> None:
    """Complete or remove what a publication that was cut short has left; the folder of pages is held by the caller."""
    for folder in (own.parent, own):
        atomic_files.recover_parked(folder)
        for left in sorted(p for p in folder.glob(".*") if p.is_dir() and p.name != atomic_files.PARKED):
            shutil.rmtree(left)
        atomic_files.remove_partials(folder.glob("index.html.*"))


def _listed(run: Run, workbook: Workbook) -> pages.Run:
    record = run.record
    return pages.Run(run.source, run.name, str(record.get("as_of", "")), str(record.get("started_at", "")),
                     str(record.get("state", "")), float(record["seconds"] or "nan"), _first_page(run, workbook),
                     str(record.get("reason", "")))


def _first_page(run: Run, workbook: Workbook) -> str:
    """Return the link from the list of runs: to the leadership page, to the first step that failed or was run."""
    names = {s.name: page_name(s, workbook) for s in workbook.steps if s.name in run.steps}
    state = "failed" if run.record.get("state") == "failed" else "finished"
    is_summed_up = run.steps.get(workbook.steps[-1].name, {}).get("state") in ("finished", "taken")
    first = [] if is_summed_up else [page for name, page in names.items() if run.steps[name]["state"] == state]
    page = next(iter(first), "index.html")
    if (folders.reports_folder() / run.source / run.name / page).is_file():
        return f"{run.source}/{run.name}/{page}"
    return f"../data/runs/{run.source}/{run.name}/pages/{page}" if (run.folder / "pages" / page).is_file() else ""


@contextmanager
def publishing_lock(reports: Path) -> Iterator[None]:
    """Hold the folder of published pages while something in it changes; another command is waited for.

    Raises
    ------
    BusyError
        If another command holds it longer than any publication takes.
    """
    with runs.held_lock(reports / runs.LOCK, str(reports), "another command has been publishing for too long",
                        f"another try once it has ended; it is waited for {duration(PATIENCE_SECONDS)}",
                        seconds=PATIENCE_SECONDS):
        yield
