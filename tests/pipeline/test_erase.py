import email
import gzip
import io
import json
import os
import stat
import zipfile
from email import policy
from email.message import EmailMessage

import nbformat
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from nbformat import v4

from helpers import __main__
from helpers.erasure import erasure_requests, file_redaction, redaction
from helpers.erasure.redaction import Person
from helpers.foundation import atomic_files, folders, hash_key, spreadsheets
from helpers.foundation.errors import InputError
from helpers.pipeline import erase, report_files, runner, runs
from helpers.pipeline.runner import Request
from tests.pipeline import tiny
from tests.pipeline.test_runner import door, until

ANN, BOB = "ann-00017", "bob-00018"
HTML = ('<table><tr><th scope="col">Customer ID</th><th scope="col">n</th></tr>'
        '<tr><th scope="row">{0}</th><td>17</td></tr><tr><th scope="row">{1}</th><td>3</td></tr></table>'
        '<p>The best customer is {0}.</p><svg><text>{0}</text></svg>')
TEXT = "Customers\nCustomer ID | n\n{0} | 17\n{1} | 3\n{0} is the best."
TABLES = {
    "canonical/customers": {"customer_id": [ANN, BOB], "referred_by": [None, ANN], "person_key": ["k", "k"]},
    "canonical/transactions": {"order_id": ["1", "2", "3"], "customer_id": [ANN, BOB, ANN],
                               "product_id": ["a", ANN, "c"]},
    "canonical/respondents": {"response_id": ["r1", "r2"], "customer_id": [ANN, BOB]},
    "canonical/responses": {"response_id": ["r1", "r2", "r2"], "item": ["i", "i", "j"]},
    "canonical/ties": {"from_customer": [BOB, "c"], "to_customer": [ANN, "d"]},
    "results/assignments_drawn": {"experiment": ["e", "e"], "unit_id": [ANN, BOB]},
    "results/headlines": {"sentence": [f"Look after {ANN} first.", "All is well."]},
    "results/kpis": {"quantity": ["x"], "segment": ["17"]},
    "rejected/records": {"record": [1, 2], "reasons": ["r", "r"], "text": [f"who={ANN} | n=x", f"who={BOB} | n=y"]},
}


def notebook():
    told = v4.new_output("execute_result", {"text/html": HTML.format(ANN, BOB), "text/plain": TEXT.format(ANN, BOB)})
    said = v4.new_output("stream", text=f"{ANN}: 3 rows\nall: 9 rows\n")
    return v4.new_notebook(cells=[v4.new_code_cell("1", outputs=[told, said])],
                           metadata={"papermill": {"parameters": {"source": "tiny"}}})


def made(day="2020-02-01", state="finished", tables=TABLES):
    """Return a run of the tiny source that holds two people, with its published pages."""
    run = runs.create_run("tiny", day, {"as_of": day, "reason": "", "steps": {"01": {"state": "finished", "rows": {
        name: len(next(iter(columns.values()))) for name, columns in tables.items()}}}})
    for name, columns in tables.items():
        path = run.folder / f"{name}.parquet"
        path.parent.mkdir(exist_ok=True)
        pq.write_table(pa.table(columns), path)
    for folder in (run.folder, folders.reports_folder() / "tiny" / run.name, folders.reports_folder() / "latest"):
        (folder / "notebooks").mkdir(parents=True, exist_ok=True)
        (folder / "pages").mkdir(exist_ok=True)
        nbformat.write(notebook(), folder / "notebooks" / "01_in.ipynb")
        (folder / "pages" / "index.html").write_text(HTML.format(ANN, BOB))
    run.closed(state)
    return run


def holding(home, text):
    """Return the files under a home that hold a text, tables and the texts in them too."""
    def told(path):
        if path.suffix != ".parquet":
            return path.read_bytes().decode("utf-8", "replace")
        return json.dumps(pq.read_table(path).to_pylist(), default=str)
    return sorted(p.relative_to(home).as_posix() for p in home.rglob("*") if p.is_file() and text in told(p))


@pytest.fixture
def company(home, monkeypatch):
    monkeypatch.setenv(hash_key.HASH_KEY, "a secret")
    tiny.declare(home)
    return home


def table(run, name):
    return pq.read_table(run.folder / f"{name}.parquet").to_pydict()


