"""Inferred layout of files: encoding, delimiter, titles, header rows, footers, fields given on a first line only."""

import codecs
import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from helpers.intake import archives, databases, formats, readers
from helpers.intake.infer_types import MISSING, infer_column
from helpers.intake.profile_schema import FileRule, FillDown

HEAD, TAIL, LOOKED_AT, MOST_LINES = 1 << 20, 1 << 15, 200, 20

BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))

SIGN_LINE = re.compile(r"^\ufeff*sep=(.)\s*$", re.IGNORECASE)  # Excel's own: it tells the delimiter

TOTAL = re.compile(r"^\W*(?:(?:grand|sub|overall)?\W*totals?|summe|gesamt\w*|totale|suma|итого|合计|合計|합계)\b",
                   re.IGNORECASE)

IMPORT_ID = '{"ImportId"'  # Qualtrics puts it below the wording of its questions

LEAST_FILLED, LEAST_RECORDS = 0.2, 20  # share of records that have a field for the others, of so many at least

Rows = Sequence[Sequence[str | None]]

SHEETS = (".xlsx", ".xls", ".xlsb", ".ods", ".xlsm")

DATABASES = {".duckdb": "duckdb", ".sqlite": "sqlite", ".sqlite3": "sqlite", ".db": "sqlite"}

FORMATS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet", ".sav": "spss", ".zsav": "spss",
           ".dta": "stata", **dict.fromkeys(SHEETS, "excel")}


def declared_files(path: Path) -> Iterator[FileRule]:
    """Yield the declaration of a file, of each in an archive, or of each table of a database.

    Parameters
    ----------
    path : Path
        The file as it arrived.
    """
    if path.suffix.lower() in DATABASES:
        form = DATABASES[path.suffix.lower()]
        for query in databases.table_queries(path, form, path.name).values():
            yield FileRule.model_validate({"path": path.name, "format": form, "query": query})
    elif path.suffix.lower() == ".zip":
        for member in archives.member_names(path, path.name):
            yield from _formed(path, Path(member).suffix.lower(), member)
    else:
        yield from _formed(path, Path(path.name.removesuffix(".gz")).suffix.lower())


def _formed(path: Path, suffix: str, member: str = "") -> Iterator[FileRule]:
    told = {"path": path.name, "member": member, "format": FORMATS.get(suffix, "csv")}
    if told["format"] == "excel":
        yield from _sheets(path, told)
        return
    if told["format"] == "csv":
        room = readers.TempFolder()
        told |= text_layout(unpacked_file(path, FileRule.model_validate(told), room))
    yield FileRule.model_validate(told)


def unpacked_file(path: Path, file: FileRule, room: readers.TempFolder) -> Path:
    """Return where a file can be read: itself, or what an archive held, in a temporary folder.

    Parameters
    ----------
    path : Path
        The file as it arrived.
    file : FileRule
        What is declared of it.
    room : TempFolder
        Where it is unpacked.
    """
    return archives.member_files(path.parent, file, path.name, room.path)[0].path


def _sheets(path: Path, told: dict[str, str]) -> Iterator[FileRule]:
    """Yield the sheets of a workbook that hold a table: at least two rows of at least two cells."""
    room = readers.TempFolder()
    place = unpacked_file(path, FileRule.model_validate(told), room)
    for sheet in formats.all_sheets(place, path.name):
        file = FileRule.model_validate(told | {"sheet": sheet})
        layout = sheet_layout(list(formats.sheet_rows(place, file, path.name)))
        if layout is not None:
            yield file.model_copy(update=layout)


def text_layout(path: Path) -> dict[str, Any]:
    """Return what a profile has to say of a delimited file: encoding, delimiter, what stands above and below records.

    Parameters
    ----------
    path : Path
        The file, unpacked; its first and last lines are looked at.
    """
    with path.open("rb") as stream:
        head = stream.read(HEAD)
        stream.seek(max(0, path.stat().st_size - TAIL))
        tail = stream.read()
    encoding = text_encoding(head)
    lines = head.decode(encoding, errors="ignore").lstrip("\ufeff").splitlines(keepends=True)
    sign = SIGN_LINE.match(lines[0]) if lines else None
    lines = lines[1:] if sign else lines
    lines = (lines[:-1] if len(head) == HEAD else lines)[:LOOKED_AT]
    delimiter = sign.group(1) if sign else likely_delimiter(lines)
    if not sign and (aligned := aligned_layout([line.rstrip("\r\n") for line in lines], delimiter)):
        return {"encoding": encoding, "format": "fixed"} | aligned
    reader = csv.reader(lines, delimiter=delimiter)
    rows, ends = [], []
    for row in reader:
        rows.append(row)
        ends.append(reader.line_num)
    n_titles = title_rows(rows)
    above = (ends[n_titles - 1] if n_titles else 0) + bool(sign)
    last = tail.decode(encoding.replace("utf-16", "utf-16-le"), errors="ignore").splitlines(keepends=True)
    last = last if len(head) < HEAD else last[1:]
    below = footer_rows(rows[n_titles:], list(csv.reader(last, delimiter=delimiter)))
    told = {"skip": above, "header_rows": header_rows(rows[n_titles:]), "footer": below}
    names = _shifted_names(rows[n_titles:])
    return {"encoding": encoding, "delimiter": delimiter} | told | ({"columns": names} if names else {})


