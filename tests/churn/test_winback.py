"""Win-back: whom asking back may be worth it, and who returns unasked."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from helpers.churn import winback
from helpers.churn.config import ChurnConfig
from helpers.churn.profit_curve import CampaignCosts
from helpers.foundation import canonical_schema
from helpers.foundation.results import Estimate, Status
from helpers.foundation.study_config import Economics

END = date(2026, 3, 31)

GONE_LIMITS = {"eligible_days": 365, "win_back_days": 730}


def test_whom_to_ask_back_is_a_matter_of_value_and_cost(session_engine, transactions):
    days = {"dear": 90.0, "cheap": 1.0}
    rows = [{"customer_id": c, "ordered_at": day, "amount": value} for c, value in days.items()
            for day in ("2024-02-01", "2024-06-01", "2024-12-01")]
    table = transactions([*rows, {"customer_id": "here", "ordered_at": "2026-03-01", "amount": 5}])
    gone = winback.churned_customers(session_engine, table, END, margin_rate=0.5, **GONE_LIMITS)
    assert gone["customer_id"].tolist() == ["cheap", "dear"]
    listed = winback.winback_list(gone, CampaignCosts(contact_cost=0.5), 2.0, 90)
    assert listed["customer_id"].tolist() == ["dear", "cheap"]
    dear = listed.iloc[0]
    assert dear["value_if_back"] == pytest.approx(45 * 2 * 90 / gone["age_days"].iloc[1], rel=0.01)
    assert dear["value_of_asking"] == pytest.approx(0.3 * (dear["value_if_back"] - 2) - 0.5)
    assert dear["break_even_uptake"] == pytest.approx(0.5 / (dear["value_if_back"] - 2))
    assert listed["value_of_asking"].iloc[1] < 0
    assert np.isnan(listed["break_even_uptake"].iloc[1])
    assert winback.winback_list(gone, None, 2.0, 90).empty
    few = winback.unasked_returns(session_engine, table, END, 90, **GONE_LIMITS).share
    assert (few.status, few.reason) == (Status.INSUFFICIENT, "2 were gone a horizon ago")


def test_one_order_is_no_rate_at_which_a_customer_would_buy_when_back(session_engine, transactions):
    rows = [{"customer_id": f"c{i}", "ordered_at": "2024-12-01", "amount": 500.0} for i in range(30)]
    gone = winback.churned_customers(session_engine, transactions(rows), END, margin_rate=0.5, **GONE_LIMITS)
    listed = winback.winback_list(gone, CampaignCosts(contact_cost=0.5), 2.0, 90)
    assert listed["value_if_back"].tolist() == [0.0] * 30
    yearly = gone[["customer_id"]].assign(yearly_orders_if_kept=2.0, yearly_value_if_kept=365.25,
                                          yearly_value_if_kept_sd=1.0)
    by_model = winback.winback_list(gone, CampaignCosts(contact_cost=0.5), 2.0, 90, yearly=yearly)
    assert by_model["value_if_back"].tolist() == pytest.approx([90.0] * 30)


def test_who_comes_back_unasked_costs_the_offer_and_brings_nothing():
    gone = pd.DataFrame({"customer_id": ["a"], "last_on": [pd.Timestamp("2025-01-01")], "away_days": [400],
                         "age_days": [800], "n_occasions": [5], "margin": [500.0]})
    back = Estimate("share_returned", 0.2, 0.1, 0.3, "share", 100)
    terms = CampaignCosts(contact_cost=0.5)
    alone, some = (winback.winback_list(gone, terms, 2.0, 90, winback.UnaskedReturns(e) if e else None).iloc[0]
                   for e in (None, back))
    assert some["value_of_asking"] == pytest.approx(0.8 * 0.3 * (some["value_if_back"] - 2) - 0.2 * 2 - 0.5)
    assert some["break_even_uptake"] > alone["break_even_uptake"]


def test_the_chance_to_return_unasked_falls_with_days_away_as_planted(session_engine, transactions):
    rng, then = np.random.default_rng(2), END - timedelta(90)
    rows = []
    for i in range(900):
        away = int(rng.integers(366, 720))
        rows.append({"customer_id": f"c{i:03}", "ordered_at": str(then - timedelta(away)), "amount": 9.0})
        if rng.random() < expit(4 * np.log(367 / (1 + away))):
            rows.append({"customer_id": f"c{i:03}", "ordered_at": str(END - timedelta(10)), "amount": 9.0})
    found = winback.unasked_returns(session_engine, transactions(rows), END, 90, **GONE_LIMITS)
    asked = pd.DataFrame({"away_days": [370, 700], "n_occasions": [1, 1]})
    assert found.chances(asked) == pytest.approx(expit(4 * np.log([367 / 371, 367 / 701])), abs=0.08)


def test_who_ended_the_last_contract_by_choice_may_be_asked_back_and_no_other(session_engine):
    rows = pd.DataFrame({
        "customer_id": ["left", "left", "came again", "came again", "could not pay", "long ago", "undated"],
        "started_on": pd.to_datetime("2023-01-01"), "monthly_fee": [10.0, 40.0, 40.0, 40.0, 40.0, 40.0, 40.0],
        "has_ended": [True, True, True, False, True, True, True],
        "ended_on": pd.to_datetime(["2024-12-31", "2025-12-31", "2025-06-30", None, "2025-12-31", "2023-06-30", None]),
        "end_kind": ["voluntary", "voluntary", None, None, "payment", "voluntary", None]})
    table = canonical_schema.SUBSCRIPTIONS.conformed(session_engine.lazy(
        rows.assign(subscription_id=[f"s{i}" for i in range(len(rows))])))
    costs = Economics(contact_cost=1.0, offer_cost=10.0, offer_uptake=0.3, margin_rate=0.5)
    terms = winback.WinbackTerms(ChurnConfig(win_back_days=730), costs, 90)
    found = winback.terminated_customers(session_engine, table, END, terms)
    assert found["customer_id"].tolist() == ["left"]
    row = found.iloc[0]
    assert (row["away_days"], row["value_if_back"]) == (90, pytest.approx(40 * 0.5 * 90 / (365.25 / 12)))
    assert row["value_of_asking"] == pytest.approx(0.3 * (row["value_if_back"] - 10) - 1)
    assert row["break_even_uptake"] == pytest.approx(1 / (row["value_if_back"] - 10))
    nobody = winback.terminated_customers(session_engine, table.filter(table["customer_id"] == "undated"), END, terms)
    assert nobody.empty