def test_a_person_is_in_no_file_afterwards_and_others_are_untouched(company):
    run = made()
    scratch = folders.runs_folder("tiny") / folders.SCRATCH
    (scratch / "results").mkdir(parents=True)
    (scratch / "manifest.json").write_text("{}")
    pq.write_table(pa.table({"customer_id": [ANN, BOB]}), scratch / "results" / "actions.parquet")
    assert len(holding(company, ANN)) == 14
    done, = erase.erase_customer(ANN, "tiny")
    # a product that is called like the customer is no person
    assert holding(company, ANN) == ["data/runs/tiny/2020-02-01-1/canonical/transactions.parquet"]
    assert done.runs == {"2020-02-01-1": 7, "scratch": 1}
    assert table(run, "canonical/customers") == {"customer_id": [BOB], "referred_by": [None], "person_key": ["k"]}
    assert table(run, "canonical/responses") == {"response_id": ["r2", "r2"], "item": ["i", "j"]}
    assert table(run, "canonical/ties")["from_customer"] == ["c"]
    assert table(run, "results/headlines")["sentence"] == ["Look after [erased] first.", "All is well."]
    assert table(run, "rejected/records")["text"] == [None, f"who={BOB} | n=y"]
    assert f"<th scope=\"row\">{BOB}</th><td>3</td>" in (run.folder / "pages" / "index.html").read_text()


def test_a_person_is_in_no_copy_for_work_by_hand_afterwards(company):
    made()
    book = tiny.workbook(company / "notebooks")
    (book.scratch / ".ipynb_checkpoints").mkdir(parents=True)
    shown = notebook()
    shown.cells[0].source = f"look_at({ANN!r})"
    for path in (book.scratch / "01_in.ipynb", book.scratch / ".ipynb_checkpoints" / "01_in-checkpoint.ipynb"):
        nbformat.write(shown, path)
    (book.scratch / "02_left.ipynb").write_text(f'{{"cells": [{ANN}')
    erase.erase_customer(ANN, "tiny", book)
    assert not [name for name in holding(company, ANN) if name.startswith("notebooks/")]
    assert BOB in (book.scratch / "01_in.ipynb").read_text()


def test_the_manifest_counts_anew_and_says_what_was_taken_out_by_hash_and_day(company):
    run = made()
    erase.erase_customer(ANN, "tiny")
    record = runs.open_run(run.folder).record
    entry, = record["erasures"]
    assert entry["people"] == [erasure_requests.person_hash("tiny", ANN, "a secret")]
    assert (entry["rows"], entry["changed"]["canonical/responses"]) == (7, 1)
    assert entry["on"][:2] == "20"
    assert record["steps"]["01"]["rows"]["canonical/transactions"] == 1
    assert record["steps"]["01"]["rows"]["results/kpis"] == 1
    assert record["state"] == "finished"
    files = [p for p in run.folder.rglob("*") if p.is_file()]
    assert all(stat.S_IMODE(p.stat().st_mode) == 0o400 for p in files)


def test_the_log_holds_the_day_the_runs_and_the_rows_and_nobody_can_read_the_id_from_it(company):
    made()
    made("2020-03-01")
    erase.erase_customer(ANN, "tiny")
    told = erasure_requests.erasures_record("tiny")
    entry, = told["erased"]
    assert entry["runs"] == {"2020-02-01-1": 7, "2020-03-01-1": 7}
    assert (entry["rows"], entry["reports"]) == (14, 3)
    assert entry["completed_at"] >= entry["asked_on"]
    text = erasure_requests.erasures_path("tiny").read_text()
    assert ANN not in text
    assert "a secret" not in text
    assert stat.S_IMODE(erasure_requests.erasures_path("tiny").stat().st_mode) == 0o600


def test_a_run_that_holds_nothing_of_the_person_is_not_written_to(company):
    run = made(tables={"canonical/customers": {"customer_id": [BOB]}})
    for page in (run.folder / "pages" / "index.html", run.folder / "notebooks" / "01_in.ipynb"):
        page.chmod(0o644)
        page.write_text(page.read_text().replace(ANN, BOB))
    before = {p: (p.stat().st_ino, p.stat().st_mtime_ns) for p in run.folder.rglob("*")}
    done, = erase.erase_customer(ANN, "tiny")
    assert done.runs == {}
    assert {p: (p.stat().st_ino, p.stat().st_mtime_ns) for p in run.folder.rglob("*")} == before
    assert "no run holds anything" in done.lines[0]
    assert erasure_requests.erased_people("tiny").among([ANN, BOB]) == [ANN]


