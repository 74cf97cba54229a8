"""Early behaviour and tenure: planted effects come back, out of sample, and what tells nothing is called so."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from helpers.customers.windows import TimeWindow
from helpers.foundation import canonical_schema
from helpers.satisfaction.schema import SCORES_TABLE
from helpers.simulation.planted_truth import FIRST_DAY, LAST_DAY
from helpers.value import early_behaviour, value_predictors

DAYS = TimeWindow(FIRST_DAY.astype(object), LAST_DAY.astype(object))


def planted(n=6000, seed=3):
    """Return what customers did early, and a margin that doubles with every doubling of orders, √2 with spend."""
    rng = np.random.default_rng(seed)
    orders, spend = 1 + rng.poisson(1.0, n), np.exp(rng.normal(3, 0.5, n))
    said = np.where(rng.random(n) < 0.4, rng.uniform(0, 100, n), np.nan)
    channel = np.where(rng.random(n) < 0.3, "shop", "web")
    rows = pd.DataFrame({"n_orders": orders, "net_sales": orders * spend, "n_categories": rng.integers(1, 5, n),
                         "channel": channel, "satisfaction": said})
    log_mean = np.log2(orders) * np.log(2) + 0.5 * np.log2(spend) * np.log(2) + 0.1 * np.nan_to_num((said - 50) / 10)
    mean = np.exp(log_mean - 3) * np.where(channel == "shop", 1.5, 1.0)
    return rows, mean * rng.gamma(0.5, 2.0, n) * (rng.random(n) < 0.6)


def fitted(rows, later):
    simple = {"net sales": np.log2(rows[["net_sales"]].to_numpy("float64"))}
    is_fitted = np.arange(len(rows)) < 2 * len(rows) / 3
    return value_predictors.fit_value_predictors(early_behaviour.early_predictors(rows), simple, later, is_fitted, 365)


def test_planted_ratios_lie_within_their_intervals_and_what_tells_nothing_gains_nothing():
    found = fitted(*planted())
    truth = {"orders": 2.0, "spend": np.sqrt(2), "satisfaction": np.exp(0.1), "channel: shop": 1.5, "categories": 1.0}
    effects = {e.segment: e for e in found.effects}
    assert set(effects) == set(truth)
    assert all(effects[name].low <= ratio <= effects[name].high for name, ratio in truth.items())
    assert found.foretelling()[0] == "orders"
    assert "categories" not in found.foretelling()
    assert found.gain("all predictors").low > 0


def test_intervals_of_ratios_hold_the_truth_as_often_as_they_say():
    hits = [e.low <= 2.0 <= e.high for seed in range(100)
            for e in fitted(*planted(900, seed)).effects if e.segment == "orders"]
    assert 0.88 <= np.mean(hits) <= 0.99


def test_the_unit_of_money_changes_nothing():
    rows, later = planted(900)
    one, thousand = (fitted(rows.assign(net_sales=k * rows["net_sales"]), k * later) for k in (1.0, 1000.0))
    assert [e.value for e in thousand.effects] == pytest.approx([e.value for e in one.effects])
    assert [e.value for e in thousand.gains] == pytest.approx([e.value for e in one.gains])


def test_where_nothing_foretells_no_predictor_is_named():
    rows, later = planted()
    found = fitted(rows, np.random.default_rng(1).permutation(later))
    assert found.foretelling() == ()
    assert found.gain("all predictors", "share_foretold").low <= 0


@pytest.mark.parametrize(("n", "reason"), [
    (40, "40 customers have been seen for long enough, 200 are needed"),
    (240, "fewer than 30 customers brought a margin afterwards")])
def test_few_customers_give_the_reason_instead_of_figures(n, reason):
    rows, later = planted(n)
    found = fitted(rows, later * (np.arange(n) % 20 == 0))
    assert found.reason == reason
    assert found.table("early")["status"].tolist() == ["insufficient"]


@pytest.fixture(scope="module")
def company(large, session_engine):
    """Return transactions and no scores of the simulated company."""
    given = session_engine.lazy(large.tables["canonical/transactions"])
    return (session_engine.kept(canonical_schema.TRANSACTIONS.conformed(given)),
            session_engine.lazy(SCORES_TABLE.empty()))


def test_orders_and_spend_foretell_in_the_simulated_company_as_planted(session_engine, company):
    # rates of buying and order values are lasting traits of its customers; categories of a line are drawn at random
    found = early_behaviour.early_value_predictors(session_engine, *company, DAYS, 0.4)
    assert {"orders", "spend"} <= set(found.foretelling())
    assert found.gain("categories").high < 0.01
    assert found.gain("all predictors", "share_foretold").low > 0.05


def test_tenure_adds_little_to_orders_and_recency_in_a_company_whose_rates_do_not_change(session_engine, company):
    found = early_behaviour.tenure_value_predictors(session_engine, company[0], DAYS, 0.4)
    assert found.gain("all predictors", "share_foretold").low > 0.05
    assert abs(found.gain("tenure").value) < 0.05


def test_what_a_year_brings_is_not_read_from_customers_of_almost_equal_age(session_engine, company):
    year = TimeWindow(DAYS.first_on, DAYS.first_on + timedelta(373))
    found = early_behaviour.tenure_value_predictors(session_engine, company[0], year, 0.4)
    assert found.effects == ()
    assert found.reason.startswith("nine in ten have been customers for 18")
    assert found.reason.endswith(" days, too alike")


def test_records_of_half_a_year_cannot_say(session_engine, company):
    short = TimeWindow(DAYS.first_on, DAYS.first_on.replace(month=12))
    found = early_behaviour.early_value_predictors(session_engine, *company, short, 0.4)
    assert found.reason == "records are shorter than 270 days"
    nothing = early_behaviour.tenure_value_predictors(session_engine, company[0], None, 0.4)
    assert nothing.reason == "no purchases are recorded"
