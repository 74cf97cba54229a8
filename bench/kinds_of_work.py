"""Processor seconds of the workbook's cells by kind of work: expression, engine, statistics, drawing, and the kernels.

``python bench/kinds_of_work.py [--root CHECKOUT]``. The simulated company is run whole, which tells what steps take
beside their cells, in wall time and so on an idle machine alone; then every notebook's cells are executed once more in
a kernel of their own, with one thread, while a second thread looks two hundred times a second at what the first one
does. Seconds belong to the innermost library that is at work. ``--root`` measures another checkout, such as an earlier
commit, for a table before and after.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).resolve().parent
# The first that a file's path holds; what none names belongs to whoever called it.
KINDS = (
    ("engine", ("/ibis/backends/duckdb/__init__", "/duckdb/", "/helpers/foundation/engine")),
    ("expression", ("/ibis/", "/sqlglot/")),
    ("drawing", ("/matplotlib/", "/seaborn/", "/PIL/", "/fontTools/", "/helpers/reporting/")),
    ("statistics", ("/scipy/", "/statsmodels/", "/sklearn/", "/lightgbm/", "/numpy/", "/helpers/stats/")),
    ("frames", ("/pandas/", "/pyarrow/")),
    ("own code", ("/helpers/",)),
)
ORDER = [*(name for name, _ in KINDS), "kernel"]
SECONDS_BETWEEN = 0.005

_seen, _end = Counter(), threading.Event()


def kind_of(frame):
    """Return the kind of work of the innermost frame that belongs to one; cells themselves are own code."""
    while frame is not None:
        path = frame.f_code.co_filename
        for name, parts in KINDS:
            if any(part in path for part in parts):
                return name
        frame = frame.f_back
    return "own code"


def begin():
    """Begin to look at what the main thread of this kernel does."""
    sys.setswitchinterval(0.001)
    threading.Thread(target=_look, args=(threading.main_thread().ident,), daemon=True).start()


def end(path):
    """Write the processor seconds of the main thread by kind, as JSON."""
    _end.set()
    Path(path).write_text(json.dumps(_seen), encoding="utf-8")


def _look(main):
    clock = time.pthread_getcpuclockid(main)
    before = time.clock_gettime(clock)
    while not _end.wait(SECONDS_BETWEEN):
        kind, now = kind_of(sys._current_frames()[main]), time.clock_gettime(clock)
        _seen[kind] += now - before
        before = now


def watched(path, told):
    """Return a notebook's cells, but for those for work by hand, with the look at them begun after the imports."""
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if "explore" not in cell.metadata.get("tags", ())]
    place = 1 + next(i for i, cell in enumerate(cells) if "imports" in cell.metadata.get("tags", ()))
    first = f"import sys; sys.path.append({str(HERE)!r}); import kinds_of_work; kinds_of_work.begin()"
    make = nbformat.v4.new_code_cell
    notebook.cells = [*cells[:place], make(first), *cells[place:], make(f"kinds_of_work.end({str(told)!r})")]
    return notebook


def seconds_by_kind(root, home):
    """Return the seconds of each kind, by notebook."""
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "LOYALTY_THREADS"), "1")
    os.environ.update(one_thread, LOYALTY_HOME=str(home), PYTHONPATH=str(root))
    subprocess.run([sys.executable, "-m", "helpers", "run", "simulated"], check=True, cwd=root,
                   stdout=subprocess.DEVNULL)
    [manifest] = (Path(home) / "data" / "runs" / "simulated").glob("*/manifest.json")
    steps = json.loads(manifest.read_text(encoding="utf-8"))["steps"]
    found = {}
    for path in sorted((root / "notebooks").glob("0*.ipynb")):
        told = Path(home) / f"{path.stem}.json"
        NotebookClient(watched(path, told), kernel_name="python3", timeout=1800,
                       resources={"metadata": {"path": str(root)}}).execute()
        step = steps[path.stem[:2]]
        found[path.stem] = json.loads(told.read_text(encoding="utf-8")) | {
            "kernel": step["seconds"] - step["cell_seconds"]}
    return found


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--root", type=Path, default=HERE.parent)
    root = options.parse_args().root.resolve()
    with tempfile.TemporaryDirectory() as home:
        found = seconds_by_kind(root, home)
    print(f"{'processor seconds':32}" + "".join(f"{name:>12}" for name in ORDER) + f"{'all':>12}")
    total = Counter()
    for name, seconds in found.items():
        total.update(seconds)
        _print(name, seconds)
    _print("all", total)
    _print("share", {kind: n / total.total() for kind, n in total.items()})


def _print(name, row):
    print(f"{name:32}" + "".join(f"{row.get(kind, 0):12.2f}" for kind in ORDER) + f"{sum(row.values()):12.2f}")


if __name__ == "__main__":
    main()
