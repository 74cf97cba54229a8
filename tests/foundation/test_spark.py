"""The two engines give the same values: texts read, records cleaned, customers summarised, buyers scored.

One session serves all: beginning one takes as long as all the rest.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from helpers import simulation
from helpers.customers import features, purchases
from helpers.foundation import canonical_schema, engine, engine_choice
from helpers.foundation.engine import Engine
from helpers.foundation.errors import InputError
from helpers.intake import audit_report, expressions, profiles, readers, type_parsing
from helpers.intake import delivery as delivery_module
from helpers.intake.expression_rules import ExpressionScope
from helpers.intake.number_formats import PLAIN
from helpers.intake.source_records import SourceRecords
from helpers.pipeline import registry
from helpers.satisfaction import undercoverage
from helpers.value import clv
from helpers.value.btyd import fitting, frequency_recency
from helpers.value.btyd.bg_nbd import MBG_NBD
from helpers.value.btyd.gamma_gamma import GammaGammaFit

pytestmark = pytest.mark.xdist_group("spark")
SHORT_LIVED = {"JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}  # code that runs once is not optimised
PLACES = {"rel": 1e-12, "abs": 1e-9}


@pytest.fixture(scope="module")
def needs_spark():
    try:
        engine_choice.require_engine("spark")
    except InputError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def spark(needs_spark):
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {engine.THREADS_VARIABLE: "1", engine.MEMORY_VARIABLE: "2000", **SHORT_LIVED}.items():
            patch.setenv(name, value)
        one = engine_choice.open_engine("spark")
        assert one.connection is not None  # begins here, while the settings hold
    yield one
    one.connection._session.stop()


@pytest.fixture(scope="module")
def duck():
    return Engine()


def rows(one, table):
    """Return the rows in an order that does not depend on the engine."""
    return sorted(
        one.arrow(table).to_pylist(), key=lambda row: [str(v) for v in row.values() if not isinstance(v, float)]
    )


def differs(found, expected):
    """Return whether two values differ: money, texts and dates at all, floats beyond the twelfth place."""
    if isinstance(expected, float) and found is not None:
        return found != pytest.approx(expected, nan_ok=True, **PLACES)
    return found != expected


def unlike(found, expected):
    """Return what differs between two lists of rows, by column."""
    pairs = list(zip(found, expected, strict=True))
    assert all(a.keys() == b.keys() for a, b in pairs)
    return [odd for a, b in pairs if (odd := {k: (a[k], b[k]) for k in b if differs(a[k], b[k])})]


def same(duck, spark, table, made):
    """Return the rows of a table made by both engines, proved to be the same."""
    expected, found = (rows(one, made(one.lazy(table))) for one in (duck, spark))
    assert unlike(found, expected) == []
    return expected


def test_the_comparison_sees_a_row_that_differs():
    assert unlike([{"a": 1.0, "b": "x"}], [{"a": 1.0 + 1e-14, "b": "x"}]) == []
    assert unlike([{"a": 1.0, "b": "x"}], [{"a": 1.0 + 1e-6, "b": "x"}]) != []
    assert unlike([{"m": Decimal("1.0001")}], [{"m": Decimal("1.0002")}]) != []
    assert unlike([{"a": None}], [{"a": 1.0}]) != []


# --- what Spark's SQL reads otherwise ----------------------------------------------------------------------------

TEXTS = [
    "5",
    " 5 ",
    "+5",
    "-5",
    "1e3",
    "1_000",
    "1__0",
    "_1",
    "5d",
    "5f",
    "5D",
    "1.",
    ".5",
    "1.23456",
    "-1.23455",
    "inf",
    "Infinity",
    "nan",
    "1,5",
    "",
    "  ",
    "٣",
    "1.5.2",
    "--5",
    "99999999999999.99999",
    "999999999999999",
    "1e-5",
    "5%",
    "12345678901234567890",
    "1e400",
    "5e",
    "\n5",
    "5.00005",
    None,
    "2025-01-01",
    "2025-1-1",
    "2025-01-01 10:00",
    "2025-01-01T10:00:00",
    "2025-01-01 10:00:00.123456",
    "2025/01/01",
    "2025",
    "2025-01",
    "20250101",
    "2025-02-30",
    "2025-01-01 25:00:00",
    "2025-01-01 24:00:00",
    " 2025-01-01 ",
    "2025-01-01 10",
    "2025-01-01  1:2:3",
    "epoch",
    "infinity",
    "25-01-01",
    "12025-01-01",
    "-2025-01-01",
    "T10:00",
    "2025-01-01 00:00:60",
    "2025-01-01 10:00:00 UTC",
    "2025-01-01T10:00:00Z",
    "2025-01-01 10:00:00+02",
    "2025-01-01x",
    "x,y,z",
    "a.b.c",
    "Äö",
    "tab\t",
    "31/12/2024",
    "1.2.24",
    "12/31/2024 11:05 PM",
    "10. März 2024",
    "2024-03-10 08:00:00 GMT+1",
    "45300.5",
    "1704276001250",
    "(1.50)",
    "\u22121.50",
    "1.50-",
    "\u00a07",
]


def read(table):
    """Return every reading of a text: numbers, dates, parts."""
    from helpers.intake import type_parsing
    from helpers.intake.expression_rules import ExpressionScope
    from helpers.intake.profile_schema import ColumnRule

    def typed(kind, **rule):
        return type_parsing.parse_column(
            table.a, kind, ColumnRule.model_validate({"from": "a", **rule}), ExpressionScope({})
        )

    reads = {kind: typed(kind) for kind in ("number", "money", "integer", "flag", "date", "time")}
    reads |= {
        f"form_{i}": typed("time", formats=[form])
        for i, form in enumerate((
            "%d/%m/%Y", "%d.%m.%y", "%m/%d/%Y %I:%M %p", "%Y-%m-%d %H:%M:%S", "%d. %B %Y", "%Y-%m-%d %H:%M:%S %z",
            "excel serial", "epoch milliseconds"))
    }
    typed_columns = {k: r.value.cast("string") if k.startswith(("time", "form")) else r.value for k, r in reads.items()}
    unread = {f"{k}_unread": r.is_unread for k, r in reads.items()}
    text = table.a
    return table.select(
        "a",
        **typed_columns,
        **unread,
        whole=text.try_cast("int64"),
        low=text.lower(),
        bare=text.strip(),
        n=text.length(),
        part=text.split(",")[1],
        dot=text.split(".")[0],
        left=text.left(2),
        right=text.right(2),
        mid=text.substr(1, 2),
        padded=text.lpad(6, "0"),
        like=text.like("2025%"),
        starts=text.startswith("x"),
        has=text.contains("."),
        swapped=text.re_replace(r"[a-z]\.", "#"),
        caught=text.re_extract(r"(\d+)-(\d+)", 2),
        none=text.nullif(""),
    )


def test_texts_are_read_as_the_same_numbers_dates_and_parts(duck, spark):
    found = {row["a"]: row for row in same(duck, spark, pa.table({"a": TEXTS}), read)}
    assert found["1.23456"]["money"] == Decimal("1.2346")
    assert found["5d"]["number_unread"]
    assert found["infinity"]["date_unread"]
    assert found["25-01-01"]["date_unread"]
    assert found["2025-02-30"]["date"] is None


def test_identifiers_of_records_in_several_files_are_the_same(duck, spark):
    table = pa.table({"id": ["7", None, None], "file": ["1.csv", "1.csv", "2.csv"], "record": [1, 2, 2]})

    def made(t):
        scope = ExpressionScope({c: t[c] for c in t.columns})
        text = "case when record > 1 then 'r' || record else id end"
        yes, no = ibis.literal(True), ibis.literal(False)
        source = SourceRecords(t, scope.columns, yes, no, 1, (), PLAIN, {"1.csv": 2, "2.csv": 2})
        return t.select(key=expressions.identifier(text, scope, "key"), running=source.running)

    found = same(duck, spark, table, made)
    assert [(r["key"], r["running"]) for r in found] == [("1.csv:r2", 2), ("2.csv:r2", 4), ("7", 1)]


OFFSETS = ["2025-03-01T10:00:00+02:00", "2025-07-01T23:30:00Z", "2025-03-30 01:00:00Z", "2025-03-30 00:59:59.5Z",
           "2025-10-26 02:00-0500", "1999-12-31 10:00:00 +0530", "2025-03-01T10:00:00", "2025-03-01", "x+1", "", None]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
def test_times_with_an_offset_are_told_in_the_study_s_zone_alike(duck, spark, zone):
    found = same(duck, spark, pa.table({"a": pa.array(OFFSETS, pa.string())}),
                 lambda t: t.select("a", at=type_parsing.local_time(t.a, zone)))
    told = {row["a"]: row["at"] for row in found}
    assert told["2025-07-01T23:30:00Z"] == datetime(2025, 7, 1, 23, 30) + timedelta(hours=2 * (zone != "UTC"))
    assert told["2025-03-01"] == datetime(2025, 3, 1)


NUMBERS = pa.table(
    {
        "x": [0.5, 1.5, 2.5, -0.5, 0.00015, 0.00025, 1.00005, 123456.78905, 0.0, None, float("nan"), 1e13, -7.25],
        "y": [0.0, 3.0, 0.0, 7.0, 3.0, None, 3.0, 3.0, 0.0, 1.0, 2.0, 3.0, 2.0],
        "n": [0, 1, 2, 3, None, 5, 6, 7, 8, 9, 10, 11, 12],
        "m": pa.array([Decimal(i) / 8 for i in range(13)], pa.decimal128(18, 4)),
    }
)


def counted(table):
    """Return quotients, also by zero, casts that round, and what is missing or no number."""
    x, y, n, m = table.x, table.y, table.n, table.m
    return table.select(
        "n",
        "m",
        "x",
        q=x / y,
        share=n / 3,
        none=n / n.nullif(0),
        money=x.try_cast("decimal(18, 4)"),
        product=(m * m).cast("decimal(18, 8)").cast("decimal(18, 4)"),
        units=m.cast("int64"),
        whole=y.cast("int64"),
        is_null=x.isnull(),
        is_nan=x.isnan(),
        is_inf=(x / y).isinf(),
        least=ibis.least(y, 3.0),
        most=ibis.greatest(x.fill_null(0), y),
        rest=n % 5,
        half=n // 2,
    )


def test_quotients_by_zero_are_quiet_and_money_is_rounded_alike(duck, spark):
    found = {row["n"]: row for row in same(duck, spark, NUMBERS, counted)}
    assert found[0]["q"] == float("inf")
    assert found[0]["none"] is None


def test_aggregates_are_the_same_and_texts_are_joined_in_order(duck, spark):
    table = pa.table(
        {
            "k": ["a", "b", "a", "b", None, "a"],
            "t": ["z", "y", "x", None, "w", "z"],
            "v": [1.0, None, 2.5, 4.0, 5.0, 0.25],
            "on": [date(2025, m, 28) for m in (1, 2, 3, 4, 5, 6)],
        }
    )

    def made(t):
        return t.group_by("k").aggregate(
            n=t.count(),
            said=t.t.group_concat("; ", order_by=t.t),
            mean=t.v.mean(),
            spread=t.v.std(),
            mid=t.v.median(),
            low=t.v.quantile(0.25),
            kinds=t.t.nunique(),
            some=t.v.sum(where=t.v > 1),
            last=t.on.max(),
            days=(ibis.literal(date(2025, 12, 31)).delta(t.on.max(), unit="day")),
            month=t.on.min().truncate("month").cast("date"),
        )

    assert {r["k"]: r["said"] for r in same(duck, spark, table, made)} == {"a": "x; z; z", "b": "y", None: "w"}


def test_ranks_and_filters_by_windows_are_the_same(duck, spark):
    table = pa.table({"who": ["a", "a", "b", "b", "b", None], "day": [1, 2, 2, 3, 3, 4], "paid": [1.0, 5, 2, 2, 9, 7]})

    def latest(t):
        by = ibis.window(group_by="who")
        newest = t.filter(t.day == t.day.max().over(by))
        ranked = newest.mutate(place=ibis.row_number().over(ibis.window(order_by=[newest.day, newest.paid])) + 1)
        return ranked.union(ranked.filter(ranked.place > ranked.place.mean().over(ibis.window())).mutate(
            place=ibis.null("int64")))

    same(duck, spark, table, latest)
    kept = spark.kept(latest(spark.lazy(table)))
    assert kept.union(kept.mutate(place=ibis.literal(0).cast("int64"))).schema()["place"].is_int64()


def test_the_parser_forgets_statements_before_they_fill_the_memory(spark, monkeypatch):
    from helpers.foundation import spark as spark_module

    session, statement = spark.connection._session, "SELECT CASE WHEN (1 = 1) THEN ((2)) END AS two"
    assert spark.connection.planned(statement).collect()[0]["two"] == 2
    assert spark_module.parser_cache_states(session) > 0
    monkeypatch.setattr(spark_module, "PARSER_HEAP_SHARE", 0.0)
    assert spark.connection.planned(statement).collect()[0]["two"] == 2
    assert spark_module.parser_cache_states(session) == 0


def test_what_is_lent_keeps_its_types_and_what_is_kept_its_values(duck, spark):
    frame = pd.DataFrame(
        {
            "id": ["a", "b"],
            "on": pd.to_datetime(["2025-01-01", None]),
            "v": [1.5, float("nan")],
            "m": [Decimal("1.2500"), Decimal("-2")],
            "is_x": [True, False],
        }
    )
    table = spark.kept(spark.lazy(frame))
    assert table.schema().to_pyarrow().field("on").type == pa.timestamp("us")
    assert rows(spark, table) == rows(duck, duck.lazy(frame))
    assert spark.first_row(table.aggregate(n=table.count(), v=table.v.sum())) == {"n": 2, "v": 1.5}
    spark.forget(table)
    empty = spark.lazy(canonical_schema.TRANSACTIONS.empty())
    assert spark.arrow(empty).schema == canonical_schema.TRANSACTIONS.empty().schema
    untyped = spark.lazy(pa.table({"customer_id": pa.nulls(0), "amount": pa.nulls(0)}))
    assert (
        spark.arrow(canonical_schema.TRANSACTIONS.conformed(untyped)).schema
        == canonical_schema.TRANSACTIONS.empty().schema
    )


def test_a_view_and_the_counts_of_a_declaration_are_the_same(duck, spark):
    frame = pd.DataFrame({"order_id": ["a", "a", "b", None], "line": [1, 1, 1, 2], "amount": [1.25, 1.25, -2.0, None],
                          "kind": ["sale", "sale", "gift", None], "ordered_at": pd.Timestamp("2025-03-01 10:00")})
    told = []
    for one in (duck, spark):
        view = one.view(canonical_schema.TRANSACTIONS.conformed(one.lazy(frame)))
        told.append(one.row(canonical_schema.TRANSACTIONS.counts(view)))
    assert told[0] == told[1]
    assert (told[0]["n_rows"], told[0]["n_keys"]) == (4, 3)
    assert len(canonical_schema.TRANSACTIONS.problems(told[0])) == 4


# --- tables on disk ----------------------------------------------------------------------------------------------


def orders(n):
    return pd.DataFrame(
        {
            "order_id": [f"{i:03d}" for i in reversed(range(n))],
            "line": 1,
            "kind": "sale",
            "amount": 1.25,
            "ordered_at": pd.Timestamp("2025-03-01 10:00"),
        }
    )


def test_a_small_table_is_one_file_and_a_large_one_a_folder_of_parts_in_order(spark, duck, tmp_path):
    table = canonical_schema.TRANSACTIONS.conformed(spark.lazy(orders(7)))
    spark.write(table, tmp_path / "small.parquet", ["order_id", "line"])
    assert pq.read_table(tmp_path / "small.parquet")["order_id"].to_pylist() == [f"{i:03d}" for i in range(7)]
    settings = spark.connection._session.conf
    settings.set("spark.sql.files.maxRecordsPerFile", "3")
    spark.write(table, tmp_path / "large.parquet", ["order_id", "line"])
    settings.unset("spark.sql.files.maxRecordsPerFile")
    assert len(list((tmp_path / "large.parquet").glob("*.parquet"))) == 3
    stored = duck.stored(tmp_path / "large.parquet")
    assert stored.schema() == canonical_schema.TRANSACTIONS.schema()
    assert duck.frame(stored)["order_id"].tolist() == [f"{i:03d}" for i in range(7)]
    assert spark.frame(spark.in_order(spark.stored(tmp_path / "large.parquet"), ["order_id"]))["amount"].sum() == 8.75


def test_queries_are_interpreted_until_a_large_table_is_read_and_compiled_from_then_on(spark, tmp_path, monkeypatch):
    from helpers.foundation import spark as spark_module

    pq.write_table(pa.table({"n": [1, 2]}), tmp_path / "numbers.parquet")
    settings = spark.connection._session.conf
    names = ("spark.sql.codegen.wholeStage", "spark.sql.codegen.factoryMode", "spark.sql.shuffle.partitions")
    small = spark.stored(tmp_path / "numbers.parquet")
    assert [settings.get(name) for name in names] == ["false", "NO_CODEGEN", "1"]
    monkeypatch.setattr(spark_module, "LARGE_BYTES", 1)
    large = spark.stored(tmp_path / "numbers.parquet")
    try:
        assert [settings.get(name) for name in names] == ["true", "FALLBACK", str(4 * engine.thread_count())]
        assert spark.arrow(large.agg(n=large["n"].sum())).to_pylist() == [{"n": 3}]
    finally:
        spark._is_large = False
        spark._set(spark_module.SMALL_TABLES)
    assert spark.arrow(small.agg(n=small["n"].sum())).to_pylist() == [{"n": 3}]


@pytest.mark.parametrize("name", ["amount=7", "it's [1]", "s*", "{a,b}?"])
def test_names_of_folders_are_no_data_to_spark_either(spark, tmp_path, name):
    for folder, amount in ((tmp_path / name / "n=1", 1.5), (tmp_path / "sales" / "n=1", 100.0)):
        (folder / "parts.parquet").mkdir(parents=True)
        pq.write_table(pa.table({"amount": [amount]}), folder / "sales.parquet")
        pq.write_table(pa.table({"amount": [amount]}), folder / "parts.parquet" / "part-0.parquet")
    for table in ("sales.parquet", "parts.parquet"):
        assert spark.arrow(spark.stored(tmp_path / name / "n=1" / table)).to_pydict() == {"amount": [1.5]}


def test_a_workspace_of_spark_writes_checks_and_reads_what_one_of_duckdb_reads(spark, shop):
    ours, theirs = registry.open_workspace("shop"), registry.open_workspace("shop")
    ours.engine = spark
    assert ours.write("canonical/transactions", orders(3)) == "canonical/transactions: 3 × 18"
    pd.testing.assert_frame_equal(ours.frame("canonical/transactions"), theirs.frame("canonical/transactions"))
    assert ours.has("canonical/transactions")
    with pytest.raises(InputError, match="key: 1 of 2 rows repeat an earlier one"):
        ours.write("canonical/transactions", orders(2).assign(order_id="1"))
    with pytest.raises(InputError, match="more than 2 rows"):
        ours.frame("canonical/transactions", limit=2)


# --- the intake --------------------------------------------------------------------------------------------------

LINES = """no,customer,day,price,pieces,kind,category,rate
1,a,31/12/2024,10.005,2,S,x,0
1,a,31/12/2024,10.005,2,S,x,0
1,A,01/01/2025,1e2,1,S,y,4
2,,02/01/2025,5,1,S,x,2
3,b,30/02/2025,5,1,S,,1
4,b,3/1/2025,free,1,R,x,1
5,c,04/01/2025,0.00005,3,R,z,
6,c,05/01/2025,-2.5,1,R,x,?
7,d,06/01/2099,7,1,S,x,1
8,e,07/01/2025,99999999999,99999999999,S,x,1
"9","f ",08/01/2025,"1",1,Z,"x
y",1
10,g,09/01/2025,3,0.5,S,x,8
broken,line
"""
KINDS = "category,name\nx,Books\ny,Toys\n,None\n"
ANSWERS = "who,q1,q2,q3,said\n1,5,3,9,good\n2,,1,2,\n3,x,2,2,ä\n,1,1,1,nobody\n"
PROFILE = {
    "name": "small",
    "title": "Every trap",
    "currency": "EUR",
    "files": {
        "lines": {"path": "lines.csv", "missing": ["", "?"]},
        "kinds": {"path": "kinds.csv"},
        "survey": {"path": "survey.csv"},
    },
    "tables": {
        "transactions": {
            "from": "lines",
            "duplicates": "reject",
            "lookup": {"kind": {"file": "kinds", "on": {"category": "lower(category)"}}},
            "reject": [{"where": "customer is null", "reason": "no customer"}],
            "columns": {
                "order_id": "no",
                "customer_id": "lower(trim(customer))",
                "ordered_at": {"from": "day", "formats": ["%d/%m/%Y"]},
                "kind": {"from": "kind", "values": {"S": "sale", "R": "refund"}},
                "quantity": "pieces",
                "amount": "case when kind = 'R' then -abs(price * pieces) else price * pieces end",
                "discount": "price / rate",
                "category": "kind.name",
                "channel": "coalesce(category, 'none') || '-' || kind",
            },
        },
        "customers": {"from": "lines", "columns": {"customer_id": "lower(trim(customer))"}},
        "respondents": {"from": "survey", "columns": {"response_id": "who"}},
        "responses": {
            "from": "survey",
            "unpivot": {"columns": ["q*"], "not_applicable": ["9"]},
            "columns": {"response_id": "who", "item": "item", "score": "answer", "comment": "said"},
        },
    },
    "control": [{"name": "lines", "file": "lines", "expression": "count(distinct no)", "expected": 10}],
}


def taken_in(one, profile, raw, as_of=""):
    delivery = delivery_module.read_delivery(profile, one, str(raw), as_of)
    return delivery, {**delivery.tables, "rejected": delivery.outcome.rejected, "parts": delivery.outcome.parts}


def test_a_delivery_with_every_trap_is_the_same_on_both_engines(duck, spark, tmp_path):
    for name, text in (("lines", LINES), ("kinds", KINDS), ("survey", ANSWERS)):
        (tmp_path / f"{name}.csv").write_text(text)
    (one, expected), (other, found) = (
        taken_in(e, profiles.parse_profile(PROFILE), tmp_path, "2025-01-08") for e in (duck, spark)
    )
    for name, table in expected.items():
        assert unlike(rows(spark, found[name]), rows(duck, table)) == [], name
    reasons = " ".join(r["reasons"] for r in rows(duck, expected["rejected"])) + " ".join(
        r["reasons"] for r in rows(duck, expected["parts"])
    )
    for trap in (
        "repeats another record exactly",
        "no customer",
        "not readable as a time",
        "not readable as money",
        "dated after the run's day",
        "after the as-of date",
        "kind is not readable",
        "fields instead of",
        "amount is empty",
    ):
        assert trap in reasons, trap
    assert (other.counts, other.spans, other.controls) == (one.counts, one.spans, one.controls)
    assert (other.datings, other.endings) == (one.datings, one.endings)
    assert other.outcome.by_file["n_not_yet"].tolist() == one.outcome.by_file["n_not_yet"].tolist()
    assert [str(e) for e in audit_report.audit_table(other, spark)] == [
        str(e) for e in audit_report.audit_table(one, duck)
    ]
    assert audit_report.intake_gates(other, spark) == audit_report.intake_gates(one, duck)


# --- customers and models ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def simulated(duck, tmp_path_factory):
    """Return order lines of a small simulated company, as its profile takes them in."""
    folder = tmp_path_factory.mktemp("raw") / "simulated"
    simulation.write_files(folder, customers=80)
    whole = profiles.profile_content("simulated")
    told = profiles.parse_profile(
        {
            **{k: whole[k] for k in ("name", "title", "currency")},
            "files": {"orders": whole["files"]["orders"]},
            "tables": {"transactions": whole["tables"]["transactions"]},
        }
    )
    return readers.landed_files(told, str(folder))


def test_the_simulated_companys_orders_and_customers_are_the_same_at_any_cut_off(duck, spark, simulated):
    from helpers.intake import canonicalise

    rule = simulated.profile.tables["transactions"]
    one, other = (canonicalise.build(simulated, e, "transactions", rule) for e in (duck, spark))
    assert unlike(rows(spark, other.accepted), rows(duck, one.accepted)) == []
    assert unlike(rows(spark, other.refused), rows(duck, one.refused)) == []
    lines = [canonical_schema.TRANSACTIONS.conformed(made.table) for made in (one, other)]
    for cutoff_on in (date(2024, 6, 30), date(2025, 12, 31)):
        expected, found = (
            rows(e, features.customer_summary(table, cutoff_on, margin_rate=0.3))
            for e, table in zip((duck, spark), lines, strict=True)
        )
        assert len(expected) > 20
        assert unlike(found, expected) == []


HISTORY = [
    ("1", "a", datetime(2025, 1, 5, 9), "sale", "10.10", None, "2", "1.5"),
    ("2", "a", datetime(2025, 1, 5, 23, 59), "sale", "0.20", None, None, None),
    ("3", "a", datetime(2025, 2, 1), "refund", "-10.10", "1", "-2", "1.5"),
    ("4", "b", datetime(2025, 2, 28), "sale", "0", None, None, None),
    ("5", None, datetime(2025, 3, 1), "sale", "99", None, None, None),
    ("6", "b", datetime(2025, 3, 31), "fee", "4", None, None, None),
    ("7", "c", datetime(2025, 3, 31, 23, 59, 59), "sale", "33.3333", None, "3", "2"),
    ("8", "d", datetime(2025, 1, 9), "refund", "-5", "0", None, None),
    ("9", "c", datetime(2025, 4, 1), "refund", "-33.3333", "7", None, None),
    ("9", "c", datetime(2025, 4, 2), "sale", "1", None, None, None),
]


def test_refunds_fees_and_lines_without_customer_count_alike(duck, spark):
    names = ["order_id", "customer_id", "ordered_at", "kind", "amount", "refunds_order_id", "quantity", "unit_cost"]
    table = pa.Table.from_pylist([dict(zip(names, row, strict=True)) | {"line": i} for i, row in enumerate(HISTORY)])

    def conformed(t):
        return canonical_schema.TRANSACTIONS.conformed(
            t.cast({"amount": "decimal(18, 4)", "unit_cost": "decimal(18, 4)", "quantity": "float64"})
        )

    for cutoff_on in (date(2025, 3, 31), date(2025, 4, 30)):
        same(duck, spark, table, lambda t, on=cutoff_on: features.customer_summary(conformed(t), on, margin_rate=0.25))
    months = [purchases.monthly_buyers(e, conformed(e.lazy(table)), date(2025, 4, 30)) for e in (duck, spark)]
    pd.testing.assert_frame_equal(*months)


def test_buyers_are_counted_and_scored_alike(duck, spark):
    rng = np.random.default_rng(3)
    repeats, age = rng.integers(0, 5, 60), rng.integers(100, 300, 60)
    buyers = pa.table(
        {
            "customer_id": [f"c{i:02d}" for i in range(60)],
            "n_repeats": repeats,
            "last_days": np.where(repeats > 0, age // 2, 0),
            "age_days": age,
            "repeat_spend": pa.array([Decimal(int(r)) * 7 / 2 for r in repeats], pa.decimal128(18, 4)),
        }
    )
    fit = fitting.BtydFit(MBG_NBD, np.array([0.525, 6.183, 0.891, 1.614]), 0.01 * np.eye(4), 0.0, 60)
    spent = GammaGammaFit(np.array([6.25, 3.74, 15.44]), 0.01 * np.eye(3), 0.0, 60)

    def scores(one):
        table = one.lazy(buyers)
        view = clv.forecast_clv(
            frequency_recency.count_buyers(one, table),
            fit,
            spent,
            margin_share=0.3,
            horizon_days=364,
            discount_rate=0.1,
        )
        return rows(one, clv.clv_by_customer(one, table, view))

    assert unlike(scores(spark), scores(duck)) == []


def test_traits_of_respondents_and_of_customers_are_counted_alike(duck, spark):
    days = pd.date_range("2024-01-01", periods=80, freq="9D")
    ids = [f"c{i:02d}" for i in range(80)]
    shop = {
        "customers": {"customer_id": ids, "joined_on": days, "acquired_channel": ["shop", "search"] * 40},
        "transactions": {"order_id": ids, "line": 1, "customer_id": ids[::-1], "ordered_at": days, "kind": "sale",
                         "amount": 5.0},
        "subscriptions": {"subscription_id": ids, "customer_id": ids, "started_on": days[::-1], "has_ended": [
            i % 3 == 0 for i in range(80)], "ended_on": [days[-1] if i % 3 == 0 else pd.NaT for i in range(80)]},
        "invitations": {"invitation_id": ids[:50], "customer_id": ids[:50], "survey": "x", "sent_at": days[30:],
                        "response_id": [f"r{c}" if i < 40 else None for i, c in enumerate(ids[:50])]},
    }
    declared = {t.name.removeprefix("canonical/"): t for t in canonical_schema.CANONICAL_TABLES}
    scores = pd.DataFrame({"response_id": [f"r{c}" for c in ids[:40]], "customer_id": ids[:40], "person": ids[:40],
                           "responded_at": days[-1], "wave": "w", "weight": np.linspace(1, 2, 40)})

    def counted(one):
        records = undercoverage.CustomerRecords(
            *(declared[name].conformed(one.lazy(pd.DataFrame(columns))) for name, columns in shop.items()))
        return (*undercoverage.trait_shares(scores, records, [], "w"),
                undercoverage.never_invited(records, pd.Timestamp("2025-12-31")))

    (shares, n, never), expected = counted(spark), counted(duck)
    assert len(shares) > 2
    assert (shares, n, never) == expected


# --- where Spark is ----------------------------------------------------------------------------------------------


def test_an_engine_that_is_unknown_or_absent_is_refused_in_a_sentence(monkeypatch):
    with pytest.raises(InputError, match="there is no engine 'sparc'; allowed: did you mean 'spark'"):
        engine_choice.require_engine("sparc")
    pytest.importorskip("pyspark")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.delenv("LOYALTY_SPARK", raising=False)
    with pytest.raises(InputError, match="Spark needs Java, and there is none; allowed: Java 17"):
        engine_choice.require_engine("spark")
    monkeypatch.setenv("LOYALTY_SPARK", "sc://cluster:15002")
    engine_choice.require_engine("spark")
    monkeypatch.setattr(engine_choice, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="the package pyspark is not installed"):
        engine_choice.require_engine("spark")


def test_the_engine_is_the_one_that_is_named_else_duckdb(monkeypatch, needs_spark):
    monkeypatch.delenv(engine_choice.ENGINE_VARIABLE, raising=False)
    assert engine_choice.open_engine().name == "duckdb"
    monkeypatch.setenv(engine_choice.ENGINE_VARIABLE, "spark")
    assert engine_choice.open_engine().name == "spark"
    assert registry.open_workspace("simulated").engine.name == "spark"


ASKED = """
import pyarrow as pa
from helpers.foundation.engine_choice import open_engine
one = open_engine()
table = one.kept(one.lazy(pa.table({"a": ["1.5", "x", None]})))
print(one.connection._session.__module__, one.first_row(table.aggregate(n=table.a.try_cast("float64").sum())))
"""


def test_a_server_is_reached_by_its_connect_address(needs_spark, tmp_path):
    import pyspark

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    local = ["spark.connect.grpc.binding.address", "spark.driver.host", "spark.driver.bindAddress"]
    told = [f"{name}=127.0.0.1" for name in local] + [
        f"spark.connect.grpc.binding.port={port}",
        "spark.ui.enabled=false",
    ]
    command = [
        Path(pyspark.__file__).parent / "bin" / "spark-submit",
        "--master",
        "local[1]",
        "--driver-memory",
        "1g",
        "--class",
        "org.apache.spark.sql.connect.service.SparkConnectServer",
        *(w for c in told for w in ("--conf", c)),
        "spark-internal",
    ]
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(
            command, stdout=log, stderr=log, cwd=tmp_path, env={**os.environ, "SPARK_NO_DAEMONIZE": "1", **SHORT_LIVED}
        )
    try:
        assert listening(port, 90), (tmp_path / "log").read_text()[-2000:]
        asked = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", ASKED],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, engine_choice.ENGINE_VARIABLE: "spark", "LOYALTY_SPARK": f"sc://127.0.0.1:{port}"},
        )
    finally:
        server.terminate()
        server.wait(20)
    assert asked.stdout.strip() == "pyspark.sql.connect.session {'n': 1.5}", asked.stderr[-2000:]


def listening(port, seconds):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with socket.socket() as line:
            if line.connect_ex(("127.0.0.1", port)) == 0:
                return True
        time.sleep(0.2)
    return False
