"""Scripts of skills as tools: only of skills that declare them, and that the user names.

A skill declares them under `metadata`, as JSON (in a string, where metadata holds only strings):

    clawgym-scripts: '[{"name": "stats", "description": "Profile a table.",
      "run": ["python3", "scripts/table.py", "stats", "{input}", ["-o", "{output}"]],
      "parameters": {"input": {"type": "path", "description": "A CSV file."},
                     "output": {"type": "path", "optional": true}}}]'

A parameter fills exactly one argument; there is no shell. A list within `run` is left out as a
whole where its parameter is not given. The script runs in the sandbox, where the skill is
read-only.
"""

import json
import posixpath
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    TypeAdapter,
    ValidationError,
    create_model,
)

from clawgym.errors import UsageError
from clawgym.files import Files
from clawgym.invalid import explain
from clawgym.sandbox.protocol import WORKSPACE, ExecResult, Sandbox
from mcp_servers.host.skill_yaml import FrontmatterError, careful_frontmatter
from mcp_servers.toolkit import Arguments, Tool, ToolResult
from mcp_servers.workspace import SKILLS, in_workspace

KEY = "clawgym-scripts"

_NAME = r"[a-z][a-z0-9_]{0,31}"
_PLACE = re.compile(r"\{([a-z][a-z0-9_]*)\}")
Word = str | tuple[str, ...]


class Parameter(BaseModel):
    """What may be given for one argument. A `path` has to lie in the workspace."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["path", "string", "integer", "number", "choice"] = "string"
    description: str = ""
    choices: tuple[str, ...] = ()
    optional: bool = False


class Script(BaseModel):
    """One command of a skill; `run` begins with an interpreter and a file of the skill."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=rf"^{_NAME}$")
    description: str = Field(min_length=1, max_length=1_000)
    run: tuple[Word, ...] = Field(min_length=2, max_length=64)
    parameters: dict[Annotated[str, Field(pattern=rf"^{_NAME}$")], Parameter] = Field(
        default_factory=dict[str, Parameter]
    )
    read_only: bool = Field(False, alias="readOnly")


_SCRIPTS = TypeAdapter(tuple[Script, ...])
_INTERPRETERS = ("python3", "sh", "bash", "node")


def declared_scripts(skill: str, files: Files) -> tuple[Script, ...]:
    """The scripts that a skill declares.

    Raises:
        UsageError: it declares none, or they cannot be used; the message says why.
    """
    try:
        metadata = careful_frontmatter(files["SKILL.md"].data).get("metadata")
        declared = metadata.get(KEY) if isinstance(metadata, dict) else None
        if declared is None:
            raise UsageError(
                f"the skill {skill} declares no {KEY}, so none can be offered as tools"
            )
        parsed: JsonValue = json.loads(declared) if isinstance(declared, str) else declared
        scripts = _SCRIPTS.validate_python(parsed)
    except (KeyError, FrontmatterError, json.JSONDecodeError) as error:
        raise UsageError(f"the {KEY} of the skill {skill} cannot be read: {error}") from error
    except ValidationError as error:
        raise UsageError(f"the {KEY} of the skill {skill}: {explain(error, KEY)}") from error
    for script in scripts:
        if problem := _problem(script, files):
            raise UsageError(f"the script {script.name} of the skill {skill} {problem}")
    return scripts


def script_tools(sandbox: Sandbox, skills: Mapping[str, Files]) -> list[Tool[Any]]:
    """A tool `SKILL__SCRIPT` for every script that these skills declare.

    Args:
        sandbox: has the skills in its mount `skills`, by the same names.
        skills: those whose scripts the user wants to be tools.

    Raises:
        UsageError: a skill declares none, or unusable ones.
    """
    return [
        _tool(sandbox, skill, script)
        for skill, files in skills.items()
        for script in declared_scripts(skill, files)
    ]


def _problem(script: Script, files: Files) -> str:
    first, second = script.run[:2]
    if first not in _INTERPRETERS:
        return f"does not start with one of {', '.join(_INTERPRETERS)}"
    if not isinstance(second, str) or second not in files:
        return f"runs {second!r}, which is no file of the skill"
    words = [word for part in script.run for word in ([part] if isinstance(part, str) else part)]
    used = {found[1] for word in words if (found := _PLACE.fullmatch(word))}
    if used != set(script.parameters):
        return f"uses the parameters {sorted(used)}, but describes {sorted(script.parameters)}"
    for name, parameter in script.parameters.items():
        if parameter.optional and f"{{{name}}}" in script.run:
            return f"has the optional {name} outside a list, so it could not be left out"
        if (parameter.type == "choice") != bool(parameter.choices):
            return f"has {name} with choices but another type, or the other way round"
    return ""


def _tool(sandbox: Sandbox, skill: str, script: Script) -> Tool[Any]:
    root = posixpath.join(sandbox.place(SKILLS), skill)

    async def run(arguments: Arguments) -> ToolResult:
        given = {
            name: _text(sandbox, script.parameters[name], value)
            for name, value in arguments.model_dump().items()
            if value is not None
        }
        interpreter, path, *rest = script.run
        words = [str(interpreter), posixpath.join(root, str(path)), *_filled(rest, given)]
        return _report(await sandbox.exec(words, cwd=sandbox.place(WORKSPACE)))

    model = create_model(
        f"{skill}__{script.name}",
        __base__=Arguments,
        **{name: _field(parameter) for name, parameter in script.parameters.items()},
    )
    description = f"{script.description} (A script of the skill {skill}.)"
    name = f"{skill.replace('-', '_')}__{script.name}"
    return Tool(name, description, model, run, read_only=script.read_only)


def _no_option(value: str) -> str:
    if value.startswith("-"):
        raise ValueError("must not start with -, as an option of the script would")
    return value


def _field(parameter: Parameter) -> Any:  # noqa: ANN401 - what create_model takes
    text = Annotated[str, AfterValidator(_no_option), Field(max_length=4_096)]
    kinds: dict[str, Any] = {"path": text, "string": text, "integer": int, "number": float}
    if parameter.type == "choice":
        kinds["choice"] = Literal[*parameter.choices]
    kind = kinds[parameter.type]
    if parameter.optional:
        return kind | None, Field(None, description=parameter.description)
    return kind, Field(description=parameter.description)


def _text(sandbox: Sandbox, parameter: Parameter, value: JsonValue) -> str:
    if parameter.type != "path":
        return str(value)
    return f"./{in_workspace(sandbox, str(value))}"  # no file's name can pass for an option


def _filled(run: Sequence[Word], given: Mapping[str, str]) -> list[str]:
    words: list[str] = []
    for part in run:
        group = (part,) if isinstance(part, str) else part
        names = [found[1] for word in group if (found := _PLACE.fullmatch(word))]
        if all(name in given for name in names):
            words += [given[word[1:-1]] if _PLACE.fullmatch(word) else word for word in group]
    return words


def _report(result: ExecResult) -> ToolResult:
    parts = [
        stream.decode(errors="replace").rstrip("\n") for stream in (result.stdout, result.stderr)
    ]
    if result.truncated:
        parts.append("[The output was longer; its middle is left out.]")
    if result.exit_code is None:
        parts.append(f"(The script ran out of time after {result.seconds:.0f} seconds.)")
    elif result.exit_code:
        parts.append(f"(The script exited with code {result.exit_code}.)")
    text = "\n".join(part for part in parts if part) or "(no output)"
    return ToolResult(text, details={"exitCode": result.exit_code})
