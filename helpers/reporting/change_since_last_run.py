"""Change since the last comparable run, and whether it is more than noise."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from helpers.foundation import folders, manifest
from helpers.foundation.workspace import Workspace
from helpers.reporting.run_results import PAGES
from helpers.stats.common_items import QUESTION, CommonItems

CHANGE_COLUMNS = ["previous", "previous_run", "previous_as_of_on", "change", "change_low", "change_high",
                  "is_beyond_noise", "comparison"]


WORDS = frozenset({"labels", "report"})  # sections of the study that move no figure

FREE = frozenset({"source", "run", "as_of", "seed", "raw"})  # may differ between comparable runs


@dataclass(frozen=True, slots=True)
class RunIdentity:
    """What makes two runs comparable.

    Parameters
    ----------
    run : str
        Name of the run's folder.
    as_of : str
        ISO date that the run speaks for.
    currency : str
        The run's one currency, empty where no money is recorded.
    parameters : mapping
        Parameters that the notebooks were given.
    study : mapping of str to mapping
        The study's sections as they were read.
    profile, revision : str
        Checksum of the source profile and revision of the code, empty where not recorded.
    """

    run: str
    as_of: str
    currency: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    study: Mapping[str, Any] = field(default_factory=dict)
    profile: str = ""
    revision: str = ""


@dataclass(frozen=True, slots=True)
class ComparableRun:
    """The earlier run to compare with, or the reason why there is none."""

    run: RunIdentity | None
    reason: str = ""


OTHER_QUESTIONS = ComparableRun(None, "not comparable, because it is based on other questions than in the run before")

NOT_COMPARED = ComparableRun(None, "read within the experiment, not between runs")


def run_identity(run: str, manifest: Mapping[str, Any]) -> RunIdentity:
    """Return a run's identity from its manifest."""
    text = {key: str(manifest.get(key) or "") for key in ("as_of", "currency", "profile", "revision")}
    return RunIdentity(run, parameters=manifest.get("parameters") or {}, study=manifest.get("study") or {}, **text)


def current_identity(ws: Workspace) -> RunIdentity:
    """Return the identity of the run at work; profile and revision are not recorded outside one."""
    recorded = manifest.read_manifest(ws.base) if ws.is_in_run and ws.base else {}
    known = run_identity(ws.base.name if ws.base else "", recorded)
    study = json.loads(json.dumps(dict(ws.study.sections), default=str))
    return replace(known, as_of=ws.as_of_on.isoformat(), currency=ws.currency, study=study)


def step_states(ws: Workspace) -> dict[str, str]:
    """Return the state of each step before this one in the run at work; empty outside a run."""
    told = manifest.read_manifest(ws.base).get("steps", {}) if ws.is_in_run and ws.base else {}
    return {name: str(step.get("state", "")) for name, step in sorted(told.items()) if name in PAGES}


def earlier_runs(ws: Workspace) -> tuple[RunIdentity, ...]:
    """Return the finished runs of the same source, oldest ``as_of`` first."""
    found = [run_identity(folder.name, manifest.read_manifest(folder)) for folder in folders.run_folders(ws.source)]
    return tuple(sorted(found, key=lambda run: run.as_of))


def earlier_frames(ws: Workspace, table: str) -> list[pd.DataFrame]:
    """Return a table as each finished run of the source holds it, oldest first; those without it are empty."""
    return [ws.frame_of(one.run, table) for one in earlier_runs(ws)]


def comparable_run(now: RunIdentity, runs: Sequence[RunIdentity], section: str) -> ComparableRun:
    """Return the latest run with an earlier ``as_of``, the same currency and the same section of the study.

    Parameters
    ----------
    now : RunIdentity
        The run at work.
    runs : sequence of RunIdentity
        Finished runs of the same source, oldest ``as_of`` first; of equal dates the later one counts.
    section : str
        Section of the study that the figure rests on; the shared section ``economics`` always counts too.
    """
    before = [run for run in runs if run.as_of and run.as_of < now.as_of]
    fitting = [run for run in before if not comparability_obstacles(now, run, section)]
    if fitting:
        return ComparableRun(fitting[-1])
    if before:
        return ComparableRun(None, f"not comparable, because {comparability_obstacles(now, before[-1], section)[0]}")
    return ComparableRun(None, "no earlier run" if not runs else "no run as of an earlier date")


def comparability_obstacles(now: RunIdentity, run: RunIdentity, section: str) -> list[str]:
    """Return what stands between two runs, in words; empty where they are comparable."""
    sections = [f"section [{name}] of the study has changed" for name in dict.fromkeys((section, "economics"))
                if run.study.get(name, {}) != now.study.get(name, {})]
    return _currency(now, run) + sections + _parameters(now, run)


