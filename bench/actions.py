"""Next best action at size, and whether its optimum is one: ``python bench/actions.py [--customers 1000000]``.

The assignment of a million customers to one of five actions under a capacity, two offers, four people and a budget, in
a process of its own; what may be missing to the best is printed beside. Then small problems, each solved by prices and
whole by scipy's integer solver: the share of problems whose prices gave less than the solver, and the largest loss.
Last, how often intervals hold what was planted: coalition values of partners, what satisfaction goes with, margin by
the response curve of a tier, and contact fatigue.
"""

import argparse
import time

import numpy as np
from measure import HEADER, alone, inside, row

TARGET_SECONDS, TARGET_MIB = 60, 4096


def problem(n, seed, m=5):
    """Return values and limits of n customers and m actions."""
    from helpers.actions.next_best_action import SharedLimit

    rng = np.random.default_rng(seed)
    cost = np.linspace(0.5, 12, m)
    values = np.linspace(0.05, 0.2, m) * rng.lognormal(3, 1, n)[:, None] * rng.uniform(0.5, 1.5, (n, m)) - cost
    values[rng.random((n, m)) < 0.2] = -np.inf
    owner, alone_, place = rng.integers(4, size=n), np.ones((n, 1)), np.arange(m)
    limits = [SharedLimit("capacity", alone_, np.ones((1, m)), 0.3 * n),
              SharedLimit("offer", alone_, 1.0 * (place == m - 1)[None, :], 0.02 * n + 1),
              SharedLimit("other offer", alone_, 1.0 * (place == m - 2)[None, :], 0.05 * n + 1),
              SharedLimit("budget", alone_, cost[None, :], 0.3 * n)]
    return values, limits + [SharedLimit(f"person {o}", 1.0 * (owner == o)[:, None], 1.0 * (place >= m - 2)[None, :],
                                         0.01 * n + 1) for o in range(4)]


def assigned(n):
    """Return how long the assignment takes, and what may be missing to the best."""
    from helpers.actions.next_best_action import best_assignment

    values, limits = problem(int(n), 1)
    began = time.perf_counter()
    found = best_assignment(values, limits)
    return {"seconds": time.perf_counter() - began, "gap": found.gap}


def compared(replications):
    """Print how often and by how much prices gave less than the solver on small problems."""
    from helpers.actions import next_best_action

    losses = []
    for seed in range(replications):
        values, limits = problem(120, seed, 3)
        whole = next_best_action.best_assignment(values, limits)
        next_best_action.WHOLE_UP_TO, kept = 0, next_best_action.WHOLE_UP_TO
        priced = next_best_action.best_assignment(values, limits)
        next_best_action.WHOLE_UP_TO = kept
        losses.append(1 - priced.value / whole.value if whole.value > 0 else 0.0)
        assert priced.bound >= whole.value * (1 - 1e-9), seed
    lost = np.array(losses)
    print(f"{replications:,} small problems: {np.mean(lost > 1e-6):.2%} below the solver, at most by {lost.max():.2e}; "
          "no bound below an optimum")


def coalitions(replications):
    """Print how often intervals hold what the joint programme of two partners plants: each one's share, the synergy."""
    from helpers.actions import partners
    from helpers.simulation import company
    from helpers.simulation.planted_experiments import joint_programme
    from helpers.simulation.planted_truth import World

    world, block = World(), next(company.blocks(1200, 7)).block
    one, other, both = world.partner_gains
    true = {"Atlas": one + both / 2, "Borealis": other + both / 2, "Atlas + Borealis": both}
    hits = dict.fromkeys(true, 0)
    for seed in range(replications):
        rows = joint_programme(world, np.random.default_rng(seed), block).to_pandas()
        arms = rows.groupby("variant")["metric_margin"].agg(n="size", mean="mean", variance="var").reset_index()
        game = partners.measured_game(arms, "none")
        for found in (*game.shares(), *game.synergies()):
            hits[found.segment] += found.low <= true[found.segment] <= found.high
    for name, n in hits.items():
        print_coverage(f"coalition value, {name}", n, replications)


