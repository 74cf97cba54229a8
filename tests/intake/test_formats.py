"""Files whose records know their fields: JSON lines, sheets, Parquet; each with a case in which it fails."""

import io
import json
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from helpers.foundation.errors import InputError
from helpers.intake import readers

CELL = '<c r="{ref}" t="inlineStr"><is><t>{text}</t></is></c>'
NUMBER = '<c r="{ref}"><v>{text}</v></c>'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def workbook(**sheets):
    """Return the bytes of an Excel file; rows are lists of texts and numbers, None is an empty cell."""
    def cell(value, row, column):
        form = NUMBER if isinstance(value, int | float) else CELL
        return form.format(ref=f"{chr(65 + column)}{row}", text=value) if value is not None else ""

    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as book:
        kinds = "".join(f'<Override PartName="/xl/worksheets/sheet{i}.xml" ContentType="application/vnd.openxmlformats-'
                        'officedocument.spreadsheetml.worksheet+xml"/>' for i in range(1, len(sheets) + 1))
        book.writestr("[Content_Types].xml", f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
                      'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/'
                      'workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.'
                      f'main+xml"/>{kinds}</Types>')
        book.writestr("_rels/.rels", f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" Type='
                      f'"{DOCUMENT}/officeDocument" Target="xl/workbook.xml"/></Relationships>')
        named = "".join(f'<sheet name="{n}" sheetId="{i}" r:id="s{i}"/>' for i, n in enumerate(sheets, start=1))
        book.writestr("xl/workbook.xml", f'<workbook xmlns="{MAIN}" xmlns:r="{DOCUMENT}"><sheets>{named}</sheets>'
                      '</workbook>')
        book.writestr("xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{PACKAGE}/relationships">' + "".join(
            f'<Relationship Id="s{i}" Type="{DOCUMENT}/worksheet" Target="worksheets/sheet{i}.xml"/>'
            for i in range(1, len(sheets) + 1)) + "</Relationships>")
        for i, rows in enumerate(sheets.values(), start=1):
            said = "".join(f'<row r="{r}">' + "".join(cell(v, r, c) for c, v in enumerate(row)) + "</row>"
                           for r, row in enumerate(rows, start=1))
            book.writestr(f"xl/worksheets/sheet{i}.xml", f'<worksheet xmlns="{MAIN}"><sheetData>{said}</sheetData>'
                          "</worksheet>")
    return made.getvalue()


def rows(landed, name="orders"):
    return pq.read_table(landed.tables[name]).to_pylist()


def broken(landed):
    return pq.read_table(landed.broken).to_pylist()


def own(landed):
    return [{k: v for k, v in r.items() if k not in ("file", "record", "line")} for r in rows(landed)]


# --- JSON lines --------------------------------------------------------------------------------------------------

LINES = {"orders": {"path": "*.jsonl", "format": "jsonl"}}


def test_json_lines_are_flattened_and_numbers_keep_their_digits(small):
    small.file("a.jsonl", '{"id": 1, "who": {"name": "Ann", "at": {"zip": "010"}}, "paid": 2.10, "ok": true}\n'
                          '\n{"id": 2, "tags": ["x", "y"], "paid": null}\n')
    landed = small.landed(files=LINES)
    assert rows(landed) == [
        {"id": "1", "who.name": "Ann", "who.at.zip": "010", "paid": "2.10", "ok": "true", "tags": None,
         "file": "a.jsonl", "record": 1, "line": 1},
        {"id": "2", "who.name": None, "who.at.zip": None, "paid": None, "ok": None, "tags": '["x", "y"]',
         "file": "a.jsonl", "record": 2, "line": 3}]


def test_a_line_that_is_no_object_is_broken_and_nothing_else_is_lost(small):
    small.file("a.jsonl", '{"id": 1}\n{"id": 2\n[3]\n{"id": 4}\n')
    landed = small.landed(files=LINES)
    assert [(r["id"], r["record"]) for r in rows(landed)] == [("1", 1), ("4", 4)]
    assert [(r["record"], r["line"], r["text"]) for r in broken(landed)] == [(2, 2, '{"id": 2'), (3, 3, "[3]")]
    assert (landed.files[0].n_records, landed.files[0].n_broken) == (4, 2)


