"""What goes wrong outside the workbook: one sentence, the right code, nothing lost, nothing run, nothing hung."""

import contextlib
import os
import shutil
import subprocess
import sys
import time

import pandas as pd
import pytest

from helpers import __main__
from helpers.foundation import folders
from helpers.foundation.engine import Engine
from helpers.foundation.errors import InputError
from helpers.intake import csv_stream, readers
from helpers.pipeline import publishing, runner, runs, scheduler, steps, system_errors, worker
from helpers.pipeline.runner import Request
from tests.intake.conftest import SmallSource
from tests.pipeline import tiny

ONE_STEP = Request("tiny", ("width=2",), only="03")
FULL = "the disk that holds {} is full; free some room"
ORDERS = "id,customer,day,amount\n1,a,2025-01-01,5\n"


def contents(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def failing(book, deed, capsys):
    """Run the tiny workbook whose second step does a deed; return its code and what it said."""
    code = runner.run(Request("tiny", (f"act={deed}",), only="02"), book)
    return code, capsys.readouterr().err


def test_an_error_of_many_lines_is_told_by_its_first():
    raised = worker.StepOutcome("error", "AnalysisException", "there is no such column\n'Project [a, b]\n+- 'Filter")
    assert scheduler.failure_reason(raised) == "AnalysisException: there is no such column"
    assert (
        scheduler.failure_reason(worker.StepOutcome("error", "AssertionError"))
        == "AssertionError: nothing more was said"
    )


# --- a full disk -------------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(made, tmp_path, monkeypatch):
    """Give a home with one finished run on a disk with 2 MiB and room for 400 files left."""
    place = tmp_path / "disk"
    place.mkdir()
    size = sum(p.stat().st_size + 4096 for p in made.rglob("*")) + (2 << 20)
    limits = f"size={size},nr_inodes={sum(1 for _ in made.rglob('*')) + 400}"
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", limits, "tmpfs", str(place)], capture_output=True, check=False)
    if not mounted or mounted.returncode:
        pytest.skip("a small disk cannot be mounted here")
    try:
        home = place / "home"
        shutil.copytree(made, home)
        (home / "02.pids").unlink()
        monkeypatch.setenv(folders.HOME_VARIABLE, str(home))
        yield home
    finally:
        subprocess.run(["umount", "-l", str(place)], check=False)


def test_a_disk_that_fills_up_ends_the_run_in_one_sentence_and_it_resumes_once_there_is_room(
        small_disk, book, capsys):
    good = runs.known_runs("tiny", "finished")[0]
    kept = contents(good.folder), contents(small_disk / "reports" / "latest")
    code, err = failing(book, "fill", capsys)
    assert code == runner.STEP_FAILED
    run = runs.known_runs("tiny", "failed")[-1]
    assert FULL.format(small_disk) in err
    assert err.count("\n") == 1
    assert "Traceback" not in err
    assert f"--resume continues run {run.name}" in err
    assert kept == (contents(good.folder), contents(small_disk / "reports" / "latest"))
    assert not (run.folder.parent / runs.AT_WORK).exists()
    assert runner.run(Request("tiny", ("act=fill",), is_resumed=True), book, lambda _: None) == runner.GOOD
    assert runs.known_runs("tiny", "finished")[-1].name == run.name


def fill_with_bytes(folder):
    folder.mkdir()
    with contextlib.suppress(OSError), (folder / "0").open("wb", buffering=0) as file:
        while file.write(bytes(1 << 12)):
            pass


def fill_with_files(folder):
    folder.mkdir()
    with contextlib.suppress(OSError):
        for i in range(10_000):
            (folder / str(i)).touch()


@pytest.mark.parametrize("fill", [fill_with_bytes, fill_with_files])
def test_a_publication_on_a_disk_without_room_is_one_sentence_and_is_repeated_once_there_is_some(
        small_disk, book, capsys, monkeypatch, fill):
    monkeypatch.setattr(steps, "WORKBOOK", book)
    latest = contents(small_disk / "reports" / "latest")
    fill(small_disk / "filler")
    assert __main__.main(["publish", "tiny"]) == 1
    assert capsys.readouterr().err == f"{FULL.format(small_disk)}\n"
    assert contents(small_disk / "reports" / "latest") == latest
    shutil.rmtree(small_disk / "filler")
    shutil.rmtree(small_disk / "reports" / "tiny")
    assert __main__.main(["run", "tiny", "--resume"]) == 0
    assert contents(small_disk / "reports" / "latest") == latest
    assert (small_disk / "reports" / "tiny" / "2020-02-01-1" / "index.html").is_file()
    assert [p.name for p in (small_disk / "reports").rglob(".*")] == [".lock"]


def test_a_disk_that_is_full_before_the_start_runs_nothing(small_disk, book, capsys, monkeypatch):
    monkeypatch.setattr(steps, "WORKBOOK", book)
    kept = contents(small_disk / "data" / "runs" / "tiny" / runs.known_runs("tiny", "finished")[0].name)
    fill_with_bytes(small_disk / "filler")
    assert __main__.main(["run", "tiny"]) == 1
    err = capsys.readouterr().err
    assert err == f"{FULL.format(small_disk)}\n"
    assert contents(small_disk / "data" / "runs" / "tiny" / runs.known_runs("tiny", "finished")[0].name) == kept


def test_a_file_that_may_grow_no_more_fails_its_step_and_its_page_says_so(begun, book, capsys):
    code, err = failing(book, "large", capsys)
    assert code == runner.STEP_FAILED
    assert FULL.format(begun) in err
    run = runs.known_runs("tiny", "failed")[-1]
    assert run.steps["02"]["kind"] == system_errors.DISK
    assert "The step could not write its results" in (run.folder / "pages" / "02_left.html").read_text()
    assert run.steps["03"]["state"] == "taken"


def test_a_run_whose_pages_cannot_be_published_stays_finished(begun, book, capsys, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    latest = contents(begun / "reports" / "latest")
    monkeypatch.setattr(publishing, "publish", full)
    assert runner.run(ONE_STEP, book) == runner.STEP_FAILED
    assert "has finished, but its pages are not published: the disk" in capsys.readouterr().err
    assert len(runs.known_runs("tiny", "finished")) == 2
    assert contents(begun / "reports" / "latest") == latest


def test_other_errors_of_the_system_are_not_called_a_full_disk(begun, book, monkeypatch):
    def broken(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(publishing, "publish", broken)
    with pytest.raises(OSError, match="Input/output error"):
        runner.run(ONE_STEP, book, lambda _: None)


# --- memory ------------------------------------------------------------------------------------------------------


def test_a_step_that_needs_more_memory_than_it_may_use_says_what_helps(begun, book, capsys):
    code, err = failing(book, "swell", capsys)
    assert code == runner.STEP_FAILED
    run = runs.known_runs("tiny", "failed")[-1]
    assert run.steps["02"]["kind"] == system_errors.MEMORY
    assert "is not enough; allow more (LOYALTY_MEMORY_MIB, in MiB) or let fewer steps run at a time (--jobs 1)" in err
    assert "The step needed more memory than it may use" in (run.folder / "pages" / "02_left.html").read_text()


def test_the_engine_keeps_its_limit_and_what_it_says_then_is_known(monkeypatch):
    monkeypatch.setenv("LOYALTY_MEMORY_MIB", "8")
    engine = Engine()
    engine.connection.raw_sql("set max_temp_directory_size = '0KiB'")
    with pytest.raises(Exception, match="Out of Memory") as raised:
        engine.arrow(engine.sql("select range as a, md5(range::text) as b from range(4000000) order by b"))
    assert system_errors.fault_kind(type(raised.value).__name__, str(raised.value)) == system_errors.MEMORY


@pytest.mark.parametrize(("error", "sentence", "kind"), [
    ("ArrowMemoryError", "malloc of size 8388608 failed", system_errors.MEMORY),
    ("IOException", "IO Error: Could not write to file: No space left on device", system_errors.DISK),
    ("OSError", "[Errno 122] Disk quota exceeded", system_errors.DISK),
    ("OSError", "[Errno 2] No such file or directory", ""),
    ("InputError", "orders.csv: 28 of 30 rows are empty", ""),
])
def test_faults_are_told_from_other_errors(error, sentence, kind):
    assert system_errors.fault_kind(error, sentence) == kind


LANDING = r"""
import pathlib, re, resource, sys
resource.setrlimit(resource.RLIMIT_DATA, (1 << 30, 1 << 30))
from helpers.foundation.engine import Engine
from helpers.intake import delivery, profiles
told = {"name": "small", "title": "t", "files": {"o": {"path": "orders.csv"}}, "tables": {"transactions": {
    "from": "o", "columns": {"order_id": "id", "customer_id": "who", "ordered_at": "day", "kind": "'sale'",
                             "amount": "amount"}}}}
found = delivery.read_delivery(profiles.parse_profile(told), Engine(), sys.argv[1])
own = pathlib.Path("/proc/self/status").read_text()  # the usage that the system keeps begins with the parent's peak
print(found.counts["transactions"], int(re.search(r"VmHWM:\s+(\d+)", own)[1]) // 1024)
"""


def test_a_csv_that_is_larger_than_the_memory_is_read(tmp_path):
    if shutil.disk_usage(tmp_path).free < 4 << 30:
        pytest.skip("there is no room for such a file")
    note = ("lorem ipsum dolor " * 560)[:10_000]
    rows = "".join(f"{i},c{i % 50},2025-01-{1 + i % 28:02d},{i % 90}.5,{note}\n" for i in range(2000)).encode()
    path = tmp_path / "orders.csv"
    with path.open("wb") as file:
        file.write(b"id,who,day,amount,note\n")
        for _ in range(55):
            file.write(rows)
    assert path.stat().st_size > 1 << 30
    limits = {"LOYALTY_MEMORY_MIB": "400", "LOYALTY_THREADS": "1", "TMPDIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", LANDING, str(tmp_path)], capture_output=True, text=True, check=False,
                          timeout=300, cwd=folders.CHECKOUT_FOLDER, env={**os.environ, **limits})
    path.unlink()
    assert done.returncode == 0, done.stderr
    records, peak_mib = map(int, done.stdout.split())
    assert records == 110_000
    assert peak_mib < 1024


# --- files that cannot be read, or change ------------------------------------------------------------------------


@pytest.fixture
def small(tmp_path):
    return SmallSource(tmp_path, Engine())


def test_a_folder_in_the_place_of_a_file_is_one_sentence(small):
    (small.folder / "orders.csv").mkdir()
    with pytest.raises(InputError, match=r"orders.csv: it is a folder; allowed: a file$"):
        small.landed()


def test_a_link_that_leads_nowhere_is_one_sentence(small):
    (small.folder / "orders.csv").symlink_to(small.folder / "gone.csv")
    with pytest.raises(InputError, match=r"orders.csv: it is a link that leads nowhere; allowed: a file$"):
        small.landed()


@pytest.mark.parametrize("target", ["/proc/self/mem", "/etc/hostname", "../outside.csv"])
def test_a_link_that_leads_out_of_the_folder_is_one_sentence(small, target):
    (small.folder.parent / "outside.csv").write_text(ORDERS)
    (small.folder / "orders.csv").symlink_to(target)
    with pytest.raises(InputError, match=r"orders.csv: it is a link that leads out of the folder; allowed: a file in"):
        small.landed()


def test_a_link_within_the_folder_is_a_file(small):
    (small.folder / "kept").mkdir()
    (small.folder / "kept" / "orders.csv").write_text(ORDERS)
    (small.folder / "orders.csv").symlink_to("kept/orders.csv")
    assert small.landed()


def test_a_file_without_permission_is_one_sentence(small, monkeypatch):
    def refused(path, file, label):
        raise PermissionError(13, "Permission denied", str(path))

    small.file("orders.csv", ORDERS)
    monkeypatch.setitem(readers.NAMES, "csv", refused)
    with pytest.raises(InputError, match=r"orders.csv: it cannot be read \(Permission denied\); allowed: a file that"):
        small.landed()


@pytest.mark.parametrize(("deed", "sentence"), [
    (lambda path: path.write_text(ORDERS + "2,b,2025-01-02,6\n"), r"changed while it was read \(from 40 to 57 bytes\)"),
    (lambda path: path.write_text(ORDERS), r"changed while it was read \(from 40 to 40 bytes\)"),
    (lambda path: path.unlink(), r"cannot be read|from 40 to no bytes"),
])
def test_a_file_that_changes_while_it_is_read_is_refused(small, monkeypatch, deed, sentence):
    small.file("orders.csv", ORDERS)
    real = csv_stream.bytes_facts

    def changing(path, file, label):
        facts = real(path, file, label)
        time.sleep(0.01)
        deed(path)
        return facts

    monkeypatch.setattr(csv_stream, "bytes_facts", changing)
    with pytest.raises(InputError, match=sentence):
        small.landed()


# --- clocks ------------------------------------------------------------------------------------------------------


TIMES = ("id,customer,day,amount\n1,a,2025-03-30 02:30:00,1\n2,a,2025-10-26 02:30:00,2\n3,a,2025-10-26 02:30:00,3\n"
         "4,a,2025-12-31 23:59:59,4\n")


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "America/New_York", "Europe/Berlin"])
def test_times_are_read_as_written_wherever_the_clock_stands_and_no_hour_is_lost_or_merged(small, monkeypatch, zone):
    small.file("orders.csv", TIMES)
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        delivery = small.delivery()
        rows = small.rows(delivery.tables["canonical/transactions"], "order_id", "ordered_at")
        spans = delivery.spans["transactions"]
    finally:
        monkeypatch.undo()
        time.tzset()
    # an hour that did not exist in Berlin, one that occurred twice, the last second of a year
    assert sorted((r["order_id"], str(r["ordered_at"])) for r in rows) == [
        ("1", "2025-03-30 02:30:00"), ("2", "2025-10-26 02:30:00"), ("3", "2025-10-26 02:30:00"),
        ("4", "2025-12-31 23:59:59")]
    assert [str(day) for day in spans] == ["2025-03-30", "2025-12-31"]


