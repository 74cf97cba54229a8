"""What is known of customers, at size and side by side: ``python bench/features.py [--lines 10000000] [--spark]``.

*Summary*: how often, how recently, how long and for how much each customer has bought, refunds taken back
(`value.summaries.buyers`, which models are fitted to). *Features*: all of `customers.features.summary`, with margins.
Both beside SQL written by hand for the same answer; the summary beside lifetimes too (``--lifetimes``), which gets an
environment of its own; with ``--spark`` both on Spark on this machine. Each in a process of its own, on the same
Parquet file; results are held against each other.
"""

import argparse
import os
import statistics
import tempfile
import time
from datetime import date
from pathlib import Path

import measure

LIFETIMES = ["lifetimes==0.11.3", "numpy<2", "pandas<2.2", "scipy<1.13", "setuptools", "pyarrow<20"]
CUTOFF = date(2025, 12, 31)
TARGET = 1.2
MADE = """
copy (select 'O' || lpad(cast(i // 3 as text), 9, '0') as order_id, cast(i % 3 + 1 as bigint) as line,
  case when random() < 0.02 then null else 'C' || cast(floor(pow(random(), 2) * {n} / 8) as bigint) end as customer_id,
  timestamp '2021-01-01' + to_seconds(cast(random() * 157680000 as bigint)) as ordered_at,
  case when i % 50 = 0 then 'refund' else 'sale' end as kind,
  cast(case when i % 50 = 0 then -1 else 1 end * random() * 100 as decimal(18, 4)) as amount,
  cast(1 + floor(random() * 5) as double) as quantity,
  case when random() < 0.5 then cast(random() * 20 as decimal(18, 4)) end as unit_cost,
  case when i % 100 = 0 then 'O' || lpad(cast(i // 3 - 7 as text), 9, '0') end as refunds_order_id
  from range({n}) t(i)) to '{path}' (format parquet, compression zstd)
"""
LINES = """
with lines as (select * from '{path}' where kind in ('sale', 'refund') and customer_id is not null
               and ordered_at < date '{cutoff}' + 1),
refunded as (select refunds_order_id as order_id, sum(amount) as taken from lines
             where kind = 'refund' and refunds_order_id is not null group by 1),
orders as (select order_id, min(customer_id) as customer_id, min(cast(ordered_at as date)) as "on" from lines
           where kind = 'sale' and order_id in (select order_id from refunded) group by 1)
"""
SUMMARY = "copy (" + LINES + """,
spent as (select customer_id, "on", sum(amount) as amount from (
      select customer_id, cast(ordered_at as date) as "on", amount from lines where kind = 'sale'
      union all select customer_id, "on", taken from orders join refunded using (order_id)) group by 1, 2)
select customer_id, count(*) - 1 as n_repeats, min("on") as first_on, max("on") - min("on") as last_days,
  date '{cutoff}' - min("on") as age_days, sum(amount) as spend, sum(amount) - arg_min(amount, "on") as repeat_spend
from spent where amount > 0 group by 1) to '{out}' (format parquet, compression zstd)
"""
BY_HAND = "copy (" + LINES + """,
booked as (select customer_id, cast(ordered_at as date) as "on", if(kind = 'sale', amount, 0) as occasion_sales,
    amount as net_sales, quantity is not null and unit_cost is not null as has_cost,
    amount - cast(if(kind = 'sale', quantity, -abs(quantity)) as decimal(18, 4)) * unit_cost as margin from lines),
spent as (select customer_id, "on", sum(occasion_sales) as occasion_sales, sum(net_sales) as net_sales,
    sum(costed) as costed, sum(uncosted) as uncosted from (
      select customer_id, "on", occasion_sales, net_sales, if(has_cost, cast(margin as decimal(18, 4)), 0) as costed,
        if(has_cost, 0, net_sales) as uncosted from booked
      union all select customer_id, "on", taken, 0, 0, 0 from orders join refunded using (order_id)) group by 1, 2)
select customer_id, count(*) filter (occasion_sales > 0) as n_occasions,
  min("on") filter (occasion_sales > 0) as first_on, max("on") filter (occasion_sales > 0) as last_on,
  count(*) filter (occasion_sales > 0 and "on" > date '{cutoff}' - 90) as n_recent_occasions,
  sum(net_sales) as net_sales,
  cast(sum(occasion_sales) filter (occasion_sales > 0) as double) / nullif(count(*) filter (occasion_sales > 0), 0)
    as mean_spend,
  date '{cutoff}' - max("on") filter (occasion_sales > 0) as recency_days,
  date '{cutoff}' - min("on") filter (occasion_sales > 0) as age_days,
  sum(costed) + cast(sum(uncosted) * 0.3 as decimal(18, 4)) as margin
from spent group by 1) to '{out}' (format parquet, compression zstd)
"""


def connected():
    import duckdb

    from helpers.foundation import engine

    return duckdb.connect(config={"threads": engine.thread_count(), "memory_limit": f"{engine.memory_mib()}MiB",
                                  "temp_directory": tempfile.gettempdir()})


