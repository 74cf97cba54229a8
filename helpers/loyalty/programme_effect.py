"""Programme effect: purchases after enrolment, of members against matched customers who have not enrolled yet.

Not an experiment: members choose to enrol, and many do so while they buy. Two comparisons rest on different
assumptions, and what is so lies between them where one of the two holds.

References
----------
Li, Propert & Rosenbaum (2001), Balanced risk set matching, *Journal of the American Statistical Association* 96,
870–882; Heckman, Ichimura & Todd (1997), Matching as an econometric evaluation estimator, *Review of Economic Studies*
64, 605–654; Ding & Li (2019), A bracketing relationship between difference-in-differences and lagged-dependent-variable
adjustment, *Political Analysis* 27, 605–615; Iacus, King & Porro (2012), Causal inference without balance checking:
coarsened exact matching, *Political Analysis* 20, 1–24.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.engine import Engine
from helpers.foundation.results import Estimate, Status, no_estimate
from helpers.stats.bootstrap import bootstrap_counts, percentile_interval
from helpers.stats.disclosure_control import people_text

MATCHED_HISTORY = "purchases by enrolment, members less customers with the same purchases before"

MATCHED_DIFFERENCES = "change of purchases by enrolment, members less matched customers"

ENROLLED = "members enrolled"

WINDOW_MONTHS = (6, 3)  # the longest in which enough members are matched

MIN_MATCHED_MEMBERS = 50

MATCHED_ORDERS = np.array([1, 2, 3, 4, 5, 6, 8, 10, 13, 17])  # lower ends of the classes of occasions

NEVER = 10**6  # a month that no history reaches

MIN_DRAWS, MAX_DRAWS, MAX_CELLS = 50, 400, 2 * 10**7
MAX_BLOCK_CELLS = 4 * 10**6  # of weights that are taken apart by strata at a time


def enrolment_effects(
    engine: Engine, occasions: ir.Table, memberships: ir.Table, as_of_on: date, seed: int
) -> list[Estimate]:
    """Return how many more purchase occasions members have after enrolment than customers not enrolled yet, twice.

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

    Returns
    -------
    list of Estimate
        `MATCHED_HISTORY`, `MATCHED_DIFFERENCES`; the unit tells the months after enrolment. Then `ENROLLED`.

    Notes
    -----
    Members of a month are matched with customers who had not enrolled by its end, whatever they did later: who never
    enrols in the end bought less by selection. Both were customers for two windows before. *History*: equally many
    occasions in the month itself (none, one, more) and in the two windows before, with or without one in the nearer;
    what follows is compared. It is right where enrolment depends on the purchases seen, as at a till, and wrong by a
    lasting difference that they do not show. *Differences*: equally many in the month and in the earlier window; what
    the window after has more than the window before is compared. A lasting difference cancels out; enrolment that
    depends on the latest purchases does not. Both are averaged over the members and divided by the share of the window
    in which the matched were no members themselves. People are drawn anew, since one is matched in many months.
    """
    enrolled = memberships.group_by("customer_id").aggregate(on=memberships.valid_from.min())
    joined = engine.arrow(enrolled).to_pandas().set_index("customer_id")["on"]
    month = occasions.on.year() * 12 + occasions.on.month()
    counted = occasions.group_by("customer_id", month=month).aggregate(n=occasions.count())
    monthly = engine.arrow(counted).to_pandas()
    if joined.empty or monthly.empty:
        reason = "no enrolments with purchases by the day are recorded"
        return [no_estimate(name, Status.NOT_APPLICABLE, reason, unit="purchases")
                for name in (MATCHED_HISTORY, MATCHED_DIFFERENCES)]
    records = _monthly_records(monthly, joined, as_of_on)
    effects = [_effect(name, records, len(joined), seed) for name in (MATCHED_HISTORY, MATCHED_DIFFERENCES)]
    return [*effects, Estimate(ENROLLED, float(len(joined)), unit="people", n=len(joined))]


@dataclass(frozen=True, slots=True)
class _Records:
    """Occasions, shape (n_people, n_months), and the number of the month of enrolment, `NEVER` where there is none."""

    counts: np.ndarray
    enrolled: np.ndarray


@dataclass(frozen=True, slots=True)
class _Stratum:
    """Members of a month and customers matched with them, by place; everybody's outcome and share of time exposed."""

    members: np.ndarray
    others: np.ndarray
    outcome: np.ndarray
    exposed: np.ndarray


