"""The answers of a judge: their JSON schema, and reading them without mercy or imagination."""

from collections.abc import Callable, Sequence
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

from clawgym.model.asking import UnusableAnswerError, parse_answer
from verify.rubric.prompting import NOTE_CHARS
from verify.rubric.rubric import LEVELS, Criterion

JsonObject = dict[str, JsonValue]

_SLACK = 2
"""Models do not count characters well; a note may be this many times as long as it was asked."""


def _check_band(value: object) -> float:
    if isinstance(value, str) and value.strip() in ("0", "0.25", "0.5", "0.75", "1", "0.0", "1.0"):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or value not in LEVELS:
        raise ValueError("a band must be 0, 0.25, 0.5, 0.75 or 1")
    return float(value)


class Opinion(BaseModel):
    """What a judge says about one criterion."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: Annotated[str, Field(min_length=1)]
    band: Annotated[float, BeforeValidator(_check_band)]


class Verdict(BaseModel):
    """One vote on all criteria."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    criteria: dict[str, Opinion]
    suspicions: tuple[str, ...] = ()


class Notes(BaseModel):
    """What one page shows, by criterion."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    notes: dict[str, Annotated[str, Field(max_length=_SLACK * NOTE_CHARS)]]
    suspicions: tuple[str, ...] = ()


def verdict_reader(criteria: Sequence[Criterion]) -> Callable[[str], Verdict]:
    """A function that reads a verdict on exactly these criteria.

    It raises `UnusableAnswerError` for anything else.
    """

    def read(text: str) -> Verdict:
        answer = parse_answer(Verdict, text)
        _check_names(answer.criteria, criteria)
        return answer

    return read


def notes_reader(criteria: Sequence[Criterion]) -> Callable[[str], Notes]:
    """The same for notes on one page."""

    def read(text: str) -> Notes:
        answer = parse_answer(Notes, text)
        _check_names(answer.notes, criteria)
        return answer

    return read


def verdict_schema(criteria: Sequence[Criterion]) -> JsonObject:
    """The JSON schema of a verdict; strict, and the reason stands before the band."""
    opinion = _object(
        {"reason": {"type": "string"}, "band": {"type": "number", "enum": list(LEVELS)}}
    )
    return _answer("criteria", {criterion.id: opinion for criterion in criteria})


def notes_schema(criteria: Sequence[Criterion]) -> JsonObject:
    """The JSON schema of the notes on one page."""
    return _answer("notes", {criterion.id: {"type": "string"} for criterion in criteria})


def _answer(name: str, properties: JsonObject) -> JsonObject:
    suspicions: JsonObject = {"type": "array", "items": {"type": "string"}}
    return _object({name: _object(properties), "suspicions": suspicions})


def _object(properties: JsonObject) -> JsonObject:
    return {
        "type": "object",
        "properties": properties,
        "required": list[JsonValue](properties),
        "additionalProperties": False,
    }


def _check_names(found: dict[str, Opinion] | dict[str, str], criteria: Sequence[Criterion]) -> None:
    wanted = [criterion.id for criterion in criteria]
    if missing := [name for name in wanted if name not in found]:
        raise UnusableAnswerError(f"these criteria are missing: {', '.join(missing)}")
    if unknown := [name for name in found if name not in wanted]:
        raise UnusableAnswerError(f"there are {len(unknown)} criteria that nobody asked for")
