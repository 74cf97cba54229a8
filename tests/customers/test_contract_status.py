from datetime import date

import pandas as pd
import pytest

from helpers.churn import inter_purchase_time
from helpers.customers import contract_status
from helpers.value import quality_gates

AS_OF = date(2024, 6, 30)
ROWS = [
    ("runs", "2023-01-01", None, False), ("notice", "2023-01-01", "2024-12-31", True),
    ("ended", "2023-01-01", "2024-06-30", True), ("undated", "2023-01-01", None, True),
    ("reversed", "2023-06-01", "2023-01-01", True), ("to come", "2024-07-01", None, False),
    ("ended too", "2022-01-01", "2023-01-01", True)]


@pytest.fixture
def status(session_engine, subscriptions):
    frame = pd.DataFrame(ROWS, columns=["customer_id", "started_on", "ended_on", "has_ended"])
    return contract_status.contracts_as_of(session_engine, subscriptions(frame), AS_OF)


def test_contracts_stand_as_they_did_at_the_end_of_the_day(session_engine, status):
    found = session_engine.frame(status.contracts).set_index("customer_id")
    assert found["has_ended"].to_dict() == {"runs": False, "notice": False, "ended": True, "ended too": True}
    assert found["ended_on"].isna().to_dict() == {"runs": True, "notice": True, "ended": False, "ended too": False}


def test_impossible_and_missing_dates_are_counted_and_named(status):
    assert (status.n_undated_end, status.n_end_before_start, status.n_not_begun, status.n_notice_given) == (1, 1, 1, 1)
    gate, = quality_gates.contract_gates(status)
    assert gate.sentence == "Of the contracts 1 ended on no known day and 1 ended before they began: they are left out."


def test_a_file_without_any_dates_keeps_its_ended_contracts_and_says_that_their_time_is_not_known(
        session_engine, subscriptions):
    frame = pd.DataFrame({"tenure_months": [3.0, 5.0] * 20, "has_ended": [True, False] * 20})
    found = contract_status.contracts_as_of(session_engine, subscriptions(frame), AS_OF)
    assert session_engine.frame(found.contracts)["has_ended"].sum() == 20
    gate, = quality_gates.contract_gates(found)
    assert (gate.statistic, gate.level) == (20, "qualify")
    assert gate.sentence.startswith("20 ended contracts have no date of the end, so that over what time they left")


def test_notice_given_is_no_end_in_the_survival_curve(session_engine, status):
    contracts = session_engine.frame(status.contracts)
    durations = inter_purchase_time.contract_durations(contracts, AS_OF).assign(who=contracts["customer_id"])
    months = durations.set_index("who")["months"]
    assert months["notice"] == months["runs"] == pytest.approx(546 / 30.4375)


@pytest.mark.parametrize(("notice_on", "ended_on", "has_ended", "n"), [
    ("2024-06-01", "2024-12-31", True, 1), ("2024-06-01", None, False, 1), ("2024-07-01", None, False, 0),
    ("2024-07-01", "2024-12-31", True, 0), (None, "2024-12-31", True, 1), ("2024-01-01", "2024-05-31", True, 0)])
def test_notice_counts_from_its_day_and_the_contract_runs_until_its_end(
        session_engine, subscriptions, notice_on, ended_on, has_ended, n):
    frame = pd.DataFrame({"started_on": ["2023-01-01"], "notice_on": [notice_on], "ended_on": [ended_on],
                          "has_ended": [has_ended]})
    found = contract_status.contracts_as_of(session_engine, subscriptions(frame), AS_OF)
    is_past = ended_on is not None and ended_on <= "2024-06-30"
    assert (found.n_notice_given, session_engine.frame(found.contracts)["has_ended"].tolist()) == (n, [is_past])


def test_survival_is_read_no_farther_than_the_longest_contract_seen():
    assert inter_purchase_time.longest_seen(pd.Series([3.2, 8.7]).to_numpy(), 12) == 8
    assert inter_purchase_time.longest_seen(pd.Series([3.2, 40.0]).to_numpy(), 12) == 12
