"""Experiments that went wrong: each gets its sentence or its right answer."""

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from helpers.experiments.config import ExperimentPlan, ExperimentsConfig
from helpers.foundation import canonical_schema
from helpers.foundation.engine import Engine

PLAN = {"hypothesis": "h", "control": "control", "primary_metric": "spend",
        "shares": {"control": 0.5, "offer": 0.5}}


def planned(**more):
    return ExperimentsConfig(plans={"welcome": ExperimentPlan(**{**PLAN, **more})})


def first(effects, metric="spend"):
    return effects[effects["metric"] == metric].iloc[0]


def test_an_empty_arm_is_named(trial, lazily, judged):
    *_, effects = judged(lazily(trial), planned(shares={"control": 0.4, "offer": 0.4, "letter": 0.2}))
    assert set(effects["verdict"].dropna()) == {"invalid"}
    assert "no unit is in letter" in effects["reason"].iloc[0]


def test_one_unit_has_nothing_to_be_compared_with(trial, lazily, judged):
    *_, effects = judged(lazily(trial.head(1)))
    assert "there is nothing to compare it with" in effects["reason"].iloc[0]
    assert set(effects["status"]) == {"blocked"}


def test_a_constant_metric_keeps_running(trial, lazily, judged):
    *_, effects = judged(lazily(trial.assign(metric_spend=3.0)), planned())
    assert (first(effects)["verdict"], first(effects)["reason"]) == ("keep running", "every value is the same")


def test_a_metric_that_nobody_has_is_not_recorded(trial, lazily, judged):
    *_, effects = judged(lazily(trial.assign(metric_spend=np.nan)), planned())
    assert "the planned metric spend is not recorded" in effects["reason"].iloc[0]


def test_a_metric_that_one_arm_lacks_is_insufficient(trial, lazily, judged):
    trial.loc[:399, "metric_spend"] = np.nan
    *_, effects = judged(lazily(trial), planned())
    assert first(effects)["reason"] == "0 values in the smaller arm, 10 are asked for"


def test_forty_arms_are_adjusted_together(lazily, judged):
    rng = np.random.default_rng(1)
    n = 60
    arms = ["control", *(f"arm {i:02d}" for i in range(1, 40))]
    frame = pd.DataFrame({"experiment": "many", "unit_id": [f"u{i}" for i in range(40 * n)],
                          "variant": np.repeat(arms, n), "metric_spend": rng.normal(10, 2, 40 * n)})
    *_, effects = judged(lazily(frame))
    assert len(effects) == 39
    assert effects["verdict"].eq("keep running").all()
    assert effects["p_adjusted"].min() >= min(39 * effects["p"].min(), 1) - 1e-9


def test_negative_shares_are_refused_in_plans_and_in_records(trial, lazily, engine):
    with pytest.raises(ValidationError, match="above 0"):
        planned(shares={"control": -0.5, "offer": 1.5})
    table = lazily(trial.assign(probability=-0.5))
    problems = canonical_schema.ASSIGNMENTS.problems(
        engine.row(canonical_schema.ASSIGNMENTS.counts(engine.view(table))))
    assert "800 of 800 rows too low; allowed: 0 or more" in str(problems[0])


def test_time_stamps_out_of_order_qualify(trial, lazily, judged):
    at = pd.Timestamp("2026-05-01")
    frame = trial.assign(assigned_at=at, first_exposed_at=at + pd.Timedelta(hours=1))
    _, _, checked, _ = judged(lazily(frame), planned())
    assert not any("time stamps" in g.gate for g in checked["welcome"])
    frame.loc[:6, "first_exposed_at"] = at - pd.Timedelta(hours=1)
    gate = next(g for g in judged(lazily(frame), planned())[2]["welcome"] if "time stamps" in g.gate)
    assert gate.sentence == "7 of 800 units were exposed before they were assigned"
    assert gate.level == "qualify"


