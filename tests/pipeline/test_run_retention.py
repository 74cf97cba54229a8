import json
from datetime import date, timedelta

import pandas as pd
import pytest

from helpers.foundation import folders
from helpers.foundation.errors import InputError
from helpers.pipeline import registry, run_retention, runner, runs
from helpers.pipeline.runner import Request
from tests.pipeline import tiny

TODAY = date(2024, 7, 1)
FORECAST = {"quantity": "sales", "segment": "all", "model": "m", "due_on": pd.Timestamp("2024-03-31"), "value": 1.0}


def made(day, state="finished", **tables):
    run = runs.create_run("tiny", day, {"as_of": day, "steps": {}})
    run.saved(started_at=f"{day}T08:00:00+00:00", state=state, number=0)
    for name, rows in tables.items():
        path = run.folder / "results" / f"{name}.parquet"
        path.parent.mkdir(exist_ok=True)
        pd.DataFrame(rows).to_parquet(path)
    return run


@pytest.fixture
def company(home):
    tiny.declare(home)
    (home / "data" / "studies").mkdir()

    def told(**limits):
        lines = "\n".join(f"{k} = {v}" for k, v in limits.items())
        (home / "data" / "studies" / "tiny.toml").write_text(f"[workbook]\n{lines}\n")
        room = home / "room"
        room.mkdir(exist_ok=True)
        return run_retention.apply_retention("tiny", room, TODAY)
    return told


def names():
    return sorted(p.parent.name for p in folders.runs_folder("tiny").glob("*/manifest.json"))


def test_without_a_limit_every_run_stays(company):
    made("2020-01-01")
    made("2024-01-01")
    assert company() == []
    assert names() == ["2020-01-01-1", "2024-01-01-1"]


def test_runs_beyond_the_days_go_with_their_reports_and_it_is_recorded(company, home):
    made("2024-01-01")
    made("2024-01-02", state="failed")
    made("2024-06-01")
    reports = home / "reports" / "tiny" / "2024-01-01-1"
    reports.mkdir(parents=True)
    assert company(keep_runs_days=90) == [
        "run 2024-01-01-1 is removed: it is 182 days old, and runs are kept for 90",
        "run 2024-01-02-1 is removed: it is 181 days old, and runs are kept for 90"]
    assert names() == ["2024-06-01-1"]
    assert not reports.exists()
    record = json.loads((folders.runs_folder("tiny") / runs.REMOVED).read_text())["removed"]
    assert [(r["run"], r["as_of"], r["state"]) for r in record] == [
        ("2024-01-01-1", "2024-01-01", "finished"), ("2024-01-02-1", "2024-01-02", "failed")]
    assert all(r["because"] and r["removed_at"] for r in record)


def test_the_newest_finished_run_stays_however_old_it_is(company):
    made("2010-01-01")
    made("2010-01-02")
    company(keep_runs_days=1)
    assert names() == ["2010-01-02-1"]


@pytest.mark.parametrize("days", [35, 400, 3650, -3650])
def test_a_clock_that_jumps_removes_no_run(company, home, days):
    for day in ("2024-06-01", "2024-06-15", "2024-06-29"):
        made(day)
    company(keep_runs_days=90)
    (home / "data" / "studies" / "tiny.toml").write_text("[workbook]\nkeep_runs_days = 30\n")
    for _ in range(3):  # however often it runs with the wrong time
        assert run_retention.apply_retention("tiny", home / "room", TODAY + timedelta(days)) == []
    assert len(names()) == 3


def test_only_the_newest_are_kept_by_number(company):
    for day in ("2024-01-01", "2024-02-01", "2024-03-01", "2024-04-01"):
        made(day)
    made("2024-01-15", state="failed")
    made("2024-03-15", state="failed")
    company(keep_runs=2)
    assert names() == ["2024-03-01-1", "2024-03-15-1", "2024-04-01-1"]


@pytest.mark.parametrize(("tables", "why"), [
    ({"forecasts": [FORECAST]}, "its forecasts are not all graded yet"),
    ({"value_forecasts": [FORECAST]}, "its forecasts are not all graded yet"),
    ({"assignments_drawn": [{"experiment": "action plan of 2024-01-01", "unit_id": "a"}]},
     "what it assigned at random is not measured yet"),
    ({"alerts": [{"outcome_due_on": pd.Timestamp("2025-01-01")}]}, "its alerts are not due yet"),
])
def test_a_run_that_is_still_needed_stays_and_says_for_what(company, tables, why):
    made("2024-01-01", **tables)
    made("2024-06-01")
    said, = company(keep_runs=1)
    assert said == f"run 2024-01-01-1 is kept although only the newest run is kept: {why}"
    assert names() == ["2024-01-01-1", "2024-06-01-1"]


def test_once_graded_and_read_back_it_goes(company):
    made("2024-01-01", forecasts=[FORECAST, {**FORECAST, "segment": "south", "value": None}],
         assignments_drawn=[{"experiment": "action plan of 2024-01-01"}])
    made("2024-06-01", forecast_grades=[FORECAST], experiment_effects=[{"experiment": "action plan of 2024-01-01"}])
    company(keep_runs=1)
    assert names() == ["2024-06-01-1"]


def test_a_limit_that_makes_no_sense_is_one_sentence(company):
    with pytest.raises(InputError, match=r"studies/tiny.toml \[workbook\]: keep_runs = 0: input should be greater"):
        company(keep_runs=0)
    assert registry.SECTIONS["workbook"] is run_retention.RetentionConfig


def test_limits_are_applied_after_a_finished_run_and_the_list_of_runs_follows(begun, book, monkeypatch):
    (begun / "data" / "studies").mkdir()
    (begun / "data" / "studies" / "tiny.toml").write_text("[workbook]\nkeep_runs = 1\n")
    old = runs.known_runs("tiny", "finished")[0].name
    said = []
    assert runner.run(Request("tiny"), book, said.append) == runner.GOOD
    assert any(f"run {old} is removed" in str(event) for event in said)
    assert names() == [runs.all_runs("tiny")[-1].name]
    assert f">{old}<" not in (begun / "reports" / "index.html").read_text()
    assert (begun / "reports" / "latest" / "index.html").is_file()
