"""fill: the template as a list of pieces between its gaps."""

import re
from pathlib import Path

from second.rows import figure, read, text


def run(params, inputs, output):
    names, rows = read(inputs[0])
    pieces = re.split(r"\{\{(\w+)\}\}", Path(inputs[1]).read_text("utf-8"))
    folder = Path(output)
    folder.mkdir(parents=True, exist_ok=True)
    for row in rows:
        cells = dict(zip(names, map(text, row)))
        if params["only_column"] and cells[params["only_column"]] != params["only_value"]:
            continue
        for name in params["figures"]:
            cells[name] = format(figure(cells[name]), ".2f")
        name = cells[params["name"]] + ".txt"
        said = [piece if at % 2 == 0 else cells[piece] for at, piece in enumerate(pieces)]
        (folder / name).write_text("".join(said).rstrip(), "utf-8")
