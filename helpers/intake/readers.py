"""Readers: any declared file lands as text Parquet, every record numbered; broken rows are kept as broken.

Files are read as streams: memory does not grow with them. A masked column leaves memory only dropped or hashed.
"""

import codecs
import csv
import hashlib
import shutil
import tempfile
import weakref
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from helpers.foundation.errors import InputError, refuse_repeated, spelling_hint
from helpers.foundation.folders import raw_folder
from helpers.intake import (
    archives,
    csv_stream,
    databases,
    file_layout,
    formats,
    labelled_files,
    pii_in_text,
    pseudonymise,
    remote_files,
)
from helpers.intake.archives import ArchiveMember
from helpers.intake.csv_stream import BROKEN, RecordNumbers
from helpers.intake.parquet_sink import ParquetSink
from helpers.intake.profile_schema import SERVERS, FileRule
from helpers.intake.profiles import Profile

UNIQUE = "a name of its own for each column; of a CSV file or a sheet, columns = [\"…\"] in the profile gives them"


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What one file was.

    Parameters
    ----------
    name : str
        The profile's name for files of its form.
    file : str
        Path below the source's folder; behind it the member of an archive, or the sheet of a workbook.
    n_bytes : int
        Size [bytes].
    sha256 : str
        Checksum of the bytes as delivered, unpacked.
    n_records : int
        Records, broken ones included; a line with nothing in it is none.
    n_broken : int
        Records that could not be parsed.
    """

    name: str
    file: str
    n_bytes: int
    sha256: str
    n_records: int
    n_broken: int


class TempFolder:
    """A temporary folder that goes with the object."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="landed-"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class LandedFiles:
    """Files as text Parquet.

    Parameters
    ----------
    profile : Profile
        What they are.
    tables : dict of str to Path
        Parquet by the profile's name: the files' columns as text, then ``file``, ``record``, ``line``.
    columns : dict of str to list of str
        The files' own columns, by the profile's name.
    broken : Path
        Parquet of the records that could not be parsed: ``file, record, line, reasons, text``.
    files : tuple of FileFacts
        One for each file, in order.
    room : TempFolder
        Where the Parquet files are; they go when it does.
    """

    profile: Profile
    tables: dict[str, Path]
    columns: dict[str, list[str]]
    broken: Path
    files: tuple[FileFacts, ...]
    room: "TempFolder"


def landed_files(profile: Profile, raw: str = "") -> LandedFiles:
    """Return all files of a source, landed.

    Parameters
    ----------
    profile : Profile
        What the files are.
    raw : str
        Folder of the files; ``""`` is the source's own below ``data/raw``.

    Raises
    ------
    InputError
        Naming every file that is absent, in another encoding than declared, or without the columns of the others.
    """
    found, problems = landable_files(profile, raw)
    if problems:
        raise InputError(profile.where, "; ".join(problems))
    return found


def landable_files(profile: Profile, raw: str = "") -> tuple[LandedFiles, list[str]]:
    """Return the files of a source that can be landed, and a sentence for each form of file that cannot."""
    folder = Path(raw) if raw else raw_folder(profile.name)
    room = TempFolder()
    tables, columns, facts, problems = {}, {}, [], []
    with pq.ParquetWriter(room.path / "broken.parquet", BROKEN) as broken:
        for i, (name, file) in enumerate(profile.files.items()):
            form = _Form(
                name,
                file,
                folder,
                pseudonymise.profile_key(profile),
                room.path,
                pii_in_text.free_text_columns(profile, name),
            )
            try:
                columns[name], found = _landed_form(form, room.path / f"{i}.parquet", broken)
            except InputError as error:
                problems.append(str(error))
                continue
            tables[name] = room.path / f"{i}.parquet"
            facts += found
    return LandedFiles(profile, tables, columns, room.path / "broken.parquet", tuple(facts), room), problems


