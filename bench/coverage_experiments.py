"""How often each method of the experiments wing errs, measured: ``python bench/coverage_experiments.py [10000]``.

A/A replications: the share of true nulls called different must be the error rate. Rows outside a method's validity
region are shown for what they are: the page refuses them or re-randomises. The last column holds the exact binomial
region of 99.9 % around the wanted rate, or the range that is asked for.
"""

import argparse
import math
from collections import Counter
from datetime import date

import numpy as np
import pandas as pd
from scipy import stats

from helpers.actions import measured_response
from helpers.experiments import (
    action_outcomes,
    blocked,
    cluster_robust,
    compliance,
    decisions,
    design,
    effects_over_time,
    experiment_data,
    interactions,
    mean_difference,
    permutation,
    policy_value,
    power,
    preconditions,
    proportions,
    quality_gates,
    quantile_effects,
    sequential,
)
from helpers.experiments.aggregates import ArmMoments
from helpers.experiments.config import ExperimentPlan, ExperimentsConfig
from helpers.experiments.variance_reduction import moments_of_values as moments_of
from helpers.foundation import canonical_schema
from helpers.foundation.engine import Engine
from helpers.pipeline.registry import read_study
from helpers.simulation import customer_traits, order_lines, planted_experiments
from helpers.simulation.company import simulate_company
from helpers.simulation.planted_truth import World
from helpers.stats import multiple_testing

SEED = 20261121
ROW = "{name:58}{nominal:>8}{measured:>10}{region:>18}  {inside}"


def p_welch(a, b):
    """Return p of Welch's test by replication, from values of shape (replications, n)."""
    va, vb = a.var(1, ddof=1) / a.shape[1], b.var(1, ddof=1) / b.shape[1]
    freedom = (va + vb) ** 2 / (va**2 / (a.shape[1] - 1) + vb**2 / (b.shape[1] - 1))
    return 2 * stats.t.sf(np.abs(b.mean(1) - a.mean(1)) / np.sqrt(va + vb), freedom)