def made(path, n):
    con = connected()
    con.execute("select setseed(0.5); set threads = 1")
    con.execute(MADE.format(n=n, path=path))
    return {"seconds": 0.0}


def timed(query, path, out):
    con = connected()
    began = time.perf_counter()
    con.execute(query.format(path=path, out=out, cutoff=CUTOFF))
    return {"seconds": time.perf_counter() - began}


def bare(path, out):
    return timed(SUMMARY, path, out)


def by_hand(path, out):
    return timed(BY_HAND, path, out)


def of_ours(engine, path, out, what):
    from helpers.customers import features
    from helpers.foundation import canonical_schema
    from helpers.value.btyd import frequency_recency

    engine.connection  # noqa: B018 — a session that is there already, as in a run
    began = time.perf_counter()
    lines = canonical_schema.TRANSACTIONS.conformed(engine.stored(Path(path)))
    found = (
        features.customer_summary(lines, CUTOFF, margin_rate=0.3)
        if what == "features"
        else frequency_recency.buyer_history(lines, CUTOFF)
    )
    engine.write(found, Path(out), [])
    return {"seconds": time.perf_counter() - began}


def ours(path, out, what):
    from helpers.foundation.engine import Engine

    return of_ours(Engine(), path, out, what)


def on_spark(path, out, what):
    from helpers.foundation.engine_choice import open_engine

    return of_ours(open_engine("spark"), path, out, what)


def of_lifetimes(path):
    import pandas as pd
    from lifetimes.utils import summary_data_from_transaction_data

    began = time.perf_counter()
    lines = pd.read_parquet(path, columns=["customer_id", "ordered_at", "amount", "kind"])
    lines = lines[(lines["kind"] == "sale") & lines["customer_id"].notna()]
    lines["amount"] = lines["amount"].astype("float64")
    summary_data_from_transaction_data(lines, "customer_id", "ordered_at", monetary_value_col="amount",
                                       observation_period_end=pd.Timestamp(CUTOFF))
    return {"seconds": time.perf_counter() - began}


def held(one, other):
    """Return how many customers there are, and in how many the two results differ: money and counts at all."""
    con, pattern = connected(), [f"{path}/*.parquet" if Path(path).is_dir() else path for path in (one, other)]
    columns = con.execute(f"describe select * from '{pattern[0]}'").fetchall()
    odd = [f"abs(a.{c} - b.{c}) > 1e-9 * greatest(1, abs(b.{c}))" if kind == "DOUBLE" else
           f"a.{c} is distinct from b.{c}" for c, kind, *_ in columns]
    return con.execute(f"select count(*), count(*) filter ({' or '.join(odd)}) from '{pattern[0]}' a "
                       f"full join '{pattern[1]}' b using (customer_id)").fetchone()


def median(name, runs, *arguments, memory, python=None):
    told = {"memory_mib": memory} | ({"python": python} if python else {})
    found = [measure.alone(__file__, name, *arguments, **told) for _ in range(runs)]
    return {"seconds": statistics.median(f["seconds"] for f in found), "peak": max(f["peak"] for f in found)}


def compared(lines, told, folder):
    path = Path(folder) / f"{lines}.parquet"
    measure.alone(__file__, "made", path, lines, memory_mib=told.memory)
    for what, peer in (("summary", "bare"), ("features", "by_hand")):
        ours_to, theirs_to, spark_to = (str(Path(folder) / f"{what}-{who}-{lines}.parquet") for who in "abc")
        theirs = median(peer, told.runs, path, theirs_to, memory=told.memory)
        found = median("ours", told.runs, path, ours_to, what, memory=told.memory)
        measure.row(f"{what} of customers", lines, found, "SQL by hand", theirs, f"≤ {TARGET} ×")
        print("    {:,} customers, {:,} differ".format(*held(ours_to, theirs_to)), flush=True)
        if told.lifetimes and what == "summary":
            python = measure.environment("lifetimes-parquet", LIFETIMES)
            measure.row("summary of customers", lines, found, "lifetimes",
                        measure.alone(__file__, "of_lifetimes", path, python=python), "≤ 0.1 ×")
        if told.spark:
            spark = measure.alone(__file__, "on_spark", path, spark_to, what, memory_mib=told.memory)
            measure.row(f"{what}, Spark on this machine", lines, spark, "ours on DuckDB", found)
            print("    {:,} customers, {:,} differ".format(*held(spark_to, ours_to)), flush=True)
    path.unlink()


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--lines", type=int, nargs="*", default=[10_000_000])
    options.add_argument("--memory", type=int, default=4096, help="memory limit [MiB]")
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--spark", action="store_true")
    options.add_argument("--lifetimes", action="store_true")
    told = options.parse_args()
    print(f"memory limit {told.memory:,} MiB, {len(os.sched_getaffinity(0))} cores\n{measure.HEADER}")
    with tempfile.TemporaryDirectory() as folder:
        for lines in told.lines:
            compared(lines, told, folder)


WORKS = (made, bare, by_hand, ours, on_spark, of_lifetimes)

if __name__ == "__main__" and not measure.inside({work.__name__: work for work in WORKS}):
    main()
