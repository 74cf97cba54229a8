import dataclasses

import numpy as np
import pytest
from statsmodels.regression.linear_model import OLS

from helpers.experiments import regression
from helpers.reporting.text import experiment_methods as experiment_methods_text
from helpers.reporting.text import experiments as experiments_text


@pytest.fixture
def welcome(judged, lazily, trial):
    return judged(lazily(trial))


def test_the_coefficient_of_the_arm_is_the_difference_of_the_page(welcome):
    designs, found, _, effects = welcome
    tested = regression.units_of_first_comparison(effects, designs, found.units)
    assert tested["arm"].cat.categories.tolist() == ["control", "offer"]
    row = effects[effects["metric"] == tested["metric"].iloc[0]].iloc[0]
    fitted = OLS.from_formula("outcome ~ arm", tested).fit(cov_type="HC3")
    assert fitted.params.iloc[1] == pytest.approx(row["value"])
    assert fitted.conf_int().iloc[1].to_numpy() == pytest.approx([row["low"], row["high"]], rel=0.02)
    said = experiment_methods_text.regression_title(fitted, effects, tested)
    assert said.startswith(
        f"welcome, Spend: {experiments_text.difference_text(row)} by the method of this page (Welch); as a check of "
        "sensitivity, ")
    assert experiment_methods_text.outcome_axis(effects, tested).endswith(" · Spend")


def test_a_comparison_that_asks_for_a_decision_comes_first(welcome):
    designs, found, _, effects = welcome
    other = effects.assign(is_primary=True, verdict=np.where(effects["metric"] == "returned", "ship", "keep running"))
    assert regression.units_of_first_comparison(other, designs, found.units)["metric"].iloc[0] == "returned"


def test_clusters_alike_outcomes_and_no_experiment_leave_nothing_to_regress(welcome):
    designs, found, _, effects = welcome
    clustered = [dataclasses.replace(d, by="cluster_id") for d in designs]
    assert regression.units_of_first_comparison(effects, clustered, found.units).empty
    assert regression.units_of_first_comparison(effects.head(0), designs, found.units).empty
    alike = dataclasses.replace(found.units, frame=found.units.frame.assign(metric_spend=1.0, metric_returned=0.0))
    assert regression.units_of_first_comparison(effects, designs, alike).empty
