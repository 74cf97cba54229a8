"""Draft of a source profile from files that nobody has described yet; every guess is marked as one."""

import glob
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from helpers.foundation.errors import InputError
from helpers.intake import (
    databases,
    date_plausibility,
    export_signatures,
    file_layout,
    infer_currency,
    infer_doubts,
    infer_layout,
    infer_semantics,
    infer_surveys,
    infer_tables,
    infer_types,
    labelled_files,
    readers,
)
from helpers.intake.infer_keys import FileForm
from helpers.intake.infer_transactions import DraftedTable
from helpers.intake.infer_types import GUESS, InferredColumn
from helpers.intake.profile_schema import FileRule
from helpers.intake.profile_text import toml_key
from helpers.intake.profile_text import toml_text as quoted
from helpers.intake.profiles import CANONICAL, Profile

SAMPLE = 100_000

NO_TABLES = (".md", ".pdf", ".doc", ".docx", ".rtf", ".html", ".htm", ".png", ".jpg", ".jpeg", ".ppt", ".pptx")

MARKED = {"missing": "texts that mean nothing was recorded", "skip": "lines above the header",
          "header_rows": "rows that name the columns", "footer": "lines below the last record",
          "columns": "records end in a delimiter and the header does not, or the other way round",
          "widths": "fields stand below each other"}


@dataclass(frozen=True, slots=True)
class SampledForm:
    """One form of files as it was found: the profile's name for it, its declaration, its columns, its records.

    ``n_repeated`` of the records looked at are exact repetitions of others.
    """

    name: str
    file: FileRule
    columns: tuple[InferredColumn, ...]
    n: int
    n_repeated: int = 0


def draft_profile(paths: Sequence[str | Path]) -> str:
    """Return the text of a source profile for files of one folder; see `draft_source`."""
    return draft_source(paths)[0]


def draft_source(paths: Sequence[str | Path]) -> tuple[str, str]:
    """Return the texts of a source profile for files of one folder, and of the study that goes with it.

    Parameters
    ----------
    paths : sequence of str or Path
        The files. Each may be text of any delimiter and encoding, JSON lines, a workbook, Parquet, any of these in
        gzip or zip, or a DuckDB or SQLite file; files with the same columns become one form.

    Returns
    -------
    profile, study : str
        The study is empty where nothing has to be said in one, such as the plan of an experiment.

    Raises
    ------
    InputError
        If there is no file, they stand in several folders, or one cannot be read.
    """
    files, passed = _named_files([Path(p) for p in paths])
    folder = files[0].parent
    seen = _merged(_seen_files(folder, [file for path in files for file in infer_layout.declared_files(path)]))
    forms = [FileForm(s.name, infer_types.with_joined_dates(s.columns), s.n_repeated) for s in seen]
    drawn = infer_tables.draft_tables(forms)
    name, study = _source_name(files), [line for table in drawn.tables for line in table.study]
    lines = [*infer_doubts.doubts(forms, drawn.tables), *_head(name, seen, drawn.tables)]
    lines = [f"{infer_doubts.NOT_KNOWN}{s.name} has no record below its header" for s in seen if not s.n] + lines
    lines += [f"# not read: {p.name} {why}" for p, why in passed.items()]
    if study:
        lines.append(f"# check --new with --study drafts what data/studies/{name}.toml has to say")
    for one in seen:
        lines += ["", *_file_lines(one, drawn.tables)]
        why = drawn.unused.get(one.name)
        lines += [] if why is None else [f"# nothing is made from {one.name}" + (f": {why}" if why else "")]
    for table in drawn.tables:
        lines += ["", *table.lines]
    return "\n".join([*lines, "", *_controls(seen)]) + "\n", _study(name, study) if study else ""


def _named_files(paths: Sequence[Path]) -> tuple[list[Path], dict[Path, str]]:
    """Return the files that are meant, all of a folder where only this is named, and why others are not read."""
    if len(paths) == 1 and paths[0].is_dir():
        paths = sorted(p for p in paths[0].iterdir() if not p.name.startswith("."))
    passed = {p: "is a folder; draft its files by themselves" for p in paths if p.is_dir()}
    passed |= {p: "is a document and holds no table" for p in paths if p.suffix.lower() in NO_TABLES and len(paths) > 1}
    files = [p for p in paths if p not in passed]
    absent = [p for p in files if not p.is_file()]
    if not files or absent:
        raise InputError("check --new", f"there is no file '{absent[0]}'" if absent else "no file is named", "files")
    if any(p.parent != files[0].parent for p in files):
        raise InputError("check --new", "the files stand in several folders", "files of one folder")
    return files, passed


def _source_name(files: Sequence[Path]) -> str:
    """Return the name of a source: its folder's where all that it holds is drafted, else the one file's."""
    folder = files[0].resolve().parent
    others = [p for p in folder.iterdir() if p.is_file() and not p.name.startswith(".")]
    whole = len(files) > 1 or len(others) == 1
    return re.sub(r"[^\w.-]+", "_", folder.name if whole else _stem(files[0].name).lower()).strip("_.-")


