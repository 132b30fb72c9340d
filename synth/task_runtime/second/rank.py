"""rank: a rank is one more than the number of those that are ahead."""

from decimal import ROUND_HALF_UP, Decimal, localcontext

from second.rows import column, figure, read, text, write


def score_all(params, names, rows):
    if params["column"]:
        return list(map(figure, column(names, rows, params["column"])))
    if params["points"]:
        table, times = params["points"]["points"], params["points"]["times"]
        pairs = zip(column(names, rows, params["points"]["column"]), column(names, rows, times))
        return [Decimal(table[text(kind)]) * figure(times) for kind, times in pairs]
    with localcontext() as context:
        context.prec = 60
        totals = [Decimal(0)] * len(rows)
        for part in params["weights"]:
            cells = list(map(figure, column(names, rows, part["column"])))
            worst, best = min(cells), max(cells)
            if part["weight"] < 0:
                worst, best = best, worst
            for at, cell in enumerate(cells):
                totals[at] += abs(part["weight"]) * 100 * (cell - worst) / (best - worst)
        whole = sum(abs(part["weight"]) for part in params["weights"])
        cent = Decimal("0.01")
        return [(total / whole).quantize(cent, ROUND_HALF_UP) for total in totals]


def run(params, inputs, output):
    names, rows = read(inputs[0])
    scores = score_all(params, names, rows)
    sign = -1 if params["largest_first"] else 1
    at = names.index(params["within"]) if params["within"] else None
    lines = []
    for place, row in enumerate(rows):
        group = "" if at is None else text(row[at])
        rivals = [s for s, r in zip(scores, rows) if at is None or text(r[at]) == group]
        ahead = [s for s in rivals if sign * s < sign * scores[place]]
        rank = 1 + (len(ahead) if params["ties"] == "gaps" else len(set(ahead)))
        if params["top"] and rank > params["top"]:
            continue
        head = [rank] if params["column"] else [rank, scores[place]]
        lines.append(((group, rank, place), head + row))
    lines.sort(key=lambda line: line[0])
    header = ["rank"] if params["column"] else ["rank", "score"]
    write(output, header + names, [line for _, line in lines])
