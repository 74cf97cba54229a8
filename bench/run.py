"""Where the time of a whole run goes: wall, cells, imports and the rest, beside the targets.

``python bench/run.py [SOURCE] [--runs 3] [--jobs 2] [--raw PATH]``; each run is a process of its own, as a scheduler
starts it, in a temporary home. Overhead is the wall time less the time in cells, where cells tagged ``imports`` do not
count as cells: with steps side by side it may be negative.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TARGETS = {"wall": 60.0, "overhead": 15.0}
STEPS = "{name}  {title:26} {seconds:8.2f} {cell_seconds:8.2f} {import_seconds:8.2f} {peak_mib:8,}"


def timed(home, arguments):
    """Return the wall time of one run [s] and its manifest."""
    began = time.perf_counter()
    told = subprocess.run([sys.executable, "-m", "helpers", "run", *arguments], check=False, capture_output=True,
                          text=True, env={**os.environ, "LOYALTY_HOME": home})
    wall = time.perf_counter() - began
    if told.returncode:
        sys.exit(f"{told.stdout}{told.stderr}the run ended with code {told.returncode}")
    newest = max((Path(home) / "data" / "runs" / arguments[0]).glob("*/manifest.json"), key=lambda p: p.stat().st_mtime)
    return wall, json.loads(newest.read_text(encoding="utf-8"))


def parts(wall, manifest):
    """Return where the wall time of a run went [s]."""
    steps = manifest["steps"].values()
    cells = sum(step.get("cell_seconds", 0) for step in steps)
    return {"wall": wall, "cells": cells, "imports": sum(step.get("import_seconds", 0) for step in steps),
            "overhead": wall - cells}


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("source", nargs="?", default="simulated")
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--jobs", default="2")
    options.add_argument("--raw", default="")
    told = options.parse_args()
    arguments = [told.source, "--jobs", told.jobs, *(["--raw", str(Path(told.raw).resolve())] if told.raw else [])]
    with tempfile.TemporaryDirectory() as home:
        found = [timed(home, arguments) for _ in range(told.runs)]
    _print(told, found)


def _print(told, found):
    print(f"{told.source}, {told.jobs} at a time, {len(os.sched_getaffinity(0))} cores, seconds\n")
    rows = [parts(*one) for one in found]
    print(f"{'run':10}" + "".join(f"{name:>10}" for name in rows[0]))
    for i, row in enumerate(rows, 1):
        print(f"{i:<10}" + "".join(f"{value:10.2f}" for value in row.values()))
    medians = {name: statistics.median(row[name] for row in rows) for name in rows[0]}
    print(f"{'median':10}" + "".join(f"{value:10.2f}" for value in medians.values()))
    targets = [f"≤ {TARGETS[name]:.0f}" if name in TARGETS else "" for name in medians]
    print(f"{'target':10}" + "".join(f"{target:>10}" for target in targets))
    print(f"\n{'last run':30} {'step':>8} {'cells':>8} {'imports':>8} {'peak MiB':>8}")
    for name, step in found[-1][1]["steps"].items():
        facts = {key: step.get(key, 0) for key in ("seconds", "cell_seconds", "import_seconds", "peak_mib")}
        print(STEPS.format(name=name, title=step["title"], **facts))


if __name__ == "__main__":
    main()
