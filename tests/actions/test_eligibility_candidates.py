from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers.actions import do_not_contact, eligibility
from helpers.foundation import canonical_schema
from helpers.foundation.engine import Engine

AS_OF = date(2026, 6, 30)


def found(value, scores, unwilling):
    return eligibility.contact_candidates(value, scores, unwilling).set_index("customer_id")


def test_the_margin_at_risk_is_the_one_that_was_scored(value, scores, nobody):
    table = found(value, scores.assign(margin_at_risk=7.0), nobody)
    assert table.loc["c0003", "margin_at_risk"] == 7.0
    assert len(table) == 240


def test_a_customer_without_a_risk_or_without_a_tier_is_kept_and_named(value, scores, nobody):
    table = found(value.iloc[:10], scores.iloc[5:12], nobody)
    assert len(table) == 12
    assert table.loc["c0000", "risk"] == "not scored"
    assert np.isnan(table.loc["c0000", "margin_at_risk"])
    assert table.loc["c0011", "tier"] == "no tier"
    assert table.loc["c0011", "tier_rank"] == 5


def test_either_table_alone_is_enough(value, scores, nobody):
    assert set(found(value, scores.head(0), nobody)["risk"]) == {"not scored"}
    assert set(found(value.head(0), scores, nobody)["tier"]) == {"no tier"}
    assert found(value.head(0), scores.head(0), nobody).empty


def test_a_risk_without_a_date_puts_no_sum_at_stake_and_ranks_by_the_fee(value, scores, nobody):
    contracts = scores.assign(due_on=pd.NaT, monthly_fee=100.0)
    table = found(value, contracts, nobody)
    assert table["margin_at_risk"].isna().all()
    assert table.loc["c0000", "priority"] == pytest.approx(0.9 * 100)
    dated = found(value, scores, nobody)
    assert dated["priority"].equals(dated["margin_at_risk"])


def test_where_no_margin_at_risk_is_told_customers_rank_by_probability_times_value_if_kept(value, scores, nobody):
    table = found(value, scores.assign(margin_at_risk=np.nan), nobody)
    assert table["margin_at_risk"].isna().all()
    expected = table["churn_probability"] * table["value_if_kept"]
    assert table["priority"].to_numpy() == pytest.approx(expected.to_numpy(), nan_ok=True)


def test_who_is_unwilling_is_marked(value, scores):
    table = found(value, scores, pd.DataFrame({"customer_id": ["c0004"]}))
    assert table.index[table["is_unwilling"]].tolist() == ["c0004"]


def test_the_unwilling_are_those_who_opted_out_by_the_day():
    engine = Engine()
    contacts = canonical_schema.CONTACTS.conformed(engine.lazy(pd.DataFrame({
        "contact_id": ["1", "2", "3"], "customer_id": ["out", "in", "later"], "sent_at": pd.Timestamp("2026-01-01"),
        "channel": "e-mail",
        "opted_out_at": [pd.Timestamp("2026-06-30 18:00"), pd.NaT, pd.Timestamp("2026-07-01")]})))
    assert engine.frame(eligibility.opted_out_customers(contacts, AS_OF))["customer_id"].tolist() == ["out"]


def test_who_must_not_be_approached_is_told_with_the_reason(value, scores):
    everybody = eligibility.contact_candidates(value, scores, pd.DataFrame({"customer_id": ["c0001", "c0002"]}))
    assert do_not_contact.barred_customers(everybody, {"c0002", "c0003"}) == {
        "c0001": "has opted out", "c0002": "in a random control group", "c0003": "in a random control group"}


def test_cells_of_one_to_nine_people_are_left_empty_and_empty_ones_are_zero(value, scores, nobody):
    some = eligibility.contact_candidates(value.iloc[:24], scores.iloc[:24], nobody)
    table = eligibility.tier_risk_matrix(some, "customers")
    assert table.columns.tolist() == ["high", "medium", "low"]
    assert table.index.tolist() == ["top", "upper", "middle", "base"]
    assert table.isna().all(axis=None)
    all_high = eligibility.tier_risk_matrix(some.assign(risk="high"), "customers")
    assert all_high.loc["base", "high"] == 12
    assert np.isnan(all_high.loc["top", "high"])


def test_the_matrix_of_money_adds_up_to_what_is_at_stake(value, scores, nobody):
    everybody = eligibility.contact_candidates(value, scores, nobody)
    assert eligibility.tier_risk_matrix(everybody, "margin_at_risk").sum().sum() == pytest.approx(
        everybody["margin_at_risk"].sum())
    assert eligibility.tier_risk_matrix(everybody, "customers").sum().sum() == 240
    assert eligibility.tier_risk_matrix(everybody.assign(risk="not scored"), "customers").empty


def test_a_cell_that_holds_nobody_counts_zero(value, scores, nobody):
    scores.loc[value["tier"] == "top", "risk"] = "high"
    everybody = eligibility.contact_candidates(value, scores, nobody)
    assert eligibility.tier_risk_matrix(everybody, "customers").loc["top", "low"] == 0
