"""The entries of logs and calendars as rows."""

import re

ENTRY = re.compile(r"(\d{4}-\d\d-\d\dT\S+) (\w+) ([\w.-]+): (.*)")
PAIR = re.compile(r"(?:^| )(\w+)=(\S+)")


def is_timeline(path):
    return path.endswith((".log", ".ics"))


def load_entries(path):
    with open(path, encoding="utf-8", newline="") as stream:
        text = stream.read()
    return log_rows(text) if path.endswith(".log") else calendar_rows(text)


def log_rows(text):
    rows = []
    for line in text.splitlines():
        found = ENTRY.match(line)
        if found:
            row = dict(zip(("time", "level", "component", "message"), found.groups()))
            row.update(PAIR.findall(row["message"]))
            row["message"] = PAIR.sub("", row["message"]).strip()
            rows.append(row)
    return rows


def clock(stamp):
    found = re.search(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)", stamp)
    return found.group(1, 2, 3), found.group(4, 5)


def calendar_rows(text):
    rows = []
    text = re.sub(r"\r?\n[ \t]", "", text)
    for event in re.findall(r"BEGIN:VEVENT(.*?)END:VEVENT", text, re.DOTALL):
        fields = dict(re.findall(r"(?m)^([A-Z]+)((?:;[^:\r\n]*)?:[^\r\n]*)", event))
        (day, start), (_, end) = clock(fields["DTSTART"]), clock(fields["DTEND"])
        name = re.search(r'CN="?([^:;"]+)', fields["ORGANIZER"])
        rows.append(
            {
                "date": "-".join(day),
                "start": ":".join(start),
                "end": ":".join(end),
                "summary": fields["SUMMARY"].partition(":")[2],
                "location": fields["LOCATION"].partition(":")[2],
                "organizer": name.group(1) if name else "",
                "minutes": int(end[0]) * 60 + int(end[1]) - int(start[0]) * 60 - int(start[1]),
            }
        )
    return rows
