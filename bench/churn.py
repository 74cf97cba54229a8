"""Churn at size, share by share, beside its peers: ``python bench/churn.py [--customers 1000000] [--features 30]``.

Snapshots are computed from purchases in the engine; learners then see as many features, further columns of noise and
signal filling them up. LightGBM itself runs on the same matrix with the same parameters, `pred_contrib` is asked of the
booster itself, and empulse, in an environment that this bench makes under a cache folder, gets the same predictions.
"""

import argparse
import json
import resource
import statistics
import subprocess
import time
from datetime import date

import numpy as np
import pandas as pd
from measure import CACHE, environment

from helpers.churn import churn_features, classifiers, dataset_sources, explanations, profit_curve
from helpers.churn.classifiers import BOOSTING, LOGISTIC
from helpers.churn.config import ChurnConfig
from helpers.foundation import canonical_schema
from helpers.foundation.engine import Engine

TOP = 100_000
END = date(2025, 12, 31)
ROW = "{work:48}{seconds:>9}{peer:>10}{ratio:>8}{target:>9}"
PEER = "empulse>=0.5"
ASK = """
import json, sys, time
import numpy as np
from empulse.metrics import empc_score
outcome, p = np.load(sys.argv[1]), np.load(sys.argv[2])
times = []
for _ in range(5):
    began = time.perf_counter()
    value = empc_score(outcome, p)
    times.append(time.perf_counter() - began)
print(json.dumps([float(value), sorted(times)[2]]))
"""


def timed(work, repeats=1):
    """Return what comes of it and the median seconds."""
    seconds = []
    for _ in range(repeats):
        began = time.perf_counter()
        found = work()
        seconds.append(time.perf_counter() - began)
    return found, statistics.median(seconds)


def alternated(ours, peer, times=2):
    """Return the least processor seconds of two works that take turns; what else the machine does is in neither."""
    def busy(work):
        began = time.process_time()
        work()
        return time.process_time() - began

    pairs = [(busy(ours), busy(peer)) for _ in range(times)]
    return tuple(min(seconds) for seconds in zip(*pairs, strict=True))


def purchases(engine, n):
    """Return purchases of n customers over two years, about four each, in the engine."""
    lines = engine.sql(f"""
        select 'o' || i as order_id, 1 as line, 'c' || lpad((hash(i) % {n})::varchar, 8, '0') as customer_id,
               timestamp '2024-01-01' + to_days((hash(i * 7 + 1) % 730)::integer) as ordered_at, 'sale' as kind,
               (5 + hash(i * 11 + 3) % 9500 / 100.0)::decimal(18, 4) as amount from range({4 * n}) t(i)""")
    return engine.kept(canonical_schema.TRANSACTIONS.conformed(lines))


def snapshots(engine, table, days, horizon=90):
    """Return the cases of some cut-offs, as the page computes them."""
    records = churn_features.ChurnTables(table, engine.lazy(canonical_schema.SUBSCRIPTIONS.empty()))
    setting = dataset_sources.DatasetSettings(engine, ChurnConfig(eligible_days=730), 0.4)
    return dataset_sources._customers(records, days, setting, horizon)


def filled(features, n_features, seed=1):
    """Return features filled up to n with noise, so that training sees as many columns as stated."""
    rng, missing = np.random.default_rng(seed), max(n_features - features.shape[1], 0)
    more = {f"column_{i}": rng.standard_normal(len(features)) for i in range(missing)}
    return pd.concat([features, pd.DataFrame(more, index=features.index)], axis=1).iloc[:, :n_features]


def lightgbm_itself(features, is_lost):
    """Return a booster from the bare matrix, parameters as ours."""
    import lightgbm

    matrix = features.to_numpy("float64")
    knobs = {
        **classifiers.LIGHTGBM_PARAMETERS,
        "min_data_in_leaf": 40,
        "num_threads": classifiers.n_threads(len(matrix)),
    }
    leaves, rounds = classifiers.BOOSTING_SIZE
    return lightgbm.train({**knobs, "num_leaves": leaves}, lightgbm.Dataset(matrix, is_lost.astype(int)), rounds)


