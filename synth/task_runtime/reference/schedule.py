"""schedule: runs of a crontab, free slots of a calendar, dates of a plan."""

import datetime as dt

from reference.rows import load, save
from reference.timeline import is_timeline, load_entries

NAMES = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]


def numbers(field, low, high):
    found = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        if span == "*":
            first, last = low, high
        else:
            ends = [NAMES.index(e) if e in NAMES else int(e) for e in span.split("-")]
            first, last = ends[0], ends[-1]
        found.update(range(first, last + 1, int(step or 1)))
    return found


def jobs_of(path):
    with open(path, encoding="utf-8") as stream:
        for line in stream:
            words = line.strip().split(None, 5)
            if len(words) == 6 and not line.startswith("#"):
                yield words


def runs(params, path):
    start = dt.datetime.fromisoformat(params["start"])
    end = dt.datetime.fromisoformat(params["end"])
    made = []
    for minute, hour, day, month, weekday, command in jobs_of(path):
        clocks = [(h, m) for h in numbers(hour, 0, 23) for m in numbers(minute, 0, 59)]
        date = start.date()
        while date <= end.date():
            on_day = date.day in numbers(day, 1, 31)
            on_weekday = date.isoweekday() % 7 in {n % 7 for n in numbers(weekday, 0, 7)}
            either = "*" not in (day, weekday) and (on_day or on_weekday)
            if date.month in numbers(month, 1, 12) and (either or (on_day and on_weekday)):
                for clock in clocks:
                    moment = dt.datetime.combine(date, dt.time(*clock))
                    if start <= moment < end:
                        made.append((moment.strftime("%Y-%m-%d %H:%M"), command))
            date += dt.timedelta(days=1)
    return [{"time": time, "command": command} for time, command in sorted(made)]


def minutes_of(clock):
    return int(clock[:2]) * 60 + int(clock[3:5])


def clock_of(minutes):
    return "%02d:%02d" % divmod(minutes, 60)


def free(params, path):
    opens, closes = minutes_of(params["opens"]), minutes_of(params["closes"])
    events = load_entries(path) if is_timeline(path) else load(path)
    date, last = dt.date.fromisoformat(params["start"]), dt.date.fromisoformat(params["end"])
    made = []
    while date <= last:
        at = opens
        today = [e for e in events if e["date"] == date.isoformat()]
        spans = sorted((minutes_of(e["start"]), minutes_of(e["end"])) for e in today)
        for start, end in spans + [(closes, closes)]:
            start = min(start, closes)
            if date.weekday() < 5 and start - at >= params["minutes"]:
                made.append((date.isoformat(), clock_of(at), clock_of(start), start - at))
            at = max(at, end)
        date += dt.timedelta(days=1)
    return [dict(zip(("date", "start", "end", "minutes"), slot)) for slot in made]


def next_workday(date):
    while date.weekday() > 4:
        date += dt.timedelta(days=1)
    return date


def dates(params, path):
    day = dt.timedelta(days=1)
    rows = load(path)
    spans = {}
    while len(spans) < len(rows):
        for row in rows:
            waits = [name for name in row["after"].split("; ") if name]
            if row["task_id"] not in spans and all(name in spans for name in waits):
                first = dt.date.fromisoformat(params["start"])
                if waits:
                    first = next_workday(max(spans[name][1] for name in waits) + day)
                last = first
                for _ in range(int(row["workdays"]) - 1):
                    last = next_workday(last + day)
                spans[row["task_id"]] = first, last
    return [
        {
            "task_id": row["task_id"],
            "task": row["task"],
            "first_day": spans[row["task_id"]][0].isoformat(),
            "last_day": spans[row["task_id"]][1].isoformat(),
        }
        for row in rows
    ]


def run(params, inputs, output):
    save(output, {"runs": runs, "free": free, "dates": dates}[params["mode"]](params, inputs[0]))
