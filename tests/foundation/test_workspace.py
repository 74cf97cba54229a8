import json
import os
from datetime import date

import pandas as pd
import pytest

from helpers.foundation import atomic_files, folders, workspace
from helpers.foundation.errors import InputError
from helpers.pipeline import registry

NAME = "canonical/transactions"

pytestmark = pytest.mark.usefixtures("shop")


def orders(*ids, amount=1.5):
    return pd.DataFrame({"order_id": list(ids), "line": 1, "ordered_at": pd.Timestamp("2024-03-01 10:00"),
                         "kind": "sale", "amount": amount})


def finished_run(home, source, run, frame, **about):
    folder = home / "data" / "runs" / source / run
    folder.mkdir(parents=True)
    workspace = registry.open_workspace(source)
    workspace.write(NAME, frame)
    (folder / "canonical").mkdir()
    (workspace.folder / f"{NAME}.parquet").rename(folder / f"{NAME}.parquet")
    atomic_files.write_json(folder / "manifest.json", {"state": "finished", "as_of": "2024-03-01", **about})
    return folder


def test_a_table_is_written_sorted_by_key_and_read_back_with_plain_types(home):
    workspace = registry.open_workspace("shop")
    assert workspace.write(NAME, orders("b", "a")) == "canonical/transactions: 2 × 18"
    frame = workspace.frame(NAME)
    assert frame["order_id"].tolist() == ["a", "b"]
    assert frame["amount"].dtype == "float64"
    assert frame["promised_on"].dtype == "datetime64[us]"


def test_a_table_that_breaks_its_declaration_leaves_the_earlier_one_in_place(home):
    workspace = registry.open_workspace("shop")
    workspace.write(NAME, orders("a"))
    with pytest.raises(InputError, match="key: 1 of 2 rows repeat an earlier one"):
        workspace.write(NAME, orders("b", "b"))
    assert workspace.frame(NAME)["order_id"].tolist() == ["a"]
    assert [p.name for p in (workspace.folder / "canonical").iterdir()] == ["transactions.parquet"]


def test_an_absent_table_reads_as_its_declared_empty_table(home):
    workspace = registry.open_workspace("shop")
    assert workspace.frame("canonical/customers").empty
    assert not workspace.has("canonical/customers")


def test_a_misspelt_table_names_the_nearest_one(home):
    with pytest.raises(InputError, match="did you mean 'canonical/transactions'"):
        registry.open_workspace("shop").table("canonical/transaction")


def test_more_rows_than_the_limit_are_refused(home):
    workspace = registry.open_workspace("shop")
    workspace.write(NAME, orders("a", "b", "c"))
    assert len(workspace.frame(NAME, limit=3)) == 3
    with pytest.raises(InputError, match="more than 2 rows"):
        workspace.frame(NAME, limit=2)


def test_scratch_reads_fall_back_to_the_newest_finished_run_and_say_so(home, capsys):
    finished_run(home, "shop", "2024-02-01-1", orders("old"), started_at="1")
    finished_run(home, "shop", "2024-03-01-1", orders("new"), started_at="2")
    assert registry.open_workspace("shop").frame(NAME)["order_id"].tolist() == ["new"]
    assert registry.open_workspace("shop", "2024-02-01-1").frame(NAME)["order_id"].tolist() == ["old"]
    assert "canonical/transactions: 2024-03-01-1, under a minute old" in capsys.readouterr().out


@pytest.mark.parametrize("frame", [orders("a", "b").assign(promised_on=[pd.Timestamp("2024-03-02"), None]),
                                   orders("a").head(0)], ids=["two rows", "no row"])
def test_a_table_of_another_run_is_the_frame_that_the_engine_gives(home, frame):
    finished_run(home, "shop", "2024-02-01-1", frame)
    through_engine = registry.open_workspace("shop", "2024-02-01-1").frame(NAME)
    pd.testing.assert_frame_equal(registry.open_workspace("shop").frame_of("2024-02-01-1", NAME), through_engine)


def test_an_absent_or_damaged_table_of_another_run_has_the_types_of_its_declaration(home, capsys):
    folder = finished_run(home, "shop", "2024-02-01-1", orders("a"))
    workspace = registry.open_workspace("shop")
    declared = registry.open_workspace("telco").frame(NAME).dtypes
    (folder / f"{NAME}.parquet").write_bytes(b"no table")
    assert workspace.frame_of("2024-02-01-1", NAME).dtypes.equals(declared)
    assert "it is no whole table; allowed: a run made anew; read as empty" in capsys.readouterr().out
    (folder / f"{NAME}.parquet").unlink()
    assert workspace.frame_of("2024-02-01-1", NAME).dtypes.equals(declared)


def test_runs_of_another_source_are_never_a_base(home):
    finished_run(home, "shop", "2024-02-01-1", orders("old"))
    assert registry.open_workspace("telco").base is None


def test_scratch_remembers_its_base_and_a_new_intake_clears_it(home):
    finished_run(home, "shop", "2024-02-01-1", orders("old"), started_at="1")
    workspace = registry.open_workspace("shop").cleared()
    workspace.write(NAME, orders("mine"))
    finished_run(home, "shop", "2024-03-01-1", orders("new"), started_at="2")
    assert registry.open_workspace("shop").base.name == "2024-02-01-1"
    assert registry.open_workspace("shop").cleared().base.name == "2024-03-01-1"
    assert registry.open_workspace("shop", "2024-02-01-1").cleared().base.name == "2024-02-01-1"


