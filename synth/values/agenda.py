"""Rows as the events of a calendar."""

from dataclasses import dataclass

from clawgym.artifact import ArtifactKind
from synth.values.base import Step, Value
from synth.values.plain import plain
from synth.values.rows import RowSet
from verify.checks import Check, Event, EventsCheck

_ESCAPED = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})


@dataclass(frozen=True)
class Agenda(Value):
    """An event for each row.

    Attributes:
        rows: what the events are made of.
        properties: the column of each text, by its name in the file, such as `SUMMARY`.
        day: the column of the day.
        start: the column of the time it begins; an event is a whole day where none stands there.
        end: the column of the time it ends.
    """

    rows: RowSet
    properties: tuple[tuple[str, str], ...]
    day: str
    start: str = ""
    end: str = ""

    @property
    def events(self) -> tuple[Event, ...]:
        """What a check wants, row by row."""
        return tuple(
            self._event(dict(zip(self.rows.names, row, strict=True))) for row in self.rows.rows
        )

    def _event(self, row: dict[str, str | int | float]) -> Event:
        texts = {name: plain(row[column]) for name, column in self.properties}
        begins, ends = (
            f"{row[self.day]}T{row[clock]}" if clock and row[clock] else ""
            for clock in (self.start, self.end)
        )
        summary = texts.pop("SUMMARY")
        start = begins or str(row[self.day])
        return Event(summary=summary, start=start, end=ends, properties=texts)

    def files(self, kind: ArtifactKind, path: str) -> dict[str, bytes]:
        """The calendar."""
        lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//example//export//EN"]
        for event in self.events:
            lines += ["BEGIN:VEVENT", "DTSTAMP:20260101T000000Z"]
            lines += [
                f"{name}:{text.translate(_ESCAPED)}" for name, text in event.properties.items()
            ]
            lines.append(f"SUMMARY:{event.summary.translate(_ESCAPED)}")
            lines += [
                f"{name}{_stamp(moment)}"
                for name, moment in (("DTSTART", event.start), ("DTEND", event.end))
                if moment
            ]
            lines.append("END:VEVENT")
        return {path: "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()}

    def checks(self, step: Step) -> list[Check]:
        """A calendar as a gate, then what is when, then all else that is said about it."""
        path, events = step.path, self.events
        said = ", ".join(column for _, column in self.properties)
        bare = tuple(Event(summary=event.summary, start=event.start) for event in events)
        sample = f"{events[0].summary}, {events[0].start}"
        gate = step.gate("parse", f"{path} is an iCalendar file", "events")
        when = step.core("when", 0.6, f"{path} has each entry on its day and at its time", sample)
        rest = step.core("rest", 0.4, f"the entries of {path} have {said} and their end", sample)
        return [
            EventsCheck(**gate, path=path, events=(), exact=False, unique_ids=False),
            EventsCheck(**when, path=path, events=bare, unique_ids=False, partial=True),
            EventsCheck(**rest, path=path, events=events, partial=True),
        ]


def _stamp(moment: str) -> str:
    """What stands behind the name of a date: the parameter of a whole day, and the value."""
    compact = moment.replace("-", "").replace(":", "")
    return f":{compact}00" if "T" in moment else f";VALUE=DATE:{compact}"
