"""filter: keep the rows that meet every condition."""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from clawgym.artifact import ArtifactKind
from synth.knobs import Knobs
from synth.operations.base import GroundedOperation, Params, ParamsModel, listing
from synth.operations.conditions import (
    Condition,
    choose_condition,
    meets,
    say_conditions,
)
from synth.operations.tidying import (
    Tidy,
    demote_gaps,
    feed_sources,
    meant,
    say_tidy,
    tidy_of,
    tidy_rows,
)
from synth.values import Role, Row, RowSet, Value
from synth.world import Source, World

_TRIES = 12
_TELLING = re.compile(r"(?!(?:yes|no|none)$)[A-Za-z][A-Za-z /_-]*")
"""Values that say something in the name of a file."""

_OTHER = {">=": "<", "<": ">=", "==": "!=", "!=": "==", "in": "not-in", "not-in": "in"}
_ROLES = (Role.CATEGORY, Role.MEASURE, Role.DATE)


class FilterParams(ParamsModel):
    """All conditions must hold, or one of them with `any_of`.

    `columns` are those that are wanted, none for all. With `order_by` the rows come by that column,
    largest first; rows that are equal in it in their order.
    """

    conditions: tuple[Condition, ...]
    any_of: bool = False
    columns: tuple[str, ...] = ()
    order_by: str = ""
    tidy: Tidy | None = None


class Filter(GroundedOperation):
    """Keep the rows that meet every condition, in their order."""

    name = "filter"
    kinds = (ArtifactKind.TABLE, ArtifactKind.RECORDS)

    def sources(
        self, rng: random.Random, world: World, kind: ArtifactKind
    ) -> Sequence[Source] | None:
        """The events, at times written carelessly."""
        return feed_sources(rng, world, kind)

    def propose(self, rng: random.Random, inputs: Sequence[Value], knobs: Knobs) -> Params | None:
        """One to three conditions that keep some rows and drop some."""
        rows = tidy_rows(inputs)
        if rows is None or rows.grouped or len(rows.rows) < 6:
            return None
        hard = knobs.level > 2
        roles = (*_ROLES, Role.TEXT, Role.LINK) if hard else _ROLES
        fields = [
            field
            for field in rows.of_role(*roles)
            if field.name not in rows.key and (field.role is Role.MEASURE or not field.numeric)
        ]
        for _ in range(_TRIES if fields else 0):
            chosen = rng.sample(fields, min(len(fields), _count(rng, knobs)))
            conditions = tuple(choose_condition(rng, rows, f, hard=hard) for f in chosen)
            any_of = hard and len(conditions) == 2 and rng.random() < 0.3
            params = FilterParams(
                conditions=conditions, any_of=any_of, tidy=tidy_of(inputs)
            ).model_dump(mode="json")
            if 3 <= len(self.apply(params, inputs).rows) <= len(rows.rows) - 2:
                return _shape(rng, params, rows, hard=hard)
        return None

    def apply(self, params: Params, inputs: Sequence[Value]) -> RowSet:
        """The rows for which the conditions are true."""
        rows, wanted = meant(inputs), FilterParams.model_validate(params)
        tests = [(rows.index(c.column), c) for c in wanted.conditions]
        return _finish(
            rows, wanted, [row for row in rows.rows if meets(row, tests, any_of=wanted.any_of)]
        )

    def mistakes(
        self, rng: random.Random, params: Params, inputs: Sequence[Value]
    ) -> Iterator[Value]:
        """One condition forgotten or turned around; another order; one row overlooked."""
        wanted, right = FilterParams.model_validate(params), self.apply(params, inputs)
        for number, condition in enumerate(wanted.conditions):
            others = [c for at, c in enumerate(wanted.conditions) if at != number]
            for changed in _misread(condition):
                wrong = replace_conditions(wanted, (*others, changed))
                result = self.apply(wrong.model_dump(mode="json"), inputs)
                if result.rows and sorted(result.rows, key=str) != sorted(right.rows, key=str):
                    yield result
        if wanted.order_by and len(set(right.rows)) > 1:
            yield replace(right, rows=tuple(reversed(right.rows)))
        lost = rng.randrange(len(right.rows))
        yield right.with_rows([row for number, row in enumerate(right.rows) if number != lost])

    def words(self, params: Params, inputs: Sequence[Value]) -> dict[str, str]:
        """`{conditions}`, `{columns}`, `{order}`; `{shape}` and `{tidy}`, which may be empty."""
        rows, wanted = meant(inputs), FilterParams.model_validate(params)
        columns = listing([f"`{name}`" for name in wanted.columns])
        order = f"by `{wanted.order_by}`, largest first, equal ones in their old order"
        shape = f" I only need the columns {columns}, in this order." if columns else ""
        shape += f" Sort them {order}." if wanted.order_by else ""
        gaps = "no comparison holds for it and it stays empty"
        return {
            "conditions": say_conditions(wanted.conditions, rows, any_of=wanted.any_of),
            "columns": f"only the columns {columns}" if columns else "all columns",
            "order": f"sorted {order}" if wanted.order_by else "rows in the same order",
            "shape": shape,
            "tidy": say_tidy(wanted.tidy, gaps, written=True),
        }

    def stem(self, params: Params, base: str, stems: Sequence[str]) -> str:
        """The feed and the first text value that rows must have."""
        wanted = FilterParams.model_validate(params)
        for condition in () if wanted.any_of else wanted.conditions:
            value = condition.values[0] if condition.values else ""
            if condition.op == "==" and isinstance(value, str) and _TELLING.fullmatch(value):
                return f"{value.lower().replace(' ', '_').replace('/', '_')}_{base}"
        return f"selected_{base}"


