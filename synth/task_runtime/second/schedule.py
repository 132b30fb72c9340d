"""schedule: minute by minute and day by day."""

from datetime import date, datetime, timedelta

from second.rows import read, text, write
from second.timeline import entries

WEEK = {
    name: number for number, name in enumerate(["sun", "mon", "tue", "wed", "thu", "fri", "sat"])
}


def run(params, inputs, output):
    header, rows = {"runs": runs, "free": free, "dates": dates}[params["mode"]](params, inputs[0])
    write(output, header, rows)


def matches(field, value):
    if "," in field:
        return any(matches(part, value) for part in field.split(","))
    if field == "*":
        return True
    if field.startswith("*/"):
        return value % int(field[2:]) == 0
    low, dash, high = field.partition("-")
    low = WEEK.get(low, low)
    high = WEEK.get(high, high) if dash else low
    return int(low) <= value <= int(high)


def due(job, moment):
    minute, hour, day, month, weekday = job[:5]
    if not (matches(minute, moment.minute) and matches(hour, moment.hour)):
        return False
    if not matches(month, moment.month):
        return False
    of_month = matches(day, moment.day)
    of_week = matches(weekday, int(moment.strftime("%w")))
    if day != "*" and weekday != "*":
        return of_month or of_week
    return of_month and of_week


def runs(params, path):
    with open(path, encoding="utf-8") as stream:
        jobs = [line.split(maxsplit=5) for line in stream if line[0].isdigit() or line[0] == "*"]
    rows, moment = [], datetime.strptime(params["start"], "%Y-%m-%d %H:%M")
    end = datetime.strptime(params["end"], "%Y-%m-%d %H:%M")
    while moment < end:
        said = moment.isoformat(sep=" ", timespec="minutes")
        rows += [[said, job[5].strip()] for job in jobs if due(job, moment)]
        moment += timedelta(minutes=1)
    return ["time", "command"], sorted(rows)


def at(clock):
    hours, minutes = clock.split(":")[:2]
    return int(hours) * 60 + int(minutes)


def listed(path):
    names, rows = read(path)
    return [dict(zip(names, map(text, row))) for row in rows]


def free(params, path):
    busy = set()
    for event in entries(path) if path.endswith(".ics") else listed(path):
        busy.update((event["date"], m) for m in range(at(event["start"]), at(event["end"])))
    rows, day = [], date(*map(int, params["start"].split("-")))
    while day.isoformat() <= params["end"]:
        begin = None
        for minute in range(at(params["opens"]), at(params["closes"]) + 1):
            taken = (day.isoformat(), minute) in busy or minute == at(params["closes"])
            if taken and begin is not None:
                if minute - begin >= params["minutes"] and day.isoweekday() < 6:
                    clocks = ["%02d:%02d" % (m // 60, m % 60) for m in (begin, minute)]
                    rows.append([day.isoformat(), *clocks, minute - begin])
                begin = None
            elif not taken and begin is None:
                begin = minute
        day += timedelta(days=1)
    return ["date", "start", "end", "minutes"], rows


def dates(params, path):
    names, lines = read(path)
    tasks = {line[names.index("task_id")]: dict(zip(names, line)) for line in lines}
    begin = date(*map(int, params["start"].split("-")))
    # Days are counted on a line of workdays that begins with the first.
    workdays = [d for d in (begin + timedelta(days=n) for n in range(900)) if d.isoweekday() < 6]

    def end(name):
        return start(name) + int(tasks[name]["workdays"])

    def start(name):
        waits = [w.strip() for w in text(tasks[name]["after"]).split(";") if w.strip()]
        return max(map(end, waits), default=0)

    rows = [
        [name, task["task"], str(workdays[start(name)]), str(workdays[end(name) - 1])]
        for name, task in tasks.items()
    ]
    return ["task_id", "task", "first_day", "last_day"], rows
