"""Whether alarms come as often as stated, and losses fall where stated: ``python bench/coverage_churn.py``.

Quiet boards of four weekly figures each — independent and dependent means with a season, a share, a rate — go through
the very charts of the page; so do quiet complaints through the crisis watch, Poisson and spread wider. Stated and
measured false alarms a year are printed with the exact Poisson interval of the count at 99.9 %. The margin at risk of
customers who leave as Pareto/NBD has it is held against its grade, and the region is the binomial one.
"""

import argparse

import numpy as np
import pandas as pd
from scipy import stats

from helpers.churn import crisis_recovery, monitoring, purchase_rate
from helpers.churn.dataset import PURCHASE_MODEL_COLUMNS
from helpers.stats import forecast_evaluation
from helpers.stats.control_charts import control_limits, spc_charts
from helpers.stats.control_charts.time_series import RATE_SERIES, SHARE_SERIES, TimeSeries
from helpers.value.btyd.frequency_recency import FrequencyRecency
from helpers.value.btyd.pareto_nbd import PARETO_NBD

WEEKS = 104
ROW = "{what:44}{stated:>9}{measured:>10}{region:>20}{within:>16}"


def weeks(n):
    """Return the Mondays of n weeks."""
    return (np.datetime64("2024-01-01") + 7 * np.arange(n)).astype("datetime64[us]")


def quiet(rng, kind, follows=0.0):
    """Return a figure to which nothing happens."""
    size = rng.integers(150, 400, WEEKS).astype(float)
    if kind == SHARE_SERIES:
        return TimeSeries(kind, weeks(WEEKS), rng.binomial(size.astype(int), 0.12).astype(float), size, kind)
    if kind == RATE_SERIES:
        return TimeSeries(kind, weeks(WEEKS), rng.poisson(size * 0.03).astype(float), size, kind)
    noise = rng.standard_normal(WEEKS)
    for t in range(1, WEEKS):
        noise[t] += follows * noise[t - 1]
    season = 3 * np.sin(2 * np.pi * np.arange(WEEKS) / 52 + 6 * rng.random())
    return TimeSeries(f"mean {follows:g}", weeks(WEEKS), 50 + season + noise)


def told(what, stated, n_alarms, years):
    """Print one line: stated and measured false alarms a year, the region of chance, and whether within 20 %."""
    low, high = stats.poisson.interval(0.999, stated * years)
    ratio = n_alarms / years / stated
    print(ROW.format(what=what, stated=f"{stated:.3f}", measured=f"{n_alarms / years:.3f}",
                     region=f"[{low / years:.3f}, {high / years:.3f}]",
                     within=f"{ratio - 1:+.0%}{' inside' if abs(ratio - 1) <= 0.2 else ' OUTSIDE'}"), flush=True)


def boards(n, detector):
    """Watch n quiet boards and print what they alarmed."""
    rng, scheme = np.random.default_rng(20261121), spc_charts.ChartScheme(52, 1.0, detector, seed=7)
    found = {}
    for _ in range(n):
        board = spc_charts.chart_set(
            [
                quiet(rng, "mean"),
                quiet(rng, "mean", rng.uniform(0, 0.6)),
                quiet(rng, SHARE_SERIES),
                quiet(rng, RATE_SERIES),
            ],
            scheme,
        )
        for place, chart in enumerate(board.charts):
            alarms, live = found.get(place, (0, 0.0))
            found[place] = alarms + len(chart.alarms), live + chart.points["is_live"].sum() / 52
    alarms, live = (sum(part[i] for part in found.values()) for i in (0, 1))
    told(f"board of 4, {detector}, {4 * n:,} quiet series", 1.0, alarms, live / 4)
    for place, name in enumerate(("independent mean", "dependent mean", "share", "rate")):
        told(f"  of these: {name}", 0.25, *found[place])


def bursts(n):
    """Watch n quiet courses of complaints for bursts and print what was told."""
    for name, draw in (("Poisson", lambda rng: rng.poisson(4.0, 300)),
                       ("negative binomial", lambda rng: rng.negative_binomial(4, 0.5, 300))):
        rng = np.random.default_rng(3)
        count = sum(
            len(
                monitoring.complaint_bursts(
                    TimeSeries("c", weeks(300), draw(rng).astype(float), np.ones(300), RATE_SERIES), 0.5
                )
            )
            for _ in range(n)
        )
        told(f"bursts of complaints, {name}", 0.5, count, n * (300 - control_limits.MIN_BASELINE_PERIODS) / 52)


