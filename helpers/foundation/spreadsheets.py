"""Spreadsheets: lists for people in Excel and CSV, of which no cell is taken for a formula; read back.

A cell that begins like a formula is run by the program that opens the list, under the name of whoever opens it. So text
is written as text: in Excel by its type, in CSV behind an apostrophe.
"""

import io
import math
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import unescape
from zipfile import BadZipFile, ZipFile

import numpy as np
import pandas as pd

from helpers.foundation.atomic_files import atomic_write, safe_name
from helpers.foundation.coded_samples import FORMULA_PREFIXES, escape_spreadsheet_formula
from helpers.foundation.folders import EXPORTS
from helpers.foundation.workspace import Workspace

EXCEL, CSV = ".xlsx", ".csv"

AUTHOR = "Loyalty Workbook"

MAX_ROWS = 1_048_575  # of a sheet, below its header

MAX_WIDTH, MIN_WIDTH = 36, 8  # wider text is wrapped, so that a list can be read when it is printed

LONG_TEXT = 4 * MAX_WIDTH  # beyond which a column is twice as wide

LINE_HEIGHT, DATE_WIDTH = 15, 12  # [points], [signs]

MADE_ON = datetime(2000, 1, 1)  # equal lists are equal files, whenever they are written

CUSTOMER = "customer id"  # stays in sight beside the header, where it is printed among the first

_RIGHT = {"valign": "top", "align": "right", "indent": 1}  # so that a number does not touch the text beside it

_FORMATS = {"header": {"bold": True, "bg_color": "#E4E7EB", "bottom": 1, "text_wrap": True, "valign": "top"},
            "text": {"text_wrap": True, "valign": "top"}, "date": {"num_format": "yyyy-mm-dd", **_RIGHT},
            "whole": {"num_format": "#,##0", **_RIGHT}, "number": {"num_format": "#,##0.00", **_RIGHT},
            "share": {"num_format": "0.0 %", **_RIGHT}}


_CHOICES = re.compile(r'<dataValidation type="list"[^>]*sqref="([A-Z]+)\d+[^"]*"[^>]*><formula1>"([^"]*)"</formula1>')

