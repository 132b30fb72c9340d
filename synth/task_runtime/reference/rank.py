"""rank: rows by a figure or a score, numbered."""

from fractions import Fraction

from reference.rows import load, save


def scores(params, rows):
    if params["column"]:
        return [row[params["column"]] for row in rows]
    if params["points"]:
        how = params["points"]
        return [
            round(how["points"][str(row[how["column"]])] * row[how["times"]], 2) for row in rows
        ]
    total = sum(abs(part["weight"]) for part in params["weights"])
    made = [Fraction(0)] * len(rows)
    for part in params["weights"]:
        cells = [Fraction(str(row[part["column"]])) for row in rows]
        low, high = min(cells), max(cells)
        for at, cell in enumerate(cells):
            share = (cell - low) / (high - low)
            made[at] += abs(part["weight"]) * (share if part["weight"] > 0 else 1 - share)
    return [float(round(100 * score / total, 2)) for score in made]


def number(params, scored):
    """(rank, score, row) of rows that are in order."""
    rank = 0
    for at, (score, row) in enumerate(scored):
        if at == 0 or score != scored[at - 1][0]:
            rank = at + 1 if params["ties"] == "gaps" else rank + 1
        if not params["top"] or rank <= params["top"]:
            yield rank, score, row


def run(params, inputs, output):
    rows = load(inputs[0])
    scored = list(zip(scores(params, rows), rows))
    scored.sort(key=lambda pair: pair[0], reverse=params["largest_first"])
    groups = {}
    for score, row in scored:
        groups.setdefault(str(row[params["within"]]) if params["within"] else "", []).append(
            (score, row)
        )
    result = []
    for name in sorted(groups):
        for rank, score, row in number(params, groups[name]):
            head = {"rank": rank} if params["column"] else {"rank": rank, "score": score}
            result.append({**head, **row})
    save(output, result)
