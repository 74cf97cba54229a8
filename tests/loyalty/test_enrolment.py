from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers.foundation import canonical_schema
from helpers.loyalty import enrolment
from helpers.loyalty.enrolment import members_by_channel

AS_OF = date(2018, 12, 31)


@pytest.fixture
def compared(session_engine):
    def make(rows):
        frame = pd.DataFrame(rows, columns=["customer_id", "channel", "joined", "left"])
        frame = frame.assign(**{c: pd.to_datetime(frame[c]) for c in ("joined", "left")})
        customers = frame[["customer_id"]].assign(acquired_channel=frame["channel"])
        spells = frame[["customer_id"]].assign(tier="x", valid_from=frame["joined"], valid_to=frame["left"])
        tables = [
            declared.conformed(session_engine.lazy(t))
            for declared, t in (
                (canonical_schema.CUSTOMERS, customers),
                (canonical_schema.MEMBERSHIPS, spells),
            )
        ]
        return members_by_channel(session_engine, *tables, AS_OF)
    return make


def members(channel, n, joined, left):
    return [(f"{channel}{i}{joined}", channel, joined, "2018-11-01" if i < left else None) for i in range(n)]


def test_only_those_who_joined_while_every_channel_was_open_are_compared(compared):
    rows = [*members("standard", 40, "2016-01-01", 40), *members("standard", 40, "2018-03-01", 10),
            *members("promotion", 30, "2018-02-01", 3), *members("promotion", 30, "2018-03-01", 3)]
    table = compared(rows).set_index("channel")
    assert table["n"].to_dict() == {"standard": 40, "promotion": 60}
    assert table.loc["standard", "share_left"] == 0.25
    assert table["first_on"].iloc[0] == date(2018, 2, 1)


def test_one_channel_or_few_members_are_not_compared(compared):
    assert compared(members("standard", 50, "2018-03-01", 1)).empty
    assert compared([*members("standard", 50, "2018-03-01", 1), *members("rare", 9, "2018-03-01", 1)]).empty


def test_where_nobody_else_joined_at_the_time_those_shortly_before_and_after_are_compared_equally_long(compared):
    rows = [*members("promotion", 30, "2018-02-01", 0), *members("promotion", 30, "2018-04-01", 0),
            *members("standard", 40, "2018-01-01", 0), *members("standard", 40, "2018-05-01", 40),
            *members("standard", 40, "2016-01-01", 40)]
    table = compared(rows).set_index("channel")
    assert table["n"].to_dict() == {"standard": 80, "promotion": 60}
    assert table.loc["standard", "share_left"] == 0.5
    assert table["followed_days"].nunique() == 1


def test_members_are_compared_with_customers_who_are_none_without_calling_it_an_effect(session_engine):
    n = 80
    people = pd.DataFrame({"person": [f"c{i:02}" for i in range(n)], "weight": 1.0,
                           "attitude": np.where(np.arange(n) < 40, 70.0, 60.0) + np.arange(n) % 2,
                           "share_active": np.where(np.arange(n) < 40, 0.5, 0.4) + 0.02 * (np.arange(n) % 2)})
    people = people.assign(customer_id=people["person"])
    spells = pd.DataFrame({"customer_id": people["person"].head(40), "tier": "club",
                           "valid_from": pd.Timestamp("2018-01-01")})
    held = canonical_schema.MEMBERSHIPS.conformed(session_engine.lazy(spells))
    made = {(e.quantity.partition(" ")[0], e.segment): e
            for e in enrolment.member_differences(session_engine, people, held)}
    assert made["attitude", enrolment.MEMBER_DIFFERENCE].value == pytest.approx(10)
    assert made["share", enrolment.MEMBER_DIFFERENCE].value == pytest.approx(10)
    assert made["share", enrolment.MEMBER_DIFFERENCE].unit == "percentage points"
    others = made["share", enrolment.OTHERS]
    assert (others.value, others.unit) == (pytest.approx(0.41), "share")
    assert made["attitude", enrolment.MEMBER_DIFFERENCE].unit == "points"
    few = canonical_schema.MEMBERSHIPS.conformed(session_engine.lazy(spells.head(29)))
    assert enrolment.member_differences(session_engine, people, few) == []
