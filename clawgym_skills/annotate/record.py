"""The record: one line of `skill_annotations.jsonl`, as ClawGym's synthesis reads it, and ours.

Format and rules of the first nine keys: ClawGym/ClawGym-SynData `pipeline.py`. What we add stands
under `clawgym`, so that a reader of the original format finds everything where it expects it.
"""

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from clawgym.errors import SkillFormatError
from clawgym.invalid import explain

FILE_NAME = "skill_annotations.jsonl"

_NOT_ALPHANUMERIC = re.compile(r"[^a-zA-Z0-9]+")

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
"""Text that is not blank."""


class Status(StrEnum):
    """What became of a skill."""

    ANNOTATED = "annotated"
    NOT_SYNTHESIZABLE = "not_synthesizable"
    FAILED = "failed"


class Language(StrEnum):
    """The language that a skill is written in."""

    ENGLISH = "english"
    CHINESE = "chinese"
    MULTILINGUAL = "multilingual"
    OTHER = "other"
    UNKNOWN = "unknown"


_ALIASES = {
    "en": "english",
    "eng": "english",
    "zh": "chinese",
    "cn": "chinese",
    "zh-cn": "chinese",
    "zh_hans": "chinese",
    "multi": "multilingual",
}


def _language(value: object) -> object:
    if not isinstance(value, str):
        return value
    word = value.strip().lower()
    return _ALIASES.get(word, word)


class Facts(BaseModel):
    """What an annotator says about a skill.

    `core_content` is what the skill knows how to do, without names of products and secrets: the
    seed that tasks are made from.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    language: Annotated[Language, BeforeValidator(_language)]
    summary: Line
    auth_required: bool
    auth_details: tuple[Line, ...] = ()
    input_format: Line
    output_format: Line
    has_risk: bool
    risk_reasons: tuple[Line, ...] = ()
    required_env: tuple[Line, ...] = ()
    text_only_compatible: bool
    non_text_reasons: tuple[Line, ...] = ()
    core_content: Line

    @property
    def synthesizable(self) -> bool:
        """ClawGym's rule: no credentials, and nothing but text."""
        return not self.auth_required and self.text_only_compatible

    @model_validator(mode="after")
    def _reasons_go_with_flags(self) -> Self:
        pairs = (
            ("auth_details", self.auth_details, "auth_required is true", self.auth_required),
            ("risk_reasons", self.risk_reasons, "has_risk is true", self.has_risk),
            (
                "non_text_reasons",
                self.non_text_reasons,
                "text_only_compatible is false",
                not self.text_only_compatible,
            ),
        )
        for name, reasons, condition, holds in pairs:
            if bool(reasons) != holds:
                raise ValueError(f"{name} must have entries if and only if {condition}")
        return self


class Evidence(BaseModel):
    """Why: the words at a place, what they count for, or why they count for nothing.

    `line` counts from 1 in the file at `path`. `weight` is what is left after the context; a field
    is true where the weights of its evidence reach 1 together. `context` names what took weight
    away: `negated`, `optional`, `example`, `about security`, `other meaning`, `sample text`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    field: str
    signal: str
    path: str
    line: int = Field(ge=1)
    words: str
    weight: float = Field(ge=0)
    context: str = ""


class Additions(BaseModel):
    """What we add to the record.

    `annotator` is `rules` or `model/<name>`, `version` that of its rules or of its prompt.
    `category` is one of ClawGym's eight, `hub_categories` up to three of ClawHub's fourteen, the
    best first; `classifier` is the version of the word lists that chose them, or of the prompt.
    `operations` are atomic ones by name. `confidence` is in [0, 1] for each field.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = 1
    annotator: Line
    version: Line
    digest: Line
    category: Line
    hub_categories: tuple[Line, ...] = Field(default=(), max_length=3)
    classifier: Line
    operations: tuple[Line, ...] = ()
    needs_network: bool = False
    risks: tuple[Line, ...] = ()
    confidence: dict[str, Annotated[float, Field(ge=0, le=1)]] = {}
    evidence: tuple[Evidence, ...] = ()


