import signal
import stat
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import nbformat
import pytest

from helpers.foundation import engine, engine_choice, folders
from helpers.foundation.errors import InputError
from helpers.intake import date_plausibility
from helpers.pipeline import publishing, run_list, runner, runs, steps, worker_pool
from helpers.pipeline.runner import Request
from tests.pipeline import tiny

TINY = "import sys; from tests.pipeline import tiny; sys.exit(tiny.main(sys.argv[1:]))"


def door(book, *arguments, **options):
    command = [sys.executable, "-c", TINY, str(book.folder), *arguments]
    return subprocess.Popen(
        command, cwd=folders.CHECKOUT_FOLDER, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )


def states(run):
    return {name: told["state"] for name, told in run.steps.items()}


def newest(state):
    return runs.known_runs("tiny", state)[-1]


def is_alive(pid):
    path = Path(f"/proc/{pid}/stat")
    return path.is_file() and path.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def until(condition, seconds=240):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return condition()


@contextmanager
def hanging(book, home):
    """Give a run, in a process of its own, that hangs in its second step."""
    process = door(book, "run", "tiny", "--only", "02", "--set", "act=hang")
    try:
        path = home / "02.pids"
        assert until(lambda: process.poll() is not None or (path.is_file() and path.read_text()), 300)
        assert process.poll() is None, process.communicate()
        yield process
    finally:
        process.kill()
        process.communicate()


def pids(home):
    return [int(pid) for pid in (home / "02.pids").read_text().split()]


def contents(folder):
    return {p.relative_to(folder): (p.read_bytes(), p.stat().st_mtime_ns) for p in folder.rglob("*") if p.is_file()}


def tables(run):
    return {p.relative_to(run.folder): p.read_bytes() for p in run.folder.rglob("*.parquet")}


def only_left(deed, *, minutes=0.0, is_resumed=False, **options):
    return Request("tiny", (f"act={deed}",), only="" if is_resumed else "02", minutes=minutes, is_resumed=is_resumed,
                   **options)


def test_a_good_run_is_dated_counted_published_and_read_only(begun):
    run = newest("finished")
    assert run.name == run.record["run"] == "2020-02-01-1"
    assert states(run) == {"01": "finished", "02": "finished", "03": "finished", "04": "not_applicable",
                           "05": "finished"}
    assert run.steps["02"]["rows"] == {"results/left": 3}
    assert run.steps["02"]["cell_seconds"] > 0
    assert run.steps["02"]["peak_mib"] > 10
    assert all(stat.S_IMODE(p.stat().st_mode) == 0o400 for p in run.folder.rglob("*") if p.is_file())
    for folder in (begun / "reports" / "latest", begun / "reports" / "tiny" / "2020-02-01-1"):
        assert {p.name for p in folder.iterdir()} == {
            "01_in.html", "02_left.html", "03_right.html", "04_asked.html", "index.html", "notebooks"}
    assert "undated" not in (run.folder / "notebooks" / "01_in.ipynb").read_text()
    assert not (run.folder.parent / runs.AT_WORK).exists()


def test_spark_works_on_large_tables_alone(begun, book, monkeypatch):
    asked, choose = [], engine_choice.engine_of_size
    monkeypatch.setattr(engine_choice, "require_engine", lambda name: None)
    monkeypatch.setattr(engine_choice, "engine_of_size", lambda name, size: asked.append(size) or choose(name, size))

    def engines():
        assert runner.run(Request("tiny", engine="spark", jobs=1), book, lambda _: None) == runner.GOOD
        return {name: told.get("engine") for name, told in newest("finished").steps.items()}

    (raw := folders.raw_folder("tiny")).mkdir(parents=True, exist_ok=True)
    (raw / "orders.csv").write_bytes(bytes(3_000_000))
    with (begun / "data" / "sources" / "tiny.toml").open("a", encoding="utf-8") as profile:
        profile.write('[files.orders]\npath = "orders.csv"\n')
    found, canonical = engines(), newest("finished").folder / "canonical" / "transactions.parquet"
    assert found == {"01": "duckdb", "02": "duckdb", "03": "duckdb", "04": None, "05": "duckdb"}
    assert asked[1:] == [3_000_000, *[canonical.stat().st_size] * 3]
    monkeypatch.setenv(engine_choice.SPARK_FROM_VARIABLE, "2")
    assert engines()["01"] == "spark"
    monkeypatch.setenv(engine_choice.SPARK_FROM_VARIABLE, "0")
    assert set(engines().values()) == {"spark", None}
    monkeypatch.setenv(engine_choice.SPARK_FROM_VARIABLE, "much")
    with pytest.raises(InputError, match="LOYALTY_SPARK_FROM_MIB: 'much' cannot be used; allowed: a whole number"):
        engines()


