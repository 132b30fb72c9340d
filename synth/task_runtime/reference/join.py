"""join: two row files on a shared column."""

import re

from reference.rows import load, save


def loose(cell):
    return re.sub(r"[\s.,]+", "", str(cell)).casefold()


def run(params, inputs, output):
    on, right_on, how = params["on"], params["right_on"], params["how"]
    key = loose if params["keys"] == "loose" else str
    left, right = load(inputs[0]), load(inputs[1])
    added = [n for n in right[0] if n != right_on and n in (params.get("columns") or right[0])]
    partner = {key(row[right_on]): {n: row[n] for n in added} for row in right}
    blank = dict.fromkeys(added, "")
    found = [(row, partner.get(key(row[on]))) for row in left]
    if how == "missing":
        rows = [row for row, other in found if other is None]
    elif how == "left":
        rows = [{**row, **(blank if other is None else other)} for row, other in found]
    else:
        rows = [{**row, **other} for row, other in found if other is not None]
    save(output, rows, names=list(rows[0]) if rows else list(left[0]))
