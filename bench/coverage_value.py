"""Whether intervals of customer value hold what they say: ``python bench/coverage_value.py 2000``.

Customers are drawn by the assumptions of MBG/NBD (or Pareto/NBD) and gamma-gamma with known parameters, models are
fitted, and their intervals held against the truth; the share that covers must lie within the exact binomial region.
"""

import argparse
import time
from datetime import date
from unittest import mock

import numpy as np
import pandas as pd
from scipy import stats

from helpers.value import clv, early_behaviour, retention_mix, sales_forecast, value_predictors, weekly_sales
from helpers.value.btyd import covariates, fitting, frequency_recency, gamma_gamma, pareto_nbd
from helpers.value.btyd.bg_nbd import BG_NBD, MBG_NBD
from helpers.value.btyd.condensed_nbd import condensed_nbd
from helpers.value.btyd.frequency_recency import FREQUENCY_RECENCY_KEY, CountedBuyers, FrequencyRecency
from helpers.value.btyd.pareto_nbd import PARETO_NBD

LEVEL, REGION = 0.95, 0.999
OF_MBG, OF_PARETO = np.array([0.9, 8.0, 0.9, 2.5]), np.array([0.7, 9.0, 0.8, 12.0])
OF_BG, OF_CHANNEL = np.array([0.5, 6.0, 0.8, 2.5]), np.log([1.5, 1.6])  # and ratios of the rates of a second channel
OF_SPEND = np.array([5.0, 4.0, 30.0])
WEEKS, HORIZON = 78, 364


def bought(rng, n):
    """Return counts, spend before, and what customers will spend within the horizon, by MBG/NBD and gamma-gamma."""
    r, alpha, a, b = OF_MBG
    p, q, gamma = OF_SPEND
    age = rng.integers(20 * 7, WEEKS * 7, n) / 7
    rate = rng.gamma(r, 1 / alpha, n)
    chances = rng.geometric(np.maximum(rng.beta(a, b, n), 1e-9)) - 1  # repeat purchases before leaving
    tried = rng.poisson(rate * age)
    x = np.minimum(tried, chances)
    last = np.where(x > 0, age * rng.beta(np.maximum(x, 1), np.maximum(tried - x, 0) + 1), 0)
    ahead = np.minimum(rng.poisson(rate * HORIZON / 7), np.maximum(chances - tried, 0))
    unit = rng.gamma(q, 1 / gamma, n)
    money = [np.where(k > 0, rng.gamma(np.maximum(p * k, 1e-9)) / unit, 0) for k in (x, ahead)]
    return FrequencyRecency(x * 1.0, last, age, np.ones(n)), money[0], money[1]


def bought_until_gone(rng, n, values=OF_PARETO):
    """Return counts by Pareto/NBD."""
    r, alpha, s, beta = values
    age = rng.integers(20 * 7, WEEKS * 7, n) / 7
    stays = np.minimum(rng.exponential(1 / rng.gamma(s, 1 / beta, n)), age)
    x = rng.poisson(rng.gamma(r, 1 / alpha, n) * stays)
    return FrequencyRecency(x * 1.0, np.where(x > 0, stays * rng.beta(np.maximum(x, 1), 1), 0), age, np.ones(n))


def bought_after_a_first(rng, n):
    """Return counts by BG/NBD, in which nobody leaves before the first repeat purchase."""
    r, alpha, a, b = OF_BG
    age = rng.integers(20 * 7, WEEKS * 7, n) / 7
    chances = rng.geometric(np.maximum(rng.beta(a, b, n), 1e-9))
    tried = rng.poisson(rng.gamma(r, 1 / alpha, n) * age)
    x = np.minimum(tried, chances)
    last = np.where(x > 0, age * rng.beta(np.maximum(x, 1), np.maximum(tried - x, 0) + 1), 0)
    return FrequencyRecency(x * 1.0, last, age, np.ones(n))


