from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from helpers.churn import aligned_origins, dataset, dataset_sources
from helpers.churn.config import ChurnConfig
from helpers.customers import windows
from helpers.foundation.canonical_schema import STATIC_WITH_ALL
from helpers.foundation.errors import InputError
from helpers.foundation.results import Estimate
from helpers.foundation.study_config import validate_model
from helpers.reporting.text import churn as churn_text

END = date(2026, 3, 31)


def test_four_origins_are_tried_where_the_history_bears_them(basis, shop):
    found = basis(shop(n_days=720))
    tried = [origin.test_cutoff for origin in found.usable()]
    assert (len(tried), tried[0]) == (4, date(2025, 12, 31))
    assert all(
        o.fitted_on + 2 * timedelta(90) == o.calibrated_on + timedelta(90) == o.test_cutoff for o in found.usable()
    )
    assert (found.kind, found.due_on, found.reason) == ("purchases", date(2026, 6, 29), "")
    assert np.isnan(found.scoring.is_lost).all()
    assert found.scoring.seen_on == END


def test_rows_are_sorted_by_customer(basis, shop):
    for cases in (*basis(shop()).training, basis(shop()).scoring):
        assert cases.about["customer_id"].is_monotonic_increasing


@pytest.mark.parametrize(("n_days", "n_origins", "is_calibrated"), [
    (100, 0, False), (200, 1, False), (280, 1, False), (374, 4, False), (460, 4, True), (720, 4, True)])
def test_a_shorter_history_bears_fewer_origins(n_days, n_origins, is_calibrated):
    found = dataset.rolling_origins(windows.TimeWindow(END - timedelta(n_days - 1), END), 90)
    assert len(found) == n_origins
    assert all(bool(o.calibrated_on) == is_calibrated for o in found)
    assert all((later - day).days >= 90 for o in found for day, later in pairwise(sorted(o.all)))


def test_a_history_too_short_says_how_long_it_would_have_to_be(basis, shop):
    assert basis(shop(n_days=100)).reason.startswith("the history has 100 days, and 180 are needed")


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
    assert {"attribute_fibre", "plan", "attribute_calls", "monthly_fee"} <= set(cases.features)


def test_what_is_known_after_the_end_is_never_a_feature(basis, contracts):
    table = contracts().assign(term_ends_on=END, end_kind="voluntary", ended_on=END)
    names = " ".join(basis(signed=table).training[0].features)
    assert not any(word in names for word in ("ended", "end_", "reason"))


def test_contracts_with_half_of_their_dates_have_their_tenure_from_them(basis, contracts):
    table = contracts().drop(columns="tenure_months")
    ended = np.where(table["has_ended"] & (np.arange(len(table)) % 2 == 0), date(2026, 1, 1), None)
    cases, = basis(signed=table.assign(started_on=date(2025, 1, 1), ended_on=ended)).training
    assert cases.features["tenure_months"].unique() == pytest.approx([365 / 30.4375])


def test_attributes_that_nobody_vouches_for_are_shown_and_not_used(basis, contracts):
    table = contracts().assign(attribute_churn_score=1.0)
    found = basis(signed=table, known_from={"attribute_fibre": "static"}, vouched=["attribute_calls"])
    cases, = found.training
    assert [c for c in cases.features if c.startswith("attribute_")] == ["attribute_calls", "attribute_fibre"]
    reasons = found.judged.excluded.set_index("attribute")["reason"]
    assert reasons["attribute_churn_score"].endswith("and its name tells of an end or a verdict on it")
    assert reasons["attribute_note"] == "neither static nor dated: excluded pending a vouch"


def test_one_decision_for_all_attributes_does_not_hold_for_one_whose_name_tells_of_an_end(basis, contracts):
    table = contracts().assign(attribute_churn_score=1.0)
    names = [c for c in table if c.startswith("attribute_")]
    found = basis(signed=table, known_from=dict.fromkeys(names, STATIC_WITH_ALL))
    used = {c for c in found.training[0].features if c.startswith("attribute_")}
    assert used == {"attribute_calls", "attribute_fibre"}
    assert found.judged.excluded["attribute"].tolist() == ["attribute_churn_score"]


def dated(table):
    started = pd.Timestamp("2023-01-01") + pd.to_timedelta(table.index * 2, "D")
    ended = started + pd.to_timedelta(table["tenure_months"] * 20 + 5, "D")
    is_ended = ended < pd.Timestamp(END)
    return table.drop(columns=["tenure_months", "end_reason"]).assign(
        started_on=started, has_ended=is_ended, ended_on=ended.where(is_ended))


def test_dated_contracts_are_tried_at_rolling_origins_among_those_that_run(basis, contracts):
    table = dated(contracts(n=500))
    found = basis(signed=table)
    assert (found.kind, found.rule, len(found.origins)) == ("dated contracts", "activity rule", 4)
    newest = found.newest
    runs = (table["started_on"] <= "2025-12-31") & ~(table["ended_on"] <= "2025-12-31")
    assert len(newest.is_lost) == runs.sum()
    assert newest.is_lost.sum() == (runs & (table["ended_on"] <= "2026-03-31")).sum()
    assert found.due_on == date(2026, 6, 29)


def test_a_dated_attribute_is_empty_before_the_day_on_which_it_was_known(basis, contracts):
    table = dated(contracts(n=500)).assign(recorded_on=pd.Timestamp("2025-11-15"))
    found = basis(signed=table, known_from={"attribute_fibre": "recorded_on", "attribute_calls": "static"})
    seen = {day: cases.features.get("attribute_fibre") for day, cases in found.snapshots.items()}
    assert seen[date(2025, 12, 31)].notna().all()
    assert all(values is None or values.isna().all() for day, values in seen.items() if day < date(2025, 11, 15))


