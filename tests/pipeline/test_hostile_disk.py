"""What lies on disk is not trusted: it is named, passed over or refused, and a run goes on or does not begin."""

import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from helpers.foundation import folders, manifest, parquet_files
from helpers.pipeline import publishing, registry, run_list, run_retention, runner, runs
from helpers.pipeline.runner import Request
from tests.pipeline import tiny

DAMAGED = {
    "truncated": b'{"state": "finished", "steps": {"01": {"st', "empty": b"", "a list": b"[]", "null": b"null",
    "binary": bytes(range(256)), "deep": b"[" * 100_000, "no state": b'{"steps": {"01": {}}}',
    "null steps": b'{"state": "finished", "steps": null}', "null start": b'{"state": "finished", "started_at": null}',
    "no date": b'{"state": "finished", "as_of": "soon"}', "null gates": b'{"state": "failed", "gates": null}',
    "odd steps": b'{"state": "running", "steps": {"01": 7}}',
    "null parameters": b'{"state": "failed", "parameters": null}',
    "null seconds": b'{"state": "finished", "seconds": null}', "surrogate": b'{"state": "\\ud800", "run": 7}',
}


def add_run(content, name="2020-01-31-1"):
    folder = folders.runs_folder("tiny") / name
    folder.mkdir()
    (folder / "manifest.json").write_bytes(content)
    return folder


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_manifest_is_named_and_its_run_passed_over(begun, called, content):
    folder = add_run(content)
    assert manifest.read_manifest(folder)["state"] == manifest.DAMAGED
    code, out, _ = called("runs", "tiny")
    line = next(line for line in out.splitlines() if folder.name in line)
    assert code == 0
    assert "damaged" in line
    assert "manifest.json: " in line
    assert [f.name for f in folders.run_folders("tiny")] == ["2020-02-01-1"]
    code, out, err = called("publish", "tiny")
    assert (code, err) == (0, "")
    assert "run 2020-02-01-1 is published" in out
    assert folder.is_dir()


def test_a_run_beside_damaged_ones_and_odd_files_is_good(begun, book):
    for i, content in enumerate(DAMAGED.values()):
        add_run(content, f"2020-01-{i + 1:02d}-1")
    own = folders.runs_folder("tiny")
    (own / "notes.txt").write_text("a note")
    (own / "2020-02-01-7").mkdir()
    (own / "manifest.json").write_text("{}")
    (own / "no-folder-7").symlink_to(own / "gone")
    (own / "odd-1" / "manifest.json").mkdir(parents=True)
    assert runner.run(Request("tiny", only="02"), book, lambda _: None) == runner.GOOD
    assert run_list.run_facts("tiny")[-1]["state"] == "finished"
    index = (begun / "reports" / "index.html").read_text(encoding="utf-8")
    assert "damaged" in index.lower()


def test_an_executed_notebook_that_is_damaged_gets_a_page_that_says_so(begun, book):
    run = runs.known_runs("tiny", "finished")[0]
    path = run.folder / "notebooks" / "02_left.ipynb"
    for content in (b'{"cells": [', b"[]", b"", b"\x00\xff", b'{"nbformat": 4, "nbformat_minor": 5, "cells": 7}'):
        path.chmod(0o600)
        path.write_bytes(content)
        publishing.render(run, book)
        assert "damaged" in (run.folder / "pages" / "02_left.html").read_text(encoding="utf-8")


PLACES = {
    "file instead of the working folder": ("data/runs/tiny/.at-work", "file"),
    "link instead of the working folder": ("data/runs/tiny/.at-work", "link"),
    "folder instead of the lock": ("data/runs/tiny/.lock", "folder"),
    "file instead of the reports": ("reports", "file"),
    "link that leads nowhere instead of the reports": ("reports", "broken link"),
    "file instead of the latest report": ("reports/latest", "file"),
    "link instead of the latest report": ("reports/latest", "link"),
    "file instead of the source's reports": ("reports/tiny", "file"),
    "folder instead of the list of runs": ("reports/index.html", "folder"),
    "folder instead of the lock of reports": ("reports/.lock", "folder"),
    "file instead of the runs": ("data/runs", "file"),
    "file instead of the source's runs": ("data/runs/tiny", "file"),
}


@pytest.mark.parametrize(("place", "kind"), PLACES.values(), ids=PLACES)
def test_what_stands_in_the_place_of_a_folder_or_lock_is_one_sentence_before_anything_starts(
        begun, called, place, kind):
    path = begun / place
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    if kind == "file":
        path.write_text("")
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(begun / "elsewhere")
    if kind == "link":
        (begun / "elsewhere").mkdir()
    code, out, err = called("run", "tiny")
    assert (code, out) == (2, "")
    assert place in err
    assert err.count("\n") == 1
    assert not list(begun.rglob("undated-*"))