def test_a_step_that_none_can_work_beside_has_the_whole_machine(begun, book, monkeypatch):
    told, start = {}, worker_pool.Worker.start
    monkeypatch.setattr(worker_pool.Worker, "start", lambda self, order, seconds: (
        told.update({Path(order.notebook).stem[:2]: order.environment}), start(self, order, seconds))[1])
    for name, value in ((engine.THREADS_VARIABLE, "4"), (engine.MEMORY_VARIABLE, "1000")):
        monkeypatch.setenv(name, value)
    assert runner.run(Request("tiny", jobs=2), book, lambda _: None) == runner.GOOD
    limits = {n: (its.get(engine.THREADS_VARIABLE), its.get(engine.MEMORY_VARIABLE)) for n, its in told.items()}
    assert limits == {
        "01": ("4", "1000"), "02": (None, None), "03": (None, None), "05": (None, None)}


def test_the_page_of_a_step_without_its_tables_says_what_is_missing_and_what_it_would_enable(begun):
    page = (begun / "reports" / "latest" / "04_asked.html").read_text()
    assert "there are no responses" in page
    assert "what was asked" in page


def test_a_page_names_the_parameters_of_its_own_notebook_alone(begun):
    pages = {p.name: p.read_text(encoding="utf-8") for p in (begun / "reports" / "latest").glob("*.html")}
    assert "seed = 1" in pages["02_left.html"]
    of_run = {"04_asked.html"}  # was not executed, so that its page tells what the run was given
    assert {name for name, page in pages.items() if "width = 1.5" in page} == {"03_right.html"} | of_run


def test_a_cell_for_work_by_hand_is_left_out_of_a_run_and_a_plain_figure_is_on_its_page(begun):
    run = newest("finished")
    cells = nbformat.read(run.folder / "notebooks" / "05_end.ipynb", as_version=4).cells
    assert [c.execution_count for c in cells if c.source == "1 / 0"] == [None]
    html = (run.folder / "pages" / "index.html").read_text(encoding="utf-8")
    assert '<img class="picture" alt="Right is twice as large"' in html


def test_pages_rendered_while_a_step_still_works_are_those_of_the_closed_run(begun, book, monkeypatch):
    ahead, render_ahead = [], publishing.render_ahead
    monkeypatch.setattr(publishing, "render_ahead", lambda run, step, of: [
        ahead.append(step.name), render_ahead(run, step, of)])
    assert runner.run(Request("tiny"), book) == 0
    run = newest("finished")
    assert set(ahead) >= {"01", "02"}
    for step in book.steps:
        page = (run.folder / "pages" / publishing.page_name(step, book)).read_text(encoding="utf-8")
        assert page == publishing._page(run, step, book, "finished"), step.name


def test_every_link_of_the_published_pages_leads_somewhere(begun):
    import re

    for page in (begun / "reports").rglob("*.html"):
        links = [link for link in re.findall(r'href="([^"#]+)', page.read_text()) if "://" not in link]
        assert links
        assert [link for link in links if not (page.parent / link).exists()] == [], page


def test_steps_run_side_by_side_give_the_same_tables_as_one_after_the_other(begun, book):
    assert runner.run(Request("tiny", jobs=1), book) == 0
    assert tables(newest("finished")) == tables(runs.known_runs("tiny", "finished")[0])


def test_a_failing_step_leaves_the_others_standing_and_the_last_good_run_untouched(begun, book, capsys):
    good = newest("finished")
    kept = contents(good.folder), contents(begun / "reports" / "latest")
    assert runner.run(Request("tiny", ("act=fail",), first="02"), book) == 1
    run = newest("failed")
    assert states(run) == {"01": "taken", "02": "failed", "03": "finished", "04": "not_applicable", "05": "skipped"}
    assert "02 Left: ZeroDivisionError: division by zero" in capsys.readouterr().err
    assert "ZeroDivisionError: division by zero" in (run.folder / "pages" / "02_left.html").read_text()
    assert "05 End" in (run.folder / "pages" / "index.html").read_text()
    assert f"../data/runs/tiny/{run.name}/pages/02_left.html" in (begun / "reports" / "index.html").read_text()
    assert kept == (contents(good.folder), contents(begun / "reports" / "latest"))

    assert runner.run(Request("tiny", ("act=fail",), is_resumed=True), book) == 0
    assert newest("finished").name == run.name
    assert states(newest("finished"))["05"] == "finished"