def estimate_difference(now: Mapping[str, Any], before: Mapping[str, Any]) -> tuple[float, float, float]:
    """Return the change between two independent estimates with its interval.

    The interval is recovered from the two stored ones, which need not be symmetric: with values v and limits l, u
    the lower limit is d − √((v₁ − l₁)² + (u₂ − v₂)²), the upper one d + √((u₁ − v₁)² + (v₂ − l₂)²). For symmetric
    intervals this is the normal approximation. Runs that share customers are positively correlated, which makes it
    too wide rather than too narrow.

    Returns
    -------
    tuple of float
        Change, lower and upper limit in the unit of the two; NaN where an interval is missing or of another level.

    References
    ----------
    Zou, G. Y. and Donner, A. (2008). Construction of confidence limits about effect measures. Statistics in
    Medicine 27, 1693–1702.

    Examples
    --------
    >>> a, b = {"value": 5, "low": 2, "high": 8, "level": .95}, {"value": 1, "low": -3, "high": 5, "level": .95}
    >>> estimate_difference(a, b)
    (4.0, -1.0, 9.0)
    """
    v1, l1, u1 = (float(now[k]) for k in ("value", "low", "high"))
    v2, l2, u2 = (float(before[k]) for k in ("value", "low", "high"))
    change = v1 - v2
    if now["level"] != before["level"]:
        return change, np.nan, np.nan
    return change, float(change - np.hypot(v1 - l1, u2 - v2)), float(change + np.hypot(u1 - v1, v2 - l2))


def change_row(now: Mapping[str, Any], before: Mapping[str, Any] | None, run: ComparableRun) -> dict[str, Any]:
    """Return one figure's change since the comparable run: the columns of `CHANGE_COLUMNS`.

    Parameters
    ----------
    now : mapping
        A row of a long summary table.
    before : mapping or None
        The same quantity and segment in the comparable run, None where that run has no such row.
    run : ComparableRun
        The comparable run, or the reason why there is none.
    """
    nothing = dict.fromkeys(CHANGE_COLUMNS, np.nan) | {
        "previous_run": run.run.run if run.run else "", "previous_as_of_on": pd.NaT, "is_beyond_noise": None}
    if run.run is None:
        return nothing | {"comparison": run.reason}
    known = {"previous_as_of_on": pd.Timestamp(run.run.as_of)}
    reason = _missing(now, before)
    if reason or before is None:
        return nothing | known | {"comparison": reason}
    moved, low, high = estimate_difference(now, before)
    has_interval = bool(np.isfinite(low) and np.isfinite(high))
    return nothing | known | {
        "previous": float(before["value"]), "change": moved, "change_low": low, "change_high": high,
        "is_beyond_noise": bool(low > 0 or high < 0) if has_interval else None,
        "comparison": "" if has_interval else "counted, no interval to judge it by"}


def changes_table(ws: Workspace, frame: pd.DataFrame) -> pd.DataFrame:
    """Return figures with their change since the last comparable run of each.

    Parameters
    ----------
    ws : Workspace
        The run at work.
    frame : DataFrame
        Rows of long summary tables, with ``section`` (of the study) and ``table`` (where each stands; empty for
        what is not compared between runs).

    Returns
    -------
    DataFrame
        The same rows with `CHANGE_COLUMNS` behind.
    """
    now, runs = current_identity(ws), earlier_runs(ws)
    found = {section: comparable_run(now, runs, section) for section in frame["section"].unique()}
    pairs = [(row, found[row["section"]] if row["table"] else NOT_COMPARED) for row in frame.to_dict("records")]
    rows = [_changed(ws, row, run) for row, run in pairs]
    beside = pd.DataFrame(rows, columns=CHANGE_COLUMNS, index=frame.index)
    return frame.join(beside.astype({"is_beyond_noise": "boolean", "previous_as_of_on": "datetime64[us]",
                                     "previous_run": "str", "comparison": "str"}))


def _changed(ws: Workspace, row: Mapping[str, Any], run: ComparableRun) -> dict[str, Any]:
    """Return a figure's change; one that rests on other questions then by those in common, or not at all."""
    before = row_in_run(ws, run, row)
    if run.run is None or before is None or _missing(row, before):
        return change_row(row, before, run)
    then = _questions(ws.frame_of(run.run.run, str(row["table"])), row)
    now = then if then.empty else _questions(ws.frame(str(row["table"])), row)
    common = in_common(now, then)
    if common.is_whole:
        return change_row(row, before, run)
    if not common.items:
        return change_row(row, before, OTHER_QUESTIONS)
    items = list(common.items)
    return change_row(_averaged(row, now.loc[items]), _averaged(before, then.loc[items]), run) | {
        "comparison": common.note
    }


def _questions(table: pd.DataFrame, row: Mapping[str, Any]) -> pd.DataFrame:
    """Return the questions that a figure rests on, by their name and scale; none where the run did not record them."""
    found = table[table["quantity"] == f"{QUESTION}{row['quantity']}"]
    if found.empty or row["segment"] != "all":
        return found.head(0)
    return found.set_index(found["segment"] + " " + found["reason"])


