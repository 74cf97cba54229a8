"""A/B moments with CUPED at size, side by side: ``python bench/experiments.py [--users 10000000] [--metrics 10]``.

Ours (`aggregates.sums_by_arm`, every covariate), bare single-pass SQL for the same sums, and tea-tasting on the same
Parquet file in DuckDB. Each in a process of its own; tea-tasting in an environment that this bench makes under a cache
folder.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

TARGET = 1.3
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "loyalty-bench"
PEER = "tea-tasting>=1.14,<2"
ROW = "{work:46}{seconds:>9}{ratio:>12}{target:>10}{peak:>11}"

WRITE = """
import sys, duckdb
path, n, k = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
con = duckdb.connect()
con.execute("select setseed(0.5)")
noise = "(random() + random() + random() + random() - 2)"
columns = ", ".join(f"covariate_m{i}_before, 0.6 * covariate_m{i}_before + 4 + 3 * {noise} as metric_m{i}"
                    for i in range(k))
past = ", ".join(f"10 + 3 * {noise} as covariate_m{i}_before" for i in range(k))
con.execute(f"copy (select 'new till' as experiment, 'u' || id as unit_id, variant, {columns} from "
            f"(select range as id, case when random() < 0.5 then 'control' else 'treatment' end as variant, {past} "
            f"from range({n}))) to '{path}' (format parquet)")
"""
OURS = """
import sys, time
from helpers.experiments import aggregates
from helpers.foundation import canonical_schema
from helpers.foundation.engine import Engine
engine = Engine()
table = canonical_schema.ASSIGNMENTS.conformed(engine.stored(__import__("pathlib").Path(sys.argv[1])))
metrics, covariates, _ = aggregates.metric_columns(table)
began = time.perf_counter()
{work}
seconds = time.perf_counter() - began
"""
SUMMED = ("aggregates.sums_by_arm(engine, table, metrics, "
          "aggregates.metric_covariate_pairs(metrics, covariates))")
COUNTED = "aggregates.aggregate_arms(engine, table)"
BARE = """
import sys, time, duckdb
con = duckdb.connect()
con.execute(f"set threads = {__import__('os').cpu_count()}")
began = time.perf_counter()
k = int(sys.argv[2])
sums = ", ".join(f"sum(metric_m{i}), sum(metric_m{i} * metric_m{i}), sum(covariate_m{i}_before), "
                 f"sum(covariate_m{i}_before * covariate_m{i}_before), sum(metric_m{i} * covariate_m{i}_before)"
                 for i in range(k))
con.sql(f"select variant, count(*), {sums} from '{sys.argv[1]}' group by variant").fetchall()
seconds = time.perf_counter() - began
"""
TEA = """
import sys, time, ibis, tea_tasting as tt
con = ibis.duckdb.connect()
data = con.read_parquet(sys.argv[1], hive_partitioning=False)
began = time.perf_counter()
k = int(sys.argv[2])
tt.Experiment(**{f"m{i}": tt.Mean(f"metric_m{i}", f"covariate_m{i}_before") for i in range(k)}).analyze(data)
seconds = time.perf_counter() - began
"""
TOLD = """
import json, resource
print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""


def measured(python, code, *arguments):
    """Return seconds of work and peak MiB of a process that runs the code."""
    done = subprocess.run([python, "-W", "ignore", "-c", code + TOLD, *map(str, arguments)], text=True,
                          capture_output=True, check=False)
    if done.returncode:
        sys.exit(done.stderr[-2000:])
    return json.loads(done.stdout.splitlines()[-1])


def peer():
    """Return the Python of the environment that holds the peer, made at first use."""
    python = CACHE / "tea-tasting" / "bin" / "python"
    if not python.is_file():
        subprocess.run([sys.executable, "-m", "venv", str(python.parents[1])], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", PEER, "ibis-framework[duckdb]>=12,<13",
                        "duckdb>=1.5,<2"], check=True)
    return str(python)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--users", type=int, nargs="+", default=[10_000_000])
    options.add_argument("--metrics", type=int, default=10)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--without-peer", action="store_true")
    told = options.parse_args()
    works = [("bare single-pass SQL", sys.executable, BARE), ("ours: moments and CUPED", sys.executable,
                                                              OURS.replace("{work}", SUMMED)),
             ("ours: everything the page counts", sys.executable, OURS.replace("{work}", COUNTED))]
    if not told.without_peer:
        works.append(("tea-tasting in DuckDB", peer(), TEA))
    print(ROW.format(work="work", seconds="s", ratio="× bare", target="target", peak="peak MiB"))
    for users in told.users:
        _measure(users, told, works)


def _measure(users, told, works):
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "assignments.parquet")
        subprocess.run([sys.executable, "-c", WRITE, path, str(users), str(told.metrics)], check=True)
        found = {name: [] for name, *_ in works}
        for _ in range(told.rounds):  # in turn, so that a busy minute hits all alike
            for name, python, code in works:
                found[name].append(measured(python, code, path, told.metrics))
    bare = statistics.median(s for s, _ in found["bare single-pass SQL"])
    for name, rows in found.items():
        seconds = statistics.median(s for s, _ in rows)
        print(ROW.format(work=f"{name}, {users:,} × {told.metrics}", seconds=f"{seconds:.2f}",
                         ratio=f"{seconds / bare:.2f}", target=f"≤ {TARGET}" if name.endswith("CUPED") else "",
                         peak=f"{max(p for _, p in rows):,.0f}"), flush=True)


if __name__ == "__main__":
    main()