def test_tables_written_by_hand_are_for_their_owner_alone_whatever_the_process_allows(home):
    before = os.umask(0o022)
    try:
        registry.open_workspace("shop").write(NAME, orders("mine"))
    finally:
        os.umask(before)
    for place in ("data/runs", "data/runs/shop", "data/runs/shop/scratch", "data/runs/shop/scratch/canonical"):
        assert (home / place).stat().st_mode & 0o077 == 0, place


def test_a_finished_run_is_never_written_to(home):
    folder = finished_run(home, "shop", "2024-02-01-1", orders("old"))
    before = (folder / f"{NAME}.parquet").read_bytes()
    registry.open_workspace("shop", "2024-02-01-1").write(NAME, orders("mine"))
    assert (folder / f"{NAME}.parquet").read_bytes() == before


def test_an_unknown_run_lists_the_finished_ones(home):
    finished_run(home, "shop", "2024-02-01-1", orders("old"))
    with pytest.raises(InputError, match=r"there is no run '2024-02-02-1' of shop; .*: 2024-02-01-1"):
        registry.open_workspace("shop", "2024-02-02-1").frame(NAME)


def test_inside_a_run_tables_go_to_the_folder_of_the_step_and_are_counted(home, monkeypatch):
    step = home / "data" / "runs" / "shop" / "2024-03-01-1" / ".step-01"
    step.mkdir(parents=True)
    monkeypatch.setenv(folders.STEP_FOLDER_VARIABLE, str(step))
    workspace = registry.open_workspace("shop", "2024-03-01-1").cleared()
    workspace.write(NAME, orders("a"))
    workspace.frame("canonical/customers")
    workspace.settle(date(2024, 3, 1))
    seen = json.loads((step / "seen.json").read_text())
    assert seen == {"as_of": "2024-03-01", "ended": {}, "reads": ["canonical/customers"], "writes": {NAME: 1}}


def test_the_date_of_the_run_is_the_one_given_else_the_one_settled(home):
    workspace = registry.open_workspace("shop").cleared()
    with pytest.raises(InputError, match="no intake of shop has run yet"):
        _ = workspace.as_of_on
    workspace.settle(date(2024, 3, 1))
    assert registry.open_workspace("shop").as_of_on == date(2024, 3, 1)
    assert registry.open_workspace("shop", as_of="2024-02-01").as_of_on == date(2024, 2, 1)


def test_a_home_has_its_own_profiles_and_studies_before_the_shipped_ones(home):
    (home / "data" / "studies").mkdir(parents=True)
    (home / "data" / "studies" / "shop.toml").write_text('name = "shop"\n[economics]\nmargin_rate = 0.5\n')
    assert registry.open_workspace("shop").study.economics.margin_rate == 0.5
    assert registry.open_workspace("telco").study.economics.margin_rate == 0.3
    assert "shop" in folders.config_names("studies")


def test_a_misspelt_source_names_the_nearest_one():
    with pytest.raises(InputError, match=r"no source profile 'simulatd'.*did you mean 'simulated'"):
        registry.open_workspace("simulatd")
    with pytest.raises(InputError, match=r"known: .*online_retail, shop, simulated"):
        registry.open_workspace("qqqqqq")


def test_a_source_whose_profile_is_gone_is_known_by_its_runs(home):
    finished_run(home, "shop", "2024-02-01-1", orders("old"))
    (home / "data" / "sources" / "shop.toml").unlink()
    assert registry.open_workspace("shop").frame(NAME)["order_id"].tolist() == ["old"]


def test_a_person_is_told_where_tables_go_and_which_run_is_read(home):
    assert "no run: shop has none yet" in registry.places_text(registry.open_workspace("shop"))
    finished_run(home, "shop", "2024-02-01-1", orders("old"))
    said = registry.places_text(registry.open_workspace("shop"))
    assert said == (f"Tables are written to {home / 'data' / 'runs' / 'shop' / 'scratch'}; "
                    "what is not there is read from run 2024-02-01-1 of shop.")


def test_a_table_that_a_step_wrote_itself_is_none_that_it_read(capsys):
    workspace = registry.open_workspace("shop")
    workspace.write(NAME, orders("a"))
    assert len(workspace.frame(NAME)) == 1
    workspace.frame("canonical/customers")
    assert NAME not in capsys.readouterr().out


def test_a_profile_is_read_once_and_anew_when_its_file_has_changed(home, monkeypatch):
    opened, read = registry.open_workspace("shop"), []
    path = folders.config_file("sources", "shop")
    loads = workspace.tomllib.loads
    monkeypatch.setattr(workspace.tomllib, "loads", lambda text: read.append(text) or loads(text))
    path.write_text('currency = "CHF"\n' + path.read_text().replace("currency", "# currency"))
    assert [opened.currency, opened.currency] == ["CHF", "CHF"]
    assert len(read) == 1
    path.write_text(path.read_text().replace("CHF", "USDX"))
    assert opened.currency == "USDX"


def test_a_column_that_the_profile_sets_to_a_number_is_constant():
    own, airline = (registry.open_workspace(source) for source in ("simulated", "airline_loyalty"))
    assert own.is_constant("points", "unit_cost")
    assert not own.is_constant("transactions", "unit_cost")
    assert not own.is_constant("points", "no_such_column")
    assert not airline.is_constant("points", "unit_cost")
