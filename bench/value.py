"""Customer value beside its peers: ``python bench/value.py`` prints a table of times, ratios and peaks of memory.

BG/NBD is fitted beside its peers, which live in environments of their own, made at first use in a cache folder. Then
customers are scored: P(alive) and expected orders of each, in the engine (counted rows scored, joined back to their
customers) and by plain numpy, a row a customer. At last buyers are counted, a model is fitted, everybody is scored and
written, at two sizes, for growth and for memory.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from measure import environment

PEERS = {"lifetimes": ["lifetimes==0.11.3", "numpy<2", "pandas<2.2", "scipy<1.13", "setuptools"],
         "pymc-marketing": ["pymc-marketing>=0.19"]}
TARGETS = {("lifetimes", False): 8, ("lifetimes", True): 25, ("pymc-marketing", False): 1, ("pymc-marketing", True): 15}
LARGE = 100_000


def drawn(n, seed=1):
    """Return repeat purchases, days to the last and days seen of n customers, by BG/NBD with CDNOW's parameters."""
    rng = np.random.default_rng(seed)
    age = rng.integers(27 * 7, 39 * 7, n)
    rate = rng.gamma(0.2426, 1 / 4.4136, n)
    chances = rng.geometric(np.maximum(rng.beta(0.7929, 2.4259, n), 1e-9))
    tried = rng.poisson(rate * age / 7)
    x = np.minimum(tried, chances)
    last = np.where(x > 0, np.maximum(np.rint(age * rng.beta(np.maximum(x, 1), np.maximum(tried - x, 0) + 1)), 1), 0)
    return x.astype("int64"), last.astype("int64"), age


def peak_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def timed(work, n):
    """Return the median of seconds, and what the work gave last; few repeats where there is much to do."""
    seconds = []
    for _ in range(9 if n < LARGE else 3):
        start = time.perf_counter()
        found = work()
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds)), found


# --- one measurement a process ---------------------------------------------------------------------------------------


def of_ours(path, n):
    from helpers.value.btyd import fitting, frequency_recency
    from helpers.value.btyd.bg_nbd import BG_NBD

    x, last, age = np.load(path)
    seconds, fit = timed(
        lambda: fitting.fit_btyd(BG_NBD, frequency_recency.collapse_equal_customers(x, last / 7, age / 7)), n
    )
    return {"seconds": seconds, "parameters": fit.values.tolist(), "log_likelihood": fit.log_likelihood}


def of_lifetimes(path, n):
    from lifetimes import BetaGeoFitter

    x, last, age = np.load(path)
    seconds, fit = timed(lambda: BetaGeoFitter(penalizer_coef=0.0).fit(x, last / 7, age / 7), n)
    return {"seconds": seconds, "parameters": fit.params_[["r", "alpha", "a", "b"]].tolist()}


def of_pymc(path, n):
    import pandas as pd
    from pymc_extras.prior import Prior
    from pymc_marketing import clv

    x, last, age = np.load(path)
    frame = pd.DataFrame({"customer_id": np.arange(len(x)), "frequency": x, "recency": last / 7, "T": age / 7})
    flat = {name: Prior("HalfFlat") for name in ("r", "alpha", "a", "b")}

    def work():
        model = clv.BetaGeoModel(data=frame, model_config=flat)
        model.fit(method="map")
        return model

    seconds, model = timed(work, n)
    found = model.idata.posterior
    return {"seconds": seconds, "parameters": [float(found[q].to_numpy().ravel()[0]) for q in ("r", "alpha", "a", "b")]}


