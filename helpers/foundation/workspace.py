"""Workspace: reads and writes the tables of a run by name."""

import os
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa

from helpers.foundation import parquet_files, study_config
from helpers.foundation.atomic_files import (
    age_in_words,
    atomic_write,
    make_private_folder,
    remove_table,
    safe_name,
    write_json,
)
from helpers.foundation.canonical_schema import STATIC_WITH_ALL
from helpers.foundation.engine import MAX_FRAME_ROWS, Engine
from helpers.foundation.engine_choice import open_engine
from helpers.foundation.errors import InputError, spelling_hint
from helpers.foundation.folders import (
    SCRATCH,
    STEP_FOLDER_VARIABLE,
    config_file,
    run_folders,
    runs_folder,
)
from helpers.foundation.manifest import read_manifest
from helpers.foundation.schema import Table


def study_of_source(source: str) -> study_config.Study:
    """Return a source's assumptions: the study of its name, else every default."""
    path = config_file("studies", source)
    if path is None:
        return study_config.Study()
    known = path.stat()
    return _study_as_it_stands(path, known.st_mtime_ns, known.st_size)


@lru_cache(maxsize=8)
def _study_as_it_stands(path: Path, mtime_ns: int, n_bytes: int) -> study_config.Study:
    """Return the study in a file, read again once the file has another time or size."""
    return study_config.read_study_file(path)


