from datetime import date

import numpy as np
import pytest

from helpers.foundation.results import Status
from helpers.value import revenue_bridge
from helpers.value import subscriptions as subscriptions_module


def base(engine, subscriptions, fees, ended):
    return subscriptions_module.count_contracts(engine, subscriptions(
        [{"has_ended": e, "monthly_fee": f} for f, e in zip(fees, ended, strict=True)]))


def test_contracts_and_fees_are_counted_by_state(session_engine, subscriptions):
    found = base(session_engine, subscriptions, [10.0, 20.0, 30.0, None], [False, False, True, True])
    assert (found.n_active, found.n_ended, found.fee_active, found.fee_ended) == (2, 2, 30, 30)
    by_count, by_fee = found.ended()
    assert (by_count.value, by_fee.value) == (0.5, 0.5)
    assert found.split()["n_contracts"].tolist() == [2, 2]
    assert (found.n_fee_unknown, found.unknown_ended, by_count.n, by_fee.n) == (1, 1, 4, 3)
    fees = found.table().set_index(["quantity", "segment"])["n"]
    assert (fees["monthly_fee", "active"], fees["monthly_fee", "ended"]) == (2, 1)


def test_fees_of_which_none_is_known_are_not_zero(session_engine, subscriptions):
    found = base(session_engine, subscriptions, [None, None, 30.0, 20.0], [False, False, True, True])
    assert np.isnan(found.fee_active)
    assert found.ended()[1].status is Status.INSUFFICIENT
    ended = base(session_engine, subscriptions, [30.0, 20.0], [True, True])
    assert (ended.fee_active, ended.fee_ended) == (0, 50)


def test_one_known_fee_says_so(session_engine, subscriptions):
    found = base(session_engine, subscriptions, [10.0, None, None], [False, True, False])
    assert found.ended()[1].reason == "one monthly fee only is recorded"


def test_the_interval_by_fee_is_that_of_a_bootstrap(session_engine, subscriptions):
    rng = np.random.default_rng(3)
    fees, ended = rng.lognormal(3, 0.6, 800).round(2), rng.random(800) < 0.3
    by_fee = base(session_engine, subscriptions, fees, ended).ended()[1]
    draws = rng.integers(0, 800, (3000, 800))
    again = (fees * ended)[draws].sum(axis=1) / fees[draws].sum(axis=1)
    assert (by_fee.low, by_fee.high) == pytest.approx(np.quantile(again, [0.025, 0.975]), abs=0.006)


@pytest.mark.parametrize(("fees", "reason"), [([], "no contracts"), ([5.0], "one contract only"),
                                              ([None, None], "no monthly fees are recorded")])
def test_what_is_missing_is_said(session_engine, subscriptions, fees, reason):
    found = base(session_engine, subscriptions, fees, [False] * len(fees))
    by_count, by_fee = found.ended()
    assert (by_fee.status, by_fee.reason) == (Status.INSUFFICIENT, reason)
    assert (by_count.status is Status.OK) == bool(fees)
    assert found.table().empty == (not fees)


def test_the_base_table_joins_purchases_and_contracts(session_engine, subscriptions, transactions):
    change = revenue_bridge.build_revenue_bridge(session_engine, transactions([]), date(2026, 3, 31))
    signed = base(session_engine, subscriptions, [10.0, 20.0], [False, True])
    table = subscriptions_module.customer_base_table(change, signed)
    assert not table.duplicated(["quantity", "segment"]).any()
    assert set(table["status"]) == {"ok", "not_applicable"}
    assert len(subscriptions_module.customer_base_table(change, base(session_engine, subscriptions, [], []))) == len(
        change.table()
    )


@pytest.mark.real_data
def test_telco_has_its_published_share_of_ended_contracts(session_engine, real_data, subscriptions):
    import pandas as pd

    frame = pd.read_csv(real_data / "telco" / "WA_Fn-UseC_-Telco-Customer-Churn.csv")
    found = base(session_engine, subscriptions, frame["MonthlyCharges"], frame["Churn"] == "Yes")
    assert (found.n_contracts, found.n_ended) == (7043, 1869)
    assert round(100 * found.ended()[0].value, 2) == 26.54