def in_common(now: pd.DataFrame, then: pd.DataFrame) -> CommonItems:
    """Return the questions that a figure rests on in both runs; what a run did not record is not called different."""
    if now.empty or then.empty:
        return CommonItems((), 0)
    return CommonItems(tuple(sorted({*now.index} & {*then.index})), len({*now.index} | {*then.index}))


def _averaged(row: Mapping[str, Any], questions: pd.DataFrame) -> dict[str, Any]:
    """Return a figure over some questions: their mean, and limits that hold whatever their correlation.

    The error of a mean is at most the mean of the errors, so that the interval is too wide rather than too narrow.
    """
    return dict(row) | {c: float(questions[c].mean()) for c in ("value", "low", "high")}


def row_in_run(ws: Workspace, run: ComparableRun, row: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the row of the same table, quantity and segment in a comparable run, None where it has none."""
    if run.run is None:
        return None
    there = ws.frame_of(run.run.run, str(row["table"]))
    same = there[(there["quantity"] == row["quantity"]) & (there["segment"] == row["segment"])]
    return same.iloc[0].to_dict() if len(same) else None


def figure_history(ws: Workspace, row: Mapping[str, Any]) -> pd.DataFrame:
    """Return one figure in every comparable run that asked the same: ``on``, ``value``; oldest first, this run last."""
    now = current_identity(ws)
    runs = [
        run
        for run in earlier_runs(ws)
        if run.as_of < now.as_of and not comparability_obstacles(now, run, str(row["section"]))
    ]
    latest = {run.as_of: run for run in runs}
    asked = {on: _questions(ws.frame_of(run.run, str(row["table"])), row) for on, run in latest.items()}
    own = _questions(ws.frame(str(row["table"])), row) if any(map(len, asked.values())) else pd.DataFrame()
    rows = [(on, row_in_run(ws, ComparableRun(run), row)) for on, run in sorted(latest.items())
            if in_common(own, asked[on]).is_whole]
    points = [(on, found["value"]) for on, found in rows if found and found["status"] == "ok"]
    points.append((now.as_of, row["value"]))
    return pd.DataFrame(points, columns=["on", "value"]).astype({"value": "float64"})


def previous_run(now: RunIdentity, runs: Sequence[RunIdentity]) -> RunIdentity | None:
    """Return the last run as of an earlier date, comparable or not."""
    return next((run for run in reversed(runs) if run.as_of and run.as_of < now.as_of), None)


def redefinitions(now: RunIdentity, before: RunIdentity) -> list[str]:
    """Return what was redefined between two runs; empty where nothing was.

    Returns
    -------
    list of str
        In words: source profile, sections of the study, currency, parameters; what a run did not record is not called
        changed. Code is no definition: see `is_code_changed`.
    """
    names = sorted({*now.study, *before.study})
    sections = [name for name in names if name not in WORDS and now.study.get(name, {}) != before.study.get(name, {})]
    profile = ["the source profile has changed"] if _differs(now.profile, before.profile) else []
    study = [f"section [{name}] of the study has changed" for name in sections]
    return profile + study + _currency(now, before) + _parameters(now, before)


def is_code_changed(now: RunIdentity, before: RunIdentity) -> bool:
    """Return whether two runs were made by different code, as far as both recorded it."""
    return _differs(now.revision, before.revision)


def code_words(now: RunIdentity, before: RunIdentity) -> list[str]:
    """Return which code made each of two runs, in words; empty where it is the same or not recorded."""
    return ([f"the code went from {_short(before.revision)} to {_short(now.revision)}"]
            if is_code_changed(now, before) else [])


def _currency(now: RunIdentity, before: RunIdentity) -> list[str]:
    if before.currency == now.currency:
        return []
    return [f"the currency was {before.currency or 'not stated'} and is {now.currency or 'not stated'}"]


def _parameters(now: RunIdentity, before: RunIdentity) -> list[str]:
    knobs = sorted(({*now.parameters} & {*before.parameters}) - FREE)
    return [f"{name} was {before.parameters[name]} and is {now.parameters[name]}" for name in knobs
            if before.parameters[name] != now.parameters[name]]


def _differs(now: str, before: str) -> bool:
    return bool(now and before and now != before)


def _short(revision: str) -> str:
    commit, plus, files = revision.partition("+")
    return f"{commit[:7]}{plus}{files[:4]}"


def _missing(now: Mapping[str, Any], before: Mapping[str, Any] | None) -> str:
    if before is None:
        return "not measured in the run before"
    if now["status"] != "ok":
        return f"no figure now: {now['reason'] or now['status']}"
    if before["status"] != "ok":
        return f"no figure in the run before: {before['reason'] or before['status']}"
    return "the unit has changed" if now["unit"] != before["unit"] else ""