def test_arms_that_were_unlike_beforehand_block(trial, lazily, judged):
    rng = np.random.default_rng(2)
    even = trial.assign(covariate_age=rng.normal(40, 10, len(trial)))
    assert not any("blocked" in s for s in judged(lazily(even), planned())[3]["status"])
    older = even.assign(covariate_age=even["covariate_age"] + 5 * (even["variant"] == "offer"))
    *_, effects = judged(lazily(older), planned())
    assert set(effects["status"]) == {"blocked"}
    assert "the arms are not balanced" in effects["reason"].iloc[0]


def test_unequal_response_says_what_it_leaves_possible(trial, lazily, judged):
    answered = trial.assign(metric_returned=trial["metric_returned"].astype(float))
    answered.loc[answered.index[:120], "metric_returned"] = np.nan
    gate = next(g for g in judged(lazily(answered), planned())[2]["welcome"] if "response to" in g.gate)
    assert gate.is_crossed
    assert "offer minus control between" in gate.sentence
    alike = trial.assign(metric_returned=trial["metric_returned"].astype(float))
    alike.loc[alike.index[350:450], "metric_returned"] = np.nan
    assert not any("response to" in g.gate for g in judged(lazily(alike), planned())[2]["welcome"])


def test_a_changed_plan_is_said(trial, lazily, judged):
    from helpers.experiments import health_checks

    design = judged(lazily(trial), planned())[0][0]
    earlier = pd.DataFrame({"experiment": ["welcome"], "plan": ["0123456789ab"]})
    gate = health_checks.changed_plan_gate(design, health_checks.plan_fingerprints([earlier]))[0]
    assert "it was changed after units were assigned" in gate.sentence
    assert health_checks.changed_plan_gate(design, {"welcome": design.plan.fingerprint}) == ()
    assert health_checks.changed_plan_gate(design, {}) == ()


def test_plans_that_differ_have_other_fingerprints():
    one, two = ExperimentPlan(**PLAN), ExperimentPlan(**PLAN, minimum_effect=1.0)
    assert one.fingerprint == ExperimentPlan(**PLAN).fingerprint != two.fingerprint
    assert len(one.fingerprint) == 12


def test_what_a_plan_leaves_empty_of_later_declarations_leaves_its_fingerprint_as_it_was():
    one = ExperimentPlan(**PLAN)
    assert one.fingerprint == "083392fd1050"
    assert one.fingerprint != ExperimentPlan(**PLAN, guardrails_not_to_rise=["complaints"]).fingerprint
    assert one.fingerprint != ExperimentPlan(**PLAN, aggregation={"spend": "sum"}).fingerprint


def test_clusters_are_compared_by_cr2_and_few_of_them_are_drawn_again(trial, lazily, judged):
    shops = trial.assign(cluster_id=[f"shop {i // 40:02d}" for i in range(800)])
    row = first(judged(lazily(shops), planned())[3])
    assert row["method"] == "CR2"
    assert row["verdict"] == "ship"
    few = trial.assign(cluster_id=[f"shop {i // 80:02d}" for i in range(800)])
    row = first(judged(lazily(few), planned())[3])
    assert row["method"] == "randomisation of clusters"
    assert row["p"] == pytest.approx(2 / 252, abs=1e-9)
    three = trial.assign(cluster_id=[f"shop {i * 6 // 800:02d}" for i in range(800)])
    three["cluster_id"] = three["variant"] + three["cluster_id"]
    row = first(judged(lazily(three), planned())[3])
    assert row["status"] == "insufficient"


def test_a_switchback_is_read_by_its_periods(trial, lazily, judged):
    hours = [f"hour {i // 40:02d}" for i in range(800)]
    designs, _, _, effects = judged(lazily(trial.assign(period=hours)), planned())
    assert designs[0].by == "period"
    assert first(effects)["method"] == "CR2 over periods"


def test_few_buyers_are_drawn_again(lazily, judged):
    rng = np.random.default_rng(3)
    n = 500
    sales = np.where(rng.random(2 * n) < 0.03, rng.lognormal(3, 1, 2 * n), 0.0)
    frame = pd.DataFrame({"experiment": "welcome", "unit_id": [f"u{i}" for i in range(2 * n)],
                          "variant": np.repeat(["control", "offer"], n), "metric_spend": sales})
    row = first(judged(lazily(frame), planned())[3])
    assert row["method"] == "arms drawn again"
    assert "30 are asked for" in row["note"]
    again = first(judged(lazily(frame), planned())[3])
    assert (row["p"], row["low"]) == (again["p"], again["low"])


