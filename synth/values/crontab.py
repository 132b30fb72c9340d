"""Crontabs: jobs with the five fields that say when they run."""

from dataclasses import dataclass
from datetime import date, datetime, time

from clawgym.artifact import ArtifactKind
from synth.values.base import Step, Value
from verify.checks import Check


@dataclass(frozen=True)
class Job:
    """`spec` is the five fields as they are written; the others are what they mean.

    Sunday is 0. A field that is `*` means every value. Where both day fields say something, a job
    runs on the days that either of them names, as cron itself does.
    """

    spec: str
    command: str
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int] | None
    weekdays: frozenset[int] | None

    def runs_on(self, day: date) -> list[datetime]:
        """When it starts on that day."""
        named = [
            days is not None and value in days
            for days, value in ((self.days, day.day), (self.weekdays, day.isoweekday() % 7))
        ]
        if not any(named) and not (self.days is None and self.weekdays is None):
            return []
        clocks = (time(hour, minute) for hour in self.hours for minute in self.minutes)
        return [datetime.combine(day, clock) for clock in clocks]


@dataclass(frozen=True)
class Crontab(Value):
    """Jobs between comments; `text` is the file, `today` the day on which it is looked at."""

    text: str
    jobs: tuple[Job, ...]
    today: date

    def files(self, kind: ArtifactKind, path: str) -> dict[str, bytes]:
        """The file."""
        return {path: self.text.encode()}

    def checks(self, step: Step) -> list[Check]:
        """None: nobody is asked to write one.

        Raises:
            TypeError: always.
        """
        raise TypeError("a crontab is no output")
