import datetime as dt
import io
import re
import zipfile
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from helpers.foundation import spreadsheets
from helpers.foundation.spreadsheets import Sheet
from helpers.pipeline import registry

FORMULAS = ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "http://elsewhere", "007", "plain"]


def rows():
    return pd.DataFrame({"customer_id": FORMULAS, "due_on": pd.Timestamp("2026-01-14"), "share": 0.25,
                         "n": np.arange(8), "margin": [1.5, np.nan, 3, 4, 5, 6, 7, 8], "owner": [None, *"abcdefg"]})


@pytest.fixture
def book(tmp_path):
    path = tmp_path / "list.xlsx"
    path.write_bytes(spreadsheets.excel_file([Sheet("to contact", rows(), ("share",)), Sheet("empty", rows().head(0))]))
    return path


def test_text_that_looks_like_a_formula_a_link_or_a_number_stays_text_in_excel(book):
    with zipfile.ZipFile(book) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "<hyperlink" not in sheet
    first, empty = spreadsheets.read_sheets(book)
    assert first.rows["customer_id"].tolist() == FORMULAS
    assert list(empty.rows.columns) == list(rows().columns)
    assert empty.rows.empty


def test_cells_keep_their_types_and_missing_ones_are_empty(book):
    first = spreadsheets.read_sheets(book)[0].rows
    assert first["due_on"].tolist() == [dt.date(2026, 1, 14)] * 8
    assert first["margin"].tolist()[:3] == [1.5, None, 3.0]
    assert first["owner"].tolist()[:2] == [None, "a"]


def test_a_cell_to_fill_in_is_blank_and_not_counted_as_filled(tmp_path):
    path = tmp_path / "list.xlsx"
    path.write_bytes(spreadsheets.excel_file([Sheet("calls", pd.DataFrame({"who": ["a", "b"], "outcome": ["", "x"]}))]))
    with zipfile.ZipFile(path) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    assert re.search(r'<c r="B2"[^>]*/>', sheet), "neither text nor number"
    assert spreadsheets.read_sheets(path)[0].rows["outcome"].tolist() == [None, "x"]


def test_the_header_stays_in_sight_and_can_be_filtered(book):
    with zipfile.ZipFile(book) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    assert 'ySplit="1"' in sheet
    assert 'state="frozen"' in sheet
    assert '<autoFilter ref="A1:F9"/>' in sheet


def test_printed_columns_stand_first_and_alone_on_paper_and_stay_so_when_a_list_is_written_again(tmp_path):
    path = tmp_path / "list.xlsx"
    sheets = [Sheet("all of it", rows()), Sheet("it's, in part", rows(), printed=("owner", "not there", "due_on"))]
    for _ in range(2):
        path.write_bytes(spreadsheets.excel_file(sheets))
        with zipfile.ZipFile(path) as archive:
            areas = re.findall(r"<definedName name=\"_xlnm.Print_Area\"[^>]*>([^<]*)<", archive.read(
                "xl/workbook.xml").decode())
        assert areas == ["'it''s, in part'!$A$1:$B$9"]
        sheets = spreadsheets.read_sheets(path)
        assert [sheet.printed for sheet in sheets] == [(), ("owner", "due_on")]
        assert list(sheets[1].rows) == ["owner", "due_on", "customer_id", "share", "n", "margin"]


def test_equal_lists_are_equal_files(book):
    again = spreadsheets.excel_file([Sheet("to contact", rows(), ("share",)), Sheet("empty", rows().head(0))])
    assert book.read_bytes() == again


def test_no_cell_of_a_csv_file_begins_like_a_formula_and_programs_get_it_without_a_mark():
    text = spreadsheets.csv_file(rows()).decode("utf-8-sig")
    cells = pd.read_csv(io.StringIO(text), dtype="str", keep_default_na=False)["customer_id"]
    assert not cells.str.startswith(("=", "+", "-", "@", "\t")).any()
    assert cells.iloc[-1] == "plain"
    assert spreadsheets.csv_file(rows())[:3] == b"\xef\xbb\xbf"
    assert spreadsheets.csv_file(rows(), is_for_people=False)[:8] == b"customer"


@pytest.mark.usefixtures("shop")
def test_lists_take_the_place_of_those_of_before_for_their_owner_alone(home):
    workspace = registry.open_workspace("shop")
    assert spreadsheets.write_exports(workspace, {"a.csv": b"1", "b.csv": b"2"}) == "exports: 2 files"
    assert spreadsheets.write_exports(workspace, {"b.csv": b"3"}) == "exports: 1 file"
    files = sorted((workspace.folder / "exports").iterdir())
    assert [(p.name, p.read_bytes(), p.stat().st_mode & 0o777) for p in files] == [("b.csv", b"3", 0o600)]


def test_what_may_be_chosen_in_a_column_is_read_back_and_stays_when_a_person_is_erased(tmp_path):
    rows = pd.DataFrame({f"c{i}": ["a", "b"] for i in range(30)})
    chosen = {"c2": ("yes", "no & never"), "c28": ("done", "not done")}
    path = tmp_path / "list.xlsx"
    path.write_bytes(spreadsheets.excel_file([spreadsheets.Sheet("one", rows), spreadsheets.Sheet(
        "two", rows, choices=chosen)]))
    first, second = spreadsheets.read_sheets(path)
    assert first.choices == {}
    assert second.choices == chosen
    path.write_bytes(spreadsheets.excel_file([replace(second, rows=second.rows.head(1))]))
    assert spreadsheets.read_sheets(path)[0].choices == chosen


def test_a_text_of_several_lines_has_a_row_high_enough_and_long_text_a_wider_column(tmp_path):
    texts = pd.DataFrame({"steps": ["one\ntwo\n" + 40 * "x", "one"], "long": [200 * "y", ""], "short": ["z" * 40, ""]})
    (tmp_path / "list.xlsx").write_bytes(spreadsheets.excel_file([Sheet("steps", texts)]))
    with zipfile.ZipFile(tmp_path / "list.xlsx") as archive:
        page = archive.read("xl/worksheets/sheet1.xml").decode()
    assert re.findall(r'<row r="2"[^>]* ht="(\d+)"', page) == [str(4 * spreadsheets.LINE_HEIGHT)]
    assert not re.findall(r'<row r="3"[^>]* ht=', page)
    widths = [round(float(x)) for x in re.findall(r'<col [^>]*width="([\d.]+)"', page)]
    assert widths[1] == pytest.approx(2 * widths[2], abs=1)
