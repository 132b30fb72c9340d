"""aggregate: columns first, then one pass over sorted groups."""

import itertools
import statistics
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from second.rows import figure, text, write
from second.tidy import read_tidy
from second.timeline import entries

WEEK = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


def table(path, how):
    if path.endswith((".log", ".ics")):
        rows = entries(path)
        names = list(rows[0])
        return names, [[row.get(name, "") for name in names] for row in rows]
    return read_tidy(path, how)


def part_of(cell, kind):
    """A sortable mark and the label of the group."""
    cell = text(cell)
    if kind in ("month", "quarter", "weekday"):
        day = date(*map(int, cell[:10].split("-")))
        if kind == "weekday":
            return day.isoweekday(), WEEK[day.isoweekday() - 1]
        if kind == "quarter":
            label = "%d-Q%d" % (day.year, -(-day.month // 3))
            return label, label
        return (day.year, day.month), "%d-%02d" % (day.year, day.month)
    if kind == "hour":
        hour = cell[11:13] if len(cell) > 10 else cell[:2]
        return hour, hour + ":00"
    if kind == "day":
        cell = cell[:10]
    return cell, cell


def compute(function, cells, size):
    if function == "count":
        return size
    if function == "distinct":
        return len(set(map(text, cells)))
    numbers = [n for n in map(figure, cells) if n is not None]
    if function == "sum":
        return sum(numbers, Decimal(0))
    if not numbers:
        return None
    made = {"min": min, "max": max, "mean": statistics.mean, "median": statistics.median}
    value = Decimal(made[function](numbers))
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


def run(params, inputs, output):
    names, rows = table(inputs[0], params["tidy"])
    keyed = []
    for row in rows:
        parts = [part_of(row[names.index(p["column"])], p["bucket"]) for p in params["by"]]
        keyed.append(([p[0] for p in parts], [p[1] for p in parts], row))
    keyed.sort(key=lambda item: item[0])
    header = [p["bucket"] or p["column"] for p in params["by"]]
    header += ["_".join(filter(None, (m["function"], m["column"]))) for m in params["measures"]]
    lines = []
    for _, members in itertools.groupby(keyed, key=lambda item: item[0]):
        members = list(members)
        line = list(members[0][1])
        for m in params["measures"]:
            at = names.index(m["column"]) if m["column"] else 0
            line.append(compute(m["function"], [item[2][at] for item in members], len(members)))
        lines.append(line)
    write(output, header, narrow(params, header, lines))


def narrow(params, header, lines):
    if params["having"]:
        at = header.index(params["having"]["column"])
        least = Decimal(repr(params["having"]["least"]))
        return [line for line in lines if line[at] is not None and line[at] >= least]
    if params["top"]:
        ranked = sorted((line[-1] for line in lines), reverse=True)
        limit = ranked[min(params["top"], len(ranked)) - 1]
        return [line for line in lines if line[-1] >= limit]
    return lines
