"""Working days: holidays that a study declares, days by which something is due, contacts spread evenly over days."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Annotated

import numpy as np
import pandas as pd
from dateutil.easter import easter
from pydantic import Field, field_validator

from helpers.customers.random_assignment import TREATMENT
from helpers.foundation.study_config import Section

BY_EASTER = re.compile(r"easter(?:([+-])(\d{1,2}))?")

YEARS_AHEAD = 2  # for which holidays are known; no plan looks further


class CalendarConfig(Section):
    """Section ``[calendar]``: days on which nobody works, beside Saturday and Sunday."""

    holidays: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        default=("01-01",), description="days on which nobody works: month and day for every year (01-01), a date for "
        "one year (2026-06-05), or days from Easter Sunday (easter-2, easter+1); nothing is due on them and nobody is "
        "contacted")

    @field_validator("holidays")
    @classmethod
    def _readable(cls, holidays: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse what names no day."""
        for text in holidays:
            holiday(text, 2023)  # no leap year: 02-29 is no day of every year
        return holidays


def holiday(text: str, year: int) -> date:
    """Return the day of a year that a holiday names; one that names its own year falls on that day.

    Raises
    ------
    ValueError
        If it names no day.

    Examples
    --------
    >>> holiday("easter+1", 2026).isoformat(), holiday("12-25", 2026).isoformat()
    ('2026-04-06', '2026-12-25')
    """
    if by_easter := BY_EASTER.fullmatch(text):
        sign, days = by_easter.groups()
        return easter(year) + timedelta(days=int(f"{sign or '+'}{days or 0}"))
    try:
        return date.fromisoformat(text if len(text) > len("01-01") else f"{year}-{text}")
    except ValueError:
        raise ValueError(f"'{text}' is no holiday: 01-01, 2026-06-05 or easter+1 are how one is written") from None


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """The day of a plan, and the working days that follow it.

    Parameters
    ----------
    as_of : date
        Day of the plan.
    config : CalendarConfig
        Holidays of the study.
    """

    as_of: date
    config: CalendarConfig = field(default_factory=CalendarConfig)

    @property
    def calendar(self) -> np.busdaycalendar:
        """Weekends and holidays, as numpy counts by."""
        years = range(self.as_of.year, self.as_of.year + YEARS_AHEAD + 1)
        return np.busdaycalendar(holidays=[holiday(text, year) for text in self.config.holidays for year in years])

    @property
    def first(self) -> date:
        """The first working day after the plan."""
        return self.due(1)

    def due(self, days: int) -> date:
        """Return the day that is so many days after the plan; where nobody works on it, the next working day."""
        due = np.busday_offset(self.as_of + timedelta(days=days), 0, roll="forward", busdaycal=self.calendar)
        return pd.Timestamp(due).date()

    def after(self, on: pd.Series, n: int) -> pd.Series:
        """Return the n-th working day after each day."""
        days = on.to_numpy("datetime64[D]")
        later = np.busday_offset(days, n, roll="backward", busdaycal=self.calendar)
        return pd.Series(later.astype("datetime64[us]"), on.index)

    def spread(self, listed: pd.DataFrame, due: pd.Series, by_people: Collection[str]) -> pd.Series:
        """Return the day of each contact: what people do evenly over working days in its order, the rest at once.

        None for the control group.

        Parameters
        ----------
        listed : DataFrame
            variant, owner, channel; the first ranked first.
        due : Series
            Last day of each contact.
        by_people : collection of str
            Channels of contacts that people make, one after the other; what tools send goes out on the first day. A
            contact without a channel is a person's.
        """
        calendar, start = self.calendar, np.datetime64(self.first, "D")
        groups = listed[listed["variant"].eq(TREATMENT)].assign(channel=listed["channel"].fillna("")).groupby(
            ["owner", "channel"])
        days = pd.Series(pd.NaT, listed.index, dtype="datetime64[us]")
        for (_, channel), rows in groups:
            last = due[rows.index].to_numpy("datetime64[D]")
            n_days = np.maximum(np.busday_count(start, last + 1, busdaycal=calendar), 1)
            n_days = n_days if channel in (*by_people, "") else np.ones_like(n_days)
            on = np.busday_offset(start, np.arange(len(rows)) * n_days // len(rows), busdaycal=calendar)
            days.loc[rows.index] = np.minimum(on, last).astype("datetime64[us]")
        return days
