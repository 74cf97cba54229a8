"""Whether intervals of satisfaction hold what they say: ``python bench/coverage_satisfaction.py 2000 [--only PART]``.

Answers are drawn from known populations; estimators and intervals are those that the workbook ships. The share of
replications whose interval covers the truth must lie within the exact binomial region of the nominal level.
"""

import argparse
import functools
import math
import time

import numpy as np
import pandas as pd
from scipy import stats

from helpers.foundation.results import Level
from helpers.satisfaction import ecsi_model, expectations, item_frameworks, kano
from helpers.simulation.planted_truth import World
from helpers.stats import bootstrap, ordinal_logit, penalty_reward, raking, relative_importance, scale_reliability
from helpers.stats.confidence_intervals import mean_interval, net_share_interval
from helpers.stats.pls_sem import measurement_model, path_model, pls_evaluation
from helpers.stats.scale_reliability import alpha_quality_gate, item_rest_correlation, measure_reliability
from helpers.stats.survey_weights import ReplicateWeights, WeightedSample

LEVEL, REGION = 0.95, 0.999
NET = {(0.5, 0.35, 0.15): {5: 0.956, 10: 0.958, 30: 0.949}, (0.8, 0.15, 0.05): {10: 0.944, 50: 0.956}}
DRIVERS = np.array([0.5, 0.4, 0.3, 0.25])
STEP = 0.30
THIRD = float(stats.norm.pdf(stats.norm.ppf(1 / 3)) / (1 / 3))  # mean of the upper third less that of the middle one
BENT = path_model.PathModel({"m": ["m"], "s": ["s"], "l": ["l"]}, [("s", "l"), ("m", "l")])
SOUND = {"Image": 3, "Expectation": 3, "Quality": 5, "Value": 3, "Satisfaction": 3, "Loyalty": 3}
SOUND_ARROWS = (("Image", "Expectation"), ("Expectation", "Quality"), ("Quality", "Value"), ("Image", "Satisfaction"),
                ("Quality", "Satisfaction"), ("Value", "Satisfaction"), ("Satisfaction", "Loyalty"))
STRUCK_AT_MOST = 0.02


def net_exact(n, shares):
    """Return the exact coverage of the adjusted Wald interval, over every outcome."""
    top, middle = (x.ravel() for x in np.meshgrid(np.arange(n + 1), np.arange(n + 1), indexing="ij"))
    possible = top + middle <= n
    counts = np.column_stack([top, middle, n - top - middle])[possible]
    chance = stats.multinomial.pmf(counts, n, shares)
    made = [net_share_interval(t / n, b / n, n) for t, _, b in counts]
    truth = shares[0] - shares[2]
    return float(sum(p for p, i in zip(chance, made, strict=True) if i.low <= truth <= i.high))


def plain_index(rng, n=120):
    i = mean_interval(np.clip(rng.normal(70, 18, n), -1e9, 1e9))
    return i.low <= 70 <= i.high


def latent(rng, n, loading, k):
    feeling = rng.normal(size=(n, 1))
    return feeling, loading * feeling + np.sqrt(1 - loading**2) * rng.normal(size=(n, k))


MODEL = path_model.PathModel({"q": ["q1", "q2", "q3"], "v": ["v1", "v2"], "s": ["s1", "s2", "s3"]},
                        [("q", "v"), ("q", "s"), ("v", "s")])


def path_index(rng, draws, n=250):
    """Return whether the interval of the index by the path model covers; every item has the mean 70."""
    quality, of_q = latent(rng, n, 0.8, 3)
    value = 0.6 * quality + 0.8 * rng.normal(size=(n, 1))
    satisfied = 0.5 * quality + 0.3 * value + 0.7 * rng.normal(size=(n, 1))
    answers = [of_q] + [0.8 * x + 0.6 * rng.normal(size=(n, k)) for x, k in ((value, 2), (satisfied, 3))]
    columns = 70 + 15 * np.concatenate(answers, axis=1)
    counts = bootstrap.bootstrap_counts(n, draws, int(rng.integers(2**31)))
    known = [bootstrap.replicate_moments(columns), bootstrap.replicate_moments(columns, counts)]
    value, drawn = (
        pls_evaluation.construct_index(path_model.fit_path_model(MODEL, m.correlation), m.mean, m.covariance, "s")
        for m in known
    )
    i = bootstrap.percentile_interval(value[0], drawn)
    return i.low <= 70 <= i.high