def margins_at_risk(replications, n=400, days=90):
    """Print how often the interval of the margin at risk holds what its grade finds."""
    rng, true, held = np.random.default_rng(5), np.array([0.7, 9.0, 0.8, 12.0]), 0
    for _ in range(replications):
        age = rng.integers(20 * 7, 78 * 7, n) / 7
        stays = np.minimum(rng.exponential(1 / rng.gamma(0.8, 1 / 12, n)), age)
        x = rng.poisson(rng.gamma(0.7, 1 / 9, n) * stays) * 1.0
        counts = FrequencyRecency(x, np.where(x > 0, stays * rng.beta(np.maximum(x, 1), 1), 0), age, np.ones(n))
        is_alive = rng.random((n, 1_000)) < PARETO_NBD.p_alive(counts, true)[:, None]
        none = PARETO_NBD.drawn(rng, counts, true, days / 7, is_alive) == 0
        rate, variance = PARETO_NBD.rate_moments(counts, true)
        a_year, squared = rate * 365.25 / 7, variance * (365.25 / 7) ** 2
        kept = purchase_rate.value_by_purchase_model(
            pd.DataFrame(dict(zip(PURCHASE_MODEL_COLUMNS, ("c", a_year, 20 * a_year, 20 * np.sqrt(a_year + squared)),
                                  strict=True))), days)
        p = none[:, 1:].mean(axis=1)
        pause = np.minimum(kept.no_order, p)
        losses = forecast_evaluation.ExpectedLosses(
            p, pause, kept.value, np.zeros(n), purchase_rate.dropout_probability(p, pause) * kept.value)
        found = losses.interval()
        held += found.low <= losses.realised(none[:, 0]) <= found.high
    low, high = (stats.binom.interval(0.999, replications, 0.95)[i] / replications for i in (0, 1))
    share = held / replications
    print(ROW.format(what=f"margin at risk of {n} customers", stated=".950", measured=f"{share:.3f}",
                     region=f"[{low:.3f}, {high:.3f}]", within="inside" if low <= share <= high else "OUTSIDE"))


def recoveries(n):
    """Print how often the ratio of orders after a crisis to before holds what is planted, nominal 95 %."""
    rng = np.random.default_rng(20261121)
    for harm in (1.0, 0.6):
        hits = 0
        for _ in range(n):
            is_hit = np.arange(520) < 120
            rate, stays = rng.gamma(1.5, 2.0, 520) * np.where(is_hit, 1.0, 1.4), np.minimum(rng.exponential(3, 520), 1)
            orders = pd.DataFrame({
                "group": np.where(is_hit, crisis_recovery.HIT, crisis_recovery.NOT_HIT), "early": rng.poisson(rate / 2),
                "late": rng.poisson(rate / 2), "after": rng.poisson(rate * stays * np.where(is_hit, harm, 1.0))})
            found, _ = crisis_recovery.compare_recovery(orders)
            ratio = next(e for e in found if e.quantity == "ratio_of_ratios")
            hits += ratio.low <= harm <= ratio.high
        low, high = stats.binom.ppf([0.0005, 0.9995], n, 0.95) / n
        print(ROW.format(what=f"orders after a crisis, ratio {harm:g}", stated="0.950", measured=f"{hits / n:.3f}",
                         region=f"[{low:.3f}, {high:.3f}]",
                         within="inside" if low <= hits / n <= high else "OUTSIDE"), flush=True)


def main():
    """Print stated and measured false alarms, and the coverage of the margin at risk."""
    knobs = argparse.ArgumentParser(description=__doc__)
    knobs.add_argument("--boards", type=int, default=500)
    knobs.add_argument("--margins", type=int, default=2_000)
    knobs.add_argument("--crises", type=int, default=2000)
    given = knobs.parse_args()
    print(ROW.format(what="false alarms a year", stated="stated", measured="measured", region="chance at 99.9 %",
                     within="within 20 %"))
    boards(given.boards, control_limits.CUSUM_CHART)
    bursts(max(given.boards // 10, 10))
    margins_at_risk(given.margins)
    recoveries(given.crises)


if __name__ == "__main__":
    main()