def column_names(path: Path, file: FileRule, label: str) -> list[str]:
    """Return the landed names of a file's columns: as declared, else as its header says; empty for an empty file.

    Raises
    ------
    InputError
        If two columns have one name, or the header is not in the declared encoding.
    """
    if file.columns:
        return _distinct(file.columns, label)
    try:
        return _distinct(file_layout.header_names(header_texts(path, file)), label)
    except UnicodeDecodeError:
        csv_stream.bytes_facts(path, file, label)  # says in which line
        raise


def header_texts(path: Path, file: FileRule) -> list[list[str]]:
    """Return the texts of a text file's header, row by row."""
    with path.open(encoding=_codec(file.encoding), newline="") as text:
        for _ in range(file.skip):
            next(text, "")
        rows = csv.reader(text, delimiter=file.delimiter, quotechar=file.quote or None,
                          quoting=csv.QUOTE_MINIMAL if file.quote else csv.QUOTE_NONE)
        return list(islice(rows, file.header_rows))


def _distinct(names: list[str], label: str) -> list[str]:
    """Return names that engines tell apart: those that differ by case alone, empty and reserved ones get another."""
    refuse_repeated(label, names, UNIQUE)
    found: list[str] = []
    taken = {*csv_stream.RESERVED, "person_key"}
    for i, name in enumerate(names, start=1):
        clean = name.strip("\ufeff").strip() or f"column_{i}"
        clean = f"{clean}_" if clean.lower() in csv_stream.RESERVED else clean
        n, known = 2, clean
        while known.lower() in taken:
            known, n = f"{clean}_{n}", n + 1
        taken.add(known.lower())
        found.append(known)
    return found


def _codec(encoding: str) -> str:
    return "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding


@dataclass(frozen=True, slots=True)
class _Form:
    """Files of one form: the profile's name for them, what they are, where they are, the key of the hash, a room.

    ``written`` are the columns of free text.
    """

    name: str
    file: FileRule
    folder: Path
    key: str
    room: Path
    written: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        return f"files.{self.name}"


NAMES = {"csv": column_names, "fixed": column_names, "jsonl": formats.json_names, "excel": formats.sheet_names,
         "parquet": formats.parquet_names, **dict.fromkeys(("spss", "stata"), labelled_files.labelled_names)}

BATCHES = {"jsonl": formats.json_batches, "excel": formats.sheet_batches, "parquet": formats.parquet_batches,
           **dict.fromkeys(("spss", "stata"), labelled_files.labelled_batches)}


def _landed_form(form: _Form, target: Path, broken: pq.ParquetWriter) -> tuple[list[str], list[FileFacts]]:
    """Land all files of one form into the target; return their columns and what each was."""
    if form.file.format in SERVERS:
        return _landed_answer(form, target)
    with tempfile.TemporaryDirectory(dir=form.room) as fetched:
        if copy := remote_files.local_copy(form.file, form.where, Path(fetched)):
            form = replace(form, file=copy, folder=Path(fetched))
        return _landed_answer(form, target) if form.file.query else _landed_files(form, target, broken)


def _landed_files(form: _Form, target: Path, broken: pq.ParquetWriter) -> tuple[list[str], list[FileFacts]]:
    """Land all files of one form that stand in its folder."""
    with (archives.watch_files(form.folder, form.file, form.where),
          tempfile.TemporaryDirectory(dir=form.room) as unpacked):
        parts = archives.member_files(form.folder, form.file, form.where, Path(unpacked))
        return _landed_parts(form, parts, target, broken)


def _landed_answer(form: _Form, target: Path) -> tuple[list[str], list[FileFacts]]:
    """Land what a database answers."""
    file, rows, checksum = form.file, RecordNumbers(form.name, 0, 0), databases.AnswerChecksum()
    with databases.query_batches(file, form.where, form.folder) as batches:
        names = formats.flatten_columns([], batches.schema).column_names
        kept = pseudonymise.unmasked_columns(file.mask, _distinct(names, form.where), form.where, form.key)
        with ParquetSink(target, kept) as sink:
            for batch in formats.typed_batches(checksum.taken(batches), names, file, rows):
                landed_batch = batch.rename_columns([*_distinct(names, form.where), *csv_stream.RESERVED])
                sink.write(pseudonymise.mask_batch(file.mask, landed_batch, form.key, form.written))
    return kept, [FileFacts(form.name, form.name, checksum.n_bytes, checksum.sha256, rows.n_records, 0)]


