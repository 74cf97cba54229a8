"""Counts and summaries of arms are read as the units that they were made from would be."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers.experiments import decisions, effects_over_time, experiment_data, quality_gates
from helpers.experiments.config import ExperimentPlan, ExperimentsConfig
from helpers.experiments.summary_statistics import NO_SUMMARIES, read_summaries
from helpers.foundation import canonical_schema

DAYS = pd.date_range("2026-01-01", periods=8)

PLAN = ExperimentPlan(hypothesis="h", control="control", primary_metric="spend", shares={"control": 0.5, "offer": 0.5})


@pytest.fixture(scope="module")
def units():
    """Units of eight days, with a spend far from 0 and whether they returned."""
    rng = np.random.default_rng(11)
    n = 4000
    variant = np.where(rng.random(n) < 0.5, "control", "offer")
    return pd.DataFrame({
        "experiment": "welcome", "unit_id": [f"u{i}" for i in range(n)], "variant": variant,
        "assigned_at": DAYS[rng.integers(len(DAYS), size=n)],
        "metric_spend": rng.normal(1000, 5, n) + (variant == "offer"),
        "metric_returned": (rng.random(n) < 0.3 + 0.05 * (variant == "offer")).astype(float)})


def summarised(units, *, cumulative=False, whole=False):
    rows = []
    for day in DAYS[-1:] if whole else DAYS:
        own = units[units["assigned_at"] <= day] if cumulative or whole else units[units["assigned_at"] == day]
        for variant, of_arm in own.groupby("variant"):
            head = {"experiment": "welcome", "variant": variant, "period": "all" if whole else f"{day:%d %B}",
                    "period_ended_on": day, "is_cumulative": cumulative, "n": len(of_arm), "probability": 0.5}
            rows += [head | {"metric": "spend", "mean": of_arm["metric_spend"].mean(),
                             "variance": of_arm["metric_spend"].var()},
                     head | {"metric": "returned", "successes": of_arm["metric_returned"].sum()}]
    return pd.DataFrame(rows)


@pytest.fixture
def effects_of(engine, lazily):
    """Return the effects and gates of summaries and of units."""
    def make(rows=None, units=None, plan=PLAN, as_of=date(2026, 2, 1)):
        assumptions = ExperimentsConfig(plans={"welcome": plan})
        table = lazily(canonical_schema.ASSIGNMENTS.empty() if units is None else units)
        recorded = None if rows is None else canonical_schema.EXPERIMENT_AGGREGATES.conformed(engine.lazy(rows))
        designs, found = experiment_data.load_experiments(engine, table, assumptions, 1, recorded)
        checked = quality_gates.gates_by_experiment(designs, found, assumptions)
        effects = decisions.decide_experiments(designs, found, checked, assumptions, as_of)
        return effects.set_index("metric"), {g.gate: g for g in checked["welcome"]}, designs, found
    return make


@pytest.mark.parametrize("form", [{}, {"cumulative": True}, {"whole": True}])
def test_counts_and_summaries_give_the_intervals_of_their_units(units, effects_of, form):
    by_units, *_ = effects_of(units=units)
    by_arms, gates, *_ = effects_of(summarised(units, **form))
    figures = ["n_control", "n_variant", "value", "low", "high", "p"]
    for metric in ("spend", "returned"):
        assert by_arms.loc[metric, figures].to_numpy("float64") == pytest.approx(
            by_units.loc[metric, figures].to_numpy("float64"), rel=1e-9)
    assert by_arms["verdict"].to_dict()["spend"] == by_units["verdict"].to_dict()["spend"] == "ship"
    assert not gates["welcome: sample ratio"].is_crossed
    assert gates["welcome: single units"].is_crossed
    assert ("welcome: periods added" in gates) == (form == {})


def test_a_sample_ratio_mismatch_of_counts_blocks(units, effects_of):
    lost = units[(units["variant"] == "control") | (units.index % 4 > 0)]
    effects, gates, *_ = effects_of(summarised(lost))
    assert gates["welcome: sample ratio"].is_crossed
    assert effects["verdict"].dropna().eq("invalid").all()


def test_rows_that_tell_neither_successes_nor_a_mean_are_left_out_and_counted(units, effects_of):
    rows = summarised(units, whole=True)
    spoilt = pd.concat([rows, rows.iloc[:1].assign(metric="clicks", mean=np.nan), rows.iloc[:1].assign(
        metric="visits", mean=np.nan, successes=10**9)])
    effects, gates, *_ = effects_of(spoilt)
    assert set(effects.index) == {"spend", "returned"}
    assert "2 of 6 rows" in gates["welcome: usable rows"].sentence


def test_units_are_read_where_both_are_recorded(units, effects_of):
    both, gates, *_ = effects_of(summarised(units).assign(mean=0.0), units)
    assert both.loc["spend", "value"] == pytest.approx(effects_of(units=units)[0].loc["spend", "value"])
    assert "welcome: single units" not in gates


def test_looks_of_snapshots_hold_at_all_of_them_and_end_in_the_whole(units, effects_of):
    effects, _, designs, found = effects_of(summarised(units, cumulative=True))
    looks = effects_over_time.looks_table(designs, found.summaries.looks)
    assert looks["metric"].eq("spend").all()
    assert looks["look"].tolist() == list(range(1, 9))
    last = looks.iloc[-1]
    assert last["value"] == pytest.approx(effects.loc["spend", "value"])
    assert last["low"] < effects.loc["spend", "low"]


def test_an_experiment_without_looks_has_no_rows_of_them(units, effects_of):
    _, _, designs, found = effects_of(summarised(units, cumulative=True))
    of_others = found.summaries.looks.assign(experiment="another")
    assert effects_over_time.looks_table(designs, of_others).empty
    assert effects_over_time.looks_table(designs, of_others.assign(metric="another", experiment="welcome")).empty


def test_a_plan_with_always_valid_intervals_is_read_so_from_counts_too(units, effects_of):
    peeked, *_ = effects_of(summarised(units), plan=PLAN.model_copy(update={"stop_rule": "always valid"}))
    assert peeked.loc["spend", "method"].endswith("always valid")


def test_cumulative_periods_give_back_what_each_added(units):
    one, two = (read_summaries(summarised(units, cumulative=c).assign(elapsed=np.nan)).periods for c in (False, True))
    pd.testing.assert_frame_equal(one, two, rtol=1e-6)


@pytest.mark.parametrize("fading", [0.0, 0.9])
def test_an_effect_that_wears_off_is_told_and_one_that_lasts_is_not(engine, lazily, effects_of, units, fading):
    rng = np.random.default_rng(5)
    n = 20_000
    day, treated = rng.integers(len(DAYS), size=n), rng.random(n) < 0.5
    effect = treated * 2.0 * (1 - fading * day / (len(DAYS) - 1))
    made = pd.DataFrame({"experiment": "welcome", "unit_id": [f"u{i}" for i in range(n)],
                         "variant": np.where(treated, "offer", "control"), "assigned_at": DAYS[day],
                         "metric_spend": rng.normal(20, 5, n) + effect})
    *_, designs, _ = effects_of(units=made)
    periods, looks = effects_over_time.periods_and_looks(engine, lazily(made), designs, NO_SUMMARIES)
    (trend,) = effects_over_time.novelty_table(designs, periods).to_dict("records")
    assert trend["n_periods"] == len(DAYS)
    assert trend["low"] < -2.0 * fading < trend["high"]
    assert (trend["p"] < 0.05) == (fading > 0)
    assert looks.groupby("variant")["n"].max().sum() == n
