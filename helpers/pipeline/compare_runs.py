"""Comparison of two runs: what differs between them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd
import pyarrow as pa

from helpers.foundation import atomic_files, folders, parquet_files
from helpers.foundation.errors import InputError, spelling_hint
from helpers.pipeline import runs
from helpers.pipeline.runs import Run
from helpers.reporting import change_since_last_run

KPIS, HEADLINES = "results/kpis", "results/headlines"

KPI_COLUMNS = pa.schema({"quantity": pa.string(), "segment": pa.string(), "value": pa.float64()})

HEADLINE_COLUMNS = pa.schema({"sentence": pa.string()})


@dataclass(frozen=True, slots=True)
class RunDifferences:
    """What differs between two runs.

    Parameters
    ----------
    before, now : str
        Names of the runs.
    definitions, rows, kpis, headlines : list of str
        State, dates, parameters and definitions; rows of tables; key figures; sentences of the leadership page.
    """

    before: str
    now: str
    definitions: list[str]
    rows: list[str]
    kpis: list[str]
    headlines: list[str]

    @property
    def lines(self) -> list[str]:
        """All of them, for people; one line that says so where there are none."""
        found = [*self.definitions, *self.rows, *self.kpis, *self.headlines]
        return found or [f"{self.before} and {self.now} do not differ"]

    @property
    def facts(self) -> dict[str, Any]:
        """All of them, for machines."""
        return asdict(self)


def run_differences(source: str, one: str, other: str) -> RunDifferences:
    """Return what differs between two runs.

    Raises
    ------
    InputError
        If there is no such run.
    """
    before, now = (_run(source, name) for name in (one, other))
    return RunDifferences(before.name, now.name, _told(before, now), _rows(before, now), _kpis(before, now),
                          _headlines(before, now))


def _run(source: str, name: str) -> Run:
    folder = folders.runs_folder(source) / atomic_files.safe_name(name)
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
    identities = [change_since_last_run.run_identity(run.name, run.record) for run in (now, before)]
    return [*changed, *change_since_last_run.redefinitions(*identities),
            *change_since_last_run.code_words(*identities)]


def _rows(before: Run, now: Run) -> list[str]:
    counts = [{table: n for told in run.steps.values() for table, n in told.get("rows", {}).items()}
              for run in (before, now)]
    return [f"{table}: {_count(counts[0], table)} → {_count(counts[1], table)} rows"
            for table in sorted({*counts[0], *counts[1]}) if counts[0].get(table) != counts[1].get(table)]


def _count(counts: Mapping[str, int], table: str) -> str:
    return f"{counts[table]:,}" if table in counts else "none"


def _kpis(before: Run, now: Run) -> list[str]:
    one, other = (_frame(run, KPIS, KPI_COLUMNS) for run in (before, now))
    both = one.merge(other, on=["quantity", "segment"], how="outer", suffixes=("_before", "_now"))
    differs = (both["value_before"] != both["value_now"]) & both[["value_before", "value_now"]].notna().any(axis=1)
    return [f"{row.quantity}, {row.segment}: {row.value_before:g} → {row.value_now:g}"
            for row in both[differs].itertuples()]


def _headlines(before: Run, now: Run) -> list[str]:
    one, other = (list(_frame(run, HEADLINES, HEADLINE_COLUMNS)["sentence"]) for run in (before, now))
    return [f"− {s}" for s in one if s not in other] + [f"+ {s}" for s in other if s not in one]


def _frame(run: Run, table: str, columns: pa.Schema) -> pd.DataFrame:
    path = run.folder / f"{table}.parquet"
    found = parquet_files.load_columns(path, columns) if path.exists() else columns.empty_table()
    if found.num_rows:
        return found.to_pandas()
    # pandas cannot merge what Arrow hands over without any row
    kinds = {column.name: "str" if pa.types.is_string(column.type) else "float64" for column in columns}
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()})
