"""schedule: work out when things happen: next runs, free slots, an order that fits."""

import random
import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Literal

from clawgym.artifact import ArtifactKind, ColumnType
from synth.knobs import Knobs
from synth.operations.base import GroundedOperation, Params, ParamsModel, told_if
from synth.values import Field, Role, Row, RowSet, Use, Value, matter
from synth.values.crontab import Crontab
from synth.world import Source, World
from synth.world.crontab import make_crontab
from synth.world.plan import Plan, make_plan

_MAX_RUNS = 60


_EITHER_DAY = (
    " Where a line names both a day of the month and a weekday, one of the two is enough, as cron "
    "has it."
)


class ScheduleParams(ParamsModel):
    """What is worked out.

    runs   every run of a crontab from `start` up to but not at `end` (YYYY-MM-DD HH:MM)
    free   free slots of `minutes` or more between `opens` and `closes` (HH:MM) on workdays from
           the day `start` to the day `end`
    dates  first and last day of each task of a plan that begins on the workday `start`
    """

    mode: Literal["runs", "free", "dates"]
    start: str
    end: str = ""
    opens: str = ""
    closes: str = ""
    minutes: int = 0


class Schedule(GroundedOperation):
    """Times as rows, in their order."""

    name = "schedule"
    kinds = (ArtifactKind.CONFIG, ArtifactKind.CALENDAR, ArtifactKind.TABLE)

    def sources(
        self, rng: random.Random, world: World, kind: ArtifactKind
    ) -> Sequence[Source] | None:
        """A crontab, a diary or a plan."""
        if kind is ArtifactKind.CONFIG:
            crontab = make_crontab(world.rng("crontab"), world)
            return (Source(kind, world.input_path("crontab", "txt", "server"), crontab),)
        if kind is ArtifactKind.TABLE:
            plan = make_plan(world.rng("plan"), world)
            return (Source(kind, world.input_path("plan", world.extension(kind), "plans"), plan),)
        return world.feed_source(kind)

    def propose(self, rng: random.Random, inputs: Sequence[Value], knobs: Knobs) -> Params | None:
        """A window of some days in which something happens."""
        value = inputs[0]
        made: ScheduleParams | None = None
        if isinstance(value, Crontab):
            made = _window(rng, value.today, knobs)
        elif isinstance(value, RowSet) and {"date", "start", "end"} <= set(value.names):
            looked_up = bool(value.subject and value.subject.joined)  # which says nothing of times
            fits = value.rows and not value.duplicated and not looked_up
            made = _diary(rng, value) if fits else None
        elif isinstance(value, Plan):
            day = _workday(value.today + timedelta(days=rng.randint(1, 20)))
            made = ScheduleParams(mode="dates", start=day.isoformat())
        if made is None:
            return None
        params = made.model_dump(mode="json")
        return params if 1 < len(self.apply(params, inputs).rows) <= _MAX_RUNS else None

    def apply(self, params: Params, inputs: Sequence[Value]) -> RowSet:
        """The runs, slots or dates."""
        wanted, value = ScheduleParams.model_validate(params), inputs[0]
        if isinstance(value, Crontab):
            return _runs(wanted, value)
        assert isinstance(value, RowSet)
        return _free(wanted, value) if wanted.mode == "free" else _dates(wanted, value)

    def mistakes(
        self, rng: random.Random, params: Params, inputs: Sequence[Value]
    ) -> Iterator[Value]:
        """One overlooked; one day too late; the last too many."""
        right = self.apply(params, inputs)
        lost = rng.randrange(len(right.rows))
        yield right.with_rows([row for number, row in enumerate(right.rows) if number != lost])
        day = date.fromisoformat(str(params["start"])[:10]) + timedelta(days=1)
        later = f"{day.isoformat()}{str(params['start'])[10:]}"
        shifted = self.apply({**params, "start": later}, inputs)
        if set(shifted.rows) != set(right.rows):
            yield shifted

    def words(self, params: Params, inputs: Sequence[Value]) -> dict[str, str]:
        """The window in words; the mode is the variant.

        `commented` says that jobs are commented out, `bare` that there are days with nothing on.
        """
        wanted = ScheduleParams.model_validate(params)
        gaps = {row[1:3] for row in self.apply(params, inputs).rows}
        return {
            "variant": wanted.mode,
            "start": wanted.start,
            "end": wanted.end,
            "opens": wanted.opens,
            "closes": wanted.closes,
            "minutes": str(wanted.minutes),
            "both": _EITHER_DAY if _names_both_days(inputs[0]) else "",
            "commented": told_if(_has_commented_jobs(inputs[0])),
            "bare": told_if((wanted.opens, wanted.closes) in gaps),
        }

    def stem(self, params: Params, base: str, stems: Sequence[str]) -> str:
        """By what it is."""
        words = {"runs": "next_runs", "free": "free_slots", "dates": "plan_dates"}
        return words[str(params["mode"])]


def _has_commented_jobs(value: Value) -> bool:
    """Whether a line would be a job without its number sign."""
    lines = value.text.splitlines() if isinstance(value, Crontab) else []
    return any(re.match(r"#\s*[\d*]", line) for line in lines)


