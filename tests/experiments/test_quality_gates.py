
import numpy as np
import pandas as pd
import pytest

from helpers.experiments import design as design_module
from helpers.experiments import experiment_data, health_checks, quality_gates
from helpers.experiments.config import ExperimentPlan, ExperimentsConfig
from helpers.foundation import canonical_schema
from helpers.foundation.engine import Engine

ENGINE = Engine()

PLAN = {"hypothesis": "h", "control": "control", "primary_metric": "spend",
        "shares": {"control": 0.5, "offer": 0.5}}


def checked(table, assumptions=None):
    assumptions = assumptions or ExperimentsConfig()
    designs, found = experiment_data.load_experiments(ENGINE, table, assumptions, 1)
    return quality_gates.gates_by_experiment(designs, found, assumptions)["welcome"]


def named(of_one, name):
    return next(g for g in of_one if g.gate == f"welcome: {name}")


def planned(**more):
    return ExperimentsConfig(plans={"welcome": ExperimentPlan(**{**PLAN, **more})})


def test_a_clean_planned_trial_crosses_no_gate(trial, lazily):
    assert [g.gate for g in checked(lazily(trial), planned()) if g.is_crossed] == []


def test_uneven_arms_block_and_the_threshold_is_printed(trial, lazily):
    uneven = trial.drop(trial.index[:80])
    gate = named(checked(lazily(uneven), planned()), "sample ratio")
    assert gate.is_crossed
    assert gate.statistic == pytest.approx(0.00287, abs=1e-5)  # χ² = 2 · 40² / 360 on one degree
    assert gate.threshold == 0.01
    assert gate.sentence == ("sample ratio mismatch: 320 against 400 where 50 : 50 was planned (p = .0029); the result "
                             "is invalid")
    assert gate.sentence in quality_gates.blocking_reasons(checked(lazily(uneven), planned()))


def test_without_declared_shares_the_sample_ratio_is_not_testable_and_nothing_is_blocked(trial, lazily):
    uneven = trial.drop(trial.index[:380])
    for assumptions in (None, planned(shares={})):
        of_one = checked(lazily(uneven), assumptions)
        gate = named(of_one, "sample ratio")
        assert (gate.level, gate.is_crossed) == ("qualify", True)
        assert gate.sentence == "sample ratio not testable: 20 against 400, and no shares are declared"
        assert quality_gates.blocking_reasons(of_one) == ""
        assert "exploratory" in named(of_one, "plan").sentence


@pytest.mark.parametrize("name", ["PSA", "placebo", "Baseline", "A", "0", "no e-mail", "hold_out", "Control-Group"])
def test_a_control_is_known_by_many_names(trial, lazily, name):
    named_so = trial.assign(variant=trial["variant"].replace({"control": name}))
    gate = named(checked(lazily(named_so)), "plan")
    assert f"{name} is read as the control" in gate.sentence


def test_a_control_that_no_name_tells_is_asked_for(trial, lazily):
    unknown = trial.assign(variant=trial["variant"].replace({"control": "blue", "offer": "green"}))
    of_one = checked(lazily(unknown))
    assert named(of_one, "control").level == "block"
    assert "which of the arms blue and green is the control is not known" in quality_gates.blocking_reasons(of_one)
    plan = ExperimentPlan(control="green")
    told = checked(lazily(unknown), ExperimentsConfig(plans={"welcome": plan}))
    assert quality_gates.blocking_reasons(told) == ""
    assert "declares no hypothesis, primary metric and shares" in named(told, "plan").sentence


def test_uneven_arms_that_were_planned_so_do_not_block(trial, lazily):
    uneven = trial.drop(trial.index[:300])
    gate = named(checked(lazily(uneven), planned(shares={"control": 0.2, "offer": 0.8})), "sample ratio")
    assert not gate.is_crossed
    assert gate.statistic == pytest.approx(1.0)


def test_cookie_cats_counts_fail_a_one_per_cent_gate_and_pass_one_per_mille(lazily):
    arms = pd.DataFrame({"n_units": [44700, 45489]}, index=["gate_30", "gate_40"])
    design = design_module.ExperimentDesign(
        "gate", "gate_30", ("gate_30", "gate_40"), (0.5, 0.5), design_module.PLANNED, ()
    )
    strict, mild = (health_checks.sample_ratio_mismatch_gate(design, arms, p) for p in (0.01, 0.001))
    assert strict.statistic == pytest.approx(0.0086, abs=5e-5)
    assert "44,700 against 45,489 where 50 : 50 was planned (p = .0086)" in strict.sentence
    assert strict.is_crossed
    assert not mild.is_crossed


def test_too_few_units_leave_the_sample_ratio_untested(trial, lazily):
    gate = named(checked(lazily(trial.iloc[[0, 1, 2, 500]]), planned()), "sample ratio")
    assert np.isnan(gate.statistic)
    assert not gate.is_crossed


