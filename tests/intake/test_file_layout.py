"""Files that are laid out for eyes: titles, several header rows, footers, fields on a first line only, NULs."""

import pytest

from helpers.foundation.errors import InputError
from helpers.intake import file_layout
from tests.intake.test_formats import broken, own, rows, workbook


def landed(small, content, name="orders.csv", **rule):
    small.file(name, content)
    return small.landed(files={"orders": {"path": name, **rule}})


def test_titles_and_the_sign_line_of_excel_above_a_header_are_skipped_and_lines_stay_right(small):
    found = landed(small, 'sep=;\nReport "2024\n\nid;paid\n1;5\nx\n2;6\n', delimiter=";", skip=3)
    assert [(r["id"], r["paid"], r["record"], r["line"]) for r in rows(found)] == [("1", "5", 1, 5), ("2", "6", 3, 7)]
    assert [(r["record"], r["line"], r["text"]) for r in broken(found)] == [(2, 6, "x")]


def test_two_header_rows_are_joined_and_merged_cells_count_for_those_behind_them(small):
    found = landed(small, "Id,Rate us,,,Comment\n,Price,Staff,,Text\n1,5,4,3,ok\n", header_rows=2)
    assert own(found) == [{"Id": "1", "Rate us - Price": "5", "Rate us - Staff": "4", "column_4": "3",
                           "Comment - Text": "ok"}]
    assert rows(found)[0]["record"] == 1


def test_a_first_header_row_of_different_names_stands_alone(small):
    content = 'Q1,Q2\n"How was\nit?",Why?\n"{""ImportId"":""QID1""}","{""ImportId"":""QID2""}"\n5,good\n'
    assert own(landed(small, content, header_rows=3)) == [{"Q1": "5", "Q2": "good"}]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_lines_below_the_last_record_are_no_records(small, encoding):
    content = "id,paid\r\n1,5\r\n2,6\r\n\r\nTotal,11\r\nPrinted for Müller\r\n\r\n".encode(encoding)
    found = landed(small, content, footer=2, encoding=encoding)
    assert own(found) == [{"id": "1", "paid": "5"}, {"id": "2", "paid": "6"}]
    assert (found.files[0].n_records, found.files[0].n_broken) == (2, 0)


def test_sheets_have_header_rows_and_footers_too(small):
    book = workbook(Orders=[["Id", "2024", None], [None, "Jan", "Feb"], [1, 2, 3], [4, 5, 6], ["Total", 7, 9]])
    found = landed(small, book, "orders.xlsx", format="excel", header_rows=2, footer=1)
    assert own(found) == [{"Id": "1", "2024 - Jan": "2", "2024 - Feb": "3"}, {"Id": "4", "2024 - Jan": "5",
                                                                             "2024 - Feb": "6"}]


def test_fields_of_an_orders_first_line_stand_on_its_other_lines_and_on_no_other_order(small, monkeypatch):
    monkeypatch.setattr("helpers.intake.csv_stream.BLOCK", 40)  # an order may begin in an earlier batch
    content = "name,state,code,item\n#1,paid,,a\n#1,,,b\n#1,,,c\n#2,,X,d\n#2,,,e\n#3,void,Y,f\n"
    found = landed(small, content, fill_down={"columns": ["state", "code"], "within": "name"})
    assert [(r["name"], r["state"], r["code"]) for r in rows(found)] == [
        ("#1", "paid", None), ("#1", "paid", None), ("#1", "paid", None), ("#2", None, "X"), ("#2", None, "X"),
        ("#3", "void", "Y")]


def test_merged_cells_hold_for_the_rows_below_them(small):
    content = "customer,item\nAnn,a\n,b\nBob,c\n,d\n"
    found = landed(small, content, fill_down={"columns": ["customer"]})
    assert [r["customer"] for r in rows(found)] == ["Ann", "Ann", "Bob", "Bob"]
    with pytest.raises(InputError, match=r"files.orders.fill_down: there is no column 'custommer'.*customer"):
        landed(small, content, fill_down={"columns": ["custommer"]})


def test_a_record_with_a_nul_character_is_set_aside_and_named(small):
    found = landed(small, "id,who\n1,K03\n2,K\x0003\n3,K04\n")
    assert [(r["id"], r["who"]) for r in rows(found)] == [("1", "K03"), ("3", "K04")]
    assert [(r["record"], r["line"], r["reasons"], r["text"]) for r in broken(found)] == [
        (2, 3, "a field holds a NUL character", "2 | K\\003")]


def test_skipped_lines_are_for_text_and_sheets_only(small):
    with pytest.raises(InputError, match="'skip', 'footer' and 'header_rows' are for"):
        small.profile(files={"orders": {"path": "a.jsonl", "format": "jsonl", "skip": 1}})


def test_the_end_of_records_is_found_behind_long_files(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("1,2\n" * 50_000 + "\n\nTotal\n\n")
    assert file_layout.records_end(path, 1, "utf-8") == 4 * 50_000 + 2
