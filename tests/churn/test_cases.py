from datetime import date

import numpy as np
import pytest

from helpers.churn.assumptions import Assumptions
from helpers.foundation.errors import InputError
from helpers.foundation.study import validated

END = date(2026, 3, 31)


def test_two_snapshots_train_where_the_history_bears_them(basis, shop):
    found = basis(shop())
    newest, older = found.training
    assert (newest.seen_on, older.seen_on) == (date(2025, 12, 31), date(2025, 10, 2))
    assert (found.kind, found.due_on, found.reason) == ("purchases", date(2026, 6, 29), "")
    assert np.isnan(found.scoring.is_lost).all()
    assert found.scoring.seen_on == END


def test_rows_are_sorted_by_customer_and_every_feature_is_a_number(basis, shop):
    for cases in (*basis(shop()).training, basis(shop()).scoring):
        assert cases.about["customer_id"].is_monotonic_increasing
        assert np.isfinite(cases.features.to_numpy()).all()


@pytest.mark.parametrize(("n_days", "n_snapshots"), [(100, 0), (200, 1), (300, 2)])
def test_a_shorter_history_bears_fewer_snapshots(basis, shop, n_days, n_snapshots):
    found = basis(shop(n_days=n_days))
    assert len(found.training) == n_snapshots
    assert bool(found.reason) == (n_snapshots == 0)
    if found.reason:
        assert found.reason.startswith("the history has 100 days, and 180 are needed")


def test_fewer_than_twenty_customers_are_not_learnt_from(basis, shop):
    found = basis(shop(n=30))
    assert found.training == ()
    assert "of at least 20 needed" in found.reason


def test_one_outcome_is_not_learnt_from(basis, transactions):
    rows = [{"customer_id": f"{i:03d}", "ordered_at": day, "amount": 5}
            for i in range(40) for day in ("2025-02-01", "2025-10-01", "2026-01-05", "2026-03-30")]
    found = basis(transactions(rows))
    assert found.reason == "0 of 40 eligible customers were lost, and at least 5 of either outcome are needed"


def test_one_transaction_and_nothing_else_says_what_is_missing(basis, transactions):
    found = basis(transactions([{"customer_id": "a", "ordered_at": END, "amount": 5}]))
    assert found.reason == (
        "the history has 1 day, and 180 are needed: a horizon to look back and one to look ahead")
    assert len(found.scoring.about) == 1


def test_no_tables_at_all_say_so(basis):
    assert basis().reason == "there are no transactions and no contracts"


def test_contracts_are_the_basis_where_nothing_is_bought(basis, contracts):
    table = contracts()
    found = basis(signed=table)
    cases, = found.training
    assert (found.kind, found.rule, found.due_on) == ("contracts", "tenure rule", None)
    assert len(found.scoring.about) == (~table["has_ended"]).sum()
    assert found.left_out == ("attribute_note",)
    assert {"attribute_fibre_yes", "plan_year", "attribute_calls_is_missing", "monthly_fee"} <= set(cases.features)


def test_what_is_known_after_the_end_is_never_a_feature(basis, contracts):
    table = contracts().assign(term_ends_on=END, end_kind="voluntary", ended_on=END)
    names = " ".join(basis(signed=table).training[0].features)
    assert not any(word in names for word in ("ended", "end_", "reason"))


def test_dated_contracts_have_their_tenure_from_their_dates(basis, contracts):
    table = contracts().drop(columns="tenure_months")
    ended = np.where(table["has_ended"], date(2026, 1, 1), None)
    cases, = basis(signed=table.assign(started_on=date(2025, 1, 1), ended_on=ended)).training
    assert cases.features["tenure_months"].unique() == pytest.approx([365 / 30.4375])


def test_one_contract_is_not_learnt_from(basis, contracts):
    assert basis(signed=contracts(n=1)).reason == "1 contract with a known outcome, of at least 20 needed"


def test_bands_of_risk_must_be_in_order():
    with pytest.raises(InputError, match="must be below"):
        validated(Assumptions, {"medium_risk_from": 0.7}, "study [churn]")