@pytest.mark.parametrize("killed_at", ["first write", "exchange", "after the exchange", "reports", "log"])
def test_whatever_ends_the_work_every_run_is_old_or_new_and_a_repeat_completes_it(company, monkeypatch, killed_at):
    kept = [made(), made("2020-03-01")]
    counts = {"n": 0}

    def dying(real, at):
        def call(*arguments):
            counts["n"] += 1
            if counts["n"] == at:
                raise KeyboardInterrupt
            result = real(*arguments)
            if at < 0 and counts["n"] == -at:
                raise KeyboardInterrupt
            return result
        return call

    places = {"first write": (file_redaction, "file_without", 3), "exchange": (atomic_files, "exchange_folders", 2),
              "after the exchange": (atomic_files, "exchange_folders", -2), "reports": (erase, "_republished", 2),
              "log": (erase, "_closed", 1)}
    module, name, at = places[killed_at]
    with monkeypatch.context() as patched:
        patched.setattr(module, name, dying(getattr(module, name), at))
        with pytest.raises(KeyboardInterrupt):
            erase.erase_customer(ANN, "tiny")
    for run in kept:
        rows = len(table(run, "canonical/transactions")["order_id"])
        assert rows in (1, 3)
        assert runs.open_run(run.folder).record["steps"]["01"]["rows"]["canonical/transactions"] == rows
    assert erasure_requests.erased_people("tiny").among([ANN]) == [ANN]
    erase.erase_customer(ANN, "tiny")
    assert holding(company, ANN) == [f"data/runs/tiny/{r.name}/canonical/transactions.parquet" for r in kept]
    entry, = erasure_requests.erasures_record("tiny")["erased"]
    assert entry["runs"] == {"2020-02-01-1": 7, "2020-03-01-1": 7}
    assert not (folders.runs_folder("tiny") / runs.AT_WORK).exists()


def test_where_folders_cannot_change_places_at_once_the_old_one_comes_back(company, monkeypatch):
    run = made()
    monkeypatch.setattr(atomic_files, "_at_once", lambda one, other: False)
    real, calls = os.rename, []

    def rename(source, target, **options):
        calls.append(source)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(source, target, **options)

    with monkeypatch.context() as patched:
        patched.setattr("pathlib.os.rename", rename)
        with pytest.raises(KeyboardInterrupt):
            erase.erase_customer(ANN, "tiny")
    assert not run.folder.exists()
    atomic_files.recover_parked(folders.runs_folder("tiny"))
    assert len(table(run, "canonical/transactions")["order_id"]) == 3
    erase.erase_customer(ANN, "tiny")
    assert len(table(run, "canonical/transactions")["order_id"]) == 1
    assert not list((folders.runs_folder("tiny") / atomic_files.PARKED).glob("*"))


def test_only_the_named_source_is_touched_and_without_a_name_every_one_with_runs(company):
    made()
    other = folders.runs_folder("other") / "2020-01-01-1"
    (other / "canonical").mkdir(parents=True)
    (other / "manifest.json").write_text('{"state": "finished"}')
    pq.write_table(pa.table({"customer_id": [ANN]}), other / "canonical" / "customers.parquet")
    erase.erase_customer(ANN, "tiny")
    assert "data/runs/other/2020-01-01-1/canonical/customers.parquet" in holding(company, ANN)
    assert [done.source for done in erase.erase_customer(ANN)] == ["other", "tiny"]
    assert "data/runs/other/2020-01-01-1/canonical/customers.parquet" not in holding(company, ANN)


def test_a_short_id_is_taken_out_where_people_stand_and_numbers_stay(company):
    number = {"canonical/customers": {"customer_id": ["17", "18"]}, "results/kpis": {"segment": ["17"], "n": [17]}}
    run = made(tables=number)
    page = run.folder / "pages" / "index.html"
    page.chmod(0o644)
    page.write_text(HTML.format("17", "18") + "<p>17 of 20; customer 17.</p>")
    erase.erase_customer("17", "tiny")
    assert table(run, "canonical/customers") == {"customer_id": ["18"]}
    assert table(run, "results/kpis") == {"segment": ["17"], "n": [17]}
    text = page.read_text()
    assert '<th scope="row">17</th>' not in text
    assert "17 of 20; customer [erased]." in text


