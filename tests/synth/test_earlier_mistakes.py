"""Faults: what is wrong with earlier work has happened to people, and can be told by a reason."""

import random

from pydantic import JsonValue

from clawgym.artifact import ArtifactKind, ColumnType
from clawgym.graph import Node
from synth.earlier_mistakes import earlier_mistakes
from synth.noticing import seen
from synth.operations import OPERATIONS, Slot
from synth.scene import Form
from synth.sights import Sight
from synth.values import Field, Role, Row, RowSet
from tests.synth.examples import grown

_FIELDS = (
    Field("id", ColumnType.TEXT, Role.ID),
    Field("day", ColumnType.TEXT, Role.DATE),
    Field("kind", ColumnType.TEXT, Role.CATEGORY),
    Field("amount", ColumnType.INTEGER, Role.MEASURE),
)
_ROWS: tuple[Row, ...] = tuple(
    (f"R-{number}", f"2026-03-{number:02d}", ("rent", "food", "trips")[number % 3], number * 7)
    for number in range(1, 19)
)
ROWS = RowSet(_FIELDS, _ROWS, ("id",))


def seen_without(lost: set[str]) -> Sight:
    kept = [row for row in ROWS.rows if not lost & set(map(str, row))]
    return seen(ROWS.with_rows(kept), ROWS, ArtifactKind.TABLE, "a.csv")


def test_nobody_comes_across_figures_that_are_all_one_too_high() -> None:
    scenes = [scene for seed in range(100) if (scene := grown(seed, Form.REPAIR))]
    for scene in scenes:
        assert scene.past
        node = next(one for one in scene.past.scene.nodes if one.id == scene.past.at_fault)
        slot = scene.past.scene.slots[node.output]
        way = seen(scene.past.found[node.output], slot.value, slot.kind, slot.path).way
        assert way not in {"all_off", "cells", "mixed_up", "fewer_row", "other"}
    assert len(scenes) > 15


def test_faults_are_wrong_and_the_ones_that_touch_more_than_a_row_come_first() -> None:
    operation = OPERATIONS["aggregate"]
    params: dict[str, JsonValue] = {
        "by": [{"column": "kind"}],
        "measures": [{"function": "sum", "column": "amount"}],
    }
    truth = operation.apply(params, [ROWS])
    slot = Slot("out", ArtifactKind.TABLE, "out.csv", truth)
    node = Node(id="n", operation="aggregate", inputs=("in",), output="out", params=params)
    graded = earlier_mistakes(random.Random(1), node, [ROWS], slot)
    assert graded
    assert [grade for grade, _ in graded] == sorted(grade for grade, _ in graded)
    assert all(value != truth for _, value in graded)


def test_an_older_state_of_a_file_is_told_by_its_last_day() -> None:
    sight = seen_without({f"2026-03-{day}" for day in range(15, 19)})
    assert (sight.way, sight.column, sight.example) == ("fewer_late", "`day`", "`2026-03-14`")


def test_a_group_that_was_left_out_is_told_by_its_name() -> None:
    sight = seen_without({"rent"})
    assert (sight.way, sight.column, sight.said) == ("fewer_group", "`kind`", "`rent`")


def test_a_folder_that_was_left_out_is_told_by_its_name() -> None:
    fields = (Field("path", ColumnType.TEXT, Role.ID), _FIELDS[3])
    paths = ["a.txt", "new/b.txt", "old/c.txt", "old/d.txt"]
    right = RowSet(fields, tuple((path, 7) for path in paths), ("path",))
    wrong = right.with_rows(list(right.rows[:2]))
    assert seen(wrong, right, ArtifactKind.TABLE, "a.csv") == Sight("fewer_in", said="`old/`")


def test_what_should_have_been_replaced_is_named() -> None:
    right = ROWS.with_rows([("R-1", "2026-03-01", "call [NAME] now", 7), *ROWS.rows[1:]])
    wrong = ROWS.with_rows([("R-1", "2026-03-01", "call Ana Hartwig now", 7), *ROWS.rows[1:]])
    sight = seen(wrong, right, ArtifactKind.TABLE, "a.csv")
    assert sight == Sight("unmasked", said="`Ana Hartwig`")


def test_what_stands_there_and_what_should_is_said_of_one_row_of_several() -> None:
    wrong = ROWS.with_rows([(*row[:2], "other", row[3]) for row in ROWS.rows])
    sight = seen(wrong, ROWS, ArtifactKind.TABLE, "a.csv")
    assert (sight.way, sight.said, sight.meant) == ("values_told", "`other`", "`food`")
