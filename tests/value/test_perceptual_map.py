"""For whom we are, and which kind of value we stand for, on planted answers."""

import numpy as np
import pandas as pd
import pytest

from helpers.foundation import canonical_schema
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
