"""Code that must run: the harness runs it in a box of its own, the checks compare what it did."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, JsonValue, model_validator

from clawgym.paths import DirectoryName, WorkspacePath
from clawgym.reward import CheckRole
from verify.checks.base import BaseCheck, Digest, Part, PartialCheck, Tolerance


class Call(Part):
    """One call of a function; `seconds` is what it may take."""

    function: str
    args: tuple[JsonValue, ...] = ()
    kwargs: dict[str, JsonValue] = Field(default_factory=dict[str, JsonValue])
    seconds: Annotated[int, Field(ge=1, le=60)] = 5


class Program(Part):
    """A run of the agent's code on a copy of its finished workspace.

    Either `argv` with `stdin`, or `calls` of the functions in the Python file `file`. `place` are
    files put into the workspace first, such as other inputs. Whatever stands here is visible to the
    agent's code: what to expect belongs into the checks.

    Raises:
        ValueError: there is neither something to run nor something to call, or both.
    """

    id: DirectoryName
    argv: tuple[str, ...] = ()
    stdin: str = ""
    file: WorkspacePath | None = None
    calls: tuple[Call, ...] = ()
    place: dict[WorkspacePath, str] = Field(default_factory=dict[str, str])
    env: dict[str, str] = Field(default_factory=dict[str, str])
    timeout_sec: Annotated[float, Field(gt=0, le=600)] = 20.0

    @model_validator(mode="after")
    def _runs_one_thing(self) -> Self:
        if bool(self.argv) == bool(self.file) or bool(self.file) != bool(self.calls):
            raise ValueError(f"program {self.id!r} needs either `argv` or `file` with `calls`")
        return self


class _ProgramCheck(BaseCheck):
    modules: ClassVar = ("programs",)
    program: DirectoryName
    exit_code: int | None = 0


class ProgramExitCheck(_ProgramCheck):
    """The exit code of a program: a gate, as a program that does nothing ends well too.

    Raises:
        ValueError: it is to be a core check.
    """

    type: Literal["program_exit"] = "program_exit"

    @model_validator(mode="after")
    def _is_a_gate(self) -> Self:
        _check_gate(self)
        return self


class ProgramOutputCheck(_ProgramCheck):
    """What a program writes to stdout; `blanks` as in a `text` check."""

    type: Literal["program_output"] = "program_output"
    stdout: str
    blanks: Literal["exact", "trim", "collapse"] = "trim"


class ProgramJsonCheck(_ProgramCheck):
    """The JSON value that a program writes to stdout, numbers within the tolerances."""

    type: Literal["program_json"] = "program_json"
    equals: JsonValue
    absolute: Tolerance = 0.0
    relative: Tolerance = 0.0


class ProgramFilesCheck(_ProgramCheck, PartialCheck):
    """Files of the workspace after a run by their digests; None where none must be."""

    type: Literal["program_files"] = "program_files"
    files: dict[WorkspacePath, Digest | None] = Field(min_length=1)


class IdempotentCheck(_ProgramCheck):
    """A program run on the finished workspace changes nothing in it: a gate.

    Raises:
        ValueError: it is to be a core check: a program that does nothing is idempotent.
    """

    type: Literal["idempotent"] = "idempotent"
    ignore: tuple[str, ...] = ("*__pycache__/*", "*.pyc")

    @model_validator(mode="after")
    def _is_a_gate(self) -> Self:
        _check_gate(self)
        return self


class CallResult(Part):
    """What one call returns, numbers within the tolerances, or the name of what it raises."""

    equals: JsonValue = None
    raises: str | None = None
    absolute: Tolerance = 0.0
    relative: Tolerance = 1e-9


class FunctionCallsCheck(_ProgramCheck, PartialCheck):
    """Hidden unit tests: what the calls of a program returned, in their order."""

    type: Literal["function_calls"] = "function_calls"
    results: tuple[CallResult, ...] = Field(min_length=1)


def _check_gate(check: BaseCheck) -> None:
    if check.role is not CheckRole.GATE:
        raise ValueError(f"the check {check.id!r} must be a gate: doing nothing passes it")
