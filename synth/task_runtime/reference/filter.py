"""filter: the rows that meet the conditions."""

import datetime as dt

from reference.rows import save
from reference.tidy import load_tidy


def comparable(cell, value):
    """Both as numbers or both as text."""
    return (
        (str(cell), str(value))
        if isinstance(cell, str) != isinstance(value, str)
        else (cell, value)
    )


def at_least(cell, value):
    left, right = comparable(cell, value)
    return left >= right


def holds(cell, test):
    op, values = test["op"], test["values"]
    if cell == "" or cell is None:
        return op == "missing"
    return {
        "missing": lambda: False,
        "==": lambda: str(cell) in map(str, values),
        "in": lambda: str(cell) in map(str, values),
        "!=": lambda: str(cell) not in map(str, values),
        "not-in": lambda: str(cell) not in map(str, values),
        ">=": lambda: at_least(cell, values[0]),
        "<=": lambda: at_least(values[0], cell),
        "<": lambda: not at_least(cell, values[0]),
        "between": lambda: at_least(cell, values[0]) and at_least(values[1], cell),
        "contains": lambda: str(values[0]).casefold() in str(cell).casefold(),
        "month": lambda: cell[:7] == values[0],
        "weekend": lambda: dt.date.fromisoformat(cell).weekday() >= 5,
    }[op]()


def run(params, inputs, output):
    tests = params["conditions"]
    need = any if params["any_of"] else all
    rows = load_tidy(inputs[0], params["tidy"])
    kept = [row for row in rows if need(holds(row[t["column"]], t) for t in tests)]
    if params["order_by"]:
        kept.sort(key=lambda row: row[params["order_by"]], reverse=True)
    names = params["columns"] or list(rows[0])
    save(output, [{name: row[name] for name in names} for row in kept], names=names)