@lru_cache(maxsize=8)
def _profile_as_it_stands(path: Path, mtime_ns: int, n_bytes: int) -> dict[str, Any]:
    """Return the source profile in a file, read again once the file has another time or size; not to be changed."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


@dataclass(slots=True)
class Workspace:
    """The tables of one run, by name.

    Inside a run, tables are read from the run and written to the folder of the step at work. Anywhere else — a
    notebook opened by hand, plain papermill — tables are written to the source's ``scratch`` folder and read from
    there, then from a base run; a finished run is never written to.

    Parameters
    ----------
    source : str
        Name of the source profile.
    declarations : mapping of str to Table
        All declared tables, by name.
    run : str
        The run to read from; ``""`` is the newest finished run of the source.
    as_of : str
        ISO date of the run; ``""`` is the date that the intake settled, the newest row.
    engine : Engine
        The engine session; the one that ``LOYALTY_ENGINE`` names, else DuckDB.
    protect : callable, optional
        Gives a table of groups of people as it may be published; asked for tables that declare ``cells``.
    """

    source: str
    declarations: Mapping[str, Table]
    run: str = ""
    as_of: str = ""
    engine: Engine = field(default_factory=open_engine)
    protect: Callable[[pd.DataFrame, Table], pd.DataFrame] | None = None
    _reads: dict[str, str] = field(default_factory=dict)
    _writes: dict[str, int] = field(default_factory=dict)
    _ended: dict[str, str] = field(default_factory=dict)

    # --- places ------------------------------------------------------------------------------------------------

    @property
    def is_in_run(self) -> bool:
        """Whether a step of a run is at work, rather than a person."""
        return bool(os.environ.get(STEP_FOLDER_VARIABLE))

    @property
    def folder(self) -> Path:
        """The folder written to: the step's own inside a run, else scratch."""
        return Path(os.environ[STEP_FOLDER_VARIABLE]) if self.is_in_run else runs_folder(self.source) / SCRATCH

    @property
    def base(self) -> Path | None:
        """The run that is read from: the run itself inside one, else the base of scratch."""
        folder = runs_folder(self.source) / safe_name(self.run or SCRATCH)
        if self.is_in_run:
            return folder
        if self.run:
            if not (folder / "manifest.json").is_file():
                known = ", ".join(p.name for p in run_folders(self.source)) or "none yet"
                raise InputError("run", f"there is no run '{self.run}' of {self.source}", f"finished runs: {known}")
            return folder
        kept = read_manifest(runs_folder(self.source) / SCRATCH).get("base")
        if kept and (runs_folder(self.source) / kept).is_dir():
            return runs_folder(self.source) / kept
        return next(reversed(run_folders(self.source)), None)

    def path(self, name: str) -> Path | None:
        """Return the Parquet file of a table, or its folder of parts; None where no run has it."""
        self._declaration(name)
        folders = [self.folder, *([self.base] if self.base else [])]
        return next((p for f in folders if (p := f / f"{name}.parquet").exists()), None)

    # --- reading -----------------------------------------------------------------------------------------------

    def table(self, name: str) -> ir.Table:
        """Return a table, lazily; an absent one reads as its declared empty table."""
        declaration = self._declaration(name)
        path = self.path(name)
        self._seen(name, path)
        if path is None:
            return self.engine.lazy(declaration.empty())
        return self.engine.stored(path)

    def frame(self, name: str, columns: Sequence[str] | None = None, limit: int = MAX_FRAME_ROWS) -> pd.DataFrame:
        """Return a table in memory: money as float64, dates as datetime64.

        Parameters
        ----------
        name : str
            The table.
        columns : sequence of str, optional
            Only these columns.
        limit : int
            Refuse above this many rows.

        Raises
        ------
        InputError
            If the table has more rows than the limit.
        """
        table = self.engine.in_order(self.table(name), self._declaration(name).key)
        return self.engine.frame(table.select(*columns) if columns else table, name, limit)

    def frame_of(self, run: str, name: str) -> pd.DataFrame:
        """Return a table as another run of the source holds it; empty if it is absent, or damaged, which is said."""
        declaration = self._declaration(name)
        path, wanted = runs_folder(self.source) / run / f"{name}.parquet", declaration.schema().to_pyarrow()
        try:
            return parquet_files.load_frame(path, wanted, declaration.key)
        except parquet_files.DamagedTableError as damage:
            print(f"{damage}; read as empty")
            return parquet_files.as_frame(wanted.empty_table())

    def has(self, name: str) -> bool:
        """Return whether a table has at least one row."""
        path = self.path(name)
        return path is not None and bool(self.engine.arrow(self.engine.stored(path).limit(1)).num_rows)

    # --- writing -----------------------------------------------------------------------------------------------

    def write(self, name: str, table: ir.Table | pd.DataFrame | pa.Table, *, is_unique: bool = False) -> str:
        """Check a table against its declaration, sort it by key, write it; return what was written, in words.

        Keys are counted unless the caller has proved them to be unique. Of tables of groups of people, what describes
        small groups is withheld first.

        Raises
        ------
        InputError
            Naming everything that breaks the declaration.
        """
        declaration = self._declaration(name)
        conformed = declaration.conformed(self.engine.lazy(self._published(table, declaration)))
        path = self.folder / f"{name}.parquet"
        make_private_folder(path.parent)
        with atomic_write(path) as partial:
            self.engine.write(conformed, partial, declaration.order(conformed))
            written = self.engine.stored(partial)
            counts = self.engine.row(declaration.counts(written, is_unique=is_unique))
            if problems := declaration.problems(counts):
                raise InputError(name, "; ".join(str(p) for p in problems))
        self._writes[name] = counts["n_rows"]
        self._record()
        return f"{name}: {counts['n_rows']:,} × {len(conformed.columns)}"

    def cleared(self) -> "Workspace":
        """Empty scratch before an intake by hand and fix its base run; inside a run nothing needs clearing."""
        if not self.is_in_run:
            base = self.base if self.run else next(iter(reversed(run_folders(self.source))), None)
            for path in self.folder.glob("*/*.parquet"):
                remove_table(path)
            make_private_folder(self.folder)
            write_json(self.folder / "manifest.json", {"state": SCRATCH, "base": base.name if base else ""})
        return self

    def settle(self, as_of: date, ended: Mapping[str, date] | None = None) -> None:
        """Fix the date that the run speaks for; the intake does so once it knows its newest row.

        Parameters
        ----------
        as_of : date
            The date.
        ended : mapping of str to date, optional
            Day of the newest row of each canonical table that ends too long before it, by name without folder.
        """
        self.as_of = as_of.isoformat()
        self._ended = {name: on.isoformat() for name, on in (ended or {}).items()}
        if self.is_in_run:
            self._record()
        else:
            told = {**read_manifest(self.folder), "as_of": self.as_of, "ended": self._ended}
            write_json(self.folder / "manifest.json", told)

    # --- what the run is ---------------------------------------------------------------------------------------

    @property
    def as_of_on(self) -> date:
        """The date that the run speaks for.

        Raises
        ------
        InputError
            If no intake has settled it yet.
        """
        known = self.as_of or str(self._told("as_of", ""))
        if not known:
            raise InputError("as_of", f"no intake of {self.source} has run yet", "run 01_data_intake first")
        return date.fromisoformat(known)

    def covered_on(self, *tables: str) -> date:
        """Return the last day of which canonical tables tell, the earliest of theirs.

        It is the run's own day, but for tables whose newest row lies too long before it: what is counted from them is
        counted as of that row, since the days behind it would count as days on which nothing happened.

        Parameters
        ----------
        *tables : str
            Names without their folder.

        Raises
        ------
        InputError
            If no intake has settled the date yet.
        """
        ended = self._ended or dict(self._told("ended", {}))
        days = [date.fromisoformat(ended[name]) for name in tables if name in ended]
        return min([self.as_of_on, *days])

    @property
    def study(self) -> study_config.Study:
        """The company's assumptions: the study named as the source, else every default."""
        return study_of_source(self.source)

    @property
    def currency(self) -> str:
        """The run's one currency as the source profile states it; empty where no money is recorded."""
        return str(self._profile.get("currency", ""))

    def known_from(self, table: str) -> dict[str, str]:
        """Return since when the columns of a canonical table are known, as the source profile declares it.

        Returns
        -------
        dict of str to str
            Column → ``static``, `STATIC_WITH_ALL` where the table says it of all its attributes, or the date column
            from which on its values were known; columns of which nothing is declared are not in it.
        """
        whole, said = self._profile.get("tables", {}).get(table, {}), {}
        for rule in whole.get("parts", [whole]):
            for name, column in rule.get("columns", {}).items():
                own = column if isinstance(column, dict) else {}
                is_one = rule.get("attributes") == "static" and name.startswith("attribute_")
                said[name] = "static" if own.get("static") else own.get("known_at") or is_one * STATIC_WITH_ALL
        return {name: str(since) for name, since in said.items() if since}

    def is_constant(self, table: str, column: str) -> bool:
        """Return whether the source profile sets a column of a canonical table to a number, whatever is recorded."""
        whole = self._profile.get("tables", {}).get(table, {})
        made = [rule["columns"][column] for rule in whole.get("parts", [whole]) if column in rule.get("columns", {})]
        texts = [str(column["from"] if isinstance(column, dict) else column).strip() for column in made]
        return bool(texts) and all(re.fullmatch(r"[\d.]+", text) for text in texts)

    # --- inside ------------------------------------------------------------------------------------------------

    def _told(self, key: str, otherwise: Any) -> Any:
        """Return what the intake has settled, as the run or its base tells it."""
        places = [self.folder, *([self.base] if self.base else [])]
        return next((told[key] for f in places if key in (told := read_manifest(f))), otherwise)

    def _published(self, table: ir.Table | pd.DataFrame | pa.Table, declaration: Table) -> Any:
        if self.protect is None or declaration.cells is None:
            return table
        is_frame = isinstance(table, pd.DataFrame)
        return self.protect(table if is_frame else self.engine.frame(self.engine.lazy(table)), declaration)

    @property
    def _profile(self) -> dict[str, Any]:
        path = config_file("sources", self.source)
        return _profile_as_it_stands(path, (known := path.stat()).st_mtime_ns, known.st_size) if path else {}

    def _declaration(self, name: str) -> Table:
        if name not in self.declarations:
            raise InputError(name, "no such table is declared", spelling_hint(name, list(self.declarations)))
        return self.declarations[name]

    def _seen(self, name: str, path: Path | None) -> None:
        if name in self._reads or name in self._writes:  # a step's own table is no input
            return
        origin = "absent, read as empty" if path is None else f"{path.parents[1].name}, {age_in_words(path)} old"
        self._reads[name] = origin
        print(f"{name}: {origin}")
        self._record()

    def _record(self) -> None:
        if self.is_in_run:
            seen = {"as_of": self.as_of, "ended": self._ended, "reads": sorted(self._reads), "writes": self._writes}
            write_json(self.folder / "seen.json", seen)
