from datetime import date
from itertools import pairwise

import pytest

from helpers.customers.windows import (
    PeriodComparison,
    Snapshot,
    TimeWindow,
    completed_snapshots,
    latest_comparison,
    snapshot_at,
)
from helpers.foundation.errors import InputError

YEAR = TimeWindow(date(2025, 1, 1), date(2025, 12, 31))


def test_both_ends_of_a_window_count():
    assert YEAR.n_days == 365
    assert TimeWindow(YEAR.first_on, YEAR.first_on).n_days == 1


def test_a_window_that_ends_before_it_begins_is_refused():
    with pytest.raises(InputError, match="before it begins"):
        TimeWindow(date(2025, 1, 2), date(2025, 1, 1))


def test_the_outcome_follows_cut_off_and_gap():
    found = snapshot_at(date(2025, 3, 31), 30, gap_days=7)
    assert (found.gap_days, found.outcome) == (7, TimeWindow(date(2025, 4, 8), date(2025, 5, 7)))
    assert snapshot_at(date(2025, 3, 31), 30).gap_days == 0


def test_an_outcome_in_sight_of_the_cut_off_is_refused():
    with pytest.raises(InputError, match="outcome begins"):
        Snapshot(date(2025, 3, 31), TimeWindow(date(2025, 3, 31), date(2025, 4, 30)))


@pytest.mark.parametrize(("horizon", "gap"), [(0, 0), (30, -1)])
def test_a_horizon_without_days_is_refused(horizon, gap):
    with pytest.raises(InputError, match="horizon_days"):
        snapshot_at(date(2025, 3, 31), horizon, gap_days=gap)


def test_known_snapshots_end_where_the_history_ends_and_never_overlap():
    found = list(completed_snapshots(YEAR, 90))
    assert [s.outcome.last_on for s in found] == [date(2025, 12, 31), date(2025, 10, 2), date(2025, 7, 4)]
    assert all(earlier.outcome.last_on == later.cutoff_on for later, earlier in pairwise(found))


@pytest.mark.parametrize(("n_days", "n_snapshots"), [(179, 0), (180, 1), (269, 1), (270, 2)])
def test_each_known_snapshot_can_look_back_a_horizon(n_days, n_snapshots):
    last = date.fromordinal(YEAR.first_on.toordinal() + n_days - 1)
    assert len(list(completed_snapshots(TimeWindow(YEAR.first_on, last), 90))) == n_snapshots


def test_a_long_history_compares_whole_periods_and_a_short_one_its_halves():
    long = latest_comparison(TimeWindow(date(2020, 1, 1), date(2025, 12, 31)))
    assert (long.before, long.after) == (TimeWindow(date(2024, 1, 1 + 1), date(2024, 12, 31)), YEAR)
    short = latest_comparison(TimeWindow(date(2010, 12, 1), date(2011, 12, 9)))
    assert short.before.n_days == short.after.n_days == 187
    assert short.before.first_on == date(2010, 12, 1)


def test_a_history_that_bears_no_two_periods_gives_none():
    assert latest_comparison(TimeWindow(date(2025, 1, 1), date(2025, 2, 24)), least_days=28) is None
    assert latest_comparison(TimeWindow(date(2025, 1, 1), date(2025, 2, 25)), least_days=28) is not None


def test_periods_that_differ_in_length_are_refused():
    with pytest.raises(InputError, match="equal length"):
        PeriodComparison(
            TimeWindow(date(2025, 1, 1), date(2025, 1, 31)), TimeWindow(date(2025, 2, 1), date(2025, 2, 28))
        )
