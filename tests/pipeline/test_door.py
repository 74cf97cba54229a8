import atexit
import gc
import json
import sys
import tomllib
from importlib import metadata

import pytest

from helpers import __main__, simulation
from helpers.foundation import folders
from helpers.pipeline import drawn_lists, progress, provenance, publishing, run_list, runner, runs, steps
from tests.pipeline import tiny


def test_a_command_that_makes_no_sense_is_one_sentence_and_code_2(capsys):
    with pytest.raises(SystemExit) as left:
        __main__.main(["run"])
    assert left.value.code == 2
    assert capsys.readouterr().err == "the following arguments are required: SOURCE; see python -m helpers run --help\n"


def declared():
    return tomllib.loads((folders.CHECKOUT_FOLDER / "pyproject.toml").read_text())["project"]


def test_the_script_that_is_declared_opens_the_same_door():
    [(name, target)] = declared()["scripts"].items()
    assert name == __main__.SCRIPT
    assert metadata.EntryPoint(name, target, "console_scripts").load() is __main__.main


@pytest.mark.parametrize(("called", "prog"), [
    (".venv/bin/loyalty", "loyalty"), ("Scripts/loyalty.exe", "loyalty"),
    ("helpers/__main__.py", "python -m helpers"), ("-m", "python -m helpers")])
