import os
import shutil
import subprocess
import sys
from types import SimpleNamespace

import nbformat
import numpy as np
import pandas as pd
import pytest
import seaborn as sns

from helpers import __main__
from helpers.foundation import folders
from helpers.pipeline import parameters, scratch_notebooks, steps
from helpers.pipeline.scratch_notebooks import copy_notebooks
from tests.pipeline import tiny

DAYS, FEWER = "width: float = 1.5", "width: float = 0.5"


@pytest.fixture
def own(tmp_path):
    """Return a workbook whose copies have been taken."""
    book = tiny.workbook(tmp_path / "notebooks")
    copy_notebooks(book)
    return book


def edit(path, old=DAYS, new=FEWER):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def right(book):
    return book.scratch / "03_right.ipynb"


def lines(book, **more):
    return [copy.line for copy in copy_notebooks(book, **more) if copy.line]


def test_every_notebook_gets_a_copy_of_its_own(tmp_path):
    book = tiny.workbook(tmp_path / "notebooks")
    assert lines(book) == [f"{step.notebook}: copied" for step in tiny.STEPS]
    for step in tiny.STEPS:
        assert (book.scratch / step.notebook).read_bytes() == book.path(step).read_bytes()
    assert lines(book) == []


def test_an_edited_copy_is_kept_and_no_run_sees_it(own):
    before = {step.notebook: parameters.notebook_parameters(own.path(step)) for step in own.steps}
    edit(right(own))
    assert lines(own) == ["03_right.ipynb: the edited copy is kept"]
    assert FEWER in right(own).read_text()
    assert {step.notebook: parameters.notebook_parameters(own.path(step)) for step in own.steps} == before


def test_a_copy_that_was_only_run_follows_its_notebook(own):
    shown = nbformat.read(right(own), as_version=4)
    shown.cells[2].outputs, shown.cells[2].execution_count = [nbformat.v4.new_output("stream", text="said")], 7
    nbformat.write(shown, right(own))
    assert lines(own) == []
    edit(own.folder / "03_right.ipynb")
    assert lines(own) == ["03_right.ipynb: copied anew, because the notebook has changed"]
    assert right(own).read_bytes() == (own.folder / "03_right.ipynb").read_bytes()


def test_an_edited_copy_of_a_changed_notebook_is_kept_until_a_fresh_one_is_asked_for(own):
    edit(right(own))
    edit(own.folder / "03_right.ipynb", "seed: int = 1", "seed: int = 2")
    for _ in range(2):
        line, = lines(own)
        assert line.startswith("03_right.ipynb: the edited copy is kept, although the notebook has changed since")
    assert FEWER in right(own).read_text()
    said = "03_right.ipynb: copied anew; the edited copy is kept as 03_right-edited-1.ipynb"
    assert said in lines(own, is_fresh=True)
    assert FEWER in (own.scratch / "03_right-edited-1.ipynb").read_text()
    assert "seed: int = 2" in right(own).read_text()
    assert lines(own) == []


def test_no_edited_copy_takes_the_place_of_another(own):
    for n, width in ((1, "0.1"), (2, "0.2")):
        edit(right(own), DAYS, f"width: float = {width}")
        assert any(line.endswith(f"03_right-edited-{n}.ipynb") for line in lines(own, is_fresh=True))
    assert "width: float = 0.1" in (own.scratch / "03_right-edited-1.ipynb").read_text()
    assert "width: float = 0.2" in (own.scratch / "03_right-edited-2.ipynb").read_text()


def test_a_fresh_copy_has_no_outputs_of_the_last_trial(own):
    shown = nbformat.read(right(own), as_version=4)
    shown.cells[2].outputs = [nbformat.v4.new_output("stream", text="said")]
    nbformat.write(shown, right(own))
    assert "03_right.ipynb: copied" in lines(own, is_fresh=True)
    assert "said" not in right(own).read_text()
    assert not list(own.scratch.glob("*edited*"))


def test_an_edit_that_the_notebook_has_taken_over_is_no_edit_any_more(own):
    edit(right(own))
    edit(own.folder / "03_right.ipynb")
    assert lines(own) == []
    edit(own.folder / "03_right.ipynb", FEWER, DAYS)
    assert lines(own) == ["03_right.ipynb: copied anew, because the notebook has changed"]


