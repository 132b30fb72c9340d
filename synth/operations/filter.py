"""filter: keep the rows that meet every condition."""

import operator
import random
from collections.abc import Callable, Sequence
from typing import Literal

from synth.operations.base import Params, ParamsModel, listing, only_rows
from synth.rendering import plain
from synth.values import Cell, Field, Role, RowSet, Value

Comparison = Literal["==", "!=", ">=", "<"]

_TESTS: dict[str, Callable[[Cell, Cell], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<": operator.lt,
}
_SAYS = {"==": "is {}", "!=": "is not {}", ">=": "is {} or more", "<": "is below {}"}
_SAYS_DATE = {">=": "is {} or later", "<": "is before {}"}


class Condition(ParamsModel):
    """One comparison of a column with a value; numbers compare as numbers."""

    column: str
    op: Comparison
    value: str | int | float


class FilterParams(ParamsModel):
    """All conditions must hold."""

    conditions: tuple[Condition, ...]


class Filter:
    """Keep the rows that meet every condition, in their order."""

    name = "filter"

    def propose(self, rng: random.Random, inputs: Sequence[Value]) -> Params | None:
        """One or two conditions that keep some rows and drop some."""
        rows = only_rows(inputs)
        if rows.grouped or rows.duplicated or len(rows.rows) < 8:
            return None
        fields = rows.of_role(Role.CATEGORY, Role.MEASURE, Role.DATE)
        for _ in range(12):
            chosen = rng.sample(fields, min(len(fields), rng.choice((1, 1, 2))))
            params = FilterParams(conditions=tuple(_condition(rng, rows, f) for f in chosen))
            kept = len(self.apply(params.model_dump(mode="json"), inputs).rows)
            if 4 <= kept <= len(rows.rows) - 3:
                return params.model_dump(mode="json")
        return None

    def apply(self, params: Params, inputs: Sequence[Value]) -> RowSet:
        """The rows for which every comparison is true."""
        rows = only_rows(inputs)
        conditions = FilterParams.model_validate(params).conditions
        tests = [(rows.index(c.column), _TESTS[c.op], c.value) for c in conditions]
        return rows.with_rows(
            [row for row in rows.rows if all(test(row[at], value) for at, test, value in tests)]
        )

    def words(self, params: Params, inputs: Sequence[Value]) -> dict[str, str]:
        """`{conditions}`."""
        rows = only_rows(inputs)
        conditions = FilterParams.model_validate(params).conditions
        return {"conditions": listing([_say(c, rows.field(c.column)) for c in conditions])}

    def stem(self, params: Params, base: str, stems: Sequence[str]) -> str:
        """The feed and the first text value that rows must have."""
        for condition in FilterParams.model_validate(params).conditions:
            if condition.op == "==" and isinstance(condition.value, str):
                return f"{base}_{condition.value.lower().replace(' ', '_')}"
        return f"{base}_selected"


def _condition(rng: random.Random, rows: RowSet, field: Field) -> Condition:
    values = rows.values(field.name)
    if field.role is Role.CATEGORY:
        op: Comparison = rng.choice(("==", "==", "!="))
        return Condition(column=field.name, op=op, value=rng.choice(values))
    ranked = sorted(values, key=lambda value: (isinstance(value, str), value))
    pivot = ranked[int(len(ranked) * rng.uniform(0.25, 0.75))]
    return Condition(column=field.name, op=rng.choice((">=", "<")), value=_rounded(pivot))


def _rounded(value: Cell) -> Cell:
    """A threshold that a person would name."""
    if isinstance(value, str):
        return value
    step = 5 if value < 100 else 25
    return max(step, int(value // step) * step)


def _say(condition: Condition, field: Field) -> str:
    says = _SAYS_DATE if field.role is Role.DATE else _SAYS
    return f"`{condition.column}` {says[condition.op].format(plain(condition.value))}"
