"""The command line as schedulers meet it: environments, closed pipes, signals, odd names; codes and JSON."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

from helpers import __main__
from helpers.foundation import folders
from helpers.foundation.errors import InputError
from helpers.pipeline import crash_report, run_list, runner, runs, steps
from helpers.pipeline.runner import Request
from tests.pipeline import tiny
from tests.pipeline.test_runner import door, hanging, is_alive, newest, pids, until

ENVIRONMENTS = [(variable, text) for variable in ("LOYALTY_MEMORY_MIB", "LOYALTY_THREADS")
                for text in ("abc", "0", "-1", "1.5", "1e3", "１", "99999999", "9" * 5000, "1_000", "NaN")]


@pytest.mark.parametrize(("variable", "text"), ENVIRONMENTS, ids=lambda value: value[:12])
def test_a_limit_in_the_environment_that_cannot_be_used_is_one_sentence_and_code_2(called, monkeypatch, variable, text):
    monkeypatch.setenv(variable, text)
    for command in ("run", "check"):
        code, out, err = called(command, "tiny")
        assert (code, out) == (2, "")
        assert err.startswith(f"{variable}: '{text}' cannot be used; allowed: a whole number from ")


@pytest.mark.parametrize("arguments", [
    ("--minutes", "nan"), ("--minutes", "inf"), ("--minutes", "-1"), ("--minutes", "1e99"), ("--minutes", "10081"),
    ("--jobs", "-1"), ("--jobs", "1.5"), ("--jobs", ""), ("--as-of", "2024-02-30"), ("--as-of", "20240230"),
    ("--as-of", "tomorrow"), ("--as-of", "9999-12-31"), ("--as-of", "0000-00-00"), ("--as-of", "２０２４-01-01"),
    ("--from", "9"), ("--only", "x"), ("--engine", "oracle"), ("--raw", "gone"), ("--raw", "a\0b"),
    ("--raw", "x" * 300),
    ("--set", "seed"), ("--set", "seed=x"), ("--set", "=1"), ("--set", "seed=1\udcff"), ("--log", "gone/run.log"),
    ("--log", "."), ("--json", "--quiet"), ("--no-such-option",)], ids=lambda a: " ".join(a)[:30])
def test_an_option_that_makes_no_sense_is_one_sentence_and_code_2(called, begun, arguments):
    before = sorted(begun.rglob("*"))
    code, out, err = called("run", "tiny", *arguments)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert err.strip()
    assert sorted(begun.rglob("*")) == before


NAMES = ["x" * 300, "a\nb", "a\tb", "a\\b", "../tiny", "/etc", ".hidden", "", " ", "a\udcffb", "ti*y", "[a-z]",
         "é" * 100, "a\x1b[31m"]


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name[:10]))
def test_a_name_that_is_none_is_one_line_and_code_2(called, name):
    for command in (("run", name), ("check", name), ("runs", name), ("publish", name), ("compare", name, "1", "2"),
                    ("compare", "tiny", name, "2020-02-01-1"), ("publish", "tiny", name),
                    ("erase", "c1", "--source", name)):
        if not name.strip() and command[0] in ("check", "runs", "publish", "erase"):
            continue  # nothing is named there
        code, out, err = called(*command)
        assert (code, out) == (2, ""), command
        assert err.count("\n") == 1, command
        assert err[:-1].isprintable(), command


@pytest.mark.parametrize("name", ["new\nline\\wîth-集", "%41;$x a 'space\""])
def test_a_home_of_an_odd_name_holds_a_good_run(called, begun, monkeypatch, name, tmp_path_factory):
    place = tmp_path_factory.mktemp("odd") / name
    begun.rename(place)
    monkeypatch.setenv(folders.HOME_VARIABLE, str(place))
    code, out, err = called("run", "tiny", "--only", "02")
    assert (code, err) == (0, "")
    assert all(line.isprintable() for line in out.splitlines())
    assert (place / "reports" / "tiny" / newest("finished").name / "02_left.html").is_file()


@pytest.mark.parametrize("name", ["x" * 300, "file", "file/below"])
def test_a_home_that_can_be_none_is_one_sentence_and_code_2(called, monkeypatch, tmp_path, name):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(folders.HOME_VARIABLE, str(tmp_path / name))
    for command in (("runs",), ("run", "simulated"), ("check", "simulated"), ("erase", "c1")):
        code, out, err = called(*command)
        assert (code, out) == (2, "")
        assert err.startswith(f"{folders.HOME_VARIABLE}: ")


def test_a_home_is_meant_from_where_the_command_was_called(book, tmp_path, made):
    (tmp_path / "home").symlink_to(made)
    environment = {**os.environ, folders.HOME_VARIABLE: "home", "PYTHONPATH": str(folders.CHECKOUT_FOLDER)}
    done = subprocess.run([sys.executable, "-m", "helpers", "runs"], cwd=tmp_path, env=environment, capture_output=True,
                          text=True, check=False, timeout=300)
    assert "2020-02-01-1" in done.stdout


@pytest.mark.parametrize(("given", "meant"), [("20240229", "2024-02-29"), ("2024-W09-4", "2024-02-29")])
def test_a_date_in_another_iso_form_is_the_same_date(begun, book, given, meant):
    assert runner.run(Request("tiny", as_of=given, only="01"), book, lambda _: None) == runner.GOOD
    run = newest("finished")
    assert (run.name, run.record["as_of"], run.record["parameters"]["as_of"]) == (f"{meant}-1", meant, meant)


def piped(arguments, home, stdout):
    return subprocess.Popen(
        [sys.executable, "-m", "helpers", *arguments], stdout=stdout, stderr=subprocess.PIPE, text=True,
        cwd=folders.CHECKOUT_FOLDER, env={**os.environ, folders.HOME_VARIABLE: str(home)})


LIGHT = """
import sys
from helpers import __main__
assert __main__.main(["runs"]) == 0
try:
    __main__.main(["--version"])
