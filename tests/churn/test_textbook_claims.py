"""The claim on emotional ties: the most attached tertile against the least attached one."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from helpers.churn.textbook_claims import churn_claims, churn_reduction_by_attachment
from helpers.foundation.results import Status

SEEN_ON = pd.Timestamp("2025-06-30")


def basis(is_lost):
    about = pd.DataFrame({"customer_id": [f"c{i:03}" for i in range(len(is_lost))]})
    newest = SimpleNamespace(seen_on=SEEN_ON, about=about, is_lost=np.asarray(is_lost, bool))
    return SimpleNamespace(training=(newest,), newest=newest, reason="")


def answered(percent):
    return pd.DataFrame({"customer_id": [f"c{i:03}" for i in range(len(percent))], "responded_at": SEEN_ON,
                         "percent": np.asarray(percent, float)})


def test_the_attached_are_lost_as_much_less_as_was_planted():
    ties = np.repeat([10.0, 50.0, 90.0], 100)
    lost = np.concatenate([np.arange(100) < 50, np.arange(100) < 35, np.arange(100) < 20])
    found = churn_reduction_by_attachment(basis(lost), answered(ties))
    assert (found.value, found.n) == (pytest.approx(0.6), 200)
    assert found.low < 0.6 < found.high
    assert churn_claims(basis(lost), answered(ties))[0].sentence.startswith("The most attached third churned 60 %")


def test_the_equally_attached_are_of_one_group_whatever_their_order():
    ties, lost = np.repeat([20.0, 50.0, 80.0], [80, 40, 60]), np.arange(180) % 3 == 0
    order = np.random.default_rng(2).permutation(180)
    made = [churn_reduction_by_attachment(basis(lost[o]), answered(ties[o])) for o in (np.arange(180), order)]
    assert made[0] == made[1]
    assert made[0].n == 140, "eighty of the least and sixty of the most attached"


@pytest.mark.parametrize("ties", [np.full(120, 70.0), np.repeat([30.0, 70.0], [20, 100])])
def test_where_nearly_all_are_equally_attached_no_group_stands_out(ties):
    found = churn_reduction_by_attachment(basis(np.arange(120) % 2 == 0), answered(ties))
    assert (found.status, found.reason) == (
        Status.INSUFFICIENT, "too many are equally attached: no third of them stands out")
