"""List of runs, and what differs between two of them."""

from collections.abc import Mapping

import pandas as pd

from helpers.foundation import atomic_files, parquet_files, workspace
from helpers.foundation.errors import InputError, spelling_hint
from helpers.pipeline import publishing, runs
from helpers.pipeline.progress import duration
from helpers.pipeline.runs import Run
from helpers.reporting import change_since_last_run


def run_list(source: str = "") -> list[str]:
    """Return one line for each run of a source, or of all, oldest first.

    Raises
    ------
    InputError
        If there is no such source.
    """
    names = workspace.config_names("sources")
    if source and source not in names and not workspace.runs_folder(source).is_dir():
        raise InputError(source, "there is no such source profile", spelling_hint(source, names))
    rows = [_run_row(run) for run in publishing.all_runs(source)]
    if not rows:
        return ["no run yet"]
    head = ("source", "run", "state", "started", "took", "")
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    return ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
            for row in (head, *rows)]


def _run_row(run: Run) -> tuple[str, ...]:
    record = run.record
    state = str(record.get("state", ""))
    if state == "running" and not runs.is_locked(run.source):
        state = "killed"
    seconds = float(record.get("seconds", 0))
    return (run.source, run.name, state, str(record.get("started_at", ""))[:16].replace("T", " "),
            duration(seconds) if seconds else "", str(record.get("reason", "")))


KPIS, HEADLINES = "results/kpis", "results/headlines"


def run_differences(source: str, one: str, other: str) -> list[str]:
    """Return what differs between two runs as lines for people; one line that says so where nothing does.

    Raises
    ------
    InputError
        If there is no such run.
    """
    before, now = (_run(source, name) for name in (one, other))
    found = [*_told(before, now), *_rows(before, now), *_kpis(before, now), *_headlines(before, now)]
    return found or [f"{before.name} and {now.name} do not differ"]


def _run(source: str, name: str) -> Run:
    folder = workspace.runs_folder(source) / atomic_files.safe_name(name)
    if not (folder / "manifest.json").is_file():
        names = sorted(path.parent.name for path in folder.parent.glob("*/manifest.json"))
        raise InputError(
            f"{source} {name}", "there is no such run", spelling_hint(name, names) if names else "none yet"
        )
    return runs.open_run(folder)


def _told(before: Run, now: Run) -> list[str]:
    facts = [{"state": run.record.get("state"), "as_of": run.record.get("as_of"), **{
        name: value for name, value in run.record.get("parameters", {}).items() if name in ("seed", "raw")}}
        for run in (before, now)]
    changed = [f"{key}: {facts[0].get(key)} → {facts[1].get(key)}" for key in sorted({*facts[0], *facts[1]})
               if facts[0].get(key) != facts[1].get(key)]
    return changed + change_since_last_run.redefinitions(
        *(change_since_last_run.run_identity(run.name, run.record) for run in (now, before))
    )


def _rows(before: Run, now: Run) -> list[str]:
    counts = [{table: n for told in run.steps.values() for table, n in told.get("rows", {}).items()}
              for run in (before, now)]
    return [f"{table}: {_count(counts[0], table)} → {_count(counts[1], table)} rows"
            for table in sorted({*counts[0], *counts[1]}) if counts[0].get(table) != counts[1].get(table)]


def _count(counts: Mapping[str, int], table: str) -> str:
    return f"{counts[table]:,}" if table in counts else "none"


def _kpis(before: Run, now: Run) -> list[str]:
    one, other = (_frame(run, KPIS, ["quantity", "segment", "value"]) for run in (before, now))
    both = one.merge(other, on=["quantity", "segment"], how="outer", suffixes=("_before", "_now"))
    differs = (both["value_before"] != both["value_now"]) & both[["value_before", "value_now"]].notna().any(axis=1)
    return [f"{row.quantity}, {row.segment}: {row.value_before:g} → {row.value_now:g}"
            for row in both[differs].itertuples()]


def _headlines(before: Run, now: Run) -> list[str]:
    one, other = (list(_frame(run, HEADLINES, ["sentence"])["sentence"]) for run in (before, now))
    return [f"− {s}" for s in one if s not in other] + [f"+ {s}" for s in other if s not in one]


def _frame(run: Run, table: str, columns: list[str]) -> pd.DataFrame:
    path = run.folder / f"{table}.parquet"
    if not path.exists():
        kinds = {name: "float64" if name == "value" else "str" for name in columns}
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()})
    return parquet_files.load_table(path, columns).to_pandas()
