from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers.foundation import canonical_schema
from helpers.foundation.results import Status
from helpers.loyalty import programme_effect
from helpers.reporting.text import points_programme

AS_OF = date(2025, 12, 31)


@pytest.fixture
def effect(session_engine):
    """Return the effect for customers of whom the frequent buyers enrol more often; `lift` is what enrolment adds."""
    def make(lift, n=1500, seed=1, share=0.4):
        rng = np.random.default_rng(seed)
        rate = rng.gamma(2, 0.3, n)
        is_member = rng.random(n) < np.clip(share * rate / rate.mean(), 0, 0.9)
        enrolled = np.where(is_member, rng.integers(14, 24, n), 99)
        months = np.arange(36)
        bought = rng.poisson(rate[:, None] + lift * (months > enrolled[:, None])).clip(0, 8)
        bought[:, 0] = 1
        rows = [(f"c{i:04}", pd.Timestamp(2023, 1, 1) + pd.DateOffset(months=int(m), days=int(d)))
                for i, m in zip(*np.nonzero(bought), strict=True) for d in range(bought[i, m])]
        spells = pd.DataFrame({"customer_id": [f"c{i:04}" for i in np.flatnonzero(is_member)], "tier": "basic",
                               "valid_from": [pd.Timestamp(2023, 1, 15) + pd.DateOffset(months=int(m))
                                              for m in enrolled[is_member]]})
        occasions = session_engine.lazy(pd.DataFrame(rows, columns=["customer_id", "on"]).assign(
            on=lambda t: t["on"].dt.date))
        held = canonical_schema.MEMBERSHIPS.conformed(session_engine.lazy(
            spells if len(spells) else canonical_schema.MEMBERSHIPS.empty()))
        return programme_effect.enrolment_effect(session_engine, occasions, held, AS_OF, 1)
    return make


def test_a_planted_effect_of_enrolment_lies_in_its_interval_though_frequent_buyers_enrol(effect):
    found = effect(0.5)  # half a purchase a month, three in six months
    assert found.status is Status.OK
    assert found.low < 3 < found.high
    said = points_programme.programme_effect_sentence(found)
    assert "more purchases each, against the six months before and matched non-members" in said
    assert "Not an experiment" in said


def test_a_programme_that_adds_nothing_shows_nothing_though_frequent_buyers_enrol(effect):
    found = effect(0.0)
    assert found.low < 0 < found.high
    assert "no significantly different step in purchases" in points_programme.programme_effect_sentence(found)


def test_few_members_or_none_give_the_reason(effect):
    few = effect(0.0, n=200, share=0.2)
    assert few.reason.endswith(
        "members have matched non-members with 12 months as a customer before enrolment and 6 after; 100 are needed, "
        "and whoever enrols with the first purchase has no time before")
    assert points_programme.programme_effect_sentence(few).startswith(
        "Whether members buy more after enrolment than matched non-members is not")
    none = effect(0.0, n=60, share=0.0)
    assert (none.status, points_programme.programme_effect_sentence(none)) == (Status.NOT_APPLICABLE, "")
