"""Answers of a real PostgreSQL server, which the tests start themselves; without one they are skipped by name."""

import os
import pwd
import shutil
import sqlite3
import subprocess
import tempfile
import tomllib
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from helpers.foundation.errors import InputError
from helpers.intake import infer_profile

ADDRESS = "LOYALTY_TEST_DATABASE"
QUERY = "select id, customer, day, amount, note from orders order by id"
TABLE = """
create table orders (id integer, customer text, day timestamp, amount numeric(12, 2), note jsonb);
insert into orders select i, 'c' || i % 3, timestamp '2025-01-01 10:00' + i * interval '1 day', i + 0.10, '{"a": 1}'
from generate_series(1, 20) i;
create type state as enum ('open', 'shut');
create table moods (status state);
insert into moods values ('shut'), ('open');
"""


def programs():
    found = shutil.which("initdb") or next(iter(sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin/initdb")))), "")
    return Path(found).resolve().parent if found else None


def called(*told, user):
    """Run a command of the server as somebody who may: it refuses to be run by root."""
    subprocess.run([str(t) for t in told], check=True, timeout=60, cwd="/", user=user, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def server():
    folder = programs()
    if folder is None:
        pytest.skip("no PostgreSQL server is installed")
    who = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    user = who.pw_uid if who else None
    with tempfile.TemporaryDirectory(prefix="pg-") as place:
        if who:
            os.chown(place, who.pw_uid, who.pw_gid)
        data = Path(place) / "data"
        called(folder / "initdb", "-D", data, "-U", "shop", "--auth=trust", "--encoding=UTF8", "--no-sync", user=user)
        called(folder / "pg_ctl", "-D", data, "-w", "-l", f"{place}/log", "-o", f"-k {place} -c listen_addresses='' "
               "-c fsync=off", "start", user=user)
        address = f"postgresql://shop:a-secret@/postgres?host={place}"
        try:
            from adbc_driver_postgresql import dbapi
            with dbapi.connect(address, autocommit=True) as connection, connection.cursor() as cursor:
                for statement in filter(str.strip, TABLE.split(";")):
                    cursor.execute(statement)
            yield address
        finally:
            called(folder / "pg_ctl", "-D", data, "-m", "immediate", "stop", user=user)


def asked(query=QUERY, **more):
    return {"orders": {"format": "postgresql", "connection": ADDRESS, "query": query, **more}}


def test_an_answer_becomes_a_canonical_table(server, small, monkeypatch):
    monkeypatch.setenv(ADDRESS, server)
    delivery = small.delivery(files=asked(), tables={"transactions": {"from": "orders", "columns": {
        "order_id": "id", "customer_id": "customer", "kind": "'sale'", "amount": "amount",
        "ordered_at": {"from": "day", "formats": ["%Y-%m-%d %H:%M:%S"]}}}}, control=[
        {"name": "net", "file": "orders", "expression": "amount", "expected": Decimal("212.00")}])
    assert delivery.counts == {"transactions": 20}
    assert delivery.controls[0].is_met
    assert delivery.as_of_on.isoformat() == "2025-01-21"


def test_keys_choices_and_lists_of_a_server_are_text(server, small, monkeypatch):
    monkeypatch.setenv(ADDRESS, server)
    landed = small.landed(files=asked(
        "select '00000000-0000-0000-0000-00000000000a'::uuid u, status, array['a', 'b'] tags from moods order by 2"))
    found = pq.read_table(landed.tables["orders"]).to_pylist()
    assert [(r["u"], r["status"], r["tags"]) for r in found] == [
        ("00000000-0000-0000-0000-00000000000a", status, '["a", "b"]') for status in ("open", "shut")]


@pytest.mark.parametrize(("made", "said"), [
    ("1.5::money", "values of type money cannot be read as they arrive; allowed: a cast in the query: worth::numeric"),
    ("inet '10.0.0.1'", "values of type inet .*worth::text"), ("'x'::bytea", "values of type bytea")])
def test_values_of_a_server_that_would_be_misread_are_refused_with_the_cast_that_helps(
    server, small, monkeypatch, made, said
):
    monkeypatch.setenv(ADDRESS, server)
    with pytest.raises(InputError, match=rf"files.orders.worth: {said}"):
        small.landed(files=asked(f"select {made} worth order by 1"))


def test_an_answer_with_a_repeated_name_is_refused(server, small, monkeypatch):
    monkeypatch.setenv(ADDRESS, server)
    with pytest.raises(InputError, match=r"files.orders: the name 'id' is given to 2 columns \(1, 2\)"):
        small.landed(files=asked("select id, id from orders order by 1"))


def test_an_answer_is_landed_as_text_with_its_checksum(server, small, monkeypatch):
    monkeypatch.setenv(ADDRESS, server)
    first, second = (small.landed(files=asked()) for _ in range(2))
    row = pq.read_table(first.tables["orders"]).to_pylist()[1]
    assert row == {"id": "2", "customer": "c2", "day": "2025-01-03 10:00:00", "amount": "2.10", "note": '{"a": 1}',
                   "file": "orders", "record": 2, "line": None}
    assert first.files[0].sha256 == second.files[0].sha256
    assert first.files[0].n_records == 20


def test_nothing_can_be_written(server, small, monkeypatch):
    monkeypatch.setenv(ADDRESS, server)
    query = "with gone as (delete from orders returning *) select * from gone order by id"
    with pytest.raises(InputError, match="read-only transaction"):
        small.landed(files=asked(query))
    assert small.landed(files=asked()).files[0].n_records == 20


def test_what_the_database_refuses_is_one_sentence_without_the_address(server, small, monkeypatch):
    monkeypatch.setenv(ADDRESS, server)
    with pytest.raises(InputError, match="the database refused") as refused:
        small.landed(files=asked("select nothing from orders order by 1"))
    monkeypatch.setenv(ADDRESS, server.replace("/postgres?", "/absent?"))
    with pytest.raises(InputError, match="the database refused") as absent:
        small.landed(files=asked())
    assert all("a-secret" not in str(e.value) and "\n" not in str(e.value) for e in (refused, absent))


@pytest.mark.parametrize("address", [
    "postgresql://shop:a-secret@{host}:1/orders", "postgresql://shop:a-sec@ret/a-secret@127.0.0.1:1/orders",
    "postgresql://shop:p/a-secret@127.0.0.1:1/orders", "postgresql://shop:%zz-a-secret@127.0.0.1:1/orders",
    "postgresql://shop@127.0.0.1:a-secret/orders", "host=127.0.0.1 port=1 user=shop password=a-secret",
    "postgresql://shop:x@127.0.0.1:1/orders?a-secret=1", "a-secret"])
def test_no_part_of_an_address_that_does_not_work_is_repeated(small, monkeypatch, address):
    monkeypatch.setenv(ADDRESS, address.format(host="127.0.0.1"))
    with pytest.raises(InputError, match=r"files.orders: the database refused \(") as refused:
        small.landed(files=asked())
    said = str(refused.value)
    assert not any(part in said for part in ("secret", "ret", "a-sec", "shop", "127.0.0.1")), said
    assert refused.value.__cause__ is None


def test_a_missing_address_is_one_sentence(small, monkeypatch):
    monkeypatch.delenv(ADDRESS, raising=False)
    with pytest.raises(InputError, match=f"the environment variable {ADDRESS} is not set"):
        small.landed(files=asked())


@pytest.mark.parametrize(("query", "said"), [
    ("select * from orders", "the query has no order"), ("delete from orders", "does not only read"),
    ("select 1 order by 1; select 2 order by 1", "does not only read"), ("select from where", "not readable as SQL")])
def test_only_one_ordered_question_is_asked(small, monkeypatch, query, said):
    monkeypatch.setenv(ADDRESS, "postgresql://nowhere")
    with pytest.raises(InputError, match=said):
        small.landed(files=asked(query))


@pytest.mark.parametrize("file", [
    {"format": "postgresql", "connection": "postgresql://shop:a-secret@host/db", "query": QUERY},
    {"format": "postgresql", "query": QUERY}, {"path": "a.csv", "query": QUERY}, {"format": "csv"}])
def test_credentials_cannot_stand_in_a_profile(small, file):
    with pytest.raises(InputError, match=r"connection|a file needs 'path'"):
        small.landed(files={"orders": file})


ROWS = [(i, f"c{i % 3}", f"2025-01-{i:02d}", i + 0.5) for i in range(1, 21)]

ORDERED = {"transactions": {"from": "orders", "columns": {"order_id": "id", "customer_id": "customer",
                                                          "ordered_at": "day", "kind": "'sale'", "amount": "amount"}}}


@pytest.fixture(params=["duckdb", "sqlite"])
def shop_file(request, small):
    """Return the form of a database file, written into the source's folder: orders, and people."""
    form = request.param
    opened = duckdb.connect(str(small.folder / "shop.duckdb")) if form == "duckdb" else \
        sqlite3.connect(small.folder / "shop.sqlite")
    for statement in ("create table orders (id integer, customer varchar, day varchar, amount decimal(9, 2))",
                      'create table "my people" (customer varchar, city varchar)',
                      "insert into \"my people\" values ('c0', 'Bern'), ('c1', null), ('c2', 'Basel')"):
        opened.execute(statement)
    opened.executemany("insert into orders values (?, ?, ?, ?)", ROWS)
    if form == "sqlite":
        opened.commit()
    opened.close()
    return form


def test_a_database_file_becomes_a_canonical_table(small, shop_file):
    delivery = small.delivery(files={"orders": {"path": f"shop.{shop_file}", "format": shop_file,
                                                "query": "select * from orders where id <= 10 order by id"}},
                              tables=ORDERED)
    rows = small.rows(delivery.tables["canonical/transactions"], "order_id", "customer_id", "amount")
    assert [(int(r["order_id"]), r["customer_id"], float(r["amount"])) for r in sorted(
        rows, key=lambda r: int(r["order_id"]))] == [(i, who, worth) for i, who, _, worth in ROWS[:10]]


def test_every_table_of_a_database_file_is_drafted(small, shop_file):
    text = infer_profile.draft_profile([small.folder / f"shop.{shop_file}"])
    delivery = small.delivery(**tomllib.loads(text, parse_float=Decimal))
    assert delivery.counts == {"customers": 3, "transactions": 20}
    assert [c.is_met for c in delivery.controls] == [True, True]


@pytest.mark.parametrize(("query", "said"), [
    ("select * from nowhere order by 1", "the database refused"), ("select * from orders", "the query has no order"),
    ("delete from orders", "the query does not only read")])
def test_a_query_that_a_database_file_cannot_answer_is_refused(small, shop_file, query, said):
    with pytest.raises(InputError, match=f"files.orders: {said}"):
        small.landed(files={"orders": {"path": f"shop.{shop_file}", "format": shop_file, "query": query}})


def test_a_file_that_is_no_database_and_one_that_is_absent_are_refused(small):
    small.file("shop.sqlite", "id,amount\n1,2\n")
    for path, said in (("shop.sqlite", "the database refused"), ("other.sqlite", "there is no file 'other.sqlite'")):
        with pytest.raises(InputError, match=said):
            small.landed(files={"orders": {"path": path, "format": "sqlite", "query": "select * from t order by 1"}})


def test_a_query_of_a_database_file_reads_no_other_file(small):
    duckdb.connect(str(small.folder / "shop.duckdb")).close()
    small.file("secret.csv", "id\n1\n")
    with pytest.raises(InputError, match="the database refused"):
        small.landed(files={"orders": {"path": "shop.duckdb", "format": "duckdb", "query":
                                       f"select * from read_csv('{small.folder}/secret.csv') order by 1"}})