def of_scores(path, n):
    """Score in the engine, without and with values and limits, and by plain numpy one row a customer."""
    import pandas as pd

    from helpers.foundation.engine import Engine
    from helpers.value import clv
    from helpers.value.btyd import fitting
    from helpers.value.btyd.bg_nbd import MBG_NBD
    from helpers.value.btyd.frequency_recency import FrequencyRecency
    from helpers.value.btyd.gamma_gamma import GammaGammaFit

    engine, (x, last, age) = Engine(), np.load(path)
    buyers = engine.kept(_buyers(engine, x, last, age))
    values = np.array([0.525, 6.183, 0.891, 1.614])
    one = FrequencyRecency(x * 1.0, last / 7, age / 7, np.ones(n))
    fit = fitting.BtydFit(MBG_NBD, values, 0.01 * np.eye(4), 0.0, n)
    spent = GammaGammaFit(np.array([6.25, 3.74, 15.44]), 0.01 * np.eye(3), 0.0, n)
    numpy_s, by_numpy = timed(lambda: MBG_NBD.p_alive(one, values) * MBG_NBD.expected_if_alive(one, values, 52.0), n)

    def ours():
        from helpers.value.btyd import frequency_recency

        base = frequency_recency.count_buyers(engine, buyers)
        view = clv.forecast_clv(base, fit, spent, margin_share=0.3, horizon_days=364, discount_rate=0.1)
        return engine.kept(clv.clv_by_customer(engine, buyers, view))

    def plain():
        from helpers.value.btyd import frequency_recency

        base = frequency_recency.count_buyers(engine, buyers)
        p = MBG_NBD.p_alive(base.counts, values)
        pairs, place = clv.unique_frequency_age(base.counts)
        rows = pd.DataFrame(base.days, columns=list(frequency_recency.FREQUENCY_RECENCY_KEY)).assign(
            p_alive=p, expected_orders=p * MBG_NBD.expected_if_alive(pairs, values, 52.0)[place])
        joined = buyers.inner_join(engine.lazy(rows), list(frequency_recency.FREQUENCY_RECENCY_KEY))
        return engine.kept(joined.select("customer_id", "p_alive", "expected_orders"))

    seconds, scored = timed(plain, n)
    rows = engine.arrow(scored.mutate(place=scored.customer_id.cast("int64")).order_by("place"))
    apart = np.abs(rows["expected_orders"].to_numpy() - by_numpy).max()
    return {"seconds": seconds, "with_limits": timed(ours, n)[0], "numpy": numpy_s, "apart": float(apart)}


def of_large(n):
    """Summaries counted, models fitted, customers scored: everything after the intake, in the engine."""
    from helpers.foundation.engine import Engine
    from helpers.value import clv
    from helpers.value.btyd import fitting, frequency_recency, gamma_gamma
    from helpers.value.btyd.bg_nbd import MBG_NBD

    with tempfile.TemporaryDirectory() as room:
        path = Path(room) / "buyers.parquet"
        subprocess.run([sys.executable, __file__, "--write", str(path), str(n)], check=True)
        engine, start = Engine(), time.perf_counter()
        buyers = engine.stored(path)
        base = frequency_recency.count_buyers(engine, buyers)
        fit = fitting.fit_btyd(MBG_NBD, base.counts)
        spent = gamma_gamma.fit_gamma_gamma(*frequency_recency.repeat_spend(engine, buyers))
        view = clv.forecast_clv(base, fit, spent, margin_share=0.3, horizon_days=365, discount_rate=0.1)
        engine.write(clv.clv_by_customer(engine, buyers, view), Path(room) / "scored.parquet", ["customer_id"])
        fitted_s = time.perf_counter() - start
        sums = clv.clv_totals(engine, buyers, view, np.random.default_rng(1))
        return {"seconds": time.perf_counter() - start, "scored": fitted_s, "rows": len(base.counts.x),
                "equity": sums.equity.value}


def _buyers(engine, x, last, age):
    import pyarrow as pa

    rng = np.random.default_rng(2)
    unit = rng.gamma(3.74, 1 / 15.44, len(x))
    spent = np.rint(np.where(x > 0, rng.gamma(np.maximum(6.25 * x, 1e-9)) / unit, 0) * 100)
    ids = pa.array(np.arange(len(x))).cast(pa.string())
    table = pa.table({"customer_id": ids, "n_repeats": x, "last_days": last, "age_days": age,
                      "repeat_spend": spent / 100})
    return engine.lazy(table).cast({"repeat_spend": "decimal(18, 4)"})


