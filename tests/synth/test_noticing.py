"""Noticing: somebody who finds a result wrong names a row that is."""

from clawgym.artifact import ColumnType
from synth.noticing import example_of, sign_of
from synth.values import Field, Role, RowSet

_FIELDS = (
    Field("id", ColumnType.TEXT, Role.ID),
    Field("amount", ColumnType.INTEGER, Role.MEASURE),
)
RIGHT = RowSet(_FIELDS, (("a", 1), ("b", 2), ("c", 3)), ("id",))


def test_a_row_too_many_is_named():
    wrong = RIGHT.with_rows([*RIGHT.rows, ("d", 4)])
    assert sign_of(wrong, RIGHT)[0] == "more"
    assert example_of(wrong, RIGHT) == "`d`"


def test_a_row_that_lacks_is_named():
    assert example_of(RIGHT.with_rows([("a", 1), ("c", 3)]), RIGHT) == "`b`"


def test_a_row_with_another_figure_is_named():
    wrong = RIGHT.with_rows([("a", 1), ("b", 7), ("c", 3)])
    assert sign_of(wrong, RIGHT) == ("values", "amount")
    assert example_of(wrong, RIGHT) == "`b`"


def test_rows_without_one_plain_key_are_not_named():
    two = RowSet(_FIELDS, RIGHT.rows, ("id", "amount"))
    assert example_of(two.with_rows([("a", 1)]), two) == ""