def test_an_id_that_the_profile_hashes_is_given_as_delivered(company):
    profile = company / "data" / "sources" / "tiny.toml"
    profile.write_text(profile.read_text() + '[files.a]\npath = "a.csv"\nmask = { hash = ["who"] }\n[tables.ties]\n'
                       'from = "a"\n[tables.ties.columns]\nfrom_customer = "who"\nto_customer = "who"\n')
    hashed = hash_key.keyed_hash("ann@example.org", "a secret")
    run = made(tables={"canonical/customers": {"customer_id": [hashed, BOB]}})
    erase.erase_customer("ann@example.org", "tiny")
    assert table(run, "canonical/customers") == {"customer_id": [BOB]}


def test_other_ids_of_the_same_person_are_pointed_out(company):
    made()
    done, = erase.erase_customer(ANN, "tiny")
    assert done.others == 1
    assert any("1 more customer may be the same person" in line for line in done.lines)


def test_the_door_says_what_was_done_and_refuses_in_one_sentence(company, capsys):
    made()
    assert __main__.main(["erase", ANN, "--source", "tiny"]) == 0
    out = capsys.readouterr().out
    assert "tiny: 7 rows taken out of run 2020-02-01-1\ntiny: 3 published reports written anew" not in out
    assert "tiny: 7 rows taken out of run 2020-02-01-1\ntiny: 2 published reports written anew" in out
    assert ANN not in out
    for arguments, sentence in ((["erase", ANN, "--source", "tinny"], "tinny: there is no such source profile"),
                                (["erase", " "], "erase: no customer is named")):
        assert __main__.main(arguments) == 2
        assert capsys.readouterr().err.startswith(sentence)
    with runs.source_lock("tiny"):
        assert __main__.main(["erase", ANN, "--source", "tiny"]) == 75
    assert "another run is at work" in capsys.readouterr().err


def test_without_any_run_a_source_has_to_be_named(company):
    with pytest.raises(InputError, match="erase: there is no run yet; allowed: --source NAME"):
        erase.erase_customer(ANN)
    erase.erase_customer(ANN, "tiny")
    assert erasure_requests.erased_people("tiny").among([ANN]) == [ANN]


def test_under_another_secret_nobody_is_erased_half(company, monkeypatch):
    made()
    erase.erase_customer(BOB, "tiny")
    monkeypatch.setenv(hash_key.HASH_KEY, "another secret")
    with pytest.raises(InputError, match=r"data/erasures/tiny.json: it was written under another secret"):
        erase.erase_customer(ANN, "tiny")
    assert len(holding(company, ANN)) > 1


def test_a_table_in_parts_is_one_table(company):
    run = made(tables={"canonical/customers": {"customer_id": [BOB]}})
    folder = run.folder / "canonical" / "transactions.parquet"
    folder.mkdir()
    for i, who in enumerate((ANN, BOB)):
        pq.write_table(pa.table({"customer_id": [who, who]}), folder / f"part-{i}.parquet")
    run.step_saved("01", rows={"canonical/transactions": 4})
    erase.erase_customer(ANN, "tiny")
    assert pq.read_table(folder).to_pydict() == {"customer_id": [BOB, BOB]}
    assert runs.open_run(run.folder).record["steps"]["01"]["rows"] == {"canonical/transactions": 2}


def test_files_that_people_fill_in_lose_the_rows_of_the_person_and_keep_the_rest(company):
    made()
    path = company / "data" / "audits" / "tiny" / "comments.csv"
    path.parent.mkdir(parents=True)
    path.write_text(f'response_id,comment,label\nr1,"mine, all",praise\nr2,"{ANN} was\nrude",blame\n')
    erase.erase_customer(ANN, "tiny")
    assert path.read_text() == 'response_id,comment,label\nr2,"[erased] was\nrude",blame\n'


def test_ids_with_marks_are_found_in_html_and_json_too():
    person = Person(("o'neill & söhne 7",))
    assert redaction.html_without("<p>o&#x27;neill &amp; söhne 7 left</p>", person) == "<p>[erased] left</p>"
    assert redaction.json_without('{"a": ["o\'neill & s\\u00f6hne 7"]}', person) == '{\n "a": [\n  "[erased]"\n ]\n}\n'