finally:
    print(*{"ibis", "matplotlib", "nbformat", "numpy", "pandas", "pyarrow"} & set(sys.modules), file=sys.stderr)
"""


def test_what_takes_long_to_load_is_not_loaded_for_the_list_of_runs_and_the_version(begun):
    done = subprocess.run([sys.executable, "-c", LIGHT], cwd=folders.CHECKOUT_FOLDER, capture_output=True, text=True,
                          check=False, timeout=300)
    assert (done.returncode, done.stderr) == (0, "\n")
    assert "2020-02-01-1" in done.stdout


@pytest.mark.parametrize("arguments", [("runs",), ("--help",), ("--version",), ("check", "--help")], ids=" ".join)
def test_a_reader_that_has_left_is_no_error(begun, arguments):
    read, write = os.pipe()
    os.close(read)
    process = piped(arguments, begun, stdout=write)
    os.close(write)
    _, err = process.communicate(timeout=300)
    assert (process.returncode, err) == (0, "")


def test_a_reader_of_a_comparison_that_has_left_is_no_error_either(begun, monkeypatch):
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as nobody:
        monkeypatch.setattr(sys, "stdout", nobody)
        assert __main__.main(["compare", "tiny", "2020-02-01-1", "2020-02-01-1"]) == 0


def test_a_run_whose_reader_has_left_goes_on_to_its_end(begun, book):
    process = door(book, "run", "tiny", "--only", "02")
    process.stdout.close()
    assert process.wait(timeout=300) == 0
    assert process.stderr.read() == ""
    assert len(runs.known_runs("tiny", "finished")) == 2
    process.stderr.close()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no device that is full")  # noqa: PTH110
def test_a_standard_output_that_is_full_is_one_sentence_and_no_crash(begun):
    with open("/dev/full", "w") as full:  # noqa: PTH123
        process = piped(("runs",), begun, stdout=full)
        _, err = process.communicate(timeout=300)
    assert (process.returncode, err) == (1, "standard output may not be written (No space left on device)\n")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_a_terminal_that_lacks_signs_gets_them_escaped(begun, monkeypatch, encoding):
    first = runs.known_runs("tiny", "finished")[0]
    other = runs.create_run("tiny", "2020-02-02", {**first.record, "as_of": "2020-02-02"})
    shown = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(shown, encoding=encoding, errors="strict"))
    assert __main__.main(["compare", "tiny", first.name, other.name]) == 0
    assert ("\\u2192" in shown.getvalue().decode(encoding)) == (encoding != "utf-8")


def test_ctrl_c_twice_ends_a_run_that_can_be_resumed_without_a_traceback(begun, book):
    with hanging(book, begun) as process:
        process.send_signal(signal.SIGINT)
        for _ in range(20):
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                time.sleep(0.05)
        out, err = process.communicate(timeout=240)
    assert (process.returncode, err) == (1, "")
    assert "was interrupted; --resume continues" in out
    assert until(lambda: not any(map(is_alive, pids(begun))))
    assert newest("failed").record["reason"] == "the run was interrupted"


LOADING = """
import os, runpy, signal, sys

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == module:
            os.kill(os.getpid(), signal.SIGINT)

