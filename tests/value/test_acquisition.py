from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers.foundation import canonical_schema
from helpers.value import acquisition, referrals

END = date(2025, 12, 31)


@pytest.fixture
def people(session_engine):
    def make(**columns):
        table = canonical_schema.CUSTOMERS.conformed(session_engine.lazy(pd.DataFrame(columns)))
        return session_engine.kept(table)
    return make


def steady(names, months, amount=10.0):
    """Return purchases of the same amount on the tenth day of each month of life."""
    start = np.datetime64("2025-01-01")
    return [{"customer_id": c, "ordered_at": str(start + round(m * acquisition.DAYS_PER_MONTH) + 10), "amount": amount}
            for c in names for m in range(months)]


@pytest.fixture
def paid(session_engine, transactions, people):
    def make(cost, n=60, months=11, margin_rate=1.0):
        names = [f"c{i:03}" for i in range(n)]
        known = people(customer_id=names, joined_on=[date(2025, 1, 1)] * n, acquisition_cost=[cost] * n,
                       acquired_channel=["search"] * (n // 2) + ["friends"] * (n - n // 2))
        return acquisition.acquisition_payback(
            session_engine, transactions(steady(names, months)), known, END, margin_rate
        )
    return make


def test_a_cost_of_thirty_five_is_back_after_four_months_of_ten(paid):
    found = paid(35.0)
    assert found.month().value == 4
    assert found.curve()["net"].tolist()[:5] == pytest.approx([-35, -25, -15, -5, 5])
    assert found.month().low == found.month().high == 4
    assert found.channels == ("all", "friends", "search")
    assert found.month("friends").value == 4
    assert found.reading()["months_seen"].tolist() == [11, 11, 11]


def test_a_cost_that_does_not_come_back_has_no_month_and_says_so(paid):
    month = paid(500.0).month()
    assert (month.status, month.reason) == ("insufficient", "the cost has not come back within the 11 months seen")


@pytest.mark.parametrize(("cost", "n", "reason"), [
    (20.0, 12, "12 customers have an acquisition cost, 30 are needed"), (0.0, 60, "nobody cost anything to win")])
def test_without_costs_there_is_no_payback(paid, cost, n, reason):
    found = paid(cost, n)
    assert found.reason == found.month().reason == reason
    assert found.table()["status"].tolist() == ["insufficient"]
    assert found.reading().empty


def test_who_never_bought_costs_all_the_same(session_engine, transactions, people):
    names = [f"c{i:03}" for i in range(60)]
    known = people(customer_id=names, joined_on=[date(2025, 1, 1)] * 60, acquisition_cost=[15.0] * 60)
    found = acquisition.acquisition_payback(session_engine, transactions(steady(names[:30], 11)), known, END, 1.0)
    assert found.month().value == 3
    assert found.curve()["net"].iloc[1] == pytest.approx(-10)


def test_the_band_has_the_width_of_a_bootstrap_over_customers(session_engine, transactions, people):
    rng, n = np.random.default_rng(4), 400
    names = [f"c{i:03}" for i in range(n)]
    first = rng.gamma(2.0, 10, n).round(2)
    rows = [{"customer_id": c, "ordered_at": "2025-01-05", "amount": a} for c, a in zip(names, first, strict=True)]
    known = people(customer_id=names, joined_on=[date(2025, 1, 1)] * n, acquisition_cost=[10.0] * n)
    curve = acquisition.acquisition_payback(session_engine, transactions(rows), known, END, 1.0).curve()
    half = (curve["high"] - curve["low"]).iloc[5] / 2
    assert half == pytest.approx(1.96 * first.std() / np.sqrt(n), rel=0.15)


def test_referrers_and_those_they_brought_are_counted_with_their_margin(session_engine, transactions, people):
    names = [f"c{i:02}" for i in range(40)]
    by = [None] * 20 + ["c00"] * 15 + ["gone"] * 5
    known = people(customer_id=names, referred_by=by, acquisition_cost=[8.0] * 20 + [2.0] * 20)
    rows = [{"customer_id": c, "ordered_at": "2025-06-01", "amount": 10.0} for c in names]
    found = referrals.referral_value(session_engine, transactions(rows), known, END, 0.5)
    assert (found.n_referrers, found.n_referred, found.n_unknown, found.brought) == (1, 20, 5, 75.0)
    assert found.mean("referred").value == pytest.approx(5)
    assert found.mean("referrers").status == "insufficient"
    assert found.reading().set_index("group").loc["referred", "cost_of_winning"] == pytest.approx(2)


def test_nobody_referred_is_an_empty_table(session_engine, transactions, people):
    found = referrals.referral_value(session_engine, transactions([]), people(customer_id=["a"]), END, 0.5)
    assert (found.table().empty, found.reading().empty) == (True, True)


def test_cohorts_of_campaigns_tell_cost_early_margin_and_payback(session_engine, transactions, people):
    names = [f"c{i:03}" for i in range(160)]
    campaign = ["film"] * 60 + ["catalogue"] * 60 + [None] * 40
    known = people(customer_id=names, joined_on=[date(2025, 1, 1)] * 160, acquired_campaign=campaign,
                   acquired_channel=["search"] * 160, acquisition_cost=[35.0] * 60 + [None] * 100)
    rows = steady(names[:60], 11) + steady(names[60:], 11, amount=30.0)
    found = acquisition.acquisition_cohorts(session_engine, transactions(rows), known, END, 1.0).set_index(
        ["by", "cohort"])
    film, catalogue = found.loc[("campaign", "film")], found.loc[("campaign", "catalogue")]
    assert (film["cost"], film["early_margin"], film["payback_month"], film["reason"]) == (35.0, 60.0, 4.0, "")
    assert (catalogue["early_margin"], catalogue["reason"]) == (180.0, "no customer acquisition cost is recorded")
    assert catalogue[["cost", "payback_month"]].isna().all()
    assert found.loc[("campaign and half-year", "film, 2025 H1"), "n_customers"] == 60
    assert found.loc[("channel and half-year", "search, 2025 H1"), "n_customers"] == 60  # those with a cost
    table = acquisition.acquisition_cohort_table(found.reset_index())
    assert (table["status"].ne("ok") == table["reason"].ne("")).all()
    assert set(table.loc[table["segment"] == "campaign: catalogue", "status"]) == {"ok", "insufficient"}


def test_a_cohort_that_none_has_lived_a_month_in_has_a_cost_and_no_margin_yet(session_engine, transactions, people):
    names = [f"c{i:03}" for i in range(60)]
    known = people(customer_id=names, joined_on=[date(2025, 12, 20)] * 60, acquired_campaign=["film"] * 60,
                   acquisition_cost=[35.0] * 60)
    found = acquisition.acquisition_cohorts(session_engine, transactions([]), known, END, 1.0).iloc[0]
    assert (found["n_customers"], found["cost"], found["months_seen"]) == (60, 35.0, 0)
    assert found[["early_margin", "payback_month"]].isna().all()
    assert found["reason"] == "fewer than 30 customers were seen through a month"


def test_the_campaign_that_wins_who_buys_often_brings_more_in_the_simulated_company(session_engine, large):
    bought, people = (session_engine.kept(table.conformed(session_engine.lazy(large.tables[table.name])))
                      for table in (canonical_schema.TRANSACTIONS, canonical_schema.CUSTOMERS))
    found = acquisition.acquisition_cohorts(session_engine, bought, people, END, 0.4)
    campaigns = found[found["by"] == "campaign"].set_index("cohort")
    assert campaigns.loc["autumn catalogue", "early_low"] > campaigns.loc["launch film", "early_high"]
    assert campaigns["payback_month"].tolist() == [1.0, 1.0]  # the first order pays for winning either's customers
    assert campaigns["cost"].tolist() == pytest.approx([campaigns["cost"].mean()] * 2, rel=0.05)