def _monthly_records(monthly: pd.DataFrame, joined: pd.Series, as_of_on: date) -> _Records:
    person, people = pd.factorize(monthly["customer_id"], sort=True)
    tomorrow = as_of_on + timedelta(1)
    first, over = monthly["month"].min(), tomorrow.year * 12 + tomorrow.month  # months before it are over
    counts = np.zeros((len(people), max(int(over - first), 0)))
    is_over = monthly["month"].to_numpy() < over
    counts[person[is_over], monthly["month"].to_numpy()[is_over] - first] = monthly["n"].to_numpy()[is_over]
    since = pd.to_datetime(joined.reindex(people))
    number = since.dt.year * 12 + since.dt.month - first
    return _Records(counts, number.fillna(NEVER).to_numpy("int64"))


def _effect(name: str, records: _Records, n_members: int, seed: int) -> Estimate:
    strata, n, window = [], 0, 0
    for window in WINDOW_MONTHS:
        strata = _matched_strata(records, window, name == MATCHED_DIFFERENCES)
        n = sum(len(s.members) for s in strata)
        if n >= MIN_MATCHED_MEMBERS:
            break
    else:
        reason = (f"{people_text(n)} of {n_members:,} members have matched customers not enrolled yet, {2 * window} "
                  f"months as a customer before enrolment and {window} after; {MIN_MATCHED_MEMBERS} are needed, and "
                  "whoever enrols with the first purchase has no time before")
        return no_estimate(name, Status.INSUFFICIENT, reason, unit="purchases", n=n)
    people = len(records.counts)
    drawn = bootstrap_counts(people, max(MIN_DRAWS, min(MAX_DRAWS, MAX_CELLS // people)), seed)
    blocks = np.ones((1, people)), *np.array_split(drawn, -(-drawn.size // MAX_BLOCK_CELLS))
    draws = np.concatenate([_mean_difference(strata, block) for block in blocks])
    found = percentile_interval(float(draws[0]), draws[1:])
    return Estimate(name, found.value, found.low, found.high, f"purchases in {window} months", n)


def _matched_strata(records: _Records, window: int, is_difference: bool) -> list[_Stratum]:
    counts, enrolled, made = records.counts, records.enrolled, []
    first = counts.astype(bool).argmax(axis=1)
    for at in range(2 * window + 1, counts.shape[1] - window):
        was_there = first < at - 2 * window
        earlier, before, after = (counts[:, start: start + window].sum(axis=1) for start in (
            at - 2 * window, at - window, at + 1))
        history = earlier if is_difference else earlier + before
        level = 3 * np.searchsorted(MATCHED_ORDERS, history, side="right") + np.minimum(counts[:, at], 2)
        level = level if is_difference else 2 * level + (before > 0)
        exposed = _share_exposed(enrolled, at, window)
        for k in np.unique(level[was_there & (enrolled == at)]):
            members, others = (np.flatnonzero(was_there & (level == k) & is_in)
                               for is_in in (enrolled == at, enrolled > at))
            if len(others):
                made.append(_Stratum(members, others, after - before if is_difference else after, exposed))
    return made


def _share_exposed(enrolled: np.ndarray, at: int, window: int) -> np.ndarray:
    """Return the share of the window after a month in which each customer is a member, half of the month of joining."""
    return np.clip((at + window + 0.5 - np.minimum(enrolled, at + window + 1)) / window, 0, 1)


def _mean_difference(strata: list[_Stratum], weights: np.ndarray) -> np.ndarray:
    """Return the mean over members of their outcome less that of their matches, in each draw of people."""
    total, exposed = np.zeros(len(weights)), np.zeros(len(weights))
    for one in strata:
        members, others = weights[:, one.members], weights[:, one.others]
        held = others.sum(axis=1)
        outcome, share = (np.divide(others @ of[one.others], held, out=np.zeros_like(held), where=held > 0)
                          for of in (one.outcome, one.exposed))
        own = members.sum(axis=1) * (held > 0)
        total += (members @ one.outcome[one.members]) * (held > 0) - own * outcome
        exposed += own * (1 - share)
    return np.divide(total, exposed, out=np.full_like(total, np.nan), where=exposed > 0)