def bought_regularly(rng, n):
    """Return counts by MBG/CNBD-2: every second event of a Poisson process is a purchase."""
    r, alpha, a, b = OF_MBG
    age = rng.integers(20 * 7, WEEKS * 7, n) / 7
    chances = rng.geometric(np.maximum(rng.beta(a, b, n), 1e-9)) - 1
    events = rng.poisson(rng.gamma(r, 1 / alpha, n) * age)
    x = np.minimum(events // 2, chances)
    last = np.where(x > 0, age * rng.beta(np.maximum(2 * x, 1), np.maximum(events - 2 * x, 0) + 1), 0)
    return FrequencyRecency(x * 1.0, last, age, np.ones(n))


def by_channel(rng, n):
    """Return what covers of the ratios of a second channel's rates to the first one's, by Pareto/NBD; None if loose."""
    r, alpha, s, beta = OF_PARETO
    second = bought_until_gone(rng, n // 2, (r, alpha / np.exp(OF_CHANNEL[0]), s, beta / np.exp(OF_CHANNEL[1])))
    fit = covariates.fit_by_group(PARETO_NBD, {"first": bought_until_gone(rng, n - n // 2), "second": second})
    if fit.reason:
        return None
    return {f"Pareto/NBD {e.quantity} by channel": holds(e, truth) for e, truth in
            zip(fit.estimates(), np.exp(OF_CHANNEL) ** (1 if fit.groups[0] == "first" else -1), strict=False)}


def holds(estimate, truth):
    return estimate.low <= truth <= estimate.high


def replication(rng, n):
    """Return what covers and the randomised PIT of one customer's realised margin; None where nothing is identified."""
    counts, money, ahead = bought(rng, n)
    fit, of_spend = (
        fitting.with_profile_limits(fitting.fit_btyd(MBG_NBD, counts), counts),
        gamma_gamma.fit_gamma_gamma(counts.x, money),
    )
    if fit.reason or of_spend.reason:
        return None
    found = {f"MBG/NBD {e.quantity}": holds(e, t) for e, t in zip(fit.estimates(), OF_MBG, strict=False)}
    found |= {f"gamma-gamma {e.quantity}": holds(e, t) for e, t in
              zip(of_spend.estimates(), [*OF_SPEND, OF_SPEND[0] * OF_SPEND[2] / (OF_SPEND[1] - 1)], strict=False)}
    days = np.column_stack([counts.x, np.arange(n), np.rint(counts.T * 7)]).astype("int64")
    view = clv.forecast_clv(CountedBuyers(counts, days, money), fit, of_spend, margin_share=0.4, horizon_days=HORIZON,
                            discount_rate=0.0)
    truth = 0.4 * (MBG_NBD.p_alive(counts, OF_MBG) * MBG_NBD.expected_if_alive(counts, OF_MBG, HORIZON / 7)
                   * OF_SPEND[0] * (OF_SPEND[2] + money) / (OF_SPEND[0] * counts.x + OF_SPEND[1] - 1))
    found["customer equity"] = holds(clv.customer_equity(view, rng), truth.sum())
    one = int(rng.integers(n))
    each = view.margin_share * view.present[one] * of_spend.expected(counts.x, money)[one]
    spread = view.slopes[one] @ fit.covariance @ view.slopes[one]
    slope = of_spend.slopes(counts.x[one:one + 1], money[one:one + 1])[0]
    half = stats.norm.ppf((1 + LEVEL) / 2) * np.sqrt(spread + slope @ of_spend.covariance @ slope)
    found["expected value of a customer"] = abs(np.log(truth[one] / each)) <= half
    return found, placed(view, days[one], money[one], 0.4 * ahead[one], rng)


def placed(view, key, money, margin, rng):
    """Return where the realised margin lies among its predictive draws, ties broken at random."""
    who = pd.DataFrame([[*key, money]], columns=[*FREQUENCY_RECENCY_KEY, "s"]).astype(
        dict.fromkeys(FREQUENCY_RECENCY_KEY, "int64")
    )
    draws = next(clv.simulate_totals(view, who, *clv._parameters(view, rng), rng))[1][0]
    below, ties = (draws < margin).sum(), (draws == margin).sum()
    return (below + rng.random() * (ties + 1)) / (len(draws) + 1)


def company(rng, n_weeks, a_week, wave=0.0):
    """Return purchases of a company to which customers come all the time: week and customer of each, by Pareto/NBD.

    The season is planted by thinning: a share of the orders of each week is kept, most at the top of the wave.
    """
    r, alpha, s, beta = OF_PARETO
    came = rng.uniform(0, n_weeks, rng.poisson(a_week * n_weeks))
    stays = rng.exponential(1 / rng.gamma(s, 1 / beta, len(came)))
    n = rng.poisson(rng.gamma(r, 1 / alpha, len(came)) * np.minimum(stays, n_weeks - came))
    who = np.repeat(np.arange(len(came)), n)
    when = came[who] + rng.random(len(who)) * np.minimum(stays, n_weeks - came)[who]
    who, when = np.append(who, np.arange(len(came))), np.append(when, came)
    kept = rng.random(len(when)) < (1 + wave * np.cos(2 * np.pi * when / 52)) / (1 + wave)
    return pd.DataFrame({"who": who[kept], "day": np.floor(7 * when[kept]).astype(int)}).drop_duplicates()


def fan(rng, n_weeks, a_week, wave):
    """Return whether the quarter's orders and net sales lie within the 95 % and the 50 % interval of their forecast."""
    bought = company(rng, n_weeks + weekly_sales.QUARTER_WEEKS, a_week, wave)
    bought = bought.assign(week=bought["day"] // 7, spend=rng.gamma(2.0, 15.0, len(bought)),
                           first=bought.groupby("who")["day"].transform("min"))
    weeks = bought.assign(is_first=bought["day"] == bought["first"]).groupby("week").agg(
        orders=("day", "size"), new_customers=("is_first", "sum"), net_sales=("spend", "sum"))
    weeks = weeks.reindex(range(n_weeks + weekly_sales.QUARTER_WEEKS), fill_value=0.0).astype("float64")
    weeks = weeks.assign(margin=0.4 * weeks["net_sales"], week_on=pd.Timestamp("2026-01-01"))

    def counts_at(back):
        days = 7 * (n_weeks - back)
        by = bought[bought["day"] < days].groupby("who")["day"].agg(["size", "min", "max"])
        return frequency_recency.collapse_equal_customers(by["size"].to_numpy() - 1, (by["max"] - by["min"]) / 7,
                                                          (days - 1 - by["min"]) / 7)

    fit = fitting.fit_btyd(PARETO_NBD, counts_at(0))
    made = sales_forecast.forecast_from_weeks(weeks.head(n_weeks), counts_at, fit if fit.is_identified else None,
                                              date(2026, 1, 1))
    ahead, held = weeks.tail(weekly_sales.QUARTER_WEEKS), {}
    for measure in ("orders", "net_sales"):
        low, _, lower, _, upper, _, high = made.quantiles(measure, made.expected(measure))
        came = ahead[measure].sum()
        held |= {(measure, 0.95): low <= came <= high, (measure, 0.5): lower <= came <= upper}
    return held


def of_quarters(rng, replications, _):
    """Print the coverage of the forecast of the next quarter, by length of the history, size and season.

    Fits begin at the planted values and integrate at 12 points, which moves a forecast by a hundred millionth and takes
    a quarter of the time. Every hundred replications of each company what is known so far is printed.
    """
    companies = ((78, 15, 0.0), (117, 15, 0.0), (117, 60, 0.0), (130, 60, 0.4))
    nodes, weights = np.polynomial.legendre.leggauss(12)
    found = {one: [] for one in companies}
    with (mock.patch.object(fitting, "_starting_values", return_value=np.log(OF_PARETO)),
          mock.patch.multiple(pareto_nbd, LEGENDRE_NODES=nodes, LEGENDRE_WEIGHTS=weights, BLOCK_ROWS=1_000)):
        for n in range(1, replications + 1):
            for one in companies:
                found[one].append(fan(rng, *one))
            if n % 100 == 0 or n == replications:
                _print_quarters(found)


def _print_quarters(found):
    for (n_weeks, a_week, wave), held in found.items():
        for measure, level in held[0]:
            row(f"{measure}, {n_weeks} × {a_week} a week, wave {wave}",
                sum(f[measure, level] for f in held), len(held), level)


def row(name, k, n, level=LEVEL):
    low, high = stats.binom.ppf([(1 - REGION) / 2, (1 + REGION) / 2], n, level) / n
    print(f"{name:<38}{level:>9.3f}{k / n:>10.4f}   [{low:.4f}, {high:.4f}] of {n:<6,} "
          f"{'inside' if low <= k / n <= high else 'OUTSIDE'}", flush=True)


def of_values(rng, replications, customers):
    """Print the coverage of MBG/NBD, gamma-gamma, equity and expected value, and where realised margins lie."""
    made = [found for _ in range(replications) if (found := replication(rng, customers))]
    print(f"MBG/NBD and gamma-gamma: {len(made)} of {replications} replications identified", flush=True)
    for name in made[0][0]:
        row(name, sum(found[name] for found, _ in made), len(made))
    pit = np.array([place for _, place in made])
    for share in (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975):
        row(f"predictive margin: PIT ≤ {share}", int((pit <= share).sum()), len(pit), share)
    test = stats.kstest(pit, "uniform")
    print(f"{'predictive margin: PIT uniform':<38}  Kolmogorov–Smirnov p = {test.pvalue:.4f}   "
          f"{'inside' if test.pvalue > 1 - REGION else 'OUTSIDE'}")


def of_model(rng, replications, customers, model, draw, truth):
    """Print the coverage of the parameters of a model of purchases."""
    drawn = (draw(rng, customers) for _ in range(replications))
    fits = [fitting.with_profile_limits(fitting.fit_btyd(model, counts), counts) for counts in drawn]
    known = [fit for fit in fits if not fit.reason]
    print(f"{model.name}: {len(known)} of {len(fits)} replications identified", flush=True)
    for i, name in enumerate(model.names):
        row(f"{model.name} {name}", sum(holds(fit.estimates()[i], truth[i]) for fit in known), len(known))


def of_channels(rng, replications, customers):
    """Print the coverage of the ratios of rates by channel."""
    found = [c for _ in range(replications) if (c := by_channel(rng, customers))]
    print(f"Pareto/NBD by channel: {len(found)} of {replications} replications identified", flush=True)
    for name in found[0]:
        row(name, sum(c[name] for c in found), len(found))


def of_early_behaviour(rng, replications, customers):
    """Print the coverage of ratios of the later margin by early behaviour: orders and spend, and one that is none."""
    truth, found = {"orders": 2.0, "spend": np.sqrt(2), "categories": 1.0}, []
    for _ in range(replications):
        orders, spend = 1 + rng.poisson(1.0, customers), np.exp(rng.normal(3, 0.5, customers))
        rows = pd.DataFrame({"n_orders": orders, "net_sales": orders * spend, "channel": None, "satisfaction": np.nan,
                             "n_categories": rng.integers(1, 5, customers)})
        later = orders * np.sqrt(spend) * rng.gamma(0.5, 2.0, customers) * (rng.random(customers) < 0.6)
        simple = {"net sales": np.log2(rows[["net_sales"]].to_numpy("float64"))}
        effects = value_predictors.fit_value_predictors(early_behaviour.early_predictors(rows), simple, later,
                                                       np.arange(customers) < 2 * customers / 3, 365).effects
        found.append({e.segment: holds(e, truth[e.segment]) for e in effects})
    for name in truth:
        row(f"later margin by {name}", sum(f[name] for f in found), len(found))


def followed(rng, shares, rates, n):
    """Return customers of each class, their money (gamma, of shape 1/2) and squares, all and those who stayed."""
    classes = rng.multinomial(n, shares)
    kept = rng.binomial(classes, rates)
    money = [[rng.gamma(0.5, 60 * (i + 1), k) for i, k in enumerate(ks)] for ks in (classes - kept, kept)]
    sums, squares = ([np.array([(m**power).sum() for m in part]) for part in money] for power in (1, 2))
    return np.column_stack([classes, kept, sums[0] + sums[1], sums[1], squares[0] + squares[1], squares[1]])


def of_retention(rng, replications, customers):
    """Hold the intervals of a change in the retention rate, by customers and by money, against the planted ones."""
    shares, rates = (np.array(x) for x in (((0.5, 0.3, 0.2), (0.4, 0.35, 0.25)), ((0.3, 0.6, 0.8), (0.35, 0.6, 0.75))))
    mean_money = 30.0 * np.arange(1, 4)
    truth = {}
    for by, weight in (("", np.ones(3)), (retention_mix.BY_MONEY, mean_money)):
        sides = [np.column_stack([s * weight, s * weight * r])[None] for s, r in zip(shares, rates, strict=True)]
        names = (f"{q}{by}" for q in (retention_mix.CHANGE, retention_mix.BY_MIX, retention_mix.WITHIN))
        truth |= dict(zip(names, retention_mix.kitagawa_split(*sides)[:, 0], strict=True))
        truth |= {f"{q}{by}": side[0, :, 1].sum() / side[0, :, 0].sum() for q, side in
                  zip((retention_mix.RATE_BEFORE, retention_mix.RATE_AFTER), sides, strict=True)}
    found = []
    for i in range(replications):
        columns = [f"{c}_{when}" for when in ("before", "after") for c in retention_mix.FOLLOWED]
        counts = np.hstack([followed(rng, s, r, customers) for s, r in zip(shares, rates, strict=True)])
        mix = retention_mix.RetentionMix(182, pd.DataFrame(counts, columns=columns), i)
        table = mix.table().set_index("quantity")
        found.append({name: table.at[name, "low"] <= value <= table.at[name, "high"] for name, value in truth.items()})
    for name in truth:
        row(name, sum(f[name] for f in found), len(found))


PARTS = {"values": of_values,
         "bg": lambda *given: of_model(*given, BG_NBD, bought_after_a_first, OF_BG),
         "pareto": lambda *given: of_model(*given, PARETO_NBD, bought_until_gone, OF_PARETO),
         "regular": lambda *given: of_model(*given, condensed_nbd(2), bought_regularly, OF_MBG),
         "channels": of_channels, "quarters": of_quarters, "early": of_early_behaviour,
         "retention": of_retention}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("replications", type=int, nargs="?", default=2000)
    parser.add_argument("--customers", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=20261121)
    parser.add_argument("--of", nargs="*", default=list(PARTS), choices=list(PARTS))
    given = parser.parse_args()
    print(f"{given.customers} customers each")
    print(f"{'estimator':<38}{'nominal':>9}{'measured':>10}   99.9 % binomial region")
    for name in given.of:
        start = time.perf_counter()
        PARTS[name](np.random.default_rng([given.seed, list(PARTS).index(name)]), given.replications, given.customers)
        print(f"{time.perf_counter() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