def _landed_parts(
    form: _Form, parts: list[ArchiveMember], target: Path, broken: pq.ParquetWriter
) -> tuple[list[str], list[FileFacts]]:
    file = form.file
    named = [NAMES[file.format](part.path, file, part.label) for part in parts]
    if file.format == "jsonl":  # an object leaves out what it does not know
        named = [list(dict.fromkeys(name for names in named for name in names))] * len(parts)
    first, *_ = [(n, part.label) for part, n in zip(parts, named, strict=True) if n] or [([], "")]
    names = _distinct(*first)
    for part, own in zip(parts, named, strict=True):
        other = _distinct(own, part.label)
        if other and sorted(other) != sorted(names):
            odd = ", ".join(sorted(set(names) ^ set(other))[:5])
            raise InputError(part.label, f"its columns differ from the first file's by {odd}", ", ".join(names))
    _refuse_unknown(file, names, form.where)
    kept = pseudonymise.unmasked_columns(file.mask, names, form.where, form.key)
    with ParquetSink(target, kept) as sink:
        return kept, [_landed_file(form, part, own, sink, broken) for part, own in zip(parts, named, strict=True)]


def _refuse_unknown(file: FileRule, names: list[str], where: str) -> None:
    """Refuse fields to be filled that the file does not have."""
    rule = file.fill_down
    for name in [*rule.columns, *([rule.within] if rule.within else [])] if rule else []:
        if name not in names:
            raise InputError(f"{where}.fill_down", f"there is no column '{name}'", spelling_hint(name, names))


def _landed_file(
    form: _Form, part: ArchiveMember, names: list[str], sink: ParquetSink, broken: pq.ParquetWriter
) -> FileFacts:
    file, label = form.file, f"{part.label}/{form.file.sheet}" if form.file.sheet else part.label
    is_text = file.format in ("csv", "fixed")
    n_bytes, checksum, n_quotes, n_nuls = csv_stream.bytes_facts(part.path, file, label) if is_text else (
        *_facts(part.path), 0, 0)
    rows = RecordNumbers(label, csv_stream.rows_above(file) if is_text else 0, len(names))
    filler = file_layout.FieldFiller(file.fill_down) if file.fill_down else None
    if names and n_bytes:
        for batch in _batches(part.path, names, file, (n_quotes, n_nuls), rows):
            batch = filler.filled(batch) if filler else batch
            sink.write(pseudonymise.mask_batch(file.mask, batch, form.key, form.written))
    aside = rows.broken_table(is_masked=bool(file.mask.columns), is_written=bool(form.written))
    if n_quotes % 2 and (line := rows.open_quote_line()):
        raise InputError(label, f"a quote opened in the record of line {line:,} is never closed", csv_stream.CLOSED)
    broken.write_table(aside)
    return FileFacts(form.name, label, n_bytes, checksum, rows.n_records, aside.num_rows)


def _batches(
    path: Path, names: list[str], file: FileRule, n_signs: tuple[int, int], rows: RecordNumbers
) -> Iterator[pa.RecordBatch]:
    """Yield batches of one file, whatever its format, with file, record and line; it has so many quotes and NULs."""
    n_quotes, n_nuls = n_signs
    if file.format == "csv":
        stream = csv_stream.csv_batches(path, names, file, n_quotes, rows)
        yield from csv_stream.numbered_batches(csv_stream.without_nuls(stream, rows) if n_nuls else stream, rows)
    elif file.format == "fixed":
        yield from csv_stream.numbered_batches(csv_stream.fixed_batches(path, names, file, rows), rows)
    else:
        landed_names = [*_distinct(names, rows.label), *csv_stream.RESERVED]
        for batch in BATCHES[file.format](path, names, file, rows):
            yield batch.rename_columns(landed_names)


def _facts(path: Path) -> tuple[int, str]:
    with path.open("rb") as stream:
        return path.stat().st_size, hashlib.file_digest(stream, "sha256").hexdigest()
