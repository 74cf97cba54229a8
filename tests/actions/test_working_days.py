from datetime import date

import pandas as pd
import pytest

from helpers.actions.working_days import CalendarConfig, WorkingDays, holiday
from helpers.foundation.errors import InputError
from helpers.foundation.study_config import Study

NEW_YEARS_EVE = WorkingDays(date(2025, 12, 31))  # a Wednesday


def test_what_falls_on_a_holiday_or_a_weekend_is_due_on_the_next_working_day():
    assert NEW_YEARS_EVE.first == date(2026, 1, 2)
    assert [NEW_YEARS_EVE.due(n) for n in (1, 2, 3, 7)] == [
        date(2026, 1, 2), date(2026, 1, 2), date(2026, 1, 5), date(2026, 1, 7)]


def test_the_working_day_after_a_day_is_never_that_day():
    on = pd.Series(pd.to_datetime(["2025-12-31", "2026-01-02", "2026-01-03"]), index=[5, 6, 7])
    assert NEW_YEARS_EVE.after(on, 1).tolist() == [*pd.to_datetime(["2026-01-02", "2026-01-05", "2026-01-05"])]
    assert NEW_YEARS_EVE.after(on, 2).index.tolist() == [5, 6, 7]


def test_nobody_is_contacted_on_a_holiday_and_nobody_after_the_last_day():
    listed = pd.DataFrame({"variant": ["treated"] * 6 + ["held out"], "owner": "Ada", "channel": "phone"})
    due = pd.Series(pd.Timestamp("2026-04-07"), listed.index)
    holidays = CalendarConfig(holidays=("easter-2", "easter+1"))
    found = WorkingDays(date(2026, 4, 1), holidays).spread(listed, due, ("phone",))
    assert found.dt.strftime("%m-%d").fillna("").tolist() == ["04-02"] * 3 + ["04-07"] * 3 + [""]


def test_what_a_tool_sends_goes_out_on_the_first_working_day():
    listed = pd.DataFrame({"variant": "treated", "owner": "Ada", "channel": ["e-mail"] * 5 + ["phone"] * 5})
    due = pd.Series(pd.Timestamp("2026-01-09"), listed.index)
    on = NEW_YEARS_EVE.spread(listed, due, ("phone",)).dt.strftime("%m-%d")
    assert set(on.head(5)) == {"01-02"}
    assert on.tail(5).nunique() == 5


def test_a_study_declares_holidays_by_day_by_date_and_by_easter():
    days = ("01-01", "2026-06-05", "easter+1", "easter", "easter-2")
    assert [holiday(text, 2026).isoformat() for text in days] == [
        "2026-01-01", "2026-06-05", "2026-04-06", "2026-04-05", "2026-04-03"]


@pytest.mark.parametrize("text", ["13-01", "02-29", "christmas"])
def test_a_holiday_that_names_no_day_of_every_year_is_refused_with_how_one_is_written(text):
    study = Study(sections={"calendar": {"holidays": [text]}}, where="studies/shop.toml")
    with pytest.raises(InputError, match=rf"\[calendar\].*'{text}' is no holiday"):
        study.section("calendar", CalendarConfig)
