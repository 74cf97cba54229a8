"""Resume and partial runs: which steps of earlier runs stand, and what forbids taking them."""

import json
import os
import shutil
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from helpers.foundation import parquet_files
from helpers.foundation.errors import InputError
from helpers.pipeline import registry
from helpers.pipeline.runs import SETTLED, Run, known_runs


def differences(wanted: Mapping[str, Any], record: Mapping[str, Any], keys: Iterable[str]) -> list[str]:
    """Return in words what differs between what a run should be and what another was."""
    words = {"parameters": "its parameters were different", "profile": "the source profile has changed since",
             "study": "the study has changed since", "raw": "the raw files have changed since",
             "revision": "the code has changed since"}
    found = []
    for key in keys:
        now, before = (json.loads(json.dumps(x.get(key) or {}, default=str)) for x in (wanted, record))
        if now != before:
            found.append(words[key] + (f" ({_parameters(now, before)})" if key == "parameters" else ""))
    return found


def resumable_run(source: str, wanted: Mapping[str, Any]) -> Run:
    """Return the newest failed run that can be continued.

    Raises
    ------
    InputError
        If there is none; naming what differs from the newest failed one.
    """
    failed = known_runs(source, "failed")
    if not failed:
        raise InputError("--resume", f"no run of {source} has failed", "a run without --resume")
    obstacles = [differences(wanted, run.record, _keys(run)) for run in failed]
    fitting = [run for run, reasons in zip(failed, obstacles, strict=True) if not reasons]
    if not fitting:
        reasons = ", ".join(obstacles[-1])
        raise InputError("--resume", f"run {failed[-1].name} cannot be continued: {reasons}", "a run without --resume")
    return fitting[-1]


def _keys(run: Run) -> tuple[str, ...]:
    """Return what must be the same for a run to be continued; files count once they have been read."""
    has_read = next(iter(run.steps.values()), {"state": ""})["state"] in SETTLED
    return ("parameters", "profile", "study", "revision", *(["raw"] if has_read else []))


def base_run(source: str, wanted: Mapping[str, Any], needed: Collection[str]) -> Run | None:
    """Return the newest finished run whose steps can be taken into a new one.

    Parameters
    ----------
    source : str
        The source profile.
    wanted : mapping
        Profile, study and those parameters that the taken steps know.
    needed : collection of str
        Names of the steps that the new run cannot do without.

    Returns
    -------
    Run or None
        None where there is none and none is needed.

    Raises
    ------
    InputError
        If one is needed and there is none; naming what differs from the newest finished one.
    """
    names = tuple(wanted["parameters"])
    finished = [run for run in known_runs(source, "finished") if all(_holds(run, name) for name in needed)]
    if not finished and needed:
        raise InputError("--from, --only", f"no run of {source} has finished, so its steps {', '.join(needed)} "
                         "cannot be taken", "a whole run first")
    keys = ("parameters", "profile", "study")
    records = {run.name: {**run.record, "parameters": {k: v for k, v in run.record["parameters"].items() if k in names}}
               for run in finished}
    fitting = [run for run in finished if not differences(wanted, records[run.name], keys)]
    if not fitting and not needed:
        return None
    if not fitting:
        newest = finished[-1].name
        reasons = ", ".join(differences(wanted, records[newest], keys))
        raise InputError("--from, --only", f"nothing can be taken from run {newest}: {reasons}", "a whole run")
    whole = next((run for run in reversed(fitting) if not _damaged_table(run)), None)
    if whole is None:
        newest = fitting[-1]
        raise InputError("--from, --only", f"nothing can be taken from run {newest.name} ({_damaged_table(newest)})",
                         "a whole run")
    return whole


def _damaged_table(run: Run) -> str:
    """Return what is wrong with the first damaged table of a run, empty where each can be read as it is declared."""
    declared = registry.declarations()
    for path in sorted(run.folder.glob("*/*.parquet")):
        table = declared.get(f"{path.parent.name}/{path.stem}")
        form = (table.schema().to_pyarrow(), table.key) if table else (None, ())
        if damage := parquet_files.damage(path, *form):
            return damage
    return ""


def _holds(run: Run, step: str) -> bool:
    return run.steps.get(step, {}).get("state") in ("finished", "taken", "not_applicable")


def take_steps(run: Run, earlier: Run, steps: Mapping[str, str]) -> None:
    """Take tables, notebooks and pages of an earlier run's steps, by link where the disk allows it.

    Parameters
    ----------
    run, earlier : Run
        Where they go, and where they come from.
    steps : mapping of str to str
        Names of the steps with the stems of their notebooks.
    """
    for name, stem in steps.items():
        told = earlier.steps.get(name, {"state": "not_applicable"})
        files = [f"{table}.parquet" for table in told.get("rows", {})]
        for file in (*files, f"notebooks/{stem}.ipynb", f"pages/{stem}.html"):
            _linked(earlier.folder / file, run.folder / file)
        state = "taken" if told["state"] in ("finished", "taken") else told["state"]
        run.steps[name] = {**told, "state": state, "taken_from": earlier.name}
    kept = [gate for gate in earlier.record["gates"] if gate["step"] in steps]
    run.saved(gates=kept, ended=earlier.record.get("ended", {}),
              **{key: earlier.record[key] for key in ("as_of", "raw", "raw_folder", "data")})


def _linked(source: Path, target: Path) -> None:
    if source.is_dir():  # a table in parts
        for part in sorted(source.iterdir()):
            _linked(part, target / part.name)
    if not source.is_file():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _parameters(now: Mapping[str, Any], before: Mapping[str, Any]) -> str:
    names = sorted(k for k in {*now, *before} if now.get(k) != before.get(k))
    return ", ".join(f"{k}: {before.get(k, 'not set')!r} then, {now.get(k, 'not set')!r} now" for k in names)
