"""An order that the request states is an order that the verifier looks for, and no other is."""

from dataclasses import replace

import pytest

from clawgym.artifact import ArtifactKind
from synth.phrasing import STYLES
from synth.telling import _COLUMNS_STATED, _ROWS_KEPT
from synth.values import RowSet
from synth.values.pieces import Parts
from tests.synth.operations.one_node import Made, explain, make

OPERATIONS = ("filter", "deduplicate", "join", "split")


def made_by(operation: str) -> list[Made]:
    draws = (
        make(operation, kind, seed, style=style)
        for seed in range(5)
        for kind in (ArtifactKind.TABLE, ArtifactKind.RECORDS)
        for style in STYLES
    )
    return [made for made in draws if made]


def backwards(value: RowSet | Parts) -> RowSet | Parts:
    if isinstance(value, Parts):
        return Parts(
            tuple((name, rows.with_rows([*rows.rows][::-1])) for name, rows in value.parts)
        )
    return value.with_rows([*value.rows][::-1])


@pytest.mark.parametrize("operation", OPERATIONS)
def test_rows_in_another_order_earn_less_where_one_is_stated(operation: str) -> None:
    seen: set[bool] = set()
    for made in made_by(operation):
        value = made.scene.slots[made.node.output].value
        if not isinstance(value, RowSet | Parts) or getattr(value, "sorted_rows", False):
            continue
        stated = bool(_ROWS_KEPT.search(made.task.instruction))
        other = backwards(value)
        if other != value:
            seen.add(stated)
            score = explain(made.task, made.with_output(other))[1]
            assert (score < 1) is stated, (made.task.instruction, score)
    assert seen


def test_columns_in_another_order_earn_less_where_one_is_stated() -> None:
    seen: set[bool] = set()
    for made in [
        one for operation in ("filter", "rank", "aggregate") for one in made_by(operation)
    ]:
        slot = made.scene.slots[made.node.output]
        if not isinstance(slot.value, RowSet) or not slot.path.endswith(".csv"):
            continue
        stated = bool(_COLUMNS_STATED.search(made.task.instruction))
        seen.add(stated)
        other = replace(slot.value.select(slot.value.names[::-1]), key=slot.value.key)
        score = explain(made.task, made.with_output(other))[1]
        assert (score < 1) is stated, (made.task.instruction, score)
    assert seen == {True, False}


def test_nothing_is_earned_by_the_order_of_other_rows() -> None:
    for made in made_by("filter"):
        slot = made.scene.slots[made.node.output]
        if type(slot.value) is RowSet and len(slot.value.rows) > 1:
            fewer = slot.value.with_rows(list(slot.value.rows[1:]))
            assert explain(made.task, made.with_output(fewer))[1] == 0.0
