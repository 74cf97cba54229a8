import numpy as np
import pandas as pd
import pytest

from helpers.churn import realised_churn
from helpers.foundation.canonical_schema import TRANSACTIONS
from helpers.foundation.engine import Engine


def due(*rows):
    frame = pd.DataFrame(rows, columns=["quantity", "segment", "made_as_of_on", "due_on"])
    frame.index = range(5, 5 + len(rows))
    return frame.assign(eligible_days=365, **{c: pd.to_datetime(frame[c]) for c in ("made_as_of_on", "due_on")})


@pytest.fixture(scope="module")
def shop():
    """Two customers with two orders, of whom one returns in March; one with one order, who does not."""
    engine = Engine()
    bought = [("a", "2026-01-05"), ("a", "2026-01-20"), ("a", "2026-03-10"), ("b", "2026-01-07"), ("b", "2026-02-07"),
              ("c", "2026-02-01")]
    frame = pd.DataFrame(bought, columns=["customer_id", "ordered_at"])
    frame = frame.assign(order_id=frame.index.astype(str), line=1, kind="sale", amount=10.0,
                         ordered_at=pd.to_datetime(frame["ordered_at"]))
    return engine, TRANSACTIONS.conformed(engine.lazy(frame))


def test_lost_customers_are_counted_for_each_segment_and_window(shop):
    rows = due(("customers_lost", "all", "2026-02-28", "2026-03-31"),
               ("customers_lost", "one-time buyers", "2026-02-28", "2026-03-31"),
               ("customers_lost", "all", "2026-01-31", "2026-02-28"))
    found = realised_churn.realised_churn(*shop, rows)
    assert found.to_dict() == {5: 2.0, 6: 1.0, 7: 1.0}


def test_the_simple_rule_is_graded_by_the_same_outcomes_as_the_forecast(shop):
    rows = due(*((f"{quantity}{suffix}", "all", "2026-02-28", "2026-03-31")
                 for quantity in ("customers_lost", "margin_at_risk") for suffix in ("", "_by_rule")))
    assert realised_churn.realised_churn(*shop, rows).dropna().to_dict() == {5: 2.0, 6: 2.0}
    scores = stated(("a", 50.0), ("b", 30.0), ("c", 8.0))
    lost = realised_churn.realised_margin_lost(*shop, rows.assign(run="then", basis="purchases"), {"then": scores}.get)
    assert lost.isna().tolist() == [True, True, False, False]
    assert lost.loc[7] == lost.loc[8]


def test_other_quantities_and_empty_segments_are_not_counted(shop):
    rows = due(("margin_lost", "all", "2026-02-28", "2026-03-31"),
               ("customers_lost", "all", "2025-02-28", "2025-03-31"))
    assert np.isnan(realised_churn.realised_churn(*shop, rows)).all()


def stated(*rows):
    frame = pd.DataFrame(rows, columns=["customer_id", "value_if_kept"])
    return frame.assign(churn_probability=0.5, no_order_if_kept=0.2, value_if_kept_sd=0.0, value_if_lost=1.0,
                        margin_at_risk=(0.5 - 0.2) / (1 - 0.2) * (frame["value_if_kept"] - 1.0))


def test_the_margin_lost_counts_who_bought_nothing_less_those_who_pause(shop):
    rows = due(("margin_at_risk", "all", "2026-02-28", "2026-03-31"),
               ("customers_lost", "all", "2026-02-28", "2026-03-31")).assign(run="then", basis="purchases")
    scores = stated(("a", 50.0), ("b", 30.0), ("c", 8.0))
    found = realised_churn.realised_margin_lost(*shop, rows, {"then": scores}.get)
    assert found.loc[5] == pytest.approx((30 - 1) + (8 - 1) - (50 - 1) * 0.2 / 0.8)  # "a" bought: others pause instead
    assert np.isnan(found.loc[6])


def test_forecasts_of_runs_that_knew_no_pause_are_graded_by_who_bought_nothing(shop):
    rows = due(("margin_at_risk", "all", "2026-02-28", "2026-03-31")).assign(run="then", basis="purchases")
    scores = stated(("a", 50.0), ("b", 30.0), ("c", 8.0))
    before = scores.assign(margin_at_risk=0.5 * (scores["value_if_kept"] - 1.0)).drop(columns="no_order_if_kept")
    assert realised_churn.realised_margin_lost(*shop, rows, {"then": before}.get).loc[5] == pytest.approx(29 + 7)


def test_margin_at_risk_of_contracts_or_without_stated_values_is_not_counted(shop):
    rows = due(("margin_at_risk", "all", "2026-02-28", "2026-03-31")).assign(run="then", basis="purchases")
    assert np.isnan(realised_churn.realised_margin_lost(*shop, rows, {"then": stated(("a", np.nan))}.get)).all()
    signed = rows.assign(basis="contracts")
    assert np.isnan(realised_churn.realised_margin_lost(*shop, signed, {"then": stated(("a", 5.0))}.get)).all()


def test_nothing_due_gives_nothing(shop):
    assert realised_churn.realised_churn(*shop, due()).empty