@pytest.mark.parametrize("record", [None, "", "[]", "{"])
def test_without_a_record_what_differs_counts_as_edited(own, record):
    edit(right(own))
    path = own.scratch / scratch_notebooks.RECORD
    path.unlink() if record is None else path.write_text(record)
    line, = lines(own)
    assert "the edited copy is kept" in line
    assert FEWER in right(own).read_text()


def test_a_copy_that_is_no_notebook_is_set_aside(own):
    right(own).write_text("{")
    assert lines(own) == ["03_right.ipynb: the edited copy is kept"]
    lines(own, is_fresh=True)
    assert (own.scratch / "03_right-edited-1.ipynb").read_text() == "{"


def test_the_door_copies_and_opens_the_folder_of_copies_only(own, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(steps, "WORKBOOK", own)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(folders.HOME_VARIABLE, "here")
    begun = []
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "5")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "execv", lambda *told: begun.append((told, os.environ[folders.HOME_VARIABLE])))
    edit(right(own))
    assert __main__.main(["lab", "--closed"]) == 0
    assert begun == []
    assert capsys.readouterr().out.splitlines() == [
        "03_right.ipynb: the edited copy is kept",
        f"copies for work by hand are in {own.scratch}; runs never read them"]
    __main__.main(["lab", "--fresh"])
    assert begun == [((sys.executable, [sys.executable, "-m", "jupyterlab", str(own.scratch)]),
                      str(tmp_path / "here"))]
    assert (os.environ["OPENBLAS_NUM_THREADS"], os.environ["MKL_NUM_THREADS"]) == ("5", "1"), "one, unless told"
    assert FEWER in (own.scratch / "03_right-edited-1.ipynb").read_text()


def test_a_copy_finds_the_helpers_the_home_and_the_shipped_profiles(own):
    code = (
        "from helpers.foundation import folders\nprint(folders.home_folder(), folders.CHECKOUT_FOLDER, "
        "folders.config_file('sources', 'simulated'))"
    )
    told = [subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True,
                           env={**os.environ, "PYTHONPATH": str(folders.CHECKOUT_FOLDER)}).stdout
            for folder in (own.folder, own.scratch)]
    assert told[0] == told[1] != ""


def test_git_tests_and_runs_leave_the_copies_out(tmp_path):
    root = folders.CHECKOUT_FOLDER
    ignored = subprocess.run(["git", "check-ignore", "-q", "notebooks/scratch/05_churn_prediction.ipynb"], cwd=root,
                             check=False)
    if (root / ".git").exists():
        assert ignored.returncode == 0
    shutil.copy(root / "conftest.py", tmp_path)
    book = tiny.workbook(tmp_path / "notebooks")
    copy_notebooks(book)
    collected = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbval-lax", "--collect-only", "-q", "-p", "no:cacheprovider", "notebooks"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(root), "PYTEST_ADDOPTS": ""}).stdout
    assert "notebooks/03_right.ipynb" in collected
    assert "scratch" not in collected


NOTHING = pd.Series([None, None], dtype="str")
ORDERS = pd.DataFrame({"ordered_at": pd.to_datetime(["2024-01-01", "2024-01-02"]), "kind": "sale", "amount": [1.0, 2.0],
                       "channel": NOTHING})
CUSTOMERS = pd.DataFrame({"customer_id": ["a", "b"], "acquired_channel": NOTHING, "n_orders": 2, "attitude": np.nan,
                          "tier": "top", "tier_rank": 1, "churn_probability": np.nan, "risk": NOTHING})
VALUE, SCORES = ["customer_id", "tier", "tier_rank"], ["customer_id", "churn_probability", "risk"]


@pytest.mark.parametrize("stem", ["01_data_intake", "03_loyalty_modelling", "07_action_plan"])
def test_a_cell_for_work_by_hand_runs_where_a_source_has_no_channels_no_answers_and_no_scores(session_engine, stem):
    notebook = nbformat.read(steps.WORKBOOK.folder / f"{stem}.ipynb", as_version=4)
    source, = (cell.source for cell in notebook.cells if cell.id == "explore")
    workspace = SimpleNamespace(engine=session_engine, frame=lambda name: CUSTOMERS[SCORES])
    names = {"sns": sns, "engine": session_engine, "workspace": workspace, "seed": 1, "people": CUSTOMERS[
        ["customer_id", "n_orders", "attitude"]], "value": CUSTOMERS[VALUE], "lines": session_engine.lazy(ORDERS),
        "customers": session_engine.lazy(CUSTOMERS), "registry": SimpleNamespace(places_text=lambda _: "")}
    exec(source, names)
    assert names["axes"].get_title()
