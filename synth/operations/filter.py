"""filter: keep the rows that meet every condition."""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta

from clawgym.artifact import ArtifactKind
from synth.knobs import Knobs
from synth.operations.asking import about, asked_of, conditions_of, shuffled
from synth.operations.base import AskedParams, GroundedOperation, Params, listing
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
    tidy_within,
)
from synth.taxonomy.question import Questions
from synth.values import Role, Row, RowSet, Value
from synth.world import Source, World

_TRIES = 12
_FEWEST = 2
_REVISED = frozenset({">=", "<=", "<", "in", "not-in"})
"""Conditions that somebody may set higher, lower or narrower on second thoughts."""

_ORDERED = 0.3
_TELLING = re.compile(r"(?!(?:yes|no|none)$)[A-Za-z][A-Za-z /_-]*")
"""Values that say something in the name of a file."""

_OTHER = {">=": "<", "<=": ">=", "<": ">=", "==": "!=", "!=": "==", "in": "not-in", "not-in": "in"}
_ROLES = (Role.CATEGORY, Role.MEASURE, Role.DATE)


class FilterParams(AskedParams):
    """All conditions must hold, or one of them with `any_of`.

    `columns` are those that are wanted, none for all. With `order_by` the rows come by that column,
    largest first; rows that are equal in it in their order. `name` is what the rows are called.
    """

    conditions: tuple[Condition, ...]
    any_of: bool = False
    columns: tuple[str, ...] = ()
    order_by: str = ""
    tidy: Tidy | None = None
    name: str = ""


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
        if asked := asked_of(rows):
            return self._answer(rng, inputs, asked, hard=hard)
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

    def _answer(
        self, rng: random.Random, inputs: Sequence[Value], asked: Questions, *, hard: bool
    ) -> Params | None:
        """A selection that somebody asks of such rows."""
        rows, tidy = meant(inputs), tidy_of(inputs)
        for pick in shuffled(rng, asked.picks):
            conditions = conditions_of(pick, rows, tidy.texts if tidy else ())
            if conditions is None:
                continue
            kept = tuple(name for name in rows.names if name in {*pick.keep, *rows.key})
            wanted = FilterParams(
                conditions=conditions,
                columns=kept if pick.keep and set(pick.keep) <= set(rows.names) else (),
                tidy=tidy,
                name=pick.name,
                why=pick.why,
            )
            params = wanted.model_dump(mode="json")
            if _FEWEST <= len(self.apply(params, inputs).rows) <= len(rows.rows) - 2:
                return _in_order(rng, params, rows, asked) if hard else params
        return None

    def revise(
        self, rng: random.Random, params: Params, inputs: Sequence[Value], knobs: Knobs
    ) -> Params | None:
        """Of a selection that somebody has a reason for, the limit or the columns otherwise."""
        if not self.why(params):
            return self.propose(rng, inputs, knobs)
        rows, wanted = meant(inputs), FilterParams.model_validate(params)
        revised = rng.choice((_with_other_limit, _with_other_columns))(rng, wanted, rows)
        if revised is None:
            return None
        made = revised.model_dump(mode="json")
        left = len(self.apply(made, inputs).rows)
        return made if _FEWEST <= left <= len(rows.rows) - 2 else None

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
        used = {condition.column for condition in wanted.conditions}
        compared = {one.column for one in wanted.conditions if one.op != "missing"}
        gaps = "leave the cell empty"
        if wanted.tidy and compared & set(wanted.tidy.gaps):
            gaps = "no comparison holds for it, and the cell stays empty"
        return {
            "conditions": say_conditions(wanted.conditions, rows, any_of=wanted.any_of),
            "columns": f"only the columns {columns}" if columns else "all columns",
            "order": f"sorted {order}" if wanted.order_by else "rows in the same order",
            "shape": shape,
            "tidy": say_tidy(
                tidy_within(wanted.tidy, used | set(wanted.columns or rows.names)),
                gaps,
                written=True,
            ),
        }

    def stem(self, params: Params, base: str, stems: Sequence[str]) -> str:
        """What the rows are called; else the feed and the first value that they must have."""
        wanted = FilterParams.model_validate(params)
        if wanted.name:
            return wanted.name
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
    """At times, ask for some columns only."""
    shaped = dict(params)
    spare = [name for name in rows.names if name not in rows.key]
    if hard and len(spare) > 3 and rng.random() < 0.25:
        kept = set(rng.sample(spare, len(spare) - 2)) | set(rows.key)
        shaped["columns"] = [name for name in rows.names if name in kept]
    return shaped


def _with_other_limit(
    rng: random.Random, wanted: FilterParams, rows: RowSet
) -> FilterParams | None:
    """Another threshold, or one of several values less."""
    conditions = list(wanted.conditions)
    places = [at for at, c in enumerate(conditions) if c.op in _REVISED]
    if not places:
        return None
    at = rng.choice(places)
    condition = conditions[at]
    if condition.op in ("in", "not-in"):
        values = rng.sample(condition.values, len(condition.values) - 1)
        kept = tuple(value for value in condition.values if value in values)
        op = condition.op if len(kept) > 1 else "==" if condition.op == "in" else "!="
        conditions[at] = condition.model_copy(update={"op": op, "values": kept})
    elif isinstance(limit := condition.values[0], str):
        day = date.fromisoformat(limit) + timedelta(days=rng.choice((-5, -3, 3, 5)))
        conditions[at] = condition.model_copy(update={"values": (day.isoformat(),)})
    else:
        changed = _other_limit(rng, limit)
        conditions[at] = condition.model_copy(update={"values": (changed,)})
    return replace_conditions(wanted, tuple(conditions))


def _other_limit(rng: random.Random, limit: float) -> int | float:
    """A threshold as round as the one before."""
    if not float(limit).is_integer():
        return round(limit * rng.choice((0.5, 1.5, 2)), 2)
    step = 10 ** (len(str(int(limit)).rstrip("0")) and len(str(int(limit))) - 1)
    step = step // 2 if step > 1 else step
    return max(1, int(limit) + step * rng.choice((-1, 1, 2)))


def _with_other_columns(
    rng: random.Random, wanted: FilterParams, rows: RowSet
) -> FilterParams | None:
    """All columns where there were some; no smaller choice is made up."""
    return wanted.model_copy(update={"columns": ()}) if wanted.columns else None


def _in_order(rng: random.Random, params: Params, rows: RowSet, asked: Questions) -> Params:
    """At times in the order of what they are picked and such rows are ranked by."""
    wanted = FilterParams.model_validate(params)
    kept = wanted.columns or rows.names
    picked = {condition.column for condition in wanted.conditions}
    orders = [
        ranking.by
        for ranking in asked.rankings
        if ranking.first == "largest"
        and ranking.by in picked
        and ranking.by in kept
        and rows.field(ranking.by).numeric
        and "" not in rows.values(ranking.by)
    ]
    if not orders or rng.random() >= _ORDERED:
        return params
    return {**params, "order_by": rng.choice(orders)}


def _finish(rows: RowSet, wanted: FilterParams, kept: list[Row]) -> RowSet:
    if wanted.order_by:
        place = rows.index(wanted.order_by)
        kept = sorted(kept, key=lambda row: -float(row[place]))
    made = demote_gaps(rows.with_rows(kept))
    made = replace(made, sorted_rows=bool(wanted.order_by))
    if made.subject:
        columns = tuple(condition.column for condition in wanted.conditions)
        subject = replace(about(made), picked=columns, label=wanted.name)
        made = replace(made, subject=subject)
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
