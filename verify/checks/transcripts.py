"""What the agent did and said on the way."""

from typing import ClassVar, Literal

from pydantic import Field

from verify.checks.base import BaseCheck, Count, Pattern


class ToolCallsCheck(BaseCheck):
    """How often one of `tools` (none for any) was called with arguments that match.

    `arguments` maps a name to a regular expression; `*` is all arguments as JSON. `most` 0 means
    that it must never happen.
    """

    modules: ClassVar = ("transcripts",)
    type: Literal["tool_calls"] = "tool_calls"
    tools: tuple[str, ...] = ()
    arguments: dict[str, Pattern] = Field(default_factory=dict[str, str])
    least: Count = 0
    most: Count | None = None


class SaidCheck(BaseCheck):
    """How many messages of the agent match a regular expression, whatever their case."""

    modules: ClassVar = ("transcripts",)
    type: Literal["said"] = "said"
    pattern: Pattern
    least: Count = 0
    most: Count | None = None