def test_help_and_complaints_name_the_door_that_was_taken(called, prog, capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", [called])
    with pytest.raises(SystemExit, match="0"):
        __main__.main(["check", "--help"])
    assert capsys.readouterr().out.startswith(f"usage: {prog} check ")
    with pytest.raises(SystemExit, match="2"):
        __main__.main(["run"])
    assert capsys.readouterr().err.endswith(f"; see {prog} run --help\n")


def test_the_version_is_told_on_one_line_and_no_command_is_needed(capsys):
    with pytest.raises(SystemExit, match="0"):
        __main__.main(["--version"])
    assert capsys.readouterr().out == f"loyalty-workbook {metadata.version('loyalty-workbook')}\n"


def test_the_version_of_a_checkout_that_is_not_installed_is_the_declared_one(capsys, monkeypatch):
    def absent(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(provenance.metadata, "version", absent)
    with pytest.raises(SystemExit, match="0"):
        __main__.main(["--version"])
    assert capsys.readouterr().out == f"{declared()['name']} {declared()['version']}\n"


@pytest.mark.parametrize(("option", "text", "kind"), [
    ("--jobs", "1_0", "integer"), ("--jobs", "１", "integer"), ("--minutes", "nan", "number"),
    ("--minutes", "inf", "number")])
def test_an_option_that_is_no_number_is_refused(option, text, kind, capsys):
    with pytest.raises(SystemExit) as left:
        __main__.main(["run", "tiny", option, text])
    assert left.value.code == 2
    assert f"argument {option}: invalid {kind} value: '{text}'" in capsys.readouterr().err


def test_bad_input_is_one_sentence_and_code_2(begun, book, capsys, monkeypatch):
    monkeypatch.setattr(steps, "WORKBOOK", book)
    assert __main__.main(["run", "tiny", "--set", "sed=1"]) == 2
    assert capsys.readouterr().err == "--set sed: no notebook has this parameter; allowed: did you mean 'seed'?\n"


def test_runs_are_listed_with_state_and_time(begun, capsys):
    assert __main__.main(["runs", "tiny"]) == 0
    head, line = capsys.readouterr().out.splitlines()
    assert head.split() == ["source", "run", "state", "started", "took"]
    assert line.split()[:3] == ["tiny", "2020-02-01-1", "finished"]
    assert __main__.main(["runs", "tinny"]) == 2
    assert "did you mean 'tiny'?" in capsys.readouterr().err


def test_a_home_without_runs_says_so(home):
    assert run_list.run_lines() == ["no run yet"]


def test_a_run_at_work_is_told_from_a_killed_one(begun):
    runs.create_run("tiny", "", {})
    assert "killed" in run_list.run_lines("tiny")[-1]
    with runs.source_lock("tiny"):
        assert "running" in run_list.run_lines("tiny")[-1]


def test_two_runs_are_compared(begun, capsys):
    first = runs.known_runs("tiny", "finished")[0]
    record = {**first.record, "parameters": {**first.record["parameters"], "seed": 2}}
    record["steps"] = {**record["steps"], "02": {**record["steps"]["02"], "rows": {"results/left": 1_000}}}
    other = runs.create_run("tiny", "2020-02-02", record)
    other.closed("finished")
    assert __main__.main(["compare", "tiny", first.name, first.name]) == 0
    assert capsys.readouterr().out == "2020-02-01-1 and 2020-02-01-1 do not differ\n"
    assert __main__.main(["compare", "tiny", first.name, other.name]) == 0
    out = capsys.readouterr().out
    assert "results/left: 3 → 1,000 rows" in out
    assert "seed: 1 → 2" in out
    assert "as_of: 2020-02-01 →" not in out
    assert __main__.main(["compare", "tiny", first.name, "2020-02-02-2"]) == 2
    assert "did you mean '2020-02-02-1'?" in capsys.readouterr().err


def test_key_figures_and_headlines_that_differ_are_told(begun, capsys):
    import pyarrow as pa
    import pyarrow.parquet as pq

    first = runs.known_runs("tiny", "finished")[0]
    other = runs.create_run("tiny", "2020-02-02", first.record)
    (other.folder / "results").mkdir()
    for run, value in ((first, 1.0), (other, 1.5)):
        kpis = pa.table({"quantity": ["NPS", "same"], "segment": ["all", "all"], "value": [value, 3.0]})
        pq.write_table(kpis, run.folder / "results" / "kpis.parquet")
        pq.write_table(pa.table({"sentence": [f"NPS is {value}."]}), run.folder / "results" / "headlines.parquet")
    assert __main__.main(["compare", "tiny", first.name, other.name]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "NPS, all: 1 → 1.5" in lines
    assert {"− NPS is 1.0.", "+ NPS is 1.5."} <= set(lines)
    assert not any("same" in line for line in lines)


def test_a_company_is_simulated_into_a_folder(home, capsys):
    assert __main__.main(["simulate", "--customers", "20", "--seed", "3", "--to", str(home / "made")]) == 0
    assert "customers" in capsys.readouterr().out
    assert any((home / "made").iterdir())


def test_a_profile_is_checked_with_its_study_in_one_pass(home, capsys):
    tiny.declare(home)
    profile = home / "data" / "sources" / "tiny.toml"
    profile.write_text(profile.read_text() + '[files.orders]\npath = "orders.csv"\n[tables.transactions]\n'
                       'from = "orders"\n[tables.transactions.columns]\norder_id = "no"\nordered_at = "day"\n')
    (home / "data" / "studies").mkdir()
    (home / "data" / "studies" / "tiny.toml").write_text("[chrun]\n")
    assert __main__.main(["check", "tiny"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "there is no file 'orders.csv'" in err
    assert "did you mean 'churn'?" in err
    assert __main__.main(["check", "tinny"]) == 2


def test_a_clean_profile_is_said_to_be_clean(home, capsys):
    assert __main__.main(["simulate", "--customers", "50"]) == 0
    assert folders.raw_folder("simulated").is_dir()
    capsys.readouterr()
    assert __main__.main(["check", "simulated"]) == 0
    assert capsys.readouterr().err == ""


def test_a_profile_that_no_step_can_use_is_warned_of(home, capsys):
    (home / "data" / "sources").mkdir(parents=True, exist_ok=True)
    raw = home / "data" / "raw" / "thin"
    raw.mkdir(parents=True)
    (raw / "people.csv").write_text("id\na\nb\n")
    (home / "data" / "sources" / "thin.toml").write_text(
        'name = "thin"\ntitle = "Thin"\nas_of = "2025-01-31"\n[files.people]\npath = "people.csv"\n'
        '[tables.customers]\nfrom = "people"\n[tables.customers.columns]\ncustomer_id = "id"\n')
    assert __main__.main(["check", "thin"]) == 4
    assert capsys.readouterr().out == (
        "customers (from people): 2 rows, 2 customers\n  customer_id\n  a\n  b\n"
        "WARNING: no step after 01 could run: each needs one of responses, transactions, subscriptions, points, "
        "assignments, experiment_aggregates\n")


def test_the_time_that_is_left_follows_the_last_run():
    said = []
    line = progress.Progress({"01": 10.0, "02": 20.0}, 15.0, said.append)
    assert line.left({"02": 4.0}) == "; about 8.0 s left"
    assert line.left({}) == ""
    assert line.left({"09": 0.0}) == ""
    assert progress.Progress({}, 0.0, said.append).left({"01": 0.0}) == ""
    line.say("hello")
    assert [str(event) for event in said] == ["[00:00] hello"]


def test_a_latest_report_that_is_replaced_is_the_old_or_the_new_one_whole(begun, book):
    latest = begun / "reports" / "latest"
    (latest / "left-over.html").write_text("from before")
    publishing.publish(runs.known_runs("tiny", "finished")[0], book)
    assert not (latest / "left-over.html").exists()
    assert (latest / "index.html").is_file()
    assert [p.name for p in latest.parent.iterdir() if p.name.startswith(".")] == [".lock"]


def test_a_publication_that_was_cut_short_is_repaired_by_the_next(begun, book):
    reports = begun / "reports"
    (reports / "latest").rename(reports / ".old-latest")
    (reports / ".latest").mkdir()
    publishing.publish(runs.known_runs("tiny", "finished")[0], book)
    assert (reports / "latest" / "index.html").is_file()
    assert not (reports / ".old-latest").exists()


def test_a_killed_run_gets_pages_at_the_next_start_and_the_list_links_them(begun, book):
    from helpers.pipeline import runner

    record = json.loads(json.dumps(runs.known_runs("tiny", "finished")[0].record))
    record["steps"]["02"]["state"] = "running"
    record["steps"]["05"]["state"] = "waiting"
    killed = runs.create_run("tiny", "", record)
    runner._mark_killed("tiny", book)
    publishing.list_runs(book)
    told = runs.open_run(killed.folder)
    assert told.record["state"] == "failed"
    assert told.steps["02"] == {**record["steps"]["02"], "state": "skipped", "reason": "the runner was killed"}
    assert "the runner was killed" in (killed.folder / "pages" / "02_left.html").read_text()
    assert f"tiny/{killed.name}/pages/" in (begun / "reports" / "index.html").read_text()


@pytest.mark.parametrize(("source", "between"), [("simulated", [("simulated", "lists of simulated")]), ("tiny", [])])
def test_runs_as_of_several_days_follow_one_another_and_a_simulated_company_carries_out_lists_in_between(
        source, between, home, monkeypatch):
    done = []
    monkeypatch.setattr(runner, "run", lambda request, *_: done.append(request.as_of) or runner.GOOD)
    monkeypatch.setattr(drawn_lists, "drawn_lists", lambda name: f"lists of {name}")
    monkeypatch.setattr(simulation, "write_files", lambda folder, lists: done.append((folder.name, lists)))
    assert __main__.main(["run", source, "--as-of", "2025-09-30", "--as-of", "newest"]) == runner.GOOD
    assert done == ["2025-09-30", *between, ""]


def test_nothing_is_searched_for_garbage_only_to_leave(home, monkeypatch):
    at_the_end = []
    monkeypatch.setattr(atexit, "register", at_the_end.append)
    monkeypatch.setattr(__main__, "_run_as_of", lambda *_: 0)
    assert __main__.main(["run", "shop", "--as-of", "2025-09-30", "--as-of", "newest"]) == 0
    assert at_the_end == [gc.freeze]


def test_no_run_follows_one_that_is_not_good(home, monkeypatch):
    done = []
    monkeypatch.setattr(runner, "run", lambda request, *_: done.append(request.as_of) or runner.GATE)
    assert __main__.main(["run", "tiny", "--as-of", "2025-09-30", "--as-of", "newest"]) == runner.GATE
    assert done == ["2025-09-30"]