AWAIT = """for name in {names!r}:
    end = time.monotonic() + 120
    while not (Path(os.environ["LOYALTY_HOME"]) / name).exists():
        assert time.monotonic() < end, name
        time.sleep(0.05)"""


@pytest.fixture
def early(begun, tmp_path):
    """Give a workbook whose second step writes its table early, and then does what it is told."""
    def changed(awaited, then="", last=""):
        book = tiny.workbook(tmp_path / "early")
        for name, cells in (("02_left.ipynb", [AWAIT.format(names=awaited), then]), ("05_end.ipynb", [last])):
            notebook = nbformat.read(book.folder / name, as_version=4)
            notebook.cells += [nbformat.v4.new_code_cell(source) for source in cells]
            nbformat.write(notebook, book.folder / name)
        steps = (replace(step, writes_early=step.writes if step.name == "02" else ()) for step in book.steps)
        return replace(book, steps=tuple(steps))
    return changed


END = ("05.pids", "data/runs/tiny/.at-work/05/results/end.parquet")


def test_a_step_begins_on_a_table_that_is_written_early_and_is_through_after_the_step_that_wrote_it(begun, early):
    book = early(END, "time.sleep(3)")  # the second step ends some time after the last one has done its work
    assert [step.name for step in book.steps if book.is_alone(step)] == ["01"]
    assert runner.run(Request("tiny"), book, lambda _: None) == runner.GOOD
    run = newest("finished")
    end, left = run.steps["05"], run.steps["02"]
    assert end["started_at"] < left["finished_at"] < end["finished_at"]
    assert end["seconds"] < left["seconds"] - 2  # it took no longer because it had to wait
    assert tables(run) == tables(runs.known_runs("tiny", "finished")[0])


@pytest.mark.parametrize("last", ["", "time.sleep(600)"], ids=["has done its work", "still works"])
def test_a_step_that_fails_takes_its_early_table_and_those_that_began_on_it_along(begun, early, last):
    mark = 'Path(os.environ["LOYALTY_HOME"]) / "again"'
    book = early(END, f"assert ({mark}).exists()", f"({mark}).exists() or {last}" if last else "")
    assert runner.run(Request("tiny"), book, lambda _: None) == runner.STEP_FAILED
    run = newest("failed")
    assert states(run) == {"01": "finished", "02": "failed", "03": "finished", "04": "not_applicable", "05": "skipped"}
    assert run.steps["05"]["reason"] == "it depends on 02, which did not end well"
    assert {path.stem for path in tables(run)} == {"transactions", "right"}
    (begun / "again").touch()
    assert runner.run(Request("tiny", is_resumed=True), book, lambda _: None) == runner.GOOD
    assert {path.stem for path in tables(newest("finished"))} == {"transactions", "right", "left", "end"}


@pytest.fixture
def failed(begun):
    """Give one test a home with a run that has failed, although nothing ran for it."""
    record = dict(newest("finished").record)
    raw = begun / "data" / "raw" / "tiny"
    raw.mkdir(parents=True)
    (raw / "a.csv").write_text("a")
    profile = begun / "data" / "sources" / "tiny.toml"
    profile.write_text(profile.read_text() + '[files.all]\npath = "*.csv"\n')
    record["steps"] = {**record["steps"], "02": {"title": "Left", "state": "failed", "reason": "it broke"}}
    record |= {"revision": tiny.REVISION, "parameters": {**record["parameters"], "act": "fail"},
               "raw": runner.provenance.raw_checksums("tiny"),
               "profile": runner.provenance.declared_checksum("sources", "tiny")}
    runs.create_run("tiny", "2020-02-01", record).closed("failed", "it broke")
    return begun


def test_nothing_starts_behind_an_intake_that_failed(home, tmp_path):
    tiny.declare(home)
    book = tiny.workbook(tmp_path / "broken")
    path = book.path(book.steps[0])
    path.write_text(path.read_text().replace("step, table =", "1 / 0; step, table ="))
    assert runner.run(Request("tiny"), book) == 1
    run = newest("failed")
    assert states(run) == {"01": "failed", **dict.fromkeys(("02", "03", "04", "05"), "skipped")}
    assert run.name == "undated-1"
    assert [p.name for p in (run.folder / "notebooks").iterdir()] == ["01_in.ipynb"]


@pytest.mark.parametrize(("deed", "code", "sentence"), [
    ("input", 2, "left.csv: it is empty"), ("gate", 3, "control: it is not met")])
def test_bad_input_and_a_gate_found_by_a_step_have_exit_codes_of_their_own(begun, book, capsys, deed, code, sentence):
    assert runner.run(only_left(deed), book) == code
    assert capsys.readouterr().err == f"02 Left: {sentence}; --resume continues run {newest('failed').name}\n"
    assert sentence in (newest("failed").folder / "pages" / "02_left.html").read_text()


