"""Files and profiles as they should not be: each is refused in one sentence, or its records are set aside and named."""

import gzip
import io
import zipfile

import pytest
import xlsxwriter

from helpers.foundation.errors import InputError
from tests.intake.conftest import ORDERS

HEADER = "id,customer,day,amount\n"
GOOD = (HEADER + "1,a,2025-01-01,5\n").encode()


def workbook(rows):
    content = io.BytesIO()
    with xlsxwriter.Workbook(content) as book:
        sheet = book.add_worksheet("Orders")
        for i, row in enumerate(rows):
            sheet.write_row(i, 0, row)
    return content.getvalue()


def archive():
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        packed.writestr("readme.txt", "x")
    return content.getvalue()


BOOK = workbook([["id", "customer", "day", "amount"], ["1", "a", "2025-01-01", "5"]])


def of(form, **more):
    return {"files": {"orders": {"path": "orders.csv", "format": form} | more}}


def rule(**more):
    return {"tables": {"transactions": ORDERS | more}}


def column(**more):
    return rule(columns=ORDERS["columns"] | more)


FILES = {
    "a web page called csv": (b"<!DOCTYPE html><html><body>id</body></html>\n", {}, "there is no column 'id'"),
    "a PDF called csv": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", {}, "byte 0xe2 in line 2 is not text"),
    "an archive called csv": (archive(), {}, "is not text in utf-8"),
    "a workbook called csv": (BOOK, {}, "is not text in utf-8"),
    "a packed file called csv": (gzip.compress(GOOD), {}, "is not text in utf-8"),
    "a byte order mark alone": (b"\xef\xbb\xbf", {}, "there is no column 'id'"),
    "line breaks alone": (b"\n\n\n", {}, "there is no column 'id'"),
    "NUL characters alone": (b"\0" * 1000, {}, "cannot be told into records"),
    "wide text without its mark": (GOOD.decode().encode("utf-16-le"), {}, "there is no column 'id'"),
    "a quote alone": (b'"\n', {}, "cannot be told into records"),
    "semicolons for commas": (GOOD.replace(b",", b";"), {}, "there is no column 'id'"),
    "a Parquet file cut short": (b"PAR1" + b"x" * 100, of("parquet"), "cannot be opened as Parquet"),
    "an empty Parquet file": (b"", of("parquet"), "cannot be opened as Parquet"),
    "a workbook of old": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), of("excel"), "opened as a workbook"),
    "a workbook cut short": (BOOK[:800], of("excel"), "cannot be opened as a workbook"),
    "an archive called workbook": (archive(), of("excel"), "cannot be opened as a workbook"),
    "a workbook with an empty sheet": (workbook([]), of("excel"), "there is no column 'id'"),
}

RECORDS = {
    "a day that no calendar has": (HEADER + "1,a,0000-00-00,5\n", {}, "ordered_at is not readable as a time"),
    "a year before the first": (HEADER + "1,a,-2025-01-01,5\n", {}, "ordered_at is not readable as a time"),
    "a leap day of another year": (HEADER + "1,a,2023-02-29,5\n", {}, "ordered_at is not readable as a time"),
    "an amount beyond all numbers": (HEADER + "1,a,2025-01-01,1e400\n", {}, "amount is not readable as money"),
    "an infinite amount": (HEADER + "1,a,2025-01-01,Infinity\n", {}, "amount is not readable as money"),
    "no number in JSON": ('{"id":1,"customer":"a","day":"2025-01-01","amount":NaN}\n', of("jsonl"),
                          "amount is not readable as money"),
    "half of a character in JSON": ('{"id":"\\ud800","customer":"a","day":"2025-01-01","amount":5}\n'
                                    '{"id":"2","customer":"a","day":"2025-02-01","amount":5}\n', of("jsonl"),
                                    "half of a character"),
    "half of a character as a name in JSON": ('{"\\uDFFF":"1"}\n{"id":"2","customer":"a","day":"2025-01-01",'
                                              '"amount":5}\n', of("jsonl"), "half of a character"),
}