def test_days_between_two_times_do_not_depend_on_summer_time(small):
    small.file("orders.csv", "id,customer,day,amount\n1,a,2025-03-29 12:00:00,1\n2,a,2025-03-31 12:00:00,2\n")
    delivery = small.delivery()
    times = pd.to_datetime([r["ordered_at"] for r in small.rows(delivery.tables["canonical/transactions"])])
    assert times.max() - times.min() == pd.Timedelta(days=2)


# --- paths in parameters -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [
    ["run", "../tiny"], ["run", "tiny/../tiny"], ["run", ".hidden"], ["check", "../../pyproject"],
    ["check", "tiny\\..\\x"], ["compare", "tiny", "../tiny/2020-02-01-1", "2020-02-01-1"],
    ["compare", "../runs/tiny", "2020-02-01-1", "2020-02-01-1"], ["runs", "../.."],
    ["erase", "x", "--source", "../../.."], ["erase", "x", "--source", "tiny/."]])
def test_names_that_are_paths_are_refused_and_nothing_is_touched(begun, book, capsys, monkeypatch, arguments):
    monkeypatch.setattr(steps, "WORKBOOK", book)
    before = contents(begun)
    assert __main__.main(arguments) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "Traceback" not in err
    assert contents(begun) == before


def test_a_run_by_hand_cannot_be_read_from_elsewhere(begun):
    from helpers.pipeline import registry

    with pytest.raises(InputError, match="it is no name but a path"):
        _ = registry.open_workspace("tiny", "../../../elsewhere").base


def test_a_file_as_raw_folder_is_one_sentence(begun, book):
    path = begun / "file.csv"
    path.write_text("x")
    with pytest.raises(InputError, match=r"--raw: there is no folder"):
        runner.run(Request("tiny", raw=str(path)), book)


def test_the_tiny_workbook_is_whole():
    assert [step.name for step in tiny.STEPS] == ["01", "02", "03", "04", "05"]
