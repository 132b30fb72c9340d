"""join: sort the partners, then look each key up by halving."""

from bisect import bisect_left

from second.rows import read, text, write


def key_of(cell, loosely):
    if not loosely:
        return text(cell)
    return "".join(c for c in text(cell) if not c.isspace() and c not in ".,").lower()


def run(params, inputs, output):
    names, rows = read(inputs[0])
    right_names, right_rows = read(inputs[1])
    loosely = params["keys"] == "loose"
    at, right_at = names.index(params["on"]), right_names.index(params["right_on"])
    wanted = params.get("columns") or right_names
    extra = [n for n in range(len(right_names)) if n != right_at and right_names[n] in wanted]
    book = sorted((key_of(row[right_at], loosely), [row[n] for n in extra]) for row in right_rows)
    keys = [key for key, _ in book]
    kept = []
    for row in rows:
        key = key_of(row[at], loosely)
        place = bisect_left(keys, key)
        partner = book[place][1] if place < len(keys) and keys[place] == key else None
        if params["how"] == "missing":
            if partner is None:
                kept.append(row)
        elif partner is not None:
            kept.append(row + partner)
        elif params["how"] == "left":
            kept.append(row + [None] * len(extra))
    added = [] if params["how"] == "missing" else [right_names[n] for n in extra]
    write(output, names + added, kept)
