"""Drivers and path models side by side with dominance-analysis and plspm: ``python bench/satisfaction.py``.

Peers run in environments of their own, made on first use in ``--cache``: plspm breaks on pandas 3, dominance-analysis
needs numpy below 2. They are given less work where theirs would take minutes, and said so; data are planted, seeded.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

BLOCKS = {"Image": 5, "Expectation": 3, "Quality": 7, "Value": 2, "Satisfaction": 3, "Complaints": 1, "Loyalty": 3}
ARROWS = (("Image", "Expectation"), ("Expectation", "Quality"), ("Expectation", "Value"), ("Quality", "Value"),
          ("Image", "Satisfaction"), ("Expectation", "Satisfaction"), ("Quality", "Satisfaction"),
          ("Value", "Satisfaction"), ("Satisfaction", "Complaints"), ("Image", "Loyalty"), ("Satisfaction", "Loyalty"),
          ("Complaints", "Loyalty"))
PEERS = {"plspm": ("plspm", "pandas<3", "numpy<2"),
         "dominance": ("dominance-analysis", "pandas<3", "numpy<2", "ipython<9")}
OF_PLSPM = """
import json, sys, time
import pandas as pd
import plspm.config as c
from plspm.mode import Mode
from plspm.plspm import Plspm
from plspm.scheme import Scheme

told = json.loads(sys.argv[1])
data = pd.read_csv(told["data"])
structure = c.Structure()
for start, end in told["arrows"]:
    structure.add_path([start], [end])
config = c.Config(structure.path(), scaled=False)
for name in told["blocks"]:
    config.add_lv_with_columns_named(name, Mode.A, data, name + "_")
began = time.perf_counter()
found = Plspm(data, config, Scheme.PATH, bootstrap=True, bootstrap_iterations=told["resamples"], processes=2)
print(time.perf_counter() - began)
"""
OF_DOMINANCE = """
import contextlib, io, json, sys, time
import pandas as pd
from dominance_analysis import Dominance

told = json.loads(sys.argv[1])
data = pd.read_csv(told["data"])
began = time.perf_counter()
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    Dominance(data=data, target="y", objective=1, top_k=data.shape[1] - 1).incremental_rsquare()
print(time.perf_counter() - began)
"""


def answers(n, seed):
    rng = np.random.default_rng(seed)
    latent = dict.fromkeys(BLOCKS)
    for name in BLOCKS:
        into = [latent[start] for start, end in ARROWS if end == name]
        latent[name] = 0.6 * sum(into, np.zeros(n)) / max(len(into), 1) ** 0.5 + 0.8 * rng.normal(size=n)
    return np.column_stack([0.8 * latent[b] + 0.6 * rng.normal(size=n) for b, k in BLOCKS.items() for _ in range(k)])


def rated(n, k, seed):
    x = np.random.default_rng(seed).normal(size=(n, k + 1))
    x[:, -1] += x[:, :-1] @ np.linspace(1, 0.1, k)
    return x


def environment(cache, name):
    folder = Path(cache) / name
    if not (folder / "bin" / "python").is_file():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(folder / "bin" / "pip"), "install", "-q", *PEERS[name]], check=True)
    return folder / "bin" / "python"


def peer(cache, name, code, told):
    made = subprocess.run([str(environment(cache, name)), "-W", "ignore", "-c", code, json.dumps(told)], check=False,
                          capture_output=True, text=True)
    if made.returncode:
        print(f"{name} failed: {made.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        return float("nan")
    return float(made.stdout.split()[-1])


def median(work, runs):
    def once():
        began = time.perf_counter()
        work()
        return time.perf_counter() - began
    once()
    return statistics.median(once() for _ in range(runs))


def shown(work, size, ours, theirs, target, met):
    ratio = theirs / ours
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    verdict = "met" if met else "NOT MET"
    print(f"{work:46} {size:>14} {ours:9.4f} {theirs:10.3f} {ratio:10.0f}  {target:28} {verdict:8} {peak:8.0f}")


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--people", type=int, default=129_880)
    options.add_argument("--drivers", type=int, default=14)
    options.add_argument("--peer-drivers", type=int, default=8)
    options.add_argument("--resamples", type=int, default=5000)
    options.add_argument("--peer-resamples", type=int, default=200)
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--cache", default=str(Path.home() / ".cache" / "loyalty-bench"))
    told = options.parse_args()
    print(f"{'work':46} {'size':>14} {'ours s':>9} {'peer s':>10} {'ratio':>10}  {'target':28} {'':8} {'peak MiB':>8}")
    with tempfile.TemporaryDirectory() as folder:
        _paths(told, Path(folder))
        _drivers(told, Path(folder))


def _paths(told, folder):
    from helpers.stats import bootstrap
    from helpers.stats.pls_sem import path_model

    model = path_model.PathModel({b: [f"{b}_{i}" for i in range(k)] for b, k in BLOCKS.items()}, ARROWS)
    columns = answers(250, 1)
    np.savetxt(folder / "a.csv", columns, delimiter=",", header=",".join(model.items), comments="")

    def ours():
        drawn = bootstrap.replicate_moments(columns, bootstrap.bootstrap_counts(250, told.resamples, 1))
        path_model.fit_path_model(model, drawn.correlation, "path")

    seconds = median(ours, told.runs)
    given = {"data": str(folder / "a.csv"), "arrows": ARROWS, "blocks": list(BLOCKS), "resamples": told.peer_resamples}
    theirs = peer(told.cache, "plspm", OF_PLSPM, given) * told.resamples / told.peer_resamples
    shown(f"path model, bootstrap (plspm from {told.peer_resamples})", f"{told.resamples} × 250", seconds, theirs,
          "≤ .3 s and ≥ 1,000 × plspm", seconds <= 0.3 and theirs / seconds >= 1000)


def _drivers(told, folder):
    from helpers.stats import bootstrap, relative_importance

    def ours(x):
        return lambda: relative_importance.lmg_shares(bootstrap.replicate_moments(x).correlation)

    few = rated(told.people, told.peer_drivers, 1)
    names = [*(f"x{i}" for i in range(told.peer_drivers)), "y"]
    np.savetxt(folder / "d.csv", few, delimiter=",", header=",".join(names), comments="")
    theirs = peer(told.cache, "dominance", OF_DOMINANCE, {"data": str(folder / "d.csv")})
    shown("key drivers, exact (as large as the peer's)", f"{told.peer_drivers} × {told.people}",
          median(ours(few), told.runs), theirs, "", True)
    columns = rated(told.people, told.drivers, 1)
    seconds, size = median(ours(columns), told.runs), f"{told.drivers} × {told.people}"
    shown("key drivers, exact", size, seconds, float("nan"), "≤ .05 s", seconds <= 0.05)
    drawn = median(
        lambda: relative_importance.lmg_shares(bootstrap.bootstrap_moments(columns, 200, 1).correlation),
        told.runs // 2 + 1,
    )
    shown("… with 200 bootstrap resamples", size, drawn, float("nan"), "≤ 2.5 s", drawn <= 2.5)


if __name__ == "__main__":
    main()
