"""For whom we are, and which kind of value we stand for, on planted answers."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from helpers.foundation import canonical_schema
from helpers.simulation import questionnaire
from helpers.value import perceptual_map

SHARES = {"us": 0.6, "Fast": 0.4, "Near": 0.4}
VALUES = {"friendly": "emotional", "warm": "emotional", "cheap": "functional"}


@pytest.fixture
def tables(session_engine):
    """Return responses, items and the tier of who answered: the top tier says of us what it asks, the rest half."""
    def make(n=400, tagged=True, in_top=0.9):
        rng = np.random.default_rng(2)
        items = [{"item": f"{a}_{b}", "role": "brand_attribute", "construct": a, "subject": None if b == "us" else b,
                  "scale_low": 0.0, "scale_high": 1.0, "frame_value": VALUES[a] if tagged else None}
                 for a in VALUES for b in SHARES]
        rows = [{"response_id": f"r{i:03}", "item": f"{a}_{b}",
                 "score": float(rng.random() < (in_top if b == "us" and i < n // 4 else 0.4 if a == "cheap" else p))}
                for i in range(n) for a in VALUES for b, p in SHARES.items()]
        people = pd.DataFrame({"response_id": [f"r{i:03}" for i in range(n)], "tier_rank": [1 + (i >= n // 4)
                               for i in range(n)], "tier": ["top" if i < n // 4 else "base" for i in range(n)]})
        keep = session_engine.kept
        return (keep(canonical_schema.RESPONSES.conformed(session_engine.lazy(pd.DataFrame(rows)))),
                keep(session_engine.lazy(pd.DataFrame(items).astype({"subject": "str", "frame_value": "str"}).replace(
                    "None", "").assign(text="", is_reversed=False))), keep(session_engine.lazy(people)))
    return make


def test_the_tier_that_sees_us_best_is_told_with_its_interval(session_engine, tables):
    responses, items, people = tables()
    top, base = perceptual_map.map_positioning(session_engine, responses, items, 1, people).targets
    assert (top.segment, base.segment, top.n) == ("tier top", "tier base", 100)
    assert top.low > base.high
    assert top.value == pytest.approx(0.9, abs=0.05)


def test_a_tier_of_fewer_than_ten_is_not_told(session_engine, tables):
    responses, items, people = tables(n=36)
    top, base = perceptual_map.map_positioning(session_engine, responses, items, 1, people).targets
    assert (top.status.value, base.status.value) == ("insufficient", "ok")


def test_kinds_of_value_are_the_mean_of_their_attributes_and_untagged_ones_are_none(session_engine, tables):
    found = perceptual_map.map_positioning(session_engine, *tables(in_top=0.6)[:2], 1)
    by = {e.segment: e for e in found.by_value()}
    gaps = dict(found.strengths())
    assert by["value: emotional"].value == pytest.approx((gaps["friendly"].value + gaps["warm"].value) / 2)
    assert by["value: emotional"].low > 0
    assert by["value: functional"].low < by["value: functional"].value < 0.12
    assert perceptual_map.map_positioning(session_engine, *tables(tagged=False)[:2], 1).by_value() == ()
    assert found.targets == ()


@pytest.fixture(scope="module")
def simulated(large, session_engine):
    """Return what customers of the simulated company say of it and others, by a tier cut at the middle satisfaction."""
    responses, items = (session_engine.kept(t.conformed(session_engine.lazy(large.tables[t.name])))
                        for t in (canonical_schema.RESPONSES, canonical_schema.ITEMS))
    felt = large.truth.customers.set_index("customer_id")["satisfaction"]
    who = large.tables["canonical/respondents"].dropna(subset="customer_id")
    is_high = (felt[who["customer_id"]] > 0).to_numpy()
    people = pd.DataFrame({"response_id": who["response_id"], "tier": np.where(is_high, "content", "discontent"),
                           "tier_rank": np.where(is_high, 1, 2)})
    return perceptual_map.map_positioning(session_engine, responses, items, 1,
                                          session_engine.kept(session_engine.lazy(people)))


def planted_gaps(rival=None):
    """Return by how much more often each attribute fits us than others, by the planted log-odds."""
    felt = np.random.default_rng(3).standard_normal(20_000)[:, None]
    own = expit(questionnaire.FITS[0] + questionnaire.OF_SATISFACTION * felt).mean(axis=0)
    others = expit(questionnaire.FITS[1:] if rival is None else questionnaire.FITS[[rival]]).mean(axis=0)
    return dict(zip(questionnaire.ATTRIBUTES.values(), own - others, strict=True))


def test_brand_and_competition_are_found_as_planted(simulated):
    gaps = dict(simulated.strengths())
    planted = planted_gaps()
    # those who answer are more satisfied than customers at large, and a little more fits us in their eyes
    assert all(gaps[name].value == pytest.approx(gap, abs=0.08) for name, gap in planted.items())
    assert {name for name, e in gaps.items() if e.high < 0} <= {name for name, gap in planted.items() if gap < 0}
    nearest = min(range(1, 4), key=lambda i: np.abs(questionnaire.FITS[i] - questionnaire.FITS[0]).sum())
    assert simulated.rivals()[0][0] == questionnaire.BRANDS[nearest]
    against = {e.segment: e.value for e in simulated.against_nearest()}
    assert all(against[name] == pytest.approx(gap, abs=0.08) for name, gap in planted_gaps(nearest).items())


def test_value_and_target_are_found_as_planted(simulated):
    planted = pd.Series(planted_gaps()).groupby(questionnaire.KINDS_OF_VALUE).mean()
    found = {e.segment.removeprefix("value: "): e.value for e in simulated.by_value()}
    assert all(found[kind] == pytest.approx(gap, abs=0.08) for kind, gap in planted.items())
    content, discontent = simulated.targets
    assert content.low > discontent.high  # what is planted on satisfaction shows in whose eyes we fit