def _head(name: str, seen: Sequence[SampledForm], tables: Sequence[DraftedTable]) -> Iterator[str]:
    """Yield what is said at the top of a profile; a currency and a date only where they mean something."""
    columns, has_money = [c for one in seen for c in one.columns], any(_has_money(table) for table in tables)
    currency, why = infer_currency.infer_currency(columns, has_money=has_money)
    if has_money and not currency:
        yield f"{infer_doubts.NOT_KNOWN}no sign tells the currency; EUR stands for it until it is put right"
    yield f"name = {quoted(name)} {GUESS}must equal the name of this file"
    yield f"title = {quoted(name)} {GUESS}one line for people"
    if currency or has_money:
        yield f'currency = "{currency or "EUR"}" {GUESS}{why or "its ISO code"}'
    if others := list(dict.fromkeys(o for one in seen for o in infer_currency.other_currencies(one.columns, currency))):
        rates = ", ".join(f"{code} = …" for code in others)
        yield f"# rates = {{ {rates} }} # fill in: what one of each is worth in {currency}; without, they have no sum"
    dated = {t.table for t in tables if t.has_dates}
    if dated <= set(date_plausibility.STANDING):
        why = "only starts are dated, and without it the newest one is" if dated else "no column with a date is used;"
        yield f'# as_of = "YYYY-MM-DD" # fill in: {why} the day that the data speak for'


def _has_money(table: DraftedTable) -> bool:
    money = {c.name for c in CANONICAL[table.table].columns if c.type == "money"}
    return any(line.split(" = ")[0] in money for line in table.lines)


def _study(name: str, lines: Sequence[str]) -> str:
    head = [f"name = {quoted(name)}", f"title = {quoted(name)} {GUESS}one line for people", ""]
    return "\n".join([*head, *lines]) + "\n"


# --- what a file is ----------------------------------------------------------------------------------------------


def _stem(name: str) -> str:
    return name.split(".")[0]


# --- what is in it -----------------------------------------------------------------------------------------------


def _seen_files(folder: Path, files: Sequence[FileRule]) -> list[SampledForm]:
    """Return what is in each file; of those with the layout and the columns of an earlier one only the values."""
    seen: list[SampledForm] = []
    for file in files:
        alike = next((s for s in reversed(seen) if s.file.path != file.path and _layout(s.file) == _layout(file)), None)
        seen.append(_seen(folder, file, tuple(c.name for c in alike.columns) if alike else ()))
    return seen


def _layout(file: FileRule) -> dict[str, Any]:
    """Return all that is declared of a file before its columns are looked at, but for its name."""
    return file.model_dump(exclude={"path", "decimal", "thousands", "missing", "fill_down"})


def _seen(folder: Path, file: FileRule, known: Sequence[str] = ()) -> SampledForm:
    """Return what is in a file; of one with known columns, in their order, only their values."""
    told = Profile.model_construct(name="new", files={"new": file}, tables={}, control=[], simulation=None)
    landed = readers.landed_files(told, str(folder))
    with pq.ParquetFile(landed.tables["new"]) as stored:
        n = stored.metadata.num_rows
        batch = next(stored.iter_batches(SAMPLE, columns=landed.columns["new"]), None)
        rule = infer_layout.fill_down(dict(zip(batch.schema.names, batch.columns, strict=True))) if batch else None
        batch = file_layout.FieldFiller(rule).filled(batch) if batch and rule else batch
        n_repeated = _repeated(batch) if batch else 0
        is_known = tuple(landed.columns["new"]) == tuple(known) and file.format not in ("spss", "stata")
        look = infer_types.different_values if is_known else infer_types.infer_column
        columns = [] if batch is None else [
            _whole(look(c, batch.column(c)), stored, n) for c in landed.columns["new"]]
    file, settled = _settled(file.model_copy(update={"fill_down": rule}), columns)
    room = readers.TempFolder()
    if file.header_rows > 1 and file.format == "csv":
        place = infer_layout.unpacked_file(folder / file.path, file, room)
        settled = _worded(settled, readers.header_texts(place, file))
    if file.format in ("spss", "stata"):
        place = infer_layout.unpacked_file(folder / file.path, file, room)
        settled = infer_surveys.labelled_columns(settled, labelled_files.variable_labels(place, file, file.path))
    table = databases.queried_table(file) if file.query else ""
    stem = table or _stem(Path(file.member).name or file.path) + (f"_{file.sheet}" if file.sheet else "")
    return SampledForm(re.sub(r"\W+", "_", stem.lower()).strip("_"), file, settled, n, n_repeated)


def _worded(columns: Sequence[InferredColumn], header: Sequence[Sequence[str]]) -> tuple[InferredColumn, ...]:
    """Return columns with what a second row of the header says of each, such as the wording of a question."""
    said = file_layout.column_wordings(header)
    if len(said) != len(columns):
        return tuple(columns)
    return tuple(replace(c, wording=text if text != c.name else "") for c, text in zip(columns, said, strict=True))