def _names_both_days(value: Value) -> bool:
    """Whether a job has a day of the month and a weekday."""
    jobs = value.jobs if isinstance(value, Crontab) else ()
    return any(job.days is not None and job.weekdays is not None for job in jobs)


def _window(rng: random.Random, today: date, knobs: Knobs) -> ScheduleParams:
    day = today + timedelta(days=rng.randint(0, 9))
    start = datetime.combine(day, time(rng.randrange(24)))
    end = start + timedelta(hours=rng.choice((12, 24, 36, 24 * knobs.level)))
    return ScheduleParams(mode="runs", start=f"{start:%Y-%m-%d %H:%M}", end=f"{end:%Y-%m-%d %H:%M}")


def _diary(rng: random.Random, rows: RowSet) -> ScheduleParams:
    days = [date.fromisoformat(str(day)) for day in rows.values("date")]
    first = rng.choice(days)
    return ScheduleParams(
        mode="free",
        start=first.isoformat(),
        end=(first + timedelta(days=rng.randint(3, 11))).isoformat(),
        opens=rng.choice(("08:30", "09:00", "10:00")),
        closes=rng.choice(("16:00", "17:00", "18:30")),
        minutes=rng.choice((30, 45, 60, 90)),
    )


def _workday(day: date) -> date:
    while day.isoweekday() > 5:
        day += timedelta(days=1)
    return day


def _runs(wanted: ScheduleParams, crontab: Crontab) -> RowSet:
    start, end = (datetime.fromisoformat(text) for text in (wanted.start, wanted.end))
    days = [start.date() + timedelta(days=n) for n in range((end.date() - start.date()).days + 1)]
    rows: list[Row] = sorted(
        (f"{moment:%Y-%m-%d %H:%M}", job.command)
        for job in crontab.jobs
        for day in days
        for moment in job.runs_on(day)
        if start <= moment < end
    )
    fields = (
        Field("time", ColumnType.TEXT, Role.TEXT),
        Field("command", ColumnType.TEXT, Role.CATEGORY),
    )
    return RowSet(
        fields,
        tuple(rows),
        ("time", "command"),
        topic="runs",
        use=Use.LISTING,
        subject=matter("runs"),
    )


def _clock(text: object) -> int:
    hours, minutes = str(text).split(":")
    return int(hours) * 60 + int(minutes)


def _said(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _free(wanted: ScheduleParams, diary: RowSet) -> RowSet:
    busy: dict[str, list[tuple[int, int]]] = {}
    columns = (diary.values(name) for name in ("date", "start", "end"))
    for day, start, end in zip(*columns, strict=True):
        busy.setdefault(str(day), []).append((_clock(start), _clock(end)))
    rows: list[Row] = []
    day, last = date.fromisoformat(wanted.start), date.fromisoformat(wanted.end)
    while day <= last:
        if day.isoweekday() <= 5:
            taken = busy.get(day.isoformat(), [])
            for start, end in _gaps(_clock(wanted.opens), _clock(wanted.closes), taken):
                if end - start >= wanted.minutes:
                    rows.append((day.isoformat(), _said(start), _said(end), end - start))
        day += timedelta(days=1)
    fields = (
        Field("date", ColumnType.DATE, Role.DATE),
        Field("start", ColumnType.TEXT, Role.TEXT),
        Field("end", ColumnType.TEXT, Role.TEXT),
        Field("minutes", ColumnType.INTEGER, Role.MEASURE),
    )
    return RowSet(
        fields,
        tuple(rows),
        ("date", "start"),
        topic="free slots",
        sorted_rows=True,
        use=Use.LISTING,
        subject=matter("free slots"),
    )


def _gaps(opens: int, closes: int, busy: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    at = opens
    for start, end in sorted(busy):
        if start > at:
            yield at, min(start, closes)
        at = max(at, end)
        if at >= closes:
            return
    yield at, closes


def _dates(wanted: ScheduleParams, plan: RowSet) -> RowSet:
    rows = {str(row[0]): row for row in plan.rows}
    spans: dict[str, tuple[date, date]] = {}
    begin = date.fromisoformat(wanted.start)

    def span(name: str) -> tuple[date, date]:
        if name not in spans:
            waits = [wait for wait in str(rows[name][4]).split("; ") if wait]
            ends = [span(wait)[1] for wait in waits]
            first = _workday(max(ends) + timedelta(days=1)) if ends else _workday(begin)
            last = first
            for _ in range(int(rows[name][3]) - 1):
                last = _workday(last + timedelta(days=1))
            spans[name] = (first, last)
        return spans[name]

    made: list[Row] = [
        (name, row[1], *(day.isoformat() for day in span(name))) for name, row in rows.items()
    ]
    fields = (
        *plan.fields[:2],
        Field("first_day", ColumnType.DATE, Role.DATE),
        Field("last_day", ColumnType.DATE, Role.DATE),
    )
    return RowSet(
        fields, tuple(made), ("task_id",), topic="tasks", subject=matter("dates of tasks")
    )
