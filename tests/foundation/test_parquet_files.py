import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from helpers.foundation import canonical_schema, parquet_files
from helpers.foundation.engine import Engine
from helpers.foundation.workspace import Workspace
from helpers.pipeline import compare_runs, run_retention
from helpers.pipeline.runs import Run

NAMES = ["amount=7", "amount=7/n=1", "it's [1]", "sal*s", "{a,b}?", "[!x]"]
SALES = {"amount": [1.5, 2.5]}


@pytest.fixture(params=NAMES)
def folder(request, tmp_path):
    path = tmp_path / request.param / "results"
    path.mkdir(parents=True)
    return path


def stored(path):
    engine = Engine()
    return engine.arrow(engine.stored(path)).to_pydict()


def test_names_of_folders_above_a_table_are_no_data(folder):
    pq.write_table(pa.table(SALES), folder / "sales.parquet")
    assert stored(folder / "sales.parquet") == SALES
    assert parquet_files.load_table(folder / "sales.parquet").to_pydict() == SALES


def test_the_name_of_a_folder_of_parts_is_no_data(folder):
    path = folder / "amount=9.parquet"
    path.mkdir()
    for i, amount in enumerate(SALES["amount"]):
        pq.write_table(pa.table({"amount": [amount]}), path / f"part-{i}.parquet")
    assert stored(path) == SALES
    assert parquet_files.load_table(path).to_pydict() == SALES
    assert parquet_files.n_rows(path) == 2


def test_a_pattern_in_a_folder_s_name_reads_no_neighbour(tmp_path):
    for name, amount in (("s*", 1.5), ("sales", 100.0), ("s1", 100.0), ("s[1]", 2.5)):
        (tmp_path / name).mkdir()
        pq.write_table(pa.table({"amount": [amount]}), tmp_path / name / "sales.parquet")
    assert stored(tmp_path / "s*" / "sales.parquet") == {"amount": [1.5]}
    assert stored(tmp_path / "s[1]" / "sales.parquet") == {"amount": [2.5]}


def test_a_table_that_is_absent_has_no_parts_and_no_rows(tmp_path):
    assert parquet_files.table_parts(tmp_path / "sales.parquet") == []
    assert parquet_files.n_rows(tmp_path / "sales.parquet") == 0


@pytest.mark.parametrize("name", NAMES)
def test_a_workspace_in_any_folder_reads_what_it_wrote(name, tmp_path, monkeypatch):
    monkeypatch.setenv("LOYALTY_HOME", str(tmp_path / name))
    workspace = Workspace("segment=b", {"canonical/ties": canonical_schema.TIES})
    ties = pd.DataFrame({"from_customer": ["ann"], "to_customer": ["bob"]})
    workspace.write("canonical/ties", ties)
    assert workspace.frame("canonical/ties")["to_customer"].tolist() == ["bob"]


def test_runs_are_compared_and_kept_by_what_their_files_hold(folder):
    pq.write_table(pa.table(SALES), folder / "kpis.parquet")
    run = Run(folder.parent)
    assert compare_runs._frame(run, "results/kpis", pa.schema({"amount": "double"})).to_dict("list") == SALES
    assert run_retention._frame(run, "results/kpis", ["amount"])["amount"].tolist() == SALES["amount"]
    assert run.rows("results/kpis") == 2