def test_a_sequence_waits_for_a_hundred_and_then_needs_no_day(trial, lazily, judged):
    from datetime import date

    plan = planned(stop_rule="always valid", ends_on=date(2027, 1, 1))
    row = first(judged(lazily(trial), plan)[3])
    assert row["method"] == "Welch, always valid"
    assert row["verdict"] == "ship"
    few = pd.concat([trial.head(80), trial.tail(80)])
    assert "100 are asked for before the first look" in first(judged(lazily(few), plan)[3])["reason"]


def test_a_guardrail_that_got_worse_stops(trial, lazily, judged):
    hurt = trial.assign(metric_margin=trial["metric_spend"] - 8.0 * (trial["variant"] == "offer"))
    row = first(judged(lazily(hurt), planned(guardrails=["margin"]))[3])
    assert (row["verdict"], row["reason"]) == ("stop", "the guardrail margin got worse, beyond chance")


def test_a_guardrail_that_is_not_to_rise_stops_when_it_rises_and_not_when_it_falls(trial, lazily, judged):
    rise = (trial["variant"] == "offer") * 8.0
    more, fewer = (trial.assign(metric_complaints=trial["metric_spend"] + change) for change in (rise, -rise))
    plan = planned(guardrails_not_to_rise=["complaints"])
    row = first(judged(lazily(more), plan)[3])
    assert (row["verdict"], row["reason"]) == ("stop", "the guardrail complaints got worse, beyond chance")
    assert first(judged(lazily(fewer), plan)[3])["verdict"] == "ship"


def test_ratios_quantiles_and_the_planned_covariate_are_compared(trial, lazily, judged):
    rng = np.random.default_rng(4)
    before = rng.normal(20, 5, len(trial))
    wide = trial.assign(metric_visits=rng.poisson(3, len(trial)) + 1.0, covariate_before=before,
                        metric_spend=trial["metric_spend"] + before)
    plan = planned(ratios={"spend_per_visit": ["spend", "visits"]}, quantiles={"spend": 0.5},
                   covariate="covariate_before")
    effects = judged(lazily(wide), plan)[3].set_index("metric")
    assert effects.loc["spend", "method"] == "CUPED on covariate_before"
    assert effects.loc["spend", "cuped_reduction"] > 0.3
    assert effects.loc["spend_per_visit", "method"] == "delta method"
    assert effects.loc["median of spend", "low"] < 3 < effects.loc["median of spend", "high"]
    assert effects.loc["spend", "expected_loss_if_shipped"] < effects.loc["spend", "expected_loss_if_stopped"]


def test_the_effects_keep_their_declaration_whatever_the_method(trial, lazily, judged):
    from helpers.experiments.schema import EXPERIMENT_EFFECTS

    engine = Engine()
    shops = trial.assign(cluster_id=[f"shop {i // 100:02d}" for i in range(800)])
    table = EXPERIMENT_EFFECTS.conformed(engine.lazy(judged(lazily(shops))[3]))
    assert EXPERIMENT_EFFECTS.problems(engine.row(EXPERIMENT_EFFECTS.counts(engine.view(table)))) == []


def test_a_milder_sample_ratio_frees_what_only_it_blocked(trial, lazily, judged):
    from datetime import date

    from helpers.experiments import decisions

    uneven = trial.drop(trial.index[:80])  # p .0029
    designs, found, _, effects = judged(lazily(uneven), planned())
    assert set(effects["status"]) == {"blocked"}
    freed = decisions.decisions_under_mild_srm(designs, found, {}, planned(), date(2026, 6, 30))
    assert first(freed)["verdict"] == "ship"
    worse = judged(lazily(trial.drop(trial.index[:200])), planned())
    assert decisions.decisions_under_mild_srm(worse[0], worse[1], {}, planned(), date(2026, 6, 30)).empty
