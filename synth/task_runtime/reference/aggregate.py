"""aggregate: figures of every group."""

import datetime as dt

from reference.rows import number, save
from reference.tidy import load_tidy
from reference.timeline import is_timeline, load_entries

DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


def bucket(cell, name):
    cell = str(cell)
    if name == "month":
        return cell[:7]
    if name == "quarter":
        return "%s-Q%d" % (cell[:4], (int(cell[5:7]) + 2) // 3)
    if name == "weekday":
        return DAYS[dt.date.fromisoformat(cell[:10]).weekday()]
    if name == "day":
        return cell[:10]
    if name == "hour":
        return cell.replace(" ", "T").split("T")[-1][:2] + ":00"
    return cell


def median(cells):
    cells = sorted(cells)
    half = len(cells) // 2
    return cells[half] if len(cells) % 2 else (cells[half - 1] + cells[half]) / 2


FIGURES = {
    "sum": sum,
    "min": min,
    "max": max,
    "mean": lambda cells: sum(cells) / len(cells),
    "median": median,
}


def figure(measure, rows):
    column, function = measure["column"], measure["function"]
    if function == "count":
        return len(rows)
    if function == "distinct":
        return len({str(row[column]) for row in rows})
    cells = [number(row[column]) for row in rows if row[column] not in ("", None)]
    if not cells:
        return 0 if function == "sum" else ""
    return round(FIGURES[function](cells), 2)


def name_of(part):
    return part["bucket"] or part["column"]


def order(by):
    def key(group):
        return [
            str(DAYS.index(value)) if part["bucket"] == "weekday" else value
            for part, value in zip(by, group)
        ]

    return key


def run(params, inputs, output):
    by = params["by"]
    path = inputs[0]
    rows = load_entries(path) if is_timeline(path) else load_tidy(path, params["tidy"])
    groups = {}
    for row in rows:
        group = tuple(bucket(row[part["column"]], part["bucket"]) for part in by)
        groups.setdefault(group, []).append(row)
    result = []
    for group in sorted(groups, key=order(by)):
        made = dict(zip(map(name_of, by), group))
        for m in params["measures"]:
            made[m["function"] + ("_" + m["column"] if m["column"] else "")] = figure(
                m, groups[group]
            )
        result.append(made)
    having = params["having"]
    if having:
        result = [
            r
            for r in result
            if r[having["column"]] != "" and r[having["column"]] >= having["least"]
        ]
    if params["top"]:
        last = list(result[0])[-1]
        chosen = sorted(result, key=lambda r: r[last], reverse=True)[: params["top"]]
        result = [r for r in result if r in chosen]
    save(output, result)
