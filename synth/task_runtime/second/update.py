"""update: line by line, on the text as it is."""

import json
import re
from decimal import Decimal
from pathlib import Path

from second.rows import figure, read, text, write


def whole(number):
    """To the nearest whole number, halves up."""
    return int((number * 2 + 1) // 2)


def settings(path, params, more):
    wanted = {}
    if more:
        names, rows = read(more[0])
        key, value = names.index(params["key_column"]), names.index(params["value_column"])
        wanted = {text(row[key]): text(row[value]) for row in rows}
    section, made = "", []
    for line in path.read_text("utf-8").splitlines() + ["[end]"]:
        if re.match(r"\s*\[", line):
            if more and section == params["section"]:
                made += ["%s = %s" % pair for pair in wanted.items()]
                wanted = {}
            section = line.strip()[1:-1]
        key, equals, value = map(str.strip, line.partition("="))
        if equals and not line.lstrip().startswith(("#", ";")):
            if more and section == params["section"] and key in wanted:
                line = "%s = %s" % (key, wanted.pop(key))
            elif not more and key == params["key"]:
                scaled = Decimal(value) * Decimal(str(params["factor"]))
                line = "%s = %d" % (key, whole(scaled))
        made.append(line)
    path.write_text("\n".join(made[:-1]) + "\n", "utf-8")


def rows_of(path, params):
    names, rows = read(str(path))
    place = names.index(params["column"])
    where = names.index(params["key_column"] if params["mode"] == "mark" else params["where"])
    chosen = params["keys"] if params["mode"] == "mark" else [params["value"]]
    for row in rows:
        if text(row[where]) not in chosen:
            continue
        if params["mode"] == "mark":
            row[place] = params["value"]
        else:
            cents = figure(row[place]) * (100 + params["percent"])
            row[place] = "%.2f" % (whole(cents) / 100)
    if path.suffix in (".csv", ".tsv"):
        write(str(path), names, rows)
        return
    plain = [dict(zip(names, map(native, row))) for row in rows]
    if params["mode"] == "raise":
        for item in plain:
            item[params["column"]] = float(item[params["column"]])
    lines = [json.dumps(item) for item in plain]
    path.write_text(
        "\n".join(lines) + "\n" if path.suffix == ".jsonl" else "[%s]" % ",".join(lines), "utf-8"
    )


def native(cell):
    return float(cell) if isinstance(cell, Decimal) else cell


def run(params, inputs, output):
    path = Path(inputs[0])
    if params["mode"] == "tick":
        pattern = r"(?im)^- (?=.*%s)" % re.escape(params["term"])
        path.write_text(re.sub(pattern, "- [x] ", path.read_text("utf-8")), "utf-8")
    elif params["mode"] in ("mark", "raise"):
        rows_of(path, params)
    else:
        settings(path, params, inputs[1:])
