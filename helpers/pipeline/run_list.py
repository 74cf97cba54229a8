"""List of runs: one line each for people, one fact sheet each for machines."""

from collections.abc import Mapping
from typing import Any

from helpers.foundation import folders
from helpers.foundation.errors import InputError, spelling_hint
from helpers.pipeline import runs
from helpers.pipeline.progress import duration
from helpers.pipeline.runs import Run


def run_lines(source: str = "") -> list[str]:
    """Return one line for each run of a source, or of all, oldest first.

    Raises
    ------
    InputError
        If there is no such source.
    """
    rows = [_run_row(facts) for facts in run_facts(source)]
    if not rows:
        return ["no run yet"]
    head = ("source", "run", "state", "started", "took", "")
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    return ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
            for row in (head, *rows)]


def run_facts(source: str = "") -> list[dict[str, Any]]:
    """Return what a machine is told of each run of a source, or of all, oldest first.

    Raises
    ------
    InputError
        If there is no such source.
    """
    names = folders.config_names("sources")
    if source and source not in names and not folders.runs_folder(source).is_dir():
        raise InputError(source, "there is no such source profile", spelling_hint(source, names))
    return [_run_facts(run) for run in runs.all_runs(source)]


def _run_facts(run: Run) -> dict[str, Any]:
    record = run.record
    state = str(record.get("state", ""))
    if state == "running" and not runs.is_locked(run.source):
        state = "killed"
    texts = {key: str(record.get(key, "")) for key in ("as_of", "started_at", "finished_at", "reason")}
    return {"source": run.source, "run": run.name, "state": state, **texts, "seconds": float(record.get("seconds", 0)),
            "steps": {name: told.get("state", "") for name, told in run.steps.items()}}


def _run_row(facts: Mapping[str, Any]) -> tuple[str, ...]:
    return (facts["source"], facts["run"], facts["state"], facts["started_at"][:16].replace("T", " "),
            duration(facts["seconds"]) if facts["seconds"] else "", facts["reason"])
