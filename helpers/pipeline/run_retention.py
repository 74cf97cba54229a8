"""Run retention: older runs are removed as the study says, never one that is still needed."""

import json
import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

import pandas as pd
from pydantic import Field

from helpers.foundation import atomic_files, folders, manifest, parquet_files, study_config
from helpers.foundation.study_config import Section
from helpers.pipeline import runs
from helpers.pipeline.runs import Run
from helpers.reporting.schema import FORECAST_KEY, FORECASTS

GRADES, EFFECTS, DRAWN = "results/forecast_grades", "results/experiment_effects", "results/assignments_drawn"

ALERTS = "results/alerts"


class RetentionConfig(Section):
    """Section ``[workbook]``: how long runs are kept (where neither is said, for ever) and who may read reports."""

    keep_runs_days: int | None = Field(
        None, ge=1, description="runs are removed this long after their start, once newer runs' data are as much newer "
        "too: a clock that jumps removes nothing [days]")
    reports_mode: Literal["0700", "0750", "0755"] = Field(
        "0700", description="access to published pages: the owner's alone, the group's too, or everybody's")
    keep_runs: int | None = Field(None, ge=1, description="number of finished runs that are kept, the newest [runs]")


@dataclass(frozen=True, slots=True)
class Removal:
    """One run that is to go, or that has to stay although its time has come: its name and why."""

    run: Run
    because: str
    needed: str = ""


def retention_limits(source: str) -> RetentionConfig:
    """Return how long the runs of a source are kept."""
    path = folders.config_file("studies", source)
    return (study_config.read_study_file(path) if path else study_config.Study()).section("workbook", RetentionConfig)


def runs_due(source: str, limit: RetentionConfig, today: date) -> list[Removal]:
    """Return the runs of a source whose time has come, oldest first; those still needed say for what.

    Never among them is the newest finished run.

    Parameters
    ----------
    source : str
        Name of the source profile.
    limit : RetentionConfig
        How long runs are kept.
    today : date
        The day to count from.
    """
    finished = runs.known_runs(source, "finished")
    if not finished or (limit.keep_runs is None and limit.keep_runs_days is None):
        return []
    first_kept = _order((finished[-limit.keep_runs:] if limit.keep_runs else finished)[0])
    found = []
    for run in sorted([*finished[:-1], *runs.known_runs(source, "failed")], key=_order):
        age = (today - _started_on(run, today)).days
        is_old = limit.keep_runs_days is not None and age > limit.keep_runs_days <= _data_age_days(run, finished)
        because = (f"it is {age:,} days old, and runs are kept for {limit.keep_runs_days:,}" if is_old else
                   _number_said(limit.keep_runs) if limit.keep_runs is not None and _order(run) < first_kept else "")
        if because:
            found.append(
                Removal(run, because, still_needed(run, finished) if run.record["state"] == "finished" else "")
            )
    return found


def _order(run: Run) -> tuple[int, str, str]:
    return manifest.run_order(run.record, run.folder)


def _started_on(run: Run, today: date) -> date:
    """Return the day on which a run was begun; today where it does not say so, so that it is not called old."""
    try:
        return datetime.fromisoformat(str(run.record["started_at"])).date()
    except ValueError:
        return today


def _data_age_days(run: Run, finished: list[Run]) -> int:
    """Return how much older a run's data are than those of the newest run [days]: no clock that jumps changes that.

    The data of a run without a date are taken to be those of the next one that finished.
    """
    dated = [run, *(other for other in finished if _order(other) > _order(run))]
    days = [date.fromisoformat(day) for other in dated if (day := str(other.record["as_of"]))]
    return max(0, (days[-1] - days[0]).days) if days else 0


def still_needed(run: Run, finished: list[Run]) -> str:
    """Return what a finished run is still needed for, empty where for nothing.

    Parameters
    ----------
    run : Run
        The run.
    finished : list of Run
        All finished runs of the source, which may have graded it.
    """
    graded = {key for other in finished for key in _keys(_frame(other, GRADES, FORECAST_KEY))}
    if not {key for name in FORECASTS
            for key in _keys(_frame(run, name, [*FORECAST_KEY, "value"]).dropna(subset=["value"]))} <= graded:
        return "its forecasts are not all graded yet"
    read = {e for other in finished for e in _frame(other, EFFECTS, ["experiment"])["experiment"]}
    if not set(_frame(run, DRAWN, ["experiment"])["experiment"]) <= read:
        return "what it assigned at random is not measured yet"
    alerts = _frame(run, ALERTS, ["outcome_due_on"])["outcome_due_on"].dropna()
    newest = max((str(other.record.get("as_of", "")) for other in finished), default="")
    return "its alerts are not due yet" if (alerts.astype("str").str[:10] > newest).any() else ""


def apply_retention(source: str, room: Path, today: date | None = None) -> list[str]:
    """Remove the runs whose time has come and record it; return what was done, in sentences.

    Parameters
    ----------
    source : str
        Name of the source profile; it is held by the caller.
    room : Path
        Folder that is emptied in any case; runs are removed from there.
    today : date, optional
        The day to count from, by default today in UTC.
    """
    said = []
    for removal in runs_due(source, retention_limits(source), today or datetime.now(UTC).date()):
        name = removal.run.name
        if removal.needed:
            said.append(f"run {name} is kept although {removal.because}: {removal.needed}")
            continue
        _record(removal)
        removal.run.folder.rename(room / name)
        shutil.rmtree(room / name)
        shutil.rmtree(folders.reports_folder() / source / name, ignore_errors=True)
        said.append(f"run {name} is removed: {removal.because}")
    return said


def _number_said(n: int) -> str:
    return "only the newest run is kept" if n == 1 else f"the {n:,} newest runs are kept"


def _record(removal: Removal) -> None:
    """Write down what is removed, before it is."""
    path = folders.runs_folder(removal.run.source) / runs.REMOVED
    told = json.loads(path.read_text(encoding="utf-8"))["removed"] if path.is_file() else []
    entry = {"run": removal.run.name, "as_of": removal.run.record.get("as_of", ""),
             "state": removal.run.record.get("state", ""), "data": removal.run.record.get("data", ""),
             "removed_at": runs.now(), "because": removal.because}
    atomic_files.write_json(path, {"removed": [*told, entry]})


def _keys(frame: pd.DataFrame) -> set[tuple[str, ...]]:
    return {tuple(map(str, row)) for row in frame[FORECAST_KEY].itertuples(index=False)}


def _frame(run: Run, table: str, columns: list[str]) -> pd.DataFrame:
    """Return columns of a run's table, no rows where it has none, lacks one of them or is damaged."""
    path = run.folder / f"{table}.parquet"
    with suppress(parquet_files.DamagedTableError):
        if path.exists():
            return parquet_files.load_table(path).to_pandas().reindex(columns=columns)
    return pd.DataFrame(columns=columns)
