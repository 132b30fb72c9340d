"""split: one file into several."""

import os

from reference.rows import load, save


def sections(source, folder):
    os.makedirs(folder, exist_ok=True)
    parts = {}
    with open(source, encoding="utf-8") as stream:
        name = None
        for line in stream:
            if line.startswith("## "):
                name = line[3:].strip() + ".md"
            if name:
                parts.setdefault(name, []).append(line)
    for name, lines in parts.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as stream:
            stream.write("".join(lines).strip() + "\n")


def part_of(params, number, row):
    if params["mode"] == "value":
        return str(row[params["column"]]).lower().replace(" ", "_")
    if params["mode"] == "month":
        return str(row[params["column"]])[:7]
    if params["mode"] == "chunks":
        return "part_%d" % (number // params["size"] + 1)
    return "rest" if (number + 1) % params["size"] else "sample"


def run(params, inputs, output):
    if params["mode"] == "sections":
        sections(inputs[0], output)
        return
    parts = {}
    for number, row in enumerate(load(inputs[0])):
        parts.setdefault(part_of(params, number, row), []).append(row)
    for name, rows in parts.items():
        save("%s/%s.%s" % (output, name, params["format"]), rows)