def replace_conditions(wanted: FilterParams, conditions: tuple[Condition, ...]) -> FilterParams:
    """The same selection by other conditions."""
    return wanted.model_copy(update={"conditions": conditions})


def _count(rng: random.Random, knobs: Knobs) -> int:
    return rng.choice(((1,), (1, 1, 2), (1, 2, 2), (2, 2, 3), (2, 3, 3))[knobs.level - 1])


def _shape(rng: random.Random, params: Params, rows: RowSet, *, hard: bool) -> Params:
    """At times, ask for some columns only, or for an order."""
    shaped = dict(params)
    spare = [name for name in rows.names if name not in rows.key]
    if hard and len(spare) > 3 and rng.random() < 0.25:
        kept = set(rng.sample(spare, len(spare) - 2)) | set(rows.key)
        shaped["columns"] = [name for name in rows.names if name in kept]
    measures = [f.name for f in rows.of_role(Role.MEASURE) if "" not in rows.values(f.name)]
    columns = shaped["columns"]
    assert isinstance(columns, (list, tuple))
    measures = [name for name in measures if not columns or name in columns]
    if measures and rng.random() < 0.3:
        shaped["order_by"] = rng.choice(measures)
    return shaped


def _finish(rows: RowSet, wanted: FilterParams, kept: list[Row]) -> RowSet:
    if wanted.order_by:
        place = rows.index(wanted.order_by)
        kept = sorted(kept, key=lambda row: -float(row[place]))
    made = demote_gaps(rows.with_rows(kept))
    made = replace(made, sorted_rows=bool(wanted.order_by))
    return made.select(wanted.columns) if wanted.columns else made


def _misread(condition: Condition) -> Iterator[Condition]:
    if condition.op in _OTHER:
        yield condition.model_copy(update={"op": _OTHER[condition.op]})
    elif condition.op == "between":
        yield Condition(column=condition.column, op=">=", values=condition.values[:1])
    elif condition.op == "month":
        yield Condition(column=condition.column, op=">=", values=(f"{condition.values[0]}-01",))
    elif condition.op == "contains":
        yield Condition(column=condition.column, op="==", values=condition.values)