def test_reports_that_are_a_link_to_a_folder_are_published_there(begun, called):
    shutil.rmtree(begun / "reports")
    (begun / "share").mkdir()
    (begun / "reports").symlink_to(begun / "share")
    assert called("publish", "tiny")[0] == 0
    assert (begun / "reports").is_symlink()
    assert (begun / "share" / "latest" / "index.html").is_file()


def test_half_written_files_of_killed_writers_are_swept_at_the_start(begun, book):
    run = runs.create_run("tiny", "2020-02-02", {"steps": {}})
    partials = [run.folder / "manifest.json.4711", run.folder / "results" / "kpis.parquet.4711",
                run.folder.parent / "removed.json.4711", begun / "reports" / "index.html.4711"]
    for path in partials:
        path.parent.mkdir(exist_ok=True)
        path.write_text("half")
    (begun / "reports" / ".latest").mkdir()
    (begun / "reports" / "tiny" / ".2020-02-01-1").mkdir()
    assert runner.publish("tiny", workbook=book) == runner.GOOD
    assert [p for p in partials if p.exists()] == []
    assert [p.name for p in (begun / "reports").rglob(".*")] == [".lock"]


def test_a_finished_run_whose_pages_were_not_published_is_published_by_resume_and_by_publish(begun, called):
    def forget():
        for place in ("latest", "tiny"):
            shutil.rmtree(begun / "reports" / place)

    forget()
    code, out, _ = called("run", "tiny", "--resume")
    assert code == 0
    assert "run 2020-02-01-1 is published" in out
    assert (begun / "reports" / "latest" / "index.html").is_file()
    forget()
    assert called("publish", "tiny", "2020-02-01-1")[0] == 0
    assert (begun / "reports" / "tiny" / "2020-02-01-1" / "index.html").is_file()
    assert called("publish", "tiny", "2020-02-01-2")[0] == 2
    assert called("publish", "tinny")[0] == 2


def test_an_older_run_that_is_published_again_does_not_become_the_latest(begun, book, called):
    first = runs.known_runs("tiny", "finished")[0]
    assert runner.run(Request("tiny"), book, lambda _: None) == runner.GOOD
    newest = runs.known_runs("tiny", "finished")[-1].name
    assert called("publish", "tiny", first.name)[0] == 0
    assert newest in (begun / "reports" / "latest" / "index.html").read_text(encoding="utf-8")


def publish_often(run, book):
    for _ in range(3):
        publishing.publish(run, book)


@pytest.mark.parametrize("at", range(1, 9))
def test_a_publication_killed_at_any_move_leaves_a_latest_report_and_can_be_repeated(begun, book, monkeypatch, at):
    count = 0

    def dying(real):
        def call(*arguments, **options):
            nonlocal count
            count += 1
            if count == at:
                raise KeyboardInterrupt
            return real(*arguments, **options)
        return call

    run = runs.known_runs("tiny", "finished")[0]
    with monkeypatch.context() as patched:
        for module, name in ((shutil, "rmtree"), (shutil, "copyfile"), (publishing.atomic_files, "exchange_folders"),
                             (publishing.atomic_files, "_at_once")):
            patched.setattr(module, name, dying(getattr(module, name)))
        with pytest.raises(KeyboardInterrupt):
            publish_often(run, book)
    assert (begun / "reports" / "latest" / "index.html").is_file()
    publishing.publish(run, book)
    assert (begun / "reports" / "latest" / "notebooks" / "01_in.ipynb").is_file()
    assert [p.name for p in (begun / "reports").rglob(".*")] == [".lock"]


def test_a_clock_that_jumps_back_does_not_change_which_run_is_the_newest(begun):
    late = runs.create_run("tiny", "2020-02-02", {"steps": {}})
    late.saved(state="finished", started_at="2099-01-01T00:00:00+00:00")
    newest = runs.create_run("tiny", "2020-02-03", {"steps": {}})
    newest.saved(state="finished")
    assert [f.name for f in folders.run_folders("tiny")][-2:] == [late.name, newest.name]


DAMAGED_TABLES = {"empty": b"", "text": b"no table", "head only": b"PAR1" + bytes(50), "cut short": None,
                  "overwritten": None}


def damage(path, kind):
    content = path.read_bytes()
    half = len(content) // 2
    path.chmod(0o600)
    path.write_bytes({"cut short": content[:half], "overwritten": content[:4] + bytes(half) + content[4 + half:]}.get(
        kind, DAMAGED_TABLES[kind] or b""))


@pytest.fixture
def second(begun):
    """Return two finished runs, the newer of which is about to be damaged."""
    first, = runs.known_runs("tiny", "finished")
    other = runs.create_run("tiny", "2020-02-01", first.record)
    shutil.copytree(first.folder, other.folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(manifest.FILE))
    other.closed("finished")
    return first, other


