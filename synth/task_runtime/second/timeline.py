"""Logs and calendars, read line by line into dictionaries."""

from datetime import datetime


def entries(path):
    with open(path, "rb") as stream:
        lines = stream.read().decode("utf-8").splitlines()
    return list(read_log(lines) if path.endswith(".log") else read_diary(unfolded(lines)))


def read_log(lines):
    for line in lines:
        head = line.split(" ", 3)
        if len(head) < 4 or not head[0][:4].isdigit() or not head[2].endswith(":"):
            continue
        row = {"time": head[0], "level": head[1], "component": head[2][:-1]}
        words = head[3].split(" ")
        row["message"] = " ".join(word for word in words if "=" not in word)
        for word in words:
            name, equals, value = word.partition("=")
            if equals:
                row[name] = value
        yield row


def unfolded(lines):
    whole = []
    for line in lines:
        if line[:1] in (" ", "\t"):
            whole[-1] += line[1:]
        else:
            whole.append(line)
    return whole


def read_diary(lines):
    event = None
    for line in lines:
        if line == "BEGIN:VEVENT":
            event = {}
        elif line == "END:VEVENT":
            start, end = event.pop("DTSTART"), event.pop("DTEND")
            row = {name.lower(): value for name, value in event.items()}
            row.update(date=start.strftime("%Y-%m-%d"), minutes=(end - start).seconds // 60)
            row.update(start=start.strftime("%H:%M"), end=end.strftime("%H:%M"))
            yield row
            event = None
        elif event is not None:
            head, _, value = line.partition(":")
            name, *options = head.split(";")
            if name in ("DTSTART", "DTEND"):
                value = datetime.strptime(value[:13], "%Y%m%dT%H%M")
            for option in options:
                if name == "ORGANIZER" and option.startswith("CN="):
                    value = option[3:].strip('"')
            event[name] = value
