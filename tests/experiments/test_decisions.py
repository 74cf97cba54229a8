from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers.experiments import decisions, experiment_data, quality_gates, schema
from helpers.experiments.config import ExperimentPlan, ExperimentsConfig
from helpers.foundation.engine import Engine

ENGINE = Engine()

AS_OF = date(2026, 6, 30)
PLAN = {"hypothesis": "h", "control": "control", "primary_metric": "spend",
        "shares": {"control": 0.5, "offer": 0.5}}


def effects(table, assumptions=None, as_of=AS_OF):
    assumptions = assumptions or ExperimentsConfig()
    designs, found = experiment_data.load_experiments(ENGINE, table, assumptions, 1)
    checked = quality_gates.gates_by_experiment(designs, found, assumptions)
    return decisions.decide_experiments(designs, found, checked, assumptions, as_of)


def planned(**more):
    return ExperimentsConfig(plans={"welcome": ExperimentPlan(**{**PLAN, **more})})


def row(table, metric="spend"):
    return table[table["metric"] == metric].iloc[0]


def test_an_interval_wholly_above_zero_ships(trial, lazily):
    found = row(effects(lazily(trial), planned()))
    assert found["verdict"] == "ship"
    assert found["low"] < 3.0 < found["high"]
    assert not found["is_exploratory"]


def test_only_the_planned_metric_gets_a_verdict(trial, lazily):
    found = row(effects(lazily(trial), planned()), "returned")
    assert pd.isna(found["verdict"])
    assert found["status"] == "ok"
    assert found["p_adjusted"] == found["p"]


def test_an_interval_that_includes_zero_keeps_running(trial, lazily):
    found = row(effects(lazily(trial)), "returned")
    assert found["verdict"] == "keep running"
    assert found["reason"] == "the interval includes no difference"


def test_harm_stops(trial, lazily):
    trial.loc[400:, "metric_spend"] -= 8.0
    assert row(effects(lazily(trial), planned()))["verdict"] == "stop"


def test_where_lower_is_better_a_fall_ships(trial, lazily):
    trial.loc[400:, "metric_spend"] -= 8.0
    assert row(effects(lazily(trial), planned(lower_is_better=True)))["verdict"] == "ship"
    assert row(effects(lazily(trial), planned(lower_is_better=True)))["high"] < 0


def test_an_effect_smaller_than_worth_having_stops(trial, lazily):
    found = row(effects(lazily(trial), planned(minimum_effect=5.0)))
    assert found["verdict"] == "stop"
    assert "smallest relevant improvement, 5" in found["reason"]


def test_the_smallest_difference_of_a_share_is_said_in_points(trial, lazily):
    found = row(effects(lazily(trial), planned(primary_metric="returned", minimum_effect=0.2)), "returned")
    assert found["reason"].endswith("smallest relevant improvement, 20 percentage points")


def test_no_verdict_before_the_planned_look(trial, lazily):
    found = row(effects(lazily(trial), planned(ends_on=date(2026, 7, 1))))
    assert found["stop_on"] == pd.Timestamp("2026-07-01")
    assert (found["verdict"], found["reason"]) == ("keep running", "the planned look is on 2026-07-01")
    assert row(effects(lazily(trial), planned(ends_on=AS_OF)))["verdict"] == "ship"


def test_a_blocked_verdict_is_replaced_by_its_reason_and_shows_no_difference(trial, lazily):
    found = row(effects(lazily(trial.drop(trial.index[:80])), planned()))
    assert (found["verdict"], found["status"]) == ("invalid", "blocked")
    assert "sample ratio mismatch" in found["reason"]
    assert np.isnan([found["value"], found["low"], found["p"], found["lift"]]).all()
    assert found["mean_control"] > 0


def test_a_single_arm_is_invalid_and_still_has_a_row(trial, lazily):
    found = effects(lazily(trial.query("variant == 'offer'")))
    assert set(found["verdict"]) == {"invalid"}
    assert set(found["variant"]) == {"no other arm"}


def test_without_a_plan_every_comparison_is_exploratory_and_adjusted_together(trial, lazily):
    found = effects(lazily(trial))
    assert found["is_exploratory"].all()
    assert row(found)["p_adjusted"] == pytest.approx(2 * row(found)["p"])


def test_a_difference_beyond_chance_alone_but_not_among_many_keeps_running():
    found = decisions._decision_by_interval(0.1, 2.0, False)
    assert found == {"verdict": "keep running",
                     "reason": "not beyond chance once all the comparisons are counted"}
    assert decisions._decision_by_interval(-2.0, -0.1, False)["verdict"] == "keep running"


def test_too_few_values_keep_running_without_a_difference(trial, lazily):
    small = pd.concat([trial.head(9), trial.tail(9)])
    found = row(effects(lazily(small), planned()))
    assert (found["verdict"], found["status"]) == ("keep running", "insufficient")
    assert found["reason"] == "9 values in the smaller arm, 10 are asked for"


def test_too_few_events_give_no_difference_of_shares(trial, lazily):
    trial["metric_returned"] = trial.index < 3
    found = row(effects(lazily(trial)), "returned")
    assert found["reason"] == "0 of the rarer answer in one arm, 5 are asked for"


def test_a_constant_metric_gives_no_difference(trial, lazily):
    found = row(effects(lazily(trial.assign(metric_spend=7.0)), planned()))
    assert found["reason"] == "every value is the same"


def test_an_experiment_without_any_outcome_says_so(trial, lazily):
    found = effects(lazily(trial[["experiment", "unit_id", "variant"]])).iloc[0]
    assert (found["metric"], found["verdict"], found["reason"]) == (
        "outcome", "keep running", "no outcome is recorded yet")


def test_no_experiment_gives_the_empty_declared_table(trial, lazily, engine):
    found = effects(lazily(trial.head(0)))
    assert found.empty
    assert tuple(found.columns) == schema.EXPERIMENT_EFFECTS.names


def test_the_table_keeps_its_declaration(trial, lazily, engine):
    third = trial.query("variant == 'offer'").assign(
        variant="letter", unit_id=lambda t: "l" + t["unit_id"], metric_returned=lambda t: ~t["metric_returned"])
    conformed = schema.EXPERIMENT_EFFECTS.conformed(engine.lazy(effects(lazily(pd.concat([trial, third])))))
    assert (
        schema.EXPERIMENT_EFFECTS.problems(engine.row(schema.EXPERIMENT_EFFECTS.counts(engine.view(conformed))))
        == []
    )


def test_a_true_null_is_shipped_or_stopped_at_the_error_rate_only(lazily):
    rng = np.random.default_rng(11)
    n_worlds, n = 300, 200
    frame = pd.DataFrame({
        "experiment": np.repeat([f"w{i:03d}" for i in range(n_worlds)], n),
        "unit_id": np.tile([f"u{i}" for i in range(n)], n_worlds),
        "variant": np.tile(np.repeat(["control", "offer"], n // 2), n_worlds),
        "metric_spend": rng.gamma(2.0, 10.0, n * n_worlds)})
    verdict = effects(lazily(frame))["verdict"]
    assert (verdict != "keep running").mean() == pytest.approx(0.05, abs=0.025)