def rates(draw, sizes, replications, rng, test=p_welch, chunk=4_000_000):
    """Return how many p are under .05, in batches that fit in memory."""
    at_once, found = max(chunk // max(sizes), 1), 0
    for start in range(0, replications, at_once):
        k = min(at_once, replications - start)
        found += int((test(*(draw((k, n), rng) for n in sizes)) < 0.05).sum())
    return found


def said(name, hits, n, wanted=0.05, region=None):
    """Print one row: measured share against the region."""
    low, high = region or [float(x) / n for x in stats.binom.interval(0.999, n, wanted)]
    measured = hits / n
    print(ROW.format(name=name, nominal=f"{wanted:.3f}", measured=f"{measured:.4f}", region=f"[{low:.4f}, {high:.4f}]",
                     inside="inside" if low <= measured <= high else "OUTSIDE"), flush=True)


def normal(size, rng):
    return rng.normal(10, 3, size)


def revenue(share, sigma):
    """Return a draw of sales: nothing for most, log-normal for the rest."""
    def draw(size, rng):
        return (rng.random(size) < share) * rng.lognormal(3, sigma, size)
    return draw


def region_of(draw, sizes, rng):
    """Return whether the page would trust Welch here, from one large draw of the same kind."""
    facts = [preconditions.describe_values(draw((n,), rng)) for n in sizes]
    return preconditions.welch_violation(*facts)


def fixed(replications, rng):
    wanted = (0.04, 0.06)
    said("means, normal, 200 and 200", rates(normal, (200, 200), replications, rng), replications, region=wanted)
    cases = [(0.3, 0.8, (1000, 1000)), (0.1, 1.0, (2000, 2000)), (0.02, 1.0, (2000, 2000)), (0.1, 1.0, (400, 3600)),
             (0.05, 1.0, (1000, 9000)), (0.3, 0.8, (4000, 1000))]
    for share, sigma, sizes in cases:
        draw, k = revenue(share, sigma), min(replications, 10_000)
        refused = region_of(draw, sizes, rng)
        name = f"means, {share:.0%} buy, σ {sigma}, {sizes[0]:,} and {sizes[1]:,}"
        hits = rates(draw, sizes, k, rng)
        said(name + (" (outside: re-randomised)" if refused else ""), hits, k, region=(0, 1) if refused else wanted)


def shares(replications, rng):
    """No difference called one, and differences that the limits hold: also of rare answers, few units against many."""
    nulls = ((200, 200, 0.1), (1000, 1000, 0.02), (500, 4500, 0.1), (300, 300, 0.5), (464, 11298, 0.01),
             (464, 11298, 0.025), (1000, 1000, 0.005))
    for n, m, p in nulls:
        found = [
            (proportions.proportion_difference(a, b), weight)
            for a, b, weight in outcomes(n, m, p, p, replications, rng)
        ]
        region = (0.03, 0.06)
        said(f"shares, {p:.1%}, {n:,} and {m:,}", sum(w for d, w in found if d.p < 0.05), 1, region=region)
    for n, m, p, q in ((464, 11298, 0.01, 0.025), (464, 11298, 0.02, 0.01), (100, 100, 0.05, 0.2), (60, 60, 0.9, 0.97)):
        found = [
            (proportions.proportion_difference(a, b), weight)
            for a, b, weight in outcomes(n, m, p, q, replications, rng)
        ]
        said(f"interval of shares covers, {p:.1%} and {q:.1%}, {n:,} and {m:,}",
             sum(w for d, w in found if d.low <= q - p <= d.high), 1, 0.95, (0.94, 0.97))


def outcomes(n, m, p, q, replications, rng):
    """Return draws of two arms of 0 and 1, equal ones together, each with its share of the draws."""
    drawn = zip(rng.binomial(n, p, replications).tolist(), rng.binomial(m, q, replications).tolist(), strict=True)
    for (x, y), times in Counter(drawn).items():
        yield ArmMoments.of_successes(x, n), ArmMoments.of_successes(y, m), times / replications


def relative(replications, rng):
    """Limits of a ratio of skewed means: Fieller's, which the page has, beside the delta method's."""
    draw, n, m = revenue(0.3, 0.8), 300, 1200
    hits = dict.fromkeys(("Fieller", "delta method"), 0)
    for _ in range(replications):
        a, b = (moments_of(draw((k,), rng)) for k in (n, m))
        for name, made in (
            ("Fieller", mean_difference.fieller(a, b)),
            ("delta method", mean_difference.relative_difference(a, b)),
        ):
            hits[name] += made.low <= 0 <= made.high
    for name, found in hits.items():
        said(f"relative difference of means covers, {name}", found, replications, 0.95,
             (0.94, 0.96) if name == "Fieller" else (0, 1))


def adjusted(replications, rng):
    def test(a, b):
        half = a.shape[1] // 2
        x = [v[:, half:] for v in (a, b)]
        y = [0.7 * v[:, half:] + v[:, :half] for v in (a, b)]
        centred = [[v - v.mean(1, keepdims=True) for v in pair] for pair in zip(x, y, strict=True)]
        slope = sum((u * v).sum(1) for u, v in centred) / sum((u * u).sum(1) for u, _ in centred)
        return p_welch(*(v - slope[:, None] * u for u, v in zip(x, y, strict=True)))
    said("CUPED, 300 and 300", rates(normal, (600, 600), replications, rng, test), replications, region=(0.04, 0.06))

    def ratio(a, b):
        found = []
        for v in (a, b):
            half = v.shape[1] // 2
            visits = np.floor(np.abs(v[:, half:]) / 3) + 1
            spend = visits * np.abs(v[:, :half])
            r = spend.mean(1, keepdims=True) / visits.mean(1, keepdims=True)
            found.append(r + (spend - r * visits) / visits.mean(1, keepdims=True))
        return p_welch(*found)
    said("ratio of means, 500 and 500", rates(normal, (1000, 1000), replications, rng, ratio), replications,
         region=(0.04, 0.06))


def clustered(replications, rng):
    for g, h, even in ((5, 5, True), (6, 6, False), (10, 10, True), (10, 10, False)):
        hits = 0
        for _ in range(replications):
            n = [np.full(k, 30.0) if even else rng.integers(10, 60, k).astype(float) for k in (g, h)]
            arms = [(k, k * rng.normal(0, 0.5, len(k)) + np.sqrt(k) * rng.normal(0, 1, len(k))) for k in n]
            hits += cluster_robust.cluster_difference(*arms, rng).difference.p < 0.05
        method = "CR2" if g > 5 else "re-randomised"
        said(f"{method}, {g} and {h} clusters, {'even' if even else 'uneven'}", hits, replications,
             region=(0.04, 0.06) if g > 5 else (0.0, 0.06))


def within_blocks(replications, rng):
    """Print matched pairs, and two strata whose units had unlike chances to be held out."""
    arms = ("held out", "treated")
    for name, sizes, spread in (("40 matched pairs", [(1, 1)] * 40, 3.0),
                                ("chances of .10 and .50", [(15, 135), (40, 40)], 3.0)):
        cells = pd.DataFrame([(b, arm, n) for b, pair in enumerate(sizes) for arm, n in zip(arms, pair, strict=True)],
                             columns=["block", "variant", "n"])
        n, block, hits = cells["n"].to_numpy(), cells["block"].to_numpy(), 0
        for _ in range(replications):
            level = rng.normal(0, spread, len(sizes))[block]
            squares = np.where(n > 1, rng.chisquare(np.maximum(n - 1, 1)) / np.maximum(n - 1, 1), np.nan)
            made = cells.assign(mean=level + rng.normal(0, 1, len(n)) / np.sqrt(n), variance=squares)
            hits += blocked.blocked_difference(made, arms).difference.p < 0.05
        said(f"within blocks, {name}", hits, replications, region=(0.04, 0.06))


def compliers(replications, rng):
    """Print how often no effect on compliers is called one, among the intervals that have an end."""
    n = 400
    for share in (0.9, 0.3):
        hits, known = 0, 0
        for _ in range(replications):
            reached = rng.binomial(n, share) / n
            a, b = rng.normal(0, 1, (2, n))
            received = mean_difference.Difference(reached, 0, 1, np.sqrt(reached * (1 - reached) / n), 0.0)
            found = compliance.complier_effect(mean_difference.welch_difference(moments_of(a), moments_of(b)), received)
            known += not np.isnan(found.value)
            hits += not np.isnan(found.value) and not found.low <= 0 <= found.high
        said(f"compliers, {share:.0%} reached", hits, known, region=(0.04, 0.06))


def medians(replications, rng):
    for q, n in ((0.5, 400), (0.9, 1000)):
        hits = sum(
            quantile_effects.quantile_difference(*np.exp(rng.normal(0, 1, (2, n))), q).p < 0.05
            for _ in range(replications)
        )
        said(f"quantile {q}, log-normal, {n:,} and {n:,}", hits, replications, region=(0.04, 0.06))


def randomised(replications, rng):
    draw = revenue(0.02, 1.0)
    hits = sum(permutation.permutation_difference(draw((400,), rng), draw((2400,), rng), rng, draws=499).p < 0.05
               for _ in range(replications))
    said("re-randomised, 2% buy, 400 and 2,400", hits, replications, region=(0.04, 0.06))


def families(replications, rng):
    p = stats.norm.sf(np.abs(rng.normal(size=(replications, 10)))) * 2
    hits = sum(np.nanmin(multiple_testing.holm(row)) < 0.05 for row in p)
    said("Holm, 10 nulls: any called different", hits, replications, region=(0.0, 0.0567))
    hits = sum(np.nanmin(multiple_testing.benjamini_hochberg(row)) < 0.05 for row in p)
    said("Benjamini–Hochberg, 10 nulls: any called different", hits, replications, region=(0.0, 0.0567))


def peeking(replications, rng):
    looks = np.unique(np.geomspace(sequential.MIN_UNITS_PER_ARM, 20_000, 200).astype(int))
    steps = np.diff(looks, prepend=0)
    half = np.array([sequential.confidence_sequence_half_width(math.sqrt(2 / n), 2 * n) for n in looks])
    once = 1.96 * np.sqrt(2 / looks)
    ever = fooled = 0
    for start in range(0, replications, 1000):
        k = min(1000, replications - start)
        moves = rng.normal(0, 1, (k, len(looks))) * np.sqrt(2 * steps)
        mean = np.abs(np.cumsum(moves, axis=1) / looks)
        ever += int((mean > half).any(1).sum())
        fooled += int((mean > once).any(1).sum())
    said("always valid, 200 looks from 100 to 20,000 an arm", ever, replications, region=(0.0, 0.05))
    said("(one-look intervals under the same peeking)", fooled, replications, region=(0, 1))


def skewed_sequence(replications, rng):
    draw, n, hits = revenue(0.3, 0.8), 4000, 0
    for _ in range(replications):
        a, b = draw((n,), rng), draw((n,), rng)
        at = np.arange(sequential.MIN_UNITS_PER_ARM, n, 20)
        sums = [(np.cumsum(v)[at - 1], np.cumsum(v * v)[at - 1]) for v in (a, b)]
        spread = sum((s2 - s1**2 / at) / (at - 1) / at for s1, s2 in sums)
        scale = np.array([sequential.confidence_sequence_half_width(1.0, 2 * i) for i in at])
        hits += bool((np.abs(sums[1][0] - sums[0][0]) / at > scale * np.sqrt(spread)).any())
    said("always valid, 30% buy, 195 looks from 100 an arm", hits, replications, region=(0.0, 0.05))


def coverage(replications, rng):
    draw, k = revenue(0.2, 1.0), min(replications, 10_000)
    missed = rates(lambda size, r: draw(size, r), (2000, 2000), k, rng)
    said("interval of skewed revenue covers", k - missed, k, 0.95, (0.94, 0.96))


def powers(replications, rng):
    for sd, effect, n in ((3.0, 0.6, 400), (3.0, 0.3, 1600)):
        hits = rates(lambda s, r: r.normal(0, 3, s), (n, n), replications, rng,
                     lambda a, b, e=effect: p_welch(a, b + e))
        planned = power.achieved_power(effect, sd, (n, n))
        said(f"power for {effect} of σ {sd}, {n:,} an arm", hits, replications, planned,
             (planned - 0.02, planned + 0.02))


def as_the_page_does(replications, rng):
    """Welch inside the region, arms drawn again outside it: decided by the values themselves."""
    for share, sigma, sizes in ((0.1, 1.0, (400, 3600)), (0.02, 1.0, (1000, 1000))):
        draw, hits, again = revenue(share, sigma), 0, 0
        for _ in range(replications):
            a, b = (draw((n,), rng) for n in sizes)
            outside = preconditions.welch_violation(preconditions.describe_values(a), preconditions.describe_values(b))
            again += bool(outside)
            p = permutation.permutation_difference(a, b, rng, draws=499).p if outside else p_welch(a[None], b[None])[0]
            hits += p < 0.05
        name = f"as the page does, {share:.0%} buy, {sizes[0]:,} and {sizes[1]:,} ({again / replications:.0%} again)"
        said(name, hits, replications, region=(0.04, 0.06))


SEEDS, CUSTOMERS, RIGHT = 200, 3000, {
    "one_page_checkout": {"ship"}, "reminder_letter": {"ship"}, "app_banner": {"invalid"},
    "newsletter_subject": {"keep running", "stop: too small"}}


def verdicts_of_seeds(replications, rng):
    """Planted experiments of 200 companies: how many verdicts are right; 190 are wanted of each kind."""
    assumptions = read_study("simulated").section("experiments", ExperimentsConfig)
    seeds, engine, right = min(SEEDS, max(replications // 50, 2)), Engine(), dict.fromkeys(RIGHT, 0)
    for seed in range(seeds):
        stream = np.random.default_rng([SEED, seed])
        block = customer_traits.simulate_customers(World(), stream, 0, 0, CUSTOMERS)
        table = canonical_schema.ASSIGNMENTS.conformed(
            engine.lazy(planted_experiments.simulate_assignments(
                World(), stream, block, order_lines.simulate_orders(World(), stream.spawn(1)[0], block)))
        )
        designs, found = experiment_data.load_experiments(engine, table, assumptions, seed)
        checked = quality_gates.gates_by_experiment(designs, found, assumptions)
        effects_ = decisions.decide_experiments(designs, found, checked, assumptions, date(2026, 1, 1))
        judged = effects_["is_primary"] & effects_["experiment"].isin(RIGHT)  # the earlier plan is too small for one
        for row in effects_[judged].to_dict("records"):
            small = row["verdict"] == "stop" and "smallest relevant improvement" in row["reason"]
            right[row["experiment"]] += ("stop: too small" if small else row["verdict"]) in RIGHT[row["experiment"]]
    for name, hits in right.items():
        said(f"verdict on {name}, {seeds} companies", hits, seeds, 0.95, (190 / 200, 1.0))


def two_arms(rng, sizes=(400, 400), effect=0.4):
    """Return units of two arms, normal with a standard deviation of 1 and an effect."""
    arm = np.repeat(["control", "new"], sizes)
    return pd.DataFrame({"unit_id": [f"u{i}" for i in range(sum(sizes))], "variant": arm,
                         "metric_y": rng.normal(0, 1, len(arm)) + effect * (arm == "new")})


def matched_pairs(rng):
    """Return 200 pairs that differ far more between each other than within."""
    level = np.tile(rng.normal(0, 5, 200), 2)
    made = two_arms(rng, (200, 200), 0.5)
    return made.assign(stratum=np.tile([f"p{i}" for i in range(200)], 2), metric_y=made["metric_y"] + level)


def crossed_over(rng):
    """Return units of whom one in twelve is met later in the other arm, where it does not answer any more."""
    made = two_arms(rng).assign(assigned_at=pd.Timestamp("2025-01-01"))
    again = made.sample(frac=1 / 12, random_state=int(rng.integers(2**31)))
    other = again["variant"].map({"control": "new", "new": "control"})
    return pd.concat([made, again.assign(variant=other, metric_y=0.0, assigned_at=pd.Timestamp("2025-02-01"))])


def five_conversions(rng):
    """Return 96 : 4 with about five conversions in the small arm, and no effect."""
    made = two_arms(rng, (464, 11298), 0.0)
    return made.assign(metric_y=rng.random(len(made)) < 0.011)


def rivals(rng):
    """Return a control and two better arms, one of which is the best."""
    best = two_arms(rng, (400, 400), 0.8).query("variant == 'new'")
    return pd.concat([two_arms(rng), best.assign(variant="best", unit_id="b" + best["unit_id"])])


def repeated_records(rng):
    """Return units with one to five records that vary about each unit's own level."""
    made = two_arms(rng, (400, 400), 0.5)
    n = rng.integers(1, 6, len(made))
    many = made.loc[made.index.repeat(n)]
    return many.assign(observation=many.groupby("unit_id").cumcount() + 1,
                       metric_y=many["metric_y"] + rng.normal(0, 1, len(many)))


def given_in_turn(rng):
    """Return 20 units that are given the arms in turn over 40 periods, one arm in each."""
    arm = rng.permutation(np.repeat(["control", "new"], 20))
    shift = rng.normal(0, 0.3, 40) + 0.5 * (arm == "new")
    period = np.repeat(np.arange(40), 20)
    return pd.DataFrame({"unit_id": np.tile([f"u{i}" for i in range(20)], 40), "variant": arm[period],
                         "period": [f"p{i:02d}" for i in period], "observation": period + 1,
                         "metric_y": rng.normal(0, 1, 800) + shift[period]})


SHAPES = {  # how it is drawn, what its plan declares, its verdicts and effects by arm
    "matched pairs": (matched_pairs, {}, {"new": "ship"}, {"new": 0.5}),
    "crossovers, by first exposure": (crossed_over, {"crossovers": "first exposure"}, {"new": "ship"}, {"new": 0.4}),
    "crossovers, not declared": (crossed_over, {}, {"new": "invalid"}, {}),
    "96 : 4 with five conversions": (five_conversions, {"shares": {"control": 464 / 11762, "new": 11298 / 11762}},
                                     {"new": "keep running"}, {"new": 0.0}),
    "three arms": (rivals, {"shares": dict.fromkeys(("control", "new", "best"), 1 / 3)},
                   {"new": "stop", "best": "ship"}, {"new": 0.4, "best": 0.8}),
    "arms given in turn": (given_in_turn, {}, {"new": "ship"}, {"new": 0.5}),
    "repeated records": (repeated_records, {"aggregation": {"y": "mean"}}, {"new": "ship"}, {"new": 0.5}),
}


def verdicts_of_shapes(replications, rng):
    """Print of designs of other shapes how many verdicts are right, and how many intervals hold what was planted."""
    engine, n = Engine(), min(SEEDS, max(replications // 50, 2))
    for name, (draw, declared, right, planted) in SHAPES.items():
        plan = ExperimentPlan(**{"hypothesis": "h", "control": "control", "primary_metric": "y",
                                 "shares": {"control": 0.5, "new": 0.5}, **declared})
        hits, held, told = 0, 0, 0
        for i in range(n):
            drawn = draw(rng).assign(experiment="e")
            table = canonical_schema.ASSIGNMENTS.conformed(
                engine.lazy(drawn if "observation" in drawn else drawn.assign(observation=1)))
            given = ExperimentsConfig(plans={"e": plan})
            designs, found = experiment_data.load_experiments(engine, table, given, i)
            checked = quality_gates.gates_by_experiment(designs, found, given)
            rows = decisions.decide_experiments(designs, found, checked, given, date(2026, 1, 1)).set_index("variant")
            hits += rows["verdict"].to_dict() == right
            for arm, effect in planted.items():
                told += rows.loc[arm, "status"] == "ok"
                held += bool(rows.loc[arm, "low"] <= effect <= rows.loc[arm, "high"])
        said(f"verdict on {name}, {n} experiments", hits, n, 0.95, (190 / 200, 1.0))
        if told:
            said(f"interval of {name} holds what was planted", held, told, 0.95)


def novelty(replications, rng):
    """Print how often an effect that is the same in every period is said to change: means, and rare shares."""
    at_once, periods, n = 100, 8, 400
    plan = ExperimentPlan(hypothesis="h", control="a", primary_metric="m")
    for name, is_share, level in (("means", False, 10.0), ("shares of 3 %", True, 0.03)):
        hits = tested = 0
        for _ in range(max(replications // at_once, 1)):
            cells = pd.MultiIndex.from_product(
                [[f"{i:03d}" for i in range(at_once)], ["a", "b"], range(1, periods + 1)],
                names=["experiment", "variant", "look"]).to_frame(index=False)
            if is_share:
                mean = rng.binomial(n, level, len(cells)) / n
                variance = mean * (1 - mean)
            else:
                mean, variance = rng.normal(level, 3 / np.sqrt(n), len(cells)), 9 * rng.chisquare(n - 1, len(cells)) / (
                    n - 1)
            made = cells.assign(metric="m", period="", n=n, mean=mean, variance=variance, is_share=is_share)
            designs = [design.ExperimentDesign(e, "a", ("a", "b"), (0.5, 0.5), design.PLANNED, ("m",), plan)
                       for e in made["experiment"].unique()]
            found = effects_over_time.novelty_table(designs, made)
            hits, tested = hits + int((found["p"] < 0.05).sum()), tested + len(found)
        said(f"novelty, {name}, {periods} periods of {n} an arm", hits, tested, region=(0.04, 0.06))


def interacting(replications, rng):
    """Print how often experiments that do not interact are said to, and the interval that covers an interaction."""
    for n in (30, 200):
        hits = sum(interactions.difference_of_effects([moments_of(rng.normal(10, 3, n)) for _ in range(4)])[5] < 0.05
                   for _ in range(replications))
        said(f"interaction, normal, four cells of {n}", hits, replications, region=(0.04, 0.07))


def policies(replications, rng):
    """Print how often the interval of a rule's gain covers its true value, against nobody and everybody."""
    n, cost, hits = 1000, 0.2, dict.fromkeys((policy_value.NOBODY, policy_value.EVERYBODY), 0)
    # with effect x for x ~ N(0, 1), treated where x > 0: E[(x − c) 1(x > 0)] = φ(0) − c / 2
    truth = {policy_value.NOBODY: stats.norm.pdf(0) - cost / 2}
    truth[policy_value.EVERYBODY] = truth[policy_value.NOBODY] + cost
    for _ in range(replications):
        x, t = rng.normal(size=n), rng.permutation(n) % 2
        y = x + t * x + rng.normal(0, 2, n)
        line = (np.full(n, y[t == 0].mean()), np.full(n, y[t == 1].mean()))
        score = np.where(x > 0, 1.0, -1.0)
        found = policy_value.CrossFitted(y, t, policy_value.doubly_robust(y, t, line, 0.5), dict.fromkeys(
            (*policy_value.LEARNERS, policy_value.ONE_LINE_RULE), score), "x above 0")
        rows = policy_value.policy_gains(found, policy_value.Terms(1.0, cost)).set_index(["policy", "against"])
        for other, planted in truth.items():
            row = rows.loc[(policy_value.ONE_LINE_RULE, other)]
            hits[other] += row["low"] <= planted <= row["high"]
    for other, found in hits.items():
        said(f"gain of a rule against {other} covers", found, replications, 0.95, (0.94, 0.96))


ROUNDS = ("2025-06-30", "2025-09-30")


def pooled_rounds(replications, rng):
    """Print how often the pooled cut in churn of two rounds that a company carried out covers what was planted."""
    world, engine, hits, seeds = World(), Engine(), 0, min(SEEDS, max(replications // 50, 2))
    planted = world.list_carried_out * world.list_response  # hardly anybody may not be written to
    for seed in range(seeds):
        lists = pd.concat([pd.DataFrame({
            "experiment": f"action plan of {day}", "assigned_on": pd.Timestamp(day), "seed": seed, "probability": 0.5,
            "unit_id": [f"C{i:07d}" for i in sorted(rng.choice(2000, 500, replace=False) + 1)],
            "variant": rng.permutation(np.repeat(["held out", "treated"], 250))}) for day in ROUNDS])
        made = simulate_company(customers=2000, seed=seed, lists=lists).tables
        tables = {name: schema.conformed(engine.lazy(made[f"canonical/{name.lower()}"])) for name in (
            "TRANSACTIONS", "SUBSCRIPTIONS", "RESPONSES", "RESPONDENTS", "ITEMS", "CONTACTS")
            for schema in [getattr(canonical_schema, name)]}
        drawn = action_outcomes.past_action_lists([lists], date(2026, 1, 1))
        plans = action_outcomes.with_list_plans(ExperimentsConfig(), drawn, has_contracts=False)
        measured = action_outcomes.measure_outcomes(
            engine, drawn, action_outcomes.OutcomeTables(*tables.values(), 0.4), 90, date(2025, 12, 31))
        recorded = canonical_schema.ASSIGNMENTS.conformed(engine.lazy(canonical_schema.ASSIGNMENTS.empty()))
        designs, found = experiment_data.load_experiments(
            engine, action_outcomes.with_measured_lists(recorded, measured), plans, seed)
        checked = quality_gates.gates_by_experiment(designs, found, plans)
        response = measured_response.pooled_response(decisions.decide_experiments(
            designs, found, checked, plans, date(2025, 12, 31)))
        hits += response.n_rounds == len(ROUNDS) and response.reduction.low <= planted <= response.reduction.high
    said(f"pooled cut in churn of two rounds covers, {seeds} companies", hits, seeds, 0.95, (179 / 200, 1.0))


def turns(replications, rng):
    """Print arms that are given to all units in turn, period by period, read by periods that differ by themselves."""
    for g in (8, 20):
        hits, units = 0, np.full(g, 20.0)
        for _ in range(replications):
            arms = [(units, units * rng.normal(10, 0.3, g) + np.sqrt(units) * rng.normal(0, 1, g)) for _ in range(2)]
            hits += cluster_robust.cluster_difference(*arms, rng).difference.p < 0.05
        said(f"arms in turn, {g} and {g} periods of 20 units", hits, replications, region=(0.04, 0.06))


def rival_pairs(replications, rng):
    """Print how often any of three equal arms is said to beat another, by Welch and Holm as pairs are compared."""
    arms = [normal((replications, 300), rng) for _ in range(3)]
    p = np.column_stack([p_welch(arms[i], arms[j]) for i, j in ((0, 1), (0, 2), (1, 2))])
    hits = sum(np.nanmin(multiple_testing.holm(row)) < 0.05 for row in p)
    said("three equal arms against each other, any called better", hits, replications, region=(0.0, 0.0567))


def main():
    told = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parts = (fixed, shares, relative, adjusted, clustered, medians, randomised, families, peeking, skewed_sequence,
             coverage, powers, as_the_page_does, verdicts_of_seeds, within_blocks, compliers, novelty, interacting,
             policies, pooled_rounds, verdicts_of_shapes, turns, rival_pairs)
    told.add_argument("replications", nargs="?", type=int, default=10_000)
    told.add_argument("--parts", nargs="*", choices=[p.__name__ for p in parts], default=[], help="only these")
    given = told.parse_args()
    replications, wanted = given.replications, given.parts
    print(ROW.format(name=f"{replications:,} replications", nominal="nominal", measured="measured", region="region",
                     inside=""))
    for stream, part in zip(np.random.SeedSequence(SEED).spawn(len(parts)), parts, strict=True):
        if part.__name__ in (wanted or [part.__name__]):
            part(replications, np.random.default_rng(stream))


if __name__ == "__main__":
    main()