PROFILES = {
    "a path of the system": (of("csv", path="/etc/passwd"), "leads out of the source's folder"),
    "a path that goes up": (of("csv", path="../orders.csv"), "leads out of the source's folder"),
    "a name that no file can have": (of("csv", path="x" * 5000), "has a name of 5,000 characters, more than 255"),
    "a NUL in a path": (of("csv", path="or\0ders.csv"), "holds the character U+0000"),
    "half of a character in a path": (of("csv", path="\ud800.csv"), "holds the character U+D800"),
    "a NUL in a condition": (rule(where="id = '\0'"), "holds the character U+0000"),
    "a NUL in the form of a date": (column(ordered_at={"from": "day", "formats": ["%Y\0%m"]}), "character U+0000"),
    "a NUL in the name of a column": (column(**{"x\0y": {"from": "id", "type": "text"}}), "the character U+0000"),
    "half of a character in a text": (column(customer_id="'\ud800'"), "holds the character U+D800"),
    "a day that is none": ({"as_of": "2025-02-30"}, "as_of = '2025-02-30'"),
    "a title of two lines": ({"title": "a\nb"}, "title = "),
    "a currency in words": ({"currency": "pounds"}, "currency = 'pounds'"),
    "a rate of the own currency": ({"currency": "EUR", "rates": {"EUR": 2}}, "of other currencies than the one of"),
    "a rate below zero": ({"currency": "EUR", "rates": {"USD": -1}}, "rates are above 0"),
    "tables as a list": ({"tables": []}, "tables = []"),
    "a line break for a delimiter": (of("csv", delimiter="\n"), "neither may be a line break"),
    "a quote for a delimiter": (of("csv", delimiter='"'), "they have to differ"),
    "two quotes": (of("csv", quote="''"), "quote = "),
    "bytes for an encoding": (of("csv", encoding="base64"), "unknown encoding 'base64'"),
    "an encoding of nothing": (of("csv", encoding="undefined"), "unknown encoding 'undefined'"),
    "a column of no width": (of("fixed", columns=["id"], widths=[0]), "widths.0 = 0"),
    "a header of no row": (of("csv", header_rows=0), "header_rows = 0"),
    "lines skipped backwards": (of("csv", skip=-1), "skip = -1"),
    "a number that means nothing": (of("csv", missing=[0]), "missing.0 = 0"),
    "a column named as the workbook's own": (column(_file={"from": "id", "type": "text"}), "is the workbook's own"),
    "a total that is no number": ({"control": [{"name": "n", "file": "orders", "expected": float("nan")}]},
                                  "control.0.expected"),
    "what happens to repetitions in other words": (rule(duplicates="drop"), "'keep' or 'reject'"),
}

EXPRESSIONS = {
    "a list that is a query": ("id in (select 1)", "is not part of profile expressions"),
    "whether a query finds something": ("exists (select 1)", "is not part of profile expressions"),
    "a value that is a query": ("id = (select max(id) from orders)", "is not part of profile expressions"),
    "a second statement": ("id = '1'; drop table orders", "is not one expression"),
    "a window": ("row_number() over () = 1", "is not part of profile expressions"),
    "a draw": ("random() < 0.5", "is not part of profile expressions"),
    "the day of the run": ("day < current_date", "is not part of profile expressions"),
    "a file of the system": ("read_text('/etc/passwd') = ''", "is not part of profile expressions"),
    "a setting of the machine": ("getenv('HOME') = ''", "is not part of profile expressions"),
    "a place to be filled": ("id = ?", "is not part of profile expressions"),
    "a star": ("* = 1", "is not part of profile expressions"),
    "a power": ("2 ** 1000 > id", "is not part of profile expressions"),
    "a remainder": ("amount % 0 = 1", "is not part of profile expressions"),
    "a function of functions": ("list_transform([1], x -> x)[1] = 1", "is not part of profile expressions"),
    "a type that is none": ("cast(id as elephant) = 1", "does not fit together"),
    "half of a range": ("id between 1", "is not readable as SQL"),
    "a case without its end": ("case when id = '1' then true", "Expected END after CASE"),
    "a function without its text": ("lower() = ''", "is not readable as SQL"),
    "a function of too much": ("lower(id, id, id) = ''", "is not readable as SQL"),
    "nothing but blanks": ("   ", "is not one expression"),
    "a text a billion long": ("lpad(id, 2000000000, 'x') = ''", "a number up to 1,000"),
    "a pattern that looks back": ("regexp_matches(id, '(?<=a)b')", "without look-around"),
}


def refusal(small, content, parts):
    small.file("orders.csv", content)
    with pytest.raises(InputError) as error:
        small.delivery(**parts)
    return str(error.value)


@pytest.mark.parametrize(("content", "parts", "said"), FILES.values(), ids=FILES)
def test_a_file_that_is_not_what_it_is_called_is_refused_in_one_sentence(small, content, parts, said):
    assert said in refusal(small, content, parts)


@pytest.mark.parametrize(("content", "parts", "said"), RECORDS.values(), ids=RECORDS)
def test_a_record_that_cannot_be_read_is_set_aside_with_its_reason(small, content, parts, said):
    small.file("orders.csv", content)
    assert said in small.rejected(small.delivery(**parts))[0][2]


@pytest.mark.parametrize(("parts", "said"), PROFILES.values(), ids=PROFILES)
def test_a_profile_that_declares_what_cannot_be_is_refused_with_the_place(small, parts, said):
    with pytest.raises(InputError) as error:
        small.profile(**parts)
    assert said in str(error.value)


@pytest.mark.parametrize(("where", "said"), EXPRESSIONS.values(), ids=EXPRESSIONS)
def test_a_condition_outside_the_subset_is_refused(small, where, said):
    assert said in refusal(small, GOOD, rule(where=where))
