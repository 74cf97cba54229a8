"""Landing: any declared file becomes text Parquet, every record numbered; what cannot be parsed is kept as broken.

Files are read as streams: memory does not grow with them. A masked column leaves memory only dropped or hashed.
"""

import codecs
import csv
import shutil
import tempfile
import weakref
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from helpers.foundation.errors import InputError
from helpers.foundation.workspace import raw_folder
from helpers.intake import masks, streams
from helpers.intake.numbering import BROKEN, Rows
from helpers.intake.profiles import File, Profile

ROW_GROUP = 500_000


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What one file was.

    Parameters
    ----------
    name : str
        The profile's name for files of its form.
    file : str
        Path below the source's folder.
    n_bytes : int
        Size [bytes].
    sha256 : str
        Checksum of the bytes as delivered.
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
            form = _Form(name, file, folder, masks.secret(profile))
            try:
                columns[name], found = _landed_form(form, room.path / f"{i}.parquet", broken)
            except InputError as error:
                problems.append(str(error))
                continue
            tables[name] = room.path / f"{i}.parquet"
            facts += found
    return Landed(profile, tables, columns, room.path / "broken.parquet", tuple(facts), room), problems


def found_files(folder: Path, file: File, where: str) -> list[Path]:
    """Return the files of one form, sorted by name.

    Raises
    ------
    InputError
        If there is none.
    """
    found = sorted(p for p in folder.glob(file.path) if p.is_file())
    if not found:
        there = sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []
        said = f"what the folder holds ({', '.join(there[:5])})" if there else "a folder with the source's files"
        raise InputError(where, f"there is no file '{file.path}' in {folder}", said)
    return found


def column_names(path: Path, file: File, label: str) -> list[str]:
    """Return the landed names of a file's columns: as declared, else as its header says; empty for an empty file."""
    if file.columns:
        return _distinct(file.columns)
    try:
        with path.open(encoding=_codec(file.encoding), newline="") as text:
            rows = csv.reader(text, delimiter=file.delimiter, quotechar=file.quote or None,
                              quoting=csv.QUOTE_MINIMAL if file.quote else csv.QUOTE_NONE)
            return _distinct(next(rows, []))
    except UnicodeDecodeError:
        streams.bytes_facts(path, file, label)  # says in which line
        raise


def _distinct(names: list[str]) -> list[str]:
    found: list[str] = []
    taken = {*streams.RESERVED, "person_key"}
    for i, name in enumerate(names, start=1):
        clean = name.strip() or f"column_{i}"
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
    """Files of one form: the profile's name for them, what they are, where they are, the key of the hash."""

    name: str
    file: File
    folder: Path
    key: str

    @property
    def where(self) -> str:
        return f"files.{self.name}"


def _landed_form(form: _Form, target: Path, broken: pq.ParquetWriter) -> tuple[list[str], list[FileFacts]]:
    """Land all files of one form into the target; return their columns and what each was."""
    file = form.file
    paths = found_files(form.folder, file, form.where)
    labels = [p.relative_to(form.folder).as_posix() for p in paths]
    named = [column_names(p, file, label) for p, label in zip(paths, labels, strict=True)]
    names = next((n for n in named if n), [])
    for label, other in zip(labels, named, strict=True):
        if other and sorted(other) != sorted(names):
            odd = ", ".join(sorted(set(names) ^ set(other))[:5])
            raise InputError(label, f"its columns differ from the first file's by {odd}", ", ".join(names))
    kept = masks.columns(file.mask, names, form.where, form.key)
    facts = []
    with _Sink(target, kept) as sink:
        for path, label, own in zip(paths, labels, named, strict=True):
            facts.append(_landed_file(form, path, label, own, sink, broken))
    return kept, facts


def _landed_file(
    form: _Form, path: Path, label: str, names: list[str], sink: "_Sink", broken: pq.ParquetWriter
) -> FileFacts:
    file = form.file
    n_bytes, checksum, n_quotes = streams.bytes_facts(path, file, label)
    rows = Rows(label, int(file.header), len(names))
    if names and n_bytes:
        stream = streams.csv_batches(path, names, file, n_quotes, rows) if file.format == "csv" else \
            streams.fixed_batches(path, names, file, rows)
        for batch in streams.numbered(stream, rows):
            sink.write(masks.applied(file.mask, batch, form.key))
    aside = rows.broken_table(is_masked=bool(file.mask.columns))
    if n_quotes % 2 and (line := rows.open_quote_line()):
        raise InputError(label, f"a quote opened in the record of line {line:,} is never closed", streams.CLOSED)
    broken.write_table(aside)
    return FileFacts(form.name, label, n_bytes, checksum, rows.n_records, aside.num_rows)


class _Sink:
    """A Parquet file that is written in row groups of a good size, whatever the size of the batches."""

    def __init__(self, target: Path, names: list[str]) -> None:
        self.schema = pa.schema([*((n, pa.string()) for n in [*names, "file"]), ("record", pa.int64()),
                                 ("line", pa.int64())])
        self.writer = pq.ParquetWriter(target, self.schema, compression="lz4")
        self.waiting: list[pa.RecordBatch] = []
        self.n = 0

    def __enter__(self) -> "_Sink":
        return self

    def __exit__(self, *error: object) -> None:
        if not error[0]:
            self._flush()
        self.writer.close()

    def write(self, batch: pa.RecordBatch) -> None:
        """Take a batch; write once there is enough for a row group."""
        self.waiting.append(batch.select(self.schema.names))
        self.n += batch.num_rows
        if self.n >= ROW_GROUP:
            self._flush()

    def _flush(self) -> None:
        if self.n:
            self.writer.write_table(pa.Table.from_batches(self.waiting, self.schema))
        self.waiting, self.n = [], 0