module = sys.argv.pop()
signal.signal(signal.SIGINT, signal.default_int_handler)  # as at a terminal; in the background it would be ignored
sys.argv += ["check", "tiny"]
sys.meta_path.insert(0, Interrupting())
runpy.run_module("helpers", run_name="__main__", alter_sys=True)
"""


@pytest.mark.parametrize(("module", "code", "said"), [
    ("helpers.pipeline.console", -signal.SIGINT, ""),  # as a shell sees it: 130
    ("helpers.pipeline.registry", 130, "interrupted before anything had begun\n")])
def test_ctrl_c_while_libraries_are_loaded_ends_a_command_without_a_traceback(module, code, said):
    done = subprocess.run([sys.executable, "-c", LOADING, module], cwd=folders.CHECKOUT_FOLDER, capture_output=True,
                          text=True, check=False, timeout=300)
    assert (done.returncode, done.stderr) == (code, said)


def test_ctrl_c_before_anything_began_is_one_sentence_and_code_130(called, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(run_list, "run_lines", interrupted)
    before = signal.getsignal(signal.SIGINT)
    assert called("runs") == (130, "", "interrupted before anything had begun\n")
    assert signal.signal(signal.SIGINT, before) is signal.SIG_IGN


def test_an_error_that_nothing_else_has_caught_is_one_sentence_and_a_file_for_its_owner(called, begun, monkeypatch):
    def broken(*_):
        raise LookupError("nobody\nexpected this")

    monkeypatch.setattr(run_list, "run_lines", broken)
    code, out, err = called("runs")
    assert (code, out) == (crash_report.EXIT_CODE, "")
    file, = (begun / "data" / "crashes").iterdir()
    assert err == ("this is an error of the workbook itself (LookupError: nobody); what is known of it stands in "
                   f"{file}\n")
    assert "Traceback" in file.read_text()
    assert file.stat().st_mode & 0o077 == 0


def test_where_a_crash_cannot_be_written_down_it_is_said_all_the_same(home, monkeypatch):
    (home / "data").write_text("")
    monkeypatch.setattr(crash_report.tempfile, "gettempdir", lambda: str(home / "data"))
    assert crash_report.report_crash(ValueError("odd")) == (
        "this is an error of the workbook itself (ValueError: odd)")


# --- words for machines ------------------------------------------------------------------------------------------


def test_runs_are_told_as_json(called):
    code, out, err = called("runs", "tiny", "--json")
    run, = json.loads(out)
    assert (code, err) == (0, "")
    assert (run["source"], run["run"], run["state"], run["as_of"]) == ("tiny", "2020-02-01-1", "finished", "2020-02-01")
    assert run["steps"]["04"] == "not_applicable"
    assert run["seconds"] > 0


def test_differences_are_told_as_json(called):
    first = runs.known_runs("tiny", "finished")[0]
    record = {**first.record, "parameters": {**first.record["parameters"], "seed": 2}}
    other = runs.create_run("tiny", "2020-02-02", record)
    code, out, _ = called("compare", "tiny", first.name, other.name, "--json")
    told = json.loads(out)
    assert (code, told["before"], told["now"]) == (0, first.name, other.name)
    assert "seed: 1 → 2" in told["definitions"]
    assert told["rows"] == told["kpis"] == told["headlines"] == []


def test_a_check_is_told_as_json_with_its_problems(called, begun):
    profile = begun / "data" / "sources" / "tiny.toml"
    profile.write_text(profile.read_text() + '[files.all]\npath = "gone.csv"\n')
    _, _, complaints = called("check", "tiny")
    code, out, err = called("check", "tiny", "--json")
    told = json.loads(out)
    assert (code, err, told["source"]) == (2, "", "tiny")
    assert told["problems"] == complaints.splitlines() != []


def test_a_run_is_told_as_events_one_a_line(called):
    code, out, err = called("run", "tiny", "--only", "02", "--json", "--set", "act=input")
    events = [json.loads(line) for line in out.splitlines()]
    assert code == 2
    assert all({"at", "seconds", "event", "message"} <= set(event) for event in events)
    assert [e["state"] for e in events if e["event"] == "run"] == ["running", "failed"]
    assert next((e["step"], e["state"]) for e in events if e["event"] == "step") == ("02", "running")
    assert [e["message"] for e in events if e["event"] == "error"] == [err.strip()]
    assert events[-1]["exit_code"] == 2


def test_what_is_refused_is_an_event_too(called):
    code, out, err = called("run", "tinny", "--json")
    event = json.loads(out)
    assert (code, event["event"], event["exit_code"]) == (2, "error", 2)
    assert err == f"{event['message']}\n"


def test_a_quiet_run_says_nothing_and_its_log_holds_every_line(called, tmp_path):
    log = tmp_path / "run.log"
    for _ in range(2):
        assert called("run", "tiny", "--only", "02", "--quiet", "--log", str(log)) == (0, "", "")
    lines = log.read_text().splitlines()
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (INFO|ERROR) ", line) for line in lines)
    assert sum("02 Left finished in" in line for line in lines) == 2
    assert log.stat().st_mode & 0o077 == 0


def test_a_log_is_rotated_by_its_size(tmp_path, monkeypatch):
    from helpers.pipeline import console
    from helpers.pipeline.progress import NOTE, Event

    monkeypatch.setattr(console, "LOG_BYTES", 400)
    log = console.LogFile(str(tmp_path / "run.log"))
    for i in range(100):
        log.take(Event(NOTE, f"line {i} of a run"))
    log.close()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run.log", *(f"run.log.{i}" for i in range(1, 6))]
    assert all(p.stat().st_size <= 400 for p in tmp_path.iterdir())


@pytest.mark.parametrize(("state", "code"), [("busy", 75), ("bad", 2)])
def test_codes_tell_what_is_worth_another_try(called, state, code):
    if state == "busy":
        with runs.source_lock("tiny"):
            assert called("run", "tiny")[0] == code
            assert called("publish", "tiny")[0] == code
    else:
        assert called("run", "tinny")[0] == code


def test_a_retry_continues_what_failed_last_and_else_starts_anew(begun, book):
    request = Request("tiny", ("act=fail",), only="02")
    assert runner.run(request, book, lambda _: None) == runner.STEP_FAILED
    failed = newest("failed").name
    retry = Request("tiny", ("act=fail",), is_retry=True)
    assert runner.run(retry, book, lambda _: None) == runner.GOOD
    assert newest("finished").name == failed
    assert runner.run(retry, book, lambda _: None) == runner.GOOD
    assert newest("finished").name != failed
    with pytest.raises(InputError, match="--resume, --retry: both are given"):
        runner.run(Request("tiny", is_retry=True, is_resumed=True), book)


# --- access ------------------------------------------------------------------------------------------------------


def open_to_others(home):
    return [p for top in ("data/runs", "reports") for p in (home / top).rglob("*")
            if not p.is_symlink() and p.stat().st_mode & 0o077]


@pytest.fixture
def open_umask():
    """Let what the test's own process writes be open to others, as a terminal does."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_what_a_run_writes_is_for_its_owner_alone_and_reports_for_whom_the_study_names(
        book, tmp_path, monkeypatch, capsys, open_umask):
    tiny.declare(tmp_path)
    monkeypatch.setenv(folders.HOME_VARIABLE, str(tmp_path))
    process = door(book, "run", "tiny", umask=0o022)
    assert process.communicate(timeout=300)[1] == ""
    assert open_to_others(tmp_path) == []
    (tmp_path / "data" / "studies").mkdir()
    (tmp_path / "data" / "studies" / "tiny.toml").write_text('[workbook]\nreports_mode = "0755"\n')
    monkeypatch.setattr(steps, "WORKBOOK", book)
    assert __main__.main(["publish", "tiny"]) == 0
    assert capsys.readouterr().err == ""
    assert all(p.is_relative_to(tmp_path / "reports") for p in open_to_others(tmp_path))
    for place in ("", "index.html", "latest/index.html", "tiny/2020-02-01-1/02_left.html"):
        assert (tmp_path / "reports" / place).stat().st_mode & 0o044 == 0o044, place