def _repeated(batch: pa.RecordBatch) -> int:
    """Return how many records are exact repetitions of others."""
    names = batch.schema.names
    return batch.num_rows - pa.Table.from_batches([batch]).group_by(names).aggregate([]).num_rows


def _settled(file: FileRule, columns: Sequence[InferredColumn]) -> tuple[FileRule, tuple[InferredColumn, ...]]:
    """Return a file with the signs of its numbers and its missing codes, and its columns read alike."""
    delimiter = file.delimiter if file.format == "csv" else ""
    decimal, thousands = infer_types.file_signs(columns, delimiter)
    settled = tuple(infer_types.settle_columns(columns, delimiter))
    missing = sorted({m for c in settled for m in c.missing})
    return file.model_copy(update={"decimal": decimal, "thousands": thousands, "missing": ["", *missing]}), settled


def _whole(column: InferredColumn, stored: pq.ParquetFile, n: int) -> InferredColumn:
    """Return a column that seems to be a key with all its values, where only the first have been looked at."""
    if not column.is_unique or n <= SAMPLE:
        return column
    values = stored.read([column.name]).column(0).combine_chunks()
    return replace(column, values=values, is_unique=not values.null_count and pc.count_distinct(values).as_py() == n)


def _merged(seen: list[SampledForm]) -> list[SampledForm]:
    """Return files of the same columns as one form, found by a pattern."""
    forms: dict[tuple[Any, ...], list[SampledForm]] = {}
    for one in seen:
        key = (one.file.format, one.file.member, one.file.sheet, one.file.query, *(c.name for c in one.columns))
        forms.setdefault(key, []).append(one)
    return [_patterned(several) if len(several) > 1 else several[0] for several in forms.values()]


def _patterned(several: list[SampledForm]) -> SampledForm:
    paths = [s.file.path for s in several]
    first = several[0]
    start, end = _common(paths), _common([p[::-1] for p in paths])[::-1]
    name = re.sub(r"[\W\d]+", "_", start.lower()).strip("_") or "files"
    pattern = first.file.model_copy(update={"path": f"{glob.escape(start)}*{glob.escape(end)}"})
    columns = [_of_all(c, [s.columns[i] for s in several]) for i, c in enumerate(first.columns)]
    return SampledForm(name, *_settled(pattern, columns), sum(s.n for s in several), sum(s.n_repeated for s in several))


def _of_all(first: InferredColumn, same: Sequence[InferredColumn]) -> InferredColumn:
    """Return what a column is in all files of a form: a key only where no file repeats another's values."""
    texts = [t for c in same for t in (*c.values.to_pylist(), *c.missing, *c.emptied)]
    whole = infer_types.infer_column(first.name, texts)
    return replace(whole, is_unique=whole.is_unique and all(c.is_unique for c in same),
                   has_point_zero=whole.has_point_zero or any(c.has_point_zero for c in same),
                   sample=first.sample)


def _common(texts: list[str]) -> str:
    """Return what texts begin with alike."""
    same = takewhile(lambda letters: len(set(letters)) == 1, zip(*texts, strict=False))
    return "".join(letters[0] for letters in same)


# --- as text -----------------------------------------------------------------------------------------------------


def _file_lines(one: SampledForm, tables: Sequence[DraftedTable]) -> Iterator[str]:
    signature = export_signatures.signature_of(one.columns)
    yield f"[files.{one.name}] # {one.n:,} records" + (f"; by its header {signature.system}" if signature else "")
    told = one.file.model_dump(exclude_defaults=True)
    filled = told.pop("fill_down", None)
    for name, value in told.items():
        is_marked = name in MARKED and not (name == "columns" and one.file.widths)
        yield f"{name} = {quoted(value)}" + (f" {GUESS}{MARKED[name]}" if is_marked else "")
    if filled:
        parts = ", ".join(f"{name} = {quoted(value)}" for name, value in filled.items())
        yield f"fill_down = {{ {parts} }} {GUESS}given on the first line of each only"
    said = "\n".join(line for table in tables for line in table.lines if not line.startswith("#"))
    known = export_signatures.with_signature(one.columns, {})
    keys = [c for meaning, c in known.items() if meaning in ("order_id", "opportunity_id", "response_id")]
    personal = [c for c in one.columns if infer_semantics.is_personal(c) and c not in keys]
    for how, columns in (("drop", [c for c in personal if not _is_said(c, said)]),
                         ("hash", [c for c in personal if _is_said(c, said)])):
        if columns:
            yield f"mask.{how} = {quoted([c.name for c in columns])} {GUESS}personal data"


def _is_said(column: InferredColumn, said: str) -> bool:
    return quoted(column.quoted)[1:-1] in said or column.quoted in said or f"{{ {toml_key(column.name)} =" in said


def _controls(seen: Iterable[SampledForm]) -> Iterator[str]:
    for one in seen:
        yield from ("[[control]]", f'name = "records of {one.name}"', f'file = "{one.name}"',
                    f"expected = {one.n} {GUESS}as found; put what the sender declares, here and for money")
