"""The list of runs as lines for people."""

from helpers.foundation import workspace
from helpers.foundation.errors import InputError, nearest
from helpers.pipeline import publishing, runs
from helpers.pipeline.progress import duration
from helpers.pipeline.runs import Run


def lines(source: str = "") -> list[str]:
    """Return one line for each run of a source, or of all, oldest first.

    Raises
    ------
    InputError
        If there is no such source.
    """
    names = workspace.declared_names("sources")
    if source and source not in names and not workspace.runs_folder(source).is_dir():
        raise InputError(source, "there is no such source profile", nearest(source, names))
    rows = [_row(run) for run in publishing.every(source)]
    if not rows:
        return ["no run yet"]
    head = ("source", "run", "state", "started", "took", "")
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    return ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
            for row in (head, *rows)]


def _row(run: Run) -> tuple[str, ...]:
    record = run.record
    state = str(record.get("state", ""))
    if state == "running" and not runs.is_locked(run.source):
        state = "killed"
    seconds = float(record.get("seconds", 0))
    return (run.source, run.name, state, str(record.get("started_at", ""))[:16].replace("T", " "),
            duration(seconds) if seconds else "", str(record.get("reason", "")))
