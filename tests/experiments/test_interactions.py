"""Experiments on the same units are held against each other, and value after the window is modelled by arm."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers.experiments import interactions, modelled_value
from helpers.experiments.config import ExperimentPlan, ExperimentsConfig

N = 4000


def two_experiments(interaction):
    """Two experiments on the same customers; the offer works otherwise where the letter was sent."""
    rng = np.random.default_rng(8)
    offer, letter = rng.integers(2, size=(2, N))
    ids = [f"C{i}" for i in range(N)]
    spend = rng.normal(20, 5, N) + offer * (1 + interaction * letter) + 0.5 * letter
    one = pd.DataFrame({"experiment": "offer", "unit_id": ids, "variant": np.where(offer, "treatment", "control"),
                        "metric_spend": spend})
    two = pd.DataFrame({"experiment": "letter", "unit_id": ids, "variant": np.where(letter, "treatment", "control"),
                        "metric_ordered": (rng.random(N) < 0.3).astype(float)})
    return pd.concat([one, two], ignore_index=True)


@pytest.fixture
def read(judged, lazily):
    def make(frame):
        plans = {name: ExperimentPlan(hypothesis="h", control="control", primary_metric=metric)
                 for name, metric in (("offer", "spend"), ("letter", "ordered"))}
        designs, found, *_ = judged(lazily(frame), ExperimentsConfig(plans=plans), date(2026, 6, 30))
        return designs, found
    return make


@pytest.mark.parametrize("planted", [0.0, 2.0])
def test_an_effect_that_differs_by_the_arm_of_another_experiment_is_found_and_none_is_invented(read, planted):
    designs, found = read(two_experiments(planted))
    table = interactions.interaction_table(designs, found.units).set_index("experiment")
    assert set(table.index) == {"offer", "letter"}
    assert table.loc["offer", "low"] < planted < table.loc["offer", "high"]
    assert (table.loc["offer", "p_adjusted"] < 0.05) == (planted > 0)
    assert table["n_shared"].eq(N).all()
    assert table.loc["letter", "p_adjusted"] > 0.05


def test_experiments_on_other_units_are_not_held_against_each_other(read):
    frame = two_experiments(0.0)
    designs, found = read(frame.assign(unit_id=frame["experiment"] + frame["unit_id"]))
    assert interactions.interaction_table(designs, found.units).empty


def test_value_after_the_window_is_compared_between_the_arms_that_were_drawn(read, engine):
    frame = two_experiments(0.0)
    designs, _ = read(frame)
    effects = pd.DataFrame([{"experiment": d.experiment, "variant": variant, "control": d.control,
                             "randomisation": d.randomisation} for d in designs for variant in d.variants])
    both = pd.DataFrame({"experiment": "offer", "unit_id": "C0", "variant": ["treatment", "control"]})
    assigned = engine.lazy(pd.concat([frame[["experiment", "unit_id", "variant"]], both], ignore_index=True))
    offered = frame[frame["experiment"] == "offer"]
    rng = np.random.default_rng(1)
    values = pd.DataFrame({"customer_id": offered["unit_id"], "p_alive": rng.uniform(0.3, 0.9, N),
                           "expected_value": rng.gamma(2, 20, N) + 8 * (offered["variant"] == "treatment")})
    table = modelled_value.modelled_value_effects(engine, effects, assigned, engine.lazy(values))
    rows = table.set_index(["experiment", "quantity"])
    assert rows.loc[("offer", "expected margin"), "low"] < 8 < rows.loc[("offer", "expected margin"), "high"]
    unmoved = rows.loc[("offer", "probability of still being a customer")]
    assert unmoved["low"] < 0 < unmoved["high"]
    assert unmoved["n_control"] + unmoved["n_variant"] == N - 1  # who was in both arms is compared with nobody
    few = engine.lazy(values.head(50))
    assert modelled_value.modelled_value_effects(engine, effects, assigned, few).empty
    blocked = effects.assign(randomisation="blocked")
    assert modelled_value.modelled_value_effects(engine, blocked, assigned, engine.lazy(values)).empty
