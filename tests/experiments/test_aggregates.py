import numpy as np
import pandas as pd
import pytest

from helpers.experiments.aggregates import ArmMoments, aggregate_arms
from helpers.foundation.engine import Engine

ENGINE = Engine()


def test_moments_of_an_arm_are_those_of_its_values(trial, lazily):
    outcomes = aggregate_arms(ENGINE, lazily(trial)).outcomes.set_index(["metric", "variant"])
    for variant, group in trial.groupby("variant"):
        row = outcomes.loc[("spend", variant)]
        assert row["n"] == 400
        assert row["mean"] == pytest.approx(group["metric_spend"].mean(), rel=1e-12)
        assert row["variance"] == pytest.approx(group["metric_spend"].var(), rel=1e-12)
        assert row["low"] == group["metric_spend"].min()
        assert row["high"] == group["metric_spend"].max()


def test_a_metric_of_zeros_and_ones_is_a_share_with_binomial_variance(trial, lazily):
    outcomes = aggregate_arms(ENGINE, lazily(trial)).outcomes.set_index(["metric", "variant"])
    row = outcomes.loc[("returned", "offer")]
    p = trial.query("variant == 'offer'")["metric_returned"].mean()
    assert row["is_share"]
    assert row["variance"] == pytest.approx(p * (1 - p))
    assert not outcomes.loc[("spend", "offer"), "is_share"]


def test_a_metric_that_is_a_share_in_one_arm_only_is_an_amount(trial, lazily):
    trial["metric_visits"] = 1.0
    trial.loc[trial.index[-1], "metric_visits"] = 2.0
    outcomes = aggregate_arms(ENGINE, lazily(trial)).outcomes
    assert not outcomes.loc[outcomes["metric"] == "visits", "is_share"].any()


def test_missing_values_are_counted_and_left_out_of_the_moments(trial, lazily):
    trial.loc[:9, "metric_spend"] = np.nan
    row = aggregate_arms(ENGINE, lazily(trial)).outcomes.set_index(["metric", "variant"]).loc[("spend", "control")]
    assert (row["n"], row["n_missing"]) == (390, 10)
    assert row["mean"] == pytest.approx(trial["metric_spend"].iloc[10:400].mean())


def test_a_metric_of_another_experiment_is_not_a_missing_one(trial, lazily):
    other = trial.assign(experiment="other", metric_clicks=1.0).drop(columns=["metric_spend"])
    outcomes = aggregate_arms(ENGINE, lazily(pd.concat([trial, other]))).outcomes
    assert set(outcomes.query("experiment == 'welcome'")["metric"]) == {"spend", "returned"}
    assert set(outcomes.query("experiment == 'other'")["metric"]) == {"clicks", "returned"}


def test_a_metric_that_holds_text_is_left_out_and_named(trial, lazily):
    found = aggregate_arms(ENGINE, lazily(trial.assign(metric_colour="red")))
    assert found.unreadable == ("colour",)
    assert "colour" not in set(found.outcomes["metric"])


def test_money_is_known_by_its_type(trial, lazily):
    table = lazily(trial)
    table = table.mutate(metric_spend=table["metric_spend"].cast("decimal(18, 4)"))
    outcomes = aggregate_arms(ENGINE, table).outcomes
    assert outcomes.loc[outcomes["metric"] == "spend", "is_money"].all()
    assert not outcomes.loc[outcomes["metric"] == "returned", "is_money"].any()


def test_no_assignment_gives_empty_counts(lazily, trial):
    found = aggregate_arms(ENGINE, lazily(trial.head(0)))
    assert found.arms.empty
    assert found.outcomes.empty


def test_assignments_without_any_metric_still_count_their_arms(lazily, trial):
    found = aggregate_arms(ENGINE, lazily(trial[["experiment", "unit_id", "variant"]]))
    assert found.arms["n_units"].tolist() == [400, 400]
    assert found.outcomes.empty


def test_moments_without_one_value_are_those_of_the_others():
    values = np.array([1.0, 2.0, 4.0, 90.0])
    whole = ArmMoments(4, values.mean(), values.var(ddof=1))
    rest = whole.without(90.0)
    assert (rest.n, rest.mean, rest.variance) == pytest.approx((3, values[:3].mean(), values[:3].var(ddof=1)))


def test_the_order_of_the_rows_does_not_move_the_counts(trial, lazily):
    shuffled = trial.sample(frac=1, random_state=1)
    found, again = (aggregate_arms(ENGINE, lazily(frame)).outcomes for frame in (trial, shuffled))
    pd.testing.assert_frame_equal(found, again, rtol=1e-12)