def raked_mean(rng, draws, n=300):
    """Return whether the interval of a raked mean covers under planted non-response, and whether the plain one does."""
    size = 40 * n
    region, age = rng.choice(3, size, p=(0.5, 0.3, 0.2)), rng.choice(2, size, p=(0.6, 0.4))
    feeling = 60 + 8 * region - 6 * age + rng.normal(0, 15, size)
    truth = 60 + 8 * 0.7 - 6 * 0.4
    answers = 1 / (1 + np.exp(1 - 0.9 * region + 0.8 * age))
    who = rng.choice(size, n, replace=False, p=answers / answers.sum())
    wanted = [raking.PopulationMargin(name, (x[who][:, None] == np.arange(k)).astype(float), np.array(share))
              for name, x, k, share in (("region", region, 3, (0.5, 0.3, 0.2)), ("age", age, 2, (0.6, 0.4)))]
    base = np.concatenate([np.ones((1, n)), bootstrap.bootstrap_counts(n, draws, rng.integers(2**31))])
    made = raking.rake_weights(base, wanted).weights @ feeling[who] / n
    raked, plain = bootstrap.percentile_interval(made[0], made[1:]), mean_interval(feeling[who])
    return raked.low <= truth <= raked.high, plain.low <= truth <= plain.high


def updated(rng, draws, n=400, waves=4):
    """Return whether λ's interval covers, and the plain regression's value."""
    experience = rng.normal(size=(n, 1))
    expected, steps = [rng.normal(size=n) + 0.3 * experience[:, 0]], []
    felt = [experience[:, 0] + 0.7 * rng.normal(size=n) for _ in range(waves - 1)]
    for b in felt:
        expected.append(expected[-1] + STEP * (b - expected[-1]) + 0.3 * rng.normal(size=n))
    asked = [x[:, None] + 0.8 * rng.normal(size=(n, 3)) for x in expected]
    for t, b in enumerate(felt):
        steps.append((np.arange(n), asked[t], b[:, None] + 0.8 * rng.normal(size=(n, 3)), asked[t + 1]))
    known = expectations.ExpectationSteps(*(np.concatenate(part) for part in zip(*steps, strict=True)))
    i, plain = expectations.expectation_updating_estimates(known, "", int(rng.integers(2**31)), draws)
    return i.low <= STEP <= i.high, plain.value


def driver_population():
    """Return the correlations of four drivers and the outcome in the population, and their true shares."""
    k = len(DRIVERS)
    among = np.full((k, k), 0.3) + 0.7 * np.eye(k)
    right = among @ DRIVERS
    full = np.block([[among, right[:, None]], [right[None], np.array([[DRIVERS @ right + 1.0]])]])
    spread = np.sqrt(np.diag(full))
    known = full / np.outer(spread, spread)
    shares = relative_importance.lmg_shares(known[None])[0]
    return full, shares / shares.sum()


def shares_cover(rng, draws, root, truth, n=300):
    columns = rng.normal(size=(n, len(root))) @ root.T
    parts = bootstrap.replicate_moments(columns), bootstrap.bootstrap_moments(columns, draws, int(rng.integers(2**31)))
    value, drawn = (relative_importance.lmg_shares(m.correlation) for m in parts)
    value, drawn = value / value.sum(axis=1, keepdims=True), drawn / drawn.sum(axis=1, keepdims=True)
    made = [bootstrap.percentile_interval(value[0, j], drawn[:, j]) for j in range(len(truth))]
    return [i.low <= t <= i.high for i, t in zip(made, truth, strict=True)]


def probe_rejects(rng, n=200):
    """Return whether a driver of pure chance beats the probe."""
    columns = rng.normal(size=(n, 4))
    columns[:, 3] += columns[:, 0] + 0.5 * columns[:, 1]
    return (
        relative_importance.random_probe_p_values(columns, int(rng.integers(2**31)), 99)[2]
        <= relative_importance.RELEVANCE_LEVEL
    )


def contrasts_cover(rng, draws, n=400):
    """Return whether the intervals of a penalty, a reward, an ordinal logit's odds and a moderation cover."""
    x, other = rng.normal(size=(2, n))
    columns = np.column_stack([x, other])
    ends = penalty_reward.score_ends(columns, np.ones(n))
    beta = penalty_reward.end_contrasts(columns, x + other + rng.normal(size=n), WeightedSample(
        np.arange(n), np.ones(n)), ends, draws, int(rng.integers(2**31)))[:, [0, 2]]
    shown = [bootstrap.percentile_interval(beta[0, j], beta[1:, j]) for j in range(2)]
    made = [i.low <= truth <= i.high for i, truth in zip(shown, (-THIRD, THIRD), strict=True)]
    answers = np.digitize(0.8 * x + rng.logistic(size=n), [-1.5, 0.0, 1.5])
    ratio = ordinal_logit.fit_ordinal_logit(np.column_stack([x, other]), answers).odds_ratio(0)
    return [*made, ratio.low <= np.exp(0.8) <= ratio.high]


