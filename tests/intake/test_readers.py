import hashlib

import pyarrow.parquet as pq
import pytest

from helpers.foundation.errors import InputError
from helpers.intake import readers

FIXED = {"path": "orders.txt", "format": "fixed", "header": False, "columns": ["id", "day", "amount"],
         "widths": [4, 9, 7]}


def rows(landed, name="orders"):
    return pq.read_table(landed.tables[name]).to_pylist()


def broken(landed):
    return pq.read_table(landed.broken).to_pylist()


def test_every_column_is_text_with_file_record_and_line(small):
    small.file("orders.csv", "id,amount\n1,2.50\n007,x\n")
    assert rows(small.landed()) == [
        {"id": "1", "amount": "2.50", "file": "orders.csv", "record": 1, "line": 2},
        {"id": "007", "amount": "x", "file": "orders.csv", "record": 2, "line": 3}]


def test_a_file_is_known_by_size_checksum_and_records(small):
    content = b"id,amount\n1,2\nbroken\n3,4\n"
    small.file("orders.csv", content)
    fact, = small.landed().files
    assert (fact.n_bytes, fact.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert (fact.n_records, fact.n_broken) == (3, 1)


def test_byte_order_mark_carriage_returns_and_a_missing_last_newline_do_no_harm(small):
    small.file("orders.csv", b"\xef\xbb\xbfid,amount\r\n1,2\r\n3,4")
    assert [(r["id"], r["amount"], r["line"]) for r in rows(small.landed())] == [("1", "2", 2), ("3", "4", 3)]


def test_a_field_may_hold_quotes_delimiters_and_several_lines(small):
    small.file("orders.csv", 'id,text\n1,"a, ""b""\nand c"\n2,d\n')
    found = rows(small.landed())
    assert [(r["text"], r["line"]) for r in found] == [('a, "b"\nand c', 2), ("d", 4)]


def test_a_header_may_have_several_lines_in_quotes(small):
    small.file("orders.csv", 'id,"how\nmuch"\n1,2\n')
    assert rows(small.landed())[0]["how\nmuch"] == "2"


def test_other_delimiters_quotes_and_encodings_are_read(small):
    small.file("orders.csv", "id;text\n1;'Köln; €'\n".encode("cp1252"))
    landed = small.landed(files={"orders": {"path": "orders.csv", "delimiter": ";", "quote": "'",
                                            "encoding": "cp1252"}})
    assert rows(landed)[0]["text"] == "Köln; €"


@pytest.mark.parametrize("encoding", ["utf-16", "cp949"])
def test_encodings_of_several_bytes_are_read(small, encoding):
    small.file("orders.csv", "id,text\n1,만족\n".encode(encoding))
    landed = small.landed(files={"orders": {"path": "orders.csv", "encoding": encoding}})
    assert rows(landed)[0]["text"] == "만족"


def test_without_quotes_a_quote_is_plain_text(small):
    small.file("orders.csv", 'id,text\n1,5" nail\n2,x\n')
    landed = small.landed(files={"orders": {"path": "orders.csv", "quote": ""}})
    assert [r["text"] for r in rows(landed)] == ['5" nail', "x"]


def test_a_wrong_encoding_is_one_sentence_with_the_line(small):
    small.file("orders.csv", b"id,text\n1,plain\n2,K\xf6ln\n")
    with pytest.raises(InputError, match=r"orders.csv: byte 0xf6 in line 3 is not text in utf-8"):
        small.landed()


def test_a_wrong_encoding_of_the_header_is_one_sentence_too(small):
    small.file("orders.csv", b"id,Gr\xf6\xdfe\n1,2\n")
    with pytest.raises(InputError, match=r"orders.csv: byte 0xf6 in line 1 is not text in utf-8"):
        small.landed()


def test_a_thousand_broken_lines_are_kept_and_lose_nothing(small):
    good = [f"{i},{i}.50" for i in range(1, 5001)]
    lines = ["id,amount"]
    for i, line in enumerate(good):
        lines += [line, f"broken {i}" if i % 2 else f"{i},too,many"] if i % 5 == 0 else [line]
    small.file("orders.csv", "\n".join(lines) + "\n")
    landed = small.landed()
    aside, kept = broken(landed), rows(landed)
    assert (len(aside), len(kept), landed.files[0].n_records) == (1000, 5000, 6000)
    assert [r["id"] for r in kept] == [str(i) for i in range(1, 5001)]
    assert sorted(r["record"] for r in [*aside, *kept]) == list(range(1, 6001))
    assert all(lines[r["line"] - 1] == r["text"] for r in aside)
    assert all(lines[r["line"] - 1].startswith(r["id"] + ",") for r in kept)
    assert {r["reasons"] for r in aside} == {"1 field instead of 2", "3 fields instead of 2"}


def test_records_and_lines_stay_right_behind_broken_blank_and_long_records(small):
    small.file("orders.csv", 'id,text\n1,a\nbroken\n\n2,"b\nb"\n"c\nc",3,4\n5,e\n\nlast\n')
    landed = small.landed()
    assert [(r["id"], r["record"], r["line"]) for r in rows(landed)] == [("1", 1, 2), ("2", 3, 5), ("5", 5, 9)]
    assert [(r["text"], r["record"], r["line"]) for r in broken(landed)] == [
        ("broken", 2, 3), ('"c\nc",3,4', 4, 7), ("last", 6, 11)]
    assert landed.files[0].n_records == 6


def test_batches_are_numbered_through(small, monkeypatch):
    monkeypatch.setattr("helpers.intake.csv_stream.BLOCK", 64)
    lines = [f"{i},x" if i % 7 else f"{i}" for i in range(1, 200)]
    small.file("orders.csv", "\n".join(["id,text", *lines]) + "\n")
    landed = small.landed()
    numbered = {r["record"]: r["id"] for r in rows(landed)} | {r["record"]: r["text"] for r in broken(landed)}
    assert numbered == {i: str(i) for i in range(1, 200)}


def test_a_quote_that_is_never_closed_is_one_sentence(small, monkeypatch):
    for content in ('id,text\n1,a\n2,"b\n3,c\n', 'id,text\n1,a\n"2,b\n3,c\n4,d\n'):
        small.file("orders.csv", content)
        with pytest.raises(InputError, match="a quote opened in the record of line 3 is never closed"):
            small.landed()
    monkeypatch.setattr("helpers.intake.csv_stream.BLOCK", 64)
    small.file("orders.csv", 'id,text\n1,a\n2,"b\n' + "3,c\n" * 100)
    with pytest.raises(InputError, match="cannot be told into records"):
        small.landed()


def test_a_header_only_file_and_an_empty_one_have_no_records(small):
    small.file("a.csv", "id,text\n")
    small.file("b.csv", "")
    small.file("c.csv", "id,text\n1,x\n")
    landed = small.landed(files={"orders": {"path": "?.csv"}})
    assert [f.n_records for f in landed.files] == [0, 0, 1]


def test_files_of_one_form_may_order_their_columns_differently(small):
    small.file("a.csv", "id,text\n1,x\n")
    small.file("b.csv", "text,id\ny,2\n")
    found = rows(small.landed(files={"orders": {"path": "?.csv"}}))
    assert [(r["id"], r["text"], r["file"]) for r in found] == [("1", "x", "a.csv"), ("2", "y", "b.csv")]


def test_files_of_one_form_must_have_the_same_columns(small):
    small.file("a.csv", "id,text\n1,x\n")
    small.file("b.csv", "id,txt\n2,y\n")
    with pytest.raises(InputError, match=r"b.csv: its columns differ from the first file's by text, txt"):
        small.landed(files={"orders": {"path": "?.csv"}})


def test_a_name_that_two_columns_bear_is_refused(small):
    small.file("orders.csv", "id,amount,day,amount , day\n1,2,3,4,5\n")
    with pytest.raises(InputError, match=(
            r"orders.csv: the name 'amount' is given to 2 columns \(2, 4\); the name 'day' is given to 2 columns "
            r"\(3, 5\); allowed: a name of its own for each column; of a CSV file or a sheet, columns = ")):
        small.landed()


def test_a_repeated_name_in_a_later_file_is_refused_there(small):
    small.file("a.csv", "id,text\n1,x\n")
    small.file("b.csv", "id,id\n2,y\n")
    with pytest.raises(InputError, match=r"b.csv: the name 'id' is given to 2 columns \(1, 2\)"):
        small.landed(files={"orders": {"path": "?.csv"}})


def test_declared_names_serve_a_file_whose_header_repeats_one(small):
    small.file("orders.csv", "id,amount,amount\n1,2,3\n")
    landed = small.landed(files={"orders": {"path": "orders.csv", "columns": ["id", "net", "gross"]}})
    assert rows(landed)[0]["gross"] == "3"


@pytest.mark.parametrize("form", [{}, {"format": "fixed", "widths": [2, 2, 2]}])
def test_declared_names_are_given_once(small, form):
    with pytest.raises(InputError, match="'columns' names 'a' 2 times"):
        small.landed(files={"orders": {"path": "orders.csv", "columns": ["a", "b", "a"], **form}})


def test_reserved_and_empty_headers_and_those_that_differ_by_case_get_names_of_their_own(small):
    small.file("orders.csv", "Line,a,A,\n1,2,3,4\n")
    assert small.landed().columns["orders"] == ["Line_", "a", "A_2", "column_4"]


def test_declared_columns_replace_a_header(small):
    small.file("orders.csv", "How satisfied are you?,x\n1,2\n")
    landed = small.landed(files={"orders": {"path": "orders.csv", "columns": ["q1", "q2"]}})
    assert rows(landed)[0]["q1"] == "1"


def test_fixed_width_is_cut_trimmed_and_checked(small):
    small.file("orders.txt", b"  1 20200102   9.50\r\nshort\r\n\r\n  2 20200103  10.25\r\n  3 20200103  10.25 more\r\n")
    landed = small.landed(files={"orders": FIXED})
    assert [(r["id"], r["day"], r["amount"], r["record"], r["line"]) for r in rows(landed)] == [
        ("1", "20200102", "9.50", 1, 1), ("2", "20200103", "10.25", 3, 4)]
    assert [(r["text"].strip(), r["record"]) for r in broken(landed)] == [("short", 2), ("3 20200103  10.25 more", 4)]
    assert landed.files[0].n_records == 4


def test_missing_codes_of_a_file_are_empty(small):
    small.file("orders.csv", "id,text\n1,NA\n2, \n3,\n")
    landed = small.landed(files={"orders": {"path": "orders.csv", "missing": ["", " ", "NA"]}})
    assert [r["text"] for r in rows(landed)] == [None, None, None]


def test_an_absent_file_says_what_the_folder_holds(small):
    small.file("order.csv", "id\n1\n")
    with pytest.raises(InputError, match=r"there is no file 'orders.csv' .* what the folder holds \(order.csv\)"):
        small.landed()


def test_all_files_that_cannot_be_landed_are_named_at_once(small):
    with pytest.raises(InputError) as error:
        small.landed(files={"orders": {"path": "orders.csv"}, "more": {"path": "more.csv"}})
    assert "orders.csv" in str(error.value)
    assert "more.csv" in str(error.value)


MASKED = {"path": "orders.csv", "mask": {"drop": ["phone"], "hash": ["mail"], "person_key": ["name", "born"]}}
PEOPLE = "id,name,born,mail,phone\n1,Ann Lee,1990,a@x.org,555\n2, ann lee,1990,b@x.org,556\nonly,Ann Lee\n3,,,,\n"


def test_personal_columns_are_dropped_or_hashed_and_never_stored(small, monkeypatch):
    monkeypatch.setenv("LOYALTY_HASH_KEY", "a secret")
    small.file("orders.csv", PEOPLE)
    landed = small.landed(files={"orders": MASKED})
    found = rows(landed)
    assert landed.columns["orders"] == ["id", "mail", "person_key"]
    assert found[0]["person_key"] == found[1]["person_key"] != found[2]["person_key"]
    assert found[0]["mail"] != found[1]["mail"]
    assert found[2]["mail"] is None
    stored = b"".join(p.read_bytes() for p in landed.room.path.iterdir())
    assert not any(word in stored for word in (b"Ann", b"ann", b"x.org", b"555"))
    assert broken(landed)[0]["text"] == "withheld: the file has personal columns"


def test_another_key_gives_other_hashes(small, monkeypatch):
    small.file("orders.csv", PEOPLE)
    keys = []
    for secret in ("one", "two"):
        monkeypatch.setenv("LOYALTY_HASH_KEY", secret)
        keys.append(rows(small.landed(files={"orders": MASKED}))[0]["person_key"])
    assert keys[0] != keys[1]


def test_a_masked_column_that_does_not_exist_is_named(small):
    small.file("orders.csv", "id,mail\n1,a\n")
    with pytest.raises(InputError, match="there is no column 'email'; allowed: did you mean 'mail'"):
        small.landed(files={"orders": {"path": "orders.csv", "mask": {"drop": ["email"]}}})


def test_landed_files_go_with_the_object(small):
    small.file("orders.csv", "id\n1\n")
    landed = small.landed()
    place = landed.room.path
    del landed
    assert not place.exists()


def test_a_source_of_its_own_lands_from_its_usual_folder(home):
    folder = home / "data" / "raw" / "small"
    folder.mkdir(parents=True)
    (folder / "offers.csv").write_text("id,cost\n1,2\n")
    from helpers.intake import profiles
    told = profiles.parse_profile(
        {
            "name": "small",
            "title": "Small",
            "files": {"offers": {"path": "offers.csv"}},
            "tables": {"offers": {"from": "offers", "columns": {"offer_id": "id", "cost": "cost"}}},
        }
    )
    assert readers.landed_files(told).files[0].n_records == 1


def test_utf_16_without_quotes_is_not_mistaken_for_text_with_quotes(small):
    small.file("orders.csv", "\ufeffid,text\n1,a∢b\n2,c\n".encode("utf-16-le"))
    landed = small.landed(files={"orders": {"path": "orders.csv", "encoding": "utf-16-le"}})
    assert [(r["id"], r["text"]) for r in rows(landed)] == [("1", "a∢b"), ("2", "c")]


def test_text_that_ends_within_a_letter_is_one_sentence(small):
    small.file("orders.csv", "id,text\n1,만족".encode("cp949")[:-1])
    with pytest.raises(InputError, match=r"orders.csv: byte 0x\w\w in line 2 is not text in cp949"):
        small.landed(files={"orders": {"path": "orders.csv", "encoding": "cp949"}})


def test_comments_of_several_lines_keep_their_breaks_in_any_encoding(small):
    small.file("orders.csv", 'id;text\r\n1;"très\r\nbien; ""oui"""\r\n2;non\r\n'.encode("utf-16"))
    landed = small.landed(files={"orders": {"path": "orders.csv", "encoding": "utf-16", "delimiter": ";"}})
    assert [(r["text"], r["line"]) for r in rows(landed)] == [('très\r\nbien; "oui"', 2), ("non", 4)]