_PRINT_AREA = re.compile(r'name="_xlnm\.Print_Area" localSheetId="(\d+)"[^>]*>[^<]*!\$A\$1:\$([A-Z]+)\$')


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet of a list.

    Parameters
    ----------
    name : str
        At most 31 signs.
    rows : DataFrame
        Its rows; the columns' names are its header.
    shares : tuple of str
        Columns of shares, shown as per cent.
    choices : mapping of str to tuple of str
        What may be chosen in the cells of a column.
    printed : tuple of str
        Columns that stand first and are printed; of those that there are. All are printed where none is named.
    """

    name: str
    rows: pd.DataFrame
    shares: tuple[str, ...] = ()
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    printed: tuple[str, ...] = ()


def excel_file(sheets: Sequence[Sheet]) -> bytes:
    """Return an Excel file: the header stays in sight, columns can be filtered, cells have their types, none a formula.

    Equal sheets give equal bytes. A sheet prints in landscape, as wide as a page, the header on each.

    Parameters
    ----------
    sheets : sequence of Sheet
        In order; rows beyond what a sheet can hold are left out.
    """
    import xlsxwriter  # only where a list is written

    written = io.BytesIO()
    plain = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(written, plain) as book:
        book.set_properties({"author": AUTHOR, "created": MADE_ON})
        formats = {kind: book.add_format(look) for kind, look in _FORMATS.items()}
        for sheet in sheets:
            _write_sheet(book.add_worksheet(sheet.name[:31]), sheet, formats)
    return written.getvalue()


def _write_sheet(page: Any, sheet: Sheet, formats: Mapping[str, Any]) -> None:
    printed = [name for name in sheet.printed if name in sheet.rows]
    rows = sheet.rows.head(MAX_ROWS)[[*printed, *(name for name in sheet.rows if name not in printed)]]
    widths = {name: _width(str(name), rows[name]) for name in rows.columns}
    page.set_row(0, 2 * LINE_HEIGHT)
    # not every program finds the height of wrapped text
    for row, n_lines in enumerate(_lines_of_text(rows, widths), 1):
        if n_lines > 1:
            page.set_row(row, n_lines * LINE_HEIGHT)
    for at, name in enumerate(rows.columns):
        values = [_plain(value) for value in rows[name].tolist()]
        kind = "share" if name in sheet.shares else _number_kind(values)
        page.write_string(0, at, str(name), formats["header"])
        for row, value in enumerate(values, 1):
            _write_cell(page, (row, at), value, kind, formats)
        page.set_column(at, at, widths[name])
        if name in sheet.choices and len(rows):
            page.data_validation(1, at, len(rows), at, {"validate": "list", "source": list(sheet.choices[name])})
    page.freeze_panes(1, printed.index(CUSTOMER) + 1 if CUSTOMER in printed[:2] else 0)
    page.autofilter(0, 0, max(len(rows), 1), max(len(rows.columns) - 1, 0))
    page.set_landscape()
    page.fit_to_pages(1, 0)
    page.repeat_rows(0)
    if 0 < len(printed) < len(rows.columns):
        page.print_area(0, 0, len(rows), len(printed) - 1)


def _lines_of_text(rows: pd.DataFrame, widths: Mapping[str, int]) -> Sequence[int]:
    """Return in how many lines the longest text of each row is wrapped, shape (n_rows,)."""
    n_lines = np.ones(len(rows), dtype="int64")
    for name in rows.columns:
        if not pd.api.types.is_numeric_dtype(rows[name]) and not pd.api.types.is_datetime64_any_dtype(rows[name]):
            own = [_n_lines(cell, widths[name]) if isinstance(cell, str) else 1 for cell in rows[name].tolist()]
            n_lines = np.maximum(n_lines, np.array(own, dtype="int64"))
    return n_lines.tolist()


def _n_lines(text: str, width: int) -> int:
    return -(-len(text) // width) if "\n" not in text else sum(max(-(-len(x) // width), 1) for x in text.split("\n"))


def _width(name: str, values: pd.Series) -> int:
    """Return how many signs a column is wide: its longest value, and its header in two lines."""
    longest = DATE_WIDTH if pd.api.types.is_datetime64_any_dtype(values) else max(
        (len(str(value)) for value in values.head(500).dropna()), default=0)
    header = max([len(name) // 2, *(len(word) for word in name.split())]) + 3  # a button for the filter stands in it
    return min(max(longest + 1, header, MIN_WIDTH), MAX_WIDTH if longest <= LONG_TEXT else 2 * MAX_WIDTH)


def _write_cell(page: Any, place: tuple[int, int], value: Any, kind: str, formats: Mapping[str, Any]) -> None:
    if value is None:
        return
    if value == "":  # a cell to fill in: not counted as one that is filled
        page.write_blank(*place, None, formats["text"])
    elif isinstance(value, bool):
        page.write_string(*place, "yes" if value else "no", formats["text"])
    elif isinstance(value, (date, datetime)):
        page.write_datetime(*place, value, formats["date"])
    elif isinstance(value, (int, float)):
        page.write_number(*place, value, formats[kind])
    else:
        page.write_string(*place, str(value), formats["text"])


def _plain(value: Any) -> Any:
    """Return a cell as a plain value of Python; None where it is missing."""
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    if isinstance(value, str):
        return value
    plain = value.item() if hasattr(value, "item") else value
    is_missing = plain is None or plain is pd.NaT or plain is pd.NA
    return None if is_missing or (isinstance(plain, float) and not math.isfinite(plain)) else plain


def _number_kind(values: Sequence[Any]) -> str:
    numbers = [v for v in values if isinstance(v, (int, float)) and not isinstance(v, bool)]
    return "whole" if all(float(v).is_integer() for v in numbers) else "number"


def csv_file(rows: pd.DataFrame, *, is_for_people: bool = True) -> bytes:
    """Return a CSV file in UTF-8 of which no cell is taken for a formula.

    Parameters
    ----------
    rows : DataFrame
        Its rows.
    is_for_people : bool
        Whether it begins with the mark by which Excel knows UTF-8; programs stumble over it.
    """
    texts = rows.select_dtypes(include=["object", "str"]).columns
    safe = rows.assign(**{c: _without_formulas(rows[c]) for c in texts})
    text = safe.to_csv(index=False, date_format="%Y-%m-%d", lineterminator="\n")
    return text.encode("utf-8-sig" if is_for_people else "utf-8")


def _without_formulas(values: pd.Series) -> pd.Series:
    is_text = isinstance(values.dtype, pd.StringDtype) or pd.api.types.infer_dtype(values, skipna=True) == "string"
    if is_text:  # at once; a list may hold half of all customers
        values = values.astype("str")
        is_risky = values.str.startswith((*FORMULA_PREFIXES, "'")).fillna(False).astype(bool)
        return values.mask(is_risky, "'" + values) if is_risky.any() else values
    return pd.Series([v if _plain(v) is None else escape_spreadsheet_formula(str(v)) for v in values], values.index,
                     dtype="object")


def write_exports(workspace: Workspace, files: Mapping[str, bytes]) -> str:
    """Write lists that people and their tools open, in place of those of before; return how many, in words.

    Parameters
    ----------
    workspace : Workspace
        Of the step at work; the lists stand in ``exports`` beside its tables, for their owner alone.
    files : mapping of str to bytes
        Contents by file name.
    """
    folder = workspace.folder / EXPORTS
    shutil.rmtree(folder, ignore_errors=True)
    if files:
        folder.mkdir(parents=True)
    for name, content in files.items():
        with atomic_write(folder / safe_name(name)) as partial:
            partial.write_bytes(content)
            partial.chmod(0o600)
    return f"{EXPORTS}: {len(files):,} {'file' if len(files) == 1 else 'files'}"


def is_own_list(path: Path) -> bool:
    """Return whether an Excel file was written by `excel_file`, and perhaps saved again since."""
    try:
        with ZipFile(path) as archive:
            return f"<dc:creator>{AUTHOR}</dc:creator>".encode() in archive.read("docProps/core.xml")
    except (BadZipFile, KeyError, OSError):
        return False


def read_sheets(path: Path) -> list[Sheet]:
    """Return the sheets of an Excel file, the first row of each as its header; empty cells are None."""
    import python_calamine as excel

    book = excel.CalamineWorkbook.from_path(str(path))
    sheets = []
    for at, name in enumerate(book.sheet_names, 1):
        header, *rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False) or [[]]
        cells = [[None if cell == "" else cell for cell in row] for row in rows]
        names = [str(c) for c in header]
        sheets.append(Sheet(name, pd.DataFrame(cells, columns=names, dtype="object"),
                            choices=_choices(path, f"xl/worksheets/sheet{at}.xml", names),
                            printed=_printed(path, at - 1, names)))
    return sheets


def _choices(path: Path, part: str, names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return what may be chosen in the cells of a column, as the writer of this module stores it in a sheet's part."""
    with ZipFile(path) as archive:
        page = archive.read(part).decode("utf-8") if part in archive.namelist() else ""
    letters = {column_letters(at): name for at, name in enumerate(names)}
    return {letters[column]: tuple(unescape(texts).split(",")) for column, texts in _CHOICES.findall(page)
            if column in letters}


def _printed(path: Path, at: int, names: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that the sheet at a place prints, from its print area; empty where it prints all."""
    with ZipFile(path) as archive:
        book = archive.read("xl/workbook.xml").decode("utf-8")
    last = next((letters for place, letters in _PRINT_AREA.findall(book) if int(place) == at), "")
    return tuple(names[:1 + [column_letters(i) for i in range(len(names))].index(last)]) if last else ()


def column_letters(at: int) -> str:
    """Return the letters of a column by its place, the first is 0.

    Examples
    --------
    >>> column_letters(0), column_letters(25), column_letters(26)
    ('A', 'Z', 'AA')
    """
    tens, ones = divmod(at, 26)
    return (column_letters(tens - 1) if tens else "") + chr(ord("A") + ones)
