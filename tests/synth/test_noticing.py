"""Noticing: somebody who finds a result wrong names a row that is."""

from clawgym.artifact import ArtifactKind, ColumnType
from synth.frame import frame
from synth.noticing import seen, sign_of
from synth.scene import Form
from synth.sights import Sight
from synth.values import Field, Role, Row, RowSet
from synth.values.text import TextFile
from tests.synth.examples import grown

_FIELDS = (
    Field("id", ColumnType.TEXT, Role.ID),
    Field("amount", ColumnType.INTEGER, Role.MEASURE),
)
RIGHT = RowSet(_FIELDS, (("a", 1), ("b", 2), ("c", 3)), ("id",))


def seen_in(*rows: Row, right: RowSet = RIGHT) -> Sight:
    return seen(right.with_rows(list(rows)), right, ArtifactKind.TABLE, "a.csv")


def test_a_row_too_many_is_named():
    assert sign_of(RIGHT.with_rows([*RIGHT.rows, ("d", 4)]), RIGHT)[0] == "more"
    assert seen_in(*RIGHT.rows, ("d", 4)) == Sight("more_named", example="`d`")


def test_a_row_that_lacks_is_named():
    assert seen_in(("a", 1), ("c", 3)) == Sight("fewer_named", example="`b`")


def test_a_row_with_another_figure_is_named():
    wrong = (("a", 1), ("b", 7), ("c", 3))
    assert sign_of(RIGHT.with_rows(list(wrong)), RIGHT) == ("values", "amount")
    sight = seen_in(*wrong)
    assert (sight.way, sight.column, sight.example) == ("off_named", "`amount`", "`b`")


def test_rows_without_one_plain_key_are_not_named():
    two = RowSet(_FIELDS, RIGHT.rows, ("id", "amount"))
    assert seen_in(("a", 1), right=two) == Sight("fewer_many")


def test_who_sees_several_rows_that_lack_names_one_of_them():
    assert seen_in(("a", 1)) == Sight("fewer_named_many", example="`b`")
    assert seen_in(("a", 1), ("c", 3)) == Sight("fewer_named", example="`b`")


def test_figures_that_are_all_one_off_are_called_so():
    assert seen_in(("a", 0), ("b", 1), ("c", 2)).off == "one too low"
    from_b = seen_in(("a", 1), ("b", 3), ("c", 4))
    assert (from_b.way, from_b.example, from_b.off) == ("off_from", "`b`", "one too high")


def test_a_row_in_the_place_of_another_is_told_with_the_one_that_lacks():
    sight = seen_in(("a", 1), ("d", 4), ("c", 3))
    assert (sight.way, sight.said, sight.example) == ("swapped", "`d`", "`b`")


def test_rows_the_wrong_way_round_are_called_so():
    assert seen_in(*reversed([("a", 1), ("b", 2), ("c", 3)])).way == "backwards"


def test_in_a_text_the_first_wrong_line_is_told_by_what_it_says():
    right, wrong = TextFile("# Rules\n\n- Keep quiet\n"), TextFile("# Rules\n\n- Keep loud\n")
    sight = seen(wrong, right, ArtifactKind.DOCUMENT, "a.md")
    assert (sight.way, sight.example) == ("line_wrong", "`- Keep loud`")


def test_there_are_words_for_every_sight():
    for scene in filter(None, (grown(seed, Form.REPAIR) for seed in range(60))):
        assert scene.past
        slots = scene.past.scene.slots
        for end, wrong in scene.past.found.items():
            slot = slots[end]
            assert seen(wrong, slot.value, slot.kind, slot.path).way in frame().past.seen


def test_a_row_without_a_name_is_told_by_its_first_columns():
    right = RowSet(_FIELDS, RIGHT.rows, ("id", "amount"))
    sight = seen_in(("a", 1), ("c", 3), right=right)
    assert (sight.way, sight.said) == ("fewer_row", "b as `id` and 2 as `amount`")
    sight = seen_in(*right.rows, ("b", 9), right=right)
    assert (sight.way, sight.said) == ("more_row", "b as `id` and 9 as `amount`")


def test_a_column_whose_values_are_in_the_wrong_rows_is_named():
    sight = seen_in(("a", 2), ("b", 1), ("c", 3))
    assert (sight.way, sight.column) == ("mixed_up", "`amount`")
