"""The rules: what each is called, how bad it is, what to do, and the patterns of some.

They are data, in `rules/*.toml`: one file a chapter. A rule without a pattern is found by code.
"""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from clawgym_skills.scan.finding import Severity

Kind = Literal["markdown", "shell", "python", "javascript", "powershell", "data", "text"]
"""What a document is written in; `data` is JSON, YAML, TOML and the like."""


def _check_pattern(pattern: str) -> str:
    re.compile(pattern)
    return pattern


class Pattern(BaseModel):
    """A regular expression for one line, tried only on lines with one of the `anchors`.

    Anchors are lower case and compared without case. `near` has to match as well, at most `within`
    lines away; `unless` must not match the line. `kinds` are the documents it is tried on.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    anchors: tuple[str, ...] = Field(min_length=1)
    line: Annotated[str, AfterValidator(_check_pattern)]
    near: Annotated[str, AfterValidator(_check_pattern)] | None = None
    within: int = Field(0, ge=0, le=40)
    unless: Annotated[str, AfterValidator(_check_pattern)] | None = None
    kinds: tuple[Kind, ...] = ("markdown", "text")


class Rule(BaseModel):
    """One rule. `examples` are lines that break it and `allowed` are look-alikes that do not."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern="^SC[1-6][0-9]{2}$")
    name: str = Field(pattern="^[a-z0-9-]+$")
    severity: Severity
    message: str
    advice: str
    quotable: bool = Field(
        True, description="Whether a text that warns against it lowers the severity."
    )
    patterns: tuple[Pattern, ...] = ()
    examples: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()


class _Chapter(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    rule: tuple[Rule, ...]


@dataclass(frozen=True)
class Compiled:
    """A pattern ready to use."""

    rule: Rule
    pattern: Pattern
    line: re.Pattern[str]
    near: re.Pattern[str] | None
    unless: re.Pattern[str] | None


@cache
def chapters() -> tuple[tuple[str, tuple[Rule, ...]], ...]:
    """The rules under the titles of their chapters, in the order of their codes."""
    folder = files("clawgym_skills.scan").joinpath("rules")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".toml"))
    loaded = (
        _Chapter.model_validate(tomllib.loads(folder.joinpath(name).read_text("utf-8")))
        for name in names
    )
    return tuple((chapter.title, chapter.rule) for chapter in loaded)


@cache
def rules() -> dict[str, Rule]:
    """Every rule by its code."""
    return {rule.id: rule for _, chapter in chapters() for rule in chapter}


@cache
def compiled(kind: Kind) -> tuple[Compiled, ...]:
    """The patterns that apply to documents of one kind."""
    return tuple(
        _compile(rule, pattern)
        for rule in rules().values()
        for pattern in rule.patterns
        if kind in pattern.kinds
    )


def _compile(rule: Rule, pattern: Pattern) -> Compiled:
    def regex(text: str | None) -> re.Pattern[str] | None:
        return None if text is None else re.compile(text, re.IGNORECASE)

    line = re.compile(pattern.line, re.IGNORECASE)
    return Compiled(rule, pattern, line, regex(pattern.near), regex(pattern.unless))