def test_no_plan_qualifies_every_verdict_as_exploratory(trial, lazily):
    gate = named(checked(lazily(trial)), "plan")
    assert gate.is_crossed
    assert gate.level == "qualify"
    assert "exploratory" in gate.sentence


def test_a_single_arm_blocks(trial, lazily):
    gate = named(checked(lazily(trial.query("variant == 'offer'"))), "arms")
    assert gate.is_crossed
    assert "nothing to compare" in gate.sentence


def test_a_planned_arm_without_units_blocks(trial, lazily):
    shares = {"control": 0.4, "offer": 0.4, "letter": 0.2}
    gate = named(checked(lazily(trial), planned(shares=shares)), "arms")
    assert gate.is_crossed
    assert gate.sentence == "no unit is in letter"


def test_an_arm_that_no_share_was_planned_for_blocks(trial, lazily):
    gate = named(checked(lazily(trial), planned(shares={"control": 0.5, "letter": 0.5})), "planned shares")
    assert gate.is_crossed
    assert "units are in offer" in gate.sentence


def test_probabilities_that_differ_within_an_arm_block(trial, lazily):
    trial["probability"] = 0.5
    assert not named(checked(lazily(trial)), "planned shares").is_crossed
    trial.loc[3, "probability"] = 0.9
    gate = named(checked(lazily(trial)), "planned shares")
    assert gate.is_crossed
    assert "within control" in gate.sentence


def test_probabilities_that_do_not_add_up_block(trial, lazily):
    gate = named(checked(lazily(trial.assign(probability=0.4))), "planned shares")
    assert gate.is_crossed
    assert gate.statistic == pytest.approx(0.8)


def test_units_that_share_a_cluster_are_counted_by_cluster(trial, lazily):
    assert not named(checked(lazily(trial.assign(cluster_id=trial["unit_id"]))), "independent units").is_crossed
    gate = named(checked(lazily(trial.assign(cluster_id=[f"shop {i // 40}" for i in range(800)]))), "independent units")
    assert not gate.is_crossed
    assert gate.sentence == "800 units share 20 clusters, 10 in the smaller arm: errors are those of clusters (CR2)"
    few = trial.assign(cluster_id=[f"shop {i // 100}" for i in range(800)])
    gate = named(checked(lazily(few)), "independent units")
    assert gate.is_crossed
    assert gate.level == "qualify"
    assert gate.sentence.endswith("4 in the smaller arm: they are drawn again, for want of 6 an arm")


def test_a_planned_metric_that_was_not_recorded_blocks(trial, lazily):
    gate = named(checked(lazily(trial.drop(columns="metric_spend")), planned()), "primary metric")
    assert gate.is_crossed
    assert "there are returned" in gate.sentence


def test_missing_values_are_counted_by_arm(trial, lazily):
    trial.loc[:9, "metric_spend"] = np.nan
    gate = named(checked(lazily(trial)), "missing values of spend")
    assert gate.is_crossed
    assert gate.sentence == "10 of 800 units have no value of spend and are left out (10 in control and 0 in offer)"
    assert not any("missing values of returned" in g.gate for g in checked(lazily(trial)))


def test_where_nothing_is_missing_one_gate_says_so(trial, lazily):
    gate = named(checked(lazily(trial)), "missing values")
    assert not gate.is_crossed
    assert gate.sentence == "every unit has a value of returned and spend"


def test_one_unit_that_decides_is_named_with_both_differences(trial, lazily):
    assert not named(checked(lazily(trial)), "largest value of spend").is_crossed
    trial.loc[0, "metric_spend"] = 5000.0
    gate = named(checked(lazily(trial)), "largest value of spend")
    assert gate.is_crossed
    assert "offer minus control is −" in gate.sentence
    assert "the one most extreme unit (5,000)" in gate.sentence


def test_a_unit_twice_in_one_arm_is_refused_by_the_key_of_the_table_and_in_two_arms_kept_for_the_check(
    trial, lazily, engine
):
    def problems_of(twice):
        table = lazily(twice)
        return canonical_schema.ASSIGNMENTS.problems(
            engine.row(canonical_schema.ASSIGNMENTS.counts(engine.view(table))))

    assert problems_of(pd.concat([trial, trial.head(1).assign(variant="offer")])) == []
    problems = problems_of(pd.concat([trial, trial.head(1)]))
    assert len(problems) == 1
    assert "1 of 801 rows repeat" in str(problems[0])
    assert "one row for each experiment, unit_id" in str(problems[0])


def test_all_gates_together_are_the_declared_table(trial, lazily, engine):
    from helpers.experiments.schema import EXPERIMENT_GATES
    table = quality_gates.gates_table({"welcome": checked(lazily(trial))})
    conformed = EXPERIMENT_GATES.conformed(engine.lazy(table))
    assert EXPERIMENT_GATES.problems(engine.row(EXPERIMENT_GATES.counts(engine.view(conformed)))) == []
    assert quality_gates.gates_table({}).empty
