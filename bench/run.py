"""Whole runs beside eight notebooks that only import, in the same minutes: the ratios that the targets are about.

``python bench/run.py [SOURCE] [--runs 3] [--raw PATH]``. Each round measures, one after the other and each in processes
of its own: the cells tagged ``imports`` of the eight notebooks, executed by papermill two at a time; a whole run of the
source, as a scheduler starts it; and, for the simulated company, the newcomer's default of two dates. Overhead is the
wall time of a run less half of the time in its cells, in units of the notebooks that only import.
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

ROOT = Path(__file__).resolve().parents[1]
# Ratios to the notebooks that only import.
TARGETS = {"run": 2.5, "two dates": 4.0, "overhead": 0.5}
OTHER_SOURCES = 5.0
EARLIER = "2025-09-30"
STEPS = "{name}  {title:26} {seconds:8.2f} {cell_seconds:8.2f} {import_seconds:8.2f} {peak_mib:8,}"
IMPORT_ONLY = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import papermill
with ThreadPoolExecutor(2) as pool:
    list(pool.map(lambda path: papermill.execute_notebook(path, path.with_suffix(".out.ipynb"), progress_bar=False),
                  sorted(Path(sys.argv[1]).glob("*.ipynb"))))
"""


def seconds(command, home=""):
    """Return the wall time of a command [s]; a failure ends the bench with what it told."""
    began = time.perf_counter()
    told = subprocess.run(command, check=False, capture_output=True, text=True,
                          env={**os.environ, "LOYALTY_HOME": home})
    if told.returncode:
        sys.exit(f"{told.stdout}{told.stderr}{command}: code {told.returncode}")
    return time.perf_counter() - began


def import_only(folder):
    """Return the wall time of the eight notebooks when each holds its imports alone [s]."""
    for path in sorted((ROOT / "notebooks").glob("0*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        notebook["cells"] = [cell for cell in notebook["cells"] if "imports" in cell["metadata"].get("tags", ())]
        (folder / path.name).write_text(json.dumps(notebook), encoding="utf-8")
    return seconds([sys.executable, "-c", IMPORT_ONLY, str(folder)])


def whole_run(source, home, *arguments):
    """Return the wall time of a run [s] and its manifest."""
    wall = seconds([sys.executable, "-m", "helpers", "run", source, "--jobs", "2", *arguments], home)
    newest = max((Path(home) / "data" / "runs" / source).glob("*/manifest.json"), key=lambda p: p.stat().st_mtime)
    return wall, json.loads(newest.read_text(encoding="utf-8"))


def one_round(source, arguments):
    """Return the seconds of one round by kind of work, and the manifest of its run."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as home:
        imports = import_only(Path(folder))
        wall, manifest = whole_run(source, home, *arguments)
    found = {"imports": imports, "run": wall}
    if source == "simulated":
        with tempfile.TemporaryDirectory() as home:
            found["two dates"], _ = whole_run(source, home, "--as-of", EARLIER, "--as-of", "newest")
    found["overhead"] = wall - sum(step.get("cell_seconds", 0) for step in manifest["steps"].values()) / 2
    return found, manifest


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("source", nargs="?", default="simulated")
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--raw", default="")
    told = options.parse_args()
    arguments = ["--raw", str(Path(told.raw).resolve())] if told.raw else []
    _print(told.source, [one_round(told.source, arguments) for _ in range(told.runs)])


def _print(source, rounds):
    print(f"{source}, two at a time, {len(os.sched_getaffinity(0))} cores, seconds\n")
    rows = [found for found, _ in rounds]
    print(f"{'round':10}" + "".join(f"{name:>12}" for name in rows[0]))
    for i, row in enumerate(rows, 1):
        print(f"{i:<10}" + "".join(f"{value:12.2f}" for value in row.values()))
    ratios = {name: statistics.median(row[name] / row["imports"] for row in rows) for name in rows[0]}
    print(f"{'ratio':10}" + "".join(f"{value:12.2f}" for value in ratios.values()))
    targets = TARGETS if source == "simulated" else TARGETS | {"run": OTHER_SOURCES}
    print(f"{'target':10}" + "".join(f"{f'≤ {targets[name]:g}' if name in targets else '':>12}" for name in ratios))
    print(f"\n{'last run':30} {'step':>8} {'cells':>8} {'imports':>8} {'peak MiB':>8}")
    for name, step in rounds[-1][1]["steps"].items():
        facts = {key: step.get(key, 0) for key in ("seconds", "cell_seconds", "import_seconds", "peak_mib")}
        print(STEPS.format(name=name, title=step["title"], **facts))


if __name__ == "__main__":
    main()
