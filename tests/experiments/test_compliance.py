import numpy as np
import pandas as pd
import pytest

from helpers.experiments.compliance import complier_effect
from helpers.experiments.config import ExperimentPlan, ExperimentsConfig
from helpers.experiments.mean_difference import Difference

PLAN = ExperimentPlan(hypothesis="contact keeps them", control="held out", primary_metric="repurchased",
                      received="contacted", shares={"held out": 0.5, "treated": 0.5})


def carried_out(rng, n, share, contamination, effect):
    is_drawn = rng.permutation(n) % 2 == 0
    is_complier = rng.random(n) < share
    reached = np.where(is_drawn, is_complier, rng.random(n) < contamination)
    came = rng.random(n) < 0.3 + 0.2 * is_complier + effect * reached
    return pd.DataFrame({"experiment": "list", "unit_id": [f"u{i}" for i in range(n)],
                         "variant": np.where(is_drawn, "treated", "held out"), "probability": 0.5,
                         "metric_repurchased": came.astype(float), "metric_contacted": reached.astype(float)})


def judged_list(lazily, judged, frame):
    _, _, checked, effects = judged(lazily(frame), ExperimentsConfig(plans={"list": PLAN}))
    gate = next(g for g in checked["list"] if g.gate.endswith("carried out"))
    return effects[effects["is_primary"]].iloc[0], gate


def test_the_complier_effect_is_the_planted_one_where_only_some_were_reached(lazily, judged):
    row, gate = judged_list(lazily, judged, carried_out(np.random.default_rng(1), 40_000, 0.6, 0.0, 0.1))
    assert row["low"] < 0.06 < row["high"]  # by intention to treat: six in ten were reached
    assert row["complier_low"] < 0.1 < row["complier_high"]
    assert (row["compliance_control"], round(row["compliance_variant"], 1)) == (0.0, 0.6)
    assert gate.is_crossed
    assert "in held out" in gate.sentence


def test_a_list_that_was_carried_out_passes_and_contamination_is_told(lazily, judged):
    _, gate = judged_list(lazily, judged, carried_out(np.random.default_rng(2), 4000, 1.0, 0.0, 0.1))
    assert not gate.is_crossed
    _, gate = judged_list(lazily, judged, carried_out(np.random.default_rng(2), 4000, 1.0, 0.2, 0.1))
    assert gate.is_crossed


def test_a_control_group_of_whom_hardly_anybody_was_contacted_is_no_caution_on_the_contact_rate(lazily, judged):
    frame = carried_out(np.random.default_rng(2), 4000, 1.0, 0.0, 0.1)
    _, _, checked, _ = judged(lazily(frame), ExperimentsConfig(plans={"list": PLAN}))
    assert [g.gate for g in checked["list"] if "answers to" in g.gate] == ["list: answers to repurchased"]


def test_arms_that_were_contacted_alike_have_no_complier_effect(lazily, judged):
    row, gate = judged_list(lazily, judged, carried_out(np.random.default_rng(3), 4000, 0.3, 0.3, 0.1))
    assert np.isnan(row["complier_value"])
    assert row["compliance_variant"] == pytest.approx(0.3, abs=0.05)
    assert gate.is_crossed


def test_without_a_record_of_contacts_compliance_is_not_known(lazily, judged):
    frame = carried_out(np.random.default_rng(4), 400, 1.0, 0.0, 0.1).drop(columns="metric_contacted")
    row, gate = judged_list(lazily, judged, frame)
    assert np.isnan(row["compliance_variant"])
    assert "not known" in gate.sentence


def test_without_an_effect_the_complier_interval_misses_zero_one_time_in_twenty():
    rng, missed = np.random.default_rng(5), 0
    for _ in range(400):
        n, reached = 200, rng.binomial(200, 0.5) / 200
        a, b = rng.normal(0, 1, n), rng.normal(0, 1, n)
        apart, error = b.mean() - a.mean(), np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / n)
        received = Difference(reached, 0, 1, np.sqrt(reached * (1 - reached) / n), 0.0)
        found = complier_effect(Difference(apart, 0, 0, error, 1.0), received)
        missed += not found.low <= 0 <= found.high
    assert 8 <= missed <= 33