def empulse(outcome, p):
    """Return EMPC and median seconds of empulse, in an environment of its own; None where it cannot be had."""
    python = environment("empulse", [PEER])
    paths = [CACHE / "outcome.npy", CACHE / "p.npy"]
    for path, values in zip(paths, (outcome.astype(int), p), strict=True):
        np.save(path, values)
    done = subprocess.run([str(python), "-c", ASK, *map(str, paths)], capture_output=True, text=True, check=False)
    return tuple(json.loads(done.stdout)) if done.returncode == 0 else None


def main():
    """Print how long each share of the work takes, beside its peer, then whole time and peak memory."""
    knobs = argparse.ArgumentParser(description=__doc__)
    knobs.add_argument("--customers", type=int, default=1_000_000)
    knobs.add_argument("--features", type=int, default=30)
    given = knobs.parse_args()
    engine, whole = Engine(), time.perf_counter()
    table, made = timed(lambda: purchases(engine, given.customers))
    print(f"{4 * given.customers:,} purchases drawn in {made:.1f} s, which does not count", flush=True)
    whole = time.perf_counter()
    dates = (date(2025, 4, 5), date(2025, 7, 4), date(2025, 10, 2))
    shares = []
    (fit, later, now), seconds = timed(lambda: snapshots(engine, table, dates))
    shares.append(("three snapshots from purchases", seconds, None, None))
    frames = [filled(c.features, given.features, i) for i, c in enumerate((fit, later, now))]
    n = len(frames[0])
    regression, seconds = timed(lambda: classifiers.fit(LOGISTIC, frames[0], fit.is_lost))
    shares.append((f"train logistic regression, {n:,} × {given.features}", seconds, None, None))
    boosted, seconds = timed(lambda: classifiers.fit(BOOSTING, frames[0], fit.is_lost))
    shares.append((f"train boosting, {n:,} × {given.features}", seconds, "LightGBM itself", 1.2))
    boosted, seconds = timed(lambda: classifiers.calibrate(boosted, frames[1], later.is_lost))
    regression = classifiers.calibrate(regression, frames[1], later.is_lost)
    shares.append(("calibrate both on a later snapshot", seconds, None, None))
    p, seconds = timed(lambda: boosted.stated(frames[2]))
    shares.append((f"score {len(p):,}", seconds, None, None))
    top = frames[2].iloc[np.argsort(-p, kind="stable")[:TOP]]
    _, seconds = timed(lambda: explanations.contributions_by_group(boosted.contributions(top)))
    shares.append((f"reasons by lever for the top {len(top):,}", seconds, "pred_contrib itself", 1.0))
    _, seconds = timed(lambda: profit_curve.expected_maximum_profit(now.is_lost, p), 5)
    shares.append((f"EMPC on {len(p):,}", seconds, "empulse", 2.0))
    total, peak = time.perf_counter() - whole, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    _, lightgbm_s = timed(lambda: lightgbm_itself(frames[0], fit.is_lost))
    bare, knobs = top.to_numpy("float64"), {"pred_contrib": True, "num_threads": classifiers.n_threads(len(top))}
    ours_s, contrib_s = alternated(lambda: explanations.contributions_by_group(boosted.contributions(top)),
                                   lambda: boosted.model.booster.predict(bare, **knobs))
    shares = [(w, ours_s if peer == "pred_contrib itself" else s, peer, t) for w, s, peer, t in shares]
    other = empulse(now.is_lost, p)
    peers = {"LightGBM itself": lightgbm_s, "pred_contrib itself": contrib_s, "empulse": other[1] if other else None}
    print(ROW.format(work="work", seconds="ours s", peer="peer s", ratio="ratio", target="target"))
    for work, seconds, peer, target in shares:
        beside = peers.get(peer)
        print(ROW.format(work=f"{work}{f' · {peer}' if peer else ''}"[:47], seconds=f"{seconds:.2f}",
                         peer=f"{beside:.2f}" if beside else "–", ratio=f"{seconds / beside:.2f}" if beside else "–",
                         target=f"≤ {target:g}" if target else "–"))
    if other:
        print(
            f"EMPC ours {profit_curve.expected_maximum_profit(now.is_lost, p).profit_per_customer:.12f}, empulse "
            f"{other[0]:.12f}"
        )
    print(f"whole {total:.0f} s of at most 300, peak {peak:.2f} GiB of at most 6")


if __name__ == "__main__":
    main()
