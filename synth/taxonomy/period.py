"""Periods: the stretch of time that a task is about, and the day on which it is asked for."""

import random
from dataclasses import dataclass
from datetime import date, timedelta

_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


@dataclass(frozen=True)
class Period:
    """One month; everything that the source data tell happened in it.

    `today` is a day soon after its end.
    """

    start: date
    today: date

    @property
    def end(self) -> date:
        """The last day."""
        return (self.start + timedelta(days=31)).replace(day=1) - timedelta(days=1)

    @property
    def label(self) -> str:
        """As it is spoken of: `September 2026`."""
        return f"{_MONTHS[self.start.month - 1]} {self.start.year}"

    @property
    def month(self) -> str:
        """Without the year: `September`."""
        return _MONTHS[self.start.month - 1]

    @property
    def following(self) -> str:
        """The month after the one in which the task is asked for: `November`."""
        return _MONTHS[self.today.month % 12]

    @property
    def quarter(self) -> str:
        """As it stands in paths: `q3`."""
        return f"q{(self.start.month + 2) // 3}"


def make_period(rng: random.Random) -> Period:
    """A month between January 2025 and November 2026, asked about within two weeks of its end."""
    start = date(2025 + rng.randrange(2), rng.randint(1, 11), 1)
    period = Period(start, start)
    return Period(start, working_day(period.end + timedelta(days=rng.randint(1, 14))))


def working_day(day: date) -> date:
    """The day itself, or the next one that is neither at a weekend nor New Year's Day."""
    while day.weekday() > 4 or (day.month, day.day) == (1, 1):
        day += timedelta(days=1)
    return day
