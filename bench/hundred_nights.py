"""A hundred nights: scheduled runs of a source that grows by a day each, and whether anything piles up.

``python bench/hundred_nights.py [--nights 100] [--days 1] [--customers 300] [--to FOLDER]`` lets the command line run
a small company's records night after night, each in a process of its own, and prints a line a night. At the end stands
how time, memory and what a night adds to the disk grow with the source and with the runs before: the slope a night
with its 95 % interval, and whether the growth itself grows (the interval of a quadratic term lies above zero). Wall
time is what a night took, processor time what it would take on a machine that does nothing else. Nothing may be left
over beside finished runs, and every forecast whose day has come has to be graded. With fewer nights of more days each,
forecasts come due sooner. Last comes how long the list takes once there are 1,000 runs: the nights, and copies of the
last one's manifest, which is all that the list reads. Ctrl-C ends it early, and what the nights until then tell is
printed.
"""

import argparse
import csv
import ctypes
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import statsmodels.api as sm

from helpers import simulation
from helpers.simulation import planted_truth

SOURCE = "growing"
PROFILE = """name = "growing"
title = "A company that grows by a day a night"
currency = "EUR"
[files.people]
path = "customers.csv"
delimiter = ";"
mask = { drop = ["E-mail"] }
[files.orders]
path = "orders/*.csv"
[tables.customers]
from = "people"
[tables.customers.columns]
customer_id = '"No"'
joined_on = { from = "Joined", formats = ["%d/%m/%Y"] }
acquired_channel = '"Source"'
[tables.transactions]
from = "orders"
duplicates = "reject"
reject = [{ where = "\\"Order\\" is null", reason = "no order number" },
          { where = "Customer = 'TEST'", reason = "test order" }]
[tables.transactions.columns]
order_id = '"Order"'
line = "Pos"
customer_id = "Customer"
ordered_at = { from = "\\"Date\\" || ' ' || \\"Time\\"", formats = ["%d/%m/%Y %H:%M:%S"] }
kind = { from = '"Type"', values = { S = "sale", R = "refund", F = "fee" } }
amount = "Amount"
unit_cost = "Cost"
refunds_order_id = "RefundOf"
"""
DATED = {"customers.csv": ("Joined", ";"), "orders": ("Date", ",")}
KEY = ["quantity", "segment", "model", "due_on"]
FORECASTS, GRADES = ("results/forecasts", "results/value_forecasts"), "results/forecast_grades"
HEADER = (f"{'night':>6}  {'as of':<11}{'records':>9}{'wall, s':>9}{'cpu, s':>9}{'peak MiB':>10}{'disk MiB':>10}"
          f"{'runs, s':>9}")
LINE = "{:>6}  {as_of:<11}{records:>9,}{seconds:>9.1f}{cpu:>9.1f}{peak:>10,.0f}{disk:>10,.1f}{listed:>9.2f}"
GROWING = {"seconds": "s", "cpu": "s of the processor", "peak": "MiB", "added": "MiB of disk that a night adds",
           "listed": "s for the list of runs"}
PR_SET_CHILD_SUBREAPER = 36  # of prctl(2)
LISTED, LISTED_SECONDS = 1_000, 1.0


def delivered(whole: Path, raw: Path, day: date) -> int:
    """Write what had been recorded by the end of a day; return the number of records."""
    return sum(written_until(file, raw / file.relative_to(whole), day)
               for name in DATED for file in sorted([whole / name, *(whole / name).glob("*.csv")]) if file.is_file())


def written_until(file: Path, target: Path, day: date) -> int:
    """Write the rows of one file that are dated until a day, or not at all; return their number."""
    column, delimiter = DATED["customers.csv" if file.name == "customers.csv" else "orders"]
    with file.open(encoding="latin-1", newline="") as read:  # which gives back every byte as it was
        head, *rows = csv.reader(read, delimiter=delimiter)
    at = head.index(column)
    kept = [row for row in rows if not (on := dated(row[at])) or on <= day]
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("w", encoding="latin-1", newline="") as write:
        csv.writer(write, delimiter=delimiter).writerows([head, *kept])
    return len(kept)


def dated(text: str) -> date | None:
    """Return the day that a text names, None where it names none."""
    try:
        return datetime.strptime(text, "%d/%m/%Y").date()
    except ValueError:
        return None