def test_tables_without_the_person_are_the_same_bytes_apart_from_the_rows(company):
    run = made()
    pq.write_table(pa.table({"customer_id": [BOB], "amount": pa.array([1], pa.decimal128(18, 4))}),
                   path := run.folder / "extra.parquet")
    assert redaction.table_without(path, run.folder / "new.parquet", Person((ANN,))) is None
    assert redaction.table_without(path, run.folder / "new.parquet", Person((BOB,))) == 1
    assert pq.read_schema(run.folder / "new.parquet") == pq.read_schema(path)


ODD_FILES = {
    "data/runs/tiny/2020-02-01-1/exports/mail.eml": f"To: {ANN}\r\nHello {BOB}\r\n".encode(),
    "data/runs/tiny/2020-02-01-1/catalogue.unknown": f"{ANN};{BOB}".encode(),
    "data/runs/tiny/2020-02-01-1/latin.txt": f"{ANN} wohnt in Köln".encode("latin-1"),
    "data/runs/tiny/2020-02-01-1/odd.html": f"<table><tr><th>{ANN}".encode(),
    "data/runs/tiny/2020-02-01-1/odd.json": f'{{"who": "{ANN}'.encode(),
    "data/runs/tiny/2020-02-01-1/list.json": f'["{ANN}"]'.encode(),
    "data/runs/tiny/2020-02-01-1/notebooks/odd.ipynb": f'["{ANN}"]'.encode(),
    "data/runs/tiny/2020-03-01-1/results/kpis.csv": f"n\n{ANN}\n".encode(),
    "data/runs/tiny/odd.json": f'{{"{ANN}": "{ANN}"}}'.encode(),
    "data/runs/tiny/removed.json.4194305": ANN.encode(),
    "data/exports/mailing.csv": f"customer_id,mail\n{ANN},x\n{BOB},y\n".encode(),
    "data/exports/do-not-contact-by-e-mail.csv": f"customer_id\n{ANN}\n{BOB}\n".encode(),
    "data/exports/tiny/draft.txt": ANN.encode(),
    "data/crashes/crash-1.log": f"KeyError: {ANN}".encode(),
    "data/note": ANN.encode(),
    "reports/tiny/notes.txt": ANN.encode(),
    "reports/latest/summary.md": f"# {ANN}".encode(),
    "reports/.latest/index.html": ANN.encode(),
    "reports/index.html.4194305": ANN.encode(),
}


@pytest.mark.parametrize("place", ODD_FILES)
def test_a_person_is_in_no_file_of_any_kind_afterwards(company, place):
    made(tables={"canonical/customers": {"customer_id": [ANN, BOB]}})
    path = company / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(ODD_FILES[place])
    done, = erase.erase_customer(ANN, "tiny")
    assert done.uncleaned == {}
    assert holding(company, ANN) == []
    if BOB.encode() in ODD_FILES[place]:
        assert BOB.encode() in path.read_bytes()


def packed(content):
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inside.txt", content * 50)
    return written.getvalue()


def nested(content, times):
    for _ in range(times):
        content = gzip.compress(content, mtime=0)
    return content


def mail(attached):
    told = EmailMessage()
    told["Subject"] = "all lists"
    told.set_content("see there")
    told.add_attachment(attached, "application", "octet-stream", filename="list")
    return told.as_bytes()


