"""search: lines that contain words, or texts by how often they have them."""

import os
import re

from reference.rows import save


def texts(place):
    """(path inside, lines) of every file, in order."""
    if os.path.isfile(place):
        paths = [(place, "")]
    else:
        found = [os.path.join(at, name) for at, _, names in os.walk(place) for name in names]
        paths = sorted((path, os.path.relpath(path, place)) for path in found)
    for path, name in paths:
        with open(path, encoding="utf-8") as stream:
            yield name, stream.read().splitlines()


def sections(lines):
    heading = None
    for line in lines:
        if line.startswith("## "):
            heading = line[3:].strip()
        elif heading:
            yield heading, line


def run(params, inputs, output):
    words = [word.casefold() for word in params["words"]]
    if params["mode"] == "lines":
        rows = []
        for name, lines in texts(inputs[0]):
            for number, line in enumerate(lines, 1):
                if all(word in line.casefold() for word in words):
                    row = {"file": name} if params["many"] else {}
                    row.update(line=number, text=line.strip())
                    rows.append(row)
        save(output, rows)
        return
    hits = {}
    for name, lines in texts(inputs[0]):
        for part, line in ((name, line) for line in lines) if name else sections(lines):
            count = sum(word in words for word in re.findall(r"[^\W_]+", line.casefold()))
            hits[part] = hits.get(part, 0) + count
    best = sorted((-count, part) for part, count in hits.items() if count)[: params["most"]]
    place = "file" if params["many"] else "section"
    save(output, [{"rank": n, place: p, "hits": -c} for n, (c, p) in enumerate(best, 1)])