def command(home: Path, *arguments: str) -> tuple[float, float]:
    """Return the wall time and the processor time of one command, with every process that it started [s]."""
    start, used = time.perf_counter(), processor_seconds()
    done = subprocess.run([sys.executable, "-m", "helpers", *arguments], capture_output=True, text=True, check=False,
                          env={**os.environ, "LOYALTY_HOME": str(home)})
    if done.returncode:
        sys.exit(f"{' '.join(arguments)} ended with code {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    seconds = time.perf_counter() - start
    return seconds, processor_seconds() - used


def adopt_orphans() -> None:
    """Become the parent of processes whose own parent has ended, so that their time is counted (Linux)."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def processor_seconds() -> float:
    """Return the processor time of all processes below this one, once the last of them has ended [s]."""
    with suppress(ChildProcessError):
        while True:
            os.wait()
    told = resource.getrusage(resource.RUSAGE_CHILDREN)
    return told.ru_utime + told.ru_stime


def night(home: Path, records: int) -> dict[str, float | str]:
    """Run one night; return what it took."""
    seconds, cpu = command(home, "run", SOURCE, "--quiet")
    newest = json.loads(manifests(home)[-1].read_text(encoding="utf-8"))
    peak = max(float(step.get("peak_mib", 0)) for step in newest["steps"].values())
    disk = sum(p.stat().st_blocks * 512 for p in {p.stat().st_ino: p for p in files(home)}.values()) / 2**20
    return {"as_of": newest["as_of"], "records": records, "seconds": seconds, "cpu": cpu, "peak": peak, "disk": disk,
            "listed": command(home, "runs", SOURCE)[0]}


def seconds_for_list(home: Path, n_runs: int) -> tuple[float, float]:
    """Return the wall time and the processor time of the list of so many runs, filled up by copies of a manifest."""
    known = manifests(home)
    told = json.loads(known[-1].read_text(encoding="utf-8"))
    for i in range(len(known), n_runs):
        folder = known[-1].parent.with_name(f"copied-{i}")
        folder.mkdir()
        (folder / known[-1].name).write_text(json.dumps({**told, "run": folder.name, "number": i + 1}))
    return command(home, "runs", SOURCE)


def files(home: Path) -> Iterator[Path]:
    """Yield every file of runs and pages."""
    for top in ("data/runs", "reports"):
        yield from (p for p in (home / top).rglob("*") if p.is_file() and not p.is_symlink())


def manifests(home: Path) -> list[Path]:
    """Return the manifests of all runs, oldest first."""
    found = (home / "data" / "runs" / SOURCE).glob("*/manifest.json")
    return sorted(found, key=lambda path: json.loads(path.read_text(encoding="utf-8"))["number"])


def left_over(home: Path) -> list[str]:
    """Return what lies about that belongs to no finished run."""
    odd = [p for top in ("data/runs", "reports") for p in (home / top).rglob("*")
           if (p.name.startswith(".") and p.name != ".lock") or p.name.rpartition(".")[2].isdigit()]
    unfinished = [p for p in manifests(home) if json.loads(p.read_text(encoding="utf-8"))["state"] != "finished"]
    return sorted(str(p.relative_to(home)) for p in [*odd, *unfinished])


def graded(home: Path) -> tuple[int, int]:
    """Return how many forecasts have come due before the newest run, and how many of them any run has graded."""
    as_of = json.loads(manifests(home)[-1].read_text(encoding="utf-8"))["as_of"]
    made = pd.concat([stored(home, name, [*KEY, "value"]) for name in FORECASTS]).dropna(subset=["value"])
    due = {key for key in keys(made) if key[-1][:10] <= as_of}
    return len(due), len(due & keys(stored(home, GRADES, KEY)))


def stored(home: Path, table: str, columns: list[str]) -> pd.DataFrame:
    """Return columns of a table of every run."""
    paths = [path.parent / f"{table}.parquet" for path in manifests(home)]
    return pd.concat([pd.DataFrame(columns=columns), *(pd.read_parquet(p)[columns] for p in paths if p.is_file())])


def keys(frame: pd.DataFrame) -> set[tuple[str, ...]]:
    return {tuple(map(str, row)) for row in frame[KEY].itertuples(index=False)}


def growth(values: list[float]) -> str:
    """Return the slope a night with its interval, and whether growth itself grows."""
    n = np.arange(len(values), dtype="float64")
    straight = sm.OLS(values, sm.add_constant(n)).fit()
    low, high = straight.conf_int()[1]
    told = f"{straight.params[1]:+.3f} a night [{low:+.3f}, {high:+.3f}]"
    if len(values) < 5:
        return f"{told}; too few nights to tell whether growth itself grows"
    bent = sm.OLS(values, np.column_stack([np.ones_like(n), n, n**2])).fit()
    is_bent = bent.conf_int()[2][0] > 0
    return f"{told}; {'GROWTH ITSELF GROWS' if is_bent else 'no more than linear'}"


def run_nights(given: argparse.Namespace, home: Path, whole: Path) -> list[dict[str, float | str]]:
    """Run night after night, a line each; return what they took, those until Ctrl-C where that ends it early."""
    print(HEADER, flush=True)
    nights: list[dict[str, float | str]] = []
    with suppress(KeyboardInterrupt):
        for i in range(given.nights):
            day = date.fromisoformat(str(planted_truth.LAST_DAY)) - timedelta(days=given.days * (given.nights - 1 - i))
            nights.append(night(home, delivered(whole, home / "data" / "raw" / SOURCE, day)))
            print(LINE.format(i + 1, **nights[-1]), flush=True)
    disk = [0.0, *(float(row["disk"]) for row in nights)]
    return [{**row, "added": added} for row, added in zip(nights, np.diff(disk), strict=True)]


def main() -> int:
    told = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    told.add_argument("--nights", type=int, default=100, metavar="N", help="runs")
    told.add_argument("--days", type=int, default=1, metavar="D", help="days that the source grows by each night")
    told.add_argument("--customers", type=int, default=300, metavar="N", help="customers of the company")
    told.add_argument("--to", default="", metavar="FOLDER", help="home that is kept (default: a temporary one)")
    given = told.parse_args()
    adopt_orphans()
    with tempfile.TemporaryDirectory() as room:
        home, whole = Path(given.to or f"{room}/home"), Path(room) / "whole"
        (home / "data" / "sources").mkdir(parents=True, exist_ok=True)
        (home / "data" / "sources" / f"{SOURCE}.toml").write_text(PROFILE, encoding="utf-8")
        simulation.write_files(whole, customers=given.customers)
        nights = run_nights(given, home, whole)
        (due, done), left = graded(home), left_over(home)
        wall, cpu = seconds_for_list(home, LISTED)
    for name, unit in GROWING.items():
        print(f"{name}: {growth([float(row[name]) for row in nights])} {unit}")
    print(f"nights: {len(nights)}; left over: {', '.join(left) or 'nothing'}; forecasts due: {due:,}, graded: {done:,}")
    print(f"list of {LISTED:,} runs: {wall:.2f} s, {cpu:.2f} s of the processor")
    return int(bool(left) or done < due or cpu >= LISTED_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