NOT_CLEANED = {
    "results/damaged.parquet": (b"PAR1 no table", "it is no whole table"),
    "results/short.parquet": (b"", "it is no whole table"),
    "exports/list.xlsx": (packed(ANN), "cannot be written anew"),
    "exports/list.csv.gz": (gzip.compress(ANN.encode()), "cannot be written anew"),
    "exports/broken.gz": (b"\x1f\x8b\x00\xff", "cannot be looked into"),
    "exports/torn": (gzip.compress(ANN.encode() * 99)[:-6], "cannot be looked into"),
    "exports/archive in an archive": (nested(packed(ANN), 2), "cannot be written anew"),
    "exports/archives without end": (nested(ANN.encode(), 12), "packed too often"),
    "exports/report.pdf": (b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", "it is a PDF and cannot be looked into"),
    "exports/list.duckdb": (bytes(8) + b"DUCK\xff", "it is a DuckDB file and cannot be looked into"),
    "exports/list.zst": (b"\x28\xb5\x2f\xfd\xff", "it is packed by zstd"),
    "exports/lists.zip": (packed(b"7z\xbc\xaf\x27\x1c\xff"), "it is a 7z archive"),
    "exports/list.eml": (mail(packed(ANN)), "something is attached that shows the customer"),
    "exports/page.eml": (mail(b"%PDF-1.4\n%\xe2\xe3\n"), "it is a PDF and cannot be looked into"),
    "exports/frozen.pkl": (b"\x80\x04\x00" + ANN.encode(), "cannot be written anew"),
    "exports/wide.dat": (b"\xff\xfe" + ANN.encode("utf-16-le"), "cannot be written anew"),
    f"exports/{ANN}.txt": (b"\n", "it is named after the customer"),
}


@pytest.mark.parametrize("name", NOT_CLEANED)
def test_what_cannot_be_cleaned_is_named_and_everything_else_is_cleaned(company, name, capsys):
    run = made(tables={"canonical/customers": {"customer_id": [ANN, BOB]}})
    content, reason = NOT_CLEANED[name]
    path = run.folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    assert __main__.main(["erase", ANN, "--source", "tiny"]) == 1
    out = capsys.readouterr().out
    line = next(line for line in out.splitlines() if "NOT CLEANED" in line)
    assert line.startswith(f"tiny: NOT CLEANED: data/runs/tiny/{run.name}/{name}: ".replace(ANN, "[erased]"))
    assert reason in line
    assert ANN not in out
    assert table(run, "canonical/customers") == {"customer_id": [BOB]}
    assert ANN not in (folders.reports_folder() / "latest" / "pages" / "index.html").read_text()
    assert path.read_bytes() == content
    entry, = erasure_requests.erasures_record("tiny")["erased"]
    assert (entry["completed_at"], entry["uncleaned"]) == ("", 1)
    path.unlink()
    assert __main__.main(["erase", ANN, "--source", "tiny"]) == 0
    assert erasure_requests.erasures_record("tiny")["erased"][0]["completed_at"]


@pytest.mark.parametrize(("ann", "bob"), [(ANN, BOB), ("17", "18")])
def test_a_list_of_the_workbook_loses_the_rows_of_the_person_and_keeps_the_others(company, ann, bob):
    run = made(tables={"canonical/customers": {"customer_id": [ann, bob]}})
    sheets = [spreadsheets.Sheet("to contact", pd.DataFrame(
        {"rank": [17, 18], "customer_id": [ann, bob],
         "reason": [f"customer {ann} complained", f"friend of customer {ann}"]}))]
    (run.folder / "exports").mkdir()
    (run.folder / "exports" / "list.xlsx").write_bytes(spreadsheets.excel_file(sheets))
    done, = erase.erase_customer(ann, "tiny")
    assert done.uncleaned == {}
    sheet, = spreadsheets.read_sheets(run.folder / "exports" / "list.xlsx")
    assert sheet.rows.to_numpy().tolist() == [[18.0, bob, "friend of customer [erased]"]]


def test_a_draft_of_a_mail_loses_the_person_in_its_text_and_in_the_report_that_is_attached(company):
    run = made(tables={"canonical/customers": {"customer_id": [ANN, BOB]}})
    page = run.folder / "report.html"
    page.write_text(HTML.format(ANN, BOB) + f"<p>{'ä' * 900} {ANN}</p>")
    draft = company / "data" / "exports" / "tiny" / "report.eml"
    draft.parent.mkdir(parents=True)
    draft.write_bytes(report_files.mail_draft("Shop", f"Look after {ANN} first, " * 9, page).as_bytes())
    assert ANN.encode() not in draft.read_bytes().split(b"Content-Disposition")[1]  # it is there, encoded
    done, = erase.erase_customer(ANN, "tiny")
    assert done.uncleaned == {}
    told = email.message_from_bytes(draft.read_bytes(), policy=policy.default)
    attached, = told.iter_attachments()
    assert (told["Subject"], attached.get_filename(), attached.get_content_type()) == ("Shop", page.name, "text/html")
    assert attached.get_content().strip() == page.read_text()
    assert f'<th scope="row">{BOB}</th>' in page.read_text()
    assert "Look after [erased] first, Look" in told.get_body().get_content()


def test_other_files_that_are_packed_or_binary_and_do_not_show_the_person_are_no_obstacle(company):
    run = made(tables={"canonical/customers": {"customer_id": [BOB]}})
    for name, content in {"a.xlsx": packed(BOB), "b.gz": gzip.compress(b"x"), "c.png": b"\x89PNG\x00\xff"}.items():
        (run.folder / name).write_bytes(content)
    done, = erase.erase_customer(ANN, "tiny")
    assert done.uncleaned == {}
    assert (run.folder / "a.xlsx").read_bytes()


def test_an_erasure_goes_on_over_damaged_manifests_and_folders_without_one(company):
    run = made(tables={"canonical/customers": {"customer_id": [ANN, BOB]}})
    for name, text in {"2020-01-01-1": f'{{"state": "finished", "who": "{ANN}"', "2020-01-02-1": f'["{ANN}"]'}.items():
        (run.folder.parent / name).mkdir()
        (run.folder.parent / name / "manifest.json").write_text(text)
    (run.folder.parent / "2020-01-03-1").mkdir()
    (run.folder.parent / "2020-01-03-1" / "notes.txt").write_text(ANN)
    erase.erase_customer(ANN, "tiny")
    assert holding(company, ANN) == []


def test_a_link_in_a_run_stays_and_what_it_leads_to_is_not_touched(company, tmp_path_factory):
    run = made(tables={"canonical/customers": {"customer_id": [ANN, BOB]}})
    outside = tmp_path_factory.mktemp("outside") / "own.txt"
    outside.write_text(ANN)
    (run.folder / "link.txt").symlink_to(outside)
    erase.erase_customer(ANN, "tiny")
    assert (run.folder / "link.txt").is_symlink()
    assert outside.read_text() == ANN
    assert table(run, "canonical/customers") == {"customer_id": [BOB]}


SHOW = f"""print({ANN!r}); print({BOB!r})
(place / "canonical").mkdir(exist_ok=True)
pq.write_table(pa.table({{"customer_id": [{ANN!r}, {BOB!r}]}}), place / "canonical" / f"people{{step}}.parquet")
(place / "canonical" / "people.parquet.99").write_text({ANN!r})
"""


@pytest.fixture(scope="module")
def telling(tmp_path_factory):
    """Return the tiny workbook, each step of which shows two people, and hangs where a file asks it to."""
    book = tiny.workbook(tmp_path_factory.mktemp("telling"))
    for step in book.steps:
        notebook = nbformat.read(book.path(step), as_version=4)
        notebook.cells[-1 if step.name != "05" else 4].source += "\n" + SHOW + (
            'home = Path(os.environ["LOYALTY_HOME"])\n(home / f"{step}.there").touch()\n'
            '_ = time.sleep(600 if (home / f"{step}.hang").exists() else 0)')
        nbformat.write(notebook, book.path(step))
    return book


def require_nothing_left_after_an_erasure(home, book):
    """Erase a person of whom a run has left something, and look through the whole home."""
    assert holding(home, ANN)
    done, = erase.erase_customer(ANN, "tiny", book)
    assert done.uncleaned == {}
    assert holding(home, ANN) == []


@pytest.mark.parametrize("at_work", [["01"], ["02", "03"], ["05"]])  # 04 has no table to work on
def test_a_run_killed_at_any_step_holds_nothing_of_the_person_after_an_erasure(company, telling, at_work):
    for step in at_work:
        (company / f"{step}.hang").touch()
    process = door(telling, "run", "tiny")
    assert until(lambda: process.poll() is not None or all((company / f"{s}.there").exists() for s in at_work), 240)
    assert process.poll() is None, process.communicate()
    process.kill()
    process.communicate()
    require_nothing_left_after_an_erasure(company, telling)
    assert [p for p in holding(company, BOB) if p.endswith(".parquet")] or at_work == ["01"]


def test_a_whole_run_holds_nothing_of_the_person_after_an_erasure(company, telling):
    assert runner.run(Request("tiny"), telling, lambda _: None) == runner.GOOD
    require_nothing_left_after_an_erasure(company, telling)
    assert len([p for p in holding(company, BOB) if p.endswith(".parquet")]) > 1
