"""Enrolment: members by channel of joining over the same days; members of a programme or club against others."""

from datetime import date, timedelta
from typing import Any

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.engine import Engine
from helpers.foundation.results import PERCENTAGE_POINTS, Estimate
from helpers.stats.confidence_intervals import Interval, share_interval
from helpers.stats.disclosure_control import FEW_PEOPLE, estimate_if_enough, is_hidden
from helpers.stats.survey_weights import ReplicateWeights, WeightedSample, weighted_difference

CHANNEL_COLUMNS = ["channel", "n", "share_left", "left_low", "left_high", "first_on", "last_on", "in_shared_months",
                   "followed_days"]

DAYS_PER_MONTH = 30.4375

MIN_FOLLOW_UP_DAYS = 30

MEMBERS, OTHERS, MEMBER_DIFFERENCE = "members", "non-members", "members less non-members"

MEMBER_QUANTITIES = {"attitude by membership": "attitude", "share of periods with a purchase by membership":
                     "share_active"}


def member_differences(
    engine: Engine, people: pd.DataFrame, memberships: ir.Table, replicates: ReplicateWeights | None = None
) -> list[Estimate]:
    """Return attitude and repeat purchase of members of a programme or club against customers who are none.

    Parameters
    ----------
    engine : Engine
        Reads who is a member.
    people : DataFrame
        From `helpers.loyalty.dick_basu.classify_loyalty`.
    memberships : Table
        ``canonical/memberships``, with points or without.
    replicates : ReplicateWeights, optional
        Of the survey weights, for the attitude.

    Returns
    -------
    list of Estimate
        Of customers with at least one judged purchase history; empty where either side has fewer than thirty. Who
        joins likes the company better before: a difference is no effect of the programme.
    """
    ids = engine.arrow(memberships.select("customer_id").distinct()).to_pandas()["customer_id"]
    known = people.dropna(subset=["customer_id", "share_active"])
    is_member = known["customer_id"].isin(ids)
    made = []
    for quantity, column in MEMBER_QUANTITIES.items():
        parts = [known[is_in & known[column].notna()] for is_in in (~is_member, is_member)]
        if min(map(len, parts)) >= FEW_PEOPLE:
            made += _membership_rows(quantity, column, parts, replicates if column == "attitude" else None)
    return made


def _membership_rows(
    quantity: str, column: str, parts: list[pd.DataFrame], replicates: ReplicateWeights | None
) -> list[Estimate]:
    is_share = column == "share_active"
    values = (parts[0][column].to_numpy(float), parts[1][column].to_numpy(float))
    others, members = (
        WeightedSample(p["person"].to_numpy(), np.ones(len(p)) if is_share else p["weight"].to_numpy(float), replicates)
        for p in parts)
    gap, _ = weighted_difference(values, (others, members))
    found = {OTHERS: (others.mean(values[0]), len(parts[0])), MEMBERS: (members.mean(values[1]), len(parts[1])),
             MEMBER_DIFFERENCE: (gap, sum(map(len, parts)))}
    if is_share:
        found[MEMBER_DIFFERENCE] = gap.times(100), found[MEMBER_DIFFERENCE][1]
    units = dict.fromkeys((OTHERS, MEMBERS), "share") | {MEMBER_DIFFERENCE: PERCENTAGE_POINTS} if is_share else {}
    return [estimate_if_enough(quantity, i, n, unit=units.get(name, "points"), segment=name)
            for name, (i, n) in found.items()]


