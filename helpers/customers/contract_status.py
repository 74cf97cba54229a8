"""Contract status at the as-of day: notice given runs on, contracts whose dates cannot be true are left out."""

from dataclasses import dataclass
from datetime import date

import ibis
import ibis.expr.types as ir

from helpers.foundation.engine import Engine

MIN_DATED_SHARE = 0.5  # share of ended contracts with a date above which one without is a gap, not the file's way


@dataclass(frozen=True, slots=True)
class ContractStatus:
    """Contracts as they stand on a day.

    Parameters
    ----------
    contracts : ir.Table
        ``canonical/subscriptions`` of contracts that had begun by the day, ``has_ended`` and ``ended_on`` as of it.
    n_undated_end, n_end_before_start, n_not_begun, n_notice_given : int
        Contracts left out: ended on no known day where others are dated, ended before they began, not begun by the
        day; and those that run although notice was given by the day, or an end lies ahead.
    n_ended_anytime : int
        Ended contracts of a table that dates no end: leavers of an unknown time beside those who are there today.
    """

    contracts: ir.Table
    n_undated_end: int = 0
    n_end_before_start: int = 0
    n_not_begun: int = 0
    n_notice_given: int = 0
    n_ended_anytime: int = 0

    @property
    def n_rejected(self) -> int:
        """Contracts left out since their dates cannot be true or are missing."""
        return self.n_undated_end + self.n_end_before_start


def contracts_as_of(engine: Engine, subscriptions: ir.Table, as_of_on: date) -> ContractStatus:
    """Return contracts as they stood at the end of a day.

    Parameters
    ----------
    engine : Engine
        Counts.
    subscriptions : ir.Table
        ``canonical/subscriptions``.
    as_of_on : date
        Last day that is seen.

    Notes
    -----
    An end that lies ahead is notice given, unless that was given later than the day: the contract runs. Without a start
    and an end an ended contract tells how long it lasted by its tenure; where most ends are dated and one is not,
    nothing does.
    """
    s, day = subscriptions, ibis.literal(as_of_on)
    ended, dated = s.has_ended, s.ended_on.notnull()
    row = engine.first_row(s.aggregate(n=ended.sum(), dated=(ended & dated).sum()))
    is_dated_file = bool(row["n"]) and (row["dated"] or 0) >= MIN_DATED_SHARE * row["n"]
    undated = ended & ~dated & s.tenure_months.isnull() & ibis.literal(is_dated_file)
    reversed_ = (s.ended_on < s.started_on).fill_null(False)
    later = (s.started_on > day).fill_null(False)
    ahead = (ended & (s.ended_on > day)).fill_null(False)
    notice = (ahead | ~ended) & (s.notice_on <= day).fill_null(ahead)
    kept = ~(undated | reversed_ | later)
    counts = engine.first_row(s.aggregate(
        n_undated_end=_count(undated), n_end_before_start=_count(reversed_), n_not_begun=_count(later & ~reversed_),
        n_notice_given=_count(notice & kept), n_ended_anytime=_count(kept & ended & ~dated)))
    told = s.filter(kept).mutate(has_ended=lambda t: t.has_ended & ~(t.ended_on > day).fill_null(False))
    told = told.mutate(ended_on=told.has_ended.ifelse(told.ended_on, ibis.null("date")))
    return ContractStatus(engine.kept(told.select(*s.columns)), **{k: int(v or 0) for k, v in counts.items()})


def _count(chosen: ir.Value) -> ir.Value:
    return ibis.cases((chosen, 1), else_=0).sum()
