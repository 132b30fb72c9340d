"""The reference solution of one task: does the steps of `steps.json` on the files as they are.

Standard library of Python 3.9+ only. It knows the parameters that the instruction states, and none
of the expected values: that it reaches them from the files is the proof that the task is solvable.
"""

import configparser
import csv
import email
import email.policy
import email.utils
import json
import mailbox
import math
import os
import re

NUMBER = re.compile(r"-?\d+(\.\d+)?")


def number(text):
    """A cell as a number where it is one and was meant as one."""
    if isinstance(text, str) and NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    return text


def load(path):
    with open(path, encoding="utf-8", newline="") as stream:
        if path.endswith(".csv"):
            return [{k: number(v) for k, v in row.items()} for row in csv.DictReader(stream)]
        if path.endswith(".jsonl"):
            return [json.loads(line) for line in stream if line.strip()]
        return json.load(stream)


def save(path, rows):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as stream:
        if path.endswith(".csv"):
            writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        elif path.endswith(".jsonl"):
            stream.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        else:
            json.dump(rows, stream, ensure_ascii=False, indent=2)


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
            (name.lower(), number(value.strip()))
            for name, value in re.findall(r"(?m)^(\w+): (.*)$", body)
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


def extract(params, source):
    rows = READERS[os.path.splitext(source)[1]](source)
    return [{name: row[name] for name in params["fields"]} for row in rows]


def holds(cell, op, value):
    if isinstance(cell, str) != isinstance(value, str):
        cell, value = str(cell), str(value)
    return {"==": cell == value, "!=": cell != value, ">=": cell >= value, "<": cell < value}[op]


def filter_rows(params, source):
    tests = params["conditions"]
    return [
        row
        for row in load(source)
        if all(holds(row[t["column"]], t["op"], t["value"]) for t in tests)
    ]


def deduplicate(params, source):
    chosen = {}
    for row in load(source):
        name = row[params["key"]].strip().casefold()
        if params["keep"] == "last" or name not in chosen:
            chosen[name] = row
    return list(chosen.values())


def join(params, source, right):
    partner = {row[params["on"]]: row for row in load(right)}
    return [
        {**partner[row[params["on"]]], **row}
        for row in load(source)
        if row[params["on"]] in partner
    ]


def aggregate(params, source):
    groups = {}
    for row in load(source):
        groups.setdefault(tuple(str(row[name]) for name in params["by"]), []).append(row)
    result = []
    for group in sorted(groups):
        made = {name: groups[group][0][name] for name in params["by"]}
        for measure in params["measures"]:
            column, function = measure["column"], measure["function"]
            cells = [row[column] for row in groups[group]] if column else groups[group]
            if function == "count":
                made["count"] = len(cells)
            elif function == "mean":
                made["mean_" + column] = round(sum(cells) / len(cells), 2)
            else:
                made[function + "_" + column] = round(
                    {"sum": sum, "min": min, "max": max}[function](cells), 2
                )
        result.append(made)
    return result


def convert(params, source):
    return load(source)


def update(params, source, right=None):
    changes = {}
    if params["mode"] == "scale":
        parser = configparser.RawConfigParser(delimiters=("=",))
        parser.optionxform = str
        parser.read(source, encoding="utf-8")
        for section in parser.sections():
            if parser.has_option(section, params["key"]):
                value = math.floor(int(parser.get(section, params["key"])) * params["factor"] + 0.5)
                changes[section, params["key"]] = str(value)
    else:
        for row in load(right):
            changes[params["section"], str(row[params["key_column"]])] = str(
                row[params["value_column"]]
            )
    with open(source, encoding="utf-8") as stream:
        lines = edit_lines(stream.read().splitlines(), changes)
    with open(source, "w", encoding="utf-8") as stream:
        stream.write("\n".join(lines) + "\n")


def edit_lines(lines, changes):
    """Replace values in place, and add the keys that a section lacks at its end."""
    todo, section, result = dict(changes), None, []
    for line in lines + ["["]:
        if line.startswith("["):
            missing = [key for where, key in todo if where == section]
            result += ["%s = %s" % (key, todo.pop((section, key))) for key in missing]
            section = line.strip()[1:-1]
        key = line.split("=")[0].strip()
        if "=" in line and (section, key) in todo:
            line = "%s = %s" % (key, todo.pop((section, key)))
        result.append(line)
    return result[:-1]


def report(params, source):
    rows = load(source)
    names = list(rows[0])
    lines = [
        "# " + params["title"],
        "",
        "| " + " | ".join(names) + " |",
        "|" + " --- |" * len(names),
    ]
    lines += ["| " + " | ".join(str(row[name]) for name in names) + " |" for row in rows]
    lines += [""] + [
        "Total %s: %s\n" % (name, round(sum(row[name] for row in rows), 2))
        for name in params["totals"]
    ]
    return "\n".join(lines)


OPERATIONS = {
    "extract": extract,
    "filter": filter_rows,
    "deduplicate": deduplicate,
    "join": join,
    "aggregate": aggregate,
    "convert": convert,
    "update": update,
    "report": report,
}


def main():
    with open(
        os.path.join(os.path.dirname(os.path.abspath(__file__)), "steps.json"), encoding="utf-8"
    ) as stream:
        steps = json.load(stream)
    for step in steps:
        result = OPERATIONS[step["operation"]](step["params"], *step["inputs"])
        if isinstance(result, str):
            os.makedirs(os.path.dirname(step["output"]) or ".", exist_ok=True)
            with open(step["output"], "w", encoding="utf-8") as stream:
                stream.write(result)
        elif result is not None:
            save(step["output"], result)


if __name__ == "__main__":
    main()
