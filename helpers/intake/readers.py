"""Landing: any declared file becomes text Parquet, every record numbered; what cannot be parsed is kept as broken.

Files are read as streams: memory does not grow with them. A masked column leaves memory only dropped or hashed.
"""

import codecs
import csv
import hashlib
import shutil
import tempfile
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from helpers.foundation.errors import InputError, refuse_repeated
from helpers.foundation.workspace import raw_folder
from helpers.intake import containers, databases, freetext, masks, streams, structured
from helpers.intake.containers import Part
from helpers.intake.grammar import File
from helpers.intake.numbering import BROKEN, Rows
from helpers.intake.profiles import Profile
from helpers.intake.sinks import Sink

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


class Room:
    """A temporary folder that goes with the object."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="landed-"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Landed:
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
    room : Room
        Where the Parquet files are; they go when it does.
    """

    profile: Profile
    tables: dict[str, Path]
    columns: dict[str, list[str]]
    broken: Path
    files: tuple[FileFacts, ...]
    room: "Room"


def landed(profile: Profile, raw: str = "") -> Landed:
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
    found, problems = landable(profile, raw)
    if problems:
        raise InputError(profile.where, "; ".join(problems))
    return found


def landable(profile: Profile, raw: str = "") -> tuple[Landed, list[str]]:
    """Return the files of a source that can be landed, and a sentence for each form of file that cannot."""
    folder = Path(raw) if raw else raw_folder(profile.name)
    room = Room()
    tables, columns, facts, problems = {}, {}, [], []
    with pq.ParquetWriter(room.path / "broken.parquet", BROKEN) as broken:
        for i, (name, file) in enumerate(profile.files.items()):
            form = _Form(name, file, folder, masks.secret(profile), room.path, freetext.columns(profile, name))
            try:
                columns[name], found = _landed_form(form, room.path / f"{i}.parquet", broken)
            except InputError as error:
                problems.append(str(error))
                continue
            tables[name] = room.path / f"{i}.parquet"
            facts += found
    return Landed(profile, tables, columns, room.path / "broken.parquet", tuple(facts), room), problems


def column_names(path: Path, file: File, label: str) -> list[str]:
    """Return the landed names of a file's columns: as declared, else as its header says; empty for an empty file.

    Raises
    ------
    InputError
        If two columns have one name, or the header is not in the declared encoding.
    """
    if file.columns:
        return _distinct(file.columns, label)
    try:
        with path.open(encoding=_codec(file.encoding), newline="") as text:
            rows = csv.reader(text, delimiter=file.delimiter, quotechar=file.quote or None,
                              quoting=csv.QUOTE_MINIMAL if file.quote else csv.QUOTE_NONE)
            return _distinct(next(rows, []), label)
    except UnicodeDecodeError:
        streams.bytes_facts(path, file, label)  # says in which line
        raise


def _distinct(names: list[str], label: str) -> list[str]:
    """Return names that engines tell apart: those that differ by case alone, empty and reserved ones get another."""
    refuse_repeated(label, names, UNIQUE)
    found: list[str] = []
    taken = {*streams.RESERVED, "person_key"}
    for i, name in enumerate(names, start=1):
        clean = name.strip("\ufeff").strip() or f"column_{i}"
        clean = f"{clean}_" if clean.lower() in streams.RESERVED else clean
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
    file: File
    folder: Path
    key: str
    room: Path
    written: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        return f"files.{self.name}"


NAMES = {"csv": column_names, "fixed": column_names, "jsonl": structured.json_names, "excel": structured.sheet_names,
         "parquet": structured.parquet_names}
BATCHES = {"jsonl": structured.json_batches, "excel": structured.sheet_batches, "parquet": structured.parquet_batches}


def _landed_form(form: _Form, target: Path, broken: pq.ParquetWriter) -> tuple[list[str], list[FileFacts]]:
    """Land all files of one form into the target; return their columns and what each was."""
    if form.file.format == "postgresql":
        return _landed_answer(form, target)
    with (containers.watched(form.folder, form.file, form.where),
          tempfile.TemporaryDirectory(dir=form.room) as unpacked):
        parts = containers.parts(form.folder, form.file, form.where, Path(unpacked))
        return _landed_parts(form, parts, target, broken)


def _landed_answer(form: _Form, target: Path) -> tuple[list[str], list[FileFacts]]:
    """Land what a database answers."""
    file, rows, checksum = form.file, Rows(form.name, 0, 0), databases.Checksum()
    with databases.answer(file, form.where) as batches:
        names = structured.flat([], batches.schema).column_names
        kept = masks.columns(file.mask, _distinct(names, form.where), form.where, form.key)
        with Sink(target, kept) as sink:
            for batch in structured.typed_batches(checksum.taken(batches), names, file, rows):
                landed_batch = batch.rename_columns([*_distinct(names, form.where), *streams.RESERVED])
                sink.write(masks.applied(file.mask, landed_batch, form.key, form.written))
    return kept, [FileFacts(form.name, form.name, checksum.n_bytes, checksum.sha256, rows.n_records, 0)]


def _landed_parts(
    form: _Form, parts: list[Part], target: Path, broken: pq.ParquetWriter
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
    kept = masks.columns(file.mask, names, form.where, form.key)
    with Sink(target, kept) as sink:
        return kept, [_landed_file(form, part, own, sink, broken) for part, own in zip(parts, named, strict=True)]


def _landed_file(
    form: _Form, part: Part, names: list[str], sink: Sink, broken: pq.ParquetWriter
) -> FileFacts:
    file, label = form.file, f"{part.label}/{form.file.sheet}" if form.file.sheet else part.label
    is_text = file.format in ("csv", "fixed")
    n_bytes, checksum, n_quotes = streams.bytes_facts(part.path, file, label) if is_text else (*_facts(part.path), 0)
    rows = Rows(label, int(file.header) if is_text else 0, len(names))
    if names and n_bytes:
        for batch in _batches(part.path, names, file, n_quotes, rows):
            sink.write(masks.applied(file.mask, batch, form.key, form.written))
    aside = rows.broken_table(is_masked=bool(file.mask.columns), is_written=bool(form.written))
    if n_quotes % 2 and (line := rows.open_quote_line()):
        raise InputError(label, f"a quote opened in the record of line {line:,} is never closed", streams.CLOSED)
    broken.write_table(aside)
    return FileFacts(form.name, label, n_bytes, checksum, rows.n_records, aside.num_rows)


def _batches(path: Path, names: list[str], file: File, n_quotes: int, rows: Rows) -> Iterator[pa.RecordBatch]:
    """Yield batches of one file, whatever its format, with file, record and line."""
    if file.format == "csv":
        yield from streams.numbered(streams.csv_batches(path, names, file, n_quotes, rows), rows)
    elif file.format == "fixed":
        yield from streams.numbered(streams.fixed_batches(path, names, file, rows), rows)
    else:
        landed_names = [*_distinct(names, rows.label), *streams.RESERVED]
        for batch in BATCHES[file.format](path, names, file, rows):
            yield batch.rename_columns(landed_names)


def _facts(path: Path) -> tuple[int, str]:
    with path.open("rb") as stream:
        return path.stat().st_size, hashlib.file_digest(stream, "sha256").hexdigest()
