"""Words: a rule is told where some of the data needs it, and not otherwise."""

from dataclasses import replace

import pytest

from clawgym.artifact import ColumnType
from synth.operations import OPERATIONS, Params
from synth.telling import filled
from synth.values import Field, Role, RowSet, Value
from synth.values.text import TextFile

LOANS = RowSet(
    (
        Field("id", ColumnType.TEXT, Role.ID),
        Field("branch", ColumnType.TEXT, Role.LINK),
        Field("fee", ColumnType.NUMBER, Role.MEASURE),
    ),
    (("L-1", "harbour", 1.25), ("L-2", "mill", 0.5), ("L-3", "harbour", 2.0), ("L-4", "mill", 3.0)),
    key=("id",),
)
BRANCHES = RowSet(
    (
        Field("branch", ColumnType.TEXT, Role.LINK),
        Field("warden", ColumnType.TEXT, Role.TEXT),
    ),
    (("harbour", "Una"), ("mill", "Ole")),
    key=("branch",),
)


def words(operation: str, params: Params, *inputs: Value) -> dict[str, str]:
    return dict(OPERATIONS[operation].words(params, inputs))


def renamed(rows: RowSet, old: str, new: str) -> RowSet:
    changed = [tuple(new if cell == old else cell for cell in row) for row in rows.rows]
    return rows.with_rows(changed)


def test_a_phrase_says_only_what_holds() -> None:
    phrase = "Name them{how}<blanks| with `_` for {what}| as they are>.<gaps| Leave gaps empty.>"
    said = {"how": "", "what": "blanks", "gaps": ""}
    assert filled(phrase, {**said, "blanks": "yes"}) == "Name them with `_` for blanks."
    assert filled(phrase, {**said, "blanks": ""}) == "Name them as they are."


@pytest.mark.parametrize(
    ("branch", "capitals", "blanks"),
    [("quay", "", ""), ("Quay", "yes", ""), ("old quay", "", "yes"), ("Old Quay", "yes", "yes")],
)
def test_names_of_parts_have_the_rules_that_their_values_need(
    branch: str, capitals: str, blanks: str
) -> None:
    params: Params = {"mode": "value", "column": "branch", "format": "csv"}
    said = words("split", params, renamed(LOANS, "harbour", branch))
    assert (said["capitals"], said["blanks"]) == (capitals, blanks)


def test_the_example_of_a_part_shows_what_is_done_with_blanks() -> None:
    params: Params = {"mode": "value", "column": "branch", "format": "csv"}
    assert words("split", params, renamed(LOANS, "mill", "old mill"))["example"] == "`old_mill.csv`"


def test_rows_without_a_match_are_spoken_of_where_there_are_some() -> None:
    params: Params = {"on": "branch", "right_on": "branch", "how": "left"}
    assert not words("join", params, LOANS, BRANCHES)["gaps"]
    assert words("join", params, LOANS, BRANCHES.with_rows(list(BRANCHES.rows[:1])))["gaps"]


@pytest.mark.parametrize(
    ("typed", "ignored"),
    [
        ("HARBOUR", "ignore upper and lower case when"),
        ("harbour ", "ignore blanks when"),
        ("Harbour.", "ignore upper and lower case and dots when"),
    ],
)
def test_of_careless_names_only_what_differs_is_to_be_ignored(typed: str, ignored: str) -> None:
    params: Params = {"on": "branch", "right_on": "branch", "keys": "loose"}
    said = words("join", params, LOANS, renamed(BRANCHES, "harbour", typed))["keys"]
    assert ignored in said
    assert f"`{typed}` is `harbour`" in said


@pytest.mark.parametrize(
    ("again", "loose"),
    [
        ("L-1", ""),
        ("l-1", "letter case"),
        ("L-1 ", "stray blanks"),
        ("l-1 ", "letter case and stray blanks"),
    ],
)
def test_of_keys_that_repeat_only_what_differs_is_to_be_ignored(again: str, loose: str) -> None:
    rows = replace(LOANS, rows=(*LOANS.rows, (again, "mill", 0.5)), duplicated=True)
    assert words("deduplicate", {"keys": ["id"], "keep": "first"}, rows)["loose"] == loose


def test_of_points_that_repeat_to_the_letter_nothing_is_to_be_ignored() -> None:
    assert not words("deduplicate", {}, TextFile("- Ask Una\n- Ask Una\n"))["loose"]
    assert words("deduplicate", {}, TextFile("- Ask Una\n- ask una\n"))["loose"] == "letter case"


def test_figures_are_spoken_of_where_there_are_some() -> None:
    assert words("convert", {}, LOANS)["figures"]
    assert not words("convert", {}, BRANCHES)["figures"]


@pytest.mark.parametrize(("price", "rounds"), [(20.0, ""), (19.99, "yes")])
def test_prices_are_rounded_where_they_come_out_longer(price: float, rounds: str) -> None:
    rows = LOANS.with_rows([(*row[:2], price) for row in LOANS.rows])
    params: Params = {
        "mode": "raise",
        "column": "fee",
        "percent": 5,
        "where": "branch",
        "value": "mill",
    }
    assert words("update", params, rows)["rounds"] == rounds
