"""What all checks share."""

import re
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, FiniteFloat

from clawgym.reward import CheckRole

Cell = str | int | float
"""What stands in one cell of a table; the empty string where nothing does."""

Scalar = str | int | float | bool | None
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 in hexadecimal."""

Tolerance = Annotated[FiniteFloat, Field(ge=0)]
Count = Annotated[int, Field(ge=0)]


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from error
    return pattern


Pattern = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_compiles)]
"""A regular expression of Python's `re`. It is matched within a few CPU seconds or not at all."""


class Part(BaseModel):
    """A piece of a check."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class BaseCheck(Part):
    """What all checks share.

    `node` is the graph node that the check hangs off, None for the whole task. `requirement` is
    the sentence of the instruction that it enforces, `expected` what a person reads as evidence.
    """

    modules: ClassVar[tuple[str, ...]]
    """The modules of `task_runtime/checklib` that carry it out, without what those import."""

    id: str
    node: str | None
    role: CheckRole
    weight: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1.0
    requirement: str
    expected: str

    def needed_modules(self) -> tuple[str, ...]:
        """The modules that this very check needs, which its parameters may decide."""
        return self.modules


class PartialCheck(BaseCheck):
    """A check over several parts: with `partial` the share of parts that are right is earned."""

    partial: bool = False
