"""The loss mask, derived a second time from the token ids alone, and compared with the trainer's.

The trainer takes its mask from the template's `generation` marks by way of character offsets. This
module knows neither: it reads the ids as turns, and says which of them an assistant wrote. If the
two disagree anywhere, a model would learn to speak for its user or its tools, or never to stop, so
a mismatch is an error and nothing is trained.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from clawgym.errors import ClawGymError, UsageError
from clawgym.model import Role

IGNORED = -100
"""The label of a token that earns no loss."""


class MaskError(ClawGymError):
    """The tokens of a training row do not say what the conversation says, or the mask is wrong."""


class Encoder(Protocol):
    """The part of a tokenizer that names tokens."""

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
        """The ids of a text."""
        ...


@dataclass(frozen=True)
class TurnMarks:
    """The tokens that delimit a turn: `start`, then a header, a body, `end` and `newline`."""

    start: int
    end: int
    newline: tuple[int, ...]
    headers: Mapping[Role, tuple[int, ...]]

    @classmethod
    def of(cls, tokenizer: Encoder) -> "TurnMarks":
        """Ask the tokenizer.

        Raises:
            UsageError: its vocabulary has no `<|im_start|>` or `<|im_end|>`.
        """

        def ids(text: str) -> tuple[int, ...]:
            return tuple(tokenizer.encode(text, add_special_tokens=False))

        start, end = ids("<|im_start|>"), ids("<|im_end|>")
        if len(start) != 1 or len(end) != 1:
            raise UsageError(
                "this model's tokenizer has no <|im_start|> and <|im_end|> tokens; choose a model "
                "of the Qwen family, or any other that speaks the ChatML wire format"
            )
        speakers = (Role.SYSTEM, Role.USER, Role.ASSISTANT)
        headers = {role: ids(f"{role.value}\n") for role in speakers}
        return cls(start[0], end[0], ids("\n"), headers)


@dataclass(frozen=True)
class LabelledRow:
    """One row as the trainer will feed it. `name` and `roles` come from the conversation."""

    name: str
    roles: Sequence[Role]
    input_ids: Sequence[int]
    labels: Sequence[int]


class MaskFigures(BaseModel):
    """What a training set amounts to, in tokens."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rows: int = 0
    tokens: int = 0
    trained_tokens: int = 0
    shortest: int = 0
    longest: int = 0

    @property
    def trained_fraction(self) -> float:
        """The share of tokens that earn loss, in [0, 1]."""
        return self.trained_tokens / self.tokens if self.tokens else 0.0


def expected_mask(ids: Sequence[int], roles: Sequence[Role], marks: TurnMarks) -> list[bool]:
    """True where an assistant wrote the token: the body of its turns and their end mark.

    Args:
        ids: a whole conversation, not truncated.
        roles: who speaks in each of its turns.
        marks: the tokens that delimit turns.

    Raises:
        MaskError: the ids are not exactly these turns.
    """
    mask: list[bool] = []
    for role in roles:
        opening = (marks.start, *marks.headers[role])
        _expect(ids, len(mask), opening, f"the header of a turn of the {role}")
        body = len(mask) + len(opening)
        end = _end_of_turn(ids, body, marks)
        _expect(ids, end + 1, marks.newline, "the newline after a turn")
        mask += [False] * len(opening)
        mask += [role is Role.ASSISTANT] * (end + 1 - body)
        mask += [False] * len(marks.newline)
    if len(mask) != len(ids):
        raise MaskError(f"{len(ids) - len(mask)} tokens follow the last turn")
    return mask


def check_masks(rows: Iterable[LabelledRow], marks: TurnMarks) -> MaskFigures:
    """Compare every label of every row with `expected_mask`.

    Raises:
        MaskError: a row is malformed or a single label differs, with the row and the position.
    """
    lengths: list[int] = []
    trained = 0
    for row in rows:
        try:
            mask = expected_mask(row.input_ids, row.roles, marks)
            _compare(row, mask)
        except MaskError as error:
            raise MaskError(
                f"{row.name}: {error}; nothing was trained. Do the tokenizer and its chat template "
                "belong together?"
            ) from error
        lengths.append(len(mask))
        trained += sum(mask)
    return MaskFigures(
        rows=len(lengths),
        tokens=sum(lengths),
        trained_tokens=trained,
        shortest=min(lengths, default=0),
        longest=max(lengths, default=0),
    )


def _compare(row: LabelledRow, mask: Sequence[bool]) -> None:
    if len(row.labels) != len(row.input_ids):
        raise MaskError(f"{len(row.labels)} labels for {len(row.input_ids)} tokens")
    for position, (token, label, trained) in enumerate(
        zip(row.input_ids, row.labels, mask, strict=True)
    ):
        wanted = token if trained else IGNORED
        if label != wanted:
            raise MaskError(f"the label at position {position} is {label}, expected {wanted}")


def _expect(ids: Sequence[int], position: int, wanted: Sequence[int], what: str) -> None:
    found = list(ids[position : position + len(wanted)])
    if found != list(wanted):
        raise MaskError(f"position {position} holds tokens {found}, not {what} {list(wanted)}")


def _end_of_turn(ids: Sequence[int], body: int, marks: TurnMarks) -> int:
    for position in range(body, len(ids)):
        if ids[position] == marks.end:
            return position
        if ids[position] == marks.start:
            raise MaskError(f"a turn starts at position {position} inside another")
    raise MaskError(f"the turn whose text starts at position {body} never ends")