@pytest.mark.parametrize(("line", "name"), [
    ('{"id": 2, "amount": 1, "amount": 9}', "amount"), ('{"id": 2, "who": {"a": 1, "a": 9}}', "a"),
    ('{"id": 2, "who.a": 1, "who": {"a": 9}}', "who.a")])
def test_a_line_that_gives_a_field_twice_is_broken(small, line, name):
    small.file("orders.jsonl", f'{{"id": 1}}\n{line}\n{{"id": 3}}\n')
    landed = small.landed(files={"orders": {"path": "orders.jsonl", "format": "jsonl"}})
    assert [r["id"] for r in rows(landed)] == ["1", "3"]
    assert [(r["record"], r["reasons"]) for r in broken(landed)] == [(2, f"the line gives the field '{name}' twice")]


def test_a_name_that_two_columns_of_a_sheet_or_a_parquet_file_bear_is_refused(small):
    small.file("orders.xlsx", workbook(a=[["id", "amount", None, "amount", None], [1, 2, 3, 4, 5]]))
    with pytest.raises(InputError, match=r"orders.xlsx: the name 'amount' is given to 2 columns \(2, 4\)"):
        small.landed(files={"orders": {"path": "orders.xlsx", "format": "excel"}})
    pq.write_table(pa.table([[1], [2], [3]], names=["id", "amount", "amount"]), small.folder / "orders.parquet")
    with pytest.raises(InputError, match=r"orders.parquet: the name 'amount' is given to 2 columns \(2, 3\)"):
        small.landed(files={"orders": {"path": "orders.parquet", "format": "parquet"}})


def test_files_of_json_lines_may_know_different_fields(small):
    small.file("a.jsonl", '{"id": 1}\n')
    small.file("b.jsonl", '{"id": 2, "record": "x"}\n')
    assert own(small.landed(files=LINES)) == [{"id": "1", "record_": None}, {"id": "2", "record_": "x"}]


def test_json_lines_come_in_batches_of_any_size(small, monkeypatch):
    monkeypatch.setattr("helpers.intake.formats.BATCH", 3)
    small.file("a.jsonl", "".join(json.dumps({"id": i}) + "\n" for i in range(10)))
    assert [(r["id"], r["record"]) for r in rows(small.landed(files=LINES))] == [(str(i), i + 1) for i in range(10)]


def test_a_line_without_end_is_one_sentence(small, monkeypatch):
    monkeypatch.setattr("helpers.intake.formats.LONGEST_LINE", 100)
    small.file("a.jsonl", '{"id": "' + "x" * 200 + '"}\n')
    with pytest.raises(InputError, match=r"a.jsonl: line 1 is longer than 100 characters; allowed: JSON lines"):
        small.landed(files=LINES)


# --- sheets ------------------------------------------------------------------------------------------------------


def book(**more):
    return {"orders": {"path": "book.xlsx", "format": "excel"} | more}


def test_a_sheet_is_read_by_name_below_the_rows_that_are_skipped(small):
    small.file("book.xlsx", workbook(Notes=[["read me"]], Orders=[
        ["Orders of 2024"], [], ["id", "paid", "who"], ["007", 2, "Ann"], [], ["008", 2.5, None]]))
    landed = small.landed(files=book(sheet="Orders", skip=1))
    assert rows(landed) == [
        {"id": "007", "paid": "2", "who": "Ann", "file": "book.xlsx/Orders", "record": 1, "line": 4},
        {"id": "008", "paid": "2.5", "who": None, "file": "book.xlsx/Orders", "record": 2, "line": 6}]


def test_a_sheet_that_does_not_begin_in_its_first_cell_keeps_its_rows(small):
    small.file("book.xlsx", workbook(Orders=[[], [None, "id", "paid"], [None, "1", 2]]))
    found = rows(small.landed(files=book()))
    assert [(r["id"], r["paid"], r["line"]) for r in found] == [("1", "2", 3)]


def test_two_sheets_of_one_book_are_two_files(small):
    small.file("book.xlsx", workbook(A=[["id"], ["1"]], B=[["id"], ["2"], ["3"]]))
    landed = small.landed(files=book(sheet="A") | {"more": book(sheet="B")["orders"]})
    assert [(f.file, f.n_records) for f in landed.files] == [("book.xlsx/A", 1), ("book.xlsx/B", 2)]