@pytest.mark.parametrize("kind", DAMAGED_TABLES)
def test_a_damaged_table_of_an_old_run_is_named_and_passed_over(second, called, kind):
    whole, damaged = second
    path = damaged.folder / "results" / "left.parquet"
    damage(path, kind)
    with pytest.raises(parquet_files.DamagedTableError, match=f"run {damaged.name}: results/left: it is no whole"):
        parquet_files.load_table(path)
    code, _, err = called("run", "tiny", "--only", "03")
    assert (code, err) == (0, "")
    taken = runs.known_runs("tiny", "finished")[-1]
    assert taken.steps["02"]["taken_from"] == whole.name
    for command in (("runs", "tiny"), ("publish", "tiny", damaged.name), ("compare", "tiny", whole.name, damaged.name)):
        assert called(*command)[0] == 0


OTHER_FORMS = {
    "it has no column 'segment'": {"step": ["04"], "quantity": ["sales"], "value": [1.0]},
    "its column 'value' holds text, not numbers": {
        "step": ["04"], "quantity": ["sales"], "segment": ["all"], "value": ["much"]},
    "its column 'quantity' holds numbers, not text": {
        "step": ["04"], "quantity": [1], "segment": ["all"], "value": [1.0]},
}


@pytest.mark.parametrize(("found", "columns"), OTHER_FORMS.items())
def test_a_whole_table_of_another_form_is_named_and_read_as_empty_or_not_taken(second, called, capsys, found, columns):
    whole, other = second
    pq.write_table(pa.table(columns), other.folder / "results" / "kpis.parquet")
    workspace = registry.open_workspace("tiny")
    assert workspace.frame_of(other.name, "results/kpis").empty
    assert f"run {other.name}: results/kpis: {found}" in capsys.readouterr().out
    code, out, err = called("compare", "tiny", whole.name, other.name)
    assert (code, out) == (2, "")
    assert err == f"run {other.name}: results/kpis: {found}; allowed: a run made anew\n"
    assert called("run", "tiny", "--only", "03")[0] == 0
    assert runs.known_runs("tiny", "finished")[-1].steps["02"]["taken_from"] == whole.name


def test_a_table_from_before_a_column_was_declared_is_read_with_that_column_empty(second):
    _, old = second
    columns = {"step": ["04"], "quantity": ["sales"], "segment": ["all"], "value": [1], "unit": pa.nulls(1)}
    pq.write_table(pa.table(columns), old.folder / "results" / "kpis.parquet")
    frame = registry.open_workspace("tiny").frame_of(old.name, "results/kpis")
    assert (frame["value"].tolist(), frame["status"].isna().all()) == ([1], True)


def test_damaged_key_figures_are_one_sentence_in_a_comparison(second, called):
    whole, damaged = second
    (damaged.folder / "results" / "kpis.parquet").write_bytes(b"no table")
    code, out, err = called("compare", "tiny", whole.name, damaged.name)
    assert (code, out) == (2, "")
    assert err == f"run {damaged.name}: results/kpis: it is no whole table; allowed: a run made anew\n"


def test_where_every_run_is_damaged_nothing_is_taken_and_it_is_said(begun, called):
    run = runs.known_runs("tiny", "finished")[0]
    damage(run.folder / "results" / "left.parquet", "cut short")
    code, out, err = called("run", "tiny", "--only", "03")
    assert (code, out) == (2, "")
    assert err.startswith(f"--from, --only: nothing can be taken from run {run.name} (run {run.name}: results/left: ")


def test_a_table_of_an_earlier_run_that_is_damaged_reads_as_empty_and_is_named(home, capsys):
    tiny.declare(home)
    run = runs.create_run("tiny", "2024-01-01", {})
    (run.folder / "results").mkdir()
    (run.folder / "results" / "alerts.parquet").write_bytes(b"no table")
    ws = registry.open_workspace("tiny")
    assert list(ws.frame_of(run.name, "results/alerts")["customer_id"]) == []
    assert "run 2024-01-01-1: results/alerts: it is no whole table" in capsys.readouterr().out
    assert run_retention.still_needed(run, [run]) == ""


def test_a_folder_of_pages_that_somebody_else_holds_is_waited_for_and_then_said(begun, called, monkeypatch):
    monkeypatch.setattr(publishing, "PATIENCE_SECONDS", 0.1)
    before = runs.known_runs("tiny", "finished")
    with publishing.publishing_lock(folders.reports_folder()):
        code, out, err = called("publish", "tiny")
        assert (code, out) == (75, "")
        assert err.startswith(f"{folders.reports_folder()}: another command has been publishing for too long (process ")
        code, _, err = called("run", "tiny", "--only", "03")
    run = runs.known_runs("tiny", "finished")[-1]
    assert (code, len(before)) == (75, 1)
    assert err.startswith(f"run {run.name} has finished, but its pages are not published: ")
    assert called("run", "tiny", "--retry")[0] == 0
    assert (begun / "reports" / "tiny" / run.name / "index.html").is_file()