def moderation_covers(rng, draws, n=300, bend=0.25):
    """Return whether the interval of a product's coefficient covers; single items, so that nothing is attenuated."""
    m, s = rng.normal(size=(2, n))
    y = 0.5 * s + 0.2 * m + bend * m * s + 0.6 * rng.normal(size=n)
    found = pls_evaluation.moderation_effect(
        BENT, np.column_stack([m, s, y]), ("m", "s", "l"), draws, int(rng.integers(2**31))
    )
    i = bootstrap.percentile_interval(found.product[0], found.product[1:])
    return i.low <= bend / np.sqrt(0.25 + 0.04 + bend**2 + 0.36) <= i.high


def weighted_survey(rng, n):
    """Return two items and an outcome of people of whom every second weighs three and feels otherwise; odds; blame."""
    heavy = np.arange(n) % 2 == 1
    feeling, other = rng.normal(size=(2, n))
    items = np.where(heavy, 0.9, 0.6)[:, None] * feeling[:, None] + 0.6 * rng.normal(size=(n, 3))
    y = np.where(heavy, 0.7, 0.2) * feeling + 0.4 * other + 0.6 * rng.normal(size=n)
    code = np.digitize(np.where(heavy, 1.2, 0.4) * feeling + rng.logistic(size=n), [-1.0, 0.8])
    blames = rng.random(n) < np.where(heavy, 0.3, 0.1)
    return np.column_stack([items, other + 0.3 * rng.normal(size=n), y]), code, blames, np.where(heavy, 3.0, 1.0)


TWO = path_model.PathModel({"q": ["1", "2", "3"], "o": ["4"], "s": ["5"]}, [("q", "s"), ("o", "s")])


def weighted_values(columns, weights_):
    """Return α, an item–rest correlation, a path and a share of R² in each replicate; log odds in the sample."""
    known = bootstrap.replicate_moments(columns, weights_)
    items = known.covariance[:, :3, :3]
    share = relative_importance.lmg_shares(known.correlation[:, [[0], [3], [4]], [0, 3, 4]])
    return (
        scale_reliability.cronbach_alpha(items),
        item_rest_correlation(items)[:, 0],
        path_model.fit_path_model(TWO, known.correlation).paths[:, 0, 2],
        share[:, 0] / share.sum(axis=1),
    )


@functools.cache
def weighted_truth(seed=5, n=400_000):
    """Return what the weighted estimators find in a sample so large that its error does not count."""
    columns, code, blames, weights_ = weighted_survey(np.random.default_rng(seed), n)
    odds = ordinal_logit.fit_ordinal_logit(columns[:, [0, 3]], code, weights_).coefficients[0]
    return [*(x[0] for x in weighted_values(columns, weights_[None])), np.exp(odds),
            np.average(blames, weights=weights_)]


def weighted_cover(rng, draws, n=400):
    """Return whether intervals by replicates of unequal weights cover what holds in the weighted population."""
    columns, code, blames, weights_ = weighted_survey(rng, n)
    known = WeightedSample(np.arange(n), weights_, ReplicateWeights(pd.RangeIndex(n), np.concatenate(
        [np.ones((1, n)), bootstrap.bootstrap_counts(n, draws, int(rng.integers(2**31)))]) * weights_))
    ends = [bootstrap.percentile_interval(x[0], x[1:]) for x in weighted_values(columns, known.draws())]
    ends += [
        ordinal_logit.fit_ordinal_logit(columns[:, [0, 3]], code, weights_, known.draws()[1:]).odds_ratio(0),
        known.share(blames),
    ]
    return [i.low <= truth <= i.high for i, truth in zip(ends, weighted_truth(), strict=True)]


