"""Rubrics: criteria that a judge scores, each with five anchored bands. `tests/rubric.toml`."""

import fnmatch
import hashlib
import math
import tomllib
from collections.abc import Mapping
from typing import Annotated, Literal, Self

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from clawgym.errors import TaskFormatError
from clawgym.invalid import explain
from clawgym.task import Task

FILE_NAME = "rubric.toml"

Band = Literal["0", "0.25", "0.5", "0.75", "1"]
BANDS: tuple[Band, ...] = ("0", "0.25", "0.5", "0.75", "1")
LEVELS = tuple(float(band) for band in BANDS)
"""The scores that a criterion can earn in one vote, and no others."""


class Criterion(BaseModel):
    """One thing to judge.

    `target` is a glob over workspace paths (`*` also crosses slashes); None is everything that the
    agent delivered. `bands` says for each level what work looks like that earns it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
    name: Annotated[str, Field(min_length=1)]
    weight: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    target: Annotated[str, Field(min_length=1)] | None = None
    bands: dict[Band, Annotated[str, Field(min_length=1)]]

    @model_validator(mode="after")
    def _five_bands(self) -> Self:
        if missing := [band for band in BANDS if band not in self.bands]:
            raise ValueError(f"criterion {self.id!r} lacks the bands {', '.join(missing)}")
        return self

    def covers(self, path: str) -> bool:
        """Whether the criterion is about the file at `path`."""
        return self.target is None or fnmatch.fnmatchcase(path, self.target)


class Rubric(BaseModel):
    """`tests/rubric.toml`.

    `include_messages` counts what the agent said as a part of the deliverable, for tasks that are
    answered in words and not in files. `include_inputs` shows the judge the files that the agent
    was given and left as they were, for criteria that compare the work with its sources.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = 1
    include_messages: bool = False
    include_inputs: bool = False
    criteria: Annotated[tuple[Criterion, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _distinct_ids(self) -> Self:
        ids = [criterion.id for criterion in self.criteria]
        if repeated := sorted({name for name in ids if ids.count(name) > 1}):
            raise ValueError(f"two criteria have the id {', '.join(repeated)}")
        return self

    @property
    def shares(self) -> dict[str, float]:
        """The weight of each criterion, by id, divided by their sum."""
        total = math.fsum(criterion.weight for criterion in self.criteria)
        return {criterion.id: criterion.weight / total for criterion in self.criteria}

    @property
    def digest(self) -> str:
        """A SHA-256 over all of it, in hexadecimal."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    def score(self, scores: Mapping[str, float]) -> float:
        """The weighted mean, in [0, 1].

        Raises:
            ValueError: the scores are not those of exactly this rubric's criteria.
        """
        shares = self.shares
        if set(scores) != set(shares):
            missing, unknown = sorted(set(shares) - set(scores)), sorted(set(scores) - set(shares))
            raise ValueError(f"scores do not match the criteria: {missing=}, {unknown=}")
        total = math.fsum(shares[name] * score for name, score in scores.items())
        return min(1.0, max(0.0, total))

    def dumps(self) -> str:
        """The TOML document; `loads(dumps(rubric)) == rubric`."""
        return tomli_w.dumps(self.model_dump(exclude_none=True))

    @classmethod
    def loads(cls, text: str, where: str = FILE_NAME) -> Self:
        """Read a TOML document; `where` names it in messages.

        Raises:
            TaskFormatError: it is no TOML, or no rubric.
        """
        try:
            return cls.model_validate(tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            raise TaskFormatError(f"{where} is not valid TOML: {error}") from error
        except ValidationError as error:
            raise TaskFormatError(f"{where} is not a valid rubric: {explain(error)}") from error


def rubric_of(task: Task) -> Rubric | None:
    """The rubric of a task; None where it is graded by code alone.

    Raises:
        TaskFormatError: `tests/rubric.toml` is malformed.
    """
    file = task.tests.get(FILE_NAME)
    if file is None:
        return None
    where = f"tests/{FILE_NAME} of task {task.id}"
    try:
        return Rubric.loads(file.data.decode(), where)
    except UnicodeDecodeError as error:
        raise TaskFormatError(f"{where} is not UTF-8 text: {error}") from error
