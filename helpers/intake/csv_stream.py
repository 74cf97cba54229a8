"""CSV and fixed-width text as a stream: checked bytes, batches of columns, record and line numbers."""

import codecs
import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from helpers.foundation.errors import InputError
from helpers.intake import file_layout, pii_in_text, pseudonymise
from helpers.intake.profile_schema import FileRule

BROKEN = pa.schema([("file", pa.string()), ("record", pa.int64()), ("line", pa.int64()), ("reasons", pa.string()),
                    ("text", pa.string())])


@dataclass(slots=True)
class RecordNumbers:
    """Keeps count of the rows of one file: which record and line each one is, and which are broken."""

    label: str
    n_header: int
    n_fields: int
    row: int = 0
    n_blank: int = 0
    n_newlines: int = 0
    waiting: list[tuple[int, int, str]] = field(default_factory=list)
    found: list[tuple[int, int, str, str]] = field(default_factory=list)
    malformed: np.ndarray | None = None
    fault: str = ""
    texts: pa.Array | None = None
    last: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:  # noqa: D105
        self.row = self.n_header + 1

    @property
    def n_records(self) -> int:
        """Records so far, broken ones included."""
        return self.row - 1 - self.n_header - self.n_blank

    def count(self, n: int) -> None:
        """Take over how many records there were so far, from a reader that counts them itself."""
        self.row = self.n_header + n + 1

    def skipped(self, row: pacsv.InvalidRow) -> str:
        """Remember a row that the parser could not split into the right number of fields."""
        self.waiting.append((row.number, row.actual_columns, row.text))
        return "skip"

    def numbers(self, is_blank: np.ndarray, newlines: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return record and line of each row of the next batch; broken rows that stand between are passed."""
        n = len(is_blank)
        rows = np.arange(self.row, self.row + n + len(self.waiting))
        if self.waiting:
            rows = np.setdiff1d(rows, [w[0] for w in self.waiting], assume_unique=True)[:n]
        last = int(rows[-1]) if n else self.row - 1
        here = [w for w in self.waiting if w[0] <= last]
        self.waiting = self.waiting[len(here):]
        blank_before = np.cumsum(is_blank) - is_blank
        breaks = newlines.copy()
        for number, fields, text in here:
            at = int(np.searchsorted(rows, number))
            self._broken(number - self.n_header - self.n_blank - int(is_blank[:at].sum()),
                         number + self.n_newlines + int(breaks[:at].sum()), fields, text)
            if at < n:
                breaks[at] += text.count("\n")
        before = np.cumsum(breaks) - newlines
        record = rows - self.n_header - self.n_blank - blank_before
        line = rows + self.n_newlines + before
        self.last = (int(line[-1]), int(newlines[-1])) if n else self.last
        self.row, self.n_blank = last + 1, self.n_blank + int(is_blank.sum())
        self.n_newlines += int(breaks.sum())
        return record, line

    def judge(self, malformed: np.ndarray, texts: pa.Array, fault: str) -> None:
        """Remember which records of the next batch have a fault, what stands in them, and which fault it is."""
        self.malformed, self.texts, self.fault = malformed, texts, fault

    def take_malformed(self, record: np.ndarray, line: np.ndarray) -> np.ndarray:
        """Return which rows of the batch are malformed, and set them aside."""
        if self.malformed is None or self.texts is None:
            return np.zeros(len(record), bool)
        for at in np.flatnonzero(self.malformed):
            self.found.append((int(record[at]), int(line[at]), self.fault, self.texts[int(at)].as_py()))
        return self.malformed

    def broken_table(self, is_masked: bool, is_written: bool = False) -> pa.Table:
        """Return the broken records of the file, after its last batch.

        Parameters
        ----------
        is_masked : bool
            Whether the file has personal columns, so that no text of a broken record may be kept.
        is_written : bool
            Whether it has free text, so that addresses, phone and card numbers are replaced.
        """
        for number, fields, text in self.waiting:
            self._broken(number - self.n_header - self.n_blank, number + self.n_newlines, fields, text)
            self.row, self.n_newlines = number + 1, self.n_newlines + text.count("\n")
        self.waiting = []
        text = [
            pseudonymise.WITHHELD if is_masked else pii_in_text.mask_text(t) if is_written else t
            for *_, t in self.found
        ]
        record, line, reasons = ([f[i] for f in self.found] for i in range(3))
        return pa.table([[self.label] * len(text), record, line, reasons, text], schema=BROKEN)

    def open_quote_line(self) -> int | None:
        """Return the line of the last record where it runs over several lines, as it does after an open quote."""
        ends = [self.last, *((line, text.count("\n")) for _, line, _, text in self.found[-1:])]
        line, breaks = max(ends)
        return line if breaks else None

    def _broken(self, record: int, line: int, fields: int, text: str) -> None:
        plural = "field" if fields == 1 else "fields"
        self.found.append((record, line, f"{fields} {plural} instead of {self.n_fields}", text))


RESERVED = ("file", "record", "line")

BLOCK = 8 << 20

NUL, HAS_NUL = "\0", "a field holds a NUL character"

OTHER_LENGTH = "the line is shorter or longer than declared"

NO_DELIMITER = "\x1f"

CLOSED = "closed quotes; or quote = \"\" where quotes are plain text"


def bytes_facts(path: Path, file: FileRule, label: str) -> tuple[int, str, int, int]:
    """Return size, checksum, the number of quotes and of NUL characters; refuse text of another encoding."""
    digest, decoder = hashlib.sha256(), codecs.getincrementaldecoder(file.encoding)()
    n_bytes, n_quotes, n_nuls, quote = 0, 0, 0, file.quote.encode()
    is_wide = codecs.lookup(file.encoding).name.startswith(("utf-16", "utf-32"))  # a byte of a letter may look so
    with path.open("rb") as stream, ThreadPoolExecutor(1) as hand:  # sums up a chunk while it is read as text
        for chunk in iter(lambda: stream.read(BLOCK), None):
            summed = hand.submit(digest.update, chunk)
            try:
                text = decoder.decode(chunk, final=not chunk)
                n_nuls += text.count(NUL) if is_wide else chunk.count(b"\0")
                n_quotes += (text.count(file.quote) if is_wide else chunk.count(quote)) if quote else 0
            except UnicodeDecodeError as error:
                line = _line_breaks(path, n_bytes) + error.object[: error.start].count(b"\n") + 1
                odd = error.object[error.start: error.start + 1].hex()
                raise InputError(label, f"byte 0x{odd} in line {line:,} is not text in {file.encoding}, the encoding "
                                 "that the profile declares", "the file's own, such as encoding = \"cp1252\"") from None
            n_bytes += len(chunk)
            summed.result()
            if not chunk:
                break
    return n_bytes, digest.hexdigest(), n_quotes, n_nuls


def _line_breaks(path: Path, n_bytes: int) -> int:
    """Return the line breaks in the first bytes of a file."""
    with path.open("rb") as stream:
        return sum(stream.read(min(BLOCK, n_bytes - at)).count(b"\n") for at in range(0, n_bytes, BLOCK))


def rows_above(file: FileRule) -> int:
    """Return the rows above the first record: titles and the header."""
    return file.skip + (file.header_rows if file.header else 0)


def csv_batches(
    path: Path, names: list[str], file: FileRule, n_quotes: int, rows: RecordNumbers
) -> Iterator[pa.RecordBatch]:
    """Return batches of a delimited file, every column text; rows it cannot split go to the rows' waiting list."""
    text = {name: pa.string() for name in names}
    source = pa.OSFile(str(path))
    if file.footer:
        end = file_layout.records_end(path, file.footer, file.encoding)
        source = pa.BufferReader(pa.memory_map(str(path)).read_buffer(end))
    if codecs.lookup(file.encoding).name not in ("utf-8", "utf-8-sig", "ascii"):
        source = pa.transcoding_input_stream(source, file.encoding, "utf8")
    return _opened(
        source, rows,
        pacsv.ReadOptions(use_threads=False, block_size=BLOCK, column_names=names, skip_rows=file.skip,
                          skip_rows_after_names=rows_above(file) - file.skip),
        pacsv.ParseOptions(delimiter=file.delimiter, quote_char=file.quote or False, newlines_in_values=n_quotes > 0,
                           ignore_empty_lines=False, invalid_row_handler=rows.skipped),
        pacsv.ConvertOptions(column_types=text, strings_can_be_null=True, null_values=file.missing))


def fixed_batches(path: Path, names: list[str], file: FileRule, rows: RecordNumbers) -> Iterator[pa.RecordBatch]:
    """Yield batches of a fixed-width file: whole lines, cut and trimmed."""
    one = file.model_copy(update={"delimiter": NO_DELIMITER, "quote": "", "missing": [""]})
    ends = np.cumsum(file.widths)
    for lines in csv_batches(path, ["text"], one, 0, rows):
        length = pc.utf8_length(pc.utf8_rtrim_whitespace(lines.column(0))).fill_null(1 << 30)
        is_whole = pc.and_(pc.less_equal(length, int(ends[-1])), pc.greater(length, int(ends[-1] - file.widths[-1])))
        malformed = pc.invert(pc.or_(is_whole, lines.column(0).is_null())).to_numpy(zero_copy_only=False)
        cut = [pc.utf8_trim_whitespace(pc.utf8_slice_codeunits(lines.column(0), int(end - width), int(end)))
               for end, width in zip(ends, file.widths, strict=True)]
        missing = pa.array(file.missing, pa.string())
        cut = [pc.if_else(pc.is_in(c, missing), pa.scalar(None, pa.string()), c) for c in cut]
        rows.judge(malformed, lines.column(0), OTHER_LENGTH)
        yield pa.record_batch(cut, names)


def without_nuls(stream: Iterator[pa.RecordBatch], rows: RecordNumbers) -> Iterator[pa.RecordBatch]:
    """Yield batches whose records with a NUL character are set aside: engines end a text there, or hide it."""
    for batch in stream:
        texts = [column.fill_null("") for column in batch.columns]
        found = [pc.match_substring(text, NUL).to_numpy(zero_copy_only=False) for text in texts]
        whole = pc.binary_join_element_wise(*texts, " | ") if len(texts) > 1 else texts[0]
        rows.judge(np.logical_or.reduce(found), pc.replace_substring(whole, NUL, "\\0"), HAS_NUL)
        yield batch


def _opened(source: pa.NativeFile, rows: RecordNumbers, *options: Any) -> Iterator[pa.RecordBatch]:
    try:
        yield from pacsv.open_csv(source, *options)
    except pa.ArrowInvalid as error:
        if "Empty CSV" in str(error):
            return
        found = f"after record {rows.n_records:,} the text cannot be told into records ({str(error).splitlines()[0]})"
        raise InputError(rows.label, found, CLOSED) from None


def numbered_batches(stream: Iterator[pa.RecordBatch], rows: RecordNumbers) -> Iterator[pa.RecordBatch]:
    """Yield batches with file, record and line, without blank lines and malformed records."""
    for batch in stream:
        is_blank = _blank(batch)
        newlines = _newlines(batch)
        record, line = rows.numbers(is_blank, newlines)
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