def satisfaction(replications):
    """Print how often the interval of what ten points of satisfaction go with holds the worth that was planted."""
    import pandas as pd

    from helpers.actions import satisfaction_to_money

    hits, n, worth = 0, 300, 3.0
    for seed in range(replications):
        rng = np.random.default_rng(seed)
        before = rng.poisson(3, n).astype(float)
        score = np.clip(60 + 5 * (before - 3) + 12 * rng.standard_normal(n), 0, 100)
        answers = pd.DataFrame({
            "customer_id": [f"c{i}" for i in range(n)], "wave": "1", "satisfaction": score,
            "margin_after": worth * score / 10 + 8 * before + 15 * rng.standard_normal(n), "bought_after": 1.0,
            "margin_before": 20 * before, "n_before": before, "days_since": rng.integers(0, 365, n).astype(float)})
        found = next(e.adjusted for e in satisfaction_to_money.satisfaction_effects(answers)
                     if e.outcome == satisfaction_to_money.MARGIN)
        hits += found.low <= worth <= found.high
    print_coverage("margin by ten points of satisfaction", hits, replications)


def print_coverage(name, hits, replications):
    """Print a share of replications with the distance from 95 % that chance allows, four standard errors."""
    allowed = 4 * np.sqrt(0.05 * 0.95 / replications)
    fate = "as stated" if abs(hits / replications - 0.95) <= allowed else "NOT AS STATED"
    print(f"{name:<46}{hits / replications:>8.2%} of {replications:,} within 95 % intervals: {fate}")


def curve_coverage(replications):
    """Print how often intervals of the response curves hold the planted margin, by tier and spending."""
    import pandas as pd

    from helpers.actions import response_curves

    tops, scale, spends, inside, refused = {"top": 40.0, "upper": 20.0, "base": 6.0}, 4.0, (1.0, 4.0, 10.0), [], 0
    for seed in range(replications):
        rng = np.random.default_rng(seed)
        rows = [("round", tier, f"at {x}", x, 200, 200, top * -np.expm1(-x / scale) + rng.normal(0, 1.5), 1.5)
                for tier, top in tops.items() for x in spends]
        curves = response_curves.fit_response(pd.DataFrame(rows, columns=response_curves.POINTS))
        refused += not curves.is_measured
        for tier, top in tops.items() if curves.is_measured else ():
            for spend in (2.0, 6.0):
                found, truth = curves.gain(tier, spend), top * -np.expm1(-spend / scale)
                inside.append((f"margin by response curve, {tier} at {spend:g}", found.low <= truth <= found.high))
    print(f"response curves: refused in {refused:,} of {replications:,}")
    for name, hits in pd.DataFrame(inside, columns=["name", "hits"]).groupby("name")["hits"].sum().items():
        print_coverage(name, hits, replications - refused)


def fatigue_coverage(replications, n=2_000, fall=0.15):
    """Print how often the interval of contact fatigue holds the planted one."""
    import pandas as pd

    from helpers.actions import communication_loops

    inside = []
    for seed in range(replications):
        rng = np.random.default_rng(seed)
        is_sent = rng.random((12, n)) < 0.4
        recent = np.array([is_sent[max(i - 2, 0):i].sum(0) for i in range(len(is_sent))])
        month, who = np.nonzero(is_sent)
        told = recent[month, who]
        own = np.exp(rng.normal(0, 0.3, n))[who]  # customers differ in how readily they answer
        answers = rng.random(len(who)) < np.minimum(0.3 * own * np.exp(-fall * told), 1)
        each = pd.DataFrame({"who": who, "recent_contacts": told, "c": 1.0, "r": answers.astype(float)}).groupby(
            ["who", "recent_contacts"], as_index=False).sum()
        each = each.assign(cc=each["c"] ** 2, rc=each["r"] * each["c"], rr=each["r"] ** 2, n_customers=1)
        cells = each.drop(columns="who").groupby("recent_contacts", as_index=False).sum().assign(by="e-mail")
        found = communication_loops.change_by_recent_contacts(cells)
        inside.append(found.low <= np.expm1(-fall) <= found.high)
    print_coverage("contact fatigue", sum(inside), replications)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--customers", type=int, default=1_000_000)
    options.add_argument("--replications", type=int, default=2000)
    told = options.parse_args()
    print(HEADER)
    found = alone(__file__, "assigned", told.customers)
    row("next best action, 5 actions, 8 limits", told.customers, found, target=f"<= {TARGET_SECONDS} s")
    print(f"at most {found['gap']:.1e} of the best is missing; memory at most {TARGET_MIB:,} MiB")
    compared(told.replications)
    coalitions(told.replications)
    satisfaction(told.replications)
    curve_coverage(told.replications)
    fatigue_coverage(told.replications)


if __name__ == "__main__" and not inside({"assigned": assigned}):
    main()