def test_a_killed_kernel_fails_its_step_and_the_run_is_resumed(begun, book):
    assert runner.run(only_left("die"), book) == 1
    assert newest("failed").steps["02"]["reason"] == "its kernel died"
    assert runner.run(only_left("die", is_resumed=True), book) == 0


def test_a_hung_cell_is_stopped_and_the_notebook_tells_the_truth(begun, book):
    assert runner.run(only_left("hang", minutes=0.15), book) == 1
    run = newest("failed")
    assert run.steps["02"]["reason"] == "a cell took longer than 6 s"
    import nbformat

    cells = nbformat.read(run.folder / "notebooks" / "02_left.ipynb", as_version=4).cells
    assert [c.metadata.papermill.status for c in cells if c.cell_type == "code"][-2:] == ["failed", "pending"]
    assert until(lambda: not any(map(is_alive, pids(begun))))


@pytest.mark.parametrize(("deed", "reason"), [
    ("freeze", "it did not end within 5.0 s"), ("orphan", "its process ended without a result")])
def test_a_worker_that_hangs_or_dies_takes_its_kernel_with_it(begun, book, deed, reason):
    assert runner.run(only_left(deed, minutes=5 / 60), book) == 1
    assert newest("failed").steps["02"]["reason"] == reason
    assert not any(map(is_alive, pids(begun)))


def test_a_kernel_that_does_not_leave_after_its_last_cell_is_ended_and_its_step_is_good(begun, book):
    assert runner.run(only_left("linger"), book) == 0
    assert not any(map(is_alive, pids(begun)))


@pytest.mark.parametrize(("change", "sentence"), [
    ("study", "the study has changed since"), ("profile", "the source profile has changed since"),
    ("raw", "the raw files have changed since"), ("code", "the code has changed since"),
    ("seed", "its parameters were different (seed: 1 then, 7 now)")])
def test_a_failed_run_is_not_resumed_with_another_study_profile_data_code_or_seed(
        failed, book, monkeypatch, change, sentence):
    settings = ["act=fail"]
    if change == "study":
        (failed / "data" / "studies").mkdir()
        (failed / "data" / "studies" / "tiny.toml").write_text("[churn]\neligible_days = 30\n")
    elif change == "profile":
        profile = failed / "data" / "sources" / "tiny.toml"
        profile.write_text(profile.read_text() + "# changed\n")
    elif change == "raw":
        (failed / "data" / "raw" / "tiny" / "a.csv").write_text("other")
    elif change == "code":
        monkeypatch.setattr(runner.provenance, "revision", lambda _: "another")
    else:
        settings.append("seed=7")
    name = newest("failed").name
    with pytest.raises(InputError) as refused:
        runner.run(Request("tiny", tuple(settings), is_resumed=True), book)
    assert str(refused.value) == (f"--resume: run {name} cannot be continued: {sentence}; "
                                  "allowed: a run without --resume")
    assert newest("failed").record["state"] == "failed"


def test_a_killed_runner_loses_nothing_and_leaves_no_process(begun, book):
    good = newest("finished")
    kept = contents(good.folder)
    with hanging(book, begun) as process:
        process.kill()
    assert until(lambda: not any(map(is_alive, pids(begun))))
    assert "killed" in run_list.run_lines("tiny")[-1]

    assert runner.run(only_left("hang", is_resumed=True), book) == 0
    assert [run.name for run in runs.known_runs("tiny", "finished")] == ["2020-02-01-1", "2020-02-01-2"]
    assert contents(good.folder) == kept


def test_a_run_that_a_scheduler_stops_says_so_and_can_be_resumed(begun, book):
    with hanging(book, begun) as process:
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=240)
    assert process.returncode == 1
    assert f"the run was interrupted; --resume continues run {newest('failed').name}" in out
    assert err == ""
    assert not any(map(is_alive, pids(begun)))
    assert newest("failed").record["reason"] == "the run was interrupted"


def test_a_second_run_of_the_source_says_so_and_leaves(begun, book, capsys, monkeypatch):
    from helpers import __main__

    monkeypatch.setattr(steps, "WORKBOOK", book)
    kept = contents(begun)
    with runs.source_lock("tiny"):
        assert __main__.main(["run", "tiny"]) == 75
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("tiny: another run is at work (process ")
    assert err.endswith("); allowed: one run of a source at a time\n")
    lock = runs.lock_path("tiny")
    assert {p: v for p, v in contents(begun).items() if begun / p != lock} == {
        p: v for p, v in kept.items() if begun / p != lock}