def test_one_decision_for_all_attributes_holds_for_dated_contracts_at_every_origin(basis, contracts):
    table = dated(contracts(n=500))
    names = [c for c in table if c.startswith("attribute_")]
    found = basis(signed=table, known_from=dict.fromkeys(names, STATIC_WITH_ALL))
    assert {"attribute_calls", "attribute_fibre"} <= {*found.newest.features}


def test_scrambling_the_future_leaves_every_feature_as_it_is(basis, shop, session_engine, transactions):
    frame = session_engine.frame(shop(n=120))
    table = frame[["customer_id", "amount", "ordered_at"]]
    future = table["ordered_at"] > pd.Timestamp("2026-01-01")
    rng = np.random.default_rng(1)
    mixed = table.assign(
        customer_id=table["customer_id"].where(~future, rng.permutation(table["customer_id"])),
        amount=table["amount"].where(~future, 1e3 * rng.random(len(table))))
    honest, scrambled = (basis(transactions(t)).snapshots[date(2025, 12, 31)] for t in (table, mixed))
    pd.testing.assert_frame_equal(honest.features, scrambled.features)
    pd.testing.assert_frame_equal(honest.about, scrambled.about)
    assert (honest.is_lost != scrambled.is_lost).any(), "the outcome lies in the future, and must change"


def test_one_contract_is_not_learnt_from(basis, contracts):
    assert basis(signed=contracts(n=1)).reason == "fewer than 10 contracts with a known outcome, of at least 20 needed"


def test_bands_of_risk_must_be_in_order():
    with pytest.raises(InputError, match="must be below"):
        validate_model(ChurnConfig, {"medium_risk_from": 0.7}, "study [churn]")


def test_origins_computed_in_one_query_equal_origins_computed_one_by_one(basis, shop, monkeypatch):
    bought = shop(n_days=720)
    together = basis(bought)
    monkeypatch.setattr(aligned_origins, "MAX_LINES", 1)
    alone = basis(bought, cases=None)
    for one, other in zip(together.training, alone.training, strict=True):
        assert one.seen_on == other.seen_on
        pd.testing.assert_frame_equal(one.about, other.about)
        pd.testing.assert_frame_equal(one.features, other.features)
        np.testing.assert_array_equal(one.is_lost, other.is_lost)


@pytest.mark.parametrize(("days_before", "is_treated"), [(-40, True), (0, True), (50, True), (70, False), (-70, False)])
def test_a_list_counts_in_the_window_of_which_its_own_fills_a_third(basis, shop, days_before, is_treated):
    cases = basis(shop(n_days=720)).newest
    on = pd.Timestamp(cases.seen_on) - pd.Timedelta(days=days_before)
    drawn = pd.DataFrame({"customer_id": [cases.about["customer_id"].iloc[0]], "on": [on],
                          "ends_on": [on + pd.Timedelta(days=90)], "weight": [0.0]})
    found = dataset_sources._treatment(cases.about["customer_id"], drawn, windows.snapshot_at(cases.seen_on, 90))
    assert found["is_treated"].tolist() == [is_treated] + [False] * (len(cases.about) - 1)
    assert found["training_weight"].tolist() == [1.0 - is_treated] + [1.0] * (len(cases.about) - 1)


def test_a_window_wider_than_the_records_is_not_filled_with_zero(basis, shop):
    found = basis(shop(n_days=400))  # the oldest origin has 130 days before it, two windows of 90 are compared
    oldest, newest = (found.snapshots[day] for day in (min(found.snapshots), max(found.snapshots)))
    assert not {"log_before_occasions", "change_of_pace"} & set(oldest.features)
    assert {"log_before_occasions", "change_of_pace"} <= set(newest.features)
    assert {"log_recent_occasions", "log_age_days"} <= set(oldest.features)


def test_of_very_many_customers_models_learn_from_the_past_of_some_drawn_at_random_and_everybody_is_scored(
        basis, shop, monkeypatch):
    whole = basis(shop())
    n_buyers = len(set(shop().customer_id.to_pyarrow().to_pylist()))
    monkeypatch.setattr(dataset_sources, "MAX_PAST_CUSTOMERS", 220)
    drawn = basis(shop(), cases=None)  # with a table named nothing is taken from an earlier test
    assert whole.drawn == (0, 0)
    assert drawn.drawn == (220, n_buyers)
    pd.testing.assert_frame_equal(drawn.scoring.about, whole.scoring.about)
    for day, cases in drawn.snapshots.items():
        everybody = whole.snapshots[day]
        place = everybody.about["customer_id"].isin(cases.about["customer_id"]).to_numpy()
        assert 0.4 < len(cases.about) / len(everybody.about) < 0.6
        assert cases.about["customer_id"].tolist() == everybody.about["customer_id"][place].tolist()
        assert (cases.is_lost == everybody.is_lost[place]).all()
        same = ["log_recency_days", "log_age_days", "log_occasions", "log_mean_spend"]
        pd.testing.assert_frame_equal(cases.features[same], everybody.features.loc[place, same].reset_index(drop=True))
    stake = Estimate("margin at risk", 5.0)
    told = f"Models learn from the past of 220 of {n_buyers} buyers, drawn at random."
    assert told in churn_text.churn_caveats(drawn, stake)
    assert not any("drawn at random" in sentence for sentence in churn_text.churn_caveats(whole, stake))
