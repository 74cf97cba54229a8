import numpy as np
import pandas as pd
import pytest
from scipy import stats

from helpers.intake import simulation
from helpers.intake.simulation.world import LAST_DAY
from tests.intake.simulated import WORLD, table, within


def test_the_dissatisfied_complain_more_in_the_time_they_stay(large):
    complaints = table(large, "cases").query("kind == 'complaint'").groupby("customer_id").size()
    truth = large.truth.customers.query("is_buyer").set_index("customer_id")
    joined = table(large, "customers").set_index("customer_id")["joined_on"][truth.index]
    stay = np.minimum(truth["life_weeks"], (pd.Timestamp(LAST_DAY) - joined) / pd.Timedelta(days=7))
    number = complaints.reindex(truth.index).fillna(0)
    is_low = truth["satisfaction"] < 0
    assert number[is_low].sum() / stay[is_low].sum() > 1.5 * number[~is_low].sum() / stay[~is_low].sum()


def difference(frame, metric):
    arms = frame.groupby("variant")[metric].agg(["mean", "var", "size"])
    error = np.sqrt((arms["var"] / arms["size"]).sum())
    return arms.loc["treatment", "mean"] - arms.loc["control", "mean"], error


@pytest.mark.parametrize(("experiment", "metric", "effect"), [
    ("one_page_checkout", "metric_ordered", WORLD.ordered_lift),
    ("one_page_checkout", "metric_margin", WORLD.ordered_lift * WORLD.margin_ordered),
    ("newsletter_subject", "metric_opened", 0.0),
    ("newsletter_subject", "metric_sales", 0.0),
])
def test_planted_effects_lie_within_their_intervals(default, experiment, metric, effect):
    units = table(default, "assignments").query("experiment == @experiment")
    found, error = difference(units, metric)
    assert within(found, effect, error, 1.96)
    assert stats.binomtest(int((units["variant"] == "control").sum()), len(units)).pvalue > 0.01


def test_planted_effect_is_found_by_most_companies():
    found = [difference(table(simulation.company(seed=seed), "assignments"), "metric_ordered") for seed in range(10)]
    assert sum(d > 1.96 * e for d, e in found) >= 8


def test_covariates_foretell_their_metrics(default):
    units = table(default, "assignments")
    assert units["metric_margin"].corr(units["covariate_margin_before"]) > 0.3
    assert units["metric_sales"].corr(units["covariate_sales_before"]) > 0.4
