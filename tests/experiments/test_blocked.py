import numpy as np
import pandas as pd
import pytest

from helpers.experiments import blocked


def pairs(rng, n=60, effect=0.5):
    level = rng.normal(0, 5, n)
    y = np.concatenate([level + rng.normal(0, 1, n), level + effect + rng.normal(0, 1, n)])
    return pd.DataFrame({"experiment": "e", "unit_id": [f"u{i}" for i in range(2 * n)],
                         "variant": np.repeat(["control", "new"], n),
                         "stratum": np.tile([f"p{i}" for i in range(n)], 2), "metric_y": y})


def unlike_chances(rng, n=2000, effect=0.0):
    is_risky = np.arange(n) % 2 == 0
    is_new = rng.random(n) < np.where(is_risky, 0.9, 0.5)
    y = 3.0 * is_risky + effect * is_new + rng.normal(0, 1, n)
    chance = np.where(is_risky, 0.9, 0.5)
    return pd.DataFrame({"experiment": "e", "unit_id": [f"u{i}" for i in range(n)],
                         "variant": np.where(is_new, "new", "control"), "stratum": np.where(is_risky, "risky", "other"),
                         "probability": np.where(is_new, chance, 1 - chance), "metric_y": y})


def only(effects):
    return effects.iloc[0]


def test_matched_pairs_are_compared_within_pairs_as_by_the_paired_t_test(lazily, judged):
    frame = pairs(np.random.default_rng(1))
    _, _, _, effects = judged(lazily(frame))
    apart = frame["metric_y"].to_numpy()[60:] - frame["metric_y"].to_numpy()[:60]
    row = only(effects)
    assert row["method"] == "within blocks (60)"
    assert row["value"] == pytest.approx(apart.mean())
    assert row["error"] == pytest.approx(apart.std(ddof=1) / np.sqrt(60))
    assert row["error"] < 0.3 * np.sqrt(frame.groupby("variant")["metric_y"].var().sum() / 60)


def test_clusters_that_stand_in_both_arms_are_blocks_and_those_in_one_arm_are_what_was_assigned(lazily, judged):
    frame = pairs(np.random.default_rng(2)).rename(columns={"stratum": "cluster_id"})
    designs, _, checked, _ = judged(lazily(frame))
    assert (designs[0].block, designs[0].by) == ("cluster_id", "")
    assert "within 60 blocks" in next(g.sentence for g in checked["e"] if "independent" in g.gate)
    apart = frame.assign(cluster_id=frame["variant"] + (np.arange(120) // 4).astype(str))
    designs, *_ = judged(lazily(apart))
    assert (designs[0].block, designs[0].by) == ("", "cluster_id")


def test_units_of_unlike_chances_are_compared_within_each_chance_and_the_sample_ratio_counts_them(lazily, judged):
    designs, _, checked, effects = judged(lazily(unlike_chances(np.random.default_rng(3), effect=0.4)))
    gates = {g.gate: g for g in checked["e"]}
    assert not any(g.is_crossed and g.level == "block" for g in checked["e"])
    assert designs[0].shares == pytest.approx((0.3, 0.7))
    assert not gates["e: sample ratio"].is_crossed
    row = only(effects)
    assert row["low"] < 0.4 < row["high"]
    assert row["high"] - row["low"] < 0.3
    assert row["mean_variant"] - row["mean_control"] == pytest.approx(row["value"])


def test_chances_that_differ_within_a_block_still_block_the_verdict(lazily, judged):
    frame = unlike_chances(np.random.default_rng(4))
    frame.loc[:200, "probability"] = 0.77
    assert set(judged(lazily(frame))[3]["status"]) == {"blocked"}


def test_balance_is_tested_within_blocks(lazily, judged):
    frame = unlike_chances(np.random.default_rng(5))
    frame["covariate_before"] = 3.0 * frame["stratum"].eq("risky") + np.random.default_rng(6).normal(0, 1, len(frame))
    gate = next(g for g in judged(lazily(frame))[2]["e"] if "balance" in g.gate)
    assert gate.statistic > 0.01


def largest_value(checked):
    return next(g for g in checked["e"] if "largest value" in g.gate)


@pytest.mark.parametrize("kind", [pairs, lambda rng: unlike_chances(rng, effect=0.4)])
def test_the_largest_value_is_left_out_of_the_difference_within_blocks_that_is_told(kind, lazily, judged):
    frame = kind(np.random.default_rng(6))
    place = frame.index[frame["variant"] == "new"][0]
    frame.loc[place, "metric_y"] += 900.0
    _, _, checked, effects = judged(lazily(frame))
    gate = largest_value(checked)
    whole = only(effects)["value"]
    block = frame.loc[place, "stratum"]
    is_alone = (frame["stratum"] == block).sum() == 2
    rest = frame[frame["stratum"] != block] if is_alone else frame.drop(index=place)
    means = rest.groupby(["stratum", "variant"])["metric_y"].mean().unstack()
    without = np.average(means["new"] - means["control"], weights=rest.groupby("stratum").size())
    assert f"new minus control within blocks is {whole:.4g} with and {without:.4g} without" in gate.sentence
    assert gate.is_crossed


def test_few_tiny_blocks_are_refused_and_blocks_without_one_arm_are_told(lazily, judged):
    frame = pairs(np.random.default_rng(7), n=30)
    few = frame[frame["stratum"].isin([f"p{i}" for i in range(5)])]
    more = pd.concat([few, frame[frame["stratum"].isin([f"p{i}" for i in range(5, 30)])
                                 & frame["variant"].eq("new")], frame[frame["variant"].eq("control")].assign(
        unit_id=lambda f: "x" + f["unit_id"], stratum=lambda f: "x" + f["stratum"])])
    assert "5 blocks have both arms, 6 are asked for" in only(judged(lazily(more))[3])["reason"]
    most = frame[~(frame["stratum"].eq("p3") & frame["variant"].eq("new"))]
    assert "1 blocks lack one" in only(judged(lazily(most))[3])["note"]


@pytest.mark.parametrize("kind", [pairs, unlike_chances])
def test_without_an_effect_one_interval_in_twenty_misses_zero(kind):
    rng, missed = np.random.default_rng(8), 0
    for _ in range(400):
        frame = kind(rng, n=40 if kind is pairs else 300, effect=0.0)
        moments = frame.groupby(["variant", "stratum"])["metric_y"].agg(n="size", mean="mean", variance="var")
        found = blocked.blocked_difference(moments.reset_index().rename(columns={"stratum": "block"}),
                                           ("control", "new")).difference
        missed += not found.low <= 0 <= found.high
    assert 8 <= missed <= 33
