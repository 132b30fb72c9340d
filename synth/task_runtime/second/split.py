"""split: by groups of row numbers."""

import re
from pathlib import Path

from second.rows import column, read, text, write


def names_of(params, names, rows):
    mode, size, count = params["mode"], params["size"], len(rows)
    if mode == "chunks":
        return ["part_%d" % (1 + place // size) for place in range(count)]
    if mode == "share":
        picked = set(range(size - 1, count, size))
        return ["sample" if place in picked else "rest" for place in range(count)]
    cells = [text(cell) for cell in column(names, rows, params["column"])]
    if mode == "month":
        return ["-".join(cell.split("-")[:2]) for cell in cells]
    return [re.sub(" ", "_", cell.lower()) for cell in cells]


def run(params, inputs, output):
    if params["mode"] == "sections":
        folder = Path(output)
        folder.mkdir(parents=True, exist_ok=True)
        whole = Path(inputs[0]).read_text("utf-8")
        for part in re.findall(r"(?ms)^## .*?(?=^## |\Z)", whole):
            heading = part.splitlines()[0][3:].strip()
            (folder / (heading + ".md")).write_text(part.strip(), "utf-8")
        return
    names, rows = read(inputs[0])
    labels = names_of(params, names, rows)
    for label in sorted(set(labels)):
        chosen = [row for row, other in zip(rows, labels) if other == label]
        write("%s/%s.%s" % (output, label, params["format"]), names, chosen)
