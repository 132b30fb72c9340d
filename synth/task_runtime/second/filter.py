"""filter: strike out what must not stay, condition by condition."""

import calendar

from second.rows import figure, text, write
from second.tidy import read_tidy


def compare(cell, value):
    """-1, 0 or 1, as numbers where the value is one."""
    if isinstance(value, str):
        left, right = text(cell), value
    else:
        left, right = figure(cell), figure(repr(value))
    return (left > right) - (left < right)


def says_yes(cell, op, values):
    if text(cell) == "":
        return op == "missing"
    if op in ("==", "in", "!=", "not-in"):
        found = text(cell) in [text(value) for value in values]
        return found is (op in ("==", "in"))
    if op in ("contains", "month", "weekend"):
        return reads(text(cell), op, values)
    if op == "between":
        return compare(cell, values[0]) >= 0 and compare(cell, values[1]) <= 0
    if op == "<=":
        return compare(cell, values[0]) <= 0
    return op != "missing" and (compare(cell, values[0]) < 0) is (op == "<")


def reads(said, op, values):
    if op == "contains":
        return said.lower().find(values[0].lower()) >= 0
    if op == "month":
        return said.rpartition("-")[0] == values[0]
    year, month, day = map(int, said.split("-"))
    return calendar.weekday(year, month, day) in (calendar.SATURDAY, calendar.SUNDAY)


def run(params, inputs, output):
    names, rows = read_tidy(inputs[0], params["tidy"])
    votes = [0] * len(rows)
    for test in params["conditions"]:
        place = names.index(test["column"])
        for number, row in enumerate(rows):
            votes[number] += says_yes(row[place], test["op"], test["values"])
    enough = 1 if params["any_of"] else len(params["conditions"])
    kept = [number for number, count in enumerate(votes) if count >= enough]
    if params["order_by"]:
        place = names.index(params["order_by"])
        kept.sort(key=lambda number: (-figure(rows[number][place]), number))
    wanted = [names.index(name) for name in params["columns"] or names]
    write(output, [names[at] for at in wanted], [[rows[n][at] for at in wanted] for n in kept])