def aligned_layout(lines: Sequence[str], delimiter: str) -> dict[str, Any] | None:
    """Return what a profile has to say of a file whose fields stand below each other; None where they do not.

    A field reaches to the last place that any record fills before a place that none does.

    Parameters
    ----------
    lines : sequence of str
        The first lines.
    delimiter : str
        The likeliest; where it stands in most lines, fields are told by it.

    Examples
    --------
    >>> aligned_layout([" no day  sum", *(f" {i:02} 0{i % 7} {i:5}" for i in range(30))], ",")
    {'widths': [3, 3, 6], 'columns': ['no', 'day', 'sum']}
    """
    records = [line for line in lines[1:] if line.strip()]
    lengths, n_cut = {len(line) for line in records}, sum(delimiter in line for line in records)
    if len(records) < LEAST_RECORDS or len(lengths) > 1 or n_cut > len(records) / 2:
        return None
    filled = [any(line[i] != " " for line in records) for i in range(lengths.pop())]
    ends = [i for i, is_filled in enumerate(filled, start=1) if is_filled and (i == len(filled) or not filled[i])]
    if len(ends) < 2:
        return None
    words = lines[0].split()
    has_header = len(words) == len(ends) and not any(re.search(r"\d", word) for word in words)
    names = words if has_header else [f"column_{i}" for i in range(1, len(ends) + 1)]
    widths = [end - start for start, end in zip([0, *ends], ends, strict=False)]
    return {"widths": widths, "columns": names} | ({} if has_header else {"header": False})


def sheet_layout(numbered: Sequence[tuple[int, Sequence[str | None]]]) -> dict[str, int] | None:
    """Return what stands above and below the records of a sheet; None where it holds no table.

    Parameters
    ----------
    numbered : sequence of (int, sequence of str or None)
        Rows that have anything in them, with their numbers in the sheet.
    """
    rows = [row for _, row in numbered]
    filled = [sum(bool(cell) for cell in row) for row in rows]
    if len(rows) < 2 or max(filled) < 2:
        return None
    n_titles = title_rows(rows)
    above = numbered[n_titles][0] - 1
    return {"skip": above, "header_rows": header_rows(rows[n_titles:]),
            "footer": footer_rows(rows[n_titles:], rows[-MOST_LINES:])}


def text_encoding(head: bytes) -> str:
    """Return the encoding that the first bytes of a file are text in."""
    for mark, name in BOMS:
        if head.startswith(mark):
            return name
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
        return "utf-8"
    except UnicodeDecodeError:
        pass
    korean = head.decode("cp949", errors="ignore")
    foreign = [c for c in korean if ord(c) > 127]
    is_korean = sum("가" <= c <= "힣" for c in foreign) > 0.8 * len(foreign)
    return "cp949" if is_korean else "cp1252"


def likely_delimiter(lines: Sequence[str]) -> str:
    """Return the sign that cuts lines into the most fields, the same number in nearly all of them."""
    def score(sign: str) -> tuple[float, int]:
        widths = [len(r) for r in csv.reader(lines, delimiter=sign) if r]
        usual = max(set(widths), key=widths.count, default=1)
        return (widths.count(usual) / len(widths) if usual > 1 else 0.0), usual
    return max(",;\t|", key=score)


def title_rows(rows: Rows) -> int:
    """Return the rows above a header: blank ones, and those of which few cells are filled, the first among them."""
    usual, n = _usual(rows), 0
    for i, row in enumerate(rows[:MOST_LINES]):
        filled = _filled(row)
        if filled and not (_is_sparse(filled, usual) and (row[0] or "").strip()):
            return n if n < len(rows) else 0
        n = i + 1
    return 0


