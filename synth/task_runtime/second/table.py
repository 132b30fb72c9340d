"""Rows from and to files, without the csv and json writers that the reference uses."""

import json
import pathlib


def cell(text):
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text) if "." in text and text[-1].isdigit() else text
    except ValueError:
        return text


def split_line(line, comma=","):
    """The cells of a line of CSV or TSV, quotes taken off."""
    cells, current, quoted, at = [], [], False, 0
    while at < len(line):
        char = line[at]
        if quoted and line[at : at + 2] == '""':
            current.append('"')
            at += 1
        elif char == '"':
            quoted = not quoted
        elif char == comma and not quoted:
            cells.append("".join(current))
            current = []
        else:
            current.append(char)
        at += 1
    return cells + ["".join(current)]


def read(path):
    text = pathlib.Path(path).read_text(encoding="utf-8")
    if path.endswith(".jsonl"):
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    if path.endswith(".json"):
        return json.loads(text)
    return [{name: cell(value) for name, value in row.items()} for row in texts(path)]


def texts(path):
    """The rows of a CSV or TSV file, each cell as the text that it is."""
    comma = "\t" if path.endswith(".tsv") else ","
    text = pathlib.Path(path).read_text(encoding="utf-8")
    lines = [split_line(line, comma) for line in text.splitlines() if line]
    return [dict(zip(lines[0], line)) for line in lines[1:]]


def quote(value, comma=","):
    text = "%.2f" % value if isinstance(value, float) else str(value)
    if any(mark in text for mark in comma + '"\n'):
        return '"' + text.replace('"', '""') + '"'
    return text


def write(path, rows, columns):
    """Rows in the form that the file's name says; `columns` also for no rows at all."""
    target = pathlib.Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.endswith((".csv", ".tsv")):
        comma = "\t" if path.endswith(".tsv") else ","
        lines = [columns] + [[row[name] for name in columns] for row in rows]
        text = "".join(comma.join(quote(c, comma) for c in line) + "\r\n" for line in lines)
    else:
        items = [json.dumps({name: row[name] for name in columns}) for row in rows]
        text = "\n".join(items) if path.endswith(".jsonl") else "[\n" + ",\n".join(items) + "\n]"
    target.write_bytes((text.rstrip("\n") + "\n").encode())
