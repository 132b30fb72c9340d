"""extract: entries of a log, a mailbox or a calendar, or rows in some form, to rows."""

import email
import email.policy
import email.utils
import mailbox
import os
import re

from reference.forms import read as read_form
from reference.rows import number, save


def read_log(path):
    entry = re.compile(r"(\d{4}-\d\d-\d\dT\S+) (\w+) ([\w.-]+): (.*)")
    rows = []
    with open(path, encoding="utf-8") as stream:
        for line in stream:
            found = entry.match(line)
            if found:
                time, level, component, text = found.groups()
                words = text.split(" ")
                first = next((i for i, word in enumerate(words) if "=" in word), len(words))
                row = dict(
                    time=time, level=level, component=component, message=" ".join(words[:first])
                )
                row.update(word.split("=", 1) for word in words[first:])
                rows.append({name: number(value) for name, value in row.items()})
    return rows


def read_mailbox(path):
    rows = []
    for message in mailbox.mbox(
        path, factory=lambda f: email.message_from_binary_file(f, policy=email.policy.default)
    ):
        day = email.utils.parsedate_to_datetime(str(message["date"])).date().isoformat()
        row = {"date": day, "from": email.utils.parseaddr(str(message["from"]))[1].lower()}
        row["subject"] = str(message["subject"])
        body = message.get_content()
        row.update(
            (name.lower().replace(" ", "_"), number(value.strip()))
            for name, value in re.findall(r"(?m)^(\w[\w ]*): (.*)$", body)
        )
        rows.append(row)
    return rows


def read_calendar(path):
    with open(path, encoding="utf-8", newline="") as stream:
        text = re.sub(r"\r?\n[ \t]", "", stream.read())
    rows = []
    for event in re.findall(r"BEGIN:VEVENT(.*?)END:VEVENT", text, re.DOTALL):
        value = {name: rest for name, rest in re.findall(r"(?m)^(\w+)(.*?)\r?$", event)}
        start, end = (
            re.search(r"(\d{8})T(\d\d)(\d\d)", value[name]).groups()
            for name in ("DTSTART", "DTEND")
        )
        minutes = int(end[1]) * 60 + int(end[2]) - int(start[1]) * 60 - int(start[2])
        rows.append(
            {
                "date": "-".join((start[0][:4], start[0][4:6], start[0][6:])),
                "start": "%s:%s" % start[1:],
                "end": "%s:%s" % end[1:],
                "summary": value["SUMMARY"].lstrip(":"),
                "location": value["LOCATION"].lstrip(":"),
                "organizer": re.search(r"CN=([^:;]+)", value["ORGANIZER"]).group(1),
                "minutes": minutes,
            }
        )
    return rows


READERS = {".log": read_log, ".mbox": read_mailbox, ".ics": read_calendar}


def run(params, inputs, output):
    if params["form"]:
        save(output, read_form(inputs[0], params))
        return
    rows = READERS[os.path.splitext(inputs[0])[1]](inputs[0])
    save(output, [{name: row[name] for name in params["fields"]} for row in rows])
