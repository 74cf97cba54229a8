"""Which record and which line of its file a parsed row is, and which rows are broken."""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from helpers.intake import freetext, masks

BROKEN = pa.schema([("file", pa.string()), ("record", pa.int64()), ("line", pa.int64()), ("reasons", pa.string()),
                    ("text", pa.string())])


@dataclass(slots=True)
class Rows:
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

    def judge(self, malformed: np.ndarray, texts: pa.Array) -> None:
        """Remember which lines of the next batch do not have the declared form, and what stands in them."""
        self.malformed, self.texts = malformed, texts

    def take_malformed(self, record: np.ndarray, line: np.ndarray) -> np.ndarray:
        """Return which rows of the batch are malformed, and set them aside."""
        if self.malformed is None:
            return np.zeros(len(record), bool)
        for at in np.flatnonzero(self.malformed):
            self.found.append((int(record[at]), int(line[at]), "the line is shorter or longer than declared",
                               self.texts[int(at)].as_py()))
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
        text = [masks.WITHHELD if is_masked else freetext.text_without(t) if is_written else t for *_, t in self.found]
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