def header_rows(rows: Rows) -> int:
    """Return how many rows name the columns.

    Two do where the second fills the gaps of the first, as below merged cells, or stands as a text above numbers and
    dates; three where the third holds what Qualtrics imports by.
    """
    cells = [[(cell or "").strip() for cell in row] for row in rows[:LOOKED_AT]]
    for i, row in enumerate(cells[1:3], start=2):
        if any(cell.startswith(IMPORT_ID) for cell in row):
            return i
    if len(cells) < 4 or len(cells[0]) != len(cells[1]):
        return 1
    first, second, *rest = cells
    gaps = [b for a, b in zip(first, second, strict=True) if b and not a]
    if any(infer_column("cell", [cell]).kind not in ("text", "empty") for cell in second if cell):
        return 1
    fills = bool(gaps) and (not second[0] or len(gaps) > 1)
    return 2 if fills or _stands_above_numbers(second, rest) else 1


def footer_rows(rows: Rows, last: Rows) -> int:
    """Return how many of the last rows are no records: remarks of few cells, and totals; blank rows are not counted."""
    usual, n = _usual(rows), 0
    for row in reversed(last[-MOST_LINES:]):
        filled = _filled(row)
        text = next((cell for cell in row if cell and cell.strip()), "")
        if filled and not (_is_sparse(filled, usual) or TOTAL.match(text)):
            break
        n += bool(filled)
    return n if n < min(len(last), MOST_LINES) else 0


def fill_down(columns: dict[str, pa.Array]) -> FillDown | None:
    """Return which fields are given on the first line of several records only, and within which column.

    Parameters
    ----------
    columns : dict of str to Array of string
        Of the first records, in their order.
    """
    given = {name: texts.is_valid().to_numpy(zero_copy_only=False) for name, texts in columns.items()}
    gappy = {name: has for name, has in given.items() if LEAST_FILLED <= has.mean() < 1 and has[0]}
    for key, texts in columns.items():
        starts = _starts(texts) if gappy and given[key].all() and len(texts) >= LEAST_RECORDS else None
        if starts is None:
            continue
        filled = [name for name, has in gappy.items() if (has == starts).all()
                  and infer_column(name, columns[name]).kind in ("text", "date", "time", "flag")]
        if filled:
            return FillDown(columns=filled, within=key)
    return None


def _starts(texts: pa.Array) -> np.ndarray | None:
    """Return the rows at which a key's value begins; None where it is no key of several neighbouring records."""
    same = pc.equal(texts.slice(1), texts.slice(0, len(texts) - 1)).to_numpy(zero_copy_only=False)
    starts = np.concatenate([[True], ~same.astype(bool)])
    return starts if 1 < starts.sum() < len(starts) and starts.sum() == pc.count_distinct(texts).as_py() else None


def _filled(row: Sequence[str | None]) -> int:
    return sum(bool(cell and cell.strip()) for cell in row)


def _usual(rows: Rows) -> float:
    """Return how many cells of a row are filled, as a rule."""
    return median([n for row in rows[:LOOKED_AT] if (n := _filled(row))] or [0])


def _is_sparse(filled: int, usual: float) -> bool:
    return filled < usual and filled <= (1 if usual <= 3 else 2)


def _stands_above_numbers(second: Sequence[str], rest: Sequence[Sequence[str]]) -> bool:
    """Return whether a row of texts stands above at least two columns of numbers or dates."""
    columns = list(zip(*[row for row in rest if len(row) == len(second)], strict=True))
    typed = [i for i, column in enumerate(columns) if infer_column("below", [c or None for c in column]).kind
             not in ("text", "empty", "flag")]
    return len(typed) > 1 and all(second[i] and second[i] not in MISSING for i in typed)


def _shifted_names(rows: Rows) -> list[str]:
    """Return names for a file whose records end in a delimiter and whose header does not, or the other way round."""
    if len(rows) < 2:
        return []
    names, widths = [(cell or "").strip() for cell in rows[0]], [len(row) for row in rows[1:] if row]
    usual = max(set(widths), key=widths.count, default=0)
    ends_empty = all(not row[-1] for row in rows[1:] if len(row) == usual)
    if usual == len(names) + 1 and ends_empty and all(names):
        return [*names, f"column_{usual}"]
    return names[:-1] if usual == len(names) - 1 and not names[-1] and all(names[:-1]) else []
