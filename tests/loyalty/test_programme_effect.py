from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers.foundation import canonical_schema
from helpers.foundation.results import Status
from helpers.loyalty import programme_effect
from helpers.reporting.text import programme_members
from helpers.simulation import customer_traits, order_lines, programme
from helpers.simulation.planted_truth import DAY, FIRST_DAY, Programme, World

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
        return programme_effect.enrolment_effects(session_engine, occasions, held, AS_OF, 1)
    return make


def sides(found):
    """Return the sign of each comparison that differs from zero, 0 where it does not."""
    return [int(np.sign(e.low)) if e.low * e.high > 0 else 0 for e in found[:2]]


def test_a_lasting_difference_of_who_enrols_cancels_out_of_the_changes(effect):
    found = effect(0.5)  # half a purchase a month, three in six months
    *both, enrolled = found
    assert all(e.status is Status.OK and e.unit == "purchases in 6 months" for e in both)
    assert enrolled.value > both[0].n
    assert found[1].low < 3 < found[1].high
    said = programme_members.programme_effect_sentence(found)
    assert f": of {int(enrolled.value)} members, difference of {both[0].n} to customers with the same" in said
    assert "in the month of enrolment (never, once, more), which is not counted. Not an experiment" in said
    assert "members bought more than similar customers" in said
    assert "Not an experiment" in said


def test_an_effect_that_one_comparison_alone_shows_is_not_told(effect):
    found = effect(0.0)
    assert sides(found) == [1, 0]  # frequent buyers enrol, which the purchases seen do not show in full
    assert "are not shown by both comparisons to buy more or less" in (
        programme_members.programme_effect_sentence(found))


def test_few_members_or_none_give_the_reason(effect):
    few = effect(0.0, n=120, share=0.2)
    assert few[0].reason.endswith(
        "members have matched customers not enrolled yet, 6 months as a customer before enrolment and 3 after; 50 are "
        "needed, and whoever enrols with the first purchase has no time before")
    assert programme_members.programme_effect_sentence(few).startswith(
        "Whether members buy more after enrolment than customers not enrolled yet is not")
    none = effect(0.0, n=60, share=0.0)
    assert [e.status for e in none] == [Status.NOT_APPLICABLE] * 2
    assert programme_members.programme_effect_sentence(none) == ""


# --- enrolment with an order, as the simulated company plants it ---------------------------------------------------


@pytest.fixture
def enrolled_at_orders(session_engine):
    """Return both effects on customers who enrol with an order, and the purchases that enrolment truly brought."""
    def make(lift, seed, n=8000):
        world, streams = World(programme=Programme(lift=lift)), [np.random.default_rng([seed, i]) for i in range(3)]
        block = customer_traits.simulate_customers(world, streams[0], 0, 0, n)
        usual = order_lines.simulate_orders(world, streams[1], block)
        enrolled = programme.simulate_enrolment(world, streams[2], block, usual)
        more = programme.orders_by_enrolment(world, streams[2], block, usual, enrolled)
        spells = programme.membership_rows(world, block, usual, enrolled).to_pandas()
        held = canonical_schema.MEMBERSHIPS.conformed(session_engine.lazy(spells))
        occasions = session_engine.lazy(occasions_of(block, usual.followed_by(more)))
        found = programme_effect.enrolment_effects(session_engine, occasions, held, AS_OF, 1)
        months = int(found[0].unit.split()[2])
        return found, brought(occasions_of(block, usual), occasions_of(block, usual.followed_by(more)), spells, months)
    return make


def occasions_of(block, made):
    known = made.who >= 0
    days = (FIRST_DAY + made.at[known] // DAY).astype("datetime64[us]")
    rows = pd.DataFrame({"customer_id": block.ids.to_pandas().to_numpy()[made.who[known]], "on": days})
    return rows.drop_duplicates(ignore_index=True).assign(on=lambda t: t["on"].dt.date)


def brought(usual, every, spells, months):
    """Return the mean purchases that enrolment brought within whole months, of members who bought as long before."""
    on = pd.PeriodIndex(pd.to_datetime(spells.groupby("customer_id")["valid_from"].min()), freq="M")
    ids = spells.groupby("customer_id")["valid_from"].min().index
    first = pd.PeriodIndex(pd.to_datetime(every.groupby("customer_id")["on"].min().reindex(ids)), freq="M")
    chosen = pd.Series(on, ids)[(first < on - 2 * months) & (on + months < pd.Period(AS_OF, "M"))]

    def within(occasions):
        month = pd.PeriodIndex(pd.to_datetime(occasions["on"]), freq="M")
        at = pd.PeriodIndex(occasions["customer_id"].map(chosen), freq="M")
        return ((month > at) & (month <= at + months)).sum() / len(chosen)
    return within(every) - within(usual)


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_what_enrolment_with_an_order_brings_is_found_again(enrolled_at_orders, seed):
    found, true = enrolled_at_orders(0.5, seed)
    assert true > 0.5
    assert found[0].low < true < found[0].high
    assert sides(found) == [1, 1]


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_enrolment_with_an_order_that_brings_nothing_is_told_so(enrolled_at_orders, seed):
    found, true = enrolled_at_orders(0.0, seed)
    assert true == 0
    assert sides(found)[0] == 0
    assert "are not shown by both comparisons to buy more or less" in (
        programme_members.programme_effect_sentence(found))
