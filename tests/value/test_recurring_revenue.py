"""The fees of the next quarter: tried on planted contracts, graded when due."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers.reporting.text import next_quarter
from helpers.reporting.text import value as value_text
from helpers.value import recurring_revenue
from helpers.value.schema import VALUE_FORECASTS

END = date(2025, 12, 31)


def planted(a_month=40.0, hazard=0.04, seed=1, n_days=1400):
    """Return contracts that come evenly and end with a constant hazard a month, as they are known 91 days after END."""
    rng, last = np.random.default_rng(seed), pd.Timestamp(END) + pd.Timedelta(91, "D")
    n = rng.poisson(a_month * n_days / 30.4375)
    started = last - pd.to_timedelta(rng.integers(0, n_days, n), "D")
    ended = started + pd.to_timedelta(np.ceil(rng.exponential(30.4375 / hazard, n)).astype(int), "D")
    return pd.DataFrame({"started_on": started, "ended_on": ended.where(ended <= last), "has_ended": ended <= last,
                         "monthly_fee": rng.gamma(4, 5, n).round(2), "plan": rng.choice(["basic", "plus"], n)})


def known_at(contracts, day):
    """Return contracts as they stood at the end of a day."""
    some = contracts[contracts["started_on"] <= pd.Timestamp(day)]
    gone = some["ended_on"] <= pd.Timestamp(day)
    return some.assign(has_ended=gone, ended_on=some["ended_on"].where(gone))


@pytest.fixture
def made(session_engine, subscriptions):
    def of(contracts):
        return recurring_revenue.forecast_recurring_revenue(session_engine, subscriptions(contracts), END)
    return of


def test_the_fees_of_a_quarter_are_forecast_by_survival_and_new_contracts(made):
    inside, off, by_rule = [], [], []
    for seed in range(12):
        contracts = planted(seed=seed)
        found = made(known_at(contracts, END))
        actual = recurring_revenue.fees_between(contracts.assign(fee=contracts["monthly_fee"]), pd.Timestamp(END),
                                                pd.Timestamp(found.due_on))
        low, high = found.interval(found.value)
        inside.append(low <= actual <= high)
        off.append(found.value / actual - 1)
        by_rule.append(found.rule / actual - 1)
    assert sum(inside) >= 10
    assert abs(np.mean(off)) < 0.01
    assert np.sqrt(np.mean(np.square(off))) < np.sqrt(np.mean(np.square(by_rule)))


def test_a_contract_pays_for_the_days_that_it_runs():
    contracts = pd.DataFrame({"fee": [30.4375, 30.4375, 60.875],
                              "started_on": pd.to_datetime(["2025-01-01", "2025-01-11", "2024-01-01"]),
                              "ended_on": pd.to_datetime([None, "2025-01-21", "2024-12-01"])})
    paid = recurring_revenue.fees_between(contracts, pd.Timestamp("2024-12-31"), pd.Timestamp("2025-01-31"))
    assert paid == pytest.approx(30 + 10)


def test_the_forecast_is_declared_and_graded_beside_the_rule(session_engine, subscriptions, made):
    contracts = planted()
    found = made(known_at(contracts, END))
    rows = found.forecasts(pd.DataFrame())
    table = VALUE_FORECASTS.conformed(session_engine.lazy(rows))
    assert VALUE_FORECASTS.problems(session_engine.row(VALUE_FORECASTS.counts(session_engine.view(table)))) == []
    graded = recurring_revenue.realised_recurring_revenue(session_engine, subscriptions(contracts), rows)
    assert graded.nunique() == 1
    assert rows["value"].iloc[0] == pytest.approx(graded.iloc[0], rel=0.06)
    other = recurring_revenue.realised_recurring_revenue(session_engine, subscriptions(contracts),
                                                         rows.assign(quantity="orders_ahead"))
    assert other.isna().all()


def test_the_forecast_is_told_with_its_interval_and_the_rule_beside_it(made):
    found = made(known_at(planted(), END))
    expected, tested = next_quarter.recurring_revenue_sentences(found, "EUR")
    assert expected.startswith("If contracts end as they did and new ones come as in the last quarter, recurring "
                               "revenue up to 1 April 2026 is €")
    assert tested.startswith("In 8 past quarters the same method was off by ")
    assert next_quarter.recurring_revenue_sentences(made([])) == ()


def test_without_dates_or_a_history_the_reason_stands_and_nothing_is_forecast(made):
    contracts = known_at(planted(), END)
    undated = made(contracts.assign(started_on=pd.NaT, ended_on=pd.NaT, tenure_months=5.0))
    assert undated.reason == "contracts have no dates, so that what they paid in a quarter is not known"
    assert undated.forecasts(pd.DataFrame()).empty
    assert next_quarter.recurring_revenue_sentences(undated)[0].endswith("in a quarter is not known.")
    assert "too short a time" in made(known_at(planted(n_days=400), END)).reason
    assert made([]).reason == "there are no contracts"


def test_contracts_that_run_are_counted_by_age_from_a_date_or_a_tenure(session_engine, subscriptions):
    rows = [(f"a{i}", "2024-05-01", None, False) for i in range(12)] + [
        (f"b{i}", "2023-10-01", None, False) for i in range(15)] + [
        (f"c{i}", None, months, False) for i, months in enumerate([2.0] * 11 + [40.0] * 20)] + [
        ("gone", "2024-05-01", None, True)]
    frame = pd.DataFrame(rows, columns=["customer_id", "started_on", "tenure_months", "has_ended"])
    found = recurring_revenue.running_by_age(session_engine, subscriptions(frame), date(2024, 6, 30))
    assert [(e.segment, e.value, e.n) for e in found] == [("3 months at most", 23, 58), ("12 months at most", 38, 58)]
    assert value_text.new_contracts_sentence(found) == (
        "New by age, of 58 contracts that run: 23 of 3 months at most and 38 of 12 months at most.")
    fewer = recurring_revenue.running_by_age(session_engine, subscriptions(frame.iloc[5:]), date(2024, 6, 30))
    assert fewer[0].value == 18
    assert recurring_revenue.running_by_age(session_engine, subscriptions(frame.iloc[20:]), date(2024, 6, 30)) == []
