from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers.foundation.study_config import Economics
from helpers.value import historical_value

ROWS = [{"customer_id": "ann", "ordered_at": "2024-05-01", "amount": 50.0},
        {"customer_id": "ann", "ordered_at": "2025-03-02", "amount": 100.0},
        {"customer_id": "ann", "ordered_at": "2026-03-02", "amount": 999.0},
        {"customer_id": "bob", "ordered_at": "2025-05-01", "amount": 70.0}]
FREE = Economics(margin_rate=0.4, discount_rate=0.0)


def due(**other):
    row = {"quantity": historical_value.ORDERS_AHEAD, "segment": "all", "made_as_of_on": pd.Timestamp("2024-12-31"),
           "due_on": pd.Timestamp("2025-12-31")}
    return pd.DataFrame([row | other])


def test_orders_and_margin_are_those_of_the_buyers_of_the_day_of_the_forecast(session_engine, transactions):
    forecasts = pd.concat([due(), due(quantity=historical_value.MARGIN_AHEAD)], ignore_index=True)
    found = historical_value.realised_orders_and_margin(session_engine, transactions(ROWS), forecasts, FREE)
    assert found.tolist() == [1.0, pytest.approx(40.0)]


def test_margin_is_discounted_to_the_day_of_the_forecast(session_engine, transactions):
    found = historical_value.realised_orders_and_margin(
        session_engine,
        transactions(ROWS),
        due(quantity=historical_value.MARGIN_AHEAD),
        Economics(margin_rate=0.4, discount_rate=0.1),
    )
    assert found[0] == pytest.approx(40 * 1.1 ** (-(date(2025, 3, 2) - date(2024, 12, 31)).days / 365.25))


@pytest.mark.parametrize("other", [{"quantity": "customers_lost"}, {"segment": "tier top"},
                                   {"made_as_of_on": pd.Timestamp("2020-01-01")}])
def test_what_was_forecast_of_others_or_of_nobody_is_not_counted(session_engine, transactions, other):
    assert np.isnan(
        historical_value.realised_orders_and_margin(session_engine, transactions(ROWS), due(**other), FREE)[0]
    )


def test_nothing_due_is_an_empty_series(session_engine, transactions):
    assert historical_value.realised_orders_and_margin(session_engine, transactions(ROWS), due().head(0), FREE).empty
