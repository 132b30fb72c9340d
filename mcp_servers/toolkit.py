"""Tools: one definition that an MCP client and the LangGraph agent both use.

A tool is a pydantic model of its arguments and an async function. Whatever goes wrong inside comes
back as an error *result* that the model can read and act on. One thing raises: a broken sandbox,
with which no model can do anything, and for which none must be blamed.
"""

import contextlib
import json
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError
from pydantic.json_schema import GenerateJsonSchema

from clawgym.errors import ClawGymError, SandboxError
from clawgym.invalid import explain
from clawgym.model import ToolSchema


class Arguments(BaseModel):
    """Base of every tool's arguments: unknown names are refused, never ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class _Untitled(GenerateJsonSchema):
    def field_title_should_be_set(self, schema: object) -> bool:
        return False


ArgumentsT = TypeVar("ArgumentsT", bound=Arguments)


@dataclass(frozen=True)
class Image:
    """A picture beside the text of an answer."""

    data: bytes
    media_type: str


@dataclass(frozen=True)
class ToolResult:
    """What a call answered: text for the model, pictures, and `details` for a program."""

    text: str
    is_error: bool = False
    details: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    images: tuple[Image, ...] = ()


@dataclass(frozen=True)
class Tool(Generic[ArgumentsT]):
    """A named function with validated arguments.

    `run` returns the text for the model, or a whole result; it reports a problem by raising
    `ToolFailure`, `OSError` or `ClawGymError`.
    """

    name: str
    description: str
    arguments: type[ArgumentsT]
    run: Callable[[ArgumentsT], Awaitable[str | ToolResult]]
    read_only: bool = False

    @property
    def input_schema(self) -> dict[str, JsonValue]:
        """The JSON Schema of the arguments, without titles that repeat the names."""
        return self.arguments.model_json_schema(schema_generator=_Untitled)

    @property
    def schema(self) -> ToolSchema:
        """The tool in OpenAI function shape."""
        function: dict[str, JsonValue] = {
            "name": self.name,
            "description": self.description,
            "parameters": self.input_schema,
        }
        return {"type": "function", "function": function}

    async def call(self, arguments: Mapping[str, JsonValue] | str) -> ToolResult:
        """Validate and run; `arguments` may be the raw JSON text that a model wrote."""
        try:
            answer = await self.run(self._parse(arguments))
            return ToolResult(answer) if isinstance(answer, str) else answer
        except ValidationError as error:
            problems = explain(error, "arguments")
            return ToolResult(
                f"Error: invalid arguments for {self.name}: {problems}", is_error=True
            )
        except SandboxError:
            raise
        except (ToolFailure, ClawGymError) as error:
            return ToolResult(f"Error: {error}", is_error=True)
        except OSError as error:
            where = f": {error.filename}" if error.filename else ""
            return ToolResult(f"Error: {error.strerror or error}{where}", is_error=True)

    def _parse(self, arguments: Mapping[str, JsonValue] | str) -> ArgumentsT:
        if not isinstance(arguments, str):
            return self.arguments.model_validate(arguments)
        try:
            return self.arguments.model_validate(json.loads(arguments or "{}"))
        except (json.JSONDecodeError, RecursionError) as error:
            raise ToolFailure(
                f"the arguments of {self.name} are not valid JSON: {error}"
            ) from error


class ToolFailure(Exception):  # noqa: N818 - what the model did failed, not our code
    """A tool could not do what it was asked; the message goes to the model."""


_watcher: ContextVar[Callable[[str], None] | None] = ContextVar("tool_output", default=None)


def put_out(text: str) -> None:
    """Show a piece of output while a call is still running, to whoever watches."""
    watcher = _watcher.get()
    if watcher is not None and text:
        watcher(text)


def watched() -> bool:
    """Whether anybody sees what is put out."""
    return _watcher.get() is not None


@contextlib.contextmanager
def watching(watcher: Callable[[str], None]) -> Generator[None]:
    """What the tools called in this block put out goes to `watcher` as it comes."""
    token = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(token)
