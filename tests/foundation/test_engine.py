import gc

import nbformat
import pandas as pd
import pytest
from ibis.backends.sql.datatypes import DuckDBType
from nbclient import NotebookClient
from sqlglot.dialects import DuckDB
from sqlglot.generators.duckdb import DuckDBGenerator

from helpers.foundation import engine as engine_module
from helpers.foundation.engine import Engine


def counted(table):
    return table.group_by("who").aggregate(n=table.count())


def test_the_same_of_the_same_table_is_computed_once_and_of_another_anew():
    engine = Engine()
    bought = engine.kept(engine.lazy(pd.DataFrame({"who": ["a", "a", "b"]})))
    other = engine.kept(engine.lazy(pd.DataFrame({"who": ["c"]})))
    one, again, apart = (engine.once(counted, t) for t in (bought, bought, other))
    assert one is again
    assert apart is not one
    assert engine.first_row(one.order_by("who")) == {"who": "a", "n": 2}
    assert engine.first_row(apart) == {"who": "c", "n": 1}


def test_sessions_share_nothing():
    one, other = Engine(), Engine()
    frame = pd.DataFrame({"who": ["a"]})
    assert one.once(counted, one.lazy(frame)) is not other.once(counted, other.lazy(frame))


def test_a_view_gives_what_its_table_gives_also_when_nobody_else_holds_the_frame():
    engine = Engine()
    bought = engine.view(engine.lazy(pd.DataFrame({"who": ["a", "a", "b"]})))
    gc.collect()
    found = engine.view(counted(bought))
    assert engine.arrow(found.order_by("who")).to_pylist() == [{"who": "a", "n": 2}, {"who": "b", "n": 1}]
    assert engine.row(f'SELECT count(*) AS "rows" FROM {found.get_name()}') == {"rows": 2}


def test_a_kept_table_has_the_types_that_its_expression_states():
    engine = Engine()
    table = engine.lazy(pd.DataFrame({"n": [1, 2], "on": pd.to_datetime(["2025-01-01", None])}))
    summed = table.aggregate(n=table.n.sum(), on=table.on.max().cast("date"))
    kept = engine.kept(summed)
    told = engine.connection.con.execute(f"DESCRIBE {kept.get_name()}").fetchall()
    assert [kind for _, kind, *_ in told] == ["BIGINT", "DATE"]
    assert kept.schema() == summed.schema()


@pytest.mark.parametrize("folder", ["o'clock", 'say "so"', "sales[1]*"])
def test_a_table_is_read_wherever_it_lies(tmp_path, folder):
    engine, path = Engine(), tmp_path / folder / "visits.parquet"
    path.parent.mkdir()
    engine.write(engine.lazy(pd.DataFrame({"who": ["b", None, "a"], "value": [1.5, 2.0, None]})), path, ["who"])
    assert engine.arrow(engine.stored(path)).to_pylist() == [
        {"who": None, "value": 2.0}, {"who": "a", "value": None}, {"who": "b", "value": 1.5}]


def test_no_progress_of_a_query_is_printed_into_a_notebook():
    found = Engine().connection.con.execute("SELECT current_setting('enable_progress_bar')").fetchone()
    assert found == (False,)


def test_an_engine_is_connected_in_a_kernel_that_cannot_show_a_bar():
    code = ("from helpers.foundation.engine import Engine\n"
            "print(Engine().connection.con.execute(\"SELECT 1 + 1\").fetchone())")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    assert [output["text"] for output in notebook.cells[0].outputs] == ["(2,)\n"]


@pytest.mark.parametrize("name", [
    "BIGINT", "DECIMAL(12, 2)", "TEXT", "DATE", "TIME", "TIMESTAMP", "TIMESTAMPTZ", "BLOB", "BIGINT[]",
    "STRUCT(a BIGINT, b TEXT[])", "MAP(TEXT, BIGINT)", "UUID", "BOOLEAN"])
def test_a_type_is_written_as_sqlglot_writes_it_without_reading_a_word_anew(name, monkeypatch):
    kind = DuckDBType.from_ibis(DuckDBType.from_string(name))
    generator = DuckDBGenerator(dialect=DuckDB)
    full = engine_module._type_in_full(generator, kind)
    if kind.this not in engine_module._WRITTEN_IN_FULL and not kind.expressions:
        monkeypatch.setattr(type(kind), "build", None)
    assert kind.sql(dialect=DuckDB) == full
