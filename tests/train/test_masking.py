"""The mask, derived from token ids alone. The made-up ids here need no tokenizer and no torch."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawgym.errors import UsageError
from clawgym.model import Role
from train.masking import (
    IGNORED,
    LabelledRow,
    MaskError,
    MaskFigures,
    TurnMarks,
    check_masks,
    expected_mask,
)

START, END, NEWLINE = 1, 2, 3
MARKS = TurnMarks(
    START,
    END,
    (NEWLINE,),
    {Role.SYSTEM: (4, NEWLINE), Role.USER: (5, NEWLINE), Role.ASSISTANT: (6, 7, NEWLINE)},
)
ROLES = [Role.SYSTEM, Role.USER, Role.ASSISTANT]

Turn = tuple[Role, list[int]]


def ids_of(turns: Sequence[Turn]) -> list[int]:
    return [
        token
        for role, body in turns
        for token in (START, *MARKS.headers[role], *body, END, NEWLINE)
    ]


def row_of(turns: Sequence[Turn]) -> LabelledRow:
    ids, roles = ids_of(turns), [role for role, _ in turns]
    mask = expected_mask(ids, roles, MARKS)
    labels = [token if on else IGNORED for token, on in zip(ids, mask, strict=True)]
    return LabelledRow("row", roles, ids, labels)


TURNS = st.lists(
    st.tuples(st.sampled_from(ROLES), st.lists(st.integers(NEWLINE, 50), max_size=6)),
    min_size=1,
    max_size=6,
)


def test_only_the_body_and_end_of_assistant_turns_are_trained() -> None:
    turns = [(Role.USER, [10, 11]), (Role.ASSISTANT, [12, 13])]
    mask = expected_mask(ids_of(turns), [Role.USER, Role.ASSISTANT], MARKS)
    #                user: start header x2, body x2, end, newline; assistant: start header x3 …
    assert mask == [False] * 7 + [False] * 4 + [True, True, True] + [False]


@given(turns=TURNS)
def test_as_many_tokens_are_trained_as_assistants_wrote(turns: list[Turn]) -> None:
    mask = expected_mask(ids_of(turns), [role for role, _ in turns], MARKS)
    assert sum(mask) == sum(len(body) + 1 for role, body in turns if role is Role.ASSISTANT)


@given(turns=TURNS, data=st.data())
def test_one_wrong_label_anywhere_is_an_error(turns: list[Turn], data: st.DataObject) -> None:
    row = row_of(turns)
    position = data.draw(st.integers(0, len(row.labels) - 1))
    labels = list(row.labels)
    labels[position] = row.input_ids[position] if labels[position] == IGNORED else IGNORED
    wrong = LabelledRow(row.name, row.roles, row.input_ids, labels)
    with pytest.raises(MaskError, match=rf"row: the label at position {position} is"):
        check_masks([wrong], MARKS)


def test_a_label_must_be_the_token_itself() -> None:
    row = row_of([(Role.ASSISTANT, [12])])
    labels = [99 if label == 12 else label for label in row.labels]
    with pytest.raises(MaskError, match="is 99, expected 12"):
        check_masks([LabelledRow(row.name, row.roles, row.input_ids, labels)], MARKS)


@pytest.mark.parametrize(
    ("ids", "problem"),
    [
        ([START, 5, NEWLINE, 10, END, NEWLINE], "not the header of a turn of the assistant"),
        ([START, 6, 7, NEWLINE, 10], "never ends"),
        ([START, 6, 7, NEWLINE, START, 10, END, NEWLINE], "starts at position 4 inside another"),
        ([START, 6, 7, NEWLINE, 10, END, 10], "not the newline after a turn"),
        ([START, 6, 7, NEWLINE, 10, END, NEWLINE, 10], "1 tokens follow the last turn"),
        ([], "not the header"),
    ],
)
def test_ids_that_are_not_the_conversation_are_an_error(ids: list[int], problem: str) -> None:
    with pytest.raises(MaskError, match=problem):
        expected_mask(ids, [Role.ASSISTANT], MARKS)


def test_the_figures_count_rows_and_tokens() -> None:
    rows = [row_of([(Role.ASSISTANT, [12] * n)]) for n in (1, 3)]
    figures = check_masks(rows, MARKS)
    assert figures == MaskFigures(rows=2, tokens=16, trained_tokens=6, shortest=7, longest=9)
    assert figures.trained_fraction == 0.375


def test_a_tokenizer_without_chatml_tokens_is_refused() -> None:
    class Characters:
        def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
            assert not add_special_tokens
            return [ord(character) for character in text]

    with pytest.raises(UsageError, match="choose a model of the Qwen family"):
        TurnMarks.of(Characters())
