"""The mistakes in earlier work that somebody comes across, the most believable ones first.

Besides what each operation gets wrong, whole parts are lost: an older state of a file was used, or
one group or folder was left out. What nobody would notice, or do, is none of them.
"""

import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from clawgym.graph import Node
from synth.noticing import seen
from synth.operations import OPERATIONS, Slot
from synth.values import Role, Row, RowSet, Value, plain

_ARTIFICIAL = frozenset(
    {
        "all_off",
        "cells",
        "fewer_one",
        "fewer_row",
        "line_missing",
        "line_nowhere",
        "mixed_up",
        "more_one",
        "more_row",
        "off_from",
        "other",
        "rows",
    }
)
"""What strikes nobody, or what nobody does: see `synth.sights.Sight`."""

_SMALL = frozenset(
    {
        "draft_gone",
        "fewer_many",
        "fewer_named",
        "more_many",
        "off_named",
        "off_pair",
        "values",
        "values_named",
    }
)
"""What is quicker put right than asked for, or seen without a word on which rows are wrong."""

_ON_INPUT = ("aggregate", "inspect", "rank", "report")
"""Operations whose results are not made row by row: of an older input, the whole is another."""

_KEEPING = ("deduplicate", "join", "redact", "update")
"""Operations that go through all rows and change some: nobody loses a whole part by it."""

_PARTLY = 0.6
"""How often a lost part is among the mistakes, so that others come up as well."""

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_LATE = (0.1, 0.4)
"""Which part of the rows an older state of a file may lack."""

_LEAST, _MOST = 2, 0.5
"""How many rows a lost part has, and which part of all it is at most."""


def earlier_mistakes(
    rng: random.Random, node: Node, inputs: Sequence[Value], slot: Slot
) -> list[tuple[int, Value]]:
    """What may be wrong with the result of a node, and how hard that is to believe, from 0 to 1."""
    wrong = [*OPERATIONS[node.operation].mistakes(rng, node.params, inputs)]
    wrong += _partial(rng, node, inputs, slot.value)
    rng.shuffle(wrong)
    graded = [(_grade(value, slot), value) for value in wrong if value != slot.value]
    return sorted(((g, v) for g, v in graded if g is not None), key=lambda one: one[0])


def _grade(wrong: Value, slot: Slot) -> int | None:
    """How hard a mistake is to believe; None where it is not to be believed at all."""
    if isinstance(wrong, RowSet) and not wrong.rows:
        return None
    way = seen(wrong, slot.value, slot.kind, slot.path).way
    return None if way in _ARTIFICIAL else 1 if way in _SMALL else 0


def _partial(
    rng: random.Random, node: Node, inputs: Sequence[Value], truth: Value
) -> Iterator[Value]:
    """The result of a part of what is there, and that of some rows that were taken twice."""
    first = inputs[0]
    if node.operation not in _ON_INPUT:
        if isinstance(truth, RowSet) and node.operation not in _KEEPING:
            yield from map(truth.with_rows, _part(rng, truth))
        return
    if not isinstance(first, RowSet) or first.duplicated:
        return
    again = first.rows[-max(_LEAST, len(first.rows) // 6) :]
    for rows in [*_part(rng, first), [*first.rows, *again]]:
        try:
            yield OPERATIONS[node.operation].apply(
                node.params, [replace(first, rows=tuple(rows)), *inputs[1:]]
            )
        except (ArithmeticError, LookupError, ValueError):
            continue  # these parameters were chosen for other rows


def _part(rng: random.Random, rows: RowSet) -> list[list[Row]]:
    """The rows without the latest ones, without one group, or without one folder."""
    parts = list(_parts(rng, rows))
    return [rng.choice(parts)] if parts and rng.random() < _PARTLY else []


def _parts(rng: random.Random, rows: RowSet) -> Iterator[list[Row]]:
    for field in rows.of_role(Role.DATE)[:1]:
        yield from _until(rng, rows, rows.index(field.name))
    for field in rows.of_role(Role.CATEGORY, Role.LINK):
        yield from _without_group(rng, rows, rows.index(field.name))
    for name in ("path", "file"):
        if name in rows.names:
            yield from _without_folder(rng, rows, rows.index(name))


def _until(rng: random.Random, rows: RowSet, at: int) -> Iterator[list[Row]]:
    days = [plain(row[at]) for row in rows.rows]
    if not all(map(_DAY.fullmatch, days)):
        return
    least, most = (share * len(days) for share in _LATE)
    cuts = [
        day
        for day in sorted(set(days))
        if max(_LEAST, least) <= sum(other > day for other in days) <= most
    ]
    if cuts:
        last = rng.choice(cuts)
        yield [row for row, day in zip(rows.rows, days, strict=True) if day <= last]


def _without_group(rng: random.Random, rows: RowSet, at: int) -> Iterator[list[Row]]:
    counts = Counter(plain(row[at]) for row in rows.rows)
    groups = [
        group
        for group, count in counts.items()
        if group and _LEAST <= count <= _MOST * len(rows.rows)
    ]
    if groups:
        lost = rng.choice(groups)
        yield [row for row in rows.rows if plain(row[at]) != lost]


def _without_folder(rng: random.Random, rows: RowSet, at: int) -> Iterator[list[Row]]:
    paths = [plain(row[at]) for row in rows.rows]
    folders = Counter(path.partition("/")[0] for path in paths if "/" in path)
    lost = [
        folder for folder, count in folders.items() if _LEAST <= count <= _MOST * len(rows.rows)
    ]
    if lost:
        head = f"{rng.choice(lost)}/"
        yield [row for row in rows.rows if not plain(row[at]).startswith(head)]