def clean_survey(rng, draws, n=250):
    """Return whether any gate on scales or constructs strikes or blocks in a sound survey of six constructs."""
    latent_ = dict.fromkeys(SOUND)
    for name in SOUND:
        into = [latent_[start] for start, end in SOUND_ARROWS if end == name]
        latent_[name] = 0.65 * sum(into, np.zeros(n)) / max(len(into), 1) ** 0.5 + 0.76 * rng.normal(size=n)
    columns = np.column_stack([0.8 * latent_[b] + 0.6 * rng.normal(size=n) for b, k in SOUND.items() for _ in range(k)])
    columns = np.clip(np.rint(5.5 + 1.8 * columns), 1, 10) * 100 / 9
    model = path_model.PathModel({b: [f"{b}{i}" for i in range(k)] for b, k in SOUND.items()}, SOUND_ARROWS)
    rows = WeightedSample(np.arange(n), np.ones(n))
    panel = ecsi_model.CompleteAnswers(model, columns, rows, rows.moments(columns, draws, int(rng.integers(2**31))), n)
    gates = measurement_model.validity_gates(
        ecsi_model.satisfaction_model_validity(panel, ecsi_model.fit_satisfaction_model(panel, "path"))
    )
    gates += [
        alpha_quality_gate(b, measure_reliability(columns[:, model.items_of(j)]), "") for j, b in enumerate(SOUND)
    ]
    return any(g.is_crossed and g.level in (Level.STRIKE, Level.BLOCK) for g in gates)


def delivered_cover(rng, draws, n=400):
    """Return which intervals of eight planted weights in delivered value cover; answers are on ten points."""
    planted = World().delivered
    felt = 0.6 * rng.normal(size=(n, 1)) + 0.8 * rng.normal(size=(n, len(planted.weights)))
    parts = np.clip(np.rint(1 + 9 * (0.65 + 0.2 * felt)), 1, 10)
    meant = (parts - 1) / 9 @ np.array(list(planted.weights.values())) + planted.spread * rng.normal(size=n)
    columns = np.column_stack([parts, np.clip(np.rint(1 + 9 * meant), 1, 10)])
    rows = WeightedSample(np.arange(n), np.ones(n))
    made = item_frameworks.value_weights(rows, columns, draws, int(rng.integers(2**31)))
    return [i.low <= w <= i.high for i, w in zip(made, planted.weights.values(), strict=True)]


def ends_differ(rng, n=200, k=5):
    """Return whether the lowest of several equal scores is told to differ from the highest."""
    scores_ = 65 + 8 * rng.normal(size=(n, 1)) + 16 * rng.normal(size=(n, k))
    low, high = scores_.mean(axis=0).argmin(), scores_.mean(axis=0).argmax()
    gap = WeightedSample(np.arange(n), np.ones(n)).mean(scores_[:, low] - scores_[:, high], 1 - 0.05 / math.comb(k, 2))
    return gap.high < 0


def categories_told_apart(rng, n, share):
    """Return whether two equally common Kano categories, the commonest, are told apart."""
    counts = rng.multinomial(n, [share, share, (1 - 2 * share) / 2, (1 - 2 * share) / 2, 0, 0])
    top, ties = kano.commonest_category(counts)
    return {top, *ties}.isdisjoint(set(kano.KANO_CATEGORIES[:2]) - {top}) and top in kano.KANO_CATEGORIES[:2]


def region(n, nominal=LEVEL):
    low, high = stats.binom.ppf([(1 - REGION) / 2, (1 + REGION) / 2], n, nominal) / n
    return float(low), float(high)


def shown(name, measured, low, high, seconds, nominal=LEVEL):
    verdict = "inside" if low <= measured <= high else "OUTSIDE"
    print(f"{name:62} {nominal:8.3f} {measured:9.4f}   [{low:.4f}, {high:.4f}]  {verdict:8} {seconds:7.1f} s")


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("replications", nargs="?", type=int, default=2000)
    options.add_argument("--draws", type=int, default=400)
    options.add_argument("--seed", type=int, default=20261121)
    options.add_argument("--only", choices=list(PARTS), default="")
    told = options.parse_args()
    print(f"{told.replications} replications, {told.draws} resamples each\n")
    print(f"{'estimator':62} {'nominal':>8} {'measured':>9}   {'99.9 % region':18}")
    for name, part in PARTS.items():
        if told.only in ("", name):
            part(told.replications, told)


def _contrasts(n, told):
    rng, began = np.random.default_rng(told.seed + 2), time.perf_counter()
    made = np.mean([contrasts_cover(rng, told.draws) for _ in range(n)], axis=0)
    names = ("lowest third against the middle", "highest third against the middle", "odds ratio, ordinal logit")
    for name, measured in zip(names, made, strict=True):
        shown(name, measured, *region(n), time.perf_counter() - began)
    began = time.perf_counter()
    shown("moderation in a path model", np.mean([moderation_covers(rng, told.draws) for _ in range(n)]), *region(n),
          time.perf_counter() - began)


