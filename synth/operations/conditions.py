"""Conditions on rows: which there are, when they hold, how they are chosen and said."""

import operator
import random
import re
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from typing import Literal

from synth.operations.base import ParamsModel, listing
from synth.values import Cell, Field, Role, Row, RowSet, plain

Comparison = Literal[
    "==",
    "!=",
    ">=",
    "<=",
    "<",
    "between",
    "in",
    "not-in",
    "contains",
    "missing",
    "month",
    "weekend",
]

_ORDER: dict[str, Callable[[Cell, Cell], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "<": operator.lt,
}
_SAYS = {
    "==": "is {}",
    "!=": "is not {}",
    ">=": "is {} or more",
    "<=": "is {} or less",
    "<": "is below {}",
    "between": "is from {} to {}, both included",
    "contains": "contains `{}` (in any case)",
    "missing": "is missing",
    "month": "lies in {}",
    "weekend": "is a Saturday or a Sunday",
}
_SAYS_DATE = {
    ">=": "is {} or later",
    "<": "is before {}",
    "between": "is from {} to {}, both days included",
}


_DAY = re.compile(r"\d{4}-\d\d-\d\d")


class Condition(ParamsModel):
    """One comparison of a column with values; numbers compare as numbers.

    `values` are one, two for `between`, some for `in` and `not-in`, none for `missing` and
    `weekend`; `month` has YYYY-MM. A missing figure meets `missing` alone.
    """

    column: str
    op: Comparison
    values: tuple[str | int | float, ...] = ()

    def holds(self, cell: Cell) -> bool:
        """Whether a cell meets it."""
        if self.op == "missing":
            return cell == ""
        if cell == "":
            return False
        return self._compares(cell)

    def _compares(self, cell: Cell) -> bool:
        match self.op:
            case "==" | "in":
                return cell in self.values
            case "!=" | "not-in":
                return cell not in self.values
            case "between":
                low, high = self.values
                return _ORDER[">="](cell, low) and _ORDER[">="](high, cell)
            case ">=" | "<=" | "<":
                return _ORDER[self.op](cell, self.values[0])
            case _:
                return self._fits(str(cell))

    def _fits(self, text: str) -> bool:
        if self.op == "weekend":
            return date.fromisoformat(text).isoweekday() > 5
        wanted = str(self.values[0])
        if self.op == "month":
            return text.startswith(wanted)
        return wanted.casefold() in text.casefold()


def choose_condition(rng: random.Random, rows: RowSet, field: Field, *, hard: bool) -> Condition:
    """A condition on one column that a person might set; `hard` allows the less common ones."""
    chooser = {
        Role.CATEGORY: _on_category,
        Role.DATE: _on_date,
        Role.TEXT: _on_text,
        Role.LINK: _on_text,
    }.get(field.role, _on_measure)
    return chooser(rng, rows, field, hard)


def _on_category(rng: random.Random, rows: RowSet, field: Field, hard: bool) -> Condition:
    values = sorted({str(value) for value in rows.values(field.name)})
    op: Comparison = rng.choice(("==", "==", "!=", *(("in", "not-in") if hard else ())))
    if op in ("in", "not-in") and len(values) > 3:
        return Condition(column=field.name, op=op, values=tuple(rng.sample(values, 2)))
    op = "==" if op == "in" else "!=" if op == "not-in" else op
    return Condition(column=field.name, op=op, values=(rng.choice(rows.values(field.name)),))


def _on_date(rng: random.Random, rows: RowSet, field: Field, hard: bool) -> Condition:
    days = sorted(str(value) for value in rows.values(field.name))
    pivot = days[int(len(days) * rng.uniform(0.25, 0.75))]
    op: Comparison = rng.choice((">=", "<", *(("between", "month", "weekend") if hard else ())))
    values: tuple[str, ...] = (pivot,)
    if op == "between":
        last = date.fromisoformat(pivot) + timedelta(days=rng.choice((6, 13, 20, 30)))
        values = (pivot, last.isoformat())
    elif op == "month":
        values = (pivot[:7],)
    elif op == "weekend":
        values = ()
    return Condition(column=field.name, op=op, values=values)


def _on_measure(rng: random.Random, rows: RowSet, field: Field, hard: bool) -> Condition:
    known = [value for value in rows.values(field.name) if not isinstance(value, str)]
    if len(known) < len(rows.rows) and rng.random() < 0.25:
        return Condition(column=field.name, op="missing")
    ranked = sorted(known) or [0]
    low = _rounded(ranked[int(len(ranked) * rng.uniform(0.2, 0.7))])
    op: Comparison = rng.choice((">=", "<", *(("between",) if hard else ())))
    if op != "between":
        return Condition(column=field.name, op=op, values=(low,))
    high = _rounded(ranked[int(len(ranked) * 0.9)])
    return Condition(column=field.name, op=op, values=(low, max(high, low + 5)))


def _on_text(rng: random.Random, rows: RowSet, field: Field, hard: bool) -> Condition:
    words = Counter(
        word
        for value in rows.values(field.name)
        for word in {word.casefold() for word in str(value).split()}
        if len(word) > 3 and word.isalpha()
    )
    common = sorted(word for word, count in words.items() if count > 2)
    filled = [said for cell in rows.values(field.name) if (said := str(cell))]
    if not common and not filled:
        return Condition(column=field.name, op="missing")
    value = rng.choice(common) if common else rng.choice(filled)
    return Condition(column=field.name, op="contains", values=(value,))


def _rounded(value: float) -> int:
    """A threshold that a person would name."""
    step = 5 if value < 100 else 25
    return max(step, int(value // step) * step)


def say_condition(condition: Condition, field: Field, *, alone: bool = True) -> str:
    """As a clause: "`amount` is 50 or more"; beside others, "either" says where it begins."""
    column = f"`{condition.column}`"
    said = [plain(value) for value in condition.values]
    if condition.op == "in":
        names = [f"`{value}`" for value in said]
        if len(names) > 2:
            return f"{column} is one of {listing(names)}"
        return f"{column} is {'' if alone else 'either '}{' or '.join(names)}"
    if condition.op == "not-in":
        return f"{column} is neither {' nor '.join(f'`{value}`' for value in said)}"
    if condition.op in ("==", "!="):
        said = [
            f"`{value}`" if isinstance(v, str) else value
            for value, v in zip(said, condition.values, strict=True)
        ]
    dated = field.role is Role.DATE or any(_DAY.fullmatch(value) for value in said)
    says = (_SAYS_DATE if dated else {}).get(condition.op)
    return f"{column} {(says or _SAYS[condition.op]).format(*said)}"


def say_conditions(conditions: tuple[Condition, ...], rows: RowSet, *, any_of: bool) -> str:
    """All of them as one clause, joined by `and`, or by `or` with `any_of`."""
    alone = len(conditions) == 1
    said = [say_condition(one, rows.field(one.column), alone=alone) for one in conditions]
    return " or ".join(said) if any_of else listing(said)


def meets(row: Row, tests: list[tuple[int, Condition]], *, any_of: bool) -> bool:
    """Whether a row meets conditions, each with the place of its column."""
    results = (condition.holds(row[place]) for place, condition in tests)
    return any(results) if any_of else all(results)
