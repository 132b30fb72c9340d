"""Cron expressions: five fields, as in `crontab(5)`, in the wall time of a zone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_NAMES = {
    3: {name: number for number, name in enumerate(_MONTHS, 1)},
    4: {name: number for number, name in enumerate(_DAYS)},
}
_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 7))
_SHORT = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_HORIZON = timedelta(days=9 * 366)
"""29 February may be eight years away."""


@dataclass(frozen=True)
class Cron:
    """Which minutes are meant. Weekdays count from Sunday, 0.

    Where both a day of the month and a weekday are restricted, either is enough.
    """

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool

    @classmethod
    def parse(cls, text: str) -> "Cron":
        """Read an expression such as `*/15 8-18 * * mon-fri`, or a name such as `@daily`.

        Raises:
            ValueError: it is none, or no such day ever comes; the message says which field.
        """
        fields = _SHORT.get(text.strip().lower(), text).split()
        if len(fields) != len(_FIELDS):
            raise ValueError(
                f"{text!r} has {len(fields)} fields; cron has five: minute hour day month weekday"
            )
        minutes, hours, days, months, weekdays = (
            _numbers(field, position) for position, field in enumerate(fields)
        )
        weekdays = frozenset(day % 7 for day in weekdays)
        either = not fields[2].startswith("*") and not fields[4].startswith("*")
        cron = cls(minutes, hours, days, months, weekdays, either)
        if next(cron._dates(date(2024, 1, 1)), None) is None:
            raise ValueError(f"{text!r} names a day that never comes")
        return cron

    def next(self, after: datetime, zone: tzinfo) -> datetime:
        """The first time after `after`, in UTC.

        Where clocks go forward, what they skip runs as much later; where they go back, only
        expressions for every hour run in both hours of the same name.
        """
        every_hour = len(self.hours) == 24
        local = after.astimezone(zone)
        for day in self._dates(local.date() - timedelta(days=1)):
            found = [
                moment
                for hour in self.hours
                for minute in self.minutes
                for fold in ((0, 1) if every_hour else (0,))
                if (moment := _utc(day, hour, minute, fold, zone)) > after
            ]
            if found:
                return min(found)
        raise AssertionError("`parse` has seen to it that a day comes")

    def _dates(self, start: date) -> Iterator[date]:
        day, end = start, start + _HORIZON
        while day < end:
            if day.month not in self.months:
                day = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
                continue
            if self._is_day(day):
                yield day
            day += timedelta(days=1)

    def _is_day(self, day: date) -> bool:
        of_month, of_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return (of_month or of_week) if self.either_day else (of_month and of_week)


def _utc(day: date, hour: int, minute: int, fold: int, zone: tzinfo) -> datetime:
    wall = datetime.combine(day, time(hour, minute, fold=fold), tzinfo=zone)
    return wall.astimezone(UTC)


def _numbers(field: str, position: int) -> frozenset[int]:
    name, least, most = _FIELDS[position]
    found: set[int] = set()
    for part in field.lower().split(","):
        span, slash, step_text = part.partition("/")
        step = _number(step_text, position) if slash else 1
        if span == "*":
            first, last = least, 6 if position == 4 else most
        else:
            begin, dash, end = span.partition("-")
            first = _number(begin, position)
            last = _number(end, position) if dash else (most if slash else first)
        if not (least <= first <= last <= most) or step < 1:
            raise ValueError(f"{part!r} is no {name}: from {least} to {most}, steps from 1")
        found.update(range(first, last + 1, step))
    return frozenset(found)


def _number(text: str, position: int) -> int:
    named = _NAMES.get(position, {}).get(text)
    if named is not None:
        return named
    if not text.isascii() or not text.isdigit():
        raise ValueError(f"{text!r} is no {_FIELDS[position][0]}")
    return int(text)