def members_by_channel(engine: Engine, customers: ir.Table, memberships: ir.Table, as_of_on: date) -> pd.DataFrame:
    """Return members by channel of joining who joined at about the same time, each followed equally long.

    Parameters
    ----------
    engine : Engine
        Counts.
    customers, memberships : Table
        Canonical tables.
    as_of_on : date
        Last day that is seen.

    Returns
    -------
    DataFrame
        Grain channel with thirty members or more, largest first: ``channel, n, share_left`` (no longer a member when
        the days of following ended, with limits; empty where that is one to nine people)``, first_on, last_on``
        (first and last day on which one of them joined)``, in_shared_months`` (share who joined in a month in which
        somebody joined by another channel)``, followed_days``. The days are those in which every channel was open;
        where they leave one channel only, they reach as far again before and after. Empty with fewer than two channels.
    """
    spells = memberships.filter(memberships.valid_from <= as_of_on)
    each = spells.group_by("customer_id").aggregate(
        joined_on=spells.valid_from.min(), is_in=spells.valid_to.isnull().any(), left_on=spells.valid_to.max())
    table = each.inner_join(customers.select("customer_id", channel="acquired_channel"), "customer_id")
    table = engine.kept(table.filter(table.channel.notnull()))
    for days in _comparable_days(engine, table):
        found = _follow_members(engine, table, days, as_of_on)
        if len(found) > 1:
            break
    else:
        found = pd.DataFrame(columns=CHANNEL_COLUMNS)
    engine.forget(table)
    return found


def _comparable_days(engine: Engine, table: ir.Table) -> list[tuple[date, date]]:
    """Return the days of joining to compare: those in which every channel was open, then wider ones."""
    spans = engine.arrow(table.group_by("channel").aggregate(
        n=table.count(), first=table.joined_on.min(), last=table.joined_on.max())).to_pandas()
    spans = spans[spans["n"] >= FEW_PEOPLE]
    if len(spans) < 2 or spans["first"].max() > spans["last"].min():
        return []
    first, last = spans["first"].max(), spans["last"].min()
    wider = timedelta(max((last - first).days + DAYS_PER_MONTH, MIN_FOLLOW_UP_DAYS))
    return [(first, last), (first - wider, last + wider)]


def _follow_members(engine: Engine, table: ir.Table, days: tuple[date, date], as_of_on: date) -> pd.DataFrame:
    first, last = days
    follow = (as_of_on - last).days
    if follow < MIN_FOLLOW_UP_DAYS:
        return pd.DataFrame(columns=CHANNEL_COLUMNS)
    known = table.filter(table.joined_on >= first, table.joined_on <= last)
    stayed = known.left_on.delta(known.joined_on, unit="day").cast("int64")
    each = known.mutate(has_left=(~known.is_in & (stayed < follow)).fill_null(False))
    found = engine.arrow(each.group_by("channel").aggregate(
        n=each.count(), left=each.has_left.ifelse(1, 0).sum(),
        first=each.joined_on.min(), last=each.joined_on.max())).to_pandas()
    found = found[found["n"] >= FEW_PEOPLE].sort_values(["n", "channel"], ascending=[False, True])
    shared = _share_in_shared_months(engine, known.filter(known.channel.isin(found["channel"].tolist())))
    rows = [_channel_row(r, shared[r["channel"]], follow) for r in found.to_dict("records")]
    return pd.DataFrame(rows, columns=CHANNEL_COLUMNS)


def _share_in_shared_months(engine: Engine, known: ir.Table) -> dict[str, float]:
    """Return, by channel, the share of members who joined in a month in which another channel won somebody too."""
    table = known.mutate(month=known.joined_on.year() * 12 + known.joined_on.month())
    counts = engine.arrow(table.group_by("channel", "month").aggregate(n=table.count())).to_pandas()
    is_shared = counts.groupby("month")["channel"].transform("nunique") > 1
    return (counts["n"].where(is_shared, 0).groupby(counts["channel"]).sum()
            / counts.groupby("channel")["n"].sum()).to_dict()


def _channel_row(found: dict, in_shared_months: float, follow: int) -> dict[str, Any]:
    n = int(found["n"])
    left = Interval(np.nan, np.nan, np.nan) if is_hidden(found["left"]) else share_interval(found["left"] / n, n)
    return {"channel": found["channel"], "n": n, "share_left": left.value, "left_low": left.low, "left_high": left.high,
            "first_on": found["first"], "last_on": found["last"], "in_shared_months": in_shared_months,
            "followed_days": follow}