# --- the table -------------------------------------------------------------------------------------------------------


def alone(python, *arguments):
    """Return what a measurement in a process of its own printed as JSON, None where it failed."""
    command = [python, __file__, "--inside", *map(str, arguments)]
    done = subprocess.run(command, text=True, capture_output=True, check=False)
    if done.returncode:
        print(done.stderr[-800:], file=sys.stderr)
        return None
    return json.loads(done.stdout.strip().splitlines()[-1])


def likelihood(path, parameters):
    from helpers.value.btyd import frequency_recency
    from helpers.value.btyd.bg_nbd import BG_NBD

    x, last, age = np.load(path)
    return BG_NBD.likelihood(frequency_recency.collapse_equal_customers(x, last / 7, age / 7), np.array(parameters))[0]


def row(work, n, ours, peer, target, peak, note=""):
    ratio = f"{peer / ours:9.1f}" if peer else f"{'':9}"
    other = f"{peer:9.3f}" if peer else f"{'':9}"
    print(f"{work:<34}{n:>12,}{ours:>10.4f}{other}{ratio}   {target:<14}{peak:>9,.0f}   {note}", flush=True)


def compared(n, peers, room):
    path = Path(room) / f"{n}.npy"
    np.save(path, np.array(drawn(n)))
    ours = alone(sys.executable, "ours", path, n)
    for peer in peers:
        found = alone(environment(peer, PEERS[peer]), peer, path, n)
        if not found:
            row(f"BG/NBD fit, {peer}", n, ours["seconds"], None, "", ours["peak"], "the peer failed")
            continue
        apart = ours["log_likelihood"] - likelihood(path, found["parameters"])
        target = f"≥ {TARGETS[peer, n >= LARGE]} ×"
        row(f"BG/NBD fit, {peer}", n, ours["seconds"], found["seconds"], target, ours["peak"],
            f"log-likelihood ours − peer's {apart:.2g}, of it {apart / abs(ours['log_likelihood']):.1e}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("customers", type=int, nargs="*", default=[2357, 1_000_000])
    parser.add_argument("--peers", nargs="*", default=list(PEERS), choices=list(PEERS))
    parser.add_argument("--scored", type=int, default=1_250_000)
    parser.add_argument("--large", type=int, nargs="*", default=[1_000_000, 10_000_000])
    given = parser.parse_args()
    print(f"{'work':<34}{'customers':>12}{'ours s':>10}{'peer s':>9}{'ratio':>9}   {'target':<14}{'peak MiB':>9}")
    with tempfile.TemporaryDirectory() as room:
        for n in given.customers:
            compared(n, given.peers, room)
        if given.scored:
            path = Path(room) / "scored.npy"
            np.save(path, np.array(drawn(given.scored)))
            found = alone(sys.executable, "scores", path, given.scored)
            row("P(alive), orders: engine, numpy", given.scored, found["seconds"], found["numpy"], "≥ 0.67 ×",
                found["peak"], f"{found['seconds'] / found['numpy']:.2f} × numpy; with value and limits "
                f"{found['with_limits']:.2f} s; largest difference {found['apart']:.1e}")
    for n in given.large:
        found = alone(sys.executable, "large", "", n)
        row("fit and score, large", n, found["seconds"], None, "≤ 8 GiB", found["peak"],
            f"{found['rows']:,} counted rows; {found['scored']:.0f} s until scored")


def inside(name, path, n):
    works = {"ours": of_ours, "lifetimes": of_lifetimes, "pymc-marketing": of_pymc, "scores": of_scores}
    found = of_large(n) if name == "large" else works[name](path, n)
    print(json.dumps(found | {"peak": peak_mib()}))


def write(path, n):
    from helpers.foundation.engine import Engine

    engine = Engine()
    engine.connection.to_parquet(_buyers(engine, *drawn(n)), path)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        inside(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    elif sys.argv[1:2] == ["--write"]:
        write(sys.argv[2], int(sys.argv[3]))
    else:
        main()
