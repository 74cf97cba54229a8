from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers.customers import features
from helpers.foundation import canonical_schema
from helpers.value.btyd import channel_cohort_models, fitting, frequency_recency, validation
from helpers.value.btyd.bg_nbd import MBG_NBD

END = date(2025, 12, 31)


def shop(n, seed, fast=1.0):
    """Return lines of n customers almost alike; the second half buys `fast` times as often and came by 'friends'."""
    rng = np.random.default_rng(seed)
    for i in range(n):
        rate = rng.gamma(6, 1 / 900) * (fast if i >= n // 2 else 1)
        leaves, day = rng.beta(1.0, 5.0), rng.integers(0, 330)
        while day <= 730:
            yield {"customer_id": f"c{i:04d}", "ordered_at": str(np.datetime64("2024-01-01") + int(day)), "amount": 9.0}
            day += max(1, round(rng.exponential(1 / rate)))
            if rng.random() < leaves:
                break


def people(engine, n, channels=("search", "friends")):
    frame = pd.DataFrame({"customer_id": [f"c{i:04d}" for i in range(n)],
                          "acquired_channel": [channels[i >= n // 2] for i in range(n)]})
    return engine.kept(canonical_schema.CUSTOMERS.conformed(engine.lazy(frame)))


@pytest.fixture
def refined(session_engine, transactions):
    def make(n, fast=1.0, channels=("search", "friends")):
        table = transactions(list(shop(n, 4, fast)))
        history = features.recorded_window(session_engine, table, END)
        trial = validation.backtest_btyd(session_engine, table, history, (MBG_NBD,), np.random.default_rng(1))
        base = frequency_recency.count_buyers(session_engine, frequency_recency.buyer_history(table, END))
        fit = fitting.fit_btyd(MBG_NBD, base.counts)
        return channel_cohort_models.compare_channel_cohort_models(
            session_engine, table, people(session_engine, n, channels), fit, trial
        ), trial
    return make


def test_rates_by_channel_forecast_better_where_channels_differ_strongly(refined):
    found, trial = refined(900, fast=4.0)
    assert found.by_channel.p_value < 1e-6
    assert found.verdicts()[channel_cohort_models.CHANNEL_RATES] == "better"
    assert found.trial.happened == trial.happened
    assert found.trial.total(channel_cohort_models.ONE_MODEL).value == pytest.approx(trial.total("MBG/NBD").value)
    assert found.table()["quantity"].tolist().count("squared_error_difference") == len(found.tested_models())
    assert not found.table().duplicated(["quantity", "segment"]).any()
    assert found.reading()["model"].tolist()[0] == channel_cohort_models.ONE_MODEL


def test_where_channels_are_alike_the_finer_model_is_a_tie(refined):
    found, _ = refined(500)
    assert found.verdicts().get(channel_cohort_models.CHANNEL_RATES, "tie") == "tie"


def test_one_channel_only_has_no_rates_by_channel(refined):
    found, _ = refined(400, channels=("search", "search"))
    assert found.by_channel is None
    assert channel_cohort_models.CHANNEL_RATES not in found.tested_models()


def test_without_a_model_nothing_is_refined(session_engine, transactions):
    found = channel_cohort_models.compare_channel_cohort_models(
        session_engine, transactions([]), people(session_engine, 2), None, None
    )
    assert (found.table().empty, found.reading().empty, found.tested_models()) == (True, True, ())


def test_small_cohorts_are_taken_together_with_the_next_younger_one():
    age = np.repeat([60.0, 50.0, 40.0, 5.0], [150, 40, 90, 300])
    counts = frequency_recency.FrequencyRecency(np.ones(580), np.ones(580), age, np.ones(580))
    sizes = [int(chosen.sum()) for chosen in channel_cohort_models._cohorts(counts)]
    assert sizes == [150, 130]


def test_orders_of_the_hold_out_are_told_by_when_customers_entered_the_programme(session_engine, transactions):
    rows = list(shop(900, 4, 4.0))
    table = transactions(rows)
    history = features.recorded_window(session_engine, table, END)
    trial = validation.backtest_btyd(session_engine, table, history, (MBG_NBD,), np.random.default_rng(1))
    entries = [("2024-06-01", 0, 60), ("2025-07-01", 60, 100), ("2025-08-01", 0, 100), ("2026-02-01", 100, 150)]
    points = session_engine.lazy(pd.DataFrame(
        [{"customer_id": f"c{i:04d}", "entered_at": pd.Timestamp(day)} for day, a, b in entries for i in range(a, b)]))
    found = channel_cohort_models.holdout_by_enrolment(session_engine, table, points, trial.fits[0], trial)
    assert found.sum().tolist() == pytest.approx(
        [trial.counts.n_customers, trial.total("MBG/NBD").value, trial.happened])
    orders = pd.DataFrame(rows).drop_duplicates(["customer_id", "ordered_at"])
    days, first = pd.to_datetime(orders["ordered_at"]), orders.groupby("customer_id")["ordered_at"].min()
    cut = pd.Timestamp(trial.calibration.last_on)
    known = first.index[pd.to_datetime(first) <= cut]
    later = orders[(days > cut) & (days <= pd.Timestamp(END)) & orders["customer_id"].isin(known)]
    place = later["customer_id"].str[1:].astype(int)
    assert found.loc[list(channel_cohort_models.ENROLMENTS), "happened"].tolist() == [
        (place < 60).sum(), place.between(60, 99).sum(), (place >= 100).sum()]
    assert channel_cohort_models.holdout_by_enrolment(session_engine, table, points, None, None).empty