def test_one_step_is_run_anew_with_the_rest_taken_from_the_newest_comparable_run(begun, book):
    latest = contents(begun / "reports" / "latest")
    assert runner.run(Request("tiny", ("width=2",), only="3"), book) == 0
    first, second = runs.known_runs("tiny", "finished")
    assert second.record["stale"] == ["05"]
    assert contents(begun / "reports" / "latest") == latest
    assert (begun / "reports" / "tiny" / second.name / "03_right.html").is_file()
    assert states(second) == {"01": "taken", "02": "taken", "03": "finished", "04": "not_applicable", "05": "taken"}
    assert second.steps["01"]["taken_from"] == first.name
    assert (first.folder / "results/left.parquet").samefile(second.folder / "results/left.parquet")


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        (Request("tinny"), "tinny: there is no such source profile; allowed: did you mean 'tiny'?"),
        (Request("tiny", ("sed=1",)), "--set sed: no notebook has this parameter; allowed: did you mean 'seed'?"),
        (
            Request("tiny", ("seed=x",)),
            "--set seed: 'x' is not of type int; allowed: seed of every random draw [integer], for instance 1",
        ),
        (Request("tiny", ("seed",)), "--set: 'seed' has no value; allowed: name=value"),
        (Request("tiny", ("as_of=2020-01-01",)), "--set as_of: this parameter is not set by hand; allowed: --as-of"),
        (
            Request("tiny", as_of="yesterday"),
            "--as-of: 'yesterday' is not a date; allowed: an ISO date such as 2026-11-21",
        ),
        (
            Request("tiny", as_of="9999-12-31"),
            "--as-of: 9999-12-31 has not begun; allowed: a day up to 2026-11-30",
        ),
        (Request("tiny", raw="no"), "--raw: there is no folder 'no'; allowed: the folder with the source's files"),
        (Request("tiny", only="9"), "--only: there is no step '9'; allowed: 01, 02, 03, 04, 05"),
        (Request("tiny", first="2", only="3"), "--from, --only: both are given; allowed: one of them"),
        (Request("tiny", engine="oracle"), "--engine: there is no engine 'oracle'; allowed: known: duckdb, spark"),
        (Request("tiny", jobs=-1), "--jobs, --minutes: below zero; allowed: 0 for the usual"),
        (Request("tiny", is_resumed=True), "--resume: no run of tiny has failed; allowed: a run without --resume"),
        (
            Request("tiny", is_resumed=True, only="2"),
            "--resume: a resumed run keeps its own steps; allowed: no --from, no --only",
        ),
        (
            Request("tiny", ("seed=2",), only="5"),
            "--from, --only: nothing can be taken from run 2020-02-01-1: its "
            "parameters were different (seed: 1 then, 2 now); allowed: a whole run",
        ),
    ],
)
def test_what_is_wrong_is_refused_in_one_sentence_before_anything_starts(begun, book, monkeypatch, request_, sentence):
    monkeypatch.setattr(date_plausibility, "newest_begun_day", lambda: date(2026, 11, 30))
    with pytest.raises(InputError) as refused:
        runner.run(request_, book)
    assert str(refused.value) == sentence
    assert [p.name for p in folders.runs_folder("tiny").iterdir() if p.name[0] != "."] == ["2020-02-01-1"]


def test_nothing_can_be_taken_where_no_run_has_finished(home, book):
    tiny.declare(home)
    with pytest.raises(InputError, match="no run of tiny has finished, so its steps 01 cannot be taken"):
        runner.run(Request("tiny", only="02"), book)


def test_the_intake_alone_needs_no_earlier_run_and_leaves_the_rest_out(home, book):
    tiny.declare(home)
    assert runner.run(Request("tiny", only="01"), book) == 0
    run = newest("finished")
    assert states(run) == {"01": "finished", **dict.fromkeys(("02", "03", "04", "05"), "left_out")}
    assert not (home / "reports" / "latest").exists()
    assert f"tiny/{run.name}/01_in.html" in (home / "reports" / "index.html").read_text()
    assert "was asked for other steps only" in (home / "reports" / "tiny" / run.name / "index.html").read_text()


def test_a_finished_run_made_read_only_disturbs_nothing(begun, book):
    good = newest("finished").folder
    for path in [good, *(p for p in good.rglob("*") if p.is_dir())]:
        path.chmod(0o555)
    kept = contents(good)
    assert runner.run(Request("tiny", ("width=3",), first="03"), book) == 0
    assert contents(good) == kept
    for path in [good, *(p for p in good.rglob("*") if p.is_dir())]:
        path.chmod(0o755)
