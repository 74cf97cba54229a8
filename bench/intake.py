"""Intake at size, side by side: ``python bench/intake.py [--lines 10000000] [--memory 4096] [--runs 3]``.

Ours: a CSV file is landed as text, cleaned by a profile (customers missing, prices of zero and below are set aside),
sorted and written, every record accounted for. Bare DuckDB reads the same file with its types declared, sorts and
writes it as Parquet: the least that anybody could do. Each in a process of its own with the same memory and threads.
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

import duckdb
import measure

TARGET = 3.0
COLUMNS = {"order_id": "VARCHAR", "customer_id": "VARCHAR", "ordered_at": "TIMESTAMP", "product": "VARCHAR",
           "quantity": "BIGINT", "unit_price": "DECIMAL(18, 4)", "channel": "VARCHAR"}
PROFILE = """
name = "bench"
title = "Order lines at size"
currency = "EUR"

[files.lines]
path = "lines.csv"

[tables.transactions]
from = "lines"
reject = [{ where = "unit_price <= 0", reason = "no price" }, { where = "customer_id is null", reason = "no customer" }]
[tables.transactions.columns]
order_id = "order_id"
{line}
customer_id = "customer_id"
ordered_at = { from = "ordered_at", formats = ["%Y-%m-%d %H:%M:%S"] }
kind = "case when quantity < 0 then 'refund' else 'sale' end"
quantity = "quantity"
amount = "quantity * unit_price"
product_id = "product"
channel = "channel"
"""
MADE = """
copy (select 'O' || lpad(cast(i // 3 as text), 9, '0') as order_id, i % 3 + 1 as line,
  case when random() < 0.02 then null else 'C' || cast(floor(pow(random(), 2) * {n} / 8) as bigint) end as customer_id,
  strftime(timestamp '2021-01-01' + to_seconds(cast(random() * 157680000 as bigint)),
    '%Y-%m-%d %H:%M:%S') as ordered_at,
  'P' || cast(floor(random() * 5000) as bigint) as product,
  case when random() < 0.02 then -1 else 1 + cast(floor(random() * 5) as bigint) end as quantity,
  case when random() < 0.005 then 0 else cast(random() * 100 as decimal(18, 2)) end as unit_price,
  case when random() < 0.3 then 'shop' else 'web' end as channel from range({n}) t(i)) to '{path}' (header)
"""


def made(path, n):
    con = duckdb.connect()
    con.execute("select setseed(0.5); set threads = 1")
    con.execute(MADE.format(n=n, path=path))
    return {"seconds": 0.0}


def ours(folder, line):
    from helpers.intake import delivery, profiles
    from helpers.pipeline import registry

    home = Path(os.environ["LOYALTY_HOME"])
    (home / "data" / "sources").mkdir(parents=True)
    text = PROFILE.replace("{line}", 'line = "line_"' if line == "given" else "")
    (home / "data" / "sources" / "bench.toml").write_text(text)
    began = time.perf_counter()
    workspace = registry.open_workspace("bench").cleared()
    delivery = delivery.read_delivery(profiles.read_profile("bench"), workspace.engine, folder)
    written = delivery.write(workspace)
    return {"seconds": time.perf_counter() - began, "written": written}


def bare(folder, line):
    from helpers.foundation import engine

    con = duckdb.connect(config={"threads": engine.thread_count(), "memory_limit": f"{engine.memory_mib()}MiB"})
    began = time.perf_counter()
    names = ", ".join(f"'{c}': '{t}'" for c, t in ({"order_id": "VARCHAR", "line": "BIGINT"} | COLUMNS).items())
    con.execute(f"copy (select *, quantity * unit_price as amount from read_csv('{folder}/lines.csv', header = true, "
                f"columns = {{{names}}}) order by order_id, line) to '{folder}/bare.parquet' "
                "(format parquet, compression zstd)")
    return {"seconds": time.perf_counter() - began}


def compared(lines, memory, runs, line):
    with tempfile.TemporaryDirectory() as folder:
        measure.alone(__file__, "made", Path(folder) / "lines.csv", lines)
        told = {"ours": [], "bare": []}
        for run in range(runs):
            for name, kept in told.items():
                os.environ["LOYALTY_HOME"] = str(Path(folder) / f"home-{name}-{run}")
                kept.append(measure.alone(__file__, name, folder, line, memory_mib=memory))
    found, least = ({"seconds": statistics.median(r["seconds"] for r in kept), "peak": max(r["peak"] for r in kept)}
                    for kept in told.values())
    what = "CSV to canonical, lines " + ("given" if line == "given" else "numbered here")
    measure.row(what, lines, found, "DuckDB, typed, sorted", least, f"≤ {TARGET:g} ×")
    print(f"{'':4}{'; '.join(told['ours'][-1]['written'])}")


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--lines", type=int, nargs="+", default=[10_000_000])
    options.add_argument("--memory", type=int, default=4096, help="memory limit [MiB]")
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--numbers", nargs="+", choices=["given", "made"], default=["given", "made"])
    told = options.parse_args()
    print(f"memory limit {told.memory:,} MiB, {len(os.sched_getaffinity(0))} cores\n{measure.HEADER}")
    for lines in told.lines:
        for line in told.numbers:
            compared(lines, told.memory, told.runs, line)


if __name__ == "__main__" and not measure.inside({"made": made, "ours": ours, "bare": bare}):
    main()
