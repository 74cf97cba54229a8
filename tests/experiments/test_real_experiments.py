"""Cookie Cats and Hillstrom, whose numbers are published."""

import pandas as pd
import pytest

from helpers.experiments import (
    aggregates,
    experiment_data,
    mean_difference,
    proportions,
    quality_gates,
    variance_reduction,
)
from helpers.experiments import design as design_module
from helpers.experiments.aggregates import ARM_KEYS
from helpers.experiments.config import ExperimentPlan, ExperimentsConfig
from helpers.foundation.engine import Engine

ENGINE = Engine()

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def cookie_cats(real_data):
    raw = pd.read_csv(real_data / "cookie_cats" / "cookie_cats.csv")
    return pd.DataFrame({
        "experiment": "gate", "unit_id": raw["userid"].astype(str), "variant": raw["test_version"],
        "metric_gamerounds": raw["sum_gamerounds"].astype(float),
        "metric_retention_1": raw["retention_1"], "metric_retention_7": raw["retention_7"]})


@pytest.fixture(scope="module")
def hillstrom(real_data):
    raw = pd.read_csv(real_data / "hillstrom" / "Hillstrom.csv")
    return pd.DataFrame({
        "experiment": "e-mail", "unit_id": raw.index.astype(str), "variant": raw["segment"],
        "metric_visit": raw["visit"], "metric_spend": raw["spend"], "covariate_history": raw["history"],
        "covariate_mens": raw["mens"], "covariate_womens": raw["womens"]})


def compared(table, metric, variant):
    found = aggregates.aggregate_arms(ENGINE, table)
    arms = sorted(found.arms["variant"])
    plan = ExperimentPlan(control=next(a for a in arms if a in {"gate_30", "No E-Mail"}),
                          shares=dict.fromkeys(arms, 1 / len(arms)))
    plans = dict.fromkeys(found.arms["experiment"], plan)
    design = design_module.experiment_designs(found, ExperimentsConfig(plans=plans))[0]
    rows = found.outcomes.query("metric == @metric").set_index("variant")
    compare = proportions.proportion_difference if rows["is_share"].all() else mean_difference.welch_difference
    return (
        compare(*(mean_difference.moments_from_row(rows.loc[arm]) for arm in (design.control, variant))),
        rows,
        found,
        design,
    )


def without_units(counted):
    return experiment_data.ExperimentData(counted, experiment_data.UnitSample(pd.DataFrame(columns=ARM_KEYS)),
                                          pd.DataFrame(), 1)


def test_cookie_cats_day_7_retention_falls_by_082_points(cookie_cats, lazily):
    d, rows, *_ = compared(lazily(cookie_cats), "retention_7", "gate_40")
    assert rows["mean"].tolist() == pytest.approx([0.190201, 0.182000], abs=5e-7)
    assert [100 * x for x in (d.value, d.low, d.high)] == pytest.approx([-0.8201, -1.328, -0.312], abs=5e-4)
    assert d.p == pytest.approx(0.00155, abs=5e-6)


def test_cookie_cats_day_1_retention_is_not_beyond_chance(cookie_cats, lazily):
    assert compared(lazily(cookie_cats), "retention_1", "gate_40")[0].p == pytest.approx(0.0744, abs=5e-5)


def test_cookie_cats_sample_ratio_blocks_at_one_per_cent(cookie_cats, lazily):
    *_, found, design = compared(lazily(cookie_cats), "retention_7", "gate_40")
    gate = next(
        g
        for g in quality_gates.gates_by_experiment([design], without_units(found), ExperimentsConfig())["gate"]
        if g.gate == "gate: sample ratio"
    )
    assert gate.is_crossed
    assert "44,700 against 45,489 where 50 : 50 was planned" in gate.sentence
    assert "p = .0086" in gate.sentence


def test_one_player_of_cookie_cats_makes_the_difference_in_rounds(cookie_cats, lazily):
    *_, found, design = compared(lazily(cookie_cats), "gamerounds", "gate_40")
    player = mean_difference.leave_one_out(design, "gamerounds", "gate_40", found.outcomes)
    assert player.extreme == 49854
    assert (player.with_unit, player.without_unit) == pytest.approx((-1.157, -0.043), abs=5e-4)
    assert player.shift > 1


@pytest.mark.parametrize(("variant", "expected"), [
    ("Mens E-Mail", (0.7698, 0.4851, 1.0545)), ("Womens E-Mail", (0.4244, 0.1690, 0.6799)),
])
def test_welch_interval_matches_hillstrom_spend_lift(variant, expected, hillstrom, lazily):
    d, rows, *_ = compared(lazily(hillstrom), "spend", variant)
    assert (d.value, d.low, d.high) == pytest.approx(expected, abs=6e-5)
    means = rows["mean"].loc[["Mens E-Mail", "Womens E-Mail", "No E-Mail"]].tolist()
    assert means == pytest.approx([1.422617, 1.077202, 0.652789], abs=5e-7)


def test_hillstrom_visit_rates_and_sample_ratio(hillstrom, lazily):
    _, rows, found, design = compared(lazily(hillstrom), "visit", "Mens E-Mail")
    means = rows["mean"].loc[["Mens E-Mail", "Womens E-Mail", "No E-Mail"]].tolist()
    assert means == pytest.approx([0.182757, 0.151400, 0.106167], abs=5e-7)
    gate = next(
        g
        for g in quality_gates.gates_by_experiment([design], without_units(found), ExperimentsConfig())["e-mail"]
        if g.gate == "e-mail: sample ratio"
    )
    assert gate.statistic == pytest.approx(0.904, abs=5e-4)
    assert not gate.is_crossed


def test_cuped_on_past_spend_gains_nothing_in_hillstrom(hillstrom, lazily):
    counted = aggregates.aggregate_arms(ENGINE, lazily(hillstrom))
    of_arm = {arm: variance_reduction.bivariate_moments(counted, ("e-mail", arm, "spend"), "covariate_history")
              for arm in ("No E-Mail", "Mens E-Mail")}
    done = variance_reduction.cuped_difference(of_arm["No E-Mail"], of_arm["Mens E-Mail"])
    assert done.correlation == pytest.approx(0.02, abs=5e-3)
    assert done.reduction == pytest.approx(0.0, abs=1e-3)