def _gates(n, told):
    rng, began, several = np.random.default_rng(told.seed + 3), time.perf_counter(), max(n // 2, 1)
    struck = np.mean([clean_survey(rng, max(told.draws // 2, 50)) for _ in range(several)])
    shown(f"sound surveys ({several}) in which a gate strikes or blocks, at most", struck, 0.0, STRUCK_AT_MOST,
          time.perf_counter() - began, STRUCK_AT_MOST)


def _net(*_):
    for shares, printed in NET.items():
        for people, coverage in printed.items():
            flag = " (under 30: said with care)" if people < 30 else ""
            found = net_exact(people, shares)
            shown(f"NPS, exact, n = {people}, p = {shares}{flag}", found, coverage - 5e-4, coverage + 5e-4, 0, coverage)


def _means(n, told):
    rng = np.random.default_rng(told.seed)
    _measured(n, "index, Student's interval", lambda: (plain_index(rng),))
    _measured(n, "index by the path model, percentile interval", lambda: (path_index(rng, told.draws),))
    plain = _measured(n, "raked mean under planted non-response", lambda: raked_mean(rng, told.draws))
    print(f"{'  the plain mean, for comparison':62} {'':8} {plain:9.4f}")


def _updating(n, told):
    rng = np.random.default_rng(told.seed + 5)
    plain = _measured(n, "λ, errors in variables", lambda: updated(rng, told.draws))
    print(f"{f'  plain regression for a true {STEP}: mean of its values':62} {'':8} {plain:9.4f}")


def _measured(n, name, work):
    began = time.perf_counter()
    made = np.array([work() for _ in range(n)], dtype=float).mean(axis=0)
    shown(name, made[0], *region(n), time.perf_counter() - began)
    return made[-1]


def _weighted(n, told):
    rng, began = np.random.default_rng(told.seed + 4), time.perf_counter()
    made = np.mean([weighted_cover(rng, told.draws) for _ in range(n)], axis=0)
    for name, measured in zip(("α", "item–rest correlation", "path", "driver share", "odds ratio", "comments in blame"),
                              made, strict=True):
        shown(f"{name}, one in two weighing three", measured, *region(n), time.perf_counter() - began)


def _shares(n, told):
    rng = np.random.default_rng(told.seed + 1)
    full, truth = driver_population()
    root, began = np.linalg.cholesky(full), time.perf_counter()
    made = np.mean([shares_cover(rng, told.draws, root, truth) for _ in range(n)], axis=0)
    for share, measured in zip(truth, made, strict=True):
        shown(f"driver share, true {share:.3f}: between 90 and 97 %", measured, 0.90, 0.97,
              time.perf_counter() - began)
    began = time.perf_counter()
    error = np.mean([probe_rejects(rng) for _ in range(n)])
    shown("relevance probe, type I error: between 3 and 7 %", error, 0.03, 0.07, time.perf_counter() - began, 0.05)


def _frames(n, told):
    rng, began = np.random.default_rng(told.seed + 6), time.perf_counter()
    made = np.mean([delivered_cover(rng, told.draws) for _ in range(n)], axis=0)
    for (part, weight), measured in zip(World().delivered.weights.items(), made, strict=True):
        shown(f"weight of {part} in delivered value, true {weight:.2f}", measured, *region(n),
              time.perf_counter() - began)
    began = time.perf_counter()
    error = np.mean([ends_differ(rng) for _ in range(n)])
    shown("lowest and highest of five equal scores told apart, at most", error, 0.0, region(n, 0.05)[1],
          time.perf_counter() - began, 0.05)


def _kano(n, told):
    rng = np.random.default_rng(told.seed + 7)
    for people, share in ((100, 0.35), (200, 0.35), (200, 0.45)):
        began = time.perf_counter()
        error = np.mean([categories_told_apart(rng, people, share) for _ in range(n)])
        shown(f"equal Kano categories told apart, n = {people}, {share:.0%} each, at most", error, 0.0,
              region(n, 0.05)[1], time.perf_counter() - began, 0.05)


PARTS = {"net": _net, "means": _means, "updating": _updating, "shares": _shares, "contrasts": _contrasts,
         "gates": _gates, "weighted": _weighted, "frames": _frames, "kano": _kano}

if __name__ == "__main__":
    main()
