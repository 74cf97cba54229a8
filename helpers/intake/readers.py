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

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from helpers.foundation.errors import InputError
from helpers.foundation.workspace import raw_folder
from helpers.intake import masks
from helpers.intake.numbering import BROKEN, Rows
from helpers.intake.profiles import File, Profile

RESERVED = ("file", "record", "line")
BLOCK = 8 << 20
ROW_GROUP = 500_000
NO_DELIMITER = "\x1f"


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
    with path.open(encoding=_codec(file.encoding), newline="") as text:
        rows = csv.reader(text, delimiter=file.delimiter, quotechar=file.quote or None,
                          quoting=csv.QUOTE_MINIMAL if file.quote else csv.QUOTE_NONE)
        try:
            return _distinct(next(rows, []))
        except UnicodeDecodeError:
            raise InputError(label, f"its header is not text in {file.encoding}", "its encoding, declared") from None


def _distinct(names: list[str]) -> list[str]:
    found: list[str] = []
    taken = {*RESERVED, "person_key"}
    for i, name in enumerate(names, start=1):
        clean = name.strip() or f"column_{i}"
        clean = f"{clean}_" if clean.lower() in RESERVED else clean
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
    n_bytes, checksum, has_quote = _bytes_facts(path, file, label)
    rows = Rows(label, int(file.header), len(names))
    if names and n_bytes:
        stream = _csv_stream(path, names, file, has_quote, rows) if file.format == "csv" else \
            _fixed_stream(path, names, file, rows)
        for batch in _checked(stream, rows):
            sink.write(masks.applied(file.mask, batch, form.key))
    aside = rows.broken_table(is_masked=bool(file.mask.columns))
    broken.write_table(aside)
    return FileFacts(form.name, label, n_bytes, checksum, rows.n_records, aside.num_rows)


def _bytes_facts(path: Path, file: File, label: str) -> tuple[int, str, bool]:
    """Return size, checksum and whether a quote occurs; refuse text that is not in the declared encoding."""
    digest, decoder = hashlib.sha256(), codecs.getincrementaldecoder(file.encoding)()
    n_bytes, n_lines, has_quote, quote = 0, 0, False, file.quote.encode()
    with path.open("rb") as stream:
        while chunk := stream.read(BLOCK):
            digest.update(chunk)
            has_quote = has_quote or bool(quote and quote in chunk)
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as error:
                line = n_lines + error.object[: error.start].count(b"\n") + 1
                odd = error.object[error.start: error.start + 1].hex()
                raise InputError(label, f"byte 0x{odd} in line {line:,} is not text in {file.encoding}, the encoding "
                                 "that the profile declares", "the file's own, such as encoding = \"cp1252\"") from None
            n_bytes, n_lines = n_bytes + len(chunk), n_lines + chunk.count(b"\n")
    return n_bytes, digest.hexdigest(), has_quote


# --- streams of record batches -----------------------------------------------------------------------------------


def _csv_stream(path: Path, names: list[str], file: File, has_quote: bool, rows: Rows) -> Iterator[pa.RecordBatch]:
    text = {name: pa.string() for name in names}
    source = pa.OSFile(str(path))
    if codecs.lookup(file.encoding).name not in ("utf-8", "utf-8-sig", "ascii"):
        source = pa.transcoding_input_stream(source, file.encoding, "utf8")
    return _opened(
        source, rows,
        pacsv.ReadOptions(use_threads=False, block_size=BLOCK, column_names=names,
                          skip_rows_after_names=int(file.header)),
        pacsv.ParseOptions(delimiter=file.delimiter, quote_char=file.quote or False, newlines_in_values=has_quote,
                           ignore_empty_lines=False, invalid_row_handler=rows.skipped),
        pacsv.ConvertOptions(column_types=text, strings_can_be_null=True, null_values=file.missing))


def _fixed_stream(path: Path, names: list[str], file: File, rows: Rows) -> Iterator[pa.RecordBatch]:
    """Yield batches of a fixed-width file: whole lines, cut and trimmed."""
    one = file.model_copy(update={"delimiter": NO_DELIMITER, "quote": "", "missing": [""]})
    ends = np.cumsum(file.widths)
    for lines in _csv_stream(path, ["text"], one, False, rows):
        length = pc.utf8_length(pc.utf8_rtrim_whitespace(lines.column(0))).fill_null(1 << 30)
        is_whole = pc.and_(pc.less_equal(length, int(ends[-1])), pc.greater(length, int(ends[-1] - file.widths[-1])))
        rows.malformed = pc.invert(pc.or_(is_whole, lines.column(0).is_null())).to_numpy(zero_copy_only=False)
        cut = [pc.utf8_trim_whitespace(pc.utf8_slice_codeunits(lines.column(0), int(end - width), int(end)))
               for end, width in zip(ends, file.widths, strict=True)]
        missing = pa.array(file.missing, pa.string())
        cut = [pc.if_else(pc.is_in(c, missing), pa.scalar(None, pa.string()), c) for c in cut]
        rows.texts = lines.column(0)
        yield pa.record_batch(cut, names)


def _opened(source: pa.NativeFile, rows: Rows, *options: object) -> Iterator[pa.RecordBatch]:
    try:
        yield from pacsv.open_csv(source, *options)
    except pa.ArrowInvalid as error:
        if "Empty CSV" in str(error):
            return
        found = f"after line {rows.row:,} the text cannot be told into records ({str(error).splitlines()[0]})"
        raise InputError(rows.label, found, "closed quotes; or quote = \"\" where quotes are plain text") from None


def _checked(stream: Iterator[pa.RecordBatch], rows: Rows) -> Iterator[pa.RecordBatch]:
    """Yield batches with file, record and line, without blank lines and malformed records."""
    for batch in stream:
        is_blank = _blank(batch)
        record, line = rows.numbers(is_blank, _newlines(batch))
        batch = pa.record_batch(
            [*batch.columns, pa.repeat(pa.scalar(rows.label), batch.num_rows), pa.array(record), pa.array(line)],
            [*batch.schema.names, *RESERVED])
        is_left_out = is_blank | rows.take_malformed(record, line)
        yield batch.filter(pa.array(~is_left_out)) if is_left_out.any() else batch


def _blank(batch: pa.RecordBatch) -> np.ndarray:
    if not all(c.null_count for c in batch.columns):
        return np.zeros(batch.num_rows, bool)
    return np.logical_and.reduce([c.is_null().to_numpy(zero_copy_only=False) for c in batch.columns])


def _newlines(batch: pa.RecordBatch) -> np.ndarray:
    """Return the number of line breaks inside the fields of each record."""
    n = np.zeros(batch.num_rows, np.int64)
    for column in batch.columns:
        data = column.buffers()[2]
        if data is not None and (np.frombuffer(data, np.uint8) == 10).any():
            n += pc.count_substring(column, "\n").fill_null(0).to_numpy(zero_copy_only=False)
    return n


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
