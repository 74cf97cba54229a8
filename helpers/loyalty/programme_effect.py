"""Programme effect: purchases after enrolment, of members against matched customers who never enrolled.

Not an experiment: members choose to enrol. Who enrols because a large purchase is near buys more for that reason too.

References
----------
Heckman, Ichimura & Todd (1997), Matching as an econometric evaluation estimator, *Review of Economic Studies* 64,
605–654; Iacus, King & Porro (2012), Causal inference without balance checking: coarsened exact matching, *Political
Analysis* 20, 1–24.
"""

from dataclasses import dataclass
from datetime import date

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.engine import Engine
from helpers.foundation.results import Estimate, Status, no_estimate
from helpers.stats.bootstrap import bootstrap_counts, percentile_interval
from helpers.stats.disclosure_control import people_text

ENROLMENT_EFFECT = "change of purchases in six months by enrolment, members less matched non-members"

WINDOW_MONTHS, MIN_MATCHED_MEMBERS = 6, 100

MATCHED_ORDERS = np.array([1, 2, 3, 4, 5, 6, 8, 10, 13, 17])  # lower ends of the classes of occasions

MIN_DRAWS, MAX_DRAWS, MAX_CELLS = 50, 400, 2 * 10**7


def enrolment_effect(
    engine: Engine, occasions: ir.Table, memberships: ir.Table, as_of_on: date, seed: int
) -> Estimate:
    """Return how many more purchase occasions members have after enrolment than matched non-members.

    Parameters
    ----------
    engine : Engine
        Counts occasions by month.
    occasions : Table
        From `helpers.customers.purchases.purchase_occasions`.
    memberships : Table
        ``canonical/memberships``; the first spell is the enrolment.
    as_of_on : date
        Last day that is seen.
    seed : int
        Of the bootstrap of people.

    Notes
    -----
    Members of a month and customers who never enrolled are matched on the occasions of the months 12 to 7 before it,
    singly up to six, in classes above; both were customers before that. What the six months after it have more than
    the six months before it is compared within each stratum and averaged over the members (matched differences in
    differences): a lasting difference between the two cancels out, and who was not chosen by the months before cannot
    fall back from them. People are drawn anew, since a non-member is matched in many months.
    """
    enrolled = memberships.group_by("customer_id").aggregate(on=memberships.valid_from.min())
    joined = engine.arrow(enrolled).to_pandas().set_index("customer_id")["on"]
    counted = occasions.group_by("customer_id", month=occasions.on.truncate("M")).aggregate(n=occasions.count())
    monthly = engine.arrow(counted).to_pandas().sort_values(["customer_id", "month"], ignore_index=True)
    if joined.empty or monthly.empty:
        return no_estimate(ENROLMENT_EFFECT, Status.NOT_APPLICABLE, "no enrolments with purchases are recorded",
                           unit="purchases")
    strata = _matched_strata(monthly, joined, as_of_on)
    n = sum(len(s.members) for s in strata)
    if n < MIN_MATCHED_MEMBERS:
        reason = (f"{people_text(n)} of {len(joined):,} members have matched non-members with {2 * WINDOW_MONTHS} "
                  f"months as a customer before enrolment and {WINDOW_MONTHS} after; {MIN_MATCHED_MEMBERS} are needed, "
                  "and whoever enrols with the first purchase has no time before")
        return no_estimate(ENROLMENT_EFFECT, Status.INSUFFICIENT, reason, unit="purchases", n=n)
    people = monthly["customer_id"].nunique()
    drawn = bootstrap_counts(people, max(MIN_DRAWS, min(MAX_DRAWS, MAX_CELLS // people)), seed)
    draws = _mean_difference(strata, np.concatenate([np.ones((1, people)), drawn]))
    found = percentile_interval(float(draws[0]), draws[1:])
    return Estimate(ENROLMENT_EFFECT, found.value, found.low, found.high, "purchases", n)


@dataclass(frozen=True, slots=True)
class _Stratum:
    """Members and non-members of a month with equally many occasions a year before, by place; everybody's change."""

    members: np.ndarray
    others: np.ndarray
    change: np.ndarray


def _matched_strata(monthly: pd.DataFrame, joined: pd.Series, as_of_on: date) -> list[_Stratum]:
    month = pd.PeriodIndex(monthly["month"], freq="M")
    months = pd.period_range(month.min(), pd.Period(as_of_on, "M") - 1, freq="M")  # the last month is not over
    wide = monthly.assign(month=month).pivot(index="customer_id", columns="month", values="n")
    wide = wide.reindex(columns=months).fillna(0.0)
    since = pd.PeriodIndex(pd.to_datetime(joined.reindex(wide.index)), freq="M")
    counts, made = wide.to_numpy(), []
    first = counts.astype(bool).argmax(axis=1)
    for at in range(2 * WINDOW_MONTHS + 1, len(months) - WINDOW_MONTHS):
        was_there = first < at - 2 * WINDOW_MONTHS
        earlier, before, after = (counts[:, start: start + WINDOW_MONTHS].sum(axis=1) for start in (
            at - 2 * WINDOW_MONTHS, at - WINDOW_MONTHS, at + 1))
        level = np.searchsorted(MATCHED_ORDERS, earlier, side="right")
        for k in range(len(MATCHED_ORDERS) + 1):
            members, others = (np.flatnonzero(was_there & (level == k) & is_in)
                               for is_in in (since == months[at], since.isna()))
            if len(members) and len(others):
                made.append(_Stratum(members, others, after - before))
    return made


def _mean_difference(strata: list[_Stratum], weights: np.ndarray) -> np.ndarray:
    """Return the mean over members of their change less that of their matches, in each draw of people."""
    total, n = np.zeros(len(weights)), np.zeros(len(weights))
    for one in strata:
        members, others = weights[:, one.members], weights[:, one.others]
        held = others.sum(axis=1)
        mean = np.divide(others @ one.change[one.others], held, out=np.zeros_like(held), where=held > 0)
        own = members.sum(axis=1) * (held > 0)
        total += (members @ one.change[one.members]) * (held > 0) - own * mean
        n += own
    return np.divide(total, n, out=np.full_like(total, np.nan), where=n > 0)
