"""Whether alarms come as often as stated: ``python bench/coverage_churn.py [--boards 500]``.

Quiet boards of four weekly figures each — independent and dependent means with a season, a share, a rate — go through
the very charts of the page; so do quiet complaints through the crisis watch, Poisson and spread wider. Stated and
measured false alarms a year are printed with the exact Poisson interval of the count at 99.9 %.
"""

import argparse

import numpy as np
from scipy import stats

from helpers.churn import monitoring
from helpers.stats.control_charts import control_limits, spc_charts
from helpers.stats.control_charts.time_series import RATE_SERIES, SHARE_SERIES, TimeSeries

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


def main():
    """Print stated and measured false alarms."""
    knobs = argparse.ArgumentParser(description=__doc__)
    knobs.add_argument("--boards", type=int, default=500)
    given = knobs.parse_args()
    print(ROW.format(what="false alarms a year", stated="stated", measured="measured", region="chance at 99.9 %",
                     within="within 20 %"))
    boards(given.boards, control_limits.CUSUM_CHART)
    bursts(max(given.boards // 10, 10))


if __name__ == "__main__":
    main()
