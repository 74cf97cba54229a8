"""The simulated company's planted difference is found, and the planted absence of one is not invented."""

from datetime import date

import pandas as pd
import pytest

from helpers.experiments import decisions, experiment_data, quality_gates, uplift
from helpers.experiments.config import ExperimentsConfig
from helpers.foundation.engine import Engine
from helpers.pipeline.registry import read_study
from helpers.simulation.company import simulate_company

ENGINE = Engine()
WORLDS = 24


@pytest.fixture(scope="module")
def worlds():
    made = [simulate_company(customers=150, seed=seed) for seed in range(WORLDS)]
    return made[0].truth.world, [one.tables["canonical/assignments"] for one in made]


@pytest.fixture(scope="module")
def effects(worlds):
    from helpers.foundation import canonical_schema
    _, tables = worlds
    every = pd.concat([t.assign(experiment=f"{i:02d} " + t["experiment"]) for i, t in enumerate(tables)])
    designs, found = experiment_data.load_experiments(
        ENGINE, canonical_schema.ASSIGNMENTS.conformed(ENGINE.lazy(every)), ExperimentsConfig(), 1
    )
    checked = quality_gates.gates_by_experiment(designs, found, ExperimentsConfig())
    return decisions.decide_experiments(designs, found, checked, ExperimentsConfig(), date(2026, 1, 1))


def of(effects, experiment, metric):
    return effects[effects["experiment"].str.endswith(experiment) & effects["metric"].eq(metric)
                   & effects["status"].eq("ok")]


def test_the_interval_covers_the_planted_lift_as_often_as_it_says(effects, worlds):
    found = of(effects, "one_page_checkout", "ordered")
    planted = worlds[0].ordered_lift
    assert len(found) >= WORLDS - 2
    assert found["low"].le(planted).mul(found["high"].ge(planted)).mean() >= 0.83


def test_no_difference_is_invented_where_none_was_planted(effects):
    found = of(effects, "newsletter_subject", "opened")
    assert len(found) >= WORLDS - 2
    assert found["low"].gt(0).sum() + found["high"].lt(0).sum() <= 4


def test_gates_falsely_block_few_clean_experiments(effects):
    clean = effects[~effects["experiment"].str.endswith("app_banner")]
    assert clean.drop_duplicates("experiment")["status"].eq("blocked").sum() <= 2


def test_a_draw_that_lost_units_of_one_arm_is_invalid_and_what_works_on_some_only_is_shipped(lazily, judged):
    table = lazily(simulate_company(customers=1500, seed=5).tables["canonical/assignments"])
    _, found, _, made = judged(
        table, read_study("simulated").section("experiments", ExperimentsConfig), date(2026, 1, 1)
    )
    verdict = made[made["is_primary"]].set_index("experiment")["verdict"]
    assert verdict["app_banner"] == "invalid"
    assert verdict["reminder_letter"] == verdict["one_page_checkout"] == "ship"
    reason = made[made["is_primary"]].set_index("experiment")["reason"]
    assert "but not the same for all: by sales before the effect is" in reason["reminder_letter"]
    assert "not the same for all" not in reason["one_page_checkout"]
    halves = uplift.subgroup_effects(made, found).set_index("experiment").loc["reminder_letter"]
    assert halves["effect_below"] > halves["effect_above"]
    assert halves["p_adjusted"] < 0.05