def test_a_row_with_more_cells_than_columns_is_broken(small):
    small.file("book.xlsx", workbook(A=[["id", "paid"], ["1", 2, "what is this"], ["2", 3]]))
    landed = small.landed(files=book())
    assert [r["id"] for r in rows(landed)] == ["2"]
    assert [(r["record"], r["line"], r["text"]) for r in broken(landed)] == [(1, 2, "1 | 2 | what is this")]


def test_an_unknown_sheet_names_the_known_ones(small):
    small.file("book.xlsx", workbook(A=[["id"]], B=[["id"]]))
    with pytest.raises(InputError, match=r"book.xlsx: there is no sheet 'C'; allowed: A, B"):
        small.landed(files=book(sheet="C"))


def test_what_is_no_workbook_is_one_sentence(small):
    small.file("book.xlsx", "id,paid\n1,2\n")
    with pytest.raises(InputError, match=r"book.xlsx: it cannot be opened as a workbook"):
        small.landed(files=book())


def test_a_workbook_that_grows_without_measure_is_refused(small):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("xl/sheet.xml", "w") as stream:
        for _ in range(70):
            stream.write(bytes(1 << 20))
    small.file("book.xlsx", made.getvalue())
    with pytest.raises(InputError, match=r"book.xlsx: its [\d,]+ bytes unpack to more than 67,108,864"):
        small.landed(files=book())


# --- Parquet -----------------------------------------------------------------------------------------------------

PARQUET = {"orders": {"path": "orders.parquet", "format": "parquet"}}


def test_nested_parquet_becomes_flat_text(small):
    table = pa.table({
        "id": pa.array([1, 2], pa.int32()), "who": [{"name": "Ann", "at": {"zip": "010"}}, None],
        "paid": pa.array([Decimal("2.10"), None], pa.decimal128(9, 2)), "ok": [True, None], "tags": [["x"], []],
        "kind": pa.array(["sale", "sale"]).dictionary_encode(), "day": [date(2024, 1, 2), None],
        "at": [datetime(2024, 1, 2, 3, 4, 5), datetime(2024, 1, 2)], "rate": [0.1, 3.0],
        "zoned": pa.array([datetime(2024, 7, 1, 12, tzinfo=UTC), None], pa.timestamp("us", "Europe/Paris"))})
    pq.write_table(table, small.folder / "orders.parquet")
    assert own(small.landed(files=PARQUET)) == [
        {"id": "1", "who.name": "Ann", "who.at.zip": "010", "paid": "2.10", "ok": "true", "tags": '["x"]',
         "kind": "sale", "day": "2024-01-02", "at": "2024-01-02 03:04:05", "rate": "0.1",
         "zoned": "2024-07-01 12:00:00Z"},
        {"id": "2", "who.name": None, "who.at.zip": None, "paid": None, "ok": None, "tags": "[]",
         "kind": "sale", "day": None, "at": "2024-01-02", "rate": "3", "zoned": None}]


def test_what_is_no_parquet_is_one_sentence(small):
    small.file("orders.parquet", "id\n1\n")
    with pytest.raises(InputError, match=r"orders.parquet: it cannot be opened as Parquet"):
        small.landed(files=PARQUET)


def test_bytes_that_are_no_text_are_one_sentence(small):
    pq.write_table(pa.table({"id": pa.array([b"\xff\xfe"], pa.binary())}), small.folder / "orders.parquet")
    with pytest.raises(InputError, match=r"orders.parquet.id: values of type binary cannot be written as text"):
        small.landed(files=PARQUET)


def test_personal_fields_are_masked_in_every_format(small, monkeypatch):
    monkeypatch.setenv("LOYALTY_HASH_KEY", "a secret")
    small.file("a.jsonl", '{"id": 1, "mail": "a@x.org"}\nbroken a@x.org\n')
    landed = small.landed(files={"orders": LINES["orders"] | {"mask": {"hash": ["mail"]}}})
    assert b"x.org" not in b"".join(p.read_bytes() for p in landed.room.path.iterdir() if p.is_file())
    assert broken(landed)[0]["text"] == readers.pseudonymise.WITHHELD
