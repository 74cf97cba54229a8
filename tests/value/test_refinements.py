from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers.customers import features
from helpers.foundation import canonical
from helpers.value import holdout, purchases, refinements, summaries
from helpers.value.geometric import MBG

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
    return engine.kept(canonical.CUSTOMERS.conformed(engine.lazy(frame)))


@pytest.fixture
def refined(session_engine, transactions):
    def make(n, fast=1.0, channels=("search", "friends")):
        table = transactions(list(shop(n, 4, fast)))
        history = features.history(session_engine, table, END)
        trial = holdout.trial(session_engine, table, history, (MBG,), np.random.default_rng(1))
        base = summaries.base(session_engine, summaries.buyers(table, END))
        fit = purchases.fitted(MBG, base.counts)
        return refinements.refinements(session_engine, table, people(session_engine, n, channels), fit, trial), trial
    return make


def test_rates_by_channel_forecast_better_where_channels_differ_strongly(refined):
    found, trial = refined(900, fast=4.0)
    assert found.by_channel.p_value < 1e-6
    assert found.verdicts()[refinements.CHANNEL] == "better"
    assert found.trial.happened == trial.happened
    assert found.trial.total(refinements.PLAIN).value == pytest.approx(trial.total("MBG/NBD").value)
    assert found.table()["quantity"].tolist().count("squared_error_difference") == len(found.tried())
    assert not found.table().duplicated(["quantity", "segment"]).any()
    assert found.reading()["model"].tolist()[0] == refinements.PLAIN


def test_where_channels_are_alike_the_finer_model_is_a_tie(refined):
    found, _ = refined(500)
    assert found.verdicts().get(refinements.CHANNEL, "tie") == "tie"


def test_one_channel_only_has_no_rates_by_channel(refined):
    found, _ = refined(400, channels=("search", "search"))
    assert found.by_channel is None
    assert refinements.CHANNEL not in found.tried()


def test_without_a_model_nothing_is_refined(session_engine, transactions):
    found = refinements.refinements(session_engine, transactions([]), people(session_engine, 2), None, None)
    assert (found.table().empty, found.reading().empty, found.tried()) == (True, True, ())


def test_small_cohorts_are_taken_together_with_the_next_younger_one():
    age = np.repeat([60.0, 50.0, 40.0, 5.0], [150, 40, 90, 300])
    counts = purchases.Counts(np.ones(580), np.ones(580), age, np.ones(580))
    sizes = [int(chosen.sum()) for chosen in refinements._cohorts(counts)]
    assert sizes == [150, 130]