class Annotation(BaseModel):
    """One skill as it was annotated, or why it could not be."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    skill_id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+$")]
    source_skill_dir: Line
    status: Status
    annotation_succeeded: bool
    synthesizable: bool
    annotation: Facts | None = None
    failure_stage: Literal["stage1", "unhandled"] | None = None
    error: Line | None = None
    clawgym: Additions | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        failed = self.status is Status.FAILED
        rules = {
            "annotation is null if and only if the status is failed": (self.annotation is None)
            == failed,
            "annotation_succeeded is false if and only if the status is failed": (
                self.annotation_succeeded != failed
            ),
            "synthesizable is true if and only if the status is annotated": self.synthesizable
            == (self.status is Status.ANNOTATED),
            "failure_stage is given if and only if the status is failed": (
                self.failure_stage is not None
            )
            == failed,
            "synthesizable is !auth_required && text_only_compatible": self.annotation is None
            or self.annotation.synthesizable == self.synthesizable,
        }
        if broken := [rule for rule, holds in rules.items() if not holds]:
            raise ValueError("; ".join(broken))
        return self

    @classmethod
    def of(cls, skill_id: str, source: str, facts: Facts, labels: Additions | None) -> "Annotation":
        """The record of a skill that was annotated."""
        status = Status.ANNOTATED if facts.synthesizable else Status.NOT_SYNTHESIZABLE
        return cls(
            skill_id=skill_id,
            source_skill_dir=source,
            status=status,
            annotation_succeeded=True,
            synthesizable=facts.synthesizable,
            annotation=facts,
            clawgym=labels,
        )

    @classmethod
    def failure(cls, skill_id: str, source: str, error: str) -> "Annotation":
        """The record of a skill that the annotator could not make anything of."""
        return cls(
            skill_id=skill_id,
            source_skill_dir=source,
            status=Status.FAILED,
            annotation_succeeded=False,
            synthesizable=False,
            failure_stage="stage1",
            error=error,
        )

    def dumps(self) -> str:
        """One line of JSON without its line end."""
        return self.model_dump_json()


def loads(text: str) -> list[Annotation]:
    """Read a `skill_annotations.jsonl`, ours or ClawGym's.

    Raises:
        SkillFormatError: a line is no record, or a skill id occurs twice; it names the line.
    """
    records: dict[str, Annotation] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            record = Annotation.model_validate_json(line)
        except ValidationError as error:
            raise SkillFormatError(f"line {number}: {explain(error, 'record')}") from error
        if record.skill_id in records:
            raise SkillFormatError(f"line {number}: skill_id {record.skill_id!r} occurs twice")
        records[record.skill_id] = record
    return list(records.values())


def dumps(records: Iterable[Annotation]) -> str:
    """The records as JSON lines."""
    return "".join(f"{record.dumps()}\n" for record in records)


class SkillIds:
    """ClawGym's ids: directory names in `[a-z0-9_]`, each given once.

    The original refuses a second skill of the same id; here it gets its parent's name in front, or
    a number, so that nothing is lost.
    """

    def __init__(self) -> None:
        self._given: set[str] = set()

    def give(self, directory: str, owner: str = "") -> str:
        """An id for the skill in a directory of this name."""
        plain = _slug(directory)
        wished = [plain, _slug(f"{owner}_{directory}")] if owner else [plain]
        for name in wished:
            if name not in self._given:
                break
        else:
            name = self._numbered(wished[-1])
        self._given.add(name)
        return name

    def _numbered(self, name: str) -> str:
        number = 2
        while f"{name}_{number}" in self._given:
            number += 1
        return f"{name}_{number}"


def _slug(text: str) -> str:
    return _NOT_ALPHANUMERIC.sub("_", text).lower() or "_"
