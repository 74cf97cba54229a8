"""Times with an offset are told in the study's zone, on DuckDB here and on Spark in the foundation's tests."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from helpers.foundation import study_config
from helpers.foundation.errors import InputError
from helpers.intake import type_parsing
from helpers.intake.expression_rules import ExpressionScope
from helpers.intake.profile_schema import ColumnRule
from tests.intake.conftest import ORDERS


def told(engine, texts, zone="UTC", kind="time", **rule):
    table = ibis.memtable(pa.table({"a": pa.array(texts, pa.string())}))
    found = type_parsing.parse_column(
        table["a"], kind, ColumnRule.model_validate({"from": "a", **rule}), ExpressionScope({}, zone=zone)
    )
    return [("unread" if r["u"] else r["v"]) for r in engine.arrow(
        table.select(v=found.value, u=found.is_unread)).to_pylist()]


@pytest.mark.parametrize(("text", "zone", "expected"), [
    ("2025-03-01T10:00:00+02:00", "UTC", datetime(2025, 3, 1, 8)),
    ("2025-03-01T10:00:00Z", "UTC", datetime(2025, 3, 1, 10)),
    ("2025-03-01T10:00:00Z", "Europe/Berlin", datetime(2025, 3, 1, 11)),
    ("2025-07-01T10:00:00z", "Europe/Berlin", datetime(2025, 7, 1, 12)),
    ("2025-03-01 10:00:00.250-0530", "Asia/Kolkata", datetime(2025, 3, 1, 21, 0, 0, 250_000)),
    ("2025-03-01 10:00-05", "America/New_York", datetime(2025, 3, 1, 10)),
    ("2025-03-01 10:00:00 +01:00", "Europe/Berlin", datetime(2025, 3, 1, 10)),
    ("2025-03-01T10:00:00", "Europe/Berlin", datetime(2025, 3, 1, 10)),
    ("2025-03-01", "Europe/Berlin", datetime(2025, 3, 1)),
    ("2025-03-01T10:00:00+xx", "UTC", "unread"), (None, "UTC", None),
])
def test_an_offset_is_applied_and_a_time_without_one_is_read_as_written(engine, text, zone, expected):
    assert told(engine, [text], zone) == [expected]


def test_a_declared_form_may_have_an_offset(engine):
    found = told(engine, ["01/03/2025 10:00 -0500", "01/03/2025 10:00"], "Europe/Berlin",
                 formats=["%d/%m/%Y %H:%M %z"])
    assert found == [datetime(2025, 3, 1, 16), "unread"]


@pytest.mark.parametrize(("form", "expected"), [
    ("%Y/%m/%d %I:%M:%S %p %z", {"2024/01/03 8:00:00 AM GMT+1": datetime(2024, 1, 3, 8)}),
    ("%Y-%m-%d %H:%M:%S %z", {"2024-01-03 08:00:00 +0100": datetime(2024, 1, 3, 8)}),
    ("%Y-%m-%d %H:%M %z", {
        "2024-01-03 08:00 CET": datetime(2024, 1, 3, 8), "2024-01-03 08:00 MEZ": datetime(2024, 1, 3, 8),
        "2024-01-03 08:00 NZDT": datetime(2024, 1, 2, 20), "2024-01-03 08:00 UTC": datetime(2024, 1, 3, 9),
        "2024-01-03 08:00 GMT-5:30": datetime(2024, 1, 3, 14, 30)}),
    ("%Y-%m-%d %I:%M:%S %p %z", {"2024-01-03 08:00:00 PM EST": datetime(2024, 1, 4, 2)}),
    ("epoch seconds", {"1704276001": datetime(2024, 1, 3, 11, 0, 1)}),
    ("excel serial", {"45300": datetime(2024, 1, 9)}),
], ids=lambda given: given if isinstance(given, str) else "")
def test_offsets_are_read_as_exports_write_them_and_an_epoch_counts_in_utc(engine, form, expected):
    assert told(engine, list(expected), "Europe/Berlin", formats=[form]) == list(expected.values())


def test_a_form_with_an_offset_is_looked_for_a_hundred_times_in_a_statement_and_not_thousands(engine):
    table = engine.lazy(pa.table({"a": ["2024-01-03 08:00 CET"]}))
    read = type_parsing.parse_column(table.a, "time", ColumnRule.model_validate(
        {"from": "a", "formats": ["%Y-%m-%d %H:%M %z"]}), ExpressionScope({}, zone="Europe/Berlin"))
    assert engine.query_text(table.select(at=read.value, is_unread=read.is_unread)).count("REGEXP") < 500


def test_an_epoch_is_told_in_the_zone_of_the_study(small, home):
    (home / "data" / "studies").mkdir(parents=True)
    (home / "data" / "studies" / "small.toml").write_text('name = "small"\ntitle = "t"\ntime_zone = "Asia/Tokyo"\n')
    small.file("orders.csv", "id,customer,day,amount\n1,a,1704276001,5\n")
    rule = {**ORDERS, "columns": {**ORDERS["columns"], "ordered_at": {"from": "day", "formats": ["epoch seconds"]}}}
    rows = small.rows(small.delivery(tables={"transactions": rule}).tables["canonical/transactions"], "ordered_at")
    assert rows == [{"ordered_at": datetime(2024, 1, 3, 19, 0, 1)}]


def test_a_day_is_the_study_s_own(engine):
    assert told(engine, ["2025-03-01T23:30:00Z"], "Europe/Berlin", kind="date") == [date(2025, 3, 2)]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Sao_Paulo", "Africa/Casablanca", "Asia/Kathmandu",
                                  "Australia/Lord_Howe"])
def test_clocks_change_when_python_s_do(engine, zone):
    seconds = np.random.default_rng(5).integers(0, int(datetime(2059, 1, 1).timestamp()), 400)
    times = [datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(s)) for s in seconds]
    times += [
        at.replace(tzinfo=UTC) + timedelta(seconds=s) for at, _ in type_parsing.zone_changes(zone)[1:] for s in (-1, 0)
    ]
    assert told(engine, [t.strftime("%Y-%m-%dT%H:%M:%SZ") for t in times], zone) == [
        t.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for t in times]


def test_orders_are_told_in_the_zone_of_the_study(small, home):
    (home / "data" / "studies").mkdir(parents=True)
    (home / "data" / "studies" / "small.toml").write_text('name = "small"\ntitle = "t"\ntime_zone = "Asia/Tokyo"\n')
    small.file("orders.csv", "id,customer,day,amount\n1,a,2025-01-30T20:00:00Z,5\n2,a,2025-01-30 20:00:00,5\n")
    rows = small.rows(small.delivery().tables["canonical/transactions"], "order_id", "ordered_at")
    assert {r["order_id"]: r["ordered_at"] for r in rows} == {
        "1": datetime(2025, 1, 31, 5), "2": datetime(2025, 1, 30, 20)}


def test_times_of_parquet_that_know_their_zone_are_converted(small):
    at = pa.array([datetime(2025, 1, 30, 20, tzinfo=UTC)], pa.timestamp("us", "Europe/Berlin"))
    orders = pa.table({"id": ["1"], "customer": ["a"], "day": at, "amount": ["5"]})
    pq.write_table(orders, small.folder / "orders.parquet")
    delivery = small.delivery(files={"orders": {"path": "orders.parquet", "format": "parquet"}},
                              tables={"transactions": ORDERS})
    assert small.rows(delivery.tables["canonical/transactions"], "ordered_at") == [
        {"ordered_at": datetime(2025, 1, 30, 20)}]


def test_an_unknown_zone_names_the_nearest():
    with pytest.raises(InputError, match=r"no such time zone \(.*europe/berlin"):
        study_config.validate_model(study_config.StudyHeader, {"time_zone": "Europe/Berlim"}, "studies/small.toml")
